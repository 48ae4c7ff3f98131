/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the worker that watches for homes, and the homes that it must not look at again. */
#include "process/homewatch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "match/intern.h"
#include "process/homes.h"
#include "process/localfs.h"
#include "process/worker.h"

#define WATCH_NICE 10
#define PASSWD "/etc/passwd"
#define MOUNTINFO "/proc/self/mountinfo"
#define TAKEN_MAX 256             /* messages that are taken in one call, so that the agent goes on with other things */

enum message_kind { MSG_HOME, MSG_SETTLED, MSG_LEFT_OUT };

struct message {
	uint32_t kind;            /* enum message_kind */
	uint32_t dev;
	uint64_t ino;
	char path[PATH_MAX];      /* MSG_HOME; without what is behind its NUL */
};
#define MESSAGE_HEAD __builtin_offsetof(struct message, path)

struct homewatch {
	struct worker w;
	char *skip[HOMES_SKIPS_MAX];
	size_t skip_cnt;
	bool no_list;             /* listing the accounts did not end */
	bool settled;
	uint64_t beat, beat_ns;   /* progress as last seen */
	uint64_t resume_ns;       /* no worker until then */
	uint64_t left_out;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- in the worker -------------------------------------------------------------------------------------------------- */

struct user {
	uint64_t dev, ino;        /* of the home that was reported; 0 none */
	uint32_t pass;            /* when it was looked at last */
	bool waits;               /* to be looked at again as long as it runs something: no home yet */
};

struct watch {
	const struct homewatch *h;
	struct worker_page *page;
	int fd, mounts_fd;
	struct mounts mounts;
	struct stat passwd;
	struct intern uids;
	struct user *users;       /* by number of the uid */
	size_t users_size;
	uint32_t pass;
	uint64_t pass_ns;         /* that the last one took */
};

static void send_message(const struct watch *w, const struct message *m, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)m, MESSAGE_HEAD + (m->kind == MSG_HOME ? strlen(m->path) + 1 : 0) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	if (sendmsg(w->fd, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void say(const struct watch *w, enum message_kind kind)
{
	struct message m = { .kind = kind };

	send_message(w, &m, -1);
}

/* NULL: there is no room. */
static struct user *user_of(struct watch *w, uint32_t uid)
{
	uint64_t key = uid;
	uint32_t id;

	if (w->uids.cnt >= HOMEWATCH_USERS_MAX) {
		say(w, MSG_LEFT_OUT);
		return NULL;
	}
	if (intern_get(&w->uids, &key, &id))
		_exit(1);
	if (id >= w->users_size) {
		size_t size = w->users_size ? w->users_size * 2 : 64;

		w->users = reallocarray(w->users, size, sizeof(*w->users));
		if (!w->users)
			_exit(1);
		memset(w->users + w->users_size, 0, (size - w->users_size) * sizeof(*w->users));
		w->users_size = size;
	}
	return &w->users[id];
}

/* The kernel's number of the file system, which is not that of stat(2) everywhere. */
static uint32_t device_of(const struct watch *w, const char *path)
{
	const struct mount_row *on = mounts_of(&w->mounts, path);

	return on ? on->major << 20 | on->minor : 0;
}

static void report(const struct watch *w, const struct home *home)
{
	cleanup_close int fd = open(home->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct message m = { .kind = MSG_HOME, .dev = device_of(w, home->path), .ino = home->ino };
	struct stat st;

	snprintf(m.path, sizeof(m.path), "%s", home->path);
	if (fd < 0 || fstat(fd, &st) || st.st_dev != home->dev || st.st_ino != home->ino)
		return;
	send_message(w, &m, localfs(fd) ? fd : -1);
}

static bool is_skipped(const struct homewatch *h, const char *path)
{
	for (size_t i = 0; i < h->skip_cnt; i++)
		if (!strcmp(h->skip[i], path))
			return true;
	return false;
}

static void look_at(struct watch *w, const struct account *a, enum home_source source)
{
	struct user *u = user_of(w, a->uid);
	struct home home;

	/* Accounts with one uid: the first counts. */
	if (!u || u->pass == w->pass)
		return;
	u->pass = w->pass;
	worker_beat(w->page);
	memcpy(w->page->at, a->home, strnlen(a->home, sizeof(w->page->at) - 1) + 1);
	w->page->at[sizeof(w->page->at) - 1] = '\0';
	if (is_skipped(w->h, w->page->at))
		return;
	if (home_look(a, source, &w->mounts, &home))
		_exit(1);
	u->waits = home.state == HOME_ABSENT || home.state == HOME_UNREADABLE;
	if (home.state == HOME_ELSEWHERE && (home.dev != u->dev || home.ino != u->ino)) {
		report(w, &home);
		u->dev = home.dev;
		u->ino = home.ino;
	}
	home_done(&home);
	w->page->at[0] = '\0';
	worker_beat(w->page);
}

static int look_at_listed(void *arg, const struct account *a)
{
	look_at(arg, a, HOME_LISTED);
	return 0;
}

static void look_at_user(struct watch *w, uint32_t uid)
{
	struct account a;
	struct user *u;

	worker_beat(w->page);
	if (account_by_uid(uid, &a)) {
		look_at(w, &a, HOME_RUNNING);
		return;
	}
	u = user_of(w, uid);
	if (u)
		u->pass = w->pass;
}

/* Users of processes that were never looked at, or have no home yet. The owner of /proc/PID is a process's effective user. */
static void look_at_running(struct watch *w)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	uint64_t began = now_ns();
	struct stat st;

	while (dir && (d = readdir(dir))) {
		const struct user *u;

		if (d->d_name[0] < '0' || d->d_name[0] > '9' || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		u = user_of(w, st.st_uid);
		if (u && (!u->pass || (u->waits && u->pass != w->pass)))
			look_at_user(w, st.st_uid);
	}
	if (dir)
		closedir(dir);
	w->pass_ns = now_ns() - began;
}

static void look_at_all(struct watch *w)
{
	mounts_done(&w->mounts);
	if (mounts_read(MOUNTINFO, &w->mounts))
		w->mounts.left_out = 1;
	stat(PASSWD, &w->passwd);
	w->page->next = 0;
	if (!w->h->no_list)
		account_each(look_at_listed, w);
	w->page->next = 1;
	/* Those that are not listed may have moved, too. */
	for (uint32_t i = 0; i < w->uids.cnt; i++)
		if (w->users[i].pass && w->users[i].pass != w->pass)
			look_at_user(w, (uint32_t)*intern_key(&w->uids, i));
}

/* Waits for a request, a mount or the next pass. *ret_uid: the user that is asked for; false: none is. */
static bool wait_for(struct watch *w, bool *mounted, uint32_t *ret_uid)
{
	struct pollfd p[] = { { .fd = w->fd, .events = POLLIN }, { .fd = w->mounts_fd, .events = POLLPRI } };

	uint64_t rest_ms = HOMEWATCH_REST * w->pass_ns / 1000000;

	if (rest_ms < HOMEWATCH_PASS_MS)
		rest_ms = HOMEWATCH_PASS_MS;
	if (rest_ms > HOMEWATCH_PAUSE_NS / 1000000)
		rest_ms = HOMEWATCH_PAUSE_NS / 1000000;
	w->page->busy = 0;
	poll(p, ARRAY_SIZE(p), (int)rest_ms);
	w->page->busy = 1;
	worker_beat(w->page);
	*mounted |= (p[1].revents & (POLLPRI | POLLERR)) != 0;
	if (!p[0].revents)
		return false;
	if (recv(w->fd, ret_uid, sizeof(*ret_uid), 0) != sizeof(*ret_uid))
		_exit(0);
	return true;
}

static bool passwd_changed(const struct watch *w)
{
	struct stat st;

	return !stat(PASSWD, &st) && (st.st_ino != w->passwd.st_ino || st.st_size != w->passwd.st_size ||
				      st.st_mtim.tv_sec != w->passwd.st_mtim.tv_sec || st.st_mtim.tv_nsec != w->passwd.st_mtim.tv_nsec);
}

static void run_watch(struct worker_page *page, int fd, void *arg)
{
	struct watch w = { .h = arg, .page = page, .fd = fd, .uids = INTERN_INIT(1), .pass = 1 };
	uint64_t last_ns = now_ns();
	bool mounted = false;
	uint32_t uid;

	page->busy = 1;
	w.mounts_fd = open(MOUNTINFO, O_RDONLY | O_CLOEXEC);
	look_at_all(&w);
	look_at_running(&w);
	say(&w, MSG_SETTLED);
	setpriority(PRIO_PROCESS, 0, WATCH_NICE);
	for (;;) {
		bool asked = wait_for(&w, &mounted, &uid);

		w.pass++;
		if ((mounted || passwd_changed(&w)) && now_ns() - last_ns >= HOMEWATCH_FULL_NS) {
			look_at_all(&w);
			last_ns = now_ns();
			mounted = false;
		}
		if (asked)
			look_at_user(&w, uid);
		else
			look_at_running(&w);
	}
}

/* ---- in the agent --------------------------------------------------------------------------------------------------- */

int homewatch_new(struct homewatch **ret)
{
	struct homewatch *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->w = WORKER_NONE;
	h->beat_ns = now_ns();
	err = worker_start(&h->w, run_watch, h, NULL, 0);
	if (err) {
		free(h);
		return err;
	}
	*ret = h;
	return 0;
}

void homewatch_free(struct homewatch *h)
{
	if (!h)
		return;
	worker_stop(&h->w);
	for (size_t i = 0; i < h->skip_cnt; i++)
		free(h->skip[i]);
	free(h);
}

void homewatch_ask(struct homewatch *h, uint32_t uid)
{
	/* A full queue: the next pass looks at all that run. */
	if (h->w.pid)
		(void)!send(h->w.fd, &uid, sizeof(uid), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* 1: taken, 0: nothing there, -1: the worker ended. */
static int take_one(struct homewatch *h, homewatch_found found, void *arg)
{
	struct message m;
	struct iovec iov = { &m, sizeof(m) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(h->w.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	cleanup_close int fd = -1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	if (n < (ssize_t)MESSAGE_HEAD)
		return -1;
	if (m.kind == MSG_SETTLED)
		h->settled = true;
	else if (m.kind == MSG_LEFT_OUT)
		h->left_out++;
	else if (n > (ssize_t)MESSAGE_HEAD && !((const char *)&m)[n - 1])
		found(arg, m.path, fd, m.dev, m.ino);
	return 1;
}

/* What it was at is left out by the next one. */
static void give_up(struct homewatch *h)
{
	h->left_out++;
	if (h->w.page->at[0] && h->skip_cnt < HOMES_SKIPS_MAX) {
		h->skip[h->skip_cnt] = strndup(h->w.page->at, sizeof(h->w.page->at));
		h->skip_cnt += h->skip[h->skip_cnt] != NULL;
	} else if (!h->w.page->next && !h->no_list) {
		h->no_list = true;
	} else {
		h->resume_ns = now_ns() + HOMEWATCH_PAUSE_NS;
		h->settled = true;
	}
	worker_stop(&h->w);
}

void homewatch_poll(struct homewatch *h, int wait_ms, homewatch_found found, void *arg)
{
	uint64_t beat, now;
	int r = 1;

	if (!h->w.pid && (now_ns() < h->resume_ns || worker_start(&h->w, run_watch, h, NULL, 0)))
		return;
	if (wait_ms) {
		struct pollfd p = { .fd = h->w.fd, .events = POLLIN };

		poll(&p, 1, wait_ms);
	}
	for (unsigned int i = 0; r > 0 && i < TAKEN_MAX; i++)
		r = take_one(h, found, arg);
	now = now_ns();
	beat = __atomic_load_n(&h->w.page->beat, __ATOMIC_RELAXED);
	if (r > 0 || beat != h->beat || !h->w.page->busy) {
		h->beat = beat;
		h->beat_ns = now;
	}
	if (r < 0 || now - h->beat_ns > HOMEWATCH_STALLED_NS) {
		give_up(h);
		h->beat_ns = now;
	}
}

bool homewatch_settled(const struct homewatch *h)
{
	return h->settled;
}

uint64_t homewatch_take_left_out(struct homewatch *h)
{
	uint64_t left_out = h->left_out;

	h->left_out = 0;
	return left_out;
}
