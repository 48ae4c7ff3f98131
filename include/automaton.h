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
 * Several automata can share one table, the lanes: they read the same symbols, each numbers its states from 0 (dead) on, and a
 * string has a match set in each. Where the product of all classes would be too large, lanes add up instead. The path
 * states of all lanes are one number, the first lane lowest, with as many bits for each as it needs (struct sl_dfa_info); so are
 * their match sets, SL_DFA_SET_BITS each.
 *
 * One lane is read twice: SL_DFA_ANCHORED holds what is below a home as the path from there, below a name that no file has (the mark,
 * match/glob.h). Which directory is the home is known at the top only, one or two names above it, so the state that the lane had
 * before it is carried along (the field behind the last lane): it is the state of a name ago, unless the states that are
 * reached say "hold" (/home). A string whose match set says SL_DFA_BELOW is below such a home, and its set is that of the held state.
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
#define SL_DFA_ANCHORED 2    /* this one */
#define SL_DFA_BELOW 0x8000  /* in the place of a match set, as above */
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
	__u64 lanes;     /* first path state of each lane */
	__u32 start;     /* first state of the first lane */
	__u32 shift;     /* log2 of the length of the path automaton's rows, 0..8 */
	__u32 limit;     /* entries in trans[]; in the kernel's copy padded to a power of two */
	__u32 sets;      /* match set ids are 0 .. sets-1; with several lanes or words at most 1 << SL_DFA_SET_BITS */
	__u32 words;     /* entries in trans[] of the table of words, as in `limit`; 0: there is none */
	__u32 several;   /* 1: there are lanes beside the first */
	__u32 base[SL_DFA_LANES]; /* what is added to a lane's states to find them in the index */
	__u32 holds;     /* states of SL_DFA_ANCHORED from here on hold the state before a home */
	__u32 mark;      /* symbol of the mark */
	__u8 at[SL_DFA_LANES + 2]; /* first bit of each lane's state, of the held one, and of nothing; a lane without bits is none */
	__u16 reserved;
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

/* A field of a number of path states: 0 .. SL_DFA_LANES - 1 a lane, SL_DFA_LANES the held state. */
static inline __attribute__((always_inline)) __u64 sl_dfa_mask(const volatile struct sl_dfa_info *info, int lane)
{
	return (1ull << (info->at[lane + 1] - info->at[lane])) - 1;
}

static inline __attribute__((always_inline)) __u32 sl_dfa_lane(const volatile struct sl_dfa_info *info, __u64 lanes, int lane)
{
	return lanes >> (info->at[lane] & 63) & sl_dfa_mask(info, lane);
}

#ifdef __bpf__
#define SL_DFA_ROLLED _Pragma("clang loop unroll(disable)")
#define SL_DFA_ANEW(x) asm volatile("" : "+r"(x)) /* what is computed from x is not kept from before */
#else
#define SL_DFA_ROLLED
#define SL_DFA_ANEW(x) ((void)(x))
#endif

/* Match set of a string that ends in this path state. */
static inline __attribute__((always_inline)) __u32
sl_dfa_set(const struct sl_dfa *dfa, __u32 limit, __u32 path)
{
	return sl_dfa_at(dfa, limit, dfa->paths + ((path + 1) << (dfa->paths_shift & 15)) - 1);
}

/* sl_dfa_component() and sl_dfa_set() of a lane's state. Settings are read where they are used: what is kept of them lies on the stack of
 * every chain of calls. */
static inline __attribute__((always_inline)) __u32
sl_dfa_lane_component(const struct sl_dfa *dfa, const volatile struct sl_dfa_info *info, int lane, __u32 state, __u32 symbol)
{
	__u32 row, path = info->base[lane] + state;

	SL_DFA_ANEW(dfa);
	row = sl_dfa_at(dfa, info->limit, dfa->paths + (path << (dfa->paths_shift & 15)) + (symbol >> (info->shift & 31)));
	return sl_dfa_at(dfa, info->limit, dfa->rows + (row << (info->shift & 31)) + (symbol & ~(~0u << (info->shift & 31))));
}

static inline __attribute__((always_inline)) __u64
sl_dfa_lane_set(const struct sl_dfa *dfa, const volatile struct sl_dfa_info *info, int lane, __u32 state)
{
	return sl_dfa_set(dfa, info->limit, info->base[lane] + state);
}

/* A lane's next path state, in its place; of one that is not there 0. */
static inline __attribute__((always_inline)) __u64
sl_dfa_lane_next(const struct sl_dfa *dfa, const volatile struct sl_dfa_info *info, __u64 lanes, int lane, __u32 symbol)
{
	__u32 path;

	if (info->at[lane + 1] == info->at[lane])
		return 0;
	path = sl_dfa_lane_component(dfa, info, lane, sl_dfa_lane(info, lanes, lane), symbol);
	return (path & sl_dfa_mask(info, lane)) << (info->at[lane] & 63);
}

/* With several lanes: path states of all after a component with this symbol. 0: none of them can match any more. No branch: it would
 * double, at each component, the paths that the verifier follows. */
static inline __attribute__((always_inline)) __u64
sl_dfa_components(const struct sl_dfa *dfa, const volatile struct sl_dfa_info *info, __u64 lanes, __u32 symbol)
{
	__u64 next = 0, hold;

	/* One after the other: what four copies keep at once lies on the stack of every chain of calls. */
	SL_DFA_ROLLED
	for (int lane = 0; lane < SL_DFA_LANES; lane++)
		next |= sl_dfa_lane_next(dfa, info, lanes, lane, symbol);
	if (info->at[SL_DFA_LANES + 1] == info->at[SL_DFA_LANES])
		return next;
	/* All ones where the state that is reached holds. */
	hold = (__u64)((__s64)((__u64)info->holds - 1 - sl_dfa_lane(info, next, SL_DFA_ANCHORED)) >> 63);
	hold = (sl_dfa_lane(info, lanes, SL_DFA_LANES) & hold) | (sl_dfa_lane(info, lanes, SL_DFA_ANCHORED) & ~hold);
	return next | hold << (info->at[SL_DFA_LANES] & 63);
}

/* With several lanes: match sets of a string that is wholly fed, see sl_dfa_accept(); `empty` is the symbol of an empty name. */
static inline __attribute__((always_inline)) __u64
sl_dfa_sets(const struct sl_dfa *dfa, const volatile struct sl_dfa_info *info, __u64 lanes, __u32 empty)
{
	__u64 sets = 0, set, below;
	__u32 held;

	lanes = sl_dfa_components(dfa, info, lanes, empty);
	SL_DFA_ROLLED
	for (int i = 0; i < SL_DFA_LANES; i++) {
		if (info->at[i + 1] == info->at[i])
			continue;
		set = sl_dfa_lane_set(dfa, info, i, sl_dfa_lane(info, lanes, i));
		sets |= (set & SL_DFA_SET(~0ull, 0)) << i * SL_DFA_SET_BITS;
	}
	if (info->at[SL_DFA_LANES + 1] == info->at[SL_DFA_LANES])
		return sets;
	/* Where the anchored lane says "below a home", the held state's set in its place. */
	below = -(sl_dfa_lane_set(dfa, info, SL_DFA_ANCHORED, sl_dfa_lane(info, lanes, SL_DFA_ANCHORED)) >> 15);
	below &= (__u64)SL_DFA_SET(~0ull, 0) << SL_DFA_ANCHORED * SL_DFA_SET_BITS;
	held = sl_dfa_lane_component(dfa, info, SL_DFA_ANCHORED, sl_dfa_lane(info, lanes, SL_DFA_LANES), info->mark);
	held = sl_dfa_lane_component(dfa, info, SL_DFA_ANCHORED, held, empty);
	set = sl_dfa_lane_set(dfa, info, SL_DFA_ANCHORED, held) << SL_DFA_ANCHORED * SL_DFA_SET_BITS;
	return (sets & ~below) | (set & below);
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
