/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A client of the control socket: control [-u UID] SOCKET LINES REQUEST sends the request and prints so many lines of what comes, or what came
 * in five seconds. Exit status 0: all of them came.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 5

static int join(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&at, sizeof(at)))
		return fd;
	perror(path);
	exit(2);
}

/* Returns how many lines are still to come. */
static int read_lines(int fd, int lines)
{
	time_t until = time(NULL) + WAIT_S;

	while (lines > 0 && time(NULL) <= until) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char c;

		if (poll(&p, 1, 200) <= 0)
			continue;
		if (read(fd, &c, 1) != 1)
			break;
		putchar(c);
		lines -= c == '\n';
	}
	return lines;
}

int main(int argc, char **argv)
{
	int fd, at = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && strcmp(argv[1], "-u") == 0) {
		uid_t uid = (uid_t)atoi(argv[2]);

		if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) {
			perror("setresuid");
			return 2;
		}
		at = 3;
	}
	if (argc - at != 3)
		return 2;
	fd = join(argv[at]);
	if (dprintf(fd, "%s\n", argv[at + 2]) < 0)
		return 2;
	return read_lines(fd, atoi(argv[at + 1])) ? 1 : 0;
}
