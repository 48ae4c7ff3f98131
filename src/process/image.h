/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The strings of a process image, in one allocation. A forked child runs its parent's image until it execs, so both
 * share it by count. Used by proctree.c alone.
 */
#ifndef SLUICE_PROCESS_IMAGE_H
#define SLUICE_PROCESS_IMAGE_H

#include "base/cleanup.h"
#include "event/event.h"

struct image {
	uint32_t refs;
	uint32_t size;        /* of the whole allocation */
	uint32_t argv_len;    /* argument bytes, without the NUL behind them */
	uint32_t exe, cwd, argv, cgroup, tty;  /* offsets into text */
	char text[];          /* each NUL-terminated */
};

/* The image of an exec record, one reference. NULL: no memory. */
struct image *image_new(const struct event *ev);

static inline struct image *image_ref(struct image *i)
{
	i->refs++;
	return i;
}

/* Gives one reference back; returns the bytes that this freed, 0 while others hold it. */
static inline size_t image_unref(struct image *i)
{
	size_t size = i->size;

	if (--i->refs)
		return 0;
	free(i);
	return size;
}

#endif /* SLUICE_PROCESS_IMAGE_H */
