/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The scan for secrets (filescan.h), in a worker: a folder on a file system whose server does not answer (FUSE, which every user can
 * mount; NFS, autofs) stops the worker and not the agent. Such a folder is left out, and the scan begins again without it.
 */
#ifndef SLUICE_PROCESS_SECRETSCAN_H
#define SLUICE_PROCESS_SECRETSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "policy/compile.h"

#define SECRETSCAN_SKIPS_MAX 8     /* folders that stopped it; one more ends the scan */
#define SECRETSCAN_STALLED_MS 10000

struct secretscan;

/* c and homes are borrowed. all: also files with one link. -ENOMEM, -EBUSY (worker.h). */
int secretscan_new(const struct compiled *c, const char *const *homes, size_t homes_cnt, bool all, struct secretscan **ret);
void secretscan_free(struct secretscan *s);
DEFINE_FREEP(struct secretscan, secretscan_free)

/* A secret: a descriptor (O_PATH) of a regular file on a local file system, which ends with the call, and its match sets by lane (dfa_lanes()). */
typedef void (*secretscan_found)(void *arg, int fd, uint64_t sets);

/* What was found since the last call, at most max of them; waits for wait_ms at most if there is nothing yet. False: it is over. */
bool secretscan_poll(struct secretscan *s, unsigned int max, int wait_ms, secretscan_found found, void *arg);

/* The first thousand entries of folders were looked at: where secrets usually are. */
bool secretscan_settled(const struct secretscan *s);

/* Folders that were not looked into. Valid when it is over. */
uint64_t secretscan_left_out(const struct secretscan *s);

#endif /* SLUICE_PROCESS_SECRETSCAN_H */
