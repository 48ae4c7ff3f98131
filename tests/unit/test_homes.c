/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Which directories of which accounts are homes, by which path; and which mounts give a directory another path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/homes.h"

/* Rows as the kernel writes them; m is what is compared by. */
static void read_rows(const char *text, struct mounts *m)
{
	char path[] = "/tmp/sluice-mounts.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(mounts_read(path, m), 0);
	unlink(path);
}

#define ROOT_ROW "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static void test_other_paths_of_mounts(void **state)
{
	static const struct {
		const char *rows, *path;
		bool other;
	} cases[] = {
		{ "", "/home/ann", false },
		/* Another file system below it. */
		{ "30 22 8:2 / /home rw - ext4 /dev/sdb1 rw\n", "/home/ann", false },
		/* The homes lie in /data of the same file system, and both paths lead there. */
		{ "30 22 8:1 /data/homes /home rw - ext4 /dev/sda1 rw\n", "/home/ann", true },
		{ "30 22 8:1 /data/homes /home rw - ext4 /dev/sda1 rw\n", "/data/homes/ann", true },
		{ "30 22 8:1 /data/homes /home rw - ext4 /dev/sda1 rw\n", "/data/other/ann", false },
		{ "30 22 8:1 /data/homes /home rw - ext4 /dev/sda1 rw\n", "/data/homes2/ann", false },
		/* One home alone, another's, something in one. */
		{ "30 22 8:1 /home/ann /work rw - ext4 /dev/sda1 rw\n", "/home/ann", true },
		{ "30 22 8:1 /home/bob /work rw - ext4 /dev/sda1 rw\n", "/home/ann", false },
		{ "30 22 8:1 /home/ann/x /work rw - ext4 /dev/sda1 rw\n", "/home/ann", false },
		/* All of it once more. */
		{ "30 22 8:1 / /mnt/all rw - ext4 /dev/sda1 rw\n", "/home/ann", true },
		/* Subvolumes have one number, and no path in common. */
		{ "30 22 8:1 /@home /home rw - btrfs /dev/sda1 rw\n31 22 8:1 /@srv /srv rw - btrfs /dev/sda1 rw\n", "/home/ann", true },
		{ "30 22 0:40 /@home /home rw - btrfs /dev/sda1 rw\n31 22 0:40 /@srv /srv rw - btrfs /dev/sda1 rw\n", "/home/ann", false },
		/* Blanks and others are escaped. */
		{ "30 22 8:1 /data/a\\040b\\134c /home rw - ext4 /dev/sda1 rw\n", "/data/a b\\c/ann", true },
		/* A row that cannot be read may be the one. */
		{ "30 22 8:x / /home rw - ext4 /dev/sdb1 rw\n", "/home/ann", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mounts m;
		char text[1024];

		snprintf(text, sizeof(text), ROOT_ROW "%s", cases[i].rows);
		read_rows(text, &m);
		if (mounts_have_other(&m, cases[i].path) != cases[i].other)
			fail_msg("row %zu: %s: not %d", i, cases[i].path, cases[i].other);
		mounts_done(&m);
	}
}

static void test_a_mount_of_a_path(void **state)
{
	struct mounts m;

	(void)state;
	read_rows(ROOT_ROW "30 22 8:2 / /home rw - ext4 /dev/sdb1 rw\n31 22 8:3 / /home rw - ext4 /dev/sdc1 rw\n", &m);
	assert_string_equal(mounts_of(&m, "/homes")->at, "/");
	assert_int_equal(mounts_of(&m, "/home/ann")->minor, 3); /* the one above covers the other */
	mounts_done(&m);
	assert_null(mounts_of(&m, "/home/ann"));
}

struct place {
	char dir[64];
	struct mounts mounts;
};

static int place_init(void **state)
{
	static struct place p;

	snprintf(p.dir, sizeof(p.dir), "/tmp/sluice-homes.XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	read_rows(ROOT_ROW, &p.mounts);
	*state = &p;
	return 0;
}

static int place_done(void **state)
{
	struct place *p = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	mounts_done(&p->mounts);
	return system(command);
}

static struct home look(const struct place *p, uint32_t uid, const char *home)
{
	struct account a = { .uid = uid };
	struct home h;

	snprintf(a.name, sizeof(a.name), "ann");
	if (home[0] == '+')
		snprintf(a.home, sizeof(a.home), "%s/%s", p->dir, home + 1);
	else
		snprintf(a.home, sizeof(a.home), "%s", home);
	assert_int_equal(home_look(&a, HOME_LISTED, &p->mounts, &h), 0);
	assert_string_equal(h.given, a.home);
	return h;
}

static void expect_state(const struct place *p, uint32_t uid, const char *home, enum home_state state)
{
	struct home h = look(p, uid, home);

	if (h.state != state)
		fail_msg("uid %u, %s: state %u, not %u", uid, home, h.state, state);
	home_done(&h);
}

static void make_dir(const struct place *p, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void test_homes_of_accounts(void **state)
{
	const struct place *p = *state;
	uint32_t me = geteuid();
	char path[256], link[256];
	struct home h;

	make_dir(p, "a b");
	make_dir(p, "[x]*");
	make_dir(p, "real");
	make_dir(p, "real/ann");
	snprintf(link, sizeof(link), "%s/link", p->dir);
	assert_int_equal(symlink("real", link), 0);
	snprintf(path, sizeof(path), "%s/file", p->dir);
	fclose(fopen(path, "w"));

	/* Any name, any user of people's, whoever made the directory. */
	expect_state(p, 1000, "+a b", HOME_ELSEWHERE);
	expect_state(p, 70000, "+[x]*", HOME_ELSEWHERE);
	expect_state(p, 1879048192, "+real/ann", HOME_ELSEWHERE);
	/* Without links. */
	h = look(p, 1000, "+link/ann");
	snprintf(path, sizeof(path), "%s/real/ann", p->dir);
	assert_int_equal(h.state, HOME_ELSEWHERE);
	assert_string_equal(h.path, path);
	home_done(&h);
	expect_state(p, 1000, "+none", HOME_ABSENT);
	expect_state(p, 1000, "+file", HOME_ABSENT);
	expect_state(p, 1000, "+file/x", HOME_ABSENT);
	/* A system's own account: only what is its own, and not in places for what daemons keep. */
	expect_state(p, 65534, "+real/ann", HOME_SYSTEM);
	expect_state(p, me ? 0 : 200, "+real/ann", me ? HOME_ELSEWHERE : HOME_SYSTEM);
	expect_state(p, 1000, "/", HOME_SYSTEM);
	expect_state(p, 0, "/", HOME_SYSTEM);
	expect_state(p, 1000, "/home", HOME_SYSTEM);
	expect_state(p, 1000, "/proc/1", HOME_SYSTEM);
	expect_state(p, 1, "/usr/sbin", HOME_SYSTEM);
	expect_state(p, 2, "/bin", HOME_SYSTEM); /* a link to /usr/bin on most systems */
	expect_state(p, 100, "/nonexistent/at/all", HOME_ABSENT);
	expect_state(p, 1000, "", HOME_SYSTEM);
	expect_state(p, 1000, "home/ann", HOME_SYSTEM);
}

static void test_a_system_account_with_a_home(void **state)
{
	const struct place *p = *state;
	char path[256];

	if (geteuid()) {
		skip();
		return;
	}
	/* /tmp is no place for a daemon's home, and /var/lib is. */
	make_dir(p, "ci");
	snprintf(path, sizeof(path), "%s/ci", p->dir);
	assert_int_equal(chown(path, 200, 200), 0);
	expect_state(p, 200, "+ci", HOME_SYSTEM);
	snprintf(path, sizeof(path), "/var/lib/sluice-test-XXXXXX");
	if (!mkdtemp(path)) {
		skip();
		return;
	}
	expect_state(p, 200, path, HOME_FOREIGN);
	assert_int_equal(chown(path, 200, 200), 0);
	expect_state(p, 200, path, HOME_ELSEWHERE);
	rmdir(path);
}

static void test_usual_homes(void **state)
{
	(void)state;
	assert_true(home_is_usual("/root"));
	assert_true(home_is_usual("/home/ann"));
	assert_true(home_is_usual("/home/[x] *"));
	assert_false(home_is_usual("/home/.ecryptfs"));
	assert_false(home_is_usual("/home/"));
	assert_false(home_is_usual("/home/EXAMPLE/ann"));
	assert_false(home_is_usual("/root/x"));
	assert_false(home_is_usual("/data/home/ann"));
}

/* Root is always one, and whoever runs this has an account or is left out without a word of his. */
static void test_homes_of_this_host(void **state)
{
	struct homes h = { 0 };
	bool root = false;

	(void)state;
	assert_int_equal(homes_find(&h), 0);
	for (size_t i = 0; i < h.cnt; i++) {
		root |= h.v[i].uid == 0;
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(h.v[i].uid, h.v[j].uid);
		assert_false(home_holds(&h.v[i]) && !strcmp(h.v[i].path, "/"));
	}
	assert_true(root);
	homes_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_paths_of_mounts),
		cmocka_unit_test(test_a_mount_of_a_path),
		cmocka_unit_test(test_usual_homes),
		cmocka_unit_test_setup_teardown(test_homes_of_accounts, place_init, place_done),
		cmocka_unit_test_setup_teardown(test_a_system_account_with_a_home, place_init, place_done),
		cmocka_unit_test(test_homes_of_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
