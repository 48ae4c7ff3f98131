/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright (c) 2026 The sluice authors */
/*
 * The policy judged directly, rule by rule, as policies/README.md says it: the meaning that the tables of compile.h
 * must have. Shares nothing with the compiler but the model. For tests, and for `explain` to check itself.
 */
#ifndef SLUICE_POLICY_EVAL_H
#define SLUICE_POLICY_EVAL_H

#include "policy/compile.h"

/* Which tool an image is. exe_set of the result is 0: the evaluator has no such numbers. */
struct compiled_exec eval_exec(const struct policy *p, const struct policy_host *h, const char *exe,
			       const char *const *argv, size_t argc);

/* Verdict for a file. exe, argv: of the process that opens it (argv NULL: not known, no reader that asks for it holds); path NULL: it could not be resolved. mode: SL_MODE_*. */
struct sl_decision eval_file(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
			     const char *const *argv, size_t argc, unsigned int mode, uint32_t uid, const char *path);

/* Provider of a destination, and the verdict for a connection. read: classes that the session has read, lately enough for any
 * `after:`; d->state is not looked at. */
const struct policy_provider *eval_provider(const struct policy *p, const struct compiled_dest *d);
struct sl_decision eval_connect(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
				uint32_t uid, const struct compiled_dest *d, const struct policy_strings *read);

/* What a broker is met by: a socket at a path, one of an abstract name (without its NUL), a file that is opened for writing. */
enum eval_at { EVAL_SOCKET, EVAL_ABSTRACT, EVAL_SPOOL };

/* Verdicts for inspecting a process outside the session (what: SL_PEER_*), and for meeting a broker. */
struct sl_decision eval_inspect(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
				const char *const *argv, size_t argc, uint32_t uid, unsigned int what);
struct sl_decision eval_broker(const struct policy *p, const struct policy_host *h, unsigned int tool, const char *exe,
			       uint32_t uid, const char *path, enum eval_at at);

#endif /* SLUICE_POLICY_EVAL_H */
