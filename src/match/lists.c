/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: lists of numbers, and the hash table that numbers them. */
#include "match/lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void lists_done(struct lists *l)
{
	free(l->all.v);
	free(l->at.v);
	free(l->slots);
}

int list_room(void *v, uint32_t cnt, uint32_t more, uint32_t *size, size_t each)
{
	uint32_t want = *size ? *size : 256;
	void *moved;

	if (cnt + more <= *size)
		return 0;
	while (want < cnt + more)
		want += want / 2;
	memcpy(&moved, v, sizeof(moved));
	moved = reallocarray(moved, want, each);
	if (!moved)
		return -ENOMEM;
	memcpy(v, &moved, sizeof(moved));
	*size = want;
	return 0;
}

int list_add(struct list *l, uint32_t v)
{
	int r = list_room(&l->v, l->cnt, 1, &l->size, sizeof(*l->v));

	if (!r)
		l->v[l->cnt++] = v;
	return r;
}

static bool is_list(const struct lists *l, uint32_t i, const struct list *key)
{
	uint32_t from = l->at.v[i];

	return lists_end(l, i) - from == key->cnt && (!key->cnt || !memcmp(l->all.v + from, key->v, key->cnt * sizeof(*key->v)));
}

static uint32_t hash_of(const uint32_t *v, uint32_t cnt)
{
	uint64_t h = cnt;

	for (uint32_t i = 0; i < cnt; i++) {
		h = (h ^ v[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

static int grow_slots(struct lists *l)
{
	uint32_t mask = l->mask ? l->mask * 2 + 1 : 1023;
	uint32_t *slots = calloc((size_t)mask + 1, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->at.cnt; i++) {
		uint32_t at = hash_of(l->all.v + l->at.v[i], lists_end(l, i) - l->at.v[i]) & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = i + 1;
	}
	free(l->slots);
	l->slots = slots;
	l->mask = mask;
	return 0;
}

int lists_get(struct lists *l, const struct list *key, uint32_t *ret)
{
	uint32_t at;
	int r = l->at.cnt * 2 >= l->mask ? grow_slots(l) : 0;

	if (r < 0)
		return r;
	for (at = hash_of(key->v, key->cnt) & l->mask; l->slots[at]; at = (at + 1) & l->mask)
		if (is_list(l, l->slots[at] - 1, key)) {
			*ret = l->slots[at] - 1;
			return 0;
		}
	r = list_room(&l->all.v, l->all.cnt, key->cnt, &l->all.size, sizeof(*l->all.v));
	r = r < 0 ? r : list_add(&l->at, l->all.cnt);
	if (r < 0)
		return r;
	if (key->cnt)
		memcpy(l->all.v + l->all.cnt, key->v, key->cnt * sizeof(*key->v));
	l->all.cnt += key->cnt;
	*ret = l->at.cnt - 1;
	l->slots[at] = l->at.cnt;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void list_tidy(struct list *l)
{
	uint32_t cnt = 0;

	if (l->cnt > 1)
		qsort(l->v, l->cnt, sizeof(*l->v), ascending);
	for (uint32_t i = 0; i < l->cnt; i++)
		if (!i || l->v[i] != l->v[i - 1])
			l->v[cnt++] = l->v[i];
	l->cnt = cnt;
}
