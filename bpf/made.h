/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Files that sessions made themselves. Global functions, see path.h. */
#ifndef SL_MADE_H
#define SL_MADE_H

#include "alias.h"

/* The current process, of a session, opened a file: it may just have made it, or it is the script that it runs. */
int made_opened(__u64 dentry, __u32 f_mode);

/* The current session, or one around or within it, made the file of this dentry, or it has no name at all (memfd). */
__u32 made_here(__u64 dentry);

/* How names are compared: byte after byte, the last one first. */
#define MADE_HASH(h, byte) (((h) ^ (byte)) * 0x01000193u)
#define MADE_NAME 64

#endif /* SL_MADE_H */
