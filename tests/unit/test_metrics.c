/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The text that Prometheus reads, and `promtool check metrics` where it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/metrics.h"

static struct report sample(enum report_kind kind)
{
	struct report r;

	memset(&r, 0, sizeof(r));
	r.kind = kind;
	r.uid = r.host = r.boot_id = r.policy = "";
	return r;
}

static void make(struct metrics *m, struct strbuf *b)
{
	struct metrics_state s = { .version = "0.1.0", .policy = "sha256:1", .tier = "lsm", .started = 1795449911.5, .has_store = true,
				   .store_writes = true, .store_rows = 7, .store_bytes = 4096 };

	metrics_format(b, m, &s);
	assert_true(strbuf_ok(b));
}

static void test_counts(void **state)
{
	struct metrics *m = metrics_new();
	struct report r = sample(REPORT_FILE_OPEN);
	struct strbuf b = STRBUF_INIT;

	(void)state;
	r.rule.id = "ai-reads-secret";
	r.verdict = "block";
	r.outcome = "denied";
	r.taken = SL_TAKEN_DENIED;
	metrics_add(m, &r);
	r.repeats = 41;
	metrics_add(m, &r);
	r = sample(REPORT_LOSS);
	r.loss.reason = "output-failed";
	r.loss.count = 12;
	metrics_add(m, &r);
	make(m, &b);
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_events_total{kind=\"file.open\"} 42\n"));
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_decisions_total{rule=\"ai-reads-secret\",verdict=\"block\",taken=\"denied\"} 42\n"));
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_events_lost_total{reason=\"output-failed\"} 12\n"));
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_store_rows_total 7\n"));
	/* The first incident is an increase, because the series was there before. */
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_incidents_total{severity=\"critical\"} 0\n"));
	strbuf_done(&b);
	metrics_free(m);
}

static void test_names_are_bounded_and_escaped(void **state)
{
	struct metrics *m = metrics_new();
	struct report r = sample(REPORT_SESSION_START);
	struct strbuf b = STRBUF_INIT;

	(void)state;
	r.tool.name = "a\"b\\c\nd";
	metrics_add(m, &r);
	for (unsigned int i = 0; i < 2 * METRICS_NAMES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tool-%u", i);
		r.tool.name = name;
		metrics_add(m, &r);
	}
	make(m, &b);
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_sessions_total{tool=\"a\\\"b\\\\c\\\\nd\"} 1\n"));
	assert_non_null(strstr(strbuf_str(&b), "\nsluice_sessions_total{tool=\"other\"} 129\n"));
	strbuf_done(&b);
	metrics_free(m);
}

static void test_promtool_takes_it(void **state)
{
	struct metrics *m = metrics_new();
	struct report r = sample(REPORT_SESSION_START);
	struct strbuf b = STRBUF_INIT;
	FILE *f;

	(void)state;
	if (system("command -v promtool >/dev/null 2>&1")) {
		metrics_free(m);
		skip();
	}
	r.tool.name = "a\"b\\c\nd";
	metrics_add(m, &r);
	make(m, &b);
	f = popen("promtool check metrics", "w");
	assert_non_null(f);
	fputs(strbuf_str(&b), f);
	assert_int_equal(pclose(f), 0);
	strbuf_done(&b);
	metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_names_are_bounded_and_escaped),
		cmocka_unit_test(test_promtool_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
