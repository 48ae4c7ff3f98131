/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: directories that are roots: what is below one is also judged as if it were below the mark's path (match/glob.h), by whatever path it
 * is opened. The agent enters them while programs run, by opening a directory (the numbers of stat(2) are others on btrfs) or by its
 * number; a look-up costs a bit of `root_bits` unless some root has an inode number of the same low bits.
 */
#include "alias.h"
#include "roots.h"
#include "walk.h"

ALWAYS_INLINE __u64 *root_word(__u64 ino)
{
	__u32 idx = (ino & (SL_ROOT_BITS - 1)) / 64;

	return bpf_map_lookup_elem(&root_bits, &idx);
}

GLOBAL __u32 root_here(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct sl_root_key key = { .ino = BPF_CORE_READ(inode, i_ino) };
	__u64 *word = root_word(key.ino), *root;

	if (!word || !(*word >> (key.ino & 63) & 1))
		return 0;
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	root = bpf_map_lookup_elem(&roots, &key);
	return root && (*root & SL_ROOT_ANY || (__u32)*root == BPF_CORE_READ(inode, i_generation));
}

struct above {
	__u64 dentry, mount, root;
	__u64 found;
};

static long above_cb(__u32 i, void *ctx)
{
	struct above *a = ctx;
	struct dentry *d = (struct dentry *)a->dentry;
	struct mount_head m;
	__u64 parent;

	if (i && root_here(a->dentry)) {
		a->found = 1;
		return 1;
	}
	if (a->dentry == a->root) {
		if (read_mount(a->mount, &m) || m.parent == a->mount)
			return 1;
		a->dentry = m.mountpoint;
		a->mount = m.parent;
		if (read_mount(a->mount, &m))
			return 1;
		a->root = m.root;
		return 0;
	}
	parent = (__u64)BPF_CORE_READ(d, d_parent);
	if (parent == a->dentry)
		return 1;
	a->dentry = parent;
	return 0;
}

GLOBAL __u32 root_above(__u64 vfsmount, __u64 dentry)
{
	struct above a = { .dentry = dentry, .mount = mount_of(vfsmount) };
	struct mount_head m;

	if (read_mount(a.mount, &m))
		return 0;
	a.root = m.root;
	a.found = forget(0);
	bpf_loop(SL_DEPTH_MAX, above_cb, &a, 0);
	return a.found;
}

GLOBAL int root_note(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct sl_root_key key = { .ino = BPF_CORE_READ(inode, i_ino) };
	__u64 root = BPF_CORE_READ(inode, i_generation), *word = root_word(key.ino);

	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFDIR || !word || bpf_map_update_elem(&roots, &key, &root, BPF_ANY))
		return 1;
	__sync_fetch_and_or(word, 1ull << (key.ino & 63));
	*(volatile __u32 *)&roots_used = 1;
	__sync_fetch_and_add(&epoch, 1); /* what is below may have been judged already */
	__sync_fetch_and_add(&roots_noted, 1);
	return 0;
}
