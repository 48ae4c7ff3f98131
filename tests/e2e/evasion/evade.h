/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What the programs that go round sluice share: each obtains a file's contents in one particular way and writes them to
 * stdout. Whether the secret came out is for the runner to see; the exit status only tells why it did not: 1 a call was
 * refused, 2 misuse, 3 this kernel or file system does not have what the way needs. They stand on their own.
 */
#ifndef SLUICE_EVADE_H
#define SLUICE_EVADE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVADE_REFUSED 1
#define EVADE_MISUSE 2
#define EVADE_UNSUPPORTED 3

/* A step on the way that is not the read itself failed: the kernel does not let us try. */
static inline int evade_cannot(const char *step)
{
	int err = errno;

	fprintf(stderr, "%s: %s\n", step, strerror(err));
	return EVADE_UNSUPPORTED;
}

static inline int evade_refused(const char *step)
{
	int err = errno;

	fprintf(stderr, "%s: %s\n", step, strerror(err));
	return EVADE_REFUSED;
}

/* All that a descriptor gives, to stdout. */
static inline int evade_show(int fd)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)n) != n)
			return evade_cannot("stdout");
	return n < 0 ? evade_refused("read") : 0;
}

static inline int evade_show_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? evade_refused(path) : evade_show(fd);
}

/* What stands behind a descriptor, opened anew. */
static inline int evade_show_again(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return evade_show_file(link);
}

/* "/a/b/c" -> "/a/b", and the name within it. */
static inline const char *evade_split(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash || (size_t)snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path) >= PATH_MAX) {
		fprintf(stderr, "%s: not an absolute path\n", path);
		exit(EVADE_MISUSE);
	}
	return slash + 1;
}

struct evade_way {
	const char *how;
	int args;
	int (*run)(char **args);
};

static inline int evade_main(int argc, char **argv, const struct evade_way *ways, size_t n)
{
	for (size_t i = 0; argc >= 2 && i < n; i++)
		if (!strcmp(argv[1], ways[i].how) && argc == 2 + ways[i].args)
			return ways[i].run(argv + 2);
	fprintf(stderr, "usage: %s HOW ARGUMENT...; HOW:", argc ? argv[0] : "");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", ways[i].how);
	fprintf(stderr, "\n");
	return EVADE_MISUSE;
}

#endif /* SLUICE_EVADE_H */
