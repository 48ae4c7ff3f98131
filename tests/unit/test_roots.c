/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Homes that are no part of the automata: what is below one is below ~, whatever its path, and their number costs the tables nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/naive.h"

struct built {
	struct policy *p;
	struct compiled *c;
};

static void built_done(struct built *b)
{
	compiled_free(b->c);
	policy_free(b->p);
}

static struct built build(const char *text, const char *const *homes, size_t homes_cnt)
{
	struct policy_source src = { .name = (char[]){ "policy.yaml" }, .text = (char *)(uintptr_t)text, .len = strlen(text) };
	const struct policy_host host = { .homes = homes, .homes_cnt = homes_cnt };
	struct built b = { 0 };
	struct errmsg e = { 0 };

	if (policy_load_sources(&src, 1, &b.p, &e) < 0 || policy_compile(b.p, &host, &b.c, &e) < 0)
		fail_msg("%u:%u: %s\n%s", e.line, e.column, e.text, text);
	return b;
}

static const char *const homes[] = { "/home/*", "/root", "/data/u/ann", "/var/lib/ci", "/data/\\[x\\]\\*" };

/* The classes of a set, as bits by their names c0, c1, ... */
static unsigned int classes_of(const struct built *b, unsigned int set)
{
	const char *names[16];
	size_t cnt = compiled_classes(b->c, set, names, ARRAY_SIZE(names));
	unsigned int bits = 0;

	for (size_t i = 0; set && i < cnt; i++)
		bits |= 1u << (names[i][1] - '0');
	return bits;
}

static unsigned int naive_classes(const struct built *b, const char *path)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < b->p->secrets_cnt; i++)
		if (naive_path(&b->p->secrets[i].paths, homes, ARRAY_SIZE(homes), path))
			bits |= 1u << i;
	return bits;
}

static const char one_policy[] =
	"version: 1\n"
	"secrets:\n"
	"  c0: {paths: ['~/.ssh/id_*']}\n"
	"  c1: {paths: ['**/.env', '!~/public/**']}\n"
	"  c2: {paths: ['/data/u/ann/papers/**']}\n"
	"tools: {t: {exe: ['~/bin/t'], own: ['~/.t/**']}}\n"
	"rules:\n"
	"  - {id: a, tool: any, read: [c0, c1, c2], action: alert}\n"
	"  - {id: o, tool: any, read: [own], action: log}\n";

static void test_below_a_root(void **state)
{
	static const struct {
		const char *path;
		unsigned int classes, other;
	} cases[] = {
		{ "/data/u/ann/.ssh/id_rsa", 1, 0 },
		{ "/var/lib/ci/.ssh/id_rsa", 1, 0 },
		{ "/data/[x]*/.ssh/id_rsa", 1, 0 },
		{ "/data/x/.ssh/id_rsa", 0, 0 },
		{ "/data/u/ann2/.ssh/id_rsa", 0, 0 },
		{ "/data/u/ann/x/.ssh/id_rsa", 0, 0 },
		{ "/home/bob/.ssh/id_rsa", 1, 0 },
		/* What is taken back there, and only there. */
		{ "/var/lib/ci/.env", 2, 0 },
		{ "/var/lib/ci/public/.env", 0, 0 },
		{ "/srv/public/.env", 2, 0 },
		/* A rule on the home's own path counts beside what is below ~. */
		{ "/data/u/ann/papers/x", 4, 0 },
		{ "/data/u/ann/papers/.env", 6, 2 },
		{ "/data/u/ann", 0, 0 },
		{ "/", 0, 0 },
		{ "", 0, 0 },
		{ "relative/.env", 2, 0 },
	};
	cleanup_(built_done) struct built b = build(one_policy, homes, ARRAY_SIZE(homes));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int other, set = compiled_match(b.c, b.c->path, cases[i].path, strlen(cases[i].path), NULL, &other, NULL);

		if (classes_of(&b, set) != cases[i].classes || classes_of(&b, other) != cases[i].other)
			fail_msg("%s: %x and %x", cases[i].path, classes_of(&b, set), classes_of(&b, other));
	}
	assert_int_equal(compiled_exec(b.c, "/data/u/ann/bin/t", NULL, 0).tool, 1);
	assert_int_equal(compiled_exec(b.c, "/data/u/bob/bin/t", NULL, 0).tool, 0);
}

static void test_a_root_to_come(void **state)
{
	cleanup_(built_done) struct built b = build(one_policy, homes, ARRAY_SIZE(homes));
	const char path[] = "/data/u/dan/.ssh/id_rsa";

	(void)state;
	assert_int_equal(compiled_match(b.c, b.c->path, path, strlen(path), NULL, NULL, NULL), 0);
	assert_int_equal(compiled_add_root(b.c, "/data/u/dan"), 1);
	assert_int_equal(compiled_add_root(b.c, "/data/u/dan"), 0);
	assert_int_equal(classes_of(&b, compiled_match(b.c, b.c->path, path, strlen(path), NULL, NULL, NULL)), 1);
	assert_int_equal(compiled_add_root(b.c, "/"), 0);
	assert_int_equal(compiled_match(b.c, b.c->path, "/.ssh/id_rsa", 12, NULL, NULL, NULL), 0);
}

/* ---- against the plain way ------------------------------------------------------------------------------------------ */

static uint64_t seed = 1;

static unsigned int any(unsigned int below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(seed >> 33) % below;
}

static const char *const names[] = { "a", "b", "key", ".env", "ci", "ann", "u", "data" };

static const char *name(void)
{
	return names[any(ARRAY_SIZE(names))];
}

/* what: 0 any form, 1 without those that begin with /. */
static void add_pattern(char *text, size_t size, bool anchored, bool negated)
{
	size_t len = strlen(text);
	const char *not = negated ? "!" : "";

	switch (any(anchored ? 8 : 6)) {
	case 0:
		snprintf(text + len, size - len, "'%s~/%s'", not, name());
		break;
	case 1:
		snprintf(text + len, size - len, "'%s~/%s/**'", not, name());
		break;
	case 2:
		snprintf(text + len, size - len, "'%s~/**/%s'", not, name());
		break;
	case 3:
		snprintf(text + len, size - len, "'%s~/%s/*%c'", not, name(), 'a' + (int)any(3));
		break;
	case 4:
		snprintf(text + len, size - len, "'%s**/%s'", not, name());
		break;
	case 5:
		snprintf(text + len, size - len, "'%s**/%s/%s/*'", not, name(), name());
		break;
	case 6:
		snprintf(text + len, size - len, "'%s/data/u/%s/**'", not, name());
		break;
	default:
		snprintf(text + len, size - len, "'%s/var/lib/ci/%s'", not, name());
		break;
	}
}

static void random_path(char *path, size_t size)
{
	static const char *const begins[] = { "/home/ann", "/root", "/data/u/ann", "/var/lib/ci", "/data/[x]*", "/data/u", "/srv", "", "/var/lib" };

	snprintf(path, size, "%s", begins[any(ARRAY_SIZE(begins))]);
	for (unsigned int n = 1 + any(4); n; n--)
		snprintf(path + strlen(path), size - strlen(path), "/%s", name());
}

/*
 * No class is ever missing. Without "!", none is too much either; with it, one may be that is taken back by what only the home's own path
 * says: policies/README.md says so.
 */
static void test_any_policy(void **state)
{
	const char *from = getenv("SLUICE_SEED");
	unsigned int both = 0, hits = 0;

	(void)state;
	seed = from ? strtoull(from, NULL, 0) : (uint64_t)time(NULL);
	print_message("SLUICE_SEED=%llu\n", (unsigned long long)seed);
	for (int n = 0; n < 150; n++) {
		char text[2048] = "version: 1\nsecrets:\n", path[256];
		bool negations = n % 4 > 1;
		struct built b;

		for (int c = 0; c < 4; c++) {
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "  c%d: {paths: [", c);
			add_pattern(text, sizeof(text), n % 2, false);
			for (unsigned int more = any(3); more; more--) {
				strcat(text, ", ");
				add_pattern(text, sizeof(text), n % 2, negations && any(3) == 0);
			}
			strcat(text, "]}\n");
		}
		strcat(text, "tools: {t: {exe: /t}}\nrules: [{id: r, tool: any, read: [c0, c1, c2, c3], action: log}]\n");
		b = build(text, homes, ARRAY_SIZE(homes));
		for (int i = 0; i < 300; i++) {
			unsigned int other, set, want, got;

			random_path(path, sizeof(path));
			set = compiled_match(b.c, b.c->path, path, strlen(path), NULL, &other, NULL);
			want = naive_classes(&b, path);
			got = classes_of(&b, set) | classes_of(&b, other);
			both += other != 0;
			hits += want != 0;
			if (want & ~got || (!negations && got != want))
				fail_msg("%s: %x (%x and %x) instead of %x by\n%s", path, got, classes_of(&b, set), classes_of(&b, other), want, text);
		}
		built_done(&b);
	}
	assert_true(hits > 1000 && both > 10);
}

static void test_ten_thousand(void **state)
{
	static char text[10000][32];
	static const char *many[10002] = { "/home/*", "/root" };
	struct built few, all;
	clock_t began;
	char path[] = "/data/u/user9999/.ssh/id_rsa";

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(text[i], sizeof(text[i]), "/data/u/user%d", i);
		many[2 + i] = text[i];
	}
	few = build(one_policy, many, 3);
	began = clock();
	all = build(one_policy, many, ARRAY_SIZE(many));
	assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
	assert_int_equal(dfa_table_size(few.c->path), dfa_table_size(all.c->path));
	assert_int_equal(compiled_match(few.c, few.c->path, path, strlen(path), NULL, NULL, NULL), 0);
	assert_int_equal(classes_of(&all, compiled_match(all.c, all.c->path, path, strlen(path), NULL, NULL, NULL)), 1);
	built_done(&few);
	built_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_below_a_root),
		cmocka_unit_test(test_a_root_to_come),
		cmocka_unit_test(test_any_policy),
		cmocka_unit_test(test_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
