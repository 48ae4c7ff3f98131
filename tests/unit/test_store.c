/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The store as its writer and its readers use it, and what somebody does to it with SQLite alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/query.h"
#include "store/store.h"
#include "store/verify.h"

#define DAY_NS (86400ull * 1000000000)
#define BEGIN_NS 1795449911000000000ull

struct place {
	char dir[PATH_MAX], path[PATH_MAX + 16];
	struct store_config config;
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/sluice-store.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/events.db", p->dir);
	p->config = (struct store_config){ .path = p->path, .host = "ws-17", .boot_id = "1111", .uid_begin = "1111-1.store-" };
	*state = p;
	return 0;
}

static int leave_place(void **state)
{
	static const char *const names[] = { "events.db", "events.db-wal", "events.db-shm", "store.key", "store.pub", "other.db", "copy.db", "copy.db-wal", "copy.db-shm",
					     "events.db.damaged-1", "events.db.damaged-2", "events.db.damaged-3" };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[2 * PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", p->dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static struct store *open_store(struct place *p)
{
	struct store *st = NULL;
	struct errmsg e = { 0 };

	if (store_open(&p->config, &st, &e))
		fail_msg("%s", e.text);
	return st;
}

/* Rows from number `from`, a second apart. Every third one is an alert, and on every fourth a connection. */
static void add_rows(struct store *st, unsigned int from, unsigned int cnt, uint64_t begin_ns)
{
	struct strbuf b = STRBUF_INIT;
	struct errmsg e = { 0 };
	size_t rows = 0;

	for (unsigned int i = from; i < from + cnt; i++) {
		char uid[32], path[64], line[256];
		struct store_row row = { .time_ns = begin_ns + (i - from) * 1000000000ull, .user = 1000 };

		for (size_t t = 0; t < _STORE_TEXT_MAX; t++)
			row.text[t] = "";
		snprintf(uid, sizeof(uid), "1111/1/%u", i);
		snprintf(path, sizeof(path), "/home/ann/shop-%u/.env", i % 10);
		snprintf(line, sizeof(line), "{\"schema\":1,\"kind\":\"file.open\",\"seq\":%u,\"text\":\"t%u\"}", i, i);
		row.text[STORE_UID] = uid;
		row.text[STORE_KIND] = i % 4 ? "file.open" : "net.connect";
		row.text[STORE_SESSION] = i % 2 ? "abc-7" : "abd-8";
		row.text[STORE_TOOL] = i % 5 ? "claude-code" : "codex";
		row.text[STORE_PATH] = i % 4 ? path : "";
		row.text[STORE_HOST] = i % 4 ? "" : "api.example.com";
		row.text[STORE_LINE] = line;
		if (i % 3 == 0) {
			row.urgent = true;
			row.text[STORE_RULE] = "ai-reads-secret";
			row.text[STORE_VERDICT] = "block";
			row.text[STORE_TAKEN] = "denied";
			row.text[STORE_SEVERITY] = "high";
		}
		assert_true(store_row_put(&b, &row));
	}
	if (store_append(st, b.data, b.len, true, &rows, &e))
		fail_msg("%s", e.text);
	assert_int_equal(rows, cnt);
	strbuf_done(&b);
}

static int count_one(void *arg, const struct store_hit *hit)
{
	assert_true(hit->n > 0 && hit->row.text[STORE_LINE][0] == '{');
	++*(unsigned int *)arg;
	return 0;
}

static unsigned int count(const char *path, const struct store_query *q)
{
	struct store_reader *r = NULL;
	struct errmsg e = { 0 };
	unsigned int n = 0;

	if (store_reader_open(path, &r, &e) || store_query(r, q, count_one, &n, &e))
		fail_msg("%s", e.text);
	store_reader_close(r);
	return n;
}

struct faults {
	unsigned int cnt;
	char first[512];
};

static void take_fault(void *arg, const char *text)
{
	struct faults *f = arg;

	if (!f->cnt++)
		snprintf(f->first, sizeof(f->first), "%s", text);
}

static struct faults verify(const char *path, const uint8_t *key, struct verify_result *ret)
{
	struct faults f = { 0 };
	struct verify_result v;
	struct store_reader *r = NULL;
	struct errmsg e = { 0 };

	if (store_reader_open(path, &r, &e) || store_verify(r, key, take_fault, &f, ret ? ret : &v, &e))
		fail_msg("%s", e.text);
	store_reader_close(r);
	return f;
}

static void tamper(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	if (!sqlite3_total_changes(db))
		fail_msg("changes nothing: %s", sql);
	sqlite3_close(db);
}

static void copy_file(const char *from, const char *to)
{
	cleanup_close int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
}

/* The log of the copy before. */
static void remove_beside(const char *path)
{
	static const char *const with[] = { "-wal", "-shm" };
	char name[PATH_MAX + 32];

	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		snprintf(name, sizeof(name), "%s%s", path, with[i]);
		unlink(name);
	}
}

/* ---- keeping and asking ---------------------------------------------------------------------------------------------- */

static void test_rows_are_kept_and_found(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);

	add_rows(st, 0, 1200, BEGIN_NS);
	assert_int_equal(count(p->path, &(struct store_query){ 0 }), 1200);
	assert_int_equal(count(p->path, &(struct store_query){ .tool = "codex" }), 240);
	assert_int_equal(count(p->path, &(struct store_query){ .session = "abc-7" }), 600);
	assert_int_equal(count(p->path, &(struct store_query){ .kind = "net.connect" }), 300);
	assert_int_equal(count(p->path, &(struct store_query){ .kind = "net.*" }), 300);
	assert_int_equal(count(p->path, &(struct store_query){ .rule = "ai-reads-secret", .verdict = "block" }), 400);
	assert_int_equal(count(p->path, &(struct store_query){ .verdict = "denied" }), 400);
	assert_int_equal(count(p->path, &(struct store_query){ .verdict = "cut" }), 0);
	assert_int_equal(count(p->path, &(struct store_query){ .since_ns = BEGIN_NS + 1000 * 1000000000ull }), 200);
	assert_int_equal(count(p->path, &(struct store_query){ .until_ns = BEGIN_NS + 99 * 1000000000ull }), 100);
	assert_int_equal(count(p->path, &(struct store_query){ .newest = 7, .tool = "codex" }), 7);
	assert_int_equal(count(p->path, &(struct store_query){ .follow = true, .after_n = 1190 }), 10);
	store_close(st);
	/* And after the writer has gone, from a file alone. */
	assert_int_equal(count(p->path, &(struct store_query){ .newest = 5000 }), 1200);
}

static void test_paths_and_hosts_mean_what_is_below(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);

	add_rows(st, 0, 40, BEGIN_NS);
	store_close(st);
	assert_int_equal(count(p->path, &(struct store_query){ .path = "/home/ann/shop-1" }), 4);
	assert_int_equal(count(p->path, &(struct store_query){ .path = "/home/ann/shop-1/.env" }), 4);
	assert_int_equal(count(p->path, &(struct store_query){ .path = "/home/ann/shop" }), 0);
	assert_int_equal(count(p->path, &(struct store_query){ .path = "*/shop-1/*" }), 4);
	assert_int_equal(count(p->path, &(struct store_query){ .path = "' OR 1 --" }), 0);
	assert_int_equal(count(p->path, &(struct store_query){ .host = "example.com" }), 10);
	assert_int_equal(count(p->path, &(struct store_query){ .host = "ample.com" }), 0);
	assert_int_equal(count(p->path, &(struct store_query){ .host = "*.com" }), 10);
}

static void test_a_row_that_is_there_is_not_added_again(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);
	struct store_row row = { .time_ns = BEGIN_NS, .user = STORE_NOBODY };
	struct strbuf b = STRBUF_INIT;
	struct errmsg e = { 0 };
	size_t rows;

	for (size_t t = 0; t < _STORE_TEXT_MAX; t++)
		row.text[t] = "x";
	row.text[STORE_LINE] = "{}";
	assert_true(store_row_put(&b, &row));
	assert_int_equal(store_append(st, b.data, b.len, false, &rows, &e), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(store_append(st, b.data, b.len, false, &rows, &e), 0);
	assert_int_equal(rows, 0);
	strbuf_done(&b);
	add_rows(st, 0, 5, BEGIN_NS);
	store_close(st);
	assert_int_equal(verify(p->path, NULL, NULL).cnt, 0);
}

/* ---- the chain ------------------------------------------------------------------------------------------------------- */

static void make_chain(struct place *p)
{
	struct store *st = open_store(p);
	struct errmsg e = { 0 };

	assert_int_equal(store_mark(st, "start", 0, &e), 0);
	add_rows(st, 0, 30, BEGIN_NS);
	assert_int_equal(store_mark(st, "tick", 3, &e), 0);
	add_rows(st, 30, 30, BEGIN_NS + 30 * DAY_NS);
	p->config.max_age_ns = 10 * DAY_NS;
	assert_int_equal(store_trim(st, BEGIN_NS + 20 * DAY_NS, &e), 0);
	p->config.max_age_ns = 0;
	assert_int_equal(store_mark(st, "stop", 0, &e), 0);
	store_close(st);
}

static void test_aged_out_is_no_fault(void **state)
{
	struct place *p = *state;
	uint8_t key[CHAIN_PUBLIC];
	char path[PATH_MAX + 16];
	struct verify_result v;

	make_chain(p);
	snprintf(path, sizeof(path), "%s/store.pub", p->dir);
	assert_int_equal(chain_public_load(path, key), 0);
	assert_int_equal(verify(p->path, key, &v).cnt, 0);
	assert_int_equal(v.gone_n, 30);
	assert_string_equal(v.gone_reason, "age");
	assert_int_equal(v.first_n, 31);
	assert_int_equal(v.rows, 31); /* and the row that says so */
	assert_int_equal(count(p->path, &(struct store_query){ .kind = "store.deleted" }), 1);
	/* Another key is another host. */
	key[0] ^= 1;
	assert_true(verify(p->path, key, NULL).cnt > 0);
}

/* Every field of every table, each on its own. */
static void test_any_change_is_seen(void **state)
{
	static const char *const changes[] = {
		"UPDATE events SET time = time + 1 WHERE n = 40", "UPDATE events SET user = 0 WHERE n = 40",
		"UPDATE events SET user = NULL WHERE n = 40", "UPDATE events SET uid = uid || 'x' WHERE n = 40",
		"UPDATE events SET kind = 'file.opem' WHERE n = 40", "UPDATE events SET severity = 'low' WHERE n = 40",
		"UPDATE events SET severity = NULL WHERE n = 40", "UPDATE events SET session = 'abc-9' WHERE n = 40",
		"UPDATE events SET tool = 'codez' WHERE n = 40", "UPDATE events SET rule = 'other' WHERE n = 40",
		"UPDATE events SET verdict = 'allow' WHERE n = 40", "UPDATE events SET taken = NULL WHERE n = 40",
		"UPDATE events SET path = '/x' WHERE n = 40", "UPDATE events SET host = 'x' WHERE n = 40",
		"UPDATE events SET line = replace(line, 't', 'u') WHERE n = 40",
		"UPDATE events SET line = line || char(0) || 'x' WHERE n = 40",
		"UPDATE events SET path = host, host = path WHERE n = 40", "UPDATE events SET hash = zeroblob(32) WHERE n = 40",
		"UPDATE events SET hash = x'00' WHERE n = 40", "UPDATE events SET n = 1000 WHERE n = 61",
		"DELETE FROM events WHERE n = 40", "DELETE FROM events WHERE n = 31", "DELETE FROM events WHERE n = 61",
		"DELETE FROM events WHERE n > 50", "DELETE FROM events",
		"INSERT INTO events(n, time, uid, kind, line, hash) VALUES(62, 1, 'u', 'k', '{}', zeroblob(32))",
		"UPDATE marks SET kind = 'gone' WHERE id = 1", "UPDATE marks SET time = time + 1 WHERE kind = 'check'",
		"UPDATE marks SET from_n = from_n + 1 WHERE kind = 'check'", "UPDATE marks SET to_n = to_n + 1 WHERE kind = 'check'",
		"UPDATE marks SET count = count + 1 WHERE kind = 'check'", "UPDATE marks SET lost = 0 WHERE lost",
		"UPDATE marks SET reason = 'start' WHERE reason = 'stop'", "UPDATE marks SET reason = reason || char(0)",
		"UPDATE marks SET head = zeroblob(32) WHERE kind = 'check'", "UPDATE marks SET sig = zeroblob(64) WHERE kind = 'check'",
		"UPDATE marks SET time = 1 WHERE id = 1", "UPDATE marks SET count = 1 WHERE id = 1", "UPDATE marks SET head = x'00' WHERE id = 1",
		"UPDATE marks SET sig = zeroblob(64) WHERE id = 1", "UPDATE marks SET from_n = 2 WHERE id = 1",
		"UPDATE marks SET to_n = 60 WHERE id = 1", "UPDATE marks SET lost = 1 WHERE id = 1", "DELETE FROM marks WHERE id = 1",
		"UPDATE marks SET time = 1 WHERE id = 2", "UPDATE marks SET to_n = 35 WHERE id = 2", "UPDATE marks SET from_n = 2 WHERE id = 2",
		"UPDATE marks SET count = 29 WHERE id = 2", "UPDATE marks SET reason = 'size' WHERE id = 2",
		"UPDATE marks SET head = zeroblob(32) WHERE id = 2", "UPDATE marks SET sig = zeroblob(64) WHERE id = 2",
		"UPDATE marks SET lost = 1 WHERE id = 2", "DELETE FROM marks WHERE id = 2",
		"UPDATE meta SET value = value || '1' WHERE key = 'made'", "UPDATE meta SET value = value || 'x' WHERE key = 'made'",
		"UPDATE meta SET value = 'x' WHERE key = 'host'", "UPDATE meta SET value = 'x' WHERE key = 'key'",
		"UPDATE meta SET key = 'x' WHERE key = 'host'", "INSERT INTO meta VALUES('x', 'y')",
	};
	struct place *p = *state;
	char copy[PATH_MAX + 16];

	make_chain(p);
	snprintf(copy, sizeof(copy), "%s/copy.db", p->dir);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		copy_file(p->path, copy);
		remove_beside(copy);
		assert_int_equal(verify(copy, NULL, NULL).cnt, 0);
		tamper(copy, changes[i]);
		if (!verify(copy, NULL, NULL).cnt)
			fail_msg("not seen: %s", changes[i]);
	}
}

/* Without the key nobody can make another row look signed, not even while the writer runs. */
static void test_the_writer_does_not_sign_what_others_did(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);
	struct faults f;

	add_rows(st, 0, 20, BEGIN_NS);
	tamper(p->path, "DELETE FROM events WHERE n > 15");
	add_rows(st, 20, 5, BEGIN_NS);
	store_close(st);
	assert_int_equal(count(p->path, &(struct store_query){ .kind = "store.broken" }), 1);
	f = verify(p->path, NULL, NULL);
	assert_int_equal(f.cnt, 1);
	assert_string_equal(f.first, "rows 16 to 21 were cut out");

	/* And while nobody writes. */
	tamper(p->path, "DELETE FROM events WHERE n > 24");
	st = open_store(p);
	add_rows(st, 30, 5, BEGIN_NS);
	store_close(st);
	assert_int_equal(verify(p->path, NULL, NULL).cnt, 2);
}

static void test_two_writers_make_one_chain(void **state)
{
	struct place *p = *state;
	struct store *a = open_store(p), *b = open_store(p);

	for (unsigned int i = 0; i < 10; i++) {
		add_rows(a, i * 20, 10, BEGIN_NS);
		add_rows(b, i * 20 + 10, 10, BEGIN_NS);
	}
	store_close(a);
	store_close(b);
	assert_int_equal(count(p->path, &(struct store_query){ 0 }), 200);
	assert_int_equal(verify(p->path, NULL, NULL).cnt, 0);
}

/* ---- bounds and trouble ---------------------------------------------------------------------------------------------- */

static void test_size_is_bounded_and_reported(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);
	struct verify_result v;
	struct errmsg e = { 0 };
	struct stat file;
	int r;

	p->config.max_bytes = 4u << 20;
	for (unsigned int i = 0; i < 20; i++) {
		add_rows(st, i * 2000, 2000, BEGIN_NS);
		while ((r = store_trim(st, BEGIN_NS, &e)) == 1)
			;
		assert_int_equal(r, 0);
	}
	store_settle(st);
	assert_int_equal(stat(p->path, &file), 0);
	assert_in_range(file.st_size, 2u << 20, 6u << 20);
	assert_int_equal(verify(p->path, NULL, &v).cnt, 0);
	assert_string_equal(v.gone_reason, "size");
	assert_true(v.gone_n > 10000 && v.rows > 5000);
	assert_int_equal(count(p->path, &(struct store_query){ .kind = "store.deleted" }), v.gone_rows);
	store_close(st);
}

/* All rows may go. What comes then is chained to what was. */
static void test_everything_may_age_out(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);
	struct errmsg e = { 0 };
	struct verify_result v;

	add_rows(st, 0, 12, BEGIN_NS);
	p->config.max_age_ns = DAY_NS;
	assert_int_equal(store_trim(st, BEGIN_NS + 9 * DAY_NS, &e), 0);
	store_close(st);
	st = open_store(p);
	add_rows(st, 12, 3, BEGIN_NS + 9 * DAY_NS);
	store_close(st);
	assert_int_equal(verify(p->path, NULL, &v).cnt, 0);
	assert_int_equal(v.gone_n, 12);
	assert_int_equal(v.rows, 4);
}

static void test_a_damaged_file_is_known_and_moved(void **state)
{
	struct place *p = *state;
	struct store *st = open_store(p);
	struct errmsg e = { 0 };
	char aside[PATH_MAX + 32];
	int fd;

	add_rows(st, 0, 3000, BEGIN_NS);
	store_settle(st);
	store_close(st);
	fd = open(p->path, O_WRONLY);
	for (off_t at = 4096; at < 400000; at += 4096)
		assert_int_equal(pwrite(fd, "damaged by a bad disk, page by page", 35, at), 35);
	close(fd);
	assert_int_equal(store_open(&p->config, &st, &e), -EBADMSG);
	assert_int_equal(store_move_aside(p->path), 0);
	st = open_store(p);
	add_rows(st, 0, 5, BEGIN_NS);
	store_close(st);
	assert_int_equal(verify(p->path, NULL, NULL).cnt, 0);
	snprintf(aside, sizeof(aside), "%s.damaged-1", p->path);
	assert_int_equal(access(aside, F_OK), 0);
}

static void test_what_is_no_store_is_left_alone(void **state)
{
	struct place *p = *state;
	struct store *st = NULL;
	struct store_reader *r = NULL;
	struct errmsg e = { 0 };
	struct stat key;
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/other.db", p->dir);
	{
		sqlite3 *db = NULL;

		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, "CREATE TABLE notes(x); INSERT INTO notes VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
	}
	p->config.path = path;
	assert_int_equal(store_open(&p->config, &st, &e), -EPROTONOSUPPORT);
	assert_int_equal(store_reader_open(path, &r, &e), -EPROTONOSUPPORT);
	assert_int_equal(store_reader_open("/nonexistent/events.db", &r, &e), -ENOENT);
	assert_int_equal(store_reader_open(p->dir, &r, &e), -EINVAL);
	/* The key is for root alone. */
	snprintf(path, sizeof(path), "%s/store.key", p->dir);
	assert_int_equal(stat(path, &key), 0);
	assert_int_equal(key.st_mode & 0777, 0600);
}

/* A sealed file is signed by a key that nobody has any more. */
static void test_a_sealed_file_leaves_no_key(void **state)
{
	struct place *p = *state;
	struct store *st;
	char path[PATH_MAX + 32];

	p->config.sealed = true;
	st = open_store(p);
	add_rows(st, 0, 10, BEGIN_NS);
	store_close(st);
	snprintf(path, sizeof(path), "%s/store.key", p->dir);
	assert_int_equal(access(path, F_OK), -1);
	/* It is one file, to be handed over. */
	snprintf(path, sizeof(path), "%s-wal", p->path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(verify(p->path, NULL, NULL).cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_are_kept_and_found, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_paths_and_hosts_mean_what_is_below, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_a_row_that_is_there_is_not_added_again, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_aged_out_is_no_fault, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_any_change_is_seen, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_the_writer_does_not_sign_what_others_did, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_two_writers_make_one_chain, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_size_is_bounded_and_reported, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_everything_may_age_out, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_a_damaged_file_is_known_and_moved, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_what_is_no_store_is_left_alone, make_place, leave_place),
		cmocka_unit_test_setup_teardown(test_a_sealed_file_leaves_no_key, make_place, leave_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
