/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the worker that audits a home, how it becomes the owner, what comes back from it, and how its files are read.
 */
#include "audit/home.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/value.h"
#include "audit/visit.h"
#include "process/owner.h"

#define NOGROUP    65534
#define MEMORY_MAX (4ull << 30) /* address space of the worker, with the policy's tables */

enum message_kind { MSG_ACCOUNT = 1, MSG_ROW, MSG_OVER };

struct message {
	uint32_t kind;
	union {
		struct audit_account account;
		struct audit_row row;
	};
};

/* ---- in the worker
 * --------------------------------------------------------------------------------------------------- */

static int out_fd;

static void send_message(const struct message *m, size_t size)
{
	if (send(out_fd, m, size, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void send_account(void *arg, const struct audit_account *a)
{
	struct message m = { .kind = MSG_ACCOUNT, .account = *a };

	(void)arg;
	send_message(&m, sizeof(m));
}

static void send_row(void *arg, const struct audit_row *r)
{
	struct message m = { .kind = MSG_ROW, .row = *r };

	(void)arg;
	send_message(&m, sizeof(m));
}

void visit_step(struct visit *v, const char *what)
{
	snprintf(v->page->at, sizeof(v->page->at), "%s", what);
	worker_beat(v->page);
}

static void unread(struct visit *v, const char *tool, const char *shown, const char *why)
{
	char what[AUDIT_TEXT];

	audit_text(what, "%s %s", shown, why);
	audit_add_row(&v->sink, tool, AUDIT_READING, AUDIT_UNSURE, what, "What it says is not known", "", shown);
}

bool visit_read(struct visit *v, int dir, const char *path, const char *tool, const char *shown, struct strbuf *ret)
{
	enum userfile_state r;

	visit_step(v, shown);
	r = userfile_read(dir, path, v->t->uid, AUDIT_FILE_MAX, ret);
	if (r != USERFILE_OK && r != USERFILE_ABSENT)
		unread(v, tool, shown, userfile_state_text(r));
	return r == USERFILE_OK;
}

struct json_object *visit_json(struct visit *v, int dir, const char *path, const char *tool, const char *shown)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	struct json_object *o;

	if (!visit_read(v, dir, path, tool, shown, &b))
		return NULL;
	o = value_parse(strbuf_str(&b), b.len);
	if (!o && b.len)
		unread(v, tool, shown, "is not JSON");
	return o;
}

void visit_glob(struct visit *v, int dir, const char *pattern, visit_name fn, void *arg)
{
	const char *star = strchr(pattern, '*'), *from = star, *rest;
	char path[512], folder[512];
	struct dirent *d;
	size_t before, n = 0;
	DIR *list;
	int fd;

	if (!star)
		return;
	while (from > pattern && from[-1] != '/')
		from--;
	before = (size_t)(star - from);
	rest = star + 1 + strcspn(star + 1, "/");
	snprintf(folder, sizeof(folder), "%.*s", from > pattern ? (int)(from - pattern) - 1 : 1,
	         from > pattern ? pattern : ".");
	if (userfile_list(dir, folder, v->t->uid, &fd))
		return;
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return;
	}
	while ((d = readdir(list)) && n < VISIT_NAMES_MAX) {
		size_t len = strlen(d->d_name), after = (size_t)(rest - star) - 1;

		if (d->d_name[0] == '.' || len < before + after || strncmp(d->d_name, from, before) ||
		    strncmp(d->d_name + len - after, star + 1, after))
			continue;
		n++;
		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)(from - pattern), pattern, d->d_name, rest) >=
		    (int)sizeof(path))
			continue;
		if (strchr(rest, '*'))
			visit_glob(v, dir, path, fn, arg);
		else
			fn(v, path, d->d_name + before, arg);
	}
	closedir(list);
}

/* What one worker does: two, so that a process that makes its reader wait costs what is known of files nothing. */
struct job {
	const struct audit_target *t;
	bool sessions;
};

static void run(struct worker_page *page, int fd, void *arg)
{
	const struct message over = { .kind = MSG_OVER };
	const struct job *job = arg;
	struct visit v = { .t = job->t, .page = page };

	out_fd = fd;
	page->uid = v.t->uid;
	v.sink = (struct audit_sink){ send_account, send_row, NULL };
	/* /proc shows an environment to the same user and groups, or to root. */
	if (job->sessions)
		visit_sessions_read(&v);
	if (!owner_become(v.t->uid, OWNER_NOGROUP, false))
		_exit(1);
	if (job->sessions) {
		visit_sessions(&v);
	} else {
		v.home = userfile_folder(v.t->home);
		v.root = userfile_folder("/");
		if (v.home < 0 || v.root < 0) {
			unread(&v, "", v.t->home, "cannot be entered");
		} else {
			visit_installs(&v);
			visit_tools(&v);
			visit_projects(&v);
		}
	}
	send_message(&over, sizeof(over));
}

/* ---- in the command
 * -------------------------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void *grow(void *v, size_t cnt, size_t *size, size_t each)
{
	size_t more = *size ? *size * 2 : 32;
	void *moved;

	if (cnt < *size)
		return v;
	moved = reallocarray(v, more, each);
	if (moved)
		*size = more;
	return moved;
}

static int keep_row(struct audit_found *f, const struct audit_row *r)
{
	void *moved;

	if (f->rows_cnt == AUDIT_ROWS_MAX) {
		f->left_out++;
		return 0;
	}
	moved = grow(f->rows, f->rows_cnt, &f->rows_size, sizeof(*f->rows));
	if (!moved)
		return -ENOMEM;
	f->rows = moved;
	f->rows[f->rows_cnt++] = *r;
	return 0;
}

/* The worker has read what its user made: its texts end where they must. */
static int keep(struct audit_found *f, struct message *m)
{
	void *moved;

	if (m->kind == MSG_ROW) {
		struct audit_row *r = &m->row;

		r->tool[sizeof(r->tool) - 1] = r->what[AUDIT_TEXT - 1] = r->why[AUDIT_TEXT - 1] =
		        r->todo[AUDIT_TEXT - 1] = r->evidence[AUDIT_TEXT - 1] = '\0';
		return keep_row(f, r);
	}
	m->account.tool[sizeof(m->account.tool) - 1] = m->account.plan[sizeof(m->account.plan) - 1] =
	        m->account.evidence[AUDIT_TEXT - 1] = '\0';
	if (f->accounts_cnt == AUDIT_ROWS_MAX) {
		f->left_out++;
		return 0;
	}
	moved = grow(f->accounts, f->accounts_cnt, &f->accounts_size, sizeof(*f->accounts));
	if (!moved)
		return -ENOMEM;
	f->accounts = moved;
	f->accounts[f->accounts_cnt++] = m->account;
	return 0;
}

static void given_up(struct audit_found *f, const struct worker *w, bool ended)
{
	struct audit_row r = { .area = AUDIT_READING, .grade = AUDIT_UNSURE };
	char at[sizeof(w->page->at)];

	memcpy(at, w->page->at, sizeof(at));
	at[sizeof(at) - 1] = '\0';
	audit_text(r.what, "the audit of this home was given up: %s at %s",
	           ended ? "it ended early" : "it made no progress", at[0] ? at : "its start");
	audit_text(r.why, "What comes after that is not known");
	audit_text(r.evidence, "%s", at);
	keep_row(f, &r);
}

static int run_job(const struct job *job, struct audit_found *ret)
{
	uint64_t begun = now_ms(), moved = begun, beat = 0;
	struct worker w = WORKER_NONE;
	bool ended = false;
	int err;

	ret->whole = false;
	err = worker_start(&w, run, (void *)(uintptr_t)job, NULL, 0);
	if (err)
		return err;
	while (!ret->whole && !ended && !err) {
		struct pollfd p = { .fd = w.fd, .events = POLLIN };
		uint64_t now, at;
		struct message m;
		ssize_t n;

		if (poll(&p, 1, 100) > 0) {
			n = recv(w.fd, &m, sizeof(m), MSG_DONTWAIT);
			if (n == (ssize_t)sizeof(m) && (m.kind == MSG_ROW || m.kind == MSG_ACCOUNT))
				err = keep(ret, &m);
			else if (n == (ssize_t)sizeof(m) && m.kind == MSG_OVER)
				ret->whole = true;
			else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
				ended = true;
		}
		now = now_ms();
		at = __atomic_load_n(&w.page->beat, __ATOMIC_RELAXED);
		if (at != beat)
			moved = now;
		beat = at;
		if (now - moved > AUDIT_STALLED_MS || now - begun > AUDIT_WHOLE_MS)
			break;
	}
	if (!ret->whole)
		given_up(ret, &w, ended);
	worker_stop(&w);
	return err;
}

int audit_home(const struct audit_target *t, struct audit_found *ret)
{
	struct job files = { t, false }, sessions = { t, true };
	bool whole;
	int err;

	*ret = (struct audit_found){ 0 };
	err = run_job(&files, ret);
	whole = ret->whole;
	if (!err)
		err = run_job(&sessions, ret);
	ret->whole = ret->whole && whole;
	if (err)
		audit_found_done(ret);
	return err;
}

void audit_found_done(struct audit_found *f)
{
	free(f->accounts);
	free(f->rows);
	*f = (struct audit_found){ 0 };
}
