/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Private to store/: the reader, for those that ask in SQL. */
#ifndef SLUICE_STORE_QUERY_INTERNAL_H
#define SLUICE_STORE_QUERY_INTERNAL_H

#include <sqlite3.h>

#include "store/query.h"

struct store_reader {
	sqlite3 *db;
	sqlite3_stmt *json;
	char *path;
};

int store_reader_error(struct store_reader *r, struct errmsg *e);

#endif /* SLUICE_STORE_QUERY_INTERNAL_H */
