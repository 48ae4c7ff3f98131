/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A broker to speak to, and ways to speak to it.
 *
 *   sockets serve TYPE ADDRESS     listens until it is killed; prints "ready" when it does. Whoever connects is sent a line
 *                                  that begins with the mark; what comes as a datagram is printed.
 *   sockets HOW TYPE ADDRESS       what it prints ends with the mark if it got it
 *   sockets own TYPE ADDRESS       the server is a child
 *
 *   TYPE:    stream, seqpacket, dgram
 *   ADDRESS: a path, or @NAME in the abstract name space
 *   HOW:     talk                  connect, and read or send
 *            sendto                a datagram without a connection
 *            thread                connect in a thread that is not the leader
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "trigger.h"

#define MARK "sockets-mark"

struct way {
	int type;
	struct sockaddr_un to;
	socklen_t len;
	int err;
};

static int type_of(const char *name)
{
	if (!strcmp(name, "stream"))
		return SOCK_STREAM;
	if (!strcmp(name, "seqpacket"))
		return SOCK_SEQPACKET;
	return strcmp(name, "dgram") ? -1 : SOCK_DGRAM;
}

static int set_address(struct way *w, const char *text)
{
	size_t len = strlen(text);

	if (!len || len >= sizeof(w->to.sun_path))
		return -1;
	w->to.sun_family = AF_UNIX;
	memcpy(w->to.sun_path, text, len);
	w->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (text[0] == '@')
		w->to.sun_path[0] = '\0';
	else
		w->len++;
	return 0;
}

static int serve(const struct way *w, int ready)
{
	int fd = socket(AF_UNIX, w->type, 0), client;
	char bytes[64];
	ssize_t n;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&w->to, w->len) || (w->type != SOCK_DGRAM && listen(fd, 8)))
		return TRIGGER_REFUSED;
	if (write(ready, "ready\n", 6) != 6)
		return TRIGGER_REFUSED;
	for (;;) {
		if (w->type == SOCK_DGRAM) {
			n = recv(fd, bytes, sizeof(bytes), 0);
			if (n > 0 && write(STDOUT_FILENO, bytes, (size_t)n) != n)
				return TRIGGER_REFUSED;
			continue;
		}
		client = accept(fd, NULL, NULL);
		if (client < 0)
			continue;
		n = send(client, MARK "\n", sizeof(MARK), MSG_NOSIGNAL);
		close(client);
	}
}

static void *talk(void *arg)
{
	struct way *w = arg;
	int fd = socket(AF_UNIX, w->type, 0);
	char bytes[64];
	ssize_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&w->to, w->len)) {
		w->err = -errno;
	} else if (w->type == SOCK_DGRAM) {
		w->err = send(fd, MARK "\n", sizeof(MARK), 0) < 0 ? -errno : 0;
	} else {
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n > 0)
			n = write(STDOUT_FILENO, bytes, (size_t)n);
		w->err = n > 0 ? 0 : -EIO;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void send_alone(struct way *w)
{
	int fd = socket(AF_UNIX, w->type, 0);

	w->err = sendto(fd, MARK "\n", sizeof(MARK), 0, (const struct sockaddr *)&w->to, w->len) < 0 ? -errno : 0;
	close(fd);
}

static void talk_in_thread(struct way *w)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, talk, w)) {
		w->err = -EAGAIN;
		return;
	}
	pthread_join(thread, NULL);
}

/* Speaks to a server that is a child of its own. */
static void talk_to_child(struct way *w)
{
	int pipes[2];
	char bytes[6];
	pid_t pid;

	if (pipe(pipes) || (pid = fork()) < 0) {
		w->err = -errno;
		return;
	}
	if (!pid)
		_exit(serve(w, pipes[1]));
	close(pipes[1]);
	if (read(pipes[0], bytes, sizeof(bytes)) > 0)
		talk(w);
	else
		w->err = -EIO;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct way w = { 0 };

	if (argc != 4 || (w.type = type_of(argv[2])) < 0 || set_address(&w, argv[3])) {
		fprintf(stderr, "usage: sockets serve|talk|sendto|thread|own stream|seqpacket|dgram PATH|@NAME\n");
		return TRIGGER_MISUSE;
	}
	if (!strcmp(argv[1], "serve"))
		return serve(&w, STDOUT_FILENO);
	if (!strcmp(argv[1], "talk"))
		talk(&w);
	else if (!strcmp(argv[1], "sendto"))
		send_alone(&w);
	else if (!strcmp(argv[1], "thread"))
		talk_in_thread(&w);
	else if (!strcmp(argv[1], "own"))
		talk_to_child(&w);
	else
		return TRIGGER_MISUSE;
	return trigger_end(argv[1], argv[3], w.err);
}
