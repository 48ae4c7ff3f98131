/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The one parser of a TLS ClientHello (RFC 8446, 4.1.2; RFC 6066, 3). The egress program runs it over the first bytes that a
 * flow sends, the tests and the fuzzer run the very same source.
 *
 * It is fed the stream in pieces of any size and keeps where it stands, so that a hello may be split over any number of
 * segments, sends and TLS records. What it does not need (random, ciphers, key shares, padding) is passed over without being
 * looked at: the cost is by fields, not by bytes, and a long hello is no way around it. The whole of the hello is read, because
 * extensions come in any order; the extension's header is enough for the last of them.
 *
 * A flow that begins with a request to a proxy is read by proxy.h, into the same state; then what follows that (sl_hello_again()).
 *
 * Nothing here trusts a length: each is checked against the one around it, and a hello that contradicts itself is
 * SL_HELLO_BAD. Every step consumes at least one byte or ends it, so `at` bounds the work.
 */
#ifndef SL_HELLO_H
#define SL_HELLO_H

#include "abi.h"

#ifndef __bpf__
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#endif

/* What was found. Append only: part of the records. */
#define SL_HELLO_TLS 0x1       /* it is a ClientHello, whole and sound */
#define SL_HELLO_NAME 0x2      /* it names a server */
#define SL_HELLO_ECH 0x4       /* encrypted_client_hello is there: the name may be the outer one. Browsers send a fake one, too */
#define SL_HELLO_RESUMED 0x8   /* a session is offered for resumption */
#define SL_HELLO_OTHER 0x10    /* the flow begins with something else */
#define SL_HELLO_BAD 0x20      /* it begins as one and contradicts itself */
#define SL_HELLO_LONG 0x40     /* longer than SL_HELLO_MAX, or too many pieces: given up */
#define SL_HELLO_MISSED 0x80   /* the beginning of the flow was not seen */
#define SL_HELLO_QUIC 0x100    /* UDP: a QUIC long header */
#define SL_HELLO_PROXY 0x200   /* it asks a proxy (proxy.h); with SL_HELLO_BAD: not for anything that can be read */
#define SL_HELLO_ADDR 0x400    /* ... for an address: the name is that, 4 or 16 bytes in network order */
#define SL_HELLO_INNER 0x800   /* what follows a request to a proxy: all but SL_HELLO_PROXY is about that */
#define SL_HELLO_URGENT 0x2000 /* urgent data is in it, or a gap: what the server reads is not what was read here */
#define SL_HELLO_FLAGS 0x2fff
/* Not part of the records. */
#define SL_HELLO_SAME 0x1000   /* INNER: the name is, so far, the one that the proxy was asked for */

enum sl_hello_state {
	SL_HELLO_TYPE = 0,
	SL_HELLO_LENGTH,
	SL_HELLO_SESSION,
	SL_HELLO_CIPHERS,
	SL_HELLO_METHODS,
	SL_HELLO_EXTS,
	SL_HELLO_EXT_TYPE,
	SL_HELLO_EXT_LEN,
	SL_HELLO_LIST_LEN,
	SL_HELLO_NAME_TYPE,
	SL_HELLO_NAME_LEN,
	SL_HELLO_NAME_BYTES,
	SL_HELLO_DONE,
	/* Requests to proxies: CONNECT (the rest of it last), then SOCKS5, then SOCKS4. */
	SL_PROXY_WORD,
	SL_PROXY_HOST,
	SL_PROXY_BRACKET,
	SL_PROXY_BRACKET_END,
	SL_PROXY_PORT,
	SL_PROXY_HEADERS,
	SL_PROXY_METHODS,
	SL_PROXY_METHOD,
	SL_PROXY_REQUEST,
	SL_PROXY_USER_LEN,
	SL_PROXY_USER,
	SL_PROXY_PASS_LEN,
	SL_PROXY_PASS,
	SL_PROXY_COMMAND,
	SL_PROXY_KIND,
	SL_PROXY_NAME_LEN,
	SL_PROXY_NAME,
	SL_PROXY_NAME_PORT,
	SL_PROXY_4_COMMAND,
	SL_PROXY_4_PORT,
	SL_PROXY_4_ADDR,
	SL_PROXY_4_USER,
	SL_PROXY_4_NAME,
};

/* All zero: nothing fed yet. */
struct sl_hello {
	__u32 at;          /* bytes of the stream consumed */
	__u32 left;        /* bytes of the handshake message not accounted for */
	__u32 number;      /* being read, big endian */
	__u32 skip;        /* bytes of the message to pass over before the next number */
	__u16 record_left; /* bytes of the TLS record */
	__u16 exts_left;   /* bytes of extensions behind the one at hand */
	__u16 ext_left;    /* bytes of the extension at hand */
	__u16 ext_type;
	__u16 flags;       /* SL_HELLO_* */
	__u8 header_at;    /* bytes of the record's header read */
	__u8 state;        /* enum sl_hello_state: what the number is */
	__u8 digits;       /* bytes of it still to come; in state SL_HELLO_NAME_BYTES: of the name; done with a request: SL_PROXY_REST_* */
	__u8 name_len;
	__u16 port;        /* that a proxy was asked for, 0 not told */
};

#ifndef __bpf__
#pragma GCC diagnostic pop
_Static_assert(sizeof(struct sl_hello) == 32, "part of struct sl_flow");
#endif

#define SL_HELLO_INLINE static inline __attribute__((always_inline))

SL_HELLO_INLINE void sl_hello_end(struct sl_hello *h, __u16 flag)
{
	/* What a proxy passes on need not be TLS. */
	if (!(h->flags & SL_HELLO_INNER) || flag != SL_HELLO_OTHER)
		h->flags |= flag;
	h->state = SL_HELLO_DONE;
}

SL_HELLO_INLINE void sl_hello_expect(struct sl_hello *h, __u8 state, __u8 digits)
{
	h->state = state;
	h->digits = digits;
	h->number = 0;
}

/* Nothing of a handshake message was read yet. */
SL_HELLO_INLINE int sl_hello_fresh(const struct sl_hello *h)
{
	return h->state == SL_HELLO_TYPE && !h->digits;
}

#include "proxy.h"

/* Passes over n bytes; then comes a number. The message must hold both. */
SL_HELLO_INLINE void sl_hello_pass(struct sl_hello *h, __u32 n, __u8 state, __u8 digits)
{
	if (n + digits > h->left) {
		sl_hello_end(h, SL_HELLO_BAD);
		return;
	}
	h->left -= n + digits;
	h->skip = n;
	sl_hello_expect(h, state, digits);
}

/* The extension at hand is done but for n bytes of it. */
SL_HELLO_INLINE void sl_hello_next_ext(struct sl_hello *h, __u32 n)
{
	if (!h->exts_left) {
		sl_hello_end(h, SL_HELLO_TLS);
		return;
	}
	if (h->exts_left < 4) {
		sl_hello_end(h, SL_HELLO_BAD);
		return;
	}
	h->exts_left -= 4;
	h->skip = n;
	sl_hello_expect(h, SL_HELLO_EXT_TYPE, 2);
}

#define SL_TLS_SERVER_NAME 0
#define SL_TLS_SESSION_TICKET 35
#define SL_TLS_PRE_SHARED_KEY 41
#define SL_TLS_ECH 0xfe0d

SL_HELLO_INLINE void sl_hello_extension(struct sl_hello *h, __u32 len)
{
	if (len > h->exts_left) {
		sl_hello_end(h, SL_HELLO_BAD);
		return;
	}
	h->exts_left -= len;
	if (h->ext_type == SL_TLS_ECH)
		h->flags |= SL_HELLO_ECH;
	if (h->ext_type == SL_TLS_PRE_SHARED_KEY || (h->ext_type == SL_TLS_SESSION_TICKET && len))
		h->flags |= SL_HELLO_RESUMED;
	if (h->ext_type != SL_TLS_SERVER_NAME) {
		sl_hello_next_ext(h, len);
	} else if (len < 5 || h->name_len) {
		/* Empty, or there twice: no client sends that, and servers differ in what they make of it. */
		sl_hello_end(h, SL_HELLO_BAD);
	} else {
		h->ext_left = len - 2;
		sl_hello_expect(h, SL_HELLO_LIST_LEN, 2);
	}
}

/* A number is complete. */
SL_HELLO_INLINE void sl_hello_number(struct sl_hello *h)
{
	__u32 n = h->number;

	switch (h->state) {
	case SL_HELLO_TYPE:
		if (n != 1)
			sl_hello_end(h, SL_HELLO_OTHER);
		else
			sl_hello_expect(h, SL_HELLO_LENGTH, 3);
		break;
	case SL_HELLO_LENGTH:
		h->left = n;
		sl_hello_pass(h, 34, SL_HELLO_SESSION, 1); /* version and random */
		break;
	case SL_HELLO_SESSION:
		sl_hello_pass(h, n, SL_HELLO_CIPHERS, 2);
		break;
	case SL_HELLO_CIPHERS:
		sl_hello_pass(h, n, SL_HELLO_METHODS, 1);
		break;
	case SL_HELLO_METHODS:
		/* Before TLS 1.2 a hello could end here. */
		if (n == h->left)
			sl_hello_end(h, SL_HELLO_TLS);
		else
			sl_hello_pass(h, n, SL_HELLO_EXTS, 2);
		break;
	case SL_HELLO_EXTS:
		if (n != h->left) {
			sl_hello_end(h, SL_HELLO_BAD);
			break;
		}
		h->exts_left = n;
		sl_hello_next_ext(h, 0);
		break;
	case SL_HELLO_EXT_TYPE:
		h->ext_type = n;
		sl_hello_expect(h, SL_HELLO_EXT_LEN, 2);
		break;
	case SL_HELLO_EXT_LEN:
		sl_hello_extension(h, n);
		break;
	case SL_HELLO_LIST_LEN:
		if (n != h->ext_left)
			sl_hello_end(h, SL_HELLO_BAD);
		else
			sl_hello_expect(h, SL_HELLO_NAME_TYPE, 1);
		break;
	case SL_HELLO_NAME_TYPE:
		h->ext_left--;
		if (n) /* none but host_name was ever defined */
			sl_hello_end(h, SL_HELLO_BAD);
		else
			sl_hello_expect(h, SL_HELLO_NAME_LEN, 2);
		break;
	case SL_HELLO_NAME_LEN:
		h->ext_left -= 2;
		if (!n || n > SL_HOST_MAX || n != h->ext_left)
			sl_hello_end(h, SL_HELLO_BAD);
		else
			sl_hello_expect(h, SL_HELLO_NAME_BYTES, (__u8)n);
		break;
	case SL_HELLO_NAME_BYTES:
		h->flags |= SL_HELLO_NAME;
		sl_hello_next_ext(h, 0);
		break;
	default:
		sl_hello_end(h, SL_HELLO_BAD);
	}
}

/* A byte of a record's header: type, version, length. */
SL_HELLO_INLINE void sl_hello_header(struct sl_hello *h, __u8 byte)
{
	__u8 at = h->header_at++;

	switch (at) {
	case 0:
		if (sl_hello_fresh(h) && sl_proxy_begins(h, byte))
			break;
		if (byte != 22) /* of a later record: alerts and data have no place within a hello */
			sl_hello_end(h, sl_hello_fresh(h) ? SL_HELLO_OTHER : SL_HELLO_BAD);
		break;
	case 1:
		if (byte != 3)
			sl_hello_end(h, sl_hello_fresh(h) ? SL_HELLO_OTHER : SL_HELLO_BAD);
		break;
	case 2:
		break;
	case 3:
		h->record_left = byte << 8;
		h->header_at = 4;
		break;
	default:
		h->header_at = 0;
		h->record_left |= byte;
		if (!h->record_left || h->record_left > 16384)
			sl_hello_end(h, SL_HELLO_BAD);
		else if (h->state == SL_HELLO_TYPE && !h->digits)
			h->digits = 1;
		break;
	}
}

/* Bytes that can be passed over, of `avail`, without a look at them. */
SL_HELLO_INLINE __u32 sl_hello_jump(struct sl_hello *h, __u32 avail)
{
	__u32 n = h->skip;

	if (h->header_at || h->state >= SL_HELLO_DONE)
		return 0;
	if (n > h->record_left)
		n = h->record_left;
	if (n > avail)
		n = avail;
	h->skip -= n;
	h->record_left -= n;
	h->at += n;
	return n;
}

/* A byte of the name, over one of what a proxy was asked for. */
SL_HELLO_INLINE void sl_hello_name(struct sl_hello *h, __u8 *at, __u8 byte)
{
	if (*at != byte)
		h->flags &= ~SL_HELLO_SAME;
	*at = byte;
}

/* One byte that cannot. name: SL_HOST_MAX + 1 bytes, a power of two. */
SL_HELLO_INLINE void sl_hello_byte(struct sl_hello *h, __u8 *name, __u8 byte)
{
	if (h->state > SL_HELLO_DONE) {
		sl_proxy_byte(h, name, byte);
	} else if (!h->record_left || h->header_at) {
		sl_hello_header(h, byte);
	} else {
		h->record_left--;
		if (h->state == SL_HELLO_NAME_BYTES) {
			sl_hello_name(h, &name[h->name_len++ & SL_HOST_MAX], byte);
			/* The one that was asked for ends with a NUL. */
			if (h->digits == 1 && name[h->name_len & SL_HOST_MAX])
				h->flags &= ~SL_HELLO_SAME;
		} else {
			h->number = h->number << 8 | byte;
		}
		if (!--h->digits)
			sl_hello_number(h);
	}
	h->at++;
	if (h->at >= (h->flags & SL_HELLO_PROXY ? 2 * SL_HELLO_MAX : SL_HELLO_MAX) && h->state != SL_HELLO_DONE)
		sl_hello_end(h, SL_HELLO_LONG);
}

/*
 * Done with a request to a proxy: what follows is for whoever that leads to. True: more of the flow is wanted; until its name comes,
 * none is known. What was asked for is the caller's to keep; `name` must stay as it is.
 */
SL_HELLO_INLINE int sl_hello_again(struct sl_hello *h)
{
	__u8 rest = h->digits;

	if ((h->flags & (SL_HELLO_PROXY | SL_HELLO_NAME | SL_HELLO_INNER | SL_HELLO_BAD | SL_HELLO_LONG)) !=
	    (SL_HELLO_PROXY | SL_HELLO_NAME))
		return 0;
	h->flags = SL_HELLO_PROXY | SL_HELLO_INNER | (h->flags & SL_HELLO_ADDR ? 0 : SL_HELLO_SAME);
	h->left = h->skip = 0;
	h->record_left = h->exts_left = h->ext_left = h->ext_type = 0;
	h->header_at = h->name_len = 0;
	sl_hello_expect(h, rest ? SL_PROXY_HEADERS : SL_HELLO_TYPE, rest == SL_PROXY_REST_LINES);
	return 1;
}

/* Is there something to tell of, now that it is done? What follows a request only where it says something new. */
SL_HELLO_INLINE int sl_hello_telling(const struct sl_hello *h)
{
	if (!(h->flags & SL_HELLO_INNER))
		return !(h->flags & SL_HELLO_OTHER);
	return h->flags & (SL_HELLO_BAD | SL_HELLO_LONG) ||
	       (h->flags & SL_HELLO_NAME ? !(h->flags & SL_HELLO_SAME) : h->flags & SL_HELLO_ECH);
}

/* Is this the beginning of a QUIC connection: a long header with the fixed bit and a version? (RFC 9000, 17.2) */
SL_HELLO_INLINE int sl_hello_quic(const __u8 *bytes)
{
	return (bytes[0] & 0xc0) == 0xc0 && (bytes[1] | bytes[2] | bytes[3] | bytes[4]);
}

#ifndef __bpf__
/* The next piece of the stream. True: done, no more is wanted. */
static inline int sl_hello_feed(struct sl_hello *h, __u8 name[SL_HOST_MAX + 1], const __u8 *bytes, __u32 len)
{
	__u32 i = 0;

	while (i < len && h->state != SL_HELLO_DONE) {
		__u32 n = sl_hello_jump(h, len - i);

		if (!n)
			sl_hello_byte(h, name, bytes[i]);
		i += n ? n : 1;
	}
	return h->state == SL_HELLO_DONE;
}
#endif

#endif /* SL_HELLO_H */
