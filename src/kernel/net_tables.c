/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the tables of connect rules in the kernel, and what it knows of addresses. The rest of the policy is tables.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/internal.h"

/* Cells in the kernel: a power of two, so that an index can be masked. */
static uint32_t padded(const struct compiled_net *net)
{
	uint32_t n = 1;

	while (n < net->info.cells)
		n *= 2;
	return n;
}

static size_t cells_size(const struct compiled_net *net)
{
	return ((size_t)padded(net) * sizeof(*net->cells) + 7) & ~(size_t)7;
}

static uint32_t subjects(const struct compiled *c)
{
	return c->tools_cnt * c->exe_sets_cnt * c->users_cnt << c->memories_cnt;
}

int net_tables_size(struct kernel *k, const struct compiled *c)
{
	const struct sl_net_info *info = &c->net.info;
	int err;

	k->skel->rodata->knobs.net = *info;
	k->skel->rodata->knobs.net.cells = padded(&c->net);
	err = bpf_map__set_value_size(k->skel->maps.net_cells, (uint32_t)cells_size(&c->net));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.net_rows, subjects(c));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.memory_sets, c->path->info.sets);
	memcpy(k->skel->rodata->knobs.memory_ns, c->memory_ns, sizeof(c->memory_ns));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.net_decisions, c->net.rows_cnt * info->dests);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.net_ranges4, info->ranges4 ? info->ranges4 : 1);
	return err ? err : bpf_map__set_max_entries(k->skel->maps.net_ranges6, info->ranges6 ? info->ranges6 : 1);
}

static int fill_range(struct kernel *k, const struct compiled_range *r)
{
	struct sl_net_key4 key4 = { .bits = r->cidr.bits };
	struct sl_net_key6 key6 = { .bits = r->cidr.bits };
	int err;

	memcpy(&key4.addr, r->cidr.addr, sizeof(key4.addr));
	memcpy(key6.addr, r->cidr.addr, sizeof(key6.addr));
	if (r->cidr.family == 4)
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_ranges4), &key4, &r->cls, BPF_ANY);
	else
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_ranges6), &key6, &r->cls, BPF_ANY);
	return err ? -errno : 0;
}

static int fill_cells(struct kernel *k, const struct compiled_net *net)
{
	cleanup_free void *cells = calloc(1, cells_size(net));
	uint32_t zero = 0;

	if (!cells)
		return -ENOMEM;
	memcpy(cells, net->cells, net->info.cells * sizeof(*net->cells));
	return bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_cells), &zero, cells, BPF_ANY) ? -errno : 0;
}

int net_tables_fill(struct kernel *k, const struct compiled *c)
{
	const struct compiled_net *net = &c->net;
	uint32_t zero = 0;
	int err = fill_cells(k, net);

	if (!err && bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_ports), &zero, net->ports, BPF_ANY))
		err = -errno;
	err = err ? err : tables_fill_array(k->skel->maps.net_rows, net->rows, sizeof(*net->rows), subjects(c));
	err = err ? err : tables_fill_array(k->skel->maps.net_decisions, net->decisions, sizeof(*net->decisions),
					    net->rows_cnt * net->info.dests);
	err = err ? err : tables_fill_array(k->skel->maps.memory_sets, c->memory_sets, sizeof(*c->memory_sets), c->path->info.sets);
	for (size_t i = 0; !err && i < net->ranges_cnt; i++)
		err = fill_range(k, &net->ranges[i]);
	return err;
}

void kernel_set_names(struct kernel *k, const uint8_t key[16], const struct sl_net_names *names)
{
	if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_names), key, names, BPF_NOEXIST) && errno != EEXIST)
		k->losses_user[SL_LOSS_NAME_EVICTED]++;
}
