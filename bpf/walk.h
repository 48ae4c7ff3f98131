/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The walk from the leaf to the root of the mount namespace: fed to an automaton, copied into a record, or noted as symbols.
 *
 * The walk does not stop at the root of a chroot, and a bind mount is followed as it is mounted. It works on plain
 * addresses with probe reads, so that the same code serves every hook and any kernel; a dentry and a mount each cost one
 * read, because their fields of interest lie together.
 */
#ifndef SL_WALK_H
#define SL_WALK_H

#include "alias.h"
#include "path.h"

#define NAME_CHUNK 32  /* bytes of a name read at once; on the stack of each callback, so no more than the inline name */

#define WALK_ROUNDS (4 * SL_DEPTH_MAX)  /* a name, a piece of a long name, or a mount each */

/*
 * Words of eight bytes, whatever they hold: newer verifiers follow each round of a loop until it begins in a state that they
 * have seen, and what is known of half a word of the stack hangs on the order in which its halves were written.
 */
struct walk {
	__u64 dentry;
	__u64 mount;           /* struct mount */
	__u64 root;            /* mount's mnt_root */
	__u64 name;            /* address of the name at hand */
	__u64 left;            /* bytes of it still to feed */
	__u64 name_state;
	__u64 state;           /* path states of the automaton, by lane */
	__u64 flags;           /* SL_STR_*, WALK_* */
	__u64 below_root;      /* path state below the first root that was passed; 0: none was */
};

#define WALK_DONE (1ull << 32)   /* at the root, or where no pattern can match any more */
#define WALK_NAMED (1ull << 33)  /* at least one component was met */
#define WALK_STR(w) ((__u32)(w)->flags)

/* Walks that do more than to match. Their `w` is what the functions below are given. */
struct walk_copy {
	struct walk w;
	__u64 at;              /* next byte in out */
	__u64 limit;           /* no byte at or beyond this */
};

/* It is in the scratch buffer that it copies to. What is read from there is no pointer to the verifier, so the buffer is found by its
 * distance. */
_Static_assert(sizeof(struct walk_copy) <= sizeof(((struct scratch *)0)->work), "it is worked on there");

ALWAYS_INLINE __u8 *copied_to(struct walk_copy *c)
{
	return (__u8 *)c - __builtin_offsetof(struct scratch, work) + __builtin_offsetof(struct scratch, data);
}


struct walk_moved {
	struct walk w;
	__u64 at;              /* WALK_MOVED, _LINKS: the match set; WALK_SYMBOLS: next symbol in out */
	__u64 was_state;       /* the states on the other way, */
	__u64 was_at;          /* how far that way is gone: 256 * way + component, WAS_DONE: both ways were */
	__u64 was;             /* and the inode of the directory whose old ways these are; 0 none */
	struct alias_key key;  /* of a directory that is looked up, here for the stack of the callback */
	struct sl_moved_path *out;
};

ALWAYS_INLINE struct walk_copy *copying(struct walk *w)
{
	return (struct walk_copy *)w;
}

ALWAYS_INLINE struct walk_moved *moving(struct walk *w)
{
	return (struct walk_moved *)w;
}

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
	__u8 bytes[INLINE_READ]; /* the inline name, or a piece of a longer one */
};

_Static_assert(sizeof(struct dentry_head) == DENTRY_READ && NAME_CHUNK == INLINE_READ, "one read fills it");

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

/* What a round reads. One place for both, since a round needs only one of them, and each would take stack of every chain. */
union walk_read {
	struct dentry_head d;
	struct mount_head m;
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

ALWAYS_INLINE __u32 shift_of(int kind)
{
	return kind == WALK_EXEC ? knobs.exec.shift : kind == WALK_SOCK ? knobs.sock.shift : knobs.path.shift;
}

ALWAYS_INLINE __u32 limit_of(int kind)
{
	return kind == WALK_EXEC ? knobs.exec.limit : kind == WALK_SOCK ? knobs.sock.limit : knobs.path.limit;
}

/* Path states before anything is read. */
ALWAYS_INLINE __u64 start_of(int kind)
{
	return kind == WALK_EXEC ? knobs.exec.lanes : kind == WALK_SOCK ? knobs.sock.lanes : knobs.path.lanes;
}

ALWAYS_INLINE int in_lanes(int kind)
{
	return kind != WALK_EXEC && kind != WALK_SOCK && (knobs.path.several);
}

/* Path states after one more component. Several lanes are a call, for the stack of the loops that this is in. */
ALWAYS_INLINE __u64 after_symbol(int kind, const struct sl_dfa *dfa, __u64 path, __u32 symbol)
{
	if (in_lanes(kind))
		return path_step(path, symbol);
	return sl_dfa_component(dfa, shift_of(kind), limit_of(kind), path, symbol);
}

/* The same; `name` is the name state that its bytes, last first, led to. */
ALWAYS_INLINE __u64 component(int kind, const struct sl_dfa *dfa, __u64 path, __u32 name)
{
	return after_symbol(kind, dfa, path, sl_dfa_symbol(dfa, limit_of(kind), name));
}

/* Match set of a path that is wholly fed. name: the name state, which is that of the start where a path began with its '/'. */
ALWAYS_INLINE __u32 set_of(int kind, const struct sl_dfa *dfa, __u64 path, __u32 name)
{
	if (in_lanes(kind))
		return number_sets(path_sets(path));
	return sl_dfa_accept(dfa, shift_of(kind), limit_of(kind), path << 16 | name);
}

/* Feeds n <= max bytes of a name, last first; the verifier follows one such loop a round, not loops in loops. */
ALWAYS_INLINE __u32 feed(int kind, const struct sl_dfa *dfa, __u32 name, const __u8 *bytes, __u64 n, int max)
{
	__u32 limit = limit_of(kind), width = dfa->width;

	opaque(width);
	for (int i = 0; i < max; i++) {
		__u64 pos = n - 1 - i;

		opaque(pos); /* or the compiler counts a pointer down, whose bounds the verifier does not know */
		if (pos >= (__u64)max)
			break;
		name = sl_dfa_name_by(dfa, limit, width, name, dfa->cls[bytes[pos]]);
		if (!name) /* no pattern speaks of this name, whatever comes before */
			break;
	}
	return name;
}

/* One character of a name in a directory that ignores case: a round each, for such directories are few. Returns 1 when it cannot be read. */
ALWAYS_INLINE int folded_round(struct walk *w, int kind, __u32 *last)
{
	__u64 r;

	/* What is in front of a short name is the dentry's own. */
	if (bpf_probe_read_kernel(last, sizeof(*last), (void *)(w->name + w->left - 4)))
		return 1;
	if (w->left < 4)
		*last &= ~0u << ((4 - w->left) * 8 & 31);
	if (kind == WALK_EXEC)
		r = fold_exec(*last, w->left, w->flags, w->name_state);
	else if (kind == WALK_SOCK)
		r = fold_sock(*last, w->left, w->flags, w->name_state);
	else
		r = fold_path(*last, w->left, w->flags, w->name_state);
	w->name_state = forget(FOLD_STATE(r));
	w->left = forget(w->left - FOLD_USED(r));
	w->flags = forget((w->flags & ~(WALK_UNFED | WALK_DIGIT)) | (r & (WALK_UNFED | WALK_DIGIT)) |
			  (r & FOLD_SHORT ? SL_STR_UNRESOLVED : 0));
	return 0;
}

/* Copies the name that was met to the record. Returns 1 when it does not fit. */
ALWAYS_INLINE int copy_name(struct walk *w, const struct dentry_head *d, __u32 len, int is_inline)
{
	struct walk_copy *c = copying(w);
	__u8 *out = copied_to(c);
	__u32 to = c->at;

	if (to + len + 1 > c->limit)
		goto full;
	/* Compared one by one and right before their use, whatever follows from the comparison above. */
	opaque(to);
	opaque(len);
	if (to >= SL_RECORD_MAX || len > SL_NAME_MAX)
		goto full;
	if (is_inline) { /* what is copied too much is written over by the next name, or lies behind the end */
		const __u64 *from = (const __u64 *)d->bytes;
		__u64 *words = (__u64 *)(out + to); /* whole words, aligned or not: memcpy would go byte by byte */

		words[0] = from[0];
		words[1] = from[1];
		words[2] = from[2];
		words[3] = from[3];
	} else {
		bpf_probe_read_kernel(out + to, len, (void *)d->name);
	}
	to += len;
	opaque(to);
	if (to < SL_RECORD_MAX + SL_PATH_MAX)
		out[to] = '/';
	c->at = forget(to + 1);
	return 0;
full:
	w->flags |= SL_STR_TRUNCATED;
	return 1;
}

/* At the root of a mount: to where it is mounted. Returns 1 at the top, or when it cannot be read. */
ALWAYS_INLINE int leave_mount(struct walk *w, int kind, struct mount_head *m)
{
	if (read_mount(w->mount, m)) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	if (m->parent == w->mount) {
		if (mount_place(w->mount) == MOUNT_DETACHED)
			w->flags |= SL_STR_UNRESOLVED;
		w->flags |= WALK_DONE;
		return 1;
	}
	w->dentry = m->mountpoint;
	w->mount = m->parent;
	if (read_mount(w->mount, m)) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	w->root = m->root;
	if (kind != WALK_COPY)
		w->flags = forget((w->flags & ~WALK_OF_MOUNT) | mount_folds(w->mount));
	return 0;
}

#define WAS_DONE 512

ALWAYS_INLINE int follows_moved(int kind)
{
	return kind == WALK_MOVED || (kind == WALK_LINKS && *(volatile __u32 *)&moved_used);
}

/* At a directory above the file. 1: it was renamed, and the next rounds go its old ways (WALK_SYMBOLS: it is only noted). */
ALWAYS_INLINE int moved_here(struct walk *w, __u64 inode)
{
	struct walk_moved *m = moving(w);

	if (m->was_at == WAS_DONE) {
		m->was_at = 0;
		return 0;
	}
	alias_key(&m->key, (struct inode *)inode);
	if (!bpf_map_lookup_elem(&moved, &m->key))
		return 0;
	m->was = forget(inode);
	m->was_state = forget(w->state);
	return 1;
}

/* One component of the path that a renamed directory had. A round each, so that it takes no stack of its own. */
ALWAYS_INLINE int moved_round(struct walk *w, const struct sl_dfa *dfa)
{
	struct walk_moved *m = moving(w);
	__u64 state = m->was_state;
	const struct sl_moved_path *way;
	__u32 at = m->was_at;
	const struct sl_moved *known;

	alias_key(&m->key, (struct inode *)m->was);
	known = bpf_map_lookup_elem(&moved, &m->key);
	if (!known)
		return 1;
	way = at & 256 ? &known->was[1] : &known->was[0];
	if (way->cnt == SL_MOVED_UNKNOWN) {
		m->at = SL_SET_UNRESOLVED;
		return 1;
	}
	if (state && (at & 255) < way->cnt) {
		m->was_state = forget(after_symbol(WALK_PATH, dfa, state, way->symbols[at & (SL_MOVED_DEPTH - 1)]));
		m->was_at = at + 1;
		return 0;
	}
	if (state && way->cnt)
		m->at = set_of(WALK_PATH, dfa, state, dfa->name_start);
	if (m->at)
		return 1;
	/* The other way, or on with where it is now. */
	m->was_state = w->state;
	m->was_at = at & 256 ? WAS_DONE : 256;
	if (at & 256)
		m->was = 0;
	return 0;
}

/* WALK_SYMBOLS: notes the symbol of a component. Returns 1 when there is no room. */
ALWAYS_INLINE int put_symbol(struct walk *w, const struct sl_dfa *dfa)
{
	struct sl_moved_path *out = moving(w)->out;
	__u32 cnt = moving(w)->at;

	if (cnt >= SL_MOVED_DEPTH) {
		w->flags |= SL_STR_TRUNCATED;
		return 1;
	}
	out->symbols[cnt & (SL_MOVED_DEPTH - 1)] = sl_dfa_symbol(dfa, knobs.path.limit, w->name_state);
	moving(w)->at = forget(cnt + 1);
	return 0;
}

/* Symbol of the mark's name, which roots have (match/glob.h). */
ALWAYS_INLINE __u32 mark_symbol(int kind, const struct sl_dfa *dfa)
{
	return sl_dfa_symbol(dfa, limit_of(kind), sl_dfa_name(dfa, limit_of(kind), dfa->name_start, dfa->cls[0]));
}

/* And of a name that no pattern speaks of: two such bytes. */
ALWAYS_INLINE __u32 unnamed_symbol(int kind, const struct sl_dfa *dfa)
{
	__u32 nul = dfa->cls[0], limit = limit_of(kind);

	return sl_dfa_symbol(dfa, limit, sl_dfa_name(dfa, limit, sl_dfa_name(dfa, limit, dfa->name_start, nul), nul));
}

/* WALK_SYMBOLS: of a path below a root it is noted what it is below the mark. */
ALWAYS_INLINE int end_at_root(struct walk *w, const struct sl_dfa *dfa)
{
	w->name_state = sl_dfa_name(dfa, knobs.path.limit, dfa->name_start, dfa->cls[0]);
	w->flags |= WALK_DONE;
	put_symbol(w, dfa);
	return 1;
}

/* One round: a name (or a piece of a long one), or a mount. Returns 1 to end the walk. */
ALWAYS_INLINE int walk_round(struct walk *w, int kind)
{
	const struct sl_dfa *dfa = NULL;
	union walk_read read;
	struct dentry_head *d = &read.d;
	__u32 n, is_inline = 0;

	if (kind != WALK_COPY) {
		dfa = automaton(kind);
		if (!dfa)
			return 1;
	}
	if (follows_moved(kind) && moving(w)->was)
		return moved_round(w, dfa);
	if (kind != WALK_COPY && w->left && w->flags & WALK_FOLDED) {
		if (folded_round(w, kind, (__u32 *)d)) {
			w->flags |= SL_STR_UNRESOLVED;
			return 1;
		}
		goto named;
	}
	if (!w->left) {
		if (kind != WALK_COPY && kind != WALK_MOVED && *(volatile __u32 *)&roots_used && w->flags & WALK_NAMED && !w->below_root &&
		    root_here(w->dentry)) {
			if (kind == WALK_SYMBOLS)
				return end_at_root(w, dfa);
			w->below_root = forget(w->state);
		}
		if (w->dentry == w->root)
			return leave_mount(w, kind, &read.m);
		if (bpf_probe_read_kernel(d, DENTRY_READ, (void *)(w->dentry + DENTRY_AT)) || d->parent == w->dentry) {
			/* A root that is not the mount's: cut off from the tree, or a file of the kernel's own. */
			if (mount_place(w->mount) != MOUNT_INTERNAL)
				w->flags |= SL_STR_UNRESOLVED;
			w->flags |= WALK_DONE;
			return 1;
		}
		n = d->hash_len >> 32;
		is_inline = n <= INLINE_READ && inline_at() && d->name == w->dentry + DENTRY_AT + inline_at();
		if (follows_moved(kind) && w->flags & WALK_NAMED && moved_here(w, d->inode))
			return 0;
		if (kind == WALK_SYMBOLS && w->flags & WALK_NAMED && !moving(w)->was && moved_here(w, d->inode))
			moving(w)->was_at = forget(moving(w)->at);
		w->flags |= WALK_NAMED;
		w->dentry = d->parent;
		if (kind == WALK_COPY)
			return copy_name(w, d, n, is_inline);
		w->name = d->name;
		w->left = n;
		w->name_state = dfa->name_start;
		if (w->flags & WALK_OF_MOUNT)
			w->flags = forget((w->flags & ~WALK_OF_NAME) | directory_folds(w->flags, d->parent, n));
		if (w->flags & WALK_FOLDED)
			return 0;
	} else {
		/* The verifier of 6.1 wants initialised what a read of unknown length writes. */
		__builtin_memset(d->bytes, 0, INLINE_READ);
	}
	if (kind == WALK_COPY)
		return 0;
	n = w->left < NAME_CHUNK ? w->left : NAME_CHUNK;
	w->left = forget(w->left - n);
	opaque(n);
	if (n > NAME_CHUNK || (!is_inline && bpf_probe_read_kernel(d->bytes, n, (void *)(w->name + w->left)))) {
		w->flags |= SL_STR_UNRESOLVED;
		return 1;
	}
	w->name_state = forget(feed(kind, dfa, w->name_state, d->bytes, n, NAME_CHUNK));
named:
	if (w->left && (w->name_state || (w->flags & (WALK_DOS | WALK_FOLDED)) == (WALK_DOS | WALK_FOLDED)))
		return 0;
	w->left = 0;
	if (kind == WALK_SYMBOLS)
		return put_symbol(w, dfa);
	w->state = forget(component(kind, dfa, w->state, w->name_state));
	if (w->state)
		return 0;
	w->flags |= WALK_DONE;
	return 1;
}

/*
 * What changes on the way is unknown from the first round on, so that every later round looks like it; and each is so on its
 * own: to verifiers that note which numbers are the same, a round that changes one of several is another state.
 */
ALWAYS_INLINE int walk_start(struct walk *w, int kind, __u64 vfsmount, __u64 dentry, __u64 state)
{
	w->dentry = dentry;
	w->mount = mount_of(vfsmount);
	w->name = dentry + forget(0);
	w->left = forget(0);
	w->name_state = forget(0);
	w->state = forget(state);
	w->flags = forget(0);
	w->below_root = forget(0);
	if (bpf_probe_read_kernel(&w->root, sizeof(w->root), (void *)(w->mount + bpf_core_field_offset(struct mount, mnt.mnt_root))))
		return -EFAULT;
	if (kind != WALK_COPY)
		w->flags = mount_folds(w->mount); /* whatever that is, to the verifier */
	return 0;
}

ALWAYS_INLINE int walk_start_moved(struct walk_moved *m, int kind, __u64 vfsmount, __u64 dentry, __u64 state)
{
	m->out = NULL;
	m->at = forget(0);
	m->was_state = forget(0);
	m->was_at = forget(0);
	m->was = forget(0);
	return walk_start(&m->w, kind, vfsmount, dentry, state);
}

/* A walk whose state is in a scratch buffer: with the programs' own, it is too much for the stack that older kernels give. */
struct walk_ref {
	struct walk_moved *w;
};

#endif /* SL_WALK_H */
