/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Compiles host name patterns (match/domain.h) into one table (include/hostnames.h). Made for many: tens of thousands of patterns in
 * thousands of classes cost what their own bytes cost, for names meet only where they share an end.
 *
 * As with match/dfa.h, within a class the last pattern that matches decides, and one with ! takes back.
 */
#ifndef SLUICE_MATCH_HOSTS_H
#define SLUICE_MATCH_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "hostnames.h"

#define HOSTS_CLASSES_MAX 32768

struct hosts_builder;

struct hosts_builder *hosts_builder_new(void);
void hosts_builder_free(struct hosts_builder *b);
DEFINE_FREEP(struct hosts_builder, hosts_builder_free)

/* Appends a pattern (may start with '!') to class cls. -EINVAL: not a pattern, e says why (e->column is the byte, from 1).
 * -E2BIG: no room for it, or cls out of range; e says so. -ENOMEM. */
int hosts_builder_add(struct hosts_builder *b, unsigned int cls, const char *pattern, struct errmsg *e);

struct hosts {
	struct sl_hosts_info info;
	struct sl_hosts *table;   /* owned; hosts_table_size() bytes */
	uint32_t *first;          /* owned; classes of set s: classes[first[s]] .. classes[first[s + 1] - 1], ascending */
	uint16_t *classes;        /* owned */
};

/* -E2BIG: does not fit SL_HOSTS_WORDS_MAX or max_sets; e says what, *ret_pattern is the number (by addition, from 0) of a pattern that
 * has most of it. *ret untouched on failure. Can be called once: the builder is empty then. */
int hosts_build(struct hosts_builder *b, uint32_t max_sets, struct hosts **ret, size_t *ret_pattern, struct errmsg *e);
void hosts_free(struct hosts *h);
DEFINE_FREEP(struct hosts, hosts_free)

static inline size_t hosts_table_size(const struct hosts *h)
{
	return sizeof(struct sl_hosts) + (size_t)h->info.limit * sizeof(uint32_t);
}

/* Match set of a whole name (bytes in ordinary order). 0: no pattern. */
unsigned int hosts_match(const struct hosts *h, const char *name, size_t len);

bool hosts_set_has(const struct hosts *h, unsigned int set, unsigned int cls);

#endif /* SLUICE_MATCH_HOSTS_H */
