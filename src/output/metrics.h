/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Counters of a run as text for Prometheus (exposition format 0.0.4). Labels are names of the policy and constants, never a path or a
 * host; beyond METRICS_NAMES of them in a series the rest is "other".
 */
#ifndef SLUICE_OUTPUT_METRICS_H
#define SLUICE_OUTPUT_METRICS_H

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/report.h"

#define METRICS_NAMES 128

/* What is no event; filled when the text is made. */
struct metrics_state {
	const char *version, *policy, *tier; /* policy: its hash */
	double started;                      /* seconds since 1970 */
	bool has_store, store_writes;
	uint64_t store_rows, store_bytes, store_deleted, store_resets;
};

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
DEFINE_FREEP(struct metrics, metrics_free)

/* Counts an event; one that stands for repeats counts as that many. */
void metrics_add(struct metrics *m, const struct report *r);

void metrics_format(struct strbuf *b, const struct metrics *m, const struct metrics_state *s);

#endif /* SLUICE_OUTPUT_METRICS_H */
