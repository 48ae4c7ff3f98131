/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what DNS answers tell (source port 53, loopback stub included): the addresses in them get the
 * name that was asked for before whoever asked reads the answer, so that its connection is judged by that name; and they
 * go to the agent raw, with the session that asked when its socket is known. The packets come from flow.bpf.c.
 *
 * An answer by UDP counts only if the socket that it comes to has asked that question under that number, a short while ago, and only
 * once; over TCP the connection is the proof, and to root over the loopback, outside every session, who may send from that port. What is learnt holds in the network namespace of that socket alone: in one of one's own,
 * anybody can be the resolver.
 *
 * Known limits: a resolver that a process chooses itself can say what it likes, in the namespace where it is asked; answers over
 * TCP that do not begin and end with a segment are counted (SL_LOSS_DNS_LONG); what TLS, HTTPS and QUIC
 * resolvers answer is not seen at all (that somebody asks one is: providers of tier `resolver`); IPv6
 * extension headers and IP fragments are passed over. The owners of address records are not compared with the chain of CNAMEs
 * from the question (the agent does that for what it shows): a server can give any address for its own names anyway.
 */
#include "common.h"
#include "net.h"
#include "spell.h"

/* ---- names of addresses --------------------------------------------------------------------------------------------- */

#define DNS_HEADER 12
#define LOOPBACK 1             /* index of the interface, in every network namespace */
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
#define SOCK_AT (ENTRY_AT + sizeof(struct sl_net_names))

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
	__u32 hash;      /* of the name; with type and class once it is whole */
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
	q->hash = forget((q->hash ^ byte) * 0x01000193u);
	return 0;
}

/* The only question of a message, of which len bytes are in the scratch buffer. Returns 0 if there is none that is whole. */
ALWAYS_INLINE int read_question(struct scratch *s, __u32 len, struct question *q)
{
	const __u8 *m = s->data + MESSAGE_AT;
	__u32 at;

	q->bytes = s->data;
	q->len = forget(len);
	q->left = forget(0);
	if (be16(m + 4) != 1)
		return 0;
	bpf_loop(DNS_NAME_MAX, question_cb, q, 0);
	at = q->end;
	opaque(at);
	if (!at || at + 4 > len || at >= SL_DNS_MAX)
		return 0;
	q->hash = (q->hash ^ be16(m + at)) * 0x01000193u ^ be16(m + at + 2);
	return 1;
}

/* ---- what was asked ------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE void note_question(struct dns_asked *asked, __u32 id, __u32 hash, __u64 now)
{
	__u32 at = __sync_fetch_and_add(&asked->next, 1) & (DNS_ASKED - 1);

	for (__u32 i = 0; i < DNS_ASKED; i++)
		if (asked->v[i].id == id && asked->v[i].hash == hash)
			at = i; /* sent again */
	opaque(at);
	at &= DNS_ASKED - 1;
	asked->v[at].until_ns = 0;
	asked->v[at].id = id;
	asked->v[at].hash = hash;
	*(volatile __u64 *)&asked->v[at].until_ns = now + DNS_ASKED_NS;
}

/* Returns 1 if that was asked and is not answered yet. */
ALWAYS_INLINE int take_question(struct dns_asked *asked, __u32 id, __u32 hash, __u64 now)
{
	for (__u32 i = 0; i < DNS_ASKED; i++) {
		__u64 until = *(volatile __u64 *)&asked->v[i].until_ns;

		if (until >= now && asked->v[i].id == id && asked->v[i].hash == hash &&
		    __sync_val_compare_and_swap(&asked->v[i].until_ns, until, 0) == until)
			return 1;
	}
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
	__u32 set, asker, netns;
};

ALWAYS_INLINE void learn(struct answers *a, const __u8 *addr, __u32 type, __u32 ttl)
{
	struct sl_net_names *names, *fresh = (struct sl_net_names *)(a->bytes + ENTRY_AT);
	struct net_addr key = { .addr = { [10] = 0xff, 0xff }, .netns = a->netns };
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

/* s: the scratch buffer with the message and its question as text. */
ALWAYS_INLINE void learn_answer(struct scratch *s, __u32 len, const struct question *q, __u32 asker, __u32 netns)
{
	const __u8 *m = s->data + MESSAGE_AT;
	struct answers a = { .bytes = s->data, .len = forget(len), .behind = forget(0), .ttl = forget(~0u), .asker = asker, .netns = netns };

	/* Without an error; no other can give an address. */
	if (m[3] & 0x0f || !be16(m + 6))
		return;
	a.set = name_set(s->data + NAME_AT, q->text_len);
	a.at = forget(q->end + 4);
	a.left = forget(be16(m + 6));
	a.now = bpf_ktime_get_boot_ns();
	bpf_loop(DNS_STEPS, answer_cb, &a, 0);
}

/* ---- packets -------------------------------------------------------------------------------------------------------- */

/* The message into the scratch buffer. A function of its own, for the stack. */
GLOBAL int load_message(struct __sk_buff *skb, struct scratch *s, __u32 from, __u32 len)
{
	if (!skb || !s)
		return -EINVAL;
	opaque(len);
	if (len < DNS_HEADER || len > SL_DNS_MAX)
		return -EINVAL;
	return bpf_skb_load_bytes(skb, from, s->data + MESSAGE_AT, len);
}

/* Low half of the cookie of the network namespace. By way of memory the pointer becomes a number, which the verifier lets be read from. */
ALWAYS_INLINE __u32 netns_of(struct scratch *s, const struct bpf_sock *sk)
{
	volatile __u64 *room = (volatile __u64 *)(s->data + SOCK_AT);
	struct sock *number;

	*room = (__u64)sk;
	number = (struct sock *)*room;
	return BPF_CORE_READ(number, __sk_common.skc_net.net, net_cookie);
}

/* Sends the message in the scratch buffer to the agent. mark: of its socket, NULL: none. A function of its own, for the stack. */
static __attribute__((noinline)) int hand_on(struct __sk_buff *skb, struct scratch *s, __u32 len, const struct sl_socket *mark, __u32 netns)
{
	struct sl_rec_dns *rec = (struct sl_rec_dns *)s->data;

	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_DNS);
	rec->cookie = bpf_get_socket_cookie(skb);
	rec->netns = netns;
	if (mark) {
		rec->session_ns = mark->who.session_ns;
		rec->session_pid = mark->who.session_pid;
		rec->tgid = mark->who.tgid;
	}
	opaque(len);
	if (len > SL_DNS_MAX)
		return 0;
	rec->payload_len = len;
	send_ordinary(&rec->hdr, sizeof(*rec) + len);
	return 0;
}

GLOBAL int dns_question(struct __sk_buff *skb, __u32 from, __u32 len)
{
	struct question q = {};
	struct dns_asked *asked;
	struct sl_socket *mark;
	struct bpf_sock *sk;
	struct scratch *s;
	const __u8 *m;

	if (!skb)
		return 0;
	sk = skb->sk;
	if (!sk)
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	m = s->data + MESSAGE_AT;
	if (load_message(skb, s, from, len) || m[2] & 0xf8 || !read_question(s, len, &q))
		goto out;
	asked = bpf_sk_storage_get(&dns_questions, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (asked)
		note_question(asked, be16(m), q.hash, bpf_ktime_get_boot_ns());
	else
		count_loss(SL_LOSS_SOCK);
	mark = maybe_marked(sk) ? bpf_sk_storage_get(&flow_marks, sk, 0, 0) : NULL;
	if (mark && mark->who.session_ns)
		hand_on(skb, s, len, mark, netns_of(s, sk));
out:
	scratch_put(s);
	return 0;
}

/* Over the loopback, to root: who sends that from port 53 is root as well, and root's word on its own host counts unasked. */
ALWAYS_INLINE int is_roots_own(struct __sk_buff *skb)
{
	return skb->ifindex == LOOPBACK && !bpf_get_socket_uid(skb);
}

/* Learns from it and hands it on. tcp: it came on a connection. */
GLOBAL int dns_answer(struct __sk_buff *skb, __u32 from, __u32 len, __u32 tcp)
{
	struct question q = {};
	struct dns_asked *asked;
	struct bpf_sock *sk;
	struct scratch *s;
	struct sl_socket *mark;
	__u32 netns, own;
	const __u8 *m;

	if (!skb)
		return 0;
	sk = skb->sk;
	if (!sk)
		return 0;
	asked = bpf_sk_storage_get(&dns_questions, sk, 0, 0);
	mark = maybe_marked(sk) ? bpf_sk_storage_get(&flow_marks, sk, 0, 0) : NULL;
	own = !mark && is_roots_own(skb);
	if (!asked && !tcp && !own)
		return 0;
	if (len > SL_DNS_MAX) {
		count_loss(SL_LOSS_DNS_LONG);
		return 0;
	}
	s = scratch_get();
	if (!s)
		return 0;
	m = s->data + MESSAGE_AT;
	if (load_message(skb, s, from, len) || (m[2] & 0xf8) != 0x80 || !read_question(s, len, &q))
		goto out;
	netns = netns_of(s, sk);
	if (!tcp && !(own && netns == knobs.netns) &&
	    !(asked && take_question(asked, be16(m), q.hash, bpf_ktime_get_boot_ns())))
		goto out;
	if (knobs.net.rules && decides(1))
		learn_answer(s, len, &q, mark ? sl_net_asker(mark->who.session_ns, mark->who.session_pid) : 0, netns);
	hand_on(skb, s, len, mark, netns);
out:
	scratch_put(s);
	return 0;
}
