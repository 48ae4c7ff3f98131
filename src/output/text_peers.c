/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what lines for people say of processes that are looked into, brokers, and attempts on the agent itself. */
#include "event/container.h"
#include "output/text.h"

void text_inspect(struct parts *p, const struct report *r)
{
	const struct sl_rec_inspect *i = r->event->inspect;
	const struct policy_tool *tool = compiled_tool(r->compiled, i->target_tool);

	p->verb = i->object == SL_PEER_TRACE ? "trace" : i->how == SL_HOW_WRITEV ? "write to" : "inspect";
	if (r->path_len)
		text_path(&p->target, r, r->path, r->path_len);
	else
		escape_text(&p->target, (const char *)i->target_comm, strnlen((const char *)i->target_comm, SL_COMM_LEN));
	strbuf_addf(&p->target, ":%u", i->target_tgid);
	strbuf_adds(&p->what, event_inspect_name(i->object));
	if (tool) {
		strbuf_adds(&p->what, " of ");
		text_add(&p->what, tool->name);
	}
	if (i->object == SL_PEER_TRACE)
		return;
	if (p->evidence.len)
		strbuf_adds(&p->evidence, ", ");
	strbuf_adds(&p->evidence, event_how_name(i->how));
}

void text_broker(struct parts *p, const struct report *r)
{
	const struct sl_rec_broker *b = r->event->broker;

	p->verb = b->type == SL_BROKER_SPOOL ? "write" : b->type == SL_BROKER_STREAM ? "connect" : "send";
	if (b->abstract)
		strbuf_addc(&p->target, '@');
	text_path(&p->target, r, r->path, r->path_len);
	for (size_t i = 0; i < r->brokers_cnt; i++) {
		if (i)
			strbuf_addc(&p->what, ',');
		text_add(&p->what, r->brokers[i]->name);
	}
}

/* What the broker does for the session from here on is no descendant's doing. */
void text_lost(struct parts *p, const struct report *r)
{
	p->word = "LOST";
	p->verb = "lineage at";
	for (size_t i = 0; i < r->brokers_cnt; i++) {
		if (!r->brokers[i]->hands_out)
			continue;
		if (p->target.len)
			strbuf_addc(&p->target, ',');
		text_add(&p->target, r->brokers[i]->title);
	}
	if (r->rule)
		text_add(&p->rule, r->rule->id);
}

/* The session had asked systemd for the unit. */
void text_kept(struct parts *p, const struct report *r)
{
	p->word = "kept";
	p->verb = "lineage of";
	if (r->process)
		escape_text(&p->target, r->process->cgroup, cgroup_leaf(r->process->cgroup));
}

void text_guard(struct parts *p, const struct report *r)
{
	static const char *const deeds[_SL_GUARD_MAX] = {
		[SL_GUARD_SIGNAL] = "signals sluice", [SL_GUARD_TRACE] = "traces sluice",
		[SL_GUARD_LIMIT] = "limits sluice",   [SL_GUARD_PROC] = "opens",
		[SL_GUARD_CGROUP] = "opens",          [SL_GUARD_BPF] = "uses bpf()",
		[SL_GUARD_MOUNT] = "mounts",          [SL_GUARD_FILE] = "changes",
	};
	const struct sl_rec_guard *g = r->event->guard;

	p->word = r->taken == SL_TAKEN_KILLED ? "KILL" : "BLOCK";
	p->sgr = text_severity("critical");
	p->verb = deeds[g->what];
	if (g->what == SL_GUARD_SIGNAL)
		strbuf_addf(&p->target, "signal %u", g->detail);
	else if (g->what == SL_GUARD_BPF)
		strbuf_addf(&p->target, "command %u", g->detail);
	else
		escape_text(&p->target, r->path, r->path_len);
	strbuf_adds(&p->what, "self-protection");
}
