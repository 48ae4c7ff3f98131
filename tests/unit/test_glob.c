/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Path patterns one by one: what they match, and what is refused with which words. Sets of patterns: test_dfa.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "match/dfa.h"
#include "match/glob.h"

static const char *const homes[] = { "/home/*", "/root", "/srv/build/a[nb]n" };

static bool matches(const char *pattern, const char *path)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, homes, ARRAY_SIZE(homes));
	cleanup_(dfa_freep) struct dfa *d = NULL;
	struct errmsg e = { 0 };

	assert_non_null(b);
	if (dfa_builder_add(b, 0, pattern, &e) < 0)
		fail_msg("%s: %s", pattern, e.text);
	assert_int_equal(dfa_build(b, 0, 100, &d, &e), 0);
	return dfa_set_has(&d->sets[dfa_match(d, path, strlen(path))], 0);
}

static void check(const char *pattern, const char *path, bool expected)
{
	if (matches(pattern, path) != expected)
		fail_msg("%s on \"%s\": expected %s", pattern, path, expected ? "a match" : "none");
}

static void test_any_depth(void **state)
{
	(void)state;
	check("**/.env", "/.env", true);
	check("**/.env", "/a/.env", true);
	check("**/.env", "/a/b/c/.env", true);
	check("**/.env", "/a/x.env", false);
	check("**/.env", "/a/.env/x", false);
	check("**/.env", "/a/.envx", false);
	check(".env", "/a/b/.env", true);
	check(".env", "/.env", true);
	check("**/a/b", "/a/b", true);
	check("**/a/b", "/x/y/a/b", true);
	check("**/a/b", "/a/x/b", false);
	check("**/a/b", "/xa/b", false);
	check("**/**/b", "/b", true);
	check("**", "/a", true);
	check("**", "/a/b/c", true);
	check("**", "/", false);
	check("**", "", false);
	check("**/*", "/a/b", true);
	check("/**", "/a", true);
	check("/**", "/", false);
	check("/**/x", "/x", true);
	check("/**/x", "/a/b/x", true);
}

static void test_anchored(void **state)
{
	(void)state;
	check("/etc/shadow", "/etc/shadow", true);
	check("/etc/shadow", "/x/etc/shadow", false);
	check("/etc/shadow", "/etc/shadow/x", false);
	check("/etc/shadow", "etc/shadow", false);
	check("/a/**/b", "/a/b", true);
	check("/a/**/b", "/a/x/b", true);
	check("/a/**/b", "/a/x/y/z/b", true);
	check("/a/**/b", "/a/xb", false);
	check("/a/**/b", "/q/a/b", false);
	check("/a/**/**/b", "/a/b", true);
	check("/a/**", "/a/x", true);
	check("/a/**", "/a/x/y", true);
	check("/a/**", "/a", false);
	check("/a/**", "/ab/x", false);
	check("**/a/**", "/x/a/y/z", true);
	check("**/a/**", "/x/a", false);
	check("/a/**/b/**/c", "/a/b/c", true);
	check("/a/**/b/**/c", "/a/x/b/y/b/z/c", true);
	check("/a/**/b/**/c", "/a/x/c", false);
	check("/a/*/c", "/a/b/c", true);
	check("/a/*/c", "/a/c", false);
	check("/a/*/c", "/a/b/b/c", false);
}

static void test_homes(void **state)
{
	(void)state;
	check("~/.x/**", "/home/ann/.x/f", true);
	check("~/.x/**", "/home/ann/.x/f/g/h", true);
	check("~/.x/**", "/home/ann/.x", false);
	check("~/.x/**", "/root/.x/f", true);
	check("~/.x/**", "/srv/build/ann/.x/f", true);
	check("~/.x/**", "/srv/build/abn/.x/f", true);
	check("~/.x/**", "/srv/build/axn/.x/f", false);
	check("~/.x/**", "/home/.x/f", false);
	check("~/.x/**", "/home/ann/sub/.x/f", false);
	check("~/.x/**", "/backup/home/ann/.x/f", false);
	check("~/.x/**", "/backup/root/.x/f", false);
	check("~/a", "/home/ann/a", true);
	check("~/a", "/home/a/a", true);
	check("~", "/root", true);
	check("~", "/home/ann", true);
	check("~/**/k", "/home/ann/k", true);
	check("~/**/k", "/home/ann/x/y/k", true);
	check("~/**", "/home/ann/x", true);
	check("~/**", "/home/ann", false);
	/* No account is called .x: glob.h says why this matters. */
	check("~/a", "/home/.x/a", false);
	/* Two stores, one in the other; and below one another's name as a user. */
	check("~/.x/**", "/home/ann/.y/.x/f", false);
	check("~/.x/**", "/home/ann/.x/.y/f", true);
	check("~/x/**", "/home/x/x/f", true);
	check("~/x/**", "/home/x/y/f", false);
	check("\\~x", "/a/~x", true);
}

static void test_no_homes(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, NULL, 0);
	cleanup_(dfa_freep) struct dfa *d = NULL;
	struct errmsg e = { 0 };

	(void)state;
	assert_int_equal(dfa_builder_add(b, 0, "~/.x/**", &e), 0);
	assert_int_equal(dfa_builder_add(b, 0, "~/[", &e), -EINVAL);
	assert_int_equal(dfa_build(b, 0, 100, &d, &e), 0);
	assert_int_equal(dfa_match(d, "/root/.x/f", 10), 0);
}

static void test_within_names(void **state)
{
	(void)state;
	check("*.pem", "/a/x.pem", true);
	check("*.pem", "/a/.pem", true);
	check("*.pem", "/a.pem/x", false);
	check("id_*", "/a/id_", true);
	check("id_*", "/a/id_rsa", true);
	check("*key*", "/a/monkeys", true);
	check("*key*", "/key/x", false);
	check("a*b*c", "/a-b-c-b-c", true);
	check("a*b*c", "/acb", false);
	check("a?c", "/abc", true);
	check("a?c", "/ac", false);
	check("a?c", "/a/c", false);
	check("?", "/\xc3\xa4", false); /* one byte, not one character */
	check("??", "/\xc3\xa4", true);
	check("\xc3\xa4*", "/\xc3\xa4" "bc", true);
	check("[a-c]x", "/bx", true);
	check("[a-c]x", "/dx", false);
	check("[!a-c]x", "/dx", true);
	check("[!a-c]x", "/bx", false);
	check("[^a]x", "/ax", false);
	check("[^a]x", "/bx", true);
	check("a[!b]c", "/a/c", false);
	check("[]a]", "/]", true);
	check("[!]a]", "/]", false);
	check("[a-]", "/-", true);
	check("[\\]x]", "/]", true);
	check("[\\]x]", "/\\", false);
	check("[[:digit:]_]x", "/7x", true);
	check("[[:digit:]_]x", "/_x", true);
	check("[[:digit:]_]x", "/ax", false);
	check("[![:upper:]]x", "/Ax", false);
	check("\\*", "/*", true);
	check("\\*", "/x", false);
	check("\\[a]", "/[a]", true);
	check("a\\b", "/ab", true);
	check("\\!x", "/!x", true);
	check("x\\\\", "/x\\", true);
	check("a b", "/a b", true);
	check("A", "/a", false);
	check("#x", "/#x", true);
}

static void refuse_with(const char *const *h, size_t h_cnt, const char *pattern, unsigned int column, const char *words)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, h, h_cnt);
	struct errmsg e = { 0 };

	assert_non_null(b);
	if (dfa_builder_add(b, 0, pattern, &e) != -EINVAL || e.column != column || !strstr(e.text, words))
		fail_msg("\"%s\": column %u, \"%s\"", pattern, e.column, e.text);
}

static void refuse(const char *pattern, unsigned int column, const char *words)
{
	refuse_with(homes, ARRAY_SIZE(homes), pattern, column, words);
}

static void test_refused(void **state)
{
	char longest[PATTERN_MAX + 2];

	(void)state;
	refuse("", 1, "empty");
	refuse("!", 2, "empty");
	refuse("/", 1, "write /**");
	refuse("a/b", 1, "write **/a/b for any directory, or /a/b");
	refuse("!a/b", 2, "write **/a/b");
	refuse("build/", 6, "write **/build/**");
	refuse("**/build/", 9, "write /**");
	refuse("**/", 3, "a slash at the end");
	refuse("~/", 2, "a slash at the end");
	refuse("/a//b", 4, "two slashes");
	refuse("//a", 2, "two slashes");
	refuse("/a/../b", 4, "never matches");
	refuse("**/./b", 4, "never matches");
	refuse("..", 1, "never matches");
	refuse("a**b", 2, "** must stand alone");
	refuse("**/***", 4, "** must stand alone");
	refuse("/a/b**", 5, "** must stand alone");
	refuse("~ann/x", 2, "every user's home");
	refuse("/x[ab", 3, "never closed");
	refuse("/x[", 3, "never closed");
	refuse("/x[]", 3, "never closed");
	refuse("/x[a\\", 3, "never closed");
	refuse("[b-a]", 2, "empty");
	refuse("[a/b]", 1, "not anchored");
	refuse("**/[a/b]", 6, "cannot hold a slash");
	refuse("[\xc3\xa4]", 2, "ASCII only");
	refuse("[[:nope:]]", 4, "no such character class");
	refuse("x\\", 2, "escapes nothing");
	refuse("/a\\/b", 3, "cannot be escaped");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	refuse(longest, PATTERN_MAX + 1, "longer than 4096");
	longest[PATTERN_MAX] = '\0';
	longest[0] = '/';
	check(longest, longest, true);
}

static void test_bad_homes(void **state)
{
	static const char *const relative[] = { "home/ann" }, *const stars[] = { "/home/**" }, *const dots[] = { "/a/.." },
				*const slash[] = { "/home/ann/" };

	(void)state;
	refuse_with(relative, 1, "~/x", 1, "home directory \"home/ann\": not an absolute path");
	refuse_with(stars, 1, "~/x", 1, "** is not for home directories");
	refuse_with(dots, 1, "~/x", 1, "never matches");
	refuse_with(slash, 1, "~/x", 1, "home directory \"/home/ann/\": a slash at the end");
}

/* A home directory that is the root itself (a container's): ~/x is /x. */
static void test_root_home(void **state)
{
	static const char *const root[] = { "/" };
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, root, 1);
	cleanup_(dfa_freep) struct dfa *d = NULL;

	(void)state;
	assert_int_equal(dfa_builder_add(b, 0, "~/.x/**", NULL), 0);
	assert_int_equal(dfa_build(b, 0, 100, &d, NULL), 0);
	assert_int_equal(dfa_match(d, "/.x/f", 5), 1);
	assert_int_equal(dfa_match(d, "/a/.x/f", 7), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_depth), cmocka_unit_test(test_anchored),
		cmocka_unit_test(test_homes),     cmocka_unit_test(test_no_homes),
		cmocka_unit_test(test_within_names), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_homes), cmocka_unit_test(test_root_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
