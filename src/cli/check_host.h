/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a policy's patterns mean on this very host. Paths are matched as they are without symbolic links, a pattern without a wildcard is one
 * file, and braces are characters like any other: a policy that overlooks one of these is valid and matches nothing.
 */
#ifndef SLUICE_CLI_CHECK_HOST_H
#define SLUICE_CLI_CHECK_HOST_H

#include "cli/options.h"
#include "policy/lint.h"

/* Files that are those shipped are left out: they name places that a host has or has not. */
void check_host(const struct loaded *l, lint_sink found, void *arg);

#endif /* SLUICE_CLI_CHECK_HOST_H */
