/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a client asks a proxy for, as the first bytes of a flow: HTTP CONNECT (RFC 9110, 9.3.6), SOCKS5 (RFC 1928, 1929), SOCKS4 and 4a.
 * Part of the parser of hello.h, which hands over at the first byte. Where the flow goes from the proxy on is in the request:
 * a name, or an address, and a port. What follows may be another request to an HTTP proxy, which refused the first.
 *
 * Not read: SOCKS5 with GSSAPI, requests for a whole URL, and a proxy that is spoken to by TLS.
 */
#ifndef SL_PROXY_H
#define SL_PROXY_H

#ifndef SL_HELLO_H
#error "part of hello.h"
#endif

#define SL_PROXY_CONNECT_WORD 0x205443454e4e4f43ull /* "CONNECT ", first byte lowest */
#define SL_SOCKS_VERSION 5
#define SL_SOCKS_AUTH 1
#define SL_SOCKS_ADDR4 1
#define SL_SOCKS_NAME 3
#define SL_SOCKS_ADDR6 4
#define SL_SOCKS4_VERSION 4
#define SL_SOCKS4_CONNECT 1
/* ext_type: what is at hand. In SOCKS5 the first also says that a user's name was told. */
#define SL_PROXY_IS_NAME 1
#define SL_PROXY_IS_ADDR 2

/* What is still to come of a request whose destination is known. */
#define SL_PROXY_REST_NONE 0
#define SL_PROXY_REST_LINE 1   /* of its line, and header lines */
#define SL_PROXY_REST_LINES 2  /* header lines */

/* The first byte of a flow, or behind an earlier request. False: of neither. */
SL_HELLO_INLINE int sl_proxy_begins(struct sl_hello *h, __u8 byte)
{
	h->port = byte == 'C' ? 0 : h->port;
	if (byte == 'C')
		sl_hello_expect(h, SL_PROXY_WORD, 7);
	else if (h->flags & SL_HELLO_INNER)
		return 0;
	else if (byte == SL_SOCKS_VERSION)
		sl_hello_expect(h, SL_PROXY_METHODS, 0);
	else if (byte == SL_SOCKS4_VERSION)
		sl_hello_expect(h, SL_PROXY_4_COMMAND, 0);
	else
		return 0;
	return 1;
}

/* It asks a proxy, but not for anything that makes sense here. */
SL_HELLO_INLINE void sl_proxy_bad(struct sl_hello *h)
{
	h->name_len = 0;
	sl_hello_end(h, SL_HELLO_PROXY | SL_HELLO_BAD);
}

SL_HELLO_INLINE void sl_proxy_name(struct sl_hello *h, __u8 *name, __u8 byte)
{
	if (h->name_len == SL_HOST_MAX)
		sl_proxy_bad(h);
	else
		name[h->name_len++ & SL_HOST_MAX] = byte;
}

/* The destination is complete. rest: SL_PROXY_REST_* */
SL_HELLO_INLINE void sl_proxy_done(struct sl_hello *h, __u8 *name, __u8 rest)
{
	if (!h->name_len) {
		sl_proxy_bad(h);
		return;
	}
	name[h->name_len & SL_HOST_MAX] = 0;
	h->digits = rest;
	h->flags &= ~(SL_HELLO_INNER | SL_HELLO_SAME);
	sl_hello_end(h, SL_HELLO_PROXY | SL_HELLO_NAME | (h->ext_type == SL_PROXY_IS_ADDR ? SL_HELLO_ADDR : 0));
}

/* ---- HTTP CONNECT --------------------------------------------------------------------------------------------------- */

/*
 * Four numbers with dots between them are an address, and kept as one. While the name comes in: left has the numbers so far,
 * number the one at hand, ext_left its digits, exts_left the dots; ext_type is SL_PROXY_IS_NAME when it is a name after all.
 */
SL_HELLO_INLINE void sl_proxy_literal(struct sl_hello *h, __u8 byte)
{
	if (byte >= '0' && byte <= '9' && h->ext_left < 3) {
		h->number = h->number * 10 + (byte - '0');
		h->ext_left++;
	} else if (byte == '.' && h->ext_left && h->exts_left < 3) {
		h->left = h->left << 8 | (h->number & 0xff);
		h->exts_left++;
		h->ext_left = 0;
		h->ext_type |= h->number > 255 ? SL_PROXY_IS_NAME : 0;
		h->number = 0;
	} else {
		h->ext_type = SL_PROXY_IS_NAME;
	}
}

/* The name is complete: from now on the port. */
SL_HELLO_INLINE void sl_proxy_host(struct sl_hello *h, __u8 *name)
{
	if (!h->ext_type && h->exts_left == 3 && h->ext_left && h->number <= 255) {
		name[0] = h->left >> 16;
		name[1] = h->left >> 8;
		name[2] = h->left;
		name[3] = h->number;
		h->name_len = 4;
		h->ext_type = SL_PROXY_IS_ADDR;
	}
	sl_hello_expect(h, SL_PROXY_PORT, 0);
}

SL_HELLO_INLINE void sl_proxy_connect(struct sl_hello *h, __u8 *name, __u8 byte)
{
	int ends = byte == ' ' || byte == '\r' || byte == '\n', rest = byte == '\n' ? SL_PROXY_REST_LINES : SL_PROXY_REST_LINE;

	switch (h->state) {
	case SL_PROXY_WORD:
		if (byte != (__u8)(SL_PROXY_CONNECT_WORD >> (8 * (8 - h->digits))))
			sl_hello_end(h, SL_HELLO_OTHER);
		else if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_HOST, 0);
		break;
	case SL_PROXY_HOST:
		if (byte == ' ' && !h->name_len) /* more than one before it */
			break;
		if (byte == '[' && !h->name_len) {
			h->ext_type = SL_PROXY_IS_NAME;
			sl_hello_expect(h, SL_PROXY_BRACKET, 0);
		} else if (byte == ':') {
			sl_proxy_host(h, name);
		} else if (ends) {
			sl_proxy_host(h, name);
			sl_proxy_done(h, name, rest);
		} else {
			sl_proxy_literal(h, byte);
			sl_proxy_name(h, name, byte);
		}
		break;
	case SL_PROXY_BRACKET:
		if (ends)
			sl_proxy_bad(h);
		else if (byte == ']')
			sl_hello_expect(h, SL_PROXY_BRACKET_END, 0);
		else
			sl_proxy_name(h, name, byte);
		break;
	case SL_PROXY_BRACKET_END:
		if (byte == ':')
			sl_hello_expect(h, SL_PROXY_PORT, 0);
		else
			sl_proxy_bad(h);
		break;
	case SL_PROXY_HEADERS: /* digits: nothing of the line at hand came yet */
		if (byte == '\n' && h->digits)
			sl_hello_expect(h, SL_HELLO_TYPE, 0);
		else if (byte != '\r')
			h->digits = byte == '\n';
		break;
	default: /* SL_PROXY_PORT */
		if (byte >= '0' && byte <= '9' && h->number <= 6553) {
			h->number = h->number * 10 + (byte - '0');
		} else if (ends && h->number <= 65535) {
			h->port = h->number;
			sl_proxy_done(h, name, rest);
		} else {
			sl_proxy_bad(h);
		}
	}
}

/* ---- SOCKS5 ---------------------------------------------------------------------------------------------------------- */

/* digits: bytes that are passed over, or taken, before the state changes. */
SL_HELLO_INLINE void sl_proxy_socks(struct sl_hello *h, __u8 *name, __u8 byte)
{
	switch (h->state) {
	case SL_PROXY_METHODS:
		if (!byte) /* none at all: another protocol */
			sl_hello_end(h, SL_HELLO_OTHER);
		else
			sl_hello_expect(h, SL_PROXY_METHOD, byte);
		break;
	case SL_PROXY_METHOD:
		if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_REQUEST, 0);
		break;
	case SL_PROXY_REQUEST: /* or a user's name before it */
		if (byte == SL_SOCKS_VERSION)
			sl_hello_expect(h, SL_PROXY_COMMAND, 2);
		else if (byte == SL_SOCKS_AUTH && !h->ext_type)
			sl_hello_expect(h, SL_PROXY_USER_LEN, 0);
		else
			sl_hello_end(h, SL_HELLO_OTHER);
		break;
	case SL_PROXY_USER_LEN:
		sl_hello_expect(h, byte ? SL_PROXY_USER : SL_PROXY_PASS_LEN, byte);
		break;
	case SL_PROXY_USER:
		if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_PASS_LEN, 0);
		break;
	case SL_PROXY_PASS_LEN:
		h->ext_type = SL_PROXY_IS_NAME;
		sl_hello_expect(h, byte ? SL_PROXY_PASS : SL_PROXY_REQUEST, byte);
		break;
	case SL_PROXY_PASS:
		if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_REQUEST, 0);
		break;
	case SL_PROXY_COMMAND:
		if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_KIND, 0);
		break;
	case SL_PROXY_KIND:
		h->ext_type = byte == SL_SOCKS_NAME ? SL_PROXY_IS_NAME : SL_PROXY_IS_ADDR;
		if (byte == SL_SOCKS_NAME)
			sl_hello_expect(h, SL_PROXY_NAME_LEN, 0);
		else if (byte == SL_SOCKS_ADDR4 || byte == SL_SOCKS_ADDR6)
			sl_hello_expect(h, SL_PROXY_NAME, byte == SL_SOCKS_ADDR4 ? 4 : 16);
		else
			sl_proxy_bad(h);
		break;
	case SL_PROXY_NAME_LEN:
		if (!byte)
			sl_proxy_bad(h);
		else
			sl_hello_expect(h, SL_PROXY_NAME, byte);
		break;
	case SL_PROXY_NAME:
		sl_proxy_name(h, name, byte);
		if (h->state == SL_PROXY_NAME && !--h->digits)
			sl_hello_expect(h, SL_PROXY_NAME_PORT, 2);
		break;
	default: /* SL_PROXY_NAME_PORT */
		h->port = h->port << 8 | byte;
		if (!--h->digits)
			sl_proxy_done(h, name, SL_PROXY_REST_NONE);
	}
}

/* ---- SOCKS4, and 4a: an address of 0.0.0.x says that a name comes behind the user's ------------------------------------ */

SL_HELLO_INLINE void sl_proxy_socks4(struct sl_hello *h, __u8 *name, __u8 byte)
{
	switch (h->state) {
	case SL_PROXY_4_COMMAND:
		if (byte == SL_SOCKS4_CONNECT)
			sl_hello_expect(h, SL_PROXY_4_PORT, 2);
		else
			sl_hello_end(h, SL_HELLO_OTHER);
		break;
	case SL_PROXY_4_PORT:
		h->port = h->port << 8 | byte;
		if (!--h->digits)
			sl_hello_expect(h, SL_PROXY_4_ADDR, 4);
		break;
	case SL_PROXY_4_ADDR:
		h->number = h->number << 8 | byte;
		sl_proxy_name(h, name, byte);
		if (!--h->digits) {
			h->ext_type = h->number && h->number < 256 ? SL_PROXY_IS_NAME : SL_PROXY_IS_ADDR;
			sl_hello_expect(h, SL_PROXY_4_USER, 0);
		}
		break;
	case SL_PROXY_4_USER:
		if (byte)
			break;
		if (h->ext_type == SL_PROXY_IS_ADDR) {
			sl_proxy_done(h, name, SL_PROXY_REST_NONE);
		} else {
			h->name_len = 0;
			sl_hello_expect(h, SL_PROXY_4_NAME, 0);
		}
		break;
	default: /* SL_PROXY_4_NAME */
		if (byte)
			sl_proxy_name(h, name, byte);
		else
			sl_proxy_done(h, name, SL_PROXY_REST_NONE);
	}
}

SL_HELLO_INLINE void sl_proxy_byte(struct sl_hello *h, __u8 *name, __u8 byte)
{
	if (h->state < SL_PROXY_METHODS)
		sl_proxy_connect(h, name, byte);
	else if (h->state < SL_PROXY_4_COMMAND)
		sl_proxy_socks(h, name, byte);
	else
		sl_proxy_socks4(h, name, byte);
}

#endif /* SL_PROXY_H */
