/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which file systems are local. Which the others are does not matter: the agent opens nothing there. */
#include "process/localfs.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#define XFS_MAGIC 0x58465342
#define F2FS_MAGIC 0xf2f52010
#define BCACHEFS_MAGIC 0xca451a4e
#define ZFS_MAGIC 0x2fc12fc1
#define JFS_MAGIC 0x3153464a

bool localfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_MAGIC:
	case BCACHEFS_MAGIC:
	case ZFS_MAGIC:
	case JFS_MAGIC:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}
