/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what a program set says of itself (about.h), and whether it refuses anything. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/internal.h"

/* A time-boxed monitor mode outlives a restart and a reload; the policy's mode is the new policy's. */
int control_fill(struct kernel *k, const struct kernel_config *config, struct errmsg *e)
{
	struct sl_control now = { .enforce = config->enforce }, before;
	uint32_t zero = 0;

	k->policy_path = config->policy_path ? config->policy_path : "";
	if (k->older.fd[PIN_CONTROL] >= 0 && !pins_get_control(&k->older, &before))
		now.monitor_until_ns = before.monitor_until_ns;
	if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.control), &zero, &now, BPF_ANY))
		return errmsg_set(e, -errno, "cannot set the mode: %s", strerror(errno));
	return 0;
}

bool kernel_in_enforce_mode(const struct kernel *k)
{
	struct sl_control c = { 0 };
	uint32_t zero = 0;

	return !bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.control), &zero, &c) && c.enforce;
}

bool kernel_enforcing(const struct kernel *k, uint64_t *ret_until)
{
	struct sl_control c = { 0 };
	uint32_t zero = 0;

	*ret_until = 0;
	if (bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.control), &zero, &c) || !c.enforce)
		return false;
	if (c.monitor_until_ns > kernel_now_ns())
		*ret_until = c.monitor_until_ns;
	return !*ret_until;
}

static int put(struct kernel *k)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(k->skel->maps.about), &zero, &k->about, BPF_ANY) ? -errno : 0;
}

static const char *state_text(enum kernel_state state)
{
	return state == KERNEL_ABSENT ? "no" : state == KERNEL_SEEN ? "yes, seen to run" : state == KERNEL_STOPPED ? "STOPPED" : "yes";
}

int about_rows(struct kernel *k)
{
	struct sl_about *a = &k->about;
	size_t len = 0;

	for (size_t i = 0; i < k->rows_cnt && len < sizeof(a->hooks); i++) {
		const struct kernel_row *row = &k->rows[i];

		len += (size_t)snprintf(a->hooks + len, sizeof(a->hooks) - len, "%-26s %-17s %s\n", row->subject, state_text(row->state),
					row->how);
		if (row->lost && len < sizeof(a->hooks))
			len += (size_t)snprintf(a->hooks + len, sizeof(a->hooks) - len, "%28s%s: %s\n%28sremedy: %s\n", "",
						row->state == KERNEL_ABSENT ? "why" : "note", row->reason, "", row->remedy);
	}
	return put(k);
}

int about_fill(struct kernel *k)
{
	struct sl_about *a = &k->about;

	memset(a, 0, sizeof(*a));
	a->abi = SL_ABOUT_ABI;
	a->pid = (uint32_t)getpid();
	a->started_ns = kernel_now_ns();
	a->sets = k->compiled->path->info.sets;
	a->tools = k->compiled->tools_cnt;
	snprintf(a->version, sizeof(a->version), "%s", SLUICE_VERSION);
	snprintf(a->policy_hash, sizeof(a->policy_hash), "%s", k->compiled->policy->hash);
	snprintf(a->policy_path, sizeof(a->policy_path), "%s", k->policy_path);
	return about_rows(k);
}

void about_told(struct kernel *k, const uint64_t told[_SL_LOSS_KERNEL_MAX])
{
	_Static_assert(_SL_LOSS_KERNEL_MAX <= SL_ABOUT_LOSSES, "about.h has room for every counter of the kernel");

	if (!k->pin_root || memcmp(k->about.told, told, _SL_LOSS_KERNEL_MAX * sizeof(*told)) == 0)
		return;
	memcpy(k->about.told, told, _SL_LOSS_KERNEL_MAX * sizeof(*told));
	put(k);
}

void kernel_note_reload(struct kernel *k, uint64_t reloads, const char *why)
{
	k->about.reloads = reloads;
	k->about.reload_failed = why != NULL;
	snprintf(k->about.error, sizeof(k->about.error), "%s", why ? why : "");
	put(k);
}

bool kernel_pinned(const struct kernel *k)
{
	return k->pin_root && k->pin_number;
}

int kernel_unpin(struct kernel *k, struct errmsg *e)
{
	int err = k->pin_root ? pins_remove(k->pin_root, 0, e) : 0;

	return err < 0 ? err : 0;
}
