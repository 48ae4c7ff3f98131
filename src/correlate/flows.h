/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a flow tells of where it goes: the server name that its ClientHello carried, held against what DNS said of the
 * address. The name is a claim of whoever sends: it makes a verdict stricter (in the kernel), never milder, and as evidence it
 * is strong only where something else agrees.
 *
 *   exact  this session asked DNS for the name and got the address
 *   high   somebody on this host did; or the address lies in a range of the name's provider
 *   low    the name alone; or DNS knows the address by other names only (finding "sni-mismatch")
 *
 * A flow to a proxy goes where the proxy is asked to (evidence "proxy-connect"): that name, or that address and the names that DNS
 * gave it, is the destination, and the proxy's own address says nothing. high; of an address what is known of its names. Where the
 * request cannot be read the finding is "behind-proxy". The hello behind the request is told where it has another name: sni-mismatch,
 * low, if the proxy was asked for a name, or for an address that DNS knows by others. The bytes go where the proxy was asked to; of an address
 * of which no name is known the hello's is taken.
 */
#ifndef SLUICE_CORRELATE_FLOWS_H
#define SLUICE_CORRELATE_FLOWS_H

#include "correlate/connect.h"
#include "correlate/dns.h"
#include "correlate/draft.h"

struct flow_verdict {
	struct connect_verdict net;   /* of hits, those that DNS gave; the host is sni if that is not "" */
	char sni[DNS_TEXT_MAX];       /* as text, "" none */
	bool mismatch;
	bool behind;                  /* to a proxy, and where it goes from there is not known */
	char asked[DNS_TEXT_MAX];     /* what a proxy was asked for, name or address as text, "" nothing */
	uint16_t asked_port;          /* 0 not told */
};

/* What proxies were asked for, by the flow's cookie, for what is sent on it later. A slot for each remainder: of two flows in one
 * the later is known, and the earlier is told to go to its proxy. */
#define FLOWS_ASKED 1024
struct flows_asked {
	struct flow_asked {
		uint64_t cookie;
		char *host;           /* NULL: empty */
		char *inner;          /* of a nameless address: the name in the hello behind the request, NULL none */
		const struct policy_provider *provider;
		const char *confidence;
		bool loopback;
		bool nameless;        /* an address that no name is known of */
	} v[FLOWS_ASKED];
};

void flows_asked_done(struct flows_asked *a);
const struct flow_asked *flows_asked_find(const struct flows_asked *a, uint64_t cookie);

/* A server name as bytes, as text: lower case, no dot at the end, what is not [a-z0-9._-] as \DDD. Returns its length. */
size_t flows_name_text(const void *bytes, size_t len, char ret[DNS_TEXT_MAX]);

/* ev: SL_REC_HELLO (its verdict is the kernel's) or SL_REC_FLOW (no verdict). Names are borrowed as in connect_judge(). */
void flows_judge(const struct compiled *c, struct names *names, const struct flows_asked *asked, const struct event *ev,
		 struct flow_verdict *ret);

/* What a report says of it; *v must live as long. */
void flows_report(const struct compiled *c, const struct event *ev, const struct flow_verdict *v, struct draft *ret);

/* Is this an address of the machine itself? */
bool flows_loopback(uint8_t family, const uint8_t addr[16]);

/* What stays of it: the session's sums, the name for later connections to the address, and what a proxy was asked for. -ENOMEM. */
void flows_add(struct session *s, const struct sl_rec_flow *f);
int flows_learn(struct names *names, struct flows_asked *asked, const struct event *ev, const struct flow_verdict *v);

#endif /* SLUICE_CORRELATE_FLOWS_H */
