/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: evidence and confidence of a destination. Names come from names.c, providers and rules from the policy.
 *
 *   exact  this session asked for one name that is still valid, and the address was in the answer
 *   high   the host as a whole asked for one name; or every candidate belongs to one known provider; or no name is
 *          known and the address lies in a provider's range
 *   low    candidates of several providers, names that ran out, an address range against what the names say, or a name
 *          that only an earlier connection claimed (sni)
 *   none   nothing is known
 *
 * Where the kernel decided, what it did not know yet (an answer that came a moment before) is no evidence for its verdict:
 * the provider is then that of the address range, or unknown.
 */
#include "correlate/connect.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#define PORT_DNS 53

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
		bool counts = !v->hits[i].expired && !v->hits[i].sni;

		valid += counts;
		session += counts && v->hits[i].session;
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

		if (v->hits[i].expired || v->hits[i].sni || (session && !v->hits[i].session))
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
	/* No name but what another connection claimed: no ground for a verdict, but better than nothing. */
	if (v->hits[0].sni) {
		v->provider = provider_of(c, *dest, v->hits[0].name);
		v->evidence = "sni";
		v->confidence = "low";
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

/* The first candidate in the set that told becomes the host, the others stay in their order behind it. */
static void put_first(const struct compiled *c, unsigned int set, struct connect_verdict *v)
{
	size_t at = 0;
	struct names_hit told;

	while (at < v->hits_cnt && compiled_name_set(c, v->hits[at].name) != set)
		at++;
	if (at == v->hits_cnt)
		return;
	told = v->hits[at];
	memmove(&v->hits[1], &v->hits[0], at * sizeof(v->hits[0]));
	v->hits[0] = told;
}

static struct compiled_provider as_decided(const struct compiled *c, const struct compiled_dest *dest,
					   const struct sl_rec_verdict *d, struct connect_verdict *v)
{
	v->decision = (struct sl_decision){ .rule = d->rule, .action = d->action };
	if (d->names)
		put_first(c, d->set, v);
	return compiled_provider_of_set(c, d->set, dest);
}

/* Names of dest into ret and, those that DNS gave, into list and dest. They come first. */
static void look_up(struct names *names, const struct event *ev, const char *list[NAMES_PER_ADDR], struct compiled_dest *dest,
		    struct connect_verdict *ret)
{
	const struct sl_who *w = ev->who;

	ret->hits_cnt = names_lookup(names, dest->family, dest->addr, ev->time_ns, w->session_ns, w->session_pid, ev->netns,
				     ret->hits, NAMES_PER_ADDR);
	dest->names = list;
	dest->names_cnt = 0;
	for (size_t i = 0; i < ret->hits_cnt && !ret->hits[i].sni; i++)
		list[dest->names_cnt++] = ret->hits[i].name;
}

void connect_known(const struct compiled *c, struct names *names, const struct event *ev, const struct compiled_dest *dest,
		   struct connect_verdict *ret)
{
	const char *list[NAMES_PER_ADDR];
	struct compiled_dest named = *dest;
	struct compiled_provider provider;

	look_up(names, ev, list, &named, ret);
	provider = compiled_provider(c, &named);
	ret->provider = provider.provider;
	weigh(c, &named, provider.provider ? provider.name : 0, ret);
}

void connect_judge(const struct compiled *c, struct names *names, const struct event *ev, struct connect_verdict *ret)
{
	const struct sl_rec_net *net = ev->net;
	const struct sl_who *w = ev->who;
	const char *list[NAMES_PER_ADDR];
	bool made = net->op == SL_NET_SOCKET_MADE;
	struct compiled_dest dest = { .family = net->family, .kind = made ? SL_NET_SOCKET : connect_kind(net->proto),
				      .port = net->port, .state = ev->decided ? ev->decided->state : 0 };
	struct compiled_provider provider;
	bool told;

	memcpy(dest.addr, net->addr, net->family == 4 ? 4 : 16);
	ret->hits_cnt = 0;
	if (!made)
		look_up(names, ev, list, &dest, ret);
	/* Nothing was refused, and the answer with the name had not reached the kernel's table yet: judged with the name. */
	told = ev->decided && (ev->decided->names || net->taken != SL_TAKEN_NONE || !dest.names_cnt);
	if (told) {
		provider = as_decided(c, &dest, ev->decided, ret);
	} else {
		provider = compiled_provider(c, &dest);
		ret->decision = compiled_connect(c, w->tool, w->exe_set, w->uid, &dest);
	}
	ret->provider = provider.provider;
	weigh(c, &dest, provider.provider ? provider.name : 0, ret);
	/* Refused without a name: what is known of it now was no ground. */
	if (told && !ev->decided->names && !ret->provider && !(ret->hits_cnt && ret->hits[0].sni))
		ret->evidence = ret->confidence = "none";
}

uint8_t connect_kind(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return SL_NET_DATAGRAM;
	default:
		return SL_NET_STREAM;
	}
}

const char *connect_finding(const struct policy_provider *provider, uint8_t op, uint8_t proto, uint16_t port)
{
	if (op == SL_NET_SOCKET_MADE)
		return FINDING_NO_DESTINATION;
	if (provider && !strcmp(provider->tier, "resolver"))
		return FINDING_NAME_HIDDEN;
	return proto == IPPROTO_TCP && port == PORT_DNS ? FINDING_DNS_OVER_TCP : NULL;
}

/* ---- the kernel's table --------------------------------------------------------------------------------------------- */

void connect_key(uint8_t family, const uint8_t addr[16], uint32_t netns, uint8_t ret[SL_NET_KEY])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	memcpy(ret + 16, &netns, sizeof(netns));
	if (family == 6) {
		memcpy(ret, addr, 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), addr, 4);
}

static void add_asker(struct sl_net_name *n, uint32_t asker)
{
	for (size_t i = 0; i < SL_NET_ASKERS; i++) {
		if (n->askers[i] == asker)
			return;
		if (!n->askers[i]) {
			n->askers[i] = asker;
			return;
		}
	}
}

void connect_names(const struct compiled *c, const struct names_entry *entries, size_t cnt, struct sl_net_names *ret)
{
	_Static_assert(SL_NET_NAMES >= NAMES_PER_ADDR && SL_NET_ASKERS >= NAMES_SESSIONS, "room for all that is known here");
	_Static_assert(NAMES_TTL_MIN_NS == SL_NET_TTL_MIN * 1000000000ull && NAMES_TTL_MAX_NS == SL_NET_TTL_MAX * 1000000000ull &&
		       NAMES_GRACE_NS == SL_NET_GRACE_NS, "the kernel and the agent must forget at the same time");
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < cnt; i++) {
		uint64_t word = SL_NET_WORD(entries[i].expires_ns, compiled_name_set(c, entries[i].name));
		struct sl_net_name *n = ret->names;

		while (n->word && SL_NET_WORD_SET(n->word) != SL_NET_WORD_SET(word))
			n++;
		if (word > n->word)
			n->word = word;
		for (unsigned int j = 0; j < entries[i].askers_cnt; j++)
			add_asker(n, sl_net_asker(entries[i].askers[j].session_ns, entries[i].askers[j].session_pid));
	}
}
