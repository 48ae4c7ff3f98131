/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Read-only settings of the programs, written by the loader between open and load. The verifier sees constants and
 * drops what they switch off.
 */
#ifndef SL_KNOBS_H
#define SL_KNOBS_H

#include "automaton.h"
#include "hostnames.h"
#include "policy_map.h"

struct sl_knobs {
	struct sl_dfa_info path;  /* automaton over paths of opened files */
	struct sl_dfa_info exec;  /* automaton over executables and arguments */
	struct sl_dfa_info sock;  /* automaton over sockets */
	struct sl_hosts_info names; /* table of host names */
	struct sl_net_info net;   /* tables of connect rules */
	__u64 memory_ns[SL_MEMORIES_MAX]; /* how long each `after:` condition holds, 0: until the session ends */
	__u64 seed;               /* of the verdict cache's tags: random, secret */
	__u32 tools;              /* tool numbers are below this */
	__u32 pieces;             /* 1: decisions on files are in pieces, see sl_piece_index() */
	__u32 exe_sets;           /* exe_set numbers are below this */
	__u32 script_cols;        /* columns of script_sets[] */
	__u32 users;              /* user classes, at least 1 */
	__u32 none_rules;         /* 1: some rule can report a process outside every session */
	__u32 ring_wake;          /* bytes waiting in the ordinary ring that wake the agent */
	__u32 preempt_off;        /* 1: the kernel lets programs switch preemption off, see enter() */
	__u32 spares;             /* 1: programs are attached twice, see first_run() */
	__u32 peer_objects;       /* entries of a row of peer_decisions[] */
	__u32 inspects;           /* 1: some rule can report that another process is inspected */
	__u32 spools;             /* 1: some rule is about files that are written for a scheduler */
	__u32 units;              /* 1: units that are asked of systemd are followed */
	__u32 guard;              /* SL_BY_* that protects the agent, SL_BY_NONE: nothing does */
	__u32 guard_mnt_ns;       /* inode number of the agent's mount namespace */
	__u32 guard_setattr_arg;  /* which argument of inode_setattr is the dentry */
	__u32 zero;               /* always: the key of maps with one entry */
	__u32 netns;              /* low half of the cookie of the agent's network namespace; 0: root's answers count for no more than others' */
};

/* What a program set decides: a new one decides nothing until all labels are there (SL_LIVE_NOT while an older set still
 * does, SL_LIVE_LABELLED when it is the first: a process that is not labelled yet must not be taken for a stranger). */
enum sl_live { SL_LIVE_NOT = 0, SL_LIVE_LABELLED, SL_LIVE };

/* The verdict cache: 64 Ki words of 8 bytes. */
#define SL_CACHE_SHIFT 16

/* Destinations of unconnected sockets that are remembered. LRU: the oldest is forgotten. */
#define SL_DESTS_MAX 16384

/* Forks noted between attach and the end of the start scan; a power of two. */
#define SL_EARLY_FORKS_MAX 65536

static inline __attribute__((always_inline)) __u64
sl_early_fork(__u32 child, __u32 parent)
{
	return (__u64)child << 32 | parent;
}

/* Files that were linked or renamed from under the name of a secret; each user but root has a share, so that one does not take the room of
 * others. */
#define SL_ALIASES_MAX 65536
#define SL_MADE_MAX 16384
#define SL_ALIASES_SHARE (SL_ALIASES_MAX / 8)
#define SL_OWNERS_MAX 8192

struct sl_alias {
	__u32 set;
	__u32 owner;                   /* uid that it counts for; in a user namespace, of the user who made that */
};

/* Key of `owners`. */
enum sl_owned { SL_OWNED_ALIAS = 0, SL_OWNED_MOVED, SL_OWNED_FLOW };

static inline __attribute__((always_inline)) __u64
sl_owner_key(enum sl_owned what, __u32 owner)
{
	return (__u64)what << 32 | owner;
}

/*
 * Where a renamed directory was: what its path's components are to the automaton over paths, leaf first. Only directories are
 * noted that make a difference (some file below could be of a class there that it is not of here).
 */
#define SL_MOVED_MAX 8192
#define SL_MOVED_SHARE (SL_MOVED_MAX / 8)
#define SL_MOVED_DEPTH 32              /* components, a power of two; a deeper directory counts as if the table were full */
#define SL_MOVED_UNKNOWN 0xffffffffu   /* as cnt: noted under another policy, so that it cannot be told */

struct sl_moved_path {
	__u32 cnt;                     /* 0: none */
	__u16 symbols[SL_MOVED_DEPTH];
};

struct sl_moved {
	struct sl_moved_path was[2];
	__u32 owner;                   /* as in struct sl_alias */
};

/* Components of a file's other names that are looked at, all in all. Beyond it the file counts as unresolvable. */
#define SL_LINKS_ROUNDS 65536

/* Hooks whose programs are attached twice. */
enum sl_twin { SL_TWIN_EXEC = 0, SL_TWIN_FORK, SL_TWIN_EXIT, SL_TWIN_FILE, SL_TWIN_INSPECT, SL_TWIN_SOCKET, _SL_TWINS_MAX };

/* Slots of the map `more`: programs that another hands over to. */
enum sl_more { SL_MORE_PEERS = 0, SL_MORE_BROKERS, SL_MORE_SOCKETS, _SL_MORE_MAX };

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
	SL_HOOK_INSPECT,        /* ptrace_access_check; in the third tier it is SL_HOOK_FILE_SYS_EXIT */
	SL_HOOK_BROKER,         /* unix_stream_connect; the same */
	SL_HOOK_BROKER_SEND,    /* unix_may_send; never told by the agent */
	SL_HOOK_GUARD,
	_SL_HOOK_MAX,
};

#endif /* SL_KNOBS_H */
