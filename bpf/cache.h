/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The verdict cache of file opens: match sets by place. What makes all of it stale is in epoch.bpf.c. */
#ifndef SL_CACHE_H
#define SL_CACHE_H

#include "common.h"

/*
 * What the cache tag is made of: a directory, and in it either a name, or all names that leave the automaton in one
 * state. The second makes most first opens of a file in a known directory cheap: what is above need not be matched again.
 */
struct place {
	__u32 mnt;             /* low half of the mount's address */
	__u32 parent;          /* and of the directory's dentry */
	__u64 parent_ino;
	__u32 parent_generation;
	__u32 name_hash, name_len; /* or: the state, and 0 */
};

/*
 * The verdict cache. Tag and slot come from a keyed mix of everything that a path's meaning hangs on: mount, directory
 * (its dentry, inode number and generation), the name's hash and length, and the epoch, which grows when a directory is
 * renamed, a mount changes or a mount namespace goes (addresses may serve again after that). Not cryptographic; the key
 * is secret and a wrong hit needs 48 equal bits.
 */
ALWAYS_INLINE __u64 cache_hash(const struct place *p)
{
	__u64 h = knobs.seed ^ ((__u64)p->mnt << 32 | p->parent);

	h = (h ^ h >> 29) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 32 ^ p->parent_ino) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ h >> 29 ^ ((__u64)p->parent_generation << 32 | *(volatile __u32 *)&epoch)) * 0x94d049bb133111ebull;
	h = (h ^ h >> 32 ^ ((__u64)p->name_len << 32 | p->name_hash)) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 31;
}

/* Cached match set; -1: none. */
ALWAYS_INLINE __s32 cache_get(__u64 h)
{
	__u32 slot = h & ((1 << SL_CACHE_SHIFT) - 1);
	__u64 *entry = bpf_map_lookup_elem(&verdicts, &slot), word;

	if (!entry)
		return -1;
	word = *(volatile __u64 *)entry;
	return word >> 16 == h >> 16 ? (__s32)(word & 0xffff) : -1;
}

ALWAYS_INLINE void cache_put(__u64 h, __u32 set)
{
	__u32 slot = h & ((1 << SL_CACHE_SHIFT) - 1);
	__u64 *entry = bpf_map_lookup_elem(&verdicts, &slot);

	if (entry)
		*(volatile __u64 *)entry = (h & ~0xffffull) | set;
}

/*
 * By a file's name, instead of set 0: it is on procfs, so that rules about other processes may have to do with it (peers.bpf.c). What most
 * opens have to ask is then in the answer that they get anyway. Greater than every set.
 */
#define CACHED_PROC 0xffff
_Static_assert(SL_COMBOS_FIRST + SL_COMBOS_MAX < CACHED_PROC, "no set is taken for it");

/* A hash of no place: what is remembered there is never found. Hashes are above it, match sets below. */
#define NOWHERE 0x10000

/* The places of the cache that can know a file: by its name, and by the state its name leaves the automaton in. */
struct known {
	__u64 by_name;
	__u64 by_state;        /* 0: no such place (the name is too long) */
};

#endif /* SL_CACHE_H */
