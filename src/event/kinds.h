/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The table of record kinds: one row each, so that a new kind is one struct in include/record.h, one decoder and one row.
 * Private to event/.
 */
#ifndef SLUICE_EVENT_KINDS_H
#define SLUICE_EVENT_KINDS_H

#include <stdbool.h>

#include "event/event.h"

/* What is left of a record behind its fixed part. */
struct cursor {
	const char *at;
	size_t left;
};

struct event_kind {
	const char *name;      /* published in logs and counters */
	size_t size;           /* bytes of the fixed part; at least so many are there when decode is called */
	bool has_who;          /* struct sl_who follows the header: the record is about a process */
	/* Fills what belongs to the kind in *ev, takes the variable parts off the cursor. False: a value out of its range. */
	bool (*decode)(const void *data, struct cursor *c, struct event *ev);
};

/* NULL: no such kind. */
const struct event_kind *event_kind(unsigned int kind);

/* decode.c */
bool decode_exec(const void *data, struct cursor *c, struct event *ev);
bool decode_fork(const void *data, struct cursor *c, struct event *ev);
bool decode_exit(const void *data, struct cursor *c, struct event *ev);
bool decode_file(const void *data, struct cursor *c, struct event *ev);
bool decode_net(const void *data, struct cursor *c, struct event *ev);
bool decode_verdict(const void *data, struct cursor *c, struct event *ev);
bool decode_inspect(const void *data, struct cursor *c, struct event *ev);
bool decode_broker(const void *data, struct cursor *c, struct event *ev);
bool decode_dns(const void *data, struct cursor *c, struct event *ev);
bool decode_loss(const void *data, struct cursor *c, struct event *ev);
bool decode_clock(const void *data, struct cursor *c, struct event *ev);
bool decode_user(const void *data, struct cursor *c, struct event *ev);
bool decode_agent(const void *data, struct cursor *c, struct event *ev);
bool decode_guard(const void *data, struct cursor *c, struct event *ev);
bool decode_sent(const void *data, struct cursor *c, struct event *ev);
bool decode_hello(const void *data, struct cursor *c, struct event *ev);
bool decode_flow(const void *data, struct cursor *c, struct event *ev);

#endif /* SLUICE_EVENT_KINDS_H */
