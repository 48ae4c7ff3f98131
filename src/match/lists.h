/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Lists of numbers that grow, and numbers for such lists: equal ones get the same. As match/intern.h, for keys of any length. */
#ifndef SLUICE_MATCH_LISTS_H
#define SLUICE_MATCH_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	uint32_t *v;      /* owned */
	uint32_t cnt, size;
};

/* List i is all.v[at.v[i]] .. all.v[lists_end(l, i) - 1]; they are numbered in the order in which they came. */
struct lists {
	struct list all, at;
	uint32_t *slots;     /* number + 1, 0 free; owned */
	uint32_t mask;
};

void lists_done(struct lists *l);

/* *v, an array of `size` elements of `each` bytes of which cnt are used, gets room for `more`. -ENOMEM. */
int list_room(void *v, uint32_t cnt, uint32_t more, uint32_t *size, size_t each);

/* -ENOMEM. */
int list_add(struct list *l, uint32_t v);

/* Sorts, and keeps each number once. */
void list_tidy(struct list *l);

/* The number of a list that is equal to *l. -ENOMEM. */
int lists_get(struct lists *l, const struct list *key, uint32_t *ret);

static inline uint32_t lists_end(const struct lists *l, uint32_t i)
{
	return i + 1 < l->at.cnt ? l->at.v[i + 1] : l->all.cnt;
}

#endif /* SLUICE_MATCH_LISTS_H */
