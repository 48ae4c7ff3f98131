/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What compile_net_tables.c (subjects, names, the tables as a whole) and compile_net_dests.c (addresses, ports, providers) share while they
 * make the tables of connect rules, include/policy_map.h.
 */
#ifndef SLUICE_POLICY_COMPILE_NET_INTERNAL_H
#define SLUICE_POLICY_COMPILE_NET_INTERNAL_H

#include "match/intern.h"
#include "match/lists.h"
#include "policy/compile_internal.h"

/* A set of connect rules, which are numbered by themselves. */
struct net_rules {
	uint64_t w[SL_NET_WORDS_MAX];
};

static inline void net_rules_add(struct net_rules *s, uint32_t rule)
{
	s->w[rule / 64] |= 1ull << (rule % 64);
}

/* Part of net_index[]. */
struct net_part {
	uint16_t *v;
	uint32_t cnt, size;
};

struct net_work {
	struct compile *c;
	struct compiled_net *net;
	const struct policy *p;
	uint16_t *rules;              /* connect rules: index in the policy */
	uint32_t rules_cnt;
	struct net_rules all;         /* of them */
	struct intern vectors;
	struct net_part tools, exes, users, states, ports, addrs, sets, meanings, rows, owners, numbers;

	/* Ports. */
	struct lists port_lists;      /* of providers: sorted ports */
	uint16_t *ports_of;           /* by provider: number in port_lists + 1, 0: any port */
	struct intern port_classes;   /* vector, then port_lists that the port is in */

	/* Providers. */
	uint16_t *meaning_of;         /* by provider */
	struct lists by_port;         /* providers that a name or an address may mean, by port: last first */
	struct list row_of;           /* by number in by_port: the row */
	struct intern rows_seen;      /* meanings by port class, four in a word */
};

/* Numbers a set of rules. -E2BIG, -ENOMEM. */
int net_vector(struct net_work *t, const struct net_rules *rules, uint16_t *ret);

int net_part_add(struct net_part *part, uint16_t v);

/* -E2BIG: points at the provider or rule that adds most. */
int net_does_not_fit(const struct net_work *t, const char *what, uint64_t have, uint64_t limit);

/* In this order. */
int net_classify_ports(struct net_work *t);
int net_find_meanings(struct net_work *t);
int net_classify_addresses(struct net_work *t);

/* What names mean that are of several providers, the one defined last first: a meaning, or SL_NET_BY_PORT and a row. */
int net_meaning_of(struct net_work *t, const struct list *providers, uint16_t *ret);

#endif /* SLUICE_POLICY_COMPILE_NET_INTERNAL_H */
