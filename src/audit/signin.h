/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * How a tool is signed in, from the bytes of its files and from the variables that it has. Each function reports at
 * least one account when its file says anything at all, AUDIT_UNKNOWN where it says what is not known here.
 */
#ifndef SLUICE_AUDIT_SIGNIN_H
#define SLUICE_AUDIT_SIGNIN_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/audit.h"
#include "base/strbuf.h"

/* Variables as the kernel keeps them: NAME=VALUE, each ended by a NUL byte. */
struct audit_env {
	const char *text;
	size_t len;
};

/* The value, NULL when there is none; ends with the block, and with a NUL byte (a block without one at its end is cut
 * there). */
const char *audit_env_get(const struct audit_env *env, const char *name);

/* Appends to a block. Members of a JSON object, those that are strings. */
void audit_env_add(struct strbuf *block, const char *name, const char *value);
void audit_env_add_json(struct strbuf *block, struct json_object *o);

/*
 * What the variables mean for the tool; at most one account. where: what they are variables of, for the evidence.
 * False: none of them signs in.
 */
bool signin_env(const struct audit_sink *s, const char *tool, const struct audit_env *env, const char *where);

/* Claude Code. Any of them NULL: there is no such file, or it could not be read. managed and user are settings files.
 */
struct signin_claude {
	struct json_object *credentials; /* ~/.claude/.credentials.json */
	struct json_object *config;      /* ~/.claude.json */
	struct json_object *managed, *user;
};
void signin_claude(const struct audit_sink *s, const struct signin_claude *f);

/* Codex: auth.json (NULL: none), and of config.toml what decides (toml texts; "" for none). */
struct signin_codex {
	struct json_object *auth;
	bool keyring;       /* config.toml keeps credentials in the system's keyring */
	char provider[64];  /* model_provider */
	char base_url[256]; /* of that provider, or openai_base_url */
};
void signin_codex(const struct audit_sink *s, const struct signin_codex *f);

/* The payload of a JSON web token, whose signature nobody looks at. NULL: it is none. */
struct json_object *signin_jwt(const char *token);

/* Gemini CLI and Qwen Code: settings.json, oauth_creds.json exists, variables of their .env. */
void signin_gemini(const struct audit_sink *s, const char *tool, struct json_object *settings, bool oauth,
                   const struct audit_env *env, const char *folder);

void signin_opencode(const struct audit_sink *s, struct json_object *auth, const char *tool, const char *evidence);
void signin_copilot(const struct audit_sink *s, struct json_object *config, const char *evidence);

/* Cursor: values of three keys of its database, "" for none. */
void signin_cursor(const struct audit_sink *s, const char *membership, const char *team, const char *status,
                   const char *evidence);

#endif /* SLUICE_AUDIT_SIGNIN_H */
