/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what of a report is which column of the store, and which rows must be on the disk at once. */
#include "output/rows.h"

#include <errno.h>
#include <string.h>

#include "base/width.h"
#include "output/format.h"
#include "output/sink.h"

struct rows {
	struct output o;       /* first: what every output has */
	struct strbuf text;    /* of the row at hand */
	uint64_t taken;
};

/* Columns are text: a byte that is not UTF-8 becomes U+FFFD, as in the JSON line, and so does a control character. */
static void add_text(struct strbuf *b, const char *s, size_t len)
{
	uint32_t cp;

	for (size_t at = 0; at < len;) {
		unsigned int n = utf8_next(s + at, len - at, &cp);

		if (n && cp >= ' ' && cp != 0x7f)
			strbuf_add(b, s + at, n);
		else
			strbuf_adds(b, "\xef\xbf\xbd");
		at += n ? n : 1;
	}
}

/* By name if it is known, else by address. */
static void add_host(struct strbuf *b, const struct report *r)
{
	const char *name = report_dest(r);

	if (name[0])
		add_text(b, name, strlen(name));
	else if (r->kind == REPORT_NET_CONNECT || r->kind == REPORT_NET_HELLO || r->kind == REPORT_NET_FLOW)
		format_addr(b, r->net.addr.family, r->net.addr.addr);
	else if (r->kind == REPORT_INCIDENT && r->incident.flows_cnt)
		format_addr(b, r->incident.flows[0].addr.family, r->incident.flows[0].addr.addr);
}

/* Alerts, refusals, incidents, losses, and what the agent says of itself. */
static bool urgent(const struct report *r)
{
	switch (r->kind) {
	case REPORT_INCIDENT:
	case REPORT_GUARD:
	case REPORT_LOSS:
	case REPORT_LINEAGE_LOST:
		return true;
	default:
		return r->taken != SL_TAKEN_NONE || (r->rule.id && r->action >= SL_ACTION_ALERT) || (r->kind > REPORT_LOSS && r->kind <= REPORT_HOOKS);
	}
}

bool output_row(struct strbuf *b, const struct report *r, struct store_row *ret)
{
	size_t at[_STORE_TEXT_MAX], len;
	char session[REPORT_ID_SIZE];
	const char *path;

	strbuf_reset(b);
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++) {
		at[i] = b->len;
		switch ((enum store_text)i) {
		case STORE_UID:
			strbuf_adds(b, report_uid(r));
			break;
		case STORE_KIND:
			strbuf_adds(b, report_kind_name(r->kind));
			break;
		case STORE_SEVERITY:
			strbuf_adds(b, report_severity(r));
			break;
		case STORE_SESSION:
			if (report_session_id(r, session))
				strbuf_adds(b, session);
			break;
		case STORE_TOOL:
			strbuf_adds(b, report_tool(r));
			break;
		case STORE_RULE:
			strbuf_adds(b, report_rule(r));
			break;
		case STORE_VERDICT:
			strbuf_adds(b, report_verdict(r));
			break;
		case STORE_TAKEN:
			strbuf_adds(b, report_taken(r));
			break;
		case STORE_PATH:
			path = report_path(r, &len);
			add_text(b, path, len);
			break;
		case STORE_HOST:
			add_host(b, r);
			break;
		case STORE_LINE:
			output_json_format(b, r);
			if (b->len > at[i] && b->data[b->len - 1] == '\n')
				b->len--;
			break;
		case _STORE_TEXT_MAX:
			break;
		}
		strbuf_addc(b, '\0');
	}
	if (!strbuf_ok(b))
		return false;
	*ret = (struct store_row){ .time_ns = r->wall_ns, .user = report_user(r) == UINT32_MAX ? STORE_NOBODY : (int64_t)report_user(r), .urgent = urgent(r) };
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++)
		ret->text[i] = b->data + at[i];
	return true;
}

static int rows_write(struct output *o, const struct report *r)
{
	struct rows *rows = (struct rows *)(void *)o;
	size_t start = o->lines.len;
	struct store_row row;
	int err;

	if (!output_row(&rows->text, r, &row))
		return -ENOMEM;
	if (!store_row_put(&o->lines, &row))
		return -ENOBUFS;
	err = sink_appended(o, start, r);
	rows->taken += !err;
	return err;
}

static void rows_free(struct output *o)
{
	struct rows *rows = (struct rows *)(void *)o;

	strbuf_done(&rows->text);
	sink_done(o);
	free(rows);
}

uint64_t output_rows_taken(const struct output *o)
{
	return ((const struct rows *)(const void *)o)->taken;
}

int output_rows_new(int fd, struct output **ret)
{
	static const struct output_ops ops = {
		.name = "rows",
		.write = rows_write,
		.flush = sink_flush,
		.free = rows_free,
	};
	struct rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	rows->o.ops = &ops;
	rows->o.fd = fd;
	*ret = &rows->o;
	return 0;
}
