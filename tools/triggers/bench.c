/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Nanoseconds per operation. In a guest that counts instructions (tests/vm/run --icount) a nanosecond is one.
 *
 *   bench [-s SECONDS] [-b BATCHES] [-n ITERATIONS] WHAT...
 *     getppid            the cheapest system call: what every bystander pays
 *     open FILE          open and close
 *     fresh DIR          the same, each time a file that was never opened, in a directory of its own, below one of its own in DIR
 *     udp ADDR PORT      connect of one UDP socket, again and again
 *     sendto ADDR PORT   unconnected datagram (nobody need listen)
 *     packet ADDR PORT   one datagram, sent and received by a UDP socket that is connected to itself
 *     tcp ADDR PORT      socket, connect, close (nobody need listen)
 *     bulk ADDR PORT     256 KiB over a TCP connection to itself, in writes of 64 KiB
 *     fork               fork, exit, wait
 *     exec PROGRAM       vfork, exec, wait
 *
 * Waits SECONDS (0) first: a fresh guest has start-up work left. The smallest of BATCHES (5) is printed, because
 * disturbance only adds: "open 7806.2".
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "trigger.h"

static struct sockaddr_in target;
static const char *file;
static long fresh_at;
static int sock = -1, taker = -1;

#define BULK_WRITE 65536
#define BULK_WRITES 4

static int op_getppid(void)
{
	syscall(SYS_getppid);
	return 0;
}

static int op_open(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY, 0);

	if (fd < 0)
		return -errno;
	syscall(SYS_close, fd);
	return 0;
}

/* Made by mknod(), which opens nothing. */
static int make_fresh(long cnt)
{
	char path[300];

	fresh_at = 0;
	for (long i = 0; i < cnt; i++) {
		snprintf(path, sizeof(path), "%s/package-%05ld", file, i);
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		snprintf(path, sizeof(path), "%s/package-%05ld/lib", file, i);
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		snprintf(path, sizeof(path), "%s/package-%05ld/lib/source-file.c", file, i);
		if (mknod(path, S_IFREG | 0644, 0))
			return -errno;
	}
	return 0;
}

static int op_fresh(void)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/package-%05ld/lib/source-file.c", file, fresh_at++);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return -errno;
	syscall(SYS_close, fd);
	return 0;
}

static int op_udp(void)
{
	return connect(sock, (struct sockaddr *)&target, sizeof(target)) ? -errno : 0;
}

static int op_sendto(void)
{
	/* Refused: the answer to the datagram before. */
	if (sendto(sock, "x", 1, 0, (struct sockaddr *)&target, sizeof(target)) < 0 && errno != ECONNREFUSED)
		return -errno;
	return 0;
}

static int op_packet(void)
{
	char byte;

	return send(sock, "x", 1, 0) < 0 || recv(sock, &byte, 1, 0) < 0 ? -errno : 0;
}

static int op_bulk(void)
{
	static char bytes[BULK_WRITE];

	for (int i = 0; i < BULK_WRITES; i++) {
		if (send(sock, bytes, sizeof(bytes), 0) != sizeof(bytes))
			return -errno;
		if (recv(taker, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes))
			return -errno;
	}
	return 0;
}

/* sock is connected to taker. There is room for a whole write, so that one process can do both. */
static int make_bulk(void)
{
	int one = 1, room = 4 * BULK_WRITE, fd = socket(AF_INET, SOCK_STREAM, 0);

	close(sock);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&target, sizeof(target)) || listen(fd, 1) ||
	    connect(sock, (struct sockaddr *)&target, sizeof(target)))
		return -errno;
	taker = accept(fd, NULL, NULL);
	close(fd);
	return taker < 0 ? -errno : 0;
}

static int op_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), err = 0;

	if (connect(fd, (struct sockaddr *)&target, sizeof(target)) && errno != ECONNREFUSED)
		err = -errno;
	close(fd);
	return err;
}

static int op_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -errno : 0;
}

static int op_exec(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		char *argv[] = { (char *)file, NULL }, *envp[] = { NULL };

		execve(file, argv, envp);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -errno : 0;
}

static const struct what {
	const char *name;
	int (*op)(void);
	int args;
	long iterations;
} whats[] = {
	{ "getppid", op_getppid, 0, 200000 }, { "open", op_open, 1, 20000 }, { "fresh", op_fresh, 1, 500 }, { "udp", op_udp, 2, 20000 },
	{ "sendto", op_sendto, 2, 10000 },    { "packet", op_packet, 2, 10000 }, { "tcp", op_tcp, 2, 2000 },
	{ "bulk", op_bulk, 2, 500 },          { "fork", op_fork, 0, 500 },          { "exec", op_exec, 1, 200 },
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int measure(const struct what *w, long batches, long iterations)
{
	uint64_t best = UINT64_MAX;
	int made = w->op == op_fresh ? make_fresh(batches * iterations) : 0;

	if (made)
		return trigger_end("bench", "fresh", made);
	for (long b = 0; b < batches; b++) {
		uint64_t start = now(), took;

		for (long i = 0; i < iterations; i++) {
			int err = w->op();

			if (err)
				return trigger_end("bench", w->name, err);
		}
		took = now() - start;
		if (took < best)
			best = took;
	}
	printf("%s %.1f\n", w->name, (double)best / (double)iterations);
	fflush(stdout);
	return TRIGGER_OK;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench [-s SECONDS] [-b BATCHES] [-n ITERATIONS] WHAT...\n"
			"WHAT: getppid | open FILE | fresh DIR | udp ADDR PORT | sendto ADDR PORT | packet ADDR PORT |\n"
			"      tcp ADDR PORT | bulk ADDR PORT | fork | exec PROGRAM\n");
	return TRIGGER_MISUSE;
}

int main(int argc, char **argv)
{
	long settle = 0, batches = 5, iterations = 0;
	int opt, i;

	while ((opt = getopt(argc, argv, "+s:b:n:")) != -1) {
		if (opt == 's')
			settle = trigger_number(optarg, 0, 3600);
		else if (opt == 'b')
			batches = trigger_number(optarg, 1, 1000);
		else if (opt == 'n')
			iterations = trigger_number(optarg, 1, 100000000);
		else
			return usage();
	}
	if (optind == argc)
		return usage();
	sleep((unsigned int)settle);

	for (i = optind; i < argc;) {
		const struct what *w = NULL;
		int rc;

		for (size_t n = 0; n < sizeof(whats) / sizeof(whats[0]); n++)
			if (!strcmp(argv[i], whats[n].name))
				w = &whats[n];
		if (!w || argc - i - 1 < w->args)
			return usage();
		if (w->args == 1)
			file = argv[i + 1];
		if (w->args == 2) {
			target.sin_family = AF_INET;
			target.sin_port = htons((uint16_t)trigger_number(argv[i + 2], 0, 65535));
			if (inet_pton(AF_INET, argv[i + 1], &target.sin_addr) != 1)
				return usage();
			if (sock >= 0)
				close(sock);
			sock = socket(AF_INET, SOCK_DGRAM, 0);
			if (w->op == op_packet && (bind(sock, (struct sockaddr *)&target, sizeof(target)) ||
						   connect(sock, (struct sockaddr *)&target, sizeof(target))))
				return trigger_end("bench", w->name, -errno);
			rc = w->op == op_bulk ? make_bulk() : 0;
			if (rc)
				return trigger_end("bench", w->name, rc);
		}
		rc = measure(w, batches, iterations ? iterations : w->iterations);
		if (rc)
			return rc;
		i += 1 + w->args;
	}
	return TRIGGER_OK;
}
