/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The store beside a run's output: its writer is started with the first event, and again if it ends before the run does. */
#ifndef SLUICE_CLI_LIVE_STORE_H
#define SLUICE_CLI_LIVE_STORE_H

#include "output/output.h"
#include "store/store.h"

struct live_store_options {
	const char *path;         /* NULL: none */
	bool sealed;              /* a file of its own: what was there goes, no bounds, signed with a key that is kept nowhere */
	uint64_t max_age_ns, max_bytes;
};

struct live_store;

#ifdef SLUICE_LACKS
/* Built without what it takes: live.c says so, and never has one. */
static inline void live_store_free(struct live_store *s)
{
	(void)s;
}

static inline uint64_t live_store_report(struct live_store *s, const struct report *r)
{
	(void)s;
	(void)r;
	return 1;
}

static inline uint64_t live_store_flush(struct live_store *s, uint64_t lost)
{
	(void)s;
	(void)lost;
	return 0;
}

static inline void live_store_finish(struct live_store *s)
{
	(void)s;
}

struct metrics_state;
static inline void live_store_metrics(const struct live_store *s, struct metrics_state *ret)
{
	(void)s;
	(void)ret;
}
#else
/* source and its strings are borrowed. Makes the folder or, sealed, the empty file, so that the agent can protect it from sessions. */
int live_store_new(const struct live_store_options *o, const struct report_source *source, struct live_store **ret, struct errmsg *e);
void live_store_free(struct live_store *s);
DEFINE_FREEP(struct live_store, live_store_free)

/* Never waits. Returns how many events are lost by it: 0, or 1. */
uint64_t live_store_report(struct live_store *s, const struct report *r);

/* Sends what waits and hears the writer. Returns how many events turned out to be lost. */
uint64_t live_store_flush(struct live_store *s, uint64_t lost);

/* What of it goes into metrics. */
struct metrics_state;
void live_store_metrics(const struct live_store *s, struct metrics_state *ret);

/* The end of a run: waits for the writer, for a while. What is not written by then is reported. */
void live_store_finish(struct live_store *s);
#endif

#endif /* SLUICE_CLI_LIVE_STORE_H */
