/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how the description of events reads, for people and for programs. What there is to say is in fields.c. */
#include "report/schema.h"

#include <string.h>

#include "base/cleanup.h"
#include "report/fields.h"

/* ---- the table as one list of dotted names ------------------------------------------------------------------------------- */

typedef void (*visit_fn)(struct strbuf *b, const char *name, uint32_t kinds, const struct field *f);

static void visit(struct strbuf *b, const char *prefix, uint32_t kinds, const struct field *fields, size_t cnt, visit_fn fn)
{
	for (const struct field *f = fields; f < fields + cnt; f++) {
		uint32_t own = f->kinds ? f->kinds : kinds;
		char name[256];

		snprintf(name, sizeof(name), "%s%s%s", prefix, f->name, f->type == FIELD_LIST ? "[]" : "");
		fn(b, name, own, f);
		if (!f->of)
			continue;
		strcat(name, ".");
		visit(b, name, own, f->of, f->of_cnt, fn);
	}
}

static const char *type_name(const struct field *f)
{
	switch (f->type) {
	case FIELD_SCHEMA:
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_COUNT:
		return "number";
	case FIELD_BOOL:
	case FIELD_FACT:
		return "boolean";
	case FIELD_TIME:
		return "time";
	case FIELD_ID:
		return "id";
	case FIELD_ADDR:
		return "address";
	case FIELD_ARGV:
	case FIELD_TEXTS:
	case FIELD_NULS:
		return "list of text";
	case FIELD_OBJECT:
		return "object";
	case FIELD_LIST:
		return "list of objects";
	case FIELD_PATH_HEX:
		return "hex digits";
	case FIELD_KIND:
	case FIELD_TEXT:
	case FIELD_CHARS:
	case FIELD_BYTES:
	case FIELD_PATH:
	case FIELD_PROTO:
	case FIELD_DEV:
		break;
	}
	return "text";
}

static const char *presence(const struct field *f)
{
	return f->when == FIELD_ALWAYS ? "always" : f->when == FIELD_OR_NULL ? "or null" : "if known";
}

static void add_kinds(struct strbuf *b, uint32_t kinds)
{
	const char *before = "";

	if (!kinds)
		strbuf_adds(b, "all");
	for (enum report_kind k = REPORT_FILE_OPEN; kinds && k < _REPORT_KIND_MAX; k++) {
		if (!(kinds >> k & 1))
			continue;
		strbuf_adds(b, before);
		strbuf_adds(b, report_kind_name(k));
		before = ", ";
	}
}

/* ---- one field a line ---------------------------------------------------------------------------------------------------- */

static void add_field_line(struct strbuf *b, const char *name, uint32_t kinds, const struct field *f)
{
	strbuf_addf(b, "%s\t%s\t%s\t%s\t%u\t", name, type_name(f), f->unit ? f->unit : "", presence(f), f->since ? f->since : 1u);
	add_kinds(b, kinds);
	strbuf_addf(b, "\t%s\t%s\n", f->ocsf ? f->ocsf : "", f->help);
}

/* ---- for people ---------------------------------------------------------------------------------------------------------- */

/* "a|b" as "`a`, `b`": a bar would end the cell. */
static void add_values(struct strbuf *b, const char *values)
{
	const char *before = " One of ";

	while (*values) {
		size_t len = strcspn(values, "|");

		strbuf_adds(b, before);
		if (len)
			strbuf_addf(b, "`%.*s`", (int)len, values);
		else
			strbuf_adds(b, "nothing");
		before = ", ";
		values += len + (values[len] == '|');
	}
	strbuf_addc(b, '.');
}

static void add_row(struct strbuf *b, const char *name, uint32_t kinds, const struct field *f)
{
	strbuf_addf(b, "| `%s` | %s%s%s | %s | ", name, type_name(f), f->unit ? ", " : "", f->unit ? f->unit : "", presence(f));
	/* Of a part, what the whole is of is said there. */
	if (f->kinds || !strchr(name, '.'))
		add_kinds(b, kinds);
	strbuf_addf(b, " | %u | %s%s%s | %s", f->since ? f->since : 1u, f->ocsf ? "`" : "", f->ocsf ? f->ocsf : "", f->ocsf ? "`" : "",
		    f->help);
	if (f->values)
		add_values(b, f->values);
	strbuf_adds(b, " |\n");
}

static void add_markdown(struct strbuf *b, const struct field *fields, size_t cnt)
{
	strbuf_addf(b,
		    "<!-- Made by `make events-doc` from src/report/fields.c: edit that. -->\n"
		    "# Events\n\n"
		    "One JSON object a line, schema %u. `sluice schema` prints this page; `sluice schema --format json-schema` the same for a\n"
		    "validator, `--format fields` one field a line.\n\n"
		    "A field once published keeps its name, place and meaning; new ones may come. `schema` gets a new number when one changes or\n"
		    "goes away. \"If known\": left out otherwise. \"Or null\": always there.\n\n"
		    "A line is safe in a terminal: control, direction and format characters are `\\u` escapes, a byte that is not UTF-8 is\n"
		    "U+FFFD, and the exact bytes of such a path are in `path_hex`. Times are RFC 3339 in UTC with nanoseconds. An id is a start\n"
		    "time and a pid: the same on every line about that process or session.\n\n"
		    "`uid` is made of the host (derived from /etc/machine-id as `systemd-id128 machine-id -a` does it; without a machine id, from the\n"
		    "boot), the boot, the start of the agent and `seq`, with `-` between them. It is the same in a replay of a recording. Judged\n"
		    "anew by another policy (`replay --policy`), events are others: the start then has `.` and the beginning of that policy's\n"
		    "hash behind it.\n\n"
		    "## Kinds\n\n"
		    "| kind | what happened |\n|---|---|\n", REPORT_SCHEMA);
	for (enum report_kind k = REPORT_FILE_OPEN; k < _REPORT_KIND_MAX; k++)
		strbuf_addf(b, "| `%s` | %s |\n", report_kind_name(k), report_kind_help(k));
	strbuf_adds(b, "\n## Fields\n\n"
		       "\"OCSF\": where an exporter to OCSF 1.8 puts it.\n\n"
		       "| field | type | there | kinds | since schema | OCSF | meaning |\n|---|---|---|---|---|---|---|\n");
	visit(b, "", 0, fields, cnt, add_row);
}

/* ---- for a validator ----------------------------------------------------------------------------------------------------- */

static void add_quoted(struct strbuf *b, const char *s, size_t len)
{
	strbuf_addc(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			strbuf_addc(b, '\\');
		strbuf_addc(b, s[i]);
	}
	strbuf_addc(b, '"');
}

static void add_enum(struct strbuf *b, const char *values, bool or_null)
{
	strbuf_adds(b, ",\"enum\":[");
	for (;;) {
		size_t len = strcspn(values, "|");

		add_quoted(b, values, len);
		if (!values[len])
			break;
		strbuf_addc(b, ',');
		values += len + 1;
	}
	strbuf_adds(b, or_null ? ",null]" : "]");
}

static void add_object(struct strbuf *b, enum report_kind kind, const struct field *fields, size_t cnt);

static void add_type(struct strbuf *b, enum report_kind kind, const struct field *f)
{
	switch (f->type) {
	case FIELD_SCHEMA:
		strbuf_addf(b, ",\"const\":%u", REPORT_SCHEMA);
		break;
	case FIELD_KIND:
		strbuf_addf(b, ",\"const\":\"%s\"", report_kind_name(kind));
		break;
	case FIELD_TEXT:
		strbuf_adds(b, f->when == FIELD_OR_NULL ? ",\"type\":[\"string\",\"null\"]" : ",\"type\":\"string\"");
		break;
	case FIELD_CHARS:
	case FIELD_BYTES:
	case FIELD_PATH:
	case FIELD_ADDR:
	case FIELD_PROTO:
		strbuf_adds(b, ",\"type\":\"string\"");
		break;
	case FIELD_PATH_HEX:
		strbuf_adds(b, ",\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2})+$\"");
		break;
	case FIELD_DEV:
		strbuf_adds(b, ",\"type\":\"string\",\"pattern\":\"^[0-9]+:[0-9]+$\"");
		break;
	case FIELD_ID:
		strbuf_adds(b, ",\"type\":\"string\",\"pattern\":\"^[0-9a-f]+-[0-9]+$\"");
		break;
	case FIELD_TIME:
		strbuf_adds(b, ",\"type\":\"string\",\"format\":\"date-time\","
			       "\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$\"");
		break;
	case FIELD_ARGV:
	case FIELD_TEXTS:
	case FIELD_NULS:
		strbuf_adds(b, ",\"type\":\"array\",\"items\":{\"type\":\"string\"}");
		break;
	case FIELD_BOOL:
	case FIELD_FACT:
		strbuf_adds(b, ",\"type\":\"boolean\"");
		break;
	case FIELD_U16:
		strbuf_adds(b, ",\"type\":\"integer\",\"minimum\":0,\"maximum\":65535");
		break;
	case FIELD_U32:
		strbuf_adds(b, ",\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295");
		break;
	case FIELD_U64:
	case FIELD_COUNT:
		strbuf_adds(b, ",\"type\":\"integer\",\"minimum\":0");
		break;
	case FIELD_OBJECT:
		add_object(b, kind, f->of, f->of_cnt);
		break;
	case FIELD_LIST:
		strbuf_adds(b, ",\"type\":\"array\",\"items\":{\"description\":\"one of them\"");
		add_object(b, kind, f->of, f->of_cnt);
		strbuf_addc(b, '}');
		break;
	}
	if (f->values)
		add_enum(b, f->values, f->when == FIELD_OR_NULL);
}

static void add_object(struct strbuf *b, enum report_kind kind, const struct field *fields, size_t cnt)
{
	const char *before = "";

	strbuf_adds(b, ",\"type\":\"object\",\"properties\":{");
	for (const struct field *f = fields; f < fields + cnt; f++) {
		if (!field_in(f, kind))
			continue;
		strbuf_addf(b, "%s\"%s\":{\"description\":", before, f->name);
		add_quoted(b, f->help, strlen(f->help));
		add_type(b, kind, f);
		strbuf_addc(b, '}');
		before = ",";
	}
	strbuf_adds(b, "},\"required\":[");
	before = "";
	for (const struct field *f = fields; f < fields + cnt; f++) {
		if (!field_in(f, kind) || (f->when != FIELD_ALWAYS && f->when != FIELD_OR_NULL))
			continue;
		strbuf_addf(b, "%s\"%s\"", before, f->name);
		before = ",";
	}
	strbuf_addc(b, ']');
}

/* One definition a kind. Fields that are not listed are allowed: new ones may come. */
static void add_json(struct strbuf *b, const struct field *fields, size_t cnt)
{
	strbuf_addf(b, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n\"title\":\"Event of sluice, schema %u\",\n"
		       "\"oneOf\":[", REPORT_SCHEMA);
	for (enum report_kind k = REPORT_FILE_OPEN; k < _REPORT_KIND_MAX; k++)
		strbuf_addf(b, "%s\n{\"$ref\":\"#/$defs/%s\"}", k == REPORT_FILE_OPEN ? "" : ",", report_kind_name(k));
	strbuf_adds(b, "],\n\"$defs\":{");
	for (enum report_kind k = REPORT_FILE_OPEN; k < _REPORT_KIND_MAX; k++) {
		strbuf_addf(b, "%s\n\"%s\":{\"description\":", k == REPORT_FILE_OPEN ? "" : ",", report_kind_name(k));
		add_quoted(b, report_kind_help(k), strlen(report_kind_help(k)));
		add_object(b, k, fields, cnt);
		strbuf_addc(b, '}');
	}
	strbuf_adds(b, "}}\n");
}

void schema_print(struct strbuf *b, enum schema_format format)
{
	size_t cnt;
	const struct field *fields = fields_of_event(&cnt);

	switch (format) {
	case SCHEMA_MARKDOWN:
		add_markdown(b, fields, cnt);
		break;
	case SCHEMA_JSON:
		add_json(b, fields, cnt);
		break;
	case SCHEMA_FIELDS:
		strbuf_adds(b, "field\ttype\tunit\tthere\tsince\tkinds\tocsf\tmeaning\n");
		visit(b, "", 0, fields, cnt, add_field_line);
		break;
	}
}
