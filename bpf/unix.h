/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The address that a UNIX socket was bound to, and which brokers' it is. */
#ifndef SL_UNIX_H
#define SL_UNIX_H

#include "path.h"

/* At what a socket listens, or the one that it was accepted from. */
struct address {
	__u64 mnt, dentry;     /* of its file; 0: none */
	__u64 name;            /* address of the first byte of an abstract name, or of a path that is known as text only */
	__u32 len;             /* of it */
	__u32 is_path;
	__u32 set;
};

ALWAYS_INLINE void read_address(struct address *a, __u64 sk)
{
	struct unix_sock *u = (struct unix_sock *)sk;
	struct unix_address *addr = BPF_CORE_READ(u, addr);
	__u8 first = 0;
	__u32 len;

	__builtin_memset(a, 0, sizeof(*a));
	bpf_core_read(&a->mnt, sizeof(a->mnt), &u->path.mnt);
	bpf_core_read(&a->dentry, sizeof(a->dentry), &u->path.dentry);
	if (a->dentry || !addr)
		return;
	len = BPF_CORE_READ(addr, len);
	if (len <= SL_SUN_NAME_AT + 1)
		return;
	a->name = (__u64)addr + bpf_core_field_offset(struct unix_address, name) + SL_SUN_NAME_AT;
	a->len = len - SL_SUN_NAME_AT - 1; /* the NUL in front, or the one behind */
	/* Who listens has closed the connection already, and the file is gone from the socket: the path stays as it was given. */
	if (bpf_probe_read_kernel(&first, 1, (void *)a->name))
		a->name = 0;
	else if (first)
		a->is_path = 1;
	else
		a->name++;
}

/* Match set of an abstract name, as a path below SL_ABSTRACT; the text is left where text_match_sock() has it. */
ALWAYS_INLINE __u32 match_abstract(struct scratch *s, __u64 address, __u32 len)
{
	__u8 *text = s->data + PATH_TEXT_AT;
	__u32 head = sizeof(SL_ABSTRACT); /* with a slash for its NUL */

	if (len > SL_SUN_NAME_MAX)
		len = SL_SUN_NAME_MAX;
	text[0] = SL_ABSTRACT[0];
	text[1] = SL_ABSTRACT[1];
	text[2] = '/';
	if (bpf_probe_read_kernel(text + 3, 1, (void *)address))
		return 0;
	if (text[3] == '/')
		head--;
	if (bpf_probe_read_kernel(text + head, len, (void *)address))
		return 0;
	return text_match_sock(s, head + len);
}

/* Match set of a path as whoever listens gave it. One that does not begin at the root tells nothing, which is counted. */
ALWAYS_INLINE __u32 match_path_text(struct scratch *s, __u64 address, __u32 len)
{
	__u8 *text = s->data + PATH_TEXT_AT;

	if (len > SL_SUN_NAME_MAX)
		len = SL_SUN_NAME_MAX;
	if (bpf_probe_read_kernel(text, len, (void *)address) || text[0] != '/') {
		count_loss(SL_LOSS_PATH);
		return 0;
	}
	return text_match_sock(s, len);
}

/* Its match set. Without a scratch buffer only what has a file is known. */
ALWAYS_INLINE __u32 match_address(struct scratch *s, const struct address *a)
{
	if (a->dentry)
		return PATH_VALUE(path_match_sock(a->mnt, a->dentry));
	if (!s)
		return 0;
	return a->is_path ? match_path_text(s, a->name, a->len) : match_abstract(s, a->name, a->len);
}

#endif /* SL_UNIX_H */
