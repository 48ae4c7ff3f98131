/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: that no worker keeps its parent waiting, and that one holds nothing of the parent's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "process/helper.h"
#include "process/worker.h"

static void works(struct worker_page *page, int fd, void *arg)
{
	(void)fd;
	(void)arg;
	/* Longer than it may be idle, but never idle. */
	for (int i = 0; i < 30; i++) {
		worker_beat(page);
		usleep(10000);
	}
	page->next = 7;
}

static void sleeps(struct worker_page *page, int fd, void *arg)
{
	(void)fd;
	page->uid = *(const uint32_t *)arg;
	for (;;)
		pause();
}

static void test_progress_is_waited_for(void **state)
{
	struct worker w = WORKER_NONE;

	(void)state;
	assert_int_equal(worker_start(&w, works, NULL, NULL, 0), 0);
	assert_true(worker_wait(&w, 200));
	assert_int_equal(w.page->next, 7);
	worker_stop(&w);
	assert_int_equal(w.pid, 0);
}

static void test_no_progress_is_given_up(void **state)
{
	uint32_t uid = 1234;
	struct worker w = WORKER_NONE;
	struct timespec began, now;

	(void)state;
	assert_int_equal(worker_start(&w, sleeps, &uid, NULL, 0), 0);
	clock_gettime(CLOCK_MONOTONIC, &began);
	assert_false(worker_wait(&w, 100));
	worker_stop(&w);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_true(now.tv_sec - began.tv_sec < 5);
	/* This one ends with the signal; it is collected, and stands in nobody's way. */
	for (int i = 0; i < 500 && worker_user_stuck(uid); i++)
		usleep(10000);
	assert_false(worker_user_stuck(uid));
}

static void tells_what_it_holds(struct worker_page *page, int fd, void *arg)
{
	const int *fds = arg;

	(void)fd;
	page->next = (fcntl(fds[0], F_GETFD) >= 0) | (fcntl(fds[1], F_GETFD) >= 0) << 1;
}

static void test_it_holds_only_what_it_is_given(void **state)
{
	/* Beyond those that are /dev/null in it. */
	int fds[2] = { fcntl(STDIN_FILENO, F_DUPFD, 100), fcntl(STDIN_FILENO, F_DUPFD, 110) };
	struct worker w = WORKER_NONE;

	(void)state;
	assert_int_equal(worker_start(&w, tells_what_it_holds, fds, &fds[1], 1), 0);
	assert_true(worker_wait(&w, 5000));
	assert_int_equal(w.page->next, 2);
	worker_stop(&w);
	close(fds[0]);
	close(fds[1]);
}

static void test_questions_are_answered(void **state)
{
	static _Alignas(8) char buf[SL_RECORD_MAX];
	const struct sl_rec_exec *rec = (const struct sl_rec_exec *)buf;
	cleanup_(helper_freep) struct helper *h = NULL;
	char name[256];
	uint64_t cuts;

	(void)state;
	assert_int_equal(helper_new(&h), 0);
	assert_true(helper_user_name(h, 0, name, sizeof(name)));
	assert_string_equal(name, "root");
	assert_false(helper_user_name(h, 4000000000u, name, sizeof(name)));
	assert_true(helper_read_process(h, (uint32_t)getpid(), getuid(), 5, buf) > 0);
	assert_int_equal(rec->who.tgid, getpid());
	assert_true(rec->argv_len > 0);
	assert_int_equal(helper_read_process(h, 0x3fffffff, 0, 5, buf), -ESRCH);
	/* A connection of a process that is not there is no reason to wait. */
	helper_cut(h, 0x3fffffff, 0, 1);
	assert_int_equal(helper_take_left_out(h, &cuts), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_is_waited_for),
		cmocka_unit_test(test_no_progress_is_given_up),
		cmocka_unit_test(test_it_holds_only_what_it_is_given),
		cmocka_unit_test(test_questions_are_answered),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
