/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of state machines, their product, and merging columns. Minimising is minimise.c's. */
#include "match/fsm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void fsm_done(struct fsm *f)
{
	free(f->next);
	free(f->label);
	*f = (struct fsm){ 0 };
}

int fsm_spend(struct fsm_work *w, uint64_t n)
{
	if (n > w->left) {
		w->left = 0;
		return errmsg_set(w->e, -E2BIG, "the automaton takes too long to build");
	}
	w->left -= n;
	return 0;
}

int fsm_add(struct fsm *f, uint32_t label, struct fsm_work *w)
{
	if (w->states_max && f->states >= w->states_max)
		return errmsg_set(w->e, -E2BIG, "more than %u states", w->states_max);
	if (f->states >= UINT16_MAX || f->cols > UINT16_MAX)
		return errmsg_set(w->e, -E2BIG, "more than %d states or symbols", UINT16_MAX);
	if ((uint64_t)(f->states + 1) * f->cols > (w->cells_max ? w->cells_max : FSM_CELLS_MAX))
		return errmsg_set(w->e, -E2BIG, "the automaton needs too much memory while it is built");
	if (f->states == f->size) {
		size_t size = f->size ? f->size * 2 : 16;
		uint16_t *next = reallocarray(f->next, size, f->cols * sizeof(*next) + !f->cols);
		uint32_t *labels;

		if (!next)
			return -ENOMEM;
		f->next = next;
		labels = reallocarray(f->label, size, sizeof(*labels));
		if (!labels)
			return -ENOMEM;
		f->label = labels;
		f->size = size;
	}
	f->label[f->states++] = label;
	return fsm_spend(w, f->cols + 1);
}

/*
 * The pairs of states met so far. From one state most columns lead to few pairs: those met last are kept at hand, which
 * is several times faster than asking the hash for each cell.
 */
#define RECENT 1024

struct pairs {
	struct intern hash;
	struct {
		uint64_t key;  /* no state has the number UINT32_MAX: all ones are an empty place */
		uint32_t id;
	} recent[RECENT];
};

static size_t recent_at(uint32_t x, uint32_t y)
{
	return (x * 31 + y) % RECENT;
}

/* The number of a pair; a new one becomes a state. */
static int product_state(struct pairs *p, const struct fsm *a, const struct fsm *b, uint32_t x, uint32_t y,
			 struct intern *labels, struct fsm *ret, struct fsm_work *w, uint32_t *ret_id)
{
	uint64_t key = intern_pair(x, y), label_key = intern_pair(a->label[x], b->label[y]);
	uint32_t label;
	int r = intern_get(&p->hash, &key, ret_id);

	if (r < 0)
		return r;
	p->recent[recent_at(x, y)].key = key;
	p->recent[recent_at(x, y)].id = *ret_id;
	if (*ret_id < ret->states)
		return 0;
	r = intern_get(labels, &label_key, &label);
	return r < 0 ? r : fsm_add(ret, label, w);
}

static int product_fill(struct pairs *p, const struct fsm *a, const uint32_t *a_col, const struct fsm *b,
			const uint32_t *b_col, struct intern *labels, struct fsm *ret, struct fsm_work *w)
{
	const uint32_t cols = ret->cols;
	uint32_t id;
	int r = product_state(p, a, b, 0, 0, labels, ret, w, &id);

	for (uint32_t s = 0; !r && s < ret->states; s++) {
		uint64_t key = *intern_key(&p->hash, s);
		const uint16_t *from_a = a->next + (size_t)(key >> 32) * a->cols;
		const uint16_t *from_b = b->next + (size_t)(uint32_t)key * b->cols;
		uint16_t *row = ret->next + (size_t)s * cols;

		for (uint32_t c = 0; c < cols; c++) {
			uint32_t x = from_a[a_col[c]], y = from_b[b_col[c]];
			size_t at = recent_at(x, y);

			row[c] = (uint16_t)p->recent[at].id;
			if (p->recent[at].key == intern_pair(x, y))
				continue;
			r = product_state(p, a, b, x, y, labels, ret, w, &id);
			if (r < 0)
				break;
			row = ret->next + (size_t)s * cols;  /* it moves as it grows */
			row[c] = (uint16_t)id;
		}
	}
	return r;
}

int fsm_product(const struct fsm *a, const uint32_t *a_col, const struct fsm *b, const uint32_t *b_col, uint32_t cols,
		struct intern *labels, struct fsm *ret, struct fsm_work *w)
{
	struct pairs p = { .hash = INTERN_INIT(1) };
	int r;

	memset(p.recent, 0xff, sizeof(p.recent));
	ret->cols = cols;
	r = product_fill(&p, a, a_col, b, b_col, labels, ret, w);
	intern_done(&p.hash);
	return r;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ h >> 29;
}

static bool cols_equal(const struct fsm *f, uint32_t c, uint32_t d)
{
	for (size_t s = 0; s < f->states; s++)
		if (f->next[s * f->cols + c] != f->next[s * f->cols + d])
			return false;
	return true;
}

/* first[h] finds the first column of a hash; columns that share a hash but differ (never seen) stay apart. */
static int find_equal_cols(const struct fsm *f, uint32_t *map, uint32_t *ret_cnt, uint32_t *kept)
{
	cleanup_free uint64_t *hash = calloc(f->cols + 1, sizeof(*hash));
	struct intern seen = INTERN_INIT(1);
	uint32_t cnt = 0;
	int r = 0;

	if (!hash)
		return -ENOMEM;
	for (size_t s = 0; s < f->states; s++)
		for (uint32_t c = 0; c < f->cols; c++)
			hash[c] = mix(hash[c], f->next[s * f->cols + c]);
	for (uint32_t c = 0; c < f->cols; c++) {
		uint32_t id, before = seen.cnt;

		r = intern_get(&seen, &hash[c], &id);
		if (r < 0)
			break;
		if (id == before) {
			/* The id-th hash belongs to column kept[id]; ids and kept columns grow together. */
			kept[cnt] = c;
			map[c] = cnt++;
		} else if (cols_equal(f, kept[id], c)) {
			map[c] = id;
		} else {
			hash[c] = mix(hash[c], c);
			c--;
		}
	}
	intern_done(&seen);
	*ret_cnt = cnt;
	return r;
}

int fsm_merge_cols(struct fsm *f, uint32_t *map)
{
	cleanup_free uint32_t *kept = calloc(f->cols + 1, sizeof(*kept));
	uint32_t cnt;
	int r;

	if (!kept)
		return -ENOMEM;
	r = find_equal_cols(f, map, &cnt, kept);
	if (r < 0)
		return r;
	for (size_t s = 0; s < f->states; s++)
		for (uint32_t c = 0; c < cnt; c++)
			f->next[s * cnt + c] = f->next[s * f->cols + kept[c]];
	f->cols = cnt;
	f->size = f->states;
	return 0;
}
