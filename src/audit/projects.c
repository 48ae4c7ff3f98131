/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the walk through a home for projects (folders with .git): the tools' settings in them, secrets that lie in them
 * in plain text, and whether an ignore file of git's covers those. Opens no secret. Bounds: depth, entries, and no
 * folder twice.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/value.h"
#include "audit/visit.h"
#include "base/cleanup.h"
#include "match/ignorefile.h"
#include "policy/naive.h"

#define DEPTH_MAX           10
#define ENTRIES_MAX         400000
#define PROJECT_SECRETS_MAX 20 /* rows of one project; the rest is counted */
#define IGNORE_TEXT         (256u << 10)

struct walk {
	struct visit *v;
	dev_t dev; /* the home's: another file system's server may not answer */
	uint64_t entries, left_out;
	char project[PATH_MAX];        /* of the folder at hand, "" none; absolute */
	struct policy_strings ignored; /* patterns of its ignore files down to here, outer first */
	size_t secrets;                /* in this project */
};

/* ---- settings
 * -------------------------------------------------------------------------------------------------------- */

static void project_settings(struct visit *v, const char *project)
{
	static const struct {
		const char *tool, *file;
		void (*settings)(const struct audit_sink *s, struct json_object *o, const char *where,
		                 enum settings_scope scope);
		const char *servers; /* NULL: those of settings() */
		enum settings_scope scope;
	} files[] = {
		{ "claude-code", ".claude/settings.json", settings_claude, NULL, SETTINGS_PROJECT },
		{ "claude-code", ".claude/settings.local.json", settings_claude, NULL, SETTINGS_USER },
		{ "claude-code", ".mcp.json", NULL, "mcpServers", SETTINGS_PROJECT },
		{ "opencode", "opencode.json", settings_opencode, NULL, SETTINGS_PROJECT },
		{ "opencode", "opencode.jsonc", settings_opencode, NULL, SETTINGS_PROJECT },
		{ "cursor", ".cursor/mcp.json", NULL, "mcpServers", SETTINGS_PROJECT },
		{ "copilot", ".vscode/mcp.json", NULL, "servers", SETTINGS_PROJECT },
		{ "kiro-ide", ".kiro/settings/mcp.json", NULL, "mcpServers", SETTINGS_PROJECT },
	};
	static const char *const two[] = { "gemini-cli", "qwen-code" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[PATH_MAX + 64];
		struct json_object *o;

		snprintf(path, sizeof(path), "%s/%s", project, files[i].file);
		o = visit_json(v, v->root, path + 1, files[i].tool, path);
		if (!o)
			continue;
		if (files[i].settings)
			files[i].settings(&v->sink, o, path, files[i].scope);
		if (files[i].servers)
			settings_mcp(&v->sink, files[i].tool, value_at(o, files[i].servers), path,
			             files[i].scope == SETTINGS_PROJECT);
		json_object_put(o);
	}
	for (size_t i = 0; i < ARRAY_SIZE(two); i++) {
		char path[PATH_MAX + 64];
		struct json_object *o;

		snprintf(path, sizeof(path), "%s/%s/settings.json", project, i ? ".qwen" : ".gemini");
		o = visit_json(v, v->root, path + 1, two[i], path);
		settings_gemini(&v->sink, two[i], o, path, SETTINGS_PROJECT);
		json_object_put(o);
	}
	{
		cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
		char path[PATH_MAX + 64];

		snprintf(path, sizeof(path), "%s/.codex/config.toml", project);
		if (visit_read(v, v->root, path + 1, "codex", path, &b))
			settings_codex(&v->sink, strbuf_str(&b), b.len, path, false, NULL);
		snprintf(path, sizeof(path), "%s/.aider.conf.yml", project);
		if (visit_read(v, v->root, path + 1, "aider", path, &b))
			settings_aider(&v->sink, strbuf_str(&b), b.len, path);
	}
}

/* ---- what git ignores
 * ------------------------------------------------------------------------------------------------ */

static void ignored_keep(struct walk *w, size_t cnt)
{
	while (w->ignored.cnt > cnt)
		free(w->ignored.v[--w->ignored.cnt]);
}

static void ignored_add(struct walk *w, const char *folder, const char *file)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	cleanup_(ignorefile_freep) struct ignorefile *f = NULL;
	char path[PATH_MAX + 64];
	char **moved;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return;
	if (userfile_read(w->v->root, path + 1, w->v->t->uid, IGNORE_TEXT, &b) ||
	    ignorefile_parse(strbuf_str(&b), b.len, folder, &f, NULL))
		return;
	moved = reallocarray(w->ignored.v, w->ignored.cnt + f->patterns_cnt + 1, sizeof(*moved));
	if (!moved)
		return;
	w->ignored.v = moved;
	for (size_t i = 0; i < f->patterns_cnt; i++) {
		char *copy = strdup(f->patterns[i].glob);

		if (copy)
			w->ignored.v[w->ignored.cnt++] = copy;
	}
}

/* ---- secrets
 * --------------------------------------------------------------------------------------------------------- */

/* The class of a path, NULL: none that matters here. */
static const char *secret_class(const struct compiled *c, const char *path)
{
	const char *names[8];
	unsigned int set = compiled_match(c, c->path, path, strlen(path), NULL, NULL, NULL);
	size_t cnt = compiled_classes(c, set, names, ARRAY_SIZE(names));

	for (size_t i = 0; i < cnt && i < ARRAY_SIZE(names); i++)
		for (size_t k = 0; k < c->policy->secrets_cnt; k++)
			if (!strcmp(c->policy->secrets[k].name, names[i]) && !c->policy->secrets[k].second_hand &&
			    strcmp(c->policy->secrets[k].confidence, "low"))
				return names[i];
	return NULL;
}

static void secret(struct walk *w, const char *path, const char *class, const struct stat *st)
{
	char what[AUDIT_TEXT];

	if (++w->secrets > PROJECT_SECRETS_MAX)
		return;
	audit_text(what, "a secret (%s) lies in a project in plain text%s", class,
	           st->st_mode & 0044 ? ", and other users may read it" : "");
	audit_add_row(
	        &w->v->sink, "", AUDIT_SECRETS, AUDIT_WARN, what,
	        "A tool that works in the project reads it like any other file",
	        "Keep it outside the project, or have the kernel refuse it to tools (sluice run with enforce.yaml)",
	        path);
	if (!naive_path(&w->ignored, NULL, 0, path))
		audit_add_row(&w->v->sink, "", AUDIT_GITIGNORE, AUDIT_WARN, "no .gitignore covers it",
		              "The next git add -A commits it", "Add it to .gitignore", path);
}

static void end_project(struct walk *w)
{
	char what[AUDIT_TEXT];

	if (w->secrets > PROJECT_SECRETS_MAX) {
		audit_text(what, "%zu more secrets lie in this project", w->secrets - PROJECT_SECRETS_MAX);
		audit_add_row(&w->v->sink, "", AUDIT_SECRETS, AUDIT_WARN, what, "", "", w->project);
	}
	w->secrets = 0;
}

/* ---- the walk
 * -------------------------------------------------------------------------------------------------------- */

/* Folders that hold what was fetched or built, and what tools keep (which is the scan's). */
static bool is_skipped(const char *name, bool in_project)
{
	static const char *const names[] = { "node_modules",  ".git",    ".cache",   ".npm",        ".cargo",
		                             ".rustup",       ".venv",   "venv",     "__pycache__", ".tox",
		                             "site-packages", ".gradle", ".m2",      "target",      "vendor",
		                             ".local",        ".config", ".mozilla", ".nvm" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	/* Of hidden folders in a home, only a project's own. */
	return name[0] == '.' && !in_project;
}

static void folder(struct walk *w, const char *path, unsigned int depth);

static void entry(struct walk *w, int fd, const char *folder_path, const char *name, unsigned int depth)
{
	char path[PATH_MAX];
	const char *class;
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", folder_path, name) >= (int)sizeof(path) ||
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISDIR(st.st_mode)) {
		if (is_skipped(name, w->project[0] != '\0'))
			return;
		if (st.st_dev != w->dev)
			w->left_out++;
		else
			folder(w, path, depth + 1);
		return;
	}
	if (!w->project[0] || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	class = secret_class(w->v->t->compiled, path);
	if (class)
		secret(w, path, class, &st);
}

static void folder(struct walk *w, const char *path, unsigned int depth)
{
	bool began = false, was_in = w->project[0] != '\0';
	size_t ignored = w->ignored.cnt;
	char outer[PATH_MAX];
	struct dirent *d;
	struct stat st;
	DIR *list;
	int fd;

	if (depth > DEPTH_MAX || w->entries >= ENTRIES_MAX) {
		w->left_out++;
		return;
	}
	visit_step(w->v, path);
	if (userfile_list(w->v->root, path[1] ? path + 1 : ".", w->v->t->uid, &fd)) {
		w->left_out++;
		return;
	}
	list = fdopendir(fd);
	if (!list) {
		close(fd);
		return;
	}
	if (!fstatat(fd, ".git", &st, AT_SYMLINK_NOFOLLOW) && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
		/* A repository in another one has ignore files of its own. */
		if (!was_in) {
			began = true;
			snprintf(outer, sizeof(outer), "%s", w->project);
			snprintf(w->project, sizeof(w->project), "%s", path);
			ignored_add(w, path, ".git/info/exclude");
		}
		project_settings(w->v, path);
	}
	if (w->project[0])
		ignored_add(w, path, ".gitignore");
	while (w->entries < ENTRIES_MAX && (d = readdir(list))) {
		w->entries++;
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			entry(w, fd, path, d->d_name, depth);
	}
	ignored_keep(w, ignored);
	if (began) {
		end_project(w);
		snprintf(w->project, sizeof(w->project), "%s", outer);
	}
	closedir(list);
}

/* Projects of the tools' own lists that are not below the home, and MCP servers that are kept for one. */
static void listed(struct visit *v)
{
	cleanup_(value_putp) struct json_object *config =
	        visit_json(v, v->home, ".claude.json", "claude-code", "~/.claude.json");
	struct json_object *projects = value_at(config, "projects");
	size_t home = strlen(v->t->home), n = 0;

	if (!json_object_is_type(projects, json_type_object))
		return;
	json_object_object_foreach(projects, path, o)
	{
		settings_mcp(&v->sink, "claude-code", value_at(o, "mcpServers"), "~/.claude.json: projects", false);
		if (path[0] == '/' && path[1] && strlen(path) < PATH_MAX - 64 && n++ < 256 &&
		    (strncmp(path, v->t->home, home) || (path[home] && path[home] != '/')))
			project_settings(v, path);
	}
}

void visit_projects(struct visit *v)
{
	struct walk w = { .v = v };
	struct stat st;

	if (!fstat(v->home, &st))
		w.dev = st.st_dev;
	folder(&w, v->t->home, 0);
	ignored_keep(&w, 0);
	free(w.ignored.v);
	if (w.left_out || w.entries >= ENTRIES_MAX) {
		char what[AUDIT_TEXT];

		audit_text(what, "%llu folders were not looked into for projects", (unsigned long long)w.left_out);
		audit_add_row(&v->sink, "", AUDIT_READING, AUDIT_UNSURE, what,
		              "They are too deep, too many, or may not be entered", "", v->t->home);
	}
	listed(v);
}
