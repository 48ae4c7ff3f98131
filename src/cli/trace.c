/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice trace`, the ad-hoc session: one binary, nothing installed, nothing left behind. */
#include <getopt.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/live.h"

static const char help[] =
	"Usage: sluice trace [--tool NAME] [--for TIME] [--policy FILE] [--json] [-o FILE] [--enforce]\n"
	"\n"
	"Shows what AI tools on this machine read and where they connect, by a policy, until Ctrl-C. Stops nothing, unless --enforce.\n"
	"Needs root. Installs nothing and leaves nothing attached.\n"
	"\n"
	"  -t, --tool NAME           only this tool (a name of the policy's tools)\n"
	"      --for TIME            stop after this long: 60s, 15m, 2h\n"
	"  -p, --policy FILE         (/etc/sluice/policy.yaml, else the shipped default.yaml)\n"
	"  -j, --json                JSON lines, schema 2\n"
	"  -o, --output FILE         write events here instead of stdout; FILE.db: as a store, for `sluice log --store`\n"
	"  -x, --exec                also processes of AI tools that start and end\n"
	"  -v, --verbose             also connections that ended, with their bytes, and server names\n"
	"      --enforce             refuse what the policy's rules block, whatever its mode\n"
	"      --record FILE         also write a recording for `sluice replay`\n" LIVE_HELP
	"  -h, --help                this text\n"
	"\n"
	"At the end a summary goes to stderr.\n"
	"Exit status: 0 done, 2 misuse, 69 this kernel cannot, 74 cannot write, 77 not root, 78 bad policy.\n";

int cmd_trace(int argc, char **argv)
{
	enum { OPT_FOR = 512, OPT_RECORD, OPT_ENFORCE };
	static const struct option options[] = {
		LIVE_OPTIONS,
		{ "tool", required_argument, NULL, 't' },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "exec", no_argument, NULL, 'x' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "record", required_argument, NULL, OPT_RECORD },
		{ "enforce", no_argument, NULL, OPT_ENFORCE },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct live_options o = { .command = "trace", .summary = true };
	size_t end;
	int opt, taken;

	while ((opt = getopt_long(argc, argv, "t:p:jo:xvh", options, NULL)) != -1) {
		taken = live_option(&o, "trace", opt, optarg);
		if (taken > 0)
			return taken;
		if (taken == 0)
			continue;
		switch (opt) {
		case 't':
			o.tool = optarg;
			break;
		case OPT_FOR:
			if (options_duration(optarg, &o.duration_ns))
				return cli_misuse("trace", "--for takes a time such as 60s, 15m or 2h, not \"%s\"", optarg);
			break;
		case 'j':
			o.json = true;
			break;
		case 'o':
			o.file = optarg;
			break;
		case 'x':
			o.exec = true;
			break;
		case 'v':
			o.flows = true;
			break;
		case OPT_RECORD:
			o.record = optarg;
			break;
		case OPT_ENFORCE:
			o.enforce = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("trace", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("trace", "takes no \"%s\"", argv[optind]);
	end = o.file ? strlen(o.file) : 0;
	if (end > 3 && !strcmp(o.file + end - 3, ".db")) {
		if (o.json)
			return cli_misuse("trace", "%s is a store, it takes no --json", o.file);
		o.store = (struct live_store_options){ .path = o.file, .sealed = true };
		o.file = NULL;
	}
	return live_run(&o);
}
