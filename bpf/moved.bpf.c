/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: directories that were renamed. What is below keeps the class that it had by its path: the walk of a file that passes
 * such a directory also goes on as if the directory were still where it was.
 *
 * What is remembered of the old path is what its components are to the automaton, not their bytes: that is all that the walk
 * needs. And only of directories that matter: a state of the automaton is looked for in which the old path leads to a class
 * that the new one does not lead to. Most renames (of names that no pattern speaks of, within a folder) leave nothing to
 * look for.
 */
#include "walk.h"

struct steps {
	const struct sl_moved_path *was;
	__u32 lane;
	__u32 state; /* of the lane */
	__u32 held;  /* SL_DFA_ANCHORED: the state before a home, see sl_dfa_components() */
};

static long step_cb(__u32 i, void *ctx)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct steps *s = ctx;
	__u32 next;

	if (!dfa || !s->was)
		return 1;
	next = sl_dfa_lane_component(dfa, &knobs.path, s->lane & (SL_DFA_LANES - 1), s->state, s->was->symbols[i & (SL_MOVED_DEPTH - 1)]);
	if (next < knobs.path.holds)
		s->held = s->state;
	s->state = next;
	return !next;
}

/* The match set, by a lane, of a path that has led to `state` of it below a directory, were that directory still where it was. */
ALWAYS_INLINE __u32 resume(const struct sl_dfa *dfa, __u32 lane, __u32 state, const struct sl_moved_path *was)
{
	struct steps s = { .was = was, .lane = lane, .state = forget(state), .held = forget(state) };
	__u32 empty, set;

	if (was->cnt == SL_MOVED_UNKNOWN)
		return SL_SET_UNRESOLVED;
	if (!was->cnt)
		return 0;
	bpf_loop(was->cnt, step_cb, &s, 0);
	if (!s.state)
		return 0;
	lane &= SL_DFA_LANES - 1;
	empty = sl_dfa_symbol(dfa, knobs.path.limit, dfa->name_start);
	set = sl_dfa_lane_set(dfa, &knobs.path, lane, sl_dfa_lane_component(dfa, &knobs.path, lane, s.state, empty));
	if (!knobs.path.several || !(set & SL_DFA_BELOW))
		return set;
	s.held = sl_dfa_lane_component(dfa, &knobs.path, lane, s.held, knobs.path.mark);
	return sl_dfa_lane_set(dfa, &knobs.path, lane, sl_dfa_lane_component(dfa, &knobs.path, lane, s.held, empty));
}

static long walk_moved_cb(__u32 i, void *ctx)
{
	struct walk_ref *ref = ctx;

	return !ref->w || walk_round(&ref->w->w, WALK_MOVED);
}

static long walk_symbols_cb(__u32 i, void *ctx)
{
	return walk_round(ctx, WALK_SYMBOLS);
}

GLOBAL __u32 moved_match(__u64 vfsmount, __u64 dentry)
{
	struct scratch *s = scratch_get();
	struct walk_ref ref;
	__u32 set = 0;

	if (!s)
		return SL_SET_UNRESOLVED;
	ref.w = (struct walk_moved *)s->data;
	if (!walk_start_moved(ref.w, WALK_MOVED, vfsmount, dentry, knobs.path.lanes)) {
		bpf_loop(WALK_ROUNDS, walk_moved_cb, &ref, 0);
		set = ref.w->at;
	}
	scratch_put(s);
	return set;
}

/* What is worked on, in a scratch buffer. */
struct moving {
	struct sl_moved_path here; /* the directory's path now */
	struct sl_moved_path from; /* the same, or as if a directory above it were where it was */
	struct sl_moved_path to;
	struct sl_moved all;
	__u64 above;               /* inode of a renamed directory above it, 0 none */
	__u32 below;               /* components of its path below that one */
};

/* Notes a path; 0: it has none, or is too deep. */
ALWAYS_INLINE int symbols_of(struct moving *m, struct sl_moved_path *out, __u64 vfsmount, __u64 dentry)
{
	struct walk_moved walk;

	__builtin_memset(out, 0, sizeof(*out));
	if (walk_start_moved(&walk, WALK_SYMBOLS, vfsmount, dentry, 0))
		return 0;
	walk.out = out;
	bpf_loop(WALK_ROUNDS, walk_symbols_cb, &walk, 0);
	out->cnt = walk.at;
	m->above = walk.was;
	m->below = walk.was_at;
	return walk.w.flags & WALK_DONE && !WALK_STR(&walk.w);
}

/* What is behind the last component is 0. Without a branch for each component. */
ALWAYS_INLINE int same_path(const struct sl_moved_path *a, const struct sl_moved_path *b)
{
	__u32 differences = a->cnt ^ b->cnt;

	for (int i = 0; i < SL_MOVED_DEPTH; i++)
		differences |= a->symbols[i] ^ b->symbols[i];
	return !differences;
}

struct copying {
	struct moving *m;
	const struct sl_moved_path *above;
};

static long copy_cb(__u32 i, void *ctx)
{
	struct copying *c = ctx;
	__u32 at;

	if (!c->m || !c->above)
		return 1;
	at = c->m->below + i;
	if (at >= SL_MOVED_DEPTH)
		return 1;
	c->m->from.symbols[at & (SL_MOVED_DEPTH - 1)] = c->above->symbols[i & (SL_MOVED_DEPTH - 1)];
	return 0;
}

/* The path of number `way` that the directory goes from: its own, or by a place where the directory above was. 0: none. */
ALWAYS_INLINE int take_way(struct moving *m, __u32 way)
{
	const struct sl_moved *known;
	struct alias_key key;
	struct copying c;

	m->from = m->here;
	if (!way)
		return 1;
	if (!m->above)
		return 0;
	alias_key(&key, (struct inode *)m->above);
	known = bpf_map_lookup_elem(&moved, &key);
	if (!known)
		return 0;
	c.m = m;
	c.above = way == 1 ? &known->was[0] : &known->was[1];
	if (!c.above->cnt)
		return 0;
	__builtin_memset(m->from.symbols, 0, sizeof(m->from.symbols));
	/* Too long, or of another policy: what is below is never taken for harmless. */
	m->from.cnt = SL_MOVED_UNKNOWN;
	if (c.above->cnt > SL_MOVED_DEPTH || m->below + c.above->cnt > SL_MOVED_DEPTH)
		return 1;
	m->from = m->here;
	m->from.cnt = m->below + c.above->cnt;
	bpf_loop(SL_MOVED_DEPTH, copy_cb, &c, 0);
	return 1;
}

struct difference {
	const struct moving *m;
	__u32 found;
};

/* state: of all lanes, as the index has them. */
static long differs_cb(__u32 state, void *ctx)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct difference *d = ctx;
	__u32 set, lane = 0;

	if (!dfa || !d->m)
		return 1;
	for (int i = 1; i < SL_DFA_LANES; i++)
		if (knobs.path.at[i + 1] != knobs.path.at[i] && state >= knobs.path.base[i])
			lane = i;
	state -= knobs.path.base[lane & (SL_DFA_LANES - 1)];
	set = resume(dfa, lane, state, &d->m->from);
	if (!set || resume(dfa, lane, state, &d->m->to) == set)
		return 0;
	d->found = 1;
	return 1;
}

/* Is there a file below that would be of another class? */
ALWAYS_INLINE int matters(const struct moving *m)
{
	const struct sl_dfa *dfa = automaton(WALK_PATH);
	struct difference d = { .m = m };

	if (!dfa || same_path(&m->from, &m->to))
		return 0;
	bpf_loop((knobs.path.limit - dfa->paths) >> (dfa->paths_shift & 15), differs_cb, &d, 0);
	return d.found;
}

/* Adds where it was to what is known of a directory. 1: no room. */
ALWAYS_INLINE int remember(struct moving *m, __u64 inode)
{
	const struct sl_moved *known;
	struct alias_key key;

	alias_key(&key, (struct inode *)inode);
	known = bpf_map_lookup_elem(&moved, &key);
	__builtin_memset(&m->all, 0, sizeof(m->all));
	if (known && (same_path(&known->was[0], &m->from) || same_path(&known->was[1], &m->from)))
		return 0;
	if (known && known->was[1].cnt)
		return 1;
	m->all.owner = known ? known->owner : owner_uid();
	if (known)
		m->all.was[1] = known->was[0];
	else if (!owner_take(SL_OWNED_MOVED, m->all.owner))
		return 1;
	m->all.was[0] = m->from;
	if (bpf_map_update_elem(&moved, &key, &m->all, BPF_ANY)) {
		if (!known)
			owner_give(SL_OWNED_MOVED, m->all.owner);
		return 1;
	}
	*(volatile __u32 *)&moved_used = 1;
	return 0;
}

struct noting {
	struct moving *m;
	__u64 inode;
	__u32 full;
};

static long note_way_cb(__u32 way, void *ctx)
{
	struct noting *n = ctx;

	if (!n->m)
		return 1;
	if (take_way(n->m, way) && matters(n->m) && remember(n->m, n->inode)) {
		n->full = forget(1);
		return 1;
	}
	return 0;
}

GLOBAL int moved_note(__u64 vfsmount, __u64 dentry, __u64 to)
{
	struct dentry *d = (struct dentry *)dentry;
	struct scratch *s = scratch_get();
	struct noting n;

	if (!s)
		return 1;
	n.m = (struct moving *)s->data;
	n.inode = (__u64)BPF_CORE_READ(d, d_inode);
	n.full = forget(0);
	if (!symbols_of(n.m, &n.m->to, vfsmount, to))
		n.m->to.cnt = 0; /* matches nothing */
	if (!symbols_of(n.m, &n.m->here, vfsmount, dentry))
		n.full = 1;
	else
		bpf_loop(3, note_way_cb, &n, 0);
	scratch_put(s);
	if (n.full)
		count_loss(SL_LOSS_ALIAS);
	return n.full;
}
