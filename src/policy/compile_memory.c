/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what a session's reads are remembered for. Each distinct `after:` (classes, and for how long) of the rules is one
 * condition; a file's set says which conditions its read makes true. Rules look at conditions by the rows of
 * compile_net_tables.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile_internal.h"

static struct dfa_set classes_of(const struct compile *w, const struct policy_rule *rule)
{
	struct dfa_set set = { 0 };

	for (size_t i = 0; i < rule->after.cnt; i++) {
		int secret = policy_find_secret(w->p, rule->after.v[i]);

		/* One that no rule reads does not exist: policy_lint() says so. */
		if (secret >= 0 && w->secret_class[secret] != NO_CLASS)
			dfa_set_add(&set, w->secret_class[secret]);
	}
	return set;
}

static int number_condition(struct compile *w, size_t rule, struct dfa_set conditions[SL_MEMORIES_MAX])
{
	const struct policy_rule *r = &w->p->rules[rule];
	struct dfa_set set = classes_of(w, r);
	struct compiled *c = w->c;
	uint32_t i = 0;

	while (i < c->memories_cnt && (memcmp(&conditions[i], &set, sizeof(set)) != 0 || c->memory_ns[i] != r->after_ns))
		i++;
	if (i == SL_MEMORIES_MAX)
		return policy_error(w->e, w->p, r->where, -E2BIG,
				    "more than %d different 'after' conditions: give rules the same classes and the same time", SL_MEMORIES_MAX);
	if (i == c->memories_cnt) {
		conditions[i] = set;
		c->memory_ns[c->memories_cnt++] = r->after_ns;
	}
	c->priv->rule_memory[rule] = (uint8_t)(i + 1);
	return 0;
}

int compile_memory(struct compile *w)
{
	struct dfa_set conditions[SL_MEMORIES_MAX];
	struct compiled *c = w->c;
	int r = 0;

	c->memory_sets = calloc(c->path->info.sets, sizeof(*c->memory_sets));
	if (!c->memory_sets)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < w->p->rules_cnt; i++)
		if (w->p->rules[i].after.cnt)
			r = number_condition(w, i, conditions);
	for (uint32_t s = SL_SET_UNRESOLVED + 1; r >= 0 && s < c->path->info.sets; s++)
		for (uint32_t i = 0; i < c->memories_cnt; i++)
			for (unsigned int k = 0; k < DFA_WORDS; k++)
				if (conditions[i].bits[k] & c->path->sets[s].bits[k])
					c->memory_sets[s] |= (uint8_t)(1u << i);
	return r;
}

bool compile_remembers(const struct compiled *c, size_t rule, uint32_t state)
{
	uint8_t memory = c->priv->rule_memory[rule];

	return !memory || state >> (memory - 1) & 1;
}

const struct policy_strings *compiled_memory(const struct compiled *c, unsigned int i)
{
	for (size_t rule = 0; i < c->memories_cnt && rule < c->policy->rules_cnt; rule++)
		if (c->priv->rule_memory[rule] == i + 1)
			return &c->policy->rules[rule].after;
	return NULL;
}
