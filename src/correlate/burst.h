/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Folds opens of different files: the first BURST_SHOWN that one process opens under one rule within a second are shown one by one, the rest
 * of that second becomes one event with a count and a list. `grep -r` over two thousand files is then some dozens of events, and what
 * happens beside it is found. Pure and bounded.
 */
#ifndef SLUICE_CORRELATE_BURST_H
#define SLUICE_CORRELATE_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define BURST_WINDOW_NS 1000000000ull
#define BURST_SHOWN 32      /* one by one */
#define BURST_LISTED 32     /* paths in the list; the count is of all */
#define BURST_GROUPS 256    /* at a time; beyond it the oldest is reported, and begins anew */

struct burst_item {
	uint32_t tgid;
	uint64_t time_ns;
	const void *key;        /* all that has to be equal */
	size_t key_len;
	const void *keep;       /* given back: the latest */
	size_t keep_len;
	const char *path;
	size_t path_len;
};

/* item: the latest of them; files: cnt paths, each with a NUL behind it; more: how many events, listed or not. */
typedef void (*burst_sink)(void *arg, const struct burst_item *item, const char *files, size_t cnt, uint64_t more);

struct bursts;
struct bursts *bursts_new(burst_sink sink, void *arg);
void bursts_free(struct bursts *b);   /* does not flush */
DEFINE_FREEP(struct bursts, bursts_free)

/* True: it is one of many, and is given back with them. False: the caller shows it. Without memory nothing is folded. */
bool bursts_fold(struct bursts *b, const struct burst_item *item);

/* Gives back what is over, of one process, or everything. Oldest first. */
void bursts_tick(struct bursts *b, uint64_t now_ns);
void bursts_flush_process(struct bursts *b, uint32_t tgid);
void bursts_flush(struct bursts *b);

#endif /* SLUICE_CORRELATE_BURST_H */
