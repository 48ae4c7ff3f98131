/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Every line is one JSON object that another's parser reads, follows schema 2, and carries no byte that harms a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "base/cleanup.h"
#include "output/format.h"
#include "output/output.h"
#include "output/sink.h"
#include "report_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

static struct sample s;

static int setup(void **state)
{
	(void)state;
	sample_init(&s);
	return 0;
}

/* RFC 3629. */
static bool is_utf8(const char *text, size_t len)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 0; i < len;) {
		uint8_t lead = (uint8_t)text[i++];
		unsigned int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 4;
		uint32_t c = more ? lead & (0x3fu >> more) : lead;

		if (more > 3 || more > len - i)
			return false;
		for (unsigned int n = 0; n < more; n++, i++) {
			if (((uint8_t)text[i] & 0xc0) != 0x80)
				return false;
			c = c << 6 | ((uint8_t)text[i] & 0x3f);
		}
		if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
	}
	return true;
}

/* For tests/schema, which holds all lines against the schema. */
static void keep_line(const struct strbuf *b)
{
	const char *path = getenv("JSON_LINES");
	cleanup_fclose FILE *f = path ? fopen(path, "ae") : NULL;

	if (f)
		assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
}

/* The line of s.r, read back by json-c in strict mode; the caller puts it. */
static struct json_object *line(void)
{
	struct strbuf b = STRBUF_INIT;
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;

	output_json_format(&b, sample_report(&s));
	assert_true(strbuf_ok(&b));
	assert_ptr_equal(strchr(b.data, '\n'), b.data + b.len - 1);
	assert_int_equal(strlen(b.data), b.len);
	assert_true(is_utf8(b.data, b.len));
	keep_line(&b);
	/* json-c 0.18 takes every byte above 127 for a control character when it is strict. */
	if (json_c_version_num() >> 8 != 18)
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, b.data, (int)b.len - 1);
	if (!o)
		fail_msg("%s: %s", json_tokener_error_desc(json_tokener_get_error(tok)), b.data);
	assert_int_equal(json_tokener_get_parse_end(tok), b.len - 1);
	json_tokener_free(tok);
	strbuf_done(&b);
	return o;
}

static struct json_object *get(struct json_object *o, const char *path)
{
	struct json_object *v = NULL;
	int r = json_pointer_get(o, path, &v);

	if (r < 0)
		fail_msg("no %s in %s", path, json_object_to_json_string(o));
	return v;
}

static void is_str(struct json_object *o, const char *path, const char *want)
{
	struct json_object *v = get(o, path);

	assert_true(json_object_is_type(v, json_type_string));
	assert_string_equal(json_object_get_string(v), want);
}

static void is_num(struct json_object *o, const char *path, uint64_t want)
{
	struct json_object *v = get(o, path);

	assert_true(json_object_is_type(v, json_type_int));
	assert_int_equal(json_object_get_uint64(v), want);
}

static void is_null(struct json_object *o, const char *path)
{
	assert_null(get(o, path));
}

static void is_absent(struct json_object *o, const char *path)
{
	struct json_object *v;

	assert_int_equal(json_pointer_get(o, path, &v), -1);
}

#define with_line(o) for (struct json_object *o = line(); o; json_object_put(o), o = NULL)

static void test_file_open_follows_the_schema(void **state)
{
	(void)state;
	with_line(o) {
		is_num(o, "/schema", 2);
		is_str(o, "/uid", s.r.uid);
		is_str(o, "/time", "2026-11-23T16:05:11.123456789Z");
		is_str(o, "/kind", "file.open");
		is_str(o, "/host", "ws-17");
		is_str(o, "/boot_id", "11111111-2222-3333-4444-555555555555");
		is_num(o, "/seq", 4711);
		is_str(o, "/verdict", "block");
		is_str(o, "/taken", "denied");
		is_str(o, "/by", "lsm");
		is_str(o, "/rule", "ai-reads-secret");
		is_str(o, "/severity", "high");
		is_str(o, "/message", "AI tools may not read secrets.");
		is_str(o, "/policy", s.policy.hash);
		is_str(o, "/tool/name", "claude-code");
		is_str(o, "/tool/session", "47dfd0f5c00-700");
		is_str(o, "/tool/evidence", "argv");
		is_str(o, "/tool/confidence", "exact");
		is_absent(o, "/tool/parent");
		is_num(o, "/process/pid", 812);
		is_num(o, "/process/tid", 812);
		is_num(o, "/process/ppid", 800);
		is_str(o, "/process/start", "2026-11-23T16:03:31.123457601Z");
		is_str(o, "/process/exe", "/usr/bin/cat");
		is_str(o, "/process/comm", "cat");
		is_str(o, "/process/argv/0", "cat");
		is_str(o, "/process/argv/1", ".env");
		is_absent(o, "/process/argv/2");
		is_str(o, "/process/cwd", "/home/ann/shop");
		is_num(o, "/process/uid", 1000);
		is_str(o, "/process/user", "ann");
		is_str(o, "/process/tty", "pts/3");
		is_null(o, "/process/container");
		is_num(o, "/ancestry/0/pid", 800);
		is_str(o, "/ancestry/0/exe", "/bin/bash");
		is_absent(o, "/ancestry/0/tool");
		is_num(o, "/ancestry/1/pid", 700);
		is_str(o, "/ancestry/1/tool", "claude-code");
		is_absent(o, "/ancestry/2/tool");
		is_absent(o, "/ancestry/3");
		is_str(o, "/file/path", "/home/ann/shop/.env");
		is_absent(o, "/file/path_hex");
		is_str(o, "/file/class/0", "dotenv");
		is_str(o, "/file/evidence", "pattern");
		is_str(o, "/file/dev", "8:1");
		is_num(o, "/file/inode", 1234);
		is_str(o, "/file/access", "r");
		is_str(o, "/file/reader", "generic");
		is_absent(o, "/repeats");
	}
}

static void test_net_connect_follows_the_schema(void **state)
{
	(void)state;
	sample_net(&s);
	s.r.finding = "name-hidden";
	with_line(o)
		is_str(o, "/net/finding", "name-hidden");
	s.r.finding = NULL;
	with_line(o) {
		is_absent(o, "/net/finding");
		is_str(o, "/kind", "net.connect");
		is_str(o, "/verdict", "alert");
		is_null(o, "/taken");
		is_str(o, "/by", "cgroup");
		is_absent(o, "/message");
		is_str(o, "/net/proto", "tcp");
		is_str(o, "/net/addr", "203.0.113.9");
		is_num(o, "/net/port", 443);
		is_str(o, "/net/host", "chat.example.com");
		is_str(o, "/net/provider", "openai");
		is_str(o, "/net/provider_tier", "consumer");
		is_str(o, "/net/region", "us");
		is_str(o, "/net/evidence", "dns-session");
		is_str(o, "/net/confidence", "exact");
		is_str(o, "/net/training", "yes, unless opted out");
		is_str(o, "/net/retention", "30 days");
		is_str(o, "/net/terms", "https://example.com/terms");
		is_str(o, "/net/candidates/0/name", "chat.example.com");
		is_str(o, "/net/candidates/0/cname", "edge.example.net");
		is_num(o, "/net/candidates/0/age_s", 2);
		assert_true(json_object_get_boolean(get(o, "/net/candidates/0/session")));
		assert_false(json_object_get_boolean(get(o, "/net/candidates/0/expired")));
		is_num(o, "/net/candidates/1/age_s", 90);
		assert_true(json_object_get_boolean(get(o, "/net/candidates/1/expired")));
		is_absent(o, "/file");
	}
}

/* A socket that names no destination has a kind instead. */
static void test_sockets_have_no_address(void **state)
{
	(void)state;
	sample_net(&s);
	memset(s.net.addr, 0, sizeof(s.net.addr));
	s.net.op = SL_NET_SOCKET_MADE;
	s.net.family = 0;
	s.net.port = SL_SOCKET_PACKET;
	s.net.proto = 0;
	s.r.names_cnt = 0;
	s.r.provider = NULL;
	s.r.net_evidence = s.r.net_confidence = "none";
	s.r.finding = "no-destination";
	with_line(o) {
		is_str(o, "/kind", "net.connect");
		is_str(o, "/net/socket", "packet");
		is_str(o, "/net/finding", "no-destination");
		is_absent(o, "/net/proto");
		is_absent(o, "/net/addr");
		is_absent(o, "/net/port");
	}
	s.net.port = SL_SOCKET_RAW;
	s.net.proto = IPPROTO_ICMP;
	with_line(o) {
		is_str(o, "/net/socket", "raw");
		is_str(o, "/net/proto", "icmp");
	}
}

static void test_unknown_is_left_out_or_null(void **state)
{
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

	(void)state;
	sample_net(&s);
	s.provider.tier = sample_text("");
	with_line(o)
		is_absent(o, "/net/provider_tier");
	memcpy(s.net.addr, v6, 16);
	s.net.family = 6;
	s.net.proto = 250;
	s.r.rule = NULL;
	s.r.by = SL_BY_NONE;
	s.r.provider = NULL;
	s.r.names_cnt = 0;
	s.r.net_evidence = s.r.net_confidence = "none";
	s.r.session = NULL;
	s.r.tool = NULL;
	s.r.user = "";
	s.cat.session_ns = 0;
	s.cat.exe = s.cat.cwd = s.cat.tty = sample_text("");
	s.cat.argv_len = 0;
	s.r.ancestors_cnt = 0;
	with_line(o) {
		is_null(o, "/verdict");
		is_null(o, "/by");
		is_null(o, "/rule");
		is_null(o, "/severity");
		is_absent(o, "/tool");
		is_str(o, "/net/addr", "2001:db8::1");
		is_str(o, "/net/proto", "250");
		is_str(o, "/net/evidence", "none");
		is_absent(o, "/net/host");
		is_absent(o, "/net/provider");
		is_absent(o, "/net/candidates");
		is_absent(o, "/process/exe");
		is_absent(o, "/process/argv");
		is_absent(o, "/process/cwd");
		is_absent(o, "/process/user");
		is_absent(o, "/process/tty");
		assert_int_equal(json_object_array_length(get(o, "/ancestry")), 0);
	}
}

static void test_a_unit_of_the_session(void **state)
{
	(void)state;
	s.r.rule = NULL;
	s.r.kind = REPORT_LINEAGE_KEPT;
	s.cat.cgroup = sample_text("run-u7.service/system.slice");
	with_line(o) {
		is_str(o, "/kind", "lineage.kept");
		is_str(o, "/unit", "run-u7.service");
		is_str(o, "/tool/name", "claude-code");
		is_num(o, "/process/pid", s.cat.tgid);
		is_absent(o, "/verdict");
	}
}

static void test_sessions_and_ends(void **state)
{
	(void)state;
	s.r.kind = REPORT_SESSION_START;
	s.session.parent_ns = 0xabc;
	s.session.parent_pid = 5;
	with_line(o) {
		is_str(o, "/kind", "session.start");
		is_str(o, "/tool/parent", "abc-5");
		is_absent(o, "/verdict");
		is_absent(o, "/file");
		is_absent(o, "/session");
	}
	s.r.kind = REPORT_SESSION_END;
	s.session.end_ns = s.session.begin_ns + 61500000000ull;
	s.session.files = 7;
	s.session.connects = 3;
	s.session.alerts = 1;
	with_line(o) {
		is_num(o, "/session/seconds", 61);
		is_num(o, "/session/files", 7);
		is_num(o, "/session/connects", 3);
		is_num(o, "/session/alerts", 1);
		is_num(o, "/session/bytes_sent", 0);
	}
	s.r.kind = REPORT_PROC_EXIT;
	s.ev.kind = SL_REC_EXIT;
	s.ev.exit = &s.end;
	s.ev.who = &s.end.who;
	s.end.exit_code = 3 << 8;
	with_line(o)
		is_num(o, "/exit/status", 3);
	s.end.exit_code = 9;
	with_line(o) {
		is_num(o, "/exit/signal", 9);
		is_absent(o, "/exit/status");
	}
}

static void test_guard(void **state)
{
	struct json_object *o;

	(void)state;
	sample_guard(&s, SL_GUARD_SIGNAL, 15, "");
	o = line();
	is_str(o, "/kind", "guard");
	is_str(o, "/verdict", "block");
	is_str(o, "/taken", "denied");
	is_str(o, "/severity", "critical");
	assert_null(get(o, "/rule"));
	is_str(o, "/guard/what", "signal");
	assert_int_equal(json_object_get_int(get(o, "/guard/signal")), 15);
	is_str(o, "/tool/name", "claude-code");
	json_object_put(o);

	sample_guard(&s, SL_GUARD_FILE, 0, ".../etc/sluice/policy.yaml");
	o = line();
	is_str(o, "/guard/what", "file");
	is_str(o, "/guard/path", ".../etc/sluice/policy.yaml");
	assert_false(json_object_object_get_ex(get(o, "/guard"), "signal", NULL));
	json_object_put(o);
}

static void test_flows_follow_the_schema(void **state)
{
	(void)state;
	sample_hello(&s, "front.example.org");
	s.r.sni_mismatch = true;
	s.r.action = SL_ACTION_BLOCK;
	s.r.taken = SL_TAKEN_CUT;
	with_line(o) {
		is_str(o, "/kind", "net.hello");
		is_str(o, "/verdict", "block");
		is_str(o, "/taken", "cut");
		is_str(o, "/net/sni", "front.example.org");
		is_str(o, "/net/host", "front.example.org");
		is_str(o, "/net/evidence", "sni");
		is_str(o, "/net/tls", "hello");
		assert_true(json_object_get_boolean(get(o, "/net/ech")));
		is_str(o, "/net/finding", "sni-mismatch");
		is_str(o, "/net/candidates/0/name", "chat.example.com");
		is_num(o, "/net/flow", 77);
		is_absent(o, "/net/bytes_sent");
	}
	s.r.sni_mismatch = false;
	sample_asks(&s, "eu.example.org");
	with_line(o) {
		is_str(o, "/net/host", "eu.example.org");
		is_str(o, "/net/asked", "eu.example.org");
		is_num(o, "/net/asked_port", 8443);
		is_num(o, "/net/port", 443);
		is_str(o, "/net/evidence", "proxy-connect");
		is_absent(o, "/net/sni");
		is_absent(o, "/net/tls");
		is_absent(o, "/net/finding");
	}
	sample_asks(&s, "");
	with_line(o) {
		is_absent(o, "/net/host");
		is_absent(o, "/net/asked");
		is_absent(o, "/net/tls");
		is_str(o, "/net/finding", "behind-proxy");
	}
	s.r.behind_proxy = false;
	s.r.names_cnt = 1;
	sample_flow(&s, "");
	with_line(o) {
		is_str(o, "/kind", "net.flow");
		is_absent(o, "/verdict");
		is_absent(o, "/net/sni");
		is_absent(o, "/net/finding");
		is_str(o, "/net/host", "chat.example.com");
		is_num(o, "/net/bytes_sent", 12345);
		is_num(o, "/net/bytes_received", 678);
		is_num(o, "/net/segments_sent", 9);
		is_num(o, "/net/milliseconds", 2500);
		is_str(o, "/net/begin", "2026-11-23T16:05:08.623456789Z");
		is_str(o, "/net/end", "closed");
		assert_false(json_object_get_boolean(get(o, "/net/adopted")));
		is_str(o, "/tool/name", "claude-code");
	}
}

static void test_losses_and_the_agent_itself(void **state)
{
	(void)state;
	s.r = (struct draft){ .kind = REPORT_LOSS, .loss = SL_LOSS_RING, .loss_count = 12, .text = "", .user = "",
			       .compiled = &s.compiled };
	with_line(o) {
		is_str(o, "/loss/reason", event_loss_name(SL_LOSS_RING));
		is_num(o, "/loss/count", 12);
		is_str(o, "/loss/help", event_loss_help(SL_LOSS_RING));
		is_absent(o, "/process");
	}
	s.r.kind = REPORT_POLICY_LOAD;
	s.r.text = "3 rules\nin force";
	with_line(o) {
		is_str(o, "/kind", "policy.load");
		is_str(o, "/text", "3 rules\nin force");
		is_str(o, "/policy", s.policy.hash);
	}
}

static void test_what_the_agent_says(void **state)
{
	(void)state;
	s.r = (struct draft){ .source = &s.source, .text = "mode enforce", .compiled = &s.compiled };
	for (enum report_kind k = REPORT_AGENT_START; k <= REPORT_HOOKS; k++) {
		s.r.kind = k;
		with_line(o) {
			is_str(o, "/kind", report_kind_name(k));
			is_str(o, "/text", "mode enforce");
			is_str(o, "/policy", s.policy.hash);
			is_absent(o, "/verdict");
			is_absent(o, "/tool");
		}
	}
}

static void test_other_processes(void **state)
{
	(void)state;
	sample_inspect(&s);
	with_line(o) {
		is_str(o, "/kind", "ptrace");
		is_str(o, "/inspect/what", "memory");
		is_str(o, "/inspect/how", "process_vm_readv");
		is_str(o, "/target/id", "45d964b8000-900");
		is_str(o, "/target/exe", "/usr/bin/ssh-agent");
		is_str(o, "/target/comm", "ssh-agent");
		is_num(o, "/target/uid", 1001);
		is_absent(o, "/target/tool");
	}
	s.inspect.target_session_ns = SAMPLE_SESSION_NS;
	s.inspect.target_session_pid = 700;
	s.inspect.target_tool = 1;
	s.r.path_len = 0;
	with_line(o) {
		is_str(o, "/target/tool/name", "claude-code");
		is_str(o, "/target/tool/session", "47dfd0f5c00-700");
		is_absent(o, "/target/exe");
	}
}

static void test_brokers(void **state)
{
	(void)state;
	sample_broker(&s);
	for (int lost = 0; lost < 2; lost++) {
		s.r.kind = lost ? REPORT_LINEAGE_LOST : REPORT_BROKER_CONNECT;
		with_line(o) {
			is_str(o, "/kind", lost ? "lineage.lost" : "broker.connect");
			is_str(o, "/broker/path", "/run/docker.sock");
			is_str(o, "/broker/name/0", "docker");
			is_str(o, "/broker/name/1", "logs");
			is_str(o, "/broker/type", "stream");
			assert_true(json_object_get_boolean(get(o, "/broker/hands_out")));
			assert_false(json_object_get_boolean(get(o, "/broker/abstract")));
			is_num(o, "/broker/pid", 640);
		}
	}
	s.broker.type = SL_BROKER_SPOOL;
	s.broker.peer_tgid = 0;
	s.r.brokers[0] = &s.brokers[1];
	s.r.brokers_cnt = 1;
	with_line(o) {
		is_str(o, "/broker/type", "file");
		assert_false(json_object_get_boolean(get(o, "/broker/hands_out")));
		is_absent(o, "/broker/pid");
	}
}

static void test_repeats_and_cut_ancestry(void **state)
{
	(void)state;
	s.r.repeats = 12;
	s.r.ancestry_cut = true;
	s.cat.argv_flags = SL_STR_TRUNCATED;
	s.file.path_flags = SL_STR_TRUNCATED;
	s.file.set = SL_SET_UNRESOLVED;
	with_line(o) {
		is_num(o, "/repeats", 12);
		assert_true(json_object_get_boolean(get(o, "/ancestry_cut")));
		assert_true(json_object_get_boolean(get(o, "/process/argv_truncated")));
		assert_true(json_object_get_boolean(get(o, "/file/path_truncated")));
		is_str(o, "/file/evidence", "unresolved");
	}
}

/* A process is the same in every line, however late the line is told. */
static void test_start_does_not_move_with_the_line(void **state)
{
	(void)state;
	s.r.wall_ns += 700000000;
	s.r.time_ns += 700000000; /* a repeat: event->time_ns stays */
	with_line(o) {
		is_str(o, "/process/start", "2026-11-23T16:03:31.123457601Z");
		is_str(o, "/process/id", "474dec26b2c-812");
	}
}

static void test_hostile_text_is_lossless_and_harmless(void **state)
{
	static const char path[] = "/tmp/\n\"\\\033[2J\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xf3\xa0\x81\xa1 \xc3\xbc\xf0\x9f\x98\x80";
	struct strbuf b = STRBUF_INIT;

	(void)state;
	sample_set_path(&s, path, strlen(path));
	s.source.host = "a\"b";
	s.rule.message = sample_text("two\nlines");
	with_line(o) {
		is_str(o, "/file/path", path);
		is_absent(o, "/file/path_hex");
		is_str(o, "/host", "a\"b");
		is_str(o, "/message", "two\nlines");
	}
	output_json_format(&b, sample_report(&s));
	assert_null(memchr(b.data, '\033', b.len));
	assert_null(memchr(b.data, '\x7f', b.len));
	assert_null(strstr(b.data, "\xc2\x9b"));
	assert_null(strstr(b.data, "\xe2\x80"));
	assert_null(strstr(b.data, "\xf3\xa0"));
	assert_non_null(strstr(b.data, "\\u202e\\u2028\\udb40\\udc61 \xc3\xbc\xf0\x9f\x98\x80\""));
	strbuf_done(&b);
}

static void test_bytes_that_are_not_utf8(void **state)
{
	static const char argv[] = "c\xff\0\xed\xa0\x80", path[] = "/tmp/\xff\xc3(\0x";

	(void)state;
	sample_set_path(&s, path, sizeof(path) - 1);
	sample_set_argv(&s.cat, argv, sizeof(argv));
	s.cat.exe = sample_text("/tmp/\xfe");
	memcpy(s.cat.comm, "\xf0\x9f\x98", 4);
	with_line(o) {
		struct json_object *v = get(o, "/file/path");

		assert_int_equal(json_object_get_string_len(v), 14);
		assert_memory_equal(json_object_get_string(v), "/tmp/\xef\xbf\xbd\xef\xbf\xbd(\0x", 14);
		is_str(o, "/file/path_hex", "2f746d702fffc3280078");
		is_str(o, "/process/argv/0", "c\xef\xbf\xbd");
		is_str(o, "/process/argv/1", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
		is_str(o, "/process/exe", "/tmp/\xef\xbf\xbd");
	}
}

/* Each byte value in every place that an outsider fills, at 4,096 bytes. */
static void test_every_byte_everywhere(void **state)
{
	static char text[4097], argv[4098];

	(void)state;
	for (int c = 1; c < 256; c++) {
		for (size_t i = 0; i < 4096; i++) {
			text[i] = (char)(i % 3 == 1 ? c : i % 7 ? 'a' + (int)(i % 26) : 0xc3);
			argv[i] = text[i];
		}
		sample_set_path(&s, text, 4096);
		sample_set_argv(&s.cat, argv, 4097);
		s.cat.exe = s.cat.cwd = s.bash.exe = s.cat.tty = s.cat.cgroup = text;
		s.r.user = s.rule.message = text;
		memset(s.cat.comm, c, SL_COMM_LEN);
		with_line(o)
			is_num(o, "/seq", 4711);
	}
}

static void test_argv_carries_no_credentials(void **state)
{
	static const char argv[] = "tool\0--token\0hunter2\0--password=hunter3\0-c\0TOKEN=hunter4 run\n";
	struct strbuf b = STRBUF_INIT;

	(void)state;
	sample_set_argv(&s.cat, argv, sizeof(argv));
	output_json_format(&b, sample_report(&s));
	assert_null(strstr(b.data, "hunter"));
	strbuf_done(&b);
	with_line(o) {
		is_str(o, "/process/argv/2", "[redacted]");
		is_str(o, "/process/argv/3", "--password=[redacted]");
		is_str(o, "/process/argv/5", "TOKEN=[redacted] run\n");
	}
}

/* An argument list that was cut has no NUL at its end; empty arguments count. */
static void test_argv_is_split_at_nuls(void **state)
{
	static const char argv[] = { 'a', 0, 0, 'b', 'c' };

	(void)state;
	sample_set_argv(&s.cat, argv, sizeof(argv));
	with_line(o) {
		is_str(o, "/process/argv/0", "a");
		is_str(o, "/process/argv/1", "");
		is_str(o, "/process/argv/2", "bc");
		is_absent(o, "/process/argv/3");
	}
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_container_ids(void **state)
{
	static const struct {
		const char *cgroup, *want, *engine;
	} samples[] = {
		{ "docker-" ID ".scope/system.slice", ID, "docker" },
		{ "container/libpod-" ID ".scope/machine.slice", ID, "podman" },
		{ "payload/machine-a\\x22b.scope/machine.slice", "a\"b", "nspawn" },
		{ "lxc.payload.web1", "web1", "lxc" },
		{ ID, ID, NULL },
		{ "libpod-conmon-" ID ".scope", NULL, NULL },
		{ "docker-" ID "0.scope", NULL, NULL },
		{ "docker-0123456789ab.scope", NULL, NULL },
		{ "session-3.scope", NULL, NULL },
		{ "app-org.example.Editor-7.scope", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		s.cat.cgroup = sample_text(samples[i].cgroup);
		with_line(o) {
			if (samples[i].want)
				is_str(o, "/process/container", samples[i].want);
			else
				is_null(o, "/process/container");
			if (samples[i].engine)
				is_str(o, "/process/container_engine", samples[i].engine);
			else
				is_absent(o, "/process/container_engine");
		}
	}
}

static void test_terminals(void **state)
{
	static const char *const samples[][2] = {
		{ "pts3", "pts/3" }, { "pts12", "pts/12" }, { "tty1", "tty1" }, { "ttyS0", "ttyS0" }, { "ptsx", "ptsx" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		s.cat.tty = sample_text(samples[i][0]);
		with_line(o)
			is_str(o, "/process/tty", samples[i][1]);
	}
}

static void test_dates(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *want;
	} samples[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 951782399, "2000-02-28T23:59:59.000000000Z" },
		{ 951782400, "2000-02-29T00:00:00.000000000Z" },
		{ 951868800, "2000-03-01T00:00:00.000000000Z" },
		{ 1709164800, "2024-02-29T00:00:00.000000000Z" },
		{ 1735689599, "2024-12-31T23:59:59.000000000Z" },
		{ 4107542400, "2100-03-01T00:00:00.000000000Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct strbuf b = STRBUF_INIT;

		format_time(&b, samples[i].seconds * 1000000000);
		assert_string_equal(b.data, samples[i].want);
		strbuf_done(&b);
	}
}

/* ---- lines on their way to a descriptor ------------------------------------------------------------------------------ */

static size_t drain(int fd, struct strbuf *b)
{
	char buf[65536];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(b, buf, (size_t)n);
		all += (size_t)n;
	}
	return all;
}

/* A reader that stops: what fits waits, what does not is refused, and what comes out in the end are whole lines in order. */
static void test_slow_reader_gets_whole_lines(void **state)
{
	cleanup_(output_freep) struct output *o = NULL;
	unsigned int taken = 0, refused = 0, seen = 0;
	struct strbuf got = STRBUF_INIT;
	char *at, *end;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(output_json_new(fds[1], &o), 0);
	while (refused < 3) {
		int r;

		s.r.seq = taken + 1;
		r = output_ops(o)->write(o, sample_report(&s));
		taken += r == 0;
		refused += r == -ENOBUFS;
		assert_true(r == 0 || r == -ENOBUFS);
		assert_true(taken < 100000);
	}
	assert_int_equal(output_ops(o)->flush(o), -EAGAIN);
	do {
		drain(fds[0], &got);
	} while (output_ops(o)->flush(o) == -EAGAIN);
	drain(fds[0], &got);
	assert_int_equal(output_ops(o)->flush(o), 0);
	assert_int_equal(strlen(got.data), got.len);
	for (at = got.data; *at; at = end + 1) {
		struct json_object *one;

		end = strchr(at, '\n');
		assert_non_null(end);
		*end = '\0';
		one = json_tokener_parse(at);
		is_num(one, "/seq", ++seen);
		json_object_put(one);
	}
	assert_int_equal(seen, taken);
	strbuf_done(&got);
	close(fds[0]);
	close(fds[1]);
}

static void test_closed_pipe_is_an_error_not_a_death(void **state)
{
	cleanup_(output_freep) struct output *o = NULL;
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(output_json_new(fds[1], &o), 0);
	assert_int_equal(output_ops(o)->write(o, sample_report(&s)), 0);
	assert_int_equal(output_ops(o)->flush(o), -EPIPE);
	signal(SIGPIPE, old);
	close(fds[1]);
}

#define T(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_file_open_follows_the_schema),
		T(test_net_connect_follows_the_schema),
		T(test_sockets_have_no_address),
		T(test_flows_follow_the_schema),
		T(test_unknown_is_left_out_or_null),
		T(test_a_unit_of_the_session),
		T(test_sessions_and_ends),
		T(test_guard),
		T(test_losses_and_the_agent_itself),
		T(test_what_the_agent_says),
		T(test_other_processes),
		T(test_brokers),
		T(test_repeats_and_cut_ancestry),
		T(test_start_does_not_move_with_the_line),
		T(test_hostile_text_is_lossless_and_harmless),
		T(test_bytes_that_are_not_utf8),
		T(test_every_byte_everywhere),
		T(test_argv_carries_no_credentials),
		T(test_argv_is_split_at_nuls),
		T(test_container_ids),
		T(test_terminals),
		T(test_dates),
		T(test_slow_reader_gets_whole_lines),
		T(test_closed_pipe_is_an_error_not_a_death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
