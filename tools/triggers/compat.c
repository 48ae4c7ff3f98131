/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * 32-bit system calls, the way round a filter that knows 64-bit numbers only: from a 64-bit program on x86 (int $0x80); by a
 * 32-bit program on arm64, where no other can make them (the Makefile compiles this one for AArch32).
 *
 *   compat open FILE          number 5, for reading
 *   compat openat FILE        number 295, AArch32 322
 *   compat connect ADDR PORT  socket and connect, IPv4 TCP: through socketcall (number 102), AArch32 281 and 283
 *   compat unix PATH          the same of a UNIX stream socket
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "trigger.h"

#if defined(__x86_64__)
#define NR_OPEN 5
#define NR_OPENAT 295
#define NR_SOCKETCALL 102
static long compat(long nr, long a, long b, long c)
{
	long ret;

	/* The 32-bit entry clears r8 to r11. */
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)ret;
}
#elif defined(__arm__)
#define NR_OPEN SYS_open
#define NR_OPENAT SYS_openat
static long compat(long nr, long a, long b, long c)
{
	return trigger_sys(syscall(nr, a, b, c));
}
#else
#define NR_OPEN 0
#define NR_OPENAT 0
static long compat(long nr, long a, long b, long c)
{
	(void)nr, (void)a, (void)b, (void)c;
	return -ENOSYS;
}
#endif

/* Arguments must lie where 32 bits reach. */
static void *low_memory(void)
{
#ifndef MAP_32BIT
#define MAP_32BIT 0 /* of a 32-bit program, all memory does */
#endif
	void *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low != MAP_FAILED)
		return low;
	printf("compat: no memory below 4 GiB\n");
	exit(TRIGGER_UNSUPPORTED);
}

struct call_args {
	uint32_t args[3];
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} to;
};

/* A stream socket of that family, connected to low->to. */
static long do_connect(struct call_args *low, int family, uint32_t size)
{
	long fd;

#ifdef NR_SOCKETCALL
	low->args[0] = (uint32_t)family;
	low->args[1] = SOCK_STREAM;
	low->args[2] = 0;
	fd = compat(NR_SOCKETCALL, 1 /* SYS_SOCKET */, (long)low->args, 0);
	if (fd < 0)
		return fd;
	low->args[0] = (uint32_t)fd;
	low->args[1] = (uint32_t)(uintptr_t)&low->to;
	low->args[2] = size;
	return compat(NR_SOCKETCALL, 3 /* SYS_CONNECT */, (long)low->args, 0);
#else
	fd = compat(SYS_socket, family, SOCK_STREAM, 0);
	return fd < 0 ? fd : compat(SYS_connect, fd, (long)&low->to, (long)size);
#endif
}

static long connect_inet(const char *addr, const char *port)
{
	struct call_args *low = low_memory();

	low->to.in.sin_family = AF_INET;
	low->to.in.sin_port = htons((uint16_t)trigger_number(port, 0, 65535));
	if (inet_pton(AF_INET, addr, &low->to.in.sin_addr) != 1)
		return -EINVAL;
	return do_connect(low, AF_INET, sizeof(low->to.in));
}

static long connect_unix(const char *path)
{
	struct call_args *low = low_memory();

	low->to.un.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(low->to.un.sun_path))
		return -EINVAL;
	strcpy(low->to.un.sun_path, path);
	return do_connect(low, AF_UNIX, sizeof(low->to.un));
}

int main(int argc, char **argv)
{
	long rc;

	if (argc == 3 && strlen(argv[2]) < 8000 && (!strcmp(argv[1], "open") || !strcmp(argv[1], "openat"))) {
		char *low = low_memory();

		strcpy(low, argv[2]);
		if (!strcmp(argv[1], "open"))
			rc = compat(NR_OPEN, (long)low, O_RDONLY, 0);
		else
			rc = compat(NR_OPENAT, AT_FDCWD, (long)low, O_RDONLY);
		trigger_show(rc);
	} else if (argc == 4 && !strcmp(argv[1], "connect")) {
		rc = connect_inet(argv[2], argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "unix")) {
		rc = connect_unix(argv[2]);
	} else {
		fprintf(stderr, "usage: compat open|openat FILE | compat connect ADDR PORT | compat unix PATH\n");
		return TRIGGER_MISUSE;
	}
	return trigger_end("compat", argv[1], rc < 0 ? (int)rc : 0);
}
