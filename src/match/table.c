/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the layout of the table that the kernel runs over (include/automaton.h): numbering with the two zero states in
 * front, rows of the name automaton, and the path automaton as an index into rows, of which equal ones are stored once.
 */
#include "match/table.h"

#include <errno.h>
#include <string.h>

/* What the table is made of. */
struct source {
	const struct cascade *names;
	uint32_t symbols;
	const struct table_lane *lanes; /* SL_DFA_LANES */
	uint32_t empty;  /* symbol of an empty name */
};

/* Old number -> new number. */
struct numbers {
	uint32_t *name, *symbol, *path[SL_DFA_LANES];
	uint32_t names, paths;  /* new numbers are below; more than there are states when 0 is nobody's. paths: of all lanes */
	uint32_t base[SL_DFA_LANES], lane_paths[SL_DFA_LANES]; /* of a lane's states in the index: the first, how many */
	uint32_t holds;
};

static void numbers_done(struct numbers *n)
{
	free(n->name);
	free(n->symbol);
	for (size_t i = 0; i < SL_DFA_LANES; i++)
		free(n->path[i]);
}

/* The state only leads to itself. */
static bool is_loop(const struct fsm *f, uint32_t s)
{
	uint32_t c = 0;

	while (c < f->cols && f->next[(size_t)s * f->cols + c] == s)
		c++;
	return c == f->cols;
}

/* The first state that only leads to itself. UINT32_MAX: none. */
static uint32_t find_loop(const struct fsm *f)
{
	for (uint32_t s = 0; s < f->states; s++)
		if (is_loop(f, s))
			return s;
	return UINT32_MAX;
}

/* zero gets 0, the others 1, 2, ... in their order. Returns how many numbers there are. */
static uint32_t number_behind(uint32_t *map, uint32_t cnt, uint32_t zero)
{
	uint32_t next = 1;

	for (uint32_t s = 0; s < cnt; s++)
		map[s] = s == zero ? 0 : next++;
	return next;
}

static uint32_t column_of(const struct table_lane *lane, uint32_t symbol)
{
	return lane->col ? lane->col[symbol] : symbol;
}

/* Whether the state before a home is held in this one, see automaton.h. */
static bool holds(const struct source *src, const struct table_lane *lane, uint32_t s)
{
	const struct fsm *f = lane->path;
	uint32_t above;

	if (!lane->below)
		return false;
	above = f->next[(size_t)s * f->cols + column_of(lane, src->empty)];
	return lane->below[f->label[s]] || lane->below[f->label[above]] == 2;
}

/* The dead end gets 0, the others 1, 2, ...; those that hold come last. */
static void number_lane(const struct source *src, size_t i, struct numbers *n)
{
	const struct table_lane *lane = &src->lanes[i];
	const struct fsm *f = lane->path;
	uint32_t next = 1;

	for (int last = 0; last < 2; last++) {
		if (i == SL_DFA_ANCHORED && last)
			n->holds = next;
		for (uint32_t s = 0; s < f->states; s++) {
			if (!lane->set_of[f->label[s]] && is_loop(f, s))
				n->path[i][s] = 0;
			else if (holds(src, lane, s) == last)
				n->path[i][s] = next++;
		}
	}
	n->lane_paths[i] = next;
}

static int compare_symbols(const void *x, const void *y, void *arg)
{
	const struct source *src = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	for (size_t i = 0; i < SL_DFA_LANES; i++) {
		const struct fsm *path = src->lanes[i].path;
		uint32_t col_a = path ? column_of(&src->lanes[i], a) : 0, col_b = path ? column_of(&src->lanes[i], b) : 0;

		for (size_t s = 0; col_a != col_b && s < path->states; s++) {
			uint32_t to_a = path->next[s * path->cols + col_a], to_b = path->next[s * path->cols + col_b];

			if (to_a != to_b)
				return to_a < to_b ? -1 : 1;
		}
	}
	return a < b ? -1 : a > b;
}

/*
 * Symbols that lead to the same states stand side by side: then more pieces of rows are equal (a third less in the
 * shipped policy). `other`, the symbol of names that no pattern speaks of, is 0 as row 0 asks.
 */
static int number_symbols(const struct source *src, uint32_t other, uint32_t *symbol)
{
	cleanup_free uint32_t *order = calloc(src->symbols, sizeof(*order));
	struct source arg = *src;
	uint32_t next = other != UINT32_MAX;

	if (!order)
		return -ENOMEM;
	for (uint32_t s = 0; s < src->symbols; s++)
		order[s] = s;
	qsort_r(order, src->symbols, sizeof(*order), compare_symbols, &arg);
	for (uint32_t i = 0; i < src->symbols; i++)
		symbol[order[i]] = order[i] == other ? 0 : next++;
	return 0;
}

static int number(const struct source *src, struct numbers *n)
{
	const struct fsm *name = &src->names->name;
	uint32_t other = find_loop(name);

	n->name = calloc(name->states, sizeof(*n->name));
	n->symbol = calloc(src->symbols, sizeof(*n->symbol));
	if (!n->name || !n->symbol)
		return -ENOMEM;
	n->names = number_behind(n->name, name->states, other);
	for (size_t i = 0; i < SL_DFA_LANES; i++) {
		if (!src->lanes[i].path)
			continue;
		n->path[i] = calloc(src->lanes[i].path->states, sizeof(*n->path[i]));
		if (!n->path[i])
			return -ENOMEM;
		number_lane(src, i, n);
		n->base[i] = n->paths;
		n->paths += n->lane_paths[i];
	}
	return number_symbols(src, other == UINT32_MAX ? other : name->label[other], n->symbol);
}

/* Rows of 1 << shift entries; equal ones are stored once. Rows are kept as keys of whole words. */
struct rows {
	struct intern unique;
	uint32_t width;
	uint16_t *row;      /* being filled; width entries, at least a word */
};

static void rows_done(struct rows *r)
{
	intern_done(&r->unique);
	free(r->row);
}

static int rows_init(struct rows *r, uint32_t width)
{
	r->width = width;
	r->unique.words = width < 4 ? 1 : width / 4;
	r->row = calloc(r->unique.words, sizeof(uint64_t));
	return r->row ? 0 : -ENOMEM;
}

/* Stores r->row, zeroes it again. */
static int rows_put(struct rows *r, uint32_t *ret)
{
	cleanup_free uint64_t *key = calloc(r->unique.words, sizeof(*key));

	if (!key)
		return -ENOMEM;
	memcpy(key, r->row, r->unique.words * sizeof(*key));
	memset(r->row, 0, r->unique.words * sizeof(*key));
	return intern_get(&r->unique, key, ret);
}

static int too_large(struct fsm_work *w, const char *what, uint64_t got, uint64_t max)
{
	return errmsg_set(w->e, -E2BIG, "%llu %s, %llu is the most", (unsigned long long)got, what,
			  (unsigned long long)max);
}

/* log2 of the smallest power of two that is not below n. */
static uint32_t log2_up(uint32_t n)
{
	uint32_t shift = 0;

	while ((1u << shift) < n)
		shift++;
	return shift;
}

/* Rows of the path automaton: short ones are equal more often, and long ones need fewer entries in the index. */
static uint32_t row_shift(uint32_t symbols)
{
	uint32_t shift = log2_up(symbols);

	return shift < 6 ? shift : 6;
}

/* Rows of a lane's path state s into index[0 .. pieces). */
static int path_rows(const struct source *src, const struct numbers *n, size_t lane, const uint32_t *symbol_at, uint32_t s,
		     struct rows *rows, uint32_t *index)
{
	const struct fsm *path = src->lanes[lane].path;
	const uint16_t *next = path->next + (size_t)s * path->cols;

	for (uint32_t first = 0, piece = 0; first < src->symbols; first += rows->width, piece++) {
		int r;

		for (uint32_t i = 0; i < rows->width && first + i < src->symbols; i++)
			rows->row[i] = (uint16_t)n->path[lane][next[column_of(&src->lanes[lane], symbol_at[first + i])]];
		r = rows_put(rows, &index[piece]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Index of all path automata: n->paths * pieces row numbers, counted from the first of these rows. */
static int path_index(const struct source *src, const struct numbers *n, uint32_t pieces, struct rows *rows, uint32_t **ret)
{
	cleanup_free uint32_t *index = calloc((size_t)n->paths * pieces, sizeof(*index));
	cleanup_free uint32_t *symbol_at = calloc(src->symbols, sizeof(*symbol_at));
	uint32_t zero;
	int r;

	if (!index || !symbol_at)
		return -ENOMEM;
	for (uint32_t s = 0; s < src->symbols; s++)
		symbol_at[n->symbol[s]] = s;
	/* The row of nothing but dead ends is the first one: the index of path state 0 points to it. */
	r = rows_put(rows, &zero);
	for (size_t i = 0; i < SL_DFA_LANES; i++)
		for (uint32_t s = 0; !r && src->lanes[i].path && s < src->lanes[i].path->states; s++)
			if (n->path[i][s])
				r = path_rows(src, n, i, symbol_at, s, rows, index + (size_t)(n->base[i] + n->path[i][s]) * pieces);
	if (r < 0)
		return r;
	*ret = take_ptr(index);
	return 0;
}

static void fill_names(const struct cascade *c, const struct numbers *n, struct sl_dfa *t)
{
	for (unsigned int i = 0; i < CASCADE_SYMBOLS; i++)
		t->cls[i] = cascade_separates(c->separator, i) ? 0 : (uint16_t)(c->cls[i] + 1);
	for (uint32_t s = 0; s < c->name.states; s++) {
		uint16_t *row = t->trans + (size_t)n->name[s] * t->width;

		row[0] = (uint16_t)n->symbol[c->name.label[s]];
		for (uint32_t b = 0; b < c->name.cols; b++)
			row[b + 1] = (uint16_t)n->name[c->name.next[(size_t)s * c->name.cols + b]];
	}
}

static void fill_paths(const struct source *src, const struct numbers *n, uint32_t pieces, const uint32_t *index,
		       const struct rows *rows, uint32_t shift, struct sl_dfa *t)
{
	uint32_t per_state = 1u << t->paths_shift;

	for (uint32_t i = 0; i < rows->unique.cnt; i++)
		memcpy(t->trans + t->rows + ((size_t)i << shift), intern_key(&rows->unique, i),
		       rows->width * sizeof(uint16_t));
	for (uint32_t s = 0; s < n->paths; s++)
		for (uint32_t i = 0; i < pieces; i++)
			t->trans[t->paths + s * per_state + i] = (uint16_t)index[(size_t)s * pieces + i];
	for (size_t i = 0; i < SL_DFA_LANES; i++)
		for (uint32_t s = 0; src->lanes[i].path && s < src->lanes[i].path->states; s++)
			t->trans[t->paths + (n->base[i] + n->path[i][s] + 1) * per_state - 1] = src->lanes[i].set_of[src->lanes[i].path->label[s]];
}

static int check_sizes(const struct source *src, const struct numbers *n, const struct rows *rows, struct fsm_work *w)
{
	if (n->names > SL_DFA_STATES_MAX)
		return too_large(w, "states for the bytes of names", n->names, SL_DFA_STATES_MAX);
	if (n->paths > SL_DFA_STATES_MAX)
		return too_large(w, "states for paths", n->paths, SL_DFA_STATES_MAX);
	if (src->symbols > SL_DFA_STATES_MAX)
		return too_large(w, "different names", src->symbols, SL_DFA_STATES_MAX);
	if (rows->unique.cnt > SL_DFA_STATES_MAX)
		return too_large(w, "different rows for paths", rows->unique.cnt, SL_DFA_STATES_MAX);
	return 0;
}

/* Symbol of the name whose only byte is NUL. */
static uint32_t mark_symbol(const struct cascade *names, const struct numbers *n)
{
	const struct fsm *f = &names->name;

	return n->symbol[f->label[f->next[names->cls[0]]]];
}

/* How the states of all lanes are one number. */
static int fill_fields(const struct source *src, const struct numbers *n, struct sl_dfa_info *info, struct fsm_work *w)
{
	uint32_t at = 0;

	info->lanes = 0;
	info->mark = mark_symbol(src->names, n);
	info->holds = n->holds;
	for (size_t i = 0; i < SL_DFA_LANES; i++) {
		info->at[i] = (uint8_t)at;
		info->base[i] = n->base[i];
		if (n->lane_paths[i] > 1 && at < 64)
			info->lanes |= (uint64_t)n->path[i][0] << at;
		at += log2_up(n->lane_paths[i]);
	}
	info->at[SL_DFA_LANES] = (uint8_t)at;
	if (src->lanes[SL_DFA_ANCHORED].below)
		at += log2_up(n->lane_paths[SL_DFA_ANCHORED]);
	info->at[SL_DFA_LANES + 1] = (uint8_t)at;
	return at > 64 ? too_large(w, "bits for states of paths", at, 64) : 0;
}

int table_build(const struct cascade *names, const struct table_lane lanes[SL_DFA_LANES], bool several, struct sl_dfa_info *ret_info,
		struct sl_dfa **ret_table, struct fsm_work *w)
{
	const struct source src = { .names = names, .symbols = names->path.cols, .lanes = lanes, .empty = names->name.label[0] };
	cleanup_(numbers_done) struct numbers n = { 0 };
	cleanup_(rows_done) struct rows rows = { .unique = INTERN_INIT(1) };
	cleanup_free uint32_t *index = NULL;
	uint32_t shift = row_shift(src.symbols), pieces = ((src.symbols - 1) >> shift) + 1;
	uint32_t paths_shift = log2_up(pieces + 1);
	uint64_t limit, width = names->name.cols + 1;
	struct sl_dfa *t;
	int r = number(&src, &n);

	if (!r)
		r = rows_init(&rows, 1u << shift);
	if (!r)
		r = path_index(&src, &n, pieces, &rows, &index);
	if (!r)
		r = check_sizes(&src, &n, &rows, w);
	if (!r)
		r = fill_fields(&src, &n, ret_info, w);
	if (r < 0)
		return r;
	limit = n.names * width + ((uint64_t)rows.unique.cnt << shift) + ((uint64_t)n.paths << paths_shift);
	if (limit > SL_DFA_TRANS_MAX)
		return too_large(w, "table entries", limit, SL_DFA_TRANS_MAX);
	t = calloc(1, sizeof(*t) + limit * sizeof(t->trans[0]));
	if (!t)
		return -ENOMEM;
	t->width = (uint16_t)width;
	t->rows = (uint32_t)(n.names * width);
	t->paths = t->rows + (rows.unique.cnt << shift);
	t->paths_shift = (uint16_t)paths_shift;
	t->name_start = (uint16_t)n.name[0];
	fill_names(names, &n, t);
	fill_paths(&src, &n, pieces, index, &rows, shift, t);
	ret_info->shift = shift;
	ret_info->limit = (uint32_t)limit;
	ret_info->start = n.path[0][0] ? n.path[0][0] << 16 | n.name[0] : SL_DFA_DEAD;
	ret_info->several = several;
	*ret_table = t;
	return 0;
}
