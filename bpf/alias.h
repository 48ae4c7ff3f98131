/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Names that a file has besides the one it was opened by. Global functions, see path.h. */
#ifndef SL_ALIAS_H
#define SL_ALIAS_H

#include "path.h"

/* Match set that a file was given when it was linked or renamed; 0 none. inode: address. */
__u32 alias_find(__u64 inode);

/* The oldest mount of the file's filesystem through which it can be reached, as a vfsmount; 0: none but the one given. */
__u64 path_origin(__u64 vfsmount, __u64 dentry);

#endif /* SL_ALIAS_H */
