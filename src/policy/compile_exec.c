/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the automaton over executables and arguments, and recognition with it. One automaton does all: tools, their
 * scripts, interpreters and their options, readers, and the executables that rules name.
 */
#include <errno.h>
#include <string.h>

#include "match/intern.h"
#include "policy/compile_argv.h"
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
	uint16_t *reader, *script;                                 /* by reader */
	uint16_t *rule_exe, *rule_except;                          /* by rule; equal lists share a class */
	unsigned int subject_first, subject_end;                   /* readers and rules' lists */
	struct argv_words words;                                   /* behind them */
	unsigned int cnt;
};

static void exec_classes_done(struct exec_classes *k)
{
	free(k->reader);
	free(k->script);
	free(k->rule_exe);
	free(k->rule_except);
	compile_argv_done(&k->words);
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
	k->script = calloc(p->readers_cnt ? p->readers_cnt : 1, sizeof(*k->script));
	if (!k->reader || !k->script || !k->rule_exe || !k->rule_except)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
	{
		/* By its script alone, it has a class all the same. */
		k->reader[i] = (uint16_t)k->cnt++;
		r = compile_patterns(w, b, k->reader[i], &p->readers[i].exe);
	}
	for (size_t i = 0; r >= 0 && i < p->rules_cnt; i++) {
		r = add_rule_list(w, b, k, i, &p->rules[i].exe, &k->rule_exe[i]);
		if (r >= 0)
			r = add_rule_list(w, b, k, i, &p->rules[i].except, &k->rule_except[i]);
	}
	k->improvised = (uint16_t)k->cnt++;
	k->subject_end = k->cnt;
	for (size_t i = 0; r >= 0 && i < p->readers_cnt; i++)
		r = add_list(w, b, k, &p->readers[i].script, &k->script[i]);
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

/* Clears the classes below `first`, and from `end` on. */
static void keep_between(struct dfa_set *set, unsigned int first, unsigned int end)
{
	for (unsigned int i = 0; i < DFA_WORDS; i++) {
		if (i * 64 < first)
			set->bits[i] &= first - i * 64 < 64 ? ~0ull << (first % 64) : 0;
		if (i * 64 + 64 > end)
			set->bits[i] &= end > i * 64 ? ~0ull >> (64 - end % 64) : 0;
	}
}

/* Every purpose-built reader that it is (class: of its executables, or of its scripts), and one at least, counts whatever its origin. */
static bool is_any_origin(const struct compile *w, const uint16_t *class, const struct dfa_set *set)
{
	bool any = false;

	for (size_t i = 0; i < w->p->readers_cnt; i++) {
		const struct policy_reader *r = &w->p->readers[i];

		if (r->kind != SL_READER_PURPOSE || class[i] == NO_CLASS || !dfa_set_has(set, class[i]))
			continue;
		if (!r->any_origin)
			return false;
		any = true;
	}
	return any;
}

/* The numbers that are given out: to sets of subjects' classes (0: none), to those of interpreters, and of their scripts (0: none). */
struct numbers {
	struct compile *w;
	const struct exec_classes *k;
	struct intern exe_sets, rows, cols;
};

static void numbers_done(struct numbers *n)
{
	intern_done(&n->exe_sets);
	intern_done(&n->rows);
	intern_done(&n->cols);
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

static int number_exe(void *arg, const struct dfa_set *subject, uint16_t *ret)
{
	struct numbers *n = arg;

	return number_subject(n->w, &n->exe_sets, subject, ret);
}

static int number_col(void *arg, const struct dfa_set *subject, uint16_t *ret)
{
	struct numbers *n = arg;
	uint32_t col = 0;
	int r = intern_get(&n->cols, subject->bits, &col);

	*ret = (uint16_t)col;
	return r;
}

/* Classes of the readers whose `script` patterns are in the set. */
static struct dfa_set script_subject(const struct compile *w, const struct exec_classes *k, const struct dfa_set *set)
{
	struct dfa_set ret = { 0 };

	for (size_t i = 0; i < w->p->readers_cnt; i++)
		if (k->script[i] != NO_CLASS && dfa_set_has(set, k->script[i]))
			dfa_set_add(&ret, k->reader[i]);
	return ret;
}

/* What an interpreter is with a script of some reader: that reader, and for rules' lists still the interpreter. */
static int fill_scripts(struct numbers *n)
{
	struct compiled *c = n->w->c;
	int r = 0;

	c->script_rows = n->rows.cnt;
	c->script_cols = n->cols.cnt;
	c->script_sets = calloc((size_t)c->script_rows * c->script_cols, sizeof(*c->script_sets));
	if (!c->script_sets)
		return -ENOMEM;
	for (uint32_t row = 0; row < c->script_rows; row++) {
		for (uint32_t col = 0; r >= 0 && col < c->script_cols; col++) {
			struct dfa_set set;

			memcpy(set.bits, intern_key(&n->rows, row), sizeof(set.bits));
			for (size_t i = 0; i < n->w->p->readers_cnt; i++)
				set.bits[n->k->reader[i] / 64] &= ~(1ull << (n->k->reader[i] % 64));
			for (unsigned int i = 0; i < DFA_WORDS; i++)
				set.bits[i] |= intern_key(&n->cols, col)[i];
			r = number_subject(n->w, &n->exe_sets, &set, &c->script_sets[row * c->script_cols + col]);
		}
	}
	return r;
}

/* exec_sets[], with distinct sets of subjects' classes numbered; set 0 is the empty one. */
static int fill_sets(struct compile *w, struct exec_classes *k, struct numbers *n)
{
	static const struct dfa_set none;
	struct compiled *c = w->c;
	const struct dfa *d = c->exec;
	uint32_t row;
	int r;

	c->exec_sets = calloc(d->info.sets, sizeof(*c->exec_sets));
	if (!c->exec_sets)
		return -ENOMEM;
	r = compile_argv_places(w, &k->words);
	if (r >= 0)
		r = intern_get(&n->rows, none.bits, &row);
	if (r >= 0)
		r = intern_get(&n->cols, none.bits, &row);
	if (r < 0)
		return r;
	for (uint32_t s = 0; s < d->info.sets; s++) {
		struct sl_exec_set *x = &c->exec_sets[s];
		struct dfa_set subject = d->sets[s], script = script_subject(w, k, &d->sets[s]);

		keep_between(&subject, k->subject_first, k->subject_end);
		r = compile_argv_subject(w, &k->words, &k->words.known[0], &subject, k->reader, number_exe, n, &x->as_exe);
		if (r >= 0)
			r = compile_argv_subject(w, &k->words, &k->words.known[1], &script, k->reader, number_col, n, &x->as_script);
		if (r < 0)
			return r;
		x->exe_set = x->as_exe.plain;
		compile_argv_of_set(&k->words, &d->sets[s], &x->words);
		x->exe_inline = x->exe_set;
		x->tool_exe = last_tool(&d->sets[s], k->tool_exe, c->tools_cnt);
		x->tool_argv = last_tool(&d->sets[s], k->tool_argv, c->tools_cnt);
		for (unsigned int i = k->interpreter_first; i < k->interpreter_end; i++)
			if (dfa_set_has(&d->sets[s], i))
				x->flags |= SL_EXEC_INTERPRETER | (w->p->interpreters[i - k->interpreter_first].shell ? SL_EXEC_SHELL : 0);
		if (is_any_origin(w, k->reader, &d->sets[s]))
			x->flags |= SL_EXEC_ANY_ORIGIN;
		if (is_any_origin(w, k->script, &d->sets[s]))
			x->flags |= SL_EXEC_ANY_SCRIPT;
		if (dfa_set_has(&d->sets[s], k->option))
			x->flags |= SL_EXEC_OPT_VALUE;
		if (dfa_set_has(&d->sets[s], k->helper))
			x->flags |= SL_EXEC_HELPER;
		if (dfa_set_has(&d->sets[s], k->launch))
			x->flags |= SL_EXEC_LAUNCH;
		x->flags |= inline_flags(w, k, &d->sets[s]);
		memcpy(subject.bits, intern_key(&n->exe_sets, x->exe_set), sizeof(subject.bits));
		if (x->flags & SL_EXEC_INTERPRETER) {
			r = intern_get(&n->rows, subject.bits, &row);
			x->script_row = (uint16_t)row;
		}
		/* Which reader it would be is no matter then. */
		for (size_t i = 0; i < w->p->readers_cnt; i++)
			subject.bits[k->reader[i] / 64] &= ~(1ull << (k->reader[i] % 64));
		dfa_set_add(&subject, k->improvised);
		if (r >= 0)
			r = number_subject(w, &n->exe_sets, &subject, &x->exe_inline);
		if (r < 0)
			return r;
	}
	r = fill_scripts(n);
	c->exe_sets_cnt = n->exe_sets.cnt;
	return r;
}

/* The kind of reader that it is whatever it reads. */
static unsigned int kind_without_file(const struct exe_kind *kind)
{
	if (kind->improvised)
		return SL_READER_IMPROVISED;
	if (kind->asked_looking)
		return SL_READER_LOOKING;
	if (kind->asked_generic)
		return SL_READER_GENERIC;
	if (kind->looking)
		return SL_READER_LOOKING;
	if (kind->sweep)
		return SL_READER_SWEEP;
	if (kind->generic)
		return SL_READER_GENERIC;
	return kind->interpreter ? SL_READER_INTERPRETER : SL_READER_OTHER;
}

/* What each distinct set means: the kind of reader, and the rules whose exe: and except: it satisfies. */
static int fill_subjects(struct compile *w, const struct exec_classes *k, const struct intern *exe_sets)
{
	struct rule_set *rules = calloc(exe_sets->cnt, sizeof(*rules));

	w->c->priv->exe_rules = rules;
	w->kinds = calloc(exe_sets->cnt, sizeof(*w->kinds));
	w->c->makers = calloc(exe_sets->cnt, sizeof(*w->c->makers));
	if (!rules || !w->kinds || !w->c->makers)
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
			w->kinds[x].looking |= reader->kind == SL_READER_LOOKING;
			w->kinds[x].sweep |= reader->kind == SL_READER_SWEEP;
			w->kinds[x].asked_looking |= reader->kind == SL_READER_LOOKING && reader->argv.cnt;
			w->kinds[x].asked_generic |= reader->kind == SL_READER_GENERIC && reader->argv.cnt;
			for (size_t j = 0; j < reader->classes.cnt; j++) {
				int secret = policy_find_secret(w->p, reader->classes.v[j]);

				if (secret >= 0 && w->secret_class[secret] != NO_CLASS)
					dfa_set_add(&w->kinds[x].purpose, w->secret_class[secret]);
			}
		}
		w->c->makers[x] = kind_without_file(&w->kinds[x]) == SL_READER_IMPROVISED || kind_without_file(&w->kinds[x]) == SL_READER_GENERIC;
		for (size_t i = 0; i < w->p->rules_cnt; i++)
			if ((w->p->rules[i].object != POLICY_OBJECT_INSPECT || !w->p->rules[i].readers ||
			     w->p->rules[i].readers >> kind_without_file(&w->kinds[x]) & 1) &&
			    (k->rule_exe[i] == NO_CLASS || dfa_set_has(&set, k->rule_exe[i])) &&
			    (k->rule_except[i] == NO_CLASS || !dfa_set_has(&set, k->rule_except[i])))
				rule_set_add(&rules[x], i);
	}
	return 0;
}

int compile_exec(struct compile *w)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = NULL;
	cleanup_(exec_classes_done) struct exec_classes k = { .words = ARGV_WORDS_INIT };
	cleanup_(numbers_done) struct numbers n = {
		.w = w, .k = &k, .exe_sets = INTERN_INIT(DFA_WORDS), .rows = INTERN_INIT(DFA_WORDS), .cols = INTERN_INIT(DFA_WORDS),
	};
	int r = compile_builder(w, DFA_PATH, &b);

	if (r >= 0)
		r = add_tools(w, b, &k);
	if (r >= 0)
		r = add_inline(w, b, &k);
	if (r >= 0)
		r = add_subjects(w, b, &k);
	if (r >= 0)
		r = compile_argv_words(w, b, &k.words, &k.cnt);
	if (r >= 0 && k.cnt > DFA_CLASSES_USED)
		r = compile_too_big(w, "lists of executables", k.cnt, DFA_CLASSES_USED,
				    "remove tools, readers or rules with exe");
	if (r >= 0)
		r = compile_automaton(w, b, 0, "executables (tools, interpreters, readers, rules)", &w->c->exec);
	if (r >= 0)
		r = fill_sets(w, &k, &n);
	return r < 0 ? r : fill_subjects(w, &k, &n.exe_sets);
}

/* ---- recognition ----------------------------------------------------------------------------------------------- */

static const struct sl_exec_set *match_path(const struct compiled *c, const char *path, unsigned int str_flags)
{
	bool unknown;

	return &c->exec_sets[compiled_match_record(c, c->exec, path, strlen(path), str_flags, &unknown)];
}

/* As the kernel: at most SL_ARG_LEN bytes with the NUL, a '/' in front unless there is one, and none at the end. */
static const struct sl_exec_set *match_arg(const struct compiled *c, const char *arg)
{
	char buf[SL_ARG_LEN + 1];
	size_t len = strnlen(arg, SL_ARG_LEN - 1);

	if (len > 1 && arg[len - 1] == '/')
		len--;

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

/* What the arguments of an interpreter say. */
struct script {
	const struct sl_exec_set *x;  /* of the script; NULL: there is none */
	size_t next;                  /* argument behind it */
	bool is_inline;               /* a word up to there says that the code is in the arguments */
};

/* The script: the first argument that is neither an option nor the value of one. flags: the interpreter's. */
static struct script find_script(const struct compiled *c, const char *const *argv, size_t argc, unsigned int flags)
{
	struct script s = { 0 };
	bool skip = false;

	for (size_t i = 1; i < argc && i < SL_ARG_SCAN; i++) {
		const struct sl_exec_set *x = match_arg(c, argv[i]);

		bool option = argv[i][0] == '-' || (argv[i][0] == '+' && flags & SL_EXEC_SHELL);

		s.is_inline |= (x->flags & flags & SL_EXEC_INLINE_ALL) != 0;
		if (!skip && !option && !(x->flags & SL_EXEC_LAUNCH)) {
			s.x = x;
			s.next = i + 1;
			break;
		}
		skip = !skip && option && x->flags & SL_EXEC_OPT_VALUE;
	}
	return s;
}

/* What readers say, by the arguments from the one numbered `from` on. */
static uint16_t outcome(const struct compiled *c, const struct sl_argv_ask *ask, const char *const *argv, size_t argc, size_t from)
{
	struct compiled_words s = { .may = SL_MAY_FIRST, .cut = argc > SL_ARG_WORDS };

	for (size_t i = from; ask->cnt && i < argc && i < SL_ARG_WORDS; i++)
		compiled_words_add(c, &s, match_arg(c, argv[i]), argv[i][0] == '-');
	return compiled_outcome(c, &s, ask);
}

struct compiled_exec compiled_exec_record(const struct compiled *c, const char *exe, unsigned int exe_flags, const char *const *argv,
					  size_t argc)
{
	const struct sl_exec_set *x = match_path(c, exe, exe_flags);
	struct compiled_exec ret = { .tool = x->tool_exe, .exe_set = x->exe_set, .any_origin = x->flags & SL_EXEC_ANY_ORIGIN };
	bool interpreter = x->flags & SL_EXEC_INTERPRETER;
	struct script s = { 0 };
	uint16_t col = 0;

	if (ret.tool)
		ret.evidence = SL_EVID_EXE;
	if ((ret.tool || interpreter) && argc)
		ret.helper = match_name(c, argv[0])->flags & SL_EXEC_HELPER;
	if (ret.tool || !interpreter) {
		ret.exe_set = outcome(c, &x->as_exe, argv, argc, 1);
		return ret;
	}
	if (argc)
		s = find_script(c, argv, argc, x->flags);
	if (s.x && !(x->flags & SL_EXEC_SHELL))
		ret.tool = s.x->tool_argv;
	if (ret.tool) {
		ret.evidence = SL_EVID_ARGV;
		return ret;
	}
	ret.improvised = s.is_inline || (x->flags & SL_EXEC_INLINE_ALL && (argc == 1 || (argc && !s.x && x->flags & SL_EXEC_SHELL)));
	if (ret.improvised) {
		ret.exe_set = x->exe_inline;
		return ret;
	}
	if (s.x)
		col = outcome(c, &s.x->as_script, argv, argc, s.next);
	if (col) {
		ret.exe_set = c->script_sets[x->script_row * c->script_cols + col];
		ret.scripted = true;
		ret.any_origin = s.x->flags & SL_EXEC_ANY_SCRIPT;
	}
	return ret;
}

struct compiled_exec compiled_exec(const struct compiled *c, const char *exe, const char *const *argv, size_t argc)
{
	return compiled_exec_record(c, exe, 0, argv, argc);
}
