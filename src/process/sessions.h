/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The session table behind proctree: sessions by (time, pid) of the exec that began them, bounded. Used by
 * proctree.c alone.
 */
#ifndef SLUICE_PROCESS_SESSIONS_H
#define SLUICE_PROCESS_SESSIONS_H

#include "base/list.h"
#include "process/proctree.h"

/* The start of a process is known to the clock tick only when it was read from procfs; see proctree_find(). */
#define PROC_TICK_NS 10000000ull

static inline bool same_start(uint64_t a, uint64_t b)
{
	return a / PROC_TICK_NS == b / PROC_TICK_NS;
}

/* An ended process or session is kept this long for events that come late. */
#define PROC_GRACE_NS 30000000000ull

/*
 * What is dropped this long after its end is no loss: an event is late by what the rings hold between two looks,
 * far less than two seconds.
 */
#define PROC_SETTLED_NS 2000000000ull

struct session_node {
	struct session s;          /* first: a session is its node */
	struct session_node *hash_next;
	struct list lru;           /* in sessions.live (least recently seen first) or sessions.ended */
	struct list members;       /* struct process_node.member */
};

struct sessions {
	struct session_node **table;
	size_t mask, cnt, max;
	struct list live, ended;
	uint64_t evicted;
};

int sessions_init(struct sessions *t, size_t max);
void sessions_done(struct sessions *t);

struct session_node *sessions_find(const struct sessions *t, uint64_t ns, uint32_t pid);

/* A new session without members, counted as alive. NULL: no memory. Belongs to the table. */
struct session_node *sessions_add(struct sessions *t, uint64_t ns, uint32_t pid, uint64_t now_ns);

/* Frees a session; its members must have been taken off before. */
void sessions_remove(struct sessions *t, struct session_node *n);

/* The one to drop for room: ended longest ago, else least recently seen; NULL when there is none. */
struct session_node *sessions_victim(struct sessions *t);

#endif /* SLUICE_PROCESS_SESSIONS_H */
