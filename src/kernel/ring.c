/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: taking records out of both rings in order of time. libbpf walks the rings; what they hold is copied to one batch
 * so that the rings are free again at once, then sorted (nearly sorted already) and handed on.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ring.h"

/* A batch stops growing here; the rest waits for the next round. Bounds the agent's memory under a flood. */
#define BATCH_MAX (1u << 20)

/* Records of one call, about: a flood that never ends must not keep the agent from its clock and its watchdog. */
#define ROUND_MAX (1 << 14)

struct slot {
	uint64_t time_ns;
	uint32_t at, size;
};

struct ring {
	struct ring_buffer *rb;
	char *bytes;             /* BATCH_MAX + one record */
	size_t len;
	struct slot *slots;
	size_t cnt, size;
	int err;
};

static int take(void *arg, void *data, size_t size)
{
	struct ring *r = arg;
	const struct sl_hdr *hdr = data;
	size_t room = (size + 7) & ~(size_t)7;

	if (r->len + room > BATCH_MAX + SL_RECORD_MAX)
		return -ENOBUFS; /* cannot happen: `take` stops the walk below */
	if (r->cnt == r->size) {
		size_t more = r->size ? r->size * 2 : 1024;
		struct slot *slots = reallocarray(r->slots, more, sizeof(*slots));

		if (!slots) {
			r->err = -ENOMEM;
			return -ENOMEM;
		}
		r->slots = slots;
		r->size = more;
	}
	memcpy(r->bytes + r->len, data, size);
	r->slots[r->cnt++] = (struct slot){
		.time_ns = size >= sizeof(*hdr) ? hdr->time_ns : 0,
		.at = (uint32_t)r->len,
		.size = (uint32_t)size,
	};
	r->len += room;
	return r->len > BATCH_MAX ? -EAGAIN : 0; /* -EAGAIN: this record is taken, stop here */
}

int ring_open(int ordinary_fd, int urgent_fd, struct ring **ret)
{
	struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->bytes = malloc(BATCH_MAX + 2 * SL_RECORD_MAX);
	/* The urgent ring first: a flood in the other one must not keep an alert waiting. */
	r->rb = ring_buffer__new(urgent_fd, take, r, NULL);
	if (!r->bytes || !r->rb) {
		err = r->rb ? -ENOMEM : -errno;
		ring_close(r);
		return err;
	}
	err = ring_buffer__add(r->rb, ordinary_fd, take, r);
	if (err) {
		ring_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	ring_buffer__free(r->rb);
	free(r->bytes);
	free(r->slots);
	free(r);
}

int ring_fd(const struct ring *r)
{
	return ring_buffer__epoll_fd(r->rb);
}

/* Order of time; records of one instant stay in the order they were taken. */
static int compare(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

int ring_consume(struct ring *r, ring_sink sink, void *arg)
{
	int total = 0, err;

	do {
		bool sorted = true;

		r->len = 0;
		r->cnt = 0;
		r->err = 0;
		err = ring_buffer__consume(r->rb);
		if (err < 0 && err != -EAGAIN)
			return r->err ? r->err : err;
		for (size_t i = 1; i < r->cnt && sorted; i++)
			sorted = r->slots[i - 1].time_ns <= r->slots[i].time_ns;
		if (!sorted)
			qsort(r->slots, r->cnt, sizeof(*r->slots), compare);
		for (size_t i = 0; i < r->cnt; i++) {
			int rc = sink(arg, r->bytes + r->slots[i].at, r->slots[i].size);

			if (rc < 0)
				return rc;
		}
		total += (int)r->cnt;
	} while (err == -EAGAIN && total < ROUND_MAX);
	return total;
}
