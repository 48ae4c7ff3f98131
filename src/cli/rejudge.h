/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Records of one policy as another policy would have had them: tools by name, executables and files matched again, verdicts taken
 * again. What the kernel never reported, because the first policy had no interest in it, cannot come back; and sessions
 * stay as they were labelled.
 */
#ifndef SLUICE_CLI_REJUDGE_H
#define SLUICE_CLI_REJUDGE_H

#include "policy/compile.h"
#include "process/proctree.h"

struct rejudge;

/* from: the policy that the records were made under. All are borrowed; tree is that of the pipeline that gets the records. */
struct rejudge *rejudge_new(const struct policy *from, const struct compiled *to, struct proctree *tree);
void rejudge_free(struct rejudge *r);
DEFINE_FREEP(struct rejudge, rejudge_free)

/* The record to use in its place, of the same size, valid until the next call; NULL: none, the policy has no interest in it. */
const void *rejudge_record(struct rejudge *r, const void *record, size_t size);

#endif /* SLUICE_CLI_REJUDGE_H */
