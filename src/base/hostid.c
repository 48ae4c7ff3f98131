/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the derivation of a host's id. Reads no file. */
#include "base/hostid.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/sha256.h"

#define ID_BYTES 16

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: not an id, or the one of all zeros, which sd_id128 refuses too. */
static bool parse(const char *text, uint8_t ret[ID_BYTES])
{
	uint8_t all = 0;

	for (int i = 0; i < ID_BYTES; i++) {
		int high, low;

		if (*text == '-')
			text++;
		high = digit(text[0]);
		low = high < 0 ? -1 : digit(text[1]);
		if (low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
		all |= ret[i];
		text += 2;
	}
	return all && (*text == '\0' || *text == '\n');
}

void hostid_derive(const char *machine_id, const char *boot_id, char ret[HOSTID_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t id[ID_BYTES], app[ID_BYTES], sum[SHA256_SIZE] = { 0 };

	if (parse(HOSTID_APP, app) && (parse(machine_id, id) || parse(boot_id, id))) {
		sha256_hmac(id, sizeof(id), app, sizeof(app), sum);
		sum[6] = (sum[6] & 0x0f) | 0x40;
		sum[8] = (sum[8] & 0x3f) | 0x80;
	}
	for (int i = 0; i < ID_BYTES; i++) {
		ret[2 * i] = hex[sum[i] >> 4];
		ret[2 * i + 1] = hex[sum[i] & 15];
	}
	ret[HOSTID_SIZE - 1] = '\0';
}
