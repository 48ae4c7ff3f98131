/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the automaton of a single pattern. On both levels the states are sets of places in the pattern that may be
 * reached, read from the end: place j of a name means that j of its items are still to be matched.
 *
 * A set keeps, of a name, nothing above its lowest "*" that can take any byte (of a sequence: its lowest **): that
 * place can swallow whatever the higher ones would still read. This keeps the sets few, as in string search.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "automaton.h"
#include "match/cascade.h"

/* States of one pattern on one level, before they are minimised: more than a table can have. And words of memory of all
 * its sets: 32 MiB. Beyond either: -E2BIG. */
#define STATES_MAX 65536
#define SET_MEMORY_MAX (4u << 20)

/* Numbers of classes of bytes: one each, and as many again that one item can add. */
#define BYTE_CLASSES (2 * CASCADE_SYMBOLS)

/* Places of one kind of thing (names, sequences) side by side in one set. */
struct places {
	uint32_t cnt;
	uint32_t *begin;   /* of thing i: places begin[i] .. begin[i + 1) - 1; place begin[i] is "all matched" */
	uint32_t things;
	uint32_t *thing;   /* of a place */
};

struct leaf {
	const struct pattern *p;
	struct fsm_work *w;
	struct cascade *c;
	uint32_t *names;       /* distinct names: index of a part that has it */
	uint32_t names_cnt;
	uint32_t *spelt;       /* names that have other spellings in directories that ignore case: thing names_cnt + i is those of spelt[i] */
	uint32_t spelt_cnt;
	uint32_t *name_of;     /* part -> its number in names */
	struct places in_names, in_seqs;
	uint32_t classes;
	uint16_t sample[CASCADE_SYMBOLS]; /* a byte of each class */
	struct byteset any;
	struct intern symbols; /* what a symbol stands for: names that match, and in the last bit, "not empty" */
};

static void places_done(struct places *p)
{
	free(p->begin);
	free(p->thing);
}

static void leaf_done(struct leaf *l)
{
	free(l->names);
	free(l->spelt);
	free(l->name_of);
	places_done(&l->in_names);
	places_done(&l->in_seqs);
	intern_done(&l->symbols);
	cascade_free(l->c);
}

static bool bit(const uint64_t *set, uint32_t i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *set, uint32_t i)
{
	set[i / 64] |= 1ull << (i % 64);
}

static size_t words(uint32_t bits)
{
	return bits / 64 + 1;
}

/* lengths[i] + 1 places for each thing. */
static int places_init(struct places *p, const uint32_t *lengths, uint32_t things)
{
	p->things = things;
	p->begin = calloc((size_t)things + 1, sizeof(*p->begin));
	if (!p->begin)
		return -ENOMEM;
	for (uint32_t i = 0; i < things; i++)
		p->begin[i + 1] = p->begin[i] + lengths[i] + 1;
	p->cnt = p->begin[things];
	p->thing = calloc((size_t)p->cnt + 1, sizeof(*p->thing));
	if (!p->thing)
		return -ENOMEM;
	for (uint32_t i = 0; i < things; i++)
		for (uint32_t at = p->begin[i]; at < p->begin[i + 1]; at++)
			p->thing[at] = i;
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static bool same_name(const struct pattern *p, uint32_t a, uint32_t b)
{
	const struct pattern_part *x = &p->parts[a], *y = &p->parts[b];

	return x->cnt == y->cnt && !memcmp(p->items + x->first, p->items + y->first, x->cnt * sizeof(*p->items));
}

/* Distinct names. Patterns are short: no hashing. */
static int find_names(struct leaf *l)
{
	const struct pattern *p = l->p;

	l->names = calloc(p->parts_cnt + 1, sizeof(*l->names));
	l->name_of = calloc(p->parts_cnt + 1, sizeof(*l->name_of));
	if (!l->names || !l->name_of)
		return -ENOMEM;
	for (uint32_t part = 0; part < p->parts_cnt; part++) {
		uint32_t n = 0;

		if (p->parts[part].kind != PATTERN_NAME)
			continue;
		while (n < l->names_cnt && !same_name(p, l->names[n], part))
			n++;
		if (n == l->names_cnt)
			l->names[l->names_cnt++] = part;
		l->name_of[part] = n;
	}
	return fsm_spend(l->w, (uint64_t)p->parts_cnt * (l->names_cnt + 1));
}

static int name_places(struct leaf *l)
{
	cleanup_free uint32_t *lengths = calloc(2 * (size_t)l->names_cnt + 1, sizeof(*lengths));

	l->spelt = calloc(l->names_cnt + 1, sizeof(*l->spelt));
	if (!lengths || !l->spelt)
		return -ENOMEM;
	for (uint32_t n = 0; n < l->names_cnt; n++) {
		const struct pattern_part *part = &l->p->parts[l->names[n]];

		lengths[n] = part->cnt;
		if (!part->any_cnt)
			continue;
		lengths[l->names_cnt + l->spelt_cnt] = part->any_cnt;
		l->spelt[l->spelt_cnt++] = n;
	}
	return places_init(&l->in_names, lengths, l->names_cnt + l->spelt_cnt);
}

/* Classes numbered by the first byte of each, without those that are empty. Returns how many there are. */
static uint32_t number_classes(struct cascade *c, char separator)
{
	uint32_t moved[BYTE_CLASSES], cnt = 0;

	memset(moved, 0xff, sizeof(moved));
	for (unsigned int i = 0; i < CASCADE_SYMBOLS; i++) {
		uint32_t *to = &moved[c->cls[i]];

		if (cascade_separates(separator, i))
			continue;
		if (*to == UINT32_MAX)
			*to = cnt++;
		c->cls[i] = *to;
	}
	return cnt;
}

/* Bytes that no item tells apart form a class. The separator is in none; it gets class 0, which nobody looks at. */
static int byte_classes(struct leaf *l)
{
	struct cascade *c = l->c;
	const struct pattern *p = l->p;
	uint32_t cnt = 1;

	for (size_t i = 0; i < p->items_cnt; i++) {
		uint32_t moved[BYTE_CLASSES];

		memset(moved, 0xff, sizeof(moved));
		for (unsigned int s = 0; s < CASCADE_SYMBOLS; s++) {
			uint32_t *to = &moved[c->cls[s]];

			if (cascade_separates(p->separator, s) || !pattern_item_takes(&p->items[i], s))
				continue;
			if (*to == UINT32_MAX)
				*to = cnt++;
			c->cls[s] = *to;
		}
		/* A class of which every byte moved is gone, but keeps its number until numbers get short. */
		if (cnt > BYTE_CLASSES - CASCADE_SYMBOLS)
			cnt = number_classes(c, p->separator);
	}
	l->classes = number_classes(c, p->separator);
	for (unsigned int s = 0; s < CASCADE_SYMBOLS; s++) {
		if (cascade_separates(p->separator, s))
			c->cls[s] = 0;
		else
			l->sample[c->cls[s]] = (uint16_t)s;
	}
	return fsm_spend(l->w, p->items_cnt * 32);
}

static const struct pattern_item *item_above(const struct leaf *l, uint32_t place)
{
	uint32_t n = l->in_names.thing[place], left = place - l->in_names.begin[n];
	const struct pattern_part *part = &l->p->parts[l->names[n < l->names_cnt ? n : l->spelt[n - l->names_cnt]]];

	return left ? &l->p->items[(n < l->names_cnt ? part->first : part->any_first) + left - 1] : NULL;
}

static bool takes_all_bytes(const struct leaf *l, uint32_t place)
{
	const struct pattern_item *item = item_above(l, place);

	return item && item->star && !memcmp(&item->set, &l->any, sizeof(l->any));
}

/* Adds a place and those that are reached by matching nothing. */
static void add_name_place(const struct leaf *l, uint64_t *set, uint32_t place)
{
	const struct pattern_item *item;

	set_bit(set, place);
	while ((item = item_above(l, place)) && (item->star || item->maybe))
		set_bit(set, --place);
}

/* Drops what a lower place covers (see the top of the file). covers(): the place can take anything. */
static void prune(const struct leaf *l, const struct places *p, uint64_t *set,
		  bool (*covers)(const struct leaf *l, uint32_t place))
{
	for (uint32_t i = 0; i < p->things; i++) {
		uint32_t at = p->begin[i];

		while (at < p->begin[i + 1] && !(bit(set, at) && covers(l, at)))
			at++;
		for (at++; at < p->begin[i + 1]; at++)
			set[at / 64] &= ~(1ull << (at % 64));
	}
}

/* The bit behind the places: some byte was read. */
static void name_step(const struct leaf *l, const uint64_t *from, unsigned int symbol, uint64_t *to)
{
	memset(to, 0, words(l->in_names.cnt) * sizeof(*to));
	for (uint32_t at = 0; at < l->in_names.cnt; at++) {
		const struct pattern_item *item = bit(from, at) ? item_above(l, at) : NULL;

		if (item && pattern_item_takes(item, symbol))
			add_name_place(l, to, item->star ? at : at - 1);
	}
	set_bit(to, l->in_names.cnt);
	prune(l, &l->in_names, to, takes_all_bytes);
}

/* The symbol of a component that ends in this set. */
static int symbol_of(struct leaf *l, const uint64_t *set, uint32_t *ret)
{
	cleanup_free uint64_t *key = calloc(l->symbols.words, sizeof(*key));

	if (!key)
		return -ENOMEM;
	for (uint32_t n = 0; n < l->names_cnt; n++)
		if (bit(set, l->in_names.begin[n]))
			set_bit(key, n);
	for (uint32_t i = 0; i < l->spelt_cnt; i++)
		if (bit(set, l->in_names.begin[l->names_cnt + i]))
			set_bit(key, l->spelt[i]);
	if (bit(set, l->in_names.cnt))
		set_bit(key, l->names_cnt);
	return intern_get(&l->symbols, key, ret);
}

/* Numbers a set of places; a new one becomes a state of f, labelled by label_of. */
static int set_state(struct leaf *l, struct intern *sets, const uint64_t *set, struct fsm *f,
		     int (*label_of)(struct leaf *l, const uint64_t *set, uint32_t *ret), uint32_t *ret)
{
	uint32_t label;
	int r = fsm_spend(l->w, sets->words * 16);

	if (!r)
		r = intern_get(sets, set, ret);
	if (r < 0 || *ret < f->states)
		return r;
	if (sets->cnt > STATES_MAX || sets->cnt * sets->words > SET_MEMORY_MAX)
		return errmsg_set(l->w->e, -E2BIG, "the pattern has too many wildcards");
	r = label_of(l, set, &label);
	return r < 0 ? r : fsm_add(f, label, l->w);
}

static int build_names(struct leaf *l)
{
	struct fsm *f = &l->c->name;
	cleanup_(intern_done) struct intern sets = INTERN_INIT(words(l->in_names.cnt));
	cleanup_free uint64_t *from = calloc(sets.words, sizeof(*from)), *to = calloc(sets.words, sizeof(*to));
	uint32_t id;
	int r;

	if (!from || !to)
		return -ENOMEM;
	l->symbols.words = words(l->names_cnt);
	f->cols = l->classes;
	for (uint32_t n = 0; n < l->in_names.things; n++)
		add_name_place(l, to, l->in_names.begin[n + 1] - 1);
	prune(l, &l->in_names, to, takes_all_bytes);
	r = set_state(l, &sets, to, f, symbol_of, &id);
	for (uint32_t s = 0; !r && s < f->states; s++) {
		memcpy(from, intern_key(&sets, s), sets.words * sizeof(*from));
		for (uint32_t c = 0; !r && c < f->cols; c++) {
			name_step(l, from, l->sample[c], to);
			r = set_state(l, &sets, to, f, symbol_of, &id);
			f->next[(size_t)s * f->cols + c] = (uint16_t)id;
		}
	}
	return r;
}

/* ---- sequences of names ---------------------------------------------------------------------------------------- */

static int seq_places(struct leaf *l)
{
	cleanup_free uint32_t *lengths = calloc(l->p->seqs_cnt + 1, sizeof(*lengths));

	if (!lengths)
		return -ENOMEM;
	for (uint32_t q = 0; q < l->p->seqs_cnt; q++)
		lengths[q] = pattern_seq_end(l->p, q) - l->p->seqs[q];
	return places_init(&l->in_seqs, lengths, l->p->seqs_cnt);
}

/* Index of the part to be matched next, SIZE_MAX: none is left. */
static size_t part_above(const struct leaf *l, uint32_t place)
{
	uint32_t q = l->in_seqs.thing[place], left = place - l->in_seqs.begin[q];

	return left ? l->p->seqs[q] + left - 1 : SIZE_MAX;
}

static bool takes_all_names(const struct leaf *l, uint32_t place)
{
	size_t part = part_above(l, place);

	return part != SIZE_MAX && (l->p->parts[part].kind == PATTERN_MANY || l->p->parts[part].kind == PATTERN_HEAD);
}

static void add_seq_place(const struct leaf *l, uint64_t *set, uint32_t place)
{
	set_bit(set, place);
	while (takes_all_names(l, place))
		set_bit(set, --place);
}

/* A HEAD that is reached cannot be left, and the string matches whatever comes: no other place counts. */
static void settle(const struct leaf *l, uint64_t *set)
{
	for (uint32_t at = 0; at < l->in_seqs.cnt; at++) {
		size_t part = bit(set, at) ? part_above(l, at) : SIZE_MAX;

		if (part == SIZE_MAX || l->p->parts[part].kind != PATTERN_HEAD)
			continue;
		memset(set, 0, words(l->in_seqs.cnt) * sizeof(*set));
		add_seq_place(l, set, at);
		return;
	}
}

static void seq_step(const struct leaf *l, const uint64_t *from, const uint64_t *symbol, uint64_t *to)
{
	bool empty = !bit(symbol, l->names_cnt);

	memset(to, 0, words(l->in_seqs.cnt) * sizeof(*to));
	for (uint32_t at = 0; at < l->in_seqs.cnt; at++) {
		size_t part = bit(from, at) ? part_above(l, at) : SIZE_MAX;

		if (part == SIZE_MAX)
			continue;
		switch (l->p->parts[part].kind) {
		case PATTERN_NAME:
			if (bit(symbol, l->name_of[part]) && !empty)
				add_seq_place(l, to, at - 1);
			break;
		case PATTERN_ANY:
			if (!empty)
				add_seq_place(l, to, at - 1);
			break;
		case PATTERN_MANY:
			if (!empty)
				add_seq_place(l, to, at);
			break;
		case PATTERN_HEAD:
			add_seq_place(l, to, at);
			break;
		case PATTERN_ROOT:
			if (empty)
				add_seq_place(l, to, at - 1);
			break;
		}
	}
	prune(l, &l->in_seqs, to, takes_all_names);
	settle(l, to);
}

static int matched(struct leaf *l, const uint64_t *set, uint32_t *ret)
{
	*ret = 0;
	for (uint32_t q = 0; q < l->in_seqs.things; q++)
		if (bit(set, l->in_seqs.begin[q]))
			*ret = 1;
	return 0;
}

static int build_paths(struct leaf *l)
{
	struct fsm *f = &l->c->path;
	cleanup_(intern_done) struct intern sets = INTERN_INIT(words(l->in_seqs.cnt));
	cleanup_free uint64_t *from = calloc(sets.words, sizeof(*from)), *to = calloc(sets.words, sizeof(*to));
	uint32_t id;
	int r;

	if (!from || !to)
		return -ENOMEM;
	f->cols = l->symbols.cnt;
	for (uint32_t q = 0; q < l->in_seqs.things; q++)
		add_seq_place(l, to, l->in_seqs.begin[q + 1] - 1);
	prune(l, &l->in_seqs, to, takes_all_names);
	settle(l, to);
	r = set_state(l, &sets, to, f, matched, &id);
	for (uint32_t s = 0; !r && s < f->states; s++) {
		memcpy(from, intern_key(&sets, s), sets.words * sizeof(*from));
		for (uint32_t c = 0; !r && c < f->cols; c++) {
			seq_step(l, from, intern_key(&l->symbols, c), to);
			r = set_state(l, &sets, to, f, matched, &id);
			f->next[(size_t)s * f->cols + c] = (uint16_t)id;
		}
	}
	return r;
}

int cascade_of_pattern(const struct pattern *p, struct cascade **ret, struct fsm_work *w)
{
	cleanup_(leaf_done) struct leaf l = {
		.p = p, .w = w, .any = pattern_any(p), .symbols = INTERN_INIT(1),
		.c = calloc(1, sizeof(*l.c)),
	};
	int r;

	if (!l.c)
		return -ENOMEM;
	l.c->separator = p->separator;
	r = find_names(&l);
	if (!r)
		r = name_places(&l);
	if (!r)
		r = byte_classes(&l);
	if (!r)
		r = build_names(&l);
	if (!r)
		r = seq_places(&l);
	if (!r)
		r = build_paths(&l);
	if (!r)
		r = cascade_minimise(l.c, w);
	if (r < 0)
		return r;
	*ret = take_ptr(l.c);
	return 0;
}
