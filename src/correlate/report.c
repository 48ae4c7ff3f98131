/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the published names of report kinds, the identity of an event, and what every kind can be asked. Reports are made in pipeline.c. */
#include "correlate/report.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[REPORT_INVALID] = "?",
	[REPORT_FILE_OPEN] = "file.open",
	[REPORT_NET_CONNECT] = "net.connect",
	[REPORT_PROC_EXEC] = "proc.exec",
	[REPORT_PROC_EXIT] = "proc.exit",
	[REPORT_SESSION_START] = "session.start",
	[REPORT_SESSION_END] = "session.end",
	[REPORT_LOSS] = "loss",
	[REPORT_AGENT_START] = "agent.start",
	[REPORT_AGENT_STOP] = "agent.stop",
	[REPORT_POLICY_LOAD] = "policy.load",
	[REPORT_POLICY_BAD] = "policy.refused",
	[REPORT_MODE] = "mode.change",
	[REPORT_EXCEPTION] = "policy.exception",
	[REPORT_HOOKS] = "agent.hooks",
	[REPORT_PTRACE] = "ptrace",
	[REPORT_BROKER_CONNECT] = "broker.connect",
	[REPORT_LINEAGE_LOST] = "lineage.lost",
	[REPORT_LINEAGE_KEPT] = "lineage.kept",
	[REPORT_GUARD] = "guard",
	[REPORT_INCIDENT] = "incident",
	[REPORT_NET_HELLO] = "net.hello",
	[REPORT_NET_FLOW] = "net.flow",
};
_Static_assert(ARRAY_SIZE(kind_names) == _REPORT_KIND_MAX, "a report kind lacks a name");

const char *report_kind_name(enum report_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "?";
}

const char *report_uid(const struct report *r)
{
	return r->uid ? r->uid : "";
}

uint64_t report_time_ns(const struct report *r)
{
	return r->wall_ns;
}

const char *report_host_name(const struct report *r)
{
	return r->source ? r->source->host : "";
}

const char *report_severity(const struct report *r)
{
	if (r->kind == REPORT_GUARD)
		return "critical";
	if (r->kind == REPORT_INCIDENT)
		return r->incident->severity;
	return r->rule ? r->rule->severity : "";
}

const char *report_tool(const struct report *r)
{
	return r->tool ? r->tool->name : "";
}

const char *report_rule(const struct report *r)
{
	return r->rule ? r->rule->id : "";
}

const char *report_verdict(const struct report *r)
{
	return r->rule || r->kind == REPORT_GUARD ? event_action_name(r->action) : "";
}

const char *report_taken(const struct report *r)
{
	return r->taken != SL_TAKEN_NONE ? event_taken_name(r->taken) : "";
}

const char *report_path(const struct report *r, size_t *ret_len)
{
	const char *read = r->kind == REPORT_INCIDENT && r->incident->reads_cnt ? r->incident->reads[0].path : NULL;

	*ret_len = read ? strlen(read) : r->path ? r->path_len : 0;
	return read ? read : r->path ? r->path : "";
}

const char *report_dest(const struct report *r)
{
	const char *host = r->kind == REPORT_INCIDENT && r->incident->flows_cnt ? r->incident->flows[0].host : NULL;

	if (host)
		return host;
	return r->sni && r->sni[0] ? r->sni : r->names_cnt ? r->names[0].name : r->asked ? r->asked : "";
}

bool report_session_id(const struct report *r, char ret[REPORT_ID_SIZE])
{
	uint64_t ns = r->session ? r->session->ns : r->process ? r->process->session_ns : 0;
	uint32_t pid = r->session ? r->session->pid : r->process ? r->process->session_pid : 0;

	snprintf(ret, REPORT_ID_SIZE, "%llx-%u", (unsigned long long)ns, pid);
	return ns != 0;
}

uint32_t report_user(const struct report *r)
{
	return r->process ? r->process->uid : UINT32_MAX;
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
