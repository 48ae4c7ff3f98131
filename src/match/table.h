/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* From a finished two-level automaton to the table of include/automaton.h. */
#ifndef SLUICE_MATCH_TABLE_H
#define SLUICE_MATCH_TABLE_H

#include "automaton.h"
#include "match/cascade.h"

/*
 * The automaton is minimal; set_of[outcome] is the match set id of each outcome, 0 for nothing; starts: first path state
 * of each of the lanes, at most SL_DFA_LANES, the first of which is 0. Fills start, lanes, shift and limit of *ret_info; *ret_table is the caller's. -E2BIG: a number does not fit, w->e says which; -ENOMEM.
 */
int table_build(const struct cascade *c, const uint16_t *set_of, const uint32_t *starts, size_t lanes,
		struct sl_dfa_info *ret_info, struct sl_dfa **ret_table, struct fsm_work *w);

#endif /* SLUICE_MATCH_TABLE_H */
