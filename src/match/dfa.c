/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: from classes of patterns to one table, and what is said when they do not fit one.
 *
 * Every pattern becomes a small automaton of its own (leaf.c). These are folded in pairs: first within a class, where
 * the later pattern that matches decides, minimising after each step; then across classes, where the outcome is the
 * set of classes and the product of minimal automata needs no minimising. So no step is much larger than its result.
 */
#include "match/dfa.h"

#include <errno.h>
#include <string.h>

#include "match/cascade.h"
#include "match/domain.h"
#include "match/glob.h"
#include "match/names.h"
#include "match/table.h"
#include "record.h"

/* Patterns in one builder: four bytes of the largest table for each. */
#define PATTERNS_MAX 65536

/* Outcomes while a class is folded. */
#define NONE 0
#define MATCH 1
#define TAKES_BACK 2

struct entry {
	char *text;         /* without the '!'; owned */
	unsigned int cls;
	bool negated;
};

struct dfa_builder {
	enum dfa_dialect dialect;
	const char *const *homes;
	size_t homes_cnt;
	struct entry *entries;  /* in the order of addition */
	size_t entries_cnt, entries_size;
};

/* An automaton whose outcomes are numbers of sets of classes. */
struct node {
	struct cascade *c;
	struct dfa_set *sets;
	uint32_t sets_cnt;
};

static void node_done(struct node *n)
{
	cascade_free(n->c);
	free(n->sets);
}

/* One attempt to build. */
struct build {
	const struct dfa_builder *b;
	const size_t *order;  /* entry numbers by class, then by order of addition */
	size_t max_sets;      /* besides set 0 and the reserved ones */
	struct fsm_work work;
};

struct dfa_builder *dfa_builder_new(enum dfa_dialect dialect, const char *const *homes, size_t homes_cnt)
{
	struct dfa_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->dialect = dialect;
	b->homes = homes;
	b->homes_cnt = homes_cnt;
	return b;
}

void dfa_builder_free(struct dfa_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->entries_cnt; i++)
		free(b->entries[i].text);
	free(b->entries);
	free(b);
}

static int parse(const struct dfa_builder *b, const char *text, struct pattern **ret, struct errmsg *e)
{
	switch (b->dialect) {
	case DFA_PATH:
		return glob_parse(text, b->homes, b->homes_cnt, ret, e);
	case DFA_DOMAIN:
		return domain_parse(text, ret, e);
	}
	return -EINVAL;
}

int dfa_builder_add(struct dfa_builder *b, unsigned int cls, const char *pattern, struct errmsg *e)
{
	cleanup_(pattern_freep) struct pattern *p = NULL;
	cleanup_free char *text = NULL;
	bool negated = pattern[0] == '!';
	int r;

	if (cls >= DFA_CLASSES_MAX)
		return errmsg_set(e, -E2BIG, "more than %d classes of patterns", DFA_CLASSES_MAX);
	if (b->entries_cnt >= PATTERNS_MAX)
		return errmsg_set(e, -E2BIG, "more than %d patterns", PATTERNS_MAX);
	r = parse(b, pattern + negated, &p, e);
	if (r == -EINVAL && e && negated)
		e->column++;
	if (r < 0)
		return r;
	text = strdup(pattern + negated);
	if (!text)
		return -ENOMEM;
	if (b->entries_cnt == b->entries_size) {
		size_t size = b->entries_size ? b->entries_size * 2 : 64;
		struct entry *moved = reallocarray(b->entries, size, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		b->entries = moved;
		b->entries_size = size;
	}
	b->entries[b->entries_cnt++] = (struct entry){ .text = take_ptr(text), .cls = cls, .negated = negated };
	return 0;
}

/* ---- within a class -------------------------------------------------------------------------------------------- */

static void relabel(struct fsm *f, const uint32_t *outcome)
{
	for (uint32_t s = 0; s < f->states; s++)
		f->label[s] = outcome[f->label[s]];
}

static int build_entry(struct build *g, const struct entry *entry, struct cascade **ret)
{
	static const uint32_t negated[] = { NONE, TAKES_BACK };
	cleanup_(pattern_freep) struct pattern *p = NULL;
	int r = parse(g->b, entry->text, &p, g->work.e);

	if (!r)
		r = cascade_of_pattern(p, ret, &g->work);
	if (!r && entry->negated)
		relabel(&(*ret)->path, negated);
	return r;
}

/* The later one decides where it matches. */
static int last_match(struct build *g, const struct cascade *a, const struct cascade *b, struct cascade **ret)
{
	cleanup_(cascade_freep) struct cascade *c = NULL;
	cleanup_(intern_done) struct intern pairs = INTERN_INIT(1);
	uint32_t outcome[9] = { 0 };
	int r = cascade_product(a, b, &pairs, &c, &g->work);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < pairs.cnt; i++) {
		uint32_t earlier = *intern_key(&pairs, i) >> 32, later = (uint32_t)*intern_key(&pairs, i);

		outcome[i] = later != NONE ? later : earlier;
	}
	relabel(&c->path, outcome);
	r = cascade_minimise(c, &g->work);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

/* Entries order[from .. to). */
static int fold_class(struct build *g, size_t from, size_t to, struct cascade **ret)
{
	cleanup_(cascade_freep) struct cascade *a = NULL, *b = NULL;
	size_t mid = from + (to - from) / 2;
	int r;

	if (to - from == 1)
		return build_entry(g, &g->b->entries[g->order[from]], ret);
	r = fold_class(g, from, mid, &a);
	if (!r)
		r = fold_class(g, mid, to, &b);
	return r < 0 ? r : last_match(g, a, b, ret);
}

static int build_class(struct build *g, size_t from, size_t to, struct node *ret)
{
	static const uint32_t decided[] = { [NONE] = 0, [MATCH] = 1, [TAKES_BACK] = 0 };
	unsigned int cls = g->b->entries[g->order[from]].cls;
	int r = fold_class(g, from, to, &ret->c);

	if (r < 0)
		return r;
	relabel(&ret->c->path, decided);
	ret->sets = calloc(2, sizeof(*ret->sets));
	if (!ret->sets)
		return -ENOMEM;
	ret->sets[1].bits[cls / 64] |= 1ull << (cls % 64);
	ret->sets_cnt = 2;
	return cascade_minimise(ret->c, &g->work);
}

/* ---- across classes -------------------------------------------------------------------------------------------- */

/* Both grow with every class, so there is no need to go on. */
static int check_growth(struct build *g, const struct node *n)
{
	/* Nothing has a number already. */
	if (n->sets_cnt > g->max_sets + 1)
		return errmsg_set(g->work.e, -E2BIG,
				  "more than %zu combinations of classes that a string can be in at once", g->max_sets);
	if (n->c->path.states > SL_DFA_STATES_MAX || n->c->name.states > SL_DFA_STATES_MAX)
		return errmsg_set(g->work.e, -E2BIG, "more than %d states", SL_DFA_STATES_MAX);
	return 0;
}

static int unite(struct build *g, const struct node *a, const struct node *b, struct node *ret)
{
	cleanup_(intern_done) struct intern pairs = INTERN_INIT(1);
	int r = cascade_product(a->c, b->c, &pairs, &ret->c, &g->work);

	if (r < 0)
		return r;
	ret->sets_cnt = pairs.cnt;
	ret->sets = calloc(pairs.cnt, sizeof(*ret->sets));
	if (!ret->sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < pairs.cnt; i++) {
		const struct dfa_set *x = &a->sets[*intern_key(&pairs, i) >> 32];
		const struct dfa_set *y = &b->sets[(uint32_t)*intern_key(&pairs, i)];

		for (size_t k = 0; k < DFA_WORDS; k++)
			ret->sets[i].bits[k] = x->bits[k] | y->bits[k];
	}
	return check_growth(g, ret);
}

/* Classes whose entries are order[from .. to); there is at least one entry. */
static int fold_classes(struct build *g, size_t from, size_t to, struct node *ret)
{
	cleanup_(node_done) struct node a = { 0 }, b = { 0 };
	const struct entry *entries = g->b->entries;
	size_t mid = from + (to - from) / 2;
	int r;

	if (entries[g->order[from]].cls == entries[g->order[to - 1]].cls)
		return build_class(g, from, to, ret);
	/* Cut between two classes, near the middle. */
	while (mid > from && entries[g->order[mid - 1]].cls == entries[g->order[mid]].cls)
		mid--;
	while (mid == from || entries[g->order[mid - 1]].cls == entries[g->order[mid]].cls)
		mid++;
	r = fold_classes(g, from, mid, &a);
	if (!r)
		r = fold_classes(g, mid, to, &b);
	return r < 0 ? r : unite(g, &a, &b, ret);
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static bool set_empty(const struct dfa_set *s)
{
	for (size_t i = 0; i < DFA_WORDS; i++)
		if (s->bits[i])
			return false;
	return true;
}

/* Ids of the sets that some string has, in the order in which a breadth-first walk meets them. */
static int number_sets(const struct node *n, unsigned int reserved, size_t max_sets, uint16_t *set_of, struct dfa *d,
		       struct errmsg *e)
{
	uint32_t next = reserved + 1;

	d->sets = calloc((size_t)next + n->sets_cnt, sizeof(*d->sets));
	if (!d->sets)
		return -ENOMEM;
	for (uint32_t s = 0; s < n->c->path.states; s++) {
		uint32_t label = n->c->path.label[s];

		if (set_of[label] || set_empty(&n->sets[label]))
			continue;
		if (next >= max_sets || next > UINT16_MAX)
			return errmsg_set(e, -E2BIG, "more than %zu combinations of classes", max_sets);
		d->sets[next] = n->sets[label];
		set_of[label] = (uint16_t)next++;
	}
	d->info.sets = next;
	return 0;
}

static int finish(struct build *g, const struct node *n, unsigned int reserved, size_t max_sets, struct dfa **ret)
{
	cleanup_(dfa_freep) struct dfa *d = calloc(1, sizeof(*d));
	cleanup_free uint16_t *set_of = calloc(n->sets_cnt, sizeof(*set_of));
	int r;

	if (!d || !set_of)
		return -ENOMEM;
	r = number_sets(n, reserved, max_sets, set_of, d, g->work.e);
	if (!r)
		r = table_build(n->c, set_of, &d->info, &d->table, &g->work);
	if (r < 0)
		return r;
	*ret = take_ptr(d);
	return 0;
}

static int build_nothing(struct build *g, struct node *ret)
{
	ret->sets_cnt = 1;
	ret->sets = calloc(1, sizeof(*ret->sets));
	if (!ret->sets)
		return -ENOMEM;
	return cascade_of_nothing(g->b->dialect == DFA_PATH ? '/' : '.', &ret->c, &g->work);
}

/* Builds of the first cnt entries. *work is what may be spent; what was spent is taken off. */
static int attempt(const struct dfa_builder *b, size_t cnt, unsigned int reserved, size_t max_sets, uint64_t *work,
		   struct dfa **ret, struct errmsg *e)
{
	cleanup_free size_t *order = calloc(cnt + 1, sizeof(*order));
	cleanup_(node_done) struct node n = { 0 };
	size_t at[DFA_CLASSES_MAX + 1] = { 0 };
	struct build g = {
		.b = b, .order = order, .max_sets = max_sets - reserved - 1,
		.work = { .left = *work, .e = e },
	};
	int r;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		at[b->entries[i].cls + 1]++;
	for (size_t c = 1; c <= DFA_CLASSES_MAX; c++)
		at[c] += at[c - 1];
	for (size_t i = 0; i < cnt; i++)
		order[at[b->entries[i].cls]++] = i;
	r = cnt ? fold_classes(&g, 0, cnt, &n) : build_nothing(&g, &n);
	if (!r)
		r = finish(&g, &n, reserved, max_sets, ret);
	*work = g.work.left;
	return r;
}

/* Finds the pattern that goes over by halving, and says so. The search may cost as much as the first attempt. */
static int too_large(const struct dfa_builder *b, unsigned int reserved, size_t max_sets, struct errmsg *e)
{
	size_t fits = 0, over = b->entries_cnt;
	uint64_t work = FSM_WORK_MAX;
	struct errmsg why = *e;

	while (over - fits > 1) {
		cleanup_(dfa_freep) struct dfa *d = NULL;
		size_t mid = fits + (over - fits) / 2;
		struct errmsg again = { 0 };
		int r = attempt(b, mid, reserved, max_sets, &work, &d, &again);

		if (r < 0 && r != -E2BIG)
			return r;
		if (r < 0 && !work)
			break;
		if (r < 0) {
			over = mid;
			why = again;
		} else {
			fits = mid;
		}
	}
	return errmsg_set(e, -E2BIG,
			  "too many patterns for one table: %.300s; \"%s%.200s\" %s: begin patterns with a directory "
			  "instead of **, use fewer * and ?, or put them in fewer classes",
			  why.text, b->entries[over - 1].negated ? "!" : "", b->entries[over - 1].text,
			  over - fits > 1 ? "or one before it goes over" : "is the first that does not fit");
}

int dfa_build(struct dfa_builder *b, unsigned int reserved, unsigned int max_sets, struct dfa **ret, struct errmsg *e)
{
	struct errmsg mine = { 0 };
	uint64_t work = FSM_WORK_MAX;
	int r;

	if (!e)
		e = &mine;
	if (max_sets > UINT16_MAX + 1u)
		max_sets = UINT16_MAX + 1u;
	if (max_sets <= reserved)
		return errmsg_set(e, -E2BIG, "no room for match sets: %u of %u are reserved", reserved, max_sets);
	r = attempt(b, b->entries_cnt, reserved, max_sets, &work, ret, e);
	return r == -E2BIG && b->entries_cnt ? too_large(b, reserved, max_sets, e) : r;
}

void dfa_free(struct dfa *d)
{
	if (!d)
		return;
	free(d->table);
	free(d->sets);
	free(d);
}

unsigned int dfa_match(const struct dfa *d, const char *s, size_t len)
{
	uint32_t state = d->info.start;

	while (len && state != SL_DFA_DEAD)
		state = sl_dfa_step(d->table, d->info.shift, d->info.limit, state, (uint8_t)s[--len]);
	return sl_dfa_accept(d->table, d->info.shift, d->info.limit, state);
}

unsigned int dfa_match_names(const struct dfa *d, const char *s, size_t len, const uint8_t *how, bool *ret_unknown)
{
	uint16_t folded[SL_PATH_MAX];
	uint32_t state = d->info.start;
	size_t component = 0, unknown, n;
	unsigned int set;

	*ret_unknown = false;
	if (!how || len > SL_PATH_MAX)
		return dfa_match(d, s, len);
	for (size_t i = 0; i < len; i++)
		component += s[i] == '/';
	n = names_fold(s, len, how, folded, &unknown);
	while (n && state != SL_DFA_DEAD) {
		component -= folded[--n] == '/';
		state = sl_dfa_step(d->table, d->info.shift, d->info.limit, state, folded[n]);
	}
	set = sl_dfa_accept(d->table, d->info.shift, d->info.limit, state);
	/* What is above a dead end does not matter. */
	*ret_unknown = !set && unknown != SIZE_MAX && (state != SL_DFA_DEAD || unknown > component);
	return set;
}

unsigned int dfa_match_record(const struct dfa *d, const char *s, size_t len, unsigned int str_flags, bool *ret_unknown)
{
	uint8_t how[SL_PATH_MAX + 1];

	if (str_flags & SL_STR_FOLDS)
		memset(how, str_flags & SL_STR_DOS ? SL_NAMES_DOS : SL_NAMES_FOLD, sizeof(how));
	return dfa_match_names(d, s, len, str_flags & SL_STR_FOLDS ? how : NULL, ret_unknown);
}
