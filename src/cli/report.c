/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: `sluice report`: what is asked for, and where the document goes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "evidence/page.h"
#include "store/store.h"
#include "store/when.h"

#define FAULTS_SHOWN 20

static const char help[] =
	"Usage: sluice report [--since TIME] [--until TIME] [--session ID] [--incident UID] [--format html|json|csv] [-o FILE]\n"
	"\n"
	"What AI tools did, as one document: the answer, incidents, destinations, refusals by rule, what was not seen, and whether the\n"
	"store is whole. HTML needs no script and no network, and can be printed. The same store gives the same bytes. Needs root.\n"
	"\n"
	"      --since TIME       as of `sluice log`; without it all that is kept\n"
	"      --until TIME       the same\n"
	"      --session ID       of this session alone\n"
	"      --incident UID     this incident, and the session that it is of\n"
	"      --format FORMAT    html, json, csv\n"
	"      --no-verify        leave out the check of the whole store, which takes a second for some 100,000 events\n"
	"  -o, --output FILE      write it here (0600) instead of stdout\n"
	"      --store FILE       (" STORE_DEFAULT ")\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 done, 1 the store was changed, 2 misuse, 74 the store cannot be read or the file not written, 77 not root.\n";

enum report_format { FORMAT_HTML, FORMAT_JSON, FORMAT_CSV };

struct options {
	struct store_query query;
	const char *store, *incident, *file;
	enum report_format format;
	bool verify;
};

struct faults {
	char *text[FAULTS_SHOWN];
	size_t cnt;
};

static void on_fault(void *arg, const char *text)
{
	struct faults *f = arg;

	if (f->cnt < FAULTS_SHOWN && (f->text[f->cnt] = strdup(text)))
		f->cnt++;
}

/* The document is readable by the user who asked for it alone. */
static int write_out(const char *file, const struct strbuf *b)
{
	cleanup_close int fd = -1;
	struct stat st;
	size_t at = 0;

	if (!file) {
		fwrite(strbuf_str(b), 1, b->len, stdout); /* a failure is reported at the end of the program */
		return 0;
	}
	fd = open(file, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)) {
		log_err("%s is there and is no regular file of yours with one name: name another", file);
		return CLI_IOERR;
	}
	if (fd >= 0 && (fchmod(fd, 0600) || ftruncate(fd, 0))) {
		log_err("cannot write %s: %s", file, strerror(errno));
		return CLI_IOERR;
	}
	while (fd >= 0 && at < b->len) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && at == b->len)
		return 0;
	log_err("cannot write %s: %s", file, strerror(errno));
	return CLI_IOERR;
}

static void about(const struct options *o, struct strbuf *b)
{
	if (o->query.session)
		strbuf_addf(b, "session %s", o->query.session);
	if (o->incident)
		strbuf_addf(b, "%sincident %s", b->len ? ", " : "", o->incident);
}

static int status_of(int err)
{
	return err == -EACCES || err == -EPERM ? CLI_NOPERM : CLI_IOERR;
}

static int run(const struct options *o)
{
	cleanup_(store_reader_closep) struct store_reader *r = NULL;
	cleanup_(facts_freep) struct facts *f = NULL;
	struct strbuf b = STRBUF_INIT, title = STRBUF_INIT;
	struct verify_result check;
	struct faults faults = { .cnt = 0 };
	struct errmsg e = { 0 };
	struct page page;
	int err = store_reader_open(o->store, &r, &e), status;

	err = err ? err : facts_read(r, &o->query, o->incident, &f, &e);
	if (!err && o->verify)
		err = store_verify(r, NULL, on_fault, &faults, &check, &e);
	if (err) {
		cli_error(&e);
		return status_of(err);
	}
	about(o, &title);
	page = (struct page){ .facts = f, .about = strbuf_str(&title), .check = o->verify ? &check : NULL,
			      .faults = (const char *const *)faults.text, .faults_cnt = faults.cnt };
	if (o->format == FORMAT_HTML)
		page_html(&b, &page);
	else if (o->format == FORMAT_JSON)
		page_json(&b, &page);
	else
		page_csv(&b, &page);
	if (strbuf_ok(&b)) {
		status = write_out(o->file, &b);
	} else {
		log_err("out of memory");
		status = CLI_UNAVAILABLE;
	}
	for (size_t i = 0; i < faults.cnt; i++)
		free(faults.text[i]);
	strbuf_done(&title);
	strbuf_done(&b);
	return status ? status : o->verify && check.faults ? CLI_NO : 0;
}

static int take_time(const char *name, const char *s, bool is_end, uint64_t *ret)
{
	struct timespec now;
	struct tm tm = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	if (when_parse(s, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, tm.tm_gmtoff, is_end, ret))
		return cli_misuse("report", "%s takes a time such as 2h, yesterday, 14:05 or 2026-11-23, not \"%s\"", name, s);
	return 0;
}

static int take_format(const char *s, enum report_format *ret)
{
	static const char *const names[] = { [FORMAT_HTML] = "html", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(s, names[i])) {
			*ret = (enum report_format)i;
			return 0;
		}
	}
	return cli_misuse("report", "--format takes html, json or csv, not \"%s\"", s);
}

int cmd_report(int argc, char **argv)
{
	enum { OPT_SINCE = 256, OPT_UNTIL, OPT_SESSION, OPT_INCIDENT, OPT_FORMAT, OPT_STORE, OPT_NO_VERIFY };
	static const struct option options[] = {
		{ "since", required_argument, NULL, OPT_SINCE },       { "until", required_argument, NULL, OPT_UNTIL },
		{ "session", required_argument, NULL, OPT_SESSION },   { "incident", required_argument, NULL, OPT_INCIDENT },
		{ "format", required_argument, NULL, OPT_FORMAT },     { "store", required_argument, NULL, OPT_STORE },
		{ "no-verify", no_argument, NULL, OPT_NO_VERIFY },     { "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },                    { 0 },
	};
	struct options o = { .store = STORE_DEFAULT, .verify = true };
	int opt, status = 0;

	while (!status && (opt = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (opt) {
		case OPT_SINCE:
			status = take_time("--since", optarg, false, &o.query.since_ns);
			break;
		case OPT_UNTIL:
			status = take_time("--until", optarg, true, &o.query.until_ns);
			break;
		case OPT_SESSION:
			o.query.session = optarg;
			break;
		case OPT_INCIDENT:
			o.incident = optarg;
			break;
		case OPT_FORMAT:
			status = take_format(optarg, &o.format);
			break;
		case OPT_STORE:
			o.store = optarg;
			break;
		case OPT_NO_VERIFY:
			o.verify = false;
			break;
		case 'o':
			o.file = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return cli_bad_option("report", argv);
		}
	}
	if (status)
		return status;
	if (optind < argc)
		return cli_misuse("report", "takes no \"%s\"", argv[optind]);
	if (o.query.until_ns && o.query.since_ns > o.query.until_ns)
		return cli_misuse("report", "--since is later than --until");
	return run(&o);
}
