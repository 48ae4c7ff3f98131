/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Judges one connection: which host and provider the address stands for, how far that is known, and the rule.
 * The kernel reports connections; this verdict is taken here because names are learnt here.
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

/* ev: SL_REC_NET. The names in *ret are borrowed until the next names_add_dns. */
void connect_judge(const struct compiled *c, struct names *names, const struct event *ev, struct connect_verdict *ret);

#endif /* SLUICE_CORRELATE_CONNECT_H */
