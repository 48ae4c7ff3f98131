/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Homes that the kernel has to know by their inode (HOME_ELSEWHERE of homes.h), now and while the agent runs: all of them at the start, then
 * those that come up. A worker looks
 *
 *   - at all accounts when /etc/passwd or the table of mounts has changed, at most every HOMEWATCH_FULL_NS;
 *   - every HOMEWATCH_PASS_MS at users that run a process and were not looked at, or had no home yet; where there are so many processes that a
 *     pass takes long, after HOMEWATCH_REST times as long;
 *   - at once at a user whose session begins (homewatch_ask()).
 *
 * A name service or a home that does not answer costs the worker; the next one leaves that home out. After HOMES_SKIPS_MAX such ends there
 * is none for HOMEWATCH_PAUSE_NS, and what was missed is counted.
 */
#ifndef SLUICE_PROCESS_HOMEWATCH_H
#define SLUICE_PROCESS_HOMEWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

#define HOMEWATCH_PASS_MS 1000
#define HOMEWATCH_REST 50
#define HOMEWATCH_STALLED_NS (10ull * 1000000000) /* no progress for so long: it does not answer. Nobody waits */
#define HOMEWATCH_FULL_NS (2ull * 1000000000)
#define HOMEWATCH_PAUSE_NS (60ull * 1000000000)
#define HOMEWATCH_USERS_MAX 65536  /* users that are remembered; beyond it they are left out */

struct homewatch;
int homewatch_new(struct homewatch **ret);
void homewatch_free(struct homewatch *h);
DEFINE_FREEP(struct homewatch, homewatch_free)

/* A session of this user begins. */
void homewatch_ask(struct homewatch *h, uint32_t uid);

/* path: without links. fd: the directory, O_PATH, on a local file system; -1: it is on another one, and dev and ino are its numbers. */
typedef void (*homewatch_found)(void *arg, const char *path, int fd, uint32_t dev, uint64_t ino);

/* Takes what was found, waiting up to wait_ms for it. To be called often: it is what gives up a worker that does not answer. */
void homewatch_poll(struct homewatch *h, int wait_ms, homewatch_found found, void *arg);

/* The homes of now were all reported, or it is not worth waiting any longer. */
bool homewatch_settled(const struct homewatch *h);

/* Users and homes that were not looked at since the last call. */
uint64_t homewatch_take_left_out(struct homewatch *h);

#endif /* SLUICE_PROCESS_HOMEWATCH_H */
