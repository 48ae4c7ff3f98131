/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a pinned program set says of itself: maps that the programs do not read (but for `control`), for `sluice status`, for
 * `sluice mode`, and for the agent that comes after. SL_ABOUT_ABI changes with any layout in here, in label.h or record.h, and with
 * the keys and values of the maps that a later agent takes over.
 */
#ifndef SL_ABOUT_H
#define SL_ABOUT_H

#include "abi.h"

#define SL_ABOUT_ABI 9
#define SL_ABOUT_LOSSES 32
#define SL_NAME_TEXT 64      /* names of tools and classes, cut */

struct sl_about {
	__u32 abi;
	__u32 pid;                   /* of the agent; it may have ended */
	__u64 started_ns;            /* CLOCK_BOOTTIME */
	__u64 reloads;               /* answered, well or badly: counts up */
	__u32 reload_failed;         /* the last one */
	__u32 sets;                  /* match sets of files: entries of set_names */
	__u32 tools;                 /* entries of tool_names */
	__u32 stopped;               /* hooks that the kernel does not call any more */
	__u64 told[SL_ABOUT_LOSSES]; /* losses that were reported, of the kernel's counters */
	char version[32];
	char policy_hash[80];
	char policy_path[256];
	char error[512];             /* why the last reload failed */
	char hooks[3072];            /* what is seen and stopped, a line each */
};

/* Whether blocks block. Read by the programs, written by the agent and by `sluice mode`. */
struct sl_control {
	__u32 enforce;
	__u32 reserved;
	__u64 monitor_until_ns;      /* until this CLOCK_BOOTTIME nothing is refused; 0: now */
};

#endif /* SL_ABOUT_H */
