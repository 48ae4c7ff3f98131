/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * Owns: the published names of losses and small enumerations (those of record kinds are in kinds.c). They appear in JSON and in the
 * manual, so a name once given stays. Decodes nothing.
 */
#include "event/event.h"

#include "base/cleanup.h"
#include "policy_map.h"

/* A table whose last entry is missing is shorter than its enumeration: the build stops here, not the reader. */
#define ASSERT_COVERS(table, end) _Static_assert(ARRAY_SIZE(table) == (end), #table " lacks a name")

static const char *const loss_names[] = {
	[SL_LOSS_RING] = "ring-full",
	[SL_LOSS_RING_URGENT] = "urgent-ring-full",
	[SL_LOSS_LABEL] = "label-full",
	[SL_LOSS_SCRATCH] = "scratch-busy",
	[SL_LOSS_PATH] = "path-unresolved",
	[SL_LOSS_ARGV] = "argv-unreadable",
	[SL_LOSS_DNS_LONG] = "dns-too-long",
	[SL_LOSS_SOCK] = "socket-table-full",
	[SL_LOSS_FD] = "fd-gone",
	[SL_LOSS_REFUSAL] = "kill-failed",
	[SL_LOSS_SKIPPED] = "program-skipped",
	[SL_LOSS_ALIAS] = "alias-full",
	[SL_LOSS_MEMORY] = "memory-full",
	[SL_LOSS_NET_NAME] = "address-names-full",
	[SL_LOSS_FLOW] = "flow-table-full",
	[SL_LOSS_NESTED] = "tools-nested",
	[SL_LOSS_DECODE] = "record-malformed",
	[SL_LOSS_PROC_EVICTED] = "process-evicted",
	[SL_LOSS_NAME_EVICTED] = "name-evicted",
	[SL_LOSS_SESSION_EVICTED] = "session-evicted",
	[SL_LOSS_DNS_PARSE] = "dns-malformed",
	[SL_LOSS_OUTPUT] = "output-failed",
	[SL_LOSS_PROCFS] = "procfs-vanished",
	[SL_LOSS_DEDUPE] = "repeat-table-full",
	[SL_LOSS_UNREAD] = "unread-of-old-policy",
	[SL_LOSS_SCAN] = "folders-not-scanned",
	[SL_LOSS_LEFT_OUT] = "not-looked-at", [SL_LOSS_CUT] = "connections-not-reset",
};
ASSERT_COVERS(loss_names, _SL_LOSS_MAX);

static const char *const loss_help[] = {
	[SL_LOSS_RING] = "Ordinary events came faster than they were read and some were dropped; verdicts were not "
			 "affected. Give the ring more room or narrow the rules that log.",
	[SL_LOSS_RING_URGENT] = "Alerts came faster than they were read and some were dropped; what was to be blocked "
				"was blocked. Look for a process that hammers a forbidden file.",
	[SL_LOSS_LABEL] = "There was no room to label a process: it runs outside its session and its rules do not "
			  "apply to it. Free kernel memory, then restart the tool.",
	[SL_LOSS_SCRATCH] = "No working memory was free on a processor and an event was not reported; its verdict was "
			    "taken all the same.",
	[SL_LOSS_PATH] = "A path could not be followed to its root (a detached mount, or too deep), or there was no room for "
			 "one more combination of classes: the rule for unresolved paths was used.",
	[SL_LOSS_ARGV] = "The arguments of a new program could not be read: a tool that is recognised by its script "
			 "may have been missed.",
	[SL_LOSS_DNS_LONG] = "A DNS answer was too long or came over TCP in pieces and was not read: connections to its addresses "
			     "may show no name.",
	[SL_LOSS_SOCK] = "There was no room to remember where a socket had sent: it was told again.",
	[SL_LOSS_FD] = "A descriptor was closed before it could be looked at: an open on this kernel's weakest tier "
		       "went unseen.",
	[SL_LOSS_REFUSAL] = "A process was to be killed for what it opened, and the signal could not be sent: it may have read "
			    "the file.",
	[SL_LOSS_SKIPPED] = "The kernel did not run a program because a preempted run of it was under way on the same "
			    "processor, twice at once: what happened there went unseen. At most this many events.",
	[SL_LOSS_MEMORY] = "There was no room to remember what a session has read: `after` rules may not hold for it.",
	[SL_LOSS_ALIAS] = "There was no room to remember a secret that was linked or renamed: under its new name it may be "
			  "opened unseen. In enforce mode sessions were refused to do that.",
	[SL_LOSS_NET_NAME] = "An address had more names than the kernel keeps, and one that was still valid was forgotten: a rule by "
			     "that name no longer applies to the address until it is looked up again.",
	[SL_LOSS_FLOW] = "There was no room to follow a connection: what it sent is not counted, and its server's name was not read or "
			 "judged; where a rule blocks connections it sends nothing until there is room. Look for a session that holds very many sockets.",
	[SL_LOSS_NESTED] = "A tool was started inside more tools than are told apart, and counts as a program of the session around it: that "
			   "session's rules hold for it, its own do not.",
	[SL_LOSS_DECODE] = "A record was malformed and was skipped. The agent and its programs may be of different "
			   "versions, or the recording is damaged.",
	[SL_LOSS_PROC_EVICTED] = "The process table was full: later events of the dropped processes show less of where "
				 "they came from.",
	[SL_LOSS_NAME_EVICTED] = "The table of names was full: connections to the dropped addresses may show no name.",
	[SL_LOSS_SESSION_EVICTED] = "The session table was full: the dropped session's counts start again.",
	[SL_LOSS_DNS_PARSE] = "A DNS answer was malformed and nothing was learnt from it.",
	[SL_LOSS_OUTPUT] = "An output did not take an event: look at the disk or the reader behind it.",
	[SL_LOSS_PROCFS] = "A process ended while it was read from /proc; this is usual on a busy host.",
	[SL_LOSS_DEDUPE] = "Too many different events within a second to fold repeats: some repeats were shown one by "
			   "one. No event is missing.",
	[SL_LOSS_UNREAD] = "Events from before a policy came into force were not read in time and can no longer be "
			   "understood; what was to be blocked was blocked.",
	[SL_LOSS_SCAN] = "There are more folders than are looked into at the start (FILESCAN_*_MAX): a secret in those may have another "
			 "hard link, under which it is a secret only once it was opened by its own name.",
	[SL_LOSS_LEFT_OUT] = "A process, an open file or a name service gave no answer in time, and was left out: an event lacks arguments, "
			     "ancestors or a user's name, or a file that was open already is not reported.",
	[SL_LOSS_CUT] = "A connection was cut, so that nothing more is sent on it, and was not reset: its process has very many "
			"descriptors or blocks its own socket. It waits until it gives up by itself.",
};
ASSERT_COVERS(loss_help, _SL_LOSS_MAX);

static const char *const evidence_names[] = {
	[SL_EVID_NONE] = "none",           [SL_EVID_EXE] = "exe",       [SL_EVID_ARGV] = "argv",
	[SL_EVID_INHERITED] = "inherited", [SL_EVID_PROCFS] = "procfs",    [SL_EVID_UNIT] = "unit",
};
ASSERT_COVERS(evidence_names, _SL_EVID_MAX);

static const char *const by_names[] = {
	[SL_BY_NONE] = "none",         [SL_BY_LSM] = "lsm",       [SL_BY_FMOD_RET] = "fmod_ret",
	[SL_BY_SYS_EXIT] = "sys_exit", [SL_BY_CGROUP] = "cgroup",    [SL_BY_EXEC] = "exec",
};
ASSERT_COVERS(by_names, _SL_BY_MAX);

static const char *const taken_names[] = {
	[SL_TAKEN_NONE] = "none",
	[SL_TAKEN_DENIED] = "denied",
	[SL_TAKEN_KILLED] = "killed",
	[SL_TAKEN_CUT] = "cut",
};
ASSERT_COVERS(taken_names, SL_TAKEN_CUT + 1);

static const char *const action_names[] = {
	[SL_ACTION_ALLOW] = "allow",
	[SL_ACTION_LOG] = "log",
	[SL_ACTION_ALERT] = "alert",
	[SL_ACTION_BLOCK] = "block",
};
ASSERT_COVERS(action_names, SL_ACTION_BLOCK + 1);

static const char *const came_names[] = {
	[SL_CAME_OPENED] = "opened", [SL_CAME_RECEIVED] = "received", [SL_CAME_HELD] = "held",
	[SL_CAME_EXECUTED] = "executed",
};

static const char *const reader_names[] = {
	[SL_READER_OTHER] = "other",     [SL_READER_SELF] = "self",
	[SL_READER_STARTUP] = "startup", [SL_READER_GENERIC] = "generic",
	[SL_READER_INTERPRETER] = "interpreter", [SL_READER_PURPOSE] = "purpose",
	[SL_READER_IMPROVISED] = "improvised", [SL_READER_LOOKING] = "looking",
	[SL_READER_SWEEP] = "sweep",
};
ASSERT_COVERS(reader_names, SL_READERS);

static const char *const inspect_names[] = {
	[SL_PEER_MEMORY] = "memory",
	[SL_PEER_ENVIRON] = "environ",
	[SL_PEER_TRACE] = "trace",
	[SL_PEER_DESCRIPTORS] = "descriptors",
};
ASSERT_COVERS(inspect_names, SL_PEER_INSPECTS);

static const char *const how_names[] = {
	[SL_HOW_PROC_ENVIRON] = "proc-environ",   [SL_HOW_PROC_MEM] = "proc-mem",
	[SL_HOW_READV] = "process_vm_readv",      [SL_HOW_WRITEV] = "process_vm_writev",
	[SL_HOW_PTRACE] = "ptrace",               [SL_HOW_GETFD] = "pidfd_getfd",
	[SL_HOW_OTHER] = "other",
};
ASSERT_COVERS(how_names, SL_HOW_OTHER + 1);
static const char *const guard_names[] = {
	[SL_GUARD_SIGNAL] = "signal", [SL_GUARD_TRACE] = "trace", [SL_GUARD_LIMIT] = "limit", [SL_GUARD_PROC] = "proc",
	[SL_GUARD_CGROUP] = "cgroup", [SL_GUARD_BPF] = "bpf",     [SL_GUARD_MOUNT] = "mount", [SL_GUARD_FILE] = "file",
};
ASSERT_COVERS(guard_names, _SL_GUARD_MAX);

static const char *name_of(const char *const *names, size_t cnt, size_t at)
{
	return at < cnt && names[at] ? names[at] : "?";
}

const char *event_loss_name(unsigned int reason)
{
	return name_of(loss_names, ARRAY_SIZE(loss_names), reason);
}

const char *event_loss_help(unsigned int reason)
{
	return name_of(loss_help, ARRAY_SIZE(loss_help), reason);
}

const char *event_evidence_name(unsigned int evid)
{
	return name_of(evidence_names, ARRAY_SIZE(evidence_names), evid);
}

const char *event_by_name(unsigned int by)
{
	return name_of(by_names, ARRAY_SIZE(by_names), by);
}

const char *event_taken_name(unsigned int taken)
{
	return name_of(taken_names, ARRAY_SIZE(taken_names), taken);
}

const char *event_action_name(unsigned int action)
{
	return name_of(action_names, ARRAY_SIZE(action_names), action);
}

const char *event_guard_name(unsigned int what)
{
	return name_of(guard_names, ARRAY_SIZE(guard_names), what);
}

const char *event_reader_name(unsigned int reader)
{
	return name_of(reader_names, ARRAY_SIZE(reader_names), reader);
}

const char *event_came_name(unsigned int came)
{
	return name_of(came_names, ARRAY_SIZE(came_names), came);
}

const char *event_inspect_name(unsigned int object)
{
	return name_of(inspect_names, ARRAY_SIZE(inspect_names), object);
}

const char *event_how_name(unsigned int how)
{
	return name_of(how_names, ARRAY_SIZE(how_names), how);
}
