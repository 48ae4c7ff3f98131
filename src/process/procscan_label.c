/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the labels of what already runs, by the same rule that the exec and fork programs follow (bpf/process.bpf.c).
 * A snapshot has lost one thing: what a process ran before its last exec. A tool that was replaced in place, or whose
 * ancestors ended, is not seen; nothing is guessed for it.
 */
#include "process/procscan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process/sessions.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

/* The process that started e, if it is in the scan. A parent began no later than its child. */
static struct procscan_entry *parent_of(const struct procscan *s, const struct procscan_entry *e)
{
	const struct sl_who *w = &e->rec->who;
	struct procscan_entry *p = w->ppid && w->ppid != w->tgid ? procscan_find(s, w->ppid) : NULL;

	return p && p->rec->who.start_ns / PROC_TICK_NS <= w->start_ns / PROC_TICK_NS ? p : NULL;
}

struct compiled_exec procscan_recognise(const struct sl_rec_exec *rec, const struct compiled *c)
{
	const char *at = (const char *)rec + sizeof(*rec);
	const char *args = at + rec->exe_len + rec->cwd_len, *end = args + rec->argv_len;
	char exe[SL_PATH_MAX + 1], last[SL_ARGV_MAX + 1];
	const char *argv[SL_ARG_WORDS + 1];
	size_t argc = 0;

	memcpy(exe, at, rec->exe_len);
	exe[rec->exe_len] = '\0';
	while (args < end && argc < ARRAY_SIZE(argv)) {
		size_t len = strnlen(args, (size_t)(end - args));

		argv[argc] = args;
		if (args + len == end) {
			/* Cut off before its NUL. */
			memcpy(last, args, len);
			last[len] = '\0';
			argv[argc] = last;
		}
		argc++;
		args += len + 1;
	}
	return compiled_exec_record(c, exe, rec->exe_flags, argv, argc);
}

/* Being in no list needs no proof. */
static bool is_unproved(const struct sl_rec_exec *rec, const struct compiled_exec *r)
{
	return (rec->exe_flags & SL_STR_UNPROVED || r->scripted) && !r->any_origin && (r->exe_set || r->tool);
}

static void label_one(struct procscan_entry *e, const struct procscan_entry *parent, const struct compiled *c)
{
	struct compiled_exec r = procscan_recognise(e->rec, c);
	struct sl_label l = { 0 };

	/* Of the parent's label, a child has what concerns the session. */
	if (parent && parent->label.tool) {
		l = parent->label;
		l.image = 0; /* by what the kernel knows it, /proc does not say */
		l.exec_ns = 0;
		l.startup_until_ns = 0;
		l.reported = 0;
	}
	/* As the kernel does, but that the tool's own image is not known again by its folder: what the tool started itself, with nothing
	 * else in between, is the tool. */
	if (r.tool && l.tool && (l.tool != r.tool || l.left_tool) && !sl_asked_add(&l.asked, l.tool))
		r.tool = 0;
	l.exe_set = r.exe_set;
	l.asked.unproved = is_unproved(e->rec, &r);
	l.mode = r.tool ? SL_MODE_SELF : SL_MODE_CHILD;
	if (r.tool && (l.tool != r.tool || (l.left_tool && !r.helper))) {
		l.parent_session_ns = l.session_ns;
		l.parent_session_pid = l.session_pid;
		l.parent_tool = l.tool;
		l.session_ns = e->rec->who.start_ns;
		l.session_pid = e->rec->who.tgid;
		if (!l.root_ns) {
			l.root_ns = l.session_ns;
			l.root_pid = l.session_pid;
		}
		l.tool = r.tool;
		l.left_tool = 0;
	} else if (l.tool && !r.tool) {
		l.left_tool = 1;
	}
	l.evidence = r.tool ? SL_EVID_PROCFS : l.tool ? SL_EVID_INHERITED : SL_EVID_NONE;
	e->label = l;
}

static void write_label(const struct procscan_entry *e)
{
	struct sl_rec_exec *rec = e->rec;
	const struct sl_label *l = &e->label;

	rec->who.exe_set = l->exe_set;
	rec->mode = l->mode;
	if (!l->tool)
		return;
	rec->who.session_ns = l->session_ns;
	rec->who.session_pid = l->session_pid;
	rec->who.tool = l->tool;
	rec->parent_session_ns = l->parent_session_ns;
	rec->parent_session_pid = l->parent_session_pid;
	rec->parent_tool = l->parent_tool;
	rec->evidence = l->evidence;
	rec->new_session = !e->known && l->session_pid == rec->who.tgid && l->session_ns == rec->who.start_ns;
}

/* Labels e after everything above it. path holds the way up; it is as long as the scan, so depth needs no stack. */
static void label_upwards(const struct procscan *s, struct procscan_entry *e, const struct compiled *c, uint8_t *marks,
			  struct procscan_entry **path)
{
	size_t depth = 0;

	/* A snapshot is not taken at one instant: a pid that was reused meanwhile could close a circle. */
	for (; e && marks[e - s->v] == MARK_NEW; e = parent_of(s, e)) {
		marks[e - s->v] = MARK_OPEN;
		path[depth++] = e;
	}
	while (depth) {
		struct procscan_entry *parent;

		e = path[--depth];
		parent = parent_of(s, e);
		if (!e->known)
			label_one(e, parent && marks[parent - s->v] == MARK_DONE ? parent : NULL, c);
		write_label(e);
		marks[e - s->v] = MARK_DONE;
	}
}

int procscan_label(struct procscan *s, const struct compiled *c)
{
	cleanup_free uint8_t *marks = calloc(s->cnt + 1, sizeof(*marks));
	cleanup_free struct procscan_entry **path = calloc(s->cnt + 1, sizeof(*path));
	int labelled = 0;

	if (!marks || !path)
		return -ENOMEM;
	for (size_t i = 0; i < s->cnt; i++)
		label_upwards(s, &s->v[i], c, marks, path);
	for (size_t i = 0; i < s->cnt; i++)
		labelled += s->v[i].label.tool != 0;
	return labelled;
}
