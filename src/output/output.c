/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the lines that wait for a descriptor, for every output that writes to one. Formats nothing. */
#include "output/output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/sink.h"

const struct output_ops *output_ops(const struct output *o)
{
	return o->ops;
}

void output_free(struct output *o)
{
	if (o)
		o->ops->free(o);
}

void output_set_fd(struct output *o, int fd)
{
	o->fd = fd;
}

/* Of a socket (the journal's) the reader is not waited for either, though the descriptor itself blocks. */
static ssize_t write_some(int fd, const char *bytes, size_t len)
{
	ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, bytes, len) : n;
}

int sink_flush(struct output *o)
{
	int r = 0;

	while (o->sent < o->lines.len) {
		ssize_t n = write_some(o->fd, o->lines.data + o->sent, o->lines.len - o->sent);

		if (n > 0) {
			o->sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : -EIO;
		break;
	}
	if (o->sent == o->lines.len) {
		strbuf_reset(&o->lines);
		o->sent = 0;
	}
	return r;
}

/* Moves what waits to the front, so that a slow reader's buffer does not creep. */
static void compact(struct output *o)
{
	memmove(o->lines.data, o->lines.data + o->sent, o->lines.len - o->sent + 1);
	o->lines.len -= o->sent;
	o->sent = 0;
}

/* Bytes that may wait before this event. */
static size_t room_for(const struct report *e)
{
	/* Kinds without a process are the agent's own: losses, modes, policies, hooks. */
	if (!e->has_process || e->taken != SL_TAKEN_NONE || e->kind == REPORT_INCIDENT || e->kind == REPORT_GUARD)
		return SINK_WAITING_MAX;
	return e->action >= SL_ACTION_ALERT ? SINK_WAITING_MAX / 4 * 3 : SINK_WAITING_MAX / 2;
}

int sink_appended(struct output *o, size_t start, const struct report *event)
{
	int r = 0;

	if (!strbuf_ok(&o->lines))
		r = -ENOMEM;
	else if (start > o->sent && o->lines.len - o->sent > room_for(event))
		r = -ENOBUFS;
	if (r < 0) {
		o->lines.failed = false;
		o->lines.len = start;
		if (o->lines.data)
			o->lines.data[start] = '\0';
		return r;
	}
	if (o->lines.len - o->sent >= SINK_BATCH)
		(void)sink_flush(o);
	if (o->sent > SINK_WAITING_MAX / 4)
		compact(o);
	return 0;
}

void sink_done(struct output *o)
{
	strbuf_done(&o->lines);
}
