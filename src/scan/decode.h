/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Text as it was before it was put into JSON strings, once or several times: secrets are looked for in it decoded, and
 * a place in the decoded text leads back to the bytes of the file. Escapes are taken away wherever they stand, so that
 * broken lines, parts of a line and JSON in other text are read too.
 */
#ifndef SLUICE_SCAN_DECODE_H
#define SLUICE_SCAN_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#define DECODE_DEPTH 3

/* Text at one level: src decoded is text. up NULL: src is the file's own bytes, at offset in what was given to
 * decode_search(). */
struct decode_level {
	const struct decode_level *up;
	size_t offset; /* of src in up's text */
	const char *src;
	size_t src_len;
	bool decoded; /* false: text is src */
};

/* Called with each text. level ends with the call. */
typedef void (*decode_text)(void *arg, const char *text, size_t len, const struct decode_level *level);

/* json: the bytes are JSON all over, so that only decoded text is of interest. -ENOMEM. */
int decode_search(const char *text, size_t len, bool json, decode_text fn, void *arg);

/* Where the bytes of text[at..at+len) are in what was given to decode_search(). */
void decode_place(const struct decode_level *level, size_t at, size_t len, size_t *ret_at, size_t *ret_len);

/* One level: writes at most len bytes to out; returns how many. */
size_t decode_escapes(const char *src, size_t len, char *out);

#endif /* SLUICE_SCAN_DECODE_H */
