/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * decode -> proctree -> names and policy -> report. Pure: bytes in, reports out through a callback; no I/O, no
 * clock. The agent and `replay` run the same pipeline over the same bytes.
 */
#ifndef SLUICE_CORRELATE_PIPELINE_H
#define SLUICE_CORRELATE_PIPELINE_H

#include "policy/compile.h"
#include "process/proctree.h"
#include "report/report.h"

/* What pipelines of one run share: a reload makes a new one, which goes on where the one before it was. */
struct pipeline_run {
	uint64_t start_ns;                 /* of the first record, the run's own name in `uid`; 0: none came yet */
	uint64_t seq;                      /* number of the last report */
};

struct pipeline_config {
	const struct compiled *compiled;   /* borrowed */
	size_t max_procs, max_sessions, max_names;   /* 0: the defaults below */
	struct pipeline_run *run;          /* borrowed; NULL: its own */
	const struct report_source *source;  /* borrowed: whose events these are; NULL: not known */
	const char *variant;               /* replayed under another policy, events are others: some letters that `uid` gets; NULL: none */
	/* Called for each report, in order. Its result is ignored here. */
	void (*sink)(void *arg, const struct report *r);
	void *arg;
};

#define PIPELINE_PROCS 16384      /* 10,000 live processes with room for ended ones; ~600 bytes each */
#define PIPELINE_SESSIONS 1024
#define PIPELINE_NAMES 16384

struct pipeline;
int pipeline_new(const struct pipeline_config *config, struct pipeline **ret);
void pipeline_free(struct pipeline *p);
DEFINE_FREEP(struct pipeline, pipeline_free)

/* One record. Bad records are counted (SL_LOSS_DECODE) and reported as a loss; never fatal. -ENOMEM. */
int pipeline_record(struct pipeline *p, const void *data, size_t size);

/* Time passes (boot clock): folded repeats whose second is over are reported, old entries dropped, losses of the pipeline
 * itself reported. In a recording a tick is the CLOCK record, so that replay sees the same ticks. */

/* The input has ended: what is still folded and counted is reported. The record of the agent's stop does it by itself, before. */
void pipeline_finish(struct pipeline *p);

/* What is known of every address, in the form of the kernel's table (include/policy_map.h): a new policy has new numbers for
 * names, and the kernel learns only from answers that come after it. */
typedef void (*pipeline_names_fn)(void *arg, const uint8_t key[SL_NET_KEY], const struct sl_net_names *names);
void pipeline_names(struct pipeline *p, const struct compiled *compiled, pipeline_names_fn fn, void *arg);

/* A pipeline of another policy knows what the one before it has learnt from DNS. That one ends now. */
void pipeline_take_names(struct pipeline *p, struct pipeline *before);

/* True if the process is known with its image (the agent then need not read /proc for it). */
bool pipeline_knows(struct pipeline *p, uint32_t tgid, uint64_t start_ns);

struct proctree *pipeline_tree(struct pipeline *p);

struct pipeline_stats {
	uint64_t records;                      /* given to pipeline_record, bad ones too */
	uint64_t reports;                      /* given to the sink */
	uint64_t allowed;                      /* file and connect events that a rule allows: not reported */
	uint64_t folded;                       /* events told as repeats of another */
	uint64_t alerts;                       /* events with action alert or block, folded ones too */
	uint64_t by_kind[_REPORT_KIND_MAX];
	uint64_t losses[_SL_LOSS_MAX];
};
const struct pipeline_stats *pipeline_stats(const struct pipeline *p);

#endif /* SLUICE_CORRELATE_PIPELINE_H */
