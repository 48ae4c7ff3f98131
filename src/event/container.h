/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Which container a process is in, from the path of its cgroup, leaf first as records have it ("container/libpod-<id>.scope/
 * machine.slice"). The outermost one: that is the one that the engine of this host knows, and what is made within a container (by
 * another engine, or to look like one) says nothing about it.
 */
#ifndef SLUICE_EVENT_CONTAINER_H
#define SLUICE_EVENT_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_ID_MAX 128  /* a longer name is none */
#define CONTAINER_SHORT 12    /* digits of an id that engines themselves print */

struct container {
	const char *engine;   /* "docker", "podman", "cri-o", "containerd", "nerdctl", "lxc", "nspawn"; "" where only the id tells */
	char id[CONTAINER_ID_MAX + 1]; /* 64 hex digits, or a name; any byte but NUL and '/' */
};

/* False: in none that has a cgroup of its own. */
bool container_parse(const char *cgroup, struct container *ret);

/* Bytes of ret->id that are enough for a person: of hex digits the first ones. */
size_t container_short(const struct container *c);

/* Length of the leaf's name in a cgroup path: a unit's, of a process that systemd started. */
size_t cgroup_leaf(const char *cgroup);

#endif /* SLUICE_EVENT_CONTAINER_H */
