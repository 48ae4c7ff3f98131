/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what becomes of a record. Asks the process tree who it was, the policy what it means, the repeat table
 * whether it was told already; makes the report. Judges no path (the kernel did) and formats nothing (outputs do).
 *
 * Everything here is a function of the bytes given so far: no clock, no address, no random number takes part, so that
 * a recording replays to the same reports.
 */
#include "correlate/pipeline.h"

#include <errno.h>
#include <string.h>

#include "correlate/flows.h"
#include "correlate/pipeline_internal.h"
#include "event/decode.h"

/* ---- reports -------------------------------------------------------------------------------------------------------- */

/* Host, boot and run: what is before the number is the same in every event of a run. */
static void begin_uid(struct pipeline *p)
{
	const struct report_source *s = p->config.source;

	p->uid_len = report_uid_begin(p->uid, s ? s->host_id : "", s ? s->boot_id : "", p->run->start_ns, p->config.variant);
}

static void emit(struct pipeline *p, struct draft *r)
{
	struct report finished;

	r->seq = ++p->run->seq;
	r->source = p->config.source;
	report_uid_end(p->uid, p->uid_len, r->seq);
	r->uid = p->uid;
	p->stats.reports++;
	p->stats.by_kind[r->kind]++;
	build_report(r, &p->store, &finished);
	p->config.sink(p->config.arg, &finished);
}

static struct draft draft_at(const struct pipeline *p, enum report_kind kind, uint64_t time_ns)
{
	return (struct draft){ .kind = kind, .wall_ns = time_ns + p->wall_offset_ns, .time_ns = time_ns, .user = "",
				.path = "", .text = "", .sni = "", .asked = "",
				.net_evidence = "none", .net_confidence = "none", .compiled = p->config.compiled };
}

static void set_ancestors(struct pipeline *p, struct draft *r)
{
	const struct process *a = r->process;

	if (a == &p->stubs[STUB_NOW] || a == &p->stubs[STUB_LATE])
		return;
	while ((a = proctree_parent(p->tree, a))) {
		if (r->ancestors_cnt == REPORT_ANCESTORS) {
			r->ancestry_cut = true;
			break;
		}
		r->ancestors[r->ancestors_cnt++] = a;
	}
}

static void set_process(struct pipeline *p, struct draft *r, const struct event *ev, const struct process *process)
{
	r->event = ev;
	r->process = process;
	r->user = users_name(&p->users, process->uid);
	r->tool = compiled_tool(p->config.compiled, ev->who->tool);
	r->session = proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid);
	set_ancestors(p, r);
}

static void report_session(struct pipeline *p, enum report_kind kind, const struct event *ev,
			   const struct session *session, const struct process *process)
{
	struct draft r = draft_at(p, kind, ev->time_ns);

	/* Before its end is told. Sessions within it may go on; what they read is another story. */
	if (kind == REPORT_SESSION_END)
		incidents_end(p->incidents, session->ns, session->pid, ev->time_ns);

	set_process(p, &r, ev, process);
	r.session = session;
	r.tool = compiled_tool(p->config.compiled, session->tool);
	emit(p, &r);
}

/* files: of a burst, with the number of paths in it; NULL: none. */
static void report_file(struct pipeline *p, const struct event *ev, const struct process *process, uint64_t time_ns,
			uint64_t repeats, const char *files, size_t files_cnt)
{
	const struct compiled *c = p->config.compiled;
	struct draft r = draft_at(p, REPORT_FILE_OPEN, time_ns);

	set_process(p, &r, ev, process);
	r.rule = compiled_rule(c, ev->file->rule);
	r.action = ev->file->action;
	r.taken = ev->file->taken;
	r.by = ev->file->by;
	r.reader = ev->file->reader;
	r.repeats = repeats;
	r.files = files;
	r.files_cnt = files_cnt;
	r.path_len = decode_path(ev->path, p->path, sizeof(p->path));
	r.path = p->path;
	r.classes_cnt = compiled_classes(c, ev->file->set, r.classes, ARRAY_SIZE(r.classes));
	if (r.classes_cnt > ARRAY_SIZE(r.classes))
		r.classes_cnt = ARRAY_SIZE(r.classes);
	emit(p, &r);
}

/* No rule stands behind it: what protects the agent is not up to the policy's rules. */
static void report_guard(struct pipeline *p, const struct event *ev, const struct process *process, uint64_t time_ns,
			 uint64_t repeats)
{
	struct draft r = draft_at(p, REPORT_GUARD, time_ns);

	set_process(p, &r, ev, process);
	r.action = SL_ACTION_BLOCK;
	r.taken = ev->guard->taken;
	r.by = ev->guard->by;
	r.repeats = repeats;
	r.path_len = ev->path.len ? decode_path(ev->path, p->path, sizeof(p->path)) : 0;
	r.path = r.path_len ? p->path : "";
	emit(p, &r);
}

static void report_connect(struct pipeline *p, const struct event *ev, const struct process *process,
			   const struct connect_verdict *v, uint64_t time_ns, uint64_t repeats)
{
	struct draft r = draft_at(p, REPORT_NET_CONNECT, time_ns);

	set_process(p, &r, ev, process);
	r.rule = compiled_rule(p->config.compiled, v->decision.rule);
	r.action = v->decision.action;
	r.taken = ev->net->taken;
	r.by = ev->net->by;
	r.repeats = repeats;
	r.provider = v->provider;
	r.net_evidence = v->evidence;
	r.net_confidence = v->confidence;
	r.finding = connect_finding(v->provider, ev->net->op, ev->net->proto, ev->net->port);
	r.names = v->hits;
	r.names_cnt = v->hits_cnt;
	emit(p, &r);
}

static void set_verdict(struct draft *r, const struct compiled *c, uint16_t rule, uint8_t action, uint8_t taken, uint8_t by)
{
	r->rule = compiled_rule(c, rule);
	r->action = action;
	r->taken = taken;
	r->by = by;
}

static void report_inspect(struct pipeline *p, const struct event *ev, const struct process *process, uint64_t time_ns,
			   uint64_t repeats)
{
	const struct sl_rec_inspect *i = ev->inspect;
	struct draft r = draft_at(p, REPORT_PTRACE, time_ns);

	set_process(p, &r, ev, process);
	set_verdict(&r, p->config.compiled, i->rule, i->action, i->taken, i->by);
	r.repeats = repeats;
	r.path_len = decode_path(ev->exe, p->path, sizeof(p->path));
	r.path = p->path;
	emit(p, &r);
}

static void report_broker(struct pipeline *p, const struct event *ev, const struct process *process, uint64_t time_ns,
			  uint64_t repeats)
{
	const struct sl_rec_broker *b = ev->broker;
	struct draft r = draft_at(p, REPORT_BROKER_CONNECT, time_ns);
	bool hands_out = false;

	set_process(p, &r, ev, process);
	set_verdict(&r, p->config.compiled, b->rule, b->action, b->taken, b->by);
	r.repeats = repeats;
	r.path_len = decode_path(ev->path, p->path, sizeof(p->path));
	r.path = p->path;
	r.brokers_cnt = compiled_brokers(p->config.compiled, b->set, b->type == SL_BROKER_SPOOL, r.brokers, ARRAY_SIZE(r.brokers));
	if (r.brokers_cnt > ARRAY_SIZE(r.brokers))
		r.brokers_cnt = ARRAY_SIZE(r.brokers);
	for (size_t i = 0; i < r.brokers_cnt; i++)
		hands_out |= r.brokers[i]->hands_out;
	emit(p, &r);
	if (!hands_out || b->taken != SL_TAKEN_NONE)
		return;
	r.kind = REPORT_LINEAGE_LOST;
	emit(p, &r);
}

static void report_loss(struct pipeline *p, const struct event *ev, uint64_t time_ns, unsigned int reason, uint64_t count)
{
	struct draft r = draft_at(p, REPORT_LOSS, time_ns);

	r.event = ev;
	r.loss = reason;
	r.loss_count = count;
	emit(p, &r);
}

/* The pipeline's own losses since the last tick, one report for each reason. */
static void report_own_losses(struct pipeline *p, uint64_t time_ns)
{
	uint64_t taken[_SL_LOSS_MAX] = { 0 };

	proctree_take_losses(p->tree, taken);
	taken[SL_LOSS_NAME_EVICTED] += names_take_evicted(p->names) + carried_take_evicted(p->carried);
	taken[SL_LOSS_DEDUPE] += dedupe_take_overflow(p->dedupe);
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++) {
		count_loss(p, i, taken[i]);
		if (!p->pending[i])
			continue;
		report_loss(p, NULL, time_ns, i, p->pending[i]);
		p->pending[i] = 0;
	}
}

/* What a record itself says of a process that is not in the tree: no memory for it, or dropped for room since. */
static const struct process *stub_process(struct process *stub, const struct sl_who *w)
{
	static char nothing[] = "";

	*stub = (struct process){ .tgid = w->tgid, .ppid = w->ppid, .uid = w->uid, .start_ns = w->start_ns,
				  .session_ns = w->session_ns, .session_pid = w->session_pid, .tool = w->tool,
				  .exe_set = w->exe_set, .exe = nothing, .cwd = nothing, .argv = nothing,
				  .cgroup = nothing, .tty = nothing };
	memcpy(stub->comm, w->comm, SL_COMM_LEN);
	return stub;
}

static void on_incident(void *arg, const struct incident *i, uint64_t time_ns)
{
	struct pipeline *p = arg;
	struct draft r = draft_at(p, REPORT_INCIDENT, time_ns);

	r.incident = i;
	r.session = proctree_session(p->tree, i->session_ns, i->session_pid);
	r.tool = compiled_tool(p->config.compiled, i->tool);
	r.process = proctree_find(p->tree, i->reads[0].process.pid, i->reads[0].process.start_ns);
	r.rule = i->reads[0].rule;
	r.action = SL_ACTION_ALERT;
	for (size_t n = 0; n < i->flows_cnt; n++)
		if (i->flows[n].cut)
			r.taken = SL_TAKEN_DENIED;
	if (r.process) {
		r.user = users_name(&p->users, r.process->uid);
		set_ancestors(p, &r);
	}
	p->stats.alerts++;
	emit(p, &r);
}

/* The repeat table gives back what was repeated. */
static void on_repeats(void *arg, const struct dedupe_item *item, uint64_t repeats)
{
	const struct sl_hdr *hdr = item->keep;
	const struct process *process;
	struct connect_verdict v;
	struct pipeline *p = arg;
	struct event ev;

	/* It decoded when it came in. */
	if (decode_record(item->keep, hdr->size, &ev) < 0)
		return;
	process = proctree_find(p->tree, ev.who->tgid, ev.who->start_ns);
	if (!process)
		process = stub_process(&p->stubs[STUB_LATE], ev.who);
	if (ev.kind == SL_REC_FILE)
		report_file(p, &ev, process, item->time_ns, repeats, NULL, 0);
	else if (ev.kind == SL_REC_INSPECT)
		report_inspect(p, &ev, process, item->time_ns, repeats);
	else if (ev.kind == SL_REC_BROKER)
		report_broker(p, &ev, process, item->time_ns, repeats);
	else if (ev.kind == SL_REC_GUARD)
		report_guard(p, &ev, process, item->time_ns, repeats);
	else {
		unfold_connect(&ev, item, &v);
		report_connect(p, &ev, process, &v, item->time_ns, repeats);
	}
}

static void on_burst(void *arg, const struct burst_item *item, const char *files, size_t cnt, uint64_t more)
{
	const struct sl_hdr *hdr = item->keep;
	const struct process *process;
	struct pipeline *p = arg;
	struct event ev;

	if (decode_record(item->keep, hdr->size, &ev) < 0)
		return;
	process = proctree_find(p->tree, ev.who->tgid, ev.who->start_ns);
	if (!process)
		process = stub_process(&p->stubs[STUB_LATE], ev.who);
	report_file(p, &ev, process, item->time_ns, more, files, cnt);
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

static void tally(struct pipeline *p, struct session *s, uint8_t action)
{
	if (action < SL_ACTION_ALERT)
		return;
	p->stats.alerts++;
	if (s)
		s->alerts++;
}

static int take_file(struct pipeline *p, const struct event *ev, const struct process *process)
{
	struct session *s = proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid);

	if (s)
		s->files++;
	tally(p, s, ev->file->action);
	if (ev->file->action == SL_ACTION_ALLOW)
		p->stats.allowed++;
	else if (!fold_file(p, ev, process))
		report_file(p, ev, process, ev->time_ns, 0, NULL, 0);
	return story_read(p, ev, process);
}

static void take_guard(struct pipeline *p, const struct event *ev, const struct process *process)
{
	tally(p, proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid), SL_ACTION_BLOCK);
	if (!fold_guard(p, ev, process))
		report_guard(p, ev, process, ev->time_ns, 0);
}

static void take_net(struct pipeline *p, const struct event *ev, const struct process *process)
{
	struct session *s = proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid);
	struct connect_verdict v;

	connect_judge(p->config.compiled, p->names, ev, &v);
	if (s)
		s->connects++;
	tally(p, s, v.decision.action);
	if (v.decision.action == SL_ACTION_ALLOW)
		p->stats.allowed++;
	else if (!fold_connect(p, ev, process, &v))
		report_connect(p, ev, process, &v, ev->time_ns, 0);
}

static void take_inspect(struct pipeline *p, const struct event *ev, const struct process *process)
{
	tally(p, proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid), ev->inspect->action);
	if (ev->inspect->action == SL_ACTION_ALLOW)
		p->stats.allowed++;
	else if (!fold_inspect(p, ev, process))
		report_inspect(p, ev, process, ev->time_ns, 0);
}

static void take_broker(struct pipeline *p, const struct event *ev, const struct process *process)
{
	tally(p, proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid), ev->broker->action);
	if (ev->broker->action == SL_ACTION_ALLOW)
		p->stats.allowed++;
	else if (!fold_broker(p, ev, process))
		report_broker(p, ev, process, ev->time_ns, 0);
}

/* A hello, or the end of a flow. It may outlive the process that opened it: the tree learns nothing from these. */
static int take_flow(struct pipeline *p, const struct event *ev)
{
	const struct process *process = proctree_find(p->tree, ev->who->tgid, ev->who->start_ns);
	struct session *s = proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid);
	struct draft r = draft_at(p, ev->kind == SL_REC_HELLO ? REPORT_NET_HELLO : REPORT_NET_FLOW, ev->time_ns);
	struct flow_verdict v;

	flows_judge(p->config.compiled, p->names, &p->asked, ev, &v);
	set_process(p, &r, ev, process ? process : stub_process(&p->stubs[STUB_NOW], ev->who));
	flows_report(p->config.compiled, ev, &v, &r);
	if (r.rule)
		tally(p, s, r.action);
	if (s && ev->kind == SL_REC_FLOW)
		flows_add(s, ev->flow);
	emit(p, &r);
	return flows_learn(p->names, &p->asked, ev, &v);
}

static void report_life(struct pipeline *p, enum report_kind kind, const struct event *ev, const struct process *process)
{
	struct draft r = draft_at(p, kind, ev->time_ns);

	set_process(p, &r, ev, process);
	emit(p, &r);
}

static void flush_process(struct pipeline *p, uint32_t tgid)
{
	dedupe_flush_process(p->dedupe, tgid);
	bursts_flush_process(p->bursts, tgid);
}

/* A record about a process. Without memory for the process the event is reported all the same. */
static int take_process(struct pipeline *p, const struct event *ev)
{
	const struct sl_who *w = ev->who;
	struct proctree_change change = { 0 };
	const struct process *process;
	bool labelled = w->session_ns != 0;
	int r;

	/* An exec or the end of a process closes the image that waiting repeats belong to. */
	if (ev->kind == SL_REC_EXEC || ev->kind == SL_REC_EXIT)
		flush_process(p, w->tgid);
	r = proctree_apply(p->tree, ev, &change);
	process = change.process ? change.process : stub_process(&p->stubs[STUB_NOW], w);
	/* One session may end because another begins in its last process; then the end is told first. */
	if (change.session_ended && ev->kind != SL_REC_EXIT && change.session_ended != change.session_started)
		report_session(p, REPORT_SESSION_END, ev, change.session_ended, process);
	if (change.session_started)
		report_session(p, REPORT_SESSION_START, ev, change.session_started, process);
	switch (ev->kind) {
	case SL_REC_EXEC:
		if (labelled && ev->exec->evidence == SL_EVID_UNIT)
			report_life(p, REPORT_LINEAGE_KEPT, ev, process);
		if (labelled && ev->exec->origin == SL_EXEC_ORIGIN_EXEC)
			report_life(p, REPORT_PROC_EXEC, ev, process);
		break;
	case SL_REC_EXIT:
		if (labelled)
			report_life(p, REPORT_PROC_EXIT, ev, process);
		break;
	case SL_REC_FILE:
		if (take_file(p, ev, process))
			r = -ENOMEM;
		break;
	case SL_REC_NET:
		take_net(p, ev, process);
		break;
	case SL_REC_INSPECT:
		take_inspect(p, ev, process);
		break;
	case SL_REC_BROKER:
		take_broker(p, ev, process);
		break;
	case SL_REC_GUARD:
		take_guard(p, ev, process);
		break;
	case SL_REC_SENT:
		story_sent(p, ev);
		break;
	case SL_REC_FORK:
	case SL_REC_HELLO: /* not given here */
	case SL_REC_FLOW:
	case SL_REC_DNS:
	case SL_REC_LOSS:
	case SL_REC_CLOCK:
	case SL_REC_USER:
	case SL_REC_AGENT:
	case SL_REC_VERDICT: /* decoded as SL_REC_NET */
	case SL_REC_INVALID:
	case _SL_REC_MAX:
		break;
	}
	if (change.session_ended && (ev->kind == SL_REC_EXIT || change.session_ended == change.session_started))
		report_session(p, REPORT_SESSION_END, ev, change.session_ended, process);
	return r;
}

static void take_clock(struct pipeline *p, const struct event *ev)
{
	p->wall_offset_ns = ev->clock->wall_ns - ev->time_ns;
	dedupe_tick(p->dedupe, ev->time_ns);
	bursts_tick(p->bursts, ev->time_ns);
	incidents_tick(p->incidents, ev->time_ns);
	proctree_expire(p->tree, ev->time_ns);
	report_own_losses(p, ev->time_ns);
}

static int take_dns(struct pipeline *p, const struct event *ev)
{
	int r = names_add_dns(p->names, ev->payload.data, ev->payload.len, ev->time_ns, ev->dns->session_ns,
			      ev->dns->session_pid, ev->dns->netns);

	if (!r && ev->dns->session_ns)
		story_asked(p, ev);
	if (r == -EBADMSG)
		count_loss(p, SL_LOSS_DNS_PARSE, 1);
	return r == -ENOMEM ? r : 0;
}

static int take_user(struct pipeline *p, const struct event *ev)
{
	int r = users_set(&p->users, ev->user->uid, ev->name);

	/* The uid is shown without its name. */
	if (r == -ENOSPC)
		count_loss(p, SL_LOSS_NAME_EVICTED, 1);
	return r == -ENOMEM ? r : 0;
}

static int take_agent(struct pipeline *p, const struct event *ev)
{
	static const enum report_kind kinds[] = {
		[SL_AGENT_START] = REPORT_AGENT_START,
		[SL_AGENT_POLICY] = REPORT_POLICY_LOAD,
		[SL_AGENT_STOP] = REPORT_AGENT_STOP,
		[SL_AGENT_MODE] = REPORT_MODE,
		[SL_AGENT_POLICY_BAD] = REPORT_POLICY_BAD,
		[SL_AGENT_EXCEPTION] = REPORT_EXCEPTION,
		[SL_AGENT_HOOKS] = REPORT_HOOKS,
	};
	struct draft r = draft_at(p, kinds[ev->agent->what], ev->time_ns);
	cleanup_free char *text = strndup(ev->text.data, ev->text.len);

	if (!text)
		return -ENOMEM;
	/* Nothing comes after the stop: what is folded and counted is told before it. */
	if (ev->agent->what == SL_AGENT_STOP)
		pipeline_finish(p);
	r.event = ev;
	r.text = text;
	emit(p, &r);
	return 0;
}

int pipeline_record(struct pipeline *p, const void *data, size_t size)
{
	struct event ev;

	p->stats.records++;
	if (decode_record(data, size, &ev) < 0) {
		count_loss(p, SL_LOSS_DECODE, 1);
		return 0;
	}
	p->last_ns = ev.time_ns;
	if (!p->run->start_ns)
		p->run->start_ns = ev.time_ns;
	if (!p->uid_len)
		begin_uid(p);
	switch (ev.kind) {
	case SL_REC_EXEC:
	case SL_REC_FORK:
	case SL_REC_EXIT:
	case SL_REC_FILE:
	case SL_REC_NET:
	case SL_REC_INSPECT:
	case SL_REC_BROKER:
	case SL_REC_GUARD:
	case SL_REC_SENT:
		return take_process(p, &ev);
	case SL_REC_DNS:
		return take_dns(p, &ev);
	case SL_REC_HELLO:
	case SL_REC_FLOW:
		return take_flow(p, &ev);
	case SL_REC_USER:
		return take_user(p, &ev);
	case SL_REC_CLOCK:
		take_clock(p, &ev);
		return 0;
	case SL_REC_AGENT:
		return take_agent(p, &ev);
	case SL_REC_LOSS:
		if (!ev.loss->count)
			return 0;
		p->stats.losses[ev.loss->reason] += ev.loss->count;
		report_loss(p, &ev, ev.time_ns, ev.loss->reason, ev.loss->count);
		return 0;
	case SL_REC_VERDICT: /* decoded as SL_REC_NET */
	case SL_REC_INVALID:
	case _SL_REC_MAX:
		break;
	}
	return 0;
}

/* ---- names for the kernel ------------------------------------------------------------------------------------------- */

struct visit {
	const struct compiled *compiled;
	pipeline_names_fn fn;
	void *arg;
};

static void on_names(void *arg, uint8_t family, const uint8_t addr[16], uint32_t netns, const struct names_entry *entries, size_t cnt)
{
	const struct visit *v = arg;
	struct sl_net_names names;
	uint8_t key[SL_NET_KEY];

	connect_key(family, addr, netns, key);
	connect_names(v->compiled, entries, cnt, &names);
	v->fn(v->arg, key, &names);
}

void pipeline_names(struct pipeline *p, const struct compiled *compiled, pipeline_names_fn fn, void *arg)
{
	struct visit v = { compiled, fn, arg };

	names_visit(p->names, on_names, &v);
}

void pipeline_take_names(struct pipeline *p, struct pipeline *before)
{
	struct names *names = p->names;

	p->names = before->names;
	before->names = names;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

int pipeline_new(const struct pipeline_config *config, struct pipeline **ret)
{
	cleanup_(pipeline_freep) struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->run = config->run ? config->run : &p->own_run;
	p->tree = proctree_new(config->max_procs ? config->max_procs : PIPELINE_PROCS,
			       config->max_sessions ? config->max_sessions : PIPELINE_SESSIONS);
	p->names = names_new(config->max_names ? config->max_names : PIPELINE_NAMES);
	p->dedupe = dedupe_new(DEDUPE_ENTRIES, DEDUPE_BYTES, on_repeats, p);
	p->bursts = bursts_new(on_burst, p);
	p->incidents = incidents_new(on_incident, p);
	p->carried = carried_new();
	p->read_kinds = calloc(config->compiled->path->info.sets, sizeof(*p->read_kinds));
	if (!p->read_kinds || !p->tree || !p->names || !p->dedupe || !p->bursts || !p->incidents || !p->carried)
		return -ENOMEM;
	*ret = take_ptr(p);
	return 0;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	proctree_free(p->tree);
	names_free(p->names);
	dedupe_free(p->dedupe);
	bursts_free(p->bursts);
	incidents_free(p->incidents);
	carried_free(p->carried);
	flows_asked_done(&p->asked);
	users_done(&p->users);
	free(p->read_kinds);
	strbuf_done(&p->key);
	free(p);
}

void pipeline_finish(struct pipeline *p)
{
	dedupe_flush(p->dedupe);
	bursts_flush(p->bursts);
	incidents_flush(p->incidents, p->last_ns);
	report_own_losses(p, p->last_ns);
}

bool pipeline_knows(struct pipeline *p, uint32_t tgid, uint64_t start_ns)
{
	const struct process *process = proctree_find(p->tree, tgid, start_ns);

	return process && process->exe[0];
}

struct proctree *pipeline_tree(struct pipeline *p)
{
	return p->tree;
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *p)
{
	return &p->stats;
}
