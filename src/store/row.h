/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * One row of the store, and its bytes on the way to the process that writes it. Knows nothing of reports, files or SQL.
 */
#ifndef SLUICE_STORE_ROW_H
#define SLUICE_STORE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* Texts of a row, in the order in which they are hashed: appending one makes another format of the store. */
enum store_text {
	STORE_UID,       /* unique in the store */
	STORE_KIND,      /* as "kind" of the JSON line */
	STORE_SEVERITY,
	STORE_SESSION,   /* "<hex>-<pid>" */
	STORE_TOOL,
	STORE_RULE,
	STORE_VERDICT,   /* allow, log, alert, block */
	STORE_TAKEN,     /* denied, killed, cut */
	STORE_PATH,
	STORE_HOST,      /* of a connection: server name or address */
	STORE_LINE,      /* the JSON line as it was emitted, without its line break */
	_STORE_TEXT_MAX,
};

#define STORE_NOBODY (-1)  /* user of a row that belongs to no process */

struct store_row {
	uint64_t time_ns;                    /* CLOCK_REALTIME */
	int64_t user;                        /* uid, or STORE_NOBODY */
	bool urgent;                         /* on the disk before it counts as written */
	const char *text[_STORE_TEXT_MAX];   /* "" when there is none; borrowed */
};

/* A frame is no longer than this; a row that would be is refused. */
#define STORE_FRAME_MAX (1u << 20)

/* Appends the row as one frame. False: it is too long; nothing was appended. */
bool store_row_put(struct strbuf *b, const struct store_row *row);

/*
 * The frame at the beginning of bytes. Its length with the texts of ret pointing into bytes, 0 if it is not whole yet,
 * -EBADMSG if it is none.
 */
long store_row_get(const char *bytes, size_t len, struct store_row *ret);

/* The name of a text's column. */
const char *store_text_name(enum store_text t);

#endif /* SLUICE_STORE_ROW_H */
