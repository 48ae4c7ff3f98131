/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The pieces that json.c puts together. Private to output/. */
#ifndef SLUICE_OUTPUT_JSON_H
#define SLUICE_OUTPUT_JSON_H

#include <string.h>

#include "base/strbuf.h"
#include "correlate/report.h"

#define LIT(b, text) strbuf_add(b, "" text, sizeof(text) - 1)

/* "," and a key, then its value. The key is a constant. */
#define KEY(b, key) LIT(b, ",\"" key "\":")
#define STR(b, key, s)             \
	do {                       \
		KEY(b, key);       \
		json_str(b, s);    \
	} while (0)
#define NUM(b, key, n)             \
	do {                       \
		KEY(b, key);       \
		strbuf_addu(b, n); \
	} while (0)
/* Left out when it is not known. */
#define STR_IF(b, key, s)                  \
	do {                               \
		if ((s)[0])                \
			STR(b, key, s);    \
	} while (0)

/* The inside of a string. False: it held bytes that are not UTF-8. */
bool json_chars(struct strbuf *b, const char *s, size_t len);
void json_str(struct strbuf *b, const char *s);
void json_str_or_null(struct strbuf *b, const char *s);
void json_bool(struct strbuf *b, bool v);

/* The inside of a string: two digits a byte. */
void json_hex(struct strbuf *b, const char *bytes, size_t len);

/* As format_id(). */
void json_id(struct strbuf *b, uint64_t start_ns, uint32_t pid);

/* json_net.c: ,"net":{...} of net.connect, and of net.hello and net.flow. */
void json_net(struct strbuf *b, const struct report *r);
void json_flow(struct strbuf *b, const struct report *r);

/* json_incident.c: ,"incident":{...} */
void json_incident(struct strbuf *b, const struct report *r);

#endif /* SLUICE_OUTPUT_JSON_H */
