/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: reading the rules, the automaton of keywords, and what is decided about a candidate. Opens nothing. */
#include "scan/rules.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS             10
#define STATES_MAX          32768
#define CLASSES             64     /* bytes that keywords are made of, and all others */
#define HITS_MAX            32     /* keywords that end in one place */
#define MATCH_LIMIT         200000 /* steps of PCRE2 for one window: a text can be made to cost more */
#define GENERIC_MIN         16
#define BLOB                32 /* bytes of base64 that are more than a name or a path */
#define GENERIC_MAX         150
#define GENERIC_ENTROPY     3.5
#define GENERIC_ENTROPY_HEX 3.0 /* four bits are the most there can be */

struct keyword {
	uint16_t rule;
	uint16_t len;
	int32_t next; /* of the same end, -1 none */
};

struct rules {
	struct rule *v;
	size_t cnt, size;
	uint16_t (*go)[CLASSES]; /* of each state and class of byte */
	uint8_t class[256];      /* bytes of no keyword are 0; letters are one class with their capitals */
	unsigned int classes;
	int32_t *out; /* first keyword that ends in a state, -1 none */
	uint16_t *fail;
	size_t states, states_size;
	struct keyword *keywords;
	size_t keywords_cnt, keywords_size;
	pcre2_match_data *match;
	pcre2_match_context *context;
	size_t *done; /* where the last window of each rule ended */
};

const char *rules_grade_text(unsigned int grade)
{
	static const char *const text[] = { "high", "medium", "low", "own" };

	return grade < ARRAY_SIZE(text) ? text[grade] : "low";
}

/* ---- keywords
 * -------------------------------------------------------------------------------------------------------- */

static int new_state(struct rules *r)
{
	if (r->states == STATES_MAX)
		return -E2BIG;
	if (r->states == r->states_size) {
		size_t size = r->states_size ? r->states_size * 2 : 256;
		void *go = reallocarray(r->go, size, sizeof(*r->go));
		void *out = go ? reallocarray(r->out, size, sizeof(*r->out)) : NULL;
		void *fail;

		if (go)
			r->go = go;
		if (out)
			r->out = out;
		fail = out ? reallocarray(r->fail, size, sizeof(*r->fail)) : NULL;
		if (!fail)
			return -ENOMEM;
		r->fail = fail;
		r->states_size = size;
	}
	memset(r->go[r->states], 0, sizeof(*r->go));
	r->out[r->states] = -1;
	r->fail[r->states] = 0;
	return (int)r->states++;
}

static int add_keyword(struct rules *r, const char *word, size_t len, size_t rule)
{
	size_t at = 0;
	void *moved;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)tolower((unsigned char)word[i]), c;

		if (!r->class[byte]) {
			if (r->classes == CLASSES - 1)
				return -E2BIG;
			r->class[byte] = r->class[(unsigned char)toupper(byte)] = (uint8_t)++r->classes;
		}
		c = r->class[byte];
		if (!r->go[at][c]) {
			int next = new_state(r);

			if (next < 0)
				return next;
			r->go[at][c] = (uint16_t)next;
		}
		at = r->go[at][c];
	}
	if (r->keywords_cnt == r->keywords_size) {
		size_t size = r->keywords_size ? r->keywords_size * 2 : 256;

		moved = reallocarray(r->keywords, size, sizeof(*r->keywords));
		if (!moved)
			return -ENOMEM;
		r->keywords = moved;
		r->keywords_size = size;
	}
	r->keywords[r->keywords_cnt] = (struct keyword){ (uint16_t)rule, (uint16_t)len, r->out[at] };
	r->out[at] = (int32_t)r->keywords_cnt++;
	return 0;
}

/* Breadth first: where a state has no edge, that of the longest end of it that is a state. */
static int finish_keywords(struct rules *r)
{
	cleanup_free uint16_t *queue = calloc(r->states, sizeof(*queue));
	size_t head = 0, tail = 0;

	if (!queue)
		return -ENOMEM;
	for (unsigned int c = 0; c < CLASSES; c++)
		if (r->go[0][c])
			queue[tail++] = r->go[0][c];
	while (head < tail) {
		uint16_t at = queue[head++];

		/* Keywords that end here too, because an end of this state is one. */
		if (r->out[r->fail[at]] >= 0) {
			int32_t *last = &r->out[at];

			while (*last >= 0)
				last = &r->keywords[*last].next;
			*last = r->out[r->fail[at]];
		}
		for (unsigned int c = 0; c < CLASSES; c++) {
			uint16_t next = r->go[at][c];

			if (next) {
				r->fail[next] = r->go[r->fail[at]][c];
				queue[tail++] = next;
			} else {
				r->go[at][c] = r->go[r->fail[at]][c];
			}
		}
	}
	return 0;
}

/* ---- reading
 * --------------------------------------------------------------------------------------------------------- */

static char *backwards(const char *s, size_t len)
{
	char *ret = malloc(len + 1);

	for (size_t i = 0; ret && i < len; i++)
		ret[i] = s[len - 1 - i];
	if (ret)
		ret[len] = '\0';
	return ret;
}

static int compile(struct rule *rule, const char *text, size_t len, struct errmsg *e)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE at;
	int err;

	rule->code = pcre2_compile((PCRE2_SPTR)text, len, PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &err, &at, NULL);
	if (!rule->code) {
		pcre2_get_error_message(err, why, sizeof(why));
		return errmsg_set(e, -EINVAL, "rule %s: %s at byte %zu of the expression", rule->id, (const char *)why,
		                  (size_t)at);
	}
	/* Where code may not be made at run time, it is interpreted. */
	pcre2_jit_compile(rule->code, PCRE2_JIT_COMPLETE);
	return 0;
}

static int grow(struct rules *r)
{
	size_t size = r->size ? r->size * 2 : 256;
	void *moved;

	if (r->cnt < r->size)
		return 0;
	if (r->cnt >= RULES_MAX)
		return -E2BIG;
	moved = reallocarray(r->v, size, sizeof(*r->v));
	if (!moved)
		return -ENOMEM;
	r->v = moved;
	r->size = size;
	return 0;
}

static int read_line(struct rules *r, const char *line, size_t len, struct errmsg *e)
{
	const char *col[COLUMNS];
	size_t col_len[COLUMNS], cnt = 0;
	struct rule *rule;
	char number[32];
	int err;

	for (const char *at = line, *end = line + len; cnt < COLUMNS; cnt++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));

		col[cnt] = at;
		col_len[cnt] = (size_t)((tab ? tab : end) - at);
		if (!tab) {
			cnt++;
			break;
		}
		at = tab + 1;
	}
	if (cnt != COLUMNS || !col_len[0] || !col_len[6] || !col_len[7] || col_len[3] >= sizeof(number) ||
	    col_len[5] >= sizeof(number))
		return errmsg_set(e, -EINVAL, "a rule has %d columns, separated by tabs", COLUMNS);
	err = grow(r);
	if (err)
		return errmsg_set(e, err, "too many rules");
	rule = &r->v[r->cnt];
	*rule = (struct rule){ .id = strndup(col[0], col_len[0]),
		               .title = strndup(col[1], col_len[1]),
		               .group = (unsigned int)atoi(col[4]),
		               .example = backwards(col[8], col_len[8]),
		               .counter = backwards(col[9], col_len[9]) };
	r->cnt++;
	if (!rule->id || !rule->title || !rule->example || !rule->counter)
		return -ENOMEM;
	rule->grade = col_len[2] == 4 && !memcmp(col[2], "high", 4) ? RULE_HIGH : RULE_MEDIUM;
	memcpy(number, col[3], col_len[3]);
	number[col_len[3]] = '\0';
	rule->entropy = strtof(number, NULL);
	rule->span = (unsigned int)atoi(col[5]);
	if (!rule->span || rule->span > RULES_SPAN_MAX || rule->group > 9)
		return errmsg_set(e, -EINVAL, "rule %s: span is 1 to %d, group 0 to 9", rule->id, RULES_SPAN_MAX);
	err = compile(rule, col[7], col_len[7], e);
	for (const char *at = col[6], *end = col[6] + col_len[6]; !err && at < end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t n = (size_t)((comma ? comma : end) - at);

		if (n)
			err = add_keyword(r, at, n, r->cnt - 1);
		at += n + 1;
	}
	return err;
}

static int add_generic(struct rules *r)
{
	static const char *const names[] = { "key",      "token",      "secret",     "passwd",
		                             "password", "passphrase", "credential", "auth" };
	int err = grow(r);

	if (err)
		return err;
	r->v[r->cnt] = (struct rule){ .id = strdup("generic"),
		                      .title = strdup("Value that looks random, by its name"),
		                      .example = strdup(""),
		                      .counter = strdup(""),
		                      .grade = RULE_LOW,
		                      .entropy = GENERIC_ENTROPY_HEX,
		                      .span = 256 };
	r->cnt++;
	if (!r->v[r->cnt - 1].id || !r->v[r->cnt - 1].title || !r->v[r->cnt - 1].example || !r->v[r->cnt - 1].counter)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++)
		err = add_keyword(r, names[i], strlen(names[i]), r->cnt - 1);
	return err;
}

int rules_new(const char *text, size_t len, struct rules **ret, struct errmsg *e)
{
	cleanup_(rules_freep) struct rules *r = calloc(1, sizeof(*r));
	unsigned int line = 0;
	int err;

	if (!r || new_state(r) < 0)
		return -ENOMEM;
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		line++;
		err = n && *text != '#' ? read_line(r, text, n, e) : 0;
		if (err) {
			if (e)
				e->line = line;
			return err;
		}
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	err = add_generic(r);
	err = err ? err : finish_keywords(r);
	if (err)
		return err;
	r->match = pcre2_match_data_create(16, NULL);
	r->context = pcre2_match_context_create(NULL);
	r->done = calloc(r->cnt, sizeof(*r->done));
	if (!r->match || !r->context || !r->done)
		return -ENOMEM;
	pcre2_set_match_limit(r->context, MATCH_LIMIT);
	*ret = take_ptr(r);
	return 0;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->cnt; i++) {
		free(r->v[i].id);
		free(r->v[i].title);
		free(r->v[i].example);
		free(r->v[i].counter);
		pcre2_code_free(r->v[i].code);
	}
	free(r->v);
	free(r->go);
	free(r->out);
	free(r->fail);
	free(r->keywords);
	free(r->done);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->context);
	free(r);
}

size_t rules_count(const struct rules *r)
{
	return r->cnt;
}

const struct rule *rules_at(const struct rules *r, size_t i)
{
	return &r->v[i];
}

/* ---- deciding
 * -------------------------------------------------------------------------------------------------------- */

double rules_entropy(const char *text, size_t len)
{
	unsigned int count[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < len; i++)
		count[(unsigned char)text[i]]++;
	for (unsigned int c = 0; c < 256; c++)
		if (count[c]) {
			double p = (double)count[c] / (double)len;

			bits -= p * log2(p);
		}
	return bits;
}

static bool has(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && tolower((unsigned char)text[i + k]) == word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

bool rules_placeholder(const char *text, size_t len)
{
	static const char *const words[] = { "example",  "xxxx",        "****",       "your_",  "your-", "yourkey",
		                             "changeme", "placeholder", "redacted",   "<",      "${",    "$(",
		                             "{{",       "process.env", "os.environ", "getenv", "....",  "abcdefgh",
		                             "12345678", "dummy",       "fake",       "sample" };
	bool same = true;

	for (size_t i = 1; i < len && same; i++)
		same = text[i] == text[0];
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has(text, len, words[i]))
			return true;
	return same;
}

/* Words that are in names of things and not in random text. */
static bool has_word(const char *text, size_t len)
{
	static const char *const words[] = {
		"test",   "token",   "secret",  "password", "config",    "default", "public", "name",     "path",
		"file",   "user",    "value",   "string",   "index",     "content", "client", "server",   "event",
		"http",   "json",    "data",    "error",    "script",    "module",  "object", "class",    "function",
		"model",  "message", "session", "request",  "response",  "version", "access", "account",  "api_",
		"auth",   "button",  "cache",   "code",     "component", "context", "group",  "image",    "input",
		"list",   "local",   "manager", "node",     "page",      "project", "query",  "resource", "role",
		"schema", "service", "state",   "storage",  "table",     "time",    "type",   "view",     "window"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has(text, len, words[i]))
			return true;
	return false;
}

static bool value_byte(unsigned char c)
{
	return isalnum(c) || (c && strchr("._=+/-", c));
}

/* NAME that holds the keyword, blanks and quotes, a sign of assignment, blanks and quotes, VALUE. */
static void generic(const struct rule *rule, const char *text, size_t len, size_t end, rules_found fn, void *arg)
{
	size_t at = end, from, n, digits = 0, hex;

	while (at < len && at < end + 20 &&
	       (isalnum((unsigned char)text[at]) || text[at] == '_' || text[at] == '-' || text[at] == '.'))
		at++;
	for (n = 0; at < len && n < 3 && strchr(" \t'\"\\", text[at]) && text[at]; n++)
		at++;
	if (at >= len || (text[at] != '=' && text[at] != ':'))
		return;
	while (at < len && (text[at] == '=' || text[at] == ':' || text[at] == '>'))
		at++;
	for (n = 0; at < len && n < 5 && strchr(" \t'\"`\\", text[at]) && text[at]; n++)
		at++;
	for (from = at; at < len && at - from <= GENERIC_MAX && value_byte((unsigned char)text[at]); at++)
		digits += isdigit((unsigned char)text[at]) != 0;
	n = at - from;
	while (n && (text[from + n - 1] == '.' || text[from + n - 1] == '-'))
		n--;
	if (n < GENERIC_MIN || n > GENERIC_MAX || digits < 2 || digits == n || text[from] == '/' || text[from] == '.')
		return;
	if (at < len && !strchr("'\"`\\ \t\r\n,;}])&<", text[at]))
		return;
	for (hex = 0; hex < n && isxdigit((unsigned char)text[from + hex]); hex++)
		;
	if (rules_entropy(text + from, n) < (hex == n && n >= 32 ? GENERIC_ENTROPY_HEX : GENERIC_ENTROPY) ||
	    rules_placeholder(text + from, n) || has_word(text + from, n))
		return;
	fn(arg, rule, from, n);
}

/* In the middle of something long in base64: there anything is found sooner or later. */
static bool in_blob(const char *text, size_t at)
{
	size_t n = 0;

	if (!at || (text[at - 1] != '+' && text[at - 1] != '/'))
		return false;
	while (n < BLOB && n < at &&
	       (isalnum((unsigned char)text[at - 1 - n]) || text[at - 1 - n] == '+' || text[at - 1 - n] == '/'))
		n++;
	return n == BLOB;
}

static void confirm(struct rules *r, size_t i, const char *text, size_t len, size_t hit, size_t hit_len, rules_found fn,
                    void *arg)
{
	const struct rule *rule = &r->v[i];
	size_t from = hit > RULES_BEFORE ? hit - RULES_BEFORE : 0, to = hit + hit_len + rule->span;
	PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->match);

	/* The last window saw this. */
	from = from > r->done[i] ? from : r->done[i];
	to = to < len ? to : len;
	while (from < to) {
		/* What is before counts for \b and the like, what is after does not: a match may end with the window.
		 */
		size_t start = from > 8 ? from - 8 : 0, at, n;
		int got = pcre2_match(rule->code, (PCRE2_SPTR)(text + start), to - start, from - start, 0, r->match,
		                      r->context);
		unsigned int group = rule->group;

		if (got <= 0)
			return;
		if ((int)group >= got || v[2 * group] == PCRE2_UNSET)
			group = 0;
		for (unsigned int g = 1; !group && rule->group && (int)g < got; g++)
			if (v[2 * g] != PCRE2_UNSET && v[2 * g + 1] > v[2 * g])
				group = g;
		at = start + v[2 * group];
		n = v[2 * group + 1] - v[2 * group];
		from = start + v[1] > from ? start + v[1] : from + 1;
		r->done[i] = from;
		if (n >= 4 && rules_entropy(text + at, n) >= (double)rule->entropy &&
		    !rules_placeholder(text + at, n) && !in_blob(text, at))
			fn(arg, rule, at, n);
	}
}

static void candidates(struct rules *r, int32_t k, const char *text, size_t len, size_t end, rules_found fn, void *arg)
{
	for (unsigned int n = 0; k >= 0 && n < HITS_MAX; k = r->keywords[k].next, n++) {
		const struct keyword *word = &r->keywords[k];

		if (!r->v[word->rule].code)
			generic(&r->v[word->rule], text, len, end, fn, arg);
		else
			confirm(r, word->rule, text, len, end - word->len, word->len, fn, arg);
	}
}

void rules_search(struct rules *r, const char *text, size_t len, rules_found fn, void *arg)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int at = 0;

	memset(r->done, 0, r->cnt * sizeof(*r->done));
	for (size_t i = 0; i < len; i++) {
		at = r->go[at][r->class[p[i]]];
		if (r->out[at] >= 0)
			candidates(r, r->out[at], text, len, i + 1, fn, arg);
	}
}
