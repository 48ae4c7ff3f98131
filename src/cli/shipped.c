/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the bytes of policies/ inside the binary. The Makefile knows that this file depends on them. */
#include "cli/shipped.h"

#include <string.h>

#include "base/cleanup.h"

/* The file's bytes and a NUL that does not count, between two symbols; and its name. Hidden: reached through the global offset
 * table, arm64's linker gives all symbols of the assembler's that are local one place in it, the section's. */
#define EMBED(symbol, file)                                                                          \
	__asm__(".section .rodata\n"                                                                 \
		"embed_" #symbol ":\n.incbin \"policies/" file "\"\n"                                \
		"embed_" #symbol "_end:\n.byte 0\n.previous\n");                                     \
	extern char embed_##symbol[] __attribute__((visibility("hidden")));                          \
	extern char embed_##symbol##_end[] __attribute__((visibility("hidden")));                    \
	static char name_##symbol[] = POLICY_BUILTIN file

EMBED(default, "default.yaml");
EMBED(secrets, "secrets.yaml");
EMBED(readers, "readers.yaml");
EMBED(tools, "tools.yaml");
EMBED(providers, "providers.yaml");
EMBED(brokers, "brokers.yaml");
EMBED(enforce, "enforce.yaml");
EMBED(rules, "secret-rules.tsv");
EMBED(strict, "strict.yaml");

#define SOURCE(symbol)                                                                               \
	{                                                                                            \
		.name = name_##symbol, .text = embed_##symbol,                                       \
		.len = (size_t)(embed_##symbol##_end - embed_##symbol), .builtin = true,             \
	}

const struct policy_source *shipped_sources(size_t *ret_cnt)
{
	static struct policy_source sources[8];
	const struct policy_source carried[] = {
		SOURCE(default), SOURCE(secrets), SOURCE(readers), SOURCE(tools), SOURCE(providers), SOURCE(brokers), SOURCE(enforce),
		SOURCE(strict),
	};

	_Static_assert(sizeof(carried) == sizeof(sources), "a place for each");
	memcpy(sources, carried, sizeof(sources));
	*ret_cnt = ARRAY_SIZE(sources);
	return sources;
}

const char *shipped_rules(size_t *ret_len)
{
	(void)name_rules;
	*ret_len = (size_t)(embed_rules_end - embed_rules);
	return embed_rules;
}

bool shipped_text(const char *text, size_t len)
{
	size_t cnt;
	const struct policy_source *s = shipped_sources(&cnt);

	for (size_t i = 0; i < cnt; i++)
		if (s[i].len == len && !memcmp(s[i].text, text, len))
			return true;
	return false;
}
