/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: evidence and confidence of a server name. What an address is without one is connect.c's. */
#include "correlate/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hello.h"

size_t flows_name_text(const void *bytes, size_t len, char ret[DNS_TEXT_MAX])
{
	const uint8_t *b = bytes;
	size_t at = 0;

	if (len > SL_HOST_MAX)
		len = SL_HOST_MAX;
	if (len && b[len - 1] == '.')
		len--;
	_Static_assert(SL_HOST_MAX * 4 < DNS_TEXT_MAX, "every byte as \\DDD");
	for (size_t i = 0; i < len; i++) {
		uint8_t c = b[i] >= 'A' && b[i] <= 'Z' ? b[i] | 0x20 : b[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.') {
			ret[at++] = (char)c;
			continue;
		}
		ret[at++] = '\\';
		ret[at++] = (char)('0' + c / 100);
		ret[at++] = (char)('0' + c / 10 % 10);
		ret[at++] = (char)('0' + c % 10);
	}
	ret[at] = '\0';
	return at;
}

/* The valid DNS name that is the server name, or leads to it. *ret_known: DNS knows some valid name. */
static const struct names_hit *agreeing(const struct flow_verdict *v, bool *ret_known)
{
	const struct names_hit *found = NULL;

	*ret_known = false;
	for (size_t i = 0; i < v->net.hits_cnt; i++) {
		const struct names_hit *h = &v->net.hits[i];

		if (h->expired || h->sni)
			continue;
		*ret_known = true;
		if (!found && (!strcmp(h->name, v->sni) || !strcmp(h->cname, v->sni)))
			found = h;
	}
	return found;
}

static void weigh(const struct compiled *c, const struct compiled_dest *dest, struct flow_verdict *v)
{
	const char *name = v->sni;
	struct compiled_dest named = *dest, nameless = *dest;
	const struct names_hit *hit;
	bool known;

	named.names = &name;
	named.names_cnt = 1;
	nameless.names_cnt = 0;
	v->net.provider = compiled_provider(c, &named).provider;
	v->net.evidence = "sni";
	hit = agreeing(v, &known);
	v->mismatch = known && !hit;
	if (hit)
		v->net.confidence = hit->session ? "exact" : "high";
	else if (!v->mismatch && v->net.provider && compiled_provider(c, &nameless).provider == v->net.provider)
		v->net.confidence = "high";
	else
		v->net.confidence = "low";
}

bool flows_loopback(uint8_t family, const uint8_t addr[16])
{
	static const uint8_t one[16] = { [15] = 1 };

	return family == 4 ? addr[0] == 127 : !memcmp(addr, one, sizeof(one));
}

/* Where a proxy was asked to go. What is known of the proxy's own address is left behind. */
static void judge_asked(const struct compiled *c, struct names *names, const struct event *ev, unsigned int flags, struct flow_verdict *v)
{
	struct compiled_dest dest = { .kind = connect_kind(IPPROTO_TCP), .port = v->asked_port };
	const char *name = v->asked;

	if (!ev->name.len) {
		v->behind = true;
		return;
	}
	v->net.provider = NULL;
	v->net.hits_cnt = 0;
	if (!(flags & SL_HELLO_ADDR)) {
		/* No address, so none of its ranges: the proxy asks DNS, or does not. */
		dest.names = &name;
		dest.names_cnt = flows_name_text(ev->name.data, ev->name.len, v->asked) ? 1 : 0;
		v->net.provider = compiled_provider(c, &dest).provider;
		v->net.confidence = "high";
	} else {
		dest.family = ev->name.len == 4 ? 4 : 6;
		memcpy(dest.addr, ev->name.data, ev->name.len);
		inet_ntop(dest.family == 4 ? AF_INET : AF_INET6, dest.addr, v->asked, sizeof(v->asked));
		connect_known(c, names, ev, &dest, &v->net);
		if (!v->net.hits_cnt)
			v->net.confidence = "high";
	}
	v->net.evidence = "proxy-connect";
}

/* The hello behind a request, held against what was asked for. */
static void judge_inner(const struct compiled *c, const struct flow_asked *asked, const struct event *ev, unsigned int flags,
			struct flow_verdict *v)
{
	struct compiled_dest dest = { .kind = connect_kind(IPPROTO_TCP), .port = v->asked_port };
	const char *name = v->sni;

	v->net.provider = asked ? asked->provider : NULL;
	v->net.hits_cnt = 0;
	v->net.evidence = "proxy-connect";
	v->net.confidence = asked ? asked->confidence : "low";
	if (asked)
		snprintf(v->asked, sizeof(v->asked), "%s", asked->host);
	/* Malformed, or too long to follow: whom it is for is not known. */
	v->behind = flags & (SL_HELLO_BAD | SL_HELLO_LONG);
	if (!ev->name.len || !flows_name_text(ev->name.data, ev->name.len, v->sni))
		return;
	dest.names = &name;
	dest.names_cnt = 1;
	v->net.provider = compiled_provider(c, &dest).provider;
	v->net.evidence = "sni";
	v->net.confidence = "low";
	v->mismatch = asked && !asked->nameless && strcmp(asked->host, v->sni) != 0;
	/* In another spelling only. */
	if (asked && !asked->nameless && !v->mismatch)
		v->net.confidence = asked->confidence;
}

void flows_judge(const struct compiled *c, struct names *names, const struct flows_asked *asked, const struct event *ev,
		 struct flow_verdict *ret)
{
	bool hello = ev->kind == SL_REC_HELLO;
	unsigned int flags = hello ? ev->hello->hello_flags : ev->flow->hello_flags;
	struct compiled_dest dest = { .family = hello ? ev->hello->family : ev->flow->family,
				      .kind = connect_kind(hello ? ev->hello->proto : ev->flow->proto),
				      .port = hello ? ev->hello->port : ev->flow->port };

	memcpy(dest.addr, hello ? ev->hello->addr : ev->flow->addr, dest.family == 4 ? 4 : 16);
	memset(ret, 0, sizeof(*ret));
	connect_known(c, names, ev, &dest, &ret->net);
	if (hello && ev->hello->decided)
		ret->net.decision = (struct sl_decision){ .rule = ev->hello->rule, .action = ev->hello->action };
	if (flags & SL_HELLO_PROXY) {
		ret->asked_port = hello ? ev->hello->asked_port : ev->flow->asked_port;
		if (flags & SL_HELLO_INNER)
			judge_inner(c, flows_asked_find(asked, hello ? ev->hello->cookie : ev->flow->cookie), ev, flags, ret);
		else
			judge_asked(c, names, ev, flags, ret);
		return;
	}
	if (!ev->name.len || !flows_name_text(ev->name.data, ev->name.len, ret->sni))
		return;
	weigh(c, &dest, ret);
}

void flows_report(const struct compiled *c, const struct event *ev, const struct flow_verdict *v, struct draft *ret)
{
	/* The verdict on the connect stands; it is told again only where more comes of it. */
	if (ev->kind == SL_REC_HELLO && (!ev->hello->again || ev->hello->taken)) {
		ret->rule = compiled_rule(c, v->net.decision.rule);
		ret->action = v->net.decision.action;
		ret->taken = ev->hello->taken;
		ret->by = ret->rule ? SL_BY_CGROUP : SL_BY_NONE;
	}
	ret->provider = v->net.provider;
	ret->net_evidence = v->net.evidence;
	ret->net_confidence = v->net.confidence;
	ret->names = v->net.hits;
	ret->names_cnt = v->net.hits_cnt;
	ret->sni = v->sni;
	ret->sni_mismatch = v->mismatch;
	if (ev->kind == SL_REC_HELLO && ev->hello->hello_flags & SL_HELLO_URGENT)
		ret->finding = FINDING_URGENT;
	else if (ev->kind == SL_REC_HELLO)
		ret->finding = connect_finding(v->net.provider, SL_NET_CONNECT, ev->hello->proto, ev->hello->port);
	ret->behind_proxy = v->behind;
	ret->asked = v->asked;
	ret->asked_port = v->asked_port;
}

void flows_add(struct session *s, const struct sl_rec_flow *f)
{
	s->flows++;
	s->sent_bytes += f->sent_bytes;
	s->received_bytes += f->received_bytes;
}

static void forget_asked(struct flow_asked *one)
{
	free(one->host);
	free(one->inner);
	*one = (struct flow_asked){ 0 };
}

void flows_asked_done(struct flows_asked *a)
{
	for (size_t i = 0; i < FLOWS_ASKED; i++)
		forget_asked(&a->v[i]);
}

const struct flow_asked *flows_asked_find(const struct flows_asked *a, uint64_t cookie)
{
	const struct flow_asked *one = &a->v[cookie % FLOWS_ASKED];

	return one->host && one->cookie == cookie ? one : NULL;
}

/* Of an address that nobody knows the name of, the hello's is better than none. */
static int learn_inner(struct flow_asked *one, const struct flow_verdict *v)
{
	if (!one->nameless || one->inner || !v->sni[0])
		return 0;
	one->inner = strdup(v->sni);
	if (!one->inner)
		return -ENOMEM;
	one->provider = v->net.provider;
	one->confidence = v->net.confidence;
	return 0;
}

/* The destination of a flow to a proxy, until the flow's end. */
static int learn_asked(struct flows_asked *a, const struct event *ev, const struct flow_verdict *v)
{
	uint64_t cookie = ev->kind == SL_REC_HELLO ? ev->hello->cookie : ev->flow->cookie;
	struct flow_asked *one = &a->v[cookie % FLOWS_ASKED];
	unsigned int flags;

	if (one->cookie != cookie && (ev->kind == SL_REC_FLOW || ev->hello->hello_flags & SL_HELLO_INNER))
		return 0;
	if (ev->kind == SL_REC_HELLO && ev->hello->hello_flags & SL_HELLO_INNER)
		return learn_inner(one, v);
	forget_asked(one);
	if (ev->kind == SL_REC_FLOW)
		return 0;
	flags = ev->hello->hello_flags;
	*one = (struct flow_asked){ .cookie = cookie, .provider = v->net.provider, .confidence = v->net.confidence,
				    .host = strdup(v->net.hits_cnt ? v->net.hits[0].name : v->asked) };
	if (flags & SL_HELLO_ADDR) {
		one->loopback = flows_loopback(ev->name.len == 4 ? 4 : 6, (const uint8_t *)ev->name.data);
		one->nameless = !v->net.hits_cnt;
	}
	return one->host ? 0 : -ENOMEM;
}

int flows_learn(struct names *names, struct flows_asked *asked, const struct event *ev, const struct flow_verdict *v)
{
	const struct sl_rec_hello *h = ev->hello;

	if (v->asked[0])
		return learn_asked(asked, ev, v);
	/* A name behind a proxy is none of the proxy's address. */
	if (ev->kind == SL_REC_HELLO && h->hello_flags & SL_HELLO_PROXY)
		return 0;
	if (ev->kind != SL_REC_HELLO || !v->sni[0])
		return 0;
	return names_add_sni(names, h->family, h->addr, v->sni, ev->time_ns, ev->who->session_ns, ev->who->session_pid,
			     ev->netns);
}
