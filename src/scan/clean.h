/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Makes secrets in a file unreadable, each byte of them by '*', so that lengths and structure stay. A plain file is
 * replaced whole by a checked copy with the same owner, group, mode, times and extended attributes, or not at all;
 * cells of a database are updated in one transaction with secure_delete, then it is vacuumed. No copy of what was is
 * kept.
 */
#ifndef SLUICE_SCAN_CLEAN_H
#define SLUICE_SCAN_CLEAN_H

#include "scan/look.h"

#define CLEAN_QUIET_S  60 /* a file that was written later than this is left alone */
#define CLEAN_FILE_MAX (1ull << 30)
#define CLEAN_WHY      160

struct clean {
	int root;          /* O_PATH of "/" */
	const char *path;  /* absolute, without links */
	uint32_t uid;      /* who we are, and whose file it must be */
	struct look *look; /* what was found in it: hits are gone afterwards */
	uint64_t now_s;
	bool apply;          /* false: only whether it could be done */
	char why[CLEAN_WHY]; /* of a refusal */
};

/* How many places were made unreadable (would be); -1: none, and why says what is in the way. */
int clean_file(struct clean *c);

/* Removes a file that is quiet: 1; 0 not, with why. */
int clean_remove(struct clean *c, uint64_t older_s);

#endif /* SLUICE_SCAN_CLEAN_H */
