/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Builds the SL_REC_EXEC record of the current process: who it is, its executable, directory, arguments, terminal. */
#ifndef SL_IMAGE_H
#define SL_IMAGE_H

#include "path.h"

/* Appends a path at *at; returns SL_STR_* flags. */
ALWAYS_INLINE __u32 copy_path(struct scratch *s, __u32 *at, __u32 max, struct vfsmount *mnt, struct dentry *dentry)
{
	__u64 r = path_copy(s, *at, max, (__u64)mnt, (__u64)dentry);

	*at = PATH_VALUE(r);
	return PATH_FLAGS(r);
}

/* Copies `len` bytes (cut to max) from kernel memory to *at. */
ALWAYS_INLINE __u32 copy_bytes(struct scratch *s, __u32 *at, const void *from, __u32 max)
{
	__u32 to = *at;
	long n;

	if (to >= SL_RECORD_MAX)
		return 0;
	n = bpf_probe_read_kernel_str(s->data + to, max, from);
	if (n <= 1)
		return 0;
	*at = to + n - 1;
	return n - 1;
}

/* A user-space string block (argv); flags as above. */
ALWAYS_INLINE __u32 copy_argv(struct scratch *s, __u32 *at, __u64 start, __u64 end)
{
	__u64 len = end - start;
	__u32 to = *at, flags = 0;

	if (end <= start)
		return SL_STR_MISSING;
	if (len > SL_ARGV_MAX) {
		len = SL_ARGV_MAX;
		flags = SL_STR_TRUNCATED;
	}
	opaque(len);
	if (to >= SL_RECORD_MAX || len > SL_ARGV_MAX)
		return SL_STR_MISSING;
	if (bpf_probe_read_user(s->data + to, len, (void *)start))
		return SL_STR_MISSING;
	*at = to + len;
	return flags;
}

ALWAYS_INLINE int send_image(struct task_struct *p, const struct sl_label *label, __u8 origin, __u8 new_session)
{
	struct scratch *s = scratch_get();
	struct sl_rec_exec *rec;
	struct file *exe;
	struct fs_struct *fs;
	struct tty_struct *tty;
	__u32 at = sizeof(*rec), from;

	if (!s)
		return -EBUSY;
	rec = (struct sl_rec_exec *)s->data;
	__builtin_memset(rec, 0, sizeof(*rec));
	fill_hdr(&rec->hdr, SL_REC_EXEC);
	fill_who(&rec->who, label);
	rec->parent_session_ns = label->parent_session_ns;
	rec->parent_session_pid = label->parent_session_pid;
	rec->parent_tool = label->parent_tool;
	rec->origin = origin;
	rec->evidence = label->evidence;
	rec->new_session = new_session;
	rec->mode = label->mode;

	exe = BPF_CORE_READ(p, mm, exe_file);
	rec->exe_flags = copy_path(s, &at, SL_PATH_MAX, BPF_CORE_READ(exe, f_path.mnt),
				   BPF_CORE_READ(exe, f_path.dentry));
	rec->exe_len = at - sizeof(*rec);
	from = at;
	fs = BPF_CORE_READ(p, fs);
	rec->cwd_flags = copy_path(s, &at, SL_PATH_MAX, BPF_CORE_READ(fs, pwd.mnt),
				   BPF_CORE_READ(fs, pwd.dentry));
	rec->cwd_len = at - from;
	from = at;
	rec->argv_flags = copy_argv(s, &at, BPF_CORE_READ(p, mm, arg_start), BPF_CORE_READ(p, mm, arg_end));
	rec->argv_len = at - from;
	rec->cgroup_len = copy_bytes(s, &at, BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, name), SL_CGROUP_LEN);
	tty = BPF_CORE_READ(p, signal, tty);
	if (tty)
		rec->tty_len = copy_bytes(s, &at, tty->name, SL_TTY_LEN);
	if (at <= SL_RECORD_MAX)
		send_ordinary(&rec->hdr, at);
	scratch_put(s);
	return 0;
}

#endif /* SL_IMAGE_H */
