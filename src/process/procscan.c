/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: reading /proc. One process is read through one directory descriptor, so that a pid that is given to another
 * process meanwhile fails instead of mixing two. Labels are in procscan_label.c; who keeps the records is the caller.
 */
#include "process/procscan.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process/compare.h"

#define DELETED " (deleted)"
#define PF_KTHREAD 0x00200000u

/* One record under construction. */
struct writer {
	struct sl_rec_exec *rec;
	size_t used;
};

struct stat_line {
	char state;
	uint32_t ppid, flags;
	int tty;
	uint64_t start_ticks;
	uint64_t arg_start, arg_end; /* addresses of its arguments; 0: not shown to this reader */
	char comm[SL_COMM_LEN];
};

/* Reads at most size bytes; what is beyond is not looked for. */
static ssize_t read_file(int dir, const char *name, char *buf, size_t size)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The name in brackets may hold anything, brackets and newlines too: it ends at the last bracket. */
static int parse_stat(char *text, struct stat_line *ret)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long start, arg_start = 0, arg_end = 0;
	size_t len;

	if (!open || !close || close < open)
		return -EBADMSG;
	if (sscanf(close + 1, " %c %u %*d %*d %d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*u %*d %llu"
		   " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u %*u %*u %*u %*d"
		   " %*u %*u %*u %llu %llu",
		   &ret->state, &ret->ppid, &ret->tty, &ret->flags, &start, &arg_start, &arg_end) < 5)
		return -EBADMSG;
	ret->start_ticks = start;
	ret->arg_start = arg_start;
	ret->arg_end = arg_end;
	len = (size_t)(close - open - 1);
	memset(ret->comm, 0, sizeof(ret->comm));
	memcpy(ret->comm, open + 1, len < SL_COMM_LEN ? len : SL_COMM_LEN - 1);
	return 0;
}

static int read_stat(int dir, struct stat_line *ret)
{
	char text[1024];
	ssize_t n = read_file(dir, "stat", text, sizeof(text) - 1);

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return parse_stat(text, ret);
}

static int read_uid(int dir, uint32_t *ret)
{
	char text[4096];
	ssize_t n = read_file(dir, "status", text, sizeof(text) - 1);
	const char *line;

	if (n < 0)
		return (int)n;
	text[n] = '\0';
	/* The kernel escapes newlines in the name above, so a line start is a line start. */
	line = strstr(text, "\nUid:");
	return line && sscanf(line, "\nUid: %u", ret) == 1 ? 0 : -EBADMSG;
}

static uint16_t put(struct writer *w, const char *bytes, size_t len)
{
	memcpy((char *)w->rec + w->used, bytes, len);
	w->used += len;
	return (uint16_t)len;
}

/* Whether `path`, which ends with the kernel's mark for unlinked files, is really the name of that file. */
static bool is_named_so(int dir, const char *link, const char *path)
{
	struct stat a, b;

	return !fstatat(dir, link, &a, 0) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Copies what a link in the process's directory points at, at most SL_PATH_MAX bytes. Returns its length or -errno. */
static int read_link(int dir, const char *link, char *buf, uint16_t *flags, bool safely)
{
	ssize_t n = readlinkat(dir, link, buf, SL_PATH_MAX);

	*flags = SL_STR_PLAIN;
	if (n < 0) {
		*flags |= SL_STR_MISSING;
		return -errno;
	}
	buf[n] = '\0';
	if (n == SL_PATH_MAX)
		*flags |= SL_STR_TRUNCATED;
	if ((size_t)n > strlen(DELETED) && !strcmp(buf + n - strlen(DELETED), DELETED) && (safely || !is_named_so(dir, link, buf)))
		n -= (ssize_t)strlen(DELETED);
	return (int)n;
}

/* Opens a thread that still has its program, for a process whose first thread has ended. */
static int open_thread(int dir)
{
	cleanup_close int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	char path[SL_PATH_MAX];
	int found = -1;

	if (!tasks)
		return -1;
	fd = -1; /* the stream's now */
	while (found < 0 && (d = readdir(tasks))) {
		cleanup_close int task = -1;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		task = openat(dirfd(tasks), d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (task >= 0 && readlinkat(task, "exe", path, sizeof(path)) > 0)
			found = take_fd(task);
	}
	closedir(tasks);
	return found;
}

/* As is_roots() of bpf/process.bpf.c, as far as it shows from here: of another user namespace nothing is believed. */
static bool is_roots(int dir)
{
	cleanup_close int fd = openat(dir, "exe", O_PATH | O_CLOEXEC);
	struct stat st, mine, its;
	struct statvfs vfs;

	return fd >= 0 && !fstat(fd, &st) && !st.st_uid && !(st.st_mode & 022) && !fstatvfs(fd, &vfs) && !(vfs.f_flag & ST_NOSUID) &&
	       !stat("/proc/self/ns/user", &mine) && !fstatat(dir, "ns/user", &its, 0) && mine.st_ino == its.st_ino;
}

static void put_paths(struct writer *w, int dir, bool safely)
{
	char buf[SL_PATH_MAX + 1];
	int n;

	n = read_link(dir, "exe", buf, &w->rec->exe_flags, safely);
	w->rec->exe_len = n > 0 ? put(w, buf, (size_t)n) : 0;
	if (n > 0 && !safely) {
		char root[32];

		compare_root(w->rec->who.tgid, root, sizeof(root));
		buf[n] = '\0';
		w->rec->exe_flags |= compare_flags(root, buf);
	}
	/* Asking the file may wait for the server of its file system. */
	if (safely || !is_roots(dir))
		w->rec->exe_flags |= SL_STR_UNPROVED;
	n = read_link(dir, "cwd", buf, &w->rec->cwd_flags, safely);
	w->rec->cwd_len = n > 0 ? put(w, buf, (size_t)n) : 0;
}

/*
 * Marks arguments that were not read to their end. Where the kernel cannot read a page (it is protected, or of a FUSE file, or of
 * userfaultfd before 6.5), /proc/PID/cmdline just ends; and of a process that wrote over its arguments' last byte it shows one text alone.
 */
static void mark_unread_argv(struct sl_rec_exec *rec, const struct stat_line *before, const struct stat_line *after)
{
	/* Another program by now: its record comes from the kernel. */
	if (rec->argv_flags || before->arg_start != after->arg_start || before->arg_end != after->arg_end)
		return;
	if (after->arg_end > after->arg_start && rec->argv_len < after->arg_end - after->arg_start)
		rec->argv_flags = SL_STR_UNRESOLVED | (rec->argv_len ? SL_STR_TRUNCATED : SL_STR_MISSING);
}

static void put_argv(struct writer *w, int dir)
{
	char buf[SL_ARGV_MAX + 1];
	struct stat_line before = { 0 }, after = { 0 };
	ssize_t n;

	read_stat(dir, &before);
	n = read_file(dir, "cmdline", buf, sizeof(buf));
	read_stat(dir, &after);
	if (n < 0) {
		w->rec->argv_flags = SL_STR_MISSING;
		return;
	}
	if (n > SL_ARGV_MAX) {
		n = SL_ARGV_MAX;
		w->rec->argv_flags = SL_STR_TRUNCATED;
	} else if (n && buf[n - 1]) {
		/* A process that rewrote its arguments need not have ended the last one. */
		if (n < SL_ARGV_MAX)
			buf[n++] = '\0';
		else
			w->rec->argv_flags = SL_STR_TRUNCATED;
	}
	w->rec->argv_len = put(w, buf, (size_t)n);
	mark_unread_argv(w->rec, &before, &after);
}

/* Turns a cgroup's path around, leaf first, without the mark of a cgroup that was removed; cut as the kernel's is. Its length. */
static size_t leaf_first(char *path, char ret[SL_CGROUP_PATH_LEN])
{
	size_t len = strlen(path), at = 0;

	if (len > strlen(DELETED) && !strcmp(path + len - strlen(DELETED), DELETED))
		path[len - strlen(DELETED)] = '\0';
	for (int depth = 0; depth < SL_CGROUP_DEPTH; depth++) {
		char *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		size_t n = strnlen(name, SL_CGROUP_LEN - 1);

		if (!n || at > SL_CGROUP_PATH_LEN - SL_CGROUP_LEN)
			break;
		if (at)
			ret[at++] = '/';
		memcpy(ret + at, name, n);
		at += n;
		if (!slash)
			break;
		*slash = '\0';
	}
	return at;
}

/* That of v2; on hosts where v2 holds nothing, systemd's own v1 hierarchy has it. */
static void put_cgroup(struct writer *w, int dir)
{
	char text[16384], path[SL_CGROUP_PATH_LEN], *line, *end;
	ssize_t n = read_file(dir, "cgroup", text, sizeof(text) - 1);
	size_t len = 0;

	if (n < 0)
		return;
	text[n] = '\0';
	for (line = text; !len && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (!strncmp(line, "0::", 3))
			len = leaf_first(line + 3, path);
		else if (strstr(line, ":name=systemd:"))
			len = leaf_first(strstr(line, ":name=systemd:") + strlen(":name=systemd:"), path);
	}
	if (len)
		w->rec->cgroup_len = put(w, path, len);
}

/* Name of a terminal by its number, for the drivers that people sit at; "" for others. */
static void put_tty(struct writer *w, int tty)
{
	static const struct {
		unsigned int major, first, last;
		const char *name;
	} drivers[] = {
		{ 4, 0, 63, "tty" },     { 4, 64, 255, "ttyS" },      { 188, 0, 255, "ttyUSB" },
		{ 204, 64, 79, "ttyAMA" }, { 229, 0, 255, "hvc" },
	};
	unsigned int dev = (unsigned int)tty, major = dev >> 8 & 0xfff, minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	char name[SL_TTY_LEN + 16];
	int len = 0;

	/* Eight majors of 256 pseudo terminals each. */
	if (major >= 136 && major <= 143)
		len = snprintf(name, sizeof(name), "pts%u", minor + (major - 136) * 256);
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (major == drivers[i].major && minor >= drivers[i].first && minor <= drivers[i].last)
			len = snprintf(name, sizeof(name), "%s%u", drivers[i].name, minor - drivers[i].first);
	if (len > 0 && len <= SL_TTY_LEN)
		w->rec->tty_len = put(w, name, (size_t)len);
}

/*
 * safely: nothing that the process can make wait for itself. Its arguments are in its memory, which cannot be read while one of its threads
 * holds mmap_lock in a page fault; and looking for a name may ask a server of its own.
 */
static int read_process(int dir, uint32_t tgid, uint64_t time_ns, struct sl_rec_exec *rec, bool safely)
{
	struct writer w = { .rec = rec, .used = sizeof(*rec) };
	uint64_t tick_ns = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
	cleanup_close int thread = -1;
	struct stat_line st;
	uint32_t uid;
	int r;

	memset(rec, 0, sizeof(*rec));
	r = read_stat(dir, &st);
	if (r < 0)
		return r;
	if (st.flags & PF_KTHREAD)
		return 0;
	if (st.state == 'Z' || st.state == 'X') {
		/* The first thread has ended; the process has not while others run. */
		thread = open_thread(dir);
		if (thread < 0)
			return 0;
	}
	r = read_uid(dir, &uid);
	if (r < 0)
		return r;
	rec->who = (struct sl_who){ .tgid = tgid, .tid = tgid, .ppid = st.ppid, .uid = uid,
				    .start_ns = st.start_ticks * tick_ns };
	memcpy(rec->who.comm, st.comm, SL_COMM_LEN);
	rec->origin = SL_EXEC_ORIGIN_PROCFS;
	rec->mode = SL_MODE_CHILD;
	put_paths(&w, thread >= 0 ? thread : dir, safely);
	if (safely)
		rec->argv_flags = SL_STR_MISSING;
	else
		put_argv(&w, thread >= 0 ? thread : dir);
	put_cgroup(&w, dir);
	put_tty(&w, st.tty);
	/* Whatever could not be read because the process ended is not a process without a program. */
	r = read_stat(dir, &st);
	if (r < 0)
		return r;
	rec->hdr = (struct sl_hdr){ .kind = SL_REC_EXEC, .version = SL_RECORD_VERSION, .size = (uint32_t)w.used,
				    .time_ns = time_ns };
	return (int)w.used;
}

static int read_at(int root, uint32_t tgid, uint64_t time_ns, void *buf, bool safely)
{
	cleanup_close int dir = -1;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%u", tgid);
	dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -errno : read_process(dir, tgid, time_ns, buf, safely);
	return r == -ENOENT ? -ESRCH : r;
}

int procscan_read(const char *root, uint32_t tgid, uint64_t time_ns, void *buf)
{
	cleanup_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : read_at(fd, tgid, time_ns, buf, false);
}

int procscan_read_safely(const char *root, uint32_t tgid, uint64_t time_ns, void *buf)
{
	cleanup_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : read_at(fd, tgid, time_ns, buf, true);
}

bool procscan_argv_unread(const struct sl_rec_exec *rec)
{
	return rec->argv_flags & SL_STR_UNRESOLVED;
}

int procscan_add(struct procscan *s, const void *rec, size_t len)
{
	struct sl_rec_exec *copy;

	if (s->cnt == s->size) {
		size_t more = s->size ? s->size * 2 : 256;
		struct procscan_entry *v = more > PROCSCAN_MAX * 2ul ? NULL : reallocarray(s->v, more, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->size = more;
	}
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, rec, len);
	s->v[s->cnt++] = (struct procscan_entry){ .rec = copy };
	return 0;
}

static int by_tgid(const void *a, const void *b)
{
	const struct procscan_entry *x = a, *y = b;

	return x->rec->who.tgid < y->rec->who.tgid ? -1 : x->rec->who.tgid > y->rec->who.tgid;
}

void procscan_sort(struct procscan *s)
{
	if (s->cnt)
		qsort(s->v, s->cnt, sizeof(*s->v), by_tgid);
}

int procscan_each(const struct procscan_walk *w)
{
	_Alignas(8) static char buf[SL_RECORD_MAX];
	DIR *proc = opendir(w->root);
	const struct dirent *d;
	int r = 0;

	if (!proc)
		return -errno;
	while (r >= 0 && (errno = 0, (d = readdir(proc)))) {
		uint32_t tgid = isdigit((unsigned char)d->d_name[0]) ? (uint32_t)strtoul(d->d_name, NULL, 10) : 0;

		/* procfs lists them in this order. */
		if (!tgid || tgid < w->from)
			continue;
		if (w->begin)
			w->begin(w->arg, tgid);
		r = read_at(dirfd(proc), tgid, w->time_ns, buf, tgid == w->careful);
		/* Hidden from this user (hidepid): one process, not the scan. */
		if (r == -EACCES || r == -EPERM)
			r = 0;
		else if (r == -ESRCH || r == -EBADMSG)
			r = w->found(w->arg, NULL, 0);
		else if (r > 0)
			r = w->found(w->arg, buf, (size_t)r);
	}
	if (r >= 0 && errno)
		r = -errno;
	closedir(proc);
	return r < 0 ? r : 0;
}

static int take_found(void *arg, const void *rec, size_t size)
{
	struct procscan *s = arg;

	if (rec)
		return procscan_add(s, rec, size);
	s->vanished++;
	return 0;
}

int procscan_all(const char *root, uint64_t time_ns, struct procscan *ret)
{
	struct procscan s = { 0 };
	const struct procscan_walk walk = { .root = root, .time_ns = time_ns, .found = take_found, .arg = &s };
	int r = procscan_each(&walk);

	if (r < 0) {
		procscan_done(&s);
		return r;
	}
	procscan_sort(&s);
	*ret = s;
	return 0;
}

void procscan_done(struct procscan *s)
{
	for (size_t i = 0; i < s->cnt; i++)
		free(s->v[i].rec);
	free(s->v);
	*s = (struct procscan){ 0 };
}

struct procscan_entry *procscan_find(const struct procscan *s, uint32_t tgid)
{
	struct sl_rec_exec rec = { .who.tgid = tgid };
	struct procscan_entry key = { .rec = &rec };

	return s->cnt ? bsearch(&key, s->v, s->cnt, sizeof(*s->v), by_tgid) : NULL;
}
