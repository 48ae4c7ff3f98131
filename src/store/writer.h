/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The process that writes the store. The agent hands over frames of rows (row.h) through a socket and never waits: whatever the disk
 * does (full, read-only, frozen), rows wait in the socket and in the sender's bounded buffer, and the sender counts what finds no
 * room. The process outlives an agent that is killed until what was handed over is written.
 */
#ifndef SLUICE_STORE_WRITER_H
#define SLUICE_STORE_WRITER_H

#include <sys/types.h>

#include "store/store.h"

/* What the process says after each transaction and when its state changes. Fixed size, one datagram each. */
struct store_report {
	uint64_t rows;            /* rows handed over that are in the file (durable if they are urgent) */
	uint64_t bytes;           /* of the file */
	uint64_t deleted;         /* rows, by this process */
	uint64_t resets;          /* damaged files that were moved aside */
	int32_t err;              /* negative errno of what keeps it from writing; 0: it writes */
	int32_t marked;           /* 1: a checkpoint was made */
	int64_t last_n;
	char head[65];
	char text[255];           /* of err, or of a reset; "" none */
};

struct store_writer {
	pid_t pid;                /* 0: none runs */
	int rows, reports;        /* our ends, not blocking; -1 none */
	struct store_report last; /* as last read */
};

#define STORE_WRITER_NONE ((struct store_writer){ .rows = -1, .reports = -1 })

/* Starts it. Strings of config are copied by fork. 0 or a negative errno. */
int store_writer_start(struct store_writer *w, const struct store_config *config);

/* Reads what it says. 1: something new is in w->last, call again; 0: nothing; -EPIPE: the process has ended. */
int store_writer_poll(struct store_writer *w);

/* What the next checkpoint says was lost; never waits. */
void store_writer_set_lost(struct store_writer *w, uint64_t lost);

/*
 * No more rows come: waits at most patience_ms until `rows` of them are written and it has ended; a process that has not is left to
 * finish. 0, or -ETIMEDOUT.
 */
int store_writer_finish(struct store_writer *w, uint64_t rows, int patience_ms);

/* Closes our ends; the process ends when it has written what it was given. */
void store_writer_done(struct store_writer *w);

#endif /* SLUICE_STORE_WRITER_H */
