/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Who a running process is, for `sluice explain`. */
#ifndef SLUICE_CLI_EXPLAIN_PID_H
#define SLUICE_CLI_EXPLAIN_PID_H

#include "cli/options.h"
#include "label.h"

struct explain_process {
	unsigned int tool;         /* of its session, 0 none */
	struct compiled_exec exe;  /* what it is by itself */
	uint32_t uid;
	struct sl_asked asked;     /* who else decides */
};

/* Prints it. 0, or an exit status (told): CLI_NO there is no such process. */
int explain_process(const struct loaded *l, uint32_t pid, struct explain_process *ret);

#endif /* SLUICE_CLI_EXPLAIN_PID_H */
