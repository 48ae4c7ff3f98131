/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what holds where the policy says nothing. One rule so far: in mode enforce a session may not read what no pattern
 * could be applied to, or a path made long enough would be a way round every block. It is the last rule, and there is none
 * if the policy names `unresolvable` itself, or has no rule about files at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_internal.h"

#define UNRESOLVABLE_ID "unresolvable"
#define UNRESOLVABLE_ID_TAKEN "unresolvable-builtin"

static bool names_files(const struct policy *p)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (p->rules[i].object == POLICY_OBJECT_READ)
			return true;
	return false;
}

static bool names_unresolvable(const struct policy *p)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (policy_strings_has(&p->rules[i].classes, POLICY_CLASS_UNRESOLVABLE))
			return true;
	return false;
}

static bool id_taken(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (!strcmp(p->rules[i].id, id))
			return true;
	return false;
}

static int make_unresolvable(const struct policy *p, struct policy_rule *rule)
{
	struct policy_where nowhere = { 0 };

	*rule = (struct policy_rule){
		.scope = POLICY_TOOL_ANY, .object = POLICY_OBJECT_READ, .action = SL_ACTION_BLOCK, .where = nowhere,
	};
	rule->id = strdup(id_taken(p, UNRESOLVABLE_ID) ? UNRESOLVABLE_ID_TAKEN : UNRESOLVABLE_ID);
	rule->severity = strdup("medium");
	rule->message = strdup("The path of an opened file could not be resolved, so no pattern could be applied.");
	if (!rule->id || !rule->severity || !rule->message)
		return -ENOMEM;
	return policy_strings_add(&rule->classes, POLICY_CLASS_UNRESOLVABLE, nowhere);
}

int policy_add_builtin(struct policy *p)
{
	struct policy_rule *rules, rule;
	int r;

	if (p->mode != POLICY_ENFORCE || !names_files(p) || names_unresolvable(p))
		return 0;
	r = make_unresolvable(p, &rule);
	rules = r < 0 ? NULL : reallocarray(p->rules, p->rules_cnt + 1, sizeof(*rules));
	if (!rules) {
		policy_rule_done(&rule);
		return -ENOMEM;
	}
	rules[p->rules_cnt++] = rule;
	p->rules = rules;
	return 0;
}
