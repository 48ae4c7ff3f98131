/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A worker that is to look at a user's files becomes that user, for good. */
#ifndef SLUICE_PROCESS_OWNER_H
#define SLUICE_PROCESS_OWNER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Without writes: no file can get a byte. Never a core, no new privileges. gid: the only group that it keeps. False: it
 * is not the owner, and must end.
 */
bool owner_become(uint32_t uid, uint32_t gid, bool writes);

#define OWNER_NOGROUP 65534

#endif /* SLUICE_PROCESS_OWNER_H */
