/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the only way in which audit and scan open files of users. Knows nothing of what is in them. */
#include "process/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static int open_beneath(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
		                .resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static enum userfile_state state_of(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return USERFILE_ABSENT;
	case -ELOOP:
	case -EXDEV:
		return USERFILE_LINK;
	case -EACCES:
	case -EPERM:
		return USERFILE_DENIED;
	default:
		return USERFILE_ERROR;
	}
}

int userfile_folder(const char *path)
{
	return open_beneath(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
}

/* By the descriptor that was looked at: what the name leads to may be something else by now. */
static enum userfile_state reopen(int fd, int flags, int *ret_fd)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	*ret_fd = open(self, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *ret_fd < 0 ? state_of(-errno) : USERFILE_OK;
}

static enum userfile_state look(int dir, const char *path, uint32_t owner, int *ret_fd, struct stat *st)
{
	cleanup_close int fd = open_beneath(dir, path, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH);

	if (fd < 0)
		return state_of(fd);
	if (fstat(fd, st))
		return USERFILE_ERROR;
	if (S_ISLNK(st->st_mode))
		return USERFILE_LINK;
	if (owner != USERFILE_ANY_OWNER && st->st_uid != owner && st->st_uid != 0)
		return USERFILE_FOREIGN;
	*ret_fd = take_fd(fd);
	return USERFILE_OK;
}

enum userfile_state userfile_open(int dir, const char *path, uint32_t owner, int *ret_fd, struct stat *st)
{
	cleanup_close int fd = -1;
	enum userfile_state r;
	struct stat own;

	st = st ? st : &own;
	*ret_fd = -1;
	r = look(dir, path, owner, &fd, st);
	if (r)
		return r;
	if (!S_ISREG(st->st_mode))
		return USERFILE_SPECIAL;
	return reopen(fd, O_RDONLY, ret_fd);
}

enum userfile_state userfile_list(int dir, const char *path, uint32_t owner, int *ret_fd)
{
	cleanup_close int fd = -1;
	enum userfile_state r;
	struct stat st;

	*ret_fd = -1;
	r = look(dir, path, owner, &fd, &st);
	if (r)
		return r;
	if (!S_ISDIR(st.st_mode))
		return USERFILE_SPECIAL;
	return reopen(fd, O_RDONLY | O_DIRECTORY, ret_fd);
}

enum userfile_state userfile_read(int dir, const char *path, uint32_t owner, size_t max, struct strbuf *ret)
{
	cleanup_close int fd = -1;
	enum userfile_state r;
	char buf[16384];
	struct stat st;
	ssize_t n;

	strbuf_reset(ret);
	r = userfile_open(dir, path, owner, &fd, &st);
	if (r)
		return r;
	if ((uint64_t)st.st_size > max)
		return USERFILE_LARGE;
	/* It may grow while it is read: the bound is on what was read. */
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (ret->len + (size_t)n > max) {
			strbuf_reset(ret);
			return USERFILE_LARGE;
		}
		strbuf_add(ret, buf, (size_t)n);
	}
	if (n < 0 || !strbuf_ok(ret)) {
		strbuf_reset(ret);
		return USERFILE_ERROR;
	}
	return USERFILE_OK;
}

const char *userfile_state_text(enum userfile_state s)
{
	switch (s) {
	case USERFILE_OK:
		return "was read";
	case USERFILE_ABSENT:
		return "does not exist";
	case USERFILE_LINK:
		return "is, or is below, a symbolic link, which is not followed";
	case USERFILE_SPECIAL:
		return "is not a regular file";
	case USERFILE_FOREIGN:
		return "belongs to another user";
	case USERFILE_LARGE:
		return "is larger than what is read";
	case USERFILE_DENIED:
		return "may not be read";
	case USERFILE_ERROR:
		break;
	}
	return "could not be read";
}
