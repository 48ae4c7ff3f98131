/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Records of a whole story: a tool that loads a secret at its start, reads it again through cat, sends a keep-alive, then reads it
 * itself and sends much; later another tool opens the first one's transcript and sends it elsewhere. For tests/unit/test_story.c and
 * for the recording tests/data/replay/story.rec.
 */
#ifndef TESTS_STORY_H
#define TESTS_STORY_H

#include <string.h>

#include "policy/compile.h"
#include "records.h"

static const char story_policy_text[] =
	"version: 1\n"
	"mode: monitor\n"
	"secrets:\n"
	"  dotenv: {paths: ['**/.env']}\n"
	"  keys: {paths: ['~/.ssh/id_*']}\n"
	"  transcripts: {paths: ['~/.claude/projects/**/*.jsonl', '~/.codex/sessions/**'], second-hand: true}\n"
	"tools:\n"
	"  claude-code: {exe: ['/opt/claude'], own: ['~/.claude/**'], providers: [anthropic]}\n"
	"  codex: {exe: ['/opt/codex'], own: ['~/.codex/**'], providers: [openai]}\n"
	"readers:\n"
	"  ssh: {exe: ['/usr/bin/ssh'], for: [keys]}\n"
	"  senders: {exe: ['/bin/cat'], kind: generic}\n"
	"providers:\n"
	"  anthropic: {domains: [api.anthropic.example], tier: api}\n"
	"  openai: {domains: [api.openai.example], tier: api}\n"
	"rules:\n"
	"  - {id: made-for-it, tool: any, reader: [purpose-built], read: [keys], action: log, severity: info}\n"
	"  - {id: transcript, tool: any, reader: [generic], read: [transcripts], action: alert, severity: low}\n"
	"  - {id: own-store, tool: any, read: [own], action: allow}\n"
	"  - {id: startup-load, tool: any, reader: [startup], read: [dotenv], action: log, severity: low}\n"
	"  - {id: secret, tool: any, read: [dotenv, keys], action: alert, severity: high}\n"
	"  - {id: anywhere, tool: any, connect: any, action: log, severity: info}\n";

enum { STORY_CLAUDE = 1, STORY_CODEX };
enum { STORY_MADE_FOR_IT = 1, STORY_TRANSCRIPT, STORY_OWN, STORY_STARTUP, STORY_SECRET, STORY_ANYWHERE };

#define STORY_WALL (1800000000ull * SECOND)

static const char story_env[] = "/home/ann/shop/.env", story_key[] = "/home/ann/.ssh/id_ed25519",
		  story_transcript[] = "/home/ann/.claude/projects/-home-ann-shop/5f3a.jsonl";
static const uint8_t story_vendor[4] = { 192, 0, 2, 7 }, story_elsewhere[4] = { 203, 0, 113, 9 };

#define STORY_SESSION_CLAUDE .session_ns = 100 * SECOND, .session_pid = 100, .tool = STORY_CLAUDE
#define STORY_SESSION_CODEX .session_ns = 200 * SECOND, .session_pid = 200, .tool = STORY_CODEX
static const struct who story_shell = { .tgid = 50, .ppid = 1, .uid = 1000, .start_ns = 40 * SECOND, .comm = "bash" };
static const struct who story_claude = { .tgid = 100, .ppid = 50, .uid = 1000, .start_ns = 99 * SECOND, .comm = "claude", STORY_SESSION_CLAUDE };
static const struct who story_cat = { .tgid = 101, .ppid = 100, .uid = 1000, .start_ns = 101 * SECOND, .comm = "cat", STORY_SESSION_CLAUDE };
static const struct who story_codex = { .tgid = 200, .ppid = 50, .uid = 1000, .start_ns = 199 * SECOND, .comm = "codex", STORY_SESSION_CODEX };
static const struct who story_cat2 = { .tgid = 201, .ppid = 200, .uid = 1000, .start_ns = 201 * SECOND, .comm = "cat", STORY_SESSION_CODEX };
static const struct who story_ssh = { .tgid = 202, .ppid = 200, .uid = 1000, .start_ns = 202 * SECOND, .comm = "ssh", STORY_SESSION_CODEX };

static inline int story_policy_make(struct policy **ret_policy, struct compiled **ret, struct errmsg *e)
{
	char name[] = "story.yaml", text[sizeof(story_policy_text)];
	struct policy_source source = { .name = name, .text = text, .len = sizeof(story_policy_text) - 1 };
	static const char *const homes[] = { "/home/*" };
	const struct policy_host host = { .homes = homes, .homes_cnt = 1 };
	int r;

	memcpy(text, story_policy_text, sizeof(text));
	r = policy_load_sources(&source, 1, ret_policy, e);
	return r < 0 ? r : policy_compile(*ret_policy, &host, ret, e);
}

/* One open as the kernel tells it. */
static inline size_t story_open(union record *r, const struct compiled *c, uint64_t time_ns, const struct who *who, const char *path,
				uint16_t rule, uint8_t action, uint8_t reader)
{
	rec_file(r, time_ns, who, path, (uint16_t)dfa_match(c->path, path, strlen(path)), rule, action);
	r->file.reader = reader;
	return r->hdr.size;
}

typedef void (*story_feed)(void *arg, const union record *r, size_t size);

#define STORY_FEED(call) feed(arg, &r, call)

/* The tools and what runs below them. */
static inline void story_begin(story_feed feed, void *arg)
{
	static union record r;

	STORY_FEED(rec_clock(&r, 90 * SECOND, STORY_WALL));
	STORY_FEED(rec_user(&r, 1000, "ann"));
	rec_exec(&r, 91 * SECOND, &story_shell, "/bin/bash", "/home/ann", "bash", 5);
	r.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	feed(arg, &r, r.hdr.size);
	STORY_FEED(rec_exec(&r, 100 * SECOND, &story_claude, "/opt/claude", "/home/ann/shop", "claude", 7));
	STORY_FEED(rec_fork(&r, 101 * SECOND, &story_cat));
	STORY_FEED(rec_exec(&r, 101 * SECOND, &story_cat, "/bin/cat", "/home/ann/shop", "cat\0.env", 9));
	STORY_FEED(rec_dns(&r, 101 * SECOND, &story_claude, "api.anthropic.example", story_vendor, 3600));
}

static inline void story_second_tool(story_feed feed, void *arg)
{
	static union record r;

	STORY_FEED(rec_exec(&r, 200 * SECOND, &story_codex, "/opt/codex", "/home/ann/shop", "codex", 6));
	STORY_FEED(rec_fork(&r, 201 * SECOND, &story_cat2));
	STORY_FEED(rec_exec(&r, 201 * SECOND, &story_cat2, "/bin/cat", "/home/ann/shop", "cat\0x", 6));
	STORY_FEED(rec_fork(&r, 202 * SECOND, &story_ssh));
	STORY_FEED(rec_exec(&r, 202 * SECOND, &story_ssh, "/usr/bin/ssh", "/home/ann/shop", "ssh\0ws-18", 10));
	STORY_FEED(rec_dns(&r, 203 * SECOND, &story_codex, "paste.example", story_elsewhere, 3600));
}

static inline void story_end(story_feed feed, void *arg)
{
	static union record r;

	STORY_FEED(rec_exit(&r, 260 * SECOND, &story_cat2));
	STORY_FEED(rec_exit(&r, 260 * SECOND, &story_ssh));
	STORY_FEED(rec_exit(&r, 261 * SECOND, &story_codex));
	STORY_FEED(rec_exit(&r, 262 * SECOND, &story_cat));
	STORY_FEED(rec_exit(&r, 263 * SECOND, &story_claude));
	STORY_FEED(rec_clock(&r, 264 * SECOND, STORY_WALL + 174 * SECOND));
}

/* Time passes, so that what has settled is told. */
static inline void story_tick(story_feed feed, void *arg, uint64_t time_ns)
{
	static union record r;

	STORY_FEED(rec_clock(&r, time_ns, STORY_WALL + time_ns - 90 * SECOND));
}

static inline void story_all(const struct compiled *c, story_feed feed, void *arg)
{
	static union record r;

	story_begin(feed, arg);
	/* What it loads at its start is no story, whatever it sends. */
	STORY_FEED(story_open(&r, c, 100 * SECOND + 1, &story_claude, story_env, STORY_STARTUP, SL_ACTION_LOG, SL_READER_STARTUP));
	STORY_FEED(rec_sent(&r, 101 * SECOND, &story_claude, 1, story_vendor, 443, 100 * SECOND + 1, 101 * SECOND, 40000));
	/* A keep-alive eight seconds after a read. */
	STORY_FEED(story_open(&r, c, 102 * SECOND, &story_cat, story_env, STORY_SECRET, SL_ACTION_ALERT, SL_READER_GENERIC));
	STORY_FEED(rec_sent(&r, 110 * SECOND, &story_claude, 1, story_vendor, 443, 102 * SECOND, 110 * SECOND, 300));
	story_tick(feed, arg, 114 * SECOND);
	/* An upload at once. */
	STORY_FEED(story_open(&r, c, 120 * SECOND, &story_claude, story_env, STORY_SECRET, SL_ACTION_ALERT, SL_READER_SELF));
	STORY_FEED(rec_sent(&r, 120 * SECOND + 40, &story_claude, 1, story_vendor, 443, 120 * SECOND, 120 * SECOND + 40, 600));
	STORY_FEED(rec_sent(&r, 121 * SECOND, &story_claude, 1, story_vendor, 443, 120 * SECOND, 120 * SECOND + 40, 40960));
	story_tick(feed, arg, 125 * SECOND);
	/* Another tool: a key, by whom it is made for; then the transcript of the first. */
	story_second_tool(feed, arg);
	STORY_FEED(story_open(&r, c, 203 * SECOND, &story_ssh, story_key, STORY_MADE_FOR_IT, SL_ACTION_LOG, SL_READER_PURPOSE));
	STORY_FEED(rec_sent(&r, 204 * SECOND, &story_ssh, 2, story_elsewhere, 22, 203 * SECOND, 204 * SECOND, 40000));
	STORY_FEED(story_open(&r, c, 240 * SECOND, &story_cat2, story_transcript, STORY_TRANSCRIPT, SL_ACTION_ALERT, SL_READER_GENERIC));
	STORY_FEED(rec_sent(&r, 241 * SECOND, &story_codex, 3, story_elsewhere, 443, 240 * SECOND, 241 * SECOND, 16384));
	story_end(feed, arg);
}

#endif /* TESTS_STORY_H */
