/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The one automaton engine. src/match/ compiles patterns into this table; the BPF programs and the agent run
 * the same step function over it.
 *
 * A string is fed from its LAST byte to its first. The kernel finds a file's name by walking from the leaf to
 * the root, so it can match while it walks: no path buffer is needed for a verdict, and a walk may stop as soon
 * as the state is SL_DFA_DEAD.
 *
 * The table is dense: entry (state << shift | class) is the next state. Byte classes run from 0; the last
 * column, SL_DFA_END(shift), is no byte: it holds the match set id of a string that ends in this state.
 * Set 0 is always "nothing matched". State 0 is dead: no continuation can match, its row is all 0.
 * The start state is in struct sl_dfa_info, not in the table.
 */
#ifndef SL_AUTOMATON_H
#define SL_AUTOMATON_H

#include "abi.h"

#define SL_DFA_DEAD 0
#define SL_DFA_END(shift) ((1u << (shift)) - 1)

struct sl_dfa {
	__u8 cls[256];   /* byte -> class, always < SL_DFA_END(shift) */
	__u16 trans[];   /* states << shift entries */
};

struct sl_dfa_info {
	__u32 start;     /* first state */
	__u32 shift;     /* log2 of the row length, 1..8 */
	__u32 limit;     /* entries in trans[] = states << shift */
	__u32 sets;      /* match set ids are 0 .. sets-1 */
};

/* Next state; an index out of the table (a corrupt table only) goes to the dead state. */
static inline __attribute__((always_inline)) __u32
sl_dfa_step(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u32 state, __u8 byte)
{
	__u32 idx = (state << shift) | dfa->cls[byte];

	if (idx >= limit)
		return SL_DFA_DEAD;
	return dfa->trans[idx];
}

/* Match set of a string that is wholly fed. */
static inline __attribute__((always_inline)) __u32
sl_dfa_accept(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u32 state)
{
	__u32 idx = (state << shift) | SL_DFA_END(shift);

	if (idx >= limit)
		return 0;
	return dfa->trans[idx];
}

#endif /* SL_AUTOMATON_H */
