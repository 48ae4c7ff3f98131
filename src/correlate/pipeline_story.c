/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which reads and sends make a story (correlate/incident.h). */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "correlate/pipeline_internal.h"

#define PORT_DNS 53
#define DNS_ORDINARY 16384 /* octets to a resolver on one flow; what is more is no question for a name */

/* The outermost session around one; as far up as it is known. */
static void outermost(struct pipeline *p, uint64_t *ns, uint32_t *pid, uint16_t *tool)
{
	const struct session *s = proctree_session(p->tree, *ns, *pid);

	/* Ids only point at sessions that began earlier; a recording could say otherwise. */
	for (unsigned int i = 0; s && i < REPORT_ANCESTORS; i++) {
		*ns = s->ns;
		*pid = s->pid;
		*tool = s->tool;
		if (!s->parent_ns)
			return;
		s = proctree_session(p->tree, s->parent_ns, s->parent_pid);
	}
}

static struct incident_process incident_process(const struct sl_who *w, const struct process *process)
{
	struct incident_process ret = { .pid = w->tgid, .start_ns = w->start_ns };

	if (process)
		memcpy(ret.comm, process->comm, sizeof(ret.comm));
	else
		memcpy(ret.comm, w->comm, SL_COMM_LEN);
	return ret;
}

static const struct policy_secret *secret_named(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->secrets_cnt; i++)
		if (!strcmp(p->secrets[i].name, name))
			return &p->secrets[i];
	return NULL;
}

/* Nothing but a store of what a tool has read, and whose. What is a secret by itself as well is one. */
static struct read_kind find_kind(const struct compiled *c, uint16_t set)
{
	const struct policy *policy = c->policy;
	struct read_kind kind = { .known = true };
	const char *names[32];
	size_t cnt = compiled_classes(c, set, names, ARRAY_SIZE(names));

	for (size_t i = 0; i < cnt && i < ARRAY_SIZE(names); i++) {
		const struct policy_secret *secret = secret_named(policy, names[i]);

		for (size_t t = 0; !secret && t < policy->tools_cnt; t++)
			if (!strncmp(names[i], "own:", 4) && !strcmp(names[i] + 4, policy->tools[t].name))
				kind.store = (uint16_t)(t + 1);
		if (!secret)
			continue;
		if (!secret->second_hand) {
			kind.second_hand = false;
			return kind;
		}
		kind.second_hand = true;
	}
	return kind;
}

static struct read_kind kind_of(struct pipeline *p, uint16_t set)
{
	if (set >= p->config.compiled->path->info.sets)
		return (struct read_kind){ 0 };
	if (!p->read_kinds[set].known)
		p->read_kinds[set] = find_kind(p->config.compiled, set);
	return p->read_kinds[set];
}

/* A read that alerts, and by nobody of whom it is expected. */
int story_read(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_file *f = ev->file;
	struct incident_read read = { .time_ns = ev->time_ns, .reader = f->reader, .path = p->path, .tool = ev->who->tool,
				      .rule = compiled_rule(p->config.compiled, f->rule) };
	uint64_t ns = ev->who->session_ns;
	uint32_t pid = ev->who->session_pid;
	uint16_t tool = ev->who->tool;
	struct read_kind kind;

	if (!ns || f->action < SL_ACTION_ALERT || f->taken != SL_TAKEN_NONE || f->reader == SL_READER_PURPOSE ||
	    f->reader == SL_READER_STARTUP)
		return 0;
	outermost(p, &ns, &pid, &tool);
	read.process = incident_process(ev->who, process);
	p->path[decode_path(ev->path, p->path, sizeof(p->path) - 1)] = '\0';
	read.classes_cnt = compiled_classes(p->config.compiled, f->set, read.classes, ARRAY_SIZE(read.classes));
	if (read.classes_cnt > ARRAY_SIZE(read.classes))
		read.classes_cnt = ARRAY_SIZE(read.classes);
	kind = kind_of(p, f->set);
	read.second_hand = kind.second_hand;
	read.store = kind.store;
	return incidents_read(p->incidents, ns, pid, tool, &read);
}

static bool is_own(const struct policy_tool *tool, const struct policy_provider *provider)
{
	for (size_t i = 0; tool && provider && i < tool->providers.cnt; i++)
		if (!strcmp(tool->providers.v[i], provider->name))
			return true;
	return false;
}

void story_sent(struct pipeline *p, const struct event *ev)
{
	const struct sl_rec_sent *s = ev->sent;
	struct sl_rec_net net = { .hdr = s->hdr, .who = s->who, .cookie = s->cookie, .port = s->port, .family = s->family,
				  .proto = s->proto };
	struct event as_net = *ev;
	struct incident_flow flow = { .cookie = s->cookie, .family = s->family, .proto = s->proto, .port = s->port,
				      .loopback = flows_loopback(s->family, s->addr), .cut = s->cut, .first_ns = s->first_ns,
				      .segment_ns = s->read_ns, .segment_bytes = s->bytes };
	const struct policy_tool *tool = compiled_tool(p->config.compiled, s->who.tool);
	uint64_t ns = s->who.session_ns;
	uint32_t pid = s->who.session_pid;
	uint16_t root_tool = s->who.tool;
	const struct flow_asked *asked = flows_asked_find(&p->asked, s->cookie);
	struct connect_verdict v;
	char none[] = "", host[256];

	memcpy(net.addr, s->addr, sizeof(net.addr));
	memcpy(flow.addr, s->addr, sizeof(flow.addr));
	as_net.net = &net;
	as_net.decided = NULL;
	connect_judge(p->config.compiled, p->names, &as_net, &v);
	/* Asking the resolver for the destination's name is no destination. */
	if (s->port == PORT_DNS && v.decision.action == SL_ACTION_ALLOW && s->bytes <= DNS_ORDINARY)
		return;
	flow.provider = asked ? asked->provider : v.provider;
	flow.evidence = !asked ? v.evidence : asked->inner ? "sni" : "proxy-connect";
	flow.confidence = asked ? asked->confidence : v.confidence;
	flow.own = is_own(tool, flow.provider);
	flow.host = none;
	if (asked) {
		flow.host = asked->inner ? asked->inner : asked->host;
		flow.loopback = asked->loopback;
	} else if (v.hits_cnt) {
		snprintf(host, sizeof(host), "%s", v.hits[0].name);
		flow.host = host;
	}
	flow.process = incident_process(&s->who, proctree_find(p->tree, s->who.tgid, s->who.start_ns));
	outermost(p, &ns, &pid, &root_tool);
	incidents_sent(p->incidents, ns, pid, &flow, ev->time_ns);
}

void story_asked(struct pipeline *p, const struct event *ev)
{
	struct incident_flow flow = { .proto = IPPROTO_UDP, .port = PORT_DNS, .evidence = "dns-question", .confidence = "high" };
	const struct process *process = proctree_find_pid(p->tree, ev->dns->tgid);
	uint64_t ns = ev->dns->session_ns;
	uint32_t pid = ev->dns->session_pid;
	struct carried_sum sum;
	struct dns_name name;
	uint16_t tool = 0;

	if (dns_parse_query(ev->payload.data, ev->payload.len, &name) != 1)
		return;
	outermost(p, &ns, &pid, &tool);
	flow.segment_ns = incidents_read_ns(p->incidents, ns, pid);
	if (!flow.segment_ns || !carried_ask(p->carried, ns, pid, flow.segment_ns, &name, ev->time_ns, &sum))
		return;
	flow.cookie = sum.key;
	flow.host = sum.domain;
	flow.first_ns = sum.first_ns;
	flow.segment_bytes = sum.bytes;
	flow.process.pid = ev->dns->tgid;
	if (process) {
		flow.process.start_ns = process->start_ns;
		memcpy(flow.process.comm, process->comm, sizeof(flow.process.comm));
	}
	incidents_sent(p->incidents, ns, pid, &flow, ev->time_ns);
}
