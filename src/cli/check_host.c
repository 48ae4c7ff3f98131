/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the findings about a policy that only this host shows. Looks at names (lstat) and the list of mounts, opens no file of anybody's. */
#include "cli/check_host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/shipped.h"
#include "process/mounts.h"

#define HOMES_TRIED_MAX 32 /* homes that a pattern beginning with ~ is tried in */

struct look {
	const struct loaded *l;
	lint_sink found;
	void *arg;
	struct mounts mounts;
};

static bool is_shipped(const struct look *k, struct policy_where where)
{
	const struct policy_source *s = where.source < k->l->policy->sources_cnt ? &k->l->policy->sources[where.source] : NULL;

	return !s || shipped_text(s->text, s->len);
}

/* {a,b} of other tools' patterns. */
static bool has_braces(const char *pattern)
{
	const char *open = strchr(pattern, '{'), *comma = open ? strchr(open, ',') : NULL;

	return comma && strchr(comma, '}');
}

/* A pattern's own folder, as far as it is there, is a bind mount: what is opened by the older path is not matched. */
static bool look_at_mount(const struct look *k, const char *pattern, const char *dir, const char *rest, struct policy_where where)
{
	char older[PATH_MAX], text[4 * PATH_MAX + 256];

	/* A home counts by its directory, whatever the path. */
	if (!dir[0] || pattern[0] == '~' || pattern[1] == '~' || mounts_older_path(&k->mounts, dir, older, sizeof(older)) || !strcmp(dir, older))
		return false;
	snprintf(text, sizeof(text), "'%s' does not match what is opened by the other path here: %s is mounted from %s: add '%s%s'", pattern, dir,
		 older, strcmp(older, "/") ? older : "", rest);
	k->found(k->arg, where, text);
	return true;
}

/* The path's components up to the first with a wildcard, one after the other. True: something was found. */
static bool look_at_path(const struct look *k, const char *pattern, const char *path, struct policy_where where, bool exe)
{
	char at[PATH_MAX], real[PATH_MAX], text[4 * PATH_MAX + 256];
	size_t len = 0;
	struct stat st;

	for (;;) {
		size_t next = len + 1 + strcspn(path + len + 1, "/");
		bool last = !path[next];

		if (path[len] != '/' || next >= sizeof(at) || strcspn(path + len + 1, "*?[\\") < next - len - 1)
			break;
		memcpy(at, path, next);
		at[next] = '\0';
		if (lstat(at, &st))
			break;
		if (S_ISLNK(st.st_mode) && realpath(at, real)) {
			snprintf(text, sizeof(text), "'%s' never matches here: %s is a symbolic link to %s, and a path is matched as it is without "
				 "links: write '%s%s'", pattern, at, real, real, path + next);
			k->found(k->arg, where, text);
			return true;
		}
		if (last && S_ISDIR(st.st_mode) && !exe) {
			snprintf(text, sizeof(text), "'%s' is a folder here, and a pattern without a wildcard is one file: write '%s/**' for all that is in it",
				 pattern, pattern);
			k->found(k->arg, where, text);
			return true;
		}
		len = next;
		if (last)
			break;
	}
	memcpy(at, path, len);
	at[len] = '\0';
	return look_at_mount(k, pattern, at, path + len, where);
}

static void look_at_pattern(const struct look *k, const char *pattern, struct policy_where where, bool exe)
{
	char path[PATH_MAX], text[PATH_MAX + 256];
	const char *p = pattern[0] == '!' ? pattern + 1 : pattern;

	if (has_braces(p)) {
		snprintf(text, sizeof(text), "'%s': braces are characters like any other: write one pattern for each", pattern);
		k->found(k->arg, where, text);
		return;
	}
	if (p[0] == '/') {
		look_at_path(k, pattern, p, where, exe);
		return;
	}
	for (size_t i = 0; p[0] == '~' && p[1] == '/' && i < k->l->homes_cnt && i < HOMES_TRIED_MAX; i++) {
		/* A home that is a pattern itself stands for many. */
		if (strpbrk(k->l->homes[i], "*?[") || snprintf(path, sizeof(path), "%s%s", k->l->homes[i], p + 1) >= (int)sizeof(path))
			continue;
		if (look_at_path(k, pattern, path, where, exe))
			return;
	}
}

static void look_at(const struct look *k, const struct policy_strings *patterns, bool exe)
{
	for (size_t i = 0; i < patterns->cnt; i++)
		if (!is_shipped(k, patterns->where[i]))
			look_at_pattern(k, patterns->v[i], patterns->where[i], exe);
}

/*
 * Mounted so, vfat gives `.env` the short name `ENV`, which has no `~` to be known by: the file can be opened by a name that no pattern
 * matches.
 */
static void look_at_mounts(const struct look *k)
{
	cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	char at[PATH_MAX], text[PATH_MAX + 256];
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		const char *type = strstr(line, " - ");

		if (!type || strncmp(type, " - vfat ", 8) || !strstr(type, ",nonumtail") || sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1)
			continue;
		snprintf(text, sizeof(text), "%s is mounted with nonumtail: a file there can be opened by a short name that no pattern knows ('ENV' for "
			 "'.env'): mount it without that option", at);
		k->found(k->arg, (struct policy_where){ .line = 1, .column = 1 }, text);
	}
}

void check_host(const struct loaded *l, lint_sink found, void *arg)
{
	struct look k = { .l = l, .found = found, .arg = arg };
	const struct policy *p = l->policy;

	look_at_mounts(&k);
	if (mounts_read("/proc/self/mountinfo", &k.mounts))
		k.mounts.left_out = 1;

	for (size_t i = 0; i < p->secrets_cnt; i++)
		look_at(&k, &p->secrets[i].paths, false);
	for (size_t i = 0; i < p->tools_cnt; i++)
		look_at(&k, &p->tools[i].exe, true);
	for (size_t i = 0; i < p->tools_cnt; i++)
		look_at(&k, &p->tools[i].own, false);
	for (size_t i = 0; i < p->brokers_cnt; i++) {
		look_at(&k, &p->brokers[i].sockets, true);
		look_at(&k, &p->brokers[i].spools, false);
	}
	for (size_t i = 0; i < p->readers_cnt; i++)
		look_at(&k, &p->readers[i].exe, true);
	for (size_t i = 0; i < p->rules_cnt; i++) {
		look_at(&k, &p->rules[i].exe, true);
		look_at(&k, &p->rules[i].except, true);
	}
	mounts_done(&k.mounts);
}
