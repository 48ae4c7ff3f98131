/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* A policy with one of each thing, compiled as the agent compiles it, for tests of what comes behind it. */
#ifndef TESTS_SMALL_POLICY_H
#define TESTS_SMALL_POLICY_H

#include <string.h>

#include "policy/compile.h"

static const char small_policy_text[] =
	"version: 1\n"
	"mode: monitor\n"
	"secrets:\n"
	"  dotenv: {paths: ['**/.env']}\n"
	"  notes: {paths: ['**/notes.txt']}\n"
	"interpreters:\n"
	"  node: {exe: ['**/node']}\n"
	"tools:\n"
	"  claude-code: {exe: ['/opt/claude', '**/test-tool-a'], argv: ['**/bin/claude'], helpers: [rg], providers: [anthropic]}\n"
	"  codex: {exe: ['/opt/codex', '**/test-tool-b']}\n"
	"providers:\n"
	"  anthropic: {domains: [api.anthropic.example], cidrs: [198.51.100.0/24], tier: api}\n"
	"  shady: {domains: ['*.shady.example'], tier: aggregator}\n"
	"  hider: {domains: [dns.hider.example], cidrs: [203.0.113.0/24], ports: [443, 853], tier: resolver}\n"
	"rules:\n"
	"  - {id: secret, tool: all, read: [dotenv], action: alert, severity: high}\n"
	"  - {id: notes, tool: any, read: [notes], action: allow}\n"
	"  - {id: own, tool: any, connect: {provider: [own-providers]}, action: allow}\n"
	"  - {id: shady, tool: any, connect: {provider: [shady]}, action: block, severity: high}\n"
	"  - {id: elsewhere, tool: any, connect: any, action: log}\n";

enum { SMALL_CLAUDE = 1, SMALL_CODEX };
enum { SMALL_RULE_SECRET = 1, SMALL_RULE_NOTES, SMALL_RULE_OWN, SMALL_RULE_SHADY, SMALL_RULE_ELSEWHERE };

struct small_policy {
	struct policy *policy;
	struct compiled *compiled;
	uint16_t dotenv_set;       /* match set of a .env file */
};

static inline int small_policy_make(struct small_policy *ret, struct errmsg *e)
{
	char name[] = "small.yaml", text[sizeof(small_policy_text)];
	struct policy_source source = { .name = name, .text = text, .len = sizeof(small_policy_text) - 1 };
	static const char *const homes[] = { "/home/*" };
	const struct policy_host host = { .homes = homes, .homes_cnt = 1 };
	int r;

	memcpy(text, small_policy_text, sizeof(text));
	*ret = (struct small_policy){ 0 };
	r = policy_load_sources(&source, 1, &ret->policy, e);
	if (r < 0)
		return r;
	r = policy_compile(ret->policy, &host, &ret->compiled, e);
	if (r < 0)
		return r;
	ret->dotenv_set = (uint16_t)dfa_match(ret->compiled->path, "/home/ann/.env", 14);
	return 0;
}

static inline void small_policy_done(struct small_policy *s)
{
	compiled_free(s->compiled);
	policy_free(s->policy);
}

#endif /* TESTS_SMALL_POLICY_H */
