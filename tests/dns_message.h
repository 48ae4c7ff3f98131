/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Builds DNS messages for tests, octet by octet, so that a wrong one can be built as well. */
#ifndef SLUICE_TESTS_DNS_MESSAGE_H
#define SLUICE_TESTS_DNS_MESSAGE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define DNS_A 1
#define DNS_CNAME 5
#define DNS_AAAA 28
#define DNS_OPT 41

struct dns_message {
	uint8_t data[16384];
	size_t len;
};

static inline void dns_u8(struct dns_message *m, unsigned int v)
{
	assert(m->len < sizeof(m->data));
	m->data[m->len++] = (uint8_t)v;
}

static inline void dns_u16(struct dns_message *m, unsigned int v)
{
	dns_u8(m, v >> 8);
	dns_u8(m, v & 0xff);
}

static inline void dns_u32(struct dns_message *m, uint32_t v)
{
	dns_u16(m, v >> 16);
	dns_u16(m, v & 0xffff);
}

static inline void dns_bytes(struct dns_message *m, const void *bytes, size_t len)
{
	assert(m->len + len <= sizeof(m->data));
	memcpy(m->data + m->len, bytes, len);
	m->len += len;
}

/* "www.example.com": labels between dots. */
static inline void dns_name(struct dns_message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		dns_u8(m, (unsigned int)n);
		dns_bytes(m, name, n);
		name += n + (name[n] == '.');
	}
	dns_u8(m, 0);
}

static inline void dns_pointer(struct dns_message *m, size_t at)
{
	dns_u16(m, 0xc000 | (unsigned int)at);
}

static inline void dns_header(struct dns_message *m, unsigned int flags, unsigned int questions, unsigned int answers)
{
	m->len = 0;
	dns_u16(m, 0x1234);
	dns_u16(m, flags);
	dns_u16(m, questions);
	dns_u16(m, answers);
	dns_u16(m, 0);
	dns_u16(m, 0);
}

static inline void dns_question(struct dns_message *m, const char *name, unsigned int type)
{
	dns_name(m, name);
	dns_u16(m, type);
	dns_u16(m, 1);
}

/* A usual response's beginning: one question for A. */
static inline void dns_begin(struct dns_message *m, const char *name, unsigned int answers)
{
	dns_header(m, 0x8180, 1, answers);
	dns_question(m, name, DNS_A);
}

/* What stands between a record's owner and its data; returns where the length is, for dns_end_rdata. */
static inline size_t dns_record(struct dns_message *m, unsigned int type, uint32_t ttl, unsigned int len)
{
	dns_u16(m, type);
	dns_u16(m, 1);
	dns_u32(m, ttl);
	dns_u16(m, len);
	return m->len - 2;
}

static inline void dns_end_rdata(struct dns_message *m, size_t at)
{
	size_t len = m->len - at - 2;

	m->data[at] = (uint8_t)(len >> 8);
	m->data[at + 1] = (uint8_t)len;
}

static inline void dns_a(struct dns_message *m, const char *owner, uint32_t ttl, unsigned int last)
{
	dns_name(m, owner);
	dns_record(m, DNS_A, ttl, 4);
	dns_bytes(m, "\xc0\x00\x02", 3); /* 192.0.2. */
	dns_u8(m, last);
}

static inline void dns_cname(struct dns_message *m, const char *owner, uint32_t ttl, const char *target)
{
	size_t at;

	dns_name(m, owner);
	at = dns_record(m, DNS_CNAME, ttl, 0);
	dns_name(m, target);
	dns_end_rdata(m, at);
}

#endif /* SLUICE_TESTS_DNS_MESSAGE_H */
