/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what readers ask of the command line (`argv`, `unless`), as numbered words at places, entries that need some of them, and what an
 * executable is for each choice of readers that hold. Not: which executables those are (compile_exec.c).
 */
#include "policy/compile_argv.h"

#include <errno.h>
#include <string.h>

/* A word of an entry at its place. Words that begin so may stand anywhere; all others in front of what they act on, in their order. */
static unsigned int word_place(const char *word, unsigned int *plain)
{
	return strchr("-*/", *word) ? SL_PLACE_ANY : (*plain)++;
}

/* The next word of an entry; false at its end. buf: as long as the entry. */
static bool next_word(const char **at, char *buf)
{
	size_t len;

	*at += strspn(*at, " ");
	len = strcspn(*at, " ");
	memcpy(buf, *at, len);
	buf[len] = '\0';
	*at += len;
	return len > 0;
}

/* Number of a word; words_cnt: it is not there. */
static unsigned int find_word(const struct argv_words *k, unsigned int place, const char *word)
{
	unsigned int i = 0;

	while (i < k->cnt && (k->place[i] != place || strcmp(k->word[i], word)))
		i++;
	return i;
}

/* One of the patterns of a word: the whole argument, with the '/' that is put in front of each. */
static int add_pattern(struct compile *w, struct dfa_builder *b, unsigned int cls, const struct policy_where *where, const char *word)
{
	cleanup_free char *pattern = NULL;
	struct errmsg why = { 0 };
	int r;

	if (asprintf(&pattern, "%s%s", *word == '/' || !strncmp(word, "**/", 3) ? "" : "/", word) < 0) {
		pattern = NULL;
		return -ENOMEM;
	}
	r = dfa_builder_add(b, cls, pattern, &why);
	if (r >= 0 || r == -ENOMEM)
		return r;
	why.column = 0;
	if (w->e)
		*w->e = why;
	return policy_error_pattern(w->e, w->p, *where, word, r);
}

static int add_word(struct compile *w, struct dfa_builder *b, struct argv_words *k, unsigned int *classes, const struct policy_where *where,
		    unsigned int place, const char *word)
{
	cleanup_free char *copy = NULL;
	unsigned int i = find_word(k, place, word);
	char *save = NULL;
	int r = 0;

	if (i < k->cnt)
		return 0;
	if (k->cnt == SL_WORDS_MAX)
		return compile_too_big(w, "words in 'argv' and 'unless' of readers", k->cnt + 1, SL_WORDS_MAX, "share words, or remove entries");
	copy = strdup(word);
	if (!copy)
		return -ENOMEM;
	for (char *one = strtok_r(copy, "|", &save); r >= 0 && one; one = strtok_r(NULL, "|", &save))
		r = add_pattern(w, b, *classes, where, one);
	if (r < 0)
		return r;
	k->word[k->cnt] = strdup(word);
	if (!k->word[k->cnt])
		return -ENOMEM;
	k->place[k->cnt] = (uint8_t)place;
	k->cnt++;
	++*classes;
	return 0;
}

static int add_entries(struct compile *w, struct dfa_builder *b, struct argv_words *k, unsigned int *classes, const struct policy_strings *l)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->cnt; i++) {
		cleanup_free char *word = malloc(strlen(l->v[i]) + 1);
		const char *at = l->v[i];
		unsigned int plain = 0;

		if (!word)
			return -ENOMEM;
		while (r >= 0 && next_word(&at, word))
			r = add_word(w, b, k, classes, &l->where[i], word_place(word, &plain), word);
	}
	return r;
}

int compile_argv_words(struct compile *w, struct dfa_builder *b, struct argv_words *k, unsigned int *classes)
{
	int r = 0;

	k->first = *classes;
	for (size_t i = 0; r >= 0 && i < w->p->readers_cnt; i++) {
		r = add_entries(w, b, k, classes, &w->p->readers[i].argv);
		if (r >= 0)
			r = add_entries(w, b, k, classes, &w->p->readers[i].unless);
	}
	return r;
}

void compile_argv_done(struct argv_words *k)
{
	for (unsigned int i = 0; i < k->cnt; i++)
		free(k->word[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(k->known); i++) {
		intern_done(&k->known[i].subjects);
		free(k->known[i].asks);
	}
}

static bool asks_argv(const struct policy_reader *r)
{
	return r->argv.cnt || r->unless.cnt;
}

static struct sl_argv_alt *new_alt(struct compiled *c)
{
	struct sl_argv_alt *v = reallocarray(c->argv_alts, c->argv_alts_cnt + 1, sizeof(*v));

	if (!v)
		return NULL;
	c->argv_alts = v;
	v += c->argv_alts_cnt++;
	memset(v, 0, sizeof(*v));
	return v;
}

static void need(struct sl_words *words, unsigned int number)
{
	words->w[number / 64] |= 1ull << (number % 64);
}

/* Words that an argument is, by its match set. */
void compile_argv_of_set(const struct argv_words *k, const struct dfa_set *set, struct sl_words *ret)
{
	for (unsigned int i = 0; i < k->cnt; i++)
		if (dfa_set_has(set, k->first + i))
			need(ret, i);
}

int compile_argv_places(struct compile *w, const struct argv_words *k)
{
	for (unsigned int place = 0; place < SL_WORD_PLACES; place++) {
		struct sl_argv_alt *alt = new_alt(w->c);

		if (!alt)
			return -ENOMEM;
		for (unsigned int i = 0; i < k->cnt; i++)
			if (k->place[i] == place)
				need(&alt->need, i);
	}
	return 0;
}

static int add_alts(struct compile *w, const struct argv_words *k, const struct policy_strings *l, uint8_t bit, uint8_t flags)
{
	for (size_t i = 0; i < l->cnt; i++) {
		struct sl_argv_alt *alt = new_alt(w->c);
		cleanup_free char *word = malloc(strlen(l->v[i]) + 1);
		const char *at = l->v[i];
		unsigned int plain = 0;

		if (!alt || !word)
			return -ENOMEM;
		alt->reader = bit;
		alt->flags = flags;
		while (next_word(&at, word)) {
			unsigned int place = word_place(word, &plain);

			need(&alt->need, find_word(k, place, word));
		}
	}
	return 0;
}

/* What cannot be seen of a long command line is taken for what makes it the stricter reader. */
static int add_reader(struct compile *w, const struct argv_words *k, const struct policy_reader *r, uint8_t bit)
{
	uint8_t strict = r->kind == SL_READER_GENERIC ? SL_ALT_ASSUME : 0;
	struct sl_argv_alt *alt;
	int err;

	err = add_alts(w, k, &r->argv, bit, strict);
	if (err >= 0)
		err = add_alts(w, k, &r->unless, bit, (uint8_t)(SL_ALT_UNLESS | (SL_ALT_ASSUME ^ strict)));
	if (err < 0 || r->argv.cnt)
		return err;
	alt = new_alt(w->c);
	if (!alt)
		return -ENOMEM;
	alt->reader = bit;
	return 0;
}

/* Outcomes for each choice of the readers that ask. */
static int add_outcomes(struct compile *w, const struct dfa_set *plain, const uint16_t *reader_class, const size_t *asked, size_t cnt,
			argv_number number, void *arg)
{
	struct compiled *c = w->c;
	uint32_t choices = 1u << cnt;
	uint16_t *v = reallocarray(c->argv_outcomes, c->argv_outcomes_cnt + choices, sizeof(*v));
	int r = 0;

	if (!v)
		return -ENOMEM;
	c->argv_outcomes = v;
	v += c->argv_outcomes_cnt;
	c->argv_outcomes_cnt += choices;
	if (c->argv_outcomes_cnt > UINT16_MAX || c->argv_alts_cnt > UINT16_MAX)
		return compile_too_big(w, "choices of readers with 'argv'", c->argv_outcomes_cnt, UINT16_MAX, "remove some");
	for (uint32_t m = 0; r >= 0 && m < choices; m++) {
		struct dfa_set set = *plain;

		for (size_t i = 0; i < cnt; i++)
			if (m >> i & 1)
				dfa_set_add(&set, reader_class[asked[i]]);
		r = number(arg, &set, &v[m]);
	}
	return r;
}

int compile_argv_subject(struct compile *w, struct argv_words *k, struct argv_known *known, const struct dfa_set *subject,
			 const uint16_t *reader_class, argv_number number, void *arg, struct sl_argv_ask *ret)
{
	size_t asked[SL_ARGV_READERS], cnt = 0;
	struct dfa_set plain = *subject;
	struct sl_argv_ask *v;
	uint32_t id;
	int r = intern_get(&known->subjects, subject->bits, &id);

	if (r < 0)
		return r;
	if (id < known->cnt) {
		*ret = known->asks[id];
		return 0;
	}
	for (size_t i = 0; i < w->p->readers_cnt; i++) {
		if (!asks_argv(&w->p->readers[i]) || reader_class[i] == NO_CLASS || !dfa_set_has(subject, reader_class[i]))
			continue;
		if (cnt == SL_ARGV_READERS)
			return compile_too_big(w, "readers with 'argv' or 'unless' for one program", cnt + 1, SL_ARGV_READERS,
					       "put readers of one kind together");
		asked[cnt++] = i;
		plain.bits[reader_class[i] / 64] &= ~(1ull << (reader_class[i] % 64));
	}
	*ret = (struct sl_argv_ask){ .alts = (uint16_t)w->c->argv_alts_cnt, .outcomes = (uint16_t)w->c->argv_outcomes_cnt };
	r = number(arg, &plain, &ret->plain);
	for (size_t i = 0; r >= 0 && i < cnt; i++)
		r = add_reader(w, k, &w->p->readers[asked[i]], (uint8_t)i);
	ret->cnt = (uint16_t)(w->c->argv_alts_cnt - ret->alts);
	if (r >= 0 && cnt)
		r = add_outcomes(w, &plain, reader_class, asked, cnt, number, arg);
	if (r < 0)
		return r;
	v = reallocarray(known->asks, id + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	known->asks = v;
	v[known->cnt++] = *ret;
	return 0;
}

/* ---- a command line ------------------------------------------------------------------------------------------------------------------ */

void compiled_words_add(const struct compiled *c, struct compiled_words *s, const struct sl_exec_set *x, bool is_option)
{
	for (unsigned int i = 0; i < SL_WORDS_MAX / 64; i++) {
		uint64_t at = c->argv_alts[SL_PLACE_ANY].need.w[i];

		for (unsigned int place = 0; !is_option && place < SL_PLACE_ANY; place++)
			if (s->may >> place & 1)
				at |= c->argv_alts[place].need.w[i];
		s->seen.w[i] |= x->words.w[i] & at;
	}
	s->may = sl_may_next(s->may, is_option);
}

static bool holds(const struct compiled *c, const struct compiled_words *s, const struct sl_argv_alt *alt)
{
	for (unsigned int i = 0; i < SL_WORDS_MAX / 64; i++) {
		uint64_t have = s->seen.w[i];

		if (s->cut && alt->flags & SL_ALT_ASSUME) {
			have |= c->argv_alts[SL_PLACE_ANY].need.w[i];
			for (unsigned int place = 0; place < SL_PLACE_ANY; place++)
				if (s->may >> place & 1)
					have |= c->argv_alts[place].need.w[i];
		}
		if (alt->need.w[i] & ~have)
			return false;
	}
	return true;
}

uint16_t compiled_outcome(const struct compiled *c, const struct compiled_words *s, const struct sl_argv_ask *ask)
{
	unsigned int readers = 0, unless = 0;

	if (!ask->cnt)
		return ask->plain;
	for (unsigned int i = ask->alts; i < (unsigned int)ask->alts + ask->cnt; i++) {
		const struct sl_argv_alt *alt = &c->argv_alts[i];

		if (holds(c, s, alt))
			*(alt->flags & SL_ALT_UNLESS ? &unless : &readers) |= 1u << alt->reader;
	}
	return c->argv_outcomes[ask->outcomes + (readers & ~unless)];
}
