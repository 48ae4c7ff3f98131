/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Credentials do not leave in an argument; what only resembles one stays readable. All values are invented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/redact.h"

#define MARK REDACT_MARK

/* Issued tokens are put together here, so that no scanner takes this file for a leak. */
#define GITHUB "ghp" "_16C7e42F292c6912E7710c838347Ae178B4a"
#define OPENAI "sk" "-proj-abc123DEF456ghi789JKL012mno345"
#define ANTHROPIC "sk" "-ant-api03-R2D2c3po_R2D2c3po-R2D2c3poAA"
#define AMAZON "AKIA" "IOSFODNN7EXAMPLE"
#define AMAZON_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SLACK "xoxb" "-123456789012-abcdefABCDEF"
#define GITLAB "glpat" "-abcDEF123456ghiJKL78"
#define NPM "npm" "_abcdefghijklmnopqrstuvwxyz0123456789"
#define JWT "eyJ" "hbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLWFubg"

struct sample {
	const char *prev, *arg, *want; /* want NULL: stays as it is */
};

static void check(const struct sample *samples, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct sample *s = &samples[i];
		struct strbuf b = STRBUF_INIT;

		redact_arg(&b, s->prev ? s->prev : "", s->prev ? strlen(s->prev) : 0, s->arg, strlen(s->arg));
		if (strcmp(strbuf_str(&b), s->want ? s->want : s->arg) != 0)
			fail_msg("[%s] %s\n  gives %s\n  wants %s", s->prev ? s->prev : "", s->arg, strbuf_str(&b),
				 s->want ? s->want : s->arg);
		strbuf_done(&b);
	}
}

static void test_names_with_values(void **state)
{
	static const struct sample samples[] = {
		{ NULL, "--token=hunter2", "--token=" MARK },
		{ NULL, "--password=my pass phrase", "--password=" MARK },
		{ NULL, "PGPASSWORD=hunter2", "PGPASSWORD=" MARK },
		{ NULL, "OPENAI_API_KEY=abc", "OPENAI_API_KEY=" MARK },
		{ NULL, "AWS_SECRET_ACCESS_KEY=" AMAZON_SECRET, "AWS_SECRET_ACCESS_KEY=" MARK },
		{ NULL, "AWS_SECRET_ACCESS_KEY=/Jalr/UtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY=" MARK },
		{ NULL, "--from-literal=password=hunter2", "--from-literal=password=" MARK },
		{ NULL, "--accessToken=hunter2", "--accessToken=" MARK },
		{ NULL, "DB_PWD=x", "DB_PWD=" MARK },
		{ NULL, "//registry.example.com/:_authToken=hunter2", "//registry.example.com/:_authToken=" MARK },
		{ NULL, "STRIPE_KEY=a1b2c3d4e5f6g7h8i9", "STRIPE_KEY=" MARK },
		{ "--token", "hunter2", MARK },
		{ "--password", "-hunter2", MARK },
		{ "--api-key", "abc", MARK },
		{ "-token", "abc", MARK },
		{ "--auth-key", "/x", NULL },
		{ "--key", "a1b2c3d4e5f6g7h8i9", MARK },
		{ NULL, "https://example.com/?access_token=abc&page=2", "https://example.com/?access_token=" MARK "&page=2" },
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples));
}

static void test_command_lines(void **state)
{
	static const struct sample samples[] = {
		{ "-c", "TOKEN=abc curl example.com", "TOKEN=" MARK " curl example.com" },
		{ "-lc", "TOKEN='a b' curl example.com", "TOKEN='" MARK "' curl example.com" },
		{ "-c", "PASSWORD=a\"b c\"d run", "PASSWORD=" MARK " run" },
		{ "-c", "eval 'cd x && TOKEN=abc make'", "eval 'cd x && TOKEN=" MARK " make'" },
		{ "-c", "mysql --password hunter2 -h db", "mysql --password " MARK " -h db" },
		{ "-c", "mysql --password -h db", NULL },
		{ "-c", "curl -u ann:hunter2 https://example.com", "curl -u ann:" MARK " https://example.com" },
		{ "-c", "curl -H \"Authorization: Bearer abc\" example.com", "curl -H \"Authorization: Bearer " MARK "\" example.com" },
		{ "-c", "curl -H 'X-Api-Key: abc' example.com", "curl -H 'X-Api-Key: " MARK "' example.com" },
		{ "-c", "curl -d '{\"api_key\": \"abc\", \"n\": 1}'", "curl -d '{\"api_key\": \"" MARK "\", \"n\": 1}'" },
		{ "-c", "curl -d \"{\\\"secret\\\":\\\"abc\\\",\\\"n\\\":1}\"", "curl -d \"{\\\"secret\\\":\\\"" MARK "\\\",\\\"n\\\":1}\"" },
		{ "-c", "curl -H \"Authorization: Bearer $TOKEN\" --token $TOKEN", NULL },
		{ "-c", "export TOKEN=$(cat t)", NULL },
		{ "-c", "echo password = 'hunter2'", "echo password = '" MARK "'" },
		{ NULL, "{\"password\":\"hun\\\"ter2\",\"x\":1}", "{\"password\":\"" MARK "\",\"x\":1}" },
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples));
}

static void test_headers(void **state)
{
	static const struct sample samples[] = {
		{ NULL, "Authorization: Bearer abc", "Authorization: Bearer " MARK },
		{ NULL, "authorization:Basic YW5uOmh1bnRlcjI=", "authorization:Basic " MARK },
		{ "-H", "Cookie: session=abc; theme=dark", "Cookie: " MARK },
		{ "-H", "token: abc", "token: " MARK },
		{ "-H", "PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: " MARK },
		{ "-H", "Accept: text/html", NULL },
		{ "-H", "X-Request-Id: 7b1f0a52-58c5-4f8e-8a67-0c9a1f2d3e4b", NULL },
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples));
}

static void test_issued_tokens(void **state)
{
	static const char *const tokens[] = { GITHUB, OPENAI, ANTHROPIC, AMAZON, SLACK, GITLAB, NPM, JWT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		char arg[256], in_text[256];
		const struct sample samples[] = {
			{ NULL, tokens[i], MARK },
			{ NULL, arg, "echo " MARK " | cat" },
			{ "-x", in_text, "\"" MARK "\"" },
		};

		snprintf(arg, sizeof(arg), "echo %s | cat", tokens[i]);
		snprintf(in_text, sizeof(in_text), "\"%s\"", tokens[i]);
		check(samples, ARRAY_SIZE(samples));
	}
	check(&(struct sample){ NULL, "x\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n", "x\n" MARK }, 1);
}

static void test_logins(void **state)
{
	static const struct sample samples[] = {
		{ NULL, "https://ann:hunter2@example.com/x", "https://ann:" MARK "@example.com/x" },
		{ NULL, "postgres://ann:hun/ter2@db:5432/shop", "postgres://ann:" MARK "@db:5432/shop" },
		{ NULL, "https://:hunter2@example.com", "https://:" MARK "@example.com" },
		{ NULL, "https://" "a1b2c3d4e5f6a7b8c9d0@example.com", "https://" MARK "@example.com" },
		{ "-u", "ann:hunter2", "ann:" MARK },
		{ "--user", "ann:hunter2", "ann:" MARK },
		{ "--user", "1000:1000", NULL },
		{ "-u", "ann", NULL },
		{ NULL, "https://ann@example.com/x", NULL },
		{ NULL, "https://example.com:8080/a@b", NULL },
		{ NULL, "http://[::1]:8080/", NULL },
		{ NULL, "git@github.com:ann/shop.git", NULL },
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples));
}

static void test_ordinary_arguments_survive(void **state)
{
	static const char *const plain[] = {
		"",
		"cat",
		".env",
		"/home/ann/shop/.env.production",
		"/home/ann/.ssh/id_ed25519",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"123e4567-e89b-12d3-a456-426614174000",
		"--max-tokens=4096",
		"--token-file=/run/secrets/token",
		"--token=/run/secrets/token",
		"--password-stdin",
		"PASSWORD_FILE=/run/secrets/db",
		"TOKENIZERS_PARALLELISM=false",
		"--author=Ann Example <ann@example.com>",
		"PWD=/home/ann/shop",
		"OLDPWD=/home/ann",
		"--cache-key=da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"user.signingkey=0x1234567890ABCDEF",
		"--key=/etc/ssl/private/server.pem",
		"--idempotency-key=123e4567-e89b-12d3-a456-426614174000",
		"--key=server-2024-production.pem",
		"fix token: handle expiry of a session",
		"docs: password: say how it is changed",
		"sk-learn-contrib-something-long-name",
		"task-0123456789012345678901234567890",
		"risk-based-authentication-2024-report.md",
		"if (token == expected) return;",
		"PASSWORD=",
		"--compass=north",
		"monkey=banana1banana2banana3",
		"ubuntu:22.04",
		"localhost:8080",
		"HEAD~3:src/main.c",
		"npm_config_registry=https://registry.example.com",
		"KEYBOARD=qwerty1234567890abc",
		"-----BEGIN CERTIFICATE-----",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		check(&(struct sample){ NULL, plain[i], NULL }, 1);
	check(&(struct sample){ "--max-tokens", "4096", NULL }, 1);
	check(&(struct sample){ "--token", "--verbose", NULL }, 1);
	check(&(struct sample){ "--token=x", "cat", NULL }, 1);
	check(&(struct sample){ "-p", "8080:80", NULL }, 1);
}

/* More places than fit: what comes last is hidden whole rather than shown. */
static void test_too_many_places(void **state)
{
	struct strbuf arg = STRBUF_INIT, out = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 20; i++)
		strbuf_addf(&arg, "T%d_TOKEN=value%d ; ", i, i);
	redact_arg(&out, "-c", 2, arg.data, arg.len);
	assert_non_null(strstr(out.data, "T0_TOKEN=" MARK " ; T1_TOKEN=" MARK));
	assert_null(strstr(out.data, "value"));
	strbuf_done(&arg);
	strbuf_done(&out);
}

/* Any bytes: no read behind the end (sanitizers), spans in order, inside and apart. */
static void test_spans_are_in_bounds(void **state)
{
	static const char pieces[][16] = { "token", "=", ":", "\"", "\\", "'", " ", "--", "://", "@", "sk-", "eyJ", ".", "\0x",
					   "$A", "-----BEGIN ", "PRIVATE KEY", "ghp_", "0123456789abcde" };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct redact_span spans[REDACT_SPANS];
		size_t len = 0, cnt, end = 0, want;
		char text[128];
		cleanup_free char *arg = NULL;

		seed = seed * 1664525 + 1013904223;
		want = seed >> 8 & 63;
		while (len < want) {
			const char *p;
			size_t n;

			seed = seed * 1664525 + 1013904223;
			p = pieces[(seed >> 10) % ARRAY_SIZE(pieces)];
			n = *p ? strlen(p) : 2;
			memcpy(text + len, p, n);
			len += n;
		}
		arg = malloc(len ? len : 1); /* exact, for the sanitizer */
		assert_non_null(arg);
		memcpy(arg, text, len);
		cnt = redact_find(round & 1 ? "-c" : "--token", round & 1 ? 2 : round % 8, arg, len, spans);
		for (size_t i = 0; i < cnt; i++) {
			assert_true(spans[i].len > 0);
			assert_true(i ? spans[i].at > end : true);
			end = spans[i].at + spans[i].len;
			assert_true(end <= len);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_with_values),
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_issued_tokens),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_ordinary_arguments_survive),
		cmocka_unit_test(test_too_many_places),
		cmocka_unit_test(test_spans_are_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
