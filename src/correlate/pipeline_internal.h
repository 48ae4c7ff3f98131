/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* What the parts of the pipeline share. Private to correlate/pipeline*.c. */
#ifndef SLUICE_CORRELATE_PIPELINE_INTERNAL_H
#define SLUICE_CORRELATE_PIPELINE_INTERNAL_H

#include "base/strbuf.h"
#include "correlate/build.h"
#include "correlate/burst.h"
#include "correlate/carried.h"
#include "correlate/connect.h"
#include "correlate/dedupe.h"
#include "correlate/flows.h"
#include "correlate/pipeline.h"
#include "correlate/users.h"
#include "event/decode.h"

enum stub { STUB_NOW, STUB_LATE };

/* What reading a file of some set means for a story; looked up once for each set. */
struct read_kind {
	bool known;
	bool second_hand;                  /* nothing but a store of what a tool has read */
	uint16_t store;                    /* that tool, 0: not known which */
};

struct pipeline {
	struct pipeline_config config;
	struct read_kind *read_kinds;      /* by path set */
	struct proctree *tree;
	struct names *names;
	struct dedupe *dedupe;
	struct bursts *bursts;
	struct incidents *incidents;
	struct carried *carried;
	struct flows_asked asked;
	struct users users;
	uint64_t wall_offset_ns;           /* wall time - boot time, modulo 2^64 */
	uint64_t last_ns;                  /* time of the latest record */
	struct pipeline_run *run, own_run;
	char uid[REPORT_UID_SIZE];         /* of the latest report; the first uid_len bytes are the same in all of them */
	size_t uid_len;
	uint64_t pending[_SL_LOSS_MAX];    /* own losses that are not reported yet */
	struct pipeline_stats stats;
	struct strbuf key;                 /* of the repeat table, reused */
	struct process stubs[2];           /* stand in for a process that is not in the tree: now, and told late */
	struct report_store store;         /* of the event that is being finished */
	char path[DECODE_PATH_SIZE];
	_Alignas(8) char keep[sizeof(struct sl_rec_verdict) + 512];
};

/* Told with the next tick. */
static inline void count_loss(struct pipeline *p, unsigned int reason, uint64_t count)
{
	p->pending[reason] += count;
	p->stats.losses[reason] += count;
}

/* ---- pipeline_fold.c: true if the event is a repeat and will be told as one ---- */

bool fold_file(struct pipeline *p, const struct event *ev, const struct process *process);
bool fold_inspect(struct pipeline *p, const struct event *ev, const struct process *process);
bool fold_broker(struct pipeline *p, const struct event *ev, const struct process *process);
bool fold_guard(struct pipeline *p, const struct event *ev, const struct process *process);
bool fold_connect(struct pipeline *p, const struct event *ev, const struct process *process, const struct connect_verdict *v);

/* What a folded connection was found to be when it came in. The names are borrowed from the item. */
void unfold_connect(const struct event *ev, const struct dedupe_item *item, struct connect_verdict *ret);

/* ---- pipeline_story.c ---- */

/* A read, which begins or continues a story if it counts for one. -ENOMEM: it is not remembered. */
int story_read(struct pipeline *p, const struct event *ev, const struct process *process);
/* Something was sent after a read. */
void story_sent(struct pipeline *p, const struct event *ev);
/* A session asked for a name: data may go with it. */
void story_asked(struct pipeline *p, const struct event *ev);

#endif /* SLUICE_CORRELATE_PIPELINE_INTERNAL_H */
