/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The automaton over host names between hosts.c, which makes it of patterns, and hosts_table.c, which lays it out. */
#ifndef SLUICE_MATCH_HOSTS_INTERNAL_H
#define SLUICE_MATCH_HOSTS_INTERNAL_H

#include "match/hosts.h"

/* Classes of bytes. */
#define HOST_OTHER 1
#define HOST_DOT 2
#define HOST_CLASSES 41   /* numbers are below */

uint8_t host_class(uint8_t byte);

struct host_edge {
	uint32_t to;
	uint32_t cls;
};

/* State 0 is dead. Edges: only those that lead elsewhere than the default, by class. */
struct host_state {
	uint32_t edges_at, edges_cnt;
	uint32_t other;     /* the default */
	uint32_t set;
};

struct host_states {
	struct host_state *v;      /* all owned */
	struct host_edge *edges;
	uint32_t cnt, size, edges_cnt, edges_size;
	uint32_t start;
};

void host_states_done(struct host_states *s);

/* The table of an automaton, which is changed on the way. -E2BIG, -ENOMEM. */
int hosts_lay_out(struct host_states *s, struct hosts *ret, struct errmsg *e);

#endif /* SLUICE_MATCH_HOSTS_INTERNAL_H */
