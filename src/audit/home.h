/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The audit of one home, in a worker (process/worker.h) that has become its owner before it opens anything: what it may
 * not read stays unread, what stops it is given up, and whatever its parsers are made to do is done with that user's
 * rights alone.
 */
#ifndef SLUICE_AUDIT_HOME_H
#define SLUICE_AUDIT_HOME_H

#include "audit/audit.h"
#include "base/cleanup.h"
#include "policy/compile.h"

#define AUDIT_STALLED_MS 10000 /* no file opened and nothing found for so long: given up */
#define AUDIT_WHOLE_MS   180000

/* A process that is an AI tool and runs now. */
struct audit_session {
	uint32_t pid, uid;
	const char *tool; /* name in the policy; borrowed */
};

struct audit_target {
	const char *home;                     /* absolute, without links */
	uint32_t uid;                         /* its owner */
	const struct audit_session *sessions; /* of all users */
	size_t sessions_cnt;
	const struct compiled *compiled; /* which files are secrets */
};

struct audit_found {
	struct audit_account *accounts;
	size_t accounts_cnt, accounts_size;
	struct audit_row *rows;
	size_t rows_cnt, rows_size;
	uint64_t left_out; /* rows beyond AUDIT_ROWS_MAX */
	bool whole;        /* false: given up, a row says so */
};

/* -EBUSY, -ENOMEM, -errno: no worker. */
int audit_home(const struct audit_target *t, struct audit_found *ret);
void audit_found_done(struct audit_found *f);

#endif /* SLUICE_AUDIT_HOME_H */
