/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: reading one YAML value into one field of the model, and what is said when it is not what was expected. */
#include "policy/yaml_values.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

#define NAME_MAX_LEN 63
#define NSEC_PER_SEC 1000000000ull

int y_error(struct yctx *y, const struct ynode *n, const char *fmt, ...)
{
	char text[sizeof(y->e->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return policy_source_error(y->e, &y->policy->sources[y->source], n->line, n->column, -EINVAL, "%s", text);
}

struct policy_where y_where(const struct yctx *y, const struct ynode *n)
{
	return (struct policy_where){ y->source, n->line, n->column };
}

int y_want(struct yctx *y, const struct yfield *f, const struct ynode *n, enum ynode_kind kind)
{
	if (n->kind == kind)
		return 0;
	if (n->kind == YNODE_NULL)
		return y_error(y, n, "'%s' has no value: give it %s, or remove the key", f->key, ynode_kind_name(kind));
	return y_error(y, n, "'%s' must be %s, not %s", f->key, ynode_kind_name(kind), ynode_kind_name(n->kind));
}

/* ---- mappings -------------------------------------------------------------------------------------------------- */

static const char *field_name(const void *arg, size_t i)
{
	const struct ygrammar *g = arg;

	return g->fields[i].key;
}

static int unknown_key(struct yctx *y, const struct ygrammar *g, const struct ynode *key)
{
	const char *near = policy_nearest(key->text, field_name, g, g->fields_cnt);
	struct strbuf all = STRBUF_INIT;
	int r;

	if (!strcmp(key->text, "<<"))
		return y_error(y, key, "merge keys (<<) are not supported: write the keys out");
	if (near)
		return y_error(y, key, "unknown key '%.64s' in %s: did you mean '%s'?", key->text, g->what, near);
	for (size_t i = 0; i < g->fields_cnt; i++)
		if (g->fields[i].read != y_unsupported)
			strbuf_addf(&all, "%s%s", all.len ? ", " : "", g->fields[i].key);
	r = y_error(y, key, "unknown key '%.64s' in %s: known are %s", key->text, g->what, strbuf_str(&all));
	strbuf_done(&all);
	return r;
}

int y_map(struct yctx *y, const struct ygrammar *g, const struct ynode *n, void *obj)
{
	uint64_t seen = 0;

	if (n->kind != YNODE_MAP)
		return y_error(y, n, "%s must be a mapping (key: value), not %s", g->what, ynode_kind_name(n->kind));
	for (size_t i = 0; i < n->cnt; i += 2) {
		const struct ynode *key = n->items[i], *value = n->items[i + 1];
		const struct yfield *f = NULL;
		struct ynode at_key;
		int r;

		for (size_t j = 0; j < g->fields_cnt && !f; j++) {
			if (strcmp(g->fields[j].key, key->text))
				continue;
			f = &g->fields[j];
			seen |= 1ull << j;
		}
		if (!f)
			return unknown_key(y, g, key);
		/* What has no value, or is refused whatever its value, is shown at its key. */
		at_key = (struct ynode){ .kind = value->kind, .line = key->line, .column = key->column };
		if (f->read == y_unsupported || value->kind == YNODE_NULL)
			value = &at_key;
		r = f->read(y, f, value, (char *)obj + f->offset);
		if (r < 0)
			return r;
	}
	for (size_t j = 0; j < g->fields_cnt; j++)
		if (g->fields[j].missing && !(seen >> j & 1))
			return y_error(y, n, "%s without '%s': %s", g->what, g->fields[j].key, g->fields[j].missing);
	return 0;
}

int y_bool(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	bool *ret = dst;
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r < 0)
		return r;
	if (strcmp(n->text, "true") && strcmp(n->text, "false"))
		return y_error(y, n, "'%s' is true or false, not '%.64s'", f->key, n->text);
	*ret = !strcmp(n->text, "true");
	return 0;
}

int y_nested(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_MAP);

	return r < 0 ? r : y_map(y, f->arg, n, dst);
}

int y_ignore(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	(void)y;
	(void)f;
	(void)n;
	(void)dst;
	return 0;
}

int y_unsupported(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	(void)dst;
	return y_error(y, n, "'%s' is not supported by this version: %s", f->key, (const char *)f->arg);
}

/* ---- words ----------------------------------------------------------------------------------------------------- */

static const char *choice_name(const void *arg, size_t i)
{
	const struct ychoice *choices = arg;

	return choices[i].name;
}

int y_choose(struct yctx *y, const struct ynode *n, const struct ychoice *choices, unsigned int *ret)
{
	struct strbuf all = STRBUF_INIT;
	const char *near;
	size_t cnt = 0;
	int r;

	for (; choices[cnt].name; cnt++) {
		if (strcmp(choices[cnt].name, n->text))
			continue;
		*ret = choices[cnt].value;
		return 0;
	}
	near = policy_nearest(n->text, choice_name, choices, cnt);
	if (near)
		return y_error(y, n, "unknown word '%.64s': did you mean '%s'?", n->text, near);
	for (size_t i = 0; i < cnt; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", choices[i].name);
	r = y_error(y, n, "unknown word '%.64s': it must be one of %s", n->text, strbuf_str(&all));
	strbuf_done(&all);
	return r;
}

int y_check_name(struct yctx *y, const struct ynode *n)
{
	const char *s = n->text;
	size_t len = strlen(s);

	if (len > NAME_MAX_LEN)
		return y_error(y, n, "the name is longer than %d characters", NAME_MAX_LEN);
	if (!len || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != len || *s == '.' || *s == '-')
		return y_error(y, n, "'%.64s' is not a name: use a-z, 0-9, '-', '_' and '.', and begin with a letter or digit",
			       s);
	return 0;
}

static int copy_text(const struct ynode *n, char **dst)
{
	char *copy = strdup(n->text);

	if (!copy)
		return -ENOMEM;
	free(*dst);
	*dst = copy;
	return 0;
}

int y_text(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_SCALAR);

	return r < 0 ? r : copy_text(n, dst);
}

int y_name(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r >= 0)
		r = y_check_name(y, n);
	return r < 0 ? r : copy_text(n, dst);
}

int y_word(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r >= 0)
		r = y_choose(y, n, f->arg, &value);
	return r < 0 ? r : copy_text(n, dst);
}

int y_choice8(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r >= 0)
		r = y_choose(y, n, f->arg, &value);
	if (r < 0)
		return r;
	*(uint8_t *)dst = (uint8_t)value;
	return 0;
}

int y_duration(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "ms", NSEC_PER_SEC / 1000 }, { "s", NSEC_PER_SEC },         { "m", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },  { "d", 86400 * NSEC_PER_SEC },
	};
	uint64_t number = 0;
	const char *s;
	int r = y_want(y, f, n, YNODE_SCALAR);

	if (r < 0)
		return r;
	for (s = n->text; *s >= '0' && *s <= '9' && number < UINT32_MAX; s++)
		number = number * 10 + (uint64_t)(*s - '0');
	for (size_t i = 0; i < ARRAY_SIZE(units) && s != n->text; i++) {
		if (strcmp(units[i].unit, s))
			continue;
		if (!number)
			return y_error(y, n, "'%.64s' is no time at all: remove the key, or make it longer", n->text);
		if (number > 365 * 86400 * NSEC_PER_SEC / units[i].ns)
			return y_error(y, n, "'%.64s' is longer than a year", n->text);
		*(uint64_t *)dst = number * units[i].ns;
		return 0;
	}
	return y_error(y, n, "'%.64s' is not a duration: write a whole number and a unit, as in 500ms, 10s, 30m, 1h or 7d",
		       n->text);
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

/* Calls fn for each scalar of a list; one scalar stands for a list of one, and a list in a list (an alias, mostly) for its entries. The depth of
 * YAML is bounded when it is read. */
static int each(struct yctx *y, const struct yfield *f, const struct ynode *n,
		int (*fn)(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst), void *dst)
{
	int r;

	if (n->kind == YNODE_SCALAR)
		return fn(y, f, n, dst);
	r = y_want(y, f, n, YNODE_LIST);
	if (r >= 0 && !n->cnt)
		r = y_error(y, n, "'%s' is an empty list: name something, or remove the key", f->key);
	for (size_t i = 0; r >= 0 && i < n->cnt; i++) {
		if (n->items[i]->kind != YNODE_SCALAR && n->items[i]->kind != YNODE_LIST)
			return y_error(y, n->items[i], "'%s' must be a list of values: here is %s", f->key,
				       ynode_kind_name(n->items[i]->kind));
		r = each(y, f, n->items[i], fn, dst);
	}
	return r;
}

static int add_string(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	if (!*n->text)
		return y_error(y, n, "an empty string in '%s' matches nothing: remove it", f->key);
	return policy_strings_add(dst, n->text, y_where(y, n));
}

static int add_word(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_choose(y, n, f->arg, &value);

	return r < 0 ? r : add_string(y, f, n, dst);
}

static int add_name(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_check_name(y, n);

	return r < 0 ? r : add_string(y, f, n, dst);
}

static int add_basename(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	if (strpbrk(n->text, "/!"))
		return y_error(y, n, "'%.64s': '%s' takes the last part of argv[0], without '/' and '!'", n->text, f->key);
	return add_string(y, f, n, dst);
}

static int add_option(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+:";

	if (n->text[0] != '-' || !n->text[1] || n->text[strspn(n->text, letters)])
		return y_error(y, n, "'%.64s' is not an option: '%s' takes words such as -r or --require", n->text, f->key);
	return add_string(y, f, n, dst);
}

/* "git" and its like come from elsewhere: these are arguments, of which all have to be there. */
static int add_command(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int words = 0, plain = 0;

	for (const char *at = n->text + strspn(n->text, " "); *at; at += strspn(at, " ")) {
		words++;
		if (*at == '|' || strcspn(at, "|") == strcspn(at, " ") - 1)
			return y_error(y, n, "'%.64s': nothing beside '|'", n->text);
		plain += !strchr("-*/", *at);
		at += strcspn(at, " ");
	}
	if (!words)
		return y_error(y, n, "an entry of '%s' is one or more words of the command line", f->key);
	if (plain >= SL_WORD_PLACES)
		return y_error(y, n, "'%.64s': '%s' takes at most %d words in front that are no options", n->text, f->key, SL_WORD_PLACES - 1);
	return add_string(y, f, n, dst);
}

static int add_user(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	char *end;

	if (strpbrk(n->text, " \t\n:/"))
		return y_error(y, n, "'%.64s' is not a user: write a name or a number", n->text);
	if (n->text[0] >= '0' && n->text[0] <= '9') {
		errno = 0;
		if (strtoull(n->text, &end, 10) >= UINT32_MAX || errno || *end)
			return y_error(y, n, "'%.64s' is not a user: write a name or a number", n->text);
	}
	return add_string(y, f, n, dst);
}

static int add_cidr(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct y_cidr_list *l = dst;
	struct errmsg why = { 0 };
	struct cidr c, *v;
	int r = cidr_parse(n->text, &c, &why);

	(void)f;
	if (r == -EINVAL) {
		struct ynode at = { .line = n->line, .column = n->column + (why.column ? why.column - 1 : 0) };

		return y_error(y, &at, "'%.64s' is no address range: %s", n->text, why.text);
	}
	if (r < 0)
		return r;
	v = reallocarray(l->v, l->cnt + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->cnt++] = c;
	return 0;
}

static int add_port(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	struct y_port_list *l = dst;
	unsigned long port = 0;
	uint16_t *v;
	size_t len = strspn(n->text, "0123456789");

	(void)f;
	if (len && len < 6 && !n->text[len])
		port = strtoul(n->text, NULL, 10);
	if (port < 1 || port > UINT16_MAX)
		return y_error(y, n, "'%.64s' is not a port: write a number from 1 to 65535", n->text);
	v = reallocarray(l->v, l->cnt + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->cnt++] = (uint16_t)port;
	return 0;
}

int y_strings(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_string, dst);
}

int y_words(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_word, dst);
}

int y_names(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_name, dst);
}

int y_basenames(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_basename, dst);
}

int y_commands(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_command, dst);
}

int y_options(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_option, dst);
}

int y_users(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_user, dst);
}

int y_cidrs(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_cidr, dst);
}

int y_ports(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	return each(y, f, n, add_port, dst);
}

int y_default(char **field, const char *text)
{
	if (!*field)
		*field = strdup(text);
	return *field ? 0 : -ENOMEM;
}

/* A tier is a word of policy_tiers. */
static int check_tier(struct yctx *y, const struct ynode *n)
{
	struct ychoice choices[16] = { 0 };
	unsigned int ignored;

	for (size_t i = 0; policy_tiers[i] && i + 1 < ARRAY_SIZE(choices); i++)
		choices[i].name = policy_tiers[i];
	return y_choose(y, n, choices, &ignored);
}

int y_tier(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_text(y, f, n, dst);

	return r < 0 ? r : check_tier(y, n);
}

int y_tiers(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_strings(y, f, n, dst);

	if (r >= 0 && n->kind == YNODE_SCALAR)
		return check_tier(y, n);
	for (size_t i = 0; r >= 0 && i < n->cnt; i++)
		r = check_tier(y, n->items[i]);
	return r;
}
