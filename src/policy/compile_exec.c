/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the automaton over executables and arguments, and recognition with it. One automaton does all: tools, their
 * scripts, interpreters and their options, readers, and the executables that rules name.
 */
#include <errno.h>
#include <string.h>

#include "match/intern.h"
#include "policy/compile_internal.h"
#include "policy/policy_internal.h"
#include "record.h"

/* Which class is what. Classes are given only to lists that have patterns. */
struct exec_classes {
	uint16_t tool_exe[SL_TOOLS_MAX], tool_argv[SL_TOOLS_MAX];  /* by tool number */
	uint16_t interpreter_first, interpreter_end;
	uint16_t option, helper, launch;
	uint16_t inline_word[SL_EXEC_INLINE_GROUPS];               /* by group, below inline_cnt */
	size_t inline_of[SL_EXEC_INLINE_GROUPS];                   /* an interpreter with the words of the group */
	unsigned int inline_cnt;
	uint16_t improvised;                                       /* no pattern: added to sets whose code is inline */
	uint16_t *reader;                                          /* by reader */
	uint16_t *rule_exe, *rule_except;                          /* by rule; equal lists share a class */
	unsigned int subject_first;                                /* from here: readers and rules' lists */
	unsigned int cnt;
};

static void exec_classes_done(struct exec_classes *k)
{
	free(k->reader);
	free(k->rule_exe);
	free(k->rule_except);
}

static int add_list(struct compile *w, struct dfa_builder *b, struct exec_classes *k, const struct policy_strings *l,
		    uint16_t *ret)
{
	*ret = NO_CLASS;
	if (!l->cnt)
		return 0;
	*ret = (uint16_t)k->cnt++;
	return compile_patterns(w, b, *ret, l);
}

/* Words are compared with the last component, so "name" becomes a pattern that any directory may precede. */
static int add_words(struct compile *w, struct dfa_builder *b, unsigned int cls, const struct policy_strings *words)
{
	for (size_t i = 0; i < words->cnt; i++) {
		cleanup_free char *pattern = NULL;
		struct errmsg why = { 0 };
		int r;

		if (asprintf(&pattern, "**/%s", words->v[i]) < 0) {
			pattern = NULL;
			return -ENOMEM;
		}
		r = dfa_builder_add(b, cls, pattern, &why);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			why.column = why.column > 3 ? why.column - 3 : 1;
			if (w->e)
				*w->e = why;
			return policy_error_pattern(w->e, w->p, words->where[i], words->v[i], r);
		}
	}
	return 0;
}

static bool same_list(const struct policy_strings *a, const struct policy_strings *b)
{
	if (a->cnt != b->cnt)
		return false;
	for (size_t i = 0; i < a->cnt; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}

/* Class of an equal list of an earlier rule, or NO_CLASS. */
static uint16_t known_list(const struct compile *w, const struct exec_classes *k, size_t rules,
			   const struct policy_strings *l)
{
	for (size_t i = 0; i < rules; i++) {
		if (same_list(&w->p->rules[i].exe, l))
			return k->rule_exe[i];
		if (same_list(&w->p->rules[i].except, l))
			return k->rule_except[i];
	}
	return NO_CLASS;
}

static int add_rule_list(struct compile *w, struct dfa_builder *b, struct exec_classes *k, size_t rule,
			 const struct policy_strings *l, uint16_t *ret)
{
	*ret = known_list(w, k, rule, l);
	return *ret == NO_CLASS ? add_list(w, b, k, l, ret) : 0;
}

static int add_tools(struct compile *w, struct dfa_builder *b, struct exec_classes *k)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->p->tools_cnt; i++) {
		r = add_list(w, b, k, &w->p->tools[i].exe, &k->tool_exe[i + 1]);
		if (k->tool_exe[i + 1] != NO_CLASS)
			dfa_builder_any_letters(b, k->tool_exe[i + 1]);
		if (r >= 0)
			r = add_list(w, b, k, &w->p->tools[i].argv, &k->tool_argv[i + 1]);
	}
	k->interpreter_first = (uint16_t)k->cnt;
	for (size_t i = 0; r >= 0 && i < w->p->interpreters_cnt; i++)
		r = add_list(w, b, k, &w->p->interpreters[i].exe, &k->interpreter_end);
	k->interpreter_end = (uint16_t)k->cnt;
	k->option = (uint16_t)k->cnt++;
	k->helper = (uint16_t)k->cnt++;
	k->launch = (uint16_t)k->cnt++;
	for (size_t i = 0; r >= 0 && i < w->p->interpreters_cnt; i++)
		r = add_words(w, b, k->option, &w->p->interpreters[i].value_options);
	for (size_t i = 0; r >= 0 && i < w->p->interpreters_cnt; i++)
		r = add_words(w, b, k->launch, &w->p->interpreters[i].run_words);
	for (size_t i = 0; r >= 0 && i < w->p->tools_cnt; i++)
		r = add_words(w, b, k->helper, &w->p->tools[i].helpers);
	return r;
}

/* Group of the interpreter's inline words; inline_cnt if it is the first with these. */
static unsigned int inline_group(const struct compile *w, const struct exec_classes *k, size_t interpreter)
{
	unsigned int g = 0;

	while (g < k->inline_cnt &&
	       !same_list(&w->p->interpreters[k->inline_of[g]].inline_words, &w->p->interpreters[interpreter].inline_words))
		g++;
	return g;
}

static int add_inline(struct compile *w, struct dfa_builder *b, struct exec_classes *k)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->p->interpreters_cnt; i++) {
		unsigned int g = inline_group(w, k, i);

		if (!w->p->interpreters[i].inline_words.cnt || g < k->inline_cnt)
			continue;
		if (g == SL_EXEC_INLINE_GROUPS)
			return compile_too_big(w, "lists 'inline' of interpreters", g + 1, SL_EXEC_INLINE_GROUPS,
					       "give interpreters the same list");
		k->inline_of[g] = i;
		k->inline_word[g] = (uint16_t)k->cnt++;
		k->inline_cnt++;
		r = add_words(w, b, k->inline_word[g], &w->p->interpreters[i].inline_words);
	}
	return r;
}

static int add_subjects(struct compile *w, struct dfa_builder *b, struct exec_classes *k)
{
	const struct policy *p = w->p;
	int r = 0;

	k->subject_first = k->cnt;
	k->reader = calloc(p->readers_cnt ? p->readers_cnt : 1, sizeof(*k->reader));
	k->rule_exe = calloc(p->rules_cnt ? p->rules_cnt : 1, sizeof(*k->rule_exe));
	k->rule_except = calloc(p->rules_cnt ? p->rules_cnt : 1, sizeof(*k->rule_except));
	if (!k->reader || !k->rule_exe || !k->rule_except)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
		r = add_list(w, b, k, &p->readers[i].exe, &k->reader[i]);
	for (size_t i = 0; r >= 0 && i < p->rules_cnt; i++) {
		r = add_rule_list(w, b, k, i, &p->rules[i].exe, &k->rule_exe[i]);
		if (r >= 0)
			r = add_rule_list(w, b, k, i, &p->rules[i].except, &k->rule_except[i]);
	}
	k->improvised = (uint16_t)k->cnt++;
	return r;
}

/* The tool defined last among those whose class is in the set. */
static uint16_t last_tool(const struct dfa_set *set, const uint16_t *classes, uint32_t tools)
{
	for (uint32_t t = tools; t-- > 1;)
		if (classes[t] != NO_CLASS && dfa_set_has(set, classes[t]))
			return (uint16_t)t;
	return 0;
}

/* Clears the classes below `first`. */
static void keep_from(struct dfa_set *set, unsigned int first)
{
	for (unsigned int i = 0; i < first / 64; i++)
		set->bits[i] = 0;
	if (first / 64 < DFA_WORDS)
		set->bits[first / 64] &= ~0ull << (first % 64);
}

/* Every purpose-built reader that it is, and one at least, counts whatever its origin. */
static bool is_any_origin(const struct compile *w, const struct exec_classes *k, const struct dfa_set *set)
{
	bool any = false;

	for (size_t i = 0; i < w->p->readers_cnt; i++) {
		const struct policy_reader *r = &w->p->readers[i];

		if (r->kind != SL_READER_PURPOSE || !dfa_set_has(set, k->reader[i]))
			continue;
		if (!r->any_origin)
			return false;
		any = true;
	}
	return any;
}

/* Number of a distinct set of subjects' classes. */
static int number_subject(struct compile *w, struct intern *exe_sets, const struct dfa_set *subject, uint16_t *ret)
{
	uint32_t id;
	int r = intern_get(exe_sets, subject->bits, &id);

	if (r < 0)
		return r;
	if (id >= SL_EXE_SETS_MAX)
		return compile_too_big(w, "sets of executables told apart by readers and rules", id + 1, SL_EXE_SETS_MAX,
				       "merge readers, or rules' exe and except lists");
	*ret = (uint16_t)id;
	return 0;
}

/* Groups of inline words: those of the interpreters in the set, and those whose words it has. */
static uint16_t inline_flags(const struct compile *w, const struct exec_classes *k, const struct dfa_set *set)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < w->p->interpreters_cnt; i++)
		if (w->p->interpreters[i].inline_words.cnt && dfa_set_has(set, k->interpreter_first + (unsigned int)i))
			flags |= SL_EXEC_INLINE(inline_group(w, k, i));
	for (unsigned int g = 0; g < k->inline_cnt; g++)
		if (dfa_set_has(set, k->inline_word[g]))
			flags |= SL_EXEC_INLINE(g);
	return (uint16_t)flags;
}

/* exec_sets[], with distinct sets of subjects' classes numbered; set 0 is the empty one. */
static int fill_sets(struct compile *w, const struct exec_classes *k, struct intern *exe_sets)
{
	struct compiled *c = w->c;
	const struct dfa *d = c->exec;

	c->exec_sets = calloc(d->info.sets, sizeof(*c->exec_sets));
	if (!c->exec_sets)
		return -ENOMEM;
	for (uint32_t s = 0; s < d->info.sets; s++) {
		struct sl_exec_set *x = &c->exec_sets[s];
		struct dfa_set subject = d->sets[s];
		int r;

		keep_from(&subject, k->subject_first);
		r = number_subject(w, exe_sets, &subject, &x->exe_set);
		if (r < 0)
			return r;
		x->exe_inline = x->exe_set;
		x->tool_exe = last_tool(&d->sets[s], k->tool_exe, c->tools_cnt);
		x->tool_argv = last_tool(&d->sets[s], k->tool_argv, c->tools_cnt);
		for (unsigned int i = k->interpreter_first; i < k->interpreter_end; i++)
			if (dfa_set_has(&d->sets[s], i))
				x->flags |= SL_EXEC_INTERPRETER;
		if (is_any_origin(w, k, &d->sets[s]))
			x->flags |= SL_EXEC_ANY_ORIGIN;
		if (dfa_set_has(&d->sets[s], k->option))
			x->flags |= SL_EXEC_OPT_VALUE;
		if (dfa_set_has(&d->sets[s], k->helper))
			x->flags |= SL_EXEC_HELPER;
		if (dfa_set_has(&d->sets[s], k->launch))
			x->flags |= SL_EXEC_LAUNCH;
		x->flags |= inline_flags(w, k, &d->sets[s]);
		if (!(x->flags & SL_EXEC_INTERPRETER) || !(x->flags & SL_EXEC_INLINE_ALL))
			continue;
		dfa_set_add(&subject, k->improvised);
		r = number_subject(w, exe_sets, &subject, &x->exe_inline);
		if (r < 0)
			return r;
	}
	c->exe_sets_cnt = exe_sets->cnt;
	return 0;
}

/* What each distinct set means: the kind of reader, and the rules whose exe: and except: it satisfies. */
static int fill_subjects(struct compile *w, const struct exec_classes *k, const struct intern *exe_sets)
{
	struct rule_set *rules = calloc(exe_sets->cnt, sizeof(*rules));

	w->c->priv->exe_rules = rules;
	w->kinds = calloc(exe_sets->cnt, sizeof(*w->kinds));
	if (!rules || !w->kinds)
		return -ENOMEM;
	for (uint32_t x = 0; x < exe_sets->cnt; x++) {
		struct dfa_set set;

		memcpy(set.bits, intern_key(exe_sets, x), sizeof(set.bits));
		w->kinds[x].improvised = dfa_set_has(&set, k->improvised);
		for (size_t i = 0; i < w->p->readers_cnt; i++) {
			const struct policy_reader *reader = &w->p->readers[i];

			if (!dfa_set_has(&set, k->reader[i]))
				continue;
			w->kinds[x].generic |= reader->kind == SL_READER_GENERIC;
			w->kinds[x].interpreter |= reader->kind == SL_READER_INTERPRETER;
			for (size_t j = 0; j < reader->classes.cnt; j++) {
				int secret = policy_find_secret(w->p, reader->classes.v[j]);

				if (secret >= 0 && w->secret_class[secret] != NO_CLASS)
					dfa_set_add(&w->kinds[x].purpose, w->secret_class[secret]);
			}
		}
		for (size_t i = 0; i < w->p->rules_cnt; i++)
			if ((k->rule_exe[i] == NO_CLASS || dfa_set_has(&set, k->rule_exe[i])) &&
			    (k->rule_except[i] == NO_CLASS || !dfa_set_has(&set, k->rule_except[i])))
				rule_set_add(&rules[x], i);
	}
	return 0;
}

int compile_exec(struct compile *w)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = NULL;
	cleanup_(exec_classes_done) struct exec_classes k = { 0 };
	cleanup_(intern_done) struct intern exe_sets = INTERN_INIT(DFA_WORDS);
	int r = compile_builder(w, DFA_PATH, &b);

	if (r >= 0)
		r = add_tools(w, b, &k);
	if (r >= 0)
		r = add_inline(w, b, &k);
	if (r >= 0)
		r = add_subjects(w, b, &k);
	if (r >= 0 && k.cnt > DFA_CLASSES_MAX)
		r = compile_too_big(w, "lists of executables", k.cnt, DFA_CLASSES_MAX,
				    "remove tools, readers or rules with exe");
	if (r >= 0)
		r = compile_automaton(w, b, 0, "executables (tools, interpreters, readers, rules)", &w->c->exec);
	if (r >= 0)
		r = fill_sets(w, &k, &exe_sets);
	return r < 0 ? r : fill_subjects(w, &k, &exe_sets);
}

/* ---- recognition ----------------------------------------------------------------------------------------------- */

static const struct sl_exec_set *match_path(const struct compiled *c, const char *path, unsigned int str_flags)
{
	bool unknown;

	return &c->exec_sets[compiled_match_record(c, c->exec, path, strlen(path), str_flags, &unknown)];
}

/* As the kernel: at most SL_ARG_LEN bytes with the NUL, a '/' in front unless there is one. */
static const struct sl_exec_set *match_arg(const struct compiled *c, const char *arg)
{
	char buf[SL_ARG_LEN + 1];
	size_t len = strnlen(arg, SL_ARG_LEN - 1);

	buf[0] = '/';
	memcpy(buf + 1, arg, len);
	buf[len + 1] = '\0';
	return match_path(c, *arg == '/' ? buf + 1 : buf, 0);
}

/* argv[0] counts by its last component. */
static const struct sl_exec_set *match_name(const struct compiled *c, const char *arg)
{
	char buf[SL_ARG_LEN];
	size_t len = strnlen(arg, SL_ARG_LEN - 1);
	const char *slash;

	memcpy(buf, arg, len);
	buf[len] = '\0';
	slash = strrchr(buf, '/');
	return match_arg(c, slash ? slash + 1 : buf);
}

/* The script: the first argument that is neither an option nor the value of one. *ret_inline: a word up to there says that the code is in
 * the arguments (inline_groups: of these interpreters), or there is no argument at all, so that it comes from standard input. */
static uint16_t script_tool(const struct compiled *c, const char *const *argv, size_t argc, unsigned int inline_groups, bool *ret_inline)
{
	*ret_inline = argc == 1 && inline_groups;
	for (size_t i = 1; i < argc && i < SL_ARG_SCAN; i++) {
		const struct sl_exec_set *x = match_arg(c, argv[i]);

		*ret_inline |= (x->flags & inline_groups) != 0;
		if (argv[i][0] != '-' && !(x->flags & SL_EXEC_LAUNCH))
			return x->tool_argv;
		if (argv[i][0] == '-' && x->flags & SL_EXEC_OPT_VALUE)
			i++;
	}
	return 0;
}

struct compiled_exec compiled_exec_record(const struct compiled *c, const char *exe, unsigned int exe_flags, const char *const *argv,
					  size_t argc)
{
	const struct sl_exec_set *x = match_path(c, exe, exe_flags);
	struct compiled_exec ret = { .tool = x->tool_exe, .exe_set = x->exe_set, .any_origin = x->flags & SL_EXEC_ANY_ORIGIN };
	bool interpreter = x->flags & SL_EXEC_INTERPRETER;

	if (ret.tool)
		ret.evidence = SL_EVID_EXE;
	if ((ret.tool || interpreter) && argc)
		ret.helper = match_name(c, argv[0])->flags & SL_EXEC_HELPER;
	if (!ret.tool && interpreter) {
		bool is_inline;

		ret.tool = script_tool(c, argv, argc, x->flags & SL_EXEC_INLINE_ALL, &is_inline);
		ret.evidence = ret.tool ? SL_EVID_ARGV : SL_EVID_NONE;
		ret.improvised = is_inline && !ret.tool;
		if (ret.improvised)
			ret.exe_set = x->exe_inline;
	}
	return ret;
}

struct compiled_exec compiled_exec(const struct compiled *c, const char *exe, const char *const *argv, size_t argc)
{
	return compiled_exec_record(c, exe, 0, argv, argc);
}
