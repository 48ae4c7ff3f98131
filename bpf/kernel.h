/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The kernel types that the programs read, and only their fields that are read. CO-RE relocates each access against the
 * running kernel's BTF, so neither order nor completeness matters here, and the build needs no kernel headers.
 */
#ifndef SL_KERNEL_H
#define SL_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
	__u32 i_generation;      /* tells a reused inode number from its predecessor */
	struct super_block *i_sb;
};

union shortname_store {
	unsigned char string[40];
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash; /* pprev is NULL: its name is gone */
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	unsigned char d_iname[32];         /* until 6.14 */
	union shortname_store d_shortname; /* since 6.15: the same bytes */
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mnt_namespace;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns; /* NULL: detached; ERR_PTR: kernel-internal */
};

struct ns_common {
	unsigned int inum;       /* tells an anonymous mount namespace, see path.bpf.c */
};

struct mnt_namespace {
	struct ns_common ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
};

struct renamedata {
	struct dentry *old_dentry, *new_dentry;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};

struct fs_struct {
	struct path root, pwd;
};

typedef struct {
	int counter;
} atomic_t;

struct tty_struct {
	char name[64];
};

struct signal_struct {
	atomic_t live;           /* threads that have not ended: 0 at the last one's exit */
	int group_exit_code;
	struct tty_struct *tty;
};

struct kernfs_node {
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in the default (v2) hierarchy */
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct thread_info {
	__u32 status;            /* x86: TS_COMPAT */
};

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	__u64 start_boottime;    /* ns; `real_start_time` before 5.5, which is below the floor */
	int exit_code;
	char comm[16];
	const struct cred *real_cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
};

struct linux_binprm;

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	int syscallno;
};
#endif

/* Context types of the cgroup programs are UAPI: <linux/bpf.h>. */

#pragma clang attribute pop

/* f_mode and f_flags bits (include/linux/fs.h). */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_EXEC_FLAG 0x20  /* __FMODE_EXEC in f_flags: opened to be executed */
#define FMODE_PATH (1u << 14)

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFREG 0100000

#define SIGKILL 9

#define TS_COMPAT 0x0002      /* x86: a 32-bit system call is running */

#endif /* SL_KERNEL_H */
