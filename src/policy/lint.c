/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the findings about a policy that is valid; refusals are yaml's and the compiler's. Whether a `read:` rule can
 * decide is read from the tables, which is exact; for a `connect:` rule it is proved from the conditions (lint_net.c),
 * so some that cannot decide are not found.
 */
#include "policy/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "policy/lint_internal.h"
#include "policy/policy_internal.h"

int lint_add(struct linter *l, struct policy_where w, const char *fmt, ...)
{
	struct lint_item *items = reallocarray(l->items, l->cnt + 1, sizeof(*items));
	va_list args;
	char *text;
	int n;

	if (!items)
		return -ENOMEM;
	l->items = items;
	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	items[l->cnt++] = (struct lint_item){ w, text };
	return 0;
}

/* "'a', 'b', 'c' and 4 more": ids of the rules in the set. Returns how many there are. */
static size_t name_rules(struct strbuf *b, const struct policy *p, const struct rule_set *set)
{
	size_t cnt = 0, shown = 3;

	for (size_t i = 0; i < p->rules_cnt; i++)
		if (rule_set_has(set, i) && cnt++ < shown)
			strbuf_addf(b, "%s'%s'", cnt > 1 ? ", " : "", p->rules[i].id);
	if (cnt > shown)
		strbuf_addf(b, " and %zu more", cnt - shown);
	return cnt;
}

bool lint_applies(const struct compiled *c, size_t rule, uint32_t tool, uint32_t exe_set, uint32_t user)
{
	return rule_set_has(&c->priv->tool_rules[tool], rule) && rule_set_has(&c->priv->exe_rules[exe_set], rule) &&
	       rule_set_has(&c->priv->user_rules[user], rule);
}

int lint_idle_rule(struct linter *l, const struct policy_rule *rule, const struct rule_set *by)
{
	struct strbuf b = STRBUF_INIT;
	size_t cnt = name_rules(&b, l->p, by);
	int r;

	if (!strbuf_ok(&b))
		r = -ENOMEM;
	else if (cnt)
		r = lint_add(l, rule->where,
			     "rule '%s' never decides: %s before it %s all that it is about: move it up, or remove it",
			     rule->id, strbuf_str(&b), cnt > 1 ? "take" : "takes");
	else
		r = lint_add(l, rule->where,
			     "rule '%s' never decides: nothing satisfies all its conditions: loosen or remove it",
			     rule->id);
	strbuf_done(&b);
	return r;
}

/* ---- rules about files -------------------------------------------------------------------------------------------- */

/* Classes of the path automaton that the rule names, own stores aside. */
static struct dfa_set named_classes(const struct compiled *c, const struct policy_rule *rule)
{
	struct dfa_set set = { 0 };

	for (unsigned int i = 0; i < c->priv->secrets_cnt; i++)
		if (policy_strings_has(&rule->classes, c->priv->class_names[i]))
			dfa_set_add(&set, i);
	return set;
}

static bool names_set(const struct compiled *c, const struct policy_rule *rule, const struct dfa_set *named,
		      uint32_t tool, uint32_t s)
{
	const struct dfa_set *set = &c->path->sets[s];
	uint16_t own = c->priv->own_class[tool];

	if (s == SL_SET_UNRESOLVED)
		return policy_strings_has(&rule->classes, POLICY_CLASS_UNRESOLVABLE);
	for (unsigned int i = 0; i < DFA_WORDS; i++)
		if (set->bits[i] & named->bits[i])
			return true;
	return own != NO_CLASS && dfa_set_has(set, own) && policy_strings_has(&rule->classes, POLICY_CLASS_OWN);
}

/* The sets that a rule is about, as asked of one tool. Returns how many. */
static uint32_t sets_named(const struct linter *l, const struct policy_rule *rule, const struct dfa_set *named, uint32_t tool, uint32_t *sets)
{
	uint32_t cnt = 0;

	for (uint32_t s = SL_SET_UNRESOLVED; s < l->c->path->info.sets; s++)
		if (names_set(l->c, rule, named, tool, s))
			sets[cnt++] = s;
	return cnt;
}

/* Adds the rules that decide what this one is about, on one row. */
static void takers_on_row(const struct linter *l, const struct policy_rule *rule, const uint32_t *sets, uint32_t cnt, uint32_t row,
			  struct rule_set *by)
{
	for (uint32_t i = 0; i < cnt; i++) {
		/* Beside a set of another lane the reader may be of the other kind. */
		for (int special = 0; special < 2; special++) {
			struct sl_decision d = compiled_may(l->c, row, sets[i], special);

			if (d.rule && (!rule->readers || rule->readers >> d.reader & 1))
				rule_set_add(by, d.rule - 1u);
		}
	}
}

/* Rule `at` is nowhere in the tables: by whom is what it is about decided? */
static int find_takers(struct linter *l, size_t at)
{
	const struct policy_rule *rule = &l->p->rules[at];
	const struct compiled *c = l->c;
	struct dfa_set named = named_classes(c, rule);
	struct rule_set by = { 0 };
	/* A row means the same for every tool, unless the rule asks whose store it is. */
	bool own = policy_strings_has(&rule->classes, POLICY_CLASS_OWN);
	cleanup_free bool *seen = calloc(c->rows_cnt, sizeof(*seen));
	cleanup_free uint32_t *sets = calloc(c->path->info.sets, sizeof(*sets));
	uint32_t cnt = 0;

	if (!seen || !sets)
		return -ENOMEM;
	for (uint32_t t = 0; t < c->tools_cnt; t++) {
		if (own)
			memset(seen, 0, c->rows_cnt * sizeof(*seen));
		if (own || !t)
			cnt = sets_named(l, rule, &named, t, sets);
		for (uint32_t x = 0; cnt && x < c->exe_sets_cnt; x++)
			for (uint32_t u = 0; u < c->users_cnt; u++)
				for (unsigned int mode = 0; mode < SL_MODES && lint_applies(c, at, t, x, u); mode++) {
					uint32_t at_row = sl_row_index(c->exe_sets_cnt, c->users_cnt, t, x, mode, u);
					uint32_t row = c->rows[at_row];

					if (!seen[row])
						takers_on_row(l, rule, sets, cnt, row, &by);
					seen[row] = true;
				}
	}
	return lint_idle_rule(l, rule, &by);
}

/* The same for a rule about other processes: rules of its kind before it that share an object with it. */
static bool shares_object(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->object != b->object)
		return false;
	if (a->object == POLICY_OBJECT_INSPECT)
		return (a->inspect & b->inspect) != 0;
	if (policy_strings_has(&a->brokers, POLICY_BROKER_ANY) || policy_strings_has(&b->brokers, POLICY_BROKER_ANY))
		return true;
	for (size_t i = 0; i < a->brokers.cnt; i++)
		if (policy_strings_has(&b->brokers, a->brokers.v[i]))
			return true;
	return false;
}

static int lint_idle_peer(struct linter *l, size_t at)
{
	struct rule_set by = { 0 };

	for (size_t i = 0; i < at; i++)
		if (shares_object(&l->p->rules[i], &l->p->rules[at]))
			rule_set_add(&by, i);
	return lint_idle_rule(l, &l->p->rules[at], &by);
}

static int lint_idle(struct linter *l)
{
	uint32_t sets = l->c->path->info.sets;
	struct rule_set decides = { 0 };
	int r = 0;

	for (size_t i = 0; i < 2 * (size_t)l->c->rows_cnt * sets; i++) {
		struct sl_decision d = compiled_may(l->c, (uint32_t)(i / 2 / sets), i / 2 % sets, i & 1);

		if (d.rule)
			rule_set_add(&decides, d.rule - 1u);
	}
	for (size_t i = 0; i < (size_t)l->c->peer_rows_cnt * l->c->peer_objects_cnt; i++)
		if (l->c->peer_decisions[i].rule)
			rule_set_add(&decides, l->c->peer_decisions[i].rule - 1u);
	for (size_t i = 0; r >= 0 && i < l->p->rules_cnt; i++) {
		if (l->p->rules[i].object == POLICY_OBJECT_CONNECT)
			r = lint_idle_connect(l, i);
		else if (rule_set_has(&decides, i) || !l->p->rules[i].where.line)
			continue;
		else if (l->p->rules[i].object == POLICY_OBJECT_READ)
			r = find_takers(l, i);
		else
			r = lint_idle_peer(l, i);
	}
	return r;
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

static bool known_user(const struct policy_host *h, const char *name)
{
	for (size_t i = 0; i < h->users_cnt; i++)
		if (!strcmp(h->users[i].name, name))
			return true;
	return *name >= '0' && *name <= '9';
}

static bool known_region(const struct policy *p, const char *region)
{
	for (size_t i = 0; i < p->providers_cnt; i++)
		if (!strcmp(p->providers[i].region, region))
			return true;
	return false;
}

static int lint_regions(struct linter *l, const struct policy_strings *regions)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < regions->cnt; i++)
		if (!known_region(l->p, regions->v[i]))
			r = lint_add(l, regions->where[i], "no provider is in region '%s'", regions->v[i]);
	return r;
}

static int lint_words(struct linter *l)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->p->rules_cnt; i++) {
		const struct policy_rule *rule = &l->p->rules[i];

		for (size_t j = 0; r >= 0 && j < rule->users.cnt; j++)
			if (!known_user(l->host, rule->users.v[j]))
				r = lint_add(l, rule->users.where[j], "rule '%s': there is no user '%s' on this host",
					     rule->id, rule->users.v[j]);
		if (r >= 0)
			r = lint_regions(l, &rule->connect.regions);
		if (r >= 0)
			r = lint_regions(l, &rule->connect.not_regions);
	}
	return r;
}

/* Only what the main file defines itself: lists hold more than one policy uses. */
static int lint_unused(struct linter *l)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->p->secrets_cnt; i++) {
		const struct policy_secret *s = &l->p->secrets[i];
		bool used = s->where.source != 0;

		for (size_t j = 0; j < l->p->rules_cnt && !used; j++)
			used = policy_strings_has(&l->p->rules[j].classes, s->name);
		if (!used)
			r = lint_add(l, s->where, "no rule names the secret class '%s': its files are of no interest",
				     s->name);
	}
	return r;
}

static int lint_blocks(struct linter *l)
{
	const struct policy_rule *first = NULL;
	size_t cnt = 0;

	for (size_t i = 0; i < l->p->rules_cnt; i++) {
		if (l->p->rules[i].action != SL_ACTION_BLOCK)
			continue;
		first = first ? first : &l->p->rules[i];
		cnt++;
	}
	if (!cnt || l->p->mode == POLICY_ENFORCE)
		return 0;
	return lint_add(l, first->where, "rule '%s'%s: the mode is monitor, where block acts as alert",
			first->id, cnt > 1 ? " and others" : "");
}

/* ---- patterns ----------------------------------------------------------------------------------------------------- */

struct pattern_ref {
	const char *text;
	size_t at;
};

static int by_text(const void *a, const void *b)
{
	const struct pattern_ref *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* The later of two equal patterns is needed if one of the other sign stands between them. */
static bool is_repeat(const struct policy_strings *l, size_t first, size_t second)
{
	for (size_t i = first + 1; i < second; i++)
		if ((l->v[i][0] == '!') != (l->v[first][0] == '!'))
			return false;
	return true;
}

static bool is_ascii(const char *s)
{
	while (*s && (unsigned char)*s < 0x80)
		s++;
	return !*s;
}

/* What a rule allows is compared as it is written, so that nothing is allowed too much. */
static int lint_letters(struct linter *l, const struct policy_secret *secret)
{
	int r = 0;

	if (policy_class_only_tightens(l->p, secret->name))
		return 0;
	for (size_t i = 0; r >= 0 && i < secret->paths.cnt; i++)
		if (secret->paths.v[i][0] != '!' && !is_ascii(secret->paths.v[i]))
			r = lint_add(l, secret->paths.where[i], "'%s' has letters beyond ASCII, and a rule allows this class, so that they are compared "
				     "as they are written, also in folders that ignore case: add a pattern for each spelling, or another class for that rule",
				     secret->paths.v[i]);
	return r;
}

static int lint_patterns(struct linter *l, const struct policy_strings *patterns)
{
	cleanup_free struct pattern_ref *refs = calloc(patterns->cnt ? patterns->cnt : 1, sizeof(*refs));
	int r = 0;

	if (!refs)
		return -ENOMEM;
	for (size_t i = 0; i < patterns->cnt; i++)
		refs[i] = (struct pattern_ref){ patterns->v[i], i };
	if (patterns->cnt && patterns->v[0][0] == '!')
		r = lint_add(l, patterns->where[0], "'%s' takes nothing back: no pattern comes before it",
			     patterns->v[0]);
	qsort(refs, patterns->cnt, sizeof(*refs), by_text);
	for (size_t i = 1; r >= 0 && i < patterns->cnt; i++)
		if (!strcmp(refs[i].text, refs[i - 1].text) && is_repeat(patterns, refs[i - 1].at, refs[i].at))
			r = lint_add(l, patterns->where[refs[i].at], "'%s' is already in this list, in line %u",
				     refs[i].text, patterns->where[refs[i - 1].at].line);
	return r;
}

static int lint_lists(struct linter *l)
{
	const struct policy *p = l->p;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->secrets_cnt; i++) {
		r = lint_patterns(l, &p->secrets[i].paths);
		if (r >= 0)
			r = lint_letters(l, &p->secrets[i]);
	}
	for (size_t i = 0; r >= 0 && i < p->tools_cnt; i++) {
		r = lint_patterns(l, &p->tools[i].exe);
		if (r >= 0)
			r = lint_patterns(l, &p->tools[i].argv);
		if (r >= 0)
			r = lint_patterns(l, &p->tools[i].own);
	}
	for (size_t i = 0; r >= 0 && i < p->brokers_cnt; i++) {
		r = lint_patterns(l, &p->brokers[i].sockets);
		if (r >= 0)
			r = lint_patterns(l, &p->brokers[i].abstract);
		if (r >= 0)
			r = lint_patterns(l, &p->brokers[i].spools);
	}
	for (size_t i = 0; r >= 0 && i < p->interpreters_cnt; i++)
		r = lint_patterns(l, &p->interpreters[i].exe);
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
		r = lint_patterns(l, &p->readers[i].exe);
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
		r = lint_patterns(l, &p->readers[i].script);
	for (size_t i = 0; r >= 0 && i < p->providers_cnt; i++)
		r = lint_patterns(l, &p->providers[i].domains);
	for (size_t i = 0; r >= 0 && i < p->rules_cnt; i++) {
		r = lint_patterns(l, &p->rules[i].exe);
		if (r >= 0)
			r = lint_patterns(l, &p->rules[i].except);
		if (r >= 0)
			r = lint_patterns(l, &p->rules[i].connect.hosts);
	}
	return r;
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct lint_item *x = a, *y = b;

	if (x->where.source != y->where.source)
		return x->where.source < y->where.source ? -1 : 1;
	if (x->where.line != y->where.line)
		return x->where.line < y->where.line ? -1 : 1;
	return (x->where.column > y->where.column) - (x->where.column < y->where.column);
}

int policy_lint(const struct compiled *c, const struct policy_host *host, lint_sink sink, void *arg)
{
	static int (*const checks[])(struct linter *l) = {
		lint_idle, lint_words, lint_unused, lint_blocks, lint_lists,
	};
	struct linter l = { .p = c->policy, .host = host, .c = c };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](&l);
	if (l.cnt)
		qsort(l.items, l.cnt, sizeof(*l.items), by_place);
	for (size_t i = 0; i < l.cnt; i++) {
		if (r >= 0)
			sink(arg, l.items[i].where, l.items[i].text);
		free(l.items[i].text);
	}
	free(l.items);
	return r < 0 ? r : (int)l.cnt;
}
