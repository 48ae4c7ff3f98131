/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A SQLite database of a user, read as it is: its bytes and those of its write-ahead log, whose committed pages are
 * laid over it, in memory. Nothing is written beside it, no lock is taken, no file is opened by name.
 */
#ifndef SLUICE_PROCESS_SQLIMAGE_H
#define SLUICE_PROCESS_SQLIMAGE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQLIMAGE_STEPS_MAX                                                                                             \
	2000000000ull /* instructions of all statements of one image: then they fail with SQLITE_INTERRUPT */

struct sqlimage {
	sqlite3 *db;
	uint64_t steps;
	bool wal_cut; /* the log has more than was laid over: not committed, or damaged */
};

/*
 * data: from sqlite3_malloc64(), which the image owns from now on, also on failure; size bytes in it of room. wal may
 * be NULL. ret must stay where it is until sqlimage_done(). -EBADMSG: it is no database; -ENOMEM.
 */
int sqlimage_open(unsigned char *data, size_t size, size_t room, const unsigned char *wal, size_t wal_size,
                  struct sqlimage *ret);
void sqlimage_done(struct sqlimage *i);

/* Bytes that the database will have with its log: at least size. */
size_t sqlimage_room(size_t size, const unsigned char *wal, size_t wal_size);

/* The bytes begin as those of a database. */
bool sqlimage_is(const void *bytes, size_t len);

#endif /* SLUICE_PROCESS_SQLIMAGE_H */
