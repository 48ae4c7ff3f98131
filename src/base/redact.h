/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Finds what looks like a credential in an argument of a command line, so that no output carries it. Works on one
 * argument and the one before it. Where it must guess it takes too much rather than too little; paths, hashes, UUIDs,
 * file names and ordinary words stay. It knows shapes, not secrets: a password that is a bare argument without any
 * name beside it ("sshpass -p hunter2", "mysql -phunter2") is not found.
 */
#ifndef SLUICE_BASE_REDACT_H
#define SLUICE_BASE_REDACT_H

#include <stddef.h>

#include "base/strbuf.h"

#define REDACT_MARK "[redacted]"

/* Places of one argument. When there are more, the last one reaches to the end of the argument. */
#define REDACT_SPANS 8

struct redact_span {
	size_t at, len;
};

/* Fills ret with what must not be shown: ascending, not touching each other. prev_len 0: there is no argument before. */
size_t redact_find(const char *prev, size_t prev_len, const char *arg, size_t len,
		   struct redact_span ret[REDACT_SPANS]);

/* Appends arg with each such place replaced by REDACT_MARK; otherwise as it is, not escaped. */
void redact_arg(struct strbuf *b, const char *prev, size_t prev_len, const char *arg, size_t len);

#endif /* SLUICE_BASE_REDACT_H */
