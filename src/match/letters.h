/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Letters beyond ASCII in patterns, as far as it must be known of them in a directory that ignores case: which other spellings they can
 * have. How a file system compares such letters is its own business (tables of Unicode of some version, code pages, upcase tables), so
 * that every sequence of them counts as a spelling of any other; what is known exactly is where ASCII letters can be part of one.
 */
#ifndef SLUICE_MATCH_LETTERS_H
#define SLUICE_MATCH_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a sequence of bytes beyond ASCII in a pattern. */
struct letters {
	unsigned int ascii;  /* at most so many ASCII characters are in any spelling of it: bases of composed letters, "ss" */
	bool needs_other;    /* and none is without a byte beyond ASCII */
	bool takes_before;   /* a mark in it can be one letter with the ASCII character in front */
	bool takes_after;    /* its last character can be one letter with the ASCII character behind */
};

/* bytes: UTF-8, or what is none; len > 0. */
struct letters letters_read(const uint8_t *bytes, size_t len);

/* An ASCII character, in lower case, that can be part of such a spelling. */
bool letters_has_base(uint8_t byte);

#endif /* SLUICE_MATCH_LETTERS_H */
