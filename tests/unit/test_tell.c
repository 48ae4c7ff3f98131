/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A refusal reaches the terminal of the session once, and nobody else's. On pseudo-terminals of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "output/tell.h"
#include "report_sample.h"

static struct sample s;
static int master = -1, slave = -1;
static char tty[32];
static struct tell *t;

static int setup(void **state)
{
	struct termios raw;

	(void)state;
	if (openpty(&master, &slave, NULL, NULL, NULL))
		return -1;
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFL, O_NONBLOCK);
	snprintf(tty, sizeof(tty), "pts%s", strrchr(ttyname(slave), '/') + 1);
	sample_init(&s);
	s.rule.tell = POLICY_TELL_TTY;
	s.cat.tty = tty;
	s.cat.uid = getuid();
	t = tell_new(NULL);
	return t ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tell_free(t);
	close(slave);
	close(master);
	return 0;
}

/* What the terminal shows, since the last time. */
static void shows(const char *want)
{
	char bytes[4096];
	ssize_t n = read(master, bytes, sizeof(bytes) - 1);

	bytes[n > 0 ? n : 0] = '\0';
	assert_string_equal(bytes, want);
}

static void test_once_a_session_and_rule(void **state)
{
	(void)state;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	shows("\r\nsluice: AI tools may not read secrets.\r\n");
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	shows("");
	s.rule.id = sample_text("another");
	s.rule.message = sample_text("");
	s.r.taken = SL_TAKEN_KILLED;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	shows("\r\nsluice: refused by rule another\r\n");
	s.cat.session_ns++;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	shows("\r\nsluice: refused by rule another\r\n");
}

static void test_only_what_was_refused(void **state)
{
	(void)state;
	s.r.taken = SL_TAKEN_NONE;
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	s.r.taken = SL_TAKEN_DENIED;
	s.rule.tell = POLICY_TELL_NONE;
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	s.rule.tell = POLICY_TELL_TTY;
	s.r.rule = NULL;
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	shows("");
	s.r.rule = &s.rule;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
}

static void test_nothing_moves_the_cursor(void **state)
{
	(void)state;
	s.rule.message = sample_text("one\ntwo\033[2J\007");
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	shows("\r\nsluice: one\\ntwo\\e[2J\\x07\r\n");
}

/* Another user's terminal, one of a container, a console, a name that leads elsewhere. */
static void test_no_other_terminal(void **state)
{
	static const char *const names[] = { "", "pts", "tty1", "ptsx", "pts/../null", "pts99999999" };

	(void)state;
	s.cat.uid = getuid() + 1;
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	s.cat.uid = getuid();
	s.cat.cgroup = sample_text("docker-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.scope");
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	s.cat.cgroup = sample_text("");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		s.cat.tty = sample_text(names[i]);
		assert_int_equal(tell_report(t, sample_report(&s)), 0);
	}
	shows("");
}

/* What stands there may be put there by others. */
static void test_what_is_no_terminal(void **state)
{
	char dir[] = "/tmp/test_tell.XXXXXX", file[64], link[64];
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/7", dir);
	snprintf(link, sizeof(link), "%s/8", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(symlink(ttyname(slave), link), 0);
	tell_free(t);
	t = tell_new(dir);
	s.cat.tty = sample_text("pts7");
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	s.cat.tty = sample_text("pts8");
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	shows("");
	close(fd);
	unlink(file);
	unlink(link);
	rmdir(dir);
}

/* A terminal that is stopped holds nobody up, and is told when it takes something again. */
static void test_never_waits(void **state)
{
	(void)state;
	assert_int_equal(tcflow(slave, TCOOFF), 0);
	assert_int_equal(tell_report(t, sample_report(&s)), -EAGAIN);
	assert_int_equal(tcflow(slave, TCOON), 0);
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	shows("\r\nsluice: AI tools may not read secrets.\r\n");
}

static void test_the_oldest_is_forgotten(void **state)
{
	uint64_t first = s.cat.session_ns;

	(void)state;
	for (unsigned int i = 0; i < TELL_REMEMBERED; i++, s.cat.session_ns++) {
		char drop[256];

		assert_int_equal(tell_report(t, sample_report(&s)), 1);
		assert_true(read(master, drop, sizeof(drop)) > 0);
	}
	s.cat.session_ns = first;
	assert_int_equal(tell_report(t, sample_report(&s)), 0);
	s.cat.session_ns = first + TELL_REMEMBERED;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
	s.cat.session_ns = first;
	assert_int_equal(tell_report(t, sample_report(&s)), 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_once_a_session_and_rule),
		T(test_only_what_was_refused),
		T(test_nothing_moves_the_cursor),
		T(test_no_other_terminal),
		T(test_what_is_no_terminal),
		T(test_never_waits),
		T(test_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
