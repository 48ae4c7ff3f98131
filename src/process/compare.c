/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: asking file systems whether they ignore case. */
#include "process/compare.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/statx.h"
#include "fold.h"
#include "record.h"

/* By the kind of file system. The attributes are the kernel's own: a FUSE file system is not asked for them. */
static uint8_t of_kind(const struct statfs *fs, int fd, const char *path)
{
	struct statx st = { 0 };

	if (statx(fd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &st))
		st.stx_dev_major = 0;
	return sl_device_names((uint32_t)fs->f_type, st.stx_dev_major);
}

uint8_t compare_directory(int fd)
{
	struct statfs fs;
	int flags = 0;

	if (!fstatfs(fd, &fs) && sl_magic_names((uint32_t)fs.f_type) != SL_NAMES_EXACT)
		return of_kind(&fs, fd, "");
	return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_CASEFOLD_FL ? SL_NAMES_FOLD : SL_NAMES_EXACT;
}

static uint8_t of_directory(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return !statfs(path, &fs) ? of_kind(&fs, AT_FDCWD, path) : SL_NAMES_EXACT;
	return compare_directory(fd);
}

void compare_root(unsigned int pid, char *ret, size_t size)
{
	char path[48];
	struct stat own, its;

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	ret[0] = '\0';
	if (!stat("/proc/self/ns/mnt", &own) && !stat(path, &its) && own.st_ino != its.st_ino)
		snprintf(ret, size, "/proc/%u/root", pid);
}

uint16_t compare_flags(const char *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX + 64];
	uint8_t how;

	if (path[0] != '/' || snprintf(folder, sizeof(folder), "%s%.*s/", root, (int)(slash - path), path) >= (int)sizeof(folder))
		return 0;
	how = of_directory(folder);
	return how == SL_NAMES_EXACT ? 0 : how == SL_NAMES_DOS ? SL_STR_FOLDS | SL_STR_DOS : SL_STR_FOLDS;
}

void compare_names(const char *root, const char *path, uint8_t *how, size_t max)
{
	char above[PATH_MAX + 64];
	size_t component = 0;

	memset(how, SL_NAMES_EXACT, max);
	for (const char *slash = strchr(path, '/'); slash && ++component < max; slash = strchr(slash + 1, '/')) {
		int len = (int)(slash - path);

		if (snprintf(above, sizeof(above), "%s%.*s/", root, len, path) >= (int)sizeof(above))
			return;
		how[component] = of_directory(above);
	}
}
