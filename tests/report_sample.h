/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * An event as the pipeline finishes it, for tests of the outputs: `cat .env` in a shell of claude-code. Every part can be
 * changed before it is formatted.
 */
#ifndef SLUICE_TESTS_REPORT_SAMPLE_H
#define SLUICE_TESTS_REPORT_SAMPLE_H

#include <netinet/in.h>
#include <string.h>

#include "correlate/build.h"
#include "hello.h"

struct sample {
	struct draft r;
	struct report_store store;
	struct report report;
	struct event ev;
	struct sl_rec_file file;
	struct sl_rec_net net;
	struct sl_rec_exit end;
	struct sl_rec_guard guard;
	struct sl_rec_inspect inspect;
	struct sl_rec_broker broker;
	struct policy_broker brokers[2];
	struct sl_rec_hello hello;
	struct sl_rec_flow flow;
	struct process cat, bash, claude, login;
	struct session session;
	struct policy policy;
	struct policy_tool tool;
	struct policy_rule rule;
	struct policy_provider provider;
	struct compiled compiled;
	struct names_hit names[2];
	struct report_host host;
	struct report_source source;
};

#define SAMPLE_WALL_NS 1795449911123456789ull /* 2026-11-23T16:05:11.123456789Z */
#define SAMPLE_TIME_NS 5000000000000ull
#define SAMPLE_SESSION_NS 0x47dfd0f5c00ull

/* A string that the code under test only reads. */
static inline char *sample_text(const char *s)
{
	union {
		const char *in;
		char *out;
	} u = { s };

	return u.out;
}

static inline void sample_set_argv(struct process *p, const char *argv, size_t len)
{
	p->argv = sample_text(argv);
	p->argv_len = (uint32_t)len;
}

static inline struct process sample_process(uint32_t pid, uint32_t ppid, const char *exe, const char *comm)
{
	struct process p = { .tgid = pid, .ppid = ppid, .uid = 1000, .start_ns = 4900000000000ull + pid,
			     .session_ns = SAMPLE_SESSION_NS, .session_pid = 700, .tool = 1,
			     .evidence = SL_EVID_INHERITED };

	p.exe = sample_text(exe);
	p.cwd = sample_text("/home/ann/shop");
	p.argv = sample_text("");
	p.cgroup = sample_text("session-3.scope");
	p.tty = sample_text("pts3");
	strncpy(p.comm, comm, SL_COMM_LEN);
	return p;
}

/* A file.open report; sample_net() turns it into a net.connect. */
static inline void sample_init(struct sample *s)
{
	static const char argv[] = "cat\0.env";

	memset(s, 0, sizeof(*s));
	s->cat = sample_process(812, 800, "/usr/bin/cat", "cat");
	sample_set_argv(&s->cat, argv, sizeof(argv));
	s->bash = sample_process(800, 700, "/bin/bash", "bash");
	s->claude = sample_process(700, 650, "/usr/bin/node", "node");
	s->claude.start_ns = SAMPLE_SESSION_NS - 40000000; /* forked, then it became the tool */
	s->claude.evidence = SL_EVID_ARGV;
	s->login = sample_process(650, 1, "/usr/bin/zsh", "zsh");
	s->login.session_ns = 0;
	s->login.tool = 0;
	s->session = (struct session){ .ns = SAMPLE_SESSION_NS, .pid = 700, .tool = 1, .evidence = SL_EVID_ARGV,
				       .begin_ns = SAMPLE_SESSION_NS };
	s->tool.name = sample_text("claude-code");
	s->tool.title = sample_text("Claude Code");
	s->rule.id = sample_text("ai-reads-secret");
	s->rule.action = SL_ACTION_BLOCK;
	s->rule.severity = sample_text("high");
	s->rule.message = sample_text("AI tools may not read secrets.");
	strcpy(s->policy.hash, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	s->policy.tools = &s->tool;
	s->policy.tools_cnt = 1;
	s->policy.rules = &s->rule;
	s->policy.rules_cnt = 1;
	s->compiled.policy = &s->policy;
	s->compiled.tools_cnt = 2;
	s->source = (struct report_source){ .host = "ws-17", .boot_id = "11111111-2222-3333-4444-555555555555",
					   .host_id = "c853cda4a8384f43ae91ad533be06025" };

	s->file.hdr.time_ns = SAMPLE_TIME_NS;
	s->file.who.tgid = s->file.who.tid = 812;
	s->file.who.tool = 1;
	s->file.ino = 1234;
	s->file.dev = 8 << 20 | 1;
	s->file.set = 5;
	s->file.access = SL_ACCESS_READ;
	s->ev = (struct event){ .kind = SL_REC_FILE, .time_ns = SAMPLE_TIME_NS, .who = &s->file.who, .file = &s->file };

	s->r = (struct draft){ .kind = REPORT_FILE_OPEN, .seq = 4711, .source = &s->source,
				.uid = "c853cda4a8384f43ae91ad533be06025-11111111222233334444555555555555-48c27395000-4711",
				.wall_ns = SAMPLE_WALL_NS, .time_ns = SAMPLE_TIME_NS,
				.rule = &s->rule, .action = SL_ACTION_BLOCK, .taken = SL_TAKEN_DENIED, .by = SL_BY_LSM,
				.reader = SL_READER_GENERIC, .event = &s->ev, .process = &s->cat,
				.ancestors = { &s->bash, &s->claude, &s->login }, .ancestors_cnt = 3,
				.session = &s->session, .tool = &s->tool, .user = "ann",
				.path = "/home/ann/shop/.env", .path_len = strlen("/home/ann/shop/.env"),
				.classes = { "dotenv" }, .classes_cnt = 1, .net_evidence = "none",
				.net_confidence = "none", .sni = "", .asked = "", .text = "", .compiled = &s->compiled };
}

static inline void sample_set_path(struct sample *s, const char *path, size_t len)
{
	s->r.path = path;
	s->r.path_len = len;
}

static inline void sample_net(struct sample *s)
{
	s->provider.name = sample_text("openai");
	s->provider.title = sample_text("OpenAI");
	s->provider.tier = sample_text("consumer");
	s->provider.region = sample_text("us");
	s->provider.training = sample_text("yes, unless opted out");
	s->provider.retention = sample_text("30 days");
	s->provider.terms = sample_text("https://example.com/terms");
	s->rule.id = sample_text("consumer-tier");
	s->rule.action = SL_ACTION_ALERT;
	s->rule.severity = sample_text("medium");
	s->rule.message = sample_text("");
	s->names[0] = (struct names_hit){ .name = "chat.example.com", .learnt_ns = SAMPLE_TIME_NS - 2500000000ull,
					  .session = true, .cname = "edge.example.net" };
	s->names[1] = (struct names_hit){ .name = "old.example.com", .learnt_ns = SAMPLE_TIME_NS - 90000000000ull,
					  .expired = true, .cname = "" };
	s->net.who = s->file.who;
	s->net.hdr.time_ns = SAMPLE_TIME_NS;
	s->net.addr[0] = 203;
	s->net.addr[2] = 113;
	s->net.addr[3] = 9;
	s->net.family = 4;
	s->net.port = 443;
	s->net.proto = IPPROTO_TCP;
	s->net.op = SL_NET_CONNECT;
	s->ev = (struct event){ .kind = SL_REC_NET, .time_ns = SAMPLE_TIME_NS, .who = &s->net.who, .net = &s->net };
	s->r.kind = REPORT_NET_CONNECT;
	s->r.action = SL_ACTION_ALERT;
	s->r.taken = SL_TAKEN_NONE;
	s->r.by = SL_BY_CGROUP;
	s->r.provider = &s->provider;
	s->r.net_evidence = "dns-session";
	s->r.net_confidence = "exact";
	s->r.names = s->names;
	s->r.names_cnt = 2;
	s->r.path = "";
	s->r.path_len = 0;
	s->r.classes_cnt = 0;
}

/* A flow to the same place named its server. */
static inline void sample_hello(struct sample *s, const char *sni)
{
	sample_net(s);
	s->hello = (struct sl_rec_hello){ .who = s->net.who, .cookie = 77, .port = 443, .family = 4, .proto = IPPROTO_TCP,
					  .hello_flags = SL_HELLO_TLS | SL_HELLO_NAME | SL_HELLO_ECH };
	memcpy(s->hello.addr, s->net.addr, sizeof(s->hello.addr));
	s->ev = (struct event){ .kind = SL_REC_HELLO, .time_ns = SAMPLE_TIME_NS, .who = &s->hello.who, .hello = &s->hello };
	s->r.kind = REPORT_NET_HELLO;
	s->r.net_evidence = "sni";
	s->r.sni = sni;
}

/* Its address is a proxy, which was asked for NAME, port 8443; "": for what cannot be read. */
static inline void sample_asks(struct sample *s, const char *name)
{
	sample_hello(s, "");
	s->hello.hello_flags = SL_HELLO_PROXY | (*name ? SL_HELLO_NAME : SL_HELLO_BAD);
	s->r.asked = name;
	s->r.asked_port = *name ? 8443 : 0;
	s->r.behind_proxy = !*name;
	s->r.names_cnt = 0;
	s->r.net_evidence = *name ? "proxy-connect" : "none";
}

/* And it ended, after 2.5 seconds. */
static inline void sample_flow(struct sample *s, const char *sni)
{
	sample_hello(s, sni);
	s->flow = (struct sl_rec_flow){ .who = s->net.who, .cookie = 77, .port = 443, .family = 4, .proto = IPPROTO_TCP,
					.first_ns = SAMPLE_TIME_NS - 2500000000ull, .last_ns = SAMPLE_TIME_NS,
					.sent_bytes = 12345, .received_bytes = 678, .sent_segs = 9, .received_segs = 4,
					.hello_flags = SL_HELLO_TLS | SL_HELLO_NAME };
	memcpy(s->flow.addr, s->net.addr, sizeof(s->flow.addr));
	s->ev = (struct event){ .kind = SL_REC_FLOW, .time_ns = SAMPLE_TIME_NS, .who = &s->flow.who, .flow = &s->flow };
	s->r.kind = REPORT_NET_FLOW;
	s->r.rule = NULL;
}

/* Somebody of the session was kept from the agent. */
static inline void sample_guard(struct sample *s, uint16_t what, uint32_t detail, const char *path)
{
	s->guard.who = s->file.who;
	s->guard.hdr.time_ns = SAMPLE_TIME_NS;
	s->guard.what = what;
	s->guard.detail = detail;
	s->ev = (struct event){ .kind = SL_REC_GUARD, .time_ns = SAMPLE_TIME_NS, .who = &s->guard.who, .guard = &s->guard };
	s->r.kind = REPORT_GUARD;
	s->r.rule = NULL;
	s->r.classes_cnt = 0;
	sample_set_path(s, path, strlen(path));
}

/* The session read the memory of another user's ssh-agent, which is in no session. */
static inline void sample_inspect(struct sample *s)
{
	s->inspect = (struct sl_rec_inspect){ .who = s->file.who, .target_tgid = 900, .target_start_ns = 4800000000000ull,
					      .target_uid = 1001, .object = SL_PEER_MEMORY, .how = SL_HOW_READV, .rule = 1,
					      .action = SL_ACTION_BLOCK, .taken = SL_TAKEN_DENIED, .by = SL_BY_LSM };
	memcpy(s->inspect.target_comm, "ssh-agent", sizeof("ssh-agent"));
	s->ev = (struct event){ .kind = SL_REC_INSPECT, .time_ns = SAMPLE_TIME_NS, .who = &s->inspect.who, .inspect = &s->inspect };
	s->r.kind = REPORT_PTRACE;
	sample_set_path(s, "/usr/bin/ssh-agent", strlen("/usr/bin/ssh-agent"));
}

/* It asked the Docker daemon, which starts programs for others, by a socket that a second broker is met by too. */
static inline void sample_broker(struct sample *s)
{
	s->broker = (struct sl_rec_broker){ .who = s->file.who, .peer_tgid = 640, .type = SL_BROKER_STREAM, .rule = 1,
					    .action = SL_ACTION_ALERT };
	s->brokers[0] = (struct policy_broker){ .name = sample_text("docker"), .title = sample_text("Docker"), .hands_out = true };
	s->brokers[1] = (struct policy_broker){ .name = sample_text("logs"), .title = sample_text("logs") };
	s->ev = (struct event){ .kind = SL_REC_BROKER, .time_ns = SAMPLE_TIME_NS, .who = &s->broker.who, .broker = &s->broker };
	s->r.kind = REPORT_BROKER_CONNECT;
	s->r.taken = SL_TAKEN_NONE;
	s->r.brokers[0] = &s->brokers[0];
	s->r.brokers[1] = &s->brokers[1];
	s->r.brokers_cnt = 2;
	sample_set_path(s, "/run/docker.sock", strlen("/run/docker.sock"));
}

/* The event, finished. Valid until the next call. */
static inline const struct report *sample_report(struct sample *s)
{
	build_report(&s->r, &s->store, &s->report);
	return &s->report;
}

#endif /* SLUICE_TESTS_REPORT_SAMPLE_H */
