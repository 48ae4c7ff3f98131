/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Reports as rows of the store. The only place that knows which part of a report is which column. */
#ifndef SLUICE_OUTPUT_ROWS_H
#define SLUICE_OUTPUT_ROWS_H

#include "output/output.h"
#include "store/row.h"

/*
 * Writes to the socket of the store's writer; fd is borrowed. What waits is bounded as for every output; a row that is too long is
 * refused with -ENOBUFS.
 */
int output_rows_new(int fd, struct output **ret);

/* The row alone, for tests; its texts are in b. False: no memory. */
bool output_row(struct strbuf *b, const struct report *r, struct store_row *ret);

/* Rows that the output has taken so far. */
uint64_t output_rows_taken(const struct output *o);

#endif /* SLUICE_OUTPUT_ROWS_H */
