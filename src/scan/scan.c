/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the worker of a scan: own secrets first, then each file once; what comes back from it, and when it is given up.
 */
#include "scan/scan.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/owner.h"
#include "process/userfile.h"
#include "process/worker.h"
#include "scan/clean.h"
#include "scan/look.h"
#include "scan/stores.h"

#define PROGRESS_NS 200000000ull
#define SEEN_MAX    (1u << 20) /* files that are remembered, so that none is read twice */

enum message_kind { MSG_FINDING = 1, MSG_UNREAD, MSG_DONE, MSG_PROGRESS, MSG_OVER };

struct message {
	uint32_t kind;
	union {
		struct scan_finding finding;
		struct scan_unread unread;
		struct scan_done done;
		struct scan_progress progress;
	};
};

/* ---- in the worker
 * --------------------------------------------------------------------------------------------------- */

struct seen {
	dev_t dev;
	ino_t ino;
};

struct run {
	const struct scan_target *t;
	struct worker_page *page;
	int fd, root;
	struct rules *rules;
	struct own *own;
	struct look look;
	struct scan_progress progress;
	uint64_t reported_ns;
	const char *path;  /* of the file at hand */
	struct seen *seen; /* open addressing */
	size_t seen_cnt;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void send_message(struct run *r, const struct message *m, size_t size)
{
	if (send(r->fd, m, size, MSG_NOSIGNAL) < 0)
		_exit(1);
	worker_beat(r->page);
}

/* The end of a long path says more than its beginning. */
static void copy_path(char to[SCAN_PATH], const char *path)
{
	size_t len = strlen(path);

	snprintf(to, SCAN_PATH, "%s%s", len < SCAN_PATH ? "" : "...",
	         len < SCAN_PATH ? path : path + len - (SCAN_PATH - 4));
}

static void unread(void *arg, const char *path, const char *why)
{
	struct message m = { .kind = MSG_UNREAD };

	copy_path(m.unread.path, path);
	snprintf(m.unread.why, sizeof(m.unread.why), "%s", why);
	send_message(arg, &m, sizeof(m));
}

static void unread_here(void *arg, const char *why)
{
	unread(arg, ((struct run *)arg)->path, why);
}

static void progress(struct run *r, bool always)
{
	struct message m = { .kind = MSG_PROGRESS };
	uint64_t now = now_ns();

	if (!always && now - r->reported_ns < PROGRESS_NS)
		return;
	r->reported_ns = now;
	r->progress.own_values = own_count(r->own);
	m.progress = r->progress;
	copy_path(m.progress.at, r->path ? r->path : "");
	send_message(r, &m, sizeof(m));
}

static bool beat(void *arg, uint64_t bytes)
{
	struct run *r = arg;

	r->progress.bytes += bytes;
	worker_beat(r->page);
	progress(r, false);
	return true;
}

static bool seen_before(struct run *r, const struct stat *st)
{
	size_t at = (size_t)((st->st_ino * 0x9e3779b97f4a7c15ull ^ st->st_dev) % (SEEN_MAX * 2));

	if (r->seen_cnt == SEEN_MAX)
		return false;
	for (;; at = (at + 1) % (SEEN_MAX * 2)) {
		if (!r->seen[at].ino)
			break;
		if (r->seen[at].ino == st->st_ino && r->seen[at].dev == st->st_dev)
			return true;
	}
	r->seen[at] = (struct seen){ st->st_dev, st->st_ino };
	r->seen_cnt++;
	return false;
}

/* ---- own secrets
 * ----------------------------------------------------------------------------------------------------- */

/* "~/shop/.env" where it is below the home. */
static void shown(const struct run *r, const char *path, char ret[SCAN_PATH])
{
	size_t len = strlen(r->t->home);

	if (!strncmp(path, r->t->home, len) && path[len] == '/')
		snprintf(ret, SCAN_PATH, "~%s", path + len);
	else
		copy_path(ret, path);
}

static bool take_own(void *arg, const char *path, enum store_class class, const char *tool, bool second_hand,
                     const struct stat *st)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	struct run *r = arg;
	char source[SCAN_PATH];

	(void)tool;
	(void)second_hand;
	worker_beat(r->page);
	if (class != STORE_SECRET || (uint64_t)st->st_size > OWN_FILE_MAX || seen_before(r, st))
		return true;
	if (userfile_read(r->root, path + 1, r->t->uid, OWN_FILE_MAX, &b))
		return true;
	shown(r, path, source);
	own_add_file(r->own, source, strbuf_str(&b), b.len);
	if (b.data)
		explicit_bzero(b.data, b.size);
	return true;
}

static void ignore_unread(void *arg, const char *path, const char *why)
{
	(void)path;
	(void)why;
	worker_beat(((struct run *)arg)->page);
}

/* ---- files
 * ----------------------------------------------------------------------------------------------------------- */

static void report_findings(struct run *r, const char *path, const char *tool, const struct stat *st)
{
	struct look *l = &r->look;
	size_t reported = 0, more = 0;

	for (size_t i = 0; i < l->cnt; i++) {
		const struct look_hit *h = &l->hits[i];
		struct message m = { .kind = MSG_FINDING };
		struct scan_finding *f = &m.finding;
		bool before = false;

		for (size_t k = 0; k < i && !before; k++)
			before = h->rule ? l->hits[k].hash == h->hash
			                 : !l->hits[k].rule && l->hits[k].source == h->source &&
			                           !strcmp(l->hits[k].name, h->name);
		if (before)
			continue;
		if (reported == SCAN_FILE_FINDINGS) {
			more++;
			continue;
		}
		copy_path(f->path, path);
		snprintf(f->tool, sizeof(f->tool), "%s", tool);
		for (size_t k = i; k < l->cnt; k++)
			f->cnt += h->rule ? l->hits[k].hash == h->hash
			                  : !l->hits[k].rule && l->hits[k].source == h->source &&
			                            !strcmp(l->hits[k].name, h->name);
		snprintf(f->id, sizeof(f->id), "%.63s", h->rule ? h->rule->id : "own");
		snprintf(f->title, sizeof(f->title), "%.95s", h->rule ? h->rule->title : "A secret of this home");
		f->grade = h->rule ? h->rule->grade : RULE_OWN;
		f->line = h->line;
		snprintf(f->inside, sizeof(f->inside), "%s", h->inside);
		snprintf(f->fingerprint, sizeof(f->fingerprint), "%08x", (uint32_t)(h->hash >> 32));
		f->mtime_s = st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0;
		if (!h->rule) {
			snprintf(f->source, sizeof(f->source), "%s", h->source);
			snprintf(f->name, sizeof(f->name), "%.63s", h->name);
		}
		send_message(r, &m, sizeof(m));
		reported++;
	}
	if (more) {
		char why[96];

		snprintf(why, sizeof(why), "holds %zu more different secrets", more);
		unread(r, path, why);
	}
}

/* A value in the file that it comes from is in its place. */
static void drop_own_place(struct run *r, const char *path)
{
	struct look *l = &r->look;
	char here[SCAN_PATH];
	size_t to = 0;

	shown(r, path, here);
	for (size_t i = 0; i < l->cnt; i++)
		if (l->hits[i].rule || strcmp(l->hits[i].source, here))
			l->hits[to++] = l->hits[i];
	l->cnt = to;
}

static bool is_busy(const struct run *r, const char *tool)
{
	for (size_t i = 0; tool[0] && i < r->t->busy_cnt; i++)
		if (!strcmp(r->t->busy[i], tool))
			return true;
	return !tool[0] && r->t->busy_cnt;
}

static void done(struct run *r, const char *path, const char *what, int cnt, bool failed)
{
	struct message m = { .kind = MSG_DONE };

	copy_path(m.done.path, path);
	snprintf(m.done.what, sizeof(m.done.what), "%s", what);
	m.done.cnt = cnt > 0 ? (uint32_t)cnt : 0;
	m.done.failed = failed;
	send_message(r, &m, sizeof(m));
}

static struct clean clean_of(struct run *r, const char *path)
{
	return (struct clean){ .root = r->root,
		               .path = path,
		               .uid = r->t->uid,
		               .look = &r->look,
		               .now_s = r->t->now_s,
		               .apply = r->t->apply };
}

/* A file that the tool itself could lose. True: it is gone. */
static bool remove_old(struct run *r, const char *path, const char *tool, bool second_hand, const struct stat *st)
{
	struct clean c = clean_of(r, path);
	size_t len = strlen(path);

	if (!r->t->older_s || !second_hand || (uint64_t)st->st_mtime + r->t->older_s > r->t->now_s)
		return false;
	/* A database is not one conversation. */
	if (strstr(path, ".db") || strstr(path, ".sqlite") || strstr(path, ".vscdb"))
		return false;
	if (is_busy(r, tool)) {
		done(r, path, "is old, and a session of its tool runs: left alone", 0, true);
		return false;
	}
	if (!clean_remove(&c, r->t->older_s)) {
		done(r, path, c.why, 0, true);
		return false;
	}
	r->progress.old_files++;
	r->progress.old_bytes += (uint64_t)st->st_size;
	r->progress.conversations +=
	        (len > 6 && !strcmp(path + len - 6, ".jsonl")) || strstr(path, ".jsonl.") || strstr(path, "/chats/");
	return r->t->apply;
}

/* What rewriting left: packed cells, tables without rowids, pages that somebody still reads. NULL: nothing. */
static const char *left_over(struct run *r, const char *path)
{
	cleanup_close int fd = -1, wal = -1;
	char wal_path[PATH_MAX];

	if (userfile_open(r->root, path + 1, r->t->uid, &fd, NULL))
		return "was cleaned and cannot be looked at again";
	if (snprintf(wal_path, sizeof(wal_path), "%s-wal", path) < (int)sizeof(wal_path))
		userfile_open(r->root, wal_path + 1, r->t->uid, &wal, NULL);
	look_file(&r->look, fd, wal);
	drop_own_place(r, path);
	return r->look.cnt ? "was cleaned and still holds secrets" : NULL;
}

static void clean_one(struct run *r, const char *path, const char *tool)
{
	struct clean c = clean_of(r, path);
	const char *left;
	int cnt;

	if (is_busy(r, tool)) {
		done(r, path, tool[0] ? "a session of its tool runs" : "a session of some tool runs", 0, true);
		return;
	}
	cnt = clean_file(&c);
	left = cnt >= 0 && r->t->apply ? left_over(r, path) : NULL;
	done(r, path, cnt < 0 ? c.why : left ? left : "", cnt, cnt < 0 || left);
}

static bool take_file(void *arg, const char *path, enum store_class class, const char *tool, bool second_hand,
                      const struct stat *st)
{
	cleanup_close int fd = -1, wal = -1;
	struct run *r = arg;
	char wal_path[PATH_MAX];
	enum userfile_state state;
	struct stat now, after;

	worker_beat(r->page);
	if (class != STORE_KEPT || seen_before(r, st) || remove_old(r, path, tool, second_hand, st))
		return true;
	r->path = path;
	snprintf(r->page->at, sizeof(r->page->at), "%s", path);
	state = userfile_open(r->root, path + 1, r->t->paths_cnt ? USERFILE_ANY_OWNER : r->t->uid, &fd, &now);
	if (state == USERFILE_ABSENT)
		return true;
	if (state) {
		unread(r, path, userfile_state_text(state));
		return true;
	}
	if (snprintf(wal_path, sizeof(wal_path), "%s-wal", path) < (int)sizeof(wal_path))
		userfile_open(r->root, wal_path + 1, r->t->paths_cnt ? USERFILE_ANY_OWNER : r->t->uid, &wal, NULL);
	look_file(&r->look, fd, wal);
	drop_own_place(r, path);
	report_findings(r, path, tool, &now);
	if (r->t->clean && r->look.cnt)
		clean_one(r, path, tool);
	r->progress.files++;
	if (!fstat(fd, &after) && (after.st_size < now.st_size))
		unread(r, path, "became shorter while it was read");
	progress(r, false);
	return true;
}

static void run_files(struct run *r)
{
	struct stores s = { .c = r->t->compiled, .home = r->t->home, .uid = r->t->uid, .root = r->root, .arg = r };

	s.file = take_own;
	s.unread = ignore_unread;
	stores_walk(&s);
	s.entries = 0;
	s.file = take_file;
	s.unread = unread;
	if (!r->t->paths_cnt)
		stores_walk(&s);
	for (size_t i = 0; i < r->t->paths_cnt; i++)
		stores_walk_path(&s, r->t->paths[i]);
}

static void run(struct worker_page *page, int fd, void *arg)
{
	const struct message over = { .kind = MSG_OVER };
	struct run r = { .t = arg, .page = page, .fd = fd };

	page->uid = r.t->uid;
	if (!owner_become(r.t->uid, r.t->gid, r.t->apply))
		_exit(1);
	r.root = userfile_folder("/");
	r.seen = calloc(SEEN_MAX * 2, sizeof(*r.seen));
	if (r.root < 0 || !r.seen || rules_new(r.t->rules, r.t->rules_len, &r.rules, NULL) || own_new(&r.own))
		_exit(1);
	r.look = (struct look){ .rules = r.rules, .own = r.own, .unread = unread_here, .beat = beat, .arg = &r };
	run_files(&r);
	progress(&r, true);
	send_message(&r, &over, sizeof(over));
}

/* ---- in the command
 * -------------------------------------------------------------------------------------------------- */

/* The worker has read what others made: its texts end where they must. */
#define END(text) ((text)[sizeof(text) - 1] = '\0')

static void take_message(struct message *m, const struct scan_sink *sink, bool *go)
{
	switch ((enum message_kind)m->kind) {
	case MSG_FINDING:
		END(m->finding.path);
		END(m->finding.tool);
		END(m->finding.id);
		END(m->finding.title);
		END(m->finding.inside);
		END(m->finding.fingerprint);
		END(m->finding.source);
		END(m->finding.name);
		sink->finding(sink->arg, &m->finding);
		break;
	case MSG_UNREAD:
		END(m->unread.path);
		END(m->unread.why);
		sink->unread(sink->arg, &m->unread);
		break;
	case MSG_DONE:
		END(m->done.path);
		END(m->done.what);
		sink->done(sink->arg, &m->done);
		break;
	case MSG_PROGRESS:
		END(m->progress.at);
		*go = sink->progress(sink->arg, &m->progress);
		break;
	default:
		break;
	}
}

static void given_up(const struct worker *w, const struct scan_sink *sink, const char *why)
{
	struct scan_unread u;

	snprintf(u.path, sizeof(u.path), "%.*s", (int)sizeof(w->page->at) - 1, w->page->at);
	snprintf(u.why, sizeof(u.why), "%s", why);
	sink->unread(sink->arg, &u);
}

int scan_home(const struct scan_target *t, const struct scan_sink *sink)
{
	static const struct scan_progress nothing;
	struct worker w = WORKER_NONE;
	uint64_t moved = now_ns(), beats = 0;
	bool over = false, go = true, ended = false;
	int err = worker_start(&w, run, (void *)(uintptr_t)t, NULL, 0);

	if (err)
		return err;
	while (!over && go && !ended) {
		struct pollfd p = { .fd = w.fd, .events = POLLIN };
		struct message m;
		uint64_t at;
		ssize_t n;

		if (poll(&p, 1, 200) > 0) {
			n = recv(w.fd, &m, sizeof(m), MSG_DONTWAIT);
			over = n == (ssize_t)sizeof(m) && m.kind == MSG_OVER;
			ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
			if (n == (ssize_t)sizeof(m) && !over)
				take_message(&m, sink, &go);
		} else {
			go = sink->progress(sink->arg, &nothing);
		}
		at = __atomic_load_n(&w.page->beat, __ATOMIC_RELAXED);
		if (at != beats)
			moved = now_ns();
		beats = at;
		if (now_ns() - moved > SCAN_STALLED_MS * 1000000ull)
			break;
	}
	if (!over && go)
		given_up(&w, sink,
		         ended ? "the scan of this home ended early here"
		               : "makes its reader wait: the scan of this home was given up here");
	worker_stop(&w);
	return !over;
}
