/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as a policy: an error has a text and a place that exists; a small policy that loads and compiles means the
 * same to the tables and to the plain evaluator. Lines of "%%" cut the input into main.yaml, 1.yaml, 2.yaml, ... so that
 * includes are met as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/eval.h"
#include "policy/lint.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

#define SOURCES 4

/* Beyond these a policy is only loaded: automata of hostile patterns take seconds, as does matching by recursion. */
#define PATTERN_BYTES 600
#define STARS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const homes[] = { "/home/*", "/root" };
static const struct policy_user users[] = { { "ann", 1000 } };
static const struct policy_host host = { .homes = homes, .homes_cnt = ARRAY_SIZE(homes), .users = users, .users_cnt = ARRAY_SIZE(users) };
static const struct policy_strings nothing_read;

static size_t cut(char *text, size_t len, struct policy_source ret[SOURCES])
{
	static char names[SOURCES][16] = { "main.yaml", "1.yaml", "2.yaml", "3.yaml" };
	size_t cnt = 0;

	for (char *at = text, *end = text + len; cnt < SOURCES; cnt++) {
		char *mark = cnt + 1 < SOURCES ? memmem(at, (size_t)(end - at), "\n%%\n", 4) : NULL;

		ret[cnt] = (struct policy_source){ .name = names[cnt], .text = at, .len = (size_t)((mark ? mark : end) - at) };
		if (!mark)
			return cnt + 1;
		at = mark + 4;
	}
	return cnt;
}

static void check_error(const struct errmsg *e, const struct policy_source *sources, size_t cnt)
{
	unsigned int lines = 1;

	EXPECT(e->text[0]);
	EXPECT(e->file[0]);
	if (!e->line)
		return;
	EXPECT(e->column >= 1);
	EXPECT(!strchr(e->text, '\n'));
	EXPECT(!strchr(e->source, '\n'));
	for (size_t i = 0; i < cnt; i++) {
		if (strcmp(sources[i].name, e->file))
			continue;
		/* YAML also ends lines at a lone CR, and at NEL, LS and PS. */
		for (size_t j = 0; j < sources[i].len; j++)
			lines += strchr("\n\r\x85\xa8\xa9", sources[i].text[j]) != NULL;
	}
	EXPECT(e->line <= lines + 1);
}

static bool is_small(const struct policy_strings *l, size_t *bytes)
{
	for (size_t i = 0; i < l->cnt; i++) {
		size_t stars = 0;

		*bytes += strlen(l->v[i]);
		for (const char *p = l->v[i]; *p; p++)
			stars += *p == '*';
		if (stars > STARS || *bytes > PATTERN_BYTES)
			return false;
	}
	return true;
}

static bool can_compile(const struct policy *p)
{
	size_t bytes = 0;
	bool small = true;

	for (size_t i = 0; small && i < p->secrets_cnt; i++)
		small = is_small(&p->secrets[i].paths, &bytes);
	for (size_t i = 0; small && i < p->tools_cnt; i++)
		small = is_small(&p->tools[i].exe, &bytes) && is_small(&p->tools[i].argv, &bytes) &&
			is_small(&p->tools[i].own, &bytes) && is_small(&p->tools[i].helpers, &bytes);
	for (size_t i = 0; small && i < p->interpreters_cnt; i++)
		small = is_small(&p->interpreters[i].exe, &bytes) && is_small(&p->interpreters[i].value_options, &bytes);
	for (size_t i = 0; small && i < p->readers_cnt; i++)
		small = is_small(&p->readers[i].exe, &bytes);
	for (size_t i = 0; small && i < p->providers_cnt; i++)
		small = is_small(&p->providers[i].domains, &bytes);
	for (size_t i = 0; small && i < p->rules_cnt; i++)
		small = is_small(&p->rules[i].exe, &bytes) && is_small(&p->rules[i].except, &bytes) &&
			is_small(&p->rules[i].connect.hosts, &bytes);
	return small;
}

static bool same(struct sl_decision a, struct sl_decision b)
{
	return a.rule == b.rule && a.action == b.action && a.reader == b.reader;
}

static void compare_files(const struct policy *p, const struct compiled *c, const char *exe, const char *const *argv, size_t argc,
			  unsigned int exe_set)
{
	static const char *const paths[] = {
		"/a", "/.env", "/home/ann/.env", "/home/ann/.ssh/id_rsa", "/root/.one/x", "/etc/shadow",
		"/home/.x/a/b/c", NULL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		unsigned int set = paths[i] ? dfa_match(c->path, paths[i], strlen(paths[i])) : SL_SET_UNRESOLVED;

		for (unsigned int tool = 0; tool <= p->tools_cnt && tool < 3; tool++)
			for (unsigned int mode = 0; mode < SL_MODES; mode++)
				for (uint32_t uid = 999; uid < 1001; uid++)
					EXPECT(same(compiled_file(c, tool, exe_set, mode, uid, set),
						    eval_file(p, &host, tool, exe, argv, argc, mode, uid, paths[i])));
	}
}

/* The kernel's tables, for the first name alone: of several the strictest verdict counts there. */
static void compare_tables(const struct policy *p, const struct compiled *c, const char *exe, unsigned int exe_set, struct compiled_dest d)
{
	struct sl_net_names names = { 0 };

	d.names_cnt = d.names_cnt > 0;
	if (d.names_cnt)
		names.names[0].word = SL_NET_WORD(1ull << 40, compiled_name_set(c, d.names[0]));
	for (unsigned int tool = 0; tool <= p->tools_cnt && tool < 3; tool++) {
		struct sl_net_choice got = compiled_net_verdict(c, tool, exe_set, 1000, &d, &names, 1, 1);
		struct sl_decision want = eval_connect(p, &host, tool, exe, 1000, &d, &nothing_read);

		EXPECT(got.rule == want.rule && got.action == want.action);
	}
}

static void compare_connects(const struct policy *p, const struct compiled *c, const char *exe, unsigned int exe_set)
{
	static const char *const names[] = { "api.one.example", "a.b", "localhost" };
	static const uint8_t firsts[] = { 10, 127, 192, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		struct compiled_dest d = {
			.family = i % 2 ? 4 : 6, .addr = { firsts[i] }, .kind = i / 2 % 2, .port = i % 2 ? 443 : 80, .names = names,
			.names_cnt = i,
		};

		EXPECT(compiled_provider(c, &d).provider == eval_provider(p, &d));
		for (unsigned int tool = 0; tool <= p->tools_cnt && tool < 3; tool++)
			EXPECT(same(compiled_connect(c, tool, exe_set, 1000, &d),
				    eval_connect(p, &host, tool, exe, 1000, &d, &nothing_read)));
		compare_tables(p, c, exe, exe_set, d);
	}
}

static void compare(const struct policy *p, const struct compiled *c)
{
	static const char *const exes[] = { "/usr/bin/cat", "/usr/bin/node", "/opt/one", "/home/ann/.local/one/1" };
	static const char *const argv[] = { "rg", "-r", "x", "one.js", "/opt/one.js" };

	for (size_t i = 0; i < ARRAY_SIZE(exes); i++) {
		for (size_t argc = 0; argc <= ARRAY_SIZE(argv); argc++) {
			struct compiled_exec got = compiled_exec(c, exes[i], argv, argc);
			struct compiled_exec want = eval_exec(p, &host, exes[i], argv, argc);

			EXPECT(got.tool == want.tool && got.evidence == want.evidence && got.helper == want.helper);
			compare_files(p, c, exes[i], argv, argc, got.exe_set);
			if (argc)
				continue;
			compare_connects(p, c, exes[i], got.exe_set);
		}
	}
}

static void on_finding(void *arg, struct policy_where where, const char *text)
{
	const struct policy *p = arg;

	EXPECT(where.source < p->sources_cnt && where.line && where.column && *text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	struct policy_source sources[SOURCES];
	cleanup_(policy_freep) struct policy *p = NULL;
	cleanup_(compiled_freep) struct compiled *c = NULL;
	struct errmsg e;
	size_t cnt;

	EXPECT(text);
	memcpy(text, data, size);
	text[size] = '\0';
	cnt = cut(text, size, sources);
	if (policy_load_sources(sources, cnt, &p, &e) < 0) {
		EXPECT(!p);
		check_error(&e, sources, cnt);
		return 0;
	}
	EXPECT(p->sources_cnt <= cnt && strlen(p->hash) == 71);
	if (!can_compile(p))
		return 0;
	if (policy_compile(p, &host, &c, &e) < 0) {
		EXPECT(!c);
		check_error(&e, sources, cnt);
		return 0;
	}
	EXPECT(policy_lint(c, &host, on_finding, p) >= 0);
	compare(p, c);
	return 0;
}
