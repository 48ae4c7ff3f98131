/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: connected sockets that a session has got from elsewhere: open already when its first program began, sent over a UNIX socket, or
 * taken by pidfd_getfd. No hook on connections has seen them in a session, so that they are noted here, by address, and marked with the
 * next packet (flow.bpf.c), which is judged before it is sent. Other processes that hold such a socket are judged as well from then on: which of
 * two senders a packet is of, nothing says.
 *
 * Known limits: the first SL_HANDED_FDS descriptors at exec; sockets that are not connected are judged by what they send to. The third
 * tier reads what recvmsg(2) has left in the caller's memory, of one message and its first SL_HANDED_SENT descriptors.
 */
#include "alias.h"
#include "calls.h"
#include "memory.h"
#include "net.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define NR_PIDFD_GETFD 438

/* The other end into the mark. 0: it has none. */
static __attribute__((noinline)) __u32 other_end(struct sl_socket *m, __u64 sk)
{
	const struct sock_common *c = &((struct sock *)sk)->__sk_common;
	__u32 *addr = (__u32 *)m->addr;

	m->port = bpf_ntohs(BPF_CORE_READ(c, skc_dport));
	m->family = 4;
	if (BPF_CORE_READ(c, skc_family) == AF_INET) {
		addr[0] = BPF_CORE_READ(c, skc_daddr);
	} else {
		BPF_CORE_READ_INTO((struct in6_addr *)addr, c, skc_v6_daddr);
		if (!addr[0] && !addr[1] && addr[2] == bpf_htonl(0xffff)) {
			addr[0] = addr[3];
			addr[2] = addr[3] = 0;
		} else {
			m->family = 6;
		}
	}
	m->netns = (__u32)BPF_CORE_READ(c, skc_net.net, net_cookie);
	return m->port;
}

/* The caller, of a session, has got this descriptor. */
GLOBAL __u32 handed_note(__u64 address)
{
	struct sl_label *label = label_find(bpf_get_current_pid_tgid() >> 32);
	struct file *file = (struct file *)address;
	struct sl_socket m = {};
	struct socket *sock;
	__u32 family, type;
	struct sock *sk;
	__u64 key;

	if (!address || !label || !label->tool || !decides(1) || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	sock = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(sock, sk);
	type = (__u16)BPF_CORE_READ(sock, type);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (!sk || (family != AF_INET && family != AF_INET6) || (type != SOCK_STREAM && type != SOCK_DGRAM))
		return 0;
	key = (__u64)sk;
	if (!other_end(&m, key))
		return 0;
	fill_who(&m.who, label);
	m.by.asked = label->asked;
	m.root = root_of(label);
	m.proto = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	m.owner = owner_uid() + 1;
	m.judged = 1;
	m.placed = SL_PLACED;
	if (bpf_map_update_elem(&handed, &key, &m, BPF_NOEXIST))
		return 0;
	__sync_fetch_and_add(&places[key >> 8 & (SL_PLACES - 1)], 1);
	return 1;
}

/* Is this still the connection that was noted? */
ALWAYS_INLINE int same_end(const struct bpf_sock *sk, const struct sl_socket *h)
{
	const __u32 *addr = (const __u32 *)h->addr;
	__u32 v4 = *(volatile const __u32 *)&sk->dst_ip4, v6 = *(volatile const __u32 *)&sk->dst_ip6[3]; /* no address is chosen */
	__u32 last = sk->family == AF_INET ? v4 : v6;

	return sk->dst_port == bpf_htons(h->port) && last == (h->family == 4 ? addr[0] : addr[3]);
}

GLOBAL __u32 handed_take(struct __sk_buff *skb)
{
	struct sl_socket *h, *mark;
	struct bpf_sock *sk;
	void *key[1];
	__u32 same;

	if (!skb)
		return 0;
	sk = skb->sk;
	if (!sk)
		return 0;
	key[0] = sk;
	h = bpf_map_lookup_elem(&handed, key);
	if (!h)
		return 0;
	same = same_end(sk, h);
	mark = same ? bpf_sk_storage_get(&flow_marks, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (mark) {
		*mark = *h;
		if (bpf_map_delete_elem(&handed, key))
			mark->placed = SL_PLACED_NOT; /* another processor was first, and it was counted once */
		return 1;
	}
	if (same)
		count_loss(SL_LOSS_FLOW);
	else if (!bpf_map_delete_elem(&handed, key))
		__sync_fetch_and_add(&places[place_of(sk)], -1);
	return 0;
}

GLOBAL int handed_judge(__u64 cookie, struct sl_socket *mark)
{
	struct sl_label *label;
	struct dest d = {};
	struct sl_flow *f;
	__u32 refuse;

	if (!mark)
		return 0;
	__builtin_memcpy(d.addr, mark->addr, sizeof(d.addr));
	d.port = mark->port;
	d.family = mark->family;
	d.netns = mark->netns;
	d.kind = mark->proto == IPPROTO_TCP ? SL_NET_STREAM : SL_NET_DATAGRAM;
	label = label_find(mark->who.tgid);
	net_judge(&mark->by, &d, label ? memory_state(label) : 0, &mark->choice);
	refuse = mark->choice.action == SL_ACTION_BLOCK && enforcing();
	flow_open(mark, &d, &mark->choice, cookie);
	f = bpf_map_lookup_elem(&flows, &cookie);
	if (f)
		f->flags |= SL_FLOW_ADOPTED | (refuse ? SL_FLOW_CUT : 0);
	return net_told(&mark->who, &d, cookie, MADE(mark->proto, SL_NET_SEND_ON, refuse ? SL_TAKEN_CUT : SL_TAKEN_NONE),
			&mark->choice);
}

/* ---- where they come from ------------------------------------------------------------------------------------------- */

static long fd_cb(__u32 i, void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;

	if (i >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 1;
	if (!bpf_probe_read_kernel(&file, sizeof(file), fds + i) && file)
		handed_note((__u64)file);
	return 0;
}

/* The first program of a session: what it has open it was given from outside. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_with_sockets, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label = has_label(tgid) ? label_find(tgid) : NULL;

	if (label && label->tool && label->session_pid == tgid)
		bpf_loop(SL_HANDED_FDS, fd_cb, NULL, 0);
	return 0;
}

SEC("fentry/security_file_receive")
int BPF_PROG(socket_received, struct file *file)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (has_label(tgid) && !is_self(tgid))
		handed_note(argument(ctx, 0));
	return 0;
}

/* The third tier: a descriptor of the caller's. */
GLOBAL __u32 handed_fd(__u32 fd)
{
	fd_cb(fd, NULL);
	return 0;
}

#define CONTROL_AT 32 /* in struct msghdr */

struct user_control {
	__u64 at, len;
};

struct user_cmsghdr {
	__u64 len;
	__u32 level, type;
};

/* And those that recvmsg(2) has left in the caller's memory. */
GLOBAL __u32 handed_sent(__u64 msg)
{
	struct user_control m = {};
	struct user_cmsghdr c = {};
	__u32 fd = 0;

	if (bpf_probe_read_user(&m, sizeof(m), (void *)(msg + CONTROL_AT)) || m.len < sizeof(c) ||
	    bpf_probe_read_user(&c, sizeof(c), (void *)m.at) || c.level != SOL_SOCKET || c.type != SCM_RIGHTS)
		return 0;
	for (__u32 i = 0; i < SL_HANDED_SENT; i++) {
		if (sizeof(c) + (i + 1) * sizeof(fd) > c.len || bpf_probe_read_user(&fd, sizeof(fd), (void *)(m.at + sizeof(c) + i * sizeof(fd))))
			break;
		handed_fd(fd);
	}
	return 0;
}
