/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: writing a recording so that whatever happens, the file ends with a whole record. What is recorded, and when
 * it is flushed, is the caller's business.
 */
#include "event/recording.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "event/recording_format.h"
#include "record.h"

/* Gathered before a write: some hundred records. */
#define GATHER 65536

struct recording_writer {
	int fd;
	int failed;           /* negative errno of the first failure */
	off_t end;            /* of the last whole record in the file; -1: not a regular file, cannot be cut back */
	uint64_t whole;       /* records in the file */
	size_t len;           /* of whole records that wait */
	char buf[GATHER];
};
_Static_assert(GATHER >= SL_RECORD_MAX + 2 * sizeof(struct recording_frame), "a record fits");

static void add_padded(struct strbuf *b, const void *bytes, size_t len)
{
	static const char zeros[8];

	strbuf_add(b, bytes, len);
	strbuf_add(b, zeros, recording_padded(len) - len);
}

static void add_field(struct strbuf *b, enum recording_tag tag, const void *bytes, size_t len)
{
	struct recording_field f = { .tag = (uint16_t)tag, .len = (uint32_t)len };

	strbuf_add(b, &f, sizeof(f));
	add_padded(b, bytes, len);
}

static void add_text(struct strbuf *b, enum recording_tag tag, const char *text)
{
	add_field(b, tag, text ? text : "", text ? strlen(text) : 0);
}

static void add_source(struct strbuf *b, const struct recording_source *s)
{
	size_t name_size = strlen(s->name) + 1;
	struct recording_field f = { .tag = RECORDING_SOURCE, .len = (uint32_t)(name_size + s->len) };
	static const char zeros[8];

	strbuf_add(b, &f, sizeof(f));
	strbuf_add(b, s->name, name_size);
	strbuf_add(b, s->text, s->len);
	strbuf_add(b, zeros, recording_padded(f.len) - f.len);
}

static void add_user(struct strbuf *b, const struct recording_user *u)
{
	struct recording_field f = { .tag = RECORDING_USER, .len = (uint32_t)(sizeof(u->uid) + strlen(u->name)) };
	static const char zeros[8];

	strbuf_add(b, &f, sizeof(f));
	strbuf_add(b, &u->uid, sizeof(u->uid));
	strbuf_adds(b, u->name);
	strbuf_add(b, zeros, recording_padded(f.len) - f.len);
}

static int build_header(struct strbuf *b, const struct recording_meta *m, struct errmsg *e)
{
	struct recording_head head = { .magic = RECORDING_MAGIC, .format = RECORDING_FORMAT, .order = RECORDING_ORDER,
				       .record_version = SL_RECORD_VERSION };

	if (m->sources_cnt > RECORDING_LIST_MAX || m->homes_cnt > RECORDING_LIST_MAX || m->users_cnt > RECORDING_LIST_MAX)
		return errmsg_set(e, -E2BIG, "cannot write the recording: more than %u policy files, homes or users",
				  RECORDING_LIST_MAX);
	for (size_t i = 0; i < m->sources_cnt; i++)
		if (m->sources[i].len > RECORDING_HEADER_MAX)
			return errmsg_set(e, -E2BIG, "cannot write the recording: the policy is too large");
	strbuf_add(b, &head, sizeof(head));
	add_text(b, RECORDING_AGENT, m->agent);
	add_text(b, RECORDING_HOST, m->host);
	add_text(b, RECORDING_BOOT_ID, m->boot_id);
	add_text(b, RECORDING_KERNEL, m->kernel);
	if (m->host_id && m->host_id[0])
		add_text(b, RECORDING_HOST_ID, m->host_id);
	for (size_t i = 0; i < m->sources_cnt; i++)
		add_source(b, &m->sources[i]);
	for (size_t i = 0; i < m->homes_cnt; i++)
		add_text(b, RECORDING_HOME, m->homes[i]);
	for (size_t i = 0; i < m->users_cnt; i++)
		add_user(b, &m->users[i]);
	if (!strbuf_ok(b))
		return errmsg_set(e, -ENOMEM, "cannot write the recording: out of memory");
	if (b->len - sizeof(head) > RECORDING_HEADER_MAX)
		return errmsg_set(e, -E2BIG, "cannot write the recording: the policy is too large");
	head.header_len = (uint32_t)(b->len - sizeof(head));
	memcpy(b->data, &head, sizeof(head));
	return 0;
}

/* Writes everything or fails; *ret_done counts what got through. */
static int write_all(int fd, const char *bytes, size_t len, size_t *ret_done)
{
	*ret_done = 0;
	while (*ret_done < len) {
		ssize_t n = write(fd, bytes + *ret_done, len - *ret_done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		*ret_done += (size_t)n;
	}
	return 0;
}

/* Remembers a failure for good, and takes back what is half written. */
static int fail(struct recording_writer *w, int err, struct errmsg *e)
{
	const char *left = "the file ends with a whole record";

	w->failed = err;
	if (w->end < 0)
		left = "what reads it may see a piece of a record";
	else if (ftruncate(w->fd, w->end) < 0)
		left = "the file may end with a piece of a record";
	return errmsg_set(e, err, "cannot write the recording: %s: %llu records were written, %s", strerror(-err),
			  (unsigned long long)w->whole, left);
}

int recording_writer_new(int fd, const struct recording_meta *meta, struct recording_writer **ret, struct errmsg *e)
{
	cleanup_(recording_writer_freep) struct recording_writer *w = calloc(1, sizeof(*w));
	struct strbuf b = STRBUF_INIT;
	struct stat st;
	size_t done;
	int r;

	if (!w)
		return errmsg_set(e, -ENOMEM, "cannot write the recording: out of memory");
	w->fd = fd;
	w->end = !fstat(fd, &st) && S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	r = build_header(&b, meta, e);
	if (!r) {
		r = write_all(fd, strbuf_str(&b), b.len, &done);
		if (r < 0)
			fail(w, r, e);
		else if (w->end >= 0)
			w->end += (off_t)b.len;
	}
	strbuf_done(&b);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

void recording_writer_free(struct recording_writer *w)
{
	free(w);
}

static size_t frame_len(size_t size)
{
	return sizeof(struct recording_frame) + recording_padded(size);
}

/* Of the first `done` bytes of the buffer, counts the records that are whole. */
static void settle(struct recording_writer *w, size_t done)
{
	struct recording_frame f;
	size_t at = 0;

	while (at < done) {
		memcpy(&f, w->buf + at, sizeof(f));
		if (frame_len(f.size) > done - at)
			break;
		at += frame_len(f.size);
		w->whole++;
	}
	if (w->end >= 0)
		w->end += (off_t)at;
}

int recording_flush(struct recording_writer *w, struct errmsg *e)
{
	size_t done;
	int r;

	if (w->failed)
		return fail(w, w->failed, e);
	r = write_all(w->fd, w->buf, w->len, &done);
	settle(w, done);
	w->len = 0;
	return r < 0 ? fail(w, r, e) : 0;
}

int recording_write(struct recording_writer *w, const void *record, size_t size, struct errmsg *e)
{
	struct recording_frame f = { .size = (uint32_t)size };

	if (size < sizeof(struct sl_hdr) || size > SL_RECORD_MAX)
		return errmsg_set(e, -EINVAL, "cannot write the recording: a record of %zu bytes", size);
	if (w->failed || frame_len(size) > sizeof(w->buf) - w->len) {
		int r = recording_flush(w, e);

		if (r < 0)
			return r;
	}
	f.sum = recording_sum(record, size);
	memcpy(w->buf + w->len, &f, sizeof(f));
	memcpy(w->buf + w->len + sizeof(f), record, size);
	memset(w->buf + w->len + sizeof(f) + size, 0, recording_padded(size) - size);
	w->len += frame_len(size);
	return 0;
}

uint64_t recording_written(const struct recording_writer *w)
{
	return w->whole;
}
