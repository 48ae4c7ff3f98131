/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* The shipped policies, compiled for an invented host: for the tests that judge what they say. */
#ifndef SLUICE_TESTS_SHIPPED_H
#define SLUICE_TESTS_SHIPPED_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/policy.h"
#include "record.h"

struct shipped {
	struct policy *policy;
	struct compiled *compiled;
};

static inline void shipped_path(char *buf, size_t size, const char *name)
{
	const char *src = getenv("SLUICE_SRC");

	snprintf(buf, size, "%s/%s", src ? src : ".", name);
}

/* Loads and compiles a policy that may include shipped ones; fails the test with the loader's or the compiler's own words. */
static inline void shipped_init_file(struct shipped *s, const char *path)
{
	static const char *const homes[] = { "/home/*", "/root" };
	const struct policy_host host = { .homes = homes, .homes_cnt = ARRAY_SIZE(homes) };
	struct errmsg e = { 0 };
	char dir[4096];

	shipped_path(dir, sizeof(dir), "policies");
	*s = (struct shipped){ 0 };
	if (policy_load(path, &(struct policy_lists){ .dir = dir }, &s->policy, &e))
		fail_msg("%s:%u:%u: %s\n  %s", e.file, e.line, e.column, e.text, e.source);
	if (policy_compile(s->policy, &host, &s->compiled, &e))
		fail_msg("%s:%u:%u: %s\n  %s", e.file, e.line, e.column, e.text, e.source);
}

/* policies/<name> */
static inline void shipped_init(struct shipped *s, const char *name)
{
	char path[4096], dir[3900];

	shipped_path(dir, sizeof(dir), "policies");
	snprintf(path, sizeof(path), "%s/%.100s", dir, name);
	shipped_init_file(s, path);
}

static inline void shipped_done(struct shipped *s)
{
	compiled_freep(&s->compiled);
	policy_freep(&s->policy);
}

/* Number of a tool as in records; 0 for "-". */
static inline unsigned int shipped_tool(const struct shipped *s, const char *name)
{
	if (!strcmp(name, "-"))
		return 0;
	for (size_t i = 0; i < s->policy->tools_cnt; i++)
		if (!strcmp(s->policy->tools[i].name, name))
			return (unsigned int)i + 1;
	fail_msg("no tool is called %s", name);
	return 0;
}

#endif /* SLUICE_TESTS_SHIPPED_H */
