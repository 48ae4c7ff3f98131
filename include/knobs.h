/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Read-only settings of the programs, written by the loader between open and load. The verifier sees constants and
 * drops what they switch off.
 */
#ifndef SL_KNOBS_H
#define SL_KNOBS_H

#include "automaton.h"

struct sl_knobs {
	struct sl_dfa_info path;  /* automaton over paths of opened files */
	struct sl_dfa_info exec;  /* automaton over executables and arguments */
	__u64 seed;               /* of the verdict cache's tags: random, secret */
	__u32 tools;              /* tool numbers are below this */
	__u32 exe_sets;           /* exe_set numbers are below this */
	__u32 users;              /* user classes, at least 1 */
	__u32 none_rules;         /* 1: some rule can report a process outside every session */
	__u32 ring_wake;          /* bytes waiting in the ordinary ring that wake the agent */
	__u32 preempt_off;        /* 1: the kernel lets programs switch preemption off, see enter() */
	__u32 reserved;
	__u32 spares;             /* 1: programs are attached twice, see first_run() */
};

/* What a program set decides: a new one decides nothing until all labels are there (SL_LIVE_NOT while an older set still
 * does, SL_LIVE_LABELLED when it is the first: a process that is not labelled yet must not be taken for a stranger). */
enum sl_live { SL_LIVE_NOT = 0, SL_LIVE_LABELLED, SL_LIVE };

/* The verdict cache: 64 Ki words of 8 bytes. */
#define SL_CACHE_SHIFT 16

/* Sockets remembered (UDP pending its first send, DNS requesters). LRU: the oldest is forgotten. */
#define SL_SOCKS_MAX 16384

/* Forks noted between attach and the end of the start scan. */
#define SL_EARLY_FORKS_MAX 65536

/* Files that were linked or renamed from under the name of a secret. */
#define SL_ALIASES_MAX 65536

/* Hooks whose programs are attached twice. */
enum sl_twin { SL_TWIN_EXEC = 0, SL_TWIN_FORK, SL_TWIN_EXIT, SL_TWIN_FILE, _SL_TWINS_MAX };

/* What twins count, each by enum sl_twin: calls that reached the first and the second, and calls that one of them saw to. */
struct sl_twins {
	__u64 reached[_SL_TWINS_MAX][2];
	__u64 seen_to[_SL_TWINS_MAX];
};

/* Calls under way that a twin must know of: tasks preempted or moved between two programs of one call. */
#define SL_HANDLED_MAX 1024

/* Scratch buffers per CPU: nested use by preemption and interrupts; one more is a counted loss. */
#define SL_SCRATCH_SLOTS 4

/* An alert wakes the agent at once, but not again within this time: a flood is read ten times a second anyway. */
#define SL_WAKE_NS 5000000ull

/* Hooks that the agent triggers itself to see them run: index of self_hits[]. */
enum sl_hook {
	SL_HOOK_FILE_LSM = 0,
	SL_HOOK_FILE_FMOD_RET,
	SL_HOOK_FILE_SYS_EXIT,
	SL_HOOK_CONNECT,
	SL_HOOK_SENDMSG,
	SL_HOOK_EXEC,
	SL_HOOK_FORK,
	SL_HOOK_EXIT,
	SL_HOOK_SKB_INGRESS,
	SL_HOOK_SKB_EGRESS,
	_SL_HOOK_MAX,
};

#endif /* SL_KNOBS_H */
