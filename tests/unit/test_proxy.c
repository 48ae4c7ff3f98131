/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what is read out of a request to a proxy, however it is cut, and what is not taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "correlate/flows.h"
#include "hello.h"

#define ASKED (SL_HELLO_PROXY | SL_HELLO_NAME)
#define BAD (SL_HELLO_PROXY | SL_HELLO_BAD)

static uint8_t name[SL_HOST_MAX + 1];

static struct sl_hello parse(const void *bytes, size_t len, size_t step)
{
	struct sl_hello h = { 0 };

	memset(name, 0, sizeof(name));
	for (size_t at = 0; at < len; at += step)
		sl_hello_feed(&h, name, (const uint8_t *)bytes + at, (uint32_t)(step < len - at ? step : len - at));
	return h;
}

/* Cut at every size, the outcome is the same. */
static void assert_asks(const void *bytes, size_t len, unsigned int flags, const void *want, size_t want_len, unsigned int port)
{
	for (size_t step = 1; step <= len; step++) {
		struct sl_hello h = parse(bytes, len, step);

		assert_int_equal(h.flags, flags);
		assert_int_equal(h.state, SL_HELLO_DONE);
		if (!(flags & SL_HELLO_NAME))
			continue;
		assert_int_equal(h.name_len, want_len);
		assert_memory_equal(name, want, want_len);
		assert_int_equal(h.port, port);
	}
}

#define CONNECTS(text, flags, want, port) assert_asks(text, sizeof(text) - 1, flags, want, sizeof(want) - 1, port)

static void test_connect(void **state)
{
	(void)state;
	CONNECTS("CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", ASKED, "api.example.com", 443);
	CONNECTS("CONNECT   Api.Example.com.:8443 HTTP/1.1\r\n\r\n", ASKED, "Api.Example.com.", 8443);
	CONNECTS("CONNECT api.example.com HTTP/1.1\r\n\r\n", ASKED, "api.example.com", 0);
	CONNECTS("CONNECT api.example.com:443\r\n\r\n", ASKED, "api.example.com", 443);
	CONNECTS("CONNECT [2001:db8::7]:443 HTTP/1.1\r\n\r\n", ASKED, "2001:db8::7", 443);
	CONNECTS("CONNECT 192.0.2.7:443 HTTP/1.1\r\n\r\n", ASKED | SL_HELLO_ADDR, "\xc0\0\2\7", 443);
	CONNECTS("CONNECT 255.255.255.255 HTTP/1.1\r\n\r\n", ASKED | SL_HELLO_ADDR, "\xff\xff\xff\xff", 0);
}

/* A ClientHello with a server name, in one record. Returns its length. */
static size_t put_hello(uint8_t *to, const char *server)
{
	size_t n = strlen(server), body = 2 + 32 + 1 + 2 + 2 + 1 + 1 + 2 + 9 + n;
	const uint8_t head[] = { 22, 3, 1, 0, (uint8_t)(body + 4), 1, 0, 0, (uint8_t)body, 3, 3 };
	const uint8_t middle[] = { 0, 0, 2, 0x13, 1, 1, 0, 0, (uint8_t)(9 + n), 0, 0, 0, (uint8_t)(5 + n), 0, (uint8_t)(3 + n), 0, 0, (uint8_t)n };

	memcpy(to, head, sizeof(head));
	memset(to + sizeof(head), 'r', 32);
	memcpy(to + sizeof(head) + 32, middle, sizeof(middle));
	memcpy(to + sizeof(head) + 32 + sizeof(middle), server, n);
	return sizeof(head) + 32 + sizeof(middle) + n;
}

/* Reads on behind requests, in pieces of `step`; writes a line for each end that there is something to tell of. */
static void read_all(const uint8_t *bytes, size_t len, size_t step, struct strbuf *ret)
{
	struct sl_hello h = { 0 };
	char text[DNS_TEXT_MAX];

	memset(name, 0, sizeof(name));
	strbuf_reset(ret);
	while (h.at < len && h.state != SL_HELLO_DONE) {
		size_t at = h.at;

		sl_hello_feed(&h, name, bytes + at, (uint32_t)(step < len - at ? step : len - at));
		if (h.state != SL_HELLO_DONE)
			continue;
		flows_name_text(name, h.flags & SL_HELLO_NAME && !(h.flags & SL_HELLO_ADDR) ? h.name_len : 0, text);
		if (sl_hello_telling(&h))
			strbuf_addf(ret, "%s%s%s%s%s;", h.flags & SL_HELLO_INNER ? "inner " : "", h.flags & SL_HELLO_BAD ? "bad " : "",
				    h.flags & SL_HELLO_LONG ? "long " : "", h.flags & SL_HELLO_ADDR ? "address" : "", text);
		if (!sl_hello_again(&h))
			break;
	}
}

/* REQUEST, then a hello for SERVER ("": none), is told as WANT. */
static void assert_behind(const char *request, size_t len, const char *server, const char *want)
{
	cleanup_(strbuf_done) struct strbuf out = { 0 };
	uint8_t bytes[2 * SL_HELLO_MAX + 512];

	memcpy(bytes, request, len);
	len += server[0] ? put_hello(bytes + len, server) : 0;
	for (size_t step = 1; step <= 301; step += 3) {
		read_all(bytes, len, step, &out);
		assert_string_equal(out.data ? out.data : "", want);
	}
}

#define BEHIND(request, server, want) assert_behind(request, sizeof(request) - 1, server, want)

static void test_hello_behind_a_request(void **state)
{
	static char endless[2 * SL_HELLO_MAX];

	(void)state;
	BEHIND("CONNECT a.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", "b.example.com", "a.example.com;inner b.example.com;");
	BEHIND("CONNECT a.example.com:443\n\n", "b.example.com", "a.example.com;inner b.example.com;");
	BEHIND("CONNECT 192.0.2.7:443 HTTP/1.1\r\n\r\n", "b.example.com", "address;inner b.example.com;");
	BEHIND("\5\1\0" "\5\1\0\3\1a\1\xbb", "b.example.com", "a;inner b.example.com;");
	BEHIND("\4\1\1\xbb\xc0\0\2\7\0", "b.example.com", "address;inner b.example.com;");
	/* It says nothing new; a part of the name, or more than it, does. */
	BEHIND("CONNECT a.example.com:443 HTTP/1.1\r\n\r\n", "a.example.com", "a.example.com;");
	BEHIND("CONNECT a.example.com:443 HTTP/1.1\r\n\r\n", "a.example.co", "a.example.com;inner a.example.co;");
	BEHIND("CONNECT a.example.com:443 HTTP/1.1\r\n\r\n", "a.example.community", "a.example.com;inner a.example.community;");
	/* No TLS: nothing. */
	BEHIND("\5\1\0" "\5\1\0\3\1a\1\xbb" "GET / HTTP/1.1\r\n", "", "a;");
	BEHIND("CONNECT a.example.com:22 HTTP/1.1\r\n\r\nSSH-2.0-x\r\n", "", "a.example.com;");
	BEHIND("CONNECT a.example.com:22 HTTP/1.1\r\n\r\nCOPY x\r\n", "", "a.example.com;");
	/* Refused by the proxy, and asked again: for the same with a password, for something else. */
	BEHIND("CONNECT a.example.com:443 HTTP/1.1\r\n\r\nCONNECT b.example.com HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n",
	       "b.example.com", "a.example.com;b.example.com;");
	BEHIND("CONNECT 192.0.2.7 HTTP/1.1\r\n\r\nCONNECT b.example.com HTTP/1.1\r\n\r\n", "c.example.com",
	       "address;b.example.com;inner c.example.com;");
	BEHIND("CONNECT a.example.com HTTP/1.1\r\n\r\nCONNECT \r\n", "", "a.example.com;inner bad ;");
	BEHIND("CONNECT a.example.com HTTP/1.1\r\n\r\n\x16\3\1\0\0", "", "a.example.com;inner bad ;");
	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "CONNECT a.example.com HTTP/1.1\r\n", 32);
	assert_behind(endless, sizeof(endless), "", "a.example.com;inner long ;");
}

static void test_names_that_look_like_addresses(void **state)
{
	(void)state;
	CONNECTS("CONNECT 192.0.2.256:443 HTTP/1.1\r\n", ASKED, "192.0.2.256", 443);
	CONNECTS("CONNECT 192.0.2:443 HTTP/1.1\r\n", ASKED, "192.0.2", 443);
	CONNECTS("CONNECT 192.0.2.7.example.com:443 HTTP/1.1\r\n", ASKED, "192.0.2.7.example.com", 443);
	CONNECTS("CONNECT 1.2.3.4a:443 HTTP/1.1\r\n", ASKED, "1.2.3.4a", 443);
	CONNECTS("CONNECT 1..2.3:443 HTTP/1.1\r\n", ASKED, "1..2.3", 443);
	CONNECTS("CONNECT 0300.0.2.7:443 HTTP/1.1\r\n", ASKED, "0300.0.2.7", 443);
}

static void test_connect_that_makes_no_sense(void **state)
{
	char longest[400] = "CONNECT ";

	(void)state;
	CONNECTS("CONNECT \r\n\r\n", BAD, "", 0);
	CONNECTS("CONNECT :443 HTTP/1.1\r\n", BAD, "", 0);
	CONNECTS("CONNECT a:99999 HTTP/1.1\r\n", BAD, "", 0);
	CONNECTS("CONNECT a:655360 HTTP/1.1\r\n", BAD, "", 0);
	CONNECTS("CONNECT http://a/ HTTP/1.1\r\n", BAD, "", 0);
	CONNECTS("CONNECT [::1 HTTP/1.1\r\n", BAD, "", 0);
	CONNECTS("CONNECT [::1]x HTTP/1.1\r\n", BAD, "", 0);
	memset(longest + 8, 'a', SL_HOST_MAX);
	memcpy(longest + 8 + SL_HOST_MAX, ":1 ", 3);
	assert_asks(longest, 8 + SL_HOST_MAX + 3, ASKED, longest + 8, SL_HOST_MAX, 1);
	memset(longest + 8, 'a', SL_HOST_MAX + 1);
	assert_asks(longest, 8 + SL_HOST_MAX + 1, BAD, "", 0, 0);
}

#define SOCKS(bytes, flags, want, port) assert_asks(bytes, sizeof(bytes) - 1, flags, want, sizeof(want) - 1, port)

static void test_socks(void **state)
{
	(void)state;
	SOCKS("\5\2\0\2" "\5\1\0\3\13example.com\1\xbb", ASKED, "example.com", 443);
	SOCKS("\5\1\2" "\1\3ann\4word" "\5\1\0\3\13example.com\1\xbb", ASKED, "example.com", 443);
	SOCKS("\5\1\2" "\1\0\0" "\5\1\0\3\1a\0\x50", ASKED, "a", 80);
	SOCKS("\5\1\0" "\5\1\0\1\xc0\0\2\7\x1f\x90", ASKED | SL_HELLO_ADDR, "\xc0\0\2\7", 8080);
	SOCKS("\5\1\0" "\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7\1\xbb", ASKED | SL_HELLO_ADDR,
	      "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 443);
	SOCKS("\5\1\0" "\5\1\0\3\0", BAD, "", 0);
	SOCKS("\5\1\0" "\5\1\0\2", BAD, "", 0);
}

static void test_socks4(void **state)
{
	char longest[320] = "\4\1\1\xbb\0\0\0\1";

	(void)state;
	SOCKS("\4\1\0\x50\xc0\0\2\7ann\0", ASKED | SL_HELLO_ADDR, "\xc0\0\2\7", 80);
	SOCKS("\4\1\x1f\x90\xc0\0\2\7\0", ASKED | SL_HELLO_ADDR, "\xc0\0\2\7", 8080);
	SOCKS("\4\1\1\xbb\0\0\0\1\0example.com\0", ASKED, "example.com", 443);
	SOCKS("\4\1\1\xbb\0\0\0\xff" "ann\0a\0", ASKED, "a", 443);
	SOCKS("\4\1\1\xbb\0\0\0\0\0", ASKED | SL_HELLO_ADDR, "\0\0\0\0", 443); /* 0.0.0.0 is an address */
	SOCKS("\4\1\1\xbb\0\0\0\1ann\0\0", BAD, "", 0);
	memset(longest + 9, 'a', SL_HOST_MAX);
	assert_asks(longest, 9 + SL_HOST_MAX + 1, ASKED, longest + 9, SL_HOST_MAX, 443);
	memset(longest + 9, 'a', SL_HOST_MAX + 1);
	assert_asks(longest, 9 + SL_HOST_MAX + 1, BAD, "", 0, 0);
}

static void test_something_else(void **state)
{
	(void)state;
	SOCKS("\5\0\x0b\3", SL_HELLO_OTHER, "", 0);          /* DCE/RPC */
	SOCKS("\5\1\0\7", SL_HELLO_OTHER, "", 0);            /* methods, and then no request */
	SOCKS("\5\1\2" "\1\1a\1b\1", SL_HELLO_OTHER, "", 0); /* a user twice */
	CONNECTS("COPY x", SL_HELLO_OTHER, "", 0);
	CONNECTS("CONNECTION", SL_HELLO_OTHER, "", 0);
	CONNECTS("GET http://example.com/ HTTP/1.1\r\n", SL_HELLO_OTHER, "", 0);
	SOCKS("\4\3\0\x50\xc0\0\2\7ann", SL_HELLO_OTHER, "", 0); /* no such command */
}

static void test_not_yet(void **state)
{
	static const char request[] = "CONNECT 192.0.2.7:443 ", socks[] = "\5\1\0\5\1\0\1\xc0\0\2\7\1\xbb";
	static const char socks4[] = "\4\1\1\xbb\0\0\0\1ann\0example.com";

	(void)state;
	for (size_t len = 0; len < sizeof(request) - 1; len++)
		assert_int_equal(parse(request, len, sizeof(request)).flags, 0);
	for (size_t len = 0; len < sizeof(socks) - 1; len++)
		assert_int_equal(parse(socks, len, sizeof(socks)).flags, 0);
	for (size_t len = 0; len < sizeof(socks4) - 1; len++)
		assert_int_equal(parse(socks4, len, sizeof(socks4)).flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_names_that_look_like_addresses),
		cmocka_unit_test(test_connect_that_makes_no_sense),
		cmocka_unit_test(test_socks),
		cmocka_unit_test(test_socks4),
		cmocka_unit_test(test_something_else),
		cmocka_unit_test(test_not_yet),
		cmocka_unit_test(test_hello_behind_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
