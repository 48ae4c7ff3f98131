/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: files with several hard links. The kernel keeps the names of an inode that are in memory on a list, whenever they were
 * made; each is matched as if the file had been opened by it. One loop for all of them, and not a walk within a loop: the
 * stack of older kernels would not take that.
 *
 * The list is not locked: it is walked under RCU, by which its entries are freed. Known limit: a name that is not in memory is
 * not on it.
 */
#include "walk.h"
#include "words.h"

struct links {
	struct walk_moved m;
	__u64 node;                /* the next of the inode's names */
	__u64 mount, root, folds;  /* where each walk begins; WALK_* */
	struct words w;
	__u64 sets;                /* by lane */
	__u32 set;                 /* by a directory that was renamed */
};

/* Until 6.18 in a union with a name. */
struct dentry___named {
	struct {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

struct dentry___plain {
	struct hlist_node d_alias;
} __attribute__((preserve_access_index));

ALWAYS_INLINE __u64 node_at(void)
{
	if (bpf_core_field_exists(struct dentry___plain, d_alias))
		return bpf_core_field_offset(struct dentry___plain, d_alias);
	return bpf_core_field_offset(struct dentry___named, d_u.d_alias);
}

/* On to the next name. Returns 1 when there is none. */
ALWAYS_INLINE int next_link(struct links *l)
{
	struct hlist_node *node = (struct hlist_node *)l->node;

	if (!node)
		return 1;
	l->m.w.dentry = l->node - node_at();
	l->node = (__u64)BPF_CORE_READ(node, next);
	l->m.w.mount = l->mount;
	l->m.w.root = l->root;
	l->m.w.name = l->m.w.left = l->m.w.name_state = 0;
	l->m.w.state = forget(knobs.path.lanes);
	l->m.w.flags = l->folds;
	l->m.w.below_root = 0;
	l->m.at = 0;
	l->m.was_at = 0;
	l->m.was = 0;
	return 0;
}

struct links_ref {
	struct links *l;
};

static long walk_links_cb(__u32 i, void *ctx)
{
	struct links_ref *ref = ctx;
	struct links *l = ref->l;

	if (!l)
		return 1;
	if (!walk_round(&l->m.w, WALK_LINKS))
		return 0;
	l->set = l->m.at;
	if (!l->set)
		l->sets = path_sets(l->m.w.state);
	return l->set || l->sets ? 1 : next_link(l);
}

/* The words in all of the names. */
static long words_links_cb(__u32 i, void *ctx)
{
	struct links_ref *ref = ctx;
	struct links *l = ref->l;
	struct hlist_node *node;

	if (!l)
		return 1;
	if (!words_round(&l->w))
		return 0;
	node = (struct hlist_node *)l->node;
	if (!node)
		return 1;
	l->node = (__u64)BPF_CORE_READ(node, next);
	return words_begin(&l->w, (__u64)node - node_at());
}

/* Files without contents hold no secret: in content-addressed stores all of them are one file. */
ALWAYS_INLINE int may_have_names(struct inode *inode)
{
	return inode && BPF_CORE_READ(inode, i_nlink) > 1 && (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG &&
	       BPF_CORE_READ(inode, i_size);
}

GLOBAL __u32 links_find(__u64 vfsmount, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct links_ref ref;
	struct scratch *s;
	__u32 set = 0;

	if (!may_have_names(inode))
		return 0;
	s = scratch_get();
	if (!s)
		return SL_SET_UNRESOLVED;
	ref.l = (struct links *)s->data;
	if (!walk_start(&ref.l->m.w, WALK_LINKS, vfsmount, dentry, 0)) {
		ref.l->node = (__u64)BPF_CORE_READ(inode, i_dentry.first);
		ref.l->mount = ref.l->m.w.mount;
		ref.l->root = ref.l->m.w.root;
		ref.l->folds = ref.l->m.w.flags;
		ref.l->set = 0;
		ref.l->sets = 0;
		ref.l->w.met = forget(0);
		if (knobs.path.words) {
			if (!words_begin(&ref.l->w, dentry))
				bpf_loop(SL_LINKS_ROUNDS, words_links_cb, &ref, 0);
			ref.l->node = (__u64)BPF_CORE_READ(inode, i_dentry.first);
		}
		if (!next_link(ref.l))
			bpf_loop(SL_LINKS_ROUNDS, walk_links_cb, &ref, 0);
		set = ref.l->set ? ref.l->set : in_lanes(WALK_LINKS) ? number_sets(ref.l->sets) : ref.l->sets;
		if (knobs.path.words && ref.l->w.met)
			set = add_words(set, ref.l->w.met);
		if (!set && ref.l->node)
			set = SL_SET_UNRESOLVED;
	} else { /* ORIGIN_UNKNOWN, or what cannot be read */
		set = SL_SET_UNRESOLVED;
	}
	scratch_put(s);
	return set;
}
