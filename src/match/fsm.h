/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Finite state machines with a label on every state: the product of two, and the smallest equal one. States are
 * numbered in breadth-first order from the start (state 0), so that equal machines are equal arrays.
 */
#ifndef SLUICE_MATCH_FSM_H
#define SLUICE_MATCH_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errmsg.h"
#include "match/intern.h"

/* Transitions of one machine, also of an intermediate one: 32 MiB of memory. The shipped policies take a sixth. Beyond: -E2BIG. */
#define FSM_CELLS_MAX (16u << 20)

/* What the construction of one table may cost, in transitions computed: a few seconds. 2,000 patterns of the common
 * forms take 85 million. Beyond: -E2BIG. */
#define FSM_WORK_MAX 200000000ull

struct fsm_work {
	uint64_t left;
	uint32_t states_max;  /* of a machine that only grows from here on; 0: no such bound */
	uint32_t cells_max;   /* less than FSM_CELLS_MAX, where there is another way; 0: no such bound */
	struct errmsg *e;
};

/* Takes n units; -E2BIG when they are used up. */
int fsm_spend(struct fsm_work *w, uint64_t n);

struct fsm {
	uint32_t states, cols;
	uint16_t *next;   /* states * cols; owned */
	uint32_t *label;  /* states; owned */
	size_t size;      /* states that fit, while it is built */
};

void fsm_done(struct fsm *f);

/* Appends a state whose row is yet to be filled. -E2BIG, -ENOMEM. */
int fsm_add(struct fsm *f, uint32_t label, struct fsm_work *w);

/* a and b in step: column c is column a_col[c] of a and b_col[c] of b. *labels numbers the pairs of labels met, and
 * the new labels are these numbers. *ret is empty before; it is for the caller to release also on failure. */
int fsm_product(const struct fsm *a, const uint32_t *a_col, const struct fsm *b, const uint32_t *b_col, uint32_t cols,
		struct intern *labels, struct fsm *ret, struct fsm_work *w);

/* Merges states that no input can tell apart by label. */
int fsm_minimise(struct fsm *f, struct fsm_work *w);

/* Merges equal columns; map[old] = new (cols entries, numbered in order of first use). */
int fsm_merge_cols(struct fsm *f, uint32_t *map);

#endif /* SLUICE_MATCH_FSM_H */
