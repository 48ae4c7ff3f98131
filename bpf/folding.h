/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * How the directories of a file system compare names. A dentry has the name by which its file was first looked up, so that in a
 * directory that ignores case the name alone does not say what was opened.
 */
#ifndef SL_BPF_FOLD_H
#define SL_BPF_FOLD_H

#include "common.h"
#include "fold.h"

/* What the walk knows of the mount and of the name at hand, among walk.flags. */
#define WALK_FOLDS (1ull << 40)     /* every directory of the mount's file system ignores case */
#define WALK_DOS (1ull << 41)       /* and what SL_NAMES_DOS says */
#define WALK_ASK (1ull << 42)       /* those with S_CASEFOLD do */
#define WALK_OF_MOUNT (WALK_FOLDS | WALK_DOS | WALK_ASK)
#define WALK_FOLDED (1ull << 43)    /* the directory of the name at hand does */
#define WALK_UNFED (1ull << 44)     /* nothing of that name was fed yet */
#define WALK_BRIEF (1ull << 45)     /* it can be a short name, by its length */
#define WALK_DIGIT (1ull << 46)     /* what was fed last is a digit */
#define WALK_OF_NAME (WALK_FOLDED | WALK_UNFED | WALK_BRIEF | WALK_DIGIT)

ALWAYS_INLINE __u64 names_fold(enum sl_names names)
{
	switch (names) {
	case SL_NAMES_EXACT:
		return 0;
	case SL_NAMES_FOLD:
		return WALK_FOLDS;
	case SL_NAMES_DOS:
		return WALK_FOLDS | WALK_DOS;
	}
	return 0;
}

ALWAYS_INLINE int has_encodings(void)
{
	return bpf_core_field_exists(struct super_block, s_encoding);
}

/* WALK_FOLDS, _DOS, _ASK of a file system; 0: all its directories compare bytes. */
ALWAYS_INLINE __u64 sb_folds(__u64 sb)
{
	struct super_block *s = (struct super_block *)sb;
	__u64 folds = names_fold(sl_device_names(BPF_CORE_READ(s, s_magic), BPF_CORE_READ(s, s_dev) >> 20));

	if (!folds && has_encodings() && BPF_CORE_READ(s, s_encoding))
		folds = WALK_ASK;
	return folds;
}

/* The same of a dentry whose type the verifier knows, quick where the answer is no. */
ALWAYS_INLINE int known_folds(const struct dentry *d)
{
	if (!(d->d_flags & DCACHE_OPS))
		return 0;
	return sl_magic_names(d->d_sb->s_magic) != SL_NAMES_EXACT || (has_encodings() && d->d_sb->s_encoding);
}

/* Global, as the callers have little stack. WALK_FOLDS, _DOS, _ASK of the file system that is mounted there. */
__u64 mount_folds(__u64 mount);

/* The same of any dentry's file system. */
__u64 dentry_folds(__u64 dentry);

/* SL_STR_FOLDS and SL_STR_DOS of a file. */
__u32 name_folds(__u64 dentry);

/* What is known of a name of len bytes in this directory: 0, or WALK_FOLDED and more. mount: WALK_FOLDS, _DOS or _ASK. */
__u64 directory_folds(__u64 mount, __u64 dentry, __u32 len);

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
	in = c == ~0u ? sl_fold_byte(b0) : sl_fold_char(c);
	/* A name of nothing else is one all the same. */
	if (in == SL_FOLD_ITSELF || (in == SL_FOLD_NOTHING && flags & WALK_UNFED && left == used))
		in = __builtin_bswap32(last) & (~0u >> (32 - 8 * used));
	return in | used << 32;
}

/*
 * Feeds the last character of a name that has `left` bytes, and is in `state`. last: the name's last four bytes as they are in memory
 * (what it does not have is 0). Returns the name's state, how many bytes of it that was (from bit 16 on), and what becomes of
 * WALK_UNFED and WALK_DIGIT. Global: its branches are verified once, and not in front of each continuation of the walk.
 */
__u64 fold_path(__u32 last, __u64 left, __u64 flags, __u64 state);
__u64 fold_exec(__u32 last, __u64 left, __u64 flags, __u64 state);
__u64 fold_sock(__u32 last, __u64 left, __u64 flags, __u64 state);

#define FOLD_STATE(r) ((r) & 0xffff)
#define FOLD_USED(r) ((r) >> 16 & 7)
#define FOLD_SHORT (1ull << 24)     /* it can be the short form of any name, or a stream of any file */

#endif /* SL_BPF_FOLD_H */
