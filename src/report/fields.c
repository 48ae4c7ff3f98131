/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: what is published of an event, field by field. A field once published keeps its name, place and meaning; new ones may come. A new number
 * of the schema says that one changed or went away.
 */
#include "report/fields.h"

#include "base/cleanup.h"

/* Every offset fits: the structs are far smaller than that. */
_Static_assert(sizeof(struct report) < UINT16_MAX, "offsets are 16 bits");

#define BIT(kind) (1u << REPORT_##kind)
#define OF_AGENT                                                                                                             \
	(BIT(AGENT_START) | BIT(AGENT_STOP) | BIT(POLICY_LOAD) | BIT(POLICY_BAD) | BIT(MODE) | BIT(EXCEPTION) | BIT(HOOKS))
#define OF_PROCESS                                                                                                           \
	(BIT(PROC_EXEC) | BIT(PROC_EXIT) | BIT(SESSION_START) | BIT(SESSION_END))
#define OF_NET (BIT(NET_CONNECT) | BIT(NET_HELLO) | BIT(NET_FLOW))
#define OF_BROKER (BIT(BROKER_CONNECT) | BIT(LINEAGE_LOST))
#define JUDGED (BIT(FILE_OPEN) | BIT(NET_CONNECT) | BIT(NET_HELLO) | BIT(PTRACE) | OF_BROKER | BIT(GUARD))
#define OF_SOMEBODY (JUDGED | OF_PROCESS | BIT(NET_FLOW) | BIT(LINEAGE_KEPT) | BIT(INCIDENT))
#define OF_POLICY (JUDGED | BIT(NET_FLOW) | BIT(LINEAGE_KEPT) | BIT(INCIDENT) | OF_AGENT)

#define AT(member) .at = offsetof(struct report_tool, member)
#define CNT(member) .count = offsetof(struct report_tool, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_tool, member)
static const struct field tool_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .when = FIELD_OR_NULL, .ocsf = "unmapped.tool.name",
	  .help = "Tool by its name in the policy; null if the policy in force has none of that number." },
	{ "session", FIELD_ID, AT(session), .ocsf = "unmapped.tool.session",
	  .help = "Session that the process is in: the same on every event of it." },
	{ "parent", FIELD_ID, AT(parent), .when = FIELD_IF_SET,
	  .help = "Session around it, where one tool started another." },
	{ "evidence", FIELD_TEXT, AT(evidence),
	  .help = "How the tool was recognised." },
	{ "confidence", FIELD_TEXT, AT(confidence), .values = "exact|high|none",
	  .help = "How far that is known." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_process, member)
#define CNT(member) .count = offsetof(struct report_process, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_process, member)
static const struct field process_fields[] = {
	{ "id", FIELD_ID, AT(id), .ocsf = "actor.process.uid",
	  .help = "The process for life: start time and pid." },
	{ "pid", FIELD_U32, AT(pid), .ocsf = "actor.process.pid",
	  .help = "Its number in the first pid namespace." },
	{ "tid", FIELD_U32, AT(tid), .ocsf = "actor.process.tid",
	  .help = "Thread that did it." },
	{ "ppid", FIELD_U32, AT(ppid), .ocsf = "actor.process.parent_process.pid",
	  .help = "Its parent at that time." },
	{ "start", FIELD_TIME, AT(start), .ocsf = "actor.process.created_time",
	  .help = "When it was started." },
	{ "exe", FIELD_TEXT, AT(exe), .when = FIELD_IF_SET, .ocsf = "actor.process.file.path",
	  .help = "Path of its executable." },
	{ "comm", FIELD_TEXT, AT(comm), .ocsf = "actor.process.name",
	  .help = "Name of its thread; anybody can set it." },
	{ "argv", FIELD_ARGV, AT(argv), .when = FIELD_IF_SET, .ocsf = "actor.process.cmd_line",
	  .help = "Its arguments; what looks like a secret is replaced by a mark." },
	{ "argv_truncated", FIELD_BOOL, AT(argv_cut), .when = FIELD_IF_SET,
	  .help = "There were more arguments than are kept." },
	{ "cwd", FIELD_TEXT, AT(cwd), .when = FIELD_IF_SET, .ocsf = "actor.process.working_directory",
	  .help = "Its working directory when it was executed." },
	{ "uid", FIELD_U32, AT(uid), .ocsf = "actor.process.user.uid",
	  .help = "Its user." },
	{ "user", FIELD_TEXT, AT(user), .when = FIELD_IF_SET, .ocsf = "actor.process.user.name",
	  .help = "Name of that user." },
	{ "tty", FIELD_TEXT, AT(tty), .when = FIELD_IF_SET, .ocsf = "actor.process.terminal",
	  .help = "Its terminal." },
	{ "container", FIELD_TEXT, AT(container), .when = FIELD_OR_NULL, .ocsf = "actor.process.container.uid",
	  .help = "Container that it is in, by id or name; null: in none." },
	{ "container_engine", FIELD_TEXT, AT(engine), .when = FIELD_IF_SET,
	  .ocsf = "actor.process.container.runtime",
	  .help = "What runs that container." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_ancestor, member)
#define CNT(member) .count = offsetof(struct report_ancestor, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_ancestor, member)
static const struct field ancestor_fields[] = {
	{ "id", FIELD_ID, AT(id),
	  .help = "Process above it." },
	{ "pid", FIELD_U32, AT(pid),
	  .help = "Its number." },
	{ "exe", FIELD_TEXT, AT(exe), .when = FIELD_IF_SET,
	  .help = "Path of its executable." },
	{ "tool", FIELD_TEXT, AT(tool), .when = FIELD_IF_SET,
	  .help = "Tool that it is, as the first of a session." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_file, member)
#define CNT(member) .count = offsetof(struct report_file, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_file, member)
static const struct field file_fields[] = {
	{ "path", FIELD_PATH, AT(path), .ocsf = "file.path",
	  .help = "Path of the file, from the root; a part that is not known is \".../\"." },
	{ "path_hex", FIELD_PATH_HEX, AT(path), .when = FIELD_IF_SET,
	  .help = "The exact bytes of a path that is not UTF-8." },
	{ "path_truncated", FIELD_BOOL, AT(path_truncated), .when = FIELD_IF_SET,
	  .help = "The path is longer than is kept." },
	{ "class", FIELD_TEXTS, AT(classes), CNT(classes_cnt), .ocsf = "unmapped.file.class",
	  .help = "Classes of secrets that the file is of." },
	{ "files", FIELD_NULS, AT(files), CNT(files_cnt), .when = FIELD_IF_SET,
	  .help = "Some of the files that one event stands for; `repeats` is how many there were." },
	{ "evidence", FIELD_TEXT, AT(evidence), .values = "pattern|inode|unresolved",
	  .help = "What the file was recognised by." },
	{ "dev", FIELD_DEV, AT(dev),
	  .help = "Device that it is on." },
	{ "inode", FIELD_U64, AT(inode), .ocsf = "file.uid",
	  .help = "Its inode." },
	{ "access", FIELD_TEXT, AT(access), .values = "|r|w|rw|x|rx|wx|rwx|path",
	  .help = "What it was opened for." },
	{ "reader", FIELD_TEXT, AT(reader),
	  .help = "What kind of program opened it." },
	{ "exception", FIELD_BOOL, AT(exception), .when = FIELD_IF_SET,
	  .help = "An exception by `sluice allow` let it through." },
	{ "came", FIELD_TEXT, AT(came), .when = FIELD_IF_SET,
	  .help = "How the descriptor was obtained, where it was not by an open." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_candidate, member)
#define CNT(member) .count = offsetof(struct report_candidate, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_candidate, member)
static const struct field candidate_fields[] = {
	{ "name", FIELD_TEXT, AT(name),
	  .help = "Name that DNS gave for the address." },
	{ "cname", FIELD_TEXT, AT(cname), .when = FIELD_IF_SET,
	  .help = "Canonical name behind it." },
	{ "age_s", FIELD_U64, AT(age_s), .unit = "s",
	  .help = "How long ago the answer was seen." },
	{ "expired", FIELD_BOOL, AT(expired),
	  .help = "Its time to live is over." },
	{ "session", FIELD_BOOL, AT(session),
	  .help = "The very session asked for it." },
	{ "sni", FIELD_BOOL, AT(sni), .when = FIELD_IF_SET,
	  .help = "A connection claimed it; DNS did not say so." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_net, member)
#define CNT(member) .count = offsetof(struct report_net, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_net, member)
static const struct field net_fields[] = {
	{ "socket", FIELD_TEXT, AT(socket), .when = FIELD_IF_SET, .kinds = BIT(NET_CONNECT),
	  .values = "raw|icmp|packet|sctp|vsock|bluetooth|tipc|xdp|tun|other",
	  .help = "A socket of this kind was made, which sends without connecting: there is no address and no port." },
	{ "proto", FIELD_PROTO, AT(proto), .when = FIELD_IF_SET, .ocsf = "connection_info.protocol_name",
	  .help = "Protocol, or its number." },
	{ "addr", FIELD_ADDR, AT(addr), .when = FIELD_IF_SET, .ocsf = "dst_endpoint.ip",
	  .help = "Address of the other side." },
	{ "port", FIELD_U16, AT(port), .when = FIELD_IF_SET, .ocsf = "dst_endpoint.port",
	  .help = "Its port." },
	{ "flow", FIELD_U64, AT(flow), .kinds = BIT(NET_HELLO) | BIT(NET_FLOW), .ocsf = "connection_info.uid",
	  .help = "Number of the connection: the same in its hello and at its end." },
	{ "host", FIELD_TEXT, AT(host), .when = FIELD_IF_SET, .ocsf = "dst_endpoint.hostname",
	  .help = "Name that counts: of the server, by DNS, or what the proxy was asked for." },
	{ "sni", FIELD_TEXT, AT(sni), .when = FIELD_IF_SET, .ocsf = "tls.sni",
	  .help = "Server name in the TLS or QUIC hello." },
	{ "provider", FIELD_TEXT, AT(provider), .when = FIELD_IF_SET, .ocsf = "dst_endpoint.svc_name",
	  .help = "Provider that the policy knows it as." },
	{ "provider_tier", FIELD_TEXT, AT(tier), .when = FIELD_IF_SET,
	  .help = "What kind of account that provider is for." },
	{ "region", FIELD_TEXT, AT(region), .when = FIELD_IF_SET,
	  .help = "Where it processes data." },
	{ "evidence", FIELD_TEXT, AT(evidence),
	  .values = "dns-session|dns-host|sni|proxy-connect|cidr|dns-question|none",
	  .help = "What the host is known by." },
	{ "confidence", FIELD_TEXT, AT(confidence), .values = "exact|high|low|none",
	  .help = "How far that is known." },
	{ "candidates", FIELD_LIST, AT(candidates), CNT(candidates_cnt), .size = sizeof(struct report_candidate), .when = FIELD_IF_SET,
	  .of = candidate_fields, .of_cnt = ARRAY_SIZE(candidate_fields),
	  .help = "Names that the address may stand for, best first." },
	{ "training", FIELD_TEXT, AT(training), .when = FIELD_IF_SET,
	  .help = "What the vendor says of training." },
	{ "retention", FIELD_TEXT, AT(retention), .when = FIELD_IF_SET,
	  .help = "What the vendor says of keeping data." },
	{ "terms", FIELD_TEXT, AT(terms), .when = FIELD_IF_SET,
	  .help = "Where the vendor says so." },
	{ "tls", FIELD_TEXT, AT(tls), .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .values = "hello|malformed|too-long",
	  .help = "What the hello was." },
	{ "ech", FIELD_FACT, AT(ech), .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .help = "The hello is encrypted (ECH), so its name may be a cover." },
	{ "resumed", FIELD_FACT, AT(resumed), .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .help = "An earlier TLS session is resumed." },
	{ "quic", FIELD_BOOL, AT(quic), .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .help = "It is QUIC." },
	{ "asked", FIELD_TEXT, AT(asked), .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .ocsf = "proxy_connection_info.uid",
	  .help = "Host that a proxy was asked for." },
	{ "asked_port", FIELD_U16, AT(asked_port),
	  .when = FIELD_IF_SET, .kinds = BIT(NET_HELLO) | BIT(NET_FLOW),
	  .help = "Port that it was asked for." },
	{ "finding", FIELD_TEXT, AT(finding), .when = FIELD_IF_SET,
	  .help = "What is odd about it." },
	{ "was_open", FIELD_BOOL, AT(was_open), .when = FIELD_IF_SET, .kinds = BIT(NET_CONNECT),
	  .help = "The connection is older than what was read." },
	{ "bytes_sent", FIELD_U64, AT(bytes_sent), .kinds = BIT(NET_FLOW), .unit = "bytes",
	  .ocsf = "traffic.bytes_out",
	  .help = "What the process sent." },
	{ "bytes_received", FIELD_U64, AT(bytes_received), .kinds = BIT(NET_FLOW), .unit = "bytes",
	  .ocsf = "traffic.bytes_in",
	  .help = "What it received." },
	{ "segments_sent", FIELD_U64, AT(segments_sent), .kinds = BIT(NET_FLOW), .ocsf = "traffic.packets_out",
	  .help = "The same in segments or datagrams." },
	{ "segments_received", FIELD_U64, AT(segments_received), .kinds = BIT(NET_FLOW),
	  .ocsf = "traffic.packets_in",
	  .help = "The same in segments or datagrams." },
	{ "begin", FIELD_TIME, AT(begin), .kinds = BIT(NET_FLOW), .ocsf = "start_time",
	  .help = "When it was first seen." },
	{ "last", FIELD_TIME, AT(last), .kinds = BIT(NET_FLOW), .ocsf = "end_time",
	  .help = "When something went over it last." },
	{ "milliseconds", FIELD_U64, AT(milliseconds), .kinds = BIT(NET_FLOW), .unit = "ms", .ocsf = "duration",
	  .help = "Time between the two." },
	{ "end", FIELD_TEXT, AT(end), .kinds = BIT(NET_FLOW), .values = "cut|idle|left|closed",
	  .help = "How it ended." },
	{ "direction", FIELD_TEXT, AT(direction), .kinds = BIT(NET_FLOW), .values = "inbound|outbound",
	  .ocsf = "connection_info.direction",
	  .help = "Who opened it." },
	{ "within", FIELD_BOOL, AT(within), .when = FIELD_IF_SET, .kinds = BIT(NET_FLOW),
	  .help = "Both ends are in the same session." },
	{ "adopted", FIELD_BOOL, AT(adopted), .kinds = BIT(NET_FLOW),
	  .help = "It was there before sluice." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_inspect, member)
#define CNT(member) .count = offsetof(struct report_inspect, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_inspect, member)
static const struct field inspect_fields[] = {
	{ "what", FIELD_TEXT, AT(what),
	  .help = "What of the other process was reached for." },
	{ "how", FIELD_TEXT, AT(how),
	  .help = "By which call." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_target, member)
#define CNT(member) .count = offsetof(struct report_target, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_target, member)
static const struct field target_tool_fields[] = {
	{ "name", FIELD_TEXT, AT(tool), .when = FIELD_OR_NULL,
	  .help = "Tool of the other process." },
	{ "session", FIELD_ID, AT(session),
	  .help = "Its session." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_target, member)
#define CNT(member) .count = offsetof(struct report_target, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_target, member)
static const struct field target_fields[] = {
	{ "id", FIELD_ID, AT(id), .ocsf = "process.uid",
	  .help = "Process that was looked into." },
	{ "pid", FIELD_U32, AT(pid), .ocsf = "process.pid",
	  .help = "Its number." },
	{ "start", FIELD_TIME, AT(start), .ocsf = "process.created_time",
	  .help = "When it was started." },
	{ "exe", FIELD_BYTES, AT(exe), .when = FIELD_IF_SET, .ocsf = "process.file.path",
	  .help = "Path of its executable." },
	{ "comm", FIELD_CHARS, AT(comm), .ocsf = "process.name",
	  .help = "Name of its first thread." },
	{ "uid", FIELD_U32, AT(uid), .ocsf = "process.user.uid",
	  .help = "Its user." },
	{ "tool", FIELD_OBJECT, AT(id), GIVEN(in_session),
	  .of = target_tool_fields, .of_cnt = ARRAY_SIZE(target_tool_fields),
	  .help = "The session that it is in." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_broker, member)
#define CNT(member) .count = offsetof(struct report_broker, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_broker, member)
static const struct field broker_fields[] = {
	{ "path", FIELD_PATH, AT(path), .ocsf = "unmapped.broker.path",
	  .help = "Where the broker listens, or the file that it takes work from." },
	{ "path_hex", FIELD_PATH_HEX, AT(path), .when = FIELD_IF_SET,
	  .help = "The exact bytes of a path that is not UTF-8." },
	{ "abstract", FIELD_BOOL, AT(abstract),
	  .help = "It is an abstract name, not a path." },
	{ "name", FIELD_TEXTS, AT(names), CNT(names_cnt),
	  .help = "Brokers that the policy knows there." },
	{ "hands_out", FIELD_BOOL, AT(hands_out),
	  .help = "It starts programs for others, which are no descendants of who asked." },
	{ "type", FIELD_TEXT, AT(type), .values = "file|stream|datagram",
	  .help = "How it is reached." },
	{ "pid", FIELD_U32, AT(pid), .when = FIELD_IF_SET,
	  .help = "Process that listens, where it is known." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_guard, member)
#define CNT(member) .count = offsetof(struct report_guard, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_guard, member)
static const struct field guard_fields[] = {
	{ "what", FIELD_TEXT, AT(what),
	  .help = "What was tried." },
	{ "signal", FIELD_COUNT, AT(signal), .when = FIELD_IF_SET,
	  .help = "Signal that was to be sent." },
	{ "command", FIELD_COUNT, AT(command), .when = FIELD_IF_SET,
	  .help = "Command of bpf(2)." },
	{ "path", FIELD_BYTES, AT(path), .when = FIELD_IF_SET,
	  .help = "File or folder that was to be changed." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_exit, member)
#define CNT(member) .count = offsetof(struct report_exit, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_exit, member)
static const struct field exit_fields[] = {
	{ "signal", FIELD_COUNT, AT(signal), .when = FIELD_IF_SET,
	  .help = "Signal that ended it." },
	{ "status", FIELD_COUNT, AT(status), .when = FIELD_IF_SET, .ocsf = "exit_code",
	  .help = "Its exit status." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_session, member)
#define CNT(member) .count = offsetof(struct report_session, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_session, member)
static const struct field session_fields[] = {
	{ "seconds", FIELD_U64, AT(seconds), .unit = "s", .ocsf = "duration",
	  .help = "How long it lasted." },
	{ "files", FIELD_U64, AT(files),
	  .help = "Opens of files that rules are about." },
	{ "connects", FIELD_U64, AT(connects),
	  .help = "Connections that were asked for." },
	{ "alerts", FIELD_U64, AT(alerts),
	  .help = "Events with the verdict alert or block." },
	{ "flows", FIELD_U64, AT(flows),
	  .help = "Connections that ended." },
	{ "bytes_sent", FIELD_U64, AT(bytes_sent), .unit = "bytes",
	  .help = "What they sent." },
	{ "bytes_received", FIELD_U64, AT(bytes_received), .unit = "bytes",
	  .help = "What they received." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_loss, member)
#define CNT(member) .count = offsetof(struct report_loss, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_loss, member)
static const struct field loss_fields[] = {
	{ "reason", FIELD_TEXT, AT(reason),
	  .help = "What was lost, and where." },
	{ "count", FIELD_U64, AT(count),
	  .help = "How often since the last such event." },
	{ "help", FIELD_TEXT, AT(help),
	  .help = "What it means and what to change." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_actor, member)
#define CNT(member) .count = offsetof(struct report_actor, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_actor, member)
static const struct field actor_fields[] = {
	{ "id", FIELD_ID, AT(id),
	  .help = "Process that did it." },
	{ "pid", FIELD_U32, AT(pid),
	  .help = "Its number." },
	{ "comm", FIELD_TEXT, AT(comm),
	  .help = "Name of its thread." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_origin, member)
#define CNT(member) .count = offsetof(struct report_origin, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_origin, member)
static const struct field origin_of_fields[] = {
	{ "path", FIELD_TEXT, AT(path),
	  .help = "Latest secret that the tool had read." },
	{ "time", FIELD_TIME, AT(time),
	  .help = "When." },
	{ "session", FIELD_ID, AT(session),
	  .help = "In which session." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_origin, member)
#define CNT(member) .count = offsetof(struct report_origin, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_origin, member)
static const struct field origin_fields[] = {
	{ "store", FIELD_TEXT, AT(store), .when = FIELD_OR_NULL,
	  .help = "Tool whose store it is; null: not known." },
	{ "of", FIELD_OBJECT, AT(second_hand), GIVEN(known),
	  .of = origin_of_fields, .of_cnt = ARRAY_SIZE(origin_of_fields),
	  .help = "What the store may hold." },
	{ "more", FIELD_COUNT, AT(more), .when = FIELD_IF_SET,
	  .help = "How many other secrets that tool had read." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_read, member)
#define CNT(member) .count = offsetof(struct report_read, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_read, member)
static const struct field read_fields[] = {
	{ "time", FIELD_TIME, AT(time),
	  .help = "When it was read." },
	{ "path", FIELD_TEXT, AT(path),
	  .help = "The file." },
	{ "class", FIELD_TEXTS, AT(classes), CNT(classes_cnt),
	  .help = "Classes of secrets that it is of." },
	{ "rule", FIELD_TEXT, AT(rule), .when = FIELD_OR_NULL,
	  .help = "Rule that the read was judged by." },
	{ "reader", FIELD_TEXT, AT(reader),
	  .help = "What kind of program read it." },
	{ "second_hand", FIELD_OBJECT, AT(origin), GIVEN(origin.second_hand),
	  .of = origin_fields, .of_cnt = ARRAY_SIZE(origin_fields),
	  .help = "The file is a store of what a tool has read." },
	{ "process", FIELD_OBJECT, AT(process), .of = actor_fields, .of_cnt = ARRAY_SIZE(actor_fields),
	  .help = "Who read it." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_sent, member)
#define CNT(member) .count = offsetof(struct report_sent, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_sent, member)
static const struct field sent_fields[] = {
	{ "proto", FIELD_PROTO, AT(proto),
	  .help = "Protocol, or its number." },
	{ "addr", FIELD_ADDR, AT(addr), .when = FIELD_IF_SET,
	  .help = "Address that it went to; left out for names that carry data." },
	{ "port", FIELD_U16, AT(port),
	  .help = "Port." },
	{ "host", FIELD_TEXT, AT(host), .when = FIELD_IF_SET,
	  .help = "Host that it went to." },
	{ "provider", FIELD_TEXT, AT(provider), .when = FIELD_IF_SET,
	  .help = "Provider that the policy knows it as." },
	{ "provider_tier", FIELD_TEXT, AT(tier), .when = FIELD_IF_SET,
	  .help = "What kind of account that provider is for." },
	{ "region", FIELD_TEXT, AT(region), .when = FIELD_IF_SET,
	  .help = "Where it processes data." },
	{ "evidence", FIELD_TEXT, AT(evidence),
	  .help = "What the host is known by." },
	{ "confidence", FIELD_TEXT, AT(confidence),
	  .help = "How far that is known." },
	{ "bytes_after", FIELD_U64, AT(bytes), .unit = "bytes",
	  .help = "Bytes sent after the read: at least so many." },
	{ "delay_ms", FIELD_U64, AT(delay_ms), .unit = "ms",
	  .help = "Time from the first read to the first of them." },
	{ "own_provider", FIELD_BOOL, AT(own),
	  .help = "It is a provider of the very tool." },
	{ "cut", FIELD_BOOL, AT(cut),
	  .help = "The rest was refused." },
	{ "process", FIELD_OBJECT, AT(process), .of = actor_fields, .of_cnt = ARRAY_SIZE(actor_fields),
	  .help = "Who opened the connection." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report_incident, member)
#define CNT(member) .count = offsetof(struct report_incident, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report_incident, member)
static const struct field incident_fields[] = {
	{ "confidence", FIELD_TEXT, AT(confidence), .values = "high|medium|low", .ocsf = "confidence_id",
	  .help = "How sure it is that the data left." },
	{ "score", FIELD_U64, AT(score), .ocsf = "confidence_score",
	  .help = "The same in points." },
	{ "again", FIELD_BOOL, AT(again), .when = FIELD_IF_SET,
	  .help = "It was reported before, with less." },
	{ "reasons", FIELD_TEXTS, AT(reasons), CNT(reasons_cnt),
	  .help = "What the points are for." },
	{ "reads", FIELD_LIST, AT(reads), CNT(reads_cnt), .size = sizeof(struct report_read),
	  .ocsf = "evidences", .of = read_fields, .of_cnt = ARRAY_SIZE(read_fields),
	  .help = "What was read, first ones first." },
	{ "flows", FIELD_LIST, AT(flows), CNT(flows_cnt), .size = sizeof(struct report_sent),
	  .ocsf = "evidences", .of = sent_fields, .of_cnt = ARRAY_SIZE(sent_fields),
	  .help = "Where data went, most bytes first." },
	{ "more_reads", FIELD_U64, AT(reads_more),
	  .help = "Reads that are not listed." },
	{ "more_flows", FIELD_U64, AT(flows_more),
	  .help = "Connections that are not listed." },
};
#undef AT
#undef CNT
#undef GIVEN

#define AT(member) .at = offsetof(struct report, member)
#define CNT(member) .count = offsetof(struct report, member)
#define GIVEN(member) .when = FIELD_IF_GIVEN, .given = offsetof(struct report, member)
static const struct field event_fields[] = {
	{ "schema", FIELD_SCHEMA, AT(kind), .ocsf = "metadata.version",
	  .help = "Number of this description." },
	{ "time", FIELD_TIME, AT(wall_ns), .ocsf = "time",
	  .help = "When it happened, or was last repeated." },
	{ "kind", FIELD_KIND, AT(kind), .ocsf = "class_uid",
	  .help = "What happened." },
	{ "host", FIELD_TEXT, AT(host), .ocsf = "device.hostname",
	  .help = "Name of this host." },
	{ "boot_id", FIELD_TEXT, AT(boot_id), .ocsf = "device.boot_uid",
	  .help = "Boot of this host (/proc/sys/kernel/random/boot_id)." },
	{ "seq", FIELD_U64, AT(seq), .ocsf = "metadata.sequence",
	  .help = "Number of the event in its run; gaps are events that an output did not take." },
	{ "uid", FIELD_TEXT, AT(uid), .ocsf = "metadata.uid", .since = 2,
	  .help = "Identity: host, boot, start of the agent, number. An event that comes twice is known by it." },
	{ "verdict", FIELD_TEXT, AT(verdict), .when = FIELD_OR_NULL, .kinds = JUDGED, .values = "allow|log|alert|block",
	  .ocsf = "disposition_id",
	  .help = "What the rule says; null: no rule applied." },
	{ "taken", FIELD_TEXT, AT(outcome), .when = FIELD_OR_NULL, .kinds = JUDGED, .ocsf = "action_id",
	  .help = "What was refused; null: nothing was." },
	{ "by", FIELD_TEXT, AT(by), .when = FIELD_OR_NULL, .kinds = JUDGED,
	  .help = "Hook that decided; null: none did." },
	{ "rule", FIELD_TEXT, AT(rule.id), .when = FIELD_OR_NULL, .kinds = JUDGED, .ocsf = "firewall_rule.name",
	  .help = "Rule that was applied." },
	{ "severity", FIELD_TEXT, AT(severity), .when = FIELD_OR_NULL, .kinds = JUDGED | BIT(INCIDENT), .values = "info|low|medium|high|critical",
	  .ocsf = "severity_id",
	  .help = "How bad it is." },
	{ "message", FIELD_TEXT, AT(rule.message), .when = FIELD_IF_SET, .kinds = JUDGED, .ocsf = "message",
	  .help = "What the rule has to say." },
	{ "policy", FIELD_TEXT, AT(policy), .kinds = OF_POLICY, .ocsf = "policy.uid",
	  .help = "Hash of the policy in force." },
	{ "unit", FIELD_BYTES, AT(unit), .kinds = BIT(LINEAGE_KEPT),
	  .help = "Unit that systemd started for the session." },
	{ "tool", FIELD_OBJECT, AT(tool), GIVEN(tool.known), .kinds = OF_SOMEBODY,
	  .of = tool_fields, .of_cnt = ARRAY_SIZE(tool_fields),
	  .help = "The AI tool, and its session." },
	{ "process", FIELD_OBJECT, AT(process), GIVEN(has_process), .kinds = OF_SOMEBODY,
	  .of = process_fields, .of_cnt = ARRAY_SIZE(process_fields),
	  .help = "Who did it." },
	{ "ancestry", FIELD_LIST, AT(ancestors), CNT(ancestors_cnt), .size = sizeof(struct report_ancestor), .when = FIELD_IF_SET, .kinds = OF_SOMEBODY,
	  .ocsf = "actor.process.ancestry", .of = ancestor_fields, .of_cnt = ARRAY_SIZE(ancestor_fields),
	  .help = "Processes above it, its parent first." },
	{ "ancestry_cut", FIELD_BOOL, AT(ancestry_cut), .when = FIELD_IF_SET, .kinds = OF_SOMEBODY,
	  .help = "There are more above them." },
	{ "file", FIELD_OBJECT, AT(file), .kinds = BIT(FILE_OPEN),
	  .of = file_fields, .of_cnt = ARRAY_SIZE(file_fields),
	  .help = "The file that was opened." },
	{ "net", FIELD_OBJECT, AT(net), .kinds = OF_NET, .of = net_fields, .of_cnt = ARRAY_SIZE(net_fields),
	  .help = "The other side of a connection." },
	{ "after", FIELD_TEXTS, AT(rule.after), CNT(rule.after_cnt),
	  .when = FIELD_IF_SET, .kinds = BIT(NET_CONNECT),
	  .help = "Classes of files that the rule asks to have been read before." },
	{ "inspect", FIELD_OBJECT, AT(inspect), .kinds = BIT(PTRACE),
	  .of = inspect_fields, .of_cnt = ARRAY_SIZE(inspect_fields),
	  .help = "What was done to another process." },
	{ "target", FIELD_OBJECT, AT(inspect.target), .kinds = BIT(PTRACE),
	  .of = target_fields, .of_cnt = ARRAY_SIZE(target_fields),
	  .help = "The process that it was done to." },
	{ "broker", FIELD_OBJECT, AT(broker), .kinds = OF_BROKER,
	  .of = broker_fields, .of_cnt = ARRAY_SIZE(broker_fields),
	  .help = "A daemon that acts for its client." },
	{ "guard", FIELD_OBJECT, AT(guard), .kinds = BIT(GUARD),
	  .of = guard_fields, .of_cnt = ARRAY_SIZE(guard_fields),
	  .help = "What was tried against sluice itself." },
	{ "incident", FIELD_OBJECT, AT(incident), .kinds = BIT(INCIDENT),
	  .of = incident_fields, .of_cnt = ARRAY_SIZE(incident_fields),
	  .help = "A read, and what was sent after it." },
	{ "exit", FIELD_OBJECT, AT(exit), GIVEN(exit.known), .kinds = BIT(PROC_EXIT),
	  .of = exit_fields, .of_cnt = ARRAY_SIZE(exit_fields),
	  .help = "How the process ended." },
	{ "session", FIELD_OBJECT, AT(session), GIVEN(session.known), .kinds = BIT(SESSION_END),
	  .of = session_fields, .of_cnt = ARRAY_SIZE(session_fields),
	  .help = "Sums of the session." },
	{ "loss", FIELD_OBJECT, AT(loss), .kinds = BIT(LOSS),
	  .of = loss_fields, .of_cnt = ARRAY_SIZE(loss_fields),
	  .help = "What was lost." },
	{ "text", FIELD_TEXT, AT(text), .when = FIELD_IF_SET, .kinds = OF_AGENT, .ocsf = "message",
	  .help = "What the agent has to say." },
	{ "repeats", FIELD_U64, AT(repeats), .when = FIELD_IF_SET, .ocsf = "count",
	  .help = "How many equal events this one stands for, since the last such line." },
};
#undef AT
#undef CNT
#undef GIVEN

const struct field *fields_of_event(size_t *ret_cnt)
{
	*ret_cnt = ARRAY_SIZE(event_fields);
	return event_fields;
}
