/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the check of one record, byte by byte, before anybody believes it. Allocates nothing, keeps nothing: the
 * views it returns point into the caller's bytes. What a record means is the business of later stages.
 */
#include "event/decode.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "event/kinds.h"
#include "hello.h"
#include "policy_map.h"

#define STR_FLAGS (SL_STR_TRUNCATED | SL_STR_PLAIN | SL_STR_UNRESOLVED | SL_STR_MISSING | SL_STR_FOLDS | SL_STR_DOS | \
		   SL_STR_UNPROVED)
#define ACCESS_BITS (SL_ACCESS_READ | SL_ACCESS_WRITE | SL_ACCESS_EXEC | SL_ACCESS_PATH)

/* A user name is at most this long (LOGIN_NAME_MAX without its NUL). */
#define USER_NAME_MAX 255
#define AGENT_TEXT_MAX 1024    /* a line of the agent about itself */

/* Takes `len` bytes off the cursor. False: more than there are, more than the limit, or flags that nobody sets. */
static bool take_view(struct cursor *c, size_t len, size_t max, unsigned int flags, struct view *ret)
{
	if (len > max || len > c->left || (flags & ~(unsigned int)STR_FLAGS))
		return false;
	*ret = (struct view){ .data = len ? c->at : "", .len = (uint32_t)len, .flags = flags };
	c->at += len;
	c->left -= len;
	return true;
}

static bool who_ok(const struct sl_who *w)
{
	return w->tgid && w->tgid < SL_PID_LIMIT && w->tid && w->tid < SL_PID_LIMIT && w->ppid < SL_PID_LIMIT &&
	       w->session_pid < SL_PID_LIMIT && w->tool < SL_TOOLS_MAX && w->exe_set < SL_EXE_SETS_MAX;
}

bool decode_exec(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_exec *r = data;

	ev->exec = r;
	ev->who = &r->who;
	if (!who_ok(&r->who) || r->parent_session_pid >= SL_PID_LIMIT || r->parent_tool >= SL_TOOLS_MAX)
		return false;
	if (r->origin < SL_EXEC_ORIGIN_EXEC || r->origin > SL_EXEC_ORIGIN_STRANGER || r->evidence >= _SL_EVID_MAX ||
	    r->new_session > 1 || r->mode >= SL_MODES)
		return false;
	return take_view(c, r->exe_len, SL_PATH_MAX, r->exe_flags, &ev->exe) &&
	       take_view(c, r->cwd_len, SL_PATH_MAX, r->cwd_flags, &ev->cwd) &&
	       take_view(c, r->argv_len, SL_ARGV_MAX, r->argv_flags, &ev->argv) &&
	       take_view(c, r->cgroup_len, SL_CGROUP_PATH_LEN, 0, &ev->cgroup) &&
	       take_view(c, r->tty_len, SL_TTY_LEN, 0, &ev->tty);
}

bool decode_file(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_file *r = data;

	ev->file = r;
	ev->who = &r->who;
	if (!who_ok(&r->who) || r->set >= SL_SETS_MAX || r->rule > SL_RULES_MAX || r->action > SL_ACTION_BLOCK ||
	    r->taken > SL_TAKEN_KILLED || r->by >= _SL_BY_MAX || r->reader >= SL_READERS || r->access & ~ACCESS_BITS ||
	    r->by_inode > 1 || r->came > SL_CAME_EXECUTED || r->excepted > 1)
		return false;
	return take_view(c, r->path_len, SL_PATH_MAX, r->path_flags, &ev->path);
}

bool decode_net(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_net *r = data;

	(void)c;
	ev->net = r;
	ev->who = &r->who;
	ev->netns = r->netns;
	if (r->op == SL_NET_SOCKET_MADE ? r->family || !r->port || r->port >= _SL_SOCKET_MAX : r->family != 4 && r->family != 6)
		return false;
	return who_ok(&r->who) && r->op >= SL_NET_CONNECT && r->op <= SL_NET_SOCKET_MADE && r->taken <= SL_TAKEN_CUT &&
	       r->by < _SL_BY_MAX;
}

bool decode_verdict(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_verdict *r = data;

	/* Whoever asks for a connection gets one, whichever way it was judged. */
	ev->kind = SL_REC_NET;
	ev->decided = r->decided ? r : NULL;
	return decode_net(&r->net, c, ev) && r->decided <= 1 && r->rule <= SL_RULES_MAX && r->set < SL_SETS_MAX &&
	       r->action <= SL_ACTION_BLOCK && r->names <= SL_NET_NAMES;
}

bool decode_inspect(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_inspect *r = data;

	ev->inspect = r;
	ev->who = &r->who;
	if (!who_ok(&r->who) || !r->target_tgid || r->target_tgid >= SL_PID_LIMIT || r->target_session_pid >= SL_PID_LIMIT ||
	    r->target_tool >= SL_TOOLS_MAX || r->rule > SL_RULES_MAX || r->object >= SL_PEER_INSPECTS ||
	    r->how < SL_HOW_PROC_ENVIRON || r->how > SL_HOW_OTHER || r->action > SL_ACTION_BLOCK ||
	    r->taken > SL_TAKEN_KILLED || r->by >= _SL_BY_MAX)
		return false;
	return take_view(c, r->exe_len, SL_PATH_MAX, r->exe_flags, &ev->exe);
}

bool decode_broker(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_broker *r = data;

	ev->broker = r;
	ev->who = &r->who;
	if (!who_ok(&r->who) || r->peer_tgid >= SL_PID_LIMIT || r->set >= SL_SETS_MAX || r->rule > SL_RULES_MAX ||
	    r->type < SL_BROKER_STREAM || r->type > SL_BROKER_SPOOL || r->action > SL_ACTION_BLOCK ||
	    r->taken > SL_TAKEN_KILLED || r->by >= _SL_BY_MAX || r->abstract > 1)
		return false;
	return take_view(c, r->path_len, SL_PATH_MAX, r->path_flags, &ev->path);
}

bool decode_dns(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_dns *r = data;

	ev->dns = r;
	if (r->session_pid >= SL_PID_LIMIT || r->tgid >= SL_PID_LIMIT)
		return false;
	return take_view(c, r->payload_len, SL_DNS_MAX, r->flags, &ev->payload);
}

bool decode_user(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_user *r = data;

	ev->user = r;
	return take_view(c, r->name_len, USER_NAME_MAX, 0, &ev->name);
}

bool decode_agent(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_agent *r = data;

	ev->agent = r;
	if (r->what < SL_AGENT_START || r->what > SL_AGENT_HOOKS)
		return false;
	return take_view(c, r->text_len, AGENT_TEXT_MAX, 0, &ev->text);
}

bool decode_sent(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_sent *r = data;

	(void)c;
	ev->sent = r;
	ev->who = &r->who;
	ev->netns = r->netns;
	return who_ok(&r->who) && (r->family == 4 || r->family == 6) && r->cut <= 1 && r->read_ns <= r->first_ns &&
	       r->first_ns <= r->hdr.time_ns;
}

bool decode_guard(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_guard *r = data;

	ev->guard = r;
	ev->who = &r->who;
	if (!who_ok(&r->who) || !r->what || r->what >= _SL_GUARD_MAX || r->taken > SL_TAKEN_KILLED || r->by >= _SL_BY_MAX)
		return false;
	return take_view(c, r->path_len, SL_PATH_MAX, r->path_flags, &ev->path);
}

/* Flags and a server's name, or what a proxy was asked for. */
static bool hello_ok(unsigned int flags, size_t name_len)
{
	if (flags & SL_HELLO_ADDR && (!(flags & SL_HELLO_PROXY) || (name_len != 4 && name_len != 16)))
		return false;
	if (flags & SL_HELLO_INNER && (!(flags & SL_HELLO_PROXY) || flags & SL_HELLO_ADDR))
		return false;
	return !(flags & ~(unsigned int)SL_HELLO_FLAGS) && name_len <= SL_HOST_MAX && (!name_len || flags & SL_HELLO_NAME);
}

bool decode_hello(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_hello *r = data;

	ev->hello = r;
	ev->who = &r->who;
	ev->netns = r->netns;
	if (!who_ok(&r->who) || (r->family != 4 && r->family != 6) || r->rule > SL_RULES_MAX || r->set >= SL_SETS_MAX ||
	    r->action > SL_ACTION_BLOCK || (r->taken != SL_TAKEN_NONE && r->taken != SL_TAKEN_CUT) || r->decided > 1 ||
	    r->again > 1 || !hello_ok(r->hello_flags, r->name_len))
		return false;
	return take_view(c, r->name_len, SL_HOST_MAX, 0, &ev->name);
}

bool decode_flow(const void *data, struct cursor *c, struct event *ev)
{
	const struct sl_rec_flow *r = data;

	ev->flow = r;
	ev->who = &r->who;
	ev->netns = r->netns;
	if (!who_ok(&r->who) || (r->family != 4 && r->family != 6) || r->flags & ~(__u32)SL_FLOW_FLAGS ||
	    !hello_ok(r->hello_flags, r->name_len))
		return false;
	return take_view(c, r->name_len, SL_HOST_MAX, 0, &ev->name);
}

bool decode_fork(const void *data, struct cursor *c, struct event *ev)
{
	(void)c;
	ev->fork = data;
	ev->who = &ev->fork->who;
	return who_ok(ev->who);
}

bool decode_exit(const void *data, struct cursor *c, struct event *ev)
{
	(void)c;
	ev->exit = data;
	ev->who = &ev->exit->who;
	return who_ok(ev->who);
}

bool decode_loss(const void *data, struct cursor *c, struct event *ev)
{
	(void)c;
	ev->loss = data;
	return ev->loss->reason < _SL_LOSS_MAX;
}

bool decode_clock(const void *data, struct cursor *c, struct event *ev)
{
	(void)c;
	ev->clock = data;
	return true;
}

int decode_record(const void *data, size_t size, struct event *ret)
{
	static const struct view nothing = { .data = "" };
	const struct sl_hdr *hdr = data;
	struct event ev = { .exe = nothing, .cwd = nothing, .argv = nothing, .cgroup = nothing, .tty = nothing,
			    .path = nothing, .payload = nothing, .name = nothing, .text = nothing };
	const struct event_kind *kind;
	struct cursor rest;

	assert((uintptr_t)data % 8 == 0);
	if (size < sizeof(*hdr) || size > SL_RECORD_MAX || hdr->size != size)
		return -EBADMSG;
	if (hdr->version != SL_RECORD_VERSION)
		return -EPROTONOSUPPORT;
	ev.kind = (enum sl_kind)hdr->kind;
	ev.time_ns = hdr->time_ns;
	kind = event_kind(hdr->kind);
	if (!kind)
		return -EPROTONOSUPPORT;
	if (size < kind->size)
		return -EBADMSG;
	rest = (struct cursor){ .at = (const char *)data + kind->size, .left = size - kind->size };
	if (!kind->decode(data, &rest, &ev) || rest.left)
		return -EBADMSG;
	*ret = ev;
	return 0;
}

/* What stands for the part of a path that is not there. */
#define MARK "..."
#define MARK_LEN 3

static size_t put_plain(struct view path, char *buf, size_t size)
{
	bool cut = path.flags & SL_STR_UNRESOLVED, more = path.flags & SL_STR_TRUNCATED;
	const char *text = path.data;
	size_t len = path.len, room = size - 1 - (more ? MARK_LEN : 0), at = 0;

	if (len + (cut ? MARK_LEN : 0) > room) {
		cut = true;
		text += len - (room - MARK_LEN);
		len = room - MARK_LEN;
	}
	if (cut) {
		memcpy(buf, MARK, MARK_LEN);
		at = MARK_LEN;
	}
	memcpy(buf + at, text, len);
	at += len;
	/* Of a text in ordinary order the end is what the limit cut off. */
	if (more) {
		memcpy(buf + at, MARK, MARK_LEN);
		at += MARK_LEN;
	}
	buf[at] = '\0';
	return at;
}

/*
 * Components are written from the end of buf towards its start, so that the leaf is what survives in a buffer that
 * is too small: a path without its leaf names nothing.
 */
static size_t put_leaf_first(struct view path, char *buf, size_t size)
{
	const char *at = path.data, *end = path.data + path.len;
	bool cut = path.flags & (SL_STR_TRUNCATED | SL_STR_UNRESOLVED);
	size_t begin = size - 1;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t len = (size_t)((slash ? slash : end) - at);

		/* A cut path may end within a component: a piece of a name is not a name. */
		if (!slash && path.flags & SL_STR_TRUNCATED)
			break;
		if (MARK_LEN + 1 + len > begin) {
			cut = true;
			break;
		}
		begin -= len;
		memcpy(buf + begin, at, len);
		buf[--begin] = '/';
		at += len + 1;
	}
	if (begin == size - 1)
		buf[--begin] = '/';
	if (cut) {
		begin -= MARK_LEN;
		memcpy(buf + begin, MARK, MARK_LEN);
	}
	memmove(buf, buf + begin, size - 1 - begin);
	buf[size - 1 - begin] = '\0';
	return size - 1 - begin;
}

size_t decode_path(struct view path, char *buf, size_t size)
{
	if (size)
		buf[0] = '\0';
	/* Less than this holds no mark beside a name; nobody asks for it. */
	if (size < 2 * MARK_LEN + 2 || path.flags & SL_STR_MISSING)
		return 0;
	return path.flags & SL_STR_PLAIN ? put_plain(path, buf, size) : put_leaf_first(path, buf, size);
}
