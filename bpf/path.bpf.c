/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: match sets of paths and their copies into records, by the walk of walk.h or from the kernel's own text. */
#include "walk.h"

#define TEXT_CHUNK 64  /* bytes of a text in a round */
#define STEP_NAME 64   /* longest name that name_step() reads */

GLOBAL __u64 mount_folds(__u64 mount)
{
	struct mount *m = (struct mount *)mount;

	return sb_folds((__u64)BPF_CORE_READ(m, mnt.mnt_sb));
}

GLOBAL __u64 dentry_folds(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;

	return BPF_CORE_READ(d, d_flags) & DCACHE_OPS ? sb_folds((__u64)BPF_CORE_READ(d, d_sb)) : 0;
}

GLOBAL __u64 directory_folds(__u64 mount, __u64 dentry, __u32 len)
{
	struct dentry *d = (struct dentry *)dentry;

	if (!(mount & WALK_FOLDS) && !(BPF_CORE_READ(d, d_inode, i_flags) & S_CASEFOLD))
		return 0;
	return WALK_FOLDED | WALK_UNFED | (mount & WALK_DOS && len <= SL_SHORT_NAME ? WALK_BRIEF : 0);
}

GLOBAL __u32 name_folds(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	__u64 folds = dentry_folds(dentry);

	if (!folds || !directory_folds(folds, (__u64)BPF_CORE_READ(d, d_parent), 0))
		return 0;
	return folds & WALK_DOS ? SL_STR_FOLDS | SL_STR_DOS : SL_STR_FOLDS;
}

/* What is fed for a name's last character, the last byte in the lowest; the high half is how many bytes of the name it is. */
ALWAYS_INLINE __u64 last_char(__u32 last, __u64 left, __u64 flags)
{
	__u32 b0 = last >> 24, c, in;
	__u64 used;

	if (b0 < 0x80) {
		if (flags & WALK_DOS && flags & WALK_UNFED && left > 1 && (b0 == '.' || b0 == ' '))
			b0 = 0;
		return b0 | 1ull << 32;
	}
	used = sl_last_char(last & 0xff, last >> 8 & 0xff, last >> 16 & 0xff, b0, &c);
	in = sl_fold_char(c);
	/* A name of nothing else is one all the same. */
	if (in == SL_FOLD_ITSELF || (in == SL_FOLD_NOTHING && flags & WALK_UNFED && left == used))
		in = __builtin_bswap32(last) & (~0u >> (32 - 8 * used));
	return in | used << 32;
}

ALWAYS_INLINE __u64 fold_char(int kind, __u32 last, __u64 left, __u64 flags, __u64 state)
{
	const struct sl_dfa *dfa = automaton(kind);
	__u64 c = forget(last_char(last, left, flags));
	__u32 bytes = c, limit;

	if (!dfa)
		return 1 << 16;
	limit = limit_of(kind);
	if (bytes)
		flags &= ~WALK_UNFED;
	/* A short name, or a stream of a file: ".env::$DATA". */
	if ((flags & WALK_BRIEF && flags & WALK_DIGIT && bytes == '~') || (flags & WALK_DOS && bytes == ':'))
		c |= (__u64)FOLD_SHORT << 16;
	flags = bytes >= '0' && bytes <= '9' ? flags | WALK_DIGIT : flags & ~WALK_DIGIT;
	for (int i = 0; i < 4; i++, bytes >>= 8)
		if (bytes & 0xff)
			state = sl_dfa_name(dfa, limit, state, dfa->cls[SL_DFA_FOLD + (bytes & 0xff)]);
	return (state & 0xffff) | (c >> 16 & ~0xffffull) | (flags & (WALK_UNFED | WALK_DIGIT));
}

GLOBAL __u64 fold_path(__u32 last, __u64 left, __u64 flags, __u64 state)
{
	return fold_char(WALK_PATH, last, left, flags, state);
}

GLOBAL __u64 fold_exec(__u32 last, __u64 left, __u64 flags, __u64 state)
{
	return fold_char(WALK_EXEC, last, left, flags, state);
}

GLOBAL __u64 fold_sock(__u32 last, __u64 left, __u64 flags, __u64 state)
{
	return fold_char(WALK_SOCK, last, left, flags, state);
}

static long walk_path_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_PATH);
}

static long walk_exec_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_EXEC);
}

static long walk_sock_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_SOCK);
}

/* The walk is in the scratch buffer of the copy, not on the stack: most chains of calls end in one. */
struct copy_ref {
	struct walk_copy *c;
};

static long walk_copy_cb(__u32 i, void *ctx)
{
	struct copy_ref *ref = ctx;

	return !ref->c || walk_round(&ref->c->w, WALK_COPY);
}

/* Match set below a root, by the path state there; 0: none. symbol: the root's name. */
ALWAYS_INLINE __u32 set_at_root(int kind, const struct sl_dfa *dfa, __u64 state, __u32 symbol)
{
	state = sl_dfa_component(dfa, shift_of(kind), limit_of(kind), state, symbol);
	return sl_dfa_accept(dfa, shift_of(kind), limit_of(kind), (__u32)state << 16 | dfa->name_start);
}

/*
 * What a file is below a root, and by its whole path. The second counts as well only where what is above the root tells something: it says else
 * than a path without any name above it would.
 */
ALWAYS_INLINE __u64 match_below_root(int kind, __u64 state, __u32 set)
{
	const struct sl_dfa *dfa = automaton(kind);
	__u32 root;

	if (!dfa)
		return set;
	root = set_at_root(kind, dfa, state, mark_symbol(kind, dfa));
	if (!set || set == set_at_root(kind, dfa, state, unnamed_symbol(kind, dfa)))
		return root;
	return (root == set ? 0 : (__u64)root << PATH_OTHER_SHIFT) | set;
}

/* Global, for the stack of the walk above it. */
GLOBAL __u64 path_below_root(__u32 kind, __u64 state, __u32 set)
{
	if (kind == WALK_PATH)
		return match_below_root(WALK_PATH, state, set);
	if (kind == WALK_SOCK)
		return match_below_root(WALK_SOCK, state, set);
	return match_below_root(WALK_EXEC, state, set);
}

ALWAYS_INLINE __u64 match(int kind, __u64 vfsmount, __u64 dentry)
{
	const struct sl_dfa *dfa = automaton(kind);
	struct walk w;
	__u32 set;

	if (!dfa || walk_start(&w, kind, vfsmount, dentry, start_of(kind) >> 16))
		return (__u64)SL_STR_UNRESOLVED << 32;
	if (kind == WALK_PATH)
		bpf_loop(WALK_ROUNDS, walk_path_cb, &w, 0);
	else if (kind == WALK_SOCK)
		bpf_loop(WALK_ROUNDS, walk_sock_cb, &w, 0);
	else
		bpf_loop(WALK_ROUNDS, walk_exec_cb, &w, 0);
	if (!(w.flags & WALK_NAMED)) /* "/" itself: an empty name on both sides of the separator */
		w.state = component(kind, dfa, w.state, dfa->name_start);
	set = sl_dfa_accept(dfa, shift_of(kind), limit_of(kind), (__u32)w.state << 16 | dfa->name_start);
	if (w.below_root && (w.flags & WALK_DONE || set))
		return path_below_root(kind, w.below_root, set);
	if (!set && (!(w.flags & WALK_DONE) || w.flags & SL_STR_UNRESOLVED))
		return (__u64)SL_STR_UNRESOLVED << 32;
	return set;
}

GLOBAL __u64 path_match(__u64 vfsmount, __u64 dentry)
{
	if (vfsmount == ORIGIN_UNKNOWN)
		return SL_SET_UNRESOLVED;
	return match(WALK_PATH, vfsmount, dentry);
}

GLOBAL __u64 path_match_exec(__u64 vfsmount, __u64 dentry)
{
	return match(WALK_EXEC, vfsmount, dentry);
}

GLOBAL __u64 path_match_sock(__u64 vfsmount, __u64 dentry)
{
	return match(WALK_SOCK, vfsmount, dentry);
}

struct text {
	const __u8 *bytes;
	__u32 left;
	__u32 path, name;  /* states */
};

ALWAYS_INLINE long text_round(struct text *t, int kind)
{
	/* Knobs are volatile: read once. */
	__u32 shift = shift_of(kind), limit = limit_of(kind);
	const struct sl_dfa *dfa = automaton(kind);
	__u32 path = t->path, name = t->name, left = t->left, width;

	if (!dfa || !t->bytes)
		return 1;
	width = dfa->width;
	opaque(width);
	for (int n = 0; n < TEXT_CHUNK; n++) {
		__u32 pos = left - 1 - n, cls;

		if (pos >= SL_PATH_MAX)
			break;
		cls = dfa->cls[t->bytes[pos]];
		if (cls) {
			name = sl_dfa_name_by(dfa, limit, width, name, cls); /* 0 stays 0 */
			continue;
		}
		path = sl_dfa_component(dfa, shift, limit, path, sl_dfa_symbol(dfa, limit, name));
		if (!path)
			break;
		name = dfa->name_start;
	}
	t->path = path;
	t->name = name;
	t->left = left > TEXT_CHUNK ? forget(left - TEXT_CHUNK) : 0;
	return !t->left || !path;
}

static long text_path_cb(__u32 i, void *ctx)
{
	return text_round(ctx, WALK_PATH);
}

static long text_sock_cb(__u32 i, void *ctx)
{
	return text_round(ctx, WALK_SOCK);
}

ALWAYS_INLINE __u32 match_text(struct scratch *s, __u32 len, int kind)
{
	const struct sl_dfa *dfa = automaton(kind);
	struct text t;

	if (!s || !dfa)
		return 0;
	t.bytes = s->data + PATH_TEXT_AT;
	t.left = forget(len);
	t.path = forget(start_of(kind) >> 16);
	t.name = forget(dfa->name_start);
	if (kind == WALK_PATH)
		bpf_loop(SL_PATH_MAX / TEXT_CHUNK, text_path_cb, &t, 0);
	else
		bpf_loop(SL_PATH_MAX / TEXT_CHUNK, text_sock_cb, &t, 0);
	if (!t.path)
		return 0;
	return sl_dfa_accept(dfa, shift_of(kind), limit_of(kind), t.path << 16 | t.name);
}

GLOBAL __u32 text_match(struct scratch *s, __u32 len)
{
	return match_text(s, len, WALK_PATH);
}

GLOBAL __u32 text_match_sock(struct scratch *s, __u32 len)
{
	return match_text(s, len, WALK_SOCK);
}

GLOBAL __u32 name_step(__u64 dentry, __u32 path)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct {
		struct dentry_head d;
		__u8 more[STEP_NAME - INLINE_READ]; /* behind d->bytes */
	} read;
	struct dentry_head *d = &read.d;
	__u32 len;

	if (!dfa)
		return NAME_UNKNOWN;
	/* The verifier of 6.1 wants initialised what a read of unknown length writes. */
	__builtin_memset(read.more, 0, sizeof(read.more));
	if (bpf_probe_read_kernel(d, DENTRY_READ, (void *)(dentry + DENTRY_AT)))
		return NAME_UNKNOWN;
	len = d->hash_len >> 32;
	if (!len)
		return NAME_UNKNOWN;
	opaque(len); /* or clang 19 makes one comparison of both bounds, which 6.1 does not follow */
	if (len > STEP_NAME)
		return NAME_UNKNOWN;
	if (!(len <= INLINE_READ && inline_at() && d->name == dentry + DENTRY_AT + inline_at()) &&
	    bpf_probe_read_kernel(d->bytes, len, (void *)d->name))
		return NAME_UNKNOWN;
	return component(WALK_PATH, dfa, path, feed(WALK_PATH, dfa, dfa->name_start, d->bytes, len, STEP_NAME));
}

GLOBAL __u32 name_step_short(__u64 w0, __u64 w1, __u64 w2, __u64 w3, __u64 len_path)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	__u64 words[INLINE_READ / 8] = { w0, w1, w2, w3 };

	if (!dfa)
		return NAME_UNKNOWN;
	return component(WALK_PATH, dfa, len_path, feed(WALK_PATH, dfa, dfa->name_start, (const __u8 *)words, len_path >> 32, INLINE_READ));
}

GLOBAL __u32 path_detached(__u64 vfsmount)
{
	return mount_place(mount_of(vfsmount)) == MOUNT_DETACHED;
}

/*
 * An installed system's root is mounted over the root of the initial ramfs: such a mount adds no component to a path, so
 * that one above it is as good as the namespace's own top.
 */
#define ROOTS_STACKED 8 /* deeper: "no", and paths are walked */

GLOBAL __u32 path_is_top(__u64 vfsmount)
{
	__u64 mount = mount_of(vfsmount);
	struct mount_head m, above;

	if (read_mount(mount, &m))
		return 0;
	for (int i = 0; i < ROOTS_STACKED; i++) {
		if (m.parent == mount)
			return 1;
		if (read_mount(m.parent, &above) || above.root != m.mountpoint)
			return 0;
		mount = m.parent;
		m = above;
	}
	return 0;
}

GLOBAL __u64 path_copy(struct scratch *s, __u32 at, __u32 max, __u64 vfsmount, __u64 dentry)
{
	struct copy_ref ref;

	if (!s)
		return 0;
	ref.c = (struct walk_copy *)s->work;
	if (walk_start(&ref.c->w, WALK_COPY, vfsmount, dentry, 0))
		return (__u64)SL_STR_MISSING << 32 | at;
	ref.c->at = at;
	ref.c->limit = at + max;
	bpf_loop(WALK_ROUNDS, walk_copy_cb, &ref, 0);
	return (__u64)WALK_STR(&ref.c->w) << 32 | (__u32)ref.c->at;
}
