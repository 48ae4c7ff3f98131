/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Address -> names, learnt from DNS answers. Pure and bounded (addresses and names per address); TTL honoured, with
 * a grace period because clients keep connections and resolvers round up. Several names of one address stay several.
 */
#ifndef SLUICE_CORRELATE_NAMES_H
#define SLUICE_CORRELATE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define NAMES_PER_ADDR 8
#define NAME_LEN_MAX 255

struct names;
struct names *names_new(size_t max_addrs);
void names_free(struct names *n);
DEFINE_FREEP(struct names, names_free)

struct names_hit {
	const char *name;      /* lower case, no trailing dot, only [a-z0-9._-] (others are \ooo-escaped); borrowed until the next names_add */
	uint64_t learnt_ns;    /* when the answer was seen */
	bool expired;          /* its TTL is over (still within the grace period) */
	bool session;          /* asked by the very session that now connects */
	const char *cname;     /* canonical name at the end of the CNAME chain, "" when the same */
};

/*
 * Learns from one DNS message (answer section A/AAAA, CNAME chain from the question). session_*: who asked, 0 unknown.
 * Returns the number of addresses learnt, or -EBADMSG (malformed; nothing learnt), or 0 for queries and failures.
 */
int names_add_dns(struct names *n, const void *msg, size_t len, uint64_t now_ns, uint64_t session_ns, uint32_t session_pid);

/* Names of an address, best first: asked by this session, then not expired, then latest. Returns how many (<= max). */
size_t names_lookup(struct names *n, uint8_t family, const uint8_t addr[16], uint64_t now_ns, uint64_t session_ns,
		    uint32_t session_pid, struct names_hit *ret, size_t max);

size_t names_count(const struct names *n);
uint64_t names_take_evicted(struct names *n);   /* since the last call */

#endif /* SLUICE_CORRELATE_NAMES_H */
