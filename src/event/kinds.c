/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/* Owns: one row a record kind. Decodes nothing itself. */
#include "event/kinds.h"

#include "base/cleanup.h"

/* Names are in logs and in the manual: a name once given stays. */
static const struct event_kind kinds[] = {
	[SL_REC_EXEC] = { "exec", sizeof(struct sl_rec_exec), true, decode_exec },
	[SL_REC_FORK] = { "fork", sizeof(struct sl_rec_fork), true, decode_fork },
	[SL_REC_EXIT] = { "exit", sizeof(struct sl_rec_exit), true, decode_exit },
	[SL_REC_FILE] = { "file", sizeof(struct sl_rec_file), true, decode_file },
	[SL_REC_NET] = { "net", sizeof(struct sl_rec_net), true, decode_net },
	[SL_REC_DNS] = { "dns", sizeof(struct sl_rec_dns), false, decode_dns },
	[SL_REC_LOSS] = { "loss", sizeof(struct sl_rec_loss), false, decode_loss },
	[SL_REC_CLOCK] = { "clock", sizeof(struct sl_rec_clock), false, decode_clock },
	[SL_REC_USER] = { "user", sizeof(struct sl_rec_user), false, decode_user },
	[SL_REC_AGENT] = { "agent", sizeof(struct sl_rec_agent), false, decode_agent },
	[SL_REC_VERDICT] = { "verdict", sizeof(struct sl_rec_verdict), true, decode_verdict },
	[SL_REC_INSPECT] = { "inspect", sizeof(struct sl_rec_inspect), true, decode_inspect },
	[SL_REC_BROKER] = { "broker", sizeof(struct sl_rec_broker), true, decode_broker },
	[SL_REC_GUARD] = { "guard", sizeof(struct sl_rec_guard), true, decode_guard },
	[SL_REC_SENT] = { "sent", sizeof(struct sl_rec_sent), true, decode_sent },
	[SL_REC_HELLO] = { "hello", sizeof(struct sl_rec_hello), true, decode_hello },
	[SL_REC_FLOW] = { "flow", sizeof(struct sl_rec_flow), true, decode_flow },
};
_Static_assert(ARRAY_SIZE(kinds) == _SL_REC_MAX, "a record kind lacks its row");

const struct event_kind *event_kind(unsigned int kind)
{
	return kind < ARRAY_SIZE(kinds) && kinds[kind].decode ? &kinds[kind] : NULL;
}

const char *event_kind_name(enum sl_kind kind)
{
	const struct event_kind *k = event_kind(kind);

	return k ? k->name : "?";
}
