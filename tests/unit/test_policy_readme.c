/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * policies/README.md is the reference, so what it shows must be so: every ```yaml block loads and compiles against the
 * shipped lists, and every ```yaml error block gives the message in the ```text block behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "policy/compile.h"

static const char *source_dir(void)
{
	const char *dir = getenv("SLUICE_SRC");

	return dir ? dir : ".";
}

static void read_whole(const char *name, struct strbuf *ret)
{
	char path[4096], buf[4096];
	cleanup_fclose FILE *f = NULL;
	size_t n;

	snprintf(path, sizeof(path), "%s/policies/%s", source_dir(), name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s: run this from the source directory, or set SLUICE_SRC", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(ret, buf, n);
	assert_true(strbuf_ok(ret));
}

/* ---- blocks of the page ------------------------------------------------------------------------------------------- */

struct block {
	char kind[32];       /* what stands behind the ``` */
	const char *text;
	size_t len;
	unsigned int line;   /* of the text's first line */
};

/* The next ``` block from *at on; false: none. */
static bool next_block(const char *page, const char **at, struct block *ret)
{
	const char *open = strncmp(*at, "```", 3) ? strstr(*at, "\n```") : *at - 1, *eol, *close;

	if (!open)
		return false;
	eol = strchr(open + 1, '\n');
	assert_non_null(eol);
	close = strstr(eol, "\n```");
	if (!close)
		fail_msg("a ``` block is not closed");
	snprintf(ret->kind, sizeof(ret->kind), "%.*s", (int)(eol - open - 4), open + 4);
	ret->text = eol + 1;
	ret->len = (size_t)(close - eol);
	ret->line = 1;
	for (const char *p = page; p <= eol; p++)
		ret->line += *p == '\n';
	*at = close + 4;
	return true;
}

/* ---- loading one -------------------------------------------------------------------------------------------------- */

static const char *const shipped[] = {
	"default.yaml", "enforce.yaml", "strict.yaml", "tools.yaml", "secrets.yaml", "readers.yaml", "providers.yaml", "brokers.yaml",
};

struct library {
	struct strbuf text[ARRAY_SIZE(shipped)];
};

static int library_read(void **state)
{
	struct library *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++)
		read_whole(shipped[i], &l->text[i]);
	*state = l;
	return 0;
}

static int library_free(void **state)
{
	struct library *l = *state;

	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++)
		strbuf_done(&l->text[i]);
	free(l);
	return 0;
}

static int load(const struct library *l, const struct block *b, struct errmsg *e)
{
	static const char *const homes[] = { "/home/*", "/root" };
	static const struct policy_user users[] = { { "ann", 1000 } };
	const struct policy_host host = { .homes = homes, .homes_cnt = ARRAY_SIZE(homes), .users = users, .users_cnt = ARRAY_SIZE(users) };
	struct policy_source sources[1 + ARRAY_SIZE(shipped)] = {
		{ .name = (char[]){ "policy.yaml" }, .text = (char *)(uintptr_t)b->text, .len = b->len },
	};
	cleanup_(policy_freep) struct policy *p = NULL;
	cleanup_(compiled_freep) struct compiled *c = NULL;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(shipped); i++)
		sources[i + 1] = (struct policy_source){ .name = (char *)(uintptr_t)shipped[i], .text = l->text[i].data, .len = l->text[i].len };
	r = policy_load_sources(sources, ARRAY_SIZE(sources), &p, e);
	return r < 0 ? r : policy_compile(p, &host, &c, e);
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

static void every_example_is_valid(void **state)
{
	const struct library *l = *state;
	struct strbuf page = STRBUF_INIT;
	const char *at;
	struct block b;
	size_t cnt = 0;

	read_whole("README.md", &page);
	at = strbuf_str(&page);
	while (next_block(strbuf_str(&page), &at, &b)) {
		struct errmsg e;

		if (strcmp(b.kind, "yaml"))
			continue;
		if (load(l, &b, &e) < 0)
			fail_msg("the example at README.md:%u: %s:%u:%u: %s", b.line, e.file, e.line, e.column, e.text);
		cnt++;
	}
	strbuf_done(&page);
	assert_in_range(cnt, 8, 100);
}

/* As the command line prints it. */
static void format_error(const struct errmsg *e, struct strbuf *ret)
{
	strbuf_addf(ret, "sluice: %s:%u:%u: %s\n  %s\n  %*s^\n", e->file, e->line, e->column, e->text, e->source,
		    (int)e->column - 1, "");
}

static void every_error_is_so(void **state)
{
	const struct library *l = *state;
	struct strbuf page = STRBUF_INIT;
	const char *at;
	struct block b, says;
	size_t cnt = 0;

	read_whole("README.md", &page);
	at = strbuf_str(&page);
	while (next_block(strbuf_str(&page), &at, &b)) {
		struct strbuf got = STRBUF_INIT;
		struct errmsg e;

		if (strcmp(b.kind, "yaml error"))
			continue;
		if (load(l, &b, &e) >= 0)
			fail_msg("the example at README.md:%u is said to be wrong, and is not", b.line);
		if (!next_block(strbuf_str(&page), &at, &says) || strcmp(says.kind, "text"))
			fail_msg("README.md:%u: no ```text with the message follows", b.line);
		format_error(&e, &got);
		if (got.len != says.len || memcmp(got.data, says.text, got.len))
			fail_msg("README.md:%u says\n%.*s\nbut it is\n%s", says.line, (int)says.len, says.text,
				 strbuf_str(&got));
		strbuf_done(&got);
		cnt++;
	}
	strbuf_done(&page);
	assert_in_range(cnt, 3, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_is_valid),
		cmocka_unit_test(every_error_is_so),
	};

	return cmocka_run_group_tests(tests, library_read, library_free);
}
