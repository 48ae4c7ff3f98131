/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what sessions have read (bpf/memory.h), for people, and its end: by an administrator, or with the session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/internal.h"
#include "kernel/pins.h"

static bool same(const struct sl_session *a, uint64_t ns, uint32_t pid)
{
	return a->ns == ns && a->pid == pid;
}

/* The outermost session around one, itself if no process of it is left. */
static struct sl_session outermost(int labels, const struct sl_session *session)
{
	struct sl_label label;
	uint32_t tgid, last;
	int err = bpf_map_get_next_key(labels, NULL, &tgid);

	for (; !err; err = bpf_map_get_next_key(labels, &last, &tgid)) {
		if (!bpf_map_lookup_elem(labels, &tgid, &label) && same(session, label.session_ns, label.session_pid))
			return (struct sl_session){ .ns = label.root_ns, .pid = label.root_pid };
		last = tgid;
	}
	return *session;
}

int pins_clear_session(const struct pins *p, uint64_t ns, uint32_t pid)
{
	struct sl_session session = { .ns = ns, .pid = pid }, root = outermost(p->fd[PIN_LABELS], &session);

	return bpf_map_delete_elem(p->fd[PIN_MEMORY], &root) ? -errno : 0;
}

int pins_label(const struct pins *p, uint32_t tgid, struct sl_label *ret)
{
	return bpf_map_lookup_elem(p->fd[PIN_LABELS], &tgid, ret) ? -errno : 0;
}

int kernel_in_session(struct kernel *k, uint32_t tgid)
{
	struct sl_label label;

	if (!bpf_map_lookup_elem(bpf_map__fd(k->skel->maps.labels), &tgid, &label))
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int pins_memory(const struct pins *p, const struct sl_label *label, struct sl_memory *ret)
{
	struct sl_session root = { .ns = label->root_ns, .pid = label->root_pid };

	return bpf_map_lookup_elem(p->fd[PIN_MEMORY], &root, ret) ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	const struct sl_session *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Outermost sessions of all labelled processes, sorted. -ENOMEM. */
static int living(int labels, struct sl_session **ret, size_t *ret_cnt)
{
	cleanup_free struct sl_session *v = NULL;
	size_t cnt = 0, room = 0;
	struct sl_label label;
	uint32_t tgid, last;
	int err = bpf_map_get_next_key(labels, NULL, &tgid);

	for (; !err && cnt < SL_PID_LIMIT; err = bpf_map_get_next_key(labels, &last, &tgid)) {
		last = tgid;
		if (bpf_map_lookup_elem(labels, &tgid, &label) || !label.tool)
			continue;
		if (cnt == room) {
			struct sl_session *grown = reallocarray(v, room = room ? room * 2 : 64, sizeof(*v));

			if (!grown)
				return -ENOMEM;
			take_ptr(v); /* reallocarray() has it */
			v = grown;
		}
		v[cnt++] = (struct sl_session){ .ns = label.root_ns, .pid = label.root_pid };
	}
	if (cnt)
		qsort(v, cnt, sizeof(*v), compare);
	*ret = take_ptr(v);
	*ret_cnt = cnt;
	return 0;
}

void kernel_tidy(struct kernel *k)
{
	int fd = bpf_map__fd(k->skel->maps.memory);
	cleanup_free struct sl_session *alive = NULL;
	struct sl_session key, next;
	size_t cnt = 0;
	int err = bpf_map_get_next_key(fd, NULL, &next);

	if (err || living(bpf_map__fd(k->skel->maps.labels), &alive, &cnt))
		return;
	for (unsigned int i = 0; !err && i < SL_SESSIONS_REMEMBERED; i++) {
		key = next;
		err = bpf_map_get_next_key(fd, &key, &next);
		if (!cnt || !bsearch(&key, alive, cnt, sizeof(key), compare))
			bpf_map_delete_elem(fd, &key);
	}
}
