/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The mounts of the caller's namespace, and whether a directory has another path by one of them. Touches no file system. */
#ifndef SLUICE_PROCESS_MOUNTS_H
#define SLUICE_PROCESS_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Rows of mountinfo that are kept; what is beyond, or cannot be read, is in left_out, and mounts_have_other() then says yes to anything. */
#define MOUNTS_MAX 65536

struct mounts {
	struct mount_row {
		uint32_t major, minor;  /* of the file system, as the kernel numbers it */
		char *root;             /* the directory of it that is mounted */
		char *at;               /* where; both owned */
	} *v;
	size_t cnt, size, left_out;
};

/* One line of proc_pid_mountinfo(5). False: it is none, and ret is untouched. */
bool mounts_parse(char *line, struct mount_row *ret);

/* -errno of opening `file`; -ENOMEM. */
int mounts_read(const char *file, struct mounts *ret);
void mounts_done(struct mounts *m);

/* The mount that a resolved path is on: the last of those with the longest place. NULL: none. */
const struct mount_row *mounts_of(const struct mounts *m, const char *path);

/* The directory at a resolved path can be reached by another path as well, through another mount of its file system. */
bool mounts_have_other(const struct mounts *m, const char *path);

/*
 * The same directory's path through a mount that is older than the one it is on here, as far as the order of rows says: a file is judged by
 * the path that it is opened by and by that through the oldest mount. -ENOENT: there is none; -ENAMETOOLONG.
 */
int mounts_older_path(const struct mounts *m, const char *path, char *ret, size_t size);

#endif /* SLUICE_PROCESS_MOUNTS_H */
