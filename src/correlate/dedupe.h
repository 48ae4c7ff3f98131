/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Folds equal events: the first of a kind is shown at once, the ones that follow within a second are counted and
 * given back as one when the second is over. What "equal" means is the caller's key; it is compared byte by byte,
 * never by a hash alone, so that no event disappears behind another. Pure and bounded: beyond the bound events are
 * shown one by one, and that is counted.
 */
#ifndef SLUICE_CORRELATE_DEDUPE_H
#define SLUICE_CORRELATE_DEDUPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define DEDUPE_WINDOW_NS 1000000000ull
#define DEDUPE_ENTRIES 4096            /* different events within a second */
#define DEDUPE_BYTES (4u << 20)        /* and their keys and kept bytes, all told */

struct dedupe_item {
	uint32_t tgid;         /* for dedupe_flush_process */
	uint64_t time_ns;
	const void *key;
	size_t key_len;
	const void *keep;      /* what is given back beside the key, 8-byte aligned there */
	size_t keep_len;
};

/* Called for an item that was repeated `repeats` times after it was shown; item->time_ns is that of the last. */
typedef void (*dedupe_sink)(void *arg, const struct dedupe_item *item, uint64_t repeats);

struct dedupe;
struct dedupe *dedupe_new(size_t max_entries, size_t max_bytes, dedupe_sink sink, void *arg);
void dedupe_free(struct dedupe *d);   /* does not flush */
DEFINE_FREEP(struct dedupe, dedupe_free)

/* True: it was folded into an earlier one. False: the caller shows it now. */
bool dedupe_fold(struct dedupe *d, const struct dedupe_item *item);

/* Gives back what was repeated: whose second is over, of one process, or everything. In the order of first sight. */
void dedupe_tick(struct dedupe *d, uint64_t now_ns);
void dedupe_flush_process(struct dedupe *d, uint32_t tgid);
void dedupe_flush(struct dedupe *d);

size_t dedupe_count(const struct dedupe *d);
uint64_t dedupe_take_overflow(struct dedupe *d);   /* events that found no room, since the last call */

#endif /* SLUICE_CORRELATE_DEDUPE_H */
