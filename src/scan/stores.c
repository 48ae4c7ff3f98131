/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the walk through stores: the folders that patterns name before their first wildcard, and projects near the top
 * of a home. */
#include "scan/stores.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/userfile.h"

#define FOLDERS_MAX 1024

enum store_class stores_class(const struct compiled *c, const char *home, const char *path, char tool[32],
                              bool *second_hand)
{
	size_t home_len = strlen(home), cnt;
	enum store_class class = STORE_NONE;
	char usual[PATH_MAX + 16];
	const char *names[16], *at = path;
	unsigned int set;

	tool[0] = '\0';
	*second_hand = false;
	/* By the path that it has in a usual home: the folder may be one that is none. */
	if (!strncmp(path, home, home_len) && path[home_len] == '/' &&
	    snprintf(usual, sizeof(usual), "/home/user%s", path + home_len) < (int)sizeof(usual))
		at = usual;
	set = compiled_match(c, c->path, at, strlen(at), NULL, NULL, NULL);
	cnt = compiled_classes(c, set, names, 16);
	for (size_t i = 0; i < cnt && i < 16; i++) {
		if (!strncmp(names[i], "own:", 4)) {
			snprintf(tool, 32, "%.31s", names[i] + 4);
			class = class == STORE_SECRET ? class : STORE_KEPT;
			continue;
		}
		for (size_t k = 0; k < c->policy->secrets_cnt; k++) {
			if (strcmp(c->policy->secrets[k].name, names[i]))
				continue;
			/* A class that says little of what is in the file leaves it to the store. */
			if (c->policy->secrets[k].second_hand) {
				*second_hand = true;
				class = class == STORE_SECRET ? class : STORE_KEPT;
			} else if (strcmp(c->policy->secrets[k].confidence, "low")) {
				class = STORE_SECRET;
			}
		}
	}
	return class;
}

bool stores_are_named(const struct compiled *c)
{
	const char *names[16];
	size_t cnt;

	for (unsigned int set = 0; set < c->path->info.sets; set++) {
		cnt = compiled_classes(c, set, names, 16);
		for (size_t i = 0; i < cnt && i < 16; i++) {
			if (!strncmp(names[i], "own:", 4))
				return true;
			for (size_t k = 0; k < c->policy->secrets_cnt; k++)
				if (c->policy->secrets[k].second_hand && !strcmp(c->policy->secrets[k].name, names[i]))
					return true;
		}
	}
	return false;
}

/* Folders that hold what was fetched or built; those that patterns name are walked by themselves. */
static bool is_skipped(const char *name)
{
	static const char *const names[] = { "node_modules",  ".git",    ".cache", ".npm",        ".cargo",
		                             ".rustup",       ".venv",   "venv",   "__pycache__", ".tox",
		                             "site-packages", ".gradle", ".m2",    "target",      ".mozilla",
		                             ".nvm",          ".pyenv",  "vendor" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void give(struct stores *s, const char *path, const struct stat *st, bool all)
{
	char tool[32];
	bool second_hand;
	enum store_class class = stores_class(s->c, s->home, path, tool, &second_hand);

	if (all)
		class = STORE_KEPT;
	if (class == STORE_NONE)
		return;
	if (S_ISREG(st->st_mode)) {
		if (st->st_size && !s->file(s->arg, path, class, tool, second_hand, st))
			s->stopped = true;
	} else if (all || class == STORE_KEPT) {
		s->unread(s->arg, path,
		          S_ISLNK(st->st_mode) ? "is a symbolic link, which is not followed" : "is not a regular file");
	}
}

static void walk(struct stores *s, const char *path, unsigned int depth, bool all, bool projects)
{
	struct dirent *d;
	DIR *list;
	int fd;

	if (depth == 0 || s->entries >= STORES_ENTRIES_MAX) {
		if (!projects)
			s->unread(s->arg, path, "is too deep, or there are too many files");
		return;
	}
	if (userfile_list(s->root, path + 1, all ? USERFILE_ANY_OWNER : s->uid, &fd)) {
		if (!projects)
			s->unread(s->arg, path, "is a folder that cannot be entered");
		return;
	}
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return;
	}
	while (!s->stopped && s->entries < STORES_ENTRIES_MAX && (d = readdir(list))) {
		char below[PATH_MAX];
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		s->entries++;
		if (snprintf(below, sizeof(below), "%s/%s", path, d->d_name) >= (int)sizeof(below)) {
			s->unread(s->arg, path, "holds a path that is too long");
			continue;
		}
		if (fstatat(dirfd(list), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!S_ISDIR(st.st_mode))
			give(s, below, &st, all);
		else if (projects && (is_skipped(d->d_name) ||
		                      (depth == STORES_HOME_DEPTH_MAX && d->d_name[0] == '.') || st.st_dev != s->dev))
			continue;
		else
			walk(s, below, depth - 1, all, projects);
	}
	if (!projects && s->entries >= STORES_ENTRIES_MAX)
		s->unread(s->arg, path, "there are too many files: the rest was not looked at");
	closedir(list);
}

void stores_walk_path(struct stores *s, const char *path)
{
	struct stat st;
	int fd;

	if (userfile_list(s->root, path + 1, USERFILE_ANY_OWNER, &fd) == USERFILE_OK) {
		close(fd);
		walk(s, path, STORES_DEPTH_MAX, true, false);
		return;
	}
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW))
		s->unread(s->arg, path, "does not exist");
	else
		give(s, path, &st, true);
}

/* ---- folders of patterns
 * --------------------------------------------------------------------------------------------- */

struct folders {
	char *v[FOLDERS_MAX];
	size_t cnt;
};

/* "~/a/b/ **" -> "a/b"; a pattern that names a file: itself. Nothing for one that begins with a wildcard. */
static void add(struct folders *f, const char *pattern)
{
	size_t len = 0, next;
	char *copy;

	if (pattern[0] != '~' || pattern[1] != '/')
		return;
	pattern += 2;
	for (;;) {
		next = len + strcspn(pattern + len, "/");
		if (strcspn(pattern + len, "*?[\\") < next - len || next == len)
			break;
		len = next;
		if (!pattern[len])
			break;
		len++;
	}
	while (len && pattern[len - 1] == '/')
		len--;
	if (!len || f->cnt == FOLDERS_MAX)
		return;
	copy = strndup(pattern, len);
	if (copy)
		f->v[f->cnt++] = copy;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static void walk_folders(struct stores *s, struct folders *f)
{
	const char *last = NULL;

	qsort(f->v, f->cnt, sizeof(*f->v), by_text);
	for (size_t i = 0; i < f->cnt && !s->stopped; i++) {
		char path[PATH_MAX];
		struct stat st;

		if (last && below(f->v[i], last))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", s->home, f->v[i]) >= (int)sizeof(path) ||
		    fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		last = f->v[i];
		if (S_ISDIR(st.st_mode))
			walk(s, path, STORES_DEPTH_MAX, false, false);
		else
			give(s, path, &st, false);
	}
}

void stores_walk(struct stores *s)
{
	static struct folders f;
	const struct policy *p = s->c->policy;
	struct stat st;

	f.cnt = 0;
	s->dev = stat(s->home, &st) ? 0 : st.st_dev;
	for (size_t i = 0; i < p->tools_cnt; i++)
		for (size_t k = 0; k < p->tools[i].own.cnt; k++)
			add(&f, p->tools[i].own.v[k]);
	for (size_t i = 0; i < p->secrets_cnt; i++)
		for (size_t k = 0; k < p->secrets[i].paths.cnt; k++)
			add(&f, p->secrets[i].paths.v[k]);
	walk_folders(s, &f);
	/* Hidden folders of the home are those above, or nobody's. */
	if (!s->stopped)
		walk(s, s->home, STORES_HOME_DEPTH_MAX, false, true);
	for (size_t i = 0; i < f.cnt; i++)
		free(f.v[i]);
	f.cnt = 0;
}
