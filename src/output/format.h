/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Inside output/: facts that more than one output writes the same way. */
#ifndef SLUICE_OUTPUT_FORMAT_H
#define SLUICE_OUTPUT_FORMAT_H

#include <stdint.h>

#include "base/strbuf.h"

/* "2026-11-23T16:05:11.123456789Z" */
void format_time(struct strbuf *b, uint64_t wall_ns);

/* A process or session, the same on every line about it: "<hex start time>-<pid>". */
void format_id(struct strbuf *b, uint64_t start_ns, uint32_t pid);

/* "192.0.2.1", "2001:db8::1" */
void format_addr(struct strbuf *b, uint8_t family, const uint8_t addr[16]);

/* "812 B", "4.1 kB", "20.0 MB". */
void format_bytes(struct strbuf *b, uint64_t n);

/* "tcp", "udp", ... or the number. */
void format_proto(struct strbuf *b, unsigned int proto);

#endif /* SLUICE_OUTPUT_FORMAT_H */
