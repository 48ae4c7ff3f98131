/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A moment as people write it. Pure: now and the time zone are parameters. */
#ifndef SLUICE_STORE_WHEN_H
#define SLUICE_STORE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "2h" (so long ago), "now", "today", "yesterday", "14:05", "2026-11-23", "2026-11-23 14:05[:11]", "2026-11-23T14:05:11[.123]Z",
 * "@1795449911" -> ns since 1970. Where no zone is written, local time: offset_s seconds east of Greenwich. A day means its first
 * moment; as the end of a period (is_end) its last, and so does a minute. -EINVAL: it is none, or none of the years 1970 to 2261.
 */
int when_parse(const char *s, uint64_t now_ns, long offset_s, bool is_end, uint64_t *ret_ns);

#endif /* SLUICE_STORE_WHEN_H */
