/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Ownership by attribute: a local that owns something carries cleanup_*, and leaves its function through
 * take_ptr() or take_fd(). Always initialise at the declaration; "no descriptor" is -1, never 0.
 */
#ifndef SLUICE_BASE_CLEANUP_H
#define SLUICE_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup_(fn) __attribute__((cleanup(fn)))
#define cleanup_free cleanup_(cleanup_freep)
#define cleanup_close cleanup_(cleanup_closep)
#define cleanup_fclose cleanup_(cleanup_fclosep)

/* Makes x_freep() from x_free(), for cleanup_(x_freep). */
#define DEFINE_FREEP(type, fn)                  \
	static inline void fn##p(type **p)      \
	{                                       \
		if (*p)                         \
			fn(*p);                 \
	}

#define take_ptr(p)                             \
	({                                      \
		__typeof__(p) take_ = (p);      \
		(p) = NULL;                     \
		take_;                          \
	})

static inline int take_fd_(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
#define take_fd(fd) take_fd_(&(fd))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif /* SLUICE_BASE_CLEANUP_H */
