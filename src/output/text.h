/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The parts of a line for people, which text.c puts together. Private to output/. */
#ifndef SLUICE_OUTPUT_TEXT_H
#define SLUICE_OUTPUT_TEXT_H

#include <string.h>

#include "base/escape.h"
#include "base/strbuf.h"
#include "report/report.h"

/* The chain at its three lengths: whole, its two ends, its beginning. */
enum chain { CHAIN_LONG, CHAIN_SHORT, CHAIN_TOOL, _CHAIN_MAX };

/* The parts of a line, as text without colours. */
struct parts {
	const char *word;
	const char *verb;        /* "" none */
	const char *sgr;         /* colour of the word, NULL none */
	bool keep_start;         /* the target's beginning matters most: cut at its end, not in its middle */
	struct strbuf chain[_CHAIN_MAX], target, what, evidence, rule, repeats;
};

/* Text of others, escaped. */
static inline void text_add(struct strbuf *b, const char *s)
{
	escape_text(b, s, strlen(s));
}

/* text.c: a path with the user's home as "~"; the colour of a severity. */
void text_path(struct strbuf *b, const struct report *r, const char *path, size_t len);
const char *text_severity(const char *severity);

/* "1h02m", "4m02s", "3.2s" */
void text_duration(struct strbuf *b, uint64_t ns);

/* text_net.c: net.connect, net.hello, net.flow. The first two have their verdict already. */
void text_net(struct parts *p, const struct report *r);
void text_hello(struct parts *p, const struct report *r);
void text_flow(struct parts *p, const struct report *r);

/* text_peers.c: ptrace, broker.connect (both have their verdict already), lineage.lost, guard. */
void text_inspect(struct parts *p, const struct report *r);
void text_broker(struct parts *p, const struct report *r);
void text_lost(struct parts *p, const struct report *r);
void text_kept(struct parts *p, const struct report *r);
void text_guard(struct parts *p, const struct report *r);

/* text_incident.c: the line, and the lines below it, one call of `note` each. */
typedef void (*text_note_fn)(void *arg, const char *text);
void text_incident(struct parts *p, const struct report *r);
void text_story(const struct report *r, text_note_fn note, void *arg);

#endif /* SLUICE_OUTPUT_TEXT_H */
