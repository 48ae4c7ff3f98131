/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what becomes of a server name that a flow told, next to what DNS said, and of a flow that ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "correlate/pipeline.h"
#include "records.h"
#include "small_policy.h"

static struct small_policy small;
static union record rec;
static struct pipeline *p;
static struct strbuf out;

static const struct who tool = { .tgid = 100, .ppid = 50, .uid = 1000, .start_ns = 99 * SECOND, .session_ns = 100 * SECOND,
				 .session_pid = 100, .tool = SMALL_CLAUDE, .comm = "claude" };
static const struct who other = { .tgid = 200, .ppid = 50, .uid = 1000, .start_ns = 98 * SECOND, .session_ns = 98 * SECOND,
				  .session_pid = 200, .tool = SMALL_CODEX, .comm = "codex" };
static const uint8_t addr[4] = { 192, 0, 2, 7 }, in_range[4] = { 198, 51, 100, 9 };

static void on_report(void *arg, const struct report *r)
{
	(void)arg;
	if (r->kind != REPORT_NET_HELLO && r->kind != REPORT_NET_FLOW && r->kind != REPORT_NET_CONNECT)
		return;
	strbuf_addf(&out, "%s ", report_kind_name(r->kind));
	if (r->net.asked[0])
		strbuf_addf(&out, "%s:%u ", r->net.asked, r->net.asked_port);
	if (r->net.behind_proxy)
		strbuf_adds(&out, "behind ");
	strbuf_addf(&out, "%s provider=%s %s/%s",
		    r->net.sni[0] ? r->net.sni : r->net.candidates_cnt ? r->net.candidates[0].name : "-", r->net.provider ? r->net.provider : "-",
		    r->net.evidence, r->net.confidence);
	if (r->net.sni_mismatch)
		strbuf_addf(&out, " mismatch:%s", r->net.candidates_cnt ? r->net.candidates[0].name : r->net.asked);
	if (r->net.note)
		strbuf_addf(&out, " finding:%s", r->net.note);
	if (r->rule.id)
		strbuf_addf(&out, " %s=%s", r->rule.id, r->verdict);
	if (r->taken)
		strbuf_addf(&out, " %s by %s", r->outcome, r->by ? r->by : "none");
	if (r->kind == REPORT_NET_FLOW)
		strbuf_addf(&out, " %s", r->process.comm);
	strbuf_addc(&out, '\n');
}

static void feed(size_t size)
{
	assert_int_equal(pipeline_record(p, &rec, size), 0);
}

static void expect(const char *want)
{
	assert_string_equal(strbuf_str(&out), want);
	strbuf_reset(&out);
}

static int setup(void **state)
{
	const struct pipeline_config config = { .compiled = small.compiled, .sink = on_report };

	(void)state;
	out = (struct strbuf)STRBUF_INIT;
	if (pipeline_new(&config, &p))
		return -1;
	feed(rec_clock(&rec, SECOND, 1700000000ull * SECOND));
	feed(rec_exec(&rec, 100 * SECOND, &tool, "/opt/claude", "/", "claude", 7));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pipeline_free(p);
	strbuf_done(&out);
	return 0;
}

static size_t hello(const char *name)
{
	return rec_hello(&rec, 105 * SECOND, &tool, addr, name, SMALL_RULE_ELSEWHERE, SL_ACTION_LOG);
}

static void test_name_alone_is_a_claim(void **state)
{
	(void)state;
	feed(hello("Eu.Shady.example"));
	expect("net.hello eu.shady.example provider=shady sni/low elsewhere=log\n");
	/* The address lies in a range of the name's provider. */
	feed(rec_hello(&rec, 105 * SECOND, &tool, in_range, "api.anthropic.example", SMALL_RULE_OWN, SL_ACTION_LOG));
	expect("net.hello api.anthropic.example provider=anthropic sni/high own=log\n");
}

static void test_name_that_dns_gave(void **state)
{
	(void)state;
	feed(rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(hello("eu.shady.example"));
	expect("net.hello eu.shady.example provider=shady sni/exact elsewhere=log\n");
	feed(rec_dns(&rec, 102 * SECOND, &other, "us.shady.example", addr, 60));
	feed(hello("us.shady.example"));
	expect("net.hello us.shady.example provider=shady sni/high elsewhere=log\n");
}

static size_t asks(const char *bytes, size_t len, bool is_addr)
{
	rec_hello(&rec, 105 * SECOND, &tool, addr, "", SMALL_RULE_ELSEWHERE, SL_ACTION_LOG);
	return rec_asks(&rec, bytes, len, is_addr, 443);
}

static size_t behind(const char *name)
{
	rec_hello(&rec, 106 * SECOND, &tool, addr, name, SMALL_RULE_ELSEWHERE, SL_ACTION_LOG);
	rec.hello.hello_flags |= SL_HELLO_PROXY | SL_HELLO_INNER;
	rec.hello.asked_port = 443;
	return rec.hdr.size;
}

/* What is known of the proxy's address is no evidence for what lies behind it. */
static void test_what_a_proxy_is_asked_for(void **state)
{
	(void)state;
	feed(rec_dns(&rec, 102 * SECOND, &tool, "proxy.shady.example", addr, 60));
	feed(rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", in_range, 60));
	feed(asks("api.anthropic.example", 21, false));
	expect("net.hello api.anthropic.example:443 - provider=anthropic proxy-connect/high elsewhere=log\n");
	feed(asks((const char *)in_range, 4, true));
	expect("net.hello 198.51.100.9:443 eu.shady.example provider=shady proxy-connect/exact elsewhere=log\n");
	feed(asks("\xc6\x33\x64\x0a", 4, true));
	expect("net.hello 198.51.100.10:443 - provider=anthropic proxy-connect/high elsewhere=log\n");
	feed(asks("", 0, false));
	expect("net.hello behind proxy.shady.example provider=shady dns-session/exact elsewhere=log\n");
	/* Nothing of it is the address's name. */
	feed(hello(""));
	expect("net.hello proxy.shady.example provider=shady dns-session/exact elsewhere=log\n");
}

/* What the hello behind a request says, against what the proxy was asked for. */
static void test_hello_behind_a_request(void **state)
{
	(void)state;
	feed(asks("eu.shady.example", 16, false));
	strbuf_reset(&out);
	feed(behind("api.anthropic.example"));
	expect("net.hello eu.shady.example:443 api.anthropic.example provider=anthropic sni/low mismatch:eu.shady.example elsewhere=log\n");
	/* The hello that says the same in other letters. */
	feed(behind("EU.shady.example"));
	expect("net.hello eu.shady.example:443 eu.shady.example provider=shady sni/high elsewhere=log\n");
	/* An address that nobody knows the name of. */
	feed(asks("\xcb\0\x71\x99", 4, true));
	strbuf_reset(&out);
	feed(behind("api.anthropic.example"));
	expect("net.hello 203.0.113.153:443 api.anthropic.example provider=anthropic sni/low elsewhere=log\n");
	/* Nothing of it is a name of the proxy's address. */
	feed(hello(""));
	expect("net.hello - provider=- none/none elsewhere=log\n");
}

static void test_name_against_dns(void **state)
{
	(void)state;
	feed(rec_dns(&rec, 102 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(hello("api.anthropic.example"));
	expect("net.hello api.anthropic.example provider=anthropic sni/low mismatch:eu.shady.example elsewhere=log\n");
	/* What ran out contradicts nothing. */
	hello("api.anthropic.example");
	rec.hdr.time_ns = 1000 * SECOND;
	feed(rec.hdr.size);
	expect("net.hello api.anthropic.example provider=anthropic sni/low elsewhere=log\n");
	/* Nor does no name at all. */
	feed(hello(""));
	expect("net.hello eu.shady.example provider=shady dns-session/exact elsewhere=log\n");
}

static void test_claims_do_not_become_dns(void **state)
{
	(void)state;
	feed(hello("one.example.com"));
	feed(hello("two.example.com"));
	expect("net.hello one.example.com provider=- sni/low elsewhere=log\n"
	       "net.hello two.example.com provider=- sni/low elsewhere=log\n");
	/* A later connection shows the name for want of a better one, but is not judged by it. */
	feed(rec_hello(&rec, 106 * SECOND, &tool, addr, "api.anthropic.example", SMALL_RULE_ELSEWHERE, SL_ACTION_LOG));
	strbuf_reset(&out);
	feed(rec_net(&rec, 107 * SECOND, &tool, addr, 443));
	expect("net.connect api.anthropic.example provider=anthropic sni/low elsewhere=log\n");
	feed(rec_dns(&rec, 108 * SECOND, &tool, "eu.shady.example", addr, 60));
	feed(rec_net(&rec, 109 * SECOND, &tool, addr, 443));
	expect("net.connect eu.shady.example provider=shady dns-session/exact shady=block\n");
}

static void test_verdicts(void **state)
{
	const struct session *s;

	(void)state;
	/* The connect was judged by the same rule: its verdict stands. */
	rec_hello(&rec, 105 * SECOND, &tool, addr, "eu.shady.example", SMALL_RULE_SHADY, SL_ACTION_BLOCK);
	rec.hello.again = 1;
	feed(rec.hdr.size);
	expect("net.hello eu.shady.example provider=shady sni/low\n");
	feed(rec_hello(&rec, 105 * SECOND, &tool, addr, "eu.shady.example", SMALL_RULE_SHADY, SL_ACTION_BLOCK));
	expect("net.hello eu.shady.example provider=shady sni/low shady=block\n");
	rec_hello(&rec, 105 * SECOND, &tool, addr, "eu.shady.example", SMALL_RULE_SHADY, SL_ACTION_BLOCK);
	rec.hello.taken = SL_TAKEN_CUT;
	feed(rec.hdr.size);
	expect("net.hello eu.shady.example provider=shady sni/low shady=block cut by cgroup\n");
	s = proctree_session(pipeline_tree(p), 100 * SECOND, 100);
	assert_int_equal(s->alerts, 2);
}

static void test_findings(void **state)
{
	static const uint8_t hider[4] = { 203, 0, 113, 1 }, stranger[4] = { 192, 0, 2, 9 };

	(void)state;
	/* A resolver by its address, and by the name in a hello to any address; at port 53 it hides nothing. */
	feed(rec_net(&rec, 103 * SECOND, &tool, hider, 853));
	feed(hello("dns.hider.example"));
	rec_net(&rec, 104 * SECOND, &tool, hider, 53);
	rec.net.proto = 17;
	feed(rec.hdr.size);
	expect("net.connect - provider=hider cidr/high finding:name-hidden elsewhere=log\n"
	       "net.hello dns.hider.example provider=hider sni/low finding:name-hidden elsewhere=log\n"
	       "net.connect - provider=- none/none elsewhere=log\n");
	feed(rec_net(&rec, 105 * SECOND, &tool, stranger, 53));
	feed(rec_net(&rec, 105 * SECOND, &tool, stranger, 443));
	expect("net.connect - provider=- none/none finding:dns-over-tcp elsewhere=log\n"
	       "net.connect - provider=- none/none elsewhere=log\n");
}

static void test_flows_are_summed(void **state)
{
	const struct session *s;

	(void)state;
	feed(rec_flow(&rec, 110 * SECOND, &tool, addr, "eu.shady.example", 5000, 700));
	feed(rec_exit(&rec, 111 * SECOND, &tool));
	feed(rec_flow(&rec, 112 * SECOND, &tool, in_range, "", 30, 4));
	/* Of a process that nobody knows any more. */
	feed(rec_flow(&rec, 112 * SECOND, &other, addr, "", 1, 1));
	expect("net.flow eu.shady.example provider=shady sni/low claude\n"
	       "net.flow - provider=anthropic cidr/high claude\n"
	       "net.flow - provider=- none/none codex\n");
	s = proctree_session(pipeline_tree(p), 100 * SECOND, 100);
	assert_int_equal(s->flows, 2);
	assert_int_equal(s->sent_bytes, 5030);
	assert_int_equal(s->received_bytes, 704);
	/* Told late, a flow begins no session and brings no process back. */
	assert_null(proctree_session(pipeline_tree(p), 98 * SECOND, 200));
	assert_null(proctree_find(pipeline_tree(p), 200, 98 * SECOND));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_name_alone_is_a_claim), T(test_name_that_dns_gave), T(test_name_against_dns),
		T(test_what_a_proxy_is_asked_for),
		T(test_hello_behind_a_request),
		T(test_claims_do_not_become_dns), T(test_verdicts), T(test_findings), T(test_flows_are_summed),
	};
	struct errmsg e = { 0 };
	int r;

	if (small_policy_make(&small, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	small_policy_done(&small);
	return r;
}
