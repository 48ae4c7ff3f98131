/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the order of things in a run, and the epoll loop. Ten looks a second at the rings (ordinary records wake nobody),
 * one tick a second for the clock, folded repeats and losses. Whatever a later judgement needs and the kernel did not say
 * (user names, processes that ran before) is fetched here and put into the stream as records, so that a recording is
 * complete and its replay asks nothing of the host.
 */
#include "agent.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "control/server.h"
#include "event/decode.h"
#include "event/recording.h"
#include "process/helper.h"
#include "process/homewatch.h"
#include "output/json.h"
#include "process/secretscan.h"

#define TICKS_PER_TIDY 60
#define LOOK_NS 100000000        /* between two looks at the rings */
#define LOOKS_PER_TICK 10
#define LOOKS_PER_SWEEP 100      /* for flows that are idle */
#define TICKS_PER_PROOF 3        /* that the kernel still calls the hooks */
#define TICKS_PER_RETURN 60      /* between attempts to leave a lower tier that was taken because it did not */
#define WATCHDOG_STRETCH 10      /* a reload may take that many times as long as the watchdog waits */
#define SCAN_FIRST_NS 2000000000ull /* that the scan for secrets may take for the first folders before the agent says that it is ready */
#define HOMES_FIRST_NS 2000000000ull /* that finding the homes may take before the agent says that it is ready */
#define SCAN_TAKEN_MAX 64        /* secrets that are taken from it at each look */
#define SCAN_NOTED_MAX 16384     /* secrets noted by inode; what is beyond is counted */
#define ANCESTORS_MAX 16         /* read from /proc for a process that nobody told of */
#define USERS_SEEN 256           /* uids whose name was already told; beyond it they are told again */

struct agent {
	const struct agent_config *config;
	struct kernel *kernel;
	struct helper *helper;           /* does what may block */
	struct pipeline *pipeline;
	struct recording_writer *writer;
	uint32_t users[USERS_SEEN];
	size_t users_cnt;
	uint64_t losses[_SL_LOSS_MAX];   /* not told yet */
	uint64_t looks;
	const struct loaded *loaded;     /* the policy in force */
	struct loaded *own;              /* the same if a reload brought it */
	uint64_t reloads;
	uint64_t monitor_until;          /* as last seen */
	bool enforcing;
	uint64_t ticks;
	struct pipeline_run run;         /* goes on over a reload */
	bool reload;                     /* SIGHUP came */
	bool stopped;                    /* the kernel does not call some hooks */
	enum kernel_tier fell_from;      /* tier that was left because of that; AUTO: none */
	struct secretscan *scan;         /* for secrets with several links; NULL: over */
	uint32_t scan_noted;
	struct homewatch *homes;         /* NULL: there could be none */
	struct control *control;         /* NULL: none */
	int control_err;                 /* of an event that a request made */
	int epoll;
	struct errmsg *e;
	_Alignas(8) char buf[SL_RECORD_MAX];
};

/* To the kernel: what the agent needs for a moment is many times what it needs to run. musl returns it by itself. */
static void return_memory(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void agent_host_name(struct agent_host *h)
{
	struct utsname u;

	if (!uname(&u))
		snprintf(h->host, sizeof(h->host), "%s", u.nodename);
}

/* The first line of a file; "" when there is none. */
static void read_line(const char *path, char *ret, size_t size)
{
	cleanup_fclose FILE *f = fopen(path, "re");

	ret[0] = '\0';
	if (f && fgets(ret, (int)size, f))
		ret[strcspn(ret, "\n")] = '\0';
}

void agent_host_read(struct agent_host *h)
{
	char machine_id[64];
	struct utsname u;

	memset(h, 0, sizeof(*h));
	read_line("/proc/sys/kernel/random/boot_id", h->boot_id, sizeof(h->boot_id));
	read_line("/etc/machine-id", machine_id, sizeof(machine_id));
	hostid_derive(machine_id, h->boot_id, h->host_id);
	if (uname(&u))
		return;
	snprintf(h->host, sizeof(h->host), "%s", u.nodename);
	snprintf(h->kernel, sizeof(h->kernel), "%s", u.release);
}

static int deliver(struct agent *a, const void *record, size_t size)
{
	if (a->writer) {
		int err = recording_write(a->writer, record, size, a->e);

		if (err)
			return err;
	}
	/* Without memory for a process the event was reported all the same; only its tree is poorer. */
	if (pipeline_record(a->pipeline, record, size) == -ENOMEM)
		a->losses[SL_LOSS_PROC_EVICTED]++;
	return 0;
}

static struct sl_hdr agent_hdr(uint16_t kind, size_t size)
{
	return (struct sl_hdr){
		.kind = kind, .version = SL_RECORD_VERSION, .size = (uint32_t)size, .time_ns = kernel_now_ns(),
	};
}

static int tell_clock(struct agent *a)
{
	struct sl_rec_clock rec = { .hdr = agent_hdr(SL_REC_CLOCK, sizeof(rec)) };
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	rec.wall_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return deliver(a, &rec, sizeof(rec));
}

static int tell_losses(struct agent *a)
{
	uint64_t cuts;
	int err = 0;

	kernel_take_losses(a->kernel, a->losses);
	a->losses[SL_LOSS_LEFT_OUT] += helper_take_left_out(a->helper, &cuts);
	a->losses[SL_LOSS_CUT] += cuts;
	if (a->config->output_lost) {
		a->losses[SL_LOSS_OUTPUT] += *a->config->output_lost;
		*a->config->output_lost = 0;
	}
	for (uint32_t i = 0; i < _SL_LOSS_MAX && !err; i++) {
		struct sl_rec_loss rec = { .hdr = agent_hdr(SL_REC_LOSS, sizeof(rec)), .reason = i, .count = a->losses[i] };

		if (!rec.count)
			continue;
		a->losses[i] = 0;
		err = deliver(a, &rec, sizeof(rec));
	}
	return err;
}

/* The name of a uid, once. */
static int tell_user(struct agent *a, uint32_t uid)
{
	struct sl_rec_user *rec = (struct sl_rec_user *)a->buf;
	char name[256];
	size_t len;

	for (size_t i = 0; i < a->users_cnt; i++)
		if (a->users[i] == uid)
			return 0;
	if (a->users_cnt == USERS_SEEN)
		a->users_cnt = 0;
	a->users[a->users_cnt++] = uid;
	if (!helper_user_name(a->helper, uid, name, sizeof(name)))
		return 0;
	len = strlen(name);
	*rec = (struct sl_rec_user){ .hdr = agent_hdr(SL_REC_USER, sizeof(*rec) + len), .uid = uid, .name_len = (uint16_t)len };
	memcpy(rec + 1, name, len);
	return deliver(a, rec, rec->hdr.size);
}

/* Reads a process and those above it from /proc, up to one that is known. What has ended by now stays unknown. */
static int tell_lineage(struct agent *a, uint32_t tgid, uint32_t uid)
{
	for (int depth = 0; depth < ANCESTORS_MAX && tgid > 0; depth++) {
		const struct process *known = proctree_find_pid(pipeline_tree(a->pipeline), tgid);
		struct event ev;
		int size, err;

		/* Exec and exit are told of sessions only: what is known of anyone else may be out of date. */
		if (known && known->origin && !known->exited && known->session_ns)
			return 0;
		size = helper_read_process(a->helper, tgid, uid, kernel_now_ns(), a->buf);
		if (size <= 0)
			return 0;
		err = deliver(a, a->buf, (size_t)size);
		if (err)
			return err;
		if (decode_record(a->buf, (size_t)size, &ev) < 0 || !ev.who)
			return 0;
		tgid = ev.who->ppid;
	}
	return 0;
}

/* An event of the agent itself. */
static int tell_agent(struct agent *a, uint16_t what, const char *text)
{
	struct sl_rec_agent *rec = (struct sl_rec_agent *)a->buf;
	size_t len = strnlen(text, 1024);

	*rec = (struct sl_rec_agent){ .hdr = agent_hdr(SL_REC_AGENT, sizeof(*rec) + len), .what = what, .text_len = (uint16_t)len };
	memcpy(rec + 1, text, len);
	return deliver(a, rec, rec->hdr.size);
}

/* The kernel already drops this flow's packets; it is reset so that both ends see an error instead of a timeout. */
static void close_cut(struct agent *a, const struct event *ev)
{
	if (ev->kind == SL_REC_HELLO && ev->hello->taken == SL_TAKEN_CUT)
		helper_cut(a->helper, ev->who->tgid, ev->who->uid, ev->hello->cookie);
	if (ev->kind == SL_REC_NET && ev->net->taken == SL_TAKEN_CUT)
		helper_cut(a->helper, ev->who->tgid, ev->who->uid, ev->net->cookie);
}

static int deliver_held(void *arg, const void *record, size_t size)
{
	return deliver(arg, record, size);
}

/* Whoever started a tool may have left it a descriptor of a secret: nobody opens anything then. */
static int tell_held(struct agent *a, const struct event *ev)
{
	const struct sl_rec_exec *exec = ev->exec;
	int err;

	if (ev->kind != SL_REC_EXEC || exec->origin != SL_EXEC_ORIGIN_EXEC || !exec->new_session || exec->parent_session_ns)
		return 0;
	err = helper_held(a->helper, exec, a->loaded->compiled, deliver_held, a);
	return err < 0 ? err : 0;
}

/* What a later judgement needs and the record does not say: put into the stream before it. */
static int tell_before(struct agent *a, const struct event *ev)
{
	const struct sl_who *who = ev->who;
	int err;

	if (!who)
		return 0;
	err = tell_user(a, who->uid);
	if (err)
		return err;
	switch (ev->kind) {
	case SL_REC_EXEC:
		if (ev->exec->new_session && a->homes)
			homewatch_ask(a->homes, who->uid);
		if (ev->exec->new_session || ev->exec->origin != SL_EXEC_ORIGIN_EXEC || ev->exec->evidence == SL_EVID_UNIT)
			return tell_lineage(a, who->ppid, who->uid);
		return 0;
	case SL_REC_FORK:
	case SL_REC_EXIT:
		return 0;
	default:
		return pipeline_knows(a->pipeline, who->tgid, who->start_ns) ? 0 : tell_lineage(a, who->tgid, who->uid);
	}
}

/* Decoded first: nothing here looks into bytes that were not checked. What does not decode is counted by the pipeline. */
static int take_record(void *arg, const void *record, size_t size)
{
	struct agent *a = arg;
	struct event ev;
	int err;

	if (decode_record(record, size, &ev) < 0)
		return deliver(a, record, size);
	close_cut(a, &ev);
	err = tell_before(a, &ev);
	err = err ? err : deliver(a, record, size);
	return err ? err : tell_held(a, &ev);
}

static void note_status(const struct agent *a, const char *text)
{
	if (a->config->service)
		notify_status("%s%s, file opens by %s, policy %s", a->stopped ? "HOOKS DO NOT RUN: " : "", text,
			   kernel_tier_name(kernel_tier(a->kernel)), a->loaded->path);
}

/* Whether blocks block, when that changed: by the policy, by `sluice mode`, or because its time is over. */
static int tell_mode(struct agent *a, bool first)
{
	char text[128];
	uint64_t until, at = kernel_now_ns();
	bool now = kernel_enforcing(a->kernel, &until);

	if (!first && now == a->enforcing && until == a->monitor_until)
		return 0;
	a->enforcing = now;
	a->monitor_until = until;
	if (until)
		snprintf(text, sizeof(text), "mode monitor for %llu s more, then enforce",
			 (unsigned long long)((until - at) / 1000000000u));
	else
		snprintf(text, sizeof(text), "mode %s", now ? "enforce" : "monitor");
	note_status(a, text);
	return tell_agent(a, SL_AGENT_MODE, text);
}

/* "0" or "1", 0: not known here. */
static int ftrace_state(void)
{
	cleanup_fclose FILE *f = fopen("/proc/sys/kernel/ftrace_enabled", "re");

	return f ? fgetc(f) : 0;
}

/*
 * Root can switch programs off without detaching them (kernel.ftrace_enabled=0). A service then takes the best tier that runs, which a reload
 * finds, and tries again from time to time whether the one it left is back.
 */
static int prove_hooks(struct agent *a)
{
	char text[512], stopped[256];
	bool changed, runs = kernel_prove(a->kernel, &changed);

	if (a->fell_from && runs && a->ticks % TICKS_PER_RETURN == 0 && ftrace_state() == '1')
		a->reload = true;
	if (!changed)
		return 0;
	a->stopped = !runs;
	kernel_stopped(a->kernel, stopped, sizeof(stopped));
	if (runs)
		snprintf(text, sizeof(text), "the kernel calls all hooks again");
	else
		snprintf(text, sizeof(text), "the kernel does not call these hooks any more, so that nothing is seen or refused there: %s%s", stopped,
			 ftrace_state() == '0' ? ": kernel.ftrace_enabled is 0, set it to 1" : "");
	note_status(a, text);
	if (!runs && a->config->service) {
		a->fell_from = kernel_tier(a->kernel);
		a->reload = true;
	}
	return tell_agent(a, SL_AGENT_HOOKS, text);
}

static int tell_exception(void *arg, const char *text)
{
	return tell_agent(arg, SL_AGENT_EXCEPTION, text);
}

/* ---- secrets that are there already ---------------------------------------------------------------------------- */

/*
 * One that has several links may be opened by another of them. In the weakest tier a link and a rename can go unseen later
 * on as well, so there the kernel is to know all of them.
 */
static void take_secret(void *arg, int fd, uint64_t sets)
{
	struct agent *a = arg;

	if (a->scan_noted++ < SCAN_NOTED_MAX)
		kernel_note_secret(a->kernel, fd, sets);
	else
		a->losses[SL_LOSS_ALIAS]++;
}

static void scan_step(struct agent *a, int wait_ms)
{
	if (!a->scan || secretscan_poll(a->scan, SCAN_TAKEN_MAX, wait_ms, take_secret, a))
		return;
	a->losses[SL_LOSS_SCAN] += secretscan_left_out(a->scan);
	secretscan_free(take_ptr(a->scan));
	return_memory();
}

/* ---- homes ------------------------------------------------------------------------------------------------------ */

static void take_home(void *arg, const char *path, int fd, uint32_t dev, uint64_t ino)
{
	struct agent *a = arg;
	int err = fd >= 0 ? kernel_note_root(a->kernel, fd) : kernel_add_root(a->kernel, dev, ino);
	int known = compiled_add_root(a->loaded->compiled, path);

	if (known > 0)
		helper_tables_changed(a->helper);
	if (err || known < 0) {
		a->losses[SL_LOSS_SCAN]++;
		log_warn("~ does not cover the home %s: %s", path, err == -E2BIG || !err ? "there are too many homes" : strerror(-err));
	}
}

/* Anew for each program set, which is to know all of them. */
static void homes_start(struct agent *a)
{
	homewatch_free(take_ptr(a->homes));
	if (homewatch_new(&a->homes)) {
		a->losses[SL_LOSS_SCAN]++;
		return;
	}
	for (uint64_t until = kernel_now_ns() + HOMES_FIRST_NS; !homewatch_settled(a->homes) && kernel_now_ns() < until;)
		homewatch_poll(a->homes, 50, take_home, a);
}

static void homes_step(struct agent *a)
{
	if (!a->homes)
		return;
	homewatch_poll(a->homes, 0, take_home, a);
	a->losses[SL_LOSS_SCAN] += homewatch_take_left_out(a->homes);
}

/* From the beginning, under the policy that is in force now. */
static void scan_start(struct agent *a)
{
	secretscan_free(take_ptr(a->scan));
	a->scan_noted = 0;
	if (secretscan_new(a->loaded->compiled, (const char *const *)a->loaded->homes, a->loaded->homes_cnt,
			   kernel_tier(a->kernel) == KERNEL_TIER_SYS_EXIT, &a->scan))
		a->losses[SL_LOSS_SCAN]++;
	for (uint64_t until = kernel_now_ns() + SCAN_FIRST_NS; a->scan && !secretscan_settled(a->scan) && kernel_now_ns() < until;)
		scan_step(a, 50);
}

static int tick(struct agent *a)
{
	int err = tell_losses(a);

	if (!err && a->looks % LOOKS_PER_SWEEP == 0)
		err = kernel_end_flows(a->kernel, false, take_record, a);
	err = err ? err : tell_clock(a);
	if (a->config->service || a->config->enforce)
		err = err ? err : tell_mode(a, false);
	if (a->config->service)
		err = err ? err : kernel_exceptions(a->kernel, tell_exception, a);
	if (a->writer)
		err = err ? err : recording_flush(a->writer, a->e);
	if (a->control)
		control_tick(a->control);
	helper_tick(a->helper, kernel_now_ns());
	if (a->ticks % TICKS_PER_PROOF == 0)
		err = err ? err : prove_hooks(a);
	if (++a->ticks % TICKS_PER_TIDY == 0)
		kernel_tidy(a->kernel);
	if (a->config->service)
		notify_send("WATCHDOG=1");
	return err;
}

/* One look: what waits in the rings, and once a second a tick. */
static int look(struct agent *a, bool ticking)
{
	int err = kernel_consume(a->kernel, take_record, a);

	if (err >= 0)
		err = ticking ? tick(a) : 0;
	return err ? err : a->config->flush(a->config->arg);
}

static int start_recording(struct agent *a)
{
	const struct loaded *l = a->loaded;
	cleanup_free struct recording_source *sources = calloc(l->policy->sources_cnt, sizeof(*sources));
	cleanup_free struct recording_user *users = calloc(l->users_cnt ? l->users_cnt : 1, sizeof(*users));
	struct recording_meta meta = { .agent = SLUICE_VERSION };
	struct agent_host host;

	if (a->config->record_fd < 0)
		return 0;
	/* What was in the file goes now that there is something to record. No regular file: nothing to empty. */
	if (ftruncate(a->config->record_fd, 0) && errno != EINVAL)
		return errmsg_set(a->e, -errno, "cannot write the recording: %s", strerror(errno));
	if (!sources || !users)
		return -ENOMEM;
	agent_host_read(&host);
	for (size_t i = 0; i < l->policy->sources_cnt; i++)
		sources[i] = (struct recording_source){
			l->policy->sources[i].name, l->policy->sources[i].text, l->policy->sources[i].len,
		};
	for (size_t i = 0; i < l->users_cnt; i++)
		users[i] = (struct recording_user){ l->users[i].name, l->users[i].uid };
	meta.host = host.host;
	meta.boot_id = host.boot_id;
	meta.host_id = host.host_id;
	meta.kernel = host.kernel;
	meta.sources = sources;
	meta.sources_cnt = l->policy->sources_cnt;
	meta.homes = (const char *const *)l->homes;
	meta.homes_cnt = l->homes_cnt;
	meta.users = users;
	meta.users_cnt = l->users_cnt;
	return recording_writer_new(a->config->record_fd, &meta, &a->writer, a->e);
}

static bool blocks_connections(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rules_cnt; i++)
		if (policy->rules[i].object == POLICY_OBJECT_CONNECT && policy->rules[i].action == SL_ACTION_BLOCK)
			return true;
	return false;
}

/* A policy that demands real blocking must not run as if it had it. */
static int check_require(const struct agent *a, const struct loaded *l, struct errmsg *e)
{
	enum policy_require given = kernel_strength(a->kernel);

	if (!(a->config->service || a->config->enforce))
		return 0;
	if (l->policy->require > POLICY_REQUIRE_ALERT && blocks_connections(l->policy) && !kernel_sees_connections(a->kernel))
		return errmsg_set(e, -EOPNOTSUPP, "%s says require: %s, but rules of it block connections and none is seen here: run "
				  "`sluice doctor`, or set require: alert", l->path, kernel_strength_name(l->policy->require));
	if (given >= l->policy->require)
		return 0;
	return errmsg_set(e, -EOPNOTSUPP, "%s says require: %s, but on this kernel block means %s for file opens (%s): "
			  "run `sluice doctor`, or set require: %s", l->path, kernel_strength_name(l->policy->require),
			  kernel_strength_name(given), kernel_tier_name(kernel_tier(a->kernel)), kernel_strength_name(given));
}

/* Off while one only looks: trace and record without --enforce refuse nothing, whatever the policy says. */
static bool guards(const struct agent *a, const struct policy *policy)
{
	bool enforce = a->config->enforce || (a->config->service && policy->mode == POLICY_ENFORCE);

	if (!enforce && !a->config->service)
		return false;
	return policy->guard == POLICY_GUARD_BY_MODE ? enforce : policy->guard == POLICY_GUARD_ON;
}

static int open_kernel(const struct agent *a, const struct loaded *l, bool reloading, struct kernel **ret, struct errmsg *e)
{
	const struct kernel_config kernel = {
		.compiled = l->compiled,
		.policy_path = l->path,
		.tier = a->config->tier,
		.enforce = a->config->enforce || (a->config->service && l->policy->mode == POLICY_ENFORCE),
		.guard = guards(a, l->policy),
		.pin_root = a->config->pin_root,
		.reloading = reloading,
		.cgroup = a->config->cgroup,
		.ring_size = a->config->ring_size,
	};

	return kernel_open(&kernel, ret, e);
}

static void give_report(void *arg, const struct report *r)
{
	struct agent *a = arg;

	if (a->control)
		control_event(a->control, r);
	a->config->sink(a->config->arg, r);
}

static int new_pipeline(struct agent *a, const struct loaded *l, struct pipeline **ret)
{
	const struct pipeline_config pipeline = {
		.compiled = l->compiled,
		.run = &a->run,
		.source = a->config->source,
		.sink = give_report,
		.arg = a,
	};

	return pipeline_new(&pipeline, ret);
}

static int tell_policy(struct agent *a)
{
	char text[256];

	snprintf(text, sizeof(text), "%.120s %.80s", a->loaded->path, a->loaded->policy->hash);
	return tell_agent(a, SL_AGENT_POLICY, text);
}

/* What cannot be protected is said, and is no reason not to watch. */
static void guard_files(const struct agent *a, const struct loaded *l, struct kernel *k)
{
	const struct policy *policy = l->policy;
	cleanup_free const char **files = calloc(policy->sources_cnt + a->config->files_cnt, sizeof(*files));
	const char *failed = NULL;
	size_t cnt = 0;

	if (!files)
		return;
	for (size_t i = 0; i < policy->sources_cnt; i++)
		if (!policy->sources[i].builtin)
			files[cnt++] = policy->sources[i].name;
	for (size_t i = 0; i < a->config->files_cnt; i++)
		files[cnt++] = a->config->files[i];
	if (kernel_guard(k, files, cnt, &failed))
		log_warn("cannot protect %s and what else is there: processes of sessions may change it", failed);
}

/* What this host takes away is in the event of the start too, for those who read events alone. */
static void describe_start(const struct kernel *k, char *text, size_t size)
{
	const struct kernel_row *rows;
	size_t cnt = kernel_rows(k, &rows);
	int len = snprintf(text, size, "sluice %s, file opens by %s", SLUICE_VERSION, kernel_tier_name(kernel_tier(k)));

	for (size_t i = 0; i < cnt && len > 0 && (size_t)len < size; i++)
		if (rows[i].lost)
			len += snprintf(text + len, size - (size_t)len, "; %s: %s", rows[i].subject, rows[i].reason);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static int may_ask(void *arg, uint32_t pid)
{
	struct agent *a = arg;
	int in = kernel_in_session(a->kernel, pid);

	return in > 0 ? -EPERM : in;
}

static void add_status(void *arg, struct strbuf *b)
{
	struct agent *a = arg;
	uint64_t until;
	bool enforces = kernel_enforcing(a->kernel, &until);

	strbuf_addf(b, ",\"version\":\"%s\",\"pid\":%d,\"mode\":\"%s\",\"tier\":\"%s\",\"hooks_run\":%s,\"reloads\":%llu,\"uptime_s\":%llu,"
		       "\"policy_file\":", SLUICE_VERSION, (int)getpid(), enforces ? "enforce" : "monitor",
		    kernel_tier_name(kernel_tier(a->kernel)), a->stopped ? "false" : "true", (unsigned long long)a->reloads,
		    (unsigned long long)((kernel_now_ns() - a->run.start_ns) / 1000000000u));
	json_str(b, a->loaded->path);
	strbuf_adds(b, ",\"policy\":");
	json_str(b, a->loaded->policy->hash);
}

static int allow(void *arg, const struct control_request *q, uint32_t uid, struct errmsg *e)
{
	struct sl_exception new = { .until_ns = kernel_now_ns() + q->seconds * 1000000000u, .uid = uid, .st_dev = q->dev, .st_ino = q->inode };
	char text[SL_EXCEPTION_PATH + SL_EXCEPTION_TOOL + 128] = "";
	struct agent *a = arg;
	int err;

	snprintf(new.path, sizeof(new.path), "%s", q->path);
	snprintf(new.tool_name, sizeof(new.tool_name), "%s", q->tool);
	err = kernel_allow(a->kernel, &new, text, sizeof(text));
	if (text[0])
		a->control_err = tell_agent(a, SL_AGENT_EXCEPTION, text);
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
		return errmsg_set(e, err, "the policy in force has no tool \"%s\", or the file is gone", new.tool_name);
	case -ESTALE:
		return errmsg_set(e, err, "no exception was made: another file is at %s now than when this command began: find out who put it there",
				  new.path);
	case -ENOSPC:
		return errmsg_set(e, err, "there are %u exceptions already, which is all that there can be: end one of them", SL_EXCEPTIONS_MAX);
	default:
		return errmsg_set(e, err, "no exception was made: %s", strerror(-err));
	}
}

static void ask_reload(void *arg)
{
	struct agent *a = arg;

	a->reload = true;
}

/* Without it everything works but requests: SIGHUP still loads the policy again. */
static void listen_for_requests(struct agent *a)
{
	const struct control_config config = {
		.path = a->config->control, .may_ask = may_ask, .status = add_status, .allow = allow, .reload = ask_reload, .arg = a,
	};
	struct errmsg e = { 0 };

	if (a->config->control && control_open(&config, &a->control, &e) < 0)
		log_warn("no control socket: %s", e.text);
}

static int start(struct agent *a)
{
	char text[512];
	int err, labelled;

	err = open_kernel(a, a->loaded, false, &a->kernel, a->e);
	err = err ? err : check_require(a, a->loaded, a->e);
	if (!err)
		guard_files(a, a->loaded, a->kernel);
	err = err ? err : start_recording(a);
	err = err ? err : new_pipeline(a, a->loaded, &a->pipeline);
	err = err ? err : tell_clock(a);
	if (err)
		return err;
	describe_start(a->kernel, text, sizeof(text));
	err = tell_agent(a, SL_AGENT_START, text);
	err = err ? err : tell_policy(a);
	if (err)
		return err;
	labelled = kernel_label_running(a->kernel, a->helper, take_record, a, a->e);
	if (labelled < 0)
		return labelled;
	if (a->config->service || a->config->enforce) {
		err = tell_mode(a, true);
		if (err)
			return err;
	}
	listen_for_requests(a);
	homes_start(a);
	scan_start(a);
	/* Compiling the policy and loading the programs took far more than running does. */
	return_memory();
	a->config->ready(a->config->arg, a->kernel, labelled);
	if (a->config->service) {
		err = notify_send("READY=1");
		if (err < 0)
			log_warn("cannot notify the service manager at $NOTIFY_SOCKET: %s: it may take this for a failed start",
				 strerror(-err));
	}
	return 0;
}

static int watch(int epoll, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* ---- reload ---------------------------------------------------------------------------------------------------- */

static void set_names(void *arg, const uint8_t key[SL_NET_KEY], const struct sl_net_names *names)
{
	kernel_set_names(arg, key, names);
}

/* The new policy's programs and pipeline take the places of the old ones, which are still in force until the last moment. */
static int swap(struct agent *a, struct loaded *l, struct kernel *k, struct pipeline *p, struct errmsg *e)
{
	struct pipeline *old_pipeline = a->pipeline;
	struct kernel *old_kernel = a->kernel;
	const struct loaded *old_loaded = a->loaded;
	int err;

	err = kernel_consume(old_kernel, take_record, a);
	/* Numbers of names are the policy's: the kernel's own table is of no use to another one. Before the new programs decide anything. */
	pipeline_names(old_pipeline, l->compiled, set_names, k);
	a->pipeline = p;
	a->loaded = l;
	a->users_cnt = 0;
	err = err < 0 ? err : tell_clock(a);
	err = err ? err : kernel_label_running(k, a->helper, take_record, a, e);
	if (err < 0) {
		a->pipeline = old_pipeline;
		a->loaded = old_loaded;
		return err;
	}
	/* What the old programs decided to their end is judged by the policy that they had. */
	a->pipeline = old_pipeline;
	err = kernel_consume(old_kernel, take_record, a);
	kernel_take_losses(old_kernel, a->losses);
	pipeline_finish(old_pipeline);
	pipeline_take_names(p, old_pipeline);
	a->pipeline = p;
	a->kernel = k;
	epoll_ctl(a->epoll, EPOLL_CTL_DEL, kernel_fd(old_kernel), NULL);
	kernel_close(old_kernel);
	pipeline_free(old_pipeline);
	secretscan_free(take_ptr(a->scan)); /* it belongs to the old policy */
	loaded_free(a->own);
	a->own = l;
	return err < 0 ? err : watch(a->epoll, kernel_fd(k));
}

static unsigned long long monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000u + (unsigned long long)ts.tv_nsec / 1000;
}

/* A reload takes as long as the kernel's verifier does, and no ping comes meanwhile. */
static void stretch_watchdog(const struct agent *a, unsigned int times)
{
	uint64_t usec;

	if (a->config->service && notify_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (uint64_t)getpid(), &usec))
		notify_send("WATCHDOG_USEC=%llu", (unsigned long long)usec * times);
}

/* A policy that cannot come into force changes nothing and says why. */
static int reload(struct agent *a)
{
	struct loaded *l = NULL;
	struct kernel *k = NULL;
	struct pipeline *p = NULL;
	struct errmsg why = { 0 };
	char text[sizeof(why.text) + sizeof(why.file) + 32];
	int err;

	a->reload = false;
	a->reloads++;
	if (a->config->reopen)
		a->config->reopen(a->config->arg);
	if (a->config->service)
		notify_send("RELOADING=1\nMONOTONIC_USEC=%llu", monotonic_us());
	stretch_watchdog(a, WATCHDOG_STRETCH);
	err = options_load_policy(a->config->policy_file, &l, &why);
	err = err ? err : check_require(a, l, &why);
	err = err ? err : open_kernel(a, l, true, &k, &why);
	err = err ? err : new_pipeline(a, l, &p);
	if (!err)
		guard_files(a, l, k);
	err = err ? err : swap(a, l, k, p, &why);
	stretch_watchdog(a, 1);
	if (a->config->service)
		notify_send("READY=1");
	if (!err) {
		a->stopped = false;
		if (kernel_tier(a->kernel) == a->fell_from)
			a->fell_from = KERNEL_TIER_AUTO;
		homes_start(a);
		scan_start(a);
		return_memory();
		kernel_note_reload(a->kernel, a->reloads, NULL);
		if (a->control)
			control_reloaded(a->control, NULL, a->loaded->policy->hash);
		err = tell_policy(a);
		return err ? err : tell_mode(a, false);
	}
	if (!why.text[0])
		errmsg_set(&why, err, "cannot reload: %s", strerror(-err));
	if (a->kernel != k) {
		kernel_close(k);
		pipeline_free(p);
		loaded_free(l);
	}
	a->config->reload_failed(a->config->arg, &why);
	if (why.line)
		snprintf(text, sizeof(text), "%.255s:%u:%u: %s", why.file, why.line, why.column, why.text);
	else
		snprintf(text, sizeof(text), "%s", why.text);
	kernel_note_reload(a->kernel, a->reloads, text);
	if (a->control)
		control_reloaded(a->control, text, "");
	return tell_agent(a, SL_AGENT_POLICY_BAD, text);
}

static int make_timer(void)
{
	struct itimerspec every = { .it_interval.tv_nsec = LOOK_NS, .it_value.tv_nsec = LOOK_NS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &every, NULL);
	return fd;
}

static int make_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* True: the run is to end. SIGHUP is a reload for a service, and the end of the terminal for anyone else. */
static bool take_signal(struct agent *a, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGHUP || !a->config->service)
		return true;
	a->reload = true;
	return false;
}

static int loop(struct agent *a, int signals)
{
	cleanup_close int epoll = epoll_create1(EPOLL_CLOEXEC);
	cleanup_close int timer = make_timer();
	uint64_t until = a->config->duration_ns ? kernel_now_ns() + a->config->duration_ns : UINT64_MAX;
	bool stop = false;
	int err;

	if (epoll < 0 || timer < 0 || signals < 0)
		return errmsg_set(a->e, -errno, "cannot make the event loop: %s", strerror(errno));
	a->epoll = epoll;
	err = watch(epoll, signals);
	err = err ? err : watch(epoll, timer);
	err = err ? err : watch(epoll, kernel_fd(a->kernel));
	if (!err && a->control)
		err = watch(epoll, control_fd(a->control));
	while (!err && !stop) {
		struct epoll_event ev[4];
		int n = epoll_wait(epoll, ev, ARRAY_SIZE(ev), -1);
		bool ticking = false, looked = false;

		for (int i = 0; i < n; i++) {
			uint64_t times;

			if (ev[i].data.fd == signals)
				stop = take_signal(a, signals) || stop;
			else if (ev[i].data.fd == timer && read(timer, &times, sizeof(times)) == sizeof(times))
				looked = true;
		}
		ticking = looked && ++a->looks % LOOKS_PER_TICK == 0;
		err = look(a, ticking);
		if (a->control) {
			control_serve(a->control);
			err = err ? err : a->control_err;
		}
		if (looked) {
			homes_step(a);
			scan_step(a, 0);
		}
		if (!err && a->reload)
			err = reload(a);
		stop = stop || kernel_now_ns() >= until;
	}
	return err;
}

/* What is still in the rings and the counters is told before the programs go. */
static int finish(struct agent *a)
{
	int err = kernel_consume(a->kernel, take_record, a);

	err = err < 0 ? err : tick(a);
	/* Where the programs stay, so do the flows. */
	if (!err && !(a->config->pin_root && kernel_in_enforce_mode(a->kernel)))
		err = kernel_end_flows(a->kernel, true, take_record, a);
	err = err ? err : tell_agent(a, SL_AGENT_STOP, "stopped");
	if (a->control)
		control_serve(a->control);
	if (!err && a->writer)
		err = recording_flush(a->writer, a->e);
	return err ? err : a->config->flush(a->config->arg);
}

int agent_run(const struct agent_config *config, struct errmsg *e)
{
	struct agent *a = calloc(1, sizeof(*a));
	cleanup_close int signals = make_signals();
	int err;

	if (!a)
		return -ENOMEM;
	a->config = config;
	a->loaded = config->loaded;
	a->e = e;
	err = helper_new(&a->helper);
	err = err ? err : start(a);
	err = err ? err : config->flush(config->arg);
	err = err ? err : loop(a, signals);
	if (config->service)
		notify_send("STOPPING=1");
	if (!err)
		err = finish(a);
	control_close(a->control);
	recording_writer_free(a->writer);
	/* What blocks, goes on blocking; a watcher alone is of no use to anybody. */
	if (a->kernel && kernel_pinned(a->kernel) && !kernel_in_enforce_mode(a->kernel)) {
		int unpinned = kernel_unpin(a->kernel, err ? NULL : e);

		err = err ? err : unpinned;
	}
	secretscan_free(a->scan);
	homewatch_free(a->homes);
	kernel_close(a->kernel);
	pipeline_free(a->pipeline);
	helper_free(a->helper);
	loaded_free(a->own);
	free(a);
	/* Who looks has seen enough; a service whose events nobody gets has failed. */
	return err == -EPIPE && !config->service ? 0 : err;
}
