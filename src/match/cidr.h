/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Address ranges: "192.0.2.0/24", "2001:db8::/32", or one address. IPv4 and IPv6 never match each other; a
 * caller that holds a v4-mapped address (::ffff:192.0.2.1) turns it into IPv4 first.
 */
#ifndef SLUICE_MATCH_CIDR_H
#define SLUICE_MATCH_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errmsg.h"

struct cidr {
	uint8_t family;    /* 4 or 6 */
	uint8_t bits;      /* leading bits that count: 0..32 or 0..128 */
	uint8_t addr[16];  /* network order; IPv4 in the first four bytes, the rest 0 */
};

/*
 * -EINVAL: not a range; e says why (e->column is the byte, from 1). Bits set behind the prefix are refused, and e
 * offers the range that was probably meant. A v4-mapped range is refused too: it would never match.
 */
int cidr_parse(const char *text, struct cidr *ret, struct errmsg *e);

/* addr: 4 bytes for family 4, 16 for 6. */
bool cidr_match(const struct cidr *c, uint8_t family, const uint8_t *addr);

#endif /* SLUICE_MATCH_CIDR_H */
