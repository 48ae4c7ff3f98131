/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What the files of kernel/ share; nobody else includes it. */
#ifndef SLUICE_KERNEL_INTERNAL_H
#define SLUICE_KERNEL_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/kernel.h"
#include "kernel/pins.h"
#include "kernel/ring.h"
#include "process/procscan.h"
#include "label.h"
#include "knobs.h"
#include "sluice.skel.h"

struct kernel {
	const struct compiled *compiled;
	struct sluice_bpf *skel;
	struct ring *ring;
	enum kernel_tier tier;
	struct kernel_row rows[KERNEL_ROWS];
	size_t rows_cnt;
	int cgroup_fd;
	const char *pin_root;                      /* NULL: not pinned */
	uint32_t pin_number;                       /* of this set, 0: not pinned yet */
	bool reloading;                            /* the older set is this process's own: it reads the rest of it itself */
	const char *policy_path;
	struct sl_about about;                     /* as last written */
	struct pins older;                         /* what is taken over; descriptors -1: nothing */
	uint64_t *label_bits;                      /* mapping of the map; NULL: none */
	uint64_t losses[_SL_LOSS_KERNEL_MAX];      /* as last read */
	uint64_t skipped, missing, stale;          /* spare.c: told so far; as last read */
	uint64_t losses_user[_SL_LOSS_MAX];        /* counted by kernel/ itself, not taken yet */
	bool guard_seen;              /* the self-protection was seen to run */
	bool cgroup_namespace;        /* only the cgroups of a namespace are in view */
	bool no_moved;                /* the verifier refuses the program that notes renamed directories */
	bool refused;           /* the kernel would not load or attach the programs, as they are, of the tier tried last */
};

/* tables.c: sizes and constants before load, contents after it. */
int tables_size(struct kernel *k, const struct kernel_config *config, struct errmsg *e);
int tables_fill(struct kernel *k, struct errmsg *e);

int tables_fill_array(const struct bpf_map *map, const void *values, size_t value_size, uint32_t cnt);
/* The only element of a map whose value may be longer. */
int tables_fill_value(const struct bpf_map *map, const void *value, size_t size);
/* Entries of a table in the kernel: a power of two, so that an index can be masked. */
uint32_t tables_padded(uint32_t cnt);

/* net_tables.c: the same for connect rules. A negative errno. */
int net_tables_size(struct kernel *k, const struct compiled *c);
int net_tables_fill(struct kernel *k, const struct compiled *c);

/* spare.c */
/* preempt_off: use that if the kernel has it. Returns whether it does. */
bool spares_choose(struct kernel *k, enum kernel_tier tier, bool preempt_off);
uint64_t spares_skipped(struct kernel *k);   /* calls that no program saw, since the last time; at most so many */

/* guard.c: self-protection. The first after open and spares_choose(), the second when the rest is attached. */
void guard_choose(struct kernel *k, enum kernel_tier tier, bool on);
void guard_attach(struct kernel *k);
bool guard_runs(struct kernel *k);

/* labels.c */
int labels_size(struct kernel *k);         /* before load */
int labels_map(struct kernel *k, struct errmsg *e);
void labels_unmap(struct kernel *k);
int labels_fill_spares(struct kernel *k, struct errmsg *e);
/* Whose an entry of `labels` is, by its key. -ENOENT: nobody's. */
int label_owner(int spares, uint32_t key, uint32_t *ret_tgid);
int label_put(struct kernel *k, uint32_t tgid, const struct sl_label *label); /* 1: new, 0: the kernel has one */

/* pins.c: pins this set as the newest. */
int pins_put(struct kernel *k, struct errmsg *e);

/* adopt.c: from k->older. Labels: how many are new here. */
int adopt_labels(struct kernel *k, const struct procscan *scan);
int adopt_memory(struct kernel *k);
int adopt_aliases(struct kernel *k);
int adopt_roots(struct kernel *k);
int adopt_names(struct kernel *k);
void exceptions_adopt(struct kernel *k);
int adopt_unread(struct kernel *k, kernel_sink sink, void *arg);

/* flows.c: sockets that labelled processes hold already, and what k->older knows of them. */
void flows_adopt(struct kernel *k);

/* adopt.c: opens the very file of a descriptor (O_PATH) again, whatever has become of its path. -errno. */
int kernel_reopen(int fd, int flags);

/* about.c */
int about_fill(struct kernel *k);
int about_rows(struct kernel *k);          /* the rows have changed */
int control_fill(struct kernel *k, const struct kernel_config *config, struct errmsg *e); /* before anything is attached */
void about_told(struct kernel *k, const uint64_t told[_SL_LOSS_KERNEL_MAX]);

/* attach.c: the row of a subject, made when it is new. */
struct kernel_row *kernel_row(struct kernel *k, const char *subject);
void kernel_row_clear(struct kernel *k, const char *subject);

/* cgroup.c: where a hierarchy is mounted whole: by its controllers ("": cgroup v2). -ENOENT: nowhere. */
int kernel_cgroup_mount(const char *controllers, char *ret, size_t size);

/* host.c */
int host_check_bpf(struct errmsg *e);                     /* bpf(2), its compiler, lockdown: -EOPNOTSUPP, and why */
bool host_join_cgroup_root(void);                         /* into the initial cgroup namespace; false: it cannot be reached */
int host_read_variable(const char *name, int32_t *ret);   /* of the kernel. A negative errno: it cannot be read */

/* probe.c */
int probe_floor(struct errmsg *e);           /* BTF, privileges, helpers that every tier needs */
bool probe_lsm_listed(char *list, size_t size);  /* is bpf in the running list of security modules? list: the list */
const struct btf *probe_btf(void);            /* types of the running kernel, NULL: none to be had; until probe_btf_free() */
void probe_btf_free(void);
void probe_btf_funcs(const char *const *names, bool *ret, size_t cnt); /* which kernel functions exist */
int probe_hook(enum bpf_prog_type type, enum bpf_attach_type attach, const char *func); /* does an empty program attach? */
void probe_capture_log(void);                /* libbpf's words go to kernel_log() from here on */
void probe_reset_log(void);

#endif /* SLUICE_KERNEL_INTERNAL_H */
