/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Requests over the control socket, and answers: any bytes. What is taken keeps within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request q;
	struct control_answer a;
	struct errmsg e = { 0 };

	if (control_parse((const char *)data, size, &q, &e) == 0) {
		if (q.verb < CONTROL_STATUS || q.verb > CONTROL_SUBSCRIBE || q.seconds > CONTROL_SECONDS_MAX)
			abort();
		if (!memchr(q.path, '\0', sizeof(q.path)) || !memchr(q.tool, '\0', sizeof(q.tool)))
			abort();
		if (q.verb == CONTROL_ALLOW && q.path[0] != '/')
			abort();
	} else if (!e.text[0]) {
		abort();
	}
	if (control_parse_answer((const char *)data, size, &a) == 0 && !memchr(a.error, '\0', sizeof(a.error)))
		abort();
	return 0;
}
