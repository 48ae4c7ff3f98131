// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Copyright (c) 2026 The sluice authors */
/* Owns: what the log of a failed load comes down to. Bytes in, a line out. */
#include "base/verifierlog.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "libbpf: prog '";
static const char end_mark[] = "-- END PROG LOAD LOG --";

/* Statistics, which follow the reason. */
static bool is_statistics(const char *line, size_t len)
{
	static const char *const begins[] = { "processed ", "verification time ", "stack depth ", "max_states", "mark_precise", "insns processed" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (len >= strlen(begins[i]) && strncmp(line, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The line that ends before `end`. */
static const char *line_before(const char *log, const char *end, size_t *ret_len)
{
	const char *begin = end;

	while (begin > log && begin[-1] != '\n')
		begin--;
	*ret_len = (size_t)(end - begin);
	return begin;
}

static const char *find_last(const char *log, const char *what)
{
	const char *found = NULL;

	for (const char *at = strstr(log, what); at; at = strstr(at + 1, what))
		found = at;
	return found;
}

bool verifierlog_last(const char *log, char *buf, size_t size)
{
	const char *end = find_last(log, end_mark), *name = find_last(log, prefix), *line = "refused without a word";
	size_t len = strlen(line), name_len;

	if (!name)
		return false;
	name += strlen(prefix);
	name_len = strcspn(name, "'\n");
	while (end && end > log) {
		size_t n;
		const char *begin = line_before(log, end, &n);

		/* The log may begin behind where the message does. */
		if (strstr(begin, "-- BEGIN PROG LOAD LOG --") && strstr(begin, "-- BEGIN PROG LOAD LOG --") < end)
			break;
		if (n && !is_statistics(begin, n)) {
			line = begin;
			len = n;
			break;
		}
		end = begin > log ? begin - 1 : log;
	}
	snprintf(buf, size, "%.*s: %.*s", (int)name_len, name, (int)len, line);
	for (char *c = buf; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return true;
}
