/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what /proc is read as, on real processes with names and arguments meant to confuse, and the labels that their
 * ancestry means. The processes are copies of this very program: it waits when its environment says so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <pthread.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <cmocka.h>

#include "event/decode.h"
#include "process/procscan.h"
#include "process/proctree.h"
#include "records.h"
#include "small_policy.h"

#define READY_FD 9   /* a child writes one byte here when it is what it is meant to be */

static char dir[64];
static struct small_policy small;
static union record rec;

/* ---- children ------------------------------------------------------------------------------------------------------- */

static void ready(void)
{
	if (write(READY_FD, "", 1) != 1)
		_exit(3);
	close(READY_FD);
}

static void *outlive(void *arg)
{
	ready();
	for (;;)
		pause();
	return arg;
}

static char *hidden_from, *hidden_to;

/* Nobody reads the pages that the arguments are in, this process neither: it is on another stack by now. */
static void hide_arguments(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)hidden_from & ~(page - 1);

	if (mprotect((void *)from, (uintptr_t)hidden_to - from, PROT_NONE))
		_exit(8);
	ready();
	for (;;)
		pause();
}

/* What this program does as a child: SLUICE_CHILD says which. Never returns. */
static void be_child(const char *what, int argc, char **argv)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(what, "renamed")) {
		prctl(PR_SET_NAME, "a) R 1 (\n");
	} else if (!strcmp(what, "retitled")) {
		/* As setproctitle does it: one text over the memory of all arguments, without a NUL at the end. */
		char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;

		memset(argv[0], 'T', (size_t)(end - argv[0]));
	} else if (!strcmp(what, "unended")) {
		/* The kernel takes a last byte that is not NUL for a title, which is one text. */
		argv[argc - 1][strlen(argv[argc - 1])] = 'x';
	} else if (!strcmp(what, "hidden")) {
		static _Alignas(64) char stack[65536];
		static ucontext_t there;

		hidden_from = argv[0];
		hidden_to = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = sizeof(stack);
		makecontext(&there, hide_arguments, 0);
		setcontext(&there);
	} else if (!strcmp(what, "leaderless")) {
		pthread_create(&thread, NULL, outlive, NULL);
		syscall(SYS_exit, 0); /* this thread only: the process goes on without its first */
	} else if (!strcmp(what, "parent")) {
		/* Runs the rest of its arguments as a child, and stays. */
		pid_t pid = fork();

		if (!pid) {
			setenv("SLUICE_CHILD", argc > 3 ? "parent" : "plain", 1);
			execv(argv[1], argv + 2);
			_exit(4);
		}
		if (pid < 0)
			_exit(5);
		for (;;)
			pause();
	}
	ready();
	for (;;)
		pause();
}

struct child {
	pid_t pid;
	int wait_fd;
};

/* Starts `exe` (a copy of this program) and waits until it is ready. */
static struct child start_at(const char *what, const char *exe, char *const *argv, int tty)
{
	struct child c;
	int fds[2];
	char byte;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	c.wait_fd = fds[0];
	c.pid = fork();
	if (!c.pid) {
		dup2(fds[1], READY_FD);
		if (tty >= 0) {
			setsid();
			ioctl(tty, TIOCSCTTY, 0);
		}
		setenv("SLUICE_CHILD", what, 1);
		if (chdir(dir))
			_exit(6);
		execv(exe, argv);
		_exit(7);
	}
	close(fds[1]);
	assert_int_equal(read(c.wait_fd, &byte, 1), 1);
	return c;
}

static struct child start(const char *what, const char *exe, char *const *argv)
{
	return start_at(what, exe, argv, -1);
}

static void stop(struct child *c)
{
	if (c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	close(c->wait_fd);
	c->pid = 0;
}

/* Copies this program to a file of any name in the test's directory. */
static const char *copy_program(const char *name)
{
	static char path[8][512];
	static int next;
	char *to = path[next++ % 8], buf[65536];
	cleanup_close int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out = -1;
	ssize_t n;

	snprintf(to, sizeof(path[0]), "%s/%s", dir, name);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	return to;
}

/* Reads a process and decodes what was written. */
static struct event scan_one(pid_t pid)
{
	struct event ev;
	int size = procscan_read("/proc", (uint32_t)pid, 77, &rec);

	assert_true(size > 0);
	assert_int_equal(decode_record(&rec, (size_t)size, &ev), 0);
	assert_int_equal(ev.kind, SL_REC_EXEC);
	assert_int_equal(ev.exec->origin, SL_EXEC_ORIGIN_PROCFS);
	assert_int_equal(ev.time_ns, 77);
	assert_int_equal(ev.who->tgid, pid);
	return ev;
}

static void assert_view(struct view v, const char *text)
{
	assert_int_equal(v.len, strlen(text));
	assert_memory_equal(v.data, text, v.len);
}

/* ---- one process ---------------------------------------------------------------------------------------------------- */

static void test_hostile_names_come_through_unchanged(void **state)
{
	const char *exe = copy_program("we\"ird \n\xff\xfe (deleted)");
	char *argv[] = { (char[]){ "a\nb" }, (char[]){ "" }, (char[]){ "\xff\"'" }, (char[]){ "-" }, NULL };
	struct child c = start("plain", exe, argv);
	struct event ev = scan_one(c.pid);
	static const char bytes[] = "a\nb\0\0\xff\"'\0-";

	(void)state;
	assert_view(ev.exe, exe);
	assert_int_equal(ev.exe.flags, SL_STR_PLAIN);
	assert_view(ev.cwd, dir);
	assert_int_equal(ev.argv.len, sizeof(bytes));
	assert_memory_equal(ev.argv.data, bytes, sizeof(bytes));
	assert_int_equal(ev.who->ppid, getpid());
	assert_int_equal(ev.who->uid, getuid());
	stop(&c);
}

static void test_deleted_program_keeps_its_name(void **state)
{
	const char *exe = copy_program("gone");
	char *argv[] = { (char[]){ "gone" }, NULL };
	struct child c = start("plain", exe, argv);

	(void)state;
	unlink(exe);
	assert_view(scan_one(c.pid).exe, exe);
	stop(&c);
}

static void test_name_with_brackets_is_no_state(void **state)
{
	char *argv[] = { (char[]){ "x" }, NULL };
	struct child c = start("renamed", copy_program("x"), argv);
	struct event ev = scan_one(c.pid);

	(void)state;
	assert_int_equal(ev.who->ppid, getpid());
	assert_memory_equal(ev.who->comm, "a) R 1 (\n", 10);
	stop(&c);
}

static void test_many_arguments_are_cut(void **state)
{
	static char *argv[2001];
	static char arg[] = "argument";
	struct child c;
	struct event ev;

	(void)state;
	for (int i = 0; i < 2000; i++)
		argv[i] = arg;
	c = start("plain", copy_program("many"), argv);
	ev = scan_one(c.pid);
	assert_int_equal(ev.argv.len, SL_ARGV_MAX);
	assert_int_equal(ev.argv.flags, SL_STR_TRUNCATED);
	assert_memory_equal(ev.argv.data, "argument\0argument", 18);
	stop(&c);
}

static void test_no_arguments_at_all(void **state)
{
	char *argv[] = { NULL };
	struct child c = start("plain", copy_program("none"), argv);
	struct event ev = scan_one(c.pid);

	(void)state;
	/* Newer kernels give such a program one empty argument. */
	assert_true(ev.argv.len <= 1);
	assert_int_equal(ev.argv.flags, 0);
	stop(&c);
}

static void test_rewritten_arguments_are_ended(void **state)
{
	char *argv[] = { (char[]){ "node" }, (char[]){ "/bin/claude" }, NULL };
	struct child c = start("retitled", copy_program("retitled"), argv);
	struct event ev = scan_one(c.pid);

	(void)state;
	assert_true(ev.argv.len >= 17);
	assert_memory_equal(ev.argv.data, "TTTTTTTTTTTTTTTT", 16);
	assert_int_equal(ev.argv.data[ev.argv.len - 1], 0);
	stop(&c);
}

static void test_arguments_that_cannot_be_read_are_no_empty_ones(void **state)
{
	char *argv[] = { (char[]){ "node" }, (char[]){ "/bin/claude" }, NULL };
	struct child c = start("hidden", copy_program("hidden"), argv);
	struct event ev = scan_one(c.pid);

	(void)state;
	assert_int_equal(ev.argv.len, 0);
	assert_int_equal(ev.argv.flags, SL_STR_MISSING | SL_STR_UNRESOLVED);
	assert_true(procscan_argv_unread(&rec.exec));
	stop(&c);
	c = start("unended", copy_program("unended"), argv);
	ev = scan_one(c.pid);
	assert_string_equal(ev.argv.data, "node");
	assert_int_equal(ev.argv.flags, SL_STR_TRUNCATED | SL_STR_UNRESOLVED);
	assert_true(procscan_argv_unread(&rec.exec));
	stop(&c);
	c = start("plain", copy_program("plain"), argv);
	scan_one(c.pid);
	assert_false(procscan_argv_unread(&rec.exec));
	stop(&c);
}

static void test_process_without_its_first_thread(void **state)
{
	const char *exe = copy_program("leaderless");
	char *argv[] = { (char[]){ "leaderless" }, NULL };
	struct child c = start("leaderless", exe, argv);
	struct event ev;
	char stat[64], text[256];

	(void)state;
	/* The other thread said it is ready; the first one may still be on its way out. */
	snprintf(stat, sizeof(stat), "/proc/%d/stat", c.pid);
	for (;;) {
		cleanup_close int fd = open(stat, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		assert_true(n > 0);
		text[n] = '\0';
		if (strstr(text, ") Z "))
			break;
	}
	ev = scan_one(c.pid);
	assert_view(ev.exe, exe);
	assert_int_equal(ev.argv.len, 11);
	stop(&c);
}

static void test_terminal(void **state)
{
	char *argv[] = { (char[]){ "tty" }, NULL };
	char name[64], expect[32];
	struct child c;
	int master, slave;
	unsigned int number;

	(void)state;
	if (openpty(&master, &slave, name, NULL, NULL)) {
		print_message("skipped: no pseudo terminal here: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(sscanf(name, "/dev/pts/%u", &number), 1);
	snprintf(expect, sizeof(expect), "pts%u", number);
	c = start_at("plain", copy_program("tty"), argv, slave);
	assert_view(scan_one(c.pid).tty, expect);
	stop(&c);
	close(master);
	close(slave);
}

/* The start is the kernel's, rounded to the tick: it lies between two readings of the boot clock. */
static void test_start_time(void **state)
{
	char *argv[] = { (char[]){ "start" }, NULL };
	const char *exe = copy_program("start");
	struct timespec before, after;
	struct child c;
	uint64_t start_ns;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &before);
	c = start("plain", exe, argv);
	clock_gettime(CLOCK_BOOTTIME, &after);
	start_ns = scan_one(c.pid).who->start_ns;
	assert_int_equal(start_ns % 10000000, 0);
	assert_true(start_ns + 10000000 > (uint64_t)before.tv_sec * SECOND + (uint64_t)before.tv_nsec);
	assert_true(start_ns <= (uint64_t)after.tv_sec * SECOND + (uint64_t)after.tv_nsec);
	stop(&c);
}

static void test_what_is_no_process(void **state)
{
	char *argv[] = { (char[]){ "zombie" }, NULL };
	struct child c = start("plain", copy_program("zombie"), argv);
	cleanup_fclose FILE *f = NULL;
	char comm[32];
	siginfo_t info;

	(void)state;
	kill(c.pid, SIGKILL);
	waitid(P_PID, (id_t)c.pid, &info, WEXITED | WNOWAIT);
	assert_int_equal(procscan_read("/proc", (uint32_t)c.pid, 1, &rec), 0);   /* zombie */
	stop(&c);
	assert_int_equal(procscan_read("/proc", (uint32_t)c.pid, 1, &rec), -ESRCH);
	f = fopen("/proc/2/comm", "re");
	/* In a pid namespace there are no kernel threads. */
	if (f && fgets(comm, sizeof(comm), f) && !strcmp(comm, "kthreadd\n"))
		assert_int_equal(procscan_read("/proc", 2, 1, &rec), 0);
	assert_int_equal(procscan_read("/proc/nowhere", 1, 1, &rec), -ENOENT);
}

/* ---- all of them ---------------------------------------------------------------------------------------------------- */

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int cnt = 0;

	while (readdir(d))
		cnt++;
	closedir(d);
	return cnt;
}

static void test_scan_lists_processes_not_threads(void **state)
{
	char *argv[] = { (char[]){ "leaderless" }, NULL };
	struct child c = start("leaderless", copy_program("listed"), argv);
	int fds = count_fds(), mine = 0;
	struct procscan s = { 0 };

	(void)state;
	assert_int_equal(procscan_all("/proc", 5, &s), 0);
	for (size_t i = 0; i < s.cnt; i++) {
		const struct sl_who *w = &s.v[i].rec->who;
		struct event ev;

		assert_int_equal(decode_record(s.v[i].rec, s.v[i].rec->hdr.size, &ev), 0);
		assert_true(!i || w->tgid > s.v[i - 1].rec->who.tgid);
		mine += w->tgid == (uint32_t)c.pid || w->ppid == (uint32_t)c.pid;
	}
	assert_int_equal(mine, 1);
	assert_non_null(procscan_find(&s, (uint32_t)getpid()));
	assert_null(procscan_find(&s, SL_PID_LIMIT - 1));
	procscan_done(&s);
	assert_int_equal(count_fds(), fds);
	stop(&c);
}

/* The kernel's own tree of a running session, read back through the process tree. */
static void test_scan_feeds_the_tree(void **state)
{
	cleanup_(proctree_freep) struct proctree *t = proctree_new(4096, 8);
	char *argv[] = { (char[]){ "fed" }, NULL };
	struct child c = start("plain", copy_program("fed"), argv);
	struct procscan s = { 0 };
	struct proctree_change change;
	struct process *p;
	struct event ev;

	(void)state;
	assert_int_equal(procscan_all("/proc", 5, &s), 0);
	for (size_t i = s.cnt; i-- > 0;) { /* children first */
		assert_int_equal(decode_record(s.v[i].rec, s.v[i].rec->hdr.size, &ev), 0);
		assert_int_equal(proctree_apply(t, &ev, &change), 0);
	}
	procscan_done(&s);
	p = proctree_find_pid(t, (uint32_t)c.pid);
	assert_non_null(p);
	assert_int_equal(proctree_parent(t, p)->tgid, getpid());
	/* A record of the kernel, exact to the nanosecond, finds the same process. */
	assert_ptr_equal(proctree_find(t, (uint32_t)c.pid, p->start_ns + 7654321), p);
	stop(&c);
}

/* ---- labels --------------------------------------------------------------------------------------------------------- */

/* A made-up process of a scan. */
static void add(struct procscan *s, uint32_t tgid, uint32_t ppid, const char *exe, const char *argv, size_t argv_len)
{
	struct who w = { .tgid = tgid, .ppid = ppid, .start_ns = tgid * SECOND };
	size_t size = 0;

	rec_begin(&rec, SL_REC_EXEC, sizeof(rec.exec), 1);
	rec_who(&rec.exec.who, &w);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	rec.exec.exe_flags = SL_STR_PLAIN;
	rec.exec.exe_len = (uint16_t)rec_bytes(&rec, exe, strlen(exe));
	rec.exec.argv_len = (uint16_t)rec_bytes(&rec, argv, argv_len);
	size = rec.hdr.size;
	s->v = reallocarray(s->v, s->cnt + 1, sizeof(*s->v));
	s->v[s->cnt] = (struct procscan_entry){ .rec = malloc(size) };
	memcpy(s->v[s->cnt++].rec, &rec, size);
}

#define ADD(s, tgid, ppid, exe, argv) add(s, tgid, ppid, exe, argv, sizeof(argv))

static void assert_label(const struct procscan *s, uint32_t tgid, uint16_t tool, uint32_t session, uint8_t evidence,
			 uint32_t parent_session)
{
	const struct procscan_entry *e = procscan_find(s, tgid);

	assert_int_equal(e->label.tool, tool);
	assert_int_equal(e->label.session_pid, session);
	assert_int_equal(e->label.session_ns, session * SECOND);
	assert_int_equal(e->label.evidence, evidence);
	assert_int_equal(e->label.parent_session_pid, parent_session);
	/* The record says the same. */
	assert_int_equal(e->rec->who.tool, tool);
	assert_int_equal(e->rec->who.session_pid, session);
	assert_int_equal(e->rec->evidence, evidence);
	assert_int_equal(e->rec->new_session, session == tgid);
}

static void test_descendants_inherit(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 10, 1, "/bin/bash", "bash");
	ADD(&s, 20, 10, "/opt/claude", "claude");
	ADD(&s, 30, 20, "/bin/sh", "sh\0-c\0x");
	ADD(&s, 40, 30, "/bin/cat", "cat");
	ADD(&s, 50, 10, "/bin/ls", "ls");
	assert_int_equal(procscan_label(&s, small.compiled), 3);
	assert_label(&s, 10, 0, 0, SL_EVID_NONE, 0);
	assert_label(&s, 20, SMALL_CLAUDE, 20, SL_EVID_PROCFS, 0);
	assert_label(&s, 30, SMALL_CLAUDE, 20, SL_EVID_INHERITED, 0);
	assert_label(&s, 40, SMALL_CLAUDE, 20, SL_EVID_INHERITED, 0);
	assert_label(&s, 50, 0, 0, SL_EVID_NONE, 0);
	assert_int_equal(procscan_find(&s, 20)->label.mode, SL_MODE_SELF);
	assert_int_equal(procscan_find(&s, 40)->label.mode, SL_MODE_CHILD);
	procscan_done(&s);
}

static void test_pid_order_does_not_matter(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	/* Pids came round: the tool has a higher one than what it started; start times follow pids here, so set them. */
	ADD(&s, 20, 90, "/bin/cat", "cat");
	ADD(&s, 30, 20, "/bin/cat", "cat");
	ADD(&s, 90, 1, "/opt/claude", "claude");
	s.v[2].rec->who.start_ns = 5 * SECOND;
	assert_int_equal(procscan_label(&s, small.compiled), 3);
	assert_int_equal(procscan_find(&s, 30)->label.session_pid, 90);
	procscan_done(&s);
}

static void test_tool_within_a_tool_is_a_session_of_its_own(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 20, 1, "/opt/claude", "claude");
	ADD(&s, 30, 20, "/opt/claude", "claude\0--worker");   /* starts itself again: the same session */
	ADD(&s, 40, 30, "/bin/bash", "bash");
	ADD(&s, 50, 40, "/opt/claude", "rg\0x");              /* as a helper: the same session */
	ADD(&s, 60, 40, "/opt/claude", "claude\0-p\0x");      /* behind a shell: somebody asked for a new one */
	ADD(&s, 70, 60, "/opt/codex", "codex");               /* another tool */
	ADD(&s, 80, 70, "/bin/cat", "cat");
	assert_int_equal(procscan_label(&s, small.compiled), 7);
	assert_label(&s, 30, SMALL_CLAUDE, 20, SL_EVID_PROCFS, 0);
	assert_label(&s, 40, SMALL_CLAUDE, 20, SL_EVID_INHERITED, 0);
	assert_label(&s, 50, SMALL_CLAUDE, 20, SL_EVID_PROCFS, 0);
	assert_label(&s, 60, SMALL_CLAUDE, 60, SL_EVID_PROCFS, 20);
	assert_label(&s, 70, SMALL_CODEX, 70, SL_EVID_PROCFS, 60);
	assert_label(&s, 80, SMALL_CODEX, 70, SL_EVID_INHERITED, 60);
	procscan_done(&s);
}

static void test_scripts_count_as_the_tool(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 20, 1, "/usr/bin/node", "node\0/usr/bin/claude\0--x");
	ADD(&s, 30, 1, "/usr/bin/node", "node\0server.js");
	/* Rewritten arguments hide the script: then it is not guessed. */
	ADD(&s, 40, 1, "/usr/bin/node", "claude");
	add(&s, 50, 1, "/usr/bin/node", "node\0/usr/bin/claude", 21); /* cut off before its NUL */
	assert_int_equal(procscan_label(&s, small.compiled), 2);
	assert_label(&s, 20, SMALL_CLAUDE, 20, SL_EVID_PROCFS, 0);
	assert_label(&s, 50, SMALL_CLAUDE, 50, SL_EVID_PROCFS, 0);
	procscan_done(&s);
}

static void test_known_labels_stand(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 20, 1, "/bin/bash", "bash");
	ADD(&s, 30, 20, "/bin/cat", "cat");
	/* The kernel saw it become a tool's shell meanwhile. */
	s.v[0].known = true;
	s.v[0].label = (struct sl_label){ .tool = SMALL_CODEX, .session_ns = 123, .session_pid = 7, .left_tool = 1,
					  .evidence = SL_EVID_INHERITED };
	assert_int_equal(procscan_label(&s, small.compiled), 2);
	assert_int_equal(procscan_find(&s, 20)->label.session_ns, 123);
	assert_int_equal(procscan_find(&s, 20)->rec->new_session, 0);
	assert_int_equal(procscan_find(&s, 30)->label.session_ns, 123);
	assert_int_equal(procscan_find(&s, 30)->label.evidence, SL_EVID_INHERITED);
	procscan_done(&s);
}

/* A scan is not taken at one instant: pids may have been given away while it ran. */
static void test_impossible_parents_are_none(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 20, 30, "/bin/cat", "cat");  /* its parent's pid is a younger process now */
	ADD(&s, 30, 1, "/opt/claude", "claude");
	ADD(&s, 40, 41, "/bin/cat", "cat");  /* a circle */
	ADD(&s, 41, 40, "/bin/cat", "cat");
	ADD(&s, 50, 50, "/bin/cat", "cat");
	s.v[3].rec->who.start_ns = s.v[2].rec->who.start_ns;
	assert_int_equal(procscan_label(&s, small.compiled), 1);
	assert_label(&s, 20, 0, 0, SL_EVID_NONE, 0);
	procscan_done(&s);
}

static void test_long_chains_need_no_stack(void **state)
{
	struct procscan s = { 0 };

	(void)state;
	ADD(&s, 1, 0, "/opt/claude", "claude");
	for (uint32_t i = 2; i < 20000; i++)
		ADD(&s, i, i - 1, "/bin/sh", "sh");
	assert_int_equal(procscan_label(&s, small.compiled), 19999);
	assert_int_equal(procscan_find(&s, 19999)->label.session_pid, 1);
	procscan_done(&s);
}

/* The one process that `ppid` started; an empty entry if there is none. */
static const struct procscan_entry *child_of(const struct procscan *s, uint32_t ppid)
{
	static struct sl_rec_exec nothing;
	static const struct procscan_entry none = { .rec = &nothing };

	for (size_t i = 0; i < s->cnt; i++)
		if (s->v[i].rec->who.ppid == ppid)
			return &s->v[i];
	return &none;
}

/* Real processes, real labels: a tool that runs a shell that runs another tool. */
static void test_running_tools_are_labelled(void **state)
{
	const char *a = copy_program("test-tool-a"), *sh = copy_program("shell"), *b = copy_program("test-tool-b");
	char *argv[] = { (char[]){ "a" }, (char *)(uintptr_t)sh, (char[]){ "sh" }, (char *)(uintptr_t)b, (char[]){ "b" }, NULL };
	struct child c = start("parent", a, argv);
	struct procscan s = { 0 };
	const struct procscan_entry *ea, *esh, *eb;

	(void)state;
	assert_int_equal(procscan_all("/proc", 5, &s), 0);
	assert_true(procscan_label(&s, small.compiled) >= 3);
	ea = procscan_find(&s, (uint32_t)c.pid);
	esh = child_of(&s, (uint32_t)c.pid);
	eb = child_of(&s, esh->rec->who.tgid);
	assert_non_null(ea);
	assert_int_equal(ea->label.tool, SMALL_CLAUDE);
	assert_int_equal(ea->label.session_pid, c.pid);
	assert_int_equal(esh->label.session_pid, c.pid);
	assert_int_equal(esh->label.evidence, SL_EVID_INHERITED);
	assert_int_equal(eb->label.tool, SMALL_CODEX);
	assert_int_equal(eb->label.session_pid, eb->rec->who.tgid);
	assert_int_equal(eb->label.parent_session_pid, c.pid);
	assert_int_equal(eb->label.parent_tool, SMALL_CLAUDE);
	procscan_done(&s);
	stop(&c);
}

/* ---- set-up --------------------------------------------------------------------------------------------------------- */

static int group_setup(void **state)
{
	struct errmsg e = { 0 };
	int r = small_policy_make(&small, &e);

	(void)state;
	if (r < 0)
		fprintf(stderr, "small policy: %u: %s\n", e.line, e.text);
	snprintf(dir, sizeof(dir), "/tmp/sluice-procscan-XXXXXX");
	return r < 0 || !mkdtemp(dir) ? -1 : 0;
}

static int group_teardown(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	(void)state;
	while (d && (de = readdir(d)))
		unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
	small_policy_done(&small);
	return 0;
}

/* A /proc of our own, with this process's files and a cgroup's path of the test. */
static void expect_cgroup(const char *text, const char *want)
{
	static const char *const links[] = { "stat", "status", "cmdline", "exe", "cwd", "task" };
	char root[96], pid[128], path[160], to[64];
	struct event ev;
	FILE *f;
	int size;

	snprintf(root, sizeof(root), "%s/proc", dir);
	snprintf(pid, sizeof(pid), "%s/%d", root, getpid());
	mkdir(root, 0700);
	assert_int_equal(mkdir(pid, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(path, sizeof(path), "%s/%s", pid, links[i]);
		snprintf(to, sizeof(to), "/proc/%d/%s", getpid(), links[i]);
		assert_int_equal(symlink(to, path), 0);
	}
	snprintf(path, sizeof(path), "%s/cgroup", pid);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	size = procscan_read(root, (uint32_t)getpid(), 1, &rec);
	assert_true(size > 0);
	assert_int_equal(decode_record(&rec, (size_t)size, &ev), 0);
	assert_int_equal(ev.cgroup.len, strlen(want));
	assert_memory_equal(ev.cgroup.data, want, ev.cgroup.len);
	unlink(path);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(path, sizeof(path), "%s/%s", pid, links[i]);
		unlink(path);
	}
	rmdir(pid);
	rmdir(root);
}

/* Leaf first, as the kernel's records have it. */
static void test_cgroups_are_paths(void **state)
{
	char deep[1024] = "0::", want[1024] = "";

	(void)state;
	expect_cgroup("0::/machine.slice/libpod-1.scope/container\n", "container/libpod-1.scope/machine.slice");
	expect_cgroup("0::/\n", "");
	expect_cgroup("0::/gone/leaf (deleted)\n", "leaf/gone");
	expect_cgroup("3:cpu:/a\n1:name=systemd:/user.slice/session-2.scope\n", "session-2.scope/user.slice");
	/* As deep as is kept, and deeper. */
	for (int i = 0; i < SL_CGROUP_DEPTH + 3; i++)
		sprintf(deep + strlen(deep), "/%d", i);
	for (int i = SL_CGROUP_DEPTH + 2; i > 2; i--)
		sprintf(want + strlen(want), "%s%d", want[0] ? "/" : "", i);
	expect_cgroup(deep, want);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_names_come_through_unchanged),
		cmocka_unit_test(test_deleted_program_keeps_its_name),
		cmocka_unit_test(test_name_with_brackets_is_no_state),
		cmocka_unit_test(test_many_arguments_are_cut),
		cmocka_unit_test(test_no_arguments_at_all),
		cmocka_unit_test(test_rewritten_arguments_are_ended),
		cmocka_unit_test(test_arguments_that_cannot_be_read_are_no_empty_ones),
		cmocka_unit_test(test_process_without_its_first_thread),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_start_time),
		cmocka_unit_test(test_what_is_no_process),
		cmocka_unit_test(test_cgroups_are_paths),
		cmocka_unit_test(test_scan_lists_processes_not_threads),
		cmocka_unit_test(test_scan_feeds_the_tree),
		cmocka_unit_test(test_descendants_inherit),
		cmocka_unit_test(test_pid_order_does_not_matter),
		cmocka_unit_test(test_tool_within_a_tool_is_a_session_of_its_own),
		cmocka_unit_test(test_scripts_count_as_the_tool),
		cmocka_unit_test(test_known_labels_stand),
		cmocka_unit_test(test_impossible_parents_are_none),
		cmocka_unit_test(test_long_chains_need_no_stack),
		cmocka_unit_test(test_running_tools_are_labelled),
	};

	if (getenv("SLUICE_CHILD"))
		be_child(getenv("SLUICE_CHILD"), argc, argv);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
