/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the series, their names and their bounds. A counter begins with the run: rate() knows resets. */
#include "output/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

#define LABELS_MAX 3

struct sample {
	char *label[LABELS_MAX];   /* owned; NULL behind the last */
	uint64_t n;
};

struct series {
	struct sample v[METRICS_NAMES];
	size_t cnt;
	uint64_t other;
};

struct metrics {
	struct series events, decisions, sessions, incidents, lost;
};

static void count(struct series *s, const char *const label[LABELS_MAX], uint64_t n);

/* An increase is only seen of a series that was there before it: the first incident must not be missed. */
struct metrics *metrics_new(void)
{
	static const char *const severities[] = { "low", "medium", "high", "critical" };
	struct metrics *m = calloc(1, sizeof(*m));

	for (size_t i = 0; m && i < ARRAY_SIZE(severities); i++)
		count(&m->incidents, (const char *const[LABELS_MAX]){ severities[i] }, 0);
	return m;
}

static void series_done(struct series *s)
{
	for (size_t i = 0; i < s->cnt; i++)
		for (size_t l = 0; l < LABELS_MAX; l++)
			free(s->v[i].label[l]);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	series_done(&m->events);
	series_done(&m->decisions);
	series_done(&m->sessions);
	series_done(&m->incidents);
	series_done(&m->lost);
	free(m);
}

static bool same(const struct sample *v, const char *const label[LABELS_MAX])
{
	for (size_t l = 0; l < LABELS_MAX && label[l]; l++)
		if (strcmp(v->label[l], label[l]) != 0)
			return false;
	return true;
}

static void count(struct series *s, const char *const label[LABELS_MAX], uint64_t n)
{
	struct sample *v;

	for (size_t i = 0; i < s->cnt; i++) {
		if (same(&s->v[i], label)) {
			s->v[i].n += n;
			return;
		}
	}
	if (s->cnt == METRICS_NAMES) {
		s->other += n;
		return;
	}
	v = &s->v[s->cnt];
	for (size_t l = 0; l < LABELS_MAX && label[l]; l++) {
		v->label[l] = strdup(label[l]);
		if (v->label[l])
			continue;
		for (size_t done = 0; done <= l; done++) {
			free(v->label[done]);
			v->label[done] = NULL;
		}
		s->other += n;
		return;
	}
	v->n = n;
	s->cnt++;
}

void metrics_add(struct metrics *m, const struct report *r)
{
	uint64_t n = r->repeats ? r->repeats : 1;

	count(&m->events, (const char *const[LABELS_MAX]){ report_kind_name(r->kind) }, n);
	if (report_verdict(r)[0])
		count(&m->decisions, (const char *const[LABELS_MAX]){ report_rule(r)[0] ? report_rule(r) : report_kind_name(r->kind),
								      report_verdict(r), report_taken(r)[0] ? report_taken(r) : "none" }, n);
	if (r->kind == REPORT_SESSION_START)
		count(&m->sessions, (const char *const[LABELS_MAX]){ report_tool(r)[0] ? report_tool(r) : "unknown" }, 1);
	else if (r->kind == REPORT_INCIDENT)
		count(&m->incidents, (const char *const[LABELS_MAX]){ report_severity(r)[0] ? report_severity(r) : "unknown" }, 1);
	else if (r->kind == REPORT_LOSS)
		count(&m->lost, (const char *const[LABELS_MAX]){ r->loss.reason }, r->loss.count);
}

/* ---- text ------------------------------------------------------------------------------------------------------------ */

/* The format escapes a backslash, a quote and a line break; what a name hides is made visible first. */
static void add_label(struct strbuf *b, const char *s)
{
	struct strbuf clean = STRBUF_INIT;

	escape_line(&clean, s, strlen(s));
	for (const char *c = strbuf_str(&clean); *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_addc(b, '\\');
		strbuf_addc(b, *c);
	}
	strbuf_done(&clean);
}

static void head(struct strbuf *b, const char *name, const char *type, const char *help)
{
	strbuf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* NAME{label="value",...} */
static void put_labels(struct strbuf *b, const char *name, const char *const labels[LABELS_MAX], char *const values[LABELS_MAX])
{
	strbuf_adds(b, name);
	for (size_t l = 0; l < LABELS_MAX && labels[l]; l++) {
		strbuf_addf(b, "%s%s=\"", l ? "," : "{", labels[l]);
		add_label(b, values ? values[l] : "other");
		strbuf_addc(b, '"');
	}
	strbuf_addc(b, '}');
}

static void put_series(struct strbuf *b, const char *name, const char *help, const char *const labels[LABELS_MAX], const struct series *s)
{
	head(b, name, "counter", help);
	for (size_t i = 0; i < s->cnt; i++) {
		put_labels(b, name, labels, s->v[i].label);
		strbuf_addf(b, " %" PRIu64 "\n", s->v[i].n);
	}
	if (!s->other)
		return;
	put_labels(b, name, labels, NULL);
	strbuf_addf(b, " %" PRIu64 "\n", s->other);
}

static void put_info(struct strbuf *b, const char *name, const char *help, const char *label, const char *value)
{
	head(b, name, "gauge", help);
	strbuf_addf(b, "%s{%s=\"", name, label);
	add_label(b, value);
	strbuf_adds(b, "\"} 1\n");
}

static void put_number(struct strbuf *b, const char *name, const char *type, const char *help, uint64_t n)
{
	head(b, name, type, help);
	strbuf_addf(b, "%s %" PRIu64 "\n", name, n);
}

void metrics_format(struct strbuf *b, const struct metrics *m, const struct metrics_state *s)
{
	put_info(b, "sluice_build_info", "Version of the agent.", "version", s->version);
	put_info(b, "sluice_policy_info", "Hash of the policy in force.", "hash", s->policy);
	put_info(b, "sluice_file_hook_info", "Hook that sees opens of files.", "tier", s->tier);
	head(b, "sluice_start_time_seconds", "gauge", "When this run began, since 1970.");
	strbuf_addf(b, "sluice_start_time_seconds %.3f\n", s->started);
	put_series(b, "sluice_events_total", "Events, by kind.", (const char *const[LABELS_MAX]){ "kind" }, &m->events);
	put_series(b, "sluice_decisions_total", "Events that a rule decided, by rule, its verdict, and what was refused.",
		   (const char *const[LABELS_MAX]){ "rule", "verdict", "taken" }, &m->decisions);
	put_series(b, "sluice_sessions_total", "Sessions of AI tools that began, by tool.", (const char *const[LABELS_MAX]){ "tool" }, &m->sessions);
	put_series(b, "sluice_incidents_total", "Reads of secrets that something was sent after, by severity.",
		   (const char *const[LABELS_MAX]){ "severity" }, &m->incidents);
	put_series(b, "sluice_events_lost_total", "What was not seen or not handed over, by reason.", (const char *const[LABELS_MAX]){ "reason" },
		   &m->lost);
	if (!s->has_store)
		return;
	put_number(b, "sluice_store_up", "gauge", "1 while the store takes events.", s->store_writes);
	put_number(b, "sluice_store_rows_total", "counter", "Events that are in the store, of this run.", s->store_rows);
	put_number(b, "sluice_store_size_bytes", "gauge", "Size of the store.", s->store_bytes);
	put_number(b, "sluice_store_deleted_rows_total", "counter", "Rows that its bounds deleted.", s->store_deleted);
	put_number(b, "sluice_store_resets_total", "counter", "Damaged stores that were moved aside.", s->store_resets);
}
