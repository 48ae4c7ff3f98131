/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The three forms in which `sluice audit` prints what it found. */
#ifndef SLUICE_CLI_AUDIT_REPORT_H
#define SLUICE_CLI_AUDIT_REPORT_H

#include "audit/home.h"

struct audit_home_report {
	const char *user, *home;
	uint32_t uid;
	const char *failed; /* why there is nothing; NULL: there is */
	struct audit_found found;
};

struct audit_report {
	const char *host;
	uint64_t time_s; /* since 1970 */
	const struct audit_home_report *homes;
	size_t homes_cnt;
};

struct audit_counts {
	size_t warnings, unsure, unfinished;
};
struct audit_counts audit_count(const struct audit_report *r);

void audit_print_text(const struct audit_report *r);
void audit_print_json(const struct audit_report *r);
void audit_print_html(const struct audit_report *r);

#endif /* SLUICE_CLI_AUDIT_REPORT_H */
