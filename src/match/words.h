/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Words in a file's own name, wherever its folder is: `**` + "/payroll*", "*payroll*", "*payroll", "payroll". One automaton finds all of them
 * at once, and what it finds it does not keep in its states: of what was met on the way the strongest counts. So words add up, where
 * the name automaton of all other patterns (cascade.h) is a product: there each of `*x*` doubles the states.
 */
#ifndef SLUICE_MATCH_WORDS_H
#define SLUICE_MATCH_WORDS_H

#include "automaton.h"
#include "match/fsm.h"
#include "match/pattern.h"

struct words;

struct words *words_new(void);
void words_free(struct words *w);
DEFINE_FREEP(struct words, words_free)

/* The pattern is a name below any folder, in which there is a "*" at most at its begin and its end. */
bool words_takes(const struct pattern *p);

/* Adds such a pattern. A name that several match has the greatest set of theirs. -ENOMEM, -E2BIG. */
int words_add(struct words *w, const struct pattern *p, uint16_t set, struct fsm_work *work);

/* *ret_table is the caller's, with its number of entries. -E2BIG: work->e says what is too large; -ENOMEM. */
int words_build(const struct words *w, struct sl_dfa **ret_table, uint32_t *ret_limit, struct fsm_work *work);

#endif /* SLUICE_MATCH_WORDS_H */
