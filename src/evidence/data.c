/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the same facts for programs: one JSON object, and CSV with one fact a line. */
#include <inttypes.h>

#include "evidence/page.h"

/* ---- JSON ------------------------------------------------------------------------------------------------------------ */

static void key_text(struct strbuf *b, const char *key, const char *s)
{
	strbuf_addf(b, ",\"%s\":\"", key);
	page_json_text(b, s ? s : "");
	strbuf_addc(b, '"');
}

static void key_number(struct strbuf *b, const char *key, uint64_t n)
{
	strbuf_addf(b, ",\"%s\":%" PRIu64, key, n);
}

static void table(struct strbuf *b, const char *key, const struct facts_table *t)
{
	static const char *const terms[] = { [FACTS_TIER] = "tier", [FACTS_REGION] = "region", [FACTS_TRAINING] = "training",
					     [FACTS_RETENTION] = "retention", [FACTS_TERMS] = "terms" };

	strbuf_addf(b, ",\n\"%s\":[", key);
	for (size_t i = 0; i < t->cnt; i++) {
		const struct facts_item *v = &t->v[i];

		strbuf_adds(b, i ? ",\n {\"name\":\"" : "\n {\"name\":\"");
		page_json_text(b, v->name);
		strbuf_addc(b, '"');
		key_number(b, "events", v->events);
		key_number(b, "refused", v->refused);
		key_number(b, "alerts", v->alerts);
		if (v->connects)
			key_number(b, "connections", v->connects);
		if (v->sent)
			key_number(b, "sent", v->sent);
		if (v->received)
			key_number(b, "received", v->received);
		key_number(b, "first_ns", v->first_ns);
		key_number(b, "last_ns", v->last_ns);
		if (v->severity && v->severity[0])
			key_text(b, "severity", v->severity);
		if (v->example && v->example[0])
			key_text(b, "example", v->example);
		for (size_t n = 0; n < _FACTS_TERM_MAX; n++)
			if (v->term[n] && v->term[n][0])
				key_text(b, terms[n], v->term[n]);
		strbuf_addc(b, '}');
	}
	strbuf_adds(b, "]");
	if (t->others) {
		strbuf_addf(b, ",\"%s_others\":%" PRIu64, key, t->others);
	}
}

static void story(struct strbuf *b, const struct facts_story *s)
{
	strbuf_adds(b, "{\"uid\":\"");
	page_json_text(b, s->uid);
	strbuf_addc(b, '"');
	key_number(b, "time_ns", s->time_ns);
	key_text(b, "severity", s->severity);
	key_text(b, "confidence", s->confidence);
	key_number(b, "score", s->score);
	key_text(b, "tool", s->tool);
	key_text(b, "session", s->session);
	key_text(b, "reasons", s->reasons);
	strbuf_adds(b, ",\"steps\":[");
	for (size_t i = 0; i < s->steps_cnt; i++) {
		strbuf_addf(b, "%s{\"did\":\"%s\"", i ? "," : "", s->steps[i].is_sent ? "sent" : "read");
		key_number(b, "time_ns", s->steps[i].time_ns);
		key_text(b, "process", s->steps[i].who);
		key_text(b, "what", s->steps[i].what);
		key_text(b, "how", s->steps[i].how);
		if (s->steps[i].is_sent)
			key_number(b, "bytes", s->steps[i].bytes);
		strbuf_addc(b, '}');
	}
	strbuf_adds(b, "]");
	key_number(b, "more_steps", s->more);
	strbuf_addc(b, '}');
}

void page_json(struct strbuf *b, const struct page *p)
{
	const struct facts *f = p->facts;

	strbuf_adds(b, "{\"report\":1");
	key_text(b, "host", f->host);
	key_number(b, "begin_ns", f->begin_ns);
	key_number(b, "end_ns", f->end_ns);
	key_number(b, "events", f->rows);
	key_number(b, "incidents", f->incidents);
	key_number(b, "secrets_shown", f->secrets);
	key_number(b, "refused", f->refused);
	key_number(b, "alerts", f->alerts);
	key_number(b, "lost", f->lost);
	key_number(b, "span_s", f->span_ns / 1000000000u);
	key_number(b, "watched_s", f->watched_ns / 1000000000u);
	strbuf_adds(b, ",\n\"stories\":[");
	for (size_t i = 0; i < f->stories_cnt; i++) {
		strbuf_adds(b, i ? ",\n " : "\n ");
		story(b, &f->stories[i]);
	}
	strbuf_adds(b, "]");
	key_number(b, "stories_more", f->stories_more);
	table(b, "destinations", &f->dests);
	table(b, "rules", &f->rules);
	table(b, "tools", &f->tools);
	table(b, "losses", &f->losses);
	table(b, "agent", &f->gaps);
	strbuf_adds(b, ",\n\"verification\":");
	if (!p->check) {
		strbuf_adds(b, "null}\n");
		return;
	}
	strbuf_addf(b, "{\"faults\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"aged_out_to\":%" PRId64, p->check->faults,
		    p->check->rows, p->check->first_n, p->check->last_n, p->check->gone_n);
	key_text(b, "head", p->check->head);
	key_text(b, "key", p->check->key);
	strbuf_adds(b, "}}\n");
}

/* ---- CSV ------------------------------------------------------------------------------------------------------------- */

static void fact(struct strbuf *b, const char *section, const char *name, const char *what, uint64_t n)
{
	strbuf_addf(b, "%s,", section);
	page_cell(b, name);
	strbuf_addf(b, ",%s,%" PRIu64 "\r\n", what, n);
}

static void table_csv(struct strbuf *b, const char *section, const struct facts_table *t)
{
	for (size_t i = 0; i < t->cnt; i++) {
		const struct facts_item *v = &t->v[i];

		fact(b, section, v->name, "events", v->events);
		fact(b, section, v->name, "refused", v->refused);
		fact(b, section, v->name, "alerts", v->alerts);
		if (v->connects)
			fact(b, section, v->name, "connections", v->connects);
		if (v->sent)
			fact(b, section, v->name, "sent", v->sent);
		if (v->received)
			fact(b, section, v->name, "received", v->received);
		fact(b, section, v->name, "first_ns", v->first_ns);
		fact(b, section, v->name, "last_ns", v->last_ns);
	}
	if (t->others)
		fact(b, section, "", "others", t->others);
}

void page_csv(struct strbuf *b, const struct page *p)
{
	const struct facts *f = p->facts;

	strbuf_adds(b, "section,name,what,value\r\n");
	fact(b, "sums", f->host, "events", f->rows);
	fact(b, "sums", f->host, "incidents", f->incidents);
	fact(b, "sums", f->host, "secrets_shown", f->secrets);
	fact(b, "sums", f->host, "refused", f->refused);
	fact(b, "sums", f->host, "alerts", f->alerts);
	fact(b, "sums", f->host, "lost", f->lost);
	fact(b, "sums", f->host, "span_s", f->span_ns / 1000000000u);
	fact(b, "sums", f->host, "watched_s", f->watched_ns / 1000000000u);
	for (size_t i = 0; i < f->stories_cnt; i++) {
		fact(b, "incidents", f->stories[i].uid, "time_ns", f->stories[i].time_ns);
		fact(b, "incidents", f->stories[i].uid, "score", f->stories[i].score);
	}
	table_csv(b, "destinations", &f->dests);
	table_csv(b, "rules", &f->rules);
	table_csv(b, "tools", &f->tools);
	table_csv(b, "losses", &f->losses);
	if (p->check)
		fact(b, "verification", p->check->head, "faults", p->check->faults);
}
