/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Sockets that a process holds, through copies of their descriptors. Every call here may sleep as long as the process likes: for workers only. */
#ifndef SLUICE_PROCESS_PROCSOCK_H
#define SLUICE_PROCESS_PROCSOCK_H

#include <stddef.h>
#include <stdint.h>

#include "process/worker.h"

/* Descriptors of one process that are looked at. What is beyond is left out, and counted in page->left_out. */
#define PROCSOCK_DESCRIPTORS_MAX 65536

/* Calls fn with a copy of each IP socket of a process until it returns other than 0; that is the result. -errno: no such process. */
int procsock_each(struct worker_page *page, uint32_t tgid, int (*fn)(void *arg, int fd), void *arg);

/* The cookie of a socket, 0: none. */
uint64_t procsock_cookie(int fd);

/* Low half of the cookie of its network namespace, 0: none, or the kernel does not say. */
uint32_t procsock_netns(int fd);

/* Resets the connections of a process that have one of these cookies. Returns how many were found. */
size_t procsock_reset(struct worker_page *page, uint32_t tgid, const uint64_t *cookies, size_t cnt);

#endif /* SLUICE_PROCESS_PROCSOCK_H */
