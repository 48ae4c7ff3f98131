/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * What an audit of one home finds: AI tools that are installed or were used, how each is signed in, and how it is set
 * up. Parsers get bytes and report through a sink; they open nothing, so that any bytes may be given to them
 * (tests/fuzz/fuzz_audit.c).
 *
 * No token, key, mail address or other value of a sign-in file leaves a parser: only words of the lists here, names of
 * settings, names of variables, hosts of URLs, names of programs, and counts.
 */
#ifndef SLUICE_AUDIT_AUDIT_H
#define SLUICE_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIT_TEXT     384         /* longest text of a row, with its NUL; longer ones are cut, with "..." */
#define AUDIT_FILE_MAX (16u << 20) /* bytes of a settings or sign-in file */
#define AUDIT_ROWS_MAX 2000        /* of one home; further ones are counted */

/* Whose terms hold. The words are those of docs/decisions/004-account.md. */
enum audit_kind {
	AUDIT_NONE,     /* "none": the tool keeps no sign-in */
	AUDIT_CONSUMER, /* "consumer": a subscription of a person, consumer terms */
	AUDIT_COMPANY,  /* "company": a subscription of an organisation, its terms */
	AUDIT_API_KEY,  /* "api-key": the vendor's API terms; whose key it is, is not known */
	AUDIT_CLOUD,    /* "cloud": the cloud's terms (Bedrock, Vertex, Foundry) */
	AUDIT_GATEWAY,  /* "gateway": what stands at a base URL decides */
	AUDIT_LOCAL,    /* "local": a model on this machine */
	AUDIT_UNKNOWN,  /* "unknown": there is a sign-in, and nothing says under which terms */
	_AUDIT_KINDS,
};

enum audit_confidence { AUDIT_LOW, AUDIT_MEDIUM, AUDIT_HIGH, _AUDIT_CONFIDENCES };

struct audit_account {
	char tool[32];
	uint8_t kind, confidence; /* enum audit_kind, audit_confidence */
	bool organisation_known;  /* the machine holds an id of the organisation */
	char plan[64]; /* the vendor's word; "unknown"; "" where kind has no plan. Cloud: its name. Gateway: its host */
	char evidence[AUDIT_TEXT]; /* file and key, or variable and process */
};

enum audit_area {
	AUDIT_TOOL, /* installed, with version */
	AUDIT_SIGNIN,
	AUDIT_SANDBOX,
	AUDIT_APPROVAL,
	AUDIT_DENY,
	AUDIT_TELEMETRY,
	AUDIT_TRAINING,
	AUDIT_HOOKS,
	AUDIT_MCP,
	AUDIT_RETENTION,
	AUDIT_MANAGED,
	AUDIT_SECRETS,
	AUDIT_GITIGNORE,
	AUDIT_READING, /* what could not be read */
	_AUDIT_AREAS,
};

enum audit_grade {
	AUDIT_GOOD, /* as a company would want it */
	AUDIT_INFO,
	AUDIT_WARN,   /* other than a company would want it */
	AUDIT_UNSURE, /* it cannot be known from here */
	_AUDIT_GRADES,
};

struct audit_row {
	char tool[32];       /* "" for rows about no tool */
	uint8_t area, grade; /* enum audit_area, audit_grade */
	char what[AUDIT_TEXT];
	char why[AUDIT_TEXT];
	char todo[AUDIT_TEXT]; /* "" when there is nothing to do */
	char evidence[AUDIT_TEXT];
};

struct audit_sink {
	void (*account)(void *arg, const struct audit_account *a);
	void (*row)(void *arg, const struct audit_row *r);
	void *arg;
};

/* The words of the outputs. */
const char *audit_kind_text(unsigned int kind);
const char *audit_confidence_text(unsigned int confidence);
const char *audit_area_text(unsigned int area);
const char *audit_grade_text(unsigned int grade);

void audit_add_account(const struct audit_sink *s, const char *tool, enum audit_kind kind, const char *plan,
                       bool organisation_known, enum audit_confidence confidence, const char *evidence);
void audit_add_row(const struct audit_sink *s, const char *tool, enum audit_area area, enum audit_grade grade,
                   const char *what, const char *why, const char *todo, const char *evidence);

/* A text of a row; cut with "..." when it is too long. */
void audit_text(char ret[AUDIT_TEXT], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The host of a URL, without user, port and path; "" when it has none. What is in the other parts may be a secret. At
 * most size - 1 bytes of letters, digits, dots, hyphens, underscores and colons (IPv6).
 */
void audit_url_host(const char *url, char *ret, size_t size);

/* Kind of a plan's word of any of the vendors; AUDIT_UNKNOWN for words that are not known. */
enum audit_kind audit_plan_kind(const char *plan);

/* A word that is shown: letters, digits, '-', '_' and '.', at most 63. False, and "unknown" in ret, for anything else.
 */
bool audit_plan_word(const char *text, char ret[64]);

#endif /* SLUICE_AUDIT_AUDIT_H */
