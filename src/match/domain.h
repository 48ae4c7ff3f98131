/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Host name patterns (DFA_DOMAIN). Case does not count. A pattern matches whole names.
 *
 *   api.example.com      exactly this name
 *   *.example.com        every name below it, one or more labels deeper; not example.com itself
 *   **.example.com       the same
 *   api.*.example.com    * as a label within a name: exactly one label
 *   eu-*.example.com     * within a label: any bytes of this label, also none
 *   a.**.example.com     ** as a label: one or more labels
 *   *                    every name
 */
#ifndef SLUICE_MATCH_DOMAIN_H
#define SLUICE_MATCH_DOMAIN_H

#include "base/errmsg.h"
#include "match/pattern.h"

#define DOMAIN_MAX 253       /* bytes of a name without the final dot (RFC 1035: 255 on the wire) */
#define DOMAIN_LABEL_MAX 63

/* text has no leading '!'. -EINVAL: not a pattern, e->column is the byte, from 1; -ENOMEM. */
int domain_parse(const char *text, struct pattern **ret, struct errmsg *e);

#endif /* SLUICE_MATCH_DOMAIN_H */
