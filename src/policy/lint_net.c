/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the proof that a `connect:` rule never decides. Condition by condition, one rule contains another; where that
 * cannot be seen (a pattern inside another, a negated one) the answer is no, so nothing is said that is not so.
 */
#include <string.h>

#include "policy/lint_internal.h"
#include "policy/policy_internal.h"

static bool within(const struct policy_strings *inner, const struct policy_strings *outer)
{
	for (size_t i = 0; i < inner->cnt; i++)
		if (!policy_strings_has(outer, inner->v[i]))
			return false;
	return true;
}

/* A positive condition of `outer` is met whenever that of `inner` is. */
static bool implied(const struct policy_strings *outer, const struct policy_strings *inner)
{
	return !outer->cnt || (inner->cnt && within(inner, outer));
}

static bool implied_hosts(const struct policy_strings *outer, const struct policy_strings *inner)
{
	for (size_t i = 0; i < outer->cnt; i++)
		if (outer->v[i][0] == '!')
			return false;
	return implied(outer, inner);
}

static bool in_a_range(const struct policy_connect *outer, const struct cidr *c)
{
	for (size_t i = 0; i < outer->cidrs_cnt; i++)
		if (outer->cidrs[i].bits <= c->bits && cidr_match(&outer->cidrs[i], c->family, c->addr))
			return true;
	return false;
}

static bool implied_cidrs(const struct policy_connect *outer, const struct policy_connect *inner)
{
	for (size_t i = 0; outer->cidrs_cnt && i < inner->cidrs_cnt; i++)
		if (!in_a_range(outer, &inner->cidrs[i]))
			return false;
	return !outer->cidrs_cnt || inner->cidrs_cnt;
}

static bool in_ports(const struct policy_connect *outer, uint16_t port)
{
	for (size_t i = 0; i < outer->ports_cnt; i++)
		if (outer->ports[i] == port)
			return true;
	return false;
}

static bool implied_ports(const struct policy_connect *outer, const struct policy_connect *inner)
{
	for (size_t i = 0; outer->ports_cnt && i < inner->ports_cnt; i++)
		if (!in_ports(outer, inner->ports[i]))
			return false;
	return !outer->ports_cnt || inner->ports_cnt;
}

static bool implied_protos(const struct policy_connect *outer, const struct policy_connect *inner)
{
	return !outer->protos || (inner->protos && !(inner->protos & ~outer->protos));
}

static bool implied_sockets(const struct policy_connect *outer, const struct policy_connect *inner)
{
	if (!outer->sockets)
		return !inner->sockets || (!outer->protos && !outer->ports_cnt);
	return inner->sockets && !(inner->sockets & ~outer->sockets);
}

/* Every destination of `inner` is one of `outer`. */
static bool contains(const struct policy_connect *outer, const struct policy_connect *inner)
{
	if (!implied_sockets(outer, inner))
		return false;
	if (outer->any)
		return true;
	return !inner->any && implied(&outer->providers, &inner->providers) &&
	       within(&outer->not_providers, &inner->not_providers) && implied(&outer->tiers, &inner->tiers) &&
	       within(&outer->not_tiers, &inner->not_tiers) && implied(&outer->regions, &inner->regions) &&
	       within(&outer->not_regions, &inner->not_regions) && implied_hosts(&outer->hosts, &inner->hosts) &&
	       implied_cidrs(outer, inner) && implied_ports(outer, inner) && implied_protos(outer, inner);
}

/* Some rule of `over` applies to the subject: the first such, the one that decides, is added to `by`. */
static bool is_taken(const struct compiled_priv *priv, const struct rule_set *over, uint32_t tool, uint32_t exe_set,
		     uint32_t user, struct rule_set *by)
{
	for (unsigned int i = 0; i < RULE_WORDS; i++) {
		uint64_t hit = over->w[i] & priv->tool_rules[tool].w[i] & priv->exe_rules[exe_set].w[i] &
			       priv->user_rules[user].w[i];

		if (hit) {
			by->w[i] |= hit & -hit;
			return true;
		}
	}
	return false;
}

int lint_idle_connect(struct linter *l, size_t at)
{
	const struct policy_rule *rule = &l->p->rules[at];
	const struct compiled *c = l->c;
	struct rule_set over = { 0 }, by = { 0 };

	for (size_t i = 0; i < at; i++)
		if (l->p->rules[i].object == POLICY_OBJECT_CONNECT && !l->p->rules[i].after.cnt &&
		    contains(&l->p->rules[i].connect, &rule->connect))
			rule_set_add(&over, i);
	for (uint32_t t = 0; t < c->tools_cnt; t++)
		for (uint32_t x = 0; x < c->exe_sets_cnt; x++)
			for (uint32_t u = 0; u < c->users_cnt; u++)
				if (lint_applies(c, at, t, x, u) && !is_taken(c->priv, &over, t, x, u, &by))
					return 0;
	return lint_idle_rule(l, rule, &by);
}
