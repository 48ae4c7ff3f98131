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
 * A string is a row of components between separators ('/' in paths, '.' in host names), and the automaton has two
 * levels. The name automaton reads the bytes of one component and ends in a symbol: which of the names that
 * patterns speak of this component is. The path automaton then takes one step by that symbol. One automaton over
 * bytes would need the product of the two: "below some tool's store" times "so far into some tool's name", times
 * "was a .env": two million states for the shipped policy, where the two levels have 3,824 and 12,913.
 *
 * A state is path state << 16 | name state; callers keep it whole and only compare it with SL_DFA_DEAD, which says
 * that no continuation can match. Set 0 is always "nothing matched".
 *
 * trans[] holds rows of the name automaton, `width` entries each, then rows of the path automaton, 1 << shift entries each, and
 * behind them the index of the path automaton:
 *   trans[name state * width + class]         next name state; class 0 (the separator): the component's symbol
 *   trans[paths + (path state << paths_shift) + symbol >> shift]   a row; trans[rows + (row << shift) + symbol's low
 *                                             bits] is the next path state. Equal pieces of rows are stored once.
 *   the last entry of a path state's index    match set of a string that ends in it
 * A name can also be fed as a folding directory compares it, without regard to case: its bytes then have the classes of
 * the upper half of cls[], in which a letter is what its upper or its lower case is to the patterns. The states are the same, and so are the symbols.
 * Several automata can share one table, the lanes: they read the same symbols, each has a start state of its own, and a
 * string has a match set in each. Where the product of all classes would be too large, lanes add up instead. The path
 * states of all lanes are one number, SL_DFA_LANE_BITS each, the first lane lowest; so are their match sets, SL_DFA_SET_BITS each.
 *
 * Words in a file's own name have a table of their own (struct sl_dfa as well, the name level alone), and what they lead to is one more
 * match set. A state's row has, in front, the set of a name that ends in it, and behind, that of a name that was read so far, whatever
 * is in front of it. The greatest of all that were met on the way is the name's.
 *
 * Name state 0: a component that no pattern names, symbol 0, row all 0. Path state 0: dead, index all 0. The
 * start state is in struct sl_dfa_info, not in the table.
 */
#ifndef SL_AUTOMATON_H
#define SL_AUTOMATON_H

#include "abi.h"

#define SL_DFA_DEAD 0
#define SL_DFA_FOLD 256 /* add to a byte: it is one of a name in a directory that ignores case */
#define SL_DFA_LANES 4
#define SL_DFA_LANE_BITS 16
#define SL_DFA_SET_BITS 12
#define SL_DFA_SETS (SL_DFA_LANES + 1) /* those of the lanes, and that of the words */
#define SL_DFA_SET(sets, i) ((__u32)((sets) >> (i) * SL_DFA_SET_BITS) & ((1u << SL_DFA_SET_BITS) - 1))

struct sl_dfa {
	__u16 cls[512];    /* byte -> class; 0 is the separator and nothing else. From SL_DFA_FOLD on: bytes of folded names */
	__u32 rows;        /* where the path automaton's rows begin in trans[] */
	__u32 paths;       /* where its index begins */
	__u16 paths_shift; /* log2 of the index entries of one path state, at most 15 */
	__u16 name_start;  /* name state at the end of a component, no byte of it read */
	__u16 width;       /* entries of a row of the name automaton: classes and the symbol */
	__u16 pad;
	__u16 trans[];
};

struct sl_dfa_info {
	__u64 lanes;     /* first path state of each lane, 0: no such lane */
	__u32 start;     /* first state of the first lane */
	__u32 shift;     /* log2 of the length of the path automaton's rows, 0..8 */
	__u32 limit;     /* entries in trans[]; in the kernel's copy padded to a power of two */
	__u32 sets;      /* match set ids are 0 .. sets-1; with several lanes or words at most 1 << SL_DFA_SET_BITS */
	__u32 words;     /* entries in trans[] of the table of words, as in `limit`; 0: there is none */
	__u32 reserved;
};

/*
 * An entry; one out of the table (a corrupt table only) is 0. In the kernel the limit is a power of two (the loader
 * pads the table with zeros) and the index is masked: a comparison would double, at each byte, the paths that the
 * verifier follows.
 */
static inline __attribute__((always_inline)) __u32
sl_dfa_at(const struct sl_dfa *dfa, __u32 limit, __u32 idx)
{
#ifdef __bpf__
	return dfa->trans[idx & (limit - 1)];
#else
	if (idx >= limit)
		return 0;
	return dfa->trans[idx];
#endif
}

/* Next name state; 0 stays 0. width: dfa->width, which a loop reads once. */
static inline __attribute__((always_inline)) __u32
sl_dfa_name_by(const struct sl_dfa *dfa, __u32 limit, __u32 width, __u32 name, __u32 cls)
{
	return sl_dfa_at(dfa, limit, name * width + cls);
}

static inline __attribute__((always_inline)) __u32
sl_dfa_name(const struct sl_dfa *dfa, __u32 limit, __u32 name, __u32 cls)
{
	return sl_dfa_name_by(dfa, limit, dfa->width, name, cls);
}

/* Symbol of a component that ends in this name state. */
static inline __attribute__((always_inline)) __u32
sl_dfa_symbol(const struct sl_dfa *dfa, __u32 limit, __u32 name)
{
	return sl_dfa_name(dfa, limit, name, 0);
}

/* Path state after a component with this symbol. */
static inline __attribute__((always_inline)) __u32
sl_dfa_component(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u32 path, __u32 symbol)
{
	__u32 row = sl_dfa_at(dfa, limit, dfa->paths + (path << (dfa->paths_shift & 15)) + (symbol >> shift));

	return sl_dfa_at(dfa, limit, dfa->rows + (row << shift) + (symbol & ((1u << shift) - 1)));
}

/*
 * Path states of all lanes after a component with this symbol. 0: none of them can match any more. start: of all lanes; that there is
 * one lane is known to the verifier, and where there are several nothing hangs on their states: a branch for each component would
 * double the paths that it follows.
 */
static inline __attribute__((always_inline)) __u64
sl_dfa_components(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u64 start, __u64 lanes, __u32 symbol)
{
	__u64 next = sl_dfa_component(dfa, shift, limit, lanes & 0xffff, symbol);

	if (!(start >> SL_DFA_LANE_BITS))
		return next;
	next |= (__u64)sl_dfa_component(dfa, shift, limit, lanes >> 16 & 0xffff, symbol) << 16;
	next |= (__u64)sl_dfa_component(dfa, shift, limit, lanes >> 32 & 0xffff, symbol) << 32;
	return next | (__u64)sl_dfa_component(dfa, shift, limit, lanes >> 48, symbol) << 48;
}

/* Match set of a string that ends in this path state. */
static inline __attribute__((always_inline)) __u32
sl_dfa_set(const struct sl_dfa *dfa, __u32 limit, __u32 path)
{
	return sl_dfa_at(dfa, limit, dfa->paths + ((path + 1) << (dfa->paths_shift & 15)) - 1);
}

/* One byte more of a name, in the table of words; cls: its class. *met becomes the greatest set so far, without a branch. */
static inline __attribute__((always_inline)) __u32
sl_dfa_word(const struct sl_dfa *words, __u32 limit, __u32 state, __u32 cls, __s64 *met)
{
	__s64 more;

	state = sl_dfa_name(words, limit, state, cls);
	more = (__s64)sl_dfa_name(words, limit, state, words->width - 1u) - *met;
	*met += more & ~(more >> 63);
	return state;
}

/* Match sets of all lanes of a string that is wholly fed, see sl_dfa_accept(). */
static inline __attribute__((always_inline)) __u64
sl_dfa_sets(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u64 start, __u64 lanes, __u32 name)
{
	__u64 sets;

	lanes = sl_dfa_components(dfa, shift, limit, start, lanes, sl_dfa_symbol(dfa, limit, name));
	sets = sl_dfa_set(dfa, limit, lanes & 0xffff);
	if (!(start >> SL_DFA_LANE_BITS))
		return sets;
	sets |= (__u64)sl_dfa_set(dfa, limit, lanes >> 16 & 0xffff) << SL_DFA_SET_BITS;
	sets |= (__u64)sl_dfa_set(dfa, limit, lanes >> 32 & 0xffff) << 2 * SL_DFA_SET_BITS;
	return sets | (__u64)sl_dfa_set(dfa, limit, lanes >> 48) << 3 * SL_DFA_SET_BITS;
}

/* Next state of a single lane; byte: as it is, or SL_DFA_FOLD more. */
static inline __attribute__((always_inline)) __u32
sl_dfa_step(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u32 state, __u32 byte)
{
	__u32 cls = dfa->cls[byte & (2 * SL_DFA_FOLD - 1)];
	__u32 next = sl_dfa_name(dfa, limit, state & 0xffff, cls);

	if (cls)
		return (state & 0xffff0000) | next;
	next = sl_dfa_component(dfa, shift, limit, state >> 16, next);
	return next ? next << 16 | dfa->name_start : SL_DFA_DEAD;
}

/* Match set of a string that is wholly fed. What stands before its first separator is its last component: nothing,
 * for an absolute path. */
static inline __attribute__((always_inline)) __u32
sl_dfa_accept(const struct sl_dfa *dfa, __u32 shift, __u32 limit, __u32 state)
{
	__u32 symbol = sl_dfa_symbol(dfa, limit, state & 0xffff);

	return sl_dfa_set(dfa, limit, sl_dfa_component(dfa, shift, limit, state >> 16, symbol));
}

#endif /* SL_AUTOMATON_H */
