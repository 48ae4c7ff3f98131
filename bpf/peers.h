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

ALWAYS_INLINE struct sl_decision *peer_decide(const struct sl_label *label, __u32 object)
{
	__u32 idx = sl_peer_index(knobs.exe_sets, knobs.users, label->tool, label->exe_set, user_class());
	__u16 *row = bpf_map_lookup_elem(&peer_rows, &idx);

	if (!row)
		return NULL;
	idx = *row * knobs.peer_objects + object;
	return bpf_map_lookup_elem(&peer_decisions, &idx);
}

#endif /* SL_PEERS_H */
