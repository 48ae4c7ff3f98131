/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the automaton over paths, and the decision tables. A row of decisions is computed once per signature: what the
 * rules can tell of a subject. Sixty tools and two hundred sets of executables give some ten thousand subjects, but
 * few signatures and fewer rows.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "label.h"
#include "match/intern.h"
#include "policy/compile_internal.h"
#include "policy/policy_internal.h"

/* Everything that the decisions of a subject depend on; all words, so that it is a key. */
struct signature {
	struct rule_set rules;     /* `read:` rules that apply to the subject */
	struct dfa_set startup;    /* self: classes that the tool loads at start */
	struct dfa_set purpose;    /* not self: classes that the executable is made for */
	uint64_t kind;             /* SIG_*, and the class of the tool's own store from bit 32 */
};
#define SIG_SELF 1
#define SIG_GENERIC 2
#define SIG_INTERPRETER 4
#define SIG_IMPROVISED 8
#define SIG_LOOKING 16
#define SIG_SWEEP 32
#define SIG_ASKED_LOOKING 64
#define SIG_ASKED_GENERIC 128
#define SIG_WORDS (sizeof(struct signature) / sizeof(uint64_t))
_Static_assert(sizeof(struct signature) % sizeof(uint64_t) == 0, "a key is made of words");

/* What is the same for every row. */
struct tables {
	struct rule_set read_rules;            /* all `read:` rules */
	struct rule_set own_rules;             /* those that name `own` */
	struct rule_set by_reader[SL_READERS]; /* rules that accept this kind of reader */
	struct rule_set *by_set;               /* by path set: rules that name one of its classes */
	struct dfa_set secrets;                /* path classes that are secret classes */
	struct intern signatures, pieces, rows; /* a row is a key of pieces */
	uint16_t *row_of;                      /* by signature */
	size_t row_of_size;
	uint64_t *row;                         /* scratch: one row of cells, padded to pieces */
	uint64_t *row_pieces;                  /* scratch: its pieces */
};

static void tables_done(struct tables *t)
{
	free(t->by_set);
	free(t->row_of);
	free(t->row);
	free(t->row_pieces);
	intern_done(&t->signatures);
	intern_done(&t->pieces);
	intern_done(&t->rows);
}

/* ---- classes --------------------------------------------------------------------------------------------------- */

static bool rules_name_class(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (policy_strings_has(&p->rules[i].classes, name))
			return true;
	return false;
}

static int add_class(struct compile *w, const char *prefix, const char *name)
{
	struct compiled_priv *priv = w->c->priv;
	char *text;

	if (priv->classes_cnt == DFA_CLASSES_USED)
		return compile_too_big(w, "file classes (secret classes and own stores)", priv->classes_cnt + 1,
				       DFA_CLASSES_USED, "merge classes, or remove tools");
	if (asprintf(&text, "%s%s", prefix, name) < 0)
		return -ENOMEM;
	priv->class_names[priv->classes_cnt++] = text;
	return 0;
}

/* A class that no rule names does not exist: its files are of no interest, and it tells no reader from another. */
int compile_classes(struct compile *w)
{
	struct compiled_priv *priv = w->c->priv;
	bool own = rules_name_class(w->p, POLICY_CLASS_OWN);
	int r = 0;

	priv->class_names = calloc(DFA_CLASSES_MAX, sizeof(*priv->class_names));
	w->secret_class = calloc(w->p->secrets_cnt ? w->p->secrets_cnt : 1, sizeof(*w->secret_class));
	if (!priv->class_names || !w->secret_class)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < w->p->secrets_cnt; i++) {
		w->secret_class[i] = NO_CLASS;
		if (!rules_name_class(w->p, w->p->secrets[i].name))
			continue;
		w->secret_class[i] = (uint16_t)priv->classes_cnt;
		r = add_class(w, "", w->p->secrets[i].name);
	}
	priv->secrets_cnt = priv->classes_cnt;
	priv->own_class[0] = NO_CLASS;
	for (size_t i = 0; r >= 0 && i < w->p->tools_cnt; i++) {
		priv->own_class[i + 1] = NO_CLASS;
		if (!own || !w->p->tools[i].own.cnt)
			continue;
		priv->own_class[i + 1] = (uint16_t)priv->classes_cnt;
		r = add_class(w, "own:", w->p->tools[i].name);
	}
	return r;
}

/* ---- classes that make no difference beside others ------------------------------------------------------------- */

struct importance {
	const struct policy *p;
	struct class_rules {
		uint16_t *rules;  /* that name it, in their order; owned */
		size_t cnt;
	} *classes;
	uint16_t *like;           /* by rule: the first rule with the same subject */
	struct dfa_reduce reduce;
};

static void importance_done(struct importance *m)
{
	for (size_t i = 0; m->classes && i < DFA_CLASSES_MAX; i++)
		free(m->classes[i].rules);
	free(m->classes);
	free(m->like);
}

static bool same_strings(const struct policy_strings *a, const struct policy_strings *b)
{
	for (size_t i = 0; i < a->cnt && a->cnt == b->cnt; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return a->cnt == b->cnt;
}

/* Whatever `rule` applies to, `other` applies to as well. False where that takes more than a look. */
static bool covers(const struct policy_rule *other, const struct policy_rule *rule)
{
	if (other->scope != rule->scope && other->scope != POLICY_TOOL_ALL &&
	    !(other->scope == POLICY_TOOL_ANY && rule->scope == POLICY_TOOL_LIST))
		return false;
	if (other->scope == POLICY_TOOL_LIST && !same_strings(&other->tools, &rule->tools))
		return false;
	if (other->readers && (!rule->readers || rule->readers & ~other->readers))
		return false;
	return (!other->exe.cnt || same_strings(&other->exe, &rule->exe)) &&
	       (!other->except.cnt || same_strings(&other->except, &rule->except)) &&
	       (!other->users.cnt || same_strings(&other->users, &rule->users));
}

/* For every reader that a rule about class b applies to, one about class a comes first, or is the same. */
static bool dominates(const struct importance *m, unsigned int a, unsigned int b)
{
	const struct class_rules *x = &m->classes[a], *y = &m->classes[b];

	for (size_t j = 0; j < y->cnt; j++) {
		size_t i = 0;

		while (i < x->cnt && x->rules[i] <= y->rules[j] && m->like[x->rules[i]] != m->like[y->rules[j]] &&
		       !covers(&m->p->rules[x->rules[i]], &m->p->rules[y->rules[j]]))
			i++;
		if (i == x->cnt || x->rules[i] > y->rules[j])
			return false;
	}
	return true;
}

static bool outweighs(const void *arg, unsigned int a, unsigned int b)
{
	return dominates(arg, a, b);
}

static void keep_what_matters(const void *arg, struct dfa_set *set)
{
	const struct importance *m = arg;

	for (unsigned int a = dfa_set_next(set, 0); a < DFA_CLASSES_MAX; a = dfa_set_next(set, a + 1)) {
		for (unsigned int b = dfa_set_next(set, 0); b < DFA_CLASSES_MAX; b = dfa_set_next(set, b + 1))
			if (a != b && dfa_set_has(&m->reduce.may, a) && dfa_set_has(&m->reduce.may, b) && dominates(m, a, b))
				set->bits[b / 64] &= ~(1ull << (b % 64));
	}
}

/* What asks for all classes of a file, whichever rule decides: a reader made for some, a tool's start, `after:`. */
static bool asked_for_otherwise(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->readers_cnt; i++)
		if (policy_strings_has(&p->readers[i].classes, name))
			return true;
	for (size_t i = 0; i < p->tools_cnt; i++)
		if (policy_strings_has(&p->tools[i].startup, name))
			return true;
	for (size_t i = 0; i < p->rules_cnt; i++)
		if (policy_strings_has(&p->rules[i].after, name))
			return true;
	return false;
}

static int find_rules(struct compile *w, size_t secret, struct class_rules *ret)
{
	const char *name = w->p->secrets[secret].name;

	ret->rules = calloc(w->p->rules_cnt + 1, sizeof(*ret->rules));
	if (!ret->rules)
		return -ENOMEM;
	for (size_t i = 0; i < w->p->rules_cnt; i++)
		if (w->p->rules[i].object == POLICY_OBJECT_READ && policy_strings_has(&w->p->rules[i].classes, name))
			ret->rules[ret->cnt++] = (uint16_t)i;
	return 0;
}

static int weigh(struct compile *w, struct importance *m)
{
	const struct policy *p = w->p;

	m->p = p;
	m->classes = calloc(DFA_CLASSES_MAX, sizeof(*m->classes));
	m->like = calloc(p->rules_cnt + 1, sizeof(*m->like));
	if (!m->classes || !m->like)
		return -ENOMEM;
	for (size_t i = 0; i < p->rules_cnt; i++)
		while (m->like[i] < i && !(covers(&p->rules[m->like[i]], &p->rules[i]) &&
					   covers(&p->rules[i], &p->rules[m->like[i]])))
			m->like[i]++;
	for (size_t i = 0; i < p->secrets_cnt; i++) {
		int r;

		if (w->secret_class[i] == NO_CLASS || asked_for_otherwise(p, p->secrets[i].name))
			continue;
		r = find_rules(w, i, &m->classes[w->secret_class[i]]);
		if (r < 0)
			return r;
		dfa_set_add(&m->reduce.may, w->secret_class[i]);
	}
	m->reduce.fn = keep_what_matters;
	m->reduce.outweighs = outweighs;
	m->reduce.arg = m;
	m->reduce.always = w->host->lanes;
	return 0;
}

static int build_automaton(struct compile *w, struct dfa_builder *b)
{
	cleanup_(importance_done) struct importance m = { 0 };
	struct errmsg why = { 0 };
	int r = weigh(w, &m);

	if (!r)
		r = dfa_build_lanes(b, SL_SET_UNRESOLVED, SL_SETS_MAX, &m.reduce, &w->c->path, &why);
	if (r < 0 && r != -ENOMEM)
		return errmsg_set(w->e, r, "the patterns of files (secrets, own stores) do not fit: %.900s", why.text);
	return r;
}

static int build_path(struct compile *w)
{
	cleanup_(dfa_builder_freep) struct dfa_builder *b = NULL;
	int r = compile_builder(w, DFA_PATH, &b);

	for (size_t i = 0; r >= 0 && i < w->p->secrets_cnt; i++) {
		if (w->secret_class[i] == NO_CLASS)
			continue;
		if (policy_class_only_tightens(w->p, w->p->secrets[i].name))
			dfa_builder_any_letters(b, w->secret_class[i]);
		r = compile_patterns(w, b, w->secret_class[i], &w->p->secrets[i].paths);
	}
	for (size_t i = 0; r >= 0 && i < w->p->tools_cnt; i++)
		if (w->c->priv->own_class[i + 1] != NO_CLASS)
			r = compile_patterns(w, b, w->c->priv->own_class[i + 1], &w->p->tools[i].own);
	return r < 0 ? r : build_automaton(w, b);
}

/* ---- rules by what they ask ------------------------------------------------------------------------------------ */

static int prepare(struct compile *w, struct tables *t)
{
	const struct dfa *d = w->c->path;
	size_t pieces = sl_row_pieces(d->info.sets);

	t->by_set = calloc(d->info.sets, sizeof(*t->by_set));
	t->row = calloc(pieces << SL_PIECE_SHIFT, sizeof(*t->row));
	t->row_pieces = calloc(pieces, sizeof(*t->row_pieces));
	if (!t->by_set || !t->row || !t->row_pieces)
		return -ENOMEM;
	t->pieces = (struct intern)INTERN_INIT(1u << SL_PIECE_SHIFT);
	t->rows = (struct intern)INTERN_INIT(pieces);
	for (unsigned int i = 0; i < w->c->priv->secrets_cnt; i++)
		dfa_set_add(&t->secrets, i);
	for (size_t i = 0; i < w->p->rules_cnt; i++) {
		const struct policy_rule *rule = &w->p->rules[i];
		struct dfa_set named = { 0 };

		if (rule->object != POLICY_OBJECT_READ)
			continue;
		rule_set_add(&t->read_rules, i);
		for (unsigned int k = 0; k < SL_READERS; k++)
			if (!rule->readers || rule->readers >> k & 1)
				rule_set_add(&t->by_reader[k], i);
		for (size_t j = 0; j < rule->classes.cnt; j++) {
			int secret = policy_find_secret(w->p, rule->classes.v[j]);

			if (secret >= 0)
				dfa_set_add(&named, w->secret_class[secret]);
			else if (!strcmp(rule->classes.v[j], POLICY_CLASS_OWN))
				rule_set_add(&t->own_rules, i);
			else
				rule_set_add(&t->by_set[SL_SET_UNRESOLVED], i);
		}
		for (uint32_t s = SL_SET_UNRESOLVED + 1; s < d->info.sets; s++)
			for (unsigned int k = 0; k < DFA_WORDS; k++)
				if (named.bits[k] & d->sets[s].bits[k])
					rule_set_add(&t->by_set[s], i);
	}
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static struct signature sign(const struct compile *w, const struct tables *t, uint32_t tool, uint32_t exe_set,
			     unsigned int mode, uint32_t user)
{
	const struct compiled_priv *priv = w->c->priv;
	const struct exe_kind *kind = &w->kinds[exe_set];
	struct signature sig;
	bool own = false;

	memset(&sig, 0, sizeof(sig));
	for (unsigned int i = 0; i < RULE_WORDS; i++) {
		sig.rules.w[i] = t->read_rules.w[i] & priv->tool_rules[tool].w[i] & priv->exe_rules[exe_set].w[i] &
				 priv->user_rules[user].w[i];
		own |= (sig.rules.w[i] & t->own_rules.w[i]) != 0;
	}
	sig.kind = (uint64_t)(own ? priv->own_class[tool] : NO_CLASS) << 32;
	if (tool && mode != SL_MODE_CHILD) {
		sig.kind |= SIG_SELF;
		for (size_t i = 0; mode == SL_MODE_STARTUP && i < w->p->tools[tool - 1].startup.cnt; i++) {
			int secret = policy_find_secret(w->p, w->p->tools[tool - 1].startup.v[i]);

			if (secret >= 0 && w->secret_class[secret] != NO_CLASS)
				dfa_set_add(&sig.startup, w->secret_class[secret]);
		}
	} else {
		/* Whatever it is made for, this is not what it does now. */
		if (!kind->improvised && !kind->asked_looking && !kind->asked_generic)
			sig.purpose = kind->purpose;
		sig.kind |= (kind->generic ? SIG_GENERIC : 0) | (kind->interpreter ? SIG_INTERPRETER : 0) |
			    (kind->improvised ? SIG_IMPROVISED : 0) | (kind->looking ? SIG_LOOKING : 0) | (kind->sweep ? SIG_SWEEP : 0) |
			    (kind->asked_looking ? SIG_ASKED_LOOKING : 0) | (kind->asked_generic ? SIG_ASKED_GENERIC : 0);
	}
	return sig;
}

/* The two kinds of reader that a subject can be: special or not. */
static uint8_t reader_kind(const struct signature *sig, bool special)
{
	if (sig->kind & SIG_SELF)
		return special ? SL_READER_STARTUP : SL_READER_SELF;
	if (sig->kind & SIG_IMPROVISED)
		return SL_READER_IMPROVISED;
	if (sig->kind & SIG_ASKED_LOOKING)
		return SL_READER_LOOKING;
	if (sig->kind & SIG_ASKED_GENERIC)
		return SL_READER_GENERIC;
	if (special)
		return SL_READER_PURPOSE;
	if (sig->kind & SIG_LOOKING)
		return SL_READER_LOOKING;
	if (sig->kind & SIG_SWEEP)
		return SL_READER_SWEEP;
	if (sig->kind & SIG_GENERIC)
		return SL_READER_GENERIC;
	return sig->kind & SIG_INTERPRETER ? SL_READER_INTERPRETER : SL_READER_OTHER;
}

/* SL_PART_*: what the classes of a set say about the kind. */
static uint8_t kind_flags(const struct tables *t, const struct signature *sig, const struct dfa_set *set)
{
	uint64_t startup = 0, made_for = 0, stray = 0;

	for (unsigned int i = 0; i < DFA_WORDS; i++) {
		startup |= set->bits[i] & sig->startup.bits[i];
		made_for |= set->bits[i] & sig->purpose.bits[i];
		stray |= set->bits[i] & t->secrets.bits[i] & ~sig->purpose.bits[i];
	}
	if (sig->kind & SIG_SELF)
		return startup ? SL_PART_SPECIAL : 0;
	return (made_for ? SL_PART_SPECIAL : 0) | (stray ? SL_PART_STRAY : 0);
}

static struct sl_decision decide(const struct compile *w, const struct tables *t, const struct signature *sig,
				 uint32_t s, uint8_t reader)
{
	const struct dfa_set *set = &w->c->path->sets[s];
	uint16_t own_class = (uint16_t)(sig->kind >> 32);
	bool own = own_class != NO_CLASS && dfa_set_has(set, own_class);

	for (unsigned int i = 0; i < RULE_WORDS; i++) {
		uint64_t hit = (t->by_set[s].w[i] | (own ? t->own_rules.w[i] : 0)) & sig->rules.w[i] &
			       t->by_reader[reader].w[i];

		if (hit) {
			unsigned int rule = i * 64 + (unsigned int)__builtin_ctzll(hit);

			return (struct sl_decision){ .rule = (uint16_t)(rule + 1), .action = w->p->rules[rule].action,
						     .reader = reader };
		}
	}
	return (struct sl_decision){ 0 };
}

static void fill_row(const struct compile *w, const struct tables *t, const struct signature *sig)
{
	for (uint32_t s = SL_SET_UNRESOLVED; s < w->c->path->info.sets; s++) {
		uint8_t flags = kind_flags(t, sig, &w->c->path->sets[s]);
		unsigned int special = sl_part_kind(flags);
		struct sl_decision of[2] = { 0 };
		uint32_t number;

		of[special] = decide(w, t, sig, s, reader_kind(sig, special));
		memcpy(&number, &of[special], sizeof(number));
		t->row[s] = number;
		if (!dfa_has_lanes(w->c->path))
			continue;
		/* Beside a set of another lane the reader may be of the other kind. */
		of[!special] = decide(w, t, sig, s, reader_kind(sig, !special));
		t->row[s] |= (uint64_t)sl_part(of[0], of[1], flags) << 32;
	}
}

/* The row of a new signature: equal rows are one, and so are equal pieces of rows. */
static int add_row(struct compile *w, struct tables *t, const struct signature *sig, uint32_t *ret)
{
	uint32_t cnt = sl_row_pieces(w->c->path->info.sets), piece;
	int r;

	fill_row(w, t, sig);
	for (uint32_t i = 0; i < cnt; i++) {
		r = intern_get(&t->pieces, t->row + ((size_t)i << SL_PIECE_SHIFT), &piece);
		if (r < 0)
			return r;
		t->row_pieces[i] = piece;
	}
	r = intern_get(&t->rows, t->row_pieces, ret);
	if (r < 0)
		return r;
	if (t->rows.cnt > SL_ROWS_MAX)
		return compile_too_big(w, "subjects that rules tell apart", t->rows.cnt, SL_ROWS_MAX,
				       "name fewer tools, users or executables in rules");
	if ((uint64_t)t->pieces.cnt << SL_PIECE_SHIFT > SL_CELLS_MAX || (uint64_t)t->rows.cnt * cnt > SL_PIECES_MAX)
		return compile_too_big(w, "decisions (subjects times sets of file classes)", (size_t)t->pieces.cnt << SL_PIECE_SHIFT,
				       SL_CELLS_MAX, "name fewer tools, users, executables or classes in rules");
	return 0;
}

static int find_row(struct compile *w, struct tables *t, const struct signature *sig, uint16_t *ret)
{
	uint32_t known = t->signatures.cnt, id, row;
	int r = intern_get(&t->signatures, (const uint64_t *)(const void *)sig, &id);

	if (r < 0)
		return r;
	if (id == known) {
		r = add_row(w, t, sig, &row);
		if (r < 0)
			return r;
		if (id >= t->row_of_size) {
			size_t size = t->row_of_size ? t->row_of_size * 2 : 256;
			uint16_t *row_of = reallocarray(t->row_of, size, sizeof(*row_of));

			if (!row_of)
				return -ENOMEM;
			t->row_of = row_of;
			t->row_of_size = size;
		}
		t->row_of[id] = (uint16_t)row;
	}
	*ret = t->row_of[id];
	return 0;
}

static int fill_rows(struct compile *w, struct tables *t)
{
	struct compiled *c = w->c;
	uint64_t subjects = (uint64_t)c->tools_cnt * c->exe_sets_cnt * SL_MODES * c->users_cnt;

	if (subjects > SL_SUBJECTS_MAX)
		return compile_too_big(w, "subjects (tools times sets of executables times users)", subjects,
				       SL_SUBJECTS_MAX, "name fewer users or executables in rules, or remove tools");
	c->rows = calloc(subjects, sizeof(*c->rows));
	if (!c->rows)
		return -ENOMEM;
	for (uint32_t tool = 0; tool < c->tools_cnt; tool++)
		for (uint32_t x = 0; x < c->exe_sets_cnt; x++)
			for (unsigned int mode = 0; mode < SL_MODES; mode++)
				for (uint32_t u = 0; u < c->users_cnt; u++) {
					struct signature sig = sign(w, t, tool, x, mode, u);
					uint32_t at = sl_row_index(c->exe_sets_cnt, c->users_cnt, tool, x, mode, u);
					int r = find_row(w, t, &sig, &c->rows[at]);

					if (r < 0)
						return r;
				}
	return 0;
}

static struct sl_decision as_decision(uint32_t number)
{
	struct sl_decision d;

	memcpy(&d, &number, sizeof(d));
	return d;
}

struct sl_decision compiled_may(const struct compiled *c, uint32_t row, uint32_t set, bool special)
{
	uint64_t cell = compiled_cell(c, row, set);

	if (!dfa_has_lanes(c->path))
		return as_decision(SL_CELL_DECISION(cell));
	return as_decision(sl_part_decision(SL_PART_OF(SL_CELL_PART(cell), special), special));
}

static int fill_decisions(struct compile *w, const struct tables *t)
{
	struct compiled *c = w->c;
	uint32_t sets = c->path->info.sets, strangers = c->exe_sets_cnt * SL_MODES * c->users_cnt, cnt = sl_row_pieces(sets);

	c->rows_cnt = t->rows.cnt;
	c->cells_cnt = t->pieces.cnt << SL_PIECE_SHIFT;
	c->cells = calloc((size_t)c->cells_cnt + 1, sizeof(*c->cells));
	c->pieces = calloc((size_t)c->rows_cnt * cnt + 1, sizeof(*c->pieces));
	if (!c->cells || !c->pieces)
		return -ENOMEM;
	if (t->pieces.cnt)
		memcpy(c->cells, intern_key(&t->pieces, 0), c->cells_cnt * sizeof(*c->cells));
	for (uint32_t i = 0; i < c->rows_cnt * cnt; i++)
		c->pieces[i] = (uint32_t)t->rows.keys[i];
	/* Tool 0 comes first in rows[]. */
	for (uint32_t i = 0; i < strangers && !c->none_rules; i++)
		for (uint32_t s = 0; s < sets; s++)
			c->none_rules |= compiled_may(c, c->rows[i], s, false).action != SL_ACTION_ALLOW ||
					 compiled_may(c, c->rows[i], s, true).action != SL_ACTION_ALLOW;
	return 0;
}

/* The classes of each set one after the other: they are asked for with each event. */
static int list_classes(struct compile *w)
{
	struct compiled_priv *priv = w->c->priv;
	const struct dfa *d = w->c->path;
	uint32_t cnt = 0;

	priv->set_first = calloc((size_t)d->info.sets + 1, sizeof(*priv->set_first));
	if (!priv->set_first)
		return -ENOMEM;
	for (uint32_t s = 0; s < d->info.sets; s++) {
		priv->set_first[s] = cnt;
		for (unsigned int i = 0; i < DFA_WORDS; i++)
			cnt += (uint32_t)__builtin_popcountll(d->sets[s].bits[i]);
	}
	priv->set_first[d->info.sets] = cnt;
	priv->set_classes = calloc((size_t)cnt + 1, sizeof(*priv->set_classes));
	if (!priv->set_classes)
		return -ENOMEM;
	cnt = 0;
	for (uint32_t s = 0; s < d->info.sets; s++)
		for (unsigned int i = dfa_set_next(&d->sets[s], 0); i < 64 * DFA_WORDS; i = dfa_set_next(&d->sets[s], i + 1))
			priv->set_classes[cnt++] = (uint16_t)i;
	return 0;
}

int compile_files(struct compile *w)
{
	cleanup_(tables_done) struct tables t = { .signatures = INTERN_INIT(SIG_WORDS), .rows = INTERN_INIT(1) };
	int r = build_path(w);

	if (r >= 0)
		r = list_classes(w);
	if (r >= 0)
		r = prepare(w, &t);
	if (r >= 0)
		r = fill_rows(w, &t);
	return r < 0 ? r : fill_decisions(w, &t);
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

/* The first rule of all lanes, see sl_part(); and the set that it is about. */
static struct sl_decision decide_parts(const struct compiled *c, uint32_t row, uint64_t lanes, unsigned int *ret_set)
{
	uint32_t flags = 0, first = 0;

	/* Set 0 has the part 0. */
	for (unsigned int i = 0; i < SL_DFA_SETS; i++)
		flags |= SL_PART_FLAGS(SL_CELL_PART(compiled_cell(c, row, SL_DFA_SET(lanes, i))));
	for (unsigned int i = 0; i < SL_DFA_SETS; i++) {
		uint32_t of = SL_PART_OF(SL_CELL_PART(compiled_cell(c, row, SL_DFA_SET(lanes, i))), sl_part_kind(flags));

		if (!SL_PART_RULE(of) || (first && SL_PART_RULE(of) >= SL_PART_RULE(first)))
			continue;
		first = of;
		*ret_set = SL_DFA_SET(lanes, i);
	}
	return as_decision(sl_part_decision(first, sl_part_kind(flags)));
}

struct sl_decision compiled_file(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				 uint32_t uid, unsigned int path_set)
{
	uint32_t user = compile_user_class(c, uid), row;
	unsigned int set;

	if (tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt || mode >= SL_MODES)
		return (struct sl_decision){ 0 };
	row = c->rows[sl_row_index(c->exe_sets_cnt, c->users_cnt, tool, exe_set, mode, user)];
	if (path_set < c->path->info.sets)
		return as_decision(SL_CELL_DECISION(compiled_cell(c, row, path_set)));
	if (dfa_has_lanes(c->path))
		return decide_parts(c, row, dfa_lanes(c->path, path_set), &set);
	return (struct sl_decision){ 0 };
}

struct sl_decision compiled_file_asked(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				       const struct sl_asked *asked, uint32_t uid, unsigned int path_set)
{
	struct sl_decision best = compiled_file(c, tool, exe_set, mode, uid, path_set);

	for (int i = 1; asked && i < 2 * (1 + SL_OUTER_MAX); i++) {
		unsigned int who = i < 2 ? tool : asked->outer[i / 2 - 1];
		struct sl_decision d;

		if (i >= 2 && !who)
			break;
		if (i & 1 && !asked->unproved)
			continue;
		d = compiled_file(c, who, i & 1 ? 0 : exe_set, i < 2 ? mode : SL_MODE_CHILD, uid, path_set);
		if (d.action > best.action)
			best = d;
	}
	return best;
}

unsigned int compiled_deciding_set(const struct compiled *c, unsigned int tool, unsigned int exe_set, unsigned int mode,
				   uint32_t uid, unsigned int path_set)
{
	uint32_t user = compile_user_class(c, uid);
	unsigned int set = SL_SET_UNRESOLVED;

	if (path_set < c->path->info.sets || tool >= c->tools_cnt || exe_set >= c->exe_sets_cnt || mode >= SL_MODES)
		return path_set;
	decide_parts(c, c->rows[sl_row_index(c->exe_sets_cnt, c->users_cnt, tool, exe_set, mode, user)],
		     dfa_lanes(c->path, path_set), &set);
	return set;
}

static size_t classes_of_lanes(const struct compiled *c, unsigned int path_set, const char **names, size_t max)
{
	struct dfa_set all = dfa_classes(c->path, path_set);
	size_t cnt = 0;

	for (unsigned int i = dfa_set_next(&all, 0); i < DFA_CLASSES_MAX; i = dfa_set_next(&all, i + 1)) {
		if (cnt < max)
			names[cnt] = c->priv->class_names[i];
		cnt++;
	}
	return cnt;
}

size_t compiled_classes(const struct compiled *c, unsigned int path_set, const char **names, size_t max)
{
	const struct compiled_priv *priv = c->priv;
	size_t cnt;

	if (path_set == SL_SET_UNRESOLVED) {
		if (max)
			names[0] = POLICY_CLASS_UNRESOLVABLE;
		return 1;
	}
	if (path_set >= c->path->info.sets)
		return classes_of_lanes(c, path_set, names, max);
	cnt = priv->set_first[path_set + 1] - priv->set_first[path_set];
	for (size_t i = 0; i < cnt && i < max; i++)
		names[i] = priv->class_names[priv->set_classes[priv->set_first[path_set] + i]];
	return cnt;
}
