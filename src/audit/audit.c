/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: words of rows and accounts, and what may be shown of a plan or a URL. */
#include "audit/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const char *audit_kind_text(unsigned int kind)
{
	static const char *const text[_AUDIT_KINDS] = { "none",  "consumer", "company", "api-key",
		                                        "cloud", "gateway",  "local",   "unknown" };

	return kind < _AUDIT_KINDS ? text[kind] : "unknown";
}

const char *audit_confidence_text(unsigned int confidence)
{
	static const char *const text[_AUDIT_CONFIDENCES] = { "low", "medium", "high" };

	return confidence < _AUDIT_CONFIDENCES ? text[confidence] : "low";
}

const char *audit_area_text(unsigned int area)
{
	static const char *const text[_AUDIT_AREAS] = {
		"tool",  "sign-in", "sandbox",   "approval", "deny-rules", "telemetry", "training",
		"hooks", "mcp",     "retention", "managed",  "secrets",    "gitignore", "reading",
	};

	return area < _AUDIT_AREAS ? text[area] : "unknown";
}

const char *audit_grade_text(unsigned int grade)
{
	static const char *const text[_AUDIT_GRADES] = { "good", "info", "warning", "unknown" };

	return grade < _AUDIT_GRADES ? text[grade] : "unknown";
}

static void copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len < size) {
		memcpy(to, from, len + 1);
		return;
	}
	memcpy(to, from, size - 4);
	memcpy(to + size - 4, "...", 4);
}

void audit_text(char ret[AUDIT_TEXT], const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(ret, AUDIT_TEXT, fmt, args);
	va_end(args);
	if (n >= AUDIT_TEXT)
		memcpy(ret + AUDIT_TEXT - 4, "...", 4);
	else if (n < 0)
		ret[0] = '\0';
}

void audit_add_account(const struct audit_sink *s, const char *tool, enum audit_kind kind, const char *plan,
                       bool organisation_known, enum audit_confidence confidence, const char *evidence)
{
	struct audit_account a = { .kind = (uint8_t)kind,
		                   .confidence = (uint8_t)confidence,
		                   .organisation_known = organisation_known };

	copy(a.tool, sizeof(a.tool), tool);
	copy(a.plan, sizeof(a.plan), plan);
	copy(a.evidence, sizeof(a.evidence), evidence);
	s->account(s->arg, &a);
	if (kind == AUDIT_CONSUMER)
		audit_add_row(
		        s, tool, AUDIT_TRAINING, AUDIT_UNSURE,
		        "whether conversations may train models is a switch of the account, which is not on this machine",
		        "Consumer terms allow it unless the person switched it off",
		        "Use an organisation's plan, an API key or a cloud for company code", evidence);
}

void audit_add_row(const struct audit_sink *s, const char *tool, enum audit_area area, enum audit_grade grade,
                   const char *what, const char *why, const char *todo, const char *evidence)
{
	struct audit_row r = { .area = (uint8_t)area, .grade = (uint8_t)grade };

	copy(r.tool, sizeof(r.tool), tool);
	copy(r.what, sizeof(r.what), what);
	copy(r.why, sizeof(r.why), why);
	copy(r.todo, sizeof(r.todo), todo);
	copy(r.evidence, sizeof(r.evidence), evidence);
	s->row(s->arg, &r);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
	       c == '_';
}

void audit_url_host(const char *url, char *ret, size_t size)
{
	const char *at = strstr(url, "://"), *end, *user;
	size_t len = 0;

	ret[0] = '\0';
	if (!at)
		return;
	at += 3;
	end = at + strcspn(at, "/?#\\");
	/* The last "@": a password may hold one. */
	for (user = end; user > at; user--)
		if (user[-1] == '@')
			break;
	at = user;
	if (*at == '[')
		for (at++; at < end && *at != ']' && len + 1 < size && (is_word(*at) || *at == ':'); at++)
			ret[len++] = *at;
	else
		for (; at < end && len + 1 < size && is_word(*at); at++)
			ret[len++] = *at;
	ret[len] = '\0';
}

enum audit_kind audit_plan_kind(const char *plan)
{
	static const struct {
		const char *word;
		enum audit_kind kind;
	} plans[] = {
		/* Anthropic */
		{ "pro", AUDIT_CONSUMER },
		{ "max", AUDIT_CONSUMER },
		{ "free", AUDIT_CONSUMER },
		{ "claude_pro", AUDIT_CONSUMER },
		{ "claude_max", AUDIT_CONSUMER },
		{ "claude_free", AUDIT_CONSUMER },
		{ "team", AUDIT_COMPANY },
		{ "enterprise", AUDIT_COMPANY },
		{ "claude_team", AUDIT_COMPANY },
		{ "claude_enterprise", AUDIT_COMPANY },
		/* OpenAI */
		{ "go", AUDIT_CONSUMER },
		{ "plus", AUDIT_CONSUMER },
		{ "prolite", AUDIT_CONSUMER },
		{ "business", AUDIT_COMPANY },
		{ "self_serve_business_usage_based", AUDIT_COMPANY },
		{ "enterprise_cbp_usage_based", AUDIT_COMPANY },
		{ "edu", AUDIT_COMPANY },
		{ "education", AUDIT_COMPANY },
		{ "k12", AUDIT_COMPANY },
		{ "hc", AUDIT_COMPANY },
		/* Cursor */
		{ "free_trial", AUDIT_CONSUMER },
		{ "pro_plus", AUDIT_CONSUMER },
		{ "pro_student", AUDIT_CONSUMER },
		{ "ultra", AUDIT_CONSUMER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		if (!strcmp(plans[i].word, plan))
			return plans[i].kind;
	return AUDIT_UNKNOWN;
}

bool audit_plan_word(const char *text, char ret[64])
{
	size_t len = strlen(text);

	snprintf(ret, 64, "unknown");
	if (!len || len > 40)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_word(text[i]))
			return false;
	memcpy(ret, text, len + 1);
	return true;
}
