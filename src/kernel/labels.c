/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: labels of what ran before the agent. The programs are attached first, so that whatever a labelled process starts
 * from then on inherits in the kernel; then /proc is scanned and labels are written, again and again until a scan finds
 * nothing new. A child that was born between scan and label, and lost its parent since, is found by the forks that the
 * kernel noted meanwhile. A label that the kernel set itself is never replaced.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/internal.h"
#include "process/procscan.h"

#define BITS_SIZE (SL_PID_LIMIT / 8)

/* Each pass labels all that the one before could not know of; a fork bomb of a tool could go on for ever. */
#define PASSES_MAX 8

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

/* Label first, bit second: a set bit without a label reads as "no label". 1: labelled; 0: the kernel had done it. */
int label_put(struct kernel *k, uint32_t tgid, const struct sl_label *label)
{
	int err;

	/* The map takes its memory from a small cache that is refilled in the background; a burst can empty it. */
	for (int tries = 0; tries < 100; tries++) {
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.labels), &tgid, label, BPF_NOEXIST) ? -errno : 0;
		if (err != -ENOMEM && err != -EBUSY)
			break;
		usleep(1000);
	}
	if (err)
		return err == -EEXIST ? 0 : err;
	__atomic_fetch_or(&k->label_bits[tgid / 64], 1ull << (tgid % 64), __ATOMIC_SEQ_CST);
	return 1;
}

static void take_early_parents(struct kernel *k, struct procscan *s)
{
	int fd = bpf_map__fd(k->skel->maps.early_forks);

	for (size_t i = 0; i < s->cnt; i++) {
		uint32_t child = s->v[i].rec->who.tgid, parent;

		if (!bpf_map_lookup_elem(fd, &child, &parent))
			s->v[i].rec->who.ppid = parent;
	}
}

static void take_known(struct kernel *k, struct procscan *s)
{
	int fd = bpf_map__fd(k->skel->maps.labels);

	for (size_t i = 0; i < s->cnt; i++) {
		uint32_t tgid = s->v[i].rec->who.tgid;

		if (tgid < SL_PID_LIMIT && k->label_bits[tgid / 64] >> (tgid % 64) & 1 &&
		    !bpf_map_lookup_elem(fd, &tgid, &s->v[i].label))
			s->v[i].known = true;
	}
}

/* One scan. Returns how many processes got a label, or a negative errno. first: whoever is labelled already is told of, too. */
static int pass(struct kernel *k, bool first, kernel_sink sink, void *arg, int *labelled)
{
	struct procscan s = { 0 };
	int err, fresh = 0, adopted;

	err = procscan_all("/proc", kernel_now_ns(), &s);
	if (err)
		return err;
	k->losses_user[SL_LOSS_PROCFS] += s.vanished;
	adopted = adopt_labels(k, &s);
	if (adopted > 0)
		fresh = adopted;
	take_early_parents(k, &s);
	take_known(k, &s);
	err = adopted < 0 ? adopted : procscan_label(&s, k->compiled);
	for (size_t i = 0; err >= 0 && i < s.cnt; i++) {
		struct procscan_entry *p = &s.v[i];

		if (p->known && first && p->label.tool) {
			++*labelled;
			err = sink(arg, p->rec, p->rec->hdr.size);
			continue;
		}
		if (p->known || (!p->label.tool && !p->label.exe_set))
			continue;
		err = label_put(k, p->rec->who.tgid, &p->label);
		if (err < 0)
			k->losses_user[SL_LOSS_LABEL]++;
		if (err <= 0 || !p->label.tool)
			continue;
		fresh++;
		++*labelled;
		err = sink(arg, p->rec, p->rec->hdr.size);
	}
	procscan_done(&s);
	return err < 0 ? err : fresh;
}

static void clear_early_forks(struct kernel *k)
{
	int fd = bpf_map__fd(k->skel->maps.early_forks);
	uint32_t key;

	k->skel->bss->starting = 0;
	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

/* From here on this set decides; the older one goes once this one is pinned. */
static int take_over(struct kernel *k, kernel_sink sink, void *arg, struct errmsg *e)
{
	int err = adopt_aliases(k);

	if (err)
		return errmsg_set(e, err, "cannot take over from the programs that are pinned: %s", strerror(-err));
	k->skel->bss->live = SL_LIVE;
	if (!k->pin_root)
		return 0;
	err = pins_put(k, e);
	if (err) {
		k->skel->bss->live = SL_LIVE_NOT; /* the one before goes on */
		return err;
	}
	err = k->reloading ? 0 : adopt_unread(k, sink, arg);
	if (err)
		return errmsg_set(e, err, "cannot read what the programs pinned before had to say: %s", strerror(-err));
	pins_close(&k->older);
	err = pins_remove(k->pin_root, k->pin_number, e);
	return err < 0 ? err : 0;
}

int kernel_label_running(struct kernel *k, kernel_sink sink, void *arg, struct errmsg *e)
{
	int labelled = 0, fresh = 1, err;

	for (int i = 0; i < PASSES_MAX && fresh > 0; i++)
		fresh = pass(k, i == 0, sink, arg, &labelled);
	if (fresh > 0)
		k->losses_user[SL_LOSS_LABEL] += (uint64_t)fresh;
	clear_early_forks(k);
	if (fresh < 0)
		return errmsg_set(e, fresh, "cannot label what runs already: %s", strerror(-fresh));
	err = take_over(k, sink, arg, e);
	return err ? err : labelled;
}
