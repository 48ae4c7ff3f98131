/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which names carry data, and that an ordinary service's do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "correlate/carried.h"
#include "dns_message.h"

static struct carried_sum sum;

static bool ask(struct carried *t, uint32_t session, uint64_t read_ns, const char *text)
{
	static struct dns_message m;
	static uint64_t now_ns = 1000;
	struct dns_name name;

	dns_header(&m, 0x0100, 1, 0);
	dns_question(&m, text, DNS_A);
	assert_int_equal(dns_parse_query(m.data, m.len, &name), 1);
	return carried_ask(t, 5, session, read_ns, &name, ++now_ns, &sum);
}

static void test_ordinary_names_carry_nothing(void **state)
{
	static const char *const names[] = {
		"api.example.com", "cdn-lfs.example.com", "s3.eu-central-1.example.com", "example.com", "localhost",
		"0a1b2c3d-1111-2222-3333-444455556666.example.com", "www.example.co.uk", "registry.example.org",
	};
	cleanup_(carried_freep) struct carried *t = carried_new();

	(void)state;
	/* Asked for again and again, they are what they were. */
	for (unsigned int i = 0; i < 100; i++)
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			assert_false(ask(t, 1, 1, names[n]));
}

static void test_a_long_label_carries(void **state)
{
	cleanup_(carried_freep) struct carried *t = carried_new();

	(void)state;
	assert_true(ask(t, 1, 1, "736b2d6c6976652d736563726574736563726574736563726574.t.drop.example"));
	assert_string_equal(sum.domain, "drop.example");
	assert_int_equal(sum.bytes, 53);
	assert_int_equal(sum.first_ns, 1001 + 800);
}

static void test_many_short_ones_carry(void **state)
{
	cleanup_(carried_freep) struct carried *t = carried_new();
	unsigned int at = 0;
	char name[64];
	uint64_t key;

	(void)state;
	do
		snprintf(name, sizeof(name), "%08x.drop.co.uk", at++);
	while (!ask(t, 1, 1, name));
	assert_int_equal(at, CARRIED_BYTES / 8);
	assert_int_equal(sum.bytes, CARRIED_BYTES);
	assert_string_equal(sum.domain, "drop.co.uk");
	key = sum.key;
	/* Of another session, or since another read, as little as before. */
	assert_false(ask(t, 2, 1, "abcdef.drop.co.uk"));
	assert_true(ask(t, 1, 1, "abcdef.drop.co.uk"));
	assert_true(sum.key == key && sum.bytes == CARRIED_BYTES + 6);
	assert_false(ask(t, 1, 2, "abcdef.drop.co.uk"));
}

static void test_more_domains_than_there_is_room_for_are_counted(void **state)
{
	cleanup_(carried_freep) struct carried *t = carried_new();
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < CARRIED_DOMAINS + 7; i++) {
		snprintf(name, sizeof(name), "a.d%u.example", i);
		assert_false(ask(t, 1, 1, name));
	}
	assert_int_equal(carried_take_evicted(t), 7);
	assert_int_equal(carried_take_evicted(t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_names_carry_nothing),
		cmocka_unit_test(test_a_long_label_carries),
		cmocka_unit_test(test_many_short_ones_carry),
		cmocka_unit_test(test_more_domains_than_there_is_room_for_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
