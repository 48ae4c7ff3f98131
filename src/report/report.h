/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A finished event: everything looked up and resolved to text and numbers, nothing to compute. A tagged union: what every event has, and one
 * struct for each kind. Only correlate/build.c makes one; the records of the kernel are behind it, and nobody else needs them.
 *
 * All pointers are borrowed and valid during the call that hands the event out: a consumer that keeps one keeps its JSON line
 * (output_json_format() in output/output.h) or copies what it needs. Text may hold any byte; each output escapes for itself. A pointer to text
 * that says "NULL: ..." may be NULL, others are "" when there is nothing.
 *
 * report/fields.c describes every field that is published (JSON, `sluice schema`, docs/events.md): a member added here is not in any
 * output until it has a row there.
 *
 * Consumers that do not care for the kind use the functions below (report_uid() and its neighbours).
 */
#ifndef SLUICE_REPORT_REPORT_H
#define SLUICE_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy_map.h"  /* numbers of actions and outcomes */
#include "record.h"      /* numbers of losses */

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

/* Published as "schema" in every event; a new number only when a field changes its meaning or goes away. */
#define REPORT_SCHEMA 2

#define REPORT_ANCESTORS 16   /* deeper chains are cut; `ancestry_cut` says so */

/* Whose events these are; strings are borrowed. */
struct report_source {
	const char *host;                 /* name, which may change while the agent runs */
	const char *boot_id;
	const char *host_id;              /* base/hostid.h */
};

/*
 * The declared identity of an event: host id, boot id (32 hex digits each), start of the run (boot clock, ns, hex) and number, with '-'
 * between them. The same in a replay, and in every output: a receiver that gets an event twice drops the second by it. Judged anew by another policy,
 * events are others: behind the start there is then a '.' and the beginning of that policy's hash.
 */
#define REPORT_UID_SIZE 128

/* ---- values ------------------------------------------------------------------------------------------------------------ */

/* A process or session for life, published as "<hex ns>-<pid>". */
#define REPORT_ID_SIZE 32
struct report_id {
	uint64_t ns;                      /* boot clock; 0: none */
	uint32_t pid;
};

struct report_text {                      /* bytes that need not end with a NUL */
	const char *s;
	size_t len;
};

struct report_count {                     /* a number that may be missing */
	uint64_t n;
	bool known;
};

struct report_addr {
	uint8_t family;                   /* 4 or 6; 0: none */
	uint8_t addr[16];                 /* network order */
};

/* A fact that may be unknown. */
enum report_fact { REPORT_UNKNOWN = 0, REPORT_NO, REPORT_YES };
static inline uint8_t report_fact(bool b)
{
	return b ? REPORT_YES : REPORT_NO;
}

/* ---- the common part --------------------------------------------------------------------------------------------------- */

struct report_rule {
	const char *id;                   /* NULL: no rule applied */
	const char *severity, *message;   /* NULL, "" without a rule */
	size_t number;                    /* of it in the policy, from 0 */
	bool to_tty;                      /* its refusals are shown at the terminal of the session */
	const char *const *after;         /* NULL: it does not depend on what was read before */
	size_t after_cnt;
};

struct report_tool {
	bool known;                       /* the event is of a session, or of a process that was in one */
	const char *name;                 /* NULL: the policy in force knows no such tool */
	struct report_id session, parent; /* parent.ns 0: none around it */
	bool session_live;                /* the session is still counted */
	const char *evidence, *confidence;
};

struct report_process {
	struct report_id id, session;
	uint64_t start;                   /* CLOCK_REALTIME */
	uint32_t pid, tid, ppid, uid;
	const char *exe, *comm, *cwd, *user;
	const char *program;              /* the file name of its executable, or comm */
	struct report_text argv;          /* NUL-separated, not redacted: outputs do that */
	bool argv_cut;
	const char *tty;                  /* "pts/3" */
	const char *container, *engine;   /* NULL: in none; engine "": only an id is known */
	size_t container_short;           /* bytes of it that are enough for a person */
	bool is_tool;                     /* the first of its session: the tool itself */
};

struct report_ancestor {
	struct report_id id;
	uint32_t pid;
	const char *exe, *program;
	const char *tool;                 /* NULL: it is not the first of a session */
	bool is_tool;
};

/* ---- kinds ------------------------------------------------------------------------------------------------------------- */

struct report_file {                      /* file.open */
	struct report_text path;          /* root first */
	bool path_truncated;
	const char *const *classes;
	size_t classes_cnt;
	const char *files;                /* of many that one event stands for: so many paths, each with its NUL; NULL none */
	size_t files_cnt;
	const char *evidence;             /* "pattern", "inode", "unresolved" */
	uint32_t dev;                     /* major << 20 | minor */
	uint64_t inode;
	const char *access, *verb;        /* "r"; "read" */
	const char *reader;
	bool by_inode, unresolved, at_start, exception;
	const char *came;                 /* NULL: it was opened */
};

struct report_candidate {
	const char *name, *cname;
	uint64_t age_s;
	bool expired, session, sni;
};

struct report_net {                       /* net.connect, net.hello, net.flow */
	uint8_t proto;
	struct report_addr addr;
	uint16_t port;
	const char *verb;                 /* of a connect: "connect", "send", "send on", "socket" */
	const char *socket;               /* of one that names no destination: its kind, and no address or port; NULL: it has them */
	const char *host, *sni;           /* the name that counts; what the flow itself named */
	const char *provider, *tier, *region, *training, *retention, *terms; /* provider NULL: unknown */
	const char *evidence, *confidence;
	const struct report_candidate *candidates; /* best first; NULL: none */
	size_t candidates_cnt;
	const char *finding;              /* NULL: none */
	const char *note;                 /* a finding about the kind of traffic; NULL: none */
	bool was_open;
	uint64_t flow;
	const char *tls;                  /* NULL: nothing of TLS was seen */
	uint8_t ech, resumed;             /* enum report_fact */
	bool quic, sni_mismatch, behind_proxy;
	const char *asked;                /* of a proxy */
	uint16_t asked_port;
	uint64_t bytes_sent, bytes_received, segments_sent, segments_received;
	uint64_t begin, last, milliseconds;
	const char *end, *direction;
	bool within, adopted;
};

struct report_target {
	struct report_id id;
	uint32_t pid, uid;
	uint64_t start;
	struct report_text exe;
	char comm[17];
	bool in_session;
	const char *tool;                 /* NULL: none */
	struct report_id session;
};

struct report_inspect {                   /* ptrace */
	const char *what, *how;
	bool is_trace, is_write;
	struct report_target target;
};

struct report_broker {                    /* broker.connect, lineage.lost */
	struct report_text path;          /* where it listens; an abstract name without its NUL */
	bool abstract, hands_out;
	const char *const *names;
	size_t names_cnt;
	const char *const *handing;       /* of those that hand work out: what people call them */
	size_t handing_cnt;
	const char *type, *verb;
	uint32_t pid;                     /* 0 not known */
};

struct report_guard {                     /* guard */
	const char *what, *deed;
	struct report_count signal, command;
	struct report_text path;
};

struct report_session {                   /* session.end */
	bool known;
	uint64_t ns, seconds, files, connects, alerts, flows, bytes_sent, bytes_received;
};

struct report_exit {                      /* proc.exit */
	bool known;
	struct report_count status, signal;
};

struct report_loss {                      /* loss */
	unsigned int number;              /* enum sl_loss */
	const char *reason, *help;
	uint64_t count;
};

struct report_actor {                     /* who did something that an incident is made of */
	struct report_id id;
	uint32_t pid;
	const char *comm;
};

struct report_origin {                    /* what a store that was read may hold */
	bool second_hand;                 /* the read was of a store */
	const char *store;                /* tool; NULL: not known which */
	bool known;                       /* what that tool had read is known */
	const char *path;
	uint64_t time, before_ns;         /* when; how long before the read */
	struct report_id session;
	struct report_count more;
};

struct report_read {
	uint64_t time;
	const char *path, *rule, *reader; /* rule NULL: none */
	const char *const *classes;
	size_t classes_cnt;
	struct report_origin origin;
	struct report_actor process;
};

struct report_sent {
	uint8_t proto;
	struct report_addr addr;
	uint16_t port;
	const char *host, *provider, *tier, *region; /* provider NULL: unknown */
	const char *evidence, *confidence;
	uint64_t bytes, delay_ms, delay_ns;
	bool own, cut, loopback;
	struct report_actor process;
};

struct report_incident {                  /* incident */
	const char *confidence;
	uint64_t score;
	bool again;
	const char *const *reasons;
	size_t reasons_cnt;
	const struct report_read *reads;
	size_t reads_cnt;
	uint64_t reads_more;
	const struct report_sent *flows;
	size_t flows_cnt;
	uint64_t flows_more;
};

struct report {
	enum report_kind kind;
	uint64_t seq;
	const char *uid;
	const char *host, *boot_id;
	uint64_t wall_ns;                 /* CLOCK_REALTIME */
	uint64_t time_ns;                 /* the same moment, CLOCK_BOOTTIME; later than the record's when repeats were folded */
	const char *policy;               /* hash of the one in force; never NULL */

	/* outcome */
	struct report_rule rule;
	uint8_t action, taken;            /* SL_ACTION_* of the rule; SL_TAKEN_* */
	const char *verdict;              /* "alert"; NULL: nothing was decided */
	const char *outcome;              /* "denied"; NULL: nothing was refused */
	const char *by;                   /* hook that refused or saw it; NULL: none */
	const char *severity;             /* NULL: none */
	uint64_t repeats;                 /* how many equal events were folded into this one since the last such line, 0 none */

	/* who */
	struct report_tool tool;
	bool has_process;
	struct report_process process;
	const struct report_ancestor *ancestors; /* parent first; NULL without a process */
	size_t ancestors_cnt;
	bool ancestry_cut;

	union {
		struct report_file file;
		struct report_net net;
		struct report_inspect inspect;
		struct report_broker broker;
		struct report_guard guard;
		struct report_session session;
		struct report_exit exit;
		struct report_loss loss;
		struct report_incident incident;
		struct report_text unit;  /* lineage.kept */
		const char *text;         /* agent.*, policy.*, mode.change: one line of text */
	};
};

/* What people want to see besides alerts. */
struct report_host {
	bool show_exec;                   /* proc.exec and proc.exit */
	bool show_flows;                  /* net.flow, and every net.hello */
};

const char *report_kind_name(enum report_kind kind);
const char *report_kind_help(enum report_kind kind);   /* one sentence for the reference */

/*
 * What every kind can be asked: enough for a column or a filter. Text is "" where the event has none.
 */
static inline const char *report_uid(const struct report *r)
{
	return r->uid;
}

static inline uint64_t report_time_ns(const struct report *r) /* CLOCK_REALTIME */
{
	return r->wall_ns;
}

static inline const char *report_host_name(const struct report *r)
{
	return r->host;
}

static inline const char *report_severity(const struct report *r)
{
	return r->severity ? r->severity : "";
}

static inline const char *report_tool(const struct report *r)
{
	return r->tool.name ? r->tool.name : "";
}

static inline const char *report_rule(const struct report *r)
{
	return r->rule.id ? r->rule.id : "";
}

static inline const char *report_verdict(const struct report *r) /* "allow", "log", "alert", "block" */
{
	return r->verdict ? r->verdict : "";
}

static inline const char *report_taken(const struct report *r) /* "denied", "killed", "cut" */
{
	return r->taken != SL_TAKEN_NONE ? r->outcome : "";
}

/* Of a file, a socket or an executable that was looked into; of an incident the first file read. Any byte, *ret_len of them. */
const char *report_path(const struct report *r, size_t *ret_len);
/* Where a connection goes, by name; of an incident the first one. */
const char *report_dest(const struct report *r);
/* "<hex ns>-<pid>"; false, and "": outside every session. */
bool report_session_id(const struct report *r, char ret[REPORT_ID_SIZE]);
/* uid of the process; UINT32_MAX: the event is of no process. */
uint32_t report_user(const struct report *r);

/* For who makes reports: the part before the number, its length; then the number behind it. */
size_t report_uid_begin(char ret[REPORT_UID_SIZE], const char *host_id, const char *boot_id, uint64_t start_ns, const char *variant);
void report_uid_end(char uid[REPORT_UID_SIZE], size_t begin_len, uint64_t seq);

#endif /* SLUICE_REPORT_REPORT_H */
