/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Which name an address is shown under, how that ages, and what is forgotten when the table is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "correlate/names.h"
#include "correlate/pipeline.h"
#include "dns_message.h"
#include "record.h"

#include <errno.h>

#define SEC 1000000000ull
#define START (1000 * SEC)

static struct dns_message m;
static struct names_hit hits[NAMES_PER_ADDR];

static int learn(struct names *n, const char *name, unsigned int addr, uint32_t ttl, uint64_t at, uint64_t session)
{
	dns_begin(&m, name, 1);
	dns_a(&m, name, ttl, addr);
	return names_add_dns(n, m.data, m.len, at, session, (uint32_t)session, 0);
}

static size_t lookup(struct names *n, unsigned int addr, uint64_t at, uint64_t session)
{
	uint8_t key[16] = { 192, 0, 2, (uint8_t)addr };

	return names_lookup(n, 4, key, at, session, (uint32_t)session, 0, hits, NAMES_PER_ADDR);
}

static void test_learns_all_addresses_of_an_answer(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	dns_begin(&m, "API.Example.com", 3);
	dns_cname(&m, "api.example.com", 60, "edge.example.net");
	dns_a(&m, "edge.example.net", 60, 1);
	dns_a(&m, "edge.example.net", 60, 2);
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 0), 2);
	assert_int_equal(names_count(n), 2);
	for (unsigned int addr = 1; addr <= 2; addr++) {
		assert_int_equal(lookup(n, addr, START + SEC, 0), 1);
		assert_string_equal(hits[0].name, "api.example.com");
		assert_string_equal(hits[0].cname, "edge.example.net");
		assert_int_equal(hits[0].learnt_ns, START);
		assert_false(hits[0].expired);
		assert_false(hits[0].session);
	}
	assert_int_equal(lookup(n, 3, START, 0), 0);
}

static void test_nothing_is_learnt_from_rubbish(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	assert_int_equal(names_add_dns(n, "junk", 4, START, 0, 0, 0), -EBADMSG);
	dns_begin(&m, "a.example.com", 2);
	dns_a(&m, "a.example.com", 60, 1);
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 0), -EBADMSG); /* second record missing */
	dns_header(&m, 0x0100, 1, 0);
	dns_question(&m, "a.example.com", DNS_A);
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 0), 0);
	assert_int_equal(names_count(n), 0);
}

static void test_family_is_part_of_the_address(void **state)
{
	static const uint8_t v6[16] = { 192, 0, 2, 1 };
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	learn(n, "a.example.com", 1, 60, START, 0);
	assert_int_equal(names_lookup(n, 6, v6, START, 0, 0, 0, hits, NAMES_PER_ADDR), 0);
	assert_int_equal(names_lookup(n, 4, v6, START, 0, 0, 0, hits, NAMES_PER_ADDR), 1);
}

static size_t lookup_in(struct names *n, uint32_t netns)
{
	static const uint8_t addr[16] = { 192, 0, 2, 1 };

	return names_lookup(n, 4, addr, START, 0, 0, sl_netns_tag(netns), hits, NAMES_PER_ADDR);
}

static void test_network_namespace_is_part_of_the_address(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	dns_begin(&m, "a.example.com", 1);
	dns_a(&m, "a.example.com", 60, 1);
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 5), 1);
	assert_int_equal(lookup_in(n, 1), 0);
	assert_int_equal(lookup_in(n, 5), 1);
	dns_begin(&m, "b.example.com", 1);
	dns_a(&m, "b.example.com", 60, 1);
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 6), 1);
	assert_int_equal(lookup_in(n, 5), 1);
	assert_string_equal(hits[0].name, "a.example.com");
	/* One that a record cannot tell from the first: what was known is not its own. */
	assert_int_equal(sl_netns_tag(5 + 255), sl_netns_tag(5));
	assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 5 + 255), 1);
	assert_int_equal(lookup_in(n, 5), 1);
	assert_string_equal(hits[0].name, "b.example.com");
}

static void test_own_question_comes_first_then_valid_then_latest(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	learn(n, "mine.example.com", 1, 60, START, 7);
	learn(n, "old.example.com", 1, 3000, START + SEC, 8);
	learn(n, "new.example.com", 1, 3000, START + 2 * SEC, 0);
	learn(n, "short.example.com", 1, 60, START + 3 * SEC, 8);
	assert_int_equal(lookup(n, 1, START + 1000 * SEC, 7), 4);
	assert_string_equal(hits[0].name, "mine.example.com");
	assert_true(hits[0].session);
	assert_true(hits[0].expired);
	assert_string_equal(hits[1].name, "new.example.com");
	assert_false(hits[1].session);
	assert_string_equal(hits[2].name, "old.example.com");
	assert_string_equal(hits[3].name, "short.example.com");
	assert_true(hits[3].expired);
	/* No session is nobody, not everybody outside sessions. */
	assert_int_equal(lookup(n, 1, START + 10 * SEC, 0), 4);
	assert_string_equal(hits[0].name, "short.example.com");
	assert_false(hits[0].session);
}

static void test_ttl_is_kept_within_bounds(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	learn(n, "zero.example.com", 1, 0, START, 0);
	lookup(n, 1, START + 30 * SEC, 0);
	assert_false(hits[0].expired);
	lookup(n, 1, START + 31 * SEC, 0);
	assert_true(hits[0].expired);
	learn(n, "week.example.com", 2, 7 * 86400, START, 0);
	lookup(n, 2, START + 86400 * SEC, 0);
	assert_false(hits[0].expired);
	lookup(n, 2, START + 86401 * SEC, 0);
	assert_true(hits[0].expired);
}

static void test_expired_names_stay_for_an_hour(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	learn(n, "a.example.com", 1, 60, START, 0);
	assert_int_equal(lookup(n, 1, START + 3660 * SEC, 0), 1);
	assert_int_equal(lookup(n, 1, START + 3661 * SEC, 0), 0);
	assert_int_equal(names_count(n), 0);
	assert_int_equal(names_take_evicted(n), 0);
}

static void test_a_new_answer_renews_a_name(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	learn(n, "a.example.com", 1, 60, START, 0);
	learn(n, "a.example.com", 1, 60, START + 1000 * SEC, 0);
	assert_int_equal(lookup(n, 1, START + 1010 * SEC, 0), 1);
	assert_int_equal(hits[0].learnt_ns, START + 1000 * SEC);
	assert_false(hits[0].expired);
}

static void test_last_four_askers_are_remembered(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);

	(void)state;
	for (uint64_t session = 1; session <= 5; session++)
		learn(n, "a.example.com", 1, 60, START + session, session);
	learn(n, "a.example.com", 1, 60, START + 9, 3); /* asks again: stays */
	learn(n, "a.example.com", 1, 60, START + 9, 0); /* unknown: forgets nobody */
	for (uint64_t session = 1; session <= 5; session++) {
		assert_int_equal(lookup(n, 1, START + 10, session), 1);
		assert_int_equal(hits[0].session, session >= 2);
	}
	learn(n, "a.example.com", 1, 60, START + 11, 6);
	lookup(n, 1, START + 12, 2);
	assert_false(hits[0].session);
	lookup(n, 1, START + 12, 3);
	assert_true(hits[0].session);
}

static void test_full_address_drops_its_oldest_name(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);
	char name[32];

	(void)state;
	for (int i = 0; i < NAMES_PER_ADDR + 2; i++) {
		snprintf(name, sizeof(name), "n%d.example.com", i);
		/* n3 is over when the ninth comes: it goes before the older ones. */
		learn(n, name, 1, i == 3 ? 30 : 3000, START + (uint64_t)i * 10 * SEC, 0);
	}
	assert_int_equal(lookup(n, 1, START + 100 * SEC, 0), NAMES_PER_ADDR);
	assert_string_equal(hits[0].name, "n9.example.com");
	for (size_t i = 0; i < NAMES_PER_ADDR; i++) {
		assert_string_not_equal(hits[i].name, "n3.example.com");
		assert_string_not_equal(hits[i].name, "n0.example.com");
	}
	assert_int_equal(names_take_evicted(n), 2);
	assert_int_equal(names_take_evicted(n), 0);
}

static void test_full_table_drops_what_was_used_longest_ago(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(4);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		learn(n, "a.example.com", i, 60, START, 0);
	assert_int_equal(lookup(n, 0, START, 0), 1); /* used */
	learn(n, "a.example.com", 4, 60, START, 0);
	assert_int_equal(names_count(n), 4);
	assert_int_equal(names_take_evicted(n), 1);
	assert_int_equal(lookup(n, 0, START, 0), 1);
	assert_int_equal(lookup(n, 1, START, 0), 0);
	assert_int_equal(lookup(n, 4, START, 0), 1);
	/* What is over by more than the grace period is no loss. */
	learn(n, "a.example.com", 5, 60, START + 90000 * SEC, 0);
	assert_int_equal(names_take_evicted(n), 0);
}

/* A hundred thousand names, all still good, of as many addresses or of one: what there is no room for is counted, to the last. */
static void test_names_without_end(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(PIPELINE_NAMES);
	char name[32];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		dns_begin(&m, name, 1);
		dns_pointer(&m, 12);
		dns_record(&m, DNS_A, 600, 4);
		dns_u32(&m, 0x0a000000 + i);
		assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 0), 1);
		assert_true(names_count(n) <= PIPELINE_NAMES);
	}
	assert_int_equal(names_count(n), PIPELINE_NAMES);
	assert_int_equal(names_take_evicted(n), 100000 - PIPELINE_NAMES);
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		learn(n, name, 1, 600, START, 0);
	}
	/* One address more, and all names but a few of it. */
	assert_int_equal(names_count(n), PIPELINE_NAMES);
	assert_int_equal(names_take_evicted(n), 1 + 100000 - NAMES_PER_ADDR);
	assert_int_equal(lookup(n, 1, START, 0), NAMES_PER_ADDR);
	assert_string_equal(hits[0].name, "n99999.example.com");
}

/* Names of a kilobyte in text: the table drops addresses rather than growing. */
static void test_text_is_bounded(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(64);

	(void)state;
	for (unsigned int i = 0; i < 64; i++) {
		dns_header(&m, 0x8180, 1, 1);
		for (int label = 0; label < 4; label++) {
			dns_u8(&m, 60);
			for (int k = 0; k < 60; k++)
				dns_u8(&m, 0xff);
		}
		dns_u8(&m, 0);
		dns_u16(&m, DNS_A);
		dns_u16(&m, 1);
		dns_pointer(&m, 12);
		dns_record(&m, DNS_A, 60, 4);
		dns_bytes(&m, "\xc0\x00\x02", 3);
		dns_u8(&m, i);
		assert_int_equal(names_add_dns(n, m.data, m.len, START, 0, 0, 0), 1);
	}
	assert_in_range(names_count(n), 30, 34); /* 963 bytes of text and two NULs each, 512 allowed */
	assert_int_equal(names_take_evicted(n), 64 - names_count(n));
	assert_int_equal(lookup(n, 63, START, 0), 1);
	assert_int_equal(lookup(n, 0, START, 0), 0);
}

static void test_best_ones_when_few_are_asked_for(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(4);
	uint8_t key[16] = { 192, 0, 2, 1 };

	(void)state;
	learn(n, "a.example.com", 1, 60, START, 0);
	learn(n, "b.example.com", 1, 60, START, 0);
	assert_int_equal(names_lookup(n, 4, key, START, 0, 0, 0, hits, 1), 1);
	assert_string_equal(hits[0].name, "b.example.com");
}

static int claim(struct names *n, const char *name, unsigned int addr, uint64_t at)
{
	uint8_t key[16] = { 192, 0, 2, (uint8_t)addr };

	return names_add_sni(n, 4, key, name, at, 7, 7, 0);
}

static void count_told(void *arg, uint8_t family, const uint8_t addr[16], uint32_t netns, const struct names_entry *entries, size_t cnt)
{
	(void)netns;
	(void)family;
	(void)addr;
	for (size_t i = 0; i < cnt; i++)
		assert_string_equal(entries[i].name, "dns.example.com");
	++*(unsigned int *)arg;
}

static void test_claimed_names_stand_behind_dns(void **state)
{
	cleanup_(names_freep) struct names *n = names_new(16);
	unsigned int told = 0;
	char name[32];

	(void)state;
	assert_int_equal(claim(n, "claim.example.com", 1, START), 0);
	assert_int_equal(lookup(n, 1, START, 7), 1);
	assert_true(hits[0].sni && hits[0].session && !hits[0].expired);
	learn(n, "dns.example.com", 1, 1, START, 0);
	/* Even one that ran out and nobody of this session asked for. */
	assert_int_equal(lookup(n, 1, START + 40 * SEC, 7), 2);
	assert_string_equal(hits[0].name, "dns.example.com");
	assert_true(hits[0].expired && !hits[0].sni && hits[1].sni);
	/* The kernel is told of none, nor of addresses that have no other. */
	claim(n, "claim.example.com", 2, START);
	names_visit(n, count_told, &told);
	assert_int_equal(told, 1);
	/* DNS says the same later: no claim any more. And the other way round. */
	learn(n, "claim.example.com", 2, 60, START + SEC, 0);
	claim(n, "claim.example.com", 2, START + 2 * SEC);
	assert_int_equal(lookup(n, 2, START + 2 * SEC, 0), 1);
	assert_false(hits[0].sni);
	assert_int_equal(hits[0].learnt_ns, START + SEC);
	/* They make room for what DNS says, and are no loss. */
	for (unsigned int i = 0; i < NAMES_PER_ADDR; i++) {
		snprintf(name, sizeof(name), "c%u.example.com", i);
		claim(n, name, 4, START);
	}
	learn(n, "dns.example.com", 4, 60, START, 0);
	assert_int_equal(lookup(n, 4, START, 0), NAMES_PER_ADDR);
	assert_string_equal(hits[0].name, "dns.example.com");
	/* Claims push out nothing. */
	for (unsigned int i = 0; i < NAMES_PER_ADDR; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		learn(n, name, 3, 60, START, 0);
	}
	claim(n, "claim.example.com", 3, START + SEC);
	assert_int_equal(lookup(n, 3, START + SEC, 0), NAMES_PER_ADDR);
	for (unsigned int i = 0; i < NAMES_PER_ADDR; i++)
		assert_false(hits[i].sni);
	assert_int_equal(names_take_evicted(n), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claimed_names_stand_behind_dns),
		cmocka_unit_test(test_learns_all_addresses_of_an_answer),
		cmocka_unit_test(test_nothing_is_learnt_from_rubbish),
		cmocka_unit_test(test_family_is_part_of_the_address),
		cmocka_unit_test(test_network_namespace_is_part_of_the_address),
		cmocka_unit_test(test_own_question_comes_first_then_valid_then_latest),
		cmocka_unit_test(test_ttl_is_kept_within_bounds),
		cmocka_unit_test(test_expired_names_stay_for_an_hour),
		cmocka_unit_test(test_a_new_answer_renews_a_name),
		cmocka_unit_test(test_last_four_askers_are_remembered),
		cmocka_unit_test(test_full_address_drops_its_oldest_name),
		cmocka_unit_test(test_full_table_drops_what_was_used_longest_ago),
		cmocka_unit_test(test_names_without_end),
		cmocka_unit_test(test_text_is_bounded),
		cmocka_unit_test(test_best_ones_when_few_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
