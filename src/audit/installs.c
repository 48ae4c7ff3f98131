/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: where tools are installed and how their version is known without running them: package.json of npm's packages,
 * names of folders, of pip's metadata and of editors' extensions; and what shows that a tool was used where its version
 * does not show.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/value.h"
#include "audit/visit.h"
#include "base/cleanup.h"

static const struct {
	const char *tool, *package;
} packages[] = {
	{ "claude-code", "@anthropic-ai/claude-code" },
	{ "codex", "@openai/codex" },
	{ "gemini-cli", "@google/gemini-cli" },
	{ "qwen-code", "@qwen-code/qwen-code" },
	{ "copilot-cli", "@github/copilot" },
	{ "opencode", "opencode-ai" },
	{ "amp", "@sourcegraph/amp" },
	{ "auggie", "@augmentcode/auggie" },
	{ "cline", "cline" },
	{ "kilo", "@kilocode/cli" },
	{ "continue", "@continuedev/cli" },
	{ "crush", "@charmland/crush" },
	{ "openclaw", "openclaw" },
};

static const char *const module_folders[] = {
	"/usr/lib/node_modules",
	"/usr/local/lib/node_modules",
	"/opt/node/lib/node_modules",
	"~/.npm-global/lib/node_modules",
	"~/.local/lib/node_modules",
	"~/.npm/lib/node_modules",
	"~/.bun/install/global/node_modules",
	"~/n/lib/node_modules",
	"~/.nvm/versions/node/*/lib/node_modules",
	"~/.local/share/fnm/node-versions/*/installation/lib/node_modules",
	"~/.local/share/mise/installs/node/*/lib/node_modules",
	"~/.asdf/installs/nodejs/*/lib/node_modules",
	"~/.volta/tools/image/packages/*/lib/node_modules",
	"~/.local/share/claude/node_modules",
};

/* The "*" is the version. */
static const struct {
	const char *tool, *pattern;
} versions[] = {
	{ "claude-code", "~/.local/share/claude/versions/*" },
	{ "cursor-cli", "~/.local/share/cursor-agent/versions/*" },
	{ "aider", "~/.local/share/uv/tools/aider-chat/lib/*/site-packages/aider_chat-*.dist-info" },
	{ "aider", "~/.local/share/pipx/venvs/aider-chat/lib/*/site-packages/aider_chat-*.dist-info" },
	{ "aider", "~/.local/pipx/venvs/aider-chat/lib/*/site-packages/aider_chat-*.dist-info" },
	{ "aider", "~/.local/lib/*/site-packages/aider_chat-*.dist-info" },
	{ "cline", "~/.vscode/extensions/saoudrizwan.claude-dev-*" },
	{ "cline", "~/.vscode-server/extensions/saoudrizwan.claude-dev-*" },
	{ "continue", "~/.vscode/extensions/continue.continue-*" },
	{ "continue", "~/.vscode-server/extensions/continue.continue-*" },
	{ "claude-code", "~/.vscode/extensions/anthropic.claude-code-*" },
	{ "claude-code", "~/.cursor/extensions/anthropic.claude-code-*" },
	{ "codex", "~/.vscode/extensions/openai.chatgpt-*" },
	{ "kilo", "~/.vscode/extensions/kilocode.kilo-code-*" },
	{ "copilot", "~/.vscode/extensions/github.copilot-chat-*" },
	{ "copilot", "~/.vscode-server/extensions/github.copilot-chat-*" },
	{ "amp", "~/.vscode/extensions/sourcegraph.amp-*" },
};

/* Used, or at least started once. */
static const struct {
	const char *tool, *path;
} traces[] = {
	{ "claude-code", ".claude" },
	{ "claude-code", ".claude.json" },
	{ "codex", ".codex" },
	{ "gemini-cli", ".gemini" },
	{ "qwen-code", ".qwen" },
	{ "copilot-cli", ".copilot" },
	{ "copilot", ".config/github-copilot" },
	{ "opencode", ".local/share/opencode" },
	{ "cursor", ".config/Cursor" },
	{ "cursor", ".cursor" },
	{ "windsurf", ".codeium/windsurf" },
	{ "windsurf", ".config/Windsurf" },
	{ "kiro-ide", ".kiro" },
	{ "amp", ".local/share/amp" },
	{ "droid", ".factory" },
	{ "cline", ".cline" },
	{ "aider", ".aider.conf.yml" },
	{ "aider", ".aider" },
	{ "goose", ".config/goose" },
	{ "continue", ".continue" },
	{ "auggie", ".augment" },
	{ "kilo", ".local/share/kilo" },
	{ "crush", ".config/crush" },
	{ "crush", ".local/share/crush" },
	{ "zed", ".config/zed" },
	{ "amazon-q", ".aws/amazonq" },
	{ "openclaw", ".openclaw" },
	{ "antigravity", ".antigravity" },
};

struct seen {
	char tool[64][32];
	size_t cnt;
};

static bool seen_before(struct seen *s, const char *tool)
{
	for (size_t i = 0; i < s->cnt; i++)
		if (!strcmp(s->tool[i], tool))
			return true;
	if (s->cnt < ARRAY_SIZE(s->tool))
		snprintf(s->tool[s->cnt++], sizeof(s->tool[0]), "%.31s", tool);
	return false;
}

static void installed(struct visit *v, struct seen *s, const char *tool, const char *version, const char *evidence)
{
	char what[AUDIT_TEXT], word[64];

	audit_plan_word(version, word);
	seen_before(s, tool);
	audit_text(what, "version %s is installed", word);
	audit_add_row(&v->sink, tool, AUDIT_TOOL, AUDIT_INFO, what, "", "", evidence);
}

static void modules(struct visit *v, const char *folder, struct seen *s)
{
	bool home = folder[0] == '~';

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		cleanup_(value_putp) struct json_object *o = NULL;
		cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
		char path[768];

		snprintf(path, sizeof(path), "%s/%s/package.json", folder, packages[i].package);
		visit_step(v, path);
		/* A link to a folder elsewhere (npm link, pnpm) is none of these installations. */
		if (userfile_read(home ? v->home : v->root, path + (home ? 2 : 1), v->t->uid, AUDIT_FILE_MAX, &b))
			continue;
		o = value_parse(strbuf_str(&b), b.len);
		installed(v, s, packages[i].tool, value_text(o, "version"), path);
	}
}

static void module_folder(struct visit *v, const char *path, const char *star, void *arg)
{
	char whole[600];

	(void)star;
	snprintf(whole, sizeof(whole), "~/%s", path);
	modules(v, whole, arg);
}

struct version {
	struct seen *seen;
	const char *tool;
	size_t suffix; /* of the name behind the version */
};

static void version_name(struct visit *v, const char *path, const char *star, void *arg)
{
	const struct version *k = arg;
	char word[64], whole[600];
	size_t len = strlen(star) - k->suffix;

	snprintf(word, sizeof(word), "%.*s", (int)(len < 60 ? len : 60), star);
	snprintf(whole, sizeof(whole), "~/%s", path);
	installed(v, k->seen, k->tool, word, whole);
}

void visit_installs(struct visit *v)
{
	struct seen s = { .cnt = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(module_folders); i++) {
		if (strchr(module_folders[i], '*'))
			visit_glob(v, v->home, module_folders[i] + 2, module_folder, &s);
		else
			modules(v, module_folders[i], &s);
	}
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct version k = { &s, versions[i].tool, strlen(strrchr(versions[i].pattern, '*') + 1) };

		visit_step(v, versions[i].pattern);
		visit_glob(v, v->home, versions[i].pattern + 2, version_name, &k);
	}
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		struct stat st;
		char evidence[AUDIT_TEXT];

		visit_step(v, traces[i].path);
		if (fstatat(v->home, traces[i].path, &st, AT_SYMLINK_NOFOLLOW) || seen_before(&s, traces[i].tool))
			continue;
		audit_text(evidence, "~/%s", traces[i].path);
		audit_add_row(&v->sink, traces[i].tool, AUDIT_TOOL, AUDIT_INFO, "was used here; its version is unknown",
		              "No installation of it was found where its installers put one", "", evidence);
	}
}
