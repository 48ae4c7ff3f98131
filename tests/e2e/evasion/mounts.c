/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Contents by another path to the same file: mounts HOW FILE PLACE. PLACE is an empty folder for what the way needs.
 *
 *   bind-file bind-folder  bind mount of the file onto "PLACE/innocent", of its folder onto PLACE
 *   userns                 the first as an unprivileged user could: within a user namespace of one's own
 *   chroot pivot           its folder becomes the root directory, by chroot and by pivot_root
 *   bind-many              bind-folder, then 4,200 other mounts of the filesystem
 *   chroot-bind            the file bind mounted as "innocent", and PLACE becomes the root directory
 *   detached detached-file open_tree of its folder, of the file alone: mounted nowhere
 *   moved                  open_tree of the file, then move_mount onto "PLACE/innocent"
 *   lazy                   bind mount of the folder, a handle on it, then lazily unmounted
 *   overlay fsmount        the folder below an overlay mounted on PLACE; the same by fsopen, mounted nowhere
 *   deep-make FILE N LEN   N folders of LEN bytes below FILE's folder, step by step; FILE is moved into the last one
 *   deep-read FILE N LEN   reads it there, step by step
 *   deep-bind FILE N PLACE   the last of them (LEN 1) bind mounted onto PLACE
 *
 * All of it in a mount namespace of its own: nothing stays on the machine.
 */
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "evade.h"

#ifndef MS_BIND
#define MS_BIND 4096
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#endif
#define DETACH 2 /* MNT_DETACH: <sys/mount.h> and <linux/mount.h> do not go together */

static int mount_on(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	return (int)syscall(SYS_mount, what, where, type, flags, options);
}

/* The calls under test come with every kernel that sluice runs on; a mount that is not allowed here is no finding. */
static void alone(int more)
{
	if (unshare(CLONE_NEWNS | more) || mount_on("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		exit(evade_cannot("mount namespace"));
}

static const char *inside(const char *place, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	return path;
}

static int bind_file(char **args, int more)
{
	const char *innocent = inside(args[1], "innocent");

	alone(more);
	close(creat(innocent, 0600));
	if (mount_on(args[0], innocent, NULL, MS_BIND, NULL))
		return evade_cannot("mount");
	return evade_show_file(innocent);
}

static int by_bind_file(char **args)
{
	return bind_file(args, 0);
}

static int by_userns(char **args)
{
	return bind_file(args, CLONE_NEWUSER);
}

static int by_bind_folder(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);

	alone(0);
	if (mount_on(folder, args[1], NULL, MS_BIND, NULL))
		return evade_cannot("mount");
	return evade_show_file(inside(args[1], name));
}

#define MANY 4200

/* More mounts of the filesystem than sluice walks through; on kernels since 6.18 the oldest is the last. */
static int by_many(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);
	char crowd[PATH_MAX];

	alone(0);
	snprintf(crowd, sizeof(crowd), "%s/../crowd", args[1]);
	if (mount_on(folder, args[1], NULL, MS_BIND, NULL) || (mkdir(crowd, 0700) && errno != EEXIST))
		return evade_cannot("mount");
	for (int i = 0; i < MANY; i++)
		if (mount_on(crowd, crowd, NULL, MS_BIND, NULL))
			return evade_cannot("mount");
	return evade_show_file(inside(args[1], name));
}

static int by_lazy(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);
	int dir, fd;

	alone(0);
	if (mount_on(folder, args[1], NULL, MS_BIND, NULL))
		return evade_cannot("mount");
	dir = open(args[1], O_PATH);
	if (dir < 0 || syscall(SYS_umount2, args[1], DETACH))
		return evade_cannot("umount2");
	fd = openat(dir, name, O_RDONLY);
	return fd < 0 ? evade_refused("openat") : evade_show(fd);
}

static int by_chroot(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);

	alone(0);
	if (chroot(folder) || chdir("/"))
		return evade_cannot("chroot");
	return evade_show_file(inside("", name));
}

static int by_chroot_bind(char **args)
{
	const char *innocent = inside(args[1], "innocent");

	alone(0);
	close(creat(innocent, 0600));
	if (mount_on(args[0], innocent, NULL, MS_BIND, NULL) || chroot(args[1]) || chdir("/"))
		return evade_cannot("chroot");
	return evade_show_file("/innocent");
}

/* pivot_root wants a root that is no initramfs: one by chroot first. */
static int by_pivot(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);

	alone(0);
	if (mount_on("place", args[1], "tmpfs", 0, NULL) || mkdir(inside(args[1], "new"), 0700) ||
	    mount_on(folder, inside(args[1], "new"), NULL, MS_BIND, NULL) || chroot(args[1]) || chdir("/new"))
		return evade_cannot("mounts for pivot_root");
	if (syscall(SYS_pivot_root, ".", ".") || syscall(SYS_umount2, ".", DETACH) || chdir("/"))
		return evade_cannot("pivot_root");
	return evade_show_file(inside("", name));
}

static int tree_of(const char *path)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE);

	if (fd < 0)
		exit(evade_cannot("open_tree"));
	return fd;
}

static int by_detached(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);
	int fd;

	alone(0);
	fd = openat(tree_of(folder), name, O_RDONLY);
	return fd < 0 ? evade_refused("openat") : evade_show(fd);
}

static int by_detached_file(char **args)
{
	alone(0);
	return evade_show_again(tree_of(args[0]));
}

static int by_moved(char **args)
{
	const char *innocent = inside(args[1], "innocent");
	int tree;

	alone(0);
	close(creat(innocent, 0600));
	tree = tree_of(args[0]);
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, innocent, MOVE_MOUNT_F_EMPTY_PATH))
		return evade_cannot("move_mount");
	return evade_show_file(innocent);
}

/* A tmpfs for what an overlay needs; the lower folder is the secret's. */
static void overlay_folders(const char *folder, const char *place, char options[4 * PATH_MAX])
{
	alone(0);
	if (mount_on("place", place, "tmpfs", 0, NULL) || mkdir(inside(place, "other"), 0700) ||
	    mkdir(inside(place, "on"), 0700))
		exit(evade_cannot("folders for an overlay"));
	snprintf(options, (size_t)4 * PATH_MAX, "%s:%s/other", folder, place);
}

static int by_overlay(char **args)
{
	char folder[PATH_MAX], lower[4 * PATH_MAX], options[4 * PATH_MAX + 16], path[2 * PATH_MAX];
	const char *name = evade_split(args[0], folder);

	overlay_folders(folder, args[1], lower);
	snprintf(options, sizeof(options), "lowerdir=%s", lower);
	if (mount_on("over", inside(args[1], "on"), "overlay", 0, options))
		return evade_cannot("overlay");
	snprintf(path, sizeof(path), "%s/on/%s", args[1], name);
	return evade_show_file(path);
}

static int by_fsmount(char **args)
{
	char folder[PATH_MAX], lower[4 * PATH_MAX];
	const char *name = evade_split(args[0], folder);
	int fs, mnt, fd;

	overlay_folders(folder, args[1], lower);
	fs = (int)syscall(SYS_fsopen, "overlay", 0);
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", lower, 0) ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return evade_cannot("fsopen of an overlay");
	mnt = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (mnt < 0)
		return evade_cannot("fsmount");
	fd = openat(mnt, name, O_RDONLY);
	return fd < 0 ? evade_refused("openat") : evade_show(fd);
}

static int number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || n < 1 || n > 10000) {
		fprintf(stderr, "%s: no number from 1 to 10000\n", text);
		exit(EVADE_MISUSE);
	}
	return (int)n;
}

static int deep(char **args, int make)
{
	char folder[PATH_MAX], step[256];
	const char *name = evade_split(args[0], folder);
	int n = number(args[1]), len = number(args[2]), dir = open(folder, O_PATH);

	if (dir < 0 || chdir(folder) || len >= (int)sizeof(step))
		return evade_cannot(folder);
	memset(step, 'd', (size_t)len);
	step[len] = '\0';
	for (int i = 0; i < n; i++)
		if ((make && mkdir(step, 0700)) || chdir(step))
			return evade_cannot("steps");
	if (make)
		return renameat(dir, name, AT_FDCWD, name) ? evade_cannot("rename") : 0;
	return evade_show_file(name);
}

static int deep_make(char **args)
{
	return deep(args, 1);
}

static int deep_read(char **args)
{
	return deep(args, 0);
}

/* The last of those folders by a bind mount of it: a short path here, a deep one through the oldest mount. */
static int deep_bind(char **args)
{
	char folder[PATH_MAX];
	const char *name = evade_split(args[0], folder);

	alone(0);
	if (chdir(folder))
		return evade_cannot(folder);
	for (int i = 0, n = number(args[1]); i < n; i++)
		if (chdir("d"))
			return evade_cannot("steps");
	if (mount_on(".", args[2], NULL, MS_BIND, NULL))
		return evade_cannot("mount");
	return evade_show_file(inside(args[2], name));
}

static const struct evade_way ways[] = {
	{ "bind-file", 2, by_bind_file },
	{ "bind-folder", 2, by_bind_folder },
	{ "bind-many", 2, by_many },
	{ "userns", 2, by_userns },
	{ "lazy", 2, by_lazy },
	{ "chroot", 1, by_chroot },
	{ "chroot-bind", 2, by_chroot_bind },
	{ "pivot", 2, by_pivot },
	{ "detached", 1, by_detached },
	{ "detached-file", 1, by_detached_file },
	{ "moved", 2, by_moved },
	{ "overlay", 2, by_overlay },
	{ "fsmount", 2, by_fsmount },
	{ "deep-make", 3, deep_make },
	{ "deep-read", 3, deep_read },
	{ "deep-bind", 3, deep_bind },
};

int main(int argc, char **argv)
{
	return evade_main(argc, argv, ways, sizeof(ways) / sizeof(ways[0]));
}
