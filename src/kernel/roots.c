/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the kernel's table of roots, which grows while the programs run. One that went stays until the next load: its inode's generation
 * tells a later directory of the same number from it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel/internal.h"

int kernel_note_root(struct kernel *k, int path)
{
	uint64_t before = __atomic_load_n(&k->skel->bss->roots_noted, __ATOMIC_RELAXED);
	int fd;

	/* The program that sees this open knows the inode as the kernel does; numbers of stat(2) may be others. */
	k->skel->bss->root_mark = 1;
	fd = kernel_reopen(path, O_RDONLY | O_DIRECTORY | O_NOATIME);
	k->skel->bss->root_mark = 0;
	if (fd < 0)
		return fd;
	close(fd);
	return __atomic_load_n(&k->skel->bss->roots_noted, __ATOMIC_RELAXED) == before ? -E2BIG : 0;
}

static int put_root(struct kernel *k, const struct sl_root_key *key, uint64_t value)
{
	uint32_t idx = (uint32_t)(key->ino & (SL_ROOT_BITS - 1)) / 64;
	int fd = bpf_map__fd(k->skel->maps.root_bits);
	uint64_t word = 0;

	if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.roots), key, &value, BPF_ANY))
		return -errno;
	bpf_map_lookup_elem(fd, &idx, &word);
	word |= 1ull << (key->ino & 63);
	if (bpf_map_update_elem(fd, &idx, &word, BPF_ANY))
		return -errno;
	k->skel->bss->roots_used = 1;
	/* What is below may have been judged already. */
	__atomic_add_fetch(&k->skel->bss->epoch, 1, __ATOMIC_RELAXED);
	return 0;
}

int kernel_add_root(struct kernel *k, uint32_t dev, uint64_t ino)
{
	const struct sl_root_key key = { .ino = ino, .dev = dev };

	return put_root(k, &key, SL_ROOT_ANY);
}

/* Those of an older set: what was a home stays one over a reload and a new agent. */
int adopt_roots(struct kernel *k)
{
	struct sl_root_key key, last;
	int from = k->older.fd[PIN_ROOTS], err;
	uint64_t value;

	if (from < 0)
		return 0;
	err = bpf_map_get_next_key(from, NULL, &key) ? -errno : 0;
	for (uint32_t n = 0; !err && n < 2 * SL_ROOTS_MAX; n++) {
		if (!bpf_map_lookup_elem(from, &key, &value) && put_root(k, &key, value))
			k->losses_user[SL_LOSS_SCAN]++;
		last = key;
		err = bpf_map_get_next_key(from, &last, &key) ? -errno : 0;
	}
	return err == -ENOENT ? 0 : err;
}
