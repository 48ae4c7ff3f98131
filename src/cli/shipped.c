/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the bytes of policies/ inside the binary. The Makefile knows that this file depends on them. */
#include "cli/shipped.h"

#include "base/cleanup.h"

/* The file's bytes and a NUL that does not count, between two symbols. */
#define EMBED(symbol, file)                                                                          \
	__asm__(".section .rodata\n"                                                                 \
		"embed_" #symbol ":\n.incbin \"policies/" file "\"\n"                                \
		"embed_" #symbol "_end:\n.byte 0\n.previous\n");                                     \
	extern char embed_##symbol[], embed_##symbol##_end[]

EMBED(default, "default.yaml");
EMBED(tools, "tools.yaml");
EMBED(secrets, "secrets.yaml");
EMBED(readers, "readers.yaml");
EMBED(brokers, "brokers.yaml");
EMBED(providers, "providers.yaml");

#define SOURCE(symbol, file)                                                                         \
	{                                                                                            \
		.name = file, .text = embed_##symbol, .len = (size_t)(embed_##symbol##_end - embed_##symbol) \
	}

int shipped_policy(struct policy **ret, struct errmsg *e)
{
	char names[][16] = { "default.yaml", "secrets.yaml", "readers.yaml", "tools.yaml", "providers.yaml",
			   "brokers.yaml" };
	const struct policy_source sources[] = {
		SOURCE(default, names[0]), SOURCE(secrets, names[1]),   SOURCE(readers, names[2]),
		SOURCE(tools, names[3]),   SOURCE(providers, names[4]), SOURCE(brokers, names[5]),
	};

	return policy_load_sources(sources, ARRAY_SIZE(sources), ret, e);
}
