/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Names as a file system compares them that ignores case. One source for the kernel and the agent.
 *
 * What is folded: ASCII letters, by the classes of the automaton (automaton.h); the characters beyond ASCII that a file system takes
 * for ASCII ones or for nothing, here; and what vfat, exfat and Windows take off a name's end. A file system that folds less
 * than this is taken for one that folds as much: two of its files may then be one to the patterns, and the stricter rule counts.
 *
 * Characters: those whose full case folding after canonical decomposition is ASCII (utf8 tables of ext4, f2fs and tmpfs), the one that
 * exfat's and NTFS's tables make an I, and all of Default_Ignorable_Code_Point (Unicode 15), which ext4 and HFS+ leave out.
 * Not folded: letters beyond ASCII. Patterns take care of them, see src/match/letters.h.
 */
#ifndef SL_FOLD_H
#define SL_FOLD_H

#include "automaton.h"

/* How a directory compares names. */
enum sl_names {
	SL_NAMES_EXACT = 0,
	SL_NAMES_FOLD,     /* without regard to case */
	SL_NAMES_DOS,      /* the same; dots and blanks at the end do not count; names can have a short form (FILENA~1.TXT), streams another name */
};

/*
 * By a file system's magic number, because network file systems say nothing of it; of those that may or may not (NFS, FUSE, 9p,
 * NTFS), the stricter is taken for granted. Directories of ext4, f2fs and tmpfs say it one by one (S_CASEFOLD). XFS with ascii-ci is not
 * here: its names in memory are those on the disk.
 */
static inline __attribute__((always_inline)) enum sl_names sl_magic_names(__u64 magic)
{
	switch (magic) {
	case 0x4d44:        /* vfat */
	case 0x2011bab0:    /* exfat */
	case 0x7366746e:    /* ntfs3 */
	case 0x5346544e:    /* ntfs */
	case 0xfe534d42:    /* smb2 */
	case 0xff534d42:    /* cifs */
	case 0x01021997:    /* 9p: Windows' drives in WSL */
		return SL_NAMES_DOS;
	case 0x65735546:    /* fuse, virtiofs: folders of a Mac in containers */
	case 0x6969:        /* nfs */
	case 0x786f4256:    /* vboxsf */
	case 0x7c7c6673:    /* Parallels' */
	case 0x482b:        /* hfsplus */
	case 0x4244:        /* hfs */
	case 0x9660:        /* isofs */
	case 0x3153464a:    /* jfs */
	case 0xadff:        /* affs */
	case 0xadf5:        /* adfs */
	case 0xf995e849:    /* hpfs */
		return SL_NAMES_FOLD;
	}
	return SL_NAMES_EXACT;
}

/* A FUSE file system on a block device (its major number is not 0) is a driver of NTFS or exfat: ntfs-3g opens streams by name. */
static inline __attribute__((always_inline)) enum sl_names sl_device_names(__u64 magic, __u32 major)
{
	return magic == 0x65735546 && major ? SL_NAMES_DOS : sl_magic_names(magic);
}

#define SL_SHORT_NAME 12 /* bytes of FILENA~1.TXT, at most */

/* A character in the place of another: up to three ASCII letters, the last in the lowest byte. */
#define SL_FOLD_NOTHING 0u
#define SL_FOLD_ITSELF (~0u)

static inline __attribute__((always_inline)) __u32 sl_fold_char(__u32 c)
{
	switch (c) {
	case 0x00df: case 0x1e9e:
		return 's' << 8 | 's';
	case 0x0131:
		return 'i';
	case 0x017f:
		return 's';
	case 0x212a:
		return 'k';
	case 0x037e:
		return ';';
	case 0x1fef:
		return '`';
	case 0xfb00:
		return 'f' << 8 | 'f';
	case 0xfb01:
		return 'f' << 8 | 'i';
	case 0xfb02:
		return 'f' << 8 | 'l';
	case 0xfb03:
		return 'f' << 16 | 'f' << 8 | 'i';
	case 0xfb04:
		return 'f' << 16 | 'f' << 8 | 'l';
	case 0xfb05: case 0xfb06:
		return 's' << 8 | 't';
	case 0x00ad: case 0x034f: case 0x061c: case 0x3164: case 0xfeff: case 0xffa0:
	case 0x115f ... 0x1160: case 0x17b4 ... 0x17b5: case 0x180b ... 0x180f: case 0x200b ... 0x200f: case 0x202a ... 0x202e:
	case 0x2060 ... 0x206f: case 0xfe00 ... 0xfe0f: case 0xfff0 ... 0xfff8: case 0x1bca0 ... 0x1bca3: case 0x1d173 ... 0x1d17a:
	case 0xe0000 ... 0xe0fff:
		return SL_FOLD_NOTHING;
	}
	return SL_FOLD_ITSELF;
}

/*
 * A byte that is no character in UTF-8, where names are in a code page (iocharset=): the dotted capital and the dotless small i of those with
 * Turkish letters (iso8859-3, iso8859-9, cp857), whose tables make them an ASCII one.
 */
static inline __attribute__((always_inline)) __u32 sl_fold_byte(__u32 byte)
{
	switch (byte) {
	case 0xa9: case 0xdd: case 0x98:
	case 0xb9: case 0xfd: case 0x8d:
		return 'i';
	}
	return SL_FOLD_ITSELF;
}

/*
 * The last character of bytes b3 b2 b1 b0 (UTF-8, b0 is the last; those that the name does not have are 0). Returns how many of them it is
 * made of; *ret_char is ~0 for a byte that ends no character.
 */
static inline __attribute__((always_inline)) __u32 sl_last_char(__u32 b3, __u32 b2, __u32 b1, __u32 b0, __u32 *ret_char)
{
	__u32 c = b0 & 0x3f;

	if ((b0 & 0xc0) == 0x80) {
		if ((b1 & 0xe0) == 0xc0) {
			*ret_char = (b1 & 0x1f) << 6 | c;
			return 2;
		}
		c |= (b1 & 0x3f) << 6;
		if ((b1 & 0xc0) == 0x80 && (b2 & 0xf0) == 0xe0) {
			*ret_char = (b2 & 0xf) << 12 | c;
			return 3;
		}
		c |= (b2 & 0x3f) << 12;
		if ((b1 & 0xc0) == 0x80 && (b2 & 0xc0) == 0x80 && (b3 & 0xf8) == 0xf0) {
			*ret_char = (b3 & 7) << 18 | c;
			return 4;
		}
	}
	*ret_char = ~0u;
	return 1;
}

#endif /* SL_FOLD_H */
