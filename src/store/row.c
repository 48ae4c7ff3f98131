/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the frame of a row: size, flags, time, user, then each text with its NUL. Host byte order: it never leaves the host. */
#include "store/row.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

struct frame {
	uint32_t size;     /* of everything, with this */
	uint32_t urgent;   /* 0 or 1 */
	uint64_t time_ns;
	int64_t user;
};

static const char *const names[] = {
	[STORE_UID] = "uid",   [STORE_KIND] = "kind", [STORE_SEVERITY] = "severity", [STORE_SESSION] = "session",
	[STORE_TOOL] = "tool", [STORE_RULE] = "rule", [STORE_VERDICT] = "verdict",   [STORE_TAKEN] = "taken",
	[STORE_PATH] = "path", [STORE_HOST] = "host", [STORE_LINE] = "line",
};
_Static_assert(ARRAY_SIZE(names) == _STORE_TEXT_MAX, "a column lacks a name");

const char *store_text_name(enum store_text t)
{
	return (size_t)t < ARRAY_SIZE(names) ? names[t] : "?";
}

bool store_row_put(struct strbuf *b, const struct store_row *row)
{
	struct frame f = { .size = sizeof(f), .urgent = row->urgent, .time_ns = row->time_ns, .user = row->user };
	size_t len[_STORE_TEXT_MAX];

	for (size_t i = 0; i < _STORE_TEXT_MAX; i++) {
		len[i] = strlen(row->text[i]) + 1;
		if (len[i] > STORE_FRAME_MAX - f.size)
			return false;
		f.size += (uint32_t)len[i];
	}
	strbuf_add(b, &f, sizeof(f));
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++)
		strbuf_add(b, row->text[i], len[i]);
	return true;
}

long store_row_get(const char *bytes, size_t len, struct store_row *ret)
{
	const char *at = bytes + sizeof(struct frame), *end;
	struct frame f;

	if (len < sizeof(f))
		return 0;
	memcpy(&f, bytes, sizeof(f));
	if (f.size < sizeof(f) + _STORE_TEXT_MAX || f.size > STORE_FRAME_MAX || f.urgent > 1)
		return -EBADMSG;
	if (len < f.size)
		return 0;
	end = bytes + f.size;
	*ret = (struct store_row){ .time_ns = f.time_ns, .user = f.user, .urgent = f.urgent };
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return -EBADMSG;
		ret->text[i] = at;
		at = nul + 1;
	}
	return at == end ? (long)f.size : -EBADMSG;
}
