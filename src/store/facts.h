/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a store comes to: sums, and stories of incidents, for a report. Depends on the store and the question alone: no clock, no host.
 * Bounded: beyond FACTS_ITEMS names of a table the rest is in `others`.
 */
#ifndef SLUICE_STORE_FACTS_H
#define SLUICE_STORE_FACTS_H

#include "store/query.h"

#define FACTS_ITEMS 200
#define FACTS_STORIES 40      /* the newest of the worst */
#define FACTS_STEPS 60        /* of a story */

/* Terms of a provider, as its events say. */
enum facts_term { FACTS_TIER, FACTS_REGION, FACTS_TRAINING, FACTS_RETENTION, FACTS_TERMS, _FACTS_TERM_MAX };

struct facts_item {
	char *name;
	uint64_t events, alerts, refused;  /* refused: denied, killed or cut; alerts: of action alert or block, not refused */
	uint64_t connects, sent, received;
	uint64_t first_ns, last_ns;
	char *example;                     /* a path or host of it, "" none */
	char *severity;                    /* of a rule, "" none */
	char *term[_FACTS_TERM_MAX];       /* of a provider, "" not known */
};

struct facts_table {
	struct facts_item *v;              /* most refused first, then most alerts, events, then by name */
	size_t cnt;
	uint64_t others;                   /* events of names that found no room */
	uint32_t *slots;                   /* while it is filled */
};

struct facts_step {
	uint64_t time_ns;
	bool is_sent;                      /* sent, else read */
	char *what;                        /* path, or host:port (provider) */
	char *who;                         /* comm:pid */
	char *how;                         /* class and rule; bytes and evidence */
	uint64_t bytes;
};

struct facts_story {
	int64_t n;
	char *uid, *severity, *confidence, *tool, *session, *reasons, *tree; /* tree: ancestors, root first, one a line */
	uint64_t time_ns, score;
	struct facts_step *steps;          /* by time */
	size_t steps_cnt;
	uint64_t more;                     /* steps that are not shown */
};

struct facts {
	uint64_t rows, alerts, refused, incidents, secrets; /* secrets: different files that were read although a rule says alert */
	uint64_t lost;                     /* events, by loss events */
	uint64_t begin_ns, end_ns;         /* of the rows that were asked for */
	uint64_t span_ns, watched_ns;      /* from the first to the last sign of life in that time; of which sluice was running */
	char *host, *agent;                /* host; what the last agent said when it started */
	struct facts_table rules, dests, tools, sessions, losses, gaps;
	struct facts_story *stories;
	size_t stories_cnt;
	uint64_t stories_more;
};

/* q: since, until and session count. incident: uid of one incident, then only it and its session; NULL: all. */
int facts_read(struct store_reader *r, const struct store_query *q, const char *incident, struct facts **ret, struct errmsg *e);
void facts_free(struct facts *f);
DEFINE_FREEP(struct facts, facts_free)

#endif /* SLUICE_STORE_FACTS_H */
