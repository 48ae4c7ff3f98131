/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as an ignore file, and what comes of it all the way to a table: every pattern that the importer makes is
 * one that the policy takes, and the table answers for any string. The first line is the directory, the second a path.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match/dfa.h"
#include "match/ignorefile.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

#define PATTERNS 24 /* compiled per input; more would fuzz the memory, not the code */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct ignorefile *f)
{
	unsigned int line = 1;

	EXPECT(f->patterns_cnt <= IGNORE_PATTERNS_MAX && f->errors_cnt <= IGNORE_ERRORS_MAX);
	EXPECT(!f->errors_more || f->errors_cnt == IGNORE_ERRORS_MAX);
	for (size_t i = 0; i < f->patterns_cnt; i++) {
		EXPECT(f->patterns[i].line >= line);
		line = f->patterns[i].line;
	}
	for (size_t i = 0; i < f->errors_cnt; i++)
		EXPECT(f->errors[i].line && f->errors[i].text[0]);
}

static void compile(const struct ignorefile *f, const char *path, size_t len)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = dfa_builder_new(DFA_PATH, NULL, 0);
	cleanup_(dfa_freep) struct dfa *d = NULL;
	struct errmsg e = { 0 };
	int r;

	EXPECT(b);
	for (size_t i = 0; i < f->patterns_cnt; i++) {
		r = dfa_builder_add(b, 0, f->patterns[i].glob, &e);
		/* A bad directory makes bad patterns, but no pattern that the importer kept is bad. */
		EXPECT(r == 0);
		if (i + 1 == PATTERNS)
			break;
	}
	r = dfa_build(b, 1, SL_SETS_MAX, &d, &e);
	EXPECT(r == 0 || (r == -E2BIG && e.text[0]));
	if (!r) {
		unsigned int set = dfa_match(d, path, len);

		EXPECT(set < d->info.sets && set != 1);
	}
}

/* Takes a line off the front. */
static char *take_line(const uint8_t **data, size_t *size, size_t *len)
{
	const uint8_t *newline = memchr(*data, '\n', *size);
	size_t n = newline ? (size_t)(newline - *data) : *size;
	char *line = malloc(n + 1);

	EXPECT(line);
	memcpy(line, *data, n);
	line[n] = '\0';
	*len = n;
	*data += n + (newline != NULL);
	*size -= n + (newline != NULL);
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(ignorefile_freep) struct ignorefile *f = NULL;
	cleanup_free char *dir = NULL, *path = NULL;
	struct errmsg e = { 0 };
	size_t dir_len, path_len;
	int r;

	/* NULL is no buffer for memchr, whatever the length. */
	if (!size)
		return 0;
	dir = take_line(&data, &size, &dir_len);
	path = take_line(&data, &size, &path_len);
	r = ignorefile_parse((const char *)data, size, dir, &f, &e);
	EXPECT(r == 0 || (r == -EINVAL && dir[0] != '/') || r == -E2BIG);
	if (r)
		return 0;
	check_file(f);
	compile(f, path, path_len);
	return 0;
}
