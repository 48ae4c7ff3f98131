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

/*
 * Match set of a path, by path_dfa, exec_dfa or sock_dfa. SL_STR_UNRESOLVED: the walk ended before the root and what was seen of the
 * path matched nothing; the caller must not take that for "no match".
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

/* Path state of path_dfa after a file's own name (name_match), or one more above it; 0: nothing can match, whatever is above.
 * NAME_UNKNOWN: too long, or (name_match, and asked by other callers) on a file system that ignores case. */
#define NAME_UNKNOWN (~0u)
__u32 name_step(__u64 dentry, __u32 path);

/* The same of a name of at most 32 bytes, which is given; the high half of the last is its length, the low half the state. */
__u32 name_step_short(__u64 w0, __u64 w1, __u64 w2, __u64 w3, __u64 len_path);

ALWAYS_INLINE __u32 name_match(__u64 dentry)
{
	return dentry_folds(dentry) ? NAME_UNKNOWN : name_step(dentry, knobs.path.start >> 16);
}

/* A mount that hangs in no namespace's tree, so that a path on it has no beginning. */
__u32 path_detached(__u64 vfsmount);

/* What is below this mount's root has the same path below the top of its mount namespace. */
__u32 path_is_top(__u64 vfsmount);

#endif /* SL_PATH_H */
