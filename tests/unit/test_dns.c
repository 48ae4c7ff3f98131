/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What a DNS response teaches, and that a hostile one teaches nothing and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "correlate/dns.h"
#include "dns_message.h"

#include <errno.h>

static struct dns_message m;
static struct dns_response r;

/* From a copy of exactly this size, so that a sanitizer sees a read behind the end. */
static int parse(const void *data, size_t len)
{
	cleanup_free uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return dns_parse(copy, len, &r);
}

static void check_text(const struct dns_name *name, const char *want)
{
	char text[DNS_TEXT_MAX];

	assert_int_equal(dns_name_text(name, text), strlen(want));
	assert_string_equal(text, want);
}

static void check_addr(size_t i, unsigned int last, uint32_t ttl)
{
	uint8_t want[16] = { 192, 0, 2, (uint8_t)last };

	assert_true(i < r.addrs_cnt);
	assert_int_equal(r.addrs[i].family, 4);
	assert_memory_equal(r.addrs[i].addr, want, 16);
	assert_int_equal(r.addrs[i].ttl, ttl);
}

static void test_addresses_of_the_question(void **state)
{
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 9 };

	(void)state;
	dns_begin(&m, "api.example.com", 4);
	dns_a(&m, "api.example.com", 300, 1);
	dns_pointer(&m, 12);
	dns_record(&m, DNS_A, 60, 4);
	dns_bytes(&m, "\xc0\x00\x02\x02", 4);
	dns_pointer(&m, 12);
	dns_record(&m, DNS_AAAA, 60, 16);
	dns_bytes(&m, v6, 16);
	dns_pointer(&m, 12);
	dns_record(&m, DNS_AAAA, 61, 16);
	dns_bytes(&m, mapped, 16);
	assert_int_equal(parse(m.data, m.len), 1);
	check_text(&r.question, "api.example.com");
	check_text(&r.canonical, "api.example.com");
	assert_int_equal(r.addrs_cnt, 4);
	check_addr(0, 1, 300);
	check_addr(1, 2, 60);
	assert_int_equal(r.addrs[2].family, 6);
	assert_memory_equal(r.addrs[2].addr, v6, 16);
	check_addr(3, 9, 61);
	assert_int_equal(r.foreign, 0);
	assert_false(r.truncated);
}

static void test_cname_chain_in_any_order(void **state)
{
	(void)state;
	dns_begin(&m, "a.example.com", 4);
	dns_a(&m, "C.example.COM", 300, 1);
	dns_cname(&m, "b.example.com", 20, "c.example.com");
	dns_a(&m, "c.example.com", 10, 2);
	dns_cname(&m, "A.example.com", 600, "b.example.com");
	assert_int_equal(parse(m.data, m.len), 1);
	check_text(&r.question, "a.example.com");
	check_text(&r.canonical, "c.example.com");
	assert_int_equal(r.chain_cnt, 2);
	assert_int_equal(r.addrs_cnt, 2);
	check_addr(0, 1, 20);
	check_addr(1, 2, 10);
}

/* A server that answers for names nobody asked about plants nothing. */
static void test_foreign_addresses_do_not_count(void **state)
{
	(void)state;
	dns_begin(&m, "a.example.com", 4);
	dns_a(&m, "victim.example.org", 300, 1);
	dns_cname(&m, "x.example.com", 60, "victim.example.org");
	dns_a(&m, "a.example.com", 300, 2);
	dns_a(&m, "aa.example.com", 300, 3);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.addrs_cnt, 1);
	check_addr(0, 2, 300);
	assert_int_equal(r.foreign, 2);
	check_text(&r.canonical, "a.example.com");
}

static void test_only_the_answer_section_and_class_in(void **state)
{
	size_t at;

	(void)state;
	dns_begin(&m, "a.example.com", 2);
	dns_name(&m, "a.example.com");
	at = m.len + 2;
	dns_record(&m, DNS_A, 60, 4);
	m.data[at + 1] = 3; /* CHAOS */
	dns_bytes(&m, "\xc0\x00\x02\x01", 4);
	dns_name(&m, "");
	dns_record(&m, DNS_OPT, 0, 0);
	m.data[11] = 1; /* one additional record */
	dns_a(&m, "a.example.com", 300, 2);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.addrs_cnt, 0);
}

static void test_cname_loop_ends(void **state)
{
	(void)state;
	dns_begin(&m, "a.example.com", 3);
	dns_cname(&m, "a.example.com", 60, "b.example.com");
	dns_cname(&m, "b.example.com", 60, "a.example.com");
	dns_a(&m, "b.example.com", 60, 1);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.addrs_cnt, 1);
}

static void test_long_chain_ends_at_the_bound(void **state)
{
	char name[32], next[32];

	(void)state;
	dns_begin(&m, "n0.example.com", 31);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "n%d.example.com", i);
		snprintf(next, sizeof(next), "n%d.example.com", i + 1);
		dns_cname(&m, name, 60, next);
	}
	dns_a(&m, "n30.example.com", 60, 1);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.chain_cnt, DNS_CHAIN_MAX);
	assert_int_equal(r.addrs_cnt, 0);
	assert_int_equal(r.skipped, 1);
	assert_int_equal(r.foreign, 1);
}

static void test_many_answers_are_counted(void **state)
{
	(void)state;
	dns_begin(&m, "a", 200);
	for (unsigned int i = 0; i < 200; i++)
		dns_a(&m, "a", 60, i);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.addrs_cnt, DNS_ADDRS_MAX);
	assert_int_equal(r.skipped, 200 - DNS_ADDRS_MAX);
}

static void test_not_a_usable_response(void **state)
{
	(void)state;
	dns_header(&m, 0x0100, 1, 0);
	dns_question(&m, "a.example.com", DNS_A);
	assert_int_equal(parse(m.data, m.len), 0); /* a query */
	dns_header(&m, 0xa800, 1, 0);
	dns_question(&m, "a.example.com", DNS_A);
	assert_int_equal(parse(m.data, m.len), 0); /* an update */
	dns_header(&m, 0x8180, 0, 1);
	dns_a(&m, "a.example.com", 60, 1);
	assert_int_equal(parse(m.data, m.len), -EBADMSG); /* no question, as mDNS */
	dns_header(&m, 0x8180, 2, 0);
	dns_question(&m, "a.example.com", DNS_A);
	dns_question(&m, "b.example.com", DNS_A);
	assert_int_equal(parse(m.data, m.len), -EBADMSG);
	dns_begin(&m, "a.example.com", 1);
	m.data[3] |= 3; /* NXDOMAIN with an address all the same */
	dns_a(&m, "a.example.com", 60, 1);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.rcode, 3);
	assert_int_equal(r.addrs_cnt, 0);
}

static void test_every_cut_is_refused(void **state)
{
	(void)state;
	dns_begin(&m, "a.example.com", 2);
	dns_cname(&m, "a.example.com", 60, "b.example.com");
	dns_a(&m, "b.example.com", 60, 1);
	for (size_t len = 0; len < m.len; len++)
		assert_int_equal(parse(m.data, len), -EBADMSG);
	assert_int_equal(parse(m.data, m.len), 1);
}

static void test_truncated_flag_keeps_whole_records(void **state)
{
	(void)state;
	dns_begin(&m, "a.example.com", 3);
	m.data[2] |= 0x02;
	dns_a(&m, "a.example.com", 60, 1);
	dns_a(&m, "a.example.com", 60, 2);
	assert_int_equal(parse(m.data, m.len - 3), 1);
	assert_true(r.truncated);
	assert_int_equal(r.addrs_cnt, 1);
	check_addr(0, 1, 60);
}

/* owner: the octets of the record's name. */
static int parse_with_owner(const char *owner, size_t len)
{
	dns_begin(&m, "a.example.com", 1);
	dns_bytes(&m, owner, len);
	dns_record(&m, DNS_A, 60, 4);
	dns_bytes(&m, "\xc0\x00\x02\x01", 4);
	return parse(m.data, m.len);
}

static void test_pointers_go_backwards_only(void **state)
{
	(void)state;
	assert_int_equal(parse_with_owner("\xc0\x0c", 2), 1);        /* the question */
	assert_int_equal(r.addrs_cnt, 1);
	assert_int_equal(parse_with_owner("\x01" "a\xc0\x0e", 4), 1); /* "a" + "example.com" */
	assert_int_equal(r.addrs_cnt, 1);
	assert_int_equal(parse_with_owner("\xc0\x1f", 2), -EBADMSG); /* itself: 12 + 15 + 4 = 31 */
	assert_int_equal(parse_with_owner("\x01" "a\xc0\x1f", 4), -EBADMSG);
	assert_int_equal(parse_with_owner("\xc0\x40", 2), -EBADMSG); /* forward */
	assert_int_equal(parse_with_owner("\xff\xff", 2), -EBADMSG); /* outside */
	assert_int_equal(parse_with_owner("\xc0\x04", 2), -EBADMSG); /* the header */
	assert_int_equal(parse_with_owner("\x40" "a", 2), -EBADMSG); /* reserved label types */
	assert_int_equal(parse_with_owner("\x80" "a", 2), -EBADMSG);
}

/* To a name that is there, but further on: such names cannot be made by a server that writes front to back. */
static void test_forward_pointer_is_refused(void **state)
{
	size_t at;

	(void)state;
	dns_begin(&m, "a.example.com", 2);
	at = m.len;
	dns_pointer(&m, 0);
	dns_record(&m, DNS_A, 60, 4);
	dns_bytes(&m, "\xc0\x00\x02\x01", 4);
	m.data[at + 1] = (uint8_t)m.len;
	dns_a(&m, "a.example.com", 60, 2);
	assert_int_equal(parse(m.data, m.len), -EBADMSG);
	m.data[at + 1] = 12;
	assert_int_equal(parse(m.data, m.len), 1);
}

static void test_name_length_is_bounded(void **state)
{
	char label[64], long_name[300];

	(void)state;
	memset(label, 'a', 63);
	label[63] = '\0';
	snprintf(long_name, sizeof(long_name), "%s.%s.%s.%.61s", label, label, label, label);
	dns_begin(&m, long_name, 0);
	assert_int_equal(parse(m.data, m.len), 1);
	assert_int_equal(r.question.len, DNS_NAME_MAX - 1);
	check_text(&r.question, long_name);
	snprintf(long_name, sizeof(long_name), "%s.%s.%s.%.62s", label, label, label, label);
	dns_begin(&m, long_name, 0);
	assert_int_equal(parse(m.data, m.len), -EBADMSG);
}

static void test_wrong_data_lengths_are_refused(void **state)
{
	size_t at;

	(void)state;
	for (unsigned int len = 0; len < 20; len++) {
		dns_begin(&m, "a", 1);
		dns_name(&m, "a");
		dns_record(&m, DNS_A, 60, len);
		dns_bytes(&m, "01234567890123456789", len);
		assert_int_equal(parse(m.data, m.len), len == 4 ? 1 : -EBADMSG);
		dns_begin(&m, "a", 1);
		dns_name(&m, "a");
		dns_record(&m, DNS_AAAA, 60, len);
		dns_bytes(&m, "01234567890123456789", len);
		assert_int_equal(parse(m.data, m.len), len == 16 ? 1 : -EBADMSG);
	}
	dns_begin(&m, "a", 1);
	dns_name(&m, "a");
	at = dns_record(&m, DNS_CNAME, 60, 0);
	dns_name(&m, "b");
	dns_u8(&m, 0); /* something behind the name */
	dns_end_rdata(&m, at);
	assert_int_equal(parse(m.data, m.len), -EBADMSG);
}

static void test_ttl_with_the_highest_bit_is_zero(void **state)
{
	(void)state;
	dns_begin(&m, "a", 1);
	dns_a(&m, "a", 0x80000001, 1);
	assert_int_equal(parse(m.data, m.len), 1);
	check_addr(0, 1, 0);
}

static void test_text_of_hostile_labels(void **state)
{
	static const char bytes[] = "\x06" "A.\033\n\"\\" "\x02" "\xc3\xbc" "\x00";

	(void)state;
	dns_header(&m, 0x8180, 1, 0);
	dns_bytes(&m, bytes, sizeof(bytes) - 1);
	dns_u16(&m, DNS_A);
	dns_u16(&m, 1);
	assert_int_equal(parse(m.data, m.len), 1);
	check_text(&r.question, "a\\046\\027\\010\\034\\092.\\195\\188");
	dns_begin(&m, "", 0);
	assert_int_equal(parse(m.data, m.len), 1);
	check_text(&r.question, ".");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_of_the_question),
		cmocka_unit_test(test_cname_chain_in_any_order),
		cmocka_unit_test(test_foreign_addresses_do_not_count),
		cmocka_unit_test(test_only_the_answer_section_and_class_in),
		cmocka_unit_test(test_cname_loop_ends),
		cmocka_unit_test(test_long_chain_ends_at_the_bound),
		cmocka_unit_test(test_many_answers_are_counted),
		cmocka_unit_test(test_not_a_usable_response),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_truncated_flag_keeps_whole_records),
		cmocka_unit_test(test_pointers_go_backwards_only),
		cmocka_unit_test(test_forward_pointer_is_refused),
		cmocka_unit_test(test_name_length_is_bounded),
		cmocka_unit_test(test_wrong_data_lengths_are_refused),
		cmocka_unit_test(test_ttl_with_the_highest_bit_is_zero),
		cmocka_unit_test(test_text_of_hostile_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
