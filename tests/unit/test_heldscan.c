/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Which of its own descriptors this very process is told to hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/event.h"
#include "event/decode.h"
#include "process/heldscan.h"
#include "small_policy.h"

struct told {
	unsigned int cnt;
	struct sl_rec_file last;
	char path[SL_PATH_MAX];
};

static int take(void *arg, const void *record, size_t size)
{
	struct told *t = arg;
	struct event ev;

	/* Whatever is told must be a record that the agent takes. */
	assert_int_equal(decode_record(record, size, &ev), 0);
	assert_int_equal(ev.kind, SL_REC_FILE);
	t->cnt++;
	t->last = *ev.file;
	memcpy(t->path, ev.path.data, ev.path.len);
	t->path[ev.path.len] = '\0';
	return 0;
}

static struct sl_rec_exec image;

static void scan(const struct small_policy *p, struct told *ret)
{
	const uint32_t pid = (uint32_t)getpid();
	int n;

	image.who = (struct sl_who){ .tgid = pid, .tid = pid, .tool = SMALL_CLAUDE, .session_ns = 1, .session_pid = pid };

	memset(ret, 0, sizeof(*ret));
	n = heldscan("/proc", &image, p->compiled, take, ret);
	assert_int_equal(n, ret->cnt);
}

static void what_can_be_read_is_told(void **state)
{
	char dir[] = "/tmp/sluice-heldscan.XXXXXX", path[64], other[64];
	struct small_policy p;
	struct errmsg e = { 0 };
	struct told t;
	struct rlimit limit;
	int fd, plain;

	(void)state;
	assert_int_equal(small_policy_make(&p, &e), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/.env", dir);
	snprintf(other, sizeof(other), "%s/plain", dir);
	plain = open(other, O_RDWR | O_CREAT, 0600);
	assert_true(plain >= 0);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	scan(&p, &t);
	assert_int_equal(t.cnt, 0); /* for writing alone */
	close(fd);
	fd = open(path, O_PATH);
	scan(&p, &t);
	assert_int_equal(t.cnt, 0); /* no access to what is in it */
	close(fd);
	fd = open(path, O_RDONLY);
	scan(&p, &t);
	assert_int_equal(t.cnt, 1);
	assert_string_equal(t.path, path);
	assert_int_equal(t.last.came, SL_CAME_HELD);
	assert_int_equal(t.last.taken, SL_TAKEN_NONE);
	assert_int_equal(t.last.access, SL_ACCESS_READ);
	assert_int_equal(t.last.rule, SMALL_RULE_SECRET);
	assert_int_equal(t.last.action, SL_ACTION_ALERT);
	/* Opened by the program itself, after it began; left open for it. */
	image.origin = SL_EXEC_ORIGIN_EXEC;
	scan(&p, &t);
	assert_int_equal(t.cnt, 0);
	assert_true(fd < SL_OPEN_FDS);
	image.open_fds[fd / 16] = (uint16_t)(1 << fd % 16);
	scan(&p, &t);
	assert_int_equal(t.cnt, 1);
	image = (struct sl_rec_exec){ 0 };
	/* Its name is gone; the descriptor is not. */
	assert_int_equal(unlink(path), 0);
	scan(&p, &t);
	assert_int_equal(t.cnt, 1);
	assert_string_equal(t.path, path);
	close(fd);
	scan(&p, &t);
	assert_int_equal(t.cnt, 0);
	close(plain);
	/* More than are looked at. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max > HELDSCAN_MAX + 64 && !setrlimit(RLIMIT_NOFILE, &limit)) {
		for (int i = 0; i < HELDSCAN_MAX + 8; i++)
			assert_true(dup(STDIN_FILENO) >= 0);
		assert_int_equal(heldscan("/proc", &image, p.compiled, take, &t), -E2BIG);
	}
	unlink(other);
	rmdir(dir);
	small_policy_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_can_be_read_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
