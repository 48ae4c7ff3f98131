/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * DNS answers that are none: lies HOW SERVER NAME ADDR
 *   asked       NAME is asked for at SERVER (an IPv4 address, port 53, where this very process answers): it is at ADDR
 *   unasked     the same answer, and nobody has asked
 *   number      to a question with another number
 *   name        to a question for another name
 *   second      after the answer that there is no such name
 *   namespace   as `asked`, in a network namespace of its own
 * Who asks is another user: to root over the loopback, root says what it likes. An answer that its reader takes from the socket has gone through all that the kernel does with it.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "trigger.h"

#define NUMBER 0x1234
#define NOBODY 65534

struct message {
	unsigned char bytes[512];
	size_t len;
};

static int ask_for(struct message *m, unsigned int number, const char *name)
{
	static const unsigned char head[10] = { 1, 0, 0, 1 };

	m->bytes[0] = (unsigned char)(number >> 8);
	m->bytes[1] = (unsigned char)number;
	memcpy(m->bytes + 2, head, sizeof(head));
	m->len = 12;
	while (*name) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > 63 || m->len + label + 6 > sizeof(m->bytes))
			return -EINVAL;
		m->bytes[m->len++] = (unsigned char)label;
		memcpy(m->bytes + m->len, name, label);
		m->len += label;
		name += label + (name[label] == '.');
	}
	memcpy(m->bytes + m->len, "\0\0\1\0\1", 5);
	m->len += 5;
	return 0;
}

/* addr: NULL: there is no such name. */
static void answer(struct message *m, const unsigned char *addr)
{
	static const unsigned char record[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };

	m->bytes[2] = 0x81;
	m->bytes[3] = addr ? 0x80 : 0x83;
	if (!addr || m->len + 16 > sizeof(m->bytes))
		return;
	m->bytes[7] = 1;
	memcpy(m->bytes + m->len, record, sizeof(record));
	memcpy(m->bytes + m->len + sizeof(record), addr, 4);
	m->len += 16;
}

static int pass_on(int from, int to, const struct message *m)
{
	unsigned char bytes[512];

	if (send(from, m->bytes, m->len, 0) < 0 || recv(to, bytes, sizeof(bytes), 0) < 0)
		return -errno;
	return 0;
}

/* The two ends: who answers, and who asks. */
static int ends(const char *addr, int *ret_server, int *ret_client)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53) };
	socklen_t len = sizeof(at);

	*ret_server = socket(AF_INET, SOCK_DGRAM, 0);
	if (seteuid(NOBODY))
		return -errno;
	*ret_client = socket(AF_INET, SOCK_DGRAM, 0);
	if (seteuid(0))
		return -errno;
	if (inet_pton(AF_INET, addr, &at.sin_addr) != 1)
		return -EINVAL;
	if (bind(*ret_server, (struct sockaddr *)&at, len) || connect(*ret_client, (struct sockaddr *)&at, len) ||
	    getsockname(*ret_client, (struct sockaddr *)&at, &len) || connect(*ret_server, (struct sockaddr *)&at, len))
		return -errno;
	return 0;
}

static int own_namespace(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET))
		return -errno;
	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &lo) ? -errno : 0;
}

static int lie(const char *how, const char *at, const char *name, const unsigned char addr[4])
{
	int server = -1, client = -1, r = !strcmp(how, "namespace") ? own_namespace() : 0;
	struct message asked, m;

	r = r ? r : ends(at, &server, &client);
	r = r ? r : ask_for(&asked, !strcmp(how, "number") ? NUMBER + 1 : NUMBER, !strcmp(how, "name") ? "other.example" : name);
	r = r ? r : ask_for(&m, NUMBER, name);
	if (!r && strcmp(how, "unasked") != 0)
		r = pass_on(client, server, &asked);
	if (!r && !strcmp(how, "second")) {
		answer(&asked, NULL);
		r = pass_on(server, client, &asked);
	}
	if (r)
		return r;
	answer(&m, addr);
	return pass_on(server, client, &m);
}

int main(int argc, char **argv)
{
	unsigned char addr[4];

	if (argc != 5 || inet_pton(AF_INET, argv[4], addr) != 1) {
		fprintf(stderr, "usage: lies asked|unasked|number|name|second|namespace SERVER NAME ADDR\n");
		return TRIGGER_MISUSE;
	}
	return trigger_end("lies", argv[1], lie(argv[1], argv[2], argv[3], addr));
}
