/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the table of words (include/automaton.h). Patterns are kept in two trees, read from their end: of those that a name must end in, and of
 * those that may begin to match at any byte. A state of the automaton is the set of nodes that a name's end so far leads to, which is
 * few: where a byte of one pattern can be no byte of another, it is those of one chain of suffixes, as in string search.
 */
#include "match/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match/cascade.h"

#define NODES_MAX 262144   /* bytes of all patterns */
#define TOGETHER_MAX 32    /* nodes in one state: wildcards within words make them many */
#define ENDS 1             /* node: where a name's end is read */
#define ANYWHERE 2         /* node: where a pattern begins that may be followed by anything */

struct node {
	uint32_t child, next;  /* first child; next child of the parent; 0 none */
	uint32_t set;          /* number of the bytes that lead here */
	uint16_t met, end;     /* match set of a name that was read so far, whatever is in front of it; and if nothing is. 0 none */
};

struct words {
	struct node *nodes;    /* 0 is none */
	size_t cnt, size;
	struct byteset *sets;  /* distinct ones */
	size_t sets_cnt, sets_size;
};

struct words *words_new(void)
{
	struct words *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->nodes = calloc(64, sizeof(*w->nodes));
	if (!w->nodes) {
		free(w);
		return NULL;
	}
	w->size = 64;
	w->cnt = ANYWHERE + 1;
	return w;
}

void words_free(struct words *w)
{
	if (!w)
		return;
	free(w->nodes);
	free(w->sets);
	free(w);
}

/* ---- patterns -------------------------------------------------------------------------------------------------------- */

static bool takes_all(const struct pattern *p, const struct pattern_item *item)
{
	struct byteset any = pattern_any(p);

	return item->star && !memcmp(&item->set, &any, sizeof(any));
}

/* Items without the "*" at both ends. */
static void trim(const struct pattern *p, const struct pattern_part *part, uint32_t *ret_from, uint32_t *ret_to)
{
	uint32_t from = part->first, to = part->first + part->cnt;

	while (from < to && takes_all(p, &p->items[from]))
		from++;
	while (to > from && takes_all(p, &p->items[to - 1]))
		to--;
	*ret_from = from;
	*ret_to = to;
}

bool words_takes(const struct pattern *p)
{
	uint32_t from, to;

	if (p->separator != '/' || p->seqs_cnt != 1 || p->parts_cnt != 2 || p->parts[0].kind != PATTERN_HEAD ||
	    p->parts[1].kind != PATTERN_NAME || p->parts[1].any_cnt)
		return false;
	trim(p, &p->parts[1], &from, &to);
	for (uint32_t i = from; i < to; i++)
		if (p->items[i].star)
			return false;
	return from < to;
}

static int number_bytes(struct words *w, const struct byteset *s, uint32_t *ret)
{
	for (size_t i = 0; i < w->sets_cnt; i++)
		if (!memcmp(&w->sets[i], s, sizeof(*s))) {
			*ret = (uint32_t)i;
			return 0;
		}
	if (w->sets_cnt == w->sets_size) {
		size_t size = w->sets_size ? w->sets_size * 2 : 64;
		struct byteset *moved = reallocarray(w->sets, size, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		w->sets = moved;
		w->sets_size = size;
	}
	*ret = (uint32_t)w->sets_cnt;
	w->sets[w->sets_cnt++] = *s;
	return 0;
}

static int child_of(struct words *w, uint32_t parent, const struct byteset *bytes, uint32_t *ret, struct fsm_work *work)
{
	uint32_t set, at;
	int r = number_bytes(w, bytes, &set);

	if (r < 0)
		return r;
	for (at = w->nodes[parent].child; at; at = w->nodes[at].next)
		if (w->nodes[at].set == set) {
			*ret = at;
			return 0;
		}
	if (w->cnt >= NODES_MAX)
		return errmsg_set(work->e, -E2BIG, "more than %d bytes of words in names", NODES_MAX);
	if (w->cnt == w->size) {
		struct node *moved = reallocarray(w->nodes, w->size * 2, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		w->nodes = moved;
		w->size *= 2;
	}
	*ret = (uint32_t)w->cnt++;
	w->nodes[*ret] = (struct node){ .next = w->nodes[parent].child, .set = set };
	w->nodes[parent].child = *ret;
	return 0;
}

int words_add(struct words *w, const struct pattern *p, uint16_t set, struct fsm_work *work)
{
	const struct pattern_part *part = &p->parts[1];
	uint32_t from, to, at;
	struct node *n;
	int r;

	trim(p, part, &from, &to);
	at = to < part->first + part->cnt ? ANYWHERE : ENDS;
	r = fsm_spend(work, (to - from) * 16);
	for (uint32_t i = to; !r && i > from; i--)
		r = child_of(w, at, &p->items[i - 1].set, &at, work);
	if (r < 0)
		return r;
	n = &w->nodes[at];
	if (from > part->first)
		n->met = set > n->met ? set : n->met;
	else
		n->end = set > n->end ? set : n->end;
	return 0;
}

/* ---- the automaton ----------------------------------------------------------------------------------------------------- */

/* A state: its nodes, ascending, 0 behind them. ANYWHERE is in each and not written down. */
struct state {
	uint32_t node[TOGETHER_MAX];
};

struct building {
	const struct words *w;
	uint32_t cls[CASCADE_SYMBOLS];  /* columns */
	uint32_t cols;
	uint16_t sample[CASCADE_SYMBOLS];
	struct intern states;
	uint16_t *rows;                 /* states * width */
	size_t rows_size;
	uint32_t width;
};

static void building_done(struct building *b)
{
	intern_done(&b->states);
	free(b->rows);
}

static bool takes(const struct byteset *set, unsigned int symbol)
{
	const struct pattern_item item = { .set = *set };

	return pattern_item_takes(&item, symbol);
}

/* Bytes that no pattern tells apart are a column. */
static int find_columns(struct building *b)
{
	cleanup_(intern_done) struct intern kinds = INTERN_INIT(b->w->sets_cnt / 64 + 1);
	cleanup_free uint64_t *key = calloc(kinds.words, sizeof(*key));

	if (!key)
		return -ENOMEM;
	for (unsigned int s = 0; s < CASCADE_SYMBOLS; s++) {
		uint32_t known = kinds.cnt;
		int r;

		if (cascade_separates('/', s))
			continue;
		memset(key, 0, kinds.words * sizeof(*key));
		for (size_t i = 0; i < b->w->sets_cnt; i++)
			if (takes(&b->w->sets[i], s))
				key[i / 64] |= 1ull << (i % 64);
		r = intern_get(&kinds, key, &b->cls[s]);
		if (r < 0)
			return r;
		if (b->cls[s] == known)
			b->sample[known] = (uint16_t)s;
	}
	b->cols = kinds.cnt;
	b->width = b->cols + 2;
	return 0;
}

/* Puts a node in its place. */
static int add_node(struct state *s, uint32_t *cnt, uint32_t node, struct fsm_work *work)
{
	uint32_t at = *cnt;

	while (at && s->node[at - 1] > node)
		at--;
	if (at && s->node[at - 1] == node)
		return 0;
	if (*cnt == TOGETHER_MAX)
		return errmsg_set(work->e, -E2BIG, "words in names have too many wildcards");
	memmove(&s->node[at + 1], &s->node[at], (*cnt - at) * sizeof(s->node[0]));
	s->node[at] = node;
	++*cnt;
	return 0;
}

static int add_children(const struct building *b, uint32_t parent, unsigned int symbol, struct state *to, uint32_t *cnt, struct fsm_work *work)
{
	uint64_t looked = 1;
	int r = 0;

	for (uint32_t at = b->w->nodes[parent].child; !r && at; at = b->w->nodes[at].next, looked++)
		if (takes(&b->w->sets[b->w->nodes[at].set], symbol))
			r = add_node(to, cnt, at, work);
	return r < 0 ? r : fsm_spend(work, looked);
}

static int step(const struct building *b, const struct state *from, unsigned int symbol, struct state *to, struct fsm_work *work)
{
	uint32_t cnt = 0;
	int r = add_children(b, ANYWHERE, symbol, to, &cnt, work);

	for (uint32_t i = 0; !r && i < TOGETHER_MAX && from->node[i]; i++)
		r = add_children(b, from->node[i], symbol, to, &cnt, work);
	return r;
}

/* The number of a state; a new one gets a row with what it says of a name. */
static int number_state(struct building *b, const struct state *s, uint32_t *ret, struct fsm_work *work)
{
	uint32_t known = b->states.cnt;
	int r = intern_get(&b->states, (const uint64_t *)(const void *)s, ret);
	uint16_t *row;

	if (r < 0 || *ret < known)
		return r;
	if (b->states.cnt > SL_DFA_STATES_MAX || (uint64_t)b->states.cnt * b->width > SL_DFA_TRANS_MAX)
		return errmsg_set(work->e, -E2BIG, "words in names need more than %u states", known);
	if (b->states.cnt > b->rows_size) {
		size_t size = b->rows_size ? b->rows_size * 2 : 256;
		uint16_t *moved = reallocarray(b->rows, size * b->width, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		b->rows = moved;
		b->rows_size = size;
	}
	row = b->rows + (size_t)*ret * b->width;
	memset(row, 0, b->width * sizeof(*row));
	for (uint32_t i = 0; i < TOGETHER_MAX && s->node[i]; i++) {
		const struct node *n = &b->w->nodes[s->node[i]];

		row[0] = n->end > row[0] ? n->end : row[0];
		row[b->width - 1] = n->met > row[b->width - 1] ? n->met : row[b->width - 1];
	}
	return 0;
}

static int find_states(struct building *b, struct fsm_work *work)
{
	struct state s = { .node = { ENDS } };
	uint32_t id;
	int r = number_state(b, &s, &id, work);

	for (uint32_t from = 0; !r && from < b->states.cnt; from++)
		for (uint32_t c = 0; !r && c < b->cols; c++) {
			struct state at, to = { 0 };

			memcpy(&at, intern_key(&b->states, from), sizeof(at));
			r = step(b, &at, b->sample[c], &to, work);
			if (!r)
				r = number_state(b, &to, &id, work);
			if (!r)
				b->rows[(size_t)from * b->width + 1 + c] = (uint16_t)id;
		}
	return r;
}

int words_build(const struct words *w, struct sl_dfa **ret_table, uint32_t *ret_limit, struct fsm_work *work)
{
	cleanup_(building_done) struct building b = { .w = w, .states = INTERN_INIT(sizeof(struct state) / sizeof(uint64_t)) };
	int r = find_columns(&b);
	struct sl_dfa *t;

	if (!r)
		r = find_states(&b, work);
	if (r < 0)
		return r;
	*ret_limit = b.states.cnt * b.width;
	t = calloc(1, sizeof(*t) + *ret_limit * sizeof(t->trans[0]));
	if (!t)
		return -ENOMEM;
	t->width = (uint16_t)b.width;
	for (unsigned int s = 0; s < CASCADE_SYMBOLS; s++)
		t->cls[s] = cascade_separates('/', s) ? 0 : (uint16_t)(b.cls[s] + 1);
	memcpy(t->trans, b.rows, *ret_limit * sizeof(t->trans[0]));
	*ret_table = t;
	return 0;
}
