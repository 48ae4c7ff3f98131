/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the spellings of a moment. Counts days itself: the C library's calendar depends on the environment. */
#include "store/when.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SECOND_NS 1000000000ull
#define DAY_S 86400
#define LAST_S 9214646400ll /* 2262-01-01: later ones are no number of nanoseconds in 63 bits */

/* Takes exactly `digits` digits. */
static bool number(const char **s, unsigned int digits, unsigned int *ret)
{
	*ret = 0;
	for (unsigned int i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*ret = *ret * 10 + (unsigned int)(**s - '0');
	}
	return true;
}

static bool letter(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool leap(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01; false: there is no such day. */
static bool day_number(unsigned int year, unsigned int month, unsigned int day, int64_t *ret)
{
	static const unsigned int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	unsigned int length, y = year - 1;

	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return false;
	length = before[month] - before[month - 1] + (month == 2 && leap(year));
	if (day > length)
		return false;
	*ret = (int64_t)(y * 365 + y / 4 - y / 100 + y / 400) - 719162 + before[month - 1] + (month > 2 && leap(year)) + day - 1;
	return true;
}

/* "14:05", "14:05:11", "14:05:11.123". ret_unit: what it leaves open, in ns. */
static bool clock_time(const char **s, int64_t *ret_s, uint64_t *ret_ns, uint64_t *ret_unit)
{
	unsigned int hour, minute, second = 0;
	uint64_t unit = SECOND_NS;

	*ret_ns = 0;
	if (!number(s, 2, &hour) || !letter(s, ':') || !number(s, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ret_unit = 60 * SECOND_NS;
	if (letter(s, ':')) {
		if (!number(s, 2, &second) || second > 59)
			return false;
		*ret_unit = SECOND_NS;
		if (letter(s, '.')) {
			if (**s < '0' || **s > '9')
				return false;
			for (; **s >= '0' && **s <= '9' && unit > 1; (*s)++) {
				unit /= 10;
				*ret_ns += unit * (uint64_t)(**s - '0');
			}
			*ret_unit = unit;
		}
	}
	*ret_s = (int64_t)hour * 3600 + minute * 60 + second;
	return true;
}

/* "Z", "+01:00", or nothing for local time. */
static bool zone(const char **s, long *offset_s)
{
	unsigned int hour, minute;
	bool west;

	if (!**s)
		return true;
	if (letter(s, 'Z')) {
		*offset_s = 0;
		return true;
	}
	west = **s == '-';
	if (!letter(s, '+') && !letter(s, '-'))
		return false;
	if (!number(s, 2, &hour) || !letter(s, ':') || !number(s, 2, &minute) || hour > 18 || minute > 59)
		return false;
	*offset_s = (long)(hour * 3600 + minute * 60) * (west ? -1 : 1);
	return true;
}

static int ago(const char *s, uint64_t now_ns, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t s;
	} units[] = { { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", DAY_S }, { "w", 7 * DAY_S } };
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > (uint64_t)LAST_S)
			return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(s, units[i].unit) != 0)
			continue;
		/* Longer ago than there was time: from the beginning. */
		*ret_ns = n > now_ns / SECOND_NS / units[i].s ? 0 : now_ns - n * units[i].s * SECOND_NS;
		return 0;
	}
	return -EINVAL;
}

static int result(int64_t seconds, uint64_t ns, uint64_t unit, bool is_end, uint64_t *ret_ns)
{
	if (seconds < 0 || seconds >= LAST_S)
		return -EINVAL;
	*ret_ns = (uint64_t)seconds * SECOND_NS + ns + (is_end ? unit - 1 : 0);
	return 0;
}

int when_parse(const char *s, uint64_t now_ns, long offset_s, bool is_end, uint64_t *ret_ns)
{
	int64_t local = (int64_t)(now_ns / SECOND_NS) + offset_s, today = local / DAY_S, day, of_day = 0;
	uint64_t ns = 0, unit = DAY_S * SECOND_NS;
	unsigned int year, month, date;
	const char *at = s;

	if (!strcmp(s, "now")) {
		*ret_ns = now_ns;
		return 0;
	}
	if (!strcmp(s, "today"))
		return result(today * DAY_S - offset_s, 0, unit, is_end, ret_ns);
	if (!strcmp(s, "yesterday"))
		return result((today - 1) * DAY_S - offset_s, 0, unit, is_end, ret_ns);
	if (s[0] == '@') {
		uint64_t n = 0;

		for (at = s + 1; *at >= '0' && *at <= '9' && n < (uint64_t)LAST_S; at++)
			n = n * 10 + (uint64_t)(*at - '0');
		return *at || at == s + 1 ? -EINVAL : result((int64_t)n, 0, SECOND_NS, is_end, ret_ns);
	}
	if (strspn(s, "0123456789") && strspn(s, "0123456789") + strspn(s + strspn(s, "0123456789"), "sminhdw") == strlen(s))
		return ago(s, now_ns, ret_ns);
	if (strlen(s) >= 5 && s[2] == ':') {
		if (!clock_time(&at, &of_day, &ns, &unit) || *at)
			return -EINVAL;
		return result(today * DAY_S + of_day - offset_s, ns, unit, is_end, ret_ns);
	}
	if (!number(&at, 4, &year) || !letter(&at, '-') || !number(&at, 2, &month) || !letter(&at, '-') || !number(&at, 2, &date) ||
	    !day_number(year, month, date, &day))
		return -EINVAL;
	if ((*at == ' ' || *at == 'T') && at++ && (!clock_time(&at, &of_day, &ns, &unit) || !zone(&at, &offset_s)))
		return -EINVAL;
	return *at ? -EINVAL : result(day * DAY_S + of_day - offset_s, ns, unit, is_end, ret_ns);
}
