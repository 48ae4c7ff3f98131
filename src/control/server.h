/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The control socket: requests to a running agent (control/protocol.h). Root may do everything, other users may subscribe and get the events of
 * their own processes. A process of a session may do nothing.
 *
 * Nobody is waited for. Each connection has a bounded buffer each way; who does not read what it has asked for, sends no whole request in
 * CONTROL_PATIENCE_S seconds or too long a line is dropped, and counted.
 */
#ifndef SLUICE_CONTROL_SERVER_H
#define SLUICE_CONTROL_SERVER_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "control/protocol.h"
#include "report/report.h"

#define CONTROL_CLIENTS 64          /* at a time */
#define CONTROL_ASKS_USER 16        /* requests a second of one client that is not root; more ends it */
#define CONTROL_CLIENTS_USERS 48    /* of them, of users that are not root: root finds room */
#define CONTROL_CLIENTS_USER 8      /* of one such user */
#define CONTROL_WAITING_MAX (1u << 20) /* bytes that a client has not read yet; one event more and it is dropped */
#define CONTROL_PATIENCE_S 10

struct control_config {
	const char *path;           /* of the socket; its folder is made if it is missing. Borrowed */
	/* 0: the process may ask; -errno: it is in a session, or that cannot be found out. */
	int (*may_ask)(void *arg, uint32_t pid);
	/* Appends members of the answer, each with a comma in front. */
	void (*status)(void *arg, struct strbuf *b);
	/* Makes an exception. A negative errno with e filled, or 0. */
	int (*allow)(void *arg, const struct control_request *request, uint32_t uid, struct errmsg *e);
	/* Have the policy loaded again, soon; control_reloaded() then gives the answer. */
	void (*reload)(void *arg);
	void *arg;
};

struct control;
/* Takes the place of a socket that nobody listens to. -EADDRINUSE: another agent does; others as they come, e says which. */
int control_open(const struct control_config *config, struct control **ret, struct errmsg *e);
void control_close(struct control *c);
DEFINE_FREEP(struct control, control_close)

/* Descriptor for epoll: readable when control_serve() has something to do. */
int control_fd(const struct control *c);
void control_serve(struct control *c);

/* Once a second. */
void control_tick(struct control *c);

/* Counts an event, and gives it to those who want it and may have it. Nothing is sent before control_serve(). */
void control_event(struct control *c, const struct report *r);

/* The answer to a reload. why NULL: the policy of that hash decides. */
void control_reloaded(struct control *c, const char *why, const char *hash);

#endif /* SLUICE_CONTROL_SERVER_H */
