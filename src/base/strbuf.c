/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of one text under construction. Knows nothing of what is written. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool strbuf_reserve(struct strbuf *b, size_t more)
{
	size_t size = b->size ? b->size : 128;
	char *data;

	if (b->failed)
		return false;
	if (b->size - b->len > more)
		return true;
	while (size - b->len <= more) {
		if (size > (size_t)1 << 40) {
			b->failed = true;
			return false;
		}
		size *= 2;
	}
	data = realloc(b->data, size);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->size = size;
	return true;
}

void strbuf_done(struct strbuf *b)
{
	free(b->data);
	*b = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

void strbuf_add(struct strbuf *b, const void *bytes, size_t len)
{
	if (!strbuf_reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addu(struct strbuf *b, unsigned long long n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	strbuf_add(b, digits + at, sizeof(digits) - at);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list args;
	int need;

	va_start(args, fmt);
	need = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (need < 0) {
		b->failed = true;
		return;
	}
	if (!strbuf_reserve(b, (size_t)need))
		return;
	va_start(args, fmt);
	vsnprintf(b->data + b->len, (size_t)need + 1, fmt, args);
	va_end(args);
	b->len += (size_t)need;
}
