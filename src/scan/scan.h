/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * A scan of what AI tools keep in one home, or of folders that are named, in a worker that has become the owner
 * (process/owner.h). Findings never hold the secret: its kind, its place, a short fingerprint, how old the file is.
 */
#ifndef SLUICE_SCAN_SCAN_H
#define SLUICE_SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/compile.h"

#define SCAN_PATH          1024 /* of a path in a message; longer ones are cut in front */
#define SCAN_FILE_FINDINGS 200  /* different secrets of one file; further ones are counted */
#define SCAN_STALLED_MS    60000

struct scan_finding {
	char path[SCAN_PATH];
	char tool[32];          /* whose store it is; "" not known */
	char id[64], title[96]; /* of the rule; "own" */
	uint8_t grade;          /* enum rule_grade */
	uint32_t line;          /* of its first place, 0: not in plain text */
	uint32_t cnt;           /* places in this file */
	char inside[160];       /* "zstd", "table messages, column data"; "" */
	char fingerprint[17];   /* the same secret has the same one in all places */
	uint64_t mtime_s;
	char source[SCAN_PATH]; /* own secrets: the file that it is from */
	char name[64];          /* own secrets: its name there; "" none */
};

struct scan_unread {
	char path[SCAN_PATH];
	char why[160];
};

struct scan_done { /* of a clean-up, scan/clean.h */
	char path[SCAN_PATH];
	char what[160];
	uint32_t cnt; /* secrets made unreadable */
	uint8_t failed;
};

struct scan_progress {
	uint64_t files, bytes, own_values, conversations, old_files, old_bytes;
	char at[SCAN_PATH];
};

struct scan_sink {
	void (*finding)(void *arg, const struct scan_finding *f);
	void (*unread)(void *arg, const struct scan_unread *u);
	void (*done)(void *arg, const struct scan_done *d);
	/* Now and then, and at the end. False: the scan ends here. */
	bool (*progress)(void *arg, const struct scan_progress *p);
	void *arg;
};

struct scan_target {
	const char *home;         /* absolute, without links */
	uint32_t uid, gid;        /* gid: the one group of the worker */
	const char *const *paths; /* instead of the stores; absolute, without links */
	size_t paths_cnt;
	const struct compiled *compiled;
	const char *rules; /* text of the rules */
	size_t rules_len;
	const char *const *busy; /* tools of which a session lives: their files are not touched */
	size_t busy_cnt;
	bool any_busy;
	bool clean, apply; /* say what a clean-up would do; do it */
	uint64_t older_s;  /* files that the tools themselves could lose, older than this: remove; 0: none */
	uint64_t now_s;
};

/* 0: it went to its end; 1: it was given up or stopped; -errno: it could not begin. */
int scan_home(const struct scan_target *t, const struct scan_sink *sink);

#endif /* SLUICE_SCAN_SCAN_H */
