/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Many path automata in step, without what makes no difference beside what is certain already. */
#ifndef SLUICE_MATCH_JOINT_H
#define SLUICE_MATCH_JOINT_H

#include "match/cascade.h"
#include "match/dfa.h"

struct joint_class {
	const struct fsm *path;  /* labels: 1 for what is in the class, else 0; minimal */
	const uint32_t *col;     /* symbol -> column of it */
	unsigned int cls;
};

/*
 * All of cnt > 0 classes over `symbols` symbols. Of two, one of which outweighs the other, the other is not kept in mind once a string is
 * in the first whatever comes: so the states of many classes in one order of importance are few, where their product has all pairs.
 * Labels of *ret are numbers of sets; *ret_sets is the caller's. -E2BIG, -ENOMEM.
 */
int joint_product(const struct joint_class *c, size_t cnt, uint32_t symbols, const struct dfa_reduce *reduce, struct fsm *ret,
		  struct dfa_set **ret_sets, uint32_t *ret_sets_cnt, struct fsm_work *w);

#endif /* SLUICE_MATCH_JOINT_H */
