/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the file's tables, its transactions, and the chain's head. A transaction ends with a signed head, so that rows which are cut
 * off at the end are missed. Rows that somebody else added or took away while we run are never covered by a signature of ours: a
 * hole in the numbers stays.
 */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store_internal.h"

#define CACHE_KIB 1024
#define BUSY_MS 2000
#define QUICK_CHECK_NS 3000000000ull /* a larger file is looked at in part */

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
	"CREATE TABLE IF NOT EXISTS events("
	" n INTEGER PRIMARY KEY, time INTEGER NOT NULL, user INTEGER, uid TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
	" severity TEXT, session TEXT, tool TEXT, rule TEXT, verdict TEXT, taken TEXT, path TEXT, host TEXT,"
	" line TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS events_time ON events(time);"
	"CREATE INDEX IF NOT EXISTS events_session ON events(session, time) WHERE session IS NOT NULL;"
	"CREATE INDEX IF NOT EXISTS events_rule ON events(rule, time) WHERE rule IS NOT NULL;"
	"CREATE TABLE IF NOT EXISTS marks("
	" id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time INTEGER NOT NULL, from_n INTEGER NOT NULL, to_n INTEGER NOT NULL,"
	" count INTEGER NOT NULL, lost INTEGER NOT NULL, reason TEXT NOT NULL, head BLOB NOT NULL, sig BLOB NOT NULL) STRICT;";

uint64_t store_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- SQLite ---------------------------------------------------------------------------------------------------------- */

int store_error(struct store *st, const char *doing, struct errmsg *e)
{
	int code = sqlite3_extended_errcode(st->db), err;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		err = -EBADMSG;
		break;
	case SQLITE_FULL:
		err = -ENOSPC;
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		err = -EROFS;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err = -EAGAIN;
		break;
	case SQLITE_NOMEM:
		err = -ENOMEM;
		break;
	case SQLITE_CANTOPEN:
		err = -EACCES;
		break;
	default:
		err = -EIO;
	}
	return errmsg_set(e, err, "cannot %s %s: %s", doing, st->config->path, sqlite3_errmsg(st->db));
}

int store_exec(struct store *st, const char *sql, const char *doing, struct errmsg *e)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_error(st, doing, e);
}

/* -1: none. */
int64_t store_number(struct store *st, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(st->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW &&
	    sqlite3_column_type(s, 0) != SQLITE_NULL)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static int prepare(struct store *st, const char *sql, sqlite3_stmt **ret, struct errmsg *e)
{
	return sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK ? 0 : store_error(st, "use", e);
}

static int on_log(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;

	(void)db;
	(void)name;
	st->log_pages = (uint64_t)pages;
	return SQLITE_OK;
}

/* ---- rows and marks -------------------------------------------------------------------------------------------------- */

int store_put_row(struct store *st, const struct store_row *row, bool *ret_new, struct errmsg *e)
{
	uint8_t hash[CHAIN_HASH];
	size_t len[_STORE_TEXT_MAX];
	sqlite3_stmt *s = st->insert;
	int at = 1;

	for (size_t i = 0; i < _STORE_TEXT_MAX; i++)
		len[i] = strlen(row->text[i]);
	chain_row(hash, st->head, st->last_n + 1, row, len);
	sqlite3_bind_int64(s, at++, st->last_n + 1);
	sqlite3_bind_int64(s, at++, (sqlite3_int64)row->time_ns);
	if (row->user >= 0)
		sqlite3_bind_int64(s, at++, row->user);
	else
		sqlite3_bind_null(s, at++);
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++, at++) {
		if (len[i])
			sqlite3_bind_text(s, at, row->text[i], (int)len[i], SQLITE_STATIC);
		else
			sqlite3_bind_null(s, at);
	}
	sqlite3_bind_blob(s, at, hash, sizeof(hash), SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE) {
		int err = store_error(st, "write to", e);

		sqlite3_reset(s);
		return err;
	}
	sqlite3_reset(s);
	*ret_new = sqlite3_changes(st->db) > 0;
	if (*ret_new) {
		st->last_n++;
		memcpy(st->head, hash, sizeof(hash));
	}
	return 0;
}

/* The head and the tombstone have a place each; checkpoints are added. */
int store_put_mark(struct store *st, struct chain_mark *m, struct errmsg *e)
{
	sqlite3_stmt *s = st->put_mark;
	int err = 0;

	chain_sign(m, st->genesis, &st->key);
	if (!strcmp(m->kind, "head"))
		sqlite3_bind_int64(s, 1, 1);
	else if (!strcmp(m->kind, "gone"))
		sqlite3_bind_int64(s, 1, 2);
	else
		sqlite3_bind_null(s, 1);
	sqlite3_bind_text(s, 2, m->kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, m->time_ns);
	sqlite3_bind_int64(s, 4, m->from_n);
	sqlite3_bind_int64(s, 5, m->to_n);
	sqlite3_bind_int64(s, 6, m->count);
	sqlite3_bind_int64(s, 7, m->lost);
	sqlite3_bind_text(s, 8, m->reason, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 9, m->head, sizeof(m->head), SQLITE_STATIC);
	sqlite3_bind_blob(s, 10, m->sig, sizeof(m->sig), SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		err = store_error(st, "write to", e);
	sqlite3_reset(s);
	return err;
}

/* Texts of the store's own rows are in JSON as they are: what would need an escape becomes "?". */
static void add_plain(struct strbuf *b, const char *s)
{
	for (; *s; s++)
		strbuf_addc(b, *s < ' ' || *s > '~' || *s == '"' || *s == '\\' ? '?' : *s);
}

int store_put_own(struct store *st, const char *kind, const char *text, struct errmsg *e)
{
	struct strbuf line = STRBUF_INIT;
	char uid[512], time[32];
	uint64_t now = store_now_ns();
	time_t seconds = (time_t)(now / 1000000000u);
	struct store_row row = { .time_ns = now, .user = STORE_NOBODY, .urgent = true };
	struct tm tm;
	bool is_new;
	int err;

	snprintf(uid, sizeof(uid), "%s%llu", st->config->uid_begin, (unsigned long long)++st->own_seq);
	gmtime_r(&seconds, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	strbuf_addf(&line, "{\"schema\":2,\"time\":\"%s.%09lluZ\",\"kind\":\"%s\",\"uid\":\"", time, (unsigned long long)(now % 1000000000u),
		    kind);
	add_plain(&line, uid);
	strbuf_adds(&line, "\",\"host\":\"");
	add_plain(&line, st->config->host);
	strbuf_adds(&line, "\",\"boot_id\":\"");
	add_plain(&line, st->config->boot_id);
	strbuf_adds(&line, "\",\"text\":\"");
	add_plain(&line, text);
	strbuf_adds(&line, "\"}");
	for (size_t i = 0; i < _STORE_TEXT_MAX; i++)
		row.text[i] = "";
	row.text[STORE_UID] = uid;
	row.text[STORE_KIND] = kind;
	row.text[STORE_LINE] = strbuf_str(&line);
	err = strbuf_ok(&line) ? store_put_row(st, &row, &is_new, e) : errmsg_set(e, -ENOMEM, "out of memory");
	strbuf_done(&line);
	return err;
}

/* ---- transactions ---------------------------------------------------------------------------------------------------- */

/* The last row, and whether it is the one that the signed head names. */
static int read_head(struct store *st, bool *ret_whole, struct errmsg *e)
{
	sqlite3_stmt *s = NULL;
	struct chain_mark m = { .kind = "head" };
	int64_t last = 0, named = 0;
	uint8_t hash[CHAIN_HASH];
	int err = prepare(st, "SELECT n, hash FROM events ORDER BY n DESC LIMIT 1", &s, e);

	if (err)
		return err;
	memcpy(hash, st->genesis, sizeof(hash));
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 1) == CHAIN_HASH) {
		last = sqlite3_column_int64(s, 0);
		memcpy(hash, sqlite3_column_blob(s, 1), CHAIN_HASH);
	}
	sqlite3_finalize(s);
	err = prepare(st, "SELECT time, from_n, to_n, count, lost, reason, head, sig FROM marks WHERE id = 1", &s, e);
	if (err)
		return err;
	*ret_whole = last == 0;
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 6) == CHAIN_HASH && sqlite3_column_bytes(s, 7) == CHAIN_SIG) {
		m.time_ns = sqlite3_column_int64(s, 0);
		m.from_n = sqlite3_column_int64(s, 1);
		named = m.to_n = sqlite3_column_int64(s, 2);
		m.count = sqlite3_column_int64(s, 3);
		m.lost = sqlite3_column_int64(s, 4);
		m.reason = (const char *)sqlite3_column_text(s, 5);
		memcpy(m.head, sqlite3_column_blob(s, 6), CHAIN_HASH);
		memcpy(m.sig, sqlite3_column_blob(s, 7), CHAIN_SIG);
		/* All rows may have aged out: then the head is the tombstone's. */
		if (!last && chain_signed(&m, st->genesis, st->key.pub))
			memcpy(hash, m.head, sizeof(hash));
		*ret_whole = (last == named || !last) && !memcmp(m.head, hash, sizeof(hash)) && chain_signed(&m, st->genesis, st->key.pub);
	}
	sqlite3_finalize(s);
	st->last_n = last > named ? last : named;
	memcpy(st->head, hash, sizeof(hash));
	return 0;
}

static int64_t file_version(struct store *st)
{
	int64_t v = -1;

	if (sqlite3_step(st->version) == SQLITE_ROW)
		v = sqlite3_column_int64(st->version, 0);
	sqlite3_reset(st->version);
	return v;
}

int store_begin(struct store *st, bool durable, struct errmsg *e)
{
	bool whole = true;
	int err = store_exec(st, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", "write to", e);
	int64_t version;

	err = err ? err : store_exec(st, "BEGIN IMMEDIATE", "write to", e);
	if (err)
		return err;
	/* Another agent may write here too: its rows are signed. Anybody else's are not. */
	version = file_version(st);
	if (version != st->known_version) {
		err = read_head(st, &whole, e);
		st->known_version = version;
		st->broken |= !whole;
	}
	if (!err && st->broken) {
		st->last_n++; /* the hole */
		err = store_put_own(st, "store.broken", "its last rows are not those that were signed: rows were changed, cut off or "
				    "added behind the writer's back; run `sluice log verify`", e);
		st->broken = err != 0;
	}
	if (err)
		store_rollback(st);
	return err;
}

static int put_head(struct store *st, struct errmsg *e)
{
	struct chain_mark m = { .kind = "head", .time_ns = (int64_t)store_now_ns(), .from_n = 1, .to_n = st->last_n, .count = st->last_n,
				.reason = "" };

	memcpy(m.head, st->head, sizeof(m.head));
	return store_put_mark(st, &m, e);
}

int store_commit(struct store *st, struct errmsg *e)
{
	int err = put_head(st, e);

	err = err ? err : store_exec(st, "COMMIT", "write to", e);
	if (err)
		store_rollback(st);
	return err;
}

/* What was not committed is forgotten here too: the head is read again. */
void store_rollback(struct store *st)
{
	bool whole;

	sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	if (read_head(st, &whole, NULL))
		st->known_version = -1;
}

int store_append(struct store *st, const char *frames, size_t len, bool durable, size_t *ret_rows, struct errmsg *e)
{
	int err = store_begin(st, durable, e);

	*ret_rows = 0;
	for (size_t at = 0; !err && at < len;) {
		struct store_row row;
		long size = store_row_get(frames + at, len - at, &row);
		bool is_new = false;

		if (size <= 0) {
			store_rollback(st);
			return errmsg_set(e, -EINVAL, "rows for the store are damaged on their way");
		}
		err = store_put_row(st, &row, &is_new, e);
		if (err)
			store_rollback(st);
		*ret_rows += is_new;
		at += (size_t)size;
	}
	return err ? err : store_commit(st, e);
}

int store_mark(struct store *st, const char *reason, uint64_t lost, struct errmsg *e)
{
	struct chain_mark m = { .kind = "check", .time_ns = (int64_t)store_now_ns(), .reason = reason, .lost = (int64_t)lost };
	int err = store_begin(st, true, e);

	if (err)
		return err;
	m.from_n = st->checked_n + 1;
	m.to_n = st->last_n;
	m.count = m.to_n - st->checked_n;
	memcpy(m.head, st->head, sizeof(m.head));
	err = store_put_mark(st, &m, e);
	if (err)
		store_rollback(st);
	err = err ? err : store_commit(st, e);
	if (!err)
		st->checked_n = m.to_n;
	return err;
}

int store_say(struct store *st, const char *kind, const char *text, struct errmsg *e)
{
	int err = store_begin(st, true, e);

	if (err)
		return err;
	err = store_put_own(st, kind, text, e);
	if (err)
		store_rollback(st);
	return err ? err : store_commit(st, e);
}

void store_state(const struct store *st, struct store_state *ret)
{
	struct stat file;

	*ret = (struct store_state){ .last_n = st->last_n, .deleted = st->deleted };
	if (!stat(st->config->path, &file))
		ret->bytes = (uint64_t)file.st_size;
	chain_hex(ret->head, st->head, CHAIN_HASH);
}

/* ---- opening --------------------------------------------------------------------------------------------------------- */

static int over_deadline(void *arg)
{
	return store_now_ns() > *(const uint64_t *)arg;
}

/* Looks whether the file is whole, for a bounded time. */
static int quick_check(struct store *st, struct errmsg *e)
{
	uint64_t deadline = store_now_ns() + QUICK_CHECK_NS;
	sqlite3_stmt *s = NULL;
	int err = prepare(st, "PRAGMA quick_check(1)", &s, e), r;

	if (err)
		return err;
	sqlite3_progress_handler(st->db, 10000, over_deadline, &deadline);
	r = sqlite3_step(s);
	if (r == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		err = errmsg_set(e, -EBADMSG, "%s is damaged: %s", st->config->path, (const char *)sqlite3_column_text(s, 0));
	else if (r != SQLITE_ROW && r != SQLITE_INTERRUPT)
		err = store_error(st, "read", e);
	sqlite3_finalize(s);
	sqlite3_progress_handler(st->db, 0, NULL, NULL);
	return err;
}

static int check_format(struct store *st, struct errmsg *e)
{
	int64_t application = store_number(st, "PRAGMA application_id"), format = store_number(st, "PRAGMA user_version");

	/* Reading these reads the file's header. */
	if (application < 0)
		return store_error(st, "read", e);
	if (!application && !format && store_number(st, "SELECT count(*) FROM sqlite_schema") == 0)
		return 0; /* new */
	if (application != STORE_APPLICATION)
		return errmsg_set(e, -EPROTONOSUPPORT, "%s is a database of something else: name another file", st->config->path);
	if (format > STORE_FORMAT)
		return errmsg_set(e, -EPROTONOSUPPORT, "%s was made by a newer sluice: move it away, or install that one", st->config->path);
	return quick_check(st, e);
}

/* meta: when and where the file was made, and by which key: what the chain begins with. */
static int load_meta(struct store *st, struct errmsg *e)
{
	char pub[2 * CHAIN_PUBLIC + 1], made[32], host[256] = "";
	uint8_t had[CHAIN_PUBLIC];
	sqlite3_stmt *s = NULL;
	int err;

	chain_hex(pub, st->key.pub, CHAIN_PUBLIC);
	snprintf(made, sizeof(made), "%llu", (unsigned long long)store_now_ns());
	err = prepare(st, "INSERT OR IGNORE INTO meta VALUES('made', ?), ('host', ?), ('key', ?)", &s, e);
	if (err)
		return err;
	sqlite3_bind_text(s, 1, made, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, st->config->host, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, pub, -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		err = store_error(st, "write to", e);
	sqlite3_finalize(s);
	err = err ? err : prepare(st, "SELECT key, value FROM meta", &s, e);
	if (err)
		return err;
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(s, 0), *value = (const char *)sqlite3_column_text(s, 1);

		if (!strcmp(key, "made"))
			snprintf(made, sizeof(made), "%s", value);
		else if (!strcmp(key, "host"))
			snprintf(host, sizeof(host), "%s", value);
		else if (!strcmp(key, "key"))
			snprintf(pub, sizeof(pub), "%s", value);
	}
	sqlite3_finalize(s);
	if (!chain_unhex(had, sizeof(had), pub) || memcmp(had, st->key.pub, sizeof(had)) != 0)
		return errmsg_set(e, -EBADMSG, "%s was signed with another key than this host's", st->config->path);
	chain_genesis(st->genesis, strtoll(made, NULL, 10), host, st->key.pub);
	return 0;
}

static int prepare_all(struct store *st, struct errmsg *e)
{
	int err = prepare(st, "INSERT OR IGNORE INTO events(n, time, user, uid, kind, severity, session, tool, rule, verdict, taken, path, host,"
			  " line, hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &st->insert, e);

	err = err ? err : prepare(st, "INSERT OR REPLACE INTO marks"
				  " VALUES(ifnull(?, (SELECT max(2, ifnull(max(id), 2)) + 1 FROM marks)),?,?,?,?,?,?,?,?,?)", &st->put_mark, e);
	return err ? err : prepare(st, "PRAGMA data_version", &st->version, e);
}

static int make_folder(const char *path, char *ret, size_t size, struct errmsg *e)
{
	char *slash;

	if (snprintf(ret, size, "%s", path) >= (int)size)
		return errmsg_set(e, -ENAMETOOLONG, "the store has too long a name");
	slash = strrchr(ret, '/');
	if (!slash)
		snprintf(ret, size, ".");
	else
		*(slash == ret ? slash + 1 : slash) = '\0';
	if (mkdir(ret, 0700) && errno != EEXIST)
		return errmsg_set(e, -errno, "cannot make %s for the store: %s", ret, strerror(errno));
	return 0;
}

static int open_db(struct store *st, struct errmsg *e)
{
	char sql[96];
	int err;

	if (sqlite3_open_v2(st->config->path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return st->db ? store_error(st, "open", e) : errmsg_set(e, -ENOMEM, "out of memory");
	sqlite3_busy_timeout(st->db, BUSY_MS);
	sqlite3_extended_result_codes(st->db, 1);
	/* Nothing in the file is run: it may have been changed. */
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(st->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	err = check_format(st, e);
	snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%d; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0", CACHE_KIB);
	err = err ? err : store_exec(st, sql, "open", e);
	sqlite3_wal_hook(st->db, on_log, st);
	err = err ? err : store_exec(st, "BEGIN IMMEDIATE", "write to", e);
	err = err ? err : store_exec(st, schema, "make tables in", e);
	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d", STORE_APPLICATION, STORE_FORMAT);
	err = err ? err : store_exec(st, sql, "write to", e);
	err = err ? err : load_meta(st, e);
	return err ? err : store_exec(st, "COMMIT", "write to", e);
}

static int load(struct store *st, struct errmsg *e)
{
	bool whole = true;
	int err = read_head(st, &whole, e);

	st->broken = !whole;
	st->known_version = file_version(st);
	st->checked_n = store_number(st, "SELECT max(to_n) FROM marks WHERE kind = 'check'");
	if (st->checked_n < 0)
		st->checked_n = 0;
	st->page_size = (uint32_t)store_number(st, "PRAGMA page_size");
	return err;
}

int store_open(const struct store_config *config, struct store **ret, struct errmsg *e)
{
	struct store *st = calloc(1, sizeof(*st));
	char dir[PATH_MAX];
	int err = chain_init();

	if (!st || err) {
		free(st);
		return errmsg_set(e, err ? err : -ENOMEM, err ? "libsodium does not start" : "out of memory");
	}
	st->config = config;
	err = make_folder(config->path, dir, sizeof(dir), e);
	if (!err && config->sealed)
		chain_key_once(&st->key);
	else if (!err)
		err = chain_key_load(dir, &st->key, e);
	err = err ? err : open_db(st, e);
	err = err ? err : prepare_all(st, e);
	err = err ? err : load(st, e);
	if (err) {
		store_close(st);
		return err;
	}
	*ret = st;
	return 0;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	sqlite3_finalize(st->insert);
	sqlite3_finalize(st->put_mark);
	sqlite3_finalize(st->version);
	/* A file to be handed over is one file. */
	if (st->config->sealed)
		sqlite3_exec(st->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	sqlite3_close(st->db);
	explicit_bzero(&st->key, sizeof(st->key));
	free(st);
}
