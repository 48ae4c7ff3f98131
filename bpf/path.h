/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * From a dentry to its path. Global functions: the verifier looks at each once, on its own, and not again at every place
 * that calls it (with the loops inside, that is what makes the programs fit).
 */
#ifndef SL_PATH_H
#define SL_PATH_H

#include "common.h"

/* Low half: match set or next offset. High half: SL_STR_* flags. */
#define PATH_VALUE(r) ((__u32)(r))
#define PATH_FLAGS(r) ((__u32)((r) >> 32))

/*
 * Match set of a path, by path_dfa or exec_dfa. SL_STR_UNRESOLVED: the walk ended before the root and what was seen of the
 * path matched nothing; the caller must not take that for "no match".
 */
__u64 path_match(__u64 vfsmount, __u64 dentry);
__u64 path_match_exec(__u64 vfsmount, __u64 dentry);

/* Copies a path, leaf first, each component ended by '/', to s->data + at, at most max bytes. */
__u64 path_copy(struct scratch *s, __u32 at, __u32 max, __u64 vfsmount, __u64 dentry);

#endif /* SL_PATH_H */
