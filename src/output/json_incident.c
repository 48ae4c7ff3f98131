/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what JSON lines say of incidents: reads, flows, how sure it is and why. */
#include "output/json.h"

#include "output/format.h"

static void add_incident_process(struct strbuf *b, const struct incident_process *p)
{
	LIT(b, ",\"process\":{\"id\":");
	json_id(b, p->start_ns, p->pid);
	NUM(b, "pid", p->pid);
	STR(b, "comm", p->comm);
	strbuf_addc(b, '}');
}

/* "of" is missing where nothing is known of what the store holds. */
static void add_second_hand(struct strbuf *b, const struct report *r, const struct incident_read *read)
{
	const struct incident_origin *o = &read->origin;
	const struct policy_tool *store = compiled_tool(r->compiled, o->path ? o->tool : read->store);

	LIT(b, ",\"second_hand\":{\"store\":");
	json_str_or_null(b, store ? store->name : NULL);
	if (o->path) {
		LIT(b, ",\"of\":{\"path\":");
		json_str(b, o->path);
		LIT(b, ",\"time\":\"");
		format_time(b, r->wall_ns - r->time_ns + o->time_ns);
		LIT(b, "\",\"session\":");
		json_id(b, o->session_ns, o->session_pid);
		strbuf_addc(b, '}');
		NUM(b, "more", o->more);
	}
	strbuf_addc(b, '}');
}

static void add_incident_read(struct strbuf *b, const struct report *r, const struct incident_read *read)
{
	LIT(b, "{\"time\":\"");
	format_time(b, r->wall_ns - r->time_ns + read->time_ns);
	LIT(b, "\",\"path\":");
	json_str(b, read->path);
	LIT(b, ",\"class\":[");
	for (size_t i = 0; i < read->classes_cnt; i++) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, read->classes[i]);
	}
	strbuf_addc(b, ']');
	KEY(b, "rule");
	json_str_or_null(b, read->rule ? read->rule->id : NULL);
	STR(b, "reader", event_reader_name(read->reader));
	if (read->second_hand)
		add_second_hand(b, r, read);
	add_incident_process(b, &read->process);
	strbuf_addc(b, '}');
}

/* delay_ms: since the first read of the story. */
static void add_incident_flow(struct strbuf *b, const struct incident *i, const struct incident_flow *f)
{
	uint64_t read_ns = i->reads[0].time_ns;

	LIT(b, "{\"proto\":\"");
	format_proto(b, f->proto);
	strbuf_addc(b, '"');
	if (f->family) {
		LIT(b, ",\"addr\":\"");
		format_addr(b, f->family, f->addr);
		strbuf_addc(b, '"');
	}
	NUM(b, "port", f->port);
	if (f->host && f->host[0])
		STR(b, "host", f->host);
	if (f->provider) {
		STR(b, "provider", f->provider->name);
		STR_IF(b, "provider_tier", f->provider->tier);
		STR_IF(b, "region", f->provider->region);
	}
	STR(b, "evidence", f->evidence);
	STR(b, "confidence", f->confidence);
	NUM(b, "bytes_after", f->bytes);
	NUM(b, "delay_ms", f->first_ns > read_ns ? (f->first_ns - read_ns) / 1000000 : 0);
	KEY(b, "own_provider");
	json_bool(b, f->own);
	KEY(b, "cut");
	json_bool(b, f->cut);
	add_incident_process(b, &f->process);
	strbuf_addc(b, '}');
}

void json_incident(struct strbuf *b, const struct report *r)
{
	const struct incident *i = r->incident;

	LIT(b, ",\"incident\":{\"confidence\":");
	json_str(b, i->confidence);
	NUM(b, "score", i->score);
	if (i->again)
		LIT(b, ",\"again\":true");
	LIT(b, ",\"reasons\":[");
	for (size_t n = 0; n < i->reasons_cnt; n++) {
		if (n)
			strbuf_addc(b, ',');
		json_str(b, i->reasons[n]);
	}
	LIT(b, "],\"reads\":[");
	for (size_t n = 0; n < i->reads_cnt; n++) {
		if (n)
			strbuf_addc(b, ',');
		add_incident_read(b, r, &i->reads[n]);
	}
	LIT(b, "],\"flows\":[");
	for (size_t n = 0; n < i->flows_cnt; n++) {
		if (n)
			strbuf_addc(b, ',');
		add_incident_flow(b, i, &i->flows[n]);
	}
	strbuf_addc(b, ']');
	NUM(b, "more_reads", i->reads_more);
	NUM(b, "more_flows", i->flows_more);
	strbuf_addc(b, '}');
}
