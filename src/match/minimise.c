/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: merging states that no input can tell apart, by refining a partition (Hopcroft: a block that is split leaves
 * only its smaller half to be looked at again). Transitions into the sink, the state that most others fall into for
 * good, are left out: for tries of names that is nearly all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/fsm.h"

struct edge {
	uint16_t from, col;
};

struct partition {
	uint32_t *order;    /* states, block by block */
	uint32_t *place;    /* of a state in order */
	uint32_t *block;    /* of a state */
	uint32_t *begin, *end, *marked;  /* of a block: order[begin .. begin + marked) are marked */
	uint32_t blocks;
	uint32_t *queue;    /* blocks to split by, a stack */
	bool *queued;
	uint32_t queue_cnt;
	uint32_t *touched;  /* blocks with marks */
	uint32_t touched_cnt;
};

static void partition_done(struct partition *p)
{
	free(p->order);
	free(p->place);
	free(p->block);
	free(p->begin);
	free(p->end);
	free(p->marked);
	free(p->queue);
	free(p->queued);
	free(p->touched);
}

static int partition_init(struct partition *p, size_t n)
{
	*p = (struct partition){
		.order = calloc(n, sizeof(uint32_t)), .place = calloc(n, sizeof(uint32_t)),
		.block = calloc(n, sizeof(uint32_t)), .begin = calloc(n, sizeof(uint32_t)),
		.end = calloc(n, sizeof(uint32_t)),   .marked = calloc(n, sizeof(uint32_t)),
		.queue = calloc(n, sizeof(uint32_t)), .queued = calloc(n, sizeof(bool)),
		.touched = calloc(n, sizeof(uint32_t)),
	};
	return p->order && p->place && p->block && p->begin && p->end && p->marked && p->queue && p->queued &&
			       p->touched ? 0 : -ENOMEM;
}

static void enqueue(struct partition *p, uint32_t b)
{
	if (p->queued[b])
		return;
	p->queued[b] = true;
	p->queue[p->queue_cnt++] = b;
}

static void mark(struct partition *p, uint32_t state)
{
	uint32_t b = p->block[state], to = p->begin[b] + p->marked[b], from = p->place[state];

	if (from < to)
		return;
	if (!p->marked[b]++)
		p->touched[p->touched_cnt++] = b;
	p->order[from] = p->order[to];
	p->place[p->order[from]] = from;
	p->order[to] = state;
	p->place[state] = to;
}

/* Every block with marked and unmarked states becomes two. */
static void split(struct partition *p)
{
	while (p->touched_cnt) {
		uint32_t b = p->touched[--p->touched_cnt], cnt = p->marked[b], size = p->end[b] - p->begin[b], fresh;

		p->marked[b] = 0;
		if (cnt == size)
			continue;
		fresh = p->blocks++;
		/* The new block is the smaller half. */
		if (cnt <= size - cnt) {
			p->begin[fresh] = p->begin[b];
			p->end[fresh] = p->begin[b] += cnt;
		} else {
			p->end[fresh] = p->end[b];
			p->begin[fresh] = p->end[b] = p->begin[b] + cnt;
		}
		for (uint32_t i = p->begin[fresh]; i < p->end[fresh]; i++)
			p->block[p->order[i]] = fresh;
		enqueue(p, fresh);
	}
}

/* Counting sort of the states by key (keys below key_cnt) into p->order; blocks are runs of equal keys. */
static int partition_by(struct partition *p, const uint32_t *key, uint32_t key_cnt, uint32_t states)
{
	cleanup_free uint32_t *at = calloc((size_t)key_cnt + 2, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (uint32_t s = 0; s < states; s++)
		at[key[s] + 1]++;
	for (uint32_t k = 0; k < key_cnt; k++) {
		at[k + 1] += at[k];
		if (at[k + 1] == at[k])
			continue;
		p->begin[p->blocks] = at[k];
		p->end[p->blocks] = at[k + 1];
		enqueue(p, p->blocks++);
	}
	for (uint32_t s = 0; s < states; s++) {
		p->place[s] = at[key[s]]++;
		p->order[p->place[s]] = s;
	}
	for (uint32_t b = 0; b < p->blocks; b++)
		for (uint32_t i = p->begin[b]; i < p->end[b]; i++)
			p->block[p->order[i]] = b;
	return 0;
}

/* Edges by target: those into s are edges[at[s] .. at[s + 1]). Edges into `sink` are left out. */
static int reverse_edges(const struct fsm *f, uint32_t sink, uint32_t **ret_at, struct edge **ret_edges)
{
	cleanup_free uint32_t *at = calloc((size_t)f->states + 2, sizeof(*at));
	size_t cells = (size_t)f->states * f->cols, cnt = 0;
	struct edge *edges;

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < cells; i++)
		if (f->next[i] != sink) {
			at[f->next[i] + 2]++;
			cnt++;
		}
	edges = calloc(cnt + 1, sizeof(*edges));
	if (!edges)
		return -ENOMEM;
	for (uint32_t s = 1; s < f->states; s++)
		at[s + 1] += at[s];
	for (uint32_t s = 0; s < f->states; s++)
		for (uint32_t c = 0; c < f->cols; c++) {
			uint32_t to = f->next[(size_t)s * f->cols + c];

			if (to != sink)
				edges[at[to + 1]++] = (struct edge){ .from = (uint16_t)s, .col = (uint16_t)c };
		}
	*ret_at = take_ptr(at);
	*ret_edges = edges;
	return 0;
}

/* The state without a way out that is entered most often; UINT32_MAX: none. */
static int find_sink(const struct fsm *f, uint32_t *ret)
{
	cleanup_free uint32_t *entered = calloc(f->states, sizeof(*entered));
	uint32_t best = UINT32_MAX;

	if (!entered)
		return -ENOMEM;
	for (size_t i = 0; i < (size_t)f->states * f->cols; i++)
		entered[f->next[i]]++;
	for (uint32_t s = 0; s < f->states; s++) {
		uint32_t c = 0;

		while (c < f->cols && f->next[(size_t)s * f->cols + c] == s)
			c++;
		if (c == f->cols && (best == UINT32_MAX || entered[s] > entered[best]))
			best = s;
	}
	*ret = best;
	return 0;
}

/*
 * States that, like the sink, can reach no label but the sink's are equal to it: makes them it, so that the sink is
 * alone of its kind and "no edge" is an edge of its own. Uses edges without those into the sink.
 */
static int collapse_sink(struct fsm *f, uint32_t sink, const uint32_t *at, const struct edge *edges)
{
	cleanup_free bool *leaves = calloc(f->states, sizeof(*leaves));
	cleanup_free uint32_t *stack = calloc(f->states, sizeof(*stack));
	uint32_t depth = 0;

	if (!leaves || !stack)
		return -ENOMEM;
	for (uint32_t s = 0; s < f->states; s++) {
		if (f->label[s] == f->label[sink])
			continue;
		leaves[s] = true;
		stack[depth++] = s;
	}
	while (depth) {
		uint32_t s = stack[--depth];

		for (uint32_t i = at[s]; i < at[s + 1]; i++) {
			uint32_t from = edges[i].from;

			if (leaves[from])
				continue;
			leaves[from] = true;
			stack[depth++] = from;
		}
	}
	for (size_t i = 0; i < (size_t)f->states * f->cols; i++)
		if (!leaves[f->next[i]])
			f->next[i] = (uint16_t)sink;
	return 0;
}

/* The edges into one block, sorted by column. */
struct incoming {
	struct edge *edges, *sorted;
	uint32_t *at;       /* cols + 1, all zero between uses */
	uint32_t *cols;     /* columns met */
	size_t size;
};

static void incoming_done(struct incoming *in)
{
	free(in->edges);
	free(in->sorted);
	free(in->at);
	free(in->cols);
}

static int incoming_reserve(struct incoming *in, size_t cnt)
{
	struct edge *moved;

	if (cnt <= in->size)
		return 0;
	cnt += cnt / 2;
	moved = reallocarray(in->edges, cnt, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	in->edges = moved;
	moved = reallocarray(in->sorted, cnt, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	in->sorted = moved;
	in->size = cnt;
	return 0;
}

/* Splits all blocks by "has an edge of column c into block b", for every c. */
static int refine_by(struct partition *p, uint32_t b, const uint32_t *at, const struct edge *edges,
		     struct incoming *in, struct fsm_work *w)
{
	size_t cnt = 0;
	uint32_t cols = 0, sum = 0;
	int r;

	for (uint32_t i = p->begin[b]; i < p->end[b]; i++) {
		uint32_t s = p->order[i];

		r = incoming_reserve(in, cnt + at[s + 1] - at[s]);
		if (r < 0)
			return r;
		for (uint32_t k = at[s]; k < at[s + 1]; k++) {
			if (!in->at[edges[k].col]++)
				in->cols[cols++] = edges[k].col;
			in->edges[cnt++] = edges[k];
		}
	}
	for (uint32_t i = 0; i < cols; i++) {
		uint32_t n = in->at[in->cols[i]];

		in->at[in->cols[i]] = sum;
		sum += n;
	}
	for (size_t i = 0; i < cnt; i++)
		in->sorted[in->at[in->edges[i].col]++] = in->edges[i];
	for (size_t i = 0; i < cnt; i++) {
		mark(p, in->sorted[i].from);
		if (i + 1 == cnt || in->sorted[i + 1].col != in->sorted[i].col)
			split(p);
	}
	for (uint32_t i = 0; i < cols; i++)
		in->at[in->cols[i]] = 0;
	return fsm_spend(w, cnt + 1);
}

static int refine(struct partition *p, const struct fsm *f, const uint32_t *at, const struct edge *edges,
		  struct fsm_work *w)
{
	struct incoming in = {
		.at = calloc((size_t)f->cols + 1, sizeof(*in.at)),
		.cols = calloc((size_t)f->cols + 1, sizeof(*in.cols)),
	};
	int r = in.at && in.cols ? 0 : -ENOMEM;

	while (!r && p->queue_cnt) {
		uint32_t b = p->queue[--p->queue_cnt];

		p->queued[b] = false;
		r = refine_by(p, b, at, edges, &in, w);
	}
	incoming_done(&in);
	return r;
}

/* One state per block that the start reaches, numbered breadth-first. */
static int rebuild(struct fsm *f, const struct partition *p, struct fsm_work *w)
{
	cleanup_free uint32_t *id = calloc(p->blocks, sizeof(*id)), *sample = calloc(p->blocks, sizeof(*sample));
	struct fsm m = { .cols = f->cols };
	int r = id && sample ? 0 : -ENOMEM;

	if (!r) {
		id[p->block[0]] = 1;
		r = fsm_add(&m, f->label[0], w);
	}
	for (uint32_t s = 0; !r && s < m.states; s++) {
		for (uint32_t c = 0; !r && c < m.cols; c++) {
			uint32_t to = f->next[(size_t)sample[s] * f->cols + c], b = p->block[to];

			if (!id[b]) {
				id[b] = m.states + 1;
				sample[m.states] = to;
				r = fsm_add(&m, f->label[to], w);
			}
			m.next[(size_t)s * m.cols + c] = (uint16_t)(id[b] - 1);
		}
	}
	if (r < 0) {
		fsm_done(&m);
		return r;
	}
	fsm_done(f);
	*f = m;
	return 0;
}

int fsm_minimise(struct fsm *f, struct fsm_work *w)
{
	cleanup_free uint32_t *at = NULL;
	cleanup_free struct edge *edges = NULL;
	struct partition p = { 0 };
	uint32_t sink, labels = 0;
	int r = find_sink(f, &sink);

	if (!r)
		r = fsm_spend(w, (uint64_t)f->states * f->cols);
	if (!r)
		r = reverse_edges(f, sink, &at, &edges);
	if (!r && sink != UINT32_MAX) {
		r = collapse_sink(f, sink, at, edges);
		free(take_ptr(at));
		free(take_ptr(edges));
		if (!r)
			r = reverse_edges(f, sink, &at, &edges);
	}
	for (uint32_t s = 0; s < f->states; s++)
		if (f->label[s] >= labels)
			labels = f->label[s] + 1;
	if (!r)
		r = partition_init(&p, f->states);
	if (!r)
		r = partition_by(&p, f->label, labels, f->states);
	if (!r)
		r = refine(&p, f, at, edges, w);
	if (!r)
		r = rebuild(f, &p, w);
	partition_done(&p);
	return r;
}
