/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: a session's dealings with processes outside of it: reading their memory or environment, tracing them, taking
 * their descriptors. One body, three ways to attach, as file.bpf.c has them.
 *
 * The kernel asks security_ptrace_access_check() for all of these, but what is asked for an environment (mode READ) is
 * also asked for much that is harmless, /proc/PID/maps, cwd or exe as ps and top read them. So the right to attach is
 * judged there, and the environment where its file in /proc is opened, by the inode's pid and never by a path: /proc may be
 * mounted anywhere. PTRACE_TRACEME is no business of ours: it gives the caller away, not another.
 *
 * Its programs on file opens also tell of files that a scheduler takes its work from (spooled(), in broker.bpf.c): one more
 * program there would be paid for by every open of everybody.
 *
 * "Inside" is the session itself, sessions within it, and descendants. The session around one is outside.
 */

#include "image.h"
#include "calls.h"
#include "peers.h"

/* Sessions within sessions, and generations, that are followed; what is deeper counts as outside: told, never missed. */
#define NESTED_MAX 4
#define GENERATIONS_MAX 32

/* ---- who the other is ------------------------------------------------------------------------------------------------ */

struct kin {
	__u64 session_ns;
	__u64 task;
	__u32 session_pid;
	__u32 found;
};

static long kin_cb(__u32 i, void *ctx)
{
	struct kin *k = ctx;
	struct task_struct *task = (struct task_struct *)k->task, *parent = BPF_CORE_READ(task, real_parent);
	struct sl_label *label;

	if (!parent || parent == task)
		return 1;
	k->task = (__u64)parent;
	label = label_find(BPF_CORE_READ(parent, tgid));
	if (!label || label->session_ns != k->session_ns || label->session_pid != k->session_pid)
		return 0;
	k->found = 1;
	return 1;
}

/* The process (its group leader) is in this session, or in one within it, or descends from one in it. */
GLOBAL __u32 is_inside(__u64 session_ns, __u32 session_pid, __u64 leader)
{
	struct kin k = { .session_ns = session_ns, .session_pid = session_pid, .task = leader };
	struct task_struct *task = (struct task_struct *)leader;
	struct sl_label *label = label_find(BPF_CORE_READ(task, tgid));
	__u64 ns;
	__u32 pid;

	if (label && label->session_ns == session_ns && label->session_pid == session_pid)
		return 1;
	for (int i = 0; i < NESTED_MAX && label && label->parent_session_ns; i++) {
		ns = label->parent_session_ns;
		pid = label->parent_session_pid;
		if (ns == session_ns && pid == session_pid)
			return 1;
		label = label_find(pid);
		if (label && (label->session_ns != ns || label->session_pid != pid))
			break;
	}
	bpf_loop(GENERATIONS_MAX, kin_cb, &k, 0);
	return k.found;
}

GLOBAL __u32 peer_judge_others(const struct sl_label *label, __u32 object)
{
	__u32 found = forget(0), action = forget(0), tool, idx;
	struct sl_decision *d;

	if (!label)
		return 0;
	for (int i = 1; i < 2 * (1 + SL_OUTER_MAX); i++) {
		if (i & 1 && !label->asked.unproved)
			continue;
		tool = i < 2 ? label->tool : label->asked.outer[i / 2 - 1];
		if (!tool)
			break;
		idx = peer_place(tool, i & 1 ? 0 : label->exe_set, object);
		d = bpf_map_lookup_elem(&peer_decisions, &idx);
		if (d && d->action > action) {
			action = d->action;
			found = idx + 1;
		}
	}
	return found;
}

/* The kernel refuses this by itself: another user's process, and no right to trace everybody. Only for hooks that come before
 * that check. */
ALWAYS_INLINE int kernel_refuses(const struct task_struct *leader)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 caps = 0;

	bpf_core_read(&caps, sizeof(caps), &cred->cap_effective);
	if (caps >> CAP_SYS_PTRACE & 1)
		return 0;
	return BPF_CORE_READ(cred, fsuid.val) != BPF_CORE_READ(leader, real_cred, uid.val);
}

/* ---- verdict --------------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE void report_inspect(struct scratch *s, const struct sl_label *label, const struct sl_decision *d,
				  struct task_struct *leader, __u8 object, __u8 how, __u8 by, __u8 taken)
{
	struct sl_rec_inspect *rec = (struct sl_rec_inspect *)s->data;
	struct file *exe = BPF_CORE_READ(leader, mm, exe_file);
	struct sl_label *other;
	__u32 at = sizeof(*rec);

	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_INSPECT);
	fill_who(&rec->who, label);
	rec->target_start_ns = BPF_CORE_READ(leader, start_boottime);
	rec->target_tgid = BPF_CORE_READ(leader, tgid);
	rec->target_uid = BPF_CORE_READ(leader, real_cred, uid.val);
	other = label_find(rec->target_tgid);
	if (other && other->tool) {
		rec->target_session_ns = other->session_ns;
		rec->target_session_pid = other->session_pid;
		rec->target_tool = other->tool;
	}
	rec->rule = d->rule;
	rec->object = object;
	rec->how = how;
	rec->action = d->action;
	rec->taken = taken;
	rec->by = by;
	bpf_core_read(rec->target_comm, sizeof(rec->target_comm), &leader->comm);
	if (exe) {
		rec->exe_flags = copy_path(s, &at, SL_PATH_MAX, BPF_CORE_READ(exe, f_path.mnt), BPF_CORE_READ(exe, f_path.dentry));
		rec->exe_len = at - sizeof(*rec);
	} else {
		rec->exe_flags = SL_STR_MISSING; /* a kernel thread, or it has just ended */
	}
	if (d->action >= SL_ACTION_ALERT)
		send_urgent(&rec->hdr, at);
	else
		send_ordinary(&rec->hdr, at);
}

/* The current process inspects another (its group leader). what: object << 8 | how. 1: to be refused. */
GLOBAL __u32 inspected(__u64 leader, __u32 what, __u32 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, object = what >> 8 & 3;
	struct task_struct *other = (struct task_struct *)leader;
	struct sl_label *label = label_find(tgid);
	__u8 taken = SL_TAKEN_NONE;
	struct sl_decision *d;
	struct scratch *s;

	if (!leader || !label || !label->tool || !decides(1))
		return 0;
	d = peer_decide(label, object);
	if (!d || d->action == SL_ACTION_ALLOW)
		return 0;
	if ((__u32)BPF_CORE_READ(other, tgid) == tgid ||
	    is_inside(label->session_ns, label->session_pid, leader))
		return 0;
	if (d->action == SL_ACTION_BLOCK && enforcing())
		taken = by == SL_BY_SYS_EXIT ? SL_TAKEN_KILLED : SL_TAKEN_DENIED;
	s = scratch_get();
	if (s) {
		report_inspect(s, label, d, other, object, what & 0xff, by, taken);
		scratch_put(s);
	}
	return taken != SL_TAKEN_NONE;
}

#define WHAT(object, how) ((__u32)(object) << 8 | (how))

/* ---- files of /proc --------------------------------------------------------------------------------------------------- */

GLOBAL __u32 proc_opened(__u64 inode, __u64 dentry, __u32 by)
{
	struct dentry *d = (struct dentry *)dentry;
	struct proc_inode *proc = (struct proc_inode *)(inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	__u64 name = 0, leader;
	__u32 what;

	if (bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(d, d_name.name)))
		return 0;
	/* Little endian: the bytes of the name and its NUL. */
	if (name == 0x006e6f7269766e65ull) /* "environ" */
		what = WHAT(SL_PEER_ENVIRON, SL_HOW_PROC_ENVIRON);
	else if ((__u32)name == 0x006d656d && by == SL_BY_SYS_EXIT) /* "mem": in the other tiers the check is asked */
		what = WHAT(SL_PEER_MEMORY, SL_HOW_PROC_MEM);
	else
		return 0;
	leader = (__u64)BPF_CORE_READ(proc, pid);
	leader = leader ? leader_of_pid((struct pid *)leader) : 0;
	if (!leader || (by != SL_BY_SYS_EXIT && kernel_refuses((struct task_struct *)leader)))
		return 0;
	return inspected(leader, what, by);
}

/* Asked only of files that for_peers() in file.bpf.c hands over. */
ALWAYS_INLINE int proc_file(struct file *file, __u8 by)
{
	__u64 inode = 0;

	if (file->f_inode->i_sb->s_magic != PROC_SUPER_MAGIC)
		return spooled((__u64)BPF_CORE_READ(file, f_path.mnt), (__u64)BPF_CORE_READ(file, f_path.dentry), by) ? -EACCES : 0;
	bpf_probe_read_kernel(&inode, sizeof(inode), &file->f_inode);
	return proc_opened(inode, (__u64)BPF_CORE_READ(file, f_path.dentry), by) ? -EACCES : 0;
}

/* In slot SL_MORE_PEERS, not attached. */
SEC("lsm/file_open")
int BPF_PROG(proc_open_lsm, struct file *file, int ret)
{
	return ret ? ret : proc_file(file, SL_BY_LSM);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(proc_open_fmod_ret, struct file *file, int ret)
{
	return ret ? ret : proc_file(file, SL_BY_FMOD_RET);
}

/* ---- the kernel's own check ------------------------------------------------------------------------------------------- */

/* By which system call the right to attach is asked for. A thread of io_uring makes none: it can only open. */
ALWAYS_INLINE __u32 what_is_asked(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 nr = call_nr(regs), compat = call_is_compat(regs);

	switch (call_kind(nr, compat)) {
	case CALL_PTRACE: return WHAT(SL_PEER_TRACE, SL_HOW_PTRACE);
	case CALL_READV: return WHAT(SL_PEER_MEMORY, SL_HOW_READV);
	case CALL_WRITEV: return WHAT(SL_PEER_MEMORY, SL_HOW_WRITEV);
	case CALL_GETFD: return WHAT(SL_PEER_DESCRIPTORS, SL_HOW_GETFD);
	case CALL_NONE: break;
	}
	if (IS_READ(nr, compat))
		return WHAT(SL_PEER_TRACE, SL_HOW_OTHER);
	return WHAT(SL_PEER_MEMORY, SL_HOW_PROC_MEM);
}

ALWAYS_INLINE int access_asked(struct task_struct *child, unsigned int mode, __u8 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 leader = 0;

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	if (is_self(tgid)) {
		__sync_fetch_and_add(&self_hits[SL_HOOK_INSPECT], 1);
		return 0;
	}
	if (!knobs.inspects || !has_label(tgid))
		return 0;
	bpf_probe_read_kernel(&leader, sizeof(leader), &child->group_leader);
	return inspected(leader, what_is_asked(), by) ? -EACCES : 0;
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace_access_lsm, struct task_struct *child, unsigned int mode, int ret)
{
	return ret ? ret : access_asked(child, mode, SL_BY_LSM);
}

ALWAYS_INLINE int access_fmod_ret(int second, struct task_struct *child, unsigned int mode, int ret)
{
	__u64 call = (__u64)low_half(child) << 32 | (__u32)bpf_get_current_pid_tgid();
	int refused = 0;

	if (ret)
		return ret;
	enter();
	if (first_run(SL_TWIN_INSPECT, second, call))
		refused = access_asked(child, mode, SL_BY_FMOD_RET);
	leave();
	return refused;
}

SEC("fmod_ret/security_ptrace_access_check")
int BPF_PROG(ptrace_access_fmod_ret, struct task_struct *child, unsigned int mode, int ret)
{
	return access_fmod_ret(0, child, mode, ret);
}

SEC("fmod_ret/security_ptrace_access_check")
int BPF_PROG(ptrace_access_fmod_ret2, struct task_struct *child, unsigned int mode, int ret)
{
	return access_fmod_ret(1, child, mode, ret);
}

/* ---- the third tier: what a system call has done ------------------------------------------------------------------------ */

#define XA_LEVELS 6
#define XA_CHUNK_BITS 6

/* The struct pid of a number, as the caller's pid namespace has it: a walk down the namespace's radix tree. */
ALWAYS_INLINE struct pid *find_pid(__u32 nr)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(own, level);
	struct pid_namespace *ns = NULL;
	__u64 entry;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)((__u64)own + bpf_core_field_offset(struct pid, numbers) +
							(__u64)level * bpf_core_type_size(struct upid) +
							bpf_core_field_offset(struct upid, ns)));
	entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	for (int i = 0; i < XA_LEVELS; i++) {
		struct xa_node *node;
		__u32 shift;

		if ((entry & 3) != 2) /* not a node: the pid itself */
			break;
		node = (struct xa_node *)(entry - 2);
		shift = BPF_CORE_READ(node, shift);
		if (!i && nr >> (shift & 31) >> XA_CHUNK_BITS)
			return NULL;
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)((__u64)node + bpf_core_field_offset(struct xa_node, slots) +
									  (nr >> (shift & 31) & 63) * sizeof(void *))))
			return NULL;
	}
	return (entry & 3) ? NULL : (struct pid *)entry;
}

/* Whom the caller has begun to trace: the first of its list. */
ALWAYS_INLINE __u64 latest_traced(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 first = (__u64)BPF_CORE_READ(task, ptraced.next);

	if (!first || first == (__u64)task + bpf_core_field_offset(struct task_struct, ptraced))
		return 0;
	task = (struct task_struct *)(first - bpf_core_field_offset(struct task_struct, ptrace_entry));
	return (__u64)BPF_CORE_READ(task, group_leader);
}

ALWAYS_INLINE __u64 leader_of_pidfd(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;
	void *pid;

	if (fd >= BPF_CORE_READ(task, files, fdt, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), fds + fd) || !file)
		return 0;
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == PID_FS_MAGIC)
		pid = BPF_CORE_READ(file, f_inode, i_private);
	else
		pid = BPF_CORE_READ(file, private_data);
	return pid ? leader_of_pid(pid) : 0;
}

GLOBAL __u32 call_ended(__u32 kind, __u64 first)
{
	__u64 leader = 0;
	__u32 what;

	if (!knobs.inspects)
		return 0;
	switch (kind) {
	case CALL_PTRACE:
		if (first != PTRACE_ATTACH && first != PTRACE_SEIZE)
			return 0;
		what = WHAT(SL_PEER_TRACE, SL_HOW_PTRACE);
		leader = latest_traced();
		break;
	case CALL_READV:
	case CALL_WRITEV:
		what = kind == CALL_READV ? WHAT(SL_PEER_MEMORY, SL_HOW_READV) : WHAT(SL_PEER_MEMORY, SL_HOW_WRITEV);
		leader = (__u64)find_pid(first);
		leader = leader ? leader_of_pid((struct pid *)leader) : 0;
		break;
	case CALL_GETFD:
		what = WHAT(SL_PEER_DESCRIPTORS, SL_HOW_GETFD);
		leader = leader_of_pidfd(first);
		break;
	default:
		return 0;
	}
	if (!leader) { /* it ended meanwhile */
		count_loss(SL_LOSS_FD);
		return 0;
	}
	return inspected(leader, what, SL_BY_SYS_EXIT);
}

/* In slot SL_MORE_PEERS of the third tier, not attached. */
SEC("tp_btf/sys_exit")
int BPF_PROG(peers_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, compat, nr, killed = 0;
	struct task_struct *task;
	enum call_kind call;
	struct file *file = NULL, **fds;

	if (ret < 0 || !has_label(tgid) || is_self(tgid))
		return 0;
	task = (struct task_struct *)bpf_get_current_task_btf();
	nr = call_nr(regs);
	compat = call_is_compat(regs);
	call = call_kind(nr, compat);
	if (call) {
		killed = call_ended(call, first_arg(regs, compat));
	} else if (syscall_kind(nr, compat) == 1) {
		/* What is gone by now is counted by file_open_sys_exit. */
		fds = task->files->fdt->fd;
		if (bpf_probe_read_kernel(&file, sizeof(file), fds + (__u32)ret) || !file)
			return 0;
		if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
			killed = knobs.spools && BPF_CORE_READ(file, f_mode) & FMODE_WRITE &&
				 spooled((__u64)BPF_CORE_READ(file, f_path.mnt), (__u64)BPF_CORE_READ(file, f_path.dentry),
					 SL_BY_SYS_EXIT);
		else if (knobs.inspects)
			killed = proc_opened((__u64)BPF_CORE_READ(file, f_inode), (__u64)BPF_CORE_READ(file, f_path.dentry),
				     SL_BY_SYS_EXIT);
	}
	if (killed)
		kill_caller();
	return 0;
}
