/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what addresses, ports and providers come to in the tables of connect rules. Each is put into classes by itself: addresses by the
 * ranges around them, ports by the lists that name them, providers by the rules that tell them apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile_net_internal.h"

/* Words of memory that the ports named may take: 32 MiB, which takes thousands of ports in thousands of lists. */
#define PORT_WORDS_MAX (4u << 20)

/* Ranges that lie in one another. */
#define NESTED_MAX 260

/* ---- ports and protocols ----------------------------------------------------------------------------------------- */

static int number_port_lists(struct net_work *t)
{
	const struct policy *p = t->p;
	struct list l = { 0 };
	uint32_t id;
	int r = 0;

	t->ports_of = calloc(p->providers_cnt + 1, sizeof(*t->ports_of));
	if (!t->ports_of)
		return -ENOMEM;
	for (size_t i = 0; i < p->providers_cnt && r >= 0; i++) {
		if (!p->providers[i].ports_cnt)
			continue;
		l.cnt = 0;
		for (size_t k = 0; k < p->providers[i].ports_cnt && r >= 0; k++)
			r = list_add(&l, p->providers[i].ports[k]);
		list_tidy(&l);
		r = r < 0 ? r : lists_get(&t->port_lists, &l, &id);
		if (r >= 0)
			t->ports_of[i] = (uint16_t)(id + 1);
	}
	free(l.v);
	return r;
}

/* Ports that something names: number in `slots` + 1, and who names them: rules, then port_lists. */
struct named_ports {
	uint16_t slot[65536];
	uint32_t cnt;
	uint64_t *by;
	size_t words;
	struct net_rules any_port;     /* rules that name none */
};

static void name_port(struct named_ports *n, uint32_t port, size_t bit)
{
	n->by[(n->slot[port] - 1) * n->words + bit / 64] |= 1ull << (bit % 64);
}

static int find_named(struct net_work *t, struct named_ports *n)
{
	const struct lists *lists = &t->port_lists;
	cleanup_free bool *seen = calloc(65536, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	for (uint32_t i = 0; i < lists->all.cnt; i++)
		seen[lists->all.v[i]] = true;
	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		for (size_t j = 0; j < k->ports_cnt; j++)
			seen[k->ports[j]] = true;
		if (!k->ports_cnt)
			net_rules_add(&n->any_port, i);
	}
	/* 0 is none of a connection's. */
	for (uint32_t port = 1; port < 65536; port++)
		if (seen[port])
			n->slot[port] = (uint16_t)++n->cnt;
	n->words = SL_NET_WORDS_MAX + (lists->at.cnt + 63) / 64;
	if (n->cnt * n->words > PORT_WORDS_MAX)
		return net_does_not_fit(t, "ports times lists of ports", n->cnt * n->words, PORT_WORDS_MAX);
	n->by = calloc(n->cnt * n->words + 1, sizeof(*n->by));
	if (!n->by)
		return -ENOMEM;
	for (uint32_t l = 0; l < lists->at.cnt; l++)
		for (uint32_t i = lists->at.v[l]; i < lists_end(lists, l); i++)
			if (n->slot[lists->all.v[i]])
				name_port(n, lists->all.v[i], SL_NET_WORDS_MAX * 64 + l);
	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		for (size_t j = 0; j < k->ports_cnt; j++)
			if (n->slot[k->ports[j]])
				name_port(n, k->ports[j], i);
	}
	return 0;
}

/* slot 0: a port that nothing names. */
static int port_class(struct net_work *t, const struct named_ports *n, const struct net_rules *proto, uint32_t slot, uint64_t *key,
		      uint32_t *ret)
{
	const uint64_t *by = slot ? n->by + (slot - 1) * n->words : NULL;
	struct net_rules rules = n->any_port;
	uint32_t known = t->port_classes.cnt;
	uint16_t vector;
	int r;

	for (unsigned int i = 0; i < SL_NET_WORDS_MAX; i++)
		rules.w[i] = (rules.w[i] | (by ? by[i] : 0)) & proto->w[i];
	r = net_vector(t, &rules, &vector);
	if (r < 0)
		return r;
	memset(key, 0, t->port_classes.words * sizeof(*key));
	key[0] = vector;
	if (by)
		memcpy(key + 1, by + SL_NET_WORDS_MAX, (n->words - SL_NET_WORDS_MAX) * sizeof(*key));
	r = intern_get(&t->port_classes, key, ret);
	if (r >= 0 && *ret > UINT16_MAX)
		return net_does_not_fit(t, "classes of ports", *ret, UINT16_MAX);
	return r < 0 || *ret < known ? r : net_part_add(&t->ports, vector);
}

/* Rules that say nothing of sockets hold for one as for a destination that nothing is known of. */
static bool is_about_socket(const struct policy_connect *k, uint32_t socket)
{
	return k->sockets ? k->sockets >> socket & 1 : !k->protos;
}

static int classify_named(struct net_work *t, const struct named_ports *n)
{
	cleanup_free uint64_t *key = NULL;
	int r = 0;

	t->port_classes.words = 1 + n->words - SL_NET_WORDS_MAX;
	key = calloc(t->port_classes.words, sizeof(*key));
	t->net->ports = calloc(1, sizeof(*t->net->ports));
	if (!key || !t->net->ports)
		return -ENOMEM;
	for (uint32_t kind = SL_NET_STREAM; kind <= SL_NET_DATAGRAM && r >= 0; kind++) {
		struct net_rules proto = { 0 };
		uint32_t other, id;

		for (uint32_t i = 0; i < t->rules_cnt; i++) {
			const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

			if (!k->sockets && (!k->protos || k->protos >> kind & 1))
				net_rules_add(&proto, i);
		}
		r = port_class(t, n, &proto, 0, key, &other);
		for (uint32_t port = 0; port < 65536 && r >= 0; port++) {
			id = other;
			if (n->slot[port])
				r = port_class(t, n, &proto, n->slot[port], key, &id);
			t->net->ports->cls[sl_net_port_index(kind, port)] = (uint16_t)id;
		}
	}
	for (uint32_t socket = 0; socket < _SL_SOCKET_MAX && r >= 0; socket++) {
		struct net_rules rules = { 0 };
		uint32_t id;

		for (uint32_t i = 0; i < t->rules_cnt; i++)
			if (is_about_socket(&t->p->rules[t->rules[i]].connect, socket))
				net_rules_add(&rules, i);
		r = port_class(t, n, &rules, 0, key, &id);
		t->net->ports->cls[sl_net_port_index(SL_NET_SOCKET, socket)] = (uint16_t)id;
	}
	t->net->info.ports = t->port_classes.cnt;
	return r;
}

int net_classify_ports(struct net_work *t)
{
	struct named_ports *n = calloc(1, sizeof(*n));
	int r = n ? number_port_lists(t) : -ENOMEM;

	r = r < 0 ? r : find_named(t, n);
	r = r < 0 ? r : classify_named(t, n);
	if (n)
		free(n->by);
	free(n);
	return r;
}

static bool provider_is_at(const struct net_work *t, uint32_t provider, uint32_t port_class)
{
	uint32_t list = t->ports_of[provider];

	return !list || intern_key(&t->port_classes, port_class)[1 + (list - 1) / 64] >> ((list - 1) % 64) & 1;
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

/* What rules say of providers, by the words and names that they use. */
struct sayings {
	struct net_rules unlisted;                      /* rules that name no provider */
	struct net_rules words[POLICY_DEST_WORDS], not_words[POLICY_DEST_WORDS];
	struct net_rules *listed, *barred;              /* by provider */
	uint32_t *numbers;                              /* of providers, sorted by name */
	uint64_t *owned;                                /* provider << 32 | tool, sorted */
	size_t owned_cnt;
};

static void sayings_done(struct sayings *s)
{
	free(s->listed);
	free(s->barred);
	free(s->numbers);
	free(s->owned);
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct policy *p = arg;

	return strcmp(p->providers[*(const uint32_t *)a].name, p->providers[*(const uint32_t *)b].name);
}

/* Number of a provider, or -1. */
static int64_t find_provider(const struct net_work *t, const struct sayings *s, const char *name)
{
	size_t from = 0, to = t->p->providers_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int r = strcmp(t->p->providers[s->numbers[mid]].name, name);

		if (!r)
			return s->numbers[mid];
		if (r < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return -1;
}

static void hear(const struct net_work *t, const struct sayings *s, const struct policy_strings *l, uint32_t rule,
		 struct net_rules *words, struct net_rules *by_provider)
{
	for (size_t i = 0; i < l->cnt; i++) {
		int word = policy_dest_word(l->v[i]);
		int64_t provider = word >= 0 ? -1 : find_provider(t, s, l->v[i]);

		if (word >= 0)
			net_rules_add(&words[word], rule);
		else if (provider >= 0)
			net_rules_add(&by_provider[provider], rule);
	}
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int hear_tools(const struct net_work *t, struct sayings *s)
{
	size_t cnt = 0;

	for (size_t i = 0; i < t->p->tools_cnt; i++)
		cnt += t->p->tools[i].providers.cnt;
	s->owned = calloc(cnt + 1, sizeof(*s->owned));
	if (!s->owned)
		return -ENOMEM;
	for (size_t i = 0; i < t->p->tools_cnt; i++)
		for (size_t k = 0; k < t->p->tools[i].providers.cnt; k++) {
			int64_t provider = find_provider(t, s, t->p->tools[i].providers.v[k]);

			if (provider >= 0)
				s->owned[s->owned_cnt++] = (uint64_t)provider << 32 | (i + 1);
		}
	qsort(s->owned, s->owned_cnt, sizeof(*s->owned), ascending);
	return 0;
}

static int hear_all(const struct net_work *t, struct sayings *s)
{
	size_t cnt = t->p->providers_cnt;

	s->numbers = calloc(cnt + 1, sizeof(*s->numbers));
	s->listed = calloc(cnt + 1, sizeof(*s->listed));
	s->barred = calloc(cnt + 1, sizeof(*s->barred));
	if (!s->numbers || !s->listed || !s->barred)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++)
		s->numbers[i] = i;
	qsort_r(s->numbers, cnt, sizeof(*s->numbers), by_name, (void *)(uintptr_t)t->p);
	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		if (!k->providers.cnt)
			net_rules_add(&s->unlisted, i);
		hear(t, s, &k->providers, i, s->words, s->listed);
		hear(t, s, &k->not_providers, i, s->not_words, s->barred);
	}
	return hear_tools(t, s);
}

/* Rules whose conditions on tier and region hold; an unknown provider has neither, and so is in no list. */
static struct net_rules by_tier(const struct net_work *t, const struct policy_provider *provider)
{
	const char *tier = provider ? provider->tier : "", *region = provider ? provider->region : "";
	struct net_rules rules = { 0 };

	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		if ((!k->tiers.cnt || policy_strings_has(&k->tiers, tier)) && !policy_strings_has(&k->not_tiers, tier) &&
		    (!k->regions.cnt || policy_strings_has(&k->regions, region)) && !policy_strings_has(&k->not_regions, region))
			net_rules_add(&rules, i);
	}
	return rules;
}

/* Rules that hold for a provider (number + 1, 0: unknown) where these words do. */
static struct net_rules by_provider(const struct sayings *s, uint32_t provider, const struct net_rules *tier,
				    const bool words[POLICY_DEST_WORDS])
{
	struct net_rules rules = s->unlisted;

	for (unsigned int i = 0; i < SL_NET_WORDS_MAX; i++) {
		uint64_t barred = provider ? s->barred[provider - 1].w[i] : 0;

		rules.w[i] |= provider ? s->listed[provider - 1].w[i] : 0;
		for (unsigned int word = 0; word < POLICY_DEST_WORDS; word++)
			if (words[word]) {
				rules.w[i] |= s->words[word].w[i];
				barred |= s->not_words[word].w[i];
			}
		rules.w[i] &= tier->w[i] & ~barred;
	}
	return rules;
}

/* Number of the tools whose own it is, where a rule asks: 0 none. */
static int group_of(const struct sayings *s, struct lists *groups, uint32_t provider, uint32_t *ret)
{
	uint64_t key = (uint64_t)(provider - 1) << 32;
	struct list tools = { 0 };
	size_t from = 0, to = s->owned_cnt;
	int r = 0;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->owned[mid] < key)
			from = mid + 1;
		else
			to = mid;
	}
	for (; r >= 0 && from < s->owned_cnt && s->owned[from] >> 32 == provider - 1; from++)
		r = list_add(&tools, (uint32_t)s->owned[from]);
	list_tidy(&tools);
	r = r < 0 ? r : lists_get(groups, &tools, ret);
	free(tools.v);
	return r;
}

/* The entry of a provider in `meanings`. */
static int describe_provider(struct net_work *t, const struct sayings *s, struct lists *groups, struct intern *seen, uint32_t provider,
			     uint16_t *ret)
{
	const struct policy_provider *x = provider ? &t->p->providers[provider - 1] : NULL;
	struct net_rules tier = by_tier(t, x);
	uint16_t entry[SL_NET_MEANING] = { 0 };
	uint32_t known = seen->cnt, id, group = 0;
	uint64_t key[2];
	bool differs = false;
	int r = 0;

	for (unsigned int word = SL_NET_WORD_NEITHER; word <= SL_NET_WORD_PRIVATE && r >= 0; word++) {
		uint16_t *v = &entry[SL_NET_MEANING_VECTOR(word, 0)];

		for (unsigned int own = 0; own < 2 && r >= 0; own++) {
			bool words[POLICY_DEST_WORDS] = {
				[POLICY_DEST_OWN] = own, [POLICY_DEST_UNKNOWN] = !provider,
				[POLICY_DEST_LOOPBACK] = word == SL_NET_WORD_LOOPBACK,
				[POLICY_DEST_PRIVATE] = word == SL_NET_WORD_PRIVATE,
			};
			struct net_rules rules = by_provider(s, provider, &tier, words);

			r = net_vector(t, &rules, &v[own]);
		}
		differs |= v[0] != v[1];
	}
	if (r >= 0 && differs && provider)
		r = group_of(s, groups, provider, &group);
	if (r < 0)
		return r;
	if (group > UINT16_MAX)
		return net_does_not_fit(t, "groups of own providers", group, UINT16_MAX);
	entry[SL_NET_MEANING_GROUP] = (uint16_t)group;
	/* One that no rule tells from an unknown one is known all the same: its name counts before its address. */
	memcpy(key, entry, sizeof(key));
	key[1] |= (uint64_t)(provider > 0) << 48;
	r = intern_get(seen, key, &id);
	if (r >= 0 && id >= SL_NET_BY_PORT)
		return net_does_not_fit(t, "providers that rules tell apart", id, SL_NET_BY_PORT - 1);
	for (unsigned int i = 0; i < SL_NET_MEANING && r >= 0 && id == known; i++)
		r = net_part_add(&t->meanings, entry[i]);
	*ret = (uint16_t)id;
	return r;
}

static int fill_owners(struct net_work *t, const struct lists *groups)
{
	uint32_t words = (groups->at.cnt + 15) / 16;
	uint64_t cnt = (uint64_t)words * t->c->c->tools_cnt;
	int r = 0;

	if (groups->at.cnt < 2)
		return 0;
	if (cnt > SL_NET_INDEX_MAX)
		return net_does_not_fit(t, "tools times groups of own providers", cnt, SL_NET_INDEX_MAX);
	for (uint64_t i = 0; i < cnt && r >= 0; i++)
		r = net_part_add(&t->owners, 0);
	for (uint32_t g = 0; g < groups->at.cnt && r >= 0; g++)
		for (uint32_t i = groups->at.v[g]; i < lists_end(groups, g); i++)
			t->owners.v[groups->all.v[i] * words + g / 16] |= (uint16_t)(1u << (g % 16));
	t->net->info.owners = words;
	return r;
}

int net_find_meanings(struct net_work *t)
{
	__attribute__((cleanup(sayings_done))) struct sayings s = { 0 };
	__attribute__((cleanup(lists_done))) struct lists groups = { 0 };
	cleanup_(intern_done) struct intern seen = INTERN_INIT(2);
	const struct list nobody = { 0 };
	uint32_t id;
	uint16_t unknown;
	int r = hear_all(t, &s);

	t->meaning_of = calloc(t->p->providers_cnt + 1, sizeof(*t->meaning_of));
	if (!t->meaning_of)
		return -ENOMEM;
	r = r < 0 ? r : lists_get(&groups, &nobody, &id);
	r = r < 0 ? r : describe_provider(t, &s, &groups, &seen, 0, &unknown);
	for (uint32_t i = 0; i < t->p->providers_cnt && r >= 0; i++)
		r = describe_provider(t, &s, &groups, &seen, i + 1, &t->meaning_of[i]);
	return r < 0 ? r : fill_owners(t, &groups);
}

static int fill_row(struct net_work *t, const struct list *providers, uint32_t *ret)
{
	uint32_t ports = t->net->info.ports;
	cleanup_free uint64_t *key = NULL;
	uint32_t known = t->rows_seen.cnt;
	uint16_t *row;
	int r;

	t->rows_seen.words = (ports + 3) / 4;
	key = calloc(t->rows_seen.words, sizeof(*key));
	if (!key)
		return -ENOMEM;
	row = (uint16_t *)(void *)key;
	for (uint32_t port = 0; port < ports; port++) {
		uint32_t i = 0;

		while (i < providers->cnt && !provider_is_at(t, providers->v[i], port))
			i++;
		row[port] = i < providers->cnt ? t->meaning_of[providers->v[i]] : 0;
	}
	r = intern_get(&t->rows_seen, key, ret);
	if (r >= 0 && ((uint64_t)(*ret + 1) * ports > SL_NET_INDEX_MAX || *ret >= SL_NET_BY_PORT))
		return net_does_not_fit(t, "sets of providers with ports times classes of ports", (uint64_t)(*ret + 1) * ports,
					SL_NET_INDEX_MAX);
	for (uint32_t port = 0; port < ports && r >= 0 && *ret == known; port++)
		r = net_part_add(&t->rows, row[port]);
	return r;
}

int net_meaning_of(struct net_work *t, const struct list *providers, uint16_t *ret)
{
	struct list cut = *providers;
	uint32_t known = t->by_port.at.cnt, id, row;
	int r;

	/* Behind one that is at any port no other counts. */
	for (uint32_t i = 0; i < cut.cnt; i++)
		if (!t->ports_of[cut.v[i]])
			cut.cnt = i + 1;
	*ret = 0;
	if (!cut.cnt)
		return 0;
	*ret = t->meaning_of[cut.v[0]];
	if (!t->ports_of[cut.v[0]])
		return 0;
	r = lists_get(&t->by_port, &cut, &id);
	if (r >= 0 && id == known) {
		r = fill_row(t, &cut, &row);
		r = r < 0 ? r : list_add(&t->row_of, row);
	}
	if (r >= 0)
		*ret = (uint16_t)(SL_NET_BY_PORT | t->row_of.v[id]);
	return r;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------- */

/* Whose a range is: a provider, a connect rule or a word. */
#define OWNER_RULE (1u << 24)
#define OWNER_LOOPBACK (2u << 24)
#define OWNER_PRIVATE (3u << 24)
#define OWNER_NUMBER 0xffffff

/* What is known within a range, and within all those around it. */
struct within {
	const struct cidr *cidr;    /* NULL: everywhere */
	struct net_rules rules;
	uint32_t cls, word, limited; /* limited: how many providers with ports there are so far */
	int64_t at_any;             /* the last provider without ports, -1 none */
};

struct walk {
	struct within *stack;
	struct list limited;        /* providers with ports */
	struct list providers;      /* being collected */
	struct intern seen;
};

static bool uses_word(const struct net_work *t, enum policy_dest_word word)
{
	for (uint32_t i = 0; i < t->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		if (policy_strings_has(&k->providers, policy_dest_words[word]) ||
		    policy_strings_has(&k->not_providers, policy_dest_words[word]))
			return true;
	}
	return false;
}

static int add_ranges(struct ranges *to, const struct cidr *c, size_t cnt, uint32_t owner)
{
	int r = 0;

	for (size_t i = 0; i < cnt && !r; i++)
		r = ranges_add(to, &c[i], owner);
	return r;
}

static int collect_ranges(struct net_work *t, struct ranges *to)
{
	int r = 0;

	for (uint32_t i = 0; i < t->p->providers_cnt && !r && t->rules_cnt; i++)
		r = add_ranges(to, t->p->providers[i].cidrs, t->p->providers[i].cidrs_cnt, i);
	for (uint32_t i = 0; i < t->rules_cnt && !r; i++) {
		const struct policy_connect *k = &t->p->rules[t->rules[i]].connect;

		r = add_ranges(to, k->cidrs, k->cidrs_cnt, OWNER_RULE | i);
	}
	if (!r && uses_word(t, POLICY_DEST_LOOPBACK))
		r = add_ranges(to, compile_loopback, COMPILE_LOOPBACK, OWNER_LOOPBACK);
	if (!r && uses_word(t, POLICY_DEST_PRIVATE))
		r = add_ranges(to, compile_private, COMPILE_PRIVATE, OWNER_PRIVATE);
	if (!r && to->cnt > SL_NET_RANGES_MAX)
		return net_does_not_fit(t, "address ranges", to->cnt, SL_NET_RANGES_MAX);
	return r;
}

static int add_owner(const struct net_work *t, struct walk *w, struct within *x, uint32_t owner)
{
	uint32_t number = owner & OWNER_NUMBER;

	switch (owner & ~(uint32_t)OWNER_NUMBER) {
	case OWNER_RULE:
		net_rules_add(&x->rules, number);
		return 0;
	case OWNER_LOOPBACK:
		x->word = SL_NET_WORD_LOOPBACK;
		return 0;
	case OWNER_PRIVATE:
		x->word = SL_NET_WORD_PRIVATE;
		return 0;
	}
	if (!t->ports_of[number]) {
		if (number > x->at_any)
			x->at_any = number;
		return 0;
	}
	w->limited.cnt = x->limited++;
	return list_add(&w->limited, number);
}

static int descending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

/* Providers that count within, the one defined last first. */
static int providers_within(struct walk *w, const struct within *x)
{
	int r = 0;

	w->providers.cnt = 0;
	for (uint32_t i = 0; i < x->limited && r >= 0; i++)
		if (w->limited.v[i] > x->at_any)
			r = list_add(&w->providers, w->limited.v[i]);
	if (r >= 0 && x->at_any >= 0)
		r = list_add(&w->providers, (uint32_t)x->at_any);
	if (w->providers.cnt > 1)
		qsort(w->providers.v, w->providers.cnt, sizeof(*w->providers.v), descending);
	return r;
}

static int class_within(struct net_work *t, struct walk *w, struct within *x)
{
	uint16_t entry[SL_NET_ADDR] = { [SL_NET_ADDR_WORD] = (uint16_t)x->word };
	struct net_rules rules = x->rules;
	uint32_t known = w->seen.cnt;
	uint64_t key;
	int r;

	for (uint32_t i = 0; i < t->rules_cnt; i++)
		if (!t->p->rules[t->rules[i]].connect.cidrs_cnt)
			net_rules_add(&rules, i);
	r = net_vector(t, &rules, &entry[SL_NET_ADDR_VECTOR]);
	r = r < 0 ? r : providers_within(w, x);
	r = r < 0 ? r : net_meaning_of(t, &w->providers, &entry[SL_NET_ADDR_MEANING]);
	if (r < 0)
		return r;
	memcpy(&key, entry, sizeof(key));
	r = intern_get(&w->seen, &key, &x->cls);
	for (unsigned int i = 0; i < SL_NET_ADDR && r >= 0 && x->cls == known; i++)
		r = net_part_add(&t->addrs, entry[i]);
	return r;
}

/* Sorted ranges come right before those that lie in them. */
static int classify(struct net_work *t, const struct ranges *ranges, struct walk *w)
{
	struct compiled_net *net = t->net;
	uint32_t depth = 0;
	int r;

	w->stack[0] = (struct within){ .at_any = -1 };
	r = class_within(t, w, &w->stack[0]);
	for (uint32_t i = 0; i < ranges->cnt && r >= 0; i++) {
		const struct cidr *c = &ranges->v[i].cidr;
		struct within *x;

		while (depth && !(w->stack[depth].cidr->family == c->family && cidr_match(w->stack[depth].cidr, c->family, c->addr)))
			depth--;
		x = &w->stack[++depth];
		*x = x[-1];
		x->cidr = c;
		r = add_owner(t, w, x, ranges->v[i].owner);
		for (; r >= 0 && i + 1 < ranges->cnt && !memcmp(&ranges->v[i + 1].cidr, c, sizeof(*c)); i++)
			r = add_owner(t, w, x, ranges->v[i + 1].owner);
		r = r < 0 ? r : class_within(t, w, x);
		/* One that changes nothing needs no place in the trie. */
		if (r < 0 || x->cls == x[-1].cls)
			continue;
		r = ranges_add(&net->ranges, c, x->cls);
		if (c->family == 4)
			net->info.ranges4++;
		else
			net->info.ranges6++;
	}
	ranges_sort(&net->ranges);
	net->info.addrs = w->seen.cnt;
	return r;
}

int net_classify_addresses(struct net_work *t)
{
	struct walk w = { .seen = INTERN_INIT(1) };
	struct ranges ranges = { 0 };
	int r;

	_Static_assert(SL_NET_ADDR * sizeof(uint16_t) == sizeof(uint64_t), "an entry is a key");
	w.stack = calloc(NESTED_MAX, sizeof(*w.stack));
	r = w.stack ? collect_ranges(t, &ranges) : -ENOMEM;
	ranges_sort(&ranges);
	r = r < 0 ? r : classify(t, &ranges, &w);
	ranges_done(&ranges);
	intern_done(&w.seen);
	free(w.limited.v);
	free(w.providers.v);
	free(w.stack);
	return r;
}
