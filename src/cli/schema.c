/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice schema`. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "report/schema.h"

static const char help[] =
	"Usage: sluice schema [--format markdown|json-schema|fields]\n"
	"\n"
	"What events look like: every field of every kind. Needs no root.\n"
	"\n"
	"  -f, --format FORMAT  markdown: the reference, as in docs/events.md (default); json-schema: for a validator;\n"
	"                       fields: one a line, columns separated by tabs\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 done, 2 misuse, 74 it cannot be written.\n";

static int print(enum schema_format format)
{
	struct strbuf b = STRBUF_INIT;
	bool ok;

	schema_print(&b, format);
	ok = strbuf_ok(&b) && fwrite(strbuf_str(&b), 1, b.len, stdout) == b.len && !fflush(stdout);
	if (!ok)
		fprintf(stderr, "sluice schema: cannot write to stdout: %s\n", strerror(strbuf_ok(&b) ? errno : ENOMEM));
	strbuf_done(&b);
	return ok ? 0 : CLI_IOERR;
}

int cmd_schema(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static const char *const names[] = { [SCHEMA_MARKDOWN] = "markdown", [SCHEMA_JSON] = "json-schema", [SCHEMA_FIELDS] = "fields" };
	enum schema_format format = SCHEMA_MARKDOWN;
	size_t i;
	int opt;

	while ((opt = getopt_long(argc, argv, "f:h", options, NULL)) != -1) {
		switch (opt) {
		case 'f':
			for (i = 0; i < ARRAY_SIZE(names) && strcmp(names[i], optarg) != 0; i++)
				;
			if (i == ARRAY_SIZE(names))
				return cli_misuse("schema", "--format takes markdown, json-schema or fields, not \"%s\"", optarg);
			format = (enum schema_format)i;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("schema", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("schema", "takes no \"%s\"", argv[optind]);
	return print(format);
}
