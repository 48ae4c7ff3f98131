/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: programs that are attached twice (bpf/common.h, first_run()), and the count of runs that the kernel skipped. A skip
 * that the twin made good is no loss.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "kernel/internal.h"

/* Can a task be preempted while it is in the kernel? When it cannot be told: yes. */
static bool kernel_preempts(void)
{
	cleanup_fclose FILE *f = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128];
	struct utsname u;

	/* "none (voluntary) full": the one in force is in parentheses. */
	if (f && fgets(line, sizeof(line), f))
		return !strstr(line, "(none)") && !strstr(line, "(voluntary)");
	return uname(&u) != 0 || strstr(u.version, "PREEMPT");
}

void spares_choose(struct kernel *k, enum kernel_tier tier)
{
	struct sluice_bpf *s = k->skel;
	bool on = kernel_preempts();

	s->rodata->knobs.spares = on;
	bpf_program__set_autoload(s->progs.sched_process_exec2, on);
	bpf_program__set_autoload(s->progs.sched_process_fork2, on);
	bpf_program__set_autoload(s->progs.sched_process_exit2, on);
	bpf_program__set_autoload(s->progs.file_open_fmod_ret2, on && tier == KERNEL_TIER_FMOD_RET);
}

static uint64_t skipped(const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_program__fd(prog);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.recursion_misses;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t spares_skipped(struct kernel *k)
{
	struct sluice_bpf *s = k->skel;
	const struct bpf_program *const twins[][2] = {
		{ s->progs.sched_process_exec, s->progs.sched_process_exec2 },
		{ s->progs.sched_process_fork, s->progs.sched_process_fork2 },
		{ s->progs.sched_process_exit, s->progs.sched_process_exit2 },
		{ s->progs.file_open_fmod_ret, s->progs.file_open_fmod_ret2 },
	};
	const struct bpf_program *const watchers[] = {
		s->progs.renamed,     s->progs.mounted,      s->progs.unmounted,
		s->progs.mount_moved, s->progs.root_pivoted, s->progs.mount_ns_put,
	};
	uint64_t lost = skipped(s->progs.file_open_sys_exit), stale = 0, now;

	for (size_t i = 0; i < ARRAY_SIZE(twins); i++) {
		uint64_t first = skipped(twins[i][0]);

		lost += k->skel->rodata->knobs.spares ? min_u64(first, skipped(twins[i][1])) : first;
	}
	for (size_t i = 0; i < ARRAY_SIZE(watchers); i++)
		stale += skipped(watchers[i]);
	/* What these missed left cached verdicts in place: they go now. */
	if (stale != k->stale)
		__atomic_fetch_add(&s->bss->epoch, 1, __ATOMIC_SEQ_CST);
	k->stale = stale;
	now = lost + stale - k->skipped;
	k->skipped = lost + stale;
	return now;
}
