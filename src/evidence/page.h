/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Facts as a document: one HTML file that needs no script and no network, the same as JSON, as CSV. The same facts give the same bytes.
 */
#ifndef SLUICE_EVIDENCE_PAGE_H
#define SLUICE_EVIDENCE_PAGE_H

#include "store/facts.h"
#include "store/verify.h"

struct page {
	const struct facts *facts;
	const char *about;                 /* what was asked for, for the head of the page; "" everything */
	const struct verify_result *check; /* NULL: it was not verified */
	const char *const *faults;         /* in words, the first faults_cnt of check->faults */
	size_t faults_cnt;
};

void page_html(struct strbuf *b, const struct page *p);
void page_json(struct strbuf *b, const struct page *p);
void page_csv(struct strbuf *b, const struct page *p);

/* Text of others within HTML, in an element or a quoted attribute: no byte of it is markup, and nothing of it is hidden or reordered. */
void page_text(struct strbuf *b, const char *s);

/* The inside of a JSON string. */
void page_json_text(struct strbuf *b, const char *s);

/* A cell of CSV (RFC 4180) that no spreadsheet takes for a formula. */
void page_cell(struct strbuf *b, const char *s);

/* "2026-11-23 16:05:11 UTC" */
void page_time(struct strbuf *b, uint64_t ns);

/* The part of the time in which sluice was running, in per cent; -1: not known. */
int page_watched(const struct facts *f);

#endif /* SLUICE_EVIDENCE_PAGE_H */
