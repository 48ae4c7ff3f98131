/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what sessions that run now were given: names of variables that sign in, and arguments that take approvals away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/visit.h"
#include "base/cleanup.h"

#define BLOCK_MAX (1u << 20) /* of arguments or environment */

static int read_proc(uint32_t pid, const char *name, struct strbuf *ret)
{
	cleanup_close int fd = -1;
	char path[64], buf[4096];
	ssize_t n;

	strbuf_reset(ret);
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0 && ret->len < BLOCK_MAX)
		strbuf_add(ret, buf, (size_t)n);
	strbuf_addc(ret, '\0');
	return n < 0 ? -errno : 0;
}

static void arguments(struct visit *v, const struct audit_session *p, const struct strbuf *b)
{
	const char *text = strbuf_str(b), *arg = text, *next;
	char what[AUDIT_TEXT], evidence[AUDIT_TEXT];

	for (; arg < text + b->len; arg = next) {
		next = arg + strlen(arg) + 1;
		if (!settings_bypass(p->tool, arg, next < text + b->len ? next : ""))
			continue;
		audit_text(what, "a session runs with %s", arg);
		audit_text(evidence, "arguments of process %u", p->pid);
		audit_add_row(&v->sink, p->tool, AUDIT_APPROVAL, AUDIT_WARN, what,
		              "What a model was talked into runs at once", "End it, or know that it is meant",
		              evidence);
	}
}

/* What was read of one before the worker became its owner. */
struct blocks {
	struct strbuf env, args;
	int env_err, args_err;
};

static struct blocks *blocks;

void visit_sessions_read(struct visit *v)
{
	blocks = calloc(v->t->sessions_cnt ? v->t->sessions_cnt : 1, sizeof(*blocks));
	for (size_t i = 0; blocks && i < v->t->sessions_cnt; i++) {
		const struct audit_session *p = &v->t->sessions[i];
		char where[64];

		if (p->uid != v->t->uid)
			continue;
		snprintf(where, sizeof(where), "process %u", p->pid);
		visit_step(v, where);
		blocks[i].env_err = read_proc(p->pid, "environ", &blocks[i].env);
		blocks[i].args_err = read_proc(p->pid, "cmdline", &blocks[i].args);
	}
}

static void one(struct visit *v, const struct audit_session *p, const struct blocks *b)
{
	char where[64], what[AUDIT_TEXT];
	struct audit_env env = { strbuf_str(&b->env), b->env.len };

	if (b->env_err == -ENOENT || b->env_err == -ESRCH)
		return;
	snprintf(where, sizeof(where), "environment of process %u", p->pid);
	if (b->env_err) {
		audit_text(what, "the environment of process %u may not be read", p->pid);
		audit_add_row(&v->sink, p->tool, AUDIT_READING, AUDIT_UNSURE, what,
		              "Its variables may sign it in with another account", "", where);
	} else {
		signin_env(&v->sink, p->tool, &env, where);
		for (size_t i = 0; i < 2; i++) {
			static const char *const moved[] = { "CLAUDE_CONFIG_DIR", "CODEX_HOME" };

			if (!audit_env_get(&env, moved[i]))
				continue;
			audit_text(what, "%s moves the settings and the sign-in of a running session elsewhere",
			           moved[i]);
			audit_add_row(&v->sink, p->tool, AUDIT_READING, AUDIT_UNSURE, what,
			              "What is there was not looked at", "", where);
		}
	}
	if (!b->args_err)
		arguments(v, p, &b->args);
}

void visit_sessions(struct visit *v)
{
	for (size_t i = 0; blocks && i < v->t->sessions_cnt; i++)
		if (v->t->sessions[i].uid == v->t->uid)
			one(v, &v->t->sessions[i], &blocks[i]);
}
