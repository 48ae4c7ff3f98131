/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice log` and `sluice log verify`: options, and when it ends. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/log_print.h"
#include "store/store.h"
#include "store/verify.h"
#include "store/when.h"

#define FOLLOW_MS 250
#define FAULTS_SHOWN 20

static const char help[] =
	"Usage: sluice log [OPTION...]\n"
	"       sluice log verify [--store FILE] [--key FILE|HEX]\n"
	"\n"
	"What the service kept: one line an event, oldest first. Options that are given must all hold. Needs root.\n"
	"\n"
	"      --since TIME       2h (ago), today, yesterday, 14:05, 2026-11-23, \"2026-11-23 14:05\", 2026-11-23T14:05:11Z\n"
	"      --until TIME       the same; a day is meant to its end\n"
	"  -n, --last N           no more than N, the newest\n"
	"      --session ID       as in the events\n"
	"      --tool NAME        as in the policy\n"
	"      --kind KIND        file.open, incident, loss; with wildcards: \"net.*\"\n"
	"      --rule NAME        the rule that decided\n"
	"      --verdict WORD     allow, log, alert, block; or what was done: denied, killed, cut\n"
	"      --path PATH        this file or what is below it; with wildcards: \"*/.env\"\n"
	"      --host NAME        this host or what is below it; with wildcards\n"
	"  -f, --follow           go on with what comes, until Ctrl-C\n"
	"      --format FORMAT    text, json (the lines as they were), csv\n"
	"      --store FILE       (" STORE_DEFAULT ")\n"
	"  -h, --help             this text\n"
	"\n"
	"`sluice log verify` checks every hash, number and signature, and distinguishes what aged out from what was cut out.\n"
	"Give it the key that you noted elsewhere (store.pub beside the store): a file that names its own key proves only\n"
	"that it is consistent.\n"
	"Exit status: 0 done, 1 verify found a change, 2 misuse, 74 the store is missing, damaged or cannot be read, 77 not root.\n";

struct options {
	struct store_query query;
	enum log_format format;
	const char *store, *key;
	bool follow;
};

/* ---- times ----------------------------------------------------------------------------------------------------------- */

static int take_time(const char *name, const char *s, bool is_end, uint64_t *ret)
{
	struct timespec now;
	struct tm tm = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	if (when_parse(s, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, tm.tm_gmtoff, is_end, ret))
		return cli_misuse("log", "%s takes a time such as 2h, yesterday, 14:05 or 2026-11-23, not \"%s\"", name, s);
	/* 0 means "not asked". */
	if (!*ret)
		*ret = 1;
	return 0;
}

/* ---- showing --------------------------------------------------------------------------------------------------------- */

struct showing {
	const struct options *o;
	struct store_reader *reader;
	struct strbuf b;
	int64_t last_n;
};

static int show(void *arg, const struct store_hit *hit)
{
	struct showing *s = arg;

	strbuf_reset(&s->b);
	log_row(&s->b, s->reader, hit, s->o->format);
	if (hit->n > s->last_n)
		s->last_n = hit->n;
	if (!strbuf_ok(&s->b))
		return -ENOMEM;
	return fwrite(strbuf_str(&s->b), 1, s->b.len, stdout) == s->b.len ? 0 : 1;
}

static bool reader_left(int ms)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, ms) == 1 && p.revents & (POLLERR | POLLHUP);
}

/* What comes is shown in the order in which it is written. A store that is not there yet, or was replaced, is opened again. */
static int follow(struct showing *s, struct errmsg *e)
{
	struct store_query q = s->o->query;
	int r = 0;

	q.follow = true;
	q.newest = 0;
	while (!r && !reader_left(FOLLOW_MS)) {
		int64_t last = store_reader_last(s->reader);

		/* A damaged file made room for a new one. */
		if (last < s->last_n || access(s->o->store, F_OK)) {
			struct store_reader *next = NULL;

			if (store_reader_open(s->o->store, &next, NULL))
				continue;
			store_reader_close(s->reader);
			s->reader = next;
			last = store_reader_last(next);
			if (last < s->last_n)
				s->last_n = 0;
		}
		q.after_n = s->last_n;
		r = store_query(s->reader, &q, show, s, e);
		/* Rows that were not asked for are not looked at again. */
		if (!r && last > s->last_n)
			s->last_n = last;
		if (fflush(stdout))
			r = 1;
	}
	return r;
}

static int status_of(int err)
{
	return err == -EACCES || err == -EPERM ? CLI_NOPERM : CLI_IOERR;
}

static int run(const struct options *o)
{
	struct showing s = { .o = o, .b = STRBUF_INIT };
	struct errmsg e = { 0 };
	int err = store_reader_open(o->store, &s.reader, &e);

	if (!err) {
		if (o->format == LOG_CSV) {
			log_head(&s.b);
			fputs(strbuf_str(&s.b), stdout);
		}
		/* What is written while the first part is shown belongs to the second. */
		s.last_n = store_reader_last(s.reader);
		err = store_query(s.reader, &o->query, show, &s, &e);
		if (o->follow && !err) {
			fflush(stdout);
			err = follow(&s, &e);
		}
	}
	strbuf_done(&s.b);
	store_reader_close(s.reader);
	if (err >= 0)
		return 0; /* a reader that left has what it wanted; a failed write is reported at the end of the program */
	cli_error(&e);
	return status_of(err);
}

/* ---- verify ---------------------------------------------------------------------------------------------------------- */

static void on_fault(void *arg, const char *text)
{
	uint64_t *shown = arg;

	if (++*shown <= FAULTS_SHOWN)
		printf("  CHANGED  %s\n", text);
}

static void print_when(const char *before, int64_t ns, const char *behind)
{
	struct strbuf b = STRBUF_INIT;

	log_time(&b, (uint64_t)ns);
	printf("%s%s%s", before, strbuf_str(&b), behind);
	strbuf_done(&b);
}

static void print_result(const struct options *o, const struct verify_result *v, bool own_key)
{
	printf("store    %s\n", o->store);
	if (v->rows)
		printf("rows     %llu: %lld to %lld\n", (unsigned long long)v->rows, (long long)v->first_n, (long long)v->last_n);
	else
		printf("rows     none\n");
	if (v->gone_n) {
		printf("aged out rows 1 to %lld, deleted by sluice because of %s", (long long)v->gone_n, v->gone_reason);
		print_when(", last at ", v->gone_time_ns, "\n");
	}
	printf("hash     %s of row %lld\n", v->head, (long long)v->last_n);
	if (v->signed_ns)
		print_when("signed   ", v->signed_ns, "");
	printf(", %llu marks, key %s%s\n", (unsigned long long)v->marks, v->key,
	       own_key ? " (the file's own word: compare it with the one you noted, or give --key)" : "");
	if (v->lost)
		printf("lost     %lld events of the last run never reached the store\n", (long long)v->lost);
}

/* The key beside the store is the host's; for a copy somewhere else there is none. */
static int find_key(const struct options *o, uint8_t key[CHAIN_PUBLIC], bool *ret_found)
{
	char path[PATH_MAX];
	const char *slash = strrchr(o->store, '/');
	int err;

	*ret_found = true;
	if (o->key) {
		err = chain_public_load(o->key, key);
		return err ? cli_misuse("log", "--key: \"%s\" is no public key: give the file store.pub, or its 64 digits", o->key) : 0;
	}
	snprintf(path, sizeof(path), "%.*s/store.pub", slash ? (int)(slash - o->store) : 1, slash ? o->store : ".");
	*ret_found = !strcmp(o->store, STORE_DEFAULT) && !chain_public_load(path, key);
	return 0;
}

static int verify(const struct options *o)
{
	cleanup_(store_reader_closep) struct store_reader *r = NULL;
	uint8_t key[CHAIN_PUBLIC];
	struct verify_result v;
	struct errmsg e = { 0 };
	uint64_t shown = 0;
	bool found;
	int err = find_key(o, key, &found);

	if (err)
		return err;
	err = store_reader_open(o->store, &r, &e);
	err = err ? err : store_verify(r, found ? key : NULL, on_fault, &shown, &v, &e);
	if (err) {
		cli_error(&e);
		return status_of(err);
	}
	if (shown > FAULTS_SHOWN)
		printf("  and %llu more\n", (unsigned long long)(shown - FAULTS_SHOWN));
	print_result(o, &v, !found);
	printf("%s\n", v.faults ? "CHANGED: this is not what sluice wrote" : "whole: nothing was changed, added or cut out");
	return v.faults ? CLI_NO : 0;
}

/* ---- options --------------------------------------------------------------------------------------------------------- */

enum {
	OPT_SINCE = 256, OPT_UNTIL, OPT_SESSION, OPT_TOOL, OPT_KIND, OPT_RULE, OPT_VERDICT, OPT_PATH, OPT_HOST, OPT_FORMAT, OPT_STORE, OPT_KEY,
};

static int check_verdict(const char *s)
{
	static const char *const words[] = { "allow", "log", "alert", "block", "denied", "killed", "cut" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(s, words[i]))
			return 0;
	return cli_misuse("log", "--verdict takes allow, log, alert, block, denied, killed or cut, not \"%s\"", s);
}

static int take_count(const char *s, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end || errno || !*ret || *ret > INT64_MAX)
		return cli_misuse("log", "--last takes a number from 1, not \"%s\"", s);
	return 0;
}

/* Returns the exit status of a misuse, 0, or -1: --help. */
static int take_option(struct options *o, int opt, const char *arg, char **argv)
{
	struct store_query *q = &o->query;

	switch (opt) {
	case OPT_SINCE:
		return take_time("--since", arg, false, &q->since_ns);
	case OPT_UNTIL:
		return take_time("--until", arg, true, &q->until_ns);
	case OPT_SESSION:
		q->session = arg;
		return 0;
	case OPT_TOOL:
		q->tool = arg;
		return 0;
	case OPT_KIND:
		q->kind = arg;
		return 0;
	case OPT_RULE:
		q->rule = arg;
		return 0;
	case OPT_VERDICT:
		q->verdict = arg;
		return check_verdict(arg);
	case OPT_PATH:
		q->path = arg;
		return 0;
	case OPT_HOST:
		q->host = arg;
		return 0;
	case OPT_STORE:
		o->store = arg;
		return 0;
	case OPT_KEY:
		o->key = arg;
		return 0;
	case OPT_FORMAT:
		if (log_format_from_str(arg, &o->format))
			return cli_misuse("log", "--format takes text, json or csv, not \"%s\"", arg);
		return 0;
	case 'n':
		return take_count(arg, &q->newest);
	case 'f':
		o->follow = true;
		return 0;
	case 'h':
		return -1;
	default:
		return cli_bad_option("log", argv);
	}
}

int cmd_log(int argc, char **argv)
{
	static const struct option options[] = {
		{ "since", required_argument, NULL, OPT_SINCE },     { "until", required_argument, NULL, OPT_UNTIL },
		{ "last", required_argument, NULL, 'n' },            { "session", required_argument, NULL, OPT_SESSION },
		{ "tool", required_argument, NULL, OPT_TOOL },       { "kind", required_argument, NULL, OPT_KIND },
		{ "rule", required_argument, NULL, OPT_RULE },       { "verdict", required_argument, NULL, OPT_VERDICT },
		{ "path", required_argument, NULL, OPT_PATH },       { "host", required_argument, NULL, OPT_HOST },
		{ "follow", no_argument, NULL, 'f' },                { "format", required_argument, NULL, OPT_FORMAT },
		{ "store", required_argument, NULL, OPT_STORE },     { "key", required_argument, NULL, OPT_KEY },
		{ "help", no_argument, NULL, 'h' },                  { 0 },
	};
	struct options o = { .store = STORE_DEFAULT };
	bool verifying = false;
	int opt, taken;

	while ((opt = getopt_long(argc, argv, "n:fh", options, NULL)) != -1) {
		taken = take_option(&o, opt, optarg, argv);
		if (taken < 0) {
			fputs(help, stdout);
			return 0;
		}
		if (taken)
			return taken;
	}
	if (optind < argc && !strcmp(argv[optind], "verify")) {
		verifying = true;
		optind++;
	}
	if (optind < argc)
		return cli_misuse("log", "takes no \"%s\"", argv[optind]);
	if (o.key && !verifying)
		return cli_misuse("log", "--key belongs to `sluice log verify`");
	if (o.query.since_ns && o.query.until_ns && o.query.since_ns > o.query.until_ns)
		return cli_misuse("log", "--since is later than --until");
	return verifying ? verify(&o) : run(&o);
}
