/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Host names through their table. */
#ifndef SL_SPELL_H
#define SL_SPELL_H

#include "common.h"

/* A byte that no host name has is one that only a wildcard matches, as in the agent. */
ALWAYS_INLINE __u8 host_byte(__u8 c)
{
	__u8 letter = c | 0x20;

	return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : '\\';
}

/* The dots between labels stay. */
ALWAYS_INLINE __u8 host_byte_or_dot(__u8 c)
{
	return c == '.' ? '.' : host_byte(c);
}

struct spelling {
	const __u8 *text;
	__u64 left;
	struct sl_hosts_at at;
};

static long spell_cb(__u32 i, void *ctx)
{
	__u32 zero = 0;
	const struct sl_hosts *names = bpf_map_lookup_elem(&host_names, &zero);
	struct spelling *t = ctx;
	struct sl_hosts_at at = t->at;
	__u32 pos = t->left - 1;

	opaque(pos);
	if (!names || !t->text || pos >= SL_HOST_MAX)
		return 1;
	sl_hosts_step(names, (const struct sl_hosts_info *)&knobs.names, &at, host_byte_or_dot(t->text[pos]));
	t->at.record = forget(at.record);
	t->at.passed = forget(at.passed);
	t->left = forget(pos);
	return !t->left || t->at.record == SL_HOSTS_DEAD;
}

/* Match set of a name of len bytes, at most SL_HOST_MAX, in a buffer of as many. */
ALWAYS_INLINE __u32 name_set(const __u8 *text, __u32 len)
{
	__u32 zero = 0;
	const struct sl_hosts *names = bpf_map_lookup_elem(&host_names, &zero);
	struct spelling t = { .text = text, .left = forget(len), .at = { forget(knobs.names.start), forget(0) } };

	if (!names || !len)
		return 0;
	bpf_loop(SL_HOST_MAX, spell_cb, &t, 0);
	return sl_hosts_accept(names, (const struct sl_hosts_info *)&knobs.names, &t.at);
}

#endif /* SL_SPELL_H */
