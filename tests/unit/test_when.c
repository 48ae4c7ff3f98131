/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "output/format.h"
#include "store/when.h"

#define NOW 1795449911000000000ull /* 2026-11-23T16:05:11Z, a Monday */

static void test_moments(void **state)
{
	static const struct {
		const char *text, *begin, *end;
		long offset;
	} rows[] = {
		{ "now", "2026-11-23T16:05:11.000000000Z", "2026-11-23T16:05:11.000000000Z", 0 },
		{ "2h", "2026-11-23T14:05:11.000000000Z", "2026-11-23T14:05:11.000000000Z", 3600 },
		{ "14d", "2026-11-09T16:05:11.000000000Z", "2026-11-09T16:05:11.000000000Z", 0 },
		{ "today", "2026-11-23T00:00:00.000000000Z", "2026-11-23T23:59:59.999999999Z", 0 },
		{ "today", "2026-11-22T23:00:00.000000000Z", "2026-11-23T22:59:59.999999999Z", 3600 },
		{ "today", "2026-11-23T15:00:00.000000000Z", "2026-11-24T14:59:59.999999999Z", 9 * 3600 },
		{ "yesterday", "2026-11-22T00:00:00.000000000Z", "2026-11-22T23:59:59.999999999Z", 0 },
		{ "14:05", "2026-11-23T14:05:00.000000000Z", "2026-11-23T14:05:59.999999999Z", 0 },
		{ "14:05:11", "2026-11-23T13:05:11.000000000Z", "2026-11-23T13:05:11.999999999Z", 3600 },
		{ "2026-11-20", "2026-11-20T00:00:00.000000000Z", "2026-11-20T23:59:59.999999999Z", 0 },
		{ "2026-11-20 14:05", "2026-11-20T13:05:00.000000000Z", "2026-11-20T13:05:59.999999999Z", 3600 },
		{ "2026-11-20T14:05:11Z", "2026-11-20T14:05:11.000000000Z", "2026-11-20T14:05:11.999999999Z", 3600 },
		{ "2026-11-20T14:05:11.5+02:00", "2026-11-20T12:05:11.500000000Z", "2026-11-20T12:05:11.599999999Z", 3600 },
		{ "2024-02-29", "2024-02-29T00:00:00.000000000Z", "2024-02-29T23:59:59.999999999Z", 0 },
		{ "2026-12-31", "2026-12-31T00:00:00.000000000Z", "2026-12-31T23:59:59.999999999Z", 0 },
		{ "@0", "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00.999999999Z", 0 },
		{ "99999d", "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00.000000000Z", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf b = STRBUF_INIT;
		uint64_t begin, end;

		if (when_parse(rows[i].text, NOW, rows[i].offset, false, &begin) || when_parse(rows[i].text, NOW, rows[i].offset, true, &end))
			fail_msg("refused: %s", rows[i].text);
		format_time(&b, begin);
		assert_string_equal(strbuf_str(&b), rows[i].begin);
		strbuf_reset(&b);
		format_time(&b, end);
		assert_string_equal(strbuf_str(&b), rows[i].end);
		strbuf_done(&b);
	}
}

static void test_what_is_no_moment(void **state)
{
	static const char *const rows[] = {
		"", " ", "2", "h", "2x", "2h ", "-2h", "1.5h", "tomorrow", "24:00", "14:60", "14:5", "14:05:60", "14:05:11.", "2026-02-29",
		"2026-13-01", "2026-11-31", "1969-12-31", "2026-11-23T", "2026-11-23 ", "2026-11-23T14:05Zx", "2026-11-23T14:05+1", "@", "@1x",
		"@99999999999999999999", "99999999999999999999d", "2262-01-01", "2026-1-1",
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (when_parse(rows[i], NOW, 0, false, &ns) != -EINVAL)
			fail_msg("taken: \"%s\"", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_what_is_no_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
