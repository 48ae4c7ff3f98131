/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * One connection: which host and provider the address stands for, how far that is known, and the rule. Where the kernel took
 * the verdict it is told as it was taken, with the name that told, whatever is known here by now; other candidates stay as
 * evidence. A record without a verdict (an older recording, or one that is judged by another policy) is judged here.
 */
#ifndef SLUICE_CORRELATE_CONNECT_H
#define SLUICE_CORRELATE_CONNECT_H

#include "correlate/names.h"
#include "event/event.h"
#include "policy/compile.h"

struct connect_verdict {
	struct sl_decision decision;
	const struct policy_provider *provider;  /* NULL: unknown */
	const char *evidence, *confidence;       /* as in struct report */
	struct names_hit hits[NAMES_PER_ADDR];   /* candidates, best first; hits[0] is the host */
	size_t hits_cnt;
};

/* The key and the value of the kernel's table for an address. Names in one set of the name automaton become one. */
void connect_key(uint8_t family, const uint8_t addr[16], uint32_t netns, uint8_t ret[SL_NET_KEY]);
void connect_names(const struct compiled *c, const struct names_entry *entries, size_t cnt, struct sl_net_names *ret);

/* What is known of a destination, without a verdict. dest: no names in it; ev: when, and whose session. */
void connect_known(const struct compiled *c, struct names *names, const struct event *ev, const struct compiled_dest *dest,
		   struct connect_verdict *ret);

/* ev: SL_REC_NET. The names in *ret are borrowed until the next names_add_dns. */
void connect_judge(const struct compiled *c, struct names *names, const struct event *ev, struct connect_verdict *ret);

/* SL_NET_STREAM or SL_NET_DATAGRAM */
uint8_t connect_kind(uint8_t proto);

/*
 * What a destination is besides a place where data goes; NULL: nothing.
 *   name-hidden   a resolver by HTTPS, TLS or QUIC: names that are asked for there are unknown, and so is what they lead to
 *   dns-over-tcp  questions by TCP: answers that do not fit a segment are not read
 */
#define FINDING_NO_DESTINATION "no-destination"
#define FINDING_URGENT "urgent-data"
#define FINDING_NAME_HIDDEN "name-hidden"
#define FINDING_DNS_OVER_TCP "dns-over-tcp"
const char *connect_finding(const struct policy_provider *provider, uint8_t op, uint8_t proto, uint16_t port);

#endif /* SLUICE_CORRELATE_CONNECT_H */
