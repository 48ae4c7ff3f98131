/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: how a label is stored and taken away. Label first, bit second: a set bit without a label reads as "no label". Which label
 * a process gets is process.bpf.c's; looking one up is in common.h.
 */
#include "common.h"

#define NO_KEY 0xffffffffu    /* of no entry */

/* Key of the spare entry that a process has; with claim, of one that it gets. NO_KEY: none. */
GLOBAL __u32 label_spare(__u32 tgid, __u32 claim)
{
	for (__u32 i = 0; i < SL_LABEL_SPARE_TRIES; i++) {
		__u32 slot = sl_label_spare_slot(tgid, i), *owner = bpf_map_lookup_elem(&label_spares, &slot);

		if (owner && (claim ? !__sync_val_compare_and_swap(owner, 0, tgid) : *(volatile __u32 *)owner == tgid))
			return sl_label_spare_key(slot);
	}
	return NO_KEY;
}

/* An entry that is there is written over, which needs no memory. Nobody else writes it: the process is in exec, or not born. */
static int put(__u32 key, const struct sl_label *label)
{
	struct sl_label *mine = bpf_map_lookup_elem(&labels, &key);

	if (!mine)
		return -ENOENT;
	*mine = *label;
	return 0;
}

GLOBAL int label_set(__u32 tgid, const struct sl_label *label)
{
	__u32 word = tgid / 64;
	__u64 *bits = bpf_map_lookup_elem(&label_bits, &word);
	struct sl_label copy = {};
	long err;

	if (!bits)
		return -ENOMEM;
	if (label) /* 6.1 takes a new entry's value from no memory but the stack and maps */
		copy = *label;
	else
		copy.reported = 1;
	err = put(tgid, &copy);
	if (err)
		err = put(label_spare(tgid, 0), &copy);
	for (int i = 0; err && i < UPDATE_TRIES; i++)
		err = bpf_map_update_elem(&labels, &tgid, &copy, BPF_ANY);
	if (err)
		err = put(label_spare(tgid, 1), &copy);
	if (err) {
		count_loss(SL_LOSS_LABEL);
		return -ENOMEM;
	}
	__sync_fetch_and_or(bits, 1ull << (tgid % 64));
	return 0;
}

GLOBAL int label_drop(__u32 tgid)
{
	__u32 word = tgid / 64;
	__u64 *bits = bpf_map_lookup_elem(&label_bits, &word);
	struct sl_label none = {};

	if (bits)
		__sync_fetch_and_and(bits, ~(1ull << (tgid % 64)));
	if (!bpf_map_delete_elem(&labels, &tgid))
		return 0;
	for (__u32 i = 0; i < SL_LABEL_SPARE_TRIES; i++) {
		__u32 slot = sl_label_spare_slot(tgid, i), *owner = bpf_map_lookup_elem(&label_spares, &slot);

		if (!owner || *(volatile __u32 *)owner != tgid)
			continue;
		put(sl_label_spare_key(slot), &none); /* a walk over all labels shall not meet it */
		__sync_val_compare_and_swap(owner, tgid, 0);
		break;
	}
	return 0;
}
