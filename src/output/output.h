/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Outputs behind one table. An output turns a report into text; `write` may buffer, `flush` sends. A failed write
 * (closed pipe, full disk) is returned as a negative errno and is never fatal here: the caller counts and decides.
 */
#ifndef SLUICE_OUTPUT_OUTPUT_H
#define SLUICE_OUTPUT_OUTPUT_H

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/report.h"

struct output;

struct output_ops {
	const char *name;
	int (*write)(struct output *o, const struct report *r);
	int (*flush)(struct output *o);
	void (*free)(struct output *o);
};

/* JSON lines. fd is borrowed. */
int output_json_new(int fd, struct output **ret);

/* Lines for people. width 0: unlimited. colour: only when the caller knows fd to be a terminal. */
int output_text_new(int fd, const struct report_host *host, unsigned int width, bool colour, struct output **ret);

const struct output_ops *output_ops(const struct output *o);
/* Everything that waits was written: what comes now goes to another descriptor, which stays the caller's. */
void output_set_fd(struct output *o, int fd);
void output_free(struct output *o);
DEFINE_FREEP(struct output, output_free)

/* The formatters alone, for tests: append one line (with its newline). */
void output_json_format(struct strbuf *b, const struct report *r);
void output_text_format(struct strbuf *b, const struct report *r, const struct report_host *host, unsigned int width, bool colour);

#endif /* SLUICE_OUTPUT_OUTPUT_H */
