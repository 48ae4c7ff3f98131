/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Opens and reads a file of a user that its owner may have made to harm the reader: no symbolic link on the whole way,
 * no way out of the folder it is looked for in, regular files only (nothing else is even opened: that of a device can
 * do things), never blocking on it, the owner's or root's only, up to a bound. A file system whose server does not
 * answer still stops the reader: callers run in a worker (worker.h).
 */
#ifndef SLUICE_PROCESS_USERFILE_H
#define SLUICE_PROCESS_USERFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/strbuf.h"

enum userfile_state {
	USERFILE_OK,
	USERFILE_ABSENT,
	USERFILE_LINK,    /* a symbolic link is on the way */
	USERFILE_SPECIAL, /* a directory, FIFO, socket or device */
	USERFILE_FOREIGN, /* another user's */
	USERFILE_LARGE,   /* beyond the bound */
	USERFILE_DENIED,  /* no permission */
	USERFILE_ERROR,   /* it could not be read, or changed while it was read */
};

#define USERFILE_ANY_OWNER UINT32_MAX

/* A folder to look in, by its absolute path without links. -errno. */
int userfile_folder(const char *path);

/* path: relative to dir. *ret_fd is for reading, and -1 unless USERFILE_OK. st may be NULL. */
enum userfile_state userfile_open(int dir, const char *path, uint32_t owner, int *ret_fd, struct stat *st);

/* The whole file, at most max bytes, replaces *ret (which is empty unless USERFILE_OK). */
enum userfile_state userfile_read(int dir, const char *path, uint32_t owner, size_t max, struct strbuf *ret);

/* A folder below dir, for listing. */
enum userfile_state userfile_list(int dir, const char *path, uint32_t owner, int *ret_fd);

/* "is a symbolic link", ...: goes on from a file's name. */
const char *userfile_state_text(enum userfile_state s);

#endif /* SLUICE_PROCESS_USERFILE_H */
