/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What all triggers share: each does one thing in one particular way, prints one line and says by its exit status
 * whether it worked. They stand on their own (no part of sluice is linked in), so that they test it from outside.
 */
#ifndef SLUICE_TRIGGER_H
#define SLUICE_TRIGGER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIGGER_OK 0
#define TRIGGER_REFUSED 1     /* the call failed; the line says why */
#define TRIGGER_MISUSE 2
#define TRIGGER_UNSUPPORTED 3 /* this kernel does not have the call */

/* err: 0 or a negative errno of the call under test. */
static inline int trigger_end(const char *name, const char *how, int err)
{
	if (err == 0) {
		printf("%s %s: ok\n", name, how);
		return TRIGGER_OK;
	}
	printf("%s %s: failed: %s\n", name, how, strerror(-err));
	/* EOPNOTSUPP and ENODEV: a file system or protocol that the kernel was built without. */
	if (err == -ENOSYS || err == -EOPNOTSUPP || err == -ENODEV)
		return TRIGGER_UNSUPPORTED;
	return TRIGGER_REFUSED;
}

/* What a system call's wrapper returned, as 0-or-more or a negative errno. */
static inline long trigger_sys(long rc)
{
	return rc < 0 ? -errno : rc;
}

/* With TRIGGER_SHOW set: what a descriptor gives, to stdout. So a test knows that the contents were really there. */
static inline void trigger_show(long fd)
{
	char bytes[4096];
	ssize_t n;

	if (fd < 0 || !getenv("TRIGGER_SHOW"))
		return;
	while ((n = read((int)fd, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)n) != n)
			return;
}

/* A number in [min, max]; anything else is misuse. */
static inline long trigger_number(const char *text, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max) {
		fprintf(stderr, "'%s' is not a number from %ld to %ld\n", text, min, max);
		exit(TRIGGER_MISUSE);
	}
	return n;
}

#endif /* SLUICE_TRIGGER_H */
