/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Time-boxed exceptions (`sluice allow`): for a while a file's blocks are only told, for all tools or one. Entries of the map
 * `exceptions`, which outlives the agent as the programs do. The command asks the agent, which opens the file so that the kernel
 * notes which one it is in its own numbers, and the programs look at the clock: that one ends needs nobody.
 */
#ifndef SL_EXCEPTION_H
#define SL_EXCEPTION_H

#include "abi.h"

#define SL_EXCEPTIONS_MAX 16
#define SL_EXCEPTION_PATH 512
#define SL_EXCEPTION_TOOL 64

#define SL_EXCEPTION_FREE 0
/* 1: not used any more */
#define SL_EXCEPTION_NOTING 2  /* the agent is about to open the file */
#define SL_EXCEPTION_ACTIVE 3
#define SL_EXCEPTION_FAILED 4  /* error says why */
#define SL_EXCEPTION_ENDED 5   /* by the command, before its time; the agent has not told of it */

struct sl_exception {
	__u64 until_ns;            /* CLOCK_BOOTTIME */
	__u64 st_dev, st_ino;      /* the file that the command opened, in the numbers of stat(2): the agent takes no other */
	__u64 ino;                 /* in the kernel's numbers, as struct alias_key */
	__u32 dev, generation;
	__u32 state;               /* SL_EXCEPTION_* */
	__u32 tool;                /* number in the policy in force, 0 any */
	__u32 uid;                 /* who asked */
	__s32 error;               /* errno */
	char tool_name[SL_EXCEPTION_TOOL]; /* "" any */
	char path[SL_EXCEPTION_PATH];
};

#endif /* SL_EXCEPTION_H */
