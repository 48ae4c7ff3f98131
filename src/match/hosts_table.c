/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the layout of the table that the kernel runs over (include/hostnames.h). States that mean the same become one, a row of states of
 * one way each becomes a piece, and the cells of all others lie between one another, where their classes leave room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match/hosts_internal.h"

/* Places for a state's cells that are tried before they are put at the end. */
#define TRIES 64

struct layout {
	struct host_states *s;
	uint32_t *into;        /* state -> the one that it became */
	uint32_t *entries;     /* by state: ways into it, 2: more than one */
	uint32_t *record;      /* by state: number of its record, 0: it has none */
	uint32_t *order;       /* by record: its state */
	uint32_t records;
	uint32_t *words;       /* of records */
	uint32_t *cells;
	uint32_t cells_cnt, cells_size, first_free;
	uint8_t *bytes;
	uint32_t bytes_cnt, bytes_size;
};

static void layout_done(struct layout *l)
{
	free(l->into);
	free(l->entries);
	free(l->record);
	free(l->order);
	free(l->words);
	free(l->cells);
	free(l->bytes);
}

/* ---- states that mean the same ---------------------------------------------------------------------------------- */

static uint32_t state_hash(const struct host_states *s, uint32_t i)
{
	const struct host_state *x = &s->v[i];
	uint64_t h = (uint64_t)x->set << 32 | (x->other == i ? UINT32_MAX : x->other);

	for (uint32_t k = 0; k < x->edges_cnt; k++) {
		h = (h ^ s->edges[x->edges_at + k].to) * 0x9e3779b97f4a7c15ull;
		h = (h ^ h >> 32 ^ s->edges[x->edges_at + k].cls) * 0xff51afd7ed558ccdull;
	}
	return (uint32_t)((h ^ h >> 32) * 0x9e3779b97f4a7c15ull >> 32);
}

static bool same_state(const struct host_states *s, uint32_t a, uint32_t b)
{
	const struct host_state *x = &s->v[a], *y = &s->v[b];

	return x->set == y->set && x->edges_cnt == y->edges_cnt && (x->other == y->other || (x->other == a && y->other == b)) &&
	       !memcmp(s->edges + x->edges_at, s->edges + y->edges_at, x->edges_cnt * sizeof(*s->edges));
}

/* States come after those that lead to them, but for loops: from the last to the first, whatever a state leads to is merged already. */
static int merge(struct layout *l)
{
	struct host_states *s = l->s;
	uint32_t mask = 1023;
	cleanup_free uint32_t *slots = NULL;

	while (mask < s->cnt * 2)
		mask = mask * 2 + 1;
	slots = calloc((size_t)mask + 1, sizeof(*slots));
	l->into = calloc(s->cnt, sizeof(*l->into));
	if (!slots || !l->into)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->cnt; i++)
		l->into[i] = i;
	for (uint32_t i = s->cnt; i-- > 1;) {
		struct host_state *x = &s->v[i];
		uint32_t at;

		x->other = l->into[x->other];
		for (uint32_t k = 0; k < x->edges_cnt; k++)
			s->edges[x->edges_at + k].to = l->into[s->edges[x->edges_at + k].to];
		for (at = state_hash(s, i) & mask; slots[at] && !same_state(s, slots[at] - 1, i); at = (at + 1) & mask)
			;
		if (slots[at])
			l->into[i] = slots[at] - 1;
		else
			slots[at] = i + 1;
	}
	/* What is led to by a loop was merged after the state that leads there. */
	for (uint32_t i = 0; i < s->cnt; i++) {
		struct host_state *x = &s->v[i];

		x->other = l->into[x->other];
		for (uint32_t k = 0; k < x->edges_cnt; k++)
			s->edges[x->edges_at + k].to = l->into[s->edges[x->edges_at + k].to];
	}
	s->start = l->into[s->start];
	return 0;
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

/* The only way on from a state is the one edge. */
static bool is_piece(const struct host_states *s, uint32_t state)
{
	return s->v[state].edges_cnt == 1;
}

/* The state goes on with the piece that `before` is part of. */
static bool goes_on(const struct layout *l, uint32_t before, uint32_t state)
{
	const struct host_state *x = &l->s->v[before], *y = &l->s->v[state];

	return is_piece(l->s, state) && l->entries[state] < 2 && x->other == y->other && x->set == y->set && state != l->s->start;
}

static void count_entry(struct layout *l, uint32_t state)
{
	l->entries[state] += l->entries[state] < 2;
}

static void enlist(struct layout *l, uint32_t state)
{
	if (!state || l->record[state])
		return;
	l->record[state] = l->records;
	l->order[l->records++] = state;
}

/* Behind the piece that begins in a state: the state there. *ret_len: its bytes. */
static uint32_t piece_end(const struct layout *l, uint32_t state, uint32_t *ret_len)
{
	uint32_t len = 1, to = l->s->edges[l->s->v[state].edges_at].to;

	while (len < 255 && goes_on(l, state, to)) {
		to = l->s->edges[l->s->v[to].edges_at].to;
		len++;
	}
	*ret_len = len;
	return to;
}

static int number_records(struct layout *l)
{
	struct host_states *s = l->s;
	uint32_t len;

	l->entries = calloc(s->cnt, sizeof(*l->entries));
	l->record = calloc(s->cnt, sizeof(*l->record));
	l->order = calloc(s->cnt + 1, sizeof(*l->order));
	if (!l->entries || !l->record || !l->order)
		return -ENOMEM;
	for (uint32_t i = 1; i < s->cnt; i++) {
		if (l->into[i] != i)
			continue;
		/* A default is a way in that does not count: what it leads to has a record of its own. */
		l->entries[s->v[i].other] = 2;
		for (uint32_t k = 0; k < s->v[i].edges_cnt; k++)
			count_entry(l, s->edges[s->v[i].edges_at + k].to);
	}
	l->records = 1; /* record 0 is state 0 */
	enlist(l, s->start);
	for (uint32_t i = 1; i < l->records; i++) {
		uint32_t state = l->order[i];

		enlist(l, s->v[state].other);
		if (is_piece(s, state))
			enlist(l, piece_end(l, state, &len));
		else
			for (uint32_t k = 0; k < s->v[state].edges_cnt; k++)
				enlist(l, s->edges[s->v[state].edges_at + k].to);
	}
	return 0;
}

/* ---- cells and bytes -------------------------------------------------------------------------------------------- */

/* Room for cells up to `cnt`, zeroed. */
static int cells_to(struct layout *l, uint32_t cnt)
{
	uint32_t size = l->cells_size ? l->cells_size : 1024;
	uint32_t *moved;

	if (cnt > l->cells_size) {
		while (size < cnt)
			size += size / 2;
		moved = reallocarray(l->cells, size, 2 * sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		memset(moved + (size_t)l->cells_size * 2, 0, (size_t)(size - l->cells_size) * 2 * sizeof(*moved));
		l->cells = moved;
		l->cells_size = size;
	}
	if (cnt > l->cells_cnt)
		l->cells_cnt = cnt;
	return 0;
}

static bool has_room(const struct layout *l, const struct host_edge *edges, uint32_t cnt, uint32_t first)
{
	for (uint32_t k = 0; k < cnt; k++)
		if (first + edges[k].cls < l->cells_cnt && l->cells[(size_t)(first + edges[k].cls) * 2])
			return false;
	return true;
}

static int put_cells(struct layout *l, uint32_t record, uint32_t *ret)
{
	const struct host_state *x = &l->s->v[l->order[record]];
	const struct host_edge *edges = l->s->edges + x->edges_at;
	uint32_t first, at = l->first_free;
	int r;

	for (unsigned int tries = 0; at < l->cells_cnt && tries < TRIES; at++) {
		if (l->cells[(size_t)at * 2] || at < edges[0].cls)
			continue;
		tries++;
		if (has_room(l, edges, x->edges_cnt, at - edges[0].cls))
			break;
		if (tries == TRIES)
			at = l->cells_cnt;
	}
	first = at < l->cells_cnt ? at - edges[0].cls : l->cells_cnt;
	r = cells_to(l, first + HOST_CLASSES);
	if (r < 0)
		return r;
	for (uint32_t k = 0; k < x->edges_cnt; k++) {
		l->cells[(size_t)(first + edges[k].cls) * 2] = record;
		l->cells[(size_t)(first + edges[k].cls) * 2 + 1] = l->record[edges[k].to];
	}
	while (l->first_free < l->cells_cnt && l->cells[(size_t)l->first_free * 2])
		l->first_free++;
	*ret = first;
	return 0;
}

static int put_bytes(struct layout *l, uint32_t state, uint32_t len)
{
	if (l->bytes_cnt + len > l->bytes_size) {
		uint32_t size = (l->bytes_size ? l->bytes_size * 2 : 4096) + len;
		uint8_t *moved = realloc(l->bytes, size);

		if (!moved)
			return -ENOMEM;
		l->bytes = moved;
		l->bytes_size = size;
	}
	for (; len; len--) {
		const struct host_edge *edge = &l->s->edges[l->s->v[state].edges_at];

		l->bytes[l->bytes_cnt++] = (uint8_t)edge->cls;
		state = edge->to;
	}
	return 0;
}

static int fill_records(struct layout *l)
{
	const struct host_states *s = l->s;
	int r = 0;

	l->words = calloc((size_t)l->records * 4, sizeof(*l->words));
	if (!l->words)
		return -ENOMEM;
	for (uint32_t i = 1; i < l->records && r >= 0; i++) {
		uint32_t state = l->order[i], *w = l->words + (size_t)i * 4, len = 0;

		w[1] = l->record[s->v[state].other];
		w[2] = s->v[state].set;
		if (is_piece(s, state)) {
			w[0] = l->bytes_cnt;
			w[3] = l->record[piece_end(l, state, &len)];
			w[2] |= len << 16;
			r = put_bytes(l, state, len);
		} else if (s->v[state].edges_cnt) {
			r = put_cells(l, i, &w[0]);
		}
	}
	return r;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static int join(const struct layout *l, struct hosts *ret, struct errmsg *e)
{
	uint32_t records = l->records * 4, cells = l->cells_cnt * 2, bytes = (l->bytes_cnt + 3) / 4;
	uint64_t limit = (uint64_t)records + cells + bytes;
	struct sl_hosts *t;

	if (limit > SL_HOSTS_WORDS_MAX)
		return errmsg_set(e, -E2BIG, "the table of host names would have %llu KiB, %u are the most",
				  (unsigned long long)limit * 4 / 1024, SL_HOSTS_WORDS_MAX / 256);
	t = calloc(1, sizeof(*t) + limit * sizeof(t->words[0]));
	if (!t)
		return -ENOMEM;
	for (unsigned int byte = 0; byte < 256; byte++)
		t->cls[byte] = host_class((uint8_t)byte);
	memcpy(t->words, l->words, records * sizeof(t->words[0]));
	if (cells)
		memcpy(t->words + records, l->cells, cells * sizeof(t->words[0]));
	for (uint32_t i = 0; i < l->bytes_cnt; i++)
		t->words[records + cells + i / 4] |= (uint32_t)l->bytes[i] << (i % 4 * 8);
	ret->info.start = l->record[l->s->start];
	ret->info.cells = records;
	ret->info.bytes = records + cells;
	ret->info.limit = (uint32_t)limit;
	ret->table = t;
	return 0;
}

int hosts_lay_out(struct host_states *s, struct hosts *ret, struct errmsg *e)
{
	__attribute__((cleanup(layout_done))) struct layout l = { .s = s };
	int r = merge(&l);

	r = r < 0 ? r : number_records(&l);
	r = r < 0 ? r : fill_records(&l);
	return r < 0 ? r : join(&l, ret, e);
}
