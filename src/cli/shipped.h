/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The shipped policies, carried in the binary: an incident responder copies one file onto a machine. */
#ifndef SLUICE_CLI_SHIPPED_H
#define SLUICE_CLI_SHIPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

/* Every file of policies/, as it was when this binary was built, default.yaml first. Static. */
const struct policy_source *shipped_sources(size_t *ret_cnt);

/* Is this the text of one of its files? */
bool shipped_text(const char *text, size_t len);

/* What secrets look like, for src/scan/rules.h. */
const char *shipped_rules(size_t *ret_len);

#endif /* SLUICE_CLI_SHIPPED_H */
