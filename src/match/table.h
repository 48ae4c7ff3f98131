/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* From a finished two-level automaton to the table of include/automaton.h. */
#ifndef SLUICE_MATCH_TABLE_H
#define SLUICE_MATCH_TABLE_H

#include "automaton.h"
#include "match/cascade.h"

/* A path automaton: symbol s of the names is its column col[s] (NULL: s). set_of[outcome] is the outcome's match set id, 0 for nothing. */
struct table_lane {
	const struct fsm *path;
	const uint32_t *col;
	const uint16_t *set_of;
	const uint8_t *below;   /* by outcome: 1 below a home in "/", 2 below one two names from the top; NULL: it is no such lane */
};

/*
 * All are minimal; of `names` the path is not looked at but for its columns, which are the symbols. Each
 * lane starts in its state 0; path NULL: there is none. Fills all of *ret_info but sets and words; *ret_table is the caller's. -E2BIG: a number does not fit,
 * w->e says which; -ENOMEM.
 */
int table_build(const struct cascade *names, const struct table_lane lanes[SL_DFA_LANES], bool several, struct sl_dfa_info *ret_info,
		struct sl_dfa **ret_table, struct fsm_work *w);

#endif /* SLUICE_MATCH_TABLE_H */
