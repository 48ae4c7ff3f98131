/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Names that a file has besides the one it was opened by. Global functions, see path.h. */
#ifndef SL_ALIAS_H
#define SL_ALIAS_H

#include "path.h"

/* Match set that a file was given when it was linked or renamed; 0 none. inode: address. */
__u32 alias_find(__u64 inode);

/* The file is a secret by one of its names, and has others: so it is by those. */
int alias_learn(__u64 inode, __u32 set);

/*
 * The file of `dentry`, below the mount of `vfsmount`, is about to be reachable as `to` as well, or instead; 0: no more by this
 * name, or it may be by others. 1: it is a secret and there is no room to remember it.
 */
int alias_note(__u64 vfsmount, __u64 dentry, __u64 to);

/* Match set by the file's other names that the kernel has in memory; 0 none, SL_SET_UNRESOLVED: too many. */
__u32 links_find(__u64 vfsmount, __u64 dentry);

/* Match set of a file by where a directory above it was before it was renamed; 0 none. */
__u32 moved_match(__u64 vfsmount, __u64 dentry);

/* The directory `dentry` is about to be reachable as `to` instead. 1: that matters, and there is no room to remember it. */
int moved_note(__u64 vfsmount, __u64 dentry, __u64 to);

/* roots.bpf.c. The directory is a root; the file is below one; the agent opened a root (1: it is none, or there is no room). */
__u32 root_here(__u64 dentry);
__u32 root_above(__u64 vfsmount, __u64 dentry);
int root_note(__u64 dentry);

ALWAYS_INLINE void alias_key(struct alias_key *key, struct inode *inode)
{
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

/* owner.bpf.c. The user that an entry of the current process counts for; room for one more, 0: the share is used up; one less. */
__u32 owner_uid(void);
__u32 owner_take(__u32 what, __u32 owner);
__u32 owner_give(__u32 what, __u32 owner);

/* exception.bpf.c. Is there an exception for this file, for this process? Within several tools, one for a certain
 * tool does not hold. The agent opened the file of one. */
__u32 exception_holds(__u64 inode, const struct sl_label *label);
__u32 exception_note(__u64 dentry, __u32 slot);

/* The oldest mount of the file's filesystem through which it can be reached, as a vfsmount; 0: none but the one given. ORIGIN_UNKNOWN: the
 * filesystem has more mounts than are walked through, and which is the oldest is not known: the path counts as unresolvable. */
__u64 path_origin(__u64 vfsmount, __u64 dentry);

#endif /* SL_ALIAS_H */
