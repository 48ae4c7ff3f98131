/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Work that a session hands to systemd and that is known again when it starts. */
#ifndef SL_UNITS_H
#define SL_UNITS_H

#include "common.h"

/* A labelled process sends on a UNIX socket (struct socket), by this system call. Notes the unit if it asks for one. */
__u32 unit_asked(__u64 sock, __u32 nr, __u64 arg2, __u64 arg3);

/* The current process, which has no label, has just executed something: if it is of a unit that a session asked for, *label
 * becomes that session's. */
__u32 unit_started(struct sl_label *label);

#endif /* SL_UNITS_H */
