/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the order of compilation, the subjects of rules, and the memory of the tables. compile_exec.c, compile_files.c
 * and compile_net.c fill one automaton and its tables each. Pure: what must be known of the host is a parameter.
 */
#include "policy/compile_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/policy_internal.h"

int compile_too_big(struct compile *w, const char *what, size_t have, size_t limit, const char *remedy)
{
	return errmsg_set(w->e, -E2BIG, "the policy is too large: %zu %s, the limit is %zu: %s", have, what, limit,
			  remedy);
}

int compile_builder(struct compile *w, enum dfa_dialect dialect, struct dfa_builder **ret)
{
	*ret = dfa_builder_new(dialect, w->homes, w->homes_cnt);
	return *ret ? 0 : -ENOMEM;
}

int compile_patterns(struct compile *w, struct dfa_builder *b, unsigned int cls, const struct policy_strings *patterns)
{
	for (size_t i = 0; i < patterns->cnt; i++) {
		struct errmsg why = { 0 };
		int r = dfa_builder_add(b, cls, patterns->v[i], &why);

		if (r == -ENOMEM)
			return r;
		if (r == -E2BIG && cls >= DFA_CLASSES_USED)
			errmsg_set(&why, r, "more than %d lists of patterns of this kind: merge or remove some",
				   DFA_CLASSES_USED);
		if (r < 0 && w->e)
			*w->e = why;
		if (r < 0)
			return policy_error_pattern(w->e, w->p, patterns->where[i], patterns->v[i], r);
	}
	return 0;
}

int compile_automaton(struct compile *w, struct dfa_builder *b, unsigned int reserved, const char *what,
		      struct dfa **ret)
{
	struct errmsg why = { 0 };
	int r = dfa_build(b, reserved, SL_SETS_MAX, ret, &why);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return errmsg_set(w->e, r, "the patterns of %s do not fit: %.900s", what, why.text);
	return 0;
}

/* ---- users ----------------------------------------------------------------------------------------------------- */

/* 0 and *ret, or -ENOENT: nobody has this name. */
static int find_uid(const struct policy_host *h, const char *name, uint32_t *ret)
{
	if (*name >= '0' && *name <= '9') {
		*ret = (uint32_t)strtoul(name, NULL, 10);
		return 0;
	}
	for (size_t i = 0; i < h->users_cnt; i++) {
		if (strcmp(h->users[i].name, name))
			continue;
		*ret = h->users[i].uid;
		return 0;
	}
	return -ENOENT;
}

uint32_t compile_user_class(const struct compiled *c, uint32_t uid)
{
	for (uint32_t u = 1; u < c->users_cnt; u++)
		if (c->user_uids[u] == uid)
			return u;
	return 0;
}

/* Class 0 is everyone whom no rule names; each uid that a rule names is a class. Unknown names are nobody. */
static int compile_users(struct compile *w)
{
	struct compiled *c = w->c;

	c->users_cnt = 1;
	c->user_uids = calloc(SL_USERS_MAX, sizeof(*c->user_uids));
	if (!c->user_uids)
		return -ENOMEM;
	for (size_t i = 0; i < w->p->rules_cnt; i++) {
		const struct policy_strings *users = &w->p->rules[i].users;

		for (size_t j = 0; j < users->cnt; j++) {
			uint32_t uid;

			c->user_rules = true;
			if (find_uid(w->host, users->v[j], &uid) < 0 || compile_user_class(c, uid))
				continue;
			if (c->users_cnt == SL_USERS_MAX)
				return policy_error(w->e, w->p, users->where[j], -E2BIG,
						    "rules name more than %d users", SL_USERS_MAX - 1);
			c->user_uids[c->users_cnt++] = uid;
		}
	}
	return 0;
}

/* ---- subjects -------------------------------------------------------------------------------------------------- */

static bool tool_in_scope(const struct policy *p, const struct policy_rule *rule, uint32_t tool)
{
	switch (rule->scope) {
	case POLICY_TOOL_ANY:
		return tool != 0;
	case POLICY_TOOL_NONE:
		return tool == 0;
	case POLICY_TOOL_ALL:
		return true;
	case POLICY_TOOL_LIST:
		return tool != 0 && policy_strings_has(&rule->tools, p->tools[tool - 1].name);
	}
	return false;
}

static bool user_in_scope(const struct compile *w, const struct policy_rule *rule, uint32_t user)
{
	uint32_t uid;

	if (!rule->users.cnt)
		return true;
	for (size_t i = 0; user && i < rule->users.cnt; i++)
		if (!find_uid(w->host, rule->users.v[i], &uid) && uid == w->c->user_uids[user])
			return true;
	return false;
}

static int compile_rules(struct compile *w)
{
	struct compiled *c = w->c;
	struct compiled_priv *priv = c->priv;

	priv->tool_rules = calloc(c->tools_cnt, sizeof(*priv->tool_rules));
	priv->user_rules = calloc(c->users_cnt, sizeof(*priv->user_rules));
	if (!priv->tool_rules || !priv->user_rules)
		return -ENOMEM;
	for (size_t r = 0; r < w->p->rules_cnt; r++) {
		for (uint32_t t = 0; t < c->tools_cnt; t++)
			if (tool_in_scope(w->p, &w->p->rules[r], t))
				rule_set_add(&priv->tool_rules[t], r);
		for (uint32_t u = 0; u < c->users_cnt; u++)
			if (user_in_scope(w, &w->p->rules[r], u))
				rule_set_add(&priv->user_rules[u], r);
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static int compile(struct compile *w)
{
	struct compiled *c = w->c;
	int r;

	if (w->p->tools_cnt >= SL_TOOLS_MAX)
		return compile_too_big(w, "tools", w->p->tools_cnt, SL_TOOLS_MAX - 1, "remove some (NAME: ~)");
	if (w->p->rules_cnt >= SL_RULES_MAX)
		return compile_too_big(w, "rules", w->p->rules_cnt, SL_RULES_MAX - 1, "remove some");
	c->policy = w->p;
	c->tools_cnt = (uint32_t)w->p->tools_cnt + 1;
	c->tools = calloc(c->tools_cnt, sizeof(*c->tools));
	c->priv = calloc(1, sizeof(*c->priv));
	if (!c->tools || !c->priv)
		return -ENOMEM;
	for (size_t i = 0; i < w->p->tools_cnt; i++)
		c->tools[i + 1].startup_ns = w->p->tools[i].startup_ns;

	r = compile_homes(w);
	if (r >= 0)
		r = compile_classes(w);
	if (r >= 0)
		r = compile_exec(w);
	if (r >= 0)
		r = compile_users(w);
	if (r >= 0)
		r = compile_rules(w);
	if (r >= 0)
		r = compile_files(w);
	if (r >= 0)
		r = compile_memory(w);
	if (r >= 0)
		r = compile_peers(w);
	return r < 0 ? r : compile_net(w);
}

int policy_compile(const struct policy *p, const struct policy_host *host, struct compiled **ret, struct errmsg *e)
{
	cleanup_(compiled_freep) struct compiled *c = calloc(1, sizeof(*c));
	struct compile w = { .p = p, .host = host, .e = e, .c = c };
	int r;

	if (e)
		*e = (struct errmsg){ 0 };
	r = c ? compile(&w) : -ENOMEM;
	free(w.homes);
	free(w.secret_class);
	free(w.kinds);
	if (r == -ENOMEM)
		errmsg_set(e, r, "cannot compile the policy: out of memory");
	/* What is wrong with the whole has no line, but it has a file. */
	if (r < 0 && e && !e->file[0] && p->sources_cnt)
		snprintf(e->file, sizeof(e->file), "%s", p->sources[0].name);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

void compiled_free(struct compiled *c)
{
	if (!c)
		return;
	dfa_free(c->path);
	dfa_free(c->exec);
	dfa_free(c->sock);
	hosts_free(c->name);
	free(c->exec_sets);
	free(c->argv_alts);
	free(c->argv_outcomes);
	free(c->script_sets);
	free(c->makers);
	free(c->tools);
	free(c->user_uids);
	free(c->rows);
	free(c->cells);
	free(c->pieces);
	ranges_done(&c->net.ranges);
	free(c->net.ports);
	free(c->net.index);
	free(c->net.vectors);
	free(c->memory_sets);
	free(c->peer_rows);
	free(c->peer_decisions);
	free(c->peer_objects);
	free(c->spool_objects);
	if (c->priv) {
		compile_homes_done(c->priv);
		free(c->priv->tool_rules);
		free(c->priv->exe_rules);
		free(c->priv->user_rules);
		for (unsigned int i = 0; i < c->priv->classes_cnt; i++)
			free(c->priv->class_names[i]);
		free(c->priv->class_names);
		ranges_done(&c->priv->provider_ranges);
		free(c->priv->set_classes);
		free(c->priv->set_first);
		free(c->priv);
	}
	free(c);
}

const struct policy_rule *compiled_rule(const struct compiled *c, unsigned int rule)
{
	return rule && rule <= c->policy->rules_cnt ? &c->policy->rules[rule - 1] : NULL;
}

const struct policy_tool *compiled_tool(const struct compiled *c, unsigned int tool)
{
	return tool && tool < c->tools_cnt ? &c->policy->tools[tool - 1] : NULL;
}
