/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which characters beyond ASCII have spellings with ASCII characters in them. */
#include "match/letters.h"

#include <string.h>

#include "base/cleanup.h"
#include "fold.h"

/*
 * Characters whose canonical decomposition, case folding or other case has ASCII characters in it, by Unicode's blocks rather than one
 * by one: a character too many matches a name too much, one too few would be a way around the pattern.
 */
static const struct {
	uint32_t first, last;
	unsigned int ascii;
} composed[] = {
	{ 0x00c0, 0x024f, 1 },  /* Latin */
	{ 0x037e, 0x037e, 1 },  /* ; */
	{ 0x1e00, 0x1eff, 1 },  /* Latin with one or two marks */
	{ 0x1fef, 0x1fef, 1 },  /* ` */
	{ 0x2100, 0x214f, 1 },  /* Kelvin and Angstrom signs */
	{ 0x2260, 0x226f, 1 },  /* = < > with a stroke */
	{ 0xfb00, 0xfb06, 3 },  /* ligatures */
};

static unsigned int ascii_in(uint32_t c)
{
	if (c == 0xdf || c == 0x1e9e)
		return 2; /* ss */
	for (size_t i = 0; i < ARRAY_SIZE(composed); i++)
		if (c >= composed[i].first && c <= composed[i].last)
			return composed[i].ascii;
	return 0;
}

struct letters letters_read(const uint8_t *bytes, size_t len)
{
	struct letters ret = { 0 };
	bool is_last = true;
	size_t used;

	for (size_t left = len; left; left -= used) {
		uint8_t b[4] = { 0 };
		uint32_t c;
		size_t n = left < sizeof(b) ? left : sizeof(b);

		memcpy(b + sizeof(b) - n, bytes + left - n, n);
		used = sl_last_char(b[0], b[1], b[2], b[3], &c);
		ret.takes_before |= (c >= 0x0300 && c <= 0x036f) || c == 0x02be;
		ret.takes_after |= c == 0x02bc && is_last; /* an n with an apostrophe; what counts for nothing may follow */
		is_last &= sl_fold_char(c) == SL_FOLD_NOTHING;
		/* A byte that is no character in UTF-8 is one in a code page, who knows which. */
		ret.ascii += c == ~0u ? 1 : ascii_in(c);
		ret.needs_other |= c != ~0u && !ascii_in(c) && sl_fold_char(c) != SL_FOLD_NOTHING;
	}
	ret.needs_other &= !ret.ascii;
	return ret;
}

bool letters_has_base(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte && strchr(";<=>`", byte));
}
