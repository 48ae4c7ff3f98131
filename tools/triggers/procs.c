/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Runs a command as a descendant that came about in one particular way. Usage: procs HOW COMMAND [ARG...]
 *
 *   fork vfork spawn        a plain child
 *   setsid                  a child in a session (of the terminal kind) of its own
 *   double                  double fork and setsid: a daemon, reparented to init or the subreaper
 *   thread-fork             forked by a thread that is not the leader
 *   thread-exec             exec by a thread that is not the leader: its tid becomes the pid
 *   thread-exec-late        the same after the leader itself has ended
 *   chain                   32 nested forks
 *   pidns userns            in a new pid namespace; in a new user namespace
 *   memfd                   the program is copied to memory and executed from there
 *   raw                     clone with CLONE_PARENT: the child is a sibling
 *   vm                      clone with CLONE_VM but without CLONE_THREAD
 *   nobody                  as user and group 65534
 *   exec                    no new process at all
 *
 * Waits until the command has ended, also where it is no child (a pipe that it holds says so). Exit status is the
 * command's; for double and raw 0.
 */
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger.h"

extern char **environ;
static char **command;
static pid_t leader;

static void run_command(void)
{
	execvp(command[0], command);
	fprintf(stderr, "procs: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0) {
		fprintf(stderr, "procs: no child: %s\n", strerror(errno));
		return errno == ENOSYS ? TRIGGER_UNSUPPORTED : TRIGGER_REFUSED;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TRIGGER_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Ends when every holder of the writing end has ended: tells of a process that is not our child. */
static int wait_for_pipe(const int fds[2])
{
	char byte;

	close(fds[1]);
	while (read(fds[0], &byte, 1) < 0)
		if (errno != EINTR)
			return TRIGGER_REFUSED;
	return TRIGGER_OK;
}

static int by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		run_command();
	return wait_for(pid);
}

static int by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	return wait_for(pid);
}

static int by_spawn(void)
{
	pid_t pid;
	int err = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);

	if (err) {
		fprintf(stderr, "procs: %s: %s\n", command[0], strerror(err));
		return TRIGGER_REFUSED;
	}
	return wait_for(pid);
}

static int by_setsid(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		run_command();
	}
	return wait_for(pid);
}

static int by_double(void)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return TRIGGER_REFUSED;
	pid = fork();
	if (pid == 0) {
		pid_t middle = getpid();

		setsid();
		pid = fork();
		if (pid != 0)
			_exit(pid < 0);
		while (getppid() == middle) /* until it is gone and we are somebody else's child */
			sched_yield();
		run_command();
	}
	if (wait_for(pid))
		return TRIGGER_REFUSED;
	return wait_for_pipe(fds);
}

static void *thread_fork_main(void *arg)
{
	*(int *)arg = by_fork();
	return NULL;
}

static int by_thread_fork(void)
{
	pthread_t thread;
	int ret = TRIGGER_REFUSED;

	if (!pthread_create(&thread, NULL, thread_fork_main, &ret))
		pthread_join(thread, NULL);
	return ret;
}

static void *thread_exec_main(void *arg)
{
	run_command();
	return arg;
}

static int by_thread_exec(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, thread_exec_main, NULL))
		pthread_join(thread, NULL);
	return TRIGGER_REFUSED;
}

/* Ended: state Z in stat, while other threads of the group run on. */
static int leader_ended(void)
{
	char path[64], text[512], *state;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)leader, (int)leader);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'Z';
}

static void *late_main(void *arg)
{
	while (!leader_ended())
		usleep(1000);
	run_command();
	return arg;
}

static int by_thread_exec_late(void)
{
	pthread_t thread;

	leader = getpid();
	if (pthread_create(&thread, NULL, late_main, NULL))
		return TRIGGER_REFUSED;
	syscall(SYS_exit, 0); /* this thread alone */
	return TRIGGER_REFUSED;
}

static int by_chain(void)
{
	pid_t pid;

	for (int i = 0; i < 32; i++) {
		pid = fork();
		if (pid != 0)
			return wait_for(pid);
	}
	run_command();
	return TRIGGER_REFUSED;
}

static int in_namespace(int flags)
{
	if (unshare(flags)) {
		fprintf(stderr, "procs: unshare: %s\n", strerror(errno));
		return TRIGGER_UNSUPPORTED;
	}
	return by_fork();
}

static int by_pidns(void)
{
	return in_namespace(CLONE_NEWPID);
}

static int by_userns(void)
{
	return in_namespace(CLONE_NEWUSER);
}

/* The path of a program as execvp would find it. */
static int open_program(const char *name)
{
	char path[4096];
	const char *dirs = getenv("PATH");
	int fd;

	if (strchr(name, '/') || !dirs)
		return open(name, O_RDONLY | O_CLOEXEC);
	for (const char *dir = dirs; *dir; dir += *dir == ':') {
		size_t len = strcspn(dir, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		dir += len;
	}
	errno = ENOENT;
	return -1;
}

static int by_memfd(void)
{
	int from = open_program(command[0]), memory = memfd_create("copy", 0);
	struct stat st;
	off_t done = 0;

	if (from < 0 || memory < 0 || fstat(from, &st))
		return TRIGGER_REFUSED;
	while (done < st.st_size)
		if (sendfile(memory, from, &done, (size_t)(st.st_size - done)) <= 0)
			return TRIGGER_REFUSED;
	fexecve(memory, command, environ);
	fprintf(stderr, "procs: fexecve: %s\n", strerror(errno));
	return TRIGGER_REFUSED;
}

static int clone_main(void *arg)
{
	(void)arg;
	run_command();
	return 127;
}

static int by_clone(int flags)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return TRIGGER_REFUSED;
	pid = clone(clone_main, stack + sizeof(stack), flags | SIGCHLD, NULL);
	if (pid < 0)
		return TRIGGER_REFUSED;
	return flags & CLONE_PARENT ? wait_for_pipe(fds) : wait_for(pid);
}

static int by_raw(void)
{
	return by_clone(CLONE_PARENT);
}

static int by_vm(void)
{
	return by_clone(CLONE_VM);
}

static int by_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534)) {
		fprintf(stderr, "procs: setuid: %s\n", strerror(errno));
		return TRIGGER_REFUSED;
	}
	return by_fork();
}

static int by_exec(void)
{
	run_command();
	return TRIGGER_REFUSED;
}

static const struct {
	const char *how;
	int (*run)(void);
} ways[] = {
	{ "fork", by_fork },         { "vfork", by_vfork },             { "spawn", by_spawn },
	{ "setsid", by_setsid },     { "double", by_double },           { "thread-fork", by_thread_fork },
	{ "thread-exec", by_thread_exec }, { "thread-exec-late", by_thread_exec_late },
	{ "chain", by_chain },       { "pidns", by_pidns },             { "userns", by_userns },
	{ "memfd", by_memfd },       { "raw", by_raw },                 { "vm", by_vm },
	{ "nobody", by_nobody },     { "exec", by_exec },
};

int main(int argc, char **argv)
{
	if (argc >= 3) {
		command = argv + 2;
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			if (!strcmp(argv[1], ways[i].how))
				return ways[i].run();
	}
	fprintf(stderr, "usage: procs HOW COMMAND [ARG...]; HOW:");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " %s", ways[i].how);
	fprintf(stderr, "\n");
	return TRIGGER_MISUSE;
}
