/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the bounds of the store: which rows go, how that is recorded, and where a damaged file goes. The oldest go first and from the
 * beginning only, so that one signed tombstone ("gone": up to which row, its hash) says all that a verifier needs; each deletion is
 * a row of the store as well.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/store_internal.h"

#define PIECE 5000           /* rows of one deletion */
#define KEPT_LEAST 1000      /* rows that want of space never takes: what happens now matters most */
#define DAMAGED_KEPT 3

/* Hash and time of row n. */
static int row_at(struct store *st, int64_t n, uint8_t hash[CHAIN_HASH], int64_t *ret_time, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(st->db, "SELECT hash, time FROM events WHERE n = ?", -1, &s, NULL) != SQLITE_OK)
		return store_error(st, "read", e);
	sqlite3_bind_int64(s, 1, n);
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == CHAIN_HASH) {
		memcpy(hash, sqlite3_column_blob(s, 0), CHAIN_HASH);
		*ret_time = sqlite3_column_int64(s, 1);
	} else {
		err = errmsg_set(e, -EBADMSG, "%s is damaged: row %lld cannot be read", st->config->path, (long long)n);
	}
	sqlite3_finalize(s);
	return err;
}

static int delete_up_to(struct store *st, int64_t first, int64_t to, const char *reason, struct errmsg *e)
{
	struct chain_mark m = { .kind = "gone", .time_ns = (int64_t)store_now_ns(), .from_n = 1, .to_n = to, .count = to, .reason = reason };
	int64_t begin_time = 0, end_time = 0;
	uint8_t unused[CHAIN_HASH];
	char text[320], sql[192];
	int err = store_begin(st, true, e);

	if (err)
		return err;
	err = row_at(st, first, unused, &begin_time, e);
	err = err ? err : row_at(st, to, m.head, &end_time, e);
	snprintf(sql, sizeof(sql), "DELETE FROM events WHERE n <= %lld; DELETE FROM marks WHERE kind = 'check' AND to_n < %lld",
		 (long long)to, (long long)to);
	err = err ? err : store_exec(st, sql, "delete rows of", e);
	err = err ? err : store_put_mark(st, &m, e);
	snprintf(text, sizeof(text), "rows %lld to %lld were deleted: %s; they were of %lld to %lld (seconds since 1970)", (long long)first,
		 (long long)to, reason, (long long)(begin_time / 1000000000), (long long)(end_time / 1000000000));
	err = err ? err : store_put_own(st, "store.deleted", text, e);
	if (err) {
		store_rollback(st);
		return err;
	}
	err = store_commit(st, e);
	if (!err)
		st->deleted += (uint64_t)(to - first + 1);
	return err;
}

/* The last of the oldest PIECE rows that is older than time; 0: none. */
static int64_t older_than(struct store *st, uint64_t time_ns)
{
	char sql[256];
	int64_t n;

	/* Rows are all but in the order of time; one that is not waits for those before it. */
	snprintf(sql, sizeof(sql),
		 "SELECT min(n) - 1 FROM (SELECT n, time FROM events ORDER BY n LIMIT %d) WHERE time >= %lld", PIECE, (long long)time_ns);
	n = store_number(st, sql);
	if (n >= 0)
		return n;
	snprintf(sql, sizeof(sql), "SELECT max(n) FROM (SELECT n FROM events ORDER BY n LIMIT %d)", PIECE);
	n = store_number(st, sql);
	return n > 0 ? n : 0;
}

/* Less is free than the floor, or than a twentieth of a small file system. */
static bool lacks_space(const struct store *st)
{
	uint64_t floor_bytes = st->config->min_free, share;
	struct statvfs fs;

	if (!floor_bytes || statvfs(st->config->path, &fs))
		return false;
	share = (uint64_t)fs.f_blocks * fs.f_frsize / 20;
	return (uint64_t)fs.f_bavail * fs.f_frsize < (share < floor_bytes ? share : floor_bytes);
}

int store_trim(struct store *st, uint64_t now_ns, struct errmsg *e)
{
	const struct store_config *c = st->config;
	int64_t first = store_number(st, "SELECT min(n) FROM events"), to;
	uint64_t pages, unused, piece = PIECE;
	char sql[128];
	const char *reason = NULL;
	int err;

	if (first < 0)
		return 0;
	if (c->max_age_ns && now_ns > c->max_age_ns) {
		to = older_than(st, now_ns - c->max_age_ns);
		if (to >= first) {
			err = delete_up_to(st, first, to, "age", e);
			return err ? err : to - first + 1 >= PIECE;
		}
	}
	pages = (uint64_t)store_number(st, "PRAGMA page_count");
	unused = (uint64_t)store_number(st, "PRAGMA freelist_count");
	if (c->max_bytes && (pages - unused) * st->page_size > c->max_bytes)
		reason = "size";
	else if (unused * st->page_size < 4u << 20 && lacks_space(st))
		reason = "free space";
	if (!reason || st->last_n - first <= KEPT_LEAST)
		return 0;
	if ((uint64_t)(st->last_n - first) / 4 < piece)
		piece = (uint64_t)(st->last_n - first) / 4 + 1;
	/* By count: somebody may have cut a hole into the numbers. */
	snprintf(sql, sizeof(sql), "SELECT max(n) FROM (SELECT n FROM events ORDER BY n LIMIT %llu)", (unsigned long long)piece);
	to = store_number(st, sql);
	if (to < first)
		return store_error(st, "read", e);
	err = delete_up_to(st, first, to, reason, e);
	return err ? err : 1;
}

void store_settle(struct store *st)
{
	int left = 0;

	/* PASSIVE waits for no reader; what one still needs stays for the next time. */
	if (sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, NULL) == SQLITE_OK)
		st->log_pages = 0;
}

uint64_t store_log_bytes(const struct store *st)
{
	return st->log_pages * st->page_size;
}

static void rename_with(const char *path, const char *suffix, unsigned int from, unsigned int to)
{
	char was[PATH_MAX], is[PATH_MAX];
	int a = from ? snprintf(was, sizeof(was), "%s.damaged-%u%s", path, from, suffix) : snprintf(was, sizeof(was), "%s%s", path, suffix);
	int b = snprintf(is, sizeof(is), "%s.damaged-%u%s", path, to, suffix);

	if (a < (int)sizeof(was) && b < (int)sizeof(is))
		rename(was, is);
}

int store_move_aside(const char *path)
{
	/* The log goes with its file: together they can be read. What was the last of the kept is written over. */
	for (unsigned int i = DAMAGED_KEPT; i-- > 0;) {
		rename_with(path, "", i, i + 1);
		rename_with(path, "-wal", i, i + 1);
	}
	{
		char shm[PATH_MAX];

		if (snprintf(shm, sizeof(shm), "%s-shm", path) < (int)sizeof(shm))
			unlink(shm);
	}
	return access(path, F_OK) ? 0 : -EIO;
}
