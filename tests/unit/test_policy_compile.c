/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The compiled tables: recognition, kinds of readers, users, sizes and limits; and the warnings of `check`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "label.h"
#include "policy/compile.h"
#include "policy/eval.h"
#include "policy/lint.h"
#include "record.h"

static const char *const homes[] = { "/home/*", "/root" };
static const struct policy_user users[] = { { "ann", 1000 }, { "bob", 1001 } };
static const struct policy_host host = { .homes = homes, .homes_cnt = ARRAY_SIZE(homes), .users = users, .users_cnt = ARRAY_SIZE(users) };

struct built {
	struct policy *p;
	struct compiled *c;
};

static int try_build(const char *text, struct built *ret, struct errmsg *e)
{
	struct policy_source src = {
		.name = (char[]){ "policy.yaml" }, .text = (char *)(uintptr_t)text, .len = strlen(text),
	};
	int r;

	*ret = (struct built){ 0 };
	r = policy_load_sources(&src, 1, &ret->p, e);
	return r < 0 ? r : policy_compile(ret->p, &host, &ret->c, e);
}

static struct built build(const char *text)
{
	struct built b;
	struct errmsg e;

	if (try_build(text, &b, &e) < 0)
		fail_msg("%s:%u:%u: %s", e.file, e.line, e.column, e.text);
	return b;
}

static void built_done(struct built *b)
{
	compiled_free(b->c);
	policy_free(b->p);
}

static unsigned int set_of(const struct built *b, const char *path)
{
	return dfa_match(b->c->path, path, strlen(path));
}

/* The rule that decides, by id; "-": none. */
static const char *decides(const struct built *b, unsigned int tool, const char *exe, unsigned int mode, uint32_t uid,
			   const char *path)
{
	unsigned int exe_set = compiled_exec(b->c, exe, NULL, 0).exe_set;
	struct sl_decision d = compiled_file(b->c, tool, exe_set, mode, uid, path ? set_of(b, path) : SL_SET_UNRESOLVED);

	return d.rule ? compiled_rule(b->c, d.rule)->id : "-";
}

/* ---- recognition -------------------------------------------------------------------------------------------------- */

static const char tools[] =
	"version: 1\n"
	"tools:\n"
	"  one: {exe: ['~/.local/one/*'], argv: ['**/one.js'], helpers: [rg]}\n"
	"  snake: {argv: ['**/bin/snake', snake]}\n"
	"  last: {exe: ['~/.local/one/9*']}\n"
	"interpreters:\n"
	"  node: {exe: ['**/bin/node'], value-options: [-r, --require]}\n"
	"  python: {exe: ['**/bin/python3*'], value-options: [-X]}\n";

static void recognition(void **state)
{
	cleanup_(built_done) struct built b = build(tools);
	static const struct {
		const char *exe;
		const char *argv[9];
		const char *tool;   /* "-": none */
		uint8_t evidence;
		bool helper;
	} cases[] = {
		{ "/home/ann/.local/one/1.2", { "one" }, "one", SL_EVID_EXE, false },
		{ "/home/ann/.local/one/1.2", { "/usr/bin/rg", "x" }, "one", SL_EVID_EXE, true },
		{ "/home/ann/.local/one/9.0", { "one" }, "last", SL_EVID_EXE, false },
		{ "/usr/bin/rg", { "rg" }, "-", SL_EVID_NONE, false },
		/* scripts */
		{ "/usr/bin/node", { "node", "/opt/one.js" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "./one.js", "x" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "one.js" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "--inspect", "one.js" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "-r", "hook.js", "one.js" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "-r", "one.js", "other.js" }, "-", SL_EVID_NONE, false },
		{ "/usr/bin/node", { "node", "other.js", "one.js" }, "-", SL_EVID_NONE, false },
		{ "/usr/bin/node", { "node" }, "-", SL_EVID_NONE, false },
		/* the sixth string is the last one looked at */
		{ "/usr/bin/node", { "node", "-1", "-2", "-3", "-4", "one.js" }, "one", SL_EVID_ARGV, false },
		{ "/usr/bin/node", { "node", "-1", "-2", "-3", "-4", "-5", "one.js" }, "-", SL_EVID_NONE, false },
		/* python -m NAME: -m takes no value here, so the module stands where the script would */
		{ "/usr/bin/python3.11", { "python", "/venv/bin/snake" }, "snake", SL_EVID_ARGV, false },
		{ "/usr/bin/python3.11", { "python", "-m", "snake" }, "snake", SL_EVID_ARGV, false },
		{ "/usr/bin/python3.11", { "python", "-X", "dev", "-m", "snake" }, "snake", SL_EVID_ARGV, false },
		/* a script counts only for an interpreter */
		{ "/usr/bin/vim", { "vim", "/opt/one.js" }, "-", SL_EVID_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t argc = 0;
		struct compiled_exec x;
		const struct policy_tool *t;

		while (cases[i].argv[argc])
			argc++;
		x = compiled_exec(b.c, cases[i].exe, cases[i].argv, argc);
		t = compiled_tool(b.c, x.tool);
		if (strcmp(t ? t->name : "-", cases[i].tool) || x.evidence != cases[i].evidence || x.helper != cases[i].helper)
			fail_msg("case %zu: tool %s evidence %u helper %d", i, t ? t->name : "-", x.evidence, x.helper);
	}
}

/* An argument longer than the kernel looks at is matched by what it sees of it. */
static void long_arguments(void **state)
{
	cleanup_(built_done) struct built b = build(tools);
	char arg[2 * SL_ARG_LEN];
	const char *argv[] = { "node", arg };

	(void)state;
	memset(arg, 'x', sizeof(arg));
	memcpy(arg + SL_ARG_LEN - 1 - 7, "/one.js", 8);
	assert_int_equal(compiled_exec(b.c, "/usr/bin/node", argv, 2).tool, 1);
	memset(arg, 'x', SL_ARG_LEN);
	memcpy(arg + SL_ARG_LEN - 7, "/one.js", 8);
	assert_int_equal(compiled_exec(b.c, "/usr/bin/node", argv, 2).tool, 0);
}

/* ---- readers ------------------------------------------------------------------------------------------------------ */

static void kinds_of_readers(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"secrets:\n"
		"  keys: {paths: ['~/.ssh/id_*']}\n"
		"  dotenv: {paths: ['**/.env*']}\n"
		"  odd: {paths: ['**/.env.keys', '**/unused']}\n"
		"  unnamed: {paths: ['**/*']}\n"
		"tools:\n"
		"  one: {exe: [/opt/one], own: [~/.one/**], startup: {classes: [dotenv], within: 10s}}\n"
		"  two: {exe: [/opt/two], own: [~/.two/**]}\n"
		"readers:\n"
		"  ssh: {exe: ['**/bin/ssh'], for: [keys]}\n"
		"  compose: {exe: ['**/bin/compose'], for: [dotenv]}\n"
		"  cat: {exe: ['**/bin/cat', '**/bin/compose'], kind: generic}\n"
		"  node: {exe: ['**/bin/node', '**/bin/cat'], kind: interpreter}\n"
		"rules:\n"
		"  - {id: own, tool: any, read: own, action: allow}\n"
		"  - {id: startup, tool: any, reader: startup, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: self, tool: any, reader: self, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: purpose, tool: all, reader: purpose-built, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: generic, tool: all, reader: generic, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: interpreter, tool: all, reader: interpreter, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: other, tool: all, reader: other, read: [keys, dotenv, odd], action: log}\n"
		"  - {id: lost, tool: any, read: unresolvable, action: alert}\n");
	static const struct {
		unsigned int tool;
		const char *exe;
		unsigned int mode;
		const char *path, *rule;
	} cases[] = {
		{ 1, "/opt/one", SL_MODE_SELF, "/srv/.env", "self" },
		{ 1, "/opt/one", SL_MODE_STARTUP, "/srv/.env", "startup" },
		{ 1, "/opt/one", SL_MODE_STARTUP, "/home/ann/.ssh/id_rsa", "self" },
		{ 2, "/opt/two", SL_MODE_STARTUP, "/srv/.env", "self" },
		/* what the tool itself runs is not asked what it is */
		{ 1, "/usr/bin/ssh", SL_MODE_SELF, "/home/ann/.ssh/id_rsa", "self" },
		{ 1, "/usr/bin/ssh", SL_MODE_CHILD, "/home/ann/.ssh/id_rsa", "purpose" },
		{ 1, "/usr/bin/ssh", SL_MODE_CHILD, "/srv/.env", "other" },
		{ 0, "/usr/bin/ssh", SL_MODE_CHILD, "/root/.ssh/id_rsa", "purpose" },
		/* made for one of its classes, but not for the other */
		{ 1, "/usr/bin/compose", SL_MODE_CHILD, "/srv/.env", "purpose" },
		{ 1, "/usr/bin/compose", SL_MODE_CHILD, "/srv/.env.keys", "generic" },
		{ 1, "/usr/bin/cat", SL_MODE_CHILD, "/srv/.env", "generic" },
		{ 1, "/usr/bin/node", SL_MODE_CHILD, "/srv/.env", "interpreter" },
		{ 1, "/usr/bin/make", SL_MODE_CHILD, "/srv/.env", "other" },
		/* own stores: the own tool's only, and nobody's outside a session */
		{ 1, "/usr/bin/cat", SL_MODE_CHILD, "/home/ann/.one/.env", "own" },
		{ 2, "/usr/bin/cat", SL_MODE_CHILD, "/home/ann/.one/.env", "generic" },
		{ 0, "/usr/bin/cat", SL_MODE_CHILD, "/home/ann/.one/.env", "generic" },
		{ 1, "/usr/bin/cat", SL_MODE_CHILD, "/home/ann/.one/x", "own" },
		{ 2, "/usr/bin/cat", SL_MODE_CHILD, "/home/ann/.one/x", "-" },
		{ 1, "/usr/bin/cat", SL_MODE_CHILD, NULL, "lost" },
		{ 0, "/usr/bin/cat", SL_MODE_CHILD, NULL, "-" },
		{ 1, "/usr/bin/cat", SL_MODE_CHILD, "/srv/readme", "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = decides(&b, cases[i].tool, cases[i].exe, cases[i].mode, 1000, cases[i].path);

		if (strcmp(got, cases[i].rule))
			fail_msg("case %zu (%s, %s): rule %s, expected %s", i, cases[i].exe, cases[i].path, got, cases[i].rule);
	}
}

static void classes_of_a_set(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"secrets:\n"
		"  a: {paths: ['**/x*']}\n"
		"  b: {paths: ['**/xx']}\n"
		"  nobody-asks: {paths: ['**/xx', '**/other']}\n"
		"tools: {one: {exe: /opt/one, own: ['~/.one/**']}}\n"
		"rules:\n"
		"  - {id: r, tool: any, read: [a, b, own], action: log}\n");
	const char *names[2] = { "", "" };

	(void)state;
	assert_int_equal(compiled_classes(b.c, set_of(&b, "/xx"), names, 2), 2);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	/* More than there is room for: the count still says so. */
	assert_int_equal(compiled_classes(b.c, set_of(&b, "/root/.one/xx"), names, 2), 3);
	assert_int_equal(compiled_classes(b.c, set_of(&b, "/root/.one/y"), names, 2), 1);
	assert_string_equal(names[0], "own:one");
	assert_int_equal(compiled_classes(b.c, SL_SET_UNRESOLVED, names, 2), 1);
	assert_string_equal(names[0], "unresolvable");
	/* What no rule names does not leave the kernel. */
	assert_int_equal(set_of(&b, "/other"), 0);
	assert_int_equal(compiled_classes(b.c, 0, names, 2), 0);
}

/* In mode enforce a session may not read what no pattern could be applied to, unless the policy says something of it. */
static void unresolvable_is_blocked(void **state)
{
#define BASE "secrets: {a: {paths: ['**/x']}}\ntools: {one: {exe: /opt/one}}\nrules:\n  - {id: r, tool: any, read: a, action: log}\n"
	static const struct {
		const char *text, *rule;
		int action;
	} cases[] = {
		{ "version: 1\nmode: enforce\n" BASE, "unresolvable", SL_ACTION_BLOCK },
		{ "version: 1\nmode: monitor\n" BASE, "-", SL_ACTION_ALLOW },
		{ "version: 1\n" BASE, "-", SL_ACTION_ALLOW },
		{ "version: 1\nmode: enforce\n" BASE "  - {id: u, tool: any, read: unresolvable, action: alert}\n", "u",
		  SL_ACTION_ALERT },
		{ "version: 1\nmode: enforce\n" BASE "  - {id: u, tool: any, read: [a, unresolvable], action: allow}\n", "u",
		  SL_ACTION_ALLOW },
		/* its id is another rule's */
		{ "version: 1\nmode: enforce\n" BASE "  - {id: unresolvable, tool: none, read: a, action: log}\n",
		  "unresolvable-builtin", SL_ACTION_BLOCK },
		/* nothing is said of files at all */
		{ "version: 1\nmode: enforce\ntools: {one: {exe: /opt/one}}\nrules:\n  - {id: c, tool: any, connect: any, action: log}\n",
		  "-", SL_ACTION_ALLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(built_done) struct built b = build(cases[i].text);
		struct sl_decision d = compiled_file(b.c, 1, 0, SL_MODE_CHILD, 1000, SL_SET_UNRESOLVED);
		struct sl_decision naive = eval_file(b.p, &host, 1, "/bin/cat", NULL, 0, SL_MODE_CHILD, 1000, NULL);
		const char *rule = d.rule ? compiled_rule(b.c, d.rule)->id : "-";

		if (strcmp(rule, cases[i].rule) || d.action != cases[i].action)
			fail_msg("case %zu: rule %s, action %d", i, rule, d.action);
		assert_int_equal(naive.rule, d.rule);
		assert_int_equal(naive.action, d.action);
		/* Nobody outside a session is kept from anything. */
		assert_int_equal(compiled_file(b.c, 0, 0, SL_MODE_CHILD, 1000, SL_SET_UNRESOLVED).rule, 0);
	}
#undef BASE
}

/* ---- subjects ----------------------------------------------------------------------------------------------------- */

static void users_and_executables(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"secrets: {a: {paths: ['**/x']}}\n"
		"tools: {one: {exe: /opt/one}, two: {exe: /opt/two}}\n"
		"rules:\n"
		"  - {id: ann, tool: one, user: ann, read: a, action: allow}\n"
		"  - {id: number, tool: one, user: [4711, 1000], read: a, action: log}\n"
		"  - {id: nobody, tool: one, user: no-such-user, read: a, action: block}\n"
		"  - {id: exe, tool: one, exe: ['**/bin/*'], except: ['**/bin/cat'], read: a, action: log}\n"
		"  - {id: rest, tool: [one, two], read: a, action: alert}\n");

	(void)state;
	assert_int_equal(b.c->users_cnt, 3);
	assert_true(b.c->user_rules);
	assert_string_equal(decides(&b, 1, "/x", SL_MODE_CHILD, 1000, "/x"), "ann");
	assert_string_equal(decides(&b, 1, "/x", SL_MODE_CHILD, 4711, "/x"), "number");
	assert_string_equal(decides(&b, 1, "/x", SL_MODE_CHILD, 1001, "/x"), "rest");
	assert_string_equal(decides(&b, 1, "/usr/bin/dog", SL_MODE_CHILD, 1001, "/x"), "exe");
	assert_string_equal(decides(&b, 1, "/usr/bin/cat", SL_MODE_CHILD, 1001, "/x"), "rest");
	assert_string_equal(decides(&b, 2, "/usr/bin/dog", SL_MODE_CHILD, 1000, "/x"), "rest");
	assert_string_equal(decides(&b, 0, "/usr/bin/dog", SL_MODE_CHILD, 1000, "/x"), "-");
}

static void strangers_cost_nothing_unless_asked(void **state)
{
	static const struct {
		const char *rule;
		bool none;
	} cases[] = {
		{ "{id: r, tool: any, read: a, action: block}", false },
		{ "{id: r, tool: none, read: a, action: allow}", false },
		{ "{id: r, tool: none, connect: any, action: alert}", false },
		{ "{id: r, tool: none, read: a, action: log}", true },
		{ "{id: r, tool: all, read: a, action: alert}", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];
		struct built b;

		snprintf(text, sizeof(text),
			 "version: 1\nsecrets: {a: {paths: x}}\ntools: {one: {exe: /opt/one}}\nrules:\n- %s\n", cases[i].rule);
		b = build(text);
		if (b.c->none_rules != cases[i].none)
			fail_msg("%s: none_rules is %d", cases[i].rule, b.c->none_rules);
		built_done(&b);
	}
}

/* ---- sizes -------------------------------------------------------------------------------------------------------- */

/* Sixty tools, two hundred readers, forty rules: what rules cannot tell apart shares a row. */
static void rows_grow_with_what_differs(void **state)
{
	struct strbuf t = STRBUF_INIT;
	struct built b;

	(void)state;
	strbuf_adds(&t, "version: 1\nsecrets:\n");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&t, "  class%d: {paths: ['**/secret%d', '/etc/%d/**']}\n", i, i, i % 7);
	strbuf_adds(&t, "tools:\n");
	for (int i = 0; i < 60; i++)
		strbuf_addf(&t, "  tool%d: {exe: '/opt/tool%d', own: ['~/.tool%d/**']}\n", i, i, i);
	strbuf_adds(&t, "readers:\n");
	for (int i = 0; i < 200; i++) {
		strbuf_addf(&t, "  reader%d: {exe: '/usr/bin/reader%d', ", i, i);
		if (i % 10)
			strbuf_addf(&t, "for: [class%d]}\n", i % 4);
		else
			strbuf_adds(&t, "kind: generic}\n");
	}
	strbuf_adds(&t, "rules:\n");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&t, "  - {id: rule%d, tool: any, reader: {not: purpose-built}, read: [class%d], action: alert}\n", i, i);
	assert_true(strbuf_ok(&t));
	b = build(t.data);
	/* Every tool is treated alike: by what is read and by whom, and there are four kinds of purpose, generic readers,
	 * everybody else, what a session made up, and the tools themselves. */
	assert_int_equal(b.c->exe_sets_cnt, 202);
	assert_int_equal(b.c->rows_cnt, 9);
	assert_string_equal(decides(&b, 60, "/usr/bin/reader1", SL_MODE_CHILD, 0, "/x/secret2"), "rule2");
	assert_string_equal(decides(&b, 60, "/usr/bin/reader1", SL_MODE_CHILD, 0, "/x/secret1"), "-");
	built_done(&b);
	strbuf_done(&t);
}

static void expect_error(const char *text, unsigned int line, unsigned int column, const char *says)
{
	struct built b;
	struct errmsg e;

	if (try_build(text, &b, &e) >= 0)
		fail_msg("accepted:\n%.300s", text);
	if (e.line != line || e.column != column || !strstr(e.text, says))
		fail_msg("expected %u:%u ...%s...\n     got %u:%u %s", line, column, says, e.line, e.column, e.text);
	assert_string_equal(e.file, "policy.yaml");
	assert_null(b.c);
	policy_free(b.p);
}

/* Rule for a connect of a tool by the kernel's tables, "-" none. */
static const char *connects(const struct built *b, unsigned int tool, const char *name, const char *addr, uint16_t port)
{
	struct compiled_dest d = { .family = 4, .port = port, .names = &name, .names_cnt = name != NULL };
	struct sl_net_names names = { 0 };
	struct sl_net_choice c;
	struct cidr parsed;
	struct errmsg e;

	assert_int_equal(cidr_parse(addr, &parsed, &e), 0);
	memcpy(d.addr, parsed.addr, sizeof(d.addr));
	if (name)
		names.names[0].word = SL_NET_WORD(1ull << 40, compiled_name_set(b->c, name));
	c = compiled_net_verdict(b->c, tool, 0, 0, &d, &names, 1, 1);
	assert_int_equal(c.rule, compiled_connect(b->c, tool, 0, 0, &d).rule);
	return c.rule ? compiled_rule(b->c, c.rule)->id : "-";
}

static void bad_patterns_are_shown(void **state)
{
	(void)state;
	expect_error("version: 1\nsecrets: {a: {paths: ['x', 'a/b']}}\nrules: [{id: r, tool: any, read: a, action: log}]\n",
		     2, 29, "'a/b'");
	expect_error("version: 1\nsecrets:\n  a:\n    paths:\n      - \"/a/[b\"\n"
		     "rules: [{id: r, tool: any, read: a, action: log}]\n", 5, 13, "never closed");
	expect_error("version: 1\ntools: {t: {exe: '/opt/t/'}}\n", 2, 25, "'/opt/t/'");
	expect_error("version: 1\ntools: {t: {exe: x, helpers: ['r[g']}}\n", 2, 33, "'r[g'");
	expect_error("version: 1\nproviders: {p: {domains: ['https://x.example']}}\n", 2, 33, "not a URL");
	expect_error("version: 1\nrules: [{id: r, tool: any, connect: {host: 'x..example'}, action: log}]\n", 2, 47, "label");
}

static void what_does_not_fit_is_named(void **state)
{
	struct strbuf t = STRBUF_INIT;

	(void)state;
	strbuf_adds(&t, "version: 1\nsecrets: {a: {paths: x}}\nrules:\n");
	for (int i = 0; i < 64; i++)
		strbuf_addf(&t, "- {id: r%d, tool: any, user: %d, read: a, action: log}\n", i, i + 100);
	expect_error(strbuf_str(&t), 67, 30, "more than 63 users");

	strbuf_reset(&t);
	strbuf_adds(&t, "version: 1\nproviders:\n");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&t, "  p%d: {domains: ['*w%d*.x.example']}\n", i, i);
	expect_error(strbuf_str(&t), 42, 20, "their wildcards multiply");

	strbuf_reset(&t);
	strbuf_adds(&t, "version: 1\nproviders:\n  p: {domains: p.example, cidrs: [");
	for (int i = 0; i <= SL_NET_RANGES_MAX; i++)
		strbuf_addf(&t, "%s10.%d.%d.%d", i ? ", " : "", i >> 16, i >> 8 & 255, i & 255);
	strbuf_adds(&t, "]}\nrules: [{id: r, tool: any, connect: {provider: p}, action: log}]\n");
	expect_error(strbuf_str(&t), 3, 3, "65537 address ranges, the limit is 65536; provider p has the most");

	strbuf_reset(&t);
	strbuf_adds(&t, "version: 1\nsecrets:\n");
	for (int i = 0; i < DFA_CLASSES_USED; i++)
		strbuf_addf(&t, "  s%d: {paths: /s%d}\n", i, i);
	strbuf_adds(&t, "tools:\n  t: {exe: /t, own: /o}\nrules:\n- id: r\n  tool: any\n  action: log\n  read: [own");
	for (int i = 0; i < DFA_CLASSES_USED; i++)
		strbuf_addf(&t, ", s%d", i);
	strbuf_adds(&t, "]\n");
	expect_error(strbuf_str(&t), 0, 0, "4095 file classes (secret classes and own stores), the limit is 4094");
	strbuf_done(&t);
}

/*
 * What a company may write: a thousand providers with ten names and ten ranges each, twenty thousand hosts in rules, rules by provider,
 * tier, host, range and port, for some tools and all. Bytes are counted, not time: they are the same on every machine.
 */
static void many_providers_and_hosts_fit(void **state)
{
	struct strbuf t = STRBUF_INIT;
	struct built b;
	size_t trie, bytes;

	(void)state;
	strbuf_adds(&t, "version: 1\ntools:\n");
	for (int i = 0; i < 200; i++)
		strbuf_addf(&t, "  tool%d: {exe: '/opt/tool%d', providers: [p%d, p%d]}\n", i, i, i, i * 5);
	strbuf_adds(&t, "providers:\n");
	for (int i = 0; i < 1000; i++) {
		strbuf_addf(&t, "  p%d:\n    tier: %s\n    domains: [", i, i % 3 ? "api" : "consumer");
		for (int k = 0; k < 10; k++)
			strbuf_addf(&t, "%s\"%ss%d.p%d.example\"", k ? ", " : "", k % 2 ? "*." : "", k, i);
		strbuf_adds(&t, "]\n    cidrs: [");
		for (int k = 0; k < 9; k++)
			strbuf_addf(&t, "%d.%d.%d.0/20, ", 11 + (i >> 8), i & 255, k * 16);
		strbuf_addf(&t, "\"2001:db8:%x::/48\"]\n", i);
		if (i % 50 == 0)
			strbuf_addf(&t, "    ports: [%d, 443]\n", 1000 + i);
	}
	strbuf_adds(&t, "rules:\n  - {id: own, tool: any, connect: {provider: own-providers}, action: log}\n");
	for (int r = 0; r < 200; r++) {
		strbuf_addf(&t, "  - {id: hosts%d, tool: tool%d, action: block, connect: {host: [", r, r);
		for (unsigned int k = 0; k < 100; k++)
			strbuf_addf(&t, "%s\"h%x.corp%d.internal\"", k ? ", " : "", ((unsigned int)r * 100 + k) * 2654435761u, r % 20);
		strbuf_adds(&t, "]}}\n");
		strbuf_addf(&t, "  - {id: range%d, tool: any, action: alert, connect: {provider: p%d, cidr: [%d.%d.0.0/16], port: [%d, 443]}}\n",
			    r, r * 5, 11 + (r * 5 >> 8), r * 5 & 255, 2000 + r);
	}
	strbuf_adds(&t, "  - {id: tier, tool: any, connect: {tier: consumer}, action: alert}\n");
	assert_true(strbuf_ok(&t));
	b = build(t.data);
	/* A node of the tries takes 64 bytes at most, and there are at most two for a range. */
	trie = b.c->net.ranges.cnt * 128u;
	bytes = hosts_table_size(b.c->name) + b.c->net.info.index * sizeof(uint16_t) + b.c->net.info.vectors * sizeof(uint64_t) +
		sizeof(*b.c->net.ports) + trie;
	print_message("names %zu, index %zu, vectors %zu, ranges %zu bytes\n", hosts_table_size(b.c->name),
		      b.c->net.info.index * sizeof(uint16_t), b.c->net.info.vectors * sizeof(uint64_t), trie);
	assert_true(bytes < 6u << 20);
	assert_string_equal(connects(&b, 7, "a.s1.p500.example", "198.51.100.1", 443), "-");
	assert_string_equal(connects(&b, 7, "a.s1.p501.example", "198.51.100.1", 443), "tier");
	assert_string_equal(connects(&b, 7, NULL, "12.244.16.9", 443), "range100");
	assert_string_equal(connects(&b, 7, NULL, "12.244.16.9", 2100), "-");
	assert_string_equal(connects(&b, 101, NULL, "12.244.16.9", 443), "own");
	assert_string_equal(connects(&b, 1, "h0.corp0.internal", "198.51.100.1", 22), "hosts0");
	assert_string_equal(connects(&b, 2, "h0.corp0.internal", "198.51.100.1", 22), "-");
	built_done(&b);
	strbuf_done(&t);
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void providers_by_name_then_address(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"providers:\n"
		"  wide: {domains: ['*.example'], tier: dev}\n"
		"  narrow: {domains: [api.one.example], tier: api}\n"
		"  range: {cidrs: [192.0.2.0/24], tier: api}\n"
		"  local: {cidrs: [127.0.0.0/8], ports: [11434], tier: local}\n"
		"rules:\n"
		"  - {id: local, tool: any, connect: {tier: local}, action: log}\n"
		"  - {id: loopback, tool: any, connect: {provider: loopback}, action: allow}\n"
		"  - {id: api, tool: any, connect: {tier: api}, action: log}\n"
		"  - {id: unknown, tool: any, connect: {provider: unknown}, action: alert}\n");
	const char *names[] = { "nothing.test", "api.one.example" };
	static const struct {
		uint8_t addr[4];
		uint16_t port;
		size_t names;
		const char *provider;
		size_t name;
		const char *rule;
	} cases[] = {
		{ { 198, 51, 100, 1 }, 443, 2, "narrow", 1, "api" },
		{ { 192, 0, 2, 1 }, 443, 1, "range", SIZE_MAX, "api" },
		{ { 192, 0, 2, 1 }, 443, 2, "narrow", 1, "api" },
		{ { 198, 51, 100, 1 }, 443, 1, "-", SIZE_MAX, "unknown" },
		{ { 127, 0, 0, 1 }, 11434, 0, "local", SIZE_MAX, "local" },
		{ { 127, 0, 0, 1 }, 3000, 0, "-", SIZE_MAX, "loopback" },
		{ { 0, 0, 0, 0 }, 3000, 0, "-", SIZE_MAX, "loopback" },
	};

	(void)state;
	assert_int_equal(b.c->tools_cnt, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct compiled_dest d = { .family = 4, .port = cases[i].port, .names = names, .names_cnt = cases[i].names };
		struct compiled_provider p;

		memcpy(d.addr, cases[i].addr, 4);
		p = compiled_provider(b.c, &d);
		assert_string_equal(p.provider ? p.provider->name : "-", cases[i].provider);
		assert_int_equal(p.name, cases[i].name);
		/* No session, no verdict: the rules are for tools. */
		assert_int_equal(compiled_connect(b.c, 0, 0, 0, &d).rule, 0);
	}
	built_done(&b);
	b = build("version: 1\n"
		  "tools: {one: {exe: /opt/one, providers: [mine]}, two: {exe: /opt/two}}\n"
		  "providers: {mine: {domains: mine.example, tier: api, region: eu}, theirs: {domains: theirs.example}}\n"
		  "rules:\n"
		  "  - {id: own, tool: any, connect: {provider: own-providers}, action: allow}\n"
		  "  - {id: region, tool: two, connect: {not-region: eu, not: unknown}, action: block}\n"
		  "  - {id: rest, tool: any, connect: {not: [private], port: [443]}, action: log}\n");
	for (size_t i = 0; i < 6; i++) {
		static const struct {
			unsigned int tool;
			const char *name;
			uint8_t first;
			const char *rule;
		} more[] = {
			{ 1, "mine.example", 203, "own" },   { 2, "mine.example", 203, "rest" },
			{ 2, "theirs.example", 203, "region" }, { 2, "else.example", 203, "rest" },
			{ 1, "theirs.example", 10, "-" },    { 1, "theirs.example", 203, "rest" },
		};
		struct compiled_dest d = { .family = 4, .addr = { more[i].first }, .port = 443, .names = &more[i].name,
					   .names_cnt = 1 };
		struct sl_decision v = compiled_connect(b.c, more[i].tool, 0, 0, &d);

		assert_string_equal(v.rule ? compiled_rule(b.c, v.rule)->id : "-", more[i].rule);
	}
}

static void streams_and_datagrams(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"tools: {one: {exe: /opt/one}}\n"
		"providers: {vendor: {domains: api.one.example, tier: api}}\n"
		"rules:\n"
		"  - {id: no-quic, tool: any, connect: {proto: udp, port: 443, provider: vendor}, action: block}\n"
		"  - {id: datagrams, tool: any, connect: {proto: [udp]}, action: alert}\n"
		"  - {id: both, tool: any, connect: {proto: [tcp, udp], port: 22}, action: alert}\n"
		"  - {id: rest, tool: any, connect: any, action: log}\n");
	static const struct {
		const char *name;
		uint8_t kind;
		uint16_t port;
		const char *rule;
	} cases[] = {
		{ "api.one.example", SL_NET_DATAGRAM, 443, "no-quic" }, { "api.one.example", SL_NET_STREAM, 443, "rest" },
		{ "api.two.example", SL_NET_DATAGRAM, 443, "datagrams" }, { "api.one.example", SL_NET_DATAGRAM, 444, "datagrams" },
		{ "api.one.example", SL_NET_STREAM, 22, "both" },       { "api.two.example", SL_NET_STREAM, 65535, "rest" },
		{ "api.two.example", SL_NET_DATAGRAM, 65535, "datagrams" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct compiled_dest d = { .family = 4, .addr = { 203 }, .kind = cases[i].kind, .port = cases[i].port,
					   .names = &cases[i].name, .names_cnt = 1 };
		struct sl_net_names known = { .names[0].word = SL_NET_WORD(1ull << 32, compiled_name_set(b.c, cases[i].name)) };
		struct sl_net_choice k = compiled_net_verdict(b.c, 1, 0, 0, &d, &known, 0, 1ull << 31);

		assert_string_equal(compiled_rule(b.c, compiled_connect(b.c, 1, 0, 0, &d).rule)->id, cases[i].rule);
		assert_string_equal(compiled_rule(b.c, k.rule)->id, cases[i].rule);
	}
}

/* A socket that is made is a destination that nothing is known of, and rules can name its kind. */
static void sockets_of_no_destination(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"tools: {one: {exe: /opt/one}}\n"
		"rules:\n"
		"  - {id: streams, tool: any, connect: {proto: tcp}, action: alert}\n"
		"  - {id: port, tool: any, connect: {port: [1, 2, 3, 4, 5]}, action: alert}\n"
		"  - {id: range, tool: any, connect: {cidr: 0.0.0.0/0}, action: alert}\n"
		"  - {id: host, tool: any, connect: {host: \"*\"}, action: alert}\n"
		"  - {id: local, tool: any, connect: {provider: [loopback, private]}, action: allow}\n"
		"  - {id: bare, tool: any, connect: {socket: [raw, packet]}, action: block}\n"
		"  - {id: ping, tool: any, connect: {socket: icmp}, action: log}\n"
		"  - {id: strangers, tool: any, connect: {not: [loopback]}, action: block}\n");
	static const struct {
		uint16_t socket;
		const char *rule;
	} cases[] = {
		{ SL_SOCKET_RAW, "bare" },        { SL_SOCKET_PACKET, "bare" },     { SL_SOCKET_ICMP, "ping" },
		{ SL_SOCKET_SCTP, "strangers" },  { SL_SOCKET_VSOCK, "strangers" }, { SL_SOCKET_TUN, "strangers" },
		{ SL_SOCKET_OTHER, "strangers" },
	};
	struct compiled_dest tcp = { .family = 4, .addr = { 203 }, .kind = SL_NET_STREAM, .port = SL_SOCKET_RAW };
	struct compiled_dest udp = { .family = 4, .addr = { 203 }, .kind = SL_NET_DATAGRAM, .port = 99 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct compiled_dest d = { .kind = SL_NET_SOCKET, .port = cases[i].socket };
		struct sl_net_choice k = compiled_net_verdict(b.c, 1, 0, 0, &d, NULL, 0, 1);

		assert_string_equal(compiled_rule(b.c, compiled_connect(b.c, 1, 0, 0, &d).rule)->id, cases[i].rule);
		assert_string_equal(compiled_rule(b.c, k.rule)->id, cases[i].rule);
	}
	assert_string_equal(compiled_rule(b.c, compiled_net_verdict(b.c, 1, 0, 0, &tcp, NULL, 0, 1).rule)->id, "streams");
	assert_string_equal(compiled_rule(b.c, compiled_net_verdict(b.c, 1, 0, 0, &udp, NULL, 0, 1).rule)->id, "range");
}

/* ---- warnings ------------------------------------------------------------------------------------------------------ */

struct finding {
	unsigned int line;
	char text[256];
};

struct findings {
	struct finding v[32];
	size_t cnt;
};

static void collect(void *arg, struct policy_where where, const char *text)
{
	struct findings *f = arg;

	assert_true(f->cnt < ARRAY_SIZE(f->v));
	f->v[f->cnt].line = where.line;
	snprintf(f->v[f->cnt].text, sizeof(f->v[0].text), "%s", text);
	f->cnt++;
}

static void warnings(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"                                                                       /* 1 */
		"secrets:\n"
		"  a: {paths: ['**/x', '**/y', '**/x', '!**/z', '**/y']}\n"
		"  b: {paths: ['!**/x', '**/q']}\n"
		"  unused: {paths: ['**/u']}\n"                                                      /* 5 */
		"tools: {one: {exe: /opt/one}, two: {exe: /opt/two}}\n"
		"providers: {p: {domains: p.example, tier: api, region: eu}}\n"
		"rules:\n"
		"  - {id: one, tool: one, read: [a, b], action: block}\n"
		"  - {id: two, tool: two, read: [a, b], action: log}\n"                              /* 10 */
		"  - {id: shadowed, tool: any, read: a, action: alert}\n"
		"  - {id: fine, tool: all, read: b, action: alert}\n"
		"  - {id: impossible, tool: any, reader: startup, read: a, action: log}\n"
		"  - {id: nobody, tool: none, user: no-such-user, read: a, action: log}\n"
		"  - {id: net, tool: any, connect: {tier: [api, dev]}, action: log}\n"              /* 15 */
		"  - {id: net-shadowed, tool: one, connect: {tier: api, port: 443}, action: log}\n"
		"  - {id: net-fine, tool: all, connect: {tier: api, region: us}, action: log}\n");
	static const struct {
		unsigned int line;
		const char *says;
	} want[] = {
		{ 3, "'**/x' is already in this list, in line 3" },
		{ 4, "'!**/x' takes nothing back" },
		{ 5, "no rule names the secret class 'unused'" },
		{ 9, "rule 'one': the mode is monitor, where block acts as alert" },
		{ 11, "rule 'shadowed' never decides: 'one', 'two' before it take all" },
		{ 13, "rule 'impossible' never decides: nothing satisfies" },
		{ 14, "rule 'nobody' never decides: nothing satisfies" },
		{ 14, "no user 'no-such-user'" },
		{ 16, "rule 'net-shadowed' never decides: 'net' before it takes all" },
		{ 17, "no provider is in region 'us'" },
	};
	struct findings f = { .cnt = 0 };

	(void)state;
	assert_int_equal(policy_lint(b.c, &host, collect, &f), ARRAY_SIZE(want));
	for (size_t i = 0; i < f.cnt; i++)
		if (f.v[i].line != want[i].line || !strstr(f.v[i].text, want[i].says))
			fail_msg("expected %u ...%s...\n     got %u %s", want[i].line, want[i].says, f.v[i].line, f.v[i].text);
	assert_int_equal(f.cnt, ARRAY_SIZE(want));
}

/* A tool inside another only adds rules, and a program at a path that anybody can make is no milder than any other. */
static void others_only_add(void **state)
{
	cleanup_(built_done) struct built b = build(
		"version: 1\n"
		"secrets: {env: {paths: ['**/.env']}, key: {paths: ['**/key']}}\n"
		"tools:\n"
		"  agent: {exe: ['**/agent']}\n"
		"  editor: {exe: ['**/editor'], own: ['~/.editor/**']}\n"
		"readers:\n"
		"  keeper: {exe: ['**/bin/keeper'], for: [env]}\n"
		"  home: {exe: ['**/bin/home'], for: [env], origin: any}\n"
		"rules:\n"
		"- {id: made, tool: any, reader: purpose-built, read: [env], action: allow}\n"
		"- {id: lax, tool: [editor], read: [env], action: log}\n"
		"- {id: strict-key, tool: [editor], read: [key], action: block}\n"
		"- {id: strict, tool: [agent], read: [env], action: block}\n"
		"- {id: net-lax, tool: [editor], connect: any, action: log}\n"
		"- {id: net-strict, tool: [agent], connect: any, action: block}\n");
	unsigned int keeper = compiled_exec(b.c, "/usr/bin/keeper", NULL, 0).exe_set;
	const struct sl_asked within = { .outer = { 1 } }, unproved = { .unproved = 1 };
	const struct compiled_dest d = { .family = 4, .addr = { 192, 0, 2, 1 }, .port = 443 };
	const struct {
		unsigned int tool, exe_set;
		const struct sl_asked *asked;
		const char *path, *rule;
	} cases[] = {
		{ 2, 0, NULL, "/p/.env", "lax" },
		{ 2, 0, &within, "/p/.env", "strict" },
		{ 2, 0, &within, "/p/key", "strict-key" },
		{ 1, keeper, NULL, "/p/.env", "made" },
		{ 1, keeper, &unproved, "/p/.env", "strict" },
		{ 2, keeper, &unproved, "/p/.env", "lax" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sl_decision got = compiled_file_asked(b.c, cases[i].tool, cases[i].exe_set, SL_MODE_CHILD, cases[i].asked, 1000,
							     set_of(&b, cases[i].path));

		assert_string_equal(compiled_rule(b.c, got.rule)->id, cases[i].rule);
	}
	assert_string_equal(compiled_rule(b.c, compiled_connect_asked(b.c, 2, 0, NULL, 1000, &d).rule)->id, "net-lax");
	assert_string_equal(compiled_rule(b.c, compiled_connect_asked(b.c, 2, 0, &within, 1000, &d).rule)->id, "net-strict");
	assert_false(compiled_exec(b.c, "/usr/bin/keeper", NULL, 0).any_origin);
	assert_true(compiled_exec(b.c, "/home/ann/bin/home", NULL, 0).any_origin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_only_add),
		cmocka_unit_test(recognition),
		cmocka_unit_test(long_arguments),
		cmocka_unit_test(kinds_of_readers),
		cmocka_unit_test(classes_of_a_set),
		cmocka_unit_test(unresolvable_is_blocked),
		cmocka_unit_test(users_and_executables),
		cmocka_unit_test(strangers_cost_nothing_unless_asked),
		cmocka_unit_test(rows_grow_with_what_differs),
		cmocka_unit_test(bad_patterns_are_shown),
		cmocka_unit_test(what_does_not_fit_is_named),
		cmocka_unit_test(many_providers_and_hosts_fit),
		cmocka_unit_test(providers_by_name_then_address),
		cmocka_unit_test(streams_and_datagrams),
		cmocka_unit_test(sockets_of_no_destination),
		cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
