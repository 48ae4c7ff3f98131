/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: that every event is either shown or counted, in time, and that the table cannot be filled silently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "correlate/dedupe.h"

#define SECOND 1000000000ull

struct told {
	size_t cnt;
	uint64_t repeats;
	uint64_t time_ns;
	char key[64], keep[64];
};

static void tell(void *arg, const struct dedupe_item *item, uint64_t repeats)
{
	struct told *t = arg;

	t->cnt++;
	t->repeats += repeats;
	t->time_ns = item->time_ns;
	assert_true((uintptr_t)item->keep % 8 == 0);
	snprintf(t->key, sizeof(t->key), "%.*s", (int)item->key_len, (const char *)item->key);
	snprintf(t->keep, sizeof(t->keep), "%.*s", (int)item->keep_len, (const char *)item->keep);
}

static bool fold(struct dedupe *d, uint32_t tgid, const char *key, uint64_t time_ns)
{
	struct dedupe_item item = { .tgid = tgid, .time_ns = time_ns, .key = key, .key_len = strlen(key), .keep = "first",
				    .keep_len = 5 };

	return dedupe_fold(d, &item);
}

static void test_first_is_shown_and_repeats_are_counted(void **state)
{
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(16, 4096, tell, &told);

	(void)state;
	assert_false(fold(d, 1, "a", 10 * SECOND));
	assert_true(fold(d, 1, "a", 10 * SECOND + 1));
	assert_true(fold(d, 1, "a", 10 * SECOND + 2));
	/* Another key, and the same key of another process, are other events. */
	assert_false(fold(d, 1, "b", 10 * SECOND));
	assert_false(fold(d, 2, "a", 10 * SECOND));
	dedupe_tick(d, 11 * SECOND - 1);
	assert_int_equal(told.cnt, 0);
	dedupe_tick(d, 11 * SECOND);
	/* Those that came once were shown once; nothing more is said of them. */
	assert_int_equal(told.cnt, 1);
	assert_int_equal(told.repeats, 2);
	assert_int_equal(told.time_ns, 10 * SECOND + 2);
	assert_string_equal(told.key, "a");
	assert_string_equal(told.keep, "first");
	assert_int_equal(dedupe_count(d), 0);
	/* After its second it is news again. */
	assert_false(fold(d, 1, "a", 12 * SECOND));
}

static void test_without_a_tick_the_second_ends_all_the_same(void **state)
{
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(16, 4096, tell, &told);

	(void)state;
	fold(d, 1, "a", 10 * SECOND);
	fold(d, 1, "a", 10 * SECOND + 5);
	assert_false(fold(d, 1, "a", 11 * SECOND));
	assert_int_equal(told.repeats, 1);
	assert_int_equal(dedupe_count(d), 1);
}

static void test_a_process_can_be_flushed_alone(void **state)
{
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(16, 4096, tell, &told);

	(void)state;
	/* 1 and 17 share a bucket. */
	for (int i = 0; i < 2; i++) {
		fold(d, 1, "a", SECOND);
		fold(d, 1, "b", SECOND);
		fold(d, 17, "a", SECOND);
	}
	dedupe_flush_process(d, 1);
	assert_int_equal(told.cnt, 2);
	assert_int_equal(dedupe_count(d), 1);
	dedupe_flush(d);
	assert_int_equal(told.cnt, 3);
	assert_int_equal(dedupe_count(d), 0);
}

static void test_full_table_shows_everything_and_says_so(void **state)
{
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(4, 4096, tell, &told);
	char key[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_false(fold(d, 1, key, SECOND));
	}
	assert_int_equal(dedupe_count(d), 4);
	assert_int_equal(dedupe_take_overflow(d), 6);
	assert_int_equal(dedupe_take_overflow(d), 0);
	/* What is in the table is folded still; what is not is shown every time. */
	assert_true(fold(d, 1, "key 0", SECOND));
	assert_false(fold(d, 1, "key 9", SECOND));
	assert_int_equal(dedupe_take_overflow(d), 1);
}

static void test_bytes_are_bounded_too(void **state)
{
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(1000, 30, tell, &told);

	(void)state;
	assert_false(fold(d, 1, "ten bytes", SECOND));
	assert_false(fold(d, 1, "ten bytez", SECOND));
	assert_false(fold(d, 1, "ten bytea", SECOND));
	assert_int_equal(dedupe_count(d), 2);
	assert_int_equal(dedupe_take_overflow(d), 1);
}

/* Whatever comes in whatever order, shown + told as repeats is what came in. */
static void test_no_event_is_lost(void **state)
{
	uint32_t seed = 1;
	uint64_t came = 0, shown = 0;
	struct told told = { 0 };
	cleanup_(dedupe_freep) struct dedupe *d = dedupe_new(20, 4096, tell, &told);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char key[2] = { 0 };

		seed = seed * 1664525 + 1013904223;
		key[0] = (char)('a' + (seed >> 8) % 8);
		came++;
		shown += !fold(d, 1 + (seed >> 12) % 6, key, (seed >> 16) * (SECOND / 1000) + (uint64_t)i * 100000);
		if (seed % 97 == 0)
			dedupe_tick(d, (uint64_t)i * 100000);
		if (seed % 89 == 0)
			dedupe_flush_process(d, 1 + (seed >> 12) % 6);
	}
	dedupe_flush(d);
	assert_int_equal(shown + told.repeats, came);
	assert_true(told.repeats > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_is_shown_and_repeats_are_counted),
		cmocka_unit_test(test_without_a_tick_the_second_ends_all_the_same),
		cmocka_unit_test(test_a_process_can_be_flushed_alone),
		cmocka_unit_test(test_full_table_shows_everything_and_says_so),
		cmocka_unit_test(test_bytes_are_bounded_too),
		cmocka_unit_test(test_no_event_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
