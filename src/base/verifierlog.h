/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#ifndef SL_VERIFIERLOG_H
#define SL_VERIFIERLOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What libbpf's messages on a failed load say, in a form for one line: "PROGRAM: the last line that the verifier wrote". False,
 * and nothing written: no program was refused. log may begin in the middle of a message, and be of several loads: the last counts.
 */
bool verifierlog_last(const char *log, char *buf, size_t size);

#endif /* SL_VERIFIERLOG_H */
