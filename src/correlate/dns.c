/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the DNS message format. Remembers nothing between messages (that is names.c).
 *
 * The answer section is walked once and each record's place noted; names are compared where they stand. Records may come in
 * any order, so the CNAME chain is followed by looking through the notes again for each step: at most DNS_CHAIN_MAX times
 * DNS_RECORDS_MAX comparisons.
 */
#include "correlate/dns.h"

#include <errno.h>
#include <string.h>

#define HEADER_LEN 12
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define CLASS_IN 1

#define FLAG_QR 0x8000
#define FLAG_OPCODE 0x7800
#define FLAG_TC 0x0200
#define FLAG_RCODE 0x000f

/* Labels in a name of 255 octets, the shortest taking two: bounds every walk over a name. */
#define LABELS_MAX 128
/* Pointers followed in one name. Each goes backwards, so a name ends anyway; servers nest one or two. */
#define POINTERS_MAX 64

struct message {
	const uint8_t *data;
	size_t len;
};

/* Where an answer record of interest has its parts. */
struct note {
	uint16_t owner;  /* offset of the name */
	uint16_t rdata;
	uint16_t type;
	uint8_t depth;   /* steps from the question to its owner + 1; 0: not (yet) known to belong to it */
	uint32_t ttl;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/*
 * Reads the name at `at` into ret (NULL: only checks it). *ret_next: offset behind it in the message. False: runs out of the
 * message, too long, a pointer that does not go back, or a reserved label type.
 */
static bool read_name(const struct message *m, size_t at, struct dns_name *ret, size_t *ret_next)
{
	size_t used = 0, least = at, next = 0;
	unsigned int pointers = 0;

	for (int step = 0; step < LABELS_MAX + POINTERS_MAX; step++) {
		uint8_t n;

		if (at >= m->len)
			return false;
		n = m->data[at];
		if (n >= 0xc0) {
			size_t target;

			if (at + 2 > m->len || ++pointers > POINTERS_MAX)
				return false;
			target = be16(m->data + at) & 0x3fff;
			if (!next)
				next = at + 2;
			/* Strictly before where this part of the name began: no loop is possible. */
			if (target < HEADER_LEN || target >= least)
				return false;
			at = least = target;
			continue;
		}
		if (n > 63)
			return false;
		if (!n) {
			if (ret)
				ret->len = (uint8_t)used;
			*ret_next = next ? next : at + 1;
			return true;
		}
		/* The root's octet needs room too. */
		if (at + 1 + n > m->len || used + 1 + n + 1 > DNS_NAME_MAX)
			return false;
		if (ret) {
			ret->octets[used] = n;
			for (size_t i = 1; i <= n; i++)
				ret->octets[used + i] = lower(m->data[at + i]);
		}
		used += 1u + n;
		at += 1u + n;
	}
	return false;
}

/* The name at `at`, which read_name has accepted, is `name`. */
static bool same_name(const struct message *m, size_t at, const struct dns_name *name)
{
	size_t used = 0;

	for (int step = 0; step < LABELS_MAX + POINTERS_MAX; step++) {
		uint8_t n = m->data[at];

		if (n >= 0xc0) {
			at = be16(m->data + at) & 0x3fff;
			continue;
		}
		if (!n)
			return used == name->len;
		if (used + 1 + n > name->len || name->octets[used] != n)
			return false;
		for (size_t i = 1; i <= n; i++)
			if (lower(m->data[at + i]) != name->octets[used + i])
				return false;
		used += 1u + n;
		at += 1u + n;
	}
	return false;
}

/* One record at *at. 1: of interest, noted. 0: skipped. -EBADMSG. */
static int read_record(const struct message *m, size_t *at, struct note *ret)
{
	size_t owner = *at, rdata, len, end;
	uint16_t type, cls;
	uint32_t ttl;

	if (!read_name(m, owner, NULL, &rdata) || rdata + 10 > m->len)
		return -EBADMSG;
	type = be16(m->data + rdata);
	cls = be16(m->data + rdata + 2);
	ttl = be32(m->data + rdata + 4);
	len = be16(m->data + rdata + 8);
	rdata += 10;
	if (rdata + len > m->len)
		return -EBADMSG;
	*at = rdata + len;
	if (cls != CLASS_IN)
		return 0;
	switch (type) {
	case TYPE_A:
		if (len != 4)
			return -EBADMSG;
		break;
	case TYPE_AAAA:
		if (len != 16)
			return -EBADMSG;
		break;
	case TYPE_CNAME:
		if (!read_name(m, rdata, NULL, &end) || end != rdata + len)
			return -EBADMSG;
		break;
	default:
		return 0;
	}
	*ret = (struct note){
		.owner = (uint16_t)owner,
		.rdata = (uint16_t)rdata,
		.type = type,
		/* The highest bit is no part of the number (RFC 2181, 8). */
		.ttl = ttl & 0x80000000 ? 0 : ttl,
	};
	return 1;
}

static void take_addr(const struct message *m, const struct note *note, uint32_t ttl, struct dns_response *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *p = m->data + note->rdata;
	struct dns_addr *a;

	if (ret->addrs_cnt == DNS_ADDRS_MAX) {
		ret->skipped++;
		return;
	}
	a = &ret->addrs[ret->addrs_cnt++];
	memset(a, 0, sizeof(*a));
	a->ttl = note->ttl < ttl ? note->ttl : ttl;
	a->family = 4;
	if (note->type == TYPE_A) {
		memcpy(a->addr, p, 4);
	} else if (!memcmp(p, mapped, sizeof(mapped))) {
		/* The kernel connects to the IPv4 address, and reports it as that. */
		memcpy(a->addr, p + 12, 4);
	} else {
		memcpy(a->addr, p, 16);
		a->family = 6;
	}
}

/* Follows the CNAMEs from the question and takes the addresses on the way. */
static void follow(const struct message *m, struct note *notes, size_t cnt, struct dns_response *ret)
{
	uint32_t ttl = UINT32_MAX;

	ret->canonical = ret->question;
	for (unsigned int depth = 1; depth <= DNS_CHAIN_MAX + 1; depth++) {
		const struct note *cname = NULL;
		size_t next;

		for (size_t i = 0; i < cnt; i++) {
			if (notes[i].depth || !same_name(m, notes[i].owner, &ret->canonical))
				continue;
			notes[i].depth = (uint8_t)depth;
			if (notes[i].type != TYPE_CNAME)
				take_addr(m, &notes[i], ttl, ret);
			else if (!cname)
				cname = &notes[i];
		}
		if (!cname)
			break;
		if (ret->chain_cnt == DNS_CHAIN_MAX) {
			ret->skipped++;
			break;
		}
		ret->chain_cnt++;
		if (cname->ttl < ttl)
			ttl = cname->ttl;
		if (!read_name(m, cname->rdata, &ret->canonical, &next))
			break; /* not reached: read_record has accepted it */
	}
	for (size_t i = 0; i < cnt; i++)
		ret->foreign += !notes[i].depth && notes[i].type != TYPE_CNAME;
}

int dns_parse(const void *msg, size_t len, struct dns_response *ret)
{
	const struct message m = { msg, len };
	struct note notes[DNS_RECORDS_MAX];
	uint16_t flags, answers;
	size_t at, cnt = 0;

	/* UDP cannot carry more; offsets in notes are 16 bits. */
	if (len < HEADER_LEN || len > UINT16_MAX)
		return -EBADMSG;
	flags = be16(m.data + 2);
	answers = be16(m.data + 6);
	if (!(flags & FLAG_QR) || flags & FLAG_OPCODE)
		return 0;
	if (be16(m.data + 4) != 1)
		return -EBADMSG;
	memset(ret, 0, offsetof(struct dns_response, addrs));
	ret->truncated = flags & FLAG_TC;
	ret->rcode = flags & FLAG_RCODE;
	if (!read_name(&m, HEADER_LEN, &ret->question, &at) || at + 4 > len)
		return -EBADMSG;
	ret->qtype = be16(m.data + at);
	if (be16(m.data + at + 2) != CLASS_IN)
		return 0;
	at += 4;
	for (unsigned int i = 0; i < answers; i++) {
		int r;

		if (i == DNS_RECORDS_MAX) {
			ret->skipped = (uint16_t)(answers - i);
			break;
		}
		r = read_record(&m, &at, &notes[cnt]);
		if (r < 0 && ret->truncated)
			break;
		if (r < 0)
			return r;
		cnt += (size_t)r;
	}
	ret->canonical = ret->question;
	if (!ret->rcode)
		follow(&m, notes, cnt, ret);
	return 1;
}

int dns_parse_query(const void *msg, size_t len, struct dns_name *ret)
{
	const struct message m = { msg, len };
	size_t at;

	if (len < HEADER_LEN || len > UINT16_MAX)
		return -EBADMSG;
	if (be16(m.data + 2) & (FLAG_QR | FLAG_OPCODE) || be16(m.data + 4) != 1)
		return 0;
	return read_name(&m, HEADER_LEN, ret, &at) && at + 4 <= len ? 1 : -EBADMSG;
}

size_t dns_name_text(const struct dns_name *name, char ret[DNS_TEXT_MAX])
{
	size_t n = 0, at = 0;

	while (at < name->len) {
		size_t end = at + 1 + name->octets[at];

		if (n)
			ret[n++] = '.';
		for (at++; at < end && at < name->len; at++) {
			uint8_t c = name->octets[at];

			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
				ret[n++] = (char)c;
				continue;
			}
			ret[n++] = '\\';
			ret[n++] = (char)('0' + c / 100);
			ret[n++] = (char)('0' + c / 10 % 10);
			ret[n++] = (char)('0' + c % 10);
		}
	}
	if (!n)
		ret[n++] = '.';
	ret[n] = '\0';
	return n;
}
