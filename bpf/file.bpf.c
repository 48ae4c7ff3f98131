/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: file opens. The verdict is taken here from the compiled tables; only opens that a rule wants to hear of leave
 * the kernel. One body, three ways to attach (the loader picks the first that really runs): lsm/file_open,
 * fmod_ret/security_file_open, exit of the open family of system calls.
 *
 * Always the opened struct file is judged, never a string of the caller. O_PATH never reaches the first two hooks and
 * is told apart in the third; a failed open reaches none. Known limit of the third: opens by io_uring make no system
 * call and are not seen, and a descriptor that another thread closes in time is lost (SL_LOSS_FD).
 */
#include "alias.h"
#include "made.h"
#include "cache.h"
#include "calls.h"
#include "guard.h"
#include "image.h"
#include "memory.h"
#include "walk.h"

/* The opened file, as plain numbers. Read only once something is found to be of interest. */
struct target {
	__u64 mnt, dentry, inode; /* addresses */
	__u32 f_flags, f_mode;
	__u16 text_len;        /* bytes of the path that stand in the scratch as text already, 0 none */
	__u16 text_flags;      /* SL_STR_* of it */
	__u8 by_inode;         /* not its path tells what it is, but a name that it had */
	__u8 came;             /* SL_CAME_* */
	__u8 excepted;         /* not refused, for that */
	__u8 on_proc;          /* not known of what the cache has as nothing by its name */
};

ALWAYS_INLINE void cache_put_name(const struct known *k, const struct target *t, __u32 set)
{
	cache_put(k->by_name, set || !t->on_proc ? set : CACHED_PROC);
}

/*
 * Match set by a file's other links. Cached by inode and number of links: a file in a content-addressed store may have hundreds,
 * each opened in its turn. A link that is made or goes changes the number; one that only comes to memory is found when it is
 * opened itself (alias_learn()). This is the cache's key of them, 0: the file has no other link.
 */
GLOBAL __u64 links_key(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct place p = { .name_len = BPF_CORE_READ(inode, i_nlink) };

	if (p.name_len < 2)
		return 0;
	p.mnt = BPF_CORE_READ(inode, i_sb, s_dev);
	p.parent_ino = BPF_CORE_READ(inode, i_ino);
	p.parent_generation = BPF_CORE_READ(inode, i_generation);
	return cache_hash(&p);
}

/* In the caller's frame: a walk below it takes nearly all of the stack. */
ALWAYS_INLINE __u32 links_of(const struct target *t)
{
	__u64 h = links_key(t->dentry), origin;
	__s32 set;

	if (!h)
		return 0;
	set = cache_get(h);
	if (set >= 0)
		return set;
	set = links_find(t->mnt, t->dentry);
	if (!set) {
		origin = path_origin(t->mnt, t->dentry);
		set = origin ? links_find(origin, t->dentry) : 0;
	}
	cache_put(h, set);
	return set;
}

/* As a plain number, which other objects' functions take. */
ALWAYS_INLINE __u64 dentry_of(struct file *file)
{
	__u64 dentry = 0;

	bpf_probe_read_kernel(&dentry, sizeof(dentry), &file->f_path.dentry);
	return dentry;
}

/* Where it takes a call to know how many links a file has: whoever needs that asks himself. */
#define LINKS_UNKNOWN 2

ALWAYS_INLINE __u32 other_names(const struct target *t, __u32 links)
{
	__u32 set = *(volatile __u32 *)&aliases_used ? alias_find(t->inode) : 0;

	return set || links < 2 ? set : links_of(t);
}

/* The place of all names that leave the automaton in these states. No name is as long as this says. */
ALWAYS_INLINE void set_states(struct place *p, __u64 state)
{
	p->name_hash = state;
	p->name_len = ~(__u32)(state >> 32);
}

/*
 * Cached set by the state that a name leaves the automaton in; -1: not known. p is used up. links: how many the file has; names, inode
 * and mount are in t.
 */
ALWAYS_INLINE __s32 lookup_state(struct place *p, struct known *k, const struct target *t, __u32 links, __u64 state, __u64 *ret_state)
{
	__s32 set = -1;

	if (state == 0) {
		set = 0;
	} else if (state != NAME_UNKNOWN) {
		set_states(p, state);
		k->by_state = cache_hash(p);
		if (ret_state)
			*ret_state = state;
		set = cache_get(k->by_state);
	}
	/* What names say nothing of may have (had) another. An alias is made before the name is, and changes the epoch. */
	if (!set && other_names(t, links))
		return -1;
	if (set >= 0)
		cache_put_name(k, t, set);
	return set;
}

/* Path states after the name of a dentry whose type the verifier knows: most names are in the dentry, and need no call to be read. Its file
 * system compares bytes: the caller has asked. */
ALWAYS_INLINE __u64 step(const struct dentry *at, __u64 dentry, __u64 state)
{
	const __u64 *words = (const void *)at + DENTRY_AT + inline_at();
	__u32 len = at->d_name.len, symbol;

	if (!inline_at() || len > INLINE_READ || (__u64)at->d_name.name != (__u64)words)
		symbol = name_symbol(dentry);
	else
		symbol = name_symbol_short(words[0], words[1], words[2], words[3], len);
	return symbol == SYMBOL_UNKNOWN ? NAME_UNKNOWN : path_step(state, symbol);
}

#define ABOVE_MAX 3

/* The directory may be a root. */
ALWAYS_INLINE int root_bit(__u64 ino)
{
	__u32 idx = (ino & (SL_ROOT_BITS - 1)) / 64;
	__u64 *word = bpf_map_lookup_elem(&root_bits, &idx);

	return !word || *word >> (ino & 63) & 1;
}

/*
 * What the cache knows of the directories above the file's own: most directories that were never seen lie beside one that was, and
 * leave the automaton in the same state. `state` is that of the file's name. Returns the match set, or the hash of the highest place
 * that was looked at. All of them are of one file system, which compares bytes, or the state of the name would not be known. Ends at the
 * root of the mount, and at whatever is cut off from it. A renamed directory on the way would have
 * to be asked for its old name, so that there may be none.
 */
static __attribute__((noinline)) __u64 cached_above(struct file *file, __u64 dentry, __u64 state)
{
	struct dentry *at = file->f_path.dentry->d_parent, *root = file->f_path.mnt->mnt_root, *above;
	struct place p = { .mnt = low_half(file->f_path.mnt) };
	__u64 missed[ABOVE_MAX], h = NOWHERE;
	__s32 set;

	if (*(volatile __u32 *)&moved_used)
		return NOWHERE;
#pragma unroll
	for (int n = 0; n < ABOVE_MAX; n++) {
		above = at->d_parent;
		if (at == root || at == above || (*(volatile __u32 *)&roots_used && root_bit(at->d_inode->i_ino)))
			return h;
		state = step(at, dentry + distance(at, file->f_path.dentry), state);
		if (state == NAME_UNKNOWN)
			return h;
		set = 0;
		if (state) {
			p.parent = low_half(above);
			p.parent_ino = above->d_inode->i_ino;
			p.parent_generation = above->d_inode->i_generation;
			set_states(&p, state);
			h = cache_hash(&p);
			set = cache_get(h);
		}
		if (set >= 0) {
#pragma unroll
			for (int i = 0; i < ABOVE_MAX; i++)
				if (i < n)
					cache_put(missed[i], set);
			return set;
		}
		if (h < NOWHERE)
			h = NOWHERE;
		missed[n] = h;
		at = above;
	}
	return h;
}

/* Remembers a set; one that is no answer (the path could not be resolved) is looked for again each time. */
ALWAYS_INLINE __u32 matched(const struct known *k, const struct target *t, __u32 set, int unresolved)
{
	if (unresolved) {
		count_loss(SL_LOSS_PATH);
		return SL_SET_UNRESOLVED;
	}
	if (k->by_state)
		cache_put(k->by_state, set);
	cache_put_name(k, t, set);
	return set;
}

/* path_text() of the file's mount. Asked of a mount once an epoch. */
ALWAYS_INLINE __u32 text_of_mount(struct file *file)
{
	__u64 now = (__u64)low_half(file->f_path.mnt) << 32 | *(volatile __u32 *)&epoch, mnt = 0;
	__u32 text;

	if (now == *(volatile __u64 *)&known_plain)
		return PATH_WHOLE;
	bpf_probe_read_kernel(&mnt, sizeof(mnt), &file->f_path.mnt);
	text = path_text(mnt);
	if (text == PATH_WHOLE)
		*(volatile __u64 *)&known_plain = now;
	return text;
}

/* The caller's root directory is the root of its mount namespace, so that what bpf_d_path() returns is the whole path. Looked
 * up once an epoch for a mount. */
ALWAYS_INLINE int seen_whole(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	__u64 now, mnt = 0;

	if (fs->root.dentry != fs->root.mnt->mnt_root)
		return 0;
	now = (__u64)low_half(fs->root.mnt) << 32 | *(volatile __u32 *)&epoch;
	if (now == *(volatile __u64 *)&known_top)
		return 1;
	bpf_probe_read_kernel(&mnt, sizeof(mnt), &fs->root.mnt);
	if (!path_is_top(mnt))
		return 0;
	*(volatile __u64 *)&known_top = now;
	return 1;
}

/* Match sets of a file: of the path it was opened by, of its path through another mount, of a name that it had; 0 none. */
struct names {
	__u32 opened, origin, alias;
};

/* The row of the decision table for a process; -1: none. */
ALWAYS_INLINE __s32 row_of(struct sl_label *label)
{
	__u32 user = user_class(), tool = 0, exe_set = 0, mode = SL_MODE_CHILD, idx;
	__u16 *row;

	if (label) {
		tool = label->tool;
		exe_set = label->exe_set;
		mode = label->mode;
		if (mode == SL_MODE_SELF && label->startup_until_ns) {
			if (bpf_ktime_get_boot_ns() < label->startup_until_ns)
				mode = SL_MODE_STARTUP;
			else
				label->startup_until_ns = 0; /* and the clock need not be asked again */
		}
	}
	idx = sl_row_index(knobs.exe_sets, knobs.users, tool, exe_set, mode, user);
	row = bpf_map_lookup_elem(&rows, &idx);
	return row ? *row : -1;
}

/* The decision on a file of this set as a number, 0: none; in the high half the set of those that it is in whose rule decides. */
ALWAYS_INLINE __u64 decision(__s32 row, __u32 set)
{
	__u32 d;

	if (row < 0)
		return 0;
	if (in_lanes(WALK_PATH) && set >= SL_COMBOS_FIRST)
		return decide_file(row, set);
	d = SL_CELL_DECISION(cell_of(row, set));
	return d ? d | (__u64)set << 32 : 0;
}

/* The strictest decision on all that a file is known as; *set becomes the set that it is about. */
ALWAYS_INLINE __u64 strictest(__s32 row, const struct names *names, __u32 *set)
{
	__u64 d = decision(row, names->opened), other;

	*set = names->opened;
	if (names->origin) {
		other = decision(row, names->origin);
		if (DECISION_ACTION(other) > DECISION_ACTION(d)) {
			d = other;
			*set = names->origin;
		}
	}
	if (names->alias) {
		other = decision(row, names->alias);
		if (DECISION_ACTION(other) > DECISION_ACTION(d)) {
			d = other;
			*set = names->alias;
		}
	}
	return d;
}

/* The row of another that is asked: an outer tool, or the tool itself, as of a program that no list names. */
ALWAYS_INLINE __s32 row_for(const struct sl_label *label, __u32 tool, __u32 exe_set, __u32 mode)
{
	__u32 idx = sl_row_index(knobs.exe_sets, knobs.users, tool, exe_set, mode, user_class());
	__u16 *row = bpf_map_lookup_elem(&rows, &idx);

	return row ? *row : -1;
}

/* What judge() returns: a decision (DECISION_*), from bit 32 the set whose rule decides, from bit 48 the set that the file is of. */
#define JUDGED_BY_INODE (1ull << 47)  /* not its path tells what it is, but a name that it had */
#define JUDGED_DECIDING(v) ((__u32)((v) >> 32) & (SL_SETS_MAX - 1))
#define JUDGED_SET(v) ((__u32)((v) >> 48))

ALWAYS_INLINE __u64 judged(const struct names *names, __u32 set, __u64 d)
{
	__u64 r = (__u64)set << 48 | d;

	return set == names->alias && set != names->opened && set != names->origin ? r | JUDGED_BY_INODE : r;
}

/* The strictest decision on a file, of the process's own row and of all others that are asked (struct sl_asked). A function of its own, for
 * the stack. */
GLOBAL __u64 judge(struct sl_label *label, __u64 packed)
{
	struct names known = { .opened = packed & 0xffff, .origin = packed >> 16 & 0xffff, .alias = packed >> 32 & 0xffff }, *names = &known;
	__u32 set, tool, mode, action;
	__s32 row = row_of(label);
	__u64 found, d;

	d = strictest(row, names, &set);
	found = judged(names, set, d);
	if (!label || !sl_asked_any(&label->asked))
		return found;
	found = forget(found);
	action = forget(DECISION_ACTION(d));
	for (int i = 1; i < 2 * (1 + SL_OUTER_MAX); i++) {
		if (i & 1 && !label->asked.unproved)
			continue;
		tool = i < 2 ? label->tool : label->asked.outer[i / 2 - 1];
		if (i >= 2 && !tool)
			break;
		mode = i < 2 ? label->mode : SL_MODE_CHILD;
		if (mode == SL_MODE_SELF && label->startup_until_ns)
			mode = SL_MODE_STARTUP; /* row_of() has looked at the clock */
		row = row_for(label, tool, i & 1 ? 0 : label->exe_set, mode);
		d = strictest(row, names, &set);
		if (DECISION_ACTION(d) > action) {
			action = DECISION_ACTION(d);
			found = judged(names, set, d);
		}
	}
	return found;
}

/* Asked again and again: else it is on the stack all the way, and older kernels give the programs little. */
ALWAYS_INLINE __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* The agent knows every labelled process from its exec or fork; anyone else is introduced once an image. */
static __attribute__((noinline)) int introduce_stranger(__u32 tgid)
{
	struct sl_label *label = label_find(tgid);

	if (label && label->reported)
		return 0;
	if (label) {
		label->reported = 1;
	} else {
		if (label_set(tgid, NULL))
			return 0;
		label = label_find(tgid);
	}
	if (label)
		send_image(label, SL_EXEC_ORIGIN_STRANGER, 0);
	return 0;
}

/* Returns when. */
ALWAYS_INLINE __u64 report(const struct target *t, const struct sl_label *label, __u64 d, __u8 by, __u8 taken,
			  struct scratch *s)
{
	struct sl_rec_file *rec = (struct sl_rec_file *)s->data;
	struct inode *inode = (struct inode *)t->inode;
	__u32 at = sizeof(*rec);

	fill_hdr(&rec->hdr, SL_REC_FILE);
	fill_who(&rec->who, label);
	rec->ino = BPF_CORE_READ(inode, i_ino);
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->open_flags = t->f_flags;
	rec->set = JUDGED_DECIDING(d);
	rec->rule = DECISION_RULE(d);
	rec->action = DECISION_ACTION(d);
	rec->taken = taken;
	rec->by = by;
	rec->reader = DECISION_READER(d);
	rec->access = (t->f_mode & FMODE_READ ? SL_ACCESS_READ : 0) | (t->f_mode & FMODE_WRITE ? SL_ACCESS_WRITE : 0);
	rec->by_inode = t->by_inode;
	rec->came = t->came;
	rec->excepted = t->excepted;
	if (t->text_len) {
		rec->path_flags = t->text_flags | name_folds(t->dentry);
		at += t->text_len;
	} else {
		rec->path_flags = copy_path(s, &at, SL_PATH_MAX, (struct vfsmount *)t->mnt, (struct dentry *)t->dentry);
	}
	rec->path_len = at - sizeof(*rec);
	/* Of processes outside every session anybody can have as many as he likes: they do not take the room of a session's. */
	if (DECISION_ACTION(d) >= SL_ACTION_ALERT && rec->who.tool)
		send_urgent(&rec->hdr, at);
	else
		send_ordinary(&rec->hdr, at);
	return rec->hdr.time_ns;
}

/*
 * A file whose path matched something was opened. Returns what is to be done about it: SL_TAKEN_NONE or `refusal`. The
 * verdict hangs on no buffer: without one (s is NULL, counted) only the record is lost.
 */
ALWAYS_INLINE __u8 file_opened(struct target *t, const struct names *names, __u8 by, __u8 refusal,
			       struct scratch *s)
{
	struct sl_label *label = label_find(current_tgid());
	struct inode *inode = (struct inode *)t->inode;
	__u64 verdict;
	__u8 taken = SL_TAKEN_NONE;
	__u64 now;

	verdict = judge(label, (__u64)names->alias << 32 | names->origin << 16 | names->opened);
	t->by_inode = !!(verdict & JUDGED_BY_INODE);
	if (JUDGED_SET(verdict) == SL_SET_UNRESOLVED && !(label && label->tool))
		return SL_TAKEN_NONE;
	if (DECISION_ACTION(verdict) == SL_ACTION_ALLOW)
		return SL_TAKEN_NONE;
	/* Only reads are judged: not a directory, not for writing alone, not O_PATH. */
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR || !(t->f_mode & FMODE_READ) || t->f_mode & FMODE_PATH)
		return SL_TAKEN_NONE;
	/* What is executed is none of the others' either; but a first line is an interpreter's to have, and may have been written over the
	 * secret's. Where it is the kernel that opened the file and somebody has it now (came), it is read like any other. */
	if (t->f_flags & FMODE_EXEC_FLAG && t->came == SL_CAME_OPENED &&
	    (DECISION_ACTION(verdict) != SL_ACTION_BLOCK || JUDGED_SET(verdict) == SL_SET_UNRESOLVED))
		return SL_TAKEN_NONE;
	t->excepted = 0;
	if (DECISION_ACTION(verdict) == SL_ACTION_BLOCK && enforcing()) {
		t->excepted = exception_holds(t->inode, label);
		taken = t->excepted ? SL_TAKEN_NONE : refusal;
	}
	if (!label || !label->tool) {
		introduce_stranger(current_tgid());
		label = label_find(current_tgid());
	}
	now = s ? report(t, label, verdict, by, taken, s) : bpf_ktime_get_boot_ns();
	/* After the record, so that what is counted from here on is counted from a read that is known. */
	if (label && label->tool && taken == SL_TAKEN_NONE && DECISION_READER(verdict) != SL_READER_PURPOSE &&
	    DECISION_READER(verdict) != SL_READER_STARTUP)
		memory_note(label, JUDGED_SET(verdict), DECISION_ACTION(verdict) >= SL_ACTION_ALERT, now);
	return taken;
}

/*
 * Matches a file that the cache does not know. By the kernel's own text of the path where there is one (text: its length, in s), a
 * third of the walk's cost; and by its path through the oldest mount, which a bind mount or a mount namespace does not change.
 */
ALWAYS_INLINE void match_names(const struct known *k, __u64 above, struct target *t, struct scratch *s, __u32 text, int no_root,
			       struct names *names)
{
	__u64 r = 0, origin;
	int unresolved;

	/* The text does not say which directory is a root. */
	if (s && text && !(*(volatile __u32 *)&roots_used && root_above(t->mnt, t->dentry))) {
		names->opened = text_match(s, text);
		unresolved = !names->opened && no_root;
	} else {
		r = match_file(t->mnt, t->dentry);
		names->opened = PATH_VALUE(r);
		names->origin = PATH_OTHER(r);
		unresolved = PATH_FLAGS(r) & SL_STR_UNRESOLVED;
	}
	origin = path_origin(t->mnt, t->dentry);
	if (origin) {
		r = match_file(origin, t->dentry);
		if (!(PATH_FLAGS(r) & SL_STR_UNRESOLVED))
			unresolved = 0;
		if (PATH_VALUE(r) != names->opened)
			names->origin = PATH_VALUE(r);
		if (PATH_OTHER(r) && !names->alias)
			names->alias = PATH_OTHER(r);
		if (PATH_VALUE(r) > SL_SET_UNRESOLVED) { /* it is this path that tells */
			t->mnt = origin;
			t->text_len = 0;
		}
	}
	if (*(volatile __u32 *)&moved_used && !names->alias)
		names->alias = moved_match(origin ? origin : t->mnt, t->dentry);
	if ((origin && names->opened) || names->origin || names->alias)
		return; /* looked for again each time */
	/* Further up there may be files that another mount gives another path. */
	if (!origin && !unresolved && above > NOWHERE)
		cache_put(above, names->opened);
	names->opened = matched(k, t, names->opened, unresolved);
}

/* A secret that has several links is one by all of them from now on, whatever is in memory. */
ALWAYS_INLINE void learn(const struct names *names, const struct target *t, __u32 links)
{
	struct inode *i = (struct inode *)t->inode;
	__u32 set = names->opened ? names->opened : names->origin;

	if (links > 1 && set > SL_SET_UNRESOLVED && !names->alias && BPF_CORE_READ(i, i_nlink) > 1 &&
	    (BPF_CORE_READ(i, i_mode) & S_IFMT) == S_IFREG && BPF_CORE_READ(i, i_size))
		alias_learn(t->inode, set);
}

/* The agent found a secret on the disk: it is one by its inode from now on. Or it opened the file of an exception. */
ALWAYS_INLINE void note_marked(__u64 dentry)
{
	__u32 set = *(volatile __u32 *)&alias_mark;
	struct dentry *d = (struct dentry *)dentry;

	if (set)
		alias_learn((__u64)BPF_CORE_READ(d, d_inode), set);
	if (*(volatile __u32 *)&root_mark)
		root_note(dentry);
	if (*(volatile __u32 *)&exception_mark)
		exception_note(dentry, *(volatile __u32 *)&exception_mark - 1);
}

/* Cached set, or CACHED_PROC; -1: not known. The verifier knows the type of `file`, so its fields are plain loads. Fills the addresses of t
 * where there may be something to find. */
ALWAYS_INLINE __s32 known_as(struct file *file, struct known *k, struct target *t, __u64 *ret_state)
{
	struct dentry *dentry = file->f_path.dentry, *parent = dentry->d_parent;
	struct place p;
	__u64 state;
	__s32 set;

	p.mnt = low_half(file->f_path.mnt);
	p.parent = low_half(parent);
	p.parent_ino = parent->d_inode->i_ino;
	p.parent_generation = parent->d_inode->i_generation;
	p.name_hash = dentry->d_name.hash;
	p.name_len = dentry->d_name.len;
	k->by_name = cache_hash(&p);
	k->by_state = 0;
	set = cache_get(k->by_name);
	if (!set || set == CACHED_PROC)
		return set;
	*ret_state = NOWHERE;
	bpf_probe_read_kernel(&t->mnt, 2 * sizeof(__u64), &file->f_path); /* and dentry */
	t->inode = t->dentry + distance(file->f_inode, dentry);
	t->on_proc = file->f_inode->i_sb->s_magic == PROC_SUPER_MAGIC;
	if (set > 0)
		return set;
	state = known_folds(dentry) ? NAME_UNKNOWN : step(dentry, t->dentry, knobs.path.lanes);
	if (state != NAME_UNKNOWN && name_words(t->dentry))
		state = NAME_UNKNOWN; /* other names that lead to that state have no words */
	set = lookup_state(&p, k, t, file->f_inode->i_nlink, state, ret_state);
	return set || !t->on_proc ? set : CACHED_PROC;
}

/* No match, by what is known further up. *above: the state of the file's name; then where to remember what is found out instead. */
ALWAYS_INLINE int known_above(struct file *file, struct known *k, const struct target *t, __u64 *above)
{
	if (!k->by_state) {
		*above = NOWHERE;
		return 0;
	}
	*above = cached_above(file, t->dentry, *above);
	if (*above || path_origin(t->mnt, t->dentry))
		return 0;
	matched(k, t, 0, 0);
	return 1;
}

/* What the first two hooks do with an open. */
enum answer { ANSWER_NONE, ANSWER_REFUSED, ANSWER_PEERS };

/*
 * Is it a file that rules about other processes or spools can be about (peers.bpf.c)? Those have a program of their own, that these
 * hand over to at their end: with the path's walk below them both, the older kernels' stack (512 bytes for all frames) is too
 * small, and a second program on the hook costs every open of every process some 150 instructions.
 */
ALWAYS_INLINE enum answer for_peers(const struct file *file, int on_proc)
{
	if (on_proc ? !knobs.inspects : !knobs.spools || !(file->f_mode & FMODE_WRITE))
		return ANSWER_NONE;
	return has_label(current_tgid()) ? ANSWER_PEERS : ANSWER_NONE;
}

ALWAYS_INLINE enum answer from_hook(struct file *file, enum sl_hook hook, __u8 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct names names;
	struct scratch *s;
	struct target t;
	struct known k;
	__u64 above;
	__s32 set;
	long len;
	__u32 no_root;
	__u8 taken = SL_TAKEN_NONE;

	if (is_self(tgid)) {
		__sync_fetch_and_add(&self_hits[hook], 1);
		if (knobs.guard && *(volatile __u32 *)&guard_mark)
			guard_note(dentry_of(file));
		note_marked(dentry_of(file));
		return ANSWER_NONE;
	}
	if (!knobs.none_rules && !has_label(tgid))
		return ANSWER_NONE;
	if (knobs.guard && file->f_mode & FMODE_WRITE && guard_watches(tgid) && guard_open(dentry_of(file), file->f_mode))
		return ANSWER_REFUSED;
	if (has_label(tgid) && (file->f_mode & FMODE_CREATED || *(volatile __u32 *)&made_used))
		made_opened(dentry_of(file), file->f_mode);
	set = known_as(file, &k, &t, &above);
	if (!set || set == CACHED_PROC)
		return for_peers(file, set == CACHED_PROC);
	names = (struct names){};
	if (!decides(has_label(tgid)))
		goto judged;
	names.alias = other_names(&t, file->f_inode->i_nlink);
	if (set < 0 && !names.alias && known_above(file, &k, &t, &above))
		goto judged;
	s = scratch_get();
	len = s && (set > 0 || k.by_state) && seen_whole() ? bpf_d_path(&file->f_path, (char *)s->data + PATH_TEXT_AT, SL_PATH_MAX) : 0;
	/* Without the NUL; too long, or a chroot, or a name of unknown state (it is in a directory that ignores case), or a file whose name is gone ("x (deleted)"): walk. */
	len = len > 1 && file->f_path.dentry->d_hash.pprev ? len - 1 : 0;
	no_root = len ? text_of_mount(file) : PATH_WHOLE;
	if (no_root == PATH_FOLDS)
		len = no_root = 0;
	t.text_len = len;
	t.text_flags = SL_STR_PLAIN | (no_root ? SL_STR_UNRESOLVED : 0);
	t.came = SL_CAME_OPENED;
	names.opened = set < 0 ? 0 : set;
	if (set < 0 && !(s && len && s->data[PATH_TEXT_AT] != '/')) /* else a pipe, a memfd: no path */
		match_names(&k, above, &t, s, len, no_root, &names);
	if (names.opened || names.origin || names.alias) {
		learn(&names, &t, file->f_inode->i_nlink);
		t.f_flags = file->f_flags;
		t.f_mode = file->f_mode;
		taken = file_opened(&t, &names, by, SL_TAKEN_DENIED, s);
	}
	if (s)
		scratch_put(s);
	if (taken != SL_TAKEN_NONE)
		return ANSWER_REFUSED;
judged:
	return for_peers(file, t.on_proc);
}

SEC("lsm/file_open")
int BPF_PROG(file_open_lsm, struct file *file, int ret)
{
	enum answer answer;

	if (ret)
		return ret;
	answer = from_hook(file, SL_HOOK_FILE_LSM, SL_BY_LSM);
	if (answer == ANSWER_REFUSED)
		return -EACCES;
	if (answer == ANSWER_PEERS)
		bpf_tail_call(ctx, &more, SL_MORE_PEERS);
	return 0;
}

ALWAYS_INLINE int from_fmod_ret(void *ctx, int second, struct file *file, int ret)
{
	__u64 call = (__u64)low_half(file) << 32 | (__u32)bpf_get_current_pid_tgid();
	enum answer answer = ANSWER_NONE;

	if (ret)
		return ret;
	enter();
	if (first_run(SL_TWIN_FILE, second, call))
		answer = from_hook(file, SL_HOOK_FILE_FMOD_RET, SL_BY_FMOD_RET);
	leave();
	if (answer == ANSWER_REFUSED)
		return -EACCES;
	if (answer == ANSWER_PEERS)
		bpf_tail_call(ctx, &more, SL_MORE_PEERS);
	return 0;
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(file_open_fmod_ret, struct file *file, int ret)
{
	return from_fmod_ret(ctx, 0, file, ret);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(file_open_fmod_ret2, struct file *file, int ret)
{
	return from_fmod_ret(ctx, 1, file, ret);
}

/* Of a file whose type the verifier does not know: each read is a call, so what lies together is read at once. */
GLOBAL int read_file(__u64 address, struct place *p, struct target *t)
{
	struct file *file = (struct file *)address;
	struct { __u64 parent, hash_len, name, inode; } d = {};
	struct inode *inode;
	struct dentry *parent;

	if (!p || !t)
		return 0;
	bpf_probe_read_kernel(&t->mnt, 2 * sizeof(__u64), &file->f_path); /* and dentry */
	t->inode = (__u64)BPF_CORE_READ(file, f_inode);
	bpf_probe_read_kernel(&d, sizeof(d), (void *)(t->dentry + DENTRY_AT)); /* as struct dentry_head */
	parent = (struct dentry *)d.parent;
	inode = BPF_CORE_READ(parent, d_inode);
	p->mnt = (__u32)t->mnt;
	p->parent = (__u32)d.parent;
	p->parent_ino = BPF_CORE_READ(inode, i_ino);
	p->parent_generation = BPF_CORE_READ(inode, i_generation);
	p->name_hash = (__u32)d.hash_len;
	p->name_len = d.hash_len >> 32;
	return 0;
}

GLOBAL __u32 inode_on_proc(__u64 inode)
{
	return BPF_CORE_READ((struct inode *)inode, i_sb, s_magic) == PROC_SUPER_MAGIC;
}

GLOBAL int read_found(__u64 address, struct target *t)
{
	struct file *file = (struct file *)address;

	if (!t)
		return 0;
	t->f_flags = BPF_CORE_READ(file, f_flags);
	t->f_mode = BPF_CORE_READ(file, f_mode);
	return 0;
}

/* `file` was opened by then: an address read from the descriptor table, or a file that another process hands over. */
ALWAYS_INLINE __u8 from_descriptor(__u64 file, __u32 came, __u8 by, __u8 refusal)
{
	union { /* one after the other: the frame has no room for both */
		struct place place;
		struct names names;
	} u = {};
	struct target t = {};
	struct known k = {};
	struct scratch *s;
	__s32 set;
	__u8 taken;

	read_file(file, &u.place, &t);
	k.by_name = cache_hash(&u.place);
	set = cache_get(k.by_name);
	if (!set || set == CACHED_PROC)
		return SL_TAKEN_NONE;
	if (set < 0) {
		t.on_proc = inode_on_proc(t.inode);
		set = lookup_state(&u.place, &k, &t, LINKS_UNKNOWN, name_match(t.dentry), NULL);
	}
	if (!set || !decides(has_label(current_tgid())))
		return SL_TAKEN_NONE;
	t.text_len = t.text_flags = 0;
	t.came = came;
	__builtin_memset(&u, 0, sizeof(u));
	u.names.alias = other_names(&t, LINKS_UNKNOWN);
	u.names.opened = set < 0 ? 0 : set;
	if (set < 0)
		match_names(&k, NOWHERE, &t, NULL, 0, 0, &u.names);
	if (!u.names.opened && !u.names.origin && !u.names.alias)
		return SL_TAKEN_NONE;
	learn(&u.names, &t, LINKS_UNKNOWN);
	read_found(file, &t);
	s = scratch_get();
	taken = file_opened(&t, &u.names, by, refusal, s);
	if (s)
		scratch_put(s);
	return taken;
}

/*
 * A descriptor comes from another process: SCM_RIGHTS, pidfd_getfd, seccomp's notifications. Nothing is opened, and who opened it may
 * be outside every session; the receiver reads it all the same, so that it is judged as if it had opened the file itself.
 */
ALWAYS_INLINE int received(__u64 address, struct file *file, __u8 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (is_self(tgid) || (!knobs.none_rules && !has_label(tgid)))
		return 0;
	if (knobs.guard && guard_watches(tgid) && guard_open(dentry_of(file), file->f_mode))
		return -EACCES;
	return from_descriptor(address, SL_CAME_RECEIVED, by, SL_TAKEN_DENIED) != SL_TAKEN_NONE ? -EACCES : 0;
}

SEC("lsm/file_receive")
int BPF_PROG(file_received_lsm, struct file *file, int ret)
{
	return ret ? ret : received(argument(ctx, 0), file, SL_BY_LSM);
}

SEC("fmod_ret/security_file_receive")
int BPF_PROG(file_received_fmod_ret, struct file *file, int ret)
{
	return ret ? ret : received(argument(ctx, 0), file, SL_BY_FMOD_RET);
}

/* Self-protection where nothing can be refused: who opened one of the agent's files never has the descriptor. */
ALWAYS_INLINE int opened_guarded(struct file *file, __u32 tgid)
{
	if (!knobs.guard || !guard_watches(tgid) || !guard_open(dentry_of(file), BPF_CORE_READ(file, f_mode)))
		return 0;
	if (bpf_send_signal(SIGKILL))
		count_loss(SL_LOSS_REFUSAL);
	return 1;
}

/* And who used bpf(2) has had its way once, and no second time. */
ALWAYS_INLINE void bpf_called(struct pt_regs *regs, __u32 compat, __u32 tgid, __u32 ret)
{
	__u64 cmd, attr;

	if (!knobs.guard || !guard_watches(tgid))
		return;
	cmd = first_arg(regs, compat);
#if defined(__TARGET_ARCH_x86)
	attr = compat ? (__u32)regs->cx : regs->si;
#else
	attr = regs->regs[1];
#endif
	if (guard_bpf_returned(cmd, attr, ret))
		return;
	guard_tell(SL_GUARD_BPF, cmd, 0);
	if (bpf_send_signal(SIGKILL))
		count_loss(SL_LOSS_REFUSAL);
}

/*
 * Raw, not one of the named system call tracepoints: those do not fire for 32-bit calls (int 0x80 is open to any
 * process), and cost an open more (bpf/README.md has the figures). The only program of this tier on each system call: to those about
 * other processes and brokers it hands over, and only what sessions do.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(file_open_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct file **fds, *file = NULL;
	__u32 nr = call_nr(regs), compat = call_is_compat(regs), tgid;
	int kind = syscall_kind(nr, compat);

	if (ret < 0)
		return 0;
	tgid = bpf_get_current_pid_tgid() >> 32;
	if (!kind) {
		if (!has_label(tgid) || is_self(tgid))
			return 0;
		if (call_kind(nr, compat))
			bpf_tail_call(ctx, &more, SL_MORE_PEERS);
		else if (!calls_socket(regs, nr, compat) && (IS_CONNECT(nr, compat) || IS_SEND(nr)))
			bpf_tail_call(ctx, &more, SL_MORE_BROKERS);
		else if (calls_socket(regs, nr, compat) || IS_IOCTL(nr, compat) || IS_RECVMSG(nr, compat))
			bpf_tail_call(ctx, &more, SL_MORE_SOCKETS);
		return 0;
	}
	if (kind == 2) {
		__sync_fetch_and_add(&epoch, 1);
		return 0;
	}
	if (kind == 3) {
		bpf_called(regs, compat, tgid, ret);
		return 0;
	}
	if (is_self(tgid)) {
		__sync_fetch_and_add(&self_hits[SL_HOOK_FILE_SYS_EXIT], 1);
		if (!(knobs.guard && *(volatile __u32 *)&guard_mark) && !*(volatile __u32 *)&alias_mark && !*(volatile __u32 *)&root_mark &&
		    !*(volatile __u32 *)&exception_mark)
			return 0;
	} else if (!knobs.none_rules && !has_label(tgid)) {
		return 0;
	}
	task = (struct task_struct *)bpf_get_current_task_btf();
	fds = task->files->fdt->fd;
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + (__u32)ret) || !file) {
		if (has_label(tgid))
			count_loss(SL_LOSS_FD);
		return 0;
	}
	if (has_label(tgid) && kind != 4)
		made_opened(dentry_of(file), BPF_CORE_READ(file, f_mode));
	if (is_self(tgid)) {
		note_marked(dentry_of(file));
		if (knobs.guard && *(volatile __u32 *)&guard_mark)
			guard_note(dentry_of(file));
	} else if (!opened_guarded(file, tgid) &&
		   from_descriptor((__u64)file, kind == 4 ? SL_CAME_RECEIVED : SL_CAME_OPENED, SL_BY_SYS_EXIT, SL_TAKEN_KILLED) ==
			   SL_TAKEN_KILLED) {
		/* The signal is there before the call returns to user mode: this thread never has the descriptor. */
		kill_caller();
	}
	/* A socket may have come; it hands over to those below. */
	if (kind == 4 && has_label(current_tgid()))
		bpf_tail_call(ctx, &more, SL_MORE_SOCKETS);
	/* Opens in /proc and of spools, pidfd_getfd. */
	if ((knobs.inspects || knobs.spools) && has_label(current_tgid()))
		bpf_tail_call(ctx, &more, SL_MORE_PEERS);
	return 0;
}

/*
 * A program has begun that interprets the file which was to be executed, and finds it open (binfmt_misc with the flags O and C). The kernel
 * opened it, so that it was judged as executed, or not seen at all. The new program has not run yet: the signal is there before it does, and
 * nobody shares its descriptors any more.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_handed, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	struct file **fds, *file = NULL;

	if (!BPF_CORE_READ_BITFIELD_PROBED(bprm, have_execfd) || (!knobs.none_rules && !has_label(current_tgid())))
		return 0;
	fds = p->files->fdt->fd;
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + (__u32)bprm->execfd) || !file) {
		count_loss(SL_LOSS_FD);
		return 0;
	}
	if (from_descriptor((__u64)file, SL_CAME_EXECUTED, SL_BY_EXEC, SL_TAKEN_KILLED) == SL_TAKEN_KILLED)
		kill_caller();
	return 0;
}
