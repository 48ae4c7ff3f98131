/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The kernel types that the programs read, and only their fields that are read. CO-RE relocates each access against the
 * running kernel's BTF, so neither order nor completeness matters here, and the build needs no kernel headers.
 */
#ifndef SL_KERNEL_H
#define SL_KERNEL_H

#include <linux/bpf.h>
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
	struct dentry *s_root;
	__u32 s_dev;
	unsigned long s_magic;
	struct user_namespace *s_user_ns; /* whose root mounted it: another's than the initial one's says what it likes of owners */
	void *s_encoding;        /* it can have directories that ignore case; only where the kernel is built with CONFIG_UNICODE */
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

typedef struct {
	__u32 val;
} kuid_t;

struct inode {
	__u16 i_mode;
	kuid_t i_uid;
	unsigned int i_flags;    /* S_CASEFOLD */
	unsigned int i_nlink;
	long long i_size;
	struct hlist_head i_dentry; /* its names in memory */
	unsigned long i_ino;
	__u32 i_generation;      /* tells a reused inode number from its predecessor */
	struct super_block *i_sb;
	void *i_private;         /* pidfs: the struct pid */
};

union shortname_store {
	unsigned char string[40];
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	unsigned int d_flags;    /* which operations of its own the file system has for it */
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
	struct super_block *mnt_sb;
	int mnt_flags;           /* MNT_NOSUID */
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

struct user_namespace;

struct mnt_namespace {
	struct ns_common ns;
	struct user_namespace *user_ns;
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
	void *private_data;      /* pidfd before pidfs: the struct pid; socket: the struct socket; program: the struct bpf_prog */
};

struct bpf_prog_aux {
	unsigned int used_map_cnt;
} __attribute__((preserve_access_index));

struct bpf_prog {
	enum bpf_prog_type type;
	unsigned int len;        /* instructions */
	struct bpf_prog_aux *aux;
	struct bpf_insn insnsi[0]; /* as the verifier left them */
};

struct renamedata {
	struct dentry *old_dentry, *new_dentry;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

/* What is being executed. executable: handed to the interpreter (binfmt_misc), until it has a descriptor: then execfd */
struct linux_binprm {
	unsigned int have_execfd : 1;
	int execfd;
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
	struct kernfs_node *parent;   /* until 6.14 */
	struct kernfs_node *__parent; /* since 6.15: the same */
	const char *name;
};

struct cgroup {
	struct kernfs_node *kn;
	int nr_populated_csets;       /* not in 7.3 */
	struct list_head cset_links;  /* for that */
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in the default (v2) hierarchy */
	int nr_tasks;
};

struct user_namespace {
	int level;               /* 0: the initial one */
	struct user_namespace *parent;
	kuid_t owner;            /* who made it */
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct thread_info {
	__u32 status;            /* x86 only: TS_COMPAT */
};

typedef struct {
} kernel_cap_t;          /* two words of 32 bits before 6.3, one of 64 since: read as such */

struct cred {
	kuid_t uid;
	kuid_t fsuid;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct idr {
	struct xarray idr_rt;
};

struct pid_namespace {
	struct idr idr;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];  /* [0]: in the initial pid namespace */
};

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

struct net {
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;           /* own port, in the order of this machine */
	unsigned short skc_family;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	const struct cred *sk_peer_cred;
	struct pid *sk_peer_pid; /* of a listening UNIX socket: who listens; of a connected one: the other side */
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	int len;                 /* of the name, its family included */
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct path path;        /* of the file that it was bound to; dentry NULL: none */
	struct sock *peer;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
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
	const struct cred *cred;
	struct list_head ptraced;      /* whom it traces, the latest first */
	struct list_head ptrace_entry; /* within its tracer's list */
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	unsigned int flags;
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
	unsigned long di, bx;    /* first argument: 64-bit, 32-bit */
	unsigned long si, dx, cx;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	unsigned long regs[31];
	unsigned long pstate;
	unsigned long orig_x0;
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
#define FMODE_CREATED 0x100000

#define S_CASEFOLD (1 << 15)

/* DCACHE_OP_HASH, _COMPARE, _REVALIDATE, _DELETE: a file system that has none of them compares names byte by byte. */
#define DCACHE_OPS 0xf

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFREG 0100000
#define S_IFSOCK 0140000

#define AF_UNIX 1
#define SOCK_DGRAM 2
#define SL_SUN_NAME_AT 2      /* sun_path within struct sockaddr_un */
#define SL_SUN_NAME_MAX 107   /* bytes of an abstract name */

#define SIGKILL 9

#define PTRACE_MODE_ATTACH 0x2
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206
#define CAP_SYS_PTRACE 19

#define PROC_SUPER_MAGIC 0x9fa0
#define PID_FS_MAGIC 0x50494446

#define TS_COMPAT 0x0002      /* x86: a 32-bit system call is running */
#define PSR_MODE32_BIT 0x10   /* arm64: the processor was in AArch32 state */

#endif /* SL_KERNEL_H */
