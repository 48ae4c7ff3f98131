/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Says what in a valid policy cannot mean what its author wanted. Asks the compiled tables, so that an answer about a file rule
 * is exact; about connections only plain cases are seen.
 */
#ifndef SLUICE_POLICY_LINT_H
#define SLUICE_POLICY_LINT_H

#include "policy/compile.h"

/* Called for each finding, in the order of the policy. text: one sentence, no newline. */
typedef void (*lint_sink)(void *arg, struct policy_where where, const char *text);

/* users: as given to policy_compile; a rule for a name that is not among them decides about nobody here. Returns the number of
 * findings, or -ENOMEM. */
int policy_lint(const struct compiled *c, const struct policy_host *host, lint_sink sink, void *arg);

#endif /* SLUICE_POLICY_LINT_H */
