/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* close_range(2), also where the C library does not have it: musl. */
#ifndef SLUICE_BASE_CLOSE_RANGE_H
#define SLUICE_BASE_CLOSE_RANGE_H

#include <unistd.h>

#ifndef __GLIBC__
#include <sys/syscall.h>

static inline int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif

#endif /* SLUICE_BASE_CLOSE_RANGE_H */
