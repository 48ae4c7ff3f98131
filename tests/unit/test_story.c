/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what people read of a story, from records to lines; what begins none; what is second-hand; and that the table in
 * ARCHITECTURE.md is what the program does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "correlate/incident.h"
#include "correlate/pipeline.h"
#include "output/output.h"
#include "story.h"

static struct policy *policy;
static struct compiled *compiled;
static union record rec;

struct run {
	struct pipeline *p;
	struct output *text;
	struct strbuf json;      /* of the incidents */
	int fd;
	char said[16384];
};

static const struct report_source source = { .host = "ws-17", .boot_id = "boot", .host_id = "host" };

static void on_report(void *arg, const struct report *r)
{
	struct run *run = arg;

	assert_int_equal(output_ops(run->text)->write(run->text, r), 0);
	if (r->kind == REPORT_INCIDENT)
		output_json_format(&run->json, r);
}

static int make(void **state)
{
	static struct run run;
	struct pipeline_config config = { .compiled = compiled, .source = &source, .sink = on_report, .arg = &run };

	run = (struct run){ .json = STRBUF_INIT, .fd = memfd_create("story", MFD_CLOEXEC) };
	*state = &run;
	return run.fd < 0 ? -1 : output_text_new(run.fd, &(struct report_host){ .show_exec = false }, 0, false, &run.text) ? -1 : pipeline_new(&config, &run.p);
}

static int unmake(void **state)
{
	struct run *run = *state;

	pipeline_free(run->p);
	output_free(run->text);
	strbuf_done(&run->json);
	close(run->fd);
	return 0;
}

static void feed(void *arg, const union record *r, size_t size)
{
	struct run *run = arg;

	assert_int_equal(pipeline_record(run->p, r, size), 0);
}

/* All lines so far. */
static const char *said(struct run *run)
{
	ssize_t n;

	assert_int_equal(output_ops(run->text)->flush(run->text), 0);
	n = pread(run->fd, run->said, sizeof(run->said) - 1, 0);
	assert_true(n >= 0);
	run->said[n] = '\0';
	return run->said;
}

static void opens(struct run *run, uint64_t s, const struct who *who, const char *path, uint16_t rule, uint8_t action, uint8_t reader)
{
	feed(run, &rec, story_open(&rec, compiled, s * SECOND, who, path, rule, action, reader));
}

static void sends(struct run *run, uint64_t s, const struct who *who, const uint8_t addr[4], uint64_t read_s, uint64_t bytes)
{
	feed(run, &rec, rec_sent(&rec, s * SECOND, who, 7, addr, 443, read_s * SECOND, s * SECOND, bytes));
}

static void a_story_is_four_lines(void **state)
{
	struct run *run = *state;

	story_all(compiled, feed, run);
	assert_string_equal(said(run),
		"08:00:10.000 start claude-code:100                 in ~/shop  ann  exe\n"
		"08:00:10.000 log   claude-code:100                 read ~/shop/.env  dotenv  at start  startup-load\n"
		"08:00:12.000 ALERT claude-code:100 > cat           read ~/shop/.env  dotenv  secret\n"
		"08:00:24.000 LEAK? claude-code:100 > cat           read ~/shop/.env  then sent 300 B to api.anthropic.example:443  "
		"confidence low\n"
		"             cat:101 read ~/shop/.env (dotenv)\n"
		"             claude:100 sent 300 B or more to api.anthropic.example:443 (anthropic), 8.0 s after the read\n"
		"             confidence low (45): little was sent after the read: a keep-alive looks the same; the first of it within a "
		"minute; read by the tool itself or by a program that prints; sent by another process of the session; to a provider of "
		"the tool's own\n"
		"08:00:30.000 ALERT claude-code:100                 read ~/shop/.env  dotenv  secret\n"
		"08:00:35.000 LEAK? claude-code:100                 read ~/shop/.env  then sent 40.9 kB to api.anthropic.example:443  "
		"confidence high\n"
		"             claude:100 read ~/shop/.env (dotenv)\n"
		"             claude:100 sent 40.9 kB or more to api.anthropic.example:443 (anthropic), 0.0 s after the read\n"
		"             confidence high (100): 8 KiB or more were sent after the read; the first of it within 5 seconds; read by the "
		"tool itself or by a program that prints; sent by the process that read; to a provider of the tool's own\n"
		"08:01:50.000 start codex:200                       in ~/shop  ann  exe\n"
		"08:01:53.000 log   codex:200 > ssh                 read ~/.ssh/id_ed25519  keys  made-for-it\n"
		"08:02:30.000 ALERT codex:200 > cat                 read ~/.claude/projects/-home-ann-shop/5f3a.jsonl  "
		"transcripts,own:claude-code  transcript\n"
		"08:02:51.000 LEAK? codex:200 > cat                 read ~/.claude/projects/-home-ann-shop/5f3a.jsonl  then sent 16.3 kB "
		"to paste.example:443  confidence high\n"
		"             cat:201 read ~/.claude/projects/-home-ann-shop/5f3a.jsonl (transcripts), a store of claude-code, which had "
		"read ~/shop/.env 2m00s before\n"
		"             codex:200 sent 16.3 kB or more to paste.example:443 (unknown), 1.0 s after the read\n"
		"             confidence high (85): 8 KiB or more were sent after the read; the first of it within 5 seconds; second-hand: "
		"from the store of a tool that had read a secret; sent by another process of the session; to a host that no list knows\n"
		"08:02:51.000 end   codex:200                       after 1m01s  2 files, 0 connections, 1 alert\n"
		"08:02:53.000 end   claude-code:100                 after 2m43s  3 files, 0 connections, 2 alerts\n");
}

static void what_is_expected_is_no_story(void **state)
{
	struct run *run = *state;

	story_begin(feed, run);
	story_second_tool(feed, run);
	opens(run, 203, &story_claude, story_env, STORY_STARTUP, SL_ACTION_LOG, SL_READER_STARTUP);
	sends(run, 204, &story_claude, story_elsewhere, 203, 100000);
	opens(run, 205, &story_ssh, story_key, STORY_MADE_FOR_IT, SL_ACTION_LOG, SL_READER_PURPOSE);
	sends(run, 206, &story_ssh, story_elsewhere, 205, 100000);
	/* Not even where a rule alerts of them: the reader says what it is. */
	opens(run, 207, &story_claude, story_env, STORY_SECRET, SL_ACTION_ALERT, SL_READER_STARTUP);
	sends(run, 208, &story_claude, story_elsewhere, 207, 100000);
	opens(run, 209, &story_ssh, story_key, STORY_SECRET, SL_ACTION_ALERT, SL_READER_PURPOSE);
	sends(run, 210, &story_ssh, story_elsewhere, 209, 100000);
	/* What was refused was not read. */
	story_open(&rec, compiled, 211 * SECOND, &story_cat, story_env, STORY_SECRET, SL_ACTION_BLOCK, SL_READER_GENERIC);
	rec.file.taken = SL_TAKEN_DENIED;
	feed(run, &rec, rec.hdr.size);
	sends(run, 212, &story_claude, story_elsewhere, 211, 100000);
	story_end(feed, run);
	assert_null(strstr(said(run), "LEAK?"));
}

/* A tool may look into its own store; it is a story only when a secret went in there before. */
static void own_store_second_hand(void **state)
{
	struct run *run = *state;

	story_begin(feed, run);
	opens(run, 110, &story_cat, story_transcript, STORY_TRANSCRIPT, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 111, &story_claude, story_vendor, 110, 50000);
	story_tick(feed, run, 120 * SECOND);
	assert_null(strstr(said(run), "LEAK?"));
	opens(run, 130, &story_claude, story_env, STORY_SECRET, SL_ACTION_ALERT, SL_READER_SELF);
	opens(run, 131, &story_cat, story_key, STORY_SECRET, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 132, &story_claude, story_vendor, 131, 50000);
	story_tick(feed, run, 140 * SECOND);
	strbuf_reset(&run->json);
	opens(run, 193, &story_cat, story_transcript, STORY_TRANSCRIPT, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 194, &story_claude, story_vendor, 193, 50000);
	story_tick(feed, run, 200 * SECOND);
	assert_non_null(strstr(said(run), "(transcripts), a store of claude-code, which had read ~/.ssh/id_ed25519 and 1 more 1m02s before\n"));
	assert_non_null(strstr(strbuf_str(&run->json), "\"second_hand\":{\"store\":\"claude-code\",\"of\":{\"path\":\"/home/ann/.ssh/id_ed25519\","
			       "\"time\":\"2027-01-15T08:00:41.000000000Z\",\"session\":\"174876e800-100\"},\"more\":1}"));
	assert_non_null(strstr(strbuf_str(&run->json), "\"severity\":\"medium\""));
}

/* Another tool's transcript, and nothing is known of a secret in it: told, and weaker. */
static void a_store_of_which_nothing_is_known(void **state)
{
	struct run *run = *state;

	story_begin(feed, run);
	story_second_tool(feed, run);
	opens(run, 210, &story_cat2, story_transcript, STORY_TRANSCRIPT, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 211, &story_codex, story_elsewhere, 210, 50000);
	story_tick(feed, run, 220 * SECOND);
	assert_non_null(strstr(said(run), "a store of claude-code, of which no secret is known\n"));
	assert_non_null(strstr(said(run), "confidence high (75): "));
	assert_non_null(strstr(said(run), "from another tool's store: whether a secret is in it is not known; "));
	assert_non_null(strstr(strbuf_str(&run->json), "\"severity\":\"medium\""));
	assert_non_null(strstr(strbuf_str(&run->json), "\"second_hand\":{\"store\":\"claude-code\"}"));
}

static void hostile_names_are_shown_once_escaped(void **state)
{
	static const char name[] = "/home/ann/\033[2J\n\xff\xe2\x80\xae/.env";
	struct run *run = *state;

	story_begin(feed, run);
	opens(run, 110, &story_cat, name, STORY_SECRET, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 111, &story_claude, story_vendor, 110, 50000);
	story_second_tool(feed, run);
	opens(run, 210, &story_cat2, story_transcript, STORY_TRANSCRIPT, SL_ACTION_ALERT, SL_READER_GENERIC);
	sends(run, 211, &story_codex, story_elsewhere, 210, 50000);
	story_end(feed, run);
	assert_non_null(strstr(said(run), "cat:101 read ~/\\e[2J\\n\\xff\\u{202e}/.env (dotenv)\n"));
	assert_non_null(strstr(said(run), "which had read ~/\\e[2J\\n\\xff\\u{202e}/.env 1m40s before\n"));
	assert_null(strchr(said(run), '\033'));
	assert_null(strchr(strbuf_str(&run->json), '\033'));
}

/* ---- the table in ARCHITECTURE.md ------------------------------------------------------------------------------------- */

static void documented(const char *doc, unsigned int points, const char *reason)
{
	char row[4352];

	snprintf(row, sizeof(row), "| %s | %u |", reason, points);
	if (!strstr(doc, row))
		fail_msg("ARCHITECTURE.md has no row: %s", row);
}

static size_t scores;
static char reasons[32][128];
static unsigned int points_of[32];

static void on_incident(void *arg, const struct incident *i, uint64_t time_ns)
{
	(void)arg;
	(void)time_ns;
	for (size_t n = 0; n < i->reasons_cnt; n++) {
		assert_true(scores < 32);
		snprintf(reasons[scores], sizeof(reasons[0]), "%s", i->reasons[n]);
		points_of[scores++] = i->points[n];
	}
}

static void the_table_is_what_it_does(void **state)
{
	static const uint64_t bytes[] = { 100, 2000, 9000 }, delays[] = { 1, 30, 300 };
	const char *src = getenv("SLUICE_SRC");
	char path[4096], env[] = "/a/.env", host_name[] = "h";
	static char doc[128 << 10];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/ARCHITECTURE.md", src ? src : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	/* Every kind of read, of destination, of amount and delay, one after the other. */
	for (unsigned int kind = 0; kind < 4; kind++) {
		for (unsigned int n = 0; n < 3; n++) {
			struct incidents *t = incidents_new(on_incident, NULL);
			struct policy_provider provider = { 0 };
			struct incident_read read = { .time_ns = 10 * SECOND, .process = { .pid = 1 }, .tool = 1, .path = env,
						      .reader = kind ? SL_READER_OTHER : SL_READER_SELF };
			struct incident_flow flow = { .cookie = 1, .process = { .pid = n % 2 + 1 }, .host = host_name,
						      .segment_ns = 20 * SECOND, .first_ns = (20 + delays[n]) * SECOND,
						      .segment_bytes = bytes[n], .evidence = "none", .confidence = "none",
						      .own = kind == 1, .loopback = kind == 2, .provider = kind == 3 ? &provider : NULL };

			assert_non_null(t);
			/* 0, 1: first-hand; 2: second-hand; 3: a store of which nothing is known. */
			if (kind == 2)
				assert_int_equal(incidents_read(t, 5, 50, 1, &read), 0);
			read.time_ns = 20 * SECOND;
			read.second_hand = kind >= 2;
			read.store = kind == 3 ? 2 : 1;
			assert_int_equal(incidents_read(t, 7, 70, 1, &read), 0);
			if (n == 2 && kind == 2) {
				read.second_hand = false;
				assert_int_equal(incidents_read(t, 7, 70, 1, &read), 0);
			}
			scores = 0;
			assert_true(incidents_sent(t, 7, 70, &flow, (21 + delays[n]) * SECOND));
			incidents_flush(t, 400 * SECOND);
			incidents_free(t);
			assert_true(scores >= 5);
			for (size_t s = 0; s < scores; s++)
				documented(doc, points_of[s], reasons[s]);
		}
	}
	snprintf(path, sizeof(path), "`high` from %u points, `medium` from %u", INCIDENT_HIGH, INCIDENT_MEDIUM);
	assert_non_null(strstr(doc, path));
}

static int make_policy(void **state)
{
	struct errmsg e = { 0 };

	(void)state;
	setenv("TZ", "UTC", 1);
	return story_policy_make(&policy, &compiled, &e);
}

static int unmake_policy(void **state)
{
	(void)state;
	compiled_free(compiled);
	policy_free(policy);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_story_is_four_lines, make, unmake),
		cmocka_unit_test_setup_teardown(what_is_expected_is_no_story, make, unmake),
		cmocka_unit_test_setup_teardown(own_store_second_hand, make, unmake),
		cmocka_unit_test_setup_teardown(a_store_of_which_nothing_is_known, make, unmake),
		cmocka_unit_test_setup_teardown(hostile_names_are_shown_once_escaped, make, unmake),
		cmocka_unit_test(the_table_is_what_it_does),
	};

	return cmocka_run_group_tests(tests, make_policy, unmake_policy);
}
