/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice version`. */
#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "event/recording.h"
#include "output/output.h"

static const char help[] =
	"Usage: sluice version\n"
	"\n"
	"The program's version, and those of the formats that it writes and reads.\n";

int cmd_version(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt != 'h')
			return cli_bad_option("version", argv);
		fputs(help, stdout);
		return 0;
	}
	if (optind < argc)
		return cli_misuse("version", "takes no \"%s\"", argv[optind]);
	printf("sluice %s\nJSON schema %d, recording format %d, records %d\n", SLUICE_VERSION, REPORT_SCHEMA,
	       RECORDING_FORMAT, SL_RECORD_VERSION);
	return 0;
}
