/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Many address ranges: which of them an address lies in. Two ranges are apart or one is within the other, so that the
 * innermost one leads to all the others.
 */
#ifndef SLUICE_MATCH_RANGES_H
#define SLUICE_MATCH_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "match/cidr.h"

#define RANGES_NONE UINT32_MAX

struct ranges {
	struct range {
		struct cidr cidr;
		uint32_t owner;    /* the caller's */
		uint32_t around;   /* index of the range that it lies in, or that is equal; RANGES_NONE */
	} *v;                      /* owned */
	uint32_t cnt, size;
};

void ranges_done(struct ranges *r);

/* -ENOMEM. A range may be added more than once, of different owners. */
int ranges_add(struct ranges *r, const struct cidr *c, uint32_t owner);

/* After the last one was added, and before any is asked for. */
void ranges_sort(struct ranges *r);

/* Index of the innermost range that the address lies in, else RANGES_NONE. addr: 4 bytes for family 4, 16 for 6. */
uint32_t ranges_find(const struct ranges *r, uint8_t family, const uint8_t *addr);

#endif /* SLUICE_MATCH_RANGES_H */
