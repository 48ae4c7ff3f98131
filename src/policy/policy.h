/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The policy as written: the model that policy/yaml.c fills, policy/compile.c turns into tables and
 * policy/eval.c judges directly. Read-only once loaded. Names are unique within their kind; a later file's
 * definition of a name replaces the earlier one whole, in its place. policies/README.md is the reference.
 */
#ifndef SLUICE_POLICY_POLICY_H
#define SLUICE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "match/cidr.h"
#include "policy_map.h"

/* Where a definition was written. */
struct policy_where {
	unsigned int source;  /* index into policy.sources */
	unsigned int line, column;
};

/* A list of strings with the place of each. */
struct policy_strings {
	char **v;
	struct policy_where *where;
	size_t cnt;
};

/* A file that took part: kept whole, so that a recording can carry the policy it was made under. */
struct policy_source {
	char *name;   /* as shown in errors; includes are resolved against the directory of the file that names them,
	               * then as struct policy_lists says */
	char *text;
	size_t len;
	bool builtin; /* carried by the program: there is no file of this name */
};

struct policy_secret {              /* secrets: NAME: { paths: [...] , confidence: high } */
	char *name;
	struct policy_strings paths;
	char *confidence;           /* "high", "medium", "low"; never NULL */
	bool second_hand;           /* a tool's store of what it has read: a secret is in it if the tool has read one */
	struct policy_where where;
};

struct policy_tool {                /* tools: NAME: {...}; number in records = index + 1 */
	char *name;
	char *title;                /* for people; never NULL */
	struct policy_strings exe;       /* resolved executable path */
	struct policy_strings argv;      /* script of an interpreter */
	struct policy_strings helpers;   /* argv[0] basenames under which the tool runs itself as a helper */
	struct policy_strings own;       /* own stores */
	struct policy_strings providers; /* names of its own providers */
	struct policy_strings startup;   /* secret classes that it loads at start */
	uint64_t startup_ns;             /* length of that window; 0 none */
	struct policy_where where;
};

struct policy_interpreter {         /* interpreters: NAME: { exe: [...], value-options: [...] } */
	char *name;
	struct policy_strings exe;
	struct policy_strings value_options; /* options whose value is the next argument */
	struct policy_strings run_words;     /* words in front of the script */
	struct policy_strings inline_words;  /* options, or words instead of a script, that say: the code is in the arguments */
	bool shell;                          /* its scripts are no tools; without a script, its code is inline */
	struct policy_where where;
};

struct policy_reader {              /* readers: NAME: { exe: [...], for: [classes] } or { kind: generic } */
	char *name;
	struct policy_strings exe;
	struct policy_strings script;    /* the script, where the executable is an interpreter */
	struct policy_strings argv;      /* words of its command line, all of one entry; empty: any */
	struct policy_strings unless;    /* the same: it is not this reader then */
	struct policy_strings classes;   /* "for": secret classes that it may read; only for kind purpose */
	uint8_t kind;                    /* SL_READER_GENERIC, _INTERPRETER, _LOOKING, _SWEEP or _PURPOSE */
	uint8_t any_origin;              /* origin: any; counts whoever owns the executable */
	struct policy_where where;
};

struct policy_provider {            /* providers: NAME: {...} */
	char *name;
	char *title;
	struct policy_strings domains;
	struct cidr *cidrs;
	size_t cidrs_cnt;
	uint16_t *ports;                 /* empty: any */
	size_t ports_cnt;
	char *tier;                      /* a word of policy_tiers; never NULL */
	char *region;                    /* "eu", "us", ... or "" */
	char *training;                  /* vendor's data terms, free text or "" */
	char *retention;
	char *terms;                     /* where the vendor says so, or "" */
	struct policy_where where;
};

struct policy_broker {              /* brokers: NAME: { sockets: [...], abstract: [...], hands-out: true }, or spools: [...] */
	char *name;
	char *title;                     /* for people; never NULL */
	struct policy_strings sockets;   /* path patterns of where it listens */
	struct policy_strings abstract;  /* the same of abstract names, without the NUL in front */
	struct policy_strings spools;    /* path patterns of files that it takes its work from; then it has neither of the above */
	bool starts_units;               /* systemd, or a bus that leads to one: transient units are known again */
	bool hands_out;                  /* it starts programs for others, which are no descendants of who asked */
	struct policy_where where;
};

enum policy_tool_scope { POLICY_TOOL_ANY = 1, POLICY_TOOL_NONE, POLICY_TOOL_ALL, POLICY_TOOL_LIST };
enum policy_tell { POLICY_TELL_NONE = 0, POLICY_TELL_TTY };
enum policy_object { POLICY_OBJECT_READ = 1, POLICY_OBJECT_CONNECT, POLICY_OBJECT_INSPECT, POLICY_OBJECT_BROKER };

/* What a `connect:` rule names. All given conditions must hold; each list holds if any entry matches. */
struct policy_connect {
	bool any;                        /* connect: any */
	struct policy_strings providers; /* names; may hold own-providers, unknown, loopback, private */
	struct policy_strings not_providers;
	struct policy_strings tiers, not_tiers;
	struct policy_strings regions, not_regions;
	struct policy_strings hosts;     /* domain patterns */
	struct cidr *cidrs;
	size_t cidrs_cnt;
	uint16_t *ports;
	size_t ports_cnt;
	uint32_t protos;                 /* bit per SL_NET_STREAM, SL_NET_DATAGRAM; 0: any */
	uint32_t sockets;                /* bit per SL_SOCKET_*: it is about such a socket that is made, not about connections; 0: any */
};

struct policy_rule {                /* rules: [ {...} ]; number in records = index + 1 */
	char *id;
	enum policy_tool_scope scope;
	struct policy_strings tools;      /* for POLICY_TOOL_LIST */
	struct policy_strings exe;        /* empty: any executable */
	struct policy_strings except;     /* executables that the rule does not apply to */
	struct policy_strings users;      /* empty: any; names or uids */
	uint32_t readers;                 /* bit per SL_READER_*; 0: any */
	enum policy_object object;
	struct policy_strings classes;    /* read: secret classes, or "own" */
	struct policy_connect connect;
	uint32_t inspect;                 /* bit per SL_PEER_*, below SL_PEER_INSPECTS */
	struct policy_strings brokers;    /* broker: names, or "any" */
	struct policy_strings after;      /* connect: only after the session has read one of these classes; empty: always */
	uint64_t after_ns;                /* and not longer ago than this; 0: until the session ends */
	uint8_t action;                   /* SL_ACTION_* */
	char *severity;                   /* info, low, medium, high, critical; never NULL */
	char *message;                    /* or "" */
	uint8_t tell;                     /* enum policy_tell: who else hears of a refusal */
	struct policy_where where;        /* line 0: a rule that no file has, see policy/builtin.c */
};

enum policy_mode { POLICY_MONITOR = 1, POLICY_ENFORCE };
enum policy_require { POLICY_REQUIRE_ALERT = 1, POLICY_REQUIRE_KILL, POLICY_REQUIRE_DENY };

enum policy_guard { POLICY_GUARD_BY_MODE = 0, POLICY_GUARD_ON, POLICY_GUARD_OFF };

struct policy {
	enum policy_mode mode;
	enum policy_guard guard;                  /* of the agent itself; by mode: on in mode enforce */
	enum policy_require require;
	struct policy_source *sources;            size_t sources_cnt;
	struct policy_secret *secrets;            size_t secrets_cnt;
	struct policy_tool *tools;                size_t tools_cnt;
	struct policy_interpreter *interpreters;  size_t interpreters_cnt;
	struct policy_reader *readers;            size_t readers_cnt;
	struct policy_provider *providers;        size_t providers_cnt;
	struct policy_broker *brokers;            size_t brokers_cnt;
	struct policy_rule *rules;                size_t rules_cnt;
	char hash[72];                            /* "sha256:<64 hex>" over the sources, in order */
};

/* Where an include is looked for that is not beside the file that names it: first in a directory, then in memory. */
struct policy_lists {
	const char *dir;                          /* NULL: none */
	const struct policy_source *builtin;      /* their names are POLICY_BUILTIN and the file's name */
	size_t builtin_cnt;
};

#define POLICY_BUILTIN "built-in/"

/* Loads a file and its includes. Errors have file:line:column. A built-in list includes built-in ones only. */
int policy_load(const char *path, const struct policy_lists *lists, struct policy **ret, struct errmsg *e);

/* The same from memory (sources[0] is the main file, the others are found by the names it includes). For replay, tests
 * and fuzzing: touches no file. Sources are copied. */
int policy_load_sources(const struct policy_source *sources, size_t cnt, struct policy **ret, struct errmsg *e);

/*
 * No rule allows a file for being of this class, so that its patterns may match a name too much (dfa_builder_any_letters()).
 */
bool policy_class_only_tightens(const struct policy *p, const char *name);

void policy_free(struct policy *p);
DEFINE_FREEP(struct policy, policy_free)

#endif /* SLUICE_POLICY_POLICY_H */
