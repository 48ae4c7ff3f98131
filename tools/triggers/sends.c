/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Ways to send a text out of a process, and who sees it arrive.
 *
 *   sends watch TEXT FILE      a packet that has TEXT in it: writes TEXT to FILE and ends; FILE.ready is there when it listens
 *   sends listen PORT FILE     accepts TCP connections and reads what comes, until it is killed; FILE: as above
 *   sends WAY ADDR PORT TEXT   sends TEXT to the address. WAY: tcp, udp, udp-connected, raw, raw-icmp, ping, packet, sctp,
 *                              sctp-implicit, udplite, dccp, tun
 *   sends made FAMILY TYPE PROTOCOL TEXT   makes a socket; prints TEXT if it could
 *   sends with HOW ADDR PORT PROGRAM [ARG...]   runs a program with a socket as descriptor 9. HOW: tcp, udp
 *   sends on FD TEXT           writes TEXT to a descriptor
 *   sends give HOW ADDR PORT PATH FILE   hands a connected socket to each process that connects to PATH; FILE.ready as above
 *   sends take PATH TEXT       gets it and writes TEXT to it
 *   sends steal PID TEXT       the same, of descriptor 9 of a process, by pidfd_getfd
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "trigger.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static struct sockaddr_in address(const char *addr, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)trigger_number(port, 0, 65535)) };

	if (inet_pton(AF_INET, addr, &to.sin_addr) != 1) {
		fprintf(stderr, "'%s' is no IPv4 address\n", addr);
		exit(TRIGGER_MISUSE);
	}
	return to;
}

static void ready(const char *file)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s.ready", file);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

static int watch(const char *text, const char *file)
{
	static char bytes[65536];
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), out;

	if (fd < 0)
		return trigger_end("sends", "watch", -errno);
	ready(file);
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno != ENETDOWN)
			return trigger_end("sends", "watch", -errno);
		if (n > 0 && memmem(bytes, (size_t)n, text, strlen(text)))
			break;
	}
	out = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return out >= 0 && write(out, text, strlen(text)) > 0 ? 0 : TRIGGER_REFUSED;
}

static int listen_to(const char *port, const char *file)
{
	struct sockaddr_in at = address("0.0.0.0", port);
	struct pollfd p[64] = { { .fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN } };
	char bytes[4096];
	int one = 1, cnt = 1;

	setsockopt(p[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(p[0].fd, (struct sockaddr *)&at, sizeof(at)) || listen(p[0].fd, 16))
		return trigger_end("sends", "listen", -errno);
	ready(file);
	for (;;) {
		if (poll(p, (nfds_t)cnt, -1) < 0)
			return trigger_end("sends", "listen", -errno);
		if (p[0].revents && cnt < 64) {
			p[cnt].fd = accept(p[0].fd, NULL, NULL);
			p[cnt++].events = POLLIN;
		}
		for (int i = 1; i < cnt; i++)
			if (p[i].revents && read(p[i].fd, bytes, sizeof(bytes)) <= 0)
				p[i].fd = -1;
	}
}

static int connected(const char *how, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, strcmp(how, "udp") ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		fd = -errno;
		fprintf(stderr, "connect: %s\n", strerror(-fd));
	}
	return fd;
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *w = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *w++;
	if (len)
		sum += *(const uint8_t *)w;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 packet with the text as payload; protocol 253 is for experiments. */
static size_t packet(char *ret, const struct sockaddr_in *to, const char *text)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = 253, .saddr = to->sin_addr.s_addr,
			    .daddr = to->sin_addr.s_addr };
	size_t len = sizeof(ip) + strlen(text);

	ip.tot_len = htons((uint16_t)len);
	ip.check = checksum(&ip, sizeof(ip));
	memcpy(ret, &ip, sizeof(ip));
	memcpy(ret + sizeof(ip), text, strlen(text));
	return len;
}

static int send_echo(int fd, const struct sockaddr_in *to, const char *text)
{
	char bytes[1024];
	struct icmphdr icmp = { .type = ICMP_ECHO };
	size_t len = sizeof(icmp) + strlen(text);

	memcpy(bytes, &icmp, sizeof(icmp));
	memcpy(bytes + sizeof(icmp), text, strlen(text));
	icmp.checksum = checksum(bytes, len);
	memcpy(bytes, &icmp, sizeof(icmp));
	return sendto(fd, bytes, len, 0, (const struct sockaddr *)to, sizeof(*to)) < 0 ? -errno : 0;
}

static int send_packet(const struct sockaddr_in *to, const char *text)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex("lo"),
				  .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	char bytes[1024];
	size_t len = packet(bytes, to, text);

	return fd < 0 || sendto(fd, bytes, len, 0, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

/* A packet that comes out of a network device of its own goes wherever the host forwards it; the watcher sees it come in. */
static int send_tun(const struct sockaddr_in *to, const char *text)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR), up;
	char bytes[1024];
	size_t len = packet(bytes, to, text);

	if (fd < 0)
		return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
	if (ioctl(fd, TUNSETIFF, &r))
		return -errno;
	up = socket(AF_INET, SOCK_DGRAM, 0);
	r.ifr_flags = IFF_UP;
	if (ioctl(up, SIOCSIFFLAGS, &r))
		return -errno;
	return write(fd, bytes, len) < 0 ? -errno : 0;
}

static int send_way(const char *way, const struct sockaddr_in *to, const char *text)
{
	static const struct {
		const char *way;
		int type, protocol;
		int connects;
	} plain[] = {
		{ "tcp", SOCK_STREAM, 0, 1 },        { "udp", SOCK_DGRAM, 0, 0 },
		{ "udp-connected", SOCK_DGRAM, 0, 1 }, { "raw", SOCK_RAW, 253, 0 },
		{ "raw-connected", SOCK_RAW, 253, 1 }, { "sctp", SOCK_STREAM, IPPROTO_SCTP, 1 },
		{ "sctp-implicit", SOCK_SEQPACKET, IPPROTO_SCTP, 0 }, { "udplite", SOCK_DGRAM, IPPROTO_UDPLITE, 0 },
		{ "mptcp", SOCK_STREAM, 262, 1 },    { "tfo", SOCK_STREAM, 0, 2 },
	};
	int fd;

	if (!strcmp(way, "packet"))
		return send_packet(to, text);
	if (!strcmp(way, "tun"))
		return send_tun(to, text);
	if (!strcmp(way, "ping") || !strcmp(way, "raw-icmp")) {
		fd = socket(AF_INET, !strcmp(way, "ping") ? SOCK_DGRAM : SOCK_RAW, IPPROTO_ICMP);
		return fd < 0 ? -errno : send_echo(fd, to, text);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		ssize_t n;

		if (strcmp(way, plain[i].way))
			continue;
		fd = socket(AF_INET, plain[i].type, plain[i].protocol);
		if (fd < 0)
			return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT ? -EOPNOTSUPP : -errno;
		if (plain[i].connects == 1 && connect(fd, (const struct sockaddr *)to, sizeof(*to)))
			return -errno;
		if (plain[i].connects == 1)
			n = send(fd, text, strlen(text), 0);
		else
			n = sendto(fd, text, strlen(text), plain[i].connects ? MSG_FASTOPEN : 0, (const struct sockaddr *)to, sizeof(*to));
		return n < 0 ? -errno : 0;
	}
	return -EINVAL;
}

static int write_text(int fd, const char *text)
{
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int give(int fd, const char *path, const char *file)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), to;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 4))
		return -errno;
	ready(file);
	to = accept(l, NULL, NULL);
	control.hdr = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	if (to < 0 || sendmsg(to, &m, 0) < 0)
		return -errno;
	pause();
	return 0;
}

static int take(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (connect(s, (struct sockaddr *)&at, sizeof(at)) || recvmsg(s, &m, 0) < 0)
		return -errno;
	if (m.msg_controllen < CMSG_LEN(sizeof(int)))
		return -EACCES;
	memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
	return fd;
}

static int steal(const char *pid)
{
	long p = trigger_sys(syscall(SYS_pidfd_open, trigger_number(pid, 1, 1 << 22), 0));

	return (int)(p < 0 ? p : trigger_sys(syscall(SYS_pidfd_getfd, p, 9, 0)));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	struct sockaddr_in to;
	int fd;

	if (!strcmp(way, "watch") && argc == 4)
		return watch(argv[2], argv[3]);
	if (!strcmp(way, "listen") && argc == 4)
		return listen_to(argv[2], argv[3]);
	if (!strcmp(way, "made") && argc == 6) {
		fd = socket((int)trigger_number(argv[2], 0, 255), (int)trigger_number(argv[3], 0, 1 << 20), (int)trigger_number(argv[4], 0, 65535));
		if (fd >= 0)
			puts(argv[5]);
		return trigger_end("sends", "made", fd >= 0 ? 0 : errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT ||
					    errno == ESOCKTNOSUPPORT ? -EOPNOTSUPP : -errno);
	}
	if (!strcmp(way, "on") && argc == 4)
		return trigger_end("sends", way, write_text((int)trigger_number(argv[2], 0, 1024), argv[3]));
	if (!strcmp(way, "take") && argc == 4) {
		fd = take(argv[2]);
		return trigger_end("sends", way, fd < 0 ? fd : write_text(fd, argv[3]));
	}
	if (!strcmp(way, "steal") && argc == 4) {
		fd = steal(argv[2]);
		return trigger_end("sends", way, fd < 0 ? fd : write_text(fd, argv[3]));
	}
	if (!strcmp(way, "with") && argc >= 6) {
		to = address(argv[3], argv[4]);
		fd = connected(argv[2], &to);
		if (fd < 0 || dup2(fd, 9) < 0)
			return TRIGGER_REFUSED;
		execvp(argv[5], argv + 5);
		return trigger_end("sends", way, -errno);
	}
	if (!strcmp(way, "give") && argc == 7) {
		to = address(argv[3], argv[4]);
		fd = connected(argv[2], &to);
		return trigger_end("sends", way, fd < 0 ? fd : give(fd, argv[5], argv[6]));
	}
	if (argc != 5) {
		fprintf(stderr, "usage: see the beginning of tools/triggers/sends.c\n");
		return TRIGGER_MISUSE;
	}
	to = address(argv[2], argv[3]);
	return trigger_end("sends", way, send_way(way, &to, argv[4]));
}
