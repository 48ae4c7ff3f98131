/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how values of users' files are looked up. Knows no tool. */
#include "audit/value.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

struct json_object *value_parse(const char *text, size_t len)
{
	struct json_tokener *t = json_tokener_new_ex(VALUE_DEPTH);
	struct json_object *o = NULL;

	if (!t)
		return NULL;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	if (len && len < INT_MAX)
		o = json_tokener_parse_ex(t, text, (int)len);
	/* A comment in the last line, which has no end, leaves it waiting for one. */
	if (len && json_tokener_get_error(t) == json_tokener_continue)
		o = json_tokener_parse_ex(t, "\n", 1);
	if (json_tokener_get_error(t) != json_tokener_success) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(t);
	return o;
}

struct json_object *value_at(struct json_object *o, const char *path)
{
	char name[128];

	while (o && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name) || !json_object_is_type(o, json_type_object))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		if (!json_object_object_get_ex(o, name, &o))
			return NULL;
		path += len + (path[len] == '.');
	}
	return o;
}

const char *value_text(struct json_object *o, const char *path)
{
	struct json_object *v = value_at(o, path);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

int value_bool(struct json_object *o, const char *path)
{
	struct json_object *v = value_at(o, path);

	return json_object_is_type(v, json_type_boolean) ? json_object_get_boolean(v) != 0 : -1;
}

size_t value_count(struct json_object *o)
{
	if (json_object_is_type(o, json_type_array))
		return json_object_array_length(o);
	return json_object_is_type(o, json_type_object) ? (size_t)json_object_object_length(o) : 0;
}

bool value_switch(const char *text)
{
	return !strcmp(text, "1") || !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcasecmp(text, "on");
}

static void one_line(const char *line, size_t len, char sep, void (*fn)(void *, const char *, const char *), void *arg)
{
	const char *at = memchr(line, sep, len), *end = line + len;
	char name[128], value[256];
	size_t name_len, n;

	if (!at)
		return;
	name_len = (size_t)(at - line);
	while (name_len && (line[name_len - 1] == ' ' || line[name_len - 1] == '\t'))
		name_len--;
	if (!name_len || name_len >= sizeof(name))
		return;
	memcpy(name, line, name_len);
	name[name_len] = '\0';
	if (strcspn(name, " \t#\"'{[") != name_len || strlen(name) != name_len)
		return;
	for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (end - at >= 2 && (*at == '"' || *at == '\'') && end[-1] == *at) {
		at++;
		end--;
	}
	n = (size_t)(end - at) < sizeof(value) ? (size_t)(end - at) : sizeof(value) - 1;
	memcpy(value, at, n);
	value[n] = '\0';
	fn(arg, name, value);
}

void value_lines(const char *text, size_t len, char sep, void (*fn)(void *arg, const char *name, const char *value),
                 void *arg)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		const char *line = text;
		size_t line_len = n;

		if (sep == '=' && line_len > 7 && !memcmp(line, "export ", 7)) {
			line += 7;
			line_len -= 7;
		}
		if (line_len && *line != ' ' && *line != '\t' && *line != '#' && *line != '-')
			one_line(line, line_len, sep, fn, arg);
		text += n;
		len -= n;
		if (len) {
			text++;
			len--;
		}
	}
}
