/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of a policy, look-up by name, and errors that point into its text. Reads no file. */
#include "policy/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "policy/policy_internal.h"

const char *const policy_dest_words[POLICY_DEST_WORDS] = {
	[POLICY_DEST_OWN] = "own-providers",
	[POLICY_DEST_UNKNOWN] = "unknown",
	[POLICY_DEST_LOOPBACK] = "loopback",
	[POLICY_DEST_PRIVATE] = "private",
};

const char *const policy_tiers[] = {
	"consumer", "api", "aggregator", "ide-backend", "local", "telemetry", "auth", "dev", "registry", "cloud", "error-tracker",
	"internal", "resolver", NULL,
};

int policy_dest_word(const char *name)
{
	for (int i = 0; i < POLICY_DEST_WORDS; i++)
		if (!strcmp(policy_dest_words[i], name))
			return i;
	return -1;
}

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* Copies line number `line` of the text, when the caret under `column` would still be inside the copy. */
static void copy_line(struct errmsg *e, const struct policy_source *s, unsigned int line, unsigned int column)
{
	const char *at = s->text, *end, *eol;
	size_t len;

	if (!at || column >= sizeof(e->source))
		return;
	end = s->text + s->len;
	for (unsigned int i = 1; i < line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return;
		at++;
	}
	eol = memchr(at, '\n', (size_t)(end - at));
	len = (size_t)((eol ? eol : end) - at);
	if (len && at[len - 1] == '\r')
		len--;
	if (len >= sizeof(e->source))
		len = sizeof(e->source) - 1;
	memcpy(e->source, at, len);
	e->source[len] = '\0';
}

static void fill_place(struct errmsg *e, const struct policy_source *s, unsigned int line, unsigned int column)
{
	size_t len = strlen(s->name);

	/* Of a name that is too long the end tells more. */
	snprintf(e->file, sizeof(e->file), "%s", len < sizeof(e->file) ? s->name : s->name + len - sizeof(e->file) + 1);
	e->line = line;
	e->column = column;
	e->source[0] = '\0';
	if (line)
		copy_line(e, s, line, column);
}

static int source_verror(struct errmsg *e, const struct policy_source *s, unsigned int line, unsigned int column,
			 int err, const char *fmt, va_list args)
{
	if (!e)
		return err;
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	/* Values of the file are quoted, and these may hold line ends. */
	for (char *p = e->text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	fill_place(e, s, line, column);
	return err;
}

int policy_source_error(struct errmsg *e, const struct policy_source *s, unsigned int line, unsigned int column,
			int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	source_verror(e, s, line, column, err, fmt, args);
	va_end(args);
	return err;
}

int policy_error(struct errmsg *e, const struct policy *p, struct policy_where w, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	source_verror(e, &p->sources[w.source], w.line, w.column, err, fmt, args);
	va_end(args);
	return err;
}

int policy_error_pattern(struct errmsg *e, const struct policy *p, struct policy_where w, const char *pattern, int err)
{
	char text[sizeof(e->text)];
	unsigned int byte;

	if (!e)
		return err;
	byte = e->column ? e->column - 1 : 0;
	memcpy(text, e->text, sizeof(text));
	return policy_error(e, p, (struct policy_where){ w.source, w.line, w.column + byte }, err, "'%.128s': %.800s",
			    pattern, text);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* Edit distance, where exchanging two neighbours is one edit; anything above `max` is max + 1. */
static unsigned int distance(const char *a, const char *b, unsigned int max)
{
	enum { LEN = 64 };
	size_t la = strlen(a), lb = strlen(b);
	unsigned int row[3][LEN + 1];

	if (la > LEN || lb > LEN || (la > lb ? la - lb : lb - la) > max)
		return max + 1;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];

		cur[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int best = prev[j - 1] + (a[i - 1] != b[j - 1]);

			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (cur[j - 1] + 1 < best)
				best = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && prev2[j - 2] + 1 < best)
				best = prev2[j - 2] + 1;
			cur[j] = best;
		}
	}
	return row[la % 3][lb];
}

const char *policy_nearest(const char *s, const char *(*fn)(const void *arg, size_t i), const void *arg, size_t n)
{
	size_t len = strlen(s);
	unsigned int limit = len < 4 ? 1 : len < 8 ? 2 : 3, best = limit + 1;
	const char *name = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *other = fn(arg, i);
		unsigned int d = distance(s, other, limit);

		if (d < best) {
			best = d;
			name = other;
		}
	}
	return name;
}

int policy_find_secret(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->secrets_cnt; i++)
		if (!strcmp(p->secrets[i].name, name))
			return (int)i;
	return -1;
}

bool policy_class_only_tightens(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (p->rules[i].object == POLICY_OBJECT_READ && p->rules[i].action == SL_ACTION_ALLOW &&
		    policy_strings_has(&p->rules[i].classes, name))
			return false;
	return true;
}

int policy_find_tool(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->tools_cnt; i++)
		if (!strcmp(p->tools[i].name, name))
			return (int)i;
	return -1;
}

int policy_find_broker(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->brokers_cnt; i++)
		if (!strcmp(p->brokers[i].name, name))
			return (int)i;
	return -1;
}

int policy_find_provider(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->providers_cnt; i++)
		if (!strcmp(p->providers[i].name, name))
			return (int)i;
	return -1;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

int policy_strings_add(struct policy_strings *l, const char *s, struct policy_where w)
{
	/* Grows at powers of two; `cnt` tells where the last growth was. */
	if (!(l->cnt & (l->cnt - 1))) {
		size_t size = l->cnt ? l->cnt * 2 : 1;
		char **v = reallocarray(l->v, size, sizeof(*v));
		struct policy_where *where;

		if (!v)
			return -ENOMEM;
		l->v = v;
		where = reallocarray(l->where, size, sizeof(*where));
		if (!where)
			return -ENOMEM;
		l->where = where;
	}
	l->v[l->cnt] = strdup(s);
	if (!l->v[l->cnt])
		return -ENOMEM;
	l->where[l->cnt++] = w;
	return 0;
}

bool policy_strings_has(const struct policy_strings *l, const char *s)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

void policy_strings_done(struct policy_strings *l)
{
	for (size_t i = 0; i < l->cnt; i++)
		free(l->v[i]);
	free(l->v);
	free(l->where);
}

void policy_secret_done(struct policy_secret *s)
{
	free(s->name);
	policy_strings_done(&s->paths);
	free(s->confidence);
}

void policy_tool_done(struct policy_tool *t)
{
	free(t->name);
	free(t->title);
	policy_strings_done(&t->exe);
	policy_strings_done(&t->argv);
	policy_strings_done(&t->helpers);
	policy_strings_done(&t->own);
	policy_strings_done(&t->providers);
	policy_strings_done(&t->startup);
}

void policy_interpreter_done(struct policy_interpreter *i)
{
	free(i->name);
	policy_strings_done(&i->exe);
	policy_strings_done(&i->value_options);
	policy_strings_done(&i->run_words);
	policy_strings_done(&i->inline_words);
}

void policy_reader_done(struct policy_reader *r)
{
	free(r->name);
	policy_strings_done(&r->exe);
	policy_strings_done(&r->script);
	policy_strings_done(&r->argv);
	policy_strings_done(&r->unless);
	policy_strings_done(&r->classes);
}

void policy_provider_done(struct policy_provider *p)
{
	free(p->name);
	free(p->title);
	policy_strings_done(&p->domains);
	free(p->cidrs);
	free(p->ports);
	free(p->tier);
	free(p->region);
	free(p->training);
	free(p->retention);
	free(p->terms);
}

void policy_broker_done(struct policy_broker *b)
{
	free(b->name);
	free(b->title);
	policy_strings_done(&b->sockets);
	policy_strings_done(&b->abstract);
	policy_strings_done(&b->spools);
}

static void connect_done(struct policy_connect *c)
{
	policy_strings_done(&c->providers);
	policy_strings_done(&c->not_providers);
	policy_strings_done(&c->tiers);
	policy_strings_done(&c->not_tiers);
	policy_strings_done(&c->regions);
	policy_strings_done(&c->not_regions);
	policy_strings_done(&c->hosts);
	free(c->cidrs);
	free(c->ports);
}

void policy_rule_done(struct policy_rule *r)
{
	free(r->id);
	policy_strings_done(&r->tools);
	policy_strings_done(&r->exe);
	policy_strings_done(&r->except);
	policy_strings_done(&r->users);
	policy_strings_done(&r->classes);
	connect_done(&r->connect);
	policy_strings_done(&r->brokers);
	policy_strings_done(&r->after);
	free(r->severity);
	free(r->message);
}

void policy_source_done(struct policy_source *s)
{
	free(s->name);
	free(s->text);
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->sources_cnt; i++)
		policy_source_done(&p->sources[i]);
	for (size_t i = 0; i < p->secrets_cnt; i++)
		policy_secret_done(&p->secrets[i]);
	for (size_t i = 0; i < p->tools_cnt; i++)
		policy_tool_done(&p->tools[i]);
	for (size_t i = 0; i < p->interpreters_cnt; i++)
		policy_interpreter_done(&p->interpreters[i]);
	for (size_t i = 0; i < p->readers_cnt; i++)
		policy_reader_done(&p->readers[i]);
	for (size_t i = 0; i < p->providers_cnt; i++)
		policy_provider_done(&p->providers[i]);
	for (size_t i = 0; i < p->brokers_cnt; i++)
		policy_broker_done(&p->brokers[i]);
	for (size_t i = 0; i < p->rules_cnt; i++)
		policy_rule_done(&p->rules[i]);
	free(p->sources);
	free(p->secrets);
	free(p->tools);
	free(p->interpreters);
	free(p->readers);
	free(p->providers);
	free(p->brokers);
	free(p->rules);
	free(p);
}
