/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What is said over the control socket: one JSON object a line each way. A request names what to do:
 *
 *   {"do":"status"}
 *   {"do":"metrics"}
 *   {"do":"reload"}                                    answered when the new policy decides, or with why it does not
 *   {"do":"allow","path":P,"dev":N,"inode":N,"seconds":N,"tool":T}   "path_hex" for a path that is not UTF-8; "tool" may be left out
 *   {"do":"subscribe","kinds":[K,...],"verdict":V}     events from now on; both are filters and may be left out
 *
 * An answer has "ok": true, or false and "error". Behind the answer to subscribe each line is an event (`sluice schema`).
 */
#ifndef SLUICE_CONTROL_PROTOCOL_H
#define SLUICE_CONTROL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errmsg.h"
#include "exception.h"

#define CONTROL_DIR "/run/sluice"
#define CONTROL_PATH_SIZE 108         /* of struct sockaddr_un */
#define CONTROL_LINE_MAX 16384        /* bytes of a request with its newline; more ends the connection */
#define CONTROL_SECONDS_MAX 86400

/* Where the agent that pins in the folder `root` listens: /run/sluice/control, or control-NAME if the folder is not named "sluice". */
void control_path(const char *root, char ret[CONTROL_PATH_SIZE]);

enum control_verb {
	CONTROL_STATUS = 1,
	CONTROL_METRICS,
	CONTROL_RELOAD,
	CONTROL_ALLOW,
	CONTROL_SUBSCRIBE,
};

struct control_request {
	enum control_verb verb;
	char path[SL_EXCEPTION_PATH];      /* allow */
	char tool[SL_EXCEPTION_TOOL];      /* "": all */
	uint64_t dev, inode, seconds;
	uint32_t kinds;                    /* subscribe: bit per enum report_kind; 0: all */
	uint8_t verdict;                   /* subscribe: SL_ACTION_*, at least; 0: all, also those without */
};

/*
 * One line without its newline. -EBADMSG: no JSON object of these; -EINVAL: a member that is missing, unknown or out of its range; e says which.
 * *ret is untouched then. Every byte may be hostile.
 */
int control_parse(const char *line, size_t len, struct control_request *ret, struct errmsg *e);

/* What a client needs of an answer; what it does not have is 0 or "". */
struct control_answer {
	bool ok;
	char error[512];
	char policy[128];                  /* reload, status: hash of the one in force */
	uint64_t uptime_s, events, alerts, lost, subscribers; /* status */
};
/* -EBADMSG: not an answer; -ENOMEM. */
int control_parse_answer(const char *line, size_t len, struct control_answer *ret);

#endif /* SLUICE_CONTROL_PROTOCOL_H */
