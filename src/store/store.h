/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The file of events, as its writer has it: appended to in whole transactions, bounded, chained (chain.h). Every call may wait for
 * the disk: only the writer's process (writer.h) makes them.
 *
 * Errors: -EBADMSG the file is damaged (store_move_aside() helps), -ENOSPC, -EROFS, -EIO, -EAGAIN somebody else writes to it,
 * -EPROTONOSUPPORT it is of a newer sluice or none of sluice's, -ENOMEM; others as open(2).
 */
#ifndef SLUICE_STORE_STORE_H
#define SLUICE_STORE_STORE_H

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "store/row.h"

#define STORE_DEFAULT "/var/lib/sluice/events.db"
#define STORE_APPLICATION 0x534c4345 /* "SLCE", in the header of the file */
#define STORE_FORMAT 1
#define STORE_AGE_NS (190ull * 86400 * 1000000000)
#define STORE_BYTES (512ull << 20)
#define STORE_BYTES_LEAST (4u << 20)
#define STORE_FREE_BYTES (256ull << 20)

struct store_config {
	const char *path;
	uint64_t max_age_ns;      /* 0: any age */
	uint64_t max_bytes;       /* of rows that are kept, in whole pages */
	uint64_t min_free;        /* on its file system: below it the file grows no more, its oldest rows go */
	bool sealed;              /* a file of one run: signed with a key that is kept nowhere */
	const char *host;         /* for the store's own rows */
	const char *boot_id;
	const char *uid_begin;    /* of the store's own rows; a number follows */
};

struct store;

/* Opens, and makes what is missing: the folder, the key, the file. Strings of config are borrowed. */
int store_open(const struct store_config *config, struct store **ret, struct errmsg *e);
void store_close(struct store *st);
DEFINE_FREEP(struct store, store_close)

/*
 * Frames of rows (row.h) in one transaction: all of them or none; ret_rows of them are new (a uid that is there already is passed over).
 * durable: on the disk when this returns.
 */
int store_append(struct store *st, const char *frames, size_t len, bool durable, size_t *ret_rows, struct errmsg *e);

/* A checkpoint. reason: "start", "tick" or "stop". lost: what the agent could not hand over so far. */
int store_mark(struct store *st, const char *reason, uint64_t lost, struct errmsg *e);

/* Deletes what the bounds say, a bounded piece of it. 1: there is more to do, 0: done, or an error. */
int store_trim(struct store *st, uint64_t now_ns, struct errmsg *e);

/* Moves the log into the file. Cheap when there is little; waits for nobody. */
void store_settle(struct store *st);

/* Bytes of the log that are not in the file yet. */
uint64_t store_log_bytes(const struct store *st);

/* A row of the store's own: kind "store.*". text: what happened, for people. */
int store_say(struct store *st, const char *kind, const char *text, struct errmsg *e);

/* What people ask of it. */
struct store_state {
	int64_t last_n;           /* rows ever written */
	uint64_t bytes;           /* of the file, with free pages */
	uint64_t deleted;         /* rows, by this process */
	char head[65];            /* hash of row last_n, hexadecimal */
};
void store_state(const struct store *st, struct store_state *ret);

/* A damaged file (with its log) gets another name: PATH.damaged-1, the one before -2, and so on; three are kept. */
int store_move_aside(const char *path);

#endif /* SLUICE_STORE_STORE_H */
