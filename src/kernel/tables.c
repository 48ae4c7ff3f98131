/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: carrying the compiled policy into the maps: sizes and constants before the programs load, contents after. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "kernel/internal.h"

#define RING_DEFAULT (2u << 20)

static uint32_t at_least_one(uint32_t n)
{
	return n ? n : 1;
}

uint32_t tables_padded(uint32_t cnt)
{
	uint32_t n = 1;

	while (n < cnt)
		n *= 2;
	return n;
}

/* Entries of an automaton's table in the kernel. */
static uint32_t padded(const struct dfa *d)
{
	return tables_padded(d->info.limit);
}

static size_t padded_size(const struct dfa *d)
{
	return sizeof(struct sl_dfa) + (size_t)padded(d) * sizeof(uint16_t);
}

static int ring_size(const struct kernel_config *config, uint32_t *ret, struct errmsg *e)
{
	uint32_t size = config->ring_size ? config->ring_size : RING_DEFAULT;
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	if (size < page || (size & (size - 1)) != 0)
		return errmsg_set(e, -EINVAL, "ring of %u bytes: the kernel takes powers of two from %u up: choose %u", size,
				  page, RING_DEFAULT);
	*ret = size;
	return 0;
}

int tables_size(struct kernel *k, const struct kernel_config *config, struct errmsg *e)
{
	const struct compiled *c = config->compiled;
	struct sl_knobs knobs = {
		.path = c->path->info,
		.exec = c->exec->info,
		.sock = c->sock->info,
		.tools = c->tools_cnt,
		.exe_sets = c->exe_sets_cnt,
		.script_cols = c->script_cols,
		.pieces = compiled_in_pieces(c),
		.users = c->users_cnt,
		.none_rules = c->none_rules,
		.peer_objects = c->peer_objects_cnt,
		.inspects = c->inspect_rules,
		.units = compiled_starts_units(c),
		.spools = c->spools,
	};
	uint32_t ring = 0;
	int err;

	err = ring_size(config, &ring, e);
	if (err)
		return err;
	knobs.ring_wake = ring / 4;
	knobs.path.limit = padded(c->path);
	if (c->path->words)
		knobs.path.words = tables_padded(c->path->info.words);
	knobs.exec.limit = padded(c->exec);
	knobs.sock.limit = padded(c->sock);
	knobs.names = c->name->info;
	knobs.names.limit = tables_padded(c->name->info.limit);
	if (getrandom(&knobs.seed, sizeof(knobs.seed), 0) != sizeof(knobs.seed))
		return errmsg_set(e, -EIO, "no random bytes for the verdict cache: %s", strerror(errno));
	k->skel->rodata->knobs = knobs;
	k->skel->bss->self_tgid = (uint32_t)getpid();

	err = bpf_map__set_value_size(k->skel->maps.path_dfa, (uint32_t)padded_size(c->path));
	err = err ? err : bpf_map__set_value_size(k->skel->maps.words_dfa, (uint32_t)(sizeof(struct sl_dfa) + knobs.path.words * sizeof(uint16_t)));
	err = err ? err : bpf_map__set_value_size(k->skel->maps.exec_dfa, (uint32_t)padded_size(c->exec));
	err = err ? err : bpf_map__set_value_size(k->skel->maps.sock_dfa, (uint32_t)padded_size(c->sock));
	err = err ? err : bpf_map__set_value_size(k->skel->maps.host_names, (uint32_t)sizeof(struct sl_hosts) + knobs.names.limit * 4);
	err = err ? err : labels_size(k);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.exec_sets, at_least_one(c->exec->info.sets));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.argv_alts, at_least_one(c->argv_alts_cnt));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.argv_outcomes, at_least_one(c->argv_outcomes_cnt));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.makers, c->exe_sets_cnt);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.script_sets, at_least_one(c->script_rows * c->script_cols));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.tools, at_least_one(c->tools_cnt));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.rows,
						   c->tools_cnt * c->exe_sets_cnt * SL_MODES * c->users_cnt);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.cells, at_least_one(knobs.pieces ? c->cells_cnt : compiled_plain_cells(c)));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.pieces, at_least_one(knobs.pieces ? compiled_row_pieces(c) : 0));
	if (dfa_has_lanes(c->path)) {
		err = err ? err : bpf_map__set_max_entries(k->skel->maps.combos, SL_COMBOS_MAX);
		err = err ? err : bpf_map__set_max_entries(k->skel->maps.combo_sets, SL_COMBOS_MAX);
	}
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.tool_names, at_least_one(c->tools_cnt));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.set_names, at_least_one(c->path->info.sets));
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.peer_rows, c->tools_cnt * c->exe_sets_cnt * c->users_cnt);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.peer_decisions, c->peer_rows_cnt * c->peer_objects_cnt);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.peer_objects, c->sock->info.sets);
	err = err ? err : bpf_map__set_max_entries(k->skel->maps.ring, ring);
	err = err ? err : net_tables_size(k, c);
	if (err)
		return errmsg_set(e, err, "cannot size the policy maps: %s", strerror(-err));
	return 0;
}

/* Of a map that can be mapped, by its memory: a table of a million decisions is written in no time, where a call takes each apart. */
static int fill_mapped(const struct bpf_map *map, const char *values, size_t value_size, uint32_t cnt)
{
	size_t stride = (value_size + 7) & ~(size_t)7, page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (cnt * stride + page - 1) & ~(page - 1);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < cnt; i++)
		memcpy(memory + i * stride, values + i * value_size, value_size);
	munmap(memory, size);
	return 0;
}

/* Writes `cnt` elements of an array map: mapped, in one batch, or one by one where the kernel has no batches. */
int tables_fill_array(const struct bpf_map *map, const void *values, size_t value_size, uint32_t cnt)
{
	cleanup_free uint32_t *keys = NULL;
	int fd = bpf_map__fd(map);
	uint32_t done = cnt;

	if (!cnt)
		return 0;
	if (bpf_map__map_flags(map) & BPF_F_MMAPABLE)
		return fill_mapped(map, values, value_size, cnt);
	keys = calloc(cnt, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++)
		keys[i] = i;
	if (!bpf_map_update_batch(fd, keys, values, &done, NULL) && done == cnt)
		return 0;
	for (uint32_t i = 0; i < cnt; i++)
		if (bpf_map_update_elem(fd, &i, (const char *)values + (size_t)i * value_size, BPF_ANY))
			return -errno;
	return 0;
}

int tables_fill_value(const struct bpf_map *map, const void *value, size_t size)
{
	cleanup_free void *padded = calloc(1, bpf_map__value_size(map));
	uint32_t zero = 0;

	if (!padded)
		return -ENOMEM;
	memcpy(padded, value, size);
	return bpf_map_update_elem(bpf_map__fd(map), &zero, padded, BPF_ANY) ? -errno : 0;
}

static int fill_automaton(const struct bpf_map *map, const struct dfa *d)
{
	return tables_fill_value(map, d->table, dfa_table_size(d));
}

/* Names behind the numbers, for whoever takes over. */
static int fill_names(struct kernel *k)
{
	const struct compiled *c = k->compiled;
	uint32_t sets = c->path->info.sets;
	char name[SL_NAME_TEXT];

	for (uint32_t i = 1; i < c->tools_cnt; i++) {
		snprintf(name, sizeof(name), "%s", compiled_tool(c, i)->name);
		if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.tool_names), &i, name, BPF_ANY))
			return -errno;
	}
	for (uint32_t i = 0; i < sets; i++) {
		const char *first = "";

		compiled_classes(c, i, &first, 1);
		snprintf(name, sizeof(name), "%s", first);
		if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.set_names), &i, name, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Objects of brokers' sockets, and which of them are a systemd's. */
static int fill_objects(struct kernel *k)
{
	const struct compiled *c = k->compiled;
	cleanup_free uint32_t *objects = calloc(c->sock->info.sets, sizeof(*objects));

	if (!objects)
		return -ENOMEM;
	for (uint32_t set = 0; set < c->sock->info.sets; set++)
		objects[set] = (uint32_t)c->spool_objects[set] << 16 | c->peer_objects[set] |
			       (compiled_set_starts_units(c, set) ? SL_PEER_UNITS : 0);
	return tables_fill_array(k->skel->maps.peer_objects, objects, sizeof(*objects), c->sock->info.sets);
}

/* Decisions on files, as compiled_in_pieces() says. */
static int fill_cells(struct kernel *k)
{
	const struct compiled *c = k->compiled;
	cleanup_free uint64_t *cells = NULL;
	int err;

	if (compiled_in_pieces(c)) {
		err = tables_fill_array(k->skel->maps.cells, c->cells, sizeof(*c->cells), c->cells_cnt);
		return err ? err : tables_fill_array(k->skel->maps.pieces, c->pieces, sizeof(*c->pieces), compiled_row_pieces(c));
	}
	cells = calloc((size_t)compiled_plain_cells(c) + 1, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	for (uint32_t row = 0, at = 0; row < c->rows_cnt; row++)
		for (uint32_t set = 0; set < c->path->info.sets; set++)
			cells[at++] = compiled_cell(c, row, set);
	return tables_fill_array(k->skel->maps.cells, cells, sizeof(*cells), compiled_plain_cells(c));
}

int tables_fill(struct kernel *k, struct errmsg *e)
{
	const struct compiled *c = k->compiled;
	int err;

	err = fill_automaton(k->skel->maps.path_dfa, c->path);
	if (!err && c->path->words)
		err = tables_fill_value(k->skel->maps.words_dfa, c->path->words, dfa_words_size(c->path));
	err = err ? err : fill_automaton(k->skel->maps.exec_dfa, c->exec);
	err = err ? err : fill_automaton(k->skel->maps.sock_dfa, c->sock);
	err = err ? err : tables_fill_value(k->skel->maps.host_names, c->name->table, hosts_table_size(c->name));
	err = err ? err : tables_fill_array(k->skel->maps.exec_sets, c->exec_sets, sizeof(*c->exec_sets), c->exec->info.sets);
	err = err ? err : tables_fill_array(k->skel->maps.argv_alts, c->argv_alts, sizeof(*c->argv_alts), c->argv_alts_cnt);
	err = err ? err : tables_fill_array(k->skel->maps.argv_outcomes, c->argv_outcomes, sizeof(*c->argv_outcomes), c->argv_outcomes_cnt);
	err = err ? err : tables_fill_array(k->skel->maps.makers, c->makers, sizeof(*c->makers), c->exe_sets_cnt);
	err = err ? err : tables_fill_array(k->skel->maps.script_sets, c->script_sets, sizeof(*c->script_sets),
					    c->script_rows * c->script_cols);
	err = err ? err : tables_fill_array(k->skel->maps.tools, c->tools, sizeof(*c->tools), c->tools_cnt);
	err = err ? err : tables_fill_array(k->skel->maps.rows, c->rows, sizeof(*c->rows),
				     c->tools_cnt * c->exe_sets_cnt * SL_MODES * c->users_cnt);
	err = err ? err : fill_cells(k);
	err = err ? err : fill_names(k);
	err = err ? err : net_tables_fill(k, c);
	err = err ? err : tables_fill_array(k->skel->maps.peer_rows, c->peer_rows, sizeof(*c->peer_rows),
				     c->tools_cnt * c->exe_sets_cnt * c->users_cnt);
	err = err ? err : tables_fill_array(k->skel->maps.peer_decisions, c->peer_decisions, sizeof(*c->peer_decisions),
				     c->peer_rows_cnt * c->peer_objects_cnt);
	err = err ? err : fill_objects(k);
	for (uint32_t u = 1; !err && u < c->users_cnt; u++)
		if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.users), &c->user_uids[u], &u, BPF_ANY))
			err = -errno;
	if (err)
		return errmsg_set(e, err, "cannot load the policy into the kernel: %s", strerror(-err));
	return 0;
}
