/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: sequences of reads and of what was sent after them, when they are told, and how sure it is. */
#include "correlate/incident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy_map.h"

#define SECOND_NS 1000000000ull

struct incidents {
	incident_sink sink;
	void *arg;
	struct incident_origin origins[SL_TOOLS_MAX]; /* what sessions of each tool have read: in its store by now */
	struct incident *v;
	size_t cnt, room;
};

struct incidents *incidents_new(incident_sink sink, void *arg)
{
	struct incidents *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->sink = sink;
	t->arg = arg;
	return t;
}

static void empty(struct incident *i)
{
	for (size_t n = 0; n < i->reads_cnt; n++) {
		free(i->reads[n].path);
		free(i->reads[n].origin.path);
	}
	for (size_t n = 0; n < i->flows_cnt; n++)
		free(i->flows[n].host);
	i->reads_cnt = i->reads_more = i->flows_cnt = i->flows_more = 0;
	i->due_ns = 0;
	i->again = false;
	i->told_score = i->told_severity = 0;
}

static void drop(struct incidents *t, size_t at)
{
	empty(&t->v[at]);
	t->v[at] = t->v[--t->cnt];
}

void incidents_free(struct incidents *t)
{
	if (!t)
		return;
	while (t->cnt)
		drop(t, t->cnt - 1);
	for (size_t n = 0; n < ARRAY_SIZE(t->origins); n++)
		free(t->origins[n].path);
	free(t->v);
	free(t);
}

/* ---- how sure it is ---------------------------------------------------------------------------------------------- */

static void point(struct incident *i, unsigned int points, const char *reason)
{
	i->score += points;
	if (i->reasons_cnt == ARRAY_SIZE(i->reasons))
		return;
	i->points[i->reasons_cnt] = points;
	i->reasons[i->reasons_cnt++] = reason;
}

static const struct incident_flow *largest(const struct incident *i)
{
	const struct incident_flow *best = &i->flows[0];

	for (size_t n = 1; n < i->flows_cnt; n++)
		if (i->flows[n].bytes > best->bytes)
			best = &i->flows[n];
	return best;
}

/* The read that came last before the flow first sent: the flow speaks of that one, or of an earlier one. */
static const struct incident_read *read_before(const struct incident *i, uint64_t time_ns)
{
	const struct incident_read *best = &i->reads[0];

	for (size_t n = 1; n < i->reads_cnt; n++)
		if (i->reads[n].time_ns <= time_ns)
			best = &i->reads[n];
	return best;
}

/* Of all reads of a story. */
struct kinds {
	bool first_hand, direct;      /* a secret itself; by the tool itself or by a program that prints */
	bool second_hand, unknown;    /* a store, of a tool that had read a secret, or of which nothing is known */
	bool same;                    /* by the process whose flow it is */
};

static struct kinds kinds_of(const struct incident *i, const struct incident_flow *flow)
{
	struct kinds k = { 0 };

	for (size_t n = 0; n < i->reads_cnt; n++) {
		const struct incident_read *r = &i->reads[n];

		k.first_hand |= !r->second_hand;
		k.direct |= !r->second_hand && (r->reader == SL_READER_SELF || r->reader == SL_READER_IMPROVISED || r->reader == SL_READER_GENERIC);
		k.second_hand |= r->origin.path != NULL;
		k.unknown |= r->second_hand && !r->origin.path;
		k.same |= r->process.pid == flow->process.pid && r->process.start_ns == flow->process.start_ns;
	}
	return k;
}

static void weigh_reads(struct incident *i, const struct kinds *k)
{
	if (k->direct)
		point(i, 20, "read by the tool itself or by a program that prints");
	else if (k->first_hand)
		point(i, 10, "read by a program that may keep it to itself");
	else if (k->second_hand)
		point(i, 10, "second-hand: from the store of a tool that had read a secret");
	else
		point(i, 0, "from another tool's store: whether a secret is in it is not known");
	if (k->first_hand && k->second_hand)
		point(i, 0, "part of it second-hand: from the store of a tool that had read a secret");
}

static void weigh(struct incident *i)
{
	const struct incident_flow *flow = largest(i);
	const struct incident_read *read = read_before(i, flow->first_ns);
	uint64_t delay = flow->first_ns > read->time_ns ? flow->first_ns - read->time_ns : 0;
	struct kinds k = kinds_of(i, flow);

	i->score = 0;
	i->reasons_cnt = 0;
	if (flow->bytes >= 8192)
		point(i, 40, "8 KiB or more were sent after the read");
	else if (flow->bytes >= 1536)
		point(i, 25, "1.5 KiB or more were sent after the read");
	else
		point(i, 5, "little was sent after the read: a keep-alive looks the same");
	if (delay <= 5 * SECOND_NS)
		point(i, 30, "the first of it within 5 seconds");
	else if (delay <= 60 * SECOND_NS)
		point(i, 15, "the first of it within a minute");
	else
		point(i, 0, "more than a minute after the read");
	weigh_reads(i, &k);
	if (k.same)
		point(i, 10, "sent by the process that read");
	else
		point(i, 5, "sent by another process of the session");
	i->confidence = i->score >= INCIDENT_HIGH ? "high" : i->score >= INCIDENT_MEDIUM ? "medium" : "low";
	/* Whose it is now. What the tool's own vendor gets is what the model was told; unknown hosts are worst. */
	if (flow->loopback) {
		i->severity = "low";
		point(i, 0, "to this machine: where it goes from there is not known");
	} else if (flow->own) {
		i->severity = "medium";
		point(i, 0, "to a provider of the tool's own");
	} else {
		i->severity = "high";
		point(i, 0, flow->provider ? "to a provider that is not the tool's own" : "to a host that no list knows");
	}
	/* Nobody knows of a secret in it. */
	if (!k.first_hand && !k.second_hand)
		i->severity = flow->provider || flow->loopback ? "low" : "medium";
}

/* ---- telling ------------------------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	const struct incident_flow *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static unsigned int rank(const struct incident *i)
{
	return !strcmp(i->severity, "high") ? 3 : !strcmp(i->severity, "medium") ? 2 : 1;
}

/* What was told stays, in case it becomes worse. */
static void tell(struct incidents *t, struct incident *i, uint64_t now_ns)
{
	qsort(i->flows, i->flows_cnt, sizeof(i->flows[0]), by_bytes);
	weigh(i);
	i->again = i->told_score != 0;
	t->sink(t->arg, i, now_ns);
	i->told_score = i->score;
	i->told_severity = rank(i);
	i->due_ns = 0;
}

/* Points never get less: bytes grow, and who read and when stays. Of several flows the largest counts, which may be a later one. */
static bool is_worse(struct incident *i)
{
	weigh(i);
	return rank(i) > i->told_severity || (i->told_score < INCIDENT_HIGH && i->score > i->told_score);
}

static size_t find(const struct incidents *t, uint64_t session_ns, uint32_t session_pid)
{
	for (size_t n = 0; n < t->cnt; n++)
		if (t->v[n].session_ns == session_ns && t->v[n].session_pid == session_pid)
			return n;
	return SIZE_MAX;
}

static void make_room(struct incidents *t, uint64_t now_ns)
{
	size_t oldest = 0;

	if (t->cnt < INCIDENT_SEQUENCES)
		return;
	for (size_t n = 1; n < t->cnt; n++)
		if (t->v[n].last_ns < t->v[oldest].last_ns)
			oldest = n;
	if (t->v[oldest].due_ns)
		tell(t, &t->v[oldest], now_ns);
	drop(t, oldest);
}

static struct incident *sequence(struct incidents *t, uint64_t session_ns, uint32_t session_pid, uint64_t now_ns)
{
	size_t at = find(t, session_ns, session_pid);

	if (at != SIZE_MAX)
		return &t->v[at];
	make_room(t, now_ns);
	if (t->cnt == t->room) {
		size_t room = t->room ? t->room * 2 : 4;
		struct incident *grown = reallocarray(t->v, room, sizeof(*grown));

		if (!grown)
			return NULL;
		t->v = grown;
		t->room = room;
	}
	t->v[t->cnt] = (struct incident){ .session_ns = session_ns, .session_pid = session_pid };
	return &t->v[t->cnt++];
}

/* ---- what is in the stores of tools ------------------------------------------------------------------------------------ */

/* A secret was read: it is in the tool's store from now on. Of several the latest is told, the others are counted. */
static int remember(struct incidents *t, uint64_t session_ns, uint32_t session_pid, const struct incident_read *read)
{
	struct incident_origin *o = read->tool < ARRAY_SIZE(t->origins) ? &t->origins[read->tool] : NULL;
	bool another = o && o->path && strcmp(o->path, read->path) != 0;
	char *path = o ? o->path : NULL;

	if (!o)
		return 0;
	if (!path || another) {
		path = strdup(read->path);
		if (!path)
			return -ENOMEM;
		free(o->path);
	}
	*o = (struct incident_origin){ .path = path, .time_ns = read->time_ns, .session_ns = session_ns,
				       .session_pid = session_pid, .tool = read->tool, .more = o->more + another };
	return 0;
}

/* What may be in that tool's store; 0: in any. NULL: nothing is known. */
static const struct incident_origin *origin_of(const struct incidents *t, uint16_t store)
{
	const struct incident_origin *latest = NULL;

	for (size_t n = 0; n < ARRAY_SIZE(t->origins); n++) {
		const struct incident_origin *o = &t->origins[n];

		if (o->path && (!store || store == o->tool) && (!latest || o->time_ns > latest->time_ns))
			latest = o;
	}
	return latest;
}

int incidents_read(struct incidents *t, uint64_t session_ns, uint32_t session_pid, uint16_t tool, const struct incident_read *read)
{
	const struct incident_origin *origin = read->second_hand ? origin_of(t, read->store) : NULL;
	cleanup_free char *path = NULL, *origin_path = NULL;
	struct incident *i;

	if (read->second_hand && !origin && read->store == read->tool)
		return 0;
	if (!read->second_hand && remember(t, session_ns, session_pid, read))
		return -ENOMEM;
	i = sequence(t, session_ns, session_pid, read->time_ns);
	if (!i)
		return -ENOMEM;
	/* What is read while the story settles is part of it; what comes later is another. */
	if (i->due_ns && read->time_ns >= i->due_ns)
		tell(t, i, read->time_ns);
	if (i->told_score && !i->due_ns)
		empty(i);
	i->tool = tool;
	i->last_ns = read->time_ns;
	if (i->reads_cnt == INCIDENT_READS) {
		i->reads_more++;
		return 0;
	}
	path = strdup(read->path);
	origin_path = origin ? strdup(origin->path) : NULL;
	if (!path || (origin && !origin_path))
		return -ENOMEM;
	i->reads[i->reads_cnt] = *read;
	i->reads[i->reads_cnt].origin = origin ? *origin : (struct incident_origin){ 0 };
	i->reads[i->reads_cnt].origin.path = take_ptr(origin_path);
	i->reads[i->reads_cnt++].path = take_ptr(path);
	return 0;
}

static struct incident_flow *flow_of(struct incident *i, const struct incident_flow *flow)
{
	size_t least = 0;

	for (size_t n = 0; n < i->flows_cnt; n++) {
		if (i->flows[n].cookie == flow->cookie)
			return &i->flows[n];
		if (i->flows[n].bytes < i->flows[least].bytes)
			least = n;
	}
	if (i->flows_cnt == INCIDENT_FLOWS) {
		i->flows_more++;
		if (i->flows[least].bytes >= flow->segment_bytes)
			return NULL;
		free(i->flows[least].host);
	} else {
		least = i->flows_cnt++;
	}
	i->flows[least] = *flow;
	i->flows[least].host = NULL;
	i->flows[least].bytes = i->flows[least].segment_bytes = 0;
	return &i->flows[least];
}

uint64_t incidents_read_ns(const struct incidents *t, uint64_t session_ns, uint32_t session_pid)
{
	size_t at = find(t, session_ns, session_pid);

	return at == SIZE_MAX || !t->v[at].reads_cnt ? 0 : t->v[at].reads[0].time_ns;
}

bool incidents_sent(struct incidents *t, uint64_t session_ns, uint32_t session_pid, const struct incident_flow *flow, uint64_t time_ns)
{
	size_t at = find(t, session_ns, session_pid);
	struct incident *i = at == SIZE_MAX ? NULL : &t->v[at];
	struct incident_flow *f;

	if (!i || !i->reads_cnt || flow->segment_ns < i->reads[0].time_ns)
		return false;
	if (i->due_ns && time_ns >= i->due_ns)
		tell(t, i, time_ns);
	f = flow_of(i, flow);
	if (!f)
		return true;
	if (f->segment_ns != flow->segment_ns)
		f->segment_bytes = 0;
	/* The counts grow; of two records of one segment the larger one is all of it. */
	if (flow->segment_bytes > f->segment_bytes) {
		f->bytes += flow->segment_bytes - f->segment_bytes;
		f->segment_bytes = flow->segment_bytes;
	}
	f->segment_ns = flow->segment_ns;
	f->cut |= flow->cut;
	if (flow->first_ns < f->first_ns)
		f->first_ns = flow->first_ns;
	/* The latest word on who it is. */
	if (flow->host[0] || !f->host) {
		free(f->host);
		f->host = strdup(flow->host);
		f->provider = flow->provider;
		f->evidence = flow->evidence;
		f->confidence = flow->confidence;
		f->own = flow->own;
	}
	i->last_ns = time_ns;
	if (!i->due_ns && (!i->told_score || is_worse(i)))
		i->due_ns = time_ns + INCIDENT_SETTLE_NS;
	return true;
}

void incidents_tick(struct incidents *t, uint64_t now_ns)
{
	for (size_t n = t->cnt; n-- > 0;) {
		struct incident *i = &t->v[n];

		if (i->due_ns && now_ns >= i->due_ns)
			tell(t, i, now_ns);
		if (!i->reads_cnt || (!i->due_ns && now_ns - i->last_ns > INCIDENT_FORGET_NS))
			drop(t, n);
	}
}

void incidents_end(struct incidents *t, uint64_t session_ns, uint32_t session_pid, uint64_t now_ns)
{
	size_t at = find(t, session_ns, session_pid);

	if (at == SIZE_MAX)
		return;
	if (t->v[at].due_ns)
		tell(t, &t->v[at], now_ns);
	drop(t, at);
}

void incidents_flush(struct incidents *t, uint64_t now_ns)
{
	while (t->cnt) {
		if (t->v[t->cnt - 1].due_ns)
			tell(t, &t->v[t->cnt - 1], now_ns);
		drop(t, t->cnt - 1);
	}
}
