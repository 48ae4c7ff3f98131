/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * How many records a second one core takes, from bytes to reports and from bytes to JSON lines on /dev/null, with 10,000
 * processes alive, and how much memory that holds. Judges nothing, machines differ.
 *
 *   bench_pipeline [RECORDS]
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "correlate/pipeline.h"
#include "output/output.h"
#include "records.h"
#include "small_policy.h"

#define LIVE 10000u
#define SESSIONS 100u
#define ROUND 200000u          /* records made in advance; played again and again, later each time */
#define FIRST_PID 1000u
#define STEP_NS 50000ull
#define TICK_EVERY 2000         /* ten ticks a second */

struct made {
	char *bytes;               /* records, each at a multiple of 8 */
	uint32_t *at;
	size_t cnt, used;
};

static struct small_policy small;
static union record rec;
static uint64_t clock_ns = 1000 * SECOND;
static uint64_t reports;

static void keep(struct made *m, size_t size)
{
	m->at[m->cnt++] = (uint32_t)m->used;
	memcpy(m->bytes + m->used, &rec, size);
	m->used += (size + 7) & ~(size_t)7;
}

static uint32_t next_random(void)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Process i of the living: the first of each hundred is the tool, the others are below it. */
static struct who process(uint32_t i, uint64_t start_ns)
{
	uint32_t session = i / (LIVE / SESSIONS);

	return (struct who){ .tgid = FIRST_PID + i, .ppid = i % (LIVE / SESSIONS) ? FIRST_PID + session * (LIVE / SESSIONS) : 1,
			     .uid = 1000, .start_ns = start_ns, .session_ns = (1 + session) * SECOND,
			     .session_pid = FIRST_PID + session * (LIVE / SESSIONS), .tool = SMALL_CLAUDE, .comm = "worker" };
}

static size_t make_exec(uint64_t time_ns, const struct who *w, uint32_t i)
{
	char argv[256], cwd[64];
	int len = snprintf(argv, sizeof(argv), "/usr/bin/node%c/home/ann/shop/node_modules/.bin/tsc%c--project%ctsconfig.%u.json",
			   0, 0, 0, i) + 1;

	snprintf(cwd, sizeof(cwd), "/home/ann/work/shop-%u/packages/server", i % 50);
	rec_exec(&rec, time_ns, w, "/usr/lib/nodejs/v22.1.0/bin/node", cwd, argv, (size_t)len);
	rec.exec.cgroup_len = (uint16_t)rec_bytes(&rec, "app-gnome-terminal-4711.scope", 29);
	rec.exec.tty_len = (uint16_t)rec_bytes(&rec, "pts3", 4);
	return rec.hdr.size;
}

/*
 * Like a build below an agent, 20,000 records a second of its time: of 100 about 11 are a process that is born, execs and
 * ends, 70 are file opens, 16 connections, the rest names. Most come from few processes, again and again.
 */
static void make_round(struct made *m)
{
	uint64_t now = clock_ns;

	while (m->cnt < ROUND - 4) {
		uint32_t r = next_random() % 100, busy = next_random() % 10 < 7, i = next_random() % (busy ? 50 : LIVE);
		struct who w = process(i, 1 + i / SESSIONS);
		const uint8_t addr[4] = { 192, 0, 2, (uint8_t)next_random() };
		char path[96];

		now += STEP_NS;
		if (r < 4) {
			struct who child = w;

			child.tgid = FIRST_PID + LIVE + (uint32_t)m->cnt % 20000;
			child.ppid = w.tgid;
			child.start_ns = now;
			keep(m, rec_fork(&rec, now, &child));
			keep(m, make_exec(now, &child, i));
			keep(m, rec_exit(&rec, now + 1000, &child));
		} else if (r < 80) {
			snprintf(path, sizeof(path), "/home/ann/work/shop-%u/packages/server/.env", next_random() % (busy ? 8 : 200));
			keep(m, rec_file(&rec, now, &w, path, small.dotenv_set, SMALL_RULE_SECRET, SL_ACTION_ALERT));
		} else if (r < 97) {
			keep(m, rec_net(&rec, now, &w, addr, 443));
		} else {
			keep(m, rec_dns(&rec, now, &w, "eu.shady.example", addr, 60));
		}
		if (m->cnt % TICK_EVERY == 0)
			keep(m, rec_clock(&rec, now, 1700000000 * SECOND + now));
	}
}

static void write_json(void *arg, const struct report *r)
{
	struct output *o = arg;

	reports++;
	output_ops(o)->write(o, r);
}

static void write_nothing(void *arg, const struct report *r)
{
	(void)arg;
	(void)r;
	reports++;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double resident_mb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void fill(struct pipeline *p)
{
	pipeline_record(p, &rec, rec_clock(&rec, SECOND, 1700000000 * SECOND));
	pipeline_record(p, &rec, rec_user(&rec, 1000, "ann"));
	for (uint32_t i = 0; i < LIVE; i++) {
		struct who w = process(i, 1 + i / SESSIONS);

		pipeline_record(p, &rec, make_exec(200 * SECOND + i, &w, i));
	}
}

/* The same records, a round later: times and the pids' start times move on. */
static void shift(struct made *m, uint64_t by_ns)
{
	for (size_t i = 0; i < m->cnt; i++) {
		struct sl_hdr *hdr = (struct sl_hdr *)(void *)(m->bytes + m->at[i]);

		hdr->time_ns += by_ns;
		if (hdr->kind == SL_REC_CLOCK)
			((struct sl_rec_clock *)(void *)hdr)->wall_ns += by_ns;
		else if (hdr->kind <= SL_REC_EXIT && ((struct sl_rec_fork *)(void *)hdr)->who.tgid >= FIRST_PID + LIVE)
			((struct sl_rec_fork *)(void *)hdr)->who.start_ns += by_ns;
	}
}

/* CPU seconds for `total` records through p; *ret_done is how many it really was. */
static double play(struct pipeline *p, struct made *m, size_t total, size_t *ret_done)
{
	double seconds = 0;
	size_t done = 0;

	reports = 0;
	while (done < total) {
		double begin = cpu_seconds();

		for (size_t i = 0; i < m->cnt; i++) {
			const struct sl_hdr *hdr = (const struct sl_hdr *)(void *)(m->bytes + m->at[i]);

			pipeline_record(p, hdr, hdr->size);
		}
		seconds += cpu_seconds() - begin;
		done += m->cnt;
		shift(m, ROUND * STEP_NS);
	}
	*ret_done = done;
	return seconds;
}

static int measure(struct made *m, size_t total, const char *what, void (*sink)(void *, const struct report *), void *arg)
{
	struct pipeline_config config = { .compiled = small.compiled, .sink = sink, .arg = arg };
	double empty = resident_mb(), full, seconds;
	struct pipeline *p = NULL;
	size_t done;

	if (pipeline_new(&config, &p))
		return 1;
	fill(p);
	full = resident_mb();
	seconds = play(p, m, total, &done);
	printf("%s: %.0f records/s (%zu records, %llu reports, %llu folded)\n", what, (double)done / seconds, done,
	       (unsigned long long)reports, (unsigned long long)pipeline_stats(p)->folded);
	printf("%s: %.1f MB for %u processes, %.1f MB at the end with %zu known\n", what, full - empty, LIVE,
	       resident_mb() - empty, proctree_count(pipeline_tree(p)));
	for (unsigned int i = 0; i < _SL_LOSS_MAX; i++)
		if (pipeline_stats(p)->losses[i])
			printf("%s: loss %s %llu\n", what, event_loss_name(i), (unsigned long long)pipeline_stats(p)->losses[i]);
	pipeline_free(p);
	return 0;
}

int main(int argc, char **argv)
{
	size_t total = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000000;
	const struct report_host host = { .host = "ws-17", .boot_id = "b7c1", .show_exec = true };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;
	struct made m = { .bytes = malloc((size_t)ROUND * 512), .at = calloc(ROUND, sizeof(*m.at)) };
	struct output *o = NULL;

	if (null < 0 || !m.bytes || !m.at || small_policy_make(&small, NULL) || output_json_new(null, &o))
		return 1;
	make_round(&m);
	r = measure(&m, total, "reports", write_nothing, NULL);
	r = r ? r : measure(&m, total, "json", write_json, o);
	output_free(o);
	small_policy_done(&small);
	free(m.bytes);
	free(m.at);
	close(null);
	return r;
}
