/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: a run of the agent as the command line sees it: the output's file, the recording's file, the filter, the sums.
 * Files are opened before anything is attached, so that a wrong path costs nothing.
 */
#include "cli/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/cli.h"
#include "output/output.h"
#include "output/summary.h"

struct live {
	const struct live_options *o;
	struct output *output;       /* NULL: quiet */
	struct summary *summary;
	const char *where;           /* of the output, for messages */
	struct errmsg *e;
	int write_err;               /* first failure of the output */
	uint64_t lost;               /* events that it did not take, not told yet */
};

int live_option(struct live_options *o, const char *command, int opt, const char *arg)
{
	switch (opt) {
	case 'p':
		o->policy = arg;
		return 0;
	case LIVE_CGROUP:
		o->cgroup = arg;
		return 0;
	case LIVE_TIER:
		if (kernel_tier_from_str(arg, &o->tier))
			return cli_misuse(command, "--force-tier takes lsm, fmod_ret or sys_exit, not \"%s\"", arg);
		return 0;
	case LIVE_RING:
		if (options_size(arg, &o->ring_size))
			return cli_misuse(command, "--ring-size takes bytes such as 65536, 64k or 8m, not \"%s\"", arg);
		return 0;
	default:
		return -1;
	}
}

/* A report that belongs to no tool (losses, the agent's own) passes every filter. */
static bool wanted(const struct live *l, const struct report *r)
{
	return !l->o->tool || r->kind >= REPORT_LOSS || (r->tool && strcmp(r->tool->name, l->o->tool) == 0);
}

static void on_report(void *arg, const struct report *r)
{
	struct live *l = arg;
	int err;

	if (!wanted(l, r))
		return;
	summary_add(l->summary, r);
	if (!l->output || l->write_err)
		return;
	err = output_ops(l->output)->write(l->output, r);
	if (err == -ENOBUFS || err == -EAGAIN) /* the reader is slow: this one is lost, the next may not be */
		l->lost++;
	else if (err)
		l->write_err = err;
}

static int on_flush(void *arg)
{
	struct live *l = arg;

	if (!l->output)
		return 0;
	if (!l->write_err)
		l->write_err = output_ops(l->output)->flush(l->output);
	if (l->write_err == -EAGAIN || l->write_err == -ENOBUFS)
		l->write_err = 0; /* it stays in the buffer until the next round */
	if (l->write_err && l->write_err != -EPIPE)
		errmsg_set(l->e, l->write_err, "cannot write events to %s: %s: free space there or write elsewhere with -o",
			   l->where, strerror(-l->write_err));
	return l->write_err;
}

static void on_ready(void *arg, struct kernel *k, int labelled)
{
	(void)arg;
	log_info("ready: file opens by %s; %d process%s of AI tools already running", kernel_tier_name(kernel_tier(k)), labelled,
		 labelled == 1 ? "" : "es");
}

/* Rules say block, and nothing is refused in this run. Said once, before anything is attached. */
static void warn_block(const struct loaded *l, bool service)
{
	size_t blocks = 0;

	for (size_t i = 0; i < l->policy->rules_cnt; i++)
		blocks += l->policy->rules[i].action == SL_ACTION_BLOCK;
	if (blocks)
		log_warn("%zu rule%s of %s say%s block: %s, block acts as alert", blocks, blocks == 1 ? "" : "s", l->path,
			 blocks == 1 ? "s" : "", service ? "the policy's mode is monitor" : "without --enforce");
}

static void on_reload_failed(void *arg, const struct errmsg *why)
{
	(void)arg;
	cli_error(why);
	log_warn("the policy that was in force stays in force");
}

static int open_output(const struct live_options *o, const struct report_host *host, struct live *l, int *ret_fd,
		       struct errmsg *e)
{
	unsigned int width = 0;
	bool terminal = false;
	int fd = STDOUT_FILENO, err;

	if (o->quiet)
		return 0;
	l->where = "stdout";
	if (o->file) {
		fd = open(o->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return errmsg_set(e, -errno, "cannot create %s: %s", o->file, strerror(errno));
		*ret_fd = fd;
		l->where = o->file;
	} else if (isatty(fd)) {
		struct winsize ws;

		terminal = true;
		if (ioctl(fd, TIOCGWINSZ, &ws) == 0)
			width = ws.ws_col;
	}
	err = o->json ? output_json_new(fd, host, &l->output) :
			output_text_new(fd, host, width, terminal && !getenv("NO_COLOR"), &l->output);
	return err ? errmsg_set(e, err, "cannot make the output: %s", strerror(-err)) : 0;
}

static int status_of(int err)
{
	return err == -ENOSPC || err == -EIO || err == -EFBIG || err == -EDQUOT ? CLI_IOERR : cli_status(err);
}

int live_run(const struct live_options *o)
{
	cleanup_(loaded_freep) struct loaded *loaded = NULL;
	cleanup_close int file = -1, record = -1;
	struct errmsg e = { 0 };
	struct live live = { .o = o, .e = &e };
	struct agent_host host;
	struct report_host report_host;
	struct agent_config config;
	bool enforce;
	int err;

	err = options_load_policy(o->policy, &loaded, &e);
	if (err) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	enforce = o->enforce || (o->service && loaded->policy->mode == POLICY_ENFORCE);
	if (!enforce)
		warn_block(loaded, o->service);
	agent_host_read(&host);
	report_host = (struct report_host){ .host = host.host, .boot_id = host.boot_id, .show_exec = o->exec };
	err = open_output(o, &report_host, &live, &file, &e);
	if (!err && o->record) {
		record = open(o->record, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (record < 0)
			err = errmsg_set(&e, -errno, "cannot create %s: %s", o->record, strerror(errno));
	}
	if (err) {
		cli_error(&e);
		output_free(live.output);
		return CLI_IOERR;
	}
	live.summary = summary_new();
	if (!live.summary) {
		output_free(live.output);
		return CLI_UNAVAILABLE;
	}
	config = (struct agent_config){
		.loaded = loaded,
		.tier = o->tier,
		.enforce = o->enforce,
		.policy_file = o->policy,
		.pin_root = o->pin_root,
		.cgroup = o->cgroup,
		.ring_size = o->ring_size,
		.duration_ns = o->duration_ns,
		.record_fd = record,
		.service = o->service,
		.output_lost = &live.lost,
		.sink = on_report,
		.flush = on_flush,
		.ready = on_ready,
		.reload_failed = on_reload_failed,
		.arg = &live,
	};
	err = agent_run(&config, &e);
	/* A recording without even its header is none. */
	if (err && record >= 0 && lseek(record, 0, SEEK_END) == 0)
		unlink(o->record);
	if (err)
		cli_error(&e);
	else if (o->summary)
		cli_summary(live.summary);
	output_free(live.output);
	summary_free(live.summary);
	return err ? status_of(err) : 0;
}
