/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/internal.h"

#define BITS_SIZE (SL_PID_LIMIT / 8)

int labels_map(struct kernel *k, struct errmsg *e)
{
	void *map = mmap(NULL, BITS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(k->skel->maps.label_bits), 0);

	if (map == MAP_FAILED)
		return errmsg_set(e, -errno, "cannot map the label bits: %s", strerror(errno));
	k->label_bits = map;
	return 0;
}

void labels_unmap(struct kernel *k)
{
	if (k->label_bits)
		munmap(k->label_bits, BITS_SIZE);
	k->label_bits = NULL;
}
