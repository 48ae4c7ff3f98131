/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A policy turned into the tables of include/policy_map.h, and the questions that the agent asks of them. The
 * tables are what the kernel runs; `explain`, `replay` and the tests run the very same ones.
 */
#ifndef SLUICE_POLICY_COMPILE_H
#define SLUICE_POLICY_COMPILE_H

#include "match/dfa.h"
#include "policy/policy.h"

/* What the compiler must know of the host; part of a recording, so that replay compiles the same tables. */
struct policy_host {
	const char *const *homes;   /* what ~ stands for; component patterns allowed */
	size_t homes_cnt;
	const struct policy_user {
		const char *name;
		uint32_t uid;
	} *users;                   /* names that rules may use */
	size_t users_cnt;
};

struct compiled {
	const struct policy *policy;   /* borrowed; outlives this */
	struct dfa *path;              /* files; set SL_SET_UNRESOLVED reserved */
	struct dfa *exec;              /* executables and arguments */
	struct dfa *name;              /* host names; classes are providers, then rules' host lists */
	struct sl_exec_set *exec_sets; /* exec->info.sets entries */
	struct sl_tool *tools;         /* tools_cnt entries, [0] unused */
	uint32_t tools_cnt;            /* policy tools + 1 */
	uint32_t exe_sets_cnt;         /* distinct exe_set numbers, at least 1 */
	uint32_t users_cnt;            /* user classes, at least 1 */
	uint32_t *user_uids;           /* users_cnt entries; class u > 0 is uid user_uids[u] */
	uint16_t *rows;                /* tools_cnt * exe_sets_cnt * SL_MODES * users_cnt */
	struct sl_decision *decisions; /* rows_cnt * path->info.sets */
	uint32_t rows_cnt;
	bool none_rules;               /* some `read:` rule can report a process outside every session */
	bool user_rules;               /* some rule names users */
	struct compiled_priv *priv;    /* src/policy/ only */
};

int policy_compile(const struct policy *p, const struct policy_host *host, struct compiled **ret, struct errmsg *e);
void compiled_free(struct compiled *c);
DEFINE_FREEP(struct compiled, compiled_free)

/* Recognition at exec, exactly as the kernel does it (argv: SL_ARG_SCAN strings at most are looked at). */
struct compiled_exec {
	uint16_t tool;      /* tool that this image is, 0 none */
	uint16_t exe_set;
	uint8_t evidence;   /* SL_EVID_EXE, SL_EVID_ARGV or SL_EVID_NONE */
	bool helper;        /* argv[0] is a helper name */
};
struct compiled_exec compiled_exec(const struct compiled *c, const char *exe, const char *const *argv, size_t argc);

/* File verdict, exactly as the kernel takes it. mode: SL_MODE_*. */
struct sl_decision compiled_file(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				 uint32_t uid, unsigned int path_set);

/* Names of the secret classes in a path set ("own:<tool>" for own stores), at most max; returns how many there are. */
size_t compiled_classes(const struct compiled *c, unsigned int path_set, const char **names, size_t max);

/* A destination as the agent knows it. */
struct compiled_dest {
	uint8_t family;             /* 4 or 6 */
	uint8_t addr[16];
	uint16_t port;
	const char *const *names;   /* candidate host names, lower case, best first; may be empty */
	size_t names_cnt;
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

/* Rule and tool by number; NULL for 0 or out of range. */
const struct policy_rule *compiled_rule(const struct compiled *c, unsigned int rule);
const struct policy_tool *compiled_tool(const struct compiled *c, unsigned int tool);

#endif /* SLUICE_POLICY_COMPILE_H */
