/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * UTF-8 and columns on a terminal, whatever the locale: an agent run by a service manager has locale "C", and its
 * text is looked at in a UTF-8 terminal all the same.
 */
#ifndef SLUICE_BASE_WIDTH_H
#define SLUICE_BASE_WIDTH_H

#include <stddef.h>
#include <stdint.h>

/*
 * The code point at s. Returns the bytes it takes (1..4), or 0 when they are not UTF-8 (stray or missing
 * continuation, overlong form, surrogate, above U+10FFFF); the caller then takes one byte as it is. len > 0.
 */
unsigned int utf8_next(const char *s, size_t len, uint32_t *ret_cp);

/* Columns of a printable code point: 0 (combining), 1 or 2. Control and format characters are the business of escape.h. */
unsigned int width_of(uint32_t cp);

/* Columns of a text that escape.h has cleaned. A byte that is not UTF-8 counts as one. */
size_t width_text(const char *s, size_t len);

/* Bytes of the longest prefix that takes at most `columns`. Never cuts a code point, nor a base from its accents. */
size_t width_prefix(const char *s, size_t len, size_t columns);

/* Bytes of the longest suffix that takes at most `columns`; it begins with a character that has a width. */
size_t width_suffix(const char *s, size_t len, size_t columns);

#endif /* SLUICE_BASE_WIDTH_H */
