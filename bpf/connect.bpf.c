/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: connections of labelled processes. cgroup/connect4,6 and sendmsg4,6 see connect(2), TCP Fast Open, io_uring and
 * unconnected datagrams; a connected UDP socket is reported by its first datagram (cgroup_skb/egress), because resolvers
 * connect UDP sockets only to sort addresses and never send on them.
 *
 * Known limits: a socket belongs to the cgroup it was made in; raw, packet and SCTP sockets do not come through here;
 * neither do sockets that were connected before, or by another process.
 */
#include <linux/if_ether.h>
#include <linux/in.h>

#include "common.h"

#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define PORT_DNS 53

struct dest {
	__u32 addr[4];   /* network order */
	__u16 port;      /* host order */
	__u8 family;     /* 4 or 6 */
};

ALWAYS_INLINE void send_net(const struct sl_who *who, const void *addr, __u16 port, __u8 family, __u64 cookie, __u8 proto,
			    __u8 op)
{
	struct sl_rec_net rec = {};

	fill_hdr(&rec.hdr, SL_REC_NET);
	rec.who = *who;
	rec.cookie = cookie;
	__builtin_memcpy(rec.addr, addr, sizeof(rec.addr));
	rec.port = port;
	rec.family = family;
	rec.proto = proto;
	rec.op = op;
	rec.by = SL_BY_CGROUP;
	send_ordinary(&rec.hdr, sizeof(rec));
}

ALWAYS_INLINE __u64 dest_hash(const struct dest *d)
{
	__u64 h = ((__u64)d->addr[0] << 32 | d->addr[1]) * 0x9e3779b97f4a7c15ull;

	h ^= ((__u64)d->addr[2] << 32 | d->addr[3]) * 0xbf58476d1ce4e5b9ull;
	h ^= h >> 32;
	return (h ^ d->port) * 0x94d049bb133111ebull | 1; /* never 0: that is a connected socket */
}

/* A UDP socket of a labelled process was pointed at, or sends to, an address. */
ALWAYS_INLINE void datagram(const struct sl_label *label, const struct dest *d, __u64 cookie, int connected)
{
	struct sock_key key = { .cookie = cookie };
	struct sock_note note = {}, *seen;

	fill_who(&note.who, label);
	__builtin_memcpy(note.addr, d->addr, sizeof(note.addr));
	note.port = d->port;
	note.family = d->family;
	note.dns = d->port == PORT_DNS;
	note.pending = connected;
	if (connected) {
		if (bpf_map_update_elem(&socks, &key, &note, BPF_ANY))
			count_loss(SL_LOSS_SOCK);
		return;
	}
	/* The requester of DNS answers is found by the cookie alone. */
	if (note.dns && bpf_map_update_elem(&socks, &key, &note, BPF_ANY))
		count_loss(SL_LOSS_SOCK);
	key.dest = dest_hash(d);
	seen = bpf_map_lookup_elem(&socks, &key);
	if (seen)
		return; /* this socket sent there before */
	if (bpf_map_update_elem(&socks, &key, &note, BPF_ANY))
		count_loss(SL_LOSS_SOCK);
	send_net(&note.who, note.addr, note.port, note.family, cookie, IPPROTO_UDP, SL_NET_SENDMSG);
}

ALWAYS_INLINE void connecting(struct bpf_sock_addr *ctx, const struct sl_label *label, const struct dest *d, int sendmsg)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct sl_who who;

	if (ctx->type == SOCK_DGRAM) {
		datagram(label, d, cookie, !sendmsg);
		return;
	}
	fill_who(&who, label);
	send_net(&who, d->addr, d->port, d->family, cookie, ctx->protocol, SL_NET_CONNECT);
}

ALWAYS_INLINE const struct sl_label *caller(enum sl_hook hook)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label;

	if (is_self(tgid)) {
		__sync_fetch_and_add(&self_hits[hook], 1);
		return NULL;
	}
	label = label_find(tgid);
	return label && label->tool ? label : NULL;
}

ALWAYS_INLINE void from4(struct bpf_sock_addr *ctx, int sendmsg)
{
	const struct sl_label *label = caller(sendmsg ? SL_HOOK_SENDMSG : SL_HOOK_CONNECT);
	struct dest d = { .family = 4 };

	if (!label)
		return;
	d.addr[0] = ctx->user_ip4;
	d.port = bpf_ntohs(ctx->user_port);
	connecting(ctx, label, &d, sendmsg);
}

ALWAYS_INLINE void from6(struct bpf_sock_addr *ctx, int sendmsg)
{
	const struct sl_label *label = caller(sendmsg ? SL_HOOK_SENDMSG : SL_HOOK_CONNECT);
	struct dest d = { .family = 6 };
	__u32 a0, a1, a2, a3;

	if (!label)
		return;
	a0 = ctx->user_ip6[0];
	a1 = ctx->user_ip6[1];
	a2 = ctx->user_ip6[2];
	a3 = ctx->user_ip6[3];
	if (!a0 && !a1 && a2 == bpf_htonl(0xffff)) { /* v4-mapped: an IPv4 connection */
		d.family = 4;
		d.addr[0] = a3;
	} else {
		d.addr[0] = a0;
		d.addr[1] = a1;
		d.addr[2] = a2;
		d.addr[3] = a3;
	}
	d.port = bpf_ntohs(ctx->user_port);
	connecting(ctx, label, &d, sendmsg);
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	from4(ctx, 0);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	from6(ctx, 0);
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	from4(ctx, 1);
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	from6(ctx, 1);
	return 1;
}
