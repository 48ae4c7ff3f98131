/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The description of events as documents, printed from report/fields.c. */
#ifndef SLUICE_REPORT_SCHEMA_H
#define SLUICE_REPORT_SCHEMA_H

#include "base/strbuf.h"

enum schema_format {
	SCHEMA_MARKDOWN,   /* the reference for people */
	SCHEMA_JSON,       /* JSON Schema, draft 2020-12 */
	SCHEMA_FIELDS,     /* one field a line, columns separated by tabs, the first line names them */
};

/* Appends the document. */
void schema_print(struct strbuf *b, enum schema_format format);

#endif /* SLUICE_REPORT_SCHEMA_H */
