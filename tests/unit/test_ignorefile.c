/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Ignore files: which patterns come of which lines, what is listed as an error, and what the result matches. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "match/dfa.h"
#include "match/ignorefile.h"

static struct ignorefile *parse(const char *text, const char *dir)
{
	struct ignorefile *f = NULL;
	struct errmsg e = { 0 };

	assert_int_equal(ignorefile_parse(text, strlen(text), dir, &f, &e), 0);
	assert_non_null(f);
	return f;
}

/* "line:pattern" per pattern, blank between. */
static void expect(const char *text, const char *dir, const char *patterns)
{
	cleanup_(ignorefile_freep) struct ignorefile *f = parse(text, dir);
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;

	for (size_t i = 0; i < f->patterns_cnt; i++)
		strbuf_addf(&b, "%s%u:%s", i ? " " : "", f->patterns[i].line, f->patterns[i].glob);
	assert_string_equal(strbuf_str(&b), patterns);
	assert_int_equal(f->errors_cnt, 0);
}

static void test_lines(void **state)
{
	(void)state;
	expect("", "/p", "");
	expect("\n\n# a comment\n   \n", "/p", "");
	expect("secrets", "/p", "1:/p/**/secrets 1:/p/**/secrets/**");
	expect("secrets\n", "/p/", "1:/p/**/secrets 1:/p/**/secrets/**");
	expect("secrets", "/", "1:/**/secrets 1:/**/secrets/**");
	expect("build/", "/p", "1:/p/**/build/**");
	expect("/build", "/p", "1:/p/build 1:/p/build/**");
	expect("/build/", "/p", "1:/p/build/**");
	expect("a/b", "/p", "1:/p/a/b 1:/p/a/b/**");
	expect("a/b/", "/p", "1:/p/a/b/**");
	expect("**/b", "/p", "1:/p/**/b 1:/p/**/b/**");
	expect("a/**/b", "/p", "1:/p/a/**/b 1:/p/a/**/b/**");
	expect("a/**", "/p", "1:/p/a/**");
	expect("a/**/", "/p", "1:/p/a/**/*/**");
	expect("/*", "/p", "1:/p/* 1:/p/*/**");
	expect("*", "/p", "1:/p/**/* 1:/p/**/*/**");
	expect("a**b", "/p", "1:/p/**/a*b 1:/p/**/a*b/**");
	expect("x\\**", "/p", "1:/p/**/x\\** 1:/p/**/x\\**/**");
	expect("x\n!y\n", "/p", "1:/p/**/x 1:/p/**/x/** 2:!/p/**/y 2:!/p/**/y/**");
	expect("\\#x\n\\!y", "/p", "1:/p/**/\\#x 1:/p/**/\\#x/** 2:/p/**/\\!y 2:/p/**/\\!y/**");
	expect("x  \ny\\ \nz \\  ", "/p",
	       "1:/p/**/x 1:/p/**/x/** 2:/p/**/y\\  2:/p/**/y\\ /** 3:/p/**/z \\  3:/p/**/z \\ /**");
	expect("x\r\n\r\ny\r\n", "/p", "1:/p/**/x 1:/p/**/x/** 3:/p/**/y 3:/p/**/y/**");
	expect("\xef\xbb\xbfx", "/p", "1:/p/**/x 1:/p/**/x/**");
	expect("x", "/p/[1] a*", "1:/p/\\[1] a\\*/**/x 1:/p/\\[1] a\\*/**/x/**");
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *words;
	} cases[] = {
		{ "/", "names nothing" },        { "!", "names nothing" },     { "a[b", "never closed" },
		{ "a//b", "two slashes" },       { "x\\", "escapes nothing" }, { "../x", "never matches" },
		{ "[z-a]", "the smaller byte" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(ignorefile_freep) struct ignorefile *f = NULL;
		char text[64];

		snprintf(text, sizeof(text), "good\n%s\nbetter\n", cases[i].line);
		f = parse(text, "/p");
		assert_int_equal(f->patterns_cnt, 4);
		assert_int_equal(f->patterns[2].line, 3);
		assert_int_equal(f->errors_cnt, 1);
		assert_int_equal(f->errors[0].line, 2);
		if (!strstr(f->errors[0].text, cases[i].words))
			fail_msg("\"%s\": \"%s\"", cases[i].line, f->errors[0].text);
	}
}

static void test_nul_byte(void **state)
{
	cleanup_(ignorefile_freep) struct ignorefile *f = NULL;

	(void)state;
	assert_int_equal(ignorefile_parse("a\0b\nc", 5, "/p", &f, NULL), 0);
	assert_int_equal(f->errors_cnt, 1);
	assert_string_equal(f->patterns[0].glob, "/p/**/c");
}

static void test_bounds(void **state)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	cleanup_(ignorefile_freep) struct ignorefile *f = NULL;
	struct ignorefile *none = NULL;
	struct errmsg e = { 0 };

	(void)state;
	assert_int_equal(ignorefile_parse("x", 1, "p", &none, &e), -EINVAL);
	assert_non_null(strstr(e.text, "absolute"));
	for (unsigned int i = 0; i < IGNORE_ERRORS_MAX + 10; i++)
		strbuf_adds(&b, "[\n");
	f = parse(strbuf_str(&b), "/p");
	assert_int_equal(f->errors_cnt, IGNORE_ERRORS_MAX);
	assert_int_equal(f->errors_more, 10);

	strbuf_reset(&b);
	for (unsigned int i = 0; i <= IGNORE_PATTERNS_MAX / 2; i++)
		strbuf_addf(&b, "f%u\n", i);
	assert_int_equal(ignorefile_parse(b.data, b.len, "/p", &none, &e), -E2BIG);
	strbuf_reset(&b);
	while (b.len <= IGNORE_TEXT_MAX)
		strbuf_adds(&b, "# nothing\n");
	assert_int_equal(ignorefile_parse(b.data, b.len, "/p", &none, &e), -E2BIG);
	assert_null(none);

	strbuf_reset(&b);
	while (b.len < 4096)
		strbuf_addc(&b, 'x');
	ignorefile_free(take_ptr(f));
	f = parse(b.data, "/p");
	assert_int_equal(f->patterns_cnt, 0);
	assert_non_null(strstr(f->errors[0].text, "too long"));
}

static bool ignored(const struct dfa *d, const char *path)
{
	return dfa_set_has(&d->sets[dfa_match(d, path, strlen(path))], 0);
}

/* From the text to verdicts, as an import does. */
static void test_end_to_end(void **state)
{
	static const char text[] = "*.pem\nsecrets/\n/config/prod.yml\n!public.pem\n";
	cleanup_(ignorefile_freep) struct ignorefile *f = parse(text, "/home/ann/shop");
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, NULL, 0);
	cleanup_(dfa_freep) struct dfa *d = NULL;

	(void)state;
	assert_int_equal(f->negated_cnt, 1);
	for (size_t i = 0; i < f->patterns_cnt; i++)
		assert_int_equal(dfa_builder_add(b, 0, f->patterns[i].glob, NULL), 0);
	assert_int_equal(dfa_build(b, 0, 100, &d, NULL), 0);
	assert_true(ignored(d, "/home/ann/shop/key.pem"));
	assert_true(ignored(d, "/home/ann/shop/a/b/key.pem"));
	assert_false(ignored(d, "/home/ann/shop/a/public.pem"));
	assert_false(ignored(d, "/home/ann/other/key.pem"));
	assert_true(ignored(d, "/home/ann/shop/a/secrets/b/c"));
	assert_false(ignored(d, "/home/ann/shop/a/secrets"));
	assert_true(ignored(d, "/home/ann/shop/config/prod.yml"));
	assert_false(ignored(d, "/home/ann/shop/a/config/prod.yml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),    cmocka_unit_test(test_errors), cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_bounds),   cmocka_unit_test(test_end_to_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
