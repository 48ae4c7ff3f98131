/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what goes into a recording comes out of it, and nothing that is cut or damaged passes for whole. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "event/recording.h"
#include "event/recording_format.h"
#include "records.h"

static const struct recording_source sources[] = {
	{ .name = "/etc/sluice/policy.yaml", .text = "version: 1\n", .len = 11 },
	{ .name = "secrets.yaml", .text = "a\0b", .len = 3 }, /* any bytes */
	{ .name = "empty.yaml", .text = "", .len = 0 },
};
static const char *const homes[] = { "/root", "/home/*" };
static const struct recording_user users[] = { { .name = "ann", .uid = 1000 }, { .name = "build", .uid = 4294967294u } };
static const struct recording_meta meta = {
	.agent = "0.1.0", .host = "ws-17", .boot_id = "b7c1", .kernel = "6.12.0",
	.sources = sources, .sources_cnt = 3, .homes = homes, .homes_cnt = 2, .users = users, .users_cnt = 2,
};
static const struct who ann = { .tgid = 812, .ppid = 800, .uid = 1000, .start_ns = 5 * SECOND, .comm = "cat" };

/* A file in memory. */
static int scratch(void)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Record number i, of a length that depends on i: all paddings occur. */
static size_t numbered(union record *r, unsigned int i)
{
	char path[64] = "/";

	for (unsigned int k = 0; k <= i % 40; k++)
		path[k + 1] = (char)('a' + i % 26);
	path[i % 40 + 2] = '\0';
	return rec_file(r, i, &ann, path, 3, 1, SL_ACTION_LOG);
}

static void write_numbered(struct recording_writer *w, unsigned int cnt)
{
	union record r;
	struct errmsg e = { 0 };

	for (unsigned int i = 0; i < cnt; i++)
		assert_int_equal(recording_write(w, &r, numbered(&r, i), &e), 0);
	assert_int_equal(recording_flush(w, &e), 0);
	assert_int_equal(recording_written(w), cnt);
}

/* Reads what numbered() made; returns how many and the last result. */
static unsigned int read_numbered(struct recording *rec, int *ret_last, struct errmsg *e)
{
	union record r;
	const void *data;
	unsigned int cnt = 0;
	size_t size;

	while ((*ret_last = recording_next(rec, &data, &size, e)) == 1) {
		assert_int_equal(size, numbered(&r, cnt));
		assert_memory_equal(data, &r, size);
		assert_true((uintptr_t)data % 8 == 0);
		cnt++;
	}
	return cnt;
}

static void test_everything_comes_back(void **state)
{
	cleanup_close int fd = scratch();
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	cleanup_(recording_freep) struct recording *rec = NULL;
	cleanup_fclose FILE *f = NULL;
	const struct recording_meta *m;
	struct errmsg e = { 0 };
	int last;

	(void)state;
	assert_int_equal(recording_writer_new(fd, &meta, &w, &e), 0);
	write_numbered(w, 5000);
	lseek(fd, 0, SEEK_SET);
	f = fdopen(dup(fd), "r");
	assert_int_equal(recording_open(f, &rec, &e), 0);
	m = recording_meta(rec);
	assert_string_equal(m->agent, "0.1.0");
	assert_string_equal(m->host, "ws-17");
	assert_string_equal(m->boot_id, "b7c1");
	assert_string_equal(m->kernel, "6.12.0");
	assert_int_equal(m->sources_cnt, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(m->sources[i].name, sources[i].name);
		assert_int_equal(m->sources[i].len, sources[i].len);
		assert_memory_equal(m->sources[i].text, sources[i].text, sources[i].len + 1);
	}
	assert_int_equal(m->homes_cnt, 2);
	assert_string_equal(m->homes[1], "/home/*");
	assert_int_equal(m->users_cnt, 2);
	assert_string_equal(m->users[1].name, "build");
	assert_int_equal(m->users[1].uid, 4294967294u);
	assert_int_equal(read_numbered(rec, &last, &e), 5000);
	assert_int_equal(last, 0);
	/* The end stays the end. */
	assert_int_equal(read_numbered(rec, &last, &e), 0);
	assert_int_equal(last, 0);
}

/* A small recording in memory; the caller frees it. */
static char *small(unsigned int cnt, size_t *ret_size)
{
	cleanup_close int fd = scratch();
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	struct errmsg e = { 0 };
	char *data;
	off_t size;

	assert_int_equal(recording_writer_new(fd, &meta, &w, &e), 0);
	write_numbered(w, cnt);
	size = lseek(fd, 0, SEEK_END);
	data = malloc((size_t)size);
	assert_int_equal(pread(fd, data, (size_t)size, 0), size);
	*ret_size = (size_t)size;
	return data;
}

static void test_cut_anywhere_gives_the_whole_records_and_says_so(void **state)
{
	size_t size, first = 0;
	cleanup_free char *data = small(5, &size);
	unsigned int most = 0;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		cleanup_(recording_freep) struct recording *rec = NULL;
		cleanup_free char *exact = malloc(cut ? cut : 1);
		struct errmsg e = { 0 };
		char whole[32];
		unsigned int cnt;
		int last;

		memcpy(exact, data, cut);
		if (recording_open_memory(exact, cut, &rec, &e) < 0) {
			assert_null(rec);
			assert_string_not_equal(e.text, "");
			assert_int_equal(most, 0);
			continue;
		}
		first = first ? first : cut;
		cnt = read_numbered(rec, &last, &e);
		assert_true(cnt == most || cnt == most + 1);
		most = cnt;
		if (last == 0)
			continue; /* cut exactly behind a record */
		assert_int_equal(last, -EBADMSG);
		snprintf(whole, sizeof(whole), "%u whole", cnt);
		assert_non_null(strstr(e.text, whole));
		assert_non_null(strstr(e.text, "cut off"));
	}
	assert_int_equal(most, 4);
	assert_true(first > 100);
}

static void test_a_flipped_bit_in_a_record_is_seen(void **state)
{
	size_t size;
	cleanup_free char *data = small(5, &size);

	(void)state;
	/* The last record: frame, header, body. */
	for (size_t at = size - 100; at < size; at++) {
		cleanup_(recording_freep) struct recording *rec = NULL;
		struct errmsg e = { 0 };
		int last;

		/* Padding is not part of a record. */
		if (!data[at] && at + 8 >= size)
			continue;
		data[at] ^= 0x10;
		assert_int_equal(recording_open_memory(data, size, &rec, &e), 0);
		assert_in_range(read_numbered(rec, &last, &e), 3, 4);
		assert_int_equal(last, -EBADMSG);
		data[at] ^= 0x10;
	}
}

static void assert_refused(const char *data, size_t size, int err, const char *why)
{
	cleanup_(recording_freep) struct recording *rec = NULL;
	struct errmsg e = { 0 };

	assert_int_equal(recording_open_memory(data, size, &rec, &e), err);
	assert_non_null(strstr(e.text, why));
}

static void test_other_files_are_refused_by_name(void **state)
{
	size_t size;
	cleanup_free char *data = small(1, &size);
	struct recording_head *head = (struct recording_head *)(void *)data, good = *head;

	(void)state;
	assert_refused("", 0, -EBADMSG, "not a recording");
	assert_refused("SLUICERED\nxxxxxxxxxxxxxxxxxxx", 29, -EBADMSG, "not a recording");
	head->format++;
	assert_refused(data, size, -EPROTONOSUPPORT, "format 2");
	*head = good;
	head->record_version++;
	assert_refused(data, size, -EPROTONOSUPPORT, "records 2");
	*head = good;
	head->order = 0x04030201;
	assert_refused(data, size, -EPROTONOSUPPORT, "byte order");
	*head = good;
	head->header_len = RECORDING_HEADER_MAX + 8;
	assert_refused(data, size, -EBADMSG, "damaged");
	/* It claims 32 MiB and holds a few hundred bytes. */
	head->header_len = RECORDING_HEADER_MAX;
	assert_refused(data, size, -EBADMSG, "cut off");
}

/* A header of one field. */
static void assert_field(uint16_t tag, const char *bytes, uint32_t len, bool good)
{
	struct recording_head head = { .magic = RECORDING_MAGIC, .format = RECORDING_FORMAT, .order = RECORDING_ORDER,
				       .record_version = SL_RECORD_VERSION,
				       .header_len = (uint32_t)(sizeof(struct recording_field) + recording_padded(len)) };
	struct recording_field field = { .tag = tag, .len = len };
	cleanup_(recording_freep) struct recording *rec = NULL;
	char data[128] = { 0 };
	struct errmsg e = { 0 };

	memcpy(data, &head, sizeof(head));
	memcpy(data + sizeof(head), &field, sizeof(field));
	memcpy(data + sizeof(head) + sizeof(field), bytes, len);
	assert_int_equal(recording_open_memory(data, sizeof(head) + head.header_len, &rec, &e), good ? 0 : -EBADMSG);
	assert_true(good || strstr(e.text, "damaged"));
}

static void test_fields_are_checked(void **state)
{
	(void)state;
	assert_field(RECORDING_HOST, "ws-17", 5, true);
	assert_field(RECORDING_HOST, "ws\0x", 4, false);
	assert_field(RECORDING_HOME, "/home\0x", 7, false);
	assert_field(RECORDING_SOURCE, "a.yaml\0text", 11, true);
	assert_field(RECORDING_SOURCE, "a.yaml", 6, false);      /* a name without an end */
	assert_field(RECORDING_USER, "\1\0\0\0ann", 7, true);
	assert_field(RECORDING_USER, "\1\0\0", 3, false);
	assert_field(RECORDING_USER, "\1\0\0\0a\0n", 7, false);
	assert_field(99, "of a later version", 18, true);
}

/* A disk that is full after `limit` bytes: the file ends with a whole record, and stays so. */
static void test_full_disk_leaves_a_readable_recording(void **state)
{
	char name[] = "/tmp/sluice-recording-XXXXXX";
	cleanup_close int fd = mkostemp(name, O_CLOEXEC);
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	cleanup_(recording_freep) struct recording *rec = NULL;
	cleanup_fclose FILE *f = NULL;
	struct rlimit old, limit;
	struct errmsg e = { 0 };
	unsigned int cnt = 0;
	uint64_t written;
	union record r;
	int err, last;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	/* The kernel cuts a write at the limit as a full disk does. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ .rlim_cur = 200001, .rlim_max = old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(recording_writer_new(fd, &meta, &w, &e), 0);
	do
		err = recording_write(w, &r, numbered(&r, cnt++), &e);
	while (!err);
	assert_int_equal(err, -EFBIG);
	written = recording_written(w);
	assert_non_null(strstr(e.text, "whole record"));
	assert_int_equal(recording_write(w, &r, numbered(&r, cnt), &e), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	/* Room again does not help: there would be a gap. */
	assert_int_equal(recording_write(w, &r, numbered(&r, cnt), &e), -EFBIG);
	assert_int_equal(recording_flush(w, &e), -EFBIG);
	assert_int_equal(recording_written(w), written);
	lseek(fd, 0, SEEK_SET);
	f = fdopen(dup(fd), "r");
	assert_int_equal(recording_open(f, &rec, &e), 0);
	assert_int_equal(read_numbered(rec, &last, &e), written);
	assert_int_equal(last, 0);
	assert_true(written > 1000 && written < cnt);
}

static void test_a_pipe_that_closes_is_an_error(void **state)
{
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	struct errmsg e = { 0 };
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(recording_writer_new(fds[1], &meta, &w, &e), -EPIPE);
	assert_null(w);
	assert_non_null(strstr(e.text, "Broken pipe"));
	close(fds[1]);
}

static void test_writer_refuses_what_no_reader_takes(void **state)
{
	static union record r;
	cleanup_close int fd = scratch();
	cleanup_(recording_writer_freep) struct recording_writer *w = NULL;
	struct recording_meta large = meta;
	struct errmsg e = { 0 };

	(void)state;
	large.homes_cnt = RECORDING_LIST_MAX + 1;
	assert_int_equal(recording_writer_new(fd, &large, &w, &e), -E2BIG);
	assert_int_equal(recording_writer_new(fd, &meta, &w, &e), 0);
	assert_int_equal(recording_write(w, &r, SL_RECORD_MAX + 1, &e), -EINVAL);
	assert_int_equal(recording_write(w, &r, 3, &e), -EINVAL);
	rec_fork(&r, 1, &ann);
	assert_int_equal(recording_write(w, &r, SL_RECORD_MAX, &e), 0);
}

static void test_mutated_recordings_are_read_within_bounds(void **state)
{
	size_t size, opened = 0;
	cleanup_free char *data = small(8, &size);
	uint32_t seed = 42;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		cleanup_(recording_freep) struct recording *rec = NULL;
		cleanup_free char *copy = malloc(size);
		const void *record;
		size_t len;

		memcpy(copy, data, size);
		for (int i = 0; i < 1 + round % 3; i++) {
			seed = seed * 1664525 + 1013904223;
			copy[(seed >> 8) % size] = (char)(seed >> 24);
		}
		if (recording_open_memory(copy, size, &rec, NULL) < 0)
			continue;
		opened++;
		while (recording_next(rec, &record, &len, NULL) == 1)
			assert_true(len <= SL_RECORD_MAX);
	}
	assert_true(opened > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back),
		cmocka_unit_test(test_cut_anywhere_gives_the_whole_records_and_says_so),
		cmocka_unit_test(test_a_flipped_bit_in_a_record_is_seen),
		cmocka_unit_test(test_other_files_are_refused_by_name),
		cmocka_unit_test(test_fields_are_checked),
		cmocka_unit_test(test_full_disk_leaves_a_readable_recording),
		cmocka_unit_test(test_a_pipe_that_closes_is_an_error),
		cmocka_unit_test(test_writer_refuses_what_no_reader_takes),
		cmocka_unit_test(test_mutated_recordings_are_read_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
