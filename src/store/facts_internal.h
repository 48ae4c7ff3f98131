/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Private to store/: what facts.c and stories.c share. */
#ifndef SLUICE_STORE_FACTS_INTERNAL_H
#define SLUICE_STORE_FACTS_INTERNAL_H

#include "store/facts.h"
#include "store/query_internal.h"

/* A statement "HEAD WHERE filters TAIL", bound. NULL: SQLite's error. */
sqlite3_stmt *facts_prepare(struct store_reader *r, const char *head, const char *tail, const struct store_query *q);

/* stories.c */
int facts_stories(struct facts *f, struct store_reader *r, const struct store_query *q, const char *incident, struct errmsg *e);
void facts_stories_done(struct facts *f);

/* The session of an incident. -ENOENT: there is none of that uid. */
int facts_session_of(struct store_reader *r, const char *incident, char **ret, struct errmsg *e);

#endif /* SLUICE_STORE_FACTS_INTERNAL_H */
