/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: turning the views of an exec record into text that outlives the record. */
#include "process/image.h"

#include <string.h>

#include "event/decode.h"

static uint32_t put(struct image *i, uint32_t *used, const char *bytes, size_t len)
{
	uint32_t at = *used;

	memcpy(i->text + at, bytes, len);
	i->text[at + len] = '\0';
	*used += (uint32_t)len + 1;
	return at;
}

struct image *image_new(const struct event *ev)
{
	char exe[DECODE_PATH_SIZE], cwd[DECODE_PATH_SIZE];
	size_t exe_len = decode_path(ev->exe, exe, sizeof(exe)), cwd_len = decode_path(ev->cwd, cwd, sizeof(cwd));
	size_t size = sizeof(struct image) + exe_len + cwd_len + ev->argv.len + ev->cgroup.len + ev->tty.len + 5;
	struct image *i = malloc(size);
	uint32_t used = 0;

	if (!i)
		return NULL;
	i->refs = 1;
	i->size = (uint32_t)size;
	i->argv_len = ev->argv.len;
	i->exe = put(i, &used, exe, exe_len);
	i->cwd = put(i, &used, cwd, cwd_len);
	i->argv = put(i, &used, ev->argv.data, ev->argv.len);
	i->cgroup = put(i, &used, ev->cgroup.data, ev->cgroup.len);
	i->tty = put(i, &used, ev->tty.data, ev->tty.len);
	return i;
}
