/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: when cached verdicts (cache.h) are dropped, in the first two tiers. The third does it at the exit of the same system calls. */
#include "alias.h"

/*
 * Paths change their meaning when a directory is renamed or the mounts change: cached verdicts are dropped after each.
 * Only where the first two hooks attach; the third does it at the exit of the same system calls. put_mnt_ns: a
 * namespace that goes frees its mounts, whose addresses may then serve others.
 */
SEC("fexit/vfs_rename")
int BPF_PROG(renamed, struct renamedata *rd)
{
	__u16 old_mode = BPF_CORE_READ(rd, old_dentry, d_inode, i_mode);
	__u16 new_mode = BPF_CORE_READ(rd, new_dentry, d_inode, i_mode); /* RENAME_EXCHANGE */

	/* A secret moved: a verdict on its new name may have been cached since it was noted (alias.bpf.c), just before the move. */
	if ((old_mode & S_IFMT) == S_IFDIR || (new_mode & S_IFMT) == S_IFDIR ||
	    alias_find((__u64)BPF_CORE_READ(rd, old_dentry, d_inode)))
		__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/path_mount")
int BPF_PROG(mounted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/path_umount")
int BPF_PROG(unmounted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/__x64_sys_move_mount")
int BPF_PROG(mount_moved)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/__x64_sys_pivot_root")
int BPF_PROG(root_pivoted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fentry/put_mnt_ns")
int BPF_PROG(mount_ns_put)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}
