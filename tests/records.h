/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Makes wire records for tests, the way the kernel side makes them: paths leaf first. Each function fills a record
 * in the caller's buffer and returns its size.
 */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "hello.h"
#include "policy_map.h"
#include "record.h"

#define MAYBE_UNUSED __attribute__((unused))
#define SECOND 1000000000ull
#define MSEC 1000000ull

union record {
	_Alignas(8) char bytes[SL_RECORD_MAX];
	struct sl_hdr hdr;
	struct sl_rec_exec exec;
	struct sl_rec_fork fork;
	struct sl_rec_exit exit;
	struct sl_rec_file file;
	struct sl_rec_net net;
	struct sl_rec_verdict verdict;
	struct sl_rec_dns dns;
	struct sl_rec_loss loss;
	struct sl_rec_clock clock;
	struct sl_rec_user user;
	struct sl_rec_agent agent;
	struct sl_rec_inspect inspect;
	struct sl_rec_broker broker;
	struct sl_rec_guard guard;
	struct sl_rec_sent sent;
	struct sl_rec_hello hello;
	struct sl_rec_flow flow;
};

/* A process as its records tell it. session_pid 0: outside every session. */
struct who {
	uint32_t tgid, ppid, uid;
	uint64_t start_ns, session_ns;
	uint32_t session_pid;
	uint16_t tool;
	const char *comm;
};

static MAYBE_UNUSED size_t rec_begin(union record *r, enum sl_kind kind, size_t fixed, uint64_t time_ns)
{
	memset(r, 0, fixed);
	r->hdr = (struct sl_hdr){ .kind = (uint16_t)kind, .version = SL_RECORD_VERSION, .size = (uint32_t)fixed,
				  .time_ns = time_ns };
	return fixed;
}

static MAYBE_UNUSED size_t rec_bytes(union record *r, const void *bytes, size_t len)
{
	assert(r->hdr.size + len <= sizeof(*r));
	if (len)
		memcpy(r->bytes + r->hdr.size, bytes, len);
	r->hdr.size += (uint32_t)len;
	return len;
}

/* "/home/ann/.env" as ".env/ann/home/". */
static MAYBE_UNUSED size_t rec_path(union record *r, const char *path)
{
	const char *end = path + strlen(path);
	size_t len = 0;

	while (end > path) {
		const char *slash = end;

		while (slash > path && slash[-1] != '/')
			slash--;
		if (slash < end) {
			len += rec_bytes(r, slash, (size_t)(end - slash));
			len += rec_bytes(r, "/", 1);
		}
		end = slash > path ? slash - 1 : path;
	}
	return len;
}

static MAYBE_UNUSED void rec_who(struct sl_who *w, const struct who *from)
{
	*w = (struct sl_who){ .tgid = from->tgid, .tid = from->tgid, .ppid = from->ppid, .uid = from->uid,
			      .start_ns = from->start_ns, .session_ns = from->session_ns,
			      .session_pid = from->session_pid, .tool = from->tool };
	if (from->comm)
		memcpy(w->comm, from->comm, strnlen(from->comm, SL_COMM_LEN));
}

/* argv: bytes with their NULs, argv_len of them. */
static MAYBE_UNUSED size_t rec_exec(union record *r, uint64_t time_ns, const struct who *who, const char *exe, const char *cwd,
				    const char *argv, size_t argv_len)
{
	rec_begin(r, SL_REC_EXEC, sizeof(r->exec), time_ns);
	rec_who(&r->exec.who, who);
	r->exec.origin = SL_EXEC_ORIGIN_EXEC;
	r->exec.evidence = who->session_pid ? SL_EVID_INHERITED : SL_EVID_NONE;
	if (who->session_pid && who->session_pid == who->tgid && who->session_ns == time_ns) {
		r->exec.new_session = 1;
		r->exec.evidence = SL_EVID_EXE;
		r->exec.mode = SL_MODE_SELF;
	}
	r->exec.exe_len = (uint16_t)rec_path(r, exe);
	r->exec.cwd_len = (uint16_t)rec_path(r, cwd);
	r->exec.argv_len = (uint16_t)rec_bytes(r, argv, argv_len);
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_fork(union record *r, uint64_t time_ns, const struct who *who)
{
	rec_begin(r, SL_REC_FORK, sizeof(r->fork), time_ns);
	rec_who(&r->fork.who, who);
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_exit(union record *r, uint64_t time_ns, const struct who *who)
{
	rec_begin(r, SL_REC_EXIT, sizeof(r->exit), time_ns);
	rec_who(&r->exit.who, who);
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_file(union record *r, uint64_t time_ns, const struct who *who, const char *path, uint16_t set,
				    uint16_t rule, uint8_t action)
{
	rec_begin(r, SL_REC_FILE, sizeof(r->file), time_ns);
	rec_who(&r->file.who, who);
	r->file.set = set;
	r->file.rule = rule;
	r->file.action = action;
	r->file.by = SL_BY_LSM;
	r->file.access = SL_ACCESS_READ;
	r->file.path_len = (uint16_t)rec_path(r, path);
	return r->hdr.size;
}

/* path NULL: none. */
static MAYBE_UNUSED size_t rec_guard(union record *r, uint64_t time_ns, const struct who *who, uint16_t what, uint32_t detail,
				     const char *path)
{
	rec_begin(r, SL_REC_GUARD, sizeof(r->guard), time_ns);
	rec_who(&r->guard.who, who);
	r->guard.what = what;
	r->guard.detail = detail;
	r->guard.taken = SL_TAKEN_DENIED;
	r->guard.by = SL_BY_LSM;
	r->guard.path_flags = SL_STR_UNRESOLVED;
	r->guard.path_len = path ? (uint16_t)rec_path(r, path) : 0;
	return r->hdr.size;
}

/* addr: four bytes of an IPv4 address. */
static MAYBE_UNUSED size_t rec_net(union record *r, uint64_t time_ns, const struct who *who, const uint8_t addr[4], uint16_t port)
{
	rec_begin(r, SL_REC_NET, sizeof(r->net), time_ns);
	rec_who(&r->net.who, who);
	memcpy(r->net.addr, addr, 4);
	r->net.family = 4;
	r->net.port = port;
	r->net.proto = 6;
	r->net.op = SL_NET_CONNECT;
	r->net.by = SL_BY_CGROUP;
	return r->hdr.size;
}

/* The same, judged in the kernel: no name told. */
static MAYBE_UNUSED size_t rec_verdict(union record *r, uint64_t time_ns, const struct who *who, const uint8_t addr[4], uint16_t port,
				       uint16_t rule, uint8_t action)
{
	rec_net(r, time_ns, who, addr, port);
	memset(&r->verdict.rule, 0, sizeof(r->verdict) - sizeof(r->verdict.net));
	r->hdr.kind = SL_REC_VERDICT;
	r->hdr.size = sizeof(r->verdict);
	r->verdict.rule = rule;
	r->verdict.action = action;
	r->verdict.decided = 1;
	return r->hdr.size;
}

/* A flow of `who` named its server; the kernel judged that by `rule`. */
static MAYBE_UNUSED size_t rec_hello(union record *r, uint64_t time_ns, const struct who *who, const uint8_t addr[4], const char *name,
				     uint16_t rule, uint8_t action)
{
	rec_begin(r, SL_REC_HELLO, sizeof(r->hello), time_ns);
	rec_who(&r->hello.who, who);
	memcpy(r->hello.addr, addr, 4);
	r->hello.family = 4;
	r->hello.port = 443;
	r->hello.proto = 6;
	r->hello.cookie = 77;
	r->hello.rule = rule;
	r->hello.action = action;
	r->hello.decided = 1;
	r->hello.hello_flags = SL_HELLO_TLS | (*name ? SL_HELLO_NAME : 0);
	r->hello.name_len = (uint16_t)rec_bytes(r, name, strlen(name));
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_flow(union record *r, uint64_t time_ns, const struct who *who, const uint8_t addr[4], const char *name,
				    uint64_t sent, uint64_t received)
{
	rec_begin(r, SL_REC_FLOW, sizeof(r->flow), time_ns);
	rec_who(&r->flow.who, who);
	memcpy(r->flow.addr, addr, 4);
	r->flow.family = 4;
	r->flow.port = 443;
	r->flow.proto = 6;
	r->flow.cookie = 77;
	r->flow.first_ns = time_ns - SECOND;
	r->flow.last_ns = time_ns;
	r->flow.sent_bytes = sent;
	r->flow.received_bytes = received;
	r->flow.hello_flags = SL_HELLO_TLS | (*name ? SL_HELLO_NAME : 0);
	r->flow.name_len = (uint16_t)rec_bytes(r, name, strlen(name));
	return r->hdr.size;
}

/* The hello at hand becomes a request to a proxy, for a name or (4 or 16 bytes) an address. */
static MAYBE_UNUSED size_t rec_asks(union record *r, const void *bytes, size_t len, bool is_addr, uint16_t port)
{
	r->hello.hdr.size -= r->hello.name_len;
	r->hello.hello_flags = (uint16_t)(SL_HELLO_PROXY | (len ? SL_HELLO_NAME : SL_HELLO_BAD) | (is_addr ? SL_HELLO_ADDR : 0));
	r->hello.name_len = (uint16_t)rec_bytes(r, bytes, len);
	r->hello.asked_port = port;
	return r->hdr.size;
}

/* `who` reads what `object` says of the process `target`. */
static MAYBE_UNUSED size_t rec_inspect(union record *r, uint64_t time_ns, const struct who *who, const struct who *target,
				       const char *exe, uint8_t object, uint8_t how, uint16_t rule, uint8_t action)
{
	rec_begin(r, SL_REC_INSPECT, sizeof(r->inspect), time_ns);
	rec_who(&r->inspect.who, who);
	r->inspect.target_start_ns = target->start_ns;
	r->inspect.target_tgid = target->tgid;
	r->inspect.target_uid = target->uid;
	r->inspect.object = object;
	r->inspect.how = how;
	r->inspect.rule = rule;
	r->inspect.action = action;
	r->inspect.by = SL_BY_LSM;
	if (target->comm) {
		size_t len = strlen(target->comm);

		memcpy(r->inspect.target_comm, target->comm, len < SL_COMM_LEN ? len : SL_COMM_LEN);
	}
	r->inspect.exe_len = (uint16_t)rec_path(r, exe);
	return r->hdr.size;
}

/* A flow that `who` opened sent `bytes` to an IPv4 address, the first at first_ns, after the read at read_ns. */
static MAYBE_UNUSED size_t rec_sent(union record *r, uint64_t time_ns, const struct who *who, uint64_t cookie, const uint8_t addr[4],
				    uint16_t port, uint64_t read_ns, uint64_t first_ns, uint64_t bytes)
{
	rec_begin(r, SL_REC_SENT, sizeof(r->sent), time_ns);
	rec_who(&r->sent.who, who);
	r->sent.cookie = cookie;
	r->sent.read_ns = read_ns;
	r->sent.first_ns = first_ns;
	r->sent.bytes = bytes;
	memcpy(r->sent.addr, addr, 4);
	r->sent.family = 4;
	r->sent.proto = 6;
	r->sent.port = port;
	return r->hdr.size;
}

/* A stream socket at `path`, of the set `set`. */
static MAYBE_UNUSED size_t rec_broker(union record *r, uint64_t time_ns, const struct who *who, const char *path, uint16_t set,
				      uint16_t rule, uint8_t action)
{
	rec_begin(r, SL_REC_BROKER, sizeof(r->broker), time_ns);
	rec_who(&r->broker.who, who);
	r->broker.ino = 77;
	r->broker.set = set;
	r->broker.rule = rule;
	r->broker.type = SL_BROKER_STREAM;
	r->broker.action = action;
	r->broker.by = SL_BY_LSM;
	r->broker.path_len = (uint16_t)rec_path(r, path);
	return r->hdr.size;
}

/* An answer to `name`, one A record, time to live in seconds. */
static MAYBE_UNUSED size_t rec_dns(union record *r, uint64_t time_ns, const struct who *who, const char *name, const uint8_t addr[4],
				   uint32_t ttl)
{
	static const uint8_t head[12] = { 0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0 };
	uint8_t answer[16] = { 0xc0, 0x0c, 0, 1, 0, 1, (uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8),
			       (uint8_t)ttl, 0, 4, addr[0], addr[1], addr[2], addr[3] };
	size_t len;

	rec_begin(r, SL_REC_DNS, sizeof(r->dns), time_ns);
	r->dns.session_ns = who ? who->session_ns : 0;
	r->dns.session_pid = who ? who->session_pid : 0;
	r->dns.tgid = who ? who->tgid : 0;
	len = rec_bytes(r, head, sizeof(head));
	while (*name) {
		uint8_t label = (uint8_t)strcspn(name, ".");

		len += rec_bytes(r, &label, 1);
		len += rec_bytes(r, name, label);
		name += label + (name[label] == '.');
	}
	len += rec_bytes(r, "\0\0\1\0\1", 5);
	len += rec_bytes(r, answer, sizeof(answer));
	r->dns.payload_len = (uint16_t)len;
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_clock(union record *r, uint64_t time_ns, uint64_t wall_ns)
{
	rec_begin(r, SL_REC_CLOCK, sizeof(r->clock), time_ns);
	r->clock.wall_ns = wall_ns;
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_loss(union record *r, uint64_t time_ns, uint32_t reason, uint64_t count)
{
	rec_begin(r, SL_REC_LOSS, sizeof(r->loss), time_ns);
	r->loss.reason = reason;
	r->loss.count = count;
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_user(union record *r, uint32_t uid, const char *name)
{
	rec_begin(r, SL_REC_USER, sizeof(r->user), 1);
	r->user.uid = uid;
	r->user.name_len = (uint16_t)rec_bytes(r, name, strlen(name));
	return r->hdr.size;
}

static MAYBE_UNUSED size_t rec_agent(union record *r, uint64_t time_ns, uint16_t what, const char *text)
{
	rec_begin(r, SL_REC_AGENT, sizeof(r->agent), time_ns);
	r->agent.what = what;
	r->agent.text_len = (uint16_t)rec_bytes(r, text, strlen(text));
	return r->hdr.size;
}

#endif /* TESTS_RECORDS_H */
