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
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fold.h"

static uint8_t of_directory(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct statfs fs;
	int flags = 0;

	if (fd < 0)
		return !statfs(path, &fs) ? sl_magic_names((uint32_t)fs.f_type) : SL_NAMES_EXACT;
	if (!fstatfs(fd, &fs) && sl_magic_names((uint32_t)fs.f_type) != SL_NAMES_EXACT)
		return sl_magic_names((uint32_t)fs.f_type);
	return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_CASEFOLD_FL ? SL_NAMES_FOLD : SL_NAMES_EXACT;
}

void compare_names(const char *path, uint8_t *how, size_t max)
{
	char above[PATH_MAX];
	size_t component = 0;

	memset(how, SL_NAMES_EXACT, max);
	for (const char *slash = strchr(path, '/'); slash && ++component < max; slash = strchr(slash + 1, '/')) {
		int len = (int)(slash - path);

		if (snprintf(above, sizeof(above), "%.*s", len ? len : 1, path) >= (int)sizeof(above))
			return;
		how[component] = of_directory(above);
	}
}
