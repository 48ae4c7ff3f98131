/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What secrets look like, as data (policies/secret-rules.tsv), and the search for them in bytes: an automaton over all
 * keywords finds candidates, PCRE2 confirms each within a window around its keyword, entropy and what is no secret
 * decide. One rule without an expression, "generic", is a name that ends in key, token, password and the like before a
 * value that looks random.
 */
#ifndef SLUICE_SCAN_RULES_H
#define SLUICE_SCAN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/errmsg.h"

#define RULES_BEFORE   160 /* bytes in front of a keyword that its match may begin in */
#define RULES_SPAN_MAX 16384
#define RULES_MAX      1024

enum rule_grade { RULE_HIGH, RULE_MEDIUM, RULE_LOW, RULE_OWN };

struct rule {
	char *id, *title;
	char *example, *counter; /* as they are, not backwards; "" none */
	uint8_t grade;           /* enum rule_grade */
	float entropy;           /* bits a byte, at least */
	unsigned int group, span;
	void *code; /* pcre2_code; NULL: generic */
};

struct rules;

/* text need not end in NUL. -EINVAL with file and line in e; -ENOMEM. */
int rules_new(const char *text, size_t len, struct rules **ret, struct errmsg *e);
void rules_free(struct rules *r);
DEFINE_FREEP(struct rules, rules_free)

size_t rules_count(const struct rules *r);
const struct rule *rules_at(const struct rules *r, size_t i);

/* The secret is at text[at..at+len). */
typedef void (*rules_found)(void *arg, const struct rule *rule, size_t at, size_t len);

/* Each place once for a rule and keyword; several rules may find the same. Bytes may be any. */
void rules_search(struct rules *r, const char *text, size_t len, rules_found fn, void *arg);

/* Bits a byte. */
double rules_entropy(const char *text, size_t len);

/* What stands where a secret would and is none: placeholders, references to variables, one character repeated. */
bool rules_placeholder(const char *text, size_t len);

const char *rules_grade_text(unsigned int grade);

#endif /* SLUICE_SCAN_RULES_H */
