/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* SHA-256 against the examples published with FIPS 180-4, at every way to cut the input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hostid.h"
#include "base/sha256.h"

static void hex(struct sha256 *s, char ret[2 * SHA256_SIZE + 1])
{
	uint8_t sum[SHA256_SIZE];

	sha256_end(s, sum);
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
}

static void published_examples(void **state)
{
	static const struct {
		const char *text, *sum;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
		  "mnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			struct sha256 s;
			char sum[2 * SHA256_SIZE + 1];

			sha256_init(&s);
			sha256_add(&s, cases[i].text, cut);
			sha256_add(&s, cases[i].text + cut, len - cut);
			hex(&s, sum);
			assert_string_equal(sum, cases[i].sum);
		}
	}
}

static void a_million_bytes(void **state)
{
	static char a[1000];
	struct sha256 s;
	char sum[2 * SHA256_SIZE + 1];

	(void)state;
	memset(a, 'a', sizeof(a));
	sha256_init(&s);
	for (int i = 0; i < 1000; i++)
		sha256_add(&s, a, sizeof(a));
	hex(&s, sum);
	assert_string_equal(sum, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, cases 1 and 2. */
static void keyed_examples(void **state)
{
	static const struct {
		const char *key, *text, *sum;
	} cases[] = {
		{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t sum[SHA256_SIZE];
		char text[2 * SHA256_SIZE + 1];

		sha256_hmac((const uint8_t *)cases[i].key, strlen(cases[i].key), cases[i].text, strlen(cases[i].text), sum);
		for (int n = 0; n < SHA256_SIZE; n++)
			snprintf(text + 2 * n, 3, "%02x", sum[n]);
		assert_string_equal(text, cases[i].sum);
	}
}

/* What `systemd-id128 machine-id -a` gives for such a machine id. */
static void a_host_has_an_id(void **state)
{
	char id[HOSTID_SIZE];

	(void)state;
	hostid_derive("0123456789abcdef0123456789abcdef\n", "11111111-2222-3333-4444-555555555555", id);
	assert_string_equal(id, "2cabbfd3574c4cd5a69991930b709b49");
	/* No machine id: known for this boot. */
	for (size_t i = 0; i < 5; i++) {
		static const char *const none[] = { "", "uninitialized\n", "00000000000000000000000000000000\n",
						    "0123456789abcdef0123456789abcde\n", "0123456789abcdef0123456789abcdefff" };

		hostid_derive(none[i], "11111111-2222-3333-4444-555555555555", id);
		assert_string_equal(id, "63c48e10315a4b9ea9e02b25720617cb");
	}
	hostid_derive("", "", id);
	assert_string_equal(id, "00000000000000000000000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples),
		cmocka_unit_test(a_million_bytes),
		cmocka_unit_test(keyed_examples),
		cmocka_unit_test(a_host_has_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
