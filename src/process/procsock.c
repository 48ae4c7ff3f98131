/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the way to another process's sockets. */
#include "process/procsock.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

int procsock_each(struct worker_page *page, uint32_t tgid, int (*fn)(void *arg, int fd), void *arg)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)tgid, 0);
	char path[32], link[32];
	int r = 0, seen = 0;
	const struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", tgid);
	dir = pidfd < 0 ? NULL : opendir(path);
	if (!dir)
		return -errno;
	while (!r && (d = readdir(dir))) {
		ssize_t len;
		cleanup_close int fd = -1;
		socklen_t size = sizeof(int);
		int domain = 0;

		if (seen++ == PROCSOCK_DESCRIPTORS_MAX) {
			page->left_out++;
			break;
		}
		worker_beat(page);
		len = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);
		if (len < 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(d->d_name), 0);
		if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) || (domain != AF_INET && domain != AF_INET6))
			continue;
		r = fn(arg, fd);
	}
	closedir(dir);
	return r;
}

uint64_t procsock_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) ? 0 : cookie;
}

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint32_t procsock_netns(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) ? 0 : (uint32_t)cookie;
}

struct reset {
	const uint64_t *cookies;
	size_t cnt, found;
};

static int reset_socket(void *arg, int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	uint64_t cookie = procsock_cookie(fd);
	struct reset *r = arg;
	unsigned int soon_ms = 1;
	size_t at = 0;

	while (at < r->cnt && r->cookies[at] != cookie)
		at++;
	if (at == r->cnt)
		return 0;
	r->found++;
	/* A reset to both sides, and what waits to be sent is thrown away. */
	if (connect(fd, &none, sizeof(none))) {
		/* Older kernels return EBUSY while a peer is blocked on the socket: that call fails now, and the kernel gives up the rest. */
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &soon_ms, sizeof(soon_ms));
		shutdown(fd, SHUT_RDWR);
	}
	return r->found == r->cnt;
}

size_t procsock_reset(struct worker_page *page, uint32_t tgid, const uint64_t *cookies, size_t cnt)
{
	struct reset r = { cookies, cnt, 0 };

	procsock_each(page, tgid, reset_socket, &r);
	return r.found;
}
