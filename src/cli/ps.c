/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: `sluice ps`: the AI sessions that run now, each with its process tree, from /proc alone, and where a service runs
 * (and we are root) the flows that its programs know, and what the session has read. It attaches nothing and needs no root, but without it processes of others
 * show only what /proc shows to everyone.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "base/escape.h"
#include "base/redact.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "event/event.h"
#include "kernel/kernel.h"
#include "kernel/pins.h"
#include "output/format.h"
#include "process/procscan.h"

/* A command line is cut here, for the eye; deeper trees are indented no further. */
#define LINE_MAX_BYTES 160
#define DEPTH_MAX 12
#define FLOWS_SESSIONS 1024   /* whose connections are summed; of further ones nothing is said */

static const char help[] =
	"Usage: sluice ps [--policy FILE] [--tool NAME] [--pin DIR]\n"
	"\n"
	"Running AI sessions with their process trees, by the tools of the policy. Where a service runs, as root: also their open\n"
	"connections, and what they have read that the service remembers.\n"
	"\n"
	"  -p, --policy FILE  the policy whose tools are looked for\n"
	"  -t, --tool NAME    only sessions of this tool\n"
	"      --pin DIR      where the service's programs are pinned (" PINS_DEFAULT ")\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 sessions were found, 1 none, 2 misuse, 78 bad policy.\n";

/* argv in one line, secrets redacted, hostile bytes shown. */
static void add_argv(struct strbuf *b, const struct sl_rec_exec *rec)
{
	const char *argv = (const char *)(rec + 1) + rec->exe_len + rec->cwd_len, *prev = "";
	size_t prev_len = 0;

	for (size_t at = 0; at < rec->argv_len && b->len < LINE_MAX_BYTES;) {
		size_t len = strnlen(argv + at, rec->argv_len - at);

		if (at)
			strbuf_addc(b, ' ');
		redact_arg(b, prev, prev_len, argv + at, len);
		prev = argv + at;
		prev_len = len;
		at += len + 1;
	}
}

static void print_process(const struct procscan_entry *p, int depth)
{
	cleanup_(strbuf_done) struct strbuf argv = STRBUF_INIT, line = STRBUF_INIT;
	const struct sl_rec_exec *rec = p->rec;

	add_argv(&argv, rec);
	if (!argv.len)
		strbuf_add(&argv, rec + 1, rec->exe_len);
	escape_text(&line, strbuf_str(&argv), argv.len < LINE_MAX_BYTES ? argv.len : LINE_MAX_BYTES);
	printf("%*s%-7u %s%s\n", 2 + 2 * (depth < DEPTH_MAX ? depth : DEPTH_MAX), "", rec->who.tgid, strbuf_str(&line),
	       argv.len > LINE_MAX_BYTES ? "..." : "");
}

static bool same_session(const struct procscan_entry *p, const struct sl_label *s)
{
	return p->label.tool && p->label.session_ns == s->session_ns && p->label.session_pid == s->session_pid;
}

static void print_below(const struct procscan *s, const struct procscan_entry *top, int depth)
{
	print_process(top, depth);
	for (size_t i = 0; i < s->cnt; i++)
		if (s->v[i].rec->who.ppid == top->rec->who.tgid && same_session(&s->v[i], &top->label))
			print_below(s, &s->v[i], depth + 1);
}

/* What the pinned programs of a service know. */
struct service {
	bool known;
	bool same_policy;             /* it has the policy that we have: what it remembers has names */
	struct pins pins;
	struct pins_flows flows[FLOWS_SESSIONS];
	size_t flows_cnt;
};

static void service_open(struct service *s, const char *root, const struct compiled *c)
{
	struct errmsg e = { 0 };
	int r = pins_open(root, &s->pins, &e);

	if (r) {
		if (r == -EPROTO)
			pins_close(&s->pins);
		return;
	}
	s->known = true;
	s->same_policy = !strcmp(s->pins.about.policy_hash, c->policy->hash);
	r = pins_flows(&s->pins, s->flows, FLOWS_SESSIONS);
	s->flows_cnt = r < 0 ? 0 : (size_t)r;
}

static void print_flows(const struct service *s, const struct sl_label *label)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;
	struct pins_flows sum = { 0 };

	for (size_t i = 0; i < s->flows_cnt; i++)
		if (s->flows[i].session_pid == label->session_pid && s->flows[i].session_ns == label->session_ns)
			sum = s->flows[i];
	format_bytes(&b, sum.sent);
	strbuf_adds(&b, " sent, ");
	format_bytes(&b, sum.received);
	printf("  %llu open connection%s, %s received\n", (unsigned long long)sum.flows, sum.flows == 1 ? "" : "s", strbuf_str(&b));
}

/* "12s", "3m20s", "5h00m20s" */
static void print_age(uint64_t since_ns)
{
	uint64_t now = kernel_now_ns(), s = now > since_ns ? (now - since_ns) / 1000000000u : 0;

	if (s >= 3600)
		printf("%lluh%02llum", (unsigned long long)s / 3600, (unsigned long long)s / 60 % 60);
	else if (s >= 60)
		printf("%llum", (unsigned long long)s / 60);
	printf(s >= 60 ? "%02llus" : "%llus", (unsigned long long)s % 60);
}

/* The labels that a session carries: shared by all that is within it. */
static void print_reads(const struct service *s, const struct sl_label *label, const struct compiled *c)
{
	struct sl_memory m;

	if (pins_memory(&s->pins, label, &m))
		return;
	if (m.alert_ns) {
		fputs("  read what alerts ", stdout);
		print_age(m.alert_ns);
		puts(" ago");
	}
	for (unsigned int i = 0; i < SL_MEMORIES_MAX; i++) {
		const struct policy_strings *classes = s->same_policy ? compiled_memory(c, i) : NULL;

		if (!m.at_ns[i])
			continue;
		fputs("  read ", stdout);
		for (size_t k = 0; classes && k < classes->cnt; k++)
			printf("%s%s", k ? " or " : "", classes->v[k]);
		fputs(classes ? " " : "what a rule of the service's policy remembers ", stdout);
		print_age(m.at_ns[i]);
		puts(" ago");
	}
}

static void print_session(const struct procscan *s, const struct procscan_entry *root, const struct policy_tool *tool,
			  const struct service *service, const struct compiled *c)
{
	cleanup_(strbuf_done) struct strbuf cwd = STRBUF_INIT;
	uint64_t age = (kernel_now_ns() - root->rec->who.start_ns) / 1000000000u;
	struct sl_label label = root->label;
	struct account account;

	/* /proc does not know when the process became the tool, which is part of the session's id. */
	if (service->known && pins_label(&service->pins, root->rec->who.tgid, &label))
		label = root->label;
	if (!account_by_uid(root->rec->who.uid, &account))
		snprintf(account.name, sizeof(account.name), "%u", root->rec->who.uid);
	escape_text(&cwd, (const char *)(root->rec + 1) + root->rec->exe_len, root->rec->cwd_len);
	printf("%s  session %llx-%u  user %s  %lluh%02llum%02llus  in %s\n", tool->name,
	       (unsigned long long)label.session_ns, label.session_pid, account.name,
	       (unsigned long long)age / 3600, (unsigned long long)age / 60 % 60, (unsigned long long)age % 60,
	       cwd.len ? strbuf_str(&cwd) : "?");
	if (label.parent_session_pid)
		printf("  inside session %llx-%u\n", (unsigned long long)label.parent_session_ns, label.parent_session_pid);
	if (service->known) {
		print_flows(service, &label);
		print_reads(service, &label, c);
	}
	/* Processes whose parent is not of the session hang below nothing: each begins a tree. */
	for (size_t i = 0; i < s->cnt; i++) {
		const struct procscan_entry *p = &s->v[i], *parent;

		if (!same_session(p, &root->label))
			continue;
		parent = procscan_find(s, p->rec->who.ppid);
		if (!parent || !same_session(parent, &root->label))
			print_below(s, p, 0);
	}
}

int cmd_ps(int argc, char **argv)
{
	enum { OPT_PIN = 512 };
	static const struct option options[] = {
		{ "pin", required_argument, NULL, OPT_PIN },
		{ "policy", required_argument, NULL, 'p' },
		{ "tool", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	cleanup_(loaded_freep) struct loaded *l = NULL;
	const char *policy = NULL, *only = NULL;
	const char *root = PINS_DEFAULT;
	static struct service service;
	struct procscan s = { 0 };
	struct errmsg e = { 0 };
	size_t sessions = 0;
	int opt, err;

	while ((opt = getopt_long(argc, argv, "p:t:h", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			policy = optarg;
			break;
		case 't':
			only = optarg;
			break;
		case OPT_PIN:
			root = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("ps", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("ps", "takes no \"%s\"", argv[optind]);
	err = options_load_policy(policy, &l, &e);
	if (err) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	err = cli_no_tool("ps", l->policy, only);
	if (err)
		return err;
	err = procscan_all("/proc", kernel_now_ns(), &s);
	err = err ? err : procscan_label(&s, l->compiled);
	if (err < 0) {
		errmsg_set(&e, err, "cannot read /proc: %s", strerror(-err));
		cli_error(&e);
		return CLI_UNAVAILABLE;
	}
	for (size_t i = 0; i < s.cnt; i++) {
		const struct policy_tool *tool = compiled_tool(l->compiled, s.v[i].label.tool);

		if (!tool || s.v[i].rec->who.tgid != s.v[i].label.session_pid || (only && strcmp(only, tool->name) != 0))
			continue;
		if (!sessions)
			service_open(&service, root, l->compiled);
		print_session(&s, &s.v[i], tool, &service, l->compiled);
		sessions++;
	}
	procscan_done(&s);
	if (service.known)
		pins_close(&service.pins);
	if (!sessions)
		printf("No AI session runs%s%s.\n", only ? " of tool " : "", only ? only : "");
	return sessions ? 0 : CLI_NO;
}
