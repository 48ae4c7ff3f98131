/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any bytes as a frame of the store: refused, not whole yet, or a row that makes the same frame again. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/row.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of just that size: what reads behind it is caught. */
	char *bytes = malloc(size ? size : 1);
	struct strbuf b = STRBUF_INIT;
	struct store_row row;
	long len;

	EXPECT(bytes);
	if (size)
		memcpy(bytes, data, size);
	len = store_row_get(bytes, size, &row);
	EXPECT(len == -EBADMSG || (len >= 0 && (size_t)len <= size));
	if (len > 0) {
		EXPECT(store_row_put(&b, &row));
		EXPECT(b.len == (size_t)len && !memcmp(b.data, bytes, b.len));
	}
	strbuf_done(&b);
	free(bytes);
	return 0;
}
