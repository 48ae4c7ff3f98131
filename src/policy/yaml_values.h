/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The grammar engine: a mapping is a table of keys, each with a function that reads its value into a struct. What is
 * not in the table is an error. yaml_policy.c has the tables.
 */
#ifndef SLUICE_POLICY_YAML_VALUES_H
#define SLUICE_POLICY_YAML_VALUES_H

#include "policy/policy_internal.h"
#include "policy/yaml.h"

/* One file being read. */
struct yctx {
	struct policy *policy;
	unsigned int source;
	struct errmsg *e;
};

struct yfield {
	const char *key;
	/* Reads n into dst (the struct plus `offset`). -EINVAL with the place, -ENOMEM. */
	int (*read)(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);
	size_t offset;
	const void *arg;      /* what read() needs; see each */
	const char *missing;  /* not NULL: the key is required; what to say when it is not there */
};

struct ygrammar {
	const char *what;     /* "a tool": for messages */
	const struct yfield *fields;
	size_t fields_cnt;
};

struct ychoice {
	const char *name;     /* NULL ends a list */
	unsigned int value;
};

#define FIELD(type, key_, read_, member) { .key = key_, .read = read_, .offset = offsetof(type, member) }
#define FIELD_ARG(type, key_, read_, member, arg_) \
	{ .key = key_, .read = read_, .offset = offsetof(type, member), .arg = arg_ }
#define GRAMMAR(what_, fields_) { .what = what_, .fields = fields_, .fields_cnt = ARRAY_SIZE(fields_) }

/* Reads a mapping into obj, key by key in the order written. */
int y_map(struct yctx *y, const struct ygrammar *g, const struct ynode *n, void *obj);

int y_error(struct yctx *y, const struct ynode *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct policy_where y_where(const struct yctx *y, const struct ynode *n);
int y_want(struct yctx *y, const struct yfield *f, const struct ynode *n, enum ynode_kind kind);

/* Names of tools, classes, providers, rules: a-z, 0-9, '-', '_' and '.', at most 63, and no '.' or '-' in front. */
int y_check_name(struct yctx *y, const struct ynode *n);

/* The number of n's text in a list of choices, or an error that names the nearest, or all. */
int y_choose(struct yctx *y, const struct ynode *n, const struct ychoice *choices, unsigned int *ret);

/* Values. dst and arg: */
int y_text(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);        /* char *; - */
int y_name(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);        /* char *; - */
int y_word(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);        /* char *; choices */
int y_choice8(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);     /* uint8_t; choices */
int y_strings(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);     /* policy_strings; - */
int y_words(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* policy_strings; choices */
int y_names(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* policy_strings; - */
int y_basenames(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);   /* policy_strings; - */
int y_commands(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);    /* policy_strings; - */
int y_options(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);     /* policy_strings; - */
int y_users(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* policy_strings; - */
int y_duration(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);    /* uint64_t ns; - */
int y_cidrs(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* struct y_cidr_list; - */
int y_ports(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* struct y_port_list; - */
int y_bool(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);        /* bool; - */
int y_nested(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);      /* a struct; its ygrammar */
int y_ignore(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);      /* read elsewhere */
int y_unsupported(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst); /* -; what to do instead */

int y_tier(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);        /* char *; - */
int y_tiers(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);       /* policy_strings; - */

/* What is left out gets its default. 0 or -ENOMEM. */
int y_default(char **field, const char *text);

/* yaml_rules.c: the value of `rules:`; goes into y->policy. */
int y_rules(struct yctx *y, const struct yfield *f, const struct ynode *n, void *dst);

/* How the model holds such lists: a pointer, then its count. */
struct y_cidr_list {
	struct cidr *v;
	size_t cnt;
};
struct y_port_list {
	uint16_t *v;
	size_t cnt;
};
#define LIST_LAYOUT(type, v, cnt_, list) \
	_Static_assert(offsetof(type, cnt_) - offsetof(type, v) == offsetof(struct list, cnt), "read as struct " #list)

#endif /* SLUICE_POLICY_YAML_VALUES_H */
