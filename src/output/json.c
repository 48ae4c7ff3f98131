/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: schema 2 of the JSON lines. A field once published keeps its name, place and meaning; new ones may come.
 *
 * Written by hand, straight into the buffer: a library that builds a tree first allocates for every value. What is not
 * known is left out, but for verdict, taken, by, rule, severity and container, which are null.
 *
 * A line is safe to look at in a terminal: control, direction and format characters are \u escapes. A byte that is not UTF-8
 * becomes U+FFFD; the exact bytes of a path are then in "path_hex" (other texts have none: exe, argv, cwd and comm are not
 * what a verdict is about).
 */
#include "output/json.h"

#include <errno.h>

#include "base/redact.h"
#include "event/container.h"
#include "output/format.h"
#include "output/output.h"
#include "output/sink.h"

#define SECOND_NS 1000000000ull

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

/* ---- who ------------------------------------------------------------------------------------------------------------ */

static void add_tool(struct strbuf *b, const struct report *r)
{
	uint64_t ns = r->session ? r->session->ns : r->process ? r->process->session_ns : 0;
	uint32_t pid = r->session ? r->session->pid : r->process ? r->process->session_pid : 0;
	const char *evidence, *confidence;

	if (!ns)
		return;
	LIT(b, ",\"tool\":{\"name\":");
	json_str_or_null(b, r->tool ? r->tool->name : NULL);
	KEY(b, "session");
	json_id(b, ns, pid);
	if (r->session && r->session->parent_ns) {
		KEY(b, "parent");
		json_id(b, r->session->parent_ns, r->session->parent_pid);
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
	if (p->argv_flags & SL_STR_TRUNCATED)
		LIT(b, ",\"argv_truncated\":true");
}

static void add_process(struct strbuf *b, const struct report *r)
{
	const struct process *p = r->process;
	struct container container;
	char tty[FORMAT_TTY_SIZE];

	LIT(b, ",\"process\":{\"id\":");
	json_id(b, p->start_ns, p->tgid);
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
	if (container_parse(p->cgroup, &container)) {
		json_str(b, container.id);
		STR_IF(b, "container_engine", container.engine);
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
		json_id(b, p->start_ns, p->tgid);
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
	json_str_or_null(b, r->rule ? event_action_name(r->action) : NULL);
	KEY(b, "taken");
	json_str_or_null(b, r->taken == SL_TAKEN_NONE ? NULL : event_taken_name(r->taken));
	KEY(b, "by");
	json_str_or_null(b, r->by == SL_BY_NONE ? NULL : event_by_name(r->by));
	KEY(b, "rule");
	json_str_or_null(b, r->rule ? r->rule->id : NULL);
	KEY(b, "severity");
	json_str_or_null(b, r->rule ? r->rule->severity : NULL);
	if (r->rule)
		STR_IF(b, "message", r->rule->message);
}

/* "path" as the first of an object, and its bytes if the text has not all of them. */
static void add_path(struct strbuf *b, const struct report *r)
{
	bool valid;

	LIT(b, "\"path\":\"");
	valid = json_chars(b, r->path, r->path_len);
	strbuf_addc(b, '"');
	if (valid)
		return;
	LIT(b, ",\"path_hex\":\"");
	json_hex(b, r->path, r->path_len);
	strbuf_addc(b, '"');
}

/* Some of the files that the event stands for; `repeats` is how many there were. */
static void add_files(struct strbuf *b, const struct report *r)
{
	const char *path = r->files;

	LIT(b, ",\"files\":[");
	for (size_t i = 0; i < r->files_cnt; i++, path += strlen(path) + 1) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, path);
	}
	strbuf_addc(b, ']');
}

static void add_file(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_file *f = r->event->file;

	LIT(b, ",\"file\":{");
	add_path(b, r);
	if (f->path_flags & SL_STR_TRUNCATED)
		LIT(b, ",\"path_truncated\":true");
	LIT(b, ",\"class\":[");
	for (size_t i = 0; i < r->classes_cnt; i++) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, r->classes[i]);
	}
	strbuf_addc(b, ']');
	if (r->files_cnt)
		add_files(b, r);
	STR(b, "evidence", f->set == SL_SET_UNRESOLVED ? "unresolved" : f->by_inode ? "inode" : "pattern");
	LIT(b, ",\"dev\":\"");
	strbuf_addu(b, f->dev >> 20);
	strbuf_addc(b, ':');
	strbuf_addu(b, f->dev & 0xfffff);
	strbuf_addc(b, '"');
	NUM(b, "inode", f->ino);
	STR(b, "access", format_access(f->access));
	STR(b, "reader", event_reader_name(r->reader));
	if (f->excepted)
		LIT(b, ",\"exception\":true");
	if (f->came != SL_CAME_OPENED)
		STR(b, "came", event_came_name(f->came));
	strbuf_addc(b, '}');
}

static void add_inspect(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_inspect *i = r->event->inspect;
	const struct policy_tool *tool = compiled_tool(r->compiled, i->target_tool);

	LIT(b, ",\"inspect\":{\"what\":");
	json_str(b, event_inspect_name(i->object));
	STR(b, "how", event_how_name(i->how));
	strbuf_addc(b, '}');
	LIT(b, ",\"target\":{\"id\":");
	json_id(b, i->target_start_ns, i->target_tgid);
	NUM(b, "pid", i->target_tgid);
	LIT(b, ",\"start\":\"");
	format_time(b, r->wall_ns - r->time_ns + i->target_start_ns);
	strbuf_addc(b, '"');
	if (r->path_len) {
		LIT(b, ",\"exe\":\"");
		json_chars(b, r->path, r->path_len);
		strbuf_addc(b, '"');
	}
	LIT(b, ",\"comm\":\"");
	json_chars(b, (const char *)i->target_comm, strnlen((const char *)i->target_comm, SL_COMM_LEN));
	strbuf_addc(b, '"');
	NUM(b, "uid", i->target_uid);
	if (i->target_session_ns) {
		LIT(b, ",\"tool\":{\"name\":");
		json_str_or_null(b, tool ? tool->name : NULL);
		KEY(b, "session");
		json_id(b, i->target_session_ns, i->target_session_pid);
		strbuf_addc(b, '}');
	}
	strbuf_addc(b, '}');
}

static void add_broker(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_broker *k = r->event->broker;
	bool hands_out = false;

	LIT(b, ",\"broker\":{");
	add_path(b, r);
	KEY(b, "abstract");
	json_bool(b, k->abstract);
	LIT(b, ",\"name\":[");
	for (size_t i = 0; i < r->brokers_cnt; i++) {
		if (i)
			strbuf_addc(b, ',');
		json_str(b, r->brokers[i]->name);
		hands_out |= r->brokers[i]->hands_out;
	}
	strbuf_addc(b, ']');
	KEY(b, "hands_out");
	json_bool(b, hands_out);
	STR(b, "type", k->type == SL_BROKER_SPOOL ? "file" : k->type == SL_BROKER_STREAM ? "stream" : "datagram");
	if (k->peer_tgid)
		NUM(b, "pid", k->peer_tgid);
	strbuf_addc(b, '}');
}

/* Who protects the agent is no rule: the verdict is always block. */
static void add_guard(struct strbuf *b, const struct report *r)
{
	const struct sl_rec_guard *g = r->event->guard;

	LIT(b, ",\"guard\":{\"what\":");
	json_str(b, event_guard_name(g->what));
	if (g->what == SL_GUARD_SIGNAL)
		NUM(b, "signal", g->detail);
	else if (g->what == SL_GUARD_BPF)
		NUM(b, "command", g->detail);
	if (r->path_len) {
		LIT(b, ",\"path\":\"");
		json_chars(b, r->path, r->path_len);
		strbuf_addc(b, '"');
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
	NUM(b, "flows", s->flows);
	NUM(b, "bytes_sent", s->sent_bytes);
	NUM(b, "bytes_received", s->received_bytes);
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
		json_net(b, r);
		break;
	case REPORT_NET_HELLO:
		add_verdict(b, r);
		add_policy(b, r);
		add_who(b, r);
		json_flow(b, r);
		break;
	case REPORT_NET_FLOW:
		add_policy(b, r);
		add_who(b, r);
		json_flow(b, r);
		break;
	case REPORT_PTRACE:
		add_verdict(b, r);
		add_policy(b, r);
		add_who(b, r);
		add_inspect(b, r);
		break;
	case REPORT_BROKER_CONNECT:
	case REPORT_LINEAGE_LOST:
		add_verdict(b, r);
		add_policy(b, r);
		add_who(b, r);
		add_broker(b, r);
		break;
	case REPORT_INCIDENT:
		STR(b, "severity", r->incident->severity);
		add_policy(b, r);
		add_who(b, r);
		json_incident(b, r);
		break;
	case REPORT_GUARD:
		KEY(b, "verdict");
		json_str(b, event_action_name(r->action));
		KEY(b, "taken");
		json_str(b, event_taken_name(r->taken));
		KEY(b, "by");
		json_str(b, event_by_name(r->by));
		LIT(b, ",\"rule\":null,\"severity\":\"critical\"");
		add_policy(b, r);
		add_who(b, r);
		add_guard(b, r);
		break;
	case REPORT_LINEAGE_KEPT:
		add_policy(b, r);
		KEY(b, "unit");
		strbuf_addc(b, '"');
		if (r->process)
			json_chars(b, r->process->cgroup, cgroup_leaf(r->process->cgroup));
		strbuf_addc(b, '"');
		add_who(b, r);
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
		json_str(b, event_loss_name(r->loss));
		NUM(b, "count", r->loss_count);
		STR(b, "help", event_loss_help(r->loss));
		strbuf_addc(b, '}');
		break;
	case REPORT_AGENT_START:
	case REPORT_AGENT_STOP:
	case REPORT_POLICY_LOAD:
	case REPORT_POLICY_BAD:
	case REPORT_MODE:
	case REPORT_EXCEPTION:
	case REPORT_HOOKS:
		add_policy(b, r);
		STR_IF(b, "text", r->text);
		break;
	case REPORT_INVALID:
	case _REPORT_KIND_MAX:
		break;
	}
}

void output_json_format(struct strbuf *b, const struct report *r)
{
	LIT(b, "{\"schema\":" STRINGIFY(OUTPUT_JSON_SCHEMA) ",\"time\":\"");
	format_time(b, r->wall_ns);
	LIT(b, "\",\"kind\":\"");
	strbuf_adds(b, report_kind_name(r->kind));
	strbuf_addc(b, '"');
	STR(b, "host", report_host_name(r));
	STR(b, "boot_id", r->source ? r->source->boot_id : "");
	NUM(b, "seq", r->seq);
	STR(b, "uid", report_uid(r));
	add_kind(b, r);
	if (r->repeats)
		NUM(b, "repeats", r->repeats);
	LIT(b, "}\n");
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
