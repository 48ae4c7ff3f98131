/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Says what in a valid policy cannot mean what its author wanted, for `check` and at start. Each finding is certain in
 * what it states; what a rule may do on another host is not guessed at.
 */
#ifndef SLUICE_POLICY_LINT_H
#define SLUICE_POLICY_LINT_H

#include "policy/compile.h"

/* Called for each finding, by file and line. text: one sentence, no newline. */
typedef void (*lint_sink)(void *arg, struct policy_where where, const char *text);

/* host: as given to policy_compile (only its users are looked at). Returns the number of findings, or -ENOMEM (none is
 * told then). */
int policy_lint(const struct compiled *c, const struct policy_host *host, lint_sink sink, void *arg);

#endif /* SLUICE_POLICY_LINT_H */
