/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What compiling patterns costs: processor time, states and bytes for a policy of the shipped size and for one of 2,000
 * patterns; and what matching costs. Prints figures, judges nothing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "match/dfa.h"

static const char *const homes[] = { "/home/*", "/root", "/srv/build/ann", "/var/lib/postgres" };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The same words every time. */
static unsigned int random_next(unsigned int *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static const char *word(unsigned int *state, char *buf, size_t size)
{
	static const char *const parts[] = {
		"con", "fig", "key", "data", "au", "th", "to", "ken", "se", "cret", "cre", "den", "tial", "store",
		"cache", "log", "db", "user", "local", "net", "cloud", "app", "py", "node", "git", "lab", "hub",
	};
	size_t cnt = 2 + random_next(state) % 3, len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < cnt; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s", parts[random_next(state) % ARRAY_SIZE(parts)]);
	return buf;
}

static void add(struct dfa_builder *b, unsigned int cls, const char *pattern)
{
	struct errmsg e = { 0 };

	if (dfa_builder_add(b, cls, pattern, &e) < 0)
		fprintf(stderr, "bench: %s: %s\n", pattern, e.text);
}

/* One pattern of the common forms; `form` picks it. */
static void add_form(struct dfa_builder *b, unsigned int cls, unsigned int form, unsigned int *state)
{
	static const char *const forms[] = {
		"**/.%s-%s", "**/%s/%s", "~/.%s/%s", "~/.%s-%s/**", "**/%s-*.%s.json",
	};
	char a[64], c[64], pattern[256];

	word(state, a, sizeof(a));
	word(state, c, sizeof(c));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(pattern, sizeof(pattern), forms[form % ARRAY_SIZE(forms)], a, c);
#pragma GCC diagnostic pop
	add(b, cls, pattern);
}

/* 30 classes of secrets, 350 patterns; 50 stores of tools. */
static struct dfa_builder *shipped_size(void)
{
	struct dfa_builder *b = dfa_builder_new(DFA_PATH, homes, ARRAY_SIZE(homes));
	unsigned int state = 1;
	char name[64], pattern[128];

	for (unsigned int i = 0; i < 350; i++)
		add_form(b, i % 30, i % 30 < 4 ? i / 30 : i / 30 % 3, &state);
	for (unsigned int tool = 0; tool < 50; tool++) {
		snprintf(pattern, sizeof(pattern), "~/.%s%u/**", word(&state, name, sizeof(name)), tool);
		add(b, 30 + tool, pattern);
	}
	return b;
}

static struct dfa_builder *large(void)
{
	struct dfa_builder *b = dfa_builder_new(DFA_PATH, homes, ARRAY_SIZE(homes));
	unsigned int state = 2;

	for (unsigned int i = 0; i < 2000; i++)
		add_form(b, i % 30, i / 30, &state);
	return b;
}

static void match_some(const struct dfa *d)
{
	static const char *const paths[] = {
		"/home/ann/src/shop/node_modules/.pnpm/left-pad@1.3.0/node_modules/left-pad/index.js",
		"/usr/lib/x86_64-linux-gnu/libc.so.6", "/home/ann/.config/tokenkey/data.json",
		"/proc/self/status", "/home/ann/src/shop/.env",
	};
	double begin = now_ms();
	size_t bytes = 0;
	unsigned int sum = 0;

	for (unsigned int i = 0; i < 200000; i++) {
		const char *path = paths[i % ARRAY_SIZE(paths)];

		sum += dfa_match(d, path, strlen(path));
		bytes += strlen(path);
	}
	printf("  matching: %.1f ns a path, %.2f ns a byte (%u)\n", (now_ms() - begin) * 1e6 / 200000,
	       (now_ms() - begin) * 1e6 / (double)bytes, sum);
}

static void report(const char *name, struct dfa_builder *b, unsigned int max_sets)
{
	cleanup_(dfa_freep) struct dfa *d = NULL;
	struct errmsg e = { 0 };
	double begin = now_ms();
	int r = dfa_build(b, 1, max_sets, &d, &e);
	double took = now_ms() - begin;

	printf("%s: %.0f ms", name, took);
	if (r < 0) {
		printf(", refused: %s\n", e.text);
	} else {
		unsigned int rows = d->table->rows / d->table->width;
		unsigned int paths = (d->info.limit - d->table->paths) >> d->table->paths_shift;

		printf(", %u byte columns, %u name states, %u path states, %u sets, table %zu bytes\n",
		       d->table->width - 1u, rows, paths, d->info.sets, dfa_table_size(d));
		match_some(d);
	}
	dfa_builder_free(b);
}

int main(void)
{
	report("shipped size, 400 patterns, 80 classes", shipped_size(), SL_SETS_MAX);
	report("2,000 patterns, 30 classes", large(), SL_SETS_MAX);
	return 0;
}
