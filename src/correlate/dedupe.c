/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which events are waiting to be told as repeats. Two indices over the same entries: by key, to find an equal
 * event, and by process, because an exec ends the image that the waiting events belong to.
 */
#include "correlate/dedupe.h"

#include <string.h>

#include "base/list.h"

struct entry {
	struct list age;      /* in dedupe.by_age */
	struct list same_key; /* in a bucket of by_key */
	struct list same_pid; /* in a bucket of by_pid */
	uint64_t hash;
	uint64_t first_ns, last_ns;
	uint64_t repeats;
	uint32_t tgid;
	uint32_t key_len, keep_len;
	_Alignas(8) char bytes[]; /* kept bytes, then the key */
};

struct dedupe {
	struct list by_age;
	struct list *by_key, *by_pid;  /* buckets each */
	size_t buckets;
	size_t cnt, max_entries, bytes, max_bytes;
	uint64_t overflow;
	dedupe_sink sink;
	void *arg;
};

struct dedupe *dedupe_new(size_t max_entries, size_t max_bytes, dedupe_sink sink, void *arg)
{
	cleanup_(dedupe_freep) struct dedupe *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	*d = (struct dedupe){ .buckets = 16, .max_entries = max_entries, .max_bytes = max_bytes, .sink = sink,
			      .arg = arg };
	list_init(&d->by_age);
	while (d->buckets < max_entries)
		d->buckets *= 2;
	d->by_key = calloc(d->buckets, sizeof(*d->by_key));
	d->by_pid = calloc(d->buckets, sizeof(*d->by_pid));
	if (!d->by_key || !d->by_pid)
		return NULL;
	for (size_t i = 0; i < d->buckets; i++) {
		list_init(&d->by_key[i]);
		list_init(&d->by_pid[i]);
	}
	return take_ptr(d);
}

static void drop(struct dedupe *d, struct entry *e)
{
	list_del(&e->age);
	list_del(&e->same_key);
	list_del(&e->same_pid);
	d->cnt--;
	d->bytes -= e->key_len + e->keep_len;
	free(e);
}

void dedupe_free(struct dedupe *d)
{
	if (!d)
		return;
	while (!list_empty(&d->by_age))
		drop(d, list_entry(d->by_age.next, struct entry, age));
	free(d->by_key);
	free(d->by_pid);
	free(d);
}

/* FNV-1a over words: only spreads keys over buckets, equality is decided on the bytes. */
static uint64_t hash_of(const void *key, size_t len)
{
	const char *at = key;
	uint64_t h = 14695981039346656037ull, word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = (h ^ word) * 1099511628211ull;
		h ^= h >> 29;
	}
	word = 0;
	memcpy(&word, at, len);
	h = (h ^ word) * 1099511628211ull;
	return h ^ h >> 32;
}

static void give_back(struct dedupe *d, struct entry *e)
{
	struct dedupe_item item = { .tgid = e->tgid, .time_ns = e->last_ns, .key = e->bytes + e->keep_len,
				    .key_len = e->key_len, .keep = e->bytes, .keep_len = e->keep_len };

	if (e->repeats)
		d->sink(d->arg, &item, e->repeats);
	drop(d, e);
}

/* Records of two processors may be a little out of order: a time before the first sight is still within its second. */
static bool in_window(const struct entry *e, uint64_t time_ns)
{
	uint64_t apart = time_ns < e->first_ns ? e->first_ns - time_ns : time_ns - e->first_ns;

	return apart < DEDUPE_WINDOW_NS;
}

static struct entry *find(const struct dedupe *d, const struct dedupe_item *item, uint64_t hash)
{
	struct list *bucket = &d->by_key[hash & (d->buckets - 1)];

	for (struct list *l = bucket->next; l != bucket; l = l->next) {
		struct entry *e = list_entry(l, struct entry, same_key);

		if (e->hash == hash && e->tgid == item->tgid && e->key_len == item->key_len &&
		    !memcmp(e->bytes + e->keep_len, item->key, item->key_len))
			return e;
	}
	return NULL;
}

static bool add(struct dedupe *d, const struct dedupe_item *item, uint64_t hash)
{
	size_t bytes = item->key_len + item->keep_len;
	struct entry *e;

	if (d->cnt >= d->max_entries || bytes > d->max_bytes - d->bytes)
		return false;
	e = malloc(sizeof(*e) + bytes);
	if (!e)
		return false;
	*e = (struct entry){ .hash = hash, .first_ns = item->time_ns, .last_ns = item->time_ns, .tgid = item->tgid,
			     .key_len = (uint32_t)item->key_len, .keep_len = (uint32_t)item->keep_len };
	memcpy(e->bytes, item->keep, item->keep_len);
	memcpy(e->bytes + item->keep_len, item->key, item->key_len);
	list_add_tail(&e->age, &d->by_age);
	list_add_tail(&e->same_key, &d->by_key[hash & (d->buckets - 1)]);
	list_add_tail(&e->same_pid, &d->by_pid[item->tgid & (d->buckets - 1)]);
	d->cnt++;
	d->bytes += bytes;
	return true;
}

bool dedupe_fold(struct dedupe *d, const struct dedupe_item *item)
{
	uint64_t hash = hash_of(item->key, item->key_len);
	struct entry *e = find(d, item, hash);

	if (e && in_window(e, item->time_ns)) {
		e->repeats++;
		if (item->time_ns > e->last_ns)
			e->last_ns = item->time_ns;
		return true;
	}
	if (e)
		give_back(d, e);
	if (!add(d, item, hash))
		d->overflow++;
	return false;
}

void dedupe_tick(struct dedupe *d, uint64_t now_ns)
{
	struct list *l, *next;

	/* All of them, not only the oldest: in a damaged recording times are in no order. */
	for (l = d->by_age.next; l != &d->by_age; l = next) {
		struct entry *e = list_entry(l, struct entry, age);

		next = l->next;
		if (!in_window(e, now_ns))
			give_back(d, e);
	}
}

void dedupe_flush_process(struct dedupe *d, uint32_t tgid)
{
	struct list *bucket = &d->by_pid[tgid & (d->buckets - 1)], *l, *next;

	for (l = bucket->next; l != bucket; l = next) {
		struct entry *e = list_entry(l, struct entry, same_pid);

		next = l->next;
		if (e->tgid == tgid)
			give_back(d, e);
	}
}

void dedupe_flush(struct dedupe *d)
{
	while (!list_empty(&d->by_age))
		give_back(d, list_entry(d->by_age.next, struct entry, age));
}

size_t dedupe_count(const struct dedupe *d)
{
	return d->cnt;
}

uint64_t dedupe_take_overflow(struct dedupe *d)
{
	uint64_t overflow = d->overflow;

	d->overflow = 0;
	return overflow;
}
