/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of user names. Where they come from is the agent's business. */
#include "correlate/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (USERS_MAX * 2)
_Static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are masked");

struct user {
	char *name;   /* owned; NULL: slot free */
	uint32_t uid;
};

/* The slot of uid, or the free one where it belongs. There are twice as many slots as names. */
static struct user *slot_of(const struct users *u, uint32_t uid)
{
	size_t at = (uid * 2654435769u >> 16) & (SLOTS - 1);

	while (u->table[at].name && u->table[at].uid != uid)
		at = (at + 1) & (SLOTS - 1);
	return &u->table[at];
}

void users_done(struct users *u)
{
	for (size_t i = 0; u->table && i < SLOTS; i++)
		free(u->table[i].name);
	free(u->table);
	*u = (struct users){ 0 };
}

int users_set(struct users *u, uint32_t uid, struct view name)
{
	struct user *slot;
	char *copy;

	if (!u->table)
		u->table = calloc(SLOTS, sizeof(*u->table));
	if (!u->table)
		return -ENOMEM;
	slot = slot_of(u, uid);
	if (!slot->name && u->cnt >= USERS_MAX)
		return -ENOSPC;
	copy = strndup(name.data, name.len);
	if (!copy)
		return -ENOMEM;
	u->cnt += !slot->name;
	free(slot->name);
	*slot = (struct user){ .name = copy, .uid = uid };
	return 0;
}

const char *users_name(const struct users *u, uint32_t uid)
{
	const struct user *slot = u->table ? slot_of(u, uid) : NULL;

	return slot && slot->name ? slot->name : "";
}
