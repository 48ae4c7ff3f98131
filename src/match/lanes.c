/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which patterns share a lane (include/automaton.h). Forms multiply each other, patterns of one form hardly do: what lies below a
 * given folder keeps in mind the folders that were just passed, once for each set of all other classes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match/dfa_internal.h"
#include "match/words.h"

/* Any number of directories in between, below one anywhere or a given one; or else its depth is known from its end. */
static enum lane form_of(const struct pattern *p)
{
	for (size_t i = 0; i < p->parts_cnt; i++)
		if (p->parts[i].kind == PATTERN_MANY)
			return p->parts[0].kind == PATTERN_HEAD ? LANE_FLOATING : LANE_ANCHORED;
	return LANE_NAMES;
}

/* ---- homes ------------------------------------------------------------------------------------------------------------- */

/* Homes that a walk knows from the top of the tree. A user called "home" is none of these: its home looks like what holds homes. */
static enum homes kind_of_home(const char *home)
{
	const char *name = home + strlen("/home/");

	if (!strcmp(home, "/root"))
		return HOMES_TOP;
	if (strncmp(home, "/home/", strlen("/home/")) != 0 || !strcmp(name, "home"))
		return HOMES_FAR;
	return !strcmp(name, "*") || (name[0] && !strpbrk(name, "/*?[\\")) ? HOMES_USUAL : HOMES_FAR;
}

int lanes_prepare(struct dfa_builder *b)
{
	static const char *const below[] = { "~", "~/**" }, *const but[] = { "/home/home", "/home/home/**" };
	bool any = false;
	int r = 0;

	for (int i = HOMES_FAR; i < HOMES_KINDS; i++) {
		b->homes_of[i] = calloc(b->homes_cnt + 1, sizeof(*b->homes_of[i]));
		if (!b->homes_of[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < b->homes_cnt; i++) {
		enum homes kind = kind_of_home(b->homes[i]);

		b->homes_of[kind][b->homes_of_cnt[kind]++] = b->homes[i];
		any |= !strcmp(b->homes[i], "/home/*");
	}
	if (any)
		b->homes_of[HOMES_FAR][b->homes_of_cnt[HOMES_FAR]++] = but[0];
	for (size_t i = 0; !r && i < ARRAY_SIZE(below); i++) {
		if (b->homes_of_cnt[HOMES_TOP])
			r = dfa_append(b, CLASS_BELOW_TOP, below[i], false);
		if (!r && b->homes_of_cnt[HOMES_USUAL])
			r = dfa_append(b, CLASS_BELOW_USUAL, below[i], false);
	}
	for (size_t i = 0; !r && any && i < ARRAY_SIZE(but); i++)
		r = dfa_append(b, CLASS_BELOW_USUAL, but[i], true);
	return r;
}

enum homes lanes_homes(const struct build *g, size_t i, enum lane lane)
{
	const struct entry *entry = &g->b->entries[i];

	if (entry->cls == CLASS_BELOW_TOP)
		return HOMES_TOP;
	if (entry->cls == CLASS_BELOW_USUAL)
		return HOMES_USUAL;
	return lane == LANE_ANCHORED && g->below_homes ? HOMES_FAR : HOMES_ALL;
}

/* The path from a home says all of it; or it is no path that a home can be in. */
static bool apart_from_homes(const char *text)
{
	size_t len = strcspn(text + 1, "/");

	if (text[0] == '~')
		return true;
	return !(len == 4 && (!strncmp(text + 1, "home", len) || !strncmp(text + 1, "root", len))) && !memchr(text + 1, '*', len) &&
	       !memchr(text + 1, '?', len) && !memchr(text + 1, '[', len) && !memchr(text + 1, '\\', len);
}

/*
 * What is taken back of what is below a home can hang on the home's own path, which the path from there does not have. Not so of a file's own
 * name.
 */
static bool asks_above_home(const char *text)
{
	const char *name = !strncmp(text, "**/", 3) ? text + 3 : text;

	if (text[0] == '~')
		return false;
	if (text[0] == '/')
		return !apart_from_homes(text);
	return strchr(name, '/') != NULL;
}

/* ---- lanes ------------------------------------------------------------------------------------------------------------- */

/*
 * Of classes that have words, the longest row in which each makes no difference beside the one behind it: what a name is in is then known by
 * the last of them that was met.
 */
static void find_chain(struct build *g, const struct dfa_set *words)
{
	uint16_t cls[DFA_CLASSES_MAX], length[DFA_CLASSES_MAX] = { 0 }, below[DFA_CLASSES_MAX];
	size_t cnt = 0, best = SIZE_MAX;

	for (unsigned int c = dfa_set_next(words, 0); c < DFA_CLASSES_MAX; c = dfa_set_next(words, c + 1)) {
		size_t at = cnt++;

		/* Behind all that it outweighs. */
		while (at && !g->reduce->outweighs(g->reduce->arg, c, cls[at - 1])) {
			cls[at] = cls[at - 1];
			at--;
		}
		cls[at] = (uint16_t)c;
	}
	for (size_t i = 0; i < cnt; i++) {
		below[i] = UINT16_MAX;
		for (size_t k = 0; k < i; k++)
			if (length[k] >= length[i] && g->reduce->outweighs(g->reduce->arg, cls[i], cls[k])) {
				length[i] = (uint16_t)(length[k] + 1);
				below[i] = (uint16_t)k;
			}
		if (best == SIZE_MAX || length[i] > length[best])
			best = i;
	}
	g->chain_cnt = best == SIZE_MAX ? 0 : length[best] + 1u;
	for (size_t at = g->chain_cnt; at; best = below[best])
		g->chain[--at] = cls[best];
}

/* What is known of each entry of which the lane is chosen. */
struct choice {
	struct dfa_set takes_back;  /* classes of which a pattern does */
	struct dfa_set asks_above;  /* one of those that asks_above_home() */
	struct dfa_set words;       /* classes that have words */
	bool *is_word;              /* by entry */
};

static int choose_lane(struct build *g, size_t i, struct choice *c, uint8_t *ret)
{
	const struct entry *entry = &g->b->entries[i];
	cleanup_(pattern_freep) struct pattern *p = NULL;
	bool exact = g->spread == SPREAD_ANCHORED || !dfa_set_has(&g->reduce->may, entry->cls);
	enum lane form;
	int r = dfa_parse_entry(g->b, entry, HOMES_ALL, &p, g->work.e);

	if (r < 0)
		return r;
	form = form_of(p);
	if (form == LANE_ANCHORED && g->below_homes)
		exact = !apart_from_homes(entry->text) || (entry->text[0] == '~' && dfa_set_has(&c->asks_above, entry->cls));
	else if (form == LANE_ANCHORED)
		exact = false;
	*ret = (uint8_t)(1 << (exact ? LANE_EXACT : form));
	c->is_word[i] = !exact && !entry->negated && words_takes(p) && !dfa_set_has(&c->takes_back, entry->cls);
	if (c->is_word[i])
		dfa_set_add(&c->words, entry->cls);
	return 0;
}

/*
 * Lanes of each entry, as bits. A class is in several lanes when its patterns have several forms: it matches when one of its
 * parts does. What takes back is in each of them, so that it still takes back what came before; words are of classes without.
 */
static int choose_lanes(struct build *g, size_t cnt, uint8_t *lanes)
{
	uint8_t of_class[DFA_CLASSES_MAX] = { 0 };
	const struct entry *entries = g->b->entries;
	cleanup_free bool *is_word = calloc(cnt + 1, sizeof(*is_word));
	struct choice c = { .is_word = is_word };
	struct dfa_set chain = { 0 };
	bool tilde = false;
	int r = 0;

	if (!is_word)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		if (entries[i].negated) {
			dfa_set_add(&c.takes_back, entries[i].cls);
			if (asks_above_home(entries[i].text))
				dfa_set_add(&c.asks_above, entries[i].cls);
		}
	g->below_homes = g->b->homes_of_cnt[HOMES_TOP] || g->b->homes_of_cnt[HOMES_USUAL];
	for (size_t i = 0; !r && i < cnt; i++) {
		if (entries[i].cls < DFA_CLASSES_USED)
			r = choose_lane(g, i, &c, &lanes[i]);
		tilde |= lanes[i] == 1 << LANE_ANCHORED && entries[i].text[0] == '~' && entries[i].cls < DFA_CLASSES_USED;
	}
	if (r < 0)
		return r;
	if (g->spread == SPREAD_FORMS)
		find_chain(g, &c.words);
	for (size_t i = 0; i < g->chain_cnt; i++)
		dfa_set_add(&chain, g->chain[i]);
	for (size_t i = 0; i < cnt; i++) {
		if (is_word[i] && dfa_set_has(&chain, entries[i].cls))
			lanes[i] = 1 << LANE_WORDS;
		else if (!entries[i].negated)
			of_class[entries[i].cls] |= lanes[i];
	}
	g->below_homes = g->below_homes && tilde;
	for (size_t i = 0; i < cnt; i++) {
		if (entries[i].cls >= DFA_CLASSES_USED)
			lanes[i] = g->below_homes ? 1 << LANE_ANCHORED : 0;
		else if (entries[i].negated)
			lanes[i] = of_class[entries[i].cls];
	}
	return 0;
}

/* The table of words. Their sets are the last ones, the most important the greatest. */
int lanes_build_words(struct build *g, size_t cnt, const uint8_t *lanes, size_t max_sets, struct dfa *d)
{
	cleanup_(words_freep) struct words *words = words_new();
	uint16_t set_of[DFA_CLASSES_MAX] = { 0 };
	struct dfa_set *sets;

	if (!g->chain_cnt)
		return 0;
	if (d->info.sets + g->chain_cnt > max_sets)
		return errmsg_set(g->work.e, -E2BIG, "more than %zu combinations of classes", max_sets);
	sets = reallocarray(d->sets, d->info.sets + g->chain_cnt, sizeof(*sets));
	if (!words || !sets) {
		d->sets = sets ? sets : d->sets;
		return -ENOMEM;
	}
	d->sets = sets;
	for (size_t i = 0; i < g->chain_cnt; i++) {
		d->sets[d->info.sets] = (struct dfa_set){ 0 };
		dfa_set_add(&d->sets[d->info.sets], g->chain[i]);
		set_of[g->chain[i]] = (uint16_t)d->info.sets++;
	}
	for (size_t i = 0; i < cnt; i++) {
		cleanup_(pattern_freep) struct pattern *p = NULL;
		int r;

		if (lanes[i] != 1 << LANE_WORDS)
			continue;
		r = dfa_parse_entry(g->b, &g->b->entries[i], HOMES_ALL, &p, g->work.e);
		if (!r)
			r = words_add(words, p, set_of[g->b->entries[i].cls], &g->work);
		if (r < 0)
			return r;
	}
	return words_build(words, &d->words, &d->info.words, &g->work);
}

/* Entries out of the first cnt, sorted by class; of lane `lane` only, unless lanes is NULL. Returns how many. */
static size_t sort_entries(const struct dfa_builder *b, size_t cnt, const uint8_t *lanes, unsigned int lane, size_t *order)
{
	size_t at[DFA_CLASSES_MAX + 1] = { 0 }, found = 0;

	for (size_t i = 0; i < cnt; i++)
		if (!lanes || lanes[i] >> lane & 1)
			at[b->entries[i].cls + 1]++;
	for (size_t c = 1; c <= DFA_CLASSES_MAX; c++)
		at[c] += at[c - 1];
	for (size_t i = 0; i < cnt; i++) {
		if (lanes && !(lanes[i] >> lane & 1))
			continue;
		order[at[b->entries[i].cls]++] = i;
		found++;
	}
	return found;
}

int lanes_build(struct build *g, size_t cnt, uint8_t *of)
{
	const struct dfa_reduce *reduce = g->reduce;
	int r = 0;

	if (g->spread != SPREAD_NOT)
		r = choose_lanes(g, cnt, of);
	for (size_t i = 0; g->spread == SPREAD_NOT && i < cnt; i++)
		of[i] = g->b->entries[i].cls < DFA_CLASSES_USED ? 1 << LANE_EXACT : 0;
	for (unsigned int lane = 0; !r && lane < SL_DFA_LANES; lane++) {
		size_t entries = sort_entries(g->b, cnt, of, lane, g->order);

		/* The exact ones are never smaller again. */
		g->reduce = lane == LANE_EXACT ? NULL : reduce;
		g->at = (enum lane)lane;
		if (entries)
			r = dfa_fold(g, 0, entries, &g->lane[lane]);
		else if (lane == LANE_EXACT)
			r = dfa_fold_nothing(g, &g->lane[lane]);
	}
	g->reduce = reduce;
	return r;
}
