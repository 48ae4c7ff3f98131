/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The SL_REC_EXEC record of the current process: who it is, its executable, directory, arguments, terminal. */
#ifndef SL_IMAGE_H
#define SL_IMAGE_H

#include "path.h"

/* Appends a path at *at; returns SL_STR_* flags. */
ALWAYS_INLINE __u32 copy_path(struct scratch *s, __u32 *at, __u32 max, struct vfsmount *mnt, struct dentry *dentry)
{
	__u64 r = path_copy(s, *at, max, (__u64)mnt, (__u64)dentry);

	*at = PATH_VALUE(r);
	return PATH_FLAGS(r) | name_folds((__u64)dentry);
}

/* Sends the image of the current process. origin: SL_EXEC_ORIGIN_*. A global function, see path.h. */
int send_image(const struct sl_label *label, __u32 origin, __u32 new_session);

#endif /* SL_IMAGE_H */
