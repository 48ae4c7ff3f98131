/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the parts of the compiler share. Order of work: compile_classes (which file classes live), compile_exec (which
 * executables there are), compile_users, compile_rules (who is a subject of what), compile_files, compile_net.
 */
#ifndef SLUICE_POLICY_COMPILE_INTERNAL_H
#define SLUICE_POLICY_COMPILE_INTERNAL_H

#include "policy/compile.h"
#include "policy/policy_internal.h"

#define NO_CLASS UINT16_MAX

/* A set of rules: bit r is rules[r] of the policy (rule number r + 1). */
#define RULE_WORDS (SL_RULES_MAX / 64)
struct rule_set {
	uint64_t w[RULE_WORDS];
};

static inline void rule_set_add(struct rule_set *s, size_t rule)
{
	s->w[rule / 64] |= 1ull << (rule % 64);
}

static inline bool rule_set_has(const struct rule_set *s, size_t rule)
{
	return s->w[rule / 64] >> (rule % 64) & 1;
}

/* Kept with the tables. */
struct compiled_priv {
	/* The three parts of a rule's subject; a rule applies when it is in all of them. */
	struct rule_set *tool_rules;   /* tools_cnt entries */
	struct rule_set *exe_rules;    /* exe_sets_cnt entries */
	struct rule_set *user_rules;   /* users_cnt entries */

	char **roots;                  /* homes that are no part of the automata, sorted; roots_cnt entries, owned */
	size_t roots_cnt, roots_size;

	/* Classes of the path automaton: secret classes that a rule names, then own stores. */
	char **class_names;            /* classes_cnt entries, owned; "own:NAME" for own stores */
	unsigned int classes_cnt, secrets_cnt;
	uint16_t *set_classes;         /* of path set s: set_classes[set_first[s] .. set_first[s + 1]) */
	uint32_t *set_first;
	uint16_t own_class[SL_TOOLS_MAX];   /* by tool number; NO_CLASS: no own store, or no rule asks */

	/* Classes of the automaton of sockets. */
	uint16_t brokers[DFA_CLASSES_MAX]; /* number of the broker */
	unsigned int brokers_cnt;

	/* Classes of the table of host names: provider i is class i, then host lists. */
	uint8_t rule_memory[SL_RULES_MAX];  /* by rule: condition + 1 of its `after:`, 0 none */
	uint16_t host_class[SL_RULES_MAX];  /* by rule; NO_CLASS: names no hosts */
	struct ranges provider_ranges;      /* owner: index of the provider */
};

/* One compilation. */
struct compile {
	const struct policy *p;
	const struct policy_host *host;
	struct errmsg *e;
	struct compiled *c;

	const char **homes;            /* of the automata */
	size_t homes_cnt;
	uint16_t *secret_class;        /* by secret: class of the path automaton, NO_CLASS: no rule names it */
	struct exe_kind *kinds;        /* by exe_set */
};

/* What kind of reader the executables of one exe_set are. */
struct exe_kind {
	struct dfa_set purpose;        /* classes that it is made for */
	bool generic, interpreter, improvised, looking, sweep;
	bool asked_looking, asked_generic; /* by a reader with `argv`, which counts before what the program is for */
};

/* A builder of the given dialect with the host's homes. -ENOMEM. */
int compile_builder(struct compile *w, enum dfa_dialect dialect, struct dfa_builder **ret);

/* Adds every pattern of a list to a class; errors point at the pattern. */
int compile_patterns(struct compile *w, struct dfa_builder *b, unsigned int cls, const struct policy_strings *patterns);

/* dfa_build() with `what` ("files") in front of its error. */
int compile_automaton(struct compile *w, struct dfa_builder *b, unsigned int reserved, const char *what,
		      struct dfa **ret);

/* -E2BIG with "what did not fit: how many, limit: what to do". */
int compile_too_big(struct compile *w, const char *what, size_t have, size_t limit, const char *remedy);

/* User class of a uid; 0: no rule names it. */
uint32_t compile_user_class(const struct compiled *c, uint32_t uid);

/* What the words `loopback` and `private` mean. */
#define COMPILE_LOOPBACK 4
#define COMPILE_PRIVATE 6
extern const struct cidr compile_loopback[COMPILE_LOOPBACK], compile_private[COMPILE_PRIVATE];

int compile_homes(struct compile *w);
void compile_homes_done(struct compiled_priv *priv);
int compile_classes(struct compile *w);
int compile_exec(struct compile *w);
int compile_files(struct compile *w);
int compile_net(struct compile *w);
int compile_net_tables(struct compile *w);
int compile_peers(struct compile *w);
int compile_memory(struct compile *w);

/* The rule's `after:` holds in this state; true if it has none. */
bool compile_remembers(const struct compiled *c, size_t rule, uint32_t state);

#endif /* SLUICE_POLICY_COMPILE_INTERNAL_H */
