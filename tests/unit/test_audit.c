/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Sign-in files in the layout that the tools themselves accept (each form was given to the tool, and its own answer is
 * what is expected here), settings, and files that are made to harm the reader. No value of a sign-in file may come
 * back.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/settings.h"
#include "audit/signin.h"
#include "audit/toml.h"
#include "audit/value.h"
#include "base/cleanup.h"
#include "process/sqlimage.h"
#include "process/userfile.h"

#define SECRET "decoy-value-that-must-not-come-back"

struct got {
	struct audit_account a[16];
	struct audit_row r[64];
	size_t as, rs;
};

static void no_secret(const char *text)
{
	assert_null(strstr(text, SECRET));
	assert_null(strstr(text, "ann@"));
}

static void take_account(void *arg, const struct audit_account *a)
{
	struct got *g = arg;

	assert_true(g->as < ARRAY_SIZE(g->a));
	no_secret(a->plan);
	no_secret(a->evidence);
	g->a[g->as++] = *a;
}

static void take_row(void *arg, const struct audit_row *r)
{
	struct got *g = arg;

	assert_true(g->rs < ARRAY_SIZE(g->r));
	no_secret(r->what);
	no_secret(r->evidence);
	g->r[g->rs++] = *r;
}

static struct got got;

static const struct audit_sink *begin(void)
{
	static const struct audit_sink sink = { take_account, take_row, &got };

	memset(&got, 0, sizeof(got));
	return &sink;
}

static struct json_object *json(const char *text)
{
	return value_parse(text, strlen(text));
}

/* "kind plan organisation confidence" of the one account. */
static void expect(const char *want)
{
	char have[256];

	assert_int_equal(got.as, 1);
	snprintf(have, sizeof(have), "%s %s %s %s", audit_kind_text(got.a[0].kind),
	         got.a[0].plan[0] ? got.a[0].plan : "-", got.a[0].organisation_known ? "known" : "unknown",
	         audit_confidence_text(got.a[0].confidence));
	assert_string_equal(have, want);
}

static void claude(const char *credentials, const char *config, const char *managed, const char *user, const char *want)
{
	struct signin_claude f = { json(credentials), json(config), json(managed), json(user) };

	signin_claude(begin(), &f);
	expect(want);
	json_object_put(f.credentials);
	json_object_put(f.config);
	json_object_put(f.managed);
	json_object_put(f.user);
}

#define OAUTH(type) "{\"claudeAiOauth\":{\"accessToken\":\"" SECRET "\",\"subscriptionType\":\"" type "\"}}"
#define CONFIG(type)                                                                                                        \
	"{\"oauthAccount\":{\"emailAddress\":\"ann@example.com\",\"organizationUuid\":\"1-2\",\"organizationType\":\"" type \
	"\"}}"

static void signs_in_claude(void **state)
{
	(void)state;
	claude(OAUTH("max"), CONFIG("claude_max"), "", "", "consumer max known high");
	claude(OAUTH("pro"), "", "", "", "consumer pro unknown high");
	claude(OAUTH("team"), CONFIG("claude_team"), "", "", "company team known high");
	claude(OAUTH("enterprise"), "{}", "", "", "company enterprise unknown high");
	claude(OAUTH("something_new"), "", "", "", "unknown something_new unknown low");
	claude(OAUTH("\\u001b[31m"), "", "", "", "unknown unknown unknown low");
	claude("{\"claudeAiOauth\":{\"accessToken\":\"" SECRET "\"}}", CONFIG("claude_enterprise"), "", "",
	       "company claude_enterprise known medium");
	/* Two files of two accounts: neither is believed. */
	claude(OAUTH("max"), CONFIG("claude_enterprise"), "", "", "unknown unknown known low");
	claude(OAUTH("max"), "", "", "{\"env\":{\"CLAUDE_CODE_USE_BEDROCK\":\"1\"}}", "cloud bedrock unknown high");
	claude(OAUTH("max"), "", "{\"env\":{\"CLAUDE_CODE_USE_VERTEX\":\"true\"}}", "", "cloud vertex unknown high");
	claude(OAUTH("max"), "", "", "{\"env\":{\"CLAUDE_CODE_USE_BEDROCK\":\"0\"}}", "consumer max unknown high");
	claude("", "", "",
	       "{\"env\":{\"ANTHROPIC_BASE_URL\":\"https://ann:" SECRET "@gw.example.com:8443/" SECRET "\"}}",
	       "gateway gw.example.com unknown high");
	claude(OAUTH("max"), "", "", "{\"env\":{\"ANTHROPIC_BASE_URL\":\"https://api.anthropic.com\"}}",
	       "consumer max unknown high");
	claude("", "", "", "{\"apiKeyHelper\":\"/bin/echo " SECRET "\"}", "api-key - unknown medium");
	claude("", "{\"primaryApiKey\":\"" SECRET "\"}", "", "", "api-key - unknown high");
	claude("", "{}", "", "", "none - unknown medium");
}

/* A token whose payload says this; neither its head nor its signature is ever looked at. */
static void jwt(char *ret, size_t size, const char *payload)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(payload), at = 0;

	at += (size_t)snprintf(ret, size, "e30.");
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)payload[i] << 16;

		v |= i + 1 < len ? (uint32_t)(unsigned char)payload[i + 1] << 8 : 0;
		v |= i + 2 < len ? (uint32_t)(unsigned char)payload[i + 2] : 0;
		for (size_t k = 0; k < 4 && i + k <= len; k++)
			ret[at++] = digits[v >> (18 - 6 * k) & 63];
	}
	snprintf(ret + at, size - at, ".c2ln");
}

static void codex(const char *auth, const char *config, const char *want)
{
	cleanup_(value_putp) struct json_object *o = json(auth);
	struct signin_codex f = { .auth = o };

	begin();
	settings_codex(&(struct audit_sink){ take_account, take_row, &got }, config, strlen(config), "config.toml",
	               false, &f);
	signin_codex(&(struct audit_sink){ take_account, take_row, &got }, &f);
	expect(want);
}

static void signs_in_codex(void **state)
{
	static const struct {
		const char *plan, *want;
	} plans[] = {
		{ "free", "consumer free unknown high" },
		{ "plus", "consumer plus unknown high" },
		{ "prolite", "consumer prolite unknown high" },
		{ "team", "company team known high" },
		{ "enterprise_cbp_usage_based", "company enterprise_cbp_usage_based known high" },
		{ "edu", "company edu known high" },
		{ "free_workspace", "unknown free_workspace unknown low" },
	};
	char token[1024], payload[512], auth[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		snprintf(
		        payload, sizeof(payload),
		        "{\"email\":\"ann@example.com\",\"https://api.openai.com/auth\":{\"chatgpt_plan_type\":\"%s\",\"chatgpt_account_id\":\"a1\"}}",
		        plans[i].plan);
		jwt(token, sizeof(token), payload);
		snprintf(
		        auth, sizeof(auth),
		        "{\"auth_mode\":\"chatgpt\",\"OPENAI_API_KEY\":null,\"tokens\":{\"id_token\":\"%s\",\"access_token\":\"" SECRET
		        "\"}}",
		        token);
		codex(auth, "", plans[i].want);
	}
	codex("{\"OPENAI_API_KEY\":\"" SECRET "\"}", "", "api-key - unknown high");
	codex("{\"auth_mode\":\"apikey\",\"OPENAI_API_KEY\":\"" SECRET "\"}", "", "api-key - unknown high");
	codex("{\"auth_mode\":\"chatgpt\",\"tokens\":{\"id_token\":\"a.!!.b\"}}", "", "unknown unknown unknown low");
	codex("", "cli_auth_credentials_store = \"keyring\"\n", "unknown unknown unknown low");
	codex("{\"OPENAI_API_KEY\":\"" SECRET "\"}",
	      "model_provider = \"mine\"\n[model_providers.mine]\nbase_url = \"https://ann:" SECRET
	      "@llm.example.com/v1\"\n",
	      "gateway llm.example.com unknown high");
	codex("", "model_provider = 'amazon-bedrock'\n", "cloud bedrock unknown high");
}

static void signs_in_gemini(void **state)
{
	static const struct {
		const char *settings, *env, *want;
	} cases[] = {
		{ "{\"security\":{\"auth\":{\"selectedType\":\"oauth-personal\"}}} // comment", "",
		  "consumer unknown unknown medium" },
		{ "{\"security\":{\"auth\":{\"selectedType\":\"oauth-personal\"}}}", "GOOGLE_CLOUD_PROJECT=p",
		  "company unknown known low" },
		{ "{\"security\":{\"auth\":{\"selectedType\":\"gemini-api-key\"}}}", "", "api-key - unknown medium" },
		{ "{\"security\":{\"auth\":{\"selectedType\":\"vertex-ai\"}}}", "", "cloud vertex unknown high" },
		{ "{\"selectedAuthType\":\"vertex-ai\"}", "", "cloud vertex unknown high" },
		{ "{\"security\":{\"auth\":{\"selectedType\":\"new-thing\"}}}", "", "unknown unknown unknown low" },
		{ "{}", "GEMINI_API_KEY=" SECRET, "api-key - unknown medium" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_(value_putp) struct json_object *o = json(cases[i].settings);
		struct audit_env env = { cases[i].env, strlen(cases[i].env) + 1 };

		signin_gemini(begin(), "gemini-cli", o, false, &env, "~/.gemini");
		expect(cases[i].want);
	}
}

static void signs_in_others(void **state)
{
	static const char block[] = "HOME=/home/ann\0OPENAI_API_KEY=" SECRET "\0ANTHROPIC_API_KEY=" SECRET;
	cleanup_(value_putp) struct json_object *auth =
	        json("{\"anthropic\":{\"type\":\"oauth\",\"access\":\"" SECRET
	             "\"},\"openai\":{\"type\":\"api\",\"key\":\"" SECRET "\"}}");
	cleanup_(value_putp) struct json_object *hosts =
	        json("{\"acme.ghe.com\":{\"user\":\"ann\",\"oauth_token\":\"" SECRET "\"}}");
	struct audit_env env = { block, sizeof(block) };

	(void)state;
	signin_opencode(begin(), auth, "opencode", "auth.json");
	assert_int_equal(got.as, 2);
	assert_int_equal(got.a[0].kind, AUDIT_UNKNOWN);
	assert_int_equal(got.a[1].kind, AUDIT_API_KEY);
	signin_copilot(begin(), hosts, "hosts.json");
	expect("company enterprise known high");
	signin_cursor(begin(), "pro", "", "active", "db");
	expect("consumer pro unknown medium");
	signin_cursor(begin(), "business", "12", "active", "db");
	expect("company business known medium");
	assert_true(signin_env(begin(), "aider", &env, "environment of process 7"));
	expect("api-key - unknown low");
	/* Codex signs in by its file whatever this variable says. */
	assert_false(signin_env(begin(), "codex", &env, "environment of process 7"));
	/* A block that does not end. */
	env = (struct audit_env){ "A=1\0CODEX_API_KEY=x", 19 };
	assert_false(signin_env(begin(), "codex", &env, ""));
}

static bool has_row(enum audit_area area, enum audit_grade grade, const char *what)
{
	for (size_t i = 0; i < got.rs; i++)
		if (got.r[i].area == area && got.r[i].grade == grade && strstr(got.r[i].what, what))
			return true;
	return false;
}

static void judges_settings(void **state)
{
	cleanup_(value_putp) struct json_object *user = json(
	        "{\"permissions\":{\"defaultMode\":\"bypassPermissions\",\"allow\":[\"Bash(*)\"],\"deny\":[\"Read(./.env)\"]},"
	        "\"hooks\":{\"PreToolUse\":[{\"hooks\":[{\"command\":\"x " SECRET
	        "\"},{}]}]},\"enableAllProjectMcpServers\":true,\"cleanupPeriodDays\":365,"
	        "\"env\":{\"ANTHROPIC_API_KEY\":\"" SECRET "\"}}");
	cleanup_(value_putp) struct json_object *servers =
	        json("{\"a\":{\"command\":\"npx\",\"args\":[\"-y\",\"@example/files@1\",\"" SECRET
	             "\"],\"env\":{\"T\":\"" SECRET "\"}},"
	             "\"b\":{\"url\":\"https://mcp.example.com/?key=" SECRET
	             "\"},\"c\":{\"command\":\"/opt/tool\",\"args\":[\"" SECRET "\"]}}");
	static const char toml[] =
	        "approval_policy = \"never\"\n[mcp_servers.\"x.y\"]\nurl = 'https://h.example.com/" SECRET
	        "'\n[mcp_servers.\"x.y\".http_headers]\n"
	        "Authorization = \"" SECRET "\"\n[profiles.fast]\nsandbox_mode = \"danger-full-access\"\n";
	struct signin_codex f = { 0 };

	(void)state;
	settings_claude(begin(), user, "settings.json", SETTINGS_USER);
	assert_true(has_row(AUDIT_APPROVAL, AUDIT_WARN, "bypassPermissions"));
	assert_true(has_row(AUDIT_APPROVAL, AUDIT_WARN, "any shell command"));
	assert_true(has_row(AUDIT_DENY, AUDIT_INFO, "1 deny rule, some of them for Read"));
	assert_true(has_row(AUDIT_HOOKS, AUDIT_INFO, "2 hooks for 1 event"));
	assert_true(has_row(AUDIT_MCP, AUDIT_WARN, "every repository"));
	assert_true(has_row(AUDIT_RETENTION, AUDIT_WARN, "365 days"));
	assert_true(has_row(AUDIT_SECRETS, AUDIT_WARN, "ANTHROPIC_API_KEY"));
	settings_claude_defaults(begin(), NULL, NULL);
	assert_true(has_row(AUDIT_SANDBOX, AUDIT_WARN, "no sandbox"));
	assert_true(has_row(AUDIT_DENY, AUDIT_WARN, "no deny rule"));
	settings_mcp(begin(), "claude-code", servers, ".mcp.json", true);
	assert_true(has_row(AUDIT_MCP, AUDIT_WARN, "MCP server a: program npx (@example/files@1), with variables"));
	assert_true(has_row(AUDIT_MCP, AUDIT_WARN, "MCP server b: host mcp.example.com"));
	assert_true(has_row(AUDIT_MCP, AUDIT_WARN, "MCP server c: program tool"));
	assert_true(settings_codex(begin(), toml, sizeof(toml) - 1, "config.toml", true, &f));
	assert_true(has_row(AUDIT_APPROVAL, AUDIT_WARN, "approval_policy is never"));
	assert_true(has_row(AUDIT_SANDBOX, AUDIT_WARN, "danger-full-access in profile fast"));
	assert_true(has_row(AUDIT_MCP, AUDIT_WARN, "MCP server x.y: host h.example.com, with variables or headers"));
	assert_true(settings_bypass("claude-code", "--dangerously-skip-permissions", ""));
	assert_true(settings_bypass("codex", "--sandbox=danger-full-access", ""));
	assert_true(settings_bypass("codex", "-a", "never"));
	assert_false(settings_bypass("codex", "-a", "on-request"));
	assert_false(settings_bypass("claude-code", "--permission-mode", "plan"));
}

static struct strbuf keys;

static void take_key(void *arg, const struct toml_key *key, const char *value, bool is_string)
{
	(void)arg;
	for (size_t i = 0; i < key->cnt; i++)
		strbuf_addf(&keys, "%s%s", i ? "/" : "", key->part[i]);
	strbuf_addf(&keys, is_string ? "='%s';" : "=%s;", value);
}

static void reads_toml(void **state)
{
	static const struct {
		const char *text, *want;
		bool whole;
	} cases[] = {
		{ "a = 1\nb.c = \"x\" # y\n[t.\"u.v\"]\nw = 'z'\n", "a=1;b/c='x';t/u.v/w='z';", true },
		{ "a = [1, [2, 'x'],\n # c\n 3,]\n", "a=1;a=2;a='x';a=3;", true },
		{ "a = {b = true, c.d = \"\\u00e4\\n\"}\n", "a/b=true;a/c/d='\xc3\xa4\n';", true },
		{ "[[x]]\na=\"\"\"\nq\"\"w\"\"\"\"\n[[x]]\na='''\\n'''", "x/a='q\"\"w\"';x/a='\\n';", true },
		{ "a = 1\nb = \n", "a=1;", false },
		{ "a = \"no end\nb = 1\n", "", false },
		{ "a = 1 b = 2\n", "a=1;", false },
		{ "a.b.c.d.e.f.g.h.i = 1\nb=2", "b=2;", true },
		{ "\xef\xbb\xbfk = -1.5e3", "k=-1.5e3;", true },
		{ "", "", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strbuf_reset(&keys);
		assert_int_equal(toml_read(cases[i].text, strlen(cases[i].text), take_key, NULL), cases[i].whole);
		assert_string_equal(keys.len ? strbuf_str(&keys) : "", cases[i].want);
	}
	strbuf_done(&keys);
}

static void opens_nothing_hostile(void **state)
{
	char dir[] = "/tmp/sluice-unit.XXXXXX", path[64];
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	int fd, file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = userfile_folder(dir);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "%s/plain", dir);
	file = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(file, "12345", 5), 5);
	close(file);
	assert_int_equal(symlinkat("plain", fd, "link"), 0);
	assert_int_equal(symlinkat("/tmp", fd, "out"), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(fd, "sub", 0700), 0);
	assert_int_equal(userfile_read(fd, "plain", getuid(), 5, &b), USERFILE_OK);
	assert_string_equal(strbuf_str(&b), "12345");
	assert_int_equal(userfile_read(fd, "plain", getuid(), 4, &b), USERFILE_LARGE);
	assert_int_equal(b.len, 0);
	assert_int_equal(userfile_read(fd, "link", getuid(), 99, &b), USERFILE_LINK);
	assert_int_equal(userfile_read(fd, "out/x", getuid(), 99, &b), USERFILE_LINK);
	assert_int_equal(userfile_read(fd, "../x", getuid(), 99, &b), USERFILE_LINK);
	/* It would wait for a writer for ever. */
	assert_int_equal(userfile_read(fd, "fifo", getuid(), 99, &b), USERFILE_SPECIAL);
	assert_int_equal(userfile_read(fd, "sub", getuid(), 99, &b), USERFILE_SPECIAL);
	assert_int_equal(userfile_read(fd, "none", getuid(), 99, &b), USERFILE_ABSENT);
	if (!getuid() && !fchownat(fd, "plain", 4242, 4242, 0))
		assert_int_equal(userfile_read(fd, "plain", 4243, 99, &b), USERFILE_FOREIGN);
	unlinkat(fd, "plain", 0);
	unlinkat(fd, "link", 0);
	unlinkat(fd, "out", 0);
	unlinkat(fd, "fifo", 0);
	unlinkat(fd, "sub", AT_REMOVEDIR);
	close(fd);
	rmdir(dir);
}

static unsigned char *whole_file(const char *path, size_t *ret_size, bool for_sqlite)
{
	FILE *f = fopen(path, "r");
	unsigned char *p = for_sqlite ? sqlite3_malloc64(1 << 20) : malloc(1 << 20);

	assert_non_null(f);
	*ret_size = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

/* A database whose rows are in its log only, as of a program that runs or was killed. */
static void reads_the_log_of_a_database(void **state)
{
	char dir[] = "/tmp/sluice-unit.XXXXXX", path[64], wal_path[72], shm[72];
	size_t size, wal_size;
	unsigned char *data, *wal;
	struct sqlimage image;
	sqlite3_stmt *st;
	sqlite3 *db;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	snprintf(wal_path, sizeof(wal_path), "%s-wal", path);
	snprintf(shm, sizeof(shm), "%s-shm", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(
	                db,
	                "PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(v); INSERT INTO t VALUES('in the log');",
	                NULL, NULL, NULL),
	        SQLITE_OK);
	data = whole_file(path, &size, true);
	wal = whole_file(wal_path, &wal_size, false);
	assert_true(wal_size > 0);
	if (!sqlimage_is(data, size)) { /* nothing but the log has been written yet */
		assert_int_equal(
		        sqlite3_exec(db, "PRAGMA wal_checkpoint; INSERT INTO t VALUES('again')", NULL, NULL, NULL),
		        SQLITE_OK);
		sqlite3_free(data);
		free(wal);
		data = whole_file(path, &size, true);
		wal = whole_file(wal_path, &wal_size, false);
	}
	assert_int_equal(
	        sqlimage_open(data, size,
	                      sqlimage_room(size, wal, wal_size) <= 1 << 20 ? sqlimage_room(size, wal, wal_size) : size,
	                      wal, wal_size, &image),
	        0);
	assert_int_equal(sqlite3_prepare_v2(image.db, "SELECT v FROM t", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "in the log");
	sqlite3_finalize(st);
	sqlimage_done(&image);
	free(wal);
	sqlite3_close(db);
	unlink(path);
	unlink(wal_path);
	unlink(shm);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_in_claude),       cmocka_unit_test(signs_in_codex),
		cmocka_unit_test(signs_in_gemini),       cmocka_unit_test(signs_in_others),
		cmocka_unit_test(judges_settings),       cmocka_unit_test(reads_toml),
		cmocka_unit_test(opens_nothing_hostile), cmocka_unit_test(reads_the_log_of_a_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
