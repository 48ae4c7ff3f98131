/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: that every name a definition refers to exists. A misspelt class would otherwise be a rule that never fires. */
#include <errno.h>
#include <string.h>

#include "policy/policy_internal.h"

static const char *secret_name(const void *arg, size_t i)
{
	return ((const struct policy *)arg)->secrets[i].name;
}

static const char *tool_name(const void *arg, size_t i)
{
	return ((const struct policy *)arg)->tools[i].name;
}

static const char *provider_name(const void *arg, size_t i)
{
	return ((const struct policy *)arg)->providers[i].name;
}

static const char *broker_name(const void *arg, size_t i)
{
	return ((const struct policy *)arg)->brokers[i].name;
}

static int missing(const struct policy *p, const struct policy_strings *l, size_t i, const char *what, const char *near,
		   struct errmsg *e)
{
	return policy_error(e, p, l->where[i], -EINVAL, "there is no %s '%s': %s%s%s", what, l->v[i],
			    near ? "did you mean '" : "define it, or correct the name", near ? near : "",
			    near ? "'?" : "");
}

/* In `rule`, the words with a meaning of their own count as well. */
static int check_classes(const struct policy *p, const struct policy_strings *l, bool rule, struct errmsg *e)
{
	for (size_t i = 0; i < l->cnt; i++) {
		if (rule && (!strcmp(l->v[i], POLICY_CLASS_OWN) || !strcmp(l->v[i], POLICY_CLASS_UNRESOLVABLE)))
			continue;
		if (policy_find_secret(p, l->v[i]) < 0)
			return missing(p, l, i, "secret class",
				       policy_nearest(l->v[i], secret_name, p, p->secrets_cnt), e);
	}
	return 0;
}

static int check_tools(const struct policy *p, const struct policy_strings *l, struct errmsg *e)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (policy_find_tool(p, l->v[i]) < 0)
			return missing(p, l, i, "tool", policy_nearest(l->v[i], tool_name, p, p->tools_cnt), e);
	return 0;
}

static int check_providers(const struct policy *p, const struct policy_strings *l, bool rule, struct errmsg *e)
{
	for (size_t i = 0; i < l->cnt; i++) {
		if (rule && policy_dest_word(l->v[i]) >= 0)
			continue;
		if (policy_find_provider(p, l->v[i]) < 0)
			return missing(p, l, i, "provider",
				       policy_nearest(l->v[i], provider_name, p, p->providers_cnt), e);
	}
	return 0;
}

static int check_brokers(const struct policy *p, const struct policy_strings *l, struct errmsg *e)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (strcmp(l->v[i], POLICY_BROKER_ANY) && policy_find_broker(p, l->v[i]) < 0)
			return missing(p, l, i, "broker", policy_nearest(l->v[i], broker_name, p, p->brokers_cnt), e);
	return 0;
}

int policy_check_references(const struct policy *p, struct errmsg *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->tools_cnt; i++) {
		r = check_providers(p, &p->tools[i].providers, false, e);
		if (r >= 0)
			r = check_classes(p, &p->tools[i].startup, false, e);
	}
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
		r = check_classes(p, &p->readers[i].classes, false, e);
	for (size_t i = 0; r >= 0 && i < p->rules_cnt; i++) {
		const struct policy_rule *rule = &p->rules[i];

		r = check_tools(p, &rule->tools, e);
		if (r >= 0)
			r = check_classes(p, &rule->classes, true, e);
		if (r >= 0)
			r = check_classes(p, &rule->after, false, e);
		if (r >= 0)
			r = check_providers(p, &rule->connect.providers, true, e);
		if (r >= 0)
			r = check_providers(p, &rule->connect.not_providers, true, e);
		if (r >= 0)
			r = check_brokers(p, &rule->brokers, e);
	}
	return r;
}
