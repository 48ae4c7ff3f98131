/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What the network programs share: destinations, their verdict, the record of a DNS answer. */
#ifndef SL_NET_H
#define SL_NET_H

#include <linux/if_ether.h>
#include <linux/in.h>

#include "alias.h"
#include "common.h"
#include "flow.h"

#include <bpf/bpf_endian.h>

#define PORT_DNS 53
#define PORT_HTTPS 443

struct dest {
	__u32 addr[4];   /* network order */
	__u16 port;      /* host order */
	__u8 family;     /* 4 or 6 */
	__u8 kind;       /* SL_NET_STREAM, SL_NET_DATAGRAM or, with family 0 and a port of SL_SOCKET_*, SL_NET_SOCKET */
	__u32 netns;     /* low half of the cookie of its network namespace */
};

/* connect.bpf.c. The verdict on a destination, unless *ret has a stricter one already (all zero: it has none), by the names that DNS gave it, and by one name alone. Global functions, see
 * path.h. */
int net_judge(const struct sl_party *by, const struct dest *d, __u32 state, struct sl_net_choice *ret);
int net_judge_name(const struct sl_party *by, const struct dest *d, __u32 set, __u32 state, struct sl_net_choice *ret);

/* Tells of a connection. */
int net_told(const struct sl_who *who, const struct dest *d, __u64 cookie, __u32 made, const struct sl_net_choice *choice);

/* How a connection was made and what became of it, as one argument of net_told(). */
#define MADE(proto, op, taken) MADE_BY(proto, op, taken, SL_BY_CGROUP)
#define MADE_BY(proto, op, taken, by) ((__u32)(by) << 24 | ((__u32)(proto) & 0xff) << 16 | (__u32)(op) << 8 | (taken))

/* names.bpf.c. A DNS message of `len` bytes at `from`, that is sent or comes in. */
int dns_question(struct __sk_buff *skb, __u32 from, __u32 len);
int dns_answer(struct __sk_buff *skb, __u32 from, __u32 len, __u32 tcp);

/* flow.bpf.c. A marked socket (flow_mark) gets a flow; one that sends datagrams only if it has none. */
int flow_open(const struct sl_socket *mark, const struct dest *d, const struct sl_net_choice *choice, __u64 cookie);

/* The verdict on a flow by all that is known of it: a server's name instead of those that DNS gave, a proxy and what it is asked for. */
int flow_judge(const struct sl_flow *f, __u32 state, struct sl_net_choice *ret);

/* follow.bpf.c. follow_told() tells of what was sent since a read. The others are the steps of flow_follow(), which is what calls them
 * and not one of them, so that none adds to the stack of the next. */
#define FOLLOW_ON 0x100
#define FOLLOW_CHANGED 0x200
__u32 follow_look(struct sl_flow *f, __u64 cookie);
int follow_judge(struct sl_flow *f, __u64 cookie, __u32 state);
int follow_count(struct sl_flow *f, __u64 cookie, __u32 bytes);
int follow_told(struct sl_flow *f, __u64 cookie, __u32 cut);

/* bytes are about to be sent on a flow. Returns 0 if it is cut instead. */
ALWAYS_INLINE int flow_follow(struct sl_flow *f, __u64 cookie, __u32 bytes)
{
	__u32 look = follow_look(f, cookie);

	if (look & FOLLOW_CHANGED && !follow_judge(f, cookie, look & (FOLLOW_ON - 1))) {
		if (f->after_bytes)
			follow_told(f, cookie, 1);
		return 0;
	}
	if (look)
		follow_count(f, cookie, bytes);
	return 1;
}

/* handed.bpf.c. A socket that a session has got from elsewhere: noted by its struct file (1: it was), by a descriptor of the caller's, by the
 * caller's struct msghdr; marked as it sends (1: it is now), and judged then. */
__u32 handed_note(__u64 file);
__u32 handed_fd(__u32 fd);
__u32 handed_sent(__u64 msg);
__u32 handed_take(struct __sk_buff *skb);
int handed_judge(__u64 cookie, struct sl_socket *mark);

/* A trailing dot is no part of a name, and some servers do not mind it. */
ALWAYS_INLINE __u32 name_len_of(const __u8 *name, __u32 len)
{
	__u32 last = len - 1;

	/* Else the compiler sees that the mask is not needed where there is a length, and 6.1 does not. */
	opaque(last);
	return len && name[last & SL_HOST_MAX] == '.' ? last : len;
}

/* ---- marked sockets and their places -------------------------------------------------------------------------------- */

/* sk: whatever type the hook gives it. Its objects are at least 1 KiB apart. */
ALWAYS_INLINE __u32 place_of(const void *sk)
{
	return low_half(sk) >> 8 & (SL_PLACES - 1);
}

/* May the socket be marked? */
ALWAYS_INLINE int maybe_marked(const void *sk)
{
	return *(volatile __u32 *)&places[place_of(sk)] || *(volatile __u32 *)&unplaced;
}

ALWAYS_INLINE void into_place(struct sl_socket *mark, __u32 place, __u32 from)
{
	if (mark->placed != from || __sync_val_compare_and_swap(&mark->placed, from, SL_PLACED) != from)
		return;
	__sync_fetch_and_add(&places[place & (SL_PLACES - 1)], 1);
	if (from == SL_PLACED_LATER)
		__sync_fetch_and_add(&unplaced, -1);
}

/* Nothing is sent on it any more, unless it connects again. */
ALWAYS_INLINE void out_of_place(struct sl_socket *mark, __u32 place)
{
	if (__sync_val_compare_and_swap(&mark->placed, SL_PLACED, SL_PLACED_NOT) == SL_PLACED)
		__sync_fetch_and_add(&places[place & (SL_PLACES - 1)], -1);
	else if (__sync_val_compare_and_swap(&mark->placed, SL_PLACED_LATER, SL_PLACED_NOT) == SL_PLACED_LATER)
		__sync_fetch_and_add(&unplaced, -1);
}

/* The mark of the socket that connects or sends, a new one where it had none. NULL: no memory. */
ALWAYS_INLINE struct sl_socket *flow_mark(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct sl_socket *mark = sk ? bpf_sk_storage_get(&flow_marks, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;

	if (!mark)
		return NULL;
	mark->proto = ctx->protocol;
	into_place(mark, place_of(sk), SL_PLACED_NOT);
	return mark;
}

#endif /* SL_NET_H */
