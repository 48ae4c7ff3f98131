/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what variables of the environment say about a sign-in, tool by tool; the first line of the table that is true
 * decides. */
#include "audit/signin.h"

#include <stdio.h>
#include <string.h>

#include "audit/value.h"
#include "base/cleanup.h"

enum how { IS_SET, IS_ON, IS_HOST };

/* In the order in which each tool asks (for claude-code as `claude auth status` of 2.1.197 answers). "*": tools without
 * lines. */
static const struct line {
	const char *tool, *name;
	enum how how;
	enum audit_kind kind;
	const char *plan;
	enum audit_confidence confidence;
} lines[] = {
	{ "claude-code", "CLAUDE_CODE_USE_BEDROCK", IS_ON, AUDIT_CLOUD, "bedrock", AUDIT_HIGH },
	{ "claude-code", "CLAUDE_CODE_USE_MANTLE", IS_ON, AUDIT_CLOUD, "bedrock", AUDIT_HIGH },
	{ "claude-code", "CLAUDE_CODE_USE_VERTEX", IS_ON, AUDIT_CLOUD, "vertex", AUDIT_HIGH },
	{ "claude-code", "CLAUDE_CODE_USE_FOUNDRY", IS_ON, AUDIT_CLOUD, "foundry", AUDIT_HIGH },
	{ "claude-code", "CLAUDE_CODE_USE_ANTHROPIC_AWS", IS_ON, AUDIT_CLOUD, "aws", AUDIT_HIGH },
	{ "claude-code", "CLAUDE_CODE_USE_GATEWAY", IS_ON, AUDIT_GATEWAY, "unknown", AUDIT_MEDIUM },
	{ "claude-code", "ANTHROPIC_BASE_URL", IS_HOST, AUDIT_GATEWAY, "anthropic.com", AUDIT_HIGH },
	{ "claude-code", "ANTHROPIC_AUTH_TOKEN", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_MEDIUM },
	{ "claude-code", "CLAUDE_CODE_OAUTH_TOKEN", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_MEDIUM },
	{ "claude-code", "ANTHROPIC_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "codex", "OPENAI_BASE_URL", IS_HOST, AUDIT_GATEWAY, "openai.com", AUDIT_MEDIUM },
	{ "codex", "CODEX_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_HIGH },
	{ "gemini-cli", "GOOGLE_GEMINI_BASE_URL", IS_HOST, AUDIT_GATEWAY, "googleapis.com", AUDIT_MEDIUM },
	{ "gemini-cli", "GOOGLE_VERTEX_BASE_URL", IS_HOST, AUDIT_GATEWAY, "googleapis.com", AUDIT_MEDIUM },
	{ "gemini-cli", "GOOGLE_GENAI_USE_VERTEXAI", IS_ON, AUDIT_CLOUD, "vertex", AUDIT_HIGH },
	{ "gemini-cli", "GEMINI_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "gemini-cli", "GOOGLE_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "qwen-code", "OPENAI_BASE_URL", IS_HOST, AUDIT_GATEWAY, "openai.com", AUDIT_MEDIUM },
	{ "qwen-code", "OPENAI_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "qwen-code", "DASHSCOPE_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "copilot-cli", "COPILOT_PROVIDER_BASE_URL", IS_HOST, AUDIT_GATEWAY, "github.com", AUDIT_MEDIUM },
	{ "copilot-cli", "COPILOT_GITHUB_TOKEN", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_MEDIUM },
	{ "copilot-cli", "GH_TOKEN", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_LOW },
	{ "copilot-cli", "GITHUB_TOKEN", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_LOW },
	{ "cursor-cli", "CURSOR_API_KEY", IS_SET, AUDIT_UNKNOWN, "unknown", AUDIT_MEDIUM },
	{ "amp", "AMP_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_MEDIUM },
	{ "*", "OPENAI_API_BASE", IS_HOST, AUDIT_GATEWAY, "openai.com", AUDIT_MEDIUM },
	{ "*", "OPENAI_BASE_URL", IS_HOST, AUDIT_GATEWAY, "openai.com", AUDIT_MEDIUM },
	{ "*", "AWS_BEARER_TOKEN_BEDROCK", IS_SET, AUDIT_CLOUD, "bedrock", AUDIT_LOW },
	{ "*", "AZURE_API_KEY", IS_SET, AUDIT_CLOUD, "azure", AUDIT_LOW },
	{ "*", "AZURE_OPENAI_API_KEY", IS_SET, AUDIT_CLOUD, "azure", AUDIT_LOW },
	{ "*", "ANTHROPIC_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "OPENAI_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "GEMINI_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "GOOGLE_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "OPENROUTER_API_KEY", IS_SET, AUDIT_GATEWAY, "openrouter.ai", AUDIT_LOW },
	{ "*", "MISTRAL_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "DEEPSEEK_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "GROQ_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
	{ "*", "XAI_API_KEY", IS_SET, AUDIT_API_KEY, "", AUDIT_LOW },
};

const char *audit_env_get(const struct audit_env *env, const char *name)
{
	size_t name_len = strlen(name);

	for (size_t at = 0; at < env->len;) {
		const char *end = memchr(env->text + at, '\0', env->len - at);
		size_t len;

		if (!end)
			return NULL;
		len = (size_t)(end - (env->text + at));
		if (len > name_len && env->text[at + name_len] == '=' && !memcmp(env->text + at, name, name_len))
			return env->text + at + name_len + 1;
		at += len + 1;
	}
	return NULL;
}

void audit_env_add(struct strbuf *block, const char *name, const char *value)
{
	strbuf_adds(block, name);
	strbuf_addc(block, '=');
	strbuf_add(block, value, strlen(value) + 1);
}

void audit_env_add_json(struct strbuf *block, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, name, v)
	{
		if (json_object_is_type(v, json_type_string))
			audit_env_add(block, name, json_object_get_string(v));
		else if (json_object_is_type(v, json_type_int) || json_object_is_type(v, json_type_boolean))
			audit_env_add(block, name, json_object_to_json_string(v));
	}
}

/* The host itself, or one below it. */
static bool below(const char *host, const char *domain)
{
	size_t a = strlen(host), b = strlen(domain);

	return a >= b && !strcmp(host + a - b, domain) && (a == b || host[a - b - 1] == '.');
}

static bool is_local(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1");
}

static bool has_lines(const char *tool)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strcmp(lines[i].tool, tool))
			return true;
	return false;
}

bool signin_env(const struct audit_sink *s, const char *tool, const struct audit_env *env, const char *where)
{
	const char *key = has_lines(tool) ? tool : "*";
	char evidence[AUDIT_TEXT], host[64];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct line *l = &lines[i];
		const char *value = strcmp(l->tool, key) ? NULL : audit_env_get(env, l->name);
		enum audit_kind kind = l->kind;
		const char *plan = l->plan;

		if (!value || !value[0] || (l->how == IS_ON && !value_switch(value)))
			continue;
		if (l->how == IS_HOST) {
			audit_url_host(value, host, sizeof(host));
			if (below(host, l->plan))
				continue;
			/* On this machine: a proxy as well as a model. */
			plan = host[0] ? host : "unknown";
			kind = AUDIT_GATEWAY;
		}
		audit_text(evidence, "%s: %s%s", where, l->name,
		           l->how == IS_HOST && is_local(host) ? " (a local address)" : "");
		audit_add_account(s, tool, kind, plan, false, l->confidence, evidence);
		return true;
	}
	return false;
}
