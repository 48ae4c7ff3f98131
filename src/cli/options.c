/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: finding the policy and what it needs to know of this host (home directories, users). */
#include "cli/options.h"
#include "base/account.h"
#include "base/log.h"
#include "cli/shipped.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_PATH "/etc/sluice/policy.yaml"

/* The lists that belong to this binary: those of its build tree, or of the prefix it is installed in. "" when neither. */
static void beside_binary(char *dir, size_t size)
{
	static const char *const places[] = { "../policies", "../share/sluice/policies" };
	char exe[PATH_MAX], whole[2 * PATH_MAX], real[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	dir[0] = '\0';
	if (n <= 0)
		return;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(whole, sizeof(whole), "%s/%s", exe, places[i]);
		if (!realpath(whole, real) || access(real, R_OK))
			continue;
		snprintf(dir, size, "%s", real);
		return;
	}
}

/* Where includes are looked for besides the policy's own folder. */
static const char *shipped_dir(char *buf, size_t size)
{
	beside_binary(buf, size);
	if (buf[0])
		return buf;
	return SLUICE_SHIPPED;
}

static char *default_policy(const char *shipped)
{
	char path[PATH_MAX];

	if (access(CONFIG_PATH, F_OK) == 0)
		return strdup(CONFIG_PATH);
	if (snprintf(path, sizeof(path), "%s/default.yaml", shipped) >= (int)sizeof(path) || access(path, R_OK))
		return NULL;
	return strdup(path);
}

static int add_home(struct loaded *l, const char *pattern)
{
	char **moved = reallocarray(l->homes, l->homes_cnt + 1, sizeof(*moved));

	if (!moved)
		return -ENOMEM;
	l->homes = moved;
	l->homes[l->homes_cnt] = strdup(pattern);
	if (!l->homes[l->homes_cnt])
		return -ENOMEM;
	l->homes_cnt++;
	return 0;
}

/* Its path as a pattern: what has a meaning in one stands for itself. */
static int add_found(struct loaded *l, const char *path)
{
	char pattern[2 * PATH_MAX];
	size_t len = 0;

	for (const char *p = path; *p && len + 2 < sizeof(pattern); p++) {
		if (strchr("*?[]!\\", *p))
			pattern[len++] = '\\';
		pattern[len++] = *p;
	}
	pattern[len] = '\0';
	return add_home(l, pattern);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Several accounts may have one home. */
static void drop_repeated(struct loaded *l, size_t from)
{
	size_t to = from;

	qsort(l->homes + from, l->homes_cnt - from, sizeof(*l->homes), by_text);
	for (size_t i = from; i < l->homes_cnt; i++) {
		if (i > from && !strcmp(l->homes[i], l->homes[to - 1]))
			free(l->homes[i]);
		else
			l->homes[to++] = l->homes[i];
	}
	l->homes_cnt = to;
}

/* ~ is every user's home: the usual places, and what was found elsewhere. */
static int find_homes(struct loaded *l)
{
	int err = add_home(l, "/home/*");
	size_t usual;

	err = err ? err : add_home(l, "/root");
	if (err)
		return err;
	usual = l->homes_cnt;
	err = homes_find(&l->found);
	if (err && err != -ENOMEM) {
		log_warn("cannot look for home directories: %s: ~ covers /home and /root only", strerror(-err));
		return 0;
	}
	for (size_t i = 0; i < l->found.cnt && !err; i++) {
		const struct home *h = &l->found.v[i];

		if (!home_holds(h) || home_is_usual(h->path))
			continue;
		err = add_found(l, h->path);
	}
	if (!err)
		drop_repeated(l, usual);
	return err;
}

static int find_users(struct loaded *l)
{
	size_t room = 0;

	for (size_t i = 0; i < l->policy->rules_cnt; i++)
		room += l->policy->rules[i].users.cnt;
	l->users = calloc(room ? room : 1, sizeof(*l->users));
	if (!l->users)
		return -ENOMEM;
	for (size_t i = 0; i < l->policy->rules_cnt; i++) {
		const struct policy_strings *names = &l->policy->rules[i].users;

		for (size_t j = 0; j < names->cnt; j++) {
			struct account account;

			if (account_by_name(names->v[j], &account))
				l->users[l->users_cnt++] = (struct policy_user){ .name = names->v[j], .uid = account.uid };
		}
	}
	return 0;
}

int options_load_policy(const char *path, struct loaded **ret, struct errmsg *e)
{
	cleanup_(loaded_freep) struct loaded *l = calloc(1, sizeof(*l));
	struct policy_host host;
	char buf[PATH_MAX + 32];
	struct policy_lists lists = { .dir = shipped_dir(buf, sizeof(buf)) };
	int err;

	lists.builtin = shipped_sources(&lists.builtin_cnt);
	if (!l)
		return -ENOMEM;
	l->path = path ? strdup(path) : default_policy(lists.dir);
	if (l->path) {
		err = policy_load(l->path, &lists, &l->policy, e);
	} else {
		l->path = strdup("built-in default.yaml");
		err = l->path ? policy_load_sources(lists.builtin, lists.builtin_cnt, &l->policy, e) : -ENOMEM;
	}
	if (err)
		return err;
	err = find_homes(l);
	err = err ? err : find_users(l);
	if (err)
		return errmsg_set(e, err, "cannot read the user database: %s", strerror(-err));
	host = (struct policy_host){
		.homes = (const char *const *)l->homes,
		.homes_cnt = l->homes_cnt,
		.users = l->users,
		.users_cnt = l->users_cnt,
	};
	err = policy_compile(l->policy, &host, &l->compiled, e);
	if (err)
		return err;
	*ret = take_ptr(l);
	return 0;
}

void loaded_free(struct loaded *l)
{
	if (!l)
		return;
	compiled_free(l->compiled);
	policy_free(l->policy);
	for (size_t i = 0; i < l->homes_cnt; i++)
		free(l->homes[i]);
	free(l->homes);
	homes_done(&l->found);
	free(l->users);
	free(l->path);
	free(l);
}

int options_duration(const char *s, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "", 1000000000ull },   { "ms", 1000000ull },           { "s", 1000000000ull },
		{ "m", 60000000000ull }, { "h", 3600000000000ull }, { "d", 86400000000000ull },
	};
	unsigned long long n;
	char *end;

	if (s[0] < '0' || s[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, 10);
	for (size_t i = 0; !errno && i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			if (!n || n > UINT64_MAX / 2 / units[i].ns)
				return -EINVAL;
			*ret_ns = n * units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

int options_size(const char *s, uint32_t *ret)
{
	unsigned long long n, unit;
	char *end;

	if (s[0] < '0' || s[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, 10);
	unit = strcmp(end, "") == 0 ? 1 : strcmp(end, "k") == 0 ? 1024 : strcmp(end, "m") == 0 ? 1048576 : 0;
	if (errno || !unit || n > UINT32_MAX / unit)
		return -EINVAL;
	*ret = (uint32_t)(n * unit);
	return 0;
}
