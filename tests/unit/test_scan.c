/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Rules with their examples, text decoded, own secrets, and what is packed: the tools' own forms, and ones that are
 * made to cost their reader. Secrets are put together here, so that nothing in this file looks like one.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "process/sqlimage.h"
#include "process/userfile.h"
#include "scan/clean.h"
#include "scan/decode.h"
#include "scan/look.h"

static struct rules *rules;
static struct own *own;

static int begin_clean(void **state);
static int end_clean(void **state);

static int load(void **state)
{
	static char text[1 << 20];
	struct errmsg e = { 0 };
	FILE *f = fopen("policies/secret-rules.tsv", "r");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	(void)state;
	if (f)
		fclose(f);
	if (rules_new(text, n, &rules, &e) || own_new(&own)) {
		fprintf(stderr, "line %u: %s\n", e.line, e.text);
		return -1;
	}
	return begin_clean(state);
}

static int unload(void **state)
{
	(void)state;
	rules_free(rules);
	own_free(own);
	return end_clean(state);
}

/* ---- rules
 * ----------------------------------------------------------------------------------------------------------- */

static const char *wanted;
static unsigned int found;

static void count_rule(void *arg, const struct rule *rule, size_t at, size_t len)
{
	(void)arg;
	(void)at;
	(void)len;
	found += !strcmp(rule->id, wanted);
}

static void each_rule_knows_its_example(void **state)
{
	size_t with = 0;

	(void)state;
	assert_true(rules_count(rules) > 200);
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *r = rules_at(rules, i);

		if (!r->code)
			continue;
		with++;
		wanted = r->id;
		found = 0;
		rules_search(rules, r->example, strlen(r->example), count_rule, NULL);
		if (found != 1)
			fail_msg("%s: its example is found %u times", r->id, found);
		rules_search(rules, r->counter, strlen(r->counter), count_rule, NULL);
		if (found != 1)
			fail_msg("%s: what is none is found", r->id);
		/* In the middle of other text too, and twice. */
		{
			cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;

			strbuf_addf(&b, "lorem ipsum dolor\n%s\nsit amet\n%s\nconsectetur", r->example, r->example);
			found = 0;
			rules_search(rules, strbuf_str(&b), b.len, count_rule, NULL);
			if (found != 2)
				fail_msg("%s: two of it are found as %u", r->id, found);
		}
	}
	assert_int_equal(with + 1, rules_count(rules));
}

static void generic_needs_a_name_and_chance(void **state)
{
	static const struct {
		const char *text;
		unsigned int want;
	} cases[] = {
		{ "DB_PASSWORD=k3J9xQ2mZ7pL4vN8", 1 },
		{ "\"apiKey\": \"9fK2mQ7xZ4pL8vN3bR6t\"", 1 },
		{ "my_secret = '1be3e4a7cea95d70f6c8b21a4e9d0f37c5b8a612'", 1 },
		{ "password=${DB_PASSWORD_FROM_THE_VAULT_1}", 0 },
		{ "key = some_function_name_that_is_long2", 0 },
		{ "password: correcthorsebatterystaple", 0 },
		{ "token_count=12345678901234567890", 0 },
		{ "k3J9xQ2mZ7pL4vN8", 0 },
		{ "monkey eats 9fK2mQ7xZ4pL8vN3bR6t", 0 },
	};

	(void)state;
	wanted = "generic";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		found = 0;
		rules_search(rules, cases[i].text, strlen(cases[i].text), count_rule, NULL);
		if (found != cases[i].want)
			fail_msg("%s: found %u times", cases[i].text, found);
	}
}

static void bad_rules_are_named(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} cases[] = {
		{ "# c\nid\ttitle\n", 2 },
		{ "a\tb\thigh\t0\t0\t10\tkey\t(\tx\ty\n", 1 },
		{ "a\tb\thigh\t0\t0\t0\tkey\tx\tx\ty\n", 1 },
		{ "a\tb\thigh\t0\t0\t99999\tkey\tx\tx\ty\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rules *r = NULL;
		struct errmsg e = { 0 };

		assert_true(rules_new(cases[i].text, strlen(cases[i].text), &r, &e) < 0);
		assert_null(r);
		assert_int_equal(e.line, cases[i].line);
		assert_true(e.text[0]);
	}
}

/* ---- decoding
 * -------------------------------------------------------------------------------------------------------- */

static const char *needle;
static size_t raw_at, raw_len;

static void look_for(void *arg, const char *text, size_t len, const struct decode_level *level)
{
	const char *at = memmem(text, len, needle, strlen(needle));

	(void)arg;
	if (!at)
		return;
	found++;
	decode_place(level, (size_t)(at - text), strlen(needle), &raw_at, &raw_len);
}

static void reads_json_in_json(void **state)
{
	static const struct {
		const char *text, *needle, *raw;
		bool json;
	} cases[] = {
		{ "KEY=\"value\"", "\"value\"", "\"value\"", false },
		{ "{\"a\":\"KEY=\\\"value\\\"\\n\"}", "KEY=\"value\"\n", "KEY=\\\"value\\\"\\n", true },
		{ "{\"a\":\"{\\\"b\\\":\\\"KEY=\\\\\\\"value\\\\\\\"\\\"}\"}", "KEY=\"value\"",
		  "KEY=\\\\\\\"value\\\\\\\"", true },
		{ "log line: {\"a\":\"KEY=\\\"v\\\"\"}\nnext", "KEY=\"v\"", "KEY=\\\"v\\\"", false },
		{ "{\"a\":\"\\u004bEY\"}", "KEY", "\\u004bEY", true },
		{ "{\"a\":\"\\u00e4b\\/c\"}",
		  "\xc3\xa4"
		  "b/c",
		  "\\u00e4b\\/c", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		found = 0;
		needle = cases[i].needle;
		assert_int_equal(decode_search(cases[i].text, strlen(cases[i].text), cases[i].json, look_for, NULL), 0);
		if (!found)
			fail_msg("%s: not found", cases[i].text);
		assert_int_equal(raw_len, strlen(cases[i].raw));
		assert_memory_equal(cases[i].text + raw_at, cases[i].raw, raw_len);
	}
}

/* ---- files
 * ----------------------------------------------------------------------------------------------------------- */

static char why[256];

static void take_why(void *arg, const char *text)
{
	(void)arg;
	snprintf(why, sizeof(why), "%s", text);
}

static bool go_on(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return true;
}

static struct look look_new(void)
{
	why[0] = '\0';
	return (struct look){ .rules = rules, .own = own, .unread = take_why, .beat = go_on };
}

/* A GitHub token that nobody has. */
static const char *token(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%s",
	         "gh"
	         "p_",
	         "q7Zk2VbN9xLm4TcR8wYd3HsJ6fGaP1uE5oXi");
	return text;
}

static void finds_what_is_packed(void **state)
{
	struct look l = look_new();
	char plain[256], packed[512], nested[512];
	size_t len, n;
	uLongf zlen = sizeof(packed);

	(void)state;
	len = (size_t)snprintf(plain, sizeof(plain), "{\"out\":\"GITHUB_TOKEN=\\\"%s\\\"\"}\n", token());
	n = ZSTD_compress(packed, sizeof(packed), plain, len, 3);
	look_bytes(&l, packed, n);
	assert_int_equal(l.cnt, 1);
	n = ZSTD_compress(nested, sizeof(nested), packed, n, 3);
	assert_false(ZSTD_isError(n));
	assert_int_equal(compress((Bytef *)packed, &zlen, (const Bytef *)plain, len), Z_OK);
	look_bytes(&l, packed, zlen);
	assert_int_equal(l.cnt, 1);
	/* Without its end, and damaged. */
	n = ZSTD_compress(packed, sizeof(packed), plain, len, 3);
	look_bytes(&l, packed, n - 6);
	assert_true(why[0]);
	look_done(&l);
}

static void finds_what_is_in_a_database(void **state)
{
	struct look l = look_new();
	char sql[512];
	unsigned char *image;
	sqlite3_int64 size;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	snprintf(sql, sizeof(sql),
	         "CREATE TABLE \"odd \"\" name\"(v); INSERT INTO \"odd \"\" name\" VALUES('{\"o\":\"T=\\\"%s\\\"\"}')",
	         token());
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	image = sqlite3_serialize(db, "main", &size, 0);
	look_bytes(&l, image, (size_t)size);
	assert_true(l.cnt >= 1);
	assert_non_null(strstr(l.hits[0].inside, "odd"));
	sqlite3_free(image);
	sqlite3_close(db);
	look_done(&l);
}

/* 8 GiB of nothing in 400 kB, and a line without an end. */
static void bounds_hold(void **state)
{
	struct look l = look_new();
	ZSTD_CCtx *z = ZSTD_createCCtx();
	static char zero[1 << 20], out[1 << 20];
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;

	(void)state;
	for (unsigned int i = 0; i < 2048; i++) {
		ZSTD_inBuffer in = { zero, sizeof(zero), 0 };

		while (in.pos < in.size) {
			ZSTD_outBuffer o = { out, sizeof(out), 0 };

			assert_false(ZSTD_isError(ZSTD_compressStream2(z, &o, &in, ZSTD_e_continue)));
			strbuf_add(&b, out, o.pos);
		}
	}
	for (size_t left = 1; left;) {
		ZSTD_inBuffer in = { NULL, 0, 0 };
		ZSTD_outBuffer o = { out, sizeof(out), 0 };

		left = ZSTD_compressStream2(z, &o, &in, ZSTD_e_end);
		strbuf_add(&b, out, o.pos);
	}
	ZSTD_freeCCtx(z);
	look_bytes(&l, strbuf_str(&b), b.len);
	assert_string_equal(why, "more comes out of it than is unpacked");
	look_done(&l);
}

/* A secret where two pieces of a file meet, and the line that it is on. */
static void pieces_overlap(void **state)
{
	char path[] = "/tmp/sluice-unit.XXXXXX";
	int fd = mkstemp(path);
	struct look l = look_new();
	static char block[EXTRACT_CHUNK];

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	memset(block, 'x', sizeof(block));
	for (size_t i = 99; i < sizeof(block); i += 100)
		block[i] = '\n';
	assert_int_equal(write(fd, block, sizeof(block) - 10), sizeof(block) - 10);
	assert_int_equal(dprintf(fd, " %s\n", token()), 42);
	assert_int_equal(dprintf(fd, "again %s\n", token()), 47);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	look_file(&l, fd, -1);
	assert_int_equal(l.cnt, 2);
	assert_int_equal(l.hits[0].at, sizeof(block) - 9);
	assert_int_equal(l.hits[0].len, 40);
	assert_int_equal(l.hits[0].line, (sizeof(block) - 10) / 100 + 1);
	assert_int_equal(l.hits[1].line, l.hits[0].line + 1);
	assert_int_equal(l.hits[0].hash, l.hits[1].hash);
	close(fd);
	look_done(&l);
}

static void finds_own_secrets_exactly(void **state)
{
	static const char env[] =
	        "# comment\nexport SHOP_PIN='v4x9-kq27-zz81-pm35'\nPUBLIC_URL=https://shop.example.com/v1/abc123\nSHORT=abc123\n"
	        "DSN=postgres://shop:k27xq94vz81pm35@db.example.com/shop\n";
	static const char json[] = "{\"tokens\":{\"refresh\":\"r9K2-\\u0041bcd-77xx-22yy-zz\"}}";
	struct look l = look_new();

	(void)state;
	assert_int_equal(own_add_file(own, "~/shop/.env", env, sizeof(env) - 1), 0);
	assert_int_equal(own_add_file(own, "~/.x/auth.json", json, sizeof(json) - 1), 0);
	assert_int_equal(own_count(own), 3);
	look_bytes(&l, "said v4x9-kq27-zz81-pm35 and r9K2-Abcd-77xx-22yy-zz, https://shop.example.com/v1/abc123", 86);
	assert_int_equal(l.cnt, 2);
	assert_null(l.hits[0].rule);
	assert_string_equal(l.hits[0].source, "~/shop/.env");
	assert_string_equal(l.hits[0].name, "SHOP_PIN");
	assert_string_equal(l.hits[1].name, "refresh");
	look_bytes(&l, "v4x9-kq27-zz81-pm36", 19);
	assert_int_equal(l.cnt, 0);
	look_done(&l);
}

/* ---- cleaning
 * -------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/sluice-unit.XXXXXX", clean_path[64];

static void put_file(const char *text, size_t len)
{
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	int fd = open(clean_path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(futimens(fd, old), 0);
	close(fd);
}

/* Scans and cleans; what clean_file() says. */
static int clean(struct clean *c, struct look *l, bool apply)
{
	int fd = open(clean_path, O_RDONLY), cnt;

	assert_true(fd >= 0);
	look_file(l, fd, -1);
	close(fd);
	*c = (struct clean){ .root = userfile_folder("/"),
		             .path = clean_path,
		             .uid = getuid(),
		             .look = l,
		             .now_s = 1800000000,
		             .apply = apply };
	cnt = clean_file(c);
	close(c->root);
	return cnt;
}

static size_t get_file(char *buf, size_t size)
{
	int fd = open(clean_path, O_RDONLY);
	ssize_t n = read(fd, buf, size - 1);

	close(fd);
	assert_true(n >= 0);
	buf[n] = '\0';
	return (size_t)n;
}

static int begin_clean(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(clean_path, sizeof(clean_path), "%s/f", folder);
	return 0;
}

static int end_clean(void **state)
{
	(void)state;
	unlink(clean_path);
	return rmdir(folder); /* which fails if anything else was left in it */
}

static void cleans_in_place(void **state)
{
	struct look l = look_new();
	char text[256], after[256];
	struct clean c;
	struct stat st;
	size_t len;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text), "{\"a\":\"T=\\\"%s\\\"\",\"b\":1}\n{\"c\":2}\n", token());
	put_file(text, len);
	assert_int_equal(clean(&c, &l, false), 1);
	assert_int_equal(get_file(after, sizeof(after)), len);
	assert_memory_equal(text, after, len);
	assert_int_equal(clean(&c, &l, true), 1);
	assert_int_equal(get_file(after, sizeof(after)), len);
	assert_null(strstr(after, token()));
	assert_non_null(strstr(after, "T=\\\"****"));
	assert_int_equal(stat(clean_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_mtime, 1700000000);
	assert_int_equal(clean(&c, &l, true), 0);
	look_done(&l);
}

static void leaves_alone_what_it_must(void **state)
{
	struct look l = look_new();
	char text[128], other[72];
	struct clean c;

	(void)state;
	snprintf(text, sizeof(text), "T=%s\n", token());
	put_file(text, strlen(text));
	/* Written a moment ago. */
	assert_int_equal(utimensat(AT_FDCWD, clean_path, NULL, 0), 0);
	clean(&c, &l, true);
	c.now_s = (uint64_t)time(NULL);
	c.root = userfile_folder("/");
	put_file(text, strlen(text));
	assert_int_equal(utimensat(AT_FDCWD, clean_path, NULL, 0), 0);
	assert_int_equal(clean_file(&c), -1);
	assert_string_equal(c.why, "was written within the last minute");
	close(c.root);
	/* Another name of it would keep the secret. */
	put_file(text, strlen(text));
	snprintf(other, sizeof(other), "%s2", clean_path);
	assert_int_equal(link(clean_path, other), 0);
	assert_int_equal(clean(&c, &l, true), -1);
	assert_string_equal(c.why, "has more than one name");
	unlink(other);
	/* A link to it. */
	assert_int_equal(rename(clean_path, other), 0);
	assert_int_equal(symlink(other, clean_path), 0);
	assert_int_equal(clean(&c, &l, true), -1);
	unlink(clean_path);
	assert_int_equal(rename(other, clean_path), 0);
	look_done(&l);
}

/* Random JSON lines, escaped once or twice, cut anywhere: lengths stay, everything but secrets stays, no file of
 * another kind appears. */
static void damages_nothing(void **state)
{
	static const char pieces[][24] = { "\\n", "\\\"", "\\\\",     "\\u0041", " key=",
		                           "{}",  "abc ", "\xc3\xa4", "\\t",     "\\\\\\\"" };
	struct look l = look_new();
	unsigned int seed = 20, cleaned = 0;
	static char text[4096], after[4096];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		struct clean c;
		size_t len = 0, n;

		for (unsigned int line = 0; line < 4; line++) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "{\"a\":\"");
			for (unsigned int k = 0; k < 8; k++) {
				if (rand_r(&seed) % 5 == 0)
					len += (size_t)snprintf(text + len, sizeof(text) - len, " %s ", token());
				else
					len += (size_t)snprintf(
					        text + len, sizeof(text) - len, "%s",
					        pieces[(unsigned int)rand_r(&seed) % ARRAY_SIZE(pieces)]);
			}
			len += (size_t)snprintf(text + len, sizeof(text) - len, "\"}\n");
		}
		if (rand_r(&seed) % 4 == 0)
			len -= (size_t)rand_r(&seed) % (len / 2);
		put_file(text, len);
		cleaned += clean(&c, &l, true) > 0;
		n = get_file(after, sizeof(after));
		assert_int_equal(n, len);
		assert_null(memmem(after, n, token(), strlen(token())));
		for (size_t at = 0; at < n; at++)
			if (after[at] != text[at])
				assert_int_equal(after[at], '*');
		for (size_t at = 0; at < n; at++)
			if (text[at] == '"' || text[at] == '\n' || text[at] == '{')
				assert_int_equal(after[at], text[at]);
	}
	assert_true(cleaned > 900);
	look_done(&l);
}

static void cleans_a_database(void **state)
{
	struct look l = look_new();
	char sql[512];
	static char bytes[1 << 16];
	struct clean c;
	sqlite3_stmt *st;
	sqlite3 *db;
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	size_t n;

	(void)state;
	unlink(clean_path);
	assert_int_equal(sqlite3_open(clean_path, &db), SQLITE_OK);
	snprintf(
	        sql, sizeof(sql),
	        "CREATE TABLE t(id TEXT PRIMARY KEY, v); INSERT INTO t VALUES('a','{\"o\":\"T=\\\"%s\\\"\"}'),('b','x %s'); DELETE FROM t WHERE id='b'",
	        token(), token());
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(utimensat(AT_FDCWD, clean_path, old, 0), 0);
	assert_true(clean(&c, &l, false) >= 1);
	assert_int_equal(clean(&c, &l, true), 1);
	n = get_file(bytes, sizeof(bytes));
	/* Not in a row, and not in a free page either. */
	assert_null(memmem(bytes, n, token(), strlen(token())));
	assert_int_equal(sqlite3_open(clean_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT v FROM t", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_non_null(strstr((const char *)sqlite3_column_text(st, 0), "{\"o\":\"T=\\\"****"));
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	/* Somebody writes to it. */
	assert_int_equal(
	        sqlite3_exec(
	                db,
	                "UPDATE t SET v = 'T=' || 'gh' || 'p_q7Zk2VbN9xLm4TcR8wYd3HsJ6fGaP1uE5oXi'; BEGIN IMMEDIATE",
	                NULL, NULL, NULL),
	        SQLITE_OK);
	assert_int_equal(utimensat(AT_FDCWD, clean_path, old, 0), 0);
	assert_int_equal(clean(&c, &l, true), -1);
	assert_string_equal(c.why, "is in use");
	sqlite3_close(db);
	look_done(&l);
}

static void put_be32(unsigned char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(v >> (24 - 8 * i));
}

/*
 * A journal that waits to be rolled back, planted beside the database: SQLite deletes the super-journal that it names, which can be any file.
 * Its format: SQLite's fileformat document, "The Rollback Journal" and "Super-journal".
 */
static void a_planted_journal_deletes_nothing(void **state)
{
	static const unsigned char magic[8] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7 };
	char victim[80], journal[80], sql[256];
	unsigned char bytes[1024] = { 0 }, *end = bytes + 512;
	struct look l = look_new();
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	struct clean c;
	uint32_t sum = 0;
	sqlite3 *db;
	int fd;

	(void)state;
	unlink(clean_path);
	assert_int_equal(sqlite3_open(clean_path, &db), SQLITE_OK);
	snprintf(sql, sizeof(sql), "CREATE TABLE t(v); INSERT INTO t VALUES('T=%s')", token());
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(utimensat(AT_FDCWD, clean_path, old, 0), 0);

	snprintf(victim, sizeof(victim), "%s/victim", folder);
	fd = open(victim, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "kept\n", 5), 5);
	close(fd);

	memcpy(bytes, magic, 8);       /* header: no records */
	put_be32(bytes + 16, 2);       /* pages of the database */
	put_be32(bytes + 20, 512);     /* sector */
	put_be32(bytes + 24, 4096);    /* page */
	put_be32(end, 0x40000000 / 4096 + 1);
	memcpy(end + 4, victim, strlen(victim));
	for (const char *p = victim; *p; p++)
		sum += (unsigned char)*p;
	end += 4 + strlen(victim);
	put_be32(end, (uint32_t)strlen(victim));
	put_be32(end + 4, sum);
	memcpy(end + 8, magic, 8);
	end += 16;
	snprintf(journal, sizeof(journal), "%s-journal", clean_path);
	fd = open(journal, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, (size_t)(end - bytes)), end - bytes);
	close(fd);

	assert_int_equal(clean(&c, &l, true), -1);
	assert_int_equal(access(victim, F_OK), 0);
	unlink(victim);
	unlink(journal);
	look_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_knows_its_example),
		cmocka_unit_test(generic_needs_a_name_and_chance),
		cmocka_unit_test(bad_rules_are_named),
		cmocka_unit_test(reads_json_in_json),
		cmocka_unit_test(finds_what_is_packed),
		cmocka_unit_test(finds_what_is_in_a_database),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(pieces_overlap),
		cmocka_unit_test(finds_own_secrets_exactly),
		cmocka_unit_test(cleans_in_place),
		cmocka_unit_test(leaves_alone_what_it_must),
		cmocka_unit_test(damages_nothing),
		cmocka_unit_test(cleans_a_database),
		cmocka_unit_test(a_planted_journal_deletes_nothing),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
