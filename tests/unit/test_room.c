/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Policies as companies write them, on top of the shipped one: many classes of one form, and of all of them. They compile, within
 * bounds, and mean what the plain evaluator says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shipped.h"

#include "base/strbuf.h"
#include "policy/eval.h"

#define KERNEL_MAX (16u << 20) /* bytes of the tables of files */

static const char *const words[] = {
	"payroll", "ledger", "invoice", "tax", "salary", "patent", "merger", "board", "legal", "audit", "budget", "vendor",
	"tender", "claims", "medical", "staff", "visa", "bonus", "equity", "grant",
};

static void add_word(struct strbuf *b, unsigned int i)
{
	unsigned int more = i / ARRAY_SIZE(words);

	strbuf_adds(b, words[i % ARRAY_SIZE(words)]);
	if (more)
		strbuf_addf(b, "-%s", words[more % ARRAY_SIZE(words)]);
}

/* '@' stands for a word. */
static void add_form(struct strbuf *b, const char *form, unsigned int i)
{
	for (; *form; form++) {
		if (*form == '@')
			add_word(b, i);
		else
			strbuf_addf(b, "%c", *form);
	}
}

static const char *const forms[] = { "**/@/**", "**/@.d/**/*.conf", "/srv/@/**", "**/@-*.json", "**/@/*.csv", "~/@/**", "**/@*", "**/*@*" };
static const char *const paths[] = {
	"/home/ann/@/x", "/srv/@/x/y.conf", "/srv/@.d/@/a.conf", "/a/@.d/.env", "/srv/@/@-1.json", "/b/@/t.csv", "/home/@/@/t.csv",
	"/home/bob/@/.aws/credentials", "/srv/@", "/home/bob/.ssh/@/id_rsa", "/srv/@/my-@-list.txt", "/root/@s.csv", "/tmp/x@.env", "/@-2.json", "/root/@/@.d/@/z.conf",
};

enum { EACH = 200, RULES_MAX = 960 };

struct form_count {
	const char *form;
	unsigned int cnt;
};

static void write_policy(const char *path, const struct form_count *f, size_t cnt)
{
	struct strbuf b = STRBUF_INIT;
	unsigned int n = 0, each;
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	strbuf_adds(&b, "version: 1\ninclude: [default.yaml]\nsecrets:\n");
	for (size_t k = 0; k < cnt; k++)
		for (unsigned int i = 0; i < f[k].cnt; i++) {
			strbuf_addf(&b, "  mine%u: {paths: [\"", n++);
			add_form(&b, f[k].form, i);
			strbuf_adds(&b, "\"]}\n");
		}
	strbuf_adds(&b, "rules:\n");
	/* As many rules as there may be, with a class each, or two. */
	each = n > RULES_MAX ? 2 : 1;
	for (unsigned int i = 0; i < n; i += each) {
		strbuf_addf(&b, "  - {id: mine%u, tool: any, read: [mine%u", i, i);
		if (each > 1 && i + 1 < n)
			strbuf_addf(&b, ", mine%u", i + 1);
		strbuf_addf(&b, "], action: %s, severity: high}\n", i / each % 3 ? "alert" : "block");
	}
	assert_int_equal(fwrite(b.data, 1, b.len, out), b.len);
	fclose(out);
	strbuf_done(&b);
}

/* Returns how many of the files are in sets of several lanes. */
static unsigned int ask(const struct shipped *s, unsigned int mine)
{
	static const char *const homes[] = { "/home/*", "/root" };
	static const struct policy_host host = { .homes = homes, .homes_cnt = ARRAY_SIZE(homes) };
	unsigned int tool = shipped_tool(s, "claude-code"), several = 0, decided = 0;

	for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
		for (unsigned int i = 0; i < mine; i += 7) {
			struct strbuf b = STRBUF_INIT;
			struct sl_decision got, want;
			unsigned int set;

			add_form(&b, paths[k], i);
			set = dfa_match(s->compiled->path, b.data, b.len);
			got = compiled_file(s->compiled, tool, 0, SL_MODE_CHILD, 1000, set);
			want = eval_file(s->policy, &host, tool, "/usr/bin/nothing", NULL, 0, SL_MODE_CHILD, 1000, strbuf_str(&b));
			if (got.rule != want.rule || got.action != want.action || got.reader != want.reader)
				fail_msg("%s: the tables say rule %u action %u reader %u, plainly it is %u %u %u", strbuf_str(&b),
					 got.rule, got.action, got.reader, want.rule, want.action, want.reader);
			several += set >= SL_COMBOS_FIRST;
			decided += want.rule != 0;
			strbuf_done(&b);
		}
	}
	assert_true(decided > 0);
	return several;
}

static unsigned int compile_and_ask(const struct form_count *f, size_t cnt)
{
	char path[] = "/tmp/sluice-room.XXXXXX";
	const struct compiled *c;
	unsigned int mine = 0, several;
	struct shipped s;
	int fd = mkstemp(path);
	size_t bytes;

	assert_true(fd >= 0);
	close(fd);
	for (size_t k = 0; k < cnt; k++)
		mine = f[k].cnt > mine ? f[k].cnt : mine;
	write_policy(path, f, cnt);
	shipped_init_file(&s, path);
	unlink(path);
	c = s.compiled;
	bytes = dfa_table_size(c->path) + dfa_words_size(c->path) + compiled_decisions_size(c);
	print_message("%zu forms, %u classes each at most: %u lanes, %u sets, %zu KiB\n", cnt, mine, dfa_lanes_cnt(c->path),
		      c->path->info.sets, bytes >> 10);
	assert_true(bytes < KERNEL_MAX);
	several = ask(&s, mine);
	shipped_done(&s);
	return several;
}

static void test_each_form(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(forms); k++) {
		const struct form_count one = { forms[k], EACH };

		compile_and_ask(&one, 1);
	}
}

static void test_all_forms(void **state)
{
	struct form_count all[ARRAY_SIZE(forms)];

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(forms); k++)
		all[k] = (struct form_count){ forms[k], EACH };
	assert_true(compile_and_ask(all, ARRAY_SIZE(all)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_form),
		cmocka_unit_test(test_all_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
