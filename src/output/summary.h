/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a run came to, for people: told when it ends. Counts reports as outputs get them; a report that stands for repeats counts
 * as that many. Bounded: beyond SUMMARY_NAMES different names in a list the rest is counted as "others".
 */
#ifndef SLUICE_OUTPUT_SUMMARY_H
#define SLUICE_OUTPUT_SUMMARY_H

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/report.h"

#define SUMMARY_TOOLS 64
#define SUMMARY_NAMES 64

struct summary;
struct summary *summary_new(void);
void summary_free(struct summary *s);
DEFINE_FREEP(struct summary, summary_free)

/* Without memory for a new name it is counted as "others". */
void summary_add(struct summary *s, const struct report *r);

/* Events that a rule allows are in no report; the pipeline counts them. */
void summary_set_allowed(struct summary *s, uint64_t allowed);

uint64_t summary_alerts(const struct summary *s);   /* events of action alert and block */

/* Appends the lines. Nothing hostile is left in them. */
void summary_format(struct strbuf *b, const struct summary *s);

#endif /* SLUICE_OUTPUT_SUMMARY_H */
