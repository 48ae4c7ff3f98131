/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Made tests/data/session.rec: a tool starts below a shell, a child of it reads a secret three times and connects to
 * a host that it asked for. The file is kept as it is, so that the tests show whether recordings of format 1 are still
 * read; it is not made again when the code changes.
 *
 *   make_session > tests/data/session.rec
 *   make_session flows > tests/data/flows.rec    instead: server names, and what a proxy is asked for
 *   make_session names > tests/data/names.rec    instead: secrets in other letters, in folders that ignore case and one that does not
 */
#include <stdio.h>
#include <unistd.h>

#include "event/recording.h"
#include "records.h"
#include "small_policy.h"

static union record rec;

static void hello(struct recording_writer *w, const struct who *who, const uint8_t addr[4], const char *name, bool asks, struct errmsg *e)
{
	size_t size = rec_hello(&rec, 103 * SECOND, who, addr, asks ? "" : name, SMALL_RULE_ELSEWHERE, SL_ACTION_LOG);

	if (asks)
		size = rec_asks(&rec, name, strlen(name), false, 443);
	recording_write(w, &rec, size, e);
}

static void read_as(struct recording_writer *w, const struct who *who, const char *path, unsigned int flags, uint16_t set, struct errmsg *e)
{
	size_t size = rec_file(&rec, 102 * SECOND, who, path, set, SMALL_RULE_SECRET, SL_ACTION_ALERT);

	rec.file.path_flags |= flags;
	recording_write(w, &rec, size, e);
}

int main(int argc, char **argv)
{
	bool flows = argc > 1 && !strcmp(argv[1], "flows"), names = argc > 1 && !strcmp(argv[1], "names");
	static const struct who shell = { .tgid = 50, .ppid = 1, .uid = 1000, .start_ns = 40 * SECOND, .comm = "bash" };
	static const struct who tool = { .tgid = 100, .ppid = 50, .uid = 1000, .start_ns = 99 * SECOND, .session_ns = 100 * SECOND,
					 .session_pid = 100, .tool = SMALL_CLAUDE, .comm = "claude" };
	static const struct who cat = { .tgid = 101, .ppid = 100, .uid = 1000, .start_ns = 101 * SECOND,
					.session_ns = 100 * SECOND, .session_pid = 100, .tool = SMALL_CLAUDE, .comm = "cat" };
	static const uint8_t addr[4] = { 192, 0, 2, 7 }, loopback[4] = { 127, 0, 0, 1 };
	static const char *const homes[] = { "/home/*" };
	static const struct recording_user users[] = { { "ann", 1000 } };
	const struct recording_source source = { "small.yaml", small_policy_text, sizeof(small_policy_text) - 1 };
	const struct recording_meta meta = { .agent = "0.1.0", .host = "ws-17", .boot_id = "6c7f8f2e-8f0a-4a55-9f3b-2f7a3c1d9e10",
					     .kernel = "6.12.0", .sources = &source, .sources_cnt = 1, .homes = homes,
					     .homes_cnt = 1, .users = users, .users_cnt = 1 };
	struct recording_writer *w = NULL;
	struct small_policy small;
	struct errmsg e = { 0 };

	if (small_policy_make(&small, &e) || recording_writer_new(STDOUT_FILENO, &meta, &w, &e)) {
		fprintf(stderr, "make_session: %s\n", e.text);
		return 1;
	}
	recording_write(w, &rec, rec_clock(&rec, 90 * SECOND, 1800000000 * SECOND), &e);
	recording_write(w, &rec, rec_user(&rec, 1000, "ann"), &e);
	rec_exec(&rec, 91 * SECOND, &shell, "/bin/bash", "/home/ann", "bash", 5);
	rec.exec.origin = SL_EXEC_ORIGIN_PROCFS;
	recording_write(w, &rec, rec.hdr.size, &e);
	recording_write(w, &rec, rec_exec(&rec, 100 * SECOND, &tool, "/opt/claude", "/home/ann/shop", "claude", 7), &e);
	if (flows) {
		hello(w, &tool, addr, "eu.shady.example", false, &e);
		hello(w, &tool, addr, "fine.example.org", false, &e);
		hello(w, &tool, loopback, "us.shady.example", true, &e);
		hello(w, &tool, loopback, "fine.example.org", true, &e);
		goto out;
	}
	recording_write(w, &rec, rec_fork(&rec, 101 * SECOND, &cat), &e);
	if (names) {
		read_as(w, &cat, "/mnt/usb/.ENV", SL_STR_FOLDS | SL_STR_DOS, small.dotenv_set, &e);
		read_as(w, &cat, "/mnt/usb/ENV~1", SL_STR_FOLDS | SL_STR_DOS, SL_SET_UNRESOLVED, &e);
		read_as(w, &cat, "/srv/folded/.Env", SL_STR_FOLDS, small.dotenv_set, &e);
		read_as(w, &cat, "/srv/plain/.ENV", 0, 0, &e);
		goto out;
	}
	recording_write(w, &rec, rec_exec(&rec, 101 * SECOND, &cat, "/bin/cat", "/home/ann/shop", "cat\0.env", 9), &e);
	for (unsigned int i = 0; i < 3; i++)
		recording_write(w, &rec, rec_file(&rec, 102 * SECOND + i, &cat, "/home/ann/shop/.env", small.dotenv_set,
						  SMALL_RULE_SECRET, SL_ACTION_ALERT), &e);
	recording_write(w, &rec, rec_dns(&rec, 102 * SECOND, &cat, "eu.shady.example", addr, 60), &e);
	recording_write(w, &rec, rec_net(&rec, 103 * SECOND, &cat, addr, 443), &e);
	recording_write(w, &rec, rec_loss(&rec, 104 * SECOND, SL_LOSS_RING, 7), &e);
	recording_write(w, &rec, rec_clock(&rec, 104 * SECOND, 1800000014 * SECOND), &e);
	recording_write(w, &rec, rec_exit(&rec, 105 * SECOND, &cat), &e);
out:
	recording_write(w, &rec, rec_exit(&rec, 106 * SECOND, &tool), &e);
	if (recording_flush(w, &e)) {
		fprintf(stderr, "make_session: %s\n", e.text);
		return 1;
	}
	recording_writer_free(w);
	small_policy_done(&small);
	return 0;
}
