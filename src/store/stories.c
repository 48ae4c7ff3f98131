/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: incidents as stories: who, in which order, how sure. Read out of the lines by SQLite's JSON functions. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/facts_internal.h"
#include "store/when.h"

sqlite3_stmt *facts_prepare(struct store_reader *r, const char *head, const char *tail, const struct store_query *q)
{
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *s = NULL;

	strbuf_addf(&sql, "%s WHERE %s%s%s", head, q->since_ns || q->until_ns ? "time >= ?1 AND time <= ?2" : "1",
		    q->session ? " AND session = ?3" : "", tail);
	if (strbuf_ok(&sql) && sqlite3_prepare_v2(r->db, strbuf_str(&sql), -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, (sqlite3_int64)q->since_ns);
		sqlite3_bind_int64(s, 2, q->until_ns ? (sqlite3_int64)q->until_ns : INT64_MAX);
		if (q->session)
			sqlite3_bind_text(s, 3, q->session, -1, SQLITE_STATIC);
	}
	strbuf_done(&sql);
	return s;
}

static const char *text(sqlite3_stmt *s, int column)
{
	const char *t = (const char *)sqlite3_column_text(s, column);

	return t ? t : "";
}

/* NULL without memory: shown as nothing. */
static char *taken(struct strbuf *b)
{
	char *s = strbuf_ok(b) ? strdup(strbuf_str(b)) : NULL;

	strbuf_done(b);
	return s;
}

static void add_part(struct strbuf *b, const char *between, const char *s)
{
	if (b->len && s[0])
		strbuf_adds(b, between);
	strbuf_adds(b, s);
}

/* ---- steps ----------------------------------------------------------------------------------------------------------- */

static struct facts_step *new_step(struct facts_story *story)
{
	if (story->steps_cnt == FACTS_STEPS) {
		story->more++;
		return NULL;
	}
	return &story->steps[story->steps_cnt++];
}

static void add_read(struct facts_story *story, sqlite3_stmt *s)
{
	struct facts_step *step = new_step(story);
	struct strbuf who = STRBUF_INIT, how = STRBUF_INIT;

	if (!step)
		return;
	(void)when_parse(text(s, 0), 0, 0, false, &step->time_ns);
	step->what = strdup(text(s, 1));
	strbuf_addf(&who, "%s:%s", text(s, 2), text(s, 3));
	add_part(&how, ", ", text(s, 4));
	add_part(&how, ", rule ", text(s, 5));
	add_part(&how, ", ", text(s, 6)[0] ? "a copy of " : "");
	strbuf_adds(&how, text(s, 6));
	step->who = taken(&who);
	step->how = taken(&how);
}

static void add_sent(struct facts_story *story, sqlite3_stmt *s, uint64_t read_ns)
{
	struct facts_step *step = new_step(story);
	struct strbuf what = STRBUF_INIT, who = STRBUF_INIT, how = STRBUF_INIT;

	if (!step)
		return;
	step->is_sent = true;
	step->time_ns = read_ns + (uint64_t)sqlite3_column_int64(s, 0) * 1000000u;
	step->bytes = (uint64_t)sqlite3_column_int64(s, 1);
	strbuf_addf(&what, "%s:%s", text(s, 2), text(s, 3));
	if (text(s, 4)[0])
		strbuf_addf(&what, " (%s%s%s)", text(s, 4), text(s, 5)[0] ? ", " : "", text(s, 5));
	strbuf_addf(&who, "%s:%s", text(s, 6), text(s, 7));
	add_part(&how, "", text(s, 8)[0] ? "name by " : "");
	strbuf_adds(&how, text(s, 8));
	if (sqlite3_column_int(s, 9))
		add_part(&how, ", ", "the tool's own provider");
	if (sqlite3_column_int(s, 10))
		add_part(&how, ", ", "the connection was cut");
	step->what = taken(&what);
	step->who = taken(&who);
	step->how = taken(&how);
}

static int by_time(const void *a, const void *b)
{
	const struct facts_step *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->is_sent - y->is_sent;
}

static const char reads_sql[] =
	"SELECT json_extract(value, '$.time'), json_extract(value, '$.path'), json_extract(value, '$.process.comm'),"
	" json_extract(value, '$.process.pid'),"
	" (SELECT group_concat(c.value, ' ') FROM json_each(j.value, '$.class') c), json_extract(value, '$.rule'),"
	" json_extract(value, '$.second_hand.of.path') FROM json_each(?1, '$.incident.reads') j";
static const char sent_sql[] =
	"SELECT json_extract(value, '$.delay_ms'), json_extract(value, '$.bytes_after'),"
	" coalesce(json_extract(value, '$.host'), json_extract(value, '$.addr')), json_extract(value, '$.port'),"
	" json_extract(value, '$.provider'), json_extract(value, '$.region'), json_extract(value, '$.process.comm'),"
	" json_extract(value, '$.process.pid'), json_extract(value, '$.evidence'), json_extract(value, '$.own_provider'),"
	" json_extract(value, '$.cut') FROM json_each(?1, '$.incident.flows')";
static const char tree_sql[] =
	"SELECT coalesce(json_extract(value, '$.tool') || ' ', '') || coalesce(json_extract(value, '$.exe'), '?') || ' ' ||"
	" json_extract(value, '$.pid') FROM json_each(?1, '$.ancestry') ORDER BY key DESC";

static sqlite3_stmt *ask(struct store_reader *r, const char *sql, const char *line)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) == SQLITE_OK)
		sqlite3_bind_text(s, 1, line, -1, SQLITE_STATIC);
	return s;
}

static void fill_story(struct facts_story *story, struct store_reader *r, const char *line)
{
	struct strbuf tree = STRBUF_INIT, reasons = STRBUF_INIT;
	sqlite3_stmt *s;

	story->steps = calloc(FACTS_STEPS, sizeof(*story->steps));
	if (!story->steps)
		return;
	for (s = ask(r, reads_sql, line); s && sqlite3_step(s) == SQLITE_ROW;)
		add_read(story, s);
	sqlite3_finalize(s);
	for (s = ask(r, sent_sql, line); s && sqlite3_step(s) == SQLITE_ROW;)
		add_sent(story, s, story->steps_cnt ? story->steps[0].time_ns : story->time_ns);
	sqlite3_finalize(s);
	qsort(story->steps, story->steps_cnt, sizeof(*story->steps), by_time);
	for (s = ask(r, tree_sql, line); s && sqlite3_step(s) == SQLITE_ROW;)
		add_part(&tree, "\n", text(s, 0));
	sqlite3_finalize(s);
	if (store_json(r, line, "$.process.pid")[0]) {
		strbuf_addf(&tree, "%s%s", tree.len ? "\n" : "", store_json(r, line, "$.process.exe"));
		strbuf_addf(&tree, " %s", store_json(r, line, "$.process.pid"));
	}
	for (s = ask(r, "SELECT value FROM json_each(?1, '$.incident.reasons')", line); s && sqlite3_step(s) == SQLITE_ROW;)
		add_part(&reasons, "; ", text(s, 0));
	sqlite3_finalize(s);
	story->tree = taken(&tree);
	story->reasons = taken(&reasons);
	story->confidence = strdup(store_json(r, line, "$.incident.confidence"));
	story->score = strtoull(store_json(r, line, "$.incident.score"), NULL, 10);
	story->more += strtoull(store_json(r, line, "$.incident.more_reads"), NULL, 10) +
		       strtoull(store_json(r, line, "$.incident.more_flows"), NULL, 10);
}

int facts_stories(struct facts *f, struct store_reader *r, const struct store_query *q, const char *incident, struct errmsg *e)
{
	struct strbuf tail = STRBUF_INIT;
	sqlite3_stmt *s;
	int code;

	strbuf_adds(&tail, " AND kind = 'incident' AND json_valid(line)");
	if (incident)
		strbuf_adds(&tail, " AND uid = ?4");
	strbuf_addf(&tail, " ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, time DESC LIMIT %d",
		    FACTS_STORIES);
	s = facts_prepare(r, "SELECT n, uid, severity, tool, session, time, line FROM events", strbuf_str(&tail), q);
	strbuf_done(&tail);
	if (!s)
		return store_reader_error(r, e);
	if (incident)
		sqlite3_bind_text(s, 4, incident, -1, SQLITE_STATIC);
	f->stories = calloc(FACTS_STORIES, sizeof(*f->stories));
	while (f->stories && (code = sqlite3_step(s)) == SQLITE_ROW && f->stories_cnt < FACTS_STORIES) {
		struct facts_story *story = &f->stories[f->stories_cnt++];

		story->n = sqlite3_column_int64(s, 0);
		story->uid = strdup(text(s, 1));
		story->severity = strdup(text(s, 2));
		story->tool = strdup(text(s, 3));
		story->session = strdup(text(s, 4));
		story->time_ns = (uint64_t)sqlite3_column_int64(s, 5);
		fill_story(story, r, text(s, 6));
	}
	sqlite3_finalize(s);
	if (!f->stories)
		return errmsg_set(e, -ENOMEM, "out of memory");
	f->stories_more = !incident && f->incidents > f->stories_cnt ? f->incidents - f->stories_cnt : 0;
	return 0;
}

int facts_session_of(struct store_reader *r, const char *incident, char **ret, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(r->db, "SELECT session FROM events WHERE uid = ?1 AND kind = 'incident'", -1, &s, NULL) != SQLITE_OK)
		return store_reader_error(r, e);
	sqlite3_bind_text(s, 1, incident, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW)
		*ret = strdup(text(s, 0));
	else
		err = errmsg_set(e, -ENOENT, "there is no incident %.200s in %s: `sluice log --kind incident --format csv` lists them", incident, r->path);
	sqlite3_finalize(s);
	return err;
}

void facts_stories_done(struct facts *f)
{
	for (size_t i = 0; i < f->stories_cnt; i++) {
		struct facts_story *s = &f->stories[i];

		for (size_t n = 0; n < s->steps_cnt; n++) {
			free(s->steps[n].what);
			free(s->steps[n].who);
			free(s->steps[n].how);
		}
		free(s->steps);
		free(s->uid);
		free(s->severity);
		free(s->confidence);
		free(s->tool);
		free(s->session);
		free(s->reasons);
		free(s->tree);
	}
	free(f->stories);
}
