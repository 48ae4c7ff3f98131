/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What the .c files of src/policy/ share and nobody else needs. */
#ifndef SLUICE_POLICY_INTERNAL_H
#define SLUICE_POLICY_INTERNAL_H

#include "policy/policy.h"

/* Errors with a place: fill e (may be NULL) with text, file, line, column and the source line, and return err. */
int policy_source_error(struct errmsg *e, const struct policy_source *s, unsigned int line, unsigned int column,
			int err, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
int policy_error(struct errmsg *e, const struct policy *p, struct policy_where w, int err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* A place in a pattern (e as a matcher filled it: text, and column as the byte) becomes one in the file. */
int policy_error_pattern(struct errmsg *e, const struct policy *p, struct policy_where w, const char *pattern, int err);

/* Takes a copy of s. -ENOMEM. */
int policy_strings_add(struct policy_strings *l, const char *s, struct policy_where w);
bool policy_strings_has(const struct policy_strings *l, const char *s);
void policy_strings_done(struct policy_strings *l);

/* Free what a definition owns, not the struct itself. */
void policy_secret_done(struct policy_secret *s);
void policy_tool_done(struct policy_tool *t);
void policy_interpreter_done(struct policy_interpreter *i);
void policy_reader_done(struct policy_reader *r);
void policy_provider_done(struct policy_provider *p);
void policy_broker_done(struct policy_broker *b);
void policy_rule_done(struct policy_rule *r);
void policy_source_done(struct policy_source *s);

/* Number of a definition, or -1. */
int policy_find_secret(const struct policy *p, const char *name);
int policy_find_tool(const struct policy *p, const char *name);
int policy_find_provider(const struct policy *p, const char *name);
int policy_find_broker(const struct policy *p, const char *name);

/* The name nearest to s among n names (fn gives each), or NULL if none is near enough to be what was meant. */
const char *policy_nearest(const char *s, const char *(*fn)(const void *arg, size_t i), const void *arg, size_t n);

/* Words with a meaning of their own in `connect: { provider: [...] }`. */
enum policy_dest_word {
	POLICY_DEST_OWN,
	POLICY_DEST_UNKNOWN,
	POLICY_DEST_LOOPBACK,
	POLICY_DEST_PRIVATE,
	POLICY_DEST_WORDS,
};
extern const char *const policy_dest_words[POLICY_DEST_WORDS];
/* Number in policy_dest_words, or -1. */
int policy_dest_word(const char *name);

/* Classes with a meaning of their own in `read:`. */
#define POLICY_CLASS_OWN "own"
#define POLICY_CLASS_UNRESOLVABLE "unresolvable"

/* Every broker, in `broker:`. */
#define POLICY_BROKER_ANY "any"

/* Tiers that a provider may have. NULL at the end. */
extern const char *const policy_tiers[];

/* yaml_policy.c: adds what one parsed file defines; `include` is read by yaml_load.c before. */
struct ynode;
int yaml_policy_apply(struct policy *p, unsigned int source, const struct ynode *root, struct errmsg *e);
int yaml_policy_includes(struct policy *p, unsigned int source, const struct ynode *root, struct policy_strings *ret,
			 struct errmsg *e);

/* check.c: every name that a definition refers to exists. Run once, when all files are in. */
int policy_check_references(const struct policy *p, struct errmsg *e);

/* builtin.c: adds the rules that hold where the policy says nothing. Run once, when all files are in. -ENOMEM. */
int policy_add_builtin(struct policy *p);

#endif /* SLUICE_POLICY_INTERNAL_H */
