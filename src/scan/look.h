/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Inside scan/: what is found in one file, with its places. */
#ifndef SLUICE_SCAN_LOOK_H
#define SLUICE_SCAN_LOOK_H

#include <sys/stat.h>

#include "scan/extract.h"
#include "scan/own.h"
#include "scan/rules.h"

/* A secret in the bytes that extraction gave. */
struct look_hit {
	uint64_t unit;             /* texts that are not pieces of one stream have different ones */
	uint64_t at, len;          /* in that stream; of a plain file: in the file */
	const struct rule *rule;   /* NULL: own */
	const char *source, *name; /* own secrets; of struct own */
	uint64_t hash;
	uint32_t line;
	bool plain; /* at is an offset in the file */
	char inside[160];
};

struct look {
	struct rules *rules;
	const struct own *own;
	void (*unread)(void *arg, const char *why);
	bool (*beat)(void *arg, uint64_t bytes); /* false: stop */
	void *arg;
	struct look_hit *hits;
	size_t cnt, size;
	uint64_t unit;
	bool stopped, short_of_memory;
};

#define LOOK_HITS_MAX 4096 /* of one file */

/* Replaces hits with those of this file. */
void look_file(struct look *l, int fd, int wal_fd);
/* Of bytes in memory. */
void look_bytes(struct look *l, const void *bytes, size_t len);
void look_done(struct look *l);

/* A is worth more than B: own before high before medium before low. */
bool look_better(const struct look_hit *a, const struct look_hit *b);

#endif /* SLUICE_SCAN_LOOK_H */
