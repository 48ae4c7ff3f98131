/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as the beginning of a TCP flow: the parser's bounds hold, it always comes to an end, and where the stream is cut
 * makes no difference to what it finds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/flows.h"
#include "hello.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The name lies between others that must stay as they are. */
struct found {
	struct sl_hello h;
	uint8_t before[8], name[SL_HOST_MAX + 1], after[8];
};

/* Every piece `step` bytes, in memory of its own, so that a byte too many is seen. 0: all at once. */
static void parse(const uint8_t *data, size_t size, size_t step, struct found *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t at = 0; at < size; at += step ? step : size) {
		size_t n = step && step < size - at ? step : size - at;
		uint8_t *piece = malloc(n);

		EXPECT(piece);
		memcpy(piece, data + at, n);
		/* As the kernel goes on behind a request to a proxy. */
		do {
			EXPECT(ret->h.at >= at && ret->h.at <= at + n);
			sl_hello_feed(&ret->h, ret->name, piece + (ret->h.at - at), (uint32_t)(at + n - ret->h.at));
		} while (ret->h.state == SL_HELLO_DONE && sl_hello_again(&ret->h));
		free(piece);
		EXPECT(ret->h.at <= at + n);
		if (ret->h.state == SL_HELLO_DONE)
			return;
		EXPECT(ret->h.at == at + n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[8];
	struct found whole, pieces;
	char text[DNS_TEXT_MAX];
	size_t len;

	parse(data, size, 0, &whole);
	EXPECT(!memcmp(whole.before, zero, 8) && !memcmp(whole.after, zero, 8));
	EXPECT(whole.h.at <= 2 * SL_HELLO_MAX + 16384);
	if (!(whole.h.flags & SL_HELLO_PROXY))
		EXPECT((whole.h.state == SL_HELLO_DONE) ==
		       !!(whole.h.flags & (SL_HELLO_TLS | SL_HELLO_OTHER | SL_HELLO_BAD | SL_HELLO_LONG)));
	EXPECT(!(whole.h.flags & SL_HELLO_ADDR) || whole.h.name_len == 4 || whole.h.name_len == 16);
	EXPECT(!(whole.h.flags & SL_HELLO_NAME) || whole.h.name_len);
	for (size_t step = 1; step <= 3 && size < 4096; step++) {
		parse(data, size, step, &pieces);
		EXPECT(!memcmp(&whole, &pieces, sizeof(whole)));
	}
	parse(data, size, 1 + size / 2, &pieces);
	EXPECT(!memcmp(&whole, &pieces, sizeof(whole)));
	len = flows_name_text(whole.name, whole.h.name_len, text);
	EXPECT(len == strlen(text));
	for (size_t i = 0; i < len; i++)
		EXPECT(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.\\", text[i]));
	return 0;
}
