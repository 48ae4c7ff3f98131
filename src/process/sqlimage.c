/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how a database and its log become one image (https://www.sqlite.org/fileformat2.html), and what hostile ones
 * may cost. */
#include "process/sqlimage.h"

#include <errno.h>
#include <string.h>

#define WAL_HEAD   32
#define FRAME_HEAD 24
#define STEP_OPS   10000

static uint32_t big(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

bool sqlimage_is(const void *bytes, size_t len)
{
	return len >= 100 && !memcmp(bytes, "SQLite format 3", 16);
}

static void sum(const unsigned char *p, size_t len, bool is_big, uint32_t s[2])
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		s[0] += (is_big ? big(p + i) : little(p + i)) + s[1];
		s[1] += (is_big ? big(p + i + 4) : little(p + i + 4)) + s[0];
	}
}

struct frame {
	uint32_t page;  /* from 1 */
	uint32_t pages; /* of the database after it, if it ends a transaction; else 0 */
	const unsigned char *data;
};

struct log {
	const unsigned char *p;
	size_t len, at, page_size;
	bool is_big;
	uint32_t sum[2];
};

static bool log_open(struct log *l, const unsigned char *wal, size_t len)
{
	uint32_t magic;

	*l = (struct log){ .p = wal, .len = len, .at = WAL_HEAD };
	if (!wal || len < WAL_HEAD)
		return false;
	magic = big(wal);
	l->is_big = magic & 1;
	l->page_size = big(wal + 8);
	sum(wal, 24, l->is_big, l->sum);
	return magic >> 1 == 0x377f0682 >> 1 && l->page_size >= 512 && l->page_size <= 65536 &&
	       !(l->page_size & (l->page_size - 1)) && l->sum[0] == big(wal + 24) && l->sum[1] == big(wal + 28);
}

static bool log_next(struct log *l, struct frame *ret)
{
	const unsigned char *head = l->p + l->at;

	if (l->len - l->at < FRAME_HEAD + l->page_size)
		return false;
	/* Frames of an earlier use of the file have other salts. */
	if (memcmp(head + 8, l->p + 16, 8))
		return false;
	sum(head, 8, l->is_big, l->sum);
	sum(head + FRAME_HEAD, l->page_size, l->is_big, l->sum);
	if (l->sum[0] != big(head + 16) || l->sum[1] != big(head + 20))
		return false;
	*ret = (struct frame){ big(head), big(head + 4), head + FRAME_HEAD };
	l->at += FRAME_HEAD + l->page_size;
	return ret->page != 0;
}

/* Offset behind the last transaction that was committed, and how many pages there are then. */
static size_t log_committed(const unsigned char *wal, size_t len, uint32_t *ret_pages)
{
	size_t end = 0;
	struct frame f;
	struct log l;

	*ret_pages = 0;
	if (!log_open(&l, wal, len))
		return 0;
	while (log_next(&l, &f)) {
		if (!f.pages)
			continue;
		end = l.at;
		*ret_pages = f.pages;
	}
	return end;
}

size_t sqlimage_room(size_t size, const unsigned char *wal, size_t wal_size)
{
	uint32_t pages;
	struct log l;
	size_t frames, most;

	if (!log_committed(wal, wal_size, &pages) || !log_open(&l, wal, wal_size))
		return size;
	/* The number of pages is the file's word: no more than what is in it and what the log can add. */
	frames = wal_size / (FRAME_HEAD + l.page_size);
	most = size + frames * l.page_size;
	return (size_t)pages * l.page_size > size
	               ? ((size_t)pages * l.page_size < most ? (size_t)pages * l.page_size : most)
	               : size;
}

static size_t lay_over(unsigned char *data, size_t size, size_t room, const unsigned char *wal, size_t wal_size)
{
	uint32_t pages;
	size_t end = log_committed(wal, wal_size, &pages), page_size = (size_t)(data[16] << 8 | data[17]);
	struct frame f;
	struct log l;

	page_size = page_size == 1 ? 65536 : page_size;
	if (!end || !log_open(&l, wal, wal_size) || l.page_size != page_size)
		return size;
	memset(data + size, 0, room - size);
	while (l.at < end && log_next(&l, &f))
		if ((size_t)f.page <= room / l.page_size)
			memcpy(data + (size_t)(f.page - 1) * l.page_size, f.data, l.page_size);
	return (size_t)pages * l.page_size <= room ? (size_t)pages * l.page_size : room;
}

static int tick(void *arg)
{
	struct sqlimage *i = arg;

	i->steps += STEP_OPS;
	return i->steps > SQLIMAGE_STEPS_MAX;
}

int sqlimage_open(unsigned char *data, size_t size, size_t room, const unsigned char *wal, size_t wal_size,
                  struct sqlimage *ret)
{
	uint32_t pages;

	*ret = (struct sqlimage){ 0 };
	if (!sqlimage_is(data, size) || room < size) {
		sqlite3_free(data);
		return -EBADMSG;
	}
	ret->wal_cut = wal_size > 0 && log_committed(wal, wal_size, &pages) != wal_size;
	size = lay_over(data, size, room, wal, wal_size);
	/* No log any more: an image cannot have one. */
	data[18] = data[19] = 1;
	if (sqlite3_open_v2(":memory:", &ret->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		sqlite3_close(ret->db);
		sqlite3_free(data);
		ret->db = NULL;
		return -ENOMEM;
	}
	/* It frees data when it fails. */
	if (sqlite3_deserialize(ret->db, "main", data, (sqlite3_int64)size, (sqlite3_int64)room,
	                        SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
		sqlite3_close(ret->db);
		ret->db = NULL;
		return -EBADMSG;
	}
	sqlite3_db_config(ret->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(ret->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(ret->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(ret->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_exec(ret->db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	sqlite3_limit(ret->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_progress_handler(ret->db, STEP_OPS, tick, ret);
	return 0;
}

void sqlimage_done(struct sqlimage *i)
{
	sqlite3_close(i->db);
	i->db = NULL;
}
