/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The texts in a file, by what the file is and not by its name: plain bytes, zstd, gzip, zlib, the cells of a SQLite
 * database with its log. A file may be made to cost its reader time and memory: all is bounded, and what is beyond is
 * reported, never left out silently.
 */
#ifndef SLUICE_SCAN_EXTRACT_H
#define SLUICE_SCAN_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXTRACT_CHUNK        (4u << 20)     /* bytes of a file that are in memory at a time */
#define EXTRACT_OVERLAP      (20u << 10)    /* of which the next chunk begins with so many: no secret is longer */
#define EXTRACT_FILE_MAX     (16ull << 30)  /* bytes of a plain file */
#define EXTRACT_UNPACKED_MAX (1ull << 30)   /* bytes that come out of one file */
#define EXTRACT_RATIO_MAX    2000           /* and of each byte that goes in, after the first 16 MiB */
#define EXTRACT_DB_MAX       (512ull << 20) /* a database with its log; beyond it is read as bytes */
#define EXTRACT_NESTED       3              /* a packed text in a cell in ... */

enum extract_kind {
	EXTRACT_PLAIN,
	EXTRACT_JSON,
	EXTRACT_ZSTD,
	EXTRACT_GZIP,
	EXTRACT_ZLIB,
	EXTRACT_SQLITE,
	EXTRACT_PACK
};

struct extract_text {
	const char *text;
	size_t len;
	bool json;          /* JSON all over */
	uint64_t offset;    /* of a plain file: of text in it */
	unsigned int line;  /* of a plain file: number of its first line, from 1; 0: not of one */
	size_t seen;        /* bytes at its beginning that the text before ended with */
	const char *inside; /* "zstd", "table messages, column data", "" */
};

struct extract {
	/* Each text. False: no more is wanted. */
	bool (*text)(void *arg, const struct extract_text *t);
	/* What could not be read, and why. */
	void (*unread)(void *arg, const char *why);
	void *arg;
	uint64_t unpacked; /* own */
};

enum extract_kind extract_kind(const void *bytes, size_t len);

/* fd: a regular file, at its beginning. wal_fd: its SQLite log, -1 none. False: the sink wanted no more. */
bool extract_file(struct extract *x, int fd, int wal_fd);

/* The same for bytes in memory (a cell, tests). */
bool extract_bytes(struct extract *x, const void *bytes, size_t len, const char *inside, unsigned int depth);

#endif /* SLUICE_SCAN_EXTRACT_H */
