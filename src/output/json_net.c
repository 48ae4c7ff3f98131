/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what JSON lines say of connections and flows. */
#include "output/json.h"

#include "hello.h"
#include "output/format.h"

#define SECOND_NS 1000000000ull

static void add_candidates(struct strbuf *b, const struct report *r)
{
	LIT(b, ",\"candidates\":[");
	for (size_t i = 0; i < r->names_cnt; i++) {
		const struct names_hit *h = &r->names[i];

		if (i)
			strbuf_addc(b, ',');
		LIT(b, "{\"name\":");
		json_str(b, h->name);
		STR_IF(b, "cname", h->cname);
		NUM(b, "age_s", r->time_ns > h->learnt_ns ? (r->time_ns - h->learnt_ns) / SECOND_NS : 0);
		KEY(b, "expired");
		json_bool(b, h->expired);
		KEY(b, "session");
		json_bool(b, h->session);
		if (h->sni)
			LIT(b, ",\"sni\":true");
		strbuf_addc(b, '}');
	}
	strbuf_addc(b, ']');
}

/* What is known of the other side. */
static void add_known(struct strbuf *b, const struct report *r)
{
	if (r->provider) {
		STR(b, "provider", r->provider->name);
		STR_IF(b, "provider_tier", r->provider->tier);
		STR_IF(b, "region", r->provider->region);
	}
	STR(b, "evidence", r->net_evidence);
	STR(b, "confidence", r->net_confidence);
	if (r->names_cnt)
		add_candidates(b, r);
	if (r->provider) {
		STR_IF(b, "training", r->provider->training);
		STR_IF(b, "retention", r->provider->retention);
		STR_IF(b, "terms", r->provider->terms);
	}
}

void json_net(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_net *n = r->event->net;

	LIT(b, ",\"net\":{\"proto\":\"");
	format_proto(b, n->proto);
	LIT(b, "\",\"addr\":\"");
	format_addr(b, n->family, n->addr);
	strbuf_addc(b, '"');
	NUM(b, "port", n->port);
	if (r->names_cnt)
		STR(b, "host", r->names[0].name);
	add_known(b, r);
	if (r->finding)
		STR(b, "finding", r->finding);
	if (n->op == SL_NET_SEND_ON)
		LIT(b, ",\"was_open\":true");
	strbuf_addc(b, '}');
	if (r->rule && r->rule->after.cnt) {
		LIT(b, ",\"after\":[");
		for (size_t i = 0; i < r->rule->after.cnt; i++) {
			if (i)
				strbuf_addc(b, ',');
			json_str(b, r->rule->after.v[i]);
		}
		strbuf_addc(b, ']');
	}
}

/* What the beginning of a flow told. */
static void add_hello(struct strbuf *b, const struct report *r, unsigned int flags)
{
	if (flags & (SL_HELLO_TLS | SL_HELLO_BAD | SL_HELLO_LONG) && (!(flags & SL_HELLO_PROXY) || flags & SL_HELLO_INNER)) {
		STR(b, "tls", flags & SL_HELLO_TLS ? "hello" : flags & SL_HELLO_BAD ? "malformed" : "too-long");
		KEY(b, "ech");
		json_bool(b, flags & SL_HELLO_ECH);
		KEY(b, "resumed");
		json_bool(b, flags & SL_HELLO_RESUMED);
	}
	if (flags & SL_HELLO_QUIC)
		LIT(b, ",\"quic\":true");
	if (r->asked[0])
		STR(b, "asked", r->asked);
	if (r->asked_port)
		NUM(b, "asked_port", r->asked_port);
	if (r->sni_mismatch)
		LIT(b, ",\"finding\":\"sni-mismatch\"");
	else if (r->behind_proxy)
		LIT(b, ",\"finding\":\"behind-proxy\"");
	else if (r->finding)
		STR(b, "finding", r->finding);
}

void json_flow(struct strbuf *b, const struct report *r)
{
	bool hello = r->event->kind == SL_REC_HELLO;
	const struct sl_rec_hello *h = hello ? r->event->hello : NULL;
	const struct sl_rec_flow *f = hello ? NULL : r->event->flow;

	LIT(b, ",\"net\":{\"proto\":\"");
	format_proto(b, hello ? h->proto : f->proto);
	LIT(b, "\",\"addr\":\"");
	format_addr(b, hello ? h->family : f->family, hello ? h->addr : f->addr);
	strbuf_addc(b, '"');
	NUM(b, "port", hello ? h->port : f->port);
	NUM(b, "flow", hello ? h->cookie : f->cookie);
	if (format_host(r)[0])
		STR(b, "host", format_host(r));
	STR_IF(b, "sni", r->sni);
	add_known(b, r);
	add_hello(b, r, hello ? h->hello_flags : f->hello_flags);
	if (hello) {
		strbuf_addc(b, '}');
		return;
	}
	NUM(b, "bytes_sent", f->sent_bytes);
	NUM(b, "bytes_received", f->received_bytes);
	NUM(b, "segments_sent", f->sent_segs);
	NUM(b, "segments_received", f->received_segs);
	LIT(b, ",\"begin\":\"");
	format_time(b, r->wall_ns - r->time_ns + f->first_ns);
	LIT(b, "\",\"last\":\"");
	format_time(b, r->wall_ns - r->time_ns + f->last_ns);
	strbuf_addc(b, '"');
	NUM(b, "milliseconds", f->last_ns > f->first_ns ? (f->last_ns - f->first_ns) / 1000000 : 0);
	STR(b, "end", format_flow_end(f->flags));
	STR(b, "direction", f->flags & SL_FLOW_ACCEPTED ? "inbound" : "outbound");
	if (f->flags & SL_FLOW_WITHIN)
		LIT(b, ",\"within\":true");
	KEY(b, "adopted");
	json_bool(b, f->flags & SL_FLOW_ADOPTED);
	strbuf_addc(b, '}');
}
