/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A doubly linked ring inside the things it links. The head is a link of its own; an unlinked member points at
 * itself, so that list_del() may be called on it at any time.
 */
#ifndef SLUICE_BASE_LIST_H
#define SLUICE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_del(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* Puts l, which is in no list, at the end. */
static inline void list_add_tail(struct list *l, struct list *head)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_move_tail(struct list *l, struct list *head)
{
	list_del(l);
	list_add_tail(l, head);
}

#define list_entry(l, type, member) ((type *)(void *)((char *)(l) - offsetof(type, member)))

#endif /* SLUICE_BASE_LIST_H */
