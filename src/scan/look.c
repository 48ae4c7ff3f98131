/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: putting extraction, decoding, rules and own secrets together for one file, and one hit for one secret in one
 * place. */
#include "scan/look.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "scan/decode.h"

#define BACK 64 /* earlier hits that a new one may overlap */

struct text {
	struct look *l;
	const struct extract_text *t;
	const char *at; /* decoded text at hand */
	const struct decode_level *level;
};

static unsigned int rank(const struct look_hit *h)
{
	return h->rule ? 3 - h->rule->grade : 4;
}

bool look_better(const struct look_hit *a, const struct look_hit *b)
{
	return rank(a) > rank(b);
}

static uint64_t hash_of(const char *text, size_t len)
{
	uint8_t d[SHA256_SIZE];
	struct sha256 s;
	uint64_t h = 0;

	sha256_init(&s);
	sha256_add(&s, text, len);
	sha256_end(&s, d);
	for (int i = 0; i < 8; i++)
		h = h << 8 | d[i];
	return h;
}

static void keep(struct look *l, const struct look_hit *h)
{
	void *moved;

	for (size_t i = l->cnt, n = 0; i-- && n < BACK; n++) {
		struct look_hit *o = &l->hits[i];

		if (o->unit != h->unit || o->at + o->len <= h->at || h->at + h->len <= o->at)
			continue;
		/* Of the same worth the longer, or what was decoded further, which comes later. */
		if (look_better(h, o) || (!look_better(o, h) && h->at <= o->at && h->at + h->len >= o->at + o->len))
			*o = *h;
		return;
	}
	if (l->cnt == l->size) {
		size_t size = l->size ? l->size * 2 : 64;

		moved = size <= LOOK_HITS_MAX ? reallocarray(l->hits, size, sizeof(*l->hits)) : NULL;
		if (!moved) {
			l->short_of_memory = true;
			return;
		}
		l->hits = moved;
		l->size = size;
	}
	l->hits[l->cnt++] = *h;
}

static void hit(struct text *x, const struct rule *rule, const char *source, const char *name, size_t at, size_t len)
{
	struct look_hit h = { .unit = x->l->unit,
		              .rule = rule,
		              .source = source,
		              .name = name,
		              .hash = hash_of(x->at + at, len),
		              .plain = x->t->line != 0 };
	size_t raw, raw_len;

	decode_place(x->level, at, len, &raw, &raw_len);
	h.at = x->t->offset + raw;
	h.len = raw_len;
	if (x->t->line) {
		h.line = x->t->line;
		for (const char *p = x->t->text; (p = memchr(p, '\n', (size_t)(x->t->text + raw - p))); p++)
			h.line++;
	}
	snprintf(h.inside, sizeof(h.inside), "%s", x->t->inside);
	keep(x->l, &h);
}

static void by_rule(void *arg, const struct rule *rule, size_t at, size_t len)
{
	hit(arg, rule, NULL, NULL, at, len);
}

static void by_own(void *arg, const char *source, const char *name, size_t at, size_t len)
{
	hit(arg, NULL, source, name, at, len);
}

static void search(void *arg, const char *text, size_t len, const struct decode_level *level)
{
	struct text *x = arg;

	x->at = text;
	x->level = level;
	own_search(x->l->own, text, len, by_own, x);
	rules_search(x->l->rules, text, len, by_rule, x);
}

static bool take_text(void *arg, const struct extract_text *t)
{
	struct look *l = arg;
	struct text x = { .l = l, .t = t };

	if (!t->offset && !t->seen)
		l->unit++;
	if (decode_search(t->text, t->len, t->json, search, &x))
		l->short_of_memory = true;
	l->stopped = l->stopped || !l->beat(l->arg, t->len - t->seen);
	return !l->stopped;
}

static void take_unread(void *arg, const char *why)
{
	struct look *l = arg;

	l->unread(l->arg, why);
}

void look_file(struct look *l, int fd, int wal_fd)
{
	struct extract x = { .text = take_text, .unread = take_unread, .arg = l };

	l->cnt = 0;
	extract_file(&x, fd, wal_fd);
	if (l->short_of_memory)
		l->unread(l->arg, "it holds more than is kept of one file");
	l->short_of_memory = false;
}

void look_bytes(struct look *l, const void *bytes, size_t len)
{
	struct extract x = { .text = take_text, .unread = take_unread, .arg = l };

	l->cnt = 0;
	extract_bytes(&x, bytes, len, "", 0);
}

void look_done(struct look *l)
{
	free(l->hits);
	l->hits = NULL;
	l->cnt = l->size = 0;
}
