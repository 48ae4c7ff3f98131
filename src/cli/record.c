/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice record`: the raw stream and the policy into one file, for `sluice replay` anywhere. */
#include <getopt.h>

#include "cli/cli.h"
#include "cli/live.h"

static const char help[] =
	"Usage: sluice record [--for TIME] [--policy FILE] FILE\n"
	"\n"
	"Writes what the kernel side says, and the policy, to FILE, until Ctrl-C. `sluice replay FILE` shows it\n"
	"again, with the same result, on any machine and without root. Needs root itself.\n"
	"The file holds command lines and file names, and is readable by its owner only.\n"
	"\n"
	"      --for TIME            stop after this long: 60s, 15m, 2h\n"
	"  -p, --policy FILE         (/etc/sluice/policy.yaml, else the shipped default.yaml)\n" LIVE_HELP
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 done, 2 misuse, 69 this kernel cannot, 74 cannot write, 77 not root, 78 bad policy.\n";

int cmd_record(int argc, char **argv)
{
	enum { OPT_FOR = 512 };
	static const struct option options[] = {
		LIVE_OPTIONS,
		{ "for", required_argument, NULL, OPT_FOR },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct live_options o = { .command = "record", .summary = true, .quiet = true };
	int opt, taken;

	while ((opt = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		taken = live_option(&o, "record", opt, optarg);
		if (taken > 0)
			return taken;
		if (taken == 0)
			continue;
		switch (opt) {
		case OPT_FOR:
			if (options_duration(optarg, &o.duration_ns))
				return cli_misuse("record", "--for takes a time such as 60s, 15m or 2h, not \"%s\"", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("record", argv);
		}
	}
	if (optind + 1 != argc)
		return cli_misuse("record", "takes one FILE");
	o.record = argv[optind];
	return live_run(&o);
}
