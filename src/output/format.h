/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Inside output/: facts that more than one output writes the same way. */
#ifndef SLUICE_OUTPUT_FORMAT_H
#define SLUICE_OUTPUT_FORMAT_H

#include "base/strbuf.h"
#include "correlate/report.h"

/* "2026-11-23T16:05:11.123456789Z" */
void format_time(struct strbuf *b, uint64_t wall_ns);

/* A process or session, the same on every line about it: "<hex start time>-<pid>". */
void format_id(struct strbuf *b, uint64_t start_ns, uint32_t pid);

/* Where a connection goes: its server's name, a name from DNS, or what its proxy was asked for; "" not known. */
const char *format_host(const struct report *r);

/* "192.0.2.1", "2001:db8::1" */
void format_addr(struct strbuf *b, uint8_t family, const uint8_t addr[16]);

/* "tcp", "udp", ... or the number. */
/* How a flow ended, by its SL_FLOW_* flags: "cut", "idle", "left", "closed". */
const char *format_flow_end(unsigned int flags);

/* "812 B", "4.1 kB", "20.0 MB". */
void format_bytes(struct strbuf *b, uint64_t n);

void format_proto(struct strbuf *b, unsigned int proto);

/* "r", "w", "rw", "x", ... or "path" for a descriptor without access to the contents. */
const char *format_access(unsigned int access);

/* The kernel's name of a terminal as people know it: "pts3" -> "pts/3". */
#define FORMAT_TTY_SIZE (SL_TTY_LEN + 2)
const char *format_tty(const char *tty, char ret[FORMAT_TTY_SIZE]);

/* How the tool of a session was recognised, and how far that is known. */
const char *format_tool_evidence(const struct report *r, const char **ret_confidence);

/* The process is the first of its session: the tool itself. */
bool format_is_tool(const struct process *p);

#endif /* SLUICE_OUTPUT_FORMAT_H */
