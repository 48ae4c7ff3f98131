/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what a file is, reading it in pieces, and what is packed in it. Knows no secret. */
#include "scan/extract.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "process/sqlimage.h"

#define FREE_OUTPUT (16u << 20)

enum extract_kind extract_kind(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t at = 0;

	if (sqlimage_is(bytes, len))
		return EXTRACT_SQLITE;
	if (len >= 4 && p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd)
		return EXTRACT_ZSTD;
	if (len >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18)
		return EXTRACT_ZSTD; /* a frame to be skipped comes first */
	if (len >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8)
		return EXTRACT_GZIP;
	if (len >= 2 && p[0] == 0x78 && (p[0] << 8 | p[1]) % 31 == 0 &&
	    (p[1] == 0x01 || p[1] == 0x5e || p[1] == 0x9c || p[1] == 0xda))
		return EXTRACT_ZLIB;
	if (len >= 8 && !memcmp(p, "PACK\0\0\0", 7))
		return EXTRACT_PACK;
	if (len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		at = 3;
	while (at < len && isspace(p[at]))
		at++;
	/* "[" alone begins many a log line too. */
	return at + 1 < len && (p[at] == '{' || (p[at] == '[' && strchr(" \t\r\n{[\"", p[at + 1]) && p[at + 1]))
	               ? EXTRACT_JSON
	               : EXTRACT_PLAIN;
}

/* ---- pieces
 * ---------------------------------------------------------------------------------------------------------- */

/* A window over a stream: pieces that overlap. */
struct pieces {
	struct extract *x;
	char *buf;
	size_t len, seen;
	uint64_t offset;
	unsigned int line;
	bool file, json, first;
	const char *inside;
};

static bool pieces_begin(struct pieces *p, struct extract *x, const char *inside, bool file)
{
	*p = (struct pieces){
		.x = x, .buf = malloc(EXTRACT_CHUNK), .line = 1, .file = file, .inside = inside, .first = true
	};
	if (!p->buf)
		x->unread(x->arg, "there is no memory for it");
	return p->buf != NULL;
}

/* Gives out what there is; keeps its end for the next. */
static bool pieces_flush(struct pieces *p, bool last)
{
	struct extract_text t = { p->buf, p->len, p->json, p->offset, p->file ? p->line : 0, p->seen, p->inside };
	size_t keep = last ? 0 : EXTRACT_OVERLAP, gone;
	bool go;

	if (p->first)
		t.json = p->json = extract_kind(p->buf, p->len) == EXTRACT_JSON;
	p->first = false;
	go = p->len > p->seen ? p->x->text(p->x->arg, &t) : true;
	keep = keep < p->len ? keep : p->len;
	gone = p->len - keep;
	for (const char *at = p->buf; p->file && (at = memchr(at, '\n', (size_t)(p->buf + gone - at))); at++)
		p->line++;
	memmove(p->buf, p->buf + gone, keep);
	p->offset += gone;
	p->len = p->seen = keep;
	return go;
}

static bool pieces_add(struct pieces *p, const char *bytes, size_t len)
{
	while (len) {
		size_t n = EXTRACT_CHUNK - p->len < len ? EXTRACT_CHUNK - p->len : len;

		memcpy(p->buf + p->len, bytes, n);
		p->len += n;
		bytes += n;
		len -= n;
		if (p->len == EXTRACT_CHUNK && !pieces_flush(p, false))
			return false;
	}
	return true;
}

static bool pieces_end(struct pieces *p)
{
	bool go = pieces_flush(p, true);

	free(p->buf);
	p->buf = NULL;
	return go;
}

/* ---- packed
 * ---------------------------------------------------------------------------------------------------------- */

/* Where packed bytes come from: a descriptor, or memory (fd -1). */
struct source {
	int fd;
	const char *bytes;
	size_t len;
	uint64_t in;
};

static ssize_t source_read(struct source *s, char *buf, size_t size)
{
	ssize_t n;

	if (s->fd >= 0) {
		n = read(s->fd, buf, size);
	} else {
		n = (ssize_t)(s->len < size ? s->len : size);
		memcpy(buf, s->bytes, (size_t)n);
		s->bytes += n;
		s->len -= (size_t)n;
	}
	s->in += n > 0 ? (uint64_t)n : 0;
	return n;
}

static bool too_much(struct extract *x, const struct source *s, uint64_t out)
{
	if (x->unpacked <= EXTRACT_UNPACKED_MAX && (out <= FREE_OUTPUT || out / EXTRACT_RATIO_MAX <= s->in))
		return false;
	x->unread(x->arg, "more comes out of it than is unpacked");
	return true;
}

static bool unzstd(struct extract *x, struct source *s, const char *inside)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	cleanup_free char *in = malloc(ZSTD_DStreamInSize()), *out = malloc(ZSTD_DStreamOutSize());
	uint64_t total = 0;
	size_t left = 1;
	struct pieces p;
	bool go = true;
	ssize_t n = 0;

	if (!z || !in || !out || !pieces_begin(&p, x, inside, false)) {
		ZSTD_freeDStream(z);
		return true;
	}
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	while (go && (n = source_read(s, in, ZSTD_DStreamInSize())) > 0) {
		ZSTD_inBuffer i = { in, (size_t)n, 0 };
		ZSTD_outBuffer o;

		do {
			o = (ZSTD_outBuffer){ out, ZSTD_DStreamOutSize(), 0 };
			left = ZSTD_decompressStream(z, &o, &i);
			if (ZSTD_isError(left)) {
				x->unread(x->arg, "it is damaged zstd");
				go = false;
				break;
			}
			total += o.pos;
			x->unpacked += o.pos;
			go = pieces_add(&p, out, o.pos) && !too_much(x, s, total);
		} while (go && (i.pos < i.size || o.pos == o.size));
	}
	if (n < 0 || (go && left))
		x->unread(x->arg, n < 0 ? "it could not be read" : "it is zstd without its end");
	go = pieces_end(&p);
	ZSTD_freeDStream(z);
	return go;
}

static bool inflate_all(struct extract *x, struct source *s, bool quiet, const char *inside)
{
	cleanup_free char *in = malloc(65536), *out = malloc(65536);
	z_stream z = { 0 };
	uint64_t total = 0;
	struct pieces p;
	bool go = true, ended = false;
	ssize_t n = 0;
	int err = Z_OK;

	if (!in || !out || inflateInit2(&z, 15 + 32) != Z_OK)
		return true;
	if (!pieces_begin(&p, x, inside, false)) {
		inflateEnd(&z);
		return true;
	}
	while (go && (n = source_read(s, in, 65536)) > 0) {
		z.next_in = (unsigned char *)in;
		z.avail_in = (unsigned int)n;
		do {
			/* Members of gzip may follow each other. */
			if (err == Z_STREAM_END)
				inflateReset(&z);
			z.next_out = (unsigned char *)out;
			z.avail_out = 65536;
			err = inflate(&z, Z_NO_FLUSH);
			if (err != Z_OK && err != Z_STREAM_END && err != Z_BUF_ERROR) {
				/* Two bytes of zlib's head begin many a text. */
				if (!quiet && !ended)
					x->unread(x->arg, "it is damaged gzip or zlib");
				go = false;
				break;
			}
			ended = err == Z_STREAM_END;
			total += 65536 - z.avail_out;
			x->unpacked += 65536 - z.avail_out;
			go = pieces_add(&p, out, 65536 - z.avail_out) && !too_much(x, s, total);
		} while (go && (z.avail_in || !z.avail_out));
	}
	if (n < 0 || (go && !ended && !quiet))
		x->unread(x->arg, n < 0 ? "it could not be read" : "it is gzip or zlib without its end");
	go = pieces_end(&p);
	inflateEnd(&z);
	return go;
}

/* ---- databases
 * ------------------------------------------------------------------------------------------------------- */

static bool cells(struct extract *x, sqlite3 *db, const char *table, unsigned int depth)
{
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
	sqlite3_stmt *st = NULL;
	bool go = true;
	int r;

	if (!sql || sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
		sqlite3_free(sql);
		sqlite3_finalize(st);
		x->unread(x->arg, "a table of it cannot be read");
		return true;
	}
	while (go && (r = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; go && i < sqlite3_column_count(st); i++) {
			int type = sqlite3_column_type(st, i);
			char inside[160];

			if (type != SQLITE_TEXT && type != SQLITE_BLOB)
				continue;
			snprintf(inside, sizeof(inside), "table %.60s, column %.60s", table,
			         sqlite3_column_name(st, i));
			go = extract_bytes(x, sqlite3_column_blob(st, i), (size_t)sqlite3_column_bytes(st, i), inside,
			                   depth + 1);
		}
	}
	if (go && r != SQLITE_DONE)
		x->unread(x->arg,
		          r == SQLITE_INTERRUPT ? "a table of it takes too long to read" : "a table of it is damaged");
	sqlite3_finalize(st);
	sqlite3_free(sql);
	return go;
}

static bool database(struct extract *x, unsigned char *data, size_t size, size_t room, const unsigned char *wal,
                     size_t wal_size, unsigned int depth)
{
	struct sqlimage image;
	sqlite3_stmt *st = NULL;
	bool go = true;
	int r = SQLITE_ERROR;

	if (sqlimage_open(data, size, room, wal, wal_size, &image)) {
		x->unread(x->arg, "it is a damaged database");
		return true;
	}
	if (sqlite3_prepare_v2(image.db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", -1,
	                       &st, NULL) == SQLITE_OK)
		while (go && (r = sqlite3_step(st)) == SQLITE_ROW)
			go = sqlite3_column_text(st, 0)
			             ? cells(x, image.db, (const char *)sqlite3_column_text(st, 0), depth)
			             : true;
	if (go && r != SQLITE_DONE)
		x->unread(x->arg, "it is a damaged database");
	sqlite3_finalize(st);
	sqlimage_done(&image);
	return go;
}

static bool read_whole(int fd, unsigned char *to, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t n = pread(fd, to + at, size - at, (off_t)at);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool database_file(struct extract *x, int fd, size_t size, int wal_fd)
{
	cleanup_free unsigned char *wal = NULL;
	unsigned char *data;
	size_t wal_size = 0, room;
	struct stat st;

	if (wal_fd >= 0 && !fstat(wal_fd, &st) && st.st_size > 0 && (uint64_t)st.st_size + size <= EXTRACT_DB_MAX) {
		wal = malloc((size_t)st.st_size);
		wal_size = wal && read_whole(wal_fd, wal, (size_t)st.st_size) ? (size_t)st.st_size : 0;
	}
	room = sqlimage_room(size, wal, wal_size);
	data = sqlite3_malloc64(room);
	if (!data || !read_whole(fd, data, size)) {
		sqlite3_free(data);
		x->unread(x->arg, data ? "it could not be read" : "there is no memory for it");
		return true;
	}
	return database(x, data, size, room, wal, wal_size, 0);
}

/* ---- files
 * ----------------------------------------------------------------------------------------------------------- */

bool extract_bytes(struct extract *x, const void *bytes, size_t len, const char *inside, unsigned int depth)
{
	struct source s = { -1, bytes, len, 0 };
	enum extract_kind kind = len ? extract_kind(bytes, len) : EXTRACT_PLAIN;
	struct extract_text t = { bytes, len, kind == EXTRACT_JSON, 0, 0, 0, inside };
	unsigned char *copy;

	if (!len)
		return true;
	if (depth < EXTRACT_NESTED && kind == EXTRACT_ZSTD)
		return unzstd(x, &s, inside);
	if (depth < EXTRACT_NESTED && (kind == EXTRACT_GZIP || kind == EXTRACT_ZLIB) &&
	    !inflate_all(x, &s, kind == EXTRACT_ZLIB, inside))
		return false;
	if (depth < EXTRACT_NESTED && kind == EXTRACT_SQLITE) {
		copy = sqlite3_malloc64(len);
		if (copy) {
			memcpy(copy, bytes, len);
			return database(x, copy, len, len, NULL, 0, depth);
		}
	}
	return x->text(x->arg, &t);
}

static bool plain(struct extract *x, int fd)
{
	cleanup_free char *buf = malloc(65536);
	struct pieces p;
	uint64_t total = 0;
	off_t data;
	ssize_t n = 0;
	bool go = true;

	if (!buf || !pieces_begin(&p, x, "", true))
		return true;
	while (go && total < EXTRACT_FILE_MAX) {
		/* Nothing is in the holes of a file that has some. */
		data = lseek(fd, (off_t)total, SEEK_DATA);
		if (data > (off_t)total) {
			go = pieces_flush(&p, true);
			p.offset = total = (uint64_t)data;
		} else if (data < 0 && errno == ENXIO) {
			break;
		}
		n = pread(fd, buf, 65536, (off_t)total);
		if (n <= 0)
			break;
		total += (uint64_t)n;
		go = go && pieces_add(&p, buf, (size_t)n);
	}
	if (n < 0)
		x->unread(x->arg, "it could not be read");
	if (total >= EXTRACT_FILE_MAX)
		x->unread(x->arg, "it is larger than what is read");
	return pieces_end(&p) && go;
}

bool extract_file(struct extract *x, int fd, int wal_fd)
{
	struct source s = { .fd = fd };
	unsigned char head[4096];
	struct stat st;
	ssize_t n;

	x->unpacked = 0;
	if (fstat(fd, &st)) {
		x->unread(x->arg, "it could not be looked at");
		return true;
	}
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		x->unread(x->arg, "it could not be read");
	if (n <= 0)
		return true;
	switch (extract_kind(head, (size_t)n)) {
	case EXTRACT_ZSTD:
		return unzstd(x, &s, "zstd");
	case EXTRACT_GZIP:
		return inflate_all(x, &s, false, "gzip");
	case EXTRACT_ZLIB:
		if (!inflate_all(x, &s, true, "zlib"))
			return false;
		break;
	case EXTRACT_SQLITE:
		if ((uint64_t)st.st_size > EXTRACT_DB_MAX)
			x->unread(x->arg, "it is a database larger than what is read as one: its bytes alone were");
		else if (!database_file(x, fd, (size_t)st.st_size, wal_fd))
			return false;
		break; /* and its bytes: what was deleted lies in free pages */
	case EXTRACT_PACK:
		x->unread(x->arg, "it is a pack of git, which is not unpacked");
		return true;
	default:
		break;
	}
	return plain(x, fd);
}
