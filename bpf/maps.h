/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Every map and global of the programs, with what happens when it is full or an entry is missing. maps.bpf.c defines
 * them (SL_MAPS_DEFINE); the other objects refer to them, and bpftool links all into one.
 */
#ifndef SL_MAPS_H
#define SL_MAPS_H

#include "abi.h"
#include "about.h"
#include "knobs.h"
#include "label.h"
#include "policy_map.h"
#include "record.h"

#ifdef SL_MAPS_DEFINE
#define SL_EXTERN
#else
#define SL_EXTERN extern
#endif

/* Labels by tgid. Not preallocated and as large as the pid space, so it cannot be filled; if memory runs out, the
 * process runs unlabelled and SL_LOSS_LABEL counts it. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_PID_LIMIT);
	__type(key, __u32);
	__type(value, struct sl_label);
} labels SEC(".maps");

/* One bit per pid: has an entry in `labels`. An array look-up is inlined, so this is what bystanders pay. Mapped by the
 * agent, which sets bits by atomic operations as the programs do. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SL_PID_LIMIT / 64);
	__type(key, __u32);
	__type(value, __u64);
} label_bits SEC(".maps");

/* The automata: one value each, sized by the loader (struct sl_dfa). */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} path_dfa SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4096);
} exec_dfa SEC(".maps");

/* Policy tables, include/policy_map.h; entries set by the loader. A missing entry reads as "allow, say nothing". */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_exec_set);
} exec_sets SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_tool);
} tools SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u16);
} rows SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_decision);
} decisions SEC(".maps");

/* uid -> user class; a uid that is not there is class 0. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SL_USERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} users SEC(".maps");

/* Verdict cache, direct mapped: 48 bits of tag, 16 bits of match set. Never full: a collision replaces. A word is
 * written whole, so no reader sees half of one. See path.h for what the tag covers. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << SL_CACHE_SHIFT);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

/* Records. Ordinary ones do not wake the agent, alerts (in the small ring) do. Full: dropped and counted. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} ring SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} urgent SEC(".maps");

/* enum sl_loss -> count, per CPU. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, _SL_LOSS_KERNEL_MAX);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/* Calls that one of two twins has seen to, see first_run(). Never full: a call that takes another's place has that one seen to
 * twice. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SL_HANDLED_MAX);
	__type(key, __u32);
	__type(value, __u64);
} handled SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_twins);
} twins SEC(".maps");

/* Where a record is put together before it goes to a ring with just the bytes it uses. Slots are claimed (busy), since a
 * program can be preempted by another one on the same CPU; none free: dropped, SL_LOSS_SCRATCH. The slack behind
 * SL_RECORD_MAX lets a bounded copy at any offset below it be proved safe. */
struct scratch {
	__u64 busy;
	__u8 data[SL_RECORD_MAX + SL_PATH_MAX];
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SL_SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Sockets of labelled processes that something is still to be said about. */
struct sock_key {
	__u64 cookie;
	__u64 dest;              /* 0, or a hash of the address of an unconnected send */
};

struct sock_note {
	struct sl_who who;
	__u8 addr[16];
	__u16 port;
	__u8 family;
	__u8 dns;                /* talks to port 53: its answers are the session's */
	__u32 pending;           /* UDP connected, nothing sent yet (taken by an atomic exchange) */
};

/* LRU: when full the oldest is forgotten (a UDP "connection" that is not reported, a DNS answer without a requester). */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_SOCKS_MAX);
	__type(key, struct sock_key);
	__type(value, struct sock_note);
} socks SEC(".maps");

/* Match sets of files that were secrets under another name. Never evicted by new ones; full: a session's link or rename of a
 * secret is refused where blocks are, and SL_LOSS_ALIAS counts it. An entry goes when its file does (agent, once a minute). */
struct alias_key {
	__u64 ino;
	__u32 dev;
	__u32 generation;
};

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_ALIASES_MAX);
	__type(key, struct alias_key);
	__type(value, __u32);
} aliases SEC(".maps");

/* child tgid -> parent tgid while `starting`. Full: SL_LOSS_LABEL (the start scan may miss that child). */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SL_EARLY_FORKS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} early_forks SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_control);
} control SEC(".maps");

/* For people and for the next agent, see about.h. */
SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_about);
} about SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SL_NAME_TEXT);
} tool_names SEC(".maps");

SL_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SL_NAME_TEXT);
} set_names SEC(".maps");

SL_EXTERN const volatile struct sl_knobs knobs;

/* Written by the agent while running. */
SL_EXTERN __u32 starting;               /* 1: note forks in early_forks */
SL_EXTERN __u32 live;                   /* enum sl_live */
SL_EXTERN __u32 runs_first[_SL_TWINS_MAX]; /* which of two twins the kernel runs first: 0 or 1 */
SL_EXTERN __u32 self_tgid;              /* the agent: its own opens are only counted. 0 when it ended (by the exit program) */

/* Always 0, which the verifier does not know: see forget(). */
SL_EXTERN volatile __u32 nought;

/* Written by the programs. */
SL_EXTERN __u32 epoch;                  /* mixed into cache tags: bumped when paths may have changed their meaning */
SL_EXTERN __u32 aliases_used;           /* 1: `aliases` is not empty */
SL_EXTERN __u64 self_hits[_SL_HOOK_MAX]; /* times that the agent itself went through each hook */
SL_EXTERN __u64 last_wake_ns;
SL_EXTERN __u64 known_attached;         /* the same of a mount that hangs in a namespace's tree */
SL_EXTERN __u64 known_top;              /* a mount that is the top of its namespace, and the epoch in which it was */

#endif /* SL_MAPS_H */
