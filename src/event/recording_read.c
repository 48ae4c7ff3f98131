/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: reading a recording that may come from anywhere. Checks the frame of each record and nothing in it: that is
 * decode's business, which sees every byte again.
 */
#include "event/recording.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "event/recording_format.h"
#include "record.h"

struct recording {
	FILE *file;               /* NULL: from memory */
	const char *mem;
	size_t mem_left;
	uint64_t good;            /* whole records so far */
	int ended;                /* 0, or what every further call returns: 1 at the end, else a negative errno */
	char *header;             /* owned; the strings of meta point into it */
	struct recording_meta meta;
	struct recording_source *sources;
	const char **homes;
	struct recording_user *users;
	_Alignas(8) char buf[SL_RECORD_MAX + 8];
};

/* Reads up to len bytes; fewer only at the end. Negative errno on failure. */
static ssize_t take(struct recording *r, void *buf, size_t len)
{
	size_t n;

	if (r->file) {
		errno = 0;
		n = fread(buf, 1, len, r->file);
		return !ferror(r->file) ? (ssize_t)n : errno ? -errno : -EIO;
	}
	n = len < r->mem_left ? len : r->mem_left;
	if (n)
		memcpy(buf, r->mem, n);
	r->mem += n;
	r->mem_left -= n;
	return (ssize_t)n;
}

void recording_free(struct recording *r)
{
	if (!r)
		return;
	free(r->header);
	free(r->sources);
	free(r->homes);
	free(r->users);
	free(r);
}

static int read_head(struct recording *r, struct recording_head *head, struct errmsg *e)
{
	ssize_t n = take(r, head, sizeof(*head));

	if (n < 0)
		return errmsg_set(e, (int)n, "cannot read the recording: %s", strerror((int)-n));
	if (n < RECORDING_MAGIC_LEN || memcmp(head->magic, RECORDING_MAGIC, RECORDING_MAGIC_LEN) != 0)
		return errmsg_set(e, -EBADMSG, "not a recording: it does not begin with \"SLUICEREC\"");
	if ((size_t)n < sizeof(*head))
		return errmsg_set(e, -EBADMSG, "the recording is cut off within its first bytes");
	if (head->order != RECORDING_ORDER)
		return errmsg_set(e, -EPROTONOSUPPORT,
				  "the recording was made on a host of another byte order: replay it on one like it");
	if (head->format != RECORDING_FORMAT || head->record_version != SL_RECORD_VERSION)
		return errmsg_set(e, -EPROTONOSUPPORT,
				  "the recording has format %u, records %u; this program reads format %u, records %u: "
				  "use the program that made it",
				  head->format, head->record_version, RECORDING_FORMAT, SL_RECORD_VERSION);
	if (head->header_len > RECORDING_HEADER_MAX || head->header_len % 8)
		return errmsg_set(e, -EBADMSG, "the recording is damaged: a header of %u bytes", head->header_len);
	return 0;
}

/* A header is read as it comes: what the file claims to hold is not allocated before it is there. */
static int read_header(struct recording *r, size_t len, struct errmsg *e)
{
	size_t have = 0, size = 0;

	while (have < len || !r->header) {
		size_t more = size ? size * 2 : 65536;
		char *data;
		ssize_t n;

		if (more > len)
			more = len;
		data = realloc(r->header, more + 1);
		if (!data)
			return errmsg_set(e, -ENOMEM, "cannot read the recording: out of memory");
		r->header = data;
		size = more;
		n = take(r, r->header + have, size - have);
		if (n < 0)
			return errmsg_set(e, (int)n, "cannot read the recording: %s", strerror((int)-n));
		if ((size_t)n < size - have)
			return errmsg_set(e, -EBADMSG, "the recording is cut off within its header");
		have = size;
	}
	r->header[len] = '\0';
	return 0;
}

/* Makes room for one more in a list of the meta data. */
static bool grow(void *list, size_t cnt, size_t each)
{
	void **v = list, *more;

	if (cnt >= RECORDING_LIST_MAX)
		return false;
	/* Doubles whenever the count is a power of two. */
	if (cnt & (cnt - 1))
		return true;
	more = reallocarray(*v, cnt ? cnt * 2 : 1, each);
	if (!more)
		return false;
	*v = more;
	return true;
}

static bool take_source(struct recording *r, char *bytes, size_t len)
{
	size_t name = strnlen(bytes, len);

	if (name == len || !grow(&r->sources, r->meta.sources_cnt, sizeof(*r->sources)))
		return false;
	r->sources[r->meta.sources_cnt++] = (struct recording_source){ .name = bytes, .text = bytes + name + 1,
								       .len = len - name - 1 };
	return true;
}

static bool take_user(struct recording *r, char *bytes, size_t len)
{
	struct recording_user u;

	if (len < sizeof(u.uid) || strnlen(bytes + sizeof(u.uid), len - sizeof(u.uid)) != len - sizeof(u.uid) ||
	    !grow(&r->users, r->meta.users_cnt, sizeof(*r->users)))
		return false;
	memcpy(&u.uid, bytes, sizeof(u.uid));
	u.name = bytes + sizeof(u.uid);
	r->users[r->meta.users_cnt++] = u;
	return true;
}

/* One text, given once. */
static bool take_text(const char **at, const char *bytes, size_t len)
{
	if (**at || strnlen(bytes, len) != len)
		return false;
	*at = bytes;
	return true;
}

static bool take_home(struct recording *r, const char *bytes, size_t len)
{
	if (strnlen(bytes, len) != len || !grow(&r->homes, r->meta.homes_cnt, sizeof(*r->homes)))
		return false;
	r->homes[r->meta.homes_cnt++] = bytes;
	return true;
}

static bool take_field(struct recording *r, unsigned int tag, char *bytes, size_t len)
{
	switch (tag) {
	case RECORDING_AGENT:
		return take_text(&r->meta.agent, bytes, len);
	case RECORDING_HOST:
		return take_text(&r->meta.host, bytes, len);
	case RECORDING_BOOT_ID:
		return take_text(&r->meta.boot_id, bytes, len);
	case RECORDING_KERNEL:
		return take_text(&r->meta.kernel, bytes, len);
	case RECORDING_HOST_ID:
		return take_text(&r->meta.host_id, bytes, len);
	case RECORDING_SOURCE:
		return take_source(r, bytes, len);
	case RECORDING_HOME:
		return take_home(r, bytes, len);
	case RECORDING_USER:
		return take_user(r, bytes, len);
	default:
		return true;
	}
}

/* The fields' bytes are moved down by one, over the zero behind the length before them, to make room for a NUL. */
static int parse_header(struct recording *r, size_t len, struct errmsg *e)
{
	size_t at = 0;

	r->meta = (struct recording_meta){ .agent = "", .host = "", .boot_id = "", .kernel = "", .host_id = "" };
	while (at < len) {
		struct recording_field f;
		char *bytes = r->header + at + sizeof(f) - 1;

		/* Lengths are multiples of 8, so the head of a field is always there. */
		memcpy(&f, r->header + at, sizeof(f));
		at += sizeof(f);
		if (f.len > len - at)
			return errmsg_set(e, -EBADMSG, "the recording is damaged: a field longer than its header");
		memmove(bytes, bytes + 1, f.len);
		bytes[f.len] = '\0';
		if (!take_field(r, f.tag, bytes, f.len))
			return errmsg_set(e, -EBADMSG,
					  "the recording is damaged: a bad field of kind %u in its header, or too many of them",
					  f.tag);
		at += recording_padded(f.len);
	}
	r->meta.sources = r->sources;
	r->meta.homes = r->homes;
	r->meta.users = r->users;
	return 0;
}

static int open_any(struct recording *fresh, struct recording **ret, struct errmsg *e)
{
	cleanup_(recording_freep) struct recording *r = fresh;
	struct recording_head head;
	int n;

	n = read_head(r, &head, e);
	if (n < 0)
		return n;
	n = read_header(r, head.header_len, e);
	if (n < 0)
		return n;
	n = parse_header(r, head.header_len, e);
	if (n < 0)
		return n;
	*ret = take_ptr(r);
	return 0;
}

int recording_open(FILE *f, struct recording **ret, struct errmsg *e)
{
	struct recording *r = calloc(1, sizeof(*r));

	if (!r)
		return errmsg_set(e, -ENOMEM, "cannot read the recording: out of memory");
	r->file = f;
	return open_any(r, ret, e);
}

int recording_open_memory(const void *data, size_t size, struct recording **ret, struct errmsg *e)
{
	struct recording *r = calloc(1, sizeof(*r));

	if (!r)
		return errmsg_set(e, -ENOMEM, "cannot read the recording: out of memory");
	r->mem = data;
	r->mem_left = size;
	return open_any(r, ret, e);
}

const struct recording_meta *recording_meta(const struct recording *r)
{
	return &r->meta;
}

static int bad(struct recording *r, int err, struct errmsg *e, const char *what)
{
	r->ended = err;
	return errmsg_set(e, err, "%s after %llu whole records", what, (unsigned long long)r->good);
}

int recording_next(struct recording *r, const void **ret, size_t *ret_size, struct errmsg *e)
{
	struct recording_frame f;
	size_t padded;
	ssize_t n;

	if (r->ended)
		return r->ended > 0 ? 0 : bad(r, r->ended, e, "the recording cannot be read on");
	n = take(r, &f, sizeof(f));
	if (n < 0)
		return bad(r, (int)n, e, "reading the recording failed");
	if (!n) {
		r->ended = 1;
		return 0;
	}
	if ((size_t)n < sizeof(f))
		return bad(r, -EBADMSG, e, "the recording is cut off");
	if (f.size < sizeof(struct sl_hdr) || f.size > SL_RECORD_MAX)
		return bad(r, -EBADMSG, e, "the recording is damaged: a record of an impossible size follows");
	padded = recording_padded(f.size);
	n = take(r, r->buf, padded);
	if (n < 0)
		return bad(r, (int)n, e, "reading the recording failed");
	if ((size_t)n < padded)
		return bad(r, -EBADMSG, e, "the recording is cut off");
	if (recording_sum(r->buf, f.size) != f.sum)
		return bad(r, -EBADMSG, e, "the recording is damaged");
	r->good++;
	*ret = r->buf;
	*ret_size = f.size;
	return 1;
}
