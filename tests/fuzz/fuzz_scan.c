/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as a file that is scanned (packed, a database, JSON, text), as a secret file, as rules. What is found lies
 * within what was given, and decoded text leads back to bytes of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/decode.h"
#include "scan/look.h"

#define EXPECT(x)                                                                                                      \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			abort();                                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char lines[] =
        "k\tKey\thigh\t0\t1\t80\tkey_\t\\b(key_[a-z0-9]{4,40})\t\t\n"
        "p\tPem\thigh\t0\t0\t16384\t-----begin\t(?i)-----BEGIN[ A-Z]{0,40}-----[\\s\\S]{4,}?-----\t\t\n";

static void unread(void *arg, const char *why)
{
	(void)arg;
	EXPECT(why[0]);
}

static void ignore(void *arg, const struct rule *rule, size_t at, size_t len)
{
	(void)arg;
	(void)rule;
	(void)at;
	(void)len;
}

static bool go_on(void *arg, uint64_t bytes)
{
	uint64_t *left = arg;

	*left = *left > bytes ? *left - bytes : 0;
	return *left > 0;
}

static void check_place(void *arg, const char *text, size_t len, const struct decode_level *level)
{
	size_t size = *(size_t *)arg, at, n;

	EXPECT(len <= size);
	for (size_t i = 0; i < len; i += len / 7 + 1) {
		decode_place(level, i, 1, &at, &n);
		EXPECT(at + n <= size && n >= 1);
	}
	(void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules *rules;
	uint64_t left = 1u << 20;
	struct rules *other = NULL;
	struct own *own = NULL;
	struct look l;

	if (!rules)
		EXPECT(!rules_new(lines, sizeof(lines) - 1, &rules, NULL));
	if (!size || size > 65536)
		return 0;
	EXPECT(!own_new(&own));
	l = (struct look){ .rules = rules, .own = own, .unread = unread, .beat = go_on, .arg = &left };
	if (data[0] == 'r' && !rules_new((const char *)data + 1, size - 1, &other, NULL))
		rules_search(other, (const char *)data, size, ignore, NULL);
	if (data[0] == 'o')
		own_add_file(own, "f", (const char *)data + 1, size - 1);
	look_bytes(&l, data, size);
	for (size_t i = 0; i < l.cnt; i++)
		EXPECT(l.hits[i].rule || l.hits[i].source);
	look_done(&l);
	decode_search((const char *)data, size, data[0] == '{', check_place, &size);
	rules_free(other);
	own_free(own);
	return 0;
}
