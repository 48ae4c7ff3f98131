/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Host name patterns: what they match, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "match/hosts.h"

static bool matches(const char *pattern, const char *host)
{
	cleanup_(hosts_builder_freep) struct hosts_builder *b = hosts_builder_new();
	cleanup_(hosts_freep) struct hosts *h = NULL;
	struct errmsg e = { 0 };
	size_t culprit;

	assert_non_null(b);
	if (hosts_builder_add(b, 0, pattern, &e) < 0)
		fail_msg("%s: %s", pattern, e.text);
	assert_int_equal(hosts_build(b, 100, &h, &culprit, &e), 0);
	return hosts_set_has(h, hosts_match(h, host, strlen(host)), 0);
}

static void test_matches(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool match;
	} cases[] = {
		{ "api.example.com", "api.example.com", true },
		{ "API.Example.COM", "api.example.com", true },
		{ "api.example.com", "API.EXAMPLE.COM", true },
		{ "api.example.com", "xapi.example.com", false },
		{ "api.example.com", "x.api.example.com", false },
		{ "api.example.com", "api.example.com.evil.test", false },
		{ "api.example.com", "api-example.com", false },
		{ "api.example.com", "example.com", false },
		{ "api.example.com", "", false },
		{ "*.example.com", "a.example.com", true },
		{ "*.example.com", "a.b.c.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", ".example.com", false },
		{ "*.example.com", "badexample.com", false },
		{ "**.example.com", "a.b.example.com", true },
		{ "**.example.com", "example.com", false },
		{ "runtime.*.example.com", "runtime.eu-1.example.com", true },
		{ "runtime.*.example.com", "runtime.a.b.example.com", false },
		{ "runtime.*.example.com", "runtime.example.com", false },
		{ "runtime.*.example.com", "runtime..example.com", false },
		{ "runtime.**.example.com", "runtime.a.b.example.com", true },
		{ "runtime.**.example.com", "runtime.example.com", false },
		{ "eu-*-ai.example.com", "eu-west1-ai.example.com", true },
		{ "eu-*-ai.example.com", "eu--ai.example.com", true },
		{ "eu-*-ai.example.com", "eu-ai.example.com", false },
		{ "eu-*-ai.example.com", "eu-a.b-ai.example.com", false },
		{ "eu-*.example.com", "eu-.example.com", true },
		{ "*-x.example.com", "a-x.example.com", true },
		{ "*-x.example.com", "b.a-x.example.com", false },
		{ "*.*.example.com", "a.example.com", false },
		{ "*.*.example.com", "a.b.example.com", true },
		{ "*.*.example.com", "a.b.c.example.com", true },
		{ "*", "localhost", true },
		{ "*", "a.b", true },
		{ "*", "", false },
		{ "localhost", "localhost", true },
		{ "_dmarc.example.com", "_dmarc.example.com", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "api.*", "api.example", true },
		{ "api.*", "api.example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (matches(cases[i].pattern, cases[i].host) != cases[i].match)
			fail_msg("%s on %s: expected %d", cases[i].pattern, cases[i].host, cases[i].match);
}

static void refuse(const char *pattern, unsigned int column, const char *words)
{
	cleanup_(hosts_builder_freep) struct hosts_builder *b = hosts_builder_new();
	struct errmsg e = { 0 };

	assert_non_null(b);
	if (hosts_builder_add(b, 0, pattern, &e) != -EINVAL || e.column != column || !strstr(e.text, words))
		fail_msg("\"%s\": column %u, \"%s\"", pattern, e.column, e.text);
}

static void test_refused(void **state)
{
	char longest[300];

	(void)state;
	refuse("", 1, "empty");
	refuse("!", 2, "empty");
	refuse("https://example.com", 6, "not a URL");
	refuse("example.com/v1", 12, "not a URL");
	refuse("example.com:443", 12, "no colon");
	refuse("exa mple.com", 4, "not a byte of a host name");
	refuse("b\xc3\xbc" "cher.example", 2, "xn--");
	refuse("example..com", 9, "empty label");
	refuse(".example.com", 1, "empty label");
	refuse("example.com.", 13, "a dot at the end");
	refuse("a**b.example.com", 3, "must stand alone");
	refuse("***.example.com", 2, "must stand alone");
	refuse("!exa?mple.com", 5, "not a byte of a host name");

	memset(longest, 'a', 64);
	strcpy(longest + 64, ".com");
	refuse(longest, 1, "63 bytes");
	longest[63] = '*';
	assert_true(matches(longest, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"));
	for (size_t i = 0; i < 254; i++)
		longest[i] = i % 2 ? '.' : 'a';
	longest[254] = '\0';
	refuse(longest, 254, "253 bytes");
	longest[253] = '\0';
	assert_true(matches(longest, longest));
}

/* The form with a number for its #. */
static size_t write_name(char *buf, size_t size, const char *form, unsigned int n)
{
	const char *at = strchr(form, '#');

	return (size_t)snprintf(buf, size, "%.*s%u%s", (int)(at - form), form, n, at + 1);
}

/* Tens of thousands of names take what their own bytes take, whether they part at the front or the end, also below a wildcard. */
static void test_many(void **state)
{
	static const char *const forms[] = { "host#.example.com", "#.corp.example", "*.t#.example", "eu-#-*.example.com", "*-n#.example.com" };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(forms); f++) {
		cleanup_(hosts_builder_freep) struct hosts_builder *b = hosts_builder_new();
		cleanup_(hosts_freep) struct hosts *h = NULL;
		struct errmsg e = { 0 };
		size_t culprit, len;
		char name[64];

		assert_non_null(b);
		assert_int_equal(hosts_builder_add(b, 0, "*.example.com", &e), 0);
		for (unsigned int i = 0; i < 20000; i++) {
			write_name(name, sizeof(name), forms[f], i);
			assert_int_equal(hosts_builder_add(b, 1 + i % 100, name, &e), 0);
		}
		assert_int_equal(hosts_build(b, 1000, &h, &culprit, &e), 0);
		assert_true(hosts_table_size(h) < 2u << 20);
		for (unsigned int i = 0; i < 20000; i += 77) {
			len = write_name(name, sizeof(name), forms[f], i);
			for (char *c = name; *c; c++)
				*c = *c == '*' ? 'x' : *c;
			assert_true(hosts_set_has(h, hosts_match(h, name, len), 1 + i % 100));
			assert_false(hosts_set_has(h, hosts_match(h, name, len), 1 + (i + 1) % 100));
		}
	}
}

/* Each of these may have been seen in a label or not: twice as many states for each. */
static void test_too_many_ways(void **state)
{
	cleanup_(hosts_builder_freep) struct hosts_builder *b = hosts_builder_new();
	struct hosts *h = NULL;
	struct errmsg e = { 0 };
	size_t culprit = 0;
	char name[64];

	(void)state;
	assert_non_null(b);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "host%u.example.com", i);
		assert_int_equal(hosts_builder_add(b, 0, name, &e), 0);
	}
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "*w%u*.example.org", i);
		assert_int_equal(hosts_builder_add(b, i, name, &e), 0);
	}
	assert_int_equal(hosts_build(b, 60000, &h, &culprit, &e), -E2BIG);
	assert_null(h);
	assert_in_range(culprit, 1000, 1039);
	assert_non_null(strstr(e.text, "multiply"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_too_many_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
