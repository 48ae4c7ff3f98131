/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Work that a session hands to systemd and that is known again when it starts. */
#ifndef SL_UNITS_H
#define SL_UNITS_H

#include "common.h"

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

/* A labelled process sends on a UNIX socket (struct socket), by this system call. Notes the unit if it asks for one. */
__u32 unit_asked(__u64 sock, __u32 nr, __u64 arg2, __u64 arg3);

/* The current process, which has no label, has just executed something: if it is of a unit that a session asked for, *label
 * becomes that session's. */
__u32 unit_started(struct sl_label *label);

#endif /* SL_UNITS_H */
