/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* One attempt to build a table, between dfa.c, which folds classes, and lanes.c, which chooses what is folded together. */
#ifndef SLUICE_MATCH_DFA_INTERNAL_H
#define SLUICE_MATCH_DFA_INTERNAL_H

#include "match/cascade.h"
#include "match/dfa.h"

/* What is exact, whatever its form; the forms that multiply each other; words, which have a table of their own. */
enum lane { LANE_EXACT, LANE_FLOATING, LANE_ANCHORED, LANE_NAMES, LANE_WORDS };
_Static_assert(LANE_ANCHORED == SL_DFA_ANCHORED, "the lane that is read twice");
_Static_assert(LANE_WORDS == SL_DFA_LANES, "a state has room for all lanes, and words are none");

/* How classes are spread over lanes. */
enum spread {
	SPREAD_NOT,      /* one product of everything */
	SPREAD_ANCHORED, /* what lies below a given folder beside all else; every set is kept as it is */
	SPREAD_FORMS,    /* by the forms of patterns, and sets without what makes no difference (struct dfa_reduce) */
};

struct entry {
	char *text;         /* without the '!'; owned */
	unsigned int cls;
	bool negated;
};

/* What `~` is to a pattern (lanes.c). */
enum homes {
	HOMES_ALL,
	HOMES_FAR,     /* all but those of the next two */
	HOMES_TOP,     /* /root */
	HOMES_USUAL,   /* a directory in /home */
	HOMES_KINDS,
};

/* Classes of what is below a home of the last two kinds. */
#define CLASS_BELOW_TOP DFA_CLASSES_USED
#define CLASS_BELOW_USUAL (DFA_CLASSES_USED + 1)

struct dfa_builder {
	enum dfa_dialect dialect;
	const char *const *homes;
	size_t homes_cnt;
	struct dfa_set any_letters; /* classes, see dfa_builder_any_letters() */
	struct entry *entries;  /* in the order of addition */
	size_t entries_cnt, entries_size;
	const char **homes_of[HOMES_KINDS]; /* owned; HOMES_ALL is `homes` */
	size_t homes_of_cnt[HOMES_KINDS];
};

/* An automaton whose outcomes are numbers of sets of classes. */
struct node {
	struct cascade *c;
	struct dfa_set *sets;
	uint32_t sets_cnt;
};

/* One attempt to build. */
struct build {
	const struct dfa_builder *b;
	size_t *order;        /* entry numbers by class, then by order of addition */
	size_t max_sets;      /* besides set 0 and the reserved ones */
	enum spread spread;
	const struct dfa_reduce *reduce; /* NULL: every set is kept as it is */
	struct node lane[SL_DFA_LANES]; /* c NULL: there is none */
	bool below_homes;     /* LANE_ANCHORED holds what is below homes as the path from there */
	uint16_t chain[DFA_CLASSES_MAX]; /* classes of words, the most important last */
	size_t chain_cnt;
	enum lane at;         /* the lane that is being built */
	struct fsm_work work;
};

int dfa_parse(const struct dfa_builder *b, const char *text, enum homes homes, struct pattern **ret, struct errmsg *e);

/* The pattern of an entry, as its class wants it. */
int dfa_parse_entry(const struct dfa_builder *b, const struct entry *entry, enum homes homes, struct pattern **ret, struct errmsg *e);

/* Appends the pattern to a class of any number. */
int dfa_append(struct dfa_builder *b, unsigned int cls, const char *text, bool negated);

/* What `~` is to entry i in a lane. */
enum homes lanes_homes(const struct build *g, size_t i, enum lane lane);

/* Before anything is built: sorts homes by kind, and appends the patterns that say what is below one. */
int lanes_prepare(struct dfa_builder *b);

/* The automaton of classes whose entries are g->order[from .. to); there is at least one entry. */
int dfa_fold(struct build *g, size_t from, size_t to, struct node *ret);

/* That of no classes. */
int dfa_fold_nothing(struct build *g, struct node *ret);

/* Fills g->lane of the first cnt entries. of: cnt entries, becomes the lanes of each, as bits. */
int lanes_build(struct build *g, size_t cnt, uint8_t *of);

/* The table of words of the first cnt entries, of which `of` says that they are such. Their sets are the last ones. */
int lanes_build_words(struct build *g, size_t cnt, const uint8_t *of, size_t max_sets, struct dfa *d);

#endif /* SLUICE_MATCH_DFA_INTERNAL_H */
