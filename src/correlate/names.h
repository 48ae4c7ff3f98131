/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Address in a network namespace -> names, learnt from DNS answers. Pure and bounded (addresses and names per address); TTL honoured, with
 * a grace period because clients keep connections and resolvers round up. Several names of one address stay several.
 */
#ifndef SLUICE_CORRELATE_NAMES_H
#define SLUICE_CORRELATE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Names kept for one address. Beyond it the one that ran out, else the one learnt longest ago, is dropped and counted: shared
 * addresses of content networks have many names, and the latest is the likely one.
 */
#define NAMES_PER_ADDR 8

/* Sessions remembered for one name of one address; beyond it the one that asked longest ago is forgotten. */
#define NAMES_SESSIONS 4

/* Bytes of text for each address that the table may hold, on average. When all is used up, addresses are dropped as if
 * the table were full: answers full of names of a kilobyte cannot grow it. */
#define NAMES_TEXT_PER_ADDR 512

/* A TTL counts at least this: clients resolve, then take their time to connect. And at most this. */
#define NAMES_TTL_MIN_NS 30000000000ull
#define NAMES_TTL_MAX_NS (86400ull * 1000000000)

/* How long a name stays, marked `expired`, after its TTL: connection pools outlive TTLs. */
#define NAMES_GRACE_NS (3600ull * 1000000000)

struct names;
struct names *names_new(size_t max_addrs);
void names_free(struct names *n);
DEFINE_FREEP(struct names, names_free)

struct names_hit {
	const char *name;      /* lower case, no trailing dot, only [a-z0-9._-], other bytes as \DDD; borrowed until the next names_add */
	uint64_t learnt_ns;    /* when the answer was seen */
	bool expired;          /* its TTL is over (still within the grace period) */
	bool session;          /* asked by the very session that now connects */
	bool sni;              /* not from DNS: a connection to the address claimed it (names_add_sni) */
	const char *cname;     /* canonical name at the end of the CNAME chain, "" when the same */
};

/*
 * Learns from one DNS message (answer section A/AAAA, CNAME chain from the question). session_*: who asked, 0 unknown. netns: of the
 * socket, as in struct sl_rec_dns. Of two namespaces with one tag (sl_netns_tag) the latest counts.
 * Returns the number of addresses learnt, or -EBADMSG (malformed; nothing learnt), or 0 for queries and failures.
 */
int names_add_dns(struct names *n, const void *msg, size_t len, uint64_t now_ns, uint64_t session_ns, uint32_t session_pid,
		  uint32_t netns);

/*
 * Learns a server name that a connection of this session claimed, where DNS gave the address no such name. It counts as long as
 * NAMES_SNI_NS, behind all that DNS gave, and is never told to the kernel. tag: of the network namespace. -ENOMEM.
 */
#define NAMES_SNI_NS (3600ull * 1000000000)
int names_add_sni(struct names *n, uint8_t family, const uint8_t addr[16], const char *name, uint64_t now_ns,
		  uint64_t session_ns, uint32_t session_pid, uint8_t tag);

/* Names of an address, best first: from DNS, asked by this session, then not expired, then latest. Returns how many (<= max). */
size_t names_lookup(struct names *n, uint8_t family, const uint8_t addr[16], uint64_t now_ns, uint64_t session_ns,
		    uint32_t session_pid, uint8_t tag, struct names_hit *ret, size_t max);

/* One name of an address, for whoever fills a table of them. */
struct names_entry {
	const char *name;
	uint64_t expires_ns;           /* end of its TTL */
	struct {
		uint64_t session_ns;
		uint32_t session_pid;
	} askers[NAMES_SESSIONS];      /* latest first */
	unsigned int askers_cnt;
};

/* Every address there is, used longest ago first. */
typedef void (*names_visitor)(void *arg, uint8_t family, const uint8_t addr[16], uint32_t netns, const struct names_entry *entries,
			      size_t cnt);
void names_visit(const struct names *n, names_visitor fn, void *arg);

size_t names_count(const struct names *n);
uint64_t names_take_evicted(struct names *n);   /* since the last call */

#endif /* SLUICE_CORRELATE_NAMES_H */
