/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which reads and sends become one story, when it is told, how sure it is, and the bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "correlate/incident.h"
#include "policy_map.h"

#define SECOND 1000000000ull
#define MSEC 1000000ull

struct told {
	struct incidents *t;
	struct strbuf out;   /* a line for each story */
	size_t cnt;
};

static void on_incident(void *arg, const struct incident *i, uint64_t time_ns)
{
	struct told *told = arg;

	told->cnt++;
	strbuf_addf(&told->out, "%llu: session %u %s %s%s:", (unsigned long long)(time_ns / MSEC), i->session_pid, i->confidence,
		    i->severity, i->again ? " again" : "");
	for (size_t n = 0; n < i->reads_cnt; n++)
		strbuf_addf(&told->out, " %s", i->reads[n].path);
	if (i->reads_more)
		strbuf_addf(&told->out, " +%zu", i->reads_more);
	strbuf_adds(&told->out, " ->");
	for (size_t n = 0; n < i->flows_cnt; n++)
		strbuf_addf(&told->out, " %s %llu%s", i->flows[n].host, (unsigned long long)i->flows[n].bytes,
			    i->flows[n].cut ? " cut" : "");
	if (i->flows_more)
		strbuf_addf(&told->out, " +%zu", i->flows_more);
	strbuf_addc(&told->out, '\n');
	/* No score without its reasons. */
	assert_in_range(i->reasons_cnt, 4, ARRAY_SIZE(i->reasons));
}

static int make(void **state)
{
	static struct told told;

	told = (struct told){ .out = STRBUF_INIT };
	told.t = incidents_new(on_incident, &told);
	*state = &told;
	return told.t ? 0 : -1;
}

static int unmake(void **state)
{
	struct told *told = *state;

	incidents_free(told->t);
	strbuf_done(&told->out);
	return 0;
}

static void assert_told(struct told *told, const char *expect)
{
	assert_string_equal(strbuf_str(&told->out), expect);
	strbuf_reset(&told->out);
}

static void reads(struct told *told, uint64_t ms, uint32_t session, const char *path, uint8_t reader)
{
	char *copy = strdup(path);
	struct incident_read r = { .time_ns = ms * MSEC, .process = { .pid = 101, .start_ns = 5, .comm = "cat" },
				   .reader = reader, .path = copy };

	assert_int_equal(incidents_read(told->t, 7, session, 1, &r), 0);
	free(copy);
}

/* By process 100: not the one that read. */
static bool sent(struct told *told, uint64_t ms, uint32_t session, uint64_t cookie, const char *host, uint64_t read_ms,
		 uint64_t first_ms, uint64_t bytes)
{
	char *copy = strdup(host);
	struct incident_flow f = { .cookie = cookie, .process = { .pid = 100, .start_ns = 4, .comm = "claude" }, .family = 4,
				   .port = 443, .evidence = "none", .confidence = "none", .host = copy,
				   .first_ns = first_ms * MSEC, .segment_ns = read_ms * MSEC, .segment_bytes = bytes };
	bool is_part = incidents_sent(told->t, 7, session, &f, ms * MSEC);

	free(copy);
	return is_part;
}

static void a_story_is_told_once_it_settles(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_GENERIC);
	assert_true(sent(told, 1200, 9, 1, "x.example", 1000, 1200, 1));
	assert_true(sent(told, 1300, 9, 1, "x.example", 1000, 1200, 48000));
	incidents_tick(told->t, 4199 * MSEC);
	assert_told(told, "");
	incidents_tick(told->t, 4200 * MSEC);
	assert_told(told, "4200: session 9 high high: /a/.env -> x.example 48000\n");
	/* Once. */
	incidents_tick(told->t, 9000 * MSEC);
	incidents_flush(told->t, 9000 * MSEC);
	assert_told(told, "");
}

static void nothing_read_or_nothing_sent_is_no_story(void **state)
{
	struct told *told = *state;

	assert_false(sent(told, 1000, 9, 1, "x.example", 900, 1000, 48000));
	reads(told, 2000, 9, "/a/.env", SL_READER_SELF);
	/* Another session's. */
	assert_false(sent(told, 2100, 10, 2, "x.example", 2000, 2100, 48000));
	/* Sent after a read of which nothing is known. */
	assert_false(sent(told, 2100, 9, 1, "x.example", 1500, 2100, 48000));
	incidents_tick(told->t, 60 * SECOND);
	incidents_end(told->t, 7, 9, 61 * SECOND);
	assert_told(told, "");
}

static void a_keep_alive_is_not_an_upload(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_OTHER);
	assert_true(sent(told, 9000, 9, 1, "x.example", 1000, 9000, 300));
	incidents_end(told->t, 7, 9, 9001 * MSEC);
	assert_told(told, "9001: session 9 low high: /a/.env -> x.example 300\n");
	/* The same, read by what prints, at once, and more of it. */
	reads(told, 20000, 9, "/a/.env", SL_READER_GENERIC);
	assert_true(sent(told, 20020, 9, 1, "x.example", 20000, 20020, 2048));
	incidents_end(told->t, 7, 9, 20021 * MSEC);
	assert_told(told, "20021: session 9 high high: /a/.env -> x.example 2048\n");
}

static void an_upload_behind_a_keep_alive_is_told(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_SELF);
	assert_true(sent(told, 1100, 9, 1, "x.example", 1000, 1100, 60));
	incidents_tick(told->t, 5 * SECOND);
	assert_told(told, "5000: session 9 medium high: /a/.env -> x.example 60\n");
	/* More of the same is nothing new. */
	assert_true(sent(told, 20000, 9, 1, "x.example", 1000, 1100, 600));
	incidents_tick(told->t, 30 * SECOND);
	assert_told(told, "");
	assert_true(sent(told, 40000, 9, 1, "x.example", 1000, 1100, 4096));
	assert_true(sent(told, 41000, 9, 1, "x.example", 1000, 1100, 64000));
	incidents_tick(told->t, 44 * SECOND);
	assert_told(told, "44000: session 9 high high again: /a/.env -> x.example 64000\n");
	/* High is as high as it gets. */
	assert_true(sent(told, 50000, 9, 1, "x.example", 1000, 1100, 500000));
	assert_true(sent(told, 50000, 9, 2, "y.example", 1000, 50000, 700000));
	incidents_tick(told->t, 60 * SECOND);
	incidents_end(told->t, 7, 9, 61 * SECOND);
	assert_told(told, "");
}

/* On another connection, a minute later: fewer points for the time, but more for the bytes. */
static void an_upload_elsewhere_is_told(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_SELF);
	assert_true(sent(told, 1100, 9, 1, "x.example", 1000, 1100, 60));
	incidents_tick(told->t, 5 * SECOND);
	strbuf_reset(&told->out);
	assert_true(sent(told, 90000, 9, 2, "y.example", 1000, 90000, 64000));
	incidents_end(told->t, 7, 9, 91 * SECOND);
	assert_told(told, "91000: session 9 medium high again: /a/.env -> y.example 64000 x.example 60\n");
}

static void counts_of_several_reads_add_up(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_SELF);
	sent(told, 1100, 9, 1, "x.example", 1000, 1100, 1);
	sent(told, 1200, 9, 1, "x.example", 1000, 1100, 600);
	reads(told, 1300, 9, "/a/key", SL_READER_SELF);
	/* The first segment's last word, then the second's. */
	sent(told, 1400, 9, 1, "x.example", 1000, 1100, 700);
	sent(told, 1400, 9, 1, "x.example", 1300, 1400, 1);
	sent(told, 1500, 9, 1, "x.example", 1300, 1400, 1000);
	sent(told, 1500, 9, 2, "y.example", 1300, 1500, 5000);
	incidents_tick(told->t, 10 * SECOND);
	assert_told(told, "10000: session 9 high high: /a/.env /a/key -> y.example 5000 x.example 1700\n");
}

static void what_comes_later_is_another_story(void **state)
{
	struct told *told = *state;

	reads(told, 1000, 9, "/a/.env", SL_READER_SELF);
	sent(told, 1100, 9, 1, "x.example", 1000, 1100, 9000);
	reads(told, 8000, 9, "/a/key", SL_READER_SELF);
	assert_told(told, "8000: session 9 high high: /a/.env -> x.example 9000\n");
	assert_true(sent(told, 8100, 9, 1, "x.example", 8000, 8100, 9000));
	incidents_flush(told->t, 8200 * MSEC);
	assert_told(told, "8200: session 9 high high: /a/key -> x.example 9000\n");
}

static void all_is_bounded(void **state)
{
	struct told *told = *state;
	char name[32];

	for (int i = 0; i < INCIDENT_READS + 3; i++)
		reads(told, 1000, 9, "/r", SL_READER_SELF);
	for (uint64_t i = 0; i < INCIDENT_FLOWS + 2; i++) {
		snprintf(name, sizeof(name), "h%llu", (unsigned long long)i);
		sent(told, 1100, 9, 100 + i, name, 1000, 1100, 10000 + i);
	}
	incidents_flush(told->t, 1200 * MSEC);
	assert_told(told, "1200: session 9 high high: /r /r /r /r /r /r /r /r +3 -> h9 10009 h8 10008 h7 10007 h6 10006 h5 10005 "
			  "h4 10004 h3 10003 h2 10002 +2\n");
	/* Sessions: the oldest goes, told if there was something to tell. */
	for (uint32_t s = 1; s <= INCIDENT_SEQUENCES; s++)
		reads(told, 2000 + s, s, "/r", SL_READER_SELF);
	sent(told, 2100, 1, 1, "x", 2001, 2100, 1);
	for (uint32_t s = 2; s <= INCIDENT_SEQUENCES; s++)
		reads(told, 4000 + s, s, "/r", SL_READER_SELF);
	reads(told, 9000, 5000, "/r", SL_READER_SELF);
	assert_told(told, "9000: session 1 medium high: /r -> x 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_story_is_told_once_it_settles, make, unmake),
		cmocka_unit_test_setup_teardown(nothing_read_or_nothing_sent_is_no_story, make, unmake),
		cmocka_unit_test_setup_teardown(a_keep_alive_is_not_an_upload, make, unmake),
		cmocka_unit_test_setup_teardown(an_upload_behind_a_keep_alive_is_told, make, unmake),
		cmocka_unit_test_setup_teardown(an_upload_elsewhere_is_told, make, unmake),
		cmocka_unit_test_setup_teardown(counts_of_several_reads_add_up, make, unmake),
		cmocka_unit_test_setup_teardown(what_comes_later_is_another_story, make, unmake),
		cmocka_unit_test_setup_teardown(all_is_bounded, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
