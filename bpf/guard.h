/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Self-protection as the other programs use it. Only where knobs.guard is set. */
#ifndef SL_GUARD_BPF_H
#define SL_GUARD_BPF_H

#include "common.h"

/* The caller is a process of a session, and not the agent. */
ALWAYS_INLINE int guard_watches(__u32 tgid)
{
	struct sl_label *label;

	if (!has_label(tgid) || is_self(tgid))
		return 0;
	label = label_find(tgid);
	return label && label->tool && decides(1);
}

/* A file is opened; mode: f_mode. 1: to be refused (told already). */
__u32 guard_open(__u64 dentry, __u32 mode);

/* Tells that something is refused. dentry: the file at hand, 0 none. Returns 1. */
__u32 guard_tell(__u32 what, __u32 detail, __u64 dentry);

/* A call of bpf(2), and the first words of its attributes. */
struct sl_bpf_call {
	__u32 cmd;
	__u32 attr[3];
};

/* 1: it cannot touch what is the agent's. */
__u32 guard_bpf_spared(const struct sl_bpf_call *call);

/* The same of one that has returned fd; attr: user space's address, where another thread may have written meanwhile. */
__u32 guard_bpf_returned(__u32 cmd, __u64 attr, __u32 fd);

/* The agent opened a file while guard_mark was set. */
__u32 guard_note(__u64 dentry);

#endif /* SL_GUARD_BPF_H */
