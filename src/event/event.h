/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A decoded record: the fixed part in host form and views of the variable parts. Views point into the record's
 * bytes (borrowed; valid as long as they are) and may hold any byte: nothing here is NUL-terminated or clean.
 */
#ifndef SLUICE_EVENT_EVENT_H
#define SLUICE_EVENT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct view {
	const char *data;  /* never NULL; "" when len is 0 */
	uint32_t len;
	uint32_t flags;    /* SL_STR_* */
};

struct event {
	enum sl_kind kind;             /* SL_REC_NET for SL_REC_VERDICT too */
	uint64_t time_ns;              /* CLOCK_BOOTTIME */
	const struct sl_who *who;      /* NULL for kinds that have none */
	union {
		const struct sl_rec_exec *exec;
		const struct sl_rec_fork *fork;
		const struct sl_rec_exit *exit;
		const struct sl_rec_file *file;
		const struct sl_rec_net *net;
		const struct sl_rec_inspect *inspect;
		const struct sl_rec_broker *broker;
		const struct sl_rec_dns *dns;
		const struct sl_rec_loss *loss;
		const struct sl_rec_clock *clock;
		const struct sl_rec_user *user;
		const struct sl_rec_agent *agent;
		const struct sl_rec_guard *guard;
		const struct sl_rec_sent *sent;
		const struct sl_rec_hello *hello;
		const struct sl_rec_flow *flow;
	};
	uint8_t netns;                            /* net, sent, hello, flow: sl_netns_tag(), 0 not known */
	const struct sl_rec_verdict *decided;     /* net: what the kernel decided; NULL: it did not say */
	struct view exe, cwd, argv, cgroup, tty;  /* exec; exe: also the target's of inspect */
	struct view path;                         /* file, broker, guard */
	struct view payload;                      /* dns */
	struct view name;                         /* user; hello, flow: of the server */
	struct view text;                         /* agent */
};

/* Stable short names for events, logs and counters; "?" for a number out of range. */
const char *event_kind_name(enum sl_kind kind);
const char *event_loss_name(unsigned int reason);   /* "ring-full", "label-full", ... */
const char *event_loss_help(unsigned int reason);   /* one sentence: what it means and what to change */
const char *event_evidence_name(unsigned int evid);
const char *event_by_name(unsigned int by);
const char *event_taken_name(unsigned int taken);
const char *event_action_name(unsigned int action);
const char *event_reader_name(unsigned int reader);
const char *event_came_name(unsigned int came);      /* SL_CAME_*: "opened", ... */
const char *event_inspect_name(unsigned int object); /* SL_PEER_*: "memory", ... */
const char *event_how_name(unsigned int how);        /* SL_HOW_*: "process_vm_readv", ... */
const char *event_guard_name(unsigned int what);

#endif /* SLUICE_EVENT_EVENT_H */
