/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Numbers for keys: equal keys get the same number, new ones the next. Keys are arrays of a fixed count of words;
 * numbers follow the order in which keys came, so the same input always gives the same numbers.
 */
#ifndef SLUICE_MATCH_INTERN_H
#define SLUICE_MATCH_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern {
	size_t words;     /* of one key */
	uint32_t cnt;
	uint64_t *keys;   /* cnt * words; owned; moves when a key is added */
	uint32_t *slots;  /* number + 1, 0 free; owned */
	size_t size;      /* keys that fit */
	size_t mask;      /* slots - 1 */
};

/* Cleanup-safe before any key is added. words > 0. */
#define INTERN_INIT(w) { (w), 0, NULL, NULL, 0, 0 }

void intern_done(struct intern *t);

/* -ENOMEM; *ret is the key's number. key may not point into the table. */
int intern_get(struct intern *t, const uint64_t *key, uint32_t *ret);

static inline const uint64_t *intern_key(const struct intern *t, uint32_t id)
{
	return t->keys + id * t->words;
}

/* A pair as a key of one word. */
static inline uint64_t intern_pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

#endif /* SLUICE_MATCH_INTERN_H */
