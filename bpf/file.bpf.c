/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: file opens. The verdict is taken here from the compiled tables; only opens that a rule wants to hear of leave
 * the kernel. One body, three ways to attach (the loader picks the first that really runs): lsm/file_open,
 * fmod_ret/security_file_open, exit of the open family of system calls.
 *
 * Always the opened struct file is judged, never a string of the caller. O_PATH never reaches the first two hooks and
 * is told apart in the third; a failed open reaches none. Known limit of the third: opens by io_uring make no system
 * call and are not seen, and a descriptor that another thread closes in time is lost (SL_LOSS_FD).
 */
#include "image.h"

struct target {
	__u64 mnt, dentry;
	__u64 ino, parent_ino;
	__u64 hash_len;
	__u64 ns;              /* number of the caller's mount namespace */
	__u32 dev, parent_dev, parent_generation;
	__u32 f_flags, f_mode, i_mode;
};

/*
 * The verdict cache. Tag and slot come from a keyed mix of everything that a path's meaning hangs on: mount, mount
 * namespace, parent directory (device, inode, generation), the name's hash and length, and the epoch, which grows when
 * a directory is renamed or a mount changes. Not cryptographic; the key is secret and a wrong hit needs 48 equal bits.
 */
ALWAYS_INLINE __u64 cache_hash(const struct target *t)
{
	__u64 h = knobs.seed ^ t->mnt;

	h = (h ^ t->parent_ino) * 0x9e3779b97f4a7c15ull;
	h ^= h >> 32;
	h = (h ^ t->parent_generation ^ (__u64)t->parent_dev << 32) * 0xbf58476d1ce4e5b9ull;
	h ^= h >> 29;
	h = (h ^ t->hash_len) * 0x94d049bb133111ebull;
	h ^= h >> 32;
	h = (h ^ t->ns ^ (__u64) * (volatile __u32 *)&epoch << 32) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 31;
}

ALWAYS_INLINE __u32 match_cached(const struct target *t)
{
	__u64 h = cache_hash(t), word;
	__u32 slot = h & ((1 << SL_CACHE_SHIFT) - 1), set;
	__u64 *entry = bpf_map_lookup_elem(&verdicts, &slot);

	if (!entry)
		return 0;
	word = *(volatile __u64 *)entry;
	if (word >> 16 == h >> 16)
		return word & 0xffff;
	word = path_match(t->mnt, t->dentry);
	set = PATH_VALUE(word);
	if (PATH_FLAGS(word) & SL_STR_UNRESOLVED) {
		count_loss(SL_LOSS_PATH);
		return SL_SET_UNRESOLVED;
	}
	*(volatile __u64 *)entry = (h & ~0xffffull) | set;
	return set;
}

ALWAYS_INLINE struct sl_decision *decide(const struct sl_label *label, __u32 set)
{
	__u32 tool = 0, exe_set = 0, mode = SL_MODE_CHILD, user = 0, idx;
	__u16 *row;

	if (label) {
		tool = label->tool;
		exe_set = label->exe_set;
		mode = label->mode;
		if (mode == SL_MODE_SELF && label->startup_until_ns &&
		    bpf_ktime_get_boot_ns() < label->startup_until_ns)
			mode = SL_MODE_STARTUP;
	}
	if (knobs.users > 1) {
		__u32 uid = (__u32)bpf_get_current_uid_gid();
		__u32 *cls = bpf_map_lookup_elem(&users, &uid);

		if (cls)
			user = *cls;
	}
	idx = sl_row_index(knobs.exe_sets, knobs.users, tool, exe_set, mode, user);
	row = bpf_map_lookup_elem(&rows, &idx);
	if (!row)
		return NULL;
	idx = *row * knobs.path.sets + set;
	return bpf_map_lookup_elem(&decisions, &idx);
}

/* The agent knows every labelled process from its exec or fork; anyone else is introduced once an image. */
ALWAYS_INLINE void introduce_stranger(__u32 tgid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sl_label *known = label_find(tgid), label = {};

	if (known && known->reported)
		return;
	if (known)
		label = *known;
	label.reported = 1;
	if (!label_set(tgid, &label))
		send_image(task, &label, SL_EXEC_ORIGIN_STRANGER, 0);
}

ALWAYS_INLINE int report(const struct target *t, const struct sl_label *label, const struct sl_decision *d, __u32 set,
			 __u8 by)
{
	struct scratch *s = scratch_get();
	struct sl_rec_file *rec;
	__u32 at = sizeof(*rec);

	if (!s)
		return 0;
	rec = (struct sl_rec_file *)s->data;
	fill_hdr(&rec->hdr, SL_REC_FILE);
	fill_who(&rec->who, label);
	rec->ino = t->ino;
	rec->dev = t->dev;
	rec->open_flags = t->f_flags;
	rec->set = set;
	rec->rule = d->rule;
	rec->action = d->action;
	rec->taken = SL_TAKEN_NONE;
	rec->by = by;
	rec->reader = d->reader;
	rec->access = (t->f_mode & FMODE_READ ? SL_ACCESS_READ : 0) | (t->f_mode & FMODE_WRITE ? SL_ACCESS_WRITE : 0);
	__builtin_memset(rec->reserved, 0, sizeof(rec->reserved));
	rec->path_flags = copy_path(s, &at, SL_PATH_MAX, (struct vfsmount *)t->mnt, (struct dentry *)t->dentry);
	rec->path_len = at - sizeof(*rec);
	if (at <= SL_RECORD_MAX) {
		if (d->action >= SL_ACTION_ALERT)
			send_urgent(&rec->hdr, at);
		else
			send_ordinary(&rec->hdr, at);
	}
	scratch_put(s);
	return 0;
}

ALWAYS_INLINE int file_opened(const struct target *t, __u32 tgid, struct sl_label *label, __u8 by)
{
	struct sl_decision *d;
	__u32 set;

	set = match_cached(t);
	if (!set || (set == SL_SET_UNRESOLVED && !(label && label->tool)))
		return 0;
	d = decide(label, set);
	if (!d || d->action == SL_ACTION_ALLOW)
		return 0;
	/* Only reads are judged: not a directory, not for writing alone, not to be executed, not O_PATH. */
	if ((t->i_mode & S_IFMT) == S_IFDIR || !(t->f_mode & FMODE_READ) || t->f_flags & FMODE_EXEC_FLAG ||
	    t->f_mode & FMODE_PATH)
		return 0;
	if (!label || !label->tool) {
		introduce_stranger(tgid);
		label = label_find(tgid);
	}
	return report(t, label, d, set, by);
}

/* The caller's mount namespace has a number that is never used again, unlike its address. */
ALWAYS_INLINE __u64 mount_ns_number(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct mnt_namespace *ns = task->nsproxy->mnt_ns;

	if (bpf_core_field_exists(struct mnt_namespace, seq))
		return ns->seq;
	if (bpf_core_field_exists(struct ns_common, ns_id))
		return ns->ns.ns_id;
	return (__u64)ns;
}

/* The first two hooks: the verifier knows the type of `file`, so its fields are plain loads. */
ALWAYS_INLINE int from_hook(struct file *file, enum sl_hook hook, __u8 by)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct sl_label *label;
	struct dentry *parent;
	struct {
		__u64 mnt, dentry;
	} at; /* struct path */
	struct target t;

	if (tgid == knobs.self_tgid) {
		__sync_fetch_and_add(&self_hits[hook], 1);
		return 0;
	}
	label = label_find(tgid);
	if (!label && !knobs.none_rules)
		return 0;
	/* As plain numbers: the verifier allows no arithmetic on pointers that it knows. */
	if (bpf_probe_read_kernel(&at, sizeof(at), &file->f_path))
		return 0;
	t.mnt = at.mnt;
	t.dentry = at.dentry;
	t.ino = file->f_inode->i_ino;
	t.i_mode = file->f_inode->i_mode;
	t.dev = file->f_inode->i_sb->s_dev;
	parent = file->f_path.dentry->d_parent;
	t.parent_ino = parent->d_inode->i_ino;
	t.parent_generation = parent->d_inode->i_generation;
	t.parent_dev = t.dev;
	t.hash_len = (__u64)file->f_path.dentry->d_name.len << 32 | file->f_path.dentry->d_name.hash;
	t.ns = mount_ns_number();
	t.f_flags = file->f_flags;
	t.f_mode = file->f_mode;
	return file_opened(&t, tgid, label, by);
}

SEC("lsm/file_open")
int BPF_PROG(file_open_lsm, struct file *file, int ret)
{
	if (ret)
		return ret;
	from_hook(file, SL_HOOK_FILE_LSM, SL_BY_LSM);
	return 0;
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(file_open_fmod_ret, struct file *file, int ret)
{
	if (ret)
		return ret;
	from_hook(file, SL_HOOK_FILE_FMOD_RET, SL_BY_FMOD_RET);
	return 0;
}

/* System calls that give a descriptor of an opened file: 1; that may change what a path means: 2. */
#if defined(__TARGET_ARCH_x86)
ALWAYS_INLINE int syscall_kind(__u32 nr, __u32 compat)
{
	if (compat) {
		switch (nr) {
		case 5: case 8: case 295: case 342: case 437: /* open creat openat open_by_handle_at openat2 */
			return 1;
		case 38: case 302: case 353: /* rename renameat renameat2 */
		case 21: case 52: case 217: case 429: case 442: /* mount umount2 pivot_root move_mount mount_setattr */
			return 2;
		}
		return 0;
	}
	switch (nr & ~0x40000000u) { /* x32 */
	case 2: case 85: case 257: case 304: case 437:
		return 1;
	case 82: case 264: case 316:
	case 165: case 166: case 155: case 429: case 442:
		return 2;
	}
	return 0;
}
#elif defined(__TARGET_ARCH_arm64)
ALWAYS_INLINE int syscall_kind(__u32 nr, __u32 compat)
{
	switch (nr) {
	case 56: case 265: case 437:
		return 1;
	case 38: case 276: case 39: case 40: case 41: case 429: case 442:
		return 2;
	}
	return 0;
}
#endif

/*
 * Raw, not one of the named system call tracepoints: those do not fire for 32-bit calls (int 0x80 is open to any
 * process), and cost an open more (bpf/README.md has the figures).
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(file_open_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct sl_label *label;
	struct dentry *dentry, *parent;
	struct file **fds, *file = NULL;
	struct target t;
	__u32 tgid, compat = 0;
	int kind;

#if defined(__TARGET_ARCH_x86)
	__u32 nr = regs->orig_ax;

	task = (struct task_struct *)bpf_get_current_task_btf();
	compat = task->thread_info.status & TS_COMPAT;
#else
	__u32 nr = regs->syscallno;
#endif
	kind = syscall_kind(nr, compat);
	if (!kind || ret < 0)
		return 0;
	if (kind == 2) {
		__sync_fetch_and_add(&epoch, 1);
		return 0;
	}
	tgid = bpf_get_current_pid_tgid() >> 32;
	if (tgid == knobs.self_tgid) {
		__sync_fetch_and_add(&self_hits[SL_HOOK_FILE_SYS_EXIT], 1);
		return 0;
	}
	label = label_find(tgid);
	if (!label && !knobs.none_rules)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	fds = BPF_CORE_READ(task, files, fdt, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + (__u32)ret) || !file) {
		if (label && label->tool)
			count_loss(SL_LOSS_FD);
		return 0;
	}
	dentry = BPF_CORE_READ(file, f_path.dentry);
	parent = BPF_CORE_READ(dentry, d_parent);
	t.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	t.dentry = (__u64)dentry;
	t.ino = BPF_CORE_READ(file, f_inode, i_ino);
	t.i_mode = BPF_CORE_READ(file, f_inode, i_mode);
	t.dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	t.parent_ino = BPF_CORE_READ(parent, d_inode, i_ino);
	t.parent_generation = BPF_CORE_READ(parent, d_inode, i_generation);
	t.parent_dev = t.dev;
	t.hash_len = BPF_CORE_READ(dentry, d_name.hash_len);
	t.ns = mount_ns_number();
	t.f_flags = BPF_CORE_READ(file, f_flags);
	t.f_mode = BPF_CORE_READ(file, f_mode);
	file_opened(&t, tgid, label, SL_BY_SYS_EXIT);
	return 0;
}

/*
 * Paths change their meaning when a directory is renamed or the mounts change: cached verdicts are dropped after each.
 * Only where the first two hooks attach; the third does it at the exit of the same system calls. put_mnt_ns: a
 * namespace that goes frees its mounts, whose addresses may then serve others.
 */
SEC("fexit/vfs_rename")
int BPF_PROG(renamed, struct renamedata *rd)
{
	__u16 old_mode = BPF_CORE_READ(rd, old_dentry, d_inode, i_mode);
	__u16 new_mode = BPF_CORE_READ(rd, new_dentry, d_inode, i_mode); /* RENAME_EXCHANGE */

	if ((old_mode & S_IFMT) == S_IFDIR || (new_mode & S_IFMT) == S_IFDIR)
		__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/path_mount")
int BPF_PROG(mounted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/path_umount")
int BPF_PROG(unmounted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/__x64_sys_move_mount")
int BPF_PROG(mount_moved)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fexit/__x64_sys_pivot_root")
int BPF_PROG(root_pivoted)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}

SEC("fentry/put_mnt_ns")
int BPF_PROG(mount_ns_put)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}
