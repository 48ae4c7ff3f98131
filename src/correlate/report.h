/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the outputs get: one finished event, everything looked up, nothing to compute. All pointers are borrowed and
 * valid during the call only. Text may hold any byte; each output escapes for itself.
 */
#ifndef SLUICE_CORRELATE_REPORT_H
#define SLUICE_CORRELATE_REPORT_H

#include "correlate/names.h"
#include "event/event.h"
#include "policy/compile.h"
#include "process/proctree.h"

enum report_kind {
	REPORT_INVALID = 0,
	REPORT_FILE_OPEN,      /* file.open */
	REPORT_NET_CONNECT,    /* net.connect */
	REPORT_PROC_EXEC,      /* proc.exec (labelled processes) */
	REPORT_PROC_EXIT,      /* proc.exit */
	REPORT_SESSION_START,  /* session.start */
	REPORT_SESSION_END,    /* session.end */
	REPORT_LOSS,           /* loss */
	REPORT_AGENT_START,    /* agent.start */
	REPORT_AGENT_STOP,     /* agent.stop */
	REPORT_POLICY_LOAD,    /* policy.load */
	REPORT_POLICY_BAD,     /* policy.refused: a reload that changed nothing; text says why */
	REPORT_MODE,           /* mode.change: blocks block from now on, or no more */
	_REPORT_KIND_MAX,
};

#define REPORT_ANCESTORS 16   /* deeper chains are cut; `ancestry_cut` says so */

struct report {
	enum report_kind kind;
	uint64_t seq;
	uint64_t wall_ns;                 /* CLOCK_REALTIME */
	uint64_t time_ns;                 /* the same moment, CLOCK_BOOTTIME; later than event->time_ns when repeats were folded */
	const struct policy_rule *rule;   /* NULL: none */
	uint8_t action;                   /* SL_ACTION_* of the rule */
	uint8_t taken, by;                /* SL_TAKEN_*, SL_BY_* */
	uint8_t reader;                   /* file.open: SL_READER_* */
	uint64_t repeats;                 /* how many equal events were folded into this one since the last such line, 0 none */

	const struct event *event;        /* the record behind it; NULL for agent events */
	const struct process *process;    /* NULL: none */
	const struct process *ancestors[REPORT_ANCESTORS]; /* parent first */
	size_t ancestors_cnt;
	bool ancestry_cut;
	const struct session *session;    /* NULL: outside every session */
	const struct policy_tool *tool;   /* NULL: none */
	const char *user;                 /* name of process->uid, "" when not known */

	/* file.open */
	const char *path;                 /* root first */
	size_t path_len;
	const char *classes[32];
	size_t classes_cnt;

	/* net.connect */
	const struct policy_provider *provider;  /* NULL: unknown */
	const char *net_evidence;         /* "dns-session", "dns-host", "cidr", "none" */
	const char *net_confidence;       /* "exact", "high", "low", "none" */
	const struct names_hit *names;    /* candidates, best first; names[0] is `host` */
	size_t names_cnt;

	/* loss */
	unsigned int loss;                /* enum sl_loss */
	uint64_t loss_count;

	/* agent.*, policy.load: one line of text */
	const char *text;
	const struct compiled *compiled;  /* the policy in force; never NULL */
};

/* What stays the same during a run. */
struct report_host {
	const char *host;
	const char *boot_id;
	bool show_exec;                   /* text output: also proc.exec and proc.exit */
};

const char *report_kind_name(enum report_kind kind);

#endif /* SLUICE_CORRELATE_REPORT_H */
