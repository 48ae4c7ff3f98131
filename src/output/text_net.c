/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what lines for people say of connections: where to, which provider that is, by what evidence, how much. */
#include "output/text.h"

#include "hello.h"
#include "output/format.h"

/* Host or address, and the port. */
static void add_place(struct parts *p, const struct report *r, uint8_t family, const uint8_t *addr, uint16_t port, uint8_t proto)
{
	const char *host = format_host(r);

	if (host[0]) {
		text_add(&p->target, host);
	} else if (family == 6) {
		strbuf_addc(&p->target, '[');
		format_addr(&p->target, family, addr);
		strbuf_addc(&p->target, ']');
	} else {
		format_addr(&p->target, family, addr);
	}
	strbuf_addc(&p->target, ':');
	strbuf_addu(&p->target, r->asked_port ? r->asked_port : port);
	if (proto != 6) {
		strbuf_addc(&p->target, '/');
		format_proto(&p->target, proto);
	}
	if (r->asked[0]) {
		strbuf_adds(&p->target, " by proxy ");
		format_addr(&p->target, family, addr);
		strbuf_addc(&p->target, ':');
		strbuf_addu(&p->target, port);
	}
	if (r->names_cnt > 1 && !r->sni[0])
		strbuf_addf(&p->target, " (+%zu)", r->names_cnt - 1);
}

static void add_provider(struct parts *p, const struct report *r)
{
	if (r->provider) {
		text_add(&p->what, r->provider->name);
		if (r->provider->tier[0]) {
			strbuf_adds(&p->what, " (");
			text_add(&p->what, r->provider->tier);
			strbuf_adds(&p->what, ")");
		}
	} else {
		strbuf_adds(&p->what, "unknown");
	}
	if (r->rule && r->rule->after.cnt)
		strbuf_adds(&p->what, p->what.len ? ", after a read" : "after a read");
	if (strcmp(r->net_evidence, "none") != 0) {
		if (p->evidence.len)
			strbuf_adds(&p->evidence, ", ");
		strbuf_adds(&p->evidence, r->net_evidence);
		if (!strcmp(r->net_confidence, "low"))
			strbuf_adds(&p->evidence, ", low");
	}
}

/* A finding is told as one where the rule only keeps a record. */
static void add_finding(struct parts *p, const struct report *r)
{
	if (!r->finding)
		return;
	strbuf_adds(&p->what, ", ");
	strbuf_adds(&p->what, r->finding);
	if (!r->rule || r->action < SL_ACTION_ALERT)
		p->word = "FIND";
}

void text_net(struct parts *p, const struct report *r)
{
	const struct sl_rec_net *n = r->event->net;

	p->verb = n->op == SL_NET_CONNECT ? "connect" : n->op == SL_NET_SEND_ON ? "send on" : "send";
	add_place(p, r, n->family, n->addr, n->port, n->proto);
	add_provider(p, r);
	add_finding(p, r);
}

/* The server that a flow named, and what DNS calls the address if that is another. */
void text_hello(struct parts *p, const struct report *r)
{
	const struct sl_rec_hello *h = r->event->hello;

	if (!r->rule)
		p->word = r->sni_mismatch || r->behind_proxy ? "FIND" : "-";
	p->verb = h->hello_flags & SL_HELLO_QUIC ? "quic to" : r->behind_proxy ? "asks proxy" :
		  r->asked[0] && !r->sni[0] ? "asks for" : "hello to";
	add_place(p, r, h->family, h->addr, h->port, h->proto);
	add_provider(p, r);
	if (r->sni_mismatch) {
		strbuf_adds(&p->what, r->asked[0] ? ", asked for " : ", by DNS ");
		text_add(&p->what, r->asked[0] ? r->asked : r->names[0].name);
	}
	if (r->behind_proxy)
		strbuf_adds(&p->what, ", destination unknown behind proxy");
	add_finding(p, r);
}

void text_flow(struct parts *p, const struct report *r)
{
	const struct sl_rec_flow *f = r->event->flow;

	p->word = "flow";
	p->verb = f->flags & SL_FLOW_ACCEPTED ? "from" : "to";
	add_place(p, r, f->family, f->addr, f->port, f->proto);
	format_bytes(&p->what, f->sent_bytes);
	strbuf_adds(&p->what, " sent, ");
	format_bytes(&p->what, f->received_bytes);
	strbuf_adds(&p->what, " received");
	strbuf_adds(&p->evidence, format_flow_end(f->flags));
}
