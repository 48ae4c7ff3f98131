/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice audit`: whose homes are looked into, which sessions run there, and what the exit status says. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/account.h"
#include "base/log.h"
#include "cli/audit_report.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "kernel/kernel.h"
#include "process/procscan.h"

#define AUDIT_UNKNOWNS 3

static const char help[] =
        "Usage: sluice audit [--user NAME] [--home DIR] [--format text|json|html] [--policy FILE]\n"
        "\n"
        "The AI tools of each user of this host: which are installed, how each is signed in (under whose terms), how each is set up,\n"
        "and secrets that lie in projects in plain text. As root for all users, otherwise for your own home. No token, key or\n"
        "mail address is shown or kept; what cannot be known is reported as unknown.\n"
        "\n"
        "  -u, --user NAME    only this user's home\n"
        "      --home DIR     this folder as a home, of the user who owns it\n"
        "  -f, --format FORM  text (the default), json or html\n"
        "  -p, --policy FILE  the policy that names tools and secrets\n"
        "  -h, --help         this text\n"
        "\n"
        "Exit status: 0 nothing to do, 1 there are warnings, 2 misuse, 3 no warning, but something is unknown or could not be read,\n"
        "77 not your home, 78 bad policy.\n";

struct audit_run {
	struct loaded *policy;
	struct procscan scan;
	struct audit_session *sessions;
	size_t sessions_cnt;
	struct audit_home_report *homes;
	size_t homes_cnt;
};

static void find_sessions(struct audit_run *r)
{
	if (procscan_all("/proc", kernel_now_ns(), &r->scan) || procscan_label(&r->scan, r->policy->compiled) < 0) {
		log_warn("cannot read /proc: sessions that run now are left out");
		return;
	}
	r->sessions = calloc(r->scan.cnt ? r->scan.cnt : 1, sizeof(*r->sessions));
	for (size_t i = 0; r->sessions && i < r->scan.cnt; i++) {
		const struct procscan_entry *p = &r->scan.v[i];
		const struct policy_tool *tool = compiled_tool(r->policy->compiled, p->label.tool);

		if (tool && p->rec->who.tgid == p->label.session_pid)
			r->sessions[r->sessions_cnt++] =
			        (struct audit_session){ p->rec->who.tgid, p->rec->who.uid, tool->name };
	}
}

static void audit_one(struct audit_run *r, const char *user, const char *home, uint32_t uid)
{
	struct audit_target t = { home, uid, r->sessions, r->sessions_cnt, r->policy->compiled };
	struct audit_home_report *report = &r->homes[r->homes_cnt++];
	int err;

	*report = (struct audit_home_report){ .user = user, .home = home, .uid = uid };
	err = audit_home(&t, &report->found);
	if (err)
		report->failed = strerror(-err);
}

/* Returns an exit status. */
static int audit_homes(struct audit_run *r, const char *user)
{
	const struct homes *found = &r->policy->found;
	bool any = false, may = false;

	r->homes = calloc(found->cnt ? found->cnt : 1, sizeof(*r->homes));
	if (!r->homes)
		return CLI_UNAVAILABLE;
	for (size_t i = 0; i < found->cnt; i++) {
		const struct home *h = &found->v[i];

		if (!home_holds(h) || (user && strcmp(user, h->user) != 0) ||
		    (!user && geteuid() && h->uid != geteuid()))
			continue;
		any = true;
		if (geteuid() && h->uid != geteuid())
			continue;
		may = true;
		audit_one(r, h->user, h->path, h->uid);
	}
	if (!any && user)
		return cli_misuse("audit", "user \"%s\" has no home on this host", user);
	if (user && !may) {
		log_err("audit: %s's home is read as that user or as root", user);
		return CLI_NOPERM;
	}
	return 0;
}

static int audit_folder(struct audit_run *r, const char *folder, char path[PATH_MAX], struct account *owner)
{
	struct stat st;

	if (!realpath(folder, path) || stat(path, &st) || !S_ISDIR(st.st_mode))
		return cli_misuse("audit", "--home \"%s\" is not a folder", folder);
	if (geteuid() && st.st_uid != geteuid()) {
		log_err("audit: %s belongs to another user: run this as root", path);
		return CLI_NOPERM;
	}
	if (!account_by_uid(st.st_uid, owner))
		snprintf(owner->name, sizeof(owner->name), "%u", st.st_uid);
	r->homes = calloc(1, sizeof(*r->homes));
	if (!r->homes)
		return CLI_UNAVAILABLE;
	audit_one(r, owner->name, path, st.st_uid);
	return 0;
}

static int print(const struct audit_run *r, void (*form)(const struct audit_report *))
{
	char host[HOST_NAME_MAX + 1] = "";
	struct audit_report report = { host, (uint64_t)time(NULL), r->homes, r->homes_cnt };
	struct audit_counts c = audit_count(&report);

	gethostname(host, sizeof(host) - 1);
	form(&report);
	if (c.warnings)
		return CLI_NO;
	return c.unfinished || c.unsure || !r->homes_cnt || !r->sessions ? AUDIT_UNKNOWNS : 0;
}

int cmd_audit(int argc, char **argv)
{
	enum { OPT_HOME = 512 };
	static const struct option options[] = {
		{ "user", required_argument, NULL, 'u' },   { "home", required_argument, NULL, OPT_HOME },
		{ "format", required_argument, NULL, 'f' }, { "policy", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },         { 0 },
	};
	const char *user = NULL, *home = NULL, *policy = NULL;
	void (*form)(const struct audit_report *) = audit_print_text;
	static struct account owner;
	static char path[PATH_MAX];
	struct audit_run r = { 0 };
	struct errmsg e = { 0 };
	int opt, status;

	while ((opt = getopt_long(argc, argv, "u:f:p:h", options, NULL)) != -1) {
		switch (opt) {
		case 'u':
			user = optarg;
			break;
		case OPT_HOME:
			home = optarg;
			break;
		case 'f':
			if (strcmp(optarg, "text") && strcmp(optarg, "json") && strcmp(optarg, "html"))
				return cli_misuse("audit", "--format is text, json or html");
			form = optarg[0] == 't'   ? audit_print_text
			       : optarg[0] == 'j' ? audit_print_json
			                          : audit_print_html;
			break;
		case 'p':
			policy = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("audit", argv);
		}
	}
	if (optind < argc)
		return cli_misuse("audit", "takes no \"%s\"", argv[optind]);
	if (user && home)
		return cli_misuse("audit", "--user and --home: one of them");
	if (options_load_policy(policy, &r.policy, &e)) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	find_sessions(&r);
	status = home ? audit_folder(&r, home, path, &owner) : audit_homes(&r, user);
	if (!status)
		status = print(&r, form);
	for (size_t i = 0; i < r.homes_cnt; i++)
		audit_found_done(&r.homes[i].found);
	free(r.homes);
	free(r.sessions);
	procscan_done(&r.scan);
	loaded_free(r.policy);
	return status;
}
