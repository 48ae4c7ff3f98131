/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what a record may look like, what a path reads as, and that no byte sequence gets past the checks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event/decode.h"
#include "records.h"

static union record rec;
static const struct who ann = { .tgid = 812, .ppid = 800, .uid = 1000, .start_ns = 5 * SECOND, .comm = "cat" };

static int decode(size_t size, struct event *ev)
{
	return decode_record(&rec, size, ev);
}

static void assert_view(struct view v, const char *text)
{
	assert_int_equal(v.len, strlen(text));
	assert_memory_equal(v.data, text, v.len);
}

static void test_exec_gives_every_string(void **state)
{
	struct event ev;
	size_t size = rec_exec(&rec, 7, &ann, "/usr/bin/cat", "/home/ann", "cat\0.env\0", 9);

	(void)state;
	rec.exec.cgroup_len = (uint16_t)rec_bytes(&rec, "session-2.scope", 15);
	rec.exec.tty_len = (uint16_t)rec_bytes(&rec, "pts3", 4);
	size = rec.hdr.size;
	assert_int_equal(decode(size, &ev), 0);
	assert_int_equal(ev.kind, SL_REC_EXEC);
	assert_int_equal(ev.time_ns, 7);
	assert_int_equal(ev.who->tgid, 812);
	assert_view(ev.exe, "cat/bin/usr/");
	assert_view(ev.cwd, "ann/home/");
	assert_int_equal(ev.argv.len, 9);
	assert_view(ev.cgroup, "session-2.scope");
	assert_view(ev.tty, "pts3");
	/* Kinds without a string have an empty one, not a wild pointer. */
	assert_int_equal(ev.path.len, 0);
	assert_non_null(ev.path.data);
}

/* Every record kind, once: its size, and that one byte less or more is refused. */
static void test_sizes_must_add_up(void **state)
{
	static const struct who other = { .tgid = 900, .ppid = 1, .uid = 1000, .start_ns = SECOND, .comm = "gpg-agent" };
	static const uint8_t addr[4] = { 192, 0, 2, 7 };
	struct event ev, before;

	(void)state;
	for (int kind = SL_REC_EXEC; kind < _SL_REC_MAX; kind++) {
		size_t size = 0;

		switch ((enum sl_kind)kind) {
		case SL_REC_EXEC:
			size = rec_exec(&rec, 1, &ann, "/bin/sh", "/", "sh", 3);
			break;
		case SL_REC_FORK:
			size = rec_fork(&rec, 1, &ann);
			break;
		case SL_REC_EXIT:
			size = rec_exit(&rec, 1, &ann);
			break;
		case SL_REC_FILE:
			size = rec_file(&rec, 1, &ann, "/etc/shadow", 3, 1, SL_ACTION_ALERT);
			break;
		case SL_REC_NET:
			size = rec_net(&rec, 1, &ann, addr, 443);
			break;
		case SL_REC_VERDICT:
			size = rec_verdict(&rec, 1, &ann, addr, 443, 1, SL_ACTION_BLOCK);
			break;
		case SL_REC_SENT:
			size = rec_sent(&rec, 1, &ann, 7, addr, 443, 1, 1, 600);
			break;
		case SL_REC_INSPECT:
			size = rec_inspect(&rec, 1, &ann, &other, "/usr/bin/gpg-agent", SL_PEER_MEMORY, SL_HOW_READV, 1,
					   SL_ACTION_BLOCK);
			break;
		case SL_REC_BROKER:
			size = rec_broker(&rec, 1, &ann, "/run/docker.sock", 3, 1, SL_ACTION_ALERT);
			break;
		case SL_REC_DNS:
			size = rec_dns(&rec, 1, &ann, "example.com", addr, 60);
			break;
		case SL_REC_LOSS:
			size = rec_loss(&rec, 1, SL_LOSS_RING, 5);
			break;
		case SL_REC_CLOCK:
			size = rec_clock(&rec, 1, 2);
			break;
		case SL_REC_USER:
			size = rec_user(&rec, 1000, "ann");
			break;
		case SL_REC_AGENT:
			size = rec_agent(&rec, 1, SL_AGENT_START, "begun");
			break;
		case SL_REC_GUARD:
			size = rec_guard(&rec, 1, &ann, SL_GUARD_FILE, 0, "/sluice/policy.yaml");
			break;
		case SL_REC_HELLO:
			size = rec_hello(&rec, 1, &ann, addr, "api.example.com", 1, SL_ACTION_ALERT);
			break;
		case SL_REC_FLOW:
			size = rec_flow(&rec, 1, &ann, addr, "api.example.com", 5000, 700);
			break;
		case SL_REC_INVALID:
		case _SL_REC_MAX:
			break;
		}
		assert_int_equal(decode(size, &ev), 0);
		/* A connection is a connection, whoever judged it. */
		assert_int_equal(ev.kind, kind == SL_REC_VERDICT ? SL_REC_NET : kind);
		for (int wrong = -1; wrong <= 1; wrong += 2) {
			rec.hdr.size = (uint32_t)((int)size + wrong);
			memset(&before, 0x5a, sizeof(before));
			ev = before;
			assert_int_equal(decode(rec.hdr.size, &ev), -EBADMSG);
			assert_memory_equal(&ev, &before, sizeof(ev));
		}
		/* The header and the bytes disagree. */
		rec.hdr.size = (uint32_t)size;
		assert_int_equal(decode(size - 1, &ev), -EBADMSG);
		rec.hdr.size = (uint32_t)size + 8;
		assert_int_equal(decode(size, &ev), -EBADMSG);
		/* Cut to nothing but a header, and to less. */
		rec.hdr.size = sizeof(struct sl_hdr);
		assert_int_equal(decode(sizeof(struct sl_hdr), &ev), -EBADMSG);
		assert_int_equal(decode(3, &ev), -EBADMSG);
		assert_int_equal(decode(0, &ev), -EBADMSG);
	}
}

static void test_other_versions_and_kinds_are_told_apart(void **state)
{
	size_t size = rec_fork(&rec, 1, &ann);
	struct event ev;

	(void)state;
	rec.hdr.version = SL_RECORD_VERSION + 1;
	assert_int_equal(decode(size, &ev), -EPROTONOSUPPORT);
	rec.hdr.version = SL_RECORD_VERSION;
	rec.hdr.kind = _SL_REC_MAX;
	assert_int_equal(decode(size, &ev), -EPROTONOSUPPORT);
	rec.hdr.kind = SL_REC_INVALID;
	assert_int_equal(decode(size, &ev), -EPROTONOSUPPORT);
}

#define REFUSES(build, change)                                    \
	do {                                                      \
		size_t size_ = (build);                           \
		struct event ev_;                                 \
		assert_int_equal(decode(size_, &ev_), 0);         \
		change;                                           \
		assert_int_equal(decode(size_, &ev_), -EBADMSG);  \
	} while (0)

static void test_numbers_out_of_range_are_refused(void **state)
{
	static const uint8_t addr[4] = { 192, 0, 2, 7 };

	(void)state;
	REFUSES(rec_fork(&rec, 1, &ann), rec.fork.who.tgid = 0);
	REFUSES(rec_fork(&rec, 1, &ann), rec.fork.who.tgid = SL_PID_LIMIT);
	REFUSES(rec_fork(&rec, 1, &ann), rec.fork.who.tool = SL_TOOLS_MAX);
	REFUSES(rec_fork(&rec, 1, &ann), rec.fork.who.exe_set = SL_EXE_SETS_MAX);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.action = SL_ACTION_BLOCK + 1);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.set = SL_SETS_MAX);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.rule = SL_RULES_MAX + 1);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.taken = SL_TAKEN_KILLED + 1);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.by = _SL_BY_MAX);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.reader = SL_READERS);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.access = 0x80);
	REFUSES(rec_file(&rec, 1, &ann, "/a", 1, 1, 1), rec.file.path_flags = 0x100);
	REFUSES(rec_net(&rec, 1, &ann, addr, 1), rec.net.family = 5);
	REFUSES(rec_net(&rec, 1, &ann, addr, 1), rec.net.op = 0);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.net.family = 5);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.net.family = 0);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.net.op = SL_NET_SOCKET_MADE);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), (rec.net.op = SL_NET_SOCKET_MADE, rec.net.family = 0, rec.net.port = 0));
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1),
		(rec.net.op = SL_NET_SOCKET_MADE, rec.net.family = 0, rec.net.port = _SL_SOCKET_MAX));
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.verdict.rule = SL_RULES_MAX + 1);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.verdict.set = SL_SETS_MAX);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.verdict.action = SL_ACTION_BLOCK + 1);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.verdict.names = SL_NET_NAMES + 1);
	REFUSES(rec_verdict(&rec, 1, &ann, addr, 1, 1, 1), rec.verdict.decided = 2);
	REFUSES(rec_exec(&rec, 1, &ann, "/a", "/", "a", 2), rec.exec.origin = 0);
	REFUSES(rec_exec(&rec, 1, &ann, "/a", "/", "a", 2), rec.exec.evidence = _SL_EVID_MAX);
	REFUSES(rec_exec(&rec, 1, &ann, "/a", "/", "a", 2), rec.exec.new_session = 2);
	REFUSES(rec_exec(&rec, 1, &ann, "/a", "/", "a", 2), rec.exec.mode = SL_MODES);
	REFUSES(rec_loss(&rec, 1, SL_LOSS_RING, 5), rec.loss.reason = _SL_LOSS_MAX);
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.taken = SL_TAKEN_KILLED);
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.hello_flags = SL_HELLO_TLS); /* a name, and none */
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.hello_flags |= SL_HELLO_FLAGS + 1);
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.set = SL_SETS_MAX);
	/* An address is of one of two lengths, and for a proxy. */
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.hello_flags |= SL_HELLO_PROXY | SL_HELLO_ADDR);
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.bc", 1, 1), rec.hello.hello_flags |= SL_HELLO_ADDR);
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.bc", 1, 1), rec.hello.hello_flags |= SL_HELLO_INNER); /* behind no proxy */
	REFUSES(rec_hello(&rec, 1, &ann, addr, "a.b", 1, 1), rec.hello.again = 2);
	REFUSES(rec_flow(&rec, 1, &ann, addr, "a.b", 1, 1), rec.flow.family = 5);
	REFUSES(rec_flow(&rec, 1, &ann, addr, "a.b", 1, 1), rec.flow.flags = SL_FLOW_FLAGS + 1);
}

static void test_strings_over_their_limit_are_refused(void **state)
{
	char tty[SL_TTY_LEN + 1];
	struct event ev;

	(void)state;
	memset(tty, 'x', sizeof(tty));
	rec_exec(&rec, 1, &ann, "/a", "/", "a", 2);
	rec.exec.tty_len = (uint16_t)rec_bytes(&rec, tty, SL_TTY_LEN);
	assert_int_equal(decode(rec.hdr.size, &ev), 0);
	rec.exec.tty_len += (uint16_t)rec_bytes(&rec, "x", 1);
	assert_int_equal(decode(rec.hdr.size, &ev), -EBADMSG);
}

/* No change of bytes in a valid record reads outside it: the record lies at the end of its memory (ASan, valgrind). */
static void test_mutated_records_are_read_within_bounds(void **state)
{
	uint32_t seed = 20261123;
	size_t good = 0, bad = 0;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		size_t size = round % 2 ? rec_exec(&rec, 1, &ann, "/usr/bin/cat", "/home/ann", "cat\0x\0", 6) :
					  rec_file(&rec, 1, &ann, "/home/ann/.env", 3, 1, SL_ACTION_LOG);
		cleanup_free char *exact = NULL;
		char path[DECODE_PATH_SIZE];
		struct event ev;

		for (int i = 0; i < 1 + round % 4; i++) {
			seed = seed * 1664525 + 1013904223;
			rec.bytes[(seed >> 8) % size] = (char)(seed >> 24);
		}
		exact = malloc(size); /* to the byte, so that one too many is seen */
		assert_non_null(exact);
		memcpy(exact, rec.bytes, size);
		if (decode_record(exact, size, &ev) < 0) {
			bad++;
			continue;
		}
		good++;
		decode_path(ev.exe, path, sizeof(path));
		decode_path(ev.path, path, sizeof(path));
		for (uint32_t i = 0; i < ev.argv.len; i++)
			assert_true(ev.argv.data + i >= exact && ev.argv.data + i < exact + size);
	}
	/* Both ways out were taken, or the loop above says nothing. */
	assert_true(good > 1000 && bad > 1000);
}

static void assert_path(const char *bytes, uint32_t flags, const char *expect)
{
	struct view v = { .data = bytes, .len = (uint32_t)strlen(bytes), .flags = flags };
	char buf[DECODE_PATH_SIZE];

	assert_int_equal(decode_path(v, buf, sizeof(buf)), strlen(expect));
	assert_string_equal(buf, expect);
}

static void test_paths_are_turned_round(void **state)
{
	(void)state;
	assert_path(".env/ann/home/", 0, "/home/ann/.env");
	assert_path("vmlinuz/", 0, "/vmlinuz");
	assert_path("", 0, "/");
	assert_path("a b\n/\xff\xfe/", 0, "/\xff\xfe/a b\n");
	assert_path("", SL_STR_MISSING, "");
	assert_path("/home/ann/.env", SL_STR_PLAIN, "/home/ann/.env");
}

static void test_cut_paths_say_so_at_the_cut(void **state)
{
	(void)state;
	/* The walk ended before the root. */
	assert_path(".env/ann/", SL_STR_UNRESOLVED, ".../ann/.env");
	/* The bytes ended within "home": a piece of a name is not shown as a name. */
	assert_path(".env/ann/ho", SL_STR_TRUNCATED, ".../ann/.env");
	assert_path(".env/ann/", SL_STR_TRUNCATED, ".../ann/.env");
	assert_path("/home/ann/lo", SL_STR_PLAIN | SL_STR_TRUNCATED, "/home/ann/lo...");
}

static void test_longest_path_fits(void **state)
{
	char bytes[SL_PATH_MAX], buf[DECODE_PATH_SIZE];
	struct view v = { .data = bytes, .len = sizeof(bytes) };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 2 ? '/' : 'd';
	assert_int_equal(decode_path(v, buf, sizeof(buf)), SL_PATH_MAX);
	assert_memory_equal(buf, "/d/d/d/", 7);
	v.flags = SL_STR_TRUNCATED;
	assert_int_equal(decode_path(v, buf, sizeof(buf)), SL_PATH_MAX + 3);
	assert_memory_equal(buf, ".../d/d", 7);
}

static void test_small_buffers_keep_the_leaf(void **state)
{
	struct view v = { .data = ".env/shop/ann/home/", .len = 19 };
	char buf[32];

	(void)state;
	assert_int_equal(decode_path(v, buf, 16), 13);
	assert_string_equal(buf, ".../shop/.env");
	v = (struct view){ .data = "/home/ann/shop/.env", .len = 19, .flags = SL_STR_PLAIN };
	assert_int_equal(decode_path(v, buf, 16), 15);
	assert_string_equal(buf, "...nn/shop/.env");
	for (size_t size = 0; size < 16; size++) {
		memset(buf, 0x7f, sizeof(buf));
		assert_true(decode_path(v, buf, size) <= (size ? size - 1 : 0));
		assert_int_equal(buf[size], 0x7f);
	}
}

static void test_every_number_has_a_name(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < _SL_REC_MAX; i++)
		assert_string_not_equal(event_kind_name((enum sl_kind)i), "?");
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++) {
		if (i >= _SL_LOSS_KERNEL_MAX && i < SL_LOSS_DECODE)
			continue;
		assert_string_not_equal(event_loss_name(i), "?");
		assert_string_not_equal(event_loss_help(i), "?");
	}
	assert_string_equal(event_loss_name(SL_LOSS_RING), "ring-full");
	assert_string_equal(event_action_name(SL_ACTION_BLOCK), "block");
	assert_string_equal(event_reader_name(SL_READER_STARTUP), "startup");
	assert_string_equal(event_by_name(SL_BY_SYS_EXIT), "sys_exit");
	assert_string_equal(event_evidence_name(SL_EVID_INHERITED), "inherited");
	assert_string_equal(event_taken_name(SL_TAKEN_DENIED), "denied");
	/* Out of range, and in the gap between the kernel's losses and ours. */
	assert_string_equal(event_loss_name(_SL_LOSS_MAX), "?");
	assert_string_equal(event_loss_name(SL_LOSS_DECODE - 1), "?");
	assert_string_equal(event_action_name(99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec_gives_every_string),
		cmocka_unit_test(test_sizes_must_add_up),
		cmocka_unit_test(test_other_versions_and_kinds_are_told_apart),
		cmocka_unit_test(test_numbers_out_of_range_are_refused),
		cmocka_unit_test(test_strings_over_their_limit_are_refused),
		cmocka_unit_test(test_mutated_records_are_read_within_bounds),
		cmocka_unit_test(test_paths_are_turned_round),
		cmocka_unit_test(test_cut_paths_say_so_at_the_cut),
		cmocka_unit_test(test_longest_path_fits),
		cmocka_unit_test(test_small_buffers_keep_the_leaf),
		cmocka_unit_test(test_every_number_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
