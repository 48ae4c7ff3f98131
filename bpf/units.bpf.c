/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: transient units. A session asks systemd (the user's, or the system's) to run something; systemd forks it, so it is
 * no descendant, but it is in a cgroup of the unit's name, and that name is in the session's request. The label follows
 * where nothing else can be meant:
 *
 *   - a process of a session sent a D-Bus call StartTransientUnit with that name to a socket that the policy calls systemd's
 *     or a message bus (`starts-units`),
 *   - the process is a child of that systemd: its parent is in a cgroup init.scope, and is of the caller's user; or it is pid 1 and the
 *     caller is root: anybody may ask pid 1 for a unit of a name that is root's, and is refused, but the request was sent,
 *   - its cgroup has that name,
 *   - and either the name is one of systemd-run's, 128 random bits, or it was asked for within SL_UNIT_NS and the process is
 *     the first in it: a unit that was there already is not mistaken for the one asked for.
 *
 * A timer's, path's or socket's unit stands for the service of its name. Whatever cannot be read (a message in pieces, a
 * 32-bit call, io_uring, big endian) is not followed: the session's lineage.lost has been told by then.
 */
#include "path.h"
#include "peers.h"
#include "unix.h"
#include "calls.h"
#include "units.h"

#define HEAD_MAX 512               /* bytes of a message that are looked at */
#define PIECES_MAX 4
#define KEY_AT (2 * HEAD_MAX + SL_PATH_MAX) /* in the scratch buffer, behind what match_address() uses */
#define ASKED_AT (KEY_AT + 512)    /* the key's name is 128 bytes, and what follows it */

#define DBUS_CALL_LE 0x016c        /* 'l', METHOD_CALL */
#define MEMBER_OF_18 0x0000001200730103ull /* header field MEMBER, a string of 18 bytes */
/* Text as numbers, little endian: clang makes a call of memcmp() of a comparison. */
#define START_TRA 0x6172547472617453ull
#define NSIENT_UN 0x6e55746e6569736eull
#define IT 0x7469
#define INIT_SCO 0x6f63732e74696e69ull
#define PE 0x6570

struct pieces {
	void *buf;
	__u64 iov;
	__u32 cnt;
	__u32 len;
};

static long piece_cb(__u32 i, void *ctx)
{
	struct pieces *p = ctx;
	__u32 at = p->len, n;
	__u64 iov[2];

	if (i >= p->cnt || !p->buf || at >= HEAD_MAX || bpf_probe_read_user(iov, sizeof(iov), (void *)(p->iov + i * sizeof(iov))))
		return 1;
	n = iov[1] < HEAD_MAX ? iov[1] : HEAD_MAX;
	if (n > HEAD_MAX || bpf_probe_read_user(p->buf + at, n, (void *)iov[0]))
		return 1;
	p->len = forget(at + n);
	return 0;
}

/* The first bytes of what is sent, at s->data; how many. */
GLOBAL __u32 message_head(struct scratch *s, __u32 nr, __u64 arg2, __u64 arg3)
{
	struct pieces p = {};
	__u64 msg[4]; /* struct msghdr: name, its length, iov, their number */
	__u32 n;

	if (!s)
		return 0;
	if (nr == NR_WRITE || nr == NR_SENDTO) {
		n = arg3 < HEAD_MAX ? arg3 : HEAD_MAX;
		return n > HEAD_MAX || bpf_probe_read_user(s->data, n, (void *)arg2) ? 0 : n;
	}
	p.buf = s->data;
	p.iov = arg2;
	p.cnt = arg3 < PIECES_MAX ? arg3 : PIECES_MAX;
	if (nr == NR_SENDMSG) {
		if (bpf_probe_read_user(msg, sizeof(msg), (void *)arg2))
			return 0;
		p.iov = msg[2];
		p.cnt = msg[3] < PIECES_MAX ? msg[3] : PIECES_MAX;
	}
	p.len = forget(0);
	bpf_loop(PIECES_MAX, piece_cb, &p, 0);
	return p.len < 2 * HEAD_MAX ? p.len : 0;
}

/* Is this the head of a call StartTransientUnit? Fields of a header begin at multiples of eight. */
ALWAYS_INLINE int is_request(const __u8 *m, __u32 len)
{
	if (len < 64 || *(const __u16 *)m != DBUS_CALL_LE || m[3] != 1)
		return 0;
	for (__u32 at = 16; at + 32 < HEAD_MAX / 2; at += 8) {
		const __u64 *field = (const __u64 *)(m + at);

		if (field[0] == MEMBER_OF_18)
			return field[1] == START_TRA && field[2] == NSIENT_UN && *(const __u16 *)(field + 3) == IT;
	}
	return 0;
}

#define DOT_SERVICE 0x656369767265732eull  /* the last bytes of a name, little endian */
#define DOT_SOCKET (0x74656b636f732eull << 8)
#define DOT_TIMER (0x72656d69742eull << 16)
#define DOT_PATH (0x687461702eull << 24)

/* The name of the service that the request is for, at s->data + KEY_AT, padded with zeros; its length, 0: none. */
GLOBAL __u32 request_name(struct scratch *s, __u32 len)
{
	__u32 body, n, stem;
	__u64 tail = 0;
	__u8 *key;

	if (!s || !is_request(s->data, len))
		return 0;
	key = s->data + KEY_AT;
	__builtin_memset(key, 0, SL_UNIT_LEN);
	body = *(__u32 *)(s->data + 12);
	if (body > HEAD_MAX)
		return 0;
	body = (16 + body + 7) & ~7u;
	opaque(body);
	if (body >= HEAD_MAX)
		return 0;
	n = *(__u32 *)(s->data + body);
	if (n < 9 || n >= SL_UNIT_LEN - 8 || body + 4 + n > len)
		return 0;
	/* clang 23 compares its low half and adds all of it, whose bound 6.1 does not see. */
	opaque(n);
	n &= SL_UNIT_LEN - 1;
	if (bpf_probe_read_kernel(key, n, s->data + body + 4) || bpf_probe_read_kernel(&tail, sizeof(tail), key + n - 8))
		return 0;
	if (tail == DOT_SERVICE)
		return n;
	if ((tail & ~0xffull) == DOT_SOCKET)
		stem = n - 7;
	else if ((tail & ~0xffffull) == DOT_TIMER)
		stem = n - 6;
	else if ((tail & ~0xffffffull) == DOT_PATH)
		stem = n - 5;
	else
		return 0; /* a scope holds what is there already */
	opaque(stem);
	if (stem >= SL_UNIT_LEN - 8)
		return 0;
	stem &= SL_UNIT_LEN - 1;
	*(__u64 *)(key + stem) = DOT_SERVICE;
	return stem + 8;
}

/* run-r and 32 digits: nobody else has that name. */
ALWAYS_INLINE int is_random(const __u8 *name, __u32 len)
{
	return len == 5 + 32 + 8 && *(const __u32 *)name == 0x2d6e7572 && name[4] == 'r';
}

GLOBAL __u32 unit_asked(__u64 sock, __u32 nr, __u64 arg2, __u64 arg3)
{
	struct socket *socket = (struct socket *)sock;
	__u32 uid = (__u32)bpf_get_current_uid_gid(), len;
	struct sl_label *label = label_find(bpf_get_current_pid_tgid() >> 32);
	struct unix_sock *u;
	struct sock *sk;
	struct scratch *s;
	struct asked *asked;
	struct address a;
	struct unit_key *key;
	__u32 *object, system;
	__u64 peer, now;

	if (!sock || !label || !label->tool || !decides(1))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	len = message_head(s, nr, arg2, arg3);
	len = request_name(s, len);
	sk = BPF_CORE_READ(socket, sk);
	u = (struct unix_sock *)sk;
	peer = len ? (__u64)BPF_CORE_READ(u, peer) : 0;
	if (!peer)
		goto out;
	read_address(&a, peer);
	a.set = a.dentry || a.name ? match_address(s, &a) : 0;
	object = bpf_map_lookup_elem(&peer_objects, &a.set);
	if (!object || !(*object & SL_PEER_UNITS))
		goto out;
	/* The system's systemd, or a bus that is not the user's own. Its units are root's: nobody else's request says what they are for. */
	system = BPF_CORE_READ(sk, sk_peer_pid, numbers[0].nr) == 1 || BPF_CORE_READ(sk, sk_peer_cred, uid.val) != uid;
	if (system && uid)
		goto out;
	key = (struct unit_key *)(s->data + KEY_AT);
	key->uid = uid;
	key->system = system;
	now = bpf_ktime_get_boot_ns();
	/* The first to ask has the name: systemd refuses it to the next. */
	asked = bpf_map_lookup_elem(&units, key);
	if (asked && (asked->random || now - asked->at_ns <= SL_UNIT_NS))
		goto out;
	asked = (struct asked *)(s->data + ASKED_AT);
	asked->label = *label;
	asked->at_ns = now;
	asked->reserved = 0;
	asked->random = is_random(s->data + KEY_AT, len);
	bpf_map_update_elem(&units, key, asked, BPF_ANY);
	units_used = 1;
out:
	scratch_put(s);
	return 0;
}

SEC("fentry/unix_stream_sendmsg")
int BPF_PROG(unit_send, struct socket *sock)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, nr;
	struct task_struct *task;
	struct pt_regs *regs;

	if (!has_label(tgid))
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	if (call_is_compat(regs))
		return 0;
	nr = call_nr(regs);
	if (IS_SEND(nr))
		unit_asked(argument(ctx, 0), nr, second_arg(regs), third_arg(regs));
	return 0;
}

/* ---- the unit starts ------------------------------------------------------------------------------------------------- */

/* A systemd that manages units is in init.scope. */
ALWAYS_INLINE int is_manager(struct task_struct *task)
{
	const char *address = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, name);
	__u64 name[2] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), address);
	return name[0] == INIT_SCO && name[1] == PE;
}

/* Is this task all that its cgroup holds? Where the kernel does not count populated sets (7.3): the cgroup has no other set at all. */
ALWAYS_INLINE int is_alone(struct css_set *set)
{
	struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);
	struct list_head *first;

	if (BPF_CORE_READ(set, nr_tasks) != 1)
		return 0;
	if (bpf_core_field_exists(cgroup->nr_populated_csets))
		return BPF_CORE_READ(cgroup, nr_populated_csets) == 1;
	first = BPF_CORE_READ(cgroup, cset_links.next);
	return first && (__u64)BPF_CORE_READ(first, next) == (__u64)cgroup + bpf_core_field_offset(struct cgroup, cset_links);
}

GLOBAL __u32 unit_started(struct sl_label *label)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task(), *parent = BPF_CORE_READ(task, real_parent);
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct unit_key *key;
	struct asked *asked;
	__u32 started = 0;
	struct scratch *s;

	if (!label || !is_manager(parent))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	key = (struct unit_key *)s->data;
	__builtin_memset(key, 0, sizeof(*key));
	bpf_probe_read_kernel_str(key->name, SL_UNIT_LEN, BPF_CORE_READ(set, dfl_cgrp, kn, name));
	key->system = BPF_CORE_READ(parent, tgid) == 1;
	key->uid = BPF_CORE_READ(parent, real_cred, uid.val);
	asked = bpf_map_lookup_elem(&units, key);
	if (asked && (asked->random || (bpf_ktime_get_boot_ns() - asked->at_ns <= SL_UNIT_NS && is_alone(set)))) {
		*label = asked->label;
		label->left_tool = 1;
		started = 1;
	}
	scratch_put(s);
	return started;
}
