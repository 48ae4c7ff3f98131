/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the page. The answer comes first, then stories, destinations, rules, what was not seen, verification. Names come through
 * page_text() only; everything else here is constant or a number.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/page.h"

static const char style[] =
	":root{color-scheme:light dark;--b:#fff;--f:#1b1f24;--m:#57606a;--l:#d0d7de;--s:#f6f8fa;--r:#b42318;--o:#8a5300;--g:#1a7f37;--a:#0b57a4}"
	"@media(prefers-color-scheme:dark){:root{--b:#0f1318;--f:#e6e9ed;--m:#9aa4af;--l:#323a44;--s:#181e25;--r:#ff8a80;--o:#f0b955;--g:#6fd08c;--a:#7db8ff}}"
	"*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}"
	"body{margin:0;background:var(--b);color:var(--f);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
	"main{max-width:72rem;margin:0 auto;padding:1.5rem 1rem 3rem}h1{font-size:1.25rem;margin:0}h2{font-size:1.05rem;margin:2.2rem 0 .6rem}"
	"h3{font-size:.95rem;margin:0 0 .4rem}p{margin:.4rem 0}.m{color:var(--m)}.answer{font-size:1.35rem;line-height:1.35;margin:.9rem 0;font-weight:600}"
	".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}"
	".card{border:1px solid var(--l);border-radius:.5rem;padding:.6rem .8rem;background:var(--s)}.card b{display:block;font-size:1.4rem;line-height:1.2}"
	".r{color:var(--r)}.o{color:var(--o)}.g{color:var(--g)}code,.p{font-family:ui-monospace,\"DejaVu Sans Mono\",monospace;font-size:.86em}"
	"code,.p,td,th,li{overflow-wrap:anywhere}.w{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}"
	"th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--l)}th{font-weight:600;color:var(--m);overflow-wrap:normal}"
	".n{text-align:right;white-space:nowrap;overflow-wrap:normal}td.t{white-space:nowrap;overflow-wrap:normal}"
	".story{border:1px solid var(--l);border-left:.3rem solid var(--r);border-radius:.4rem;padding:.8rem 1rem;margin:.8rem 0}"
	".story.low,.story.medium{border-left-color:var(--o)}.tag{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .55rem;font-size:.78rem;font-weight:600}"
	"ol.line{list-style:none;margin:.6rem 0;padding:0 0 0 .9rem;border-left:2px solid var(--l)}ol.line li{margin:.35rem 0}"
	"pre{margin:.5rem 0;padding:.5rem .7rem;background:var(--s);border-radius:.4rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.82rem}"
	"@media(max-width:40rem){table.s thead{display:none}table.s tr{display:block;border-bottom:1px solid var(--l);padding:.5rem 0}"
	"table.s td{display:block;border:0;padding:.1rem 0;text-align:left;white-space:normal}table.s td:empty{display:none}"
	"table.s td[data-h]::before{content:attr(data-h) \": \";color:var(--m)}}"
	"@media print{:root{color-scheme:light;--b:#fff;--f:#000;--m:#444;--l:#bbb;--s:#fff;--r:#900;--o:#640;--g:#060;--a:#000}body{font-size:10pt}"
	"main{max-width:none;padding:0}.story,tr,.card{break-inside:avoid}h2{break-after:avoid}.w,pre{overflow:visible}thead{display:table-header-group}"
	".cards{grid-template-columns:repeat(5,1fr)}td.t{white-space:normal}td,th{font-size:8pt}@page{margin:16mm}}";

static void text(struct strbuf *b, const char *before, const char *s, const char *behind)
{
	strbuf_adds(b, before);
	page_text(b, s ? s : "");
	strbuf_adds(b, behind);
}

static void number(struct strbuf *b, uint64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	/* Groups of three with a thin space that does not break. */
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			strbuf_adds(b, "&#8239;");
		strbuf_addc(b, digits[i]);
	}
}

static void bytes(struct strbuf *b, uint64_t n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		v /= 1000;
	strbuf_addf(b, u ? "%.1f&#160;%s" : "%.0f&#160;%s", v, units[u]);
}

static void count(struct strbuf *b, uint64_t n, const char *one, const char *many)
{
	number(b, n);
	strbuf_addf(b, " %s", n == 1 ? one : many);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------ */

static void card(struct strbuf *b, const char *class, uint64_t n, const char *what)
{
	strbuf_addf(b, "<div class=\"card\"><b class=\"%s\">", n ? class : "");
	number(b, n);
	strbuf_addf(b, "</b>%s</div>", what);
}

static void answer(struct strbuf *b, const struct page *p)
{
	const struct facts *f = p->facts;
	int watched = page_watched(f);

	strbuf_adds(b, "<p class=\"answer\">");
	if (!f->rows) {
		strbuf_adds(b, "Nothing was kept of this time.");
	} else {
		if (f->incidents) {
			strbuf_adds(b, "After ");
			count(b, f->incidents, "read of a secret something was sent", "reads of secrets something was sent");
			strbuf_adds(b, f->incidents == 1 ? ": see the incident below. " : ": see the incidents below. ");
		} else {
			strbuf_adds(b, "No read of a secret was followed by something sent. ");
		}
		count(b, f->secrets, "secret was shown to a tool", "secrets were shown to tools");
		strbuf_adds(b, ", ");
		count(b, f->refused, "attempt was refused", "attempts were refused");
		strbuf_adds(b, ".");
	}
	strbuf_adds(b, "</p>");
	if (p->check && p->check->faults)
		strbuf_adds(b, "<p class=\"answer r\">This store was changed: see Verification.</p>");
	strbuf_adds(b, "<div class=\"cards\">");
	card(b, "r", f->incidents, f->incidents == 1 ? "incident" : "incidents");
	card(b, "o", f->secrets, f->secrets == 1 ? "secret shown to tools" : "secrets shown to tools");
	card(b, "g", f->refused, f->refused == 1 ? "refusal" : "refusals");
	card(b, "o", f->alerts, f->alerts == 1 ? "alert that let it pass" : "alerts that let it pass");
	card(b, "o", f->lost, f->lost == 1 ? "event lost" : "events lost");
	strbuf_adds(b, "</div><p class=\"m\">");
	count(b, f->rows, "event", "events");
	strbuf_adds(b, f->sessions.others ? " of more than " : " of ");
	count(b, f->sessions.cnt, "session", "sessions");
	strbuf_adds(b, ". ");
	if (watched >= 0)
		strbuf_addf(b, "sluice was running for %d&#160;%% of this time.", watched);
	else
		strbuf_adds(b, "It is not known for how much of this time sluice was running.");
	strbuf_adds(b, "</p>");
}

/* ---- stories --------------------------------------------------------------------------------------------------------- */

static void step(struct strbuf *b, const struct facts_step *s, uint64_t begin_ns)
{
	strbuf_addf(b, "<li><span class=\"m\">+%.3f&#160;s</span> ", (double)(s->time_ns > begin_ns ? s->time_ns - begin_ns : 0) / 1e9);
	text(b, "<code>", s->who, "</code> ");
	if (s->is_sent) {
		strbuf_adds(b, "<b class=\"r\">sent ");
		bytes(b, s->bytes);
		text(b, " or more</b> to <code>", s->what, "</code>");
	} else {
		text(b, "<b>read</b> <code>", s->what, "</code>");
	}
	if (s->how && s->how[0])
		text(b, " <span class=\"m\">(", s->how, ")</span>");
	strbuf_adds(b, "</li>");
}

static void tree(struct strbuf *b, const char *lines)
{
	unsigned int depth = 0;

	strbuf_adds(b, "<pre>");
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		char line[1024];

		snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), lines);
		for (unsigned int i = 0; i < depth; i++)
			strbuf_adds(b, "  ");
		text(b, depth ? "&#9492; " : "", line, "\n");
		depth += depth < 16;
		lines += len + (lines[len] == '\n');
	}
	strbuf_adds(b, "</pre>");
}

static void story(struct strbuf *b, const struct facts_story *s)
{
	uint64_t begin = s->steps_cnt ? s->steps[0].time_ns : s->time_ns;
	bool mild = !strcmp(s->severity, "low") || !strcmp(s->severity, "medium");

	strbuf_addf(b, "<section class=\"story%s\"><h3>", mild ? " medium" : "");
	page_time(b, begin);
	text(b, " &middot; ", s->tool[0] ? s->tool : "a tool that is not known any more", " ");
	text(b, mild ? "<span class=\"tag o\">" : "<span class=\"tag r\">", s->severity[0] ? s->severity : "no severity", "</span></h3>");
	text(b, "<p>How sure: <b>", s->confidence && s->confidence[0] ? s->confidence : "not known", "</b>");
	strbuf_addf(b, " (%" PRIu64 " of 100)", s->score);
	if (s->reasons && s->reasons[0])
		text(b, ": ", s->reasons, "");
	strbuf_adds(b, "</p><ol class=\"line\">");
	for (size_t i = 0; i < s->steps_cnt; i++)
		step(b, &s->steps[i], begin);
	strbuf_adds(b, "</ol>");
	if (s->more) {
		strbuf_adds(b, "<p class=\"m\">and ");
		count(b, s->more, "more step</p>", "more steps</p>");
	}
	if (s->tree && s->tree[0])
		tree(b, s->tree);
	text(b, "<p class=\"m\">Session <code>", s->session[0] ? s->session : "-", "</code>, ");
	text(b, "event <code>", s->uid, "</code></p></section>\n");
}

static void stories(struct strbuf *b, const struct facts *f)
{
	strbuf_adds(b, "<h2>Incidents</h2>\n");
	if (!f->stories_cnt)
		strbuf_adds(b, "<p>None: no secret was read before something was sent, as far as sluice saw.</p>");
	for (size_t i = 0; i < f->stories_cnt; i++)
		story(b, &f->stories[i]);
	if (f->stories_more) {
		strbuf_adds(b, "<p class=\"m\">");
		count(b, f->stories_more, "more is", "more are");
		strbuf_adds(b, " in the store: <code>sluice log --kind incident</code>.</p>");
	}
}

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

static void head(struct strbuf *b, const char *const *names, size_t cnt, uint32_t numbers)
{
	strbuf_adds(b, "<div class=\"w\"><table class=\"s\"><thead><tr>");
	for (size_t i = 0; i < cnt; i++)
		strbuf_addf(b, "<th%s>%s</th>", numbers >> i & 1 ? " class=\"n\"" : "", names[i]);
	strbuf_adds(b, "</tr></thead><tbody>\n");
}

static void cell(struct strbuf *b, const char *name, const char *class, const char *s)
{
	strbuf_addf(b, "<td class=\"%s\"", class);
	if (s && s[0])
		strbuf_addf(b, " data-h=\"%s\"", name);
	text(b, ">", s ? s : "", "</td>");
}

static void cell_number(struct strbuf *b, const char *name, uint64_t n)
{
	strbuf_addf(b, "<td class=\"n\" data-h=\"%s\">", name);
	number(b, n);
	strbuf_adds(b, "</td>");
}

static void cell_bytes(struct strbuf *b, const char *name, uint64_t n)
{
	strbuf_addf(b, "<td class=\"n\" data-h=\"%s\">", name);
	bytes(b, n);
	strbuf_adds(b, "</td>");
}

static void cell_time(struct strbuf *b, const char *name, uint64_t ns)
{
	strbuf_addf(b, "<td class=\"t\" data-h=\"%s\">", name);
	page_time(b, ns);
	strbuf_adds(b, "</td>");
}

static void end(struct strbuf *b, const struct facts_table *t, const char *what)
{
	strbuf_adds(b, "</tbody></table></div>");
	if (!t->others)
		return;
	strbuf_adds(b, "<p class=\"m\">and ");
	count(b, t->others, "event", "events");
	strbuf_addf(b, " of more %s than are shown</p>", what);
}

static void dests(struct strbuf *b, const struct facts *f)
{
	static const char *const names[] = { "To", "Tier", "Region", "Connections", "Sent", "Received", "Training", "Retention", "Refused" };

	strbuf_adds(b, "<h2>Where it went</h2>\n");
	if (!f->dests.cnt) {
		strbuf_adds(b, "<p>No connection was seen.</p>");
		return;
	}
	head(b, names, sizeof(names) / sizeof(names[0]), 0x138);
	for (size_t i = 0; i < f->dests.cnt; i++) {
		const struct facts_item *d = &f->dests.v[i];

		strbuf_adds(b, "<tr>");
		cell(b, names[0], "p", d->name);
		cell(b, names[1], "t", d->term[FACTS_TIER]);
		cell(b, names[2], "", d->term[FACTS_REGION]);
		cell_number(b, names[3], d->connects);
		cell_bytes(b, names[4], d->sent);
		cell_bytes(b, names[5], d->received);
		cell(b, names[6], "", d->term[FACTS_TRAINING]);
		cell(b, names[7], "", d->term[FACTS_RETENTION]);
		cell_number(b, names[8], d->refused);
		strbuf_adds(b, "</tr>\n");
	}
	end(b, &f->dests, "destinations");
	strbuf_adds(b, "<p class=\"m\">Terms are those of the policy's list of providers; a host name does not show the plan that a user has.</p>");
}

static void rules(struct strbuf *b, const struct facts *f)
{
	static const char *const names[] = { "Rule", "Severity", "Refused", "Let pass", "First", "Last", "For example" };

	strbuf_adds(b, "<h2>Refusals and alerts, by rule</h2>\n");
	if (!f->rules.cnt) {
		strbuf_adds(b, "<p>None.</p>");
		return;
	}
	head(b, names, sizeof(names) / sizeof(names[0]), 0xc);
	for (size_t i = 0; i < f->rules.cnt; i++) {
		const struct facts_item *r = &f->rules.v[i];

		strbuf_adds(b, "<tr>");
		cell(b, names[0], "p", r->name);
		cell(b, names[1], "t", r->severity);
		cell_number(b, names[2], r->refused);
		cell_number(b, names[3], r->alerts);
		cell_time(b, names[4], r->first_ns);
		cell_time(b, names[5], r->last_ns);
		cell(b, names[6], "p", r->example);
		strbuf_adds(b, "</tr>\n");
	}
	end(b, &f->rules, "rules");
}

static void tools(struct strbuf *b, const struct facts *f)
{
	static const char *const names[] = { "Tool", "Events", "Refused", "Let pass", "First", "Last" };

	strbuf_adds(b, "<h2>Tools</h2>\n");
	if (!f->tools.cnt) {
		strbuf_adds(b, "<p>None was seen.</p>");
		return;
	}
	head(b, names, sizeof(names) / sizeof(names[0]), 0xe);
	for (size_t i = 0; i < f->tools.cnt; i++) {
		const struct facts_item *t = &f->tools.v[i];

		strbuf_adds(b, "<tr>");
		cell(b, names[0], "p", t->name);
		cell_number(b, names[1], t->events);
		cell_number(b, names[2], t->refused);
		cell_number(b, names[3], t->alerts);
		cell_time(b, names[4], t->first_ns);
		cell_time(b, names[5], t->last_ns);
		strbuf_adds(b, "</tr>\n");
	}
	end(b, &f->tools, "tools");
}

static void unseen(struct strbuf *b, const struct facts *f)
{
	static const char *const names[] = { "Lost", "Events", "What to do" }, *const said[] = { "Said by the agent", "Times", "Last", "The last time" };
	int watched = page_watched(f);

	strbuf_adds(b, "<h2>What was not seen</h2>\n<p>");
	if (watched >= 0) {
		strbuf_addf(b, "sluice was not running for %.1f of %.1f hours.", (double)(f->span_ns - f->watched_ns) / 3.6e12, (double)f->span_ns / 3.6e12);
	} else {
		strbuf_adds(b, "Nothing says when sluice was running.");
	}
	strbuf_adds(b, "</p>");
	if (f->agent[0])
		text(b, "<p>The agent, when it started last: <code>", f->agent, "</code></p>");
	if (f->losses.cnt) {
		head(b, names, 3, 2);
		for (size_t i = 0; i < f->losses.cnt; i++) {
			const struct facts_item *l = &f->losses.v[i];

			strbuf_adds(b, "<tr>");
			cell(b, names[0], "p", l->name);
			cell_number(b, names[1], l->sent);
			cell(b, names[2], "", l->term[FACTS_TERMS]);
			strbuf_adds(b, "</tr>\n");
		}
		end(b, &f->losses, "kinds of losses");
	} else {
		strbuf_adds(b, "<p>No event was counted as lost.</p>");
	}
	if (!f->gaps.cnt)
		return;
	head(b, said, 4, 2);
	for (size_t i = 0; i < f->gaps.cnt; i++) {
		const struct facts_item *g = &f->gaps.v[i];

		strbuf_adds(b, "<tr>");
		cell(b, said[0], "p", g->name);
		cell_number(b, said[1], g->events);
		cell_time(b, said[2], g->last_ns);
		cell(b, said[3], "", g->term[FACTS_TERMS]);
		strbuf_adds(b, "</tr>\n");
	}
	end(b, &f->gaps, "kinds");
}

static void verification(struct strbuf *b, const struct page *p)
{
	const struct verify_result *v = p->check;

	strbuf_adds(b, "<h2>Verification</h2>\n");
	if (!v) {
		strbuf_adds(b, "<p>The store was not verified for this report: <code>sluice log verify</code> does it.</p>");
		return;
	}
	if (v->faults) {
		strbuf_adds(b, "<p class=\"r\"><b>");
		count(b, v->faults, "change was found", "changes were found");
		strbuf_adds(b, ".</b> This is not what sluice wrote:</p><ul>");
		for (size_t i = 0; i < p->faults_cnt; i++)
			text(b, "<li>", p->faults[i], "</li>");
		strbuf_adds(b, "</ul>");
	} else {
		strbuf_adds(b, "<p><b class=\"g\">Whole</b>: no row of the store was changed, added or cut out.</p>");
	}
	strbuf_addf(b, "<p>Rows %" PRId64 " to %" PRId64 ", the last signed at ", v->first_n, v->last_n);
	page_time(b, (uint64_t)v->signed_ns);
	strbuf_adds(b, ".");
	if (v->gone_n) {
		strbuf_addf(b, " Rows 1 to %" PRId64 " aged out (", v->gone_n);
		text(b, "", v->gone_reason, "), the last at ");
		page_time(b, (uint64_t)v->gone_time_ns);
		strbuf_adds(b, ".");
	}
	text(b, "</p><p class=\"m\">Hash of the last row <code>", v->head, "</code><br>");
	text(b, "Key <code>", v->key, "</code>: compare it with the one that you noted; a file that names its own key proves no more than that it is "
	     "consistent.</p>");
}

void page_html(struct strbuf *b, const struct page *p)
{
	const struct facts *f = p->facts;

	strbuf_adds(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
		       "form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		       "<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\">\n");
	text(b, "<title>sluice: what AI tools did on ", f->host, "</title>\n<style>");
	strbuf_adds(b, style);
	text(b, "</style></head><body><main>\n<h1>What AI tools did on ", f->host, "</h1>\n<p class=\"m\">");
	page_time(b, f->begin_ns);
	strbuf_adds(b, " to ");
	page_time(b, f->end_ns);
	if (p->about[0])
		text(b, ", ", p->about, "");
	strbuf_adds(b, "</p>\n");
	answer(b, p);
	stories(b, f);
	dests(b, f);
	rules(b, f);
	tools(b, f);
	unseen(b, f);
	verification(b, p);
	strbuf_adds(b, "\n<p class=\"m\">Made by sluice " SLUICE_VERSION ". It records names, numbers and classes of files, never their contents.</p>\n"
		       "</main></body></html>\n");
}
