/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the agent asks workers to do while it runs (worker.h). Two of them: one answers questions, within HELPER_ANSWER_MS or not at
 * all; the other resets connections, and nobody waits for it.
 *
 * A question that was not answered costs its user (the owner of the process or file) further questions for HELPER_PAUSE_NS, so that no
 * user stops the agent for longer than HELPER_ANSWER_MS in that time, and all together not for longer than HELPER_FAILS_MAX times that. What was left out is counted: helper_take_left_out().
 */
#ifndef SLUICE_PROCESS_HELPER_H
#define SLUICE_PROCESS_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "process/heldscan.h"

#define HELPER_ANSWER_MS 3000     /* a busy machine takes a while to schedule a worker */
#define HELPER_PAUSE_NS (60ull * 1000000000)
#define HELPER_FAILS_MAX 3       /* in HELPER_PAUSE_NS, of all users: then nobody is asked about for the rest of it. Uids of a user namespace are many */
#define HELPER_PAUSED_MAX 64      /* users that wait; beyond it the one that has waited longest is asked about again */
#define HELPER_CUTS_MAX 64        /* connections of one process that one walk through its descriptors resets */
#define HELPER_STALLED_NS (2ull * 1000000000) /* no progress for so long: the worker is given up */

struct helper;
int helper_new(struct helper **ret);
void helper_free(struct helper *h);
DEFINE_FREEP(struct helper, helper_free)

/* As procscan_read(), of uid's process. Without an answer what cannot block is read. */
int helper_read_process(struct helper *h, uint32_t tgid, uint32_t uid, uint64_t time_ns, void *buf);

/* As heldscan(). */
int helper_held(struct helper *h, const struct sl_rec_exec *image, const struct compiled *c, heldscan_sink sink, void *arg);

/* The tables changed (a home came up): the next helper_held() is answered by a worker that knows them. */
void helper_tables_changed(struct helper *h);

/* Name of a user, at most size - 1 bytes. False: none to be had. */
bool helper_user_name(struct helper *h, uint32_t uid, char *ret, size_t size);

/* Asks for a connection to be reset. The kernel drops what is sent on it whatever comes of this. */
void helper_cut(struct helper *h, uint32_t tgid, uint32_t uid, uint64_t cookie);

/* Now and then: gives up a worker that makes no progress. now_ns: any clock. */
void helper_tick(struct helper *h, uint64_t now_ns);

/* What was left out since the last call: reads that had no answer, descriptors beyond the bounds; connections that were not reset. */
uint64_t helper_take_left_out(struct helper *h, uint64_t *ret_cuts);

#endif /* SLUICE_PROCESS_HELPER_H */
