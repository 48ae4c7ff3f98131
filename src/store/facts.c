/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the sums. One pass over the rows that were asked for; a line is looked into only where no column has what is needed. */
#include "store/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/facts_internal.h"

#define SLOTS 1024
#define MARK_GAP_NS (900ull * 1000000000) /* a run that says nothing for longer was not running */

static char *copy(const char *s)
{
	char *c = strdup(s ? s : "");

	return c;
}

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* NULL: there is no room for it, or no memory. */
static struct facts_item *item_of(struct facts_table *t, const char *name)
{
	uint32_t at = hash_of(name) % SLOTS;
	struct facts_item *v;

	if (!t->slots && !(t->slots = calloc(SLOTS, sizeof(*t->slots))))
		return NULL;
	for (; t->slots[at]; at = (at + 1) % SLOTS)
		if (!strcmp(t->v[t->slots[at] - 1].name, name))
			return &t->v[t->slots[at] - 1];
	if (t->cnt == FACTS_ITEMS)
		return NULL;
	if (!t->v && !(t->v = calloc(FACTS_ITEMS, sizeof(*t->v))))
		return NULL;
	v = &t->v[t->cnt];
	v->name = copy(name);
	if (!v->name)
		return NULL;
	t->slots[at] = (uint32_t)++t->cnt;
	return v;
}

static int by_weight(const void *a, const void *b)
{
	const struct facts_item *x = a, *y = b;

	if (x->refused != y->refused)
		return x->refused < y->refused ? 1 : -1;
	if (x->alerts != y->alerts)
		return x->alerts < y->alerts ? 1 : -1;
	if (x->sent != y->sent)
		return x->sent < y->sent ? 1 : -1;
	if (x->events != y->events)
		return x->events < y->events ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void table_end(struct facts_table *t)
{
	free(t->slots);
	t->slots = NULL;
	if (t->cnt)
		qsort(t->v, t->cnt, sizeof(*t->v), by_weight);
}

static void table_done(struct facts_table *t)
{
	for (size_t i = 0; i < t->cnt; i++) {
		free(t->v[i].name);
		free(t->v[i].example);
		free(t->v[i].severity);
		for (size_t n = 0; n < _FACTS_TERM_MAX; n++)
			free(t->v[i].term[n]);
	}
	free(t->v);
	free(t->slots);
}

void facts_free(struct facts *f)
{
	struct facts_table *tables[] = { &f->rules, &f->dests, &f->tools, &f->sessions, &f->losses, &f->gaps };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		table_done(tables[i]);
	facts_stories_done(f);
	free(f->host);
	free(f->agent);
	free(f);
}

/* ---- one row --------------------------------------------------------------------------------------------------------- */

struct row {
	uint64_t time_ns;
	const char *kind, *severity, *session, *tool, *rule, *path, *host, *line;
	bool alert, refused;
};

/* Adds the row to the item of that name. */
static struct facts_item *add(struct facts_table *t, const char *name, const struct row *r)
{
	struct facts_item *i = name[0] ? item_of(t, name) : NULL;

	if (!i) {
		t->others += name[0] != '\0';
		return NULL;
	}
	i->events++;
	i->alerts += r->alert;
	i->refused += r->refused;
	if (!i->first_ns || r->time_ns < i->first_ns)
		i->first_ns = r->time_ns;
	if (r->time_ns > i->last_ns)
		i->last_ns = r->time_ns;
	if (!i->example || (!i->example[0] && (r->path[0] || r->host[0]))) {
		free(i->example);
		i->example = copy(r->path[0] ? r->path : r->host);
	}
	if (!i->severity)
		i->severity = copy(r->severity);
	return i;
}

/* A number behind a key. A quote within a JSON text has a backslash before it, so the key is not within one. */
static uint64_t number_in(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void add_dest(struct facts *f, struct store_reader *reader, const struct row *r)
{
	static const char *const paths[] = { [FACTS_TIER] = "$.net.provider_tier", [FACTS_REGION] = "$.net.region",
					     [FACTS_TRAINING] = "$.net.training", [FACTS_RETENTION] = "$.net.retention", [FACTS_TERMS] = "$.net.terms" };
	static const char key[] = ",\"provider\":\"";
	const char *at = strstr(r->line, key), *end = at ? strchr(at + sizeof(key) - 1, '"') : NULL;
	cleanup_free char *provider = end ? strndup(at + sizeof(key) - 1, (size_t)(end - at) - (sizeof(key) - 1)) : NULL;
	struct facts_item *i = add(&f->dests, provider ? provider : r->host, r);

	if (!i)
		return;
	i->connects += !strcmp(r->kind, "net.connect");
	if (!strcmp(r->kind, "net.flow")) {
		i->sent += number_in(r->line, ",\"bytes_sent\":");
		i->received += number_in(r->line, ",\"bytes_received\":");
	}
	for (size_t n = 0; n < _FACTS_TERM_MAX; n++)
		if (!i->term[n])
			i->term[n] = copy(provider ? store_json(reader, r->line, paths[n]) : "");
}

static void add_loss(struct facts *f, struct store_reader *reader, const struct row *r)
{
	struct facts_item *i = add(&f->losses, store_json(reader, r->line, "$.loss.reason"), r);
	uint64_t n = strtoull(store_json(reader, r->line, "$.loss.count"), NULL, 10);

	f->lost += n;
	if (!i)
		return;
	i->sent += n;
	if (!i->term[FACTS_TERMS])
		i->term[FACTS_TERMS] = copy(store_json(reader, r->line, "$.loss.help"));
}

/* What the agent says of itself: its gaps are behind "; " of its first line. */
static void add_agent(struct facts *f, struct store_reader *reader, const struct row *r)
{
	if (!strcmp(r->kind, "agent.start")) {
		free(f->agent);
		f->agent = copy(store_json(reader, r->line, "$.text"));
	} else if (!strncmp(r->kind, "agent.", 6) || !strncmp(r->kind, "policy.", 7) || !strncmp(r->kind, "mode.", 5) ||
		   !strncmp(r->kind, "store.", 6) || !strcmp(r->kind, "lineage.lost")) {
		struct facts_item *i = add(&f->gaps, r->kind, r);

		if (i) {
			free(i->term[FACTS_TERMS]);
			i->term[FACTS_TERMS] = copy(store_json(reader, r->line, "$.text"));
		}
	}
}

static void add_row(struct facts *f, struct store_reader *reader, const struct row *r)
{
	f->rows++;
	f->alerts += r->alert;
	f->refused += r->refused;
	if (!f->begin_ns || r->time_ns < f->begin_ns)
		f->begin_ns = r->time_ns;
	if (r->time_ns > f->end_ns)
		f->end_ns = r->time_ns;
	if (r->alert || r->refused)
		add(&f->rules, r->rule[0] ? r->rule : r->kind, r);
	add(&f->tools, r->tool, r);
	add(&f->sessions, r->session, r);
	if (!strcmp(r->kind, "net.connect") || !strcmp(r->kind, "net.flow"))
		add_dest(f, reader, r);
	else if (!strcmp(r->kind, "loss"))
		add_loss(f, reader, r);
	else if (!strcmp(r->kind, "incident"))
		f->incidents++;
	else if (!r->session[0])
		add_agent(f, reader, r);
}

static const char *text(sqlite3_stmt *s, int column)
{
	const char *t = (const char *)sqlite3_column_text(s, column);

	return t ? t : "";
}

static int read_rows(struct facts *f, struct store_reader *reader, const struct store_query *q, struct errmsg *e)
{
	/* All of it is read as it lies in the file, a part of it by its index. */
	bool all = !q->since_ns && !q->until_ns && !q->session;
	sqlite3_stmt *s = facts_prepare(reader, "SELECT time, kind, severity, session, tool, rule, verdict, taken, path, host, line FROM events",
					all ? " ORDER BY n" : " ORDER BY time, n", q);
	int code;

	if (!s)
		return store_reader_error(reader, e);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct row r = { .time_ns = (uint64_t)sqlite3_column_int64(s, 0), .kind = text(s, 1), .severity = text(s, 2), .session = text(s, 3),
				 .tool = text(s, 4), .rule = text(s, 5), .path = text(s, 8), .host = text(s, 9), .line = text(s, 10) };
		const char *verdict = text(s, 6);

		r.refused = text(s, 7)[0] != '\0';
		r.alert = !r.refused && (!strcmp(verdict, "alert") || !strcmp(verdict, "block"));
		add_row(f, reader, &r);
	}
	sqlite3_finalize(s);
	return code == SQLITE_DONE ? 0 : store_reader_error(reader, e);
}

/* ---- the rest -------------------------------------------------------------------------------------------------------- */

static int count_secrets(struct facts *f, struct store_reader *reader, const struct store_query *q, struct errmsg *e)
{
	sqlite3_stmt *s = facts_prepare(reader, "SELECT count(DISTINCT path) FROM events",
					" AND rule IS NOT NULL AND kind = 'file.open' AND verdict IN ('alert', 'block') AND taken IS NULL", q);

	if (!s)
		return store_reader_error(reader, e);
	if (sqlite3_step(s) == SQLITE_ROW)
		f->secrets = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return 0;
}

/* Between two signs of life of one run sluice was running; a start begins another one. */
static int read_watched(struct facts *f, struct store_reader *reader, const struct store_query *q, struct errmsg *e)
{
	uint64_t from = q->since_ns, to = q->until_ns ? q->until_ns : INT64_MAX, before = 0, first = 0, last = 0;
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(reader->db, "SELECT time, reason FROM marks WHERE kind = 'check' ORDER BY id", -1, &s, NULL) != SQLITE_OK)
		return store_reader_error(reader, e);
	while (sqlite3_step(s) == SQLITE_ROW) {
		uint64_t now = (uint64_t)sqlite3_column_int64(s, 0), begin = before > from ? before : from, end = now < to ? now : to;

		if (before && strcmp(text(s, 1), "start") != 0 && now - before < MARK_GAP_NS && end > begin)
			f->watched_ns += end - begin;
		if (now >= from && now <= to) {
			first = first ? first : begin > from ? begin : now;
			last = now;
		}
		before = now;
	}
	sqlite3_finalize(s);
	/* Events behind the last mark are signs of life too. */
	if (before && f->end_ns > before && f->end_ns - before < MARK_GAP_NS) {
		f->watched_ns += f->end_ns - (before > from ? before : from);
		last = f->end_ns;
	}
	if (first && f->begin_ns && f->begin_ns < first)
		first = f->begin_ns;
	f->span_ns = first && last > first ? last - first : 0;
	if (f->watched_ns > f->span_ns)
		f->watched_ns = f->span_ns;
	return 0;
}

static void read_host(struct facts *f, struct store_reader *reader)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(reader->db, "SELECT value FROM meta WHERE key = 'host'", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		f->host = copy(text(s, 0));
	sqlite3_finalize(s);
	if (!f->host)
		f->host = copy("");
}

int facts_read(struct store_reader *r, const struct store_query *q, const char *incident, struct facts **ret, struct errmsg *e)
{
	struct facts *f = calloc(1, sizeof(*f));
	struct store_query mine = *q;
	cleanup_free char *session = NULL;
	int err;

	if (!f)
		return errmsg_set(e, -ENOMEM, "out of memory");
	if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		err = store_reader_error(r, e);
	else
		err = incident ? facts_session_of(r, incident, &session, e) : 0;
	if (session && session[0])
		mine.session = session;
	err = err ? err : read_rows(f, r, &mine, e);
	err = err ? err : count_secrets(f, r, &mine, e);
	err = err ? err : read_watched(f, r, &mine, e);
	err = err ? err : facts_stories(f, r, &mine, incident, e);
	if (!err)
		read_host(f, r);
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	if (!err && !f->host)
		err = errmsg_set(e, -ENOMEM, "out of memory");
	if (err) {
		facts_free(f);
		return err;
	}
	table_end(&f->rules);
	table_end(&f->dests);
	table_end(&f->tools);
	table_end(&f->sessions);
	table_end(&f->losses);
	table_end(&f->gaps);
	if (!f->agent)
		f->agent = copy("");
	*ret = f;
	return 0;
}
