/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the lines of `sluice log`. JSON is the line as it was emitted. Names are hostile: text goes through base/escape.h, and a cell of
 * CSV that a spreadsheet would take for a formula gets an apostrophe before it.
 */
#include "cli/log_print.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "output/format.h"

int log_format_from_str(const char *s, enum log_format *ret)
{
	static const char *const names[] = { [LOG_TEXT] = "text", [LOG_JSON] = "json", [LOG_CSV] = "csv" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum log_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_time(struct strbuf *b, uint64_t ns)
{
	struct strbuf t = STRBUF_INIT;

	format_time(&t, ns);
	strbuf_add(b, strbuf_str(&t), t.len > 24 ? 23 : t.len);
	strbuf_addc(b, 'Z');
	strbuf_done(&t);
}

/* ---- text ------------------------------------------------------------------------------------------------------------ */

static void add(struct strbuf *b, const char *before, const char *s)
{
	if (!s[0])
		return;
	strbuf_adds(b, before);
	escape_text(b, s, strlen(s));
}

/* What an event without file and host is about. */
static void add_about(struct strbuf *b, struct store_reader *r, const struct store_row *row)
{
	static const char *const about[][2] = {
		{ "loss", "$.loss.reason" }, { "incident", "$.incident.reads[0].path" }, { "lineage.kept", "$.unit" }, { "proc.exec", "$.process.exe" },
		{ "proc.exit", "$.process.exe" }, { "session.start", "$.process.exe" },
	};
	const char *path = "$.text";

	for (size_t i = 0; i < ARRAY_SIZE(about); i++)
		if (!strcmp(row->text[STORE_KIND], about[i][0]))
			path = about[i][1];
	add(b, "  ", store_json(r, row->text[STORE_LINE], path));
	if (!strcmp(row->text[STORE_KIND], "loss"))
		add(b, " x", store_json(r, row->text[STORE_LINE], "$.loss.count"));
	if (!strcmp(row->text[STORE_KIND], "incident")) {
		const char *host = store_json(r, row->text[STORE_LINE], "$.incident.flows[0].host");

		add(b, " then sent to ", host[0] ? host : store_json(r, row->text[STORE_LINE], "$.incident.flows[0].addr"));
		add(b, ", confidence ", store_json(r, row->text[STORE_LINE], "$.incident.confidence"));
	}
}

static const char *word(const struct store_row *row)
{
	const char *taken = row->text[STORE_TAKEN], *verdict = row->text[STORE_VERDICT];

	if (taken[0])
		return taken;
	if (verdict[0])
		return verdict;
	return row->text[STORE_SEVERITY][0] ? row->text[STORE_SEVERITY] : "-";
}

/* A file that was handed over can hold anything. */
static void add_padded(struct strbuf *b, const char *s, size_t width)
{
	size_t from;

	strbuf_adds(b, "  ");
	from = b->len;
	escape_text(b, s, strlen(s));
	for (size_t n = b->len - from; n < width; n++)
		strbuf_addc(b, ' ');
}

static void add_text(struct strbuf *b, struct store_reader *r, const struct store_row *row)
{
	const char *repeats = strstr(row->text[STORE_LINE], ",\"repeats\":") ? store_json(r, row->text[STORE_LINE], "$.repeats") : "";

	log_time(b, row->time_ns);
	add_padded(b, word(row), 6);
	add_padded(b, row->text[STORE_KIND], 14);
	add(b, "  ", row->text[STORE_TOOL][0] ? row->text[STORE_TOOL] : "-");
	add(b, "  ", row->text[STORE_SESSION]);
	add(b, "  ", row->text[STORE_PATH]);
	add(b, "  ", row->text[STORE_HOST]);
	if (!row->text[STORE_PATH][0] && !row->text[STORE_HOST][0])
		add_about(b, r, row);
	add(b, "  rule ", row->text[STORE_RULE]);
	if (row->text[STORE_TAKEN][0] || row->text[STORE_VERDICT][0])
		add(b, "  ", row->text[STORE_SEVERITY]);
	add(b, "  x", repeats);
	strbuf_addc(b, '\n');
}

/* ---- CSV (RFC 4180) -------------------------------------------------------------------------------------------------- */

static void add_cell(struct strbuf *b, const char *s)
{
	bool formula = s[0] && strchr("=+-@\t\r", s[0]);

	if (!formula && !strpbrk(s, ",\"\r\n ")) {
		strbuf_adds(b, s);
		return;
	}
	strbuf_addc(b, '"');
	if (formula)
		strbuf_addc(b, '\'');
	for (; *s; s++) {
		if (*s == '"')
			strbuf_addc(b, '"');
		strbuf_addc(b, *s);
	}
	strbuf_addc(b, '"');
}

void log_head(struct strbuf *b)
{
	strbuf_adds(b, "n,time,user");
	for (size_t i = 0; i < STORE_LINE; i++)
		strbuf_addf(b, ",%s", store_text_name((enum store_text)i));
	strbuf_adds(b, "\r\n");
}

static void add_csv(struct strbuf *b, const struct store_hit *hit)
{
	strbuf_addf(b, "%lld,", (long long)hit->n);
	log_time(b, hit->row.time_ns);
	strbuf_addc(b, ',');
	if (hit->row.user != STORE_NOBODY)
		strbuf_addf(b, "%lld", (long long)hit->row.user);
	for (size_t i = 0; i < STORE_LINE; i++) {
		struct strbuf clean = STRBUF_INIT;

		/* A spreadsheet reorders text as a terminal does. */
		escape_line(&clean, hit->row.text[i], strlen(hit->row.text[i]));
		strbuf_addc(b, ',');
		add_cell(b, strbuf_str(&clean));
		strbuf_done(&clean);
	}
	strbuf_adds(b, "\r\n");
}

void log_row(struct strbuf *b, struct store_reader *r, const struct store_hit *hit, enum log_format format)
{
	switch (format) {
	case LOG_TEXT:
		add_text(b, r, &hit->row);
		break;
	case LOG_JSON:
		strbuf_adds(b, hit->row.text[STORE_LINE]);
		strbuf_addc(b, '\n');
		break;
	case LOG_CSV:
		add_csv(b, hit);
		break;
	case _LOG_FORMAT_MAX:
		break;
	}
}
