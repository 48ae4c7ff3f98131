/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how a worker gives up its rights. */
#include "process/owner.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOGROUP    65534
#define MEMORY_MAX (4ull << 30) /* address space, with the policy's tables */

bool owner_become(uint32_t uid, uint32_t gid, bool writes)
{
	struct rlimit none = { 0, 0 }, memory = { MEMORY_MAX, MEMORY_MAX };

	setrlimit(RLIMIT_CORE, &none);
	if (!writes)
		setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_AS, &memory);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid() || !uid)
		return true;
	/* The kernel clears the parent-death signal when the user changes. */
	return !syscall(SYS_setgroups, 0, NULL) && !setresgid(gid, gid, gid) && !setresuid(uid, uid, uid) &&
	       !prctl(PR_SET_PDEATHSIG, SIGKILL);
}
