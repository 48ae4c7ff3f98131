/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what DNS answers tell (source port 53, loopback stub included): the addresses in them get the
 * name that was asked for before whoever asked reads the answer, so that its connection is judged by that name; and they
 * go to the agent raw, with the session that asked when its socket is known. The packets come from flow.bpf.c.
 *
 * Known limits: answers over TCP that do not begin and end with a segment are counted (SL_LOSS_DNS_LONG); what TLS, HTTPS and QUIC
 * resolvers answer is not seen at all (that somebody asks one is: providers of tier `resolver`); IPv6
 * extension headers and IP fragments are passed over. The owners of address records are not compared with the chain of CNAMEs
 * from the question (the agent does that for what it shows): a server can give any address for its own names anyway.
 */
#include "common.h"
#include "net.h"
#include "spell.h"

/* ---- names of addresses --------------------------------------------------------------------------------------------- */

#define DNS_HEADER 12
#define DNS_NAME_MAX 255
#define DNS_STEPS 512          /* over the answers: a step is a label or a record; what is behind them is not looked at */
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define CLASS_IN 1
#define SECOND_NS 1000000000ull

/* The scratch buffer: the record with the message, far behind it the name as text, and an entry of net_names. */
#define MESSAGE_AT sizeof(struct sl_rec_dns)
#define NAME_AT 8192
#define ENTRY_AT (NAME_AT + 256)

ALWAYS_INLINE __u32 be16(const __u8 *p)
{
	return (__u32)p[0] << 8 | p[1];
}

struct question {
	__u8 *bytes;
	__u32 len;       /* of the message */
	__u32 left;      /* of the label */
	__u32 end;       /* offset behind the name, 0: not found */
	__u32 text_len;
};

/* A byte of the question: the length of a label becomes the dot before it. */
static long question_cb(__u32 i, void *ctx)
{
	struct question *q = ctx;
	__u32 at = DNS_HEADER + i, to = i ? i - 1 : 0, left = q->left;
	__u8 byte;

	opaque(at); /* the indices are the very numbers that are compared */
	opaque(to);
	if (to >= DNS_NAME_MAX || at >= SL_DNS_MAX || at >= q->len || !q->bytes)
		return 1;
	byte = q->bytes[MESSAGE_AT + at];
	if (left) {
		q->left = forget(left - 1);
		byte = host_byte(byte);
	} else if (!byte) {
		q->end = at + 1;
		q->text_len = i ? i - 1 : 0;
		return 1;
	} else if (byte > 63) {
		return 1; /* no question is compressed */
	} else {
		q->left = forget(byte);
		byte = '.';
	}
	q->bytes[NAME_AT + to] = byte;
	return 0;
}

ALWAYS_INLINE void note_asker(struct sl_net_name *n, __u32 asker)
{
	if (!asker || n->askers[0] == asker)
		return;
	if (n->askers[1] != asker) {
		if (n->askers[2] != asker)
			n->askers[3] = n->askers[2];
		n->askers[2] = n->askers[1];
	}
	n->askers[1] = n->askers[0];
	n->askers[0] = asker;
}

/* Others read and write this very entry: words change whole, and an entry that gets another set is out of the question until
 * its askers are there. */
ALWAYS_INLINE void note_name(struct sl_net_names *names, __u64 word, __u32 asker, __u64 now)
{
	__u64 oldest = ~0ull;
	struct sl_net_name *n = NULL;

	for (__u32 i = 0; i < SL_NET_NAMES; i++) {
		__u64 have = *(volatile __u64 *)&names->names[i].word;

		if (have && SL_NET_WORD_SET(have) == SL_NET_WORD_SET(word) && have != SL_NET_WORD_GONE) {
			note_asker(&names->names[i], asker);
			if (word > have)
				__sync_val_compare_and_swap(&names->names[i].word, have, word);
			return;
		}
		if (!have || have < oldest) {
			oldest = have;
			n = &names->names[i];
		}
		if (!have)
			break;
	}
	if (!n || __sync_val_compare_and_swap(&n->word, oldest, SL_NET_WORD_GONE) != oldest)
		return; /* another processor is noting the same address: its answer counts */
	if (oldest && SL_NET_WORD_UNTIL(oldest) >= now)
		count_loss(SL_LOSS_NET_NAME);
	n->askers[0] = asker;
	n->askers[1] = n->askers[2] = n->askers[3] = 0;
	__sync_lock_test_and_set(&n->word, word);
}

struct answers {
	__u8 *bytes;
	__u64 now;
	__u32 len;       /* of the message */
	__u32 at;        /* where the next step begins */
	__u32 left;      /* records */
	__u32 behind;    /* 1: at stands behind the record's name */
	__u32 ttl;       /* least along the chain of CNAMEs */
	__u32 set, asker;
};

ALWAYS_INLINE void learn(struct answers *a, const __u8 *addr, __u32 type, __u32 ttl)
{
	struct sl_net_names *names, *fresh = (struct sl_net_names *)(a->bytes + ENTRY_AT);
	struct net_addr key = { .addr = { [10] = 0xff, 0xff } };
	__u64 word;

	if (type == TYPE_A)
		__builtin_memcpy(key.addr + 12, addr, 4);
	else
		__builtin_memcpy(key.addr, addr, 16);
	if (ttl > a->ttl)
		ttl = a->ttl;
	if (ttl < SL_NET_TTL_MIN)
		ttl = SL_NET_TTL_MIN;
	if (ttl > SL_NET_TTL_MAX)
		ttl = SL_NET_TTL_MAX;
	word = SL_NET_WORD(a->now + ttl * SECOND_NS, (__u16)a->set);
	names = bpf_map_lookup_elem(&net_names, &key);
	if (!names) {
		__builtin_memset(fresh, 0, sizeof(*fresh));
		fresh->names[0].word = word;
		fresh->names[0].askers[0] = a->asker;
		if (!bpf_map_update_elem(&net_names, &key, fresh, BPF_NOEXIST))
			return;
		names = bpf_map_lookup_elem(&net_names, &key);
	}
	if (names)
		note_name(names, word, a->asker, a->now);
	else
		count_loss(SL_LOSS_NET_NAME);
}

static long answer_cb(__u32 i, void *ctx)
{
	struct answers *a = ctx;
	__u32 at = a->at, type, len, ttl;
	const __u8 *p;

	opaque(at);
	if (!a->bytes || at >= SL_DNS_MAX || at >= a->len)
		return 1;
	p = a->bytes + MESSAGE_AT + at;
	if (!a->behind) {
		if (*p > 63 && *p < 0xc0)
			return 1;
		a->behind = *p >= 0xc0 || !*p;
		a->at = forget(at + (*p >= 0xc0 ? 2 : 1 + *p));
		return 0;
	}
	if (at + 10 > a->len)
		return 1;
	type = be16(p);
	ttl = be16(p + 4) << 16 | be16(p + 6);
	len = be16(p + 8);
	if (at + 10 + len > a->len)
		return 1;
	if (ttl >> 31)
		ttl = 0; /* the highest bit is no part of the number */
	if (be16(p + 2) == CLASS_IN) {
		if (type == TYPE_CNAME && ttl < a->ttl)
			a->ttl = ttl;
		if ((type == TYPE_A && len == 4) || (type == TYPE_AAAA && len == 16))
			learn(a, p + 10, type, ttl);
	}
	a->behind = 0;
	a->at = forget(at + 10 + len);
	a->left = forget(a->left - 1);
	return !a->left;
}

/* s: the scratch buffer with the message. asker: 0 unknown. */
ALWAYS_INLINE void learn_answer(struct scratch *s, __u32 len, __u32 asker)
{
	const __u8 *m = s->data + MESSAGE_AT;
	struct question q = { .bytes = s->data, .len = forget(len), .left = forget(0) };
	struct answers a = { .bytes = s->data, .len = forget(len), .behind = forget(0), .ttl = forget(~0u), .asker = asker };

	/* An answer, to a query, of one question, without an error; no other can give an address. */
	if ((m[2] & 0xf8) != 0x80 || m[3] & 0x0f || be16(m + 4) != 1 || !be16(m + 6))
		return;
	bpf_loop(DNS_NAME_MAX, question_cb, &q, 0);
	if (!q.end || q.end + 4 > len)
		return;
	a.set = name_set(s->data + NAME_AT, q.text_len);
	a.at = forget(q.end + 4);
	a.left = forget(be16(m + 6));
	a.now = bpf_ktime_get_boot_ns();
	bpf_loop(DNS_STEPS, answer_cb, &a, 0);
}

/* ---- packets -------------------------------------------------------------------------------------------------------- */

/* Learns from it and hands it on. */
GLOBAL int dns_answer(struct __sk_buff *skb, __u32 from, __u32 len)
{
	struct bpf_sock *sk;
	struct scratch *s;
	struct sl_socket *mark;
	struct sl_rec_dns *rec;
	__u32 asker = 0;

	if (!skb)
		return 0;
	sk = skb->sk;
	mark = sk && maybe_marked(sk) ? bpf_sk_storage_get(&flow_marks, sk, 0, 0) : NULL;
	s = scratch_get();
	if (!s)
		return 0;
	rec = (struct sl_rec_dns *)s->data;
	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_DNS);
	rec->cookie = bpf_get_socket_cookie(skb);
	if (mark) {
		rec->session_ns = mark->who.session_ns;
		rec->session_pid = mark->who.session_pid;
		rec->tgid = mark->who.tgid;
		asker = sl_net_asker(rec->session_ns, rec->session_pid);
	}
	if (len > SL_DNS_MAX) {
		count_loss(SL_LOSS_DNS_LONG);
		goto out;
	}
	opaque(len);
	if (len < 12 || len > SL_DNS_MAX) /* shorter than a DNS header */
		goto out;
	rec->payload_len = len;
	if (bpf_skb_load_bytes(skb, from, rec + 1, len))
		goto out;
	if (knobs.net.rules && decides(1))
		learn_answer(s, len, asker);
	send_ordinary(&rec->hdr, sizeof(*rec) + len);
out:
	scratch_put(s);
	return 0;
}
