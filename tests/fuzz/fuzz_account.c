/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any bytes as a line of passwd(5): an account that is taken is one whose line can be written again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account a, again;
	char line[sizeof(a.name) + sizeof(a.home) + 64];
	int len;

	if (!account_parse((const char *)data, size, &a))
		return 0;
	EXPECT(a.name[0] && !strchr(a.name, ':') && !strchr(a.home, ':'));
	len = snprintf(line, sizeof(line), "%s:x:%u:0::%s:/bin/sh\n", a.name, a.uid, a.home);
	EXPECT(len > 0 && (size_t)len < sizeof(line));
	EXPECT(account_parse(line, (size_t)len, &again));
	EXPECT(again.uid == a.uid && !strcmp(again.name, a.name) && !strcmp(again.home, a.home));
	return 0;
}
