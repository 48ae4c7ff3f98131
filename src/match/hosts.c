/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: from host name patterns to one automaton. Patterns are put into a tree from their ends, so that what is alike in them is one
 * place; wildcards are places of their own kind. A state of the automaton is the set of places that a name may have
 * come to. Names part in the tree, so the sets are small; only several * within labels of one parent can be in step in many ways.
 */
#include "match/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match/domain.h"
#include "match/hosts_internal.h"
#include "match/lists.h"

/* Places of the tree: 20 bytes each while compiling. 30,000 patterns of long names come to half of it. */
#define PLACES_MAX (1u << 20)
#define PATTERNS_MAX (1u << 20)
/* States and ways between them (eight bytes each while compiling), and what finding them may cost, in places looked at: about two
 * seconds. */
#define STATES_MAX (1u << 20)
#define EDGES_MAX (3u << 19)
#define WORK_MAX 60000000ull

#define NONE UINT32_MAX

enum place_kind {
	PLACE_BYTE,   /* reached by one byte */
	PLACE_STAR,   /* reached by nothing; any bytes of the label stay */
	PLACE_LABEL,  /* reached by any byte of a label, and any more of them stay */
	PLACE_MANY,   /* reached by nothing; the labels of ** begin */
	PLACE_LAP,    /* as PLACE_LABEL, and a dot leads back to its parent, for one label more */
	PLACE_HEAD,   /* reached by any byte of a label; whatever comes stays */
};

struct place {
	uint32_t child, next, parent;
	uint32_t out;        /* the pattern that ends here last, number + 1; others by struct entry.before */
	uint8_t kind, cls;
};

struct entry {
	uint32_t before;     /* another pattern that ends in the same place, number + 1 */
	uint16_t cls;
	bool negated;
};

struct hosts_builder {
	struct place *places;
	uint32_t places_cnt, places_size;
	struct entry *entries;   /* in the order of addition */
	uint32_t entries_cnt, entries_size;
};

uint8_t host_class(uint8_t byte)
{
	uint8_t letter = byte | 0x20;

	if (byte == '.')
		return HOST_DOT;
	if (letter >= 'a' && letter <= 'z')
		return (uint8_t)(3 + letter - 'a');
	if (byte >= '0' && byte <= '9')
		return (uint8_t)(29 + byte - '0');
	return byte == '-' ? 39 : byte == '_' ? 40 : HOST_OTHER;
}

/* ---- the tree -------------------------------------------------------------------------------------------------- */

struct hosts_builder *hosts_builder_new(void)
{
	struct hosts_builder *b = calloc(1, sizeof(*b));

	if (b && list_room(&b->places, 0, 1, &b->places_size, sizeof(*b->places)) < 0) {
		free(b);
		return NULL;
	}
	if (b)
		b->places[b->places_cnt++] = (struct place){ .child = NONE, .next = NONE, .parent = NONE };
	return b;
}

void hosts_builder_free(struct hosts_builder *b)
{
	if (!b)
		return;
	free(b->places);
	free(b->entries);
	free(b);
}

/* The child of *at, made where there was none, becomes *at. */
static int go(struct hosts_builder *b, uint32_t *at, enum place_kind kind, uint8_t cls)
{
	uint32_t i = b->places[*at].child;
	int r;

	while (i != NONE && (b->places[i].kind != kind || b->places[i].cls != cls))
		i = b->places[i].next;
	if (i == NONE) {
		if (b->places_cnt == PLACES_MAX)
			return -E2BIG;
		r = list_room(&b->places, b->places_cnt, 1, &b->places_size, sizeof(*b->places));
		if (r < 0)
			return r;
		i = b->places_cnt++;
		b->places[i] = (struct place){
			.child = NONE, .next = b->places[*at].child, .parent = *at, .kind = (uint8_t)kind, .cls = cls,
		};
		b->places[*at].child = i;
	}
	*at = i;
	return 0;
}

static int go_label(struct hosts_builder *b, uint32_t *at, const char *label, size_t len, bool front)
{
	bool one = len == 1 && label[0] == '*', many = len == 2 && !strncmp(label, "**", 2);
	int r = 0;

	if (front && (one || many))
		return go(b, at, PLACE_HEAD, 0);
	if (one)
		return go(b, at, PLACE_LABEL, 0);
	if (many) {
		r = go(b, at, PLACE_MANY, 0);
		return r < 0 ? r : go(b, at, PLACE_LAP, 0);
	}
	while (len-- > 0 && r >= 0)
		r = label[len] == '*' ? go(b, at, PLACE_STAR, 0) : go(b, at, PLACE_BYTE, host_class((uint8_t)label[len]));
	return r;
}

static int go_pattern(struct hosts_builder *b, uint32_t *at, const char *text)
{
	const char *end = text + strlen(text);
	int r = 0;

	for (bool first = true; r >= 0; first = false) {
		const char *label = end;

		while (label > text && label[-1] != '.')
			label--;
		if (!first)
			r = go(b, at, PLACE_BYTE, HOST_DOT);
		r = r < 0 ? r : go_label(b, at, label, (size_t)(end - label), label == text);
		if (label == text)
			break;
		end = label - 1;
	}
	return r;
}

int hosts_builder_add(struct hosts_builder *b, unsigned int cls, const char *pattern, struct errmsg *e)
{
	cleanup_(pattern_freep) struct pattern *p = NULL;
	bool negated = pattern[0] == '!';
	uint32_t at = 0;
	int r;

	if (cls >= HOSTS_CLASSES_MAX)
		return errmsg_set(e, -E2BIG, "more than %d lists of host names", HOSTS_CLASSES_MAX);
	r = domain_parse(pattern + negated, &p, e);
	if (r == -EINVAL && e && negated)
		e->column++;
	if (r < 0)
		return r;
	if (b->entries_cnt == PATTERNS_MAX)
		return errmsg_set(e, -E2BIG, "more than %u host names", PATTERNS_MAX);
	r = list_room(&b->entries, b->entries_cnt, 1, &b->entries_size, sizeof(*b->entries));
	r = r < 0 ? r : go_pattern(b, &at, pattern + negated);
	if (r == -E2BIG)
		return errmsg_set(e, r, "too many host names: this is the first for which there is no room (%u places)", PLACES_MAX);
	if (r < 0)
		return r;
	b->entries[b->entries_cnt] = (struct entry){ .before = b->places[at].out, .cls = (uint16_t)cls, .negated = negated };
	b->places[at].out = ++b->entries_cnt;
	return 0;
}

/* ---- the automaton --------------------------------------------------------------------------------------------- */

struct making {
	const struct hosts_builder *b;
	struct host_states *states;
	struct lists places;      /* by state: a name may have come there */
	struct lists ends;        /* the same, only those where a pattern ends */
	struct list end_sets;        /* match set by number in ends */
	struct lists sets;        /* classes by match set */
	struct list to, here, patterns; /* being collected */
	uint64_t work;
	uint32_t max_sets;
	struct errmsg *e;
};

void host_states_done(struct host_states *s)
{
	free(s->v);
	free(s->edges);
}

static void making_done(struct making *m)
{
	lists_done(&m->places);
	lists_done(&m->ends);
	lists_done(&m->sets);
	free(m->end_sets.v);
	free(m->to.v);
	free(m->here.v);
	free(m->patterns.v);
}

/* By class, then by order of addition. */
static int by_class(const void *a, const void *b, void *arg)
{
	const struct entry *entries = arg, *x = &entries[*(const uint32_t *)a], *y = &entries[*(const uint32_t *)b];

	return x->cls != y->cls ? (x->cls > y->cls) - (x->cls < y->cls) : (x > y) - (x < y);
}

/* Match set of a name that may end in any of these places: of the patterns of one class the last decides. */
static int set_of(struct making *m, const struct list *ends, uint32_t *ret)
{
	const struct hosts_builder *b = m->b;
	struct list *l = &m->patterns;
	uint32_t cnt = 0;
	int r = 0;

	l->cnt = 0;
	for (uint32_t i = 0; i < ends->cnt && r >= 0; i++)
		for (uint32_t p = b->places[ends->v[i]].out; p && r >= 0; p = b->entries[p - 1].before)
			r = list_add(l, p - 1);
	if (r < 0)
		return r;
	m->work += l->cnt;
	if (l->cnt > 1)
		qsort_r(l->v, l->cnt, sizeof(*l->v), by_class, b->entries);
	for (uint32_t i = 0; i < l->cnt; i++) {
		const struct entry *x = &b->entries[l->v[i]];

		if ((i + 1 == l->cnt || b->entries[l->v[i + 1]].cls != x->cls) && !x->negated)
			l->v[cnt++] = x->cls;
	}
	l->cnt = cnt;
	r = lists_get(&m->sets, l, ret);
	if (r >= 0 && m->sets.at.cnt > m->max_sets)
		return errmsg_set(m->e, -E2BIG, "more than %u combinations of lists that a name can be in at once", m->max_sets);
	return r;
}

/* The same, which is worked out once for places that come again. */
static int set_of_places(struct making *m, const struct list *places, uint32_t *ret)
{
	uint32_t known = m->ends.at.cnt, id;
	int r = 0;

	m->here.cnt = 0;
	for (uint32_t i = 0; i < places->cnt && r >= 0; i++)
		if (m->b->places[places->v[i]].out)
			r = list_add(&m->here, places->v[i]);
	r = r < 0 ? r : lists_get(&m->ends, &m->here, &id);
	if (r >= 0 && id == known) {
		r = set_of(m, &m->here, ret);
		return r < 0 ? r : list_add(&m->end_sets, *ret);
	}
	if (r >= 0)
		*ret = m->end_sets.v[id];
	return r;
}

/* The place, and those that are reached from it by nothing. */
static int enter(struct making *m, uint32_t place)
{
	const struct place *p = m->b->places;
	int r = list_add(&m->to, place);

	for (uint32_t i = p[place].child; i != NONE && r >= 0; i = p[i].next)
		if (p[i].kind == PLACE_STAR || p[i].kind == PLACE_MANY)
			r = list_add(&m->to, i);
	return r;
}

/* Where a byte of the class leads from places from .. to-1 of the pool, into m->to. HOST_OTHER: one that no pattern names. */
static int step(struct making *m, uint32_t from, uint32_t to, uint32_t cls)
{
	const struct place *p = m->b->places;
	int r = 0;

	m->to.cnt = 0;
	for (uint32_t at = from; at < to && r >= 0; at++) {
		uint32_t i = m->places.all.v[at];

		m->work++;
		if (p[i].kind == PLACE_HEAD || (cls != HOST_DOT && (p[i].kind == PLACE_STAR || p[i].kind == PLACE_LABEL ||
								    p[i].kind == PLACE_LAP)))
			r = list_add(&m->to, i);
		else if (cls == HOST_DOT && p[i].kind == PLACE_LAP)
			r = list_add(&m->to, p[i].parent);
		for (i = p[i].child; i != NONE && r >= 0; i = p[i].next) {
			bool any = p[i].kind == PLACE_LABEL || p[i].kind == PLACE_LAP || p[i].kind == PLACE_HEAD;

			m->work++;
			if (p[i].kind == PLACE_BYTE ? p[i].cls == cls : any && cls != HOST_DOT)
				r = enter(m, i);
		}
	}
	list_tidy(&m->to);
	return r;
}

/* The state of the places in m->to. */
static int state_of(struct making *m, uint32_t *ret)
{
	struct host_states *s = m->states;
	int r;

	r = lists_get(&m->places, &m->to, ret);
	if (r < 0 || *ret < s->cnt)
		return r;
	if (s->cnt == STATES_MAX || s->edges_cnt > EDGES_MAX || m->work > WORK_MAX)
		return errmsg_set(m->e, -E2BIG, "their wildcards multiply: begin and end names with letters, not with *");
	r = list_room(&s->v, s->cnt, 1, &s->size, sizeof(*s->v));
	if (r < 0)
		return r;
	s->v[s->cnt] = (struct host_state){ 0 };
	r = set_of_places(m, &m->to, &s->v[s->cnt].set);
	s->cnt++;
	return r;
}

/* Classes of bytes that lead on from a state's places. */
static uint64_t classes_from(const struct making *m, uint32_t from, uint32_t to)
{
	const struct place *p = m->b->places;
	uint64_t seen = 1ull << HOST_DOT;

	for (uint32_t at = from; at < to; at++)
		for (uint32_t i = p[m->places.all.v[at]].child; i != NONE; i = p[i].next)
			if (p[i].kind == PLACE_BYTE)
				seen |= 1ull << p[i].cls;
	return seen;
}

static int leave(struct making *m, uint32_t state)
{
	struct host_states *s = m->states;
	uint32_t from = m->places.at.v[state], to = lists_end(&m->places, state), other, next;
	uint64_t classes = classes_from(m, from, to);
	int r = step(m, from, to, HOST_OTHER);

	r = r < 0 ? r : state_of(m, &other);
	if (r < 0)
		return r;
	s->v[state].other = other;
	s->v[state].edges_at = s->edges_cnt;
	for (; classes && r >= 0; classes &= classes - 1) {
		uint32_t cls = (uint32_t)__builtin_ctzll(classes);

		r = step(m, from, to, cls);
		r = r < 0 ? r : state_of(m, &next);
		if (r < 0 || next == other)
			continue;
		r = list_room(&s->edges, s->edges_cnt, 1, &s->edges_size, sizeof(*s->edges));
		if (r >= 0)
			s->edges[s->edges_cnt++] = (struct host_edge){ next, cls };
	}
	s->v[state].edges_cnt = s->edges_cnt - s->v[state].edges_at;
	return r;
}

static int make_states(struct making *m)
{
	uint32_t id;
	int r;

	/* The empty set is set 0, and no place at all is state 0. */
	r = set_of(m, &m->to, &id);
	r = r < 0 ? r : state_of(m, &id);
	r = r < 0 ? r : enter(m, 0);
	list_tidy(&m->to);
	r = r < 0 ? r : state_of(m, &m->states->start);
	for (uint32_t state = 0; r >= 0 && state < m->states->cnt; state++)
		r = leave(m, state);
	return r;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* Some pattern that goes on from this place, the one added last of them. */
static uint32_t pattern_below(const struct hosts_builder *b, uint32_t place)
{
	uint32_t last = 0;

	/* Children come after their parents. */
	for (uint32_t i = place; i < b->places_cnt; i++) {
		uint32_t up = i;

		while (up != NONE && up > place)
			up = b->places[up].parent;
		if (up == place && b->places[i].out > last)
			last = b->places[i].out;
	}
	return last;
}

/* The pattern that has most of it: one of the wildcard that is in most states. */
static size_t find_culprit(const struct making *m)
{
	const struct hosts_builder *b = m->b;
	cleanup_free uint32_t *seen = calloc(b->places_cnt, sizeof(*seen));
	uint32_t most = 0, pattern;

	for (uint32_t i = 0; seen && i < m->places.all.cnt; i++)
		if (b->places[m->places.all.v[i]].kind == PLACE_STAR)
			seen[m->places.all.v[i]]++;
	for (uint32_t i = 1; seen && i < b->places_cnt; i++)
		if (seen[i] > seen[most])
			most = i;
	pattern = most ? pattern_below(b, most) : b->entries_cnt;
	return pattern ? pattern - 1 : 0;
}

static int keep_sets(struct making *m, struct hosts *h)
{
	h->first = calloc((size_t)m->sets.at.cnt + 1, sizeof(*h->first));
	h->classes = calloc((size_t)m->sets.all.cnt + 1, sizeof(*h->classes));
	if (!h->first || !h->classes)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->sets.at.cnt; i++)
		h->first[i + 1] = lists_end(&m->sets, i);
	for (uint32_t i = 0; i < m->sets.all.cnt; i++)
		h->classes[i] = (uint16_t)m->sets.all.v[i];
	h->info.sets = m->sets.at.cnt;
	return 0;
}

int hosts_build(struct hosts_builder *b, uint32_t max_sets, struct hosts **ret, size_t *ret_pattern, struct errmsg *e)
{
	cleanup_(host_states_done) struct host_states states = { 0 };
	cleanup_(hosts_freep) struct hosts *h = calloc(1, sizeof(*h));
	struct making m = { .b = b, .states = &states, .max_sets = max_sets < 65536 ? max_sets : 65536, .e = e };
	int r = h ? make_states(&m) : -ENOMEM;

	r = r < 0 ? r : keep_sets(&m, h);
	if (r == -E2BIG)
		*ret_pattern = find_culprit(&m);
	making_done(&m);
	if (r < 0)
		return r;
	/* The tree takes as much as what comes next. */
	free(b->places);
	b->places = NULL;
	b->places_cnt = b->places_size = 0;
	r = hosts_lay_out(&states, h, e);
	if (r == -E2BIG)
		*ret_pattern = b->entries_cnt - 1;
	if (r < 0)
		return r;
	*ret = take_ptr(h);
	return 0;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	free(h->table);
	free(h->first);
	free(h->classes);
	free(h);
}

unsigned int hosts_match(const struct hosts *h, const char *name, size_t len)
{
	struct sl_hosts_at at = { .record = h->info.start };

	while (len && at.record != SL_HOSTS_DEAD)
		sl_hosts_step(h->table, &h->info, &at, (uint8_t)name[--len]);
	return sl_hosts_accept(h->table, &h->info, &at);
}

bool hosts_set_has(const struct hosts *h, unsigned int set, unsigned int cls)
{
	uint32_t from = h->first[set], to = h->first[set + 1];

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (h->classes[mid] < cls)
			from = mid + 1;
		else
			to = mid;
	}
	return from < h->first[set + 1] && h->classes[from] == cls;
}
