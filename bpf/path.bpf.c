/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the walk from the leaf to the root of the mount namespace, fed to an automaton or copied into a record.
 *
 * The walk does not stop at the root of a chroot, and a bind mount is followed as it is mounted. It works on plain
 * addresses with probe reads, so that the same code serves every hook and any kernel; a dentry and a mount each cost one
 * read, because their fields of interest lie together.
 */
#include "path.h"

#define NAME_CHUNK 64  /* bytes of a name read at once; on the stack */

#define WALK_ROUNDS (2 * SL_DEPTH_MAX)  /* a name, a piece of a long name, or a mount each */

struct walk {
	__u64 dentry;
	__u64 mount;           /* struct mount */
	__u64 root;            /* mount's mnt_root */
	void *out;             /* WALK_COPY: the record, SL_RECORD_MAX + SL_PATH_MAX bytes */
	__u32 at;              /* WALK_COPY: next byte in out */
	__u32 limit;           /* WALK_COPY: no byte at or beyond this */
	__u32 state;           /* path state of the automaton */
	__u32 flags;           /* SL_STR_* */
	__u32 done;
	__u32 left;            /* bytes of the name still to feed */
	__u32 name_state;
	__u64 name;            /* address of the name at hand */
	__u32 named;           /* at least one component was met */
};

/* Offsets within the one read of a dentry: d_parent is followed by d_name (stable since 2.6). */
#define DENTRY_AT bpf_core_field_offset(struct dentry, d_parent)
#define DENTRY_READ 24
struct dentry_head {
	__u64 parent;
	__u64 hash_len;
	__u64 name;
};

/* mnt_parent, mnt_mountpoint and mnt.mnt_root follow each other. */
struct mount_head {
	__u64 parent;
	__u64 mountpoint;
	__u64 root;
};

ALWAYS_INLINE __u64 mount_of(__u64 vfsmount)
{
	return vfsmount - bpf_core_field_offset(struct mount, mnt);
}

ALWAYS_INLINE int read_mount(__u64 mount, struct mount_head *head)
{
	return bpf_probe_read_kernel(head, sizeof(*head),
				     (void *)(mount + bpf_core_field_offset(struct mount, mnt_parent)));
}

/*
 * The top mount hangs in no namespace's tree: lazily unmounted, or made by open_tree or fsmount and not yet moved
 * (anonymous namespace, number 0). Mounts of the kernel's own (pipes, memfd: an error pointer) are no such case: what
 * is on them has no path.
 */
ALWAYS_INLINE int mount_is_detached(__u64 mount)
{
	struct mnt_namespace *ns = NULL;
	__u64 number = 0;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)(mount + bpf_core_field_offset(struct mount, mnt_ns)));
	if (!ns)
		return 1;
	if ((__u64)ns > -4096ull)
		return 0;
	if (bpf_core_field_exists(struct mnt_namespace, seq))
		number = BPF_CORE_READ(ns, seq);
	else if (bpf_core_field_exists(struct ns_common, ns_id))
		number = BPF_CORE_READ(ns, ns.ns_id);
	else
		number = 1;
	return number == 0;
}


ALWAYS_INLINE __u32 entry(int kind, const struct sl_dfa *dfa, __u32 idx)
{
	return sl_dfa_at(dfa, kind == WALK_PATH ? knobs.path.limit : knobs.exec.limit, idx);
}

ALWAYS_INLINE __u32 shift_of(int kind)
{
	return kind == WALK_PATH ? knobs.path.shift : knobs.exec.shift;
}

/* Path state after one more component: `name` is the name state that its bytes, last first, led to. */
ALWAYS_INLINE __u32 component(int kind, const struct sl_dfa *dfa, __u32 path, __u32 name)
{
	__u32 symbol = entry(kind, dfa, name << shift_of(kind));

	return kind == WALK_PATH ? sl_dfa_component(dfa, knobs.path.shift, knobs.path.limit, path, symbol) :
				   sl_dfa_component(dfa, knobs.exec.shift, knobs.exec.limit, path, symbol);
}

/*
 * Feeds the last bytes, at most NAME_CHUNK, of the w->left bytes at w->name. One chunk a round of the walk: loops within
 * loops cost the verifier more than it has.
 */
ALWAYS_INLINE void feed_chunk(struct walk *w, int kind, const struct sl_dfa *dfa)
{
	__u8 buf[NAME_CHUNK] = {}; /* the verifier of 6.1 wants it initialised */
	__u32 name = w->name_state, n = w->left < NAME_CHUNK ? w->left : NAME_CHUNK;

	w->left = forget(w->left - n);
	opaque(n);
	if (n > NAME_CHUNK || bpf_probe_read_kernel(buf, n, (void *)(w->name + w->left)))
		return;
	for (int i = 0; i < NAME_CHUNK; i++) {
		__u32 pos = n - 1 - i;

		if (pos >= NAME_CHUNK)
			break;
		name = entry(kind, dfa, name << shift_of(kind) | dfa->cls[buf[pos]]);
		if (!name) { /* no pattern speaks of this name, whatever comes before */
			w->left = 0;
			break;
		}
	}
	w->name_state = name;
}

/* Copies the name that was met to the record. Returns 1 when it does not fit. */
ALWAYS_INLINE int copy_name(struct walk *w, __u32 len)
{
	__u32 to = w->at;

	if (to + len + 1 > w->limit || to >= SL_RECORD_MAX || len > SL_NAME_MAX) {
		w->flags |= SL_STR_TRUNCATED;
		return 1;
	}
	bpf_probe_read_kernel(w->out + to, len, (void *)w->name);
	to += len;
	if (to < SL_RECORD_MAX + SL_PATH_MAX)
		*(__u8 *)(w->out + to) = '/';
	w->at = forget(to + 1);
	return 0;
}

/* At the root of a mount: to where it is mounted. Returns 1 at the top, or when it cannot be read. */
ALWAYS_INLINE int leave_mount(struct walk *w)
{
	struct mount_head m;

	if (read_mount(w->mount, &m)) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	if (m.parent == w->mount) {
		if (mount_is_detached(w->mount))
			w->flags |= SL_STR_UNRESOLVED;
		w->done = 1;
		return 1;
	}
	w->dentry = m.mountpoint;
	w->mount = m.parent;
	if (read_mount(m.parent, &m)) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	w->root = m.root;
	return 0;
}

/* One round: a name (or a piece of a long one), or a mount. Returns 1 to end the walk. */
ALWAYS_INLINE int walk_round(struct walk *w, int kind)
{
	const struct sl_dfa *dfa = NULL;
	struct dentry_head d;

	if (kind != WALK_COPY) {
		dfa = automaton(kind);
		if (!dfa)
			return 1;
	}
	if (!w->left) {
		if (w->dentry == w->root)
			return leave_mount(w);
		if (bpf_probe_read_kernel(&d, sizeof(d), (void *)(w->dentry + DENTRY_AT)) || d.parent == w->dentry) {
			w->flags |= SL_STR_UNRESOLVED;
			return 1;
		}
		w->named = 1;
		w->dentry = d.parent;
		w->name = d.name;
		if (kind == WALK_COPY)
			return copy_name(w, d.hash_len >> 32);
		w->left = d.hash_len >> 32;
		w->name_state = dfa->name_start;
	}
	if (kind == WALK_COPY)
		return 0;
	feed_chunk(w, kind, dfa);
	if (w->left)
		return 0;
	w->state = component(kind, dfa, w->state, w->name_state);
	if (w->state)
		return 0;
	w->done = 1;
	return 1;
}

static long walk_path_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_PATH);
}

static long walk_exec_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_EXEC);
}

ALWAYS_INLINE int walk_start(struct walk *w, __u64 vfsmount, __u64 dentry)
{
	struct mount_head m;

	w->dentry = dentry;
	w->mount = mount_of(vfsmount);
	w->out = NULL;
	w->name = 0;
	/* Unknown from the first round on, so that every later round looks like it. */
	w->at = w->limit = w->state = w->flags = w->done = w->left = w->name_state = w->named = forget(0);
	if (read_mount(w->mount, &m)) {
		return -EFAULT;
	}
	w->root = m.root;
	return 0;
}

static long walk_copy_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_COPY);
}

ALWAYS_INLINE __u64 match(int kind, __u64 vfsmount, __u64 dentry)
{
	const struct sl_dfa *dfa = automaton(kind);
	struct walk w;
	__u32 set = 0, flags = 0;

	if (!walk_start(&w, vfsmount, dentry) && dfa) {
		w.state = forget((kind == WALK_PATH ? knobs.path.start : knobs.exec.start) >> 16);
		if (kind == WALK_PATH)
			bpf_loop(WALK_ROUNDS, walk_path_cb, &w, 0);
		else
			bpf_loop(WALK_ROUNDS, walk_exec_cb, &w, 0);
		if (!w.named) /* "/" itself: an empty name on both sides of the separator */
			w.state = component(kind, dfa, w.state, dfa->name_start);
		w.state = w.state << 16 | dfa->name_start;
		set = kind == WALK_PATH ? sl_dfa_accept(dfa, knobs.path.shift, knobs.path.limit, w.state) :
					  sl_dfa_accept(dfa, knobs.exec.shift, knobs.exec.limit, w.state);
	}
	if (!set && (!w.done || w.flags & SL_STR_UNRESOLVED))
		flags = SL_STR_UNRESOLVED;
	return (__u64)flags << 32 | set;
}

__attribute__((noinline)) __u64 path_match(__u64 vfsmount, __u64 dentry)
{
	return match(WALK_PATH, vfsmount, dentry);
}

__attribute__((noinline)) __u64 path_match_exec(__u64 vfsmount, __u64 dentry)
{
	return match(WALK_EXEC, vfsmount, dentry);
}

__attribute__((noinline)) __u64 path_copy(struct scratch *s, __u32 at, __u32 max, __u64 vfsmount, __u64 dentry)
{
	struct walk w;

	if (!s)
		return 0;
	if (walk_start(&w, vfsmount, dentry))
		return (__u64)SL_STR_MISSING << 32 | at;
	w.out = s->data;
	w.at = forget(at);
	w.limit = forget(at + max);
	bpf_loop(WALK_ROUNDS, walk_copy_cb, &w, 0);
	return (__u64)w.flags << 32 | w.at;
}
