/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the tables of connect rules in the kernel, and what it knows of addresses. The rest of the policy is tables.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/internal.h"
#include "process/procsock.h"

#define PORT_DNS 53

/* The network namespace where nobody but root can answer from the port of DNS; 0: there is none, or the kernel does not say. */
static uint32_t roots_netns(void)
{
	cleanup_fclose FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int start;

	if (!f || fd < 0 || fscanf(f, "%u", &start) != 1 || start <= PORT_DNS)
		return 0;
	return procsock_netns(fd);
}

int net_tables_size(struct kernel *k, const struct compiled *c)
{
	const struct sl_net_info *info = &c->net.info;
	int err;

	k->skel->rodata->knobs.net = *info;
	k->skel->rodata->knobs.netns = roots_netns();
	k->skel->rodata->knobs.net.index = tables_padded(info->index);
	k->skel->rodata->knobs.net.vectors = tables_padded(info->vectors);
	err = bpf_map__set_value_size(k->skel->maps.net_index, tables_padded(info->index) * (uint32_t)sizeof(*c->net.index));
	err = err ? err : bpf_map__set_value_size(k->skel->maps.net_vectors,
						  tables_padded(info->vectors) * (uint32_t)sizeof(*c->net.vectors));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.memory_sets, c->path->info.sets);
	memcpy(k->skel->rodata->knobs.memory_ns, c->memory_ns, sizeof(c->memory_ns));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.net_ranges4, info->ranges4 ? info->ranges4 : 1);
	return err ? err : bpf_map__set_max_entries(k->skel->maps.net_ranges6, info->ranges6 ? info->ranges6 : 1);
}

static int fill_range(struct kernel *k, const struct range *r)
{
	struct sl_net_key4 key4 = { .bits = r->cidr.bits };
	struct sl_net_key6 key6 = { .bits = r->cidr.bits };
	int err;

	memcpy(&key4.addr, r->cidr.addr, sizeof(key4.addr));
	memcpy(key6.addr, r->cidr.addr, sizeof(key6.addr));
	if (r->cidr.family == 4)
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_ranges4), &key4, &r->owner, BPF_ANY);
	else
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_ranges6), &key6, &r->owner, BPF_ANY);
	return err ? -errno : 0;
}

int net_tables_fill(struct kernel *k, const struct compiled *c)
{
	const struct compiled_net *net = &c->net;
	int err = tables_fill_value(k->skel->maps.net_index, net->index, net->info.index * sizeof(*net->index));

	err = err ? err : tables_fill_value(k->skel->maps.net_vectors, net->vectors, net->info.vectors * sizeof(*net->vectors));
	err = err ? err : tables_fill_value(k->skel->maps.net_ports, net->ports, sizeof(*net->ports));
	err = err ? err : tables_fill_array(k->skel->maps.memory_sets, c->memory_sets, sizeof(*c->memory_sets), c->path->info.sets);
	for (uint32_t i = 0; !err && i < net->ranges.cnt; i++)
		err = fill_range(k, &net->ranges.v[i]);
	return err;
}

void kernel_set_names(struct kernel *k, const uint8_t key[SL_NET_KEY], const struct sl_net_names *names)
{
	if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.net_names), key, names, BPF_NOEXIST) && errno != EEXIST)
		k->losses_user[SL_LOSS_NAME_EVICTED]++;
}
