/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any bytes as a DNS message: the parser's bounds hold, and the table that learns from it finds what it was told. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/carried.h"
#include "correlate/dns.h"
#include "correlate/names.h"
#include "record.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const struct dns_name *name)
{
	char text[DNS_TEXT_MAX];
	size_t len;

	EXPECT(name->len < DNS_NAME_MAX);
	len = dns_name_text(name, text);
	EXPECT(len < sizeof(text) && len == strlen(text));
	for (size_t i = 0; i < len; i++)
		EXPECT(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.\\", text[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names *names;
	static uint64_t now_ns;
	struct dns_response r;
	struct names_hit hits[NAMES_PER_ADDR];
	int parsed = dns_parse(data, size, &r), learnt;
	static struct carried *carried;
	struct carried_sum sum;
	struct dns_name asked;

	if (!names) {
		names = names_new(64);
		carried = carried_new();
	}
	EXPECT(names && carried);
	if (dns_parse_query(data, size, &asked) == 1) {
		EXPECT(parsed == 0);
		check_name(&asked);
		if (carried_ask(carried, 1, 1, size % 2, &asked, now_ns, &sum))
			EXPECT(sum.bytes && strlen(sum.domain) < sizeof(sum.domain));
	}
	now_ns += 1000000000;
	learnt = names_add_dns(names, data, size, now_ns, size % 5, 1, size % 3);
	if (parsed != 1) {
		EXPECT(learnt == parsed);
		return 0;
	}
	EXPECT(r.addrs_cnt <= DNS_ADDRS_MAX && r.chain_cnt <= DNS_CHAIN_MAX);
	check_name(&r.question);
	check_name(&r.canonical);
	EXPECT(learnt == (r.question.len ? r.addrs_cnt : 0));
	EXPECT(names_count(names) <= 64);
	if (!learnt)
		return 0;
	/* The last address learnt cannot have been dropped, and the name just learnt is among its names. */
	EXPECT(names_lookup(names, r.addrs[learnt - 1].family, r.addrs[learnt - 1].addr, now_ns, size % 5, 1, sl_netns_tag(size % 3), hits,
			    NAMES_PER_ADDR) > 0);
	EXPECT(hits[0].learnt_ns == now_ns && !hits[0].expired && hits[0].session == (size % 5 != 0));
	return 0;
}
