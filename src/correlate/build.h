/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Finishes an event. The only way from the kernel's records to what outputs get. */
#ifndef SLUICE_CORRELATE_BUILD_H
#define SLUICE_CORRELATE_BUILD_H

#include "correlate/draft.h"
#include "event/container.h"

/* Where a finished event keeps what it does not borrow from its draft; reused for the next one. */
struct report_store {
	struct report_ancestor ancestors[REPORT_ANCESTORS];
	struct report_candidate candidates[NAMES_PER_ADDR];
	struct report_read reads[INCIDENT_READS];
	struct report_sent flows[INCIDENT_FLOWS];
	const char *brokers[8], *handing[8];
	struct container container;
	char tty[SL_TTY_LEN + 2];
};

/* *ret is valid as long as the draft, what it borrows and the store are. */
void build_report(const struct draft *d, struct report_store *store, struct report *ret);

#endif /* SLUICE_CORRELATE_BUILD_H */
