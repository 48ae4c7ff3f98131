/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Inside output/: what every output that writes lines to a descriptor has in common. A line is either taken whole or
 * refused whole; what is taken stays in order and is never sent in part and then forgotten.
 */
#ifndef SLUICE_OUTPUT_SINK_H
#define SLUICE_OUTPUT_SINK_H

#include "output/output.h"

/* Bytes collected before they are written without being asked. */
#define SINK_BATCH (64u << 10)

/* Bytes that may wait while the descriptor does not take them (a full pipe, a full disk). Beyond it new lines are
 * refused with -ENOBUFS; the caller counts each as SL_LOSS_OUTPUT. Ordinary events may use half of it, alerts three quarters: what was
 * refused, losses and the agent's own events have the rest for themselves. */
#define SINK_WAITING_MAX (4u << 20)

struct output {
	const struct output_ops *ops;
	int fd;              /* borrowed */
	struct report_host host;  /* strings borrowed */
	struct strbuf lines; /* not written yet, from `sent` on */
	size_t sent;
};

/*
 * Called behind an append to o->lines that began at `start`: takes the line back when it is too much (-ENOBUFS) or memory ran
 * out (-ENOMEM), else writes if a batch is full. An error of that writing is not told here: the line is kept, flush tells.
 */
int sink_appended(struct output *o, size_t start, const struct report *r);

/* Writes what waits. -EAGAIN: the descriptor takes no more now; other errors as write(2). What is left stays. */
int sink_flush(struct output *o);

void sink_done(struct output *o);

#endif /* SLUICE_OUTPUT_SINK_H */
