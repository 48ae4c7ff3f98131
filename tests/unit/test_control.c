/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The control socket with real peers: what a request may say, who may do what, who gets which events, and that nobody who is slow, silent or
 * loud is waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/client.h"
#include "control/server.h"
#include "report_sample.h"

#define USER 1000       /* of the events of the sample */

static struct sample s;
static struct control *server;
static char dir[64], path[CONTROL_PATH_SIZE];
static int reloads, in_session;
static struct control_request asked;

static int may_ask(void *arg, uint32_t pid)
{
	(void)arg;
	return pid && !in_session ? 0 : -EPERM;
}

static void status(void *arg, struct strbuf *b)
{
	(void)arg;
	strbuf_adds(b, ",\"policy\":\"sha256:12\",\"uptime_s\":7");
}

static int allow(void *arg, const struct control_request *request, uint32_t uid, struct errmsg *e)
{
	(void)arg;
	asked = *request;
	if (uid != 0)
		return errmsg_set(e, -EPERM, "not root");
	return request->tool[0] ? errmsg_set(e, -ENOENT, "there is no tool \"%s\"", request->tool) : 0;
}

static void reload(void *arg)
{
	(void)arg;
	reloads++;
}

static int setup(void **state)
{
	struct control_config config = { .path = path, .may_ask = may_ask, .status = status, .allow = allow, .reload = reload };
	struct errmsg e = { 0 };

	(void)state;
	sample_init(&s);
	reloads = in_session = 0;
	snprintf(dir, sizeof(dir), "/tmp/sluice-control.XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/in/control", dir);
	return control_open(&config, &server, &e);
}

static int teardown(void **state)
{
	char in[80];
	struct stat st;

	(void)state;
	control_close(server);
	assert_int_equal(stat(path, &st), -1);
	snprintf(in, sizeof(in), "%s/in", dir);
	return rmdir(in) || rmdir(dir);
}

static int join(void)
{
	struct errmsg e = { 0 };
	int fd = control_connect(path, &e);

	assert_true(fd >= 0);
	control_serve(server);
	return fd;
}

static void put(int fd, const char *line)
{
	assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	control_serve(server);
}

/* What waits to be read; "" nothing, "(end)" the connection is over. */
static const char *get(int fd)
{
	static char buf[1 << 16];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? "" : "(end)";
	buf[n] = '\0';
	return n ? buf : "(end)";
}

static void assert_answer(int fd, const char *part)
{
	const char *line = get(fd);

	if (!strstr(line, part))
		fail_msg("\"%s\" is not in: %s", part, line);
}

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("skipped: not root\n");
	return false;
}

/* ---- requests ---------------------------------------------------------------------------------------------------------- */

static void test_what_a_request_may_say(void **state)
{
	static const struct {
		const char *line;
		int r;
	} cases[] = {
		{ "{\"do\":\"status\"}", 0 },
		{ " { \"do\" : \"metrics\" } ", 0 },
		{ "{\"do\":\"metrics\"}", 0 },
		{ "{\"do\":\"reload\"}", 0 },
		{ "{\"do\":\"subscribe\"}", 0 },
		{ "{\"do\":\"subscribe\",\"kinds\":[\"file.open\",\"loss\"],\"verdict\":\"alert\"}", 0 },
		{ "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":60}", 0 },
		{ "{\"do\":\"allow\",\"path_hex\":\"2fff\",\"dev\":1,\"inode\":2,\"seconds\":60,\"tool\":\"codex\"}", 0 },
		{ "", -EBADMSG },
		{ "{", -EBADMSG },
		{ "[]", -EBADMSG },
		{ "null", -EBADMSG },
		{ "{\"do\":\"status\"} {\"do\":\"status\"}", -EBADMSG },
		{ "{\"do\":\"\xff\"}", -EBADMSG },
		{ "{}", -EINVAL },
		{ "{\"do\":1}", -EINVAL },
		{ "{\"do\":\"detach\"}", -EINVAL },
		{ "{\"do\":\"status\",\"path\":\"/a\"}", -EINVAL },
		{ "{\"do\":\"subscribe\",\"kinds\":\"file.open\"}", -EINVAL },
		{ "{\"do\":\"subscribe\",\"kinds\":[\"file.opened\"]}", -EINVAL },
		{ "{\"do\":\"subscribe\",\"kinds\":[1]}", -EINVAL },
		{ "{\"do\":\"subscribe\",\"kinds\":[[1]]}", -EBADMSG }, /* too deep */
		{ "{\"do\":\"subscribe\",\"verdict\":\"allow\"}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"a\",\"dev\":1,\"inode\":2,\"seconds\":60}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"/a\\u0000b\",\"dev\":1,\"inode\":2,\"seconds\":60}", -EINVAL },
		{ "{\"do\":\"allow\",\"path_hex\":\"2f00\",\"dev\":1,\"inode\":2,\"seconds\":60}", -EINVAL },
		{ "{\"do\":\"allow\",\"path_hex\":\"2f1\",\"dev\":1,\"inode\":2,\"seconds\":60}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":86401}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":-1}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":0}", -EINVAL },
		{ "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"seconds\":60}", -EINVAL },
		{ "{\"do\":\"allow\"}", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct control_request q = { .verb = 77 };
		struct errmsg e = { 0 };
		int r = control_parse(cases[i].line, strlen(cases[i].line), &q, &e);

		if (r != cases[i].r)
			fail_msg("%s: %d instead of %d: %s", cases[i].line, r, cases[i].r, e.text);
		assert_true(r ? q.verb == 77 && e.text[0] : q.verb != 77);
	}
}

static void test_a_long_path_is_refused(void **state)
{
	char line[2048], name[1024];
	struct control_request q;
	struct errmsg e = { 0 };

	(void)state;
	memset(name, 'a', sizeof(name));
	for (int len = SL_EXCEPTION_PATH - 2; len <= SL_EXCEPTION_PATH + 1; len++) {
		snprintf(line, sizeof(line), "{\"do\":\"allow\",\"path\":\"/%.*s\",\"dev\":1,\"inode\":2,\"seconds\":60}", len, name);
		assert_int_equal(control_parse(line, strlen(line), &q, &e), len < SL_EXCEPTION_PATH - 1 ? 0 : -EINVAL);
	}
}

static void test_answers(void **state)
{
	struct control_answer a;

	(void)state;
	assert_int_equal(control_parse_answer("{\"ok\":true,\"events\":12}", 23, &a), 0);
	assert_true(a.ok && a.events == 12 && !a.error[0]);
	assert_int_equal(control_parse_answer("{\"ok\":false,\"error\":\"no\"}", 25, &a), 0);
	assert_true(!a.ok && !strcmp(a.error, "no"));
	assert_int_equal(control_parse_answer("{\"ok\":1}", 8, &a), -EBADMSG);
	assert_int_equal(control_parse_answer("{}", 2, &a), -EBADMSG);
	assert_int_equal(control_parse_answer("x", 1, &a), -EBADMSG);
}

/* ---- who may do what --------------------------------------------------------------------------------------------------- */

static void test_root_may_do_all(void **state)
{
	int fd, other;

	(void)state;
	if (!is_root())
		skip();
	fd = join();
	put(fd, "{\"do\":\"status\"}\n");
	assert_answer(fd, "{\"ok\":true,\"policy\":\"sha256:12\",\"uptime_s\":7,\"events\":0,");
	control_event(server, sample_report(&s));
	put(fd, "{\"do\":\"metrics\"}\n");
	assert_answer(fd, "\"events\":[{\"kind\":\"file.open\",\"verdict\":\"block\",\"count\":1}],\"losses\":[]");
	put(fd, "{\"do\":\"allow\",\"path\":\"/a b\",\"dev\":1,\"inode\":2,\"seconds\":60}\n");
	assert_answer(fd, "{\"ok\":true}\n");
	assert_string_equal(asked.path, "/a b");
	put(fd, "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":60,\"tool\":\"no\\u001b[2J\"}\n");
	assert_answer(fd, "{\"ok\":false,\"error\":\"there is no tool \\\"no\\u001b[2J\\\"\"}\n");
	/* A reload is answered when it is done, to all who asked. */
	other = join();
	put(fd, "{\"do\":\"reload\"}\n");
	put(other, "{\"do\":\"reload\"}\n");
	assert_int_equal(reloads, 2);
	assert_string_equal(get(fd), "");
	control_reloaded(server, NULL, "sha256:34");
	assert_answer(fd, "{\"ok\":true,\"policy\":\"sha256:34\"}\n");
	assert_answer(other, "{\"ok\":true,\"policy\":\"sha256:34\"}\n");
	put(fd, "{\"do\":\"reload\"}\n");
	control_reloaded(server, "a.yaml:3:1: no such class", "");
	assert_answer(fd, "{\"ok\":false,\"error\":\"a.yaml:3:1: no such class\"}\n");
	assert_string_equal(get(other), "");
	close(fd);
	close(other);
}

static void test_what_is_wrong_is_said_and_the_next_line_counts(void **state)
{
	int fd;

	(void)state;
	if (!is_root())
		skip();
	fd = join();
	put(fd, "nonsense\n{\"do\":\"status\"}\n{\"do\":\"sta");
	assert_answer(fd, "{\"ok\":false,\"error\":\"not one JSON object in a line\"}\n{\"ok\":true,");
	put(fd, "tus\"}\n");
	assert_answer(fd, "{\"ok\":true,");
	close(fd);
}

static void test_no_process_of_a_session_may_ask(void **state)
{
	struct errmsg e = { 0 };
	int fd;

	(void)state;
	in_session = 1;
	fd = control_connect(path, &e);
	assert_true(fd >= 0);
	control_serve(server);
	assert_answer(fd, "{\"ok\":false,\"error\":\"no process of a session may ask\"}\n");
	assert_string_equal(get(fd), "(end)");
	close(fd);
}

/* Another user: in a process of its own, whose exit status says how it went. */
static int as_user(uint32_t uid, int (*what)(void))
{
	int status = -1, done;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		alarm(30); /* whatever becomes of the test */
		_exit(setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ? 99 : what());
	}
	while (!(done = waitpid(pid, &status, WNOHANG))) {
		control_serve(server);
		control_event(server, sample_report(&s));
		poll(NULL, 0, 1);
	}
	assert_int_equal(done, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int wait_line(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		if (recv(fd, buf + len, 1, 0) != 1)
			return -1;
		if (buf[len++] == '\n')
			break;
	}
	buf[len] = '\0';
	return (int)len;
}

static int tries_root_things(void)
{
	static const char *const lines[] = { "{\"do\":\"status\"}\n", "{\"do\":\"metrics\"}\n", "{\"do\":\"reload\"}\n",
					     "{\"do\":\"allow\",\"path\":\"/a\",\"dev\":1,\"inode\":2,\"seconds\":60}\n" };
	struct errmsg e = { 0 };
	int fd = control_connect(path, &e);
	char line[4096];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (send(fd, lines[i], strlen(lines[i]), MSG_NOSIGNAL) < 0 || wait_line(fd, line, sizeof(line)) <= 0)
			return 1;
		if (!strstr(line, "\"ok\":false,\"error\":\"only root"))
			return 2;
	}
	return 0;
}

static int subscribes(void)
{
	struct errmsg e = { 0 };
	int fd = control_connect(path, &e);
	char line[8192];

	if (send(fd, "{\"do\":\"subscribe\"}\n", 19, MSG_NOSIGNAL) != 19 || wait_line(fd, line, sizeof(line)) <= 0)
		return 1;
	if (strcmp(line, "{\"ok\":true}\n") != 0)
		return 2;
	if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 300) == 0)
		return 3; /* nothing for this user */
	return wait_line(fd, line, sizeof(line)) > 0 && strstr(line, "\"kind\":\"file.open\"") ? 0 : 4;
}

static void test_a_plain_user_gets_own_events_and_nothing_else(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	assert_int_equal(as_user(USER, tries_root_things), 0);
	assert_int_equal(reloads, 0);
	assert_int_equal(as_user(USER, subscribes), 0);
	assert_int_equal(as_user(USER + 1, subscribes), 3);
	/* What is of no process is of no user. */
	s.r = (struct draft){ .kind = REPORT_LOSS, .loss = SL_LOSS_RING, .loss_count = 1, .compiled = &s.compiled };
	assert_int_equal(as_user(USER, subscribes), 3);
}

/* ---- events ------------------------------------------------------------------------------------------------------------ */

static void test_subscribers_get_what_they_asked_for(void **state)
{
	int all, alerts, kinds;

	(void)state;
	if (!is_root())
		skip();
	all = join(), alerts = join(), kinds = join();
	put(all, "{\"do\":\"subscribe\"}\n");
	put(alerts, "{\"do\":\"subscribe\",\"verdict\":\"block\"}\n");
	put(kinds, "{\"do\":\"subscribe\",\"kinds\":[\"session.start\"]}\n");
	assert_answer(all, "{\"ok\":true}\n");
	assert_answer(alerts, "{\"ok\":true}\n");
	assert_answer(kinds, "{\"ok\":true}\n");
	control_event(server, sample_report(&s));
	s.r.action = SL_ACTION_ALERT;
	control_event(server, sample_report(&s));
	s.r.rule = NULL;
	s.r.kind = REPORT_SESSION_START;
	control_event(server, sample_report(&s));
	control_serve(server);
	assert_answer(alerts, "\"verdict\":\"block\"");
	assert_answer(kinds, "{\"schema\":2,");
	assert_answer(all, "\"kind\":\"session.start\"");
	assert_string_equal(get(alerts), "");
	close(all);
	close(alerts);
	close(kinds);
}

/* ---- the slow and the hostile ------------------------------------------------------------------------------------------ */

static void test_a_subscriber_that_does_not_read_is_dropped(void **state)
{
	int slow, quick;
	size_t lines = 0;

	(void)state;
	if (!is_root())
		skip();
	slow = join(), quick = join();
	put(slow, "{\"do\":\"subscribe\"}\n");
	put(quick, "{\"do\":\"subscribe\"}\n");
	for (int i = 0; i < 20000; i++) {
		control_event(server, sample_report(&s));
		control_serve(server);
		for (const char *at = get(quick); (at = strchr(at, '\n')); at++)
			lines++;
	}
	assert_int_equal(lines, 20001);
	put(quick, "{\"do\":\"metrics\"}\n");
	assert_answer(quick, "\"subscribers\":1,\"requests\":3,\"clients_refused\":0,\"clients_dropped\":1}");
	while (strcmp(get(slow), "(end)") != 0)
		;
	close(slow);
	close(quick);
}

static void test_who_asks_for_much_and_reads_nothing_is_dropped(void **state)
{
	static char many[8192];
	int fd = join();
	bool gone = false;

	(void)state;
	for (size_t at = 0; at + 2 < sizeof(many); at += 2)
		memcpy(many + at, "{\n", 2);
	for (int i = 0; i < 4096 && !gone; i++) {
		gone = send(fd, many, strlen(many), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN;
		control_serve(server);
	}
	assert_true(gone);
	close(fd);
}

static void test_a_line_without_end_is_refused(void **state)
{
	static char line[CONTROL_LINE_MAX + 1];
	int fd = join();

	(void)state;
	memset(line, '{', sizeof(line) - 1);
	put(fd, line);
	control_serve(server);
	assert_answer(fd, "{\"ok\":false,\"error\":\"the line is too long\"}\n");
	assert_string_equal(get(fd), "(end)");
	close(fd);
}

static void test_the_silent_are_dropped_and_subscribers_are_not(void **state)
{
	int silent, half, subscriber;

	(void)state;
	silent = join(), half = join(), subscriber = join();
	put(half, "{\"do\":\"sub");
	put(subscriber, "{\"do\":\"subscribe\"}\n");
	assert_answer(subscriber, "{\"ok\":true}\n");
	for (int i = 0; i < CONTROL_PATIENCE_S; i++)
		control_tick(server);
	assert_string_equal(get(silent), "");
	control_tick(server);
	assert_string_equal(get(silent), "(end)");
	assert_string_equal(get(half), "(end)");
	assert_string_equal(get(subscriber), "");
	close(silent);
	close(half);
	close(subscriber);
}

static int takes_all_it_can(void)
{
	struct errmsg e = { 0 };
	int there = 0;

	for (int i = 0; i < CONTROL_CLIENTS_USER + 4; i++) {
		int fd = control_connect(path, &e);
		char line[256];

		if (fd < 0 || send(fd, "{\"do\":\"subscribe\"}\n", 19, MSG_NOSIGNAL) < 0 || wait_line(fd, line, sizeof(line)) <= 0)
			continue;
		there += !strcmp(line, "{\"ok\":true}\n");
	}
	return there;
}

static void test_a_user_cannot_take_all_connections(void **state)
{
	int fds[CONTROL_CLIENTS + 2], root = 0;

	(void)state;
	if (!is_root())
		skip();
	s.r.kind = REPORT_INVALID; /* events of nobody, so that only the connections count */
	s.cat.uid = 5;
	assert_int_equal(as_user(USER, takes_all_it_can), CONTROL_CLIENTS_USER);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = join();
		root += strcmp(get(fds[i]), "") == 0;
	}
	assert_int_equal(root, CONTROL_CLIENTS);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	control_serve(server);
}

static void test_a_socket_in_use_is_left_alone(void **state)
{
	struct control_config config = { .path = path, .may_ask = may_ask, .status = status, .allow = allow, .reload = reload };
	struct control *second = NULL;
	struct errmsg e = { 0 };

	(void)state;
	assert_int_equal(control_open(&config, &second, &e), -EADDRINUSE);
	assert_null(second);
	close(join());
	control_serve(server);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_request_may_say),
		cmocka_unit_test(test_a_long_path_is_refused),
		cmocka_unit_test(test_answers),
		T(test_root_may_do_all),
		T(test_what_is_wrong_is_said_and_the_next_line_counts),
		T(test_no_process_of_a_session_may_ask),
		T(test_a_plain_user_gets_own_events_and_nothing_else),
		T(test_subscribers_get_what_they_asked_for),
		T(test_a_subscriber_that_does_not_read_is_dropped),
		T(test_who_asks_for_much_and_reads_nothing_is_dropped),
		T(test_a_line_without_end_is_refused),
		T(test_the_silent_are_dropped_and_subscribers_are_not),
		T(test_a_user_cannot_take_all_connections),
		T(test_a_socket_in_use_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
