/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: settings of Gemini CLI 0.61.0, Qwen Code 0.15.10, opencode 1.x, aider and goose, and arguments that take
 * approvals away. */
#include <stdio.h>
#include <string.h>

#include "audit/settings.h"
#include "audit/value.h"
#include "base/cleanup.h"

static bool is_mode(const char *mode, const char *word)
{
	return !strcmp(mode, word);
}

void settings_gemini(const struct audit_sink *s, const char *tool, struct json_object *o, const char *where,
                     enum settings_scope scope)
{
	struct json_object *sandbox = value_at(o, "tools.sandbox");
	const char *mode = value_text(o, "general.defaultApprovalMode");

	if (!json_object_is_type(o, json_type_object))
		return;
	mode = mode[0] ? mode : value_text(o, "tools.approvalMode");
	if (is_mode(mode, "yolo") || value_bool(o, "tools.autoAccept") == 1)
		audit_add_row(s, tool, AUDIT_APPROVAL, AUDIT_WARN,
		              is_mode(mode, "yolo") ? "the approval mode is yolo" : "tools.autoAccept is on",
		              "What a model was talked into runs at once", "Set default or plan", where);
	else if (mode[0])
		audit_add_row(s, tool, AUDIT_APPROVAL, AUDIT_INFO,
		              is_mode(mode, "auto_edit") || is_mode(mode, "auto-edit")
		                      ? "the approval mode accepts edits"
		                      : "an approval mode is set",
		              "", "", where);
	if (value_bool(o, "security.disableYoloMode") == 1)
		audit_add_row(s, tool, AUDIT_APPROVAL, scope == SETTINGS_MANAGED ? AUDIT_GOOD : AUDIT_INFO,
		              "yolo mode is switched off",
		              scope == SETTINGS_MANAGED ? "Users cannot start sessions without approvals"
		                                        : "Anybody who can edit this file can take it back",
		              "", where);
	if (json_object_is_type(sandbox, json_type_string) ||
	    (json_object_is_type(sandbox, json_type_boolean) && json_object_get_boolean(sandbox)))
		audit_add_row(s, tool, AUDIT_SANDBOX, AUDIT_GOOD, "the sandbox is on", "", "", where);
	else if (scope == SETTINGS_USER)
		audit_add_row(s, tool, AUDIT_SANDBOX, AUDIT_WARN, "no sandbox: it is off unless it is switched on",
		              "Commands reach all that the user reaches", "Set tools.sandbox", where);
	if (value_bool(o, "privacy.usageStatisticsEnabled") == 0)
		audit_add_row(s, tool, AUDIT_TELEMETRY, AUDIT_GOOD, "the vendor's usage statistics are switched off",
		              "", "", where);
	else if (scope == SETTINGS_USER)
		audit_add_row(s, tool, AUDIT_TELEMETRY, AUDIT_INFO,
		              value_bool(o, "privacy.usageStatisticsEnabled") < 0
		                      ? "the vendor's usage statistics are on, the default"
		                      : "the vendor's usage statistics are on",
		              "Counts and names of models and tools go to the vendor",
		              "Set privacy.usageStatisticsEnabled to false", where);
	if (value_bool(o, "telemetry.enabled") == 1)
		audit_add_row(
		        s, tool, AUDIT_TELEMETRY, value_bool(o, "telemetry.logPrompts") == 0 ? AUDIT_INFO : AUDIT_WARN,
		        value_bool(o, "telemetry.logPrompts") == 0 ? "OpenTelemetry export is on, without prompts"
		                                                   : "OpenTelemetry export is on, with prompts",
		        "Prompts hold personal data and secrets",
		        value_bool(o, "telemetry.logPrompts") == 0 ? "" : "Set telemetry.logPrompts to false", where);
	if (value_at(o, "general.sessionRetention"))
		audit_add_row(s, tool, AUDIT_RETENTION,
		              value_bool(o, "general.sessionRetention.enabled") == 0 ? AUDIT_WARN : AUDIT_INFO,
		              value_bool(o, "general.sessionRetention.enabled") == 0
		                      ? "conversations are kept without an end"
		                      : "conversations are removed after a time",
		              "They hold whatever was read",
		              value_bool(o, "general.sessionRetention.enabled") == 0
		                      ? "Switch general.sessionRetention on"
		                      : "",
		              where);
	if (value_bool(o, "security.folderTrust.enabled") == 0)
		audit_add_row(s, tool, AUDIT_APPROVAL, AUDIT_WARN, "every folder is trusted",
		              "Settings and servers of any repository take effect", "Set security.folderTrust.enabled",
		              where);
	if (value_count(value_at(o, "hooks")))
		audit_add_row(s, tool, AUDIT_HOOKS, scope == SETTINGS_PROJECT ? AUDIT_WARN : AUDIT_INFO,
		              "hooks are set up", "A hook is a program that runs without a question",
		              "Know what they run", where);
	settings_mcp(s, tool, value_at(o, "mcpServers"), where, scope == SETTINGS_PROJECT);
}

void settings_opencode(const struct audit_sink *s, struct json_object *o, const char *where, enum settings_scope scope)
{
	static const char tool[] = "opencode";
	struct json_object *providers = value_at(o, "provider"), *permission = value_at(o, "permission");
	const char *share = value_text(o, "share");
	char what[AUDIT_TEXT], host[64], name_shown[64];

	if (!json_object_is_type(o, json_type_object))
		return;
	if (!strcmp(share, "auto"))
		audit_add_row(s, tool, AUDIT_TELEMETRY, AUDIT_WARN, "every conversation is shared by a public link",
		              "It holds whatever was read", "Set share to disabled", where);
	else if (scope == SETTINGS_USER)
		audit_add_row(s, tool, AUDIT_TELEMETRY, !strcmp(share, "disabled") ? AUDIT_GOOD : AUDIT_INFO,
		              !strcmp(share, "disabled") ? "sharing of conversations is switched off"
		                                         : "conversations can be shared by a public link",
		              "", !strcmp(share, "disabled") ? "" : "Set share to disabled", where);
	if (!strcmp(value_text(o, "permission"), "allow") || !strcmp(value_text(permission, "bash"), "allow") ||
	    !strcmp(value_text(permission, "*"), "allow"))
		audit_add_row(s, tool, AUDIT_APPROVAL, AUDIT_WARN, "permission allows every shell command",
		              "What a model was talked into runs at once", "Set permission.bash to ask", where);
	else if (scope == SETTINGS_USER && !value_at(permission, "bash"))
		audit_add_row(s, tool, AUDIT_APPROVAL, AUDIT_WARN, "shell commands run without a question, the default",
		              "What a model was talked into runs at once", "Set permission.bash to ask", where);
	settings_mcp(s, tool, value_at(o, "mcp"), where, scope == SETTINGS_PROJECT);
	if (!json_object_is_type(providers, json_type_object))
		return;
	json_object_object_foreach(providers, name, p)
	{
		audit_url_host(value_text(p, "options.baseURL"), host, sizeof(host));
		audit_plan_word(name, name_shown);
		if (host[0]) {
			audit_text(what, "%s: provider %s has a base URL", where, name_shown);
			audit_add_account(s, tool, AUDIT_GATEWAY, host, false, AUDIT_HIGH, what);
		}
		if (value_text(p, "options.apiKey")[0] && value_text(p, "options.apiKey")[0] != '{')
			audit_add_row(s, tool, AUDIT_SECRETS, AUDIT_WARN,
			              "a provider's key stands in plain text in a settings file",
			              "Settings are copied, shared and committed",
			              "Rotate it, and write {env:NAME} or {file:PATH}", where);
	}
}

struct flat {
	const struct audit_sink *s;
	const char *where;
	bool key;
};

static bool ends_with(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && !strcmp(s + a - b, end);
}

static void aider_line(void *arg, const char *name, const char *value)
{
	struct flat *f = arg;

	if ((ends_with(name, "-api-key") || !strcmp(name, "api-key")) && value[0]) {
		audit_add_row(f->s, "aider", AUDIT_SECRETS, AUDIT_WARN,
		              "a provider's key stands in plain text in a settings file",
		              "Settings are copied, shared and committed", "Rotate it, and give it by a variable",
		              f->where);
		if (!f->key)
			audit_add_account(f->s, "aider", AUDIT_API_KEY, "", false, AUDIT_HIGH, f->where);
		f->key = true;
	} else if (!strcmp(name, "openai-api-base")) {
		char host[64];

		audit_url_host(value, host, sizeof(host));
		audit_add_account(f->s, "aider", AUDIT_GATEWAY, host[0] ? host : "unknown", false, AUDIT_HIGH,
		                  f->where);
		f->key = true;
	} else if (!strcmp(name, "yes-always") && value_switch(value)) {
		audit_add_row(f->s, "aider", AUDIT_APPROVAL, AUDIT_WARN,
		              "yes-always: every question is answered with yes",
		              "What a model was talked into runs at once", "Take it away", f->where);
	} else if (!strcmp(name, "analytics")) {
		audit_add_row(f->s, "aider", AUDIT_TELEMETRY, value_switch(value) ? AUDIT_INFO : AUDIT_GOOD,
		              value_switch(value) ? "analytics are on" : "analytics are switched off", "", "",
		              f->where);
	} else if (!strcmp(name, "gitignore") && !value_switch(value)) {
		audit_add_row(f->s, "aider", AUDIT_GITIGNORE, AUDIT_WARN, ".aider* is not added to .gitignore",
		              "Conversations in the project may be committed", "Take gitignore: false away", f->where);
	}
}

void settings_aider(const struct audit_sink *s, const char *text, size_t len, const char *where)
{
	struct flat f = { s, where, false };

	value_lines(text, len, ':', aider_line, &f);
}

static void goose_line(void *arg, const char *name, const char *value)
{
	struct flat *f = arg;
	char provider[64], evidence[AUDIT_TEXT];

	if (!strcmp(name, "GOOSE_PROVIDER")) {
		bool cloud = !strcmp(value, "aws_bedrock") || !strcmp(value, "gcp_vertex_ai") ||
		             !strcmp(value, "azure_openai");
		bool local = !strcmp(value, "ollama");

		audit_plan_word(value, provider);
		audit_text(evidence, "%s: GOOSE_PROVIDER is %s", f->where, provider);
		audit_add_account(f->s, "goose",
		                  cloud   ? AUDIT_CLOUD
		                  : local ? AUDIT_LOCAL
		                          : AUDIT_API_KEY,
		                  cloud || local ? provider : "", false, cloud || local ? AUDIT_HIGH : AUDIT_MEDIUM,
		                  evidence);
	} else if (!strcmp(name, "GOOSE_MODE")) {
		bool bypass = !strcmp(value, "auto");

		audit_add_row(f->s, "goose", AUDIT_APPROVAL, bypass ? AUDIT_WARN : AUDIT_GOOD,
		              bypass ? "GOOSE_MODE is auto: nothing is asked" : "the tool asks before it acts",
		              bypass ? "What a model was talked into runs at once" : "",
		              bypass ? "Set approve or smart_approve" : "", f->where);
	} else if (!strcmp(name, "GOOSE_TELEMETRY_ENABLED")) {
		audit_add_row(f->s, "goose", AUDIT_TELEMETRY, value_switch(value) ? AUDIT_INFO : AUDIT_GOOD,
		              value_switch(value) ? "usage statistics are on" : "usage statistics are switched off", "",
		              "", f->where);
	}
}

void settings_goose(const struct audit_sink *s, const char *text, size_t len, const char *where)
{
	struct flat f = { s, where, false };

	value_lines(text, len, ':', goose_line, &f);
}

bool settings_bypass(const char *tool, const char *arg, const char *next)
{
	static const struct {
		const char *tool, *arg, *next; /* next NULL: alone */
	} known[] = {
		{ "claude-code", "--dangerously-skip-permissions", NULL },
		{ "claude-code", "--allow-dangerously-skip-permissions", NULL },
		{ "claude-code", "--permission-mode", "bypassPermissions" },
		{ "claude-code", "--permission-mode", "dontAsk" },
		{ "codex", "--dangerously-bypass-approvals-and-sandbox", NULL },
		{ "codex", "--yolo", NULL },
		{ "codex", "--sandbox", "danger-full-access" },
		{ "codex", "-s", "danger-full-access" },
		{ "codex", "--ask-for-approval", "never" },
		{ "codex", "-a", "never" },
		{ "codex", "--dangerously-bypass-hook-trust", NULL },
		{ "gemini-cli", "--yolo", NULL },
		{ "gemini-cli", "-y", NULL },
		{ "gemini-cli", "--approval-mode", "yolo" },
		{ "qwen-code", "--yolo", NULL },
		{ "qwen-code", "-y", NULL },
		{ "qwen-code", "--approval-mode", "yolo" },
		{ "copilot-cli", "--allow-all-tools", NULL },
		{ "copilot-cli", "--allow-all", NULL },
		{ "copilot-cli", "--yolo", NULL },
		{ "copilot-cli", "--allow-all-paths", NULL },
		{ "copilot-cli", "--allow-all-urls", NULL },
		{ "cursor-cli", "--force", NULL },
		{ "cursor-cli", "-f", NULL },
		{ "cursor-cli", "--yolo", NULL },
		{ "aider", "--yes-always", NULL },
		{ "aider", "--yes", NULL },
		{ "amp", "--dangerously-allow-all", NULL },
		{ "droid", "--skip-permissions-unsafe", NULL },
		{ "opencode", "--dangerously-skip-permissions", NULL },
		{ "crush", "--yolo", NULL },
		{ "crush", "-y", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i].arg);

		if (strcmp(known[i].tool, tool) || strncmp(arg, known[i].arg, len))
			continue;
		if (!arg[len] && (!known[i].next || !strcmp(next, known[i].next)))
			return true;
		if (known[i].next && arg[len] == '=' && !strcmp(arg + len + 1, known[i].next))
			return true;
	}
	return false;
}
