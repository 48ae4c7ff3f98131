/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: asking an agent something, and waiting for its answer as long as the caller allows. */
#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ANSWER_MAX (1u << 20)

int control_connect(const char *path, struct errmsg *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path) >= sizeof(at.sun_path))
		return errmsg_set(e, -ENAMETOOLONG, "the path of the control socket is too long: %s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)))
		return errmsg_set(e, -errno, "cannot reach the agent at %s: %s", path, strerror(errno));
	return take_fd(fd);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Up to the newline, which does not count. */
static int read_line(int fd, int timeout_ms, struct strbuf *b, struct errmsg *e)
{
	int64_t until = now_ms() + timeout_ms;

	for (;;) {
		int64_t left = until - now_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char buf[4096], *end;
		ssize_t n;

		if (left <= 0 || !poll(&p, 1, (int)left))
			return errmsg_set(e, -ETIME, "the agent gave no answer: it takes too long");
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return errmsg_set(e, -EPIPE, "the agent gave no answer: it has ended");
		end = memchr(buf, '\n', (size_t)n);
		strbuf_add(b, buf, end ? (size_t)(end - buf) : (size_t)n);
		if (!strbuf_ok(b) || b->len > ANSWER_MAX)
			return errmsg_set(e, -EBADMSG, "the agent's answer is too long");
		if (end)
			return 0;
	}
}

int control_ask(int fd, const char *request, int timeout_ms, struct control_answer *ret, struct errmsg *e)
{
	struct strbuf b = STRBUF_INIT;
	size_t len = strlen(request);
	int r;

	/* A refusal may be there before the request is: what cannot be sent any more is answered all the same. */
	if (send(fd, request, len, MSG_NOSIGNAL | MSG_MORE) != (ssize_t)len || send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
		timeout_ms = timeout_ms < 1000 ? timeout_ms : 1000;
	r = read_line(fd, timeout_ms, &b, e);
	if (!r && control_parse_answer(strbuf_str(&b), b.len, ret) < 0)
		r = errmsg_set(e, -EBADMSG, "what came from the agent is no answer");
	strbuf_done(&b);
	return r;
}
