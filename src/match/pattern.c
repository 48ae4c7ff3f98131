/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of a parsed pattern. What may stand in one is the parsers' (glob.c, domain.c). */
#include "match/pattern.h"

#include <errno.h>
#include <string.h>

#include "automaton.h"
#include "match/letters.h"

struct pattern *pattern_new(char separator)
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (p)
		p->separator = separator;
	return p;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	free(p->items);
	free(p->parts);
	free(p->seqs);
	free(p);
}

static int reserve(void **array, size_t *size, size_t cnt, size_t element)
{
	size_t want = *size ? *size * 2 : 8;
	void *moved;

	if (cnt < *size)
		return 0;
	moved = reallocarray(*array, want, element);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*size = want;
	return 0;
}

int pattern_begin(struct pattern *p)
{
	int r = reserve((void **)&p->seqs, &p->seqs_size, p->seqs_cnt, sizeof(*p->seqs));

	if (r < 0)
		return r;
	p->seqs[p->seqs_cnt++] = p->parts_cnt;
	return 0;
}

int pattern_part(struct pattern *p, enum pattern_kind kind)
{
	int r = reserve((void **)&p->parts, &p->parts_size, p->parts_cnt, sizeof(*p->parts));

	if (r < 0)
		return r;
	p->parts[p->parts_cnt++] = (struct pattern_part){ .kind = kind, .first = p->items_cnt };
	return 0;
}

static int append_item(struct pattern *p, const struct pattern_item *item)
{
	int r = reserve((void **)&p->items, &p->items_size, p->items_cnt, sizeof(*p->items));

	if (r < 0)
		return r;
	/* Zeroed to the last byte: items are compared by their bytes. */
	memset(&p->items[p->items_cnt], 0, sizeof(*p->items));
	p->items[p->items_cnt].set = item->set;
	p->items[p->items_cnt].star = item->star;
	p->items[p->items_cnt].maybe = item->maybe;
	p->items[p->items_cnt].folded = item->folded;
	p->items_cnt++;
	return 0;
}

int pattern_item(struct pattern *p, const struct byteset *set, bool star)
{
	const struct pattern_item item = { .set = *set, .star = star };
	int r = append_item(p, &item);

	if (!r)
		p->parts[p->parts_cnt - 1].cnt++;
	return r;
}

int pattern_repeat(struct pattern *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		int r = pattern_part(p, PATTERN_ANY);

		if (r < 0)
			return r;
		p->parts[p->parts_cnt - 1] = p->parts[i];
	}
	return 0;
}

/* ---- letters beyond ASCII ------------------------------------------------------------------------------------------ */

#define ASCII_MAX 12 /* in one row of such letters: beyond it, any number */

/* The byte beyond ASCII that the item is, 0: it is something else. */
static uint8_t other_byte(const struct pattern_item *item)
{
	unsigned int byte = byteset_next(&item->set, 0);

	return item->star || byte < 0x80 || byte > 0xff || byteset_next(&item->set, byte + 1) <= 0xff ? 0 : (uint8_t)byte;
}

/* Items from `at` on that are such bytes, at most max. */
static uint32_t other_bytes(const struct pattern *p, uint32_t at, uint32_t max, uint8_t *ret)
{
	uint32_t cnt = 0;

	while (cnt < max && other_byte(&p->items[at + cnt])) {
		ret[cnt] = other_byte(&p->items[at + cnt]);
		cnt++;
	}
	return cnt;
}

/* The spellings of one row of letters. */
static int append_letters(struct pattern *p, const struct letters *l)
{
	struct pattern_item other = { .folded = true }, ascii = { .folded = true };
	int r = 0;

	for (unsigned int b = 0; b < 0x80; b++)
		if (letters_has_base((uint8_t)b))
			byteset_add(&ascii.set, (uint8_t)b);
	for (unsigned int b = 0x80; b <= 0xff; b++)
		byteset_add(&other.set, (uint8_t)b);
	if (l->needs_other)
		r = append_item(p, &other);
	other.star = true;
	ascii.maybe = true;
	if (l->ascii > ASCII_MAX)
		for (unsigned int w = 0; w < ARRAY_SIZE(other.set.bits); w++)
			other.set.bits[w] |= ascii.set.bits[w];
	if (!r)
		r = append_item(p, &other);
	for (unsigned int i = 0; !r && i < l->ascii && l->ascii <= ASCII_MAX; i++) {
		r = append_item(p, &ascii);
		if (!r)
			r = append_item(p, &other);
	}
	return r;
}

static int name_any_letters(struct pattern *p, struct pattern_part *part)
{
	uint32_t first = (uint32_t)p->items_cnt, n;
	uint8_t bytes[PATTERN_MAX];
	bool found = false, maybe = false;
	int r = 0;

	for (uint32_t i = part->first, end = part->first + part->cnt; !r && i < end; i += n) {
		struct pattern_item item = p->items[i];
		struct letters l;

		n = other_bytes(p, i, end - i < sizeof(bytes) ? end - i : (uint32_t)sizeof(bytes), bytes);
		if (!n) {
			n = 1;
			item.folded = true;
			item.maybe = maybe && !item.star;
			maybe = false;
			r = append_item(p, &item);
			continue;
		}
		l = letters_read(bytes, n);
		maybe = l.takes_after;
		if (l.takes_before && p->items_cnt > first && !p->items[p->items_cnt - 1].star)
			p->items[p->items_cnt - 1].maybe = true;
		r = append_letters(p, &l);
		found = true;
	}
	if (r < 0 || !found) {
		p->items_cnt = first;
		return r;
	}
	part->any_first = first;
	part->any_cnt = (uint32_t)p->items_cnt - first;
	return 0;
}

int pattern_any_letters(struct pattern *p)
{
	for (size_t i = 0; i < p->parts_cnt; i++) {
		size_t same = 0;
		int r;

		if (p->parts[i].kind != PATTERN_NAME)
			continue;
		while (same < i && !(p->parts[same].kind == PATTERN_NAME && p->parts[same].first == p->parts[i].first))
			same++;
		if (same < i) {
			p->parts[i] = p->parts[same];
			continue;
		}
		r = name_any_letters(p, &p->parts[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

struct byteset pattern_any(const struct pattern *p)
{
	struct byteset s = { { ~0ull, ~0ull, ~0ull, ~0ull } };

	byteset_del(&s, (uint8_t)p->separator);
	return s;
}

bool pattern_item_takes(const struct pattern_item *item, unsigned int symbol)
{
	uint8_t byte = (uint8_t)symbol, lower = byte | 0x20;

	if (item->folded && symbol < SL_DFA_FOLD)
		return false;
	if (byteset_has(&item->set, byte))
		return true;
	return symbol >= SL_DFA_FOLD && lower >= 'a' && lower <= 'z' && byteset_has(&item->set, byte ^ 0x20);
}
