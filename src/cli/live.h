/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What trace, run and record share: a run of the agent with its outputs. */
#ifndef SLUICE_CLI_LIVE_H
#define SLUICE_CLI_LIVE_H

#include "agent.h"
#include "cli/live_metrics.h"
#include "cli/live_store.h"

struct live_options {
	const char *command;      /* its name, for messages */
	const char *policy;       /* NULL: the default */
	const char *tool;         /* only reports of this tool; NULL: all */
	const char *file;         /* where events go; NULL: stdout */
	const char *record;       /* recording to write; NULL: none */
	const char *cgroup;
	enum kernel_tier tier;
	uint32_t ring_size;
	uint64_t duration_ns;
	bool json;                /* JSON lines instead of text */
	bool quiet;               /* no events at all (record) */
	bool exec;                /* text: also processes that start and end */
	bool flows;               /* text: also flows that ended, and their server names */
	bool enforce;             /* refuse what rules block, whatever the policy's mode */
	const char *pin_root;     /* NULL: nothing stays when the agent goes */
	bool service;             /* the policy's mode and require count */
	struct live_store_options store;
	const char *metrics;      /* file of metrics; NULL: none */
	bool summary;             /* sums on stderr at the end */
};

/* Options that all three take; their letters are above 255. Returns 0: taken, CLI_USAGE: misuse (told), -1: not one. */
#define LIVE_OPTIONS                                                  \
	{ "policy", required_argument, NULL, 'p' },                   \
	{ "cgroup", required_argument, NULL, LIVE_CGROUP },           \
	{ "force-tier", required_argument, NULL, LIVE_TIER },         \
	{ "ring-size", required_argument, NULL, LIVE_RING }
enum { LIVE_CGROUP = 256, LIVE_TIER, LIVE_RING };
int live_option(struct live_options *o, const char *command, int opt, const char *arg);

#define LIVE_HELP                                                                                            \
	"      --cgroup PATH         connections only of processes below this cgroup v2 directory\n"        \
	"      --force-tier TIER     see file opens this way and no other: lsm, fmod_ret or sys_exit\n"     \
	"      --ring-size BYTES     buffer between kernel and agent (64k, 8m; a power of two; 2m)\n"

/* Runs. Returns the exit status; errors are told. */
int live_run(const struct live_options *o);

#endif /* SLUICE_CLI_LIVE_H */
