/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: schema 1 of the JSON lines. A field once published keeps its name, place and meaning; new ones may come.
 *
 * Written by hand, straight into the buffer: a library that builds a tree first allocates for every value. What is not
 * known is left out, but for verdict, taken, by, rule, severity and container, which are null.
 *
 * A line is safe to look at in a terminal: control, direction and format characters are \u escapes. A byte that is not UTF-8
 * becomes U+FFFD; the exact bytes of a path are then in "path_hex" (other texts have none: exe, argv, cwd and comm are not
 * what a verdict is about).
 */
#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "base/redact.h"
#include "base/width.h"
#include "output/format.h"
#include "output/output.h"
#include "output/sink.h"

#define SECOND_NS 1000000000ull

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define LIT(b, text) strbuf_add(b, "" text, sizeof(text) - 1)

static const char hex[] = "0123456789abcdef";

/* ---- values --------------------------------------------------------------------------------------------------------- */

/* Bytes that stand for themselves within a JSON string. */
static const bool plain[256] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

static void add_unit(struct strbuf *b, unsigned int unit)
{
	char text[6] = { '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15] };

	strbuf_add(b, text, sizeof(text));
}

static void add_escape(struct strbuf *b, unsigned char c)
{
	switch (c) {
	case '"':
		LIT(b, "\\\"");
		break;
	case '\\':
		LIT(b, "\\\\");
		break;
	case '\n':
		LIT(b, "\\n");
		break;
	case '\r':
		LIT(b, "\\r");
		break;
	case '\t':
		LIT(b, "\\t");
		break;
	default:
		add_unit(b, c);
	}
}

/* The inside of a string. False: it held bytes that are not UTF-8. */
static bool add_chars(struct strbuf *b, const char *s, size_t len)
{
	bool valid = true;
	size_t i = 0;

	while (i < len) {
		size_t start = i;
		unsigned int n;
		uint32_t cp;

		while (i < len && plain[(unsigned char)s[i]])
			i++;
		if (i > start)
			strbuf_add(b, s + start, i - start);
		if (i == len)
			break;
		if ((unsigned char)s[i] < 0x80) {
			add_escape(b, (unsigned char)s[i++]);
			continue;
		}
		n = utf8_next(s + i, len - i, &cp);
		if (!n) {
			LIT(b, "\xef\xbf\xbd");
			valid = false;
			i++;
			continue;
		}
		if (!escape_hidden(cp)) {
			strbuf_add(b, s + i, n);
		} else if (cp < 0x10000) {
			add_unit(b, cp);
		} else {
			add_unit(b, 0xd800 + ((cp - 0x10000) >> 10));
			add_unit(b, 0xdc00 + (cp & 0x3ff));
		}
		i += n;
	}
	return valid;
}

static void add_str(struct strbuf *b, const char *s)
{
	strbuf_addc(b, '"');
	add_chars(b, s, strlen(s));
	strbuf_addc(b, '"');
}

/* "," and a key, then its value. The key is a constant. */
#define KEY(b, key) LIT(b, ",\"" key "\":")
#define STR(b, key, s)             \
	do {                       \
		KEY(b, key);       \
		add_str(b, s);     \
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

static void add_bool(struct strbuf *b, bool v)
{
	if (v)
		LIT(b, "true");
	else
		LIT(b, "false");
}

static void add_str_or_null(struct strbuf *b, const char *s)
{
	if (s)
		add_str(b, s);
	else
		LIT(b, "null");
}

/* ---- who ------------------------------------------------------------------------------------------------------------ */

static void add_id(struct strbuf *b, uint64_t start_ns, uint32_t pid)
{
	strbuf_addc(b, '"');
	format_id(b, start_ns, pid);
	strbuf_addc(b, '"');
}

static void add_tool(struct strbuf *b, const struct report *r)
{
	uint64_t ns = r->session ? r->session->ns : r->process ? r->process->session_ns : 0;
	uint32_t pid = r->session ? r->session->pid : r->process ? r->process->session_pid : 0;
	const char *evidence, *confidence;

	if (!ns)
		return;
	LIT(b, ",\"tool\":{\"name\":");
	add_str_or_null(b, r->tool ? r->tool->name : NULL);
	KEY(b, "session");
	add_id(b, ns, pid);
	if (r->session && r->session->parent_ns) {
		KEY(b, "parent");
		add_id(b, r->session->parent_ns, r->session->parent_pid);
	}
	evidence = format_tool_evidence(r, &confidence);
	STR(b, "evidence", evidence);
	STR(b, "confidence", confidence);
	strbuf_addc(b, '}');
}

static void add_argv(struct strbuf *b, const struct process *p)
{
	const char *prev = "", *arg = p->argv, *end = p->argv + p->argv_len;
	size_t prev_len = 0;

	LIT(b, ",\"argv\":[");
	while (arg < end) {
		struct redact_span spans[REDACT_SPANS];
		size_t len = strnlen(arg, (size_t)(end - arg)), at = 0;
		size_t cnt = redact_find(prev, prev_len, arg, len, spans);

		if (arg > p->argv)
			strbuf_addc(b, ',');
		strbuf_addc(b, '"');
		for (size_t i = 0; i < cnt; i++) {
			add_chars(b, arg + at, spans[i].at - at);
			LIT(b, REDACT_MARK);
			at = spans[i].at + spans[i].len;
		}
		add_chars(b, arg + at, len - at);
		strbuf_addc(b, '"');
		prev = arg;
		prev_len = len;
		arg += len + 1;
	}
	strbuf_addc(b, ']');
	if (p->argv_flags & SL_STR_TRUNCATED)
		LIT(b, ",\"argv_truncated\":true");
}

static void add_process(struct strbuf *b, const struct report *r)
{
	const struct process *p = r->process;
	const char *container;
	char tty[FORMAT_TTY_SIZE];
	size_t len;

	LIT(b, ",\"process\":{\"id\":");
	add_id(b, p->start_ns, p->tgid);
	NUM(b, "pid", p->tgid);
	NUM(b, "tid", r->event && r->event->who ? r->event->who->tid : p->tgid);
	NUM(b, "ppid", p->ppid);
	LIT(b, ",\"start\":\"");
	format_time(b, r->wall_ns - r->time_ns + p->start_ns);
	strbuf_addc(b, '"');
	STR_IF(b, "exe", p->exe);
	STR(b, "comm", p->comm);
	if (p->argv_len)
		add_argv(b, p);
	STR_IF(b, "cwd", p->cwd);
	NUM(b, "uid", p->uid);
	STR_IF(b, "user", r->user);
	if (p->tty[0])
		STR(b, "tty", format_tty(p->tty, tty));
	KEY(b, "container");
	len = format_container(p->cgroup, &container);
	if (len) {
		strbuf_addc(b, '"');
		add_chars(b, container, len);
		strbuf_addc(b, '"');
	} else {
		LIT(b, "null");
	}
	strbuf_addc(b, '}');
}

static void add_ancestry(struct strbuf *b, const struct report *r)
{
	LIT(b, ",\"ancestry\":[");
	for (size_t i = 0; i < r->ancestors_cnt; i++) {
		const struct process *p = r->ancestors[i];
		const struct policy_tool *tool = format_is_tool(p) ? compiled_tool(r->compiled, p->tool) : NULL;

		if (i)
			strbuf_addc(b, ',');
		LIT(b, "{\"id\":");
		add_id(b, p->start_ns, p->tgid);
		NUM(b, "pid", p->tgid);
		STR_IF(b, "exe", p->exe);
		if (tool)
			STR(b, "tool", tool->name);
		strbuf_addc(b, '}');
	}
	strbuf_addc(b, ']');
	if (r->ancestry_cut)
		LIT(b, ",\"ancestry_cut\":true");
}

/* ---- what ----------------------------------------------------------------------------------------------------------- */

static void add_verdict(struct strbuf *b, const struct report *r)
{
	KEY(b, "verdict");
	add_str_or_null(b, r->rule ? event_action_name(r->action) : NULL);
	KEY(b, "taken");
	add_str_or_null(b, r->taken == SL_TAKEN_NONE ? NULL : event_taken_name(r->taken));
	KEY(b, "by");
	add_str_or_null(b, r->by == SL_BY_NONE ? NULL : event_by_name(r->by));
	KEY(b, "rule");
	add_str_or_null(b, r->rule ? r->rule->id : NULL);
	KEY(b, "severity");
	add_str_or_null(b, r->rule ? r->rule->severity : NULL);
	if (r->rule)
		STR_IF(b, "message", r->rule->message);
}

static void add_file(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_file *f = r->event->file;
	bool valid;

	LIT(b, ",\"file\":{\"path\":\"");
	valid = add_chars(b, r->path, r->path_len);
	strbuf_addc(b, '"');
	if (!valid) {
		LIT(b, ",\"path_hex\":\"");
		for (size_t i = 0; i < r->path_len; i++) {
			unsigned char c = (unsigned char)r->path[i];

			strbuf_add(b, (char[]){ hex[c >> 4], hex[c & 15] }, 2);
		}
		strbuf_addc(b, '"');
	}
	if (f->path_flags & SL_STR_TRUNCATED)
		LIT(b, ",\"path_truncated\":true");
	LIT(b, ",\"class\":[");
	for (size_t i = 0; i < r->classes_cnt; i++) {
		if (i)
			strbuf_addc(b, ',');
		add_str(b, r->classes[i]);
	}
	strbuf_addc(b, ']');
	STR(b, "evidence", f->set == SL_SET_UNRESOLVED ? "unresolved" : f->by_inode ? "inode" : "pattern");
	LIT(b, ",\"dev\":\"");
	strbuf_addu(b, f->dev >> 20);
	strbuf_addc(b, ':');
	strbuf_addu(b, f->dev & 0xfffff);
	strbuf_addc(b, '"');
	NUM(b, "inode", f->ino);
	STR(b, "access", format_access(f->access));
	STR(b, "reader", event_reader_name(r->reader));
	strbuf_addc(b, '}');
}

static void add_candidates(struct strbuf *b, const struct report *r)
{
	LIT(b, ",\"candidates\":[");
	for (size_t i = 0; i < r->names_cnt; i++) {
		const struct names_hit *h = &r->names[i];

		if (i)
			strbuf_addc(b, ',');
		LIT(b, "{\"name\":");
		add_str(b, h->name);
		STR_IF(b, "cname", h->cname);
		NUM(b, "age_s", r->time_ns > h->learnt_ns ? (r->time_ns - h->learnt_ns) / SECOND_NS : 0);
		KEY(b, "expired");
		add_bool(b, h->expired);
		KEY(b, "session");
		add_bool(b, h->session);
		strbuf_addc(b, '}');
	}
	strbuf_addc(b, ']');
}

static void add_net(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_net *n = r->event->net;

	LIT(b, ",\"net\":{\"proto\":\"");
	format_proto(b, n->proto);
	LIT(b, "\",\"addr\":\"");
	format_addr(b, n->family, n->addr);
	strbuf_addc(b, '"');
	NUM(b, "port", n->port);
	if (r->names_cnt)
		STR(b, "host", r->names[0].name);
	if (r->provider) {
		STR(b, "provider", r->provider->name);
		STR(b, "provider_tier", r->provider->tier);
		STR_IF(b, "region", r->provider->region);
	}
	STR(b, "evidence", r->net_evidence);
	STR(b, "confidence", r->net_confidence);
	if (r->names_cnt)
		add_candidates(b, r);
	if (r->provider) {
		STR_IF(b, "training", r->provider->training);
		STR_IF(b, "retention", r->provider->retention);
		STR_IF(b, "terms", r->provider->terms);
	}
	strbuf_addc(b, '}');
}

static void add_exit(struct strbuf *b, unsigned int status)
{
	/* As in wait(2): the signal in the low seven bits, else the exit status in the second byte. */
	LIT(b, ",\"exit\":{");
	if (status & 0x7f) {
		LIT(b, "\"signal\":");
		strbuf_addu(b, status & 0x7f);
	} else {
		LIT(b, "\"status\":");
		strbuf_addu(b, status >> 8 & 0xff);
	}
	strbuf_addc(b, '}');
}

static void add_session(struct strbuf *b, const struct session *s)
{
	LIT(b, ",\"session\":{\"seconds\":");
	strbuf_addu(b, s->end_ns > s->begin_ns ? (s->end_ns - s->begin_ns) / SECOND_NS : 0);
	NUM(b, "files", s->files);
	NUM(b, "connects", s->connects);
	NUM(b, "alerts", s->alerts);
	strbuf_addc(b, '}');
}

static void add_who(struct strbuf *b, const struct report *r)
{
	add_tool(b, r);
	if (!r->process)
		return;
	add_process(b, r);
	add_ancestry(b, r);
}

static void add_policy(struct strbuf *b, const struct report *r)
{
	STR(b, "policy", r->compiled->policy->hash);
}

static void add_kind(struct strbuf *b, const struct report *r)
{
	switch (r->kind) {
	case REPORT_FILE_OPEN:
		add_verdict(b, r);
		add_policy(b, r);
		add_who(b, r);
		add_file(b, r);
		break;
	case REPORT_NET_CONNECT:
		add_verdict(b, r);
		add_policy(b, r);
		add_who(b, r);
		add_net(b, r);
		break;
	case REPORT_PROC_EXEC:
	case REPORT_SESSION_START:
		add_who(b, r);
		break;
	case REPORT_PROC_EXIT:
		add_who(b, r);
		if (r->event && r->event->kind == SL_REC_EXIT)
			add_exit(b, r->event->exit->exit_code);
		break;
	case REPORT_SESSION_END:
		add_who(b, r);
		if (r->session)
			add_session(b, r->session);
		break;
	case REPORT_LOSS:
		LIT(b, ",\"loss\":{\"reason\":");
		add_str(b, event_loss_name(r->loss));
		NUM(b, "count", r->loss_count);
		STR(b, "help", event_loss_help(r->loss));
		strbuf_addc(b, '}');
		break;
	case REPORT_AGENT_START:
	case REPORT_AGENT_STOP:
	case REPORT_POLICY_LOAD:
	case REPORT_POLICY_BAD:
	case REPORT_MODE:
		add_policy(b, r);
		STR_IF(b, "text", r->text);
		break;
	case REPORT_INVALID:
	case _REPORT_KIND_MAX:
		break;
	}
}

void output_json_format(struct strbuf *b, const struct report *r, const struct report_host *host)
{
	LIT(b, "{\"schema\":" STRINGIFY(OUTPUT_JSON_SCHEMA) ",\"time\":\"");
	format_time(b, r->wall_ns);
	LIT(b, "\",\"kind\":\"");
	strbuf_adds(b, report_kind_name(r->kind));
	strbuf_addc(b, '"');
	STR(b, "host", host->host);
	STR(b, "boot_id", host->boot_id);
	NUM(b, "seq", r->seq);
	add_kind(b, r);
	if (r->repeats)
		NUM(b, "repeats", r->repeats);
	LIT(b, "}\n");
}

/* ---- the output ----------------------------------------------------------------------------------------------------- */

static int json_write(struct output *o, const struct report *r)
{
	size_t start = o->lines.len;

	output_json_format(&o->lines, r, &o->host);
	return sink_appended(o, start);
}

static void json_free(struct output *o)
{
	sink_done(o);
	free(o);
}

int output_json_new(int fd, const struct report_host *host, struct output **ret)
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
	o->host = *host;
	*ret = o;
	return 0;
}
