/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what `~` is to the automata. Homes in usual places, and those that are patterns, are part of them. All others are roots: one
 * sequence, whatever their number (match/glob.h). Here is the list of them, and how a path as text is matched below one, as the
 * kernel does it by the inodes of directories.
 */
#include <errno.h>
#include <string.h>

#include "fold.h"
#include "match/glob.h"
#include "policy/compile_internal.h"
#include "record.h"

#define USUAL_HOMES "/home/"

/* A home's path if it is no pattern, without its backslashes; NULL: it is one. */
static char *plain_path(const char *home)
{
	char *path = strdup(home), *to = path;

	for (const char *p = home; path && *p; p++) {
		if (strchr("*?[", *p)) {
			path[0] = '\0';
			return path;
		}
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	if (path)
		*to = '\0';
	return path;
}

/* Position of the first root that is not less than this path. */
static size_t find_root(const struct compiled_priv *priv, const char *path, size_t len, bool *ret_same)
{
	size_t from = 0, to = priv->roots_cnt;

	*ret_same = false;
	while (from < to) {
		size_t mid = (from + to) / 2;
		const char *root = priv->roots[mid];
		int order = strncmp(root, path, len);

		if (!order && root[len])
			order = 1;
		if (!order) {
			*ret_same = true;
			return mid;
		}
		if (order < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

int compiled_add_root(struct compiled *c, const char *path)
{
	struct compiled_priv *priv = c->priv;
	char **moved, *root;
	bool same;
	size_t at = find_root(priv, path, strlen(path), &same);

	if (same || path[0] != '/' || !path[1])
		return 0;
	if (priv->roots_cnt == SL_ROOTS_MAX)
		return -E2BIG;
	if (priv->roots_cnt == priv->roots_size) {
		size_t size = priv->roots_size ? priv->roots_size * 2 : 16;

		moved = reallocarray(priv->roots, size, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		priv->roots = moved;
		priv->roots_size = size;
	}
	root = strdup(path);
	if (!root)
		return -ENOMEM;
	memmove(priv->roots + at + 1, priv->roots + at, (priv->roots_cnt++ - at) * sizeof(*priv->roots));
	priv->roots[at] = root;
	return 1;
}

/* A single folder of the usual place, or root's. */
static bool is_usual(const char *path)
{
	size_t len = strlen(USUAL_HOMES);

	return !strcmp(path, "/root") || (!strncmp(path, USUAL_HOMES, len) && path[len] && !strchr(path + len, '/'));
}

int compile_homes(struct compile *w)
{
	const struct policy_host *h = w->host;
	int r = 0;

	w->homes = calloc(h->homes_cnt + 1, sizeof(*w->homes));
	if (!w->homes)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < h->homes_cnt; i++) {
		cleanup_free char *path = plain_path(h->homes[i]);

		if (!path)
			return -ENOMEM;
		if (!path[0] || !strcmp(path, "/") || is_usual(path))
			w->homes[w->homes_cnt++] = h->homes[i];
		else
			r = compiled_add_root(w->c, path);
	}
	if (r == -E2BIG)
		return compile_too_big(w, "homes", h->homes_cnt, SL_ROOTS_MAX, "name their common directory with one *");
	/* With no homes at all patterns with ~ match nothing. */
	if (h->homes_cnt)
		w->homes[w->homes_cnt++] = GLOB_HOME_ROOTS;
	return r < 0 ? r : 0;
}

void compile_homes_done(struct compiled_priv *priv)
{
	for (size_t i = 0; i < priv->roots_cnt; i++)
		free(priv->roots[i]);
	free(priv->roots);
}

/* Length of the nearest root that the path is below; 0: none. */
static size_t root_of(const struct compiled *c, const char *path, size_t len)
{
	bool same = false;

	if (!c->priv->roots_cnt || !len || path[0] != '/')
		return 0;
	while (--len)
		if (path[len] == '/' && (find_root(c->priv, path, len, &same), same))
			return len;
	return 0;
}

size_t compiled_root_text(const struct compiled *c, const char *path, size_t len, char *buf, size_t size)
{
	size_t root = root_of(c, path, len);

	if (!root || len - root + 2 > size)
		return 0;
	buf[0] = '/';
	buf[1] = '\0';
	memcpy(buf + 2, path + root, len - root);
	return len - root + 2;
}

unsigned int compiled_match(const struct compiled *c, const struct dfa *d, const char *path, size_t len, const uint8_t *how,
			    unsigned int *ret_other, bool *ret_unknown)
{
	char text[SL_PATH_MAX + 3] = { '/' }; /* "/", two NUL bytes, what is below the root */
	uint8_t below[SL_PATH_MAX + 2];
	unsigned int set, root;
	size_t text_len, names = 0;
	bool unknown = false, other_unknown = false;

	if (len > SL_PATH_MAX)
		how = NULL; /* as dfa_match_names() does */
	set = dfa_match_names(d, path, len, how, &unknown);
	text_len = compiled_root_text(c, path, len, text + 1, sizeof(text) - 1);
	if (ret_other)
		*ret_other = 0;
	if (ret_unknown)
		*ret_unknown = unknown;
	if (!text_len)
		return set;
	for (size_t i = 0; i < len - (text_len - 2); i++)
		names += path[i] == '/';
	if (how) {
		/* Of the root's own name there is one in its place. */
		memcpy(below, how + names - 1, text_len < sizeof(below) ? text_len : sizeof(below));
		below[0] = below[1] = SL_NAMES_EXACT;
	}
	root = dfa_match_names(d, text + 1, text_len, how ? below : NULL, &other_unknown);
	if (ret_unknown)
		*ret_unknown = other_unknown;
	/* A name that no pattern speaks of, in the root's place: does what is above the root tell anything? */
	text[1] = '\0';
	if (!set || set == dfa_match_names(d, text, text_len + 1, how ? below : NULL, &other_unknown))
		return root;
	if (ret_other && root != set)
		*ret_other = root;
	return set;
}

unsigned int compiled_match_record(const struct compiled *c, const struct dfa *d, const char *path, size_t len, unsigned int str_flags,
				   bool *ret_unknown)
{
	uint8_t how[2 * SL_PATH_MAX];

	if (str_flags & SL_STR_FOLDS)
		memset(how, str_flags & SL_STR_DOS ? SL_NAMES_DOS : SL_NAMES_FOLD, sizeof(how));
	return compiled_match(c, d, path, len, str_flags & SL_STR_FOLDS ? how : NULL, NULL, ret_unknown);
}
