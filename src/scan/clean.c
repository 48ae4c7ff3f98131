/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: replacing files by copies without their secrets, and updating databases. Decides nothing about what a secret
 * is. */
#include "scan/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/userfile.h"

#define JSON_DEPTH 200
#define ATTRS_MAX  65536

static int refuse(struct clean *c, const char *why)
{
	snprintf(c->why, sizeof(c->why), "%s", why);
	return -1;
}

static bool is_quiet(const struct clean *c, const struct stat *st)
{
	return (int64_t)c->now_s - st->st_mtime >= CLEAN_QUIET_S;
}

/* The folder, without following a link on the way; the name in it. */
static int open_folder(const struct clean *c, const char **ret_name)
{
	const char *slash = strrchr(c->path, '/');
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - c->path), c->path);
	*ret_name = slash + 1;
	return userfile_folder(folder[0] ? folder : "/");
}

static int open_checked(struct clean *c, struct stat *st)
{
	int fd;
	enum userfile_state r = userfile_open(c->root, c->path + 1, c->uid, &fd, st);

	if (r)
		return refuse(c, userfile_state_text(r));
	if (st->st_uid != c->uid)
		refuse(c, "belongs to another user");
	else if (st->st_nlink != 1)
		refuse(c, "has more than one name");
	else if (!is_quiet(c, st))
		refuse(c, "was written within the last minute");
	else if ((uint64_t)st->st_size > CLEAN_FILE_MAX)
		refuse(c, "is larger than what is cleaned");
	else
		return fd;
	close(fd);
	return -1;
}

static char *read_whole(int fd, size_t size)
{
	char *p = malloc(size ? size : 1);
	size_t at = 0;

	while (p && at < size) {
		ssize_t n = pread(fd, p + at, size - at, (off_t)at);

		if (n <= 0) {
			free(p);
			return NULL;
		}
		at += (size_t)n;
	}
	return p;
}

/* Ends of lines stay: they are not part of what is secret, and a JSON line must stay one line. */
static void star(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			text[i] = '*';
}

static bool is_json(const char *text, size_t len)
{
	struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *o = t && len < INT_MAX ? json_tokener_parse_ex(t, text, (int)len) : NULL;
	bool ok = t && json_tokener_get_error(t) == json_tokener_success;

	json_object_put(o);
	if (t)
		json_tokener_free(t);
	return ok;
}

/* What was JSON is JSON: the whole, and each line. */
static bool same_structure(const char *before, const char *after, size_t len)
{
	if (extract_kind(before, len < 4096 ? len : 4096) != EXTRACT_JSON)
		return true;
	if (len < (64u << 20) && is_json(before, len) && !is_json(after, len))
		return false;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(before + at, '\n', len - at);
		size_t n = end ? (size_t)(end - (before + at)) : len - at;

		if (memcmp(before + at, after + at, n) && is_json(before + at, n) && !is_json(after + at, n))
			return false;
		at += n + 1;
	}
	return true;
}

static bool copy_attributes(int from, int to)
{
	cleanup_free char *names = malloc(ATTRS_MAX), *value = malloc(ATTRS_MAX);
	ssize_t len = names && value ? flistxattr(from, names, ATTRS_MAX) : -1, n;

	if (len < 0)
		return names && value && errno == ENOTSUP;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		n = fgetxattr(from, name, value, ATTRS_MAX);
		/* The kernel gives the new file its label by itself. */
		if (n < 0 || (fsetxattr(to, name, value, (size_t)n, 0) && strncmp(name, "security.", 9) != 0))
			return false;
	}
	return true;
}

static bool write_whole(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static const char *fill_copy(int fd, int to, const struct stat *st, const char *text)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	struct stat now;

	if (!write_whole(to, text, (size_t)st->st_size))
		return "a copy of it cannot be written";
	if (fstat(to, &now) || (now.st_gid != st->st_gid && fchown(to, (uid_t)-1, st->st_gid)))
		return "its group cannot be kept";
	if (fchmod(to, st->st_mode & 07777) || !copy_attributes(fd, to) || futimens(to, times))
		return "its mode, times or attributes cannot be kept";
	return fsync(to) ? "a copy of it cannot be written" : NULL;
}

static int replace(struct clean *c, int fd, const struct stat *st, const char *text)
{
	cleanup_close int folder = -1, to = -1, again = -1;
	char temp[64];
	uint64_t random;
	const char *name, *why;
	struct stat now;

	folder = open_folder(c, &name);
	if (folder < 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return refuse(c, "its folder cannot be opened");
	snprintf(temp, sizeof(temp), ".sluice-clean.%016llx", (unsigned long long)random);
	to = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return refuse(c, "a copy of it cannot be made in its folder");
	why = fill_copy(fd, to, st, text);
	if (!why && (userfile_open(c->root, c->path + 1, c->uid, &again, &now) || !same_file(st, &now)))
		why = "changed while it was cleaned";
	if (!why && renameat(folder, temp, folder, name))
		why = "cannot be replaced";
	if (why) {
		unlinkat(folder, temp, 0);
		return refuse(c, why);
	}
	/* O_PATH cannot be synchronised; the file itself was. */
	return 0;
}

static int clean_plain(struct clean *c, int fd, const struct stat *st)
{
	cleanup_free char *before = read_whole(fd, (size_t)st->st_size), *after = NULL;
	struct look *l = c->look;
	int cnt = (int)l->cnt;

	after = before ? malloc((size_t)st->st_size ? (size_t)st->st_size : 1) : NULL;
	if (!after)
		return refuse(c, "could not be read");
	memcpy(after, before, (size_t)st->st_size);
	for (size_t i = 0; i < l->cnt; i++) {
		if (!l->hits[i].plain || l->hits[i].at + l->hits[i].len > (uint64_t)st->st_size)
			return refuse(c, "changed while it was cleaned");
		star(after + l->hits[i].at, (size_t)l->hits[i].len);
	}
	if (!same_structure(before, after, (size_t)st->st_size))
		return refuse(c, "would not be JSON any more");
	if (c->apply && replace(c, fd, st, after))
		return -1;
	return cnt;
}

/* ---- databases
 * ------------------------------------------------------------------------------------------------------- */

struct update {
	struct clean *c;
	sqlite3 *db;
	int cnt;
	const char *why;
};

/* One cell: the new contents, or NULL when there is nothing in it. */
static char *clean_cell(struct update *u, const void *bytes, size_t len, int *ret_cnt)
{
	struct look *l = u->c->look;
	char *copy;

	*ret_cnt = 0;
	/* What is packed in it stays: it is said by the scan that comes after. */
	if (!len || extract_kind(bytes, len) == EXTRACT_ZSTD || extract_kind(bytes, len) == EXTRACT_GZIP ||
	    extract_kind(bytes, len) == EXTRACT_SQLITE)
		return NULL;
	look_bytes(l, bytes, len);
	if (!l->cnt)
		return NULL;
	copy = malloc(len);
	if (!copy)
		return NULL;
	memcpy(copy, bytes, len);
	for (size_t i = 0; i < l->cnt; i++)
		if (l->hits[i].at + l->hits[i].len <= len)
			star(copy + l->hits[i].at, (size_t)l->hits[i].len);
	if (!same_structure(bytes, copy, len)) {
		free(copy);
		u->why = "a cell of it would not be JSON any more";
		return NULL;
	}
	*ret_cnt = (int)l->cnt;
	return copy;
}

static bool put_cell(struct update *u, const char *table, const char *column, sqlite3_int64 row, int type,
                     const char *bytes, size_t len)
{
	char *sql = sqlite3_mprintf("UPDATE \"%w\" SET \"%w\" = ?1 WHERE rowid = ?2", table, column);
	sqlite3_stmt *st = NULL;
	bool ok = sql && sqlite3_prepare_v2(u->db, sql, -1, &st, NULL) == SQLITE_OK &&
	          sqlite3_bind_int64(st, 2, row) == SQLITE_OK &&
	          (type == SQLITE_TEXT ? sqlite3_bind_text(st, 1, bytes, (int)len, SQLITE_STATIC)
	                               : sqlite3_bind_blob(st, 1, bytes, (int)len, SQLITE_STATIC)) == SQLITE_OK &&
	          sqlite3_step(st) == SQLITE_DONE && sqlite3_changes(u->db) == 1;

	sqlite3_finalize(st);
	sqlite3_free(sql);
	return ok;
}

static void clean_table(struct update *u, const char *table)
{
	char *sql = sqlite3_mprintf("SELECT rowid, * FROM \"%w\"", table);
	sqlite3_stmt *st = NULL;

	/* Without rowids: what is in it is found again afterwards, and said. */
	if (sql && sqlite3_prepare_v2(u->db, sql, -1, &st, NULL) == SQLITE_OK)
		while (!u->why && sqlite3_step(st) == SQLITE_ROW)
			for (int i = 1; !u->why && i < sqlite3_column_count(st); i++) {
				int type = sqlite3_column_type(st, i), n;
				const void *bytes =
				        type == SQLITE_TEXT || type == SQLITE_BLOB ? sqlite3_column_blob(st, i) : NULL;
				size_t len = bytes ? (size_t)sqlite3_column_bytes(st, i) : 0;
				cleanup_free char *text = bytes ? clean_cell(u, bytes, len, &n) : NULL;

				if (!text)
					continue;
				if (!put_cell(u, table, sqlite3_column_name(st, i), sqlite3_column_int64(st, 0), type,
				              text, len))
					u->why = "a row of it cannot be updated";
				u->cnt += n;
			}
	sqlite3_finalize(st);
	sqlite3_free(sql);
}

static bool is_sound(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL) == SQLITE_OK &&
	          sqlite3_step(st) == SQLITE_ROW && !strcmp((const char *)sqlite3_column_text(st, 0), "ok");

	sqlite3_finalize(st);
	return ok;
}

static void clean_tables(struct update *u)
{
	sqlite3_stmt *st = NULL;
	char *names[256];
	size_t cnt = 0;

	if (sqlite3_prepare_v2(
	            u->db,
	            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
	            -1, &st, NULL) == SQLITE_OK)
		while (cnt < ARRAY_SIZE(names) && sqlite3_step(st) == SQLITE_ROW)
			if (sqlite3_column_text(st, 0) &&
			    (names[cnt] = strdup((const char *)sqlite3_column_text(st, 0))))
				cnt++;
	sqlite3_finalize(st);
	for (size_t i = 0; i < cnt; i++) {
		if (!u->why)
			clean_table(u, names[i]);
		free(names[i]);
	}
}

/* A checkpoint that a reader kept from its end says so in its row, not by an error. */
static bool is_settled(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(db, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &st, NULL) == SQLITE_OK &&
	          sqlite3_step(st) == SQLITE_ROW && !sqlite3_column_int(st, 0);

	sqlite3_finalize(st);
	return ok;
}

/*
 * A journal that waits to be rolled back can name a super-journal, any file, which SQLite would delete with the rights of this process:
 * nothing is opened or deleted but the database and what lies beside it under its name.
 */
static sqlite3_vfs beside;
static char database[PATH_MAX];

static int open_beside(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags)
{
	if (flags & SQLITE_OPEN_SUPER_JOURNAL)
		return SQLITE_CANTOPEN;
	if (flags & SQLITE_OPEN_MAIN_DB && name)
		snprintf(database, sizeof(database), "%s", name);
	return sqlite3_vfs_find(NULL)->xOpen(vfs, name, file, flags, ret_flags);
}

static int delete_beside(sqlite3_vfs *vfs, const char *name, int sync)
{
	size_t len = strlen(database);

	if (!len || strncmp(name, database, len) != 0 || (strcmp(name + len, "-journal") && strcmp(name + len, "-wal")))
		return SQLITE_IOERR_DELETE;
	return sqlite3_vfs_find(NULL)->xDelete(vfs, name, sync);
}

static const char *vfs_beside(void)
{
	const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

	if (beside.zName)
		return beside.zName;
	if (!usual)
		return NULL;
	beside = *usual;
	beside.pNext = NULL;
	beside.zName = "beside";
	beside.xOpen = open_beside;
	beside.xDelete = delete_beside;
	return sqlite3_vfs_register(&beside, 0) == SQLITE_OK ? beside.zName : NULL;
}

static int beat(void *arg)
{
	const struct clean *c = arg;

	return c->look->beat && !c->look->beat(c->look->arg, 0);
}

/* By its path, since SQLite needs the log beside it; as the owner, and refusing a link anywhere in it. */
static int clean_database(struct clean *c, int fd, const struct stat *st)
{
	struct update u = { .c = c };
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* To look at it would leave files beside it. */
	if (!c->apply)
		return (int)c->look->cnt;
	if (!vfs_beside() ||
	    sqlite3_open_v2(c->path, &u.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, vfs_beside()) != SQLITE_OK) {
		sqlite3_close(u.db);
		return refuse(c, "cannot be opened as a database");
	}
	sqlite3_db_config(u.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(u.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(u.db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_progress_handler(u.db, 10000, beat, c);
	sqlite3_exec(u.db, "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
	if (sqlite3_exec(u.db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
		u.why = "is in use";
	else if (!is_sound(u.db))
		u.why = "is a damaged database";
	else
		clean_tables(&u);
	if (!u.why && !is_sound(u.db))
		u.why = "would be damaged";
	if (u.why || sqlite3_exec(u.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		sqlite3_exec(u.db, "ROLLBACK", NULL, NULL, NULL);
		sqlite3_close(u.db);
		return refuse(c, u.why ? u.why : "cannot be written");
	}
	/* Free pages hold what was there; the log holds the old pages. */
	if (sqlite3_exec(u.db, "VACUUM", NULL, NULL, NULL) != SQLITE_OK || !is_settled(u.db))
		u.why = "was updated, and somebody has it open: old pages may hold what was there";
	sqlite3_close(u.db);
	futimens(fd, times);
	return u.why ? refuse(c, u.why) : u.cnt;
}

int clean_file(struct clean *c)
{
	cleanup_close int fd = -1, folder = -1;
	unsigned char head[4096];
	struct stat st, dir;
	const char *name;
	ssize_t n;

	c->why[0] = '\0';
	fd = open_checked(c, &st);
	if (fd < 0)
		return -1;
	folder = open_folder(c, &name);
	if (folder < 0 || fstat(folder, &dir) || dir.st_uid != c->uid)
		return refuse(c, "lies in a folder of another user");
	n = pread(fd, head, sizeof(head), 0);
	switch (n > 0 ? extract_kind(head, (size_t)n) : EXTRACT_PLAIN) {
	case EXTRACT_PLAIN:
	case EXTRACT_JSON:
		return clean_plain(c, fd, &st);
	case EXTRACT_SQLITE:
		return clean_database(c, fd, &st);
	case EXTRACT_ZLIB:
	case EXTRACT_PACK:
		return refuse(c, "is an object of git, which its contents name");
	default:
		return refuse(c, "is packed, which is not cleaned: remove it, or unpack it first");
	}
}

int clean_remove(struct clean *c, uint64_t older_s)
{
	cleanup_close int fd = -1, folder = -1;
	const char *name;
	struct stat st, now;

	c->why[0] = '\0';
	fd = open_checked(c, &st);
	if (fd < 0)
		return 0;
	if ((uint64_t)st.st_mtime + older_s > c->now_s)
		return 0;
	if (!c->apply)
		return 1;
	folder = open_folder(c, &name);
	if (folder < 0 || fstatat(folder, name, &now, AT_SYMLINK_NOFOLLOW) || !same_file(&st, &now) ||
	    unlinkat(folder, name, 0)) {
		refuse(c, "cannot be removed");
		return 0;
	}
	return 1;
}
