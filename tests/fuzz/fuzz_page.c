/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any name in HTML, JSON and CSV: no byte of it is markup, ends a string or a cell, or is hidden. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "evidence/page.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf b = STRBUF_INIT, j = STRBUF_INIT;
	char *name = malloc(size + 1);
	json_object *o;
	size_t quotes = 0;

	EXPECT(name);
	if (size)
		memcpy(name, data, size);
	name[size] = '\0';
	page_text(&b, name);
	EXPECT(!strpbrk(strbuf_str(&b), "<>\"'"));
	for (const char *c = strbuf_str(&b); *c; c++)
		EXPECT((unsigned char)*c >= ' ' && *c != 0x7f);
	for (const char *c = strbuf_str(&b); (c = strchr(c, '&')); c++)
		EXPECT(!strncmp(c, "&amp;", 5) || !strncmp(c, "&lt;", 4) || !strncmp(c, "&gt;", 4) || !strncmp(c, "&quot;", 6) || !strncmp(c, "&#39;", 5));
	strbuf_adds(&j, "\"");
	page_json_text(&j, name);
	strbuf_adds(&j, "\"");
	o = json_tokener_parse(strbuf_str(&j));
	EXPECT(o && json_object_is_type(o, json_type_string));
	json_object_put(o);
	strbuf_reset(&b);
	page_cell(&b, name);
	for (const char *c = strbuf_str(&b); *c; c++)
		quotes += *c == '"';
	EXPECT(quotes % 2 == 0 && b.len >= 2 && !strpbrk(strbuf_str(&b), "\r\n") && !strchr("=+-@", b.data[1]));
	strbuf_done(&b);
	strbuf_done(&j);
	free(name);
	return 0;
}
