/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Any bytes as a recording, or as a run of records: reader, decoder, process tree, names, repeats and both formats stay
 * within their bounds, no event disappears, and the books of the tables are right afterwards.
 *
 * Input that begins with the magic of a recording is read as one. Any other is a run of u16 length, bytes: a record each,
 * whose size field is put right unless the top bit of the length says to leave it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "correlate/pipeline.h"
#include "event/decode.h"
#include "event/recording.h"
#include "output/output.h"
#include "small_policy.h"

#define EXPECT(x)            \
	do {                 \
		if (!(x))    \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct books {
	struct strbuf line;
	uint64_t seq, shown, repeats;
};

static void on_report(void *arg, const struct report *r)
{
	static const struct report_host host = { .show_exec = true };
	struct books *b = arg;

	EXPECT(r->seq == ++b->seq);
	if (r->kind == REPORT_FILE_OPEN || r->kind == REPORT_NET_CONNECT)
		b->shown += !r->repeats;
	b->repeats += r->repeats;
	strbuf_reset(&b->line);
	output_json_format(&b->line, r);
	output_text_format(&b->line, r, &host, r->seq % 2 ? 0 : 80, r->seq % 3);
	/* One line each, and nothing in it that a terminal or a reader of lines would take for something else. */
	EXPECT(b->line.len >= 2 && b->line.data[b->line.len - 1] == '\n');
	EXPECT(!memchr(b->line.data, '\0', b->line.len));
}

static uint64_t one(struct pipeline *p, const void *record, size_t size)
{
	struct event ev;

	EXPECT(pipeline_record(p, record, size) == 0);
	return decode_record(record, size, &ev) == 0 && (ev.kind == SL_REC_FILE || ev.kind == SL_REC_NET);
}

static uint64_t read_recording(struct pipeline *p, const uint8_t *data, size_t size)
{
	struct recording *r = NULL;
	struct errmsg e = { 0 };
	const void *record;
	uint64_t events = 0;
	size_t len;
	int n;

	if (recording_open_memory(data, size, &r, &e) < 0) {
		EXPECT(e.text[0]);
		return 0;
	}
	while ((n = recording_next(r, &record, &len, &e)) == 1)
		events += one(p, record, len);
	EXPECT(n == 0 || e.text[0]);
	recording_free(r);
	return events;
}

static uint64_t read_records(struct pipeline *p, const uint8_t *data, size_t size)
{
	uint64_t events = 0;

	while (size >= 2) {
		size_t len = data[0] | (data[1] & 0x3fu) << 8;
		int keep = data[1] & 0x80;
		char *exact;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		exact = malloc(len ? len : 1); /* to the byte, so that one too many is seen */
		EXPECT(exact);
		memcpy(exact, data, len);
		if (!keep && len >= sizeof(struct sl_hdr)) {
			uint32_t real = (uint32_t)len;

			memcpy(exact + offsetof(struct sl_hdr, size), &real, sizeof(real));
		}
		events += one(p, exact, len);
		free(exact);
		data += len;
		size -= len;
	}
	return events;
}

static void check_tree(struct proctree *t)
{
	struct session *sessions[8];
	struct process *list[32];
	size_t cnt = proctree_sessions(t, sessions, 8);

	EXPECT(proctree_count(t) <= 16 && cnt <= 4);
	for (size_t i = 0; i < cnt; i++) {
		size_t members = proctree_of_session(t, sessions[i], list, 32), live = 0;

		EXPECT(members <= 16);
		for (size_t m = 0; m < members; m++)
			live += !list[m]->exited;
		EXPECT(sessions[i]->live == live);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct small_policy small;
	struct books books = { .line = STRBUF_INIT };
	struct pipeline_config config = { .max_procs = 16, .max_sessions = 4, .max_names = 8, .sink = on_report, .arg = &books };
	struct pipeline *p;
	uint64_t events;

	if (!small.compiled)
		EXPECT(small_policy_make(&small, NULL) == 0);
	config.compiled = small.compiled;
	EXPECT(pipeline_new(&config, &p) == 0);
	events = size >= 10 && !memcmp(data, "SLUICEREC\n", 10) ? read_recording(p, data, size) : read_records(p, data, size);
	check_tree(pipeline_tree(p));
	pipeline_finish(p);
	EXPECT(books.shown + books.repeats + pipeline_stats(p)->allowed == events);
	pipeline_free(p);
	strbuf_done(&books.line);
	return 0;
}
