/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The store: CPU and bytes of a row, a flood of 20,000 events a second, and a day's query among a million events. Prints lines; judges
 * nothing, machines differ. Writes below $TMPDIR or /tmp, and needs about 1 GB there for a while. ROWS=N for fewer.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "output/rows.h"
#include "evidence/page.h"
#include "report_sample.h"
#include "store/query.h"
#include "store/verify.h"
#include "store/writer.h"

#define DAYS 190
#define DAY_NS (86400ull * 1000000000)
#define FLOOD_SECONDS 10
#define FLOOD_RATE 20000

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* One alert in fifty, a session for each hour. */
static void vary(struct sample *s, char *path, size_t size, uint64_t i, uint64_t wall_ns)
{
	static char uid[128];

	snprintf(uid, sizeof(uid), "00112233445566778899aabbccddeeff-00112233445566778899aabbccddeeff-5a6b7c8d9e-%llu", (unsigned long long)i);
	s->r.uid = uid;
	s->r.seq = i;
	s->r.wall_ns = wall_ns;
	s->session.ns = SAMPLE_SESSION_NS + wall_ns / 3600000000000ull * 1000;
	s->cat.session_ns = s->session.ns;
	s->r.path_len = (size_t)snprintf(path, size, "/home/ann/shop/src/module-%u/part-%u.c", (unsigned int)(i % 997), (unsigned int)(i % 31));
	s->r.path = path;
	s->r.rule = i % 50 ? NULL : &s->rule;
	s->r.action = i % 50 ? SL_ACTION_LOG : SL_ACTION_BLOCK;
	s->r.taken = i % 50 ? SL_TAKEN_NONE : SL_TAKEN_DENIED;
}

static uint64_t feed(struct store_writer *w, struct output *rows, uint64_t cnt, uint64_t begin_ns, uint64_t step_ns, unsigned int rate)
{
	double begin = seconds(CLOCK_MONOTONIC);
	char path[128];
	struct sample s;
	uint64_t lost = 0;

	sample_init(&s);
	for (uint64_t i = 0; i < cnt; i++) {
		vary(&s, path, sizeof(path), i, begin_ns + i * step_ns);
		while (output_ops(rows)->write(rows, sample_report(&s)) < 0) {
			struct pollfd p = { .fd = w->rows, .events = POLLOUT };

			if (rate) {
				lost++;
				break;
			}
			poll(&p, 1, 100);
			output_ops(rows)->flush(rows);
		}
		if (rate && i % 100 == 0) {
			output_ops(rows)->flush(rows);
			while (store_writer_poll(w) > 0)
				;
			while (seconds(CLOCK_MONOTONIC) - begin < (double)i / rate)
				poll(NULL, 0, 1);
		}
	}
	return lost;
}

struct run {
	struct store_config config;
	struct store_writer w;
	struct output *rows;
};

static void begin(struct run *r)
{
	r->w = STORE_WRITER_NONE;
	if (store_writer_start(&r->w, &r->config) || output_rows_new(r->w.rows, &r->rows))
		abort();
}

static uint64_t end(struct run *r)
{
	uint64_t taken = output_rows_taken(r->rows);
	int left = 600;

	while (output_ops(r->rows)->flush(r->rows) == -EAGAIN && left-- > 0)
		poll(NULL, 0, 100);
	if (store_writer_finish(&r->w, taken, 120000))
		fprintf(stderr, "the writer did not end\n");
	taken = r->w.last.rows;
	output_free(r->rows);
	store_writer_done(&r->w);
	return taken;
}

static int ignore(void *arg, const struct store_hit *hit)
{
	(void)hit;
	++*(uint64_t *)arg;
	return 0;
}

static void ask(struct store_reader *r, const char *what, const struct store_query *q)
{
	double best = 1e9;
	uint64_t n = 0;

	for (unsigned int i = 0; i < 5; i++) {
		double t = seconds(CLOCK_MONOTONIC);
		struct errmsg e = { 0 };

		n = 0;
		if (store_query(r, q, ignore, &n, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return;
		}
		t = seconds(CLOCK_MONOTONIC) - t;
		best = t < best ? t : best;
	}
	printf("store: %s: %" PRIu64 " rows in %.1f ms\n", what, n, best * 1e3);
}

static void print_fault(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static void report(struct store_reader *r)
{
	struct strbuf b = STRBUF_INIT;
	struct facts *f = NULL;
	struct errmsg e = { 0 };
	double t = seconds(CLOCK_MONOTONIC);

	if (facts_read(r, &(struct store_query){ 0 }, NULL, &f, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return;
	}
	page_html(&b, &(struct page){ .facts = f, .about = "" });
	printf("store: report: %" PRIu64 " events in %.2f s, %zu bytes of HTML (without the check)\n", f->rows, seconds(CLOCK_MONOTONIC) - t, b.len);
	strbuf_done(&b);
	facts_free(f);
}

static void query(const char *path, uint64_t begin_ns)
{
	struct store_reader *r = NULL;
	struct verify_result v;
	struct errmsg e = { 0 };
	double t;

	if (store_reader_open(path, &r, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return;
	}
	ask(r, "a day's query", &(struct store_query){ .since_ns = begin_ns + 100 * DAY_NS, .until_ns = begin_ns + 101 * DAY_NS });
	ask(r, "a day's refusals", &(struct store_query){ .since_ns = begin_ns + 100 * DAY_NS, .until_ns = begin_ns + 101 * DAY_NS,
							 .verdict = "denied" });
	ask(r, "the newest 50 refusals", &(struct store_query){ .newest = 50, .verdict = "denied" });
	ask(r, "all by path", &(struct store_query){ .path = "/home/ann/shop/src/module-7" });
	report(r);
	t = seconds(CLOCK_MONOTONIC);
	if (!store_verify(r, NULL, print_fault, NULL, &v, &e))
		printf("store: verify: %" PRIu64 " rows, %" PRIu64 " faults, %.2f s\n", v.rows, v.faults, seconds(CLOCK_MONOTONIC) - t);
	store_reader_close(r);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR"), *want = getenv("ROWS");
	uint64_t rows = want ? strtoull(want, NULL, 10) : 1000000, begin_ns = SAMPLE_WALL_NS, lost, kept;
	char dir[PATH_MAX], path[PATH_MAX + 32], name[PATH_MAX + 32];
	static const char *const files[] = { "events.db", "events.db-wal", "events.db-shm", "store.key", "store.pub" };
	struct run r = { .config = { .path = path, .host = "ws-17", .boot_id = "1", .uid_begin = "00112233445566778899aabbccddeeff-00112233445566778899aabbccddeeff-5a6b7c8d9e.store-" } };
	struct stat st;
	double cpu, own;

	snprintf(dir, sizeof(dir), "%s/sluice-bench.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/events.db", dir);

	begin(&r);
	own = seconds(CLOCK_PROCESS_CPUTIME_ID);
	feed(&r.w, r.rows, rows, begin_ns, DAYS * DAY_NS / rows, 0);
	kept = end(&r);
	own = seconds(CLOCK_PROCESS_CPUTIME_ID) - own;
	cpu = children();
	if (stat(path, &st))
		return 1;
	printf("store: %" PRIu64 " rows: %.1f us of CPU a row in the writer, %.1f in the agent (with its JSON), %.0f bytes a row\n", kept,
	       cpu / (double)kept * 1e6, own / (double)kept * 1e6, (double)st.st_size / (double)kept);
	query(path, begin_ns);

	snprintf(path, sizeof(path), "%s/events.db", dir);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, files[i]);
		unlink(name);
	}
	begin(&r);
	lost = feed(&r.w, r.rows, (uint64_t)FLOOD_RATE * FLOOD_SECONDS, begin_ns, DAY_NS / FLOOD_RATE / FLOOD_SECONDS, FLOOD_RATE);
	kept = end(&r);
	printf("store: %u events/s for %u s: %" PRIu64 " stored, %" PRIu64 " counted as lost, %" PRIi64 " unaccounted\n", FLOOD_RATE, FLOOD_SECONDS,
	       kept, lost, (int64_t)((uint64_t)FLOOD_RATE * FLOOD_SECONDS - kept - lost));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, files[i]);
		unlink(name);
	}
	return rmdir(dir);
}
