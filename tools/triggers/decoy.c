/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Behaves as an AI tool does, as far as a watcher can see: a thread of a pool reads the file, another thread sends it
 * over the connection that the main thread had opened before. It becomes a "tool" by a policy that names its path.
 *
 *   decoy FILE ADDR PORT      read FILE, send its length (never its contents) to ADDR PORT
 *   decoy FILE                read only
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trigger.h"

static ssize_t length;

static void *pool_main(void *file)
{
	char bytes[4096];
	int fd;

	prctl(PR_SET_NAME, "Pool 0", 0, 0, 0);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -errno : read(fd, bytes, sizeof(bytes));
	return NULL;
}

static void *client_main(void *conn)
{
	char line[64];

	prctl(PR_SET_NAME, "HTTP Client", 0, 0, 0);
	snprintf(line, sizeof(line), "%zd bytes\n", length);
	(void)send(*(int *)conn, line, strlen(line), MSG_NOSIGNAL);
	return NULL;
}

static int connect_to(const char *addr, const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)trigger_number(port, 0, 65535)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		return -EINVAL;
	return connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ? -errno : fd;
}

static void run_thread(void *(*main)(void *), void *arg)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, main, arg))
		pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	int conn = -ENOTCONN;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: decoy FILE [ADDR PORT]\n");
		return TRIGGER_MISUSE;
	}
	if (argc == 4)
		conn = connect_to(argv[2], argv[3]);
	run_thread(pool_main, argv[1]);
	if (length < 0)
		return trigger_end("decoy", "read", (int)length);
	if (conn >= 0)
		run_thread(client_main, &conn);
	return trigger_end("decoy", argc == 4 ? "read and send" : "read", argc == 4 && conn < 0 ? conn : 0);
}
