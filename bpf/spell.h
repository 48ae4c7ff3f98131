/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Host names through their automaton. */
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
	__u32 left, state;
};

static long spell_cb(__u32 i, void *ctx)
{
	__u32 shift = knobs.name.shift, limit = knobs.name.limit, zero = 0;
	const struct sl_dfa *dfa = bpf_map_lookup_elem(&name_dfa, &zero);
	struct spelling *t = ctx;
	__u32 pos = t->left - 1;

	opaque(pos);
	if (!dfa || !t->text || pos >= SL_HOST_MAX)
		return 1;
	t->state = forget(sl_dfa_step(dfa, shift, limit, t->state, host_byte_or_dot(t->text[pos])));
	t->left = forget(pos);
	return !t->left || t->state == SL_DFA_DEAD;
}

/* Match set of a name of len bytes, at most SL_HOST_MAX, in a buffer of as many. */
ALWAYS_INLINE __u32 name_set(const __u8 *text, __u32 len)
{
	__u32 zero = 0;
	const struct sl_dfa *dfa = bpf_map_lookup_elem(&name_dfa, &zero);
	struct spelling t = { .text = text, .left = forget(len), .state = forget(knobs.name.start) };

	if (!dfa || !len)
		return 0;
	bpf_loop(SL_HOST_MAX, spell_cb, &t, 0);
	return sl_dfa_accept(dfa, knobs.name.shift, knobs.name.limit, t.state);
}

#endif /* SL_SPELL_H */
