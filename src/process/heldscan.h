/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Secrets that a process had open before it had a label, because it ran before the agent or got them from whoever started it:
 * what /proc tells of its descriptors, as SL_REC_FILE records. Nothing can be refused any more; it is told. The kernel's memory
 * of what the session has read (`after:` rules) knows nothing of it.
 */
#ifndef SLUICE_PROCESS_HELDSCAN_H
#define SLUICE_PROCESS_HELDSCAN_H

#include "policy/compile.h"
#include "record.h"

/* Descriptors of one process that are looked at: some tenths of a second on a busy machine. */
#define HELDSCAN_MAX 8192

/* Takes a record, which ends with the call. A negative errno ends the scan. */
typedef int (*heldscan_sink)(void *arg, const void *record, size_t size);

/*
 * Each regular file that the process of this image has open for reading, if the policy has an action other than allow for it; of an
 * exec only descriptors that were there then (open_fds), for what the process opens itself is told by the kernel.
 * root: "/proc", or where else a procfs is mounted; image: its record, with the label. Returns how many there were, or what the
 * sink returned, or -E2BIG: there are more than HELDSCAN_MAX, which the caller counts. A process that has ended, or may not be looked
 * at, has none.
 */
int heldscan(const char *root, const struct sl_rec_exec *image, const struct compiled *c, heldscan_sink sink, void *arg);

#endif /* SLUICE_PROCESS_HELDSCAN_H */
