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

/*
 * One read of a dentry: d_parent, d_name, d_inode and the begin of the inline name follow each other on every kernel
 * seen. Where the inline name is elsewhere (INLINE_AT tells), names are read by their address.
 */
#define DENTRY_AT bpf_core_field_offset(struct dentry, d_parent)
#define DENTRY_READ 64
#define INLINE_READ 32
struct dentry_head {
	__u64 parent;
	__u64 hash_len;
	__u64 name;
	__u64 inode;
	__u8 bytes[NAME_CHUNK]; /* the inline name, or a piece of a longer one */
};

/* Offset of the inline name behind d_parent; 0: not where it is looked for. */
ALWAYS_INLINE __u64 inline_at(void)
{
	__u64 at = 0;

	if (bpf_core_field_exists(struct dentry, d_iname))
		at = bpf_core_field_offset(struct dentry, d_iname) - DENTRY_AT;
	else if (bpf_core_field_exists(struct dentry, d_shortname))
		at = bpf_core_field_offset(struct dentry, d_shortname) - DENTRY_AT;
	return at == DENTRY_READ - INLINE_READ ? at : 0;
}

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
 * Where a mount hangs: in the tree of a namespace; in none (lazily unmounted, or made by open_tree or fsmount and not yet
 * moved: no namespace, or an anonymous one), so that a path on it has no beginning; or it is the kernel's own (pipes,
 * sockets, memfd: an error pointer), and what is on it has no path at all.
 */
enum mount_place { MOUNT_IN_TREE = 0, MOUNT_DETACHED, MOUNT_INTERNAL };

#define MNT_NS_ANON_INO 0xEFFFFFF7u /* inode number of every anonymous mount namespace since 6.17; 0 before */

ALWAYS_INLINE enum mount_place mount_place(__u64 mount)
{
	struct mnt_namespace *ns = NULL;
	__u32 inum;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)(mount + bpf_core_field_offset(struct mount, mnt_ns)));
	if (!ns)
		return MOUNT_DETACHED;
	if ((__u64)ns > -4096ull)
		return MOUNT_INTERNAL;
	inum = BPF_CORE_READ(ns, ns.inum);
	return inum == 0 || inum == MNT_NS_ANON_INO ? MOUNT_DETACHED : MOUNT_IN_TREE;
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

/* Feeds n <= NAME_CHUNK bytes of a name, last first; the verifier follows one such loop a round, not loops in loops. */
ALWAYS_INLINE __u32 feed(int kind, const struct sl_dfa *dfa, __u32 name, const __u8 *bytes, __u32 n)
{
	/* Knobs are volatile: read once. */
	__u32 shift = shift_of(kind), limit = kind == WALK_PATH ? knobs.path.limit : knobs.exec.limit;

	for (int i = 0; i < NAME_CHUNK; i++) {
		__u32 pos = n - 1 - i;

		if (pos >= NAME_CHUNK)
			break;
		name = sl_dfa_at(dfa, limit, name << shift | dfa->cls[bytes[pos]]);
		if (!name) /* no pattern speaks of this name, whatever comes before */
			break;
	}
	return name;
}

/* Copies the name that was met to the record. Returns 1 when it does not fit. */
ALWAYS_INLINE int copy_name(struct walk *w, const struct dentry_head *d, __u32 len, int is_inline)
{
	__u32 to = w->at;

	if (to + len + 1 > w->limit || to >= SL_RECORD_MAX || len > SL_NAME_MAX) {
		w->flags |= SL_STR_TRUNCATED;
		return 1;
	}
	if (is_inline) { /* what is copied too much is written over by the next name, or lies behind the end */
		const __u64 *from = (const __u64 *)d->bytes;
		__u64 *out = w->out + to; /* whole words, aligned or not: memcpy would go byte by byte */

		out[0] = from[0];
		out[1] = from[1];
		out[2] = from[2];
		out[3] = from[3];
	} else {
		bpf_probe_read_kernel(w->out + to, len, (void *)d->name);
	}
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
		if (mount_place(w->mount) == MOUNT_DETACHED)
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
	__u32 n, is_inline = 0;

	if (kind != WALK_COPY) {
		dfa = automaton(kind);
		if (!dfa)
			return 1;
	}
	/* The verifier of 6.1 wants initialised what a read of unknown length writes. */
	__builtin_memset(d.bytes + INLINE_READ, 0, sizeof(d.bytes) - INLINE_READ);
	if (!w->left) {
		if (w->dentry == w->root)
			return leave_mount(w);
		if (bpf_probe_read_kernel(&d, DENTRY_READ, (void *)(w->dentry + DENTRY_AT)) || d.parent == w->dentry) {
			/* A root that is not the mount's: cut off from the tree, or a file of the kernel's own. */
			if (mount_place(w->mount) != MOUNT_INTERNAL)
				w->flags |= SL_STR_UNRESOLVED;
			w->done = 1;
			return 1;
		}
		n = d.hash_len >> 32;
		is_inline = n <= INLINE_READ && inline_at() && d.name == w->dentry + DENTRY_AT + inline_at();
		w->named = 1;
		w->dentry = d.parent;
		if (kind == WALK_COPY)
			return copy_name(w, &d, n, is_inline);
		w->name = d.name;
		w->left = n;
		w->name_state = dfa->name_start;
	} else {
		__builtin_memset(d.bytes, 0, INLINE_READ);
	}
	if (kind == WALK_COPY)
		return 0;
	n = w->left < NAME_CHUNK ? w->left : NAME_CHUNK;
	w->left = forget(w->left - n);
	opaque(n);
	if (n > NAME_CHUNK || (!is_inline && bpf_probe_read_kernel(d.bytes, n, (void *)(w->name + w->left)))) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	w->name_state = feed(kind, dfa, w->name_state, d.bytes, n);
	if (w->left && w->name_state)
		return 0;
	w->left = 0;
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

struct text {
	const __u8 *bytes;
	__u32 left;
	__u32 path, name;  /* states */
};

static long text_cb(__u32 i, void *ctx)
{
	/* Knobs are volatile: read once. */
	__u32 shift = knobs.path.shift, limit = knobs.path.limit;
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct text *t = ctx;
	__u32 path = t->path, name = t->name, left = t->left;

	if (!dfa || !t->bytes)
		return 1;
	for (int n = 0; n < NAME_CHUNK; n++) {
		__u32 pos = left - 1 - n, cls;

		if (pos >= SL_PATH_MAX)
			break;
		cls = dfa->cls[t->bytes[pos]];
		if (cls) {
			name = sl_dfa_at(dfa, limit, name << shift | cls); /* 0 stays 0 */
			continue;
		}
		path = sl_dfa_component(dfa, shift, limit, path, sl_dfa_at(dfa, limit, name << shift));
		if (!path)
			break;
		name = dfa->name_start;
	}
	t->path = path;
	t->name = name;
	t->left = left > NAME_CHUNK ? forget(left - NAME_CHUNK) : 0;
	return !t->left || !path;
}

__attribute__((noinline)) __u32 text_match(struct scratch *s, __u32 len)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct text t;

	if (!s || !dfa)
		return 0;
	t.bytes = s->data + PATH_TEXT_AT;
	t.left = forget(len);
	t.path = forget(knobs.path.start >> 16);
	t.name = forget(dfa->name_start);
	bpf_loop(SL_PATH_MAX / NAME_CHUNK, text_cb, &t, 0);
	if (!t.path)
		return 0;
	return sl_dfa_accept(dfa, knobs.path.shift, knobs.path.limit, t.path << 16 | t.name);
}

__attribute__((noinline)) __u32 name_match(__u64 name, __u32 len)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	__u8 bytes[NAME_CHUNK] = {};
	__u32 state;

	if (!dfa || !len)
		return NAME_UNKNOWN;
	opaque(len); /* or clang 19 makes one comparison of both bounds, which 6.1 does not follow */
	if (len > NAME_CHUNK || bpf_probe_read_kernel(bytes, len, (void *)name))
		return NAME_UNKNOWN;
	state = feed(WALK_PATH, dfa, dfa->name_start, bytes, len);
	return component(WALK_PATH, dfa, knobs.path.start >> 16, state);
}

__attribute__((noinline)) __u32 path_detached(__u64 vfsmount)
{
	return mount_place(mount_of(vfsmount)) == MOUNT_DETACHED;
}

__attribute__((noinline)) __u32 path_is_top(__u64 vfsmount)
{
	struct mount_head m;

	return !read_mount(mount_of(vfsmount), &m) && m.parent == mount_of(vfsmount);
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
