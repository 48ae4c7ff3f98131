/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the writer's process, its loop and when it writes. What is written is store.c's. */
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/close_range.h"

#define BATCH_BYTES (4u << 20)         /* that are written at once, at most: a slow disk takes few batches a second */
#define BATCH_NS 500000000ull          /* that ordinary rows wait for others */
#define RETRY_MS 1000
#define TRIM_NS (60ull * 1000000000)
#define MARK_NS (600ull * 1000000000)
#define SETTLE_BYTES (8ull << 20)      /* of the log: moved into the file even while rows come */
#define LOG_MAX (256ull << 20)         /* a reader holds the log: nothing is added to it until that ends */
#define SOCKET_BYTES (1 << 20)
#define LAST_TRIES 5                   /* at the end, a second each */

/* Shared with the agent. */
struct page {
	uint64_t lost;
};
static struct page *shared; /* one writer for each agent; survives its restarts */

struct writing {
	struct store_config config;
	struct store *store;
	int rows, reports;
	char *in;                  /* frames that are not written yet */
	size_t len, whole;         /* bytes there; of which in whole frames that belong to the next batch */
	bool urgent, ended;
	uint64_t since_ns;         /* when the oldest of them came */
	uint64_t trimmed_ns, marked_ns;
	struct store_report said;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- in the process -------------------------------------------------------------------------------------------------- */

static void say(struct writing *w)
{
	struct store_state state;

	if (w->store) {
		store_state(w->store, &state);
		w->said.bytes = state.bytes;
		w->said.deleted = state.deleted;
		w->said.last_n = state.last_n;
		memcpy(w->said.head, state.head, sizeof(w->said.head));
	}
	/* An agent that does not listen gets the next one: each says everything. */
	(void)!send(w->reports, &w->said, sizeof(w->said), MSG_DONTWAIT | MSG_NOSIGNAL);
	w->said.marked = 0;
}

static void fail(struct writing *w, int err, const struct errmsg *e)
{
	if (w->said.err == err)
		return;
	w->said.err = err;
	snprintf(w->said.text, sizeof(w->said.text), "%.254s", e->text);
	say(w);
}

/* A damaged file makes room for a new one, whose first row says so. */
static int reset(struct writing *w, const struct errmsg *why)
{
	struct errmsg e = { 0 };
	char text[320];
	int err;

	store_close(w->store);
	w->store = NULL;
	err = store_move_aside(w->config.path);
	err = err ? err : store_open(&w->config, &w->store, &e);
	if (err)
		return err;
	snprintf(text, sizeof(text), "a damaged file was moved aside (events.db.damaged-1) and a new one begun: %.200s", why->text);
	err = store_say(w->store, "store.reset", text, &e);
	w->said.resets++;
	w->said.err = 0;
	snprintf(w->said.text, sizeof(w->said.text), "%.254s", text);
	say(w);
	return err;
}

/* 0: there is a store to write to. */
static int need_store(struct writing *w)
{
	struct errmsg e = { 0 };
	int err;

	if (w->store)
		return 0;
	err = store_open(&w->config, &w->store, &e);
	if (err == -EBADMSG)
		err = reset(w, &e);
	else if (!err)
		err = store_mark(w->store, "start", __atomic_load_n(&shared->lost, __ATOMIC_RELAXED), &e);
	if (err)
		fail(w, err, &e);
	return err;
}

static int failed(struct writing *w, int err, const struct errmsg *e)
{
	if (err == -EBADMSG)
		return reset(w, e) ? err : -EAGAIN; /* written again, into the new file */
	fail(w, err, e);
	/* What SQLite knows of a file that went away under it is not trusted: it is opened again. */
	if (err == -EIO || err == -EROFS) {
		store_close(w->store);
		w->store = NULL;
	}
	return err;
}

/* Writes the batch. On an error it stays for the next try. */
static int write_batch(struct writing *w)
{
	struct errmsg e = { 0 };
	size_t rows = 0, frames = 0;
	struct store_row row;
	int err = need_store(w);

	if (err || !w->whole)
		return err;
	if (store_log_bytes(w->store) > LOG_MAX) {
		store_settle(w->store);
		if (store_log_bytes(w->store) > LOG_MAX) {
			errmsg_set(&e, -EBUSY, "%s-wal is full: somebody reads the store for too long", w->config.path);
			return failed(w, -EBUSY, &e);
		}
	}
	for (size_t at = 0; at < w->whole; frames++)
		at += (size_t)store_row_get(w->in + at, w->whole - at, &row);
	err = store_append(w->store, w->in, w->whole, w->urgent, &rows, &e);
	if (err)
		return failed(w, err, &e);
	memmove(w->in, w->in + w->whole, w->len - w->whole);
	w->len -= w->whole;
	w->whole = 0;
	w->urgent = false;
	w->said.rows += frames;
	w->said.err = 0;
	w->said.text[0] = '\0';
	say(w);
	if (store_log_bytes(w->store) > SETTLE_BYTES)
		store_settle(w->store);
	return 0;
}

/* Finds the whole frames among the bytes. A socket between the two of us does not damage any: then it is our fault, and we end. */
static void find_frames(struct writing *w)
{
	struct store_row row;
	long size;

	while ((size = store_row_get(w->in + w->whole, w->len - w->whole, &row)) > 0) {
		if (!w->whole)
			w->since_ns = now_ns();
		w->whole += (size_t)size;
		w->urgent |= row.urgent;
	}
	if (size < 0)
		_exit(1);
}

static void receive(struct writing *w)
{
	while (w->len < BATCH_BYTES) {
		ssize_t n = recv(w->rows, w->in + w->len, BATCH_BYTES - w->len, MSG_DONTWAIT);

		if (n > 0)
			w->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else {
			w->ended |= n == 0 || errno != EAGAIN;
			break;
		}
	}
	find_frames(w);
}

static void mark(struct writing *w, const char *reason)
{
	struct errmsg e = { 0 };
	int err = need_store(w);

	err = err ? err : store_mark(w->store, reason, __atomic_load_n(&shared->lost, __ATOMIC_RELAXED), &e);
	w->marked_ns = now_ns();
	if (err) {
		failed(w, err, &e);
		return;
	}
	w->said.marked = 1;
	say(w);
}

/* The time, by which rows age. A clock that was set forward ages nothing out: at most a day more than has passed since the first call. */
static uint64_t believed_ns(void)
{
	static uint64_t begun_ns, begun_boot_ns;
	struct timespec now, boot;
	uint64_t wall_ns, boot_ns, most;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	wall_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	boot_ns = (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec;
	if (!begun_ns) {
		begun_ns = wall_ns;
		begun_boot_ns = boot_ns;
	}
	most = begun_ns + (boot_ns - begun_boot_ns) + 86400ull * 1000000000u;
	return wall_ns < most ? wall_ns : most;
}

/* What is due when no rows wait. */
static void tend(struct writing *w)
{
	struct errmsg e = { 0 };
	uint64_t now = now_ns();
	int r = 1;

	if (!w->store)
		return;
	if (now - w->trimmed_ns > TRIM_NS) {
		/* A piece at a time: rows that come meanwhile are not kept waiting. */
		r = store_trim(w->store, believed_ns(), &e);
		if (r <= 0)
			w->trimmed_ns = now;
		if (r < 0)
			failed(w, r, &e);
	}
	if (w->store && now - w->marked_ns > MARK_NS)
		mark(w, "tick");
	if (w->store && store_log_bytes(w->store))
		store_settle(w->store);
}

static int wait_ms(const struct writing *w)
{
	uint64_t age = now_ns() - w->since_ns;

	if (!w->whole)
		return 1000;
	return w->urgent || age >= BATCH_NS ? 0 : (int)((BATCH_NS - age) / 1000000) + 1;
}

/* Waits without taking more: what the sender has waits with the sender, which says what is lost. */
static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static void finish(struct writing *w)
{
	for (int i = 0; i < LAST_TRIES && write_batch(w); i++)
		pause_ms(RETRY_MS);
	if (!w->whole && w->store)
		mark(w, "stop");
	if (w->store)
		store_settle(w->store);
	store_close(w->store);
	_exit(w->whole ? 1 : 0);
}

static _Noreturn void writer_main(const struct store_config *config, int rows, int reports)
{
	struct writing w = { .config = *config, .rows = rows, .reports = reports, .in = malloc(BATCH_BYTES + STORE_FRAME_MAX),
			     .marked_ns = now_ns() };
	struct pollfd p = { .fd = rows, .events = POLLIN };

	if (!w.in)
		_exit(1);
	(void)believed_ns();
	(void)need_store(&w); /* an error is said, and tried again */
	say(&w);
	for (;;) {
		int ready = poll(&p, 1, wait_ms(&w));

		if (ready > 0 && p.revents)
			receive(&w);
		if (w.ended)
			finish(&w); /* half a frame is of an agent that was killed while it sent one */
		if (w.whole && (w.urgent || w.len >= BATCH_BYTES / 4 || now_ns() - w.since_ns >= BATCH_NS)) {
			if (write_batch(&w))
				pause_ms(RETRY_MS);
			if (now_ns() - w.trimmed_ns > 2 * TRIM_NS)
				tend(&w); /* a flood must not keep the bounds from being held */
		} else if (!w.whole && ready == 0) {
			if (need_store(&w) == 0)
				tend(&w);
		}
	}
}

/* ---- in the agent ---------------------------------------------------------------------------------------------------- */

static _Noreturn void child(const struct store_config *config, int rows, int reports)
{
	int low = rows < reports ? rows : reports, high = rows < reports ? reports : rows, null;
	sigset_t ours;

	/* Ctrl-C is for the agent; this ends when the agent's end of the socket is closed. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_SETMASK, &ours, NULL);
	if (low > 0)
		close_range(0, (unsigned int)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0u, 0);
	while ((null = open("/dev/null", O_RDWR)) >= 0 && null <= STDERR_FILENO)
		;
	if (null > STDERR_FILENO)
		close(null);
	prctl(PR_SET_NAME, "sluice-store");
	umask(0077);
#ifdef __GLIBC__
	malloc_trim(0); /* what the agent had freed is not kept twice */
#endif
	writer_main(config, rows, reports);
}

int store_writer_start(struct store_writer *w, const struct store_config *config)
{
	int rows[2], reports[2], size = SOCKET_BYTES;
	pid_t pid;

	*w = STORE_WRITER_NONE;
	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED) {
			shared = NULL;
			return -errno;
		}
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, rows))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, reports)) {
		int err = -errno;

		close(rows[0]);
		close(rows[1]);
		return err;
	}
	/* A larger one saves turns; without the privilege the usual size does. */
	if (setsockopt(rows[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(rows[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = fork();
	if (!pid)
		child(config, rows[1], reports[1]);
	close(rows[1]);
	close(reports[1]);
	if (pid < 0) {
		int err = -errno;

		close(rows[0]);
		close(reports[0]);
		return err;
	}
	*w = (struct store_writer){ .pid = pid, .rows = rows[0], .reports = reports[0] };
	return 0;
}

int store_writer_poll(struct store_writer *w)
{
	struct store_report r;
	ssize_t n;

	if (!w->pid)
		return -EPIPE;
	n = recv(w->reports, &r, sizeof(r), MSG_DONTWAIT);
	if (n == sizeof(r)) {
		w->last = r;
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return -EPIPE;
}

void store_writer_set_lost(struct store_writer *w, uint64_t lost)
{
	(void)w;
	if (shared)
		__atomic_store_n(&shared->lost, lost, __ATOMIC_RELAXED);
}

int store_writer_finish(struct store_writer *w, uint64_t rows, int patience_ms)
{
	uint64_t until = now_ns() + (uint64_t)patience_ms * 1000000u;
	bool ended = false;

	if (!w->pid)
		return 0;
	shutdown(w->rows, SHUT_WR);
	while (!ended && now_ns() < until) {
		struct pollfd p = { .fd = w->reports, .events = POLLIN };
		int r;

		poll(&p, 1, 50);
		while ((r = store_writer_poll(w)) > 0)
			;
		ended = r < 0;
	}
	if (ended)
		waitpid(w->pid, NULL, 0);
	return ended && w->last.rows >= rows ? 0 : -ETIMEDOUT;
}

void store_writer_done(struct store_writer *w)
{
	if (w->pid)
		waitpid(w->pid, NULL, WNOHANG);
	if (w->rows >= 0)
		close(w->rows);
	if (w->reports >= 0)
		close(w->reports);
	*w = STORE_WRITER_NONE;
}
