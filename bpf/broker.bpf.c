/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: a session's words with brokers: daemons that do work for whoever asks them, so that what is done is no descendant's
 * doing (docker, the user's systemd, tmux), or that hold secrets for others (ssh-agent). A broker is known by the address
 * that its socket was bound to: the path as whoever bound it had it, through no mount or name of the caller, or the
 * abstract name. A socket that a process of the session itself listens on is none. Schedulers have no socket: they are known by
 * the files that they take their work from (the hooks on opening a file are in peers.bpf.c).
 *
 * The hooks of connects are called under the sockets' spin locks, so no run of a program preempts another and none has a twin.
 */
#include "image.h"
#include "path.h"
#include "calls.h"
#include "peers.h"
#include "units.h"
#include "unix.h"

struct met {
	__u64 sk;              /* the other's struct sock */
	__u64 pid;             /* struct pid of whoever listens there, 0 not known */
	__u8 type;             /* SL_BROKER_* */
	__u8 by;
};

ALWAYS_INLINE __u32 pid_number(const struct pid *pid)
{
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

ALWAYS_INLINE void report_broker(struct scratch *s, const struct sl_label *label, const struct sl_decision *d,
				 const struct met *met, const struct address *a, __u8 taken)
{
	struct sl_rec_broker *rec = (struct sl_rec_broker *)s->data;
	struct dentry *dentry = (struct dentry *)a->dentry;
	__u32 at = sizeof(*rec), len = a->len;

	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_BROKER);
	fill_who(&rec->who, label);
	rec->peer_tgid = pid_number((struct pid *)met->pid);
	rec->set = a->set;
	rec->rule = d->rule;
	rec->type = met->type;
	rec->action = d->action;
	rec->taken = taken;
	rec->by = met->by;
	if (dentry) {
		rec->ino = BPF_CORE_READ(dentry, d_inode, i_ino);
		rec->path_flags = copy_path(s, &at, SL_PATH_MAX, (struct vfsmount *)a->mnt, dentry);
	} else {
		if (len > SL_SUN_NAME_MAX)
			len = SL_SUN_NAME_MAX;
		rec->abstract = !a->is_path;
		rec->path_flags = SL_STR_PLAIN;
		if (!bpf_probe_read_kernel(s->data + sizeof(*rec), len, (void *)a->name))
			at += len;
	}
	rec->path_len = at - sizeof(*rec);
	if (d->action >= SL_ACTION_ALERT)
		send_urgent(&rec->hdr, at);
	else
		send_ordinary(&rec->hdr, at);
}

/* A labelled process speaks to a socket. 1: to be refused. */
GLOBAL __u32 spoken_to(__u64 sk, __u64 pid, __u32 type, __u32 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, refused = 0;
	struct sl_label *label = label_find(tgid);
	struct met met = { .sk = sk, .pid = pid, .type = type, .by = by };
	struct sl_decision *d;
	struct address a;
	struct scratch *s;
	__u32 *object;
	__u64 leader;

	if (!label || !label->tool || !decides(1))
		return 0;
	read_address(&a, sk);
	if (!a.dentry && !a.name)
		return 0;
	s = scratch_get();
	a.set = match_address(s, &a);
	object = bpf_map_lookup_elem(&peer_objects, &a.set);
	if (object && *object & SL_PEER_OBJECT) {
		d = peer_decide(label, *object & SL_PEER_OBJECT);
		leader = pid ? leader_of_pid((struct pid *)pid) : 0;
		if (d && d->action != SL_ACTION_ALLOW && !(leader && is_inside(label->session_ns, label->session_pid, leader))) {
			refused = d->action == SL_ACTION_BLOCK && enforcing();
			if (s)
				report_broker(s, label, d, &met, &a,
					      !refused ? SL_TAKEN_NONE : by == SL_BY_SYS_EXIT ? SL_TAKEN_KILLED : SL_TAKEN_DENIED);
		}
	}
	if (s)
		scratch_put(s);
	return refused;
}

/* A file is opened for writing by a labelled process. 1: to be refused. Nothing is anybody's scheduler's that lies in a folder
 * of the caller's own. */
GLOBAL __u32 spooled(__u64 mnt, __u64 dentry, __u32 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, uid = (__u32)bpf_get_current_uid_gid(), refused = 0;
	struct address a = { .mnt = mnt, .dentry = dentry, .is_path = 1 };
	struct met met = { .type = SL_BROKER_SPOOL, .by = by };
	struct dentry *d = (struct dentry *)dentry;
	struct sl_label *label = label_find(tgid);
	struct sl_decision *decision;
	struct scratch *s;
	__u32 *object;

	if (!label || !label->tool || !decides(1) || (uid && BPF_CORE_READ(d, d_parent, d_inode, i_uid.val) == uid) ||
	    (BPF_CORE_READ(d, d_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	a.set = PATH_VALUE(path_match_sock(mnt, dentry));
	object = bpf_map_lookup_elem(&peer_objects, &a.set);
	if (!object || !SL_PEER_SPOOL(*object))
		return 0;
	decision = peer_decide(label, SL_PEER_SPOOL(*object));
	if (!decision || decision->action == SL_ACTION_ALLOW)
		return 0;
	refused = decision->action == SL_ACTION_BLOCK && enforcing();
	s = scratch_get();
	if (s) {
		report_broker(s, label, decision, &met, &a,
			      !refused ? SL_TAKEN_NONE : by == SL_BY_SYS_EXIT ? SL_TAKEN_KILLED : SL_TAKEN_DENIED);
		scratch_put(s);
	}
	return refused;
}

ALWAYS_INLINE int speaks(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return has_label(tgid) && !is_self(tgid);
}

/* other: of the hook, whose type the verifier knows; a plain number is wanted here. */
ALWAYS_INLINE int connects(__u64 other, __u8 by)
{
	struct sock *sk = (struct sock *)other;

	return spoken_to(other, (__u64)BPF_CORE_READ(sk, sk_peer_pid), SL_BROKER_STREAM, by) ? -EPERM : 0;
}

ALWAYS_INLINE int sends(__u64 other, __u8 by)
{
	struct socket *sock = (struct socket *)other;
	__u64 sk = (__u64)BPF_CORE_READ(sock, sk);

	return sk && spoken_to(sk, 0, SL_BROKER_DGRAM, by) ? -EPERM : 0;
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(unix_connect_lsm, struct sock *sock, struct sock *other, struct sock *newsk, int ret)
{
	return ret || !speaks() ? ret : connects(argument(ctx, 1), SL_BY_LSM);
}

SEC("lsm/unix_may_send")
int BPF_PROG(unix_send_lsm, struct socket *sock, struct socket *other, int ret)
{
	return ret || !speaks() ? ret : sends(argument(ctx, 1), SL_BY_LSM);
}

SEC("fmod_ret/security_unix_stream_connect")
int BPF_PROG(unix_connect_fmod_ret, struct sock *sock, struct sock *other, struct sock *newsk, int ret)
{
	return ret || !speaks() ? ret : connects(argument(ctx, 1), SL_BY_FMOD_RET);
}

SEC("fmod_ret/security_unix_may_send")
int BPF_PROG(unix_send_fmod_ret, struct socket *sock, struct socket *other, int ret)
{
	return ret || !speaks() ? ret : sends(argument(ctx, 1), SL_BY_FMOD_RET);
}

/* ---- the third tier: what connect() has done ---------------------------------------------------------------------------- */

/* The UNIX socket behind a descriptor of the caller; 0: none. */
GLOBAL __u64 unix_socket(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;
	struct socket *sock;

	if (fd >= BPF_CORE_READ(task, files, fdt, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), fds + fd) || !file) {
		count_loss(SL_LOSS_FD);
		return 0;
	}
	sock = BPF_CORE_READ(file, private_data);
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK || !sock ||
	    BPF_CORE_READ(sock, sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	return (__u64)sock;
}

/* In the frame of the program, see links_of(). */
ALWAYS_INLINE __u32 connected(__u32 fd)
{
	struct socket *sock = (struct socket *)unix_socket(fd);
	struct unix_sock *u;
	__u64 peer;

	if (!sock)
		return 0;
	u = (struct unix_sock *)BPF_CORE_READ(sock, sk);
	peer = (__u64)BPF_CORE_READ(u, peer);
	return peer ? spoken_to(peer, (__u64)BPF_CORE_READ(sock, sk, sk_peer_pid),
				BPF_CORE_READ(sock, type) == SOCK_DGRAM ? SL_BROKER_DGRAM : SL_BROKER_STREAM, SL_BY_SYS_EXIT) : 0;
}

/* In slot SL_MORE_BROKERS, not attached. */
SEC("tp_btf/sys_exit")
int BPF_PROG(brokers_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 compat, nr, fd;

	if (ret < 0 || !speaks())
		return 0;
	nr = call_nr(regs);
	compat = call_is_compat(regs);
	if (IS_CONNECT(nr, compat)) {
		fd = connected_fd(regs, nr, compat);
		if (fd != (__u32)-1 && connected(fd))
			kill_caller();
	} else if (knobs.units && !compat && IS_SEND(nr)) {
		unit_asked(unix_socket(first_arg(regs, compat)), nr, second_arg(regs), third_arg(regs));
	}
	return 0;
}
