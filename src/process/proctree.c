/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which processes exist, what they run, who started whom, and the life of sessions. Fed with decoded records
 * only; the label of a process is decided by the kernel (or by procscan for what ran before) and is taken as told.
 *
 * A process is in exactly one list, and the lists are in the order in which room is made:
 *   LINEAGE   ended, grace period over, kept only because a descendant is still known
 *   ENDED     ended, in the order of their end
 *   STRANGER  alive, outside every session, least recently seen first. The kernel tells of no exit of these, so
 *             they go when nobody has seen them for a while; the agent reads such a process again when it acts
 *   MEMBER    alive, in a session, least recently seen first
 * so that processes outside every session cannot push a session's processes out.
 *
 * The parent of a process is the one that it had when first seen. It is a pointer, not a pid: reparenting to a
 * reaper changes process.ppid, never the ancestry.
 */
#include "process/proctree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process/image.h"
#include "process/sessions.h"

/* Average bytes of strings per process before room is made: ten times what is usual, an eighth of what hostile
 * arguments and directories could take. */
#define IMAGE_BYTES_PER_PROC 1024

/* A stranger without known descendants that was not seen for this long is forgotten. */
#define STRANGER_IDLE_NS 600000000000ull

/* When room is made, this many are passed over in the hope of one without descendants. */
#define VICTIM_TRIES 16

enum place { PLACE_LINEAGE, PLACE_ENDED, PLACE_STRANGER, PLACE_MEMBER, PLACES };

struct process_node {
	struct process p;               /* first: a process is its node */
	struct process_node *hash_next;
	struct list lru;                /* in proctree.places[place] */
	struct process_node *parent;    /* NULL: not known, or dropped */
	struct list children, sibling;
	struct session_node *session;   /* NULL: none, or dropped */
	struct list member;             /* in session->members */
	struct image *image;            /* NULL: never seen */
	uint64_t seen_ns;               /* time of the latest record about it */
	uint32_t place;                 /* enum place */
};

struct proctree {
	struct process_node **table;    /* by tgid */
	size_t mask, cnt, max;
	size_t image_bytes, image_max;
	struct list places[PLACES];
	struct sessions sessions;
	uint64_t evicted;
	const struct process_node *keep;  /* at work on it: not a victim */
};

/* The process ids of a session are dense: the low bits spread them better than any hash. */
static struct process_node **slot(const struct proctree *t, uint32_t tgid)
{
	return &t->table[tgid & t->mask];
}

static struct process_node *node_of(const struct process *p)
{
	return (struct process_node *)(uintptr_t)p;
}

struct proctree *proctree_new(size_t max_procs, size_t max_sessions)
{
	cleanup_(proctree_freep) struct proctree *t = calloc(1, sizeof(*t));
	size_t size = 64;

	if (!t)
		return NULL;
	/* Fewer than this leaves no room to make room in. */
	t->max = max_procs < 16 ? 16 : max_procs;
	t->image_max = t->max * IMAGE_BYTES_PER_PROC;
	while (size < t->max)
		size *= 2;
	t->mask = size - 1;
	for (int i = 0; i < PLACES; i++)
		list_init(&t->places[i]);
	t->table = calloc(size, sizeof(struct process_node *));
	if (sessions_init(&t->sessions, max_sessions < 4 ? 4 : max_sessions) < 0 || !t->table)
		return NULL;
	return take_ptr(t);
}

/* ---- links ---------------------------------------------------------------------------------------------------------- */

static void place(struct proctree *t, struct process_node *n, enum place where)
{
	n->place = where;
	list_move_tail(&n->lru, &t->places[where]);
}

static void set_image(struct proctree *t, struct process_node *n, struct image *i)
{
	static char nothing[] = "";

	if (n->image)
		t->image_bytes -= image_unref(n->image);
	n->image = i;
	n->p.exe = i ? i->text + i->exe : nothing;
	n->p.cwd = i ? i->text + i->cwd : nothing;
	n->p.argv = i ? i->text + i->argv : nothing;
	n->p.cgroup = i ? i->text + i->cgroup : nothing;
	n->p.tty = i ? i->text + i->tty : nothing;
	n->p.argv_len = i ? i->argv_len : 0;
}

static void leave_session(struct process_node *n)
{
	if (!n->session)
		return;
	list_del(&n->member);
	if (!n->p.exited && n->session->s.live)
		n->session->s.live--;
	n->session = NULL;
}

/*
 * Frees n. An ancestor that was kept for its sake alone goes with it, and so on upwards.
 */
static void remove_node(struct proctree *t, struct process_node *n)
{
	while (n) {
		struct process_node **at = slot(t, n->p.tgid), *parent = n->parent;

		while (*at != n)
			at = &(*at)->hash_next;
		*at = n->hash_next;
		list_del(&n->lru);
		leave_session(n);
		list_del(&n->sibling);
		while (!list_empty(&n->children)) {
			struct process_node *child = list_entry(n->children.next, struct process_node, sibling);

			list_del(&child->sibling);
			child->parent = NULL;
		}
		set_image(t, n, NULL);
		free(n);
		t->cnt--;
		n = parent && parent->place == PLACE_LINEAGE && parent != t->keep && list_empty(&parent->children) ?
			    parent : NULL;
	}
}

void proctree_free(struct proctree *t)
{
	if (!t)
		return;
	t->keep = NULL;
	for (int i = 0; i < PLACES; i++)
		while (!list_empty(&t->places[i]))
			remove_node(t, list_entry(t->places[i].next, struct process_node, lru));
	if (t->sessions.table)
		sessions_done(&t->sessions);
	free(t->table);
	free(t);
}

/* ---- look-up -------------------------------------------------------------------------------------------------------- */

static struct process_node *lookup(const struct proctree *t, uint32_t tgid, uint64_t start_ns)
{
	struct process_node *n;

	for (n = *slot(t, tgid); n; n = n->hash_next)
		if (n->p.tgid == tgid && same_start(n->p.start_ns, start_ns))
			return n;
	return NULL;
}

static struct process_node *lookup_alive(const struct proctree *t, uint32_t tgid)
{
	struct process_node *n;

	for (n = *slot(t, tgid); n; n = n->hash_next)
		if (n->p.tgid == tgid && !n->p.exited)
			return n;
	return NULL;
}

/* The process that had pid `tgid` when `child` began: started no later, and had not ended by then. */
static struct process_node *lookup_parent(const struct proctree *t, uint32_t tgid, const struct process_node *child)
{
	uint64_t born = child->p.start_ns / PROC_TICK_NS;
	struct process_node *n, *best = NULL;

	for (n = *slot(t, tgid); n; n = n->hash_next) {
		if (n->p.tgid != tgid || n == child || n->p.start_ns / PROC_TICK_NS > born)
			continue;
		if (n->p.exited && n->p.exit_ns / PROC_TICK_NS < born)
			continue;
		if (!best || n->p.start_ns > best->p.start_ns)
			best = n;
	}
	return best;
}

/* Only processes that began within one tick could form a circle (in a damaged recording); that run is short. */
static bool is_above(const struct process_node *n, const struct process_node *from)
{
	for (; from && same_start(from->p.start_ns, n->p.start_ns); from = from->parent)
		if (from == n)
			return true;
	return false;
}

static void link_parent(const struct proctree *t, struct process_node *n, uint32_t ppid)
{
	struct process_node *parent = n->parent || n->p.parent_start_ns || !ppid ? NULL : lookup_parent(t, ppid, n);

	if (!parent || is_above(n, parent))
		return;
	n->parent = parent;
	n->p.parent_start_ns = parent->p.start_ns;
	list_add_tail(&n->sibling, &parent->children);
}

struct process *proctree_find(struct proctree *t, uint32_t tgid, uint64_t start_ns)
{
	struct process_node *n = lookup(t, tgid, start_ns);

	return n ? &n->p : NULL;
}

struct process *proctree_find_pid(struct proctree *t, uint32_t tgid)
{
	struct process_node *n, *best = NULL;

	for (n = *slot(t, tgid); n; n = n->hash_next) {
		if (n->p.tgid != tgid)
			continue;
		if (!n->p.exited)
			return &n->p;
		if (!best || n->p.start_ns > best->p.start_ns)
			best = n;
	}
	return best ? &best->p : NULL;
}

struct process *proctree_parent(struct proctree *t, const struct process *p)
{
	struct process_node *n = node_of(p);

	/* The parent may have become known after its child: a scan of /proc is in no order. */
	if (!n->parent)
		link_parent(t, n, p->ppid);
	return n->parent ? &n->parent->p : NULL;
}

struct session *proctree_session(struct proctree *t, uint64_t ns, uint32_t pid)
{
	struct session_node *s = ns ? sessions_find(&t->sessions, ns, pid) : NULL;

	return s ? &s->s : NULL;
}

/* ---- bounds --------------------------------------------------------------------------------------------------------- */

static struct process_node *victim_in(const struct proctree *t, enum place where)
{
	struct process_node *first = NULL;
	int tries = VICTIM_TRIES;

	for (struct list *l = t->places[where].next; l != &t->places[where] && tries; l = l->next, tries--) {
		struct process_node *n = list_entry(l, struct process_node, lru);

		if (n == t->keep)
			continue;
		/* Of those that ended the order counts; among the living, one whose children are known says more. */
		if (where == PLACE_LINEAGE || where == PLACE_ENDED || list_empty(&n->children))
			return n;
		if (!first)
			first = n;
	}
	return first;
}

/* Makes room by one process. False: there is none to drop. */
static bool evict(struct proctree *t, uint64_t now_ns)
{
	for (int where = 0; where < PLACES; where++) {
		struct process_node *n = victim_in(t, (enum place)where);

		if (!n)
			continue;
		if (!n->p.exited || n->p.exit_ns + PROC_SETTLED_NS > now_ns)
			t->evicted++;
		remove_node(t, n);
		return true;
	}
	return false;
}

static void drop_session(struct proctree *t, struct session_node *s)
{
	while (!list_empty(&s->members))
		leave_session(list_entry(s->members.next, struct process_node, member));
	sessions_remove(&t->sessions, s);
}

static void evict_session(struct proctree *t, uint64_t now_ns)
{
	struct session_node *s = sessions_victim(&t->sessions);

	if (!s)
		return;
	if (!s->s.end_ns || s->s.end_ns + PROC_SETTLED_NS > now_ns)
		t->sessions.evicted++;
	drop_session(t, s);
}

void proctree_expire(struct proctree *t, uint64_t now_ns)
{
	struct list *head = &t->places[PLACE_ENDED];

	while (!list_empty(head)) {
		struct process_node *n = list_entry(head->next, struct process_node, lru);

		if (n->p.exit_ns + PROC_GRACE_NS > now_ns)
			break;
		if (list_empty(&n->children))
			remove_node(t, n);
		else
			place(t, n, PLACE_LINEAGE);
	}
	head = &t->places[PLACE_STRANGER];
	while (!list_empty(head)) {
		struct process_node *n = list_entry(head->next, struct process_node, lru);

		if (n->seen_ns + STRANGER_IDLE_NS > now_ns)
			break;
		if (list_empty(&n->children)) {
			remove_node(t, n);
		} else {
			n->seen_ns = now_ns;
			place(t, n, PLACE_STRANGER);
		}
	}
	head = &t->sessions.ended;
	while (!list_empty(head)) {
		struct session_node *s = list_entry(head->next, struct session_node, lru);

		if (s->s.end_ns + PROC_GRACE_NS > now_ns)
			break;
		drop_session(t, s);
	}
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

static void end_session(struct proctree *t, struct session_node *s, uint64_t now_ns, struct proctree_change *change)
{
	if (s->s.live || s->s.end_ns)
		return;
	s->s.end_ns = now_ns ? now_ns : 1;
	list_move_tail(&s->lru, &t->sessions.ended);
	change->session_ended = &s->s;
}

static void end_process(struct proctree *t, struct process_node *n, uint64_t now_ns, struct proctree_change *change)
{
	if (n->p.exited)
		return;
	if (n->session && n->session->s.live)
		n->session->s.live--;
	n->p.exited = true;
	n->p.exit_ns = now_ns;
	place(t, n, PLACE_ENDED);
	if (n->session)
		end_session(t, n->session, now_ns, change);
}

/* Puts n into session s, and out of the one it was in: an exec may begin a session within a session. */
static void join_session(struct proctree *t, struct process_node *n, struct session_node *s, uint64_t now_ns,
			 struct proctree_change *change)
{
	struct session_node *old = n->session;

	if (old == s)
		return;
	leave_session(n);
	if (old)
		end_session(t, old, now_ns, change);
	n->session = s;
	list_add_tail(&n->member, &s->members);
	if (n->p.exited)
		return;
	s->s.live++;
	if (!s->s.end_ns)
		return;
	/* A member that nobody had told of turned up after the end, or by this very record, which is no end then. */
	s->s.end_ns = 0;
	list_move_tail(&s->lru, &t->sessions.live);
	if (change->session_ended == &s->s)
		change->session_ended = NULL;
	else
		change->session_started = &s->s;
}

/* What a record says of its session beyond its id. `fresh`: the session was not known before. */
static void describe_session(struct session *s, const struct event *ev, bool fresh, struct proctree_change *change)
{
	const struct sl_rec_exec *exec = ev->kind == SL_REC_EXEC && ev->exec->new_session ? ev->exec : NULL;

	/* One process may begin two sessions, when a tool's program is replaced by another tool's. */
	if (fresh || (exec && s->tool != ev->who->tool))
		change->session_started = s;
	if (fresh || exec)
		s->tool = ev->who->tool;
	if (!exec)
		return;
	s->evidence = exec->evidence;
	s->parent_ns = exec->parent_session_ns;
	s->parent_pid = exec->parent_session_pid;
}

static void take_label(struct process_node *n, const struct event *ev)
{
	const struct sl_who *w = ev->who;

	n->p.session_ns = w->session_ns;
	n->p.session_pid = w->session_pid;
	n->p.tool = w->tool;
	if (ev->kind == SL_REC_EXEC)
		n->p.evidence = ev->exec->evidence;
	else if (n->p.evidence == SL_EVID_NONE && w->session_pid != w->tgid)
		n->p.evidence = SL_EVID_INHERITED;
}

static void take_image(struct proctree *t, struct process_node *n, const struct event *ev, struct image *image)
{
	set_image(t, n, image);
	t->image_bytes += image->size;
	n->p.exec_ns = ev->time_ns;
	n->p.origin = ev->exec->origin;
	n->p.mode = ev->exec->mode;
	n->p.exe_flags = ev->exe.flags;
	n->p.argv_flags = ev->argv.flags;
}

/* The child runs its parent's image until it execs. */
static void inherit_image(struct proctree *t, struct process_node *n)
{
	const struct process_node *parent = n->parent;

	if (n->image || !parent || !parent->image)
		return;
	set_image(t, n, image_ref(parent->image));
	n->p.exec_ns = parent->p.exec_ns;
	n->p.mode = parent->p.mode;
	n->p.exe_flags = parent->p.exe_flags;
	n->p.argv_flags = parent->p.argv_flags;
}

/*
 * Whether an exec record tells something newer than what is known. The two rings may be read out of order, and what
 * /proc shows is worth less than what the kernel told at exec: a process can rewrite its arguments.
 */
static bool is_news(const struct process_node *n, const struct event *ev)
{
	if (!n || !n->image)
		return true;
	if (ev->exec->origin == SL_EXEC_ORIGIN_PROCFS)
		return n->p.origin != SL_EXEC_ORIGIN_EXEC;
	/* The time of an image from /proc is that of the reading, which is later than its exec. */
	return n->p.origin == SL_EXEC_ORIGIN_PROCFS || ev->time_ns >= n->p.exec_ns;
}

static void insert(struct proctree *t, struct process_node *n, const struct event *ev, struct proctree_change *change)
{
	const struct sl_who *w = ev->who;
	struct process_node **at = slot(t, w->tgid), *old;

	while (t->cnt >= t->max && evict(t, ev->time_ns))
		;
	old = lookup_alive(t, w->tgid);
	n->p.tgid = w->tgid;
	n->p.start_ns = w->start_ns;
	list_init(&n->lru);
	list_init(&n->children);
	list_init(&n->sibling);
	list_init(&n->member);
	set_image(t, n, NULL);
	n->hash_next = *at;
	*at = n;
	t->cnt++;
	t->keep = n;
	place(t, n, PLACE_STRANGER);
	/* One pid is one process at a time: whichever began first has ended. */
	if (old && old->p.start_ns < w->start_ns)
		end_process(t, old, w->start_ns, change);
	else if (old)
		end_process(t, n, old->p.start_ns, change);
}

/* What every record says about its process. A record that comes late does not take back what a newer one said. */
static void refresh(struct process_node *n, const struct event *ev)
{
	const struct sl_who *w = ev->who;

	/* The kernel knows the start to the nanosecond, /proc to the tick. */
	if (n->p.start_ns % PROC_TICK_NS == 0)
		n->p.start_ns = w->start_ns;
	if (ev->time_ns < n->seen_ns)
		return;
	n->seen_ns = ev->time_ns;
	n->p.ppid = w->ppid;
	n->p.uid = w->uid;
	n->p.exe_set = w->exe_set;
	/* Threads have names of their own; the process is called what its leader is. */
	if (w->tid == w->tgid || !n->p.comm[0])
		memcpy(n->p.comm, w->comm, SL_COMM_LEN);
}

/* A label is never lost: a record without one says nothing; and what the kernel told stands against /proc. */
static bool takes_label(const struct process_node *n, const struct event *ev)
{
	if (!ev->who->session_ns)
		return false;
	if (!n->p.session_ns)
		return true;
	if (ev->kind == SL_REC_EXEC && ev->exec->origin == SL_EXEC_ORIGIN_PROCFS)
		return false;
	return ev->time_ns >= n->seen_ns;
}

/* Finds or makes the session that the record puts its process into; *ret stays NULL if it puts it into none. */
static int find_session(struct proctree *t, const struct process_node *n, const struct event *ev,
			struct session_node **ret, bool *ret_fresh)
{
	const struct sl_who *w = ev->who;

	if (n && !takes_label(n, ev))
		return 0;
	if (!w->session_ns)
		return 0;
	*ret = sessions_find(&t->sessions, w->session_ns, w->session_pid);
	/* What a process did before it ended does not bring its session back. */
	if (*ret || (n && n->p.exited))
		return 0;
	if (t->sessions.cnt >= t->sessions.max)
		evict_session(t, ev->time_ns);
	*ret = sessions_add(&t->sessions, w->session_ns, w->session_pid, ev->time_ns);
	*ret_fresh = true;
	return *ret ? 0 : -ENOMEM;
}

/* A late exec record still tells how the process was recognised. */
static void take_late_evidence(struct process_node *n, const struct event *ev)
{
	struct session_node *s = n->session;

	if (!s || s->s.pid != ev->who->session_pid || s->s.ns != ev->who->session_ns)
		return;
	n->p.evidence = ev->exec->evidence;
	if (ev->exec->new_session && s->s.tool == ev->who->tool)
		describe_session(&s->s, ev, false, &(struct proctree_change){ 0 });
}

static int make_image(struct proctree *t, const struct process_node *n, const struct event *ev, struct image **ret)
{
	if (ev->kind != SL_REC_EXEC || !is_news(n, ev))
		return 0;
	*ret = image_new(ev);
	if (!*ret)
		return -ENOMEM;
	while (t->image_bytes + (*ret)->size > t->image_max && evict(t, ev->time_ns))
		;
	return 0;
}

int proctree_apply(struct proctree *t, const struct event *ev, struct proctree_change *ret)
{
	struct process_node *n = ev->who ? lookup(t, ev->who->tgid, ev->who->start_ns) : NULL;
	cleanup_free struct process_node *fresh = n || !ev->who ? NULL : calloc(1, sizeof(*fresh));
	struct proctree_change change = { 0 };
	struct session_node *session = NULL;
	struct image *image = NULL;
	bool new_session = false;

	if (!ev->who) {
		*ret = change;
		return 0;
	}
	/* Everything that can fail comes first, so that a failure changes nothing. */
	t->keep = n;
	if ((!n && !fresh) || find_session(t, n, ev, &session, &new_session) < 0)
		return -ENOMEM;
	if (make_image(t, n, ev, &image) < 0) {
		if (new_session)
			sessions_remove(&t->sessions, session);
		return -ENOMEM;
	}

	if (!n) {
		n = take_ptr(fresh);
		insert(t, n, ev, &change);
	}
	if (image)
		take_image(t, n, ev, image);
	if (session) {
		describe_session(&session->s, ev, new_session, &change);
		take_label(n, ev);
		join_session(t, n, session, ev->time_ns, &change);
		if (!session->s.end_ns)
			list_move_tail(&session->lru, &t->sessions.live);
	} else if (image) {
		take_late_evidence(n, ev);
	}
	refresh(n, ev);
	link_parent(t, n, ev->who->ppid);
	if (ev->kind == SL_REC_FORK)
		inherit_image(t, n);
	if (ev->kind == SL_REC_EXIT)
		end_process(t, n, ev->time_ns, &change);
	else if (!n->p.exited)
		place(t, n, n->p.session_ns ? PLACE_MEMBER : PLACE_STRANGER);
	/* A session that is learnt of only after its process has gone. */
	if (new_session)
		end_session(t, session, ev->time_ns, &change);
	t->keep = NULL;
	change.process = &n->p;
	*ret = change;
	return 0;
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

size_t proctree_count(const struct proctree *t)
{
	return t->cnt;
}

size_t proctree_sessions(const struct proctree *t, struct session **ret, size_t max)
{
	const struct list *const heads[] = { &t->sessions.live, &t->sessions.ended };
	size_t cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		for (struct list *l = heads[i]->next; l != heads[i]; l = l->next, cnt++)
			if (cnt < max)
				ret[cnt] = &list_entry(l, struct session_node, lru)->s;
	}
	return cnt;
}

size_t proctree_of_session(struct proctree *t, const struct session *s, struct process **ret, size_t max)
{
	const struct session_node *sn = (const struct session_node *)(const void *)s;
	size_t cnt = 0;

	(void)t;
	for (struct list *l = sn->members.next; l != &sn->members; l = l->next, cnt++)
		if (cnt < max)
			ret[cnt] = &list_entry(l, struct process_node, member)->p;
	return cnt;
}

void proctree_take_losses(struct proctree *t, uint64_t counters[_SL_LOSS_MAX])
{
	counters[SL_LOSS_PROC_EVICTED] += t->evicted;
	counters[SL_LOSS_SESSION_EVICTED] += t->sessions.evicted;
	t->evicted = 0;
	t->sessions.evicted = 0;
}
