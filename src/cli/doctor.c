/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: `sluice doctor`. Loads and attaches everything for a moment, triggers each hook that it can, and says what is seen
 * on this kernel, how, what is not and why, and what to change. Needs no policy: a small one is compiled in memory.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/homes_report.h"
#include "kernel/kernel.h"
#include "policy/compile.h"

static const char help[] =
	"Usage: sluice doctor [--cgroup PATH] [--force-tier lsm|fmod_ret|sys_exit] [--verbose]\n"
	"\n"
	"Says what this kernel lets sluice see, and how; each \"no\" with its reason and remedy. Needs root.\n"
	"Attaches its programs for a moment and changes nothing.\n"
	"\n"
	"      --cgroup PATH      watch connections below this cgroup v2 directory only\n"
	"      --force-tier TIER  try this way to see file opens and no other\n"
	"  -v, --verbose          also what the verifier said, if something did not load\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 sluice can run here, 69 this kernel cannot, 77 not root.\n";

/* Of nobody's tools, and with every kind of table: what no rule needs is left out of the programs, and would not be tried. */
static int small_policy(struct policy **ret_policy, struct compiled **ret, struct errmsg *e)
{
	char name[] = "doctor";
	char text[] = "version: 1\n"
		      "secrets: {one: {paths: [/nowhere/*]}}\n"
		      "providers: {one: {domains: [one.invalid], cidrs: [192.0.2.0/24, 2001:db8::/32], ports: [443]}}\n"
		      "brokers: {one: {sockets: [/nowhere/one]}}\n"
		      "rules:\n"
		      "  - {id: files, tool: any, read: [one], user: 4294967294, action: block}\n"
		      "  - {id: after, tool: any, connect: any, after: {read: one}, user: 4294967294, action: block}\n"
		      "  - {id: connections, tool: any, connect: {provider: one}, user: 4294967294, action: block}\n"
		      "  - {id: inspects, tool: any, inspect: any, user: 4294967294, action: block}\n"
		      "  - {id: brokers, tool: any, broker: one, user: 4294967294, action: block}\n";
	const struct policy_source source = { .name = name, .text = text, .len = sizeof(text) - 1 };
	const struct policy_host host = { 0 };
	cleanup_(policy_freep) struct policy *p = NULL;
	int err;

	err = policy_load_sources(&source, 1, &p, e);
	err = err ? err : policy_compile(p, &host, ret, e);
	if (!err)
		*ret_policy = take_ptr(p);
	return err;
}

static void print_rows(const struct kernel *k)
{
	static const char *const states[] = {
		[KERNEL_ABSENT] = "no", [KERNEL_ATTACHED] = "yes", [KERNEL_SEEN] = "yes, seen to run",
		[KERNEL_STOPPED] = "STOPPED",
	};
	const struct kernel_row *rows;
	size_t cnt = kernel_rows(k, &rows);

	printf("%-26s %-17s %s\n", "WHAT", "SEEN", "HOW");
	for (size_t i = 0; i < cnt; i++) {
		printf("%-26s %-17s %s\n", rows[i].subject, states[rows[i].state], rows[i].how);
		if (rows[i].reason[0])
			printf("%28s%s%s\n", "", rows[i].state == KERNEL_ABSENT ? "why: " : "note: ", rows[i].reason);
		if (rows[i].remedy[0])
			printf("%28sremedy: %s\n", "", rows[i].remedy);
	}
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cgroup", required_argument, NULL, 'c' },
		{ "force-tier", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	cleanup_(policy_freep) struct policy *policy = NULL;
	cleanup_(compiled_freep) struct compiled *compiled = NULL;
	cleanup_(kernel_closep) struct kernel *k = NULL;
	struct kernel_config config = { .guard = true };
	struct errmsg e = { 0 };
	struct utsname u;
	cleanup_(homes_done) struct homes homes = { 0 };
	bool verbose = false;
	int opt, err;

	while ((opt = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			config.cgroup = optarg;
			break;
		case 't':
			if (kernel_tier_from_str(optarg, &config.tier))
				return cli_misuse("doctor", "--force-tier takes lsm, fmod_ret or sys_exit, not \"%s\"", optarg);
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("doctor", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("doctor", "takes no \"%s\"", argv[optind]);

	err = small_policy(&policy, &compiled, &e);
	config.compiled = compiled;
	err = err ? err : kernel_open(&config, &k, &e);
	if (!uname(&u))
		printf("sluice %s on Linux %s (%s)\n\n", SLUICE_VERSION, u.release, u.machine);
	if (err) {
		printf("sluice cannot run here.\n");
		fflush(stdout);
		cli_error(&e);
		if (verbose)
			fprintf(stderr, "%s\n", kernel_log());
		return cli_status(err);
	}
	print_rows(k);
	err = homes_find(&homes);
	if (err) {
		log_warn("cannot look for home directories: %s", strerror(-err));
		return 0;
	}
	putchar('\n');
	homes_report(&homes);
	return 0;
}
