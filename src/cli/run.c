/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice run`: the service in the foreground, JSON lines on stdout, readiness and watchdog to systemd. */
#include <getopt.h>

#include "cli/cli.h"
#include "cli/live.h"

static const char help[] =
	"Usage: sluice run [-c FILE]\n"
	"\n"
	"The service, in the foreground: watches until SIGTERM and writes JSON lines (schema 1) to stdout. Tells\n"
	"systemd when it is ready (Type=notify) and that it lives. Needs root.\n"
	"\n"
	"  -c, --config FILE         the policy (/etc/sluice/policy.yaml, else the shipped default.yaml)\n"
	"  -p, --policy FILE         the same\n"
	"  -o, --output FILE         write events here instead of stdout\n" LIVE_HELP
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 done, 2 misuse, 69 this kernel cannot, 74 cannot write, 77 not root, 78 bad policy.\n";

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		LIVE_OPTIONS,
		{ "config", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct live_options o = { .json = true, .service = true };
	int opt, taken;

	while ((opt = getopt_long(argc, argv, "c:p:o:h", options, NULL)) != -1) {
		taken = live_option(&o, "run", opt, optarg);
		if (taken > 0)
			return taken;
		if (taken == 0)
			continue;
		switch (opt) {
		case 'c':
			o.policy = optarg;
			break;
		case 'o':
			o.file = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_misuse("run", "unknown option");
		}
	}
	if (optind < argc)
		return cli_misuse("run", "takes no \"%s\"", argv[optind]);
	return live_run(&o);
}
