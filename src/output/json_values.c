/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how a value is written as JSON, straight into the buffer. */
#include "output/json.h"

#include "base/escape.h"
#include "base/width.h"
#include "output/format.h"

static const char hex[] = "0123456789abcdef";

/* Bytes that stand for themselves within a JSON string. */
static const bool plain[256] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

static void add_unit(struct strbuf *b, unsigned int unit)
{
	char text[6] = { '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15] };

	strbuf_add(b, text, sizeof(text));
}

static void add_escape(struct strbuf *b, unsigned char c)
{
	switch (c) {
	case '"':
		LIT(b, "\\\"");
		break;
	case '\\':
		LIT(b, "\\\\");
		break;
	case '\n':
		LIT(b, "\\n");
		break;
	case '\r':
		LIT(b, "\\r");
		break;
	case '\t':
		LIT(b, "\\t");
		break;
	default:
		add_unit(b, c);
	}
}

/* The inside of a string. False: it held bytes that are not UTF-8. */
bool json_chars(struct strbuf *b, const char *s, size_t len)
{
	bool valid = true;
	size_t i = 0;

	while (i < len) {
		size_t start = i;
		unsigned int n;
		uint32_t cp;

		while (i < len && plain[(unsigned char)s[i]])
			i++;
		if (i > start)
			strbuf_add(b, s + start, i - start);
		if (i == len)
			break;
		if ((unsigned char)s[i] < 0x80) {
			add_escape(b, (unsigned char)s[i++]);
			continue;
		}
		n = utf8_next(s + i, len - i, &cp);
		if (!n) {
			LIT(b, "\xef\xbf\xbd");
			valid = false;
			i++;
			continue;
		}
		if (!escape_hidden(cp)) {
			strbuf_add(b, s + i, n);
		} else if (cp < 0x10000) {
			add_unit(b, cp);
		} else {
			add_unit(b, 0xd800 + ((cp - 0x10000) >> 10));
			add_unit(b, 0xdc00 + (cp & 0x3ff));
		}
		i += n;
	}
	return valid;
}

void json_str(struct strbuf *b, const char *s)
{
	strbuf_addc(b, '"');
	json_chars(b, s, strlen(s));
	strbuf_addc(b, '"');
}

void json_bool(struct strbuf *b, bool v)
{
	if (v)
		LIT(b, "true");
	else
		LIT(b, "false");
}

void json_str_or_null(struct strbuf *b, const char *s)
{
	if (s)
		json_str(b, s);
	else
		LIT(b, "null");
}

void json_id(struct strbuf *b, uint64_t start_ns, uint32_t pid)
{
	strbuf_addc(b, '"');
	format_id(b, start_ns, pid);
	strbuf_addc(b, '"');
}

void json_hex(struct strbuf *b, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		strbuf_add(b, (char[]){ hex[c >> 4], hex[c & 15] }, 2);
	}
}
