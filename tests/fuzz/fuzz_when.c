/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any text as a moment: refused, or one that is in range, ends no earlier than it begins, and is read again as it is written. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "output/format.h"
#include "store/when.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t now = 1795449911123456789ull, begin, end, again;
	struct strbuf b = STRBUF_INIT;
	int r;

	EXPECT(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	r = when_parse(text, now, 3600, false, &begin);
	EXPECT(r == 0 || r == -EINVAL);
	EXPECT(when_parse(text, now, 3600, true, &end) == r);
	if (!r) {
		EXPECT(begin <= end && end < INT64_MAX);
		format_time(&b, begin);
		EXPECT(!when_parse(strbuf_str(&b), now, -7200, false, &again) && again == begin);
	}
	strbuf_done(&b);
	free(text);
	return 0;
}
