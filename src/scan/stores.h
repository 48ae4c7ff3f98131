/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Which files of a home a scan looks at, by the policy alone: stores of tools (`own:`) and classes with `second-hand:
 * true` are looked into, other classes are where own secrets come from. Follows no link, opens no file, stays on the
 * home's file system.
 */
#ifndef SLUICE_SCAN_STORES_H
#define SLUICE_SCAN_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "policy/compile.h"

#define STORES_ENTRIES_MAX    3000000 /* of folders */
#define STORES_DEPTH_MAX      32
#define STORES_HOME_DEPTH_MAX 8 /* in projects, outside the folders that patterns name */

enum store_class {
	STORE_NONE,
	STORE_KEPT,   /* what a tool keeps: may hold what was read */
	STORE_SECRET, /* a secret in its place */
};

/* tool: whose store, "" not known. second_hand: a copy of what was read, which the tool could lose. */
enum store_class stores_class(const struct compiled *c, const char *home, const char *path, char tool[32],
                              bool *second_hand);

/* Does the policy name any store? Only classes that some rule uses are in its tables. */
bool stores_are_named(const struct compiled *c);

struct stores {
	const struct compiled *c;
	const char *home;
	uint32_t uid;
	int root; /* O_PATH of "/" */
	/* path is absolute. False: no more is wanted. */
	bool (*file)(void *arg, const char *path, enum store_class class, const char *tool, bool second_hand,
	             const struct stat *st);
	void (*unread)(void *arg, const char *path, const char *why);
	void *arg;
	uint64_t entries; /* own */
	dev_t dev;
	bool stopped;
};

/* The home's stores and secrets. */
void stores_walk(struct stores *s);

/* Everything below a path, or the file itself, whatever it is: class STORE_KEPT. */
void stores_walk_path(struct stores *s, const char *path);

#endif /* SLUICE_SCAN_STORES_H */
