/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Whether a store is what its writer wrote: every hash, every signature, every number. */
#ifndef SLUICE_STORE_VERIFY_H
#define SLUICE_STORE_VERIFY_H

#include "store/chain.h"
#include "store/query.h"

struct verify_result {
	uint64_t rows, marks;
	int64_t first_n, last_n;        /* of rows that are there; 0 none */
	int64_t gone_n;                 /* rows up to this one were deleted by sluice; 0 none */
	int64_t gone_time_ns;           /* when */
	char gone_reason[32];           /* why, the last time */
	uint64_t gone_rows;             /* rows.. of the store's own that record deletions */
	uint64_t faults;
	char head[2 * CHAIN_HASH + 1];  /* of last_n */
	char key[2 * CHAIN_PUBLIC + 1]; /* that it was signed with, by its own word */
	int64_t signed_ns;              /* when the last row was signed */
	int64_t lost;                   /* as the last checkpoint says */
};

/* Calls fn for each fault, in words. key NULL: the key that the file names itself, which proves no more than that it is consistent. */
typedef void (*verify_fault_fn)(void *arg, const char *text);
int store_verify(struct store_reader *r, const uint8_t *key, verify_fault_fn fn, void *arg, struct verify_result *ret, struct errmsg *e);

#endif /* SLUICE_STORE_VERIFY_H */
