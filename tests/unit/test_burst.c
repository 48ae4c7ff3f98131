/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: that of many files every one is shown or counted, and that the list and the table are bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "correlate/burst.h"

#define SECOND 1000000000ull

struct told {
	size_t cnt, listed;
	uint64_t more, time_ns;
	char first[64], last_keep[64];
};

static void tell(void *arg, const struct burst_item *item, const char *files, size_t cnt, uint64_t more)
{
	struct told *t = arg;

	t->cnt++;
	t->listed = cnt;
	t->more += more;
	t->time_ns = item->time_ns;
	snprintf(t->first, sizeof(t->first), "%s", files);
	snprintf(t->last_keep, sizeof(t->last_keep), "%.*s", (int)item->keep_len, (const char *)item->keep);
	for (size_t i = 0; i < cnt; i++)
		files += strlen(files) + 1;
}

/* Opens `cnt` files; how many of them are shown one by one. */
static size_t open_files(struct bursts *b, uint32_t tgid, const char *key, uint64_t time_ns, size_t cnt)
{
	size_t shown = 0;

	for (size_t i = 0; i < cnt; i++) {
		char path[32];
		struct burst_item item = { .tgid = tgid, .time_ns = time_ns + i, .key = key, .key_len = strlen(key), .keep = path, .path = path };

		item.keep_len = item.path_len = (size_t)snprintf(path, sizeof(path), "/f%zu", i);
		shown += !bursts_fold(b, &item);
	}
	return shown;
}

static void test_the_rest_of_many_is_one(void **state)
{
	struct told told = { 0 };
	cleanup_(bursts_freep) struct bursts *b = bursts_new(tell, &told);

	(void)state;
	assert_int_equal(open_files(b, 1, "a", 10 * SECOND, 2000), BURST_SHOWN);
	bursts_tick(b, 11 * SECOND - 1);
	assert_int_equal(told.cnt, 0);
	bursts_tick(b, 11 * SECOND);
	assert_int_equal(told.cnt, 1);
	assert_int_equal(told.more, 2000 - BURST_SHOWN);
	assert_int_equal(told.listed, BURST_LISTED);
	assert_int_equal(told.time_ns, 10 * SECOND + 1999);
	assert_string_equal(told.last_keep, "/f1999");
	assert_string_equal(told.first, "/f32");
	bursts_flush(b);
	assert_int_equal(told.cnt, 1);
}

static void test_few_are_shown(void **state)
{
	struct told told = { 0 };
	cleanup_(bursts_freep) struct bursts *b = bursts_new(tell, &told);

	(void)state;
	assert_int_equal(open_files(b, 1, "a", SECOND, BURST_SHOWN), BURST_SHOWN);
	/* Another process and another rule are others' matters. */
	assert_int_equal(open_files(b, 2, "a", SECOND, BURST_SHOWN), BURST_SHOWN);
	assert_int_equal(open_files(b, 1, "b", SECOND, BURST_SHOWN), BURST_SHOWN);
	bursts_flush(b);
	assert_int_equal(told.cnt, 0);
}

static void test_a_process_that_ends_is_told(void **state)
{
	struct told told = { 0 };
	cleanup_(bursts_freep) struct bursts *b = bursts_new(tell, &told);

	(void)state;
	open_files(b, 1, "a", SECOND, BURST_SHOWN + 5);
	open_files(b, 2, "a", SECOND, BURST_SHOWN + 7);
	bursts_flush_process(b, 2);
	assert_int_equal(told.more, 7);
	/* A new second begins with events that are shown. */
	assert_int_equal(open_files(b, 1, "a", 3 * SECOND, 3), 3);
	assert_int_equal(told.more, 12);
}

static void test_nothing_is_lost_when_the_table_is_full(void **state)
{
	struct told told = { 0 };
	cleanup_(bursts_freep) struct bursts *b = bursts_new(tell, &told);
	size_t shown = 0;

	(void)state;
	for (uint32_t tgid = 0; tgid < 2 * BURST_GROUPS; tgid++)
		shown += open_files(b, tgid, "a", SECOND, BURST_SHOWN + 1);
	bursts_flush(b);
	assert_int_equal(shown + told.more, 2 * BURST_GROUPS * (BURST_SHOWN + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_rest_of_many_is_one),
		cmocka_unit_test(test_few_are_shown),
		cmocka_unit_test(test_a_process_that_ends_is_told),
		cmocka_unit_test(test_nothing_is_lost_when_the_table_is_full),
	};

	return cmocka_run_group_tests_name("burst", tests, NULL, NULL);
}
