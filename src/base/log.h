/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the program says about itself on stderr, one line a message: "sluice: what failed: why: what to do". Only for the
 * command line and the agent (layer 7); events are not logs, they go to outputs.
 *
 *   err    the operation failed and the caller gives up
 *   warn   it goes on; the sentence ends with how
 *   info   start, stop, reload, the tier chosen
 *   debug  free use
 */
#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include <stdbool.h>

#include "base/strbuf.h"

enum log_level { LOG_LEVEL_ERR = 0, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Messages above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Writes one line. Hostile bytes in it become visible (base/escape.h). errno is left as it was. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_write(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* The line that log_write would write, for tests. journal: with the priority that journald reads, "<3>". */
void log_format(struct strbuf *b, enum log_level level, bool journal, const char *text);

/* True when JOURNAL_STREAM (as given, NULL: unset) names the file behind fd. */
bool log_is_journal(int fd, const char *journal_stream);

#endif /* SLUICE_BASE_LOG_H */
