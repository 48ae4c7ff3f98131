/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: how much the names below a domain carry that a session asked for. */
#include "correlate/carried.h"

#include <stdlib.h>
#include <string.h>

#define REGISTRY_LABEL 3 /* octets of the second label of co.uk and its like */

struct domain {
	uint64_t key;           /* 0: free */
	uint64_t read_ns, first_ns, last_ns, bytes;
	uint64_t names[CARRIED_NAMES];
	uint32_t names_next;
	uint8_t longest;        /* label */
};

struct carried {
	struct domain v[CARRIED_DOMAINS];
	uint64_t evicted;
};

static uint64_t hash(uint64_t h, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3ull;
	return h;
}

/* Where the domain begins; 0: the name is none below a domain. */
static size_t domain_at(const struct dns_name *name)
{
	size_t starts[DNS_NAME_MAX / 2 + 1], cnt = 0, labels = 2;

	for (size_t at = 0; at < name->len; at += 1u + name->octets[at])
		starts[cnt++] = at;
	if (cnt > 2 && name->octets[starts[cnt - 1]] == 2 && name->octets[starts[cnt - 2]] <= REGISTRY_LABEL)
		labels = 3;
	return cnt > labels ? starts[cnt - labels] : 0;
}

static struct domain *find_or_add(struct carried *t, uint64_t key)
{
	struct domain *oldest = &t->v[0];

	for (size_t i = 0; i < CARRIED_DOMAINS; i++) {
		if (t->v[i].key == key)
			return &t->v[i];
		if (t->v[i].last_ns < oldest->last_ns)
			oldest = &t->v[i];
	}
	t->evicted += oldest->key != 0;
	*oldest = (struct domain){ .key = key };
	return oldest;
}

static bool is_new(struct domain *d, uint64_t name)
{
	for (size_t i = 0; i < CARRIED_NAMES; i++)
		if (d->names[i] == name)
			return false;
	d->names[d->names_next++ % CARRIED_NAMES] = name;
	return true;
}

bool carried_ask(struct carried *t, uint64_t session_ns, uint32_t session_pid, uint64_t read_ns, const struct dns_name *name,
		 uint64_t now_ns, struct carried_sum *ret)
{
	size_t at = domain_at(name);
	struct dns_name domain = { 0 };
	struct domain *d;
	uint64_t key = 0xcbf29ce484222325ull;

	if (!at)
		return false;
	domain.len = (uint8_t)(name->len - at);
	memcpy(domain.octets, name->octets + at, domain.len);
	key = hash(key, (const uint8_t *)&session_ns, sizeof(session_ns));
	key = hash(key, (const uint8_t *)&session_pid, sizeof(session_pid));
	key = hash(key, domain.octets, domain.len) | 1;
	d = find_or_add(t, key);
	if (d->read_ns != read_ns)
		*d = (struct domain){ .key = key, .read_ns = read_ns, .first_ns = now_ns };
	d->last_ns = now_ns;
	if (is_new(d, hash(key, name->octets, at) | 1)) {
		for (size_t i = 0; i < at; i += 1u + name->octets[i]) {
			d->bytes += name->octets[i];
			if (name->octets[i] > d->longest)
				d->longest = name->octets[i];
		}
	}
	if (d->bytes < CARRIED_BYTES && d->longest < CARRIED_LABEL)
		return false;
	dns_name_text(&domain, ret->domain);
	ret->key = key;
	ret->bytes = d->bytes;
	ret->first_ns = d->first_ns;
	return true;
}

uint64_t carried_take_evicted(struct carried *t)
{
	uint64_t evicted = t->evicted;

	t->evicted = 0;
	return evicted;
}

struct carried *carried_new(void)
{
	return calloc(1, sizeof(struct carried));
}

void carried_free(struct carried *t)
{
	free(t);
}
