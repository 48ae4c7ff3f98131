/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * An event before it is finished: the record, and what the process tree, the policy and DNS know of it. Private to correlate/: build.c makes
 * the finished event of it (report/report.h), which is all that outputs see. All pointers are borrowed.
 */
#ifndef SLUICE_CORRELATE_DRAFT_H
#define SLUICE_CORRELATE_DRAFT_H

#include "correlate/incident.h"
#include "correlate/names.h"
#include "event/event.h"
#include "policy/compile.h"
#include "process/proctree.h"
#include "report/report.h"

struct draft {
	enum report_kind kind;
	uint64_t seq;
	const char *uid;
	const struct report_source *source; /* NULL: not known */
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

	/* file.open, guard */
	const char *path;                 /* root first */
	size_t path_len;
	const char *files;                /* of many different files that one line stands for: so many paths, each with its NUL; NULL none */
	size_t files_cnt;
	const char *classes[32];
	size_t classes_cnt;

	/* net.connect, net.hello, net.flow */
	const struct policy_provider *provider;  /* NULL: unknown */
	const char *net_evidence;         /* "dns-session", "dns-host", "sni", "proxy-connect", "cidr", "dns-question", "none" */
	const char *net_confidence;       /* "exact", "high", "low", "none" */
	const struct names_hit *names;    /* candidates, best first; names[0] is `host` */
	size_t names_cnt;
	const char *finding;              /* connect_finding() */
	const char *sni;                  /* server name that the flow told, then it is the host; "" none */
	bool sni_mismatch;                /* DNS knows the address, or the proxy was asked, by other names only */
	const char *asked;                /* what the proxy at the address was asked for, name or address as text; "" nothing */
	uint16_t asked_port;              /* 0 not told */
	bool behind_proxy;                /* it asks a proxy for what cannot be read */

	/* ptrace: all is in the record, but the text of the target's executable, which is `path` */

	/* broker.connect, lineage.lost; path: where it listens, an abstract name without its NUL */
	const struct policy_broker *brokers[8];
	size_t brokers_cnt;

	/* incident; process is that of its first read, if it is still known */
	const struct incident *incident;

	/* loss */
	unsigned int loss;                /* enum sl_loss */
	uint64_t loss_count;

	/* agent.*, policy.load: one line of text */
	const char *text;
	const struct compiled *compiled;  /* the policy in force; never NULL */
};

#endif /* SLUICE_CORRELATE_DRAFT_H */
