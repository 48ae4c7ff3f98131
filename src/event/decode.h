/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Bytes to a checked struct event. Pure: no allocation, no I/O, no clock. Every byte may be hostile. */
#ifndef SLUICE_EVENT_DECODE_H
#define SLUICE_EVENT_DECODE_H

#include "event/event.h"

/*
 * Decodes one record of `size` bytes at `data` (8-byte aligned, borrowed). hdr.size must equal `size`.
 * -EBADMSG: malformed (too short, lengths do not add up, a value out of its range). -EPROTONOSUPPORT: another
 * version or an unknown kind. *ret untouched on failure.
 */
int decode_record(const void *data, size_t size, struct event *ret);

/*
 * The text of a path view, root first, into buf (always NUL-terminated when size > 0). "/home/ann/.env".
 * Leaf-first views are turned round; a truncated or unresolved one begins with ".../" in place of what is
 * missing (an SL_STR_PLAIN one that was truncated ends with "..."). A missing path is "". Returns the length
 * written (without NUL); bytes are passed through as they are, not escaped. In a buffer smaller than
 * DECODE_PATH_SIZE the end with the leaf is kept, with "..." in front.
 */
#define DECODE_PATH_SIZE (SL_PATH_MAX + 8)
size_t decode_path(struct view path, char *buf, size_t size);

#endif /* SLUICE_EVENT_DECODE_H */
