/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the table of labels, and those of what ran before the agent. The programs are attached first, so that whatever a labelled process starts
 * from then on inherits in the kernel; then /proc is scanned and labels are written, again and again until a scan finds
 * nothing new. A child that was born between scan and label, and lost its parent since, is found by the forks that the
 * kernel noted meanwhile. A label that the kernel set itself is never replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kernel/internal.h"
#include "process/helper.h"
#include "process/procscan.h"
#include "process/worker.h"

#define BITS_SIZE (SL_PID_LIMIT / 8)

/* Each pass labels all that the one before could not know of; a fork bomb of a tool could go on for ever. */
#define PASSES_MAX 8

#define SCAN_PATIENCE_MS 3000 /* for one process */

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

static bool has_bit(const struct kernel *k, uint32_t tgid)
{
	return tgid < SL_PID_LIMIT && __atomic_load_n(&k->label_bits[tgid / 64], __ATOMIC_SEQ_CST) >> (tgid % 64) & 1;
}

/* The map takes its memory from a small cache that is refilled in the background; a burst can empty it. */
static int insert(struct kernel *k, uint32_t key, const struct sl_label *label)
{
	int err = -ENOMEM;

	for (int tries = 0; tries < 100 && (err == -ENOMEM || err == -EBUSY); tries++) {
		if (tries)
			usleep(1000);
		err = bpf_map_update_elem(bpf_map__fd(k->skel->maps.labels), &key, label, BPF_NOEXIST) ? -errno : 0;
	}
	return err;
}

/* As many as there can be threads, which the kernel sets by the size of memory: room for every pid that there could be
 * would cost 64 MB before the first label. It can be raised later; what does not fit then is counted. */
int labels_size(struct kernel *k)
{
	cleanup_fclose FILE *f = fopen("/proc/sys/kernel/threads-max", "re");
	uint32_t n = 0;

	if (!f || fscanf(f, "%" SCNu32, &n) != 1 || n > SL_PID_LIMIT)
		n = SL_PID_LIMIT;
	return bpf_map__set_max_entries(k->skel->maps.labels, n + SL_LABEL_SPARES);
}

int labels_fill_spares(struct kernel *k, struct errmsg *e)
{
	const struct sl_label none = { 0 };
	int err = 0;

	for (uint32_t slot = 0; !err && slot < SL_LABEL_SPARES; slot++)
		err = insert(k, sl_label_spare_key(slot), &none);
	return err ? errmsg_set(e, err, "cannot make room for labels: %s: free kernel memory", strerror(-err)) : 0;
}

/* Label first, bit second: a set bit without a label reads as "no label". 1: labelled; 0: the kernel had done it. */
int label_put(struct kernel *k, uint32_t tgid, const struct sl_label *label)
{
	int err;

	if (tgid >= SL_PID_LIMIT || has_bit(k, tgid))
		return 0;
	err = insert(k, tgid, label);
	if (err)
		return err == -EEXIST ? 0 : err;
	__atomic_fetch_or(&k->label_bits[tgid / 64], 1ull << (tgid % 64), __ATOMIC_SEQ_CST);
	return 1;
}

/* The parents of children that were born meanwhile, whatever became of the parents. */
static void take_early_parents(struct kernel *k, struct procscan *s)
{
	int fd = bpf_map__fd(k->skel->maps.early_forks);

	for (size_t i = 0; i < s->cnt; i++) {
		uint32_t child = s->v[i].rec->who.tgid, slot = child & (SL_EARLY_FORKS_MAX - 1);
		uint64_t noted;

		if (!bpf_map_lookup_elem(fd, &slot, &noted) && noted == sl_early_fork(child, (uint32_t)noted))
			s->v[i].rec->who.ppid = (uint32_t)noted;
	}
}

int label_owner(int spares, uint32_t key, uint32_t *ret_tgid)
{
	uint32_t slot = key - SL_PID_LIMIT, tgid = key;

	if (key >= SL_PID_LIMIT && (bpf_map_lookup_elem(spares, &slot, &tgid) || !tgid))
		return -ENOENT;
	*ret_tgid = tgid;
	return 0;
}

/* What the kernel has labelled already. */
static void take_known(struct kernel *k, struct procscan *s)
{
	int fd = bpf_map__fd(k->skel->maps.labels), spares = bpf_map__fd(k->skel->maps.label_spares);

	for (size_t i = 0; i < s->cnt; i++) {
		uint32_t tgid = s->v[i].rec->who.tgid, owner, key;

		if (!has_bit(k, tgid))
			continue;
		s->v[i].known = !bpf_map_lookup_elem(fd, &tgid, &s->v[i].label);
		for (uint32_t try = 0; !s->v[i].known && try < SL_LABEL_SPARE_TRIES; try++) {
			key = sl_label_spare_key(sl_label_spare_slot(tgid, try));
			s->v[i].known = !label_owner(spares, key, &owner) && owner == tgid &&
					!bpf_map_lookup_elem(fd, &key, &s->v[i].label);
		}
	}
}

/* ---- the scan, in a worker ------------------------------------------------------------------------------------------ */

struct scanning {
	uint64_t now_ns;
	uint32_t from, careful;
	struct worker_page *page;
	int fd;
};

static void begin_process(void *arg, uint32_t tgid)
{
	const struct scanning *c = arg;

	c->page->tgid = tgid;
	worker_beat(c->page);
}

static int send_process(void *arg, const void *rec, size_t size)
{
	const struct scanning *c = arg;

	return send(c->fd, rec ? rec : "", rec ? size : 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void run_scan(struct worker_page *page, int fd, void *arg)
{
	struct scanning *c = arg;
	const struct procscan_walk walk = { .root = "/proc", .time_ns = c->now_ns, .from = c->from, .careful = c->careful,
					    .begin = begin_process, .found = send_process, .arg = c };

	c->page = page;
	c->fd = fd;
	page->next = procscan_each(&walk) ? 0 : 1;
	send(fd, "done", 4, MSG_NOSIGNAL);
}

/* Takes what the worker sends. 1: it has gone through all, 0: it makes no progress, or a negative errno. */
static int take_scan(struct kernel *k, struct worker *w, struct procscan *s)
{
	_Alignas(8) static char buf[SL_RECORD_MAX];

	while (worker_wait(w, SCAN_PATIENCE_MS)) {
		ssize_t n = recv(w->fd, buf, sizeof(buf), 0);
		int err = 0;

		if (n == 4)
			return w->page->next ? 1 : -EIO;
		if (n <= 0)
			return -EIO;
		if (n == 1) {
			s->vanished++;
		} else {
			k->losses_user[SL_LOSS_LEFT_OUT] += procscan_argv_unread((const struct sl_rec_exec *)buf);
			err = procscan_add(s, buf, (size_t)n);
		}
		if (err)
			return err;
	}
	return 0;
}

/*
 * All processes. Where the worker gets stuck (a process can make whoever reads its arguments wait for ever), the next one begins with that
 * process and leaves its arguments out; if that does not help either, with the next process.
 */
static int scan_processes(struct kernel *k, struct procscan *ret)
{
	struct scanning c = { .now_ns = kernel_now_ns() };
	struct procscan s = { 0 };
	struct worker w = WORKER_NONE;
	int r = 0;

	while (!r) {
		r = worker_start(&w, run_scan, &c, NULL, 0);
		if (r)
			break;
		r = take_scan(k, &w, &s);
		if (!r) {
			bool again = c.careful == w.page->tgid;

			k->losses_user[SL_LOSS_LEFT_OUT]++;
			c.careful = again ? 0 : w.page->tgid;
			c.from = w.page->tgid + again;
		}
		worker_stop(&w);
	}
	if (r < 0) {
		procscan_done(&s);
		return r;
	}
	procscan_sort(&s);
	*ret = s;
	return 0;
}

/* One scan. Returns how many processes got a label, or a negative errno. first: whoever is labelled already is told of, too. */
static int pass(struct kernel *k, struct helper *helper, bool first, kernel_sink sink, void *arg, int *labelled)
{
	struct procscan s = { 0 };
	int err, fresh = 0, adopted;

	err = scan_processes(k, &s);
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
		/* What it has open already; from here on the kernel sees what it opens. */
		if (err >= 0)
			err = helper_held(helper, p->rec, k->compiled, sink, arg);
	}
	procscan_done(&s);
	return err < 0 ? err : fresh;
}

/* From here on this set decides; the older one goes once this one is pinned. */
static int take_over(struct kernel *k, kernel_sink sink, void *arg, struct errmsg *e)
{
	int err = adopt_aliases(k);

	err = err ? err : adopt_roots(k);
	err = err ? err : adopt_memory(k);
	err = err ? err : adopt_names(k);
	if (err)
		return errmsg_set(e, err, "cannot take over from the programs that are pinned: %s", strerror(-err));
	exceptions_adopt(k);
	k->skel->bss->live = SL_LIVE;
	flows_adopt(k);
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

int kernel_label_running(struct kernel *k, struct helper *helper, kernel_sink sink, void *arg, struct errmsg *e)
{
	int labelled = 0, fresh = 1, err;

	for (int i = 0; i < PASSES_MAX && fresh > 0; i++)
		fresh = pass(k, helper, i == 0, sink, arg, &labelled);
	if (fresh > 0)
		k->losses_user[SL_LOSS_LABEL] += (uint64_t)fresh;
	k->skel->bss->starting = 0;
	if (fresh < 0)
		return errmsg_set(e, fresh, "cannot label what runs already: %s", strerror(-fresh));
	err = take_over(k, sink, arg, e);
	return err ? err : labelled;
}
