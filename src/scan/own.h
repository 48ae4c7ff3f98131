/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The user's own secrets, exactly: values of files that the policy calls secrets, kept as keyed fingerprints for the
 * time of one scan, and looked for wherever the scan looks.
 */
#ifndef SLUICE_SCAN_OWN_H
#define SLUICE_SCAN_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define OWN_MIN        16 /* shorter values are left out: they are found in what they do not come from */
#define OWN_VALUE_MAX  4096
#define OWN_VALUES_MAX 20000
#define OWN_FILE_MAX   (256u << 10)

struct own;
int own_new(struct own **ret); /* -ENOMEM, -errno: no random key */
void own_free(struct own *o);
DEFINE_FREEP(struct own, own_free)

/* Values of one secret file: NAME=VALUE, NAME: VALUE, JSON strings, lines that are a token, lines of a PEM body.
 * source: for people. */
int own_add_file(struct own *o, const char *source, const char *text, size_t len);

size_t own_count(const struct own *o);

/* source and name (may be "") end with o. */
typedef void (*own_found)(void *arg, const char *source, const char *name, size_t at, size_t len);
void own_search(const struct own *o, const char *text, size_t len, own_found fn, void *arg);

#endif /* SLUICE_SCAN_OWN_H */
