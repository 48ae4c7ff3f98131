/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Directories that patterns are relative to, by device and inode: homes. Shared by the programs and the agent. */
#ifndef SL_ROOTS_H
#define SL_ROOTS_H

#include "abi.h"

#define SL_ROOTS_MAX 16384       /* full: the agent counts what is left out as SL_LOSS_SCAN, and names it */
#define SL_ROOT_BITS 65536       /* by the low bits of the inode number: set where some root has them */

struct sl_root_key {
	__u64 ino;
	__u32 dev;                /* as the kernel has it: major << 20 | minor */
	__u32 reserved;
};

/* A root: its inode's generation, so that a later directory of the same number is none; or any will do. */
#define SL_ROOT_ANY (1ull << 32)

#endif /* SL_ROOTS_H */
