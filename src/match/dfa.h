/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Compiles sets of patterns into one automaton table (include/automaton.h).
 *
 * Input: classes, numbered from 0, each an ordered list of patterns. Output: a table that maps a string to the
 * set of classes that it belongs to, and the list of distinct sets. Within a class the last pattern that
 * matches decides (gitignore: a pattern with ! takes back); a class whose last matching pattern is negated does
 * not contain the string.
 */
#ifndef SLUICE_MATCH_DFA_H
#define SLUICE_MATCH_DFA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "automaton.h"
#include "base/cleanup.h"
#include "base/errmsg.h"

#define DFA_CLASSES_MAX 4096
/* Classes from here on are the tables' own (lanes.c). */
#define DFA_CLASSES_USED (DFA_CLASSES_MAX - 2)
#define DFA_WORDS (DFA_CLASSES_MAX / 64)

/* A set of classes: bit c of word c / 64. */
struct dfa_set {
	uint64_t bits[DFA_WORDS];
};

static inline void dfa_set_add(struct dfa_set *s, unsigned int cls)
{
	s->bits[cls / 64] |= 1ull << (cls % 64);
}

static inline bool dfa_set_has(const struct dfa_set *s, unsigned int cls)
{
	return s->bits[cls / 64] >> (cls % 64) & 1;
}

/* The first class from `from` on that is in the set; 64 * DFA_WORDS: none. */
static inline unsigned int dfa_set_next(const struct dfa_set *s, unsigned int from)
{
	for (unsigned int w = from / 64; w < DFA_WORDS; w++) {
		uint64_t left = s->bits[w];

		if (w == from / 64)
			left &= ~0ull << (from % 64);
		if (left)
			return w * 64 + (unsigned int)__builtin_ctzll(left);
	}
	return 64 * DFA_WORDS;
}

enum dfa_dialect {
	DFA_PATH,    /* gitignore-style on an absolute path, see match/glob.h */
	DFA_DOMAIN,  /* host name patterns, see match/domain.h */
};

struct dfa_builder;

/* homes: absolute directories that a leading ~ stands for (may hold * components: "/home/" "*"); borrowed until
 * dfa_build returns. */
struct dfa_builder *dfa_builder_new(enum dfa_dialect dialect, const char *const *homes, size_t homes_cnt);
void dfa_builder_free(struct dfa_builder *b);
DEFINE_FREEP(struct dfa_builder, dfa_builder_free)

/*
 * Appends a pattern (may start with '!') to class cls. Copies the text. -EINVAL: not a pattern, e says why
 * (e->column is the byte, from 1). -E2BIG: cls out of range. -ENOMEM.
 */
int dfa_builder_add(struct dfa_builder *b, unsigned int cls, const char *pattern, struct errmsg *e);

/*
 * The class's patterns that take nothing back match letters beyond ASCII in every spelling that a directory that ignores case can have, and
 * more (pattern_any_letters()). For classes that must not be got around; what makes an answer milder matches what is written.
 */
void dfa_builder_any_letters(struct dfa_builder *b, unsigned int cls);

/*
 * Which classes need not be known of a string that is in others too. Where all classes at once do not fit one product, those
 * of `may` are spread over lanes (automaton.h) by the forms of their patterns, and within a lane `fn` takes out of a set what
 * makes no difference: 200 classes of folders anywhere have 2^200 sets, but in one order of importance only 200.
 */
struct dfa_reduce {
	struct dfa_set may;
	void (*fn)(const void *arg, struct dfa_set *set);
	bool (*outweighs)(const void *arg, unsigned int a, unsigned int b); /* b is left out of a set that has a */
	const void *arg;
	bool always;              /* lanes also where one product would do */
};

/* The sets of a string that has one in more than one lane: numbered as they are met, from SL_COMBOS_FIRST on. */
struct dfa_combos;

struct dfa {
	struct dfa_combos *combos; /* owned */
	struct sl_dfa_info info;
	struct sl_dfa *table;     /* owned; dfa_table_size() bytes */
	struct sl_dfa *words;     /* owned; dfa_words_size() bytes, NULL: there are none */
	struct dfa_set *sets;     /* owned; info.sets entries; sets[0] is empty */
};

/*
 * Reserves the first set ids: sets[0] is empty and sets[1 .. reserved] are empty too and are never produced by
 * the table (callers give them a meaning of their own, e.g. SL_SET_UNRESOLVED = 1).
 * -E2BIG: does not fit SL_DFA_*_MAX or max_sets; e names the pattern that went over. *ret untouched on failure.
 */
int dfa_build_lanes(struct dfa_builder *b, unsigned int reserved, unsigned int max_sets, const struct dfa_reduce *reduce,
		    struct dfa **ret, struct errmsg *e);

/* The same in one lane. */
int dfa_build(struct dfa_builder *b, unsigned int reserved, unsigned int max_sets, struct dfa **ret, struct errmsg *e);
void dfa_free(struct dfa *d);
DEFINE_FREEP(struct dfa, dfa_free)

static inline size_t dfa_table_size(const struct dfa *d)
{
	return sizeof(struct sl_dfa) + (size_t)d->info.limit * sizeof(uint16_t);
}

/*
 * Match set id of a whole string (bytes in ordinary order; fed from the end as the kernel does). Of a string with sets in
 * several lanes it is a number of this struct's own, from SL_COMBOS_FIRST on; SL_COMBOS_MAX of them met already (or no
 * memory): 1, which path sets reserve for what cannot be known.
 */
unsigned int dfa_match(const struct dfa *d, const char *s, size_t len);

/*
 * The same for a path with names in directories that ignore case: how[i] is how component i compares, see names_fold(). *ret_unknown: nothing
 * matched, but one of its names can be the short form of another. A path longer than SL_PATH_MAX: as if `how` were NULL.
 */
unsigned int dfa_match_names(const struct dfa *d, const char *s, size_t len, const uint8_t *how, bool *ret_unknown);
/* Match sets of an id by lane, see SL_DFA_SET(); a plain set is the first lane's. 0: there is no such id. */
uint64_t dfa_lanes(const struct dfa *d, unsigned int set);

/* The classes of any id that dfa_match() returned. */
struct dfa_set dfa_classes(const struct dfa *d, unsigned int set);

static inline size_t dfa_words_size(const struct dfa *d)
{
	return d->words ? sizeof(struct sl_dfa) + (size_t)d->info.words * sizeof(uint16_t) : 0;
}

/* A string can be in sets of several lanes at once. */
static inline bool dfa_has_lanes(const struct dfa *d)
{
	return d->combos != NULL;
}

static inline unsigned int dfa_lanes_cnt(const struct dfa *d)
{
	unsigned int n = 1;

	for (unsigned int i = 1; i < SL_DFA_LANES; i++)
		n += d->info.several && d->info.at[i + 1] > d->info.at[i];
	return n;
}

/*
 * The same for a path in a record, by its SL_STR_FOLDS and SL_STR_DOS. Those are about the file's directory; the names above it are
 * compared as that does, too, which can find more than the kernel did and not less.
 */
unsigned int dfa_match_record(const struct dfa *d, const char *s, size_t len, unsigned int str_flags, bool *ret_unknown);

#endif /* SLUICE_MATCH_DFA_H */
