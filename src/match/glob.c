/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the syntax of path patterns. Text in, parts and items out (pattern.h); what they match is decided by what
 * leaf.c builds of them. '!' and the order of patterns are dfa.c's.
 */
#include "match/glob.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const char *text;
	size_t at;
	struct pattern *p;
	struct errmsg *e;
	bool home;  /* text is a home directory, not the pattern */
};

__attribute__((format(printf, 3, 4)))
static int fail(struct reader *r, size_t at, const char *why, ...);

static int fail(struct reader *r, size_t at, const char *why, ...)
{
	char text[256];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	if (r->e)
		r->e->column = r->home ? 1 : (unsigned int)at + 1;
	if (r->home)
		return errmsg_set(r->e, -EINVAL, "home directory \"%.200s\": %s", r->text, text);
	return errmsg_set(r->e, -EINVAL, "%s", text);
}

static const struct named_set {
	const char *name;
	const char *ranges; /* pairs: first, last */
} named_sets[] = {
	{ "alnum", "09AZaz" },   { "alpha", "AZaz" },       { "blank", "  \t\t" },
	{ "cntrl", "\1\37\177\177" }, { "digit", "09" },    { "graph", "!~" },
	{ "lower", "az" },       { "print", " ~" },         { "punct", "!/:@[`{~" },
	{ "space", "  \t\r" },   { "upper", "AZ" },         { "xdigit", "09AFaf" },
};

static void add_range(struct byteset *s, unsigned int first, unsigned int last)
{
	for (unsigned int b = first; b <= last; b++)
		byteset_add(s, (uint8_t)b);
}

/* [:name:], r->at behind the "[:". */
static int read_named_set(struct reader *r, struct byteset *s)
{
	const char *name = r->text + r->at, *end = strstr(name, ":]");

	for (size_t i = 0; end && i < ARRAY_SIZE(named_sets); i++) {
		const struct named_set *n = &named_sets[i];

		if (strlen(n->name) != (size_t)(end - name) || strncmp(n->name, name, end - name) != 0)
			continue;
		for (const char *p = n->ranges; *p; p += 2)
			add_range(s, (unsigned char)p[0], (unsigned char)p[1]);
		r->at += strlen(n->name) + 2;
		return 0;
	}
	return fail(r, r->at, "no such character class: [:alpha:], [:digit:], [:alnum:] and the like are known");
}

/* One character of a bracket, escaped or not. */
static int read_bracket_byte(struct reader *r, size_t open, unsigned char *ret)
{
	unsigned char c = r->text[r->at];

	if (c == '\\')
		c = r->text[++r->at];
	if (!c)
		return fail(r, open, "a [ is never closed: write \\[ for the character itself");
	if (c == '/')
		return fail(r, r->at, "a bracket cannot hold a slash: it never matches one");
	if (c >= 0x80)
		return fail(r, r->at, "a bracket lists single bytes, ASCII only: write one pattern per character");
	r->at++;
	*ret = c;
	return 0;
}

/* r->at is on the '['. */
static int read_bracket(struct reader *r)
{
	size_t open = r->at++;
	struct byteset s = { 0 };
	bool negated = r->text[r->at] == '!' || r->text[r->at] == '^';

	r->at += negated;
	for (size_t begin = r->at; r->text[r->at] != ']' || r->at == begin;) {
		unsigned char first, last;
		size_t at = r->at;
		int err;

		if (r->text[r->at] == '[' && r->text[r->at + 1] == ':') {
			r->at += 2;
			err = read_named_set(r, &s);
			if (err < 0)
				return err;
			continue;
		}
		err = read_bracket_byte(r, open, &first);
		if (err < 0)
			return err;
		last = first;
		if (r->text[r->at] == '-' && r->text[r->at + 1] && r->text[r->at + 1] != ']') {
			r->at++;
			err = read_bracket_byte(r, open, &last);
			if (err < 0)
				return err;
		}
		if (last < first)
			return fail(r, at, "the range %c-%c is empty: the smaller byte comes first", first, last);
		add_range(&s, first, last);
	}
	r->at++;
	for (size_t i = 0; negated && i < ARRAY_SIZE(s.bits); i++)
		s.bits[i] = ~s.bits[i];
	byteset_del(&s, '/');
	return pattern_item(r->p, &s, false);
}

static int read_literal(struct reader *r)
{
	struct byteset s = { 0 };

	byteset_add(&s, (uint8_t)r->text[r->at++]);
	return pattern_item(r->p, &s, false);
}

static int read_star(struct reader *r)
{
	struct byteset any = pattern_any(r->p);

	if (r->text[r->at + 1] == '*')
		return fail(r, r->at, "** must stand alone between slashes: write * within a name");
	r->at++;
	return pattern_item(r->p, &any, true);
}

static int read_escape(struct reader *r)
{
	r->at++;
	if (!r->text[r->at])
		return fail(r, r->at - 1, "a backslash at the end escapes nothing: write \\\\ for a backslash");
	if (r->text[r->at] == '/')
		return fail(r, r->at - 1, "a slash cannot be escaped: it always separates directories");
	return read_literal(r);
}

static int read_name(struct reader *r)
{
	int err = pattern_part(r->p, PATTERN_NAME);

	while (!err && r->text[r->at] && r->text[r->at] != '/') {
		struct byteset any = pattern_any(r->p);

		switch (r->text[r->at]) {
		case '*':
			err = read_star(r);
			break;
		case '?':
			r->at++;
			err = pattern_item(r->p, &any, false);
			break;
		case '[':
			err = read_bracket(r);
			break;
		case '\\':
			err = read_escape(r);
			break;
		default:
			err = read_literal(r);
		}
	}
	return err;
}

/* A home directory's "*": any name that does not begin with a dot (glob.h says why). */
static int read_home_star(struct reader *r)
{
	struct byteset any = pattern_any(r->p), first = any;
	int err = pattern_part(r->p, PATTERN_NAME);

	byteset_del(&first, '.');
	if (!err)
		err = pattern_item(r->p, &first, false);
	if (!err)
		err = pattern_item(r->p, &any, true);
	r->at++;
	return err;
}

static bool is_part(const char *at, size_t len, const char *what)
{
	return len == strlen(what) && !strncmp(at, what, len);
}

/* One component, r->at on its first byte; `last` parts so far decide whether another ** adds anything. */
static int read_part(struct reader *r)
{
	const char *at = r->text + r->at;
	size_t len = strcspn(at, "/");

	if (!len)
		return at[0] ? fail(r, r->at, "two slashes in a row: no path has an empty name in it") :
			       fail(r, r->at - 1, "a slash at the end means nothing here: write %s for what is below",
				    r->home ? "no slash" : "/**");
	if (is_part(at, len, ".") || is_part(at, len, ".."))
		return fail(r, r->at, "\"%.*s\" never matches: paths are resolved before they are judged", (int)len, at);
	if (is_part(at, len, "**") && r->home)
		return fail(r, r->at, "** is not for home directories: name their directory and one *");
	if (is_part(at, len, "**")) {
		enum pattern_kind before = r->p->parts[r->p->parts_cnt - 1].kind;

		r->at += len;
		if (before == PATTERN_HEAD || before == PATTERN_MANY)
			return 0;
		/* Anything below the root is anything at all. */
		if (before == PATTERN_ROOT) {
			r->p->parts[r->p->parts_cnt - 1].kind = PATTERN_HEAD;
			return 0;
		}
		return pattern_part(r->p, PATTERN_MANY);
	}
	if (is_part(at, len, "*")) {
		if (r->home)
			return read_home_star(r);
		r->at += len;
		return pattern_part(r->p, PATTERN_ANY);
	}
	return read_name(r);
}

/* The components from r->at to the end. "x/ **" is everything below x: at least one component more. */
static int read_parts(struct reader *r)
{
	for (;;) {
		enum pattern_kind kind;
		int err = read_part(r);

		if (err < 0)
			return err;
		if (r->text[r->at] == '/') {
			r->at++;
			continue;
		}
		kind = r->p->parts[r->p->parts_cnt - 1].kind;
		return kind == PATTERN_MANY || kind == PATTERN_HEAD ? pattern_part(r->p, PATTERN_ANY) : 0;
	}
}

/* A sequence that begins at the root: text is "/..." */
static int read_absolute(struct reader *r)
{
	int err = pattern_begin(r->p);

	if (!err)
		err = pattern_part(r->p, PATTERN_ROOT);
	r->at++;
	return err < 0 ? err : read_parts(r);
}

static int read_home(struct pattern *p, const char *home, struct errmsg *e)
{
	struct reader r = { .text = home, .p = p, .e = e, .home = true };

	if (!home[0]) {
		struct byteset nul = { 0 };
		int err = pattern_begin(p);

		byteset_add(&nul, 0);
		err = err < 0 ? err : pattern_part(p, PATTERN_ROOT);
		err = err < 0 ? err : pattern_part(p, PATTERN_NAME);
		return err < 0 ? err : pattern_item(p, &nul, false);
	}
	if (home[0] != '/')
		return fail(&r, 0, "not an absolute path");
	if (strlen(home) > PATTERN_MAX)
		return fail(&r, 0, "longer than %d bytes", PATTERN_MAX);
	if (!home[1]) {
		int err = pattern_begin(p);

		return err < 0 ? err : pattern_part(p, PATTERN_ROOT);
	}
	return read_absolute(&r);
}

/* "~" and "~/...": one sequence per home; the part behind the home is read once and repeated. */
static int read_tilde(struct reader *r, const char *const *homes, size_t homes_cnt)
{
	struct pattern *p = r->p;
	size_t from = 0, to = 0;
	int err;

	if (r->text[1] && r->text[1] != '/')
		return fail(r, 1, "~ is every user's home: write ~/name, or \\~name for a file of this name");
	if (!homes_cnt) {
		/* Still to be checked; then forgotten. */
		err = pattern_begin(p);
		if (!err)
			err = pattern_part(p, PATTERN_ROOT);
		r->at = 2;
		if (!err && r->text[1])
			err = read_parts(r);
		p->seqs_cnt = 0;
		return err;
	}
	for (size_t i = 0; i < homes_cnt; i++) {
		err = read_home(p, homes[i], r->e);
		if (err < 0)
			return err;
		if (!r->text[1])
			continue;
		if (i) {
			err = pattern_repeat(p, from, to);
		} else {
			from = p->parts_cnt;
			r->at = 2;
			err = read_parts(r);
			to = p->parts_cnt;
		}
		if (err < 0)
			return err;
	}
	return 0;
}

/* "** /x" and "x": at any depth. */
static int read_floating(struct reader *r)
{
	const char *slash = strchr(r->text, '/');
	int err;

	if (slash && !slash[1] && strncmp(r->text, "**", slash - r->text) != 0)
		return fail(r, slash - r->text, "a slash at the end means nothing here: write **/%.*s/** for what is below",
			    (int)(slash - r->text < 100 ? slash - r->text : 100), r->text);
	if (slash && (slash - r->text != 2 || strncmp(r->text, "**", 2) != 0))
		return fail(r, 0, "not anchored: write **/%.100s for any directory, or /%.100s for the root", r->text,
			    r->text);
	err = pattern_begin(r->p);
	if (!err)
		err = pattern_part(r->p, PATTERN_HEAD);
	return err < 0 ? err : read_parts(r);
}

int glob_parse(const char *text, const char *const *homes, size_t homes_cnt, struct pattern **ret, struct errmsg *e)
{
	cleanup_(pattern_freep) struct pattern *p = pattern_new('/');
	struct reader r = { .text = text, .p = p, .e = e };
	int err;

	if (!p)
		return -ENOMEM;
	if (!text[0])
		return fail(&r, 0, "the pattern is empty");
	if (strlen(text) > PATTERN_MAX)
		return fail(&r, PATTERN_MAX, "longer than %d bytes: no path is", PATTERN_MAX);
	if (text[0] == '/' && !text[1])
		return fail(&r, 0, "the root alone is no file: write /** for everything below it");
	if (homes_cnt > GLOB_HOMES_MAX)
		return errmsg_set(e, -E2BIG, "more than %d home directories: name their common directory with one *",
				  GLOB_HOMES_MAX);
	if (text[0] == '/')
		err = read_absolute(&r);
	else if (text[0] == '~')
		err = read_tilde(&r, homes, homes_cnt);
	else
		err = read_floating(&r);
	if (err < 0)
		return err;
	*ret = take_ptr(p);
	return 0;
}
