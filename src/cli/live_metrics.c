/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: when and where metrics are written. A reader (node_exporter's textfile collector) must never see half a file: a new one is
 * renamed over the old. It belongs on a tmpfs, where a write does not wait; naming another disk is the operator's choice.
 */
#include "cli/live_metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define EVERY_NS (15ull * 1000000000)

struct live_metrics {
	const char *path;
	struct metrics *metrics;
	uint64_t written_ns;
	double started;
	int said_err;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct live_metrics *live_metrics_new(const char *path)
{
	struct live_metrics *m = calloc(1, sizeof(*m));
	char dir[PATH_MAX];
	char *slash;

	if (!m || !(m->metrics = metrics_new())) {
		free(m);
		return NULL;
	}
	m->path = path;
	m->started = (double)now_ns(CLOCK_REALTIME) / 1e9;
	if (snprintf(dir, sizeof(dir), "%s", path) < (int)sizeof(dir) && (slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		(void)!mkdir(dir, 0755);
	}
	return m;
}

void live_metrics_free(struct live_metrics *m)
{
	if (!m)
		return;
	metrics_free(m->metrics);
	free(m);
}

void live_metrics_add(struct live_metrics *m, const struct report *r)
{
	metrics_add(m->metrics, r);
}

bool live_metrics_due(const struct live_metrics *m)
{
	return !m->written_ns || now_ns(CLOCK_BOOTTIME) - m->written_ns >= EVERY_NS;
}

/* Nothing in it is a secret: who reads it has an account of its own. */
static int replace(const char *path, const struct strbuf *b)
{
	char next[PATH_MAX];
	cleanup_close int fd = -1;
	int err;

	if (!strbuf_ok(b))
		return -ENOMEM;
	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		return -ENAMETOOLONG;
	if (unlink(next) && errno != ENOENT)
		return -errno;
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	fchmod(fd, 0644);
	if (write(fd, strbuf_str(b), b->len) == (ssize_t)b->len && !rename(next, path))
		return 0;
	err = errno ? -errno : -EIO;
	unlink(next);
	return err;
}

void live_metrics_write(struct live_metrics *m, const struct metrics_state *s)
{
	struct metrics_state state = *s;
	struct strbuf b = STRBUF_INIT;
	int err;

	state.started = m->started;
	metrics_format(&b, m->metrics, &state);
	err = replace(m->path, &b);
	strbuf_done(&b);
	if (err && err != m->said_err)
		log_warn("cannot write metrics to %s: %s: tried again every 15 seconds", m->path, strerror(-err));
	m->said_err = err;
	m->written_ns = now_ns(CLOCK_BOOTTIME);
}

void live_metrics_end(struct live_metrics *m)
{
	unlink(m->path);
}
