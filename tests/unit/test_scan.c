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
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "process/sqlimage.h"
#include "scan/decode.h"
#include "scan/look.h"

static struct rules *rules;
static struct own *own;

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
	return 0;
}

static int unload(void **state)
{
	(void)state;
	rules_free(rules);
	own_free(own);
	return 0;
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
	};

	return cmocka_run_group_tests(tests, load, unload);
}
