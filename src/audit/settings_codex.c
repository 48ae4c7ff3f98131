/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: config.toml of Codex (names and defaults of 0.171.0). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/settings.h"
#include "audit/toml.h"

#define TOOL          "codex"
#define SERVERS_MAX   64
#define PROVIDERS_MAX 16

struct codex {
	const struct audit_sink *s;
	const char *where;
	struct signin_codex signin;
	struct {
		char name[64], program[64], host[64];
		bool values; /* env or headers of its own */
	} server[SERVERS_MAX];
	size_t servers;
	struct {
		char name[64], url[256];
	} provider[PROVIDERS_MAX];
	size_t providers;
	size_t trusted; /* projects */
	bool approval, sandbox, history, analytics;
};

static bool is(const struct toml_key *k, const char *path)
{
	for (size_t i = 0; i < k->cnt; i++) {
		size_t len = strcspn(path, ".");

		if (strlen(k->part[i]) != len || strncmp(k->part[i], path, len))
			return false;
		path += len + (path[len] == '.');
	}
	return !*path;
}

static void note(const struct codex *c, enum audit_area area, enum audit_grade grade, const char *what, const char *why,
                 const char *todo)
{
	audit_add_row(c->s, TOOL, area, grade, what, why, todo, c->where);
}

/* At the top, or in a profile, which a session may choose. */
static void policy(struct codex *c, const char *name, const char *value, const char *profile)
{
	char what[AUDIT_TEXT], shown[64];

	audit_plan_word(value, shown);
	audit_text(what, "%s is %s%s%s", name, shown, profile[0] ? " in profile " : "", profile);
	if (!strcmp(name, "approval_policy")) {
		c->approval = c->approval || !profile[0];
		if (!strcmp(value, "never"))
			note(c, AUDIT_APPROVAL, AUDIT_WARN, what, "What a model was talked into runs at once",
			     "Set on-request or untrusted");
		else
			note(c, AUDIT_APPROVAL, AUDIT_GOOD, what, "The tool asks before it acts", "");
		return;
	}
	c->sandbox = c->sandbox || !profile[0];
	if (!strcmp(value, "danger-full-access"))
		note(c, AUDIT_SANDBOX, AUDIT_WARN, what, "Commands reach all that the user reaches",
		     "Set workspace-write or read-only");
	else
		note(c, AUDIT_SANDBOX, AUDIT_GOOD, what,
		     "Commands write to the workspace at most; they can still read outside it", "");
}

static void server(struct codex *c, const struct toml_key *k, const char *value)
{
	size_t i = 0;

	for (; i < c->servers; i++)
		if (!strncmp(c->server[i].name, k->part[1], 63))
			break;
	if (i == SERVERS_MAX)
		return;
	if (i == c->servers) {
		memset(&c->server[i], 0, sizeof(c->server[i]));
		snprintf(c->server[i].name, 64, "%.63s", k->part[1]);
		c->servers++;
	}
	if (k->cnt == 3 && !strcmp(k->part[2], "command"))
		snprintf(c->server[i].program, 64, "%.63s", strrchr(value, '/') ? strrchr(value, '/') + 1 : value);
	else if (k->cnt == 3 && !strcmp(k->part[2], "url"))
		audit_url_host(value, c->server[i].host, sizeof(c->server[i].host));
	else if (k->cnt == 4 && (!strcmp(k->part[2], "env") || !strcmp(k->part[2], "http_headers")))
		c->server[i].values = true;
}

static void provider(struct codex *c, const char *name, const char *url)
{
	if (c->providers == PROVIDERS_MAX)
		return;
	snprintf(c->provider[c->providers].name, 64, "%.63s", name);
	snprintf(c->provider[c->providers].url, 256, "%.255s", url);
	c->providers++;
}

static void take(void *arg, const struct toml_key *k, const char *value, bool is_string)
{
	struct codex *c = arg;
	bool on = !is_string && !strcmp(value, "true"), off = !is_string && !strcmp(value, "false");

	if (is(k, "approval_policy") || is(k, "sandbox_mode")) {
		policy(c, k->part[0], value, "");
	} else if (k->cnt == 3 && !strcmp(k->part[0], "profiles") &&
	           (!strcmp(k->part[2], "approval_policy") || !strcmp(k->part[2], "sandbox_mode"))) {
		char profile[64];

		audit_plan_word(k->part[1], profile);
		policy(c, k->part[2], value, profile);
	} else if (is(k, "sandbox_workspace_write.network_access") && on) {
		note(c, AUDIT_SANDBOX, AUDIT_WARN, "commands in the sandbox reach the network",
		     "What was read can leave the machine", "Set network_access = false");
	} else if (is(k, "history.persistence")) {
		c->history = true;
		note(c, AUDIT_RETENTION, AUDIT_INFO,
		     !strcmp(value, "none") ? "history.jsonl is not kept" : "history.jsonl is kept",
		     "Transcripts in ~/.codex/sessions are kept in any case, without an end", "");
	} else if (is(k, "analytics.enabled")) {
		c->analytics = true;
		note(c, AUDIT_TELEMETRY, off ? AUDIT_GOOD : AUDIT_INFO,
		     off ? "the vendor's usage statistics are switched off" : "the vendor's usage statistics are on",
		     "", "");
	} else if (is(k, "otel.log_user_prompt") && on) {
		note(c, AUDIT_TELEMETRY, AUDIT_WARN, "otel.log_user_prompt: what is typed goes into telemetry",
		     "Prompts hold personal data and secrets", "Take it away unless it is meant");
	} else if (k->cnt >= 2 && !strcmp(k->part[0], "otel") && !strcmp(k->part[1], "exporter")) {
		note(c, AUDIT_TELEMETRY, AUDIT_INFO, "OpenTelemetry export is set up",
		     "Events of sessions go to a collector", "Check that the collector is the company's");
	} else if (k->cnt >= 3 && !strcmp(k->part[0], "mcp_servers")) {
		server(c, k, value);
	} else if (k->cnt == 3 && !strcmp(k->part[0], "projects") && !strcmp(k->part[2], "trust_level") &&
	           !strcmp(value, "trusted")) {
		c->trusted++;
	} else if (is(k, "notify")) {
		note(c, AUDIT_HOOKS, AUDIT_INFO, "notify runs a program",
		     "It runs without a question, outside the sandbox", "Know what it runs");
	} else if (k->cnt >= 2 && !strcmp(k->part[0], "hooks")) {
		note(c, AUDIT_HOOKS, AUDIT_INFO, "hooks are set up", "A hook is a program that runs without a question",
		     "Know what they run");
	} else if (is(k, "shell_environment_policy.ignore_default_excludes") && on) {
		note(c, AUDIT_DENY, AUDIT_WARN, "commands are given variables whose names end in KEY, SECRET or TOKEN",
		     "The model can print them", "Take ignore_default_excludes away");
	} else if (is(k, "cli_auth_credentials_store")) {
		c->signin.keyring = strcmp(value, "file") != 0;
	} else if (is(k, "model_provider")) {
		snprintf(c->signin.provider, sizeof(c->signin.provider), "%.63s", value);
	} else if (is(k, "openai_base_url")) {
		snprintf(c->signin.base_url, sizeof(c->signin.base_url), "%.255s", value);
	} else if (k->cnt == 3 && !strcmp(k->part[0], "model_providers") && !strcmp(k->part[2], "base_url")) {
		provider(c, k->part[1], value);
	} else if (is(k, "forced_login_method") || is(k, "forced_chatgpt_workspace_id")) {
		note(c, AUDIT_SIGNIN, AUDIT_INFO,
		     is(k, "forced_login_method") ? "the method of sign-in is fixed"
		                                  : "sign-in is bound to a workspace",
		     "Anybody who can edit this file can take it back", "Only managed configuration binds");
	}
}

static void report(const struct codex *c, bool defaults)
{
	char what[AUDIT_TEXT];

	for (size_t i = 0; i < c->servers; i++) {
		char name[64], program[64], host[64];

		audit_plan_word(c->server[i].name, name);
		audit_plan_word(c->server[i].program, program);
		audit_plan_word(c->server[i].host, host);
		audit_text(what, "MCP server %s: %s %s%s", name, c->server[i].host[0] ? "host" : "program",
		           c->server[i].host[0] ? host : program,
		           c->server[i].values ? ", with variables or headers of its own" : "");
		note(c, AUDIT_MCP, c->server[i].values ? AUDIT_WARN : AUDIT_INFO, what,
		     c->server[i].values ? "Values beside it are often tokens in plain text"
		                         : "Its answers are put before the model, and it sees what the model gives it",
		     "Pin its version, and allow it only if it is known");
	}
	if (c->trusted) {
		audit_text(what, "%zu project%s trusted", c->trusted, c->trusted == 1 ? " is" : "s are");
		note(c, AUDIT_APPROVAL, AUDIT_INFO, what, "Settings and instructions of these repositories take effect",
		     "");
	}
	if (!defaults)
		return;
	if (!c->approval)
		note(c, AUDIT_APPROVAL, AUDIT_INFO, "approval_policy is left to the tool's default",
		     "It depends on whether the project is trusted", "Set on-request");
	if (!c->sandbox)
		note(c, AUDIT_SANDBOX, AUDIT_INFO, "sandbox_mode is left to the tool's default",
		     "It depends on whether the project is trusted", "Set workspace-write or read-only");
	if (!c->history)
		note(c, AUDIT_RETENTION, AUDIT_WARN, "history and transcripts are kept without an end, the default",
		     "They hold whatever was read", "Delete old ones under ~/.codex/sessions");
	if (!c->analytics)
		note(c, AUDIT_TELEMETRY, AUDIT_INFO, "the vendor's usage statistics are left to the tool's default", "",
		     "Set analytics.enabled = false");
}

bool settings_codex(const struct audit_sink *s, const char *text, size_t len, const char *where, bool defaults,
                    struct signin_codex *ret)
{
	struct codex *c = calloc(1, sizeof(*c));
	bool whole;

	if (!c)
		return false;
	c->s = s;
	c->where = where;
	whole = toml_read(text, len, take, c);
	report(c, defaults);
	for (size_t i = 0; i < c->providers; i++)
		if (c->signin.provider[0] && !strcmp(c->provider[i].name, c->signin.provider))
			memcpy(c->signin.base_url, c->provider[i].url, sizeof(c->signin.base_url));
	if (ret) {
		c->signin.auth = ret->auth;
		*ret = c->signin;
	}
	free(c);
	return whole;
}
