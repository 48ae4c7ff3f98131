/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the agent's end of the store: rows on their way to the writer, what is counted as lost, what is said of its troubles. Of a
 * writer that ended, rows that it did not report as written are lost.
 */
#include "cli/live_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "output/metrics.h"
#include "output/rows.h"
#include "store/writer.h"

#define RESTART_NS (5ull * 1000000000)   /* between two writers */
#define FINISH_MS 3000

struct live_store {
	struct store_config config;
	char uid_begin[REPORT_UID_SIZE];
	struct store_writer writer;
	struct output *rows;             /* NULL: no writer runs */
	uint64_t started_ns;
	int said_err;                    /* what was last said to be wrong */
	uint64_t said_resets;
	uint64_t before, deleted_before, resets_before; /* of writers that have ended */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- the file that trace writes ------------------------------------------------------------------------------------- */

/* Empty, or a store: the number of the application is in the header of a database. */
static bool may_replace(int fd)
{
	unsigned char h[72];
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if (!st.st_size)
		return true;
	return pread(fd, h, sizeof(h), 0) == (ssize_t)sizeof(h) &&
	       ((uint32_t)h[68] << 24 | (uint32_t)h[69] << 16 | (uint32_t)h[70] << 8 | h[71]) == STORE_APPLICATION;
}

static int empty_file(const char *path, struct errmsg *e)
{
	static const char *const with[] = { "-wal", "-shm", "" };
	cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600), next = -1;

	if (fd < 0)
		return errmsg_set(e, -errno, "cannot create %s: %s: name a file in a folder that exists and can be written", path, strerror(errno));
	if (!may_replace(fd))
		return errmsg_set(e, -EEXIST, "%s is there and is no store of sluice: name another file", path);
	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		char name[PATH_MAX];

		if (snprintf(name, sizeof(name), "%s%s", path, with[i]) < (int)sizeof(name))
			unlink(name);
	}
	next = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return next < 0 ? errmsg_set(e, -errno, "cannot create %s: %s", path, strerror(errno)) : 0;
}

/* The folder is made here: the agent closes it to sessions before the first event comes. The writer reports a failure. */
static void make_folder(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return;
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	(void)!mkdir(dir, 0700);
}

int live_store_new(const struct live_store_options *o, const struct report_source *source, struct live_store **ret, struct errmsg *e)
{
	struct live_store *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return errmsg_set(e, -ENOMEM, "out of memory");
	if (o->sealed)
		err = empty_file(o->path, e);
	else
		make_folder(o->path);
	if (err) {
		free(s);
		return err;
	}
	s->writer = STORE_WRITER_NONE;
	report_uid_begin(s->uid_begin, source->host_id, source->boot_id, now_ns(), "store");
	s->config = (struct store_config){
		.path = o->path, .max_age_ns = o->max_age_ns, .max_bytes = o->max_bytes, .min_free = o->sealed ? 0 : STORE_FREE_BYTES,
		.sealed = o->sealed, .host = source->host, .boot_id = source->boot_id, .uid_begin = s->uid_begin,
	};
	*ret = s;
	return 0;
}

/* ---- the writer ------------------------------------------------------------------------------------------------------ */

static void start_writer(struct live_store *s)
{
	uint64_t now = now_ns();
	int err;

	if (s->started_ns && now - s->started_ns < RESTART_NS)
		return;
	s->started_ns = now;
	err = store_writer_start(&s->writer, &s->config);
	err = err ? err : output_rows_new(s->writer.rows, &s->rows);
	if (!err)
		return;
	store_writer_done(&s->writer);
	if (s->said_err != err)
		log_warn("cannot start the writer of the store: %s: events are not kept meanwhile, and counted as lost", strerror(-err));
	s->said_err = err;
}

/* Rows that it was given and did not write. */
static uint64_t end_writer(struct live_store *s)
{
	uint64_t taken = s->rows ? output_rows_taken(s->rows) : 0;
	uint64_t lost = taken > s->writer.last.rows ? taken - s->writer.last.rows : 0;

	s->before += s->writer.last.rows;
	s->deleted_before += s->writer.last.deleted;
	s->resets_before += s->writer.last.resets;
	s->said_resets = 0;
	output_free(s->rows);
	s->rows = NULL;
	store_writer_done(&s->writer);
	return lost;
}

/* Says what has changed: trouble once when it begins, and once when it is over. */
static void report_losses(struct live_store *s)
{
	const struct store_report *r = &s->writer.last;

	if (r->resets > s->said_resets)
		log_warn("the store: %s", r->text);
	else if (r->err && r->err != s->said_err)
		log_warn("the store: %s: events wait, and what finds no room is counted as lost", r->text);
	else if (!r->err && s->said_err)
		log_info("the store is written again");
	if (r->marked)
		log_info("the store: %lld rows, last hash %s", (long long)r->last_n, r->head);
	s->said_err = r->err;
	s->said_resets = r->resets;
}

static bool hear(struct live_store *s)
{
	int r;

	while ((r = store_writer_poll(&s->writer)) > 0)
		report_losses(s);
	return r == 0;
}

uint64_t live_store_report(struct live_store *s, const struct report *r)
{
	if (!s->rows)
		start_writer(s);
	return !s->rows || output_ops(s->rows)->write(s->rows, r) < 0;
}

uint64_t live_store_flush(struct live_store *s, uint64_t lost)
{
	int err;

	if (!s->rows)
		return 0;
	store_writer_set_lost(&s->writer, lost);
	err = output_ops(s->rows)->flush(s->rows);
	if (hear(s) && err != -EPIPE && err != -ECONNRESET)
		return 0;
	log_warn("the writer of the store has ended: it is started again, and rows that it had not written are counted as lost");
	return end_writer(s);
}

void live_store_finish(struct live_store *s)
{
	struct pollfd out = { .fd = s->writer.rows, .events = POLLOUT };
	uint64_t taken, lost;
	int left = FINISH_MS, err;

	if (!s->rows)
		return;
	while ((err = output_ops(s->rows)->flush(s->rows)) == -EAGAIN && left > 0)
		if (!poll(&out, 1, 100))
			left -= 100;
	taken = output_rows_taken(s->rows);
	if (!err && !store_writer_finish(&s->writer, taken, FINISH_MS)) {
		report_losses(s);
		return;
	}
	lost = taken - s->writer.last.rows;
	log_warn("%llu events are not in the store yet%s", (unsigned long long)lost,
		 err ? ": its disk takes nothing, they are lost" : ": its writer goes on until its disk takes them");
}

void live_store_metrics(const struct live_store *s, struct metrics_state *ret)
{
	const struct store_report *r = &s->writer.last;

	ret->has_store = true;
	ret->store_writes = s->rows && !r->err;
	ret->store_rows = s->before + r->rows;
	ret->store_bytes = r->bytes;
	ret->store_deleted = s->deleted_before + r->deleted;
	ret->store_resets = s->resets_before + r->resets;
}

void live_store_free(struct live_store *s)
{
	if (!s)
		return;
	output_free(s->rows);
	store_writer_done(&s->writer);
	free(s);
}
