/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the sums of a run and how they are shown. Names are copied: a policy may be replaced meanwhile, and they are escaped on
 * the way in, so that printing has nothing hostile left.
 */
#include "output/summary.h"

#include <string.h>

#include "base/escape.h"
#include "base/strbuf.h"
#include "event/event.h"

#define SECOND_NS 1000000000ull

struct count {
	char *name;   /* owned, escaped */
	uint64_t n;
};

struct counts {
	struct count v[SUMMARY_NAMES];
	size_t cnt;
	uint64_t others;
};

struct tool_sums {
	char *name;   /* owned, escaped; "" for processes outside every session */
	uint64_t sessions, alerts, denied;
	struct counts classes, providers, inspected, brokers;
};

struct summary {
	struct tool_sums *tools[SUMMARY_TOOLS];
	size_t tools_cnt;
	uint64_t other_tools; /* events of tools beyond the bound */
	uint64_t kinds[_REPORT_KIND_MAX];
	uint64_t losses[_SL_LOSS_MAX];
	uint64_t alerts, allowed;
	uint64_t first_ns, last_ns;
};

struct summary *summary_new(void)
{
	return calloc(1, sizeof(struct summary));
}

static void counts_done(struct counts *c)
{
	for (size_t i = 0; i < c->cnt; i++)
		free(c->v[i].name);
}

void summary_free(struct summary *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->tools_cnt; i++) {
		counts_done(&s->tools[i]->classes);
		counts_done(&s->tools[i]->providers);
		counts_done(&s->tools[i]->inspected);
		counts_done(&s->tools[i]->brokers);
		free(s->tools[i]->name);
		free(s->tools[i]);
	}
	free(s);
}

/* NULL without memory. */
static char *escaped(const char *name)
{
	struct strbuf b = STRBUF_INIT;
	char *copy;

	escape_text(&b, name, strlen(name));
	copy = strbuf_ok(&b) ? strdup(strbuf_str(&b)) : NULL;
	strbuf_done(&b);
	return copy;
}

static void counts_add(struct counts *c, const char *name, uint64_t n)
{
	cleanup_free char *clean = escaped(name);

	for (size_t i = 0; clean && i < c->cnt; i++) {
		if (strcmp(c->v[i].name, clean) == 0) {
			c->v[i].n += n;
			return;
		}
	}
	if (!clean || c->cnt == SUMMARY_NAMES) {
		c->others += n;
		return;
	}
	c->v[c->cnt++] = (struct count){ take_ptr(clean), n };
}

static struct tool_sums *tool_sums(struct summary *s, const char *name)
{
	cleanup_free char *clean = escaped(name);
	struct tool_sums *t;

	for (size_t i = 0; clean && i < s->tools_cnt; i++)
		if (strcmp(s->tools[i]->name, clean) == 0)
			return s->tools[i];
	if (!clean || s->tools_cnt == SUMMARY_TOOLS)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->name = take_ptr(clean);
	s->tools[s->tools_cnt++] = t;
	return t;
}

static void add_file(struct tool_sums *t, const struct report *r, uint64_t n)
{
	for (size_t i = 0; i < r->file.classes_cnt; i++)
		counts_add(&t->classes, r->file.classes[i], n);
	if (!r->file.classes_cnt)
		counts_add(&t->classes, "path unresolved", n);
}

static void add_verdict(struct summary *s, const struct report *r, uint64_t n)
{
	bool alert = r->rule.id && r->action >= SL_ACTION_ALERT;
	struct tool_sums *t = tool_sums(s, r->tool.name ? r->tool.name : "");

	s->alerts += alert ? n : 0;
	if (!t) {
		s->other_tools += n;
		return;
	}
	t->alerts += alert ? n : 0;
	t->denied += r->taken != SL_TAKEN_NONE ? n : 0;
	if (r->kind == REPORT_FILE_OPEN) {
		add_file(t, r, n);
	} else if (r->kind == REPORT_PTRACE) {
		counts_add(&t->inspected, r->inspect.what, n);
	} else if (r->kind == REPORT_BROKER_CONNECT) {
		for (size_t i = 0; i < r->broker.names_cnt; i++)
			counts_add(&t->brokers, r->broker.names[i], n);
	} else {
		counts_add(&t->providers, r->net.provider ? r->net.provider : "unknown", n);
	}
}

void summary_add(struct summary *s, const struct report *r)
{
	uint64_t n = r->repeats ? r->repeats : 1;
	struct tool_sums *t;

	if (!s->first_ns)
		s->first_ns = r->time_ns;
	if (r->time_ns > s->last_ns)
		s->last_ns = r->time_ns;
	s->kinds[r->kind] += n;
	if (r->kind == REPORT_LOSS && r->loss.number < _SL_LOSS_MAX)
		s->losses[r->loss.number] += r->loss.count;
	if (r->kind == REPORT_SESSION_START) {
		t = tool_sums(s, r->tool.name ? r->tool.name : "");
		if (t)
			t->sessions++;
	}
	if (r->kind == REPORT_FILE_OPEN || r->kind == REPORT_NET_CONNECT || r->kind == REPORT_PTRACE ||
	    r->kind == REPORT_BROKER_CONNECT)
		add_verdict(s, r, n);
	if (r->kind == REPORT_GUARD) {
		s->alerts += n;
		t = tool_sums(s, r->tool.name ? r->tool.name : "");
		if (t) {
			t->alerts += n;
			t->denied += n;
		}
	}
}

void summary_set_allowed(struct summary *s, uint64_t allowed)
{
	s->allowed = allowed;
}

uint64_t summary_alerts(const struct summary *s)
{
	return s->alerts;
}

static void add_n(struct strbuf *b, uint64_t n, const char *one, const char *many)
{
	strbuf_addf(b, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

/* Largest first; equal ones in the order of their first sight. */
static void add_counts(struct strbuf *b, const char *what, const struct counts *c)
{
	size_t order[SUMMARY_NAMES];

	if (!c->cnt && !c->others)
		return;
	for (size_t i = 0; i < c->cnt; i++) {
		size_t at = i;

		for (; at && c->v[order[at - 1]].n < c->v[i].n; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	strbuf_addf(b, "    %-9s", what);
	for (size_t i = 0; i < c->cnt; i++)
		strbuf_addf(b, "%s%s %llu", i ? ", " : "", c->v[order[i]].name, (unsigned long long)c->v[order[i]].n);
	if (c->others)
		strbuf_addf(b, "%sothers %llu", c->cnt ? ", " : "", (unsigned long long)c->others);
	strbuf_addc(b, '\n');
}

static void add_tool(struct strbuf *b, const struct tool_sums *t)
{
	strbuf_addf(b, "  %s: ", t->name[0] ? t->name : "outside every session");
	if (t->name[0]) {
		add_n(b, t->sessions, "session", "sessions");
		strbuf_adds(b, ", ");
	}
	add_n(b, t->alerts, "alert", "alerts");
	if (t->denied)
		strbuf_addf(b, ", %llu stopped", (unsigned long long)t->denied);
	strbuf_addc(b, '\n');
	add_counts(b, "reads", &t->classes);
	add_counts(b, "connects", &t->providers);
	add_counts(b, "inspects", &t->inspected);
	add_counts(b, "brokers", &t->brokers);
}

void summary_format(struct strbuf *b, const struct summary *s)
{
	uint64_t seconds = s->last_ns > s->first_ns ? (s->last_ns - s->first_ns) / SECOND_NS : 0;
	bool lost = false;

	strbuf_addf(b, "%lluh%02llum%02llus: ", (unsigned long long)(seconds / 3600), (unsigned long long)(seconds / 60 % 60),
		(unsigned long long)(seconds % 60));
	add_n(b, s->kinds[REPORT_SESSION_START], "session", "sessions");
	strbuf_adds(b, ", ");
	add_n(b, s->kinds[REPORT_FILE_OPEN], "file", "files");
	strbuf_adds(b, ", ");
	add_n(b, s->kinds[REPORT_NET_CONNECT], "connection", "connections");
	strbuf_adds(b, ", ");
	add_n(b, s->kinds[REPORT_PROC_EXEC], "program", "programs");
	strbuf_adds(b, ", ");
	add_n(b, s->alerts, "alert", "alerts");
	if (s->allowed)
		strbuf_addf(b, "; %llu allowed by a rule and not shown", (unsigned long long)s->allowed);
	strbuf_addc(b, '\n');
	for (size_t i = 0; i < s->tools_cnt; i++)
		add_tool(b, s->tools[i]);
	if (s->other_tools)
		strbuf_addf(b, "  further tools: %llu events\n", (unsigned long long)s->other_tools);
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++) {
		if (!s->losses[i])
			continue;
		strbuf_addf(b, "%s  %s: %llu. %s\n", lost ? "" : "losses:\n", event_loss_name(i),
			(unsigned long long)s->losses[i], event_loss_help(i));
		lost = true;
	}
	if (!lost)
		strbuf_adds(b, "no losses\n");
}
