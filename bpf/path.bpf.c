/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: match sets of paths and their copies into records, by the walk of walk.h or from the kernel's own text. */
#include "walk.h"

#define TEXT_CHUNK 64  /* bytes of a text in a round */
#define STEP_NAME 64   /* longest name that name_symbol() reads */

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

GLOBAL __u64 path_step(__u64 path, __u32 symbol)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);

	return dfa ? sl_dfa_components(dfa, &knobs.path, path, symbol) : 0;
}

/* A number for match sets by lane. */
GLOBAL __u32 number_sets(__u64 sets)
{
	__u32 *known, id, at;

	for (int i = 0; i < SL_DFA_SETS; i++)
		if (!(sets & ~((__u64)SL_DFA_SET(~0ull, 0) << (i * SL_DFA_SET_BITS))))
			return SL_DFA_SET(sets, i);
	known = bpf_map_lookup_elem(&combos, &sets);
	if (known)
		return *known;
	at = *(volatile __u32 *)&combos_cnt;
	if (at < SL_COMBOS_MAX)
		at = __sync_fetch_and_add(&combos_cnt, 1);
	id = SL_COMBOS_FIRST + at;
	if (at >= SL_COMBOS_MAX || bpf_map_update_elem(&combo_sets, &at, &sets, BPF_ANY) ||
	    bpf_map_update_elem(&combos, &sets, &id, BPF_ANY)) {
		count_loss(SL_LOSS_PATH);
		return SL_SET_UNRESOLVED;
	}
	return id;
}

GLOBAL __u64 path_sets(__u64 path)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);

	return dfa ? sl_dfa_sets(dfa, &knobs.path, path, sl_dfa_symbol(dfa, knobs.path.limit, dfa->name_start)) : 0;
}

/* Match sets by lane of any id; 0 none. */
ALWAYS_INLINE __u64 lanes_of(__u32 set)
{
	__u32 at = set - SL_COMBOS_FIRST;
	__u64 *sets;

	if (set < SL_COMBOS_FIRST)
		return set;
	sets = bpf_map_lookup_elem(&combo_sets, &at);
	return sets ? *sets : 0;
}

GLOBAL __u32 add_words(__u32 set, __u32 words)
{
	return number_sets(lanes_of(set) | (__u64)words << SL_DFA_LANES * SL_DFA_SET_BITS);
}

/* The part of a set, 0: there is none. */
ALWAYS_INLINE __u32 part_of(__u32 row, __u32 set)
{
	return set ? SL_CELL_PART(cell_of(row, set)) : 0;
}

GLOBAL __u64 decide_file(__u32 row, __u32 set)
{
	__u64 sets = lanes_of(set), best = 0;
	__u32 flags = 0, special;

	for (int i = 0; i < SL_DFA_SETS; i++)
		flags |= SL_PART_FLAGS(part_of(row, SL_DFA_SET(sets, i)));
	special = sl_part_kind(flags);
	for (int i = 0; i < SL_DFA_SETS; i++, sets >>= SL_DFA_SET_BITS) {
		__u32 part = part_of(row, SL_DFA_SET(sets, 0));

		part = SL_PART_OF(part, special);
		if (SL_PART_RULE(part) && (!best || SL_PART_RULE(part) < SL_PART_RULE(best)))
			best = part | (__u64)SL_DFA_SET(sets, 0) << 32;
	}
	return sl_part_decision(best, special) | (best >> 32) << 32;
}

GLOBAL __u32 conditions_of(__u32 set)
{
	__u64 sets = lanes_of(set);
	__u32 conditions = 0;

	for (int i = 0; i < SL_DFA_SETS; i++) {
		__u32 at = SL_DFA_SET(sets, i);
		__u8 *c = bpf_map_lookup_elem(&memory_sets, &at);

		if (c)
			conditions |= *c;
	}
	return conditions;
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
	return set_of(kind, dfa, after_symbol(kind, dfa, state, symbol), dfa->name_start);
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

/* Global, for the stack of the walk above them; and lanes are a call more, so that files have one of their own. */
GLOBAL __u64 file_below_root(__u64 state, __u32 set)
{
	return match_below_root(WALK_PATH, state, set);
}

GLOBAL __u64 path_below_root(__u32 kind, __u64 state, __u32 set)
{
	if (kind == WALK_SOCK)
		return match_below_root(WALK_SOCK, state, set);
	return match_below_root(WALK_EXEC, state, set);
}

ALWAYS_INLINE __u64 match(int kind, __u64 vfsmount, __u64 dentry)
{
	const struct sl_dfa *dfa = automaton(kind);
	struct walk w;
	__u32 set;

	if (!dfa || walk_start(&w, kind, vfsmount, dentry, start_of(kind)))
		return (__u64)SL_STR_UNRESOLVED << 32;
	if (kind == WALK_PATH)
		bpf_loop(WALK_ROUNDS, walk_path_cb, &w, 0);
	else if (kind == WALK_SOCK)
		bpf_loop(WALK_ROUNDS, walk_sock_cb, &w, 0);
	else
		bpf_loop(WALK_ROUNDS, walk_exec_cb, &w, 0);
	if (!(w.flags & WALK_NAMED)) /* "/" itself: an empty name on both sides of the separator */
		w.state = component(kind, dfa, w.state, dfa->name_start);
	set = set_of(kind, dfa, w.state, dfa->name_start);
	if (w.below_root && (w.flags & WALK_DONE || set))
		return kind == WALK_PATH ? file_below_root(w.below_root, set) : path_below_root(kind, w.below_root, set);
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
	__u32 name;        /* state */
	__u64 path;        /* states by lane */
};

ALWAYS_INLINE long text_round(struct text *t, int kind)
{
	const struct sl_dfa *dfa = automaton(kind);
	__u32 name = t->name, left = t->left, width;
	__u64 path = t->path;

	if (!dfa || !t->bytes)
		return 1;
	width = dfa->width;
	opaque(width);
	for (int n = 0; n < TEXT_CHUNK; n++) {
		__u64 pos = left - 1 - n;
		__u32 cls;

		opaque(pos); /* as in feed() */
		if (pos >= SL_PATH_MAX)
			break;
		cls = dfa->cls[t->bytes[pos]];
		if (cls) {
			/* 0 stays 0. The knob is read each time: there is no register to keep it in, and of what is kept on the stack
			 * older verifiers do not know what it is. */
			name = sl_dfa_name_by(dfa, limit_of(kind), width, name, cls);
			continue;
		}
		path = component(kind, dfa, path, name);
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
	t.path = forget(start_of(kind));
	t.name = forget(dfa->name_start);
	if (kind == WALK_PATH)
		bpf_loop(SL_PATH_MAX / TEXT_CHUNK, text_path_cb, &t, 0);
	else
		bpf_loop(SL_PATH_MAX / TEXT_CHUNK, text_sock_cb, &t, 0);
	if (!t.path)
		return 0;
	return set_of(kind, dfa, t.path, t.name);
}

GLOBAL __u32 text_match(struct scratch *s, __u32 len)
{
	return match_text(s, len, WALK_PATH);
}

GLOBAL __u32 text_match_sock(struct scratch *s, __u32 len)
{
	return match_text(s, len, WALK_SOCK);
}

GLOBAL __u32 name_symbol(__u64 dentry)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct {
		struct dentry_head d;
		__u8 more[STEP_NAME - INLINE_READ]; /* behind d->bytes */
	} read;
	struct dentry_head *d = &read.d;
	__u32 len;

	if (!dfa)
		return SYMBOL_UNKNOWN;
	/* The verifier of 6.1 wants initialised what a read of unknown length writes. */
	__builtin_memset(read.more, 0, sizeof(read.more));
	if (bpf_probe_read_kernel(d, DENTRY_READ, (void *)(dentry + DENTRY_AT)))
		return SYMBOL_UNKNOWN;
	len = d->hash_len >> 32;
	if (!len)
		return SYMBOL_UNKNOWN;
	opaque(len); /* or clang 19 makes one comparison of both bounds, which 6.1 does not follow */
	if (len > STEP_NAME)
		return SYMBOL_UNKNOWN;
	if (!(len <= INLINE_READ && inline_at() && d->name == dentry + DENTRY_AT + inline_at()) &&
	    bpf_probe_read_kernel(d->bytes, len, (void *)d->name))
		return SYMBOL_UNKNOWN;
	return sl_dfa_symbol(dfa, knobs.path.limit, feed(WALK_PATH, dfa, dfa->name_start, d->bytes, len, STEP_NAME));
}

GLOBAL __u32 name_symbol_short(__u64 w0, __u64 w1, __u64 w2, __u64 w3, __u32 len)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	__u64 words[INLINE_READ / 8] = { w0, w1, w2, w3 };

	if (!dfa)
		return SYMBOL_UNKNOWN;
	return sl_dfa_symbol(dfa, knobs.path.limit, feed(WALK_PATH, dfa, dfa->name_start, (const __u8 *)words, len, INLINE_READ));
}

#define MOUNTS_ABOVE 16

GLOBAL __u32 path_text(__u64 vfsmount)
{
	__u64 mount = mount_of(vfsmount);
	struct mount_head m;

	if (mount_place(mount) == MOUNT_DETACHED)
		return PATH_DETACHED;
	for (int i = 0; i < MOUNTS_ABOVE; i++) {
		if (read_mount(mount, &m))
			return PATH_FOLDS;
		if (m.parent == mount)
			return PATH_WHOLE;
		mount = m.parent;
		if (mount_folds(mount))
			return PATH_FOLDS;
	}
	return PATH_FOLDS;
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
