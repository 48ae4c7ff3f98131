/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Opens a secret and an ordinary file as fast as it can, in many processes, until it is told to end (SIGTERM):
 *
 *   load PROCESSES SECRET ORDINARY
 *
 * Prints "ready" when all run, and at the end "tried N got N failed N killed N": opens of the secret that were tried, those after which
 * its contents were in hand, opens of the ordinary file that failed, processes that were killed. A killed one is replaced.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger.h"

#define PROCESSES_MAX 64

static struct counts {
	atomic_ulong tried, got, failed, killed, up;
} *counts;

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void work(const char *secret, const char *ordinary)
{
	char bytes[16];
	int fd;

	atomic_fetch_add(&counts->up, 1);
	for (;;) {
		fd = open(ordinary, O_RDONLY);
		if (fd < 0 || read(fd, bytes, sizeof(bytes)) <= 0)
			atomic_fetch_add(&counts->failed, 1);
		if (fd >= 0)
			close(fd);
		atomic_fetch_add(&counts->tried, 1);
		fd = open(secret, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, bytes, sizeof(bytes)) > 0)
			atomic_fetch_add(&counts->got, 1);
		close(fd);
	}
}

static pid_t start(const char *secret, const char *ordinary)
{
	pid_t pid = fork();

	if (!pid) {
		signal(SIGTERM, SIG_DFL);
		work(secret, ordinary);
	}
	return pid;
}

static int find(const pid_t *pids, long n, pid_t pid)
{
	for (long i = 0; i < n; i++)
		if (pids[i] == pid)
			return (int)i;
	return -1;
}

int main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	pid_t pids[PROCESSES_MAX], pid;
	int status, at;
	long n;

	if (argc != 4) {
		fprintf(stderr, "usage: load PROCESSES SECRET ORDINARY\n");
		return TRIGGER_MISUSE;
	}
	n = trigger_number(argv[1], 1, PROCESSES_MAX);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || sigaction(SIGTERM, &term, NULL)) /* no SA_RESTART: waitpid() is to end */
		return TRIGGER_MISUSE;
	for (long i = 0; i < n; i++)
		pids[i] = start(argv[2], argv[3]);
	while (atomic_load(&counts->up) < (unsigned long)n)
		usleep(1000);
	printf("ready\n");
	fflush(stdout);
	while (!stop) {
		pid = waitpid(-1, &status, 0);
		at = pid > 0 ? find(pids, n, pid) : -1;
		if (at < 0)
			continue;
		atomic_fetch_add(&counts->killed, 1);
		pids[at] = stop ? 0 : start(argv[2], argv[3]);
	}
	for (long i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	printf("tried %lu got %lu failed %lu killed %lu\n", counts->tried, counts->got, counts->failed, counts->killed);
	return TRIGGER_OK;
}
