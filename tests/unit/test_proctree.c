/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: who is whose parent, which session lives, what goes first when room is short, how long the dead are kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event/decode.h"
#include "process/proctree.h"
#include "records.h"

#define GRACE (30 * SECOND)

static union record rec;

static struct proctree_change apply(struct proctree *t, size_t size)
{
	struct proctree_change change;
	struct event ev;

	assert_int_equal(decode_record(&rec, size, &ev), 0);
	assert_int_equal(proctree_apply(t, &ev, &change), 0);
	return change;
}

static struct who labelled(uint32_t tgid, uint32_t ppid, uint64_t start_ns, uint32_t session)
{
	return (struct who){ .tgid = tgid, .ppid = ppid, .uid = 1000, .start_ns = start_ns, .session_ns = session * SECOND,
			     .session_pid = session, .tool = 1, .comm = "proc" };
}

static struct proctree_change exec_at(struct proctree *t, uint64_t time_ns, struct who w, const char *exe)
{
	return apply(t, rec_exec(&rec, time_ns, &w, exe, "/home/ann/shop", "arg0\0arg1\0", 10));
}

static struct proctree_change fork_at(struct proctree *t, uint64_t time_ns, struct who w)
{
	return apply(t, rec_fork(&rec, time_ns, &w));
}

static struct proctree_change exit_at(struct proctree *t, uint64_t time_ns, struct who w)
{
	return apply(t, rec_exit(&rec, time_ns, &w));
}

static uint64_t losses(struct proctree *t, unsigned int reason)
{
	uint64_t counters[_SL_LOSS_MAX] = { 0 };

	proctree_take_losses(t, counters);
	return counters[reason];
}

static void test_exec_tells_the_image(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct proctree_change c = exec_at(t, 100 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	struct process *p = c.process;

	(void)state;
	assert_string_equal(p->exe, "/usr/bin/node");
	assert_string_equal(p->cwd, "/home/ann/shop");
	assert_int_equal(p->argv_len, 10);
	assert_memory_equal(p->argv, "arg0\0arg1\0", 10);
	assert_string_equal(p->comm, "proc");
	assert_int_equal(p->uid, 1000);
	assert_int_equal(p->evidence, SL_EVID_EXE);
	assert_int_equal(p->mode, SL_MODE_SELF);
	/* The session began with it. */
	assert_non_null(c.session_started);
	assert_int_equal(c.session_started->pid, 100);
	assert_int_equal(c.session_started->evidence, SL_EVID_EXE);
	assert_int_equal(c.session_started->live, 1);
	assert_ptr_equal(proctree_find(t, 100, 99 * SECOND), p);
	assert_ptr_equal(proctree_find_pid(t, 100), p);
	assert_null(proctree_find(t, 100, 98 * SECOND));
}

static void test_forked_child_runs_its_parents_image_until_it_execs(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who child = labelled(101, 100, 101 * SECOND, 100);
	struct process *p;

	(void)state;
	exec_at(t, 100 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	p = fork_at(t, 101 * SECOND, child).process;
	assert_string_equal(p->exe, "/usr/bin/node");
	assert_string_equal(p->cwd, "/home/ann/shop");
	assert_memory_equal(p->argv, "arg0\0arg1\0", 10);
	assert_int_equal(p->origin, 0);
	assert_int_equal(p->evidence, SL_EVID_INHERITED);
	exec_at(t, 102 * SECOND, child, "/bin/cat");
	assert_string_equal(p->exe, "/bin/cat");
	assert_int_equal(p->origin, SL_EXEC_ORIGIN_EXEC);
	/* The parent's is its own still. */
	assert_string_equal(proctree_find_pid(t, 100)->exe, "/usr/bin/node");
	assert_ptr_equal(proctree_parent(t, p), proctree_find_pid(t, 100));
}

static void test_child_outlives_the_parent_whose_image_it_shares(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who parent = labelled(100, 1, 99 * SECOND, 100), child = labelled(101, 100, 101 * SECOND, 100);
	struct process *p;

	(void)state;
	exec_at(t, 100 * SECOND, parent, "/usr/bin/node");
	p = fork_at(t, 101 * SECOND, child).process;
	exec_at(t, 102 * SECOND, parent, "/bin/bash");
	exit_at(t, 103 * SECOND, parent);
	proctree_expire(t, 200 * SECOND);
	assert_string_equal(p->exe, "/usr/bin/node");
}

static void test_reparenting_keeps_the_lineage(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who parent = labelled(101, 100, 101 * SECOND, 100), child = labelled(102, 101, 102 * SECOND, 100);
	struct process *p;

	(void)state;
	exec_at(t, 50 * SECOND, (struct who){ .tgid = 1, .start_ns = 1 }, "/sbin/init");
	exec_at(t, 100 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	fork_at(t, 101 * SECOND, parent);
	fork_at(t, 102 * SECOND, child);
	exit_at(t, 103 * SECOND, parent);
	child.ppid = 1;
	p = exec_at(t, 104 * SECOND, child, "/bin/cat").process;
	assert_int_equal(p->ppid, 1);
	assert_int_equal(proctree_parent(t, p)->tgid, 101);
	/* Long after its end, the one in between still leads up to the tool: a double fork hides nothing. */
	proctree_expire(t, 104 * SECOND + 10 * GRACE);
	assert_int_equal(proctree_parent(t, p)->tgid, 101);
	assert_int_equal(proctree_parent(t, proctree_parent(t, p))->tgid, 100);
	/* With the descendant, it goes. */
	exit_at(t, 500 * SECOND, child);
	proctree_expire(t, 500 * SECOND + GRACE);
	assert_null(proctree_find_pid(t, 102));
	assert_null(proctree_find_pid(t, 101));
	assert_non_null(proctree_find_pid(t, 100));
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 0);
}

static void test_parent_that_is_told_after_its_child_is_found(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct process *p = exec_at(t, 9 * SECOND, labelled(200, 300, 8 * SECOND, 200), "/bin/sh").process;

	(void)state;
	assert_null(proctree_parent(t, p));
	exec_at(t, 9 * SECOND, labelled(300, 1, 7 * SECOND, 200), "/usr/bin/node");
	assert_int_equal(proctree_parent(t, p)->tgid, 300);
}

/* A pid that was given to another process since is nobody's parent. */
static void test_a_younger_process_is_no_parent(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct process *p = exec_at(t, 9 * SECOND, labelled(200, 300, 8 * SECOND, 200), "/bin/sh").process;

	(void)state;
	exec_at(t, 20 * SECOND, labelled(300, 1, 20 * SECOND, 200), "/usr/bin/node");
	assert_null(proctree_parent(t, p));
}

static void test_a_parent_that_had_ended_is_no_parent(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);

	(void)state;
	exec_at(t, 1 * SECOND, labelled(300, 1, 1 * SECOND, 200), "/usr/bin/node");
	exit_at(t, 2 * SECOND, labelled(300, 1, 1 * SECOND, 200));
	assert_null(proctree_parent(t, exec_at(t, 9 * SECOND, labelled(200, 300, 8 * SECOND, 200), "/bin/sh").process));
}

static void test_pid_reuse_makes_a_new_process(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct proctree_change c;

	(void)state;
	exec_at(t, 100 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	/* Its exit was lost; the pid comes round outside every session. */
	c = exec_at(t, 300 * SECOND, (struct who){ .tgid = 100, .ppid = 1, .start_ns = 299 * SECOND }, "/bin/ls");
	assert_non_null(c.session_ended);
	assert_int_equal(c.session_ended->pid, 100);
	assert_int_equal(c.process->session_ns, 0);
	assert_string_equal(proctree_find_pid(t, 100)->exe, "/bin/ls");
	/* The old one is still there for what comes late, and comes under its own name. */
	assert_true(proctree_find(t, 100, 99 * SECOND)->exited);
	assert_string_equal(proctree_find(t, 100, 99 * SECOND)->exe, "/usr/bin/node");
}

static void test_start_times_agree_to_the_tick(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	uint64_t exact = 5 * SECOND + 123456789, tick = 5 * SECOND + 120000000;
	struct process *p;

	(void)state;
	/* From /proc first, then from the kernel. */
	p = exec_at(t, 9 * SECOND, (struct who){ .tgid = 100, .ppid = 1, .start_ns = tick }, "/bin/ls").process;
	assert_ptr_equal(proctree_find(t, 100, exact), p);
	assert_ptr_equal(exec_at(t, 10 * SECOND, (struct who){ .tgid = 100, .ppid = 1, .start_ns = exact }, "/bin/cat").process, p);
	assert_int_equal(proctree_count(t), 1);
	/* The exact one stays. */
	assert_int_equal(p->start_ns, exact);
	assert_ptr_equal(proctree_find(t, 100, tick), p);
	assert_null(proctree_find(t, 100, tick + 10 * MSEC));
	assert_null(proctree_find(t, 100, tick - 1));
}

static void test_procfs_does_not_overwrite_what_the_kernel_told(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who w = labelled(100, 1, 99 * SECOND, 100);
	struct process *p;

	(void)state;
	p = exec_at(t, 100 * SECOND, w, "/usr/bin/node").process;
	rec_exec(&rec, 101 * SECOND, &w, "/tmp/renamed", "/", "title", 6);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	rec.exec.who.session_pid = 77;
	apply(t, rec.hdr.size);
	assert_string_equal(p->exe, "/usr/bin/node");
	assert_int_equal(p->session_pid, 100);
	assert_int_equal(proctree_sessions(t, NULL, 0), 1);
}

/* /proc may be read while the exec that it shows is still waiting in the ring. */
static void test_what_the_kernel_told_replaces_an_earlier_look_at_procfs(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who w = { .tgid = 100, .ppid = 1, .start_ns = 99 * SECOND };
	struct process *p;

	(void)state;
	rec_exec(&rec, 101 * SECOND, &w, "/usr/bin/node", "/", "a title of its own", 19);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	p = apply(t, rec.hdr.size).process;
	exec_at(t, 100 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	assert_int_equal(p->origin, SL_EXEC_ORIGIN_EXEC);
	assert_string_equal(p->argv, "arg0");
	assert_int_equal(p->session_pid, 100);
	assert_int_equal(p->evidence, SL_EVID_EXE);
}

static void test_session_ends_with_its_last_process(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who tool = labelled(100, 1, 99 * SECOND, 100), child = labelled(101, 100, 101 * SECOND, 100);
	struct proctree_change c;
	struct session *s;
	struct process *list[4];

	(void)state;
	s = exec_at(t, 100 * SECOND, tool, "/usr/bin/node").session_started;
	assert_null(fork_at(t, 101 * SECOND, child).session_started);
	assert_int_equal(s->live, 2);
	assert_int_equal(proctree_of_session(t, s, list, 4), 2);
	assert_null(exit_at(t, 102 * SECOND, tool).session_ended);
	c = exit_at(t, 103 * SECOND, child);
	assert_ptr_equal(c.session_ended, s);
	assert_int_equal(s->live, 0);
	assert_int_equal(s->end_ns, 103 * SECOND);
	/* A second exit of the same process ends nothing twice. */
	assert_null(exit_at(t, 103 * SECOND, child).session_ended);
	/* A late event finds the session for as long as it finds the process. */
	proctree_expire(t, 103 * SECOND + GRACE - 1);
	assert_ptr_equal(proctree_session(t, 100 * SECOND, 100), s);
	assert_non_null(proctree_find(t, 101, 101 * SECOND));
	proctree_expire(t, 103 * SECOND + GRACE);
	assert_null(proctree_session(t, 100 * SECOND, 100));
	assert_int_equal(proctree_count(t), 0);
}

static void test_exec_into_another_tool_is_a_session_within(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who w = labelled(100, 1, 99 * SECOND, 100);
	struct proctree_change c;

	(void)state;
	exec_at(t, 100 * SECOND, w, "/usr/bin/node");
	w.session_ns = 101 * SECOND;
	w.tool = 2;
	rec_exec(&rec, 101 * SECOND, &w, "/usr/bin/codex", "/", "codex", 6);
	rec.exec.parent_session_ns = 100 * SECOND;
	rec.exec.parent_session_pid = 100;
	c = apply(t, rec.hdr.size);
	assert_int_equal(c.session_started->ns, 101 * SECOND);
	assert_int_equal(c.session_started->tool, 2);
	assert_int_equal(c.session_started->parent_ns, 100 * SECOND);
	assert_int_equal(c.session_ended->ns, 100 * SECOND);
	assert_int_equal(c.process->tool, 2);
}

/* Records of two rings: the alert of a session's child may be read before the session's own start. */
static void test_session_known_by_a_late_record_is_started_once(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who tool = labelled(100, 1, 99 * SECOND, 100);
	struct proctree_change c;

	(void)state;
	c = apply(t, rec_file(&rec, 105 * SECOND, &tool, "/home/ann/.env", 3, 1, SL_ACTION_ALERT));
	assert_non_null(c.session_started);
	assert_string_equal(c.process->exe, "");
	assert_string_equal(c.process->comm, "proc");
	c = exec_at(t, 100 * SECOND, tool, "/usr/bin/node");
	assert_null(c.session_started);
	assert_string_equal(c.process->exe, "/usr/bin/node");
	assert_int_equal(c.process->evidence, SL_EVID_EXE);
	assert_int_equal(proctree_session(t, 100 * SECOND, 100)->evidence, SL_EVID_EXE);
	assert_int_equal(proctree_session(t, 100 * SECOND, 100)->live, 1);
}

static void test_older_news_do_not_undo_newer(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who w = labelled(100, 1, 99 * SECOND, 100);
	struct process *p = exec_at(t, 110 * SECOND, w, "/usr/bin/new").process;

	(void)state;
	w.uid = 0;
	exec_at(t, 105 * SECOND, w, "/usr/bin/old");
	assert_string_equal(p->exe, "/usr/bin/new");
	assert_int_equal(p->uid, 1000);
}

static void test_threads_do_not_rename_the_process(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	struct who w = labelled(100, 1, 99 * SECOND, 100);
	struct process *p = exec_at(t, 100 * SECOND, w, "/usr/bin/node").process;

	(void)state;
	w.comm = "Bun Pool 1";
	rec_file(&rec, 101 * SECOND, &w, "/a", 3, 1, SL_ACTION_LOG);
	rec.file.who.tid = 105;
	apply(t, rec.hdr.size);
	assert_string_equal(p->comm, "proc");
	rec.file.who.tid = 100;
	rec.hdr.time_ns++;
	apply(t, rec.hdr.size);
	assert_string_equal(p->comm, "Bun Pool 1");
}

static void test_strangers_make_room_before_members(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(16, 8);

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		exec_at(t, 100 * SECOND, labelled(100 + i, 1, 99 * SECOND, 100), "/usr/bin/node");
	/* A thousand processes outside every session pass by. */
	for (uint32_t i = 0; i < 1000; i++)
		exec_at(t, 101 * SECOND + i, (struct who){ .tgid = 1000 + i, .ppid = 1, .start_ns = 50 * SECOND }, "/bin/ls");
	for (uint32_t i = 0; i < 8; i++)
		assert_non_null(proctree_find_pid(t, 100 + i));
	assert_int_equal(proctree_count(t), 16);
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 1000 - 8);
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 0);
	assert_int_equal(proctree_session(t, 100 * SECOND, 100)->live, 8);
}

static void test_the_ended_make_room_before_the_living(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(16, 8);

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		exec_at(t, 100 * SECOND, labelled(100 + i, 1, 99 * SECOND, 100), "/usr/bin/node");
	exit_at(t, 101 * SECOND, labelled(107, 1, 99 * SECOND, 100));
	exit_at(t, 102 * SECOND, labelled(103, 1, 99 * SECOND, 100));
	/* Ended a while ago: dropping it is no loss, even within the grace period. */
	exec_at(t, 110 * SECOND, labelled(200, 1, 109 * SECOND, 100), "/bin/ls");
	assert_null(proctree_find_pid(t, 107));
	assert_non_null(proctree_find_pid(t, 103));
	exec_at(t, 110 * SECOND, labelled(201, 1, 109 * SECOND, 100), "/bin/ls");
	assert_null(proctree_find_pid(t, 103));
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 0);
	/* Now only the living are left: the one least recently seen goes, and that is told. */
	exec_at(t, 111 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	exec_at(t, 112 * SECOND, labelled(202, 1, 109 * SECOND, 100), "/bin/ls");
	assert_null(proctree_find_pid(t, 101));
	assert_non_null(proctree_find_pid(t, 100));
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 1);
}

/* Long arguments and deep directories count against the bound as well as the number of processes. */
static void test_strings_are_bounded_too(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);
	char cwd[SL_PATH_MAX];

	(void)state;
	memset(cwd, 'd', sizeof(cwd));
	for (size_t i = 0; i < sizeof(cwd); i += 200)
		cwd[i] = '/';
	cwd[sizeof(cwd) - 1] = '\0';
	for (uint32_t i = 0; i < 64; i++) {
		struct who w = labelled(100 + i, 1, 99 * SECOND, 100);

		apply(t, rec_exec(&rec, 100 * SECOND + i, &w, cwd, cwd, "a", 2));
	}
	/* 64 KiB for 64 processes hold seven such images. */
	assert_int_equal(proctree_count(t), 7);
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 57);
}

static void test_sessions_are_bounded(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 4);
	struct session *list[8];

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		exec_at(t, (100 + i) * SECOND, labelled(100 + i, 1, 99 * SECOND, 100 + i), "/usr/bin/node");
	assert_int_equal(proctree_sessions(t, list, 8), 4);
	assert_int_equal(losses(t, SL_LOSS_SESSION_EVICTED), 2);
	assert_null(proctree_session(t, 100 * SECOND, 100));
	/* The process of a dropped session is still known, and brings the session back when it is seen. */
	assert_int_equal(proctree_find_pid(t, 100)->session_pid, 100);
	exec_at(t, 200 * SECOND, labelled(100, 1, 99 * SECOND, 100), "/usr/bin/node");
	assert_int_equal(proctree_session(t, 100 * SECOND, 100)->live, 1);
	exit_at(t, 201 * SECOND, labelled(100, 1, 99 * SECOND, 100));
	assert_int_equal(proctree_session(t, 100 * SECOND, 100)->end_ns, 201 * SECOND);
}

static void test_idle_strangers_are_forgotten_but_not_the_ancestors_of_a_session(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(64, 8);

	(void)state;
	exec_at(t, 1 * SECOND, (struct who){ .tgid = 50, .ppid = 1, .start_ns = 1 }, "/bin/bash");
	exec_at(t, 1 * SECOND, (struct who){ .tgid = 51, .ppid = 1, .start_ns = 1 }, "/bin/ls");
	exec_at(t, 100 * SECOND, labelled(100, 50, 99 * SECOND, 100), "/usr/bin/node");
	proctree_expire(t, 700 * SECOND);
	assert_null(proctree_find_pid(t, 51));
	assert_int_equal(proctree_parent(t, proctree_find_pid(t, 100))->tgid, 50);
	assert_int_equal(losses(t, SL_LOSS_PROC_EVICTED), 0);
}

/* Nothing that records can say makes the tree crash, lose count or go in circles. */
static void test_random_histories_keep_the_books(void **state)
{
	uint64_t seed = 88172645463325252ull;

	(void)state;
	for (int round = 0; round < 20; round++) {
		cleanup_(proctree_freep) struct proctree *t = proctree_new(32, 6);
		struct session *sessions[8];
		bool begun[8] = { 0 };

		for (int i = 0; i < 3000; i++) {
			struct who w = { .uid = 1, .tool = 1, .comm = "x" };
			struct proctree_change c;
			uint64_t now;
			size_t cnt, members = 0;

			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			w.tgid = 1 + (seed & 63);
			w.ppid = seed >> 6 & 63;
			w.start_ns = (seed >> 12 & 7) * 20 * MSEC;
			w.session_pid = seed >> 16 & 7;
			w.session_ns = w.session_pid;
			now = (seed >> 20 & 127) * SECOND;
			switch (seed >> 30 & 7) {
			case 0:
				c = fork_at(t, now, w);
				break;
			case 1:
			case 2:
				c = exit_at(t, now, w);
				break;
			case 3:
				proctree_expire(t, now);
				continue;
			default:
				c = exec_at(t, now, w, "/bin/x");
				break;
			}
			assert_int_equal(c.process->tgid, w.tgid);
			assert_true(proctree_count(t) <= 32);
			/* No end is told without a beginning, and none twice. */
			if (c.session_ended && c.session_ended != c.session_started) {
				assert_true(begun[c.session_ended->pid]);
				begun[c.session_ended->pid] = false;
			}
			if (c.session_started)
				begun[c.session_started->pid] = c.session_ended != c.session_started;
			cnt = proctree_sessions(t, sessions, 8);
			assert_true(cnt <= 6);
			for (size_t s = 0; s < cnt; s++) {
				struct process *list[64];
				size_t all = proctree_of_session(t, sessions[s], list, 64), live = 0;

				for (size_t m = 0; m < all; m++)
					live += !list[m]->exited;
				assert_int_equal(sessions[s]->live, live);
				assert_true(!live || !sessions[s]->end_ns);
				members += all;
			}
			assert_true(members <= proctree_count(t));
			cnt = 0;
			for (const struct process *p = c.process; p; p = proctree_parent(t, p))
				assert_true(cnt++ < 64);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec_tells_the_image),
		cmocka_unit_test(test_forked_child_runs_its_parents_image_until_it_execs),
		cmocka_unit_test(test_child_outlives_the_parent_whose_image_it_shares),
		cmocka_unit_test(test_reparenting_keeps_the_lineage),
		cmocka_unit_test(test_parent_that_is_told_after_its_child_is_found),
		cmocka_unit_test(test_a_younger_process_is_no_parent),
		cmocka_unit_test(test_a_parent_that_had_ended_is_no_parent),
		cmocka_unit_test(test_pid_reuse_makes_a_new_process),
		cmocka_unit_test(test_start_times_agree_to_the_tick),
		cmocka_unit_test(test_procfs_does_not_overwrite_what_the_kernel_told),
		cmocka_unit_test(test_what_the_kernel_told_replaces_an_earlier_look_at_procfs),
		cmocka_unit_test(test_session_ends_with_its_last_process),
		cmocka_unit_test(test_exec_into_another_tool_is_a_session_within),
		cmocka_unit_test(test_session_known_by_a_late_record_is_started_once),
		cmocka_unit_test(test_older_news_do_not_undo_newer),
		cmocka_unit_test(test_threads_do_not_rename_the_process),
		cmocka_unit_test(test_strangers_make_room_before_members),
		cmocka_unit_test(test_the_ended_make_room_before_the_living),
		cmocka_unit_test(test_strings_are_bounded_too),
		cmocka_unit_test(test_sessions_are_bounded),
		cmocka_unit_test(test_idle_strangers_are_forgotten_but_not_the_ancestors_of_a_session),
		cmocka_unit_test(test_random_histories_keep_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
