/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Private to store/: what store.c and trim.c share. */
#ifndef SLUICE_STORE_STORE_INTERNAL_H
#define SLUICE_STORE_STORE_INTERNAL_H

#include <sqlite3.h>

#include "store/chain.h"
#include "store/store.h"

struct store {
	const struct store_config *config;
	sqlite3 *db;
	sqlite3_stmt *insert, *put_mark, *version;
	struct chain_key key;
	uint8_t genesis[CHAIN_HASH];
	uint8_t head[CHAIN_HASH];  /* of row last_n, committed */
	int64_t last_n;
	int64_t checked_n;         /* last row that a checkpoint covers */
	int64_t known_version;     /* of the file, as our last transaction left it */
	uint64_t own_seq;          /* of the store's own rows */
	uint64_t deleted;
	uint64_t log_pages;        /* in the write-ahead log */
	uint32_t page_size;
	bool broken;               /* somebody else changed it: the next transaction says so */
};

/* The error of the last call on db, as store.h says. */
int store_error(struct store *st, const char *doing, struct errmsg *e);
int store_exec(struct store *st, const char *sql, const char *doing, struct errmsg *e);
int64_t store_number(struct store *st, const char *sql);

/* Within a transaction of begin/commit: a row, and a mark, which is signed here. */
int store_begin(struct store *st, bool durable, struct errmsg *e);
int store_commit(struct store *st, struct errmsg *e);
void store_rollback(struct store *st);
int store_put_row(struct store *st, const struct store_row *row, bool *ret_new, struct errmsg *e);
int store_put_mark(struct store *st, struct chain_mark *m, struct errmsg *e);
int store_put_own(struct store *st, const char *kind, const char *text, struct errmsg *e);

uint64_t store_now_ns(void);

#endif /* SLUICE_STORE_STORE_INTERNAL_H */
