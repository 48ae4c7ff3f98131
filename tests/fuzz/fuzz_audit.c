/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Any bytes as each file that an audit parses: the first byte chooses which. Texts end where they must and words are
 * words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/settings.h"
#include "audit/signin.h"
#include "audit/toml.h"
#include "audit/value.h"
#include "base/cleanup.h"
#include "process/sqlimage.h"

#define EXPECT(x)                                                                                                      \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			abort();                                                                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_account(void *arg, const struct audit_account *a)
{
	(void)arg;
	EXPECT(a->kind < _AUDIT_KINDS && a->confidence < _AUDIT_CONFIDENCES);
	EXPECT(memchr(a->tool, 0, sizeof(a->tool)) && memchr(a->plan, 0, sizeof(a->plan)) &&
	       memchr(a->evidence, 0, sizeof(a->evidence)));
	for (const char *p = a->plan; *p; p++)
		EXPECT((unsigned char)*p > ' ' && (unsigned char)*p < 0x7f);
}

static void take_row(void *arg, const struct audit_row *r)
{
	(void)arg;
	EXPECT(r->area < _AUDIT_AREAS && r->grade < _AUDIT_GRADES);
	EXPECT(memchr(r->what, 0, AUDIT_TEXT) && memchr(r->why, 0, AUDIT_TEXT) && memchr(r->todo, 0, AUDIT_TEXT) &&
	       memchr(r->evidence, 0, AUDIT_TEXT));
}

static void database(const uint8_t *data, size_t size)
{
	size_t half = size > 4096 ? 4096 : size;
	const uint8_t *wal = data + half;
	size_t room = sqlimage_room(half, wal, size - half);
	unsigned char *copy = sqlite3_malloc64(room ? room : 1);
	struct sqlimage image;

	EXPECT(copy);
	memcpy(copy, data, half);
	if (sqlimage_open(copy, half, room, wal, size - half, &image))
		return;
	sqlite3_exec(image.db, "SELECT * FROM sqlite_schema; SELECT value FROM ItemTable", NULL, NULL, NULL);
	sqlimage_done(&image);
}

static void documents(unsigned int which, const struct audit_sink *s, const char *text, size_t size)
{
	cleanup_(value_putp) struct json_object *o = value_parse(text, size);
	struct signin_claude claude = { o, o, NULL, o };
	struct signin_codex codex = { .auth = o };
	struct audit_env env = { text, size };

	switch (which) {
	case 0:
		signin_claude(s, &claude);
		settings_claude(s, o, "f", SETTINGS_PROJECT);
		settings_claude_defaults(s, o, NULL);
		settings_mcp(s, "t", value_at(o, "mcpServers"), "f", true);
		break;
	case 1:
		signin_codex(s, &codex);
		signin_opencode(s, o, "opencode", "f");
		signin_copilot(s, o, "f");
		break;
	default:
		signin_gemini(s, "gemini-cli", o, true, &env, "f");
		settings_gemini(s, "gemini-cli", o, "f", SETTINGS_USER);
		settings_opencode(s, o, "f", SETTINGS_USER);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct audit_sink sink = { take_account, take_row, NULL };
	cleanup_free char *text = size ? malloc(size) : NULL;
	struct signin_codex codex = { 0 };
	char host[64];

	if (!text || size > 65536)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 7) {
	case 3:
		settings_codex(&sink, text, size - 1, "f", true, &codex);
		signin_codex(&sink, &codex);
		break;
	case 4:
		settings_aider(&sink, text, size - 1, "f");
		settings_goose(&sink, text, size - 1, "f");
		audit_url_host(text, host, sizeof(host));
		break;
	case 5:
		signin_env(&sink, "claude-code", &(struct audit_env){ text, size - 1 }, "e");
		signin_env(&sink, "aider", &(struct audit_env){ text, size - 1 }, "e");
		json_object_put(signin_jwt(text));
		break;
	case 6:
		database(data + 1, size - 1);
		break;
	default:
		documents(data[0] % 7, &sink, text, size - 1);
	}
	return 0;
}
