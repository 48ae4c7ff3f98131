/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What ran before the agent: /proc as SL_REC_EXEC records, and the labels that these processes would have if the
 * agent had seen them start. Reads files; asks no clock (time is a parameter).
 *
 * What /proc tells is weaker than what the kernel tells at exec: a process can rewrite its arguments, and start times
 * are in clock ticks (see proctree_find()). Records say so by their origin.
 */
#ifndef SLUICE_PROCESS_PROCSCAN_H
#define SLUICE_PROCESS_PROCSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "label.h"
#include "policy/compile.h"
#include "record.h"

/* Processes that one scan holds: the kernel has no more pids. */
#define PROCSCAN_MAX SL_PID_LIMIT

/*
 * Reads one process into buf (SL_RECORD_MAX bytes, 8-byte aligned) as a record without a label. root: "/proc", or where
 * else a procfs is mounted. Returns the record's size; 0: nothing to tell (a kernel thread, a zombie); -ESRCH: there is
 * no such process, or it ended meanwhile. Other errors as they come. Strings that may not be read (another user's
 * process, for an agent without privileges) are SL_STR_MISSING, which is no error.
 */
int procscan_read(const char *root, uint32_t tgid, uint64_t time_ns, void *buf);

/* The same without what a process can make its reader wait for: its arguments (SL_STR_MISSING). */
int procscan_read_safely(const char *root, uint32_t tgid, uint64_t time_ns, void *buf);

/* Whether procscan_read() found arguments that it could not read to their end. The caller counts them as SL_LOSS_LEFT_OUT. */
bool procscan_argv_unread(const struct sl_rec_exec *rec);

/* One process of a scan. */
struct procscan_entry {
	struct sl_rec_exec *rec;  /* rec->hdr.size bytes */
	struct sl_label label;    /* tool 0: none */
	bool known;               /* set by the caller: label is the kernel's own and stands as it is */
};

struct procscan {
	struct procscan_entry *v; /* by tgid, ascending */
	size_t cnt;
	size_t size;              /* entries that there is room for */
	uint64_t vanished;        /* ended while they were read; the caller counts them as SL_LOSS_PROCFS */
};

/* One walk through all processes, in the order of their pids. */
struct procscan_walk {
	const char *root;
	uint64_t time_ns;
	uint32_t from;            /* begin with this pid */
	uint32_t careful;         /* read this one as procscan_read_safely() does, 0 none */
	void (*begin)(void *arg, uint32_t tgid);                      /* before each; NULL */
	int (*found)(void *arg, const void *rec, size_t size);        /* rec NULL: it ended meanwhile. Negative ends the walk */
	void *arg;
};

int procscan_each(const struct procscan_walk *w);

/* For a walk whose records come from elsewhere. -ENOMEM. procscan_sort() when all are there. */
int procscan_add(struct procscan *s, const void *rec, size_t len);
void procscan_sort(struct procscan *s);

/* Reads all processes (thread group leaders; threads are not listed). *ret is untouched on failure. */
int procscan_all(const char *root, uint64_t time_ns, struct procscan *ret);
void procscan_done(struct procscan *s);

/* The entry of a pid, NULL when there is none. */
struct procscan_entry *procscan_find(const struct procscan *s, uint32_t tgid);

/*
 * Gives every entry the label that its ancestry means, and writes it into the records too: a process that is a tool
 * begins a session, unless it only runs inside the same tool's session with nothing else in between (or as one of the
 * tool's helpers); everything below inherits. Evidence is SL_EVID_PROCFS for the recognised, SL_EVID_INHERITED for the
 * rest. A session's id is the start and pid of its first process. Returns the number of entries with a tool, or -ENOMEM.
 */
int procscan_label(struct procscan *s, const struct compiled *c);

/* What a process is by itself, whatever its ancestry. */
struct compiled_exec procscan_recognise(const struct sl_rec_exec *rec, const struct compiled *c);

#endif /* SLUICE_PROCESS_PROCSCAN_H */
