/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what lines for people say of connections: where to, which provider that is, by what evidence, how much. */
#include "output/text.h"

#include "output/format.h"

/* Host or address, and the port. */
static void add_place(struct parts *p, const struct report_net *n)
{
	uint8_t family = n->addr.family;
	const uint8_t *addr = n->addr.addr;

	if (n->host[0]) {
		text_add(&p->target, n->host);
	} else if (family == 6) {
		strbuf_addc(&p->target, '[');
		format_addr(&p->target, family, addr);
		strbuf_addc(&p->target, ']');
	} else {
		format_addr(&p->target, family, addr);
	}
	strbuf_addc(&p->target, ':');
	strbuf_addu(&p->target, n->asked_port ? n->asked_port : n->port);
	if (n->proto != 6) {
		strbuf_addc(&p->target, '/');
		format_proto(&p->target, n->proto);
	}
	if (n->asked[0]) {
		strbuf_adds(&p->target, " by proxy ");
		format_addr(&p->target, family, addr);
		strbuf_addc(&p->target, ':');
		strbuf_addu(&p->target, n->port);
	}
	if (n->candidates_cnt > 1 && !n->sni[0])
		strbuf_addf(&p->target, " (+%zu)", n->candidates_cnt - 1);
}

static void add_provider(struct parts *p, const struct report *r)
{
	const struct report_net *n = &r->net;

	if (n->provider) {
		text_add(&p->what, n->provider);
		if (n->tier[0]) {
			strbuf_adds(&p->what, " (");
			text_add(&p->what, n->tier);
			strbuf_adds(&p->what, ")");
		}
	} else {
		strbuf_adds(&p->what, "unknown");
	}
	if (r->rule.after_cnt)
		strbuf_adds(&p->what, p->what.len ? ", after a read" : "after a read");
	if (strcmp(n->evidence, "none") != 0) {
		if (p->evidence.len)
			strbuf_adds(&p->evidence, ", ");
		strbuf_adds(&p->evidence, n->evidence);
		if (!strcmp(n->confidence, "low"))
			strbuf_adds(&p->evidence, ", low");
	}
}

/* A finding is told as one where the rule only keeps a record. */
static void add_finding(struct parts *p, const struct report *r)
{
	if (!r->net.note)
		return;
	strbuf_adds(&p->what, ", ");
	strbuf_adds(&p->what, r->net.note);
	if (!r->rule.id || r->action < SL_ACTION_ALERT)
		p->word = "FIND";
}

void text_net(struct parts *p, const struct report *r)
{
	p->verb = r->net.verb;
	if (r->net.socket) {
		text_add(&p->target, r->net.socket);
		strbuf_adds(&p->what, "sends without connecting");
		add_finding(p, r);
		return;
	}
	add_place(p, &r->net);
	add_provider(p, r);
	add_finding(p, r);
}

/* The server that a flow named, and what DNS calls the address if that is another. */
void text_hello(struct parts *p, const struct report *r)
{
	const struct report_net *n = &r->net;

	if (!r->rule.id)
		p->word = n->sni_mismatch || n->behind_proxy ? "FIND" : "-";
	p->verb = n->quic ? "quic to" : n->behind_proxy ? "asks proxy" : n->asked[0] && !n->sni[0] ? "asks for" : "hello to";
	add_place(p, n);
	add_provider(p, r);
	if (n->sni_mismatch) {
		strbuf_adds(&p->what, n->asked[0] ? ", asked for " : ", by DNS ");
		text_add(&p->what, n->asked[0] || !n->candidates_cnt ? n->asked : n->candidates[0].name);
	}
	if (n->behind_proxy)
		strbuf_adds(&p->what, ", destination unknown behind proxy");
	add_finding(p, r);
}

void text_flow(struct parts *p, const struct report *r)
{
	const struct report_net *n = &r->net;

	p->word = "flow";
	p->verb = !strcmp(n->direction, "inbound") ? "from" : "to";
	add_place(p, n);
	format_bytes(&p->what, n->bytes_sent);
	strbuf_adds(&p->what, " sent, ");
	format_bytes(&p->what, n->bytes_received);
	strbuf_adds(&p->what, " received");
	strbuf_adds(&p->evidence, n->end);
}
