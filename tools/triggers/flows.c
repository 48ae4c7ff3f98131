/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * One TCP connection that begins in a particular way, or sends in one. ADDR is IPv4 or IPv6 as digits.
 *
 *   flows hello HOW ADDR PORT NAME [PAD]   a TLS ClientHello with NAME ("-": none), sent by HOW:
 *       whole      one send
 *       halves     two sends, the cut within the name
 *       bytes      a send for each byte
 *       records    two TLS records in one send, the cut within the name
 *       last       one send, the name in the last extension, behind PAD bytes of padding
 *       ech        with encrypted_client_hello
 *       broken     the name is longer than its extension
 *       fastopen   with TCP Fast Open
 *       urgent, corked-urgent, urgent-first   with a byte of urgent data within the name (in one segment with it), or before it all
 *   flows asks HOW ADDR PORT NAME [SERVER] asks the proxy there for NAME, port 443: connect (HTTP CONNECT), bytes (the same, a send for
 *                                          each byte), socks (SOCKS5), socks4 (4a); socks-addr, socks4-addr: NAME is an IPv4 address.
 *                                          SERVER: right behind it a hello with that name
 *   flows send HOW ADDR PORT BYTES         BYTES bytes by HOW:
 *       write, writev, send, sendto, sendmsg, sendmmsg, sendfile, splice, fastopen, child (passed to another process)
 *   flows around ADDR PORT FIRST FILE REST [NAME]  sends FIRST bytes, reads FILE, sends REST bytes more on the same connection; NAME: asks
 *                                          the proxy there for that before
 *   flows hold ADDR PORT BYTES             connects, sends 10 bytes, says "ready", and sends BYTES more when a line comes on stdin
 *   flows serve ADDR PORT FIRST [FILE REST] takes one connection and sends FIRST bytes on it, reads FILE, sends REST bytes more
 *   flows take ADDR PORT FROM              connects from the address FROM, reads to the end, prints how many bytes came
 *   flows flood ADDR PORT NAME SOCKETS N   opens SOCKETS sockets, then sends N hellos with NAME, each on a connection of its own that
 *                                          stays open; says "ready" and ends when its stdin does. It is the server itself
 *   flows quic ADDR PORT                   a datagram that looks like the beginning of a QUIC connection
 *   flows sink ADDR PORT N                 takes N connections, a process for each, which reads to the end, answers "ok\n"
 *                                          and prints how many bytes came; "ready" first. Ends when all of them have.
 *
 * The answer of the sink is awaited: status 1 without it, as when the connection is cut.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger.h"

#define ANSWER_MS 3000   /* a cut connection gives none */

struct target {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
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
		fprintf(stderr, "flows: '%s' is not an address\n", addr);
		exit(TRIGGER_MISUSE);
	}
	t.in.sin_port = htons((uint16_t)trigger_number(port, 0, 65535));
	return t;
}

static int connected(const struct target *t)
{
	int one = 1, fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		exit(TRIGGER_UNSUPPORTED);
	if (connect(fd, &t->sa, t->len)) {
		fprintf(stderr, "flows: connect: %s\n", strerror(errno));
		exit(TRIGGER_REFUSED);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* The sink's answer, behind the end of what we send. */
static int answered(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char answer[8];

	shutdown(fd, SHUT_WR);
	if (poll(&p, 1, ANSWER_MS) != 1)
		return -ETIMEDOUT;
	return recv(fd, answer, sizeof(answer), 0) == 3 ? 0 : -EPROTO;
}

/* ---- the hello ------------------------------------------------------------------------------------------------------ */

static uint8_t hello[70000];
static size_t hello_len, name_at;

static void add(const void *bytes, size_t len)
{
	memcpy(hello + hello_len, bytes, len);
	hello_len += len;
}

static void add16(size_t n)
{
	add((uint8_t[]){ (uint8_t)(n >> 8), (uint8_t)n }, 2);
}

static void put16(size_t at, size_t n)
{
	hello[at] = (uint8_t)(n >> 8);
	hello[at + 1] = (uint8_t)n;
}

static void add_padding(size_t len)
{
	add16(21);
	add16(len);
	memset(hello + hello_len, 0, len);
	hello_len += len;
}

static void add_name(const char *name, size_t lie)
{
	size_t len = strlen(name);

	if (!strcmp(name, "-"))
		return;
	add16(0);
	add16(len + 5);
	add16(len + 3);
	add("", 1);
	add16(len + lie);
	name_at = hello_len;
	add(name, len);
}

/* What comes before the extensions is as long as in a real one; their order is GREASE first, the name second or last. */
static void make_hello(const char *how, const char *name, size_t pad)
{
	static const uint8_t grease[] = { 0x3a, 0x3a, 0, 1, 0 }, groups[] = { 0, 10, 0, 4, 0, 2, 0, 29 },
			     versions[] = { 0, 43, 0, 3, 2, 3, 4 }, ech[] = { 0xfe, 0x0d, 0, 4, 0, 1, 2, 3 };
	int last = !strcmp(how, "last");
	size_t exts;

	hello_len = 0;
	add("\x16\x03\x01\0\0\x01\0\0\0\x03\x03", 11);
	memset(hello + hello_len, 0x5a, 32); /* random */
	hello_len += 32;
	hello[hello_len++] = 32;             /* session */
	memset(hello + hello_len, 0xa5, 32);
	hello_len += 32;
	add("\0\x06\x1a\x1a\x13\x01\x13\x02\x01\0", 10); /* ciphers, methods */
	exts = hello_len;
	add16(0);
	add(grease, sizeof(grease));
	if (!last)
		add_name(name, !strcmp(how, "broken") ? 9 : 0);
	add(groups, sizeof(groups));
	if (!strcmp(how, "ech"))
		add(ech, sizeof(ech));
	add(versions, sizeof(versions));
	if (pad)
		add_padding(pad);
	if (last)
		add_name(name, 0);
	put16(exts, hello_len - exts - 2);
	put16(7, hello_len - 9);
	put16(3, hello_len - 5);
}

/* The same message in records of at most `max` bytes of it. */
static void split_records(size_t max)
{
	static uint8_t message[sizeof(hello)];
	size_t len = hello_len - 5;

	memcpy(message, hello + 5, len);
	hello_len = 0;
	for (size_t at = 0; at < len; at += max) {
		size_t n = len - at < max ? len - at : max;

		add("\x16\x03\x01", 3);
		add16(n);
		add(message + at, n);
	}
}

/* Into the same buffer. SOCKS5 without waiting for what the proxy says of the methods. */
static void make_request(const char *how, const char *name)
{
	struct in_addr addr;

	hello_len = name_at = 0;
	if (strncmp(how, "socks", 5) != 0) {
		hello_len = (size_t)snprintf((char *)hello, sizeof(hello), "CONNECT %s:443 HTTP/1.1\r\nHost: %s\r\n\r\n", name, name);
		return;
	}
	if (!strncmp(how, "socks4", 6)) {
		add("\x04\x01", 2);
		add16(443);
		if (strcmp(how, "socks4-addr") != 0 || inet_pton(AF_INET, name, &addr) != 1)
			addr.s_addr = htonl(1); /* a name comes behind the user's */
		add(&addr, sizeof(addr));
		add("ann", 4);
		if (addr.s_addr == htonl(1))
			add(name, strlen(name) + 1);
		return;
	}
	add("\x05\x01\0\x05\x01\0", 6);
	if (!strcmp(how, "socks-addr") && inet_pton(AF_INET, name, &addr) == 1) {
		add("\x01", 1);
		add(&addr, sizeof(addr));
	} else {
		add((uint8_t[]){ 3, (uint8_t)strlen(name) }, 2);
		add(name, strlen(name));
	}
	add16(443);
}

static void make_request_and_hello(const char *how, const char *name, const char *server)
{
	static uint8_t behind[1024];
	size_t len;

	make_hello("whole", server, 0);
	len = hello_len;
	memcpy(behind, hello, len);
	make_request(how, name);
	add(behind, len);
}

static int send_hello(const char *how, const struct target *t)
{
	size_t cut = name_at ? name_at + 2 : hello_len / 2, from = 0;
	int fd;

	if (!strcmp(how, "records"))
		split_records(cut - 5);
	else if (hello_len - 5 > 16384)
		split_records(16384);
	if (!strcmp(how, "fastopen")) {
		fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sendto(fd, hello, hello_len, MSG_FASTOPEN | MSG_NOSIGNAL, &t->sa, t->len) != (ssize_t)hello_len)
			return -errno;
		return answered(fd);
	}
	fd = connected(t);
	if (strstr(how, "urgent")) {
		int more = !strcmp(how, "corked-urgent") ? MSG_MORE : 0;

		cut = !strcmp(how, "urgent-first") ? 0 : cut;
		if ((cut && send(fd, hello, cut, MSG_NOSIGNAL | more) < 0) || send(fd, "x", 1, MSG_NOSIGNAL | MSG_OOB | more) < 0)
			return -errno;
		from = cut;
	}
	while (from < hello_len) {
		size_t n = !strcmp(how, "bytes") ? 1 : !strcmp(how, "halves") && !from ? cut : hello_len - from;

		if (send(fd, hello + from, n, MSG_NOSIGNAL) != (ssize_t)n)
			return -errno;
		from += n;
	}
	return answered(fd);
}

/* ---- sending -------------------------------------------------------------------------------------------------------- */

static int whole(ssize_t n, size_t want)
{
	return n == (ssize_t)want ? 0 : n < 0 ? -errno : -EIO;
}

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("flows", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))
		exit(TRIGGER_UNSUPPORTED);
	return fd;
}

static int by_splice(int fd, const char *bytes, size_t len)
{
	int pipe_fd[2], file = file_of(bytes, len);
	size_t left = len;

	if (pipe(pipe_fd))
		return -errno;
	while (left) {
		ssize_t in = splice(file, NULL, pipe_fd[1], NULL, left < 4096 ? left : 4096, 0);

		if (in <= 0 || splice(pipe_fd[0], NULL, fd, NULL, (size_t)in, 0) != in)
			return -errno;
		left -= (size_t)in;
	}
	return 0;
}

/* The descriptor goes to a process that has nothing to do with its connect. */
static int by_child(int fd, const char *bytes, size_t len)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		_exit(whole(write(fd, bytes, len), len) ? 1 : 0);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status ? -EIO : 0;
}

static int do_send(const char *how, const struct target *t, size_t len)
{
	char *bytes = calloc(1, len ? len : 1);
	struct iovec iov[2] = { { bytes, len / 2 }, { bytes + len / 2, len - len / 2 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr mm = { .msg_hdr = m };
	int fd, err;

	if (!strcmp(how, "fastopen")) {
		fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		err = whole(sendto(fd, bytes, len, MSG_FASTOPEN | MSG_NOSIGNAL, &t->sa, t->len), len);
		return err ? err : answered(fd);
	}
	fd = connected(t);
	if (!strcmp(how, "write"))
		err = whole(write(fd, bytes, len), len);
	else if (!strcmp(how, "writev"))
		err = whole(writev(fd, iov, 2), len);
	else if (!strcmp(how, "send"))
		err = whole(send(fd, bytes, len, 0), len);
	else if (!strcmp(how, "sendto"))
		err = whole(sendto(fd, bytes, len, 0, NULL, 0), len);
	else if (!strcmp(how, "sendmsg"))
		err = whole(sendmsg(fd, &m, 0), len);
	else if (!strcmp(how, "sendmmsg"))
		err = sendmmsg(fd, &mm, 1, 0) == 1 && mm.msg_len == len ? 0 : -EIO;
	else if (!strcmp(how, "sendfile"))
		err = whole(sendfile(fd, file_of(bytes, len), NULL, len), len);
	else if (!strcmp(how, "splice"))
		err = by_splice(fd, bytes, len);
	else if (!strcmp(how, "child"))
		err = by_child(fd, bytes, len);
	else
		return -EINVAL;
	return err ? err : answered(fd);
}

static int do_around(const struct target *t, size_t first, const char *file, size_t rest, const char *name)
{
	size_t most = first > rest ? first : rest;
	char *bytes = calloc(1, most);
	int fd = connected(t), secret, err = 0;

	if (name) {
		make_request("connect", name);
		err = whole(send(fd, hello, hello_len, 0), hello_len);
	}
	err = err ? err : whole(send(fd, bytes, first, 0), first);
	secret = open(file, O_RDONLY | O_CLOEXEC);
	if (err || secret < 0 || read(secret, bytes, most) <= 0)
		return err ? err : -errno;
	err = whole(send(fd, bytes, rest, 0), rest);
	return err ? err : answered(fd);
}

static int do_hold(const struct target *t, size_t len)
{
	char *bytes = calloc(1, len), line[16];
	int fd = connected(t), err = whole(write(fd, "0123456789", 10), 10);

	printf("ready\n");
	fflush(stdout);
	if (!err && read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return -EIO;
	err = err ? err : whole(write(fd, bytes, len), len);
	return err ? err : answered(fd);
}

/* Says "ready" first. The other side may be gone, or never hear of it. */
static int do_serve(const struct target *t, size_t first, const char *file, size_t rest)
{
	size_t most = first > rest ? first : rest;
	char *bytes = calloc(1, most);
	int one = 1, conn, secret, fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &t->sa, t->len) || listen(fd, 4))
		return -errno;
	printf("ready\n");
	fflush(stdout);
	conn = accept(fd, NULL, NULL);
	if (conn < 0 || whole(send(conn, bytes, first, MSG_NOSIGNAL), first))
		return -errno;
	/* Until the other side has it: after the read, or the end, it may only see a reset. */
	if (recv(conn, bytes, 1, 0) != 1)
		return -EIO;
	if (!file)
		return 0;
	secret = open(file, O_RDONLY | O_CLOEXEC);
	if (secret < 0 || read(secret, bytes, most) <= 0)
		return -errno;
	return whole(send(conn, bytes, rest, MSG_NOSIGNAL), rest);
}

static int do_take(const struct target *t, const char *from)
{
	struct target source = parse(from, "0");
	struct timeval patience = { .tv_sec = ANSWER_MS / 1000 };
	int fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char bytes[4096];
	ssize_t n;
	size_t sum = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bind(fd, &source.sa, source.len) || connect(fd, &t->sa, t->len))
		return -errno;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		if (!sum && send(fd, "k", 1, MSG_NOSIGNAL) != 1)
			return -errno;
		sum += (size_t)n;
	}
	printf("%zu\n", sum);
	return 0;
}

static int do_flood(const struct target *t, long sockets, long n)
{
	int server = socket(t->sa.sa_family, SOCK_STREAM, 0), one = 1;
	char end;

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, &t->sa, t->len) || listen(server, 128))
		return -errno;
	while (sockets-- > 0)
		if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
			return -errno;
	while (n-- > 0) {
		int fd = connected(t);

		if (fd < 0)
			return fd;
		close(accept(server, NULL, NULL));
		if (send(fd, hello, hello_len, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET && errno != EPERM)
			return -errno;
	}
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &end, 1) < 0 ? -errno : 0;
}

static int do_quic(const struct target *t)
{
	uint8_t datagram[1200] = { 0xc3, 0, 0, 0, 1, 8 };
	int fd = socket(t->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect(fd, &t->sa, t->len))
		return -errno;
	return whole(send(fd, datagram, sizeof(datagram), 0), sizeof(datagram));
}

/* One that never ends (it was cut) must not keep the others waiting. */
static void serve(int conn)
{
	char bytes[65536];
	ssize_t got;
	long sum = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((got = recv(conn, bytes, sizeof(bytes), 0)) > 0)
		sum += got;
	if (got)
		_exit(TRIGGER_REFUSED);
	printf("%ld\n", sum);
	fflush(stdout);
	(void)send(conn, "ok\n", 3, MSG_NOSIGNAL);
	_exit(TRIGGER_OK);
}

static int do_sink(const struct target *t, long n)
{
	int one = 1, backlog = 16, fd = socket(t->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	signal(SIGCHLD, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &t->sa, t->len) || listen(fd, 64))
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof(backlog));
	printf("ready\n");
	fflush(stdout);
	for (long i = 0; i < n; i++) {
		int conn = accept(fd, NULL, NULL);
		pid_t pid = conn < 0 ? -1 : fork();

		if (pid < 0)
			return -errno;
		if (pid == 0)
			serve(conn);
		close(conn);
	}
	/* Nobody is left to be reaped: this returns when the last of them has ended. */
	while (wait(NULL) > 0)
		;
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: flows hello HOW ADDR PORT NAME [PAD] | asks HOW ADDR PORT NAME [SERVER] | send HOW ADDR PORT BYTES |\n"
			"       hold ADDR PORT BYTES |\n"
		"       serve ADDR PORT FIRST [FILE REST] | take ADDR PORT FROM | flood ADDR PORT NAME SOCKETS N | quic ADDR PORT | sink ADDR PORT N\n");
	return TRIGGER_MISUSE;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct target t;

	if ((argc == 6 || argc == 7) && !strcmp(what, "hello")) {
		if (strlen(argv[5]) > 240)
			return usage();
		t = parse(argv[3], argv[4]);
		make_hello(argv[2], argv[5], argc == 7 ? (size_t)trigger_number(argv[6], 0, 60000) : 0);
		return trigger_end("flows", argv[2], send_hello(argv[2], &t));
	}
	if ((argc == 6 || argc == 7) && !strcmp(what, "asks")) {
		if (strlen(argv[5]) > 240 || (argc == 7 && strlen(argv[6]) > 240))
			return usage();
		t = parse(argv[3], argv[4]);
		if (argc == 7)
			make_request_and_hello(argv[2], argv[5], argv[6]);
		else
			make_request(argv[2], argv[5]);
		return trigger_end("flows", argv[2], send_hello(argv[2], &t));
	}
	if (argc == 6 && !strcmp(what, "send")) {
		t = parse(argv[3], argv[4]);
		return trigger_end("flows", argv[2], do_send(argv[2], &t, (size_t)trigger_number(argv[5], 1, 100000000)));
	}
	if ((argc == 7 || argc == 8) && !strcmp(what, "around")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_around(&t, (size_t)trigger_number(argv[4], 1, 100000000), argv[5],
							    (size_t)trigger_number(argv[6], 1, 100000000), argc == 8 ? argv[7] : NULL));
	}
	if (argc == 5 && !strcmp(what, "hold")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_hold(&t, (size_t)trigger_number(argv[4], 1, 1000000)));
	}
	if ((argc == 5 || argc == 7) && !strcmp(what, "serve")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_serve(&t, (size_t)trigger_number(argv[4], 1, 100000000), argc == 7 ? argv[5] : NULL,
							   argc == 7 ? (size_t)trigger_number(argv[6], 1, 100000000) : 0));
	}
	if (argc == 5 && !strcmp(what, "take")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_take(&t, argv[4]));
	}
	if (argc == 7 && !strcmp(what, "flood")) {
		t = parse(argv[2], argv[3]);
		make_hello("whole", argv[4], 0);
		return trigger_end("flows", what, do_flood(&t, trigger_number(argv[5], 0, 1000000), trigger_number(argv[6], 1, 60000)));
	}
	if (argc == 4 && !strcmp(what, "quic")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_quic(&t));
	}
	if (argc == 5 && !strcmp(what, "sink")) {
		t = parse(argv[2], argv[3]);
		return trigger_end("flows", what, do_sink(&t, trigger_number(argv[4], 1, 1000000)));
	}
	return usage();
}
