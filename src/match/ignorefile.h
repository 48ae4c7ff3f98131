/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Ignore files (.gitignore's language: .cursorignore, .aiexclude, .geminiignore and so on) as path patterns of our own
 * (match/glob.h). Such a file says what its author wants tools to stay away from.
 *
 * A line becomes one or two patterns: the thing itself and everything below it. A line that ends in a slash speaks of
 * directories: everything below only. Order is kept, the last match decides.
 *
 * Where the meaning differs: git cannot take back a file below an excluded directory, our patterns can. So "logs/" and
 * then "!logs/keep" leaves logs/keep out here, while git still ignores it. Whoever imports a file with lines that take
 * back should say so.
 */
#ifndef SLUICE_MATCH_IGNOREFILE_H
#define SLUICE_MATCH_IGNOREFILE_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

#define IGNORE_TEXT_MAX (1u << 20)  /* bytes of a file. Beyond: -E2BIG, nothing is half imported */
#define IGNORE_PATTERNS_MAX 8192    /* patterns of a file. Beyond: -E2BIG */
#define IGNORE_ERRORS_MAX 64        /* errors kept; the others are counted */

struct ignore_pattern {
	char *glob;         /* for dfa_builder_add; may begin with '!' */
	unsigned int line;  /* from 1 */
};

struct ignore_error {
	unsigned int line;
	char text[160];     /* why the line was left out */
};

struct ignorefile {
	struct ignore_pattern *patterns;
	size_t patterns_cnt, patterns_size;
	struct ignore_error *errors;    /* in the order of lines */
	size_t errors_cnt;              /* kept */
	size_t errors_more;             /* not kept */
	size_t negated_cnt;             /* lines that take back */
};

/*
 * dir: the absolute directory that the file stands in, as the kernel would name it. text need not end in NUL. A bad
 * line is left out and listed in errors; the result then still holds all others. -EINVAL: dir is not absolute;
 * -E2BIG, -ENOMEM.
 */
int ignorefile_parse(const char *text, size_t len, const char *dir, struct ignorefile **ret, struct errmsg *e);
void ignorefile_free(struct ignorefile *f);
DEFINE_FREEP(struct ignorefile, ignorefile_free)

#endif /* SLUICE_MATCH_IGNOREFILE_H */
