/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A parsed pattern, the same for both dialects: sequences of parts, any of which may match. A part stands for whole
 * components of the string; a named one holds the bytes of one component.
 */
#ifndef SLUICE_MATCH_PATTERN_H
#define SLUICE_MATCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define PATTERN_MAX 4096 /* bytes of its text: the kernel's PATH_MAX */

struct byteset {
	uint64_t bits[4];
};

static inline bool byteset_has(const struct byteset *s, uint8_t byte)
{
	return s->bits[byte / 64] >> (byte % 64) & 1;
}

static inline void byteset_add(struct byteset *s, uint8_t byte)
{
	s->bits[byte / 64] |= 1ull << (byte % 64);
}

static inline void byteset_del(struct byteset *s, uint8_t byte)
{
	s->bits[byte / 64] &= ~(1ull << (byte % 64));
}

/* The first byte of the set that is not below `from`; 256: none. */
static inline unsigned int byteset_next(const struct byteset *s, unsigned int from)
{
	for (unsigned int w = from / 64; w < 4; w++) {
		uint64_t left = s->bits[w];

		if (w == from / 64)
			left &= ~0ull << (from % 64);
		if (left)
			return w * 64 + (unsigned int)__builtin_ctzll(left);
	}
	return 256;
}

/* A place in a name: one byte of the set, or any number of them, or one or none. */
struct pattern_item {
	struct byteset set;
	bool star, maybe;
	bool folded;          /* only of a name in a directory that ignores case */
};

enum pattern_kind {
	PATTERN_NAME,  /* one component that matches the items */
	PATTERN_ANY,   /* one component, not empty */
	PATTERN_MANY,  /* any number of components, none empty; also none at all */
	PATTERN_HEAD,  /* whatever comes before; only as a first part */
	PATTERN_ROOT,  /* the empty component in front of a path's first '/'; only as a first part */
};

struct pattern_part {
	enum pattern_kind kind;
	uint32_t first, cnt;  /* items, of a name */
	uint32_t any_first, any_cnt;  /* items of its other spellings in a directory that ignores case, see pattern_any_letters(); 0 none */
};

struct pattern {
	char separator;
	struct pattern_item *items;  /* all owned */
	size_t items_cnt, items_size;
	struct pattern_part *parts;
	size_t parts_cnt, parts_size;
	size_t *seqs;                /* where each sequence begins in parts; it ends where the next begins */
	size_t seqs_cnt, seqs_size;
};

struct pattern *pattern_new(char separator);
void pattern_free(struct pattern *p);
DEFINE_FREEP(struct pattern, pattern_free)

/* All return -ENOMEM. A part belongs to the sequence begun last, an item to the name begun last. */
int pattern_begin(struct pattern *p);
int pattern_part(struct pattern *p, enum pattern_kind kind);
int pattern_item(struct pattern *p, const struct byteset *set, bool star);

/* Appends parts from .. to-1 of this pattern once more (their items are shared). */
int pattern_repeat(struct pattern *p, size_t from, size_t to);

static inline size_t pattern_seq_end(const struct pattern *p, size_t seq)
{
	return seq + 1 < p->seqs_cnt ? p->seqs[seq + 1] : p->parts_cnt;
}

/*
 * Letters beyond ASCII match, in directories that ignore case, every spelling that a file system may take for the same (match/letters.h),
 * and more: for patterns that must not be got around. Of a pattern that has any.
 */
int pattern_any_letters(struct pattern *p);

/* Of a byte of a folded name (SL_DFA_FOLD more), both cases are asked for: "strictest" is what matches. */
bool pattern_item_takes(const struct pattern_item *item, unsigned int symbol);

/* Every byte but the separator. */
struct byteset pattern_any(const struct pattern *p);

#endif /* SLUICE_MATCH_PATTERN_H */
