/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the memory of a parsed pattern. What may stand in one is the parsers' (glob.c, domain.c). */
#include "match/pattern.h"

#include <errno.h>
#include <string.h>

#include "automaton.h"

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

int pattern_item(struct pattern *p, const struct byteset *set, bool star)
{
	int r = reserve((void **)&p->items, &p->items_size, p->items_cnt, sizeof(*p->items));

	if (r < 0)
		return r;
	/* Zeroed to the last byte: items are compared by their bytes. */
	memset(&p->items[p->items_cnt], 0, sizeof(*p->items));
	p->items[p->items_cnt].set = *set;
	p->items[p->items_cnt].star = star;
	p->items_cnt++;
	p->parts[p->parts_cnt - 1].cnt++;
	return 0;
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

struct byteset pattern_any(const struct pattern *p)
{
	struct byteset s = { { ~0ull, ~0ull, ~0ull, ~0ull } };

	byteset_del(&s, (uint8_t)p->separator);
	return s;
}

bool pattern_item_takes(const struct pattern_item *item, unsigned int symbol)
{
	uint8_t byte = (uint8_t)symbol, lower = byte | 0x20;

	if (byteset_has(&item->set, byte))
		return true;
	return symbol >= SL_DFA_FOLD && lower >= 'a' && lower <= 'z' && byteset_has(&item->set, byte ^ 0x20);
}
