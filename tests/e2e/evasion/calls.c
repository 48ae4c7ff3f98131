/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Contents by one particular system call: calls HOW FILE (the ways of opening are in tools/triggers).
 *
 *   read                   nothing special: for a program that lies elsewhere or is started strangely
 *   mmap sendfile splice copy-range     without read()
 *   rdwr                   opened for reading and writing
 *   creat                  creat() and, through the descriptor's link, read: the file is empty by then
 *   exec-flag              with the bit by which the kernel marks its own opens for exec
 *   unlinked               O_PATH, unlink, then through the descriptor's link: the path ends in " (deleted)"
 *   renamed-open           O_PATH, rename, then through the descriptor's link
 *   exchange FILE OTHER    swaps both names, reads OTHER
 *   title                  command line and comm overwritten before
 *   map-files HOLDER FILE  through /proc/HOLDER/map_files of a process that has it mapped
 *   casefold FOLDER        an empty folder of a file system that can: from now on it ignores case
 *   hold-map FILE UP       the process for that: maps FILE, makes UP, stays until it is killed
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "evade.h"

extern char **environ;

static int by_read(char **args)
{
	return evade_show_file(args[0]);
}

static int by_mmap(char **args)
{
	int fd = open(args[0], O_RDONLY);
	struct stat st;
	char *bytes;

	if (fd < 0)
		return evade_refused(args[0]);
	if (fstat(fd, &st) || !st.st_size)
		return evade_cannot("fstat");
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return evade_refused("mmap");
	return write(STDOUT_FILENO, bytes, (size_t)st.st_size) < 0 ? evade_refused("write") : 0;
}

static int by_sendfile(char **args)
{
	int fd = open(args[0], O_RDONLY);

	if (fd < 0)
		return evade_refused(args[0]);
	return sendfile(STDOUT_FILENO, fd, NULL, 65536) < 0 ? evade_refused("sendfile") : 0;
}

static int by_splice(char **args)
{
	int fd = open(args[0], O_RDONLY), pipefd[2];

	if (fd < 0)
		return evade_refused(args[0]);
	if (pipe(pipefd))
		return evade_cannot("pipe");
	if (splice(fd, NULL, pipefd[1], NULL, 4096, 0) < 0)
		return evade_refused("splice");
	close(pipefd[1]);
	return evade_show(pipefd[0]);
}

static int by_copy_range(char **args)
{
	int fd = open(args[0], O_RDONLY), copy;
	char folder[PATH_MAX];

	if (fd < 0)
		return evade_refused(args[0]);
	evade_split(args[0], folder);
	copy = open(folder, O_TMPFILE | O_RDWR, 0600);
	if (copy < 0)
		return evade_cannot("O_TMPFILE");
	if (copy_file_range(fd, NULL, copy, NULL, 65536, 0) < 0)
		return evade_refused("copy_file_range");
	lseek(copy, 0, SEEK_SET);
	return evade_show(copy);
}

static int by_rdwr(char **args)
{
	int fd = open(args[0], O_RDWR);

	return fd < 0 ? evade_refused(args[0]) : evade_show(fd);
}

static int by_creat(char **args)
{
	int fd = creat(args[0], 0600);

	return fd < 0 ? evade_refused(args[0]) : evade_show_again(fd);
}

static int by_exec_flag(char **args)
{
	long fd = syscall(SYS_openat, AT_FDCWD, args[0], O_RDONLY | 0x20, 0);

	return fd < 0 ? evade_refused(args[0]) : evade_show((int)fd);
}

static int by_unlinked(char **args)
{
	int fd = open(args[0], O_PATH);

	if (fd < 0 || unlink(args[0]))
		return evade_cannot("unlink");
	return evade_show_again(fd);
}

static int by_renamed_open(char **args)
{
	int fd = open(args[0], O_PATH);
	char folder[PATH_MAX], other[PATH_MAX + 16];

	evade_split(args[0], folder);
	snprintf(other, sizeof(other), "%s/innocent", folder);
	if (fd < 0 || rename(args[0], other))
		return evade_cannot("rename");
	return evade_show_again(fd);
}

static int by_exchange(char **args)
{
	if (syscall(SYS_renameat2, AT_FDCWD, args[0], AT_FDCWD, args[1], RENAME_EXCHANGE))
		return evade_cannot("renameat2");
	return evade_show_file(args[1]);
}

static int by_title(char **args)
{
	char *file = strdup(args[0]);
	size_t len = strlen(args[0]);

	if (!file)
		return evade_cannot("strdup");
	/* Arguments lie one after another; the environment follows. */
	memset(args[0], 'x', len);
	environ = NULL;
	prctl(PR_SET_NAME, "kworker/0:1", 0, 0, 0);
	return evade_show_file(file);
}

static int hold_map(char **args)
{
	int fd = open(args[0], O_RDONLY), up;

	if (fd < 0 || mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return evade_cannot(args[0]);
	close(fd);
	up = creat(args[1], 0600);
	if (up < 0)
		return evade_cannot(args[1]);
	for (;;)
		pause();
}

static int by_map_files(char **args)
{
	char maps[64], link[128], line[PATH_MAX + 256];
	FILE *f;

	snprintf(maps, sizeof(maps), "/proc/%s/maps", args[0]);
	f = fopen(maps, "r");
	if (!f)
		return evade_cannot(maps);
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, args[1]))
			continue;
		fclose(f);
		line[strcspn(line, " ")] = '\0';
		snprintf(link, sizeof(link), "/proc/%s/map_files/%.64s", args[0], line);
		return evade_show_file(link);
	}
	fclose(f);
	fprintf(stderr, "not mapped there\n");
	return EVADE_UNSUPPORTED;
}

static int casefold(char **args)
{
	int fd = open(args[0], O_RDONLY | O_DIRECTORY), flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return evade_cannot(args[0]);
	flags |= FS_CASEFOLD_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) ? evade_cannot(args[0]) : 0;
}

static const struct evade_way ways[] = {
	{ "read", 1, by_read },
	{ "mmap", 1, by_mmap },
	{ "sendfile", 1, by_sendfile },
	{ "splice", 1, by_splice },
	{ "copy-range", 1, by_copy_range },
	{ "rdwr", 1, by_rdwr },
	{ "creat", 1, by_creat },
	{ "exec-flag", 1, by_exec_flag },
	{ "unlinked", 1, by_unlinked },
	{ "renamed-open", 1, by_renamed_open },
	{ "exchange", 2, by_exchange },
	{ "title", 1, by_title },
	{ "map-files", 2, by_map_files },
	{ "hold-map", 2, hold_map },
	{ "casefold", 1, casefold },
};

int main(int argc, char **argv)
{
	return evade_main(argc, argv, ways, sizeof(ways) / sizeof(ways[0]));
}
