/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * 32-bit system calls from a 64-bit program (int $0x80): the way round a filter that knows 64-bit numbers only.
 *
 *   int80 open FILE          number 5, for reading
 *   int80 openat FILE        number 295
 *   int80 connect ADDR PORT  socket and connect through socketcall (number 102), IPv4 TCP
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "trigger.h"

#ifdef __x86_64__
static long int80(long nr, long a, long b, long c, long d)
{
	long ret;

	/* The 32-bit entry clears r8 to r11. */
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)ret;
}
#else
static long int80(long nr, long a, long b, long c, long d)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d;
	return -ENOSYS;
}
#endif

/* Arguments must lie where 32 bits reach. */
static void *low_memory(void)
{
#ifdef MAP_32BIT
	void *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low != MAP_FAILED)
		return low;
#endif
	printf("int80: no memory below 4 GiB\n");
	exit(TRIGGER_UNSUPPORTED);
}

static long do_connect(const char *addr, const char *port)
{
	struct {
		uint32_t args[3];
		struct sockaddr_in sin;
	} *low = low_memory();
	long fd;

	low->args[0] = AF_INET;
	low->args[1] = SOCK_STREAM;
	low->args[2] = 0;
	fd = int80(102, 1 /* SYS_SOCKET */, (long)low->args, 0, 0);
	if (fd < 0)
		return fd;
	low->sin.sin_family = AF_INET;
	low->sin.sin_port = htons((uint16_t)trigger_number(port, 0, 65535));
	if (inet_pton(AF_INET, addr, &low->sin.sin_addr) != 1)
		return -EINVAL;
	low->args[0] = (uint32_t)fd;
	low->args[1] = (uint32_t)(uintptr_t)&low->sin;
	low->args[2] = sizeof(low->sin);
	return int80(102, 3 /* SYS_CONNECT */, (long)low->args, 0, 0);
}

int main(int argc, char **argv)
{
	long rc;

	if (argc == 3 && strlen(argv[2]) < 8000 && (!strcmp(argv[1], "open") || !strcmp(argv[1], "openat"))) {
		char *low = low_memory();

		strcpy(low, argv[2]);
		if (!strcmp(argv[1], "open"))
			rc = int80(5, (long)low, O_RDONLY, 0, 0);
		else
			rc = int80(295, AT_FDCWD, (long)low, O_RDONLY, 0);
		trigger_show(rc);
	} else if (argc == 4 && !strcmp(argv[1], "connect")) {
		rc = do_connect(argv[2], argv[3]);
	} else {
		fprintf(stderr, "usage: int80 open|openat FILE | int80 connect ADDR PORT\n");
		return TRIGGER_MISUSE;
	}
	return trigger_end("int80", argv[1], rc < 0 ? (int)rc : 0);
}
