/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What rules about other processes and about brokers have in common: who the other is, and the table of decisions. */
#ifndef SL_PEERS_H
#define SL_PEERS_H

#include "common.h"

/* The process (its group leader) is in this session, or in one within it, or descends from one in it. A global function. */
__u32 is_inside(__u64 session_ns, __u32 session_pid, __u64 leader);

/* A labelled process opens a file for writing: does a scheduler take its work from it? 1: to be refused. A global function. */
__u32 spooled(__u64 mnt, __u64 dentry, __u32 by);

/* Group leader of the process or thread that a struct pid stands for; 0: it has ended. */
ALWAYS_INLINE __u64 leader_of_pid(struct pid *pid)
{
	__u64 first = (__u64)BPF_CORE_READ(pid, tasks[0].first);
	struct task_struct *task;

	if (!first)
		return 0;
	task = (struct task_struct *)(first - bpf_core_field_offset(struct task_struct, pid_links));
	return (__u64)BPF_CORE_READ(task, group_leader);
}

/* Place in the table of the strictest decision of all others that are asked (struct sl_asked), and 1; 0: none. A global function. */
__u32 peer_judge_others(const struct sl_label *label, __u32 object);

ALWAYS_INLINE __u32 peer_place(__u32 tool, __u32 exe_set, __u32 object)
{
	__u32 idx = sl_peer_index(knobs.exe_sets, knobs.users, tool, exe_set, user_class());
	__u16 *row = bpf_map_lookup_elem(&peer_rows, &idx);

	return row ? *row * knobs.peer_objects + object : ~0u;
}

ALWAYS_INLINE struct sl_decision *peer_decide(const struct sl_label *label, __u32 object)
{
	__u32 idx = peer_place(label->tool, label->exe_set, object);
	struct sl_decision *d = bpf_map_lookup_elem(&peer_decisions, &idx), *other;

	if (!sl_asked_any(&label->asked))
		return d;
	idx = peer_judge_others(label, object) - 1;
	other = bpf_map_lookup_elem(&peer_decisions, &idx);
	return other && (!d || other->action > d->action) ? other : d;
}

#endif /* SL_PEERS_H */
