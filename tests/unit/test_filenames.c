/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What a file's name alone says: some 950 names with the answer that a person would give (tests/data/names.tsv), judged by the
 * tables of the shipped policies, for the tool itself and for a program that prints.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/shipped.h"

#define FIELDS 3

static struct shipped watching, enforcing;

static int load(void **state)
{
	(void)state;
	shipped_init(&watching, "default.yaml");
	shipped_init(&enforcing, "enforce.yaml");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	shipped_done(&watching);
	shipped_done(&enforcing);
	return 0;
}

static const char *answer(const struct shipped *s, unsigned int action)
{
	static const char *const words[] = { "nothing", "log", "alert", "block" };
	const char *word = action < ARRAY_SIZE(words) ? words[action] : "?";

	return s == &enforcing && !strcmp(word, "block") ? "alert" : word;
}

/* The answer for a path, or NULL where the tool itself and a program that prints are judged differently. */
static const char *judge(const struct shipped *s, const char *path)
{
	static const char *const argv[] = { "cat" };
	unsigned int tool = shipped_tool(s, "claude-code"), set = dfa_match(s->compiled->path, path, strlen(path));
	unsigned int cat = compiled_exec(s->compiled, "/usr/bin/cat", argv, 1).exe_set;
	struct sl_decision self = compiled_file(s->compiled, tool, 0, SL_MODE_SELF, 1000, set);
	struct sl_decision child = compiled_file(s->compiled, tool, cat, SL_MODE_CHILD, 1000, set);

	return self.action == child.action ? answer(s, self.action) : NULL;
}

static bool is_in(const struct shipped *s, const char *path, const char *class)
{
	const char *names[64];
	size_t cnt = compiled_classes(s->compiled, dfa_match(s->compiled->path, path, strlen(path)), names, ARRAY_SIZE(names));

	for (size_t i = 0; i < cnt; i++)
		if (!strcmp(names[i], class))
			return true;
	return !strcmp(class, "-") && !cnt;
}

/* field[]: answer, class, path */
static bool name_holds(const struct shipped *s, const char *policy, unsigned int lineno, char *field[FIELDS])
{
	const char *got = judge(s, field[2]);
	bool holds = got && !strcmp(got, field[0]);

	if (!holds)
		print_error("names.tsv:%u: %s: %s under %s, expected %s\n", lineno, field[2],
			    got ? got : "one thing of the tool and another of cat", policy, field[0]);
	if (!is_in(s, field[2], field[1])) {
		print_error("names.tsv:%u: %s is not in class %s\n", lineno, field[2], field[1]);
		holds = false;
	}
	return holds;
}

static void test_names(void **state)
{
	cleanup_fclose FILE *f = NULL;
	unsigned int lineno = 0, rows = 0, wrong = 0;
	char path[4096], line[4096];

	(void)state;
	shipped_path(path, sizeof(path), "tests/data/names.tsv");
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s cannot be opened", path);
	while (fgets(line, sizeof(line), f)) {
		char *field[FIELDS] = { line };

		lineno++;
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		for (unsigned int i = 1; i < FIELDS; i++) {
			field[i] = strchr(field[i - 1], '\t');
			if (!field[i])
				fail_msg("names.tsv:%u: not %d fields", lineno, FIELDS);
			*field[i]++ = '\0';
		}
		rows++;
		wrong += !(name_holds(&watching, "default.yaml", lineno, field) & name_holds(&enforcing, "enforce.yaml", lineno, field));
	}
	print_message("%u of %u names are judged as they should be\n", rows - wrong, rows);
	assert_true(rows >= 600);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
