/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: evidence and confidence of a destination. Names come from names.c, providers and rules from the policy.
 *
 *   exact  this session asked for one name that is still valid, and the address was in the answer
 *   high   the host as a whole asked for one name; or every candidate belongs to one known provider; or no name is
 *          known and the address lies in a provider's range
 *   low    candidates of several providers, names that ran out, or an address range against what the names say
 *   none   nothing is known
 */
#include "correlate/connect.h"

#include <stdint.h>
#include <string.h>

/* Provider that a single name means, by its name alone. */
static const struct policy_provider *provider_of(const struct compiled *c, struct compiled_dest dest, const char *name)
{
	struct compiled_provider p;

	dest.names = &name;
	dest.names_cnt = 1;
	p = compiled_provider(c, &dest);
	return p.name == SIZE_MAX ? NULL : p.provider;
}

/* Candidates that count: valid ones that this session asked for; if there are none, valid ones that anybody did. */
static size_t best_hits(const struct connect_verdict *v, bool *ret_session)
{
	size_t valid = 0, session = 0;

	for (size_t i = 0; i < v->hits_cnt; i++) {
		valid += !v->hits[i].expired;
		session += !v->hits[i].expired && v->hits[i].session;
	}
	*ret_session = session > 0;
	return session ? session : valid;
}

static bool one_provider(const struct compiled *c, const struct compiled_dest *dest, const struct connect_verdict *v,
			 bool session)
{
	const struct policy_provider *first = NULL;

	for (size_t i = 0; i < v->hits_cnt; i++) {
		const struct policy_provider *p;

		if (v->hits[i].expired || (session && !v->hits[i].session))
			continue;
		p = provider_of(c, *dest, v->hits[i].name);
		if (!p || (first && p != first))
			return false;
		first = p;
	}
	return true;
}

static void weigh(const struct compiled *c, const struct compiled_dest *dest, size_t by_name, struct connect_verdict *v)
{
	bool session;
	size_t best = best_hits(v, &session), told = by_name < v->hits_cnt ? by_name : 0;

	if (v->provider && by_name == SIZE_MAX) {
		v->evidence = "cidr";
		v->confidence = best ? "low" : "high";
		return;
	}
	if (!v->hits_cnt) {
		v->evidence = "none";
		v->confidence = "none";
		return;
	}
	v->evidence = v->hits[told].session ? "dns-session" : "dns-host";
	if (!best || v->hits[told].expired || (session && !v->hits[told].session))
		v->confidence = "low";
	else if (best == 1)
		v->confidence = session ? "exact" : "high";
	else
		v->confidence = one_provider(c, dest, v, session) ? "high" : "low";
}

void connect_judge(const struct compiled *c, struct names *names, const struct event *ev, struct connect_verdict *ret)
{
	const struct sl_rec_net *net = ev->net;
	const struct sl_who *w = ev->who;
	const char *list[NAMES_PER_ADDR];
	struct compiled_dest dest = { .family = net->family, .port = net->port, .names = list };
	struct compiled_provider provider;

	memcpy(dest.addr, net->addr, net->family == 4 ? 4 : 16);
	ret->hits_cnt = names_lookup(names, dest.family, dest.addr, ev->time_ns, w->session_ns, w->session_pid, ret->hits,
				     NAMES_PER_ADDR);
	for (size_t i = 0; i < ret->hits_cnt; i++)
		list[i] = ret->hits[i].name;
	dest.names_cnt = ret->hits_cnt;
	provider = compiled_provider(c, &dest);
	ret->provider = provider.provider;
	ret->decision = compiled_connect(c, w->tool, w->exe_set, w->uid, &dest);
	weigh(c, &dest, provider.provider ? provider.name : 0, ret);
}
