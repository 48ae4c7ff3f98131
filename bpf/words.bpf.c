/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what the words in a file's own name say of it. */
#include "words.h"

/* Global, for its branches: see fold_path(). */
GLOBAL __u64 name_last_char(__u32 last, __u64 left, __u64 flags)
{
	return last_char(last, left, flags);
}

static long words_cb(__u32 i, void *ctx)
{
	return words_round(ctx);
}

GLOBAL __u32 words_find(__u64 dentry)
{
	struct words w = { .met = forget(0) };

	if (!words_begin(&w, dentry))
		bpf_loop(WORDS_ROUNDS, words_cb, &w, 0);
	return w.met;
}
