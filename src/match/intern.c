/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the hash table that numbers keys. Knows nothing of what they mean; how many there may be is the caller's. */
#include "match/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void intern_done(struct intern *t)
{
	free(t->keys);
	free(t->slots);
	t->keys = NULL;
	t->slots = NULL;
	t->cnt = 0;
	t->size = t->mask = 0;
}

static size_t key_hash(const uint64_t *key, size_t words)
{
	uint64_t h = 0x9e3779b97f4a7c15ull;

	for (size_t i = 0; i < words; i++) {
		h = (h ^ key[i]) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return h;
}

/* Keys are a few words: a call costs more than the words do. */
static bool same(const uint64_t *a, const uint64_t *b, size_t words)
{
	size_t i = 0;

	while (i < words && a[i] == b[i])
		i++;
	return i == words;
}

/* Room for twice as many keys; slots stay at most half full. */
static int grow(struct intern *t)
{
	size_t size = t->size ? t->size * 2 : 32, mask = size * 2 - 1;
	uint64_t *keys = reallocarray(t->keys, size, t->words * sizeof(*keys));
	uint32_t *slots;

	if (!keys)
		return -ENOMEM;
	t->keys = keys;
	slots = calloc(mask + 1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t id = 0; id < t->cnt; id++) {
		size_t at = key_hash(intern_key(t, id), t->words) & mask;

		while (slots[at])
			at = (at + 1) & mask;
		slots[at] = id + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->size = size;
	t->mask = mask;
	return 0;
}

int intern_get(struct intern *t, const uint64_t *key, uint32_t *ret)
{
	size_t at;

	if (t->cnt == t->size) {
		int r = t->cnt < UINT32_MAX / 4 ? grow(t) : -ENOMEM;

		if (r < 0)
			return r;
	}
	for (at = key_hash(key, t->words) & t->mask; t->slots[at]; at = (at + 1) & t->mask) {
		if (same(intern_key(t, t->slots[at] - 1), key, t->words)) {
			*ret = t->slots[at] - 1;
			return 0;
		}
	}
	memcpy(t->keys + t->cnt * t->words, key, t->words * sizeof(*key));
	*ret = t->cnt++;
	t->slots[at] = t->cnt;
	return 0;
}
