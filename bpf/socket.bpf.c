/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: sockets of sessions that can send without passing the hooks on connections (raw, packet, SCTP, vsock, ...) and tun devices. They
 * name no destination that could be judged, so they are judged when they are made, as one that nothing is known of. IP sockets are seen by
 * cgroup/sock_create, in every tier; the other families by a hook on socket(2), in the third tier as the call returns.
 *
 * Known limits: the third tier does not see io_uring make a socket of another family than IP. A descriptor of such a socket that comes
 * from elsewhere was made by another process. macvtap devices are files.
 */
#include "calls.h"
#include "memory.h"
#include "net.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_KEY 15
#define AF_NETLINK 16
#define AF_PACKET 17
#define AF_TIPC 30
#define AF_BLUETOOTH 31
#define AF_ALG 38
#define AF_VSOCK 40
#define AF_XDP 44
#define IPPROTO_ICMPV6 58
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_PACKET 10
#define SOCK_TYPE_MASK 0xf
#define NETLINK_USERSOCK 2     /* processes talk to each other */
#define TUNSETIFF 0x400454ca

/* SL_SOCKET_*, 0: what it sends is judged elsewhere, or leaves no process. protocol: as the kernel has filled it in. */
ALWAYS_INLINE __u32 ip_kind(__u32 type, __u32 protocol)
{
	switch (type) {
	case SOCK_RAW:
		return SL_SOCKET_RAW;
	case SOCK_DGRAM:
		if (protocol == IPPROTO_UDP)
			return 0;
		return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? SL_SOCKET_ICMP : SL_SOCKET_OTHER;
	case SOCK_STREAM:
		if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
			return 0;
		break;
	}
	return protocol == IPPROTO_SCTP ? SL_SOCKET_SCTP : SL_SOCKET_OTHER;
}

ALWAYS_INLINE __u32 family_kind(__u32 family, __u32 type, __u32 protocol)
{
	switch (family) {
	case AF_UNIX:
	case AF_KEY:
	case AF_ALG:
	case AF_INET6:
		return 0;
	case AF_INET:
		return (type & SOCK_TYPE_MASK) == SOCK_PACKET ? SL_SOCKET_PACKET : 0;
	case AF_NETLINK:
		return protocol == NETLINK_USERSOCK ? SL_SOCKET_OTHER : 0;
	case AF_PACKET:
		return SL_SOCKET_PACKET;
	case AF_TIPC:
		return SL_SOCKET_TIPC;
	case AF_BLUETOOTH:
		return SL_SOCKET_BLUETOOTH;
	case AF_VSOCK:
		return SL_SOCKET_VSOCK;
	case AF_XDP:
		return SL_SOCKET_XDP;
	}
	return SL_SOCKET_OTHER;
}

/* The caller makes such a socket. what: kind, protocol << 8, SL_BY_* << 16. 1: to be refused. */
GLOBAL __u32 socket_made(__u64 cookie, __u32 what)
{
	struct sl_label *label = label_find(bpf_get_current_pid_tgid() >> 32);
	struct dest d = { .kind = SL_NET_SOCKET, .port = what & 0xff };
	struct sl_net_choice choice = {};
	__u32 by = what >> 16, refuse;
	struct sl_party party;

	if (!label || !label->tool || !decides(1))
		return 0;
	fill_who(&party.who, label);
	party.asked = label->asked;
	net_judge(&party, &d, memory_state(label), &choice);
	refuse = choice.action == SL_ACTION_BLOCK && enforcing();
	if (choice.action != SL_ACTION_ALLOW || !choice.rule)
		net_told(&party.who, &d, cookie,
			 MADE_BY(what >> 8, SL_NET_SOCKET_MADE,
				 !refuse ? SL_TAKEN_NONE : by == SL_BY_SYS_EXIT ? SL_TAKEN_KILLED : SL_TAKEN_DENIED, by), &choice);
	return refuse;
}

#define SOCKET_WHAT(kind, protocol, by) ((kind) | ((protocol) & 0xff) << 8 | (__u32)(by) << 16)

ALWAYS_INLINE int of_session(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return has_label(tgid) && !is_self(tgid);
}

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	__u32 kind;

	if (!of_session())
		return 1;
	kind = ip_kind(ctx->type, ctx->protocol);
	return !kind || !socket_made(bpf_get_socket_cookie(ctx), SOCKET_WHAT(kind, ctx->protocol, SL_BY_CGROUP));
}

ALWAYS_INLINE __u32 creates(int family, int type, int protocol, int kern)
{
	return kern || !of_session() ? 0 : family_kind(family, type, protocol);
}

SEC("lsm/socket_create")
int BPF_PROG(socket_create_lsm, int family, int type, int protocol, int kern, int ret)
{
	__u32 kind = ret ? 0 : creates(family, type, protocol, kern);

	return kind && socket_made(0, SOCKET_WHAT(kind, 0, SL_BY_LSM)) ? -EPERM : ret;
}

/* args: of the hook, read again after the call: kept, they would be on the stack. */
ALWAYS_INLINE int create_fmod_ret(int second, const volatile __u64 *args)
{
	__u32 refused = 0, kind;

	enter();
	if (first_run(SL_TWIN_SOCKET, second, args[0] << 56 ^ args[1] << 48 ^ args[2] << 32 ^ (__u32)bpf_get_current_pid_tgid())) {
		kind = creates(args[0], args[1], args[2], args[3]);
		refused = kind && socket_made(0, SOCKET_WHAT(kind, 0, SL_BY_FMOD_RET));
	}
	leave();
	return refused ? -EPERM : 0;
}

SEC("fmod_ret/security_socket_create")
int BPF_PROG(socket_create_fmod_ret, int family, int type, int protocol, int kern, int ret)
{
	return ret ? ret : create_fmod_ret(0, ctx);
}

SEC("fmod_ret/security_socket_create")
int BPF_PROG(socket_create_fmod_ret2, int family, int type, int protocol, int kern, int ret)
{
	return ret ? ret : create_fmod_ret(1, ctx);
}

/* A descriptor of /dev/net/tun becomes a network device, a new one or one that is there. */
SEC("lsm/tun_dev_attach")
int BPF_PROG(tun_attach_lsm, struct sock *sk, void *security, int ret)
{
	return ret || !of_session() ? ret : socket_made(0, SOCKET_WHAT(SL_SOCKET_TUN, 0, SL_BY_LSM)) ? -EPERM : 0;
}

SEC("fmod_ret/security_tun_dev_attach")
int BPF_PROG(tun_attach_fmod_ret, struct sock *sk, void *security, int ret)
{
	return ret || !of_session() ? ret : socket_made(0, SOCKET_WHAT(SL_SOCKET_TUN, 0, SL_BY_FMOD_RET)) ? -EPERM : 0;
}

/* ---- the third tier: what a system call has done ------------------------------------------------------------------------ */

/* What socket(2) was asked for, of the two ways to call it. A function of its own: 6.1 joins their states at its end. */
static __attribute__((noinline)) __u32 made_by_call(struct pt_regs *regs, __u32 nr, __u32 compat)
{
	if (IS_IOCTL(nr, compat))
#if defined(__TARGET_ARCH_x86)
		return (compat ? (__u32)regs->cx : (__u32)regs->si) == TUNSETIFF ? SL_SOCKET_TUN : 0;
	if (compat && nr == NR_SOCKETCALL_32) {
		__u32 args[3];

		if ((__u32)regs->bx != SOCKETCALL_SOCKET || bpf_probe_read_user(args, sizeof(args), (void *)(regs->cx & 0xffffffff)))
			return 0;
		return family_kind(args[0], args[1], args[2]);
	}
	if (compat)
		return family_kind(regs->bx, regs->cx, regs->dx);
#else
		return (__u32)regs->regs[1] == TUNSETIFF ? SL_SOCKET_TUN : 0;
#endif
	return family_kind(first_arg(regs, compat), second_arg(regs), third_arg(regs));
}

/* In slot SL_MORE_SOCKETS, not attached. */
SEC("tp_btf/sys_exit")
int BPF_PROG(sockets_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 kind, nr, compat;

	if (ret < 0 || !of_session())
		return 0;
	nr = call_nr(regs);
	compat = call_is_compat(regs);
	if (call_kind(nr, compat) == CALL_GETFD) {
		handed_fd(ret);
		bpf_tail_call(ctx, &more, SL_MORE_PEERS);
		return 0;
	}
	if (IS_RECVMSG(nr, compat)) {
		handed_sent(second_arg(regs));
		return 0;
	}
	kind = made_by_call(regs, nr, compat);
	if (kind && socket_made(0, SOCKET_WHAT(kind, 0, SL_BY_SYS_EXIT)))
		kill_caller();
	return 0;
}
