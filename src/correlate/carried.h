/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Names that are asked for and carry data: what a session asks a resolver for reaches the servers of the domain, whichever resolver
 * that is, so that no connection shows where it went. Counted are octets of labels in front of the domain, of each name once, since
 * the session's read. Pure and bounded.
 *
 * A domain is the last two labels, three where the last two are as short as those of a registry (co.uk). Below it an ordinary service
 * has a few short labels; it carries data from CARRIED_BYTES on, or once a label has CARRIED_LABEL octets, which no UUID has.
 */
#ifndef SLUICE_CORRELATE_CARRIED_H
#define SLUICE_CORRELATE_CARRIED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "correlate/dns.h"

#define CARRIED_BYTES 256
#define CARRIED_LABEL 48
#define CARRIED_DOMAINS 512 /* of all sessions; beyond it the one asked about longest ago is forgotten, and counted */
#define CARRIED_NAMES 64    /* latest names of a domain; one that is asked for again later counts again */

struct carried;
struct carried *carried_new(void);
void carried_free(struct carried *t);
DEFINE_FREEP(struct carried, carried_free)

struct carried_sum {
	char domain[DNS_TEXT_MAX];
	uint64_t key;       /* the same for each name of that session below that domain */
	uint64_t bytes;     /* since the read */
	uint64_t first_ns;  /* of the first name that counted */
};

/*
 * A session (the outermost) asked for a name after its read at read_ns. True: what it has asked for below that domain carries data;
 * *ret says how much.
 */
bool carried_ask(struct carried *t, uint64_t session_ns, uint32_t session_pid, uint64_t read_ns, const struct dns_name *name,
		 uint64_t now_ns, struct carried_sum *ret);

uint64_t carried_take_evicted(struct carried *t);   /* since the last call */

#endif /* SLUICE_CORRELATE_CARRIED_H */
