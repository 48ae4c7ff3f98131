/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * For the static program (linked with --wrap=dlopen): libsqlite3.a can load extensions, which in a static program loads what the C
 * library of another release left on the host, and the linker warns of it. sluice loads none: here loading fails.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);

void *__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}
