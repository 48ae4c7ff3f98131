/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: finding the cgroup v2 root. The hierarchy exists on every kernel with cgroups, mounted or not; the hybrid layout
 * mounts it below /sys/fs/cgroup/unified, and where nobody mounted it a detached mount gives a descriptor without
 * changing anything that others can see.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/internal.h"

/* Decodes the \ooo escapes of mountinfo in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Is the first name of `list` ("cpu,cpuacct") one of the comma-separated `among`? */
static bool has_first(const char *among, const char *list)
{
	size_t len = strcspn(list, ",");

	for (const char *at = among; (at = memmem(at, strlen(at), list, len)); at++)
		if ((at == among || at[-1] == ',' || at[-1] == ' ') && (!at[len] || strchr(", \n", at[len])))
			return true;
	return false;
}

int kernel_cgroup_mount(const char *controllers, char *ret, size_t size)
{
	cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t line_size = 0;

	if (!f)
		return -errno;
	while (getline(&line, &line_size, f) > 0) {
		char *type = strstr(line, " - "), *root, *where, *save = NULL;

		if (!type)
			continue;
		if (!(controllers[0] ? !strncmp(type + 3, "cgroup ", 7) && has_first(type, controllers) :
				       !strncmp(type + 3, "cgroup2 ", 8)))
			continue;
		if (!strtok_r(line, " ", &save) || !strtok_r(NULL, " ", &save) || !strtok_r(NULL, " ", &save))
			continue;
		root = strtok_r(NULL, " ", &save);
		where = strtok_r(NULL, " ", &save);
		if (!root || !where || strcmp(root, "/") != 0)
			continue;
		unescape(where);
		if (strlen(where) >= size)
			continue;
		strcpy(ret, where);
		return 0;
	}
	return -ENOENT;
}

/* Opens the first cgroup2 mount of the whole hierarchy (root "/"). -ENOENT: none. */
static int open_mounted(void)
{
	char where[4096];
	int err = kernel_cgroup_mount("", where, sizeof(where)), fd;

	if (err)
		return err;
	fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_detached(void)
{
	cleanup_close int fs = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int kernel_cgroup_root(struct errmsg *e)
{
	int fd = open_mounted();

	if (fd == -ENOENT)
		fd = open_detached();
	if (fd < 0)
		return errmsg_set(e, fd, "no cgroup v2: %s: connections cannot be seen; boot a kernel with CONFIG_CGROUP_BPF",
				  strerror(-fd));
	return fd;
}
