/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Lines for people: what they say at each width, and that no file name can break out of its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/width.h"
#include "output/output.h"
#include "report_sample.h"

static struct sample s;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	sample_init(&s);
	return 0;
}

static void check(unsigned int width, const char *want)
{
	struct strbuf b = STRBUF_INIT;

	output_text_format(&b, sample_report(&s), &s.host, width, false);
	assert_string_equal(strbuf_str(&b), want);
	strbuf_done(&b);
}

static void set_path(const char *path)
{
	sample_set_path(&s, path, strlen(path));
}

static void test_file_lines(void **state)
{
	(void)state;
	check(0, "16:05:11.123 BLOCK claude-code:700 > bash > cat    read ~/shop/.env  dotenv  ai-reads-secret\n");
	check(120, "16:05:11.123 BLOCK claude-code:700 > bash > cat    read ~/shop/.env  dotenv  ai-reads-secret\n");
	check(80, "16:05:11.123 BLOCK claude-code:700  read ~/shop/.env  dotenv  ai-reads-secret\n");
	s.r.repeats = 12;
	s.r.taken = SL_TAKEN_NONE;
	set_path("/home/ann/jobs/customers/shop/services/payment/config/.env.production");
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    read ~/jobs/customers/shop/services/payment/config/"
		 ".env.production  dotenv  not blocked  ai-reads-secret  x12\n");
	check(120, "16:05:11.123 ALERT claude-code:700 > ... > cat  read ~/jobs/cust.../config/.env.production  dotenv"
		   "  ai-reads-secret  x12\n");
	check(80, "16:05:11.123 ALERT claude-code:700  read ~/jobs/.../.env.production  dotenv  x12\n");
}

static void test_connection_lines(void **state)
{
	(void)state;
	sample_net(&s);
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    connect chat.example.com:443 (+1)  openai (consumer)"
		 "  dns-session  consumer-tier\n");
	check(120, "16:05:11.123 ALERT claude-code:700 > bash > cat  connect chat.example.com:443 (+1)  openai (consumer)"
		   "  consumer-tier\n");
	check(80, "16:05:11.123 ALERT claude-code:700  connect chat...m:443 (+1)  openai (consumer)\n");
	/* A finding is told as one, where the rule does no more than keep a record. */
	s.r.finding = "name-hidden";
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    connect chat.example.com:443 (+1)  openai (consumer), name-hidden"
		 "  dns-session  consumer-tier\n");
	s.r.action = SL_ACTION_LOG;
	check(0, "16:05:11.123 FIND  claude-code:700 > bash > cat    connect chat.example.com:443 (+1)  openai (consumer), name-hidden"
		 "  dns-session  consumer-tier\n");
	s.r.finding = NULL;
	s.r.action = SL_ACTION_ALERT;
	/* A policy need not say a provider's tier. */
	s.provider.tier = sample_text("");
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    connect chat.example.com:443 (+1)  openai"
		 "  dns-session  consumer-tier\n");
	s.r.names_cnt = 0;
	s.r.provider = NULL;
	s.r.rule = NULL;
	s.r.net_evidence = "none";
	s.net.proto = IPPROTO_UDP;
	check(0, "16:05:11.123 -     claude-code:700 > bash > cat    connect 203.0.113.9:443/udp  unknown\n");
	memcpy(s.net.addr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	s.net.family = 6;
	s.net.proto = IPPROTO_TCP;
	check(0, "16:05:11.123 -     claude-code:700 > bash > cat    connect [2001:db8::1]:443  unknown\n");
}

static void test_flow_lines(void **state)
{
	(void)state;
	sample_hello(&s, "chat.example.com");
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    hello to chat.example.com:443  openai (consumer)"
		 "  sni  consumer-tier\n");
	s.r.action = SL_ACTION_BLOCK;
	s.r.taken = SL_TAKEN_CUT;
	check(0, "16:05:11.123 CUT   claude-code:700 > bash > cat    hello to chat.example.com:443  openai (consumer)"
		 "  sni  consumer-tier\n");
	/* Nothing to look at, unless all is asked for. */
	s.r.rule = NULL;
	s.r.taken = SL_TAKEN_NONE;
	check(0, "");
	s.r.sni = "front.example.org";
	s.r.sni_mismatch = true;
	check(0, "16:05:11.123 FIND  claude-code:700 > bash > cat    hello to front.example.org:443  openai (consumer), by DNS"
		 " chat.example.com  sni\n");
	sample_flow(&s, "chat.example.com");
	check(0, "");
	s.host.show_flows = true;
	check(0, "16:05:11.123 flow  claude-code:700 > bash > cat    to chat.example.com:443  12.3 kB sent, 678 B received  closed\n");
	s.flow.sent_bytes = UINT64_MAX;
	s.flow.flags = SL_FLOW_CUT | SL_FLOW_CLOSED;
	check(0, "16:05:11.123 flow  claude-code:700 > bash > cat    to chat.example.com:443  18.4 EB sent, 678 B received  cut\n");
}

static void test_proxy_lines(void **state)
{
	(void)state;
	sample_asks(&s, "eu.example.org");
	check(0, "16:05:11.123 ALERT claude-code:700 > bash > cat    asks for eu.example.org:8443 by proxy 203.0.113.9:443"
		 "  openai (consumer)  proxy-connect  consumer-tier\n");
	sample_asks(&s, "");
	s.r.rule = NULL;
	check(0, "16:05:11.123 FIND  claude-code:700 > bash > cat    asks proxy 203.0.113.9:443  openai (consumer), destination unknown"
		 " behind proxy\n");
}

static void test_words_say_what_happened(void **state)
{
	static const struct {
		uint8_t action, taken;
		const char *word;
	} samples[] = {
		{ SL_ACTION_BLOCK, SL_TAKEN_DENIED, "BLOCK " },
		{ SL_ACTION_BLOCK, SL_TAKEN_KILLED, "KILL  " },
		{ SL_ACTION_BLOCK, SL_TAKEN_NONE, "ALERT " },
		{ SL_ACTION_ALERT, SL_TAKEN_NONE, "ALERT " },
		{ SL_ACTION_LOG, SL_TAKEN_NONE, "log   " },
		{ SL_ACTION_ALLOW, SL_TAKEN_NONE, "allow " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct strbuf b = STRBUF_INIT;

		s.r.action = samples[i].action;
		s.r.taken = samples[i].taken;
		output_text_format(&b, sample_report(&s), &s.host, 0, false);
		assert_memory_equal(b.data + 13, samples[i].word, 6);
		strbuf_done(&b);
	}
}

static void test_chain_begins_with_the_tool(void **state)
{
	(void)state;
	s.r.process = &s.claude;
	s.r.ancestors[0] = &s.login;
	s.r.ancestors_cnt = 1;
	check(90, "16:05:11.123 BLOCK claude-code:700  read ~/shop/.env  dotenv  ai-reads-secret\n");
	/* The tool has ended and is forgotten. */
	s.r.process = &s.cat;
	s.r.ancestors_cnt = 0;
	check(99, "16:05:11.123 BLOCK claude-code:700 > ... > cat  read ~/shop/.env  dotenv  ai-reads-secret\n");
	/* Outside every session. */
	s.r.session = NULL;
	s.r.tool = NULL;
	s.cat.session_ns = 0;
	s.r.ancestors[0] = &s.login;
	s.r.ancestors_cnt = 1;
	check(99, "16:05:11.123 BLOCK zsh > cat  read ~/shop/.env  dotenv  ai-reads-secret\n");
	/* An executable that is not known: the name it gave itself is all there is. */
	s.cat.exe = sample_text("");
	check(99, "16:05:11.123 BLOCK zsh > cat  read ~/shop/.env  dotenv  ai-reads-secret\n");
}

static void test_home_is_the_users_own(void **state)
{
	static const struct {
		const char *path, *shown;
		uint32_t uid;
	} samples[] = {
		{ "/home/ann/x", "~/x", 1000 },        { "/home/ann", "~", 1000 }, { "/home/anne/x", "/home/anne/x", 1000 },
		{ "/home/bob/x", "/home/bob/x", 1000 }, { "/root/x", "/root/x", 1000 }, { "/root/x", "~/x", 0 },
		{ "/rooted/x", "/rooted/x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		char want[256];

		set_path(samples[i].path);
		s.cat.uid = samples[i].uid;
		snprintf(want, sizeof(want), "16:05:11.123 BLOCK claude-code:700 > bash > cat  read %s  dotenv  ai-reads-secret\n",
			 samples[i].shown);
		check(99, want);
	}
}

static void test_session_lines(void **state)
{
	(void)state;
	s.r.rule = NULL;
	s.r.process = &s.claude;
	s.r.ancestors_cnt = 0;
	s.r.kind = REPORT_SESSION_START;
	check(80, "16:05:11.123 start claude-code:700  in ~/shop  ann pts/3  argv\n");
	s.r.kind = REPORT_SESSION_END;
	s.r.process = &s.cat;
	s.session.end_ns = s.session.begin_ns + 3723000000000ull;
	s.session.files = 2;
	s.session.connects = 1;
	check(99, "16:05:11.123 end   claude-code:700  after 1h02m  2 files, 1 connection, 0 alerts\n");
}

static void test_programs_only_when_asked(void **state)
{
	static const char argv[] = "curl\0--token\0hunter2\0a b\0";

	(void)state;
	sample_set_argv(&s.cat, argv, sizeof(argv) - 1);
	s.r.kind = REPORT_PROC_EXEC;
	check(80, "");
	s.host.show_exec = true;
	check(0, "16:05:11.123 exec  claude-code:700 > bash > cat    curl --token [redacted] \"a b\"\n");
	check(60, "16:05:11.123 exec  claude-code:700  curl --token [redacte...\n");
	s.r.kind = REPORT_PROC_EXIT;
	s.ev.kind = SL_REC_EXIT;
	s.ev.exit = &s.end;
	s.end.exit_code = 2 << 8;
	check(80, "16:05:11.123 exit  claude-code:700 > bash > cat  status 2\n");
	s.end.exit_code = 15;
	check(80, "16:05:11.123 exit  claude-code:700 > bash > cat  signal 15\n");
}

static void test_a_unit_of_the_session(void **state)
{
	(void)state;
	s.r.rule = NULL;
	s.r.kind = REPORT_LINEAGE_KEPT;
	s.cat.cgroup = sample_text("run-u7.service/system.slice");
	check(90, "16:05:11.123 kept  claude-code:700 > bash > cat  lineage of run-u7.service\n");
}

static void test_containers_are_named(void **state)
{
	(void)state;
	s.cat.cgroup = sample_text("container/libpod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope/machine.slice");
	check(0, "16:05:11.123 BLOCK claude-code:700 > bash > cat    read ~/shop/.env  dotenv  in podman 0123456789ab  ai-reads-secret\n");
	s.cat.cgroup = sample_text("lxc.payload.a\033b");
	check(0, "16:05:11.123 BLOCK claude-code:700 > bash > cat    read ~/shop/.env  dotenv  in lxc a\\eb  ai-reads-secret\n");
}

static void test_guard_lines(void **state)
{
	(void)state;
	sample_guard(&s, SL_GUARD_SIGNAL, 9, "");
	check(0, "16:05:11.123 BLOCK claude-code:700 > bash > cat    signals sluice signal 9  self-protection\n");
	sample_guard(&s, SL_GUARD_FILE, 0, ".../etc/sluice/\033[2Jx");
	s.r.taken = SL_TAKEN_KILLED;
	check(0, "16:05:11.123 KILL  claude-code:700 > bash > cat    changes .../etc/sluice/\\e[2Jx  self-protection\n");
}

static void test_losses_and_the_agent(void **state)
{
	(void)state;
	s.r = (struct draft){ .kind = REPORT_LOSS, .wall_ns = SAMPLE_WALL_NS, .loss = SL_LOSS_RING, .loss_count = 12,
			       .text = "", .user = "", .compiled = &s.compiled };
	check(80, "16:05:11.123 LOSS  ring-full: 12\n");
	s.r.kind = REPORT_AGENT_START;
	s.r.text = "sluice 0.1.0\nfake";
	check(80, "16:05:11.123 agent sluice 0.1.0\\nfake\n");
}

/* Whatever is in a name: one line, printable, at most as wide as asked. */
static void test_hostile_names_stay_in_their_line(void **state)
{
	static const unsigned int widths[] = { 0, 40, 41, 60, 80, 81, 120 };
	static char text[4097];
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 600; round++) {
		size_t len = round % 5 ? (size_t)(round % 90) : 4096;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = (char)(seed >> 24 ? seed >> 24 : 1);
		}
		text[len] = '\0';
		if (round & 1)
			memcpy(text, "\xe6\x97\xa5\xcc\x81\n\033[2J\xe2\x80\xae", len < 14 ? 0 : 14);
		set_path(text);
		s.cat.exe = s.bash.exe = s.cat.cwd = text;
		s.r.user = round & 2 ? text : "ann";
		sample_set_argv(&s.cat, text, len);
		s.host.show_exec = true;
		s.r.kind = round % 3 ? round % 3 == 1 ? REPORT_FILE_OPEN : REPORT_PROC_EXEC : REPORT_SESSION_START;
		for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
			struct strbuf b = STRBUF_INIT;

			output_text_format(&b, sample_report(&s), &s.host, widths[w], false);
			assert_ptr_equal(strchr(b.data, '\n'), b.data + b.len - 1);
			for (size_t i = 0; i + 1 < b.len; i++)
				assert_true((unsigned char)b.data[i] >= 0x20 && b.data[i] != 0x7f);
			assert_null(strstr(b.data, "\xe2\x80\xae"));
			if (widths[w])
				assert_true(width_text(b.data, b.len - 1) <= widths[w]);
			strbuf_done(&b);
		}
	}
}

/* Takes the colour sequences out; nothing else may differ. */
static void test_colour_changes_nothing_else(void **state)
{
	struct strbuf plain = STRBUF_INIT, colour = STRBUF_INIT, bare = STRBUF_INIT;

	(void)state;
	output_text_format(&plain, sample_report(&s), &s.host, 80, false);
	output_text_format(&colour, sample_report(&s), &s.host, 80, true);
	assert_non_null(strstr(colour.data, "\033[1;31mBLOCK\033[0m"));
	for (size_t i = 0; i < colour.len; i++) {
		if (colour.data[i] == '\033')
			i += strcspn(colour.data + i, "m");
		else
			strbuf_addc(&bare, colour.data[i]);
	}
	assert_string_equal(bare.data, plain.data);
	strbuf_done(&plain);
	strbuf_done(&colour);
	strbuf_done(&bare);
}

static void test_a_rules_message_is_told_once(void **state)
{
	static const char want[] = "16:05:11.123 BLOCK claude-code:700  read ~/shop/.env  dotenv  ai-reads-secret\n"
				   "             AI tools may not read secrets. Use your secret manager's run\n"
				   "             command.\n"
				   "16:05:11.123 BLOCK claude-code:700  read ~/shop/.env  dotenv  ai-reads-secret\n";
	cleanup_(output_freep) struct output *o = NULL;
	char got[sizeof(want) + 256];
	ssize_t n;
	int fds[2];

	(void)state;
	s.rule.message = sample_text("AI tools may not read secrets. Use your secret manager's run command.");
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(output_text_new(fds[1], &s.host, 80, false, &o), 0);
	assert_int_equal(output_ops(o)->write(o, sample_report(&s)), 0);
	assert_int_equal(output_ops(o)->write(o, sample_report(&s)), 0);
	assert_int_equal(output_ops(o)->flush(o), 0);
	n = read(fds[0], got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, want);
	/* Another policy: its rules have not been heard yet. */
	s.policy.hash[8] = 'f';
	assert_int_equal(output_ops(o)->write(o, sample_report(&s)), 0);
	assert_int_equal(output_ops(o)->flush(o), 0);
	n = read(fds[0], got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	assert_non_null(strstr(got, "\n             AI tools"));
	close(fds[0]);
	close(fds[1]);
}

#define T(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_file_lines),
		T(test_connection_lines),
		T(test_flow_lines),
		T(test_proxy_lines),
		T(test_words_say_what_happened),
		T(test_chain_begins_with_the_tool),
		T(test_home_is_the_users_own),
		T(test_session_lines),
		T(test_programs_only_when_asked),
		T(test_a_unit_of_the_session),
		T(test_containers_are_named),
		T(test_guard_lines),
		T(test_losses_and_the_agent),
		T(test_hostile_names_stay_in_their_line),
		T(test_colour_changes_nothing_else),
		T(test_a_rules_message_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
