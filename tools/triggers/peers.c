/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Reads, traces or robs another process in one particular way.
 *
 *   peers hold                    prints "PID ADDRESS FD" of a token of its own, then waits to be killed; run it with
 *                                 PEERS_TOKEN=... in its environment
 *   peers HOW PID ADDRESS FD      what it prints ends with the token if it got it
 *   peers child HOW               the same to a child of its own
 *   peers traced                  a child says PTRACE_TRACEME: its parent, this program, then traces it
 *
 *   HOW: environ, environ-task    the file in /proc, of the process and of a thread
 *        mem                      the same
 *        readv, writev            process_vm_readv, process_vm_writev (the token is written back as it was)
 *        attach, seize            ptrace, and the memory by it
 *        getfd                    pidfd_getfd
 *        ps                       what ps and top read: stat, status, maps, exe, cwd, cmdline. No token.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger.h"

#define MARK "peers-token-"
#define LEN 64

struct target {
	pid_t pid;
	unsigned long addr;
	int fd;
};

static char got[65536];
static size_t got_len;

static int hold(void)
{
	const char *token = getenv("PEERS_TOKEN");
	char *copy = calloc(1, LEN);
	char name[] = "/tmp/peers.XXXXXX";
	int fd = mkstemp(name);

	if (!token || !copy || fd < 0)
		return TRIGGER_MISUSE;
	unlink(name);
	snprintf(copy, LEN, "%s", token);
	if (pwrite(fd, copy, LEN, 0) != LEN)
		return TRIGGER_MISUSE;
	printf("%d %lu %d\n", getpid(), (unsigned long)copy, fd);
	fflush(stdout);
	for (;;)
		pause();
}

static int by_file(const struct target *t, const char *name, off_t at, size_t len)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", t->pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, got, len, at);
	if (n < 0)
		return -errno;
	got_len = (size_t)n;
	return 0;
}

static int by_task(const struct target *t)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%d/environ", t->pid);
	return by_file(t, name, 0, sizeof(got) - 1);
}

static int by_vm(const struct target *t, int write)
{
	struct iovec mine = { got, LEN }, theirs = { (void *)t->addr, LEN };
	long n = process_vm_readv(t->pid, &mine, 1, &theirs, 1, 0);

	if (write && n > 0)
		n = process_vm_writev(t->pid, &mine, 1, &theirs, 1, 0);
	if (n < 0)
		return -errno;
	got_len = (size_t)n;
	return 0;
}

static int by_ptrace(const struct target *t, int seize)
{
	int status;
	long word;

	if (ptrace(seize ? PTRACE_SEIZE : PTRACE_ATTACH, t->pid, NULL, NULL))
		return -errno;
	if (seize && ptrace(PTRACE_INTERRUPT, t->pid, NULL, NULL))
		return -errno;
	if (waitpid(t->pid, &status, __WALL) != t->pid)
		return -errno;
	for (size_t i = 0; i < LEN; i += sizeof(word)) {
		word = ptrace(PTRACE_PEEKDATA, t->pid, t->addr + i, NULL);
		memcpy(got + i, &word, sizeof(word));
	}
	got_len = LEN;
	ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
	return 0;
}

static int by_getfd(const struct target *t)
{
	int pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0), fd;
	ssize_t n;

	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, t->fd, 0);
	if (fd < 0)
		return -errno;
	n = pread(fd, got, LEN, 0);
	got_len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -errno : 0;
}

static int by_ps(const struct target *t)
{
	static const char *const files[] = { "stat", "status", "statm", "maps", "cmdline", "comm", "io", "auxv" };
	static const char *const links[] = { "exe", "cwd", "root", "ns/mnt", "fd/0" };
	char path[64];
	int err = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files) && !err; i++)
		err = by_file(t, files[i], 0, sizeof(got) - 1);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links) && !err; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", t->pid, links[i]);
		err = readlink(path, got, sizeof(got) - 1) < 0 ? -errno : 0;
	}
	got_len = 0;
	return err;
}

static int attempt(const char *how, const struct target *t)
{
	if (!strcmp(how, "environ"))
		return by_file(t, "environ", 0, sizeof(got) - 1);
	if (!strcmp(how, "environ-task"))
		return by_task(t);
	if (!strcmp(how, "mem"))
		return by_file(t, "mem", (off_t)t->addr, LEN);
	if (!strcmp(how, "readv") || !strcmp(how, "writev"))
		return by_vm(t, *how == 'w');
	if (!strcmp(how, "attach") || !strcmp(how, "seize"))
		return by_ptrace(t, *how == 's');
	if (!strcmp(how, "getfd"))
		return by_getfd(t);
	if (!strcmp(how, "ps"))
		return by_ps(t);
	fprintf(stderr, "peers: unknown way '%s'\n", how);
	exit(TRIGGER_MISUSE);
}

static int run(const char *how, const struct target *t)
{
	int err = attempt(how, t);
	char *token = memmem(got, got_len, MARK, strlen(MARK));

	if (!err && strcmp(how, "ps") != 0 && !token)
		err = -EBADMSG;
	if (!err && token)
		printf("got %s\n", token);
	return trigger_end("peers", how, err);
}

/* A process of our own that holds a token. */
static struct target start_child(void)
{
	struct target t = { 0 };
	int out[2];
	FILE *f;

	if (pipe(out))
		exit(TRIGGER_MISUSE);
	t.pid = fork();
	if (t.pid == 0) {
		dup2(out[1], 1);
		setenv("PEERS_TOKEN", MARK "child", 1);
		execl("/proc/self/exe", "peers", "hold", NULL);
		_exit(TRIGGER_MISUSE);
	}
	f = fdopen(out[0], "r");
	if (!f || fscanf(f, "%*d %lu %d", &t.addr, &t.fd) != 2)
		exit(TRIGGER_MISUSE);
	return t;
}

static int traced(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return trigger_end("peers", "traced", -ECHILD);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return trigger_end("peers", "traced", 0);
}

int main(int argc, char **argv)
{
	struct target t;
	int status;

	if (argc == 2 && !strcmp(argv[1], "hold"))
		return hold();
	if (argc == 2 && !strcmp(argv[1], "traced"))
		return traced();
	if (argc == 3 && !strcmp(argv[1], "child")) {
		t = start_child();
		status = run(argv[2], &t);
		kill(t.pid, SIGKILL);
		return status;
	}
	if (argc != 5) {
		fprintf(stderr, "usage: peers hold | traced | child HOW | HOW PID ADDRESS FD\n");
		return TRIGGER_MISUSE;
	}
	t.pid = (pid_t)trigger_number(argv[2], 1, 1 << 22);
	t.addr = strtoul(argv[3], NULL, 10);
	t.fd = (int)trigger_number(argv[4], 0, 1 << 20);
	return run(argv[1], &t);
}
