/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * User accounts of this host. A dynamic program asks the C library, which asks whatever nsswitch.conf names. In a static one
 * the C library would have to load those modules at run time; there /etc/passwd is read, and getent(1) asked for the rest.
 */
#ifndef SLUICE_BASE_ACCOUNT_H
#define SLUICE_BASE_ACCOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
	uint32_t uid;
	char name[256];
	char home[PATH_MAX];
};

/* false: there is none, or it cannot be found out. */
bool account_by_uid(uint32_t uid, struct account *ret);
bool account_by_name(const char *name, struct account *ret);

/* Calls fn for every account that can be listed, until it returns other than 0; returns that, or -errno. */
int account_each(int (*fn)(void *arg, const struct account *a), void *arg);

/* One line of passwd(5), with or without its line break. false: it is not an account. */
bool account_parse(const char *line, size_t len, struct account *ret);

#endif /* SLUICE_BASE_ACCOUNT_H */
