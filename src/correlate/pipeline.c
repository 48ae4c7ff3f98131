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

#include "base/strbuf.h"
#include "correlate/connect.h"
#include "correlate/dedupe.h"
#include "correlate/users.h"
#include "event/decode.h"

enum stub { STUB_NOW, STUB_LATE };

struct pipeline {
	struct pipeline_config config;
	struct proctree *tree;
	struct names *names;
	struct dedupe *dedupe;
	struct users users;
	uint64_t wall_offset_ns;           /* wall time - boot time, modulo 2^64 */
	uint64_t last_ns;                  /* time of the latest record */
	uint64_t seq;
	uint64_t pending[_SL_LOSS_MAX];    /* own losses that are not reported yet */
	struct pipeline_stats stats;
	struct strbuf key;                 /* of the repeat table, reused */
	struct process stubs[2];           /* stand in for a process that is not in the tree: now, and told late */
	char path[DECODE_PATH_SIZE];
	_Alignas(8) char keep[sizeof(struct sl_rec_net) + 512];
};

/* ---- reports -------------------------------------------------------------------------------------------------------- */

static void emit(struct pipeline *p, struct report *r)
{
	r->seq = ++p->seq;
	p->stats.reports++;
	p->stats.by_kind[r->kind]++;
	p->config.sink(p->config.arg, r);
}

static struct report report_at(const struct pipeline *p, enum report_kind kind, uint64_t time_ns)
{
	return (struct report){ .kind = kind, .wall_ns = time_ns + p->wall_offset_ns, .time_ns = time_ns, .user = "",
				.path = "", .text = "",
				.net_evidence = "none", .net_confidence = "none", .compiled = p->config.compiled };
}

static void set_ancestors(struct pipeline *p, struct report *r)
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

static void set_process(struct pipeline *p, struct report *r, const struct event *ev, const struct process *process)
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
	struct report r = report_at(p, kind, ev->time_ns);

	set_process(p, &r, ev, process);
	r.session = session;
	r.tool = compiled_tool(p->config.compiled, session->tool);
	emit(p, &r);
}

static void report_file(struct pipeline *p, const struct event *ev, const struct process *process, uint64_t time_ns,
			uint64_t repeats)
{
	const struct compiled *c = p->config.compiled;
	struct report r = report_at(p, REPORT_FILE_OPEN, time_ns);

	set_process(p, &r, ev, process);
	r.rule = compiled_rule(c, ev->file->rule);
	r.action = ev->file->action;
	r.taken = ev->file->taken;
	r.by = ev->file->by;
	r.reader = ev->file->reader;
	r.repeats = repeats;
	r.path_len = decode_path(ev->path, p->path, sizeof(p->path));
	r.path = p->path;
	r.classes_cnt = compiled_classes(c, ev->file->set, r.classes, ARRAY_SIZE(r.classes));
	if (r.classes_cnt > ARRAY_SIZE(r.classes))
		r.classes_cnt = ARRAY_SIZE(r.classes);
	emit(p, &r);
}

static void report_connect(struct pipeline *p, const struct event *ev, const struct process *process,
			   const struct connect_verdict *v, uint64_t time_ns, uint64_t repeats)
{
	struct report r = report_at(p, REPORT_NET_CONNECT, time_ns);

	set_process(p, &r, ev, process);
	r.rule = compiled_rule(p->config.compiled, v->decision.rule);
	r.action = v->decision.action;
	r.taken = ev->net->taken;
	r.by = ev->net->by;
	r.repeats = repeats;
	r.provider = v->provider;
	r.net_evidence = v->evidence;
	r.net_confidence = v->confidence;
	r.names = v->hits;
	r.names_cnt = v->hits_cnt;
	emit(p, &r);
}

static void report_loss(struct pipeline *p, const struct event *ev, uint64_t time_ns, unsigned int reason, uint64_t count)
{
	struct report r = report_at(p, REPORT_LOSS, time_ns);

	r.event = ev;
	r.loss = reason;
	r.loss_count = count;
	emit(p, &r);
}

static void count_loss(struct pipeline *p, unsigned int reason, uint64_t count)
{
	p->pending[reason] += count;
	p->stats.losses[reason] += count;
}

/* The pipeline's own losses since the last tick, one report for each reason. */
static void report_own_losses(struct pipeline *p, uint64_t time_ns)
{
	uint64_t taken[_SL_LOSS_MAX] = { 0 };

	proctree_take_losses(p->tree, taken);
	taken[SL_LOSS_NAME_EVICTED] += names_take_evicted(p->names);
	taken[SL_LOSS_DEDUPE] += dedupe_take_overflow(p->dedupe);
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++) {
		count_loss(p, i, taken[i]);
		if (!p->pending[i])
			continue;
		report_loss(p, NULL, time_ns, i, p->pending[i]);
		p->pending[i] = 0;
	}
}

/* ---- repeats -------------------------------------------------------------------------------------------------------- */

/* What makes two events equal, beside the pid and the text that follows: the path, or the candidate names. */
struct fold_key {
	uint64_t start_ns, exec_ns;
	uint64_t session_ns;
	uint32_t session_pid, uid;
	uint32_t kind, path_flags;
	uint16_t rule, set, port;
	uint8_t action, taken, by, reader, access;
	uint8_t family, proto, op;
	uint8_t addr[16];
};

/* What a folded connection was found to be, kept behind its record; the names themselves are in the key. */
struct kept_verdict {
	struct sl_decision decision;
	const struct policy_provider *provider;
	const char *evidence, *confidence;
	size_t hits_cnt;
	struct {
		uint64_t learnt_ns;
		bool expired, session;
	} hits[NAMES_PER_ADDR];
};
_Static_assert(sizeof(struct sl_rec_net) + sizeof(struct kept_verdict) <= sizeof(((struct pipeline *)0)->keep), "room");
_Static_assert(sizeof(struct sl_rec_net) % 8 == 0, "what follows a record is aligned");

static void start_key(struct pipeline *p, const struct event *ev, const struct process *process, struct fold_key *k)
{
	memset(k, 0, sizeof(*k)); /* padding takes part in the comparison */
	k->kind = ev->kind;
	k->start_ns = process->start_ns;
	k->exec_ns = process->exec_ns;
	k->session_ns = ev->who->session_ns;
	k->session_pid = ev->who->session_pid;
	k->uid = ev->who->uid;
	strbuf_reset(&p->key);
}

static bool fold(struct pipeline *p, const struct event *ev, const void *keep, size_t keep_len)
{
	struct dedupe_item item = { .tgid = ev->who->tgid, .time_ns = ev->time_ns, .key = strbuf_str(&p->key),
				    .key_len = p->key.len, .keep = keep, .keep_len = keep_len };

	/* Without memory for the key nothing is folded: the event is shown. */
	if (!strbuf_ok(&p->key)) {
		count_loss(p, SL_LOSS_DEDUPE, 1);
		return false;
	}
	if (!dedupe_fold(p->dedupe, &item))
		return false;
	p->stats.folded++;
	return true;
}

static bool fold_file(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_file *f = ev->file;
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.path_flags = ev->path.flags;
	k.rule = f->rule;
	k.set = f->set;
	k.action = f->action;
	k.taken = f->taken;
	k.by = f->by;
	k.reader = f->reader;
	k.access = f->access;
	strbuf_add(&p->key, &k, sizeof(k));
	strbuf_add(&p->key, ev->path.data, ev->path.len);
	return fold(p, ev, f, f->hdr.size);
}

static bool fold_connect(struct pipeline *p, const struct event *ev, const struct process *process,
			 const struct connect_verdict *v)
{
	const struct sl_rec_net *n = ev->net;
	struct kept_verdict kept = { .decision = v->decision, .provider = v->provider, .evidence = v->evidence,
				     .confidence = v->confidence, .hits_cnt = v->hits_cnt };
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.rule = v->decision.rule;
	k.action = v->decision.action;
	k.taken = n->taken;
	k.by = n->by;
	k.family = n->family;
	k.port = n->port;
	k.proto = n->proto;
	k.op = n->op;
	memcpy(k.addr, n->addr, n->family == 4 ? 4 : 16);
	strbuf_add(&p->key, &k, sizeof(k));
	for (size_t i = 0; i < v->hits_cnt; i++) {
		kept.hits[i].learnt_ns = v->hits[i].learnt_ns;
		kept.hits[i].expired = v->hits[i].expired;
		kept.hits[i].session = v->hits[i].session;
		strbuf_addc(&p->key, (char)('0' + (v->hits[i].expired ? 2 : 0) + (v->hits[i].session ? 1 : 0)));
		strbuf_add(&p->key, v->hits[i].name, strlen(v->hits[i].name) + 1);
		strbuf_add(&p->key, v->hits[i].cname, strlen(v->hits[i].cname) + 1);
	}
	memcpy(p->keep, n, sizeof(*n));
	memcpy(p->keep + sizeof(*n), &kept, sizeof(kept));
	return fold(p, ev, p->keep, sizeof(*n) + sizeof(kept));
}

static void unfold_connect(struct pipeline *p, const struct event *ev, const struct process *process,
			   const struct dedupe_item *item, uint64_t repeats)
{
	struct connect_verdict v = { 0 };
	struct kept_verdict kept;
	const char *name = (const char *)item->key + sizeof(struct fold_key);

	memcpy(&kept, (const char *)item->keep + sizeof(struct sl_rec_net), sizeof(kept));
	v.decision = kept.decision;
	v.provider = kept.provider;
	v.evidence = kept.evidence;
	v.confidence = kept.confidence;
	v.hits_cnt = kept.hits_cnt;
	for (size_t i = 0; i < kept.hits_cnt; i++) {
		v.hits[i] = (struct names_hit){ .name = name + 1, .learnt_ns = kept.hits[i].learnt_ns,
						.expired = kept.hits[i].expired, .session = kept.hits[i].session };
		v.hits[i].cname = v.hits[i].name + strlen(v.hits[i].name) + 1;
		name = v.hits[i].cname + strlen(v.hits[i].cname) + 1;
	}
	report_connect(p, ev, process, &v, item->time_ns, repeats);
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

/* The repeat table gives back what was repeated. */
static void on_repeats(void *arg, const struct dedupe_item *item, uint64_t repeats)
{
	const struct sl_hdr *hdr = item->keep;
	const struct process *process;
	struct pipeline *p = arg;
	struct event ev;

	/* It decoded when it came in. */
	if (decode_record(item->keep, hdr->size, &ev) < 0)
		return;
	process = proctree_find(p->tree, ev.who->tgid, ev.who->start_ns);
	if (!process)
		process = stub_process(&p->stubs[STUB_LATE], ev.who);
	if (ev.kind == SL_REC_FILE)
		report_file(p, &ev, process, item->time_ns, repeats);
	else
		unfold_connect(p, &ev, process, item, repeats);
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

static void take_file(struct pipeline *p, const struct event *ev, const struct process *process)
{
	struct session *s = proctree_session(p->tree, ev->who->session_ns, ev->who->session_pid);

	if (s)
		s->files++;
	tally(p, s, ev->file->action);
	if (ev->file->action == SL_ACTION_ALLOW)
		p->stats.allowed++;
	else if (!fold_file(p, ev, process))
		report_file(p, ev, process, ev->time_ns, 0);
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

static void report_life(struct pipeline *p, enum report_kind kind, const struct event *ev, const struct process *process)
{
	struct report r = report_at(p, kind, ev->time_ns);

	set_process(p, &r, ev, process);
	emit(p, &r);
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
		dedupe_flush_process(p->dedupe, w->tgid);
	r = proctree_apply(p->tree, ev, &change);
	process = change.process ? change.process : stub_process(&p->stubs[STUB_NOW], w);
	/* One session may end because another begins in its last process; then the end is told first. */
	if (change.session_ended && ev->kind != SL_REC_EXIT && change.session_ended != change.session_started)
		report_session(p, REPORT_SESSION_END, ev, change.session_ended, process);
	if (change.session_started)
		report_session(p, REPORT_SESSION_START, ev, change.session_started, process);
	switch (ev->kind) {
	case SL_REC_EXEC:
		if (labelled && ev->exec->origin == SL_EXEC_ORIGIN_EXEC)
			report_life(p, REPORT_PROC_EXEC, ev, process);
		break;
	case SL_REC_EXIT:
		if (labelled)
			report_life(p, REPORT_PROC_EXIT, ev, process);
		break;
	case SL_REC_FILE:
		take_file(p, ev, process);
		break;
	case SL_REC_NET:
		take_net(p, ev, process);
		break;
	case SL_REC_FORK:
	case SL_REC_DNS:
	case SL_REC_LOSS:
	case SL_REC_CLOCK:
	case SL_REC_USER:
	case SL_REC_AGENT:
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
	proctree_expire(p->tree, ev->time_ns);
	report_own_losses(p, ev->time_ns);
}

static int take_dns(struct pipeline *p, const struct event *ev)
{
	int r = names_add_dns(p->names, ev->payload.data, ev->payload.len, ev->time_ns, ev->dns->session_ns,
			      ev->dns->session_pid);

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
	};
	struct report r = report_at(p, kinds[ev->agent->what], ev->time_ns);
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
	switch (ev.kind) {
	case SL_REC_EXEC:
	case SL_REC_FORK:
	case SL_REC_EXIT:
	case SL_REC_FILE:
	case SL_REC_NET:
		return take_process(p, &ev);
	case SL_REC_DNS:
		return take_dns(p, &ev);
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
	case SL_REC_INVALID:
	case _SL_REC_MAX:
		break;
	}
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

int pipeline_new(const struct pipeline_config *config, struct pipeline **ret)
{
	cleanup_(pipeline_freep) struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->tree = proctree_new(config->max_procs ? config->max_procs : PIPELINE_PROCS,
			       config->max_sessions ? config->max_sessions : PIPELINE_SESSIONS);
	p->names = names_new(config->max_names ? config->max_names : PIPELINE_NAMES);
	p->dedupe = dedupe_new(DEDUPE_ENTRIES, DEDUPE_BYTES, on_repeats, p);
	if (!p->tree || !p->names || !p->dedupe)
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
	users_done(&p->users);
	strbuf_done(&p->key);
	free(p);
}

void pipeline_finish(struct pipeline *p)
{
	dedupe_flush(p->dedupe);
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
