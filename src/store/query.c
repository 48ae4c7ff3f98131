/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: filters as SQL. Every value is bound, none is pasted into the text of a statement. */
#include "store/query.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/query_internal.h"
#include "store/store.h"

#define PAGE_ROWS 512
#define BUSY_MS 5000

int store_reader_error(struct store_reader *r, struct errmsg *e)
{
	switch (sqlite3_errcode(r->db)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return errmsg_set(e, -EBADMSG, "%s is damaged, or no store: %s", r->path, sqlite3_errmsg(r->db));
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return errmsg_set(e, -EACCES, "cannot open %s: %s", r->path, sqlite3_errmsg(r->db));
	case SQLITE_NOMEM:
		return errmsg_set(e, -ENOMEM, "out of memory");
	default:
		return errmsg_set(e, -EIO, "cannot read %s: %s", r->path, sqlite3_errmsg(r->db));
	}
}

static int64_t number(struct store_reader *r, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* A name for SQLite, with "immutable" where the log cannot be used: a file on a read-only disk, or handed over alone. */
static char *uri_of(const char *path, bool immutable)
{
	struct strbuf b = STRBUF_INIT;

	strbuf_adds(&b, "file:");
	for (const char *c = path; *c; c++) {
		if (strchr("?#%", *c))
			strbuf_addf(&b, "%%%02x", (unsigned char)*c);
		else
			strbuf_addc(&b, *c);
	}
	strbuf_adds(&b, immutable ? "?mode=ro&immutable=1" : "?mode=ro");
	if (!strbuf_ok(&b)) {
		strbuf_done(&b);
		return NULL;
	}
	return b.data;
}

static int open_as(struct store_reader *r, bool immutable)
{
	cleanup_free char *uri = uri_of(r->path, immutable);
	int code;

	if (!uri)
		return SQLITE_NOMEM;
	sqlite3_close(r->db);
	r->db = NULL;
	code = sqlite3_open_v2(uri, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(r->db, BUSY_MS);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_exec(r->db, "PRAGMA mmap_size=268435456", NULL, NULL, NULL);
	number(r, "SELECT count(*) FROM sqlite_schema");
	return sqlite3_errcode(r->db) == SQLITE_ROW || sqlite3_errcode(r->db) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(r->db);
}

/* A log beside a file that cannot be joined with it would be left out silently. */
static bool has_log(const char *path)
{
	struct strbuf b = STRBUF_INIT;
	struct stat st;
	bool has;

	strbuf_addf(&b, "%s-wal", path);
	has = !stat(strbuf_str(&b), &st) && st.st_size;
	strbuf_done(&b);
	return has;
}

int store_reader_open(const char *path, struct store_reader **ret, struct errmsg *e)
{
	struct store_reader *r = calloc(1, sizeof(*r));
	struct stat st;
	int code, err = 0;

	if (!r || !(r->path = strdup(path))) {
		free(r);
		return errmsg_set(e, -ENOMEM, "out of memory");
	}
	if (stat(path, &st))
		err = errmsg_set(e, -errno, "cannot open the store %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = errmsg_set(e, -EINVAL, "%s is no file", path);
	else if (access(path, R_OK))
		err = errmsg_set(e, -errno, "cannot open the store %s: %s: it is for root", path, strerror(errno));
	code = err ? SQLITE_ERROR : open_as(r, false);
	if (!err && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) && !has_log(path))
		code = open_as(r, true);
	if (!err && code != SQLITE_OK)
		err = r->db ? store_reader_error(r, e) : errmsg_set(e, -ENOMEM, "out of memory");
	if (!err && number(r, "PRAGMA application_id") != STORE_APPLICATION)
		err = errmsg_set(e, -EPROTONOSUPPORT, "%s is no store of sluice", path);
	if (!err && number(r, "PRAGMA user_version") > STORE_FORMAT)
		err = errmsg_set(e, -EPROTONOSUPPORT, "%s was made by a newer sluice", path);
	if (err) {
		store_reader_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

void store_reader_close(struct store_reader *r)
{
	if (!r)
		return;
	sqlite3_finalize(r->json);
	sqlite3_close(r->db);
	free(r->path);
	free(r);
}

int64_t store_reader_last(struct store_reader *r)
{
	int64_t n = number(r, "SELECT max(n) FROM events");

	return n > 0 ? n : 0;
}

const char *store_json(struct store_reader *r, const char *line, const char *path)
{
	const char *text = NULL;

	if (!r->json && sqlite3_prepare_v2(r->db, "SELECT iif(json_valid(?1), json_extract(?1, ?2), NULL)", -1, &r->json, NULL) != SQLITE_OK)
		return "";
	sqlite3_reset(r->json);
	sqlite3_bind_text(r->json, 1, line, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(r->json, 2, path, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(r->json) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(r->json, 0);
	return text ? text : "";
}

/* ---- filters --------------------------------------------------------------------------------------------------------- */

static bool is_pattern(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

static void add_since(struct strbuf *b, const struct store_query *q)
{
	if (q->since_ns)
		strbuf_adds(b, " AND time >= :since");
}

static void add_filters(struct strbuf *b, const struct store_query *q)
{
	if (q->until_ns)
		strbuf_adds(b, " AND time <= :until");
	if (q->session)
		strbuf_adds(b, " AND session = :session");
	if (q->tool)
		strbuf_adds(b, " AND tool = :tool");
	if (q->rule)
		strbuf_adds(b, " AND rule = :rule");
	if (q->kind)
		strbuf_adds(b, is_pattern(q->kind) ? " AND kind GLOB :kind" : " AND kind = :kind");
	if (q->verdict)
		strbuf_adds(b, " AND (verdict = :verdict OR taken = :verdict)");
	/* What is below a folder lies between "folder/" and "folder0", the next character. */
	if (q->path)
		strbuf_adds(b, is_pattern(q->path) ? " AND path GLOB :path" :
						     " AND (path = :path OR (path > :path || '/' AND path < :path || '0'))");
	if (q->host)
		strbuf_adds(b, is_pattern(q->host) ? " AND host GLOB :host" :
						     " AND (host = :host OR substr(host, -length(:host) - 1) = '.' || :host)");
}

static void bind_text(sqlite3_stmt *s, const char *name, const char *value)
{
	int at = sqlite3_bind_parameter_index(s, name);

	if (at && value)
		sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *s, const char *name, int64_t value)
{
	int at = sqlite3_bind_parameter_index(s, name);

	if (at)
		sqlite3_bind_int64(s, at, value);
}

static void bind_filters(sqlite3_stmt *s, const struct store_query *q)
{
	bind_number(s, ":since", (int64_t)q->since_ns);
	bind_number(s, ":until", (int64_t)q->until_ns);
	bind_text(s, ":session", q->session);
	bind_text(s, ":tool", q->tool);
	bind_text(s, ":rule", q->rule);
	bind_text(s, ":kind", q->kind);
	bind_text(s, ":verdict", q->verdict);
	bind_text(s, ":path", q->path);
	bind_text(s, ":host", q->host);
}

static void fill(sqlite3_stmt *s, struct store_hit *hit)
{
	hit->n = sqlite3_column_int64(s, 0);
	hit->row.time_ns = (uint64_t)sqlite3_column_int64(s, 1);
	hit->row.user = sqlite3_column_type(s, 2) == SQLITE_NULL ? STORE_NOBODY : sqlite3_column_int64(s, 2);
	for (int i = 0; i < _STORE_TEXT_MAX; i++) {
		const char *text = (const char *)sqlite3_column_text(s, 3 + i);

		hit->row.text[i] = text ? text : "";
	}
}

#define COLUMNS "n, time, user, uid, kind, severity, session, tool, rule, verdict, taken, path, host, line"

/* Where the newest N begin: the time and number of the oldest of them. False: there are fewer. */
static int find_begin(struct store_reader *r, const struct store_query *q, int64_t *time, int64_t *n, struct errmsg *e)
{
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *s = NULL;
	int code = SQLITE_NOMEM;

	strbuf_adds(&sql, "SELECT time, n FROM events WHERE 1");
	add_since(&sql, q);
	add_filters(&sql, q);
	strbuf_adds(&sql, " ORDER BY time DESC, n DESC LIMIT 1 OFFSET :skip");
	if (strbuf_ok(&sql))
		code = sqlite3_prepare_v2(r->db, strbuf_str(&sql), -1, &s, NULL);
	strbuf_done(&sql);
	if (code != SQLITE_OK)
		return store_reader_error(r, e);
	bind_filters(s, q);
	bind_number(s, ":skip", (int64_t)q->newest - 1);
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		*time = sqlite3_column_int64(s, 0);
		*n = sqlite3_column_int64(s, 1) - 1;
	}
	sqlite3_finalize(s);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : store_reader_error(r, e);
}

int store_query(struct store_reader *r, const struct store_query *q, store_hit_fn fn, void *arg, struct errmsg *e)
{
	int64_t time = q->since_ns ? (int64_t)q->since_ns - 1 : 0, n = q->follow ? q->after_n : q->since_ns ? INT64_MAX : 0;
	struct strbuf sql = STRBUF_INIT;
	sqlite3_stmt *s = NULL;
	int code = SQLITE_NOMEM, ret = 0, rows = PAGE_ROWS;

	if (q->newest && !q->follow)
		ret = find_begin(r, q, &time, &n, e);
	if (ret)
		return ret;
	strbuf_adds(&sql, "SELECT " COLUMNS " FROM events WHERE ");
	/* A second lower bound of the time would be the one that SQLite looks up with each page, and walk from there: the first page begins
	 * behind the last row before `since`. */
	strbuf_adds(&sql, q->follow ? "n > :n" : "(time, n) > (:time, :n)");
	if (q->follow)
		add_since(&sql, q);
	add_filters(&sql, q);
	strbuf_addf(&sql, q->follow ? " ORDER BY n LIMIT %d" : " ORDER BY time, n LIMIT %d", PAGE_ROWS);
	if (strbuf_ok(&sql))
		code = sqlite3_prepare_v2(r->db, strbuf_str(&sql), -1, &s, NULL);
	strbuf_done(&sql);
	if (code != SQLITE_OK)
		return store_reader_error(r, e);
	while (!ret && rows == PAGE_ROWS) {
		struct strbuf page = STRBUF_INIT;
		int64_t numbers[PAGE_ROWS];
		struct store_hit hit = { 0 };
		size_t at = 0;

		bind_filters(s, q);
		bind_number(s, ":time", time);
		bind_number(s, ":n", n);
		rows = 0;
		/* Copied as frames, so that the statement is over before anybody waits for a reader of ours. */
		while ((code = sqlite3_step(s)) == SQLITE_ROW) {
			fill(s, &hit);
			if (!store_row_put(&page, &hit.row)) {
				ret = errmsg_set(e, -EBADMSG, "row %lld of %s is larger than any that is written", (long long)hit.n, r->path);
				break;
			}
			numbers[rows++] = hit.n;
			time = (int64_t)hit.row.time_ns;
			n = hit.n;
		}
		if (!ret && code != SQLITE_DONE)
			ret = store_reader_error(r, e);
		else if (!strbuf_ok(&page))
			ret = errmsg_set(e, -ENOMEM, "out of memory");
		sqlite3_reset(s);
		for (int i = 0; !ret && i < rows; i++) {
			long size = store_row_get(page.data + at, page.len - at, &hit.row);

			at += size > 0 ? (size_t)size : 0;
			hit.n = numbers[i];
			ret = size > 0 ? fn(arg, &hit) : errmsg_set(e, -EBADMSG, "row %lld of %s has a NUL in a text", (long long)hit.n, r->path);
		}
		strbuf_done(&page);
	}
	sqlite3_finalize(s);
	return ret;
}
