/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The sums of a run: repeats count, names are bounded and harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/summary.h"
#include "report_sample.h"

/* The caller frees it. */
static char *printed(const struct summary *sum)
{
	struct strbuf b = STRBUF_INIT;

	summary_format(&b, sum);
	assert_true(strbuf_ok(&b));
	return b.data;
}

static void test_counts_by_tool_class_and_provider(void **state)
{
	cleanup_(summary_freep) struct summary *sum = summary_new();
	cleanup_free char *text = NULL;
	struct sample s;

	(void)state;
	sample_init(&s);
	s.r.kind = REPORT_SESSION_START;
	s.r.time_ns = SAMPLE_TIME_NS - 65000000000ull;
	summary_add(sum, sample_report(&s));
	sample_init(&s);
	summary_add(sum, sample_report(&s));
	s.r.repeats = 12;
	s.r.classes[0] = "private-keys";
	s.r.taken = SL_TAKEN_NONE;
	summary_add(sum, sample_report(&s));
	sample_net(&s);
	s.r.repeats = 0;
	summary_add(sum, sample_report(&s));
	s.r.provider = NULL;
	s.r.rule = NULL;
	s.r.tool = NULL;
	summary_add(sum, sample_report(&s));
	s.r = (struct draft){ .kind = REPORT_LOSS, .time_ns = SAMPLE_TIME_NS, .loss = SL_LOSS_RING, .loss_count = 40 };
	summary_add(sum, sample_report(&s));
	summary_add(sum, sample_report(&s));
	summary_set_allowed(sum, 5);
	text = printed(sum);
	assert_int_equal(summary_alerts(sum), 14);
	assert_non_null(strstr(text, "0h01m05s: 1 session, 13 files, 2 connections, 0 programs, 14 alerts; "
				     "5 allowed by a rule and not shown\n"
				     "  claude-code: 1 session, 14 alerts, 1 stopped\n"
				     "    reads    private-keys 12, dotenv 1\n"
				     "    connects openai 1\n"
				     "  outside every session: 0 alerts\n"
				     "    connects unknown 1\n"
				     "losses:\n"
				     "  ring-full: 80. "));
	assert_non_null(strstr(text, event_loss_help(SL_LOSS_RING)));
}

static void test_many_and_hostile_names(void **state)
{
	cleanup_(summary_freep) struct summary *sum = summary_new();
	cleanup_free char *text = NULL;
	char name[32];
	struct sample s;

	(void)state;
	sample_init(&s);
	s.r.classes[0] = name;
	s.tool.name = sample_text("evil\033[2J\ntool");
	for (int i = 0; i < SUMMARY_NAMES + 9; i++) {
		snprintf(name, sizeof(name), "class%d", i);
		summary_add(sum, sample_report(&s));
	}
	for (int i = 0; i < SUMMARY_TOOLS + 3; i++) {
		snprintf(name, sizeof(name), "tool%d", i);
		s.tool.name = name;
		s.r.classes_cnt = 0;
		summary_add(sum, sample_report(&s));
	}
	text = printed(sum);
	assert_non_null(strstr(text, "others 9\n"));
	assert_non_null(strstr(text, "further tools: 4 events\n"));
	assert_non_null(strstr(text, "evil\\e[2J\\ntool"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "no losses\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_by_tool_class_and_provider),
		cmocka_unit_test(test_many_and_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
