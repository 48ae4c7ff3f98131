/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The service manager's notification protocol (sd_notify(3)), spoken without libsystemd, which has no static library: one
 * datagram of NAME=VALUE lines to the socket that $NOTIFY_SOCKET names.
 */
#ifndef SLUICE_BASE_NOTIFY_H
#define SLUICE_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * The address that $NOTIFY_SOCKET means: an absolute path, or "@NAME" in the abstract namespace.
 * -EAFNOSUPPORT: another kind of address, -ENAMETOOLONG: longer than a socket's address can be.
 */
int notify_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_len);

/* Sends a message made by printf's rules. 1: sent, 0: no manager is listening ($NOTIFY_SOCKET is unset), else -errno. */
int notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Sends STATUS=. Control characters become blanks: a line break would begin another assignment. As notify_send(). */
int notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Whether the manager's watchdog waits for process `pid`, and after how many microseconds of silence it acts. The arguments are
 * the values of $WATCHDOG_USEC and $WATCHDOG_PID, NULL when unset.
 */
bool notify_watchdog(const char *usec, const char *watched_pid, uint64_t pid, uint64_t *ret_usec);

#endif /* SLUICE_BASE_NOTIFY_H */
