/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the product of many automata as rows of their states. Most symbols are about few of the automata: the row behind a state by a
 * symbol that is about none is found once, and each other one is that row but for a few places.
 */
#include "match/joint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IGNORED UINT16_MAX  /* a class that makes no difference any more */

struct special {
	uint32_t cls, col;
};

struct joint {
	const struct joint_class *c;
	size_t cnt;
	const struct dfa_reduce *reduce;
	struct fsm_work *w;
	struct fsm *f;
	bool **sure;               /* by class and state: the string is in the class, whatever comes */
	uint64_t *lighter;         /* cnt rows of bits: classes that one outweighs */
	size_t words;              /* of such a row */
	uint32_t *usual;           /* by class: the column of most symbols */
	struct special *specials;  /* by symbol: where its column is another */
	uint32_t *first;           /* of a symbol in specials; one more than there are symbols */
	uint16_t *rows;            /* of states */
	uint64_t *hashes;          /* of rows */
	size_t rows_size;
	uint32_t *slots;           /* state + 1, 0 free */
	size_t mask;
	uint16_t *other, *next;    /* scratch: rows */
	uint32_t *fresh, fresh_cnt; /* scratch: classes */
	struct intern sets;
};

static void joint_done(struct joint *j)
{
	for (size_t i = 0; j->sure && i < j->cnt; i++)
		free(j->sure[i]);
	free(j->sure);
	free(j->lighter);
	free(j->usual);
	free(j->specials);
	free(j->first);
	free(j->rows);
	free(j->hashes);
	free(j->slots);
	free(j->other);
	free(j->next);
	free(j->fresh);
	intern_done(&j->sets);
}

static bool is_sure(const struct fsm *f, uint32_t s)
{
	uint32_t c = 0;

	while (c < f->cols && f->next[(size_t)s * f->cols + c] == s)
		c++;
	return c == f->cols && f->label[s];
}

static int weigh(struct joint *j)
{
	const struct dfa_reduce *reduce = j->reduce;

	for (size_t i = 0; i < j->cnt; i++) {
		const struct fsm *f = j->c[i].path;

		if (f->states >= IGNORED)
			return errmsg_set(j->w->e, -E2BIG, "more than %u states of one class", IGNORED - 1);
		j->sure[i] = calloc(f->states, sizeof(*j->sure[i]));
		if (!j->sure[i])
			return -ENOMEM;
		for (uint32_t s = 0; s < f->states; s++)
			j->sure[i][s] = is_sure(f, s);
		for (size_t k = 0; dfa_set_has(&reduce->may, j->c[i].cls) && k < j->cnt; k++)
			if (k != i && dfa_set_has(&reduce->may, j->c[k].cls) && reduce->outweighs(reduce->arg, j->c[i].cls, j->c[k].cls))
				j->lighter[i * j->words + k / 64] |= 1ull << (k % 64);
	}
	return fsm_spend(j->w, j->cnt * j->cnt);
}

/* The column that most symbols have in a class. */
static int find_usual(struct joint *j, size_t i, uint32_t symbols, uint32_t *count)
{
	memset(count, 0, j->c[i].path->cols * sizeof(*count));
	for (uint32_t s = 0; s < symbols; s++)
		count[j->c[i].col[s]]++;
	for (uint32_t c = 1; c < j->c[i].path->cols; c++)
		if (count[c] > count[j->usual[i]])
			j->usual[i] = c;
	return fsm_spend(j->w, symbols / 16 + 1);
}

static int find_specials(struct joint *j, uint32_t symbols)
{
	cleanup_free uint32_t *count = NULL;
	uint32_t cols = 1, cnt = 0;
	int r = 0;

	for (size_t i = 0; i < j->cnt; i++)
		cols = j->c[i].path->cols > cols ? j->c[i].path->cols : cols;
	count = calloc(cols, sizeof(*count));
	if (!count)
		return -ENOMEM;
	for (size_t i = 0; !r && i < j->cnt; i++) {
		r = find_usual(j, i, symbols, count);
		cnt += symbols - count[j->usual[i]];
	}
	j->specials = calloc((size_t)cnt + 1, sizeof(*j->specials));
	if (!j->specials)
		return -ENOMEM;
	cnt = 0;
	for (uint32_t s = 0; s < symbols; s++) {
		j->first[s] = cnt;
		for (size_t i = 0; i < j->cnt; i++)
			if (j->c[i].col[s] != j->usual[i])
				j->specials[cnt++] = (struct special){ .cls = (uint32_t)i, .col = j->c[i].col[s] };
	}
	j->first[symbols] = cnt;
	return r;
}

static uint16_t step(const struct joint *j, size_t i, uint16_t from, uint32_t col)
{
	const struct fsm *f = j->c[i].path;

	return from == IGNORED ? IGNORED : (uint16_t)f->next[(size_t)from * f->cols + col];
}

static uint64_t place_hash(size_t i, uint16_t state)
{
	uint64_t h = ((uint64_t)i << 16 | state) * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 32;
}

/* What is lighter than class i makes no difference any more. Returns the row's hash. */
static uint64_t ignore_lighter(const struct joint *j, size_t i, uint16_t *row, uint64_t hash)
{
	for (size_t w = 0; w < j->words; w++) {
		uint64_t left = j->lighter[i * j->words + w];

		for (; left; left &= left - 1) {
			size_t k = w * 64 + (size_t)__builtin_ctzll(left);

			if (row[k] == IGNORED)
				continue;
			hash ^= place_hash(k, row[k]) ^ place_hash(k, IGNORED);
			row[k] = IGNORED;
		}
	}
	return hash;
}

static int label_of(struct joint *j, const uint16_t *row, uint32_t *ret)
{
	struct dfa_set set = { 0 };

	for (size_t i = 0; i < j->cnt; i++)
		if (row[i] != IGNORED && j->c[i].path->label[row[i]])
			dfa_set_add(&set, j->c[i].cls);
	j->reduce->fn(j->reduce->arg, &set);
	return intern_get(&j->sets, set.bits, ret);
}

static int rehash(struct joint *j)
{
	size_t mask = j->mask ? j->mask * 2 + 1 : 1023;
	uint32_t *slots = calloc(mask + 1, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t s = 0; s < j->f->states; s++) {
		size_t at = j->hashes[s] & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = s + 1;
	}
	free(j->slots);
	j->slots = slots;
	j->mask = mask;
	return 0;
}

/* The state of a row; a new one is added. */
static int state_of(struct joint *j, const uint16_t *row, uint64_t hash, uint32_t *ret)
{
	size_t at, bytes = j->cnt * sizeof(*row);
	uint32_t label;
	int r = 0;

	if (2 * (size_t)j->f->states >= j->mask)
		r = rehash(j);
	if (r < 0)
		return r;
	for (at = hash & j->mask; j->slots[at]; at = (at + 1) & j->mask) {
		*ret = j->slots[at] - 1;
		if (j->hashes[*ret] == hash && !memcmp(j->rows + *ret * j->cnt, row, bytes))
			return 0;
	}
	if (j->f->states == j->rows_size) {
		size_t size = j->rows_size ? j->rows_size * 2 : 64;
		uint16_t *rows = reallocarray(j->rows, size, bytes);
		uint64_t *hashes;

		if (!rows)
			return -ENOMEM;
		j->rows = rows;
		hashes = reallocarray(j->hashes, size, sizeof(*hashes));
		if (!hashes)
			return -ENOMEM;
		j->hashes = hashes;
		j->rows_size = size;
	}
	*ret = j->f->states;
	memcpy(j->rows + *ret * j->cnt, row, bytes);
	j->hashes[*ret] = hash;
	r = label_of(j, row, &label);
	if (!r)
		r = fsm_add(j->f, label, j->w);
	if (!r)
		j->slots[at] = *ret + 1;
	return r < 0 ? r : fsm_spend(j->w, j->cnt / 4);
}

/* Class i of a row is certain now: what is lighter is ignored. */
static uint64_t settle(const struct joint *j, size_t i, uint16_t *row, uint64_t hash)
{
	return row[i] != IGNORED && j->sure[i][row[i]] ? ignore_lighter(j, i, row, hash) : hash;
}

/* The row that most symbols lead to from `was`, before anything is settled; j->fresh: classes that are certain there and were not. */
static uint64_t find_other(struct joint *j, const uint16_t *was)
{
	uint64_t hash = 0;

	j->fresh_cnt = 0;
	for (size_t i = 0; i < j->cnt; i++) {
		j->other[i] = step(j, i, was[i], j->usual[i]);
		hash ^= place_hash(i, j->other[i]);
		if (j->other[i] != IGNORED && j->other[i] != was[i] && j->sure[i][j->other[i]])
			j->fresh[j->fresh_cnt++] = (uint32_t)i;
	}
	return hash;
}

/* The state behind a symbol: the other row but for the places that the symbol is about. */
static int step_symbol(struct joint *j, const uint16_t *was, uint32_t x, uint64_t hash, uint32_t *ret)
{
	bool differs = false;

	for (uint32_t k = j->first[x]; k < j->first[x + 1]; k++) {
		uint32_t i = j->specials[k].cls;
		uint16_t at = step(j, i, was[i], j->specials[k].col);

		if (at == j->other[i])
			continue;
		if (!differs)
			memcpy(j->next, j->other, j->cnt * sizeof(*j->next));
		differs = true;
		hash ^= place_hash(i, j->next[i]) ^ place_hash(i, at);
		j->next[i] = at;
	}
	if (!differs)
		return 0;
	for (uint32_t k = 0; k < j->fresh_cnt; k++)
		hash = settle(j, j->fresh[k], j->next, hash);
	for (uint32_t k = j->first[x]; k < j->first[x + 1]; k++)
		hash = settle(j, j->specials[k].cls, j->next, hash);
	return state_of(j, j->next, hash, ret);
}

/* All rows behind state s. */
static int fill_state(struct joint *j, uint32_t s, uint32_t symbols)
{
	size_t bytes = j->cnt * sizeof(*j->rows);
	cleanup_free uint16_t *was = malloc(bytes);
	uint64_t hash, settled;
	uint32_t other;
	int r;

	if (!was)
		return -ENOMEM;
	memcpy(was, j->rows + s * j->cnt, bytes);
	hash = settled = find_other(j, was);
	memcpy(j->next, j->other, bytes);
	for (uint32_t k = 0; k < j->fresh_cnt; k++)
		settled = settle(j, j->fresh[k], j->next, settled);
	r = state_of(j, j->next, settled, &other);
	for (uint32_t x = 0; !r && x < symbols; x++) {
		uint32_t to = other;

		r = step_symbol(j, was, x, hash, &to);
		j->f->next[(size_t)s * symbols + x] = (uint16_t)to;
	}
	return r < 0 ? r : fsm_spend(j->w, symbols);
}

static int build(struct joint *j, uint32_t symbols)
{
	uint64_t hash = 0;
	uint32_t id;
	int r = weigh(j);

	if (!r)
		r = find_specials(j, symbols);
	if (r < 0)
		return r;
	j->f->cols = symbols;
	for (size_t i = 0; i < j->cnt; i++)
		hash ^= place_hash(i, 0);
	r = state_of(j, j->next, hash, &id);
	for (uint32_t s = 0; !r && s < j->f->states; s++)
		r = fill_state(j, s, symbols);
	return r;
}

int joint_product(const struct joint_class *c, size_t cnt, uint32_t symbols, const struct dfa_reduce *reduce, struct fsm *ret,
		  struct dfa_set **ret_sets, uint32_t *ret_sets_cnt, struct fsm_work *w)
{
	cleanup_(joint_done) struct joint j = {
		.c = c, .cnt = cnt, .reduce = reduce, .w = w, .f = ret, .words = cnt / 64 + 1, .sets = INTERN_INIT(DFA_WORDS),
	};
	static const struct dfa_set empty;
	uint32_t none;
	int r;

	j.sure = calloc(cnt, sizeof(*j.sure));
	j.lighter = calloc(cnt * j.words, sizeof(*j.lighter));
	j.usual = calloc(cnt, sizeof(*j.usual));
	j.first = calloc((size_t)symbols + 1, sizeof(*j.first));
	j.other = calloc(cnt, sizeof(*j.other));
	j.next = calloc(cnt, sizeof(*j.next));
	j.fresh = calloc(cnt, sizeof(*j.fresh));
	if (!j.sure || !j.lighter || !j.usual || !j.first || !j.other || !j.next || !j.fresh)
		return -ENOMEM;
	r = intern_get(&j.sets, empty.bits, &none);
	if (!r)
		r = build(&j, symbols);
	if (r < 0)
		return r;
	*ret_sets = calloc(j.sets.cnt, sizeof(**ret_sets));
	if (!*ret_sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < j.sets.cnt; i++)
		memcpy((*ret_sets)[i].bits, intern_key(&j.sets, i), sizeof((*ret_sets)[i].bits));
	*ret_sets_cnt = j.sets.cnt;
	return 0;
}
