/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Sets of patterns: classes, take-backs, limits, the shape of the table; and random policies against three oracles: a
 * slow matcher written here, fnmatch(3) for single names, and `git check-ignore`.
 *
 * SLUICE_SEED=n repeats a run; the seed is printed.
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "fold.h"
#include "match/dfa.h"

static const char *const homes[] = { "/home/*", "/root" };

static struct dfa_builder *builder(void)
{
	struct dfa_builder *b = dfa_builder_new(DFA_PATH, homes, ARRAY_SIZE(homes));

	assert_non_null(b);
	return b;
}

static void add(struct dfa_builder *b, unsigned int cls, const char *pattern)
{
	struct errmsg e = { 0 };

	if (dfa_builder_add(b, cls, pattern, &e) < 0)
		fail_msg("%s: %s", pattern, e.text);
}

static struct dfa *build(struct dfa_builder *b)
{
	struct dfa *d = NULL;
	struct errmsg e = { 0 };

	if (dfa_build(b, 1, SL_SETS_MAX, &d, &e) < 0)
		fail_msg("%s", e.text);
	return d;
}

static bool has(const struct dfa *d, unsigned int cls, const char *path)
{
	return dfa_set_has(&d->sets[dfa_match(d, path, strlen(path))], cls);
}

/* ---- classes --------------------------------------------------------------------------------------------------- */

static void test_last_match_decides(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;

	(void)state;
	add(b, 0, "**/.env*");
	add(b, 0, "!**/.env.example");
	add(b, 0, "**/keep/.env.example");
	add(b, 1, "!**/.env*");
	add(b, 1, "**/.env.example");
	add(b, 2, "**/.env");
	add(b, 2, "!**");
	d = build(b);
	assert_true(has(d, 0, "/a/.env"));
	assert_false(has(d, 0, "/a/.env.example"));
	assert_true(has(d, 0, "/a/keep/.env.example"));
	assert_false(has(d, 1, "/a/.env"));
	assert_true(has(d, 1, "/a/.env.example"));
	assert_false(has(d, 2, "/a/.env"));
}

static void test_sets(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;
	struct dfa_set empty = { 0 };
	unsigned int set;

	(void)state;
	add(b, 3, "**/.env");
	add(b, DFA_CLASSES_USED - 1, "~/.tool/**");
	assert_int_equal(dfa_build(b, 5, 100, &d, NULL), 0);
	set = dfa_match(d, "/home/ann/.tool/a/.env", 22);
	assert_true(dfa_set_has(&d->sets[set], 3) && dfa_set_has(&d->sets[set], DFA_CLASSES_USED - 1));
	assert_false(dfa_set_has(&d->sets[set], 4));
	/* Nothing, five reserved, and the three sets that exist. */
	assert_int_equal(d->info.sets, 9);
	assert_true(set > 5 && set < 9);
	for (unsigned int i = 0; i <= 5; i++)
		assert_memory_equal(&d->sets[i], &empty, sizeof(empty));
	assert_int_equal(dfa_match(d, "/home/ann/x", 11), 0);
}

static void test_nothing(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder(), *taken = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL, *all_taken = NULL;

	(void)state;
	d = build(b);
	assert_int_equal(d->info.start, SL_DFA_DEAD);
	assert_int_equal(d->info.sets, 2);
	assert_int_equal(dfa_match(d, "", 0), 0);
	assert_int_equal(dfa_match(d, "/a/b", 4), 0);
	/* A class that can hold nothing is as good as none. */
	add(taken, 7, "!**/x");
	all_taken = build(taken);
	assert_int_equal(all_taken->info.start, SL_DFA_DEAD);
	assert_int_equal(all_taken->info.sets, 2);
}

static void test_odd_strings(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;
	char longest[20000];

	(void)state;
	add(b, 0, "**/x");
	add(b, 1, "/a/**");
	d = build(b);
	assert_int_equal(dfa_match(d, "", 0), 0);
	assert_int_equal(dfa_match(d, "/", 1), 0);
	assert_int_equal(dfa_match(d, "//", 2), 0);
	assert_int_equal(dfa_match(d, "/\0x", 3), 0);
	/* A relative string is matched by what begins with ** alone. */
	assert_true(has(d, 0, "a/x"));
	assert_false(has(d, 1, "a/x"));
	memset(longest, '/', sizeof(longest));
	for (size_t i = 1; i < sizeof(longest); i += 2)
		longest[i] = 'a';
	assert_int_equal(dfa_set_has(&d->sets[dfa_match(d, longest, sizeof(longest))], 1), 1);
	longest[sizeof(longest) - 1] = 'x';
	assert_int_equal(dfa_set_has(&d->sets[dfa_match(d, longest, sizeof(longest))], 0), 1);
}

static void test_arguments(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	struct dfa *d = NULL;
	struct errmsg e = { 0 };

	(void)state;
	assert_int_equal(dfa_builder_add(b, DFA_CLASSES_USED, "**/x", &e), -E2BIG);
	assert_int_equal(dfa_builder_add(b, 0, "!**/[", &e), -EINVAL);
	assert_int_equal(e.column, 5);
	assert_int_equal(dfa_build(b, 4, 4, &d, &e), -E2BIG);
	assert_null(d);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* Each class below a directory of its own can be combined with every other: 2^n sets. */
static void test_too_many_sets(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	struct dfa *d = NULL;
	struct errmsg e = { 0 };
	char pattern[32];

	(void)state;
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(pattern, sizeof(pattern), "**/dir%u/**", i);
		add(b, i, pattern);
	}
	/* Six classes are 63 sets, seven are 127. */
	assert_int_equal(dfa_build(b, 1, 100, &d, &e), -E2BIG);
	assert_null(d);
	if (!strstr(e.text, "\"**/dir6/**\" is the first that does not fit"))
		fail_msg("%s", e.text);
	assert_int_equal(dfa_build(b, 1, 2 + 511, &d, &e), 0);
	assert_int_equal(d->info.sets, 2 + 511);
	dfa_free(d);
}

/* Patterns made to need 2^n states end in an error that names them, not in memory or time used up. */
static void test_hostile(void **state)
{
	static const char *const patterns[] = {
		"**/*a????????????????????????????????b*",
		"/*a*b?????????????????????????????c*d/**/x",
		"**/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/b/**",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
		struct dfa *d = NULL;
		struct errmsg e = { 0 };

		add(b, 0, "**/.env");
		add(b, 0, patterns[i]);
		add(b, 1, "**/*.pem");
		assert_int_equal(dfa_build(b, 1, SL_SETS_MAX, &d, &e), -E2BIG);
		assert_null(d);
		if (!strstr(e.text, patterns[i]))
			fail_msg("%s", e.text);
	}
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static uint32_t row_length(const struct dfa *d)
{
	return d->table->width;
}

static uint32_t paths(const struct dfa *d)
{
	return (d->info.limit - d->table->paths) >> d->table->paths_shift;
}

static uint32_t symbols(const struct dfa *d)
{
	uint32_t most = 0;

	for (uint32_t s = 0; s < d->table->rows; s += row_length(d))
		if (d->table->trans[s] > most)
			most = d->table->trans[s];
	return most + 1;
}

static uint32_t accept_of(const struct dfa *d, uint32_t path)
{
	return d->table->trans[d->table->paths + ((path + 1) << d->table->paths_shift) - 1];
}

/* State 0 is all zero on both levels, every entry is in range, and from every other path state something can match. */
static void check_table(const struct dfa *d)
{
	uint32_t names = d->table->rows / row_length(d), cnt = paths(d), syms = symbols(d);
	cleanup_free bool *alive = calloc(cnt, sizeof(*alive));
	bool more = true;

	assert_non_null(alive);
	assert_int_equal(d->info.limit, d->table->paths + (cnt << d->table->paths_shift));
	for (uint32_t i = 0; i < row_length(d); i++)
		assert_int_equal(d->table->trans[i], 0);
	assert_int_equal(accept_of(d, 0), 0);
	for (uint32_t s = 0; s < syms; s++)
		assert_int_equal(sl_dfa_component(d->table, d->info.shift, d->info.limit, 0, s), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(d->table->cls); i++)
		assert_int_equal(d->table->cls[i] == 0, i % 256 == '/');
	for (uint32_t s = 0; s < d->table->rows; s++)
		assert_true(s % row_length(d) == 0 || d->table->trans[s] < names);
	for (uint32_t p = 0; p < cnt; p++) {
		assert_true(accept_of(d, p) < d->info.sets);
		assert_int_not_equal(accept_of(d, p), 1); /* reserved */
		alive[p] = accept_of(d, p) != 0;
	}
	while (more) {
		more = false;
		for (uint32_t p = 1; p < cnt; p++)
			for (uint32_t s = 0; !alive[p] && s < syms; s++) {
				uint32_t to = sl_dfa_component(d->table, d->info.shift, d->info.limit, p, s);

				assert_true(to < cnt);
				alive[p] = alive[to];
				more |= alive[p];
			}
	}
	for (uint32_t p = 1; p < cnt; p++)
		if (!alive[p])
			fail_msg("path state %u of %u can match nothing, but is not 0", p, cnt);
}

static void test_table(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL, *again = NULL;

	(void)state;
	add(b, 0, "/etc/shadow");
	add(b, 0, "/etc/*.conf");
	add(b, 1, "~/.ssh/id_*");
	add(b, 1, "!~/.ssh/*.pub");
	d = build(b);
	check_table(d);
	/* All patterns end near the root: a name that none ends with is the end of the walk. */
	assert_int_equal(sl_dfa_step(d->table, d->info.shift, d->info.limit,
				     sl_dfa_step(d->table, d->info.shift, d->info.limit, d->info.start, 'q'), '/'),
			 SL_DFA_DEAD);
	/* The same input gives the same table. */
	again = build(b);
	assert_memory_equal(&d->info, &again->info, sizeof(d->info));
	assert_memory_equal(d->table, again->table, dfa_table_size(d));
	assert_memory_equal(d->sets, again->sets, d->info.sets * sizeof(*d->sets));
}

/* A pattern may use each byte there is. */
static void test_all_bytes(void **state)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;
	char pattern[600], path[300];
	size_t len = 0, path_len = 0;

	(void)state;
	pattern[len++] = path[path_len++] = '/';
	for (int c = 1; c < 256; c++) {
		if (c == '/')
			continue;
		pattern[len++] = '\\';
		pattern[len++] = path[path_len++] = (char)c;
	}
	pattern[len] = path[path_len] = '\0';
	add(b, 0, pattern);
	d = build(b);
	check_table(d);
	/* Each byte is a class, and each letter of a folded name: it is either case. The symbol is the first entry. */
	assert_int_equal(d->table->width, 1 + 254 + 26 + 1);
	assert_true(has(d, 0, path));
	path[100]++;
	assert_false(has(d, 0, path));
}

/* ---- random policies ------------------------------------------------------------------------------------------- */

static unsigned int seed, random_state;

static unsigned int rnd(unsigned int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

#define PICK(list) ((list)[rnd(ARRAY_SIZE(list))])

static int start_random(void **state)
{
	const char *given = getenv("SLUICE_SEED");

	(void)state;
	seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL) | 1;
	random_state = seed ? seed : 1;
	print_message("SLUICE_SEED=%u\n", seed);
	return 0;
}

/* The slow oracle: one name against one component of a pattern, straight from the text. */
static bool naive_name(const char *p, size_t p_len, const char *s, size_t s_len)
{
	if (!p_len)
		return !s_len;
	if (p[0] == '*') {
		for (size_t i = 0; i <= s_len; i++)
			if (naive_name(p + 1, p_len - 1, s + i, s_len - i))
				return true;
		return false;
	}
	if (!s_len)
		return false;
	if (p[0] == '[') {
		bool negated = p[1] == '!', found = false;
		size_t i = 1 + negated;

		for (; p[i] != ']'; i++) {
			if (p[i + 1] == '-' && p[i + 2] != ']') {
				found |= s[0] >= p[i] && s[0] <= p[i + 2];
				i += 2;
			} else {
				found |= s[0] == p[i];
			}
		}
		return found != negated && naive_name(p + i + 1, p_len - i - 1, s + 1, s_len - 1);
	}
	if (p[0] == '\\')
		return p[1] == s[0] && naive_name(p + 2, p_len - 2, s + 1, s_len - 1);
	return (p[0] == '?' || p[0] == s[0]) && naive_name(p + 1, p_len - 1, s + 1, s_len - 1);
}

/* Components of a pattern against those of a path; both without the first slash. "\1" is a home's "*". */
static bool naive_path(const char *p, const char *s)
{
	size_t p_len = strcspn(p, "/"), s_len = strcspn(s, "/");
	const char *p_next = p[p_len] ? p + p_len + 1 : NULL, *s_next = s[s_len] ? s + s_len + 1 : NULL;

	if (p_len == 2 && !strncmp(p, "**", 2)) {
		if (!p_next)
			return s_len > 0;
		return naive_path(p_next, s) || (s_next && naive_path(p, s_next));
	}
	if (p[0] == '\1' ? s[0] == '.' || !s_len : !naive_name(p, p_len, s, s_len))
		return false;
	return p_next && s_next ? naive_path(p_next, s_next) : !p_next && !s_next;
}

static bool naive(const char *pattern, const char *path)
{
	char with_home[256];

	if (pattern[0] == '/')
		return naive_path(pattern + 1, path + 1);
	if (pattern[0] != '~')
		return naive_path(pattern, path + 1);
	snprintf(with_home, sizeof(with_home), "home/\1%s", pattern + 1);
	if (naive_path(with_home, path + 1))
		return true;
	snprintf(with_home, sizeof(with_home), "root%s", pattern + 1);
	return naive_path(with_home, path + 1);
}

static const char *const dirs[] = { "a", "b", "ab", ".x", ".y", "home", "root", "etc", "ann", "a.b" };
static const char *const names[] = { ".env", ".env.a", "key.pem", "a.json", "x-a.json", "id_a", "a", "b", "ba", ".x" };
static const char *const globs[] = {
	"a", "b", ".x", ".y", "home", "ann", "*", "a*", "*b", ".env", ".env*", "*.pem", "x-*.json", "*.json", "id_?",
	"[ab]", "[!a]*", "?", "*a*", "a?", "[a-k]*", "\\.env", "*e*a", ".*", "root", "*[.]*",
};

static void random_pattern(char *buf, size_t size)
{
	static const char *const heads[] = { "**/", "**/", "**/", "/", "~/", "~/" };
	unsigned int parts = 1 + rnd(3);
	size_t len = (size_t)snprintf(buf, size, "%s%s", rnd(4) ? "" : "!", PICK(heads));

	for (unsigned int i = 0; i < parts; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? "/" : "", i && !rnd(4) ? "**" : PICK(globs));
	if (!rnd(4))
		snprintf(buf + len, size - len, "/**");
}

static void random_path(char *buf, size_t size)
{
	static const char *const heads[] = { "", "", "/home/ann", "/home/a", "/root", "/home/.x" };
	unsigned int parts = rnd(5);
	size_t len = (size_t)snprintf(buf, size, "%s", PICK(heads));

	for (unsigned int i = 0; i < parts; i++)
		len += (size_t)snprintf(buf + len, size - len, "/%s", PICK(dirs));
	snprintf(buf + len, size - len, "/%s", PICK(names));
}

#define CLASSES 6
#define PER_CLASS 8

static void test_random_policies(void **state)
{
	unsigned int matched = 0;

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
		cleanup_(dfa_freep) struct dfa *d = NULL;
		char patterns[CLASSES][PER_CLASS][64];
		unsigned int cnt[CLASSES], classes = 1 + rnd(CLASSES);

		for (unsigned int c = 0; c < classes; c++) {
			cnt[c] = rnd(PER_CLASS + 1);
			for (unsigned int i = 0; i < cnt[c]; i++) {
				random_pattern(patterns[c][i], sizeof(patterns[c][i]));
				add(b, c, patterns[c][i]);
			}
		}
		d = build(b);
		if (!(round % 20))
			check_table(d);
		for (unsigned int k = 0; k < 500; k++) {
			char path[128];

			random_path(path, sizeof(path));
			for (unsigned int c = 0; c < classes; c++) {
				bool expected = false;

				for (unsigned int i = 0; i < cnt[c]; i++)
					if (naive(patterns[c][i] + (patterns[c][i][0] == '!'), path))
						expected = patterns[c][i][0] != '!';
				matched += expected;
				if (has(d, c, path) == expected)
					continue;
				for (unsigned int i = 0; i < cnt[c]; i++)
					print_message("  %s\n", patterns[c][i]);
				fail_msg("seed %u, policy %u, class %u above, %s: expected %d", seed, round, c, path,
					 expected);
			}
		}
	}
	/* The paths are made to meet the patterns: the comparison is not one of nothing with nothing. */
	assert_true(matched > 200 * 500 / 4);
}

/* ---- folded names ---------------------------------------------------------------------------------------------- */

static bool folded(const struct dfa *d, const char *path, const char *how, bool *ret_unknown)
{
	uint8_t compare[16] = { 0 };
	bool unknown;

	for (size_t i = 0; how[i]; i++)
		compare[i] = how[i] == 'd' ? SL_NAMES_DOS : how[i] == 'f' ? SL_NAMES_FOLD : SL_NAMES_EXACT;
	return dfa_set_has(&d->sets[dfa_match_names(d, path, strlen(path), compare, ret_unknown ? ret_unknown : &unknown)], 0);
}

/* how: of each component, the empty one in front first: - as it is, f folded, d as vfat does. */
static void test_folded_names(void **state)
{
	static const struct {
		const char *path, *how;
		bool is;
	} rows[] = {
		{ "/a/.env", "---", true },         { "/a/.ENV", "---", false },       { "/a/.ENV", "--f", true },
		{ "/A/.ENV", "-f-", false },        { "/Login Data", "--", true },     { "/login data", "--", false },
		{ "/login data", "-f", true },      { "/LOGIN DATA", "-f", true },     { "/root/.SSH/ID_x", "--ff", true },
		{ "/root/.SSH/ID_x", "---f", false }, { "/root/.ssh/ID_x.PUB", "--ff", false }, { "/x.PEM", "-f", true },
		/* What counts for nothing, what counts as ASCII. */
		{ "/.e\u00adnv", "-f", true },      { "/\u200b.ENV\ufeff", "-f", true }, { "/.e\u00adnv", "--", false },
		{ "/di\u017f\u212a.key", "-f", true }, { "/gro\u00df", "-f", true },   { "/gro\u1e9e", "-f", true },
		{ "/\ufb01le", "-f", true },        { "/\ufb03x", "-f", true },       { "/f\ufb01x", "-f", true },
		{ "/.env\U000e0001", "-f", true },  { "/.\u00e9nv", "-f", false },    { "/M\u00fcller.env", "-f", false },
		{ "/\u200b", "-f", false },         { "/\u00e4.key", "-f", true },    { "/\u00c4.key", "-f", false },
		/* Bytes of a code page with Turkish letters, and such bytes within a character. */
		{ "/f\xddle", "-f", true },          { "/root/.ssh/\xa9" "d_x", "-ddd", true }, { "/f\xddle", "--", false },
		{ "/\u0740le", "-f", false },       { "/f\xc3\xa9le", "-f", false },
		{ "/.en\xc2v", "-f", false },       { "/.env\xad", "-f", false },
		/* Dots and blanks behind a name. */
		{ "/.env.", "-d", true },           { "/.ENV.. .", "-d", true },      { "/.env.", "-f", false },
		{ "/root/.ssh../id_x ", "--dd", true }, { "/...", "-d", false },
	};
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;
	bool unknown;

	(void)state;
	add(b, 0, "**/.env");
	add(b, 0, "**/Login Data");
	add(b, 0, "~/.ssh/id_*");
	add(b, 0, "!~/.ssh/*.pub");
	add(b, 0, "**/*.pem");
	add(b, 0, "**/Disk.Key");
	add(b, 0, "**/gross");
	add(b, 0, "**/file");
	add(b, 0, "**/ffix");
	add(b, 0, "**/\u00e4.key");
	d = build(b);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (folded(d, rows[i].path, rows[i].how, NULL) != rows[i].is)
			fail_msg("%s (%s): expected %d", rows[i].path, rows[i].how, rows[i].is);
	/* Short names say nothing, where there can be some. */
	assert_false(folded(d, "/ENV~1", "-d", &unknown));
	assert_true(unknown);
	assert_false(folded(d, "/ENV~1", "-f", &unknown));
	assert_false(unknown);
	assert_false(folded(d, "/root/SSH~1/ID_X", "--dd", &unknown));
	assert_true(unknown);
	/* Whatever that folder is called. */
	assert_false(folded(d, "/SSH~1/README", "-dd", &unknown));
	assert_false(unknown);
	assert_false(folded(d, "/a-long-name-with~1", "-d", &unknown));
	assert_false(unknown);
	/* Nor do streams, whose names begin with that of the file. */
	assert_false(folded(d, "/.env::$DATA", "-d", &unknown));
	assert_true(unknown);
	assert_false(folded(d, "/a-long-name-of-a-file.txt:stream", "-d", &unknown));
	assert_true(unknown);
	assert_false(folded(d, "/.env::$DATA", "-f", &unknown));
	assert_false(unknown);
}

/* Some spelling of the folded letters from `at` on matches. */
static bool some_spelling(const char *pattern, char *path, size_t at, const bool *folds)
{
	for (; path[at]; at++) {
		bool hit;

		if (!folds[at] || !isalpha((unsigned char)path[at]))
			continue;
		if (some_spelling(pattern, path, at + 1, folds))
			return true;
		path[at] ^= 0x20;
		hit = some_spelling(pattern, path, at + 1, folds);
		path[at] ^= 0x20;
		return hit;
	}
	return naive(pattern, path);
}

/* As random_pattern() and random_path(), with letters of the other case, and characters that stand for ASCII ones. */
static void mix_case(char *s)
{
	for (; *s; s++)
		if (isalpha((unsigned char)*s) && !rnd(4))
			*s ^= 0x20;
}

/* The oracle: a name matches where it is folded if one of its spellings does. */
static void test_random_folded(void **state)
{
	unsigned int matched = 0, by_fold = 0;

	(void)state;
	for (unsigned int round = 0; round < 150; round++) {
		cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
		cleanup_(dfa_freep) struct dfa *d = NULL;
		char patterns[PER_CLASS][64];
		unsigned int cnt = 1 + rnd(PER_CLASS);

		for (unsigned int i = 0; i < cnt; i++) {
			random_pattern(patterns[i], sizeof(patterns[i]));
			if (!strpbrk(patterns[i], "[~")) /* no empty ranges, no other homes */
				mix_case(patterns[i]);
			add(b, 0, patterns[i]);
		}
		d = build(b);
		for (unsigned int k = 0; k < 200; k++) {
			char path[128], text[512];
			bool folds[128] = { false }, expected = false, unknown, got;
			uint8_t how[16] = { 0 };
			size_t component = 0, len = 0;
			unsigned int letters = 0;

			random_path(path, sizeof(path));
			if (rnd(2))
				mix_case(path + 1);
			for (size_t i = 0; i < ARRAY_SIZE(how); i++)
				how[i] = !rnd(3);
			for (size_t i = 0; path[i]; i++) {
				component += path[i] == '/';
				folds[i] = path[i] != '/' && how[component];
				letters += folds[i] && isalpha((unsigned char)path[i]);
				if (folds[i] && !rnd(12))
					len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", rnd(2) ? "\u00ad" : "\ufe0f");
				if (folds[i] && !rnd(2) && strchr("sk", path[i] | 0x20))
					len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", (path[i] | 0x20) == 's' ? "\u017f" : "\u212a");
				else
					text[len++] = path[i];
			}
			text[len] = '\0';
			if (letters > 10)
				continue;
			for (unsigned int i = 0; i < cnt; i++)
				if (some_spelling(patterns[i] + (patterns[i][0] == '!'), path, 0, folds))
					expected = patterns[i][0] != '!';
			got = dfa_set_has(&d->sets[dfa_match_names(d, text, len, how, &unknown)], 0);
			matched += expected;
			by_fold += expected && !has(d, 0, text);
			if (got == expected && !unknown)
				continue;
			for (unsigned int i = 0; i < cnt; i++)
				print_message("  %s\n", patterns[i]);
			fail_msg("seed %u, policy %u, %s: expected %d", seed, round, text, expected);
		}
	}
	assert_true(matched > 2000 && by_fold > 200);
}

/* ---- letters beyond ASCII -------------------------------------------------------------------------------------- */

/* how: as in test_folded_names(). */
static void test_letters(void **state)
{
	static const struct {
		const char *path, *how;
		bool is;
	} rows[] = {
		{ "/x/geheimnisse-\u00fcber/a", "----", true },     { "/x/GEHEIMNISSE-\u00dcBER/a", "----", false },
		{ "/x/GEHEIMNISSE-\u00dcBER/a", "--f-", true },     { "/x/Geheimnisse-U\u0308ber/a", "--f-", true },
		{ "/x/geheimnisse-u\u0308ber/a", "----", false },    { "/x/geheimnisse-\xfc" "ber/a", "--d-", true },
		{ "/x/geheimnisse-\u200b\u00fcber/a", "--f-", true }, { "/x/geheimnisse-fa/a", "--f-", false },
		{ "/p\u00e4sswort.txt", "-f", true },               { "/P\u00c4\u1e9eWORT.TXT", "-f", true },
		{ "/pa\u0308\u00dfwort.txt", "-f", true },           { "/passwort.csv", "-f", false },
		{ "/p\u00e4sswort", "-f", false },                  { "/p\u00e4\u00df.w", "-f", false },
		/* What takes back takes back what is written. */
		{ "/p\u00e4sswort.\u00f6", "-f", false },            { "/P\u00e4SSWORT.\u00f6", "-f", false },
		{ "/p\u00e4sswort.\u00d6", "-f", true },             { "/p\u00e4sswort.o\u0308", "-f", true },
		/* A mark of its own in the pattern, and none that is like an ASCII character. */
		{ "/\u00f1am", "-f", true },                        { "/N\u0303AM", "-f", true },     { "/nam", "-f", false },
		{ "/xam", "-f", false },                            { "/\u5bc6\u7801", "-f", true },  { "/\u5bc6", "-f", true },
		{ "/a", "-f", false },                              { "/ab", "-f", false },
	};
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;

	(void)state;
	dfa_builder_any_letters(b, 0);
	add(b, 0, "**/geheimnisse-\u00fcber/**");
	add(b, 0, "**/p\u00e4sswort.*");
	add(b, 0, "!**/*.csv");
	add(b, 0, "!**/p\u00e4sswort.\u00f6");
	add(b, 0, "**/n\u0303am");
	add(b, 0, "**/\u79d8\u5bc6");
	d = build(b);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (folded(d, rows[i].path, rows[i].how, NULL) != rows[i].is)
			fail_msg("%s (%s): expected %d", rows[i].path, rows[i].how, rows[i].is);
}

/* Every spelling of a letter that file systems take for the same, by Unicode's tables: composed and not, in both cases, as it unfolds. */
static void test_random_spellings(void **state)
{
	static const char *const letters[][6] = {
		{ "\u00fc", "\u00dc", "u\u0308", "U\u0308" },       { "\u00df", "\u1e9e", "ss", "SS", "\u017fs", "sS" },
		{ "\u00e5", "\u00c5", "a\u030a", "\u212b" },        { "k", "K", "\u212a" },
		{ "\u0439", "\u0419", "\u0438\u0306" },             { "\u03c3", "\u03a3", "\u03c2" },
		{ "\u1ec7", "\u1ec6", "e\u0323\u0302", "\u00ea\u0323", "\u1eb9\u0302", "E\u0323\u0302" },
		{ "\uac00", "\u1100\u1161" },                      { "\ufb01", "fi", "FI", "fI" },
		{ "\ufb03", "ffi", "FFI", "f\ufb01", "\ufb00i" },    { "\u01f0", "j\u030c", "J\u030c" },
		{ "\u0149", "\u02bcn", "\u02bcN" },                 { "\u0130", "i\u0307", "I\u0307" },
		{ "\u2260", "=\u0338" },                           { "\u1f80", "\u1f88", "\u1f00\u03b9", "\u1f08\u0399" },
		{ "\u1e9b", "\u017f\u0307", "\u1e61", "s\u0307" },  { "\U00010400", "\U00010428" },
		{ ".", "." }, { "e", "E" }, { "\u5bc6", "\u5bc6" },  { "s", "S", "\u017f" },
	};

	(void)state;
	for (unsigned int round = 0; round < 400; round++) {
		cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
		cleanup_(dfa_freep) struct dfa *d = NULL;
		size_t word[6], len = 1 + rnd(ARRAY_SIZE(word));
		char pattern[128] = "**/", path[256];

		for (size_t i = 0; i < len; i++) {
			size_t kinds = 0;

			word[i] = rnd(ARRAY_SIZE(letters));
			while (kinds < 6 && letters[word[i]][kinds])
				kinds++;
			strcat(pattern, letters[word[i]][rnd((unsigned int)kinds)]);
			if (!rnd(8))
				strcat(pattern, "\u200d");
		}
		if (!strcmp(pattern, "**/.") || !strcmp(pattern, "**/.."))
			continue;
		dfa_builder_any_letters(b, 0);
		add(b, 0, pattern);
		d = build(b);
		for (unsigned int k = 0; k < 30; k++) {
			strcpy(path, "/");
			for (size_t i = 0; i < len; i++) {
				size_t kinds = 0;

				while (kinds < 6 && letters[word[i]][kinds])
					kinds++;
				strcat(path, letters[word[i]][rnd((unsigned int)kinds)]);
				if (!rnd(8))
					strcat(path, "\u00ad");
			}
			if (!folded(d, path, rnd(2) ? "-f" : "-d", NULL) && path[strlen(path) - 1] != '.')
				fail_msg("seed %u: %s is not seen as %s", seed, path, pattern);
			if (has(d, 0, path) != !strcmp(path + 1, pattern + 3))
				fail_msg("seed %u: %s by %s, where case counts", seed, path, pattern);
		}
	}
}

/* Single names against fnmatch(3). Both read bytes: the locale is "C". */
static void test_random_names(void **state)
{
	static const char *const pieces[] = {
		"a", "b", "-", ".", "*", "*", "?", "[ab]", "[!ab]", "[a-c]", "[!a-c]x", "[]a]", "[!]a]", "[a-]", "\\*", "\\[",
		"[[:alpha:]]", "[![:digit:]]", "[[:punct:]]", "]", "!", "^", "[\\]]", "\xc3\xa4", "[[:alnum:]_-]",
	};
	static const char *const bytes[] = { "a", "b", "c", "x", "-", ".", "*", "[", "]", "7", "!", "\xc3\xa4", "_", "^" };

	(void)state;
	for (unsigned int round = 0; round < 1000; round++) {
		cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
		cleanup_(dfa_freep) struct dfa *d = NULL;
		char pattern[80] = "/";

		for (unsigned int i = 1 + rnd(5); i; i--) {
			const char *piece = PICK(pieces);

			/* Two stars in a row are an error here and one star there; a lone "." or ".." is an error. */
			if (piece[0] != '*' || pattern[strlen(pattern) - 1] != '*')
				strcat(pattern, piece);
		}
		if (!strcmp(pattern, "/.") || !strcmp(pattern, "/.."))
			continue;
		add(b, 0, pattern);
		d = build(b);
		for (unsigned int k = 0; k < 50; k++) {
			char path[80] = "/";
			bool expected;

			for (unsigned int i = 1 + rnd(6); i; i--)
				strcat(path, PICK(bytes));
			expected = fnmatch(pattern, path, FNM_PATHNAME) == 0;
			if (has(d, 0, path) != expected)
				fail_msg("seed %u: %s on %s: fnmatch says %d", seed, pattern, path, expected);
		}
	}
}

/* ---- git ------------------------------------------------------------------------------------------------------- */

/*
 * git looks at the directories above a file first, and what is below an excluded one cannot be taken back; for us the
 * last match on the file alone decides. To be comparable, no pattern here may match a directory: names of files end in
 * "~" (as the last component of every pattern does), and names of directories do not. Patterns that end in / ** match
 * directories below theirs, but then the files in those too; they are only used in policies that take nothing back.
 */
static const char *const git_dirs[] = { "a", "b", "ab", ".x", "etc", "a.b" };
static const char *const git_parts[] = { "a", "b", ".x", "*", "a*", "?b", "[a-c]", "[!a]", "*.b", "e?c", "**" };
static const char *const git_files[] = { ".env~", "key.pem~", "a~", "b~", "x-a.json~", "id_a~", ".x~" };
static const char *const git_globs[] = {
	".env~", "*.pem~", "?~", "x-*~", "*a*~", "[ab]~", "[!.]*~", "[^a-k]*~", ".*~", "*~", "id_[[:alpha:]]~",
	"\\.env~", "*[.]*~",
};

static void git_pattern(char *buf, size_t size, bool take_back)
{
	unsigned int parts = rnd(4);
	size_t len = (size_t)snprintf(buf, size, "%s%s", take_back && !rnd(3) ? "!" : "",
				      !parts && rnd(2) ? "" : rnd(2) ? "/" : "**/");

	for (unsigned int i = 0; i < parts; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s/", PICK(git_parts));
	if (!take_back && parts && !rnd(4))
		snprintf(buf + len, size - len, "%s/**", PICK(git_dirs));
	else
		snprintf(buf + len, size - len, "%s", PICK(git_globs));
}

static void write_file(const char *dir, const char *name, const char *data, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Runs a command; its output, NUL-terminated, is the caller's. */
static struct strbuf run(const char *command)
{
	struct strbuf out = STRBUF_INIT;
	FILE *f = popen(command, "r");
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(&out, buf, n);
	pclose(f);
	assert_true(strbuf_ok(&out));
	return out;
}

/* The next of strings that each end in NUL. */
static const char *behind(const char *s)
{
	return s + strlen(s) + 1;
}

/* One policy and its paths through one git process: it answers source, line, pattern, path for each, empty if none. */
static void compare_with_git(const char *dir, const struct dfa *d, const char *policy, const struct strbuf *list)
{
	cleanup_(strbuf_done) struct strbuf out = STRBUF_INIT;
	const char *at, *end;
	char command[256];
	unsigned int answers = 0, asked = 0;

	write_file(dir, ".gitignore", policy, strlen(policy));
	write_file(dir, "list", list->data, list->len);
	snprintf(command, sizeof(command), "cd %s && git check-ignore --no-index -v -n -z --stdin <list", dir);
	out = run(command);
	assert_non_null(out.data);
	for (at = out.data, end = at + out.len; at < end; answers++) {
		const char *pattern = behind(behind(at)), *path = behind(pattern);
		bool expected = pattern[0] && pattern[0] != '!';
		char absolute[160];

		snprintf(absolute, sizeof(absolute), "/%s", path);
		if (has(d, 0, absolute) != expected)
			fail_msg("seed %u, %s: git says %d by \"%s\" of\n%s", seed, path, expected, pattern, policy);
		at = behind(path);
	}
	for (size_t i = 0; i < list->len; i++)
		asked += list->data[i] == '\0';
	assert_int_equal(answers, asked);
}

static void git_round(const char *dir)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = builder();
	cleanup_(dfa_freep) struct dfa *d = NULL;
	cleanup_(strbuf_done) struct strbuf list = STRBUF_INIT, policy = STRBUF_INIT;
	bool take_back = rnd(3) != 0;

	for (unsigned int i = 1 + rnd(10); i; i--) {
		char pattern[128];

		git_pattern(pattern, sizeof(pattern), take_back);
		strbuf_addf(&policy, "%s\n", pattern);
		add(b, 0, pattern);
	}
	d = build(b);
	for (unsigned int k = 0; k < 500; k++) {
		for (unsigned int i = rnd(5); i; i--)
			strbuf_addf(&list, "%s/", PICK(git_dirs));
		strbuf_adds(&list, PICK(git_files));
		strbuf_addc(&list, '\0');
	}
	compare_with_git(dir, d, strbuf_str(&policy), &list);
}

static void test_git(void **state)
{
	char dir[] = "/tmp/sluice-test-XXXXXX", command[128];
	cleanup_(strbuf_done) struct strbuf version = run("git --version 2>&1");

	(void)state;
	if (!strstr(strbuf_str(&version), "git version")) {
		print_message("git is not installed: not compared with it\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	/* Nobody's settings but our own. */
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	snprintf(command, sizeof(command), "cd %s && git init -q . 2>&1", dir);
	strbuf_done(&version);
	version = run(command);
	assert_string_equal(strbuf_str(&version), "");
	for (unsigned int round = 0; round < 200; round++)
		git_round(dir);
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* One class after the other is what asking for each gives. */
static void test_set_next(void **state)
{
	struct dfa_set set = { 0 };
	unsigned int at;

	(void)state;
	assert_int_equal(dfa_set_next(&set, 0), DFA_CLASSES_MAX);
	for (unsigned int cls = 0; cls < DFA_CLASSES_MAX; cls += cls % 64 == 63 ? 1 : 21)
		set.bits[cls / 64] |= 1ull << (cls % 64);
	set.bits[DFA_WORDS - 2] = 0;
	set.bits[DFA_WORDS - 1] |= 1ull << 63;
	at = dfa_set_next(&set, 0);
	for (unsigned int cls = 0; cls < DFA_CLASSES_MAX; cls++) {
		if (!dfa_set_has(&set, cls))
			continue;
		assert_int_equal(at, cls);
		at = dfa_set_next(&set, cls + 1);
	}
	assert_int_equal(at, DFA_CLASSES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_match_decides), cmocka_unit_test(test_sets),
		cmocka_unit_test(test_nothing),            cmocka_unit_test(test_odd_strings),
		cmocka_unit_test(test_arguments),          cmocka_unit_test(test_too_many_sets),
		cmocka_unit_test(test_hostile),            cmocka_unit_test(test_table),
		cmocka_unit_test(test_all_bytes),          cmocka_unit_test(test_random_policies),
		cmocka_unit_test(test_random_names),       cmocka_unit_test(test_git),
		cmocka_unit_test(test_folded_names),       cmocka_unit_test(test_random_folded),
		cmocka_unit_test(test_letters),            cmocka_unit_test(test_random_spellings),
		cmocka_unit_test(test_set_next),
	};

	return cmocka_run_group_tests(tests, start_random, NULL);
}
