/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * One DNS response (RFC 1035, 3596) from bytes that may be hostile: which addresses it gives for the name that was asked.
 * No allocation, no recursion, every loop bounded by a constant; nothing but fixed-size state. Only unicast DNS: mDNS and LLMNR
 * packets have another idea of question and answer and are refused or give nothing. HTTPS/SVCB address hints are not taken.
 */
#ifndef SLUICE_CORRELATE_DNS_H
#define SLUICE_CORRELATE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a name with its length octets, the root's included (RFC 1035, 2.3.4). */
#define DNS_NAME_MAX 255

/* Addresses taken from one message; the rest is counted in `skipped`. More do not fit a plain 512-byte answer. */
#define DNS_ADDRS_MAX 64

/* Answer records looked at; a message with more is read to here, the rest is counted in `skipped`. */
#define DNS_RECORDS_MAX 128

/* CNAME steps followed from the question. Resolvers stop at 8 to 16; a longer chain (or a loop) ends there. */
#define DNS_CHAIN_MAX 16

/* Text form at its longest: every byte of the labels as \DDD, dots between, and a NUL. */
#define DNS_TEXT_MAX 1024

/* A name, uncompressed and in lower case: length octet, label, ..., without the root's zero octet. */
struct dns_name {
	uint8_t len;
	uint8_t octets[DNS_NAME_MAX];
};

struct dns_addr {
	uint8_t family;     /* 4 or 6; a v4-mapped AAAA is given as 4 */
	uint8_t addr[16];   /* network order; IPv4 in the first four, the rest 0 */
	uint32_t ttl;       /* seconds: the least along the chain */
};

struct dns_response {
	bool truncated;             /* TC was set: there may be more */
	uint8_t rcode;
	uint16_t qtype;
	struct dns_name question;
	struct dns_name canonical;  /* end of the CNAME chain; the question when there is none */
	uint8_t chain_cnt;          /* CNAME steps */
	uint8_t addrs_cnt;
	uint16_t skipped;           /* records beyond a bound above */
	uint16_t foreign;           /* addresses that do not belong to the question: an attempt to plant names, or a sloppy server */
	struct dns_addr addrs[DNS_ADDRS_MAX];
};

/*
 * 1: a response; *ret is filled (rcode may tell of a failure, then there are no addresses). 0: well-formed, but not an answer to
 * one question of class IN (a query, another opcode). -EBADMSG: malformed. *ret has no meaning unless 1.
 * A message with TC may end within a record; what comes before counts.
 */
int dns_parse(const void *msg, size_t len, struct dns_response *ret);

/* The name that a query asks for. 1; 0: no query of one question; -EBADMSG: malformed. *ret has no meaning unless 1. */
int dns_parse_query(const void *msg, size_t len, struct dns_name *ret);

/*
 * A name as text: labels with dots between, no dot at the end, "." for the root. Bytes outside [a-z0-9_-] become \DDD
 * (decimal, RFC 1035, 5.1), so the text is safe anywhere. Returns its length.
 */
size_t dns_name_text(const struct dns_name *name, char ret[DNS_TEXT_MAX]);

#endif /* SLUICE_CORRELATE_DNS_H */
