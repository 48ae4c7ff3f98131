/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Looks for secrets that are on the disk already, in slices, so that nobody waits for it. Not a walk of the whole disk: the
 * folders that patterns name, then the home directories, what is near the top first, up to a bound.
 */
#ifndef SLUICE_PROCESS_FILESCAN_H
#define SLUICE_PROCESS_FILESCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "policy/compile.h"

/* Of these two each home has its part; entries that one does not need are for the others. */
#define FILESCAN_ENTRIES_MAX 200000  /* directory entries looked at: a developer's home down to its projects' top folders */
#define FILESCAN_QUEUE_MAX 16384     /* folders that wait */
#define FILESCAN_DEPTH_MAX 8         /* below a home, or a folder that a pattern names; what is deeper is not asked for */

struct filescan;

/* c is borrowed; homes: what ~ stands for, components may be patterns. -ENOMEM. */
int filescan_new(const struct compiled *c, const char *const *homes, size_t homes_cnt, struct filescan **ret);
void filescan_free(struct filescan *s);
DEFINE_FREEP(struct filescan, filescan_free)

/* Called before a folder is entered. False: it is not. */
typedef bool (*filescan_folder)(void *arg, const char *path);
void filescan_on_folder(struct filescan *s, filescan_folder fn, void *arg);

/* A regular file whose path is in this match set. path is absolute and ends with the call. */
typedef void (*filescan_found)(void *arg, const char *path, uint32_t set, const struct stat *st);

/* Looks at so many entries. True: there is more. */
bool filescan_step(struct filescan *s, unsigned int entries, filescan_found found, void *arg);

/* Folders that were not looked into because there were too many, or for want of memory. */
uint64_t filescan_left_out(const struct filescan *s);

#endif /* SLUICE_PROCESS_FILESCAN_H */
