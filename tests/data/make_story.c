/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Made tests/data/replay/story.rec of tests/story.h. Kept as it is, like the recordings beside it.
 *
 *   make_story > tests/data/replay/story.rec
 */
#include <stdio.h>
#include <unistd.h>

#include "event/recording.h"
#include "story.h"

static struct errmsg e;

static void feed(void *arg, const union record *r, size_t size)
{
	recording_write(arg, r, size, &e);
}

int main(void)
{
	static const char *const homes[] = { "/home/*" };
	static const struct recording_user users[] = { { "ann", 1000 } };
	const struct recording_source source = { "story.yaml", story_policy_text, sizeof(story_policy_text) - 1 };
	const struct recording_meta meta = { .agent = "0.1.0", .host = "ws-17", .boot_id = "6c7f8f2e-8f0a-4a55-9f3b-2f7a3c1d9e10",
					     .kernel = "6.12.0", .sources = &source, .sources_cnt = 1, .homes = homes,
					     .homes_cnt = 1, .users = users, .users_cnt = 1 };
	struct recording_writer *w = NULL;
	struct policy *policy = NULL;
	struct compiled *compiled = NULL;

	if (story_policy_make(&policy, &compiled, &e) || recording_writer_new(STDOUT_FILENO, &meta, &w, &e)) {
		fprintf(stderr, "make_story: %s:%u: %s\n", e.file, e.line, e.text);
		return 1;
	}
	story_all(compiled, feed, w);
	if (recording_flush(w, &e)) {
		fprintf(stderr, "make_story: %s\n", e.text);
		return 1;
	}
	recording_writer_free(w);
	compiled_free(compiled);
	policy_free(policy);
	return 0;
}
