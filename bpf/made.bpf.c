/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which files a session made itself, and that a process runs one of them as its script. A file counts as made where a session's
 * tool, its shell or a program that copies or prints created it (`makers`); what compilers, package managers and git create does not.
 * One that existed before and was written over was edited, and so was one that an editor put in the place of another by renaming: it
 * has another name than the one it was made under.
 *
 * Costs: an open by a process of a session looks at two words more; one that makes a file, an update of `made`. An exec in a session that
 * made something looks its executable up. Of an interpreter, opens are compared with the name of its script until that was opened.
 */
#include "made.h"

ALWAYS_INLINE __u32 name_of(struct dentry *d)
{
	return BPF_CORE_READ(d, d_name.hash);
}

ALWAYS_INLINE void note(struct dentry *d, struct inode *inode, const struct sl_label *label)
{
	struct alias_key key = {};
	struct made_file made = {};
	__u32 set = label->exe_set;
	__u8 *maker = bpf_map_lookup_elem(&makers, &set);

	if ((label->mode != SL_MODE_SELF && !(maker && *maker)) || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return;
	alias_key(&key, inode);
	made.root_ns = label->root_ns;
	made.root_pid = label->root_pid;
	made.name = name_of(d);
	if (!bpf_map_update_elem(&made_files, &key, &made, BPF_ANY))
		made_used = 1;
}

ALWAYS_INLINE struct made_file *made_find(struct inode *inode, const struct sl_label *label)
{
	struct alias_key key = {};
	struct made_file *made;

	alias_key(&key, inode);
	made = bpf_map_lookup_elem(&made_files, &key);
	return made && made->root_ns == label->root_ns && made->root_pid == label->root_pid ? made : NULL;
}

/* The name of the script that the process runs, which was hashed at exec. */
ALWAYS_INLINE int is_script(struct dentry *d, const struct sl_label *label)
{
	__u8 name[MADE_NAME] = {};
	const unsigned char *at = BPF_CORE_READ(d, d_name.name);
	__u32 len = label->script_len, h = 0;

	if (BPF_CORE_READ(d, d_name.len) != len || len >= MADE_NAME || bpf_probe_read_kernel_str(name, sizeof(name), at) < 0)
		return 0;
	for (int i = MADE_NAME - 1; i >= 0; i--)
		if ((__u32)i < len)
			h = MADE_HASH(h, name[i]);
	return h == label->script_hash;
}

GLOBAL int made_opened(__u64 dentry, __u32 f_mode)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct sl_label *label = label_find(bpf_get_current_pid_tgid() >> 32);
	struct made_file *made;

	if (!label || !label->tool)
		return 0;
	if (f_mode & FMODE_CREATED) {
		note(d, inode, label);
		return 0;
	}
	if (!label->script_len || !is_script(d, label))
		return 0;
	/* Another file of that name, which a loader opens first (ld.so.cache), is not the script. */
	made = made_find(inode, label);
	if (made && made->name == name_of(d)) {
		label->script_len = 0;
		label->exe_set = label->exe_made;
	}
	return 0;
}

GLOBAL __u32 made_here(__u64 dentry)
{
	struct dentry *d = (struct dentry *)dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);
	struct sl_label *label = label_find(bpf_get_current_pid_tgid() >> 32);

	if (!label || !label->tool)
		return 0;
	return !BPF_CORE_READ(inode, i_nlink) || (*(volatile __u32 *)&made_used && made_find(inode, label));
}
