/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: the published names of report kinds. Reports are made in pipeline.c. */
#include "correlate/report.h"

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
