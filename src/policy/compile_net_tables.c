/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the kernel's tables of connect rules (include/policy_map.h) as a whole, subjects and names in them, and the verdict read from
 * them. Each part of a connection has a vector of the rules that hold for it, and the first rule in all of them decides: tables grow by
 * what is added to the policy, not by what it is combined with. Addresses, ports and providers are compile_net_dests.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile_net_internal.h"

static void work_done(struct net_work *t)
{
	struct net_part *parts[] = {
		&t->tools, &t->exes, &t->users, &t->states, &t->ports, &t->addrs, &t->sets, &t->meanings, &t->rows, &t->owners, &t->numbers,
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		free(parts[i]->v);
	free(t->rules);
	free(t->ports_of);
	free(t->meaning_of);
	free(t->row_of.v);
	lists_done(&t->port_lists);
	lists_done(&t->by_port);
	intern_done(&t->vectors);
	intern_done(&t->port_classes);
	intern_done(&t->rows_seen);
}

int net_part_add(struct net_part *part, uint16_t v)
{
	int r = list_room(&part->v, part->cnt, 1, &part->size, sizeof(*part->v));

	if (!r)
		part->v[part->cnt++] = v;
	return r;
}

int net_does_not_fit(const struct net_work *t, const char *what, uint64_t have, uint64_t limit)
{
	const struct policy *p = t->p;
	struct policy_where where = { 0 };
	const char *kind = "provider", *name = "?";
	size_t most = 0;

	for (size_t i = 0; i < p->providers_cnt; i++) {
		size_t parts = p->providers[i].cidrs_cnt + p->providers[i].ports_cnt + p->providers[i].domains.cnt;

		if (parts > most) {
			most = parts;
			name = p->providers[i].name;
			where = p->providers[i].where;
		}
	}
	for (size_t i = 0; i < p->rules_cnt; i++) {
		const struct policy_connect *k = &p->rules[i].connect;
		size_t parts = k->cidrs_cnt + k->ports_cnt + k->hosts.cnt;

		if (parts > most) {
			most = parts;
			kind = "rule";
			name = p->rules[i].id;
			where = p->rules[i].where;
		}
	}
	return policy_error(t->c->e, p, where, -E2BIG,
			    "the connect rules are too large for the kernel: %llu %s, the limit is %llu; %s %s has the most "
			    "names, ranges and ports (%zu): shorten it",
			    (unsigned long long)have, what, (unsigned long long)limit, kind, name, most);
}

/* ---- vectors -------------------------------------------------------------------------------------------------------- */

int net_vector(struct net_work *t, const struct net_rules *rules, uint16_t *ret)
{
	uint64_t key[1 + SL_NET_WORDS_MAX] = { 0 };
	uint32_t words = t->net->info.words, id;
	int r;

	if (words == 1)
		key[0] = rules->w[0];
	for (uint32_t i = 0; i < words && words > 1; i++) {
		key[0] |= (uint64_t)(rules->w[i] != 0) << i;
		key[1 + i] = rules->w[i];
	}
	r = intern_get(&t->vectors, key, &id);
	if (r >= 0 && (id > UINT16_MAX || (uint64_t)(id + 1) * t->vectors.words > SL_NET_VECTORS_MAX))
		return net_does_not_fit(t, "vectors of rules", id, SL_NET_VECTORS_MAX / t->vectors.words);
	*ret = (uint16_t)id;
	return r;
}

static int add_vector(struct net_work *t, const struct net_rules *rules, struct net_part *part)
{
	uint16_t v;
	int r = net_vector(t, rules, &v);

	return r < 0 ? r : net_part_add(part, v);
}

/* Connect rules out of a set of all rules. */
static int add_subject(struct net_work *t, const struct rule_set *set, struct net_part *part)
{
	struct net_rules rules = { 0 };

	for (uint32_t i = 0; i < t->rules_cnt; i++)
		if (rule_set_has(set, t->rules[i]))
			net_rules_add(&rules, i);
	return add_vector(t, &rules, part);
}

static int fill_subjects(struct net_work *t)
{
	const struct compiled *c = t->c->c;
	int r = 0;

	for (uint32_t i = 0; i < c->tools_cnt && r >= 0; i++)
		r = add_subject(t, &c->priv->tool_rules[i], &t->tools);
	for (uint32_t i = 0; i < c->exe_sets_cnt && r >= 0; i++)
		r = add_subject(t, &c->priv->exe_rules[i], &t->exes);
	for (uint32_t i = 0; i < c->users_cnt && r >= 0; i++)
		r = add_subject(t, &c->priv->user_rules[i], &t->users);
	for (uint32_t state = 0; state < 1u << SL_MEMORIES_MAX && r >= 0; state++) {
		struct net_rules rules = { 0 };

		for (uint32_t i = 0; i < t->rules_cnt; i++)
			if (compile_remembers(c, t->rules[i], state))
				net_rules_add(&rules, i);
		r = add_vector(t, &rules, &t->states);
	}
	return r;
}

/* ---- names ---------------------------------------------------------------------------------------------------------- */

/* Rules that ask for no host, and by class of the table of names: the connect rule whose hosts it is. */
struct asking {
	struct net_rules none;
	uint16_t *rule;
};

static int find_asking(const struct net_work *t, struct asking *a)
{
	a->rule = calloc(t->p->providers_cnt + t->rules_cnt + 1, sizeof(*a->rule));
	if (!a->rule)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		uint16_t cls = t->c->c->priv->host_class[t->rules[i]];

		if (cls == NO_CLASS)
			net_rules_add(&a->none, i);
		else
			a->rule[cls] = (uint16_t)i;
	}
	return 0;
}

static int fill_sets(struct net_work *t)
{
	const struct hosts *names = t->c->c->name;
	struct asking asking = { 0 };
	struct list providers = { 0 };
	int r = find_asking(t, &asking);

	for (uint32_t set = 0; set < names->info.sets && r >= 0; set++) {
		struct net_rules rules = asking.none;
		uint16_t meaning;

		providers.cnt = 0;
		for (uint32_t i = names->first[set + 1]; i-- > names->first[set] && r >= 0;) {
			if (names->classes[i] < t->p->providers_cnt)
				r = list_add(&providers, names->classes[i]);
			else
				net_rules_add(&rules, asking.rule[names->classes[i]]);
		}
		r = r < 0 ? r : add_vector(t, &rules, &t->sets);
		r = r < 0 ? r : net_meaning_of(t, &providers, &meaning);
		r = r < 0 ? r : net_part_add(&t->sets, meaning);
	}
	free(asking.rule);
	free(providers.v);
	return r;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int list_rules(struct net_work *t)
{
	struct sl_net_info *info = &t->net->info;
	int r = 0;

	t->rules = calloc(t->p->rules_cnt + 1, sizeof(*t->rules));
	if (!t->rules)
		return -ENOMEM;
	for (size_t i = 0; i < t->p->rules_cnt && r >= 0; i++) {
		const struct policy_rule *rule = &t->p->rules[i];

		if (rule->object != POLICY_OBJECT_CONNECT)
			continue;
		t->rules[t->rules_cnt++] = (uint16_t)i;
		info->rules = 1;
		info->blocks |= rule->action == SL_ACTION_BLOCK;
		r = net_part_add(&t->numbers, (uint16_t)(i + 1));
		r = r < 0 ? r : net_part_add(&t->numbers, rule->action);
	}
	info->words = t->rules_cnt ? (t->rules_cnt + 63) / 64 : 1;
	t->vectors.words = info->words > 1 ? info->words + 1 : 1;
	return r;
}

static void put(struct compiled_net *net, const struct net_part *part, uint32_t *ret_at)
{
	if (ret_at)
		*ret_at = net->info.index;
	if (part->cnt)
		memcpy(net->index + net->info.index, part->v, part->cnt * sizeof(*part->v));
	net->info.index += part->cnt;
}

static int join(struct net_work *t)
{
	struct compiled_net *net = t->net;
	struct sl_net_info *info = &net->info;
	const struct {
		const struct net_part *part;
		uint32_t *at;
	} parts[] = {
		{ &t->tools, NULL },                 { &t->exes, &info->exes_at },         { &t->users, &info->users_at },
		{ &t->states, &info->states_at },    { &t->ports, &info->ports_at },       { &t->addrs, &info->addrs_at },
		{ &t->sets, &info->sets_at },        { &t->meanings, &info->meanings_at }, { &t->rows, &info->rows_at },
		{ &t->owners, &info->owners_at },    { &t->numbers, &info->rules_at },
	};
	uint64_t cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		cnt += parts[i].part->cnt;
	if (cnt > SL_NET_INDEX_MAX)
		return net_does_not_fit(t, "entries for tools, executables, names, addresses, ports and providers", cnt, SL_NET_INDEX_MAX);
	info->vectors = t->vectors.cnt * (uint32_t)t->vectors.words;
	net->index = calloc(cnt, sizeof(*net->index));
	net->vectors = calloc(info->vectors, sizeof(*net->vectors));
	if (!net->index || !net->vectors)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		put(net, parts[i].part, parts[i].at);
	memcpy(net->vectors, t->vectors.keys, info->vectors * sizeof(*net->vectors));
	return 0;
}

int compile_net_tables(struct compile *w)
{
	__attribute__((cleanup(work_done))) struct net_work t = {
		.c = w, .net = &w->c->net, .p = w->p,
		.vectors = INTERN_INIT(1), .port_classes = INTERN_INIT(1), .rows_seen = INTERN_INIT(1),
	};
	const struct net_rules none = { 0 };
	uint16_t empty;
	int r = list_rules(&t);

	t.net->info.sets = w->c->name->info.sets;
	t.net->info.memories = w->c->memories_cnt;
	/* Number 0: what is read where nothing is. */
	r = r < 0 ? r : net_vector(&t, &none, &empty);
	r = r < 0 ? r : fill_subjects(&t);
	r = r < 0 ? r : net_classify_ports(&t);
	r = r < 0 ? r : net_find_meanings(&t);
	r = r < 0 ? r : net_classify_addresses(&t);
	r = r < 0 ? r : fill_sets(&t);
	return r < 0 ? r : join(&t);
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

struct sl_net_choice compiled_net_verdict(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
					  const struct compiled_dest *d, const struct sl_net_names *names, uint32_t asker,
					  uint64_t now_ns)
{
	const struct compiled_net *net = &c->net;
	uint32_t range = ranges_find(&net->ranges, d->family, d->addr);
	uint32_t addr = range == RANGES_NONE ? 0 : net->ranges.v[range].owner;
	const struct sl_net_index *index = (const struct sl_net_index *)net->index;
	const struct sl_net_vectors *vectors = (const struct sl_net_vectors *)net->vectors;
	struct sl_net_place place;
	struct sl_net_choice choice = { 0 };
	struct sl_decision dec;

	if (tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt || d->state >= 1u << SL_MEMORIES_MAX)
		return choice;
	sl_net_find(&place, index, &net->info, tool, exe_set, compile_user_class(c, uid), d->state, addr,
		    net->ports->cls[sl_net_port_index(d->kind, d->port)]);
	sl_net_common(&place, vectors, &net->info);
	choice.state = (uint8_t)d->state;
	for (size_t i = 0; names && i < SL_NET_NAMES && names->names[i].word; i++) {
		uint64_t word = names->names[i].word;
		uint16_t set = SL_NET_WORD_SET(word);
		uint32_t rank = sl_net_rank(&names->names[i], word, asker, now_ns);

		if (!rank || set >= net->info.sets)
			continue;
		sl_net_first(&place, index, vectors, &net->info, set, &dec);
		sl_net_consider(&choice, rank, set, &dec);
	}
	if (!choice.rank) {
		sl_net_first(&place, index, vectors, &net->info, 0, &dec);
		choice.rule = dec.rule;
		choice.action = dec.action;
	}
	return choice;
}
