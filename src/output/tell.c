/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the one place that writes to a terminal of others. What it opens is a pseudo-terminal and belongs to the user whose process
 * was refused; it is never waited for, never becomes ours, and gets nothing but the rule's message, escaped, on one line.
 */
#include "output/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/strbuf.h"
#include "event/container.h"
#include "output/format.h"

struct told {
	uint64_t session_ns, rule;    /* rule: hash of its id, which outlives a reload */
	uint32_t session_pid;
};

struct tell {
	const char *pts;
	struct told told[TELL_REMEMBERED];
	size_t cnt, next;
};

struct tell *tell_new(const char *pts)
{
	struct tell *t = calloc(1, sizeof(*t));

	if (t)
		t->pts = pts ? pts : "/dev/pts";
	return t;
}

void tell_free(struct tell *t)
{
	free(t);
}

static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (*s)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3u;
	return h;
}

static bool was_told(const struct tell *t, const struct told *what)
{
	for (size_t i = 0; i < t->cnt; i++)
		if (t->told[i].session_ns == what->session_ns && t->told[i].session_pid == what->session_pid &&
		    t->told[i].rule == what->rule)
			return true;
	return false;
}

static void remember(struct tell *t, const struct told *what)
{
	t->told[t->next] = *what;
	t->next = (t->next + 1) % TELL_REMEMBERED;
	if (t->cnt < TELL_REMEMBERED)
		t->cnt++;
}

/* The terminal "pts/3" of a user, open for writing, or -1. */
static int open_terminal(const struct tell *t, const struct report_process *p)
{
	const char *number = p->tty + strlen("pts/");
	cleanup_close int fd = -1;
	char path[256];
	struct stat st;

	if (strncmp(p->tty, "pts/", 4) != 0 || !number[0] || number[strspn(number, "0123456789")])
		return -1;
	/* A container has terminals of its own by these numbers. */
	if (p->container)
		return -1;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", t->pts, number) >= sizeof(path))
		return -1;
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISCHR(st.st_mode) || st.st_uid != p->uid || !isatty(fd))
		return -1;
	return take_fd(fd);
}

/* A program may have the terminal in raw mode: both ends of the line are spelt out. */
static int write_line(int fd, const struct report_rule *rule)
{
	struct strbuf b = STRBUF_INIT;
	ssize_t n;
	int err;

	strbuf_adds(&b, "\r\nsluice: ");
	if (rule->message[0]) {
		escape_line(&b, rule->message, strlen(rule->message));
	} else {
		strbuf_adds(&b, "refused by rule ");
		escape_line(&b, rule->id, strlen(rule->id));
	}
	strbuf_adds(&b, "\r\n");
	if (!strbuf_ok(&b)) {
		strbuf_done(&b);
		return -ENOMEM;
	}
	/* Half a line is one that was told: the terminal is stopped in the middle of it. */
	n = write(fd, b.data, b.len);
	err = n >= 0 ? 1 : errno == EAGAIN ? -EAGAIN : 0;
	strbuf_done(&b);
	return err;
}

int tell_report(struct tell *t, const struct report *r)
{
	cleanup_close int fd = -1;
	struct told what;
	int err;

	if (!r->rule.to_tty || r->taken == SL_TAKEN_NONE || !r->has_process || !r->process.session.ns)
		return 0;
	what = (struct told){ .session_ns = r->process.session.ns, .session_pid = r->process.session.pid,
			      .rule = hash(r->rule.id) };
	if (was_told(t, &what))
		return 0;
	fd = open_terminal(t, &r->process);
	if (fd < 0)
		return 0;
	err = write_line(fd, &r->rule);
	if (err >= 0)
		remember(t, &what);
	return err;
}
