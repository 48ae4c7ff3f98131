/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Opens a file, connects or sends through io_uring, with raw system calls.
 *
 *   uring open FILE [sqpoll|async]
 *   uring openat2 FILE [sqpoll|async]
 *   uring connect ADDR PORT [sqpoll|async]      IPv4 or IPv6, TCP
 *   uring send ADDR PORT BYTES [sqpoll|async]   IPv4, to `flows sink`, whose answer is awaited
 *
 * sqpoll: a kernel thread takes the request, no system call of ours does it. async: a worker thread of the ring does.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trigger.h"

/* Submits one request and waits for its result. */
static long run(struct io_uring_sqe *request, const char *mode)
{
	struct io_uring_params p = { 0 };
	struct io_uring_sqe *sqes;
	unsigned int *tail, *array, *cq_head, *cq_tail, *flags, enter = IORING_ENTER_GETEVENTS;
	size_t size;
	char *ring;
	int fd;

	if (mode && !strcmp(mode, "sqpoll")) {
		p.flags = IORING_SETUP_SQPOLL;
		p.sq_thread_idle = 1000;
	} else if (mode && !strcmp(mode, "async")) {
		request->flags |= IOSQE_ASYNC;
	}
	fd = (int)syscall(SYS_io_uring_setup, 2, &p);
	if (fd < 0)
		return -errno;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	size = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	if (size < p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe))
		size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqes == MAP_FAILED)
		return -errno;
	tail = (unsigned int *)(ring + p.sq_off.tail);
	flags = (unsigned int *)(ring + p.sq_off.flags);
	array = (unsigned int *)(ring + p.sq_off.array);
	cq_head = (unsigned int *)(ring + p.cq_off.head);
	cq_tail = (unsigned int *)(ring + p.cq_off.tail);

	sqes[0] = *request;
	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_SEQ_CST);
	if ((p.flags & IORING_SETUP_SQPOLL) && (__atomic_load_n(flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP))
		enter |= IORING_ENTER_SQ_WAKEUP;
	while (__atomic_load_n(cq_tail, __ATOMIC_ACQUIRE) == *cq_head) {
		if (syscall(SYS_io_uring_enter, fd, p.flags & IORING_SETUP_SQPOLL ? 0 : 1, 1, enter, NULL, 0) < 0 &&
		    errno != EINTR)
			return -errno;
	}
	return ((struct io_uring_cqe *)(ring + p.cq_off.cqes))[*cq_head & (p.cq_entries - 1)].res;
}

static long do_open(const char *file, const char *mode)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)file, .open_flags = O_RDONLY };

	return run(&sqe, mode);
}

static long do_openat2(const char *file, const char *mode)
{
	struct open_how how = { .flags = O_RDONLY };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = (uintptr_t)file,
				    .off = (uintptr_t)&how, .len = sizeof(how) };

	return run(&sqe, mode);
}

static long do_connect(const char *addr, const char *port, const char *mode)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT };

	sin.sin_port = sin6.sin6_port = htons((uint16_t)trigger_number(port, 0, 65535));
	if (inet_pton(AF_INET, addr, &sin.sin_addr) == 1) {
		sqe.addr = (uintptr_t)&sin;
		sqe.off = sizeof(sin);
		sqe.fd = socket(AF_INET, SOCK_STREAM, 0);
	} else if (inet_pton(AF_INET6, addr, &sin6.sin6_addr) == 1) {
		sqe.addr = (uintptr_t)&sin6;
		sqe.off = sizeof(sin6);
		sqe.fd = socket(AF_INET6, SOCK_STREAM, 0);
	} else {
		return -EINVAL;
	}
	return sqe.fd < 0 ? -errno : run(&sqe, mode);
}

static long do_send(const char *addr, const char *port, const char *bytes, const char *mode)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)trigger_number(port, 0, 65535)) };
	long len = trigger_number(bytes, 1, 10000000);
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SEND, .fd = socket(AF_INET, SOCK_STREAM, 0), .len = (unsigned int)len };
	char *buf = calloc(1, (size_t)len), answer[8];
	long sent = 0, n;

	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		return -EINVAL;
	if (!buf || connect(sqe.fd, (struct sockaddr *)&sin, sizeof(sin)))
		return -errno;
	while (sent < len) {
		struct io_uring_sqe next = sqe;

		next.addr = (uintptr_t)buf + (uintptr_t)sent;
		next.len = (unsigned int)(len - sent);
		n = run(&next, mode);
		if (n <= 0)
			return n ? n : -EIO;
		sent += n;
	}
	shutdown(sqe.fd, SHUT_WR);
	return recv(sqe.fd, answer, sizeof(answer), 0) == 3 ? 0 : -EPROTO;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "", *last = argc > 2 ? argv[argc - 1] : "";
	const char *mode = !strcmp(last, "sqpoll") || !strcmp(last, "async") ? last : NULL;
	int args = argc - 2 - (mode ? 1 : 0);
	char name[32];
	long rc;

	if (args == 1 && !strcmp(how, "open")) {
		rc = do_open(argv[2], mode);
	} else if (args == 1 && !strcmp(how, "openat2")) {
		rc = do_openat2(argv[2], mode);
	} else if (args == 2 && !strcmp(how, "connect")) {
		rc = do_connect(argv[2], argv[3], mode);
	} else if (args == 3 && !strcmp(how, "send")) {
		rc = do_send(argv[2], argv[3], argv[4], mode);
	} else {
		fprintf(stderr, "usage: uring open|openat2 FILE [sqpoll|async] | uring connect ADDR PORT [sqpoll|async] |\n"
			"       uring send ADDR PORT BYTES [sqpoll|async]\n");
		return TRIGGER_MISUSE;
	}
	if (how[0] == 'o')
		trigger_show(rc);
	snprintf(name, sizeof(name), "%s%s%s", how, mode ? " " : "", mode ? mode : "");
	/* EPERM of the set-up: io_uring is switched off here. */
	return trigger_end("uring", name, rc < 0 ? (int)rc : 0);
}
