/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what a program set takes over from the one before it: labels, other names of secrets, what was not read or not told. The
 * old set decides until this is done. Numbers of tools and match sets are the policy's: under another policy they are
 * translated by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/internal.h"

static bool same_policy(const struct kernel *k)
{
	return strcmp(k->older.about.policy_hash, k->compiled->policy->hash) == 0;
}

/* Number of an old set's tool under the new policy; 0: it has none of that name. */
static uint16_t translate_tool(const struct kernel *k, uint32_t tool)
{
	char name[SL_NAME_TEXT + 1] = "";

	if (!tool || bpf_map_lookup_elem(k->older.fd[PIN_TOOL_NAMES], &tool, name))
		return 0;
	for (uint32_t i = 1; i < k->compiled->tools_cnt; i++)
		if (strncmp(compiled_tool(k->compiled, i)->name, name, SL_NAME_TEXT - 1) == 0)
			return (uint16_t)i;
	return 0;
}

/* The smallest match set that has the old one's class; without one the file counts as unresolvable, which is never less strict. */
static uint32_t translate_set(const struct kernel *k, uint32_t set)
{
	char name[SL_NAME_TEXT + 1] = "";
	const char *classes[DFA_CLASSES_MAX];
	uint32_t best = SL_SET_UNRESOLVED;
	size_t best_cnt = SIZE_MAX;

	if (bpf_map_lookup_elem(k->older.fd[PIN_SET_NAMES], &set, name))
		return best;
	for (uint32_t s = SL_SET_UNRESOLVED + 1; s < k->compiled->path->info.sets; s++) {
		size_t cnt = compiled_classes(k->compiled, s, classes, ARRAY_SIZE(classes));

		for (size_t i = 0; i < cnt && i < ARRAY_SIZE(classes) && cnt < best_cnt; i++) {
			if (strncmp(classes[i], name, SL_NAME_TEXT - 1) == 0) {
				best = s;
				best_cnt = cnt;
			}
		}
	}
	return best;
}

/* A tool that the new policy does not have has no rules to be asked. */
static void translate_asked(const struct kernel *k, struct sl_asked *asked)
{
	struct sl_asked now = { .unproved = asked->unproved };

	for (size_t i = 0; i < SL_OUTER_MAX; i++) {
		uint16_t tool = translate_tool(k, asked->outer[i]);

		if (tool)
			sl_asked_add(&now, tool);
	}
	*asked = now;
}

/* False: under this policy there is nothing to label. */
static bool translate_label(const struct kernel *k, const struct procscan *scan, uint32_t tgid, struct sl_label *label)
{
	const struct procscan_entry *p = procscan_find(scan, tgid);
	struct compiled_exec r = { 0 };

	if (same_policy(k))
		return true;
	if (p)
		r = procscan_recognise(p->rec, k->compiled);
	label->tool = translate_tool(k, label->tool);
	label->parent_tool = translate_tool(k, label->parent_tool);
	translate_asked(k, &label->asked);
	label->exe_set = r.exe_set;
	label->mode = r.tool ? SL_MODE_SELF : SL_MODE_CHILD;
	label->reported = 0;
	if (!label->tool)
		label->session_ns = label->session_pid = label->root_ns = label->root_pid = 0;
	return label->tool || label->exe_set;
}

#define KEY_MAX 32 /* bytes of a key of any map that is taken over */
_Static_assert(KEY_MAX >= SL_NET_KEY && KEY_MAX >= sizeof(struct sl_session), "each_entry() has room for it");

/* Calls fn for each entry of a hash map. Entries that come and go meanwhile may be missed or met twice. */
static int each_entry(int fd, void *key, size_t key_size, void *value, uint32_t max, int (*fn)(void *arg), void *arg)
{
	char last[KEY_MAX];
	int err = bpf_map_get_next_key(fd, NULL, key) ? -errno : 0;

	for (uint32_t n = 0; !err && n < max; n++) {
		if (!bpf_map_lookup_elem(fd, key, value)) {
			int r = fn(arg);

			if (r < 0)
				return r;
		}
		memcpy(last, key, key_size);
		err = bpf_map_get_next_key(fd, last, key) ? -errno : 0;
	}
	return err == -ENOENT ? 0 : err;
}

struct label_copy {
	struct kernel *k;
	const struct procscan *scan;
	uint32_t key;
	struct sl_label label;
	int fresh;
};

static int copy_label(void *arg)
{
	struct label_copy *c = arg;
	struct sl_label label = c->label;
	uint32_t tgid;
	int r;

	if (label_owner(c->k->older.fd[PIN_LABEL_SPARES], c->key, &tgid))
		return 0;
	if (!translate_label(c->k, c->scan, tgid, &label))
		return 0;
	r = label_put(c->k, tgid, &label);
	if (r < 0)
		c->k->losses_user[SL_LOSS_LABEL]++;
	else
		c->fresh += r;
	return 0;
}

int adopt_labels(struct kernel *k, const struct procscan *scan)
{
	struct label_copy c = { .k = k, .scan = scan };
	int err;

	if (k->older.fd[PIN_LABELS] < 0)
		return 0;
	err = each_entry(k->older.fd[PIN_LABELS], &c.key, sizeof(c.key), &c.label, 2 * SL_PID_LIMIT, copy_label, &c);
	return err ? err : c.fresh;
}

struct alias_copy {
	struct kernel *k;
	struct { uint64_t ino; uint32_t dev, generation; } key;
	struct sl_alias alias;
};

/* It counts for the same user in this set. */
static void count_owner(struct kernel *k, enum sl_owned what, uint32_t owner)
{
	int fd = bpf_map__fd(k->skel->maps.owners);
	uint64_t key = sl_owner_key(what, owner);
	uint32_t cnt = 0;

	bpf_map_lookup_elem(fd, &key, &cnt);
	cnt++;
	bpf_map_update_elem(fd, &key, &cnt, BPF_ANY);
}

/* The kernel's number of match sets by lane. */
static uint32_t number_lanes(struct kernel *k, uint64_t sets)
{
	uint32_t id, at;

	if (!dfa_has_lanes(k->compiled->path))
		return sets < k->compiled->path->info.sets ? (uint32_t)sets : SL_SET_UNRESOLVED;
	for (unsigned int i = 0; i < SL_DFA_SETS; i++)
		if (!(sets & ~((uint64_t)SL_DFA_SET(~0ull, 0) << (i * SL_DFA_SET_BITS))))
			return SL_DFA_SET(sets, i);
	if (!bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.combos), &sets, &id))
		return id;
	at = __atomic_load_n(&k->skel->bss->combos_cnt, __ATOMIC_RELAXED);
	if (at < SL_COMBOS_MAX)
		at = __atomic_fetch_add(&k->skel->bss->combos_cnt, 1, __ATOMIC_RELAXED);
	id = SL_COMBOS_FIRST + at;
	if (at >= SL_COMBOS_MAX || bpf_map_update_elem(bpf_map__fd(k->skel->maps.combo_sets), &at, &sets, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(k->skel->maps.combos), &sets, &id, BPF_ANY)) {
		k->losses_user[SL_LOSS_PATH]++;
		return SL_SET_UNRESOLVED;
	}
	return id;
}

/* A set's number in the program set before, in this one. Numbers of sets in several lanes are a program set's own. */
static uint32_t translate_number(struct kernel *k, uint32_t set)
{
	uint32_t at = set - SL_COMBOS_FIRST;
	uint64_t before, sets = 0;

	if (set < SL_COMBOS_FIRST)
		return same_policy(k) ? set : translate_set(k, set);
	if (!dfa_has_lanes(k->compiled->path) || bpf_map_lookup_elem(k->older.fd[PIN_COMBO_SETS], &at, &before))
		return SL_SET_UNRESOLVED;
	if (same_policy(k))
		return number_lanes(k, before);
	for (unsigned int i = 0; i < SL_DFA_SETS; i++)
		if (SL_DFA_SET(before, i))
			sets |= (uint64_t)translate_set(k, SL_DFA_SET(before, i)) << (i * SL_DFA_SET_BITS);
	return number_lanes(k, sets);
}

static int copy_alias(void *arg)
{
	struct alias_copy *c = arg;
	struct sl_alias alias = c->alias;

	alias.set = translate_number(c->k, alias.set);
	if (!bpf_map_update_elem(bpf_map__fd(c->k->skel->maps.aliases), &c->key, &alias, BPF_NOEXIST))
		count_owner(c->k, SL_OWNED_ALIAS, alias.owner);
	else if (errno != EEXIST)
		c->k->losses_user[SL_LOSS_ALIAS]++;
	c->k->skel->bss->aliases_used = 1;
	return 0;
}

struct moved_copy {
	struct kernel *k;
	struct { uint64_t ino; uint32_t dev, generation; } key;
	struct sl_moved was;
};

/* What a directory's old path is to another policy's automaton cannot be told: what is below it counts as unresolvable. */
static int copy_moved(void *arg)
{
	struct moved_copy *c = arg;
	struct sl_moved was = c->was;

	if (!same_policy(c->k))
		was = (struct sl_moved){ .was[0].cnt = SL_MOVED_UNKNOWN, .owner = c->was.owner };
	if (!bpf_map_update_elem(bpf_map__fd(c->k->skel->maps.moved), &c->key, &was, BPF_NOEXIST))
		count_owner(c->k, SL_OWNED_MOVED, was.owner);
	else if (errno != EEXIST)
		c->k->losses_user[SL_LOSS_ALIAS]++;
	c->k->skel->bss->moved_used = 1;
	return 0;
}

static int adopt_moved(struct kernel *k)
{
	struct moved_copy c = { .k = k };

	return each_entry(k->older.fd[PIN_MOVED], &c.key, sizeof(c.key), &c.was, 2 * SL_MOVED_MAX, copy_moved, &c);
}

int adopt_aliases(struct kernel *k)
{
	struct alias_copy c = { .k = k };
	int err;

	if (k->older.fd[PIN_ALIASES] < 0)
		return 0;
	err = each_entry(k->older.fd[PIN_ALIASES], &c.key, sizeof(c.key), &c.alias, 2 * SL_ALIASES_MAX, copy_alias, &c);
	return err ? err : adopt_moved(k);
}

int kernel_reopen(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

void kernel_note_secret(struct kernel *k, int path, uint64_t sets)
{
	int fd;

	/* The program that sees this open knows the inode as the kernel does; numbers of stat(2) may be others. */
	k->skel->bss->alias_mark = number_lanes(k, sets);
	fd = kernel_reopen(path, O_RDONLY | O_NOATIME);
	k->skel->bss->alias_mark = 0;
	if (fd >= 0)
		close(fd);
}

struct memory_copy {
	struct kernel *k;
	struct sl_session key;
	struct sl_memory memory;
};

/* Conditions of another policy are other ones: what was read for one of them counts for each, which is never less strict. */
static int copy_memory(void *arg)
{
	struct memory_copy *c = arg;
	struct sl_memory m = c->memory;
	uint64_t latest = 0;

	for (size_t i = 0; i < SL_MEMORIES_MAX; i++)
		latest = m.at_ns[i] > latest ? m.at_ns[i] : latest;
	for (size_t i = 0; !same_policy(c->k) && i < SL_MEMORIES_MAX; i++)
		m.at_ns[i] = latest;
	if (bpf_map_update_elem(bpf_map__fd(c->k->skel->maps.memory), &c->key, &m, BPF_NOEXIST) && errno != EEXIST)
		c->k->losses_user[SL_LOSS_MEMORY]++;
	return 0;
}

int adopt_memory(struct kernel *k)
{
	struct memory_copy c = { .k = k };

	if (k->older.fd[PIN_MEMORY] < 0)
		return 0;
	return each_entry(k->older.fd[PIN_MEMORY], &c.key, sizeof(c.key), &c.memory, 2 * SL_SESSIONS_REMEMBERED, copy_memory, &c);
}

struct names_copy {
	struct kernel *k;
	uint8_t key[SL_NET_KEY];
	struct sl_net_names names;
};

static int copy_names(void *arg)
{
	const struct names_copy *c = arg;

	kernel_set_names(c->k, c->key, &c->names);
	return 0;
}

/* Numbers of names are the policy's. Under another policy a reload brings them from the agent's own table; an agent that begins with
 * one has none: what was looked up before is without a name until it is looked up again, which is counted. */
int adopt_names(struct kernel *k)
{
	struct names_copy c = { .k = k };

	if (k->older.fd[PIN_NAMES] < 0)
		return 0;
	if (!same_policy(k)) {
		k->losses_user[SL_LOSS_NAME_EVICTED] += !k->reloading;
		return 0;
	}
	return each_entry(k->older.fd[PIN_NAMES], c.key, sizeof(c.key), &c.names, 2 * SL_NET_ADDRS_MAX, copy_names, &c);
}

static int count_record(void *arg, const void *record, size_t size)
{
	(void)record;
	(void)size;
	++*(uint64_t *)arg;
	return 0;
}

/* What waits in the old rings is handed on if it can still be understood, else counted. */
static int drain(struct kernel *k, kernel_sink sink, void *arg)
{
	struct ring *r;
	int err = ring_open(k->older.fd[PIN_RING], k->older.fd[PIN_URGENT], &r);

	if (err)
		return err;
	err = same_policy(k) ? ring_consume(r, sink, arg) : ring_consume(r, count_record, &k->losses_user[SL_LOSS_UNREAD]);
	ring_close(r);
	return err < 0 ? err : 0;
}

static void take_untold_losses(struct kernel *k)
{
	int cpus = libbpf_num_possible_cpus();
	cleanup_free uint64_t *values = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));

	for (uint32_t i = 0; values && cpus > 0 && i < _SL_LOSS_KERNEL_MAX && i < SL_ABOUT_LOSSES; i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(k->older.fd[PIN_LOSSES], &i, values))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
		if (sum > k->older.about.told[i])
			k->losses_user[i] += sum - k->older.about.told[i];
	}
}

int adopt_unread(struct kernel *k, kernel_sink sink, void *arg)
{
	if (k->older.fd[PIN_RING] < 0)
		return 0;
	pins_read_about(&k->older);
	take_untold_losses(k);
	return drain(k, sink, arg);
}
