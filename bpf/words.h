/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Words in a file's own name: its bytes go through a table of their own (include/automaton.h), in rounds of a loop. */
#ifndef SL_BPF_WORDS_H
#define SL_BPF_WORDS_H

#include "path.h"

#define WORDS_CHUNK 32 /* bytes of a name in a round; on the stack */
#define WORDS_ROUNDS (SL_NAME_MAX + 1)

/* In words of eight bytes: see struct walk. */
struct words {
	__u64 name;   /* address */
	__u64 left;   /* bytes still to feed */
	__u64 state;
	__u64 met;    /* the greatest set so far */
	__u64 flags;  /* WALK_* */
};

ALWAYS_INLINE const struct sl_dfa *words_table(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&words_dfa, &zero);
}

/* Begins with a name; what was met in another one stays. Returns 1 when it cannot be read. */
ALWAYS_INLINE int words_begin(struct words *w, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	__u64 folds = dentry_folds(dentry);

	w->left = forget(BPF_CORE_READ(d, d_name.len));
	w->name = (__u64)BPF_CORE_READ(d, d_name.name);
	w->state = forget(0);
	w->flags = folds ? forget(directory_folds(folds, (__u64)BPF_CORE_READ(d, d_parent), w->left)) : forget(0);
	return !w->name;
}

/* A chunk, or in a directory that ignores case a character. Returns 1 at the name's begin, or when it cannot be read. */
ALWAYS_INLINE int words_round(struct words *w)
{
	const struct sl_dfa *dfa = words_table();
	__u8 bytes[WORDS_CHUNK];
	__u32 state = w->state;
	__s64 met = w->met;

	/* Without a table nobody calls this, but older verifiers look at it all the same. */
	if (!dfa || !knobs.path.words)
		return 1;
	__builtin_memset(bytes, 0, sizeof(bytes));
	if (w->left && w->flags & WALK_FOLDED) {
		__u32 *last = (__u32 *)bytes, fed;
		__u64 c;

		if (bpf_probe_read_kernel(last, sizeof(*last), (void *)(w->name + w->left - 4)))
			return 1;
		if (w->left < 4)
			*last &= ~0u << ((4 - w->left) * 8 & 31);
		c = forget(name_last_char(*last, w->left, w->flags));
		fed = c;
		for (int i = 0; i < 4; i++, fed >>= 8)
			if (fed & 0xff)
				state = sl_dfa_word(dfa, knobs.path.words, state, dfa->cls[SL_DFA_FOLD + (fed & 0xff)], &met);
		if ((__u32)c)
			w->flags = forget(w->flags & ~WALK_UNFED);
		w->left = forget(w->left - (c >> 32));
	} else if (w->left) {
		__u32 n = w->left < WORDS_CHUNK ? w->left : WORDS_CHUNK;

		w->left = forget(w->left - n);
		opaque(n);
		if (n > WORDS_CHUNK || bpf_probe_read_kernel(bytes, n, (void *)(w->name + w->left)))
			return 1;
		for (int i = 0; i < WORDS_CHUNK; i++) {
			__u64 pos = n - 1 - i;

			opaque(pos); /* as in feed() */
			if (pos >= WORDS_CHUNK)
				break;
			state = sl_dfa_word(dfa, knobs.path.words, state, dfa->cls[bytes[pos]], &met);
		}
	}
	w->state = forget(state);
	w->met = forget(met);
	if (w->left)
		return 0;
	met = (__s64)sl_dfa_symbol(dfa, knobs.path.words, state) - met;
	w->met = forget(w->met + (met & ~(met >> 63)));
	return 1;
}

#endif /* SL_BPF_WORDS_H */
