/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the kernel's tables of connect rules (include/policy_map.h), and the verdict read from them.
 *
 * Addresses fall into classes by the ranges that they are in, ports by the lists that name them, names by the automaton.
 * A triple of the three is a cell; what it means (provider, words, and which rules hold there) is worked out once, and cells
 * where the same rules hold are one destination. Rules that ask for own providers hold for some tools only: a
 * destination has both sets of rules, and the provider that decides between them. A row is a subject: rules that apply to
 * it, and its own providers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match/intern.h"
#include "policy/compile_internal.h"

/* Who names an address range, or a port: provider i is bit i, rule r is RULE_BIT + r. */
#define RULE_BIT DFA_CLASSES_MAX
#define LOOPBACK_BIT (RULE_BIT + SL_RULES_MAX)
#define PRIVATE_BIT (LOOPBACK_BIT + 1)
#define OWNER_WORDS ((PRIVATE_BIT + 64) / 64)

#define CLASSES_MAX 65535   /* classes of anything are two bytes */

struct owners {
	uint64_t w[OWNER_WORDS];
};

/* Rules that hold at a destination: for tools to which its provider is a stranger, and for those whose own it is. */
struct place {
	struct rule_set strange, own;
	uint64_t provider;   /* number + 1; 0: it makes no difference */
};
#define PLACE_WORDS (sizeof(struct place) / sizeof(uint64_t))

struct subject {
	struct rule_set rules;
	struct dfa_set own;  /* its own providers */
};
#define SUBJECT_WORDS (sizeof(struct subject) / sizeof(uint64_t))

struct work {
	struct compile *c;
	struct compiled_net *net;
	const struct policy *p;
	struct rule_set rules;      /* those on connections */
	struct rule_set always;     /* connect: any */
	struct ranges ranges;       /* as they were written; of whom: a bit of struct owners */
	struct intern addrs, ports, places, subjects, rows;
	struct rule_set *by_set, *by_addr, *by_port;
	struct rule_set *by_meaning; /* see meaning_at() */
	struct rule_set by_state[1u << SL_MEMORIES_MAX]; /* rules whose `after:` holds */
	uint32_t *row_of;           /* by subject */
	uint64_t *row;              /* one row of decisions */
};

static void work_done(struct work *t)
{
	ranges_done(&t->ranges);
	intern_done(&t->addrs);
	intern_done(&t->ports);
	intern_done(&t->places);
	intern_done(&t->subjects);
	intern_done(&t->rows);
	free(t->by_set);
	free(t->by_addr);
	free(t->by_port);
	free(t->by_meaning);
	free(t->row_of);
	free(t->row);
}

static void owners_add(struct owners *o, unsigned int bit)
{
	o->w[bit / 64] |= 1ull << (bit % 64);
}

static bool owners_has(const struct owners *o, unsigned int bit)
{
	return o->w[bit / 64] >> (bit % 64) & 1;
}

static const struct owners *owners_of(const struct intern *t, uint32_t cls)
{
	return (const struct owners *)(const void *)intern_key(t, cls);
}

static struct rule_set both(const struct rule_set *a, const struct rule_set *b)
{
	struct rule_set r;

	for (size_t i = 0; i < RULE_WORDS; i++)
		r.w[i] = a->w[i] & b->w[i];
	return r;
}

/* The policy does not fit: points at the provider or rule that adds most. */
static int does_not_fit(const struct work *t, const char *what, uint64_t have, uint64_t limit)
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

/* ---- addresses ------------------------------------------------------------------------------------------------------ */

static bool uses_word(const struct work *t, enum policy_dest_word word)
{
	for (size_t i = 0; i < t->p->rules_cnt; i++)
		if (policy_strings_has(&t->p->rules[i].connect.providers, policy_dest_words[word]) ||
		    policy_strings_has(&t->p->rules[i].connect.not_providers, policy_dest_words[word]))
			return true;
	return false;
}

static int add_ranges(struct work *t, const struct cidr *c, size_t cnt, uint32_t owner)
{
	int r = 0;

	for (size_t i = 0; i < cnt && !r; i++)
		r = ranges_add(&t->ranges, &c[i], owner);
	return r;
}

static int collect_ranges(struct work *t)
{
	int r = 0;

	for (size_t i = 0; i < t->p->providers_cnt && !r; i++)
		r = add_ranges(t, t->p->providers[i].cidrs, t->p->providers[i].cidrs_cnt, (uint32_t)i);
	for (size_t i = 0; i < t->p->rules_cnt && !r; i++)
		r = add_ranges(t, t->p->rules[i].connect.cidrs, t->p->rules[i].connect.cidrs_cnt, RULE_BIT + (uint32_t)i);
	if (!r && uses_word(t, POLICY_DEST_LOOPBACK))
		r = add_ranges(t, compile_loopback, COMPILE_LOOPBACK, LOOPBACK_BIT);
	if (!r && uses_word(t, POLICY_DEST_PRIVATE))
		r = add_ranges(t, compile_private, COMPILE_PRIVATE, PRIVATE_BIT);
	if (!r && t->ranges.cnt > SL_NET_RANGES_MAX)
		return does_not_fit(t, "address ranges", t->ranges.cnt, SL_NET_RANGES_MAX);
	return r;
}

/* Of equal ranges each but the first lies in the one before. */
static bool equals_next(const struct ranges *r, uint32_t i)
{
	return i + 1 < r->cnt && r->v[i + 1].around == i && r->v[i + 1].cidr.bits == r->v[i].cidr.bits;
}

/* An address in the innermost range is in all those around it, and in no other. */
static int classify_ranges(struct work *t)
{
	struct compiled_net *net = t->net;
	struct owners none = { 0 };
	uint32_t id;
	int r = intern_get(&t->addrs, none.w, &id);

	if (r < 0)
		return r;
	ranges_sort(&t->ranges);
	net->ranges = calloc((size_t)t->ranges.cnt + 1, sizeof(*net->ranges));
	if (!net->ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->ranges.cnt; i++) {
		const struct cidr *c = &t->ranges.v[i].cidr;
		struct owners owners = none;

		if (equals_next(&t->ranges, i))
			continue;
		for (uint32_t k = i; k != RANGES_NONE; k = t->ranges.v[k].around)
			owners_add(&owners, t->ranges.v[k].owner);
		r = intern_get(&t->addrs, owners.w, &id);
		if (r < 0)
			return r;
		net->ranges[net->ranges_cnt++] = (struct compiled_range){ *c, id };
		if (c->family == 4)
			net->info.ranges4++;
		else
			net->info.ranges6++;
	}
	net->info.addrs = t->addrs.cnt;
	return 0;
}

/* ---- ports and protocols ----------------------------------------------------------------------------------------- */

static bool asks_port(const struct policy_connect *k)
{
	return k->ports_cnt || k->protos;
}

/* Providers that are at this port, and rules that ask for port or protocol and hold. */
static struct owners owners_of_port(const struct work *t, unsigned int kind, uint16_t port)
{
	struct owners o = { 0 };

	for (unsigned int i = 0; i < t->p->providers_cnt; i++)
		if (compile_in_ports(t->p->providers[i].ports, t->p->providers[i].ports_cnt, port))
			owners_add(&o, i);
	for (unsigned int i = 0; i < t->p->rules_cnt; i++) {
		const struct policy_connect *k = &t->p->rules[i].connect;

		if (asks_port(k) && (!k->ports_cnt || compile_in_ports(k->ports, k->ports_cnt, port)) &&
		    (!k->protos || k->protos >> kind & 1))
			owners_add(&o, RULE_BIT + i);
	}
	return o;
}

static int classify_ports(struct work *t)
{
	cleanup_free uint8_t *named = calloc(65536, 1);
	struct owners o = { 0 };
	uint32_t id;
	int r = intern_get(&t->ports, o.w, &id);

	t->net->ports = calloc(1, sizeof(*t->net->ports));
	if (!named || !t->net->ports)
		return -ENOMEM;
	for (size_t i = 0; i < t->p->providers_cnt; i++)
		for (size_t j = 0; j < t->p->providers[i].ports_cnt; j++)
			named[t->p->providers[i].ports[j]] = 1;
	for (size_t i = 0; i < t->p->rules_cnt; i++)
		for (size_t j = 0; j < t->p->rules[i].connect.ports_cnt; j++)
			named[t->p->rules[i].connect.ports[j]] = 1;
	for (unsigned int kind = SL_NET_STREAM; kind <= SL_NET_DATAGRAM; kind++) {
		uint32_t other = 0;

		/* Ports that nothing names are alike. 0 is none of a connection's. */
		o = owners_of_port(t, kind, 0);
		r = r < 0 ? r : intern_get(&t->ports, o.w, &other);
		for (unsigned int port = 0; port < 65536 && r >= 0; port++) {
			id = other;
			if (named[port]) {
				o = owners_of_port(t, kind, (uint16_t)port);
				r = intern_get(&t->ports, o.w, &id);
			}
			t->net->ports->cls[sl_net_port_index(kind, port)] = (uint16_t)id;
		}
	}
	t->net->info.ports = t->ports.cnt;
	return r;
}

/* ---- cells ---------------------------------------------------------------------------------------------------------- */

/* Rules whose conditions on names, address or port hold in each class. */
static int hold_parts(struct work *t)
{
	const struct compiled *c = t->c->c;
	const struct sl_net_info *info = &t->net->info;

	t->by_set = calloc(info->sets, sizeof(*t->by_set));
	t->by_addr = calloc(info->addrs, sizeof(*t->by_addr));
	t->by_port = calloc(info->ports, sizeof(*t->by_port));
	if (!t->by_set || !t->by_addr || !t->by_port)
		return -ENOMEM;
	for (size_t r = 0; r < t->p->rules_cnt; r++) {
		const struct policy_connect *k = &t->p->rules[r].connect;

		if (!rule_set_has(&t->rules, r))
			continue;
		for (uint32_t i = 0; i < info->sets; i++)
			if (!k->hosts.cnt || dfa_set_has(&c->name->sets[i], c->priv->host_class[r]))
				rule_set_add(&t->by_set[i], r);
		for (uint32_t i = 0; i < info->addrs; i++)
			if (!k->cidrs_cnt || owners_has(owners_of(&t->addrs, i), RULE_BIT + (unsigned int)r))
				rule_set_add(&t->by_addr[i], r);
		for (uint32_t i = 0; i < info->ports; i++)
			if (!asks_port(k) || owners_has(owners_of(&t->ports, i), RULE_BIT + (unsigned int)r))
				rule_set_add(&t->by_port[i], r);
	}
	return 0;
}

#define WORDS_OWN 1
#define WORDS_LOOPBACK 2
#define WORDS_PRIVATE 4
#define WORDS_CNT 8

/* Index of by_meaning. provider: number + 1, 0 unknown. */
static size_t meaning_at(uint32_t provider, unsigned int words)
{
	return (size_t)provider * WORDS_CNT + words;
}

static int hold_meanings(struct work *t)
{
	t->by_meaning = calloc(meaning_at((uint32_t)t->p->providers_cnt + 1, 0), sizeof(*t->by_meaning));
	if (!t->by_meaning)
		return -ENOMEM;
	for (uint32_t i = 0; i <= t->p->providers_cnt; i++)
		for (unsigned int words = 0; words < WORDS_CNT; words++) {
			struct compile_meaning x = { .provider = i ? &t->p->providers[i - 1] : NULL };

			x.words[POLICY_DEST_OWN] = words & WORDS_OWN;
			x.words[POLICY_DEST_UNKNOWN] = !i;
			x.words[POLICY_DEST_LOOPBACK] = words & WORDS_LOOPBACK;
			x.words[POLICY_DEST_PRIVATE] = words & WORDS_PRIVATE;
			for (size_t r = 0; r < t->p->rules_cnt; r++)
				if (rule_set_has(&t->rules, r) && compile_meaning_holds(&t->p->rules[r].connect, &x))
					rule_set_add(&t->by_meaning[meaning_at(i, words)], r);
		}
	return 0;
}

/* Number + 1 of the provider that a name, else the address means; 0 unknown. Later definitions win. */
static uint32_t provider_at(const struct work *t, uint32_t set, uint32_t addr, uint32_t port)
{
	const struct owners *ports = owners_of(&t->ports, port), *addrs = owners_of(&t->addrs, addr);
	const struct dfa_set *names = &t->c->c->name->sets[set];

	for (int by_name = 1; by_name >= 0; by_name--)
		for (uint32_t i = (uint32_t)t->p->providers_cnt; i-- > 0;) {
			bool is = by_name ? dfa_set_has(names, i) : owners_has(addrs, i);

			if (is && (!t->p->providers[i].ports_cnt || owners_has(ports, i)))
				return i + 1;
		}
	return 0;
}

static struct place place_at(const struct work *t, uint32_t set, uint32_t addr, uint32_t port)
{
	const struct owners *addrs = owners_of(&t->addrs, addr);
	uint32_t provider = provider_at(t, set, addr, port);
	unsigned int words = (owners_has(addrs, LOOPBACK_BIT) ? WORDS_LOOPBACK : 0) |
			     (owners_has(addrs, PRIVATE_BIT) ? WORDS_PRIVATE : 0);
	struct rule_set parts = both(&t->by_set[set], &t->by_addr[addr]);
	struct place x = { 0 };

	parts = both(&parts, &t->by_port[port]);
	x.strange = both(&parts, &t->by_meaning[meaning_at(provider, words)]);
	x.own = both(&parts, &t->by_meaning[meaning_at(provider, words | WORDS_OWN)]);
	for (size_t i = 0; i < RULE_WORDS; i++) {
		x.strange.w[i] |= t->always.w[i];
		x.own.w[i] |= t->always.w[i];
	}
	if (provider && memcmp(&x.strange, &x.own, sizeof(x.own)) != 0)
		x.provider = provider;
	else
		x.own = x.strange;
	return x;
}

static int fill_cells(struct work *t)
{
	struct sl_net_info *info = &t->net->info;
	uint64_t cells = (uint64_t)info->sets * info->addrs * info->ports;

	if (cells > SL_NET_CELLS_MAX)
		return does_not_fit(t, "sets of names times classes of addresses times classes of ports", cells, SL_NET_CELLS_MAX);
	info->cells = (uint32_t)cells;
	t->net->cells = calloc(cells, sizeof(*t->net->cells));
	if (!t->net->cells)
		return -ENOMEM;
	for (uint32_t set = 0; set < info->sets; set++)
		for (uint32_t addr = 0; addr < info->addrs; addr++)
			for (uint32_t port = 0; port < info->ports; port++) {
				struct place x = place_at(t, set, addr, port);
				uint32_t id;
				int r = intern_get(&t->places, (const uint64_t *)(const void *)&x, &id);

				if (r < 0)
					return r;
				if (id > CLASSES_MAX)
					return does_not_fit(t, "classes of destinations", id, CLASSES_MAX);
				t->net->cells[sl_net_cell(info, set, addr, port)] = (uint16_t)id;
			}
	info->dests = t->places.cnt;
	return 0;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static struct subject subject_at(const struct work *t, uint32_t tool, uint32_t exe_set, uint32_t user, uint32_t state)
{
	const struct compiled_priv *priv = t->c->c->priv;
	const struct policy_tool *own = compiled_tool(t->c->c, tool);
	struct subject s = { .rules = both(&t->rules, &priv->tool_rules[tool]) };

	s.rules = both(&s.rules, &priv->exe_rules[exe_set]);
	s.rules = both(&s.rules, &priv->user_rules[user]);
	s.rules = both(&s.rules, &t->by_state[state]);
	for (size_t i = 0; own && i < own->providers.cnt; i++) {
		int provider = policy_find_provider(t->p, own->providers.v[i]);

		if (provider >= 0)
			dfa_set_add(&s.own, (unsigned int)provider);
	}
	return s;
}

static struct sl_decision decide(const struct work *t, const struct subject *s, uint32_t dest)
{
	const struct place *x = (const struct place *)(const void *)intern_key(&t->places, dest);
	bool own = x->provider && dfa_set_has(&s->own, (unsigned int)x->provider - 1);
	struct rule_set hit = both(&s->rules, own ? &x->own : &x->strange);

	for (unsigned int i = 0; i < RULE_WORDS; i++)
		if (hit.w[i]) {
			unsigned int rule = i * 64 + (unsigned int)__builtin_ctzll(hit.w[i]);

			return (struct sl_decision){ .rule = (uint16_t)(rule + 1), .action = t->p->rules[rule].action };
		}
	return (struct sl_decision){ 0 };
}

static int row_of(struct work *t, const struct subject *s, uint16_t *ret)
{
	struct sl_decision *row = (struct sl_decision *)(void *)t->row;
	uint32_t known = t->subjects.cnt, id;
	int r = intern_get(&t->subjects, (const uint64_t *)(const void *)s, &id);

	if (r >= 0 && id == known) {
		uint32_t *grown = reallocarray(t->row_of, (size_t)id + 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->row_of = grown;
		for (uint32_t dest = 0; dest < t->net->info.dests; dest++)
			row[dest] = decide(t, s, dest);
		r = intern_get(&t->rows, t->row, &t->row_of[id]);
		if (r >= 0 && t->rows.cnt > SL_ROWS_MAX)
			return compile_too_big(t->c, "subjects that connect rules tell apart", t->rows.cnt, SL_ROWS_MAX,
					       "name fewer tools, users or executables in rules");
		if (r >= 0 && (uint64_t)t->rows.cnt * t->net->info.dests > SL_NET_DECISIONS_MAX)
			return does_not_fit(t, "decisions (subjects times classes of destinations)",
					    (uint64_t)t->rows.cnt * t->net->info.dests, SL_NET_DECISIONS_MAX);
	}
	if (r < 0)
		return r;
	*ret = (uint16_t)t->row_of[id];
	return 0;
}

static int fill_rows(struct work *t)
{
	const struct compiled *c = t->c->c;
	struct compiled_net *net = t->net;
	size_t words = ((size_t)net->info.dests + 1) / 2;

	_Static_assert(sizeof(struct sl_decision) * 2 == sizeof(uint64_t), "two decisions in a word of a row");
	t->rows.words = words;
	t->row = calloc(words, sizeof(*t->row));
	/* As many subjects as compile_files.c found not too many, or fewer. */
	net->rows = calloc((size_t)c->tools_cnt * c->exe_sets_cnt * c->users_cnt << c->memories_cnt, sizeof(*net->rows));
	if (!t->row || !net->rows)
		return -ENOMEM;
	for (uint32_t tool = 0; tool < c->tools_cnt; tool++)
		for (uint32_t x = 0; x < c->exe_sets_cnt; x++)
			for (uint32_t u = 0; u < c->users_cnt; u++)
				for (uint32_t state = 0; state < 1u << c->memories_cnt; state++) {
					struct subject s = subject_at(t, tool, x, u, state);
					uint32_t at = sl_net_row_index(c->exe_sets_cnt, c->users_cnt, tool, x, u);
					int r = row_of(t, &s, &net->rows[at << c->memories_cnt | state]);

					if (r < 0)
						return r;
				}
	net->rows_cnt = t->rows.cnt;
	net->decisions = calloc((size_t)net->rows_cnt * net->info.dests, sizeof(*net->decisions));
	if (!net->decisions)
		return -ENOMEM;
	for (uint32_t i = 0; i < net->rows_cnt; i++)
		memcpy(net->decisions + (size_t)i * net->info.dests, intern_key(&t->rows, i),
		       net->info.dests * sizeof(*net->decisions));
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

int compile_net_tables(struct compile *w)
{
	__attribute__((cleanup(work_done))) struct work t = {
		.c = w, .net = &w->c->net, .p = w->p,
		.addrs = INTERN_INIT(OWNER_WORDS), .ports = INTERN_INIT(OWNER_WORDS), .places = INTERN_INIT(PLACE_WORDS),
		.subjects = INTERN_INIT(SUBJECT_WORDS), .rows = INTERN_INIT(1),
	};
	int r;

	for (size_t i = 0; i < w->p->rules_cnt; i++) {
		const struct policy_rule *rule = &w->p->rules[i];

		if (rule->object != POLICY_OBJECT_CONNECT)
			continue;
		rule_set_add(&t.rules, i);
		for (uint32_t state = 0; state < 1u << w->c->memories_cnt; state++)
			if (compile_remembers(w->c, i, state))
				rule_set_add(&t.by_state[state], i);
		if (rule->connect.any)
			rule_set_add(&t.always, i);
		t.net->info.rules = 1;
		t.net->info.blocks |= rule->action == SL_ACTION_BLOCK;
	}
	t.net->info.sets = w->c->name->info.sets;
	t.net->info.memories = w->c->memories_cnt;
	/* Where no rule asks, one address is like another. */
	r = t.net->info.rules ? collect_ranges(&t) : 0;
	r = r < 0 ? r : classify_ranges(&t);
	r = r < 0 ? r : classify_ports(&t);
	r = r < 0 ? r : hold_parts(&t);
	r = r < 0 ? r : hold_meanings(&t);
	r = r < 0 ? r : fill_cells(&t);
	return r < 0 ? r : fill_rows(&t);
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

static uint32_t addr_class(const struct compiled_net *net, const struct compiled_dest *d)
{
	const struct compiled_range *best = NULL;

	for (size_t i = 0; i < net->ranges_cnt; i++)
		if (cidr_match(&net->ranges[i].cidr, d->family, d->addr) && (!best || net->ranges[i].cidr.bits > best->cidr.bits))
			best = &net->ranges[i];
	return best ? best->cls : 0;
}

struct sl_net_choice compiled_net_verdict(const struct compiled *c, unsigned int tool, unsigned int exe_set, uint32_t uid,
					  const struct compiled_dest *d, const struct sl_net_names *names, uint32_t asker,
					  uint64_t now_ns)
{
	const struct compiled_net *net = &c->net;
	uint32_t user = compile_user_class(c, uid), addr = addr_class(net, d), port = net->ports->cls[sl_net_port_index(d->kind, d->port)];
	struct sl_net_choice choice = { 0 };
	const struct sl_decision *row;
	uint32_t at;

	if (tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt || d->state >= 1u << c->memories_cnt)
		return choice;
	at = sl_net_row_index(c->exe_sets_cnt, c->users_cnt, tool, exe_set, user) << c->memories_cnt | d->state;
	row = net->decisions + (size_t)net->rows[at] * net->info.dests;
	choice.state = (uint8_t)d->state;
	for (size_t i = 0; names && i < SL_NET_NAMES && names->names[i].word; i++) {
		uint64_t word = names->names[i].word;
		uint16_t set = SL_NET_WORD_SET(word);
		uint32_t rank = sl_net_rank(&names->names[i], word, asker, now_ns);

		if (rank && set < net->info.sets)
			sl_net_consider(&choice, rank, set, &row[net->cells[sl_net_cell(&net->info, set, addr, port)]]);
	}
	if (!choice.rank) {
		const struct sl_decision *d0 = &row[net->cells[sl_net_cell(&net->info, 0, addr, port)]];

		choice.rule = d0->rule;
		choice.action = d0->action;
	}
	return choice;
}
