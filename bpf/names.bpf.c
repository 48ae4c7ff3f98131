/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what packets tell. Ingress: DNS answers (UDP source port 53, loopback stub included) go to the agent raw, with the
 * session that asked when its socket is known. Egress: the first datagram of a UDP socket that a labelled process
 * connected. Packets are never dropped here.
 *
 * Known limits: DNS over TCP is counted, not parsed (SL_LOSS_DNS_LONG), TLS and HTTPS resolvers are not seen at all; IPv6
 * extension headers and IP fragments are passed over.
 */
#include <linux/if_ether.h>
#include <linux/in.h>

#include "common.h"

#include <bpf/bpf_endian.h>

#define PORT_DNS 53

struct headers {
	__u8 protocol;
	__u32 transport;  /* offset */
};

ALWAYS_INLINE int parse(struct __sk_buff *skb, struct headers *h)
{
	__u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (data + 20 > end)
			return -EINVAL;
		h->protocol = data[9];
		h->transport = (data[0] & 0xf) * 4;
		return 0;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (data + 40 > end)
			return -EINVAL;
		h->protocol = data[6];
		h->transport = 40;
		return 0;
	}
	return -EINVAL;
}

ALWAYS_INLINE void send_answer(struct __sk_buff *skb, __u32 from, __u32 len)
{
	struct sock_key key = { .cookie = bpf_get_socket_cookie(skb) };
	struct scratch *s = scratch_get();
	struct sock_note *note;
	struct sl_rec_dns *rec;

	if (!s)
		return;
	rec = (struct sl_rec_dns *)s->data;
	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_DNS);
	rec->cookie = key.cookie;
	note = bpf_map_lookup_elem(&socks, &key);
	if (note) {
		rec->session_ns = note->who.session_ns;
		rec->session_pid = note->who.session_pid;
		rec->tgid = note->who.tgid;
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
	send_ordinary(&rec->hdr, sizeof(*rec) + len);
out:
	scratch_put(s);
}

SEC("cgroup_skb/ingress")
int skb_ingress(struct __sk_buff *skb)
{
	struct headers h;
	__u16 ports[2];

	if (parse(skb, &h) || (h.protocol != IPPROTO_UDP && h.protocol != IPPROTO_TCP))
		return 1;
	if (bpf_skb_load_bytes(skb, h.transport, ports, sizeof(ports)) || ports[0] != bpf_htons(PORT_DNS))
		return 1;
	if (h.protocol == IPPROTO_TCP)
		count_loss(SL_LOSS_DNS_LONG);
	else if (skb->len > h.transport + 8)
		send_answer(skb, h.transport + 8, skb->len - h.transport - 8);
	return 1;
}

SEC("cgroup_skb/egress")
int skb_egress(struct __sk_buff *skb)
{
	struct sock_key key = {};
	struct sock_note *note;
	struct sl_rec_net rec = {};
	struct headers h;

	if (parse(skb, &h) || h.protocol != IPPROTO_UDP)
		return 1;
	key.cookie = bpf_get_socket_cookie(skb);
	note = bpf_map_lookup_elem(&socks, &key);
	if (!note || !__sync_val_compare_and_swap(&note->pending, 1, 0))
		return 1;
	fill_hdr(&rec.hdr, SL_REC_NET);
	rec.who = note->who;
	rec.cookie = key.cookie;
	__builtin_memcpy(rec.addr, note->addr, sizeof(rec.addr));
	rec.port = note->port;
	rec.family = note->family;
	rec.proto = IPPROTO_UDP;
	rec.op = SL_NET_UDP_SEND;
	rec.by = SL_BY_CGROUP;
	send_ordinary(&rec.hdr, sizeof(rec));
	return 1;
}
