/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#ifndef SLUICE_CLI_HOMES_REPORT_H
#define SLUICE_CLI_HOMES_REPORT_H

#include "process/homes.h"

#define HOMES_SHOWN_MAX 40 /* rows of homes, and of directories that are none, each; of the rest only how many there are */

/* The homes that ~ stands for, how each was found, and what was left out and why; to standard output. */
void homes_report(const struct homes *h);

#endif /* SLUICE_CLI_HOMES_REPORT_H */
