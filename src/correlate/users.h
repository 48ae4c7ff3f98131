/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* User names by uid, as the agent tells them in SL_REC_USER records. Bounded; a name that finds no room is not kept. */
#ifndef SLUICE_CORRELATE_USERS_H
#define SLUICE_CORRELATE_USERS_H

#include <stdint.h>

#include "event/event.h"

/* Users who run something of interest on one host; a terminal server has some hundred. */
#define USERS_MAX 1024

struct users {
	struct user *table;   /* USERS_MAX * 2 slots, linear probing; NULL until the first */
	size_t cnt;
};

void users_done(struct users *u);

/* Later names replace earlier ones. -ENOSPC: table full. -ENOMEM. */
int users_set(struct users *u, uint32_t uid, struct view name);

/* "" when not known. Valid until the name is replaced. */
const char *users_name(const struct users *u, uint32_t uid);

#endif /* SLUICE_CORRELATE_USERS_H */
