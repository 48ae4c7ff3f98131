/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A recording: the records of a run and what is needed to judge them again elsewhere (host, policy text, homes,
 * users). Numbers are in the byte order of the host that wrote it; another order is refused, not turned round.
 *
 *   "SLUICEREC\n"  u16 format  u32 order  u32 record version  u32 header bytes
 *   header: fields of  u16 tag, u16 0, u32 length, bytes, zeros up to a multiple of 8
 *   records: u32 size, u32 sum, bytes, zeros up to a multiple of 8
 *
 * The sum is FNV-1a over the bytes: it tells a damaged file from an odd one, it protects against nobody.
 * Unknown header fields are skipped. A recording ends where a record ends; anything else is a cut recording.
 */
#ifndef SLUICE_EVENT_RECORDING_H
#define SLUICE_EVENT_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

#define RECORDING_FORMAT 1

/* Larger than any policy that compiles; a header beyond them is refused, by the writer too. */
#define RECORDING_HEADER_MAX (32u << 20)
#define RECORDING_LIST_MAX 32768         /* sources, homes, users: each */

struct recording_source {       /* a policy file, in the order it was read; [0] is the main one */
	const char *name;
	const char *text;       /* len bytes, then a NUL that does not count */
	size_t len;
};

struct recording_user {         /* a name that rules use */
	const char *name;
	uint32_t uid;
};

struct recording_meta {
	const char *agent;      /* version of the program that wrote it */
	const char *host, *boot_id, *kernel;
	const char *host_id;    /* as of base/hostid.h; "" in recordings of before it */
	const struct recording_source *sources;
	size_t sources_cnt;
	const char *const *homes;
	size_t homes_cnt;
	const struct recording_user *users;
	size_t users_cnt;
};

/*
 * Writing. fd is borrowed. Records are gathered and written in large pieces; after a failed write (a full disk) the
 * file is cut back to its last whole record, and every later call fails with the same error: a recording has no gaps.
 */
struct recording_writer;
int recording_writer_new(int fd, const struct recording_meta *meta, struct recording_writer **ret, struct errmsg *e);
void recording_writer_free(struct recording_writer *w);   /* does not flush */
DEFINE_FREEP(struct recording_writer, recording_writer_free)
int recording_write(struct recording_writer *w, const void *record, size_t size, struct errmsg *e);
int recording_flush(struct recording_writer *w, struct errmsg *e);
uint64_t recording_written(const struct recording_writer *w);  /* records that are whole in the file */

/* Reading, from a stream or from memory (both borrowed). -EBADMSG: not a recording, or damaged; -EPROTONOSUPPORT: another
 * version or byte order; e says which. */
struct recording;
int recording_open(FILE *f, struct recording **ret, struct errmsg *e);
int recording_open_memory(const void *data, size_t size, struct recording **ret, struct errmsg *e);
void recording_free(struct recording *r);
DEFINE_FREEP(struct recording, recording_free)

const struct recording_meta *recording_meta(const struct recording *r);  /* lives as long as r; no pointer is NULL */

/*
 * The next record: 1, and *ret (8-byte aligned, valid until the next call) with its size; 0: the end; -EBADMSG: cut or
 * damaged, and e says how many records were whole; other errors of reading. What the record holds is not checked here.
 */
int recording_next(struct recording *r, const void **ret, size_t *ret_size, struct errmsg *e);

#endif /* SLUICE_EVENT_RECORDING_H */
