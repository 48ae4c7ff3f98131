/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which folders are looked into for secrets, and in which order. Each home has a queue of folders, so that what is near the
 * top comes first and the bounds cut off what is deep; and the homes take turns, so that none uses up what the others are entitled to. It never leaves the filesystem that it begins on (nothing of a network, of
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

#define GROUPS_MAX 20000     /* homes, and one for all other folders that patterns name */
#define GROUP_WAITING_MIN 16 /* folders that may wait in one, however many there are */
#define FOLDER_MIN 1000      /* entries of a folder that are looked at, however many there are */
#define ROUND 256            /* entries of each in turn */
#define ABSENT_PER_ENTRY 8   /* folders that are not there cost less than an entry */

struct folder {
	struct folder *next;
	uint8_t *how;            /* how its components compare, see names_fold(); NULL: all bytes, or a root, of which it is not known yet. Owned */
	dev_t dev;               /* 0: a root, whatever it is on */
	unsigned int depth;      /* levels that may be gone down from here */
	char path[];
};

/* A home, or what is in none: a queue of folders. */
struct group {
	char *home;              /* NULL: in none; owned */
	size_t named;            /* folders that patterns name were put up to this one */
	struct folder *first, **last;
	size_t waiting, entries;
};

struct filescan {
	const struct compiled *c;
	struct group *groups;
	size_t groups_cnt, groups_size;
	size_t at_group;
	uint64_t level;          /* entries that each may have been looked at in this round */
	const char **named;      /* folders that patterns name below ~, without the ~: pointers into patterns */
	size_t *named_len;
	bool *named_below;
	size_t named_cnt;
	DIR *dir;                /* the folder at hand, NULL none */
	struct folder *at;
	uint8_t how[PATH_MAX + 2]; /* of a path in it */
	bool folds;              /* some of them ignore case */
	size_t dir_entries;
	unsigned int absent;
	uint64_t entries, left_out;
	filescan_folder on_folder;
	void *on_folder_arg;
};

/* No home takes the room of the others. */
static size_t share(const struct filescan *s, size_t all, size_t least)
{
	size_t part = all / (s->groups_cnt ? s->groups_cnt : 1);

	return part > least ? part : least;
}

static size_t components(const char *path)
{
	size_t cnt = 1;

	for (; *path; path++)
		cnt += *path == '/';
	return cnt;
}

static void folder_free(struct folder *f)
{
	if (f)
		free(f->how);
	free(f);
}

/* how: of the path's components; NULL: they compare bytes, or it is not known. */
static void put(struct filescan *s, struct group *g, const char *path, dev_t dev, unsigned int depth, const uint8_t *how)
{
	size_t size = strlen(path) + 1, cnt = how ? components(path) : 0;
	struct folder *f = g->waiting < share(s, FILESCAN_QUEUE_MAX, GROUP_WAITING_MIN) ? malloc(sizeof(*f) + size) : NULL;
	uint8_t *copy = f && how ? malloc(cnt) : NULL;

	if (!f || (how && !copy)) {
		free(f);
		s->left_out++;
		return;
	}
	if (copy)
		memcpy(copy, how, cnt);
	*f = (struct folder){ .how = copy, .dev = dev, .depth = depth };
	memcpy(f->path, path, size);
	*g->last = f;
	g->last = &f->next;
	g->waiting++;
}

static struct folder *take(struct group *g)
{
	struct folder *f = g->first;

	g->first = f->next;
	if (!g->first)
		g->last = &g->first;
	g->waiting--;
	return f;
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

static int add_group(struct filescan *s, const char *home)
{
	struct group *moved;

	if (s->groups_cnt == GROUPS_MAX) {
		s->left_out++;
		return 0;
	}
	if (s->groups_cnt == s->groups_size) {
		size_t size = s->groups_size ? s->groups_size * 2 : 16;

		moved = reallocarray(s->groups, size, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		s->groups = moved;
		s->groups_size = size;
	}
	s->groups[s->groups_cnt] = (struct group){ .home = home ? strdup(home) : NULL };
	if (home && !s->groups[s->groups_cnt].home)
		return -ENOMEM;
	s->groups_cnt++;
	return 0;
}

/* A home may be a pattern, or have backslashes in front of what would make it one. */
static int add_homes(struct filescan *s, const char *home)
{
	glob_t found;
	int r = 0;

	if (!has_wildcard(home, strlen(home)))
		return add_group(s, home);
	if (!glob(home, GLOB_NOSORT, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc && !r; i++)
			r = add_group(s, found.gl_pathv[i]);
		globfree(&found);
	}
	return r;
}

/* A folder that a pattern names in no home; one below ~ is noted, for each home in its turn. */
static void put_pattern(struct filescan *s, const char *pattern)
{
	bool home = pattern[0] == '~' && pattern[1] == '/', below;
	const char *rest = home ? pattern + 1 : pattern;
	char path[PATH_MAX];
	size_t len;

	if (rest[0] != '/') /* "!", or a name in any folder */
		return;
	len = folder_len(rest, &below);
	if (!len)
		return;
	if (!home) {
		if (snprintf(path, sizeof(path), "%.*s", (int)len, rest) < (int)sizeof(path))
			put(s, &s->groups[0], path, 0, below ? FILESCAN_DEPTH_MAX : 0, NULL);
		return;
	}
	for (size_t i = 0; i < s->named_cnt; i++) {
		if (s->named_len[i] != len || strncmp(s->named[i], rest, len) != 0)
			continue;
		s->named_below[i] |= below;
		return;
	}
	s->named[s->named_cnt] = rest;
	s->named_len[s->named_cnt] = len;
	s->named_below[s->named_cnt++] = below;
}

static int begin(struct filescan *s, const char *const *homes, size_t homes_cnt)
{
	const struct policy *p = s->c->policy;
	size_t patterns = 1;
	int r = add_group(s, NULL);

	for (size_t i = 0; i < homes_cnt && !r; i++)
		r = add_homes(s, homes[i]);
	for (size_t i = 0; i < p->secrets_cnt; i++)
		patterns += p->secrets[i].paths.cnt;
	s->named = calloc(patterns, sizeof(*s->named));
	s->named_len = calloc(patterns, sizeof(*s->named_len));
	s->named_below = calloc(patterns, sizeof(*s->named_below));
	if (r || !s->named || !s->named_len || !s->named_below)
		return -ENOMEM;
	/* They do not move any more. */
	for (size_t i = 0; i < s->groups_cnt; i++)
		s->groups[i].last = &s->groups[i].first;
	for (size_t i = 0; i < p->secrets_cnt; i++)
		for (size_t j = 0; j < p->secrets[i].paths.cnt; j++)
			put_pattern(s, p->secrets[i].paths.v[j]);
	return 0;
}

int filescan_new(const struct compiled *c, const char *const *homes, size_t homes_cnt, struct filescan **ret)
{
	struct filescan *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->c = c;
	s->level = ROUND;
	r = begin(s, homes, homes_cnt);
	if (r) {
		filescan_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void filescan_free(struct filescan *s)
{
	if (!s)
		return;
	if (s->dir)
		closedir(s->dir);
	folder_free(s->at);
	for (size_t i = 0; i < s->groups_cnt; i++) {
		while (s->groups[i].first)
			folder_free(take(&s->groups[i]));
		free(s->groups[i].home);
	}
	free(s->groups);
	free(s->named);
	free(s->named_len);
	free(s->named_below);
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

/* How names compare on the way to the folder that was entered, and in it. `root`: the way has not been looked at. */
static void ask_names(struct filescan *s, bool root)
{
	size_t cnt = components(s->at->path);

	memset(s->how, SL_NAMES_EXACT, cnt);
	if (root)
		compare_names("", s->at->path, s->how, cnt);
	else if (s->at->how)
		memcpy(s->how, s->at->how, cnt);
	s->how[cnt] = compare_directory(dirfd(s->dir));
	s->folds = false;
	for (size_t i = 0; i <= cnt; i++)
		s->folds |= s->how[i] != SL_NAMES_EXACT;
}

/* What is to be looked at next in a home: the folders that patterns name there, then all of it. False: nothing. */
static bool has_folder(struct filescan *s, struct group *g)
{
	char path[PATH_MAX];

	while (!g->first && g->home && g->named <= s->named_cnt) {
		size_t i = g->named++;

		if (i == s->named_cnt)
			put(s, g, g->home, 0, FILESCAN_DEPTH_MAX, NULL);
		else if (snprintf(path, sizeof(path), "%s%.*s", g->home, (int)s->named_len[i], s->named[i]) < (int)sizeof(path))
			put(s, g, path, 0, s->named_below[i] ? FILESCAN_DEPTH_MAX : 0, NULL);
	}
	return g->first;
}

/* The next one that has not had its part of this round; when all have, the next round. NULL: there is nothing left. */
static struct group *next_group(struct filescan *s)
{
	for (;;) {
		bool left = false;

		for (size_t n = 0; n < s->groups_cnt; n++) {
			struct group *g = &s->groups[s->at_group];

			if (has_folder(s, g)) {
				left = true;
				if (g->entries < s->level)
					return g;
			}
			s->at_group = (s->at_group + 1) % s->groups_cnt;
		}
		if (!left)
			return NULL;
		s->level += ROUND;
	}
}

/* One at most, so that a slice ends though none is there. False: there is no more. */
static bool next_folder(struct filescan *s)
{
	struct group *g = next_group(s);
	bool root;

	if (!g)
		return false;
	folder_free(s->at);
	s->at = take(g);
	s->dir_entries = 0;
	root = !s->at->dev;
	if (!s->on_folder || s->on_folder(s->on_folder_arg, s->at->path))
		s->dir = enter(s->at);
	if (s->dir)
		ask_names(s, root);
	return true;
}

static void look_at(struct filescan *s, const struct dirent *d, filescan_found found, void *arg)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", s->at->path, d->d_name);
	struct stat st;
	uint32_t set;
	bool unknown;

	if (len >= (int)sizeof(path) || !strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
		return;
	if (d->d_type == DT_DIR) {
		if (s->at->depth)
			put(s, &s->groups[s->at_group], path, s->at->dev, s->at->depth - 1, s->folds ? s->how : NULL);
		return;
	}
	if (d->d_type != DT_REG && d->d_type != DT_UNKNOWN)
		return;
	set = compiled_match(s->c, s->c->path, path, (size_t)len, s->folds ? s->how : NULL, NULL, &unknown);
	if (set <= SL_SET_UNRESOLVED)
		return;
	if (!fstatat(dirfd(s->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) && S_ISREG(st.st_mode))
		found(arg, path, set, &st);
}

static void end_folder(struct filescan *s)
{
	closedir(s->dir);
	s->dir = NULL;
}

/* All that still waits, in each home. */
static void leave_out_rest(struct filescan *s)
{
	s->left_out++;
	for (size_t i = 0; i < s->groups_cnt; i++) {
		const struct group *g = &s->groups[i];

		s->left_out += g->waiting + (g->home ? s->named_cnt + 1 - (g->named < s->named_cnt + 1 ? g->named : s->named_cnt + 1) : 0);
	}
}

bool filescan_step(struct filescan *s, unsigned int entries, filescan_found found, void *arg)
{
	while (entries) {
		const struct dirent *d;

		if (!s->dir) {
			if (!next_folder(s))
				return false;
			if (!s->dir && ++s->absent % ABSENT_PER_ENTRY == 0)
				entries--;
			continue;
		}
		entries--;
		d = readdir(s->dir);
		if (!d) {
			end_folder(s);
			continue;
		}
		if (s->entries++ >= FILESCAN_ENTRIES_MAX) {
			leave_out_rest(s);
			return false;
		}
		s->groups[s->at_group].entries++;
		if (s->dir_entries++ >= share(s, FILESCAN_ENTRIES_MAX, FOLDER_MIN)) {
			s->left_out++;
			end_folder(s);
			continue;
		}
		look_at(s, d, found, arg);
	}
	return true;
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
