/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* How the directories of a path compare names, as bpf/folding.h finds it out. */
#ifndef SLUICE_PROCESS_COMPARE_H
#define SLUICE_PROCESS_COMPARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills how[0 .. max) for an absolute path, see names_fold(): component i is compared as the directory does that the components before it
 * name. What cannot be opened, or is not there, compares bytes; so does what is deeper than max.
 */
void compare_names(const char *path, uint8_t *how, size_t max);

#endif /* SLUICE_PROCESS_COMPARE_H */
