/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Text of an error that a library function hands to its caller. Libraries fill it; only the command line prints. */
#ifndef SLUICE_BASE_ERRMSG_H
#define SLUICE_BASE_ERRMSG_H

struct errmsg {
	char text[1024];  /* "what failed: why: what to do", no newline at the end; "" when unset */
	char file[256];   /* for errors in a text file; "" otherwise */
	unsigned int line;    /* from 1; 0: no position */
	unsigned int column;  /* from 1 */
	char source[256]; /* the line itself, for the caret; "" when not known */
};

/* Sets text (cut when too long) and returns err, so that a caller can `return errmsg_set(...)`. e may be NULL. */
int errmsg_set(struct errmsg *e, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif /* SLUICE_BASE_ERRMSG_H */
