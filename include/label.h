/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The label of a process: value of the map `labels`, key its tgid. Written by the exec, fork and exit programs, and by
 * the agent for processes that ran before it. A process without an entry is outside every session and runs an
 * executable that no rule and no reader class names.
 */
#ifndef SL_LABEL_H
#define SL_LABEL_H

#include "abi.h"

#ifndef __bpf__
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#endif

/*
 * Who else is asked before a verdict on what a process does; the strictest of all answers counts. `outer` has the tools of the sessions
 * around its own, each once, 0 behind the last: each is asked as of a program in its session, whatever that is to the inner tool.
 * So a tool that is started inside a session can only add rules. `unproved`: the executable is what exe_set says by a path that
 * anybody can make, and not by its origin; all are asked as of a program that no list names as well.
 */
struct sl_asked {
	__u16 outer[SL_OUTER_MAX];
	__u16 unproved;
};

/* Is anybody else asked? */
static inline __attribute__((always_inline)) int
sl_asked_any(const struct sl_asked *a)
{
	return a->outer[0] || a->unproved;
}

/* Adds the tool of a session around. 0: there is no room, and it is not there yet. */
static inline __attribute__((always_inline)) int
sl_asked_add(struct sl_asked *a, __u16 tool)
{
	for (int i = 0; i < SL_OUTER_MAX; i++) {
		if (a->outer[i] == tool)
			return 1;
		if (!a->outer[i]) {
			a->outer[i] = tool;
			return 1;
		}
	}
	return 0;
}

struct sl_label {
	__u64 session_ns;         /* session id; 0 when tool is 0 */
	__u64 parent_session_ns;  /* session around this one, 0 none */
	__u64 exec_ns;            /* CLOCK_BOOTTIME of the last exec; 0 not known */
	__u64 startup_until_ns;   /* end of the tool's start-up window; 0 none */
	__u32 session_pid;
	__u32 parent_session_pid;
	__u16 tool;               /* 0: outside every session, the entry is there for exe_set */
	__u16 parent_tool;
	__u16 exe_set;
	__u8 mode;                /* SL_MODE_CHILD or SL_MODE_SELF */
	__u8 evidence;            /* SL_EVID_* */
	__u8 left_tool;           /* 1: since the tool's own image ran, this line has run another program: the tool
	                           * met again below starts a session of its own */
	__u8 reported;            /* tool 0: its image was sent to the agent */
	__u8 scripted;            /* the tool's image is an interpreter with its script */
	__u8 reserved;
	__u32 root_pid;           /* outermost session around this one, itself if there is none: what is read is remembered there */
	__u64 root_ns;
	__u64 image;              /* what the tool's own image is known by: its folder, or its script; 0: not known */
	struct sl_asked asked;
	__u32 script_hash;        /* of its script's own name, see made.bpf.c */
	__u16 exe_made;           /* exe_set if that script turns out to be the session's own */
	__u8 script_len;          /* 0: none, or it was opened */
	__u8 spare;
};

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_label) == 88, "the agent and the programs must agree");
#endif

/* Entries of `labels` for moments without memory; a power of two. One is of the process that label_spares[] names. */
#define SL_LABEL_SPARES 1024
#define SL_LABEL_SPARE_TRIES 8  /* places that a process may have */

static inline __attribute__((always_inline)) __u32
sl_label_spare_slot(__u32 tgid, __u32 try)
{
	return ((tgid * 0x9e3779b1u >> 16) + try) & (SL_LABEL_SPARES - 1);
}

static inline __attribute__((always_inline)) __u32
sl_label_spare_key(__u32 slot)
{
	return SL_PID_LIMIT + slot;
}

#endif /* SL_LABEL_H */
