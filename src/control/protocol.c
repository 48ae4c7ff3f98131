/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what a request over the control socket may say. Does nothing of it. */
#include "control/protocol.h"

#include <errno.h>
#ifndef SLUICE_LACKS
#include <json-c/json.h>
#endif
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/report.h"

#define DEPTH_MAX 3        /* a list within the object */
#define ANSWER_DEPTH_MAX 8
#define ERRMSG_NAME 40     /* of a stranger's text that an error repeats */

void control_path(const char *root, char ret[CONTROL_PATH_SIZE])
{
	const char *slash = strrchr(root, '/');
	const char *name = slash ? slash + 1 : root;

	if (!name[0] || strcmp(name, "sluice") == 0)
		snprintf(ret, CONTROL_PATH_SIZE, "%s/control", CONTROL_DIR);
	else
		snprintf(ret, CONTROL_PATH_SIZE, "%s/control-%.64s", CONTROL_DIR, name);
}

#ifdef SLUICE_LACKS

int control_parse(const char *line, size_t len, struct control_request *ret, struct errmsg *e)
{
	(void)line;
	(void)len;
	(void)ret;
	return errmsg_set(e, -ENOSYS, "this program was built without " SLUICE_LACKS);
}

int control_parse_answer(const char *line, size_t len, struct control_answer *ret)
{
	(void)line;
	(void)len;
	(void)ret;
	return -ENOSYS;
}

#else

static int text(struct json_object *v, const char *name, char *ret, size_t size, struct errmsg *e)
{
	size_t len = json_object_is_type(v, json_type_string) ? (size_t)json_object_get_string_len(v) : 0;

	if (!json_object_is_type(v, json_type_string))
		return errmsg_set(e, -EINVAL, "\"%s\" is to be a text", name);
	if (!len || len >= size || memchr(json_object_get_string(v), '\0', len))
		return errmsg_set(e, -EINVAL, "\"%s\" is empty, too long or has a zero in it", name);
	memcpy(ret, json_object_get_string(v), len + 1);
	return 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex(struct json_object *v, const char *name, char *ret, size_t size, struct errmsg *e)
{
	char digits[2 * SL_EXCEPTION_PATH];
	int r = text(v, name, digits, sizeof(digits), e);
	size_t len = r < 0 ? 0 : strlen(digits);

	if (r < 0)
		return r;
	if (len % 2 || len / 2 >= size)
		return errmsg_set(e, -EINVAL, "\"%s\" is to be pairs of hex digits", name);
	for (size_t i = 0; i < len / 2; i++) {
		int high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);

		if (high < 0 || low < 0 || (!high && !low))
			return errmsg_set(e, -EINVAL, "\"%s\" is to be pairs of hex digits", name);
		ret[i] = (char)(high << 4 | low);
	}
	ret[len / 2] = '\0';
	return 0;
}

/* json-c cuts what is beyond int64_t, which is beyond every range here but an inode's. */
static int number(struct json_object *v, const char *name, uint64_t max, uint64_t *ret, struct errmsg *e)
{
	int64_t n = json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : -1;

	if (n < 0 || (uint64_t)n > max)
		return errmsg_set(e, -EINVAL, "\"%s\" is to be a number up to %llu", name, (unsigned long long)max);
	*ret = (uint64_t)n;
	return 0;
}

static int kinds(struct json_object *v, uint32_t *ret, struct errmsg *e)
{
	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) > _REPORT_KIND_MAX)
		return errmsg_set(e, -EINVAL, "\"kinds\" is to be a list of kinds of events");
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		char name[ERRMSG_NAME];
		enum report_kind k = REPORT_FILE_OPEN;
		int r = text(json_object_array_get_idx(v, i), "kinds", name, sizeof(name), e);

		if (r < 0)
			return r;
		while (k < _REPORT_KIND_MAX && strcmp(report_kind_name(k), name) != 0)
			k++;
		if (k == _REPORT_KIND_MAX)
			return errmsg_set(e, -EINVAL, "\"kinds\": there are no such events: see `sluice schema`");
		*ret |= 1u << k;
	}
	return 0;
}

static int verdict(struct json_object *v, uint8_t *ret, struct errmsg *e)
{
	static const char *const names[] = { [SL_ACTION_LOG] = "log", [SL_ACTION_ALERT] = "alert", [SL_ACTION_BLOCK] = "block" };
	char name[ERRMSG_NAME];
	int r = text(v, "verdict", name, sizeof(name), e);

	for (uint8_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++) {
		if (names[i] && strcmp(names[i], name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return r < 0 ? r : errmsg_set(e, -EINVAL, "\"verdict\" is to be log, alert or block");
}

static int find_verb(struct json_object *o, enum control_verb *ret, struct errmsg *e)
{
	static const char *const names[] = { [CONTROL_STATUS] = "status", [CONTROL_METRICS] = "metrics", [CONTROL_RELOAD] = "reload",
					     [CONTROL_ALLOW] = "allow", [CONTROL_SUBSCRIBE] = "subscribe" };
	struct json_object *v;
	char name[ERRMSG_NAME];
	int r = json_object_object_get_ex(o, "do", &v) ? text(v, "do", name, sizeof(name), e) : errmsg_set(e, -EINVAL, "\"do\" is missing");

	for (unsigned int i = 1; r >= 0 && i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum control_verb)i;
			return 0;
		}
	}
	return r < 0 ? r : errmsg_set(e, -EINVAL, "\"do\" is to be status, metrics, reload, allow or subscribe");
}

static int member(struct control_request *q, const char *name, struct json_object *v, struct errmsg *e)
{
	if (q->verb == CONTROL_ALLOW) {
		if (strcmp(name, "path") == 0)
			return text(v, name, q->path, sizeof(q->path), e);
		if (strcmp(name, "path_hex") == 0)
			return hex(v, name, q->path, sizeof(q->path), e);
		if (strcmp(name, "tool") == 0)
			return text(v, name, q->tool, sizeof(q->tool), e);
		if (strcmp(name, "dev") == 0)
			return number(v, name, INT64_MAX, &q->dev, e);
		if (strcmp(name, "inode") == 0)
			return number(v, name, INT64_MAX, &q->inode, e);
		if (strcmp(name, "seconds") == 0)
			return number(v, name, CONTROL_SECONDS_MAX, &q->seconds, e);
	}
	if (q->verb == CONTROL_SUBSCRIBE) {
		if (strcmp(name, "kinds") == 0)
			return kinds(v, &q->kinds, e);
		if (strcmp(name, "verdict") == 0)
			return verdict(v, &q->verdict, e);
	}
	return errmsg_set(e, -EINVAL, "there is a member that this request does not have");
}

static int take(struct json_object *o, struct control_request *ret, struct errmsg *e)
{
	struct control_request q = { 0 };
	int r = find_verb(o, &q.verb, e);

	json_object_object_foreach(o, name, v)
		if (r >= 0 && strcmp(name, "do") != 0)
			r = member(&q, name, v, e);
	if (r >= 0 && q.verb == CONTROL_ALLOW && (q.path[0] != '/' || !q.seconds || !q.inode))
		r = errmsg_set(e, -EINVAL, "an exception needs \"path\" from the root, \"dev\", \"inode\" and \"seconds\"");
	if (r >= 0)
		*ret = q;
	return r;
}

/* One JSON object, no deeper than `depth`. *ret NULL: something else, or no memory; what it returns says which. */
static int parse_object(const char *line, size_t len, int depth, struct json_object **ret)
{
	struct json_tokener *tok;
	bool whole;

	*ret = NULL;
	if (len > INT_MAX || memchr(line, '\0', len))
		return -EBADMSG;
	tok = json_tokener_new_ex(depth);
	if (!tok)
		return -ENOMEM;
	/* Not JSON_TOKENER_STRICT: json-c 0.18 takes every byte above 127 for a control character then. */
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	*ret = json_tokener_parse_ex(tok, line, (int)len);
	whole = json_tokener_get_error(tok) == json_tokener_success && json_tokener_get_parse_end(tok) == len;
	json_tokener_free(tok);
	if (whole && json_object_is_type(*ret, json_type_object))
		return 0;
	json_object_put(*ret);
	*ret = NULL;
	return -EBADMSG;
}

int control_parse(const char *line, size_t len, struct control_request *ret, struct errmsg *e)
{
	struct json_object *o;
	int r = parse_object(line, len, DEPTH_MAX, &o);

	if (r < 0)
		return errmsg_set(e, r, r == -ENOMEM ? "out of memory" : "not one JSON object in a line");
	r = take(o, ret, e);
	json_object_put(o);
	return r;
}

static void copy(struct json_object *o, const char *name, char *ret, size_t size)
{
	struct json_object *v;

	if (json_object_object_get_ex(o, name, &v) && json_object_is_type(v, json_type_string))
		snprintf(ret, size, "%s", json_object_get_string(v));
}

static void copy_number(struct json_object *o, const char *name, uint64_t *ret)
{
	struct json_object *v;

	if (json_object_object_get_ex(o, name, &v) && json_object_is_type(v, json_type_int) && json_object_get_int64(v) > 0)
		*ret = (uint64_t)json_object_get_int64(v);
}

int control_parse_answer(const char *line, size_t len, struct control_answer *ret)
{
	struct json_object *o, *ok;
	int r = parse_object(line, len, ANSWER_DEPTH_MAX, &o);

	if (r < 0)
		return r;
	*ret = (struct control_answer){ 0 };
	if (!json_object_object_get_ex(o, "ok", &ok) || !json_object_is_type(ok, json_type_boolean))
		r = -EBADMSG;
	else
		ret->ok = json_object_get_boolean(ok);
	copy(o, "error", ret->error, sizeof(ret->error));
	copy(o, "policy", ret->policy, sizeof(ret->policy));
	copy_number(o, "uptime_s", &ret->uptime_s);
	copy_number(o, "events", &ret->events);
	copy_number(o, "alerts", &ret->alerts);
	copy_number(o, "lost", &ret->lost);
	copy_number(o, "subscribers", &ret->subscribers);
	json_object_put(o);
	return r;
}

#endif /* SLUICE_LACKS */
