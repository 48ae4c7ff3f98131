/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the shapes of credentials in arguments. Four kinds are known, each a table or a function below:
 *   a token that names its issuer            ghp_..., sk-..., AKIA...          issued[]
 *   a value beside a name that says so       --token x, API_KEY=x, "secret":   suffixes[], words[]
 *   a login in a URL                         https://ann:x@example.com         url_login()
 *   user and password of an option           curl -u ann:x                     logins[]
 * One pass from left to right; names are looked at where a word begins, issued tokens behind any separator.
 */
#include "base/redact.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* How much a name says about the value beside it. */
enum strength {
	NAME_PLAIN,
	NAME_WEAK,   /* "key", "auth": a secret if it looks random */
	NAME_STRONG, /* "password", "token": a secret whatever it looks like */
};

struct scan {
	const char *s;
	size_t len;
	bool header; /* the option before says that this is a header */
	bool shell;  /* the option before says that this is a command line */
	bool blanks; /* several words: "$NAME" is a variable, not a value */
	struct redact_span *spans;
	size_t cnt;
};

/* Tokens that their issuer marked. body: least length behind the prefix. */
static const struct issued {
	const char *prefix;
	unsigned char body;
	bool digit; /* needs a digit, where words may begin like that ("sk-...") */
} issued[] = {
	{ "sk-", 20, true },
	{ "sk_live_", 10, false },
	{ "sk_test_", 10, false },
	{ "rk_live_", 10, false },
	{ "whsec_", 16, false },
	{ "ghp_", 20, false },
	{ "gho_", 20, false },
	{ "ghu_", 20, false },
	{ "ghs_", 20, false },
	{ "ghr_", 20, false },
	{ "github_pat_", 20, false },
	{ "glpat-", 16, false },
	{ "gldt-", 16, false },
	{ "glptt-", 16, false },
	{ "glrt-", 16, false },
	{ "AKIA", 16, false },
	{ "ASIA", 16, false },
	{ "AIza", 30, false },
	{ "ya29.", 20, false },
	{ "xoxb-", 10, false },
	{ "xoxp-", 10, false },
	{ "xoxa-", 10, false },
	{ "xoxr-", 10, false },
	{ "xoxs-", 10, false },
	{ "xoxe-", 10, false },
	{ "xoxe.xox", 10, false },
	{ "xapp-", 10, true },
	{ "xai-", 20, true },
	{ "npm_", 30, false },
	{ "pypi-", 40, false },
	{ "hf_", 20, false },
	{ "gsk_", 20, true },
	{ "pplx-", 20, true },
	{ "dckr_pat_", 16, false },
	{ "dop_v1_", 20, false },
	{ "shpat_", 20, false },
	{ "SG.", 30, true },
	{ "hvs.", 20, false },
	{ "lin_api_", 20, false },
	{ "figd_", 20, false },
	{ "tskey-", 16, true },
	{ "AGE-SECRET-KEY-1", 20, false },
	{ "hooks.slack.com/services/", 10, false },
};

/* A name ends like this, separators and case left out: strong. */
static const char *const suffixes[] = {
	"password", "passwd",     "passphrase", "passcode",  "secret",           "token",
	"apikey",   "accesskey",  "secretkey",  "privatekey", "encryptionkey",   "accountkey",
	"masterkey", "authkey",   "sessionkey", "credential", "credentials",     "authorization",
	"cookie",   "connectionstring", "jwt",  "apitoken",
};

/* The last word of a name is this. */
static const struct {
	const char *word;
	enum strength strength;
} words[] = {
	{ "pass", NAME_STRONG }, { "pwd", NAME_STRONG },      { "pw", NAME_STRONG },  { "key", NAME_WEAK },
	{ "auth", NAME_WEAK },   { "signature", NAME_WEAK },  { "sig", NAME_WEAK },   { "cred", NAME_WEAK },
	{ "creds", NAME_WEAK },  { "pat", NAME_WEAK },        { "bearer", NAME_WEAK },
};

/* A word before it makes it harmless: public-key, cache_key, pad_token, next-token. */
static const char *const harmless[] = {
	"public", "cache", "primary", "foreign", "sort", "partition", "hash", "signing", "pad",  "eos",
	"bos",    "unk",   "mask",    "sep",     "cls",  "stop",      "next", "page",    "max",  "min",
	"num",    "per",   "host",    "known",   "hot",  "continuation", "cancellation",
};

/* Options whose value is USER:PASSWORD. */
static const char *const logins[] = { "-u", "-U", "--user", "--proxy-user", "--auth" };

/* Options whose value is a header. */
static const char *const headers[] = { "-H", "--header", "--proxy-header", "--headers" };

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_alpha(c) || is_digit(c) || c == '_';
}

/* What a name consists of. */
static bool is_name(char c)
{
	return is_word(c) || c == '-' || c == '.';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool in_list(const char *const *list, size_t cnt, const char *s, size_t len)
{
	for (size_t i = 0; len && i < cnt; i++)
		if (list[i][0] == s[0] && strlen(list[i]) == len && !memcmp(list[i], s, len))
			return true;
	return false;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !strncasecmp(s + len - n, end, n);
}

static void hide(struct scan *sc, size_t from, size_t to)
{
	struct redact_span *last = sc->cnt ? &sc->spans[sc->cnt - 1] : NULL;

	if (to <= from)
		return;
	if (last && from <= last->at + last->len) {
		if (to > last->at + last->len)
			last->len = to - last->at;
	} else if (sc->cnt == REDACT_SPANS) {
		last->len = sc->len - last->at;
	} else {
		sc->spans[sc->cnt++] = (struct redact_span){ from, to - from };
	}
}

/* ---- names ---------------------------------------------------------------------------------------------------------- */

#define NAME_KEPT 64 /* bytes of a name that are looked at: its end */

/* "--dbAccess-Token" -> "db_access_token"; returns the length. */
static size_t name_words(const char *s, size_t len, char ret[2 * NAME_KEPT])
{
	size_t n = 0;

	if (len > NAME_KEPT) {
		s += len - NAME_KEPT;
		len = NAME_KEPT;
	}
	for (size_t i = 0; i < len; i++) {
		bool upper = s[i] >= 'A' && s[i] <= 'Z';

		if (s[i] == '-' || s[i] == '.' || s[i] == '_') {
			if (n && ret[n - 1] != '_')
				ret[n++] = '_';
			continue;
		}
		if (upper && i && s[i - 1] >= 'a' && s[i - 1] <= 'z')
			ret[n++] = '_';
		ret[n++] = (char)(upper ? s[i] | 0x20 : s[i]);
	}
	while (n && ret[n - 1] == '_')
		n--;
	return n;
}

static size_t last_word(const char *s, size_t len)
{
	size_t at = len;

	while (at && s[at - 1] != '_')
		at--;
	return at;
}

static enum strength name_strength(const char *s, size_t len)
{
	char text[2 * NAME_KEPT], flat[2 * NAME_KEPT];
	size_t n = name_words(s, len, text), flat_len = 0, at = last_word(text, n);

	if (at) {
		size_t before = last_word(text, at - 1);

		if (in_list(harmless, ARRAY_SIZE(harmless), text + before, at - 1 - before))
			return NAME_PLAIN;
	}
	for (size_t i = 0; i < n; i++)
		if (text[i] != '_')
			flat[flat_len++] = text[i];
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t want = strlen(suffixes[i]);

		if (want <= flat_len && !memcmp(flat + flat_len - want, suffixes[i], want))
			return NAME_STRONG;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].word) != n - at || memcmp(text + at, words[i].word, n - at) != 0)
			continue;
		/* PWD alone is the working directory. */
		return at || strcmp(words[i].word, "pwd") != 0 ? words[i].strength : NAME_PLAIN;
	}
	return NAME_PLAIN;
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static bool is_uuid(const char *s, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !is_digit(s[i]) && !((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'f'))
			return false;
	}
	return true;
}

/* "/run/secrets/x", "./x", "~/x": and no part so long that it may be base64 with a slash in it. */
static bool is_path(const char *s, size_t len)
{
	size_t run = 0, at = 0;

	if (len && s[0] == '~')
		at = 1;
	while (at < len && at < 2 && s[at] == '.')
		at++;
	if (at >= len || s[at] != '/')
		return false;
	for (size_t i = at; i < len; i++) {
		if (is_blank(s[i]) || s[i] == '+' || s[i] == '=')
			return false;
		run = is_alpha(s[i]) || is_digit(s[i]) ? run + 1 : 0;
		if (run >= 24)
			return false;
	}
	return true;
}

/* "server-2024.pem" */
static bool is_file_name(const char *s, size_t len)
{
	size_t ext = 0;

	while (ext < len && is_alpha(s[len - 1 - ext]))
		ext++;
	return ext && ext <= 5 && ext + 1 < len && s[len - 1 - ext] == '.';
}

/* Letters and digits mixed, long enough, and none of the shapes that are no secrets. */
static bool is_random(const char *s, size_t len, size_t least)
{
	bool digit = false, alpha = false;

	if (len < least)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (is_digit(s[i]))
			digit = true;
		else if (is_alpha(s[i]))
			alpha = true;
		else if (!s[i] || !strchr("+/=_.~%-", s[i]))
			return false;
	}
	return digit && alpha && !is_uuid(s, len) && !is_path(s, len) && !is_file_name(s, len);
}

/* Stands for a value but is none: nothing, a variable, a placeholder, a switch. */
static bool is_empty_value(const struct scan *sc, const char *s, size_t len)
{
	static const char *const switches[] = { "true", "false", "null", "none", "yes", "no", "True", "False", "None" };

	if (!len || in_list(switches, ARRAY_SIZE(switches), s, len))
		return true;
	if (len == strlen(REDACT_MARK) && !memcmp(s, REDACT_MARK, len))
		return true;
	if (s[0] == '<' && s[len - 1] == '>')
		return true;
	if (s[0] == '$' && sc->blanks) {
		if (len > 1 && (s[1] == '{' || s[1] == '('))
			return true;
		for (size_t i = 1; i < len; i++)
			if (!is_word(s[i]))
				return false;
		return len > 1;
	}
	return is_path(s, len) || (s[0] == '@' && (is_path(s + 1, len - 1) || is_file_name(s + 1, len - 1)));
}

static bool hide_value(struct scan *sc, size_t from, size_t to, enum strength strength)
{
	const char *s = sc->s + from;

	if (to <= from || is_empty_value(sc, s, to - from) || (strength == NAME_WEAK && !is_random(s, to - from, 16)))
		return false;
	hide(sc, from, to);
	return true;
}

/*
 * Where a value that begins at `at` has its first and last byte. outer: quote that the name stands in, 0 none.
 * whole: the argument is this value and nothing else. Returns where to go on.
 */
static size_t value_bounds(const struct scan *sc, size_t at, char outer, bool whole, size_t *ret_from, size_t *ret_to)
{
	size_t slashes = 0, i;
	char quote;

	while (at + slashes < sc->len && sc->s[at + slashes] == '\\')
		slashes++;
	i = at + slashes;
	if (i < sc->len && is_quote(sc->s[i]) && sc->s[i] != outer) {
		quote = sc->s[i++];
		*ret_from = i;
		for (; i < sc->len && sc->s[i] != quote; i++)
			if (sc->s[i] == '\\' && !slashes)
				i++;
		if (i > sc->len)
			i = sc->len;
		*ret_to = i;
		while (slashes && *ret_to > *ret_from && sc->s[*ret_to - 1] == '\\')
			--*ret_to;
		return i < sc->len ? i + 1 : i;
	}
	*ret_from = at;
	for (i = at; i < sc->len && !whole; i++) {
		if (is_blank(sc->s[i]) || sc->s[i] == outer || (sc->s[i] && strchr("&;|)}", sc->s[i])))
			break;
		if (!is_quote(sc->s[i]))
			continue;
		/* A quoted part within the value: on to its end, or to the end of all. */
		quote = sc->s[i++];
		while (i < sc->len && sc->s[i] != quote)
			i++;
	}
	*ret_to = whole || i > sc->len ? sc->len : i;
	return *ret_to;
}

/* ---- the kinds ------------------------------------------------------------------------------------------------------ */

static size_t body_len(const char *s, size_t len, bool *ret_digit)
{
	size_t i;

	*ret_digit = false;
	for (i = 0; i < len && (is_name(s[i]) || s[i] == '/' || s[i] == '+' || s[i] == '~'); i++)
		*ret_digit |= is_digit(s[i]);
	return i;
}

/* Header, payload and signature in base64: "eyJ" is '{"'. */
static size_t jwt_len(const char *s, size_t len)
{
	size_t i, dots = 0;

	for (i = 0; i < len && is_name(s[i]); i++)
		dots += s[i] == '.';
	return i >= 30 && dots ? i : 0;
}

/* Length of an issued token at `at`, 0 none. */
static size_t issued_len(const struct scan *sc, size_t at)
{
	const char *s = sc->s + at;
	size_t left = sc->len - at;
	bool digit;

	if (left > 3 && !memcmp(s, "eyJ", 3))
		return jwt_len(s, left);
	if (left > 11 && !memcmp(s, "-----BEGIN ", 11) && memmem(s, left, "PRIVATE KEY", 11))
		return left;
	for (size_t i = 0; i < ARRAY_SIZE(issued); i++) {
		size_t n, body;

		if (s[0] != issued[i].prefix[0]) /* before its length: this is asked of each word of each event */
			continue;
		n = strlen(issued[i].prefix);
		if (left < n + issued[i].body || memcmp(s, issued[i].prefix, n) != 0)
			continue;
		body = body_len(s + n, left - n, &digit);
		if (body >= issued[i].body && (digit || !issued[i].digit))
			return n + body;
	}
	return 0;
}

/* at: behind "://". Hides the password, or a long name that is a token. Returns where to go on. */
static size_t url_login(struct scan *sc, size_t at)
{
	size_t end = at, sign = 0, colon = 0;
	bool port = true, path = false;

	for (; end < sc->len && !is_blank(sc->s[end]) && !is_quote(sc->s[end]); end++) {
		char c = sc->s[end];

		/* A slash ends the authority, unless what stands behind the colon cannot be a port. */
		if (c == '/' || c == '?' || c == '#') {
			if (!colon || port)
				break;
			path = true;
		}
		if (c == '@')
			sign = end;
		else if (c == ':' && !colon && sc->s[at] != '[')
			colon = end;
		else if (colon && !is_digit(c))
			port = false;
		if (sign && path)
			break;
	}
	if (!sign)
		return at;
	if (colon && colon < sign)
		hide(sc, colon + 1, sign);
	else if (is_random(sc->s + at, sign - at, 20))
		hide(sc, at, sign);
	return sign;
}

/* USER:PASSWORD at [from, to). Numbers are uid:gid. */
static bool hide_login(struct scan *sc, size_t from, size_t to)
{
	const char *colon = memchr(sc->s + from, ':', to - from);
	bool number = true;
	size_t at;

	if (!colon)
		return false;
	at = (size_t)(colon - sc->s) + 1;
	for (size_t i = from; i < to; i++)
		number = number && (is_digit(sc->s[i]) || i + 1 == at);
	return !number && !(at < to && sc->s[at] == '/') && hide_value(sc, at, to, NAME_STRONG);
}

/* The value of "Name: value". The scheme of an authorization ("Bearer") stays. */
static size_t header_value(struct scan *sc, size_t at, char outer, bool scheme, enum strength strength)
{
	size_t end = at, word;

	while (end < sc->len && sc->s[end] != '\n' && sc->s[end] != '\r' && !(outer && sc->s[end] == outer))
		end++;
	for (word = at; scheme && word < end && (is_alpha(sc->s[word]) || sc->s[word] == '-');)
		word++;
	if (word > at && word + 1 < end && sc->s[word] == ' ')
		at = word + 1;
	return hide_value(sc, at, end, strength) ? end : at;
}

/* "token: x" at `at` behind the colon. Prose has colons too, so a plain word must be followed by something random. */
static size_t colon_value(struct scan *sc, size_t name, size_t name_len, size_t at, bool quoted, enum strength strength)
{
	char outer = name && is_quote(sc->s[name - 1]) && !quoted ? sc->s[name - 1] : '\0';
	bool scheme = ends_with(sc->s + name, name_len, "authorization");
	bool header = sc->header || scheme || memchr(sc->s + name, '-', name_len) ||
		      ends_with(sc->s + name, name_len, "cookie");
	size_t from, to, next, start = at;
	bool hidden;

	while (at < sc->len && is_blank(sc->s[at]))
		at++;
	if (!quoted && header && (!name || outer))
		return header_value(sc, at, outer, scheme, strength);
	next = value_bounds(sc, at, outer, false, &from, &to);
	if (quoted || from > at)
		hidden = hide_value(sc, from, to, strength);
	else
		hidden = is_random(sc->s + from, to - from, at > start ? 8 : 16) &&
			 hide_value(sc, from, to, NAME_STRONG);
	return hidden ? next : from;
}

/* "NAME=value" at `at` behind the sign. spaced: blanks around it, which is code or a file, not an assignment of a shell. */
static size_t equals_value(struct scan *sc, size_t name, size_t at, bool spaced, enum strength strength)
{
	bool whole = !sc->shell && !name && !spaced;
	char outer = name && is_quote(sc->s[name - 1]) ? sc->s[name - 1] : '\0';
	size_t from, to, next;

	if (at < sc->len && sc->s[at] == '>')
		at++;
	while (spaced && at < sc->len && is_blank(sc->s[at]))
		at++;
	next = value_bounds(sc, at, outer, whole, &from, &to);
	if (spaced && from == at && !is_random(sc->s + from, to - from, 8))
		return from;
	return hide_value(sc, from, to, strength) ? next : from;
}

/* A name at [at, end): what stands beside it. Returns where to go on, at least `at` + 1. */
static size_t named_value(struct scan *sc, size_t at, size_t end)
{
	size_t i = end, from, to, next;
	bool quoted = false, option;
	enum strength strength;

	if (sc->len - end > 2 && !memcmp(sc->s + end, "://", 3))
		return url_login(sc, end + 3);
	/* "name": with the quote, maybe escaped, of its own. */
	while (i < sc->len && sc->s[i] == '\\')
		i++;
	if (i < sc->len && is_quote(sc->s[i])) {
		quoted = true;
		i++;
	} else {
		i = end;
	}
	while (i < sc->len && is_blank(sc->s[i]))
		i++;
	if (i >= sc->len)
		return at + 1;
	if (sc->s[i] == '=' || sc->s[i] == ':') {
		strength = name_strength(sc->s + at, end - at);
		if (!strength || (i + 1 < sc->len && sc->s[i + 1] == '='))
			return at + 1;
		if (sc->s[i] == '=')
			return equals_value(sc, at, i + 1, is_blank(sc->s[i - 1]), strength);
		return colon_value(sc, at, end - at, i + 1, quoted, strength);
	}
	/* Within a command line: "-u ann:x", "--token x", "Bearer x". */
	option = sc->s[at] == '-';
	if (quoted || i == end || sc->s[i] == '-' || !(option || ends_with(sc->s + at, end - at, "bearer")))
		return at + 1;
	next = value_bounds(sc, i, '\0', false, &from, &to);
	if (option && in_list(logins, ARRAY_SIZE(logins), sc->s + at, end - at))
		return hide_login(sc, from, to) ? next : from;
	strength = name_strength(sc->s + at, end - at);
	return strength && hide_value(sc, from, to, strength) ? next : at + 1;
}

/* The argument is the value of the option before it. True: nothing is left to look at. */
static bool option_value(struct scan *sc, const char *prev, size_t prev_len)
{
	enum strength strength;

	if (prev_len < 2 || prev[0] != '-' || memchr(prev, '=', prev_len) || memchr(prev, ' ', prev_len))
		return false;
	if (in_list(headers, ARRAY_SIZE(headers), prev, prev_len)) {
		sc->header = true;
		return false;
	}
	if (in_list(logins, ARRAY_SIZE(logins), prev, prev_len)) {
		hide_login(sc, 0, sc->len);
		return sc->cnt != 0;
	}
	/* sh -c, bash -lc */
	sc->shell = prev[1] != '-' && prev_len <= 5 && prev[prev_len - 1] == 'c';
	if (sc->shell || (sc->len > 2 && sc->s[0] == '-' && sc->s[1] == '-' && is_alpha(sc->s[2])))
		return false;
	strength = name_strength(prev, prev_len);
	if (strength)
		hide_value(sc, 0, sc->len, strength);
	return sc->cnt != 0;
}

size_t redact_find(const char *prev, size_t prev_len, const char *arg, size_t len,
		   struct redact_span ret[REDACT_SPANS])
{
	struct scan sc = { .s = arg, .len = len, .spans = ret };
	size_t i = 0, n;

	if (!len)
		return 0;
	for (size_t k = 0; k < len && !sc.blanks; k++)
		sc.blanks = is_blank(arg[k]);
	if (prev_len && option_value(&sc, prev, prev_len))
		return sc.cnt;
	while (i < len) {
		if (!is_name(arg[i])) {
			i++;
			continue;
		}
		/* Issued tokens begin behind anything that is no letter, digit or "_". */
		n = !i || !is_word(arg[i - 1]) ? issued_len(&sc, i) : 0;
		if (n) {
			hide(&sc, i, i + n);
			i += n;
			continue;
		}
		if (i && is_name(arg[i - 1])) {
			i++;
			continue;
		}
		for (n = i + 1; n < len && is_name(arg[n]);)
			n++;
		i = named_value(&sc, i, n);
	}
	return sc.cnt;
}

void redact_arg(struct strbuf *b, const char *prev, size_t prev_len, const char *arg, size_t len)
{
	struct redact_span spans[REDACT_SPANS];
	size_t cnt = redact_find(prev, prev_len, arg, len, spans), at = 0;

	for (size_t i = 0; i < cnt; i++) {
		strbuf_add(b, arg + at, spans[i].at - at);
		strbuf_adds(b, REDACT_MARK);
		at = spans[i].at + spans[i].len;
	}
	strbuf_add(b, arg + at, len - at);
}
