/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The scan for secrets on the disk: what is found, what is not entered, and that the bounds hold and are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/filescan.h"

#define FOUND_MAX 64

struct scan {
	char dir[64];
	struct policy *p;
	struct compiled *c;
	char found[FOUND_MAX][256];
	nlink_t links[FOUND_MAX];
	unsigned int cnt;
};

static void make_file(const struct scan *s, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("x", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void take(void *arg, const char *path, uint32_t set, const struct stat *st)
{
	struct scan *s = arg;

	assert_true(s->cnt < FOUND_MAX);
	assert_true(set > SL_SET_UNRESOLVED);
	assert_int_equal(strncmp(path, s->dir, strlen(s->dir)), 0);
	s->links[s->cnt] = st->st_nlink;
	snprintf(s->found[s->cnt++], sizeof(s->found[0]), "%s", path + strlen(s->dir));
}

static void scan_init(struct scan *s)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/sluice-filescan.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
}

/* Scans with this policy, so many entries at a time; the homes are DIR/home/ *. Returns what was left out. */
static uint64_t run(struct scan *s, const char *paths, unsigned int entries)
{
	cleanup_(filescan_freep) struct filescan *scan = NULL;
	char text[1024], home[128];
	const char *homes[] = { home };
	const struct policy_host host = { .homes = homes, .homes_cnt = 1 };
	struct policy_source src = { .name = (char[]){ "p.yaml" }, .text = text };

	snprintf(home, sizeof(home), "%s/home/*", s->dir);
	src.len = (size_t)snprintf(text, sizeof(text), "version: 1\nsecrets: {a: {paths: [%s]}}\ntools: {t: {exe: /t}}\n"
				   "rules: [{id: r, tool: any, read: a, action: log}]\n", paths);
	assert_int_equal(policy_load_sources(&src, 1, &s->p, NULL), 0);
	assert_int_equal(policy_compile(s->p, &host, &s->c, NULL), 0);
	assert_int_equal(filescan_new(s->c, homes, 1, &scan), 0);
	while (filescan_step(scan, entries, take, s))
		;
	return filescan_left_out(scan);
}

static bool found(const struct scan *s, const char *name)
{
	for (unsigned int i = 0; i < s->cnt; i++)
		if (!strcmp(s->found[i], name))
			return true;
	return false;
}

static void scan_done(struct scan *s)
{
	char command[128];

	compiled_free(s->c);
	policy_free(s->p);
	snprintf(command, sizeof(command), "rm -rf %s", s->dir);
	assert_int_equal(system(command), 0);
}

static void homes_and_their_folders(void **state)
{
	struct scan s;
	char from[256], to[256];

	(void)state;
	scan_init(&s);
	make_file(&s, "home/ann/.env");
	make_file(&s, "home/ann/shop/api/.env");
	make_file(&s, "home/ann/shop/api/main.c");
	make_file(&s, "home/bob/.env");
	make_file(&s, "elsewhere/.env");
	snprintf(from, sizeof(from), "%s/home/ann/.env", s.dir);
	snprintf(to, sizeof(to), "%s/home/ann/notes", s.dir);
	assert_int_equal(link(from, to), 0);
	/* What a link leads to is not entered: it is found where it is, or nowhere. */
	snprintf(from, sizeof(from), "%s/elsewhere", s.dir);
	snprintf(to, sizeof(to), "%s/home/ann/link", s.dir);
	assert_int_equal(symlink(from, to), 0);
	/* One entry at a time comes to the same. */
	assert_int_equal(run(&s, "'**/.env'", 1), 0);
	assert_int_equal(s.cnt, 3);
	assert_true(found(&s, "/home/ann/.env"));
	assert_true(found(&s, "/home/ann/shop/api/.env"));
	assert_true(found(&s, "/home/bob/.env"));
	for (unsigned int i = 0; i < s.cnt; i++)
		assert_int_equal(s.links[i], strcmp(s.found[i], "/home/ann/.env") ? 1 : 2);
	scan_done(&s);
}

static void folders_that_patterns_name(void **state)
{
	struct scan s;
	char paths[256];

	(void)state;
	scan_init(&s);
	make_file(&s, "vault/a");
	make_file(&s, "vault/b/c");
	make_file(&s, "etc/shadow");
	make_file(&s, "etc/sub/shadow");
	make_file(&s, "srv/x/key");
	make_file(&s, "srv/x/y/key");
	snprintf(paths, sizeof(paths), "'%s/vault/**', '%s/etc/shadow', '%s/srv/*/key'", s.dir, s.dir, s.dir);
	assert_int_equal(run(&s, paths, 1000), 0);
	assert_true(found(&s, "/vault/a"));
	assert_true(found(&s, "/vault/b/c"));
	assert_true(found(&s, "/etc/shadow"));
	assert_true(found(&s, "/srv/x/key"));
	assert_int_equal(s.cnt, 4);
	scan_done(&s);
}

/* As run(), with these homes; so many entries in all, 0: to the end. */
static void run_homes(struct scan *s, const char *paths, const char *const *homes, size_t homes_cnt, unsigned int entries)
{
	cleanup_(filescan_freep) struct filescan *scan = NULL;
	const struct policy_host host = { .homes = homes, .homes_cnt = homes_cnt };
	char text[8192];
	struct policy_source src = { .name = (char[]){ "p.yaml" }, .text = text };

	src.len = (size_t)snprintf(text, sizeof(text), "version: 1\nsecrets: {a: {paths: [%s]}}\ntools: {t: {exe: /t}}\n"
				   "rules: [{id: r, tool: any, read: a, action: log}]\n", paths);
	assert_int_equal(policy_load_sources(&src, 1, &s->p, NULL), 0);
	assert_int_equal(policy_compile(s->p, &host, &s->c, NULL), 0);
	assert_int_equal(filescan_new(s->c, homes, homes_cnt, &scan), 0);
	if (entries) {
		assert_true(filescan_step(scan, entries, take, s));
		return;
	}
	while (filescan_step(scan, 100, take, s))
		;
	assert_int_equal(filescan_left_out(scan), 0);
}

/* Many homes outside the usual places, with names that would be patterns, and many folders that patterns name in each. */
static void many_homes(void **state)
{
	static char text[15][128];
	const char *homes[15];
	char paths[4096] = "'~/.x/key'", name[128];
	struct scan s;

	(void)state;
	scan_init(&s);
	for (int i = 0; i < 80; i++)
		snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), ", '~/.none%d/x'", i);
	for (int i = 0; i < 15; i++) {
		snprintf(text[i], sizeof(text[i]), "%s/h/%d \\[x\\]\\*", s.dir, i);
		homes[i] = text[i];
		snprintf(name, sizeof(name), "h/%d [x]*/.x/key", i);
		make_file(&s, name);
	}
	run_homes(&s, paths, homes, 15, 0);
	/* Each twice: in a folder that a pattern names, and in one of the home. */
	assert_int_equal(s.cnt, 30);
	for (int i = 0; i < 15; i++) {
		snprintf(name, sizeof(name), "/h/%d [x]*/.x/key", i);
		assert_true(found(&s, name));
	}
	scan_done(&s);
}

/* A home with more in it than is looked at keeps nobody else's from being looked at. */
static void homes_take_turns(void **state)
{
	static char text[4][128];
	const char *homes[4];
	char name[128];
	struct scan s;

	(void)state;
	scan_init(&s);
	for (int i = 0; i < 4; i++) {
		snprintf(text[i], sizeof(text[i]), "%s/h/%d", s.dir, i);
		homes[i] = text[i];
	}
	for (int i = 0; i < 40; i++)
		for (int j = 0; j < 50; j++) {
			snprintf(name, sizeof(name), "h/0/%d/%d", i, j);
			make_file(&s, name);
		}
	for (int i = 1; i < 4; i++) {
		snprintf(name, sizeof(name), "h/%d/a/b/.env", i);
		make_file(&s, name);
	}
	run_homes(&s, "'**/.env'", homes, 4, 1000);
	assert_int_equal(s.cnt, 3);
	scan_done(&s);
}

/* The depth is bounded. */
static void too_deep(void **state)
{
	struct scan s;
	char name[256] = "home/ann";

	(void)state;
	scan_init(&s);
	for (int i = 0; i < FILESCAN_DEPTH_MAX; i++)
		strcat(name, "/d");
	strcat(name, "/.env");
	make_file(&s, name);
	strcpy(strrchr(name, '/'), "/d/.env");
	make_file(&s, name);
	assert_int_equal(run(&s, "'**/.env'", 1000), 0);
	assert_int_equal(s.cnt, 1);
	scan_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(homes_and_their_folders),
		cmocka_unit_test(folders_that_patterns_name),
		cmocka_unit_test(many_homes),
		cmocka_unit_test(homes_take_turns),
		cmocka_unit_test(too_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
