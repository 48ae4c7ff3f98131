/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* System calls by number, and their arguments: of interest to the third tier, which sees them end. */
#ifndef SL_CALLS_H
#define SL_CALLS_H

#include "common.h"

/* Number of the system call that is running or has just returned. */
ALWAYS_INLINE __u32 call_nr(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->syscallno;
#endif
}

/* Is it a 32-bit call, with the numbers and arguments of those? x86: any program can make one; arm64: a 32-bit program makes no others. */
ALWAYS_INLINE __u32 call_is_compat(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return ((struct task_struct *)bpf_get_current_task_btf())->thread_info.status & TS_COMPAT;
#elif defined(__TARGET_ARCH_arm64)
	/* The mode that the processor came from. Its bit is the architecture's; that of TIF_32BIT is the kernel's own. */
	return regs->pstate & PSR_MODE32_BIT;
#endif
}

/* System calls that give a descriptor of an opened file: 1; that may change what a path means: 2; bpf(2): 3; pidfd_getfd: 4. */
#if defined(__TARGET_ARCH_x86)
ALWAYS_INLINE int syscall_kind(__u32 nr, __u32 compat)
{
	if (compat) {
		switch (nr) {
		case 5: case 8: case 295: case 342: case 437: /* open creat openat open_by_handle_at openat2 */
			return 1;
		case 38: case 302: case 353: /* rename renameat renameat2 */
		case 9: case 303:            /* link linkat */
		case 21: case 52: case 217: case 429: case 442: /* mount umount2 pivot_root move_mount mount_setattr */
	case 310:                    /* unshare */
			return 2;
		case 357:
			return 3;
		case 438:
			return 4;
		}
		return 0;
	}
	switch (nr & ~0x40000000u) { /* x32 */
	case 2: case 85: case 257: case 304: case 437:
		return 1;
	case 82: case 264: case 316:
	case 86: case 265:
	case 165: case 166: case 155: case 429: case 442: case 272:
		return 2;
	case 321:
		return 3;
	case 438:
		return 4;
	}
	return 0;
}
#elif defined(__TARGET_ARCH_arm64)
ALWAYS_INLINE int syscall_kind(__u32 nr, __u32 compat)
{
	if (compat) {
		switch (nr) {
		case 5: case 8: case 322: case 371: case 437: /* open creat openat open_by_handle_at openat2 */
			return 1;
		case 38: case 329: case 382: /* rename renameat renameat2 */
		case 9: case 330:            /* link linkat */
		case 21: case 52: case 218: case 429: case 442: /* mount umount2 pivot_root move_mount mount_setattr */
		case 337:                    /* unshare */
			return 2;
		case 386:
			return 3;
		case 438:
			return 4;
		}
		return 0;
	}
	switch (nr) {
	case 56: case 265: case 437: /* openat open_by_handle_at openat2: the older calls do not exist */
		return 1;
	case 38: case 276: case 37: case 39: case 40: case 41: case 97: case 429: case 442:
		return 2;
	case 280:
		return 3;
	case 438:
		return 4;
	}
	return 0;
}
#endif

/* System calls about another process, by number. */
enum call_kind { CALL_NONE = 0, CALL_PTRACE, CALL_READV, CALL_WRITEV, CALL_GETFD };

#if defined(__TARGET_ARCH_x86)
ALWAYS_INLINE enum call_kind call_kind(__u32 nr, __u32 compat)
{
	if (compat) {
		switch (nr) {
		case 26: return CALL_PTRACE;
		case 347: return CALL_READV;
		case 348: return CALL_WRITEV;
		case 438: return CALL_GETFD;
		}
		return CALL_NONE;
	}
	switch (nr & ~0x40000000u) { /* x32 has numbers of its own for three of them */
	case 101: case 521: return CALL_PTRACE;
	case 310: case 539: return CALL_READV;
	case 311: case 540: return CALL_WRITEV;
	case 438: return CALL_GETFD;
	}
	return CALL_NONE;
}
#elif defined(__TARGET_ARCH_arm64)
ALWAYS_INLINE enum call_kind call_kind(__u32 nr, __u32 compat)
{
	if (compat) {
		switch (nr) {
		case 26: return CALL_PTRACE;
		case 376: return CALL_READV;
		case 377: return CALL_WRITEV;
		case 438: return CALL_GETFD;
		}
		return CALL_NONE;
	}
	switch (nr) {
	case 117: return CALL_PTRACE;
	case 270: return CALL_READV;
	case 271: return CALL_WRITEV;
	case 438: return CALL_GETFD;
	}
	return CALL_NONE;
}
#endif

/* Connecting a socket. x86 had one call for all that is done with sockets, and 32-bit programs still use it. */
#if defined(__TARGET_ARCH_x86)
#define NR_SOCKETCALL_32 102
#define SOCKETCALL_CONNECT 3
#define IS_CONNECT(nr, compat) ((compat) ? (nr) == 362 || (nr) == NR_SOCKETCALL_32 : ((nr) & ~0x40000000u) == 42)
#elif defined(__TARGET_ARCH_arm64)
#define IS_CONNECT(nr, compat) ((compat) ? (nr) == 283 : (nr) == 203)
#endif

/* Reading from a file, which of another process's files in /proc asks the kernel for the right to trace it. */
#if defined(__TARGET_ARCH_x86)
#define IS_READ(nr, compat) ((compat) ? (nr) == 3 || (nr) == 180 : (nr) == 0 || (nr) == 17)
#elif defined(__TARGET_ARCH_arm64)
#define IS_READ(nr, compat) ((compat) ? (nr) == 3 || (nr) == 180 : (nr) == 63 || (nr) == 67)
#endif

/* Making a socket. */
#if defined(__TARGET_ARCH_x86)
#define SOCKETCALL_SOCKET 1
#define IS_SOCKET(nr, compat) ((compat) ? (nr) == 359 : ((nr) & ~0x40000000u) == 41)
#define IS_IOCTL(nr, compat) ((compat) ? (nr) == 54 : ((nr) & ~0x40000000u) == 16 || (nr) == 0x40000000u + 514)
#elif defined(__TARGET_ARCH_arm64)
#define IS_SOCKET(nr, compat) ((compat) ? (nr) == 281 : (nr) == 198)
#define IS_IOCTL(nr, compat) ((compat) ? (nr) == 54 : (nr) == 29)
#endif

/* Receiving what another process sends, 64-bit. */
#if defined(__TARGET_ARCH_x86)
#define IS_RECVMSG(nr, compat) (!(compat) && (nr) == 47)
#elif defined(__TARGET_ARCH_arm64)
#define IS_RECVMSG(nr, compat) (!(compat) && (nr) == 212)
#endif

/* System calls that send, and their arguments. */
#if defined(__TARGET_ARCH_x86)
#define NR_WRITE 1
#define NR_WRITEV 20
#define NR_SENDTO 44
#define NR_SENDMSG 46
ALWAYS_INLINE __u64 second_arg(const struct pt_regs *regs) { return regs->si; }
ALWAYS_INLINE __u64 third_arg(const struct pt_regs *regs) { return regs->dx; }
#elif defined(__TARGET_ARCH_arm64)
#define NR_WRITE 64
#define NR_WRITEV 66
#define NR_SENDTO 206
#define NR_SENDMSG 211
ALWAYS_INLINE __u64 second_arg(const struct pt_regs *regs) { return regs->regs[1]; }
ALWAYS_INLINE __u64 third_arg(const struct pt_regs *regs) { return regs->regs[2]; }
#endif
#define IS_SEND(nr) ((nr) == NR_SENDMSG || (nr) == NR_SENDTO || (nr) == NR_WRITE || (nr) == NR_WRITEV)

/* The first argument of the system call that has just returned. */
#if defined(__TARGET_ARCH_x86)
ALWAYS_INLINE __u64 first_arg(const struct pt_regs *regs, __u32 compat)
{
	return compat ? (__u32)regs->bx : regs->di;
}
#elif defined(__TARGET_ARCH_arm64)
ALWAYS_INLINE __u64 first_arg(const struct pt_regs *regs, __u32 compat)
{
	return compat ? (__u32)regs->orig_x0 : regs->orig_x0;
}
#endif

/* It makes a socket. */
ALWAYS_INLINE int calls_socket(const struct pt_regs *regs, __u32 nr, __u32 compat)
{
#if defined(__TARGET_ARCH_x86)
	if (compat && nr == NR_SOCKETCALL_32)
		return (__u32)regs->bx == SOCKETCALL_SOCKET;
#endif
	return IS_SOCKET(nr, compat);
}

/* The descriptor that a system call of IS_CONNECT() has connected; -1: it was another of socketcall()'s, or its arguments are gone. */
ALWAYS_INLINE __u32 connected_fd(const struct pt_regs *regs, __u32 nr, __u32 compat)
{
#if defined(__TARGET_ARCH_x86)
	__u32 fd;

	if (compat && nr == NR_SOCKETCALL_32)
		return (__u32)regs->bx == SOCKETCALL_CONNECT && !bpf_probe_read_user(&fd, sizeof(fd), (void *)(regs->cx & 0xffffffff)) ?
			       fd : (__u32)-1;
#endif
	return first_arg(regs, compat);
}

#endif /* SL_CALLS_H */
