/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the layout of the table that the kernel runs over (include/automaton.h): numbering with the two zero states in
 * front, rows of the name automaton, and the path automaton as an index into rows, of which equal ones are stored once.
 */
#include "match/table.h"

#include <errno.h>
#include <string.h>

/* Old number -> new number. */
struct numbers {
	uint32_t *name, *symbol, *path;
	uint32_t names, paths;  /* new numbers are below; more than there are states when 0 is nobody's */
};

static void numbers_done(struct numbers *n)
{
	free(n->name);
	free(n->symbol);
	free(n->path);
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

/* The dead ends, one in each lane, get 0. */
static uint32_t number_paths(uint32_t *map, const struct fsm *f, const uint16_t *set_of)
{
	uint32_t next = 1;

	for (uint32_t s = 0; s < f->states; s++)
		map[s] = !set_of[f->label[s]] && is_loop(f, s) ? 0 : next++;
	return next;
}

static int compare_symbols(const void *x, const void *y, void *arg)
{
	const struct fsm *path = arg;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	for (size_t s = 0; s < path->states; s++) {
		uint32_t to_a = path->next[s * path->cols + a], to_b = path->next[s * path->cols + b];

		if (to_a != to_b)
			return to_a < to_b ? -1 : 1;
	}
	return a < b ? -1 : a > b;
}

/*
 * Symbols that lead to the same states stand side by side: then more pieces of rows are equal (a third less in the
 * shipped policy). `other`, the symbol of names that no pattern speaks of, is 0 as row 0 asks.
 */
static int number_symbols(const struct cascade *c, uint32_t other, uint32_t *symbol)
{
	cleanup_free uint32_t *order = calloc(c->path.cols, sizeof(*order));
	struct fsm path = c->path;
	uint32_t next = other != UINT32_MAX;

	if (!order)
		return -ENOMEM;
	for (uint32_t s = 0; s < c->path.cols; s++)
		order[s] = s;
	qsort_r(order, c->path.cols, sizeof(*order), compare_symbols, &path);
	for (uint32_t i = 0; i < c->path.cols; i++)
		symbol[order[i]] = order[i] == other ? 0 : next++;
	return 0;
}

static int number(const struct cascade *c, const uint16_t *set_of, struct numbers *n)
{
	uint32_t other = find_loop(&c->name);

	n->name = calloc(c->name.states, sizeof(*n->name));
	n->symbol = calloc(c->path.cols, sizeof(*n->symbol));
	n->path = calloc(c->path.states, sizeof(*n->path));
	if (!n->name || !n->symbol || !n->path)
		return -ENOMEM;
	n->names = number_behind(n->name, c->name.states, other);
	n->paths = number_paths(n->path, &c->path, set_of);
	return number_symbols(c, other == UINT32_MAX ? other : c->name.label[other], n->symbol);
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

/* Rows of path state s into index[0 .. pieces). */
static int path_rows(const struct cascade *c, const struct numbers *n, const uint32_t *symbol_at, uint32_t s,
		     struct rows *rows, uint32_t *index)
{
	uint32_t symbols = c->path.cols;

	for (uint32_t first = 0, piece = 0; first < symbols; first += rows->width, piece++) {
		int r;

		for (uint32_t i = 0; i < rows->width && first + i < symbols; i++) {
			uint32_t to = c->path.next[(size_t)s * symbols + symbol_at[first + i]];

			rows->row[i] = (uint16_t)n->path[to];
		}
		r = rows_put(rows, &index[piece]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Index of the whole path automaton: n->paths * pieces row numbers, counted from the first of these rows. */
static int path_index(const struct cascade *c, const struct numbers *n, uint32_t pieces, struct rows *rows,
		      uint32_t **ret)
{
	cleanup_free uint32_t *index = calloc((size_t)n->paths * pieces, sizeof(*index));
	cleanup_free uint32_t *symbol_at = calloc(c->path.cols, sizeof(*symbol_at));
	uint32_t zero;
	int r;

	if (!index || !symbol_at)
		return -ENOMEM;
	for (uint32_t s = 0; s < c->path.cols; s++)
		symbol_at[n->symbol[s]] = s;
	/* The row of nothing but dead ends is the first one: the index of path state 0 points to it. */
	r = rows_put(rows, &zero);
	for (uint32_t s = 0; !r && s < c->path.states; s++)
		r = path_rows(c, n, symbol_at, s, rows, index + (size_t)n->path[s] * pieces);
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

static void fill_paths(const struct cascade *c, const struct numbers *n, const uint16_t *set_of, uint32_t pieces,
		       const uint32_t *index, const struct rows *rows, uint32_t shift, struct sl_dfa *t)
{
	uint32_t per_state = 1u << t->paths_shift;

	for (uint32_t i = 0; i < rows->unique.cnt; i++)
		memcpy(t->trans + t->rows + ((size_t)i << shift), intern_key(&rows->unique, i),
		       rows->width * sizeof(uint16_t));
	for (uint32_t s = 0; s < n->paths; s++)
		for (uint32_t i = 0; i < pieces; i++)
			t->trans[t->paths + s * per_state + i] = (uint16_t)index[(size_t)s * pieces + i];
	for (uint32_t s = 0; s < c->path.states; s++)
		t->trans[t->paths + (n->path[s] + 1) * per_state - 1] = set_of[c->path.label[s]];
}

static int check_sizes(const struct cascade *c, const struct numbers *n, const struct rows *rows,
		       struct fsm_work *w)
{
	if (n->names > SL_DFA_STATES_MAX)
		return too_large(w, "states for the bytes of names", n->names, SL_DFA_STATES_MAX);
	if (n->paths > SL_DFA_STATES_MAX)
		return too_large(w, "states for paths", n->paths, SL_DFA_STATES_MAX);
	if (c->path.cols > SL_DFA_STATES_MAX)
		return too_large(w, "different names", c->path.cols, SL_DFA_STATES_MAX);
	if (rows->unique.cnt > SL_DFA_STATES_MAX)
		return too_large(w, "different rows for paths", rows->unique.cnt, SL_DFA_STATES_MAX);
	return 0;
}

int table_build(const struct cascade *c, const uint16_t *set_of, const uint32_t *starts, size_t lanes,
		struct sl_dfa_info *ret_info, struct sl_dfa **ret_table, struct fsm_work *w)
{
	cleanup_(numbers_done) struct numbers n = { 0 };
	cleanup_(rows_done) struct rows rows = { .unique = INTERN_INIT(1) };
	cleanup_free uint32_t *index = NULL;
	uint32_t shift = row_shift(c->path.cols), pieces = ((c->path.cols - 1) >> shift) + 1;
	uint32_t paths_shift = log2_up(pieces + 1);
	uint64_t limit, width = c->name.cols + 1;
	struct sl_dfa *t;
	int r = number(c, set_of, &n);

	if (!r)
		r = rows_init(&rows, 1u << shift);
	if (!r)
		r = path_index(c, &n, pieces, &rows, &index);
	if (!r)
		r = check_sizes(c, &n, &rows, w);
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
	fill_names(c, &n, t);
	fill_paths(c, &n, set_of, pieces, index, &rows, shift, t);
	ret_info->shift = shift;
	ret_info->limit = (uint32_t)limit;
	ret_info->start = n.path[0] ? n.path[0] << 16 | n.name[0] : SL_DFA_DEAD;
	ret_info->lanes = 0;
	for (size_t i = 0; i < lanes; i++)
		ret_info->lanes |= (uint64_t)n.path[starts[i]] << (i * SL_DFA_LANE_BITS);
	*ret_table = t;
	return 0;
}
