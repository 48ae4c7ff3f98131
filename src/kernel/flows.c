/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the flows of sessions as far as packets do not tell of them: sockets that were there before the programs are marked
 * through a copy of their descriptor, what the program set before this one counted goes on being counted, UDP flows that are
 * idle are told. Counting and cutting are bpf/flow.bpf.c's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow.h"
#include "kernel/internal.h"
#include "process/procsock.h"
#include "process/worker.h"

#define ADOPT_USER_NS 2000000000ull     /* for all processes of one user; what is left then is left out */
#define ADOPT_USERS 256                 /* users that have used up some of it; one more has no limit of his own */
#define ADOPT_PATIENCE_MS 2000          /* without progress, before a process is left out */
#define LISTENING_MAX 64                /* ports of one process; a socket accepted on a further one counts as one that it connected */
#define CHUNK 256                       /* flows read at a time */
#define UDP_IDLE_NS (120ull * 1000000000)
#define ORPHAN_NS (3600ull * 1000000000) /* TCP, closed by all and silent: its end was missed */

static int option(int fd, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) ? 0 : value;
}

static uint16_t local_port(int fd)
{
	struct sockaddr_in6 at = { 0 };
	socklen_t size = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &size) ? 0 : ntohs(at.sin6_port); /* at the same place in both */
}

/* ---- adoption ------------------------------------------------------------------------------------------------------- */

struct adoption {
	struct kernel *k;
	uint16_t listening[LISTENING_MAX];
	size_t listening_cnt;
	struct sl_who who;
	struct sl_asked asked;
	struct sl_session root;  /* outermost session around it */
	uint64_t now_ns;
};

static int note_listening(void *arg, int fd)
{
	struct adoption *a = arg;

	if (option(fd, SO_ACCEPTCONN) && a->listening_cnt < LISTENING_MAX)
		a->listening[a->listening_cnt++] = local_port(fd);
	return 0;
}

static bool was_accepted(const struct adoption *a, int fd)
{
	uint16_t port = local_port(fd);

	for (size_t i = 0; i < a->listening_cnt; i++)
		if (a->listening[i] == port)
			return true;
	return false;
}

static bool set_peer(struct sl_flow *f, int fd)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getpeername(fd, &peer.sa, &size) || (peer.sa.sa_family != AF_INET && peer.sa.sa_family != AF_INET6))
		return false;
	f->port = ntohs(peer.in.sin_port);
	f->family = 4;
	if (peer.sa.sa_family == AF_INET) {
		memcpy(f->addr, &peer.in.sin_addr, 4);
	} else if (!memcmp(&peer.in6.sin6_addr, mapped, sizeof(mapped))) {
		memcpy(f->addr, peer.in6.sin6_addr.s6_addr + 12, 4);
	} else {
		f->family = 6;
		memcpy(f->addr, &peer.in6.sin6_addr, 16);
	}
	return true;
}

/* What the older set knows of it goes on; its numbers of tools and rules may be another policy's. */
static bool take_older(const struct adoption *a, uint64_t cookie, struct sl_flow *f)
{
	const struct kernel *k = a->k;

	if (k->older.fd[PIN_FLOWS] < 0 || bpf_map_lookup_elem(k->older.fd[PIN_FLOWS], &cookie, f))
		return false;
	if (strcmp(k->older.about.policy_hash, k->compiled->policy->hash) != 0) {
		f->who.tool = a->who.tool;
		f->who.exe_set = a->who.exe_set;
		f->by.asked = a->asked;
		f->rule = 0;
		f->action = 0;
	}
	return true;
}

static void mark_socket(struct kernel *k, int fd, const struct sl_flow *f, uint32_t proto)
{
	struct sl_socket mark = { .by = f->by, .root = { .ns = f->root_ns, .pid = f->root_pid }, .port = f->port, .family = f->family, .proto = proto,
				  .placed = SL_PLACED_LATER, .netns = f->netns, .owner = f->owner };

	memcpy(mark.addr, f->addr, sizeof(mark.addr));
	mark.choice.rule = f->rule;
	mark.choice.action = f->action;
	mark.judged = 1;
	/* Before the mark is there: a program may see to it at once. */
	__atomic_add_fetch(&k->skel->bss->unplaced, 1, __ATOMIC_SEQ_CST);
	if (!bpf_map_update_elem(bpf_map__fd(k->skel->maps.flow_marks), &fd, &mark, BPF_NOEXIST))
		return;
	if (errno != EEXIST)
		k->losses_user[SL_LOSS_FLOW]++;
	__atomic_sub_fetch(&k->skel->bss->unplaced, 1, __ATOMIC_SEQ_CST);
}

/* What it accepts from now on is the session's. */
static void mark_listening(struct adoption *a, int fd)
{
	struct sl_socket mark = { .by = { .who = a->who, .asked = a->asked }, .root = a->root, .proto = IPPROTO_TCP, .judged = 1, .listening = 1 };

	if (!bpf_map_update_elem(bpf_map__fd(a->k->skel->maps.flow_marks), &fd, &mark, BPF_NOEXIST))
		a->k->skel->bss->listened = 1;
	else if (errno != EEXIST)
		a->k->losses_user[SL_LOSS_FLOW]++;
}

static int adopt_socket(void *arg, int fd)
{
	struct adoption *a = arg;
	uint64_t cookie = procsock_cookie(fd);
	uint32_t proto = (uint32_t)option(fd, SO_PROTOCOL);
	struct sl_flow f = { .by = { .who = a->who, .asked = a->asked }, .proto = (uint8_t)proto, .flags = SL_FLOW_ADOPTED, .first_ns = a->now_ns,
			     .last_ns = a->now_ns, .root_ns = a->root.ns, .root_pid = a->root.pid, .netns = procsock_netns(fd), .owner = a->who.uid + 1, .hello = { .flags = SL_HELLO_MISSED, .state = SL_HELLO_DONE } };

	if (!cookie || (proto != IPPROTO_TCP && proto != IPPROTO_UDP))
		return 0;
	if (option(fd, SO_ACCEPTCONN)) {
		mark_listening(a, fd);
		return 0;
	}
	if (!set_peer(&f, fd))
		return 0;
	if (proto == IPPROTO_TCP && was_accepted(a, fd))
		f.flags |= SL_FLOW_ACCEPTED;
	take_older(a, cookie, &f);
	if (bpf_map_update_elem(bpf_map__fd(a->k->skel->maps.flows), &cookie, &f, BPF_NOEXIST) && errno != EEXIST)
		a->k->losses_user[SL_LOSS_FLOW]++;
	/* Also where there was no room: then the programs know that it is not followed. */
	mark_socket(a->k, fd, &f, proto);
	return 0;
}

/* Time that each user's processes took, in the page that workers share: one that was given up has used up its user's. */
static struct used {
	uint32_t uid;
	uint32_t known;
	uint64_t ns;
} *used;

static struct used *used_by(uint32_t uid)
{
	for (size_t i = 0; i < ADOPT_USERS; i++) {
		if (!used[i].known)
			used[i] = (struct used){ .uid = uid, .known = 1 };
		if (used[i].uid == uid)
			return &used[i];
	}
	return NULL;
}

static bool used_up(uint32_t uid)
{
	const struct used *u = used_by(uid);

	return u && u->ns > ADOPT_USER_NS;
}

static void use(uint32_t uid, uint64_t ns)
{
	struct used *u = used_by(uid);

	if (u)
		u->ns += ns;
}

static void adopt_process(struct adoption *a, struct worker_page *page, uint32_t tgid, const struct sl_label *label)
{
	_Alignas(8) static char buf[SL_RECORD_MAX];
	uint64_t began = kernel_now_ns();

	/* Only who it is: its arguments are of no use here. */
	if (procscan_read_safely("/proc", tgid, a->now_ns, buf) <= 0)
		return;
	a->who = ((const struct sl_rec_exec *)buf)->who;
	a->who.session_ns = label->session_ns;
	a->who.session_pid = label->session_pid;
	a->who.tool = label->tool;
	a->who.exe_set = label->exe_set;
	a->asked = label->asked;
	a->root = (struct sl_session){ .ns = label->root_ns, .pid = label->root_pid };
	a->listening_cnt = 0;
	page->uid = a->who.uid;
	if (worker_user_stuck(page->uid) || used_up(a->who.uid)) {
		page->left_out++;
		return;
	}
	procsock_each(page, tgid, note_listening, a);
	procsock_each(page, tgid, adopt_socket, a);
	use(a->who.uid, kernel_now_ns() - began);
}

/* ---- in a worker ---------------------------------------------------------------------------------------------------- */

/* Processes with a label, and how far the worker has got. */
struct labelled {
	struct kernel *k;
	size_t cnt, size, at;
	struct {
		uint32_t tgid;
		struct sl_label label;
	} *v;
};

static int collect(struct labelled *l)
{
	int fd = bpf_map__fd(l->k->skel->maps.labels);
	uint32_t tgid, key, last;
	struct sl_label label;
	int err = bpf_map_get_next_key(fd, NULL, &key);

	for (uint32_t n = 0; !err && n < SL_PID_LIMIT; n++) {
		if (!bpf_map_lookup_elem(fd, &key, &label) && label.tool &&
		    !label_owner(bpf_map__fd(l->k->skel->maps.label_spares), key, &tgid)) {
			if (l->cnt == l->size) {
				size_t more = l->size ? l->size * 2 : 256;
				void *v = reallocarray(l->v, more, sizeof(*l->v));

				if (!v)
					return -ENOMEM;
				l->v = v;
				l->size = more;
			}
			l->v[l->cnt].tgid = tgid;
			l->v[l->cnt++].label = label;
		}
		last = key;
		err = bpf_map_get_next_key(fd, &last, &key);
	}
	return 0;
}

/* What could not be marked is a loss, which the agent counts: this process's counters go with it. */
static void run_adoption(struct worker_page *page, int fd, void *arg)
{
	struct labelled *l = arg;
	struct adoption a = { .k = l->k, .now_ns = kernel_now_ns() };
	uint64_t lost = l->k->losses_user[SL_LOSS_FLOW];

	(void)fd;
	for (size_t i = l->at; i < l->cnt; i++) {
		page->next = i;
		worker_beat(page);
		adopt_process(&a, page, l->v[i].tgid, &l->v[i].label);
		page->left_out += l->k->losses_user[SL_LOSS_FLOW] - lost;
		lost = l->k->losses_user[SL_LOSS_FLOW];
	}
	page->next = l->cnt;
}

/*
 * A worker does it, and is given up at a process whose socket nobody may look at (its lock is held, its last copy lingers): that process's
 * sockets are followed from their next connect on, which is counted, and the next worker begins behind it.
 */
void flows_adopt(struct kernel *k)
{
	struct labelled l = { .k = k };
	const int keep[] = { bpf_map__fd(k->skel->maps.flow_marks), bpf_map__fd(k->skel->maps.flows), k->older.fd[PIN_FLOWS] };
	struct worker w = WORKER_NONE;

	if (!k->skel->links.skb_egress)
		return;
	used = mmap(NULL, ADOPT_USERS * sizeof(*used), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (used == MAP_FAILED) {
		k->losses_user[SL_LOSS_FLOW]++;
		return;
	}
	if (collect(&l))
		k->losses_user[SL_LOSS_FLOW]++;
	while (l.at < l.cnt) {
		bool ended;

		if (worker_start(&w, run_adoption, &l, keep, ARRAY_SIZE(keep))) {
			k->losses_user[SL_LOSS_FLOW] += l.cnt - l.at;
			break;
		}
		ended = worker_wait(&w, ADOPT_PATIENCE_MS);
		k->losses_user[SL_LOSS_FLOW] += w.page->left_out + !ended;
		l.at = w.page->next + 1;
		if (!ended)
			use(w.page->uid, ADOPT_USER_NS + 1);
		worker_stop(&w);
	}
	munmap(used, ADOPT_USERS * sizeof(*used));
	free(l.v);
}

/* ---- the end of a flow ---------------------------------------------------------------------------------------------- */

static int tell_flow(const struct sl_flow *f, uint64_t cookie, uint32_t flags, kernel_sink sink, void *arg)
{
	struct {
		struct sl_rec_flow rec;
		uint8_t name[sizeof(f->name)];
	} r = { .rec = { .hdr = { .kind = SL_REC_FLOW, .version = SL_RECORD_VERSION, .time_ns = kernel_now_ns() } } };
	uint32_t told, len;
	const uint8_t *name = sl_flow_name(f, &told, &len);

	r.rec.who = f->who;
	r.rec.cookie = cookie;
	memcpy(r.rec.addr, f->addr, sizeof(r.rec.addr));
	r.rec.port = f->port;
	r.rec.family = f->family;
	r.rec.proto = f->proto;
	r.rec.netns = sl_netns_tag(f->netns);
	r.rec.flags = (f->flags | flags) & SL_FLOW_FLAGS;
	r.rec.first_ns = f->first_ns;
	r.rec.last_ns = f->last_ns;
	r.rec.sent_bytes = f->sent_bytes;
	r.rec.received_bytes = f->received_bytes;
	r.rec.sent_segs = f->sent_segs;
	r.rec.received_segs = f->received_segs;
	r.rec.hello_flags = (uint16_t)told;
	r.rec.name_len = (uint16_t)len;
	r.rec.asked_port = len ? f->hello.port : 0;
	memcpy(r.name, name, len);
	r.rec.hdr.size = (uint32_t)sizeof(r.rec) + len;
	return sink(arg, &r, r.rec.hdr.size);
}

static uint32_t end_of(const struct sl_flow *f, uint64_t now_ns, bool all)
{
	uint64_t idle = now_ns > f->last_ns ? now_ns - f->last_ns : 0;

	if (all)
		return SL_FLOW_LEFT;
	if (f->proto == IPPROTO_UDP && idle > UDP_IDLE_NS)
		return SL_FLOW_IDLE;
	return f->flags & SL_FLOW_CLOSED && idle > ORPHAN_NS ? SL_FLOW_CLOSED : 0;
}

struct chunk {
	uint64_t cookies[CHUNK];
	struct sl_flow flows[CHUNK];
	uint32_t cnt, at;     /* at: where the next one goes on */
	bool begun, last;
};

/* The next flows of a map; false: there are no more. */
static bool next_chunk(int fd, struct chunk *c)
{
	if (c->last)
		return false;
	c->cnt = CHUNK;
	if (bpf_map_lookup_batch(fd, c->begun ? &c->at : NULL, &c->at, c->cookies, c->flows, &c->cnt, NULL)) {
		c->last = true;
		if (errno != ENOENT)
			return false;
	}
	c->begun = true;
	return c->cnt > 0;
}

/* Flows that each user has, as they are met. More users than that keep the count that they have. */
#define SHARES 256

struct shares {
	uint32_t owner[SHARES], flows[SHARES];
	size_t cnt;
};

static uint32_t *share_of(struct shares *s, uint32_t owner)
{
	size_t at = 0;

	while (at < s->cnt && s->owner[at] != owner)
		at++;
	if (at == SHARES)
		return NULL;
	if (at == s->cnt)
		s->owner[s->cnt++] = owner;
	return &s->flows[at];
}

/* The programs count as they open and end flows, the agent as it goes through them: what it ended or took over is in no other count. One
 * that is opened just then is counted the next time. */
static void set_shares(struct kernel *k, const struct shares *s)
{
	for (size_t i = 0; i < s->cnt; i++) {
		uint64_t key = sl_owner_key(SL_OWNED_FLOW, s->owner[i] - 1);

		bpf_map_update_elem(bpf_map__fd(k->skel->maps.owners), &key, &s->flows[i], BPF_ANY);
	}
}

int kernel_end_flows(struct kernel *k, bool all, kernel_sink sink, void *arg)
{
	cleanup_free struct chunk *c = calloc(1, sizeof(*c));
	cleanup_free struct shares *shares = calloc(1, sizeof(*shares));
	int fd = bpf_map__fd(k->skel->maps.flows), err = 0;
	uint64_t now = kernel_now_ns();

	while (c && shares && !err && next_chunk(fd, c)) {
		for (uint32_t i = 0; i < c->cnt && !err; i++) {
			uint32_t end = end_of(&c->flows[i], now, all), *has = share_of(shares, c->flows[i].owner);
			struct sl_flow f;

			/* Who takes it out tells of it. */
			if (!end || bpf_map_lookup_and_delete_elem(fd, &c->cookies[i], &f)) {
				if (has)
					++*has;
				continue;
			}
			if (f.proto == IPPROTO_TCP || f.sent_segs || f.received_segs)
				err = tell_flow(&f, c->cookies[i], end, sink, arg);
		}
	}
	if (c && shares && !err)
		set_shares(k, shares);
	return err;
}

int pins_flows(const struct pins *p, struct pins_flows *ret, size_t max)
{
	cleanup_free struct chunk *c = calloc(1, sizeof(*c));
	size_t cnt = 0;

	if (!c)
		return -ENOMEM;
	while (next_chunk(p->fd[PIN_FLOWS], c)) {
		for (uint32_t i = 0; i < c->cnt; i++) {
			const struct sl_flow *f = &c->flows[i];
			size_t at = 0;

			while (at < cnt && (ret[at].session_pid != f->who.session_pid || ret[at].session_ns != f->who.session_ns))
				at++;
			if (at == max)
				continue;
			if (at == cnt)
				ret[cnt++] = (struct pins_flows){ .session_ns = f->who.session_ns,
								  .session_pid = f->who.session_pid };
			ret[at].flows++;
			ret[at].sent += f->sent_bytes;
			ret[at].received += f->received_bytes;
		}
	}
	return (int)cnt;
}
