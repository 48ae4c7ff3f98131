/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice check`. Loads and compiles each file as the agent would, and tells what it comes to and what is odd in it. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/check_host.h"
#include "cli/cli.h"
#include "cli/homes_report.h"
#include "cli/options.h"
#include "kernel/kernel.h"
#include "policy/lint.h"

static const char help[] =
	"Usage: sluice check [--require deny|kill|alert] [--strict] FILE...\n"
	"\n"
	"Is each policy valid, and does it mean what it seems to? Changes nothing. Needs no root, but to find out what\n"
	"`block` means on this kernel in mode enforce.\n"
	"Users, home directories, folders and symbolic links are those of this host.\n"
	"\n"
	"      --require MEANING  no, if a rule's block would mean less than this\n"
	"      --strict           no, if there are warnings\n"
	"  -q, --quiet            only errors and warnings\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 all are valid, 1 one is not, 2 misuse.\n";

/* Bytes of a node in the kernel's tries of address ranges. */
#define RANGE_NODE 64

struct check {
	const char *path;
	const struct policy *policy;
	enum policy_require require;
	enum kernel_tier tier;   /* AUTO: not asked yet */
	bool strict, quiet;
	int warnings;
};

static void on_finding(void *arg, struct policy_where where, const char *text)
{
	struct check *c = arg;

	c->warnings++;
	log_warn("%s:%u:%u: warning: %s", c->policy->sources[where.source].name, where.line, where.column, text);
}

/* What a block of a file open comes to, here and now. */
static int strength(struct check *c, enum policy_require *ret, struct errmsg *e)
{
	int err = 0;

	*ret = POLICY_REQUIRE_ALERT;
	if (c->policy->mode != POLICY_ENFORCE)
		return 0;
	if (!c->tier)
		err = geteuid() ? -EPERM : kernel_probe(&c->tier, e);
	if (!err)
		*ret = kernel_tier_strength(c->tier);
	return err;
}

static bool meets_requirement(struct check *c)
{
	enum policy_require given;
	struct errmsg e = { 0 };
	size_t blocks = 0;
	int err;

	for (size_t i = 0; i < c->policy->rules_cnt; i++)
		blocks += c->policy->rules[i].action == SL_ACTION_BLOCK;
	err = strength(c, &given, &e);
	if (!blocks || c->require == POLICY_REQUIRE_ALERT || (!err && given >= c->require))
		return true;
	if (err == -EPERM)
		log_err("%s: what block means on this kernel can only be found out as root", c->path);
	else if (err)
		log_err("%s: sluice cannot run here: %s", c->path, e.text);
	else
		log_err("%s: %zu %s block, and block means %s: %s", c->path, blocks, blocks == 1 ? "rule says" : "rules say",
			kernel_strength_name(given), c->policy->mode == POLICY_ENFORCE ? kernel_tier_name(c->tier) :
											"the mode is monitor");
	return false;
}

/* "block: deny by lsm" */
static void print_strength(struct check *c)
{
	struct errmsg e = { 0 };
	enum policy_require given;
	int err = strength(c, &given, &e);

	if (c->policy->mode != POLICY_ENFORCE)
		printf("  block means alert (mode monitor)\n");
	else if (err && err != -EPERM)
		printf("  block means nothing here, where sluice cannot run: %s\n", e.text);
	else if (err)
		printf("  block: run as root to see what it means on this kernel\n");
	else
		printf("  block means %s on this kernel (file opens by %s; connections are refused)\n", kernel_strength_name(given),
		       kernel_tier_name(c->tier));
}

/* Host names, then what rules make of them: rows of rules, and the ranges as the kernel keeps them (at most two nodes for each). */
static void print_connect_facts(const struct compiled *c)
{
	const struct sl_net_info *net = &c->net.info;

	printf("  connections: names %zu KiB (%u sets), ranges %zu KiB (%u), ports and rules %zu KiB\n", hosts_table_size(c->name) / 1024,
	       c->name->info.sets, (size_t)c->net.ranges.cnt * 2 * RANGE_NODE / 1024, c->net.ranges.cnt,
	       (sizeof(*c->net.ports) + net->index * sizeof(*c->net.index) + net->vectors * sizeof(*c->net.vectors)) / 1024);
}

static void print_facts(const struct loaded *l)
{
	const struct policy *p = l->policy;
	const struct compiled *c = l->compiled;
	char lanes[32] = "";

	if (dfa_lanes_cnt(c->path) > 1)
		snprintf(lanes, sizeof(lanes), " in %u lanes", dfa_lanes_cnt(c->path));
	printf("%s: valid: %zu rules, %zu secret classes, %zu tools, %zu providers, mode %s\n", l->path, p->rules_cnt,
	       p->secrets_cnt, p->tools_cnt, p->providers_cnt, p->mode == POLICY_ENFORCE ? "enforce" : "monitor");
	printf("  tables: paths %zu KiB (%u sets%s), programs %zu KiB, decisions %zu KiB (%u subjects)\n",
	       dfa_table_size(c->path) / 1024, c->path->info.sets, lanes, dfa_table_size(c->exec) / 1024,
	       compiled_decisions_size(c) / 1024, c->rows_cnt);
	print_connect_facts(c);
	printf("  %s\n", p->hash);
}

/* True: yes. */
static bool check_file(struct check *c)
{
	cleanup_(loaded_freep) struct loaded *l = NULL;
	struct policy_host host;
	struct errmsg e = { 0 };
	int r = options_load_policy(c->path, &l, &e);

	if (r < 0) {
		cli_error(&e);
		return false;
	}
	c->policy = l->policy;
	c->warnings = 0;
	host = (struct policy_host){ .users = l->users, .users_cnt = l->users_cnt };
	r = policy_lint(l->compiled, &host, on_finding, c);
	if (r < 0) {
		errmsg_set(&e, r, "%s: cannot look for oddities: %s", c->path, strerror(-r));
		cli_error(&e);
		return false;
	}
	check_host(l, on_finding, c);
	if (!meets_requirement(c))
		return false;
	if (!c->quiet) {
		print_facts(l);
		print_strength(c);
		homes_report(&l->found);
	}
	return !(c->strict && c->warnings);
}

static int parse_require(const char *s, enum policy_require *ret)
{
	static const struct {
		const char *name;
		enum policy_require require;
	} names[] = {
		{ "deny", POLICY_REQUIRE_DENY },
		{ "kill", POLICY_REQUIRE_KILL },
		{ "alert", POLICY_REQUIRE_ALERT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].name, s) == 0) {
			*ret = names[i].require;
			return 0;
		}
	}
	return -EINVAL;
}

int cmd_check(int argc, char **argv)
{
	enum { OPT_REQUIRE = 256, OPT_STRICT };
	static const struct option options[] = {
		{ "require", required_argument, NULL, OPT_REQUIRE },
		{ "strict", no_argument, NULL, OPT_STRICT },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct check c = { .require = POLICY_REQUIRE_ALERT };
	bool yes = true;
	int opt;

	while ((opt = getopt_long(argc, argv, "qh", options, NULL)) != -1) {
		switch (opt) {
		case OPT_REQUIRE:
			if (parse_require(optarg, &c.require) < 0)
				return cli_misuse("check", "--require takes deny, kill or alert, not \"%s\"", optarg);
			break;
		case OPT_STRICT:
			c.strict = true;
			break;
		case 'q':
			c.quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("check", argv);
		}
	}
	if (optind == argc)
		return cli_misuse("check", "which file?");
	for (; optind < argc; optind++) {
		c.path = argv[optind];
		yes &= check_file(&c);
	}
	return yes ? 0 : CLI_NO;
}
