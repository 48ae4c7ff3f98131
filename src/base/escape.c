/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which characters may be shown as they are. Knows nothing of lines, columns or JSON. */
#include "base/escape.h"

#include <stdint.h>
#include <string.h>

#include "base/width.h"

/* A base letter carries at most this many combining marks; more would paint over the lines around. */
#define MARKS_MAX 4

#define BACKSLASH 0x1 /* double it */
#define QUOTED 0x2    /* within double quotes */

bool escape_hidden(unsigned int cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return true;
	if (cp < 0x300)
		return cp == 0xad;
	switch (cp) {
	case 0x034f: /* combining grapheme joiner */
	case 0x061c: /* Arabic letter mark */
	case 0x115f ... 0x1160: /* Hangul fillers */
	case 0x17b4 ... 0x17b5: /* Khmer inherent vowels */
	case 0x180b ... 0x180f: /* Mongolian selectors */
	case 0x200b ... 0x200f: /* zero width, direction marks */
	case 0x2028 ... 0x202e: /* separators, direction embedding */
	case 0x2060 ... 0x206f: /* joiners, isolates */
	case 0x3164: /* Hangul filler */
	case 0xfe00 ... 0xfe0f: /* variation selectors */
	case 0xfeff: /* byte order mark */
	case 0xffa0: /* Hangul filler, half width */
	case 0xfff0 ... 0xfffb: /* annotation */
	case 0x1bca0 ... 0x1bca3: /* shorthand format */
	case 0x1d173 ... 0x1d17a: /* musical format */
	case 0xe0000 ... 0xe0fff: /* tags, more selectors */
		return true;
	}
	return (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef);
}

static void add_byte(struct strbuf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '\n':
		strbuf_add(b, "\\n", 2);
		return;
	case '\t':
		strbuf_add(b, "\\t", 2);
		return;
	case '\r':
		strbuf_add(b, "\\r", 2);
		return;
	case '\033':
		strbuf_add(b, "\\e", 2);
		return;
	default:
		strbuf_add(b, text, sizeof(text));
	}
}

/* Bytes of ASCII at s that need no change. */
static size_t plain_run(const char *s, size_t len, unsigned int flags)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c >= 0x7f)
			break;
		if (c == '\\' && flags & (BACKSLASH | QUOTED))
			break;
		if (c == '"' && flags & QUOTED)
			break;
	}
	return i;
}

static void escape(struct strbuf *b, const char *s, size_t len, unsigned int flags)
{
	unsigned int marks = MARKS_MAX; /* a mark at the beginning has no base of its own */
	size_t i = 0;

	while (i < len) {
		size_t run = plain_run(s + i, len - i, flags);
		unsigned int n;
		uint32_t cp;

		if (run) {
			strbuf_add(b, s + i, run);
			i += run;
			marks = 0;
			continue;
		}
		n = utf8_next(s + i, len - i, &cp);
		if (n && cp >= 0x80) {
			marks = width_of(cp) ? 0 : marks + 1;
			if (escape_hidden(cp) || marks > MARKS_MAX)
				strbuf_addf(b, "\\u{%04x}", cp);
			else
				strbuf_add(b, s + i, n);
			i += n;
			continue;
		}
		if (s[i] == '\\' || s[i] == '"') {
			strbuf_addc(b, '\\');
			strbuf_addc(b, s[i]);
		} else {
			add_byte(b, (unsigned char)s[i]);
		}
		marks = 0;
		i++;
	}
}

void escape_text(struct strbuf *b, const char *s, size_t len)
{
	escape(b, s, len, BACKSLASH);
}

void escape_line(struct strbuf *b, const char *s, size_t len)
{
	escape(b, s, len, 0);
}

void escape_arg(struct strbuf *b, const char *s, size_t len)
{
	bool quote = !len;

	for (size_t i = 0; i < len && !quote; i++)
		quote = s[i] && strchr(" \t\n\"'`$&|;<>()*?#!~{}", s[i]);
	if (!quote) {
		escape(b, s, len, BACKSLASH);
		return;
	}
	strbuf_addc(b, '"');
	escape(b, s, len, QUOTED);
	strbuf_addc(b, '"');
}
