/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: shares of the tables of files and folders that were renamed and of flows, and the end of the entries of files. */
#include "alias.h"

#define NAMESPACES_MAX 32 /* user namespaces within each other: the kernel's limit */

struct climbing {
	__u64 ns;
	__u32 owner;
};

static long owner_cb(__u32 i, void *ctx)
{
	struct climbing *c = ctx;
	struct user_namespace *ns = (struct user_namespace *)c->ns;

	if (!ns || !BPF_CORE_READ(ns, level))
		return 1;
	c->owner = BPF_CORE_READ(ns, owner.val);
	c->ns = (__u64)BPF_CORE_READ(ns, parent);
	return 0;
}

/* Uids of a user namespace cost nothing, so that they have no shares of their own. */
GLOBAL __u32 owner_uid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct climbing c = {};

	c.owner = BPF_CORE_READ(task, cred, uid.val);
	c.ns = (__u64)BPF_CORE_READ(task, cred, user_ns);
	bpf_loop(NAMESPACES_MAX, owner_cb, &c, 0);
	return c.owner;
}

ALWAYS_INLINE __u32 share_of(__u32 what)
{
	switch (what) {
	case SL_OWNED_ALIAS:
		return SL_ALIASES_SHARE;
	case SL_OWNED_MOVED:
		return SL_MOVED_SHARE;
	default:
		return SL_FLOWS_SHARE;
	}
}

GLOBAL __u32 owner_take(__u32 what, __u32 owner)
{
	__u64 key = sl_owner_key(what, owner);
	__u32 *cnt = bpf_map_lookup_elem(&owners, &key), none = 0;

	if (!cnt) {
		bpf_map_update_elem(&owners, &key, &none, BPF_NOEXIST);
		cnt = bpf_map_lookup_elem(&owners, &key);
	}
	/* Root's is the whole table. */
	if (!cnt || (owner && *(volatile __u32 *)cnt >= share_of(what)))
		return !owner;
	__sync_fetch_and_add(cnt, 1);
	return 1;
}

GLOBAL __u32 owner_give(__u32 what, __u32 owner)
{
	__u64 key = sl_owner_key(what, owner);
	__u32 *cnt = bpf_map_lookup_elem(&owners, &key);

	if (cnt && *(volatile __u32 *)cnt)
		__sync_fetch_and_sub(cnt, 1);
	return 0;
}

/*
 * An inode goes, and with it the last way to what was in it: no name, no descriptor, no mapping. One that is only dropped from memory still
 * has a name.
 */
SEC("fentry/security_inode_free")
int BPF_PROG(inode_ends, struct inode *inode)
{
	struct alias_key key;
	struct sl_alias *alias;
	struct sl_moved *was;
	__u32 owner;

	if (inode->i_nlink || (!*(volatile __u32 *)&aliases_used && !*(volatile __u32 *)&moved_used && !*(volatile __u32 *)&made_used))
		return 0;
	key.ino = inode->i_ino;
	key.dev = inode->i_sb->s_dev;
	key.generation = inode->i_generation;
	bpf_map_delete_elem(&made_files, &key); /* another file can get this number */
	alias = bpf_map_lookup_elem(&aliases, &key);
	if (alias) {
		owner = alias->owner;
		if (!bpf_map_delete_elem(&aliases, &key))
			owner_give(SL_OWNED_ALIAS, owner);
	}
	was = bpf_map_lookup_elem(&moved, &key);
	if (was) {
		owner = was->owner;
		if (!bpf_map_delete_elem(&moved, &key))
			owner_give(SL_OWNED_MOVED, owner);
	}
	return 0;
}
