/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Settings of the tools beside what a company would want, from the bytes of their files. where: the file, for the
 * evidence. A setting that is left to the tool's default is reported with what that default is in the release named in
 * the source.
 */
#ifndef SLUICE_AUDIT_SETTINGS_H
#define SLUICE_AUDIT_SETTINGS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/audit.h"
#include "audit/signin.h"

/* Whose file it is: what a person set, what an administrator set, what came with a repository. */
enum settings_scope { SETTINGS_USER, SETTINGS_MANAGED, SETTINGS_PROJECT };

/* One settings file of Claude Code: what is set in it. */
void settings_claude(const struct audit_sink *s, struct json_object *o, const char *where, enum settings_scope scope);

/* What holds when neither of these sets it. Either may be NULL. */
void settings_claude_defaults(const struct audit_sink *s, struct json_object *managed, struct json_object *user);

/* MCP servers: an object by name ({command, args, env, url, headers, ...} or opencode's and Codex's variants), or NULL.
 */
void settings_mcp(const struct audit_sink *s, const char *tool, struct json_object *servers, const char *where,
                  bool repository);

/* config.toml of Codex. *ret (may be NULL): what it says of the sign-in. False: it is not TOML to its end. */
bool settings_codex(const struct audit_sink *s, const char *text, size_t len, const char *where, bool defaults,
                    struct signin_codex *ret);

/* tool: "gemini-cli" or "qwen-code". */
void settings_gemini(const struct audit_sink *s, const char *tool, struct json_object *o, const char *where,
                     enum settings_scope scope);

void settings_opencode(const struct audit_sink *s, struct json_object *o, const char *where, enum settings_scope scope);

/* ~/.aider.conf.yml and goose's config.yaml: flat lines. */
void settings_aider(const struct audit_sink *s, const char *text, size_t len, const char *where);
void settings_goose(const struct audit_sink *s, const char *text, size_t len, const char *where);

/* One argument of a running session's command line, and the one after it ("" for none): one that takes approval or
 * sandbox away. */
bool settings_bypass(const char *tool, const char *arg, const char *next);

#endif /* SLUICE_AUDIT_SETTINGS_H */
