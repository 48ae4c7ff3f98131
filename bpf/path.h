/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * From a dentry to its path. Global functions: the verifier looks at each once, on its own, and not again at every place
 * that calls it (with the loops inside, that is what makes the programs fit).
 */
#ifndef SL_PATH_H
#define SL_PATH_H

#include "folding.h"

/* Instead of a vfsmount: see path_origin(). */
#define ORIGIN_UNKNOWN (~0ull)

/* Low half: match set or next offset. High half: SL_STR_* flags, and of a match a second set, 0: none. */
#define PATH_OTHER_SHIFT 48
#define PATH_VALUE(r) ((__u32)(r))
#define PATH_FLAGS(r) ((__u32)((r) >> 32) & 0xffff)
#define PATH_OTHER(r) ((__u32)((r) >> PATH_OTHER_SHIFT))

/* A struct sl_decision as a number. */
#define DECISION_RULE(d) ((__u32)(d) & 0xffff)
#define DECISION_ACTION(d) ((__u32)(d) >> 16 & 0xff)
#define DECISION_READER(d) ((__u32)(d) >> 24 & 0xff)

/*
 * Match set of a path, by path_dfa, exec_dfa or sock_dfa. SL_STR_UNRESOLVED: the walk ended before the root and what was seen of the
 * path matched nothing; the caller must not take that for "no match". Without words in names: see match_file().
 */
__u64 path_match(__u64 vfsmount, __u64 dentry); /* vfsmount ORIGIN_UNKNOWN: SL_SET_UNRESOLVED */
__u64 path_match_exec(__u64 vfsmount, __u64 dentry);
__u64 path_match_sock(__u64 vfsmount, __u64 dentry);

/* Copies a path, leaf first, each component ended by '/', to s->data + at, at most max bytes. */
__u64 path_copy(struct scratch *s, __u32 at, __u32 max, __u64 vfsmount, __u64 dentry);

/* Match set of a path given as text of len bytes at s->data + PATH_TEXT_AT, where the record of a file open has it. */
#define PATH_TEXT_AT sizeof(struct sl_rec_file)
__u32 text_match(struct scratch *s, __u32 len);
__u32 text_match_sock(struct scratch *s, __u32 len);

/* What a file's own name is to path_dfa: its symbol. SYMBOL_UNKNOWN: too long. */
#define SYMBOL_UNKNOWN (~0u)
__u32 name_symbol(__u64 dentry);

/* The same of a name of at most 32 bytes, which is given. */
__u32 name_symbol_short(__u64 w0, __u64 w1, __u64 w2, __u64 w3, __u32 len);

/* Path states of path_dfa, by lane, after one more component; 0: nothing can match, whatever is above. */
__u64 path_step(__u64 path, __u32 symbol);

/* The same after a file's own name. NAME_UNKNOWN: too long, or on a file system that ignores case, or it has words. */
#define NAME_UNKNOWN (~0ull)
/* Match set by the words in a file's own name; 0: none. */
__u32 words_find(__u64 dentry);

/* The last character of a name, see last_char(). */
__u64 name_last_char(__u32 last, __u64 left, __u64 flags);

ALWAYS_INLINE __u32 name_words(__u64 dentry)
{
	return knobs.path.words ? words_find(dentry) : 0;
}

/* The number of match sets by lane; SL_SET_UNRESOLVED: there is none left for this combination. */
__u32 number_sets(__u64 sets);

/* A match set and that of words. */
__u32 add_words(__u32 set, __u32 words);

/* path_match() of a file, and the words in its name. One after the other: below the walk there is no stack for them. */
ALWAYS_INLINE __u64 match_file(__u64 vfsmount, __u64 dentry)
{
	__u64 r = path_match(vfsmount, dentry);
	__u32 words = name_words(dentry);

	return words ? (r & (0xffffull << PATH_OTHER_SHIFT)) | add_words(PATH_VALUE(r), words) : r;
}

ALWAYS_INLINE __u64 name_match(__u64 dentry)
{
	if (name_words(dentry))
		return NAME_UNKNOWN;
	__u32 symbol = dentry_folds(dentry) ? SYMBOL_UNKNOWN : name_symbol(dentry);

	return symbol == SYMBOL_UNKNOWN ? NAME_UNKNOWN : path_step(knobs.path.lanes, symbol);
}

/* Match sets by lane of a path that is walked to its root, by its path states. */
__u64 path_sets(__u64 path);

/* The cell of a plain set, 0: there is none. */
ALWAYS_INLINE __u64 cell_of(__u32 row, __u32 set)
{
	__u32 at = row * knobs.path.sets + set, *piece;
	__u64 *cell;

	if (knobs.pieces) {
		at = sl_piece_index(knobs.path.sets, row, set);
		piece = bpf_map_lookup_elem(&pieces, &at);
		if (!piece)
			return 0;
		at = sl_piece_cell(*piece, set);
	}
	cell = bpf_map_lookup_elem(&cells, &at);
	return cell ? *cell : 0;
}

/* With several lanes: the decision on a file of this set as a number (struct sl_decision), and above it the set of the lane whose rule
 * decides. */
__u64 decide_file(__u32 row, __u32 set);

/* Which `after:` conditions a read of such a file makes true. */
__u32 conditions_of(__u32 set);

/*
 * What the kernel's own text of a path on this mount is good for. PATH_DETACHED: the mount hangs in no namespace's tree, so that the path has
 * no beginning. PATH_FOLDS: a file system above it ignores case, and the text does not say where (or there are too many to look at).
 */
enum path_text { PATH_WHOLE = 0, PATH_DETACHED, PATH_FOLDS };
__u32 path_text(__u64 vfsmount);

/* What is below this mount's root has the same path below the top of its mount namespace. */
__u32 path_is_top(__u64 vfsmount);

#endif /* SL_PATH_H */
