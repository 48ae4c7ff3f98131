/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the table of subcommands, the overall help, and the shape of error messages. What a command does is in its own file. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/width.h"
#include "output/summary.h"
#include "policy/policy.h"

#ifdef SLUICE_LACKS
static int cmd_lacking(int argc, char **argv)
{
	(void)argc;
	log_err("%s: this program was built without " SLUICE_LACKS ": use a build that has it", argv[0]);
	return CLI_UNAVAILABLE;
}
#define cmd_audit cmd_lacking
#define cmd_log cmd_lacking
#define cmd_scan cmd_lacking
#define cmd_report cmd_lacking
#endif

const struct cli_command cli_commands[] = {
	{ "trace", cmd_trace, "watch AI tools now, until Ctrl-C; installs nothing" },
	{ "ps", cmd_ps, "AI sessions that run, with their process trees" },
	{ "doctor", cmd_doctor, "what this kernel lets sluice see, and what it does not" },
	{ "audit", cmd_audit, "how each user's AI tools are signed in and set up" },
	{ "scan", cmd_scan, "secrets in what AI tools keep" },
	{ "run", cmd_run, "the service, in the foreground" },
	{ "status", cmd_status, "what the service does on this host, and how" },
	{ "mode", cmd_mode, "monitor or enforce, also for a time" },
	{ "allow", cmd_allow, "let a blocked file be opened, for a time" },
	{ "reload", cmd_reload, "have the service load its policy again" },
	{ "detach", cmd_detach, "take away what a service left in the kernel" },
	{ "clear", cmd_clear, "forget what a session has read" },
	{ "check", cmd_check, "is a policy valid, and does it mean what it seems to" },
	{ "explain", cmd_explain, "the rule that decides about a file or a host, and why" },
	{ "log", cmd_log, "what the service kept: query it, follow it, verify it" },
	{ "report", cmd_report, "what was kept, as one document: HTML, JSON, CSV" },
	{ "record", cmd_record, "write what the kernel reports to a file" },
	{ "replay", cmd_replay, "show a recording as trace would have" },
	{ "schema", cmd_schema, "what events look like: the reference, or a JSON Schema" },
	{ "version", cmd_version, "version of the program and its formats" },
	{ 0 },
};

static void print_help(FILE *f)
{
	fputs("Usage: sluice COMMAND [OPTION...]\n"
	      "\n"
	      "Sees what AI coding tools on this machine read and where they connect.\n"
	      "\n",
	      f);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		fprintf(f, "  %-9s %s\n", c->name, c->summary);
	fputs("\n"
	      "`sluice COMMAND --help` says more. Begin with: sluice doctor, then sluice trace.\n",
	      f);
}

static const struct cli_command *find(const char *name)
{
	for (const struct cli_command *c = cli_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* `sluice help [COMMAND]` and `sluice --help`. */
static int help(int argc, char **argv)
{
	const struct cli_command *c = argc > 2 ? find(argv[2]) : NULL;
	char option[] = "--help";
	char *args[] = { NULL, option, NULL };

	if (c) {
		args[0] = argv[2];
		return c->run(2, args);
	}
	if (argc > 2)
		return cli_misuse(NULL, "there is no command \"%s\"", argv[2]);
	print_help(stdout);
	return 0;
}

/* What is closed is held open, so that no file and no BPF object of ours gets its number; writing there still fails. */
static void hold_standard_streams(void)
{
	static const int flags[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			_exit(CLI_IOERR);
}

/* What commands printed must have got through. A reader that left (`| head`) has what it wanted. */
static int finish(int status)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	bool failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !failed)
		return status;
	if (errno == EPIPE || (poll(&out, 1, 0) == 1 && out.revents & POLLERR))
		return status;
	log_err("cannot write to stdout: %s: free space there or write elsewhere", errno ? strerror(errno) : "an earlier write failed");
	return CLI_IOERR;
}

static int run(int argc, char **argv)
{
	const struct cli_command *c;

	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(argc, argv);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		char name[] = "version";
		char *args[] = { name, NULL };

		return cmd_version(1, args);
	}
	c = find(argv[1]);
	if (!c)
		return cli_misuse(NULL, "there is no command \"%s\"", argv[1]);
	return c->run(argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
	hold_standard_streams();
	/* A reader that leaves is an error of write(2). */
	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	return finish(run(argc, argv));
}

/* The line, and a caret below the column, which counts characters. */
static void print_source(const char *source, unsigned int column)
{
	struct strbuf line = STRBUF_INIT, clean = STRBUF_INIT;
	size_t before = 0, at = 0, len = strlen(source);
	uint32_t cp;

	strbuf_add(&line, source, len);
	/* A tab is as wide as the terminal likes: one blank, so that both lines agree. */
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '\t')
			line.data[i] = ' ';
	for (unsigned int i = 1; i < column && at < line.len; i++) {
		unsigned int n = utf8_next(line.data + at, line.len - at, &cp);

		at += n ? n : 1;
	}
	escape_line(&clean, strbuf_str(&line), at);
	before = width_text(strbuf_str(&clean), clean.len);
	escape_line(&clean, strbuf_str(&line) + at, line.len - at);
	fprintf(stderr, "  %s\n  %*s^\n", strbuf_str(&clean), (int)before, "");
	strbuf_done(&line);
	strbuf_done(&clean);
}

void cli_error(const struct errmsg *e)
{
	const char *text = e->text[0] ? e->text : "failed, and nothing is known of why";

	if (!e->file[0])
		log_err("%s", text);
	else if (!e->line)
		log_err("%s: %s", e->file, text);
	else
		log_err("%s:%u:%u: %s", e->file, e->line, e->column, text);
	if (e->line && e->source[0])
		print_source(e->source, e->column);
}

void cli_summary(const struct summary *s)
{
	struct strbuf b = STRBUF_INIT;

	summary_format(&b, s);
	fputs(strbuf_str(&b), stderr);
	strbuf_done(&b);
}

int cli_status(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EPERM:
	case -EACCES:
		return CLI_NOPERM;
	case -EOPNOTSUPP:
	case -ENOSYS:
	case -ENOMEM:
		return CLI_UNAVAILABLE;
	case -EIO:
	case -ENOSPC:
	case -EPIPE:
	case -EDQUOT:
	case -EBADMSG:
	case -EPROTONOSUPPORT:
		return CLI_IOERR;
	case -EINVAL:
	case -ENOENT:
	case -E2BIG:
		return CLI_CONFIG;
	default:
		return CLI_UNAVAILABLE;
	}
}

int cli_misuse(const char *command, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (command)
		log_err("%s: %s: see `sluice %s --help`", command, text, command);
	else
		log_err("%s: see `sluice --help`", text);
	return CLI_USAGE;
}

int cli_bad_option(const char *command, char **argv)
{
	const char *at = argv[optind - 1];

	/* A short one can be within an argument (-jq), and be the last. */
	if (strncmp(at, "--", 2) != 0)
		return cli_misuse(command, "option -%c is not known, or lacks its value", optopt);
	if (!optopt)
		return cli_misuse(command, "unknown option \"%s\"", at);
	return cli_misuse(command, strchr(at, '=') ? "\"%s\": this option takes no value" : "option %s needs a value", at);
}

unsigned int cli_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
	struct winsize ws;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return n <= UINT16_MAX ? (unsigned int)n : 0;
}

int cli_no_tool(const char *command, const struct policy *p, const char *name)
{
	if (!name)
		return 0;
	for (size_t i = 0; i < p->tools_cnt; i++)
		if (strcmp(p->tools[i].name, name) == 0)
			return 0;
	return cli_misuse(command, "the policy has no tool \"%s\"", name);
}
