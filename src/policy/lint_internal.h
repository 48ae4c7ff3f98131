/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What lint.c and lint_net.c share. */
#ifndef SLUICE_POLICY_LINT_INTERNAL_H
#define SLUICE_POLICY_LINT_INTERNAL_H

#include "policy/compile_internal.h"

struct lint_item {
	struct policy_where where;
	char *text;
};

struct linter {
	const struct policy *p;
	const struct policy_host *host;
	const struct compiled *c;
	struct lint_item *items;   /* owned, with their texts */
	size_t cnt;
};

/* All return 0 or -ENOMEM. */
int lint_add(struct linter *l, struct policy_where w, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A rule that never decides, since the rules `by` do; none: since its conditions exclude each other. */
int lint_idle_rule(struct linter *l, const struct policy_rule *rule, const struct rule_set *by);

/* Is the subject one of the rule's? */
bool lint_applies(const struct compiled *c, size_t rule, uint32_t tool, uint32_t exe_set, uint32_t user);

/* lint_net.c: tells if `connect:` rule number `at` can be proved never to decide. */
int lint_idle_connect(struct linter *l, size_t at);

#endif /* SLUICE_POLICY_LINT_INTERNAL_H */
