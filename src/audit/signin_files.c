/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: sign-in files of the tools and which of their fields say whose terms hold. Their layout is that of the releases
 * named below. */
#include <stdio.h>
#include <string.h>

#include "audit/signin.h"
#include "audit/value.h"
#include "base/cleanup.h"

/* ---- Claude Code 2.1.197
 * --------------------------------------------------------------------------------------------- */

static bool claude_settings_env(const struct audit_sink *s, struct json_object *settings, const char *where)
{
	cleanup_(strbuf_done) struct strbuf block = STRBUF_INIT;
	struct audit_env env;

	audit_env_add_json(&block, value_at(settings, "env"));
	env = (struct audit_env){ strbuf_str(&block), block.len };
	return signin_env(s, "claude-code", &env, where);
}

/* The first field of ~/.claude.json that holds a plan: which of them is filled differs by how the account was made. */
static const char *claude_config_plan(struct json_object *config, char plan[64], const char **ret_field)
{
	static const char *const fields[] = { "oauthAccount.organizationType", "oauthAccount.seatTier",
		                              "oauthAccount.userRateLimitTier",
		                              "oauthAccount.organizationRateLimitTier" };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *text = value_text(config, fields[i]);

		if (!strncmp(text, "default_claude_max", 18))
			text = "claude_max";
		if (audit_plan_word(text, plan) && audit_plan_kind(plan) != AUDIT_UNKNOWN) {
			*ret_field = fields[i];
			return plan;
		}
	}
	*ret_field = "";
	return "";
}

void signin_claude(const struct audit_sink *s, const struct signin_claude *f)
{
	char plan[64], other[64], evidence[AUDIT_TEXT];
	bool oauth = value_at(f->credentials, "claudeAiOauth.accessToken") != NULL;
	bool organisation = value_text(f->config, "oauthAccount.organizationUuid")[0] != '\0';
	const char *field, *config;
	enum audit_kind kind;

	if (claude_settings_env(s, f->managed, "/etc/claude-code/managed-settings.json env") ||
	    claude_settings_env(s, f->user, "~/.claude/settings.json env"))
		return;
	if (value_text(f->managed, "apiKeyHelper")[0] || value_text(f->user, "apiKeyHelper")[0]) {
		audit_add_account(s, "claude-code", AUDIT_API_KEY, "", false, AUDIT_MEDIUM,
		                  "settings: apiKeyHelper, a program that prints a key");
		return;
	}
	config = claude_config_plan(f->config, other, &field);
	if (oauth) {
		audit_plan_word(value_text(f->credentials, "claudeAiOauth.subscriptionType"), plan);
		kind = audit_plan_kind(plan);
		audit_text(evidence, "~/.claude/.credentials.json: claudeAiOauth.subscriptionType");
		if (kind == AUDIT_UNKNOWN && config[0]) {
			snprintf(plan, sizeof(plan), "%s", config);
			kind = audit_plan_kind(plan);
			audit_text(evidence, "~/.claude.json: %s", field);
			audit_add_account(s, "claude-code", kind, plan, organisation, AUDIT_MEDIUM, evidence);
			return;
		}
		/* The two files can be of two accounts: then neither is believed. */
		if (config[0] && audit_plan_kind(config) != kind) {
			audit_text(evidence, "~/.claude/.credentials.json says %s, ~/.claude.json (%s) says %s", plan,
			           field, config);
			audit_add_account(s, "claude-code", AUDIT_UNKNOWN, "unknown", organisation, AUDIT_LOW,
			                  evidence);
			return;
		}
		audit_add_account(s, "claude-code", kind, plan, organisation,
		                  kind == AUDIT_UNKNOWN ? AUDIT_LOW : AUDIT_HIGH, evidence);
		return;
	}
	if (value_text(f->config, "primaryApiKey")[0]) {
		audit_add_account(s, "claude-code", AUDIT_API_KEY, "", organisation, AUDIT_HIGH,
		                  "~/.claude.json: primaryApiKey");
		return;
	}
	if (config[0]) {
		audit_text(evidence, "~/.claude.json: %s; there is no token beside it", field);
		audit_add_account(s, "claude-code", AUDIT_NONE, config, organisation, AUDIT_MEDIUM, evidence);
	} else if (f->config || f->credentials) {
		audit_add_account(s, "claude-code", AUDIT_NONE, "", false, AUDIT_MEDIUM,
		                  "~/.claude.json and ~/.claude/.credentials.json hold no sign-in");
	}
}

/* ---- Codex 0.171.0
 * --------------------------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

struct json_object *signin_jwt(const char *token)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	const char *at = strchr(token, '.');
	unsigned int bits = 0, have = 0;

	if (!at || !strchr(at + 1, '.'))
		return NULL;
	for (at++; *at != '.' && *at != '='; at++) {
		int digit = base64_digit(*at);

		if (digit < 0)
			return NULL;
		bits = (bits << 6 | (unsigned int)digit) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			strbuf_addc(&b, (char)(bits >> have & 0xff));
		}
	}
	return value_parse(strbuf_str(&b), b.len);
}

void signin_codex(const struct audit_sink *s, const struct signin_codex *f)
{
	cleanup_(value_putp) struct json_object *claims = NULL;
	struct json_object *auth = NULL;
	const char *mode = value_text(f->auth, "auth_mode"), *token = value_text(f->auth, "tokens.id_token");
	bool key = value_text(f->auth, "OPENAI_API_KEY")[0] != '\0';
	char plan[64], host[64];
	enum audit_kind kind;

	if (f->base_url[0]) {
		audit_url_host(f->base_url, host, sizeof(host));
		audit_add_account(s, "codex",
		                  strcmp(host, "localhost") && strncmp(host, "127.", 4) ? AUDIT_GATEWAY : AUDIT_LOCAL,
		                  host[0] ? host : "unknown", false, AUDIT_HIGH,
		                  "~/.codex/config.toml: base_url of the model provider");
		return;
	}
	if (!strcmp(f->provider, "amazon-bedrock") || !strcmp(mode, "bedrockApiKey")) {
		audit_add_account(s, "codex", AUDIT_CLOUD, "bedrock", false, AUDIT_HIGH,
		                  "~/.codex: model_provider, auth_mode");
		return;
	}
	if (!strcmp(f->provider, "ollama") || !strcmp(f->provider, "lmstudio") || !strcmp(f->provider, "oss")) {
		audit_add_account(s, "codex", AUDIT_LOCAL, f->provider, false, AUDIT_MEDIUM,
		                  "~/.codex/config.toml: model_provider");
		return;
	}
	if (f->provider[0] && strcmp(f->provider, "openai")) {
		audit_add_account(s, "codex", AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW,
		                  "~/.codex/config.toml: a model_provider that is not known here");
		return;
	}
	if (!f->auth) {
		if (f->keyring)
			audit_add_account(
			        s, "codex", AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW,
			        "~/.codex/config.toml: cli_auth_credentials_store keeps the sign-in in the keyring, which is not read");
		return;
	}
	if (!strcmp(mode, "apikey") || (!mode[0] && key)) {
		audit_add_account(s, "codex", key ? AUDIT_API_KEY : AUDIT_UNKNOWN, key ? "" : "unknown", false,
		                  key ? AUDIT_HIGH : AUDIT_LOW, "~/.codex/auth.json: OPENAI_API_KEY");
		return;
	}
	claims = signin_jwt(token);
	/* The name of the claim has dots and slashes of its own. */
	if (claims)
		json_object_object_get_ex(claims, "https://api.openai.com/auth", &auth);
	if (auth) {
		bool organisation;

		audit_plan_word(value_text(auth, "chatgpt_plan_type"), plan);
		kind = audit_plan_kind(plan);
		/* Every account has an account id; an organisation's plan makes it the organisation's. */
		organisation = kind == AUDIT_COMPANY && (value_text(auth, "chatgpt_account_id")[0] ||
		                                         value_text(f->auth, "tokens.account_id")[0]);
		audit_add_account(s, "codex", kind, plan, organisation, kind == AUDIT_UNKNOWN ? AUDIT_LOW : AUDIT_HIGH,
		                  "~/.codex/auth.json: chatgpt_plan_type in tokens.id_token");
		return;
	}
	audit_add_account(s, "codex", token[0] || mode[0] ? AUDIT_UNKNOWN : AUDIT_NONE,
	                  token[0] || mode[0] ? "unknown" : "", false, AUDIT_LOW,
	                  token[0] ? "~/.codex/auth.json: tokens.id_token has no plan"
	                           : "~/.codex/auth.json: neither a key nor a token with a plan");
}

/* ---- Gemini CLI 0.61.0, Qwen Code 0.15.10
 * ---------------------------------------------------------------------------- */

void signin_gemini(const struct audit_sink *s, const char *tool, struct json_object *settings, bool oauth,
                   const struct audit_env *env, const char *folder)
{
	static const struct {
		const char *word;
		enum audit_kind kind;
		const char *plan;
		enum audit_confidence confidence;
		const char *note;
	} types[] = {
		{ "oauth-personal", AUDIT_CONSUMER, "unknown", AUDIT_MEDIUM,
		  "; a company's licence does not show here without a project" },
		{ "qwen-oauth", AUDIT_CONSUMER, "unknown", AUDIT_MEDIUM, "" },
		{ "gemini-api-key", AUDIT_API_KEY, "", AUDIT_MEDIUM,
		  "; unpaid and paid keys have different terms, and a key does not say which it is" },
		{ "gemini", AUDIT_API_KEY, "", AUDIT_MEDIUM,
		  "; unpaid and paid keys have different terms, and a key does not say which it is" },
		{ "openai", AUDIT_API_KEY, "", AUDIT_MEDIUM, "; any endpoint that speaks this protocol" },
		{ "anthropic", AUDIT_API_KEY, "", AUDIT_MEDIUM, "; any endpoint that speaks this protocol" },
		{ "vertex-ai", AUDIT_CLOUD, "vertex", AUDIT_HIGH, "" },
		{ "cloud-shell", AUDIT_CLOUD, "google-cloud-shell", AUDIT_MEDIUM, "" },
		{ "compute-default-credentials", AUDIT_CLOUD, "google-cloud", AUDIT_MEDIUM, "" },
		{ "gateway", AUDIT_GATEWAY, "unknown", AUDIT_MEDIUM, "" },
	};
	const char *type = value_text(settings, "security.auth.selectedType"),
	           *url = value_text(settings, "security.auth.baseUrl");
	char evidence[AUDIT_TEXT], host[64];

	/* Where it was before the settings had sections. */
	if (!type[0])
		type = value_text(settings, "selectedAuthType");
	audit_url_host(url, host, sizeof(host));
	if (host[0]) {
		audit_text(evidence, "%s/settings.json: security.auth.baseUrl", folder);
		audit_add_account(s, tool, AUDIT_GATEWAY, host, false, AUDIT_HIGH, evidence);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].word, type))
			continue;
		if (!strcmp(type, "oauth-personal") && audit_env_get(env, "GOOGLE_CLOUD_PROJECT")) {
			audit_text(
			        evidence,
			        "%s/settings.json: security.auth.selectedType is %s, and GOOGLE_CLOUD_PROJECT is set",
			        folder, type);
			audit_add_account(s, tool, AUDIT_COMPANY, "unknown", true, AUDIT_LOW, evidence);
			return;
		}
		audit_text(evidence, "%s/settings.json: security.auth.selectedType is %s%s", folder, type,
		           types[i].note);
		audit_add_account(s, tool, types[i].kind, types[i].plan, false, types[i].confidence, evidence);
		return;
	}
	audit_text(evidence, "%s/.env", folder);
	if (signin_env(s, tool, env, evidence))
		return;
	if (type[0] || oauth) {
		audit_text(evidence,
		           type[0] ? "%s/settings.json: security.auth.selectedType is not known here"
		                   : "%s/oauth_creds.json exists",
		           folder);
		audit_add_account(s, tool, AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW, evidence);
	}
}

/* ---- others
 * ---------------------------------------------------------------------------------------------------------- */

/* opencode 1.x, and Kilo, which has its layout: { PROVIDER: { type: oauth | api | wellknown } }. */
void signin_opencode(const struct audit_sink *s, struct json_object *auth, const char *tool, const char *evidence)
{
	char provider[64], whole[AUDIT_TEXT];

	if (!json_object_is_type(auth, json_type_object))
		return;
	json_object_object_foreach(auth, name, entry)
	{
		const char *type = value_text(entry, "type");

		audit_plan_word(name, provider);
		if (!strcmp(type, "api")) {
			audit_text(whole, "%s: %s has type api", evidence, provider);
			audit_add_account(s, tool, strcmp(provider, "openrouter") ? AUDIT_API_KEY : AUDIT_GATEWAY,
			                  strcmp(provider, "openrouter") ? "" : "openrouter.ai", false, AUDIT_HIGH,
			                  whole);
		} else if (!strcmp(type, "oauth")) {
			audit_text(whole, "%s: %s has type oauth; the plan is not in the file", evidence, provider);
			audit_add_account(s, tool, AUDIT_UNKNOWN, "unknown", false, AUDIT_MEDIUM, whole);
		} else {
			audit_text(whole, "%s: %s has %s", evidence, provider,
			           !strcmp(type, "wellknown") ? "type wellknown: an organisation's server"
			                                      : "a type that is not known here");
			audit_add_account(s, tool, strcmp(type, "wellknown") ? AUDIT_UNKNOWN : AUDIT_GATEWAY, "unknown",
			                  false, AUDIT_LOW, whole);
		}
	}
}

static void copilot_host(const struct audit_sink *s, const char *host, const char *evidence)
{
	char clean[64];

	if (strstr(host, "://"))
		audit_url_host(host, clean, sizeof(clean));
	else
		audit_plan_word(host, clean);
	/* Accounts of a data residency domain exist with GitHub Enterprise only. */
	if (strlen(clean) > 8 && !strcmp(clean + strlen(clean) - 8, ".ghe.com"))
		audit_add_account(s, "copilot-cli", AUDIT_COMPANY, "enterprise", true, AUDIT_HIGH, evidence);
	else
		audit_add_account(s, "copilot-cli", AUDIT_UNKNOWN, "unknown", false, AUDIT_LOW, evidence);
}

/* ~/.copilot/config.json: users with hosts; ~/.config/github-copilot/{apps,hosts}.json: an object by "HOST:APP". */
void signin_copilot(const struct audit_sink *s, struct json_object *config, const char *evidence)
{
	static const char *const users[] = { "last_logged_in_user", "lastLoggedInUser" };
	char whole[AUDIT_TEXT], host[64];

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		struct json_object *user = value_at(config, users[i]);

		if (!user)
			continue;
		audit_text(whole, "%s: %s; the plan is known to the server only", evidence, users[i]);
		copilot_host(s, value_text(user, "host"), whole);
		return;
	}
	if (!json_object_is_type(config, json_type_object))
		return;
	json_object_object_foreach(config, name, entry)
	{
		size_t len = strcspn(name, ":");

		if (!value_text(entry, "oauth_token")[0] || len >= sizeof(host))
			continue;
		memcpy(host, name, len);
		host[len] = '\0';
		audit_text(whole, "%s: a token for a host; the plan is known to the server only", evidence);
		copilot_host(s, host, whole);
		return;
	}
}

void signin_cursor(const struct audit_sink *s, const char *membership, const char *team, const char *status,
                   const char *evidence)
{
	char plan[64], whole[AUDIT_TEXT];
	enum audit_kind kind;

	if (!membership[0] && !team[0] && !status[0])
		return;
	audit_plan_word(membership, plan);
	kind = audit_plan_kind(plan);
	audit_text(whole, "%s: cursorAuth/stripeMembershipType%s", evidence, team[0] ? ", cursorAuth/teamId" : "");
	if (team[0] && kind == AUDIT_CONSUMER)
		kind = AUDIT_UNKNOWN;
	audit_add_account(s, "cursor", kind, plan, team[0] != '\0', kind == AUDIT_UNKNOWN ? AUDIT_LOW : AUDIT_MEDIUM,
	                  whole);
}
