/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what makes two events equal, so that the second is a repeat, and what is kept of the first. */
#include <string.h>

#include "correlate/pipeline_internal.h"

/* What makes two events equal, beside the pid and the text that follows: the path, or the candidate names. */
struct fold_key {
	uint64_t start_ns, exec_ns;
	uint64_t session_ns;
	uint32_t session_pid, uid;
	uint32_t kind, path_flags;
	uint16_t rule, set, port;
	uint8_t action, taken, by, reader, access;
	uint8_t family, proto, op;
	uint8_t addr[16];
	uint64_t peer_start_ns;
	uint32_t peer;
	uint8_t object, how, type, abstract;
};

/* What a folded connection was found to be, kept behind its record; the names themselves are in the key. */
struct kept_verdict {
	struct sl_decision decision;
	const struct policy_provider *provider;
	const char *evidence, *confidence;
	size_t hits_cnt;
	struct {
		uint64_t learnt_ns;
		bool expired, session;
	} hits[NAMES_PER_ADDR];
};
_Static_assert(sizeof(struct sl_rec_verdict) + sizeof(struct kept_verdict) <= sizeof(((struct pipeline *)0)->keep), "room");
_Static_assert(sizeof(struct sl_rec_net) % 8 == 0 && sizeof(struct sl_rec_verdict) % 8 == 0,
	       "what follows a record is aligned");

static void start_key(struct pipeline *p, const struct event *ev, const struct process *process, struct fold_key *k)
{
	memset(k, 0, sizeof(*k)); /* padding takes part in the comparison */
	k->kind = ev->kind;
	k->start_ns = process->start_ns;
	k->exec_ns = process->exec_ns;
	k->session_ns = ev->who->session_ns;
	k->session_pid = ev->who->session_pid;
	k->uid = ev->who->uid;
	strbuf_reset(&p->key);
}

static bool fold(struct pipeline *p, const struct event *ev, const void *keep, size_t keep_len)
{
	struct dedupe_item item = { .tgid = ev->who->tgid, .time_ns = ev->time_ns, .key = strbuf_str(&p->key),
				    .key_len = p->key.len, .keep = keep, .keep_len = keep_len };

	/* Without memory for the key nothing is folded: the event is shown. */
	if (!strbuf_ok(&p->key)) {
		count_loss(p, SL_LOSS_DEDUPE, 1);
		return false;
	}
	if (!dedupe_fold(p->dedupe, &item))
		return false;
	p->stats.folded++;
	return true;
}

bool fold_file(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_file *f = ev->file;
	struct burst_item burst = { .tgid = ev->who->tgid, .time_ns = ev->time_ns, .key_len = sizeof(struct fold_key), .keep = f,
				    .keep_len = f->hdr.size };
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.path_flags = ev->path.flags;
	k.rule = f->rule;
	k.set = f->set;
	k.action = f->action;
	k.taken = f->taken;
	k.by = f->by;
	k.reader = f->reader;
	k.access = f->access;
	strbuf_add(&p->key, &k, sizeof(k));
	strbuf_add(&p->key, ev->path.data, ev->path.len);
	if (fold(p, ev, f, f->hdr.size))
		return true;
	burst.path_len = decode_path(ev->path, p->path, sizeof(p->path));
	burst.path = p->path;
	burst.key = &k;
	if (!bursts_fold(p->bursts, &burst))
		return false;
	p->stats.folded++;
	return true;
}

bool fold_inspect(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_inspect *i = ev->inspect;
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.rule = i->rule;
	k.action = i->action;
	k.taken = i->taken;
	k.by = i->by;
	k.peer_start_ns = i->target_start_ns;
	k.peer = i->target_tgid;
	k.object = i->object;
	k.how = i->how;
	strbuf_add(&p->key, &k, sizeof(k));
	strbuf_add(&p->key, ev->exe.data, ev->exe.len);
	return fold(p, ev, i, i->hdr.size);
}

bool fold_broker(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_broker *b = ev->broker;
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.path_flags = ev->path.flags;
	k.rule = b->rule;
	k.set = b->set;
	k.action = b->action;
	k.taken = b->taken;
	k.by = b->by;
	k.peer = b->peer_tgid;
	k.type = b->type;
	k.abstract = b->abstract;
	strbuf_add(&p->key, &k, sizeof(k));
	strbuf_add(&p->key, ev->path.data, ev->path.len);
	return fold(p, ev, b, b->hdr.size);
}

bool fold_guard(struct pipeline *p, const struct event *ev, const struct process *process)
{
	const struct sl_rec_guard *g = ev->guard;
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.path_flags = ev->path.flags;
	k.set = g->what;
	k.rule = (uint16_t)g->detail;
	k.taken = g->taken;
	k.by = g->by;
	strbuf_add(&p->key, &k, sizeof(k));
	strbuf_add(&p->key, ev->path.data, ev->path.len);
	return fold(p, ev, g, g->hdr.size);
}

bool fold_connect(struct pipeline *p, const struct event *ev, const struct process *process,
			 const struct connect_verdict *v)
{
	const struct sl_rec_net *n = ev->net;
	struct kept_verdict kept = { .decision = v->decision, .provider = v->provider, .evidence = v->evidence,
				     .confidence = v->confidence, .hits_cnt = v->hits_cnt };
	struct fold_key k;

	start_key(p, ev, process, &k);
	k.rule = v->decision.rule;
	k.action = v->decision.action;
	k.taken = n->taken;
	k.by = n->by;
	k.set = ev->decided ? ev->decided->set : 0;
	k.family = n->family;
	k.port = n->port;
	k.proto = n->proto;
	k.op = n->op;
	memcpy(k.addr, n->addr, n->family == 4 ? 4 : 16);
	strbuf_add(&p->key, &k, sizeof(k));
	for (size_t i = 0; i < v->hits_cnt; i++) {
		kept.hits[i].learnt_ns = v->hits[i].learnt_ns;
		kept.hits[i].expired = v->hits[i].expired;
		kept.hits[i].session = v->hits[i].session;
		strbuf_addc(&p->key, (char)('0' + (v->hits[i].expired ? 2 : 0) + (v->hits[i].session ? 1 : 0)));
		strbuf_add(&p->key, v->hits[i].name, strlen(v->hits[i].name) + 1);
		strbuf_add(&p->key, v->hits[i].cname, strlen(v->hits[i].cname) + 1);
	}
	/* The whole record, of whichever of the two kinds. */
	memcpy(p->keep, n, n->hdr.size);
	memcpy(p->keep + n->hdr.size, &kept, sizeof(kept));
	return fold(p, ev, p->keep, n->hdr.size + sizeof(kept));
}

void unfold_connect(const struct event *ev, const struct dedupe_item *item, struct connect_verdict *ret)
{
	struct connect_verdict v = { 0 };
	struct kept_verdict kept;
	const char *name = (const char *)item->key + sizeof(struct fold_key);

	memcpy(&kept, (const char *)item->keep + ev->net->hdr.size, sizeof(kept));
	v.decision = kept.decision;
	v.provider = kept.provider;
	v.evidence = kept.evidence;
	v.confidence = kept.confidence;
	v.hits_cnt = kept.hits_cnt;
	for (size_t i = 0; i < kept.hits_cnt; i++) {
		v.hits[i] = (struct names_hit){ .name = name + 1, .learnt_ns = kept.hits[i].learnt_ns,
						.expired = kept.hits[i].expired, .session = kept.hits[i].session };
		v.hits[i].cname = v.hits[i].name + strlen(v.hits[i].name) + 1;
		name = v.hits[i].cname + strlen(v.hits[i].cname) + 1;
	}
	*ret = v;
}
