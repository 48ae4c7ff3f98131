/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: messages to the service manager. Keeps no descriptor: a manager that was restarted gets the next message too. */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"

int notify_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_len)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(text);
	bool abstract = text[0] == '@';

	if ((!abstract && text[0] != '/') || !text[1])
		return -EAFNOSUPPORT;
	/* A path ends with a NUL; in the abstract namespace the length says where the name ends. */
	if (len + !abstract > sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, text, len);
	if (abstract)
		addr.sun_path[0] = '\0';
	*ret = addr;
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !abstract);
	return 0;
}

static int send_text(const char *text, size_t len)
{
	const char *socket_name = getenv("NOTIFY_SOCKET");
	cleanup_close int fd = -1;
	struct sockaddr_un addr;
	socklen_t addr_len;
	int err;

	if (!socket_name || !socket_name[0])
		return 0;
	err = notify_address(socket_name, &addr, &addr_len);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (sendto(fd, text, len, MSG_NOSIGNAL, (const struct sockaddr *)&addr, addr_len) < 0)
		if (errno != EINTR)
			return -errno;
	return 1;
}

int notify_send(const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return send_text(text, (size_t)len);
}

int notify_status(const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		text = NULL;
		return -ENOMEM;
	}
	for (int i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	return notify_send("STATUS=%s", text);
}

/* A whole decimal number, -1 when it is none. */
static int parse_number(const char *text, uint64_t *ret)
{
	unsigned long long n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end)
		return -1;
	*ret = n;
	return 0;
}

bool notify_watchdog(const char *usec, const char *watched_pid, uint64_t pid, uint64_t *ret_usec)
{
	uint64_t n, watched = pid;

	if (!usec || parse_number(usec, &n) || !n || n == UINT64_MAX)
		return false;
	if (watched_pid && (parse_number(watched_pid, &watched) || watched != pid))
		return false;
	*ret_usec = n;
	return true;
}
