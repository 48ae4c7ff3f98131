/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: a run of the agent as the command line sees it: the output's file, the recording's file, the store, the filter, the sums.
 * Files are opened before anything is attached, so that a wrong path costs nothing.
 */
#include "cli/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "control/protocol.h"
#include "output/output.h"
#include "output/summary.h"
#include "output/tell.h"

#define FILES_WANTED 4096
#define DRAIN_MS 3000    /* how long a slow reader is waited for at the end */

/* A file that a user named. What it held goes only when there is something to put in its place; a service adds to it. */
struct target {
	const char *path;    /* NULL: none */
	int fd;
	bool made;           /* there was none before */
	bool append;
};

struct live {
	const struct live_options *o;
	struct output *output;       /* NULL: quiet */
	struct summary *summary;
	struct tell *tell;           /* NULL: no rule asks for it */
	struct live_store *store;    /* NULL: none */
	struct live_metrics *metrics; /* NULL: none */
	const char *tier;            /* hook of file opens; "" before it is ready */
	struct target file, record;
	struct agent_host *host;     /* what outputs say of it is read from here */
	bool host_fresh;
	int fd;                      /* of the output: file.fd, own_stdout or stdout */
	int own_stdout;              /* -1: none */
	const char *where;           /* of the output, for messages */
	bool begun;                  /* something was written */
	struct errmsg *e;
	int write_err;               /* first failure of the output */
	uint64_t lost;               /* events that it or the store did not take, not reported yet */
	char policy[96];             /* hash of the one in force */
	uint64_t store_lost;         /* those of the store, in this run */
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
		if (options_size(arg, &o->ring_size) || o->ring_size < (uint32_t)getpagesize() || (o->ring_size & (o->ring_size - 1)))
			return cli_misuse(command, "--ring-size takes a power of two such as 65536, 64k or 8m, not \"%s\"", arg);
		return 0;
	default:
		return -1;
	}
}

/* ---- files that a user named ----------------------------------------------------------------------------------------- */

/* Not blocking: a FIFO that nobody reads is an error now, and a reader that is slow later on is not waited for. */
static int open_target(struct target *t, struct errmsg *e)
{
	int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (t->append ? O_APPEND : 0);

	if (!t->path)
		return 0;
	t->fd = open(t->path, flags | O_CREAT | O_EXCL, 0600);
	t->made = t->fd >= 0;
	if (t->fd < 0 && errno == EEXIST)
		t->fd = open(t->path, flags);
	if (t->fd >= 0)
		return 0;
	if (errno == ENXIO)
		return errmsg_set(e, -errno, "cannot write to %s: nobody reads it: start its reader first", t->path);
	return errmsg_set(e, -errno, "cannot create %s: %s: name a file in a folder that exists and can be written", t->path,
			  strerror(errno));
}

static bool is_file(const struct target *t, struct stat *st)
{
	return t->fd >= 0 && !fstat(t->fd, st) && S_ISREG(st->st_mode);
}

/* What an agent that was killed had written of a line is ended. */
static void end_line(const struct target *t, off_t size)
{
	cleanup_close int there = open(t->path, O_RDONLY | O_CLOEXEC);
	char last = '\n';

	if (there >= 0 && pread(there, &last, 1, size - 1) == 1 && last != '\n' && write(t->fd, "\n", 1) != 1)
		return; /* writing tells */
}

static void begin_target(const struct target *t)
{
	struct stat st;

	if (t->append && is_file(t, &st) && st.st_size)
		end_line(t, st.st_size);
	if (t->append)
		return;
	/* If it does not work, what is new overwrites what is old: writing tells. */
	if (is_file(t, &st) && ftruncate(t->fd, 0))
		return;
}

/* A file of ours that nothing was written to is taken away again. */
static void close_target(struct target *t)
{
	struct stat st;

	if (t->made && is_file(t, &st) && !st.st_size)
		unlink(t->path);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/* Is the name still the file that is written to? */
static bool is_current(const struct target *t)
{
	struct stat now, st;

	return !fstat(t->fd, &now) && !stat(t->path, &st) && now.st_dev == st.st_dev && now.st_ino == st.st_ino;
}

/* ---- outputs --------------------------------------------------------------------------------------------------------- */

/* A report that belongs to no tool (losses, the agent's own) passes every filter. */
static bool wanted(const struct live *l, const struct report *r)
{
	return !l->o->tool || (r->kind >= REPORT_LOSS && !r->has_process) ||
	       (r->tool.name && strcmp(r->tool.name, l->o->tool) == 0);
}

static void write_metrics(struct live *l)
{
	struct metrics_state s = { .version = SLUICE_VERSION, .policy = l->policy, .tier = l->tier };

	if (!l->metrics || !live_metrics_due(l->metrics))
		return;
	if (l->store)
		live_store_metrics(l->store, &s);
	live_metrics_write(l->metrics, &s);
}

static void count_lost(struct live *l, uint64_t n)
{
	l->lost += n;
	l->store_lost += n;
}

static void on_report(void *arg, const struct report *r)
{
	struct live *l = arg;
	int err;

	/* A terminal that takes nothing is not waited for. */
	if (l->tell && tell_report(l->tell, r) < 0)
		l->lost++;
	if (!wanted(l, r))
		return;
	/* A host can get another name at any time; once for each round of events. */
	if (!l->host_fresh)
		agent_host_name(l->host);
	l->host_fresh = true;
	summary_add(l->summary, r);
	if (l->metrics)
		live_metrics_add(l->metrics, r);
	if (l->store)
		count_lost(l, live_store_report(l->store, r));
	if (r->kind == REPORT_POLICY_LOAD)
		snprintf(l->policy, sizeof(l->policy), "%s", r->policy);
	if (!l->output || l->write_err)
		return;
	if (!l->begun)
		begin_target(&l->file);
	l->begun = true;
	err = output_ops(l->output)->write(l->output, r);
	if (err == -ENOBUFS || err == -EAGAIN) /* the reader is slow: this one is lost, the next may not be */
		l->lost++;
	else if (err)
		l->write_err = err;
}

/* A pipe or socket says so before anything is written to it. */
static bool reader_left(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP);
}

static int on_flush(void *arg)
{
	struct live *l = arg;

	l->host_fresh = false;
	if (l->store)
		count_lost(l, live_store_flush(l->store, l->store_lost));
	write_metrics(l);
	if (!l->output)
		return 0;
	if (!l->write_err)
		l->write_err = output_ops(l->output)->flush(l->output);
	if (l->write_err == -EAGAIN || l->write_err == -ENOBUFS)
		l->write_err = 0; /* it stays in the buffer until the next round */
	if (!l->write_err && reader_left(l->fd))
		l->write_err = -EPIPE;
	if (l->write_err == -EPIPE && l->o->service)
		errmsg_set(l->e, l->write_err, "cannot write events to %s: its reader left: start it again, then this", l->where);
	else if (l->write_err && l->write_err != -EPIPE)
		errmsg_set(l->e, l->write_err, "cannot write events to %s: %s: free space there or write elsewhere with -o",
			   l->where, strerror(-l->write_err));
	return l->write_err;
}

/* logrotate has renamed the file: what comes now goes into a new one of the old name. A failure leaves it as it is. */
static void on_reopen(void *arg)
{
	struct live *l = arg;
	struct target next = { .path = l->o->file, .fd = -1, .append = true };
	struct errmsg e = { 0 };

	if (!l->output || !l->o->file || is_current(&l->file))
		return;
	/* A line that was begun is ended where it began. */
	if (output_ops(l->output)->flush(l->output) && l->write_err != -EPIPE) {
		log_warn("%s is not opened again: what waits for the old file could not be written", l->o->file);
		return;
	}
	if (open_target(&next, &e)) {
		cli_error(&e);
		return;
	}
	begin_target(&next);
	output_set_fd(l->output, next.fd);
	close(l->file.fd);
	l->file = next;
	l->fd = next.fd;
}

static void on_ready(void *arg, struct kernel *k, int labelled)
{
	const struct kernel_row *rows;
	size_t cnt = kernel_rows(k, &rows);
	struct live *l = arg;

	l->tier = kernel_tier_name(kernel_tier(k));
	for (size_t i = 0; i < cnt; i++)
		if (rows[i].lost)
			log_warn("%s: %s; %s", rows[i].subject, rows[i].reason, rows[i].remedy);
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

/* Where something can be refused at all. Without memory for it: counted as an output that failed. */
static void make_tell(struct live *l)
{
	if (!l->o->enforce && !l->o->service)
		return;
	l->tell = tell_new(NULL);
	l->lost += !l->tell;
}

/* The end of a run: what a slow reader did not take yet, for a while. */
static int drain(struct live *l, struct errmsg *e)
{
	struct pollfd out = { .fd = l->fd, .events = POLLOUT };
	int err = 0;

	for (int left = DRAIN_MS; l->output && (err = output_ops(l->output)->flush(l->output)) == -EAGAIN && left > 0;)
		if (!poll(&out, 1, 100))
			left -= 100;
	if (!err || err == -EPIPE)
		return 0;
	if (err != -EAGAIN)
		return errmsg_set(e, err, "cannot write events to %s: %s", l->where, strerror(-err));
	return errmsg_set(e, -EIO, "the last events were not written to %s: its reader does not read", l->where);
}

/*
 * A pipe or terminal is opened once more, not blocking: a reader that stopped (a pager, Ctrl-S) must not stop the agent, and
 * the flag is not to be set for those who share the descriptor. -1: it has to do as it is.
 */
static int reopen_stdout(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) || !(S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO)))
		return -1;
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int open_output(const struct live_options *o, const struct report_host *host, struct live *l, struct errmsg *e)
{
	unsigned int width = 0;
	bool terminal = false;
	int fd = STDOUT_FILENO, err;

	if (o->quiet || o->store.sealed)
		return 0;
	l->where = "stdout";
	if (o->file) {
		fd = l->file.fd;
		l->where = o->file;
	} else {
		terminal = isatty(fd);
		width = terminal ? cli_width() : 0;
		l->own_stdout = reopen_stdout();
		if (l->own_stdout >= 0)
			fd = l->own_stdout;
	}
	l->fd = fd;
	err = o->json ? output_json_new(fd, &l->output) :
			output_text_new(fd, host, width, terminal && !getenv("NO_COLOR"), &l->output);
	return err ? errmsg_set(e, err, "cannot make the output: %s", strerror(-err)) : 0;
}

/* Without root the agent cannot run, and says so. */
static int open_store(const struct live_options *o, const struct report_source *source, struct live *l, struct errmsg *e)
{
	if (!o->store.path || geteuid())
		return 0;
#ifdef SLUICE_LACKS
	(void)source;
	(void)l;
	if (o->store.sealed)
		return errmsg_set(e, -ENOSYS, "cannot write %s: this program was built without " SLUICE_LACKS, o->store.path);
	log_warn("events are not kept in a store: this program was built without " SLUICE_LACKS);
	return 0;
#else
	return live_store_new(&o->store, source, &l->store, e);
#endif
}

static int status_of(int err)
{
	return err == -ENOSPC || err == -EIO || err == -EFBIG || err == -EDQUOT ? CLI_IOERR : cli_status(err);
}

/* Programs and maps are some hundred descriptors; copies of a session's are made too. As far as we may. */
static void raise_file_limit(void)
{
	struct rlimit now, more;

	if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur >= FILES_WANTED)
		return;
	more = (struct rlimit){ .rlim_cur = FILES_WANTED, .rlim_max = now.rlim_max > FILES_WANTED ? now.rlim_max : FILES_WANTED };
	if (!setrlimit(RLIMIT_NOFILE, &more))
		return;
	now.rlim_cur = now.rlim_max;
	setrlimit(RLIMIT_NOFILE, &now);
}

static void live_done(struct live *l)
{
	output_free(l->output);
	summary_free(l->summary);
	tell_free(l->tell);
	live_store_free(l->store);
	if (l->metrics)
		live_metrics_end(l->metrics);
	live_metrics_free(l->metrics);
	close_target(&l->file);
	close_target(&l->record);
	if (l->own_stdout >= 0)
		close(l->own_stdout);
}

int live_run(const struct live_options *o)
{
	cleanup_(loaded_freep) struct loaded *loaded = NULL;
	struct errmsg e = { 0 };
	struct live live = { .o = o, .e = &e, .file = { .path = o->quiet ? NULL : o->file, .fd = -1, .append = o->service },
			     .record = { .path = o->record, .fd = -1 }, .fd = -1, .own_stdout = -1, .tier = "" };
	struct agent_host host;
	struct report_source source;
	struct report_host report_host;
	struct agent_config config;
	char control[CONTROL_PATH_SIZE] = "";
	const char *files[4];
	size_t files_cnt = 0;
	int err;

	err = options_load_policy(o->policy, &loaded, &e);
	if (err) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	err = cli_no_tool(o->command, loaded->policy, o->tool);
	if (err)
		return err;
	if (o->service && o->pin_root && cli_other_agent(o->pin_root))
		return CLI_UNAVAILABLE;
	if (!o->enforce && !(o->service && loaded->policy->mode == POLICY_ENFORCE))
		warn_block(loaded, o->service);
	agent_host_read(&host);
	live.host = &host;
	source = (struct report_source){ .host = host.host, .boot_id = host.boot_id, .host_id = host.host_id };
	report_host = (struct report_host){ .show_exec = o->exec, .show_flows = o->flows };
	err = open_target(&live.file, &e);
	err = err ? err : open_target(&live.record, &e);
	err = err ? err : open_output(o, &report_host, &live, &e);
	err = err ? err : open_store(o, &source, &live, &e);
	if (!err && o->metrics && !geteuid() && !(live.metrics = live_metrics_new(o->metrics)))
		err = errmsg_set(&e, -ENOMEM, "out of memory");
	live.summary = summary_new();
	if (!err && !live.summary)
		err = errmsg_set(&e, -ENOMEM, "out of memory");
	if (err) {
		cli_error(&e);
		live_done(&live);
		return err == -ENOMEM ? CLI_UNAVAILABLE : CLI_IOERR;
	}
	/* A recording is written as it comes, and whole. */
	if (live.record.fd >= 0)
		fcntl(live.record.fd, F_SETFL, O_WRONLY);
	if (o->service && o->pin_root)
		control_path(o->pin_root, control);
	raise_file_limit();
	make_tell(&live);
	if (o->file)
		files[files_cnt++] = o->file;
	if (o->record)
		files[files_cnt++] = o->record;
	if (o->store.path)
		files[files_cnt++] = o->store.path;
	if (o->metrics)
		files[files_cnt++] = o->metrics;
	config = (struct agent_config){
		.loaded = loaded,
		.source = &source,
		.tier = o->tier,
		.enforce = o->enforce,
		.policy_file = o->policy,
		.pin_root = o->pin_root,
		.control = control[0] ? control : NULL,
		.files = files,
		.files_cnt = files_cnt,
		.cgroup = o->cgroup,
		.ring_size = o->ring_size,
		.duration_ns = o->duration_ns,
		.record_fd = live.record.fd,
		.service = o->service,
		.output_lost = &live.lost,
		.sink = on_report,
		.flush = on_flush,
		.ready = on_ready,
		.reopen = o->service ? on_reopen : NULL,
		.reload_failed = on_reload_failed,
		.arg = &live,
	};
	err = agent_run(&config, &e);
	err = err ? err : drain(&live, &e);
	if (live.store)
		live_store_finish(live.store);
	if (err)
		cli_error(&e);
	else if (o->summary)
		cli_summary(live.summary);
	live_done(&live);
	return err ? status_of(err) : 0;
}
