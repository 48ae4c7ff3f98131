/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which folders are looked into for secrets, and in which order. A queue of folders, so that what is near the top
 * comes first and the bound cuts off what is deep. It never leaves the filesystem that it begins on (nothing of a network, of
 * fuse or of the kernel's own is touched, unless a home is one), follows no symbolic link, and opens no file.
 */
#include "process/filescan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/statx.h"
#include "fold.h"
#include "policy_map.h"
#include "process/compare.h"

#define ROOTS_MAX 1024   /* homes, and folders that patterns name */

struct folder {
	char *path;
	uint8_t *how;            /* how its components compare, see names_fold(); NULL: all bytes, or a root, of which it is not known yet */
	dev_t dev;               /* 0: a root, whatever it is on */
	unsigned int depth;      /* levels that may be gone down from here */
};

struct filescan {
	const struct compiled *c;
	struct folder queue[FILESCAN_QUEUE_MAX]; /* a ring */
	size_t head, cnt;
	DIR *dir;                /* the folder at hand, NULL none */
	struct folder at;
	uint8_t how[PATH_MAX + 2]; /* of a path in it */
	bool folds;              /* some of them ignore case */
	uint64_t entries, left_out;
	filescan_folder on_folder;
	void *on_folder_arg;
};

static void folder_done(struct folder *f)
{
	free(f->path);
	free(f->how);
	f->path = NULL;
	f->how = NULL;
}

/* Takes f. */
static void put(struct filescan *s, struct folder f)
{
	if (!f.path || s->cnt == FILESCAN_QUEUE_MAX) {
		folder_done(&f);
		s->left_out++;
		return;
	}
	s->queue[(s->head + s->cnt++) % FILESCAN_QUEUE_MAX] = f;
}

static bool has_wildcard(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("*?[\\", s[i]))
			return true;
	return false;
}

/* Length of the folders that a pattern names before its first wildcard; *ret_below: more than a name may come after it. */
static size_t folder_len(const char *pattern, bool *ret_below)
{
	size_t len = 0, next;

	for (;;) {
		if (pattern[len] != '/')
			break;
		next = len + 1 + strcspn(pattern + len + 1, "/");
		if (!pattern[next] || has_wildcard(pattern + len, next - len))
			break;
		len = next;
	}
	*ret_below = strchr(pattern + len + 1, '/') != NULL || strstr(pattern + len, "**") != NULL;
	return len;
}

static void put_root(struct filescan *s, const char *base, const char *rest, size_t rest_len, unsigned int depth)
{
	char path[PATH_MAX];
	glob_t found;

	if (s->cnt >= ROOTS_MAX) {
		s->left_out++;
		return;
	}
	if (snprintf(path, sizeof(path), "%s%.*s", base, (int)rest_len, rest) >= (int)sizeof(path) || !path[0])
		return;
	if (!strpbrk(path, "*?[")) {
		put(s, (struct folder){ .path = strdup(path), .depth = depth });
		return;
	}
	if (!glob(path, GLOB_NOSORT, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc && s->cnt < ROOTS_MAX; i++)
			put(s, (struct folder){ .path = strdup(found.gl_pathv[i]), .depth = depth });
		globfree(&found);
	}
}

static void put_pattern(struct filescan *s, const char *pattern, const char *const *homes, size_t homes_cnt)
{
	bool home = pattern[0] == '~' && pattern[1] == '/', below;
	const char *rest = home ? pattern + 1 : pattern;
	size_t len;

	if (rest[0] != '/') /* "!", or a name in any folder */
		return;
	len = folder_len(rest, &below);
	for (size_t i = 0; home && len && i < homes_cnt; i++)
		put_root(s, homes[i], rest, len, below ? FILESCAN_DEPTH_MAX : 0);
	if (!home)
		put_root(s, "", rest, len, below ? FILESCAN_DEPTH_MAX : 0);
}

int filescan_new(const struct compiled *c, const char *const *homes, size_t homes_cnt, struct filescan **ret)
{
	const struct policy *p = c->policy;
	struct filescan *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->c = c;
	for (size_t i = 0; i < p->secrets_cnt; i++)
		for (size_t j = 0; j < p->secrets[i].paths.cnt; j++)
			put_pattern(s, p->secrets[i].paths.v[j], homes, homes_cnt);
	for (size_t i = 0; i < homes_cnt; i++)
		put_root(s, homes[i], "", 0, FILESCAN_DEPTH_MAX);
	*ret = s;
	return 0;
}

void filescan_free(struct filescan *s)
{
	if (!s)
		return;
	if (s->dir)
		closedir(s->dir);
	folder_done(&s->at);
	for (; s->cnt; s->cnt--)
		folder_done(&s->queue[s->head++ % FILESCAN_QUEUE_MAX]);
	free(s);
}

/* What the kernel makes up is no place for secrets, and reading it may cost much. */
static bool made_up(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	return fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC ||
	       fs.f_type == TRACEFS_MAGIC || fs.f_type == DEBUGFS_MAGIC || fs.f_type == BPF_FS_MAGIC;
}

/* Without asking a server, and without mounting anything. Another filesystem than the one begun on is not entered. */
static DIR *enter(struct folder *f)
{
	cleanup_close int at = open(f->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int fd = -1;
	struct statx st;
	DIR *dir;
	dev_t dev;

	if (at < 0 || statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st))
		return NULL;
	dev = (dev_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	if (f->dev && f->dev != dev)
		return NULL;
	f->dev = dev;
	fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || made_up(fd))
		return NULL;
	dir = fdopendir(fd);
	if (dir)
		(void)take_fd(fd);
	return dir;
}

static size_t components(const char *path)
{
	size_t cnt = 1;

	for (; *path; path++)
		cnt += *path == '/';
	return cnt;
}

/* How names compare on the way to the folder that was entered, and in it. `root`: the way has not been looked at. */
static void ask_names(struct filescan *s, bool root)
{
	size_t cnt = components(s->at.path);

	memset(s->how, SL_NAMES_EXACT, cnt);
	if (root)
		compare_names("", s->at.path, s->how, cnt);
	else if (s->at.how)
		memcpy(s->how, s->at.how, cnt);
	s->how[cnt] = compare_directory(dirfd(s->dir));
	s->folds = false;
	for (size_t i = 0; i <= cnt; i++)
		s->folds |= s->how[i] != SL_NAMES_EXACT;
}

static bool next_folder(struct filescan *s)
{
	while (!s->dir && s->cnt) {
		bool root;

		folder_done(&s->at);
		s->at = s->queue[s->head];
		s->head = (s->head + 1) % FILESCAN_QUEUE_MAX;
		s->cnt--;
		root = !s->at.dev;
		if (!s->on_folder || s->on_folder(s->on_folder_arg, s->at.path))
			s->dir = enter(&s->at);
		if (s->dir)
			ask_names(s, root);
	}
	return s->dir != NULL;
}

static struct folder below(const struct filescan *s, const char *path)
{
	struct folder f = { .path = strdup(path), .dev = s->at.dev, .depth = s->at.depth - 1 };
	size_t cnt = components(path);

	if (!s->folds)
		return f;
	f.how = malloc(cnt);
	if (f.how)
		memcpy(f.how, s->how, cnt);
	else
		folder_done(&f);
	return f;
}

static void look_at(struct filescan *s, const struct dirent *d, filescan_found found, void *arg)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", s->at.path, d->d_name);
	struct stat st;
	uint32_t set;
	bool unknown;

	if (len >= (int)sizeof(path) || !strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
		return;
	if (d->d_type == DT_DIR) {
		if (s->at.depth)
			put(s, below(s, path));
		return;
	}
	if (d->d_type != DT_REG && d->d_type != DT_UNKNOWN)
		return;
	/* A name that could be the short form of another is found by that: the folder lists the long ones. */
	set = dfa_match_names(s->c->path, path, (size_t)len, s->folds ? s->how : NULL, &unknown);
	if (set <= SL_SET_UNRESOLVED)
		return;
	if (!fstatat(dirfd(s->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) && S_ISREG(st.st_mode))
		found(arg, path, set, &st);
}

bool filescan_step(struct filescan *s, unsigned int entries, filescan_found found, void *arg)
{
	while (entries && next_folder(s)) {
		const struct dirent *d = readdir(s->dir);

		if (!d) {
			closedir(s->dir);
			s->dir = NULL;
			entries--;
			continue;
		}
		if (s->entries++ >= FILESCAN_ENTRIES_MAX) {
			s->left_out += 1 + s->cnt;
			return false;
		}
		entries--;
		look_at(s, d, found, arg);
	}
	return s->dir || s->cnt;
}

void filescan_on_folder(struct filescan *s, filescan_folder fn, void *arg)
{
	s->on_folder = fn;
	s->on_folder_arg = arg;
}

uint64_t filescan_left_out(const struct filescan *s)
{
	return s->left_out;
}
