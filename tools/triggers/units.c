/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A stand-in for systemd, as far as it matters who starts what in which cgroup, and ways to ask it for a transient unit.
 *
 *   units serve ADDRESS CGROUP SCOPE COMMAND...   listens there, being in CGROUP/SCOPE; prints "ready". For each request runs
 *                                  COMMAND UNIT in CGROUP/UNIT, and hangs up when that has ended.
 *   units ask HOW ADDRESS UNIT [INSTEAD]   waits until it hangs up
 *
 *   HOW:      sendmsg, writev      header and body in two pieces, as libsystemd does
 *             write, sendto        in one
 *             split                in two calls
 *             big                  in big endian
 *             other                another call of systemd's
 *   UNIT:     NAME.service, or NAME.timer, which stands for that service
 *             busy-NAME.service    a process is in that cgroup already
 *             late-NAME.service    starts only when LATE seconds are over
 *   INSTEAD:  the unit that is started in truth
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "trigger.h"

#define LATE 11
#define MESSAGE_MAX 1024

struct message {
	uint8_t bytes[MESSAGE_MAX];
	size_t len, body;   /* body: where it begins */
};

static void put_u32(struct message *m, uint32_t v)
{
	while (m->len % 4)
		m->bytes[m->len++] = 0;
	memcpy(m->bytes + m->len, &v, 4);
	m->len += 4;
}

static void put_string(struct message *m, const char *s)
{
	put_u32(m, (uint32_t)strlen(s));
	memcpy(m->bytes + m->len, s, strlen(s) + 1);
	m->len += strlen(s) + 1;
}

static void put_field(struct message *m, uint8_t code, char type, const char *s)
{
	while (m->len % 8)
		m->bytes[m->len++] = 0;
	m->bytes[m->len++] = code;
	m->bytes[m->len++] = 1;
	m->bytes[m->len++] = (uint8_t)type;
	m->bytes[m->len++] = 0;
	if (type == 'g') {
		m->bytes[m->len++] = (uint8_t)strlen(s);
		memcpy(m->bytes + m->len, s, strlen(s) + 1);
		m->len += strlen(s) + 1;
	} else {
		put_string(m, s);
	}
}

/* A call of the D-Bus protocol with two strings; the rest of the real one's arguments nobody here looks at. */
static void make_call(struct message *m, const char *member, const char *unit, const char *mode)
{
	uint32_t n;

	memset(m, 0, sizeof(*m));
	memcpy(m->bytes, "l\1\0\1", 4);
	m->len = 16;
	m->bytes[8] = 1; /* serial */
	put_field(m, 1, 'o', "/org/freedesktop/systemd1");
	put_field(m, 3, 's', member);
	put_field(m, 2, 's', "org.freedesktop.systemd1.Manager");
	put_field(m, 6, 's', "org.freedesktop.systemd1");
	put_field(m, 8, 'g', "ss");
	n = (uint32_t)m->len - 16;
	memcpy(m->bytes + 12, &n, 4);
	while (m->len % 8)
		m->bytes[m->len++] = 0;
	m->body = m->len;
	put_string(m, unit);
	put_string(m, mode);
	n = (uint32_t)(m->len - m->body);
	memcpy(m->bytes + 4, &n, 4);
}

static int address(const char *path, struct sockaddr_un *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(ret->sun_path))
		return -1;
	strcpy(ret->sun_path, path);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int send_call(int fd, const char *how, struct message *m)
{
	struct iovec iov[2] = { { m->bytes, m->body }, { m->bytes + m->body, m->len - m->body } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (!strcmp(how, "big"))
		m->bytes[0] = 'B';
	if (!strcmp(how, "writev"))
		return writev(fd, iov, 2) == (ssize_t)m->len ? 0 : -1;
	if (!strcmp(how, "write"))
		return write(fd, m->bytes, m->len) == (ssize_t)m->len ? 0 : -1;
	if (!strcmp(how, "sendto"))
		return sendto(fd, m->bytes, m->len, MSG_NOSIGNAL, NULL, 0) == (ssize_t)m->len ? 0 : -1;
	if (!strcmp(how, "split"))
		return write(fd, m->bytes, m->body) == (ssize_t)m->body && write(fd, m->bytes + m->body, m->len - m->body) > 0 ? 0 : -1;
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)m->len ? 0 : -1;
}

static int ask(const char *how, const char *path, const char *unit, const char *instead)
{
	struct sockaddr_un to;
	struct message m;
	int fd = address(path, &to);
	char byte;

	make_call(&m, strcmp(how, "other") ? "StartTransientUnit" : "RestartTransienter", unit, instead);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) || send_call(fd, how, &m))
		return TRIGGER_REFUSED;
	return read(fd, &byte, 1) == 0 ? 0 : TRIGGER_REFUSED;
}

/* ---- the other side ---------------------------------------------------------------------------------------------------- */

static int write_text(const char *dir, const char *file, const char *text)
{
	char path[2100];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return r;
}

static pid_t fork_into(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0 && write_text(dir, "cgroup.procs", "0"))
		_exit(TRIGGER_REFUSED);
	return pid;
}

static void start(const char *cgroup, char *unit, char **command, int n)
{
	char dir[2048], *dot = strrchr(unit, '.');
	pid_t pid, busy = 0;

	if (dot && strcmp(dot, ".timer") == 0)
		strcpy(dot, ".service"); /* there is room */
	snprintf(dir, sizeof(dir), "%s/%s", cgroup, unit);
	mkdir(dir, 0755);
	if (!strncmp(unit, "busy-", 5)) {
		busy = fork_into(dir);
		if (busy == 0)
			for (;;)
				pause();
		/* Until it is there. */
		for (char text[32] = ""; !text[0];) {
			char path[2100];
			FILE *f;

			snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
			f = fopen(path, "re");
			if (!f || !fgets(text, sizeof(text), f))
				text[0] = '\0';
			if (f)
				fclose(f);
		}
	}
	if (!strncmp(unit, "late-", 5) || strstr(unit, "1a7e"))
		sleep(LATE);
	pid = fork_into(dir);
	if (pid == 0) {
		command[n] = unit;
		execv(command[0], command);
		_exit(TRIGGER_REFUSED);
	}
	waitpid(pid, NULL, 0);
	if (busy > 0) {
		kill(busy, SIGKILL);
		waitpid(busy, NULL, 0);
	}
	rmdir(dir);
}

/* Connections one after the other, each in a process of its own would be no child of this one. */
static int serve(const char *path, const char *cgroup, const char *scope, char **command, int n)
{
	struct sockaddr_un at;
	char dir[400];
	int fd = address(path, &at);

	snprintf(dir, sizeof(dir), "%s/%s", cgroup, scope);
	mkdir(cgroup, 0755);
	mkdir(dir, 0755);
	if (write_text(dir, "cgroup.procs", "0") || fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8) ||
	    write(STDOUT_FILENO, "ready\n", 6) != 6)
		return TRIGGER_REFUSED;
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		struct message m = { .len = 0 };
		char unit[MESSAGE_MAX + 16];
		const char *name, *mode;
		uint32_t fields;
		ssize_t got;

		while (client >= 0 && m.len < sizeof(m.bytes) - 1) {
			got = read(client, m.bytes + m.len, sizeof(m.bytes) - 1 - m.len);
			m.len += got > 0 ? (size_t)got : 0;
			memcpy(&fields, m.bytes + 12, 4);
			m.body = (16 + (size_t)fields + 7) & ~(size_t)7;
			memcpy(&fields, m.bytes + 4, 4);
			if (got <= 0 || (m.len >= 16 && m.len >= m.body + fields))
				break;
		}
		if (client >= 0 && m.len > m.body && m.body < sizeof(m.bytes) - 8) {
			name = (const char *)m.bytes + m.body + 4;
			mode = name + ((strlen(name) + 4) & ~(size_t)3) + 4;
			snprintf(unit, sizeof(unit), "%s", strcmp(mode, "fail") ? mode : name);
			start(cgroup, unit, command, n);
		}
		close(client);
	}
}

int main(int argc, char **argv)
{
	if (argc > 5 && !strcmp(argv[1], "serve")) {
		char *command[32] = { NULL };
		int n = argc - 5 < 30 ? argc - 5 : 30;

		memcpy(command, argv + 5, (size_t)n * sizeof(*command));
		return serve(argv[2], argv[3], argv[4], command, n);
	}
	if (argc > 4 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "fail");
	fprintf(stderr, "units: see the head of units.c\n");
	return 2;
}
