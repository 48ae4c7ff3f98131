/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how text of others gets into a document. Nothing else of this room writes a name by itself. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "evidence/page.h"

#define TEXT_MAX 600 /* bytes of one text that a page shows */

/* Hidden and reordering characters become visible first, then markup. */
void page_text(struct strbuf *b, const char *s)
{
	struct strbuf clean = STRBUF_INIT;
	size_t len = strlen(s);
	bool cut = len > TEXT_MAX;

	if (cut) /* not within a character */
		for (len = TEXT_MAX; len && ((unsigned char)s[len] & 0xc0) == 0x80; len--)
			;
	escape_line(&clean, s, len);
	for (const char *c = strbuf_str(&clean); *c; c++) {
		switch (*c) {
		case '&':
			strbuf_adds(b, "&amp;");
			break;
		case '<':
			strbuf_adds(b, "&lt;");
			break;
		case '>':
			strbuf_adds(b, "&gt;");
			break;
		case '"':
			strbuf_adds(b, "&quot;");
			break;
		case '\'':
			strbuf_adds(b, "&#39;");
			break;
		default:
			strbuf_addc(b, *c);
		}
	}
	if (cut)
		strbuf_adds(b, "...");
	b->failed |= clean.failed;
	strbuf_done(&clean);
}

void page_json_text(struct strbuf *b, const char *s)
{
	struct strbuf clean = STRBUF_INIT;

	escape_line(&clean, s, strlen(s));
	for (const char *c = strbuf_str(&clean); *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_addc(b, '\\');
		strbuf_addc(b, *c);
	}
	b->failed |= clean.failed;
	strbuf_done(&clean);
}

void page_cell(struct strbuf *b, const char *s)
{
	struct strbuf clean = STRBUF_INIT;
	const char *c;

	escape_line(&clean, s, strlen(s));
	c = strbuf_str(&clean);
	strbuf_addc(b, '"');
	if (*c && strchr("=+-@", *c))
		strbuf_addc(b, '\'');
	for (; *c; c++) {
		if (*c == '"')
			strbuf_addc(b, '"');
		strbuf_addc(b, *c);
	}
	strbuf_addc(b, '"');
	b->failed |= clean.failed;
	strbuf_done(&clean);
}

void page_time(struct strbuf *b, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	char text[40];
	struct tm tm;

	if (!ns || !gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		strbuf_adds(b, "-");
	else
		strbuf_addf(b, "%s UTC", text);
}

int page_watched(const struct facts *f)
{
	return f->span_ns ? (int)(f->watched_ns / (f->span_ns / 100 + 1)) : -1;
}
