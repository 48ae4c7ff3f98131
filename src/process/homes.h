/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The home directories of this host, which `~` stands for: of accounts that can be listed, and of every user that runs a process
 * (directories of Windows domains list nobody). What asks name services and file systems does so in a worker (worker.h): both may
 * never answer.
 *
 * Which directory of an account is a home, in this order:
 *   not a home   it is no absolute path, or one of the places that hold a system ("/", /home, /var/lib, ...): HOME_SYSTEM
 *   not a home   the account is a system's own (uid below 1000, or 65534 and 65535: nobody) and not root, and the directory is
 *                another user's (HOME_FOREIGN), or below /usr, /etc, /dev, /run, /tmp, /var/cache, /var/spool and the like: HOME_SYSTEM
 *   not a home   it is on /proc, /sys or another file system that the kernel makes up: HOME_SYSTEM
 *   not yet      there is no such directory: HOME_ABSENT
 *   unknown      it cannot be looked at, or did not answer in time: HOME_UNREADABLE, HOME_SILENT; its path counts as given
 *   a home       all others. By its path with all links resolved; two accounts with one directory are one home
 */
#ifndef SLUICE_PROCESS_HOMES_H
#define SLUICE_PROCESS_HOMES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "process/mounts.h"

#define HOMES_MAX 16384           /* homes, and directories that are none, each; what is beyond is in left_out */
#define HOMES_UIDS_MAX 4096       /* users of processes that are looked up in one pass; the rest is in left_out */
#define HOMES_STALLED_MS 3000     /* a name service or a home that does not answer for so long is left out */
#define HOMES_SKIPS_MAX 4         /* homes that may do so; beyond it the search ends with what it found */

enum home_source {
	HOME_LISTED,              /* an account that can be listed */
	HOME_RUNNING,             /* its user runs a process */
	_HOME_SOURCES,
};

enum home_state {
	HOME_PLAIN,               /* /root or /home/NAME, and no other path leads there: patterns say all by the path */
	HOME_ELSEWHERE,           /* any other place, or reachable by another path */
	HOME_UNREADABLE,
	HOME_SILENT,
	HOME_ABSENT,
	HOME_SYSTEM,
	HOME_FOREIGN,             /* of a system's own account: the directory is another user's */
	_HOME_STATES,
};

struct home {
	uint32_t uid;
	uint8_t source, state;    /* enum home_source, home_state */
	uint64_t dev, ino;        /* of stat(2); 0: not looked at */
	char *user;
	char *given;              /* as the account has it */
	char *path;               /* without links; as given where that is not known. All owned */
};

struct homes {
	struct home *v;
	size_t cnt, size;
	size_t left_out;          /* beyond the bounds */
	bool silent;              /* accounts could not all be listed: the name service did not answer */
};

void home_done(struct home *h);
void homes_done(struct homes *h);

/* Counts as a home. */
static inline bool home_holds(const struct home *h)
{
	return h->state <= HOME_SILENT;
}

/* /root, and /home/NAME where the name does not begin with a dot: ~ stands for all such paths, whether anybody lives there or not. */
bool home_is_usual(const char *path);

/* Judges one account's directory; may never return. Fills *ret. -ENOMEM. */
int home_look(const struct account *a, enum home_source source, const struct mounts *m, struct home *ret);

/* Searches. Takes HOMES_STALLED_MS longer for each thing that does not answer. -ENOMEM, or -errno where no worker can be had. */
int homes_find(struct homes *ret);

/* "listed", "runs a process"; why a directory is no home. */
const char *home_source_text(enum home_source source);
const char *home_state_text(enum home_state state);

#endif /* SLUICE_PROCESS_HOMES_H */
