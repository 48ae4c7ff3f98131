/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the spelling of times, ids, addresses and other facts. Knows nothing of lines. */
#include "output/format.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"

#define SECOND_NS 1000000000ull

static char *digits(char *at, unsigned int n, unsigned int width)
{
	for (unsigned int i = width; i-- > 0; n /= 10)
		at[i] = (char)('0' + n % 10);
	return at + width;
}

/* By hand: gmtime_r and strftime cost more than the rest of a JSON line. */
void format_time(struct strbuf *b, uint64_t wall_ns)
{
	uint64_t seconds = wall_ns / SECOND_NS;
	unsigned int day_seconds = (unsigned int)(seconds % 86400);
	/* Days since 0000-03-01, so that the leap day is the last of its year. */
	uint64_t days = seconds / 86400 + 719468;
	unsigned int era = (unsigned int)(days / 146097), day = (unsigned int)(days % 146097);
	unsigned int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int of_year = day - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * of_year + 2) / 153;
	char text[sizeof("2026-11-23T16:05:11.123456789Z")], *at = text;

	at = digits(at, era * 400 + year + (month >= 10), 4);
	*at++ = '-';
	at = digits(at, month < 10 ? month + 3 : month - 9, 2);
	*at++ = '-';
	at = digits(at, of_year - (153 * month + 2) / 5 + 1, 2);
	*at++ = 'T';
	at = digits(at, day_seconds / 3600, 2);
	*at++ = ':';
	at = digits(at, day_seconds / 60 % 60, 2);
	*at++ = ':';
	at = digits(at, day_seconds % 60, 2);
	*at++ = '.';
	at = digits(at, (unsigned int)(wall_ns % SECOND_NS), 9);
	*at++ = 'Z';
	strbuf_add(b, text, (size_t)(at - text));
}

void format_id(struct strbuf *b, uint64_t start_ns, uint32_t pid)
{
	char text[16];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[start_ns & 15];
		start_ns >>= 4;
	} while (start_ns);
	strbuf_add(b, text + at, sizeof(text) - at);
	strbuf_addc(b, '-');
	strbuf_addu(b, pid);
}

void format_addr(struct strbuf *b, uint8_t family, const uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text)))
		strbuf_adds(b, text);
}

void format_proto(struct strbuf *b, unsigned int proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		strbuf_adds(b, "tcp");
		return;
	case IPPROTO_UDP:
		strbuf_adds(b, "udp");
		return;
	case IPPROTO_ICMP:
		strbuf_adds(b, "icmp");
		return;
	case IPPROTO_ICMPV6:
		strbuf_adds(b, "icmpv6");
		return;
	case IPPROTO_SCTP:
		strbuf_adds(b, "sctp");
		return;
	case IPPROTO_UDPLITE:
		strbuf_adds(b, "udplite");
		return;
	default:
		strbuf_addu(b, proto);
	}
}

void format_bytes(struct strbuf *b, uint64_t n)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1000;
	size_t i = 0;

	if (n < 1000) {
		strbuf_addf(b, "%u B", (unsigned int)n);
		return;
	}
	while (i + 1 < ARRAY_SIZE(units) && n / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	strbuf_addf(b, "%u.%u %s", (unsigned int)(n / unit), (unsigned int)(n % unit / (unit / 10)), units[i]);
}
