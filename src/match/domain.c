/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the syntax of host name patterns. Text in, parts and items out (pattern.h). */
#include "match/domain.h"

#include <errno.h>
#include <string.h>

static int fail(struct errmsg *e, size_t at, const char *why)
{
	if (e)
		e->column = (unsigned int)at + 1;
	return errmsg_set(e, -EINVAL, "%s", why);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_host_byte(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

/* Why this byte cannot be in a host name, and what was probably meant. */
static int bad_byte(struct errmsg *e, const char *text, size_t at)
{
	unsigned char c = text[at];

	if (c >= 0x80)
		return fail(e, at, "not ASCII: write the name as it is on the wire (xn--...)");
	if (c == '/' || (c == ':' && text[at + 1] == '/'))
		return fail(e, at, "a host name, not a URL: leave out the scheme and the path");
	if (c == ':')
		return fail(e, at, "a host name has no colon: ports and address ranges have keys of their own");
	return fail(e, at, "not a byte of a host name: letters, digits, - and _, and * as a wildcard");
}

/* One label of len bytes that is not a wildcard as a whole. */
static int read_label(struct pattern *p, const char *label, size_t len)
{
	struct byteset any = pattern_any(p);
	int err = pattern_part(p, PATTERN_NAME);

	for (size_t i = 0; i < len && !err; i++) {
		struct byteset s = { 0 };

		if (label[i] == '*') {
			err = pattern_item(p, &any, true);
			continue;
		}
		byteset_add(&s, (uint8_t)label[i]);
		if (is_letter(label[i]))
			byteset_add(&s, (uint8_t)label[i] ^ 0x20);
		err = pattern_item(p, &s, false);
	}
	return err;
}

static int read_part(struct pattern *p, const char *text, size_t at, size_t len)
{
	const char *label = text + at;
	bool one = len == 1 && label[0] == '*', many = len == 2 && !strncmp(label, "**", 2);
	int err;

	if (!many && !(one && !at))
		return one ? pattern_part(p, PATTERN_ANY) : read_label(p, label, len);
	/* One or more labels; in front, whatever comes before the last of them does not matter. */
	err = pattern_part(p, at ? PATTERN_MANY : PATTERN_HEAD);
	return err < 0 ? err : pattern_part(p, PATTERN_ANY);
}

static int check(const char *text, struct errmsg *e)
{
	size_t len = strlen(text), literal = 0;

	if (!len)
		return fail(e, 0, "the pattern is empty");
	if (len > DOMAIN_MAX)
		return fail(e, DOMAIN_MAX, "longer than 253 bytes: no host name is");
	for (size_t at = 0, begin = 0; at <= len; at++) {
		if (at < len && text[at] != '.') {
			if (!is_host_byte(text[at]))
				return bad_byte(e, text, at);
			if (text[at] == '*' && at > begin && text[at - 1] == '*' &&
			    (at != begin + 1 || (text[at + 1] && text[at + 1] != '.')))
				return fail(e, at, "** must stand alone between dots: write * within a label");
			literal += text[at] != '*';
			continue;
		}
		if (at == begin)
			return fail(e, at, at == len ? "a dot at the end: write the name without it" :
						       "an empty label: names have no two dots in a row, and none in front");
		if (literal > DOMAIN_LABEL_MAX)
			return fail(e, begin, "a label longer than 63 bytes: no host name has one");
		begin = at + 1;
		literal = 0;
	}
	return 0;
}

int domain_parse(const char *text, struct pattern **ret, struct errmsg *e)
{
	cleanup_(pattern_freep) struct pattern *p = pattern_new('.');
	int err;

	if (!p)
		return -ENOMEM;
	err = check(text, e);
	if (!err)
		err = pattern_begin(p);
	for (size_t at = 0; !err; at++) {
		size_t len = strcspn(text + at, ".");

		err = read_part(p, text, at, len);
		at += len;
		if (!text[at])
			break;
	}
	if (err < 0)
		return err;
	*ret = take_ptr(p);
	return 0;
}
