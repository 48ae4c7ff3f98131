/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Lines of passwd(5), and the accounts that every host has. */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/account.h"
#include "base/cleanup.h"

static bool parse(const char *line, struct account *ret)
{
	return account_parse(line, strlen(line), ret);
}

static void accounts(void **state)
{
	struct account a;

	(void)state;
	assert_true(parse("ann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n", &a));
	assert_string_equal(a.name, "ann");
	assert_int_equal(a.uid, 1000);
	assert_string_equal(a.home, "/home/ann");
	/* The shell may be missing, as may the comment and the home. */
	assert_true(parse("b:*:4294967294:0::", &a));
	assert_int_equal(a.uid, 4294967294u);
	assert_string_equal(a.home, "");
	assert_true(parse("Ünï käse:x:0:0:: /odd home :", &a));
	assert_string_equal(a.name, "Ünï käse");
	assert_string_equal(a.home, " /odd home ");
}

static void what_is_no_account(void **state)
{
	static const char *const lines[] = {
		"", "\n", "#ann:x:1:1::/:", "+::::::", "-ann:x:1:1::/:", ":x:1:1::/:", "ann", "ann:x", "ann:x:1:1:", "ann:x::1::/:",
		"ann:x:-1:1::/:", "ann:x: 1:1::/:", "ann:x:1x:1::/:", "ann:x:4294967296:1::/:", "ann:x:99999999999999999999:1::/:",
	};
	struct account a = { .uid = 7 };
	char *line = calloc(1, 8192);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_false(parse(lines[i], &a));
	assert_false(account_parse("an\0n:x:1:1::/:", 14, &a));
	/* Longer than its place: left out, not cut to somebody else's name. */
	memset(line, 'n', 256);
	strcpy(line + 256, ":x:1:1::/:");
	assert_false(parse(line, &a));
	strcpy(line, "ann:x:1:1::/");
	memset(line + 12, 'h', PATH_MAX);
	assert_false(parse(line, &a));
	assert_int_equal(a.uid, 7);
	free(line);
}

static int count(void *arg, const struct account *a)
{
	if (!a->uid)
		++*(int *)arg;
	return 0;
}

static int stop(void *arg, const struct account *a)
{
	(void)a;
	++*(int *)arg;
	return -ECANCELED;
}

static void the_host_has_root(void **state)
{
	struct account a;
	int seen = 0, calls = 0;

	(void)state;
	assert_true(account_by_uid(0, &a));
	assert_string_equal(a.home, "/root");
	assert_true(account_by_name(a.name, &a));
	assert_int_equal(a.uid, 0);
	assert_false(account_by_name("no such account", &a));
	assert_false(account_by_uid(4294967001u, &a));
	assert_int_equal(account_each(count, &seen), 0);
	assert_true(seen >= 1);
	assert_int_equal(account_each(stop, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts), cmocka_unit_test(what_is_no_account), cmocka_unit_test(the_host_has_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
