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

/* These two have no function of their own below the system call that every kernel keeps. x86 has one more for 32-bit calls. */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_FUNC "__x64_sys_"
#define SYSCALL_FUNC_32 "__ia32_sys_"
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_FUNC "__arm64_sys_"
#endif

SEC("fexit/" SYSCALL_FUNC "move_mount")
int BPF_PROG(mount_moved)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/" SYSCALL_FUNC "pivot_root")
int BPF_PROG(root_pivoted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

#ifdef SYSCALL_FUNC_32
SEC("fexit/" SYSCALL_FUNC_32 "move_mount")
int BPF_PROG(mount_moved_32)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/" SYSCALL_FUNC_32 "pivot_root")
int BPF_PROG(root_pivoted_32)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}
#endif

SEC("fentry/put_mnt_ns")
int BPF_PROG(mount_ns_put)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}
