/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* How fast a scan goes: sources as they are, and the same in JSON lines as transcripts have them, one core, by CPU
 * time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "scan/look.h"

#define BYTES (64u << 20)
#define LINE  4000

static void unread(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}

static bool go_on(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return true;
}

static void run(const char *what, struct rules *rules, const struct own *own, const char *text, size_t len)
{
	struct look l = { .rules = rules, .own = own, .unread = unread, .beat = go_on };
	size_t hits = 0;
	clock_t begun = clock();

	for (size_t at = 0; at < len; at += EXTRACT_CHUNK) {
		look_bytes(&l, text + at, len - at < EXTRACT_CHUNK ? len - at : EXTRACT_CHUNK);
		hits += l.cnt;
	}
	printf("  %-28s %7.1f MB/s, %zu hits in %zu MB\n", what,
	       (double)len / 1e6 / ((double)(clock() - begun) / CLOCKS_PER_SEC), hits, len / 1000000);
	look_done(&l);
}

int main(void)
{
	static char text[1 << 20];
	struct strbuf plain = STRBUF_INIT, json = STRBUF_INIT;
	struct rules *rules = NULL;
	struct own *own = NULL;
	char name[4096];
	FILE *f = fopen("policies/secret-rules.tsv", "r");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (f)
		fclose(f);
	if (rules_new(text, n, &rules, NULL) || own_new(&own))
		return 1;
	own_add_file(own, "f", "K=v4x9-kq27-zz81-pm35\n", 22);
	f = popen("find src bpf include tests /usr/include /usr/share -name '*.[ch]' -o -name '*.py' -o -name '*.md'",
	          "r");
	while (f && fgets(name, sizeof(name), f) && plain.len < BYTES) {
		FILE *one = fopen(strtok(name, "\n"), "r");

		while (one && (n = fread(text, 1, sizeof(text), one)) > 0 && plain.len < BYTES)
			strbuf_add(&plain, text, n);
		if (one)
			fclose(one);
	}
	if (f)
		pclose(f);
	for (size_t at = 0; at < plain.len; at += LINE) {
		strbuf_adds(&json, "{\"type\":\"user\",\"message\":{\"content\":[{\"content\":\"");
		for (size_t i = at; i < plain.len && i < at + LINE; i++) {
			if (plain.data[i] == '"' || plain.data[i] == '\\')
				strbuf_addc(&json, '\\');
			if (plain.data[i] == '\n')
				strbuf_adds(&json, "\\n");
			else if (plain.data[i] == '\t')
				strbuf_adds(&json, "\\t");
			else
				strbuf_addc(&json, plain.data[i]);
		}
		strbuf_adds(&json, "\"}]}}\n");
	}
	run("sources", rules, own, strbuf_str(&plain), plain.len);
	run("JSON lines", rules, own, strbuf_str(&json), json.len);
	strbuf_done(&plain);
	strbuf_done(&json);
	rules_free(rules);
	own_free(own);
	return 0;
}
