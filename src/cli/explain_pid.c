/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: what a running process is to the policy (`sluice explain --pid`): from /proc, by the rule that the agent's start follows. */
#include "cli/explain_pid.h"

#include <errno.h>
#include <string.h>

#include "base/account.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/cli.h"
#include "event/event.h"
#include "kernel/kernel.h"
#include "process/procscan.h"

/* Ancestors that are shown; of more it is said how many. */
#define LINE_MAX_PROCESSES 16

static void print_bytes(const char *s, size_t len)
{
	cleanup_(strbuf_done) struct strbuf b = STRBUF_INIT;

	escape_text(&b, s, len);
	fputs(strbuf_str(&b), stdout);
}

static const char *exe_of(const struct procscan_entry *p)
{
	return (const char *)(p->rec + 1);
}

/* "700 claude": the file's name, as elsewhere. */
static void print_short(const struct procscan_entry *p)
{
	const char *exe = exe_of(p), *slash = memrchr(exe, '/', p->rec->exe_len);
	size_t at = slash ? (size_t)(slash + 1 - exe) : 0;

	printf("%u ", p->rec->who.tgid);
	if (p->rec->exe_len)
		print_bytes(exe + at, p->rec->exe_len - at);
	else
		print_bytes((const char *)p->rec->who.comm, strnlen((const char *)p->rec->who.comm, SL_COMM_LEN));
}

/* From the oldest that is known, or that fits, down to the process. */
static void print_line(const struct procscan *s, const struct procscan_entry *p, const struct compiled *c)
{
	const struct procscan_entry *line[LINE_MAX_PROCESSES];
	size_t cnt = 0, above = 0;

	/* A scan is no instant: a pid that was reused could close a circle. */
	for (const struct procscan_entry *at = p; at && cnt + above <= s->cnt; at = procscan_find(s, at->rec->who.ppid)) {
		if (cnt < LINE_MAX_PROCESSES)
			line[cnt++] = at;
		else
			above++;
	}
	fputs("line      ", stdout);
	if (above)
		printf("%zu above > ", above);
	while (cnt-- > 0) {
		const struct procscan_entry *at = line[cnt];

		print_short(at);
		if (at->label.tool && at->label.session_pid == at->rec->who.tgid)
			printf(" (%s)", compiled_tool(c, at->label.tool)->name);
		if (cnt)
			fputs(" > ", stdout);
	}
	putchar('\n');
}

static void print_process(const struct procscan *s, const struct procscan_entry *p, const struct compiled *c)
{
	struct account account;
	bool known = account_by_uid(p->rec->who.uid, &account);

	printf("process   %u ", p->rec->who.tgid);
	if (p->rec->exe_len)
		print_bytes(exe_of(p), p->rec->exe_len);
	else
		fputs("(its executable is not shown to you: ask as root)", stdout);
	printf(", user %u%s%s\n", p->rec->who.uid, known ? " " : "", known ? account.name : "");
	print_line(s, p, c);
	if (!p->label.tool)
		puts("session   none: outside every session");
	else
		printf("session   %s, begun by %u, %s\n", compiled_tool(c, p->label.tool)->name, p->label.session_pid,
		       p->label.evidence == SL_EVID_PROCFS ? "recognised by its executable or arguments" : "inherited");
	if (p->label.parent_session_pid)
		printf("          within a session of %s, begun by %u\n", compiled_tool(c, p->label.parent_tool)->name,
		       p->label.parent_session_pid);
	for (size_t i = 0; i < SL_OUTER_MAX && p->label.asked.outer[i]; i++)
		printf("          the rules for %s hold as well: the stricter answer counts\n",
		       compiled_tool(c, p->label.asked.outer[i])->name);
	if (p->label.asked.unproved)
		puts("          its executable is not root's alone, so that no rule becomes milder by its name");
}

int explain_process(const struct loaded *l, uint32_t pid, struct explain_process *ret)
{
	struct procscan s = { 0 };
	const struct procscan_entry *p;
	int err = procscan_all("/proc", kernel_now_ns(), &s);

	err = err ? err : procscan_label(&s, l->compiled);
	if (err < 0) {
		log_err("cannot read /proc: %s", strerror(-err));
		procscan_done(&s);
		return CLI_UNAVAILABLE;
	}
	p = procscan_find(&s, pid);
	if (p) {
		print_process(&s, p, l->compiled);
		*ret = (struct explain_process){
			.tool = p->label.tool,
			.exe = procscan_recognise(p->rec, l->compiled),
			.uid = p->rec->who.uid,
			.asked = p->label.asked,
		};
	}
	procscan_done(&s);
	if (p)
		return 0;
	log_err("there is no process %u, or it is the kernel's own", pid);
	return CLI_NO;
}
