/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the check of a whole store, in one read transaction, so that a writer that goes on is no fault. After a fault it goes on
 * from what it found, so that the next one is reported as well.
 */
#include "store/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/query_internal.h"

struct verify {
	struct store_reader *r;
	verify_fault_fn fn;
	void *arg;
	struct verify_result *ret;
	uint8_t genesis[CHAIN_HASH], pub[CHAIN_PUBLIC];
	uint8_t hash[CHAIN_HASH];    /* of row n */
	int64_t n;
	/* Checkpoints, in the order of rows. */
	sqlite3_stmt *checks;
	bool has_check;
	struct chain_mark check;
	int64_t check_end;           /* where the last one ended; -1: none seen yet */
};

static void fault(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct verify *v, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	v->ret->faults++;
	v->fn(v->arg, text);
}

static int prepare(struct verify *v, const char *sql, sqlite3_stmt **ret, struct errmsg *e)
{
	return sqlite3_prepare_v2(v->r->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : store_reader_error(v->r, e);
}

static bool blob(sqlite3_stmt *s, int column, uint8_t *ret, int len)
{
	if (sqlite3_column_type(s, column) != SQLITE_BLOB || sqlite3_column_bytes(s, column) != len)
		return false;
	memcpy(ret, sqlite3_column_blob(s, column), (size_t)len);
	return true;
}

/* "" for what is no text; a text with a NUL in it is none that a writer wrote. */
static const char *text_of(struct verify *v, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	if (!text)
		return "";
	if (strlen(text) != (size_t)sqlite3_column_bytes(s, column))
		fault(v, "a text goes on behind its end");
	return text;
}

static int read_meta(struct verify *v, const uint8_t *key, struct errmsg *e)
{
	char made[64] = "", again[64], host[256] = "", pub[128] = "";
	sqlite3_stmt *s = NULL;
	int err = prepare(v, "SELECT key, value FROM meta", &s, e);

	if (err)
		return err;
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *name = text_of(v, s, 0), *value = text_of(v, s, 1);

		if (!strcmp(name, "made"))
			snprintf(made, sizeof(made), "%s", value);
		else if (!strcmp(name, "host"))
			snprintf(host, sizeof(host), "%s", value);
		else if (!strcmp(name, "key"))
			snprintf(pub, sizeof(pub), "%s", value);
		else
			fault(v, "meta: a field that no writer writes");
	}
	sqlite3_finalize(s);
	if (!chain_unhex(v->pub, CHAIN_PUBLIC, pub)) {
		fault(v, "meta: it names no key");
		memset(v->pub, 0, CHAIN_PUBLIC);
	}
	chain_hex(v->ret->key, v->pub, CHAIN_PUBLIC);
	if (key && memcmp(key, v->pub, CHAIN_PUBLIC) != 0) {
		fault(v, "meta: it is signed with another key: %s", v->ret->key);
		memcpy(v->pub, key, CHAIN_PUBLIC);
	}
	snprintf(again, sizeof(again), "%lld", strtoll(made, NULL, 10));
	if (strcmp(made, again) != 0)
		fault(v, "meta: it does not say when the store was made");
	chain_genesis(v->genesis, strtoll(made, NULL, 10), host, v->pub);
	return 0;
}

/* One row of marks. reason is valid until the statement's next step. */
static bool read_mark(struct verify *v, sqlite3_stmt *s, struct chain_mark *m)
{
	m->kind = text_of(v, s, 0);
	m->time_ns = sqlite3_column_int64(s, 1);
	m->from_n = sqlite3_column_int64(s, 2);
	m->to_n = sqlite3_column_int64(s, 3);
	m->count = sqlite3_column_int64(s, 4);
	m->lost = sqlite3_column_int64(s, 5);
	m->reason = text_of(v, s, 6);
	v->ret->marks++;
	return blob(s, 7, m->head, CHAIN_HASH) && blob(s, 8, m->sig, CHAIN_SIG) && chain_signed(m, v->genesis, v->pub);
}

#define MARK_COLUMNS "kind, time, from_n, to_n, count, lost, reason, head, sig"

/* What was deleted: the chain goes on behind it. */
static int read_gone(struct verify *v, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	struct chain_mark m;
	int err = prepare(v, "SELECT " MARK_COLUMNS " FROM marks WHERE id = 2", &s, e);

	if (err)
		return err;
	memcpy(v->hash, v->genesis, CHAIN_HASH);
	if (sqlite3_step(s) == SQLITE_ROW) {
		if (!read_mark(v, s, &m) || strcmp(m.kind, "gone") != 0)
			fault(v, "the tombstone is not as it was signed");
		v->n = v->ret->gone_n = m.to_n;
		v->ret->gone_time_ns = m.time_ns;
		snprintf(v->ret->gone_reason, sizeof(v->ret->gone_reason), "%.30s", m.reason);
		for (char *p = v->ret->gone_reason; *p; p++)
			if (*p < ' ' || *p > '~')
				*p = '?';
		memcpy(v->hash, m.head, CHAIN_HASH);
	}
	sqlite3_finalize(s);
	return 0;
}

static void next_check(struct verify *v)
{
	v->has_check = sqlite3_step(v->checks) == SQLITE_ROW;
	if (!v->has_check)
		return;
	if (!read_mark(v, v->checks, &v->check))
		fault(v, "the checkpoint of row %lld is not as it was signed", (long long)v->check.to_n);
	if (v->check_end >= 0 && v->check.from_n != v->check_end + 1)
		fault(v, "the checkpoint between row %lld and row %lld is missing", (long long)v->check_end, (long long)v->check.from_n);
	v->check_end = v->check.to_n;
	v->ret->lost = v->check.lost;
}

/* Checkpoints that end with the row at hand, or with one that is not there any more. */
static void compare_checks(struct verify *v)
{
	while (v->has_check && v->check.to_n <= v->n) {
		if (v->check.to_n == v->n && memcmp(v->check.head, v->hash, CHAIN_HASH) != 0)
			fault(v, "rows up to %lld are not those of their checkpoint", (long long)v->n);
		next_check(v);
	}
}

static void verify_row(struct verify *v, sqlite3_stmt *s)
{
	struct store_row row = { .time_ns = (uint64_t)sqlite3_column_int64(s, 1), .user = STORE_NOBODY };
	size_t len[_STORE_TEXT_MAX];
	int64_t n = sqlite3_column_int64(s, 0);
	uint8_t hash[CHAIN_HASH];
	bool has_gap = n != v->n + 1;

	if (has_gap)
		fault(v, "rows %lld to %lld were cut out", (long long)v->n + 1, (long long)n - 1);
	if (sqlite3_column_type(s, 2) != SQLITE_NULL)
		row.user = sqlite3_column_int64(s, 2);
	for (int i = 0; i < _STORE_TEXT_MAX; i++) {
		row.text[i] = (const char *)sqlite3_column_text(s, 3 + i);
		len[i] = row.text[i] ? (size_t)sqlite3_column_bytes(s, 3 + i) : 0;
	}
	chain_row(hash, v->hash, n, &row, len);
	v->n = n;
	if (!blob(s, 3 + _STORE_TEXT_MAX, v->hash, CHAIN_HASH))
		fault(v, "row %lld has no hash", (long long)n);
	else if (!has_gap && memcmp(hash, v->hash, CHAIN_HASH) != 0)
		fault(v, "row %lld was changed, or the row before it", (long long)n);
	v->ret->rows++;
	if (!v->ret->first_n)
		v->ret->first_n = n;
	compare_checks(v);
}

static int verify_rows(struct verify *v, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	int code = SQLITE_DONE, err = prepare(v, "SELECT " MARK_COLUMNS " FROM marks WHERE id > 2 ORDER BY id", &v->checks, e);

	err = err ? err : prepare(v, "SELECT n, time, user, uid, kind, severity, session, tool, rule, verdict, taken, path, host, line, hash"
				  " FROM events ORDER BY n", &s, e);
	if (err)
		return err;
	v->check_end = v->ret->gone_n ? -1 : 0;
	next_check(v);
	compare_checks(v);
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		verify_row(v, s);
	if (code != SQLITE_DONE)
		err = store_reader_error(v->r, e);
	sqlite3_finalize(s);
	if (!err && v->has_check)
		fault(v, "rows %lld to %lld were cut off", (long long)v->n + 1, (long long)v->check.to_n);
	return err;
}

static int verify_head(struct verify *v, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	struct chain_mark m;
	int err = prepare(v, "SELECT " MARK_COLUMNS " FROM marks WHERE id = 1", &s, e);

	if (err)
		return err;
	if (sqlite3_step(s) != SQLITE_ROW) {
		if (v->ret->rows)
			fault(v, "nothing says which row is the last");
	} else if (!read_mark(v, s, &m) || strcmp(m.kind, "head") != 0) {
		fault(v, "the mark of the last row is not as it was signed");
	} else {
		v->ret->signed_ns = m.time_ns;
		if (m.to_n > v->n)
			fault(v, "rows %lld to %lld were cut off", (long long)v->n + 1, (long long)m.to_n);
		else if (m.to_n < v->n)
			fault(v, "rows %lld to %lld were added by somebody else", (long long)m.to_n + 1, (long long)v->n);
		else if (memcmp(m.head, v->hash, CHAIN_HASH) != 0)
			fault(v, "the last row, %lld, is not the one that was signed", (long long)v->n);
	}
	sqlite3_finalize(s);
	return 0;
}

static int count_deletions(struct verify *v, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	int err = prepare(v, "SELECT count(*) FROM events WHERE kind = 'store.deleted'", &s, e);

	if (!err && sqlite3_step(s) == SQLITE_ROW)
		v->ret->gone_rows = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return err;
}

int store_verify(struct store_reader *r, const uint8_t *key, verify_fault_fn fn, void *arg, struct verify_result *ret, struct errmsg *e)
{
	struct verify v = { .r = r, .fn = fn, .arg = arg, .ret = ret };
	int err = chain_init();

	memset(ret, 0, sizeof(*ret));
	if (err)
		return errmsg_set(e, err, "libsodium does not start");
	if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return store_reader_error(r, e);
	err = read_meta(&v, key, e);
	err = err ? err : read_gone(&v, e);
	err = err ? err : verify_rows(&v, e);
	err = err ? err : verify_head(&v, e);
	err = err ? err : count_deletions(&v, e);
	ret->last_n = v.n;
	chain_hex(ret->head, v.hash, CHAIN_HASH);
	sqlite3_finalize(v.checks);
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	return err;
}
