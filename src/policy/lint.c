/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the findings about a policy that is valid. Refusals are yaml's and the compiler's; this only warns.
 *
 * A rule about files is dead when its number is nowhere in the decision table: no subject and no set of classes is left to it.
 */
#include "policy/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct lint {
	const struct compiled *c;
	const struct policy_host *host;
	lint_sink sink;
	void *arg;
	int found;
};

static void tell(struct lint *l, struct policy_where where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void tell(struct lint *l, struct policy_where where, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	l->sink(l->arg, where, text);
	l->found++;
}

static bool user_exists(const struct policy_host *host, const char *name)
{
	for (size_t i = 0; i < host->users_cnt; i++)
		if (strcmp(host->users[i].name, name) == 0)
			return true;
	return name[0] && strspn(name, "0123456789") == strlen(name);
}

/* True if the rule is for users and none of them exists. */
static bool lint_users(struct lint *l, const struct policy_rule *rule)
{
	size_t missing = 0;

	for (size_t i = 0; i < rule->users.cnt; i++) {
		if (user_exists(l->host, rule->users.v[i]))
			continue;
		tell(l, rule->users.where[i], "rule '%s': there is no user '%s' on this host", rule->id, rule->users.v[i]);
		missing++;
	}
	return rule->users.cnt && missing == rule->users.cnt;
}

static bool same_strings(const struct policy_strings *a, const struct policy_strings *b)
{
	for (size_t i = 0; i < a->cnt && a->cnt == b->cnt; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->cnt == b->cnt;
}

/* Everyone whom `rule` is about is also whom `earlier` is about; only plain cases. */
static bool subject_within(const struct policy_rule *rule, const struct policy_rule *earlier)
{
	if (!same_strings(&rule->exe, &earlier->exe) && earlier->exe.cnt)
		return false;
	if (!same_strings(&rule->except, &earlier->except) && earlier->except.cnt)
		return false;
	if (!same_strings(&rule->users, &earlier->users) && earlier->users.cnt)
		return false;
	switch (earlier->scope) {
	case POLICY_TOOL_ALL:
		return true;
	case POLICY_TOOL_ANY:
		return rule->scope == POLICY_TOOL_ANY || rule->scope == POLICY_TOOL_LIST;
	case POLICY_TOOL_NONE:
		return rule->scope == POLICY_TOOL_NONE;
	case POLICY_TOOL_LIST:
		return rule->scope == POLICY_TOOL_LIST && same_strings(&rule->tools, &earlier->tools);
	}
	return false;
}

static bool same_connect(const struct policy_connect *a, const struct policy_connect *b)
{
	return a->any == b->any && same_strings(&a->providers, &b->providers) &&
	       same_strings(&a->not_providers, &b->not_providers) && same_strings(&a->tiers, &b->tiers) &&
	       same_strings(&a->not_tiers, &b->not_tiers) && same_strings(&a->regions, &b->regions) &&
	       same_strings(&a->not_regions, &b->not_regions) && same_strings(&a->hosts, &b->hosts) &&
	       a->cidrs_cnt == b->cidrs_cnt &&
	       (!a->cidrs_cnt || !memcmp(a->cidrs, b->cidrs, a->cidrs_cnt * sizeof(*a->cidrs))) &&
	       a->ports_cnt == b->ports_cnt &&
	       (!a->ports_cnt || !memcmp(a->ports, b->ports, a->ports_cnt * sizeof(*a->ports)));
}

static void lint_connect(struct lint *l, size_t at)
{
	const struct policy *p = l->c->policy;
	const struct policy_rule *rule = &p->rules[at];

	for (size_t i = 0; i < at; i++) {
		const struct policy_rule *earlier = &p->rules[i];

		if (earlier->object != POLICY_OBJECT_CONNECT || !subject_within(rule, earlier))
			continue;
		if (!earlier->connect.any && !same_connect(&rule->connect, &earlier->connect))
			continue;
		tell(l, rule->where, "rule '%s' never decides: '%s' before it takes every connection that it is about",
		     rule->id, earlier->id);
		return;
	}
}

static void lint_providers(struct lint *l)
{
	const struct policy *p = l->c->policy;

	for (size_t i = 0; i < p->providers_cnt; i++)
		if (!p->providers[i].domains.cnt && !p->providers[i].cidrs_cnt)
			tell(l, p->providers[i].where, "provider '%s' has neither domains nor cidrs: nothing is recognised as it",
			     p->providers[i].name);
	for (size_t i = 0; i < p->tools_cnt; i++)
		if (!p->tools[i].exe.cnt && !p->tools[i].argv.cnt)
			tell(l, p->tools[i].where, "tool '%s' has neither exe nor argv: no process is recognised as it",
			     p->tools[i].name);
}

int policy_lint(const struct compiled *c, const struct policy_host *host, lint_sink sink, void *arg)
{
	struct lint l = { .c = c, .host = host, .sink = sink, .arg = arg };
	const struct policy *p = c->policy;
	size_t decisions = (size_t)c->rows_cnt * c->path->info.sets;
	bool *decides = calloc(p->rules_cnt + 1, sizeof(*decides));

	if (!decides)
		return -ENOMEM;
	for (size_t i = 0; i < decisions; i++)
		if (c->decisions[i].rule <= p->rules_cnt)
			decides[c->decisions[i].rule] = true;
	lint_providers(&l);
	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		if (lint_users(&l, rule))
			continue;
		if (rule->object == POLICY_OBJECT_CONNECT)
			lint_connect(&l, i);
		else if (!decides[i + 1])
			tell(&l, rule->where, "rule '%s' never decides: rules before it take every file that it is about",
			     rule->id);
	}
	free(decides);
	return l.found;
}
