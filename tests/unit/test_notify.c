/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The service manager's protocol, against sockets as a manager has them: by path and abstract. */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/notify.h"

/* A manager's socket under this name, which may begin with '@'. */
static int listen_at(const char *name)
{
	struct sockaddr_un addr;
	socklen_t len;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(notify_address(name, &addr, &len), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, len), 0);
	return fd;
}

static void expect_message(int fd, const char *want)
{
	char got[256] = "";
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_int_equal(n, strlen(want));
	assert_string_equal(got, want);
}

static void try_socket(const char *name)
{
	cleanup_close int fd = listen_at(name);

	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1"), 1);
	expect_message(fd, "READY=1");
	assert_int_equal(notify_send("RELOADING=1\nMONOTONIC_USEC=%d", 7), 1);
	expect_message(fd, "RELOADING=1\nMONOTONIC_USEC=7");
	/* A policy's path is text of a person's: it is no assignment. */
	assert_int_equal(notify_status("mode %s", "enforce, policy /tmp/a\nREADY=1\x1b"), 1);
	expect_message(fd, "STATUS=mode enforce, policy /tmp/a READY=1 ");
	unsetenv("NOTIFY_SOCKET");
}

static void speaks_to_the_manager(void **state)
{
	char dir[] = "/tmp/sluice-notify-XXXXXX", name[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/notify", dir);
	try_socket(name);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(dir), 0);
	snprintf(name, sizeof(name), "@sluice-test-%d", (int)getpid());
	try_socket(name);
}

static void without_a_manager(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(notify_send("READY=1"), -ENOENT);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(notify_send("READY=1"), -EAFNOSUPPORT);
	unsetenv("NOTIFY_SOCKET");
}

static void addresses(void **state)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];
	struct sockaddr_un addr;
	socklen_t len;

	(void)state;
	assert_int_equal(notify_address("/", &addr, &len), -EAFNOSUPPORT);
	assert_int_equal(notify_address("@", &addr, &len), -EAFNOSUPPORT);
	assert_int_equal(notify_address("run/notify", &addr, &len), -EAFNOSUPPORT);
	assert_int_equal(notify_address("@a", &addr, &len), 0);
	assert_int_equal(len, offsetof(struct sockaddr_un, sun_path) + 2);
	assert_int_equal(addr.sun_path[0], 0);
	assert_int_equal(addr.sun_path[1], 'a');
	/* An abstract name may fill the address, a path needs its NUL. */
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 2] = '\0';
	name[0] = '@';
	assert_int_equal(notify_address(name, &addr, &len), 0);
	assert_int_equal(len, sizeof(addr));
	name[0] = '/';
	assert_int_equal(notify_address(name, &addr, &len), -ENAMETOOLONG);
	name[sizeof(name) - 3] = '\0';
	assert_int_equal(notify_address(name, &addr, &len), 0);
	assert_int_equal(len, sizeof(addr));
}

static void watchdog(void **state)
{
	static const struct {
		const char *usec, *pid;
		bool watches;
	} cases[] = {
		{ NULL, NULL, false },      { NULL, "42", false },       { "30000000", NULL, true },  { "30000000", "42", true },
		{ "30000000", "43", false }, { "30000000", "", false },  { "30000000", "42x", false }, { "", "42", false },
		{ "0", "42", false },       { "-1", "42", false },       { "1s", "42", false },       { " 1", "42", false },
		{ "18446744073709551615", "42", false }, { "18446744073709551616", "42", false }, { "18446744073709551614", "42", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t usec = 5;

		assert_int_equal(notify_watchdog(cases[i].usec, cases[i].pid, 42, &usec), cases[i].watches);
		assert_int_equal(usec, cases[i].watches ? strtoull(cases[i].usec, NULL, 10) : 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks_to_the_manager), cmocka_unit_test(without_a_manager),
		cmocka_unit_test(addresses), cmocka_unit_test(watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
