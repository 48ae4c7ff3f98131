/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what a flow does once its session has read a secret. The connection was open before the read as often as not, so
 * connecting is not the moment: each send is. What is sent after the latest read that alerted is counted and told at steps;
 * when a condition of the policy begins to hold (`after:`), the flow is judged again, and where that is a block nothing more
 * is sent on it.
 */
#include "memory.h"
#include "net.h"

/* Tells how much was sent since the read that is being followed. */
GLOBAL int follow_told(struct sl_flow *f, __u64 cookie, __u32 cut)
{
	struct sl_rec_sent rec = {};

	if (!f)
		return 0;
	fill_hdr(&rec.hdr, SL_REC_SENT);
	rec.who = f->who;
	rec.cookie = cookie;
	rec.read_ns = f->read_ns;
	rec.first_ns = f->after_ns;
	rec.bytes = f->after_bytes;
	__builtin_memcpy(rec.addr, f->addr, sizeof(rec.addr));
	rec.port = f->port;
	rec.family = f->family;
	rec.proto = f->proto;
	rec.cut = cut;
	rec.netns = sl_netns_tag(f->netns);
	send_urgent(&rec.hdr, sizeof(rec));
	return 0;
}

/* A function of its own, for the stack of the one below. */
static __attribute__((noinline)) int tell_verdict(const struct sl_flow *f, __u64 cookie, const struct sl_net_choice *choice, __u32 taken)
{
	struct dest d = {};

	__builtin_memcpy(d.addr, f->addr, sizeof(d.addr));
	d.port = f->port;
	d.family = f->family;
	d.netns = f->netns;
	d.kind = f->proto == IPPROTO_TCP ? SL_NET_STREAM : SL_NET_DATAGRAM;
	return net_told(&f->who, &d, cookie, MADE(f->proto, SL_NET_SEND_ON, taken), choice);
}

/* The conditions that hold have changed since the flow was judged. Returns 0 if it is cut. */
GLOBAL int follow_judge(struct sl_flow *f, __u64 cookie, __u32 state)
{
	struct sl_net_choice choice = {};
	__u8 taken = SL_TAKEN_NONE;

	if (!f)
		return 1;
	f->state = state;
	flow_judge(f, state, &choice);
	if (choice.action == SL_ACTION_BLOCK && enforcing()) {
		f->flags |= SL_FLOW_CUT;
		taken = SL_TAKEN_CUT;
	}
	/* The same rule has had its say as the flow was opened, unless it now does more. */
	if (taken || (choice.action >= SL_ACTION_ALERT && choice.rule != f->rule))
		tell_verdict(f, cookie, &choice, taken);
	f->rule = choice.rule;
	f->action = choice.action;
	return !taken;
}

/* What the session has read by now. FOLLOW_CHANGED with the state, if the flow is to be judged by it; 0: there is nothing to follow. */
GLOBAL __u32 follow_look(struct sl_flow *f, __u64 cookie)
{
	struct sl_session root;
	struct sl_memory *m;
	__u64 read;
	__u32 state;

	/* Between two processes of one session nothing leaves it. */
	if (!f || f->flags & SL_FLOW_WITHIN)
		return 0;
	root.ns = f->root_ns;
	root.pid = f->root_pid;
	root.reserved = 0;
	m = bpf_map_lookup_elem(&memory, &root);
	if (!m) {
		f->state = 0; /* forgotten: what was read next counts anew */
		return 0;
	}
	read = *(volatile __u64 *)&m->alert_ns;
	if (read && read != f->read_ns) {
		if (f->after_bytes)
			follow_told(f, cookie, 0);
		f->read_ns = read;
		f->after_bytes = 0;
		f->after_told = 0;
	}
	if (knobs.net.memories) {
		state = memory_holds(m);
		if (state != f->state)
			return FOLLOW_CHANGED | state;
	}
	return FOLLOW_ON;
}

GLOBAL int follow_count(struct sl_flow *f, __u64 cookie, __u32 bytes)
{
	if (!f || !f->read_ns || !bytes)
		return 0;
	if (!f->after_bytes)
		f->after_ns = bpf_ktime_get_boot_ns();
	f->after_bytes += bytes;
	if (f->after_bytes >= f->after_told) {
		follow_told(f, cookie, 0);
		f->after_told = f->after_bytes < SL_SENT_FIRST ? SL_SENT_FIRST : f->after_bytes * 2;
	}
	return 0;
}
