/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * How real tools look at exec (tests/data/shapes.tsv), and what only resembles them: the shipped catalogue tells them
 * apart, as the kernel does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/shipped.h"

#define FIELDS 5
#define ARGS 32

static struct shipped shipped;

static int load(void **state)
{
	(void)state;
	shipped_init(&shipped, "default.yaml");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	shipped_done(&shipped);
	return 0;
}

/* Cuts s at each sep, in place. Returns the number of pieces; those beyond max stay in the last. */
static size_t cut(char *s, char sep, char **ret, size_t max)
{
	size_t n = 0;

	ret[n++] = s;
	for (; *s && n < max; s++) {
		if (*s != sep)
			continue;
		*s = '\0';
		ret[n++] = s + 1;
	}
	return n;
}

static const char *evidence(struct compiled_exec x)
{
	if (x.evidence == SL_EVID_ARGV)
		return "argv";
	if (x.evidence == SL_EVID_EXE)
		return x.helper ? "exe+helper" : "exe";
	return "none";
}

/* One row; says what differs. seen: a bool for each tool number. */
static bool shape_holds(char *line, unsigned int lineno, bool *seen)
{
	char *field[FIELDS], *argv[ARGS];
	const struct policy_tool *tool;
	struct compiled_exec x;
	const char *got;
	size_t argc;

	if (cut(line, '\t', field, FIELDS) != FIELDS)
		fail_msg("shapes.tsv:%u: not %d fields", lineno, FIELDS);
	argc = cut(field[1], ' ', argv, ARGS);
	x = compiled_exec(shipped.compiled, field[0], (const char *const *)argv, argc);
	tool = compiled_tool(shipped.compiled, x.tool);
	got = tool ? tool->name : "-";
	if (strcmp(got, field[2]) || strcmp(evidence(x), field[3])) {
		print_error("shapes.tsv:%u: %s (%s): is %s by %s, expected %s by %s\n", lineno, field[0], field[4], got,
			    evidence(x), field[2], field[3]);
		return false;
	}
	seen[x.tool] = true;
	return true;
}

static void test_shapes(void **state)
{
	cleanup_fclose FILE *f = NULL;
	bool seen[SL_TOOLS_MAX] = { false };
	unsigned int lineno = 0, rows = 0, wrong = 0;
	char path[4096], line[4096];

	(void)state;
	shipped_path(path, sizeof(path), "tests/data/shapes.tsv");
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s cannot be opened", path);
	while (fgets(line, sizeof(line), f)) {
		lineno++;
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		rows++;
		wrong += !shape_holds(line, lineno, seen);
	}
	for (size_t i = 1; i <= shipped.policy->tools_cnt; i++)
		if (!seen[i])
			fail_msg("shapes.tsv has no row for %s", shipped.policy->tools[i - 1].name);
	assert_true(rows > 100);
	assert_int_equal(wrong, 0);
}

/* A script behind more options than are looked at is missed, not guessed: the label then comes from elsewhere. */
static void test_arguments_are_bounded(void **state)
{
	const char *argv[] = { "node", "-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "/usr/bin/gemini" };
	struct compiled_exec x;

	(void)state;
	x = compiled_exec(shipped.compiled, "/usr/bin/node", argv, ARRAY_SIZE(argv));
	assert_int_equal(x.tool, 0);
	x = compiled_exec(shipped.compiled, "/usr/bin/node", argv, 0);
	assert_int_equal(x.tool, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_arguments_are_bounded),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
