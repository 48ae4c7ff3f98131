/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice scan`: whose homes or which folders, what is printed of findings, progress on a terminal, and the exit
 * status. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/account.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/shipped.h"
#include "kernel/kernel.h"
#include "output/format.h"
#include "process/owner.h"
#include "process/procscan.h"
#include "scan/rules.h"
#include "scan/scan.h"
#include "scan/stores.h"

#define ROTATE_MAX      64 /* different keys that are listed */
#define SCAN_INCOMPLETE 3
#define SCHEMA          1

static const char help[] =
        "Usage: sluice scan [--user NAME] [--home DIR] [--format text|json] [--policy FILE] [PATH...]\n"
        "\n"
        "Looks for secrets in what AI tools keep of their conversations: the stores that the policy names, in every form that they have\n"
        "(JSON in JSON, zstd, gzip, SQLite with its log). Also for the values of your own secret files, exactly. As root in all homes,\n"
        "otherwise in your own; or below each PATH. A secret is never shown: its kind, place, fingerprint and the file's age.\n"
        "\n"
        "  -u, --user NAME    only this user's home\n"
        "      --home DIR     this folder as a home, of the user who owns it\n"
        "  -f, --format FORM  text (the default) or json, one object a line\n"
        "  -p, --policy FILE  the policy that names stores and secrets\n"
        "      --rules FILE   other rules of what a secret looks like (secret-rules.tsv)\n"
        "  -h, --help         this text\n"
        "\n"
        "Exit status: 0 nothing was found, 1 secrets were found, 2 misuse, 3 nothing was found but something could not be read, or the scan\n"
        "was interrupted, 77 not your home, 78 bad policy or rules.\n";

struct scan_run {
	struct loaded *policy;
	const char *rules;
	size_t rules_len;
	bool json, terminal;
	uint64_t findings, unread;
	uint64_t files, bytes;    /* of homes that are done */
	struct scan_progress now; /* of the one at hand */
	uint64_t begun_ns, now_s, older_s;
	bool clean, apply;
	uint64_t cleaned, refused; /* places; files */
	const char **busy;         /* tools of sessions that run, repeated */
	size_t busy_cnt;
	struct procscan scan;
	struct scan_progress old; /* sums of what is old */
	char rotate[ROTATE_MAX][256];
	size_t rotate_cnt, rotate_more;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void clear_line(const struct scan_run *r)
{
	if (r->terminal)
		fputs("\r\033[K", stderr);
}

static void say(FILE *f, const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_line(&b, s, strlen(s));
	fputs(strbuf_str(&b), f);
	strbuf_done(&b);
}

static void json_text(const char *key, const char *s)
{
	struct strbuf b = STRBUF_INIT;

	escape_line(&b, s, strlen(s));
	printf(",\"%s\":\"", key);
	for (size_t i = 0; i < b.len; i++) {
		if (b.data[i] == '"' || b.data[i] == '\\')
			putchar('\\');
		putchar(b.data[i]);
	}
	putchar('"');
	strbuf_done(&b);
}

static void print_age(uint64_t now_s, uint64_t then_s)
{
	uint64_t s = now_s > then_s ? now_s - then_s : 0;

	if (s >= 2 * 86400)
		printf("%llu days old", (unsigned long long)(s / 86400));
	else if (s >= 2 * 3600)
		printf("%llu hours old", (unsigned long long)(s / 3600));
	else
		printf("%llu minutes old", (unsigned long long)(s / 60));
}

static void finding_json(const struct scan_run *r, const struct scan_finding *f)
{
	printf("{\"schema\":%d,\"kind\":\"scan.finding\",\"grade\":\"%s\"", SCHEMA, rules_grade_text(f->grade));
	json_text("rule", f->id);
	json_text("title", f->title);
	json_text("path", f->path);
	if (f->tool[0])
		json_text("tool", f->tool);
	if (f->line)
		printf(",\"line\":%u", f->line);
	if (f->inside[0])
		json_text("inside", f->inside);
	printf(",\"places\":%u", f->cnt);
	json_text("fingerprint", f->fingerprint);
	if (f->source[0])
		json_text("source", f->source);
	if (f->name[0])
		json_text("name", f->name);
	printf(",\"age_s\":%llu}\n", (unsigned long long)(r->now_s > f->mtime_s ? r->now_s - f->mtime_s : 0));
}

/* Where keys of a rule are replaced by new ones; "" not known here. */
static const char *rotate_page(const char *id)
{
	static const struct {
		const char *begin, *page;
	} pages[] = {
		{ "anthropic", "https://console.anthropic.com/settings/keys" },
		{ "openai", "https://platform.openai.com/api-keys" },
		{ "github", "https://github.com/settings/tokens" },
		{ "gitlab", "https://gitlab.com/-/user_settings/personal_access_tokens" },
		{ "aws", "https://console.aws.amazon.com/iam/home#/security_credentials" },
		{ "slack", "https://api.slack.com/apps" },
		{ "stripe", "https://dashboard.stripe.com/apikeys" },
		{ "gcp", "https://console.cloud.google.com/apis/credentials" },
		{ "npm", "https://www.npmjs.com/settings/~/tokens" },
		{ "huggingface", "https://huggingface.co/settings/tokens" },
		{ "openrouter", "https://openrouter.ai/settings/keys" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (!strncmp(id, pages[i].begin, strlen(pages[i].begin)))
			return pages[i].page;
	return "";
}

static void note_rotation(struct scan_run *r, const struct scan_finding *f)
{
	char line[256];

	if (f->source[0])
		snprintf(line, sizeof(line), "%.60s of %.180s", f->name[0] ? f->name : "a secret", f->source);
	else
		snprintf(line, sizeof(line), "%.60s, fingerprint %s  %.100s", f->title, f->fingerprint,
		         rotate_page(f->id));
	for (size_t i = 0; i < r->rotate_cnt; i++)
		if (!strcmp(r->rotate[i], line))
			return;
	if (r->rotate_cnt == ROTATE_MAX)
		r->rotate_more++;
	else
		memcpy(r->rotate[r->rotate_cnt++], line, sizeof(line));
}

static void finding(void *arg, const struct scan_finding *f)
{
	struct scan_run *r = arg;

	r->findings++;
	note_rotation(r, f);
	clear_line(r);
	if (r->json) {
		finding_json(r, f);
		return;
	}
	printf("%-6s ", rules_grade_text(f->grade));
	say(stdout, f->path);
	if (f->line)
		printf(":%u", f->line);
	if (f->inside[0]) {
		fputs(" (", stdout);
		say(stdout, f->inside);
		putchar(')');
	}
	fputs("\n       ", stdout);
	if (f->source[0]) {
		say(stdout, f->name[0] ? f->name : "a secret");
		fputs(" of ", stdout);
		say(stdout, f->source);
	} else {
		say(stdout, f->title);
	}
	printf(", %u place%s, fingerprint %s, ", f->cnt, f->cnt == 1 ? "" : "s", f->fingerprint);
	print_age(r->now_s, f->mtime_s);
	if (f->tool[0])
		printf(", kept by %s", f->tool);
	putchar('\n');
}

static void unread(void *arg, const struct scan_unread *u)
{
	struct scan_run *r = arg;

	r->unread++;
	clear_line(r);
	if (r->json) {
		printf("{\"schema\":%d,\"kind\":\"scan.unread\"", SCHEMA);
		json_text("path", u->path);
		json_text("why", u->why);
		puts("}");
		return;
	}
	fputs("unread ", stdout);
	say(stdout, u->path);
	fputs("\n       ", stdout);
	say(stdout, u->why);
	putchar('\n');
}

static void done(void *arg, const struct scan_done *d)
{
	struct scan_run *r = arg;

	r->cleaned += d->cnt;
	r->refused += d->failed;
	clear_line(r);
	if (r->json) {
		printf("{\"schema\":%d,\"kind\":\"scan.clean\",\"applied\":%s,\"places\":%u", SCHEMA,
		       r->apply && !d->failed ? "true" : "false", d->cnt);
		json_text("path", d->path);
		if (d->what[0])
			json_text("why", d->what);
		puts("}");
		return;
	}
	fputs(d->failed ? "left   " : r->apply ? "clean  " : "would  ", stdout);
	say(stdout, d->path);
	if (d->failed) {
		fputs("\n       ", stdout);
		say(stdout, d->what);
	} else {
		printf("\n       %u place%s %s", d->cnt, d->cnt == 1 ? "" : "s",
		       r->apply ? "made unreadable" : "would be made unreadable");
	}
	putchar('\n');
}

static bool progress(void *arg, const struct scan_progress *p)
{
	struct scan_run *r = arg;
	struct strbuf b = STRBUF_INIT;

	if (p->files || p->bytes || p->old_files)
		r->now = *p;
	if (r->terminal) {
		uint64_t s = (mono_ns() - r->begun_ns) / 1000000000u;

		format_bytes(&b, r->bytes + r->now.bytes);
		fprintf(stderr, "\r\033[K%llu files, %s, %llu findings, %llu s",
		        (unsigned long long)(r->files + r->now.files), strbuf_str(&b), (unsigned long long)r->findings,
		        (unsigned long long)s);
		fflush(stderr);
		strbuf_done(&b);
	}
	return !interrupted;
}

/* Tools of which this user, or root, runs a session: their files are being written. */
static void find_busy(struct scan_run *r, uint32_t uid)
{
	r->busy_cnt = 0;
	for (size_t i = 0; r->busy && i < r->scan.cnt; i++) {
		const struct policy_tool *tool = compiled_tool(r->policy->compiled, r->scan.v[i].label.tool);

		if (tool && (r->scan.v[i].rec->who.uid == uid || !r->scan.v[i].rec->who.uid))
			r->busy[r->busy_cnt++] = tool->name;
	}
}

static void scan_one(struct scan_run *r, const char *home, uint32_t uid, const char *const *paths, size_t paths_cnt)
{
	struct stat st;
	const struct scan_sink sink = { finding, unread, done, progress, r };
	struct scan_target t;
	int err;

	find_busy(r, uid);
	t = (struct scan_target){ .home = home,
		                  .uid = uid,
		                  .paths = paths,
		                  .paths_cnt = paths_cnt,
		                  .compiled = r->policy->compiled,
		                  .rules = r->rules,
		                  .rules_len = r->rules_len,
		                  .now_s = r->now_s,
		                  .busy = r->busy,
		                  .busy_cnt = r->busy_cnt,
		                  .clean = r->clean,
		                  .apply = r->apply,
		                  .older_s = r->older_s,
		                  .gid = lstat(paths ? paths[0] : home, &st) || S_ISLNK(st.st_mode) || st.st_uid != uid
		                                 ? OWNER_NOGROUP
		                                 : st.st_gid };
	err = interrupted ? 0 : scan_home(&t, &sink);

	if (err < 0) {
		struct scan_unread u = { .why = "no worker could be started" };

		snprintf(u.path, sizeof(u.path), "%s", home);
		unread(r, &u);
	}
	r->files += r->now.files;
	r->bytes += r->now.bytes;
	r->old.old_files += r->now.old_files;
	r->old.old_bytes += r->now.old_bytes;
	r->old.conversations += r->now.conversations;
	r->now = (struct scan_progress){ 0 };
}

/* The three ways to say what is looked into. Each returns an exit status. */
static int scan_homes(struct scan_run *r, const char *user)
{
	const struct homes *found = &r->policy->found;
	bool any = false, may = false;

	for (size_t i = 0; i < found->cnt; i++) {
		const struct home *h = &found->v[i];

		if (!home_holds(h) || (user && strcmp(user, h->user) != 0))
			continue;
		any = true;
		if (geteuid() && h->uid != geteuid())
			continue;
		may = true;
		scan_one(r, h->path, h->uid, NULL, 0);
	}
	if (user && !any)
		return cli_misuse("scan", "user \"%s\" has no home on this host", user);
	if (!may) {
		log_warn("scan: no home was found that may be read: nothing was looked at");
		r->unread++;
	}
	if (user && !may) {
		log_err("scan: %s's home is read as that user or as root", user);
		return CLI_NOPERM;
	}
	return 0;
}

static int resolve(const char *name, char path[PATH_MAX], uint32_t *ret_uid)
{
	struct stat st;

	if (!realpath(name, path) || lstat(path, &st) || S_ISLNK(st.st_mode))
		return cli_misuse("scan", "\"%s\": %s", name, strerror(errno));
	*ret_uid = st.st_uid;
	return 0;
}

static int scan_folder(struct scan_run *r, const char *home)
{
	char path[PATH_MAX];
	uint32_t uid;
	int status = resolve(home, path, &uid);

	if (status)
		return status;
	if (geteuid() && uid != geteuid()) {
		log_err("scan: %s belongs to another user: run this as root", path);
		return CLI_NOPERM;
	}
	scan_one(r, path, uid, NULL, 0);
	return 0;
}

/* As the owner of each; own secrets are those of the home that is named, or else of that user. */
static int scan_paths(struct scan_run *r, const char *home, char *const *names, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		char path[PATH_MAX], own_home[PATH_MAX] = "";
		const char *paths[1] = { path };
		struct account account;
		uint32_t uid, home_uid;
		int status = resolve(names[i], path, &uid);

		uid = geteuid() ? geteuid() : uid;
		if (!status && home)
			status = resolve(home, own_home, &home_uid);
		if (status)
			return status;
		if (!home && (!account_by_uid(uid, &account) || !realpath(account.home, own_home)))
			snprintf(own_home, sizeof(own_home), "/nonexistent");
		scan_one(r, own_home, uid, paths, 1);
	}
	return 0;
}

static int read_rules(const char *file, char **ret, size_t *ret_len)
{
	cleanup_fclose FILE *f = fopen(file, "re");
	size_t size = 4u << 20, n;
	char *text = f ? malloc(size) : NULL;

	if (!text)
		return -1;
	n = fread(text, 1, size, f);
	if (ferror(f) || n == size) {
		free(text);
		return -1;
	}
	*ret = text;
	*ret_len = n;
	return 0;
}

static int check_rules(struct scan_run *r, const char *file, char **own)
{
	cleanup_(rules_freep) struct rules *rules = NULL;
	struct errmsg e = { 0 };

	r->rules = shipped_rules(&r->rules_len);
	if (file) {
		if (read_rules(file, own, &r->rules_len)) {
			log_err("%s: cannot be read", file);
			return CLI_CONFIG;
		}
		r->rules = *own;
	}
	if (rules_new(r->rules, r->rules_len, &rules, &e)) {
		log_err("%s:%u: %s", file ? file : "built-in rules", e.line, e.text[0] ? e.text : "out of memory");
		return CLI_CONFIG;
	}
	return 0;
}

static void print_clean(const struct scan_run *r, FILE *out)
{
	struct strbuf b = STRBUF_INIT;

	if (r->clean)
		fprintf(out, "%llu places %s, %llu files left alone\n", (unsigned long long)r->cleaned,
		        r->apply ? "made unreadable" : "would be made unreadable (--yes does it)",
		        (unsigned long long)r->refused);
	if (r->older_s) {
		format_bytes(&b, r->old.old_bytes);
		fprintf(out, "%llu old files with %llu conversations, %s, %s\n", (unsigned long long)r->old.old_files,
		        (unsigned long long)r->old.conversations, strbuf_str(&b),
		        r->apply ? "removed" : "would be removed (--yes does it)");
		strbuf_done(&b);
	}
	if (!r->clean || !r->rotate_cnt)
		return;
	fputs("\nRotate these: everybody who could read the files could read them\n", out);
	for (size_t i = 0; i < r->rotate_cnt; i++) {
		fputs("  ", out);
		say(out, r->rotate[i]);
		putc('\n', out);
	}
	if (r->rotate_more)
		fprintf(out, "  and %zu more\n", r->rotate_more);
}

static int finish(struct scan_run *r)
{
	struct strbuf b = STRBUF_INIT;
	FILE *out = r->json ? stderr : stdout;

	clear_line(r);
	format_bytes(&b, r->bytes);
	fprintf(out, "%llu files, %s in %.1f s: %llu findings, %llu not read%s\n", (unsigned long long)r->files,
	        strbuf_str(&b), (double)(mono_ns() - r->begun_ns) / 1e9, (unsigned long long)r->findings,
	        (unsigned long long)r->unread, interrupted ? "; interrupted" : "");
	strbuf_done(&b);
	print_clean(r, out);
	if (r->refused || (r->findings && !(r->clean && r->apply)))
		return CLI_NO;
	return r->unread || interrupted ? SCAN_INCOMPLETE : 0;
}

/* The processes whose sessions are asked for; without them nothing is touched. */
static int find_sessions(struct scan_run *r)
{
	if (procscan_all("/proc", kernel_now_ns(), &r->scan) || procscan_label(&r->scan, r->policy->compiled) < 0) {
		log_err("scan: /proc cannot be read, so that nobody knows which tools run: nothing is touched");
		return CLI_UNAVAILABLE;
	}
	r->busy = calloc(r->scan.cnt ? r->scan.cnt : 1, sizeof(*r->busy));
	return r->busy ? 0 : CLI_UNAVAILABLE;
}

int cmd_scan(int argc, char **argv)
{
	enum { OPT_HOME = 512, OPT_RULES, OPT_CLEAN, OPT_YES, OPT_OLDER };
	static const struct option options[] = {
		{ "user", required_argument, NULL, 'u' },
		{ "home", required_argument, NULL, OPT_HOME },
		{ "format", required_argument, NULL, 'f' },
		{ "policy", required_argument, NULL, 'p' },
		{ "clean", no_argument, NULL, OPT_CLEAN },
		{ "yes", no_argument, NULL, OPT_YES },
		{ "older-than", required_argument, NULL, OPT_OLDER },
		{ "rules", required_argument, NULL, OPT_RULES },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *user = NULL, *home = NULL, *policy = NULL, *rules = NULL;
	struct scan_run r = { .terminal = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO),
		              .begun_ns = mono_ns(),
		              .now_s = (uint64_t)time(NULL) };
	struct sigaction sa = { .sa_handler = interrupt };
	cleanup_free char *own_rules = NULL;
	struct errmsg e = { 0 };
	uint64_t older_ns;
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
			if (strcmp(optarg, "text") && strcmp(optarg, "json"))
				return cli_misuse("scan", "--format is text or json");
			r.json = optarg[0] == 'j';
			break;
		case 'p':
			policy = optarg;
			break;
		case OPT_RULES:
			rules = optarg;
			break;
		case OPT_CLEAN:
			r.clean = true;
			break;
		case OPT_YES:
			r.apply = true;
			break;
		case OPT_OLDER:
			if (options_duration(optarg, &older_ns) || older_ns < 86400ull * 1000000000u)
				return cli_misuse("scan", "--older-than is at least a day, such as 30d");
			r.older_s = older_ns / 1000000000u;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("scan", argv);
		}
	}
	if (user && (home || optind < argc))
		return cli_misuse("scan", "--user goes with neither --home nor a path");
	if (r.apply && !r.clean && !r.older_s)
		return cli_misuse("scan", "--yes goes with --clean or --older-than");
	if (r.older_s && optind < argc)
		return cli_misuse("scan", "--older-than is about the tools' own stores: no path");
	status = check_rules(&r, rules, &own_rules);
	if (status)
		return status;
	if (options_load_policy(policy, &r.policy, &e)) {
		cli_error(&e);
		return CLI_CONFIG;
	}
	if (optind == argc && !stores_are_named(r.policy->compiled)) {
		log_err("scan: this policy names no store: no rule uses `own` or a class with `second-hand: true`; "
			"name the folders to scan, or take the default policy");
		loaded_free(r.policy);
		return CLI_CONFIG;
	}
	if (r.clean || r.older_s) {
		status = find_sessions(&r);
		if (status)
			return status;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (optind < argc)
		status = scan_paths(&r, home, argv + optind, (size_t)(argc - optind));
	else
		status = home ? scan_folder(&r, home) : scan_homes(&r, user);
	if (!status)
		status = finish(&r);
	procscan_done(&r.scan);
	free(r.busy);
	loaded_free(r.policy);
	return status;
}
