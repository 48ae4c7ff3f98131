/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A row of the store as a line: for people, as JSON, as CSV. */
#ifndef SLUICE_CLI_LOG_PRINT_H
#define SLUICE_CLI_LOG_PRINT_H

#include "store/query.h"

enum log_format { LOG_TEXT, LOG_JSON, LOG_CSV, _LOG_FORMAT_MAX };

/* -EINVAL: there is no such format. */
int log_format_from_str(const char *s, enum log_format *ret);

/* The first line of CSV. */
void log_head(struct strbuf *b);

/* Appends one line. r is asked for what the columns do not have. */
void log_row(struct strbuf *b, struct store_reader *r, const struct store_hit *hit, enum log_format format);

/* "2026-11-23T16:05:11.123Z" */
void log_time(struct strbuf *b, uint64_t ns);

#endif /* SLUICE_CLI_LOG_PRINT_H */
