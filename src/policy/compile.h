/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A policy turned into the tables of include/policy_map.h, and the questions that the agent asks of them. The
 * tables are what the kernel runs; `explain`, `replay` and the tests run the very same ones.
 */
#ifndef SLUICE_POLICY_COMPILE_H
#define SLUICE_POLICY_COMPILE_H

#include "match/dfa.h"
#include "match/hosts.h"
#include "match/ranges.h"
#include "policy/policy.h"
#include "roots.h"

struct sl_asked;
struct compiled_dest;

/* What the compiler must know of the host; part of a recording, so that replay compiles the same tables. */
struct policy_host {
	const char *const *homes;   /* what ~ stands for; patterns of components are allowed, what is none has its backslashes */
	size_t homes_cnt;
	const struct policy_user {
		const char *name;
		uint32_t uid;
	} *users;                   /* names that rules may use */
	size_t users_cnt;
	bool lanes;                 /* tests: classes are in lanes (match/dfa.h) even where one product holds them */
};

/* The kernel's tables of connect rules, include/policy_map.h. */
struct compiled_net {
	struct sl_net_info info;
	struct ranges ranges;          /* ranges4 + ranges6 of them, each once; owner: class of addresses */
	struct sl_net_ports *ports;
	uint16_t *index;               /* info.index entries */
	uint64_t *vectors;             /* info.vectors entries */
};

/* Bytes of a table of decisions that is not kept in pieces: one look-up less. */
#define COMPILED_PLAIN_MAX (6u << 20)

struct compiled {
	const struct policy *policy;   /* borrowed; outlives this */
	struct dfa *path;              /* files; set SL_SET_UNRESOLVED reserved */
	struct dfa *exec;              /* executables and arguments */
	struct dfa *sock;              /* brokers' sockets, abstract names as below SL_ABSTRACT */
	struct hosts *name;            /* host names; classes are providers, then rules' host lists */
	struct sl_exec_set *exec_sets; /* exec->info.sets entries */
	struct sl_tool *tools;         /* tools_cnt entries, [0] unused */
	uint32_t tools_cnt;            /* policy tools + 1 */
	struct sl_argv_alt *argv_alts; /* argv_alts_cnt entries, SL_WORD_PLACES at least */
	uint16_t *argv_outcomes;       /* argv_outcomes_cnt entries */
	uint8_t *makers;               /* exe_sets_cnt entries: 1: what it creates in a session, the session made up */
	uint16_t *script_sets;         /* script_rows * script_cols entries */
	uint32_t argv_alts_cnt, argv_outcomes_cnt, script_rows, script_cols;
	uint32_t exe_sets_cnt;         /* distinct exe_set numbers, at least 1 */
	uint32_t users_cnt;            /* user classes, at least 1 */
	uint32_t *user_uids;           /* users_cnt entries; class u > 0 is uid user_uids[u] */
	uint16_t *rows;                /* tools_cnt * exe_sets_cnt * SL_MODES * users_cnt */
	uint64_t *cells;               /* cells_cnt, equal pieces of rows once: see sl_piece_index() */
	uint32_t cells_cnt;
	uint32_t *pieces;              /* rows_cnt * sl_row_pieces(path->info.sets) */
	uint32_t rows_cnt;
	struct compiled_net net;
	uint16_t *peer_rows;           /* tools_cnt * exe_sets_cnt * users_cnt, see sl_peer_index() */
	struct sl_decision *peer_decisions; /* peer_rows_cnt * peer_objects_cnt */
	uint32_t peer_rows_cnt, peer_objects_cnt; /* at least 1, at least SL_PEER_INSPECTS */
	uint16_t *peer_objects;        /* sock->info.sets: object of a socket there, 0: of no broker that a rule names */
	uint16_t *spool_objects;       /* the same of a file there that is opened for writing */
	bool spools;                   /* some is not 0 */
	uint32_t memories_cnt;         /* `after:` conditions */
	uint64_t memory_ns[SL_MEMORIES_MAX]; /* how long each holds, 0: until the session ends */
	uint8_t *memory_sets;          /* path->info.sets: bit i: a read of it makes condition i true */
	bool inspect_rules;            /* some rule is about inspecting processes */
	bool broker_rules;             /* some rule is about brokers */
	bool none_rules;               /* some `read:` rule can report a process outside every session */
	bool user_rules;               /* some rule names users */
	struct compiled_priv *priv;    /* src/policy/ only */
};

int policy_compile(const struct policy *p, const struct policy_host *host, struct compiled **ret, struct errmsg *e);
void compiled_free(struct compiled *c);
DEFINE_FREEP(struct compiled, compiled_free)

/*
 * Match set of a path by one of the automata over paths, below a home too. *ret_other (may be NULL): a second set, 0 none: where what is
 * above the home tells something, the path counts as both, and the stricter decision holds. how, *ret_unknown (both may be NULL): see
 * dfa_match_names().
 */
unsigned int compiled_match(const struct compiled *c, const struct dfa *d, const char *path, size_t len, const uint8_t *how,
			    unsigned int *ret_other, bool *ret_unknown);

/* The same of a path in a record, by its SL_STR_* flags; the first set alone. */
unsigned int compiled_match_record(const struct compiled *c, const struct dfa *d, const char *path, size_t len, unsigned int str_flags,
				   bool *ret_unknown);

/* What the automata read instead of a path below a root: "/", a NUL byte, and the rest. Returns its length; 0: it is below none. */
size_t compiled_root_text(const struct compiled *c, const char *path, size_t len, char *buf, size_t size);

/* A home that came up since. 1: new; 0: known; -E2BIG: SL_ROOTS_MAX; -ENOMEM. */
int compiled_add_root(struct compiled *c, const char *path);

/* Recognition at exec, exactly as the kernel does it (argv: SL_ARG_WORDS strings at most are looked at). */
struct compiled_exec {
	uint16_t tool;      /* tool that this image is, 0 none */
	uint16_t exe_set;
	uint8_t evidence;   /* SL_EVID_EXE, SL_EVID_ARGV or SL_EVID_NONE */
	bool helper;        /* argv[0] is a helper name */
	bool any_origin;    /* it is what exe_set says whoever owns it */
	bool scripted;      /* exe_set says so by the name of an interpreter's script, which proves nothing */
	bool improvised;    /* an interpreter whose code is in its arguments or comes from standard input */
};
struct compiled_exec compiled_exec(const struct compiled *c, const char *exe, const char *const *argv, size_t argc);

/* The same of an executable's path in a record: exe_flags, SL_STR_*. */
struct compiled_exec compiled_exec_record(const struct compiled *c, const char *exe, unsigned int exe_flags, const char *const *argv,
					  size_t argc);

/* File verdict, exactly as the kernel takes it. mode: SL_MODE_*. */
struct sl_decision compiled_file(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				 uint32_t uid, unsigned int path_set);

/* The same for a process that others are asked for as well: the strictest of all. asked NULL: nobody. */
struct sl_decision compiled_file_asked(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				       const struct sl_asked *asked, uint32_t uid, unsigned int path_set);

struct sl_decision compiled_connect_asked(const struct compiled *c, unsigned int tool, unsigned int exe_set, const struct sl_asked *asked,
					  uint32_t uid, const struct compiled_dest *d);

/* The cell of a row of rows[] and a plain set. */
static inline uint64_t compiled_cell(const struct compiled *c, uint32_t row, uint32_t set)
{
	return c->cells[sl_piece_cell(c->pieces[sl_piece_index(c->path->info.sets, row, set)], set)];
}

/* Decisions on files as the kernel keeps them: in pieces where they are large. */
static inline bool compiled_in_pieces(const struct compiled *c)
{
	return (uint64_t)c->rows_cnt * c->path->info.sets * sizeof(*c->cells) > COMPILED_PLAIN_MAX;
}

static inline uint32_t compiled_plain_cells(const struct compiled *c)
{
	return c->rows_cnt * c->path->info.sets;
}

static inline uint32_t compiled_row_pieces(const struct compiled *c)
{
	return c->rows_cnt * sl_row_pieces(c->path->info.sets);
}

/* Bytes of decisions on files in the kernel, where an entry of an array has eight. */
static inline size_t compiled_decisions_size(const struct compiled *c)
{
	return 8 * (compiled_in_pieces(c) ? (size_t)c->cells_cnt + compiled_row_pieces(c) : compiled_plain_cells(c));
}

/* What a cell of the table can decide, for a row of rows[] and a plain set: with parts, for the one or the other kind of reader. */
struct sl_decision compiled_may(const struct compiled *c, uint32_t row, uint32_t set, bool special);

/* Of a path set in several lanes: that of the lane whose rule decides, which is what the kernel reports. Any other set is its own. */
unsigned int compiled_deciding_set(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				   uint32_t uid, unsigned int path_set);

/* Names of the secret classes in a path set ("own:<tool>" for own stores), at most max; returns how many there are. */
size_t compiled_classes(const struct compiled *c, unsigned int path_set, const char **names, size_t max);

/* Verdict for inspecting a process outside the session (object: SL_PEER_*), or for connecting to a broker (object: of the
 * sock set, compiled->peer_objects). */
struct sl_decision compiled_peer(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
				 unsigned int object);

/* Brokers of a socket's path set, at most max; returns how many there are. */
size_t compiled_brokers(const struct compiled *c, unsigned int sock_set, bool spool, const struct policy_broker **ret, size_t max);

/* Some broker of this set, or of any set, starts units of systemd for whoever asks. */
bool compiled_set_starts_units(const struct compiled *c, unsigned int sock_set);
bool compiled_starts_units(const struct compiled *c);

/* An abstract socket name (without the NUL in front) as the text that patterns are matched with, see SL_ABSTRACT. Returns its
 * length, or -ENAMETOOLONG. */
int compiled_abstract(const char *name, size_t len, char *buf, size_t size);

/* A destination as the agent knows it. */
struct compiled_dest {
	uint8_t family;             /* 4 or 6 */
	uint8_t addr[16];
	uint8_t kind;               /* SL_NET_STREAM, SL_NET_DATAGRAM; SL_NET_SOCKET with a port of SL_SOCKET_*, no family and no names */
	uint16_t port;
	const char *const *names;   /* candidate host names, lower case, best first; may be empty */
	size_t names_cnt;
	uint32_t state;             /* which `after:` conditions hold for the session that asks, bit i: condition i */
};

/* How a provider was recognised: by name or by address range. */
struct compiled_provider {
	const struct policy_provider *provider;  /* NULL: unknown */
	size_t name;                             /* index of the name that told, or SIZE_MAX: by cidr */
};

/* Provider of a destination: first by names (in order), then by address range; later definitions win within each. */
struct compiled_provider compiled_provider(const struct compiled *c, const struct compiled_dest *d);

/* Verdict for a connection. reader is always SL_READER_OTHER. */
struct sl_decision compiled_connect(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
				    const struct compiled_dest *d);

/* Match set of a host name; 0: no provider and no rule speaks of it. */
unsigned int compiled_name_set(const struct compiled *c, const char *name);

/* Provider of a destination whose name is in a set (0: no name); .name is 0 where the set told. */
struct compiled_provider compiled_provider_of_set(const struct compiled *c, unsigned int set, const struct compiled_dest *d);

/* Verdict for a connection as the kernel takes it, by the kernel's tables: names is what it knows of the address (NULL:
 * nothing). d->names is not looked at. */
struct sl_net_choice compiled_net_verdict(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
					  const struct compiled_dest *d, const struct sl_net_names *names, uint32_t asker,
					  uint64_t now_ns);

/* Classes of files that the `after:` condition i asks for; NULL: there is no such condition. */
const struct policy_strings *compiled_memory(const struct compiled *c, unsigned int i);

/* Rule and tool by number; NULL for 0 or out of range. */
const struct policy_rule *compiled_rule(const struct compiled *c, unsigned int rule);
const struct policy_tool *compiled_tool(const struct compiled *c, unsigned int tool);

#endif /* SLUICE_POLICY_COMPILE_H */
