/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: translating the numbers of one policy in a record into those of another. Judges with the compiled tables, as the kernel. */
#include "cli/rejudge.h"

#include <string.h>

#include "event/decode.h"

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
static uint16_t exe_set(const struct rejudge *r, const char *exe, const char *argv, size_t argv_len)
{
	const char *args[SL_ARG_SCAN];
	size_t cnt = 0, at = 0;

	while (at < argv_len && cnt < SL_ARG_SCAN) {
		args[cnt++] = argv + at;
		at += strnlen(argv + at, argv_len - at) + 1;
	}
	return compiled_exec(r->to, exe, args, cnt).exe_set;
}

static uint16_t exec_set(struct rejudge *r, const struct event *ev)
{
	size_t len = ev->argv.len < SL_ARGV_MAX ? ev->argv.len : SL_ARGV_MAX;

	/* The last argument may have been cut, NUL and all. */
	memcpy(r->argv, ev->argv.data, len);
	r->argv[len] = '\0';
	decode_path(ev->exe, r->path, sizeof(r->path));
	return exe_set(r, r->path, r->argv, len);
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
	size_t len;

	len = decode_path(ev->path, r->path, sizeof(r->path));
	if (ev->path.flags & (SL_STR_UNRESOLVED | SL_STR_MISSING))
		f->set = SL_SET_UNRESOLVED;
	else
		f->set = (uint16_t)dfa_match(r->to->path, r->path, len);
	d = compiled_file(r->to, f->who.tool, f->who.exe_set, p ? mode_of(r, p, ev->time_ns) : SL_MODE_CHILD, f->who.uid, f->set);
	f->rule = d.rule;
	f->action = d.action;
	f->reader = d.reader;
	return f->set && d.rule != SL_RULE_NONE;
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
	who->exe_set = p ? exe_set(r, p->exe, p->argv, p->argv_len) : 0;
	if (ev.kind == SL_REC_FILE && !judge_file(r, &ev, (struct sl_rec_file *)r->record))
		return NULL;
	return r->record;
}
