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

/* Values of the kernel's preempt_dynamic_mode (kernel/sched/core.c). */
#define PREEMPT_NONE 0
#define PREEMPT_VOLUNTARY 1

/* Can a task be preempted while it is in the kernel? When nothing answers: yes. */
static bool kernel_preempts(void)
{
	cleanup_fclose FILE *f = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128];
	struct utsname u;
	int32_t mode;

	/* "none (voluntary) full": the one in force is in parentheses. */
	if (f && fgets(line, sizeof(line), f))
		return !strstr(line, "(none)") && !strstr(line, "(voluntary)");
	if (!uname(&u) && !strstr(u.version, "PREEMPT"))
		return false;
	/* lockdown=integrity closes debugfs, and containers have none; the variable behind the file may be read. */
	if (!host_read_variable("preempt_dynamic_mode", &mode))
		return mode != PREEMPT_NONE && mode != PREEMPT_VOLUNTARY;
	return true;
}

bool spares_choose(struct kernel *k, enum kernel_tier tier, bool preempt_off)
{
	static const char *const funcs[] = { "bpf_preempt_disable", "bpf_preempt_enable" };
	bool on = kernel_preempts(), exists[ARRAY_SIZE(funcs)] = { 0 };
	struct sluice_bpf *s = k->skel;
	bool inspects = k->compiled->inspect_rules;

	s->rodata->knobs.spares = on;
	if (on && preempt_off)
		probe_btf_funcs(funcs, exists, ARRAY_SIZE(funcs));
	s->rodata->knobs.preempt_off = exists[0] && exists[1];
	bpf_program__set_autoload(s->progs.sched_process_exec2, on);
	bpf_program__set_autoload(s->progs.sched_process_fork2, on);
	bpf_program__set_autoload(s->progs.sched_process_exit2, on);
	bpf_program__set_autoload(s->progs.file_open_fmod_ret2, on && tier == KERNEL_TIER_FMOD_RET);
	bpf_program__set_autoload(s->progs.ptrace_access_fmod_ret2, on && tier == KERNEL_TIER_FMOD_RET && inspects);
	bpf_program__set_autoload(s->progs.socket_create_fmod_ret2,
				  on && bpf_program__autoload(s->progs.socket_create_fmod_ret));
	return s->rodata->knobs.preempt_off;
}

static uint64_t skipped(const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_program__fd(prog);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.recursion_misses;
}

/* Sums what the processors counted. */
static void read_twins(struct kernel *k, struct sl_twins *sum)
{
	int cpus = libbpf_num_possible_cpus();
	cleanup_free struct sl_twins *values = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));
	uint32_t zero = 0;

	memset(sum, 0, sizeof(*sum));
	if (!values || bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.twins), &zero, values))
		return;
	for (int cpu = 0; cpu < cpus; cpu++) {
		for (unsigned int i = 0; i < _SL_TWINS_MAX; i++) {
			sum->reached[i][0] += values[cpu].reached[i][0];
			sum->reached[i][1] += values[cpu].reached[i][1];
			sum->seen_to[i] += values[cpu].seen_to[i];
		}
	}
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Calls that neither twin saw to, so far. A refusal by the one keeps the other from running: the larger number counts. */
static uint64_t lost_by_twins(struct kernel *k)
{
	struct sluice_bpf *s = k->skel;
	const struct bpf_program *const twins[_SL_TWINS_MAX][2] = {
		[SL_TWIN_EXEC] = { s->progs.sched_process_exec, s->progs.sched_process_exec2 },
		[SL_TWIN_FORK] = { s->progs.sched_process_fork, s->progs.sched_process_fork2 },
		[SL_TWIN_EXIT] = { s->progs.sched_process_exit, s->progs.sched_process_exit2 },
		[SL_TWIN_FILE] = { s->progs.file_open_fmod_ret, s->progs.file_open_fmod_ret2 },
		[SL_TWIN_INSPECT] = { s->progs.ptrace_access_fmod_ret, s->progs.ptrace_access_fmod_ret2 },
		[SL_TWIN_SOCKET] = { s->progs.socket_create_fmod_ret, s->progs.socket_create_fmod_ret2 },
	};
	struct sl_twins count;
	uint64_t lost = 0;

	if (!s->rodata->knobs.spares) {
		for (size_t i = 0; i < _SL_TWINS_MAX; i++)
			lost += skipped(twins[i][0]);
		return lost;
	}
	read_twins(k, &count);
	for (size_t i = 0; i < _SL_TWINS_MAX; i++) {
		uint64_t calls = max_u64(count.reached[i][0] + skipped(twins[i][0]), count.reached[i][1] + skipped(twins[i][1]));

		if (calls > count.seen_to[i])
			lost += calls - count.seen_to[i];
	}
	return lost;
}

uint64_t spares_skipped(struct kernel *k)
{
	struct sluice_bpf *s = k->skel;
	const struct bpf_program *const alone[] = {
		s->progs.file_open_sys_exit, s->progs.peers_sys_exit,        s->progs.brokers_sys_exit,
		s->progs.link_fmod_ret,      s->progs.rename_fmod_ret,       s->progs.unix_connect_fmod_ret,
		s->progs.unix_send_fmod_ret, s->progs.unit_send,             s->progs.file_received_fmod_ret,
		s->progs.sockets_sys_exit,   s->progs.tun_attach_fmod_ret,
	};
	const struct bpf_program *const watchers[] = {
		s->progs.renamed,     s->progs.mounted,      s->progs.unmounted,
		s->progs.mount_moved, s->progs.root_pivoted, s->progs.mount_ns_put,
	};
	uint64_t lost = lost_by_twins(k), stale = 0, certain, news;

	for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
		lost += skipped(alone[i]);
	for (size_t i = 0; i < ARRAY_SIZE(watchers); i++)
		stale += skipped(watchers[i]);
	/* What these missed left cached verdicts in place: they go now. */
	if (stale != k->stale)
		__atomic_fetch_add(&s->bss->epoch, 1, __ATOMIC_SEQ_CST);
	k->stale = stale;
	lost += stale;
	/* A call under way may be counted here and not there yet: what is missing still the next time is lost. */
	certain = lost < k->missing ? lost : k->missing;
	k->missing = lost;
	news = certain > k->skipped ? certain - k->skipped : 0;
	k->skipped += news;
	return news;
}
