/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what lines for people say of processes that are looked into, brokers, and attempts on the agent itself. */
#include "output/text.h"

void text_inspect(struct parts *p, const struct report *r)
{
	const struct report_inspect *i = &r->inspect;
	const struct report_target *t = &i->target;

	p->verb = i->is_trace ? "trace" : i->is_write ? "write to" : "inspect";
	if (t->exe.len)
		text_path(&p->target, r, t->exe.s, t->exe.len);
	else
		text_add(&p->target, t->comm);
	strbuf_addf(&p->target, ":%u", t->pid);
	strbuf_adds(&p->what, i->what);
	if (t->tool) {
		strbuf_adds(&p->what, " of ");
		text_add(&p->what, t->tool);
	}
	if (i->is_trace)
		return;
	if (p->evidence.len)
		strbuf_adds(&p->evidence, ", ");
	strbuf_adds(&p->evidence, i->how);
}

void text_broker(struct parts *p, const struct report *r)
{
	const struct report_broker *b = &r->broker;

	p->verb = b->verb;
	if (b->abstract)
		strbuf_addc(&p->target, '@');
	text_path(&p->target, r, b->path.s, b->path.len);
	for (size_t i = 0; i < b->names_cnt; i++) {
		if (i)
			strbuf_addc(&p->what, ',');
		text_add(&p->what, b->names[i]);
	}
}

/* What the broker does for the session from here on is no descendant's doing. */
void text_lost(struct parts *p, const struct report *r)
{
	p->word = "LOST";
	p->verb = "lineage at";
	for (size_t i = 0; i < r->broker.handing_cnt; i++) {
		if (i)
			strbuf_addc(&p->target, ',');
		text_add(&p->target, r->broker.handing[i]);
	}
	if (r->rule.id)
		text_add(&p->rule, r->rule.id);
}

/* The session had asked systemd for the unit. */
void text_kept(struct parts *p, const struct report *r)
{
	p->word = "kept";
	p->verb = "lineage of";
	escape_text(&p->target, r->unit.s, r->unit.len);
}

void text_guard(struct parts *p, const struct report *r)
{
	const struct report_guard *g = &r->guard;

	p->word = r->taken == SL_TAKEN_KILLED ? "KILL" : "BLOCK";
	p->sgr = text_severity("critical");
	p->verb = g->deed;
	if (g->signal.known)
		strbuf_addf(&p->target, "signal %u", (unsigned int)g->signal.n);
	else if (g->command.known)
		strbuf_addf(&p->target, "command %u", (unsigned int)g->command.n);
	else
		escape_text(&p->target, g->path.s, g->path.len);
	strbuf_adds(&p->what, "self-protection");
}
