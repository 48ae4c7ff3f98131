/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Path patterns (DFA_PATH): .gitignore's language on absolute, resolved paths.
 *
 *   ** / name      the name in any directory, the root too (written without the blanks)
 *   name           the same: a pattern without a slash matches at any depth
 *   /a/b           exactly this path
 *   ~/a/b          the same below every home directory
 *   a/ ** /b       zero or more directories in between
 *   a/ **          everything below a, at any depth, but not a itself
 *   *  ?           any bytes, one byte; never a slash. A leading dot is nothing special
 *   [a-z_] [!x] [^x] [[:digit:]]   one byte of, or not of, a set; never a slash. ASCII only
 *   \x             the byte x itself
 *
 * A pattern matches whole paths. One that names a directory does not match what is in it: write dir/ ** for that.
 * Bytes are bytes: UTF-8 names match themselves, and ? is one byte, not one character.
 *
 * Differences from .gitignore, each refused with an error that says what to write: a slash in the middle needs an
 * anchor (there is no directory to be relative to), a trailing slash means nothing (the kernel asks about files), and
 * ** stands alone between slashes. Differences that are silent: * as a component of a home directory does not match a
 * name with a leading dot (no account is called .x, and it keeps the automaton small). Within ** and after it,
 * components are never empty.
 *
 * A string that does not begin with a slash (a relative argument) matches only patterns that begin with ** or have no
 * slash.
 */
#ifndef SLUICE_MATCH_GLOB_H
#define SLUICE_MATCH_GLOB_H

#include "base/errmsg.h"
#include "match/pattern.h"

/* Home directories that a ~ may stand for; more is an error (-E2BIG), never a home left out. */
#define GLOB_HOMES_MAX 256

/*
 * In a list of homes: every root, whatever its path (bpf/roots.bpf.c). What is below one is fed as if the root were the one
 * directory of this name in "/": a NUL byte, which no name has.
 */
#define GLOB_HOME_ROOTS ""

/*
 * homes: absolute directories; * and other wildcards within a component are understood, ** is not. None at all: a
 * pattern with ~ is checked and matches nothing. text has no leading '!'. -EINVAL: not a pattern, e->column is the
 * byte, from 1; -ENOMEM.
 */
int glob_parse(const char *text, const char *const *homes, size_t homes_cnt, struct pattern **ret, struct errmsg *e);

#endif /* SLUICE_MATCH_GLOB_H */
