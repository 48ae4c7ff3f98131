/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* How many file.open lines a second one core formats. Prints one line; judges nothing, machines differ. */
#include <stdio.h>
#include <time.h>

#include "output/output.h"
#include "report_sample.h"

#define LINES 1000000

int main(void)
{
	struct strbuf b = STRBUF_INIT;
	struct timespec t0, t1;
	struct sample s;
	double seconds;
	size_t bytes = 0;

	sample_init(&s);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	for (unsigned int i = 0; i < LINES; i++) {
		s.r.seq = i;
		output_json_format(&b, sample_report(&s));
		bytes += b.len;
		strbuf_reset(&b);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	seconds = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("json: %.0f lines/s, %zu bytes a line\n", LINES / seconds, bytes / LINES);
	strbuf_done(&b);
	return 0;
}
