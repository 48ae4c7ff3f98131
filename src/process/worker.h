/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A child process for work on objects that belong to strangers. Whoever owns the object can make that work sleep for ever: a socket
 * whose lock is held, a page that a FUSE server never delivers, a home on a server that is gone, a name service that does not answer.
 * Some of these sleeps do not even end with SIGKILL. So the agent itself never does such work: a child does, the agent watches its
 * progress in a shared page, and gives up on a child that makes none.
 *
 * A child that cannot be killed is left behind until its sleep ends. There is room for WORKERS_STUCK_MAX of them, and each user can
 * take WORKERS_STUCK_PER_USER places: beyond that no work is done on this user's objects, and the caller counts what is left out.
 */
#ifndef SLUICE_PROCESS_WORKER_H
#define SLUICE_PROCESS_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS_STUCK_MAX 16
#define WORKERS_STUCK_PER_USER 2
#define WORKER_NOBODY UINT32_MAX   /* no user's object is being worked on */

/* Shared with the child, which writes it. */
struct worker_page {
	uint64_t beat;        /* goes up with each step */
	uint64_t next;        /* index of the object at hand, for work that goes through a list */
	uint64_t left_out;    /* what it decided not to do */
	uint32_t busy;        /* 1: at work, 0: waits for a request */
	uint32_t tgid;        /* process at hand, 0 none */
	uint32_t uid;         /* owner of the object at hand, WORKER_NOBODY */
	uint32_t reserved;
	char at[1024];        /* folder at hand, ends with 0; cut */
};

struct worker {
	pid_t pid;            /* 0: none runs */
	int fd;               /* SOCK_SEQPACKET to the child */
	struct worker_page *page;
};

#define WORKER_NONE ((struct worker){ .fd = -1 })

/*
 * Starts a child that runs fn and ends with it. Of the descriptors it has its end of the socket and those in keep, no others: it must not
 * hold what is to end with the agent. -EBUSY: there are as many stuck ones as there may be.
 */
typedef void (*worker_fn)(struct worker_page *page, int fd, void *arg);
int worker_start(struct worker *w, worker_fn fn, void *arg, const int *keep, size_t keep_cnt);

/* Ends the child, whatever it does. Does not wait for it. */
void worker_stop(struct worker *w);

/* Waits until the child has ended by itself, or has made no progress for patience_ms. True: it ended by itself. */
bool worker_wait(struct worker *w, int patience_ms);

/* Whether this user's objects have stuck as many workers as they may. */
bool worker_user_stuck(uint32_t uid);

/* Collects children that have ended; to be called now and then. Returns how many are stuck. */
size_t worker_reap(void);

/* For fn: one step done. */
static inline void worker_beat(struct worker_page *page)
{
	__atomic_add_fetch(&page->beat, 1, __ATOMIC_RELAXED);
}

#endif /* SLUICE_PROCESS_WORKER_H */
