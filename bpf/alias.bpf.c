/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the other names of a file. A secret that is linked or renamed keeps its class by device and inode (`aliases`,
 * written before the new name exists); a file with several links is what any of its names in memory says, whenever they were
 * made; a file seen through a bind mount, a mount of its own namespace or a detached mount also has the path that it has
 * through the oldest mount of its filesystem.
 *
 * Known limits: the table is filled by the hooks below, which the third tier does not have; a link made before the start is
 * not known as long as no name that tells is in memory.
 */
#include "walk.h"

#define ORIGINS 4             /* oldest mounts of a filesystem that are looked at */
/* Mounts of one filesystem that are walked through, some 50 ns each. Before 6.18 the walk ends with the first that are in a tree; since then
 * the oldest is the last. Beyond it the answer is ORIGIN_UNKNOWN, never one of those that were seen. */
#define MOUNTS_MAX 4096

/* Before 6.18 the mounts of a filesystem are on a list, oldest first; since then on a chain, newest first. */
struct super_block___list {
	struct list_head s_mounts;
} __attribute__((preserve_access_index));

struct mount___list {
	struct list_head mnt_instance;
} __attribute__((preserve_access_index));

struct super_block___chain {
	struct mount *s_mounts;
} __attribute__((preserve_access_index));

struct mount___chain {
	struct mount *mnt_next_for_sb;
} __attribute__((preserve_access_index));

struct origins {
	__u64 at;                  /* the next: list head or mount */
	__u64 end;                 /* of the list */
	__u64 mount[ORIGINS];
	__u32 cnt;
};

ALWAYS_INLINE int on_list(void)
{
	return bpf_core_field_exists(struct mount___list, mnt_instance);
}

static long next_mount_cb(__u32 i, void *ctx)
{
	struct origins *o = ctx;
	__u64 at = o->at, mount, ns = 0;
	struct list_head *node;
	struct mount *m;

	if (!at || at == o->end)
		return 1;
	if (on_list()) {
		mount = at - bpf_core_field_offset(struct mount___list, mnt_instance);
		node = (struct list_head *)at;
		at = (__u64)BPF_CORE_READ(node, next);
	} else {
		struct mount___chain *link = (struct mount___chain *)at;

		mount = at;
		at = (__u64)BPF_CORE_READ(link, mnt_next_for_sb);
	}
	o->at = at;
	m = (struct mount *)mount;
	ns = (__u64)BPF_CORE_READ(m, mnt_ns);
	if (!ns || ns > -4096ull)
		return 0;
	o->mount[o->cnt & (ORIGINS - 1)] = mount;
	o->cnt = forget(o->cnt + 1);
	return on_list() && o->cnt >= ORIGINS;
}

/* From the file up to the root of one of those mounts. One structure for both loops: each on its own is stack of the same chains. */
struct climb {
	struct origins o;          /* at: the dentry */
	__u64 root[ORIGINS];       /* of its mounts */
	__u64 youngest;            /* only mounts older than this are looked for */
	__u64 found;
};

/* 0: the oldest. A list begins with it, a chain ends with it. */
ALWAYS_INLINE __u64 age_of(const struct origins *o, int n)
{
	return on_list() ? n : (o->cnt - 1 - n) & (ORIGINS - 1);
}

static long climb_cb(__u32 i, void *ctx)
{
	struct climb *c = ctx;
	__u64 at = c->o.at, parent;
	struct dentry *dentry = (struct dentry *)at;

	for (int n = 0; n < ORIGINS; n++) {
		if (c->root[n] && c->root[n] == at && age_of(&c->o, n) < c->youngest) {
			c->found = forget(c->o.mount[n]);
			c->youngest = forget(age_of(&c->o, n));
		}
	}
	if (!c->youngest)
		return 1;
	parent = (__u64)BPF_CORE_READ(dentry, d_parent);
	if (parent == at)
		return 1;
	c->o.at = parent;
	return 0;
}

/* The mount that most files are opened by: the oldest, and of the whole filesystem, so that no file of it is outside. In a namespace's
 * tree: one that hangs in none can go without anybody hearing of it (known_oldest). */
ALWAYS_INLINE int is_oldest_of_all(__u64 mount, __u64 sb)
{
	struct super_block___list *listed = (struct super_block___list *)sb;
	struct mount___chain *link = (struct mount___chain *)mount;
	struct super_block *s = (struct super_block *)sb;
	struct mount *m = (struct mount *)mount;

	if (on_list()) {
		if ((__u64)BPF_CORE_READ(listed, s_mounts.next) != mount + bpf_core_field_offset(struct mount___list, mnt_instance))
			return 0;
	} else if (BPF_CORE_READ(link, mnt_next_for_sb)) {
		return 0;
	}
	return mount_place(mount) == MOUNT_IN_TREE && (__u64)BPF_CORE_READ(m, mnt.mnt_root) == (__u64)BPF_CORE_READ(s, s_root);
}

GLOBAL __u64 path_origin(__u64 vfsmount, __u64 dentry)
{
	__u64 mount = vfsmount - bpf_core_field_offset(struct mount, mnt);
	__u64 now = (__u64)(__u32)vfsmount << 32 | *(volatile __u32 *)&epoch, sb;
	struct dentry *d = (struct dentry *)dentry;
	struct super_block___list *listed;
	struct super_block___chain *chained;
	struct climb c = {};

	if (now == *(volatile __u64 *)&known_oldest)
		return 0;
	sb = (__u64)BPF_CORE_READ(d, d_sb);
	listed = (struct super_block___list *)sb;
	chained = (struct super_block___chain *)sb;
	if (is_oldest_of_all(mount, sb)) {
		*(volatile __u64 *)&known_oldest = now;
		return 0;
	}
	c.o.cnt = forget(0);
	if (on_list()) {
		c.o.end = sb + bpf_core_field_offset(struct super_block___list, s_mounts);
		c.o.at = (__u64)BPF_CORE_READ(listed, s_mounts.next);
	} else {
		c.o.at = (__u64)BPF_CORE_READ(chained, s_mounts);
	}
	bpf_loop(MOUNTS_MAX, next_mount_cb, &c.o, 0);
	if (c.o.at && c.o.at != c.o.end && (!on_list() || !c.o.cnt)) {
		count_loss(SL_LOSS_PATH);
		return ORIGIN_UNKNOWN;
	}
	for (int n = 0; n < ORIGINS; n++) {
		struct mount *m = (struct mount *)c.o.mount[n];

		c.root[n] = forget(m ? (__u64)BPF_CORE_READ(m, mnt.mnt_root) : 0);
	}
	c.o.at = dentry;
	c.youngest = forget(ORIGINS);
	c.found = forget(0);
	bpf_loop(SL_DEPTH_MAX, climb_cb, &c, 0);
	d = (struct dentry *)c.o.at;
	if (c.youngest && (__u64)BPF_CORE_READ(d, d_parent) != c.o.at) { /* deeper than that: an older mount may be further up */
		count_loss(SL_LOSS_PATH);
		return ORIGIN_UNKNOWN;
	}
	if (!c.found || c.found == mount)
		return 0;
	return c.found + bpf_core_field_offset(struct mount, mnt);
}

GLOBAL __u32 alias_find(__u64 inode)
{
	struct alias_key key;
	struct sl_alias *alias;

	if (!*(volatile __u32 *)&aliases_used)
		return 0;
	alias_key(&key, (struct inode *)inode);
	alias = bpf_map_lookup_elem(&aliases, &key);
	return alias ? alias->set : 0;
}

GLOBAL int alias_learn(__u64 inode, __u32 set)
{
	struct alias_key key;
	struct sl_alias alias;

	alias_key(&key, (struct inode *)inode);
	if (bpf_map_lookup_elem(&aliases, &key))
		return 0;
	alias.set = set;
	alias.owner = owner_uid();
	if (!owner_take(SL_OWNED_ALIAS, alias.owner)) {
		count_loss(SL_LOSS_ALIAS);
		return 1;
	}
	if (bpf_map_update_elem(&aliases, &key, &alias, BPF_ANY)) {
		owner_give(SL_OWNED_ALIAS, alias.owner);
		count_loss(SL_LOSS_ALIAS);
		return 1;
	}
	*(volatile __u32 *)&aliases_used = 1;
	__sync_fetch_and_add(&epoch, 1); /* verdicts on other names may be cached */
	return 0;
}

/* By the path given, by the one through the oldest mount, by where a directory above was. */
GLOBAL __u32 alias_set(__u64 vfsmount, __u64 dentry)
{
	__u32 set = PATH_VALUE(match_file(vfsmount, dentry));
	__u64 origin;

	if (set)
		return set;
	origin = path_origin(vfsmount, dentry);
	if (origin)
		set = PATH_VALUE(match_file(origin, dentry));
	if (!set && *(volatile __u32 *)&moved_used)
		set = moved_match(origin ? origin : vfsmount, dentry);
	return set;
}

GLOBAL int alias_note(__u64 vfsmount, __u64 dentry, __u64 to)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	__u32 set;

	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	if (alias_find((__u64)inode)) { /* a verdict on the new name may be cached from a file that was there before */
		__sync_fetch_and_add(&epoch, 1);
		return 0;
	}
	/* What no pattern says anything of by its name alone is most of what is ever renamed. */
	if (BPF_CORE_READ(inode, i_nlink) < 2 && !name_match(dentry))
		return 0;
	set = alias_set(vfsmount, dentry);
	if (!set)
		set = links_find(vfsmount, dentry);
	if (!set || (to && PATH_VALUE(match_file(vfsmount, to)) == set))
		return 0;
	return alias_learn((__u64)inode, set);
}

ALWAYS_INLINE __u64 mount_of_path(__u64 path)
{
	struct path *p = (struct path *)path;

	return (__u64)BPF_CORE_READ(p, mnt);
}

/* What cannot be remembered is refused to a session, if anything is refused at all. Programs that a rule names have a label, too. */
ALWAYS_INLINE int noted(int full)
{
	struct sl_label *label = full ? label_find(bpf_get_current_pid_tgid() >> 32) : NULL;

	return label && label->tool && enforcing() ? -EACCES : 0;
}

ALWAYS_INLINE int linking(const void *ctx)
{
	return noted(alias_note(mount_of_path(argument(ctx, 1)), argument(ctx, 0), argument(ctx, 2)));
}

/* A name goes; other names of the file may stay. */
ALWAYS_INLINE int losing_name(__u64 vfsmount, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;

	return BPF_CORE_READ(d, d_inode, i_nlink) > 1 ? alias_note(vfsmount, dentry, 0) : 0;
}

ALWAYS_INLINE int is_directory(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;

	return (BPF_CORE_READ(d, d_inode, i_mode) & S_IFMT) == S_IFDIR;
}

#define RENAME_EXCHANGE 2

ALWAYS_INLINE int renaming(const void *ctx)
{
	__u64 from = argument(ctx, 1), to = argument(ctx, 3), mnt = mount_of_path(argument(ctx, 0));
	int full = alias_note(mnt, from, to);

	full |= (__u32)argument(ctx, 4) & RENAME_EXCHANGE ? alias_note(mnt, to, from) : losing_name(mnt, to);
	return noted(full);
}

/* Programs of their own: with the above, it is too much for the verifier of 6.12. */
ALWAYS_INLINE int renaming_directory(const void *ctx)
{
	__u64 from = argument(ctx, 1), to = argument(ctx, 3), mnt = mount_of_path(argument(ctx, 0));
	int full = is_directory(from) ? moved_note(mnt, from, to) : 0;

	if ((__u32)argument(ctx, 4) & RENAME_EXCHANGE && is_directory(to))
		full |= moved_note(mnt, to, from);
	return noted(full);
}

ALWAYS_INLINE int unlinking(const void *ctx)
{
	return noted(losing_name(mount_of_path(argument(ctx, 0)), argument(ctx, 1)));
}

SEC("lsm/path_link")
int BPF_PROG(link_lsm)
{
	return linking(ctx);
}

SEC("fmod_ret/security_path_link")
int BPF_PROG(link_fmod_ret)
{
	return linking(ctx);
}

SEC("lsm/path_rename")
int BPF_PROG(rename_lsm)
{
	return renaming(ctx);
}

SEC("fmod_ret/security_path_rename")
int BPF_PROG(rename_fmod_ret)
{
	return renaming(ctx);
}

SEC("lsm/path_unlink")
int BPF_PROG(unlink_lsm)
{
	return unlinking(ctx);
}

SEC("fmod_ret/security_path_unlink")
int BPF_PROG(unlink_fmod_ret)
{
	return unlinking(ctx);
}

SEC("lsm/path_rename")
int BPF_PROG(rename_directory_lsm)
{
	return renaming_directory(ctx);
}

SEC("fmod_ret/security_path_rename")
int BPF_PROG(rename_directory_fmod_ret)
{
	return renaming_directory(ctx);
}
