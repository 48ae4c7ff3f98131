/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Opens a file in one particular way. Usage: opens HOW FILE [NUMBER]
 *
 *   open openat openat2 creat         by this system call, for reading (creat: for writing)
 *   write rdwr trunc                  openat with O_WRONLY, O_RDWR, O_WRONLY|O_TRUNC
 *   path                              O_PATH: a handle without access to the contents
 *   path-reopen                       O_PATH, then read through /proc/self/fd
 *   handle                            name_to_handle_at, then open_by_handle_at (needs privilege)
 *   dirfd relative                    relative to a descriptor of its folder, to the working directory
 *   procroot proccwd                  through /proc/self/root, /proc/self/cwd
 *   thread                            from a thread that is not the leader
 *   comm                              after renaming the thread to "innocent"
 *   exec                              for execution (execveat of the file itself; exit status is the program's)
 *   mmap sendfile                     contents by mmap, by sendfile to a pipe
 *   bind chroot detached userns       in a private mount namespace: folder bind-mounted to /tmp, as the root, as a
 *                                     detached mount; bind mount within a new user namespace
 *   nowhere                           not FILE: one of its name in a filesystem that is mounted nowhere
 *   many FILE N                       N times one after another
 *   deep FOLDER N                     makes N folders of 200 bytes below FOLDER step by step, then opens the file
 *                                     ".env" in the last one (21 and more are longer than PATH_MAX)
 *   missing                           a file that is not there; success is that it fails
 *
 * With TRIGGER_SHOW in the environment the contents follow on stdout.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trigger.h"

#ifndef MS_REC
#define MS_REC 16384
#define MS_BIND 4096
#define MS_PRIVATE (1 << 18)
#endif

static long flags_open(const char *file, int flags)
{
	return trigger_sys(syscall(SYS_openat, AT_FDCWD, file, flags, 0600));
}

static long read_open(const char *file)
{
	return flags_open(file, O_RDONLY);
}

#ifdef SYS_open
static long by_open(const char *file)
{
	return trigger_sys(syscall(SYS_open, file, O_RDONLY, 0));
}

static long by_creat(const char *file)
{
	return trigger_sys(syscall(SYS_creat, file, 0600));
}
#else
static long by_open(const char *file)
{
	(void)file;
	return -ENOSYS;
}
#define by_creat by_open
#endif

/* As libc's creat() does it. */
static long by_openat_creat(const char *file)
{
	return trigger_sys(syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

static long by_openat2(const char *file)
{
	struct open_how how = { .flags = O_RDONLY };

	return trigger_sys(syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof(how)));
}

static long by_write(const char *file)
{
	return flags_open(file, O_WRONLY);
}

static long by_rdwr(const char *file)
{
	return flags_open(file, O_RDWR);
}

static long by_trunc(const char *file)
{
	return flags_open(file, O_WRONLY | O_TRUNC);
}

static long by_path(const char *file)
{
	return flags_open(file, O_PATH);
}

static long by_path_reopen(const char *file)
{
	char link[64];
	long fd = flags_open(file, O_PATH);

	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%ld", fd);
	return read_open(link);
}

static long by_handle(const char *file)
{
	struct {
		struct file_handle h;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .h.handle_bytes = MAX_HANDLE_SZ };
	char dir[PATH_MAX];
	int mount_id;
	long mount_fd;

	if (name_to_handle_at(AT_FDCWD, file, &handle.h, &mount_id, 0))
		return -errno;
	snprintf(dir, sizeof(dir), "%s", file);
	mount_fd = flags_open(dirname(dir), O_RDONLY | O_DIRECTORY);
	if (mount_fd < 0)
		return mount_fd;
	return trigger_sys(open_by_handle_at((int)mount_fd, &handle.h, O_RDONLY));
}

/* Splits into folder (opened) and base name. */
static long open_folder(const char *file, char base[PATH_MAX])
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", file);
	snprintf(base, PATH_MAX, "%s", basename(copy));
	snprintf(copy, sizeof(copy), "%s", file);
	return flags_open(dirname(copy), O_RDONLY | O_DIRECTORY);
}

static long by_dirfd(const char *file)
{
	char base[PATH_MAX];
	long dir = open_folder(file, base);

	return dir < 0 ? dir : trigger_sys(syscall(SYS_openat, (int)dir, base, O_RDONLY, 0));
}

static long by_relative(const char *file)
{
	char base[PATH_MAX];
	long dir = open_folder(file, base);

	if (dir < 0 || fchdir((int)dir))
		return dir < 0 ? dir : -errno;
	return read_open(base);
}

static long by_procroot(const char *file)
{
	char alias[PATH_MAX + 32];

	snprintf(alias, sizeof(alias), "/proc/self/root%s", file);
	return read_open(alias);
}

static long by_proccwd(const char *file)
{
	char base[PATH_MAX], alias[PATH_MAX + 32];
	long dir = open_folder(file, base);

	if (dir < 0 || fchdir((int)dir))
		return dir < 0 ? dir : -errno;
	snprintf(alias, sizeof(alias), "/proc/self/cwd/%s", base);
	return read_open(alias);
}

static void *thread_main(void *arg)
{
	return (void *)read_open(arg);
}

static long by_thread(const char *file)
{
	pthread_t thread;
	void *ret;
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", file);
	if (pthread_create(&thread, NULL, thread_main, copy) || pthread_join(thread, &ret))
		return -EAGAIN;
	return (long)ret;
}

static long by_comm(const char *file)
{
	prctl(PR_SET_NAME, "innocent", 0, 0, 0);
	return read_open(file);
}

static long by_exec(const char *file)
{
	char *argv[] = { (char *)"exec", NULL }, *envp[] = { NULL };

	fflush(stdout);
	return trigger_sys(syscall(SYS_execveat, AT_FDCWD, file, argv, envp, 0));
}

static long by_mmap(const char *file)
{
	volatile const char *bytes;
	long fd = read_open(file);

	if (fd < 0)
		return fd;
	bytes = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, (int)fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	if (lseek((int)fd, 0, SEEK_END) > 0) /* behind the end is SIGBUS */
		(void)bytes[0];
	return fd;
}

static long by_sendfile(const char *file)
{
	int pipefd[2];
	long fd = read_open(file);

	if (fd < 0 || pipe(pipefd))
		return fd < 0 ? fd : -errno;
	return trigger_sys(sendfile(pipefd[1], (int)fd, NULL, 4096));
}

/* A mount namespace of our own, so that nothing of it is left on the machine. */
static long private_mounts(int more)
{
	if (unshare(CLONE_NEWNS | more))
		return -errno;
	return trigger_sys(syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static long bind_open(const char *file, int more)
{
	char dir[PATH_MAX], base[PATH_MAX], place[] = "/tmp/opens.XXXXXX", alias[PATH_MAX + 32];
	long err = private_mounts(more);

	if (err < 0)
		return err;
	snprintf(dir, sizeof(dir), "%s", file);
	dirname(dir);
	snprintf(base, sizeof(base), "%s", strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
	if (!mkdtemp(place))
		return -errno;
	err = trigger_sys(syscall(SYS_mount, dir, place, NULL, MS_BIND, NULL));
	if (err == 0) {
		snprintf(alias, sizeof(alias), "%s/%s", place, base);
		err = read_open(alias);
		syscall(SYS_umount2, place, 2 /* MNT_DETACH */);
	}
	rmdir(place);
	return err;
}

static long by_bind(const char *file)
{
	return bind_open(file, 0);
}

static long by_userns(const char *file)
{
	return bind_open(file, CLONE_NEWUSER);
}

static long by_chroot(const char *file)
{
	char base[PATH_MAX], alias[PATH_MAX + 1];
	long dir = open_folder(file, base);

	if (dir < 0 || fchdir((int)dir) || chroot("."))
		return dir < 0 ? dir : -errno;
	snprintf(alias, sizeof(alias), "/%s", base);
	return read_open(alias);
}

static long by_detached(const char *file)
{
	char dir[PATH_MAX], base[PATH_MAX];
	long err = private_mounts(0), tree;

	if (err < 0)
		return err;
	snprintf(base, sizeof(base), "%s", strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
	snprintf(dir, sizeof(dir), "%s", file);
	tree = trigger_sys(syscall(SYS_open_tree, AT_FDCWD, dirname(dir), OPEN_TREE_CLONE));
	if (tree < 0)
		return tree;
	return trigger_sys(syscall(SYS_openat, (int)tree, base, O_RDONLY, 0));
}

/* A filesystem that is mounted nowhere. */
static long by_nowhere(const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	long fs = trigger_sys(syscall(SYS_fsopen, "tmpfs", 0)), top, fd;

	if (fs < 0)
		return fs;
	if (syscall(SYS_fsconfig, (int)fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	top = trigger_sys(syscall(SYS_fsmount, (int)fs, 0, 0));
	if (top < 0)
		return top;
	fd = trigger_sys(syscall(SYS_openat, (int)top, base, O_WRONLY | O_CREAT, 0600));
	if (fd < 0)
		return fd;
	close((int)fd);
	return trigger_sys(syscall(SYS_openat, (int)top, base, O_RDONLY, 0));
}

static long by_missing(const char *file)
{
	long fd = read_open(file);

	return fd == -ENOENT ? 0 : -EEXIST;
}

static long many(const char *file, long n)
{
	long fd = 0;

	for (long i = 0; i < n && fd >= 0; i++) {
		fd = read_open(file);
		if (fd >= 0)
			close((int)fd);
	}
	return fd;
}

static long deep(const char *folder, long n)
{
	char name[201];
	long fd;

	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir(folder))
		return -errno;
	for (long i = 0; i < n; i++) {
		if ((mkdir(name, 0700) && errno != EEXIST) || chdir(name))
			return -errno;
	}
	fd = flags_open(".env", O_WRONLY | O_CREAT | O_EXCL);
	if (fd < 0 && fd != -EEXIST)
		return fd;
	return read_open(".env");
}

static const struct {
	const char *how;
	long (*open)(const char *file);
} ways[] = {
	{ "open", by_open },         { "openat", read_open },     { "openat2", by_openat2 },
	{ "creat", by_creat },       { "write", by_write },       { "rdwr", by_rdwr },
	{ "trunc", by_trunc },       { "path", by_path },         { "path-reopen", by_path_reopen },
	{ "handle", by_handle },     { "dirfd", by_dirfd },       { "relative", by_relative },
	{ "procroot", by_procroot }, { "proccwd", by_proccwd },   { "thread", by_thread },
	{ "comm", by_comm },         { "exec", by_exec },         { "mmap", by_mmap },
	{ "sendfile", by_sendfile }, { "bind", by_bind },         { "chroot", by_chroot },
	{ "detached", by_detached }, { "userns", by_userns },     { "missing", by_missing },
	{ "nowhere", by_nowhere },   { "openat-creat", by_openat_creat },
};

static const struct {
	const char *how;
	long (*open)(const char *file, long n);
} counted[] = {
	{ "many", many },
	{ "deep", deep },
};

int main(int argc, char **argv)
{
	if (argc == 3) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			if (!strcmp(argv[1], ways[i].how)) {
				long rc = ways[i].open(argv[2]);

				trigger_show(rc);
				return trigger_end("opens", argv[1], rc < 0 ? (int)rc : 0);
			}
		}
	}
	if (argc == 4) {
		for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
			if (!strcmp(argv[1], counted[i].how)) {
				long rc = counted[i].open(argv[2], trigger_number(argv[3], 0, 100000000));

				return trigger_end("opens", argv[1], rc < 0 ? (int)rc : 0);
			}
		}
	}
	fprintf(stderr, "usage: opens HOW FILE [NUMBER]; HOW:");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " %s", ways[i].how);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		fprintf(stderr, " %s", counted[i].how);
	fprintf(stderr, "\n");
	return TRIGGER_MISUSE;
}
