/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Hostile text cannot move a terminal's cursor, hide itself, or start a line of its own; columns are counted right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/width.h"

static void check(void (*fn)(struct strbuf *, const char *, size_t), const char *text, size_t len, const char *want)
{
	struct strbuf b = STRBUF_INIT;

	fn(&b, text, len);
	assert_string_equal(strbuf_str(&b), want);
	strbuf_done(&b);
}

#define SHOWN(text, want) check(escape_text, text, sizeof(text) - 1, want)

static void test_control_bytes_become_visible(void **state)
{
	(void)state;
	SHOWN("plain text", "plain text");
	SHOWN("a\nb\tc\rd", "a\\nb\\tc\\rd");
	SHOWN("\033[2J\033]0;x\007", "\\e[2J\\e]0;x\\x07");
	SHOWN("a\0b\177", "a\\x00b\\x7f");
	SHOWN("a\\nb", "a\\\\nb");
	SHOWN("\xc2\x9b" "31m", "\\u{009b}31m");
	SHOWN("\x9b" "31m", "\\x9b31m");
}

static void test_invalid_utf8_is_shown_byte_by_byte(void **state)
{
	(void)state;
	SHOWN("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	SHOWN("\xff\xfe", "\\xff\\xfe");
	SHOWN("\xc0\xaf", "\\xc0\\xaf");                 /* overlong '/' */
	SHOWN("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	SHOWN("\xe0\x83\xa9", "\\xe0\\x83\\xa9");             /* overlong e acute */
	SHOWN("\xf0\x82\x82\xac", "\\xf0\\x82\\x82\\xac"); /* overlong euro */
	SHOWN("\xed\xa0\x80", "\\xed\\xa0\\x80");         /* surrogate */
	SHOWN("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	SHOWN("\xe2\x82", "\\xe2\\x82");                 /* cut short */
	SHOWN("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void test_hidden_characters_become_visible(void **state)
{
	(void)state;
	SHOWN("a\xe2\x80\xae" "b", "a\\u{202e}b"); /* right-to-left override */
	SHOWN("a\xe2\x81\xa6" "b", "a\\u{2066}b");
	SHOWN("a\xe2\x80\x8b" "b", "a\\u{200b}b"); /* zero width space */
	SHOWN("a\xe2\x80\xa8" "b", "a\\u{2028}b"); /* line separator */
	SHOWN("\xef\xbb\xbf.env", "\\u{feff}.env");
	SHOWN("a\xf3\xa0\x81\xa1", "a\\u{e0061}"); /* tag letter */
}

static void test_combining_marks_stay_on_their_letter(void **state)
{
	(void)state;
	SHOWN("e\xcc\x81", "e\xcc\x81");
	SHOWN("\xcc\x81" "e", "\\u{0301}e");
	SHOWN("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\u{0301}");
}

static void test_arguments_are_quoted_when_needed(void **state)
{
	(void)state;
	check(escape_arg, "cat", 3, "cat");
	check(escape_arg, "", 0, "\"\"");
	check(escape_arg, "a b", 3, "\"a b\"");
	check(escape_arg, "say \"hi\"", 8, "\"say \\\"hi\\\"\"");
	check(escape_arg, "a\\b c", 5, "\"a\\\\b c\"");
	check(escape_arg, "x;rm", 4, "\"x;rm\"");
}

/* Every byte value, alone and between others: the result is printable, one line, and no two inputs look the same. */
static void test_every_byte_is_safe(void **state)
{
	char seen[256][16];

	(void)state;
	for (int c = 0; c < 256; c++) {
		struct strbuf b = STRBUF_INIT;
		char text[3] = { 'x', (char)c, 'y' };

		escape_text(&b, text, sizeof(text));
		assert_true(b.len < sizeof(seen[0]));
		memcpy(seen[c], b.data, b.len + 1);
		for (size_t i = 0; i < b.len; i++)
			assert_in_range((unsigned char)b.data[i], 0x20, 0x7e);
		for (int d = 0; d < c; d++)
			assert_string_not_equal(seen[c], seen[d]);
		strbuf_done(&b);
	}
}

static void test_columns(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
	} samples[] = {
		{ "", 0 },
		{ "abc", 3 },
		{ "gr\xc3\xbc\xc3\x9f", 4 },
		{ "e\xcc\x81", 1 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4 },     /* two ideographs */
		{ "\xed\x95\x9c", 2 },                 /* Hangul syllable */
		{ "\xf0\x9f\x98\x80", 2 },             /* emoji */
		{ "\xef\xbd\xb1", 1 },                 /* half-width katakana */
		{ "\xef\xbc\xa1", 2 },                 /* full-width A */
		{ "\xff\xfe", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		assert_int_equal(width_text(samples[i].text, strlen(samples[i].text)), samples[i].columns);
}

static void test_cuts_keep_characters_whole(void **state)
{
	static const char text[] = "a\xe6\x97\xa5" "e\xcc\x81z"; /* 1 + 2 + 1 + 1 columns */
	size_t len = strlen(text);

	(void)state;
	assert_int_equal(width_prefix(text, len, 0), 0);
	assert_int_equal(width_prefix(text, len, 1), 1);
	assert_int_equal(width_prefix(text, len, 2), 1);
	assert_int_equal(width_prefix(text, len, 3), 4);
	assert_int_equal(width_prefix(text, len, 4), 7);
	assert_int_equal(width_prefix(text, len, 99), len);
	assert_int_equal(width_suffix(text, len, 0), 0);
	assert_int_equal(width_suffix(text, len, 1), 1);
	assert_int_equal(width_suffix(text, len, 2), 4);
	assert_int_equal(width_suffix(text, len, 3), 4);
	assert_int_equal(width_suffix(text, len, 4), 7);
	assert_int_equal(width_suffix(text, len, 5), len);
}

static void test_log_line_stays_one_line(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	log_format(&b, LOG_LEVEL_WARN, true, "cannot read a\n<3>sluice: fake\033[2J: ignoring it");
	assert_string_equal(b.data, "<4>sluice: cannot read a\\n<3>sluice: fake\\e[2J: ignoring it\n");
	strbuf_reset(&b);
	log_format(&b, LOG_LEVEL_ERR, false, "x");
	assert_string_equal(b.data, "sluice: x\n");
	strbuf_done(&b);
}

static void test_journal_is_known_by_its_file(void **state)
{
	char ours[64], other[64];
	struct stat st;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fstat(fds[1], &st), 0);
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	snprintf(other, sizeof(other), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + 1);
	assert_true(log_is_journal(fds[1], ours));
	assert_false(log_is_journal(fds[1], other));
	assert_false(log_is_journal(fds[1], "junk"));
	assert_false(log_is_journal(fds[1], NULL));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_bytes_become_visible),
		cmocka_unit_test(test_invalid_utf8_is_shown_byte_by_byte),
		cmocka_unit_test(test_hidden_characters_become_visible),
		cmocka_unit_test(test_combining_marks_stay_on_their_letter),
		cmocka_unit_test(test_arguments_are_quoted_when_needed),
		cmocka_unit_test(test_every_byte_is_safe),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_cuts_keep_characters_whole),
		cmocka_unit_test(test_log_line_stays_one_line),
		cmocka_unit_test(test_journal_is_known_by_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
