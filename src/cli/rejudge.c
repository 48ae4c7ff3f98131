/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: translating the numbers of one policy in a record into those of another. Judges with the compiled tables, as the kernel. */
#include "cli/rejudge.h"

#include <netinet/in.h>
#include <string.h>

#include "correlate/flows.h"
#include "event/decode.h"
#include "hello.h"

struct rejudge {
	const struct compiled *to;
	struct proctree *tree;
	uint16_t tools[SL_TOOLS_MAX];  /* by number of the first policy */
	_Alignas(8) char record[SL_RECORD_MAX];
	char path[DECODE_PATH_SIZE];
	char argv[SL_ARGV_MAX + 1];
};

struct rejudge *rejudge_new(const struct policy *from, const struct compiled *to, struct proctree *tree)
{
	struct rejudge *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->to = to;
	r->tree = tree;
	for (size_t i = 0; i < from->tools_cnt && i + 1 < SL_TOOLS_MAX; i++)
		for (size_t j = 0; j < to->policy->tools_cnt; j++)
			if (strcmp(from->tools[i].name, to->policy->tools[j].name) == 0)
				r->tools[i + 1] = (uint16_t)(j + 1);
	return r;
}

void rejudge_free(struct rejudge *r)
{
	free(r);
}

static uint16_t map_tool(const struct rejudge *r, unsigned int tool)
{
	return tool < SL_TOOLS_MAX ? r->tools[tool] : 0;
}

/* argv: with its NULs. */
static uint16_t exe_set(const struct rejudge *r, const char *exe, unsigned int exe_flags, const char *argv, size_t argv_len)
{
	const char *args[SL_ARG_WORDS + 1];
	size_t cnt = 0, at = 0;

	while (at < argv_len && cnt < ARRAY_SIZE(args)) {
		args[cnt++] = argv + at;
		at += strnlen(argv + at, argv_len - at) + 1;
	}
	return compiled_exec_record(r->to, exe, exe_flags, args, cnt).exe_set;
}

static uint16_t exec_set(struct rejudge *r, const struct event *ev)
{
	size_t len = ev->argv.len < SL_ARGV_MAX ? ev->argv.len : SL_ARGV_MAX;

	/* The last argument may have been cut, NUL and all. */
	memcpy(r->argv, ev->argv.data, len);
	r->argv[len] = '\0';
	decode_path(ev->exe, r->path, sizeof(r->path));
	return exe_set(r, r->path, ev->exe.flags, r->argv, len);
}

/* The window is counted from the tool's exec, as the kernel does. */
static unsigned int mode_of(const struct rejudge *r, const struct process *p, uint64_t now_ns)
{
	const struct policy_tool *tool = compiled_tool(r->to, p->tool);

	if (p->mode == SL_MODE_SELF && p->origin == SL_EXEC_ORIGIN_EXEC && tool && now_ns < p->exec_ns + tool->startup_ns)
		return SL_MODE_STARTUP;
	return p->mode;
}

static bool judge_file(struct rejudge *r, const struct event *ev, struct sl_rec_file *f)
{
	const struct process *p = proctree_find(r->tree, f->who.tgid, f->who.start_ns);
	struct sl_decision d;
	bool unknown = false;
	size_t len;

	len = decode_path(ev->path, r->path, sizeof(r->path));
	if (ev->path.flags & (SL_STR_UNRESOLVED | SL_STR_MISSING))
		f->set = SL_SET_UNRESOLVED;
	else
		f->set = (uint16_t)compiled_match_record(r->to, r->to->path, r->path, len, ev->path.flags, &unknown);
	if (!f->set && unknown) /* as the kernel: it may be the short form of any name */
		f->set = SL_SET_UNRESOLVED;
	d = compiled_file(r->to, f->who.tool, f->who.exe_set, p ? mode_of(r, p, ev->time_ns) : SL_MODE_CHILD, f->who.uid, f->set);
	f->set = (uint16_t)compiled_deciding_set(r->to, f->who.tool, f->who.exe_set, p ? mode_of(r, p, ev->time_ns) : SL_MODE_CHILD,
						 f->who.uid, f->set);
	f->rule = d.rule;
	f->action = d.action;
	f->reader = d.reader;
	return f->set && d.rule != SL_RULE_NONE;
}

static bool judge_inspect(struct rejudge *r, struct sl_rec_inspect *i)
{
	struct sl_decision d = compiled_peer(r->to, i->who.tool, i->who.exe_set, i->who.uid, i->object);

	i->target_tool = map_tool(r, i->target_tool);
	i->rule = d.rule;
	i->action = d.action;
	return d.rule != SL_RULE_NONE;
}

static bool judge_broker(struct rejudge *r, const struct event *ev, struct sl_rec_broker *b)
{
	size_t len = decode_path(ev->path, r->path, sizeof(r->path));
	unsigned int object;
	struct sl_decision d;
	bool unknown;

	if (b->abstract) {
		char name[SL_PATH_MAX + 8];
		int n = compiled_abstract(r->path, len, name, sizeof(name));

		b->set = (uint16_t)(n < 0 ? 0 : dfa_match(r->to->sock, name, (size_t)n));
	} else {
		b->set = (uint16_t)(ev->path.flags & (SL_STR_UNRESOLVED | SL_STR_MISSING) ? 0 :
											    dfa_match_record(r->to->sock, r->path, len, ev->path.flags, &unknown));
	}
	object = b->type == SL_BROKER_SPOOL ? r->to->spool_objects[b->set] : r->to->peer_objects[b->set];
	if (!object)
		return false;
	d = compiled_peer(r->to, b->who.tool, b->who.exe_set, b->who.uid, object);
	b->rule = d.rule;
	b->action = d.action;
	return d.rule != SL_RULE_NONE;
}

/*
 * As flow_judge() of bpf/flow.bpf.c. What DNS knew then is not at hand, so whether it is the connect's rule again cannot be told:
 * an alert or a block is told, else the word on the connect stands.
 */
static void judge_hello(const struct rejudge *r, const struct event *ev, struct sl_rec_hello *h)
{
	struct compiled_dest dest = { .family = h->family, .kind = connect_kind(h->proto), .port = h->port };
	struct sl_decision d, proxy;
	char text[DNS_TEXT_MAX];
	const char *name = text;

	h->rule = SL_RULE_NONE;
	h->action = SL_ACTION_ALLOW;
	h->decided = 0;
	if (!ev->name.len)
		return;
	memcpy(dest.addr, h->addr, h->family == 4 ? 4 : 16);
	proxy = compiled_connect(r->to, h->who.tool, h->who.exe_set, h->who.uid, &dest);
	if (h->hello_flags & SL_HELLO_PROXY) {
		dest = (struct compiled_dest){ .kind = dest.kind, .port = h->asked_port ? h->asked_port : h->port };
		if (h->hello_flags & SL_HELLO_ADDR) {
			dest.family = ev->name.len == 4 ? 4 : 6;
			memcpy(dest.addr, ev->name.data, ev->name.len);
		}
	}
	if (!(h->hello_flags & SL_HELLO_ADDR) && flows_name_text(ev->name.data, ev->name.len, text)) {
		dest.names = &name;
		dest.names_cnt = 1;
		h->set = (uint16_t)compiled_name_set(r->to, name);
	}
	d = compiled_connect(r->to, h->who.tool, h->who.exe_set, h->who.uid, &dest);
	if (h->hello_flags & SL_HELLO_PROXY && d.action <= proxy.action)
		d = proxy;
	h->rule = d.rule;
	h->action = d.action;
	h->decided = d.rule != SL_RULE_NONE;
	h->again = d.action < SL_ACTION_ALERT;
}

const void *rejudge_record(struct rejudge *r, const void *record, size_t size)
{
	struct sl_rec_exec *exec = (struct sl_rec_exec *)r->record;
	struct process *p;
	struct sl_who *who;
	struct event ev;

	/* What does not decode is for the pipeline to count. */
	if (size > sizeof(r->record) || decode_record(record, size, &ev) < 0 || !ev.who)
		return record;
	memcpy(r->record, record, size);
	who = (struct sl_who *)(r->record + sizeof(struct sl_hdr)); /* in every kind that has one */
	who->tool = map_tool(r, who->tool);
	if (ev.kind == SL_REC_EXEC) {
		exec->parent_tool = map_tool(r, exec->parent_tool);
		who->exe_set = exec_set(r, &ev);
		return r->record;
	}
	/* A newborn has its parent's image. */
	p = ev.kind == SL_REC_FORK ? proctree_find_pid(r->tree, who->ppid) : proctree_find(r->tree, who->tgid, who->start_ns);
	who->exe_set = p ? exe_set(r, p->exe, p->exe_flags, p->argv, p->argv_len) : 0;
	/* The pipeline judges it by the other policy. */
	if (ev.decided)
		((struct sl_rec_verdict *)r->record)->decided = 0;
	if (ev.kind == SL_REC_FILE && !judge_file(r, &ev, (struct sl_rec_file *)r->record))
		return NULL;
	if (ev.kind == SL_REC_HELLO)
		judge_hello(r, &ev, (struct sl_rec_hello *)r->record);
	if (ev.kind == SL_REC_INSPECT && !judge_inspect(r, (struct sl_rec_inspect *)r->record))
		return NULL;
	if (ev.kind == SL_REC_BROKER && !judge_broker(r, &ev, (struct sl_rec_broker *)r->record))
		return NULL;
	return r->record;
}
