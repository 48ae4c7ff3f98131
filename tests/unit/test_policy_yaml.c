/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Loading a policy: what comes out of a good file, and what is said, and where, about a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "policy/policy.h"

/* Loads main.yaml from memory, with up to one more file. */
static int load2(const char *text, const char *name, const char *more, struct policy **ret, struct errmsg *e)
{
	struct policy_source sources[2] = {
		{ .name = (char[]){ "main.yaml" }, .text = (char *)(uintptr_t)text, .len = strlen(text) },
		{ .name = (char *)(uintptr_t)name, .text = (char *)(uintptr_t)more, .len = more ? strlen(more) : 0 },
	};

	*ret = NULL;
	return policy_load_sources(sources, more ? 2 : 1, ret, e);
}

static struct policy *good2(const char *text, const char *name, const char *more)
{
	struct policy *p;
	struct errmsg e;

	if (load2(text, name, more, &p, &e) < 0)
		fail_msg("%s:%u:%u: %s\n  %s", e.file, e.line, e.column, e.text, e.source);
	return p;
}

static struct policy *good(const char *text)
{
	return good2(text, NULL, NULL);
}

/* ---- what comes out ----------------------------------------------------------------------------------------------- */

static void every_key(void **state)
{
	cleanup_(policy_freep) struct policy *p = good(
		"version: 1\n"
		"mode: enforce\n"
		"require: deny\n"
		"guard: off\n"
		"secrets:\n"
		"  dotenv: {paths: ['**/.env', \"!**/.env.example\"], confidence: low}\n"
		"  keys: {paths: ~/.ssh/id_*}\n"
		"tools:\n"
		"  one: {title: Tool One, exe: /opt/one, argv: ['**/one.js'], helpers: [rg], own: [~/.one/**],\n"
		"        providers: [alpha], startup: {classes: dotenv, within: 1500ms}}\n"
		"interpreters:\n"
		"  node: {exe: ['**/bin/node'], value-options: [-r, --require]}\n"
		"readers:\n"
		"  ssh: {exe: ['**/bin/ssh'], for: [keys]}\n"
		"  cat: {exe: ['**/bin/cat'], kind: generic}\n"
		"providers:\n"
		"  alpha: {title: A, domains: ['*.alpha.example'], cidrs: [192.0.2.0/24, '2001:db8::/32'], ports: [443, 80],\n"
		"          tier: api, region: eu, training: never, retention: 30 days, terms: see there}\n"
		"rules:\n"
		"  - {id: a, tool: any, exe: '**/x', except: ['**/y', '**/z'], user: [ann, 1000], reader: [self, other],\n"
		"     read: [dotenv, own, unresolvable], action: block, severity: critical, tell: tty, message: \"no: never\"}\n"
		"  - {id: b, tool: [one], connect: {provider: [alpha, unknown], not: loopback, tier: [api, local], not-tier: dev,\n"
		"     region: eu, not-region: us, host: ['*.example'], cidr: 10.0.0.0/8, port: 8080, proto: [udp]}, action: log}\n"
		"  - {id: c, tool: none, connect: any, action: allow}\n"
		"  - {id: d, tool: all, reader: {not: [purpose-built, startup]}, read: keys, action: alert}\n");
	const struct policy_rule *r;

	(void)state;
	assert_int_equal(p->mode, POLICY_ENFORCE);
	assert_int_equal(p->require, POLICY_REQUIRE_DENY);
	assert_int_equal(p->guard, POLICY_GUARD_OFF);

	assert_int_equal(p->secrets_cnt, 2);
	assert_string_equal(p->secrets[0].name, "dotenv");
	assert_int_equal(p->secrets[0].paths.cnt, 2);
	assert_string_equal(p->secrets[0].paths.v[1], "!**/.env.example");
	assert_string_equal(p->secrets[0].confidence, "low");
	assert_string_equal(p->secrets[1].paths.v[0], "~/.ssh/id_*");
	assert_string_equal(p->secrets[1].confidence, "high");

	assert_string_equal(p->tools[0].title, "Tool One");
	assert_string_equal(p->tools[0].exe.v[0], "/opt/one");
	assert_string_equal(p->tools[0].helpers.v[0], "rg");
	assert_string_equal(p->tools[0].startup.v[0], "dotenv");
	assert_int_equal(p->tools[0].startup_ns, 1500000000);
	assert_int_equal(p->interpreters[0].value_options.cnt, 2);
	assert_int_equal(p->readers[0].kind, SL_READER_PURPOSE);
	assert_int_equal(p->readers[1].kind, SL_READER_GENERIC);

	assert_int_equal(p->providers[0].cidrs_cnt, 2);
	assert_int_equal(p->providers[0].cidrs[1].family, 6);
	assert_int_equal(p->providers[0].ports[1], 80);
	assert_string_equal(p->providers[0].retention, "30 days");

	r = &p->rules[0];
	assert_int_equal(r->scope, POLICY_TOOL_ANY);
	assert_int_equal(r->object, POLICY_OBJECT_READ);
	assert_int_equal(r->readers, 1u << SL_READER_SELF | 1u << SL_READER_OTHER);
	assert_int_equal(r->classes.cnt, 3);
	assert_int_equal(r->except.cnt, 2);
	assert_int_equal(r->users.cnt, 2);
	assert_int_equal(r->action, SL_ACTION_BLOCK);
	assert_string_equal(r->severity, "critical");
	assert_string_equal(r->message, "no: never");
	assert_int_equal(r->tell, POLICY_TELL_TTY);
	r = &p->rules[1];
	assert_int_equal(r->scope, POLICY_TOOL_LIST);
	assert_int_equal(r->object, POLICY_OBJECT_CONNECT);
	assert_int_equal(r->connect.providers.cnt, 2);
	assert_string_equal(r->connect.not_providers.v[0], "loopback");
	assert_string_equal(r->connect.not_regions.v[0], "us");
	assert_int_equal(r->connect.cidrs[0].bits, 8);
	assert_int_equal(r->connect.ports[0], 8080);
	assert_int_equal(r->connect.protos, 1u << SL_NET_DATAGRAM);
	assert_string_equal(r->severity, "medium");
	assert_string_equal(r->message, "");
	assert_true(p->rules[2].connect.any);
	assert_int_equal(p->rules[3].readers,
			 (1u << SL_READERS) - 1 - (1u << SL_READER_PURPOSE) - (1u << SL_READER_STARTUP));
}

static void defaults(void **state)
{
	cleanup_(policy_freep) struct policy *p = good("version: 1\n"
						       "tools: {one: {exe: /opt/one}}\n"
						       "providers: {alpha: {domains: alpha.example}}\n");

	(void)state;
	assert_int_equal(p->mode, POLICY_MONITOR);
	assert_int_equal(p->require, POLICY_REQUIRE_ALERT);
	assert_int_equal(p->guard, POLICY_GUARD_BY_MODE);
	assert_string_equal(p->tools[0].title, "one");
	assert_int_equal(p->tools[0].startup_ns, 0);
	assert_string_equal(p->providers[0].title, "alpha");
	assert_string_equal(p->providers[0].tier, "");
	assert_string_equal(p->providers[0].region, "");
}

static void anchors_and_aliases(void **state)
{
	cleanup_(policy_freep) struct policy *p = good("version: 1\n"
						       "secrets:\n"
						       "  a: {paths: &list ['**/x', '**/y']}\n"
						       "  b: {paths: *list}\n"
						       "  c: {paths: ['**/z', *list, [['**/u'], '!**/y']]}\n");
	static const char *const both[] = { "**/z", "**/x", "**/y", "**/u", "!**/y" };

	(void)state;
	assert_int_equal(p->secrets[2].paths.cnt, ARRAY_SIZE(both));
	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		assert_string_equal(p->secrets[2].paths.v[i], both[i]);
	assert_int_equal(p->secrets[1].paths.cnt, 2);
	assert_string_equal(p->secrets[1].paths.v[1], "**/y");
}

/* ---- what a later file does to an earlier one ---------------------------------------------------------------------- */

static const char base[] =
	"mode: enforce\n"
	"secrets:\n"
	"  one: {paths: ['**/1', '**/11']}\n"
	"  two: {paths: ['**/2']}\n"
	"  three: {paths: ['**/3']}\n"
	"rules:\n"
	"  - {id: r1, tool: any, read: one, action: log}\n"
	"  - {id: r2, tool: any, read: one, action: log}\n"
	"  - {id: r3, tool: any, read: one, action: log}\n";

static void included_first_replaced_in_place(void **state)
{
	cleanup_(policy_freep) struct policy *p = good2("version: 1\n"
							"mode: monitor\n"
							"include: base.yaml\n"
							"secrets:\n"
							"  two: {paths: ['**/new']}\n"
							"  three: ~\n"
							"  four: {paths: ['**/4']}\n"
							"rules:\n"
							"  - {id: r4, tool: any, read: four, action: alert}\n"
							"  - {id: r2, tool: none, read: four, action: block}\n"
							"  - {id: r0, before: r1, tool: any, read: four, action: allow}\n"
							"  - {id: r3, remove: true}\n",
							"base.yaml", base);
	static const char *const ids[] = { "r0", "r1", "r2", "r4" };

	(void)state;
	assert_int_equal(p->mode, POLICY_MONITOR);
	assert_int_equal(p->secrets_cnt, 3);
	assert_string_equal(p->secrets[0].name, "one");
	assert_string_equal(p->secrets[1].name, "two");
	assert_int_equal(p->secrets[1].paths.cnt, 1);
	assert_string_equal(p->secrets[1].paths.v[0], "**/new");
	assert_string_equal(p->secrets[2].name, "four");
	assert_int_equal(p->rules_cnt, ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_string_equal(p->rules[i].id, ids[i]);
	assert_int_equal(p->rules[2].scope, POLICY_TOOL_NONE);
	assert_int_equal(p->rules[2].action, SL_ACTION_BLOCK);
}

static void moved_by_before(void **state)
{
	cleanup_(policy_freep) struct policy *p = good2("version: 1\n"
							"include: base.yaml\n"
							"rules:\n"
							"  - {id: r3, before: r1, tool: any, read: two, action: allow}\n",
							"base.yaml", base);

	(void)state;
	assert_int_equal(p->rules_cnt, 4);
	assert_string_equal(p->rules[0].id, "r3");
	assert_string_equal(p->rules[2].id, "r2");
	/* Mode enforce adds one, of no file, behind all others. */
	assert_string_equal(p->rules[3].id, "unresolvable");
	assert_int_equal(p->rules[3].where.line, 0);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

struct tree {
	char dir[64], main[128], shipped[128];
};

/* site/main.yaml includes site/local.yaml and shipped/list.yaml; both include shipped/common.yaml. */
static void tree_make(struct tree *t)
{
	char site[128];

	snprintf(t->dir, sizeof(t->dir), "/tmp/sluice-policy-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(site, sizeof(site), "%s/site", t->dir);
	snprintf(t->main, sizeof(t->main), "%s/site/main.yaml", t->dir);
	snprintf(t->shipped, sizeof(t->shipped), "%s/shipped", t->dir);
	assert_int_equal(mkdir(site, 0700), 0);
	assert_int_equal(mkdir(t->shipped, 0700), 0);
	write_file(t->dir, "site/main.yaml", "version: 1\ninclude: [local.yaml, list.yaml]\nsecrets: {d: {paths: ['**/d']}}\n");
	write_file(t->dir, "site/local.yaml", "include: common.yaml\nsecrets: {b: {paths: ['**/b']}}\n");
	write_file(t->dir, "shipped/list.yaml", "include: common.yaml\nsecrets: {c: {paths: ['**/c']}}\n");
	write_file(t->dir, "shipped/common.yaml", "secrets: {a: {paths: ['**/a']}}\n");
}

static void tree_remove(struct tree *t)
{
	static const char *const names[] = {
		"site/main.yaml", "site/local.yaml", "shipped/list.yaml", "shipped/common.yaml", "site/loop.yaml",
	};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/site", t->dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(t->shipped), 0);
	assert_int_equal(rmdir(t->dir), 0);
}

static void files_and_their_recording(void **state)
{
	struct tree t;
	cleanup_(policy_freep) struct policy *p = NULL, *again = NULL;
	struct errmsg e;
	char hash[72];

	(void)state;
	tree_make(&t);
	if (policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0)
		fail_msg("%s: %s", e.file, e.text);
	assert_int_equal(p->sources_cnt, 4);
	assert_string_equal(p->sources[0].name, t.main);
	assert_int_equal(p->secrets_cnt, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(p->secrets[i].name[0], "abcd"[i]);
	assert_int_equal(strncmp(p->hash, "sha256:", 7), 0);
	assert_int_equal(strlen(p->hash), 71);

	/* The sources of a recording give the same policy, without the files. */
	if (policy_load_sources(p->sources, p->sources_cnt, &again, &e) < 0)
		fail_msg("%s: %s", e.file, e.text);
	assert_int_equal(again->sources_cnt, p->sources_cnt);
	for (size_t i = 0; i < p->sources_cnt; i++)
		assert_string_equal(again->sources[i].name, p->sources[i].name);
	assert_string_equal(again->hash, p->hash);

	/* One byte more is another policy. */
	snprintf(hash, sizeof(hash), "%s", p->hash);
	write_file(t.dir, "shipped/common.yaml", "secrets: {a: {paths: ['**/a']}}\n\n");
	policy_freep(&p);
	p = NULL;
	assert_int_equal(policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e), 0);
	assert_string_not_equal(hash, p->hash);
	tree_remove(&t);
}

/* What is neither beside the file nor in the shipped directory is built in; what is built in includes nothing else. */
static void built_in_lists(void **state)
{
	char names[][24] = { "built-in/list.yaml", "built-in/carried.yaml" };
	char list[] = "secrets: {wrong: {paths: ['**/w']}}\n", carried[] = "include: list.yaml\nsecrets: {e: {paths: ['**/e']}}\n";
	const struct policy_source builtin[] = {
		{ .name = names[0], .text = list, .len = sizeof(list) - 1, .builtin = true },
		{ .name = names[1], .text = carried, .len = sizeof(carried) - 1, .builtin = true },
	};
	cleanup_(policy_freep) struct policy *p = NULL, *again = NULL;
	struct errmsg e;
	struct tree t;

	(void)state;
	tree_make(&t);
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude: [list.yaml, carried.yaml, carried.yaml]\n");
	if (policy_load(t.main, &(struct policy_lists){ .dir = t.shipped, .builtin = builtin, .builtin_cnt = 2 }, &p, &e) < 0)
		fail_msg("%s: %s", e.file, e.text);
	assert_int_equal(p->sources_cnt, 5);
	assert_false(p->sources[1].builtin);
	assert_string_equal(p->sources[3].name, "built-in/carried.yaml");
	assert_true(p->sources[3].builtin);
	assert_string_equal(p->sources[4].name, "built-in/list.yaml");
	assert_int_equal(p->secrets_cnt, 4);
	if (policy_load_sources(p->sources, p->sources_cnt, &again, &e) < 0)
		fail_msg("%s: %s", e.file, e.text);
	assert_string_equal(again->hash, p->hash);
	policy_freep(&p);
	p = NULL;
	/* Without a directory of lists as well. */
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude: [carried.yaml]\n");
	assert_int_equal(policy_load(t.main, &(struct policy_lists){ .builtin = builtin, .builtin_cnt = 2 }, &p, &e), 0);
	assert_int_equal(p->secrets_cnt, 2);
	tree_remove(&t);
}

static void include_errors(void **state)
{
	struct policy *p = NULL;
	struct errmsg e;
	struct tree t;
	char want[512];

	(void)state;
	tree_make(&t);

	/* Neither place: both are named. */
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude:\n  - nowhere.yaml\n");
	assert_true(policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0);
	assert_string_equal(e.file, t.main);
	assert_int_equal(e.line, 3);
	assert_int_equal(e.column, 5);
	assert_string_equal(e.source, "  - nowhere.yaml");
	snprintf(want, sizeof(want), "%s/site/nowhere.yaml", t.dir);
	assert_non_null(strstr(e.text, want));
	snprintf(want, sizeof(want), "%s/nowhere.yaml", t.shipped);
	assert_non_null(strstr(e.text, want));

	/* A circle is found by the file, not by its name. */
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude: loop.yaml\n");
	write_file(t.dir, "site/loop.yaml", "include: ../site/main.yaml\n");
	assert_true(policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0);
	assert_non_null(strstr(e.text, "includes itself"));
	snprintf(want, sizeof(want), "%s/site/loop.yaml", t.dir);
	assert_string_equal(e.file, want);
	assert_int_equal(e.line, 1);

	/* What is not a file does not hang or confuse. */
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude: ../shipped\n");
	assert_true(policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0);
	assert_non_null(strstr(e.text, "directory"));
	write_file(t.dir, "site/main.yaml", "version: 1\ninclude: /dev/zero\n");
	assert_true(policy_load(t.main, &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0);
	assert_non_null(strstr(e.text, "not a regular file"));

	assert_true(policy_load("/nonexistent/policy.yaml", &(struct policy_lists){ .dir = t.shipped }, &p, &e) < 0);
	assert_string_equal(e.file, "/nonexistent/policy.yaml");
	assert_non_null(strstr(e.text, "No such file"));
	assert_null(p);
	tree_remove(&t);
}

/* ---- what is said about a bad file --------------------------------------------------------------------------------- */

struct bad {
	const char *text;
	unsigned int line, column;
	const char *says;   /* part of the message */
};

#define V "version: 1\n"

static const struct bad bad_files[] = {
	/* the file */
	{ "mode: monitor\n", 1, 1, "begin it with 'version: 1'" },
	{ "", 1, 1, "begin it with 'version: 1'" },
	{ "version: 2\n", 1, 10, "it reads version 1" },
	{ "- a\n", 1, 1, "version" },
	{ V "---\nversion: 1\n", 2, 1, "second document" },
	{ V "mode: on\n", 2, 7, "one of monitor, enforce" },
	{ V "mode: monitr\n", 2, 7, "did you mean 'monitor'" },
	{ V "require: [deny]\n", 2, 10, "'require' must be a value, not a list" },
	{ V "guard: true\n", 2, 8, "unknown word 'true': it must be one of on, off" },
	{ V "rules: [{id: r, tool: any, read: own, action: block, tell: mail}]\n", 2, 60, "unknown word 'mail': it must be one of tty" },
	{ V "rules: [{id: r, tool: any, read: own, action: alert, tell: tty}]\n", 2, 9,
	  "'tell' speaks of what was refused: it needs 'action: block'" },
	{ V "secret: {}\n", 2, 1, "unknown key 'secret' in a policy file: did you mean 'secrets'?" },
	{ V "mode: \"on\\noff\"\n", 2, 8, "unknown word 'on off'" },
	{ V "quux: {}\n", 2, 1, "known are version, mode" },
	{ V "mode: monitor\nmode: enforce\n", 3, 1, "'mode' is given twice, first in line 2" },
	{ V "include: [x.yaml]\n", 2, 11, "not among the sources" },
	{ V "mode:\n", 2, 1, "'mode' has no value" },

	/* YAML */
	{ V "secrets: {a: {paths: [**/.env]}}\n", 2, 23, "must be in quotes" },
	{ V "secrets: {a: {paths: [*.pem]}}\n", 2, 23, "must be in quotes" },
	{ V "secrets: {a: {paths: [*pem]}}\n", 2, 23, "must be in quotes" },
	{ V "secrets: {a: {paths: [\"**/x\", !**/y]}}\n", 2, 31, "must be in quotes" },
	{ V "secrets:\n  a:\n    paths:\n      - !**/y\n", 5, 9, "must be in quotes" },
	{ V "secrets:\n\ta: 1\n", 3, 1, "indent with spaces" },
	{ V "secrets: {a: {paths: [x}}\n", 2, 24, "not YAML" },
	{ V "secrets: {a: {paths: \"x\n", 3, 1, "not YAML" },
	{ V "mode: \"moni\\0tor\"\n", 2, 7, "control character" },
	{ V "secrets: {a: {paths: [\"x\xff\"]}}\n", 2, 25, "UTF-8" },
	{ V "secrets: &a {b: {paths: *a}}\n", 2, 25, "no anchor &a before" },
	{ V "secrets: {a: &x {paths: [y]}, b: {<<: *x}}\n", 2, 35, "merge keys" },
	{ V "secrets: {? [a] : b}\n", 2, 13, "a key must be a plain word" },
	{ V "secrets: [[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]\n", 2, 25, "nested too deeply" },

	/* names and definitions */
	{ V "secrets: {A: {paths: x}}\n", 2, 11, "is not a name" },
	{ V "secrets: {own: {paths: x}}\n", 2, 11, "'own' has a meaning of its own" },
	{ V "tools: {none: {exe: x}}\n", 2, 9, "'none' has a meaning of its own" },
	{ V "providers: {unknown: {domains: x}}\n", 2, 13, "'unknown' has a meaning of its own" },
	{ V "secrets: [a]\n", 2, 10, "'secrets' must be a mapping, not a list" },
	{ V "secrets: {a: [x]}\n", 2, 14, "a secret must be a mapping" },
	{ V "secrets: {a: {}}\n", 2, 14, "a secret without 'paths'" },
	{ V "secrets: {a: {path: x}}\n", 2, 15, "did you mean 'paths'?" },
	{ V "secrets: {a: {paths: []}}\n", 2, 22, "empty list" },
	{ V "secrets: {a: {paths: [x, {y: z}]}}\n", 2, 26, "must be a list of values: here is a mapping" },
	{ V "secrets: {a: {paths: [x, []]}}\n", 2, 26, "empty list" },
	{ V "secrets: {a: {paths: ['']}}\n", 2, 24, "empty string" },
	{ V "secrets: {a: {paths: x, confidence: certain}}\n", 2, 37, "one of high, medium, low" },
	{ V "secrets: {dotenv: {paths: x}}\n---\n", 3, 1, "second document" },
	{ V "secrets: {dotenv: ~}\n", 2, 11, "no secret 'dotenv' to remove" },
	{ V "tools: {a: {title: x}}\n", 2, 9, "neither 'exe' nor 'argv'" },
	{ V "tools: {a: {exe: x, helpers: [/usr/bin/rg]}}\n", 2, 31, "last part of argv[0]" },
	{ V "tools: {a: {exe: x, startup: {classes: [b]}}}\n", 2, 30, "without 'within'" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: 10}}}\n", 2, 53, "is not a duration" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: 0s}}}\n", 2, 53, "no time at all" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: 366d}}}\n", 2, 53, "longer than a year" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: 99999999999999999999h}}}\n", 2, 53, "not a duration" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: -1s}}}\n", 2, 53, "not a duration" },
	{ V "interpreters: {n: {exe: x, value-options: [r]}}\n", 2, 44, "is not an option" },
	{ V "readers: {r: {exe: x}}\n", 2, 11, "needs 'for'" },
	{ V "readers: {r: {exe: x, for: [a], kind: generic}}\n", 2, 11, "both 'for' and 'kind'" },
	{ V "readers: {r: {exe: x, kind: purpose}}\n", 2, 29, "one of generic, interpreter" },
	{ V "providers: {p: {tier: api}}\n", 2, 13, "neither 'domains' nor 'cidrs'" },
	{ V "providers: {p: {domains: x, tier: appi}}\n", 2, 35, "did you mean 'api'" },
	{ V "providers: {p: {cidrs: [10.0.0.1/8]}}\n", 2, 33, "is no address range" },
	{ V "providers: {p: {domains: x, ports: [0]}}\n", 2, 37, "from 1 to 65535" },
	{ V "providers: {p: {domains: x, ports: [65536]}}\n", 2, 37, "from 1 to 65535" },
	{ V "providers: {p: {domains: x, ports: [https]}}\n", 2, 37, "is not a port" },

	/* rules */
	{ V "rules: {id: a}\n", 2, 8, "'rules' must be a list, not a mapping" },
	{ V "rules: [{tool: any, connect: any, action: log}]\n", 2, 9, "a rule without 'id'" },
	{ V "rules: [{id: a, connect: any, action: log}]\n", 2, 9, "a rule without 'tool'" },
	{ V "rules: [{id: a, tool: any, action: log}]\n", 2, 9, "without 'read', 'connect', 'inspect' or 'broker'" },
	{ V "rules: [{id: a, tool: any, connect: any}]\n", 2, 9, "a rule without 'action'" },
	{ V "rules: [{id: a, tool: any, connect: any, action: deny}]\n", 2, 50, "one of allow, log, alert, block" },
	{ V "rules: [{id: a, tool: any, connect: any, read: own, action: log}]\n", 2, 48, "one of 'read', 'connect', 'inspect' and 'broker'" },
	{ V "rules: [{id: a, tool: any, connect: all, action: log}]\n", 2, 37, "must be 'any' or a mapping" },
	{ V "rules: [{id: a, tool: any, connect: {}, action: log}]\n", 2, 37, "names nothing" },
	{ V "rules: [{id: a, tool: any, connect: {ports: 1}, action: log}]\n", 2, 38, "did you mean 'port'?" },
	{ V "rules: [{id: a, tool: any, connect: {proto: quic}, action: log}]\n", 2, 45, "tcp" },
	{ V "rules: [{id: a, tool: any, connect: {socket: rwa}, action: log}]\n", 2, 46, "did you mean" },
	{ V "rules: [{id: a, tool: any, connect: {socket: [raw], port: 7}, action: log}]\n", 2, 37, "'socket' stands alone" },
	{ V "rules: [{id: a, tool: any, connect: {proto: []}, action: log}]\n", 2, 45, "empty list" },
	{ V "rules: [{id: a, tool: any, connect: {tier: x}, action: log}]\n", 2, 44, "must be one of consumer" },
	{ V "rules: [{id: a, tool: any, connect: any, reader: self, action: log}]\n", 2, 9, "'connect' rule cannot have it" },
	{ V "rules: [{id: a, tool: [any], connect: any, action: log}]\n", 2, 24, "'any' stands alone" },
	{ V "rules: [{id: a, tool: any, read: own, reader: [slef], action: log}]\n", 2, 48, "did you mean 'self'?" },
	{ V "rules: [{id: a, tool: any, read: own, reader: {not: [self, startup, improvised, generic, interpreter, purpose-built, looking, sweep, other]}, "
	    "action: log}]\n", 2, 47, "no reader at all" },
	{ V "rules: [{id: a, tool: any, read: own, user: [\"a b\"], action: log}]\n", 2, 47, "is not a user" },
	{ V "rules: [{id: a, tool: any, read: own, user: 4294967295, action: log}]\n", 2, 45, "is not a user" },
	{ V "rules:\n- {id: a, tool: any, read: own, action: log}\n- {id: a, tool: any, read: own, action: log}\n", 4, 3,
	  "'a' is given twice, first in line 3" },
	{ V "rules: [{id: a, before: b, tool: any, read: own, action: log}]\n", 2, 9, "no rule 'b' before this one" },
	{ V "rules: [{id: a, remove: true}]\n", 2, 9, "no rule 'a' before this one" },
	{ V "rules:\n- {id: a, tool: any, read: own, action: log}\n- {id: b, tool: any, after: {read: x}, connect: any, action: log}\n", 4, 36,
	  "there is no secret class 'x'" },
	{ V "rules: [{id: a, tool: any, after: {read: own}, connect: any, action: log}]\n", 2, 42, "secret class 'own'" },
	{ V "rules: [{id: a, tool: any, after: {within: 3s}, connect: any, action: log}]\n", 2, 35, "after what?" },
	{ V "rules: [{id: a, tool: any, after: 3s, connect: any, action: log}]\n", 2, 35, "must be a mapping" },
	{ V "rules: [{id: a, tool: any, after: {read: x}, read: own, action: log}]\n", 2, 9, "'after' is about where data goes" },
	{ V "brokers: {a: {spools: x, sockets: y}}\n", 2, 11, "make it two" },
	{ V "brokers: {a: {sockets: x, starts-units: perhaps}}\n", 2, 41, "true or false" },
	{ V "rules: [{id: a, tool: any, broker: [docker], action: alert}]\n", 2, 37, "there is no broker 'docker'" },

	/* names that nothing defines */
	{ V "secrets: {dotenv: {paths: x}}\nrules: [{id: a, tool: any, read: [dotnev], action: log}]\n", 3, 35,
	  "no secret class 'dotnev': did you mean 'dotenv'?" },
	{ V "rules: [{id: a, tool: [\"one\"], read: own, action: log}]\n", 2, 25, "no tool 'one'" },
	{ V "rules: [{id: a, tool: any, connect: {provider: [me]}, action: log}]\n", 2, 49, "no provider 'me'" },
	{ V "rules: [{id: a, tool: any, connect: {not: [unknwon]}, action: log}]\n", 2, 44, "no provider 'unknwon'" },
	{ V "tools: {a: {exe: x, providers: [p]}}\n", 2, 33, "no provider 'p'" },
	{ V "tools: {a: {exe: x, providers: [unknown]}}\n", 2, 33, "no provider 'unknown'" },
	{ V "tools: {a: {exe: x, startup: {classes: [b], within: 1s}}}\n", 2, 41, "no secret class 'b'" },
	{ V "readers: {r: {exe: x, for: [own]}}\n", 2, 29, "no secret class 'own'" },
};

static void bad_files_are_explained(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++) {
		const struct bad *b = &bad_files[i];
		struct policy *p;
		struct errmsg e;

		if (load2(b->text, NULL, NULL, &p, &e) >= 0) {
			print_error("accepted:\n%s\n", b->text);
			policy_free(p);
			wrong++;
			continue;
		}
		if (e.line != b->line || e.column != b->column || !strstr(e.text, b->says)) {
			print_error("%s\nexpected %u:%u ...%s...\n     got %u:%u %s\n\n", b->text, b->line, b->column,
				    b->says, e.line, e.column, e.text);
			wrong++;
		}
		assert_string_equal(e.file, "main.yaml");
		assert_null(strchr(e.text, '\n'));
		assert_null(p);
	}
	assert_int_equal(wrong, 0);
}

/* The source line goes with the error, and a position in an included file is of that file. */
static void place_in_included_file(void **state)
{
	struct policy *p;
	struct errmsg e;

	(void)state;
	assert_true(load2("version: 1\ninclude: more.yaml\n", "more.yaml",
			  "# a list\n\nsecrets:\n  a:\n    pahts: ['**/x']   # typo\n", &p, &e) < 0);
	assert_string_equal(e.file, "more.yaml");
	assert_int_equal(e.line, 5);
	assert_int_equal(e.column, 5);
	assert_string_equal(e.source, "    pahts: ['**/x']   # typo");
}

/* ---- bounds --------------------------------------------------------------------------------------------------------- */

static void expect_refused(const struct strbuf *b, const char *says)
{
	struct policy_source src = { .name = (char[]){ "big.yaml" }, .text = b->data, .len = b->len };
	struct policy *p = NULL;
	struct errmsg e;

	assert_true(strbuf_ok(b));
	assert_true(policy_load_sources(&src, 1, &p, &e) < 0);
	if (!strstr(e.text, says))
		fail_msg("expected ...%s...\n     got %s", says, e.text);
}

/* Nine levels of nine aliases each would be 3 * 10^8 values. */
static void aliases_that_multiply(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_adds(&b, "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		strbuf_addf(&b, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			strbuf_addf(&b, "%s*a%d", j ? ", " : "", i - 1);
		strbuf_adds(&b, "]\n");
	}
	expect_refused(&b, "aliases");
	strbuf_done(&b);
}

static void too_large(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_adds(&b, "version: 1\n#");
	while (b.len <= 4 << 20)
		strbuf_adds(&b, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n#");
	expect_refused(&b, "larger than 4 MiB");

	strbuf_reset(&b);
	strbuf_adds(&b, "version: 1\nrules: [{id: a, tool: any, read: own, action: log, message: '");
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&b, "x");
	strbuf_adds(&b, "'}]\n");
	expect_refused(&b, "longer than 4096 bytes");

	strbuf_reset(&b);
	strbuf_adds(&b, "version: 1\nrules:\n");
	for (int i = 0; i < 1024; i++)
		strbuf_addf(&b, "- {id: r%d, tool: any, read: own, action: log}\n", i);
	expect_refused(&b, "more than 1023 rules");

	strbuf_reset(&b);
	strbuf_adds(&b, "version: 1\ntools:\n");
	for (int i = 0; i < 1024; i++)
		strbuf_addf(&b, "  t%d: {exe: x}\n", i);
	expect_refused(&b, "more than 1023 definitions");
	strbuf_done(&b);
}

static void includes_without_end(void **state)
{
	struct policy_source sources[80];
	char names[80][32], texts[80][64];
	struct policy *p = NULL;
	struct errmsg e;

	(void)state;
	for (int i = 0; i < 80; i++) {
		snprintf(names[i], sizeof(names[i]), "f%d.yaml", i);
		snprintf(texts[i], sizeof(texts[i]), "version: 1\ninclude: f%d.yaml\n", i + 1);
		sources[i] = (struct policy_source){ .name = names[i], .text = texts[i], .len = strlen(texts[i]) };
	}
	assert_true(policy_load_sources(sources, 80, &p, &e) < 0);
	assert_non_null(strstr(e.text, "more than 8 deep"));
	assert_int_equal(e.line, 2);

	snprintf(texts[1], sizeof(texts[1]), "include: f0.yaml\n");
	sources[1].len = strlen(texts[1]);
	assert_true(policy_load_sources(sources, 80, &p, &e) < 0);
	assert_non_null(strstr(e.text, "'f0.yaml' includes itself"));
	assert_string_equal(e.file, "f1.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(defaults),
		cmocka_unit_test(anchors_and_aliases),
		cmocka_unit_test(included_first_replaced_in_place),
		cmocka_unit_test(moved_by_before),
		cmocka_unit_test(files_and_their_recording),
		cmocka_unit_test(built_in_lists),
		cmocka_unit_test(include_errors),
		cmocka_unit_test(bad_files_are_explained),
		cmocka_unit_test(place_in_included_file),
		cmocka_unit_test(aliases_that_multiply),
		cmocka_unit_test(too_large),
		cmocka_unit_test(includes_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
