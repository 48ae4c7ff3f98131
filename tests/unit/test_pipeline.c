/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: which reports a run of records gives, in which order, with what in them. Each report becomes one line of
 * text here, so that a test shows what a user would read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "correlate/burst.h"
#include "correlate/names.h"
#include "correlate/pipeline.h"
#include "event/decode.h"
#include "event/recording.h"
#include "records.h"
#include "small_policy.h"

#define WALL (1700000000ull * SECOND)

static struct small_policy small;
static union record rec;

static const struct who shell = { .tgid = 50, .ppid = 1, .uid = 1000, .start_ns = 40 * SECOND, .comm = "bash" };
static const struct who tool = { .tgid = 100, .ppid = 50, .uid = 1000, .start_ns = 99 * SECOND, .session_ns = 100 * SECOND,
				 .session_pid = 100, .tool = SMALL_CLAUDE, .comm = "claude" };
static const struct who cat = { .tgid = 101, .ppid = 100, .uid = 1000, .start_ns = 101 * SECOND, .session_ns = 100 * SECOND,
				.session_pid = 100, .tool = SMALL_CLAUDE, .comm = "cat" };
static const uint8_t addr[4] = { 192, 0, 2, 7 }, in_range[4] = { 198, 51, 100, 9 };

struct run {
	struct pipeline *p;
	struct strbuf out;
	uint64_t seq;
	uint64_t shown, repeats;   /* events with a line of their own; events told as repeats */
};

static void add_net(struct strbuf *b, const struct report *r)
{
	const uint8_t *a = r->net.addr.addr;

	strbuf_addf(b, " %u.%u.%u.%u:%u provider=%s %s/%s", a[0], a[1], a[2], a[3], r->net.port,
		    r->net.provider ? r->net.provider : "-", r->net.evidence, r->net.confidence);
	for (size_t i = 0; i < r->net.candidates_cnt; i++)
		strbuf_addf(b, "%s%s", i ? "," : " host=", r->net.candidates[i].name);
}

static void on_report(void *arg, const struct report *r)
{
	struct run *run = arg;
	struct strbuf *b = &run->out;
	char uid[REPORT_UID_SIZE];

	assert_int_equal(r->seq, ++run->seq);
	snprintf(uid, sizeof(uid), "-%llu", (unsigned long long)r->seq);
	assert_string_equal(strrchr(report_uid(r), '-'), uid);
	assert_non_null(r->policy);
	if (r->kind == REPORT_FILE_OPEN || r->kind == REPORT_NET_CONNECT)
		run->shown += !r->repeats;
	run->repeats += r->repeats;
	strbuf_adds(b, report_kind_name(r->kind));
	if (r->has_process)
		strbuf_addf(b, " %u:%s", r->process.pid, r->process.exe[0] ? r->process.exe : r->process.comm);
	for (size_t i = 0; i < r->ancestors_cnt; i++)
		strbuf_addf(b, "<%u", r->ancestors[i].pid);
	if (r->ancestry_cut)
		strbuf_adds(b, "<more");
	if (r->tool.name)
		strbuf_addf(b, " tool=%s", r->tool.name);
	if (r->tool.session_live)
		strbuf_addf(b, " session=%u", r->tool.session.pid);
	if (r->kind == REPORT_FILE_OPEN)
		strbuf_addf(b, " %.*s %s", (int)r->file.path.len, r->file.path.s, r->file.classes_cnt ? r->file.classes[0] : "-");
	if (r->kind == REPORT_NET_CONNECT)
		add_net(b, r);
	if (r->kind == REPORT_GUARD)
		strbuf_addf(b, " %s %u %s %s", r->guard.what, (unsigned int)(r->guard.signal.n + r->guard.command.n), strndupa(r->guard.path.s, r->guard.path.len),
			    r->verdict);
	if (r->rule.id)
		strbuf_addf(b, " %s=%s", r->rule.id, r->verdict);
	if (r->taken)
		strbuf_addf(b, " %s by %s", r->outcome, r->by ? r->by : "none");
	if (r->kind == REPORT_LOSS)
		strbuf_addf(b, " %s %llu", r->loss.reason, (unsigned long long)r->loss.count);
	if (r->repeats)
		strbuf_addf(b, " x%llu", (unsigned long long)r->repeats);
	if (r->kind >= REPORT_AGENT_START && r->kind <= REPORT_HOOKS)
		strbuf_addf(b, " '%s'", r->text);
	strbuf_addc(b, '\n');
}

static int make(void **state)
{
	static struct run run;
	struct pipeline_config config = { .compiled = small.compiled, .sink = on_report, .arg = &run };

	run = (struct run){ .out = STRBUF_INIT };
	*state = &run;
	return pipeline_new(&config, &run.p);
}

static int unmake(void **state)
{
	struct run *run = *state;

	pipeline_free(run->p);
	strbuf_done(&run->out);
	return 0;
}

static void feed(struct run *run, size_t size)
{
	assert_int_equal(pipeline_record(run->p, &rec, size), 0);
}

/* The reports since the last call. */
static void assert_reports(struct run *run, const char *expect)
{
	assert_string_equal(strbuf_str(&run->out), expect);
	strbuf_reset(&run->out);
}

static void tick(struct run *run, uint64_t time_ns)
{
	feed(run, rec_clock(&rec, time_ns, WALL + time_ns));
}

/* The clock, a shell, the tool below it and cat below that; then forgets what was reported. */
static void start(struct run *run)
{
	tick(run, SECOND);
	feed(run, rec_user(&rec, 1000, "ann"));
	rec_exec(&rec, 60 * SECOND, &shell, "/bin/bash", "/home/ann", "bash", 5);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	feed(run, rec.hdr.size);
	feed(run, rec_exec(&rec, 100 * SECOND, &tool, "/opt/claude", "/home/ann/shop", "claude", 7));
	feed(run, rec_fork(&rec, 101 * SECOND, &cat));
	feed(run, rec_exec(&rec, 101 * SECOND, &cat, "/bin/cat", "/home/ann/shop", "cat\0.env", 9));
	strbuf_reset(&run->out);
}

static void open_env(struct run *run, uint64_t time_ns)
{
	feed(run, rec_file(&rec, time_ns, &cat, "/home/ann/shop/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
}

static void test_life_of_a_session(void **state)
{
	struct run *run = *state;

	tick(run, SECOND);
	rec_exec(&rec, 60 * SECOND, &shell, "/bin/bash", "/home/ann", "bash", 5);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	feed(run, rec.hdr.size);
	assert_reports(run, ""); /* outside every session: nobody's business */
	feed(run, rec_exec(&rec, 100 * SECOND, &tool, "/opt/claude", "/home/ann/shop", "claude", 7));
	assert_reports(run, "session.start 100:/opt/claude<50 tool=claude-code session=100\n"
			    "proc.exec 100:/opt/claude<50 tool=claude-code session=100\n");
	feed(run, rec_fork(&rec, 101 * SECOND, &cat));
	assert_reports(run, "");
	feed(run, rec_exec(&rec, 101 * SECOND, &cat, "/bin/cat", "/home/ann/shop", "cat\0.env", 9));
	assert_reports(run, "proc.exec 101:/bin/cat<100<50 tool=claude-code session=100\n");
	feed(run, rec_exit(&rec, 102 * SECOND, &tool));
	assert_reports(run, "proc.exit 100:/opt/claude<50 tool=claude-code session=100\n");
	feed(run, rec_exit(&rec, 103 * SECOND, &cat));
	assert_reports(run, "proc.exit 101:/bin/cat<100<50 tool=claude-code session=100\n"
			    "session.end 101:/bin/cat<100<50 tool=claude-code session=100\n");
}

static void test_secret_is_reported_with_everything(void **state)
{
	struct run *run = *state;

	start(run);
	open_env(run, 102 * SECOND);
	assert_reports(run, "file.open 101:/bin/cat<100<50 tool=claude-code session=100 /home/ann/shop/.env dotenv secret=alert\n");
	assert_int_equal(proctree_session(pipeline_tree(run->p), 100 * SECOND, 100)->files, 1);
	assert_int_equal(proctree_session(pipeline_tree(run->p), 100 * SECOND, 100)->alerts, 1);
	assert_int_equal(pipeline_stats(run->p)->alerts, 1);
}

static struct report last;
static char last_user[32];

static void keep_report(void *arg, const struct report *r)
{
	(void)arg;
	last = *r;
	snprintf(last_user, sizeof(last_user), "%s", r->process.user);
}

static void test_report_carries_wall_time_and_user(void **state)
{
	struct pipeline_config config = { .compiled = small.compiled, .sink = keep_report };
	cleanup_(pipeline_freep) struct pipeline *p = NULL;
	size_t size;

	(void)state;
	assert_int_equal(pipeline_new(&config, &p), 0);
	pipeline_record(p, &rec, rec_clock(&rec, SECOND, WALL + SECOND));
	pipeline_record(p, &rec, rec_user(&rec, 1000, "old"));
	pipeline_record(p, &rec, rec_user(&rec, 1000, "ann"));
	size = rec_file(&rec, 102 * SECOND + 7, &cat, "/home/ann/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_BLOCK);
	rec.file.taken = SL_TAKEN_DENIED;
	rec.file.reader = SL_READER_GENERIC;
	pipeline_record(p, &rec, size);
	assert_int_equal(last.kind, REPORT_FILE_OPEN);
	assert_int_equal(last.wall_ns, WALL + 102 * SECOND + 7);
	assert_int_equal(last.time_ns, 102 * SECOND + 7);
	assert_string_equal(last_user, "ann");
	assert_int_equal(last.action, SL_ACTION_BLOCK);
	assert_int_equal(last.taken, SL_TAKEN_DENIED);
	assert_string_equal(last.by, "lsm");
	assert_string_equal(last.file.reader, "generic");
}

static void test_allowed_is_counted_not_reported(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_file(&rec, 102 * SECOND, &cat, "/home/ann/notes.txt", 3, SMALL_RULE_NOTES, SL_ACTION_ALLOW));
	feed(run, rec_net(&rec, 102 * SECOND, &tool, in_range, 443));
	assert_reports(run, "");
	assert_int_equal(pipeline_stats(run->p)->allowed, 2);
	assert_int_equal(pipeline_stats(run->p)->alerts, 0);
}

static void test_unknown_process_is_shown_by_what_the_record_says(void **state)
{
	struct run *run = *state;
	struct who w = shell;

	w.tgid = 4711;
	w.ppid = 0;
	feed(run, rec_file(&rec, 102 * SECOND, &w, "/home/ann/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
	assert_reports(run, "file.open 4711:bash /home/ann/.env dotenv secret=alert\n");
	assert_false(pipeline_knows(run->p, 4711, w.start_ns));
	rec_exec(&rec, 101 * SECOND, &w, "/bin/bash", "/", "bash", 5);
	rec.exec.origin = SL_EXEC_ORIGIN_STRANGER;
	feed(run, rec.hdr.size);
	assert_true(pipeline_knows(run->p, 4711, w.start_ns));
	assert_reports(run, "");
}

static void test_deep_ancestry_is_cut_and_says_so(void **state)
{
	struct run *run = *state;
	struct who w = tool;

	for (uint32_t i = 0; i < 20; i++) {
		w.tgid = 100 + i;
		w.ppid = 99 + i;
		w.start_ns = (99 + i) * SECOND;
		feed(run, rec_fork(&rec, (100 + i) * SECOND, &w));
	}
	strbuf_reset(&run->out);
	feed(run, rec_file(&rec, 200 * SECOND, &w, "/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
	assert_reports(run, "file.open 119:claude<118<117<116<115<114<113<112<111<110<109<108<107<106<105<104<103<more "
			    "tool=claude-code session=100 /.env dotenv secret=alert\n");
}

/* ---- repeats -------------------------------------------------------------------------------------------------------- */

#define ENV_LINE "file.open 101:/bin/cat<100<50 tool=claude-code session=100 /home/ann/shop/.env dotenv secret=alert"

static void test_repeats_are_folded_within_a_second(void **state)
{
	struct run *run = *state;

	start(run);
	for (int i = 0; i < 5; i++)
		open_env(run, 102 * SECOND + (uint64_t)i);
	assert_reports(run, ENV_LINE "\n");
	tick(run, 102 * SECOND + 500 * MSEC);
	assert_reports(run, "");
	tick(run, 103 * SECOND);
	assert_reports(run, ENV_LINE " x4\n");
	tick(run, 104 * SECOND);
	assert_reports(run, "");
	open_env(run, 105 * SECOND);
	assert_reports(run, ENV_LINE "\n");
	assert_int_equal(pipeline_stats(run->p)->alerts, 6);
	assert_int_equal(pipeline_stats(run->p)->folded, 4);
}

#define CAT_WHO " 101:/bin/cat<100<50 tool=claude-code session=100"

/* systemd starts it: no descendant, but the kernel knew the unit that the session had asked for. */
static void test_a_unit_joins_the_session(void **state)
{
	static const struct who manager = { .tgid = 60, .ppid = 1, .uid = 1000, .start_ns = 2 * SECOND, .comm = "systemd" };
	static const struct who unit = { .tgid = 120, .ppid = 60, .uid = 1000, .start_ns = 105 * SECOND, .session_ns = 100 * SECOND,
					 .session_pid = 100, .tool = SMALL_CLAUDE, .comm = "cat" };
	struct run *run = *state;

	start(run);
	rec_exec(&rec, 104 * SECOND, &manager, "/lib/systemd/systemd", "/", "systemd", 8);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	feed(run, rec.hdr.size);
	strbuf_reset(&run->out);
	rec_exec(&rec, 105 * SECOND, &unit, "/bin/cat", "/", "cat", 4);
	rec.exec.evidence = SL_EVID_UNIT;
	feed(run, rec.hdr.size);
	feed(run, rec_exit(&rec, 106 * SECOND, &unit));
	assert_reports(run, "lineage.kept 120:/bin/cat<60 tool=claude-code session=100\n"
			    "proc.exec 120:/bin/cat<60 tool=claude-code session=100\n"
			    "proc.exit 120:/bin/cat<60 tool=claude-code session=100\n");
	/* The session goes on where it began. */
	feed(run, rec_exit(&rec, 107 * SECOND, &cat));
	feed(run, rec_exit(&rec, 108 * SECOND, &tool));
	assert_non_null(strstr(strbuf_str(&run->out), "session.end"));
}

static void test_guard_is_told_and_folded(void **state)
{
	struct run *run = *state;

	start(run);
	for (unsigned int i = 0; i < 3; i++)
		feed(run, rec_guard(&rec, 102 * SECOND + i, &cat, SL_GUARD_SIGNAL, 9, NULL));
	feed(run, rec_guard(&rec, 102 * SECOND + 3, &cat, SL_GUARD_SIGNAL, 15, NULL));
	feed(run, rec_guard(&rec, 102 * SECOND + 4, &cat, SL_GUARD_FILE, 0, "/sluice/policy.yaml"));
	tick(run, 104 * SECOND);
	assert_reports(run, "guard" CAT_WHO " signal 9  block denied by lsm\n"
			    "guard" CAT_WHO " signal 15  block denied by lsm\n"
			    "guard" CAT_WHO " file 0 .../sluice/policy.yaml block denied by lsm\n"
			    "guard" CAT_WHO " signal 9  block denied by lsm x2\n");
	assert_int_equal(pipeline_stats(run->p)->alerts, 5);
}

static void test_what_differs_is_not_folded(void **state)
{
	struct run *run = *state;
	size_t size;

	start(run);
	open_env(run, 102 * SECOND);
	strbuf_reset(&run->out);
	/* Another file. */
	feed(run, rec_file(&rec, 102 * SECOND, &cat, "/home/ann/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
	/* Opened for writing. */
	size = rec_file(&rec, 102 * SECOND, &cat, "/home/ann/shop/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT);
	rec.file.access = SL_ACCESS_WRITE;
	feed(run, size);
	/* Refused. */
	size = rec_file(&rec, 102 * SECOND, &cat, "/home/ann/shop/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT);
	rec.file.taken = SL_TAKEN_DENIED;
	feed(run, size);
	/* By its parent. */
	feed(run, rec_file(&rec, 102 * SECOND, &tool, "/home/ann/shop/.env", small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
	assert_reports(run, "file.open 101:/bin/cat<100<50 tool=claude-code session=100 /home/ann/.env dotenv secret=alert\n"
		       ENV_LINE "\n" ENV_LINE " denied by lsm\n"
		       "file.open 100:/opt/claude<50 tool=claude-code session=100 /home/ann/shop/.env dotenv secret=alert\n");
}

static void test_repeats_belong_to_the_image_that_made_them(void **state)
{
	struct run *run = *state;

	start(run);
	open_env(run, 102 * SECOND);
	open_env(run, 102 * SECOND + 1);
	strbuf_reset(&run->out);
	feed(run, rec_exec(&rec, 102 * SECOND + 2, &cat, "/bin/grep", "/home/ann/shop", "grep", 5));
	assert_reports(run, ENV_LINE " x1\n" "proc.exec 101:/bin/grep<100<50 tool=claude-code session=100\n");
	open_env(run, 102 * SECOND + 3);
	open_env(run, 102 * SECOND + 4);
	strbuf_reset(&run->out);
	feed(run, rec_exit(&rec, 102 * SECOND + 5, &cat));
	assert_reports(run, "file.open 101:/bin/grep<100<50 tool=claude-code session=100 /home/ann/shop/.env dotenv secret=alert x1\n"
			    "proc.exit 101:/bin/grep<100<50 tool=claude-code session=100\n");
}

static void test_the_end_tells_what_is_still_folded(void **state)
{
	struct run *run = *state;

	start(run);
	open_env(run, 102 * SECOND);
	open_env(run, 102 * SECOND);
	strbuf_reset(&run->out);
	feed(run, rec_agent(&rec, 102 * SECOND, SL_AGENT_STOP, "stopped by a signal"));
	assert_reports(run, ENV_LINE " x1\n" "agent.stop 'stopped by a signal'\n");
	pipeline_finish(run->p);
	assert_reports(run, "");
}

/* ---- connections ---------------------------------------------------------------------------------------------------- */

static void test_connection_named_by_its_session(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/exact host=eu.shady.example shady=block\n");
	/* Nothing was refused: block reported by an alert-only hook stays what it was. */
	assert_int_equal(pipeline_stats(run->p)->alerts, 1);
	assert_int_equal(proctree_session(pipeline_tree(run->p), 100 * SECOND, 100)->connects, 1);
}

static void test_connection_named_by_the_host(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 102 * SECOND, NULL, "eu.shady.example", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-host/high host=eu.shady.example shady=block\n");
}

static void test_connection_with_names_of_several_providers(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 101 * SECOND, &tool, "cdn.example.net", addr, 60));
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/low host=eu.shady.example,cdn.example.net shady=block\n");
}

static void test_connection_with_names_of_one_provider(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 101 * SECOND, &tool, "us.shady.example", addr, 60));
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/high host=eu.shady.example,us.shady.example shady=block\n");
}

/* What another session asked for does not make this one's answer doubtful. */
static void test_own_question_outweighs_others(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 101 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(run, rec_dns(&rec, 102 * SECOND, NULL, "cdn.example.net", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/exact host=eu.shady.example,cdn.example.net shady=block\n");
}

static void test_connection_by_range_and_by_nothing(void **state)
{
	struct run *run = *state;
	struct who codex = cat;

	start(run);
	codex.tool = SMALL_CODEX;
	feed(run, rec_net(&rec, 103 * SECOND, &codex, in_range, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=codex session=100 198.51.100.9:443 provider=anthropic cidr/high "
			    "elsewhere=log\n");
	feed(run, rec_net(&rec, 103 * SECOND, &codex, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=codex session=100 192.0.2.7:443 provider=- none/none "
			    "elsewhere=log\n");
	/* The range says one thing, the name another. */
	feed(run, rec_dns(&rec, 104 * SECOND, &tool, "other.example.net", in_range, 60));
	feed(run, rec_net(&rec, 105 * SECOND, &codex, in_range, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=codex session=100 198.51.100.9:443 provider=anthropic cidr/low "
			    "host=other.example.net elsewhere=log\n");
}

static void test_a_name_that_ran_out_counts_little(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 1));
	feed(run, rec_net(&rec, 103 * SECOND + NAMES_TTL_MIN_NS, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/low host=eu.shady.example shady=block\n");
	feed(run, rec_net(&rec, 103 * SECOND + NAMES_TTL_MIN_NS + NAMES_GRACE_NS, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=- none/none "
			    "elsewhere=log\n");
}

/* The only name that means a provider ran out; a valid one means nobody. */
static void test_provider_of_an_old_name_is_doubtful(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 1));
	feed(run, rec_dns(&rec, 103 * SECOND + NAMES_TTL_MIN_NS, &tool, "cdn.example.net", addr, 60));
	feed(run, rec_net(&rec, 104 * SECOND + NAMES_TTL_MIN_NS, &cat, addr, 443));
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/low host=cdn.example.net,eu.shady.example shady=block\n");
}

static void test_folded_connection_is_told_as_it_was_found(void **state)
{
	struct run *run = *state;

	start(run);
	feed(run, rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND, &cat, addr, 443));
	feed(run, rec_net(&rec, 103 * SECOND + 1, &cat, addr, 443));
	strbuf_reset(&run->out);
	/* Learnt after them; the next connection has two candidates and is another event. */
	feed(run, rec_dns(&rec, 103 * SECOND + 2, &tool, "cdn.example.net", addr, 60));
	feed(run, rec_net(&rec, 103 * SECOND + 3, &cat, addr, 443));
	assert_non_null(strstr(strbuf_str(&run->out), "host=cdn.example.net,eu.shady.example"));
	strbuf_reset(&run->out);
	tick(run, 105 * SECOND);
	assert_reports(run, "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
			    "dns-session/exact host=eu.shady.example shady=block x1\n");
}

/* ---- losses --------------------------------------------------------------------------------------------------------- */

static void test_losses_are_reported(void **state)
{
	struct run *run = *state;
	size_t size;

	start(run);
	feed(run, rec_loss(&rec, 102 * SECOND, SL_LOSS_RING, 12));
	assert_reports(run, "loss ring-full 12\n");
	/* Bad records: counted, told at the next tick, once. */
	size = rec_fork(&rec, 102 * SECOND, &cat);
	rec.hdr.version = 9;
	feed(run, size);
	feed(run, 3);
	size = rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60);
	rec.dns.payload_len -= 3;
	rec.hdr.size -= 3;
	feed(run, size - 3);
	assert_reports(run, "");
	tick(run, 103 * SECOND);
	assert_reports(run, "loss record-malformed 2\nloss dns-malformed 1\n");
	tick(run, 104 * SECOND);
	assert_reports(run, "");
	assert_int_equal(pipeline_stats(run->p)->losses[SL_LOSS_DECODE], 2);
	assert_int_equal(pipeline_stats(run->p)->losses[SL_LOSS_RING], 12);
}

static void test_full_tables_are_reported(void **state)
{
	struct run *run = *state;
	struct pipeline_config config = { .compiled = small.compiled, .max_procs = 16, .max_sessions = 4, .max_names = 4,
					  .sink = on_report, .arg = run };

	pipeline_free(run->p);
	assert_int_equal(pipeline_new(&config, &run->p), 0);
	for (uint32_t i = 0; i < 20; i++) {
		struct who w = { .tgid = 100 + i, .ppid = 1, .start_ns = (100 + i) * SECOND, .session_ns = (100 + i) * SECOND,
				 .session_pid = 100 + i, .tool = SMALL_CLAUDE, .comm = "claude" };
		uint8_t a[4] = { 192, 0, 2, (uint8_t)i };

		feed(run, rec_exec(&rec, (100 + i) * SECOND, &w, "/opt/claude", "/", "claude", 7));
		feed(run, rec_dns(&rec, (100 + i) * SECOND, &w, "a.example.com", a, 600));
	}
	strbuf_reset(&run->out);
	tick(run, 200 * SECOND);
	assert_reports(run, "loss process-evicted 4\nloss name-evicted 16\nloss session-evicted 16\n");
}

/* More different events within a second than the table holds: each is shown, none disappears. */
static void test_a_full_repeat_table_hides_nothing(void **state)
{
	struct run *run = *state;
	uint64_t before;
	char path[32];

	start(run);
	before = pipeline_stats(run->p)->reports;
	for (int i = 0; i < 5000; i++) {
		/* Few enough by each process not to be folded as a burst. */
		struct who many = cat;

		many.tgid += 1000 + (uint32_t)i / BURST_SHOWN;
		snprintf(path, sizeof(path), "/home/ann/%d/.env", i);
		feed(run, rec_file(&rec, 102 * SECOND, &many, path, small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
	}
	assert_int_equal(pipeline_stats(run->p)->reports - before, 5000);
	strbuf_reset(&run->out);
	tick(run, 103 * SECOND);
	assert_reports(run, "loss repeat-table-full 904\n");
}

/* ---- properties ----------------------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Some record of a busy host; times go forward, with a little disorder. */
static size_t random_record(uint64_t *seed, unsigned int i)
{
	uint64_t r = next_random(seed), now = (100 + i / 500) * SECOND + (r & 0xfffffff);
	struct who w = { .tgid = 2 + (r >> 8 & 15), .ppid = 1 + (r >> 14 & 15), .uid = 1000, .start_ns = (r >> 20 & 1) * SECOND,
			 .session_pid = r >> 22 & 3, .comm = "x" };
	const uint8_t a[4] = { 192, 0, 2, r >> 40 & 7 };
	static const char *const names[] = { "eu.shady.example", "api.anthropic.example", "cdn.example.net" };
	char path[32];

	w.session_ns = w.session_pid;
	w.tool = w.session_pid ? SMALL_CLAUDE : 0;
	snprintf(path, sizeof(path), "/home/ann/%u/.env", (unsigned int)(r >> 43 & 3));
	switch (r >> 32 & 15) {
	case 0:
		return rec_fork(&rec, now, &w);
	case 1:
		return rec_exit(&rec, now, &w);
	case 2:
	case 3:
		return rec_exec(&rec, now, &w, "/bin/x", "/home/ann", "x\0y", 4);
	case 4:
		return rec_dns(&rec, now, w.session_pid ? &w : NULL, names[(r >> 46) % 3], a, 5);
	case 5:
		return rec_clock(&rec, now, WALL + now);
	case 6:
		return rec_loss(&rec, now, SL_LOSS_RING, 1);
	case 7:
	case 8:
	case 9:
		return rec_net(&rec, now, &w, a, 443);
	default:
		return rec_file(&rec, now, &w, path, small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT);
	}
}

static void replay(struct run *run, FILE *f)
{
	struct pipeline_config config = { .compiled = small.compiled, .sink = on_report, .arg = run };
	cleanup_(recording_freep) struct recording *in = NULL;
	struct errmsg e = { 0 };
	const void *data;
	size_t size;

	rewind(f);
	assert_int_equal(pipeline_new(&config, &run->p), 0);
	assert_int_equal(recording_open(f, &in, &e), 0);
	while (recording_next(in, &data, &size, &e) == 1)
		assert_int_equal(pipeline_record(run->p, data, size), 0);
	pipeline_finish(run->p);
	pipeline_free(run->p);
}

static void keep_uid(void *arg, const struct report *r)
{
	snprintf(arg, REPORT_UID_SIZE, "%s", report_uid(r));
}

/* Host, boot, run and number; a reload goes on in the run, and another policy's judgement of it is none of its events. */
static void test_every_event_has_an_identity(void **state)
{
	static const struct report_source source = { .host = "ws-17", .boot_id = "b7-c1", .host_id = "0123456789abcdef0123456789abcdef" };
	struct pipeline_run shared = { 0 };
	char uid[REPORT_UID_SIZE];
	struct pipeline_config config = { .compiled = small.compiled, .run = &shared, .source = &source, .sink = keep_uid, .arg = uid };
	static const char *const want[] = {
		"0123456789abcdef0123456789abcdef-b7c1-ba43b7400-1", "0123456789abcdef0123456789abcdef-b7c1-ba43b7400-2",
		"0123456789abcdef0123456789abcdef-b7c1-ba43b7400.395bd1f9-3",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		struct pipeline *p;

		config.variant = i == 2 ? "395bd1f9bf5c20c1" : NULL;
		assert_int_equal(pipeline_new(&config, &p), 0);
		assert_int_equal(pipeline_record(p, &rec, rec_clock(&rec, (50 + i) * SECOND, WALL)), 0);
		assert_int_equal(pipeline_record(p, &rec, rec_loss(&rec, (50 + i) * SECOND, SL_LOSS_RING, 1)), 0);
		assert_string_equal(uid, want[i]);
		pipeline_free(p);
	}
}

static void test_replay_gives_the_same_reports(void **state)
{
	struct run *live = *state, first = { .out = STRBUF_INIT }, second = { .out = STRBUF_INIT };
	struct recording_meta meta = { .host = "ws-17", .host_id = "c853cda4a8384f43ae91ad533be06025" };
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	cleanup_fclose FILE *f = fdopen(memfd_create("replay", MFD_CLOEXEC), "r+");
	struct errmsg e = { 0 };
	uint64_t seed = 88172645463325252ull;

	assert_int_equal(recording_writer_new(fileno(f), &meta, &w, &e), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		size_t size = random_record(&seed, i);

		assert_int_equal(recording_write(w, &rec, size, &e), 0);
		feed(live, size);
	}
	pipeline_finish(live->p);
	assert_int_equal(recording_flush(w, &e), 0);
	replay(&first, f);
	replay(&second, f);
	assert_string_equal(strbuf_str(&first.out), strbuf_str(&live->out));
	assert_string_equal(strbuf_str(&second.out), strbuf_str(&live->out));
	assert_non_null(strstr(strbuf_str(&live->out), " x"));
	assert_true(live->out.len > 10000);
	strbuf_done(&first.out);
	strbuf_done(&second.out);
}

/* A file of the first format, kept as it was: what users have recorded stays readable, and means the same. */
static void test_kept_recording_replays_with_its_own_policy(void **state)
{
	struct run *run = *state;
	const char *src = getenv("SLUICE_SRC");
	cleanup_(recording_freep) struct recording *in = NULL;
	cleanup_(compiled_freep) struct compiled *compiled = NULL;
	cleanup_(policy_freep) struct policy *policy = NULL;
	cleanup_fclose FILE *f = NULL;
	struct pipeline_config config = { .sink = on_report, .arg = run };
	const struct recording_meta *m;
	struct policy_host host;
	struct errmsg e = { 0 };
	char path[512], name[64], *text;
	const void *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/tests/data/session.rec", src ? src : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(recording_open(f, &in, &e), 0);
	m = recording_meta(in);
	assert_string_equal(m->host, "ws-17");
	assert_string_equal(m->kernel, "6.12.0");
	assert_int_equal(m->sources_cnt, 1);
	assert_int_equal(m->users_cnt, 1);
	snprintf(name, sizeof(name), "%s", m->sources[0].name);
	text = strndup(m->sources[0].text, m->sources[0].len);
	host = (struct policy_host){ .homes = m->homes, .homes_cnt = m->homes_cnt };
	assert_int_equal(policy_load_sources(&(struct policy_source){ .name = name, .text = text, .len = m->sources[0].len }, 1,
					     &policy, &e), 0);
	free(text);
	assert_int_equal(policy_compile(policy, &host, &compiled, &e), 0);
	config.compiled = compiled;
	pipeline_free(run->p);
	assert_int_equal(pipeline_new(&config, &run->p), 0);
	while (recording_next(in, &data, &size, &e) == 1)
		assert_int_equal(pipeline_record(run->p, data, size), 0);
	assert_string_equal(e.text, "");
	pipeline_finish(run->p);
	assert_reports(run,
		       "session.start 100:/opt/claude<50 tool=claude-code session=100\n"
		       "proc.exec 100:/opt/claude<50 tool=claude-code session=100\n"
		       "proc.exec 101:/bin/cat<100<50 tool=claude-code session=100\n"
		       ENV_LINE "\n"
		       "net.connect 101:/bin/cat<100<50 tool=claude-code session=100 192.0.2.7:443 provider=shady "
		       "dns-session/exact host=eu.shady.example shady=block\n"
		       "loss ring-full 7\n"
		       ENV_LINE " x2\n"
		       "proc.exit 101:/bin/cat<100<50 tool=claude-code session=100\n"
		       "proc.exit 100:/opt/claude<50 tool=claude-code session=100\n"
		       "session.end 100:/opt/claude<50 tool=claude-code session=100\n");
	/* It borrows the policy that ends here. */
	pipeline_free(run->p);
	run->p = NULL;
}

/* Shown, told as repeats or allowed: that is what came in, whatever came in. Damaged records do no harm. */
static void test_no_event_disappears(void **state)
{
	struct run *run = *state;
	const struct pipeline_stats *s = pipeline_stats(run->p);
	uint64_t seed = 20261123, events = 0, bad = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		size_t size = random_record(&seed, i);
		cleanup_free char *exact = malloc(size); /* to the byte, so that one too many is seen */
		struct event ev;

		if (i % 3 == 0)
			rec.bytes[next_random(&seed) % size] ^= (char)(1 << i % 8);
		memcpy(exact, &rec, size);
		if (decode_record(exact, size, &ev) < 0)
			bad++;
		else if (ev.kind == SL_REC_FILE || ev.kind == SL_REC_NET)
			events++;
		else if (ev.kind == SL_REC_LOSS && ev.loss->reason == SL_LOSS_DECODE)
			bad += ev.loss->count; /* a flipped bit made it one of these */
		assert_int_equal(pipeline_record(run->p, exact, size), 0);
		strbuf_reset(&run->out);
	}
	pipeline_finish(run->p);
	assert_int_equal(run->shown + run->repeats + s->allowed, events);
	assert_int_equal(run->repeats, s->folded);
	assert_int_equal(s->losses[SL_LOSS_DECODE], bad);
	assert_true(bad > 500 && run->repeats > 100 && run->shown > 500 && s->allowed > 100);
}

static int group_setup(void **state)
{
	struct errmsg e = { 0 };
	int r = small_policy_make(&small, &e);

	(void)state;
	if (r < 0)
		fprintf(stderr, "small policy: %u: %s\n", e.line, e.text);
	return r;
}

static int group_teardown(void **state)
{
	(void)state;
	small_policy_done(&small);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life_of_a_session),
		TEST(test_secret_is_reported_with_everything),
		TEST(test_report_carries_wall_time_and_user),
		TEST(test_allowed_is_counted_not_reported),
		TEST(test_unknown_process_is_shown_by_what_the_record_says),
		TEST(test_deep_ancestry_is_cut_and_says_so),
		TEST(test_repeats_are_folded_within_a_second),
		TEST(test_a_unit_joins_the_session),
		TEST(test_guard_is_told_and_folded),
		TEST(test_what_differs_is_not_folded),
		TEST(test_repeats_belong_to_the_image_that_made_them),
		TEST(test_the_end_tells_what_is_still_folded),
		TEST(test_connection_named_by_its_session),
		TEST(test_connection_named_by_the_host),
		TEST(test_connection_with_names_of_several_providers),
		TEST(test_connection_with_names_of_one_provider),
		TEST(test_own_question_outweighs_others),
		TEST(test_connection_by_range_and_by_nothing),
		TEST(test_a_name_that_ran_out_counts_little),
		TEST(test_provider_of_an_old_name_is_doubtful),
		TEST(test_folded_connection_is_told_as_it_was_found),
		TEST(test_losses_are_reported),
		TEST(test_full_tables_are_reported),
		TEST(test_a_full_repeat_table_hides_nothing),
		TEST(test_every_event_has_an_identity),
		TEST(test_replay_gives_the_same_reports),
		TEST(test_kept_recording_replays_with_its_own_policy),
		TEST(test_no_event_disappears),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
