/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The shipped policy, carried in the binary: an incident responder copies one file onto a machine. */
#ifndef SLUICE_CLI_SHIPPED_H
#define SLUICE_CLI_SHIPPED_H

#include "policy/policy.h"

/* policies/default.yaml with all that it includes, as it was when this binary was built. Errors of policy_load_sources(). */
int shipped_policy(struct policy **ret, struct errmsg *e);

#endif /* SLUICE_CLI_SHIPPED_H */
