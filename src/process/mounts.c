/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: /proc/PID/mountinfo as text, and paths compared by it. */
#include "process/mounts.h"

#include <errno.h>
#include <string.h>

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks, line breaks and backslashes are \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

bool mounts_parse(char *line, struct mount_row *ret)
{
	char *field[5], *save = NULL;
	struct mount_row row = { 0 };
	char extra;

	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " \n", &save);
		if (!field[i])
			return false;
	}
	if (sscanf(field[2], "%u:%u%c", &row.major, &row.minor, &extra) != 2 || field[4][0] != '/')
		return false;
	unescape(field[3]);
	unescape(field[4]);
	row.root = strdup(field[3]);
	row.at = strdup(field[4]);
	if (!row.root || !row.at) {
		free(row.root);
		free(row.at);
		return false;
	}
	*ret = row;
	return true;
}

static struct mount_row *add_row(struct mounts *m)
{
	size_t size = m->size ? m->size * 2 : 64;
	struct mount_row *moved;

	if (m->cnt < m->size)
		return &m->v[m->cnt];
	moved = reallocarray(m->v, size, sizeof(*moved));
	if (!moved)
		return NULL;
	m->v = moved;
	m->size = size;
	return &m->v[m->cnt];
}

int mounts_read(const char *file, struct mounts *ret)
{
	cleanup_(mounts_done) struct mounts m = { 0 };
	cleanup_fclose FILE *f = fopen(file, "re");
	cleanup_free char *line = NULL;
	struct mount_row *row;
	size_t size = 0;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		if (m.cnt == MOUNTS_MAX) {
			m.left_out++;
			continue;
		}
		row = add_row(&m);
		if (!row)
			return -ENOMEM;
		if (mounts_parse(line, row))
			m.cnt++;
		else
			m.left_out++;
	}
	*ret = m;
	m = (struct mounts){ 0 };
	return 0;
}

void mounts_done(struct mounts *m)
{
	for (size_t i = 0; i < m->cnt; i++) {
		free(m->v[i].root);
		free(m->v[i].at);
	}
	free(m->v);
	*m = (struct mounts){ 0 };
}

/* What is behind `dir` in a path that is dir or below it: "" or "/..."; NULL: it is elsewhere. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (len && dir[len - 1] == '/')
		len--;
	return !strncmp(dir, path, len) && (!path[len] || path[len] == '/') ? path + len : NULL;
}

const struct mount_row *mounts_of(const struct mounts *m, const char *path)
{
	const struct mount_row *best = NULL;

	for (size_t i = 0; i < m->cnt; i++)
		if (below(m->v[i].at, path) && (!best || strlen(m->v[i].at) >= strlen(best->at)))
			best = &m->v[i];
	return best;
}

/*
 * Path of the directory within the file system is the root of the mount that it is on, then what is below the mount's place. What is left of it below
 * `root`, in two parts; false: it is not below.
 */
static bool reaches(const char *root, const struct mount_row *on, const char *rest, const char **ret_left, const char **ret_more)
{
	const char *left = below(root, on->root);

	*ret_left = left;
	*ret_more = rest;
	if (left)
		return true;
	left = below(on->root, root);
	*ret_left = "";
	*ret_more = left && *left ? below(left, rest) : NULL;
	return *ret_more != NULL;
}

/* A mount of the same file system, among the first cnt, through which the directory can be reached. */
static const struct mount_row *other_mount(const struct mounts *m, size_t cnt, const struct mount_row *on, const char *path,
					   const char **ret_left, const char **ret_more)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct mount_row *other = &m->v[i];

		if (other != on && other->major == on->major && other->minor == on->minor &&
		    reaches(other->root, on, below(on->at, path), ret_left, ret_more))
			return other;
	}
	return NULL;
}

bool mounts_have_other(const struct mounts *m, const char *path)
{
	const struct mount_row *on = mounts_of(m, path);
	const char *left, *more;

	return !on || m->left_out || other_mount(m, m->cnt, on, path, &left, &more);
}

int mounts_older_path(const struct mounts *m, const char *path, char *ret, size_t size)
{
	const struct mount_row *on = mounts_of(m, path), *other;
	const char *left, *more;

	other = on ? other_mount(m, (size_t)(on - m->v), on, path, &left, &more) : NULL;
	if (!other)
		return -ENOENT;
	/* The root of a file system ends with a slash, and so does its place when that is "/". */
	left += *left == '/';
	more += *more == '/' && (!*left || left[strlen(left) - 1] == '/');
	if (snprintf(ret, size, "%s%s%s%s%s", strcmp(other->at, "/") ? other->at : "", *left ? "/" : "", left,
		     *more && *more != '/' ? "/" : "", more) >= (int)size)
		return -ENAMETOOLONG;
	if (!ret[0])
		snprintf(ret, size, "/");
	return 0;
}
