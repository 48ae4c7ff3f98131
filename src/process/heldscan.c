/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: descriptors that processes had before they had a label. */
#include "process/heldscan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/compare.h"

#define FOLDER_SIZE 64
#define DELETED " (deleted)"

struct held {
	struct sl_rec_file rec;
	char path[SL_PATH_MAX + 1];
};

/* Flags of open(2), from the text of fdinfo. */
static int flags_of(const char *folder, const char *name, unsigned int *ret)
{
	char path[FOLDER_SIZE + NAME_MAX + 16], line[64];
	cleanup_fclose FILE *f = NULL;

	snprintf(path, sizeof(path), "%sinfo/%s", folder, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", ret) == 1)
			return 0;
	return -ENOENT;
}

/*
 * The path's match set, its names compared as their directories do. root: compare_root(). Directories are asked where it matters whether they
 * ignore case: of most paths nobody's file system is touched.
 */
static uint16_t match_held(const struct compiled *c, const char *root, const char *path, size_t len)
{
	uint8_t how[SL_PATH_MAX + 2];
	char text[SL_PATH_MAX + 1];
	unsigned int set = compiled_match(c, c->path, path, len, NULL, NULL, NULL);
	bool unknown;

	if (compiled_match_record(c, c->path, path, len, SL_STR_FOLDS | SL_STR_DOS, &unknown) == set && !unknown)
		return (uint16_t)set;
	memcpy(text, path, len);
	text[len] = '\0';
	compare_names(root, text, how, sizeof(how));
	set = compiled_match(c, c->path, text, len, how, NULL, &unknown);
	return (uint16_t)(!set && unknown ? SL_SET_UNRESOLVED : set);
}

/* Fills what /proc tells of a descriptor. 0: a regular file whose path is in a match set, open for reading. The path first: it asks no
 * file system, and of most descriptors it says enough. */
static int read_held(const char *folder, const char *name, const char *root, const struct compiled *c, struct held *h)
{
	char path[FOLDER_SIZE + NAME_MAX + 16];
	unsigned int flags;
	struct stat st;
	ssize_t len;
	bool gone;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	len = readlink(path, h->path, SL_PATH_MAX);
	if (len <= 0 || h->path[0] != '/')
		return -ENOENT;
	/* The kernel's words behind the name of a file that has none any more. */
	gone = (size_t)len > strlen(DELETED) && !memcmp(h->path + len - strlen(DELETED), DELETED, strlen(DELETED));
	h->rec.set = match_held(c, root, h->path, (size_t)len);
	if (!h->rec.set && !gone)
		return -ENOENT;
	if (stat(path, &st) || !S_ISREG(st.st_mode) || flags_of(folder, name, &flags))
		return -ENOENT;
	if (flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
		return -ENOENT;
	if (!st.st_nlink && gone) {
		len -= (ssize_t)strlen(DELETED);
		h->rec.set = match_held(c, root, h->path, (size_t)len);
	}
	h->rec.ino = st.st_ino;
	h->rec.dev = major(st.st_dev) << 20 | minor(st.st_dev);
	h->rec.open_flags = flags;
	h->rec.access = SL_ACCESS_READ | ((flags & O_ACCMODE) == O_RDWR ? SL_ACCESS_WRITE : 0);
	h->rec.path_len = (uint16_t)len;
	h->path[len] = '\0';
	h->rec.path_flags = SL_STR_PLAIN | compare_flags(root, h->path) | (len == SL_PATH_MAX ? SL_STR_TRUNCATED : 0);
	return 0;
}

/* Was the descriptor there when the program began? Of one that ran before the agent all are looked at. */
static bool was_open(const struct sl_rec_exec *image, const char *name)
{
	unsigned int fd = (unsigned int)atoi(name);

	if (image->origin != SL_EXEC_ORIGIN_EXEC)
		return true;
	return fd < SL_OPEN_FDS && image->open_fds[fd / 16] >> (fd % 16) & 1;
}

int heldscan(const char *root, const struct sl_rec_exec *image, const struct compiled *c, heldscan_sink sink, void *arg)
{
	struct held h = { .rec = { .hdr = { .kind = SL_REC_FILE, .version = SL_RECORD_VERSION, .time_ns = image->hdr.time_ns },
				   .who = image->who, .came = SL_CAME_HELD } };
	char folder[FOLDER_SIZE], its_root[FOLDER_SIZE];
	const struct dirent *d;
	struct sl_decision decision;
	int told = 0, err = 0, seen = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/%u/fd", root, image->who.tgid);
	compare_root(image->who.tgid, its_root, sizeof(its_root));
	dir = opendir(folder);
	while (dir && err >= 0 && (d = readdir(dir))) {
		if (seen++ == HELDSCAN_MAX) {
			err = -E2BIG;
			break;
		}
		if (d->d_name[0] == '.' || !was_open(image, d->d_name) || read_held(folder, d->d_name, its_root, c, &h))
			continue;
		decision = compiled_file(c, h.rec.who.tool, h.rec.who.exe_set, image->mode, h.rec.who.uid, h.rec.set);
		if (!h.rec.set || decision.action == SL_ACTION_ALLOW)
			continue;
		h.rec.set = (uint16_t)compiled_deciding_set(c, h.rec.who.tool, h.rec.who.exe_set, image->mode, h.rec.who.uid, h.rec.set);
		h.rec.rule = decision.rule;
		h.rec.action = decision.action;
		h.rec.reader = decision.reader;
		h.rec.hdr.size = (uint32_t)sizeof(h.rec) + h.rec.path_len;
		err = sink(arg, &h, h.rec.hdr.size);
		told++;
	}
	if (dir)
		closedir(dir);
	return err < 0 ? err : told;
}
