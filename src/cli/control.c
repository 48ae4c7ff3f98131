/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the commands that change what the pinned programs do: mode, reload, detach. The kernel's permissions on the BPF filesystem
 * decide who may (root), and the guard, that no process of a session may.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "control/client.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"

enum { OPT_PIN = 512, OPT_FOR };

#define PROGRAMS_MAX 1024  /* of a few program sets of a hundred each */
#define GONE_MS 5000    /* how long the kernel may take to let go; an idle one needs some milliseconds */

/* Options of all three. Returns -1 to go on, else the exit status. for_ns NULL: there is no --for. */
static int parse(int argc, char **argv, const char *help, const char **root, uint64_t *for_ns)
{
	static const struct option options[] = {
		{ "pin", required_argument, NULL, OPT_PIN },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	*root = PINS_DEFAULT;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (opt == OPT_PIN) {
			*root = optarg;
		} else if (opt == OPT_FOR && for_ns) {
			if (options_duration(optarg, for_ns))
				return cli_misuse(argv[0], "--for takes a time such as 10m or 1h, not \"%s\"", optarg);
		} else {
			return cli_bad_option(argv[0], argv);
		}
	}
	return -1;
}

static const char mode_help[] =
	"Usage: sluice mode [monitor [--for TIME] | enforce]\n"
	"\n"
	"Says whether what the policy blocks is refused, or changes it: at once, without a reload. The change is an event. It lasts\n"
	"until the service starts again or reloads, or for the time given, whichever comes first; a time given goes on through both.\n"
	"\n"
	"      --for TIME            monitor for so long (10m, 1h), then enforce again\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 done, 1 nothing is pinned or it could not be changed, 2 misuse, 77 not root.\n";

int cmd_mode(int argc, char **argv)
{
	struct sl_control control;
	uint64_t for_ns = 0;
	const char *root, *mode;
	struct pins pins;
	int r = parse(argc, argv, mode_help, &root, &for_ns);

	if (r >= 0)
		return r;
	mode = optind < argc ? argv[optind++] : NULL;
	if (optind < argc || (mode && strcmp(mode, "monitor") && strcmp(mode, "enforce")))
		return cli_misuse("mode", "takes monitor or enforce, not \"%s\"", optind < argc ? argv[optind] : mode);
	if (for_ns && (!mode || strcmp(mode, "monitor")))
		return cli_misuse("mode", "--for goes with monitor");
	r = cli_open_pins(root, &pins);
	if (r)
		return r;
	r = pins_get_control(&pins, &control);
	if (!r && mode) {
		/* For a time: the mode behind it is enforce, or there would be nothing to come back to. */
		if (for_ns && !control.enforce) {
			pins_close(&pins);
			fprintf(stderr, "sluice: the mode is monitor already: --for has no end to come back from\n");
			return CLI_NO;
		}
		control.enforce = for_ns || strcmp(mode, "enforce") == 0;
		control.monitor_until_ns = for_ns ? kernel_now_ns() + for_ns : 0;
		r = pins_set_control(&pins, &control);
	}
	pins_close(&pins);
	if (r) {
		fprintf(stderr, "sluice: cannot %s the mode: %s\n", mode ? "change" : "read", strerror(-r));
		return CLI_NO;
	}
	cli_print_mode(&control);
	return 0;
}

static const char reload_help[] =
	"Usage: sluice reload [--pin DIR]\n"
	"\n"
	"Has the running service load its policy again, and waits for the answer. The new policy is complete for every decision\n"
	"after it; a bad one changes nothing.\n"
	"\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 the new policy is in force, 1 it is not (and why), 2 misuse, 77 not root.\n";

#define RELOAD_WAIT_S 120

/* By the control socket. -1: nobody listens there, ask by the signal; else the exit status. */
static int ask_reload(const char *root)
{
	char path[CONTROL_PATH_SIZE];
	struct control_answer answer;
	struct errmsg e = { 0 };
	cleanup_close int fd = -1;

	control_path(root, path);
	fd = control_connect(path, &e);
	if (fd < 0)
		return -1;
	if (control_ask(fd, "{\"do\":\"reload\"}", RELOAD_WAIT_S * 1000, &answer, &e) < 0) {
		fprintf(stderr, "sluice: %s: look at its log\n", e.text);
		return CLI_NO;
	}
	if (answer.ok) {
		printf("policy %s is in force\n", answer.policy);
		return 0;
	}
	log_err("%s", answer.error);
	log_err("the policy that was in force stays in force");
	return CLI_NO;
}

/* Waits for the agent's answer to a signal; a good reload is a new set of pins by the same agent. 0 answered, -ETIME, -ESRCH. */
static int await_answer(const char *root, uint64_t before, uint32_t pid, struct sl_about *ret)
{
	const struct timespec look = { .tv_nsec = 50000000 };

	for (int i = 0; i < RELOAD_WAIT_S * 20; i++) {
		struct errmsg e = { 0 };
		struct pins pins;
		int err = pins_open(root, &pins, &e);

		if (!err) {
			*ret = pins.about;
			pins_close(&pins);
			if (ret->reloads > before)
				return 0;
		}
		/* Its answer, a new set of pins, may be half there at this moment. */
		if (kill((pid_t)pid, 0) && errno == ESRCH)
			return -ESRCH;
		nanosleep(&look, NULL);
	}
	return -ETIME;
}

int cmd_reload(int argc, char **argv)
{
	struct sl_about about;
	const char *root;
	struct pins pins;
	int r = parse(argc, argv, reload_help, &root, NULL);

	if (r >= 0)
		return r;
	if (optind < argc)
		return cli_misuse("reload", "takes no \"%s\"", argv[optind]);
	r = cli_open_pins(root, &pins);
	if (r)
		return r;
	about = pins.about;
	pins_close(&pins);
	r = cli_agent_lives(&about) ? ask_reload(root) : -1;
	if (r >= 0)
		return r;
	/* SIGHUP would end anyone else. */
	if (!cli_agent_lives(&about) || kill((pid_t)about.pid, SIGHUP)) {
		fprintf(stderr, "sluice: no agent to tell: it does not run any more: start `sluice run`\n");
		return CLI_NO;
	}
	r = await_answer(root, about.reloads, about.pid, &about);
	if (r) {
		fprintf(stderr, "sluice: the agent gave no answer: %s: look at its log\n",
			r == -ETIME ? "it takes too long" : "it has ended");
		return CLI_NO;
	}
	if (about.reload_failed) {
		log_err("%s", about.error);
		log_err("the policy that was in force stays in force");
		return CLI_NO;
	}
	printf("policy %s is in force\n", about.policy_hash);
	return 0;
}

static const char detach_help[] =
	"Usage: sluice detach [--pin DIR]\n"
	"\n"
	"Takes the programs that a service left in the kernel away: once it returns, nothing is seen and nothing is stopped any\n"
	"more. Stop the service first; while it runs, this only makes that everything ends with it.\n"
	"\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 nothing is pinned any more, 1 it could not be removed, 2 misuse, 77 not root.\n";

int cmd_detach(int argc, char **argv)
{
	uint32_t programs[PROGRAMS_MAX];
	struct errmsg e = { 0 };
	const char *root;
	size_t cnt;
	int r = parse(argc, argv, detach_help, &root, NULL);

	if (r >= 0)
		return r;
	if (optind < argc)
		return cli_misuse("detach", "takes no \"%s\"", argv[optind]);
	cnt = pins_programs(root, programs, PROGRAMS_MAX);
	r = pins_remove(root, 0, &e);
	if (r < 0) {
		cli_error(&e);
		return r == -EPERM || r == -EACCES ? CLI_NOPERM : CLI_NO;
	}
	if (!r)
		printf("nothing was pinned\n");
	else if (pins_programs_gone(programs, cnt, GONE_MS))
		printf("removed; the programs stay until the process that holds them ends: the running service\n");
	else
		printf("removed\n");
	return 0;
}

static const char clear_help[] =
	"Usage: sluice clear SESSION [--pin DIR]\n"
	"\n"
	"Forgets what a session has read: rules with `after` no longer hold for it, nor for the sessions around and within it,\n"
	"until it reads again. SESSION as events and `sluice ps` give it.\n"
	"\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 forgotten, 1 nothing was remembered or nothing is pinned, 2 misuse, 77 not root.\n";

/* "1f2e3d-812" */
static int parse_session(const char *text, uint64_t *ret_ns, uint32_t *ret_pid)
{
	char *end;

	errno = 0;
	*ret_ns = strtoull(text, &end, 16);
	if (errno || end == text || *end != '-' || end[1] < '1' || end[1] > '9')
		return -EINVAL;
	*ret_pid = (uint32_t)strtoul(end + 1, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

int cmd_clear(int argc, char **argv)
{
	const char *root;
	struct pins pins;
	uint64_t ns;
	uint32_t pid;
	int r = parse(argc, argv, clear_help, &root, NULL);

	if (r >= 0)
		return r;
	if (optind != argc - 1)
		return cli_misuse("clear", "which session?");
	if (parse_session(argv[optind], &ns, &pid))
		return cli_misuse("clear", "\"%s\" is no session: it looks like 1f2e3d4c5b-812", argv[optind]);
	r = cli_open_pins(root, &pins);
	if (r)
		return r;
	r = pins_clear_session(&pins, ns, pid);
	pins_close(&pins);
	if (r) {
		fprintf(stderr, "sluice: %s: %s\n", argv[optind], r == -ENOENT ? "nothing that it has read is remembered" : strerror(-r));
		return CLI_NO;
	}
	printf("forgotten\n");
	return 0;
}
