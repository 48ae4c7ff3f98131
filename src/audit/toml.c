/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: reading TOML. Knows no key. Allocates nothing: depth and lengths are bounded, so that time and memory are too.
 */
#include "audit/toml.h"

#include <stdint.h>
#include <string.h>

struct reader {
	const char *at, *end;
	struct toml_key table, key; /* of the [table] at hand; of the value at hand */
	bool lost;                  /* a key too long or too deep: its values are not reported */
	bool table_lost;
	toml_value fn;
	void *arg;
	char value[TOML_VALUE];
};

static bool more(const struct reader *r)
{
	return r->at < r->end;
}

static bool take(struct reader *r, char c)
{
	if (!more(r) || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void skip_blanks(struct reader *r)
{
	while (more(r) && (*r->at == ' ' || *r->at == '\t'))
		r->at++;
}

static void skip_comment(struct reader *r)
{
	if (more(r) && *r->at == '#')
		while (more(r) && *r->at != '\n')
			r->at++;
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		skip_comment(r);
		if (!more(r) || (*r->at != '\n' && *r->at != '\r'))
			return;
		r->at++;
	}
}

static bool starts(const struct reader *r, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(r->end - r->at) >= len && !memcmp(r->at, text, len);
}

struct out {
	char *to;
	size_t len, size;
	bool cut;
};

static void out_byte(struct out *o, char c)
{
	if (o->len + 1 < o->size && c)
		o->to[o->len++] = c;
	else
		o->cut = true;
}

static void out_point(struct out *o, uint32_t cp)
{
	if (cp < 0x80) {
		out_byte(o, (char)cp);
	} else if (cp < 0x800) {
		out_byte(o, (char)(0xc0 | cp >> 6));
		out_byte(o, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		out_byte(o, (char)(0xe0 | cp >> 12));
		out_byte(o, (char)(0x80 | (cp >> 6 & 0x3f)));
		out_byte(o, (char)(0x80 | (cp & 0x3f)));
	} else {
		out_byte(o, (char)(0xf0 | cp >> 18));
		out_byte(o, (char)(0x80 | (cp >> 12 & 0x3f)));
		out_byte(o, (char)(0x80 | (cp >> 6 & 0x3f)));
		out_byte(o, (char)(0x80 | (cp & 0x3f)));
	}
}

static bool hex(struct reader *r, unsigned int digits, uint32_t *ret)
{
	uint32_t v = 0;

	for (; digits; digits--, r->at++) {
		char c = more(r) ? *r->at : '\0';

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return v <= 0x10ffff;
}

/* After a backslash of a basic string. */
static bool escape(struct reader *r, struct out *o, bool lines)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	const char *known;
	uint32_t cp = 0;
	char c;

	if (!more(r))
		return false;
	c = *r->at;
	known = memchr(from, c, sizeof(from) - 1);
	if (known) {
		out_byte(o, to[known - from]);
		r->at++;
		return true;
	}
	if (c == 'u' || c == 'U') {
		r->at++;
		if (!hex(r, c == 'u' ? 4 : 8, &cp))
			return false;
		out_point(o, cp);
		return true;
	}
	if (!lines)
		return false;
	while (more(r) && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
	return true;
}

/* A string of any form, at its first quote. False: it has no end, or holds what it may not. */
static bool string(struct reader *r, struct out *o)
{
	char quote = *r->at;
	char three[4] = { quote, quote, quote, '\0' };
	bool lines = starts(r, three);

	r->at += lines ? 3 : 1;
	if (lines) {
		take(r, '\r');
		take(r, '\n');
	}
	while (more(r)) {
		if (lines ? starts(r, three) : *r->at == quote) {
			/* Up to two more quotes belong to the string. */
			r->at += lines ? 3 : 1;
			for (int i = 0; lines && i < 2 && more(r) && *r->at == quote; i++, r->at++)
				out_byte(o, quote);
			if (o->size)
				o->to[o->len] = '\0';
			return true;
		}
		if (*r->at == '\n' && !lines)
			return false;
		if (*r->at == '\\' && quote == '"') {
			r->at++;
			if (!escape(r, o, lines))
				return false;
			continue;
		}
		out_byte(o, *r->at++);
	}
	return false;
}

static bool bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Dotted parts, added to k. *lost: they do not fit. */
static bool key(struct reader *r, struct toml_key *k, bool *lost)
{
	static char spare[TOML_PART];

	do {
		bool fits = k->cnt < TOML_PARTS;
		struct out o = { fits ? k->part[k->cnt] : spare, 0, TOML_PART, false };

		skip_blanks(r);
		if (!more(r))
			return false;
		if (*r->at == '"' || *r->at == '\'') {
			if (!string(r, &o))
				return false;
		} else {
			if (!bare(*r->at))
				return false;
			while (more(r) && bare(*r->at))
				out_byte(&o, *r->at++);
			o.to[o.len] = '\0';
		}
		*lost = *lost || !fits || o.cut;
		k->cnt += fits;
		skip_blanks(r);
	} while (take(r, '.'));
	return true;
}

static bool value(struct reader *r, unsigned int depth);

static bool array(struct reader *r, unsigned int depth)
{
	r->at++;
	for (;;) {
		skip_lines(r);
		if (take(r, ']'))
			return true;
		if (!value(r, depth + 1))
			return false;
		skip_lines(r);
		if (take(r, ','))
			continue;
		return take(r, ']');
	}
}

static bool inline_table(struct reader *r, unsigned int depth)
{
	size_t cnt = r->key.cnt;
	bool lost = r->lost;

	r->at++;
	for (;;) {
		skip_lines(r);
		if (take(r, '}'))
			return true;
		if (!key(r, &r->key, &r->lost) || !take(r, '='))
			return false;
		skip_blanks(r);
		if (!value(r, depth + 1))
			return false;
		r->key.cnt = cnt;
		r->lost = lost;
		skip_lines(r);
		if (take(r, ','))
			continue;
		return take(r, '}');
	}
}

static bool value(struct reader *r, unsigned int depth)
{
	struct out o = { r->value, 0, sizeof(r->value), false };
	bool is_string;

	if (!more(r) || depth > TOML_NESTED)
		return false;
	if (*r->at == '[')
		return array(r, depth);
	if (*r->at == '{')
		return inline_table(r, depth);
	is_string = *r->at == '"' || *r->at == '\'';
	if (is_string) {
		if (!string(r, &o))
			return false;
	} else {
		while (more(r) && (bare(*r->at) || strchr("+.:", *r->at)) && *r->at)
			out_byte(&o, *r->at++);
		if (!o.len)
			return false;
		o.to[o.len] = '\0';
	}
	if (!r->lost)
		r->fn(r->arg, &r->key, r->value, is_string);
	return true;
}

static bool table(struct reader *r)
{
	bool many;

	r->at++;
	many = take(r, '[');
	r->table.cnt = 0;
	r->table_lost = false;
	return key(r, &r->table, &r->table_lost) && take(r, ']') && (!many || take(r, ']'));
}

bool toml_read(const char *text, size_t len, toml_value fn, void *arg)
{
	struct reader r = { .at = text, .end = text + len, .fn = fn, .arg = arg };

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		r.at += 3;
	for (;;) {
		skip_lines(&r);
		if (!more(&r))
			return true;
		if (*r.at == '[') {
			if (!table(&r))
				return false;
		} else {
			r.key = r.table;
			r.lost = r.table_lost;
			if (!key(&r, &r.key, &r.lost) || !take(&r, '='))
				return false;
			skip_blanks(&r);
			if (!value(&r, 0))
				return false;
		}
		skip_blanks(&r);
		skip_comment(&r);
		if (more(&r) && *r.at != '\n' && *r.at != '\r')
			return false;
	}
}
