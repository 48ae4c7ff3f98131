/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * File names, arguments and host names are hostile text. Nothing of them reaches a terminal or a log but through
 * here: what would move the cursor, change colours, hide or reorder text becomes visible.
 */
#ifndef SLUICE_BASE_ESCAPE_H
#define SLUICE_BASE_ESCAPE_H

#include <stdbool.h>

#include "base/strbuf.h"

/*
 * Appends s for a terminal, on one line. Newline, tab, carriage return and escape become \n \t \r \e, other control bytes and
 * bytes that are not UTF-8 \xNN, C1 controls, direction marks and characters without a shape \u{NNNN}, and so do more than four
 * combining marks in a row. A backslash is doubled, so that no two texts look the same.
 */
void escape_text(struct strbuf *b, const char *s, size_t len);

/* The same without doubling backslashes: for a line that holds escaped parts already (log messages, rule messages). */
void escape_line(struct strbuf *b, const char *s, size_t len);

/* An argument as a shell would need it: escaped, in double quotes when it is empty or holds blanks, quotes or shell signs. */
void escape_arg(struct strbuf *b, const char *s, size_t len);

/* True for a code point that no output shows as it is: control, direction, format, noncharacter. JSON writes it as \uNNNN. */
bool escape_hidden(unsigned int cp);

#endif /* SLUICE_BASE_ESCAPE_H */
