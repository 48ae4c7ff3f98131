/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Reading the store: what people ask of it, as rows. Reads in pages and holds nothing open between them, so that a pager that waits
 * for its user does not make the writer's log grow.
 */
#ifndef SLUICE_STORE_QUERY_H
#define SLUICE_STORE_QUERY_H

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "store/row.h"

/* All that is given must hold. NULL, 0: not asked. */
struct store_query {
	uint64_t since_ns, until_ns;
	const char *session, *tool, *rule;
	const char *kind;         /* "net.connect", or with wildcards: "net.*" */
	const char *verdict;      /* allow, log, alert, block, denied, killed, cut */
	const char *path;         /* the file, what is below it, or a pattern with * ? [ */
	const char *host;         /* the name, what is below it, or such a pattern */
	int64_t after_n;          /* rows behind this one, in the order in which they were written (to follow); with a time: no order but time's */
	bool follow;
	uint64_t newest;          /* no more than so many, the newest */
};

struct store_hit {
	int64_t n;
	struct store_row row;     /* borrowed, during the call */
};

struct store_reader;

/* Opens for reading only. -ENOENT, -EACCES, -EBADMSG, -EPROTONOSUPPORT. */
int store_reader_open(const char *path, struct store_reader **ret, struct errmsg *e);
void store_reader_close(struct store_reader *r);
DEFINE_FREEP(struct store_reader, store_reader_close)

/* Calls fn for each row, oldest first, until it returns other than 0. Returns that, 0, or a negative errno with e filled. */
typedef int (*store_hit_fn)(void *arg, const struct store_hit *hit);
int store_query(struct store_reader *r, const struct store_query *q, store_hit_fn fn, void *arg, struct errmsg *e);

/* The last row's number, 0: none. */
int64_t store_reader_last(struct store_reader *r);

/* A text out of a row's JSON line, by its path as SQLite writes it ("$.loss.reason"). "" if there is none. Valid until the next call. */
const char *store_json(struct store_reader *r, const char *line, const char *path);

#endif /* SLUICE_STORE_QUERY_H */
