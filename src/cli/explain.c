/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: `sluice explain`. Puts one question to the compiled tables, the very ones that the kernel and the pipeline use, and says
 * which rule answers, where it stands, and what in the policy recognised the file or the host. Without a tool, every tool is
 * asked, and those that get the same answer are told together.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/account.h"
#include "base/escape.h"
#include "base/strbuf.h"
#include "cli/cli.h"
#include "cli/explain_pid.h"
#include "cli/options.h"
#include "event/event.h"
#include "match/glob.h"
#include "process/compare.h"

static const char help[] =
	"Usage: sluice explain --path FILE [OPTION...] [-- ARGUMENT...]\n"
	"       sluice explain --host NAME|ADDRESS[:PORT[/udp]] [OPTION...] [-- ARGUMENT...]\n"
	"       sluice explain --pid PID [--path FILE | --host HOST]\n"
	"\n"
	"The rule that decides when a file is opened or a host is connected to, and why. Or what a process that runs is: of which\n"
	"tool's session, and by what; with --path or --host, which rule decides when it opens or connects.\n"
	"\n"
	"      --path FILE    links are followed, as the kernel does\n"
	"      --host HOST    port 443 unless given; [ADDRESS]:PORT for IPv6; by TCP, unless it ends in /udp\n"
	"      --address A    the address that the name has, for rules by address\n"
	"      --pid PID      by this process, as /proc shows it: its session, its program, its user\n"
	"  -t, --tool NAME    within a session of this tool; \"none\": outside every session; default: each of them\n"
	"      --exe PROGRAM  the program that does it, as an absolute path or found in PATH; ARGUMENTs are its arguments\n"
	"      --self         the tool itself does it\n"
	"      --startup      the tool itself does it, within its first seconds\n"
	"      --user USER    name or number; default: you\n"
	"  -p, --policy FILE  (/etc/sluice/policy.yaml, else the shipped default.yaml)\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 a rule decides (--pid alone: it is of a session), 1 none does, 2 misuse, 78 bad policy.\n";

/* Tools named in one answer; more are counted. */
#define NAMES_SHOWN 8

struct question {
	const struct loaded *l;
	char path[PATH_MAX * 2];       /* "" for a connection */
	uint8_t how[PATH_MAX + 2];     /* its names compare, see names_fold() */
	unsigned int set, other;       /* other: see compiled_match() */
	char root_text[PATH_MAX * 2 + 2]; /* see compiled_root_text(); root_len 0: none */
	size_t root_len;
	char host[256];
	const char *name;              /* host, or NULL when an address was given */
	struct compiled_dest dest;
	struct compiled_exec exe;      /* what --exe is */
	bool exe_given;
	int mode;                      /* SL_MODE_*, -1: by exe */
	uint32_t uid;
	struct sl_asked asked;        /* of a process: who else decides */
};

/* ---- the question --------------------------------------------------------------------------------------------------- */

/* As far as the path exists, as the kernel sees it; what does not exist yet is taken as it is written. */
static int resolve(const char *path, char *ret, size_t size)
{
	char real[PATH_MAX], whole[2 * PATH_MAX], folder[2 * PATH_MAX];
	const char *base;
	int n;

	if (realpath(path, real))
		return snprintf(ret, size, "%s", real) < (int)size ? 0 : -ENAMETOOLONG;
	real[0] = '\0';
	if (path[0] != '/' && !getcwd(real, sizeof(real)))
		return -errno;
	n = snprintf(whole, sizeof(whole), "%s%s%s", real, path[0] == '/' ? "" : "/", path);
	if (n >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	base = strrchr(whole, '/');
	snprintf(folder, sizeof(folder), "%.*s", base > whole ? (int)(base - whole) : 1, whole);
	if (realpath(folder, real))
		n = snprintf(ret, size, "%s%s", strcmp(real, "/") != 0 ? real : "", base);
	else
		n = snprintf(ret, size, "%s", whole);
	return n < (int)size ? 0 : -ENAMETOOLONG;
}

static int find_program(const char *name, char *ret, size_t size)
{
	const char *path = getenv("PATH"), *end;
	char try[PATH_MAX];

	if (strchr(name, '/'))
		return resolve(name, ret, size);
	for (; path && *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (snprintf(try, sizeof(try), "%.*s/%s", (int)(end - path), path, name) >= (int)sizeof(try))
			continue;
		if (access(try, X_OK) == 0)
			return resolve(try, ret, size);
	}
	return -ENOENT;
}

static bool parse_addr(const char *text, struct compiled_dest *d)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(d->addr, 0, sizeof(d->addr));
	d->family = 4;
	if (inet_pton(AF_INET, text, d->addr) == 1)
		return true;
	d->family = 6;
	if (inet_pton(AF_INET6, text, d->addr) != 1)
		return false;
	if (!memcmp(d->addr, mapped, sizeof(mapped))) {
		d->family = 4;
		memmove(d->addr, d->addr + 12, 4);
		memset(d->addr + 4, 0, 12);
	}
	return true;
}

/* Cuts "/udp" or "/tcp" off. */
static int parse_proto(char *text, struct compiled_dest *d)
{
	char *slash = strrchr(text, '/');

	d->kind = SL_NET_STREAM;
	if (!slash)
		return 0;
	if (!strcmp(slash, "/udp"))
		d->kind = SL_NET_DATAGRAM;
	else if (strcmp(slash, "/tcp") != 0)
		return -EINVAL;
	*slash = '\0';
	return 0;
}

static int parse_place(struct question *q, const char *text)
{
	const char *start = text + (text[0] == '['), *end = text + strlen(text), *port = NULL;
	struct compiled_dest *d = &q->dest;
	unsigned long n;
	char *after;

	if (start > text) {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		end = strchr(text, ':');
		port = end + 1;
	}
	if (end == start || (size_t)(end - start) >= sizeof(q->host))
		return -EINVAL;
	for (size_t i = 0; i < (size_t)(end - start); i++)
		q->host[i] = start[i] >= 'A' && start[i] <= 'Z' ? (char)(start[i] | 0x20) : start[i];
	d->port = 443;
	if (port) {
		n = strtoul(port, &after, 10);
		if (*port < '0' || *port > '9' || *after || !n || n > UINT16_MAX)
			return -EINVAL;
		d->port = (uint16_t)n;
	}
	if (parse_addr(q->host, d))
		return 0;
	if (start > text || strchr(q->host, ':'))
		return -EINVAL;
	/* A dot at the end means the same name. */
	if (q->host[strlen(q->host) - 1] == '.')
		q->host[strlen(q->host) - 1] = '\0';
	/* Until --address says more: an address for documentation, which no policy names. */
	parse_addr("192.0.2.1", d);
	q->name = q->host;
	d->names = &q->name;
	d->names_cnt = 1;
	return 0;
}

/* "api.example.com", "api.example.com:8443", "192.0.2.1:443/udp", "2001:db8::1", "[2001:db8::1]:443" */
static int parse_host(struct question *q, const char *arg)
{
	cleanup_free char *text = strdup(arg);

	if (!text)
		return -ENOMEM;
	return parse_proto(text, &q->dest) ? -EINVAL : parse_place(q, text);
}

static int parse_user(const char *text, uint32_t *ret)
{
	struct account account;
	unsigned long n;
	char *end;

	if (account_by_name(text, &account)) {
		*ret = account.uid;
		return 0;
	}
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

/* 0: it is none. */
static uint32_t parse_pid(const char *text)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	return errno || *text < '1' || *text > '9' || *end || n > INT32_MAX ? 0 : (uint32_t)n;
}

/* ---- the answer ----------------------------------------------------------------------------------------------------- */

static struct sl_decision judge(const struct question *q, unsigned int tool)
{
	const struct compiled *c = q->l->compiled;
	unsigned int mode = SL_MODE_CHILD;
	struct sl_decision d, other;

	if (!q->path[0])
		return compiled_connect_asked(c, tool, q->exe.exe_set, &q->asked, q->uid, &q->dest);
	if (tool && q->mode >= 0)
		mode = (unsigned int)q->mode;
	else if (tool && q->exe.tool == tool)
		mode = SL_MODE_SELF;
	d = compiled_file_asked(c, tool, q->exe.exe_set, mode, &q->asked, q->uid, q->set);
	other = compiled_file_asked(c, tool, q->exe.exe_set, mode, &q->asked, q->uid, q->other);
	return q->other && other.action > d.action ? other : d;
}

static bool same_decision(struct sl_decision a, struct sl_decision b)
{
	return a.rule == b.rule && a.action == b.action && a.reader == b.reader;
}

static void print_text(const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_text(&b, s, strlen(s));
	fputs(strbuf_str(&b), stdout);
	strbuf_done(&b);
}

static void print_where(const struct policy *p, struct policy_where w)
{
	if (!w.line) {
		fputs(" (built in)", stdout);
		return;
	}
	fputs(" (", stdout);
	print_text(p->sources[w.source].name);
	printf(":%u:%u)", w.line, w.column);
}

/* As the kernel would, by the names that the path's directories take for equal. */
static void match_path(struct question *q)
{
	const struct compiled *c = q->l->compiled;
	bool unknown;

	compare_names("", q->path, q->how, sizeof(q->how));
	q->set = compiled_match(c, c->path, q->path, strlen(q->path), q->how, &q->other, &unknown);
	if (!q->set && unknown)
		q->set = SL_SET_UNRESOLVED;
	q->root_len = compiled_root_text(c, q->path, strlen(q->path), q->root_text, sizeof(q->root_text));
}

/* True if the pattern alone, without its "!", matches. any_letters: it is one that may match too much, see dfa_builder_any_letters(). */
static bool pattern_matches(const struct question *q, enum dfa_dialect dialect, const char *pattern, bool any_letters, const char *text)
{
	static const char *const homes[] = { "/home/*", "/root", GLOB_HOME_ROOTS };
	cleanup_(dfa_builder_freep) struct dfa_builder *b =
		dfa_builder_new(dialect, homes, ARRAY_SIZE(homes));
	cleanup_(dfa_freep) struct dfa *d = NULL;
	bool unknown;

	if (!b)
		return false;
	if (any_letters && pattern[0] != '!')
		dfa_builder_any_letters(b, 0);
	if (dfa_builder_add(b, 0, pattern + (pattern[0] == '!'), NULL) < 0 || dfa_build(b, 0, 2, &d, NULL) < 0)
		return false;
	if (text == q->path && q->root_len && dfa_match(d, q->root_text, q->root_len))
		return true;
	return dfa_match_names(d, text, strlen(text), text == q->path ? q->how : NULL, &unknown) != 0;
}

/* The last pattern that matches is the one that decided. */
static void print_pattern(const struct question *q, enum dfa_dialect dialect, const struct policy_strings *list, bool any_letters,
			  const char *text)
{
	for (size_t i = list->cnt; i-- > 0;) {
		if (!pattern_matches(q, dialect, list->v[i], any_letters, text))
			continue;
		fputs(": ", stdout);
		print_text(list->v[i]);
		print_where(q->l->policy, list->where[i]);
		return;
	}
}

static const struct policy_strings *class_patterns(const struct policy *p, const char *class)
{
	for (size_t i = 0; !strncmp(class, "own:", 4) && i < p->tools_cnt; i++)
		if (strcmp(p->tools[i].name, class + 4) == 0)
			return &p->tools[i].own;
	for (size_t i = 0; i < p->secrets_cnt; i++)
		if (strcmp(p->secrets[i].name, class) == 0)
			return &p->secrets[i].paths;
	return NULL;
}

static void print_file(const struct question *q)
{
	const char *classes[32];
	size_t cnt = compiled_classes(q->l->compiled, q->set, classes, ARRAY_SIZE(classes));

	fputs("file      ", stdout);
	print_text(q->path);
	putchar('\n');
	if (!cnt)
		puts("class     none that a rule names: opening it is not seen");
	for (size_t i = 0; i < cnt && i < ARRAY_SIZE(classes); i++) {
		const struct policy_strings *patterns = class_patterns(q->l->policy, classes[i]);

		printf("class     %s", classes[i]);
		if (patterns)
			print_pattern(q, DFA_PATH, patterns, policy_class_only_tightens(q->l->policy, classes[i]), q->path);
		putchar('\n');
	}
}

static void print_host(const struct question *q)
{
	const struct compiled_provider found = compiled_provider(q->l->compiled, &q->dest);
	const struct policy_provider *p = found.provider;

	fputs("host      ", stdout);
	print_text(q->host);
	printf(", port %u%s\n", q->dest.port, q->dest.kind == SL_NET_DATAGRAM ? ", UDP" : "");
	if (!p) {
		puts("provider  unknown");
		return;
	}
	printf("provider  %s (%s%s%s)", p->name, p->tier, p->region[0] ? ", " : "", p->region);
	if (found.name != SIZE_MAX)
		print_pattern(q, DFA_DOMAIN, &p->domains, false, q->name);
	else
		fputs(": by its address", stdout);
	putchar('\n');
	if (p->training[0])
		printf("training  %s\n", p->training);
	if (p->retention[0])
		printf("retention %s\n", p->retention);
}

static void print_who(const struct question *q, const uint16_t *tools, size_t cnt)
{
	const struct compiled *c = q->l->compiled;
	size_t shown = 0;

	for (size_t i = 0; i < cnt && shown < NAMES_SHOWN; i++, shown++) {
		if (shown)
			fputs(", ", stdout);
		if (tools[i])
			print_text(compiled_tool(c, tools[i])->name);
		else
			fputs("outside every session", stdout);
	}
	if (cnt > shown)
		printf(" and %zu more", cnt - shown);
	fputs(":\n", stdout);
}

static void print_decision(const struct question *q, struct sl_decision d)
{
	const struct policy *p = q->l->policy;
	const struct policy_rule *rule = compiled_rule(q->l->compiled, d.rule);

	if (!rule) {
		puts("  no rule decides: nothing is refused and nothing is reported");
		return;
	}
	printf("  rule    %s", rule->id);
	print_where(p, rule->where);
	printf("\n  action  %s, severity %s", event_action_name(d.action), rule->severity);
	if (d.action == SL_ACTION_BLOCK && p->mode == POLICY_MONITOR)
		fputs(" (mode monitor: an alert)", stdout);
	putchar('\n');
	if (q->path[0])
		printf("  reader  %s\n", event_reader_name(d.reader));
	if (rule->message[0]) {
		fputs("  message ", stdout);
		print_text(rule->message);
		putchar('\n');
	}
}

/* tool < 0: all of them. Returns whether a rule decides for any. */
static bool answer(const struct question *q, int tool)
{
	const struct compiled *c = q->l->compiled;
	bool told[SL_TOOLS_MAX] = { false }, decides = false;
	unsigned int first = tool < 0 ? 0 : (unsigned int)tool, end = tool < 0 ? c->tools_cnt : (unsigned int)tool + 1;

	if (q->path[0])
		print_file(q);
	else
		print_host(q);
	if (q->exe_given)
		printf("program   %s\n", q->exe.tool ? compiled_tool(c, q->exe.tool)->name :
			       q->exe.exe_set ? "of a class that rules name" : "of no class that rules name");
	for (unsigned int t = first; t < end; t++) {
		struct sl_decision d = judge(q, t);
		uint16_t same[SL_TOOLS_MAX];
		size_t cnt = 0;

		if (told[t])
			continue;
		for (unsigned int u = t; u < end; u++) {
			if (told[u] || !same_decision(d, judge(q, u)))
				continue;
			told[u] = true;
			same[cnt++] = (uint16_t)u;
		}
		putchar('\n');
		print_who(q, same, cnt);
		print_decision(q, d);
		decides |= d.rule != SL_RULE_NONE;
	}
	return decides;
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

struct arguments {
	const char *path, *host, *address, *tool, *exe, *user, *policy;
	uint32_t pid;                  /* 0: none */
	int mode;
	char **rest;
	int rest_cnt;
};

static int find_tool(const struct policy *p, const char *name, int *ret)
{
	*ret = -1;
	if (!name)
		return 0;
	*ret = 0;
	if (strcmp(name, "none") == 0)
		return 0;
	for (size_t i = 0; i < p->tools_cnt; i++) {
		if (strcmp(p->tools[i].name, name) == 0) {
			*ret = (int)i + 1;
			return 0;
		}
	}
	return cli_no_tool("explain", p, name);
}

static int find_exe(struct question *q, const struct arguments *a)
{
	const char *args[SL_ARG_WORDS + 1] = { a->exe };
	char path[2 * PATH_MAX];
	size_t cnt = 1;

	if (!a->exe)
		return 0;
	if (find_program(a->exe, path, sizeof(path)) < 0)
		return cli_misuse("explain", "there is no program \"%s\": give its absolute path", a->exe);
	for (int i = 0; i < a->rest_cnt && cnt < ARRAY_SIZE(args); i++)
		args[cnt++] = a->rest[i];
	q->exe = compiled_exec(q->l->compiled, path, args, cnt);
	q->exe_given = true;
	return 0;
}

static int explain(const struct arguments *a)
{
	cleanup_(loaded_freep) struct loaded *l = NULL;
	struct question q = { .mode = a->mode, .uid = getuid() };
	struct errmsg e = { 0 };
	int tool, r;

	if (a->path && resolve(a->path, q.path, sizeof(q.path)) < 0)
		return cli_misuse("explain", "the path is too long");
	if (a->host && parse_host(&q, a->host) < 0)
		return cli_misuse("explain", "\"%s\" is no host name and no address", a->host);
	if (a->address && !parse_addr(a->address, &q.dest))
		return cli_misuse("explain", "\"%s\" is no address", a->address);
	if (a->user && parse_user(a->user, &q.uid) < 0)
		return cli_misuse("explain", "there is no user \"%s\"", a->user);
	r = options_load_policy(a->policy, &l, &e);
	if (r < 0) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	q.l = l;
	if (a->pid) {
		struct explain_process who;

		r = explain_process(l, a->pid, &who);
		if (r || (!a->path && !a->host))
			return r ? r : who.tool ? 0 : CLI_NO;
		q.exe = who.exe;
		q.exe_given = true;
		q.uid = who.uid;
		q.asked = who.asked;
		tool = (int)who.tool;
	} else {
		r = find_tool(l->policy, a->tool, &tool);
		r = r ? r : find_exe(&q, a);
		if (r)
			return r;
	}
	if (q.path[0])
		match_path(&q);
	r = answer(&q, tool) ? 0 : CLI_NO;
	return r;
}

int cmd_explain(int argc, char **argv)
{
	enum { OPT_PATH = 256, OPT_HOST, OPT_ADDRESS, OPT_EXE, OPT_SELF, OPT_STARTUP, OPT_USER, OPT_PID };
	static const struct option options[] = {
		{ "path", required_argument, NULL, OPT_PATH },
		{ "host", required_argument, NULL, OPT_HOST },
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "pid", required_argument, NULL, OPT_PID },
		{ "tool", required_argument, NULL, 't' },
		{ "exe", required_argument, NULL, OPT_EXE },
		{ "self", no_argument, NULL, OPT_SELF },
		{ "startup", no_argument, NULL, OPT_STARTUP },
		{ "user", required_argument, NULL, OPT_USER },
		{ "policy", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct arguments a = { .mode = -1 };
	int opt;

	while ((opt = getopt_long(argc, argv, "t:p:h", options, NULL)) != -1) {
		switch (opt) {
		case OPT_PATH:
			a.path = optarg;
			break;
		case OPT_HOST:
			a.host = optarg;
			break;
		case OPT_ADDRESS:
			a.address = optarg;
			break;
		case OPT_PID:
			a.pid = parse_pid(optarg);
			if (!a.pid)
				return cli_misuse("explain", "--pid takes the number of a process, not \"%s\"", optarg);
			break;
		case 't':
			a.tool = optarg;
			break;
		case OPT_EXE:
			a.exe = optarg;
			break;
		case OPT_SELF:
			a.mode = SL_MODE_SELF;
			break;
		case OPT_STARTUP:
			a.mode = SL_MODE_STARTUP;
			break;
		case OPT_USER:
			a.user = optarg;
			break;
		case 'p':
			a.policy = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("explain", argv);
		}
	}
	a.rest = argv + optind;
	a.rest_cnt = argc - optind;
	if ((a.path && a.host) || (!a.path && !a.host && !a.pid) || (a.path && !a.path[0]))
		return cli_misuse("explain", "it takes either --path or --host, or --pid");
	if (a.pid && (a.tool || a.exe || a.user || a.mode >= 0))
		return cli_misuse("explain", "--pid says which tool, program and user: they cannot be given as well");
	if (a.address && !a.host)
		return cli_misuse("explain", "--address goes with --host");
	if (a.rest_cnt && !a.exe)
		return cli_misuse("explain", "arguments go with --exe");
	return explain(&a);
}
