/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * From a secret to a destination: what a session read, and what its flows sent afterwards, put together as one story. Pure and
 * bounded; time is in the records.
 *
 * A sequence begins with a read that alerts, by anyone but a program made for the file or a tool's start-up load, and not
 * refused. Reads of sessions within and around one belong together. Once a flow has sent something afterwards, the story is
 * told INCIDENT_SETTLE_NS later, or when the session ends; what is read after that begins another. Nothing sent: no story.
 *
 * Every tool writes what it reads into its own transcripts and caches: whoever reads those later has the secret second-hand. So
 * for each tool the latest secret that a session of it has read is remembered (until the agent ends or loads another policy), and a
 * read of its store says so. Where none is known, the store of another tool still begins a story, a weaker one, and a tool's own
 * store begins none.
 *
 * A keep-alive may be the first thing that is sent, and the upload come later. So a story that was told is told once more, with all
 * that was sent since the read, when it has become worse: a higher severity, or more points where it was not high already.
 *
 * Confidence is a sum of points, each with its reason; the reasons are always told with it (ARCHITECTURE.md has the whole table with
 * the severities; a test holds it against this):
 *   bytes after the read    8 KiB or more 40, 1.5 KiB or more 25, less 5: a keep-alive looks the same
 *   first of them           within 5 s of the read 30, within a minute 15, later 0
 *   who read                the tool itself or a program that prints 20, another program 10, second-hand 10,
 *                           a store of which nothing is known 0
 *   the flow                of the very process that read 10, of another one of the session 5
 * INCIDENT_HIGH or more is high, INCIDENT_MEDIUM or more medium, less low.
 */
#ifndef SLUICE_CORRELATE_INCIDENT_H
#define SLUICE_CORRELATE_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "policy/policy.h"

#define INCIDENT_HIGH 75
#define INCIDENT_MEDIUM 50

#define INCIDENT_READS 8          /* kept of one sequence; the first ones, what is beyond is counted */
#define INCIDENT_FLOWS 8          /* kept; beyond it the flow with the fewest bytes goes, and is counted */
#define INCIDENT_SETTLE_NS 3000000000ull
#define INCIDENT_FORGET_NS (3600ull * 1000000000)  /* a sequence that nothing was sent after */
#define INCIDENT_SEQUENCES 1024   /* sessions at a time; beyond it the oldest is told as it stands, or dropped if it is none */

/* What a tool had read before its store was read: the latest secret, and how many others. */
struct incident_origin {
	char *path;                       /* owned; NULL: nothing is known */
	uint64_t time_ns;
	uint64_t session_ns;              /* outermost session that read it */
	uint32_t session_pid;
	uint16_t tool;
	size_t more;
};

/* Who did it, as text that stays when the process has gone. */
struct incident_process {
	uint32_t pid;
	uint64_t start_ns;
	char comm[17];
};

struct incident_read {
	uint64_t time_ns;
	struct incident_process process;
	const struct policy_rule *rule;   /* NULL: none */
	uint8_t reader;                   /* SL_READER_* */
	const char *classes[4];           /* borrowed from the policy */
	size_t classes_cnt;
	uint16_t tool;                    /* of the session that read */
	bool second_hand;                 /* a store of what a tool has read */
	uint16_t store;                   /* that tool, 0: not known which */
	char *path;                       /* owned */
	struct incident_origin origin;    /* second_hand: what that tool had read */
};

struct incident_flow {
	uint64_t cookie;
	struct incident_process process;  /* that opened it */
	uint8_t family, proto;            /* family 0: names that carry data, addr says nothing */
	uint8_t addr[16];
	uint16_t port;
	const struct policy_provider *provider;  /* NULL: unknown */
	const char *evidence, *confidence;       /* of the destination, as in struct report */
	char *host;                       /* owned; "" not known */
	bool own;                         /* a provider of the session's own tool */
	bool loopback;                    /* a server, a database or a proxy here: where it goes from there is not known */
	bool cut;                         /* it was refused to send on */
	uint64_t first_ns;                /* of what was sent after the first read */
	uint64_t bytes;                   /* sent after the reads: at least so many */
	uint64_t segment_ns, segment_bytes; /* since the latest read */
};

struct incident {
	uint64_t session_ns;              /* outermost session */
	uint32_t session_pid;
	uint16_t tool;                    /* of that session */
	struct incident_read reads[INCIDENT_READS];
	size_t reads_cnt, reads_more;
	struct incident_flow flows[INCIDENT_FLOWS]; /* most bytes first when told */
	size_t flows_cnt, flows_more;
	uint64_t due_ns;                  /* when it is to be told; 0: nothing sent yet */
	uint64_t last_ns;
	bool again;                       /* told before, with less */
	unsigned int told_score, told_severity; /* as it was told last; 0: not yet */
	/* when it is told */
	unsigned int score;
	const char *confidence;           /* "high", "medium", "low" */
	const char *severity;             /* "high", "medium", "low" */
	const char *reasons[8];
	unsigned int points[8];           /* of each reason; the score is their sum */
	size_t reasons_cnt;
};

struct incidents;
typedef void (*incident_sink)(void *arg, const struct incident *i, uint64_t time_ns);

struct incidents *incidents_new(incident_sink sink, void *arg);
void incidents_free(struct incidents *t);
DEFINE_FREEP(struct incidents, incidents_free)

/* A read that counts; `origin` is not looked at. path is copied, classes are borrowed. -ENOMEM: it is not remembered. */
int incidents_read(struct incidents *t, uint64_t session_ns, uint32_t session_pid, uint16_t tool, const struct incident_read *read);

/* When the first read was of what is told next for this session; 0: there is none. */
uint64_t incidents_read_ns(const struct incidents *t, uint64_t session_ns, uint32_t session_pid);

/* Something was sent after a read: flow->segment_ns is the time of that read, segment_bytes what was sent since it. host is
 * copied. False: no such read is known (it was before the start, or is told already). */
bool incidents_sent(struct incidents *t, uint64_t session_ns, uint32_t session_pid, const struct incident_flow *flow, uint64_t time_ns);

/* Tells what is due, forgets what is old. */
void incidents_tick(struct incidents *t, uint64_t now_ns);

/* The outermost session has ended: its story is told now. */
void incidents_end(struct incidents *t, uint64_t session_ns, uint32_t session_pid, uint64_t now_ns);

/* The input has ended. */
void incidents_flush(struct incidents *t, uint64_t now_ns);

#endif /* SLUICE_CORRELATE_INCIDENT_H */
