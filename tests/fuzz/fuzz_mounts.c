/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as a line of mountinfo: users of a user namespace name their mounts as they like. What is taken has two strings, and the place
 * of a mount is on that mount. A second mount of the whole file system reaches every directory of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "process/mounts.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mount_row rows[2] = { { 0 } };
	struct mounts m = { .v = rows, .cnt = 1 };
	char *line = malloc(size + 1);

	EXPECT(line);
	memcpy(line, data, size);
	line[size] = '\0';
	if (mounts_parse(line, &rows[0])) {
		EXPECT(rows[0].root && rows[0].at[0] == '/');
		EXPECT(mounts_of(&m, rows[0].at) == &rows[0]);
		EXPECT(!mounts_have_other(&m, rows[0].at));
		rows[1] = (struct mount_row){ rows[0].major, rows[0].minor, (char[]){ "/" }, (char[]){ "/nowhere/else/at/all" } };
		m.cnt = 2;
		if (rows[0].root[0] == '/' && mounts_of(&m, rows[0].at) == &rows[0])
			EXPECT(mounts_have_other(&m, rows[0].at));
		free(rows[0].root);
		free(rows[0].at);
	} else {
		EXPECT(!rows[0].root && !rows[0].at);
	}
	free(line);
	return 0;
}
