/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What makes a change to the store visible: each row's hash covers the one before it, and marks (checkpoints, the head, what was
 * deleted) are signed with a key of this host. Knows nothing of SQL; docs/evidence.md has the format for other verifiers.
 */
#ifndef SLUICE_STORE_CHAIN_H
#define SLUICE_STORE_CHAIN_H

#include "base/errmsg.h"
#include "store/row.h"

#define CHAIN_HASH 32      /* BLAKE2b with 32 bytes */
#define CHAIN_SIG 64       /* Ed25519 */
#define CHAIN_PUBLIC 32
#define CHAIN_SECRET 64

struct chain_key {
	uint8_t pub[CHAIN_PUBLIC];
	uint8_t secret[CHAIN_SECRET];
};

/* What a mark says, all of it signed. */
struct chain_mark {
	const char *kind;          /* "check", "head" or "gone" */
	int64_t time_ns, from_n, to_n, count;
	int64_t lost;              /* events that the agent could not hand over, in this run so far */
	const char *reason;
	uint8_t head[CHAIN_HASH];  /* hash of row to_n */
	uint8_t sig[CHAIN_SIG];
};

/* Before anything else here. 0 or -ENOSYS. */
int chain_init(void);

/* The hash before row 1: of when and where the store was made, and whose key signs it. */
void chain_genesis(uint8_t ret[CHAIN_HASH], int64_t made_ns, const char *host, const uint8_t pub[CHAIN_PUBLIC]);

/* Of row n, behind one whose hash is prev. ret may be prev. Texts of len 0 and texts that are not there are the same. */
void chain_row(uint8_t ret[CHAIN_HASH], const uint8_t prev[CHAIN_HASH], int64_t n, const struct store_row *row,
	       const size_t len[_STORE_TEXT_MAX]);

/* genesis: of the store that the mark belongs to, so that a mark of another one is no mark of it. */
void chain_sign(struct chain_mark *m, const uint8_t genesis[CHAIN_HASH], const struct chain_key *key);
bool chain_signed(const struct chain_mark *m, const uint8_t genesis[CHAIN_HASH], const uint8_t pub[CHAIN_PUBLIC]);

/* The key in folder `dir` (store.key, 0600; store.pub beside it, 0644), made if there is none. */
int chain_key_load(const char *dir, struct chain_key *ret, struct errmsg *e);

/* A key that is kept nowhere: what it signed nobody can sign again. */
void chain_key_once(struct chain_key *ret);

/* 64 hexadecimal digits, or a file that begins with them. -EINVAL, or as open(2). */
int chain_public_load(const char *text_or_path, uint8_t ret[CHAIN_PUBLIC]);

void chain_hex(char *ret, const uint8_t *bytes, size_t len); /* 2 * len + 1 */
bool chain_unhex(uint8_t *ret, size_t len, const char *text);

#endif /* SLUICE_STORE_CHAIN_H */
