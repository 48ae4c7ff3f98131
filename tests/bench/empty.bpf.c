/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Programs that do nothing, one for each hook: the floor under any cost that a program on that hook can have. Only what
 * empty.c names is loaded.
 */
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(name, section, result) \
	SEC(section) int name(void *ctx) { return result; }

EMPTY(lsm_open, "lsm/file_open", 0)
EMPTY(fmod_ret_open, "fmod_ret/security_file_open", 0)
EMPTY(fentry_open, "fentry/security_file_open", 0)
EMPTY(lsm_connect, "lsm/socket_connect", 0)
EMPTY(connect4, "cgroup/connect4", 1)
EMPTY(sendmsg4, "cgroup/sendmsg4", 1)
EMPTY(egress, "cgroup_skb/egress", 1)
EMPTY(ingress, "cgroup_skb/ingress", 1)
EMPTY(release, "cgroup/sock_release", 1)
EMPTY(tcp_state, "tp_btf/inet_sock_set_state", 0)
EMPTY(task_exec, "tp_btf/sched_process_exec", 0)
EMPTY(task_fork, "tp_btf/sched_process_fork", 0)
EMPTY(task_exit, "tp_btf/sched_process_exit", 0)
EMPTY(sys_exit, "tp_btf/sys_exit", 0)
