/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what people read of an incident: its line, and the story below it. */
#include "output/text.h"

#include "output/format.h"

#define SECOND_NS 1000000000ull

/* Reads and flows of an incident that its lines name. */
#define STORY_ITEMS 3

/* "api.example.com:443", or the address. */
static void add_flow_name(struct strbuf *b, const struct report_sent *f)
{
	if (f->host[0])
		text_add(b, f->host);
	else
		format_addr(b, f->addr.family, f->addr.addr);
	strbuf_addf(b, ":%u", f->port);
}

void text_incident(struct parts *p, const struct report *r)
{
	const struct report_incident *i = &r->incident;

	p->word = "LEAK?";
	p->sgr = text_severity(r->severity);
	p->verb = "read";
	text_path(&p->target, r, i->reads[0].path, strlen(i->reads[0].path));
	strbuf_adds(&p->what, "then sent ");
	format_bytes(&p->what, i->flows[0].bytes);
	strbuf_adds(&p->what, " to ");
	add_flow_name(&p->what, &i->flows[0]);
	strbuf_addf(&p->evidence, "confidence %s%s", i->confidence, i->again ? ", more since" : "");
}

/* "a, b and 3 more" */
static void add_more(struct strbuf *b, uint64_t more)
{
	if (more)
		strbuf_addf(b, " and %llu more", (unsigned long long)more);
}

/* What the store that was read may hold. */
static void add_origin(struct strbuf *b, const struct report *r, const struct report_origin *o)
{
	strbuf_adds(b, ", a store of ");
	strbuf_adds(b, o->store ? o->store : "AI tools");
	if (!o->known) {
		strbuf_adds(b, ", of which no secret is known");
		return;
	}
	strbuf_addf(b, ", which had read ");
	text_path(b, r, o->path, strlen(o->path));
	add_more(b, o->more.n);
	strbuf_addc(b, ' ');
	text_duration(b, o->before_ns);
	strbuf_adds(b, " before");
}

/* The lines below an incident: what was read, what was sent, and how sure it is. */
void text_story(const struct report *r, text_note_fn note, void *arg)
{
	const struct report_incident *i = &r->incident;
	struct strbuf line = STRBUF_INIT;

	for (size_t n = 0; n < i->reads_cnt && n < STORY_ITEMS; n++) {
		strbuf_addf(&line, "%s%s:%u read ", n ? ", " : "", i->reads[n].process.comm, i->reads[n].process.pid);
		text_path(&line, r, i->reads[n].path, strlen(i->reads[n].path));
		if (i->reads[n].classes_cnt)
			strbuf_addf(&line, " (%s)", i->reads[n].classes[0]);
		if (i->reads[n].origin.second_hand)
			add_origin(&line, r, &i->reads[n].origin);
	}
	add_more(&line, i->reads_more + (i->reads_cnt > STORY_ITEMS ? i->reads_cnt - STORY_ITEMS : 0));
	note(arg, strbuf_str(&line));
	strbuf_reset(&line);
	for (size_t n = 0; n < i->flows_cnt && n < STORY_ITEMS; n++) {
		const struct report_sent *f = &i->flows[n];
		uint64_t delay = f->delay_ns;

		strbuf_addf(&line, "%s%s:%u sent ", n ? ", " : "", f->process.comm, f->process.pid);
		format_bytes(&line, f->bytes);
		strbuf_adds(&line, " or more to ");
		add_flow_name(&line, f);
		strbuf_addf(&line, " (%s)%s, %llu.%llu s after the read", f->provider ? f->provider : f->loopback ? "this machine" : "unknown",
			    f->cut ? ", then refused" : "", (unsigned long long)(delay / SECOND_NS),
			    (unsigned long long)(delay / (SECOND_NS / 10) % 10));
	}
	add_more(&line, i->flows_more + (i->flows_cnt > STORY_ITEMS ? i->flows_cnt - STORY_ITEMS : 0));
	note(arg, strbuf_str(&line));
	strbuf_reset(&line);
	strbuf_addf(&line, "confidence %s (%llu): ", i->confidence, (unsigned long long)i->score);
	for (size_t n = 0; n < i->reasons_cnt; n++)
		strbuf_addf(&line, "%s%s", n ? "; " : "", i->reasons[n]);
	note(arg, strbuf_str(&line));
	strbuf_done(&line);
}
