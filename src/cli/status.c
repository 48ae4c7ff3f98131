/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice status`: what the pinned programs of a service do on this host, whether its agent runs or not. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/log.h"
#include "cli/cli.h"
#include "control/client.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"
#include "process/procscan.h"

#define ANSWER_MS 2000   /* it may be loading a policy */

static const char help[] =
	"Usage: sluice status [--pin DIR]\n"
	"\n"
	"What the service does on this host: mode, policy, what it sees and stops and how. Needs root.\n"
	"\n"
	"      --pin DIR             where the programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit status: 0 an agent runs and reads what the programs report, 1 none does, 2 misuse, 69 not to be seen from here, 77 not root.\n";

void cli_print_mode(const struct sl_control *c)
{
	uint64_t now = kernel_now_ns();

	if (!c->enforce)
		printf("monitor: what the policy blocks is only reported\n");
	else if (c->monitor_until_ns <= now)
		printf("enforce: what the policy blocks is refused\n");
	else
		printf("monitor for %llu min %llu s more, then enforce\n",
		       (unsigned long long)((c->monitor_until_ns - now) / 60000000000u),
		       (unsigned long long)((c->monitor_until_ns - now) / 1000000000u % 60));
}

/* A set says when it was loaded: a process that began later than that has the agent's number, and is another. */
bool cli_agent_lives(const struct sl_about *about)
{
	_Alignas(8) char buf[SL_RECORD_MAX];
	const struct sl_rec_exec *rec = (const struct sl_rec_exec *)buf;

	if (!about->pid || procscan_read("/proc", about->pid, kernel_now_ns(), buf) <= 0)
		return false;
	return rec->who.start_ns <= about->started_ns;
}

bool cli_other_agent(const char *root)
{
	struct errmsg e = { 0 };
	struct pins pins;
	bool lives;

	/* What cannot be opened is told by who wants to pin there. */
	if (pins_open(root, &pins, &e))
		return false;
	lives = pins.about.pid != (uint32_t)getpid() && cli_agent_lives(&pins.about);
	if (lives)
		log_err("an agent runs already, pid %u: stop it first, or have it load its policy again: `sluice reload`", pins.about.pid);
	pins_close(&pins);
	return lives;
}

int cli_open_pins(const char *root, struct pins *ret)
{
	struct errmsg e = { 0 };
	int err = kernel_check_host(&e);

	if (err) {
		cli_error(&e);
		return CLI_UNAVAILABLE;
	}
	err = pins_open(root, ret, &e);
	if (err == -ENOENT)
		errmsg_set(&e, err, "nothing is pinned in %s: start `sluice run`", root);
	else if (err == -EPROTO)
		errmsg_set(&e, err, "what is pinned in %s is another version's: use that version, or start `sluice run` of this one", root);
	if (!err)
		return 0;
	if (err == -EPROTO)
		pins_close(ret);
	cli_error(&e);
	return err == -EPERM || err == -EACCES ? CLI_NOPERM : CLI_NO;
}

/* What only the agent knows. Says nothing where it cannot be asked. */
static void print_asked(const char *root)
{
	char path[CONTROL_PATH_SIZE];
	struct control_answer a;
	struct errmsg e = { 0 };
	cleanup_close int fd = -1;

	control_path(root, path);
	fd = control_connect(path, &e);
	if (fd < 0 || control_ask(fd, "{\"do\":\"status\"}", ANSWER_MS, &a, &e) < 0 || !a.ok)
		return;
	printf("since    %llu s: %llu event%s, %llu alert%s, %llu lost; %llu subscriber%s\n", (unsigned long long)a.uptime_s,
	       (unsigned long long)a.events, a.events == 1 ? "" : "s", (unsigned long long)a.alerts, a.alerts == 1 ? "" : "s",
	       (unsigned long long)a.lost, (unsigned long long)a.subscribers, a.subscribers == 1 ? "" : "s");
}

static void print_status(const char *root, const struct pins *p, const struct sl_control *c)
{
	bool runs = cli_agent_lives(&p->about);
	struct strbuf path = { 0 };

	printf("agent    ");
	if (runs)
		printf("runs, pid %u, sluice %s\n", p->about.pid, p->about.version);
	else
		printf("does not run: verdicts are taken, nothing is read (start `sluice run`)\n");
	if (runs)
		print_asked(root);
	printf("mode     ");
	cli_print_mode(c);
	escape_text(&path, p->about.policy_path, strnlen(p->about.policy_path, sizeof(p->about.policy_path)));
	printf("policy   %.*s %s\n", (int)path.len, path.data, p->about.policy_hash);
	strbuf_done(&path);
	if (p->about.reload_failed)
		printf("reload   the last one failed, this policy stayed in force\n");
	if (p->about.stopped)
		printf("HOOKS    %u of them are not called by the kernel any more: what they would refuse is not refused. See below for which, "
		       "and kernel.ftrace_enabled\n", p->about.stopped);
	printf("\n%s", p->about.hooks);
}

int cmd_status(int argc, char **argv)
{
	enum { OPT_PIN = 512 };
	static const struct option options[] = {
		{ "pin", required_argument, NULL, OPT_PIN },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *root = PINS_DEFAULT;
	struct sl_control control;
	struct pins pins;
	int opt, err;
	bool runs;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case OPT_PIN:
			root = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("status", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("status", "takes no \"%s\"", argv[optind]);
	err = cli_open_pins(root, &pins);
	if (err)
		return err;
	memset(&control, 0, sizeof(control));
	pins_get_control(&pins, &control);
	print_status(root, &pins, &control);
	runs = cli_agent_lives(&pins.about) && !pins.about.stopped;
	pins_close(&pins);
	return runs ? 0 : CLI_NO;
}
