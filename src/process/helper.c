/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the two workers that the agent has while it runs, what they are asked, and which users are not asked about for a while. */
#include "process/helper.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/account.h"
#include "process/procscan.h"
#include "process/procsock.h"
#include "process/worker.h"

#define CUT_NICE 10
#define CUT_BATCH 256              /* requests that are taken together, so that one walk serves many of one process */
#define CUT_REST 10                /* a process that took long to walk through is left alone ten times as long */
#define CUT_RESTING_MAX 64
#define NAME_SERVICE (WORKER_NOBODY - 1) /* in the place of a user: a name service that does not answer is nobody's fault */
#define CUT_SHORT_NS 2000000ull    /* a walk that is no burden */

enum question { ASK_PROCESS, ASK_HELD, ASK_USER };

struct ask {
	uint32_t question;       /* enum question */
	uint32_t tgid;           /* ASK_USER: the uid */
	uint32_t uid;            /* whose object it is */
	uint32_t reserved;
	uint64_t time_ns;
	struct sl_rec_exec image; /* ASK_HELD: without its strings */
};

struct answer {
	uint32_t last;           /* 0: data follows; 1: no more, status */
	int32_t status;
};

struct cut {
	uint32_t tgid, uid;
	uint64_t cookie;
};

struct helper {
	const struct compiled *compiled;   /* that the asked worker knows */
	struct worker ask, cut;
	uint64_t left_out, cuts_left_out;
	uint64_t cut_beat, cut_beat_ns;    /* progress of the cutting worker as last seen */
	struct {
		uint32_t uid;
		uint64_t until_ns;
	} paused[HELPER_PAUSED_MAX];
	size_t paused_next;
	uint64_t fails_since_ns;
	unsigned int fails;
	_Alignas(8) char buf[sizeof(struct answer) + SL_RECORD_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int helper_new(struct helper **ret)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->ask = h->cut = WORKER_NONE;
	*ret = h;
	return 0;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	worker_stop(&h->ask);
	worker_stop(&h->cut);
	free(h);
}

/* ---- in the workers ------------------------------------------------------------------------------------------------- */

static int send_answer(int fd, uint32_t last, int status, const void *data, size_t size)
{
	struct answer head = { .last = last, .status = status };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)(uintptr_t)data, size } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = size ? 2 : 1 };

	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_record(void *arg, const void *record, size_t size)
{
	return send_answer(*(const int *)arg, 0, 0, record, size);
}

static int answer(int fd, const struct ask *q, const struct compiled *c)
{
	static _Alignas(8) char buf[SL_RECORD_MAX];
	static struct account account;
	int r = 0;

	switch ((enum question)q->question) {
	case ASK_PROCESS:
		r = procscan_read("/proc", q->tgid, q->time_ns, buf);
		if (r > 0 && send_answer(fd, 0, 0, buf, (size_t)r))
			_exit(1);
		break;
	case ASK_HELD:
		r = heldscan("/proc", &q->image, c, send_record, &fd);
		break;
	case ASK_USER:
		if (account_by_uid(q->tgid, &account) && send_answer(fd, 0, 0, account.name, strlen(account.name)))
			_exit(1);
		break;
	}
	return send_answer(fd, 1, r, NULL, 0);
}

static void run_ask(struct worker_page *page, int fd, void *arg)
{
	const struct helper *h = arg;
	struct ask q;

	while (recv(fd, &q, sizeof(q), 0) == sizeof(q)) {
		page->uid = q.uid;
		page->busy = 1;
		if (answer(fd, &q, h->compiled))
			return;
		page->busy = 0;
		page->uid = WORKER_NOBODY;
	}
}

/* Processes that were a burden to walk through. */
struct resting {
	uint32_t tgid;
	uint64_t until_ns;
};

static struct resting *rest_of(struct resting *v, uint32_t tgid)
{
	for (size_t i = 0; i < CUT_RESTING_MAX; i++)
		if (v[i].tgid == tgid)
			return &v[i];
	return NULL;
}

/* Resets what is asked of one process, in one walk, and takes those requests out. */
static void cut_process(struct worker_page *page, struct cut *cuts, size_t cnt, struct resting *resting)
{
	uint64_t cookies[HELPER_CUTS_MAX], began = now_ns(), took;
	uint32_t tgid = cuts[0].tgid;
	struct resting *rest = rest_of(resting, tgid);
	bool rests = rest && began < rest->until_ns;
	size_t n = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (cuts[i].tgid != tgid)
			continue;
		cuts[i].tgid = 0;
		if (rests || n == HELPER_CUTS_MAX)
			__atomic_add_fetch(&page->left_out, 1, __ATOMIC_RELAXED);
		else
			cookies[n++] = cuts[i].cookie;
	}
	if (!n)
		return;
	page->uid = cuts[0].uid;
	page->tgid = tgid;
	procsock_reset(page, tgid, cookies, n);
	took = now_ns() - began;
	if (took <= CUT_SHORT_NS)
		return;
	for (size_t i = 0; !rest && i < CUT_RESTING_MAX; i++)
		if (resting[i].until_ns < began)
			rest = &resting[i];
	if (!rest)
		rest = &resting[tgid % CUT_RESTING_MAX];
	*rest = (struct resting){ tgid, now_ns() + CUT_REST * took };
}

static void run_cut(struct worker_page *page, int fd, void *arg)
{
	static struct cut cuts[CUT_BATCH];
	static struct resting resting[CUT_RESTING_MAX];

	(void)arg;
	setpriority(PRIO_PROCESS, 0, CUT_NICE);
	while (recv(fd, &cuts[0], sizeof(cuts[0]), 0) == sizeof(cuts[0])) {
		size_t cnt = 1;

		page->busy = 1;
		while (cnt < CUT_BATCH && recv(fd, &cuts[cnt], sizeof(cuts[0]), MSG_DONTWAIT) == sizeof(cuts[0]))
			cnt++;
		for (size_t i = 0; i < cnt; i++) {
			worker_beat(page);
			if (cuts[i].tgid)
				cut_process(page, cuts + i, cnt - i, resting);
		}
		page->busy = 0;
		page->uid = WORKER_NOBODY;
	}
}

/* ---- in the agent --------------------------------------------------------------------------------------------------- */

static bool is_paused(const struct helper *h, uint32_t uid, uint64_t now)
{
	if (h->fails >= HELPER_FAILS_MAX && now - h->fails_since_ns < HELPER_PAUSE_NS)
		return true;
	for (size_t i = 0; i < HELPER_PAUSED_MAX; i++)
		if (h->paused[i].uid == uid && now < h->paused[i].until_ns)
			return true;
	return worker_user_stuck(uid);
}

static void pause_user(struct helper *h, uint32_t uid)
{
	uint64_t now = now_ns();

	if (now - h->fails_since_ns >= HELPER_PAUSE_NS) {
		h->fails_since_ns = now;
		h->fails = 0;
	}
	h->fails++;
	h->paused[h->paused_next].uid = uid;
	h->paused[h->paused_next].until_ns = now + HELPER_PAUSE_NS;
	h->paused_next = (h->paused_next + 1) % HELPER_PAUSED_MAX;
}

/* The next answer to the question that was asked; bytes behind its head, or -errno. */
static ssize_t next_answer(struct helper *h, uint64_t until_ns)
{
	for (;;) {
		uint64_t now = now_ns();
		struct pollfd p = { .fd = h->ask.fd, .events = POLLIN };
		ssize_t n;

		if (now >= until_ns)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)((until_ns - now) / 1000000u) + 1) <= 0)
			continue;
		n = recv(h->ask.fd, h->buf, sizeof(h->buf), MSG_DONTWAIT);
		if (n < (ssize_t)sizeof(struct answer))
			return -EPIPE; /* it ended */
		return n - (ssize_t)sizeof(struct answer);
	}
}

/*
 * Asks, and gives what is answered to sink. Returns the answer's status, what sink returned if that is negative, or -ETIMEDOUT: there was no
 * answer in time, or this user's objects are left alone for a while.
 */
static int ask(struct helper *h, const struct ask *q, heldscan_sink sink, void *arg)
{
	const struct answer *head = (const struct answer *)h->buf;
	uint64_t now = now_ns();
	ssize_t n = 0;
	int r = 0;

	if (is_paused(h, q->uid, now) || (!h->ask.pid && worker_start(&h->ask, run_ask, h, NULL, 0))) {
		h->left_out++;
		return -ETIMEDOUT;
	}
	if (send(h->ask.fd, q, sizeof(*q), MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(*q))
		n = -EPIPE;
	while (n >= 0 && (n = next_answer(h, now + HELPER_ANSWER_MS * 1000000ull)) >= 0) {
		if (head->last)
			return r < 0 ? r : head->status;
		r = r < 0 ? r : sink(arg, h->buf + sizeof(*head), (size_t)n);
	}
	/* Whose object it was has to wait; the next question gets a worker of its own. */
	pause_user(h, q->uid);
	worker_stop(&h->ask);
	h->left_out++;
	return -ETIMEDOUT;
}

static int take_process(void *arg, const void *record, size_t size)
{
	memcpy(arg, record, size < SL_RECORD_MAX ? size : SL_RECORD_MAX);
	return 0;
}

int helper_read_process(struct helper *h, uint32_t tgid, uint32_t uid, uint64_t time_ns, void *buf)
{
	struct ask q = { .question = ASK_PROCESS, .tgid = tgid, .uid = uid, .time_ns = time_ns };
	int r = ask(h, &q, take_process, buf);

	h->left_out += r > 0 && procscan_argv_unread(buf);
	return r == -ETIMEDOUT ? procscan_read_safely("/proc", tgid, time_ns, buf) : r;
}

int helper_held(struct helper *h, const struct sl_rec_exec *image, const struct compiled *c, heldscan_sink sink, void *arg)
{
	struct ask q = { .question = ASK_HELD, .tgid = image->who.tgid, .uid = image->who.uid, .image = *image };
	int r;

	/* The worker knows the policy that was in force when it began. */
	if (h->compiled != c)
		worker_stop(&h->ask);
	h->compiled = c;
	r = ask(h, &q, sink, arg);
	h->left_out += r == -E2BIG;
	return r == -ETIMEDOUT || r == -E2BIG ? 0 : r;
}

void helper_tables_changed(struct helper *h)
{
	h->compiled = NULL;
}

struct name {
	char *text;
	size_t size;
};

static int take_name(void *arg, const void *bytes, size_t len)
{
	const struct name *name = arg;

	if (len >= name->size)
		len = name->size - 1;
	memcpy(name->text, bytes, len);
	name->text[len] = '\0';
	return 0;
}

bool helper_user_name(struct helper *h, uint32_t uid, char *ret, size_t size)
{
	struct ask q = { .question = ASK_USER, .tgid = uid, .uid = NAME_SERVICE };
	struct name name = { ret, size };

	ret[0] = '\0';
	return !ask(h, &q, take_name, &name) && ret[0];
}

void helper_cut(struct helper *h, uint32_t tgid, uint32_t uid, uint64_t cookie)
{
	const struct cut cut = { .tgid = tgid, .uid = uid, .cookie = cookie };

	if (!worker_user_stuck(uid) && (h->cut.pid || !worker_start(&h->cut, run_cut, NULL, NULL, 0)) &&
	    send(h->cut.fd, &cut, sizeof(cut), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(cut))
		return;
	h->cuts_left_out++;
	/* It ended: the next request gets a new one. A full queue is no end. */
	if (h->cut.pid && errno == EPIPE)
		worker_stop(&h->cut);
}

void helper_tick(struct helper *h, uint64_t now)
{
	uint64_t beat;

	worker_reap();
	if (!h->cut.pid)
		return;
	beat = __atomic_load_n(&h->cut.page->beat, __ATOMIC_RELAXED);
	if (!h->cut.page->busy || beat != h->cut_beat) {
		h->cut_beat = beat;
		h->cut_beat_ns = now;
	} else if (now - h->cut_beat_ns > HELPER_STALLED_NS) {
		/* The request at hand; what waits behind it is in the queue that goes with it. */
		h->cuts_left_out += 1 + h->cut.page->left_out;
		worker_stop(&h->cut);
	}
}

uint64_t helper_take_left_out(struct helper *h, uint64_t *ret_cuts)
{
	uint64_t left_out = h->left_out;

	*ret_cuts = h->cuts_left_out;
	if (h->cut.pid)
		*ret_cuts += __atomic_exchange_n(&h->cut.page->left_out, 0, __ATOMIC_RELAXED);
	h->left_out = h->cuts_left_out = 0;
	return left_out;
}
