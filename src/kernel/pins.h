/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Program sets that outlive their agent: links and maps pinned in a folder of the BPF filesystem, a numbered folder for each
 * set. The map `about` is pinned last: a folder without it is what a killed agent left half done.
 */
#ifndef SLUICE_KERNEL_PINS_H
#define SLUICE_KERNEL_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "about.h"
#include "base/errmsg.h"
#include "exception.h"
#include "label.h"
#include "policy_map.h"

#define PINS_DEFAULT "/sys/fs/bpf/sluice"

enum pin {
	PIN_MORE, PIN_LABELS, PIN_LABEL_SPARES, PIN_ALIASES, PIN_COMBO_SETS, PIN_MOVED, PIN_ROOTS, PIN_LOSSES, PIN_RING, PIN_URGENT, PIN_TOOL_NAMES,
	PIN_SET_NAMES,
	PIN_CONTROL, PIN_FLOWS, PIN_MEMORY, PIN_NAMES, PIN_EXCEPTIONS, PIN_ABOUT, /* pinned last */
	_PIN_MAX,
};

/* A pinned program set, opened. */
struct pins {
	uint32_t number;
	int fd[_PIN_MAX];        /* all -1 but PIN_ABOUT when the layout is another version's */
	struct sl_about about;
};

/*
 * The newest whole set below root. -ENOENT: none; -EPROTO: of a version with other layouts (about is not valid then); others as
 * they come. On -ENOENT and other failures ret needs no pins_close().
 */
int pins_open(const char *root, struct pins *ret, struct errmsg *e);
void pins_close(struct pins *p);

/* Reads again what it says of itself. */
int pins_read_about(struct pins *p);

int pins_get_control(const struct pins *p, struct sl_control *ret);
/* Forgets what a session, and all around and within it, has read. -ENOENT: nothing was remembered. */
int pins_clear_session(const struct pins *p, uint64_t ns, uint32_t pid);

/* The label of a process, and what its outermost session has read. -ENOENT: none, nothing. */
int pins_label(const struct pins *p, uint32_t tgid, struct sl_label *ret);
int pins_memory(const struct pins *p, const struct sl_label *label, struct sl_memory *ret);

int pins_set_control(const struct pins *p, const struct sl_control *control);

/* Exceptions, by slot below SL_EXCEPTIONS_MAX. */
int pins_get_exception(const struct pins *p, uint32_t slot, struct sl_exception *ret);
int pins_set_exception(const struct pins *p, uint32_t slot, const struct sl_exception *e);

/* Open flows of each session that has any, at most max of them; flows of further sessions are left out. How many, or a negative
 * errno. */
struct pins_flows {
	uint64_t session_ns;
	uint32_t session_pid;
	uint64_t flows, sent, received;   /* bytes */
};
int pins_flows(const struct pins *p, struct pins_flows *ret, size_t max);

/* Removes all sets below root but one (0: all). Their programs stay attached as long as a process holds them. Returns how many
 * were removed. */
int pins_remove(const char *root, uint32_t keep, struct errmsg *e);

/* The ids of all programs whose links are pinned below root, at most max. Returns how many. */
size_t pins_programs(const char *root, uint32_t *ret, size_t max);
/* Waits until none of these programs exists: the kernel takes a link off some time after its last pin is gone, and lets go of
 * its program then. Returns how many are left at the end of that time, since a process holds them. */
size_t pins_programs_gone(const uint32_t *ids, size_t cnt, int timeout_ms);

#endif /* SLUICE_KERNEL_PINS_H */
