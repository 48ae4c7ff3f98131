/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: two-level automata as values: product and minimisation. Where they come from is leaf.c, what their outcomes
 * mean is dfa.c, how they are laid out for the kernel is table.c.
 */
#include "match/cascade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cascade_free(struct cascade *c)
{
	if (!c)
		return;
	fsm_done(&c->name);
	fsm_done(&c->path);
	free(c);
}

int cascade_of_nothing(char separator, struct cascade **ret, struct fsm_work *w)
{
	cleanup_(cascade_freep) struct cascade *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->separator = separator;
	c->name.cols = c->path.cols = 1;
	r = fsm_add(&c->name, 0, w);
	if (!r)
		r = fsm_add(&c->path, 0, w);
	if (r < 0)
		return r;
	c->name.next[0] = c->path.next[0] = 0;
	*ret = take_ptr(c);
	return 0;
}

/* Takes pairs apart into the column maps of a product. */
static int unzip(const struct intern *pairs, uint32_t **ret_a, uint32_t **ret_b)
{
	uint32_t *a = calloc(pairs->cnt + 1, sizeof(*a)), *b = calloc(pairs->cnt + 1, sizeof(*b));

	if (!a || !b) {
		free(a);
		free(b);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < pairs->cnt; i++) {
		a[i] = *intern_key(pairs, i) >> 32;
		b[i] = (uint32_t)*intern_key(pairs, i);
	}
	*ret_a = a;
	*ret_b = b;
	return 0;
}

/* One level of the product: columns are the pairs in `cols`, labels become pairs in `labels`. */
static int product_level(const struct fsm *a, const struct fsm *b, const struct intern *cols, struct intern *labels,
			 struct fsm *ret, struct fsm_work *w)
{
	cleanup_free uint32_t *a_col = NULL, *b_col = NULL;
	int r = unzip(cols, &a_col, &b_col);

	return r < 0 ? r : fsm_product(a, a_col, b, b_col, cols->cnt, labels, ret, w);
}

/* Byte classes of both at once. */
static int product_bytes(const struct cascade *a, const struct cascade *b, struct intern *classes, struct cascade *ret)
{
	for (unsigned int i = 0; i < CASCADE_SYMBOLS; i++) {
		uint64_t key = intern_pair(a->cls[i], b->cls[i]);
		int r = cascade_separates(a->separator, i) ? 0 : intern_get(classes, &key, &ret->cls[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int cascade_product(const struct cascade *a, const struct cascade *b, struct intern *pairs, struct cascade **ret,
		    struct fsm_work *w)
{
	cleanup_(cascade_freep) struct cascade *c = calloc(1, sizeof(*c));
	cleanup_(intern_done) struct intern classes = INTERN_INIT(1), symbols = INTERN_INIT(1);
	int r;

	if (!c)
		return -ENOMEM;
	c->separator = a->separator;
	r = product_bytes(a, b, &classes, c);
	if (!r)
		r = product_level(&a->name, &b->name, &classes, &symbols, &c->name, w);
	if (!r)
		r = product_level(&a->path, &b->path, &symbols, pairs, &c->path, w);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

int cascade_pair_names(struct cascade *a, struct cascade *b, struct cascade **ret, uint32_t **ret_a, uint32_t **ret_b, struct fsm_work *w)
{
	cleanup_(intern_done) struct intern classes = INTERN_INIT(1), symbols = INTERN_INIT(1);
	cleanup_(cascade_freep) struct cascade *both = calloc(1, sizeof(*both));
	int r;

	if (!both)
		return -ENOMEM;
	both->separator = a->separator;
	r = product_bytes(a, b, &classes, both);
	if (!r)
		r = product_level(&a->name, &b->name, &classes, &symbols, &both->name, w);
	if (!r)
		r = unzip(&symbols, ret_a, ret_b);
	if (r < 0)
		return r;
	fsm_done(&a->name);
	fsm_done(&b->name);
	both->path.cols = symbols.cnt;
	*ret = take_ptr(both);
	return 0;
}

int cascade_map_columns(uint32_t **col, const uint32_t *before, uint32_t cols)
{
	uint32_t *moved = calloc(cols, sizeof(*moved));

	if (!moved)
		return -ENOMEM;
	for (uint32_t s = 0; s < cols; s++)
		moved[s] = (*col)[before[s]];
	free(*col);
	*col = moved;
	return 0;
}

int cascade_own_columns(const struct cascade *c, uint32_t **ret)
{
	*ret = calloc(c->path.cols, sizeof(**ret));
	for (uint32_t s = 0; *ret && s < c->path.cols; s++)
		(*ret)[s] = s;
	return *ret ? 0 : -ENOMEM;
}

int cascade_take_names(struct cascade *c, struct cascade **ret)
{
	struct cascade *names = calloc(1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	names->separator = c->separator;
	memcpy(names->cls, c->cls, sizeof(names->cls));
	names->name = c->name;
	c->name = (struct fsm){ 0 };
	names->path.cols = c->path.cols;
	*ret = names;
	return 0;
}

int cascade_join_names(struct cascade *const *c, size_t cnt, struct cascade **ret, uint32_t **ret_cols, struct fsm_work *w)
{
	cleanup_(cascade_freep) struct cascade *all = NULL;
	int r = cascade_own_columns(c[0], &ret_cols[0]);

	if (!r)
		r = cascade_take_names(c[0], &all);
	for (size_t i = 1; !r && i < cnt; i++) {
		cleanup_free uint32_t *before = NULL;
		struct cascade *both = NULL;

		r = cascade_pair_names(all, c[i], &both, &before, &ret_cols[i], w);
		if (r < 0)
			break;
		cascade_free(all);
		all = both;
		for (size_t k = 0; !r && k < i; k++)
			r = cascade_map_columns(&ret_cols[k], before, all->path.cols);
	}
	if (r < 0)
		return r;
	*ret = take_ptr(all);
	return 0;
}

int cascade_minimise(struct cascade *c, struct fsm_work *w)
{
	cleanup_free uint32_t *symbol = calloc(c->path.cols + 1, sizeof(*symbol));
	uint32_t byte_class[CASCADE_SYMBOLS];
	int r;

	if (!symbol)
		return -ENOMEM;
	r = fsm_minimise(&c->path, w);
	if (!r)
		r = fsm_merge_cols(&c->path, symbol);
	if (r < 0)
		return r;
	for (uint32_t s = 0; s < c->name.states; s++)
		c->name.label[s] = symbol[c->name.label[s]];
	r = fsm_minimise(&c->name, w);
	if (!r)
		r = fsm_merge_cols(&c->name, byte_class);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < CASCADE_SYMBOLS; i++)
		if (!cascade_separates(c->separator, i))
			c->cls[i] = byte_class[c->cls[i]];
	return 0;
}
