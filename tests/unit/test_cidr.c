/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Address ranges: what is read, what is refused with which words, and what lies inside. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "match/cidr.h"
#include "match/ranges.h"

static bool in(const char *range, const char *addr)
{
	struct cidr c;
	struct errmsg e = { 0 };
	uint8_t bytes[16];
	int family = strchr(addr, ':') ? 6 : 4;

	assert_int_equal(cidr_parse(range, &c, &e), 0);
	assert_int_equal(inet_pton(family == 6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	return cidr_match(&c, (uint8_t)family, bytes);
}

static void test_inside(void **state)
{
	static const struct {
		const char *range, *addr;
		bool in;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
		{ "192.0.2.0/31", "192.0.2.1", true },
		{ "192.0.2.0/31", "192.0.2.2", false },
		{ "172.16.0.0/12", "172.31.255.255", true },
		{ "172.16.0.0/12", "172.32.0.0", false },
		{ "128.0.0.0/1", "255.1.2.3", true },
		{ "128.0.0.0/1", "127.1.2.3", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "203.0.113.9", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8:0:8000::/49", "2001:db8:0:ffff::1", true },
		{ "2001:db8:0:8000::/49", "2001:db8:0:7fff::1", false },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		{ "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (in(cases[i].range, cases[i].addr) != cases[i].in)
			fail_msg("%s in %s: expected %d", cases[i].addr, cases[i].range, cases[i].in);
}

static void test_refused(void **state)
{
	static const struct {
		const char *range;
		unsigned int column;
		const char *words;
	} cases[] = {
		{ "", 1, "no address" },
		{ "/24", 1, "no address" },
		{ "example.com", 1, "not an address" },
		{ "192.0.2", 1, "not an address" },
		{ "192.0.2.256", 1, "not an address" },
		{ "192.0.2.0 /24", 1, "not an address" },
		{ "2001:db8::x/32", 1, "not an address" },
		{ "192.0.2.0/", 11, "not a prefix length: 0 to 32" },
		{ "192.0.2.0/33", 11, "not a prefix length: 0 to 32" },
		{ "192.0.2.0/024", 11, "not a prefix length" },
		{ "192.0.2.0/+8", 11, "not a prefix length" },
		{ "192.0.2.0/24x", 11, "not a prefix length" },
		{ "192.0.2.0/4294967320", 11, "not a prefix length" },
		{ "2001:db8::/129", 12, "0 to 128" },
		{ "192.0.2.7/24", 10, "write 192.0.2.0/24, or 192.0.2.7 for the one address" },
		{ "2001:db8::1/32", 12, "write 2001:db8::/32" },
		{ "::ffff:192.0.2.0/120", 1, "write it as IPv4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr c = { .family = 99 };
		struct errmsg e = { 0 };

		if (cidr_parse(cases[i].range, &c, &e) != -EINVAL || !strstr(e.text, cases[i].words) ||
		    e.column != cases[i].column)
			fail_msg("\"%s\": column %u, \"%s\"", cases[i].range, e.column, e.text);
		assert_int_equal(c.family, 99);
	}
}

static void test_canonical(void **state)
{
	struct cidr c;

	(void)state;
	assert_int_equal(cidr_parse("2001:db8::/33", &c, NULL), 0);
	assert_int_equal(c.family, 6);
	assert_int_equal(c.bits, 33);
	assert_int_equal(cidr_parse("10.0.0.0/8", &c, NULL), 0);
	assert_int_equal(c.family, 4);
	assert_int_equal(c.bits, 8);
	/* The tail is zero, so that ranges may be compared by their bytes. */
	for (size_t i = 1; i < sizeof(c.addr); i++)
		assert_int_equal(c.addr[i], 0);
}

/* Ranges that nest and repeat, against asking each of them. */
static void test_many(void **state)
{
	uint32_t seed = 1, found_any = 0, found_none = 0, nested = 0;

	(void)state;
	for (int round = 0; round < 500; round++) {
		__attribute__((cleanup(ranges_done))) struct ranges r = { 0 };
		struct cidr all[24] = { 0 };
		uint32_t cnt = round % 25;

		for (uint32_t i = 0; i < cnt; i++) {
			seed = seed * 1103515245 + 12345;
			all[i].family = seed >> 30 & 1 ? 6 : 4;
			all[i].bits = seed >> 16 & 0xf;
			/* Few bits, so that many are around others; none behind the prefix. */
			all[i].addr[0] = (uint8_t)(seed >> 8 & 0x81 & ~(all[i].bits < 8 ? 0xffu >> all[i].bits : 0));
			all[i].addr[1] = (uint8_t)(all[i].bits > 8 ? seed >> 20 & 0xc0 & ~(0xffu >> (all[i].bits - 8)) : 0);
			assert_int_equal(ranges_add(&r, &all[i], i), 0);
		}
		ranges_sort(&r);
		for (unsigned int k = 0; k < 64; k++) {
			uint8_t addr[16] = { [0] = (uint8_t)(k << 7 | (k >> 1 & 1)), [1] = (uint8_t)(k << 4 & 0xc0), [3] = (uint8_t)k };
			uint8_t family = k & 1 ? 6 : 4;
			uint32_t want = 0, have = 0, depth = 0;

			for (uint32_t i = 0; i < cnt; i++)
				want |= (uint32_t)cidr_match(&all[i], family, addr) << i;
			for (uint32_t i = ranges_find(&r, family, addr); i != RANGES_NONE; i = r.v[i].around, depth++)
				have |= 1u << r.v[i].owner;
			assert_int_equal(have, want);
			found_any += want != 0;
			found_none += want == 0;
			nested += depth > 2;
		}
	}
	/* The test is of no use unless all of them come up. */
	assert_true(found_any > 1000 && found_none > 1000 && nested > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
