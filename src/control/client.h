/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The other end of the control socket, for commands. Waits, unlike the server. */
#ifndef SLUICE_CONTROL_CLIENT_H
#define SLUICE_CONTROL_CLIENT_H

#include "base/strbuf.h"
#include "control/protocol.h"

/* A descriptor, or -ENOENT, -ECONNREFUSED: no agent listens there; other errors as they come, and e says which. */
int control_connect(const char *path, struct errmsg *e);

/*
 * Sends a request (one line, without its newline) and waits for the answer. -ETIME; -EPIPE: the agent ended the connection; -EBADMSG: what
 * came is no answer. e says which. An answer that says no is 0: look at ret->ok.
 */
int control_ask(int fd, const char *request, int timeout_ms, struct control_answer *ret, struct errmsg *e);

#endif /* SLUICE_CONTROL_CLIENT_H */
