/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the automaton of brokers' sockets, and the decision table of `inspect:` and `broker:` rules. One row a set of rules:
 * nothing else tells subjects apart here. The sockets have an automaton of their own: patterns like /run/user/ANY/dir/ANY, whose leaf
 * says nothing, would make that of files many times larger.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "match/intern.h"
#include "policy/compile_internal.h"
#include "policy/policy_internal.h"

struct tables {
	struct rule_set rules;        /* all `inspect:` and `broker:` rules */
	struct rule_set *by_object;   /* rules that name it */
	struct intern objects;        /* sets of brokers, as bits of path classes */
	struct intern rows;           /* sets of rules */
};

static void tables_done(struct tables *t)
{
	free(t->by_object);
	intern_done(&t->objects);
	intern_done(&t->rows);
}

/* ---- classes --------------------------------------------------------------------------------------------------------- */

static bool rule_names_broker(const struct policy_rule *rule, const char *name)
{
	return rule->object == POLICY_OBJECT_BROKER &&
	       (policy_strings_has(&rule->brokers, name) || policy_strings_has(&rule->brokers, POLICY_BROKER_ANY));
}

/* No rule allows a socket for being this broker's: its patterns may match a name too much. */
static bool broker_only_tightens(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (p->rules[i].action == SL_ACTION_ALLOW && rule_names_broker(&p->rules[i], name))
			return false;
	return true;
}

/* An abstract name's pattern, as one of a file below SL_ABSTRACT. */
static int add_abstract(struct compile *w, struct dfa_builder *b, unsigned int cls, const struct policy_strings *l, size_t i)
{
	const char *pattern = l->v[i];
	bool negated = pattern[0] == '!';
	struct errmsg why = { 0 };
	cleanup_free char *text = NULL;
	int r;

	pattern += negated;
	if (asprintf(&text, "%s" SL_ABSTRACT "%s%s", negated ? "!" : "", pattern[0] == '/' ? "" : "/", pattern) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	r = dfa_builder_add(b, cls, text, &why);
	if (r == -ENOMEM || r >= 0)
		return r;
	return policy_error(w->e, w->p, l->where[i], r, "'%.200s': %.400s", l->v[i], why.text);
}

static int add_broker(struct compile *w, struct dfa_builder *b, size_t broker)
{
	const struct policy_broker *k = &w->p->brokers[broker];
	struct compiled_priv *priv = w->c->priv;
	unsigned int cls = priv->brokers_cnt;
	bool named = false;
	int r;

	/* One that no rule names does not exist: connecting to it is of no interest. */
	for (size_t i = 0; i < w->p->rules_cnt && !named; i++)
		named = rule_names_broker(&w->p->rules[i], k->name);
	if (!named)
		return 0;
	if (cls == DFA_CLASSES_USED)
		return compile_too_big(w, "brokers", cls + 1, DFA_CLASSES_USED, "merge some");
	priv->brokers[priv->brokers_cnt++] = (uint16_t)broker;
	if (broker_only_tightens(w->p, k->name))
		dfa_builder_any_letters(b, cls);
	r = compile_patterns(w, b, cls, k->spools.cnt ? &k->spools : &k->sockets);
	for (size_t i = 0; r >= 0 && i < k->abstract.cnt; i++)
		r = add_abstract(w, b, cls, &k->abstract, i);
	return r;
}

static int build_sock(struct compile *w)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = NULL;
	int r = compile_builder(w, DFA_PATH, &b);

	for (size_t i = 0; r >= 0 && i < w->p->brokers_cnt; i++)
		r = add_broker(w, b, i);
	return r < 0 ? r : compile_automaton(w, b, 0, "sockets (brokers)", &w->c->sock);
}

/* ---- objects --------------------------------------------------------------------------------------------------------- */

static const struct policy_broker *broker_of(const struct compiled *c, unsigned int cls)
{
	return &c->policy->brokers[c->priv->brokers[cls]];
}

static bool set_has(const struct compiled *c, unsigned int sock_set, bool spool, unsigned int cls)
{
	return dfa_set_has(&c->sock->sets[sock_set], cls) && (broker_of(c, cls)->spools.cnt > 0) == spool;
}

/* The brokers of a set, as a key; false: none. */
static bool brokers_of(const struct compiled *c, uint32_t sock_set, bool spool, uint64_t key[DFA_WORDS])
{
	bool any = false;

	memset(key, 0, DFA_WORDS * sizeof(*key));
	for (unsigned int i = 0; i < c->priv->brokers_cnt; i++) {
		if (!set_has(c, sock_set, spool, i))
			continue;
		key[i / 64] |= 1ull << (i % 64);
		any = true;
	}
	return any;
}

static int number_objects_of(struct compile *w, struct tables *t, bool spool, uint16_t *objects)
{
	struct compiled *c = w->c;
	uint64_t key[DFA_WORDS];
	uint32_t id;
	int r;

	for (uint32_t s = 1; s < c->sock->info.sets; s++) {
		if (!brokers_of(c, s, spool, key))
			continue;
		r = intern_get(&t->objects, key, &id);
		if (r < 0)
			return r;
		if (id + SL_PEER_INSPECTS >= SL_PEER_OBJECTS_MAX)
			return compile_too_big(w, "sets of brokers", id + 1, SL_PEER_OBJECTS_MAX - SL_PEER_INSPECTS,
					       "give brokers sockets of their own");
		objects[s] = (uint16_t)(SL_PEER_INSPECTS + id);
		c->spools = c->spools || spool;
	}
	return 0;
}

static int number_objects(struct compile *w, struct tables *t)
{
	struct compiled *c = w->c;
	int r;

	c->peer_objects = calloc(c->sock->info.sets, sizeof(*c->peer_objects));
	c->spool_objects = calloc(c->sock->info.sets, sizeof(*c->spool_objects));
	if (!c->peer_objects || !c->spool_objects)
		return -ENOMEM;
	r = number_objects_of(w, t, false, c->peer_objects);
	if (r >= 0)
		r = number_objects_of(w, t, true, c->spool_objects);
	if (r < 0)
		return r;
	c->peer_objects_cnt = SL_PEER_INSPECTS + t->objects.cnt;
	return 0;
}

static bool rule_names_object(const struct compile *w, const struct tables *t, const struct policy_rule *rule, uint32_t object)
{
	const struct compiled_priv *priv = w->c->priv;
	const uint64_t *key;

	if (object < SL_PEER_INSPECTS)
		return rule->object == POLICY_OBJECT_INSPECT && rule->inspect >> object & 1;
	key = intern_key(&t->objects, object - SL_PEER_INSPECTS);
	for (unsigned int i = 0; i < priv->brokers_cnt; i++)
		if (key[i / 64] >> (i % 64) & 1 &&
		    rule_names_broker(rule, w->p->brokers[priv->brokers[i]].name))
			return true;
	return false;
}

static int sort_rules(struct compile *w, struct tables *t)
{
	t->by_object = calloc(w->c->peer_objects_cnt, sizeof(*t->by_object));
	if (!t->by_object)
		return -ENOMEM;
	for (size_t i = 0; i < w->p->rules_cnt; i++) {
		const struct policy_rule *rule = &w->p->rules[i];

		w->c->inspect_rules |= rule->object == POLICY_OBJECT_INSPECT;
		w->c->broker_rules |= rule->object == POLICY_OBJECT_BROKER;
		if (rule->object != POLICY_OBJECT_INSPECT && rule->object != POLICY_OBJECT_BROKER)
			continue;
		rule_set_add(&t->rules, i);
		for (uint32_t o = 0; o < w->c->peer_objects_cnt; o++)
			if (rule_names_object(w, t, rule, o))
				rule_set_add(&t->by_object[o], i);
	}
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------ */

static int fill_rows(struct compile *w, struct tables *t)
{
	struct compiled *c = w->c;
	const struct compiled_priv *priv = c->priv;
	struct rule_set rules;
	uint32_t row;

	/* compile_files() has held the number of subjects below SL_SUBJECTS_MAX. */
	c->peer_rows = calloc((size_t)c->tools_cnt * c->exe_sets_cnt * c->users_cnt, sizeof(*c->peer_rows));
	if (!c->peer_rows)
		return -ENOMEM;
	for (uint32_t tool = 0; tool < c->tools_cnt; tool++)
		for (uint32_t x = 0; x < c->exe_sets_cnt; x++)
			for (uint32_t u = 0; u < c->users_cnt; u++) {
				int r;

				for (unsigned int i = 0; i < RULE_WORDS; i++)
					rules.w[i] = t->rules.w[i] & priv->tool_rules[tool].w[i] & priv->exe_rules[x].w[i] &
						     priv->user_rules[u].w[i];
				r = intern_get(&t->rows, rules.w, &row);
				if (r < 0)
					return r;
				if (row >= SL_ROWS_MAX)
					return compile_too_big(w, "subjects that 'inspect' and 'broker' rules tell apart", row + 1,
							       SL_ROWS_MAX, "name fewer tools, users or executables in them");
				c->peer_rows[sl_peer_index(c->exe_sets_cnt, c->users_cnt, tool, x, u)] = (uint16_t)row;
			}
	c->peer_rows_cnt = t->rows.cnt;
	return 0;
}

static struct sl_decision first_of(const struct policy *p, const struct rule_set *by_object, const uint64_t *rules)
{
	for (unsigned int i = 0; i < RULE_WORDS; i++) {
		uint64_t hit = by_object->w[i] & rules[i];

		if (hit) {
			unsigned int rule = i * 64 + (unsigned int)__builtin_ctzll(hit);

			return (struct sl_decision){ .rule = (uint16_t)(rule + 1), .action = p->rules[rule].action };
		}
	}
	return (struct sl_decision){ 0 };
}

static int fill_decisions(struct compile *w, const struct tables *t)
{
	struct compiled *c = w->c;
	size_t cells = (size_t)c->peer_rows_cnt * c->peer_objects_cnt;

	if (cells > SL_PEER_DECISIONS_MAX)
		return compile_too_big(w, "decisions of 'inspect' and 'broker' rules (subjects times brokers)", cells,
				       SL_PEER_DECISIONS_MAX, "name fewer tools, users, executables or brokers in them");
	c->peer_decisions = calloc(cells, sizeof(*c->peer_decisions));
	if (!c->peer_decisions)
		return -ENOMEM;
	for (uint32_t row = 0; row < c->peer_rows_cnt; row++)
		for (uint32_t o = 0; o < c->peer_objects_cnt; o++)
			c->peer_decisions[(size_t)row * c->peer_objects_cnt + o] =
				first_of(w->p, &t->by_object[o], intern_key(&t->rows, row));
	return 0;
}

int compile_peers(struct compile *w)
{
	cleanup_(tables_done) struct tables t = { .objects = INTERN_INIT(DFA_WORDS), .rows = INTERN_INIT(RULE_WORDS) };
	int r = build_sock(w);

	if (r >= 0)
		r = number_objects(w, &t);
	if (r >= 0)
		r = sort_rules(w, &t);
	if (r >= 0)
		r = fill_rows(w, &t);
	return r < 0 ? r : fill_decisions(w, &t);
}

/* ---- questions ------------------------------------------------------------------------------------------------------- */

struct sl_decision compiled_peer(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
				 unsigned int object)
{
	uint32_t user = compile_user_class(c, uid), row;

	if (!tool || tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt || object >= c->peer_objects_cnt)
		return (struct sl_decision){ 0 };
	row = c->peer_rows[sl_peer_index(c->exe_sets_cnt, c->users_cnt, tool, exe_set, user)];
	return c->peer_decisions[(size_t)row * c->peer_objects_cnt + object];
}

size_t compiled_brokers(const struct compiled *c, unsigned int sock_set, bool spool, const struct policy_broker **ret, size_t max)
{
	const struct compiled_priv *priv = c->priv;
	size_t cnt = 0;

	for (unsigned int i = 0; sock_set < c->sock->info.sets && i < priv->brokers_cnt; i++) {
		if (!set_has(c, sock_set, spool, i))
			continue;
		if (cnt < max)
			ret[cnt] = broker_of(c, i);
		cnt++;
	}
	return cnt;
}

int compiled_abstract(const char *name, size_t len, char *buf, size_t size)
{
	size_t at = strlen(SL_ABSTRACT), slash = len && name[0] == '/' ? 0 : 1;

	if (at + slash + len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, SL_ABSTRACT "/", at + slash);
	memcpy(buf + at + slash, name, len);
	buf[at + slash + len] = '\0';
	return (int)(at + slash + len);
}

bool compiled_set_starts_units(const struct compiled *c, unsigned int sock_set)
{
	const struct compiled_priv *priv = c->priv;

	for (unsigned int i = 0; sock_set < c->sock->info.sets && i < priv->brokers_cnt; i++)
		if (dfa_set_has(&c->sock->sets[sock_set], i) && broker_of(c, i)->starts_units)
			return true;
	return false;
}

bool compiled_starts_units(const struct compiled *c)
{
	for (unsigned int set = 0; set < c->sock->info.sets; set++)
		if (compiled_set_starts_units(c, set))
			return true;
	return false;
}
