/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: settings of Claude Code (names and defaults of 2.1.197), and MCP servers, whose form most tools took over from
 * it. */
#include <stdio.h>
#include <string.h>

#include "audit/settings.h"
#include "audit/value.h"
#include "base/cleanup.h"

#define TOOL "claude-code"

/* The last part of a path, without arguments that stand in the same string; "" for none. Only such bytes as names have.
 */
static void program_name(const char *command, char ret[64])
{
	size_t len = strcspn(command, " \t\n"), from = len;

	while (from && command[from - 1] != '/')
		from--;
	len = len - from < 63 ? len - from : 63;
	memcpy(ret, command + from, len);
	ret[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+", ret[i]))
			ret[i] = '?';
}

/* Programs whose first argument that is no option says what runs. Of any other it may be a secret. */
static bool is_runner(const char *program)
{
	static const char *const runners[] = {
		"npx", "bunx", "uvx", "pipx", "node", "bun", "deno", "python", "python3"
	};

	for (size_t i = 0; i < ARRAY_SIZE(runners); i++)
		if (!strcmp(program, runners[i]))
			return true;
	return false;
}

static void package_name(const char *program, struct json_object *args, size_t from, char ret[64])
{
	ret[0] = '\0';
	for (size_t i = from;
	     is_runner(program) && json_object_is_type(args, json_type_array) && i < json_object_array_length(args);
	     i++) {
		struct json_object *arg = json_object_array_get_idx(args, i);
		const char *text = json_object_is_type(arg, json_type_string) ? json_object_get_string(arg) : "";

		if (!text[0] || text[0] == '-' || !strcmp(text, "run"))
			continue;
		/* "@scope/name@version" whole, of a path its last part. */
		if (text[0] == '@' && strlen(text) < 64 &&
		    strspn(text, "@/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(text))
			snprintf(ret, 64, "%s", text);
		else
			program_name(text, ret);
		return;
	}
}

static void mcp_server(const struct audit_sink *s, const char *tool, const char *name, struct json_object *o,
                       const char *where, bool repository)
{
	static const char *const urls[] = { "url", "httpUrl", "serverUrl" };
	struct json_object *command = value_at(o, "command"), *args = value_at(o, "args");
	char shown[64], program[64] = "", package[64] = "", host[64] = "", what[AUDIT_TEXT], todo[AUDIT_TEXT];
	size_t headers = value_count(value_at(o, "headers")) + value_count(value_at(o, "http_headers"));
	size_t env = value_count(value_at(o, "env")) + value_count(value_at(o, "environment"));
	bool trusted = value_bool(o, "trust") == 1;

	audit_plan_word(name, shown);
	for (size_t i = 0; i < ARRAY_SIZE(urls) && !host[0]; i++)
		audit_url_host(value_text(o, urls[i]), host, sizeof(host));
	if (json_object_is_type(command, json_type_string)) {
		program_name(json_object_get_string(command), program);
		package_name(program, args, 0, package);
	} else if (json_object_is_type(command, json_type_array) && json_object_array_length(command)) {
		struct json_object *first = json_object_array_get_idx(command, 0);

		if (json_object_is_type(first, json_type_string))
			program_name(json_object_get_string(first), program);
		package_name(program, command, 1, package);
	}
	if (host[0])
		audit_text(what, "MCP server %s: host %s%s", shown, host, headers ? ", with headers of its own" : "");
	else
		audit_text(what, "MCP server %s: program %s%s%s%s%s", shown, program[0] ? program : "unknown",
		           package[0] ? " (" : "", package, package[0] ? ")" : "",
		           env ? ", with variables of its own" : "");
	if (trusted)
		strncat(what, ", trusted without questions", sizeof(what) - strlen(what) - 1);
	audit_text(todo, repository ? "Review it as code: a change of the repository changes what runs"
	                 : host[0]  ? "Allow it only if this host may see what the tool sees"
	                            : "Pin its version, and allow it only if it is known");
	audit_add_row(
	        s, tool, AUDIT_MCP, repository || trusted || (headers + env) ? AUDIT_WARN : AUDIT_INFO, what,
	        repository ? "It comes from a repository: opening the project can start it"
	        : headers + env
	                ? "Values beside it are often tokens in plain text, and every tool call may pass through it"
	                : "Its answers are put before the model, and it sees what the model gives it",
	        todo, where);
}

void settings_mcp(const struct audit_sink *s, const char *tool, struct json_object *servers, const char *where,
                  bool repository)
{
	if (!json_object_is_type(servers, json_type_object))
		return;
	json_object_object_foreach(servers, name, o) mcp_server(s, tool, name, o, where, repository);
}

/* ---- one file
 * -------------------------------------------------------------------------------------------------------- */

/* What can be in a rule of permissions: only its tool is shown. */
static bool array_has(struct json_object *a, bool (*is)(const char *rule))
{
	for (size_t i = 0; json_object_is_type(a, json_type_array) && i < json_object_array_length(a); i++) {
		struct json_object *v = json_object_array_get_idx(a, i);

		if (json_object_is_type(v, json_type_string) && is(json_object_get_string(v)))
			return true;
	}
	return false;
}

static bool is_read_rule(const char *rule)
{
	return !strncmp(rule, "Read(", 5) || !strcmp(rule, "Read");
}

static bool is_any_command(const char *rule)
{
	return !strcmp(rule, "Bash") || !strcmp(rule, "Bash(*)") || !strcmp(rule, "Bash(:*)") || !strcmp(rule, "*");
}

static void hooks(const struct audit_sink *s, struct json_object *o, const char *where, bool repository)
{
	struct json_object *events = value_at(o, "hooks");
	char what[AUDIT_TEXT];
	size_t cnt = 0;

	if (!json_object_is_type(events, json_type_object) || !value_count(events))
		return;
	json_object_object_foreach(events, event, matchers)
	{
		(void)event;
		for (size_t i = 0;
		     json_object_is_type(matchers, json_type_array) && i < json_object_array_length(matchers); i++)
			cnt += value_count(value_at(json_object_array_get_idx(matchers, i), "hooks"));
	}
	audit_text(what, "%zu hook%s for %zu event%s%s", cnt, cnt == 1 ? "" : "s", value_count(events),
	           value_count(events) == 1 ? "" : "s", repository ? ", from a repository" : "");
	audit_add_row(s, TOOL, AUDIT_HOOKS, repository ? AUDIT_WARN : AUDIT_INFO, what,
	              "A hook is a program that runs without a question, outside the tool's sandbox",
	              repository ? "Review them as code; allowManagedHooksOnly in managed settings refuses them"
	                         : "Know what they run",
	              where);
}

static void permissions(const struct audit_sink *s, struct json_object *o, const char *where, enum settings_scope scope)
{
	const char *mode = value_text(o, "permissions.defaultMode");
	struct json_object *deny = value_at(o, "permissions.deny");
	char what[AUDIT_TEXT];

	if (!strcmp(mode, "bypassPermissions") || !strcmp(mode, "dontAsk"))
		audit_add_row(
		        s, TOOL, AUDIT_APPROVAL, AUDIT_WARN,
		        !strcmp(mode, "dontAsk")
		                ? "permissions.defaultMode is dontAsk"
		                : "permissions.defaultMode is bypassPermissions: every session begins without approvals",
		        "What a model was talked into runs at once",
		        "Set it to default or plan, and disableBypassPermissionsMode in managed settings", where);
	else if (!strcmp(mode, "acceptEdits") || !strcmp(mode, "auto"))
		audit_add_row(s, TOOL, AUDIT_APPROVAL, AUDIT_INFO,
		              !strcmp(mode, "auto") ? "permissions.defaultMode is auto"
		                                    : "permissions.defaultMode is acceptEdits",
		              "Some actions run without a question", "", where);
	if (!strcmp(value_text(o, "permissions.disableBypassPermissionsMode"), "disable"))
		audit_add_row(s, TOOL, AUDIT_APPROVAL, scope == SETTINGS_MANAGED ? AUDIT_GOOD : AUDIT_INFO,
		              "bypassing approvals is switched off",
		              scope == SETTINGS_MANAGED ? "Users cannot start sessions without approvals"
		                                        : "Anybody who can edit this file can take it back",
		              scope == SETTINGS_MANAGED ? "" : "Set it in managed settings", where);
	if (value_bool(o, "skipDangerousModePermissionPrompt") == 1)
		audit_add_row(
		        s, TOOL, AUDIT_APPROVAL, AUDIT_WARN,
		        "skipDangerousModePermissionPrompt: the warning before a session without approvals was accepted for good",
		        "Such sessions are used on this account",
		        "Take it away, and switch the mode off in managed settings", where);
	if (array_has(value_at(o, "permissions.allow"), is_any_command))
		audit_add_row(s, TOOL, AUDIT_APPROVAL, AUDIT_WARN, "permissions.allow lets any shell command run",
		              "It is the bypass of approvals by another name", "Allow single commands", where);
	if (value_count(deny)) {
		bool read = array_has(deny, is_read_rule);

		audit_text(what, "%zu deny rule%s, %s", value_count(deny), value_count(deny) == 1 ? "" : "s",
		           read ? "some of them for Read" : "none of them for Read");
		audit_add_row(s, TOOL, AUDIT_DENY, AUDIT_INFO, what,
		              "The tool applies them to its own functions; a shell command reads the same file",
		              "Have the kernel refuse what must not be read (sluice run with enforce.yaml)", where);
	}
}

static void switches(const struct audit_sink *s, struct json_object *o, const char *where)
{
	cleanup_(strbuf_done) struct strbuf block = STRBUF_INIT;
	struct audit_env env;
	const char *v;

	audit_env_add_json(&block, value_at(o, "env"));
	env = (struct audit_env){ strbuf_str(&block), block.len };
	v = audit_env_get(&env, "CLAUDE_CODE_ENABLE_TELEMETRY");
	if (v && value_switch(v))
		audit_add_row(s, TOOL, AUDIT_TELEMETRY, AUDIT_INFO,
		              "OpenTelemetry export is on (CLAUDE_CODE_ENABLE_TELEMETRY)",
		              "Events of sessions go to a collector; OTEL_LOG_USER_PROMPTS adds what was typed",
		              "Check that the collector is the company's", where);
	v = audit_env_get(&env, "OTEL_LOG_USER_PROMPTS");
	if (v && value_switch(v))
		audit_add_row(s, TOOL, AUDIT_TELEMETRY, AUDIT_WARN,
		              "OTEL_LOG_USER_PROMPTS: what is typed goes into telemetry",
		              "Prompts hold personal data and secrets", "Take it away unless it is meant", where);
	for (size_t i = 0; i < 2; i++) {
		static const char *const names[] = { "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN" };
		char what[AUDIT_TEXT];

		if (!audit_env_get(&env, names[i]))
			continue;
		audit_text(what, "%s stands in plain text in a settings file", names[i]);
		audit_add_row(s, TOOL, AUDIT_SECRETS, AUDIT_WARN, what, "Settings are copied, shared and committed",
		              "Rotate it, and use apiKeyHelper", where);
	}
}

void settings_claude(const struct audit_sink *s, struct json_object *o, const char *where, enum settings_scope scope)
{
	bool repository = scope == SETTINGS_PROJECT;
	struct json_object *days = value_at(o, "cleanupPeriodDays");
	char what[AUDIT_TEXT];

	if (!json_object_is_type(o, json_type_object))
		return;
	if (value_bool(o, "sandbox.enabled") == 1)
		audit_add_row(s, TOOL, AUDIT_SANDBOX,
		              value_bool(o, "sandbox.allowUnsandboxedCommands") == 0 ? AUDIT_GOOD : AUDIT_INFO,
		              value_bool(o, "sandbox.allowUnsandboxedCommands") == 0
		                      ? "the sandbox is on, commands cannot leave it"
		                      : "the sandbox is on, and a command may be run again outside it",
		              "It binds shell commands and not the tool's own functions", "", where);
	else if (value_bool(o, "sandbox.enabled") == 0)
		audit_add_row(s, TOOL, AUDIT_SANDBOX, AUDIT_WARN, "the sandbox is switched off",
		              "Commands reach all that the user reaches", "Set sandbox.enabled", where);
	permissions(s, o, where, scope);
	hooks(s, o, where, repository);
	switches(s, o, where);
	if (value_bool(o, "enableAllProjectMcpServers") == 1)
		audit_add_row(s, TOOL, AUDIT_MCP, AUDIT_WARN,
		              "enableAllProjectMcpServers: servers of every repository start without a question",
		              "Cloning a repository is then enough to run its programs", "Take it away", where);
	if (value_text(o, "apiKeyHelper")[0])
		audit_add_row(s, TOOL, AUDIT_HOOKS, repository ? AUDIT_WARN : AUDIT_INFO,
		              "apiKeyHelper: a program prints the key",
		              repository ? "A repository names a program that runs" : "No key lies in a file",
		              repository ? "Review it" : "", where);
	if (json_object_is_type(days, json_type_int)) {
		audit_text(what, "conversations are kept for %lld days (cleanupPeriodDays)",
		           (long long)json_object_get_int64(days));
		audit_add_row(s, TOOL, AUDIT_RETENTION, json_object_get_int64(days) > 90 ? AUDIT_WARN : AUDIT_INFO,
		              what, "Transcripts and copies of files hold whatever was read",
		              json_object_get_int64(days) > 90 ? "Keep them for a shorter time" : "", where);
	}
	if (value_text(o, "forceLoginMethod")[0] || value_at(o, "forceLoginOrgUUID"))
		audit_add_row(s, TOOL, AUDIT_SIGNIN, scope == SETTINGS_MANAGED ? AUDIT_GOOD : AUDIT_INFO,
		              value_at(o, "forceLoginOrgUUID") ? "sign-in is bound to an organisation"
		                                               : "the method of sign-in is fixed",
		              "Other accounts cannot be used",
		              scope == SETTINGS_MANAGED ? "" : "Only managed settings bind", where);
}

void settings_claude_defaults(const struct audit_sink *s, struct json_object *managed, struct json_object *user)
{
	static const char defaults[] = "neither managed settings nor ~/.claude/settings.json set it";

	if (value_bool(managed, "sandbox.enabled") < 0 && value_bool(user, "sandbox.enabled") < 0)
		audit_add_row(s, TOOL, AUDIT_SANDBOX, AUDIT_WARN, "no sandbox: it is off unless it is switched on",
		              "Commands reach all that the user reaches", "Set sandbox.enabled", defaults);
	if (!array_has(value_at(managed, "permissions.deny"), is_read_rule) &&
	    !array_has(value_at(user, "permissions.deny"), is_read_rule))
		audit_add_row(
		        s, TOOL, AUDIT_DENY, AUDIT_WARN, "no deny rule for Read",
		        "The tool opens .env files, keys and tokens like any other file",
		        "Add Read(...) rules, and have the kernel refuse what they cannot (sluice run with enforce.yaml)",
		        defaults);
	if (!value_at(managed, "cleanupPeriodDays") && !value_at(user, "cleanupPeriodDays"))
		audit_add_row(s, TOOL, AUDIT_RETENTION, AUDIT_INFO, "conversations are kept for 30 days, the default",
		              "Transcripts and copies of files hold whatever was read", "", defaults);
	if (strcmp(value_text(managed, "permissions.disableBypassPermissionsMode"), "disable"))
		audit_add_row(s, TOOL, AUDIT_APPROVAL, AUDIT_INFO, "--dangerously-skip-permissions can be used",
		              "Nothing managed switches the bypass of approvals off",
		              "Set permissions.disableBypassPermissionsMode in managed settings",
		              "/etc/claude-code/managed-settings.json does not set it");
	for (size_t i = 0; i < 2; i++) {
		static const char *const names[] = { "DISABLE_TELEMETRY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC" };
		cleanup_(strbuf_done) struct strbuf block = STRBUF_INIT;
		struct audit_env env;
		const char *v;

		audit_env_add_json(&block, value_at(managed, "env"));
		audit_env_add_json(&block, value_at(user, "env"));
		env = (struct audit_env){ strbuf_str(&block), block.len };
		v = audit_env_get(&env, names[i]);
		if (v && v[0]) {
			audit_add_row(s, TOOL, AUDIT_TELEMETRY, AUDIT_GOOD,
			              "the vendor's usage statistics are switched off", "", "", names[i]);
			return;
		}
	}
	audit_add_row(s, TOOL, AUDIT_TELEMETRY, AUDIT_INFO, "the vendor's usage statistics are on, the default",
	              "Names of events and versions go to the vendor beside the conversation",
	              "Set DISABLE_TELEMETRY=1 in env of managed settings", defaults);
}
