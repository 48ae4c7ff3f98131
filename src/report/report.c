/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the published names of report kinds, the identity of an event, and what every kind can be asked. Reports are made in correlate/build.c. */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *name, *help;
} kinds[] = {
	[REPORT_INVALID] = { "?", "" },
	[REPORT_FILE_OPEN] = { "file.open", "A file that rules are about was opened, or an open was refused." },
	[REPORT_NET_CONNECT] = { "net.connect", "A connection was asked for, or refused." },
	[REPORT_PROC_EXEC] = { "proc.exec", "A process of a session became another program." },
	[REPORT_PROC_EXIT] = { "proc.exit", "A process of a session ended." },
	[REPORT_SESSION_START] = { "session.start", "An AI tool began to run." },
	[REPORT_SESSION_END] = { "session.end", "Its last process ended." },
	[REPORT_LOSS] = { "loss", "Something was not seen or not reported, and how often." },
	[REPORT_AGENT_START] = { "agent.start", "The agent began." },
	[REPORT_AGENT_STOP] = { "agent.stop", "The agent ended." },
	[REPORT_POLICY_LOAD] = { "policy.load", "A policy came into force." },
	[REPORT_POLICY_BAD] = { "policy.refused", "A reload changed nothing; the text says why." },
	[REPORT_MODE] = { "mode.change", "What rules block is refused from now on, or no more." },
	[REPORT_EXCEPTION] = { "policy.exception", "An exception by `sluice allow` was made, or is over." },
	[REPORT_HOOKS] = { "agent.hooks", "The kernel stopped calling some hooks, or calls them again." },
	[REPORT_PTRACE] = { "ptrace", "A session reached for the memory, environment or descriptors of another process." },
	[REPORT_BROKER_CONNECT] = { "broker.connect", "A session reached a daemon that acts for its clients." },
	[REPORT_LINEAGE_LOST] = { "lineage.lost", "What that daemon starts from here on is no descendant of the session." },
	[REPORT_LINEAGE_KEPT] = { "lineage.kept", "systemd started a unit that the session had asked for; it belongs to the session." },
	[REPORT_GUARD] = { "guard", "A session tried to change or end sluice itself, and was refused." },
	[REPORT_INCIDENT] = { "incident", "A secret was read, and something was sent after it." },
	[REPORT_NET_HELLO] = { "net.hello", "A connection named its server, or is QUIC." },
	[REPORT_NET_FLOW] = { "net.flow", "A connection ended." },
};
_Static_assert(ARRAY_SIZE(kinds) == _REPORT_KIND_MAX, "a report kind lacks a name");

const char *report_kind_name(enum report_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].name : "?";
}

const char *report_kind_help(enum report_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].help : "";
}

static struct report_text path_of(const struct report *r)
{
	switch (r->kind) {
	case REPORT_FILE_OPEN:
		return r->file.path;
	case REPORT_PTRACE:
		return r->inspect.target.exe;
	case REPORT_BROKER_CONNECT:
	case REPORT_LINEAGE_LOST:
		return r->broker.path;
	case REPORT_GUARD:
		return r->guard.path;
	case REPORT_INCIDENT:
		return (struct report_text){ r->incident.reads[0].path, strlen(r->incident.reads[0].path) };
	default:
		return (struct report_text){ "", 0 };
	}
}

const char *report_path(const struct report *r, size_t *ret_len)
{
	struct report_text path = path_of(r);

	*ret_len = path.len;
	return path.s;
}

const char *report_dest(const struct report *r)
{
	switch (r->kind) {
	case REPORT_NET_CONNECT:
	case REPORT_NET_HELLO:
	case REPORT_NET_FLOW:
		return r->net.host;
	case REPORT_INCIDENT:
		return r->incident.flows_cnt ? r->incident.flows[0].host : "";
	default:
		return "";
	}
}

bool report_session_id(const struct report *r, char ret[REPORT_ID_SIZE])
{
	ret[0] = '\0';
	if (r->tool.known)
		snprintf(ret, REPORT_ID_SIZE, "%llx-%u", (unsigned long long)r->tool.session.ns, r->tool.session.pid);
	return r->tool.known;
}

uint32_t report_user(const struct report *r)
{
	return r->has_process ? r->process.uid : UINT32_MAX;
}

/* A boot id without its dashes; of anything longer the beginning. */
size_t report_uid_begin(char ret[REPORT_UID_SIZE], const char *host_id, const char *boot_id, uint64_t start_ns, const char *variant)
{
	size_t at = (size_t)snprintf(ret, REPORT_UID_SIZE, "%.32s-", host_id);

	for (size_t end = at + 32; *boot_id && at < end; boot_id++)
		if (*boot_id != '-')
			ret[at++] = *boot_id;
	return at + (size_t)snprintf(ret + at, REPORT_UID_SIZE - at, "-%llx%s%.8s-", (unsigned long long)start_ns,
				     variant ? "." : "", variant ? variant : "");
}

void report_uid_end(char uid[REPORT_UID_SIZE], size_t begin_len, uint64_t seq)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + seq % 10);
		seq /= 10;
	} while (seq);
	memcpy(uid + begin_len, digits + n, sizeof(digits) - n);
	uid[begin_len + sizeof(digits) - n] = '\0';
}
