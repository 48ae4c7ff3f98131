/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Contents by way of another task: share HOW ARGUMENT...
 *
 *   files FILE             a process that shares the descriptor table (CLONE_FILES) opens, this one reads
 *   thread FILE            another thread of this process opens, this one reads as soon as it can
 *   vfork FILE             a child that runs in this process's memory opens and reads, this one writes
 *   send SOCKET FILE       hands an open descriptor to whoever connects (for a process outside every session)
 *   receive SOCKET         takes one
 *   hold FILE UP           opens FILE as descriptor 3, makes UP, stays until it is killed
 *   steal PID FD           pidfd_getfd from a process that has it open
 *   reopen PID FD          opens /proc/PID/fd/FD
 *   watch FILE UP          fanotify on FILE, makes UP, reads the descriptor that comes with somebody else's open
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "evade.h"

#define FIRST 100 /* where the descriptor is put, so that the other one knows it */

static volatile int opened; /* 1: it is there, -1: refused */
static char *secret;
static char *memory;

/* The descriptor's number is the lowest free one: all below FIRST are filled. */
static int fill_descriptors(void)
{
	int null = open("/dev/null", O_RDONLY), fd = null;

	while (fd >= 0 && fd < FIRST - 1)
		fd = dup(null);
	return fd < 0;
}

static int opener(void *arg)
{
	int fd = open(secret, O_RDONLY);

	(void)arg;
	opened = fd < 0 ? -1 : 1;
	return fd < 0;
}

static int try_read(void)
{
	char bytes[4096];
	ssize_t n = pread(FIRST, bytes, sizeof(bytes), 0);

	return n > 0 && write(STDOUT_FILENO, bytes, (size_t)n) == n;
}

static int by_files(char **args)
{
	static char stack[65536] __attribute__((aligned(16)));
	int pid, status, got = 0;

	secret = args[0];
	if (fill_descriptors())
		return evade_cannot("descriptors");
	pid = clone(opener, stack + sizeof(stack), CLONE_FILES | CLONE_VM | SIGCHLD, NULL);
	if (pid < 0)
		return evade_cannot("clone");
	/* Its end, by itself or by a signal, closes nothing: the table is ours too. */
	while (!(got = try_read()) && waitpid(pid, &status, WNOHANG) == 0)
		sched_yield();
	return got || try_read() ? 0 : EVADE_REFUSED;
}

static void *thread_main(void *arg)
{
	opener(NULL);
	return arg;
}

static int by_thread(char **args)
{
	pthread_t thread;
	int got = 0;

	secret = args[0];
	if (fill_descriptors() || pthread_create(&thread, NULL, thread_main, NULL))
		return evade_cannot("thread");
	while (!(got = try_read()) && !opened)
		;
	return got || try_read() ? 0 : EVADE_REFUSED;
}

static int by_vfork(char **args)
{
	volatile ssize_t n = 0;
	int status;
	pid_t pid;

	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return evade_cannot("mmap");
	pid = vfork();
	if (pid == 0) {
		int fd = open(args[0], O_RDONLY);

		n = fd < 0 ? 0 : read(fd, memory, 4096);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return n > 0 && write(STDOUT_FILENO, memory, (size_t)n) == n ? 0 : EVADE_REFUSED;
}

static int unix_socket(const char *path, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

struct letter {
	struct iovec io;
	char byte;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg;
};

static void letter_init(struct letter *l)
{
	memset(l, 0, sizeof(*l));
	l->io.iov_base = &l->byte;
	l->io.iov_len = 1;
	l->msg.msg_iov = &l->io;
	l->msg.msg_iovlen = 1;
	l->msg.msg_control = l->control.bytes;
	l->msg.msg_controllen = sizeof(l->control.bytes);
}

static int do_send(char **args)
{
	struct sockaddr_un sun;
	struct letter l;
	struct cmsghdr *c;
	int listener = unix_socket(args[0], &sun), fd = open(args[1], O_RDONLY), peer;

	if (listener < 0 || fd < 0 || bind(listener, (struct sockaddr *)&sun, sizeof(sun)) || listen(listener, 1))
		return evade_cannot(args[0]);
	peer = accept(listener, NULL, NULL);
	if (peer < 0)
		return evade_cannot("accept");
	letter_init(&l);
	c = CMSG_FIRSTHDR(&l.msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(peer, &l.msg, 0) < 0 ? evade_cannot("sendmsg") : 0;
}

static int by_receive(char **args)
{
	struct sockaddr_un sun;
	struct letter l;
	struct cmsghdr *c;
	int fd, peer = unix_socket(args[0], &sun);

	if (peer < 0 || connect(peer, (struct sockaddr *)&sun, sizeof(sun)))
		return evade_cannot(args[0]);
	letter_init(&l);
	if (recvmsg(peer, &l.msg, 0) < 0)
		return evade_refused("recvmsg");
	c = CMSG_FIRSTHDR(&l.msg);
	if (!c || c->cmsg_type != SCM_RIGHTS) {
		fprintf(stderr, "no descriptor came\n");
		return EVADE_REFUSED;
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return evade_show(fd);
}

static int do_hold(char **args)
{
	int fd = open(args[0], O_RDONLY);

	if (fd < 0 || dup2(fd, 3) != 3 || creat(args[1], 0600) < 0)
		return evade_cannot(args[0]);
	for (;;)
		pause();
}

static int by_steal(char **args)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(args[0]), 0), fd;

	if (pidfd < 0)
		return evade_cannot("pidfd_open");
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(args[1]), 0);
	return fd < 0 ? evade_refused("pidfd_getfd") : evade_show(fd);
}

static int by_reopen(char **args)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/%.20s/fd/%.20s", args[0], args[1]);
	return evade_show_file(link);
}

static int by_watch(char **args)
{
	struct fanotify_event_metadata event;
	int fan = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);

	if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, args[0]) || creat(args[1], 0600) < 0)
		return evade_cannot("fanotify");
	if (read(fan, &event, sizeof(event)) < 0)
		return evade_refused("event of fanotify");
	return event.fd < 0 ? EVADE_REFUSED : evade_show(event.fd);
}

static const struct evade_way ways[] = {
	{ "files", 1, by_files },
	{ "thread", 1, by_thread },
	{ "vfork", 1, by_vfork },
	{ "send", 2, do_send },
	{ "receive", 1, by_receive },
	{ "hold", 2, do_hold },
	{ "steal", 2, by_steal },
	{ "reopen", 2, by_reopen },
	{ "watch", 2, by_watch },
};

int main(int argc, char **argv)
{
	return evade_main(argc, argv, ways, sizeof(ways) / sizeof(ways[0]));
}
