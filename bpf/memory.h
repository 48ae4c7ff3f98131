/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What a session has read, for rules that ask `after:`. Shared by the outermost session and all within it. */
#ifndef SL_MEMORY_H
#define SL_MEMORY_H

#include "path.h"

ALWAYS_INLINE struct sl_session root_of(const struct sl_label *label)
{
	return (struct sl_session){ .ns = label->root_ns, .pid = label->root_pid };
}

/* A file of this set was read, and not refused. now: CLOCK_BOOTTIME */
ALWAYS_INLINE void memory_note(const struct sl_label *label, __u32 set, int alerted, __u64 now)
{
	__u8 *known = set < SL_COMBOS_FIRST ? bpf_map_lookup_elem(&memory_sets, &set) : NULL;
	__u32 conditions = known ? *known : set < SL_COMBOS_FIRST ? 0 : conditions_of(set);
	struct sl_session key = root_of(label);
	static const struct sl_memory nothing;
	struct sl_memory *m;

	if ((set < SL_COMBOS_FIRST && !known) || (!conditions && !alerted))
		return;
	m = bpf_map_lookup_elem(&memory, &key);
	for (int i = 0; i < UPDATE_TRIES && !m; i++) {
		bpf_map_update_elem(&memory, &key, &nothing, BPF_NOEXIST);
		m = bpf_map_lookup_elem(&memory, &key);
	}
	if (!m) {
		count_loss(SL_LOSS_MEMORY);
		return;
	}
	for (int i = 0; i < SL_MEMORIES_MAX; i++)
		if (conditions >> i & 1)
			*(volatile __u64 *)&m->at_ns[i] = now;
	if (alerted)
		*(volatile __u64 *)&m->alert_ns = now;
}

/* Which conditions hold. */
ALWAYS_INLINE __u32 memory_holds(const struct sl_memory *m)
{
	__u64 within[SL_MEMORIES_MAX];

	for (int i = 0; i < SL_MEMORIES_MAX; i++)
		within[i] = knobs.memory_ns[i];
	return sl_memory_state(m, within, bpf_ktime_get_boot_ns()) & ((1u << SL_MEMORIES_MAX) - 1);
}

/* Which hold for a session. */
ALWAYS_INLINE __u32 memory_state(const struct sl_label *label)
{
	struct sl_session key = root_of(label);
	struct sl_memory *m;

	if (!knobs.net.memories)
		return 0;
	m = bpf_map_lookup_elem(&memory, &key);
	return m ? memory_holds(m) : 0;
}

#endif /* SL_MEMORY_H */
