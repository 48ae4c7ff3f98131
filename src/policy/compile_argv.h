/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Readers by their command line, for compile_exec.c alone: words and entries while a policy is compiled, and what a command line comes to
 * by the tables. The kernel does the same (bpf/argv.h).
 */
#ifndef SLUICE_POLICY_COMPILE_ARGV_H
#define SLUICE_POLICY_COMPILE_ARGV_H

#include "match/intern.h"
#include "policy/compile_internal.h"

/* Words that some reader asks for, by number; classes first + number of the automaton over executables. */
struct argv_words {
	char *word[SL_WORDS_MAX];
	uint8_t place[SL_WORDS_MAX];
	unsigned int cnt, first;
	struct argv_known {           /* of executables, of scripts */
		struct intern subjects;
		struct sl_argv_ask *asks;
		uint32_t cnt;
	} known[2];
};
#define ARGV_WORDS_INIT { .known = { { .subjects = INTERN_INIT(DFA_WORDS) }, { .subjects = INTERN_INIT(DFA_WORDS) } } }

void compile_argv_done(struct argv_words *k);

/* Adds every word to the automaton; *classes counts on. */
int compile_argv_words(struct compile *w, struct dfa_builder *b, struct argv_words *k, unsigned int *classes);

/* The first entries of c->argv_alts: words by place. Before any compile_argv_subject(). */
int compile_argv_places(struct compile *w, const struct argv_words *k);
void compile_argv_of_set(const struct argv_words *k, const struct dfa_set *set, struct sl_words *ret);

/* What a set of subjects' classes is by its arguments. number: that of a set of which no reader hangs on arguments any more. */
typedef int (*argv_number)(void *arg, const struct dfa_set *subject, uint16_t *ret);
int compile_argv_subject(struct compile *w, struct argv_words *k, struct argv_known *known, const struct dfa_set *subject,
			 const uint16_t *reader_class, argv_number number, void *arg, struct sl_argv_ask *ret);

/* A command line as far as it was read. */
struct compiled_words {
	struct sl_words seen;
	uint32_t may;                 /* SL_MAY_*; begins with SL_MAY_FIRST */
	bool cut;                     /* there is more of it */
};
void compiled_words_add(const struct compiled *c, struct compiled_words *s, const struct sl_exec_set *x, bool is_option);
uint16_t compiled_outcome(const struct compiled *c, const struct compiled_words *s, const struct sl_argv_ask *ask);

#endif /* SLUICE_POLICY_COMPILE_ARGV_H */
