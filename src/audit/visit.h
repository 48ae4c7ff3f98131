/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Inside audit/: what the parts of one home's audit share, in the worker. */
#ifndef SLUICE_AUDIT_VISIT_H
#define SLUICE_AUDIT_VISIT_H

#include <json-c/json.h>

#include "audit/audit.h"
#include "audit/home.h"
#include "audit/settings.h"
#include "audit/signin.h"
#include "base/strbuf.h"
#include "process/userfile.h"
#include "process/worker.h"

struct visit {
	const struct audit_target *t;
	struct audit_sink sink;
	struct worker_page *page;
	int home, root; /* O_PATH: the home, and "/" */
};

/* A step, for the parent's patience; what: relative to the home, shown when the worker is given up. */
void visit_step(struct visit *v, const char *what);

/*
 * Reads a file below the home (dir is v->home) or of the system (v->root), for tool. False: there is none, or it could
 * not be read, which a row then says. shown: its name in rows, "~/..." or absolute.
 */
bool visit_read(struct visit *v, int dir, const char *path, const char *tool, const char *shown, struct strbuf *ret);

/* The same, parsed; a row says when it is no JSON. NULL: none. */
struct json_object *visit_json(struct visit *v, int dir, const char *path, const char *tool, const char *shown);

/* Calls fn for every path below dir that the pattern names: components with one "*". At most VISIT_NAMES_MAX of a
 * folder. */
#define VISIT_NAMES_MAX 256
typedef void (*visit_name)(struct visit *v, const char *path, const char *star, void *arg);
void visit_glob(struct visit *v, int dir, const char *pattern, visit_name fn, void *arg);

/* The parts: each reports through v->sink. */
void visit_installs(struct visit *v);
void visit_tools(struct visit *v);
void visit_sessions_read(struct visit *v); /* with the rights that the worker begins with: reads, parses nothing */
void visit_sessions(struct visit *v);
void visit_projects(struct visit *v);

#endif /* SLUICE_AUDIT_VISIT_H */
