/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The processes that the agent knows of, by (tgid, start time), and the sessions they belong to. Pure: fed with
 * decoded records, time is a parameter. Bounded: beyond max_procs the process that ended longest ago, else the one
 * least recently seen, is dropped and counted. Ended processes stay for a grace period, so that an event that
 * arrives late still finds its process.
 */
#ifndef SLUICE_PROCESS_PROCTREE_H
#define SLUICE_PROCESS_PROCTREE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "event/event.h"

struct process {
	uint32_t tgid, ppid, uid;
	uint64_t start_ns, parent_start_ns;  /* parent_start_ns 0: not known */
	uint64_t exec_ns;                    /* time of the last image */
	uint64_t session_ns;                 /* 0: outside every session */
	uint32_t session_pid;
	uint16_t tool, exe_set;
	uint8_t evidence;                    /* SL_EVID_* of the label */
	uint8_t origin;                      /* SL_EXEC_ORIGIN_*; 0: only a fork was seen, the image is the parent's */
	uint8_t mode;
	bool exited;
	uint64_t exit_ns;
	char comm[SL_COMM_LEN + 1];
	char *exe, *cwd, *argv, *cgroup, *tty; /* owned; NUL-terminated; "" when not known. argv: NUL-separated */
	uint32_t argv_len;                   /* bytes of argv, each argument with its NUL */
	uint32_t argv_flags, exe_flags;
};

struct session {
	uint64_t ns;           /* id, with pid */
	uint32_t pid;
	uint16_t tool;
	uint8_t evidence;
	uint64_t parent_ns;    /* session around it, 0 none */
	uint32_t parent_pid;
	uint32_t live;         /* processes alive */
	uint64_t begin_ns, end_ns;  /* end_ns 0: alive */
	uint64_t files, connects, alerts;
	uint64_t flows, sent_bytes, received_bytes;  /* of flows that have ended */
};

struct proctree;
struct proctree *proctree_new(size_t max_procs, size_t max_sessions);
void proctree_free(struct proctree *t);
DEFINE_FREEP(struct proctree, proctree_free)

/* What a record did to the tree. */
struct proctree_change {
	struct process *process;         /* the process that the record is about, NULL: none */
	struct session *session_started; /* not NULL: the record began this session */
	struct session *session_ended;   /* not NULL: its last process ended */
};

/* Takes exec, fork and exit records; others only refresh what `who` says (uid, ppid, comm). -ENOMEM: nothing changed. */
int proctree_apply(struct proctree *t, const struct event *ev, struct proctree_change *ret);

/*
 * /proc shows a start time in clock ticks (10 ms) and the kernel's records to the nanosecond: two start times of one
 * pid are the same process when they agree to the tick. A pid does not come round within a tick.
 */
struct process *proctree_find(struct proctree *t, uint32_t tgid, uint64_t start_ns);
struct process *proctree_find_pid(struct proctree *t, uint32_t tgid);   /* the one alive, or the latest */
struct process *proctree_parent(struct proctree *t, const struct process *p);  /* the first one: p->ppid may be a reaper */
struct session *proctree_session(struct proctree *t, uint64_t ns, uint32_t pid);

/* Drops what ended more than the grace period ago. */
void proctree_expire(struct proctree *t, uint64_t now_ns);

size_t proctree_count(const struct proctree *t);
size_t proctree_sessions(const struct proctree *t, struct session **ret, size_t max);  /* returns how many exist */
/* Ended ones of the grace period too. */
size_t proctree_of_session(struct proctree *t, const struct session *s, struct process **ret, size_t max);

/* Losses since the last call: counts into counters[SL_LOSS_PROC_EVICTED] and [SL_LOSS_SESSION_EVICTED]. */
void proctree_take_losses(struct proctree *t, uint64_t counters[_SL_LOSS_MAX]);

#endif /* SLUICE_PROCESS_PROCTREE_H */
