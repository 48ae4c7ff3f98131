/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: where accounts come from. Remembers none. */
#include "base/account.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* The text up to the next ':' or the end, without it; false: there is none, or it is longer than its place. */
static bool take_field(const char **at, const char *end, char *ret, size_t size)
{
	const char *colon;
	size_t len;

	if (!*at)
		return false;
	colon = memchr(*at, ':', (size_t)(end - *at));
	len = (size_t)((colon ? colon : end) - *at);
	if (ret) {
		if (len >= size)
			return false;
		memcpy(ret, *at, len);
		ret[len] = '\0';
	}
	*at = colon ? colon + 1 : NULL;
	return true;
}

bool account_parse(const char *line, size_t len, struct account *ret)
{
	const char *at = line, *end;
	struct account a = { 0 };
	char number[16], *stop;
	unsigned long long uid;

	if (len && line[len - 1] == '\n')
		len--;
	end = line + len;
	/* '+' and '-' begin entries that stand for those of a network service, '#' a comment. */
	if (!len || memchr(line, '\0', len) || strchr("#+-:", line[0]))
		return false;
	if (!take_field(&at, end, a.name, sizeof(a.name)) || !take_field(&at, end, NULL, 0) ||
	    !take_field(&at, end, number, sizeof(number)) || !take_field(&at, end, NULL, 0) || !take_field(&at, end, NULL, 0) ||
	    !take_field(&at, end, a.home, sizeof(a.home)))
		return false;
	if (number[0] < '0' || number[0] > '9')
		return false;
	uid = strtoull(number, &stop, 10);
	if (*stop || uid > UINT32_MAX)
		return false;
	a.uid = (uint32_t)uid;
	*ret = a;
	return true;
}

#ifdef SLUICE_STATIC

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define PASSWD_PATH "/etc/passwd"

struct wanted {
	const char *name;       /* NULL: not by name */
	uint32_t uid;
	struct account *ret;
};

static int take_wanted(void *arg, const struct account *a)
{
	const struct wanted *w = arg;

	if (w->name ? strcmp(w->name, a->name) != 0 : w->uid != a->uid)
		return 0;
	*w->ret = *a;
	return 1;
}

static int each_line(FILE *f, int (*fn)(void *arg, const struct account *a), void *arg)
{
	cleanup_free char *line = NULL;
	struct account a;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	while (!r && (len = getline(&line, &size, f)) > 0)
		if (account_parse(line, (size_t)len, &a))
			r = fn(arg, &a);
	return r;
}

static int each_in_file(int (*fn)(void *arg, const struct account *a), void *arg)
{
	cleanup_fclose FILE *f = fopen(PASSWD_PATH, "re");

	return f ? each_line(f, fn, arg) : -errno;
}

/* `getent passwd [KEY]`: the host's own C library asks nsswitch.conf's modules. -ENOENT: there is no such program. */
static int each_of_getent(const char *key, int (*fn)(void *arg, const struct account *a), void *arg)
{
	static const char *const programs[] = { "/usr/bin/getent", "/bin/getent" };
	char *const argv[] = { (char[]){ "getent" }, (char[]){ "passwd" }, (char *)(uintptr_t)key, NULL };
	char *const envp[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };
	cleanup_fclose FILE *f = NULL;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int ends[2], r = ENOENT;
	sigset_t none;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	f = fdopen(ends[0], "r");
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	for (size_t i = 0; f && r && i < ARRAY_SIZE(programs); i++)
		r = posix_spawn(&pid, programs[i], &actions, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	close(ends[1]);
	if (!f) {
		close(ends[0]);
		return -ENOMEM;
	}
	if (r)
		return -r;
	r = each_line(f, fn, arg);
	/* Closed first, so that a program with more to say ends. */
	fclose(take_ptr(f));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

static bool look_up(const struct wanted *w, const char *key)
{
	return each_in_file(take_wanted, (void *)(uintptr_t)w) == 1 || each_of_getent(key, take_wanted, (void *)(uintptr_t)w) == 1;
}

bool account_by_uid(uint32_t uid, struct account *ret)
{
	const struct wanted w = { .uid = uid, .ret = ret };
	char key[16];

	snprintf(key, sizeof(key), "%u", uid);
	return look_up(&w, key);
}

bool account_by_name(const char *name, struct account *ret)
{
	const struct wanted w = { .name = name, .ret = ret };

	/* getent would take the first for an option; the second is no name of an account either. */
	return name[0] && name[0] != '-' && !strchr(name, ':') && look_up(&w, name);
}

int account_each(int (*fn)(void *arg, const struct account *a), void *arg)
{
	int r = each_of_getent(NULL, fn, arg);

	return r == -ENOENT ? each_in_file(fn, arg) : r;
}

#else

#include <pwd.h>

/* Cut where a field is longer than its place. */
static void copy_account(const struct passwd *pw, struct account *ret)
{
	ret->uid = pw->pw_uid;
	snprintf(ret->name, sizeof(ret->name), "%s", pw->pw_name);
	snprintf(ret->home, sizeof(ret->home), "%s", pw->pw_dir ? pw->pw_dir : "");
}

bool account_by_uid(uint32_t uid, struct account *ret)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		copy_account(pw, ret);
	return pw;
}

bool account_by_name(const char *name, struct account *ret)
{
	const struct passwd *pw = getpwnam(name);

	if (pw)
		copy_account(pw, ret);
	return pw;
}

int account_each(int (*fn)(void *arg, const struct account *a), void *arg)
{
	const struct passwd *pw;
	struct account a;
	int r = 0;

	setpwent();
	while (!r && (pw = getpwent())) {
		copy_account(pw, &a);
		r = fn(arg, &a);
	}
	endpwent();
	return r;
}

#endif
