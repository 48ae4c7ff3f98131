/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* From a report to the disk: columns, and a writer that is slow, stopped or gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/rows.h"
#include "output/sink.h"
#include "report_sample.h"
#include "store/query.h"
#include "store/writer.h"

static void test_columns(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct store_row row;
	struct sample s;

	(void)state;
	sample_init(&s);
	assert_true(output_row(&b, sample_report(&s), &row));
	assert_true(row.urgent);
	assert_int_equal(row.time_ns, SAMPLE_WALL_NS);
	assert_string_equal(row.text[STORE_UID], s.r.uid);
	assert_string_equal(row.text[STORE_KIND], "file.open");
	assert_string_equal(row.text[STORE_SEVERITY], "high");
	assert_string_equal(row.text[STORE_SESSION], "47dfd0f5c00-700");
	assert_string_equal(row.text[STORE_TOOL], "claude-code");
	assert_string_equal(row.text[STORE_RULE], "ai-reads-secret");
	assert_string_equal(row.text[STORE_VERDICT], "block");
	assert_string_equal(row.text[STORE_TAKEN], "denied");
	assert_string_equal(row.text[STORE_PATH], "/home/ann/shop/.env");
	assert_string_equal(row.text[STORE_HOST], "");
	assert_int_equal(row.text[STORE_LINE][0], '{');
	assert_int_equal(row.text[STORE_LINE][strlen(row.text[STORE_LINE]) - 1], '}');
	strbuf_done(&b);
}

static void test_hostile_names_are_text(void **state)
{
	static const char path[] = "/home/ann/\x1b[2J\xff\n'\"; DROP TABLE events; --";
	struct strbuf b = STRBUF_INIT;
	struct store_row row;
	struct sample s;

	(void)state;
	sample_init(&s);
	s.r.path = path;
	s.r.path_len = sizeof(path) - 1;
	assert_true(output_row(&b, sample_report(&s), &row));
	assert_string_equal(row.text[STORE_PATH], "/home/ann/\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd'\"; DROP TABLE events; --");
	strbuf_done(&b);
}

/* What a rule allows or only logs can wait for others. */
static void test_ordinary_rows_are_not_urgent(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct store_row row;
	struct sample s;

	(void)state;
	sample_init(&s);
	s.r.action = SL_ACTION_LOG;
	s.r.taken = SL_TAKEN_NONE;
	assert_true(output_row(&b, sample_report(&s), &row));
	assert_false(row.urgent);
	s.r.kind = REPORT_LOSS;
	assert_true(output_row(&b, sample_report(&s), &row));
	assert_true(row.urgent);
	s.r.kind = REPORT_POLICY_LOAD;
	assert_true(output_row(&b, sample_report(&s), &row));
	assert_true(row.urgent);
	strbuf_done(&b);
}

/* ---- a writer -------------------------------------------------------------------------------------------------------- */

struct run {
	char dir[32], path[64];
	struct store_config config;
	struct store_writer w;
	struct output *rows;
	struct sample s;
	char uid[64];
	uint64_t taken, refused;
};

static int begin(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/sluice-rows.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/events.db", r->dir);
	r->config = (struct store_config){ .path = r->path, .host = "ws-17", .boot_id = "1", .uid_begin = "boot-1.store-" };
	sample_init(&r->s);
	assert_int_equal(store_writer_start(&r->w, &r->config), 0);
	assert_int_equal(output_rows_new(r->w.rows, &r->rows), 0);
	*state = r;
	return 0;
}

static int leave(void **state)
{
	static const char *const names[] = { "events.db", "events.db-wal", "events.db-shm", "store.key", "store.pub" };
	struct run *r = *state;
	char path[128];

	output_free(r->rows);
	store_writer_done(&r->w);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(r->dir), 0);
	free(r);
	return 0;
}

static void emit(struct run *r, uint8_t action)
{
	snprintf(r->uid, sizeof(r->uid), "boot-1-%llu", (unsigned long long)++r->s.r.seq);
	r->s.r.uid = r->uid;
	r->s.r.action = action;
	r->s.r.taken = SL_TAKEN_NONE;
	if (output_ops(r->rows)->write(r->rows, sample_report(&r->s)) < 0)
		r->refused++;
	else
		r->taken++;
}

static int count_one(void *arg, const struct store_hit *hit)
{
	(void)hit;
	++*(uint64_t *)arg;
	return 0;
}

static uint64_t kept(const struct run *r, const char *verdict)
{
	const struct store_query q = { .verdict = verdict, .tool = "claude-code" };
	struct store_reader *reader = NULL;
	struct errmsg e = { 0 };
	uint64_t n = 0;

	if (store_reader_open(r->path, &reader, &e) || store_query(reader, &q, count_one, &n, &e))
		fail_msg("%s", e.text);
	store_reader_close(reader);
	return n;
}

static void send_all(struct run *r)
{
	while (output_ops(r->rows)->flush(r->rows) == -EAGAIN)
		poll(NULL, 0, 10);
}

static void test_all_is_written(void **state)
{
	struct run *r = *state;

	for (unsigned int i = 0; i < 1000; i++)
		emit(r, i % 10 ? SL_ACTION_LOG : SL_ACTION_ALERT);
	send_all(r);
	assert_int_equal(store_writer_finish(&r->w, r->taken, 20000), 0);
	assert_int_equal(r->refused, 0);
	assert_int_equal(kept(r, "log"), 900);
	assert_int_equal(kept(r, "alert"), 100);
}

/* The disk takes nothing: what finds no room is refused at once, ordinary events first, and all that was taken is written later. */
static void test_a_writer_that_stopped(void **state)
{
	struct run *r = *state;
	uint64_t alerts = 0;

	assert_int_equal(kill(r->w.pid, SIGSTOP), 0);
	while (!r->refused) {
		emit(r, SL_ACTION_LOG);
		output_ops(r->rows)->flush(r->rows);
	}
	assert_in_range(r->taken, 1000, 20000);
	for (; alerts < 100; alerts++)
		emit(r, SL_ACTION_ALERT);
	assert_int_equal(r->refused, 1);
	assert_int_equal(kill(r->w.pid, SIGCONT), 0);
	send_all(r);
	assert_int_equal(store_writer_finish(&r->w, r->taken, 20000), 0);
	assert_int_equal(kept(r, "alert"), alerts);
	assert_int_equal(kept(r, NULL), r->taken);
}

/* What it was given before is written, whatever becomes of the agent: here its ends are closed as by a kill. */
static void test_a_writer_outlives_the_agent(void **state)
{
	struct run *r = *state;
	pid_t pid = r->w.pid;
	int status;

	for (unsigned int i = 0; i < 50; i++)
		emit(r, SL_ACTION_LOG);
	send_all(r);
	close(r->w.rows);
	close(r->w.reports);
	r->w.rows = r->w.reports = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(kept(r, NULL), 50);
	r->w.pid = 0;
}

static void test_a_writer_that_ends_is_noticed(void **state)
{
	struct run *r = *state;
	int err;

	emit(r, SL_ACTION_ALERT);
	send_all(r);
	while ((err = store_writer_poll(&r->w)) >= 0 && !r->w.last.rows)
		poll(NULL, 0, 10);
	assert_int_equal(r->w.last.rows, 1);
	assert_int_equal(kill(r->w.pid, SIGKILL), 0);
	while ((err = store_writer_poll(&r->w)) >= 0)
		poll(NULL, 0, 10);
	assert_int_equal(err, -EPIPE);
	emit(r, SL_ACTION_ALERT);
	assert_true(output_ops(r->rows)->flush(r->rows) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_hostile_names_are_text),
		cmocka_unit_test(test_ordinary_rows_are_not_urgent),
		cmocka_unit_test_setup_teardown(test_all_is_written, begin, leave),
		cmocka_unit_test_setup_teardown(test_a_writer_that_stopped, begin, leave),
		cmocka_unit_test_setup_teardown(test_a_writer_outlives_the_agent, begin, leave),
		cmocka_unit_test_setup_teardown(test_a_writer_that_ends_is_noticed, begin, leave),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
