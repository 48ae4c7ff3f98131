/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: `sluice replay`: a recording through the pipeline that the agent runs, with the policy, homes and users that it carries.
 * Asks nothing of this host, so the JSON is the same, byte for byte, wherever it is replayed. With --policy the records are
 * judged anew (rejudge.c).
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/hostid.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/rejudge.h"
#include "correlate/pipeline.h"
#include "event/recording.h"
#include "output/output.h"
#include "output/summary.h"

static const char help[] =
	"Usage: sluice replay [--json] [--policy FILE] [--tool NAME] FILE\n"
	"\n"
	"Shows a recording as trace would have shown it, with the policy that it carries. Needs no root.\n"
	"FILE \"-\": standard input.\n"
	"\n"
	"  -j, --json         JSON lines, schema 2: the same bytes on every machine\n"
	"  -p, --policy FILE  what would this policy have said? Only of what the first one let the kernel report\n"
	"  -t, --tool NAME    only this tool\n"
	"  -x, --exec         also processes of AI tools that start and end\n"
	"  -v, --verbose      also connections that ended, with their bytes, and server names\n"
	"  -h, --help         this text\n"
	"\n"
	"At the end a summary goes to stderr.\n"
	"Exit status: 0 done, 2 misuse, 74 the recording is damaged or cannot be read or the output written, 78 bad policy.\n";

struct replay {
	const char *path;            /* of the recording, as people know it */
	const char *tool;            /* NULL: all */
	bool json, exec, flows;
	struct output *output;
	struct summary *summary;
	struct report_source source; /* whose events these were */
	char host_id[HOSTID_SIZE];
	int write_err;
};

/* ---- the policy ----------------------------------------------------------------------------------------------------- */

struct recorded {
	struct policy *policy;
	struct compiled *compiled;
};

static void recorded_done(struct recorded *r)
{
	compiled_free(r->compiled);
	policy_free(r->policy);
}

/* The policy that the recording carries, for the homes and users of its host. */
static int recorded_load(const struct recording_meta *m, struct recorded *ret, struct errmsg *e)
{
	cleanup_free struct policy_source *sources = calloc(m->sources_cnt + 1, sizeof(*sources));
	cleanup_free struct policy_user *users = calloc(m->users_cnt + 1, sizeof(*users));
	struct policy_host host = { .homes = m->homes, .homes_cnt = m->homes_cnt, .users = users, .users_cnt = m->users_cnt };
	int r;

	if (!sources || !users)
		return errmsg_set(e, -ENOMEM, "out of memory");
	/* policy_source has no const: it is filled for policies that own their text. policy_load_sources copies it. */
	for (size_t i = 0; i < m->sources_cnt; i++) {
		union {
			const char *in;
			char *out;
		} name = { m->sources[i].name }, text = { m->sources[i].text };

		sources[i] = (struct policy_source){ .name = name.out, .text = text.out, .len = m->sources[i].len };
	}
	for (size_t i = 0; i < m->users_cnt; i++)
		users[i] = (struct policy_user){ .name = m->users[i].name, .uid = m->users[i].uid };
	r = policy_load_sources(sources, m->sources_cnt, &ret->policy, e);
	return r < 0 ? r : policy_compile(ret->policy, &host, &ret->compiled, e);
}

/* Of errors of the recording itself: which one. */
static void name_file(const struct replay *p, struct errmsg *e)
{
	snprintf(e->file, sizeof(e->file), "%s", p->path);
}

/* ---- the run -------------------------------------------------------------------------------------------------------- */

/* Nobody waits for a recording: a reader that is slow, even behind a descriptor that does not block, is waited for. */
static int flush(struct replay *p)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int r;

	while ((r = output_ops(p->output)->flush(p->output)) == -EAGAIN)
		if (poll(&out, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return r;
}

static void on_report(void *arg, const struct report *r)
{
	struct replay *p = arg;

	if (p->tool && r->kind < REPORT_LOSS && !(r->tool.name && strcmp(r->tool.name, p->tool) == 0))
		return;
	summary_add(p->summary, r);
	while (!p->write_err) {
		p->write_err = output_ops(p->output)->write(p->output, r);
		if (p->write_err != -ENOBUFS)
			return;
		p->write_err = flush(p);
	}
}

static int run(struct replay *p, struct recording *rec, const struct policy *from, const struct compiled *to, struct errmsg *e)
{
	const char *variant = strcmp(from->hash, to->policy->hash) ? to->policy->hash + strlen("sha256:") : NULL;
	const struct pipeline_config config = { .compiled = to, .source = &p->source, .variant = variant, .sink = on_report, .arg = p };
	cleanup_(pipeline_freep) struct pipeline *pipeline = NULL;
	cleanup_(rejudge_freep) struct rejudge *rejudge = NULL;
	const void *record;
	size_t size;
	int r = pipeline_new(&config, &pipeline), fed = 0;

	if (r >= 0 && strcmp(from->hash, to->policy->hash) != 0) {
		rejudge = rejudge_new(from, to, pipeline_tree(pipeline));
		r = rejudge ? 0 : -ENOMEM;
	}
	if (r < 0)
		return errmsg_set(e, r, "out of memory");
	while (!p->write_err && fed >= 0 && (r = recording_next(rec, &record, &size, e)) > 0) {
		if (rejudge)
			record = rejudge_record(rejudge, record, size);
		if (record)
			fed = pipeline_record(pipeline, record, size);
	}
	/* Of a damaged recording, what is whole was shown. */
	pipeline_finish(pipeline);
	summary_set_allowed(p->summary, pipeline_stats(pipeline)->allowed);
	if (!p->write_err)
		p->write_err = flush(p);
	if (p->write_err == -EPIPE)
		return 0; /* the reader left: it has what it wanted */
	if (p->write_err)
		return errmsg_set(e, p->write_err, "cannot write to stdout: %s", strerror(-p->write_err));
	if (fed < 0)
		return errmsg_set(e, fed, "cannot go on: %s", strerror(-fed));
	if (r < 0)
		name_file(p, e);
	return r;
}

static int open_output(struct replay *p)
{
	const struct report_host host = { .show_exec = p->exec, .show_flows = p->flows };
	bool terminal = isatty(STDOUT_FILENO);

	if (p->json)
		return output_json_new(STDOUT_FILENO, &p->output);
	return output_text_new(STDOUT_FILENO, &host, terminal ? cli_width() : 0, terminal && !getenv("NO_COLOR"), &p->output);
}

/* The other policy is judged for the homes and users of the recorded host too. */
static int load_other(const char *path, const struct recording_meta *m, struct recorded *ret, struct errmsg *e)
{
	cleanup_free struct recording_source *sources = NULL;
	struct recording_meta meta = *m;
	cleanup_(loaded_freep) struct loaded *l = NULL;
	int r = options_load_policy(path, &l, e);

	if (r < 0)
		return r;
	sources = calloc(l->policy->sources_cnt + 1, sizeof(*sources));
	if (!sources)
		return errmsg_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->policy->sources_cnt; i++)
		sources[i] = (struct recording_source){ .name = l->policy->sources[i].name, .text = l->policy->sources[i].text,
							.len = l->policy->sources[i].len };
	meta.sources = sources;
	meta.sources_cnt = l->policy->sources_cnt;
	return recorded_load(&meta, ret, e);
}

static int fail(const struct errmsg *e, int status)
{
	cli_error(e);
	return status;
}

static int replay(struct replay *p, const char *path, const char *policy)
{
	cleanup_(recorded_done) struct recorded own = { NULL, NULL }, other = { NULL, NULL };
	cleanup_(recording_freep) struct recording *rec = NULL;
	cleanup_fclose FILE *f = strcmp(path, "-") != 0 ? fopen(path, "re") : fdopen(dup(STDIN_FILENO), "r");
	const struct recording_meta *m;
	struct errmsg e = { 0 };
	int r;

	if (!f) {
		errmsg_set(&e, -errno, "cannot open %s: %s", path, strerror(errno));
		return fail(&e, CLI_IOERR);
	}
	p->path = strcmp(path, "-") != 0 ? path : "standard input";
	if (recording_open(f, &rec, &e) < 0) {
		name_file(p, &e);
		return fail(&e, CLI_IOERR);
	}
	m = recording_meta(rec);
	if (recorded_load(m, &own, &e) < 0 || (policy && load_other(policy, m, &other, &e) < 0))
		return fail(&e, CLI_CONFIG);
	r = cli_no_tool("replay", (policy ? other : own).policy, p->tool);
	if (r)
		return r;
	/* What was recorded before there were ids of hosts has one by its boot: always the same. */
	hostid_derive("", m->boot_id, p->host_id);
	p->source = (struct report_source){ .host = m->host, .boot_id = m->boot_id, .host_id = m->host_id[0] ? m->host_id : p->host_id };
	p->summary = summary_new();
	r = p->summary ? open_output(p) : -ENOMEM;
	if (r < 0) {
		errmsg_set(&e, r, "cannot make the output: %s", strerror(-r));
		return fail(&e, CLI_UNAVAILABLE);
	}
	log_info("recorded on %s, Linux %s, by sluice %s", m->host, m->kernel, m->agent);
	r = run(p, rec, own.policy, policy ? other.compiled : own.compiled, &e);
	cli_summary(p->summary);
	return r < 0 ? fail(&e, CLI_IOERR) : 0;
}

int cmd_replay(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "policy", required_argument, NULL, 'p' },
		{ "tool", required_argument, NULL, 't' },
		{ "exec", no_argument, NULL, 'x' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *policy = NULL;
	struct replay p = { 0 };
	int opt, status;

	while ((opt = getopt_long(argc, argv, "jp:t:xvh", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			p.json = true;
			break;
		case 'p':
			policy = optarg;
			break;
		case 't':
			p.tool = optarg;
			break;
		case 'x':
			p.exec = true;
			break;
		case 'v':
			p.flows = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("replay", argv);
		}
	}
	if (optind + 1 != argc)
		return cli_misuse("replay", "it takes one FILE");
	status = replay(&p, argv[optind], policy);
	output_free(p.output);
	summary_free(p.summary);
	return status;
}
