/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: child processes for work that may never end, and the list of those that were given up. Knows nothing of the work. */
#include "process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/close_range.h"

#define STUCK_AFTER_NS 1000000000ull /* between SIGKILL and the conclusion that it does not help */
#define STEP_MS 20

/* Children that were killed and have not been collected yet. One thread uses it, as all of the agent. */
static struct {
	pid_t pid;
	uint32_t uid;
	uint64_t killed_ns;
} given_up[WORKERS_STUCK_MAX + 8]; /* and those that are running at the bound */
static size_t given_up_cnt;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

size_t worker_reap(void)
{
	uint64_t now = now_ns();
	size_t stuck = 0;

	for (size_t i = 0; i < given_up_cnt;) {
		if (waitpid(given_up[i].pid, NULL, WNOHANG) != 0) {
			given_up[i] = given_up[--given_up_cnt];
			continue;
		}
		stuck += now - given_up[i].killed_ns > STUCK_AFTER_NS;
		i++;
	}
	return stuck;
}

bool worker_user_stuck(uint32_t uid)
{
	size_t cnt = 0;

	worker_reap();
	for (size_t i = 0; i < given_up_cnt; i++)
		cnt += given_up[i].uid == uid;
	return uid != WORKER_NOBODY && cnt >= WORKERS_STUCK_PER_USER;
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* Closes all descriptors but these. */
static void close_others(int *keep, size_t cnt)
{
	unsigned int from = 0;

	qsort(keep, cnt, sizeof(*keep), by_value);
	for (size_t i = 0; i < cnt; i++) {
		if ((unsigned int)keep[i] > from)
			close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	close_range(from, ~0u, 0);
}

static _Noreturn void child(struct worker_page *page, int fd, worker_fn fn, void *arg, const int *keep, size_t keep_cnt, pid_t parent)
{
	int kept[64] = { fd };
	size_t cnt = 1;
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (size_t i = 0; i < keep_cnt && cnt < ARRAY_SIZE(kept); i++)
		if (keep[i] >= 0)
			kept[cnt++] = keep[i];
	close_others(kept, cnt);
	/* Libraries may write to these, and must not write to what is opened first. */
	while ((null = open("/dev/null", O_RDWR)) >= 0 && null <= STDERR_FILENO)
		;
	if (null > STDERR_FILENO)
		close(null);
	prctl(PR_SET_NAME, "sluice-worker");
	fn(page, fd, arg);
	_exit(0);
}

int worker_start(struct worker *w, worker_fn fn, void *arg, const int *keep, size_t keep_cnt)
{
	pid_t parent = getpid();
	int ends[2];
	struct worker_page *page;
	pid_t pid;

	worker_reap();
	if (given_up_cnt >= WORKERS_STUCK_MAX)
		return -EBUSY;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	page->uid = WORKER_NOBODY;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		munmap(page, sizeof(*page));
		return -errno;
	}
	pid = fork();
	if (!pid)
		child(page, ends[1], fn, arg, keep, keep_cnt, parent);
	close(ends[1]);
	if (pid < 0) {
		int err = -errno;

		close(ends[0]);
		munmap(page, sizeof(*page));
		return err;
	}
	*w = (struct worker){ .pid = pid, .fd = ends[0], .page = page };
	return 0;
}

void worker_stop(struct worker *w)
{
	if (!w->pid)
		return;
	kill(w->pid, SIGKILL);
	close(w->fd);
	if (waitpid(w->pid, NULL, WNOHANG) == 0 && given_up_cnt < ARRAY_SIZE(given_up)) {
		given_up[given_up_cnt].pid = w->pid;
		given_up[given_up_cnt].uid = w->page->uid;
		given_up[given_up_cnt++].killed_ns = now_ns();
	}
	munmap(w->page, sizeof(*w->page));
	*w = WORKER_NONE;
}

bool worker_wait(struct worker *w, int patience_ms)
{
	uint64_t beat = __atomic_load_n(&w->page->beat, __ATOMIC_RELAXED);
	int left = patience_ms;

	while (left > 0) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		uint64_t at;

		/* Its end of the socket is closed when it has ended. */
		if (poll(&p, 1, STEP_MS) > 0)
			return true;
		at = __atomic_load_n(&w->page->beat, __ATOMIC_RELAXED);
		left = at == beat ? left - STEP_MS : patience_ms;
		beat = at;
	}
	return false;
}
