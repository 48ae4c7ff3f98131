/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Self-protection: what the programs know of the agent's own files. Key and value of the map `guarded`. The agent fills it by
 * opening each path while `guard_mark` is set: the programs note the inode as they see it, so that no file system's idea of
 * st_dev and st_ino (btrfs, overlayfs) stands between the two.
 */
#ifndef SL_GUARDED_H
#define SL_GUARDED_H

#include <linux/types.h>

#ifndef __bpf__
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#endif

struct sl_guard_key {
	__u64 ino;
	__u32 dev;          /* kernel's dev_t; 0 for procfs, which has one inode of a name and many superblocks */
	__u32 generation;   /* tells inodes of one number apart, as those of btrfs subvolumes */
};

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_guard_key) == 16, "the agent and the programs must agree");
#endif

/* Marks of an inode: the map's value, or-ed. Any of them: not renamed, not removed, nothing mounted on it. */
#define SL_MARK_FILE 0x1    /* not written, truncated, linked, and its attributes stay */
#define SL_MARK_CLOSED 0x2  /* a folder of the agent alone: nothing is made in it or taken out, its files are as FILE */
#define SL_MARK_LISTS 0x4   /* a folder that holds a policy file: no *.yaml is made in it */
#define SL_MARK_ABOVE 0x8   /* a folder above one of these */
#define SL_MARK_CGROUP 0x10 /* a cgroup that holds the agent: its files are not written */
#define SL_MARK_BPFFS 0x80  /* never in the map: found by the superblock */

/* The agent's files, their folders and those above: a few dozen. Full: the path is named by doctor and at start. */
#define SL_GUARDED_MAX 4096

#endif /* SL_GUARDED_H */
