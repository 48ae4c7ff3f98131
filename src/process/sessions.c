/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the memory and the look-up of sessions. Which process belongs to which session, and when a session begins
 * and ends, is decided in proctree.c.
 */
#include "process/sessions.h"

#include <errno.h>
#include <stdlib.h>

int sessions_init(struct sessions *t, size_t max)
{
	size_t size = 16;

	while (size < max)
		size *= 2;
	*t = (struct sessions){ .mask = size - 1, .max = max };
	list_init(&t->live);
	list_init(&t->ended);
	t->table = calloc(size, sizeof(struct session_node *));
	return t->table ? 0 : -ENOMEM;
}

static void free_list(struct list *head)
{
	while (!list_empty(head)) {
		struct list *l = head->next;

		list_del(l);
		free(list_entry(l, struct session_node, lru));
	}
}

void sessions_done(struct sessions *t)
{
	free_list(&t->live);
	free_list(&t->ended);
	free(t->table);
	t->table = NULL;
}

static struct session_node **slot(const struct sessions *t, uint32_t pid)
{
	return &t->table[pid & t->mask];
}

struct session_node *sessions_find(const struct sessions *t, uint64_t ns, uint32_t pid)
{
	struct session_node *n;

	for (n = *slot(t, pid); n; n = n->hash_next)
		if (n->s.pid == pid && n->s.ns == ns)
			return n;
	return NULL;
}

struct session_node *sessions_add(struct sessions *t, uint64_t ns, uint32_t pid, uint64_t now_ns)
{
	struct session_node **at = slot(t, pid), *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->s.ns = ns;
	n->s.pid = pid;
	n->s.begin_ns = now_ns;
	list_init(&n->members);
	list_init(&n->lru);
	list_add_tail(&n->lru, &t->live);
	n->hash_next = *at;
	*at = n;
	t->cnt++;
	return n;
}

void sessions_remove(struct sessions *t, struct session_node *n)
{
	struct session_node **at = slot(t, n->s.pid);

	while (*at != n)
		at = &(*at)->hash_next;
	*at = n->hash_next;
	list_del(&n->lru);
	t->cnt--;
	free(n);
}

struct session_node *sessions_victim(struct sessions *t)
{
	struct list *head = list_empty(&t->ended) ? &t->live : &t->ended;

	return list_empty(head) ? NULL : list_entry(head->next, struct session_node, lru);
}
