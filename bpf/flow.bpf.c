/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: packets, and the flows of sessions. Egress: what a flow sends is counted, whichever call sent it (write, sendfile, io_uring, TCP
 * Fast Open); a flow begins with the first packet that shows one, so that a refused connect has none; the first bytes of a TCP flow are
 * read as a TLS ClientHello, its server name is judged by the connect rules, and where that name is blocked nothing more is sent on the
 * flow; the first datagram of a UDP socket that a labelled process connected is reported. Ingress: what a flow receives is counted, DNS
 * answers go to names.bpf.c. Closing: the flow is told.
 *
 * Sockets of sessions carry a mark (flow_marks, set as they connect or send). By far most packets are of others: a count by
 * the socket's address (places) lets them pass without a look for the mark. A socket that was there before is marked by the agent.
 *
 * Known limits: MPTCP, raw and packet sockets have no flow; nor has what comes in on a
 * socket that was given to the session to listen on.
 * A flow that first speaks something else (STARTTLS) shows no server name; of one to a proxy that is what the proxy was asked for, and
 * the name in the hello behind the request. A name that is cut has been sent, if the hello comes in pieces: the server never gets the
 * rest of it. The flow of a connected UDP socket begins with its first datagram: what it received before that is not in its bytes.
 */
#include "memory.h"
#include "net.h"
#include "spell.h"

#define AF_INET 2
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define HEADER 20              /* of IPv4 and of TCP, without options */
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_URG 0x20
#define UDP_HEADER 8
#define IP6_HEADERS 4          /* extension headers that are passed over */
#define WINDOW 4096            /* bytes of a hello read at a time; a power of two */
#define WINDOWS 8              /* in one packet */
#define STEPS 3                /* requests to proxies, and the hello behind them, in one packet */

/* ---- a packet ------------------------------------------------------------------------------------------------------- */

struct packet {
	__u32 seq;       /* TCP: of its first byte */
	__u32 from;      /* offset of the payload */
	__u32 len;       /* of the payload */
	__u16 segs;      /* on the wire */
	__u8 syn;        /* TCP: it asks for a connection */
	__u8 urgent;     /* TCP: it has a byte that the other side may not read as one of the stream */
};

/* What follows the IP headers, and where. head: room for one header; a call costs more than the bytes do. */
ALWAYS_INLINE int transport_of(struct __sk_buff *skb, __u8 head[HEADER], __u8 *ret_proto, __u32 *ret_at)
{
	__u32 at;

	if (bpf_skb_load_bytes(skb, 0, head, HEADER))
		return -EINVAL;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		*ret_proto = head[9];
		*ret_at = (head[0] & 0xf) * 4;
		return 0;
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6))
		return -EINVAL;
	*ret_proto = head[6];
	at = 40;
	for (int i = 0; i < IP6_HEADERS; i++) {
		/* hop-by-hop (large segments have one), routing, destination options */
		if (*ret_proto != 0 && *ret_proto != 43 && *ret_proto != 60)
			break;
		if (bpf_skb_load_bytes(skb, at, head, 2))
			return -EINVAL;
		*ret_proto = head[0];
		at += (head[1] + 1) * 8;
	}
	*ret_at = at;
	return 0;
}

/* Payload of a packet that is of this protocol. A function of its own, for the stack. */
static __attribute__((noinline)) int packet_of(struct __sk_buff *skb, __u8 proto, struct packet *ret)
{
	__u8 found = 0, head[HEADER];
	__u32 at = 0;

	if (transport_of(skb, head, &found, &at) || found != proto)
		return -EINVAL;
	if (proto == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
			return -EINVAL;
		ret->seq = (__u32)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
		ret->syn = head[13] & TCP_FLAG_SYN;
		ret->urgent = head[13] & TCP_FLAG_URG;
		ret->seq += ret->syn ? 1 : 0; /* it takes a number itself */
		ret->from = at + (head[12] >> 4) * 4;
	} else {
		ret->from = at + UDP_HEADER;
	}
	if (ret->from > skb->len)
		return -EINVAL;
	ret->len = skb->len - ret->from;
	ret->segs = skb->gso_segs;
	if (!ret->segs)
		ret->segs = 1;
	return 0;
}

/* The mark of the packet's socket, if it is of a session. */
ALWAYS_INLINE struct sl_socket *mark_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct sl_socket *mark = sk ? bpf_sk_storage_get(&flow_marks, sk, 0, 0) : NULL;

	if (mark)
		into_place(mark, place_of(sk), SL_PLACED_LATER);
	return mark;
}

/* ---- the life of a flow --------------------------------------------------------------------------------------------- */

GLOBAL int flow_open(const struct sl_socket *mark, const struct dest *d, const struct sl_net_choice *choice, __u64 cookie)
{
	struct sl_flow *f;
	struct scratch *s;
	__u32 fresh;

	if (!mark || !d || !choice)
		return 0;
	f = bpf_map_lookup_elem(&flows, &cookie);
	/* A UDP socket that has sent keeps its flow; what was pointed elsewhere before is forgotten. */
	if (f && d->kind == SL_NET_DATAGRAM && (f->sent_segs || f->received_segs))
		return 0;
	fresh = !f;
	if (fresh && !owner_take(SL_OWNED_FLOW, mark->owner - 1)) {
		count_loss(SL_LOSS_FLOW);
		return 0;
	}
	s = scratch_get();
	if (!s)
		goto none;
	f = (struct sl_flow *)s->data;
	/* Of the two names only their lengths count. */
	__builtin_memset(f, 0, __builtin_offsetof(struct sl_flow, name));
	__builtin_memset(&f->asked_len, 0, sizeof(*f) - __builtin_offsetof(struct sl_flow, asked_len));
	f->by = mark->by;
	__builtin_memcpy(f->addr, d->addr, sizeof(f->addr));
	f->port = d->port;
	f->family = d->family;
	f->netns = d->netns;
	f->owner = mark->owner;
	f->proto = d->kind == SL_NET_DATAGRAM ? IPPROTO_UDP : IPPROTO_TCP;
	f->first_ns = f->last_ns = bpf_ktime_get_boot_ns();
	f->rule = choice->rule;
	f->action = choice->action;
	f->state = choice->state;
	f->root_ns = mark->root.ns;
	f->root_pid = mark->root.pid;
	if (!bpf_map_update_elem(&flows, &cookie, f, BPF_ANY))
		fresh = 0;
	else
		count_loss(SL_LOSS_FLOW);
	scratch_put(s);
none:
	if (fresh)
		owner_give(SL_OWNED_FLOW, mark->owner - 1);
	return 0;
}

/* Tells of a flow and forgets it. A UDP socket that nothing was sent on is not worth a word: so addresses are sorted. */
GLOBAL int flow_end(__u64 cookie, __u32 flags)
{
	struct sl_flow *f = bpf_map_lookup_elem(&flows, &cookie);
	struct sl_rec_flow *rec;
	struct scratch *s;
	const __u8 *name;
	__u32 len, told, owner;

	if (!f)
		return 0;
	owner = f->owner;
	if (f->proto == IPPROTO_UDP && !f->sent_segs && !f->received_segs)
		goto out;
	if (f->after_bytes)
		follow_told(f, cookie, 0);
	s = scratch_get();
	if (!s)
		goto out;
	rec = (struct sl_rec_flow *)s->data;
	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_FLOW);
	rec->who = f->who;
	rec->cookie = cookie;
	__builtin_memcpy(rec->addr, f->addr, sizeof(rec->addr));
	rec->port = f->port;
	rec->family = f->family;
	rec->proto = f->proto;
	rec->netns = sl_netns_tag(f->netns);
	rec->flags = f->flags | flags;
	rec->first_ns = f->first_ns;
	rec->last_ns = f->last_ns;
	rec->sent_bytes = f->sent_bytes;
	rec->received_bytes = f->received_bytes;
	rec->sent_segs = f->sent_segs;
	rec->received_segs = f->received_segs;
	name = sl_flow_name(f, &told, &len);
	rec->hello_flags = told;
	rec->name_len = len;
	rec->asked_port = f->hello.port;
	/* By words: the compiler would copy bytes, not knowing which of the two it is. */
	if (len)
		__builtin_memcpy(rec + 1, __builtin_assume_aligned(name, 8), sizeof(f->name));
	send_ordinary(&rec->hdr, sizeof(*rec) + (len & SL_HOST_MAX));
	scratch_put(s);
out:
	if (!bpf_map_delete_elem(&flows, &cookie))
		owner_give(SL_OWNED_FLOW, owner - 1);
	return 0;
}

/* ---- the hello ------------------------------------------------------------------------------------------------------ */

struct feeding {
	struct sl_flow *flow;
	const __u8 *bytes;       /* a window of the payload */
	__u32 at, loaded, left;  /* within the window; bytes of it; bytes of the payload from its beginning */
};

/* A byte of a request to a proxy. A global function, see path.h: verified once and not for each state of the loop. */
GLOBAL int proxy_fed(struct sl_flow *f, __u32 byte)
{
	if (f && f->hello.state > SL_HELLO_DONE)
		sl_hello_byte(&f->hello, f->name, byte);
	return 0;
}

static long feed_cb(__u32 i, void *ctx)
{
	struct feeding *g = ctx;
	struct sl_flow *f = g->flow;
	__u32 at = g->at, n;

	if (!f || !g->bytes || at >= g->left)
		return 1;
	n = sl_hello_jump(&f->hello, g->left - at);
	if (!n) {
		opaque(at);
		if (at >= WINDOW || at >= g->loaded)
			return 1;
		if (f->hello.state > SL_HELLO_DONE)
			proxy_fed(f, g->bytes[at]);
		else
			sl_hello_byte(&f->hello, f->name, g->bytes[at]);
		n = 1;
	}
	g->at = forget(at + n);
	return f->hello.state == SL_HELLO_DONE;
}

/* Reads on from `from`; len bytes of payload are there. A function of its own, for the stack. */
GLOBAL int feed(struct __sk_buff *skb, struct sl_flow *f, struct scratch *s, __u32 from, __u32 len)
{
	if (!skb || !f || !s)
		return 0;
	for (int i = 0; i < WINDOWS && len; i++) {
		__u32 want = len;
		struct feeding g = { .flow = f, .bytes = s->data, .at = forget(0), .left = len };

		if (want > WINDOW)
			want = WINDOW;
		/* 6.1 does not see from a comparison that it is not 0. */
		want--;
		opaque(want);
		want = (want & (WINDOW - 1)) + 1;
		if (bpf_skb_load_bytes(skb, from, s->data, want))
			break;
		g.loaded = forget(want);
		bpf_loop(WINDOW, feed_cb, &g, 0);
		if (f->hello.state == SL_HELLO_DONE || g.at >= len)
			return 0;
		from = forget(from + g.at);
		len = forget(len - g.at);
	}
	if (len)
		sl_hello_end(&f->hello, SL_HELLO_LONG);
	return 0;
}

/* A function of its own, for the stack. */
static __attribute__((noinline)) __u32 set_of_name(const __u8 *text, __u32 len)
{
	return name_set(text, name_len_of(text, len));
}

GLOBAL int flow_judge(const struct sl_flow *f, __u32 state, struct sl_net_choice *ret)
{
	struct dest d = {};

	if (!f || !ret)
		return 0;
	__builtin_memcpy(d.addr, f->addr, sizeof(d.addr));
	d.port = f->port;
	d.family = f->family;
	d.netns = f->netns;
	d.kind = f->proto == IPPROTO_TCP ? SL_NET_STREAM : SL_NET_DATAGRAM;
	if ((f->hello.flags & (SL_HELLO_NAME | SL_HELLO_PROXY)) == SL_HELLO_NAME)
		return net_judge_name(&f->by, &d, set_of_name(f->name, f->hello.name_len), state, ret);
	net_judge(&f->by, &d, state, ret);
	if (!(f->hello.flags & SL_HELLO_PROXY))
		return 0;
	/* The strictest: on the proxy, and on where it is asked to go. Of a name the address is the proxy's business: none. */
	__builtin_memset(&d, 0, sizeof(d));
	d.netns = f->netns;
	d.kind = SL_NET_STREAM;
	d.port = f->hello.port ? f->hello.port : f->port;
	if (f->asked_addr) {
		__builtin_memcpy(d.addr, f->asked, sizeof(d.addr));
		d.family = f->asked_len == 4 ? 4 : 6;
		net_judge(&f->by, &d, state, ret);
	} else if (f->asked_len) {
		net_judge_name(&f->by, &d, set_of_name(f->asked, f->asked_len), state, ret);
	}
	/* And on whom the hello behind the request is for. */
	if ((f->hello.flags & (SL_HELLO_INNER | SL_HELLO_NAME)) != (SL_HELLO_INNER | SL_HELLO_NAME))
		return 0;
	d.family = 0;
	return net_judge_name(&f->by, &d, set_of_name(f->name, f->hello.name_len), state, ret);
}

/* Judges the server name and tells. Returns 0 if the flow is cut. */
GLOBAL int hello_told(struct sl_flow *f, __u64 cookie)
{
	struct sl_net_choice choice = {};
	struct sl_rec_hello *rec;
	struct scratch *s;
	__u32 len;

	if (!f)
		return 1;
	s = scratch_get();
	if (!s)
		return 1;
	rec = (struct sl_rec_hello *)s->data;
	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_HELLO);
	rec->who = f->who;
	rec->cookie = cookie;
	__builtin_memcpy(rec->addr, f->addr, sizeof(rec->addr));
	rec->port = f->port;
	rec->family = f->family;
	rec->proto = f->proto;
	rec->netns = sl_netns_tag(f->netns);
	rec->hello_flags = f->hello.flags & SL_HELLO_FLAGS;
	if (f->flags & SL_FLOW_CUT) {
		rec->taken = SL_TAKEN_CUT;
	} else if (f->hello.flags & SL_HELLO_NAME && knobs.net.rules) {
		flow_judge(f, f->state, &choice);
		rec->rule = choice.rule;
		rec->set = choice.set;
		rec->action = choice.action;
		rec->decided = 1;
		rec->again = choice.rule == f->rule;
		if (choice.action == SL_ACTION_BLOCK && enforcing()) {
			rec->taken = SL_TAKEN_CUT;
			f->flags |= SL_FLOW_CUT;
		}
	}
	len = f->hello.flags & SL_HELLO_NAME ? f->hello.name_len : 0;
	rec->name_len = len;
	rec->asked_port = f->hello.port;
	__builtin_memcpy(rec + 1, f->name, sizeof(f->name));
	if (rec->taken || (rec->action >= SL_ACTION_ALERT && !rec->again))
		send_urgent(&rec->hdr, sizeof(*rec) + (len & SL_HOST_MAX));
	else
		send_ordinary(&rec->hdr, sizeof(*rec) + (len & SL_HOST_MAX));
	scratch_put(s);
	return !(f->flags & SL_FLOW_CUT);
}

/* What a proxy was asked for is kept: what follows has a name of its own. */
ALWAYS_INLINE void keep_asked(struct sl_flow *f)
{
	if ((f->hello.flags & (SL_HELLO_PROXY | SL_HELLO_NAME | SL_HELLO_INNER)) != (SL_HELLO_PROXY | SL_HELLO_NAME))
		return;
	__builtin_memcpy(f->asked, f->name, sizeof(f->asked));
	f->asked_len = f->hello.name_len;
	f->asked_addr = !!(f->hello.flags & SL_HELLO_ADDR);
}

#define HELLO_TELL 1  /* what was read says something */
#define HELLO_AGAIN 2 /* and more is behind it */

/* What a socket sends could be refused: unfollowed, it would pass. */
ALWAYS_INLINE int must_follow(void)
{
	return knobs.net.blocks && enforcing();
}

/* The payload is, or may be, of a hello: reads as far as one goes. Step number `step` in this packet. */
GLOBAL __u32 hello_read(struct __sk_buff *skb, struct sl_flow *f, const struct packet *p, __u32 step)
{
	__u32 begin, known, found = 0;
	struct scratch *s;

	if (!skb || !f || !p)
		return 0;
	/* Where the packet begins in the stream, against where the parser stands; what was fed is sent again now and then. */
	begin = (__u32)f->sent_bytes - (f->next_seq - p->seq);
	known = f->hello.at - begin;
	if ((__s32)known < 0 || p->urgent) {
		/* The kernel sends in order. The server leaves an urgent byte out, and has the name that is around it. */
		sl_hello_end(&f->hello, SL_HELLO_URGENT);
		if (must_follow())
			f->flags |= SL_FLOW_CUT;
		return HELLO_TELL;
	}
	if (known >= p->len)
		return 0;
	s = scratch_get();
	if (!s) {
		sl_hello_end(&f->hello, SL_HELLO_MISSED);
		return 0;
	}
	feed(skb, f, s, p->from + known, p->len - known);
	scratch_put(s);
	known = f->hello.at - begin;
	/* Requests that do not wait for an answer, one behind the other. */
	if (step == STEPS - 1 && f->hello.state != SL_HELLO_DONE && known < p->len)
		sl_hello_end(&f->hello, SL_HELLO_LONG);
	if (f->hello.state != SL_HELLO_DONE)
		return 0;
	keep_asked(f);
	if (sl_hello_telling(&f->hello))
		found = HELLO_TELL;
	return found | (known < p->len ? HELLO_AGAIN : 0);
}

/* Reads and judges what a packet has of hellos. Returns 0 if the flow is cut. */
ALWAYS_INLINE int hello_sent(struct __sk_buff *skb, struct sl_flow *f, __u64 cookie, const struct packet *p)
{
	for (int i = 0; i < STEPS; i++) {
		__u32 found = hello_read(skb, f, p, i);

		if (found & HELLO_TELL && !hello_told(f, cookie))
			return 0;
		if (f->hello.state != SL_HELLO_DONE || !sl_hello_again(&f->hello) || !(found & HELLO_AGAIN))
			break;
	}
	return 1;
}

/* The first datagram to the port of HTTPS: is it QUIC? */
ALWAYS_INLINE void quic_sent(struct __sk_buff *skb, struct sl_flow *f, __u64 cookie, const struct packet *p)
{
	__u64 head = 0;

	if (bpf_skb_load_bytes(skb, p->from, &head, 5) || !sl_hello_quic((const __u8 *)&head))
		return;
	f->hello.flags |= SL_HELLO_QUIC;
	hello_told(f, cookie);
}

/* ---- packets of a flow ---------------------------------------------------------------------------------------------- */

/* The first datagram of a connected UDP socket: now it is a connection. A function of its own, for the stack. */
GLOBAL int first_datagram(__u64 cookie, const struct sl_socket *mark)
{
	struct sl_rec_verdict rec = {};

	if (!mark)
		return 0;
	fill_hdr(&rec.net.hdr, SL_REC_VERDICT);
	rec.net.who = mark->who;
	rec.net.cookie = cookie;
	__builtin_memcpy(rec.net.addr, mark->addr, sizeof(rec.net.addr));
	rec.net.port = mark->port;
	rec.net.family = mark->family;
	rec.net.proto = IPPROTO_UDP;
	rec.net.op = SL_NET_UDP_SEND;
	rec.net.by = SL_BY_CGROUP;
	rec.net.netns = sl_netns_tag(mark->netns);
	rec.rule = mark->choice.rule;
	rec.set = mark->choice.set;
	rec.action = mark->choice.action;
	rec.names = mark->choice.names;
	rec.state = mark->choice.state;
	rec.decided = 1;
	if (rec.action >= SL_ACTION_ALERT)
		send_urgent(&rec.net.hdr, sizeof(rec));
	else
		send_ordinary(&rec.net.hdr, sizeof(rec));
	return 0;
}

/* A UDP socket that connected where no rule blocks is judged as it first sends. Not below flow_begin(), for the stack. */
GLOBAL int mark_judge(struct sl_socket *mark)
{
	struct sl_label *label;
	struct dest d = { .kind = SL_NET_DATAGRAM };

	if (!mark)
		return 0;
	__builtin_memcpy(d.addr, mark->addr, sizeof(d.addr));
	d.port = mark->port;
	d.family = mark->family;
	d.netns = mark->netns;
	label = label_find(mark->who.tgid);
	mark->choice = (struct sl_net_choice){};
	net_judge(&mark->by, &d, label ? memory_state(label) : 0, &mark->choice);
	mark->judged = 1;
	return 0;
}

/* The flow of a connected socket begins now, or, of a UDP socket, anew: it was idle for so long that it was told and forgotten. */
GLOBAL int flow_begin(__u64 cookie, struct sl_socket *mark)
{
	struct sl_flow *f = bpf_map_lookup_elem(&flows, &cookie);
	int udp, first;
	struct dest d = {};

	if (!mark)
		return 0;
	udp = mark->proto != IPPROTO_TCP;
	__builtin_memcpy(d.addr, mark->addr, sizeof(d.addr));
	d.port = mark->port;
	d.family = mark->family;
	d.netns = mark->netns;
	d.kind = udp ? SL_NET_DATAGRAM : SL_NET_STREAM;
	first = mark->pending && __sync_val_compare_and_swap(&mark->pending, 1, 0);
	if (first && udp)
		first_datagram(cookie, mark);
	if (f || (!first && !udp))
		return 0;
	flow_open(mark, &d, &mark->choice, cookie);
	/* There is no room: what it sends waits for some (flow_sent), and the flow begins with it. */
	if (!udp && must_follow() && !bpf_map_lookup_elem(&flows, &cookie))
		*(volatile __u32 *)&mark->pending = 1;
	return 0;
}

ALWAYS_INLINE struct sl_flow *flow_of(__u64 cookie, struct sl_socket *mark)
{
	struct sl_flow *f = bpf_map_lookup_elem(&flows, &cookie);

	if (!mark->pending && (f || mark->proto == IPPROTO_TCP))
		return f;
	if (!mark->judged)
		mark_judge(mark);
	flow_begin(cookie, mark);
	return bpf_map_lookup_elem(&flows, &cookie);
}


/* Returns 0 to drop it. */
GLOBAL int flow_sent(struct __sk_buff *skb)
{
	struct sl_socket *mark;
	struct packet p = {};
	struct sl_flow *f;
	__u64 cookie;
	__s32 fresh;
	int odd;

	if (!skb)
		return 1;
	mark = mark_of(skb);
	if (!mark && handed_take(skb)) {
		mark = mark_of(skb);
		if (mark)
			handed_judge(bpf_get_socket_cookie(skb), mark);
	}
	if (!mark)
		return 1;
	odd = packet_of(skb, mark->proto, &p);
	/* A SYN without data is no flow yet. */
	if (p.syn && !p.len)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	f = flow_of(cookie, mark);
	if (odd)
		return 1;
	if (!f)
		return !p.len || !must_follow();
	if (f->flags & SL_FLOW_CUT && p.len)
		return 0;
	if (f->proto == IPPROTO_UDP) {
		if (!flow_follow(f, cookie, p.len))
			return 0;
		if (!f->sent_segs && f->port == PORT_HTTPS)
			quic_sent(skb, f, cookie, &p);
		__sync_fetch_and_add(&f->sent_bytes, p.len);
		__sync_fetch_and_add(&f->sent_segs, p.segs);
		f->last_ns = bpf_ktime_get_boot_ns();
		return 1;
	}
	/* The rest is under the socket's lock. */
	if (!f->started) {
		f->next_seq = p.seq;
		f->started = 1;
	}
	if (!p.len)
		return 1;
	if (f->hello.state != SL_HELLO_DONE && !hello_sent(skb, f, cookie, &p))
		return 0;
	fresh = p.seq + p.len - f->next_seq;
	if (!flow_follow(f, cookie, fresh > 0 ? fresh : 0))
		return 0;
	if (fresh > 0) {
		f->sent_bytes += fresh;
		f->next_seq += fresh;
	}
	f->sent_segs += p.segs;
	f->last_ns = bpf_ktime_get_boot_ns();
	return 1;
}

GLOBAL int flow_received(struct __sk_buff *skb)
{
	struct sl_socket *mark;
	struct packet p = {};
	struct sl_flow *f;
	__u64 cookie;

	if (!skb)
		return 0;
	mark = mark_of(skb);
	if (!mark || packet_of(skb, mark->proto, &p) || (!p.len && mark->proto == IPPROTO_TCP))
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	f = bpf_map_lookup_elem(&flows, &cookie);
	if (!f)
		return 0;
	__sync_fetch_and_add(&f->received_bytes, p.len);
	__sync_fetch_and_add(&f->received_segs, p.segs);
	f->last_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* ---- programs ------------------------------------------------------------------------------------------------------- */

#define FROM 0 /* where a port is in the header of UDP and TCP */
#define TO 2

/* From or to port 53, UDP or TCP? A bystander's packet is looked at in place. Returns the offset of that header, 0: no. */
ALWAYS_INLINE __u32 dns_at(struct __sk_buff *skb, __u32 port, __u8 *ret_proto)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u32 at;

	if (data + 24 > end)
		return 0;
	if (data[0] == 0x45) { /* nearly all: IPv4 without options */
		*ret_proto = data[9];
		return *(const __be16 *)(data + 20 + port) == bpf_htons(PORT_DNS) ? 20 : 0;
	}
	if (data[0] >> 4 == 4) {
		*ret_proto = data[9];
		at = (data[0] & 0xf) * 4;
	} else {
		*ret_proto = data[6];
		at = 40;
	}
	if (data + at + 4 > end || *(const __be16 *)(data + at + port) != bpf_htons(PORT_DNS))
		return 0;
	return at;
}

#define DNS_IN_SEGMENT 4 /* answers that are read of one segment: both of a pair of questions, and room */

/* Answers over TCP, each behind its length. Read where they begin and end with a segment, as they do by far most often; others are
 * counted. */
ALWAYS_INLINE void dns_segment(struct __sk_buff *skb, __u32 at)
{
	__u32 from, left;
	__u8 head[2];

	if (bpf_skb_load_bytes(skb, at + 12, head, 1))
		return;
	from = at + (head[0] >> 4) * 4;
	left = skb->len > from ? skb->len - from : 0;
	for (int i = 0; i < DNS_IN_SEGMENT && left; i++) {
		__u32 len;

		if (left < 2 || bpf_skb_load_bytes(skb, from, head, 2))
			break;
		len = (__u32)head[0] << 8 | head[1];
		if (len > left - 2)
			break;
		dns_answer(skb, from + 2, len, 1);
		from += len + 2;
		left -= len + 2;
	}
	if (left)
		count_loss(SL_LOSS_DNS_LONG);
}

/* A function of its own: what its registers cost is not for a bystander's packets. */
GLOBAL int packet_received(struct __sk_buff *skb)
{
	__u8 proto = 0;
	__u32 at;

	if (!skb)
		return 1;
	flow_received(skb);
	at = dns_at(skb, FROM, &proto);
	if (!at)
		return 1;
	if (proto == IPPROTO_TCP)
		dns_segment(skb, at);
	else if (proto == IPPROTO_UDP && skb->len > at + UDP_HEADER)
		dns_answer(skb, at + UDP_HEADER, skb->len - at - UDP_HEADER, 0);
	return 1;
}

/* A function of its own, as the one above. */
GLOBAL int packet_asked(struct __sk_buff *skb)
{
	__u8 proto = 0;
	__u32 at;

	if (!skb)
		return 1;
	at = dns_at(skb, TO, &proto);
	if (at && proto == IPPROTO_UDP && skb->len > at + UDP_HEADER)
		dns_question(skb, at + UDP_HEADER, skb->len - at - UDP_HEADER);
	return 1;
}

SEC("cgroup_skb/egress")
int skb_egress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u8 proto;

	if (!sk)
		return 1;
	if (maybe_marked(sk) && !flow_sent(skb))
		return 0;
	if (dns_at(skb, TO, &proto))
		packet_asked(skb);
	return 1;
}

SEC("cgroup_skb/ingress")
int skb_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u8 proto;

	if ((sk && maybe_marked(sk)) || dns_at(skb, FROM, &proto))
		packet_received(skb);
	return 1;
}

/* The last descriptor of a socket is closed. TCP may have more to send: then its end is that of the connection. */
SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *ctx)
{
	struct sl_socket *mark;
	struct sl_flow *f;
	void *key[1];
	__u64 cookie;

	if (!maybe_marked(ctx))
		return 1;
	mark = bpf_sk_storage_get(&flow_marks, ctx, 0, 0);
	key[0] = ctx;
	/* It was handed over, and not sent on, or was the session's before: another socket can get this address. */
	if (!bpf_map_delete_elem(&handed, key))
		__sync_fetch_and_add(&places[place_of(ctx)], -1);
	if (!mark)
		return 1;
	cookie = bpf_get_socket_cookie(ctx);
	if (ctx->protocol != IPPROTO_TCP || ctx->state == TCP_CLOSE) {
		out_of_place(mark, place_of(ctx));
		flow_end(cookie, SL_FLOW_CLOSED);
		return 1;
	}
	f = bpf_map_lookup_elem(&flows, &cookie);
	if (f) {
		f->flags |= SL_FLOW_CLOSED;
		/* The connection's end may come after that of the session, whose story is told then. */
		if (f->after_bytes)
			follow_told(f, cookie, 0);
	}
	return 1;
}

/* A process of a session listens. */
ALWAYS_INLINE void listens(struct sock *sk)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label = has_label(tgid) ? label_find(tgid) : NULL;
	struct sl_socket *mark;

	if (!label || !label->tool || !decides(1))
		return;
	mark = bpf_sk_storage_get(&flow_marks, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!mark) {
		count_loss(SL_LOSS_FLOW);
		return;
	}
	fill_who(&mark->who, label);
	mark->by.asked = label->asked;
	mark->root = root_of(label);
	mark->proto = IPPROTO_TCP;
	mark->owner = owner_uid() + 1;
	mark->judged = 1;
	mark->listening = 1;
	*(volatile __u32 *)&listened = 1;
}

/* One end of a connection: the other side's, or our own. IPv4 in IPv6 is IPv4. */
static __attribute__((noinline)) int end_of(struct end *e, __u64 sock, __u32 own)
{
	const struct sock_common *c = &((struct sock *)sock)->__sk_common;

	e->net = (__u64)BPF_CORE_READ(c, skc_net.net);
	e->port = own ? BPF_CORE_READ(c, skc_num) : bpf_ntohs(BPF_CORE_READ(c, skc_dport));
	e->family = 4;
	e->addr[0] = own ? BPF_CORE_READ(c, skc_rcv_saddr) : BPF_CORE_READ(c, skc_daddr);
	e->addr[1] = e->addr[2] = e->addr[3] = 0;
	if (BPF_CORE_READ(c, skc_family) == AF_INET)
		return 0;
	if (own)
		BPF_CORE_READ_INTO(&e->addr, c, skc_v6_rcv_saddr);
	else
		BPF_CORE_READ_INTO(&e->addr, c, skc_v6_daddr);
	if (!e->addr[0] && !e->addr[1] && e->addr[2] == bpf_htonl(0xffff)) {
		e->addr[0] = e->addr[3];
		e->addr[2] = e->addr[3] = 0;
		return 0;
	}
	e->family = 6;
	return 0;
}

/* A session's process has connected, maybe to its own session. The other side sees the connection stand after this one. */
ALWAYS_INLINE void connected(struct sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct end e;

	if (!bpf_sk_storage_get(&flow_marks, sk, 0, 0))
		return;
	end_of(&e, (__u64)sk, 1);
	bpf_map_update_elem(&ends, &e, &cookie, BPF_ANY);
}

/* Is the other side of the session, or of one within or around it? An end whose flow is over says nothing. */
ALWAYS_INLINE int from_within(const struct end *e, const struct sl_flow *f)
{
	__u64 *cookie = bpf_map_lookup_elem(&ends, e);
	struct sl_flow *other = cookie ? bpf_map_lookup_elem(&flows, cookie) : NULL;

	return other && other->root_ns == f->root_ns && other->root_pid == f->root_pid;
}

/*
 * A connection that came in stands. Whoever is running now has nothing to do with it; the mark is a copy of the listening socket's. No
 * rule is about connections that come in, so that it is judged with the first byte that is sent after a read (follow.bpf.c).
 */
ALWAYS_INLINE void accepted(struct sock *sk)
{
	struct sl_socket *mark = bpf_sk_storage_get(&flow_marks, sk, 0, 0);
	struct sl_net_choice choice = {};
	struct dest d = { .kind = SL_NET_STREAM };
	struct sl_flow *f;
	struct net *net;
	struct end e;
	__u64 cookie;

	if (!mark || !__sync_val_compare_and_swap(&mark->listening, 1, 0))
		return;
	end_of(&e, (__u64)sk, 0);
	__builtin_memcpy(d.addr, e.addr, sizeof(d.addr));
	d.port = e.port;
	d.family = e.family;
	net = (struct net *)e.net;
	d.netns = BPF_CORE_READ(net, net_cookie);
	mark->netns = d.netns;
	__builtin_memcpy(mark->addr, d.addr, sizeof(mark->addr));
	mark->port = d.port;
	mark->family = d.family;
	into_place(mark, place_of(sk), SL_PLACED_NOT);
	cookie = bpf_get_socket_cookie(sk);
	flow_open(mark, &d, &choice, cookie);
	f = bpf_map_lookup_elem(&flows, &cookie);
	if (!f)
		return;
	f->flags |= SL_FLOW_ACCEPTED | (from_within(&e, f) ? SL_FLOW_WITHIN : 0);
	f->hello.state = SL_HELLO_DONE; /* the hello is the other side's */
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int from, int to)
{
	struct sl_socket *mark;

	if (to == TCP_LISTEN)
		listens(sk);
	else if (from == TCP_SYN_RECV && to == TCP_ESTABLISHED && *(volatile __u32 *)&listened)
		accepted(sk);
	else if (from == TCP_SYN_SENT && to == TCP_ESTABLISHED && *(volatile __u32 *)&listened && maybe_marked(sk))
		connected(sk);
	if (to != TCP_CLOSE || !maybe_marked(sk))
		return 0;
	mark = bpf_sk_storage_get(&flow_marks, sk, 0, 0);
	if (!mark)
		return 0;
	out_of_place(mark, place_of(sk));
	/* It never stood. */
	if (__sync_val_compare_and_swap(&mark->pending, 1, 0))
		return 0;
	flow_end(bpf_get_socket_cookie(sk), 0);
	return 0;
}
