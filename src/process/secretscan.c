/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the worker that scans for secrets, and the folders that it must not enter again. */
#include "process/secretscan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "process/filescan.h"
#include "process/localfs.h"
#include "process/worker.h"

#define FIRST 1000           /* entries of folders that are looked at without a rest, */
#define SLICE 200            /* and between two rests after that: 2,000 a second */
#define REST_NS 100000000
#define REST_NICE 5          /* from then on nobody waits for it */

enum message { MSG_FILE, MSG_SETTLED, MSG_OVER };

struct found {
	uint64_t message;    /* enum message */
	uint64_t sets;       /* MSG_FILE: by lane, since numbers of several are each process's own */
	uint64_t left_out;   /* MSG_OVER */
};

struct secretscan {
	const struct compiled *c;
	const char *const *homes;
	size_t homes_cnt;
	bool all;
	struct worker w;
	int socket;              /* the worker's end, in the worker */
	struct worker_page *page;
	char *skip[SECRETSCAN_SKIPS_MAX];
	size_t skip_cnt;
	uint64_t beat, left_out;
	int stalled_ms;          /* when there was progress, 0: never */
	bool settled;
};

/* ---- in the worker -------------------------------------------------------------------------------------------------- */

static bool begin_folder(void *arg, const char *path)
{
	const struct secretscan *s = arg;

	for (size_t i = 0; i < s->skip_cnt; i++)
		if (!strcmp(s->skip[i], path))
			return false;
	worker_beat(s->page);
	strncpy(s->page->at, path, sizeof(s->page->at) - 1);
	return true;
}

static void send_found(const struct secretscan *s, enum message message, int fd, uint64_t sets, uint64_t left_out)
{
	struct found f = { .message = message, .sets = sets, .left_out = left_out };
	struct iovec iov = { &f, sizeof(f) };
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
	if (sendmsg(s->socket, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void take_file(void *arg, const char *path, uint32_t set, const struct stat *st)
{
	const struct secretscan *s = arg;
	cleanup_close int fd = -1;
	struct stat now;

	if (!st->st_size || (st->st_nlink < 2 && !s->all))
		return;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &now) || now.st_dev != st->st_dev || now.st_ino != st->st_ino || !S_ISREG(now.st_mode))
		return;
	if (localfs(fd))
		send_found(s, MSG_FILE, fd, dfa_lanes(s->c->path, set), 0);
}

static void run_scan(struct worker_page *page, int fd, void *arg)
{
	const struct timespec rest = { .tv_nsec = REST_NS };
	struct secretscan *s = arg;
	struct filescan *f = NULL;
	unsigned int entries = FIRST;

	s->page = page;
	s->socket = fd;
	if (filescan_new(s->c, s->homes, s->homes_cnt, &f)) {
		send_found(s, MSG_OVER, -1, 0, 1);
		return;
	}
	filescan_on_folder(f, begin_folder, s);
	while (filescan_step(f, entries, take_file, s)) {
		worker_beat(page);
		if (entries == FIRST) {
			send_found(s, MSG_SETTLED, -1, 0, 0);
			setpriority(PRIO_PROCESS, 0, REST_NICE);
		}
		entries = SLICE;
		nanosleep(&rest, NULL);
	}
	send_found(s, MSG_OVER, -1, 0, filescan_left_out(f));
}

/* ---- in the agent --------------------------------------------------------------------------------------------------- */

int secretscan_new(const struct compiled *c, const char *const *homes, size_t homes_cnt, bool all, struct secretscan **ret)
{
	struct secretscan *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	*s = (struct secretscan){ .c = c, .homes = homes, .homes_cnt = homes_cnt, .all = all, .w = WORKER_NONE };
	err = worker_start(&s->w, run_scan, s, NULL, 0);
	if (err) {
		free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void secretscan_free(struct secretscan *s)
{
	if (!s)
		return;
	worker_stop(&s->w);
	for (size_t i = 0; i < s->skip_cnt; i++)
		free(s->skip[i]);
	free(s);
}

/* 1: taken, 0: nothing there, -1: it is over, or the worker ended. */
static int take_one(struct secretscan *s, secretscan_found found, void *arg)
{
	struct found f;
	struct iovec iov = { &f, sizeof(f) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(s->w.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	cleanup_close int fd = -1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(f)) {
		s->left_out++;
		return -1;
	}
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	if (f.message == MSG_OVER) {
		s->left_out += f.left_out;
		return -1;
	}
	if (f.message == MSG_SETTLED)
		s->settled = true;
	else if (fd >= 0)
		found(arg, fd, f.sets);
	return 1;
}

/* The folder that stopped it is left out, and it begins anew. False: too many such. */
static bool restart(struct secretscan *s)
{
	s->left_out++;
	if (s->skip_cnt < SECRETSCAN_SKIPS_MAX)
		s->skip[s->skip_cnt] = strndup(s->w.page->at, sizeof(s->w.page->at));
	worker_stop(&s->w);
	if (s->skip_cnt == SECRETSCAN_SKIPS_MAX || !s->skip[s->skip_cnt])
		return false;
	s->skip_cnt++;
	s->stalled_ms = 0;
	return !worker_start(&s->w, run_scan, s, NULL, 0);
}

bool secretscan_poll(struct secretscan *s, unsigned int max, int wait_ms, secretscan_found found, void *arg)
{
	struct pollfd p = { .fd = s->w.fd, .events = POLLIN };
	struct timespec ts;
	int now_ms, r = 1;
	uint64_t beat;

	if (wait_ms)
		poll(&p, 1, wait_ms);
	while (r > 0 && max--)
		r = take_one(s, found, arg);
	if (r < 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (int)((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000) & 0x3fffffff;
	beat = __atomic_load_n(&s->w.page->beat, __ATOMIC_RELAXED);
	if (r > 0 || beat != s->beat || !s->stalled_ms) {
		s->beat = beat;
		s->stalled_ms = now_ms ? now_ms : 1;
		return true;
	}
	return now_ms - s->stalled_ms <= SECRETSCAN_STALLED_MS || restart(s);
}

bool secretscan_settled(const struct secretscan *s)
{
	return s->settled;
}

uint64_t secretscan_left_out(const struct secretscan *s)
{
	return s->left_out;
}
