/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The two rings of the programs, read as one stream in order of time. Private to kernel/. */
#ifndef SLUICE_KERNEL_RING_H
#define SLUICE_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ring;

/* Descriptors are borrowed. 0 or a negative errno; *ret untouched on failure. */
int ring_open(int ordinary_fd, int urgent_fd, struct ring **ret);
void ring_close(struct ring *r);
int ring_fd(const struct ring *r); /* for epoll; borrowed */

/* Hands on every waiting record; the bytes are the sink's during the call, 8-byte aligned. A negative result of the
 * sink ends the round and is returned; else the number of records. */
typedef int (*ring_sink)(void *arg, const void *record, size_t size);
int ring_consume(struct ring *r, ring_sink sink, void *arg);

#endif /* SLUICE_KERNEL_RING_H */
