/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which processes open many files, and what of that has not been shown. Knows nothing of records. */
#include "correlate/burst.h"

#include <string.h>

#include "base/list.h"
#include "base/strbuf.h"

struct group {
	struct list age;          /* in bursts.groups, oldest first */
	uint64_t first_ns, last_ns;
	uint64_t more;
	uint32_t tgid, shown, listed;
	struct strbuf key, keep, files;
};

struct bursts {
	struct list groups;
	size_t cnt;
	burst_sink sink;
	void *arg;
};

struct bursts *bursts_new(burst_sink sink, void *arg)
{
	struct bursts *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	list_init(&b->groups);
	b->sink = sink;
	b->arg = arg;
	return b;
}

static void drop(struct bursts *b, struct group *g)
{
	list_del(&g->age);
	strbuf_done(&g->key);
	strbuf_done(&g->keep);
	strbuf_done(&g->files);
	free(g);
	b->cnt--;
}

static void give_back(struct bursts *b, struct group *g)
{
	struct burst_item item = { .tgid = g->tgid, .time_ns = g->last_ns, .key = strbuf_str(&g->key), .key_len = g->key.len,
				   .keep = strbuf_str(&g->keep), .keep_len = g->keep.len };

	if (g->more)
		b->sink(b->arg, &item, strbuf_str(&g->files), g->listed, g->more);
	drop(b, g);
}

void bursts_free(struct bursts *b)
{
	if (!b)
		return;
	while (!list_empty(&b->groups))
		drop(b, list_entry(b->groups.next, struct group, age));
	free(b);
}

static struct group *find(const struct bursts *b, const struct burst_item *item)
{
	for (struct list *l = b->groups.prev; l != &b->groups; l = l->prev) {
		struct group *g = list_entry(l, struct group, age);

		if (g->tgid == item->tgid && g->key.len == item->key_len && !memcmp(strbuf_str(&g->key), item->key, item->key_len))
			return g;
	}
	return NULL;
}

static struct group *begin(struct bursts *b, const struct burst_item *item)
{
	struct group *g;

	if (b->cnt == BURST_GROUPS)
		give_back(b, list_entry(b->groups.next, struct group, age));
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->tgid = item->tgid;
	g->first_ns = g->last_ns = item->time_ns;
	strbuf_add(&g->key, item->key, item->key_len);
	list_add_tail(&g->age, &b->groups);
	b->cnt++;
	return g;
}

/* Records of two processors may be a little out of order. */
static bool is_over(const struct group *g, uint64_t now_ns)
{
	uint64_t apart = now_ns < g->first_ns ? g->first_ns - now_ns : now_ns - g->first_ns;

	return apart >= BURST_WINDOW_NS;
}

bool bursts_fold(struct bursts *b, const struct burst_item *item)
{
	struct group *g = find(b, item);

	if (g && is_over(g, item->time_ns)) {
		give_back(b, g);
		g = NULL;
	}
	if (!g)
		g = begin(b, item);
	if (!g || g->shown < BURST_SHOWN) {
		if (g)
			g->shown++;
		return false;
	}
	strbuf_reset(&g->keep);
	strbuf_add(&g->keep, item->keep, item->keep_len);
	if (g->listed < BURST_LISTED) {
		strbuf_add(&g->files, item->path, item->path_len);
		strbuf_addc(&g->files, '\0');
		g->listed++;
	}
	if (!strbuf_ok(&g->key) || !strbuf_ok(&g->keep) || !strbuf_ok(&g->files)) {
		/* What was counted so far cannot be told as one: this one is shown, and a new count begins. */
		drop(b, g);
		return false;
	}
	g->more++;
	if (item->time_ns > g->last_ns)
		g->last_ns = item->time_ns;
	return true;
}

void bursts_tick(struct bursts *b, uint64_t now_ns)
{
	for (struct list *l = b->groups.next, *next; l != &b->groups; l = next) {
		struct group *g = list_entry(l, struct group, age);

		next = l->next;
		if (is_over(g, now_ns))
			give_back(b, g);
	}
}

void bursts_flush_process(struct bursts *b, uint32_t tgid)
{
	for (struct list *l = b->groups.next, *next; l != &b->groups; l = next) {
		struct group *g = list_entry(l, struct group, age);

		next = l->next;
		if (g->tgid == tgid)
			give_back(b, g);
	}
}

void bursts_flush(struct bursts *b)
{
	while (!list_empty(&b->groups))
		give_back(b, list_entry(b->groups.next, struct group, age));
}
