/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Reading JSON of users (comments and a byte order mark allowed, as the tools allow them), and flat lines of YAML and
 * .env files. */
#ifndef SLUICE_AUDIT_VALUE_H
#define SLUICE_AUDIT_VALUE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define VALUE_DEPTH 64

/* NULL: it is not JSON, or deeper than VALUE_DEPTH. json_object_put() ends it. */
struct json_object *value_parse(const char *text, size_t len);

static inline void value_putp(struct json_object **o)
{
	json_object_put(*o);
}

/* "a.b.c" below o: objects on the way; NULL when there is none. */
struct json_object *value_at(struct json_object *o, const char *path);

/* A string there, "" when there is none; ends with o. */
const char *value_text(struct json_object *o, const char *path);

/* 1, 0, or -1: there is no boolean. */
int value_bool(struct json_object *o, const char *path);

/* Entries of an array or members of an object; 0 for anything else. */
size_t value_count(struct json_object *o);

/* A switch in an environment: "1", "true", "yes", "on" in any case, as the tools read it. */
bool value_switch(const char *text);

/*
 * Calls fn for each line NAME<sep>VALUE (sep ':' or '='), not indented, quotes around the value taken away. name and
 * value end with the call; values are cut at 255 bytes. Comments and lines that are something else are left out.
 */
void value_lines(const char *text, size_t len, char sep, void (*fn)(void *arg, const char *name, const char *value),
                 void *arg);

#endif /* SLUICE_AUDIT_VALUE_H */
