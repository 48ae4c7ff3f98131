/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: connections of labelled processes. cgroup/connect4,6 and sendmsg4,6 see connect(2), TCP Fast Open, io_uring and
 * unconnected datagrams, judge them by the tables of connect rules, and refuse what is blocked. A connected UDP socket is
 * judged as it connects; unless that is refused, it is reported by its first datagram (cgroup_skb/egress), because
 * resolvers connect UDP sockets only to sort addresses and never send on them.
 *
 * Known limits: a socket belongs to the cgroup it was made in; sockets that were connected before, or by another process, do not come
 * through here, nor do raw, packet, SCTP and other sockets, which socket.bpf.c judges as they are made.
 */
#include "memory.h"
#include "net.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2

/* ---- the verdict ---------------------------------------------------------------------------------------------------- */

/* What is looked up, one after the other: in one place, for the stack. */
union net_key {
	struct sl_net_key4 range4;
	struct sl_net_key6 range6;
	struct net_addr addr;
	__u32 number;
	struct sl_decision decision; /* what comes of it */
};

ALWAYS_INLINE __u32 addr_class(const struct dest *d, union net_key *key)
{
	__u32 *cls = NULL;

	if (d->family == 4 && knobs.net.ranges4) {
		key->range4.bits = 32;
		key->range4.addr = d->addr[0];
		cls = bpf_map_lookup_elem(&net_ranges4, &key->range4);
	} else if (d->family == 6 && knobs.net.ranges6) {
		key->range6.bits = 128;
		__builtin_memcpy(key->range6.addr, d->addr, sizeof(key->range6.addr));
		cls = bpf_map_lookup_elem(&net_ranges6, &key->range6);
	}
	return cls ? *cls : 0;
}

ALWAYS_INLINE __u32 user_of(__u32 uid, union net_key *key)
{
	__u32 *cls;

	if (knobs.users <= 1)
		return 0;
	key->number = uid;
	cls = bpf_map_lookup_elem(&users, &key->number);
	return cls ? *cls : 0;
}

/* Of whom a verdict is asked. */
struct subject {
	__u32 uid, asker;        /* asker: sl_net_asker() of the session */
	__u16 tool, exe_set;
	__u32 state;             /* kept here by who asks for several, for the stack */
};

/* A function of its own, for the stack. */
GLOBAL int find_place(const struct dest *d, const struct subject *who, __u32 state, struct sl_net_place *ret)
{
	const struct sl_net_vectors *vectors;
	const struct sl_net_index *index;
	const struct sl_net_ports *ports;
	__u32 port, user, addr;
	union net_key key;

	if (!d || !who || !ret)
		return 0;
	user = user_of(who->uid, &key);
	addr = addr_class(d, &key);
	key.number = 0;
	ports = bpf_map_lookup_elem(&net_ports, &key.number);
	index = bpf_map_lookup_elem(&net_index, &key.number);
	if (!ports || !index)
		return 0;
	port = sl_net_port_index(d->kind, d->port);
	opaque(port);
	if (port >= SL_NET_PORTS)
		return 0;
	port = ports->cls[port];
	sl_net_find(ret, index, &knobs.net, who->tool, who->exe_set, user, state, addr, port);
	vectors = bpf_map_lookup_elem(&net_vectors, &key.number);
	if (!vectors)
		return 0;
	sl_net_common(ret, vectors, &knobs.net);
	return 1;
}

/* The decision for a name of this match set; 0: for none. */
ALWAYS_INLINE void decide_inline(const struct sl_net_place *p, __u32 set, struct sl_decision *ret)
{
	__u32 zero = 0;
	const struct sl_net_index *index = bpf_map_lookup_elem(&net_index, &zero);
	const struct sl_net_vectors *vectors = bpf_map_lookup_elem(&net_vectors, &zero);

	if (index && vectors)
		sl_net_first(p, index, vectors, &knobs.net, set, ret);
}

/* A function of its own, for the stack; not below the callback, where there is none left for a call more. */
GLOBAL int decide(const struct sl_net_place *p, __u32 set, struct sl_decision *ret)
{
	if (p && ret)
		decide_inline(p, set, ret);
	return 0;
}

ALWAYS_INLINE const struct sl_net_names *names_of(const struct dest *d, union net_key *key)
{
	__u32 *words = (__u32 *)key->addr.addr;

	if (d->family == 6) {
		__builtin_memcpy(key->addr.addr, d->addr, sizeof(key->addr.addr));
	} else {
		words[0] = words[1] = 0;
		words[2] = bpf_htonl(0xffff);
		words[3] = d->addr[0];
	}
	key->addr.netns = d->netns;
	return bpf_map_lookup_elem(&net_names, &key->addr);
}

/* Looking at the names of an address, one after the other. */
struct looking {
	const struct sl_net_names *names;
	struct sl_net_place place;
	__u64 now;
	struct sl_net_choice choice; /* with what follows a multiple of eight bytes: no gap */
	__u32 asker;
};

static long look_cb(__u32 i, void *ctx)
{
	struct looking *l = ctx;
	struct sl_decision dec = {};
	__u32 rank, at = i & (SL_NET_NAMES - 1);
	__u64 word;

	opaque(at);
	at &= SL_NET_NAMES - 1;
	word = *(volatile const __u64 *)&l->names->names[at].word;
	if (!word)
		return 1;
	rank = sl_net_rank(&l->names->names[at], word, l->asker, l->now);
	if (!rank)
		return 0;
	decide_inline(&l->place, SL_NET_WORD_SET(word), &dec);
	sl_net_consider(&l->choice, rank, SL_NET_WORD_SET(word), &dec);
	return 0;
}

ALWAYS_INLINE int is_stricter(const struct sl_net_choice *c, const struct sl_net_choice *than)
{
	return !than->rule || c->action > than->action;
}

/* The verdict on a destination for one subject, unless *ret has a stricter one already. A global function, see path.h: of four programs, each would be verified with all of it. */
GLOBAL int net_judge_one(const struct subject *who, const struct dest *d, __u32 state, struct sl_net_choice *ret)
{
	struct looking l = {};
	union net_key key;

	if (!who || !d || !ret || !knobs.net.rules)
		return 0;
	state &= (1u << SL_MEMORIES_MAX) - 1;
	ret->state = state;
	if (!find_place(d, who, state, &l.place))
		return 0;
	l.names = names_of(d, &key);
	if (l.names) {
		l.asker = who->asker;
		l.now = bpf_ktime_get_boot_ns();
		bpf_loop(SL_NET_NAMES, look_cb, &l, 0);
	}
	if (!l.choice.rank) {
		key.decision = (struct sl_decision){};
		decide(&l.place, 0, &key.decision);
		l.choice.rule = key.decision.rule;
		l.choice.action = key.decision.action;
	}
	if (is_stricter(&l.choice, ret)) {
		*ret = l.choice;
		ret->state = state;
	}
	return 0;
}

/* The same had the destination this name and no other. Called for a packet: who sends it is not the current task. */
GLOBAL int net_judge_name_one(const struct subject *who, const struct dest *d, __u32 set, __u32 state,
			      struct sl_net_choice *ret)
{
	struct sl_net_place place = {};
	struct sl_decision dec = {};

	if (!who || !d || !ret)
		return 0;
	state &= (1u << SL_MEMORIES_MAX) - 1;
	ret->state = state;
	if (!knobs.net.rules || !find_place(d, who, state, &place))
		return 0;
	decide(&place, set, &dec);
	if (ret->rule && dec.action <= ret->action)
		return 0;
	ret->rule = dec.rule;
	ret->action = dec.action;
	ret->set = set;
	ret->names = 1;
	return 0;
}

/* The n-th of all that are asked, the tool itself first. 0: there are no more; -1: none by this number. */
ALWAYS_INLINE int nth_subject(const struct sl_party *by, int n, struct subject *ret)
{
	if (n & 1 && !by->asked.unproved)
		return -1;
	ret->tool = n < 2 ? by->who.tool : by->asked.outer[n / 2 - 1];
	if (n >= 2 && !ret->tool)
		return 0;
	ret->exe_set = n & 1 ? 0 : by->who.exe_set;
	return 1;
}

ALWAYS_INLINE void first_subject(const struct sl_party *by, struct subject *ret)
{
	ret->uid = by->who.uid;
	ret->asker = sl_net_asker(by->who.session_ns, by->who.session_pid);
	ret->tool = by->who.tool;
	ret->exe_set = by->who.exe_set;
	ret->state = 0;
}

GLOBAL int net_judge(const struct sl_party *by, const struct dest *d, __u32 state, struct sl_net_choice *ret)
{
	struct subject s;
	int more;

	if (!by || !d || !ret)
		return 0;
	first_subject(by, &s);
	*(volatile __u32 *)&s.state = state;
	net_judge_one(&s, d, state, ret);
	if (!sl_asked_any(&by->asked))
		return 0;
	for (int n = 1; n < 2 * (1 + SL_OUTER_MAX); n++) {
		more = nth_subject(by, n, &s);
		if (!more)
			break;
		if (more < 0)
			continue;
		net_judge_one(&s, d, *(volatile __u32 *)&s.state, ret);
	}
	return 0;
}

GLOBAL int net_judge_name(const struct sl_party *by, const struct dest *d, __u32 set, __u32 state, struct sl_net_choice *ret)
{
	struct subject s;
	int more;

	if (!by || !d || !ret)
		return 0;
	first_subject(by, &s);
	net_judge_name_one(&s, d, set, state, ret);
	if (!sl_asked_any(&by->asked))
		return 0;
	for (int n = 1; n < 2 * (1 + SL_OUTER_MAX); n++) {
		more = nth_subject(by, n, &s);
		if (!more)
			break;
		if (more < 0)
			continue;
		net_judge_name_one(&s, d, set, state, ret);
	}
	return 0;
}

/* ---- the report ----------------------------------------------------------------------------------------------------- */

/* A function of its own: its record must not be on the stack below the verdict's. */
GLOBAL int net_told(const struct sl_who *who, const struct dest *d, __u64 cookie, __u32 made,
		    const struct sl_net_choice *choice)
{
	struct sl_rec_verdict rec = {};

	if (!who || !d || !choice)
		return 0;
	fill_hdr(&rec.net.hdr, SL_REC_VERDICT);
	rec.net.who = *who;
	rec.net.cookie = cookie;
	__builtin_memcpy(rec.net.addr, d->addr, sizeof(rec.net.addr));
	rec.net.port = d->port;
	rec.net.family = d->family;
	rec.net.proto = made >> 16;
	rec.net.op = made >> 8;
	rec.net.taken = made;
	rec.net.by = made >> 24;
	rec.net.netns = sl_netns_tag(d->netns);
	rec.rule = choice->rule;
	rec.set = choice->set;
	rec.action = choice->action;
	rec.names = choice->names;
	rec.state = choice->state;
	rec.decided = 1;
	if (choice->action >= SL_ACTION_ALERT)
		send_urgent(&rec.net.hdr, sizeof(rec));
	else
		send_ordinary(&rec.net.hdr, sizeof(rec));
	return 0;
}

ALWAYS_INLINE __u64 dest_hash(const struct dest *d)
{
	__u64 h = ((__u64)d->addr[0] << 32 | d->addr[1]) * 0x9e3779b97f4a7c15ull;

	h ^= ((__u64)d->addr[2] << 32 | d->addr[3]) * 0xbf58476d1ce4e5b9ull;
	h ^= h >> 32;
	return (h ^ d->port) * 0x94d049bb133111ebull;
}

/* A datagram to an address. The first one there is told, and one that is judged otherwise than those before. */
ALWAYS_INLINE void datagram(const struct sl_party *by, const struct dest *d, const struct sl_net_choice *choice, __u64 cookie,
			    const struct sl_socket *mark)
{
	struct dest_key key = { .cookie = cookie, .dest = dest_hash(d) };
	__u32 rule = choice->rule, *seen;

	if (mark)
		flow_open(mark, d, choice, cookie);
	seen = bpf_map_lookup_elem(&dests, &key);
	if (seen && *seen == rule)
		return;
	if (bpf_map_update_elem(&dests, &key, &rule, BPF_ANY))
		count_loss(SL_LOSS_SOCK);
	net_told(&by->who, d, cookie, MADE(IPPROTO_UDP, SL_NET_SENDMSG, SL_TAKEN_NONE), choice);
}

ALWAYS_INLINE void write_mark(struct sl_socket *mark, const struct sl_party *by, const struct sl_label *label,
			      const struct dest *d, const struct sl_net_choice *choice, int judged)
{
	mark->by = *by;
	mark->root = root_of(label);
	__builtin_memcpy(mark->addr, d->addr, sizeof(mark->addr));
	mark->choice = *choice;
	mark->port = d->port;
	mark->family = d->family;
	mark->netns = d->netns;
	mark->judged = judged;
}

/* Returns 1 to let it pass, 0 to refuse it: the caller gets EPERM. */
ALWAYS_INLINE int connecting(struct bpf_sock_addr *ctx, const struct sl_label *label, const struct dest *d, int sendmsg)
{
	int udp = ctx->type == SOCK_DGRAM, later = udp && !sendmsg && !knobs.net.blocks, refuse;
	struct sl_net_choice choice = {};
	struct sl_socket *mark;
	struct sl_party by;
	__u64 cookie;

	if (!decides(1))
		return 1;
	fill_who(&by.who, label);
	by.asked = label->asked;
	/* Where nothing can be refused, most UDP connects (addresses are sorted that way) need no verdict. */
	if (!later)
		net_judge(&by, d, memory_state(label), &choice);
	refuse = choice.action == SL_ACTION_BLOCK && enforcing();
	if (!refuse && (udp || (ctx->type == SOCK_STREAM && ctx->protocol == IPPROTO_TCP))) {
		mark = flow_mark(ctx);
		if (!mark)
			count_loss(SL_LOSS_FLOW); /* and the first datagram of a connected socket goes unseen */
		else if (!sendmsg || !mark->pending)
			write_mark(mark, &by, label, d, &choice, !later);
		if (mark && !mark->owner)
			mark->owner = owner_uid() + 1;
		if (mark && !sendmsg)
			*(volatile __u32 *)&mark->pending = 1;
		if (udp && !sendmsg)
			return 1;
		cookie = bpf_get_socket_cookie(ctx);
		if (udp) {
			datagram(&by, d, &choice, cookie, mark);
			return 1;
		}
	} else {
		cookie = bpf_get_socket_cookie(ctx);
	}
	/* What is refused is told each time, a UDP connect too: nothing will be sent. */
	net_told(&by.who, d, cookie,
		 MADE(ctx->protocol, sendmsg ? SL_NET_SENDMSG : SL_NET_CONNECT, refuse ? SL_TAKEN_DENIED : SL_TAKEN_NONE), &choice);
	return !refuse;
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

/* Whatever is no stream sends datagrams. */
ALWAYS_INLINE __u8 kind_of(const struct bpf_sock_addr *ctx)
{
	return ctx->type == SOCK_STREAM ? SL_NET_STREAM : SL_NET_DATAGRAM;
}

ALWAYS_INLINE int from4(struct bpf_sock_addr *ctx, int sendmsg)
{
	const struct sl_label *label = caller(sendmsg ? SL_HOOK_SENDMSG : SL_HOOK_CONNECT);
	struct dest d = { .family = 4 };

	if (!label)
		return 1;
	d.addr[0] = ctx->user_ip4;
	d.port = bpf_ntohs(ctx->user_port);
	d.kind = kind_of(ctx);
	d.netns = bpf_get_netns_cookie(ctx);
	return connecting(ctx, label, &d, sendmsg);
}

ALWAYS_INLINE int from6(struct bpf_sock_addr *ctx, int sendmsg)
{
	const struct sl_label *label = caller(sendmsg ? SL_HOOK_SENDMSG : SL_HOOK_CONNECT);
	struct dest d = { .family = 6 };
	__u32 a0, a1, a2, a3;

	if (!label)
		return 1;
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
	d.kind = kind_of(ctx);
	d.netns = bpf_get_netns_cookie(ctx);
	return connecting(ctx, label, &d, sendmsg);
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return from4(ctx, 0);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return from6(ctx, 0);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	return from4(ctx, 1);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	return from6(ctx, 1);
}
