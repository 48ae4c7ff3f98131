/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The description of every published field of an event: JSON is written by walking it, `sluice schema` and docs/events.md are printed from it. A
 * new field is a member of a struct in report/report.h, set in correlate/build.c, and one row here.
 */
#ifndef SLUICE_REPORT_FIELDS_H
#define SLUICE_REPORT_FIELDS_H

#include "report/report.h"

enum field_type {
	FIELD_SCHEMA,      /* the constant REPORT_SCHEMA */
	FIELD_KIND,        /* enum report_kind, by its name */
	FIELD_TEXT,        /* const char *, NUL-terminated; may be NULL */
	FIELD_CHARS,       /* char[], NUL-terminated */
	FIELD_BYTES,       /* struct report_text */
	FIELD_PATH,        /* struct report_text of a path */
	FIELD_PATH_HEX,    /* the same bytes as hex digits; only where the path before it in the table is not UTF-8 */
	FIELD_ARGV,        /* struct report_text: a list of arguments, secrets redacted */
	FIELD_BOOL,        /* bool */
	FIELD_FACT,        /* uint8_t, enum report_fact */
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_COUNT,       /* struct report_count */
	FIELD_TIME,        /* uint64_t, ns of CLOCK_REALTIME; published as RFC 3339 */
	FIELD_ID,          /* struct report_id */
	FIELD_ADDR,        /* struct report_addr */
	FIELD_PROTO,       /* uint8_t: a protocol of IP */
	FIELD_DEV,         /* uint32_t: "major:minor" */
	FIELD_TEXTS,       /* const char *const *, `count` of them */
	FIELD_NULS,        /* const char *: `count` texts, each with its NUL */
	FIELD_OBJECT,      /* a struct described by `of` */
	FIELD_LIST,        /* pointer to `count` structs of `size` bytes described by `of` */
};

enum field_when {
	FIELD_ALWAYS,      /* in every event of its kinds */
	FIELD_IF_SET,      /* left out when it is 0, false, "" or NULL */
	FIELD_OR_NULL,     /* null when it is not known */
	FIELD_IF_GIVEN,    /* left out unless the bool at `given` is true */
};

struct field {
	const char *name;            /* the last part of the dotted name */
	enum field_type type;
	enum field_when when;
	uint16_t at;                 /* offset in the struct that the table is of */
	uint16_t count;              /* offset of a list's size_t */
	uint16_t given;
	uint16_t size;
	uint32_t kinds;              /* bit per enum report_kind; 0: wherever the object around it is */
	uint16_t since;              /* schema that it came with; 0: the first */
	const struct field *of;
	uint16_t of_cnt;
	const char *unit;            /* NULL: none */
	const char *values;          /* all it can be, with '|' between them; NULL: anything */
	const char *ocsf;            /* its path in OCSF 1.8; NULL: none */
	const char *help;            /* one sentence for the reference */
};

/* Of an event, in the order in which they are written. */
const struct field *fields_of_event(size_t *ret_cnt);

/* True if an event of this kind may have it. */
static inline bool field_in(const struct field *f, enum report_kind kind)
{
	return !f->kinds || f->kinds >> kind & 1;
}

#endif /* SLUICE_REPORT_FIELDS_H */
