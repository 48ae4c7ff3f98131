/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the control socket, who is connected and what waits for them. Knows nothing of what the agent does: it is asked through struct
 * control_config. Runs in the agent's thread, so nothing here blocks.
 */
#include "control/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "event/event.h"
#include "output/json.h"
#include "output/output.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  /* since Linux 6.5 */
#endif

#define VERDICTS (SL_ACTION_BLOCK + 2)  /* by SL_ACTION_*; the last: none */
#define READY_MAX 32
#define BACKLOG 64

struct client {
	struct client *next;     /* of those that are gone */
	int fd;
	uint32_t uid;
	char in[CONTROL_LINE_MAX];
	size_t in_len;
	struct strbuf out;
	size_t sent;             /* of out */
	bool gone;               /* dropped; freed when nothing can refer to it any more */
	bool subscriber, wants_reload, last; /* last: it goes when all is sent */
	bool armed;              /* epoll says when it takes more */
	uint32_t kinds;
	uint8_t verdict;
	unsigned int idle_s;
	unsigned int asked;      /* requests since the last second */
};

struct control {
	struct control_config config;
	struct client *clients[CONTROL_CLIENTS];
	struct client *gone;     /* by `next` */
	char path[CONTROL_PATH_SIZE];
	dev_t dev;
	ino_t ino;
	int listener, epoll;
	unsigned int subscribers;
	struct strbuf line;      /* of the event that is given out */
	uint64_t events[_REPORT_KIND_MAX][VERDICTS];
	uint64_t losses[_SL_LOSS_MAX];
	uint64_t refused, dropped, requests;
};

/* ---- clients ----------------------------------------------------------------------------------------------------------- */

static void drop(struct control *c, struct client *q)
{
	if (q->gone)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i] == q)
			c->clients[i] = NULL;
	c->subscribers -= q->subscriber;
	/* Closing is not enough: a worker that was just forked may have it too, and epoll would go on with what is freed. */
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, q->fd, NULL);
	close(q->fd);
	strbuf_done(&q->out);
	q->gone = true;
	q->next = c->gone;
	c->gone = q;
}

/* An event that is given out may drop any client in the middle of another one's request: their memory stays until the round is over. */
static void bury(struct control *c)
{
	while (c->gone) {
		struct client *q = c->gone;

		c->gone = q->next;
		free(q);
	}
}

static void arm(struct control *c, struct client *q, bool out)
{
	struct epoll_event ev = { .events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = q };

	if (q->armed != out)
		epoll_ctl(c->epoll, EPOLL_CTL_MOD, q->fd, &ev);
	q->armed = out;
}

/* Sends what waits as far as the socket takes it. False: the client is gone. */
static bool flush(struct control *c, struct client *q)
{
	while (q->sent < q->out.len) {
		ssize_t n = send(q->fd, q->out.data + q->sent, q->out.len - q->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			q->sent += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			arm(c, q, true);
			return true;
		}
		drop(c, q);
		return false;
	}
	strbuf_reset(&q->out);
	q->sent = 0;
	arm(c, q, false);
	if (q->last)
		drop(c, q);
	return !q->last;
}

/* Queues a whole line. False: there is no room, or no memory, and the client is gone. */
static bool give(struct control *c, struct client *q, const char *line, size_t len)
{
	if (q->sent && q->sent == q->out.len) {
		strbuf_reset(&q->out);
		q->sent = 0;
	}
	if (q->sent > CONTROL_WAITING_MAX / 4) {
		memmove(q->out.data, q->out.data + q->sent, q->out.len - q->sent + 1);
		q->out.len -= q->sent;
		q->sent = 0;
	}
	if (q->out.len - q->sent + len <= CONTROL_WAITING_MAX)
		strbuf_add(&q->out, line, len);
	else
		q->out.failed = true;
	if (strbuf_ok(&q->out))
		return true;
	c->dropped++;
	drop(c, q);
	return false;
}

static bool answer(struct control *c, struct client *q, struct strbuf *b)
{
	bool there;

	strbuf_adds(b, "}\n");
	if (!strbuf_ok(b)) {
		c->dropped++;
		drop(c, q);
		there = false;
	} else {
		there = give(c, q, strbuf_str(b), b->len) && flush(c, q);
	}
	strbuf_done(b);
	return there;
}

static bool answer_error(struct control *c, struct client *q, const char *why)
{
	struct strbuf b = STRBUF_INIT;

	strbuf_adds(&b, "{\"ok\":false,\"error\":");
	json_str(&b, why);
	return answer(c, q, &b);
}

/* ---- requests ---------------------------------------------------------------------------------------------------------- */

static void add_metrics(const struct control *c, struct strbuf *b)
{
	const char *before = "";

	strbuf_adds(b, ",\"events\":[");
	for (enum report_kind k = REPORT_FILE_OPEN; k < _REPORT_KIND_MAX; k++) {
		for (unsigned int v = 0; v < VERDICTS; v++) {
			if (!c->events[k][v])
				continue;
			strbuf_addf(b, "%s{\"kind\":\"%s\",\"verdict\":", before, report_kind_name(k));
			json_str_or_null(b, v < VERDICTS - 1 ? event_action_name(v) : NULL);
			strbuf_addf(b, ",\"count\":%llu}", (unsigned long long)c->events[k][v]);
			before = ",";
		}
	}
	strbuf_adds(b, "],\"losses\":[");
	before = "";
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++) {
		if (!c->losses[i])
			continue;
		strbuf_addf(b, "%s{\"reason\":\"%s\",\"count\":%llu}", before, event_loss_name(i), (unsigned long long)c->losses[i]);
		before = ",";
	}
	strbuf_addf(b, "],\"subscribers\":%u,\"requests\":%llu,\"clients_refused\":%llu,\"clients_dropped\":%llu", c->subscribers,
		    (unsigned long long)c->requests, (unsigned long long)c->refused, (unsigned long long)c->dropped);
}

/* What people want to know at a glance. */
static void add_sums(const struct control *c, struct strbuf *b)
{
	uint64_t events = 0, alerts = 0, lost = 0;

	for (enum report_kind k = REPORT_FILE_OPEN; k < _REPORT_KIND_MAX; k++) {
		for (unsigned int v = 0; v < VERDICTS; v++)
			events += c->events[k][v];
		alerts += c->events[k][SL_ACTION_ALERT] + c->events[k][SL_ACTION_BLOCK];
	}
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++)
		lost += c->losses[i];
	strbuf_addf(b, ",\"events\":%llu,\"alerts\":%llu,\"lost\":%llu,\"subscribers\":%u", (unsigned long long)events,
		    (unsigned long long)alerts, (unsigned long long)lost, c->subscribers);
}

static bool serve_status(struct control *c, struct client *q, bool metrics)
{
	struct strbuf b = STRBUF_INIT;

	strbuf_adds(&b, "{\"ok\":true");
	if (metrics) {
		add_metrics(c, &b);
	} else {
		c->config.status(c->config.arg, &b);
		add_sums(c, &b);
	}
	return answer(c, q, &b);
}

static bool serve_allow(struct control *c, struct client *q, const struct control_request *request)
{
	struct strbuf b = STRBUF_INIT;
	struct errmsg e = { 0 };

	if (c->config.allow(c->config.arg, request, q->uid, &e) < 0)
		return !q->gone && answer_error(c, q, e.text);
	/* Its own event may have been one too many for who asked. */
	if (q->gone)
		return false;
	strbuf_adds(&b, "{\"ok\":true");
	return answer(c, q, &b);
}

static bool serve_subscribe(struct control *c, struct client *q, const struct control_request *request)
{
	struct strbuf b = STRBUF_INIT;

	c->subscribers += !q->subscriber;
	q->subscriber = true;
	q->kinds = request->kinds;
	q->verdict = request->verdict;
	strbuf_adds(&b, "{\"ok\":true");
	return answer(c, q, &b);
}

static bool serve_request(struct control *c, struct client *q, const char *line, size_t len)
{
	struct control_request request;
	struct errmsg e = { 0 };

	c->requests++;
	q->idle_s = 0;
	if (q->uid && ++q->asked > CONTROL_ASKS_USER) {
		c->dropped++;
		drop(c, q);
		return false;
	}
	if (control_parse(line, len, &request, &e) < 0)
		return answer_error(c, q, e.text);
	if (request.verb != CONTROL_SUBSCRIBE && q->uid != 0)
		return answer_error(c, q, "only root may ask for that: another user may subscribe to events of their own processes");
	switch (request.verb) {
	case CONTROL_STATUS:
	case CONTROL_METRICS:
		return serve_status(c, q, request.verb == CONTROL_METRICS);
	case CONTROL_ALLOW:
		return serve_allow(c, q, &request);
	case CONTROL_SUBSCRIBE:
		return serve_subscribe(c, q, &request);
	case CONTROL_RELOAD:
		q->wants_reload = true;
		c->config.reload(c->config.arg);
		break;
	}
	return true;
}

/* All lines that are whole. What is behind them waits. */
static bool serve_lines(struct control *c, struct client *q)
{
	size_t at = 0;

	for (;;) {
		const char *end = memchr(q->in + at, '\n', q->in_len - at);

		if (!end)
			break;
		if (!serve_request(c, q, q->in + at, (size_t)(end - (q->in + at))))
			return false;
		at = (size_t)(end - q->in) + 1;
	}
	memmove(q->in, q->in + at, q->in_len - at);
	q->in_len -= at;
	return true;
}

/* One read: who sends without end takes turns with the others. */
static void serve_input(struct control *c, struct client *q)
{
	ssize_t n = recv(q->fd, q->in + q->in_len, sizeof(q->in) - q->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c, q);
		return;
	}
	q->in_len += (size_t)n;
	if (!serve_lines(c, q) || q->in_len < sizeof(q->in))
		return;
	c->dropped++;
	q->last = true;
	q->in_len = 0;
	answer_error(c, q, "the line is too long");
}

/* ---- connections ------------------------------------------------------------------------------------------------------- */

/* The process that connected, so that no other can get its number meanwhile; before Linux 6.5 by that number. */
static int peer_pidfd(int fd, pid_t pid)
{
	socklen_t len = sizeof(int);
	int pidfd = -1;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len))
		return pidfd;
	return errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static bool has_room(const struct control *c, uint32_t uid, size_t *ret)
{
	size_t users = 0, own = 0;

	*ret = CONTROL_CLIENTS;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		if (!c->clients[i]) {
			*ret = i;
			continue;
		}
		users += c->clients[i]->uid != 0;
		own += c->clients[i]->uid == uid;
	}
	return *ret < CONTROL_CLIENTS && (!uid || (users < CONTROL_CLIENTS_USERS && own < CONTROL_CLIENTS_USER));
}

static const char *refusal(struct control *c, int fd, uint32_t *ret_uid, size_t *ret_slot)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	cleanup_close int pidfd = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return "who asks is not known";
	*ret_uid = peer.uid;
	if (!has_room(c, peer.uid, ret_slot))
		return "there are too many connections";
	pidfd = peer_pidfd(fd, peer.pid);
	if (peer.pid <= 0 || pidfd < 0)
		return "who asks is gone";
	if (c->config.may_ask(c->config.arg, (uint32_t)peer.pid))
		return "no process of a session may ask";
	/* What was found by its number is of that process only if it still has it. */
	return poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0) ? "who asks is gone" : NULL;
}

static void connect_one(struct control *c, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct client *q;
	uint32_t uid;
	size_t slot;
	const char *why = refusal(c, fd, &uid, &slot);

	q = why ? NULL : calloc(1, sizeof(*q));
	if (q) {
		q->fd = fd;
		q->uid = uid;
		ev.data.ptr = q;
		if (!epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev)) {
			c->clients[slot] = q;
			return;
		}
		free(q);
	}
	c->refused++;
	if (why) {
		struct strbuf b = STRBUF_INIT;

		strbuf_adds(&b, "{\"ok\":false,\"error\":");
		json_str(&b, why);
		strbuf_adds(&b, "}\n");
		/* An empty buffer takes it; if not, the connection just ends. */
		if (strbuf_ok(&b) && send(fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			c->dropped++;
		strbuf_done(&b);
	}
	close(fd);
}

static void serve_listener(struct control *c)
{
	for (int i = 0; i < BACKLOG; i++) {
		int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		connect_one(c, fd);
	}
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

void control_serve(struct control *c)
{
	struct epoll_event ev[READY_MAX];
	int n = epoll_wait(c->epoll, ev, READY_MAX, 0);

	for (int i = 0; i < n; i++) {
		struct client *q = ev[i].data.ptr;

		if (!q)
			serve_listener(c);
		else if (q->gone)
			continue;
		else if (ev[i].events & EPOLLIN)
			serve_input(c, q);
		else if (ev[i].events & EPOLLOUT)
			flush(c, q);
		else
			drop(c, q);
	}
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i] && c->clients[i]->out.len && !c->clients[i]->armed)
			flush(c, c->clients[i]);
	bury(c);
}

void control_tick(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *q = c->clients[i];

		if (q)
			q->asked = 0;
		if (!q || q->wants_reload || (q->subscriber && !q->in_len && q->out.len == q->sent))
			continue;
		/* A subscriber that reads nothing has the room of its buffer instead of a time. */
		if (q->subscriber && !q->in_len)
			continue;
		if (++q->idle_s <= CONTROL_PATIENCE_S)
			continue;
		c->dropped++;
		drop(c, q);
	}
}

/* ---- events ------------------------------------------------------------------------------------------------------------ */

static bool wants(const struct client *q, const struct report *r)
{
	if (!q->subscriber || (q->kinds && !(q->kinds >> r->kind & 1)))
		return false;
	if (q->verdict && (!r->verdict || r->action < q->verdict) && r->kind != REPORT_INCIDENT)
		return false;
	/* Losses, modes and policies are of no user, and an incident can hold what processes of others read: for root alone. */
	return !q->uid || (q->uid == report_user(r) && r->kind != REPORT_INCIDENT);
}

void control_event(struct control *c, const struct report *r)
{
	c->events[r->kind][r->verdict ? r->action : VERDICTS - 1] += r->repeats ? r->repeats : 1;
	if (r->kind == REPORT_LOSS && r->loss.number < _SL_LOSS_MAX)
		c->losses[r->loss.number] += r->loss.count;
	strbuf_reset(&c->line);
	for (size_t i = 0; c->subscribers && i < CONTROL_CLIENTS; i++) {
		if (!c->clients[i] || !wants(c->clients[i], r))
			continue;
		if (!c->line.len)
			output_json_format(&c->line, r);
		if (strbuf_ok(&c->line))
			give(c, c->clients[i], strbuf_str(&c->line), c->line.len);
	}
}

void control_reloaded(struct control *c, const char *why, const char *hash)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *q = c->clients[i];
		struct strbuf b = STRBUF_INIT;

		if (!q || !q->wants_reload)
			continue;
		q->wants_reload = false;
		if (why) {
			answer_error(c, q, why);
			continue;
		}
		strbuf_adds(&b, "{\"ok\":true,\"policy\":");
		json_str(&b, hash);
		answer(c, q, &b);
	}
}

/* ---- the socket -------------------------------------------------------------------------------------------------------- */

/* Root's folder, where nobody else can put a socket. */
static int make_folder(const char *path, struct errmsg *e)
{
	char dir[CONTROL_PATH_SIZE];
	char *slash;
	struct stat st;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	for (slash = dir + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST && errno != EROFS)
			return errmsg_set(e, -errno, "cannot make %s: %s", dir, strerror(errno));
		*slash = '/';
	}
	if (mkdir(dir, 0755) && errno != EEXIST)
		return errmsg_set(e, -errno, "cannot make %s: %s", dir, strerror(errno));
	if (lstat(dir, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return errmsg_set(e, -EPERM, "%s is not a folder that only its owner can change", dir);
	/* The umask of a service may have closed it. */
	if (!(st.st_mode & 05) && chmod(dir, 0755))
		return errmsg_set(e, -errno, "cannot open %s to users: %s", dir, strerror(errno));
	return 0;
}

static int listen_at(struct control *c, struct errmsg *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	cleanup_close int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", c->path);
	/* Full or not: somebody is there. */
	if (probe < 0 || !connect(probe, (const struct sockaddr *)&at, sizeof(at)) || errno == EAGAIN)
		return errmsg_set(e, -EADDRINUSE, "another agent listens at %s", c->path);
	unlink(c->path);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->listener < 0 || bind(c->listener, (const struct sockaddr *)&at, sizeof(at)) || chmod(c->path, 0666) ||
	    listen(c->listener, BACKLOG) || lstat(c->path, &st))
		return errmsg_set(e, -errno, "cannot listen at %s: %s", c->path, strerror(errno));
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	return 0;
}

int control_open(const struct control_config *config, struct control **ret, struct errmsg *e)
{
	cleanup_(control_closep) struct control *c = calloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN };
	int r;

	if (!c)
		return errmsg_set(e, -ENOMEM, "out of memory");
	c->config = *config;
	c->listener = c->epoll = -1;
	snprintf(c->path, sizeof(c->path), "%s", config->path);
	r = make_folder(c->path, e);
	r = r < 0 ? r : listen_at(c, e);
	if (r < 0)
		return r;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &ev))
		return errmsg_set(e, -errno, "cannot watch %s: %s", c->path, strerror(errno));
	*ret = take_ptr(c);
	return 0;
}

void control_close(struct control *c)
{
	struct stat st;

	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i])
			drop(c, c->clients[i]);
	bury(c);
	/* Not one that another agent has made since. */
	if (c->ino && !lstat(c->path, &st) && st.st_dev == c->dev && st.st_ino == c->ino)
		unlink(c->path);
	if (c->listener >= 0)
		close(c->listener);
	if (c->epoll >= 0)
		close(c->epoll);
	strbuf_done(&c->line);
	free(c);
}
