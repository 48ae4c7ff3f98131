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

#define PINS_DEFAULT "/sys/fs/bpf/sluice"

enum pin {
	PIN_LABELS, PIN_ALIASES, PIN_LOSSES, PIN_RING, PIN_URGENT, PIN_TOOL_NAMES, PIN_SET_NAMES, PIN_CONTROL, PIN_ABOUT,
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
int pins_set_control(const struct pins *p, const struct sl_control *control);

/* Removes all sets below root but one (0: all). Their programs stay attached as long as a process holds them. Returns how many
 * were removed. */
int pins_remove(const char *root, uint32_t keep, struct errmsg *e);

#endif /* SLUICE_KERNEL_PINS_H */
