/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: an event as a JSON line, by walking its description (report/fields.c): which fields there are is said there and nowhere here.
 *
 * Written straight into the buffer: a library that builds a tree first allocates for every value.
 *
 * A line is safe to look at in a terminal: control, direction and format characters are \u escapes. A byte that is not UTF-8
 * becomes U+FFFD; the exact bytes of a path are then in "path_hex" (other texts have none: exe, argv, cwd and comm are not
 * what a verdict is about).
 */
#include "output/json.h"

#include <errno.h>

#include "base/redact.h"
#include "output/format.h"
#include "output/output.h"
#include "output/sink.h"
#include "report/fields.h"

struct writer {
	struct strbuf *b;
	const struct report *r;
	bool valid;          /* the latest path was UTF-8 */
};

#define VALUE(type, base, f) (*(type const *)((const char *)(base) + (f)->at))

static size_t count_of(const void *base, const struct field *f)
{
	return *(const size_t *)((const char *)base + f->count);
}

static const char *text_of(const void *base, const struct field *f)
{
	return f->type == FIELD_CHARS ? (const char *)base + f->at : VALUE(const char *, base, f);
}

static uint64_t number_of(const void *base, const struct field *f)
{
	switch (f->type) {
	case FIELD_U16:
		return VALUE(uint16_t, base, f);
	case FIELD_U32:
		return VALUE(uint32_t, base, f);
	default:
		return VALUE(uint64_t, base, f);
	}
}

/* Is there anything to say? */
static bool is_set(const struct writer *w, const void *base, const struct field *f)
{
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_CHARS:
		return text_of(base, f) && text_of(base, f)[0];
	case FIELD_BYTES:
	case FIELD_PATH:
	case FIELD_ARGV:
		return VALUE(struct report_text, base, f).len != 0;
	case FIELD_PATH_HEX:
		return !w->valid;
	case FIELD_BOOL:
		return VALUE(bool, base, f);
	case FIELD_FACT:
		return VALUE(uint8_t, base, f) != REPORT_UNKNOWN;
	case FIELD_PROTO:
		return VALUE(uint8_t, base, f) != 0;
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
		return number_of(base, f) != 0;
	case FIELD_COUNT:
		return VALUE(struct report_count, base, f).known;
	case FIELD_ID:
		return VALUE(struct report_id, base, f).ns != 0;
	case FIELD_ADDR:
		return VALUE(struct report_addr, base, f).family != 0;
	case FIELD_TEXTS:
	case FIELD_NULS:
	case FIELD_LIST:
		return VALUE(const void *, base, f) != NULL;
	default:
		return true;
	}
}

static void write_argv(struct strbuf *b, const struct report_text *argv)
{
	const char *prev = "", *arg = argv->s, *end = argv->s + argv->len;
	size_t prev_len = 0;

	strbuf_addc(b, '[');
	while (arg < end) {
		struct redact_span spans[REDACT_SPANS];
		size_t len = strnlen(arg, (size_t)(end - arg)), at = 0;
		size_t cnt = redact_find(prev, prev_len, arg, len, spans);

		if (arg > argv->s)
			strbuf_addc(b, ',');
		strbuf_addc(b, '"');
		for (size_t i = 0; i < cnt; i++) {
			json_chars(b, arg + at, spans[i].at - at);
			LIT(b, REDACT_MARK);
			at = spans[i].at + spans[i].len;
		}
		json_chars(b, arg + at, len - at);
		strbuf_addc(b, '"');
		prev = arg;
		prev_len = len;
		arg += len + 1;
	}
	strbuf_addc(b, ']');
}

static void write_texts(struct strbuf *b, const char *const *texts, size_t cnt)
{
	strbuf_addc(b, '[');
	for (size_t i = 0; i < cnt; i++) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, texts[i]);
	}
	strbuf_addc(b, ']');
}

static void write_nuls(struct strbuf *b, const char *text, size_t cnt)
{
	strbuf_addc(b, '[');
	for (size_t i = 0; i < cnt; i++, text += strlen(text) + 1) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, text);
	}
	strbuf_addc(b, ']');
}

static void write_object(struct writer *w, const struct field *fields, size_t cnt, const void *base);

static void write_list(struct writer *w, const struct field *f, const char *at, size_t cnt)
{
	strbuf_addc(w->b, '[');
	for (size_t i = 0; i < cnt; i++, at += f->size) {
		if (i)
			strbuf_addc(w->b, ',');
		write_object(w, f->of, f->of_cnt, at);
	}
	strbuf_addc(w->b, ']');
}

static void write_bytes(struct writer *w, const struct field *f, const struct report_text *t)
{
	strbuf_addc(w->b, '"');
	if (f->type == FIELD_PATH_HEX)
		json_hex(w->b, t->s, t->len);
	else
		w->valid = json_chars(w->b, t->s, t->len);
	strbuf_addc(w->b, '"');
}

static void write_address(struct strbuf *b, const struct report_addr *a)
{
	strbuf_addc(b, '"');
	format_addr(b, a->family, a->addr);
	strbuf_addc(b, '"');
}

static void write_value(struct writer *w, const struct field *f, const void *base)
{
	struct strbuf *b = w->b;

	switch (f->type) {
	case FIELD_SCHEMA:
		strbuf_addu(b, REPORT_SCHEMA);
		break;
	case FIELD_KIND:
		json_str(b, report_kind_name(VALUE(enum report_kind, base, f)));
		break;
	case FIELD_TEXT:
	case FIELD_CHARS:
		json_str_or_null(b, text_of(base, f));
		break;
	case FIELD_BYTES:
	case FIELD_PATH:
	case FIELD_PATH_HEX:
		write_bytes(w, f, &VALUE(struct report_text, base, f));
		break;
	case FIELD_ARGV:
		write_argv(b, &VALUE(struct report_text, base, f));
		break;
	case FIELD_BOOL:
		json_bool(b, VALUE(bool, base, f));
		break;
	case FIELD_FACT:
		json_bool(b, VALUE(uint8_t, base, f) == REPORT_YES);
		break;
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
		strbuf_addu(b, number_of(base, f));
		break;
	case FIELD_COUNT:
		strbuf_addu(b, VALUE(struct report_count, base, f).n);
		break;
	case FIELD_TIME:
		strbuf_addc(b, '"');
		format_time(b, VALUE(uint64_t, base, f));
		strbuf_addc(b, '"');
		break;
	case FIELD_ID:
		json_id(b, VALUE(struct report_id, base, f).ns, VALUE(struct report_id, base, f).pid);
		break;
	case FIELD_ADDR:
		write_address(b, &VALUE(struct report_addr, base, f));
		break;
	case FIELD_PROTO:
		strbuf_addc(b, '"');
		format_proto(b, VALUE(uint8_t, base, f));
		strbuf_addc(b, '"');
		break;
	case FIELD_DEV:
		strbuf_addf(b, "\"%u:%u\"", VALUE(uint32_t, base, f) >> 20, VALUE(uint32_t, base, f) & 0xfffff);
		break;
	case FIELD_TEXTS:
		write_texts(b, VALUE(const char *const *, base, f), count_of(base, f));
		break;
	case FIELD_NULS:
		write_nuls(b, VALUE(const char *, base, f), count_of(base, f));
		break;
	case FIELD_OBJECT:
		write_object(w, f->of, f->of_cnt, (const char *)base + f->at);
		break;
	case FIELD_LIST:
		write_list(w, f, VALUE(const char *, base, f), count_of(base, f));
		break;
	}
}

static void write_object(struct writer *w, const struct field *fields, size_t cnt, const void *base)
{
	char before = '{';

	for (const struct field *f = fields; f < fields + cnt; f++) {
		if (!field_in(f, w->r->kind) || (f->when == FIELD_IF_SET && !is_set(w, base, f)) ||
		    (f->when == FIELD_IF_GIVEN && !*((const bool *)((const char *)base + f->given))))
			continue;
		strbuf_addc(w->b, before);
		before = ',';
		strbuf_addc(w->b, '"');
		strbuf_adds(w->b, f->name);
		LIT(w->b, "\":");
		write_value(w, f, base);
	}
	if (before == '{')
		strbuf_addc(w->b, '{');
	strbuf_addc(w->b, '}');
}

void output_json_format(struct strbuf *b, const struct report *r)
{
	struct writer w = { .b = b, .r = r, .valid = true };
	size_t cnt;
	const struct field *fields = fields_of_event(&cnt);

	write_object(&w, fields, cnt, r);
	strbuf_addc(b, '\n');
}

/* ---- the output ----------------------------------------------------------------------------------------------------- */

static int json_write(struct output *o, const struct report *r)
{
	size_t start = o->lines.len;

	output_json_format(&o->lines, r);
	return sink_appended(o, start, r);
}

static void json_free(struct output *o)
{
	sink_done(o);
	free(o);
}

int output_json_new(int fd, struct output **ret)
{
	static const struct output_ops ops = {
		.name = "json",
		.write = json_write,
		.flush = sink_flush,
		.free = json_free,
	};
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->ops = &ops;
	o->fd = fd;
	*ret = o;
	return 0;
}
