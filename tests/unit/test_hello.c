/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what is read out of a ClientHello, however it is cut, and what is not taken for one. Hellos of real clients are in
 * tests/fuzz/corpus/fuzz_hello (OpenSSL 3.0, GnuTLS, curl, Python, node 20; api.example.com).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "correlate/flows.h"
#include "hello.h"

static uint8_t buf[80000];
static size_t len, exts_at;

/* ---- a hello as a test wants it ------------------------------------------------------------------------------------- */

static void add(const void *bytes, size_t n)
{
	assert_true(len + n <= sizeof(buf));
	memcpy(buf + len, bytes, n);
	len += n;
}

static void add16(size_t n)
{
	add((uint8_t[]){ (uint8_t)(n >> 8), (uint8_t)n }, 2);
}

static void put16(size_t at, size_t n)
{
	buf[at] = (uint8_t)(n >> 8);
	buf[at + 1] = (uint8_t)n;
}

static void begin(void)
{
	static const uint8_t zero[32];

	len = 0;
	add("\x16\x03\x01\0\0\x01\0\0\0\x03\x03", 11);
	add(zero, 32);
	add("\x04" "abcd", 5);
	add("\0\x04\x0a\x0a\x13\x01\x01\0", 8);
	exts_at = len;
	add16(0);
}

static void add_ext(uint16_t type, const void *body, size_t n)
{
	add16(type);
	add16(n);
	add(body, n);
}

static void add_name(const char *name, size_t n)
{
	add16(SL_TLS_SERVER_NAME);
	add16(n + 5);
	add16(n + 3);
	add("", 1);
	add16(n);
	add(name, n);
}

static void finish(void)
{
	put16(exts_at, len - exts_at - 2);
	put16(7, len - 9);
	put16(3, len - 5);
}

/* ---- what is found -------------------------------------------------------------------------------------------------- */

static uint8_t name[SL_HOST_MAX + 1];

static struct sl_hello parse(size_t step)
{
	struct sl_hello h = { 0 };

	memset(name, 0, sizeof(name));
	for (size_t at = 0; at < len; at += step)
		sl_hello_feed(&h, name, buf + at, (uint32_t)(step < len - at ? step : len - at));
	return h;
}

/* Cut at every size, the outcome is the same. */
static void assert_found(unsigned int flags, const char *want)
{
	static const size_t steps[] = { 1, 2, 3, 5, 7, 64, 500, 1400, sizeof(buf) };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct sl_hello h = parse(steps[i]);
		char text[DNS_TEXT_MAX] = "";

		assert_int_equal(h.flags, flags);
		if (h.flags & SL_HELLO_NAME)
			flows_name_text(name, h.name_len, text);
		assert_string_equal(text, want);
	}
}

static void test_real_clients(void **state)
{
	static const struct {
		const char *file;
		unsigned int flags;
		const char *name;
	} real[] = {
		{ "openssl", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
		{ "openssl-tls12", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
		{ "openssl-noname", SL_HELLO_TLS, "" },
		{ "gnutls", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
		{ "curl", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
		{ "python", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
		{ "node", SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com" },
	};
	const char *src = getenv("SLUICE_SRC");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(real); i++) {
		cleanup_fclose FILE *f = NULL;
		char path[512];

		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/fuzz_hello/%s", src ? src : ".", real[i].file);
		f = fopen(path, "re");
		assert_non_null(f);
		len = fread(buf, 1, sizeof(buf), f);
		assert_true(len > 100);
		assert_found(real[i].flags, real[i].name);
	}
}

static void test_name_anywhere(void **state)
{
	static const uint8_t share[1216];

	(void)state;
	begin();
	add_name("first.example.com", 17);
	add_ext(51, share, sizeof(share));
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME, "first.example.com");
	begin();
	add_ext(0x1a1a, "", 1); /* GREASE */
	add_ext(51, share, sizeof(share));
	add_ext(0xdada, "", 0);
	add_name("Last.Example.COM", 16);
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME, "last.example.com");
}

static void test_extensions_that_tell(void **state)
{
	(void)state;
	begin();
	add_ext(SL_TLS_ECH, "\0\0\1", 3);
	add_name("outer.example.com", 17);
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME | SL_HELLO_ECH, "outer.example.com");
	begin();
	add_name("api.example.com", 15);
	add_ext(SL_TLS_SESSION_TICKET, "", 0); /* asks for a ticket, has none */
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com");
	begin();
	add_name("api.example.com", 15);
	add_ext(SL_TLS_PRE_SHARED_KEY, "ticket", 6);
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME | SL_HELLO_RESUMED, "api.example.com");
	begin();
	finish();
	assert_found(SL_HELLO_TLS, "");
}

/* The message goes over several records, cut at every byte once. */
static void test_several_records(void **state)
{
	static uint8_t message[400];
	size_t n;

	(void)state;
	begin();
	add_name("api.example.com", 15);
	add_ext(43, "\2\3\4", 3);
	finish();
	n = len - 5;
	memcpy(message, buf + 5, n);
	for (size_t cut = 1; cut < n; cut++) {
		len = 0;
		add("\x16\x03\x01", 3);
		add16(cut);
		add(message, cut);
		add("\x16\x03\x03", 3);
		add16(n - cut);
		add(message + cut, n - cut);
		assert_found(SL_HELLO_TLS | SL_HELLO_NAME, "api.example.com");
	}
}

static void test_long_ones(void **state)
{
	static uint8_t padding[60000];
	size_t n;

	(void)state;
	begin();
	add_ext(21, padding, 15000);
	add_name("far.example.com", 15);
	finish();
	assert_found(SL_HELLO_TLS | SL_HELLO_NAME, "far.example.com");
	/* Longer than a record may be: it says so itself. */
	begin();
	add_ext(21, padding, 17000);
	finish();
	assert_found(SL_HELLO_BAD, "");
	/* A message longer than what is followed, in records of the right size. */
	len = 0;
	for (size_t at = 0; at < 70000; at += n) {
		n = 14000;
		add("\x16\x03\x01", 3);
		add16(n);
		if (!at) {
			add("\x01\x01\x11\x70\x03\x03", 6);
			add(padding, 32);
			add("\0\0\2\x13\x01\1\0\xff\xff\0\x15\xff\xf0", 13);
			add(padding, n - 51);
		} else {
			add(padding, n);
		}
	}
	assert_int_equal(parse(1400).flags & (SL_HELLO_LONG | SL_HELLO_BAD), SL_HELLO_BAD); /* extensions end before the message */
}

static void test_what_contradicts_itself(void **state)
{
	(void)state;
	begin();
	add_name("api.example.com", 15);
	finish();
	put16(exts_at, 4); /* extensions shorter than the one that is there */
	assert_found(SL_HELLO_BAD, "");
	begin();
	add_name("api.example.com", 15);
	finish();
	put16(exts_at + 4, 500); /* extension longer than all of them */
	assert_found(SL_HELLO_BAD, "");
	begin();
	add_name("api.example.com", 15);
	finish();
	put16(exts_at + 9, 90); /* name longer than its list */
	assert_found(SL_HELLO_BAD, "");
	begin();
	add_name("one.example.com", 15);
	add_name("two.example.com", 15);
	finish();
	assert_int_equal(parse(7).flags & (SL_HELLO_BAD | SL_HELLO_TLS), SL_HELLO_BAD);
	begin();
	add_ext(SL_TLS_SERVER_NAME, "", 0);
	finish();
	assert_found(SL_HELLO_BAD, "");
	begin();
	finish();
	buf[43] = 200; /* session longer than the message */
	assert_found(SL_HELLO_BAD, "");
	/* Another record between its pieces. */
	begin();
	add_name("api.example.com", 15);
	finish();
	put16(3, 20);
	buf[25] = 23;
	assert_found(SL_HELLO_BAD, "");
	/* A record of nothing. */
	begin();
	finish();
	put16(3, 0);
	assert_found(SL_HELLO_BAD, "");
}

static void test_something_else(void **state)
{
	static const char *const others[] = { "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
					      "\x16\x02\x01\x01\x01" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		len = 0;
		add(others[i], strlen(others[i]));
		assert_found(SL_HELLO_OTHER, "");
	}
	/* A handshake, but not a client's first word. */
	begin();
	finish();
	buf[5] = 2;
	assert_found(SL_HELLO_OTHER, "");
}

static void test_not_yet(void **state)
{
	size_t all;

	(void)state;
	begin();
	add_name("api.example.com", 15);
	finish();
	all = len;
	for (len = 0; len < all; len++) {
		struct sl_hello h = parse(sizeof(buf));

		/* The last extension's bytes but its header are not waited for; here that is the name, which is. */
		assert_int_not_equal(h.state, SL_HELLO_DONE);
		assert_int_equal(h.at, len);
	}
}

static void test_names_as_text(void **state)
{
	char text[DNS_TEXT_MAX], longest[SL_HOST_MAX];

	(void)state;
	assert_int_equal(flows_name_text("Api.Example.com.", 16, text), 15);
	assert_string_equal(text, "api.example.com");
	flows_name_text("a\0b\n\xff", 5, text);
	assert_string_equal(text, "a\\000b\\010\\255");
	memset(longest, 0x80, sizeof(longest));
	assert_int_equal(flows_name_text(longest, sizeof(longest), text), 4 * SL_HOST_MAX);
	begin();
	memset(longest, 'a', sizeof(longest));
	add_name(longest, sizeof(longest));
	finish();
	assert_int_equal(parse(1).name_len, SL_HOST_MAX);
	begin();
	add_name((const char *)name, SL_HOST_MAX + 1);
	finish();
	assert_found(SL_HELLO_BAD, "");
}

static void test_quic(void **state)
{
	(void)state;
	assert_true(sl_hello_quic((const uint8_t *)"\xc3\0\0\0\1"));
	assert_true(sl_hello_quic((const uint8_t *)"\xe0\x6b\x33\x43\xcf"));
	assert_false(sl_hello_quic((const uint8_t *)"\x43\0\0\0\1")); /* short header */
	assert_false(sl_hello_quic((const uint8_t *)"\xc3\0\0\0\0")); /* version negotiation: a server's */
	assert_false(sl_hello_quic((const uint8_t *)"\x16\xfe\xfd\0\0")); /* DTLS */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_clients),
		cmocka_unit_test(test_name_anywhere),
		cmocka_unit_test(test_extensions_that_tell),
		cmocka_unit_test(test_several_records),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_what_contradicts_itself),
		cmocka_unit_test(test_something_else),
		cmocka_unit_test(test_not_yet),
		cmocka_unit_test(test_names_as_text),
		cmocka_unit_test(test_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
