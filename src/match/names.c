/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what bpf/fold.bpf.c does to a name, forwards and with the whole name at hand. */
#include "match/names.h"

#include <string.h>

/* Bytes of the character that begins here, 1 for what is none. */
static size_t first_char(const char *name, size_t len, uint32_t *ret)
{
	uint8_t b[4] = { 0 };

	for (size_t n = 2; n <= 4 && n <= len; n++) {
		memset(b, 0, sizeof(b));
		memcpy(b + 4 - n, name, n);
		if (sl_last_char(b[0], b[1], b[2], b[3], ret) == n)
			return n;
	}
	*ret = ~0u;
	return 1;
}

static size_t put(uint16_t *out, size_t at, uint8_t byte)
{
	out[at] = SL_DFA_FOLD + byte;
	return at + 1;
}

/* Or a stream of a file, which has another name. */
static bool is_short_name(const char *name, size_t len)
{
	if (memchr(name, ':', len))
		return true;
	for (size_t i = 0; len <= SL_SHORT_NAME && i + 1 < len; i++)
		if (name[i] == '~' && name[i + 1] >= '0' && name[i + 1] <= '9')
			return true;
	return false;
}

static size_t fold_name(const char *name, size_t len, bool dos, uint16_t *out)
{
	size_t at = 0, kept = 0;

	while (dos && len > 1 && (name[len - 1] == '.' || name[len - 1] == ' '))
		len--;
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c, in;

		n = first_char(name + i, len - i, &c);
		in = (uint8_t)name[i] < 0x80 ? SL_FOLD_ITSELF : c == ~0u ? sl_fold_byte((uint8_t)name[i]) : sl_fold_char(c);
		if (in == SL_FOLD_NOTHING)
			continue;
		kept++;
		for (size_t k = 0; in == SL_FOLD_ITSELF && k < n; k++)
			at = put(out, at, (uint8_t)name[i + k]);
		for (int shift = 16; in != SL_FOLD_ITSELF && shift >= 0; shift -= 8)
			if (in >> shift & 0xff)
				at = put(out, at, in >> shift & 0xff);
	}
	/* A name of nothing that counts is one all the same: its first character does. */
	if (!kept && len) {
		uint32_t c;

		for (size_t k = 0, n = first_char(name, len, &c); k < n; k++)
			at = put(out, at, (uint8_t)name[k]);
	}
	return at;
}

size_t names_fold(const char *path, size_t len, const uint8_t *how, uint16_t *out, size_t *ret_short)
{
	size_t at = 0, component = 0;

	*ret_short = SIZE_MAX;
	for (size_t i = 0; i <= len; component++) {
		const char *name = path + i, *slash = memchr(name, '/', len - i);
		size_t n = slash ? (size_t)(slash - name) : len - i;

		if (how[component] == SL_NAMES_EXACT) {
			for (size_t k = 0; k < n; k++)
				out[at++] = (uint8_t)name[k];
		} else {
			if (how[component] == SL_NAMES_DOS && is_short_name(name, n))
				*ret_short = component;
			at += fold_name(name, n, how[component] == SL_NAMES_DOS, out + at);
		}
		if (slash)
			out[at++] = '/';
		i += n + 1;
	}
	return at;
}
