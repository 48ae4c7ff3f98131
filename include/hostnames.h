/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Host names through their table. src/match/hosts.c compiles patterns into it; the BPF programs and the agent take the same step.
 *
 * A name is fed from its last byte to its first, as patterns speak of ends. Nearly all of them are names, or names with all that is below
 * them, so the table is sparse: a record for each place where names part, with the few bytes that lead on from it, and one
 * for all the bytes of a piece that only one pattern goes on with. Whatever byte leads nowhere else takes the record's default.
 *
 * words[] holds records of four words, then cells of two words, then bytes:
 *   record: [0] where names part: its first cell; of a piece: its first byte   [1] default: the record after any other byte
 *           [2] match set of a name that ends here, and in the upper half how long the piece is (0: names part here)
 *           [3] of a piece: the record behind it
 *   cell:   [0] record that it belongs to   [1] record after the byte of this class; the cell is that at the first one + class
 * Record 0 is dead: nothing can match any more.
 */
#ifndef SL_HOSTNAMES_H
#define SL_HOSTNAMES_H

#include "abi.h"

#define SL_HOSTS_DEAD 0

struct sl_hosts {
	__u8 cls[256];    /* byte -> class, from 1; 1 is a byte that only a wildcard matches */
	__u32 words[];
};

struct sl_hosts_info {
	__u32 start;      /* first record */
	__u32 cells;      /* where cells begin in words[] */
	__u32 bytes;      /* where bytes begin in words[] */
	__u32 limit;      /* entries in words[]; in the kernel's copy padded to a power of two */
	__u32 sets;       /* match set ids are 0 .. sets-1 */
};

/* Within a name. */
struct sl_hosts_at {
	__u32 record;
	__u32 passed;     /* bytes of its piece */
};

/* A word; one out of the table (a corrupt table only) is the dead record's. */
static inline __attribute__((always_inline)) __u32
sl_hosts_word(const struct sl_hosts *h, __u32 limit, __u32 idx)
{
#ifdef __bpf__
	return h->words[idx & (limit - 1)]; /* as in automaton.h */
#else
	return idx < limit ? h->words[idx] : 0;
#endif
}

/* One byte further to the front. */
static inline __attribute__((always_inline)) void
sl_hosts_step(const struct sl_hosts *h, const struct sl_hosts_info *info, struct sl_hosts_at *at, __u8 byte)
{
	__u32 limit = info->limit, record = at->record * 4, passed = at->passed, cls = h->cls[byte];
	__u32 first = sl_hosts_word(h, limit, record), len = sl_hosts_word(h, limit, record + 2) >> 16, to;

	at->passed = 0;
	if (len) {
		__u32 byte_at = first + passed;

		to = record + 1;
		if ((sl_hosts_word(h, limit, info->bytes + (byte_at >> 2)) >> (byte_at & 3) * 8 & 0xff) == cls) {
			if (passed + 1 < len) {
				at->passed = passed + 1;
				return;
			}
			to = record + 3;
		}
	} else {
		to = info->cells + (first + cls) * 2;
		to = sl_hosts_word(h, limit, to) == at->record ? to + 1 : record + 1;
	}
	at->record = sl_hosts_word(h, limit, to);
}

/* Match set of a name that is wholly fed. */
static inline __attribute__((always_inline)) __u32
sl_hosts_accept(const struct sl_hosts *h, const struct sl_hosts_info *info, const struct sl_hosts_at *at)
{
	return sl_hosts_word(h, info->limit, at->record * 4 + 2) & 0xffff;
}

#endif /* SL_HOSTNAMES_H */
