/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what a record means, said once: numbers become the published words here, times become wall time, sets become names. Behind it
 * nobody sees a record. Formats nothing and decides nothing.
 */
#include "correlate/build.h"

#include <string.h>

#include "hello.h"
#include "policy_map.h"

#define SECOND_NS 1000000000ull

/* A moment of the boot clock as wall time, by the event's own pair of clocks. */
static uint64_t wall(const struct draft *d, uint64_t time_ns)
{
	return d->wall_ns - d->time_ns + time_ns;
}

static struct report_text text(const struct draft *d)
{
	return (struct report_text){ d->path ? d->path : "", d->path ? d->path_len : 0 };
}

/* ---- who --------------------------------------------------------------------------------------------------------------- */

/*
 * A session begins at an exec, some time after the fork that made the process. A start time read from /proc is rounded to a
 * tick of 10 ms; a later process of the same pid comes later than that.
 */
static bool is_tool(const struct process *p)
{
	return p->tool && p->session_ns && p->tgid == p->session_pid && p->start_ns <= p->session_ns + 10000000;
}

/* What people call a process: its executable's file name. comm is a thread's, and anybody can set it. */
static const char *program(const struct process *p)
{
	const char *slash = strrchr(p->exe, '/');
	const char *name = slash ? slash + 1 : p->exe;

	return name[0] ? name : p->comm[0] ? p->comm : "?";
}

/* The kernel's name of a terminal as people know it: "pts3" -> "pts/3". */
static const char *terminal(const char *tty, char ret[SL_TTY_LEN + 2])
{
	bool pts = !strncmp(tty, "pts", 3) && tty[3] >= '0' && tty[3] <= '9';

	snprintf(ret, SL_TTY_LEN + 2, "%s%.*s", pts ? "pts/" : "", pts ? SL_TTY_LEN - 3 : SL_TTY_LEN, pts ? tty + 3 : tty);
	return ret;
}

/* How the tool of a session was recognised, and how far that is known. */
static void set_evidence(unsigned int evidence, struct report_tool *ret)
{
	ret->evidence = event_evidence_name(evidence);
	switch (evidence) {
	case SL_EVID_EXE:
	case SL_EVID_ARGV:
		ret->confidence = "exact";
		break;
	case SL_EVID_INHERITED:
	case SL_EVID_PROCFS:
		/* The first process was not seen at its exec: arguments may have been rewritten since. */
		ret->confidence = "high";
		break;
	default:
		ret->confidence = "none";
	}
}

static void set_tool(const struct draft *d, struct report_tool *ret)
{
	const struct session *s = d->session;
	const struct process *p = d->process;

	ret->name = d->tool ? d->tool->name : NULL;
	set_evidence(s ? s->evidence : p ? p->evidence : SL_EVID_NONE, ret);
	if (s)
		ret->session = (struct report_id){ s->ns, s->pid };
	else if (p)
		ret->session = (struct report_id){ p->session_ns, p->session_pid };
	ret->known = ret->session.ns != 0;
	ret->session_live = s != NULL;
	if (s && s->parent_ns)
		ret->parent = (struct report_id){ s->parent_ns, s->parent_pid };
}

static void set_process(const struct draft *d, struct report_store *store, struct report_process *ret)
{
	const struct process *p = d->process;

	ret->id = (struct report_id){ p->start_ns, p->tgid };
	ret->session = (struct report_id){ p->session_ns, p->session_pid };
	ret->start = wall(d, p->start_ns);
	ret->pid = p->tgid;
	ret->tid = d->event && d->event->who ? d->event->who->tid : p->tgid;
	ret->ppid = p->ppid;
	ret->uid = p->uid;
	ret->exe = p->exe;
	ret->comm = p->comm;
	ret->cwd = p->cwd;
	ret->user = d->user ? d->user : "";
	ret->program = program(p);
	ret->argv = (struct report_text){ p->argv, p->argv_len };
	ret->argv_cut = p->argv_flags & SL_STR_TRUNCATED;
	ret->tty = terminal(p->tty, store->tty);
	if (container_parse(p->cgroup, &store->container)) {
		ret->container = store->container.id;
		ret->engine = store->container.engine;
		ret->container_short = container_short(&store->container);
	}
	ret->is_tool = is_tool(p);
}

static void set_ancestors(const struct draft *d, struct report_store *store, struct report *ret)
{
	for (size_t i = 0; i < d->ancestors_cnt; i++) {
		const struct process *p = d->ancestors[i];
		bool first = is_tool(p);
		const struct policy_tool *tool = first ? compiled_tool(d->compiled, p->tool) : NULL;

		store->ancestors[i] = (struct report_ancestor){
			.id = { p->start_ns, p->tgid }, .pid = p->tgid, .exe = p->exe, .program = program(p),
			.tool = tool ? tool->name : NULL, .is_tool = first,
		};
	}
	ret->ancestors = store->ancestors;
	ret->ancestors_cnt = d->ancestors_cnt;
	ret->ancestry_cut = d->ancestry_cut;
}

/* ---- outcome ----------------------------------------------------------------------------------------------------------- */

static void set_rule(const struct draft *d, struct report *ret)
{
	const struct policy_rule *rule = d->rule;
	struct report_rule *r = &ret->rule;

	r->message = "";
	ret->action = d->action;
	ret->taken = d->taken;
	ret->outcome = d->taken == SL_TAKEN_NONE ? NULL : event_taken_name(d->taken);
	ret->by = d->by == SL_BY_NONE ? NULL : event_by_name(d->by);
	if (!rule)
		return;
	r->id = rule->id;
	r->severity = rule->severity;
	r->message = rule->message;
	r->number = (size_t)(rule - d->compiled->policy->rules);
	r->to_tty = rule->tell == POLICY_TELL_TTY;
	r->after = rule->after.cnt ? (const char *const *)rule->after.v : NULL;
	r->after_cnt = rule->after.cnt;
	ret->verdict = event_action_name(d->action);
	ret->severity = rule->severity;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------------- */

static const char *access_name(unsigned int access)
{
	static const char *const names[] = { "", "r", "w", "rw", "x", "rx", "wx", "rwx" };

	if (access & SL_ACCESS_PATH)
		return "path";
	return names[access & (SL_ACCESS_READ | SL_ACCESS_WRITE | SL_ACCESS_EXEC)];
}

static void build_file(const struct draft *d, struct report_file *ret)
{
	static const char *const verbs[] = { "open", "read", "write", "read/write", "exec", "read", "write", "read/write" };
	const struct sl_rec_file *f = d->event->file;

	*ret = (struct report_file){
		.path = text(d),
		.path_truncated = f->path_flags & SL_STR_TRUNCATED,
		.classes = d->classes,
		.classes_cnt = d->classes_cnt,
		.files = d->files_cnt ? d->files : NULL,
		.files_cnt = d->files_cnt,
		.evidence = f->set == SL_SET_UNRESOLVED ? "unresolved" : f->by_inode ? "inode" : "pattern",
		.dev = f->dev,
		.inode = f->ino,
		.access = access_name(f->access),
		.verb = f->access & SL_ACCESS_PATH ? "handle" : verbs[f->access & 7],
		.reader = event_reader_name(d->reader),
		.by_inode = f->by_inode,
		.unresolved = f->set == SL_SET_UNRESOLVED,
		.at_start = d->reader == SL_READER_STARTUP,
		.exception = f->excepted,
		.came = f->came == SL_CAME_OPENED ? NULL : event_came_name(f->came),
	};
}

static void set_provider(const struct draft *d, struct report_net *ret)
{
	const struct policy_provider *p = d->provider;

	ret->tier = p ? p->tier : "";
	ret->region = p ? p->region : "";
	ret->training = p ? p->training : "";
	ret->retention = p ? p->retention : "";
	ret->terms = p ? p->terms : "";
	ret->provider = p ? p->name : NULL;
	ret->evidence = d->net_evidence;
	ret->confidence = d->net_confidence;
}

static void set_candidates(const struct draft *d, struct report_store *store, struct report_net *ret)
{
	for (size_t i = 0; i < d->names_cnt && i < ARRAY_SIZE(store->candidates); i++) {
		const struct names_hit *h = &d->names[i];

		store->candidates[i] = (struct report_candidate){
			.name = h->name, .cname = h->cname, .expired = h->expired, .session = h->session, .sni = h->sni,
			.age_s = d->time_ns > h->learnt_ns ? (d->time_ns - h->learnt_ns) / SECOND_NS : 0,
		};
		ret->candidates = store->candidates;
		ret->candidates_cnt = i + 1;
	}
}

/* What a connect, a hello and the end of a flow have in common. */
static void set_net(const struct draft *d, struct report_store *store, struct report_net *ret)
{
	*ret = (struct report_net){ .sni = d->sni ? d->sni : "", .asked = d->asked ? d->asked : "", .asked_port = d->asked_port,
				    .sni_mismatch = d->sni_mismatch, .behind_proxy = d->behind_proxy, .note = d->finding,
				    .finding = d->sni_mismatch ? "sni-mismatch" : d->behind_proxy ? "behind-proxy" : d->finding };
	ret->host = ret->sni[0] ? ret->sni : d->names_cnt ? d->names[0].name : ret->asked;
	set_provider(d, ret);
	set_candidates(d, store, ret);
}

static void set_place(struct report_net *ret, uint8_t family, const uint8_t addr[16], uint16_t port, uint8_t proto)
{
	ret->addr.family = family;
	memcpy(ret->addr.addr, addr, sizeof(ret->addr.addr));
	ret->port = port;
	ret->proto = proto;
}

/* kind: SL_SOCKET_*, by the name that rules have for it. */
static const char *socket_name(unsigned int kind)
{
	static const char *const names[_SL_SOCKET_MAX] = {
		[SL_SOCKET_RAW] = "raw",     [SL_SOCKET_ICMP] = "icmp",           [SL_SOCKET_PACKET] = "packet", [SL_SOCKET_SCTP] = "sctp",
		[SL_SOCKET_VSOCK] = "vsock", [SL_SOCKET_BLUETOOTH] = "bluetooth", [SL_SOCKET_TIPC] = "tipc",     [SL_SOCKET_XDP] = "xdp",
		[SL_SOCKET_TUN] = "tun",     [SL_SOCKET_OTHER] = "other",
	};

	return kind < _SL_SOCKET_MAX && names[kind] ? names[kind] : "?";
}

static void build_connect(const struct draft *d, struct report_store *store, struct report_net *ret)
{
	const struct sl_rec_net *n = d->event->net;

	set_net(d, store, ret);
	if (n->op == SL_NET_SOCKET_MADE) {
		ret->verb = "socket";
		ret->socket = socket_name(n->port);
		ret->proto = n->proto;
		return;
	}
	set_place(ret, n->family, n->addr, n->port, n->proto);
	ret->verb = n->op == SL_NET_CONNECT ? "connect" : n->op == SL_NET_SEND_ON ? "send on" : "send";
	ret->was_open = n->op == SL_NET_SEND_ON;
}

/* What the first bytes of a flow say. Through a proxy a TLS hello names the host asked for, not the proxy. */
static void set_hello(struct report_net *ret, unsigned int flags)
{
	ret->quic = flags & SL_HELLO_QUIC;
	if (!(flags & (SL_HELLO_TLS | SL_HELLO_BAD | SL_HELLO_LONG)) || (flags & SL_HELLO_PROXY && !(flags & SL_HELLO_INNER)))
		return;
	ret->tls = flags & SL_HELLO_TLS ? "hello" : flags & SL_HELLO_BAD ? "malformed" : "too-long";
	ret->ech = report_fact(flags & SL_HELLO_ECH);
	ret->resumed = report_fact(flags & SL_HELLO_RESUMED);
}

static void build_hello(const struct draft *d, struct report_store *store, struct report_net *ret)
{
	const struct sl_rec_hello *h = d->event->hello;

	set_net(d, store, ret);
	set_place(ret, h->family, h->addr, h->port, h->proto);
	set_hello(ret, h->hello_flags);
	ret->flow = h->cookie;
}

static void build_flow(const struct draft *d, struct report_store *store, struct report_net *ret)
{
	const struct sl_rec_flow *f = d->event->flow;

	set_net(d, store, ret);
	set_place(ret, f->family, f->addr, f->port, f->proto);
	set_hello(ret, f->hello_flags);
	ret->flow = f->cookie;
	ret->bytes_sent = f->sent_bytes;
	ret->bytes_received = f->received_bytes;
	ret->segments_sent = f->sent_segs;
	ret->segments_received = f->received_segs;
	ret->begin = wall(d, f->first_ns);
	ret->last = wall(d, f->last_ns);
	ret->milliseconds = f->last_ns > f->first_ns ? (f->last_ns - f->first_ns) / 1000000 : 0;
	ret->end = f->flags & SL_FLOW_CUT ? "cut" : f->flags & SL_FLOW_IDLE ? "idle" : f->flags & SL_FLOW_LEFT ? "left" : "closed";
	ret->direction = f->flags & SL_FLOW_ACCEPTED ? "inbound" : "outbound";
	ret->within = f->flags & SL_FLOW_WITHIN;
	ret->adopted = f->flags & SL_FLOW_ADOPTED;
}

static void build_inspect(const struct draft *d, struct report_inspect *ret)
{
	const struct sl_rec_inspect *i = d->event->inspect;
	const struct policy_tool *tool = compiled_tool(d->compiled, i->target_tool);
	struct report_target *t = &ret->target;

	*ret = (struct report_inspect){ .what = event_inspect_name(i->object), .how = event_how_name(i->how),
					.is_trace = i->object == SL_PEER_TRACE, .is_write = i->how == SL_HOW_WRITEV };
	t->id = (struct report_id){ i->target_start_ns, i->target_tgid };
	t->pid = i->target_tgid;
	t->uid = i->target_uid;
	t->start = wall(d, i->target_start_ns);
	t->exe = text(d);
	memcpy(t->comm, i->target_comm, SL_COMM_LEN);
	t->tool = tool ? tool->name : NULL;
	t->in_session = i->target_session_ns != 0;
	t->session = (struct report_id){ i->target_session_ns, i->target_session_pid };
}

static void build_broker(const struct draft *d, struct report_store *store, struct report_broker *ret)
{
	const struct sl_rec_broker *b = d->event->broker;

	*ret = (struct report_broker){
		.path = text(d), .abstract = b->abstract, .names = store->brokers, .handing = store->handing, .pid = b->peer_tgid,
		.type = b->type == SL_BROKER_SPOOL ? "file" : b->type == SL_BROKER_STREAM ? "stream" : "datagram",
		.verb = b->type == SL_BROKER_SPOOL ? "write" : b->type == SL_BROKER_STREAM ? "connect" : "send",
	};
	for (size_t i = 0; i < d->brokers_cnt; i++) {
		store->brokers[ret->names_cnt++] = d->brokers[i]->name;
		if (d->brokers[i]->hands_out)
			store->handing[ret->handing_cnt++] = d->brokers[i]->title;
	}
	ret->hands_out = ret->handing_cnt;
}

static void build_guard(const struct draft *d, struct report_guard *ret)
{
	static const char *const deeds[_SL_GUARD_MAX] = {
		[SL_GUARD_SIGNAL] = "signals sluice", [SL_GUARD_TRACE] = "traces sluice",
		[SL_GUARD_LIMIT] = "limits sluice",   [SL_GUARD_PROC] = "opens",
		[SL_GUARD_CGROUP] = "opens",          [SL_GUARD_BPF] = "uses bpf()",
		[SL_GUARD_MOUNT] = "mounts",          [SL_GUARD_FILE] = "changes",
	};
	const struct sl_rec_guard *g = d->event->guard;

	*ret = (struct report_guard){ .what = event_guard_name(g->what), .deed = deeds[g->what], .path = text(d) };
	if (g->what == SL_GUARD_SIGNAL)
		ret->signal = (struct report_count){ g->detail, true };
	if (g->what == SL_GUARD_BPF)
		ret->command = (struct report_count){ g->detail, true };
}

static void build_session(const struct session *s, struct report_session *ret)
{
	uint64_t ns = s && s->end_ns > s->begin_ns ? s->end_ns - s->begin_ns : 0;

	*ret = (struct report_session){ .known = s != NULL, .ns = ns, .seconds = ns / SECOND_NS };
	if (!s)
		return;
	ret->files = s->files;
	ret->connects = s->connects;
	ret->alerts = s->alerts;
	ret->flows = s->flows;
	ret->bytes_sent = s->sent_bytes;
	ret->bytes_received = s->received_bytes;
}

/* As in wait(2): the signal in the low seven bits, else the exit status in the second byte. */
static void build_exit(const struct event *ev, struct report_exit *ret)
{
	unsigned int code;

	*ret = (struct report_exit){ .known = ev && ev->kind == SL_REC_EXIT };
	if (!ret->known)
		return;
	code = ev->exit->exit_code;
	if (code & 0x7f)
		ret->signal = (struct report_count){ code & 0x7f, true };
	else
		ret->status = (struct report_count){ code >> 8 & 0xff, true };
}

/* ---- incidents --------------------------------------------------------------------------------------------------------- */

static struct report_actor actor(const struct incident_process *p)
{
	return (struct report_actor){ { p->start_ns, p->pid }, p->pid, p->comm };
}

static void set_origin(const struct draft *d, const struct incident_read *read, struct report_origin *ret)
{
	const struct incident_origin *o = &read->origin;
	const struct policy_tool *store = compiled_tool(d->compiled, o->path ? o->tool : read->store);

	ret->second_hand = read->second_hand;
	ret->store = store ? store->name : NULL;
	if (!o->path)
		return;
	ret->known = true;
	ret->path = o->path;
	ret->time = wall(d, o->time_ns);
	ret->before_ns = read->time_ns > o->time_ns ? read->time_ns - o->time_ns : 0;
	ret->session = (struct report_id){ o->session_ns, o->session_pid };
	ret->more = (struct report_count){ o->more, true };
}

static void set_read(const struct draft *d, const struct incident_read *read, struct report_read *ret)
{
	*ret = (struct report_read){
		.time = wall(d, read->time_ns), .path = read->path, .rule = read->rule ? read->rule->id : NULL,
		.reader = event_reader_name(read->reader), .classes = read->classes, .classes_cnt = read->classes_cnt,
		.process = actor(&read->process),
	};
	if (read->second_hand)
		set_origin(d, read, &ret->origin);
}

static void set_sent(const struct incident *i, const struct incident_flow *f, struct report_sent *ret)
{
	uint64_t read_ns = i->reads[0].time_ns;

	*ret = (struct report_sent){
		.proto = f->proto, .port = f->port, .host = f->host ? f->host : "",
		.provider = f->provider ? f->provider->name : NULL, .tier = f->provider ? f->provider->tier : "",
		.region = f->provider ? f->provider->region : "", .evidence = f->evidence, .confidence = f->confidence,
		.bytes = f->bytes, .delay_ns = f->first_ns > read_ns ? f->first_ns - read_ns : 0, .own = f->own, .cut = f->cut,
		.loopback = f->loopback, .process = actor(&f->process),
	};
	ret->delay_ms = ret->delay_ns / 1000000;
	ret->addr.family = f->family;
	memcpy(ret->addr.addr, f->addr, sizeof(ret->addr.addr));
}

static void build_incident(const struct draft *d, struct report_store *store, struct report *ret)
{
	const struct incident *i = d->incident;

	for (size_t n = 0; n < i->reads_cnt; n++)
		set_read(d, &i->reads[n], &store->reads[n]);
	for (size_t n = 0; n < i->flows_cnt; n++)
		set_sent(i, &i->flows[n], &store->flows[n]);
	ret->severity = i->severity;
	ret->incident = (struct report_incident){
		.confidence = i->confidence, .score = i->score, .again = i->again, .reasons = i->reasons,
		.reasons_cnt = i->reasons_cnt, .reads = store->reads, .reads_cnt = i->reads_cnt, .reads_more = i->reads_more,
		.flows = store->flows, .flows_cnt = i->flows_cnt, .flows_more = i->flows_more,
	};
}

/* ---- the event --------------------------------------------------------------------------------------------------------- */

static void build_kind(const struct draft *d, struct report_store *store, struct report *ret)
{
	switch (d->kind) {
	case REPORT_FILE_OPEN:
		build_file(d, &ret->file);
		break;
	case REPORT_NET_CONNECT:
		build_connect(d, store, &ret->net);
		break;
	case REPORT_NET_HELLO:
		build_hello(d, store, &ret->net);
		break;
	case REPORT_NET_FLOW:
		build_flow(d, store, &ret->net);
		break;
	case REPORT_PTRACE:
		build_inspect(d, &ret->inspect);
		break;
	case REPORT_BROKER_CONNECT:
	case REPORT_LINEAGE_LOST:
		build_broker(d, store, &ret->broker);
		break;
	case REPORT_GUARD:
		/* Who protects the agent is no rule: the verdict is always block. */
		build_guard(d, &ret->guard);
		ret->verdict = event_action_name(d->action);
		ret->outcome = event_taken_name(d->taken);
		ret->by = event_by_name(d->by);
		ret->severity = "critical";
		break;
	case REPORT_INCIDENT:
		build_incident(d, store, ret);
		break;
	case REPORT_LINEAGE_KEPT:
		ret->unit = (struct report_text){ d->process ? d->process->cgroup : "",
						  d->process ? cgroup_leaf(d->process->cgroup) : 0 };
		break;
	case REPORT_SESSION_END:
		build_session(d->session, &ret->session);
		break;
	case REPORT_PROC_EXIT:
		build_exit(d->event, &ret->exit);
		break;
	case REPORT_LOSS:
		ret->loss = (struct report_loss){ d->loss, event_loss_name(d->loss), event_loss_help(d->loss), d->loss_count };
		break;
	case REPORT_AGENT_START:
	case REPORT_AGENT_STOP:
	case REPORT_POLICY_LOAD:
	case REPORT_POLICY_BAD:
	case REPORT_MODE:
	case REPORT_EXCEPTION:
	case REPORT_HOOKS:
		ret->text = d->text ? d->text : "";
		break;
	case REPORT_PROC_EXEC:
	case REPORT_SESSION_START:
	case REPORT_INVALID:
	case _REPORT_KIND_MAX:
		break;
	}
}

void build_report(const struct draft *d, struct report_store *store, struct report *ret)
{
	*ret = (struct report){
		.kind = d->kind,
		.seq = d->seq,
		.uid = d->uid ? d->uid : "",
		.host = d->source ? d->source->host : "",
		.boot_id = d->source ? d->source->boot_id : "",
		.wall_ns = d->wall_ns,
		.time_ns = d->time_ns,
		.policy = d->compiled ? d->compiled->policy->hash : "",
		.repeats = d->repeats,
		.has_process = d->process != NULL,
	};
	set_rule(d, ret);
	set_tool(d, &ret->tool);
	if (d->process) {
		set_process(d, store, &ret->process);
		set_ancestors(d, store, ret);
	}
	build_kind(d, store, ret);
}
