/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the order of ranges, and the search in it. A range comes right before those that lie in it; the last one that does
 * not begin behind an address is therefore within the innermost that holds it, or is that.
 */
#include "match/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ranges_done(struct ranges *r)
{
	free(r->v);
	*r = (struct ranges){ 0 };
}

int ranges_add(struct ranges *r, const struct cidr *c, uint32_t owner)
{
	if (r->cnt == r->size) {
		uint32_t size = r->size ? r->size * 2 : 16;
		struct range *v = size < UINT32_MAX / 2 ? reallocarray(r->v, size, sizeof(*v)) : NULL;

		if (!v)
			return -ENOMEM;
		r->v = v;
		r->size = size;
	}
	r->v[r->cnt++] = (struct range){ .cidr = *c, .owner = owner, .around = RANGES_NONE };
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	int r = x->cidr.family - y->cidr.family;

	r = r ? r : memcmp(x->cidr.addr, y->cidr.addr, sizeof(x->cidr.addr));
	r = r ? r : x->cidr.bits - y->cidr.bits;
	return r ? r : (x->owner > y->owner) - (x->owner < y->owner);
}

void ranges_sort(struct ranges *r)
{
	if (r->cnt)
		qsort(r->v, r->cnt, sizeof(*r->v), by_place);
	for (uint32_t i = 1; i < r->cnt; i++) {
		const struct cidr *c = &r->v[i].cidr;
		uint32_t around = i - 1;

		/* Of equal family and beginning not before: it holds all of c if it holds its first address. */
		while (around != RANGES_NONE && !cidr_match(&r->v[around].cidr, c->family, c->addr))
			around = r->v[around].around;
		r->v[i].around = around;
	}
}

uint32_t ranges_find(const struct ranges *r, uint8_t family, const uint8_t *addr)
{
	uint32_t from = 0, to = r->cnt, at;
	size_t len = family == 4 ? 4 : 16;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		const struct cidr *c = &r->v[mid].cidr;

		if (c->family < family || (c->family == family && memcmp(c->addr, addr, len) <= 0))
			from = mid + 1;
		else
			to = mid;
	}
	at = from ? from - 1 : RANGES_NONE;
	while (at != RANGES_NONE && !cidr_match(&r->v[at].cidr, family, addr))
		at = r->v[at].around;
	return at;
}
