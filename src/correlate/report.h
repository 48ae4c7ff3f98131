/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the outputs get: one finished event, everything looked up, nothing to compute. All pointers are borrowed and
 * valid during the call only. Text may hold any byte; each output escapes for itself.
 */
#ifndef SLUICE_CORRELATE_REPORT_H
#define SLUICE_CORRELATE_REPORT_H

#include "correlate/incident.h"
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
	REPORT_EXCEPTION,      /* policy.exception: one was made, or is over; text says of what */
	REPORT_HOOKS,          /* agent.hooks: the kernel stopped calling some, or calls them again; text says which */
	REPORT_PTRACE,         /* ptrace: a process outside the session was inspected */
	REPORT_BROKER_CONNECT, /* broker.connect */
	REPORT_LINEAGE_KEPT,   /* lineage.kept: systemd started a unit that the session had asked for; its label follows */
	REPORT_LINEAGE_LOST,   /* lineage.lost: behind a broker.connect that was not refused, to one that hands work out */
	REPORT_GUARD,          /* guard */
	REPORT_INCIDENT,       /* incident: a read, and what was sent after it */
	REPORT_NET_HELLO,      /* net.hello: a flow named its server, or is QUIC */
	REPORT_NET_FLOW,       /* net.flow: a flow has ended */
	_REPORT_KIND_MAX,
};

#define REPORT_ANCESTORS 16   /* deeper chains are cut; `ancestry_cut` says so */

/* Whose events these are; strings are borrowed. */
struct report_source {
	const char *host;                 /* name, which may change while the agent runs */
	const char *boot_id;
	const char *host_id;              /* base/hostid.h */
};

/*
 * The declared identity of an event: host id, boot id (32 hex digits each), start of the run (boot clock, ns, hex) and number, with '-'
 * between them. The same in a replay, and in every output: whoever gets an event twice drops the second by it. Judged anew by another policy,
 * events are others: behind the start there is then a '.' and the beginning of that policy's hash.
 */
#define REPORT_UID_SIZE 128
#define REPORT_ID_SIZE 32

struct report {
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

/* What stays the same during a run. */
struct report_host {
	bool show_exec;                   /* text output: also proc.exec and proc.exit */
	bool show_flows;                  /* text output: also net.flow, and every net.hello */
};

const char *report_kind_name(enum report_kind kind);

/*
 * Consuming a finished event without knowing its kind: these are enough for a column or a filter. Text is borrowed and valid as long as
 * the report is; "" where the event has none. The whole event as one JSON line is output_json_format() (output/output.h).
 */
const char *report_uid(const struct report *r);
uint64_t report_time_ns(const struct report *r);      /* CLOCK_REALTIME */
const char *report_host_name(const struct report *r);
const char *report_severity(const struct report *r);  /* "low", "medium", "high", "critical"; guard is "critical" */
const char *report_tool(const struct report *r);
const char *report_rule(const struct report *r);
const char *report_verdict(const struct report *r);   /* "allow", "log", "alert", "block" */
const char *report_taken(const struct report *r);     /* "denied", "killed", "cut" */
const char *report_path(const struct report *r, size_t *ret_len); /* of a file, a socket or an executable; any byte */
const char *report_dest(const struct report *r);      /* host that a connection goes to, by name; an incident's first */
bool report_session_id(const struct report *r, char ret[REPORT_ID_SIZE]); /* "<hex start>-<pid>"; false: outside every session */
uint32_t report_user(const struct report *r);         /* uid of the process; UINT32_MAX: of no process */

/* For who makes reports: the part before the number, its length; then the number behind it. */
size_t report_uid_begin(char ret[REPORT_UID_SIZE], const char *host_id, const char *boot_id, uint64_t start_ns, const char *variant);
void report_uid_end(char uid[REPORT_UID_SIZE], size_t begin_len, uint64_t seq);

#endif /* SLUICE_CORRELATE_REPORT_H */
