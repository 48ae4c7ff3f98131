/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: `sluice allow`: a file that is blocked may be opened for a while. The agent is asked for it
 * (control/), makes it (kernel/exceptions.c) and emits the event;
 * the programs end it by the clock, whether an agent runs by then or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "control/client.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"
#include "output/json.h"

#define LONGEST_NS (24 * 3600 * 1000000000ull)
#define ANSWER_S 30 /* a reload may be under way */

static const char help[] =
	"Usage: sluice allow --path FILE [--tool NAME] --for TIME\n"
	"       sluice allow --path FILE --end\n"
	"       sluice allow\n"
	"\n"
	"An exception for a time: rules that block opens of this file only tell of them, for all tools or one. It is about the file that\n"
	"is there now, by whatever name; one that is put in its place is blocked. Each open is an event with \"exception\", and so are its\n"
	"beginning and its end. Without options: which ones there are. Needs root and a running service; no process of a session can do it.\n"
	"\n"
	"      --path FILE           without symbolic links on the way: they could be turned while this runs\n"
	"  -t, --tool NAME           only within sessions of this tool\n"
	"      --for TIME            10m, 1h; a day at most. It goes on over reloads and restarts, and ends with the machine\n"
	"      --end                 now, and not when its time is over\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 done, 1 it could not be done, 2 misuse, 77 not root.\n";

struct request {
	const char *root, *path, *tool;
	uint64_t for_ns;
	bool end;
};

/* Returns -1 to go on, else the exit status. */
static int parse(int argc, char **argv, struct request *r)
{
	enum { OPT_PIN = 512, OPT_FOR, OPT_PATH, OPT_END };
	static const struct option options[] = {
		{ "pin", required_argument, NULL, OPT_PIN },   { "for", required_argument, NULL, OPT_FOR },
		{ "path", required_argument, NULL, OPT_PATH }, { "tool", required_argument, NULL, 't' },
		{ "end", no_argument, NULL, OPT_END },         { "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	*r = (struct request){ .root = PINS_DEFAULT };
	while ((opt = getopt_long(argc, argv, "ht:", options, NULL)) != -1) {
		switch (opt) {
		case OPT_PIN:
			r->root = optarg;
			break;
		case OPT_PATH:
			r->path = optarg;
			break;
		case 't':
			r->tool = optarg;
			break;
		case OPT_END:
			r->end = true;
			break;
		case OPT_FOR:
			if (options_duration(optarg, &r->for_ns) || r->for_ns > LONGEST_NS)
				return cli_misuse("allow", "--for takes a time up to 24h, not \"%s\"", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("allow", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("allow", "takes no \"%s\"", argv[optind]);
	if (!r->path && (r->tool || r->for_ns || r->end))
		return cli_misuse("allow", "which file? --path FILE");
	if (r->path && !r->end == !r->for_ns)
		return cli_misuse("allow", "for how long? --for TIME, or --end");
	if (r->tool && strlen(r->tool) >= SL_EXCEPTION_TOOL)
		return cli_misuse("allow", "there is no tool \"%s\"", r->tool);
	return -1;
}

static bool holds(const struct sl_exception *e)
{
	return e->state == SL_EXCEPTION_ACTIVE && e->until_ns > kernel_now_ns();
}

static void print_one(const struct sl_exception *e)
{
	uint64_t left = (e->until_ns - kernel_now_ns()) / 1000000000u;
	struct strbuf path = { 0 };

	escape_text(&path, e->path, strnlen(e->path, sizeof(e->path)));
	printf("%.*s  %.*s  %llu min %llu s more\n", (int)path.len, path.data, SL_EXCEPTION_TOOL, e->tool_name[0] ? e->tool_name : "any tool",
	       (unsigned long long)(left / 60), (unsigned long long)(left % 60));
	strbuf_done(&path);
}

static int list(const struct pins *p)
{
	struct sl_exception e;
	int cnt = 0;

	for (uint32_t slot = 0; slot < SL_EXCEPTIONS_MAX; slot++) {
		if (pins_get_exception(p, slot, &e) || !holds(&e))
			continue;
		print_one(&e);
		cnt++;
	}
	if (!cnt)
		printf("no exceptions\n");
	return 0;
}

static int end(const struct pins *p, const char *path)
{
	struct sl_exception e;
	int cnt = 0;

	for (uint32_t slot = 0; slot < SL_EXCEPTIONS_MAX; slot++) {
		if (pins_get_exception(p, slot, &e) || !holds(&e) || strcmp(e.path, path) != 0)
			continue;
		e.state = SL_EXCEPTION_ENDED;
		if (!pins_set_exception(p, slot, &e))
			cnt++;
	}
	if (cnt)
		printf("ended\n");
	else
		fprintf(stderr, "sluice: there is no exception for %s\n", path);
	return cnt ? 0 : CLI_NO;
}

/* The bytes of a path that is not UTF-8 go as hex digits. */
static void add_path(struct strbuf *b, const char *path)
{
	size_t start = b->len;

	strbuf_adds(b, ",\"path\":\"");
	if (!json_chars(b, path, strlen(path))) {
		b->len = start;
		strbuf_adds(b, ",\"path_hex\":\"");
		json_hex(b, path, strlen(path));
	}
	strbuf_addc(b, '"');
}

static int ask(const struct request *r, const struct pins *p, const char *path, const struct stat *st)
{
	struct sl_exception new = { .until_ns = kernel_now_ns() + r->for_ns };
	struct strbuf b = STRBUF_INIT;
	char at[CONTROL_PATH_SIZE];
	struct control_answer answer;
	struct errmsg e = { 0 };
	cleanup_close int fd = -1;
	int err;

	if (!cli_agent_lives(&p->about)) {
		fprintf(stderr, "sluice: no agent to ask: it does not run any more: start `sluice run`\n");
		return CLI_NO;
	}
	control_path(r->root, at);
	fd = control_connect(at, &e);
	strbuf_addf(&b, "{\"do\":\"allow\",\"dev\":%llu,\"inode\":%llu,\"seconds\":%llu", (unsigned long long)st->st_dev,
		    (unsigned long long)st->st_ino, (unsigned long long)((r->for_ns + 999999999u) / 1000000000u));
	add_path(&b, path);
	if (r->tool) {
		strbuf_adds(&b, ",\"tool\":");
		json_str(&b, r->tool);
	}
	strbuf_addc(&b, '}');
	err = fd < 0 ? fd : !strbuf_ok(&b) ? -ENOMEM : control_ask(fd, strbuf_str(&b), ANSWER_S * 1000, &answer, &e);
	strbuf_done(&b);
	if (err < 0 || !answer.ok) {
		fprintf(stderr, "sluice: %s\n", err == -ENOMEM ? "out of memory" : err < 0 ? e.text : answer.error);
		return CLI_NO;
	}
	snprintf(new.path, sizeof(new.path), "%.*s", SL_EXCEPTION_PATH - 1, path);
	snprintf(new.tool_name, sizeof(new.tool_name), "%s", r->tool ? r->tool : "");
	print_one(&new);
	return 0;
}

/*
 * The file, its path, and a descriptor that keeps its number from being another file's. A link on the way would be somebody's who could
 * turn it at this very moment: which file is meant is for the administrator to say.
 */
static int find_file(const char *given, char *ret_path, int *ret_fd, struct stat *st)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	char fd[32];
	ssize_t len;

	*ret_fd = (int)syscall(SYS_openat2, AT_FDCWD, given, &how, sizeof(how));
	if (*ret_fd < 0 && errno == ELOOP) {
		if (realpath(given, ret_path))
			fprintf(stderr, "sluice: %s leads through a symbolic link to %s: if that is the file, give this path\n", given, ret_path);
		else
			fprintf(stderr, "sluice: %s: %s\n", given, strerror(errno));
		return CLI_NO;
	}
	if (*ret_fd < 0 || fstat(*ret_fd, st)) {
		fprintf(stderr, "sluice: %s: %s\n", given, strerror(errno));
		return CLI_NO;
	}
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d", *ret_fd);
	len = readlink(fd, ret_path, PATH_MAX);
	if (len <= 0 || len >= SL_EXCEPTION_PATH || !S_ISREG(st->st_mode)) {
		fprintf(stderr, "sluice: %s: %s\n", given, S_ISREG(st->st_mode) ? "its path is too long" : "not a regular file");
		return CLI_NO;
	}
	ret_path[len] = '\0';
	return 0;
}

int cmd_allow(int argc, char **argv)
{
	char path[PATH_MAX];
	struct request r;
	struct pins pins;
	struct stat st = { 0 };
	cleanup_close int file = -1;
	int status = parse(argc, argv, &r);

	if (status >= 0)
		return status;
	if (r.path) {
		status = find_file(r.path, path, &file, &st);
		if (status)
			return status;
	}
	status = cli_open_pins(r.root, &pins);
	if (status)
		return status;
	status = !r.path ? list(&pins) : r.end ? end(&pins, path) : ask(&r, &pins, path, &st);
	pins_close(&pins);
	return status;
}
