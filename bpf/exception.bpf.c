/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: time-boxed exceptions to blocks of file opens, as the programs see them. Looked at only where something is about to be refused. */
#include "alias.h"

struct excepted {
	struct alias_key key;
	__u32 tool, holds;
};

static long exception_cb(__u32 i, void *ctx)
{
	struct excepted *c = ctx;
	struct sl_exception *e = bpf_map_lookup_elem(&exceptions, &i);

	if (!e || *(volatile __u32 *)&e->state != SL_EXCEPTION_ACTIVE || e->ino != c->key.ino || e->dev != c->key.dev ||
	    e->generation != c->key.generation || (e->tool && e->tool != c->tool))
		return 0;
	c->holds = bpf_ktime_get_boot_ns() < e->until_ns;
	return c->holds;
}

GLOBAL __u32 exception_holds(__u64 inode, const struct sl_label *label)
{
	struct excepted c = {};

	if (!*(volatile __u32 *)&exceptions_used)
		return 0;
	if (label)
		c.tool = label->asked.outer[0] ? SL_TOOLS_MAX : label->tool;
	alias_key(&c.key, (struct inode *)inode);
	bpf_loop(SL_EXCEPTIONS_MAX, exception_cb, &c, 0);
	return c.holds;
}

GLOBAL __u32 exception_note(__u64 dentry, __u32 slot)
{
	struct sl_exception *e = bpf_map_lookup_elem(&exceptions, &slot);
	struct dentry *d = (struct dentry *)dentry;
	struct alias_key key;

	if (!e || e->state != SL_EXCEPTION_NOTING)
		return 0;
	alias_key(&key, BPF_CORE_READ(d, d_inode));
	e->ino = key.ino;
	e->dev = key.dev;
	e->generation = key.generation;
	*(volatile __u32 *)&e->state = SL_EXCEPTION_ACTIVE;
	return 1;
}
