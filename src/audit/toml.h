/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The keys of a TOML file, one call each: tables, dotted and quoted keys, inline tables and arrays of tables, strings
 * of all four forms, comments. No library for it in C is in Debian 12. Not a validator: what is no TOML ends the
 * reading with false; what came before it was reported already.
 */
#ifndef SLUICE_AUDIT_TOML_H
#define SLUICE_AUDIT_TOML_H

#include <stdbool.h>
#include <stddef.h>

#define TOML_PARTS  8   /* of a key; what is deeper is read and not reported */
#define TOML_PART   256 /* bytes of a part, with its NUL; longer: not reported */
#define TOML_VALUE  512 /* bytes of a value, with its NUL; longer values are cut */
#define TOML_NESTED 16  /* arrays and inline tables in each other */

struct toml_key {
	char part[TOML_PARTS][TOML_PART];
	size_t cnt;
};

/*
 * value: a string's contents, or the words of a number, date or boolean. Elements of an array come one after the other
 * with the array's key. is_string distinguishes "true" from true.
 */
typedef void (*toml_value)(void *arg, const struct toml_key *key, const char *value, bool is_string);

bool toml_read(const char *text, size_t len, toml_value fn, void *arg);

#endif /* SLUICE_AUDIT_TOML_H */
