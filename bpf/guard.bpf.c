/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: self-protection. No process of a session, root or not, may signal, trace or starve the agent, use bpf(2), or change the
 * files that it lives by. Who is outside every session is not concerned: an administrator can do all of it.
 *
 * One program a hook, on the security_*() function; where programs on LSM hooks run, the loader puts the same program there
 * (their arguments are the same). Arguments are read as plain numbers, and only for processes of a session: anyone else leaves
 * after a look at label_bits. A hook that this kernel lacks is left out by the loader and named by doctor.
 *
 * In the third tier nothing can be refused: there the exit of system calls calls guard_open() and guard_tell() (file.bpf.c).
 */
#include "guard.h"

#define BPFFS_MAGIC 0xcafe4a11
#define PROC_MAGIC 0x9fa0
#define CGROUP_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

#define CAP_DAC_OVERRIDE 1
#define MS_PROPAGATION (0xfu << 17) /* MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED */

/* Components of a path that are told: enough to recognise a file. */
#define TELL_DEPTH 4

/* ---- what is told -------------------------------------------------------------------------------------------------------- */

/* The last components of a dentry's path, leaf first. Where the file system is mounted is not known here. */
ALWAYS_INLINE __u32 put_path(struct scratch *s, __u64 dentry)
{
	__u32 at = sizeof(struct sl_rec_guard);

	for (int i = 0; i < TELL_DEPTH; i++) {
		struct dentry *d = (struct dentry *)dentry;
		__u64 parent = (__u64)BPF_CORE_READ(d, d_parent);
		const unsigned char *name = BPF_CORE_READ(d, d_name.name);
		long len;

		if (!dentry || parent == dentry || at > SL_RECORD_MAX)
			break;
		len = bpf_probe_read_kernel_str(s->data + at, SL_NAME_MAX + 1, name);
		if (len <= 0 || len > SL_NAME_MAX + 1)
			break;
		at += len;
		if (at > SL_RECORD_MAX)
			break;
		s->data[at - 1] = '/'; /* over the NUL */
		dentry = parent;
	}
	return at - sizeof(struct sl_rec_guard);
}

GLOBAL __u32 guard_tell(__u32 what, __u32 detail, __u64 dentry)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label = label_find(tgid);
	struct scratch *s = scratch_get();
	struct sl_rec_guard *rec;

	/* The refusal hangs on no buffer. */
	if (!s)
		return 1;
	rec = (struct sl_rec_guard *)s->data;
	fill_hdr(&rec->hdr, SL_REC_GUARD);
	fill_who(&rec->who, label);
	rec->detail = detail;
	rec->what = what;
	rec->by = knobs.guard;
	rec->taken = knobs.guard == SL_BY_SYS_EXIT ? SL_TAKEN_KILLED : SL_TAKEN_DENIED;
	rec->path_flags = SL_STR_UNRESOLVED;
	rec->reserved = 0;
	rec->path_len = dentry ? put_path(s, dentry) : 0;
	send_urgent(&rec->hdr, sizeof(*rec) + rec->path_len);
	scratch_put(s);
	return 1;
}

/* ---- marks --------------------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE void key_of(struct inode *inode, struct sl_guard_key *key)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	key->ino = BPF_CORE_READ(inode, i_ino);
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->dev = BPF_CORE_READ(sb, s_magic) == PROC_MAGIC ? 0 : BPF_CORE_READ(sb, s_dev);
}

ALWAYS_INLINE __u32 marks_of(struct inode *inode)
{
	struct sl_guard_key key;
	__u32 *marks;

	if (!inode)
		return 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == BPFFS_MAGIC)
		return SL_MARK_BPFFS;
	key_of(inode, &key);
	marks = bpf_map_lookup_elem(&guarded, &key);
	return marks ? *marks : 0;
}

GLOBAL __u32 guard_note(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct sl_guard_key key;
	__u32 marks = *(volatile __u32 *)&guard_mark, *old;

	if (!inode)
		return 0;
	key_of(inode, &key);
	old = bpf_map_lookup_elem(&guarded, &key);
	marks |= old ? *old : 0;
	for (int i = 0; i < UPDATE_TRIES; i++) {
		if (!bpf_map_update_elem(&guarded, &key, &marks, BPF_ANY)) {
			__sync_fetch_and_add(&guard_marked, 1);
			return 1;
		}
	}
	return 0;
}

/* ---- files --------------------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE int is_yaml(struct dentry *d)
{
	const unsigned char *name = BPF_CORE_READ(d, d_name.name);
	__u32 len = BPF_CORE_READ(d, d_name.len);
	char end[8] = {};

	if (len < 5 || len > SL_NAME_MAX)
		return 0;
	bpf_probe_read_kernel(end, 5, name + len - 5);
	return end[0] == '.' && end[1] == 'y' && end[2] == 'a' && end[3] == 'm' && end[4] == 'l';
}

/* An entry of a folder is made, removed or renamed. 1: not by a process of a session. */
GLOBAL __u32 guard_name(__u64 dir, __u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	__u32 marks = marks_of((struct inode *)dir);

	return (marks & (SL_MARK_CLOSED | SL_MARK_BPFFS)) || (marks & SL_MARK_LISTS && is_yaml(d)) ||
	       marks_of(BPF_CORE_READ(d, d_inode));
}

/* A file's contents or attributes are changed. */
ALWAYS_INLINE int content_guarded(struct dentry *d)
{
	return marks_of(BPF_CORE_READ(d, d_inode)) & (SL_MARK_FILE | SL_MARK_CLOSED | SL_MARK_BPFFS) ||
	       marks_of(BPF_CORE_READ(d, d_parent, d_inode)) & SL_MARK_CLOSED;
}

GLOBAL __u32 guard_content(__u64 dentry)
{
	return content_guarded((struct dentry *)dentry);
}

/* A file below /proc/PID of the agent. */
ALWAYS_INLINE int of_agent(struct inode *inode)
{
	struct pid *pid;
	__u32 nr = 0;

	if (!bpf_core_type_exists(struct proc_inode))
		return 0;
	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode) +
			      bpf_core_field_offset(struct proc_inode, pid));
	if (!pid)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)pid + bpf_core_field_offset(struct pid, numbers));
	return nr && nr == *(volatile __u32 *)&self_tgid;
}

/* May override the mode bits of files outside its own user namespace. */
ALWAYS_INLINE int privileged(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	__u32 caps = 0;

	if (BPF_CORE_READ(task, cred, user_ns, level))
		return 0;
	bpf_probe_read_kernel(&caps, sizeof(caps),
			      (void *)BPF_CORE_READ(task, cred) + bpf_core_field_offset(struct cred, cap_effective));
	return !BPF_CORE_READ(task, cred, fsuid.val) || caps >> CAP_DAC_OVERRIDE & 1;
}

union short_name {
	char bytes[16];
	__u64 words[2];
};

ALWAYS_INLINE int is_named(struct dentry *d, const union short_name *want)
{
	const unsigned char *at = BPF_CORE_READ(d, d_name.name);
	__u32 len = BPF_CORE_READ(d, d_name.len);
	union short_name name = {};

	if (len >= sizeof(name))
		return 0;
	bpf_probe_read_kernel_str(name.bytes, sizeof(name), at);
	return name.words[0] == want->words[0] && name.words[1] == want->words[1];
}

/* cgroup.procs, cgroup.threads, tasks: whoever may write them can move the agent to a cgroup that is frozen. */
ALWAYS_INLINE int lists_members(struct dentry *d)
{
	return is_named(d, &(union short_name){ "cgroup.procs" }) || is_named(d, &(union short_name){ "cgroup.threads" }) ||
	       is_named(d, &(union short_name){ "tasks" });
}

/*
 * Settings of the kernel by which root switches programs off (ftrace_enabled: the kernel calls none of the kinds lsm, fentry and fmod_ret any
 * more), or has the kernel start a program that is no descendant of a session's (the others).
 */
ALWAYS_INLINE int is_setting(struct dentry *d)
{
	return is_named(d, &(union short_name){ "ftrace_enabled" }) || is_named(d, &(union short_name){ "core_pattern" }) ||
	       is_named(d, &(union short_name){ "modprobe" }) || is_named(d, &(union short_name){ "hotplug" });
}

GLOBAL __u32 guard_open(__u64 dentry, __u32 mode)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);

	if (mode & FMODE_PATH)
		return 0;
	if (magic == PROC_MAGIC && of_agent(inode)) {
		if (mode & FMODE_WRITE)
			return guard_tell(SL_GUARD_PROC, 0, dentry);
		return is_named(d, &(union short_name){ "mem" }) ? guard_tell(SL_GUARD_PROC, 0, dentry) : 0;
	}
	if (!(mode & FMODE_WRITE))
		return 0;
	if (magic == PROC_MAGIC && is_setting(d))
		return guard_tell(SL_GUARD_PROC, 0, dentry);
	if (magic == CGROUP_MAGIC || magic == CGROUP2_MAGIC) {
		if (marks_of(BPF_CORE_READ(d, d_parent, d_inode)) & SL_MARK_CGROUP || (lists_members(d) && privileged()))
			return guard_tell(SL_GUARD_CGROUP, 0, dentry);
		return 0;
	}
	return content_guarded(d) ? guard_tell(SL_GUARD_FILE, 0, dentry) : 0;
}

/* ---- bpf(2) -------------------------------------------------------------------------------------------------------------- */

#define INSNS_AT_ONCE 4
#define DEVICE_INSNS_MAX 4096 /* some ten for each device that a container may use; a longer program is refused */

struct insns {
	struct bpf_insn read[INSNS_AT_ONCE];
	__u64 at;
	__u64 left;
	__u64 calls;
};

static long find_call_cb(__u32 i, void *ctx)
{
	struct insns *s = ctx;

	if (!s->left)
		return 1;
	if (bpf_probe_read_kernel(s->read, sizeof(s->read), (void *)s->at))
		s->calls = 1;
	for (int n = 0; n < INSNS_AT_ONCE; n++)
		if ((__u64)n < s->left && s->read[n].code == (BPF_JMP | BPF_CALL))
			s->calls = 1;
	s->at = forget(s->at + sizeof(s->read));
	s->left = forget(s->left > INSNS_AT_ONCE ? s->left - INSNS_AT_ONCE : 0);
	return s->calls != 0;
}

/*
 * A program about devices that calls nothing and has no map: it decides about devices and can do nothing else. One that calls helpers reads
 * kernel memory (bpf_probe_read_kernel), and a map would carry that out; engines generate programs of comparisons alone. The agent has
 * no program of this type.
 */
GLOBAL __u32 is_device_program(__u64 address)
{
	struct bpf_prog *prog = (struct bpf_prog *)address;
	struct insns s = {};

	s.left = BPF_CORE_READ(prog, len);
	if (BPF_CORE_READ(prog, type) != BPF_PROG_TYPE_CGROUP_DEVICE || BPF_CORE_READ(prog, aux, used_map_cnt) || s.left > DEVICE_INSNS_MAX)
		return 0;
	s.at = forget(address + bpf_core_field_offset(struct bpf_prog, insnsi));
	s.left = forget(s.left);
	s.calls = forget(0);
	bpf_loop(DEVICE_INSNS_MAX / INSNS_AT_ONCE, find_call_cb, &s, 0);
	return !s.calls && !s.left;
}

/* The root of the hierarchy, or a cgroup that holds the agent: it would be among those that a program there decides about. */
ALWAYS_INLINE int is_agents_cgroup(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = NULL;
	struct dentry *d;

	if (fd >= BPF_CORE_READ(fdt, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return 0; /* the call will fail */
	d = BPF_CORE_READ(file, f_path.dentry);
	return BPF_CORE_READ(d, d_parent) == d || marks_of(BPF_CORE_READ(d, d_inode)) & SL_MARK_CGROUP;
}

/*
 * What engines do as root for each container: load a program on devices, see which ones its cgroup has, replace them; and try out what
 * the kernel can, with an array of their own. No command is let through that can change one of the agent's programs, links or maps: those
 * have other types, and a type is part of each command here (of a look-up by id, in the hook of the descriptor that it gives).
 * BPF_OBJ_GET_INFO_BY_FD only reads, of a descriptor that is there. The descriptor of the cgroup may be another's by
 * the time that the kernel looks at it, in a process whose threads race: what is gained is a say over the agent's devices, of which
 * it needs none.
 */
GLOBAL __u32 guard_bpf_spared(const struct sl_bpf_call *call)
{
	if (!call)
		return 0;
	switch (call->cmd) {
	case BPF_PROG_LOAD:
		return call->attr[0] == BPF_PROG_TYPE_CGROUP_DEVICE; /* prog_type */
	case BPF_MAP_CREATE:
		return call->attr[0] == BPF_MAP_TYPE_ARRAY; /* map_type */
	case BPF_OBJ_GET_INFO_BY_FD:
		return 1;
	case BPF_PROG_ATTACH:
		return call->attr[2] == BPF_CGROUP_DEVICE && !is_agents_cgroup(call->attr[0]); /* attach_type, target_fd */
	case BPF_PROG_DETACH:
		return call->attr[2] == BPF_CGROUP_DEVICE;
	case BPF_PROG_QUERY:
		return call->attr[1] == BPF_CGROUP_DEVICE; /* attach_type */
	case BPF_PROG_GET_FD_BY_ID:
		return *(volatile __u32 *)&guard_sees_programs;
	default:
		return 0;
	}
}

GLOBAL __u32 guard_bpf_returned(__u32 cmd, __u64 attr, __u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct sl_bpf_call call = { .cmd = cmd };
	struct file **files, *file = NULL;

	if (cmd == BPF_PROG_LOAD || cmd == BPF_PROG_GET_FD_BY_ID) {
		files = BPF_CORE_READ(task, files, fdt, fd);
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
		return file && is_device_program((__u64)BPF_CORE_READ(file, private_data));
	}
	bpf_probe_read_user(call.attr, cmd == BPF_PROG_QUERY ? 8 : 12, (void *)attr);
	return guard_bpf_spared(&call);
}

/* ---- hooks --------------------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE int watched(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!has_label(tgid) && !is_self(tgid))
		return 0;
	if (is_self(tgid)) {
		__sync_fetch_and_add(&self_hits[SL_HOOK_GUARD], 1);
		return 0;
	}
	return guard_watches(tgid);
}

/*
 * HOOK(hook, N): the body follows, with the first N arguments in arg[]; it returns 1 to refuse. Twice, since the kernel skips a
 * program that a preempted run of it is under way of: where the first run refuses, the kernel does not call the second.
 */
#define HOOK(hook, n)                                                   \
	ALWAYS_INLINE __u32 on_##hook(const __u64 *arg);                \
	ALWAYS_INLINE int run_##hook(void *ctx)                         \
	{                                                               \
		__u64 arg[n];                                           \
                                                                        \
		if (!watched())                                         \
			return 0;                                       \
		bpf_probe_read_kernel(arg, sizeof(arg), ctx);           \
		return on_##hook(arg) ? -EPERM : 0;                     \
	}                                                               \
	SEC("fmod_ret/security_" #hook)                                 \
	int guard_##hook(void *ctx)                                     \
	{                                                               \
		return run_##hook(ctx);                                 \
	}                                                               \
	SEC("fmod_ret/security_" #hook)                                 \
	int guard2_##hook(void *ctx)                                    \
	{                                                               \
		return run_##hook(ctx);                                 \
	}                                                               \
	ALWAYS_INLINE __u32 on_##hook(const __u64 *arg)

ALWAYS_INLINE int is_agent(__u64 task)
{
	struct task_struct *t = (struct task_struct *)task;
	__u32 tgid = BPF_CORE_READ(t, tgid);

	/* Or one of its workers. */
	return tgid && (is_self(tgid) || is_self(BPF_CORE_READ(t, real_parent, tgid)));
}

HOOK(task_kill, 3) /* target, info, signal */
{
	return (__u32)arg[2] && is_agent(arg[0]) ? guard_tell(SL_GUARD_SIGNAL, (__u32)arg[2], 0) : 0;
}

/* F_SETOWN and F_SETSIG. The signal is sent in the name of whoever makes the descriptor ready, so this is one of the agent's
 * for nobody: it asks for no such signal itself. */
SEC("fmod_ret/security_file_send_sigiotask")
int guard_file_send_sigiotask(void *ctx)
{
	__u64 target;

	bpf_probe_read_kernel(&target, sizeof(target), ctx);
	return is_agent(target) ? -EPERM : 0;
}

HOOK(ptrace_access_check, 2) /* target, mode */
{
	return arg[1] & PTRACE_MODE_ATTACH && is_agent(arg[0]) ? guard_tell(SL_GUARD_TRACE, 0, 0) : 0;
}

HOOK(task_setrlimit, 2) /* target, which */
{
	return is_agent(arg[0]) ? guard_tell(SL_GUARD_LIMIT, (__u32)arg[1] + 1, 0) : 0;
}

HOOK(task_setscheduler, 1)
{
	return is_agent(arg[0]) ? guard_tell(SL_GUARD_LIMIT, 0, 0) : 0;
}

HOOK(task_setnice, 1)
{
	return is_agent(arg[0]) ? guard_tell(SL_GUARD_LIMIT, 0, 0) : 0;
}

/* The number of a command is in a register and what else it says in the kernel's copy: nothing of it changes once it was looked at. */
HOOK(bpf, 2) /* command, attributes */
{
	struct sl_bpf_call call = { .cmd = (__u32)arg[0] };

	bpf_probe_read_kernel(call.attr, sizeof(call.attr), (void *)arg[1]);
	return guard_bpf_spared(&call) ? 0 : guard_tell(SL_GUARD_BPF, call.cmd, 0);
}

/* A descriptor of a program is about to be handed out: the new one's, or that of one looked up by its id. */
HOOK(bpf_prog, 1)
{
	return is_device_program(arg[0]) ? 0 : guard_tell(SL_GUARD_BPF, BPF_PROG_GET_FD_BY_ID, 0);
}

/* A namespace of the initial user namespace: what is mounted there may propagate to the agent's. */
ALWAYS_INLINE int mounts_matter(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	return !BPF_CORE_READ(task, nsproxy, mnt_ns, user_ns, level);
}

ALWAYS_INLINE __u32 mount_refused(struct dentry *d)
{
	if (!mounts_matter())
		return 0;
	if (marks_of(BPF_CORE_READ(d, d_inode)) || marks_of(BPF_CORE_READ(d, d_parent, d_inode)) & SL_MARK_CLOSED)
		return guard_tell(SL_GUARD_MOUNT, 0, (__u64)d);
	return 0;
}

HOOK(sb_mount, 4) /* device, path, type, flags */
{
	return arg[3] & MS_PROPAGATION ? 0 : mount_refused(BPF_CORE_READ((struct path *)arg[1], dentry));
}

HOOK(move_mount, 2) /* from, to */
{
	return mount_refused(BPF_CORE_READ((struct path *)arg[0], dentry)) ||
	       mount_refused(BPF_CORE_READ((struct path *)arg[1], dentry));
}

HOOK(sb_umount, 1) /* the mount */
{
	return mount_refused(BPF_CORE_READ((struct vfsmount *)arg[0], mnt_root));
}

/* It moves the root of every process of its namespace. */
HOOK(sb_pivotroot, 1)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == knobs.guard_mnt_ns ? guard_tell(SL_GUARD_MOUNT, 0, 0) : 0;
}

ALWAYS_INLINE __u32 name_refused(__u64 dir, __u64 dentry)
{
	return guard_name(dir, dentry) ? guard_tell(SL_GUARD_FILE, 0, dentry) : 0;
}

HOOK(inode_create, 2) /* folder, entry */
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_mknod, 2)
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_mkdir, 2)
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_symlink, 2)
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_unlink, 2)
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_rmdir, 2)
{
	return name_refused(arg[0], arg[1]);
}

HOOK(inode_link, 3) /* file, folder, entry */
{
	return guard_content(arg[0]) ? guard_tell(SL_GUARD_FILE, 0, arg[0]) : name_refused(arg[1], arg[2]);
}

HOOK(inode_rename, 4) /* folder, entry; new folder, new entry */
{
	return name_refused(arg[0], arg[1]) || name_refused(arg[2], arg[3]);
}

/* Also every truncation by name. */
HOOK(inode_setattr, 2)
{
	__u64 dentry = knobs.guard_setattr_arg ? arg[1] : arg[0];

	return guard_content(dentry) ? guard_tell(SL_GUARD_FILE, 0, dentry) : 0;
}
