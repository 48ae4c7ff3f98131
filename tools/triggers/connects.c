/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Connects or sends in one particular way. ADDR is IPv4 or IPv6 as digits.
 *
 *   connects tcp ADDR PORT            connect, blocking
 *   connects nonblock ADDR PORT       connect, EINPROGRESS, poll
 *   connects mapped ADDR PORT         IPv4 as ::ffff:ADDR on an IPv6 socket
 *   connects fastopen ADDR PORT       no connect: sendto with MSG_FASTOPEN on a stream socket
 *   connects thread ADDR PORT         connect in one thread, send in another
 *   connects dup ADDR PORT            one socket connected to an unreachable port first, then to the wanted one
 *   connects sort ADDR                what address sorting does: UDP connect to ports 0, 443 and 65535, nothing sent
 *   connects udp-send ADDR PORT       UDP connect, then two datagrams by send
 *   connects udp-write ADDR PORT      the same by write
 *   connects sendto|sendmsg|sendmmsg ADDR PORT    unconnected datagram
 *   connects unix PATH                stream socket of the file system
 *   connects resolve SERVER PORT NAME    asks for NAME's IPv4 address as libc does (connected UDP), prints it
 *   connects resolve-tcp SERVER PORT NAME    the same by TCP
 *
 *   connects listen ADDR PORT [N]     answers N TCP connections (0: until it is killed), "ready" first
 *   connects listen-udp ADDR PORT N   receives N datagrams
 *   connects dns ADDR PORT ANSWER N   answers N questions, all with the IPv4 address ANSWER
 *   connects dns-tcp | dns-pieces ADDR PORT ANSWER N    the same by TCP, each answer in one piece or in two
 *
 * A refused connection (nobody listens) is success: the attempt is what counts.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "trigger.h"

struct target {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
	socklen_t len;
};

static struct target parse(const char *addr, const char *port)
{
	struct target t = { 0 };

	if (inet_pton(AF_INET, addr, &t.in.sin_addr) == 1) {
		t.sa.sa_family = AF_INET;
		t.len = sizeof(t.in);
	} else if (inet_pton(AF_INET6, addr, &t.in6.sin6_addr) == 1) {
		t.sa.sa_family = AF_INET6;
		t.len = sizeof(t.in6);
	} else {
		fprintf(stderr, "connects: '%s' is not an address\n", addr);
		exit(TRIGGER_MISUSE);
	}
	t.in.sin_port = htons((uint16_t)trigger_number(port, 0, 65535)); /* at the same place in both */
	return t;
}

static int socket_for(const struct target *t, int type)
{
	int fd = socket(t->sa.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		fprintf(stderr, "connects: socket: %s\n", strerror(errno));
		exit(TRIGGER_UNSUPPORTED);
	}
	return fd;
}

static int attempt(long rc)
{
	return rc < 0 && errno != ECONNREFUSED ? -errno : 0;
}

static int by_tcp(const struct target *t)
{
	int fd = socket_for(t, SOCK_STREAM), err = attempt(connect(fd, &t->sa, t->len));

	if (!err)
		(void)send(fd, "hello\n", 6, MSG_NOSIGNAL);
	return err;
}

static int by_nonblock(const struct target *t)
{
	struct pollfd p = { .fd = socket_for(t, SOCK_STREAM | SOCK_NONBLOCK), .events = POLLOUT };

	if (connect(p.fd, &t->sa, t->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return attempt(-1);
	return poll(&p, 1, 5000) == 1 ? 0 : -ETIMEDOUT;
}

static int by_mapped(const struct target *t)
{
	struct target m = { .in6 = { .sin6_family = AF_INET6, .sin6_port = t->in.sin_port }, .len = sizeof(m.in6) };

	if (t->sa.sa_family != AF_INET)
		return -EINVAL;
	m.in6.sin6_addr.s6_addr[10] = m.in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&m.in6.sin6_addr.s6_addr[12], &t->in.sin_addr, 4);
	return by_tcp(&m);
}

static int by_fastopen(const struct target *t)
{
	return attempt(sendto(socket_for(t, SOCK_STREAM), "hello\n", 6, MSG_FASTOPEN | MSG_NOSIGNAL, &t->sa, t->len));
}

static void *send_main(void *arg)
{
	(void)send(*(int *)arg, "hello\n", 6, MSG_NOSIGNAL);
	return NULL;
}

static int by_thread(const struct target *t)
{
	int fd = socket_for(t, SOCK_STREAM), err = attempt(connect(fd, &t->sa, t->len));
	pthread_t thread;

	if (!err && !pthread_create(&thread, NULL, send_main, &fd))
		pthread_join(thread, NULL);
	return err;
}

static int by_dup(const struct target *t)
{
	struct target first = *t;
	int fd = socket_for(t, SOCK_STREAM);

	first.in.sin_port = htons(9);
	(void)connect(fd, &first.sa, first.len);
	return attempt(connect(fd, &t->sa, t->len));
}

static int by_sort(const struct target *t)
{
	static const uint16_t ports[] = { 0, 443, 65535 };
	struct target to = *t;

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		int fd = socket_for(t, SOCK_DGRAM), err;

		to.in.sin_port = htons(ports[i]);
		err = attempt(connect(fd, &to.sa, to.len));
		if (err)
			return err;
		close(fd);
	}
	return 0;
}

static int by_udp_send(const struct target *t)
{
	int fd = socket_for(t, SOCK_DGRAM), err = attempt(connect(fd, &t->sa, t->len));

	for (int i = 0; i < 2 && !err; i++)
		err = attempt(send(fd, "hello\n", 6, 0));
	return err;
}

static int by_udp_write(const struct target *t)
{
	int fd = socket_for(t, SOCK_DGRAM), err = attempt(connect(fd, &t->sa, t->len));

	for (int i = 0; i < 2 && !err; i++)
		err = attempt(write(fd, "hello\n", 6));
	return err;
}

static int by_sendto(const struct target *t)
{
	return attempt(sendto(socket_for(t, SOCK_DGRAM), "hello\n", 6, 0, &t->sa, t->len));
}

static struct mmsghdr message_to(struct target *t, struct iovec *iov)
{
	return (struct mmsghdr){ .msg_hdr = { .msg_name = &t->sa, .msg_namelen = t->len, .msg_iov = iov, .msg_iovlen = 1 } };
}

static int by_sendmsg(const struct target *t)
{
	struct target to = *t;
	struct iovec iov = { .iov_base = (char *)"hello\n", .iov_len = 6 };
	struct mmsghdr m = message_to(&to, &iov);

	return attempt(sendmsg(socket_for(t, SOCK_DGRAM), &m.msg_hdr, 0));
}

static int by_sendmmsg(const struct target *t)
{
	struct target to = *t;
	struct iovec iov = { .iov_base = (char *)"hello\n", .iov_len = 6 };
	struct mmsghdr m[2] = { message_to(&to, &iov), message_to(&to, &iov) };

	return attempt(sendmmsg(socket_for(t, SOCK_DGRAM), m, 2, 0));
}

static int do_unix(const char *path)
{
	struct target t = { .un = { .sun_family = AF_UNIX }, .len = sizeof(t.un) };

	snprintf(t.un.sun_path, sizeof(t.un.sun_path), "%s", path);
	return attempt(connect(socket_for(&t, SOCK_STREAM), &t.sa, t.len));
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static int listen_on(const struct target *t, int type)
{
	int fd = socket_for(t, type), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &t->sa, t->len) || (type == SOCK_STREAM && listen(fd, 64))) {
		fprintf(stderr, "connects: cannot listen: %s\n", strerror(errno));
		exit(TRIGGER_REFUSED);
	}
	one = 16;
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &one, sizeof(one));
	ready();
	return fd;
}

static int do_listen(const struct target *t, long n)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
	int fd = listen_on(t, SOCK_STREAM);
	char bytes[4096];

	for (long i = 0; n == 0 || i < n; i++) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			return -errno;
		(void)recv(conn, bytes, sizeof(bytes), 0);
		(void)send(conn, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
		close(conn);
	}
	return 0;
}

static int do_listen_udp(const struct target *t, long n)
{
	int fd = listen_on(t, SOCK_DGRAM);
	char bytes[4096];

	for (long i = 0; i < n; i++)
		if (recv(fd, bytes, sizeof(bytes), 0) < 0)
			return -errno;
	return 0;
}

#define QUESTION_MAX 480

/* Makes an answer of a question: one A record, whatever was asked. Returns its length, 0: it is no question. */
static size_t make_answer(unsigned char *m, ssize_t len, const unsigned char addr[4])
{
	static const unsigned char record[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };

	if (len < 17)
		return 0;
	m[2] = 0x81, m[3] = 0x80; /* an answer, recursion done */
	m[7] = 1;                 /* one record */
	memcpy(m + len, record, sizeof(record));
	memcpy(m + len + sizeof(record), addr, 4);
	return (size_t)len + sizeof(record) + 4;
}

static int do_dns(const struct target *t, const char *answer, long n)
{
	unsigned char m[QUESTION_MAX + 32], addr[4];
	int fd = listen_on(t, SOCK_DGRAM);

	if (inet_pton(AF_INET, answer, addr) != 1)
		return -EINVAL;
	for (long i = 0; i < n; i++) {
		struct target from = { .len = sizeof(from.un) };
		size_t len = make_answer(m, recvfrom(fd, m, QUESTION_MAX, 0, &from.sa, &from.len), addr);

		if (len && sendto(fd, m, len, 0, &from.sa, from.len) < 0)
			return -errno;
	}
	return 0;
}

/* A message behind its length, each question on a connection of its own. */
static int do_dns_tcp(const struct target *t, const char *answer, long n, int pieces)
{
	unsigned char m[QUESTION_MAX + 32], addr[4];
	int fd = listen_on(t, SOCK_STREAM), one = 1;

	if (inet_pton(AF_INET, answer, addr) != 1)
		return -EINVAL;
	for (long i = 0; i < n; i++) {
		int conn = accept(fd, NULL, NULL);
		size_t len;

		if (conn < 0)
			return -errno;
		setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		len = make_answer(m + 2, recv(conn, m, QUESTION_MAX, 0) - 2, addr);
		m[0] = (unsigned char)(len >> 8);
		m[1] = (unsigned char)len;
		if (pieces && send(conn, m, 2, MSG_NOSIGNAL) < 0)
			return -errno;
		if (send(conn, m + (pieces ? 2 : 0), len + (pieces ? 0 : 2), MSG_NOSIGNAL) < 0)
			return -errno;
		close(conn);
	}
	return 0;
}

static int do_resolve(const struct target *server, const char *name, int type)
{
	unsigned char message[512] = { 0, 0, 0x12, 0x34, 1, 0, 0, 1 }, *m = message + 2;
	size_t len = 12, head = type == SOCK_STREAM ? 2 : 0;
	int fd = socket_for(server, type);
	ssize_t got;

	if (strlen(name) > 250 || connect(fd, &server->sa, server->len))
		return -EINVAL;
	while (*name) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > 63)
			return -EINVAL;
		m[len++] = (unsigned char)label;
		memcpy(m + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	m[len++] = 0;
	memcpy(m + len, "\0\1\0\1", 4);
	len += 4;
	message[1] = (unsigned char)len;
	if (send(fd, m - head, len + head, 0) < 0)
		return -errno;
	got = recv(fd, m - head, sizeof(message) - 2, head ? MSG_WAITALL : 0) - (ssize_t)head;
	if (got < (ssize_t)len + 16)
		return -EBADMSG;
	printf("%u.%u.%u.%u\n", m[got - 4], m[got - 3], m[got - 2], m[got - 1]);
	return 0;
}

static const struct {
	const char *how;
	int (*run)(const struct target *t);
} ways[] = {
	{ "tcp", by_tcp },           { "nonblock", by_nonblock },   { "mapped", by_mapped },   { "fastopen", by_fastopen },
	{ "thread", by_thread },     { "dup", by_dup },             { "udp-send", by_udp_send },
	{ "udp-write", by_udp_write }, { "sendto", by_sendto },     { "sendmsg", by_sendmsg }, { "sendmmsg", by_sendmmsg },
};

static int usage(void)
{
	fprintf(stderr, "usage: connects HOW ADDR PORT; HOW:");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " %s", ways[i].how);
	fprintf(stderr, "\n       connects sort ADDR | unix PATH | resolve[-tcp] SERVER PORT NAME\n"
			"       connects listen ADDR PORT [N] | listen-udp ADDR PORT N | dns[-tcp|-pieces] ADDR PORT ANSWER N\n");
	return TRIGGER_MISUSE;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct target t;

	if (argc == 3 && !strcmp(how, "unix"))
		return trigger_end("connects", how, do_unix(argv[2]));
	if (argc < 3)
		return usage();
	t = parse(argv[2], argc > 3 ? argv[3] : "0");
	if (argc == 3 && !strcmp(how, "sort"))
		return trigger_end("connects", how, by_sort(&t));
	if ((argc == 4 || argc == 5) && !strcmp(how, "listen"))
		return trigger_end("connects", how, do_listen(&t, argc == 5 ? trigger_number(argv[4], 0, 1000000) : 0));
	if (argc == 5 && !strcmp(how, "listen-udp"))
		return trigger_end("connects", how, do_listen_udp(&t, trigger_number(argv[4], 0, 1000000)));
	if (argc == 5 && !strcmp(how, "resolve"))
		return trigger_end("connects", how, do_resolve(&t, argv[4], SOCK_DGRAM));
	if (argc == 5 && !strcmp(how, "resolve-tcp"))
		return trigger_end("connects", how, do_resolve(&t, argv[4], SOCK_STREAM));
	if (argc == 6 && !strcmp(how, "dns"))
		return trigger_end("connects", how, do_dns(&t, argv[4], trigger_number(argv[5], 0, 1000000)));
	if (argc == 6 && (!strcmp(how, "dns-tcp") || !strcmp(how, "dns-pieces")))
		return trigger_end("connects", how, do_dns_tcp(&t, argv[4], trigger_number(argv[5], 0, 1000000), how[4] == 'p'));
	if (argc != 4)
		return usage();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(how, ways[i].how))
			return trigger_end("connects", how, ways[i].run(&t));
	return usage();
}
