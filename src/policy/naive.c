/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: matching by recursion, component by component. For eval.c; nothing that must be fast calls it. */
#include "policy/naive.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/strbuf.h"
#include "match/letters.h"

/* ---- one component --------------------------------------------------------------------------------------------- */

static bool in_named_set(const char *name, size_t len, unsigned char c)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} sets[] = {
		{ "alpha", isalpha }, { "digit", isdigit }, { "alnum", isalnum }, { "upper", isupper },
		{ "lower", islower }, { "space", isspace }, { "punct", ispunct }, { "xdigit", isxdigit },
		{ "blank", isblank }, { "cntrl", iscntrl }, { "print", isprint }, { "graph", isgraph },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (strlen(sets[i].name) == len && !strncmp(sets[i].name, name, len))
			return c < 0x80 && sets[i].is(c);
	return false;
}

/* *at is behind the '['; leaves it behind the ']'. */
static bool in_bracket(const char **at, const char *end, unsigned char c)
{
	const char *p = *at, *begin;
	bool negated = p < end && (*p == '!' || *p == '^'), hit = false;

	p += negated;
	for (begin = p; p < end && (*p != ']' || p == begin);) {
		unsigned char first, last;

		if (*p == '[' && p + 1 < end && p[1] == ':') {
			const char *colon = strstr(p + 2, ":]");

			if (!colon)
				break;
			hit |= in_named_set(p + 2, (size_t)(colon - p) - 2, c);
			p = colon + 2;
			continue;
		}
		p += *p == '\\';
		first = last = (unsigned char)*p++;
		if (p + 1 < end && *p == '-' && p[1] != ']') {
			p++;
			p += *p == '\\';
			last = (unsigned char)*p++;
		}
		hit |= first <= c && c <= last;
	}
	*at = p < end ? p + 1 : end;
	return hit != negated;
}

/* How names are compared. */
enum naive_how {
	NAIVE_EXACT,
	NAIVE_CASE,     /* a letter of ASCII is whichever of its cases matches */
	NAIVE_LETTERS,  /* and letters beyond ASCII match every spelling of them */
};

static bool name_matches(const char *p, const char *pe, const char *t, const char *te, enum naive_how how);

static bool is_other(const char *p)
{
	return (unsigned char)*p >= 0x80;
}

/* Where the letters beyond ASCII end that begin here. */
static const char *letters_end(const char *p, const char *pe)
{
	while (p < pe && is_other(p))
		p++;
	return p;
}

/*
 * The pattern goes on at p, or at `after` (NULL: there only), behind a row of letters of which `left` ASCII characters and any others can
 * still be in the text.
 */
static bool letters_match(const char *p, const char *after, const char *pe, const char *t, const char *te, unsigned int left,
			  bool needs_other)
{
	if (!needs_other && (name_matches(p, pe, t, te, NAIVE_LETTERS) || (after && name_matches(after, pe, t, te, NAIVE_LETTERS))))
		return true;
	if (t == te)
		return false;
	if (is_other(t))
		return letters_match(p, after, pe, t + 1, te, left, false);
	return left && letters_has_base((uint8_t)tolower((unsigned char)*t)) &&
	       letters_match(p, after, pe, t + 1, te, left - 1, needs_other);
}

/* The first character of the pattern is none of `*`. */
static bool char_matches(const char *p, const char *pe, char c, const char *rest, const char *te, enum naive_how how)
{
	bool hit = true;

	if (*p == '[') {
		p++;
		hit = in_bracket(&p, pe, (unsigned char)c);
		return hit && name_matches(p, pe, rest, te, how);
	}
	if (*p != '?') {
		p += *p == '\\' && p + 1 < pe;
		hit = *p == c;
	}
	return hit && name_matches(p + 1, pe, rest, te, how);
}

/* Behind one place of the pattern, that is no `*`. */
static const char *place_end(const char *p, const char *pe)
{
	if (*p == '[') {
		p++;
		in_bracket(&p, pe, 0);
		return p;
	}
	return p + 1 + (*p == '\\' && p + 1 < pe);
}

/* Pattern p..pe against text t..te; neither holds a separator. */
static bool name_matches(const char *p, const char *pe, const char *t, const char *te, enum naive_how how)
{
	if (p == pe)
		return t == te;
	if (*p == '*') {
		for (const char *rest = t; rest <= te; rest++)
			if (name_matches(p + 1, pe, rest, te, how))
				return true;
		return false;
	}
	if (how == NAIVE_LETTERS && *p == '\\' && p + 1 < pe && is_other(p + 1))
		p++;
	if (how == NAIVE_LETTERS && is_other(p)) {
		const char *end = letters_end(p, pe);
		struct letters l = letters_read((const uint8_t *)p, (size_t)(end - p));

		return letters_match(end, l.takes_after && end < pe && *end != '*' ? place_end(end, pe) : NULL, pe, t, te, l.ascii, l.needs_other);
	}
	if (how == NAIVE_LETTERS) {
		const char *next = place_end(p, pe), *end = letters_end(next, pe);

		/* It may be one letter with the mark that follows. */
		if (end > next && letters_read((const uint8_t *)next, (size_t)(end - next)).takes_before && name_matches(next, pe, t, te, how))
			return true;
	}
	if (t == te)
		return false;
	if (how != NAIVE_EXACT && (unsigned char)*t < 0x80 && isalpha((unsigned char)*t))
		return char_matches(p, pe, (char)tolower(*t), t + 1, te, how) || char_matches(p, pe, (char)toupper(*t), t + 1, te, how);
	return char_matches(p, pe, *t, t + 1, te, how);
}

/* ---- paths ----------------------------------------------------------------------------------------------------- */

static const char *component_end(const char *s)
{
	return s + strcspn(s, "/");
}

/* p and t begin with a component each, or are NULL when there is none left. folded: how names are compared where case is ignored. */
static bool components_match(const char *p, const char *t, enum naive_how folded)
{
	const char *pe, *te, *pn, *tn;
	bool fold;

	if (!p)
		return !t;
	pe = component_end(p);
	pn = *pe ? pe + 1 : NULL;
	if (pe - p == 2 && !strncmp(p, "**", 2)) {
		/* At the end: something must be below. Elsewhere: any number of directories. */
		if (!pn)
			return t != NULL;
		for (; t; t = *component_end(t) ? component_end(t) + 1 : NULL)
			if (components_match(pn, t, folded))
				return true;
		return components_match(pn, NULL, folded);
	}
	if (!t)
		return false;
	te = component_end(t);
	tn = *te ? te + 1 : NULL;
	fold = *t == NAIVE_FOLDED;
	t += fold;
	return te != t && name_matches(p, pe, t, te, fold ? folded : NAIVE_EXACT) && components_match(pn, tn, folded);
}

/* The pattern of a home directory: no account's name begins with a dot. */
static void add_home(struct strbuf *b, const char *home)
{
	if (!strcmp(home, "/"))
		return;
	for (const char *p = home; *p;) {
		const char *e = component_end(p + 1);

		strbuf_adds(b, e - p == 2 && p[1] == '*' ? "/[!.]*" : "");
		if (e - p != 2 || p[1] != '*')
			strbuf_add(b, p, (size_t)(e - p));
		p = e;
	}
}

static bool path_matches(const char *pattern, const char *const *homes, size_t homes_cnt, const char *path, enum naive_how folded)
{
	const char *first = *path == '/' && path[1] ? path + 1 : NULL;
	bool hit = false;

	if (!first)
		return false;
	if (*pattern == '/')
		return components_match(pattern + 1, first, folded);
	if (*pattern == '~' && (pattern[1] == '/' || !pattern[1])) {
		for (size_t i = 0; i < homes_cnt && !hit; i++) {
			struct strbuf full = STRBUF_INIT;

			add_home(&full, homes[i]);
			strbuf_adds(&full, pattern + 1);
			hit = full.len && components_match(full.data + 1, first, folded);
			strbuf_done(&full);
		}
		return hit;
	}
	if (!strchr(pattern, '/')) {
		const char *slash = strrchr(path, '/');

		return slash[1] && (!strcmp(pattern, "**") || components_match(pattern, slash + 1, folded));
	}
	return components_match(pattern, first, folded);
}

static bool list_matches(const struct policy_strings *patterns, const char *const *homes, size_t homes_cnt, const char *path,
			 enum naive_how folded)
{
	for (size_t i = patterns->cnt; i-- > 0;) {
		bool negated = patterns->v[i][0] == '!';

		if (path_matches(patterns->v[i] + negated, homes, homes_cnt, path, negated ? NAIVE_CASE : folded))
			return !negated;
	}
	return false;
}

bool naive_path(const struct policy_strings *patterns, const char *const *homes, size_t homes_cnt, const char *path)
{
	return list_matches(patterns, homes, homes_cnt, path, NAIVE_CASE);
}

bool naive_path_any_letters(const struct policy_strings *patterns, const char *const *homes, size_t homes_cnt, const char *path)
{
	return list_matches(patterns, homes, homes_cnt, path, NAIVE_LETTERS);
}

bool naive_word(const struct policy_strings *words, const char *text)
{
	for (size_t i = 0; i < words->cnt; i++)
		if (*text && name_matches(words->v[i], words->v[i] + strlen(words->v[i]), text, text + strlen(text), NAIVE_EXACT))
			return true;
	return false;
}

/* ---- host names ------------------------------------------------------------------------------------------------ */

static bool label_matches(const char *p, const char *pe, const char *t, const char *te)
{
	if (p == pe)
		return t == te;
	if (*p == '*') {
		for (; t <= te; t++)
			if (label_matches(p + 1, pe, t, te))
				return true;
		return false;
	}
	return t != te && !strncasecmp(p, t, 1) && label_matches(p + 1, pe, t + 1, te);
}

/* As components_match(), with labels; `front`: p is the whole pattern, where a * may stand for several. */
static bool labels_match(const char *p, const char *t, bool front)
{
	const char *pe, *te, *pn, *tn;
	size_t len;

	if (!p || !t)
		return !p && !t;
	len = strcspn(p, ".");
	pe = p + len;
	pn = *pe ? pe + 1 : NULL;
	te = t + strcspn(t, ".");
	tn = *te ? te + 1 : NULL;
	if ((len == 2 && !strncmp(p, "**", 2)) || (front && len == 1 && *p == '*'))
		return te != t && (labels_match(pn, tn, false) || (tn && labels_match(p, tn, front)));
	return te != t && label_matches(p, pe, t, te) && labels_match(pn, tn, false);
}

bool naive_host(const struct policy_strings *patterns, const char *name)
{
	for (size_t i = patterns->cnt; i-- > 0;) {
		bool negated = patterns->v[i][0] == '!';

		if (labels_match(patterns->v[i] + negated, name, true))
			return !negated;
	}
	return false;
}
