/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: translating ignore files. Works on text that strangers wrote: every line stands for itself, and what cannot be
 * translated is listed, never guessed. Reading the file and saying what came of it is the caller's.
 */
#include "match/ignorefile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/strbuf.h"
#include "match/glob.h"

/* One line, cut into what it means. */
struct line {
	const char *text;    /* without '!' and slashes at either end; not NUL-terminated */
	size_t len;
	unsigned int number;
	bool negated;
	bool directory;      /* it ended in a slash */
	bool anchored;       /* it had a slash elsewhere */
};

void ignorefile_free(struct ignorefile *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->patterns_cnt; i++)
		free(f->patterns[i].glob);
	free(f->patterns);
	free(f->errors);
	free(f);
}

static int add_error(struct ignorefile *f, unsigned int line, const char *text)
{
	struct ignore_error *moved;

	if (f->errors_cnt == IGNORE_ERRORS_MAX) {
		f->errors_more++;
		return 0;
	}
	moved = reallocarray(f->errors, f->errors_cnt + 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	f->errors = moved;
	f->errors[f->errors_cnt].line = line;
	snprintf(f->errors[f->errors_cnt].text, sizeof(f->errors[0].text), "%s", text);
	f->errors_cnt++;
	return 0;
}

/* Takes glob over, also on failure. */
static int add_pattern(struct ignorefile *f, char *glob, unsigned int line, struct errmsg *e)
{
	cleanup_free char *owned = glob;

	if (f->patterns_cnt == IGNORE_PATTERNS_MAX)
		return errmsg_set(e, -E2BIG, "more than %d patterns", IGNORE_PATTERNS_MAX);
	if (f->patterns_cnt == f->patterns_size) {
		size_t size = f->patterns_size ? f->patterns_size * 2 : 32;
		struct ignore_pattern *moved = reallocarray(f->patterns, size, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		f->patterns = moved;
		f->patterns_size = size;
	}
	f->patterns[f->patterns_cnt++] = (struct ignore_pattern){ .glob = take_ptr(owned), .line = line };
	return 0;
}

/* Spaces at the end do not count, unless escaped. */
static size_t trimmed(const char *text, size_t len)
{
	size_t end = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		else if (text[i] == ' ')
			continue;
		end = i + 1;
	}
	return end;
}

/* False: the line says nothing (empty, a comment). */
static bool cut_line(const char *text, size_t len, struct line *ret)
{
	if (len && text[len - 1] == '\r')
		len--;
	if (!len || text[0] == '#')
		return false;
	len = trimmed(text, len);
	if (!len)
		return false;
	ret->negated = text[0] == '!';
	text += ret->negated;
	len -= ret->negated;
	ret->directory = len && text[len - 1] == '/';
	len -= ret->directory;
	ret->anchored = len && memchr(text, '/', len);
	if (len && text[0] == '/') {
		text++;
		len--;
	}
	ret->text = text;
	ret->len = len;
	return true;
}

/*
 * Stars: a component of two or more is "**" (of a line without a slash, "*"); two or more within a name are one. All
 * else is the same in both languages, escapes and brackets too.
 */
static void add_component(struct strbuf *b, const char *text, size_t len, bool anchored)
{
	bool stars = true, after_star = false;

	for (size_t i = 0; i < len; i++)
		stars &= text[i] == '*';
	if (stars && len > 1) {
		strbuf_adds(b, anchored ? "**" : "*");
		return;
	}
	for (size_t i = 0; i < len; i++) {
		bool star = text[i] == '*';

		if (star && after_star)
			continue;
		after_star = star;
		if (text[i] == '\\' && i + 1 < len)
			strbuf_addc(b, text[i++]);
		strbuf_addc(b, text[i]);
	}
}

static void add_components(struct strbuf *b, const struct line *l)
{
	for (size_t at = 0; at <= l->len;) {
		const char *slash = memchr(l->text + at, '/', l->len - at);
		size_t end = slash ? (size_t)(slash - l->text) : l->len;

		strbuf_addc(b, '/');
		add_component(b, l->text + at, end - at, l->anchored);
		at = end + 1;
	}
}

/* The directory, with what would be a wildcard in a pattern escaped. */
static void add_directory(struct strbuf *b, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (strchr("*?[\\", dir[i]))
			strbuf_addc(b, '\\');
		strbuf_addc(b, dir[i]);
	}
}

/* Keeps a pattern that glob_parse() took. */
static int keep(struct ignorefile *f, const struct line *l, const char *glob, const char *below, struct errmsg *e)
{
	struct strbuf b = STRBUF_INIT;

	if (l->negated)
		strbuf_addc(&b, '!');
	strbuf_adds(&b, glob);
	strbuf_adds(&b, below);
	if (!strbuf_ok(&b)) {
		strbuf_done(&b);
		return -ENOMEM;
	}
	return add_pattern(f, b.data, l->number, e);
}

static int translate(struct ignorefile *f, const struct line *l, const char *dir, struct errmsg *e)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	cleanup_(pattern_freep) struct pattern *checked = NULL;
	struct errmsg why = { 0 };
	bool below;
	int r;

	if (!l->len)
		return add_error(f, l->number, "names nothing");
	if (memchr(l->text, '\0', l->len))
		return add_error(f, l->number, "holds a NUL byte");
	add_directory(&b, dir);
	if (!l->anchored)
		strbuf_adds(&b, "/**");
	add_components(&b, l);
	if (!strbuf_ok(&b))
		return -ENOMEM;
	/* Room for what keep() may append. */
	r = strlen(b.data) + strlen("/*/**") > PATTERN_MAX ? errmsg_set(&why, -EINVAL, "too long: no path is") :
					       glob_parse(b.data, NULL, 0, &checked, &why);
	if (r == -EINVAL)
		return add_error(f, l->number, why.text);
	if (r < 0)
		return r;
	f->negated_cnt += l->negated;
	/* "x/ **" already is everything below x; of directories, only what is below counts. */
	below = b.len >= 3 && !strcmp(b.data + b.len - 3, "/**");
	if (below)
		return keep(f, l, b.data, l->directory ? "/*/**" : "", e);
	r = l->directory ? 0 : keep(f, l, b.data, "", e);
	return r < 0 ? r : keep(f, l, b.data, "/**", e);
}

int ignorefile_parse(const char *text, size_t len, const char *dir, struct ignorefile **ret, struct errmsg *e)
{
	cleanup_(ignorefile_freep) struct ignorefile *f = NULL;
	unsigned int number = 1;

	if (dir[0] != '/')
		return errmsg_set(e, -EINVAL, "the directory of an ignore file must be absolute: \"%.200s\"", dir);
	if (len > IGNORE_TEXT_MAX)
		return errmsg_set(e, -E2BIG, "an ignore file of more than %u bytes", IGNORE_TEXT_MAX);
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	for (size_t at = 0; at < len; number++) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t end = newline ? (size_t)(newline - text) : len;
		struct line l = { .number = number };
		int r = cut_line(text + at, end - at, &l) ? translate(f, &l, dir, e) : 0;

		if (r < 0)
			return r;
		at = end + 1;
	}
	*ret = take_ptr(f);
	return 0;
}
