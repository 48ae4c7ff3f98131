/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the text form of address ranges and the test whether an address lies in one. */
#include "match/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(struct errmsg *e, size_t at, const char *why)
{
	if (e)
		e->column = (unsigned int)at + 1;
	return errmsg_set(e, -EINVAL, "%s", why);
}

/* A decimal number without sign, blanks or leading zeros. Negative: none, or above max. */
static int read_bits(const char *text, int max)
{
	int n = 0;

	if (!text[0] || (text[0] == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (*text - '0');
		if (n > max)
			return -1;
	}
	return n;
}

/* Keeps the leading bits; true if any other was set. */
static bool clear_host(uint8_t *addr, unsigned int bits)
{
	bool any = false;

	for (unsigned int i = 0; i < 16; i++) {
		uint8_t mask = bits >= 8 * (i + 1) ? 0xff : bits <= 8 * i ? 0 : (uint8_t)(0xff << (8 - bits % 8));

		any |= addr[i] & ~mask;
		addr[i] &= mask;
	}
	return any;
}

int cidr_parse(const char *text, struct cidr *ret, struct errmsg *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	size_t len = strcspn(text, "/");
	char host[INET6_ADDRSTRLEN], meant[INET6_ADDRSTRLEN];
	struct cidr c = { .family = memchr(text, ':', len) ? 6 : 4 };
	int max = c.family == 6 ? 128 : 32, af = c.family == 6 ? AF_INET6 : AF_INET, bits = max;

	if (!len)
		return fail(e, 0, "no address: write 192.0.2.0/24 or 2001:db8::/32");
	if (len < sizeof(host))
		snprintf(host, sizeof(host), "%.*s", (int)len, text);
	if (len >= sizeof(host) || inet_pton(af, host, c.addr) != 1)
		return fail(e, 0, "not an address: write 192.0.2.0/24 or 2001:db8::/32; names go under domains");
	if (text[len])
		bits = read_bits(text + len + 1, max);
	if (bits < 0)
		return fail(e, len + 1, c.family == 6 ? "not a prefix length: 0 to 128" : "not a prefix length: 0 to 32");
	c.bits = (uint8_t)bits;
	if (c.family == 6 && bits >= 96 && !memcmp(c.addr, mapped, sizeof(mapped)))
		return fail(e, 0, "a v4-mapped range never matches: write it as IPv4");
	if (clear_host(c.addr, c.bits)) {
		if (e)
			e->column = (unsigned int)len + 1;
		return errmsg_set(e, -EINVAL, "bits are set behind the prefix: write %s/%d, or %s for the one address",
				  inet_ntop(af, c.addr, meant, sizeof(meant)), bits, host);
	}
	*ret = c;
	return 0;
}

bool cidr_match(const struct cidr *c, uint8_t family, const uint8_t *addr)
{
	unsigned int whole = c->bits / 8, rest = c->bits % 8;

	if (family != c->family || memcmp(c->addr, addr, whole) != 0)
		return false;
	return !rest || (c->addr[whole] ^ addr[whole]) >> (8 - rest) == 0;
}
