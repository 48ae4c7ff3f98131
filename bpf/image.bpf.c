/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the record of a process image. Strings are appended one after the other in a scratch buffer, each bounded, so that
 * the record has just the bytes it uses.
 */
#include "image.h"

/* Copies a string, cut to max, from kernel memory to s->data + to; returns its length. */
GLOBAL __u32 bytes_copy(struct scratch *s, __u32 to, __u64 from, __u32 max)
{
	long n;

	opaque(to);
	opaque(max);
	if (!s || to >= SL_RECORD_MAX || max > SL_CGROUP_LEN)
		return 0;
	n = bpf_probe_read_kernel_str(s->data + to, max, (void *)from);
	return n > 1 ? n - 1 : 0;
}

/* Copies the argument block of user space to s->data + to; length, and SL_STR_* in the high half. */
GLOBAL __u64 argv_copy(struct scratch *s, __u32 to, __u64 start, __u64 end)
{
	__u64 len = end - start, flags = 0;

	if (!s || end <= start)
		return (__u64)SL_STR_MISSING << 32;
	if (len > SL_ARGV_MAX) {
		len = SL_ARGV_MAX;
		flags = SL_STR_TRUNCATED;
	}
	opaque(len);
	opaque(to);
	if (to >= SL_RECORD_MAX || len > SL_ARGV_MAX || bpf_probe_read_user(s->data + to, len, (void *)start))
		return (__u64)SL_STR_MISSING << 32;
	return flags << 32 | len;
}

/* The path of the caller's cgroup, leaf first; its length. */
static __attribute__((noinline)) __u32 cgroup_copy(struct scratch *s, __u32 to)
{
	struct task_struct *p = (struct task_struct *)bpf_get_current_task();
	struct kernfs_node *node = BPF_CORE_READ(p, cgroups, dfl_cgrp, kn), *parent;
	__u32 at = to;

	if (!s)
		return 0;
	for (int i = 0; i < SL_CGROUP_DEPTH && node; i++) {
		parent = bpf_core_field_exists(node->parent) ? BPF_CORE_READ(node, parent) : BPF_CORE_READ(node, __parent);
		/* The root has no name. */
		if ((!parent && i) || at - to > SL_CGROUP_PATH_LEN - SL_CGROUP_LEN || at >= SL_RECORD_MAX)
			break;
		if (i)
			s->data[at++] = '/';
		at += bytes_copy(s, at, (__u64)BPF_CORE_READ(node, name), SL_CGROUP_LEN);
		node = parent;
	}
	return at - to;
}

/* What comes behind the paths. Returns the offset behind it. A function of its own, for the stack. */
static __attribute__((noinline)) __u32 put_rest(struct scratch *s, __u32 at)
{
	struct task_struct *p = (struct task_struct *)bpf_get_current_task();
	struct sl_rec_exec *rec;
	struct tty_struct *tty;
	__u64 argv;

	if (!s)
		return 0;
	rec = (struct sl_rec_exec *)s->data;
	argv = argv_copy(s, at, BPF_CORE_READ(p, mm, arg_start), BPF_CORE_READ(p, mm, arg_end));
	rec->argv_flags = argv >> 32;
	rec->argv_len = (__u32)argv;
	at += (__u32)argv;
	rec->cgroup_len = cgroup_copy(s, at);
	at += rec->cgroup_len;
	tty = BPF_CORE_READ(p, signal, tty);
	if (tty) {
		rec->tty_len = bytes_copy(s, at, (__u64)tty->name, SL_TTY_LEN);
		at += rec->tty_len;
	}
	return at;
}

GLOBAL int send_image(const struct sl_label *label, __u32 origin, __u32 new_session)
{
	struct task_struct *p = (struct task_struct *)bpf_get_current_task();
	struct scratch *s = scratch_get();
	struct sl_rec_exec *rec;
	struct file *exe;
	struct fs_struct *fs;
	__u32 at = sizeof(*rec), from;

	if (!s)
		return -EBUSY;
	if (!label) {
		scratch_put(s);
		return -EINVAL;
	}
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
	if (new_session) /* what was left open for it, close-on-exec aside: bits, the first lowest in either */
		bpf_probe_read_kernel(rec->open_fds, sizeof(rec->open_fds), BPF_CORE_READ(p, files, fdt, open_fds));

	exe = BPF_CORE_READ(p, mm, exe_file);
	rec->exe_flags = copy_path(s, &at, SL_PATH_MAX, BPF_CORE_READ(exe, f_path.mnt),
				   BPF_CORE_READ(exe, f_path.dentry));
	rec->exe_flags |= label->asked.unproved ? SL_STR_UNPROVED : 0;
	rec->exe_len = at - sizeof(*rec);
	from = at;
	fs = BPF_CORE_READ(p, fs);
	rec->cwd_flags = copy_path(s, &at, SL_PATH_MAX, BPF_CORE_READ(fs, pwd.mnt),
				   BPF_CORE_READ(fs, pwd.dentry));
	rec->cwd_len = at - from;
	send_ordinary(&rec->hdr, put_rest(s, at));
	scratch_put(s);
	return 0;
}
