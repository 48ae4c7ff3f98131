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
#include "match/words.h"
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
	struct dfa_set any_letters; /* classes, see dfa_builder_any_letters() */
	struct entry *entries;  /* in the order of addition */
	size_t entries_cnt, entries_size;
};

/* An automaton whose outcomes are numbers of sets of classes. */
struct node {
	struct cascade *c;
	struct dfa_set *sets;
	uint32_t sets_cnt;
};

struct dfa_combos {
	struct intern known;  /* sets by lane */
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
	const struct dfa_reduce *reduce; /* NULL: every set is kept as it is */
	uint16_t chain[DFA_CLASSES_MAX]; /* classes of words, the most important last */
	size_t chain_cnt;
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

void dfa_builder_any_letters(struct dfa_builder *b, unsigned int cls)
{
	dfa_set_add(&b->any_letters, cls);
}

static int parse_entry(const struct dfa_builder *b, const struct entry *entry, struct pattern **ret, struct errmsg *e)
{
	int r = parse(b, entry->text, ret, e);

	if (!r && !entry->negated && dfa_set_has(&b->any_letters, entry->cls))
		r = pattern_any_letters(*ret);
	return r;
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
	int r = parse_entry(g->b, entry, &p, g->work.e);

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

/* Sets that are equal without what makes no difference are one. */
static int reduce_sets(struct build *g, struct node *n)
{
	cleanup_(intern_done) struct intern distinct = INTERN_INIT(DFA_WORDS);
	cleanup_free uint32_t *outcome = calloc((size_t)n->sets_cnt + 1, sizeof(*outcome));

	if (!outcome)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->sets_cnt; i++) {
		int r;

		g->reduce->fn(g->reduce->arg, &n->sets[i]);
		r = intern_get(&distinct, n->sets[i].bits, &outcome[i]);
		if (r < 0)
			return r;
	}
	if (distinct.cnt == n->sets_cnt)
		return 0;
	for (uint32_t i = 0; i < distinct.cnt; i++)
		memcpy(n->sets[i].bits, intern_key(&distinct, i), sizeof(n->sets[i].bits));
	n->sets_cnt = distinct.cnt;
	relabel(&n->c->path, outcome);
	return cascade_minimise(n->c, &g->work);
}

static int unite(struct build *g, const struct node *a, const struct node *b, struct node *ret)
{
	cleanup_(intern_done) struct intern pairs = INTERN_INIT(1);
	int r;

	/* What is not reduced is never smaller again. */
	g->work.states_max = g->reduce ? 0 : SL_DFA_STATES_MAX;
	r = cascade_product(a->c, b->c, &pairs, &ret->c, &g->work);
	g->work.states_max = 0;
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
	r = g->reduce ? reduce_sets(g, ret) : 0;
	return r < 0 ? r : check_growth(g, ret);
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

static int build_words(struct build *g, size_t cnt, const uint8_t *lanes, size_t max_sets, struct dfa *d);

/* of: lanes of each of the cnt entries, NULL: there is one lane. */
static int finish(struct build *g, const struct node *n, const uint32_t *starts, size_t lanes, const uint8_t *of, size_t cnt,
		  unsigned int reserved, size_t max_sets, struct dfa **ret)
{
	cleanup_(dfa_freep) struct dfa *d = calloc(1, sizeof(*d));
	cleanup_free uint16_t *set_of = calloc(n->sets_cnt, sizeof(*set_of));
	int r;

	if (!d || !set_of)
		return -ENOMEM;
	if (of) {
		d->combos = calloc(1, sizeof(*d->combos));
		if (!d->combos)
			return -ENOMEM;
		d->combos->known = (struct intern)INTERN_INIT(1);
	}
	r = number_sets(n, reserved, max_sets, set_of, d, g->work.e);
	if (!r)
		r = table_build(n->c, set_of, starts, lanes, &d->info, &d->table, &g->work);
	if (!r && of)
		r = build_words(g, cnt, of, max_sets, d);
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

/* Entries out of the first cnt, sorted by class; of lane `lane` only, unless lanes is NULL. */
static void sort_entries(const struct dfa_builder *b, size_t cnt, const uint8_t *lanes, unsigned int lane, size_t *order,
			 size_t *ret_cnt)
{
	size_t at[DFA_CLASSES_MAX + 1] = { 0 };

	*ret_cnt = 0;
	for (size_t i = 0; i < cnt; i++)
		if (!lanes || lanes[i] >> lane & 1)
			at[b->entries[i].cls + 1]++;
	for (size_t c = 1; c <= DFA_CLASSES_MAX; c++)
		at[c] += at[c - 1];
	for (size_t i = 0; i < cnt; i++) {
		if (lanes && !(lanes[i] >> lane & 1))
			continue;
		order[at[b->entries[i].cls]++] = i;
		++*ret_cnt;
	}
}

/* ---- lanes ----------------------------------------------------------------------------------------------------- */

/* What is exact is in the first lane, whatever its form. The forms that multiply each other are kept apart. */
enum lane { LANE_EXACT, LANE_FLOATING, LANE_ANCHORED, LANE_NAMES, LANE_WORDS };
_Static_assert(LANE_WORDS == SL_DFA_LANES, "a state has room for all lanes, and words are none");

/* Any number of directories in between, below one anywhere or a given one; or else its depth is known from its end. */
static enum lane form_of(const struct pattern *p)
{
	for (size_t i = 0; i < p->parts_cnt; i++)
		if (p->parts[i].kind == PATTERN_MANY)
			return p->parts[0].kind == PATTERN_HEAD ? LANE_FLOATING : LANE_ANCHORED;
	return LANE_NAMES;
}

/*
 * Of classes that have words, the longest row in which each makes no difference beside the one behind it: what a name is in is then known by
 * the last of them that was met.
 */
static void find_chain(struct build *g, const struct dfa_set *words)
{
	uint16_t cls[DFA_CLASSES_MAX], length[DFA_CLASSES_MAX] = { 0 }, below[DFA_CLASSES_MAX];
	size_t cnt = 0, best = SIZE_MAX;

	for (unsigned int c = dfa_set_next(words, 0); c < DFA_CLASSES_MAX; c = dfa_set_next(words, c + 1)) {
		size_t at = cnt++;

		/* Behind all that it outweighs. */
		while (at && !g->reduce->outweighs(g->reduce->arg, c, cls[at - 1])) {
			cls[at] = cls[at - 1];
			at--;
		}
		cls[at] = (uint16_t)c;
	}
	for (size_t i = 0; i < cnt; i++) {
		below[i] = UINT16_MAX;
		for (size_t k = 0; k < i; k++)
			if (length[k] >= length[i] && g->reduce->outweighs(g->reduce->arg, cls[i], cls[k])) {
				length[i] = (uint16_t)(length[k] + 1);
				below[i] = (uint16_t)k;
			}
		if (best == SIZE_MAX || length[i] > length[best])
			best = i;
	}
	g->chain_cnt = best == SIZE_MAX ? 0 : length[best] + 1u;
	for (size_t at = g->chain_cnt; at; best = below[best])
		g->chain[--at] = cls[best];
}

/*
 * Lanes of each entry, as bits. A class is in several lanes when its patterns have several forms: it matches when one of its
 * parts does. What takes back is in each of them, so that it still takes back what came before; words are of classes without.
 */
static int choose_lanes(struct build *g, size_t cnt, uint8_t *lanes)
{
	uint8_t of_class[DFA_CLASSES_MAX] = { 0 };
	struct dfa_set words = { 0 }, takes_back = { 0 }, chain = { 0 };
	const struct entry *entries = g->b->entries;
	cleanup_free bool *is_word = calloc(cnt + 1, sizeof(*is_word));

	if (!is_word)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		cleanup_(pattern_freep) struct pattern *p = NULL;
		int r;

		lanes[i] = 1 << LANE_EXACT;
		if (!dfa_set_has(&g->reduce->may, entries[i].cls))
			continue;
		r = parse_entry(g->b, &entries[i], &p, g->work.e);
		if (r < 0)
			return r;
		lanes[i] = (uint8_t)(1 << form_of(p));
		is_word[i] = !entries[i].negated && words_takes(p);
		if (is_word[i] || entries[i].negated)
			dfa_set_add(entries[i].negated ? &takes_back : &words, entries[i].cls);
	}
	for (size_t k = 0; k < DFA_WORDS; k++)
		words.bits[k] &= ~takes_back.bits[k];
	find_chain(g, &words);
	for (size_t i = 0; i < g->chain_cnt; i++)
		dfa_set_add(&chain, g->chain[i]);
	for (size_t i = 0; i < cnt; i++) {
		if (is_word[i] && dfa_set_has(&chain, entries[i].cls))
			lanes[i] = 1 << LANE_WORDS;
		else if (!entries[i].negated)
			of_class[entries[i].cls] |= lanes[i];
	}
	for (size_t i = 0; i < cnt; i++)
		if (entries[i].negated && dfa_set_has(&g->reduce->may, entries[i].cls))
			lanes[i] = of_class[entries[i].cls];
	return 0;
}

/* The table of words. Their sets are the last ones, the most important the greatest. */
static int build_words(struct build *g, size_t cnt, const uint8_t *lanes, size_t max_sets, struct dfa *d)
{
	cleanup_(words_freep) struct words *words = words_new();
	uint16_t set_of[DFA_CLASSES_MAX] = { 0 };
	struct dfa_set *sets;

	if (!g->chain_cnt)
		return 0;
	if (d->info.sets + g->chain_cnt > max_sets)
		return errmsg_set(g->work.e, -E2BIG, "more than %zu combinations of classes", max_sets);
	sets = reallocarray(d->sets, d->info.sets + g->chain_cnt, sizeof(*sets));
	if (!words || !sets) {
		d->sets = sets ? sets : d->sets;
		return -ENOMEM;
	}
	d->sets = sets;
	for (size_t i = 0; i < g->chain_cnt; i++) {
		d->sets[d->info.sets] = (struct dfa_set){ 0 };
		dfa_set_add(&d->sets[d->info.sets], g->chain[i]);
		set_of[g->chain[i]] = (uint16_t)d->info.sets++;
	}
	for (size_t i = 0; i < cnt; i++) {
		cleanup_(pattern_freep) struct pattern *p = NULL;
		int r;

		if (lanes[i] != 1 << LANE_WORDS)
			continue;
		r = parse_entry(g->b, &g->b->entries[i], &p, g->work.e);
		if (!r)
			r = words_add(words, p, set_of[g->b->entries[i].cls], &g->work);
		if (r < 0)
			return r;
	}
	return words_build(words, &d->words, &d->info.words, &g->work);
}

/* n becomes n and, beside it, `more`. */
static int add_lane(struct build *g, struct node *n, const struct node *more, uint32_t *ret_start)
{
	struct cascade *joined;
	struct dfa_set *sets;
	int r = cascade_join(n->c, more->c, n->sets_cnt, &joined, &g->work);

	if (r < 0)
		return r;
	*ret_start = n->c->path.states;
	cascade_free(n->c);
	n->c = joined;
	sets = reallocarray(n->sets, (size_t)n->sets_cnt + more->sets_cnt, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	memcpy(sets + n->sets_cnt, more->sets, more->sets_cnt * sizeof(*sets));
	n->sets = sets;
	n->sets_cnt += more->sets_cnt;
	return check_growth(g, n);
}

/* The lanes of the first cnt entries side by side, those that have none left out. */
static int build_lanes(struct build *g, size_t cnt, uint8_t *lanes, size_t *order, struct node *ret, uint32_t *starts, size_t *ret_lanes)
{
	const struct dfa_reduce *reduce = g->reduce;
	size_t entries;
	int r = choose_lanes(g, cnt, lanes);

	*ret_lanes = 0;
	for (unsigned int lane = 0; !r && lane < SL_DFA_LANES; lane++) {
		cleanup_(node_done) struct node n = { 0 };

		sort_entries(g->b, cnt, lanes, lane, order, &entries);
		if (!entries && lane != LANE_EXACT)
			continue;
		g->reduce = lane == LANE_EXACT ? NULL : reduce;
		r = entries ? fold_classes(g, 0, entries, lane == LANE_EXACT ? ret : &n) : build_nothing(g, ret);
		if (!r && lane != LANE_EXACT)
			r = add_lane(g, ret, &n, &starts[*ret_lanes]);
		++*ret_lanes;
	}
	g->reduce = reduce;
	return r;
}

/* Builds of the first cnt entries. *work is what may be spent; what was spent is taken off. */
static int attempt(const struct dfa_builder *b, size_t cnt, unsigned int reserved, size_t max_sets,
		   const struct dfa_reduce *reduce, uint64_t *work, struct dfa **ret, struct errmsg *e)
{
	cleanup_free size_t *order = calloc(cnt + 1, sizeof(*order));
	cleanup_free uint8_t *of = calloc(cnt + 1, sizeof(*of));
	cleanup_(node_done) struct node n = { 0 };
	uint32_t starts[SL_DFA_LANES] = { 0 };
	size_t entries, lanes = 1;
	struct build g = {
		.b = b, .order = order, .max_sets = max_sets - reserved - 1, .reduce = reduce,
		.work = { .left = *work, .e = e },
	};
	int r;

	if (!order || !of)
		return -ENOMEM;
	if (reduce) {
		if (max_sets > 1u << SL_DFA_SET_BITS)
			max_sets = 1u << SL_DFA_SET_BITS;
		g.max_sets = max_sets - reserved - 1;
		r = build_lanes(&g, cnt, of, order, &n, starts, &lanes);
	} else {
		sort_entries(b, cnt, NULL, 0, order, &entries);
		r = cnt ? fold_classes(&g, 0, cnt, &n) : build_nothing(&g, &n);
	}
	if (!r)
		r = finish(&g, &n, starts, lanes, reduce ? of : NULL, cnt, reserved, max_sets, ret);
	*work = g.work.left;
	return r;
}

/* Finds the pattern that goes over by halving, and says so. The search may cost as much as the first attempt. */
static int too_large(const struct dfa_builder *b, unsigned int reserved, size_t max_sets, const struct dfa_reduce *reduce,
		     struct errmsg *e)
{
	size_t fits = 0, over = b->entries_cnt;
	uint64_t work = FSM_WORK_MAX;
	struct errmsg why = *e;

	while (over - fits > 1) {
		cleanup_(dfa_freep) struct dfa *d = NULL;
		size_t mid = fits + (over - fits) / 2;
		struct errmsg again = { 0 };
		int r = attempt(b, mid, reserved, max_sets, reduce, &work, &d, &again);

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

/* What is exact comes first, else in the order of addition: the first pattern that goes over is then one that could be spread. */
static int put_exact_first(struct dfa_builder *b, const struct dfa_set *may)
{
	struct entry *sorted = calloc(b->entries_cnt + 1, sizeof(*sorted));
	size_t at = 0;

	if (!sorted)
		return -ENOMEM;
	for (int spread = 0; spread < 2; spread++)
		for (size_t i = 0; i < b->entries_cnt; i++)
			if (dfa_set_has(may, b->entries[i].cls) == spread)
				sorted[at++] = b->entries[i];
	free(b->entries);
	b->entries = sorted;
	b->entries_size = b->entries_cnt + 1;
	return 0;
}

int dfa_build(struct dfa_builder *b, unsigned int reserved, unsigned int max_sets, struct dfa **ret, struct errmsg *e)
{
	return dfa_build_lanes(b, reserved, max_sets, NULL, ret, e);
}

int dfa_build_lanes(struct dfa_builder *b, unsigned int reserved, unsigned int max_sets, const struct dfa_reduce *reduce,
		    struct dfa **ret, struct errmsg *e)
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
	r = reduce ? put_exact_first(b, &reduce->may) : 0;
	if (r < 0)
		return r;
	r = reduce && reduce->always ? -E2BIG : attempt(b, b->entries_cnt, reserved, max_sets, NULL, &work, ret, e);
	if (r == -E2BIG && reduce) {
		work = FSM_WORK_MAX;
		r = attempt(b, b->entries_cnt, reserved, max_sets, reduce, &work, ret, e);
	}
	return r == -E2BIG && b->entries_cnt ? too_large(b, reserved, max_sets, reduce, e) : r;
}

void dfa_free(struct dfa *d)
{
	if (!d)
		return;
	if (d->combos)
		intern_done(&d->combos->known);
	free(d->combos);
	free(d->table);
	free(d->words);
	free(d->sets);
	free(d);
}

/* The id of sets in lanes; those of several get numbers. */
static unsigned int number_lanes(const struct dfa *d, uint64_t sets)
{
	uint32_t id;

	if (!d->combos)
		return (unsigned int)sets;
	for (unsigned int i = 0; i < SL_DFA_SETS; i++)
		if (!(sets & ~((uint64_t)SL_DFA_SET(~0ull, 0) << (i * SL_DFA_SET_BITS))))
			return SL_DFA_SET(sets, i);
	if (d->combos->known.cnt >= SL_COMBOS_MAX || intern_get(&d->combos->known, &sets, &id) < 0)
		return 1;
	return SL_COMBOS_FIRST + id;
}

/* Where a string's lanes, its component and the words of its last one stand. */
struct run {
	uint64_t lanes;
	uint32_t name, word;
	__s64 met;
	bool above;     /* the last component is read */
	bool dead;      /* and nothing more can be found */
};

static struct run run_start(const struct dfa *d)
{
	return (struct run){ .lanes = d->info.lanes, .name = d->table->name_start, .above = !d->words };
}

/* byte: as it is, or SL_DFA_FOLD more. */
static void run_step(const struct dfa *d, struct run *r, uint32_t byte)
{
	const struct sl_dfa *t = d->table;
	uint32_t cls = t->cls[byte];

	if (!r->above && cls) {
		r->word = sl_dfa_word(d->words, d->info.words, r->word, d->words->cls[byte], &r->met);
	} else if (!r->above) {
		uint32_t end = sl_dfa_symbol(d->words, d->info.words, r->word);

		r->met = end > r->met ? end : r->met;
		r->above = true;
	}
	r->name = sl_dfa_name(t, d->info.limit, r->name, cls);
	if (cls)
		return;
	r->lanes = sl_dfa_components(t, d->info.shift, d->info.limit, d->info.lanes, r->lanes, r->name);
	r->name = t->name_start;
	r->dead = !r->lanes;
}

static unsigned int run_end(const struct dfa *d, const struct run *r)
{
	uint64_t sets = 0;

	if (r->lanes)
		sets = sl_dfa_sets(d->table, d->info.shift, d->info.limit, d->info.lanes, r->lanes, r->name);
	return number_lanes(d, sets | (r->above ? (uint64_t)r->met << SL_DFA_LANES * SL_DFA_SET_BITS : 0));
}

unsigned int dfa_match(const struct dfa *d, const char *s, size_t len)
{
	struct run r = run_start(d);

	while (len && !r.dead)
		run_step(d, &r, (uint8_t)s[--len]);
	return run_end(d, &r);
}

uint64_t dfa_lanes(const struct dfa *d, unsigned int set)
{
	if (set < d->info.sets)
		return set;
	set -= SL_COMBOS_FIRST;
	return d->combos && set < d->combos->known.cnt ? *intern_key(&d->combos->known, set) : 0;
}

struct dfa_set dfa_classes(const struct dfa *d, unsigned int set)
{
	uint64_t lanes = dfa_lanes(d, set);
	struct dfa_set all = { 0 };

	if (!d->combos)
		return d->sets[lanes];
	for (unsigned int i = 0; i < SL_DFA_SETS; i++)
		for (size_t k = 0; k < DFA_WORDS; k++)
			all.bits[k] |= d->sets[SL_DFA_SET(lanes, i)].bits[k];
	return all;
}

unsigned int dfa_match_names(const struct dfa *d, const char *s, size_t len, const uint8_t *how, bool *ret_unknown)
{
	uint16_t folded[SL_PATH_MAX];
	struct run r = run_start(d);
	size_t component = 0, unknown, n;
	unsigned int set;

	*ret_unknown = false;
	if (!how || len > SL_PATH_MAX)
		return dfa_match(d, s, len);
	for (size_t i = 0; i < len; i++)
		component += s[i] == '/';
	n = names_fold(s, len, how, folded, &unknown);
	while (n && !r.dead) {
		component -= folded[--n] == '/';
		run_step(d, &r, folded[n]);
	}
	set = run_end(d, &r);
	/* What is above a dead end does not matter. */
	*ret_unknown = !set && unknown != SIZE_MAX && (!r.dead || unknown > component);
	return set;
}

unsigned int dfa_match_record(const struct dfa *d, const char *s, size_t len, unsigned int str_flags, bool *ret_unknown)
{
	uint8_t how[SL_PATH_MAX + 1];

	if (str_flags & SL_STR_FOLDS)
		memset(how, str_flags & SL_STR_DOS ? SL_NAMES_DOS : SL_NAMES_FOLD, sizeof(how));
	return dfa_match_names(d, s, len, str_flags & SL_STR_FOLDS ? how : NULL, ret_unknown);
}
