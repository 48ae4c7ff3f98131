// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Copyright (c) 2026 The sluice authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/verifierlog.h"

#define REFUSED(name, log) \
	"libbpf: prog '" name "': BPF program load failed: Invalid argument\n" \
	"libbpf: prog '" name "': -- BEGIN PROG LOAD LOG --\n" log \
	"-- END PROG LOAD LOG --\n" \
	"libbpf: prog '" name "': failed to load: -22\n"

static void expect_line(const char *log, const char *want)
{
	char buf[200] = "untouched";

	assert_int_equal(verifierlog_last(log, buf, sizeof(buf)), want != NULL);
	assert_string_equal(buf, want ? want : "untouched");
}

static void test_reason(void **state)
{
	(void)state;
	expect_line(REFUSED("skb_egress",
			    "0: R1=ctx() R10=fp0\n; return flow_sent(skb);\n7: (95) exit\n"
			    "At program exit the register R0 has unknown scalar value should have been in (0x0; 0x1)\n"
			    "verification time 412 usec\nstack depth 0+40\n"
			    "processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1\n")
		    "libbpf: failed to load object 'sluice_bpf'\nlibbpf: failed to load BPF skeleton 'sluice_bpf': -22\n",
		    "skb_egress: At program exit the register R0 has unknown scalar value should have been in (0x0; 0x1)");
}

static void test_last_of_several(void **state)
{
	(void)state;
	expect_line(REFUSED("one", "combined stack size of 8 calls is 544. Too large\n") REFUSED("two", "invalid\taccess\n"),
		    "two: invalid access");
}

static void test_cut(void **state)
{
	(void)state;
	/* Only the end of a long log is kept. */
	expect_line("ead_ok\nR3 invalid mem access 'scalar'\nprocessed 9 insns\n-- END PROG LOAD LOG --\nlibbpf: prog 'p': failed to load: -13\n",
		    "p: R3 invalid mem access 'scalar'");
	expect_line("processed 9 insns\n-- END PROG LOAD LOG --\nlibbpf: prog 'p': failed to load: -13\n", "p: refused without a word");
}

static void test_no_log(void **state)
{
	(void)state;
	expect_line("", NULL);
	expect_line("libbpf: failed to find valid kernel BTF\n", NULL);
	/* Refused before the verifier looked: no log. */
	expect_line("libbpf: prog 'p': failed to load: -7\n", "p: refused without a word");
	expect_line(REFUSED("p", ""), "p: refused without a word");
	expect_line("libbpf: prog 'p", "p: refused without a word");
}

static void test_small_buffer(void **state)
{
	char buf[6];

	(void)state;
	assert_true(verifierlog_last(REFUSED("program", "reason\n"), buf, sizeof(buf)));
	assert_string_equal(buf, "progr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason), cmocka_unit_test(test_last_of_several), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_log), cmocka_unit_test(test_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
