/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The automaton of include/automaton.h while it is built: a machine over the bytes of one component, fed from the last
 * to the first, whose labels are symbols; and a machine over these symbols, fed from the last component to the first,
 * whose labels are outcomes. What an outcome is, the caller says.
 */
#ifndef SLUICE_MATCH_CASCADE_H
#define SLUICE_MATCH_CASCADE_H

#include "base/cleanup.h"
#include "match/fsm.h"
#include "match/pattern.h"

/* What a name is made of: 256 bytes as they are, and 256 of names whose case does not matter (include/automaton.h). */
#define CASCADE_SYMBOLS 512

static inline bool cascade_separates(char separator, unsigned int symbol)
{
	return symbol % 256 == (uint8_t)separator;
}

struct cascade {
	char separator;
	uint32_t cls[CASCADE_SYMBOLS]; /* byte, or SL_DFA_FOLD + byte -> column of name; of no meaning for the separator */
	struct fsm name;    /* columns: byte classes; labels: symbols, below path.cols */
	struct fsm path;    /* columns: symbols; labels: outcomes */
};

void cascade_free(struct cascade *c);
DEFINE_FREEP(struct cascade, cascade_free)

/* All: -E2BIG: too large or takes too long, w->e says what; -ENOMEM. */

/* Outcome 1 for what the pattern matches, else 0. Minimal. */
int cascade_of_pattern(const struct pattern *p, struct cascade **ret, struct fsm_work *w);

/* Outcome 0 for every string. */
int cascade_of_nothing(char separator, struct cascade **ret, struct fsm_work *w);

/*
 * Both in step. The outcomes are numbers of pairs (outcome of a, outcome of b) in *pairs, which is empty before. If a
 * and b are minimal, then so is the product.
 */
int cascade_product(const struct cascade *a, const struct cascade *b, struct intern *pairs, struct cascade **ret,
		    struct fsm_work *w);

/* The names of both, as a cascade whose path has columns (symbols) and no states: column s of it is column (*ret_a)[s] of a->path, and so on.
 * The name automata of both are used up. */
int cascade_pair_names(struct cascade *a, struct cascade *b, struct cascade **ret, uint32_t **ret_a, uint32_t **ret_b, struct fsm_work *w);

/* Columns of a product of products: column s is now what column before[s] was. The columns of c itself. -ENOMEM. */
int cascade_map_columns(uint32_t **col, const uint32_t *before, uint32_t cols);
int cascade_take_names(struct cascade *c, struct cascade **ret); /* a cascade of c's names, which are used up */
int cascade_own_columns(const struct cascade *c, uint32_t **ret);

/*
 * The names of all of cnt > 0 automata, as a cascade whose path has columns (symbols) and no states: column s of it is column
 * ret_cols[i][s] of c[i]->path. The name automata of c are used up. ret_cols: cnt entries, NULL before, for the caller to free, also on failure.
 */
int cascade_join_names(struct cascade *const *c, size_t cnt, struct cascade **ret, uint32_t **ret_cols, struct fsm_work *w);

/* Makes it minimal, after outcomes were merged: fewest states on both levels, fewest symbols and byte classes. */
int cascade_minimise(struct cascade *c, struct fsm_work *w);

#endif /* SLUICE_MATCH_CASCADE_H */
