/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A library for LD_PRELOAD: reads the file named by $S within whatever program it is loaded into. */
#include "evade.h"

__attribute__((constructor)) static void at_start(void)
{
	const char *file = getenv("S");

	if (file)
		evade_show_file(file);
}
