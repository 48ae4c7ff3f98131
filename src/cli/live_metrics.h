/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The file of metrics of a run: replaced whole, every 15 seconds and at the end. */
#ifndef SLUICE_CLI_LIVE_METRICS_H
#define SLUICE_CLI_LIVE_METRICS_H

#include "output/metrics.h"

#define LIVE_METRICS_DEFAULT "/run/sluice/metrics.prom"

struct live_metrics;

/* Makes the folder, if only that is missing. A failure to write is logged once and tried again. path is borrowed. */
struct live_metrics *live_metrics_new(const char *path);
void live_metrics_free(struct live_metrics *m);
void live_metrics_add(struct live_metrics *m, const struct report *r);

/* False: it is not time yet, nothing needs to be filled. */
bool live_metrics_due(const struct live_metrics *m);
void live_metrics_write(struct live_metrics *m, const struct metrics_state *s);

/* The run is over: a file that says what was would be taken for what is. */
void live_metrics_end(struct live_metrics *m);

#endif /* SLUICE_CLI_LIVE_METRICS_H */
