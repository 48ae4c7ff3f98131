/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which directories of which accounts are homes, and the worker that searches for them. */
#include "process/homes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "match/intern.h"
#include "process/worker.h"

#define PEOPLE_FROM 1000          /* login.defs: UID_MIN of all distributions */
#define NOBODY 65534              /* and 65535, the 16-bit -1 */

/* Places that hold a system, or all users' things. */
static const char *const places[] = {
	"/", "/home", "/mnt", "/media", "/opt", "/srv", "/var", "/var/lib", "/var/home", "/var/tmp", "/usr", "/usr/local", "/usr/home", "/run/user",
	"/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/boot", "/run", "/tmp", "/var/cache", "/var/log", "/var/mail", "/var/spool",
	"/var/run", "/var/empty", "/var/www", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share", "/usr/local/bin", "/usr/local/sbin",
};

/* Below these are no homes of a system's own accounts: what their daemons keep is no person's. */
static const char *const trees[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/boot", "/run", "/tmp", "/var/cache", "/var/log", "/var/mail", "/var/spool",
	"/var/run", "/var/empty", "/var/tmp",
};

static const char *const source_texts[_HOME_SOURCES] = {
	[HOME_LISTED] = "account",
	[HOME_RUNNING] = "runs a process",
};

static const char *const state_texts[_HOME_STATES] = {
	[HOME_PLAIN] = "by its path",
	[HOME_ELSEWHERE] = "by its directory",
	[HOME_UNREADABLE] = "cannot be looked at: counts by the path as given",
	[HOME_SILENT] = "did not answer: counts by the path as given",
	[HOME_ABSENT] = "no such directory",
	[HOME_SYSTEM] = "a system directory",
	[HOME_FOREIGN] = "another user's directory",
};

const char *home_source_text(enum home_source source)
{
	return source_texts[source];
}

const char *home_state_text(enum home_state state)
{
	return state_texts[state];
}

void home_done(struct home *h)
{
	free(h->user);
	free(h->given);
	free(h->path);
	*h = (struct home){ 0 };
}

void homes_done(struct homes *h)
{
	for (size_t i = 0; i < h->cnt; i++)
		home_done(&h->v[i]);
	free(h->v);
	*h = (struct homes){ 0 };
}

/* ---- one account ---------------------------------------------------------------------------------------------------- */

static bool is_place(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i], path))
			return true;
	return false;
}

static bool is_in_tree(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		size_t len = strlen(trees[i]);

		if (!strncmp(trees[i], path, len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static bool is_made_up(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return true;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case TRACEFS_MAGIC:
	case DEBUGFS_MAGIC:
	case BPF_FS_MAGIC:
	case SECURITYFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

bool home_is_usual(const char *path)
{
	if (!strncmp(path, "/home/", 6) && path[6] && path[6] != '.' && !strchr(path + 6, '/'))
		return true;
	return !strcmp(path, "/root");
}

static enum home_state judge(const struct account *a, const char *path, const struct mounts *m, struct stat *st)
{
	bool system = a->uid && (a->uid < PEOPLE_FROM || a->uid == NOBODY || a->uid == NOBODY + 1);

	if (stat(path, st))
		return errno == ENOENT || errno == ENOTDIR ? HOME_ABSENT : HOME_UNREADABLE;
	if (!S_ISDIR(st->st_mode))
		return HOME_ABSENT;
	if (is_place(path) || (system && is_in_tree(path)) || is_made_up(path))
		return HOME_SYSTEM;
	if (system && st->st_uid != a->uid)
		return HOME_FOREIGN;
	return home_is_usual(path) && !mounts_have_other(m, path) ? HOME_PLAIN : HOME_ELSEWHERE;
}

int home_look(const struct account *a, enum home_source source, const struct mounts *m, struct home *ret)
{
	struct home h = { .uid = a->uid, .source = (uint8_t)source, .state = HOME_SYSTEM };
	char real[PATH_MAX];
	struct stat st = { 0 };

	h.user = strdup(a->name);
	h.given = strdup(a->home);
	if (a->home[0] == '/' && !is_place(a->home)) {
		if (realpath(a->home, real))
			h.state = (uint8_t)judge(a, real, m, &st);
		else
			h.state = errno == ENOENT || errno == ENOTDIR ? HOME_ABSENT : HOME_UNREADABLE;
	}
	h.path = strdup(st.st_ino ? real : a->home);
	h.dev = st.st_dev;
	h.ino = st.st_ino;
	if (!h.user || !h.given || !h.path) {
		home_done(&h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

/* ---- in the worker -------------------------------------------------------------------------------------------------- */

struct message {
	uint32_t over;            /* 1: no more; left_out */
	uint32_t uid;
	uint8_t source, state;
	uint16_t user_len, given_len, path_len;
	uint64_t dev, ino, left_out;
};

struct search {
	struct worker_page *page;
	int fd;
	struct mounts mounts;
	struct intern uids;       /* that were looked at */
	bool no_list;             /* the name service did not answer: only users of processes, one by one */
	char *skip[HOMES_SKIPS_MAX];
	size_t skip_cnt;
	size_t left_out;
};

static void send_home(struct search *s, const struct home *h)
{
	struct message m = {
		.uid = h->uid, .source = h->source, .state = h->state, .dev = h->dev, .ino = h->ino,
		.user_len = (uint16_t)strlen(h->user), .given_len = (uint16_t)strlen(h->given), .path_len = (uint16_t)strlen(h->path),
	};
	struct iovec iov[] = { { &m, sizeof(m) }, { h->user, m.user_len }, { h->given, m.given_len }, { h->path, m.path_len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };

	if (sendmsg(s->fd, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static bool is_skipped(const struct search *s, const char *path)
{
	for (size_t i = 0; i < s->skip_cnt; i++)
		if (!strcmp(s->skip[i], path))
			return true;
	return false;
}

/* Each uid once: of accounts that share one the first counts. */
static bool is_new(struct search *s, uint32_t uid)
{
	uint64_t key = uid;
	uint32_t known = s->uids.cnt, id;

	if (intern_get(&s->uids, &key, &id))
		_exit(1);
	return id == known;
}

static void look_at(struct search *s, const struct account *a, enum home_source source)
{
	struct home h = { 0 };

	worker_beat(s->page);
	memcpy(s->page->at, a->home, strnlen(a->home, sizeof(s->page->at) - 1) + 1);
	s->page->at[sizeof(s->page->at) - 1] = '\0';
	if (is_skipped(s, s->page->at)) {
		h = (struct home){ a->uid, (uint8_t)source, HOME_SILENT, 0, 0, strdup(a->name), strdup(a->home), strdup(a->home) };
		if (!h.user || !h.given || !h.path)
			_exit(1);
	} else if (home_look(a, source, &s->mounts, &h)) {
		_exit(1);
	}
	s->page->at[0] = '\0';
	worker_beat(s->page);
	send_home(s, &h);
	home_done(&h);
}

static int look_at_listed(void *arg, const struct account *a)
{
	if (is_new(arg, a->uid))
		look_at(arg, a, HOME_LISTED);
	return 0;
}

/* Real user of a process: a program that changes its ids still is its user's. */
static bool read_uid(const char *pid, uint32_t *ret)
{
	char path[64], line[128];
	cleanup_fclose FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Uid: %u", ret) == 1)
			return true;
	return false;
}

static void look_at_running(struct search *s)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	struct account a;
	size_t asked = 0;
	uint32_t uid;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9' || !read_uid(d->d_name, &uid) || !is_new(s, uid))
			continue;
		worker_beat(s->page);
		if (asked++ >= HOMES_UIDS_MAX)
			s->left_out++;
		else if (account_by_uid(uid, &a))
			look_at(s, &a, HOME_RUNNING);
	}
	if (dir)
		closedir(dir);
}

static void run_search(struct worker_page *page, int fd, void *arg)
{
	struct search *s = arg;
	struct message over = { .over = 1 };

	s->page = page;
	s->fd = fd;
	s->uids = (struct intern)INTERN_INIT(1);
	if (mounts_read("/proc/self/mountinfo", &s->mounts))
		s->mounts.left_out = 1;
	if (!s->no_list)
		account_each(look_at_listed, s);
	page->next = 1;
	look_at_running(s);
	over.left_out = s->left_out;
	(void)!send(fd, &over, sizeof(over), MSG_NOSIGNAL);
}

/* ---- in the caller -------------------------------------------------------------------------------------------------- */

/* -1: over. */
static int take_home(struct homes *ret, const char *buf, size_t len)
{
	const struct message *m = (const struct message *)buf;
	const char *at = buf + sizeof(*m);
	struct home *h;

	if (len < sizeof(*m) || m->over) {
		ret->left_out += len < sizeof(*m) ? 1 : m->left_out;
		return -1;
	}
	if (len != sizeof(*m) + m->user_len + m->given_len + m->path_len || m->source >= _HOME_SOURCES || m->state >= _HOME_STATES)
		return -1;
	for (size_t i = 0; i < ret->cnt; i++)
		if (ret->v[i].uid == m->uid)
			return 0; /* of a search that was given up and begun anew */
	if (ret->cnt == 2 * HOMES_MAX) {
		ret->left_out++;
		return 0;
	}
	if (ret->cnt == ret->size) {
		size_t size = ret->size ? ret->size * 2 : 64;
		struct home *moved = reallocarray(ret->v, size, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		ret->v = moved;
		ret->size = size;
	}
	h = &ret->v[ret->cnt];
	*h = (struct home){ .uid = m->uid, .source = m->source, .state = m->state, .dev = m->dev, .ino = m->ino };
	h->user = strndup(at, m->user_len);
	h->given = strndup(at + m->user_len, m->given_len);
	h->path = strndup(at + m->user_len + m->given_len, m->path_len);
	ret->cnt++;
	return h->user && h->given && h->path ? 0 : -ENOMEM;
}

/* One worker until it ends, or does not go on. False: it was given up. */
static bool take_all(struct worker *w, struct homes *ret, int *ret_err)
{
	static char buf[sizeof(struct message) + 3 * (UINT16_MAX + 1)];

	while (worker_wait(w, HOMES_STALLED_MS)) {
		ssize_t n = recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT);
		int r = take_home(ret, buf, n > 0 ? (size_t)n : 0);

		if (r == -ENOMEM)
			*ret_err = r;
		if (r)
			return true;
	}
	return false;
}

int homes_find(struct homes *ret)
{
	struct search s = { 0 };
	struct homes all = { 0 };
	struct worker w = WORKER_NONE;
	bool over = false;
	int err = 0;

	for (unsigned int tries = 0; !over && !err && tries <= HOMES_SKIPS_MAX + 1; tries++) {
		err = worker_start(&w, run_search, &s, NULL, 0);
		if (err)
			break;
		over = take_all(&w, &all, &err);
		if (!over && w.page->at[0] && s.skip_cnt < HOMES_SKIPS_MAX)
			s.skip[s.skip_cnt++] = strndup(w.page->at, sizeof(w.page->at));
		else if (!over && !s.no_list && !w.page->next)
			s.no_list = all.silent = true;
		else if (!over)
			over = (all.left_out++, true);
		worker_stop(&w);
	}
	for (size_t i = 0; i < s.skip_cnt; i++)
		free(s.skip[i]);
	if (err) {
		homes_done(&all);
		return err;
	}
	*ret = all;
	return 0;
}
