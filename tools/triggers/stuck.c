/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Makes whoever looks at this process sleep: stuck socket|args
 *   socket   a thread holds the lock of a TCP socket: it sends from a page that never comes
 *   args     the arguments of this process are in such a page
 * The page is of userfaultfd(2), of which nobody answers the faults; a FUSE server that does not answer is the same for any user.
 * Prints "ready" and stays until it is killed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "trigger.h"

#define SIZE 65536

static char *page_that_never_comes(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reg.range.start = (unsigned long)page;
	reg.range.len = SIZE;
	if (fd < 0 || page == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		return NULL;
	return page;
}

struct sending {
	int fd;
	const char *page;
};

static void *send_page(void *arg)
{
	const struct sending *s = arg;

	send(s->fd, s->page, SIZE, 0);
	return NULL;
}

static int lock_socket(const char *page)
{
	static struct sending sending;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);
	pthread_t thread;

	sending.fd = socket(AF_INET, SOCK_STREAM, 0);
	sending.page = page;
	if (bind(server, (struct sockaddr *)&at, sizeof(at)) || listen(server, 1) || getsockname(server, (struct sockaddr *)&at, &len) ||
	    connect(sending.fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return -pthread_create(&thread, NULL, send_page, &sending);
}

static int move_args(const char *page)
{
	if (prctl(PR_SET_MM, PR_SET_MM_ARG_START, (unsigned long)page, 0, 0) ||
	    prctl(PR_SET_MM, PR_SET_MM_ARG_END, (unsigned long)page + 64, 0, 0))
		return -errno;
	return 0;
}

int main(int argc, char **argv)
{
	char *page;
	int err;

	if (argc != 2 || (strcmp(argv[1], "socket") && strcmp(argv[1], "args"))) {
		fprintf(stderr, "usage: stuck socket|args\n");
		return TRIGGER_MISUSE;
	}
	page = page_that_never_comes();
	if (!page)
		return trigger_end("stuck", "userfaultfd", errno == EPERM ? -ENOSYS : -errno);
	err = strcmp(argv[1], "socket") ? move_args(page) : lock_socket(page);
	if (err)
		return trigger_end("stuck", argv[1], err);
	/* The thread needs a moment to get into the call that sleeps. */
	usleep(300000);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
