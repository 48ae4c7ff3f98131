/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A growing byte buffer. A failed allocation is sticky: later appends do nothing and strbuf_ok() is false, so a
 * caller may append a whole line and check once.
 */
#ifndef SLUICE_BASE_STRBUF_H
#define SLUICE_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *data;      /* NUL-terminated when not NULL; owned */
	size_t len;      /* without the NUL */
	size_t size;
	bool failed;
};

#define STRBUF_INIT { NULL, 0, 0, false }

void strbuf_done(struct strbuf *b);          /* frees; the buffer is empty and usable again */
void strbuf_reset(struct strbuf *b);         /* len = 0, keeps the memory, clears `failed` */
void strbuf_add(struct strbuf *b, const void *bytes, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addu(struct strbuf *b, unsigned long long n);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline bool strbuf_ok(const struct strbuf *b)
{
	return !b->failed;
}

/* The text, never NULL ("" when empty). Valid until the next append. */
static inline const char *strbuf_str(const struct strbuf *b)
{
	return b->data ? b->data : "";
}

#endif /* SLUICE_BASE_STRBUF_H */
