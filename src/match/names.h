/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Paths whose names are in directories that ignore case: as the automaton takes them (include/fold.h). */
#ifndef SLUICE_MATCH_NAMES_H
#define SLUICE_MATCH_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold.h"

/*
 * Writes the path to `out`, which has room for len: bytes as they are, and with SL_DFA_FOLD those of names that are folded. how[i], an
 * enum sl_names, is how the names compare that component i is among; component 0 is what stands before the first slash.
 * *ret_short: which component can be the short form of any name or a stream of any file, the last one of those; SIZE_MAX none. Returns how long it is.
 */
size_t names_fold(const char *path, size_t len, const uint8_t *how, uint16_t *out, size_t *ret_short);

#endif /* SLUICE_MATCH_NAMES_H */
