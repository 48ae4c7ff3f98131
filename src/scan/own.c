/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which values of a secret file are worth looking for, and their fingerprints: a rolling hash of the first bytes,
 * SHA-256 of all. */
#include "scan/own.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/sha256.h"
#include "scan/decode.h"
#include "scan/rules.h"

#define FILTER_BITS 17 /* 16 KiB: it stays in the first cache */
#define ENTROPY_MIN 2.8

struct value {
	uint64_t hash; /* of the first OWN_MIN bytes */
	uint8_t digest[SHA256_SIZE];
	uint32_t len, source; /* source: index into names */
	char *name;
};

struct own {
	uint8_t key[32];
	uint64_t base, top; /* of the rolling hash; top = base to the power OWN_MIN - 1 */
	struct value *v;    /* by hash */
	size_t cnt, size;
	char **sources;
	size_t sources_cnt;
	uint8_t filter[(1u << FILTER_BITS) / 8];
};

int own_new(struct own **ret)
{
	struct own *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	if (getrandom(o->key, sizeof(o->key), 0) != sizeof(o->key) ||
	    getrandom(&o->base, sizeof(o->base), 0) != sizeof(o->base)) {
		free(o);
		return -EIO;
	}
	o->base |= 1;
	o->top = 1;
	for (int i = 1; i < OWN_MIN; i++)
		o->top *= o->base;
	*ret = o;
	return 0;
}

void own_free(struct own *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->cnt; i++)
		free(o->v[i].name);
	for (size_t i = 0; i < o->sources_cnt; i++)
		free(o->sources[i]);
	free(o->sources);
	free(o->v);
	explicit_bzero(o->key, sizeof(o->key));
	free(o);
}

size_t own_count(const struct own *o)
{
	return o->cnt;
}

static unsigned int filter_bit(uint64_t hash)
{
	return (unsigned int)(hash * 0x9e3779b97f4a7c15ull >> (64 - FILTER_BITS));
}

static void digest(const struct own *o, const char *text, size_t len, uint8_t ret[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, o->key, sizeof(o->key));
	sha256_add(&s, text, len);
	sha256_end(&s, ret);
}

/* A value that could stand anywhere is no secret: paths, plain URLs, words, numbers, addresses. */
static bool worth(const char *name, const char *text, size_t len)
{
	static const char *const plain[] = { "_URL",  "_URI",  "_HOST",   "_PATH", "_DIR",
		                             "_FILE", "_NAME", "_REGION", "_USER", "_EMAIL" };
	size_t name_len = strlen(name), digits = 0, letters = 0, spaces = 0;
	bool login = memchr(text, '@', len) && memmem(text, len, "://", 3);

	if (len < OWN_MIN || len > OWN_VALUE_MAX || text[0] == '/' || text[0] == '~' || text[0] == '$' ||
	    rules_placeholder(text, len))
		return false;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain) && !login; i++) {
		size_t n = strlen(plain[i]);

		if (name_len >= n && !strcasecmp(name + name_len - n, plain[i]))
			return false;
	}
	for (size_t i = 0; i < len; i++) {
		digits += isdigit((unsigned char)text[i]) != 0;
		letters += isalpha((unsigned char)text[i]) != 0;
		spaces += isspace((unsigned char)text[i]) != 0;
		if (iscntrl((unsigned char)text[i]))
			return false;
	}
	if (memmem(text, len, "://", 3) && !login)
		return false;
	return digits && letters && spaces <= len / 8 && rules_entropy(text, len) >= ENTROPY_MIN;
}

static int add(struct own *o, uint32_t source, const char *name, const char *text, size_t len)
{
	struct value *v;
	uint64_t h = 0;
	uint8_t d[SHA256_SIZE];

	if (!worth(name, text, len) || o->cnt == OWN_VALUES_MAX)
		return 0;
	digest(o, text, len, d);
	for (size_t i = 0; i < o->cnt; i++)
		if (!memcmp(o->v[i].digest, d, sizeof(d)))
			return 0;
	if (o->cnt == o->size) {
		size_t size = o->size ? o->size * 2 : 64;
		void *moved = reallocarray(o->v, size, sizeof(*o->v));

		if (!moved)
			return -ENOMEM;
		o->v = moved;
		o->size = size;
	}
	for (size_t i = 0; i < OWN_MIN; i++)
		h = h * o->base + (unsigned char)text[i];
	v = &o->v[o->cnt];
	*v = (struct value){ .hash = h, .len = (uint32_t)len, .source = source, .name = strdup(name) };
	if (!v->name)
		return -ENOMEM;
	memcpy(v->digest, d, sizeof(d));
	o->cnt++;
	o->filter[filter_bit(h) / 8] |= (uint8_t)(1u << filter_bit(h) % 8);
	return 0;
}

static bool name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static int add_line(struct own *o, uint32_t source, const char *line, size_t len)
{
	char name[64] = "";
	size_t at = 0, from, n;

	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	while (at < len && isspace((unsigned char)line[at]))
		at++;
	if (len - at > 7 && !memcmp(line + at, "export ", 7))
		at += 7;
	for (from = at; at < len && (name_byte(line[at]) || line[at] == '"'); at++)
		;
	n = at - from;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	if (n && at < len && (line[at] == '=' || line[at] == ':') && n + 1 < sizeof(name)) {
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
			if (line[from + i] != '"')
				name[k++] = line[from + i];
		name[k] = '\0';
		for (at++; at < len && isspace((unsigned char)line[at]); at++)
			;
	} else {
		at = from;
	}
	while (len > at && (line[len - 1] == ',' || line[len - 1] == ';'))
		len--;
	if (len - at >= 2 && (line[at] == '"' || line[at] == '\'') && line[len - 1] == line[at]) {
		at++;
		len--;
	}
	return add(o, source, name, line + at, len - at);
}

/* Strings of JSON, named by the key before them. */
static int add_json(struct own *o, uint32_t source, const char *text, size_t len)
{
	char name[64] = "";

	for (size_t at = 0; at < len; at++) {
		cleanup_free char *value = NULL;
		size_t from, n;
		int err = 0;

		if (text[at] != '"')
			continue;
		for (from = ++at; at < len && text[at] != '"'; at++)
			at += text[at] == '\\';
		if (at >= len)
			return 0;
		n = at - from;
		while (at + 1 < len && isspace((unsigned char)text[at + 1]))
			at++;
		if (at + 1 < len && text[at + 1] == ':') {
			n = n < sizeof(name) ? n : sizeof(name) - 1;
			memcpy(name, text + from, n);
			name[n] = '\0';
			continue;
		}
		value = malloc(n + 1);
		if (!value)
			return -ENOMEM;
		err = add(o, source, name, value, decode_escapes(text + from, n, value));
		if (err)
			return err;
	}
	return 0;
}

static int by_hash(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

int own_add_file(struct own *o, const char *source, const char *text, size_t len)
{
	char **moved = reallocarray(o->sources, o->sources_cnt + 1, sizeof(*moved));
	size_t first = 0;
	int err = 0;

	if (!moved)
		return -ENOMEM;
	o->sources = moved;
	o->sources[o->sources_cnt] = strdup(source);
	if (!o->sources[o->sources_cnt])
		return -ENOMEM;
	o->sources_cnt++;
	while (first < len && isspace((unsigned char)text[first]))
		first++;
	if (first < len && (text[first] == '{' || text[first] == '['))
		err = add_json(o, (uint32_t)o->sources_cnt - 1, text, len);
	for (size_t at = 0; at < len && !err;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - (text + at)) : len - at;

		if (n && text[at] != '#')
			err = add_line(o, (uint32_t)o->sources_cnt - 1, text + at, n);
		at += n + 1;
	}
	if (o->cnt)
		qsort(o->v, o->cnt, sizeof(*o->v), by_hash);
	return err;
}

static void candidates(const struct own *o, uint64_t hash, const char *text, size_t len, size_t at, own_found fn,
                       void *arg)
{
	size_t from = 0, to = o->cnt;
	uint8_t d[SHA256_SIZE];

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (o->v[middle].hash < hash)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < o->cnt && o->v[from].hash == hash; from++) {
		const struct value *v = &o->v[from];

		if (v->len > len - at)
			continue;
		digest(o, text + at, v->len, d);
		if (!memcmp(d, v->digest, sizeof(d)))
			fn(arg, o->sources[v->source], v->name, at, v->len);
	}
}

void own_search(const struct own *o, const char *text, size_t len, own_found fn, void *arg)
{
	uint64_t h = 0;

	if (!o->cnt || len < OWN_MIN)
		return;
	for (size_t i = 0; i < OWN_MIN - 1; i++)
		h = h * o->base + (unsigned char)text[i];
	for (size_t i = OWN_MIN - 1; i < len; i++) {
		unsigned int bit;

		h = h * o->base + (unsigned char)text[i];
		bit = filter_bit(h);
		if (o->filter[bit / 8] >> bit % 8 & 1)
			candidates(o, h, text, len, i + 1 - OWN_MIN, fn, arg);
		h -= (unsigned char)text[i + 1 - OWN_MIN] * o->top;
	}
}
