/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: which files of a home and of the system are read for which tool, and given to which parser. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/value.h"
#include "audit/visit.h"
#include "base/cleanup.h"
#include "process/sqlimage.h"

#define CURSOR_DB_MAX (256u << 20)

static void claude(struct visit *v)
{
	struct signin_claude f = {
		.credentials = visit_json(v, v->home, ".claude/.credentials.json", "claude-code",
		                          "~/.claude/.credentials.json"),
		.config = visit_json(v, v->home, ".claude.json", "claude-code", "~/.claude.json"),
		.managed = visit_json(v, v->root, "etc/claude-code/managed-settings.json", "claude-code",
		                      "/etc/claude-code/managed-settings.json"),
		.user = visit_json(v, v->home, ".claude/settings.json", "claude-code", "~/.claude/settings.json"),
	};

	if (f.credentials || f.config || f.user) {
		signin_claude(&v->sink, &f);
		settings_claude(&v->sink, f.managed, "/etc/claude-code/managed-settings.json", SETTINGS_MANAGED);
		settings_claude(&v->sink, f.user, "~/.claude/settings.json", SETTINGS_USER);
		settings_claude_defaults(&v->sink, f.managed, f.user);
		settings_mcp(&v->sink, "claude-code", value_at(f.config, "mcpServers"), "~/.claude.json", false);
		audit_add_row(&v->sink, "claude-code", AUDIT_MANAGED, f.managed ? AUDIT_GOOD : AUDIT_INFO,
		              f.managed ? "there are managed settings" : "there are no managed settings",
		              f.managed ? "Users cannot take back what they set"
		                        : "Whatever a user or a repository sets holds",
		              "", "/etc/claude-code/managed-settings.json");
	}
	json_object_put(f.credentials);
	json_object_put(f.config);
	json_object_put(f.managed);
	json_object_put(f.user);
}

static void codex(struct visit *v)
{
	cleanup_(value_putp) struct json_object *auth =
	        visit_json(v, v->home, ".codex/auth.json", "codex", "~/.codex/auth.json");
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	struct signin_codex f = { .auth = auth };
	bool config = visit_read(v, v->home, ".codex/config.toml", "codex", "~/.codex/config.toml", &b);

	if (config && !settings_codex(&v->sink, strbuf_str(&b), b.len, "~/.codex/config.toml", true, &f))
		audit_add_row(&v->sink, "codex", AUDIT_READING, AUDIT_UNSURE,
		              "~/.codex/config.toml is not TOML to its end", "What comes after the fault is not known",
		              "", "~/.codex/config.toml");
	if (!config && auth)
		settings_codex(&v->sink, "", 0, "~/.codex/config.toml does not exist", true, NULL);
	signin_codex(&v->sink, &f);
	for (size_t i = 0; i < 2; i++) {
		static const char *const paths[] = { "etc/codex/managed_config.toml", "etc/codex/requirements.toml" };
		char shown[64];

		snprintf(shown, sizeof(shown), "/%s", paths[i]);
		if (!visit_read(v, v->root, paths[i], "codex", shown, &b))
			continue;
		audit_add_row(&v->sink, "codex", AUDIT_MANAGED, AUDIT_GOOD, "there is managed configuration",
		              "Users cannot take back what it sets", "", shown);
		settings_codex(&v->sink, strbuf_str(&b), b.len, shown, false, NULL);
	}
}

static void env_line(void *arg, const char *name, const char *value)
{
	audit_env_add(arg, name, value);
}

static void gemini(struct visit *v, const char *tool, const char *folder, const char *system)
{
	cleanup_(strbuf_done) struct strbuf text = STRBUF_INIT, block = STRBUF_INIT;
	cleanup_(value_putp) struct json_object *settings = NULL, *managed = NULL;
	char path[128], shown[160];
	struct audit_env env;
	bool oauth;

	snprintf(path, sizeof(path), "%s/settings.json", folder);
	snprintf(shown, sizeof(shown), "~/%s", path);
	settings = visit_json(v, v->home, path, tool, shown);
	settings_gemini(&v->sink, tool, settings, shown, SETTINGS_USER);
	snprintf(shown, sizeof(shown), "/%s", system);
	managed = visit_json(v, v->root, system, tool, shown);
	if (managed && settings)
		settings_gemini(&v->sink, tool, managed, shown, SETTINGS_MANAGED);
	snprintf(path, sizeof(path), "%s/.env", folder);
	snprintf(shown, sizeof(shown), "~/%s", path);
	if (visit_read(v, v->home, path, tool, shown, &text))
		value_lines(strbuf_str(&text), text.len, '=', env_line, &block);
	env = (struct audit_env){ strbuf_str(&block), block.len };
	if (audit_env_get(&env, "GEMINI_API_KEY") || audit_env_get(&env, "GOOGLE_API_KEY") ||
	    audit_env_get(&env, "OPENAI_API_KEY"))
		audit_add_row(&v->sink, tool, AUDIT_SECRETS, AUDIT_WARN,
		              "a key stands in plain text beside the settings",
		              "It is read by every program of the user", "Rotate it, and give it by a variable", shown);
	snprintf(path, sizeof(path), "%s/oauth_creds.json", folder);
	/* Its name is enough: it holds tokens and nothing of a plan. */
	oauth = !faccessat(v->home, path, F_OK, 0);
	snprintf(shown, sizeof(shown), "~/%s", folder);
	signin_gemini(&v->sink, tool, value_at(settings, "security.auth") || !managed ? settings : managed, oauth, &env,
	              shown);
}

static void opencode(struct visit *v)
{
	static const char *const configs[] = { ".config/opencode/opencode.json", ".config/opencode/opencode.jsonc",
		                               ".config/opencode/config.json" };
	cleanup_(value_putp) struct json_object *auth = visit_json(v, v->home, ".local/share/opencode/auth.json",
	                                                           "opencode", "~/.local/share/opencode/auth.json");
	cleanup_(value_putp) struct json_object *kilo =
	        visit_json(v, v->home, ".local/share/kilo/auth.json", "kilo", "~/.local/share/kilo/auth.json");

	signin_opencode(&v->sink, auth, "opencode", "~/.local/share/opencode/auth.json");
	signin_opencode(&v->sink, kilo, "kilo", "~/.local/share/kilo/auth.json");
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		char shown[128];
		struct json_object *o;

		snprintf(shown, sizeof(shown), "~/%s", configs[i]);
		o = visit_json(v, v->home, configs[i], "opencode", shown);
		settings_opencode(&v->sink, o, shown, SETTINGS_USER);
		json_object_put(o);
	}
}

static void copilot(struct visit *v)
{
	static const char *const files[] = { ".copilot/config.json", ".config/github-copilot/apps.json",
		                             ".config/github-copilot/hosts.json" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char shown[128];
		struct json_object *o;

		snprintf(shown, sizeof(shown), "~/%s", files[i]);
		o = visit_json(v, v->home, files[i], "copilot-cli", shown);
		signin_copilot(&v->sink, o, shown);
		if (value_count(value_at(o, "trusted_folders"))) {
			char what[AUDIT_TEXT];

			audit_text(what, "%zu folders are trusted", value_count(value_at(o, "trusted_folders")));
			audit_add_row(&v->sink, "copilot-cli", AUDIT_APPROVAL, AUDIT_INFO, what,
			              "Files there are read and changed without a question", "", shown);
		}
		json_object_put(o);
	}
}

/* ---- Cursor
 * ---------------------------------------------------------------------------------------------------------- */

static unsigned char *read_all(int fd, size_t size, size_t room)
{
	unsigned char *p = sqlite3_malloc64(room ? room : 1);
	size_t at = 0;

	while (p && at < size) {
		ssize_t n = pread(fd, p + at, size - at, (off_t)at);

		if (n <= 0) {
			sqlite3_free(p);
			return NULL;
		}
		at += (size_t)n;
	}
	return p;
}

/* A value of the table ItemTable; "" when there is none. */
static void item(sqlite3 *db, const char *key, char *ret, size_t size)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *text;

	ret[0] = '\0';
	if (sqlite3_prepare_v2(db, "SELECT value FROM ItemTable WHERE key = ?1", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		text = sqlite3_column_text(st, 0);
		snprintf(ret, size, "%s", text ? (const char *)text : "");
	}
	sqlite3_finalize(st);
}

static const char *unquoted(char *s)
{
	size_t len = strlen(s);

	if (len >= 2 && s[0] == '"' && s[len - 1] == '"') {
		s[len - 1] = '\0';
		return s + 1;
	}
	return s;
}

static void cursor_values(struct visit *v, struct sqlimage *image, const char *shown)
{
	char membership[64], team[64], status[64];

	item(image->db, "cursorAuth/stripeMembershipType", membership, sizeof(membership));
	item(image->db, "cursorAuth/teamId", team, sizeof(team));
	item(image->db, "cursorAuth/stripeSubscriptionStatus", status, sizeof(status));
	signin_cursor(&v->sink, unquoted(membership), unquoted(team), status, shown);
	audit_add_row(&v->sink, "cursor", AUDIT_TRAINING, AUDIT_UNSURE,
	              "privacy mode is a setting of the account, kept by the server",
	              "With it off, code may be kept and used for training",
	              "Look at the account's settings; a team can enforce it", shown);
}

static void cursor(struct visit *v)
{
	static const char path[] = ".config/Cursor/User/globalStorage/state.vscdb",
	                  shown[] = "~/.config/Cursor/User/globalStorage/state.vscdb";
	cleanup_close int fd = -1, wal_fd = -1;
	unsigned char *data = NULL, *wal = NULL;
	size_t room, wal_size = 0;
	struct stat st, wal_st;
	struct sqlimage image;
	enum userfile_state r;

	visit_step(v, shown);
	r = userfile_open(v->home, path, v->t->uid, &fd, &st);
	if (r == USERFILE_ABSENT)
		return;
	if (r == USERFILE_OK && st.st_size > CURSOR_DB_MAX)
		r = USERFILE_LARGE;
	if (r == USERFILE_OK &&
	    !userfile_open(v->home, ".config/Cursor/User/globalStorage/state.vscdb-wal", v->t->uid, &wal_fd, &wal_st) &&
	    wal_st.st_size <= CURSOR_DB_MAX) {
		wal_size = (size_t)wal_st.st_size;
		wal = read_all(wal_fd, wal_size, wal_size);
		wal_size = wal ? wal_size : 0;
	}
	if (r == USERFILE_OK) {
		room = sqlimage_room((size_t)st.st_size, wal, wal_size);
		data = read_all(fd, (size_t)st.st_size, room);
		r = data ? USERFILE_OK : USERFILE_ERROR;
	}
	if (r != USERFILE_OK || sqlimage_open(data, (size_t)st.st_size, room, wal, wal_size, &image)) {
		char what[AUDIT_TEXT];

		audit_text(what, "%s %s", shown, r != USERFILE_OK ? userfile_state_text(r) : "is not a database");
		audit_add_row(&v->sink, "cursor", AUDIT_READING, AUDIT_UNSURE, what, "The plan is not known", "",
		              shown);
		audit_add_account(&v->sink, "cursor", AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW, what);
	} else {
		cursor_values(v, &image, shown);
		sqlimage_done(&image);
	}
	sqlite3_free(wal);
}

/* ---- others
 * ---------------------------------------------------------------------------------------------------------- */

static void flat_files(struct visit *v)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;

	if (visit_read(v, v->home, ".aider.conf.yml", "aider", "~/.aider.conf.yml", &b))
		settings_aider(&v->sink, strbuf_str(&b), b.len, "~/.aider.conf.yml");
	if (visit_read(v, v->home, ".config/goose/config.yaml", "goose", "~/.config/goose/config.yaml", &b))
		settings_goose(&v->sink, strbuf_str(&b), b.len, "~/.config/goose/config.yaml");
}

static void mcp_files(struct visit *v)
{
	static const struct {
		const char *tool, *path, *key;
	} files[] = {
		{ "cursor", ".cursor/mcp.json", "mcpServers" },
		{ "copilot-cli", ".copilot/mcp-config.json", "mcpServers" },
		{ "windsurf", ".codeium/windsurf/mcp_config.json", "mcpServers" },
		{ "kiro-ide", ".kiro/settings/mcp.json", "mcpServers" },
		{ "amp", ".config/amp/settings.json", "amp.mcpServers" },
		{ "droid", ".factory/mcp.json", "mcpServers" },
		{ "copilot", ".config/Code/User/mcp.json", "servers" },
		{ "amazon-q", ".aws/amazonq/mcp.json", "mcpServers" },
		{ "auggie", ".augment/settings.json", "mcpServers" },
		{ "crush", ".config/crush/crush.json", "mcp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char shown[128];
		struct json_object *o, *servers = NULL;

		snprintf(shown, sizeof(shown), "~/%s", files[i].path);
		o = visit_json(v, v->home, files[i].path, files[i].tool, shown);
		/* A name with a dot of its own is no path. */
		if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, files[i].key, &servers))
			servers = NULL;
		settings_mcp(&v->sink, files[i].tool, servers, shown, false);
		json_object_put(o);
	}
}

/* Sign-ins that are there and say nothing of a plan. */
static void opaque_signins(struct visit *v)
{
	static const struct {
		const char *tool, *path;
	} files[] = {
		{ "amp", ".local/share/amp/secrets.json" },
		{ "droid", ".factory/auth.encrypted" },
		{ "droid", ".factory/auth.v2.file" },
		{ "auggie", ".augment/session.json" },
		{ "kiro-ide", ".aws/sso/cache/kiro-auth-token.json" },
		{ "continue", ".continue/config.yaml" },
		{ "cline", ".cline/data/secrets.json" },
		{ "windsurf", ".codeium/config.json" },
		{ "cursor-cli", ".config/cursor/auth.json" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char evidence[AUDIT_TEXT];

		if (faccessat(v->home, files[i].path, F_OK, AT_SYMLINK_NOFOLLOW))
			continue;
		audit_text(evidence, "~/%s exists; it was not opened, and its form is not known here", files[i].path);
		audit_add_account(&v->sink, files[i].tool, AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW, evidence);
	}
}

void visit_tools(struct visit *v)
{
	claude(v);
	codex(v);
	gemini(v, "gemini-cli", ".gemini", "etc/gemini-cli/settings.json");
	gemini(v, "qwen-code", ".qwen", "etc/qwen-code/settings.json");
	opencode(v);
	copilot(v);
	cursor(v);
	flat_files(v);
	mcp_files(v);
	opaque_signins(v);
}
