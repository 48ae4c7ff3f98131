/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: taking JSON's escapes away, which parts of a text are worth it once more, and the way back. */
#include "scan/decode.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define GAP 256 /* bytes without a backslash that still belong to a part which has some */

static int hex4(const char *s, size_t len)
{
	int v = 0;

	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* One escape at s, which is a backslash: bytes it takes, and what it stands for (at most as many bytes). */
static size_t unit(const char *s, size_t len, char ret[4], size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known = len > 1 && s[1] ? strchr(from, s[1]) : NULL;
	int cp;

	if (known) {
		ret[0] = to[known - from];
		*ret_len = 1;
		return 2;
	}
	cp = len > 1 && s[1] == 'u' ? hex4(s + 2, len - 2) : -1;
	if (cp < 0) {
		ret[0] = '\\';
		*ret_len = 1;
		return 1;
	}
	if (cp < 0x80) {
		ret[0] = (char)cp;
		*ret_len = 1;
	} else if (cp < 0x800) {
		ret[0] = (char)(0xc0 | cp >> 6);
		ret[1] = (char)(0x80 | (cp & 0x3f));
		*ret_len = 2;
	} else { /* halves of a pair come out as three bytes each: no secret has such */
		ret[0] = (char)(0xe0 | cp >> 12);
		ret[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (cp & 0x3f));
		*ret_len = 3;
	}
	return 6;
}

size_t decode_escapes(const char *src, size_t len, char *out)
{
	size_t at = 0, to = 0;

	while (at < len) {
		const char *slash = memchr(src + at, '\\', len - at);
		size_t plain = slash ? (size_t)(slash - (src + at)) : len - at, n;
		char bytes[4];

		memcpy(out + to, src + at, plain);
		to += plain;
		at += plain;
		if (at == len)
			break;
		at += unit(src + at, len - at, bytes, &n);
		memcpy(out + to, bytes, n);
		to += n;
	}
	return to;
}

/* Where in src the unit begins that gives the byte at out. */
static size_t source_of(const char *src, size_t len, size_t out)
{
	size_t at = 0, to = 0;

	while (at < len) {
		const char *slash = memchr(src + at, '\\', len - at);
		size_t plain = slash ? (size_t)(slash - (src + at)) : len - at, n, taken;
		char bytes[4];

		if (out < to + plain)
			return at + (out - to);
		to += plain;
		at += plain;
		if (at == len)
			break;
		taken = unit(src + at, len - at, bytes, &n);
		if (out < to + n)
			return at;
		to += n;
		at += taken;
	}
	return len;
}

void decode_place(const struct decode_level *level, size_t at, size_t len, size_t *ret_at, size_t *ret_len)
{
	size_t end = at + len;

	for (; level; level = level->up) {
		if (level->decoded) {
			at = source_of(level->src, level->src_len, at);
			end = source_of(level->src, level->src_len, end);
		}
		at += level->offset;
		end += level->offset;
	}
	*ret_at = at;
	*ret_len = end - at;
}

static int deeper(const char *text, size_t len, const struct decode_level *up, unsigned int depth, decode_text fn,
                  void *arg);

static int part(const char *text, size_t from, size_t to, const struct decode_level *up, unsigned int depth,
                decode_text fn, void *arg)
{
	struct decode_level level = { up, from, text + from, to - from, true };
	cleanup_free char *out = malloc(to - from ? to - from : 1);
	size_t n;

	if (!out)
		return -ENOMEM;
	n = decode_escapes(text + from, to - from, out);
	fn(arg, out, n, &level);
	return deeper(out, n, &level, depth + 1, fn, arg);
}

/* Parts with backslashes, from the beginning of a line to the end of one. */
static int deeper(const char *text, size_t len, const struct decode_level *up, unsigned int depth, decode_text fn,
                  void *arg)
{
	size_t at = 0;

	if (depth >= DECODE_DEPTH)
		return 0;
	while (at < len) {
		const char *slash = memchr(text + at, '\\', len - at), *next, *line;
		size_t from, to;
		int err;

		if (!slash)
			return 0;
		from = (size_t)(slash - text);
		line = memrchr(text + at, '\n', from - at);
		from = line ? (size_t)(line - text) + 1 : at;
		for (to = (size_t)(slash - text); to < len; to = (size_t)(next - text) + 1) {
			next = memchr(text + to + 1, '\\', len - to - 1);
			if (!next || (size_t)(next - text) - to > GAP) {
				line = to + 1 < len ? memchr(text + to + 1, '\n', len - to - 1) : NULL;
				to = line ? (size_t)(line - text) + 1 : len;
				if (!next || (size_t)(next - text) >= to)
					break;
			}
		}
		to = to < len ? to : len;
		err = part(text, from, to, up, depth, fn, arg);
		if (err)
			return err;
		at = to;
	}
	return 0;
}

int decode_search(const char *text, size_t len, bool json, decode_text fn, void *arg)
{
	struct decode_level level = { NULL, 0, text, len, false };

	if (json && memchr(text, '\\', len))
		return part(text, 0, len, NULL, 0, fn, arg);
	fn(arg, text, len, &level);
	return json ? 0 : deeper(text, len, &level, 0, fn, arg);
}
