/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Pattern lists matched the plain way: one pattern after the other, by recursion. Slow and short; shares no code with
 * src/match/, so that each can show the other wrong. match/glob.h and match/domain.h define both languages. A pattern
 * that the compiler would refuse matches nothing in particular.
 */
#ifndef SLUICE_POLICY_NAIVE_H
#define SLUICE_POLICY_NAIVE_H

#include "policy/policy.h"

/* In front of a component of a path: its directory ignores case, of ASCII letters. */
#define NAIVE_FOLDED '\001'

/* True if the last pattern of the list that matches is not negated. homes: what ~ stands for. */
bool naive_path(const struct policy_strings *patterns, const char *const *homes, size_t homes_cnt, const char *path);

/* The same where letters beyond ASCII match every spelling, see dfa_builder_any_letters(). */
bool naive_path_any_letters(const struct policy_strings *patterns, const char *const *homes, size_t homes_cnt, const char *path);

bool naive_host(const struct policy_strings *patterns, const char *name);

/* Is it one of these words? "*" and other wildcards count in the words (last components: no slash in either). */
bool naive_word(const struct policy_strings *words, const char *text);

#endif /* SLUICE_POLICY_NAIVE_H */
