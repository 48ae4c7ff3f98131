/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* How json.c writes values. */
#ifndef SLUICE_OUTPUT_JSON_H
#define SLUICE_OUTPUT_JSON_H

#include <string.h>

#include "base/strbuf.h"
#include "report/report.h"

#define LIT(b, text) strbuf_add(b, "" text, sizeof(text) - 1)

/* The inside of a string. False: it held bytes that are not UTF-8. */
bool json_chars(struct strbuf *b, const char *s, size_t len);
void json_str(struct strbuf *b, const char *s);
void json_str_or_null(struct strbuf *b, const char *s);
void json_bool(struct strbuf *b, bool v);

/* The inside of a string: two digits a byte. */
void json_hex(struct strbuf *b, const char *bytes, size_t len);

/* As format_id(). */
void json_id(struct strbuf *b, uint64_t start_ns, uint32_t pid);

#endif /* SLUICE_OUTPUT_JSON_H */
