/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* statx(2), also where the C library does not have it: musl before 1.2.4. */
#ifndef SLUICE_BASE_STATX_H
#define SLUICE_BASE_STATX_H

#include <sys/stat.h>

#ifndef STATX_TYPE
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *ret)
{
	return (int)syscall(SYS_statx, fd, path, flags, mask, ret);
}
#endif

#endif /* SLUICE_BASE_STATX_H */
