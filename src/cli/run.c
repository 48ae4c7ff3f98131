/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice run`: the service in the foreground, JSON lines on stdout, readiness and watchdog to systemd. */
#include <getopt.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/live.h"
#include "kernel/pins.h"

static const char help[] =
	"Usage: sluice run [-c FILE]\n"
	"\n"
	"The service, in the foreground: watches until SIGTERM, writes JSON lines (schema 2) to stdout, and stops\n"
	"what the policy blocks if its mode is enforce. Its programs are pinned: they go on when it is killed or\n"
	"upgraded, and in enforce mode when it is stopped, until `sluice detach`. SIGHUP, or `sluice reload`,\n"
	"loads the policy again. Tells systemd when it is ready (Type=notify) and that it lives. Needs root.\n"
	"\n"
	"  -c, --config FILE         the policy (/etc/sluice/policy.yaml, else the shipped default.yaml)\n"
	"  -p, --policy FILE         the same\n"
	"  -o, --output FILE         write events here instead of stdout\n"
	"      --store FILE          also keep events here, for `sluice log` (" STORE_DEFAULT "); none: nowhere\n"
	"      --metrics FILE        counters for Prometheus, every 15 seconds (" LIVE_METRICS_DEFAULT "); none: nowhere\n"
	"      --store-age TIME      for so long (190d)\n"
	"      --store-size BYTES    in at most so many (512m); then the oldest go, and that is recorded\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"      --no-pin              pin nothing: all ends with this process\n" LIVE_HELP
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 done, 2 misuse, 69 this kernel cannot, 74 cannot write, 77 not root, 78 bad policy.\n";

int cmd_run(int argc, char **argv)
{
	enum { OPT_PIN = 512, OPT_NO_PIN, OPT_STORE, OPT_METRICS, OPT_STORE_AGE, OPT_STORE_SIZE };
	static const struct option options[] = {
		LIVE_OPTIONS,
		{ "config", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "pin", required_argument, NULL, OPT_PIN },
		{ "no-pin", no_argument, NULL, OPT_NO_PIN },
		{ "store", required_argument, NULL, OPT_STORE },
		{ "metrics", required_argument, NULL, OPT_METRICS },
		{ "store-age", required_argument, NULL, OPT_STORE_AGE },
		{ "store-size", required_argument, NULL, OPT_STORE_SIZE },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct live_options o = { .command = "run", .json = true, .service = true, .pin_root = PINS_DEFAULT, .metrics = LIVE_METRICS_DEFAULT,
				  .store = { .path = STORE_DEFAULT, .max_age_ns = STORE_AGE_NS, .max_bytes = STORE_BYTES } };
	uint32_t bytes;
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
		case OPT_PIN:
			o.pin_root = optarg;
			break;
		case OPT_NO_PIN:
			o.pin_root = NULL;
			break;
		case OPT_STORE:
			o.store.path = strcmp(optarg, "none") ? optarg : NULL;
			break;
		case OPT_METRICS:
			o.metrics = strcmp(optarg, "none") ? optarg : NULL;
			break;
		case OPT_STORE_AGE:
			if (options_duration(optarg, &o.store.max_age_ns))
				return cli_misuse("run", "--store-age takes a time such as 12h or 190d, not \"%s\"", optarg);
			break;
		case OPT_STORE_SIZE:
			if (options_size(optarg, &bytes) || bytes < STORE_BYTES_LEAST)
				return cli_misuse("run", "--store-size takes 4m or more, such as 512m, not \"%s\"", optarg);
			o.store.max_bytes = bytes;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("run", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("run", "takes no \"%s\"", argv[optind]);
	return live_run(&o);
}
