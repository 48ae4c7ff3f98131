/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the grammar of a policy file but for its rules, and how a later file's definitions meet earlier ones. Whether
 * a name that is referred to exists is known when all files are in: check.c.
 */
#include <errno.h>
#include <string.h>

#include "policy/yaml_values.h"

/* Of one kind, over all files: so that merging by name stays cheap. */
#define DEFINITIONS_MAX 4096

LIST_LAYOUT(struct policy_provider, cidrs, cidrs_cnt, y_cidr_list);
LIST_LAYOUT(struct policy_provider, ports, ports_cnt, y_port_list);

/* ---- words ----------------------------------------------------------------------------------------------------- */

static const struct ychoice confidences[] = { { "high", 0 }, { "medium", 0 }, { "low", 0 }, { 0 } };
static const struct ychoice modes[] = { { "monitor", POLICY_MONITOR }, { "enforce", POLICY_ENFORCE }, { 0 } };
static const struct ychoice requires[] = {
	{ "alert", POLICY_REQUIRE_ALERT }, { "kill", POLICY_REQUIRE_KILL }, { "deny", POLICY_REQUIRE_DENY }, { 0 },
};
static const struct ychoice guards[] = { { "on", POLICY_GUARD_ON }, { "off", POLICY_GUARD_OFF }, { 0 } };
static const struct ychoice reader_kinds[] = {
	{ "generic", SL_READER_GENERIC }, { "interpreter", SL_READER_INTERPRETER }, { "looking", SL_READER_LOOKING },
	{ "sweep", SL_READER_SWEEP }, { 0 },
};
static const struct ychoice origins[] = { { "any", 1 }, { 0 } };
static const char *const reserved_tools[] = { "any", "none", "all", NULL };
static const char *const reserved_classes[] = { POLICY_CLASS_OWN, POLICY_CLASS_UNRESOLVABLE, "any", NULL };
static const char *const reserved_brokers[] = { POLICY_BROKER_ANY, NULL };
static const char *const reserved_providers[] = {
	"own-providers", "unknown", "loopback", "private", "any", NULL,
};

/* ---- definitions ----------------------------------------------------------------------------------------------- */

#define DEFINITION(type) _Static_assert(offsetof(type, name) == 0, "definitions begin with their name")
DEFINITION(struct policy_secret);
DEFINITION(struct policy_tool);
DEFINITION(struct policy_interpreter);
DEFINITION(struct policy_reader);
DEFINITION(struct policy_provider);
DEFINITION(struct policy_broker);

static const struct yfield secret_fields[] = {
	{ .key = "paths", .read = y_strings, .offset = offsetof(struct policy_secret, paths),
	  .missing = "which files are in the class?" },
	FIELD_ARG(struct policy_secret, "confidence", y_word, confidence, confidences),
	FIELD(struct policy_secret, "second-hand", y_bool, second_hand),
};

static const struct yfield startup_fields[] = {
	{ .key = "classes", .read = y_names, .offset = offsetof(struct policy_tool, startup),
	  .missing = "which classes does the tool load by itself?" },
	{ .key = "within", .read = y_duration, .offset = offsetof(struct policy_tool, startup_ns),
	  .missing = "how long is the start-up window, as in 10s?" },
};
static const struct ygrammar startup_grammar = GRAMMAR("'startup'", startup_fields);

static const struct yfield tool_fields[] = {
	FIELD(struct policy_tool, "title", y_text, title),
	FIELD(struct policy_tool, "exe", y_strings, exe),
	FIELD(struct policy_tool, "argv", y_strings, argv),
	FIELD(struct policy_tool, "helpers", y_basenames, helpers),
	FIELD(struct policy_tool, "own", y_strings, own),
	FIELD(struct policy_tool, "providers", y_names, providers),
	{ .key = "startup", .read = y_nested, .arg = &startup_grammar },
};

static const struct yfield interpreter_fields[] = {
	{ .key = "exe", .read = y_strings, .offset = offsetof(struct policy_interpreter, exe),
	  .missing = "which executables are it?" },
	FIELD(struct policy_interpreter, "value-options", y_options, value_options),
	FIELD(struct policy_interpreter, "run", y_names, run_words),
	FIELD(struct policy_interpreter, "inline", y_basenames, inline_words),
	FIELD(struct policy_interpreter, "shell", y_bool, shell),
};

static const struct yfield reader_fields[] = {
	FIELD(struct policy_reader, "exe", y_strings, exe),
	FIELD(struct policy_reader, "script", y_strings, script),
	FIELD(struct policy_reader, "for", y_names, classes),
	FIELD(struct policy_reader, "argv", y_commands, argv),
	FIELD(struct policy_reader, "unless", y_commands, unless),
	FIELD_ARG(struct policy_reader, "kind", y_choice8, kind, reader_kinds),
	FIELD_ARG(struct policy_reader, "origin", y_choice8, any_origin, origins),
};

static const struct yfield provider_fields[] = {
	FIELD(struct policy_provider, "title", y_text, title),
	FIELD(struct policy_provider, "domains", y_strings, domains),
	FIELD(struct policy_provider, "cidrs", y_cidrs, cidrs),
	FIELD(struct policy_provider, "ports", y_ports, ports),
	FIELD(struct policy_provider, "tier", y_tier, tier),
	FIELD(struct policy_provider, "region", y_name, region),
	FIELD(struct policy_provider, "training", y_text, training),
	FIELD(struct policy_provider, "retention", y_text, retention),
	FIELD(struct policy_provider, "terms", y_text, terms),
};

static const struct yfield broker_fields[] = {
	FIELD(struct policy_broker, "title", y_text, title),
	FIELD(struct policy_broker, "sockets", y_strings, sockets),
	FIELD(struct policy_broker, "abstract", y_strings, abstract),
	FIELD(struct policy_broker, "spools", y_strings, spools),
	FIELD(struct policy_broker, "hands-out", y_bool, hands_out),
	FIELD(struct policy_broker, "starts-units", y_bool, starts_units),
};

static int finish_secret(struct yctx *y, const struct ynode *n, void *obj)
{
	struct policy_secret *s = obj;

	s->where = y_where(y, n);
	return y_default(&s->confidence, "high");
}

static int finish_tool(struct yctx *y, const struct ynode *n, void *obj)
{
	struct policy_tool *t = obj;

	t->where = y_where(y, n);
	if (!t->exe.cnt && !t->argv.cnt)
		return y_error(y, n, "tool '%s' has neither 'exe' nor 'argv': it could never be recognised", t->name);
	return y_default(&t->title, t->name);
}

static int finish_interpreter(struct yctx *y, const struct ynode *n, void *obj)
{
	((struct policy_interpreter *)obj)->where = y_where(y, n);
	return 0;
}

static int finish_reader(struct yctx *y, const struct ynode *n, void *obj)
{
	struct policy_reader *r = obj;

	r->where = y_where(y, n);
	if (!r->exe.cnt && !r->script.cnt)
		return y_error(y, n, "reader '%s' has neither 'exe' nor 'script': it could never be recognised", r->name);
	if (r->classes.cnt && r->kind)
		return y_error(y, n, "reader '%s' has both 'for' and 'kind': with 'for' it is purpose-built, so remove one",
			       r->name);
	if (!r->classes.cnt && !r->kind)
		return y_error(y, n, "reader '%s' needs 'for' (the classes it is made for) or a 'kind': generic, interpreter, looking or sweep",
			       r->name);
	if (r->any_origin && r->kind)
		return y_error(y, n, "reader '%s' has 'origin' but no 'for': only being made for a file depends on where a program is from",
			       r->name);
	if (!r->kind)
		r->kind = SL_READER_PURPOSE;
	return 0;
}

static int finish_provider(struct yctx *y, const struct ynode *n, void *obj)
{
	struct policy_provider *p = obj;
	int r;

	p->where = y_where(y, n);
	if (!p->domains.cnt && !p->cidrs_cnt)
		return y_error(y, n, "provider '%s' has neither 'domains' nor 'cidrs': it could never be recognised",
			       p->name);
	r = y_default(&p->title, p->name);
	if (r >= 0)
		r = y_default(&p->tier, "");
	if (r >= 0)
		r = y_default(&p->region, "");
	if (r >= 0)
		r = y_default(&p->training, "");
	if (r >= 0)
		r = y_default(&p->retention, "");
	return r < 0 ? r : y_default(&p->terms, "");
}

static int finish_broker(struct yctx *y, const struct ynode *n, void *obj)
{
	struct policy_broker *b = obj;

	b->where = y_where(y, n);
	if (!b->sockets.cnt && !b->abstract.cnt && !b->spools.cnt)
		return y_error(y, n, "broker '%s' has none of 'sockets', 'abstract' and 'spools': it could never be recognised", b->name);
	if (b->spools.cnt && (b->sockets.cnt || b->abstract.cnt || b->starts_units))
		return y_error(y, n, "broker '%s' has 'spools' and what sockets have: make it two", b->name);
	return y_default(&b->title, b->name);
}

static void secret_done(void *obj) { policy_secret_done(obj); }
static void tool_done(void *obj) { policy_tool_done(obj); }
static void interpreter_done(void *obj) { policy_interpreter_done(obj); }
static void reader_done(void *obj) { policy_reader_done(obj); }
static void provider_done(void *obj) { policy_provider_done(obj); }
static void broker_done(void *obj) { policy_broker_done(obj); }

/* A kind of definition: where its array is in the policy, and how one is read. */
struct section {
	struct ygrammar grammar;
	const char *noun;              /* "tool" */
	size_t array, cnt;             /* offsets in struct policy */
	size_t size;                   /* of one definition */
	size_t max;
	const char *const *reserved;   /* names that mean something else; NULL: none */
	int (*finish)(struct yctx *y, const struct ynode *n, void *obj);
	void (*done)(void *obj);
};

#define SECTION(noun_, article, field, fields_, max_, reserved_) \
	{ .grammar = GRAMMAR(article " " #noun_, fields_), .noun = #noun_, .array = offsetof(struct policy, field), \
	  .cnt = offsetof(struct policy, field##_cnt), .size = sizeof(struct policy_##noun_), .max = max_, \
	  .reserved = reserved_, .finish = finish_##noun_, .done = noun_##_done }

static const struct section secrets_section =
	SECTION(secret, "a", secrets, secret_fields, DEFINITIONS_MAX, reserved_classes);
static const struct section tools_section = SECTION(tool, "a", tools, tool_fields, SL_TOOLS_MAX - 1, reserved_tools);
static const struct section interpreters_section =
	SECTION(interpreter, "an", interpreters, interpreter_fields, DEFINITIONS_MAX, NULL);
static const struct section readers_section = SECTION(reader, "a", readers, reader_fields, DEFINITIONS_MAX, NULL);
static const struct section providers_section =
	SECTION(provider, "a", providers, provider_fields, SL_PROVIDERS_MAX, reserved_providers);

static const struct section brokers_section =
	SECTION(broker, "a", brokers, broker_fields, DEFINITIONS_MAX, reserved_brokers);

/* Any definition, by what they all begin with. */
struct definition {
	char *name;
};

union any_definition {
	struct definition common;
	struct policy_secret secret;
	struct policy_tool tool;
	struct policy_interpreter interpreter;
	struct policy_reader reader;
	struct policy_provider provider;
	struct policy_broker broker;
};

struct array {
	char *v;
	size_t cnt;
};

static struct array array_get(const struct policy *p, const struct section *s)
{
	struct array a;

	memcpy(&a.v, (const char *)p + s->array, sizeof(a.v));
	memcpy(&a.cnt, (const char *)p + s->cnt, sizeof(a.cnt));
	return a;
}

static void array_set(struct policy *p, const struct section *s, const struct array *a)
{
	memcpy((char *)p + s->array, &a->v, sizeof(a->v));
	memcpy((char *)p + s->cnt, &a->cnt, sizeof(a->cnt));
}

static struct definition *array_at(const struct array *a, const struct section *s, size_t i)
{
	return (struct definition *)(void *)(a->v + i * s->size);
}

struct names_arg {
	const struct array *array;
	const struct section *section;
};

static const char *definition_name(const void *arg, size_t i)
{
	const struct names_arg *a = arg;

	return array_at(a->array, a->section, i)->name;
}

static size_t find_definition(const struct array *a, const struct section *s, const char *name)
{
	for (size_t i = 0; i < a->cnt; i++)
		if (!strcmp(array_at(a, s, i)->name, name))
			return i;
	return SIZE_MAX;
}

/* NAME: ~ takes an earlier definition out. */
static int remove_definition(struct yctx *y, const struct section *s, const struct ynode *key)
{
	struct array a = array_get(y->policy, s);
	size_t at = find_definition(&a, s, key->text);

	if (at == SIZE_MAX) {
		const char *near = policy_nearest(key->text, definition_name, &(struct names_arg){ &a, s }, a.cnt);

		return y_error(y, key, "there is no %s '%.64s' to remove: %s%s%s", s->noun, key->text,
			       near ? "did you mean '" : "give it a definition, or delete this line", near ? near : "",
			       near ? "'?" : "");
	}
	s->done(array_at(&a, s, at));
	a.cnt--;
	memmove(a.v + at * s->size, a.v + (at + 1) * s->size, (a.cnt - at) * s->size);
	array_set(y->policy, s, &a);
	return 0;
}

/* Puts obj in: over the earlier one of that name, or at the end. On success obj belongs to the policy. */
static int put_definition(struct yctx *y, const struct section *s, const struct ynode *key, struct definition *obj)
{
	struct array a = array_get(y->policy, s);
	size_t at = find_definition(&a, s, obj->name);
	char *v;

	if (at != SIZE_MAX) {
		s->done(array_at(&a, s, at));
		memcpy(array_at(&a, s, at), obj, s->size);
		return 0;
	}
	if (a.cnt == s->max)
		return y_error(y, key, "more than %zu definitions of this kind (%s)", s->max, s->noun);
	v = reallocarray(a.v, a.cnt + 1, s->size);
	if (!v)
		return -ENOMEM;
	a.v = v;
	memcpy(array_at(&a, s, a.cnt), obj, s->size);
	a.cnt++;
	array_set(y->policy, s, &a);
	return 0;
}

static int read_definition(struct yctx *y, const struct section *s, const struct ynode *key, const struct ynode *value)
{
	union any_definition obj;
	int r = y_check_name(y, key);

	if (r < 0)
		return r;
	for (size_t i = 0; s->reserved && s->reserved[i]; i++)
		if (!strcmp(s->reserved[i], key->text))
			return y_error(y, key, "'%s' has a meaning of its own in rules: choose another name", key->text);
	if (value->kind == YNODE_NULL)
		return remove_definition(y, s, key);

	memset(&obj, 0, sizeof(obj));
	obj.common.name = strdup(key->text);
	if (!obj.common.name)
		return -ENOMEM;
	r = y_map(y, &s->grammar, value, &obj);
	if (r >= 0)
		r = s->finish(y, key, &obj);
	if (r >= 0)
		r = put_definition(y, s, key, &obj.common);
	if (r < 0)
		s->done(&obj);
	return r;
}

static int read_section(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_MAP);

	(void)dst;
	for (size_t i = 0; r >= 0 && i < n->cnt; i += 2)
		r = read_definition(y, f->arg, n->items[i], n->items[i + 1]);
	return r;
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static int read_version(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	int r = y_want(y, f, n, YNODE_SCALAR);

	(void)dst;
	if (r >= 0 && strcmp(n->text, "1"))
		return y_error(y, n, "version '%.32s' is not known to this program: it reads version 1", n->text);
	return r;
}

static int read_mode(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_want(y, f, n, YNODE_SCALAR);

	(void)dst;
	if (r >= 0)
		r = y_choose(y, n, modes, &value);
	if (r >= 0)
		y->policy->mode = (enum policy_mode)value;
	return r;
}

static int read_require(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_want(y, f, n, YNODE_SCALAR);

	(void)dst;
	if (r >= 0)
		r = y_choose(y, n, requires, &value);
	if (r >= 0)
		y->policy->require = (enum policy_require)value;
	return r;
}

static int read_guard(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst)
{
	unsigned int value;
	int r = y_want(y, f, n, YNODE_SCALAR);

	(void)dst;
	if (r >= 0)
		r = y_choose(y, n, guards, &value);
	if (r >= 0)
		y->policy->guard = (enum policy_guard)value;
	return r;
}

static const struct yfield file_fields[] = {
	{ .key = "version", .read = read_version },
	{ .key = "mode", .read = read_mode },
	{ .key = "require", .read = read_require },
	{ .key = "guard", .read = read_guard },
	{ .key = "include", .read = y_ignore },
	{ .key = "secrets", .read = read_section, .arg = &secrets_section },
	{ .key = "tools", .read = read_section, .arg = &tools_section },
	{ .key = "interpreters", .read = read_section, .arg = &interpreters_section },
	{ .key = "readers", .read = read_section, .arg = &readers_section },
	{ .key = "providers", .read = read_section, .arg = &providers_section },
	{ .key = "brokers", .read = read_section, .arg = &brokers_section },
	{ .key = "rules", .read = y_rules },
};
static const struct ygrammar file_grammar = GRAMMAR("a policy file", file_fields);

static const struct ynode *file_value(const struct ynode *root, const char *key)
{
	for (size_t i = 0; root->kind == YNODE_MAP && i < root->cnt; i += 2)
		if (!strcmp(root->items[i]->text, key))
			return root->items[i + 1];
	return NULL;
}

int yaml_policy_includes(struct policy *p, unsigned int source, const struct ynode *root, struct policy_strings *ret,
			 struct errmsg *e)
{
	struct yctx y = { p, source, e };
	const struct ynode *n = file_value(root, "include");

	return n ? y_strings(&y, &(struct yfield){ .key = "include" }, n, ret) : 0;
}

int yaml_policy_apply(struct policy *p, unsigned int source, const struct ynode *root, struct errmsg *e)
{
	struct yctx y = { p, source, e };

	/* The main file is made by the user, and must say what it was written for; a list need not. */
	if (source == 0 && !file_value(root, "version"))
		return y_error(&y, root, "the file does not say its version: begin it with 'version: 1'");
	return y_map(&y, &file_grammar, root, p);
}
