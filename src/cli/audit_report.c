/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how an audit is printed: text for a terminal, JSON (schema 1), one HTML file without scripts. Judges nothing.
 */
#include "cli/audit_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/strbuf.h"

#define SCHEMA 1

struct audit_counts audit_count(const struct audit_report *r)
{
	struct audit_counts c = { 0 };

	for (size_t h = 0; h < r->homes_cnt; h++) {
		const struct audit_found *f = &r->homes[h].found;

		c.unfinished += r->homes[h].failed || !f->whole || f->left_out;
		for (size_t i = 0; i < f->accounts_cnt; i++)
			c.unsure += f->accounts[i].kind == AUDIT_UNKNOWN;
		for (size_t i = 0; i < f->rows_cnt; i++) {
			c.warnings += f->rows[i].grade == AUDIT_WARN;
			c.unsure += f->rows[i].grade == AUDIT_UNSURE;
		}
	}
	return c;
}

static const char *terms(unsigned int kind)
{
	switch (kind) {
	case AUDIT_CONSUMER:
		return "consumer terms: training is allowed unless the account's own switch, which is not on this machine, is off";
	case AUDIT_COMPANY:
		return "an organisation's terms";
	case AUDIT_API_KEY:
		return "the vendor's API terms; whose key it is, is not known";
	case AUDIT_CLOUD:
		return "the cloud's terms";
	case AUDIT_GATEWAY:
		return "what this host does with it decides";
	case AUDIT_LOCAL:
		return "a model on this machine";
	case AUDIT_NONE:
		return "not signed in";
	default:
		return "nothing here says under which terms";
	}
}

static void time_text(uint64_t time_s, char *ret, size_t size)
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(ret, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		ret[0] = '\0';
}

/* ---- text
 * ------------------------------------------------------------------------------------------------------------ */

static void say(const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_line(&b, s, strlen(s));
	fputs(strbuf_str(&b), stdout);
	strbuf_done(&b);
}

static void text_account(const struct audit_account *a)
{
	printf("  %-12s %-9s ", a->tool, audit_kind_text(a->kind));
	say(a->plan[0] ? a->plan : "-");
	printf("\n                terms: %s\n                organisation %s, confidence %s\n                seen:  ",
	       terms(a->kind), a->organisation_known ? "known" : "not known", audit_confidence_text(a->confidence));
	say(a->evidence);
	putchar('\n');
}

static void text_row(const struct audit_row *r)
{
	static const char mark[_AUDIT_GRADES] = { '+', ' ', '!', '?' };

	printf("  %c %-11s ", r->grade < _AUDIT_GRADES ? mark[r->grade] : '?', audit_area_text(r->area));
	if (r->tool[0]) {
		say(r->tool);
		fputs(": ", stdout);
	}
	say(r->what);
	if (r->why[0]) {
		fputs("\n                why:  ", stdout);
		say(r->why);
	}
	if (r->todo[0]) {
		fputs("\n                do:   ", stdout);
		say(r->todo);
	}
	fputs("\n                seen: ", stdout);
	say(r->evidence);
	putchar('\n');
}

void audit_print_text(const struct audit_report *r)
{
	struct audit_counts c = audit_count(r);

	for (size_t h = 0; h < r->homes_cnt; h++) {
		const struct audit_home_report *home = &r->homes[h];

		say(home->user);
		printf(" (uid %u), ", home->uid);
		say(home->home);
		putchar('\n');
		if (home->failed)
			printf("  ? not audited: %s\n", home->failed);
		if (!home->failed && !home->found.rows_cnt && !home->found.accounts_cnt)
			puts("  no AI tool was found");
		for (size_t i = 0; i < home->found.accounts_cnt; i++)
			text_account(&home->found.accounts[i]);
		for (size_t i = 0; i < home->found.rows_cnt; i++)
			text_row(&home->found.rows[i]);
		if (home->found.left_out)
			printf("  ? %llu further rows are not shown\n", (unsigned long long)home->found.left_out);
		putchar('\n');
	}
	printf("%zu home%s: %zu warning%s (!), %zu unknown (?)\n", r->homes_cnt, r->homes_cnt == 1 ? "" : "s",
	       c.warnings, c.warnings == 1 ? "" : "s", c.unsure);
}

/* ---- JSON
 * ------------------------------------------------------------------------------------------------------------ */

/* What is escaped is UTF-8 without control characters: quotes and backslashes are what is left. */
static void json_text(const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_line(&b, s, strlen(s));
	putchar('"');
	for (size_t i = 0; i < b.len; i++) {
		if (b.data[i] == '"' || b.data[i] == '\\')
			putchar('\\');
		putchar(b.data[i]);
	}
	putchar('"');
	strbuf_done(&b);
}

static void json_member(const char *key, const char *value)
{
	printf(",\"%s\":", key);
	json_text(value);
}

void audit_print_json(const struct audit_report *r)
{
	struct audit_counts c = audit_count(r);
	char time[32];

	time_text(r->time_s, time, sizeof(time));
	printf("{\"schema\":%d,\"kind\":\"audit\"", SCHEMA);
	json_member("time", time);
	json_member("host", r->host);
	printf(",\"warnings\":%zu,\"unknown\":%zu,\"homes\":[", c.warnings, c.unsure);
	for (size_t h = 0; h < r->homes_cnt; h++) {
		const struct audit_home_report *home = &r->homes[h];

		printf("%s{\"uid\":%u", h ? "," : "", home->uid);
		json_member("user", home->user);
		json_member("home", home->home);
		printf(",\"complete\":%s",
		       !home->failed && home->found.whole && !home->found.left_out ? "true" : "false");
		if (home->failed)
			json_member("error", home->failed);
		fputs(",\"accounts\":[", stdout);
		for (size_t i = 0; i < home->found.accounts_cnt; i++) {
			const struct audit_account *a = &home->found.accounts[i];

			printf("%s{\"tool\":", i ? "," : "");
			json_text(a->tool);
			json_member("kind", audit_kind_text(a->kind));
			if (a->plan[0])
				json_member("plan", a->plan);
			printf(",\"organisation_known\":%s", a->organisation_known ? "true" : "false");
			json_member("evidence", a->evidence);
			json_member("confidence", audit_confidence_text(a->confidence));
			putchar('}');
		}
		fputs("],\"rows\":[", stdout);
		for (size_t i = 0; i < home->found.rows_cnt; i++) {
			const struct audit_row *row = &home->found.rows[i];

			printf("%s{\"grade\":\"%s\",\"area\":\"%s\"", i ? "," : "", audit_grade_text(row->grade),
			       audit_area_text(row->area));
			if (row->tool[0])
				json_member("tool", row->tool);
			json_member("what", row->what);
			json_member("why", row->why);
			json_member("do", row->todo);
			json_member("evidence", row->evidence);
			putchar('}');
		}
		fputs("]}", stdout);
	}
	puts("]}");
}

/* ---- HTML
 * ------------------------------------------------------------------------------------------------------------ */

static void html(const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_line(&b, s, strlen(s));
	for (size_t i = 0; i < b.len; i++) {
		switch (b.data[i]) {
		case '&':
			fputs("&amp;", stdout);
			break;
		case '<':
			fputs("&lt;", stdout);
			break;
		case '>':
			fputs("&gt;", stdout);
			break;
		case '"':
			fputs("&quot;", stdout);
			break;
		case '\'':
			fputs("&#39;", stdout);
			break;
		default:
			putchar(b.data[i]);
		}
	}
	strbuf_done(&b);
}

static void cell(const char *s)
{
	fputs("<td>", stdout);
	html(s);
	fputs("</td>", stdout);
}

static void html_home(const struct audit_home_report *home)
{
	fputs("<h2>", stdout);
	html(home->user);
	fputs(" <small>", stdout);
	html(home->home);
	puts("</small></h2>");
	if (home->failed || !home->found.whole)
		puts("<p class=\"unknown\">This home was not audited to its end.</p>");
	if (home->found.accounts_cnt)
		puts("<h3>Sign-ins</h3><table><tr><th>tool<th>terms<th>plan<th>organisation<th>meaning<th>confidence<th>seen in</tr>");
	for (size_t i = 0; i < home->found.accounts_cnt; i++) {
		const struct audit_account *a = &home->found.accounts[i];

		fputs("<tr>", stdout);
		cell(a->tool);
		cell(audit_kind_text(a->kind));
		cell(a->plan);
		cell(a->organisation_known ? "known" : "not known");
		cell(terms(a->kind));
		cell(audit_confidence_text(a->confidence));
		cell(a->evidence);
		puts("</tr>");
	}
	if (home->found.accounts_cnt)
		puts("</table>");
	if (home->found.rows_cnt)
		puts("<h3>Settings and files</h3><table><tr><th>grade<th>area<th>tool<th>what is<th>why it matters<th>what to do<th>seen in</tr>");
	for (size_t i = 0; i < home->found.rows_cnt; i++) {
		const struct audit_row *r = &home->found.rows[i];

		printf("<tr class=\"%s\">", audit_grade_text(r->grade));
		cell(audit_grade_text(r->grade));
		cell(audit_area_text(r->area));
		cell(r->tool);
		cell(r->what);
		cell(r->why);
		cell(r->todo);
		cell(r->evidence);
		puts("</tr>");
	}
	puts(home->found.rows_cnt ? "</table>" : "");
}

void audit_print_html(const struct audit_report *r)
{
	struct audit_counts c = audit_count(r);
	char time[32];

	time_text(r->time_s, time, sizeof(time));
	puts("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	     "<title>Audit of AI tools</title>\n"
	     "<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:4px;"
	     "text-align:left;vertical-align:top}.warning td:first-child{background:#fdd}.unknown td:first-child,p.unknown{background:#ffd}"
	     ".good td:first-child{background:#dfd}small{color:#666}</style></head><body>\n<h1>Audit of AI tools</h1>");
	fputs("<p>", stdout);
	html(r->host);
	printf(", %s: %zu warnings, %zu unknown.</p>\n", time, c.warnings, c.unsure);
	for (size_t h = 0; h < r->homes_cnt; h++)
		html_home(&r->homes[h]);
	puts("</body></html>");
}
