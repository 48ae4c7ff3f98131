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

#include "match/dfa_internal.h"
#include "match/domain.h"
#include "match/glob.h"
#include "match/joint.h"
#include "match/names.h"
#include "match/table.h"
#include "record.h"

/* Patterns in one builder: four bytes of the largest table for each. */
#define PATTERNS_MAX 65536

/* Transitions of one machine while there is another way, as FSM_CELLS_MAX. */
#define SINGLE_CELLS_MAX (1u << 20)
#define EXACT_CELLS_MAX (4u << 20)

/* Outcomes while a class is folded. */
#define NONE 0
#define MATCH 1
#define TAKES_BACK 2

struct dfa_combos {
	struct intern known;  /* sets by lane */
};

static void node_done(struct node *n)
{
	cascade_free(n->c);
	free(n->sets);
	*n = (struct node){ 0 };
}

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
	for (int i = 0; i < HOMES_KINDS; i++)
		free(b->homes_of[i]);
	free(b);
}

int dfa_parse(const struct dfa_builder *b, const char *text, enum homes homes, struct pattern **ret, struct errmsg *e)
{
	switch (b->dialect) {
	case DFA_PATH:
		if (homes == HOMES_ALL)
			return glob_parse(text, b->homes, b->homes_cnt, ret, e);
		return glob_parse(text, b->homes_of[homes], b->homes_of_cnt[homes], ret, e);
	case DFA_DOMAIN:
		return domain_parse(text, ret, e);
	}
	return -EINVAL;
}

void dfa_builder_any_letters(struct dfa_builder *b, unsigned int cls)
{
	dfa_set_add(&b->any_letters, cls);
}

int dfa_parse_entry(const struct dfa_builder *b, const struct entry *entry, enum homes homes, struct pattern **ret, struct errmsg *e)
{
	int r = dfa_parse(b, entry->text, homes, ret, e);

	if (!r && !entry->negated && dfa_set_has(&b->any_letters, entry->cls))
		r = pattern_any_letters(*ret);
	return r;
}

int dfa_append(struct dfa_builder *b, unsigned int cls, const char *text, bool negated)
{
	cleanup_free char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	if (b->entries_cnt == b->entries_size) {
		size_t size = b->entries_size ? b->entries_size * 2 : 64;
		struct entry *moved = reallocarray(b->entries, size, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		b->entries = moved;
		b->entries_size = size;
	}
	b->entries[b->entries_cnt++] = (struct entry){ .text = take_ptr(copy), .cls = cls, .negated = negated };
	return 0;
}

int dfa_builder_add(struct dfa_builder *b, unsigned int cls, const char *pattern, struct errmsg *e)
{
	cleanup_(pattern_freep) struct pattern *p = NULL;
	bool negated = pattern[0] == '!';
	int r;

	if (cls >= DFA_CLASSES_USED)
		return errmsg_set(e, -E2BIG, "more than %d classes of patterns", DFA_CLASSES_USED);
	if (b->entries_cnt >= PATTERNS_MAX)
		return errmsg_set(e, -E2BIG, "more than %d patterns", PATTERNS_MAX);
	r = dfa_parse(b, pattern + negated, HOMES_ALL, &p, e);
	if (r == -EINVAL && e && negated)
		e->column++;
	return r < 0 ? r : dfa_append(b, cls, pattern + negated, negated);
}

/* ---- within a class -------------------------------------------------------------------------------------------- */

static void relabel(struct fsm *f, const uint32_t *outcome)
{
	for (uint32_t s = 0; s < f->states; s++)
		f->label[s] = outcome[f->label[s]];
}

static int build_entry(struct build *g, size_t at, struct cascade **ret)
{
	const struct entry *entry = &g->b->entries[at];
	static const uint32_t negated[] = { NONE, TAKES_BACK };
	cleanup_(pattern_freep) struct pattern *p = NULL;
	int r = dfa_parse_entry(g->b, entry, lanes_homes(g, at, g->at), &p, g->work.e);

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
		return build_entry(g, g->order[from], ret);
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
	int r;

	/* What is not reduced is never smaller again. */
	g->work.states_max = SL_DFA_STATES_MAX;
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
	return check_growth(g, ret);
}

/* Cuts entries order[from .. to) between two classes, near the middle; SIZE_MAX: they are of one class. */
static size_t cut_classes(const struct build *g, size_t from, size_t to)
{
	const struct entry *entries = g->b->entries;
	size_t mid = from + (to - from) / 2;

	if (entries[g->order[from]].cls == entries[g->order[to - 1]].cls)
		return SIZE_MAX;
	while (mid > from && entries[g->order[mid - 1]].cls == entries[g->order[mid]].cls)
		mid--;
	while (mid == from || entries[g->order[mid - 1]].cls == entries[g->order[mid]].cls)
		mid++;
	return mid;
}

/* All classes of entries order[from .. to) for joint_product(). */
struct several {
	struct node *nodes;      /* of each class */
	uint32_t **cols;         /* symbol -> column of its path */
	struct joint_class *classes;
	size_t cnt;
};

static void several_done(struct several *s)
{
	for (size_t i = 0; i < s->cnt; i++) {
		node_done(&s->nodes[i]);
		free(s->cols[i]);
	}
	free(s->nodes);
	free(s->cols);
	free(s->classes);
}

static int several_init(struct build *g, size_t from, size_t to, struct several *s)
{
	const struct entry *entries = g->b->entries;
	int r = 0;

	s->nodes = calloc(to - from, sizeof(*s->nodes));
	s->cols = calloc(to - from, sizeof(*s->cols));
	s->classes = calloc(to - from, sizeof(*s->classes));
	if (!s->nodes || !s->cols || !s->classes)
		return -ENOMEM;
	for (size_t next; !r && from < to; from = next, s->cnt++) {
		unsigned int cls = entries[g->order[from]].cls;

		for (next = from + 1; next < to && entries[g->order[next]].cls == cls; )
			next++;
		r = build_class(g, from, next, &s->nodes[s->cnt]);
		s->classes[s->cnt] = (struct joint_class){ .cls = cls };
	}
	return r;
}

/* The names of classes from .. to-1. */
static int pair_names(struct build *g, struct several *s, size_t from, size_t to, struct cascade **ret)
{
	cleanup_(cascade_freep) struct cascade *a = NULL, *b = NULL;
	cleanup_free uint32_t *a_col = NULL, *b_col = NULL;
	size_t mid = from + (to - from) / 2;
	int r;

	if (to - from == 1) {
		r = cascade_own_columns(s->nodes[from].c, &s->cols[from]);
		return r < 0 ? r : cascade_take_names(s->nodes[from].c, ret);
	}
	r = pair_names(g, s, from, mid, &a);
	if (!r)
		r = pair_names(g, s, mid, to, &b);
	if (!r)
		r = cascade_pair_names(a, b, ret, &a_col, &b_col, &g->work);
	for (size_t i = from; !r && i < to; i++)
		r = cascade_map_columns(&s->cols[i], i < mid ? a_col : b_col, (*ret)->path.cols);
	return r < 0 ? r : fsm_spend(&g->work, (to - from) * (uint64_t)(*ret)->path.cols / 8);
}

/* With what makes no difference left out. */
static int fold_reduced(struct build *g, size_t from, size_t to, struct node *ret)
{
	cleanup_(several_done) struct several s = { 0 };
	int r = several_init(g, from, to, &s);

	if (!r)
		r = pair_names(g, &s, 0, s.cnt, &ret->c);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s.cnt; i++) {
		s.classes[i].path = &s.nodes[i].c->path;
		s.classes[i].col = s.cols[i];
	}
	r = joint_product(s.classes, s.cnt, ret->c->path.cols, g->reduce, &ret->c->path, &ret->sets, &ret->sets_cnt, &g->work);
	if (!r)
		r = cascade_minimise(ret->c, &g->work);
	return r < 0 ? r : check_growth(g, ret);
}

int dfa_fold(struct build *g, size_t from, size_t to, struct node *ret)
{
	cleanup_(node_done) struct node a = { 0 }, b = { 0 };
	size_t mid = cut_classes(g, from, to);
	int r;

	if (mid == SIZE_MAX)
		return build_class(g, from, to, ret);
	if (g->reduce)
		return fold_reduced(g, from, to, ret);
	r = dfa_fold(g, from, mid, &a);
	if (!r)
		r = dfa_fold(g, mid, to, &b);
	return r < 0 ? r : unite(g, &a, &b, ret);
}

int dfa_fold_nothing(struct build *g, struct node *ret)
{
	ret->sets_cnt = 1;
	ret->sets = calloc(1, sizeof(*ret->sets));
	if (!ret->sets)
		return -ENOMEM;
	return cascade_of_nothing(g->b->dialect == DFA_PATH ? '/' : '.', &ret->c, &g->work);
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static bool set_empty(const struct dfa_set *s)
{
	for (size_t i = 0; i < DFA_WORDS; i++)
		if (s->bits[i])
			return false;
	return true;
}

/*
 * Ids of the sets that some string has, in the order in which a breadth-first walk of each lane meets them. below: by outcome, which
 * of the classes "below a home" it is, 1 or 2.
 */
static int number_sets(const struct node *n, size_t max_sets, uint16_t *set_of, uint8_t *below, struct dfa *d, struct errmsg *e)
{
	uint32_t next = d->info.sets;
	struct dfa_set *sets = reallocarray(d->sets, (size_t)next + n->sets_cnt, sizeof(*sets));

	if (!sets)
		return -ENOMEM;
	d->sets = sets;
	for (uint32_t s = 0; s < n->c->path.states; s++) {
		uint32_t label = n->c->path.label[s];
		struct dfa_set *set = &n->sets[label];

		if (set_of[label] || set_empty(set))
			continue;
		below[label] = dfa_set_has(set, CLASS_BELOW_USUAL) ? 2 : dfa_set_has(set, CLASS_BELOW_TOP);
		if (below[label]) {
			/* Nothing else is said of it (lanes.c): its set is that of the path from there. */
			set_of[label] = SL_DFA_BELOW;
			continue;
		}
		if (next >= max_sets || next > UINT16_MAX)
			return errmsg_set(e, -E2BIG, "more than %zu combinations of classes", max_sets);
		d->sets[next] = *set;
		set_of[label] = (uint16_t)next++;
	}
	d->info.sets = next;
	return 0;
}

/* What is in the lanes, as a table. */
struct layout {
	struct table_lane lane[SL_DFA_LANES];
	uint32_t *col[SL_DFA_LANES];
	uint16_t *set_of[SL_DFA_LANES];
	uint8_t *below[SL_DFA_LANES];
	struct cascade *names;
};

static void layout_done(struct layout *l)
{
	for (size_t i = 0; i < SL_DFA_LANES; i++) {
		free(l->col[i]);
		free(l->set_of[i]);
		free(l->below[i]);
	}
	cascade_free(l->names);
}

static int lay_out(struct build *g, size_t max_sets, struct dfa *d)
{
	cleanup_(layout_done) struct layout l = { 0 };
	struct cascade *c[SL_DFA_LANES];
	size_t cnt = 0;
	int r = 0;

	for (size_t i = 0; !r && i < SL_DFA_LANES; i++) {
		const struct node *n = &g->lane[i];

		if (!n->c)
			continue;
		c[cnt++] = n->c;
		l.set_of[i] = calloc(n->sets_cnt, sizeof(*l.set_of[i]));
		l.below[i] = calloc(n->sets_cnt, sizeof(*l.below[i]));
		r = l.set_of[i] && l.below[i] ? number_sets(n, max_sets, l.set_of[i], l.below[i], d, g->work.e) : -ENOMEM;
	}
	if (!r)
		r = cascade_join_names(c, cnt, &l.names, l.col, &g->work);
	if (r < 0)
		return r;
	/* The columns are of those that there are. */
	for (size_t i = SL_DFA_LANES; i--;) {
		if (!g->lane[i].c)
			continue;
		l.lane[i] = (struct table_lane){ .path = &g->lane[i].c->path, .col = l.col[--cnt], .set_of = l.set_of[i] };
		if (i == LANE_ANCHORED && g->below_homes)
			l.lane[i].below = l.below[i];
	}
	return table_build(l.names, l.lane, g->spread != SPREAD_NOT, &d->info, &d->table, &g->work);
}

/* of: lanes of each of the cnt entries. */
static int finish(struct build *g, const uint8_t *of, size_t cnt, unsigned int reserved, size_t max_sets, struct dfa **ret)
{
	cleanup_(dfa_freep) struct dfa *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->info.sets = reserved + 1;
	d->sets = calloc(d->info.sets, sizeof(*d->sets));
	if (!d->sets)
		return -ENOMEM;
	if (g->spread != SPREAD_NOT) {
		d->combos = calloc(1, sizeof(*d->combos));
		if (!d->combos)
			return -ENOMEM;
		d->combos->known = (struct intern)INTERN_INIT(1);
	}
	r = lay_out(g, max_sets, d);
	if (!r)
		r = lanes_build_words(g, cnt, of, max_sets, d);
	if (r < 0)
		return r;
	*ret = take_ptr(d);
	return 0;
}

static void build_done(struct build *g)
{
	for (size_t i = 0; i < SL_DFA_LANES; i++)
		node_done(&g->lane[i]);
	free(g->order);
}

/* Builds of the first cnt entries. *work is what may be spent; what was spent is taken off. */
static int attempt(const struct dfa_builder *b, size_t cnt, unsigned int reserved, size_t max_sets, enum spread spread,
		   const struct dfa_reduce *reduce, struct fsm_work *work, struct dfa **ret)
{
	cleanup_(build_done) struct build g = { .b = b, .spread = spread, .work = *work };
	cleanup_free uint8_t *of = calloc(cnt + 1, sizeof(*of));
	int r;

	g.order = calloc(cnt + 1, sizeof(*g.order));
	if (!g.order || !of)
		return -ENOMEM;
	if (spread != SPREAD_NOT && max_sets > 1u << SL_DFA_SET_BITS)
		max_sets = 1u << SL_DFA_SET_BITS;
	if (spread == SPREAD_FORMS)
		g.reduce = reduce;
	g.max_sets = max_sets - reserved - 1;
	r = lanes_build(&g, cnt, of);
	g.work.cells_max = 0;
	if (!r)
		r = finish(&g, of, cnt, reserved, max_sets, ret);
	work->left = g.work.left;
	return r;
}

/* Finds the pattern that goes over by halving, and says so. The search may cost as much as the first attempt. */
static int too_large(const struct dfa_builder *b, unsigned int reserved, size_t max_sets, const struct dfa_reduce *reduce,
		     struct errmsg *e)
{
	size_t fits = 0, over = b->entries_cnt;
	struct fsm_work work = { .left = FSM_WORK_MAX };
	struct errmsg why = *e;

	while (over - fits > 1) {
		cleanup_(dfa_freep) struct dfa *d = NULL;
		size_t mid = fits + (over - fits) / 2;
		struct errmsg again = { 0 };
		int r;

		work.e = &again;
		r = attempt(b, mid, reserved, max_sets, reduce ? SPREAD_FORMS : SPREAD_NOT, reduce, &work, &d);

		if (r < 0 && r != -E2BIG)
			return r;
		if (r < 0 && !work.left)
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
	/* The simpler ways are worth little where they need much: what comes after them is larger in tables, not in work. */
	static const uint32_t cells_max[] = { [SPREAD_NOT] = SINGLE_CELLS_MAX, [SPREAD_ANCHORED] = EXACT_CELLS_MAX, [SPREAD_FORMS] = 0 };
	enum spread spread = !reduce ? SPREAD_NOT : reduce->always ? SPREAD_FORMS : SPREAD_NOT;
	struct errmsg mine = { 0 };
	int r;

	if (!e)
		e = &mine;
	if (max_sets > UINT16_MAX + 1u)
		max_sets = UINT16_MAX + 1u;
	if (max_sets <= reserved)
		return errmsg_set(e, -E2BIG, "no room for match sets: %u of %u are reserved", reserved, max_sets);
	r = reduce ? lanes_prepare(b) : 0;
	if (!r && reduce)
		r = put_exact_first(b, &reduce->may);
	if (r < 0)
		return r;
	do {
		struct fsm_work work = { .left = FSM_WORK_MAX, .cells_max = reduce ? cells_max[spread] : 0, .e = e };

		r = attempt(b, b->entries_cnt, reserved, max_sets, spread, reduce, &work, ret);
	} while (r == -E2BIG && reduce && spread++ < SPREAD_FORMS);
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
	if (d->info.several)
		r->lanes = sl_dfa_components(t, &d->info, r->lanes, r->name);
	else
		r->lanes = sl_dfa_component(t, d->info.shift, d->info.limit, (uint32_t)r->lanes, r->name);
	r->name = t->name_start;
	r->dead = !r->lanes;
}

static unsigned int run_end(const struct dfa *d, const struct run *r)
{
	const struct sl_dfa *t = d->table;
	uint32_t symbol = sl_dfa_symbol(t, d->info.limit, r->name);
	uint64_t sets = 0;

	if (r->lanes && d->info.several)
		sets = sl_dfa_sets(t, &d->info, r->lanes, symbol);
	else if (r->lanes)
		sets = sl_dfa_set(t, d->info.limit, sl_dfa_component(t, d->info.shift, d->info.limit, (uint32_t)r->lanes, symbol));
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
